//! The client's choices: TYPE, STRU, MODE, REST, RANG, OPTS, LANG.

use alloc::format;

use super::context::{Context, Range};
use super::phase::UnderWay;
use super::support::{is_language_tag, text_of};
use crate::command::{Command, Format, Mode, Opts, Structure, Type, Verb};
use crate::reply::{Code, Reply};
use crate::text::Argument;

/// Refuses REST and RANG where the bytes on the wire aren't those of the file, as ProFTPD and pyftpdlib do.
const NOT_IN_TEXT: &str = "Resuming transfers not allowed in ASCII mode.";

impl Context {
    pub(super) fn set_type(&mut self, to: UnderWay, value: Type) {
        let text = match value {
            Type::Ascii(None | Some(Format::NonPrint)) => "Switching to ASCII mode.",
            Type::Image | Type::LOCAL_8 => "Switching to Binary mode.",
            _ => return self.answer_static(to, Code::PARAMETER_NOT_IMPLEMENTED, "Type not implemented."),
        };
        self.answer_static(to, Code::COMMAND_OKAY, text);
    }

    pub(super) fn set_structure(&mut self, to: UnderWay, value: Structure) {
        let text = match value {
            value if !self.support().has_structure(value) => {
                return self.answer_static(to, Code::PARAMETER_NOT_IMPLEMENTED, "Bad STRU command.");
            }
            Structure::File => "Structure set to F.",
            Structure::Record => "Structure set to R.",
            Structure::Page => "Structure set to P.",
        };
        self.answer_static(to, Code::COMMAND_OKAY, text);
    }

    pub(super) fn set_mode(&mut self, to: UnderWay, value: Mode) {
        let text = match value {
            value if !self.support().has_mode(value) => {
                return self.answer_static(to, Code::PARAMETER_NOT_IMPLEMENTED, "Bad MODE command.");
            }
            Mode::Stream => "Mode set to S.",
            Mode::Block => "Mode set to B.",
            Mode::Compressed => "Mode set to C.",
            Mode::Deflate => "Mode set to Z.",
        };
        self.answer_static(to, Code::COMMAND_OKAY, text);
    }

    /// REST (RFC 3659 5). The offset holds until the next transfer, although clients send PASV or PORT in between; vsftpd and ProFTPD do
    /// the same.
    pub(super) fn set_restart(&mut self, to: UnderWay, offset: u64) {
        if offset > 0 && self.is_text() {
            return self.answer_static(to, Code::ARGUMENT_SYNTAX_ERROR, NOT_IN_TEXT);
        }
        // File systems count bytes in 63 bits.
        if i64::try_from(offset).is_err() {
            return self.answer_static(to, Code::ARGUMENT_SYNTAX_ERROR, "Bad argument: no file is so long.");
        }
        self.seldom.forget_range();
        self.answer_draft(to, Reply::of_offset(offset));
    }

    /// RANG (draft-bryan-ftp-range): the bytes that the next RETR, STOR or HASH is about; `1 0` cancels it.
    pub(super) fn set_range(&mut self, to: UnderWay, start: u64, end: u64) {
        if (start, end) == (1, 0) {
            self.seldom.forget_range();
            return self.answer_static(to, Code::PENDING_FURTHER_INFORMATION, "Range reset.");
        }
        if start > end || i64::try_from(end).is_err() {
            return self.answer_static(
                to,
                Code::ARGUMENT_SYNTAX_ERROR,
                "Bad argument. Syntax: RANG <SP> start <SP> end",
            );
        }
        if self.is_text() {
            return self.answer_static(to, Code::ARGUMENT_SYNTAX_ERROR, NOT_IN_TEXT);
        }
        self.seldom.set_range(Range { start, end });
        let text = text_of(format!("Restarting at {start}. Ending at {end}."));
        self.answer(to, &Reply::new(Code::PENDING_FURTHER_INFORMATION, text));
    }

    /// Why a transfer can't begin as REST, RANG, MODE and STRU say.
    pub(super) fn misplaced(&self, command: &Command<'_>) -> Option<(Code, &'static str)> {
        let restarts = match command {
            Command::Retr(_) | Command::Stor(_) => {
                self.connection.session.restart_offset() > 0 || self.seldom.range().is_some()
            }
            Command::Appe(_) | Command::Stou(_) if self.seldom.range().is_some() => {
                return Some((Code::FILE_UNAVAILABLE, "A range is for RETR and STOR."));
            }
            Command::Appe(_) => self.connection.session.restart_offset() > 0,
            _ => false,
        };
        let session = &self.connection.session;
        if !self.support().has_mode(session.mode()) || !self.support().has_structure(session.structure()) {
            // MODE and STRU may have been chosen before a login that doesn't permit them.
            return Some((Code::PARAMETER_NOT_IMPLEMENTED, "MODE or STRU not permitted."));
        }
        // TYPE A may have come after REST.
        (restarts && self.is_text()).then_some((Code::ARGUMENT_SYNTAX_ERROR, NOT_IN_TEXT))
    }

