//! `ftp-doctor` as a process: against the real `ftp-server`, against scripted servers, over logs and configuration files.
#![cfg(target_os = "linux")]

#[allow(dead_code)]
#[path = "../programs/certificate.rs"]
mod certificate;
mod files;
mod live;
#[allow(dead_code)]
#[path = "../programs/processes.rs"]
mod processes;
mod run;
mod scripted;
