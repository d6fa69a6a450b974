//! Hashes of files (draft-bryan-ftpext-hash), a piece at a time: a file of a gigabyte takes seconds.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use sha2::digest::DynDigest;

/// The algorithms, as HASH names them (the registry of hash function textual names); the first is the default.
pub const ALGORITHMS: [&str; 5] = ["SHA-256", "SHA-512", "SHA-1", "MD5", "CRC32"];

/// How much is read at a step.
const STEP: usize = 4 * 1024 * 1024;

/// A file whose hash is being computed.
pub struct Hashing {
    file: File,
    /// How many bytes it has.
    pub size: u64,
    state: State,
    buffer: Vec<u8>,
}

enum State {
    Digest(Box<dyn DynDigest + Send>),
    Crc32(crc32fast::Hasher),
}

impl Hashing {
    /// From the file's position to its end; `None` for an algorithm that isn't known.
    pub fn new(file: File, size: u64, algorithm: &str) -> Option<Self> {
        let state = match algorithm {
            "SHA-256" => State::Digest(Box::new(sha2::Sha256::default())),
            "SHA-512" => State::Digest(Box::new(sha2::Sha512::default())),
            "SHA-1" => State::Digest(Box::new(sha1::Sha1::default())),
            "MD5" => State::Digest(Box::new(md5::Md5::default())),
            "CRC32" => State::Crc32(crc32fast::Hasher::new()),
            _ => return None,
        };
        Some(Self { file, size, state, buffer: Vec::new() })
    }

    /// Reads on, a few megabytes at most. The hash, once the file is at its end.
    pub fn step(&mut self) -> io::Result<Option<Box<[u8]>>> {
        self.buffer.resize(128 * 1024, 0);
        for _ in 0..STEP / self.buffer.len() {
            match self.file.read(&mut self.buffer) {
                Ok(0) => return Ok(Some(self.state.finish())),
                Ok(count) => self.state.update(&self.buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl State {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(digest) => digest.update(bytes),
            Self::Crc32(hasher) => hasher.update(bytes),
        }
    }

    fn finish(&mut self) -> Box<[u8]> {
        match self {
            Self::Digest(digest) => digest.finalize_reset(),
            Self::Crc32(hasher) => Box::new(std::mem::take(hasher).finalize().to_be_bytes()),
        }
    }
}
