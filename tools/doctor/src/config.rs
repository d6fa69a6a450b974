//! Configuration files of servers: finds what will fail from outside, and what is unsafe, each with its line.
//!
//! Each server's file is read into the same [`Settings`], to which one set of rules applies. Faults that only one server can have are in its
//! reader.
//!
//! ```
//! use ftp_proto_doctor::config::{Fault, Reading};
//! let reading = Reading::of("pasv_min_port=50100\npasv_max_port=50000\n", None);
//! assert_eq!(reading.server().name(), "vsftpd");
//! let concern = &reading.concerns()[0];
//! assert_eq!((concern.line, &concern.fault), (Some(2), &Fault::RangeSwapped { first: 50100, last: 50000 }));
//! ```

mod equals;
mod fault;
mod included;
mod proftpd;
mod rules;
mod settings;

use std::path::Path;
use std::{fs, io};

use ftp_proto::Software;

pub use fault::{Concern, Fault, Gravity};
use included::Included;
pub use settings::{At, Place, Settings};

/// A configuration file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    server: Software,
    concerns: Vec<Concern>,
    included: Vec<String>,
}

impl Reading {
    /// Reads a file of this server; `None`: of the one whose syntax it has, vsftpd, ProFTPD or `ftp-server`. Files that it includes aren't
    /// read, which is a concern of its own.
    pub fn of(text: &str, server: Option<Software>) -> Self {
        Self::with(text, server, Included::unread())
    }

    /// Reads a file with the files that it includes.
    ///
    /// # Errors
    ///
    /// The file can't be read. An included file that can't be read is a concern instead.
    pub fn of_file(file: &Path, server: Option<Software>) -> io::Result<Self> {
        let text = fs::read(file)?;
        Ok(Self::with(&String::from_utf8_lossy(&text), server, Included::beside(file)))
    }

    fn with(text: &str, server: Option<Software>, mut included: Included) -> Self {
        let server = server.unwrap_or_else(|| recognised(text));
        let mut concerns = Vec::new();
        match server {
            Software::ProFtpd => proftpd::read(text, &mut included, &mut concerns),
            _ => equals::read(text, server, &mut concerns),
        }
        // Of one gravity file by file, and then by line.
        concerns.sort_by_key(|concern| (concern.gravity(), concern.file.clone(), concern.line.unwrap_or(usize::MAX)));
        concerns.dedup();
        Self { server, concerns, included: included.into_files() }
    }

    /// The included files that were read.
    pub fn included(&self) -> &[String] {
        &self.included
    }

    /// The server that the file is for.
    pub fn server(&self) -> Software {
        self.server
    }

    /// The faults, the gravest first, and then by line.
    pub fn concerns(&self) -> &[Concern] {
        &self.concerns
    }
}

/// Finds the server by the syntax: ProFTPD's has words and sections, the others' have `key=value`, and some keys are only `ftp-server`'s.
fn recognised(text: &str) -> Software {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut words, mut equals) = (0_u32, 0_u32);
    for line in lines {
        if line.starts_with("user=") && line.contains(':') || line.starts_with("in_place=") {
            return Software::FtpServer;
        }
        let key = line.split(['=', ' ', '\t']).next().unwrap_or_default();
        let lower = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if line.starts_with('<') || !line.contains('=') && line.contains([' ', '\t']) {
            words += 1;
        } else if lower && line.contains('=') {
            equals += 1;
        }
    }
    if words > equals { Software::ProFtpd } else { Software::Vsftpd }
}
