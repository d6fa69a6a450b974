//! Bytes that cannot end a line.
//!
//! FTP is a protocol of lines, so a CR or LF inside an argument begins a second command (CVE-2017-3533 and its many siblings). The
//! types here cannot hold CR, LF or NUL, so commands and replies made of them are written without a further check. They need not be
//! UTF-8: names are bytes in RFC 959, and RFC 2640 only advises UTF-8.

use crate::swar;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// Why bytes can't be a [`Text`], [`Argument`], [`Path`] or [`Password`].
///
/// ```
/// use ftp_proto::{Path, TextError};
/// assert_eq!(Path::new("a\r\nDELE b"), Err(TextError::Illegal { byte: b'\r', at: 1 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextError {
    /// There is a CR, LF or NUL; or a 0xFF in the word of a command, where it would begin a Telnet command.
    Illegal {
        /// The byte: CR, LF, NUL or 0xFF.
        byte: u8,
        /// Its place, in bytes from 0.
        at: usize,
    },
    /// There are no bytes, and RFC 959 wants at least one character.
    Empty,
    /// The first byte is a blank, which a reader would skip.
    LeadingBlank,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Illegal { byte, at } => write!(f, "illegal byte 0x{byte:02x} at byte {at}"),
            Self::Empty => f.write_str("no text"),
            Self::LeadingBlank => f.write_str("a blank at the beginning"),
        }
    }
}

impl core::error::Error for TextError {}

/// A buffer that owned text takes and gives back, so that reading one text after another doesn't allocate.
macro_rules! in_room {
    ($($name:ident),+) => {$(
        impl $name<'_> {
            /// The same text, owned. Borrowed bytes are copied into `room`, whose allocation the result takes over.
            pub(crate) fn into_owned_in(self, room: &mut Vec<u8>) -> $name<'static> {
                $name(Cow::Owned(match self.0 {
                    Cow::Owned(bytes) => bytes,
                    Cow::Borrowed(bytes) => {
                        room.clear();
                        room.extend_from_slice(bytes);
                        core::mem::take(room)
                    }
                }))
            }

            /// The text's allocation, if it is owned.
            pub(crate) fn into_room(self) -> Option<Vec<u8>> {
                if let Cow::Owned(bytes) = self.0 { Some(bytes) } else { None }
            }
        }
    )+};
}

in_room!(Path, Argument, Password);

/// Defines one type of bytes without CR, LF and NUL, with its conversions and views.
macro_rules! line_bytes {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<'a>(Cow<'a, [u8]>);

        impl<'a> $name<'a> {
            /// Borrows `bytes` if they are legal; the error says which byte isn't, and where. Allocates nothing.
            #[inline]
            pub fn new<B: AsRef<[u8]> + ?Sized>(bytes: &'a B) -> Result<Self, TextError> {
                let bytes = bytes.as_ref();
                let check: fn(&[u8]) -> Result<(), TextError> = $check;
                check(bytes)?;
                Ok(Self(Cow::Borrowed(bytes)))
            }

            /// The bytes as they go over the wire.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// The same bytes, borrowed from this value.
            pub fn borrowed(&self) -> $name<'_> {
                $name(Cow::Borrowed(&self.0))
            }

            /// The same bytes, owned. Allocates if they were borrowed.
            pub fn into_owned(self) -> $name<'static> {
                $name(Cow::Owned(self.0.into_owned()))
            }
        }

        impl TryFrom<Vec<u8>> for $name<'static> {
            type Error = TextError;
            fn try_from(bytes: Vec<u8>) -> Result<Self, TextError> {
                $name::new(&bytes)?;
                Ok(Self(Cow::Owned(bytes)))
            }
        }

        impl TryFrom<String> for $name<'static> {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                Self::try_from(text.into_bytes())
            }
        }

        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = TextError;
            fn try_from(text: &'a str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl<'a> TryFrom<&'a [u8]> for $name<'a> {
            type Error = TextError;
            fn try_from(bytes: &'a [u8]) -> Result<Self, TextError> {
                Self::new(bytes)
            }
        }

        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name<'a> {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                Self::new(<&[u8]>::arbitrary(u)?).map_err(|_| arbitrary::Error::IncorrectFormat)
            }
        }
    };
}

line_bytes! {
    /// Text of a reply, or the argument of a command that this crate doesn't know; may be empty.
    ///
    /// ```
    /// use ftp_proto::Text;
    /// assert!(Text::new("Transfer complete.").is_ok());
    /// assert!(Text::new("one\r\n230 two").is_err());
    /// ```
    Text, legal
}

line_bytes! {
    /// An argument that is neither a path nor a secret (RFC 959 5.3.2 `<string>`): at least one byte. It can't begin with a blank,
    /// since readers skip the blanks in front of such an argument.
    ///
    /// ```
    /// use ftp_proto::{Argument, TextError};
    /// assert!(Argument::new("anna").is_ok());
    /// assert_eq!(Argument::new(" anna"), Err(TextError::LeadingBlank));
    /// ```
    Argument, |bytes| match bytes.first() {
        None => Err(TextError::Empty),
        Some(b' ') => Err(TextError::LeadingBlank),
        Some(_) => legal(bytes),
    }
}

line_bytes! {
    /// A path (RFC 959 5.3.2 `<pathname>`, RFC 3659 2.2): at least one byte, and any byte but CR, LF and NUL. Blanks at its ends
    /// belong to it.
    ///
    /// ```
    /// use ftp_proto::Path;
    /// assert_eq!(Path::new(" caf\u{e9} ")?.as_bytes(), b" caf\xc3\xa9 ");
    /// assert!(Path::new(b"caf\xe9").is_ok(), "any encoding");
    /// # Ok::<(), ftp_proto::TextError>(())
    /// ```
    Path, |bytes| if bytes.is_empty() { Err(TextError::Empty) } else { legal(bytes) }
}

