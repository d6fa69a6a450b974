//! The files of `testdata/transcripts/`, read without any help of the crate: who said which bytes, in which order.

use std::collections::VecDeque;
use std::path::Path;

use crate::oddities::{Oddity, oddity};

/// One control connection.
pub struct Dialogue {
    /// The file, below `testdata/transcripts/`.
    pub file: String,
    /// What the probes of one session are about; empty in the clients' files.
    pub title: String,
    pub lines: Vec<Line>,
    /// The line that notes that the server closed the connection.
    pub closed: Option<usize>,
}

/// One line of the file.
pub struct Line {
    /// Its number in the file, from 1.
    pub at: usize,
    pub who: Who,
    /// What went over the wire, with the line end if one did.
    pub wire: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Client,
    Server,
}

/// What was said, cut at line ends and at the ends of replies.
#[derive(Debug)]
pub enum Said {
    /// A command line, without its end and free of Telnet.
    Command { at: usize, line: Vec<u8> },
    /// A whole reply with its line ends, free of Telnet.
    Reply { at: usize, code: u16, wire: Vec<u8> },
    /// A line where a reply should begin, but isn't one.
    NoReply { at: usize, line: Vec<u8> },
}

/// A command line and the replies to it.
#[derive(Debug)]
pub struct Exchange {
    /// The command line's number in the file; 0: the connection, which the greeting answers.
    pub at: usize,
    pub line: Vec<u8>,
    /// 1yz.
    pub preliminary: Vec<Answer>,
    pub last: Option<Answer>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub at: usize,
    pub code: u16,
    pub wire: Vec<u8>,
}

impl Answer {
    /// 2yz or 3yz.
    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

/// Every dialogue, in the order of the file names.
pub fn all() -> Vec<Dialogue> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/transcripts");
    let mut files: Vec<String> = Vec::new();
    for folder in ["", "clients/"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".txt") {
                files.push(format!("{folder}{name}"));
            }
        }
    }
    files.sort();
    let dialogues: Vec<Dialogue> =
        files.iter().flat_map(|file| read(file, &std::fs::read_to_string(root.join(file)).unwrap())).collect();
    // 119 sessions, and four servers with twelve probe sessions each: nothing was lost while reading.
    assert_eq!(files.len(), 4 + 119);
    assert_eq!(dialogues.len(), 4 * 12 + 119);
    dialogues
}

fn read(file: &str, text: &str) -> Vec<Dialogue> {
    let mut dialogues = Vec::new();
    let begin = |title: &str| Dialogue { file: file.into(), title: title.into(), lines: Vec::new(), closed: None };
    let mut current = begin("");
    for (index, line) in text.lines().enumerate() {
        let at = index + 1;
        let (who, said) = match line.split_at_checked(3) {
            Some(("###", title)) => {
                dialogues.push(std::mem::replace(&mut current, begin(title.trim())));
                continue;
            }
            Some(("C: " | "C> ", said)) => (Who::Client, said),
            Some(("S: " | "S> ", said)) => (Who::Server, said),
            _ => panic!("{file}:{at}: {line}"),
        };
        // What the recorder noted; the peer said nothing.
        if ["<EOF>\\n", "<RST>\\n", "<closed>\\n", "<ConnectionResetError>"].contains(&said) {
            current.closed.get_or_insert(at);
            continue;
        }
        if said == "<greet>" {
            continue;
        }
        current.lines.push(Line { at, who, wire: wire(said) });
    }
    dialogues.push(current);
    dialogues.retain(|dialogue| !dialogue.lines.is_empty());
    dialogues
}

