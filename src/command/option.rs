//! Arguments with a grammar of their own: OPTS, SITE, and the facts of MFF.

use super::argument::{self, Field, Read, Shown, wrong};
use super::error::ArgumentFault;
use crate::grammar::{self, Kind, whole};
use crate::text::{Argument, TextError};
use alloc::vec::Vec;
use core::fmt;
use nom::Parser;
use nom::bytes::complete::take_till;
use nom::character::complete::char;
use nom::combinator::{cut, map, verify};
use nom::error::ErrorKind;
use nom::multi::fold_many0;
use nom::sequence::preceded;

/// The argument of SITE (RFC 959 4.1.3): a word and its own arguments. `Debug` shows only the word, since a password may follow
/// (`SITE PSWD`, `SITE GPASS`).
///
/// ```
/// use ftp_proto::Command;
/// let Ok(Command::Site(site)) = Command::parse(b"SITE CHMOD 644 a.txt") else { panic!() };
/// assert_eq!((site.word(), site.arguments()), (&b"CHMOD"[..], Some(&b"644 a.txt"[..])));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Site<'a>(Argument<'a>);

impl<'a> Site<'a> {
    /// Borrows `text`: at least one byte, no blank in front, no CR, LF, NUL. Allocates nothing.
    pub fn new<B: AsRef<[u8]> + ?Sized>(text: &'a B) -> Result<Self, TextError> {
        Argument::new(text).map(Self)
    }

    /// The whole argument as it goes over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The first word, such as `CHMOD`, in its original case.
    pub fn word(&self) -> &[u8] {
        split_word(self.as_bytes()).0
    }

    /// The text after the word and one blank; `None` if no blank follows the word.
    pub fn arguments(&self) -> Option<&[u8]> {
        split_word(self.as_bytes()).1.get(1..)
    }

    /// The same argument, owned. Allocates if it was borrowed.
    pub fn into_owned(self) -> Site<'static> {
        Site(self.0.into_owned())
    }

    /// The same argument, owned. Borrowed bytes are copied into `room`, whose allocation the result takes over.
    pub(crate) fn into_owned_in(self, room: &mut Vec<u8>) -> Site<'static> {
        Site(self.0.into_owned_in(room))
    }

    /// The text's allocation, if it is owned.
    pub(crate) fn into_room(self) -> Option<Vec<u8>> {
        self.0.into_room()
    }
}

impl<'a> From<Argument<'a>> for Site<'a> {
    fn from(text: Argument<'a>) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Site<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.arguments().is_some() { " …" } else { "" };
        write!(f, "Site(\"{}\"{more})", self.word().escape_ascii())
    }
}

