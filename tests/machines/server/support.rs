//! What the application can do: whatever it says of that has an effect, or is an error where it is said.

use std::time::Duration;

use ftp_proto::server::{Action, Answer, Config, Question, Refusal, Support, SupportError};
use ftp_proto::{Code, Command, Reply, Text, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, codes, with};

fn supporting(support: Support) -> Config {
    with(|config| config.support = support)
}

/// The machine's own verbs that may be asked about, with a line of each.
const ASKED: [(Verb, &str); 8] = [
    (Verb::Allo, "ALLO 7"),
    (Verb::Clnt, "CLNT x"),
    (Verb::Feat, "FEAT"),
    (Verb::Help, "HELP SITE"),
    (Verb::Noop, "NOOP"),
    (Verb::Quit, "QUIT"),
    (Verb::Stat, "STAT a"),
    (Verb::Syst, "SYST"),
];

#[test]
fn every_verb_that_is_named_is_asked_about_or_an_error() {
    for verb in Verb::ALL {
        let named = Support::nothing().with(&[*verb]);
        let expected = match verb {
            Verb::Adat | Verb::Mic | Verb::Conf | Verb::Enc | Verb::Algs | Verb::Cpsv | Verb::Sscn => {
                Some(SupportError::Never(*verb))
            }
            Verb::Auth | Verb::Pbsz | Verb::Prot | Verb::Ccc => Some(SupportError::FollowsTls(*verb)),
            Verb::Port | Verb::Pasv | Verb::Eprt | Verb::Epsv | Verb::Lprt | Verb::Lpsv => {
                Some(SupportError::Alone(*verb))
            }
            Verb::Type | Verb::Stru | Verb::Mode | Verb::Rest | Verb::Abor | Verb::Opts | Verb::Lang => {
                Some(SupportError::Alone(*verb))
            }
            _ => None,
        };
        assert_eq!(named.err(), expected, "{verb}");
    }
    for (verb, line) in ASKED {
        let mut rig = Rig::logged_in(supporting(Support::default().with(&[verb]).unwrap()));
        assert!(rig.hears(line).contains(&Did::Asks(line.into())), "{line}");
        let mut rig = Rig::logged_in(Config::default());
        assert!(!rig.hears(line).contains(&Did::Asks(line.into())), "{line}");
    }
}

#[test]
fn every_verb_that_is_taken_away_is_502_or_an_error() {
    for verb in Verb::ALL {
        let expected = match verb {
            Verb::User | Verb::Quit | Verb::Noop | Verb::Stat | Verb::Abor => Some(SupportError::Needed(*verb)),
            Verb::Auth | Verb::Pbsz | Verb::Prot | Verb::Ccc => Some(SupportError::FollowsTls(*verb)),
            _ => None,
        };
        let without =
            Support::everything().with(&[Verb::Help]).unwrap().without(&[Verb::Stat]).unwrap().without(&[*verb]);
        assert_eq!(without.clone().err(), expected, "{verb}");
        let Ok(support) = without else { continue };
        assert!(!support.has(*verb) && support.verbs().all(|other| other != *verb));
        if *verb != Verb::Pass {
            let line = format!("{verb} x");
            let said = Rig::logged_in(supporting(support)).says(&line);
            assert_eq!(said, "502 Command not implemented.", "{line}");
        }
    }
    // Whoever named it may take it back.
    let support = Support::default().with(&[Verb::Quit]).unwrap().without(&[Verb::Quit]).unwrap();
    assert_eq!(Rig::logged_in(supporting(support)).says("QUIT"), "221 Goodbye.");
    // And bring back what was taken away.
    let support = Support::default().without(&[Verb::Lprt]).unwrap().with(&[Verb::Lprt]).unwrap();
    assert_eq!(support, Support::default());
}

