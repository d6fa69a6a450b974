//! The command lines that a client has sent, and which replies can answer them.

use std::collections::VecDeque;

use ftp_proto::{Class, Code, Command, CommandError, CommandLine, EpsvArgument, Verb};

/// A command line whose final reply has not been written.
pub struct Line {
    /// `Err`: it was over the limit.
    pub bytes: Result<Vec<u8>, usize>,
    /// Its 1yz was written.
    pub begun: bool,
    /// The application was asked about it.
    pub asked: bool,
}

impl Line {
    pub fn command(&self) -> Result<Command<'_>, CommandError> {
        match &self.bytes {
            Ok(line) => CommandLine::parse(line).map(|line| line.command),
            Err(limit) => Err(CommandError::LineTooLong { limit: *limit }),
        }
    }

    pub fn show(&self) -> String {
        self.bytes.as_ref().map_or("a line that was too long".into(), |line| line.escape_ascii().to_string())
    }

    pub fn is_quit(&self) -> bool {
        self.command() == Ok(Command::Quit)
    }

    /// `None`: the line was over the limit, and this doesn't know what it began with. A line that is no command has a verb, too.
    pub fn verb(&self) -> Option<Verb> {
        let line = self.bytes.as_ref().ok()?;
        let word = line.split(|byte| *byte == b' ').next()?;
        Some(self.command().map_or_else(|error| error.verb().unwrap_or(Verb::parse(word)), |command| command.verb()))
    }

    pub fn is_upload(&self) -> bool {
        self.command().is_ok_and(|command| command.verb().is_upload())
    }

    pub fn is_transfer(&self) -> bool {
        self.command().is_ok_and(|command| command.verb().opens_data())
    }
}

/// Takes from the lines that are due the one that this reply ends, if it ends one, and says what is wrong if there is none.
pub fn account(due: &mut VecDeque<Line>, code: Code) -> Result<Option<Line>, String> {
    let Some(front) = due.front_mut() else {
        // Unasked is only the farewell of who was silent for too long.
        return if code == Code::SERVICE_NOT_AVAILABLE { Ok(None) } else { Err("nothing was asked".into()) };
    };
    if code.class() == Class::Preliminary {
        let may = front.is_transfer() && !front.begun;
        front.begun = true;
        return if may { Ok(None) } else { Err(format!("a second preliminary, or one to {}", front.show())) };
    }
    // Amid a transfer NOOP and STAT are answered at once.
    let amid = if front.is_transfer() { due.iter().skip(1).position(|line| urgent(line, code)) } else { None };
    let taken = match amid {
        Some(place) => due.remove(place + 1),
        None => due.pop_front(),
    };
    let line = taken.expect("it is there");
    if fits(&line, code) { Ok(Some(line)) } else { Err(format!("that is no answer to {}", line.show())) }
}

fn urgent(line: &Line, code: Code) -> bool {
    match line.command() {
        Ok(Command::Noop) => code == Code::COMMAND_OKAY,
        Ok(Command::Stat(None)) => code == Code::SYSTEM_STATUS,
        _ => false,
    }
}

/// Whether this final reply can answer that line.
fn fits(line: &Line, code: Code) -> bool {
    let command = match line.command() {
        Ok(command) => command,
        // Before the login nobody learns more than that; a 500 for a line too long stands for it in its turn.
        // Another protocol's line is a mistake, whatever is wrong with it.
        // What isn't supported isn't asked for its argument.
        Err(error) => return matches!(code.value(), 500 | 530 | 421 | 502) || code == error.reply().code(),
    };
    if line.asked && command.verb().may_be_answered_with(code) {
        // In the application's own words.
        return true;
    }
    if code.is_negative() {
        return !matches!(command.verb(), Verb::Noop | Verb::Quit | Verb::Syst | Verb::Feat) || code.value() == 421;
    }
    let codes: &[u16] = match (command.verb(), &command) {
        (Verb::User, _) => &[331, 332, 230],
        (Verb::Pass, _) => &[230, 332],
        (Verb::Acct, _) => &[202, 230],
        (Verb::Auth, _) => &[234],
        (Verb::Pbsz | Verb::Prot | Verb::Ccc, _) => &[200],
        (Verb::Rein | Verb::Host, _) => &[220],
        (Verb::Pwd | Verb::Mkd, _) => &[257],
        (Verb::Cwd | Verb::Cdup | Verb::Dele | Verb::Rmd | Verb::Rnto | Verb::Mlst, _) => &[250],
        (Verb::Rnfr | Verb::Rest | Verb::Rang, _) => &[350],
        (Verb::Size | Verb::Mdtm | Verb::Avbl | Verb::Dsiz | Verb::Mfmt | Verb::Mfct | Verb::Mff, _) => &[213],
        (Verb::Hash, _) | (_, Command::Stat(Some(_))) => &[213],
        (Verb::Md5, _) => &[251],
        (Verb::Xcrc | Verb::Xmd5 | Verb::Xsha | Verb::Xsha1 | Verb::Xsha256 | Verb::Xsha512, _) => &[250],
        (Verb::Smnt, _) => &[250],
        (Verb::Site, _) => &[200, 214],
        (Verb::Lpsv, _) => &[228],
        (Verb::Pasv, _) => &[227],
        (_, Command::Epsv(EpsvArgument::All)) => &[200],
        (Verb::Epsv, _) => &[229],
        (
            Verb::Port
            | Verb::Eprt
            | Verb::Lprt
            | Verb::Pret
            | Verb::Csid
            | Verb::Lang
            | Verb::Type
            | Verb::Stru
            | Verb::Mode
            | Verb::Noop
            | Verb::Clnt,
            _,
        ) => &[200],
        (Verb::Opts, _) => &[200],
        (Verb::Abor, _) => &[225, 226],
        (Verb::Allo, _) => &[200, 202],
        (Verb::Syst, _) => &[215],
        (Verb::Feat, _) => &[211],
        (_, Command::Stat(None)) => &[211],
        (Verb::Help, _) => &[214],
        (Verb::Quit, _) => &[221],
        (verb, _) if verb.opens_data() => &[226],
        (Verb::Other, _) => &[],
        _ => return true,
    };
    codes.contains(&code.value())
}
