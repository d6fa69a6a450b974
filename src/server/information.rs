//! What the machine tells about itself: SYST, FEAT, HELP, SITE HELP, STAT.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::context::Context;
use super::phase::UnderWay;
use super::support::text_of;
use crate::command::{Mode, Site, Structure, Type, Verb};
use crate::reply::{Code, Reply};
use crate::session::Setup;
use crate::text::{Argument, Text};

/// The only word of SITE that the machine answers.
const SITE_HELP: &str = "HELP [<SP> command]";

impl Context {
    pub(super) fn say_system(&mut self, to: UnderWay) {
        let text = self.support().system().clone();
        self.answer(to, &Reply::new(Code::SYSTEM_TYPE, text));
    }

    pub(super) fn say_features(&mut self, to: UnderWay) {
        let reply = Reply::feature_list(self.support().features(self.verbs(), self.chosen));
        self.answer(to, &reply);
    }

    /// HELP: the supported commands, or the syntax of one (RFC 959 4.1.3). For a command that isn't supported the answer is 502, which
    /// RFC 959 5.4 allows after HELP; 504 it doesn't.
    pub(super) fn say_help(&mut self, to: UnderWay, about: Option<&Argument<'_>>) {
        let Some(about) = about else {
            let words: Vec<&str> = self.verbs().map(Verb::word).collect();
            let lines = words.chunks(14).map(|words| text_of(format!(" {}", words.join(" "))));
            let first = Text::from_static("The following commands are recognized.");
            return self.answer(to, &Reply::with_lines(Code::HELP, first, lines, Text::from_static("Help OK.")));
        };
        let (word, behind) = first_word(about.as_bytes());
        match Verb::parse(word) {
            Verb::Site if self.knows(Verb::Site) => self.say_site_help(to, behind),
            verb if self.verbs().any(|known| known == verb) => {
                self.answer(to, &Reply::new(Code::HELP, text_of(format!("Syntax: {}", verb.syntax()))));
            }
            _ => self.answer_static(to, Code::NOT_IMPLEMENTED, "No help on that."),
        }
    }

    /// Answers SITE HELP and unknown words of SITE. `false`: the application has to answer.
    pub(super) fn answers_site(&mut self, to: UnderWay, site: &Site<'_>) -> bool {
        if self.support().has_site(site.word()) {
            return false;
        }
        if site.word().eq_ignore_ascii_case(b"HELP") {
            self.say_site_help(to, site.arguments().unwrap_or_default());
        } else {
            self.answer_static(to, Code::SYNTAX_ERROR, "Unknown SITE command.");
        }
        true
    }

    /// SITE HELP: the words of SITE, or the syntax of one.
    fn say_site_help(&mut self, to: UnderWay, about: &[u8]) {
        let support = self.support();
        let word = first_word(about.trim_ascii()).0;
        match support.site_syntax(word) {
            Some(syntax) => {
                let text = text_of(format!("Syntax: SITE {syntax}"));
                self.answer(to, &Reply::new(Code::HELP, text));
            }
            None if word.eq_ignore_ascii_case(b"HELP") => {
                self.answer(to, &Reply::new(Code::HELP, text_of(format!("Syntax: SITE {SITE_HELP}"))));
            }
            None if word.is_empty() => {
                let own = support.site_syntax(b"HELP").is_none().then_some(SITE_HELP);
                let lines = support.site().chain(own).map(|syntax| text_of(format!(" {syntax}")));
                let first = Text::from_static("The following SITE commands are recognized.");
                let reply = Reply::with_lines(Code::HELP, first, lines, Text::from_static("Help OK."));
                self.answer(to, &reply);
            }
            None => self.answer_static(to, Code::SYNTAX_ERROR, "Unknown SITE command."),
        }
    }

    /// STAT without a path: the state of the session (RFC 959 4.1.3), which a client may ask during a transfer, too.
    pub(super) fn status(&self, transferring: bool) -> Reply<'static> {
        let connection = &self.connection;
        let user = if self.is_logged_in() {
            format!(" Logged in as {}", self.user.escape_ascii())
        } else {
            " Not logged in".into()
        };
        let moved = connection.data.streaming().and_then(|streaming| streaming.moved());
        let data = match (moved, connection.session.setup()) {
            (Some(moved), _) => format!(" A transfer is under way: {moved} bytes so far"),
            (None, _) if transferring => " A transfer is under way".into(),
            (None, Setup::Passive) => " Waiting for the data connection".into(),
            (None, Setup::Active) => " Going to connect for data".into(),
            (None, Setup::None) => " No data connection".into(),
        };
        let peer = format!(" Connected to {}", connection.ends.peer().ip());
        let lines = [peer, user, self.form(), data].map(text_of);
        let (first, last) = (Text::from_static("FTP server status:"), Text::from_static("End of status"));
        Reply::with_lines(Code::SYSTEM_STATUS, first, lines, last)
    }

    /// TYPE, STRU and MODE in the words of RFC 959.
    fn form(&self) -> String {
        let kind = match self.connection.session.representation() {
            Type::Ascii(_) => "ASCII",
            Type::Ebcdic(_) => "EBCDIC",
            Type::Image | Type::Local(_) => "Image",
        };
        let structure = match self.connection.session.structure() {
            Structure::File => "File",
            Structure::Record => "Record",
            Structure::Page => "Page",
        };
        let mode = match self.connection.session.mode() {
            Mode::Stream => "Stream",
            Mode::Block => "Block",
            Mode::Compressed => "Compressed",
            Mode::Deflate => "Deflate",
        };
        format!(" TYPE: {kind}, STRUcture: {structure}, MODE: {mode}")
    }
}

/// The text up to the first blank, and the rest.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}
