//! An observer, and this is how it is done: it sees the bytes of somebody else's control connection, both ways, and tells which
//! reply answered which command, and which data connections were agreed on. A sniffer, a firewall's helper and who reads a
//! capture begin like this. Copy it and change it.
//!
//! It keeps no order of its own: FTP has no tags, and what answers what is hard to tell amid a transfer, behind an ABOR, or with a
//! server that uses odd codes. [`Session`] knows. It gives each command an identity, and names it when its reply is heard; the
//! observer only remembers what the command was.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ftp_proto::session::{Answered, CommandId, OutOfOrder, Session};
use ftp_proto::{Code, Command, Commands, Inbox, Limits, Replies, Reply, ReplyError, Verb};

pub struct Observer {
    /// The server's host: EPSV doesn't name it.
    server: IpAddr,
    session: Session,
    said: Inbox<Commands>,
    heard: Inbox<Replies>,
    /// The commands whose final reply hasn't come; of a line that is none, its verb.
    open: BTreeMap<CommandId, Result<Command<'static>, Verb>>,
    /// A final reply that fits nothing that is due. If the client goes on, it was the answer to what is due first.
    suspect: Option<(CommandId, Code)>,
    is_blind: bool,
}

/// What was seen. No secret is in it: a [`Command`] shows none.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A final reply, and what it answers.
    Exchange(String, u16),
    /// The server listens here for the next transfer.
    ServerListens(SocketAddr),
    /// The client does.
    ClientListens(SocketAddr),
    /// A reply that answers nothing, as far as it can be told yet.
    Unasked(u16),
    /// A line of the server's that is no reply.
    Noise,
    /// TLS has begun: nothing more can be read.
    Blind,
}

impl Observer {
    pub fn new(server: IpAddr) -> Self {
        Self {
            server,
            session: Session::new(),
            said: Inbox::commands(Limits::COMMANDS),
            heard: Inbox::replies(Limits::REPLIES),
            open: BTreeMap::new(),
            suspect: None,
            is_blind: false,
        }
    }

    /// Bytes that the client sent, cut anywhere; what they tell.
    pub fn client_said(&mut self, bytes: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        if self.is_blind {
            return seen;
        }
        self.said.push(bytes);
        loop {
            let line = match self.said.next_line() {
                Ok(None) => return seen,
                Ok(Some(line)) => Command::parse(line).map(Command::into_owned).map_err(|_| Verb::of_line(line)),
                Err(too_long) => Err(too_long.verb),
            };
            // Who says the next command has taken that reply for the answer.
            if let Some((id, code)) = self.suspect.take()
                && let Some(command) = self.open.remove(&id)
            {
                self.session.settle(id, code);
                seen.push(Seen::Exchange(shown(&command), code.value()));
            }
            // A line that is no command is answered all the same.
            let (id, advice) = match &line {
                Ok(command) => self.session.command(command),
                Err(verb) => self.session.unreadable(*verb),
            };
            if advice != Err(OutOfOrder::TooManyDue) {
                self.open.insert(id, line);
            }
        }
    }

    /// Bytes that the server sent, cut anywhere; what they tell.
    ///
    /// # Errors
    /// A reply without an end: where the next one begins can't be known.
    pub fn server_said(&mut self, bytes: &[u8]) -> Result<Vec<Seen>, ReplyError> {
        let mut seen = Vec::new();
        if self.is_blind {
            return Ok(seen);
        }
        self.heard.push(bytes);
        loop {
            let reply = match self.heard.next_reply() {
                Ok(None) => return Ok(seen),
                Ok(Some(reply)) => reply,
                Err(ReplyError::NotAReply { .. }) => {
                    seen.push(Seen::Noise);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let code = reply.code();
            match self.session.reply(code) {
                Answered::Due { .. } if code.is_preliminary() => {}
                Answered::Due { id: CommandId::GREETING, .. } => {
                    seen.push(Seen::Exchange("(connects)".into(), code.value()));
                }
                Answered::Due { id, .. } => {
                    let Some(command) = self.open.remove(&id) else { continue };
                    seen.push(Seen::Exchange(shown(&command), code.value()));
                    if let (Ok(command), true) = (command, code.is_completion()) {
                        seen.extend(agreed(self.server, &command, &reply));
                    }
                }
                Answered::Suspect { id, .. } => {
                    self.suspect = Some((id, code));
                    seen.push(Seen::Unasked(code.value()));
                }
                Answered::Unsolicited => seen.push(Seen::Unasked(code.value())),
            }
            if self.session.is_secured() {
                self.is_blind = true;
                seen.push(Seen::Blind);
                return Ok(seen);
            }
        }
    }
}

fn shown(command: &Result<Command<'static>, Verb>) -> String {
    match command {
        Ok(command) => command.to_string(),
        Err(verb) => format!("{verb}?"),
    }
}

/// Where the next data connection goes, if this command was to say it.
fn agreed(server: IpAddr, command: &Command<'_>, reply: &Reply<'_>) -> Option<Seen> {
    Some(match command {
        Command::Pasv => Seen::ServerListens(reply.passive_address().ok()?.into()),
        Command::Epsv(_) => Seen::ServerListens(SocketAddr::new(server, reply.extended_passive().ok()?.port())),
        Command::Port(address) => Seen::ClientListens((*address).into()),
        Command::Eprt(address) => Seen::ClientListens((*address).into()),
        _ => return None,
    })
}
