//! The crate's questions, answered and noted at once. Here alone stands which of its types is which event.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::client::{Failure, Outcome, Value, Violation};
use ftp_proto::server::{Commit, CommitError, Question, Transfer};
use ftp_proto::{
    Accept, Attempt, AttemptEnd, ChannelId, Close, Command, Connect, DataError, Direction, Listen, Moved, Reply,
    Resume, SecureData, StartTls, StopTls, Stream, StreamEnd, TlsError, Type, Verb, Verdict, Write,
};

use super::{Log, Side, show};

/// What happens on one side at one time.
pub struct Entry<'a> {
    log: &'a mut Log,
    side: Side,
    now: Duration,
}

impl<'a> Entry<'a> {
    pub(super) fn new(log: &'a mut Log, side: Side, now: Duration) -> Self {
        Self { log, side, now }
    }

    /// Nothing is made up for a log that isn't kept: fuzzers have none.
    fn note<What: Into<String>>(&mut self, what: impl FnOnce() -> What) {
        if self.log.is_kept() {
            self.log.note(self.side, self.now, what().into());
        }
    }

    /// The same of a data connection: what, which, and how it went.
    fn note_data<How: Display>(&mut self, what: &str, channel: ChannelId, how: impl FnOnce() -> How) {
        if self.log.is_kept() {
            let channel = self.log.channel(self.side, channel);
            self.note(|| format!("{what} {channel}{}", how()));
        }
    }

    /// So many bytes are written.
    pub fn write(&mut self, write: Write<'_>, count: usize) {
        let urgent = write.urgent_length().min(count);
        if urgent > 0 {
            self.note(|| format!("urges {}", show(&write.bytes()[..urgent])));
        }
        self.log.write(self.side, self.now, &write.bytes()[urgent..count]);
        write.wrote(count);
    }

    pub fn connect(&mut self, connect: Connect<'_>, made: Result<(), DataError>) {
        let how = format!(" {}{}", connect.address(), because(made.err().map(data_error)));
        self.note_data("dials", connect.channel(), || how);
        match made {
            Ok(()) => connect.connected(),
            Err(why) => connect.failed(why),
        }
    }

    pub fn listen(&mut self, listen: Listen<'_>, bound: Result<SocketAddr, DataError>) {
        self.note_data("listens", listen.channel(), || because(bound.err().map(data_error)));
        match bound {
            Ok(address) => listen.listening(address),
            Err(why) => listen.failed(why),
        }
    }

    /// Somebody has come.
    pub fn accept(&mut self, accept: Accept<'_>, peer: SocketAddr) -> Verdict {
        let channel = accept.channel();
        let verdict = accept.accepted(peer);
        let refused = if verdict == Verdict::Refuse { ": refused" } else { "" };
        self.note_data("accepts", channel, || format!(" {peer}{refused}"));
        verdict
    }

    /// Nobody can come any more.
    pub fn not_accept(&mut self, accept: Accept<'_>, why: DataError) {
        self.note_data("accepts", accept.channel(), || because(Some(data_error(why))));
        accept.failed(why);
    }

    /// TLS on the data connection, with the session of the control connection or one of its own.
    pub fn secure(&mut self, secure: SecureData<'_>, session: Result<Shared, TlsError>) {
        let demand = if secure.resume() == Resume::Required { " with the same session" } else { "" };
        let how = match session {
            Ok(Shared::Yes) => String::new(),
            Ok(Shared::No) => ": another session".to_owned(),
            Err(why) => because(Some(tls_error(why))),
        };
        self.note_data("secures data", secure.channel(), || format!("{demand}{how}"));
        match session {
            Ok(Shared::Yes) => secure.resumed(),
            Ok(Shared::No) => secure.fresh(),
            Err(why) => secure.failed(why),
        }
    }

