//! Who answers a command line: the machine, or the application.

use super::context::{Context, Pace};
use super::phase::{Phase, UnderWay};
use crate::command::{Command, CommandError, EpsvArgument, Verb, is_foreign};
use crate::reply::Code;
use crate::session::OutOfOrder;

impl Context {
    /// Takes up a command line. Returns the phase that follows; `None` if the line is answered. `unread`: more was received after it.
    pub(super) fn take_up(&mut self, line: &[u8], unread: bool) -> Option<Phase> {
        self.hear(line);
        match Command::parse(line) {
            Ok(Command::Other(_)) | Err(_) if is_foreign(line) => self.turn_away(),
            Ok(command) => return self.dispatch(line, command, unread),
            Err(error) => self.complain(&error, Verb::of_line(line)),
        }
        None
    }

    /// Takes up a line that was too long and began with this verb.
    pub(super) fn take_up_cut(&mut self, verb: Verb) {
        self.hear_cut(verb);
        let limit = self.config.limits.line;
        self.complain(&CommandError::LineTooLong { limit }, verb);
    }

    /// Answers a line that can be read, but not by the letter of the grammar. `false`: it is correct.
    #[cold]
    fn complains_strictly(&mut self, line: &[u8]) -> bool {
        let Err(error) = Command::parse_strict(line) else { return false };
        self.complain(&error, Verb::of_line(line));
        true
    }

    fn dispatch(&mut self, line: &[u8], command: Command<'_>, unread: bool) -> Option<Phase> {
        // NOOP keeps connections alive all day, breaks no rule of order and changes nothing, so it takes the shortest way.
        if matches!(command, Command::Noop) && self.pace == Pace::Together && self.connection.session.pass_noop() {
            self.say_noop();
            return None;
        }
        if self.config.strict && self.complains_strictly(line) {
            return None;
        }
        let verb = command.verb();
        if !self.supports(verb) {
            self.not_supported(&command);
            return None;
        }
        let (id, advice) = self.connection.session.command(&command);
        let to = UnderWay { id, verb };
        if let Some((code, text)) = self.disorder(verb, advice) {
            self.answer_static(to, code, text);
            return None;
        }
        if self.refuses_spurious(to, &command, unread) {
            return None;
        }
        match command {
            Command::Pasv | Command::Epsv(EpsvArgument::Any | EpsvArgument::Protocol(_)) | Command::Lpsv => {
                return self.prepare(to, &command).then_some(Phase::Preparing(to));
            }
            Command::Port(_) | Command::Eprt(_) | Command::Lprt(_) => self.set_target(to, &command),
            Command::Pass(_) if self.is_logged_in() => {
                self.answer_static(to, Code::LOGGED_IN, "Already logged in.");
            }
            // The agreed data connection may be gone: a second PASV that found no port has closed it.
            _ if verb.opens_data() && !self.has_data() => {
                let gone = OutOfOrder::NoDataConnection;
                self.answer_static(to, gone.code(), gone.text());
            }
            _ if verb.opens_data() => match self.misplaced(&command) {
                Some((code, text)) => self.answer_static(to, code, text),
                None => return Some(Phase::Offering(self.ask(id, command))),
            },
            _ if self.answers_security(to, &command) || self.answers_alone(to, &command) => {}
            _ => return Some(Phase::Asking(self.ask(id, command))),
        }
        None
    }

    /// Why a command is refused whatever its argument is: the order of RFC 959 5.4, or the lack of TLS.
    fn disorder(&self, verb: Verb, advice: Result<(), OutOfOrder>) -> Option<(Code, &'static str)> {
        if advice != Err(OutOfOrder::NotLoggedIn)
            && let Some(lack) = self.lacks_tls(verb)
        {
            return Some(lack);
        }
        advice.err().map(|disorder| (disorder.code(), disorder.text()))
    }
}
