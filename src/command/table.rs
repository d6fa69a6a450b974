//! The table of commands: one row a command. All that is known of a command stands here and nowhere else.

use super::argument::Field;
use super::error::CommandError;
use super::option::{Facts, Opts, Site};
use super::parameter::{Algs, Allocation, DataConnection, EpsvArgument, Login, Mode, Protection, Structure, Type};
use super::{OtherCommand, argument, key};
use crate::address::{ExtendedAddress, HostPort, LongAddress};
use crate::text::{Argument, Password, Path};
use crate::time::Time;
use alloc::vec::Vec;

/// Makes `Command` and `Verb` of the rows. A row says, in this order: the variant and its arguments, the word and
/// its aliases, whether it needs a login, what it does to the data connection, its source, its FEAT word, and
/// what HELP shows behind the word.
macro_rules! commands {
    ($(
        $variant:ident $(($($type:ty),+))? $({$($field:ident: $field_type:ty),+})?
        = $word:literal $(| $alias:literal)*,
        $login:ident, $data:ident, $source:literal, $feature:expr, $usage:literal;
    )+) => {
        /// One command with its arguments.
        ///
        /// Whatever is built of this type encodes to exactly one line and parses back to the same value. `Debug`
        /// shows no password, nor the argument of a command that this crate doesn't know.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        #[non_exhaustive]
        pub enum Command<'a> {
            $(
                #[doc = concat!("`", $word, $usage, "` (", $source, ").")]
                $variant $(($($type),+))? $({
                    $(#[doc = concat!("The ", stringify!($field), ".")] $field: $field_type),+
                })?,
            )+
            /// A command that is not in the table.
            Other(OtherCommand<'a>),
        }

        /// The word of a command, and what is known of it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        #[non_exhaustive]
        pub enum Verb {
            $(#[doc = concat!("`", $word, "` (", $source, ").")] $variant,)+
            /// Any word that is not in the table.
            Other,
        }

        impl Verb {
            /// Every verb of the table, in its order; [`Verb::Other`] is not among them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is sent; empty for [`Verb::Other`].
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other => "",
                }
            }

            /// Other words that mean the same.
            pub const fn aliases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($alias),*],)+
                    Self::Other => &[],
                }
            }

            /// Whether a server takes it before the login. [`Verb::Other`]: the server's choice.
            pub const fn login(self) -> Login {
                match self {
                    $(Self::$variant => Login::$login,)+
                    Self::Other => Login::ServerChoice,
                }
            }

            /// What it has to do with a data connection.
            pub const fn data_connection(self) -> DataConnection {
                match self {
                    $(Self::$variant => DataConnection::$data,)+
                    Self::Other => DataConnection::Untouched,
                }
            }

            /// Where it is defined, such as `RFC 959; RFC 1123`; empty for [`Verb::Other`].
            pub const fn rfc(self) -> &'static str {
                match self {
                    $(Self::$variant => $source,)+
                    Self::Other => "",
                }
            }

            /// Its usage as HELP shows it, such as `RETR <SP> path`; empty for [`Verb::Other`].
            pub const fn syntax(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($word, $usage),)+
                    Self::Other => "",
                }
            }

            /// The words that FEAT announces it with (RFC 2389), without the values that a server adds.
            pub const fn feature(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $feature,)+
                    Self::Other => None,
                }
            }

            /// The text of a 501 that asks for the argument.
            pub(super) const fn missing(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Missing argument. Syntax: ", $word, $usage),)+
                    Self::Other => "Missing argument.",
                }
            }

            /// The text of a 501 that doesn't understand the argument.
            pub(super) const fn bad(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Bad argument. Syntax: ", $word, $usage),)+
                    Self::Other => "Bad argument.",
                }
            }

            /// The text of a 504.
            pub(super) const fn unsupported(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("Parameter not supported. Syntax: ", $word, $usage),)+
                    Self::Other => "Parameter not supported.",
                }
            }

            /// The verb of a packed word, and the alias if it was one.
            #[inline]
            pub(super) fn of_key(key: u64) -> (Self, Option<&'static str>) {
                static PLACES: key::Places<(Verb, Option<&'static str>)> = key::Places::new(
                    &[$(
                        (key::of($word), (Verb::$variant, None)),
                        $((key::of($alias), (Verb::$variant, Some($alias))),)*
                    )+],
                    (Verb::Other, None),
                );
                PLACES.find(key)
            }
        }

        impl<'a> Command<'a> {
            /// Its verb.
            pub const fn verb(&self) -> Verb {
                match self {
                    $(Self::$variant { .. } => Verb::$variant,)+
                    Self::Other(_) => Verb::Other,
                }
            }

            /// The same command, owned. Allocates for each argument of text that is borrowed.
            pub fn into_owned(self) -> Command<'static> {
                match self {
                    $(commands!(@pattern one two, $variant, [$($($type),+)?] [$($($field),+)?]) =>
                        commands!(@owned one two, $variant, [$($($type),+)?] [$($($field),+)?]),)+
                    Self::Other(other) => Command::Other(other.into_owned()),
                }
            }

            /// Reads the arguments of `verb`, which are `rest`, the end of `line`, and begin with the blank; `wrap` makes
            /// of the command what is wanted.
            // The whole result is made in each arm, because moving a command takes longer than reading most.
            #[inline]
            pub(super) fn read<T>(
                verb: Verb,
                line: &'a [u8],
                rest: &'a [u8],
                wrap: impl Fn(Self) -> T,
            ) -> Result<T, CommandError> {
                let fail = |error| argument::refuse(verb, line, error);
                match verb {
                    $(Verb::$variant => Ok(wrap(
                        commands!(@read fail, rest, $variant, [$($($type),+)?] [$($($field: $field_type),+)?]),
                    )),)+
                    Verb::Other => Ok(wrap(Self::Other(OtherCommand::read(line)?))),
                }
            }

            /// Appends the arguments, each with its blank in front.
            pub(super) fn write_arguments(&self, out: &mut Vec<u8>) {
                match self {
                    $(commands!(@pattern one two, $variant, [$($($type),+)?] [$($($field),+)?]) =>
                        commands!(@write one two, out, [$($($type),+)?] [$($($field),+)?]),)+
                    Self::Other(other) => other.write_argument(out),
                }
            }
        }
    };

    (@pattern $first:ident $second:ident, $variant:ident, [] []) => { Self::$variant };
    (@pattern $first:ident $second:ident, $variant:ident, [$one:ty] []) => { Self::$variant($first) };
    (@pattern $first:ident $second:ident, $variant:ident, [$one:ty, $two:ty] []) => { Self::$variant($first, $second) };
    (@pattern $first:ident $second:ident, $variant:ident, [] [$($field:ident),+]) => { Self::$variant { $($field),+ } };

    (@owned $first:ident $second:ident, $variant:ident, [] []) => { Command::$variant };
    (@owned $first:ident $second:ident, $variant:ident, [$one:ty] []) => { Command::$variant($first.own()) };
    (@owned $first:ident $second:ident, $variant:ident, [$one:ty, $two:ty] []) => { Command::$variant($first.own(), $second.own()) };
    (@owned $first:ident $second:ident, $variant:ident, [] [$($field:ident),+]) => { Command::$variant { $($field: $field.own()),+ } };

    (@read $fail:ident, $rest:ident, $variant:ident, [] []) => {{
        argument::ignored($rest).map_err($fail)?;
        Self::$variant
    }};
    (@read $fail:ident, $rest:ident, $variant:ident, [$one:ty] []) => {{
        let (rest, one) = <$one as Field>::read($rest).map_err($fail)?;
        argument::end(rest).map_err($fail)?;
        Self::$variant(one)
    }};
    (@read $fail:ident, $rest:ident, $variant:ident, [$one:ty, $two:ty] []) => {{
        let (rest, one) = <$one as Field>::read($rest).map_err($fail)?;
        let (rest, two) = <$two as Field>::read(rest).map_err($fail)?;
        argument::end(rest).map_err($fail)?;
        Self::$variant(one, two)
    }};
    (@read $fail:ident, $rest:ident, $variant:ident, [] [$($field:ident: $type:ty),+]) => {{
        $(let ($rest, $field) = <$type as Field>::read($rest).map_err($fail)?;)+
        argument::end($rest).map_err($fail)?;
        Self::$variant { $($field),+ }
    }};

    (@write $first:ident $second:ident, $out:ident, [] []) => { () };
    (@write $first:ident $second:ident, $out:ident, [$one:ty] []) => { $first.write($out) };
    (@write $first:ident $second:ident, $out:ident, [$one:ty, $two:ty] []) => {{ $first.write($out); $second.write($out); }};
    (@write $first:ident $second:ident, $out:ident, [] [$($field:ident),+]) => {{ $($field.write($out);)+ }};
}