    pub fn stream(&mut self, stream: Stream<'_>, end: StreamEnd, total: u64) {
        let way = if stream.direction() == Direction::Send { "sends" } else { "receives" };
        let kind = match stream.representation() {
            Type::Ascii(_) => "text",
            Type::Ebcdic(_) => "EBCDIC",
            Type::Image | Type::Local(_) => "bytes",
        };
        let (from, end_word) = (stream.offset(), stream_end(end));
        self.note_data("streams", stream.channel(), || format!(" {way} {kind} from {from}: {end_word}, {total}"));
        stream.finished(end, total.into());
    }

    /// An upload that has come whole is kept, or isn't. What became of it is said, and that is noted.
    pub fn commit(&mut self, commit: Commit<'_>, kept: Result<(), CommitError>) {
        match kept {
            Ok(()) => commit.kept(),
            Err(why) => commit.failed(why),
        }
    }

    pub fn close(&mut self, close: Close<'_>, moved: Moved) {
        self.note_data("closes", close.channel(), || "");
        close.closed(moved);
    }

    pub fn start_tls(&mut self, start: StartTls<'_>, made: Result<(), TlsError>) {
        self.note(|| format!("starts TLS{}", because(made.err().map(tls_error))));
        match made {
            Ok(()) => start.started(),
            Err(why) => start.failed(why),
        }
    }

    pub fn stop_tls(&mut self, stop: StopTls<'_>, made: Result<(), TlsError>) {
        self.note(|| format!("stops TLS{}", because(made.err().map(tls_error))));
        match made {
            Ok(()) => stop.stopped(),
            Err(why) => stop.failed(why),
        }
    }

    pub fn leaves(&mut self) {
        self.log.note_once(self.side, self.now, "leaves".into());
    }

    pub fn hears(&mut self, reply: &Reply<'_>) {
        self.log.heard = true;
        self.note(|| format!("hears {}", reply.code()));
    }

    pub fn hears_unasked(&mut self, reply: &Reply<'_>) {
        self.log.heard = true;
        self.note(|| format!("hears unasked {}", reply.code()));
    }

    pub fn hears_noise(&mut self, line: &[u8]) {
        self.note(|| format!("hears noise {}", show(line)));
    }

    /// A request has ended; `attempts`: how its data connection came about, if it needed one.
    pub fn done(&mut self, ended: &Result<Outcome<'_>, Failure<'_>>, attempts: &[Attempt]) {
        let heard = std::mem::take(&mut self.log.heard);
        if !self.log.is_kept() {
            return;
        }
        // A request that says nothing has no answer to show.
        let code = |reply: &Reply<'_>| if heard { reply.code().to_string() } else { "unanswered".to_owned() };
        let how = match ended {
            Ok(Outcome { reply, value, .. }) => {
                let moved = matches!(value, Value::Transferred(_) | Value::Stored { .. });
                let attempts = if moved { self::attempts(attempts) } else { String::new() };
                format!("ok {}{}{attempts}", code(reply), self::value(value))
            }
            Err(Failure::Refused(reply)) => format!("failed refused {}", code(reply)),
            Err(Failure::Unreadable(reply, _)) => format!("failed unreadable {}", code(reply)),
            Err(Failure::Unexpected(reply)) => format!("failed unexpected {}", code(reply)),
            Err(Failure::NoRoute(attempts)) => format!("failed no route{}", self::attempts(attempts)),
            Err(Failure::Incomplete { end, moved, expected: None }) => {
                format!("failed incomplete: {}, {moved}", stream_end(*end))
            }
            Err(Failure::Incomplete { end, moved, expected: Some(expected) }) => {
                format!("failed incomplete: {}, {moved} of {expected}", stream_end(*end))
            }
            Err(Failure::Changed { expected, told }) => format!("failed changed: {told}, not {expected}"),
            Err(Failure::Beyond { offset, total }) => format!("failed beyond: {offset} of {total}"),
            Err(Failure::Stalled { moved }) => format!("failed stalled, {moved}"),
            Err(Failure::Tls(why)) => format!("failed TLS{}", because(Some(tls_error(*why)))),
            Err(Failure::TimedOut) => "failed timed out".to_owned(),
            Err(Failure::Aborted) => "failed aborted".to_owned(),
            Err(_) => "failed otherwise".to_owned(),
        };
        self.note(|| format!("done {how}"));
    }

