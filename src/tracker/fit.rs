//! How well a reply fits a command, where the order alone doesn't tell which of two it answers.
//!
//! The codes are those of RFC 959 5.4 and of the dialogues with vsftpd and pyftpdlib in `testdata/transcripts`; the scores with
//! the other servers are in `testdata/tracker.tsv`.

use crate::command::Verb::{
    self, Abor, Acct, Allo, Appe, Auth, Ccc, Cdup, Cpsv, Cwd, Dele, Eprt, Epsv, Feat, Hash, Help, Host, Lang, List,
    Lprt, Lpsv, Mdtm, Mfct, Mfmt, Mkd, Mlsd, Mlst, Mode, Nlst, Noop, Opts, Other, Pass, Pasv, Pbsz, Port, Prot, Pwd,
    Quit, Rein, Rest, Retr, Rmd, Rnfr, Rnto, Site, Size, Stat, Stor, Stou, Stru, Syst, Type, User,
};
use crate::reply::{Class, Code, Reply};
use crate::session::{Awaited, CommandId, Pending};

/// From worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It can't answer it.
    Cannot,
    /// Nothing speaks against it.
    Possible,
    /// It is a refusal that such commands get. Others get it too, so that it tells none from another.
    Likely,
    /// The code is the usual one for this command.
    Usual,
    /// The text names the command, or has its form.
    Named,
}

/// Positive replies, and the commands whose usual ones they are.
#[rustfmt::skip]
const USUAL: &[(&[u16], &[Verb])] = &[
    (&[200],           &[Type, Mode, Stru, Noop, Port, Eprt, Lprt, Allo, Opts, Pbsz, Prot, Ccc, Lang, Cdup]),
    (&[202],           &[Allo, Acct, Site]),
    (&[211],           &[Feat, Stat]),
    (&[212],           &[Stat]),
    (&[213],           &[Stat, Hash, Mfmt, Mfct]),
    (&[214],           &[Help, Site]),
    (&[215],           &[Syst]),
    (&[220],           &[Rein, Host]),
    (&[221],           &[Quit]),
    (&[225, 226],      &[Abor]),
    (&[227],           &[Pasv, Cpsv]),
    (&[228],           &[Lpsv]),
    (&[229],           &[Epsv]),
    (&[230, 332],      &[User, Pass, Acct]),
    (&[331],           &[User]),
    (&[234, 334],      &[Auth]),
    (&[250],           &[Cwd, Cdup, Dele, Rmd, Rnto, Mlst]),
    (&[257],           &[Mkd, Pwd]),
    (&[350],           &[Rest, Rnfr]),
    (&[125, 150, 226, 250], &[Retr, Stor, Stou, Appe, List, Nlst, Mlsd]),
];

/// Refusals of one path, and the commands that name one.
const OF_PATHS: &[Verb] =
    &[Cwd, Cdup, Dele, Rmd, Rnfr, Rnto, Mkd, Size, Mdtm, Mlst, Retr, Stor, Stou, Appe, List, Nlst, Mlsd, Stat];

/// After this many replies that were withheld in a row the client is taken to wait for each reply.
const MOST_DOUBTS: u8 = 2;

/// Of several commands the one that a reply fits best.
pub(super) struct Best {
    pub(super) id: CommandId,
    pub(super) awaited: Awaited,
    pub(super) fit: Fit,
    /// It fits another as well.
    pub(super) is_tied: bool,
}

impl Best {
    pub(super) const NONE: Self =
        Self { id: CommandId::GREETING, awaited: Awaited::Greeting, fit: Fit::Cannot, is_tied: false };

    pub(super) fn add(&mut self, due: Pending, fit: Fit) {
        if fit > self.fit {
            *self = Self { id: due.id, awaited: due.awaited, fit, is_tied: false };
        } else if fit == self.fit {
            self.is_tied = true;
        }
    }
}

/// What a reply answers, where some of what is due was perhaps answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The stale one.
    Old,
    /// The other one.
    New,
    /// It can answer neither.
    Nothing,
    Unclear,
}

