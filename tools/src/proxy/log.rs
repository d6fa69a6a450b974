//! The log: one line for each command and each transfer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use jiff::Timestamp;
use signal_hook::consts::SIGHUP;
use signal_hook::low_level::pipe;

use crate::printable;

/// Where lines go to.
pub struct Log {
    out: Mutex<Out>,
    file: Option<PathBuf>,
}

enum Out {
    File(File),
    Errors,
}

impl Log {
    /// On standard error, or at the end of that file.
    pub fn open(file: Option<PathBuf>) -> Result<Self> {
        let out = file.as_deref().map_or(Ok(Out::Errors), |file| append(file).map(Out::File))?;
        Ok(Self { out: Mutex::new(out), file })
    }

    /// From here on SIGHUP has the file opened anew by its name, for a program that has renamed it. If that fails, lines go to the old one as before.
    /// On standard error, the signal does what it would have done.
    pub fn reopen_on_signal(self: &Arc<Self>) -> io::Result<()> {
        let Some(file) = self.file.clone() else { return Ok(()) };
        let (mut calls, bell) = io::pipe()?;
        pipe::register(SIGHUP, bell)?;
        let log = self.clone();
        // It ends with the program.
        thread::Builder::new().spawn(move || {
            while calls.read(&mut [0; 64]).is_ok_and(|count| count > 0) {
                match append(&file) {
                    Ok(file) => *log.out.lock().unwrap_or_else(PoisonError::into_inner) = Out::File(file),
                    Err(error) => eprintln!("{error:#}"),
                }
            }
        })?;
        Ok(())
    }

    /// Writes one, whatever is in it, behind the time in UTC. That it can't be written ends no session.
    pub fn line(&self, line: &str) {
        let line = format!("{:.3} {}\n", Timestamp::now(), printable(line.as_bytes()));
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = match &mut *out {
            Out::File(file) => file.write_all(line.as_bytes()),
            Out::Errors => io::stderr().write_all(line.as_bytes()),
        };
    }
}

fn append(file: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.with_context(|| format!("--log: {} can't be opened", file.display()))
}