/// Undoes the notation of the files: characters are bytes, `\xNN`, `\r` and `\n` escapes, `X...(3000)` a repetition. A
/// line end is not written unless it was odd: whatever ends in `\r` or `\n` was sent so, all else had a CRLF.
fn wire(said: &str) -> Vec<u8> {
    let (said, ended) = match said.strip_suffix("<no-CRLF>") {
        Some(said) => (said, false),
        None => (said, !said.ends_with("\\n") && !said.ends_with("\\r")),
    };
    let mut wire = Vec::new();
    if let Some((repeated, count)) = said.split_once("...(") {
        let count: usize = count.trim_end_matches(')').parse().unwrap();
        wire.extend(repeated.bytes().cycle().take(count));
    } else {
        let mut rest = said.chars();
        while let Some(character) = rest.next() {
            wire.push(match character {
                '\\' => match rest.next().unwrap() {
                    'r' => b'\r',
                    'n' => b'\n',
                    'x' => {
                        let digits: String = rest.by_ref().take(2).collect();
                        u8::from_str_radix(&digits, 16).unwrap()
                    }
                    other => panic!("escape {other}"),
                },
                character => u8::try_from(u32::from(character)).unwrap(),
            });
        }
    }
    if ended {
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

/// Undoes Telnet, naively: over all that one side said at once.
pub fn without_telnet(wire: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = wire;
    loop {
        rest = match rest {
            [] => return plain,
            [255, 255, rest @ ..] => {
                plain.push(255);
                rest
            }
            [255, 251..=254, _, rest @ ..] | [255, 240..=249, rest @ ..] => rest,
            [byte, rest @ ..] => {
                plain.push(*byte);
                rest
            }
        }
    }
}

impl Dialogue {
    /// All bytes of one side.
    pub fn half(&self, who: Who) -> Vec<u8> {
        self.lines.iter().filter(|line| line.who == who).flat_map(|line| line.wire.iter().copied()).collect()
    }

    /// What both said, in order.
    pub fn said(&self) -> Vec<Said> {
        let mut said = Vec::new();
        let (mut command, mut reply, mut reply_at) = (Vec::new(), Vec::new(), 0);
        for Line { at, who, wire } in &self.lines {
            let at = *at;
            for byte in without_telnet(wire) {
                let buffer = if *who == Who::Client { &mut command } else { &mut reply };
                if *who == Who::Server && buffer.is_empty() {
                    reply_at = at;
                }
                buffer.push(byte);
                if byte != b'\n' {
                    continue;
                }
                if *who == Who::Client {
                    command.pop();
                    command.pop_if(|byte| *byte == b'\r');
                    said.push(Said::Command { at, line: std::mem::take(&mut command) });
                } else if let Some(code) = whole_reply(&reply) {
                    said.push(Said::Reply { at: reply_at, code, wire: std::mem::take(&mut reply) });
                } else if code_of(&reply).is_none() {
                    said.push(Said::NoReply { at: reply_at, line: std::mem::take(&mut reply) });
                }
            }
        }
        assert!(reply.is_empty(), "{}: the file ends within a reply", self.file);
        said
    }

    /// The line that each reply ends with, and the one that it begins with.
    pub fn replies(&self) -> Vec<(usize, usize)> {
        let (mut ends, mut reply, mut begin) = (Vec::new(), Vec::new(), 0);
        for Line { at, wire, .. } in self.lines.iter().filter(|line| line.who == Who::Server) {
            for byte in without_telnet(wire) {
                if reply.is_empty() {
                    begin = *at;
                }
                reply.push(byte);
                if byte == b'\n' && (whole_reply(&reply).is_some() || code_of(&reply).is_none()) {
                    ends.push((*at, begin));
                    reply.clear();
                }
            }
        }
        ends
    }

    /// The command lines of the dialogue, each with the replies that answer it: first come, first served, but for what
    /// `oddities` says.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let mut exchanges = vec![Exchange { at: 0, line: Vec::new(), preliminary: Vec::new(), last: None }];
        let mut due = VecDeque::from([0]);
        for said in self.said() {
            let (at, code, wire) = match said {
                Said::Command { at, line } => {
                    if !matches!(oddity(&self.file, at), Some(Oddity::Silent)) {
                        due.push_back(exchanges.len());
                    }
                    exchanges.push(Exchange { at, line, preliminary: Vec::new(), last: None });
                    continue;
                }
                Said::Reply { at, code, wire } => (at, code, wire),
                Said::NoReply { .. } => continue,
            };
            let place = match oddity(&self.file, at) {
                Some(Oddity::NobodyAsked) => continue,
                Some(Oddity::Overtakes(command)) => {
                    due.iter().position(|index| exchanges[*index].at == command).expect("its command waits")
                }
                _ => 0,
            };
            let index = *due.get(place).unwrap_or_else(|| panic!("{}:{at}: nothing is due", self.file));
            let answer = Answer { at, code, wire };
            if code < 200 {
                exchanges[index].preliminary.push(answer);
            } else {
                exchanges[index].last = Some(answer);
                due.remove(place);
            }
        }
        exchanges
    }
}

/// The code, if these lines are one whole reply.
fn whole_reply(wire: &[u8]) -> Option<u16> {
    let code = code_of(wire)?;
    let last = wire.strip_suffix(b"\n")?.rsplit(|byte| *byte == b'\n').next()?;
    let ends = last.starts_with(&wire[..3]) && matches!(last.get(3), Some(b' ' | b'\r') | None);
    ends.then_some(code)
}

fn code_of(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3)?;
    let separated = matches!(line.get(3)?, b' ' | b'-' | b'\r' | b'\n');
    (separated && digits.iter().all(u8::is_ascii_digit)).then(|| std::str::from_utf8(digits).unwrap().parse().unwrap())
}