#[test]
fn quit_in_own_words() {
    let quits = |answer: fn(Question<'_>)| {
        let mut rig = Rig::logged_in(supporting(Support::default().with(&[Verb::Quit]).unwrap()));
        rig.server.received(b"QUIT\r\n");
        let Action::Question(question) = rig.server.poll(rig.now()) else { panic!() };
        answer(question);
        let did = rig.all(World::Works);
        (ftp_proto_rigs::server::said(&did), rig.closed)
    };
    fn say(question: Question<'_>, code: u16) {
        let reply = Reply::from_static(Code::new(code).unwrap(), "So long.");
        question.answer(&Answer::new(Verb::Quit, reply).unwrap());
    }
    assert_eq!(quits(|question| say(question, 221)), ("221 So long.".into(), true));
    assert_eq!(quits(|question| say(question, 200)), ("200 So long.".into(), true));
    let done = |question: Question<'_>| match question {
        Question::Perform(perform) => perform.done(),
        other => panic!("{other:?}"),
    };
    assert_eq!(quits(done), ("221 Goodbye.".into(), true));
    let refused = |question: Question<'_>| question.refuse(&Refusal::unavailable(Text::from_static("Stay.")));
    assert_eq!(quits(refused), ("550 Stay.".into(), false));
    // Who wants to go isn't kept by an application that says nothing.
    let mut rig = Rig::logged_in(supporting(Support::default().with(&[Verb::Quit]).unwrap()));
    rig.server.received(b"QUIT\r\n");
    rig.all(World::Busy);
    rig.now += Duration::from_secs(300);
    assert_eq!((rig.goes_on().as_str(), rig.closed), ("221 Goodbye.", true));
}

#[test]
fn unknown_verbs_reach_the_application_as_they_came() {
    let after = supporting(Support::default().with_unknown_verbs());
    let mut rig = Rig::greeted(after.clone());
    rig.answers(&[("XQUOTA a", "500 Unknown command.")]);
    let mut rig = Rig::logged_in(after);
    for line in ["XQUOTA", "xQuota  a b ", "QUOTE \u{e9}", "A-B.C d"] {
        rig.server.received(format!("{line}\r\n").as_bytes());
        let Action::Question(question) = rig.server.poll(rig.now()) else { panic!("{line}") };
        let mut bytes = Vec::new();
        question.command().encode(&mut bytes);
        assert_eq!(bytes, format!("{line}\r\n").as_bytes());
        assert!(matches!(question, Question::Extension(_)) && matches!(question.command(), Command::Other(_)));
        let answer = Answer::new(Verb::Other, Reply::from_static(Code::FILE_STATUS, "12 of 100.")).unwrap();
        question.answer(&answer);
        assert_eq!(rig.goes_on(), "213 12 of 100.");
    }
    // Another protocol stays one, and what is no command is none.
    assert_eq!(rig.says(""), "500 Empty line: a command was expected.");
    assert_eq!((rig.says("POST / HTTP/1.1"), rig.closed), ("500 This is FTP.".into(), true));
    // By its verb, too.
    let named = Support::default().with(&[Verb::Other]).unwrap();
    assert_eq!(named, Support::default().with_unknown_verbs());
    assert!(named.has(Verb::Other) && !named.without(&[Verb::Other]).unwrap().has(Verb::Other));
}

#[test]
fn what_the_application_does_not_know_before_the_login_is_counted() {
    let mut rig = Rig::greeted(supporting(Support::default().with_unknown_verbs_before_login()));
    assert_eq!(rig.says("XQUOTA"), "200 Done.");
    let refused = |rig: &mut Rig| {
        rig.server.received(b"XYZZY\r\n");
        let Action::Question(question) = rig.server.poll(rig.now()) else { panic!() };
        question.refuse(&Refusal::new(Reply::from_static(Code::SYNTAX_ERROR, "Never heard.")).unwrap());
        rig.goes_on()
    };
    for _ in 0..9 {
        assert_eq!(refused(&mut rig), "500 Never heard.");
    }
    assert_eq!((refused(&mut rig).as_str(), rig.closed), ("421 Too many unknown commands.", true));
}