/// The argument of OPTS (RFC 2389 4): a command's name and its options.
///
/// ```
/// use ftp_proto::{Command, Opts};
/// assert_eq!(Command::parse(b"OPTS utf-8 on"), Ok(Command::Opts(Opts::Utf8(Some(true)))));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Opts<'a> {
    /// `UTF8 [ON|OFF]` (draft-ietf-ftpext-utf-8-option); read from `UTF-8` too.
    Utf8(Option<bool>),
    /// `MLST [fact;…]` (RFC 3659 7.9): the facts that MLST and MLSD are to list; with no argument, none.
    Mlst(Option<Argument<'a>>),
    /// `HASH [algorithm]` (draft-bryan-ftpext-hash): chooses an algorithm, or asks which one is chosen.
    Hash(Option<Argument<'a>>),
    /// `MODE Z [options]` (draft-preston-ftpext-deflate), such as `LEVEL 6`.
    ModeZ(Option<Argument<'a>>),
    /// Any other option.
    Other(OtherOption<'a>),
}

impl<'a> Opts<'a> {
    /// Reads the argument after its blanks; `text` isn't empty.
    pub(super) fn read(text: &'a [u8]) -> Read<'a, Self> {
        if let Some(known) = Self::known(text) {
            return known;
        }
        Argument::new(text)
            .map(|text| (&[][..], Self::Other(OtherOption(text))))
            .map_err(|_| wrong(text, ArgumentFault::Word))
    }

    /// `None` if the option has no variant of its own.
    fn known(text: &'a [u8]) -> Option<Read<'a, Self>> {
        let (word, rest) = split_word(text);
        if word.eq_ignore_ascii_case(b"UTF8") || word.eq_ignore_ascii_case(b"UTF-8") {
            // `OPTS UTF8 NLST` and its like are other options.
            let (_, value) = Option::<bool>::read(rest).ok().filter(|(rest, _)| argument::end(rest).is_ok())?;
            return Some(Ok((&[], Self::Utf8(value))));
        }
        if word.eq_ignore_ascii_case(b"MLST") {
            return Some(map(Option::read, Self::Mlst).parse_complete(rest));
        }
        if word.eq_ignore_ascii_case(b"HASH") {
            return Some(map(Option::read, Self::Hash).parse_complete(rest));
        }
        if word.eq_ignore_ascii_case(b"MODE") {
            let (rest, mode) = argument::word(rest).ok()?;
            return mode.eq_ignore_ascii_case(b"Z").then(|| map(Option::read, Self::ModeZ).parse_complete(rest));
        }
        None
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Utf8(value) => {
                out.extend_from_slice(b" UTF8");
                value.write(out);
            }
            Self::Mlst(facts) => {
                out.extend_from_slice(b" MLST");
                facts.write(out);
            }
            Self::Hash(algorithm) => {
                out.extend_from_slice(b" HASH");
                algorithm.write(out);
            }
            Self::ModeZ(options) => {
                out.extend_from_slice(b" MODE Z");
                options.write(out);
            }
            Self::Other(other) => other.0.write(out),
        }
    }

    /// The same argument, owned. Allocates if it was borrowed.
    pub fn into_owned(self) -> Opts<'static> {
        match self {
            Self::Utf8(value) => Opts::Utf8(value),
            Self::Mlst(facts) => Opts::Mlst(facts.map(Argument::into_owned)),
            Self::Hash(algorithm) => Opts::Hash(algorithm.map(Argument::into_owned)),
            Self::ModeZ(options) => Opts::ModeZ(options.map(Argument::into_owned)),
            Self::Other(other) => Opts::Other(OtherOption(other.0.into_owned())),
        }
    }
}

/// An argument of OPTS for which [`Opts`] has no variant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherOption<'a>(Argument<'a>);

impl<'a> OtherOption<'a> {
    /// Borrows `text`. An error if it can't be an [`Argument`], or if [`Opts`] has a variant for it. Allocates nothing.
    pub fn new<B: AsRef<[u8]> + ?Sized>(text: &'a B) -> Result<Self, NotOther> {
        let text = text.as_ref();
        let argument = Argument::new(text).map_err(NotOther::Text)?;
        if Opts::known(text).is_some() { Err(NotOther::Known) } else { Ok(Self(argument)) }
    }

    /// The whole argument as it goes over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for OtherOption<'a> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::new(<&[u8]>::arbitrary(u)?).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// Why text can't be an [`OtherOption`](super::OtherOption) or an [`OtherCommand`](super::OtherCommand).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotOther {
    /// The text is empty, or holds an illegal byte.
    Text(TextError),
    /// The word holds a blank.
    Blank {
        /// Where the blank is, in bytes from 0.
        at: usize,
    },
    /// [`Command`](super::Command) or [`Opts`](super::Opts) has a variant for it.
    Known,
}

impl fmt::Display for NotOther {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => error.fmt(f),
            Self::Blank { at } => write!(f, "a blank at byte {at}"),
            Self::Known => f.write_str("there is a variant for it"),
        }
    }
}

impl core::error::Error for NotOther {}

/// The facts that MFF sets (draft-somers-ftp-mfxx-03): `name=value;` once or more, without a blank. Text to be read may lack the last
/// `;`; it is always written.
///
/// ```
/// let facts = ftp_proto::NewFacts::new("modify=20240229120000;UNIX.mode=0644").unwrap();
/// assert_eq!(facts.iter().last(), Some((&b"UNIX.mode"[..], &b"0644"[..])));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
// Kept without the last `;`, so that equal facts compare equal.
pub struct NewFacts<'a>(Argument<'a>);

impl<'a> NewFacts<'a> {
    /// Borrows `text` if it consists of facts; the error says where it doesn't. Allocates nothing.
    pub fn new<B: AsRef<[u8]> + ?Sized>(text: &'a B) -> Result<Self, NewFactsError> {
        let text = text.as_ref();
        let text = text.strip_suffix(b";").unwrap_or(text);
        let argument = Argument::new(text).map_err(NewFactsError::Text)?;
        let others = fold_many0(preceded(char(';'), cut(fact)), || (), |(), _| ());
        whole((fact, others), text).map_err(|fault| NewFactsError::Fact { at: fault.at(text) })?;
        Ok(Self(argument))
    }

