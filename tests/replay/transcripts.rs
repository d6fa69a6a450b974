//! Dialogues of real clients with real servers (`testdata/transcripts/`), replayed: every word is read and written
//! back, the session table follows, and each machine talks to the recorded other half.

mod client;
mod server;

use std::collections::BTreeSet;

use ftp_proto::session::{Answered, Awaited, Session, Step};
use ftp_proto::telnet::Escape;
use ftp_proto::{Code, Command, CommandLine, Inbox, Limits, Reply, ReplyError};

use crate::dialogue::{self, Dialogue, Said, Who, without_telnet};
use crate::oddities::{MALFORMED, NORMALISED, ODDITIES, Oddity, Taken, oddity};

/// How the bytes may arrive.
const CHUNKS: [usize; 3] = [usize::MAX, 7, 1];

fn chunks(bytes: &[u8], size: usize) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(size.min(bytes.len()).max(1))
}

#[test]
fn the_inbox_cuts_the_command_lines_that_were_sent() {
    for dialogue in dialogue::all() {
        let sent: Vec<Vec<u8>> = commands(&dialogue).map(|(_, line)| line).collect();
        for size in CHUNKS {
            let mut inbox = Inbox::commands(Limits::COMMANDS).with_escape(Escape::Doubled);
            let mut cut = Vec::new();
            for chunk in chunks(&dialogue.half(Who::Client), size) {
                inbox.push(chunk);
                loop {
                    match inbox.next_line() {
                        Ok(Some(line)) => cut.push(line.to_vec()),
                        Ok(None) => break,
                        // The probe of 20,000 X is dropped, and an error in its place.
                        Err(_) => cut.push(vec![b'X'; 20_000]),
                    }
                }
            }
            assert_eq!(cut.len(), sent.len(), "{}", dialogue.file);
            for (cut, sent) in cut.iter().zip(&sent) {
                assert_eq!(cut, sent, "{} by {size}: {}", dialogue.file, sent.escape_ascii());
            }
        }
    }
}

#[test]
fn every_command_parses_and_encodes_back() {
    let mut used = BTreeSet::new();
    let mut exact = 0;
    for dialogue in dialogue::all() {
        for (at, line) in commands(&dialogue) {
            let place = format!("{}:{at}: {}", dialogue.file, line.escape_ascii());
            let known = MALFORMED.iter().find(|case| case.line == line);
            let command = match (CommandLine::parse(&line), known) {
                (Ok(command), None) => command,
                (Err(error), Some(case)) => {
                    assert_eq!((error, error.reply().code().value()), (case.error, case.code), "{place}");
                    used.insert(line);
                    continue;
                }
                (parsed, known) => panic!("{place}: {parsed:?}, but {:?}", known.map(|case| case.why)),
            };
            let mut encoded = Vec::new();
            command.encode(&mut encoded);
            let encoded = encoded.strip_suffix(b"\r\n").expect("one line with its end").to_vec();
            if let Some(case) = NORMALISED.iter().find(|case| case.line == line) {
                assert_eq!(encoded, case.written, "{place}: {}", case.why);
                assert_ne!(encoded, line, "{place}: needs no exception");
                assert_eq!(CommandLine::parse(&encoded), Ok(command), "{place}");
                used.insert(line);
                continue;
            }
            let word = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let (words, arguments) = (&line[..word], &line[word..]);
            assert!(encoded[..word].eq_ignore_ascii_case(words), "{place}: {}", encoded.escape_ascii());
            assert_eq!(encoded[word..].escape_ascii().to_string(), arguments.escape_ascii().to_string(), "{place}");
            exact += 1;
        }
    }
    let cases = MALFORMED.iter().map(|case| case.line).chain(NORMALISED.iter().map(|case| case.line));
    for case in cases {
        assert!(used.contains(case), "no dialogue needs {}", case.escape_ascii());
    }
    assert!(exact > 2000, "only {exact} commands");
}

