//! The answers that only one kind of question has.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::{Directory, Exists, Facts, Hash, Login, Modified, Perform, Size, Status};
use crate::command::{Command, HashAlgorithm, Type, Verb};
use crate::reply::{Code, Reply};
use crate::server::answers::NOOP_OK;
use crate::server::context::GOODBYE;
use crate::server::permissions::Permissions;
use crate::server::words::Answer;
use crate::text::{Path, Text};
use crate::time::Time;

const WELCOME: &str = "Login successful.";

impl Login<'_> {
    /// The user name: the argument of this USER, or of the last one.
    pub fn user(&self) -> &[u8] {
        match &self.0.asked.command {
            Command::User(name) => name.as_bytes(),
            _ => &self.0.context.user,
        }
    }

    /// Answers USER with 331: a password is needed. Do so for every name, known or not, or names can be found out (RFC 2577 5). After PASS
    /// or ACCT it is sent as 530, and the login has failed.
    pub fn need_password(self) {
        let text = "Please specify the password.";
        match self.0.verb() {
            Verb::User => self.0.answer_static(Code::NEED_PASSWORD, text),
            _ => self.0.refuse(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
        }
    }

    /// Answers USER or PASS with 332: an account is needed, by ACCT (RFC 959 5.4). After ACCT it is sent as 530, and the login has failed.
    pub fn need_account(self) {
        let text = "Need account for login.";
        match self.0.verb() {
            Verb::Acct => self.0.refuse(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
            _ => self.0.answer_static(Code::NEED_ACCOUNT, text),
        }
    }

    /// Answers with 230: the user is logged in.
    pub fn accept(self) {
        self.0.answer_static(Code::LOGGED_IN, WELCOME);
    }

    /// Answers with 230: the user is logged in, with these permissions until the next USER that is accepted, REIN or AUTH. Choices by OPTS
    /// and LANG are reset, and an agreed data connection is closed.
    pub fn accept_with(self, permissions: Arc<Permissions>) {
        self.0.answer_granting(&Reply::from_static(Code::LOGGED_IN, WELCOME), Some(permissions));
    }

    /// As [`accept_with`](Self::accept_with), in the application's own words: 230, or 232 (RFC 2228: authorized by the security data
    /// exchange, such as a TLS client certificate). The permissions aren't granted by an answer that asks for more (331, 332).
    pub fn answer_with(self, answer: &Answer<'_>, permissions: Arc<Permissions>) {
        self.0.answer_with(answer, Some(permissions));
    }
}

impl Perform<'_> {
    /// Answers that it was done: with 250, or with 200, 213, 220 or 221 where the RFCs want that.
    pub fn done(self) {
        if let Some(facts) = changed(self.command()) {
            return self.0.answer(&Reply::new(Code::FILE_STATUS, facts));
        }
        let (code, text) = match self.0.verb() {
            Verb::Cwd | Verb::Cdup => (Code::FILE_ACTION_COMPLETED, "Directory successfully changed."),
            Verb::Dele => (Code::FILE_ACTION_COMPLETED, "Delete operation successful."),
            Verb::Rmd => (Code::FILE_ACTION_COMPLETED, "Remove directory operation successful."),
            Verb::Rnto => (Code::FILE_ACTION_COMPLETED, "Rename successful."),
            Verb::Smnt => (Code::FILE_ACTION_COMPLETED, "Done."),
            Verb::Quit => (Code::CLOSING_CONTROL_CONNECTION, GOODBYE),
            Verb::Noop => (Code::COMMAND_OKAY, NOOP_OK),
            Verb::Rein => (Code::SERVICE_READY, "Ready for a new user."),
            Verb::Host => (Code::SERVICE_READY, "Host accepted."),
            _ => (Code::COMMAND_OKAY, "Done."),
        };
        self.0.answer_static(code, text);
    }
}

/// The facts that MFMT, MFCT or MFF has changed: `Modify=20240229235960; path` (draft-somers-ftp-mfxx-03 3.1, 4.1, 5.1).
fn changed(command: &Command<'_>) -> Option<Text<'static>> {
    let mut text = Vec::new();
    let path = match command {
        Command::Mfmt(time, path) | Command::Mfct(time, path) => {
            let fact: &[u8] = if command.verb() == Verb::Mfmt { b"Modify=" } else { b"Create=" };
            text.extend_from_slice(fact);
            time.encode(&mut text);
            text.push(b';');
            path
        }
        Command::Mff(facts, path) => {
            facts.encode(&mut text);
            path
        }
        _ => return None,
    };
    text.push(b' ');
    text.extend_from_slice(path.as_bytes());
    Text::try_from(text).ok()
}

impl Exists<'_> {
    /// Answers with 350: the file exists, and RNTO may come.
    pub fn exists(self) {
        self.0.answer_static(Code::PENDING_FURTHER_INFORMATION, "Ready for RNTO.");
    }
}

