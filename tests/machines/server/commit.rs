//! The end of an upload: `Look`, then `Commit`, and whatever comes before, between and behind them.

use std::time::Duration;

use ftp_proto::server::{Action, CommitError, Config, Refusal};
use ftp_proto::{Code, ControlError, Ending, Moved, Relayed, Reply, StreamEnd, Text, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, said, with};

const NANOSECOND: Duration = Duration::from_nanos(1);

const KEPT: &str = "226 Transfer complete.";
const STOPPED: &str = "426 Transfer aborted.\n226 Abort successful.";

/// An upload whose stream is open.
fn streaming_with(config: Config, command: &str) -> Rig {
    let mut rig = Rig::logged_in(config);
    rig.hears("EPSV");
    rig.server.received(format!("{command}\r\n").as_bytes());
    while !matches!(rig.poll(World::Works), Did::Accepts(_)) {}
    assert_eq!(rig.all(World::Busy), [Did::Streams]);
    rig
}

fn streaming() -> Rig {
    streaming_with(Config::default(), "STOR f")
}

fn end(rig: &mut Rig, end: StreamEnd) {
    let now = rig.now();
    let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
    stream.finished(end, Moved::Bytes(7));
}

/// One that has come whole: `Look` is open.
fn looking() -> Rig {
    let mut rig = streaming();
    end(&mut rig, StreamEnd::Clean);
    assert_eq!(rig.all(World::Busy), [Did::Looks]);
    rig
}

fn looked(rig: &mut Rig, heard: &[&[u8]]) {
    let now = rig.now();
    let Action::Look(mut look) = rig.server.poll(now) else { panic!() };
    heard.iter().for_each(|bytes| look.received(bytes));
    look.looked();
}

fn committing() -> Rig {
    let mut rig = looking();
    looked(&mut rig, &[]);
    assert_eq!(rig.all(World::Busy), [Did::Commits]);
    rig
}

fn kept() -> Rig {
    let mut rig = committing();
    let Action::Commit(commit) = rig.server.poll(rig.now()) else { panic!() };
    commit.kept();
    rig
}

/// What is said, whether the channel is given up, whether the session has ended.
fn outcome(rig: &mut Rig) -> (String, bool, bool) {
    let did = rig.all(World::Works);
    assert_eq!(rig.server.session().replies_due(), if rig.closed { rig.server.session().replies_due() } else { 0 });
    (said(&did), did.contains(&Did::Closes), rig.closed)
}