    pub fn violated(&mut self, violation: &Violation) {
        let awaited = |verb: &Option<Verb>| verb.map_or("nothing", Verb::word);
        let kind = match violation {
            Violation::Reply(_) => "no reply".to_owned(),
            Violation::Closed { waiting } => format!("closed, {} awaited", awaited(waiting)),
            Violation::TimedOut { waiting } => format!("timed out, {} awaited", awaited(waiting)),
            Violation::Unexpected { waiting, reply } => {
                format!("unexpected {}, {} awaited", reply.code(), awaited(waiting))
            }
            Violation::PlaintextBeforeTls => "plaintext before TLS".to_owned(),
            Violation::OutOfStep => "out of step".to_owned(),
            _ => "otherwise".to_owned(),
        };
        self.log.note_once(self.side, self.now, format!("violation {kind}"));
    }

    /// The application answers this right away.
    pub fn asked<'q>(&mut self, question: Question<'q>) -> Question<'q> {
        self.note(|| format!("is asked {}", line(question.command())));
        question
    }

    /// The same of a transfer.
    pub fn asked_to_transfer<'q>(&mut self, transfer: Transfer<'q>) -> Transfer<'q> {
        self.note(|| format!("is asked to transfer {}", line(transfer.command())));
        transfer
    }
}

/// Whether the data connection's TLS session is the control connection's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    Yes,
    No,
}

fn because(why: Option<&'static str>) -> String {
    why.map_or(String::new(), |why| format!(": {why}"))
}

fn line(command: &Command<'_>) -> String {
    let mut line = Vec::new();
    command.encode(&mut line);
    show(line.strip_suffix(b"\r\n").unwrap_or(&line)).to_string()
}

fn value(value: &Value) -> String {
    match value {
        Value::Nothing => String::new(),
        Value::Directory(path) => format!(" directory {}", show(path)),
        Value::Size(size) => format!(" size {size}"),
        Value::Modified(time) => format!(" modified {time}"),
        Value::Transferred(moved) => format!(" moved {moved}"),
        Value::Stored { moved, name: None } => format!(" moved {moved}"),
        Value::Stored { moved, name: Some(name) } => format!(" moved {moved} to {}", show(name)),
        Value::Hash { verb, digits } => format!(" {verb} {digits}"),
        _ => " something else".to_owned(),
    }
}

fn attempts(attempts: &[Attempt]) -> String {
    let one = |attempt: &Attempt| {
        let end = match attempt.end {
            AttemptEnd::Connected => "connected".to_owned(),
            AttemptEnd::Refused(code) => code.to_string(),
            AttemptEnd::Unexpected(code) => format!("unexpected {code}"),
            AttemptEnd::Unreadable => "unreadable".to_owned(),
            AttemptEnd::Failed(why) => data_error(why).to_owned(),
            AttemptEnd::ServerFailed(code) => format!("server failed {code}"),
            _ => "otherwise".to_owned(),
        };
        format!(", {} {end} after {}", attempt.route.word(), attempt.took.as_secs_f64())
    };
    attempts.iter().map(one).collect()
}

fn stream_end(end: StreamEnd) -> &'static str {
    match end {
        StreamEnd::Clean => "clean",
        StreamEnd::Marked => "marked",
        StreamEnd::Truncated => "truncated",
        StreamEnd::LocalError => "local error",
        StreamEnd::StorageFull => "storage full",
    }
}

fn data_error(why: DataError) -> &'static str {
    match why {
        DataError::Refused => "refused",
        DataError::TimedOut => "timed out",
        DataError::Unreachable => "unreachable",
        DataError::NoPort => "no port",
        DataError::Local => "local",
        DataError::Tls(why) => tls_error(why),
        _ => "otherwise",
    }
}

fn tls_error(why: TlsError) -> &'static str {
    match why {
        TlsError::Certificate => "certificate",
        TlsError::Handshake => "handshake",
        TlsError::TimedOut => "timed out",
        TlsError::NotResumed => "another session",
        TlsError::Unavailable => "unavailable",
        _ => "otherwise",
    }
}
