//! Whatever the application answers, in whatever words: the client understands what the server has said, and both go on.

use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Answer, Config, Greeting, Login, Question, Refusal, Server, Support};
use ftp_proto::session::LoginState;
use ftp_proto::{Code, Command, Endpoints, Instant, Relayed, Reply, Session, Text, Verb};
use ftp_proto_rigs::application::{STATUS, agree};

/// A server's machine, and the session of a client that says each line and reads each reply.
struct Both {
    server: Server,
    client: Session,
    /// The last line that the server has said.
    said: String,
}

/// What the server wants next: an answer, or another line; or nothing more.
enum Wants<'a> {
    Answer(Question<'a>),
    Line,
    Nothing,
}

impl Both {
    fn new() -> Self {
        let mut config = Config::default();
        config.support = Support::everything().with_site(["X"]).unwrap();
        config.patience.failed_login_delay = Duration::ZERO;
        config.max_login_failures = u32::MAX;
        let ends = Endpoints::new("192.0.2.2:21".parse().unwrap(), "192.0.2.1:40000".parse().unwrap());
        let greeting = Greeting::ready(Text::from_static("ready"));
        let server = Server::new(Arc::new(config), ends, &greeting, Instant::default());
        let mut both = Self { server, client: Session::new(), said: String::new() };
        assert!(matches!(both.wants(), Wants::Line));
        both
    }

    fn logged_in() -> Self {
        let mut both = Self::new();
        both.works(&["USER anna", "PASS secret", "TYPE I"]);
        assert_eq!(both.client.login(), LoginState::Complete);
        both
    }

    /// The client says this. `false`: the server answers it alone.
    fn asks(&mut self, line: &str) -> bool {
        let _ = self.client.command(&Command::parse(line.as_bytes()).unwrap());
        self.server.received(format!("{line}\r\n").as_bytes());
        matches!(self.wants(), Wants::Answer(_))
    }

    /// Everything until the server wants something; the client reads what is written.
    fn wants(&mut self) -> Wants<'_> {
        let now = Instant::default();
        loop {
            match self.server.poll(now) {
                Action::Write(write) => {
                    let text = String::from_utf8(write.bytes().to_vec()).unwrap();
                    write.wrote_all();
                    for line in text.lines() {
                        let last = line.split_once(' ').and_then(|(digits, _)| digits.parse().ok());
                        let Some(code) = last.and_then(Code::new) else { continue };
                        assert!(self.client.reply(code).id().is_some(), "{line}");
                        self.said = line.to_owned();
                    }
                }
                Action::Listen(listen) => listen.listening("192.0.2.2:50000".parse().unwrap()),
                Action::Close(close) => close.closed(ftp_proto::Moved::Nothing),
                Action::Question(_) => break,
                Action::Read { .. } => return Wants::Line,
                Action::Leave => return Wants::Nothing,
                other => panic!("{other:?}"),
            }
        }
        let Action::Question(question) = self.server.poll(now) else { panic!("it was asked") };
        Wants::Answer(question)
    }

    /// The open question is answered so. `true`: the session goes on.
    fn answered(&mut self, answer: impl FnOnce(Question<'_>)) -> bool {
        let Wants::Answer(question) = self.wants() else { panic!("nothing is asked") };
        answer(question);
        let goes_on = match self.wants() {
            Wants::Line => true,
            Wants::Nothing => false,
            Wants::Answer(question) => panic!("{question:?}"),
        };
        self.are_equal();
        goes_on
    }

    fn are_equal(&self) {
        assert_eq!(&self.client, self.server.session());
        assert_eq!(self.client.replies_due(), 0);
    }

    /// Each of these is done, by the machine or by an application that says yes.
    fn works(&mut self, lines: &[&str]) {
        for line in lines {
            if self.asks(line) {
                self.answered(|question| agree(question, STATUS));
            }
            self.are_equal();
        }
    }

    /// Nobody but the application lets somebody in.
    fn lets_nobody_in_by_itself(&mut self) {
        for line in ["USER x", "PASS guess"] {
            assert!(self.asks(line), "{line}");
            self.answered(|question| agree(question, STATUS));
        }
        // The guess was wrong.
        assert_ne!(self.client.login(), LoginState::Complete);
    }
}

/// What a verb needs before it, and a line of it.
const QUESTIONS: &[(&[&str], &str)] = &[
    (&[], "USER bob"),
    (&["USER bob"], "PASS x"),
    (&["USER bob", "PASS account"], "ACCT x"),
    (&[], "CWD a"),
    (&[], "CDUP"),
    (&[], "SMNT a"),
    (&[], "REIN"),
    (&[], "ALLO 7"),
    (&[], "RNFR a"),
    (&["RNFR a"], "RNTO b"),
    (&[], "DELE a"),
    (&[], "RMD a"),
    (&[], "MKD a"),
    (&[], "PWD"),
    (&[], "SITE X"),
    (&[], "STAT a"),
    (&["REIN"], "HOST a.example"),
    (&[], "MDTM a"),
    (&[], "SIZE a"),
    (&[], "MLST a"),
    (&[], "MFMT 20240229235959 a"),
    (&[], "MFCT 20240229235959 a"),
    (&[], "MFF modify=20240229235959; a"),
    (&[], "HASH a"),
    (&[], "MD5 a"),
    (&[], "XCRC a"),
    (&[], "XMD5 a"),
    (&[], "XSHA a"),
    (&[], "XSHA1 a"),
    (&[], "XSHA256 a"),
    (&[], "XSHA512 a"),
    (&[], "CSID Name=x;"),
    (&[], "AVBL a"),
    (&[], "DSIZ a"),
];

