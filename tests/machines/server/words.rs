//! The application's own words: what it says, and what that means to the session.

use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Answer, Config, Greeting, Opening, Question, Refusal, Server};
use ftp_proto::session::{LoginState, Setup};
use ftp_proto::{Code, Ending, Endpoints, Instant, Mode, Moved, Relayed, Reply, StreamEnd, Text, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, codes};

fn reply(code: u16) -> Reply<'static> {
    Reply::from_static(Code::new(code).unwrap(), "In own words.")
}

fn lines(code: u16) -> Reply<'static> {
    let [first, middle, last] = ["In own words:", "331 of them", "and no more."].map(Text::from_static);
    Reply::with_lines(Code::new(code).unwrap(), first, [middle], last)
}

/// A session whose first word is this one.
fn greeted(greeting: &Greeting<'_>) -> Rig {
    let mut rig = Rig::new(Config::default());
    let ends = Endpoints::new("192.0.2.2:21".parse().unwrap(), "192.0.2.1:40000".parse().unwrap());
    rig.server = Server::new(Arc::new(Config::default()), ends, greeting, Instant::default());
    rig
}

#[test]
fn a_greeting_is_220_or_a_refusal_which_ends_the_session() {
    for code in 100..=699 {
        let is_one = code == 220 || (400..=599).contains(&code) && code != 426;
        let greeting = Greeting::new(reply(code));
        assert_eq!(greeting.is_some(), is_one, "{code}");
        let Some(greeting) = greeting else { continue };
        let mut rig = greeted(&greeting);
        rig.server.received(b"NOOP\r\n");
        let expected: &[u16] = if code == 220 { &[220, 200] } else { &[code] };
        assert_eq!((codes(&rig.all(World::Works)), rig.closed), (expected.to_vec(), code != 220), "{code}");
    }
    assert_eq!(
        greeted(&Greeting::new(lines(220)).unwrap()).goes_on(),
        "220-In own words:\n 331 of them\n220 and no more."
    );
    let away = Refusal::closing(Text::from_static("Come again.")).into();
    assert_eq!(greeted(&away).goes_on(), "421 Come again.");
    assert_eq!(away, Greeting::closing(Text::from_static("Come again.")));
}

/// A session in which this line waits for the application.
fn asked(mut rig: Rig, line: &str) -> Rig {
    rig.server.received(format!("{line}\r\n").as_bytes());
    rig
}

fn question(rig: &mut Rig) -> Question<'_> {
    let now = rig.now();
    let Action::Question(question) = rig.server.poll(now) else { panic!("nothing is asked") };
    question
}

#[test]
fn every_answer_can_be_in_own_words_of_many_lines() {
    for (line, code) in [
        ("CWD a", 250),
        ("RNFR a", 350),
        ("PWD", 257),
        ("SIZE a", 213),
        ("MDTM a", 213),
        ("MLST a", 250),
        ("REIN", 220),
    ] {
        let mut rig = Rig::logged_in(Config::default());
        rig.hears("TYPE I");
        let mut rig = asked(rig, line);
        let verb = question(&mut rig).command().verb();
        question(&mut rig).answer(&Answer::new(verb, lines(code)).unwrap());
        assert_eq!(rig.goes_on(), format!("{code}-In own words:\n 331 of them\n{code} and no more."), "{line}");
    }
}

#[test]
fn a_login_means_what_its_code_says() {
    for (code, state) in [
        (230, LoginState::Complete),
        (232, LoginState::Complete),
        (331, LoginState::Password),
        (336, LoginState::Password),
        (332, LoginState::Account),
    ] {
        let mut rig = asked(Rig::greeted(Config::default()), "USER anna");
        let Question::Login(login) = question(&mut rig) else { panic!() };
        login.answer(&Answer::new(Verb::User, reply(code)).unwrap());
        assert_eq!(rig.goes_on(), format!("{code} In own words."));
        assert_eq!(rig.server.session().login(), state);
        if state == LoginState::Complete {
            assert!(rig.says("STAT").contains("Logged in as anna"));
        }
    }
    // What was refused elsewhere is a login that failed here.
    let mut rig = asked(Rig::greeted(Config::default()), "USER anna");
    assert_eq!(question(&mut rig).relay(&reply(331)), Relayed::Verbatim);
    rig.goes_on();
    for refused in [530, 421, 331] {
        rig.server.received(b"PASS x\r\n");
        let expected = if refused == 331 { Relayed::LocalError } else { Relayed::Verbatim };
        assert_eq!(question(&mut rig).relay(&reply(refused)), expected);
        assert_eq!(rig.goes_on(), "", "not at once");
        rig.now += Duration::from_secs(1);
        let said = if refused == 331 { 451 } else { refused };
        assert_eq!(codes(&rig.all(World::Works)), [said]);
        rig = asked(Rig::greeted(Config::default()), "USER anna");
        question(&mut rig).relay(&reply(331));
        rig.goes_on();
    }
}

