//! The client's machine against what real servers said.
//!
//! Each dialogue becomes the requests that its client seems to have had in mind. Our client may say TYPE where the other
//! didn't, so each command that it writes is answered with what the server said to that command in that exchange. A
//! dialogue that uses several routes is replayed once for each, with the transfers that went over it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request, Value, Violation};
use ftp_proto::{
    AttemptEnd, Command, Endpoints, EpsvArgument, Instant, Moved, Reply, ReplyError, Route, StreamEnd, Verb, Verdict,
};

use crate::dialogue::{self, Answer, Dialogue, Exchange, Said};
use crate::oddities::{Oddity, oddity};
use ftp_proto_rigs::net::{Log, Shared, Side};

/// What no request says in this version, and so isn't replayed: how often, over all dialogues and routes.
const NOT_REQUESTED: &[(&str, usize, &str)] = &[
    ("ABOR alone", 4, "Client::abort says it only where something runs"),
    ("AUTH alone", 4, "TLS comes with a request of its own"),
    ("EPRT alone", 15, "only a transfer prepares a data connection; this one was refused, or no transfer followed"),
    ("EPSV alone", 16, "the same, and EPSV 1, EPSV 2, EPSV ALL"),
    ("PASV alone", 9, "the same"),
    ("PORT alone", 23, "the same"),
    ("LPRT alone", 4, "no route of the client's"),
    ("LPSV alone", 4, "no route of the client's"),
    ("LIST without a data connection", 7, "probes of servers; the client never says it"),
    ("RETR without a data connection", 3, "probes of servers; the client never says it"),
    ("REIN alone", 8, "it ends the session's login and TLS, so it needs a request of its own"),
    ("STOU", 4, "it needs a request of its own, which reads the name"),
    ("a line that is no command", 69, "nothing that the client writes is one"),
    ("never answered", 25, "there is no server's half to feed"),
];

/// What the client is to say, and hears.
struct Plan<'a> {
    file: &'a str,
    at: usize,
    request: Request,
    /// By command, in order; the last one is what the request is about.
    answers: VecDeque<(Verb, Vec<&'a Answer>)>,
    /// Amid the transfer.
    abort: bool,
    /// The reply that `Done` has to fit.
    last: &'a Answer,
}

type Ended = Result<Outcome<'static>, Failure<'static>>;

#[test]
fn the_client_comes_through_what_servers_said() {
    let mut skipped = BTreeMap::new();
    let (mut requests, mut transfers, mut violations) = (0, 0, Vec::new());
    for dialogue in dialogue::all() {
        let exchanges = dialogue.exchanges();
        let mut routes: Vec<Route> = Vec::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            let opens = Command::parse(&exchange.line).is_ok_and(|command| command.verb().opens_data());
            if let (true, Some((route, _))) = (opens, set_up(&exchanges[..index])) {
                routes.retain(|known| *known != route);
                routes.push(route);
            }
        }
        if routes.is_empty() {
            routes.push(Route::Epsv);
        }
        for route in routes {
            let mut replay = Replay::new(&dialogue, route);
            let mut alive = replay.greet(&exchanges[0]);
            let mut index = 1;
            while alive && index < exchanges.len() {
                match plan(&dialogue, &exchanges, &mut index, route) {
                    Planned::Request(plan) => {
                        requests += 1;
                        transfers += usize::from(plan.answers.back().is_some_and(|(verb, _)| verb.opens_data()));
                        alive = replay.run(*plan, &mut violations);
                    }
                    Planned::Quit(last) => {
                        replay.quit(last);
                        alive = false;
                    }
                    Planned::Nothing => {}
                    Planned::Skipped(why) => *skipped.entry(why).or_insert(0) += 1,
                }
            }
        }
    }
    let expected: BTreeMap<String, usize> =
        NOT_REQUESTED.iter().map(|(what, count, _)| ((*what).to_owned(), *count)).collect();
    assert_eq!(skipped, expected);
    assert_eq!(violations, [("probe_pyftpdlib.txt".to_owned(), 358)], "one reply broke in two, and nothing else");
    assert!(requests > 1800 && transfers > 300, "{requests} requests, {transfers} transfers");
}