commands! {
    User(Argument<'a>) = "USER", NotNeeded, Untouched, "RFC 959; RFC 2228", None, " <SP> username";
    Pass(Password<'a>) = "PASS", NotNeeded, Untouched, "RFC 959", None, " <SP> password";
    Acct(Password<'a>) = "ACCT", NotNeeded, Untouched, "RFC 959", None, " <SP> account";
    Cwd(Path<'a>) = "CWD" | "XCWD", Needed, Untouched, "RFC 959; RFC 775", None, " <SP> path";
    Cdup = "CDUP" | "XCUP", Needed, Untouched, "RFC 959; RFC 775", None, "";
    Smnt(Path<'a>) = "SMNT", Needed, Untouched, "RFC 959", None, " <SP> path";
    Rein = "REIN", Needed, Untouched, "RFC 959; RFC 4217", None, "";
    Quit = "QUIT", NotNeeded, Untouched, "RFC 959", None, "";
    Port(HostPort) = "PORT", Needed, SetsUpActive, "RFC 959; RFC 1123; RFC 2577", None, " <SP> h1,h2,h3,h4,p1,p2";
    Pasv = "PASV" | "P@SW", Needed, SetsUpPassive, "RFC 959; RFC 1123", None, "";
    Type(Type) = "TYPE", Needed, Untouched, "RFC 959", None, " <SP> (A [<SP> N|T|C] | E [<SP> N|T|C] | I | L <SP> bits)";
    Stru(Structure) = "STRU", Needed, Untouched, "RFC 959", None, " <SP> (F|R|P)";
    Mode(Mode) = "MODE", Needed, Untouched, "RFC 959; draft-preston-ftpext-deflate", Some("MODE Z"), " <SP> (S|B|C|Z)";
    Retr(Path<'a>) = "RETR", Needed, Opens, "RFC 959; RFC 4217", None, " <SP> path";
    Stor(Path<'a>) = "STOR", Needed, Opens, "RFC 959; RFC 4217", None, " <SP> path";
    Stou(Option<Path<'a>>) = "STOU", Needed, Opens, "RFC 959; RFC 1123", None, " [<SP> path]";
    Appe(Path<'a>) = "APPE", Needed, Opens, "RFC 959", None, " <SP> path";
    Allo(Allocation) = "ALLO", Needed, Untouched, "RFC 959", None, " <SP> bytes [<SP> R <SP> bytes]";
    Rest(u64) = "REST", Needed, Untouched, "RFC 959; RFC 1123; RFC 3659", Some("REST STREAM"), " <SP> offset";
    Rnfr(Path<'a>) = "RNFR", Needed, Untouched, "RFC 959", None, " <SP> path";
    Rnto(Path<'a>) = "RNTO", Needed, Untouched, "RFC 959", None, " <SP> path";
    Abor = "ABOR", Needed, Untouched, "RFC 959", None, "";
    Dele(Path<'a>) = "DELE", Needed, Untouched, "RFC 959", None, " <SP> path";
    Rmd(Path<'a>) = "RMD" | "XRMD", Needed, Untouched, "RFC 959; RFC 775", None, " <SP> path";
    Mkd(Path<'a>) = "MKD" | "XMKD", Needed, Untouched, "RFC 959; RFC 775", None, " <SP> path";
    Pwd = "PWD" | "XPWD", Needed, Untouched, "RFC 959; RFC 775", None, "";
    List(Option<Path<'a>>) = "LIST", Needed, Opens, "RFC 959; RFC 1123", None, " [<SP> path]";
    Nlst(Option<Path<'a>>) = "NLST", Needed, Opens, "RFC 959; RFC 1123", None, " [<SP> path]";
    Site(Site<'a>) = "SITE", ServerChoice, Untouched, "RFC 959; RFC 1123", None, " <SP> command";
    Syst = "SYST", ServerChoice, Untouched, "RFC 959", None, "";
    Stat(Option<Path<'a>>) = "STAT", ServerChoice, Untouched, "RFC 959", None, " [<SP> path]";
    Help(Option<Argument<'a>>) = "HELP", ServerChoice, Untouched, "RFC 959", None, " [<SP> command]";
    Noop = "NOOP" | "NOP", ServerChoice, Untouched, "RFC 959", None, "";
    Auth(Argument<'a>) = "AUTH", NotNeeded, Untouched, "RFC 2228; RFC 4217; RFC 2773", Some("AUTH TLS"), " <SP> mechanism";
    Adat(Password<'a>) = "ADAT", NotNeeded, Untouched, "RFC 2228", None, " <SP> base64";
    Pbsz(u32) = "PBSZ", NotNeeded, Untouched, "RFC 2228; RFC 4217", Some("PBSZ"), " <SP> bytes";
    Prot(Protection) = "PROT", NotNeeded, Untouched, "RFC 2228; RFC 4217", Some("PROT"), " <SP> (C|S|E|P)";
    Ccc = "CCC", Needed, Untouched, "RFC 2228; RFC 4217", Some("CCC"), "";
    Mic(Password<'a>) = "MIC", Needed, Untouched, "RFC 2228", None, " <SP> base64";
    Conf(Password<'a>) = "CONF", Needed, Untouched, "RFC 2228", None, " <SP> base64";
    Enc(Password<'a>) = "ENC", Needed, Untouched, "RFC 2228", None, " <SP> base64";
    Feat = "FEAT", NotNeeded, Untouched, "RFC 2389", None, "";
    Opts(Opts<'a>) = "OPTS", ServerChoice, Untouched, "RFC 2389", None, " <SP> command [<SP> options]";
    Lang(Option<Argument<'a>>) = "LANG", NotNeeded, Untouched, "RFC 2640", Some("LANG"), " [<SP> language]";
    Host(Argument<'a>) = "HOST", NotNeeded, Untouched, "RFC 7151", Some("HOST"), " <SP> host";
    Mdtm(Path<'a>) = "MDTM", Needed, Untouched, "RFC 3659", Some("MDTM"), " <SP> path";
    Size(Path<'a>) = "SIZE", Needed, Untouched, "RFC 3659", Some("SIZE"), " <SP> path";
    Mlst(Option<Path<'a>>) = "MLST", Needed, Untouched, "RFC 3659", Some("MLST"), " [<SP> path]";
    Mlsd(Option<Path<'a>>) = "MLSD", Needed, Opens, "RFC 3659", Some("MLST"), " [<SP> path]";
    Eprt(ExtendedAddress) = "EPRT", Needed, SetsUpActive, "RFC 2428", Some("EPRT"), " <SP> |protocol|address|port|";
    Epsv(EpsvArgument) = "EPSV", Needed, SetsUpPassive, "RFC 2428", Some("EPSV"), " [<SP> (1|2|ALL)]";
    Lprt(LongAddress) = "LPRT", Needed, SetsUpActive, "RFC 1639", None, " <SP> af,hal,h1,h2,...,pal,p1,p2";
    Lpsv = "LPSV", Needed, SetsUpPassive, "RFC 1639", None, "";
    Algs(Algs) = "ALGS", NotNeeded, Untouched, "RFC 6384", None, " <SP> (STATUS64|ENABLE64|DISABLE64)";
    Mfmt(Time, Path<'a>) = "MFMT", Needed, Untouched, "draft-somers-ftp-mfxx-03", Some("MFMT"), " <SP> YYYYMMDDhhmmss <SP> path";
    Mfct(Time, Path<'a>) = "MFCT", Needed, Untouched, "draft-somers-ftp-mfxx-03", Some("MFCT"), " <SP> YYYYMMDDhhmmss <SP> path";
    Mff(Facts<'a>, Path<'a>) = "MFF", Needed, Untouched, "draft-somers-ftp-mfxx-03", Some("MFF"), " <SP> fact=value;... <SP> path";
    Hash(Path<'a>) = "HASH", Needed, Untouched, "draft-bryan-ftpext-hash-02", Some("HASH"), " <SP> path";
    Rang { start: u64, end: u64 } = "RANG", Needed, Untouched, "draft-bryan-ftp-range", Some("RANG STREAM"), " <SP> start <SP> end";
    Md5(Path<'a>) = "MD5", Needed, Untouched, "de facto", Some("MD5"), " <SP> path";
    Xcrc(Path<'a>) = "XCRC", Needed, Untouched, "de facto", Some("XCRC"), " <SP> path";
    Xmd5(Path<'a>) = "XMD5", Needed, Untouched, "de facto", Some("XMD5"), " <SP> path";
    Xsha(Path<'a>) = "XSHA", Needed, Untouched, "de facto", Some("XSHA"), " <SP> path";
    Xsha1(Path<'a>) = "XSHA1", Needed, Untouched, "de facto", Some("XSHA1"), " <SP> path";
    Xsha256(Path<'a>) = "XSHA256", Needed, Untouched, "de facto", Some("XSHA256"), " <SP> path";
    Xsha512(Path<'a>) = "XSHA512", Needed, Untouched, "de facto", Some("XSHA512"), " <SP> path";
    Clnt(Argument<'a>) = "CLNT", ServerChoice, Untouched, "de facto", Some("CLNT"), " <SP> client";
    Csid(Argument<'a>) = "CSID", ServerChoice, Untouched, "draft-peterson-streamlined-ftp-command-extensions", Some("CSID"), " <SP> name=value;...";
    Avbl(Option<Path<'a>>) = "AVBL", Needed, Untouched, "draft-peterson-streamlined-ftp-command-extensions", Some("AVBL"), " [<SP> path]";
    Dsiz(Option<Path<'a>>) = "DSIZ", Needed, Untouched, "draft-peterson-streamlined-ftp-command-extensions", Some("DSIZ"), " [<SP> path]";
    Pret(Argument<'a>) = "PRET", Needed, Untouched, "DrFTPD", Some("PRET"), " <SP> command";
    Cpsv = "CPSV", Needed, SetsUpPassive, "glFTPd/DrFTPD", Some("CPSV"), "";
    Sscn(Option<bool>) = "SSCN", Needed, Untouched, "RaidenFTPD/glFTPd/proftpd", Some("SSCN"), " [<SP> (ON|OFF)]";
}

impl Verb {
    /// Whether every server wants a login before it.
    pub const fn needs_login(self) -> bool {
        matches!(self.login(), Login::Needed)
    }

    /// Whether data moves over a data connection, between its 1yz and its final reply.
    pub const fn opens_data(self) -> bool {
        matches!(self.data_connection(), DataConnection::Opens)
    }

    /// Whether it says where the next data connection goes.
    pub const fn sets_up_data(self) -> bool {
        matches!(self.data_connection(), DataConnection::SetsUpActive | DataConnection::SetsUpPassive)
    }
}