#[test]
fn any_word_of_site_reaches_the_application() {
    let mut rig = Rig::logged_in(supporting(Support::default().with_any_site()));
    for line in ["SITE HELP", "SITE Chmod 644 a", "SITE x"] {
        assert!(rig.hears(line).contains(&Did::Asks(line.into())), "{line}");
    }
    assert!(rig.says("HELP SITE").contains("HELP [<SP> command]"));
    assert_eq!(
        Rig::greeted(supporting(Support::default().with_any_site())).says("SITE x"),
        "530 Please login with USER and PASS."
    );
    // A HELP of its own.
    let mut rig = Rig::logged_in(supporting(Support::default().with_site(["HELP [<SP> word]"]).unwrap()));
    assert_eq!(rig.hears("SITE HELP")[0], Did::Asks("SITE HELP".into()));
    assert!(rig.says("HELP SITE").ends_with(" HELP [<SP> word]\n214 Help OK."));
}

#[test]
fn lines_of_feat_stand_behind_the_machines_own() {
    let lines = ["XQUOTA", "SITE CHMOD;UTIME"].map(Text::from_static);
    let mut rig = Rig::greeted(supporting(Support::default().with_features(lines).unwrap()));
    assert!(rig.says("FEAT").ends_with("\n CLNT\n XQUOTA\n SITE CHMOD;UTIME\n211 End"));
    for (line, index) in
        [("SIZE", 1), ("size of all", 1), ("MLST type*;", 1), ("UTF8", 1), ("tvfs", 1), ("AUTH SSL", 1)]
    {
        let lines = ["XQUOTA", line].map(Text::from_static);
        assert_eq!(Support::default().with_features(lines), Err(SupportError::Announced { index }), "{line}");
    }
    for line in ["", " XQUOTA"] {
        assert_eq!(
            Support::default().with_features([Text::from_static(line)]),
            Err(SupportError::NoName { index: 0 }),
            "{line:?}"
        );
    }
    let twice = ["A", "A"].map(Text::from_static);
    assert_eq!(Support::default().with_features(twice), Err(SupportError::Twice { index: 1 }));
}

#[test]
fn a_name_is_one_or_an_error() {
    type Take = fn([&'static str; 2]) -> Result<Support, SupportError>;
    let (facts, hashes): (Take, Take) =
        (|names| Support::default().with_facts(names), |names| Support::default().with_hashes(names));
    let (languages, site): (Take, Take) =
        (|names| Support::default().with_languages(names), |names| Support::default().with_site(names));
    for (take, name, good, twice) in [
        (facts, "type", "UNIX.mode", "TYPE"),
        (hashes, "MD5", "SHA-256", "md5"),
        (languages, "EN", "fr-CA", "en"),
        (site, "CHMOD <SP> mode", "UMASK", "chmod"),
    ] {
        assert!(take([name, good]).is_ok(), "{good}");
        assert_eq!(take([name, twice]), Err(SupportError::Twice { index: 1 }), "{twice}");
        for bad in ["", " a", "a;b", "a*", "\r\n", "a\nb", "e\u{301}", "CHMOD<SP>mode"] {
            // An underscore or a `<` is legal in a fact.
            if !(bad.starts_with("CHMOD") && [facts as usize, hashes as usize].contains(&(take as usize))) {
                assert_eq!(take([name, bad]), Err(SupportError::NoName { index: 1 }), "{bad:?}");
            }
        }
    }
    let none: [&str; 0] = [];
    assert_eq!(Support::default().with_facts(none), Err(SupportError::Empty));
    assert!(Support::nothing().with_hashes(["MD5"]).unwrap().has(Verb::Hash), "who names hashes has HASH");
    assert!(Support::nothing().with_site(["X"]).unwrap().has(Verb::Site));
    let codes =
        codes(&Rig::logged_in(supporting(Support::default().with_system(Text::from_static("TOPS-20")))).hears("SYST"));
    assert_eq!(codes, [215]);
}
