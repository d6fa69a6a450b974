//! What a diagnosis costs, and what it costs to be able to make one.

use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{self, Action, Client, Request};
use ftp_proto::diagnosis::diagnose;
use ftp_proto::{Attempt, AttemptEnd, Code, DataError, Evidence, Excerpt, Path, Reply, Route, Side, Text};
use ftp_proto_rigs::client::{Rig, World, by};
use ftp_proto_rigs::counting::cost;

fn evidence(said: Option<&str>) -> Evidence {
    let dropped = AttemptEnd::Failed(DataError::TimedOut);
    let refused = AttemptEnd::Refused(Code::FILE_UNAVAILABLE);
    let reply = said.map(|text| Reply::new(Code::FILE_UNAVAILABLE, Text::new(text).unwrap()));
    let with = |attempt: Attempt| match &reply {
        Some(reply) => attempt.said(reply),
        None => attempt,
    };
    let inside = "10.0.0.5:50000".parse().unwrap();
    Evidence::seen_by(Side::Client)
        .client("192.168.1.19:40000".parse().unwrap())
        .server("203.0.113.7:21".parse().unwrap())
        .attempt(Attempt::new(Route::Epsv, dropped))
        .attempt(Attempt::new(Route::Pasv, dropped).advertised(inside).reached(inside))
        .attempt(with(Attempt::new(Route::Port, refused).advertised("192.168.1.19:6001".parse().unwrap())))
}

#[test]
fn a_diagnosis_allocates_only_its_texts() {
    let wordless = evidence(None);
    let (asked, held, findings) = cost(|| diagnose(&wordless));
    assert_eq!((asked, held), (0, 0));
    assert_eq!(findings.len(), 3);
    let worded = evidence(Some("Permission denied."));
    let (asked, _, findings) = cost(|| diagnose(&worded));
    assert_eq!(asked, 1, "{findings}");
}

#[test]
fn the_words_of_a_failure_are_bounded() {
    let long = "x".repeat(4000);
    let (_, held, _kept) = cost(|| Excerpt::of(&Reply::new(Code::FILE_UNAVAILABLE, Text::new(&long).unwrap())));
    assert!(held <= Excerpt::LONGEST as isize, "{held}");
}

/// With the default routes, each refused with many words.
#[test]
fn a_client_whose_transfer_failed_keeps_little() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv, Route::Pasv]));
    let words = format!("450 {}", "no ".repeat(1000));
    let fail = |rig: &mut Rig| {
        rig.client.start(Request::retrieve(Path::new("f").unwrap(), 0)).unwrap();
        rig.world = World::Works;
        for _ in 0..20 {
            match rig.client.poll(rig.now()) {
                Ok(Action::Write(write)) => {
                    let is_passive = matches!(write.bytes(), b"EPSV\r\n" | b"PASV\r\n");
                    let reply = if is_passive { &words } else { "200 ok" };
                    write.wrote_all();
                    rig.client.received(format!("{reply}\r\n").as_bytes());
                }
                Ok(Action::Read { .. }) => return,
                Ok(_) => {}
                Err(violation) => panic!("{violation}"),
            }
        }
        panic!("no end");
    };
    let (_, held, ()) = cost(|| fail(&mut rig));
    let most = 2 * (size_of::<Attempt>() + size_of::<Excerpt>() + Excerpt::LONGEST) + 256;
    assert!(held < most as isize, "{held} of {most}");
    let (_, more, ()) = cost(|| (0..10).for_each(|_| fail(&mut rig)));
    assert!(more <= 256, "each transfer has attempts of its own: {more}");
}

#[test]
fn to_ask_a_server_for_trouble_where_there_is_none_allocates_nothing() {
    let mut rig = ftp_proto_rigs::server::Rig::logged_in(ftp_proto::server::Config::default());
    rig.hears("PASV");
    rig.hears("LIST");
    assert_eq!(cost(|| assert!(rig.server.take_trouble().is_none())).0, 0);
}

#[test]
fn a_new_client_holds_no_evidence() {
    let ends = ftp_proto::Endpoints::new("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap());
    let config = Arc::new(client::Config::default());
    let client = Client::new(config, ends, ftp_proto::Instant::from_origin(Duration::ZERO));
    assert!(client.attempts().is_empty() && diagnose(&client.evidence()).is_empty());
}
