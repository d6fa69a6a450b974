//! Reads logs of FTP programs: finds the dialogue in what people paste.
//!
//! ```text
//!  bytes ─▶ lines, each with its time ─▶ the program's format ─▶ events of each session ─▶ Session, attempts ─▶ Evidence
//!           line.rs                      one file a program      dialogue.rs               evidence.rs
//! ```
//!
//! The program is recognised by its lines. Lines in no known format are skipped, and an incomplete log is read as far as it goes. No input
//! causes a panic.

mod bsd;
mod curl;
mod dialogue;
mod evidence;
mod filezilla;
mod ftplib;
mod guess;
mod lftp;
mod line;
mod ncftp;
mod ours;
mod proftpd;
mod transcript;
mod vsftpd;
mod wget;
mod winscp;
mod words;

use std::fmt;

use ftp_proto::{Evidence, Side, Software};

use dialogue::Sink;
pub use dialogue::{Dialogue, Event, What};
use line::Lines;

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    program: Program,
    dialogues: Vec<Dialogue>,
}

/// Sessions of one client with one server, which are diagnosed together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// The first line, from 1.
    pub first: usize,
    /// The last line.
    pub last: usize,
    /// The number of sessions.
    pub sessions: usize,
    /// Their evidence.
    pub evidence: Evidence,
    /// Whether a data connection failed without the log showing the command that asked for it: a longer log would tell more.
    pub is_cut: bool,
}

impl Case {
    /// Adds another session of the same client with the same server.
    fn is_of(&self, other: &Evidence) -> bool {
        self.evidence.side != Side::Server && (other.server.is_none() || self.evidence.server == other.server)
    }
}

/// The program that wrote a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Program {
    /// Only the dialogue: lines that begin with `C:` and `S:` or `>` and `<`, or commands and replies alone.
    Transcript,
    /// `curl -v`.
    Curl,
    /// lftp, with `debug`.
    Lftp,
    /// FileZilla, from its window or its file.
    FileZilla,
    /// WinSCP.
    WinScp,
    /// The `ftp` of Windows, of BSD (tnftp) and of GNU (inetutils), with `-v` or `-d`.
    Ftp,
    /// ncftp.
    Ncftp,
    /// wget, with `-d`, `-S` or neither.
    Wget,
    /// Python's ftplib, with `set_debuglevel`.
    Ftplib,
    /// vsftpd, with `log_ftp_protocol=YES`.
    Vsftpd,
    /// ProFTPD: TraceLog, SystemLog with DebugLevel, or ExtendedLog.
    ProFtpd,
    /// This project's `ftp-client -v`.
    FtpClient,
}

/// In order of preference if several fit equally.
const PROGRAMS: [Program; 12] = [
    Program::Transcript,
    Program::Curl,
    Program::FtpClient,
    Program::Lftp,
    Program::FileZilla,
    Program::WinScp,
    Program::Ftp,
    Program::Ncftp,
    Program::Wget,
    Program::Ftplib,
    Program::Vsftpd,
    Program::ProFtpd,
];

/// How many bytes of a log are read; the rest is ignored.
const LONGEST: usize = 16 << 20;

impl Log {
    /// Reads a log of any program. Allocates about as many bytes as the log has.
    pub fn read(bytes: &[u8]) -> Self {
        let text = line::decode(bytes.get(..LONGEST).unwrap_or(bytes));
        let program = Program::of(&text);
        Self { program, dialogues: program.dialogues(&text) }
    }

    /// Reads a log of this program.
    pub fn read_as(program: Program, bytes: &[u8]) -> Self {
        let text = line::decode(bytes.get(..LONGEST).unwrap_or(bytes));
        Self { program, dialogues: program.dialogues(&text) }
    }

    /// The program that wrote the log, as far as that can be told.
    pub fn program(&self) -> Program {
        self.program
    }

    /// The sessions in the log, except those without a command or reply.
    pub fn dialogues(&self) -> &[Dialogue] {
        &self.dialogues
    }

    /// The evidence. A client's sessions with one server are one case, since it tells more if something fails in one session and works in
    /// another. In a server's log each session is a case. Allocates.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for dialogue in &self.dialogues {
            let (evidence, is_cut) = dialogue.examined();
            let (first, last) = dialogue.lines();
            match cases.last_mut().filter(|case| case.is_of(&evidence)) {
                Some(case) => {
                    case.last = last;
                    case.sessions += 1;
                    case.is_cut |= is_cut;
                    evidence::merge(&mut case.evidence, evidence);
                }
                None => cases.push(Case { first, last, sessions: 1, evidence, is_cut }),
            }
        }
        cases
    }
}

impl Program {
    /// Recognises the program by the lines.
    fn of(text: &str) -> Self {
        let mut marks = [0_u64; PROGRAMS.len()];
        for line in Lines::of(text) {
            for (mark, program) in marks.iter_mut().zip(PROGRAMS) {
                *mark = mark.saturating_add(program.mark(line.text).into());
            }
        }
        let mut best = (0, Self::Transcript);
        for (mark, program) in marks.into_iter().zip(PROGRAMS) {
            if mark > best.0 {
                best = (mark, program);
            }
        }
        best.1
    }

