//! What somebody who runs a server has chosen: on the command line ([`options`]), or in a [`file`](mod@file) of vsftpd's keys.

pub mod file;
pub mod options;
