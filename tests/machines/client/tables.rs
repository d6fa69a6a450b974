//! The measured tables of odd replies, each row through `Client` against a scripted server, with the outcome that we want.

use std::time::Duration;

use ftp_proto::client::{Config, Request, Value, Violation};
use ftp_proto::telnet::Escape;
use ftp_proto::{Argument, Password, ReplyEnd, Route, Verb};
use ftp_proto_rigs::addr;
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::table::{bytes, rows};

/// Runs every row, and fails with the names of all that are wrong.
fn each(table: &str, width: usize, check: impl Fn(&[&str]) -> Vec<(String, String)>) {
    let mut wrong = String::new();
    for row in rows(table, width) {
        for (found, wanted) in check(&row) {
            if found != wanted {
                wrong += &format!("{}: {found}, not {wanted}\n", row[0]);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The server says these bytes, in pieces; everything that follows.
fn hears(rig: &mut Rig, bytes: &[u8], piece: usize, world: World) -> Result<Vec<Did>, Violation> {
    let mut did = Vec::new();
    for piece in bytes.chunks(piece) {
        rig.client.received(piece);
        loop {
            let next = rig.poll(world)?;
            match (&next, world) {
                (Did::Waits(_), _) => break,
                (Did::Connects(_), World::Busy) => {
                    did.push(next);
                    break;
                }
                _ => did.push(next),
            }
        }
    }
    Ok(did)
}

/// A client that has said USER, or PASS behind it, and waits for the answer.
fn logging_in(end: &str, verb: Verb) -> Rig {
    let mut config = Config::default();
    config.limits.reply_end = if end == "any" { ReplyEnd::AnyCode } else { ReplyEnd::SameCode };
    config.escaping.replies = if end == "doubled" { Escape::Doubled } else { Escape::AsIs };
    let mut rig = Rig::greeted(config);
    rig.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
    if verb == Verb::Pass {
        rig.converse(&[("USER a", "331 pass")]);
    } else {
        rig.all(World::Works);
    }
    rig
}

/// How a login ends whose answer is `input`; and what follows is matched to what it answers.
fn framed(end: &str, verb: Verb, input: &[u8], piece: usize) -> String {
    let mut rig = logging_in(end, verb);
    let did = match hears(&mut rig, input, piece, World::Works) {
        Ok(did) => did,
        Err(Violation::Reply(_)) => {
            assert!(matches!(rig.poll(World::Works), Err(Violation::Reply(_))), "for ever");
            return "violation".into();
        }
        Err(other) => return format!("{other:?}"),
    };
    if let [Did::Unsolicited(code)] = did[..] {
        // Before the login nobody finds out what it is.
        rig.now += Duration::from_secs(2);
        let violation = rig.poll(World::Works).unwrap_err();
        let Violation::Unexpected { waiting, reply } = &violation else { panic!("{violation:?}") };
        assert_eq!((*waiting, reply.code().value()), (Some(verb), code));
        return format!("unexpected {code}");
    }
    let mut told = Vec::new();
    for did in &did {
        match did {
            Did::Done(Ok(Value::Nothing)) => told.push("in".to_string()),
            Did::Done(Err(why)) => {
                let reply = why.strip_prefix("the server refused: ").unwrap_or(why);
                told.push(format!("refused {}", &reply[..3]));
            }
            Did::Unsolicited(code) => told.push(format!("unsolicited {code}")),
            Did::Heard(_) => {}
            other => told.push(format!("{other:?}")),
        }
    }
    if told.is_empty() {
        // Neither an end nor silence is ever taken for the answer.
        rig.now += Duration::from_secs(60);
        assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(verb) }));
        let mut rig = logging_in(end, verb);
        hears(&mut rig, input, piece, World::Works).unwrap();
        rig.client.received(b"");
        let violation = rig.poll(World::Works).unwrap_err();
        assert!(matches!(violation, Violation::Reply(_) | Violation::Closed { .. }), "{violation:?}");
        return "waits".into();
    }
    rig.client.start(Request::print_directory()).unwrap();
    let next = rig.converse(&[("PWD", "257 \"/next\"")]);
    assert_eq!(done(&next), &Ok(Value::Directory(b"/next".to_vec())), "the next command's reply is the next command's");
    told.join("; ")
}

#[test]
fn odd_framing_of_the_answer_to_user_and_to_pass() {
    each(include_str!("../../../testdata/framing.tsv"), 5, |row| {
        let input = bytes(row[2]);
        let mut found = Vec::new();
        for verb in [Verb::User, Verb::Pass] {
            for piece in [1, 5, usize::MAX] {
                found.push((framed(row[1], verb, &input, piece), row[4].to_string()));
            }
        }
        found
    });
}

const V4: [&str; 2] = ["192.0.2.1:40000", "198.51.100.7:21"];
const V6: [&str; 2] = ["[2001:db8::1]:40000", "[2001:db8::7]:21"];

/// A client that has said `first`, the first of two routes, for a transfer.
fn asking(ends: [&str; 2], routes: &[Route]) -> Rig {
    let mut rig = Rig::between(by(routes), ends[0], ends[1]).greet().log_in();
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok")]);
    assert!(did.contains(&Did::Said(routes[0].word().into())), "{did:?}");
    rig
}

/// What follows from a reply to the first route, in words.
fn routed(ends: [&str; 2], routes: [Route; 2], reply: &[u8]) -> String {
    let mut rig = asking(ends, &routes);
    let did = hears(&mut rig, reply, 3, World::Busy).unwrap();
    match did.last() {
        Some(Did::Connects(address)) => {
            assert_eq!(address.ip(), addr(ends[1]).ip(), "a stranger is dialled");
            // It stands: the transfer goes on. It is refused: the next route, before any transfer command.
            let connected = rig.all(World::Works);
            assert!(connected.contains(&Did::Said("RETR f".into())), "{connected:?}");
            let mut rig = asking(ends, &routes);
            let refused = hears(&mut rig, reply, usize::MAX, World::Refuses).unwrap();
            let next = Did::Said(routes[1].word().into());
            assert_eq!(refused.last(), Some(&next), "{refused:?}");
            assert!(!refused.contains(&Did::Said("RETR f".into())), "{refused:?}");
            format!("dials :{}", address.port())
        }
        Some(Did::Said(word)) => {
            // The next one is refused for now, so that the request ends; then another begins.
            let did = rig.hears("425 not now");
            assert!(done(&did).is_err(), "{did:?}");
            rig.retrieve();
            let again = rig.all(World::Works)[0] == Did::Said(routes[0].word().into());
            let again = if again { "again later" } else { "never again" };
            format!("{word} next, {} {again}", routes[0].word())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn odd_answers_to_pasv() {
    each(include_str!("../../../testdata/pasv.tsv"), 5, |row| {
        let reply = bytes(row[1]);
        let found = |ends| routed(ends, [Route::Pasv, Route::Epsv], &reply);
        vec![(found(V4), row[4].into()), (found(V6), row[4].into())]
    });
}

#[test]
fn odd_answers_to_epsv() {
    each(include_str!("../../../testdata/epsv.tsv"), 5, |row| {
        let reply = bytes(row[1]);
        let found = |ends| routed(ends, [Route::Epsv, Route::Pasv], &reply);
        vec![(found(V4), row[4].into()), (found(V6), row[4].into())]
    });
}

/// What follows when EPSV is refused for good, and PASV is answered so.
fn fallen_back(routes: &[Route], reply: &[u8]) -> String {
    let mut rig = asking(V4, routes);
    let did = rig.hears("500 what?");
    assert!(did.contains(&Did::Said("PASV".into())), "{did:?}");
    let did = hears(&mut rig, reply, usize::MAX, World::Busy).unwrap();
    let did = if let Some(Did::Listens) = did.last() { rig.all(World::Works) } else { did };
    match did.iter().rev().find(|did| !matches!(did, Did::Waits(_))) {
        Some(Did::Connects(address)) => {
            assert_eq!(address.ip(), addr(V4[1]).ip(), "a stranger is dialled");
            format!("dials :{}", address.port())
        }
        Some(Did::Said(command)) => command.split(' ').next().unwrap().into(),
        Some(Did::Done(Err(why))) => {
            assert!(why.contains("EPSV: refused with 500"), "{why}");
            format!("ends: {}", why.rsplit("; ").next().unwrap())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn what_follows_when_passive_mode_is_refused() {
    each(include_str!("../../../testdata/pasv_fallback.tsv"), 4, |row| {
        let reply = bytes(row[1]);
        vec![
            (fallen_back(&[Route::Epsv, Route::Pasv], &reply), row[2].into()),
            (fallen_back(&[Route::Epsv, Route::Pasv, Route::Port], &reply), row[3].into()),
        ]
    });
}
