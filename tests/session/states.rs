//! What makes two sessions equal, and what a reply is said to answer.

use ftp_proto::session::{Answered, Awaited, CommandId, LoginState, OutOfOrder, Setup, Step};
use ftp_proto::{Code, Command, Mode, Protection, Session, Structure, Type, Verb};

fn code(value: u16) -> Code {
    Code::new(value).unwrap()
}

/// `> ` is said by the client, `< ` by the server, `TLS` begins.
fn told(lines: &[&str]) -> Session {
    let mut session = Session::new();
    for line in lines {
        match line.split_at(1) {
            (">", command) => drop(session.command(&Command::parse(command.trim_start().as_bytes()).unwrap())),
            ("<", reply) => drop(session.reply(code(reply.trim().parse().unwrap()))),
            _ => session.tls_began(),
        }
    }
    session
}

#[test]
fn sessions_that_differ_in_one_thing_are_not_equal() {
    let pairs: [(&str, &[&str], &[&str]); 16] = [
        ("login", &["> USER a", "< 230"], &["> USER a", "< 530"]),
        ("password", &["> USER a", "< 331"], &["> USER a", "< 332"]),
        ("TYPE", &["> TYPE I", "< 200"], &["> TYPE I", "< 504"]),
        ("STRU", &["> STRU R", "< 200"], &["> STRU R", "< 504"]),
        ("MODE", &["> MODE B", "< 200"], &["> MODE B", "< 504"]),
        ("REST", &["> REST 7", "< 350"], &["> REST 8", "< 350"]),
        ("RNFR", &["> RNFR a", "< 350"], &["> RNFR a", "< 550"]),
        ("set up or not", &["> EPSV", "< 229"], &["> EPSV", "< 425"]),
        ("set up by whom", &["> EPSV", "< 229"], &["> PORT 192,0,2,1,19,137", "< 200"]),
        ("EPSV ALL", &["> EPSV ALL", "< 200"], &["> EPSV ALL", "< 502"]),
        ("PBSZ", &["> AUTH TLS", "< 234", "> PBSZ 0", "< 200"], &["> AUTH TLS", "< 234", "> PBSZ 0", "< 503"]),
        ("implicit TLS", &["TLS"], &["> AUTH SSL", "< 234"]),
        ("PROT", &["> PROT P", "< 200"], &["> PROT P", "< 536"]),
        ("the end", &["> QUIT", "< 221"], &["> QUIT", "< 500"]),
        ("what is due", &["> NOOP"], &["> STAT"]),
        ("a transfer that has begun", &["> LIST", "< 150"], &["> LIST"]),
    ];
    for (what, one, other) in pairs {
        let greeted = |lines: &[&str]| told(&[&["< 220"], lines].concat());
        assert_eq!(greeted(one), greeted(one), "{what}");
        assert_ne!(greeted(one), greeted(other), "{what}");
        assert_ne!(greeted(other), greeted(one), "{what}");
    }
    // What a due command will put in force is a part of the state, which command it was isn't.
    assert_ne!(told(&["< 220", "> TYPE I"]), told(&["< 220", "> TYPE A"]));
    assert_eq!(told(&["< 220", "> CWD a"]), told(&["< 220", "> CWD b"]));
    assert_eq!(told(&["< 220", "> NOOP", "< 200"]), told(&["< 220"]));
}

#[test]
fn a_new_session_is_as_the_rfcs_want_it() {
    for session in [Session::new(), Session::default()] {
        assert_eq!((session.login(), session.setup()), (LoginState::Nobody, Setup::None));
        assert_eq!(session.representation(), Type::Ascii(None));
        assert_eq!((session.structure(), session.mode()), (Structure::File, Mode::Stream));
        assert_eq!((session.restart_offset(), session.protection()), (0, Protection::Clear));
        let flags = [session.epsv_all(), session.is_secured(), session.is_ending(), session.is_transferring()];
        assert_eq!(flags, [false; 4]);
        assert_eq!((session.replies_due(), session.awaited()), (1, Some(Awaited::Greeting)));
    }
}

#[test]
fn a_reply_tells_what_it_answers_and_an_unsolicited_one_nothing() {
    let mut session = told(&["< 220"]);
    let (noop, _) = session.command(&Command::Noop);
    let (feat, _) = session.command(&Command::Feat);
    for (id, verb, said, step) in [(noop, Verb::Noop, 200, Step::Success), (feat, Verb::Feat, 502, Step::Failure)] {
        let answered = session.reply(code(said));
        assert_eq!(answered.id(), Some(id));
        assert_eq!(answered.awaited(), Some(Awaited::Command(verb)));
        assert_eq!(answered.awaited().and_then(Awaited::verb), Some(verb));
        assert_eq!(answered.step(), Some(step));
    }
    let (noop, _) = session.command(&Command::Noop);
    assert_eq!(session.reply(code(226)), Answered::Suspect { id: noop, awaited: Awaited::Command(Verb::Noop) });
    assert_eq!(session.reply(code(150)), Answered::Unsolicited, "it ends nothing");
    assert_eq!(session.reply(code(200)).id(), Some(noop));
    let unsolicited = session.reply(code(200));
    assert_eq!(unsolicited, Answered::Unsolicited);
    assert_eq!((unsolicited.id(), unsolicited.awaited(), unsolicited.step()), (None, None, None));
    let greeting = Session::new().reply(code(120));
    assert_eq!((greeting.id(), greeting.step()), (Some(CommandId::GREETING), Some(Step::Wait)));
    assert_eq!(greeting.awaited().and_then(Awaited::verb), None);
}

