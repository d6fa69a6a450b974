//! RFC 959 5.4 and chapter 6, with the sequences of the later RFCs, as data: which replies can answer a command, and how each of them
//! changes the session.
//!
//! The codes are those of the RFCs and those that servers really send (pyftpdlib answers REIN with 230 and EPSV ALL with
//! 220). A negative reply can answer any command, but 426 only one that moves data or aborts.
//!
//! What doesn't fit into the table is in [`Session`](super::Session):
//! - a value that the command names (TYPE's, PROT's) is put in force by its success, REST's offset by its 3yz;
//! - EPSV ALL sets up no data connection;
//! - a transfer that was refused before its 1yz leaves the data connection for the next one, unless the code is 425 or 554;
//! - a transfer that ends with 250 leaves the data connection for the next one, if the data marks the end of a file;
//! - a complete login survives a USER, PASS or ACCT that is refused;
//! - after a greeting of 230, a 503 to USER is a login, unless AUTH or REIN came between;
//! - ACCT counts only if 332 asked for it;
//! - TLS that began with the connection outlives REIN;
//! - the replies to ABOR, and those to NOOP and STAT amid a transfer, may overtake others; so may a refusal of ABOR (500, 501, 503, 504), and a 502;
//! - 421 and 221 end the session, whatever they answer.

use crate::command::Verb::{
    self, Abor, Acct, Adat, Appe, Auth, Ccc, Cpsv, Eprt, Epsv, Host, List, Lprt, Lpsv, Mkd, Mlsd, Nlst, Other, Pass,
    Pasv, Pbsz, Port, Pwd, Quit, Rang, Rein, Rest, Retr, Rnfr, Site, Sscn, Stor, Stou, User,
};
use crate::reply::{Class, Code};

use super::Step;
use super::due::Awaited;

/// Commands that have the same replies.
pub(super) struct Row {
    verbs: &'static [Verb],
    /// The positive replies that can answer it.
    answers: &'static [Codes],
    /// What a 2yz, a 3yz, and a negative reply change.
    pub(super) success: Change,
    pub(super) proceed: Change,
    pub(super) failure: Change,
}

/// Ranges of codes, each with its first and its last code.
type Codes = &'static [(u16, u16)];

/// What a reply changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    /// The user is logged in.
    LoggedIn,
    /// 331 or 336: PASS is next; 332: ACCT is.
    AskedOn,
    /// ACCT is next.
    AskedForAccount,
    LoggedOut,
    AccountAccepted,
    AccountRefused,
    /// The session is as it was at first.
    Reinitialised,
    /// The session is as it was at first, but TLS begins.
    Secured,
    /// ADAT is next.
    Exchanging,
    Established,
    /// PROT may come.
    Buffered,
    Cleared,
    /// RNTO is next.
    Renaming,
    /// The server listens.
    Passive,
    /// The client listens.
    Active,
    /// The transfer has used up what was set up for it.
    Spent,
    Ended,
}

use Change::{
    AccountAccepted, AccountRefused, Active, AskedForAccount, AskedOn, Buffered, Cleared, Ended, Established,
    Exchanging, LoggedIn, LoggedOut, Nothing, Passive, Reinitialised, Renaming, Secured, Spent,
};

/// For most commands: any 2yz but those that belong to other commands.
const DONE: Codes = &[(200, 219), (222, 224), (231, 231), (233, 233), (236, 256), (258, 299)];
/// Any 1yz but that of a greeting and of REIN.
const BEGUN: Codes = &[(100, 119), (121, 199)];
/// For a transfer: any 2yz that doesn't belong to another command.
const TRANSFER: Codes =
    &[(201, 201), (203, 210), (216, 219), (222, 224), (226, 226), (231, 231), (233, 233), (236, 256), (258, 299)];
/// For a command that sets up the next data connection.
const SET_UP: Codes = &[(200, 200), (202, 202)];
/// 227, 228 and 229, whichever of them was asked for.
const PASSIVE: Codes = &[(227, 229)];
const LOGGED_IN: Codes = &[(230, 230), (232, 232)];
const SECURED: Codes = &[(234, 235), (334, 335)];
/// Any 3yz but those of the login and of the security exchange.
const FURTHER: Codes = &[(300, 330), (333, 333), (337, 399)];

