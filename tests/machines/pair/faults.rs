//! Both machines against each other, with each kind of fault at each step of a dialogue: neither panics nor hangs, a
//! request that succeeds has done what it says, and the client is usable afterwards or says a `Violation` for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ftp_proto::Route;
use ftp_proto::client::{Failure, Misuse, Request, Value, Violation};
use ftp_proto_rigs::client::login;
use ftp_proto_rigs::pair::{End, Ended, Fault, Manner, Pair};
use ftp_proto_rigs::{net, path};

const CONTENT: &[u8] = b"0123456789";

/// The kinds of fault. The lines make no sense for any command of the dialogue, but for those of `plausible`.
const FAULTS: [Fault; 19] = [
    Fault::ClientHearsTheEnd,
    Fault::ServerHearsTheEnd,
    Fault::ControlBreaks,
    Fault::Silence,
    Fault::Late(50),
    Fault::Late(200),
    Fault::Says("120 inserted"),
    Fault::Says("120-inserted\r\n226 inserted\r\n550 inserted\r\n120 inserted"),
    Fault::DialsRefused(1),
    Fault::DialsRefused(u32::MAX),
    Fault::DataBreaks(0),
    Fault::DataBreaks(4),
    Fault::Stranger,
    Fault::NewDataSession,
    Fault::HandshakeFails(End::Client),
    Fault::HandshakeFails(End::Server),
    Fault::ClientDrops,
    Fault::ServerDrops,
    Fault::Says("421 inserted"),
];

/// Lines that can't be told from the server's answer: FTP has no tags. Only the machines' health is checked.
const PLAUSIBLE: [Fault; 10] = [
    Fault::Says("150 inserted"),
    Fault::Says("200 inserted"),
    Fault::Says("226 inserted"),
    Fault::Says("228 inserted"),
    Fault::Says("230 inserted"),
    Fault::Says("257 \"/inserted\""),
    Fault::Says("257-inserted\r\n226 inserted\r\n550 inserted\r\n257 inserted"),
    Fault::Says("331 inserted"),
    Fault::Says("425 inserted"),
    Fault::Says("550 inserted"),
];

/// What the dialogue has come to.
#[derive(Debug, Default)]
struct Report {
    steps: usize,
    successes: usize,
    requests: usize,
    violation: bool,
}

struct Dialogue {
    pair: Pair,
    manner: Manner,
    /// Whether a success has to be what it says.
    exact: bool,
    report: Report,
}

impl Dialogue {
    /// One request: what has to hold whenever it ends. `Err`: the session is over.
    fn request(&mut self, request: Request, abort_at: Option<&str>) -> Result<Ended, ()> {
        let name = format!("{request:?}");
        self.report.requests += 1;
        match self.pair.client.start(request).map_err(|rejected| rejected.why) {
            Ok(()) => {}
            Err(Misuse::Ended) => return Err(()),
            // TLS couldn't begin, and the client says no name without it.
            Err(Misuse::NotSecure) if self.manner != Manner::Plain => {
                return self.pair.quit().map_err(|violation| self.over(violation)).and(Err(()));
            }
            Err(other) => panic!("{other:?}"),
        }
        let mut ended = None;
        if let Some(word) = abort_at {
            let before = self.pair.wire.len();
            let said = |pair: &Pair| pair.words_since(before).any(|said| said == word);
            ended = self.pair.until(said).map_err(|violation| self.over(violation))?;
            self.pair.client.abort();
        }
        let ended = match ended {
            Some(ended) => ended,
            None => self.pair.until_done().map_err(|violation| self.over(violation))?,
        };
        if let (true, Ok(outcome)) = (self.exact, &ended) {
            assert!(!format!("{:?}", outcome.reply).contains("inserted"), "{name} was answered by {:?}", outcome.reply);
        }
        if let (true, Err(Failure::Refused(reply))) = (self.exact, &ended) {
            let farewell = reply.code().value() == 421;
            assert!(farewell || !format!("{reply:?}").contains("inserted"), "{name} was refused by {reply:?}");
        }
        self.report.successes += usize::from(ended.is_ok());
        Ok(ended)
    }