#[test]
fn each_class_of_replies_is_a_step() {
    for (said, step) in [
        (100, Step::Wait),
        (199, Step::Wait),
        (200, Step::Success),
        (299, Step::Success),
        (300, Step::Continue),
        (399, Step::Continue),
        (400, Step::Failure),
        (599, Step::Failure),
        (631, Step::Failure),
    ] {
        assert_eq!(Step::of(code(said)), step, "{said}");
    }
}

#[test]
fn identities_grow_and_none_is_the_greetings() {
    let mut session = Session::new();
    let mut last = CommandId::GREETING;
    for _ in 0..200 {
        let (id, _) = session.command(&Command::Noop);
        assert!(id > last && id != CommandId::GREETING);
        last = id;
        session.settle(id, code(200));
    }
    let (id, _) = session.unreadable(Verb::Other);
    assert!(id > last);
}

#[test]
fn sixty_four_replies_may_be_due_and_no_more() {
    let mut session = told(&["< 220"]);
    for due in 1..=64 {
        assert_eq!(session.command(&Command::Noop).1, Ok(()));
        assert_eq!(
            (session.replies_due(), session.replies_due_to(Verb::Noop), session.replies_due_to(Verb::Stat)),
            (due, due, 0)
        );
    }
    let (id, advice) = session.command(&Command::Noop);
    assert_eq!((advice, session.replies_due()), (Err(OutOfOrder::TooManyDue), 64));
    assert_eq!(session.unreadable(Verb::Noop).1, Err(OutOfOrder::TooManyDue));
    session.settle(id, code(200));
    assert_eq!(session.replies_due(), 64, "what wasn't recorded is answered in vain");
    session.reply(code(200));
    assert_eq!(session.command(&Command::Noop), (id, Ok(())), "its identity is the next command's");
}

#[test]
fn what_is_out_of_order_has_its_code_and_its_words() {
    for (why, said, text) in [
        (OutOfOrder::NotLoggedIn, 530, "Please login with USER and PASS."),
        (OutOfOrder::BadSequence, 503, "Bad sequence of commands."),
        (OutOfOrder::EpsvAll, 503, "EPSV ALL is in effect."),
        (OutOfOrder::NoDataConnection, 425, "Use PORT or PASV first."),
        (OutOfOrder::TooManyDue, 503, "Too many commands at once."),
    ] {
        assert_eq!((why.code().value(), why.text(), why.to_string()), (said, text, text.to_string()));
    }
}

#[test]
fn what_the_order_allows_counts_what_is_pending() {
    let advice = |lines: &[&str], line: &str| {
        let mut session = told(&[&["< 220"], lines].concat());
        session.command(&Command::parse(line.as_bytes()).unwrap()).1
    };
    let bad = Err(OutOfOrder::BadSequence);
    let login = &["> USER a", "< 230"];
    let logged_in = |lines: &[&'static str]| [&login[..], lines].concat();
    for (lines, line, expected) in [
        (vec![], "PASS x", bad),
        (vec!["> USER a"], "PASS x", Ok(())),
        (vec!["> USER a", "> NOOP"], "PASS x", bad),
        (vec!["> USER a", "< 331"], "PASS x", Ok(())),
        (vec!["> USER a", "< 331"], "ACCT x", bad),
        (vec!["> USER a", "< 332"], "ACCT x", Ok(())),
        (vec!["> USER a"], "ACCT x", Ok(())),
        (vec!["> USER a", "< 331", "> PASS x"], "ACCT x", Ok(())),
        (logged_in(&[]), "ACCT x", Ok(())),
        (logged_in(&[]), "RNTO b", bad),
        (logged_in(&["> RNFR a"]), "RNTO b", Ok(())),
        (logged_in(&["> RNFR a", "< 350"]), "RNTO b", Ok(())),
        (logged_in(&["> RNFR a", "< 350", "> NOOP", "< 200"]), "RNTO b", bad),
        (vec![], "ADAT x", bad),
        (vec!["> AUTH X"], "ADAT x", Ok(())),
        (vec!["> AUTH X", "< 334"], "ADAT x", Ok(())),
        (vec!["> AUTH X", "< 234"], "ADAT x", bad),
        (vec![], "PBSZ 0", bad),
        (vec!["> AUTH X"], "PBSZ 0", Ok(())),
        (vec!["> AUTH X", "< 334"], "PBSZ 0", bad),
        (vec!["> AUTH X", "< 234"], "PBSZ 0", Ok(())),
        (vec!["> AUTH X", "< 234"], "PROT P", bad),
        (vec!["> AUTH X", "< 234", "> PBSZ 0"], "PROT P", Ok(())),
        (vec!["> AUTH X", "< 234", "> PBSZ 0", "< 200"], "PROT P", Ok(())),
        (logged_in(&[]), "CCC", bad),
        (logged_in(&["TLS"]), "CCC", Ok(())),
        (vec![], "HOST a.example", Ok(())),
        (vec!["> USER a", "< 331"], "HOST a.example", bad),
        (logged_in(&[]), "LIST", Err(OutOfOrder::NoDataConnection)),
        (logged_in(&["> EPSV"]), "LIST", Ok(())),
        (logged_in(&["> EPSV", "> NOOP"]), "LIST", Ok(())),
        (logged_in(&["> EPSV", "< 229"]), "LIST", Ok(())),
        (logged_in(&["> EPSV ALL", "< 200"]), "LIST", Err(OutOfOrder::NoDataConnection)),
        (logged_in(&["> EPSV ALL", "< 200"]), "PASV", Err(OutOfOrder::EpsvAll)),
        (logged_in(&["> EPSV ALL", "< 200"]), "EPSV", Ok(())),
        (logged_in(&["> EPSV ALL", "< 200"]), "NOOP", Ok(())),
        (vec![], "CWD x", Err(OutOfOrder::NotLoggedIn)),
    ] {
        assert_eq!(advice(&lines, line), expected, "{lines:?}, {line}");
    }
}
