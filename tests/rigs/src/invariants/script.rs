//! What happens to a machine, read from bytes.
//!
//! Text is what its peer sends, a line a step; a control character is something else, and the byte behind it
//! chooses. So a transcript is a script, and a fuzzer that turns one byte changes one step.

use std::fmt;
use std::time::Duration;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The peer sends this, which may be a part of a line or many.
    Feed(Vec<u8>),
    /// Time passes.
    Clock(Duration),
    /// The open question is answered; the byte chooses among the good answers.
    Answer(u8),
    /// It is answered badly.
    Fail(u8),
    /// Neither: life signs, strangers.
    Disturb(u8),
    /// The application asks for something.
    Start(u8),
    /// The application stops what runs.
    Abort,
    /// The application ends the session.
    End,
    /// The peer ends the connection.
    HangUp,
    /// The peer takes nothing more of what is written; the byte chooses how that shows.
    Mute(u8),
}

/// How the control connection takes what is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mouth {
    Open,
    /// It takes nothing more.
    Stuck,
    /// It says so.
    Shut,
}

/// So many steps at most: what is longer says nothing new.
const STEPS: usize = 300;

pub fn steps(mut bytes: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut joined = 0;
    while let Some((first, rest)) = bytes.split_first()
        && steps.len() < STEPS
    {
        if !matches!(first, 1..=8 | 11..=12 | 14) {
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let (line, rest) = bytes.split_at(end);
            bytes = rest;
            match steps.last_mut() {
                Some(Step::Feed(fed)) if joined > 0 => {
                    fed.extend_from_slice(line);
                    joined -= 1;
                }
                _ => steps.push(Step::Feed(line.to_vec())),
            }
            continue;
        }
        let (choice, rest) = rest.split_first().map_or((0, rest), |(choice, rest)| (*choice, rest));
        bytes = rest;
        joined = 0;
        steps.push(match first {
            1 => Step::Clock(Duration::from_secs(
                [1, 4, 5, 9, 10, 29, 30, 59, 60, 61, 119, 300][usize::from(choice % 12)],
            )),
            2 => Step::Answer(choice),
            3 => Step::Fail(choice),
            4 => Step::Disturb(choice),
            5 => Step::Start(choice),
            6 => Step::Abort,
            7 => Step::End,
            8 => Step::HangUp,
            14 => Step::Mute(choice),
            // The next lines come at once.
            _ => {
                joined = usize::from(choice % 32);
                Step::Feed(Vec::new())
            }
        });
    }
    steps
}

/// What a machine wrote. It becomes text only where an assertion fails.
#[derive(Clone, PartialEq)]
pub struct Written(pub Vec<u8>);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Whether what costs more than a step is looked at behind the step of this number. It is behind the last one, too.
pub fn is_due(step: usize) -> bool {
    step.is_multiple_of(8)
}

/// The secret of every login; it must not show in any `Debug`.
pub const SECRET: &str = "tr0ub4dor&3";

pub fn shows_secret(text: &str) -> bool {
    text.contains(SECRET)
}

/// Whether the peer says the secret itself, with whatever Telnet or line ends between: then it may show. Lines that
/// begin so don't count: a client's PASS is where it belongs.
pub fn tells_secret(steps: &[Step], but_for: &[u8]) -> bool {
    let fed = steps.iter().flat_map(|step| if let Step::Feed(bytes) = step { &bytes[..] } else { b"" });
    let fed: Vec<u8> = fed.copied().collect();
    let lines = fed.split(|byte| *byte == b'\n').filter(|line| but_for.is_empty() || !line.starts_with(but_for));
    let mut rest = SECRET.bytes().peekable();
    for byte in lines.flatten() {
        rest.next_if_eq(byte);
    }
    rest.peek().is_none()
}