#[test]
fn every_reply_is_cut_where_it_ended() {
    let mut count = 0;
    for dialogue in dialogue::all() {
        let expected: Vec<(usize, Option<Vec<u8>>)> = dialogue
            .said()
            .into_iter()
            .filter_map(|said| match said {
                Said::Command { .. } => None,
                Said::Reply { at, wire, .. } => Some((at, Some(wire))),
                Said::NoReply { at, .. } => Some((at, None)),
            })
            .collect();
        let wire = dialogue.half(Who::Server);
        for size in CHUNKS {
            let mut expected = expected.iter();
            let mut inbox = Inbox::replies(Limits::REPLIES).with_escape(Escape::Doubled);
            for chunk in chunks(&wire, size) {
                inbox.push(chunk);
                loop {
                    let cut = match inbox.next_reply() {
                        Ok(None) => break,
                        Ok(Some(reply)) => Some(reply),
                        Err(ReplyError::NotAReply { .. }) => None,
                        Err(error) => panic!("{}: {error}", dialogue.file),
                    };
                    let (at, wire) = expected.next().expect("no more replies than were sent");
                    let place = format!("{}:{at}", dialogue.file);
                    let Some((reply, wire)) = cut.as_ref().zip(wire.as_ref()) else {
                        assert_eq!((cut.as_ref(), wire.as_ref()), (None, None), "{place}");
                        assert_eq!(oddity(&dialogue.file, *at), Some(Oddity::NotAReply), "{place}");
                        continue;
                    };
                    // Two readers and the naive splitter agree, and so does what is written back.
                    let (alone, length) = Reply::parse(wire).unwrap().expect("a whole reply");
                    assert_eq!((&alone, length), (reply, wire.len()), "{place}");
                    let mut written = Vec::new();
                    reply.encode(&mut written);
                    if !wire.ends_with(b"\r\n") {
                        written.remove(written.len() - 2);
                    }
                    assert_eq!(written.escape_ascii().to_string(), wire.escape_ascii().to_string(), "{place}");
                    count += 1;
                }
            }
            assert!(expected.next().is_none() && inbox.finish().is_ok(), "{}", dialogue.file);
        }
    }
    assert!(count / CHUNKS.len() > 2000, "only {count} replies");
}

/// Another witness for the ends of replies than their codes: clients wait. What a server said between two commands is
/// whole replies, one, or two if the first was a 1yz.
#[test]
fn replies_end_where_the_client_went_on() {
    let mut strict = 0;
    for dialogue in dialogue::all() {
        let exchanges = dialogue.exchanges();
        let mut blocks: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut sent = 0;
        for line in &dialogue.lines {
            if line.who == Who::Client {
                sent += 1;
                blocks.push((line.at, Vec::new()));
            } else if let Some((_, block)) = blocks.last_mut() {
                block.extend(without_telnet(&line.wire));
            }
        }
        // Only where nothing overlaps.
        if sent + 1 != exchanges.len() || ODDITIES.iter().any(|odd| odd.file == dialogue.file) {
            continue;
        }
        for (at, block) in &blocks {
            let mut rest = block.as_slice();
            let mut codes = Vec::new();
            while let Some((reply, length)) = Reply::parse(rest).unwrap() {
                codes.push(reply.code());
                rest = &rest[length..];
            }
            assert!(rest.is_empty(), "{}:{at}: {}", dialogue.file, rest.escape_ascii());
            let exchange = exchanges.iter().find(|exchange| exchange.at == *at).expect("its exchange");
            let own = exchange.last.as_ref().is_some_and(|last| block.ends_with(&last.wire));
            if own && codes.len() == 1 + usize::from(codes[0].is_preliminary()) {
                strict += 1;
            }
        }
    }
    assert!(strict > 1500, "only {strict} exchanges without overlap");
}

