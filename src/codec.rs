//! The conversions of TYPE, STRU and MODE between a file's bytes and those of a data connection (RFC 959 3.1, 3.4).
//!
//! An [`Encoder`] turns a file's bytes into those of the data connection, and a [`Decoder`] turns them back, according to the [`Form`] in
//! force. Both read a slice and fill a slice, allocate nothing (except MODE Z's window, once), and give the same bytes however input and
//! output are cut. Files and sockets are the caller's:
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
//! assert_eq!(end, End::Closed);                              // now close the connection, which tells the end
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is supported
//!
//! | | |
//! |---|---|
//! | TYPE | A; I; L 8, which is the same as I. Not E, and no other L. The format of TYPE A changes nothing (RFC 1123 4.1.2.2) |
//! | STRU | F; R |
//! | MODE | S; B; Z with the feature `deflate`. Not C, which no known program uses; RFC 959 doesn't say how an empty file ends in it |
//!
//! [`Encoder::new`] and [`Decoder::new`] refuse anything else with [`Unsupported`].
//!
//! # Text
//!
//! On the data connection a line ends with CR LF (RFC 959 3.1.1.1). How it ends in a file is a [`LineEnd`]. All other bytes stay as they
//! are: those above 0x7F, NUL, 0xFF, and a CR without an LF after it, even at the end of a piece or of the file. Real programs differ
//! here, as `testdata/ascii.tsv` of the repository shows:
//!
//! | | vsftpd, ProFTPD, pyftpdlib | curl, lftp, tnftp, inetutils-ftp | here |
//! |---|---|---|---|
//! | a file's LF after a CR | stays, as the two are a line end | becomes CR LF, after the CR | like the clients with [`LineEnd::Lf`], like the servers with [`LineEnd::Either`] |
//! | a bare CR on the wire | stays (pure-ftpd drops it) | stays (curl makes it LF) | stays |
//! | a lone LF on the wire | stays | stays | stays |
//!
//! With `LineEnd::Lf` and `LineEnd::CrLf`, decoding what was encoded gives every file back as it was.
//!
//! # Records
//!
//! With STRU R each line of a text file is a record (RFC 959 3.1.2). A last line without a line end is sent without an end-of-record mark,
//! and so comes back without a line end. A file of TYPE I is one record, unless [`Encoder::end_record`] says otherwise; a decoder reports
//! the end of a record with [`Stop::Record`], and writes nothing for it.
//!
//! # The end
//!
//! In MODE S with STRU F the end of the connection is the end of the file ([`End::Closed`]), so a decoder can't know whether the file is
//! whole. All other forms mark the end in the data ([`End::Marked`]); if the connection ends before the mark, that is
//! [`End::Truncated`]. Bytes after the mark aren't read: the connection may stay open for another file.

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

/// The longest restart marker that is written or read, in bytes. Programs use offsets of a few digits.
pub const MARKER_LIMIT: usize = 64;

/// How a line of text ends in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineEnd {
    /// With LF, as on Unix. A CR before the LF is text.
    #[default]
    Lf,
    /// With CR LF, as on the wire, so that TYPE A changes nothing. A lone LF is text.
    CrLf,
    /// When a file is read, with LF or CR LF, so that it is always sent with CR LF, as vsftpd and ProFTPD do. When a file is written,
    /// with LF. So a file with CR LF comes back with LF.
    Either,
}

impl LineEnd {
    /// The line end that is written to a file.
    pub(crate) const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Lf | Self::Either => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// What a call did.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Progress {
    /// How many bytes of the input were read. Pass the rest to the next call.
    pub read: usize,
    /// How many bytes of the output were written.
    pub written: usize,
    /// Why the call returned.
    pub stop: Stop,
}

/// Why a call returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The whole input was read, and more is needed.
    NeedsInput,
    /// The output is full, and there is more to write.
    NeedsRoom,
    /// Only when decoding MODE B: a restart marker, [`Decoder::marker`], is at this place of the file (RFC 959 3.5).
    Marker,
    /// Only when decoding STRU R with TYPE I: a record ends at this place of the file.
    Record,
    /// The file has ended. Every further call returns the same.
    Ended(End),
}

/// How the bytes of a data connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// With the connection, as in MODE S with STRU F.
    Closed,
    /// By a mark in the data: the EOF of MODE B or STRU R, or the end of MODE Z's stream.
    Marked,
    /// With the connection, or in MODE Z with the zlib stream, before the mark. What was written is only the beginning of the file.
    Truncated,
}

/// Received data that isn't in the form in force. This is final: every further call fails in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CodecError {
    /// What is wrong.
    pub fault: Fault,
    /// The place of the byte that shows it, in bytes from the beginning of the received data. In MODE Z, and over a limit, it depends on
    /// how the input was cut.
    pub at: u64,
    /// How many bytes of the output this call wrote before the fault. They are valid.
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
    /// This byte follows the escape byte of STRU R (0xFF), which only 1, 2, 3 and 0xFF may follow (RFC 959 3.4.1).
    Escape(u8),
    /// This descriptor of a block has bits without a meaning (RFC 959 3.4.2).
    Descriptor(u8),
    /// A restart marker is longer than [`MARKER_LIMIT`].
    MarkerTooLong,
    /// The zlib stream of MODE Z is invalid (RFC 1950, RFC 1951), or its checksum is wrong.
    Deflate,
    /// The file has more bytes than [`Decoder::limit`] allows: this many.
    OverLimit(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escape(byte) => write!(f, "0x{byte:02x} after an escape byte"),
            Self::Descriptor(code) => write!(f, "unknown descriptor {code}"),
            Self::MarkerTooLong => write!(f, "restart marker of more than {MARKER_LIMIT} bytes"),
            Self::Deflate => f.write_str("invalid zlib stream"),
            Self::OverLimit(limit) => write!(f, "more than {limit} bytes of content"),
        }
    }
}

/// A form that this crate can't encode or decode. A server answers 504, best to the TYPE, STRU or MODE that asks for it.
///
/// ```
/// use ftp_proto::codec::{Encoder, LineEnd};
/// use ftp_proto::{Form, Type};
/// let form = Form { representation: Type::Ebcdic(None), ..Form::default() };
/// assert!(Encoder::new(form, LineEnd::Lf).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unsupported(pub Form);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form { representation, structure, mode } = self.0;
        write!(f, "no conversion for {representation:?}, {structure:?}, {mode:?}")
    }
}

impl core::error::Error for Unsupported {}

/// What TYPE and STRU say about the content.
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

/// Whether the bytes on the data connection are exactly the file's, so that they can be moved without a codec, by `sendfile` for
/// instance.
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