impl Choice {
    /// `old` is the best among what is stale, `new` among the rest; so many `doubts` were withheld before, one after the other. A reply that can answer
    /// one of them alone has to fit it as `least` at least.
    pub(super) fn of(old: &Best, new: &Best, least: Fit, pipelines: bool, doubts: u8) -> Self {
        let old_alone = pipelines || !old.is_tied;
        match (old.fit, new.fit) {
            (Fit::Cannot, Fit::Cannot) => Self::Nothing,
            (Fit::Cannot, new) if new >= least => Self::New,
            (old, Fit::Cannot) if old >= least && old_alone => Self::Old,
            (Fit::Cannot, _) | (_, Fit::Cannot) => Self::Unclear,
            (old, new) if old >= Fit::Usual && old > new && old_alone => Self::Old,
            (old, new) if new >= Fit::Usual && new > old => Self::New,
            (old, new) if pipelines && new > old => Self::New,
            _ if pipelines => Self::Old,
            (old, new) if doubts >= MOST_DOUBTS && new >= old => Self::New,
            _ => Self::Unclear,
        }
    }
}

/// How well this reply fits this command.
pub(super) fn fit(due: &Pending, reply: &Reply<'_>) -> Fit {
    let code = reply.code();
    if !due.can_be_answered(code) || (due.begun && code.is_preliminary()) {
        return Fit::Cannot;
    }
    let Awaited::Command(verb) = due.awaited else {
        // Whoever refuses a connection says nothing behind it.
        return if matches!(code.value(), 120 | 220 | 421) { Fit::Usual } else { Fit::Possible };
    };
    let usual = match verb {
        Size | Mdtm if code == Code::FILE_STATUS => {
            let is_time = reply.modified().is_ok();
            if (verb == Mdtm) != is_time {
                return Fit::Possible;
            }
            // A text says nothing about its command here.
            return Fit::Named;
        }
        Type if code == Code::COMMAND_OKAY && says_a_type(reply.text()) => return Fit::Named,
        Epsv if due.is_epsv_all => code == Code::COMMAND_OKAY,
        // It is the transfer's, whatever it says of the ABOR.
        Abor if code == Code::TRANSFER_ABORTED => return Fit::Possible,
        _ => is_usual(verb, code),
    };
    match () {
        // Servers name USER and PASS in refusals of anything.
        () if !matches!(verb, Other | User | Pass) && names(reply.text(), verb) => Fit::Named,
        () if usual => Fit::Usual,
        () if is_likely(verb, code) => Fit::Likely,
        () => Fit::Possible,
    }
}

fn is_usual(verb: Verb, code: Code) -> bool {
    match (code.class(), code.value()) {
        (Class::Preliminary | Class::Completion | Class::Intermediate, value) => {
            USUAL.iter().any(|(codes, verbs)| codes.contains(&value) && verbs.contains(&verb))
        }
        (_, 425 | 426 | 451 | 452 | 552) => verb.opens_data(),
        (_, 522) => matches!(verb, Eprt | Epsv),
        _ => false,
    }
}

fn is_likely(verb: Verb, code: Code) -> bool {
    match code.value() {
        450 | 550 | 553 => OF_PATHS.contains(&verb),
        530 => matches!(verb, User | Pass),
        503 => matches!(verb, Pass | Rnto),
        _ => false,
    }
}

/// vsftpd doesn't name TYPE, but what was chosen.
fn says_a_type(text: &[u8]) -> bool {
    contains_word(text, b"binary") || contains_word(text, b"ascii")
}

/// Whether the text holds the command's word. In capitals, since `user`, `port` and `list` are words of any text.
fn names(text: &[u8], verb: Verb) -> bool {
    words(text).any(|word| word == verb.word().as_bytes())
}

/// Whether a word stands there, in any case.
fn contains_word(text: &[u8], word: &[u8]) -> bool {
    words(text).any(|found| found.eq_ignore_ascii_case(word))
}

/// The words among the first bytes.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.get(..128).unwrap_or(text).split(|byte| !byte.is_ascii_alphanumeric())
}
