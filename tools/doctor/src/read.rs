//! Logs of FTP programs: finds the dialogue in what people paste.
//!
//! ```text
//!  bytes ─▶ lines, each with its time ─▶ the program's format ─▶ events of each session ─▶ Session, attempts ─▶ Evidence
//!           line.rs                      one file a program      dialogue.rs               evidence.rs
//! ```
//!
//! The program is recognised by its lines; what fits no format is skipped, and half a log is read as far as it goes. No input panics.

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

/// A log, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    program: Program,
    dialogues: Vec<Dialogue>,
}

/// Sessions that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// The first line, from 1.
    pub first: usize,
    /// The last line.
    pub last: usize,
    /// How many sessions.
    pub sessions: usize,
    /// What they are evidence of.
    pub evidence: Evidence,
    /// A data connection failed, and the log doesn't show how it was asked for: more of it would tell why.
    pub is_cut: bool,
}

impl Case {
    /// Another session of the same client's with the same server.
    fn is_of(&self, other: &Evidence) -> bool {
        self.evidence.side != Side::Server && (other.server.is_none() || self.evidence.server == other.server)
    }
}

/// Who wrote a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Program {
    /// A dialogue without a program's own words: lines that begin with `C:` and `S:`, `>` and `<`, or commands and replies alone.
    Transcript,
    /// `curl -v`.
    Curl,
    /// lftp, with `debug`.
    Lftp,
    /// FileZilla, what its window shows or its file.
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

/// The first of two that fit equally is taken.
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

/// How much of a log is read, in bytes: what lies behind is left out.
const LONGEST: usize = 16 << 20;

impl Log {
    /// Reads a log of whichever program. Allocates as much again as the log has.
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

    /// Who wrote it, as far as can be told.
    pub fn program(&self) -> Program {
        self.program
    }

    /// The sessions in it, those without a word said left out.
    pub fn dialogues(&self) -> &[Dialogue] {
        &self.dialogues
    }

    /// What it is evidence of. A client's sessions with one server are one case: what fails in one and works in another tells more. In a
    /// server's log each session is its own. Allocates.
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
    /// Whose lines these are.
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

    /// At which end it stands.
    pub const fn side(self) -> Side {
        match self {
            Self::Vsftpd | Self::ProFtpd => Side::Server,
            Self::Transcript => Side::Observer,
            _ => Side::Client,
        }
    }

    /// Which server wrote it.
    pub const fn server(self) -> Software {
        match self {
            Self::Vsftpd => Software::Vsftpd,
            Self::ProFtpd => Software::ProFtpd,
            _ => Software::Unknown,
        }
    }

    /// Which host of a 227 it dials where its log doesn't say.
    const fn dials(self) -> Dials {
        match self {
            Self::FileZilla | Self::Wget | Self::Ftp | Self::WinScp => Dials::Advertised,
            Self::Ftplib | Self::FtpClient | Self::Curl => Dials::Peer,
            Self::Transcript | Self::Lftp | Self::Ncftp | Self::Vsftpd | Self::ProFtpd => Dials::Unknown,
        }
    }
}

/// Which host of a 227 is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dials {
    /// The one that it names.
    Advertised,
    /// The control connection's.
    Peer,
    /// Nobody can tell.
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

/// What holds of any bytes: they are read without a panic, the same as each program's, no session is empty, and a success is never ill.
/// Tests and the fuzz target `doctor_log` call it.
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
