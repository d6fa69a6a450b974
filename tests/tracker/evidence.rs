//! What the tracker's events are evidence of.

use std::time::Duration;

use ftp_proto::diagnosis::{Cause, diagnose};
use ftp_proto::tracker::{Passed, Rewrite, Witness};
use ftp_proto::{
    AttemptEnd, Code, ControlState, DataError, Evidence, Instant, LossKind, Occasion, Reply, Route, Side, Software,
};

use crate::*;

/// A tracker and its witness, who looks at a clock that each test sets.
struct Watch {
    tracker: Tracker,
    witness: Witness,
    now: Instant,
}

impl Watch {
    fn new(client: &str, server: &str) -> Self {
        let tracker = Tracker::new(Arc::default(), at(client), at(server));
        let (witness, now) = (Witness::new(at(client), at(server)), Instant::from_origin(Duration::ZERO));
        let mut watch = Self { tracker, witness, now };
        watch.say(&["S: 220 (vsFTPd 3.0.3)", "C: USER anna", "S: 331 password", "C: PASS secret", "S: 230 in"]);
        assert_eq!(watch.witness.take_trouble(), None, "a login");
        watch
    }

    fn public() -> Self {
        Self::new("198.51.100.1:40000", "203.0.113.5:21")
    }

    fn say(&mut self, lines: &[&str]) {
        for line in lines {
            self.bytes(side(line), format!("{}\r\n", &line[3..]).as_bytes());
        }
    }

