//! How a request ends, and what its `Done` shows.

use super::Client;
use super::action::{Failure, Outcome, Value};
use super::context::{End, Ended};
use super::phase::{Afterwards, Phase};
use super::request::Wanted;
use crate::session::LoginState;

impl Client {
    pub(super) fn end(&mut self, wanted: Wanted, late: bool, ended: Ended) {
        self.phase = match ended.how {
            End::Quit => return self.leave(),
            End::Tls(_) => {
                self.context.connection.data.release();
                Phase::Ended(wanted, ended, Afterwards::Leaves)
            }
            End::Aborted if late => Phase::Ended(wanted, Ended { how: End::TimedOut, ..ended }, Afterwards::GoesOn),
            End::Success if wanted == Wanted::Farewell => {
                self.context.connection.data.release();
                Phase::Ended(wanted, ended, Afterwards::Leaves)
            }
            _ => Phase::Ended(wanted, ended, Afterwards::GoesOn),
        };
    }

    /// Ends the session in order: what is left of the data connection is closed, then the control connection.
    pub(super) fn leave(&mut self) {
        self.context.connection.data.release();
        self.phase = Phase::Left;
    }

    /// What `Done` shows. `None`: the request was ended by a reply, and the reply isn't there, which no input can bring about.
    pub(super) fn done(&self, wanted: Wanted, ended: Ended) -> Option<Result<Outcome<'_>, Failure<'_>>> {
        let reply = || match ended.reply {
            Some(reply) => Some(reply),
            None => self.inbox.reply(),
        };
        let value = match ended.how {
            End::Refused => return Some(Err(Failure::Refused(reply()?))),
            End::Unexpected => return Some(Err(Failure::Unexpected(reply()?))),
            End::NoRoute => return Some(Err(Failure::NoRoute(self.context.attempts.clone()))),
            End::Tls(why) => return Some(Err(Failure::Tls(why))),
            End::TimedOut => return Some(Err(Failure::TimedOut)),
            End::Stalled(moved) => return Some(Err(Failure::Stalled { moved })),
            End::Incomplete { end, moved, expected } => {
                return Some(Err(Failure::Incomplete { end, moved: moved.bytes(), expected }));
            }
            End::Changed { expected, told } => return Some(Err(Failure::Changed { expected, told })),
            End::Beyond { offset, total } => return Some(Err(Failure::Beyond { offset, total })),
            End::Aborted => return Some(Err(Failure::Aborted)),
            End::Stored(moved, name) => Value::Stored { moved, name },
            End::Transferred(moved) => Value::Transferred(moved),
            End::Success | End::Quit => Value::Nothing,
        };
        let reply = reply()?;
        let read = match (wanted, value) {
            (Wanted::Login, _) if self.session().login() != LoginState::Complete => {
                return Some(Err(Failure::Refused(reply)));
            }
            (Wanted::Directory, _) => reply.directory().map(|path| Value::Directory(path.into_owned())),
            (Wanted::Size, _) => reply.size().map(Value::Size),
            (Wanted::Hash(verb), _) => reply.hash_digits().map(|digits| Value::Hash {
                verb,
                digits: digits.iter().map(|digit| char::from(digit.to_ascii_lowercase())).collect(),
            }),
            (Wanted::Modified, _) => reply.modified().map(Value::Modified),
            (_, value) => Ok(value),
        };
        Some(match read {
            Ok(value) => Ok(Outcome { reply, value }),
            Err(error) => Err(Failure::Unreadable(reply, error)),
        })
    }
}