/// A transfer is offered.
fn offered(setup: &str, line: &str) -> Rig {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears(setup);
    asked(rig, line)
}

fn relay_to_transfer(rig: &mut Rig, reply: &Reply<'_>) -> Relayed {
    let now = rig.now();
    let Action::Transfer(transfer) = rig.server.poll(now) else { panic!("nothing is offered") };
    transfer.relay(reply)
}

const SETUPS: [&str; 2] = ["EPSV", "PORT 192,0,2,1,19,137"];

#[test]
fn a_transfer_begins_and_ends_in_own_words() {
    for setup in SETUPS {
        for (end, code) in [
            (StreamEnd::Clean, 226),
            (StreamEnd::Clean, 250),
            (StreamEnd::Truncated, 426),
            (StreamEnd::LocalError, 451),
            (StreamEnd::LocalError, 551),
            (StreamEnd::StorageFull, 552),
            (StreamEnd::LocalError, 421),
        ] {
            let mut rig = offered(setup, "STOU");
            let now = rig.now();
            let Action::Transfer(transfer) = rig.server.poll(now) else { panic!() };
            transfer.accept_with(&Opening::new(lines(125)).unwrap());
            let did = rig.all(World::Busy);
            let said = match setup {
                "EPSV" => ftp_proto_rigs::server::said(&did),
                _ => {
                    assert!(matches!(did[..], [Did::Connects(_)]), "{did:?}");
                    rig.poll(World::Works);
                    ftp_proto_rigs::server::said(&rig.all(World::Busy))
                }
            };
            assert_eq!(said, "125-In own words:\n 331 of them\n125 and no more.");
            while !matches!(rig.all(World::Busy).last(), Some(Did::Streams)) {
                rig.poll(World::Works);
            }
            let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
            stream.finished_with(&Ending::new(end, lines(code)).unwrap(), Moved::Bytes(7));
            assert_eq!(rig.goes_on(), format!("{code}-In own words:\n 331 of them\n{code} and no more."));
            assert_eq!(rig.closed, code == 421);
        }
    }
}

#[test]
fn what_ends_no_transfer_or_begins_none_is_refused_where_it_is_made() {
    for code in 100..=699 {
        let known = Code::new(code).unwrap();
        assert_eq!(Opening::new(reply(code)).is_some(), code < 200 && code != 120, "{code}");
        let clean = (200..300).contains(&code) && Verb::Stor.may_be_answered_with(known);
        assert_eq!(Ending::new(StreamEnd::Clean, reply(code)).is_some(), clean, "{code}");
        for end in [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull] {
            assert_eq!(Ending::new(end, reply(code)).is_some(), (400..600).contains(&code), "{code}");
        }
        assert_eq!(Ending::of(reply(code)).is_some(), clean || (400..600).contains(&code), "{code}");
    }
}