    /// How much a line looks like this program's.
    fn mark(self, line: &str) -> u8 {
        match self {
            Self::Transcript => transcript::mark(line),
            Self::Curl => curl::mark(line),
            Self::Lftp => lftp::mark(line),
            Self::FileZilla => filezilla::mark(line),
            Self::WinScp => winscp::mark(line),
            Self::Ftp => bsd::mark(line),
            Self::Ncftp => ncftp::mark(line),
            Self::Wget => wget::mark(line),
            Self::Ftplib => ftplib::mark(line),
            Self::Vsftpd => vsftpd::mark(line),
            Self::ProFtpd => proftpd::mark(line),
            Self::FtpClient => ours::mark(line),
        }
    }

    fn dialogues(self, text: &str) -> Vec<Dialogue> {
        let mut sink = Sink::new(self);
        let mut lines = Lines::of(text);
        match self {
            Self::Transcript => lines.for_each(|line| transcript::read(line.text, sink.at(&line))),
            Self::Curl => lines.for_each(|line| curl::read(line.text, sink.at(&line))),
            Self::Lftp => lines.for_each(|line| lftp::read(line.text, sink.at(&line))),
            Self::FileZilla => lines.for_each(|line| filezilla::read(line.text, sink.at(&line))),
            Self::WinScp => lines.for_each(|line| winscp::read(line.text, sink.at(&line))),
            Self::Ftp => lines.for_each(|line| bsd::read(line.text, sink.at(&line))),
            Self::Ncftp => lines.for_each(|line| ncftp::read(line.text, sink.at(&line))),
            Self::Wget => lines.for_each(|line| wget::read(line.text, sink.at(&line))),
            Self::Ftplib => lines.for_each(|line| ftplib::read(line.text, sink.at(&line))),
            Self::Vsftpd => lines.for_each(|line| vsftpd::read(line.text, sink.at(&line))),
            Self::ProFtpd => {
                let mut reader = proftpd::Reader::default();
                lines.by_ref().for_each(|line| reader.read(line.text, sink.at(&line)));
            }
            Self::FtpClient => lines.for_each(|line| ours::read(line.text, sink.at(&line))),
        }
        sink.finish()
    }

    /// The side on which the program runs.
    pub const fn side(self) -> Side {
        match self {
            Self::Vsftpd | Self::ProFtpd => Side::Server,
            Self::Transcript => Side::Observer,
            _ => Side::Client,
        }
    }

    /// The server that the program is, if it is one.
    pub const fn server(self) -> Software {
        match self {
            Self::Vsftpd => Software::Vsftpd,
            Self::ProFtpd => Software::ProFtpd,
            _ => Software::Unknown,
        }
    }

    /// Which host of a 227 the program connects to, if its log doesn't tell.
    const fn dials(self) -> Dials {
        match self {
            Self::FileZilla | Self::Wget | Self::Ftp | Self::WinScp => Dials::Advertised,
            Self::Ftplib | Self::FtpClient | Self::Curl => Dials::Peer,
            Self::Transcript | Self::Lftp | Self::Ncftp | Self::Vsftpd | Self::ProFtpd => Dials::Unknown,
        }
    }
}

/// Which host of a 227 a program connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dials {
    /// The one that the 227 names.
    Advertised,
    /// The control connection's.
    Peer,
    /// Unknown.
    Unknown,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transcript => "a transcript",
            Self::Curl => "curl",
            Self::Lftp => "lftp",
            Self::FileZilla => "FileZilla",
            Self::WinScp => "WinSCP",
            Self::Ftp => "ftp",
            Self::Ncftp => "ncftp",
            Self::Wget => "wget",
            Self::Ftplib => "ftplib",
            Self::Vsftpd => "vsftpd",
            Self::ProFtpd => "ProFTPD",
            Self::FtpClient => "ftp-client",
        })
    }
}

/// The invariant for any bytes: they can be read as a log of each program without a panic, no session is empty, and a success is never diagnosed
/// as a failure. Tests and the fuzz target `doctor_log` call this.
#[doc(hidden)]
pub fn check(bytes: &[u8]) {
    let log = Log::read(bytes);
    assert_eq!(log, Log::read_as(log.program, bytes), "the program is the only choice");
    for program in PROGRAMS {
        for dialogue in Log::read_as(program, bytes).dialogues() {
            let (first, last) = dialogue.lines();
            assert!(!dialogue.events().is_empty() && 1 <= first && first <= last, "{dialogue:?}");
            let evidence = dialogue.evidence();
            let findings = ftp_proto::diagnosis::diagnose(&evidence);
            let well = evidence.attempts.iter().all(ftp_proto::Attempt::is_success) && evidence.surplus == 0;
            let spoken = matches!(evidence.speaks, None | Some(ftp_proto::Speaks::Ftp));
            let kept = matches!(evidence.control, ftp_proto::ControlState::Unknown | ftp_proto::ControlState::Alive);
            assert!(!(well && spoken && kept) || findings.is_empty(), "{findings} in {evidence:?}");
        }
    }
}
