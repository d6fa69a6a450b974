//! What is refused to clients, and with which words.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use clap::ValueEnum;
use ftp_proto::tracker::{Objection, Peer};
use ftp_proto::{Code, Command, DataUse, Reply, Verb};

/// What may pass.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The only kind of data connections that there may be.
    pub only: Option<Kind>,
    /// Commands by their words.
    pub denied: Vec<Word>,
    /// Nothing may be changed at the server.
    pub read_only: bool,
    /// The ports that either end may announce.
    pub ports: RangeInclusive<u16>,
    pub tls: Tls,
}

/// Who dials for the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The client (PASV, EPSV).
    Passive,
    /// The server (PORT, EPRT).
    Active,
}

/// What becomes of AUTH, and of TLS from the first byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tls {
    /// AUTH is answered with 534, and the client may go on without it; TLS from the first byte on ends the session.
    Refuse,
    /// It passes. Nothing can be read from there on, so that there are no data connections.
    Blind,
}

/// The word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Known(Verb),
    /// In upper case.
    Other(Vec<u8>),
}

/// What can't be read can't be judged.
static UNREADABLE: Reply<'static> = Reply::from_static(Code::SYNTAX_ERROR, "The proxy can't read this command.");
static UNREADABLE_ADDRESS: Reply<'static> =
    Reply::from_static(Code::ARGUMENT_SYNTAX_ERROR, "The proxy can't read this address.");
static DENIED: Reply<'static> = Reply::from_static(Code::NOT_IMPLEMENTED, "The proxy doesn't let this command pass.");
static READ_ONLY: Reply<'static> =
    Reply::from_static(Code::FILE_UNAVAILABLE, "The proxy lets nothing be changed: it is read-only.");
static ONLY_PASSIVE: Reply<'static> =
    Reply::from_static(Code::NOT_IMPLEMENTED, "The proxy lets only passive data connections be made.");
static ONLY_ACTIVE: Reply<'static> =
    Reply::from_static(Code::NOT_IMPLEMENTED, "The proxy lets only active data connections be made.");
static NO_TLS: Reply<'static> = Reply::from_static(
    Code::DENIED_BY_POLICY,
    "The proxy lets no TLS pass: it has to read what is said to make data connections.",
);
static ILLEGAL_ACTIVE: Reply<'static> =
    Reply::from_static(Code::SYNTAX_ERROR, "Illegal address: the proxy makes no data connection to it.");
static ILLEGAL_PASSIVE: Reply<'static> = Reply::from_static(
    Code::CANNOT_OPEN_DATA_CONNECTION,
    "Can't open data connection: the server announced an address to which the proxy makes none.",
);
static LOG_IN: Reply<'static> = Reply::from_static(Code::NOT_LOGGED_IN, "Not logged in.");

/// What a client reads in place of an address that this side announced, and which isn't expected.
pub fn illegal(side: Peer, why: Objection) -> &'static Reply<'static> {
    match (side, why) {
        (Peer::Server, _) => &ILLEGAL_PASSIVE,
        (Peer::Client, Objection::NotLoggedIn) => &LOG_IN,
        (Peer::Client, _) => &ILLEGAL_ACTIVE,
    }
}

impl Policy {
    /// The reply to a command that doesn't pass.
    pub fn judge(&self, verb: Verb, command: Option<&Command<'_>>) -> Option<&'static Reply<'static>> {
        let is_active = verb.data_use() == DataUse::SetsUpActive;
        let is_passive = verb.data_use() == DataUse::SetsUpPassive;
        match (self.only, command) {
            (_, None) if verb == Verb::Other => return Some(&UNREADABLE),
            // Servers may read it otherwise, as they may what is no word.
            (_, Some(Command::Other(other))) if !other.word().iter().all(u8::is_ascii_alphanumeric) => {
                return Some(&UNREADABLE);
            }
            (_, None) if is_active => return Some(&UNREADABLE_ADDRESS),
            (Some(Kind::Passive), _) if is_active => return Some(&ONLY_PASSIVE),
            (Some(Kind::Active), _) if is_passive => return Some(&ONLY_ACTIVE),
            _ => {}
        }
        if self.denied.iter().any(|word| word.is(verb, command)) {
            return Some(&DENIED);
        }
        if self.tls == Tls::Refuse && verb == Verb::Auth {
            return Some(&NO_TLS);
        }
        (self.read_only && changes(verb, command)).then_some(&READ_ONLY)
    }

    /// Whether an end may announce this address. Ports below 1024 never get here.
    pub fn allows(&self, announced: SocketAddr) -> bool {
        self.ports.contains(&announced.port())
    }
}

impl Word {
    /// Any word; aliases are the same as what they stand for.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'@') {
            return Err("it must be a command's word, such as DELE".into());
        }
        Ok(match Verb::parse(text.as_bytes()) {
            Verb::Other => Self::Other(text.to_ascii_uppercase().into_bytes()),
            verb => Self::Known(verb),
        })
    }

    fn is(&self, verb: Verb, command: Option<&Command<'_>>) -> bool {
        match (self, command) {
            (Self::Known(word), _) => *word == verb,
            (Self::Other(word), Some(Command::Other(other))) => word.eq_ignore_ascii_case(other.word()),
            (Self::Other(_), _) => false,
        }
    }
}

/// Whether a command may change something at the server: all but those of which it is known that they don't.
fn changes(verb: Verb, command: Option<&Command<'_>>) -> bool {
    match verb {
        // Some servers take a time before the path, and set it.
        Verb::Mdtm => match command {
            Some(Command::Mdtm(path)) => begins_with_time(path.as_bytes()),
            _ => true,
        },
        verb if verb.sets_up_data() => false,
        verb if verb.opens_data() => verb.is_upload(),
        Verb::User | Verb::Pass | Verb::Acct | Verb::Cwd | Verb::Cdup | Verb::Rein | Verb::Quit => false,
        Verb::Type | Verb::Stru | Verb::Mode | Verb::Rest | Verb::Rang | Verb::Abor | Verb::Pwd | Verb::Pret => false,
        Verb::Syst | Verb::Stat | Verb::Help | Verb::Noop | Verb::Feat | Verb::Opts | Verb::Lang | Verb::Host => false,
        Verb::Auth | Verb::Adat | Verb::Pbsz | Verb::Prot | Verb::Ccc | Verb::Sscn | Verb::Algs => false,
        Verb::Size | Verb::Mlst | Verb::Avbl | Verb::Dsiz | Verb::Clnt | Verb::Csid => false,
        Verb::Hash | Verb::Md5 | Verb::Xcrc | Verb::Xmd5 => false,
        Verb::Xsha | Verb::Xsha1 | Verb::Xsha256 | Verb::Xsha512 => false,
        _ => true,
    }
}

/// Whether a time stands before the path: `YYYYMMDDHHMM` at least, with seconds, a fraction or a zone behind, and a blank.
fn begins_with_time(argument: &[u8]) -> bool {
    let argument = argument.trim_ascii_start();
    let Some(end) = argument.iter().position(u8::is_ascii_whitespace) else { return false };
    let (word, _) = argument.split_at(end);
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits >= 12 && word.iter().skip(digits).all(|byte| byte.is_ascii_digit() || b".+-Zz".contains(byte))
}