/// What an exchange becomes.
enum Planned<'a> {
    Request(Box<Plan<'a>>),
    Quit(Option<&'a Answer>),
    /// Part of a transfer that follows, or over another route.
    Nothing,
    Skipped(String),
}

/// The last command that prepared a data connection and was accepted.
fn set_up(before: &[Exchange]) -> Option<(Route, &Exchange)> {
    before.iter().rev().find_map(|exchange| {
        let route = match Command::parse(&exchange.line).ok()? {
            Command::Pasv => Route::Pasv,
            Command::Epsv(EpsvArgument::Any) => Route::Epsv,
            Command::Port(_) => Route::Port,
            Command::Eprt(_) => Route::Eprt,
            _ => return None,
        };
        exchange.last.as_ref().is_some_and(Answer::is_positive).then_some((route, exchange))
    })
}

fn plan<'a>(dialogue: &'a Dialogue, exchanges: &'a [Exchange], index: &mut usize, route: Route) -> Planned<'a> {
    let at = *index;
    let exchange = &exchanges[at];
    *index += 1;
    let Ok(command) = Command::parse(&exchange.line) else {
        return Planned::Skipped("a line that is no command".into());
    };
    let verb = command.verb();
    let Some(last) = &exchange.last else {
        return if verb == Verb::Quit { Planned::Quit(None) } else { Planned::Skipped("never answered".into()) };
    };
    let next = exchanges.get(at + 1).filter(|next| next.last.is_some());
    let following = next.and_then(|next| Command::parse(&next.line).ok());
    let mut answers = VecDeque::from([(verb, exchange.preliminary.iter().chain([last]).collect())]);
    let plan_of = |request, answers, abort, last| {
        Planned::Request(Box::new(Plan { file: &dialogue.file, at: exchange.at, request, answers, abort, last }))
    };
    let request = match (command, following) {
        (Command::Quit, _) => return Planned::Quit(Some(last)),
        (Command::User(user), Some(Command::Pass(password))) => {
            *index += 1;
            let second = next.and_then(|next| next.last.as_ref()).expect("it was answered");
            answers.push_back((Verb::Pass, vec![second]));
            let last = if matches!(last.code, 331 | 332) { second } else { last };
            return plan_of(Request::login(user, password, None), answers, false, last);
        }
        (Command::Rnfr(from), Some(Command::Rnto(to))) => {
            *index += 1;
            let second = next.and_then(|next| next.last.as_ref()).expect("it was answered");
            answers.push_back((Verb::Rnto, vec![second]));
            let last = if last.is_positive() { second } else { last };
            return plan_of(Request::rename(from, to), answers, false, last);
        }
        (Command::Pwd, _) => Request::print_directory(),
        (Command::Size(path), _) => Request::size(path),
        (Command::Mdtm(path), _) => Request::modified(path),
        (Command::Rest(_), Some(next)) if next.verb().opens_data() => return Planned::Nothing,
        (command, _) if verb.opens_data() => {
            let Some((used, setup)) = set_up(&exchanges[..at]) else {
                return Planned::Skipped(format!("{verb} without a data connection"));
            };
            if used != route {
                return Planned::Nothing;
            }
            let mut offset = 0;
            if let Some(before) = exchanges.get(at.wrapping_sub(1))
                && let (Ok(Command::Rest(value)), Some(reply)) = (Command::parse(&before.line), &before.last)
                && value > 0
            {
                offset = value;
                answers.push_front((Verb::Rest, vec![reply]));
            }
            let setup_verb = Command::parse(&setup.line).map(|command| command.verb()).expect("it was parsed before");
            answers.push_front((setup_verb, setup.last.iter().collect()));
            let abort = next.filter(|next| next.line == b"ABOR").or(exchanges.get(at + 1).filter(|next| {
                next.line == b"ABOR" && matches!(oddity(&dialogue.file, next.at), Some(Oddity::Unfinished))
            }));
            if let Some(abort) = abort {
                *index += 1;
                // What the server said to the two commands, after the ABOR.
                let (_, replies) = answers.back_mut().expect("the transfer");
                replies.pop();
                answers.push_back((Verb::Abor, [last].into_iter().chain(&abort.last).collect()));
            }
            let request = match command {
                Command::Retr(path) => Request::retrieve(path, offset),
                Command::Stor(path) => Request::store(path, offset),
                Command::Appe(path) => Request::append(path),
                Command::List(path) => Request::plain_list(path),
                Command::Nlst(path) => Request::names(path),
                Command::Mlsd(path) => Request::machine_list(path),
                other => return Planned::Skipped(other.verb().to_string()),
            };
            return plan_of(request, answers, abort.is_some(), last);
        }
        (command, _) => match Request::command(command) {
            Ok(request) => request,
            Err(_) if set_up(&exchanges[at..=at]).is_some() => return Planned::Nothing,
            Err(command) => return Planned::Skipped(format!("{} alone", command.verb())),
        },
    };
    plan_of(request, answers, false, last)
}

/// A client, and the server's half of a dialogue.
struct Replay<'a> {
    dialogue: &'a Dialogue,
    client: Client,
    log: Log,
    coming: VecDeque<&'a [u8]>,
    /// What our client says beyond the other's: TYPE, and the NOOP that ends an ABOR.
    stock: Vec<Vec<u8>>,
}