line_bytes! {
    /// A secret: a password, an account, or security data. May be empty. No build shows it in `Debug`, and it has no `Display`.
    ///
    /// ```
    /// let password = ftp_proto::Password::new("s3cret").unwrap();
    /// assert_eq!(format!("{password:?}"), "Password(…)");
    /// ```
    Password, legal
}

impl fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// For the types that hold no secret: `Debug` as an escaped byte string, and `Display` as text.
macro_rules! shown {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(\"{}\")", stringify!($name), self.0.escape_ascii())
            }
        }

        /// Bytes that aren't UTF-8 show as U+FFFD.
        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_lossy(f, &self.0)
            }
        }
    )*};
}

shown! { Text Argument Path }

impl Text<'static> {
    /// A text that is part of the program; it ends before the first CR, LF or NUL. Allocates nothing.
    ///
    /// ```
    /// assert_eq!(ftp_proto::Text::from_static("Bye.").as_bytes(), b"Bye.");
    /// assert_eq!(ftp_proto::Text::from_static("Bye.\r\n230 In.").as_bytes(), b"Bye.");
    /// ```
    pub fn from_static(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let end = memchr::memchr3(b'\r', b'\n', 0, bytes).unwrap_or(bytes.len());
        Self(Cow::Borrowed(bytes.get(..end).unwrap_or(bytes)))
    }
}

/// The empty text.
impl Default for Text<'_> {
    fn default() -> Self {
        Self(Cow::Borrowed(&[]))
    }
}

impl<'a> From<Argument<'a>> for Text<'a> {
    fn from(argument: Argument<'a>) -> Self {
        Self(argument.0)
    }
}

impl<'a> From<Path<'a>> for Text<'a> {
    fn from(path: Path<'a>) -> Self {
        Self(path.0)
    }
}

impl<'a> From<Text<'a>> for Cow<'a, [u8]> {
    fn from(text: Text<'a>) -> Self {
        text.0
    }
}

/// In bytes; longer texts are searched faster with vectors.
const SHORT: usize = 64;

#[inline]
fn legal(bytes: &[u8]) -> Result<(), TextError> {
    if is_plain(bytes) { Ok(()) } else { illegal(bytes) }
}

/// Whether `bytes` are few and all are 16 or more, as in nearly every argument.
fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks();
    bytes.len() <= SHORT
        && !words.iter().any(|word| swar::has_control(u64::from_le_bytes(*word)))
        && !swar::has_control(swar::load(rest))
}

fn illegal(bytes: &[u8]) -> Result<(), TextError> {
    match memchr::memchr3(b'\r', b'\n', 0, bytes).and_then(|at| Some((at, *bytes.get(at)?))) {
        Some((at, byte)) => Err(TextError::Illegal { byte, at }),
        None => Ok(()),
    }
}

/// Writes bytes as text, with U+FFFD for bytes that aren't UTF-8. Allocates nothing.
pub(crate) fn write_lossy(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        f.write_str(chunk.valid())?;
        if !chunk.invalid().is_empty() {
            f.write_char(char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

/// Like [`write_lossy`], for a terminal or a log: U+FFFD also replaces control characters.
pub(crate) fn write_printable(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            f.write_char(if char.is_control() { char::REPLACEMENT_CHARACTER } else { char })?;
        }
        if !chunk.invalid().is_empty() {
            f.write_char(char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn names_where_and_which_byte_is_illegal() {
        assert_eq!(Text::new("ab\rc"), Err(TextError::Illegal { byte: b'\r', at: 2 }));
        assert_eq!(Path::new("\n"), Err(TextError::Illegal { byte: b'\n', at: 0 }));
        assert_eq!(Password::new("a\0"), Err(TextError::Illegal { byte: 0, at: 1 }));
    }

    #[test]
    fn finds_an_illegal_byte_in_any_place_of_any_length_and_takes_all_others() {
        for length in 0..100 {
            for byte in 0..=u8::MAX {
                let mut bytes = alloc::vec![byte.wrapping_add(1).max(14); length];
                assert!(Text::new(&bytes).is_ok());
                let Some(at) = length.checked_sub(1).map(|last| usize::from(byte) % (last + 1)) else { continue };
                bytes[at] = byte;
                let expected =
                    if [0, b'\r', b'\n'].contains(&byte) { Err(TextError::Illegal { byte, at }) } else { Ok(()) };
                assert_eq!(Text::new(&bytes).map(drop), expected);
            }
        }
    }

    #[test]
    fn each_type_has_its_own_idea_of_empty_and_blank() {
        assert!(Text::new("").is_ok() && Password::new("").is_ok());
        assert_eq!(Path::new(""), Err(TextError::Empty));
        assert_eq!(Argument::new(""), Err(TextError::Empty));
        assert_eq!(Argument::new(" a"), Err(TextError::LeadingBlank));
        assert_eq!(Path::new(" a ").map(|path| path.as_bytes().len()), Ok(3));
    }

    #[test]
    fn shows_names_in_any_encoding_and_no_secret() {
        assert_eq!(format!("{}", Path::new(b"caf\xe9").unwrap()), "caf\u{fffd}");
        assert_eq!(format!("{:?}", Path::new(b"caf\xe9").unwrap()), r#"Path("caf\xe9")"#);
        assert_eq!(format!("{:?}", Password::new("hunter2").unwrap()), "Password(…)");
    }
}
