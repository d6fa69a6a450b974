//! Arguments that are one of a few values.

use crate::address::NetworkProtocol;
use core::num::NonZeroU8;

/// The representation type that TYPE sets (RFC 959 3.1.1). A session begins with TYPE A.
///
/// ```
/// use ftp_proto::{Command, Type};
/// assert_eq!(Command::parse(b"TYPE I"), Ok(Command::Type(Type::Image)));
/// assert_eq!("A N".parse::<Type>()?.to_string(), "A N");
/// # Ok::<(), ftp_proto::UnknownWord>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Type {
    /// `A`: text in ASCII. `None` means [`Format::NonPrint`] and is written without a format.
    Ascii(Option<Format>),
    /// `E`: text in EBCDIC. `None` means [`Format::NonPrint`] and is written without a format.
    Ebcdic(Option<Format>),
    /// `I`: bytes as they are.
    Image,
    /// `L`: bytes of this many bits.
    Local(NonZeroU8),
}

impl Type {
    /// `L 8`, which means the same as `I` on machines with bytes of eight bits.
    pub const LOCAL_8: Self = Self::Local(NonZeroU8::MIN.saturating_add(7));
}

/// `A`, the default of RFC 959 3.1.1.1.
impl Default for Type {
    fn default() -> Self {
        Self::Ascii(None)
    }
}

/// The format of TYPE A and TYPE E (RFC 959 3.1.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Format {
    /// `N`: non-print.
    #[default]
    NonPrint,
    /// `T`: Telnet format effectors.
    Telnet,
    /// `C`: ASA carriage control.
    CarriageControl,
}

/// The file structure of STRU (RFC 959 3.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Structure {
    /// `F`: no structure, a sequence of bytes.
    #[default]
    File,
    /// `R`: a sequence of records.
    Record,
    /// `P`: numbered pages.
    Page,
}

/// The transfer mode of MODE (RFC 959 3.4; draft-preston-ftpext-deflate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Mode {
    /// `S`: the bytes as they are; with STRU F the end of the connection ends the file.
    #[default]
    Stream,
    /// `B`: blocks with a header.
    Block,
    /// `C`: runs of equal bytes are compressed.
    Compressed,
    /// `Z`: compressed by DEFLATE.
    Deflate,
}

/// How a file's bytes are sent over a data connection: the transfer parameters TYPE, STRU and MODE. The default is that of a new
/// session (RFC 959 5.1).
///
/// ```
/// use ftp_proto::{Form, Mode, Type};
/// let form = Form { representation: Type::Image, ..Form::default() };
/// assert!(!form.marks_end(), "in MODE S a file ends with its connection");
/// assert!(Form { mode: Mode::Block, ..form }.marks_end());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Form {
    /// The representation type, set by TYPE.
    pub representation: Type,
    /// The file structure, set by STRU.
    pub structure: Structure,
    /// The transfer mode, set by MODE.
    pub mode: Mode,
}

impl Form {
    /// Whether the data itself marks the end of a file, so that the data connection may stay open after it (RFC 959 3.3, 3.4): in every
    /// MODE but S, and with STRU R.
    pub const fn marks_end(self) -> bool {
        !matches!(self.mode, Mode::Stream) || matches!(self.structure, Structure::Record)
    }

    /// Whether the bytes on the wire are exactly the file's.
    pub(crate) fn is_verbatim(self) -> bool {
        let bytes = matches!(self.representation, Type::Image | Type::LOCAL_8);
        bytes && self.structure == Structure::File && self.mode == Mode::Stream
    }
}

/// The protection level of PROT (RFC 2228 3).
///
/// ```
/// use ftp_proto::{Command, Protection};
/// assert_eq!(Command::parse(b"PROT P"), Ok(Command::Prot(Protection::Private)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Protection {
    /// `C`: no protection.
    #[default]
    Clear,
    /// `S`: integrity.
    Safe,
    /// `E`: confidentiality.
    Confidential,
    /// `P`: integrity and confidentiality, as with TLS.
    Private,
}

/// The argument of ALGS, which asks something of an FTP64 application level gateway (RFC 6384 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Algs {
    /// `STATUS64`: tell whether the gateway translates.
    Status64,
    /// `ENABLE64`: translate from now on.
    Enable64,
    /// `DISABLE64`: stop translating.
    Disable64,
}

/// The argument of ALLO (RFC 959 4.1.3).
///
/// ```
/// use ftp_proto::{Allocation, Command};
/// let allocation = Allocation { bytes: 4096, record: Some(80) };
/// assert_eq!(Command::parse(b"ALLO 4096 R 80"), Ok(Command::Allo(allocation)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Allocation {
    /// The size of the file in (logical) bytes.
    pub bytes: u64,
    /// The largest record or page in (logical) bytes.
    pub record: Option<u64>,
}

/// The argument of EPSV (RFC 2428 3, 4).
///
/// ```
/// use ftp_proto::{Command, EpsvArgument, NetworkProtocol};
/// assert_eq!(Command::parse(b"EPSV"), Ok(Command::Epsv(EpsvArgument::Any)));
/// assert_eq!(Command::parse(b"EPSV 2"), Ok(Command::Epsv(EpsvArgument::Protocol(NetworkProtocol::Ipv6))));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum EpsvArgument {
    /// No argument: the network protocol of the control connection.
    #[default]
    Any,
    /// A network protocol.
    Protocol(NetworkProtocol),
    /// `ALL`: from now on only EPSV sets up data connections (RFC 2428 4).
    All,
}