/// What the client wants next.
enum Wants {
    Reply,
    Done(Ended),
    Close,
}

impl<'a> Replay<'a> {
    fn new(dialogue: &'a Dialogue, route: Route) -> Self {
        let mut config = Config::default();
        config.routes = vec![route];
        // No byte moves here.
        config.announced_size = false;
        let ends = Endpoints::new("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:21".parse().unwrap());
        Self {
            dialogue,
            client: Client::new(Arc::new(config), ends, Instant::default()),
            log: Log::of_test("transcripts"),
            coming: VecDeque::new(),
            stock: Vec::new(),
        }
    }

    fn greet(&mut self, greeting: &'a Exchange) -> bool {
        let last = greeting.last.as_ref().expect("every server greets");
        self.coming.extend([last.wire.as_slice()]);
        let ended = self.until_done(&mut VecDeque::new(), false).expect("no violation");
        assert!(ended.is_ok(), "{}: {ended:?}", self.dialogue.file);
        true
    }

    /// Whether the session goes on.
    fn run(&mut self, mut plan: Plan<'a>, violations: &mut Vec<(String, usize)>) -> bool {
        let place = format!("{}:{}", plan.file, plan.at);
        self.client.start(plan.request).unwrap_or_else(|misuse| panic!("{place}: {misuse}"));
        let ended = self.until_done(&mut plan.answers, plan.abort);
        let ended = ended.unwrap_or_else(|violation| panic!("{place}: {violation}"));
        let (reply, _) = Reply::parse(&plan.last.wire).unwrap().unwrap();
        match &ended {
            Err(Failure::Aborted) => assert!(plan.abort, "{place}"),
            Err(Failure::NoRoute(attempts)) => {
                let end = attempts.last().map(|attempt| attempt.end);
                assert!(
                    plan.last.code == 425 && end == Some(AttemptEnd::ServerFailed(reply.code())),
                    "{place}: {end:?}"
                );
            }
            Err(Failure::Refused(refusal)) => {
                assert!(!plan.last.is_positive() && *refusal == reply, "{place}: {ended:?}");
            }
            Ok(outcome) => {
                assert!(plan.last.is_positive() && !plan.abort && outcome.reply == reply, "{place}: {ended:?}");
                let number = String::from_utf8_lossy(reply.text());
                match &outcome.value {
                    Value::Size(size) => assert_eq!(size.to_string(), number, "{place}"),
                    Value::Modified(time) => assert_eq!(time.to_string(), number, "{place}"),
                    Value::Directory(path) => assert!(path.starts_with(b"/"), "{place}: {ended:?}"),
                    _ => {}
                }
            }
            _ => panic!("{place}: {ended:?}"),
        }
        self.after(plan.last, violations)
    }

