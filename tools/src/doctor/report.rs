//! Findings as text of 80 columns, in colour on a terminal.

use std::io::{self, Write};

use ftp_proto::Software;
use ftp_proto::diagnosis::{Cure, Fact, Finding, Findings, Setting};
use ftp_proto_doctor::config::{Concern, Gravity, Reading};

use super::probe::Remark;
use crate::printable;

/// The width of a line.
pub const WIDTH: usize = 80;

/// The kind of a piece of text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    Good,
    Bad,
    Dim,
    Bold,
}

/// Whether there is colour.
#[derive(Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    pub fn hue(self, hue: Hue, text: &str) -> String {
        let code = match hue {
            _ if !self.0 => return text.to_owned(),
            Hue::Good => 32,
            Hue::Bad => 31,
            Hue::Dim => 2,
            Hue::Bold => 1,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The report that is printed at the end.
pub struct Report<W> {
    out: W,
    paint: Paint,
    number: usize,
}

impl<W: Write> Report<W> {
    pub fn new(out: W, paint: Paint) -> Self {
        Self { out, paint, number: 0 }
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.wrap(text, "", "")
    }

    /// A line of a list.
    pub fn item(&mut self, text: &str) -> io::Result<()> {
        self.wrap(text, "  ", "    ")
    }

    /// An empty line.
    pub fn space(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    pub fn findings(
        &mut self,
        findings: &Findings,
        what_would_tell: impl Fn(&Finding) -> Option<String>,
    ) -> io::Result<()> {
        for finding in findings.iter() {
            self.finding(finding, what_would_tell(finding))?;
        }
        Ok(())
    }

    fn finding(&mut self, finding: &Finding, tells: Option<String>) -> io::Result<()> {
        self.number += 1;
        writeln!(self.out)?;
        let number = format!("{}. ", self.number);
        for (place, cause) in finding.causes().enumerate() {
            let begin = if place == 0 { number.clone() } else { "   or ".into() };
            let lines = wrapped(&cause.to_string(), &begin, "   ");
            for line in lines {
                writeln!(self.out, "{}", self.paint.hue(Hue::Bold, &line))?;
            }
        }
        self.facts("Because", &finding.supports().collect::<Vec<_>>())?;
        self.facts("Although", &finding.against().collect::<Vec<_>>())?;
        for cure in finding.advice() {
            let line = format!("{}: {cure}", capitalised(&cure.actor().to_string()));
            self.wrap(&line, "   ", "     ")?;
            for setting in cure.settings() {
                self.setting(&setting)?;
            }
            for (server, lines) in elsewhere(&cure) {
                self.wrap(&format!("{server}: {}", lines.join(" and ")), "       ", "         ")?;
            }
        }
        match tells.or_else(|| finding.tells_apart().map(|experiment| format!("To tell which: {experiment}."))) {
            Some(tells) => self.wrap(&tells, "   ", "     "),
            None => Ok(()),
        }
    }

    /// One item in a sentence, several in a list.
    fn facts(&mut self, word: &str, facts: &[&Fact]) -> io::Result<()> {
        match facts {
            [] => Ok(()),
            [fact] => self.wrap(&format!("{word} {fact}."), "   ", "     "),
            _ => {
                writeln!(self.out, "   {word}")?;
                facts.iter().try_for_each(|fact| self.wrap(&fact.to_string(), "   - ", "     "))
            }
        }
    }

    /// Lines of configuration, which aren't broken; commands of a shell are, where the shell allows it, and so are paths through menus.
    fn setting(&mut self, setting: &Setting) -> io::Result<()> {
        let text = setting.to_string();
        if setting.is_command() {
            return commands(&text).iter().try_for_each(|line| writeln!(self.out, "{line}"));
        }
        if setting.is_field() {
            return self.wrap(&text, "       ", "         ");
        }
        writeln!(self.out, "       {}", printable(text.as_bytes()))
    }

    /// What else there is to say.
    pub fn remarks(&mut self, remarks: &[Remark]) -> io::Result<()> {
        for remark in remarks {
            writeln!(self.out)?;
            self.wrap(&remark.text, if remark.counts { "! " } else { "- " }, "  ")?;
        }
        Ok(())
    }

    /// What is wrong with a configuration file.
    pub fn reading(&mut self, name: &str, reading: &Reading) -> io::Result<()> {
        for concern in reading.concerns() {
            self.concern(name, concern)?;
        }
        Ok(())
    }

    fn concern(&mut self, name: &str, concern: &Concern) -> io::Result<()> {
        let name = concern.file.as_deref().unwrap_or(name);
        let place = match concern.line {
            Some(line) => format!("{name}:{line}: "),
            None => format!("{name}: "),
        };
        let gravity = concern.gravity();
        let hue = if gravity == Gravity::Note { Hue::Dim } else { Hue::Bad };
        for (at, line) in wrapped(&format!("{place}{gravity}: {}", concern.fault), "", "  ").iter().enumerate() {
            writeln!(self.out, "{}", if at == 0 { self.paint.hue(hue, line) } else { line.clone() })?;
        }
        for line in concern.cure() {
            writeln!(self.out, "    {line}")?;
        }
        Ok(())
    }

    fn wrap(&mut self, text: &str, first: &str, rest: &str) -> io::Result<()> {
        wrapped(text, first, rest).iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }
}

/// The servers in whose words a cure is given if the server isn't recognised.
const SERVERS: [Software; 7] = [
    Software::Vsftpd,
    Software::ProFtpd,
    Software::PureFtpd,
    Software::FileZillaServer,
    Software::Pyftpdlib,
    Software::Iis,
    Software::Libunftp,
];

/// The lines of a cure by server, if the server isn't recognised.
pub fn elsewhere(cure: &Cure) -> Vec<(Software, Vec<String>)> {
    if cure.software() != Software::Unknown || cure.settings().next().is_some() {
        return Vec::new();
    }
    let lines = |server: &Software| cure.settings_of(*server).map(|setting| setting.to_string()).collect();
    SERVERS.iter().map(|server| (*server, lines(server))).filter(|(_, lines): &(_, Vec<_>)| !lines.is_empty()).collect()
}

/// A command, broken with backslashes if it is too long.
fn commands(text: &str) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::from("      "));
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        // There has to be room for the backslash where more follows.
        let more = if words.peek().is_some() { 2 } else { 0 };
        if line.chars().count() + 1 + word.chars().count() + more > WIDTH {
            lines.push(line + " \\");
            line = "        ".into();
        }
        line = line + " " + word;
    }
    lines.push(line);
    lines
}

