//! Reads logs and configuration files of FTP programs for a diagnosis. Text goes in, values come out, without sockets and clocks.
//!
//! | module | what it is for |
//! |---|---|
//! | [`read`] | logs: finds the dialogue in what people paste, and makes evidence of it |
//! | [`config`] | servers' configuration files: what will fail from outside, and what is unsafe |
//!
//! The program `ftp-doctor` uses it. It is a package of its own so that fuzz targets don't have to build TLS and option parsing.
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