fn asked(before: &[&str], line: &str) -> Both {
    let mut both = Both::logged_in();
    both.works(before);
    assert!(both.asks(line), "{line}");
    both
}

fn reply(code: u16) -> Reply<'static> {
    Reply::from_static(Code::new(code).unwrap(), "In the application's words.")
}

#[test]
fn a_refusal_is_4yz_or_5yz_but_426() {
    for code in 100..=699 {
        let expected = (400..=599).contains(&code) && code != 426;
        assert_eq!(Refusal::new(reply(code)).is_some(), expected, "{code}");
    }
}

#[test]
fn an_answer_is_a_2yz_or_3yz_that_a_client_takes_for_it() {
    for verb in Verb::ALL.iter().copied().chain([Verb::Other]) {
        for code in 100..=699 {
            let expected = (200..=399).contains(&code) && verb.may_be_answered_with(Code::new(code).unwrap());
            assert_eq!(Answer::new(verb, reply(code)).is_some(), expected, "{verb} {code}");
        }
    }
    for (verb, code, can_be) in [
        (Verb::Site, 200, true),
        (Verb::Site, 257, true),
        (Verb::Csid, 257, false),
        (Verb::Site, 220, false),
        (Verb::Site, 221, false),
        (Verb::Site, 226, false),
        (Verb::Site, 250, true),
        (Verb::Site, 227, false),
        (Verb::Site, 230, false),
        (Verb::Site, 234, false),
    ] {
        assert_eq!(Answer::new(verb, reply(code)).is_some(), can_be, "{verb} {code}");
    }
}

#[test]
fn after_every_refusal_both_ends_are_in_step() {
    for (before, line) in QUESTIONS {
        for code in 400..=599 {
            let Some(refusal) = Refusal::new(reply(code)) else { continue };
            let mut both = asked(before, line);
            let goes_on = both.answered(|question| question.refuse(&refusal));
            assert_eq!(goes_on, code != 421, "{line} {code}");
            goes_on_in_step(both, goes_on, line);
        }
    }
}

#[test]
fn after_every_answer_both_ends_are_in_step() {
    for (before, line) in QUESTIONS {
        let verb = Command::parse(line.as_bytes()).unwrap().verb();
        for code in 200..=399 {
            let Some(answer) = Answer::new(verb, reply(code)) else { continue };
            let mut both = asked(before, line);
            let goes_on = both.answered(|question| question.answer(&answer));
            goes_on_in_step(both, goes_on, &format!("{line} {code}"));
        }
    }
}

/// Both ends know what comes next, and nobody is logged in who wasn't let in.
fn goes_on_in_step(mut both: Both, goes_on: bool, what: &str) {
    if !goes_on {
        assert!(both.client.is_ending(), "{what}");
        return;
    }
    both.works(&["NOOP", "STAT"]);
    if both.client.login() == LoginState::Complete {
        both.works(&["PWD", "EPSV", "RNFR a", "RNTO b"]);
    }
    both.lets_nobody_in_by_itself();
}

#[test]
fn whatever_another_server_has_answered_both_ends_are_in_step() {
    for (before, line) in QUESTIONS {
        let verb = Command::parse(line.as_bytes()).unwrap().verb();
        for code in 100..=699 {
            let mut both = asked(before, line);
            if code < 200 {
                let Wants::Answer(question) = both.wants() else { panic!() };
                assert_eq!(question.relay(&reply(code)), Relayed::Pending);
                assert!(matches!(both.wants(), Wants::Answer(_)), "it is asked on");
                continue;
            }
            let fits = code < 600 && verb.may_be_answered_with(Code::new(code).unwrap());
            let goes_on = both.answered(|question| {
                let expected = if fits { Relayed::Verbatim } else { Relayed::LocalError };
                assert_eq!(question.relay(&reply(code)), expected, "{line} {code}");
            });
            let said = if fits { code } else { 451 };
            assert_eq!(both.said, format!("{said} In the application's words."), "{line}");
            goes_on_in_step(both, goes_on, &format!("{line} {code}"));
        }
    }
}

#[test]
fn after_every_word_about_a_login_both_ends_are_in_step() {
    let words: [fn(Login<'_>); 3] =
        [|login| login.accept(), |login| login.need_password(), |login| login.need_account()];
    for (before, line) in &QUESTIONS[..3] {
        for word in words {
            for early in [true, false] {
                let mut both = if early { Both::new() } else { Both::logged_in() };
                both.works(before);
                assert!(both.asks(line), "{line}");
                both.answered(|question| {
                    let Question::Login(login) = question else { panic!("{question:?}") };
                    word(login);
                });
                both.works(&["NOOP", "STAT"]);
                both.lets_nobody_in_by_itself();
            }
        }
    }
}

/// An answer for one verb, given to the other.
fn answer_for(made_for: Verb, code: u16, line: &str) -> u16 {
    let answer = Answer::new(made_for, reply(code)).unwrap();
    let mut both = asked(&[], line);
    let Wants::Answer(Question::Extension(extension)) = both.wants() else { panic!() };
    extension.answer(&answer);
    let Action::Write(write) = both.server.poll(Instant::default()) else { panic!() };
    std::str::from_utf8(&write.bytes()[..3]).unwrap().parse().unwrap()
}

#[test]
fn an_answer_for_another_verb_does_if_a_client_would_take_it() {
    assert_eq!(answer_for(Verb::Csid, 211, "SITE X"), 211);
    assert_eq!(answer_for(Verb::Site, 211, "CSID Name=x;"), 211);
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "another verb"))]
fn an_answer_for_another_verb_is_a_mistake_if_no_client_would() {
    assert_eq!(answer_for(Verb::Site, 257, "CSID Name=x;"), 451);
}