    /// Whether the bytes on the wire may differ from those of the file.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.connection.session.representation(), Type::Ascii(_) | Type::Ebcdic(_))
    }

    /// OPTS (RFC 2389 4).
    pub(super) fn set_option(&mut self, to: UnderWay, option: &Opts<'_>) {
        let support = self.support();
        match option {
            Opts::Utf8(Some(false)) => self.answer_static(to, Code::PARAMETER_NOT_IMPLEMENTED, "Always in UTF8 mode."),
            Opts::Utf8(_) => self.answer_static(to, Code::COMMAND_OKAY, "Always in UTF8 mode."),
            Opts::Mlst(facts) if support.has(Verb::Mlst) || support.has(Verb::Mlsd) => {
                let Some(chosen) = support.choose_facts(facts.as_ref().map_or(&[], Argument::as_bytes)) else {
                    return self.answer_static(
                        to,
                        Code::ARGUMENT_SYNTAX_ERROR,
                        "None of these facts is known, current selection not changed.",
                    );
                };
                self.chosen.facts = chosen;
                let mut text = alloc::string::String::from("MLST OPTS");
                for (index, fact) in self.facts().enumerate() {
                    text.push_str(if index == 0 { " " } else { "" });
                    text.push_str(fact);
                    text.push(';');
                }
                self.answer(to, &Reply::new(Code::COMMAND_OKAY, text_of(text)));
            }
            Opts::Hash(algorithm) if support.has(Verb::Hash) => {
                let chosen = match algorithm {
                    None => Some(self.chosen.hash),
                    Some(name) => support.place_of_hash(name.as_bytes()),
                };
                let Some(chosen) = chosen else {
                    return self.answer_static(
                        to,
                        Code::ARGUMENT_SYNTAX_ERROR,
                        "Unknown algorithm, current selection not changed.",
                    );
                };
                self.chosen.hash = chosen;
                let text = text_of(self.support().chosen_hash(self.chosen).into());
                self.answer(to, &Reply::new(Code::COMMAND_OKAY, text));
            }
            Opts::ModeZ(options) if support.has_mode(Mode::Deflate) => self.set_deflate(to, options.as_ref()),
            _ => self.answer_static(to, Code::ARGUMENT_SYNTAX_ERROR, "Option not understood."),
        }
    }

    /// OPTS MODE Z (draft-preston-ftpext-deflate): `LEVEL 0` to `LEVEL 9`. Without an argument the application chooses the level again.
    fn set_deflate(&mut self, to: UnderWay, options: Option<&Argument<'_>>) {
        let mut words = options.map_or(&[][..], Argument::as_bytes).split(|byte| *byte == b' ');
        let mut word = || words.find(|word| !word.is_empty());
        self.chosen.level = match (word(), word(), word()) {
            (None, ..) => None,
            (Some(name), Some([digit @ b'0'..=b'9']), None) if name.eq_ignore_ascii_case(b"LEVEL") => {
                Some(digit.wrapping_sub(b'0'))
            }
            _ => return self.answer_static(to, Code::ARGUMENT_SYNTAX_ERROR, "Option not understood."),
        };
        match self.chosen.level {
            None => self.answer_static(to, Code::COMMAND_OKAY, "MODE Z options reset."),
            Some(level) => {
                self.answer(to, &Reply::new(Code::COMMAND_OKAY, text_of(format!("MODE Z LEVEL set to {level}."))));
            }
        }
    }

    /// LANG (RFC 2640 4.1): chooses the language named, or another one with the same primary tag; without an argument the first.
    pub(super) fn set_language(&mut self, to: UnderWay, tag: Option<&Argument<'_>>) {
        let chosen = match tag.map(Argument::as_bytes) {
            None => Some(0),
            Some(tag) if !is_language_tag(tag) => {
                return self.answer_static(
                    to,
                    Code::ARGUMENT_SYNTAX_ERROR,
                    "Bad argument. Syntax: LANG [<SP> language]",
                );
            }
            Some(tag) => self.support().place_of_language(tag),
        };
        let Some(chosen) = chosen else {
            return self.answer_static(to, Code::PARAMETER_NOT_IMPLEMENTED, "Language not supported.");
        };
        self.chosen.language = chosen;
        let text = text_of(format!("Language is {}.", self.language()));
        self.answer(to, &Reply::new(Code::COMMAND_OKAY, text));
    }
}