    /// A violation is for ever.
    fn over(&mut self, violation: Violation) {
        self.report.violation = true;
        for _ in 0..3 {
            match self.pair.step_client() {
                Err(again) => assert_eq!(again, violation),
                Ok(_) => panic!("{violation:?} is over"),
            }
            assert_eq!(self.pair.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
            self.pair.client.received(b"200 ok\r\n");
        }
        // The adapter closes the connection then, and the server comes to its end too.
        self.pair.server.received(b"");
        self.pair.settle();
    }

    fn run(&mut self) -> Result<(), ()> {
        let greeted = self.pair.until_done();
        if greeted.map_err(|violation| self.over(violation))?.is_ok() {
            self.report.successes += 1;
        }
        if self.manner != Manner::Plain {
            let _ = self.request(Request::secure(), None)?;
        }
        let _ = self.request(login(), None)?;
        let _ = self.request(Request::list(None), None)?;

        self.pair.upload = CONTENT.to_vec();
        let stored = self.request(Request::store(path("new"), 0), None)?;
        if let (true, Ok(outcome)) = (self.exact, &stored) {
            assert_eq!(outcome.value, Value::Transferred(10));
            assert_eq!(self.pair.files[b"new".as_slice()], CONTENT, "what was stored");
        }
        self.pair.download.clear();
        let fetched = self.request(Request::retrieve(path("f"), 3), None)?;
        if let (true, Ok(outcome)) = (self.exact, &fetched) {
            assert_eq!(outcome.value, Value::Transferred(7));
            assert_eq!(self.pair.download, CONTENT[3..], "what was fetched");
        }
        // Before the server has begun, and while the bytes move.
        for word in ["RETR", "150"] {
            self.pair.download.clear();
            let aborted = self.request(Request::retrieve(path("f"), 0), Some(word))?;
            if let (true, Ok(_)) = (self.exact, &aborted) {
                assert_eq!(self.pair.download, CONTENT, "the abort came too late");
            }
        }
        let size = self.request(Request::size(path("f")), None)?;
        if let (true, Ok(outcome)) = (self.exact, &size) {
            assert_eq!(outcome.value, Value::Size(10), "in step after the abort");
        }
        self.pair.quit().map_err(|violation| self.over(violation))
    }
}

/// The whole dialogue, with this fault at this step.
fn dialogue(manner: Manner, routes: &[Route], chunk: usize, planned: Option<(usize, Fault)>) -> Report {
    let fault = planned.map(|(_, fault)| fault);
    let (mut client, server) = manner.configs();
    client.routes = routes.to_vec();
    let mut pair = Pair::new(client, server);
    pair.chunk = chunk;
    pair.slow = 3;
    pair.files.insert(b"f".to_vec(), CONTENT.to_vec());
    pair.injector.planned = planned;
    let exact = !fault.is_some_and(|fault| PLAUSIBLE.contains(&fault));
    let mut dialogue = Dialogue { pair, manner, exact, report: Report::default() };
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let _ = dialogue.run();
    }));
    if ran.is_err() {
        panic!("{planned:?}, in pieces of {chunk}, {:?}: {:#?}", dialogue.report, dialogue.pair.wire);
    }
    let over = dialogue.report.violation || dialogue.pair.client_closed();
    assert!(
        over || !exact
            || dialogue.pair.client.start(Request::noop()).map_err(|rejected| rejected.why) == Err(Misuse::Ended),
        "{planned:?}"
    );
    Report { steps: dialogue.pair.injector.step, ..dialogue.report }
}

/// How many requests the dialogue has.
fn requests(manner: Manner) -> usize {
    if manner == Manner::Plain { 7 } else { 8 }
}

/// Each of these faults at each step; how many dialogues there were.
fn everywhere(
    manner: Manner,
    chunk: usize,
    routes: &[Route],
    faults: &[Fault],
    check: impl Fn(Fault, Report),
) -> usize {
    let mut dialogues = 0;
    let whole = dialogue(manner, routes, chunk, None);
    assert_eq!((whole.requests, whole.violation), (requests(manner), false), "{whole:?}");
    assert!(whole.successes >= 6, "{whole:?}");
    for step in 0..whole.steps {
        // In the midst of a line it would be another fault.
        let faults = faults.iter().filter(|fault| chunk == usize::MAX || !matches!(fault, Fault::Says(_)));
        net::together("faults", || {
            for fault in faults {
                check(*fault, dialogue(manner, routes, chunk, Some((step, *fault))));
                dialogues += 1;
            }
        });
    }
    dialogues
}

fn each_fault_at_each_step_in(manner: Manner, chunk: usize, routes: &[Route]) {
    let dialogues = everywhere(manner, chunk, routes, &FAULTS, |fault, report| {
        if !fault.is_in_control() {
            assert!(!report.violation, "{fault:?} is no violation: {report:?}");
            assert_eq!(report.requests, requests(manner), "the session goes on behind {fault:?}");
        }
    });
    assert!(dialogues > 1000, "{dialogues}");
}

#[test]
fn each_fault_at_each_step() {
    each_fault_at_each_step_in(Manner::Plain, usize::MAX, &[Route::Epsv, Route::Pasv]);
}

#[test]
fn each_fault_at_each_step_in_active_mode() {
    each_fault_at_each_step_in(Manner::Plain, usize::MAX, &[Route::Eprt, Route::Port]);
}

#[test]
fn each_fault_at_each_step_with_active_mode_behind_passive_mode() {
    each_fault_at_each_step_in(Manner::Plain, usize::MAX, &[Route::Pasv, Route::Port]);
}

#[test]
fn each_fault_at_each_step_in_small_pieces() {
    each_fault_at_each_step_in(Manner::Plain, 40, &[Route::Epsv, Route::Pasv]);
}

#[test]
fn each_fault_at_each_step_under_tls() {
    each_fault_at_each_step_in(Manner::Explicit, usize::MAX, &[Route::Epsv, Route::Port]);
}

#[test]
fn each_fault_at_each_step_under_implicit_tls() {
    each_fault_at_each_step_in(Manner::Implicit, usize::MAX, &[Route::Eprt, Route::Pasv]);
}

#[test]
fn lines_that_cannot_be_told_from_answers_make_no_machine_hang() {
    for (manner, routes) in [
        (Manner::Plain, &[Route::Epsv, Route::Pasv][..]),
        (Manner::Plain, &[Route::Port]),
        (Manner::Explicit, &[Route::Epsv]),
    ] {
        everywhere(manner, usize::MAX, routes, &PLAUSIBLE, |_, _| {});
    }
}
