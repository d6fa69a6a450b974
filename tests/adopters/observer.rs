//! An observer: it sees the bytes of somebody else's control connection, both ways, and tells which reply answered which command
//! and which data connections were agreed on. A sniffer, a log reader or a firewall's helper begins like this.
//!
//! It keeps no order of its own. [`Session`] gives each command an identity, and names it when its reply is heard; the observer
//! only remembers what the command was.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ftp_proto::session::{Answered, CommandId, Session};
use ftp_proto::{Command, Inbox, Limits, Reply, ReplyError};
use ftp_proto::{Commands, Replies};

pub struct Observer {
    /// The server's host: EPSV doesn't name it.
    server: IpAddr,
    session: Session,
    said: Inbox<Commands>,
    heard: Inbox<Replies>,
    /// The commands whose final reply hasn't come.
    open: BTreeMap<CommandId, Command<'static>>,
    blind: bool,
}

/// What was seen.
#[derive(Debug, PartialEq)]
pub enum Seen {
    /// A final reply, and what it answers. No password is in it: a `Command` shows none.
    Exchange(String, u16),
    /// The server listens here for the next transfer.
    ServerListens(SocketAddr),
    /// The client does.
    ClientListens(SocketAddr),
    /// A reply that answers nothing.
    Unasked(u16),
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
            blind: false,
        }
    }

    /// Bytes that the client sent, cut anywhere.
    pub fn client_said(&mut self, bytes: &[u8]) {
        if self.blind {
            return;
        }
        self.said.push(bytes);
        loop {
            match self.said.next_line() {
                Ok(None) => break,
                Ok(Some(line)) => match Command::parse(line) {
                    Ok(command) => {
                        let (id, _) = self.session.command(&command);
                        self.open.insert(id, command.into_owned());
                    }
                    // The server will answer it all the same.
                    Err(_) => drop(self.session.unreadable(ftp_proto::Verb::of_line(line))),
                },
                Err(too_long) => drop(self.session.unreadable(too_long.verb)),
            }
        }
    }

    /// Bytes that the server sent, cut anywhere; what they tell.
    pub fn server_said(&mut self, bytes: &[u8]) -> Result<Vec<Seen>, ReplyError> {
        let mut seen = Vec::new();
        if self.blind {
            return Ok(seen);
        }
        self.heard.push(bytes);
        while let Some(reply) = self.heard.next_reply()? {
            let code = reply.code().value();
            let id = match self.session.reply(reply.code()) {
                Answered::Due { id, .. } if reply.code().is_preliminary() => {
                    debug_assert!(id == CommandId::GREETING || self.open.contains_key(&id));
                    continue;
                }
                Answered::Due { id, .. } => id,
                _ => {
                    seen.push(Seen::Unasked(code));
                    continue;
                }
            };
            let Some(command) = self.open.remove(&id) else {
                seen.push(Seen::Exchange(if id == CommandId::GREETING { "(connects)" } else { "(unreadable)" }.into(), code));
                continue;
            };
            seen.push(Seen::Exchange(command.to_string(), code));
            if reply.code().is_completion() {
                seen.extend(agreed(self.server, &command, &reply));
            }
            if self.session.is_secured() {
                self.blind = true;
                seen.push(Seen::Blind);
                break;
            }
        }
        Ok(seen)
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