/// The rows. A verb without a row has [`PLAIN`].
#[rustfmt::skip]
const ROWS: &[Row] = &[
    //    the commands                              their positive replies                          2yz              3yz              4yz, 5yz
    row(&[User],                                    &[DONE, LOGGED_IN, &[(331, 332), (336, 336)], FURTHER], LoggedIn, AskedOn,         LoggedOut),
    row(&[Pass],                                    &[DONE, LOGGED_IN, &[(332, 332)], FURTHER],     LoggedIn,        AskedForAccount, LoggedOut),
    row(&[Acct],                                    &[DONE, LOGGED_IN],                             AccountAccepted, AccountRefused,  AccountRefused),
    row(&[Rein],                                    &[DONE, LOGGED_IN, &[(120, 120), (220, 221)]],  Reinitialised,   Nothing,         Nothing),
    row(&[Quit],                                    &[DONE, &[(221, 221)]],                         Ended,           Nothing,         Nothing),
    row(&[Host, Sscn],                              &[DONE, &[(220, 220)]],                         Nothing,         Nothing,         Nothing),
    row(&[Auth],                                    &[DONE, &[(220, 220)], LOGGED_IN, SECURED, FURTHER], Secured,    Exchanging,      Nothing),
    row(&[Adat],                                    &[DONE, SECURED],                               Established,     Nothing,         Nothing),
    row(&[Pbsz],                                    &[DONE],                                        Buffered,        Nothing,         Nothing),
    row(&[Ccc],                                     &[DONE],                                        Cleared,         Nothing,         Nothing),
    row(&[Rnfr],                                    &[DONE, FURTHER],                               Nothing,         Renaming,        Nothing),
    row(&[Rest, Rang],                              &[DONE, FURTHER],                               Nothing,         Nothing,         Nothing),
    row(&[Mkd, Pwd],                                &[DONE, &[(257, 257)]],                         Nothing,         Nothing,         Nothing),
    row(&[Site],                                    &[BEGUN, DONE, &[(257, 257)], FURTHER],         Nothing,         Nothing,         Nothing),
    row(&[Port, Eprt, Lprt],                        &[SET_UP],                                      Active,          Nothing,         Nothing),
    row(&[Pasv, Lpsv, Cpsv],                        &[SET_UP, PASSIVE],                             Passive,         Nothing,         Nothing),
    row(&[Epsv],                                    &[SET_UP, PASSIVE, &[(220, 220)]],              Passive,         Nothing,         Nothing),
    row(&[Retr, Stor, Stou, Appe, List, Nlst, Mlsd], &[BEGUN, TRANSFER],                            Spent,           Spent,           Spent),
    row(&[Abor],                                    &[DONE, &[(225, 226)]],                         Nothing,         Nothing,         Nothing),
    // The replies to an unknown command aren't known.
    row(&[Other],                                   &[&[(100, 399)]],                               Nothing,         Nothing,         Nothing),
];

const PLAIN: Row = row(&[], &[DONE], Nothing, Nothing, Nothing);

/// For the greeting (RFC 959 5.4): 220, 120 before it, and other codes that servers begin with.
const GREETING: &[Codes] = &[&[(100, 299)]];

const fn row(
    verbs: &'static [Verb],
    answers: &'static [Codes],
    success: Change,
    proceed: Change,
    failure: Change,
) -> Row {
    Row { verbs, answers, success, proceed, failure }
}

/// For each verb the index of its row in [`ROWS`]; `u8::MAX` means [`PLAIN`].
static PLACES: [u8; Verb::ALL.len() + 1] = places();

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated at compile time")]
const fn places() -> [u8; Verb::ALL.len() + 1] {
    let mut places = [u8::MAX; Verb::ALL.len() + 1];
    let mut at = 0;
    while at < ROWS.len() {
        let verbs = ROWS[at].verbs;
        let mut verb = 0;
        while verb < verbs.len() {
            assert!(places[verbs[verb] as usize] == u8::MAX, "a verb has one row");
            places[verbs[verb] as usize] = at as u8;
            verb += 1;
        }
        at += 1;
    }
    places
}

impl Row {
    pub(super) fn of(verb: Verb) -> &'static Self {
        let place = PLACES.get(verb as usize).copied().unwrap_or(u8::MAX);
        ROWS.get(usize::from(place)).unwrap_or(&PLAIN)
    }

    /// What a reply with this meaning changes.
    pub(super) fn change(&self, step: Step) -> Change {
        match step {
            Step::Wait => Change::Nothing,
            Step::Success => self.success,
            Step::Continue => self.proceed,
            Step::Failure => self.failure,
        }
    }
}

impl Awaited {
    /// Whether a reply with this code can answer it.
    pub(super) fn may_be_answered(self, code: Code) -> bool {
        match self {
            // A 6yz would wrap a greeting, and can't be read here.
            Self::Greeting => is_among(GREETING, code) || is_negative(code),
            Self::Command(verb) => verb.may_be_answered_with(code),
        }
    }
}

impl Verb {
    /// Whether a reply with this code can answer the command (RFC 959 5.4, and the codes that servers really send). A client takes any
    /// other final reply for a [suspect](crate::session::Answered::Suspect). Any reply can answer [`Verb::Other`].
    ///
    /// ```
    /// use ftp_proto::{Code, Verb};
    /// assert!(Verb::Cwd.may_be_answered_with(Code::FILE_ACTION_COMPLETED));
    /// assert!(!Verb::Cwd.may_be_answered_with(Code::TRANSFER_ABORTED));
    /// ```
    pub fn may_be_answered_with(self, code: Code) -> bool {
        match code.class() {
            Class::Preliminary | Class::Completion | Class::Intermediate => is_among(Row::of(self).answers, code),
            _ if code == Code::TRANSFER_ABORTED => self.opens_data() || matches!(self, Abor | Other),
            // A 6yz (RFC 2228) wraps the reply to any command.
            _ => true,
        }
    }
}