impl Directory<'_> {
    /// Answers with 257 and this directory, its quotes doubled (RFC 959 appendix II): the current one for PWD, the new one for MKD.
    pub fn path(self, path: &Path<'_>) {
        let comment = match self.0.verb() {
            Verb::Mkd => "created",
            _ => "is the current directory",
        };
        self.0.answer_draft(Reply::of_path(path, &Text::from_static(comment)));
    }
}

impl Size<'_> {
    /// The TYPE in force, in which SIZE counts the bytes (RFC 3659 4.1): never `A` unless
    /// [`Config::size_in_ascii`](crate::server::Config::size_in_ascii) is set.
    pub fn representation(&self) -> Type {
        self.0.context.connection.session.representation()
    }

    /// Answers with 213 and the number of bytes that a transfer of the file would send (RFC 3659 4), or that AVBL and DSIZ ask for.
    pub fn bytes(self, size: u64) {
        self.0.answer_draft(Reply::of_size(size));
    }
}

impl Modified<'_> {
    /// Answers with 213 and this time, in UTC (RFC 3659 3).
    pub fn at(self, time: Time) {
        self.0.answer_draft(Reply::of_time(time));
    }
}

impl Facts<'_> {
    /// The facts that the client wants, from [`Support::facts`](crate::server::Support::facts).
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.0.context.facts()
    }

    /// Answers with these facts, written as in RFC 3659 7.2 (`type=file;size=12;`), and the path.
    pub fn are(self, facts: &Text<'_>, path: &Path<'_>) {
        self.0.answer_draft(Reply::of_facts(facts, path));
    }
}

impl Hash<'_> {
    /// The algorithm that is wanted, such as `SHA-256`. For HASH it is one of [`Support::hashes`](crate::server::Support::hashes).
    pub fn algorithm(&self) -> &str {
        let named = self.0.verb().hash_algorithm().and_then(HashAlgorithm::name);
        named.unwrap_or_else(|| self.0.context.support().chosen_hash(self.0.context.chosen))
    }

    /// The bytes to hash, from the first to the last, counted from 0, if RANG named them. `None`: the whole file.
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        match self.0.asked.command {
            Command::Hash(_) => self.0.context.seldom.range().map(|range| range.start..=range.end),
            _ => None,
        }
    }

    /// Answers with the hash: HASH with `213 SHA-256 0-49 <digits> path` for a file of 49 bytes (draft-bryan-ftpext-hash-02 3.1), MD5 with
    /// `251 path <digits>`, the X commands with 250 and the digits. `size` is the size of the whole file, in bytes.
    pub fn is(self, hash: &[u8], size: u64) {
        let mut digits = Vec::new();
        for byte in hash {
            digits.extend_from_slice(alloc::format!("{byte:02x}").as_bytes());
        }
        let (start, end) = self.0.context.seldom.range().map_or((0, size), |range| (range.start, range.end));
        let (code, text) = match &self.0.asked.command {
            Command::Hash(path) => {
                let front = alloc::format!("{} {start}-{end} ", self.algorithm());
                (Code::FILE_STATUS, [front.as_bytes(), &digits, b" ", path.as_bytes()].concat())
            }
            Command::Md5(path) => (Code::HASH_VALUE, [path.as_bytes(), b" ", &digits].concat()),
            _ => (Code::FILE_ACTION_COMPLETED, digits),
        };
        let text = Text::try_from(text).unwrap_or_default();
        self.0.answer(&Reply::new(code, text));
    }
}

impl Status<'_> {
    /// Answers with 213 and these lines, as LIST would show them. (For directories RFC 959 4.1.3 has 212, which only ProFTPD sends; vsftpd,
    /// Pure-FTPd and pyftpdlib send 213.)
    pub fn lines<'t>(self, lines: impl IntoIterator<Item = Text<'t>>) {
        let (first, last) = (Text::from_static("Status follows:"), Text::from_static("End of status"));
        self.0.answer(&Reply::with_lines(Code::FILE_STATUS, first, lines, last));
    }
}