    /// What the server said behind the reply though nobody asked.
    fn after(&mut self, last: &Answer, violations: &mut Vec<(String, usize)>) -> bool {
        let said = self.dialogue.said();
        let behind = said.iter().skip_while(|said| !matches!(said, Said::Reply { at, .. } if *at == last.at)).skip(1);
        for said in behind.take_while(|said| !matches!(said, Said::Command { .. })) {
            let mut polled = |wire: &[u8]| {
                self.client.received(wire);
                let mut log = self.log.at(Side::Client, Duration::ZERO);
                match self.client.poll(Instant::default()) {
                    Ok(Action::Unsolicited(reply)) => {
                        log.hears_unasked(&reply);
                        Ok(())
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(violation) => {
                        log.violated(&violation);
                        Err(violation)
                    }
                }
            };
            match said {
                Said::Reply { at, wire, .. } if oddity(&self.dialogue.file, *at) == Some(Oddity::NobodyAsked) => {
                    polled(wire).expect("no violation");
                }
                Said::NoReply { at, line } => {
                    let violation = polled(line).expect_err("this is no reply");
                    assert!(matches!(violation, Violation::Reply(ReplyError::NotAReply { .. })), "{violation}");
                    violations.push((self.dialogue.file.clone(), *at));
                    return false;
                }
                _ => {}
            }
        }
        true
    }

    fn quit(&mut self, last: Option<&'a Answer>) {
        self.client.quit();
        let mut answers = VecDeque::from([(Verb::Quit, last.into_iter().collect())]);
        loop {
            match self.step(&mut answers, false).expect("no violation") {
                Wants::Reply => match self.coming.pop_front() {
                    Some(wire) => self.client.received(wire),
                    None => self.client.received(b""),
                },
                Wants::Done(ended) => panic!("{}: {ended:?}", self.dialogue.file),
                Wants::Close => return,
            }
        }
    }

    fn until_done(&mut self, answers: &mut VecDeque<(Verb, Vec<&'a Answer>)>, abort: bool) -> Result<Ended, Violation> {
        for _ in 0..100 {
            match self.step(answers, abort)? {
                Wants::Reply => {
                    let stock = self.stock.pop();
                    match (self.coming.pop_front(), &stock) {
                        (Some(wire), None) => self.client.received(wire),
                        (None, Some(wire)) => self.client.received(wire),
                        (Some(wire), Some(_)) => {
                            self.stock.extend(stock);
                            self.client.received(wire);
                        }
                        (None, None) => panic!("{}: the server has no more to say", self.dialogue.file),
                    }
                }
                Wants::Done(ended) => return Ok(ended),
                Wants::Close => panic!("{}: the client closes", self.dialogue.file),
            }
        }
        panic!("{}: no end", self.dialogue.file)
    }

    /// Polls until the client waits for a reply or has ended something; makes every connection at once, which moves
    /// nothing. `abort`: at the first byte.
    fn step(&mut self, answers: &mut VecDeque<(Verb, Vec<&'a Answer>)>, abort: bool) -> Result<Wants, Violation> {
        loop {
            let mut log = self.log.at(Side::Client, Duration::ZERO);
            match self.client.poll(Instant::default()).inspect_err(|violation| log.violated(violation))? {
                Action::Write(write) => {
                    let line = write.bytes().strip_suffix(b"\r\n").expect("one line").to_vec();
                    let length = write.bytes().len();
                    log.write(write, length);
                    self.answer(&line, answers);
                }
                Action::Read { .. } => return Ok(Wants::Reply),
                Action::Reply(reply) => log.hears(&reply),
                Action::Noise(line) => panic!("{}: {}", self.dialogue.file, line.escape_ascii()),
                Action::Unsolicited(reply) => panic!("{}: {reply:?} was asked for", self.dialogue.file),
                Action::Done(ended) => {
                    let ended = ended.map(Outcome::into_owned).map_err(Failure::into_owned);
                    log.done(&ended, self.client.attempts());
                    return Ok(Wants::Done(ended));
                }
                Action::Connect(connect) => log.connect(connect, Ok(())),
                Action::Listen(listen) => log.listen(listen, Ok("127.0.0.1:50000".parse().unwrap())),
                // Nobody connects before the server has said so.
                Action::Accept(accept) => match self.coming.pop_front() {
                    Some(wire) => {
                        drop(accept);
                        self.client.received(wire);
                    }
                    None => assert_eq!(log.accept(accept, "127.0.0.1:20".parse().unwrap()), Verdict::Take),
                },
                Action::Stream(stream) => {
                    if abort {
                        drop(stream);
                        self.client.abort();
                    } else {
                        log.stream(stream, StreamEnd::Clean, 0);
                    }
                }
                Action::StartTls(start) => log.start_tls(start, Ok(())),
                Action::SecureData(secure) => log.secure(secure, Ok(Shared::Yes)),
                Action::StopTls(stop) => log.stop_tls(stop, Ok(())),
                Action::Close(close) => log.close(close, Moved::Nothing),
                Action::Leave => {
                    log.leaves();
                    return Ok(Wants::Close);
                }
            }
        }
    }

    /// What the server said to this command.
    fn answer(&mut self, line: &[u8], answers: &mut VecDeque<(Verb, Vec<&'a Answer>)>) {
        let verb = Command::parse(line).expect("the client writes commands").verb();
        match answers.front() {
            Some((next, _)) if *next == verb => {
                let (_, replies) = answers.pop_front().expect("it is there");
                self.coming.extend(replies.into_iter().map(|answer| answer.wire.as_slice()));
            }
            _ if matches!(verb, Verb::Type | Verb::Noop) => self.stock.push(b"200 Fine.\r\n".to_vec()),
            next => panic!("{}: {} instead of {next:?}", self.dialogue.file, line.escape_ascii()),
        }
    }
}
