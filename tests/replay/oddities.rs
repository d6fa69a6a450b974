//! Where the real programs did what no rule says: each with its line and why. A test fails if one of these isn't needed.

use ftp_proto::session::OutOfOrder;
use ftp_proto::{AddressFault, ArgumentFault, CommandError, Verb};

/// What is odd about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// A command that the server never answered, though it answered later ones.
    Silent,
    /// A command whose final reply didn't come before the end.
    Unfinished,
    /// A reply to nothing.
    NobodyAsked,
    /// A reply that comes before those to earlier commands; it answers the command of this line, and can't be taken for
    /// anything else.
    Overtakes(usize),
    /// A line that is no reply, though one should begin here.
    NotAReply,
}

pub struct Odd {
    pub file: &'static str,
    pub line: usize,
    pub what: Oddity,
    pub why: &'static str,
}

const fn odd(file: &'static str, line: usize, what: Oddity, why: &'static str) -> Odd {
    Odd { file, line, what, why }
}

use Oddity::*;

/// At most one for a line.
pub const ODDITIES: &[Odd] = &[
    odd("clients/lftp-active__libunftp.2.txt", 21, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.2.txt", 22, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.2.txt", 23, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.2.txt", 24, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.3.txt", 21, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.3.txt", 22, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.3.txt", 23, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.3.txt", 24, Unfinished, "libunftp forgets PASS's reply and closes"),
    odd("clients/lftp-active__libunftp.txt", 90, Unfinished, "lftp gives up on replies that come in another order"),
    odd("clients/lftp-active__libunftp.txt", 91, Overtakes(89), "libunftp answers SIZE, EPSV, RETR as each gets ready"),
    odd("clients/lftp-active__libunftp.txt", 92, Overtakes(90), "libunftp answers SIZE, EPSV, RETR as each gets ready"),
    odd("clients/python__pyftpdlib.2.txt", 117, Unfinished, "urgent data: the server reads QUIT as a part of ABOR"),
    odd("clients/python__pyftpdlib.txt", 117, Unfinished, "urgent data: the server reads QUIT as a part of ABOR"),
    odd("clients/python__vsftpd.txt", 107, Unfinished, "the client resets the connection"),
    odd("clients/python__vsftpd.txt", 109, Unfinished, "the client resets the connection"),
    odd("probe_proftpd.txt", 231, Unfinished, "waits for the data connection for longer than the probe"),
    odd("probe_proftpd.txt", 232, Unfinished, "waits behind LIST"),
    odd("probe_proftpd.txt", 365, Silent, "a bare LF ends no line there: it is NOOP with an argument"),
    odd("probe_proftpd.txt", 407, Unfinished, "closes after a line that is too long"),
    odd("probe_proftpd.txt", 408, Unfinished, "closes after a line that is too long"),
    odd("probe_pure-ftpd.txt", 250, Unfinished, "waits for the data connection for longer than the probe"),
    odd("probe_pure-ftpd.txt", 251, Unfinished, "waits behind LIST"),
    odd("probe_pyftpdlib.txt", 197, Unfinished, "waits for PASV or PORT after its 150"),
    odd("probe_pyftpdlib.txt", 199, Unfinished, "waits for PASV or PORT after its 150"),
    odd("probe_pyftpdlib.txt", 210, Unfinished, "waits for PASV or PORT after its 150"),
    odd("probe_pyftpdlib.txt", 221, Unfinished, "waits for the data connection for longer than the probe"),
    odd("probe_pure-ftpd.txt", 407, Silent, "lines that are no command are ignored"),
    odd("probe_pure-ftpd.txt", 412, Silent, "lines that are no command are ignored"),
    odd("probe_pure-ftpd.txt", 413, Silent, "lines that are no command are ignored"),
    odd("probe_pure-ftpd.txt", 414, Silent, "lines that are no command are ignored"),
    odd("probe_pure-ftpd.txt", 416, Silent, "lines that are no command are ignored"),
    odd("probe_pure-ftpd.txt", 417, Silent, "lines that are no command are ignored, and Telnet makes them so"),
    odd("probe_pure-ftpd.txt", 448, Unfinished, "closes after a line that is too long"),
    odd("probe_pyftpdlib.txt", 355, Silent, "a bare LF ends no line there: it is part of the next"),
    odd("probe_pyftpdlib.txt", 358, NotAReply, "the 500 repeats the LF of the command, and so breaks in two"),
    odd("probe_pyftpdlib.txt", 382, Unfinished, "NUL in a path ends the session"),
    odd("probe_pyftpdlib.txt", 384, Unfinished, "NUL in a path ends the session"),
    odd("probe_pyftpdlib.txt", 395, NobodyAsked, "the rest of a line that is too long counts as another line"),
    odd("probe_pyftpdlib.txt", 400, NobodyAsked, "the rest of a line that is too long counts as another line"),
    odd("probe_vsftpd.txt", 347, Silent, "empty lines are ignored"),
    odd("probe_vsftpd.txt", 348, Silent, "empty lines are ignored"),
    odd("probe_vsftpd.txt", 381, Unfinished, "closes after a line that is too long"),
    odd("probe_pyftpdlib.txt", 224, Overtakes(223), "NOOP is answered amid a transfer"),
];

pub fn oddity(file: &str, line: usize) -> Option<Oddity> {
    ODDITIES.iter().find(|odd| odd.file == file && odd.line == line).map(|odd| odd.what)
}

/// A command that the session table advises against, and the server took all the same.
pub struct Taken {
    pub file: &'static str,
    pub line: usize,
    pub against: OutOfOrder,
    pub why: &'static str,
}

impl Taken {
    pub const ALL: &'static [Self] = &[
        Self {
            file: "probe_pure-ftpd.txt",
            line: 67,
            against: OutOfOrder::BadSequence,
            why: "pure-ftpd says 202 to ACCT at any time; RFC 959 5.4 has it behind a 332, or behind the login",
        },
        Self {
            file: "probe_pure-ftpd.txt",
            line: 265,
            against: OutOfOrder::EpsvAll,
            why: "pure-ftpd takes EPSV ALL for the end of active mode only; RFC 2428 4 forbids PASV too",
        },
        Self {
            file: "probe_vsftpd.txt",
            line: 213,
            against: OutOfOrder::EpsvAll,
            why: "vsftpd forgets EPRT, where it refuses PORT",
        },
    ];

    pub fn find(file: &str, line: usize) -> Option<&'static Self> {
        Self::ALL.iter().find(|taken| taken.file == file && taken.line == line)
    }
}

