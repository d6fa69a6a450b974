//! Why a command is refused, and what the client is told.

use std::io::{self, ErrorKind};

use ftp_proto::server::Refusal;
use ftp_proto::{Code, Reply, Text};

/// Why a command is refused.
pub struct Denied(pub Code, pub &'static str);

pub type Allowed<T> = Result<T, Denied>;

pub const READ_ONLY: Denied = Denied(Code::FILE_UNAVAILABLE, "Permission denied.");

/// Nothing more is known of it.
pub const FAILED: &str = "Failed.";

/// For a command that the machine never asks about in this question.
pub const UNEXPECTED: Denied = Denied(Code::LOCAL_ERROR, "Local error in processing.");

impl Denied {
    pub fn refusal(&self) -> Refusal<'static> {
        let text = Text::new(self.1).unwrap_or_default();
        Refusal::new(Reply::new(self.0, text.clone())).unwrap_or_else(|| Refusal::unavailable(text))
    }

    /// A file or directory can't have that name: 553.
    pub fn name(error: io::Error) -> Self {
        match Self::from(error) {
            Self(Code::FILE_UNAVAILABLE, text) => Self(Code::FILE_NAME_NOT_ALLOWED, text),
            denied => denied,
        }
    }
}

impl From<io::Error> for Denied {
    fn from(error: io::Error) -> Self {
        let text = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                return Self(Code::INSUFFICIENT_STORAGE, "Insufficient storage space.");
            }
            // Two have continued one file, or somebody has written to it meanwhile.
            ErrorKind::StaleNetworkFileHandle => "The file has changed meanwhile: send it again.",
            ErrorKind::UnexpectedEof => return Self(Code::INVALID_RESTART, "No such place in the file."),
            ErrorKind::InvalidFilename => "No such name is possible.",
            ErrorKind::ArgumentListTooLong => "That pattern is too much work.",
            ErrorKind::NotFound => "No such file or directory.",
            ErrorKind::AlreadyExists => "It exists already.",
            ErrorKind::DirectoryNotEmpty => "The directory isn't empty.",
            ErrorKind::NotADirectory => "Not a directory.",
            ErrorKind::IsADirectory => "Not a plain file.",
            // A path out of the tree is among these.
            ErrorKind::PermissionDenied => "Permission denied.",
            _ => FAILED,
        };
        Self(Code::FILE_UNAVAILABLE, text)
    }
}