    fn bytes(&mut self, from: Peer, bytes: &[u8]) {
        self.tracker.received(from, bytes);
        while let Some(event) = self.tracker.poll() {
            self.witness.observe(&event, self.now);
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now = self.now.after(Duration::from_millis(milliseconds));
    }

    /// The identity of the data connection that is expected.
    fn expected(&self) -> ftp_proto::session::CommandId {
        self.tracker.expectations().next().expect("one").id
    }

    /// How the attempts ended, since it was asked last.
    fn trouble(&mut self) -> Vec<(Route, AttemptEnd)> {
        let evidence = self.witness.take_trouble();
        assert_eq!(self.witness.take_trouble(), None, "told once");
        evidence.iter().flat_map(|evidence| &evidence.attempts).map(|attempt| (attempt.route, attempt.end)).collect()
    }
}

fn first_cause(evidence: &Evidence) -> Option<Cause> {
    diagnose(evidence).first().and_then(|finding| finding.causes().next())
}

const LISTENS: &str = "S: 227 Entering Passive Mode (203,0,113,5,117,48).";

#[test]
fn what_works_is_no_trouble() {
    let mut watch = Watch::public();
    for lines in [
        &["C: PASV", LISTENS, "C: RETR a", "S: 150 ok", "S: 226 done"][..],
        &["C: EPSV", "S: 229 (|||30000|)", "C: STOR a", "S: 125 ok", "S: 250 done"],
        &["C: PORT 198,51,100,1,200,1", "S: 200 ok", "C: LIST", "S: 150 ok", "S: 226 done"],
        // A file that isn't there, and a way that is used later.
        &["C: EPSV", "S: 229 (|||30000|)", "C: RETR a", "S: 550 no", "C: RETR b", "S: 150 ok", "S: 226 done"],
        // The client connects, finds no file, and agrees on another way.
        &["C: EPSV", "S: 229 (|||30000|)", "C: RETR a", "S: 550 no", "C: PASV", LISTENS],
        &["C: RETR a", "S: 550 no"],
        // A server that says no 150.
        &["C: EPSV", "S: 229 (|||30000|)", "C: RETR a", "S: 226 done", "C: NOOP", "S: 200 ok"],
        // The user has enough of it.
        &["C: EPSV", "S: 229 (|||30000|)", "C: RETR a", "S: 150 ok", "C: ABOR", "S: 426 aborted", "S: 226 done"],
        &["C: EPSV ALL", "S: 200 ok"],
        &["C: QUIT", "S: 221 bye"],
    ] {
        watch.say(lines);
        assert_eq!(watch.trouble(), [], "{lines:?}");
    }
    watch.witness.ended(LossKind::Closed, watch.now);
    assert_eq!(watch.witness.take_trouble(), None);
    let evidence = watch.witness.evidence();
    assert_eq!((evidence.side, evidence.software, evidence.logged_in), (Side::Observer, Software::Vsftpd, Some(true)));
    assert_eq!(evidence.control, ControlState::Unknown, "it has ended in order");
    assert!(evidence.attempts.iter().all(|attempt| attempt.is_success() && attempt.connected), "{evidence:?}");
    assert_eq!(evidence.attempts.len(), 6, "each transfer's");
    assert!(evidence.attempts.len() <= 8, "bounded");
}

#[test]
fn each_failure_is_an_attempt_with_its_end() {
    let code = |value| Code::new(value).unwrap();
    let passive = ["C: PASV", LISTENS, "C: RETR a"];
    for (lines, route, end) in [
        (&["C: PASV", "S: 502 no"][..], Route::Pasv, AttemptEnd::Refused(code(502))),
        (&["C: EPSV", "S: 425 no port"], Route::Epsv, AttemptEnd::Refused(code(425))),
        (&["C: PORT 198,51,100,1,200,1", "S: 500 Illegal PORT"], Route::Port, AttemptEnd::Refused(code(500))),
        (&["C: EPRT |1|198.51.100.1|51201|", "S: 522 no"], Route::Eprt, AttemptEnd::Refused(code(522))),
        (&["C: PASV", "S: 227 Entering Passive Mode"], Route::Pasv, AttemptEnd::Unreadable),
        (&["C: PASV", "S: 227 ok (10,0,0,5,117,48)"], Route::Pasv, AttemptEnd::NotDialled),
        (&["C: PASV", "S: 227 ok (203,0,113,5,0,22)"], Route::Pasv, AttemptEnd::NotDialled),
        (&[&passive[..], &["S: 425 no"]].concat(), Route::Pasv, AttemptEnd::ServerFailed(code(425))),
        (&[&passive[..], &["S: 150 ok", "S: 425 no"]].concat(), Route::Pasv, AttemptEnd::ServerFailed(code(425))),
        (&[&passive[..], &["S: 150 ok", "S: 426 cut"]].concat(), Route::Pasv, AttemptEnd::ServerFailed(code(426))),
        (
            &["C: PORT 198,51,100,1,200,1", "S: 200 ok", "C: LIST", "S: 425 Failed to establish connection."],
            Route::Port,
            AttemptEnd::ServerFailed(code(425)),
        ),
        // Given up before it began: nobody had come.
        (
            &[&passive[..], &["C: ABOR", "S: 426 aborted", "S: 226 done"]].concat(),
            Route::Pasv,
            AttemptEnd::ServerFailed(code(426)),
        ),
        // Nothing was agreed on.
        (&["C: LIST", "S: 425 Use PORT or PASV first."], Route::Pasv, AttemptEnd::ServerFailed(code(425))),
    ] {
        let mut watch = Watch::public();
        watch.say(lines);
        assert_eq!(watch.trouble(), [(route, end)], "{lines:?}");
    }
}

/// Nobody but the two ends knows whether the client dials; what it does next tells.
#[test]
fn who_goes_on_without_a_transfer_had_no_connection() {
    for (wait, why) in [(20, DataError::Refused), (3000, DataError::TimedOut)] {
        let mut watch = Watch::public();
        watch.say(&["C: EPSV", "S: 229 (|||30000|)"]);
        watch.wait(wait);
        watch.say(&["C: PASV", LISTENS]);
        assert_eq!(watch.trouble(), [(Route::Epsv, AttemptEnd::Failed(why))], "{wait} ms");
        // Who saw that it came knows better.
        watch.witness.connected(watch.expected());
        watch.say(&["C: EPSV", "S: 229 (|||30001|)"]);
        assert_eq!(watch.trouble(), []);
    }
    for (wait, failed) in [(20, false), (3000, true)] {
        let mut watch = Watch::public();
        watch.say(&["C: EPSV", "S: 229 (|||30000|)"]);
        watch.wait(wait);
        watch.say(&["C: QUIT", "S: 221 bye"]);
        watch.bytes(Peer::Server, b"");
        assert_eq!(!watch.trouble().is_empty(), failed, "{wait} ms");
    }
}

#[test]
fn who_carries_the_data_tells_what_becomes_of_it() {
    let mut watch = Watch::public();
    watch.say(&["C: EPSV", "S: 229 (|||30000|)"]);
    watch.witness.failed(watch.expected(), DataError::Refused, watch.now);
    let evidence = watch.witness.take_trouble().unwrap();
    let attempt = &evidence.attempts[0];
    assert_eq!((attempt.end, attempt.reached), (AttemptEnd::Failed(DataError::Refused), Some(at("203.0.113.5:30000"))));
    assert_eq!(first_cause(&evidence), Some(Cause::PassiveRangeRefused));
    // What the server says of it afterwards is no second one.
    watch.say(&["C: LIST", "S: 425 no"]);
    assert_eq!(watch.trouble(), [(Route::Pasv, AttemptEnd::ServerFailed(Code::CANNOT_OPEN_DATA_CONNECTION))]);
    // A server may have sent all, and say so, before anybody knows that it doesn't arrive.
    let mut watch = Watch::public();
    watch.say(&["C: PORT 198,51,100,1,200,1", "S: 200 ok", "C: RETR a", "S: 150 ok"]);
    let id = watch.expected();
    watch.say(&["S: 226 done"]);
    watch.witness.failed(id, DataError::Refused, watch.now);
    assert_eq!(watch.trouble(), [(Route::Port, AttemptEnd::Failed(DataError::Refused))]);
    let mut watch = Watch::public();
    watch.say(&["C: EPSV", "S: 229 (|||30000|)"]);
    watch.witness.stranger(watch.expected(), "192.0.2.99".parse().unwrap());
    watch.say(&["C: LIST", "S: 425 no"]);
    let evidence = watch.witness.take_trouble().unwrap();
    assert_eq!(evidence.attempts[0].end, AttemptEnd::Stranger("192.0.2.99".parse().unwrap()));
}

/// The same cause as the client's own evidence has.
#[test]
fn the_causes_are_the_doctor_s() {
    let causes = |client: &str, server: &str, lines: &[&str]| {
        let mut watch = Watch::new(client, server);
        watch.say(lines);
        first_cause(&watch.witness.take_trouble().unwrap()).unwrap()
    };
    let public = |lines: &[&str]| causes("198.51.100.1:40000", "203.0.113.5:21", lines);
    assert_eq!(public(&["C: PASV", "S: 227 ok (192,168,1,10,117,48)"]), Cause::PrivateAddressAdvertised);
    assert_eq!(public(&["C: PASV", "S: 227 ok (0,0,0,0,117,48)"]), Cause::UnusableAddressAdvertised);
    assert_eq!(public(&["C: PASV", "S: 227 ok (203,0,113,99,117,48)"]), Cause::StaleAddressAdvertised);
    assert_eq!(public(&["C: PASV", LISTENS, "C: LIST", "S: 425 no"]), Cause::PassiveRangeRefused);
    let port = ["C: PORT 198,51,100,1,200,1", "S: 200 ok", "C: LIST", "S: 425 no"];
    assert_eq!(public(&port), Cause::ActiveInboundRejected);
    // Seen behind the NAT: the client names the address that it has inside.
    let inside = ["C: PORT 192,168,1,10,200,1", "S: 500 Illegal PORT command."];
    assert_eq!(public(&inside), Cause::ActiveBehindNat);
    assert_eq!(public(&["C: LIST", "S: 425 Use PORT or PASV first."]), Cause::SetupMissing);
}

#[test]
fn the_server_s_words_and_the_time_are_kept() {
    let mut watch = Watch::public();
    watch.say(&["C: PASV", LISTENS, "C: LIST"]);
    watch.wait(7000);
    watch.say(&["S: 425 Security: Bad IP connecting."]);
    let evidence = watch.witness.take_trouble().unwrap();
    let attempt = &evidence.attempts[0];
    assert_eq!(attempt.took, Duration::from_secs(7));
    assert_eq!(attempt.said.as_ref().unwrap().to_string(), "425 Security: Bad IP connecting.");
    assert_eq!(first_cause(&evidence), Some(Cause::DataPeerDiffers));
}

#[test]
fn a_control_connection_that_is_lost_says_amid_what() {
    let lost = |lines: &[&str], how| {
        let mut watch = Watch::public();
        watch.say(lines);
        watch.bytes(Peer::Server, b"");
        watch.witness.ended(how, watch.now);
        match watch.witness.evidence().control {
            ControlState::Lost(loss) => (loss.how, loss.during, watch.trouble().len()),
            other => panic!("{other:?}"),
        }
    };
    let transfer = ["C: PASV", LISTENS, "C: RETR a", "S: 150 ok"];
    assert_eq!(lost(&transfer, LossKind::Reset), (LossKind::Reset, Occasion::Transfer, 1));
    let given_up = [&transfer[..], &["S: 421 Timeout."]].concat();
    assert_eq!(lost(&given_up, LossKind::Closed), (LossKind::Closed, Occasion::Transfer, 1));
    let command = Occasion::Command(ftp_proto::Verb::Pasv);
    assert_eq!(lost(&["C: PASV", "S: 421 no"], LossKind::Closed), (LossKind::Closed, command, 1));
    assert_eq!(lost(&["C: PASV"], LossKind::Closed), (LossKind::Closed, command, 1));
    assert_eq!(lost(&[], LossKind::Closed), (LossKind::Closed, Occasion::Idle, 0));
    assert_eq!(lost(&["S: 421 Timeout."], LossKind::Closed), (LossKind::Closed, Occasion::Idle, 0));
}

#[test]
fn a_command_that_a_gateway_refuses_is_evidence_too() {
    let (client, server) = (at("198.51.100.1:40000"), at("203.0.113.5:21"));
    let mut rewrite = Rewrite::new(Tracker::new(Arc::default(), client, server)).holding_lines();
    let mut witness = Witness::new(client, server);
    let (now, by) = (Instant::from_origin(Duration::ZERO), Reply::from_static(Code::SYNTAX_ERROR, "Illegal address."));
    for (from, bytes) in [
        (Peer::Server, "220 ready\r\n"),
        (Peer::Client, "USER anna\r\n"),
        (Peer::Server, "230 in\r\n"),
        (Peer::Client, "PORT 10,0,0,1,200,1\r\n"),
    ] {
        rewrite.received(from, bytes.as_bytes()).unwrap();
        while let Some(passed) = rewrite.poll() {
            let Passed::Event(event) = passed else { continue };
            witness.observe(&event, now);
            if let Event::Refused { id, .. } = event {
                assert!(rewrite.refuse(&by));
                witness.refused(id, &by, now);
            }
        }
    }
    assert_eq!(first_cause(&witness.take_trouble().unwrap()), Some(Cause::ActiveBehindNat));
}

/// Whatever passes by, it keeps a few.
#[test]
fn it_is_bounded() {
    let mut watch = Watch::public();
    for _ in 0..1000 {
        watch.say(&["C: EPSV", "C: PORT 198,51,100,1,200,1", "C: PASV"]);
    }
    assert!(watch.witness.evidence().attempts.len() <= 8);
    for _ in 0..1000 {
        watch.say(&["S: 502 no", "S: 500 no"]);
    }
    assert!(watch.witness.evidence().attempts.len() <= 8);
}
