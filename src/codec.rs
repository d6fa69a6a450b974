//! What TYPE, STRU and MODE make of a file's bytes on a data connection (RFC 959 3.1, 3.4).
//!
//! An [`Encoder`] turns a file's bytes into those of the data connection, a [`Decoder`] turns them back, by the [`Form`] that is
//! in force. Both take a slice and fill a slice, allocate nothing (but MODE Z's window, once), and give the same bytes however
//! input and output are cut. Files and sockets are the caller's:
//!
//! ```
//! use ftp_proto::codec::{Encoder, End, LineEnd, Stop};
//! use ftp_proto::{Form, Mode, Structure, Type};
//!
//! let form = Form { representation: Type::Ascii(None), structure: Structure::File, mode: Mode::Stream };
//! let mut encoder = Encoder::new(form, LineEnd::Lf)?;
//! let (mut file, mut wire) = (&b"one\ntwo\n"[..], Vec::new());
//! let mut buffer = [0; 4];                                   // as small as you like
//! let end = loop {
//!     // `file` is the whole file. When reading a file in pieces, pass `false` until its end.
//!     let progress = encoder.encode(file, &mut buffer, true);
//!     file = &file[progress.read..];
//!     wire.extend_from_slice(&buffer[..progress.written]);   // here you write to the socket
//!     match progress.stop {
//!         Stop::NeedsRoom => {}
//!         Stop::Ended(end) => break end,
//!         _ => unreachable!("the file has ended"),
//!     }
//! };
//! assert_eq!(wire, b"one\r\ntwo\r\n");
//! assert_eq!(end, End::Closed);                              // closing the connection is what tells the end
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is supported
//!
//! | | |
//! |---|---|
//! | TYPE | A; I; L 8, which is the same as I. Not E, and no other L. The format of TYPE A changes nothing (RFC 1123 4.1.2.2) |
//! | STRU | F; R |
//! | MODE | S; B; Z with the feature `deflate`. Not C, which no known program uses, and for which RFC 959 leaves the end of an empty file open |
//!
//! [`Encoder::new`] and [`Decoder::new`] refuse anything else with [`Unsupported`].
//!
//! # Text
//!
//! On the data connection a line ends with CR LF (RFC 959 3.1.1.1). What it ends with in a file is a [`LineEnd`]. Everything else
//! passes as it is: bytes beyond 7 bits, NUL, 0xFF, and a CR that no LF follows, at the end of a piece or of the file too. Real
//! programs differ, as `testdata/ascii.tsv` of the repository shows; where they do:
//!
//! | | vsftpd, ProFTPD, pyftpdlib | curl, lftp, tnftp, inetutils-ftp | here |
//! |---|---|---|---|
//! | an LF of a file behind a CR | stays: the file has a line end of CR LF | becomes CR LF, behind the CR | as the clients with [`LineEnd::Lf`], as the servers with [`LineEnd::Either`] |
//! | a bare CR on the wire | stays (pure-ftpd drops it) | stays (curl makes it LF) | stays |
//! | a lone LF on the wire | stays | stays | stays |
//!
//! With `LineEnd::Lf` and `LineEnd::CrLf` every file comes back as it was.
//!
//! # Records
//!
//! With STRU R a text file's lines are its records, on either side (RFC 959 3.1.2). A last line without an end goes out without
//! an end-of-record mark, so that it comes back without one. A file of TYPE I is one record, unless [`Encoder::end_record`] says
//! otherwise; a decoder tells where a record ended with [`Stop::Record`], and writes nothing for it.
//!
//! # The end
//!
//! In MODE S with STRU F the end of the connection is the end of the file ([`End::Closed`]), and it can't be told whether it has
//! come whole. All other forms mark the end in the data ([`End::Marked`]); if the connection ends before the mark, that is
//! [`End::Truncated`]. What follows a mark isn't read: in MODE B the connection may stay open for another file.

mod decoder;
#[cfg(feature = "deflate")]
mod deflate;
mod encoder;
mod frame;
mod lines;
mod position;
mod room;

pub use decoder::Decoder;
pub use encoder::{Encoder, Refused};
pub use position::Position;

use crate::command::{Form, Mode, Structure, Type};
use core::fmt;
use core::num::NonZeroU8;

/// The longest restart marker that is written or read, in bytes. Those that are in use are offsets of a few digits.
pub const MARKER_LIMIT: usize = 64;

/// What a line of text ends with in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineEnd {
    /// LF, as on Unix. A CR before it is text. Every file comes back as it was.
    #[default]
    Lf,
    /// CR LF, as on the wire: TYPE A changes nothing. A lone LF is text.
    CrLf,
    /// LF or CR LF when a file is read, so that a file of either kind goes out with CR LF, as vsftpd and ProFTPD send it; LF when
    /// a file is written. A file of CR LF comes back with LF.
    Either,
}