    /// Each fact's name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let facts = self.0.as_bytes().split(|byte| *byte == b';');
        facts.filter_map(|fact| {
            let (name, value) = fact.split_at_checked(memchr::memchr(b'=', fact)?)?;
            Some((name, value.get(1..)?))
        })
    }

    /// Appends the facts as they go over the wire, with a `;` after each.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
        out.push(b';');
    }

    /// The same facts, owned. Allocates if they were borrowed.
    pub fn into_owned(self) -> NewFacts<'static> {
        NewFacts(self.0.into_owned())
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for NewFacts<'a> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::new(<&[u8]>::arbitrary(u)?).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// Why text can't be [`NewFacts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NewFactsError {
    /// The text is empty, or holds an illegal byte.
    Text(TextError),
    /// `name=value` is expected here.
    Fact {
        /// The place, in bytes from 0.
        at: usize,
    },
}

impl fmt::Display for NewFactsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => error.fmt(f),
            Self::Fact { at } => write!(f, "expected name=value at byte {at}"),
        }
    }
}

impl core::error::Error for NewFactsError {}

/// ```text
/// fact = 1*OCTET "=" *OCTET                          ; no octet is a blank or ";", and none of the name is "="
/// ```
fn fact(input: &[u8]) -> grammar::Read<'_, &[u8], NotAFact> {
    let is_fact = |fact: &[u8]| !fact.contains(&b' ') && memchr::memchr(b'=', fact).is_some_and(|equals| equals > 0);
    verify(take_till(|byte| byte == b';'), is_fact).parse_complete(input)
}

/// The only thing that can be wrong with facts.
struct NotAFact;

impl Kind for NotAFact {
    fn of(_: ErrorKind) -> Self {
        Self
    }
}

/// Splits a text at the first blank, which belongs to the second part.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at_checked(memchr::memchr(b' ', text).unwrap_or(text.len())).unwrap_or((text, &[]))
}

impl<'a> Field<'a> for Site<'a> {
    const SHOWN: Shown = Shown::Word;
    type Owned = Site<'static>;
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        Argument::read(input).map(|(rest, text)| (rest, Site::from(text)))
    }
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        Argument::read_strict(input).map(|(rest, text)| (rest, Site::from(text)))
    }
    fn write(&self, out: &mut Vec<u8>) {
        argument::write_text(out, self.as_bytes());
    }
    fn own(self, room: &mut Vec<u8>) -> Self::Owned {
        self.into_owned_in(room)
    }
    fn room(self) -> Option<Vec<u8>> {
        self.into_room()
    }
}

/// RFC 2389 4: `opts = "OPTS" SP command-name [ SP command-options ]`
impl<'a> Field<'a> for Opts<'a> {
    type Owned = Opts<'static>;
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        preceded(argument::blanks, Opts::read).parse_complete(input)
    }
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        let (_, opts) = <Self as Field>::read(input)?;
        argument::one_blank(input)?;
        let options = split_word(argument::skip_blanks(input)).1;
        match opts {
            Self::Utf8(_) => drop((Option::<bool>::read_strict, argument::end_strict).parse_complete(options)?),
            Self::Mlst(_) | Self::Hash(_) => drop(Option::<Argument<'a>>::read_strict(options)?),
            Self::ModeZ(_) => {
                argument::one_blank(options)?;
                Option::<Argument<'a>>::read_strict(split_word(argument::skip_blanks(options)).1)?;
            }
            Self::Other(_) => {}
        }
        Ok((&[], opts))
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.write(out);
    }
    fn own(self, _: &mut Vec<u8>) -> Self::Owned {
        self.into_owned()
    }
}

/// draft-somers-ftp-mfxx-03 5: `mff-facts = 1*( fact "=" value ";" )`; the last `;` may be missing.
impl<'a> Field<'a> for NewFacts<'a> {
    type Owned = NewFacts<'static>;
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        let facts = |text| NewFacts::new(text).map_err(|_| argument::Why::Bad(ArgumentFault::Facts));
        argument::value(facts).parse_complete(input)
    }
    fn is_strict(input: &'a [u8]) -> Read<'a, ()> {
        let (rest, text) = argument::word(input)?;
        if text.ends_with(b";") { Ok((rest, ())) } else { Err(wrong(rest, ArgumentFault::Facts)) }
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b' ');
        self.encode(out);
    }
    fn own(self, _: &mut Vec<u8>) -> Self::Owned {
        self.into_owned()
    }
}