/// Lines of at most 80 columns; longer words are broken. Control characters are shown as escapes.
pub fn wrapped(text: &str, first: &str, rest: &str) -> Vec<String> {
    let text = printable(text.as_bytes());
    let (mut lines, mut line, mut is_empty) = (Vec::new(), first.to_owned(), true);
    let width = |line: &str| line.chars().count();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        if !is_empty && width(&line) + 1 + width(word) > WIDTH {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        while width(&line) + width(word) > WIDTH {
            let room = WIDTH.saturating_sub(width(&line)).max(1);
            let at = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
            line.push_str(&word[..at]);
            word = &word[at..];
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_broken_as_a_shell_lets_it_be() {
        let long = "nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu";
        let lines = commands(long);
        assert!(lines.len() == 2 && lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
        assert_eq!(lines.concat().replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" "), long);
        assert_eq!(commands("firewall-cmd --reload"), ["       firewall-cmd --reload"]);
    }

    #[test]
    fn nothing_is_wider_than_80_columns() {
        let text = format!("short words and {} and then some more of them", "x".repeat(200));
        for (first, rest) in [("", ""), ("   ", "     ")] {
            let lines = wrapped(&text, first, rest);
            assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
            let joined: String = lines.concat().split_whitespace().collect();
            assert_eq!(joined, text.split_whitespace().collect::<String>());
        }
    }
}