#[test]
fn what_another_server_says_of_a_transfer_is_said_of_ours() {
    for code in 200..=699 {
        let mut rig = offered("EPSV", "RETR f");
        let fits = code < 600 && Verb::Retr.may_be_answered_with(Code::new(code).unwrap());
        let expected = if fits { Relayed::Verbatim } else { Relayed::LocalError };
        assert_eq!(relay_to_transfer(&mut rig, &reply(code)), expected, "{code}");
        let said = if fits { code } else { 451 };
        assert_eq!(codes(&rig.all(World::Works)), [said], "{code}");
        // The stream's end.
        let mut rig = offered("EPSV", "RETR f");
        assert_eq!(relay_to_transfer(&mut rig, &reply(150)), Relayed::Verbatim);
        assert!(rig.all(World::Busy).contains(&Did::Said("150 In own words.".into())));
        rig.poll(World::Works);
        let now = rig.now();
        let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
        assert_eq!(stream.relay(&reply(150), Moved::Bytes(7)), Relayed::Pending);
        let Action::Stream(stream) = rig.server.poll(now) else { panic!("it is open still") };
        assert_eq!(stream.relay(&reply(code), Moved::Bytes(7)), expected, "{code}");
        assert_eq!(codes(&rig.all(World::Works)), [said], "{code}");
        assert!(said == 421 || codes(&rig.hears("NOOP")) == [200]);
    }
}

/// 250 would say that the data connection stays, where it could (RFC 959 3.3).
#[test]
fn what_closed_its_connection_does_not_say_that_it_stays() {
    let mut config = Config::default();
    config.support = config.support.with_modes(&[Mode::Block]);
    let config = &config;
    let said = |mode: &str, line: &str, end, code| {
        let mut rig = Rig::logged_in(config.clone());
        rig.hears(mode);
        rig.hears("EPSV");
        rig.server.received(format!("{line}\r\n").as_bytes());
        while !matches!(rig.all(World::Busy).last(), Some(Did::Streams)) {
            rig.poll(World::Works);
        }
        let now = rig.now();
        let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
        stream.finished_with(&Ending::new(end, reply(code)).unwrap(), Moved::Bytes(7));
        let did = rig.all(World::Works);
        let session = rig.server.session();
        assert_eq!(session.setup() == Setup::None, !codes(&did).contains(&250) || mode == "MODE S", "{mode} {line}");
        codes(&did)
    };
    for line in ["RETR f", "STOR f"] {
        assert_eq!(said("MODE S", line, StreamEnd::Clean, 250), [250]);
        assert_eq!(said("MODE B", line, StreamEnd::Clean, 250), [226]);
        assert_eq!(said("MODE B", line, StreamEnd::Clean, 226), [226]);
        assert_eq!(said("MODE B", line, StreamEnd::Marked, 250), [250]);
        assert_eq!(said("MODE B", line, StreamEnd::Marked, 226), [226]);
    }
}

/// What a proxy does: each command goes to another server as it came, and each of its replies back.
#[test]
fn a_proxy_sends_commands_on_and_relays_what_comes_back() {
    let upstream = |command: &[u8]| match command {
        b"USER anna\r\n" => &b"331 Whose word?\r\n"[..],
        b"PASS x\r\n" => b"230-Welcome.\r\n 530 of you.\r\n230 Come in.\r\n",
        b"CWD a\r\n" => b"550 Nowhere.\r\n",
        b"PWD\r\n" => b"227 Lost.\r\n",
        b"SITE WHO\r\n" => b"211 Nobody.\r\n",
        b"XQUOTA me\r\n" => b"213 12\r\n",
        b"QUIT\r\n" => b"221 So long.\r\n",
        other => panic!("{other:?}"),
    };
    let mut config = Config::default();
    config.support = config.support.with(&[Verb::Quit]).unwrap().with_unknown_verbs().with_any_site();
    let mut rig = Rig::greeted(config);
    for (line, said) in [
        ("USER anna", "331 Whose word?"),
        ("PASS x", "230-Welcome.\n 530 of you.\n230 Come in."),
        ("CWD a", "550 Nowhere."),
        ("PWD", "451 Lost."),
        ("SITE WHO", "211 Nobody."),
        ("XQUOTA me", "213 12"),
        ("QUIT", "221 So long."),
    ] {
        rig.server.received(format!("{line}\r\n").as_bytes());
        let open = question(&mut rig);
        let mut command = Vec::new();
        open.command().encode(&mut command);
        let (reply, _) = Reply::parse(upstream(&command)).unwrap().unwrap();
        open.relay(&reply);
        assert_eq!(rig.goes_on(), said);
    }
    assert!(rig.closed);
}
