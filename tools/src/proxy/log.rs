//! The log: one line for each command and each transfer.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use jiff::Timestamp;

use crate::printable;

/// Where lines go to.
pub struct Log {
    out: Mutex<Box<dyn Write + Send>>,
}

impl Log {
    /// On standard error, or at the end of that file.
    pub fn open(file: Option<&Path>) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = match file {
            Some(file) => Box::new(OpenOptions::new().create(true).append(true).open(file)?),
            None => Box::new(io::stderr()),
        };
        Ok(Self { out: Mutex::new(out) })
    }

    /// Writes one, whatever is in it, behind the time in UTC. That it can't be written ends no session.
    pub fn line(&self, line: &str) {
        let line = format!("{:.3} {}\n", Timestamp::now(), printable(line.as_bytes()));
        if let Ok(mut out) = self.out.lock() {
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        }
    }
}