#[test]
fn the_session_table_follows_every_exchange() {
    let mut met = BTreeSet::new();
    for dialogue in dialogue::all() {
        let file = &dialogue.file;
        let exchanges = dialogue.exchanges();
        let mut session = Session::new();
        let mut advice = Vec::new();
        for said in dialogue.said() {
            let (at, code) = match said {
                Said::NoReply { at, .. } => {
                    met.insert((file.clone(), at));
                    continue;
                }
                Said::Command { at, line } => {
                    let silent = matches!(oddity(file, at), Some(Oddity::Silent));
                    let command = Command::parse(&line).ok().filter(|_| !silent);
                    let advised = command.map(|command| session.command(&command).1);
                    advice.push((at, line, advised));
                    continue;
                }
                Said::Reply { at, code, .. } => (at, code),
            };
            let place = format!("{file}:{at}");
            let exchange = exchanges
                .iter()
                .find(|exchange| exchange.preliminary.iter().chain(&exchange.last).any(|it| it.at == at));
            // A line that doesn't parse never came to the table, and nor does what answers it.
            if exchange.is_some_and(|exchange| exchange.at != 0 && Command::parse(&exchange.line).is_err()) {
                continue;
            }
            let before = session.awaited();
            let answer = session.reply(Code::new(code).unwrap());
            match oddity(file, at) {
                Some(Oddity::NobodyAsked) => {
                    assert_eq!(answer, Answered::Unsolicited, "{place}");
                    met.insert((file.clone(), at));
                    continue;
                }
                Some(Oddity::Overtakes(_)) => {
                    assert_ne!(answer.awaited(), before, "{place}: it overtakes nothing");
                    met.insert((file.clone(), at));
                }
                _ => {}
            }
            let exchange = exchange.expect("what nobody asked for is a known oddity");
            let awaited = match Command::parse(&exchange.line) {
                Ok(command) => Awaited::Command(command.verb()),
                Err(_) => Awaited::Greeting,
            };
            assert_eq!(answer.awaited(), Some(awaited), "{place}: {code} for {}", exchange.line.escape_ascii());
            let step = match code {
                100..200 => Step::Wait,
                200..300 => Step::Success,
                300..400 => Step::Continue,
                _ => Step::Failure,
            };
            assert_eq!(answer.step(), Some(step), "{place}: {code}");
        }
        for (at, line, advised) in advice {
            let place = format!("{file}:{at}: {}", line.escape_ascii());
            let exchange = exchanges.iter().find(|exchange| exchange.at == at && exchange.line == line).unwrap();
            match (&exchange.last, oddity(file, at)) {
                (None, Some(Oddity::Silent | Oddity::Unfinished)) => {
                    met.insert((file.clone(), at));
                }
                (None, _) => panic!("{place}: never answered"),
                (Some(_), Some(Oddity::Silent | Oddity::Unfinished)) => panic!("{place}: it was answered"),
                (Some(last), _) if !last.is_positive() => {}
                (Some(_), _) => match (advised, Taken::find(file, at)) {
                    (Some(Err(why)), Some(taken)) => {
                        assert_eq!(why, taken.against, "{place}: {}", taken.why);
                        met.insert((file.clone(), at));
                    }
                    (Some(Err(why)), None) => panic!("{place}: the server took it, and we advise against: {why}"),
                    (_, Some(taken)) => panic!("{place}: needs no exception ({})", taken.why),
                    (Some(Ok(())) | None, None) => {}
                },
            }
        }
    }
    let odd = ODDITIES.iter().map(|odd| (odd.file, odd.line, odd.why));
    let places: BTreeSet<_> = odd.clone().map(|(file, line, _)| (file, line)).collect();
    assert_eq!(places.len(), ODDITIES.len(), "one oddity a line");
    for (file, line, why) in odd.chain(Taken::ALL.iter().map(|taken| (taken.file, taken.line, taken.why))) {
        assert!(met.contains(&(file.into(), line)), "{file}:{line}: no such thing is there ({why})");
    }
}

/// The command lines with their places.
fn commands(dialogue: &Dialogue) -> impl Iterator<Item = (usize, Vec<u8>)> {
    dialogue.said().into_iter().filter_map(|said| match said {
        Said::Command { at, line } => Some((at, line)),
        _ => None,
    })
}