impl LineEnd {
    /// What is written to a file.
    pub(crate) const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Lf | Self::Either => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// What a call did.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So many bytes of the input were read. Hand over the rest again.
    pub read: usize,
    /// So many bytes of the output were written.
    pub written: usize,
    /// Why the call returned.
    pub stop: Stop,
}

/// Why a call returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All input was read, and more is wanted.
    NeedsInput,
    /// The output is full, and there is more to write.
    NeedsRoom,
    /// MODE B, decoding: there is a restart marker at this place of the file (RFC 959 3.5): [`Decoder::marker`].
    Marker,
    /// STRU R with TYPE I, decoding: a record ends at this place of the file.
    Record,
    /// It is over. Every further call says so again.
    Ended(End),
}

/// How the bytes of a data connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// With the connection, as MODE S has it.
    Closed,
    /// By a mark in the data: the EOF of MODE B or STRU R, or the end of MODE Z's stream.
    Marked,
    /// With the connection, or in MODE Z with the zlib stream, before the mark that should have come. What was written is the
    /// beginning of the file.
    Truncated,
}

/// The peer's bytes don't have the form that is in force. It is final: every further call fails in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodecError {
    /// What is wrong.
    pub fault: Fault,
    /// So many bytes were received before the one that shows it. In MODE Z, and over a limit, that depends on how the input was
    /// cut.
    pub at: u64,
    /// So many bytes of the output were written by this call; they are good.
    pub written: usize,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the data", self.fault, self.at)
    }
}

impl core::error::Error for CodecError {}

/// What can be wrong with received data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Behind the escape byte of STRU R (0xFF) there is none of 1, 2, 3 and 0xFF (RFC 959 3.4.1).
    Escape(u8),
    /// A descriptor has bits that have no meaning (RFC 959 3.4.2).
    Descriptor(u8),
    /// A restart marker is longer than [`MARKER_LIMIT`].
    MarkerTooLong,
    /// MODE Z's stream is broken (RFC 1950, RFC 1951), or its checksum is wrong.
    Deflate,
    /// There is more data than [`Decoder::limit`] allows.
    OverLimit(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escape(byte) => write!(f, "0x{byte:02x} behind an escape byte"),
            Self::Descriptor(code) => write!(f, "unknown descriptor {code}"),
            Self::MarkerTooLong => write!(f, "a restart marker of more than {MARKER_LIMIT} bytes"),
            Self::Deflate => f.write_str("no valid zlib stream"),
            Self::OverLimit(limit) => write!(f, "more than {limit} bytes of content"),
        }
    }
}

/// A form that can't be encoded or decoded: the answer to RETR and STOR is 504, or better already that to TYPE, STRU or MODE.
///
/// ```
/// use ftp_proto::codec::{Encoder, LineEnd};
/// use ftp_proto::{Form, Type};
/// let form = Form { representation: Type::Ebcdic(None), ..Form::default() };
/// assert!(Encoder::new(form, LineEnd::Lf).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsupported(pub Form);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form { representation, structure, mode } = self.0;
        write!(f, "no conversion for {representation:?}, {structure:?}, {mode:?}")
    }
}

impl core::error::Error for Unsupported {}

/// What a TYPE and a STRU ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    is_text: bool,
    has_records: bool,
}

impl Content {
    fn of(form: Form) -> Result<Self, Unsupported> {
        let is_text = match form.representation {
            Type::Ascii(_) => true,
            Type::Image => false,
            Type::Local(bits) if bits.get() == 8 => false,
            Type::Ebcdic(_) | Type::Local(NonZeroU8 { .. }) => return Err(Unsupported(form)),
        };
        let has_records = match form.structure {
            Structure::File => false,
            Structure::Record => true,
            Structure::Page => return Err(Unsupported(form)),
        };
        Ok(Self { is_text, has_records })
    }
}

/// Whether bytes in this form are the file's own bytes, so that they can be moved as they are, by `sendfile` for instance.
///
/// ```
/// use ftp_proto::codec::{LineEnd, is_verbatim};
/// use ftp_proto::{Form, Type};
/// let image = Form { representation: Type::Image, ..Form::default() };
/// assert!(is_verbatim(image, LineEnd::Lf));
/// assert!(!is_verbatim(Form::default(), LineEnd::Lf), "TYPE A: line ends are converted");
/// ```
pub fn is_verbatim(form: Form, line_end: LineEnd) -> bool {
    form.mode == Mode::Stream
        && Content::of(form)
            .is_ok_and(|content| !content.has_records && (!content.is_text || line_end == LineEnd::CrLf))
}