/// A command line that we read and write in another way.
pub struct Normalised {
    pub line: &'static [u8],
    pub written: &'static [u8],
    pub why: &'static str,
}

pub const NORMALISED: &[Normalised] = &[
    Normalised { line: b"NOOP ", written: b"NOOP", why: "a command without argument ignores what follows" },
    Normalised { line: b"NOOP x", written: b"NOOP", why: "a command without argument ignores what follows" },
    Normalised {
        line: b"PORT  127,0,0,1,100,1",
        written: b"PORT 127,0,0,1,100,1",
        why: "blanks before an argument that is no path are skipped",
    },
    Normalised {
        line: b"EPRT !1!127.0.0.1!25000!",
        written: b"EPRT |1|127.0.0.1|25000|",
        why: "the delimiter is free, and | is recommended (RFC 2428 2)",
    },
];

/// A line that is no command to us.
pub struct Malformed {
    pub line: &'static [u8],
    pub error: CommandError,
    pub code: u16,
    pub why: &'static str,
}

pub const MALFORMED: &[Malformed] = &[
    malformed(b"", CommandError::Empty, 500, "the probe of an empty line"),
    malformed(b"  NOOP", CommandError::LeadingBlank, 500, "no server of the four takes it"),
    malformed(b"NO\x00OP", illegal(0, 2), 501, "NUL is in no command"),
    malformed(b"NOOP\rABOR", illegal(b'\r', 4), 501, "a CR alone ends no line and is in no command"),
    malformed(b"CWD a\rb", illegal(b'\r', 5), 501, "a CR alone is in no path"),
    malformed(b"CWD a\r\x00b", illegal(b'\r', 5), 501, "nor is Telnet's CR NUL (a choice against RFC 2640 3.1)"),
    malformed(b"SITE", CommandError::MissingArgument(Verb::Site), 501, "SITE needs a word"),
    malformed(b"ALLO", CommandError::MissingArgument(Verb::Allo), 501, "vsftpd ignores the argument"),
    malformed(b"REST x", bad(Verb::Rest, 5, ArgumentFault::Number), 501, "vsftpd takes it for 0"),
    malformed(b"REST -1", bad(Verb::Rest, 5, ArgumentFault::Number), 501, "vsftpd takes it for 0"),
    malformed(b"TYPE X", CommandError::UnsupportedParameter { verb: Verb::Type, at: 5 }, 504, "there is no such type"),
    malformed(b"EPSV 3", protocol(Verb::Epsv, 5), 522, "no protocol has this number; pure-ftpd doesn't look"),
    malformed(b"EPRT |3|x|25000|", protocol(Verb::Eprt, 6), 522, "no protocol has this number"),
    malformed(b"EPSV x", address(Verb::Epsv, 5, AddressFault::Protocol), 501, "pure-ftpd doesn't look"),
    malformed(b"PORT 127,0,0,1,0,0", address(Verb::Port, 15, AddressFault::PortZero), 501, "port 0 can't be dialled"),
    malformed(b"PORT 1,2,3", address(Verb::Port, 10, AddressFault::Count(3)), 501, "six numbers are needed"),
    malformed(b"PORT 300,0,0,1,1,1", address(Verb::Port, 5, AddressFault::Octet), 501, "300 is no octet"),
    malformed(
        b"PORT 127, 0,0,1,100,1",
        address(Verb::Port, 9, AddressFault::Octet),
        501,
        "no client sends blanks inside, and of the four servers proftpd refuses them too",
    ),
];

const fn malformed(line: &'static [u8], error: CommandError, code: u16, why: &'static str) -> Malformed {
    Malformed { line, error, code, why }
}

const fn illegal(byte: u8, at: usize) -> CommandError {
    CommandError::IllegalByte { byte, at }
}

const fn bad(verb: Verb, at: usize, why: ArgumentFault) -> CommandError {
    CommandError::BadArgument { verb, at, why }
}

const fn address(verb: Verb, at: usize, why: AddressFault) -> CommandError {
    bad(verb, at, ArgumentFault::Address(why))
}

const fn protocol(verb: Verb, at: usize) -> CommandError {
    CommandError::UnsupportedProtocol { verb, at }
}