#[test]
fn an_abort_at_each_place() {
    let behind = format!("{KEPT}\n225 No transfer to ABOR.");
    type Place = (&'static str, fn() -> Rig, bool);
    let places: [Place; 4] = [
        ("streaming", streaming, true),
        ("looking", looking, true),
        ("committing", committing, false),
        ("kept", kept, false),
    ];
    for (place, begin, undone) in places {
        for abort in [&b"ABOR\r\n"[..], b"\xff\xf4\xff\xf2ABOR\r\n"] {
            for size in [1, abort.len()] {
                let mut rig = begin();
                abort.chunks(size).for_each(|chunk| rig.server.received(chunk));
                let expected = if undone { STOPPED } else { &behind };
                assert_eq!(outcome(&mut rig), (expected.into(), undone, false), "{place}");
                assert_eq!(rig.says("NOOP"), "200 NOOP ok.");
            }
        }
        // Behind another command it stops what can be stopped, and is answered in its turn.
        let mut rig = begin();
        rig.server.received(b"PWD\r\nABOR\r\n");
        let upload = if undone { "426 Transfer aborted." } else { KEPT };
        let expected = format!("{upload}\n257 \"/\" is the current directory\n225 No transfer to ABOR.");
        assert_eq!(outcome(&mut rig), (expected, undone, false), "{place}");
    }
}

#[test]
fn the_end_of_the_input_at_each_place() {
    type Place = (&'static str, fn() -> Rig, bool);
    let places: [Place; 4] = [
        ("streaming", streaming, true),
        ("looking", looking, true),
        ("committing", committing, false),
        ("kept", kept, false),
    ];
    for (place, begin, undone) in places {
        let mut rig = begin();
        rig.server.received(b"");
        let words = if undone { "" } else { KEPT };
        assert_eq!(outcome(&mut rig), (words.into(), undone, true), "{place}");
    }
}

#[test]
fn what_the_look_brings_counts_before_it_is_answered_and_until_the_next_poll() {
    type Hand = fn(&mut Rig, &[u8]);
    let hands: [Hand; 2] = [
        |rig, bytes| looked(rig, &[bytes]),
        |rig, bytes| {
            looked(rig, &[]);
            rig.server.received(bytes);
        },
    ];
    for hand in hands {
        for (bytes, expected) in [
            (&b"ABOR\r\n"[..], (STOPPED.to_owned(), true, false)),
            (b"", (String::new(), true, true)),
            (b"NOOP\r\n", (format!("200 NOOP ok.\n{KEPT}"), false, false)),
            // Half a word is none.
            (b"ABO", (KEPT.to_owned(), false, false)),
            (b"NOOP\r\nABOR\r\n", (format!("200 NOOP ok.\n{STOPPED}"), true, false)),
        ] {
            let mut rig = looking();
            hand(&mut rig, bytes);
            assert_eq!(outcome(&mut rig), expected, "{}", bytes.escape_ascii());
        }
    }
    // In pieces.
    let mut rig = looking();
    looked(&mut rig, &[b"AB", b"OR\r", b"\n"]);
    assert_eq!(outcome(&mut rig), (STOPPED.into(), true, false));
    // The rest of a word comes too late.
    let mut rig = looking();
    looked(&mut rig, &[b"ABO"]);
    assert_eq!(rig.all(World::Busy), [Did::Commits]);
    rig.server.received(b"R\r\n");
    assert_eq!(outcome(&mut rig), (format!("{KEPT}\n225 No transfer to ABOR."), false, false));
}

#[test]
fn failure_and_success_say_what_they_are() {
    for (why, words) in [
        (CommitError::Local, "451 Failure reading or writing local file."),
        (CommitError::StorageFull, "552 Insufficient storage space."),
    ] {
        let mut rig = committing();
        let Action::Commit(commit) = rig.server.poll(rig.now()) else { panic!() };
        commit.failed(why);
        assert_eq!(outcome(&mut rig), (words.into(), false, false), "nothing is left to be dropped");
        rig.answers(&[("NOOP", "200 NOOP ok."), ("STOR f", "425 Use PORT or PASV first.")]);
    }
    for (command, words) in [("STOR f", KEPT), ("APPE f", KEPT), ("STOU", "226 FILE: unique")] {
        let mut rig = streaming_with(Config::default(), command);
        end(&mut rig, StreamEnd::Clean);
        assert_eq!(outcome(&mut rig), (words.into(), false, false));
    }
}

#[test]
fn what_is_to_be_kept_is_told() {
    let mut rig = committing();
    let now = rig.now();
    let Action::Commit(commit) = rig.server.poll(now) else { panic!() };
    assert_eq!((commit.command().verb(), commit.moved(), commit.wants_input()), (Verb::Stor, 7, true));
    assert_eq!(commit.deadline(), now.after(Duration::from_secs(120)));
}

#[test]
fn dropped_they_come_again_and_are_the_same() {
    let mut rig = streaming();
    let now = rig.now();
    let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
    let (channel, streamed) = (stream.channel(), stream.serial());
    stream.finished(StreamEnd::Clean, Moved::Bytes(7));
    let mut serials = vec![streamed];
    for _ in 0..3 {
        let Action::Look(look) = rig.server.poll(now) else { panic!() };
        assert_eq!(look.channel(), channel);
        serials.push(look.serial());
    }
    looked(&mut rig, &[]);
    for seconds in 0..3 {
        rig.now += Duration::from_secs(seconds);
        let Action::Commit(commit) = rig.server.poll(rig.now()) else { panic!() };
        assert_eq!((commit.channel(), commit.deadline()), (channel, now.after(Duration::from_secs(120))));
        serials.push(commit.serial());
    }
    serials.dedup();
    assert_eq!(serials.len(), 3, "three questions: {serials:?}");
}

#[test]
fn past_its_deadline_it_is_a_451_and_then_given_up() {
    let mut rig = committing();
    rig.now += Duration::from_secs(120) - NANOSECOND;
    assert_eq!(rig.all(World::Busy), [Did::Commits]);
    rig.now += NANOSECOND;
    let did = rig.all(World::Busy);
    assert_eq!(did[..2], [Did::Said("451 No answer in time.".into()), Did::Closes], "in this order");
    assert_eq!(rig.server.session().replies_due(), 0);
    // An ABOR that waited is answered behind it, and another upload is another.
    assert_eq!(rig.says("ABOR"), "225 No transfer to ABOR.");
    rig.hears("EPSV");
    assert_eq!(rig.says("STOR f"), format!("150 Ok to send data.\n{KEPT}"));
}

#[test]
fn noop_and_stat_are_answered_meanwhile_and_others_wait() {
    for begin in [looking, committing] {
        let mut rig = begin();
        rig.server.received(b"NOOP\r\n");
        assert_eq!(said(&rig.all(World::Busy)), "200 NOOP ok.");
        rig.server.received(b"STAT\r\n");
        assert!(said(&rig.all(World::Busy)).starts_with("211-"));
        rig.server.received(b"DELE f\r\nNOOP\r\n");
        assert_eq!(said(&rig.all(World::Busy)), "");
        let expected = format!("{KEPT}\n250 Delete operation successful.\n200 NOOP ok.");
        assert_eq!(outcome(&mut rig), (expected, false, false));
    }
    let mut rig = committing();
    rig.server.received(b"QUIT\r\n");
    assert_eq!(said(&rig.all(World::Busy)), "");
    rig.server.received(b"");
    assert_eq!(outcome(&mut rig), (format!("{KEPT}\n221 Goodbye."), false, true));
}

#[test]
fn where_nothing_may_be_read_nobody_looks() {
    // The client has said QUIT and that it says no more; it is heard all the same.
    let mut rig = streaming();
    rig.server.received(b"QUIT\r\n");
    rig.server.received(b"");
    end(&mut rig, StreamEnd::Clean);
    assert_eq!(rig.all(World::Busy), [Did::Commits]);
    assert_eq!(outcome(&mut rig), (format!("{KEPT}\n221 Goodbye."), false, true));
    // The pipeline is full.
    let mut rig = streaming_with(with(|config| config.pipeline_bytes = 40), "STOR f");
    rig.server.received(b"CWD a\r\nCWD b\r\nCWD c\r\nCWD d\r\n");
    end(&mut rig, StreamEnd::Clean);
    assert_eq!(rig.all(World::Busy), [Did::Commits]);
    // It becomes full while it is looked.
    let mut rig = streaming_with(with(|config| config.pipeline_bytes = 40), "STOR f");
    end(&mut rig, StreamEnd::Clean);
    let Action::Look(mut look) = rig.server.poll(ftp_proto::Instant::default()) else { panic!() };
    let mut lines = 0;
    while look.wants_input() {
        look.received(b"CWD a\r\n");
        lines += 1;
    }
    assert_eq!(lines, 6);
}

#[test]
fn other_ends_and_other_ways_are_not_looked_at() {
    for (how, words) in [
        (StreamEnd::Truncated, "426 Failure reading or writing network stream."),
        (StreamEnd::LocalError, "451 Failure reading or writing local file."),
        (StreamEnd::StorageFull, "552 Insufficient storage space."),
    ] {
        let mut rig = streaming();
        end(&mut rig, how);
        rig.server.received(b"ABOR\r\n");
        let expected = format!("{words}\n225 No transfer to ABOR.");
        let did = rig.all(World::Works);
        assert!(!did.contains(&Did::Looks) && !did.contains(&Did::Commits), "{did:?}");
        assert_eq!(said(&did), expected);
    }
    for command in ["RETR f", "LIST", "NLST", "MLSD"] {
        let mut rig = streaming_with(Config::default(), command);
        end(&mut rig, StreamEnd::Clean);
        let did = rig.all(World::Works);
        assert_eq!(did.len(), 2, "226, and the next command is waited for: {did:?}");
    }
}

#[test]
fn the_application_may_end_the_session_meanwhile() {
    for begin in [looking, committing] {
        let mut rig = begin();
        rig.server.close(&Refusal::closing(Text::new("Shutdown.").unwrap()));
        assert_eq!(rig.all(World::Works), [Did::Said("421 Shutdown.".into()), Did::Closes, Did::Leaves]);
    }
    // What was kept is said first.
    let mut rig = kept();
    rig.server.close(&Refusal::closing(Text::new("Shutdown.").unwrap()));
    assert_eq!(outcome(&mut rig), (format!("{KEPT}\n421 Shutdown."), false, true));
}

#[test]
fn a_client_that_takes_no_words_loses_its_upload_with_the_session() {
    for begin in [streaming, looking, committing] {
        let mut rig = begin();
        rig.server.received(b"NOOP\r\n");
        let Action::Write(write) = rig.server.poll(rig.now()) else { panic!() };
        write.failed(ControlError::Closed);
        assert_eq!(rig.all(World::Works), [Did::Closes, Did::Leaves]);
    }
}

/// The room that a command takes is given back by an upload, too: the next command costs no allocation more. That nothing of
/// the last one shows is what can be seen of it here.
#[test]
fn the_next_commands_are_themselves() {
    let mut rig = looking();
    assert_eq!(outcome(&mut rig).0, KEPT);
    rig.asked.clear();
    rig.hears("DELE another");
    rig.hears("CWD x");
    assert_eq!(rig.asked, ["DELE another", "CWD x"]);
}

/// S13 of `testdata/security.tsv`: an adapter that hands over whatever there is, wanted or not, fills no memory, and the upload
/// that it was asked about is dropped.
#[test]
fn s13_a_flood_while_it_is_looked_ends_the_session_and_undoes_the_upload() {
    let mut rig = looking();
    let now = rig.now();
    let Action::Look(mut look) = rig.server.poll(now) else { panic!() };
    for _ in 0..100 {
        look.received(&b"NOOP\r\n".repeat(600));
    }
    look.looked();
    let did = rig.all(World::Works);
    assert!(said(&did).starts_with("421 "), "{did:?}");
    assert!(did.contains(&Did::Closes) && did.last() == Some(&Did::Leaves), "{did:?}");
    assert!(!did.contains(&Did::Commits), "{did:?}");
}

#[test]
fn the_last_word_about_an_upload_can_be_the_applications() {
    let tape = |code| Reply::from_static(Code::new(code).unwrap(), "It is on the tape.");
    for (code, end) in [(226, StreamEnd::Clean), (250, StreamEnd::Clean), (451, StreamEnd::LocalError)] {
        let mut rig = committing();
        let now = rig.now();
        let Action::Commit(commit) = rig.server.poll(now) else { panic!() };
        commit.end_with(&Ending::new(end, tape(code)).unwrap());
        assert_eq!(said(&rig.all(World::Works)), format!("{code} It is on the tape."));
    }
    for (code, relayed, what) in
        [(250, Relayed::Verbatim, 250), (553, Relayed::Verbatim, 553), (227, Relayed::LocalError, 451)]
    {
        let mut rig = committing();
        let now = rig.now();
        let Action::Commit(commit) = rig.server.poll(now) else { panic!() };
        assert_eq!(commit.relay(&tape(150)), Relayed::Pending, "it is no last word");
        let Action::Commit(commit) = rig.server.poll(now) else { panic!() };
        assert_eq!(commit.relay(&tape(code)), relayed);
        assert_eq!(said(&rig.all(World::Works)), format!("{what} It is on the tape."));
    }
}

#[test]
fn what_is_said_of_a_streams_end_is_said_once_the_upload_is_kept() {
    for (why, what) in
        [(None, "250 It is on the tape."), (Some(CommitError::StorageFull), "552 Insufficient storage space.")]
    {
        let mut rig = streaming();
        let now = rig.now();
        let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
        let words = Reply::from_static(Code::FILE_ACTION_COMPLETED, "It is on the tape.");
        stream.finished_with(&Ending::new(StreamEnd::Clean, words).unwrap(), Moved::Bytes(7));
        assert_eq!(rig.all(World::Busy), [Did::Looks], "nothing is said yet");
        let Action::Look(look) = rig.server.poll(now) else { panic!() };
        look.looked();
        let Action::Commit(commit) = rig.server.poll(now) else { panic!() };
        match why {
            None => commit.kept(),
            Some(why) => commit.failed(why),
        }
        assert_eq!(said(&rig.all(World::Works)), what);
    }
}
