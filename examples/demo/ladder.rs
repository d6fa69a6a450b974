//! Draws a dialogue: the client on the left, the server on the right, each line an arrow.

use std::cell::{Cell, RefCell};
use std::io::Write;

/// The width between the two sides.
const WIDTH: usize = 74;

const COMMAND: &str = "36";
const REPLY: &str = "32";
const REFUSAL: &str = "31";
const DATA: &str = "33;1";
const TITLE: &str = "1";

/// Where the drawing goes, in colour if wanted.
pub struct Ladder<W> {
    out: RefCell<W>,
    colour: bool,
    /// Whether the command under way sends data to the server.
    uploads: Cell<bool>,
}

impl<W: Write> Ladder<W> {
    pub fn new(out: W, colour: bool) -> Self {
        Self { out: RefCell::new(out), colour, uploads: Cell::new(false) }
    }

    /// Begins a new session.
    pub fn title(&self, title: &str) {
        self.line("", "");
        self.line(TITLE, &format!(" {title}"));
        self.line("", &format!(" client {:>width$}", "server", width = WIDTH - 4));
        self.rung("", &" ".repeat(WIDTH));
    }

    /// Draws a remark about the lines above.
    pub fn remark(&self, good: bool, remark: &str) {
        let (colour, mark) = if good { (REPLY, '✔') } else { (REFUSAL, '✘') };
        self.rung(colour, &fill(&format!("   {mark} {remark}"), ' '));
        self.rung("", &" ".repeat(WIDTH));
    }

    /// Draws the last line.
    pub fn summary(&self, good: bool, summary: &str) {
        self.line("", "");
        self.line(if good { REPLY } else { REFUSAL }, summary);
    }

    /// Draws what the client logs: `> command`, `< reply`, `* data connection to port 1234`, `* 1234 bytes`.
    pub fn draw(&self, entry: &str) {
        match entry.split_once(' ') {
            Some((">", command)) => {
                self.uploads.set(command.starts_with("STOR "));
                self.to_server(COMMAND, '─', &printable(command));
            }
            Some(("<", reply)) => self.reply(reply),
            Some((_, data)) if data.contains(" to ") => self.to_server(DATA, '╌', data),
            Some((_, data)) if data.contains(" from ") => self.to_client(DATA, '╌', data),
            Some((_, data)) => {
                let count = data.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
                let text = format!(" {} bytes ", thousands(count));
                match self.uploads.get() {
                    true => self.rung(DATA, &format!("{text:═^width$}▶", width = WIDTH - 1)),
                    false => self.rung(DATA, &format!("◀{text:═^width$}", width = WIDTH - 1)),
                }
            }
            None => {}
        }
    }

    fn reply(&self, reply: &str) {
        let colour = if reply.starts_with(['4', '5']) { REFUSAL } else { REPLY };
        let mut lines = reply.lines().map(printable).rev();
        let last = lines.next().unwrap_or_default();
        // Only the last line of a reply is an arrow: the reply has come once that has.
        let earlier: Vec<String> = lines.collect();
        for line in earlier.iter().rev() {
            self.rung(colour, &format!("{:>width$}  ", clip(line), width = WIDTH - 2));
        }
        self.to_client(colour, '─', &last);
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

    /// Ignores a pipe that was closed: the exit code still tells the result.
    fn line(&self, colour: &str, line: &str) {
        let mut out = self.out.borrow_mut();
        let _ = if self.colour && !colour.is_empty() {
            writeln!(out, "\x1b[{colour}m{line}\x1b[0m")
        } else {
            writeln!(out, "{line}")
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

/// Cuts off what doesn't fit between the two sides.
fn clip(text: &str) -> String {
    let room = WIDTH - 6;
    if text.chars().count() <= room {
        return text.into();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

/// Escapes control characters, which could move the cursor or worse.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(
            |character| if character.is_control() { character.escape_default().collect() } else { vec![character] },
        )
        .collect()
}
