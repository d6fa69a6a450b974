//! What FTP programs write down, read for a diagnosis. Text goes in, values come out: no file, no socket, no clock.
//!
//! | module | what it is for |
//! |---|---|
//! | [`read`] | logs that people paste: finds the dialogue in them, and what it is evidence of |
//! | [`config`] | servers' configuration files: what will fail from outside, and what is unsafe |
//!
//! `ftp-doctor` is the program over it. It is a package of its own so that the fuzz targets, which may read any bytes as a log, build
//! nothing of TLS or command lines.
//!
//! ```
//! let log = b"Command: PASV\nResponse: 227 Entering Passive Mode (192,168,1,5,200,10).\nCommand: LIST\nError: Connection timed out\n";
//! let log = ftp_proto_doctor::read::Log::read(log);
//! assert_eq!(log.program().to_string(), "FileZilla");
//! let evidence = log.dialogues()[0].evidence();
//! assert_eq!(evidence.attempts.len(), 1);
//! ```

#![forbid(unsafe_code)]

pub mod config;
pub mod read;
