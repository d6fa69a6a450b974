//! A dialogue as a ladder: the client on the left, the server on the right, each line an arrow.

use std::io::{self, IsTerminal, Write};

use ftp_proto::Direction;

use super::client_adapter::Event;
use super::printable;

/// Between the two rails.
const WIDTH: usize = 74;

const COMMAND: &str = "36";
const REPLY: &str = "32";
const REFUSAL: &str = "31";
const DATA: &str = "33;1";
const TITLE: &str = "1";

/// Draws on standard output, in colour if that is a terminal.
pub struct Ladder {
    colour: bool,
}

impl Ladder {
    pub fn new() -> Self {
        Self { colour: io::stdout().is_terminal() }
    }

    /// A new session.
    pub fn title(&self, title: &str) {
        self.line("", "");
        self.line(TITLE, &format!(" {title}"));
        self.line("", &format!(" client {:>width$}", "server", width = WIDTH - 4));
        self.rung("", &" ".repeat(WIDTH));
    }

    /// What was found out about the lines above.
    pub fn remark(&self, good: bool, remark: &str) {
        let (colour, mark) = if good { (REPLY, '✔') } else { (REFUSAL, '✘') };
        self.rung(colour, &fill(&format!("   {mark} {remark}"), ' '));
        self.rung("", &" ".repeat(WIDTH));
    }

    /// The last word.
    pub fn summary(&self, good: bool, summary: &str) {
        self.line("", "");
        self.line(if good { REPLY } else { REFUSAL }, summary);
    }

    pub fn draw(&self, event: &Event<'_>) {
        match event {
            Event::Command(command) => self.to_server(COMMAND, '─', &command.to_string()),
            Event::Reply(reply) => {
                let colour = if reply.code().is_negative() { REFUSAL } else { REPLY };
                let text = reply.to_string();
                let mut lines = text.lines().map(|line| printable(line.as_bytes())).rev();
                let last = lines.next().unwrap_or_default();
                // Only the last line is an arrow: the reply is here when that is.
                let earlier: Vec<String> = lines.collect();
                for line in earlier.iter().rev() {
                    self.rung(colour, &format!("{:>width$}  ", clip(line), width = WIDTH - 2));
                }
                self.to_client(colour, '─', &last);
            }
            Event::Connected { address, by_server: false } => {
                self.to_server(DATA, '╌', &format!("data connection to port {}", address.port()));
            }
            Event::Connected { address, by_server: true } => {
                self.to_client(DATA, '╌', &format!("data connection from port {}", address.port()));
            }
            Event::Secured { .. } => {}
            Event::Moved { direction, total, .. } => {
                let text = format!(" {} bytes ", thousands(*total));
                match direction {
                    Direction::Send => self.rung(DATA, &format!("{text:═^width$}▶", width = WIDTH - 1)),
                    Direction::Receive => self.rung(DATA, &format!("◀{text:═^width$}", width = WIDTH - 1)),
                }
            }
        }
    }

    fn to_server(&self, colour: &str, dash: char, text: &str) {
        let shaft = fill(&format!("{dash}{dash} {} ", clip(text)), dash);
        self.rung(colour, &format!("{}▶", shaft.chars().take(WIDTH - 1).collect::<String>()));
    }

    fn to_client(&self, colour: &str, dash: char, text: &str) {
        let text = format!(" {} {dash}{dash}", clip(text));
        let shaft = dash.to_string().repeat((WIDTH - 1).saturating_sub(text.chars().count()));
        self.rung(colour, &format!("◀{shaft}{text}"));
    }

    fn rung(&self, colour: &str, between: &str) {
        if self.colour && !colour.is_empty() {
            self.line("", &format!("  │\x1b[{colour}m{between}\x1b[0m│"));
        } else {
            self.line("", &format!("  │{between}│"));
        }
    }

    /// Who reads may have closed the pipe: then nobody is told, and the exit code still says how it went.
    fn line(&self, colour: &str, line: &str) {
        let _ = if self.colour && !colour.is_empty() {
            writeln!(io::stdout(), "\x1b[{colour}m{line}\x1b[0m")
        } else {
            writeln!(io::stdout(), "{line}")
        };
    }
}

/// 1048576 as 1,048,576.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn fill(text: &str, with: char) -> String {
    let missing = WIDTH.saturating_sub(text.chars().count());
    format!("{text}{}", with.to_string().repeat(missing))
}

/// What doesn't fit between the rails is cut off.
fn clip(text: &str) -> String {
    let room = WIDTH - 6;
    if text.chars().count() <= room {
        return text.into();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}