fn is_negative(code: Code) -> bool {
    matches!(code.class(), Class::TransientNegative | Class::PermanentNegative)
}

fn is_among(answers: &[Codes], code: Code) -> bool {
    let code = code.value();
    answers.iter().any(|codes| codes.iter().any(|(first, last)| (*first..=*last).contains(&code)))
}

/// Whether a refusal before a transfer's 1yz uses up the setup of its data connection. 425 says that it can't be opened. 554 says that
/// REST named an invalid offset; a client that has already connected would wait there for the rest of a file.
pub(crate) const fn spends_data_connection(refusal: Code) -> bool {
    matches!(refusal, Code::CANNOT_OPEN_DATA_CONNECTION | Code::INVALID_RESTART)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// RFC 959 5.4, in its order, without the negative replies.
    const CHAPTER_5_4: &[(Verb, &[u16])] = &[
        (User, &[230, 331, 332]),
        (Pass, &[230, 202, 332]),
        (Acct, &[230, 202]),
        (Verb::Cwd, &[250]),
        (Verb::Cdup, &[200]),
        (Verb::Smnt, &[202, 250]),
        (Rein, &[120, 220]),
        (Quit, &[221]),
        (Port, &[200]),
        (Pasv, &[227]),
        (Verb::Mode, &[200]),
        (Verb::Type, &[200]),
        (Verb::Stru, &[200]),
        (Verb::Allo, &[200, 202]),
        (Rest, &[350]),
        (Stor, &[125, 150, 226, 250, 110]),
        (Stou, &[125, 150, 226, 250, 110]),
        (Retr, &[125, 150, 110, 226, 250]),
        (List, &[125, 150, 226, 250]),
        (Nlst, &[125, 150, 226, 250]),
        (Appe, &[125, 150, 110, 226, 250]),
        (Rnfr, &[350]),
        (Verb::Rnto, &[250]),
        (Verb::Dele, &[250]),
        (Verb::Rmd, &[250]),
        (Mkd, &[257]),
        (Pwd, &[257]),
        (Abor, &[225, 226]),
        (Verb::Syst, &[215]),
        (Verb::Stat, &[211, 212, 213]),
        (Verb::Help, &[211, 214]),
        (Site, &[200, 202]),
        (Verb::Noop, &[200]),
    ];

    #[test]
    fn every_reply_of_the_rfc_can_answer_its_command() {
        for (verb, codes) in CHAPTER_5_4 {
            for code in codes.iter().chain(&[421, 450, 500, 501, 502, 530, 550]) {
                assert!(verb.may_be_answered_with(Code::new(*code).unwrap()), "{verb} {code}");
            }
        }
    }

    #[test]
    fn what_means_more_to_the_session_answers_only_its_own_command() {
        let answered_with = |code: u16| -> Vec<Verb> {
            let code = Code::new(code).unwrap();
            Verb::ALL.iter().copied().filter(|verb| verb.may_be_answered_with(code)).collect()
        };
        assert_eq!(answered_with(120), [Rein]);
        assert_eq!(answered_with(220), [Rein, Auth, Host, Epsv, Sscn]);
        assert_eq!(answered_with(221), [Rein, Quit]);
        assert_eq!(answered_with(225), [Abor]);
        assert_eq!(answered_with(229), [Pasv, Epsv, Lpsv, Cpsv]);
        assert_eq!(answered_with(230), [User, Pass, Acct, Rein, Auth]);
        assert_eq!(answered_with(234), [Auth, Adat]);
        assert_eq!(answered_with(257), [Mkd, Pwd, Site]);
        assert_eq!(answered_with(331), [User]);
        assert_eq!(answered_with(332), [User, Pass]);
        assert_eq!(answered_with(334), [Auth, Adat]);
        assert_eq!(answered_with(350), [User, Pass, Rest, Rnfr, Site, Auth, Rang]);
        assert_eq!(answered_with(426), [Retr, Stor, Stou, Appe, Abor, List, Nlst, Mlsd]);
        assert_eq!(answered_with(150), [Retr, Stor, Stou, Appe, List, Nlst, Site, Mlsd]);
        let others = Verb::ALL.len() - 7;
        assert_eq!(answered_with(200).len(), others, "all but transfers");
        assert_eq!(answered_with(550).len(), Verb::ALL.len());
    }

    #[test]
    fn a_greeting_is_no_3yz() {
        let may_be = |code| Awaited::Greeting.may_be_answered(Code::new(code).unwrap());
        assert_eq!([120, 220, 230, 421, 500, 599].map(may_be), [true; 6]);
        assert_eq!([331, 399, 600, 631].map(may_be), [false; 4]);
    }
}
