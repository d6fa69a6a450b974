//! The settings of `ftp-server`: by options ([`options`]), or in a [`file`](mod@file) with vsftpd's keys.

pub mod file;
pub mod options;
