//! An adapter for [`Client`] that records what happens. It connects only where the policy of its [`Config`] allows it.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request, Violation};
use ftp_proto::{DataError, Endpoints, Evidence, Instant, Moved, Reply, StreamEnd, TlsError, Verdict};
use ftp_proto_doctor::read::{Dialogue, Event, Program, What};

use super::wire::{Came, Wire, why};
use crate::net::data::listen;
use crate::printable;
use crate::tls::client::Tls;

/// How long to wait for one of two connections before trying the other.
const TURN: Duration = Duration::from_millis(20);

/// How many received bytes are kept to recognise the protocol.
const FIRST: usize = 512;

/// A control connection and its machine.
pub struct Session {
    client: Client,
    control: Wire,
    data: Option<(Wire, u64)>,
    listener: Option<TcpListener>,
    tls: Option<Tls>,
    origin: Clock,
    timeout: Duration,
    events: Vec<Event>,
    /// The first bytes that came.
    first: Vec<u8>,
    /// Why TLS could not begin on the control connection, in rustls' words.
    pub tls_trouble: Option<String>,
    verbose: bool,
}

/// Why a request failed.
#[derive(Debug)]
pub enum Trouble {
    /// The request failed; usually the session goes on.
    Failed(Failure<'static>),
    /// The session is over.
    Broken(Violation),
    /// The session has ended in order.
    Left,
}

impl Session {
    /// Connects. Waiting for the greeting is the first request.
    pub fn open(
        address: SocketAddr,
        config: Arc<Config>,
        tls: Option<Tls>,
        timeout: Duration,
        verbose: bool,
    ) -> Result<Self, DataError> {
        let control = Wire::connect(address, None, timeout)?;
        let addresses = || Ok((control.socket().local_addr()?, control.socket().peer_addr()?));
        let (local, peer) = addresses().map_err(|error: std::io::Error| why(&error))?;
        let client = Client::new(config, Endpoints::new(local, peer), Instant::default());
        let mut session = Self {
            client,
            control,
            data: None,
            listener: None,
            tls,
            origin: Clock::now(),
            timeout,
            events: Vec::new(),
            first: Vec::new(),
            tls_trouble: None,
            verbose,
        };
        if verbose {
            eprintln!("* control connection to {peer}");
        }
        session.note(What::Connected(Some(peer)));
        Ok(session)
    }

    /// This end of the control connection.
    pub fn local(&self) -> Option<SocketAddr> {
        self.control.socket().local_addr().ok()
    }

    /// The first bytes that came.
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// Sends something harmless to a silent server, to which TLS and HTTP answer, and keeps what comes. For a session that is over.
    pub fn poke(&mut self, patience: Duration) {
        if self.control.write(b"NOOP\r\n\r\n", patience).is_err() {
            return;
        }
        let mut buffer = [0; FIRST];
        if let Ok(Came::Bytes(count)) = self.control.read(&mut buffer, patience) {
            self.first.extend_from_slice(&buffer[..count]);
        }
    }

    /// The evidence so far.
    pub fn evidence(&self) -> Evidence {
        let mut evidence = Dialogue::new(Program::FtpClient, self.events.clone()).evidence();
        evidence.client = self.local();
        evidence
    }

    /// Waits for the greeting.
    pub fn greeted(&mut self) -> Result<Outcome<'static>, Trouble> {
        self.run()
    }

    pub fn request(&mut self, request: Request) -> Result<Outcome<'static>, Trouble> {
        if self.client.start(request).is_err() {
            return Err(Trouble::Left);
        }
        self.run()
    }

    /// Sends QUIT.
    pub fn quit(mut self) -> Evidence {
        self.client.quit();
        while self.run().is_ok() {}
        let evidence = self.evidence();
        self.control.close();
        evidence
    }

    fn note(&mut self, what: What) {
        if self.verbose {
            self.print(&what);
        }
        self.events.push(Event { line: self.events.len() + 1, at: Some(self.origin.elapsed()), what });
    }

    /// Prints the dialogue as `ftp-client -v` does.
    fn print(&self, what: &What) {
        let dialled = self.events.iter().rev().find_map(|event| match event.what {
            What::DataDialling(address) => Some(address.to_string()),
            _ => None,
        });
        let dialled = dialled.unwrap_or_default();
        match what {
            What::Command(line) => eprintln!("> {}", printable(line.as_bytes())),
            What::Reply(line) => eprintln!("< {}", printable(line.as_bytes())),
            What::DataConnected(None) => eprintln!("* data connection to {dialled}"),
            What::DataConnected(Some(address)) => eprintln!("* data connection from {address}"),
            What::DataFailed(why @ DataError::Tls(_)) => eprintln!("* data connection: {why}"),
            What::DataFailed(why) => eprintln!("* data connection to {dialled}: {why}"),
            _ => {}
        }
    }

    fn note_reply(&mut self, reply: &Reply<'_>) {
        let mut bytes = Vec::new();
        reply.encode(&mut bytes);
        for line in String::from_utf8_lossy(&bytes).lines() {
            self.note(What::Reply(line.to_owned()));
        }
    }

    /// Carries out the machine's actions until the request has ended.
    fn run(&mut self) -> Result<Outcome<'static>, Trouble> {
        let result = self.drive();
        match &result {
            Err(Trouble::Failed(Failure::Stalled { .. }) | Trouble::Broken(Violation::TimedOut { .. })) => {
                self.note(What::TimedOut);
            }
            Err(Trouble::Broken(Violation::Closed { .. })) if !self.has_ended() => {
                self.note(What::Ended { reset: false })
            }
            _ => {}
        }
        result
    }

    fn has_ended(&self) -> bool {
        matches!(self.events.last(), Some(Event { what: What::Ended { .. }, .. }))
    }

    fn drive(&mut self) -> Result<Outcome<'static>, Trouble> {
        // What is told of an action is noted once the machine isn't borrowed any more.
        let mut told: Vec<What> = Vec::new();
        loop {
            told.drain(..).for_each(|what| self.note(what));
            let now = Instant::from_origin(self.origin.elapsed());
            match self.client.poll(now).map_err(Trouble::Broken)? {
                Action::Write(write) => {
                    told.extend(write.commands().map(|command| What::Command(command.to_string())));
                    match self.control.write(write.bytes(), write.deadline().saturating_since(now)) {
                        Ok(()) => write.wrote_all(),
                        Err(_) => write.failed(ftp_proto::ControlError::Closed),
                    }
                }
                Action::Read { deadline } => {
                    let patience = deadline.map_or(self.timeout, |deadline| deadline.saturating_since(now));
                    self.listen(patience);
                }
                Action::Reply(reply) | Action::Unsolicited(reply) => {
                    let reply = reply.into_owned();
                    self.note_reply(&reply);
                }
                Action::Noise(_) => {}
                Action::Done(Ok(outcome)) => return Ok(outcome.into_owned()),
                Action::Done(Err(failure)) => return Err(Trouble::Failed(failure.into_owned())),
                Action::Connect(connect) => {
                    let (address, patience) = (connect.address(), connect.deadline().saturating_since(now));
                    let from = self.control.socket().local_addr().ok().map(|local| local.ip());
                    told.push(What::DataDialling(address));
                    match Wire::connect(address, from, patience.min(self.timeout)) {
                        Ok(wire) => {
                            self.data = Some((wire, 0));
                            told.push(What::DataConnected(None));
                            connect.connected();
                        }
                        Err(why) => {
                            told.push(What::DataFailed(why));
                            connect.failed(why);
                        }
                    }
                }
                Action::Listen(question) => match listen(question.host(), question.ports()) {
                    Ok(listener) => {
                        match listener.local_addr() {
                            Ok(address) => question.listening(address),
                            Err(_) => question.failed(DataError::Local),
                        }
                        self.listener = Some(listener);
                    }
                    Err(why) => {
                        told.push(What::DataFailed(why));
                        question.failed(why);
                    }
                },
                Action::Accept(accept) => {
                    let arrived = self.listener.as_ref().map(TcpListener::accept);
                    match arrived {
                        Some(Ok((socket, peer))) => {
                            if accept.accepted(peer) == Verdict::Take {
                                self.data = Some((Wire::new(socket), 0));
                                self.listener = None;
                                told.push(What::DataConnected(Some(peer)));
                            }
                        }
                        Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => {
                            let wants_input = accept.wants_input();
                            if accept.deadline() <= now {
                                told.push(What::DataFailed(DataError::TimedOut));
                                accept.failed(DataError::TimedOut);
                            } else if wants_input {
                                drop(accept);
                                self.listen(TURN);
                            } else {
                                std::thread::sleep(TURN);
                            }
                        }
                        _ => accept.failed(DataError::Local),
                    }
                }
                Action::SecureData(secure) => {
                    let patience = secure.deadline().saturating_since(now).min(self.timeout);
                    let shaken = match (&mut self.data, &self.tls) {
                        (Some((wire, _)), Some(tls)) => wire.shake(tls, patience).map_err(|(why, _)| why),
                        _ => Err(TlsError::Unavailable),
                    };
                    match shaken {
                        Ok(shaken) => {
                            told.push(What::DataSecured { version: shaken.version, resumed: Some(shaken.resumed) });
                            if shaken.resumed { secure.resumed() } else { secure.fresh() }
                        }
                        Err(why) => {
                            told.push(What::DataFailed(DataError::Tls(why)));
                            secure.failed(why);
                        }
                    }
                }
                Action::Stream(stream) => {
                    let wants_input = stream.wants_input();
                    let Some((wire, moved)) = &mut self.data else {
                        stream.finished(StreamEnd::LocalError, Moved::Nothing);
                        continue;
                    };
                    // A listing: it is read, and nothing is kept of it.
                    let end = match wire.read(&mut [0; 4096], TURN) {
                        Ok(Came::Bytes(count)) => {
                            *moved += count as u64;
                            None
                        }
                        Ok(Came::Nothing) => None,
                        Ok(Came::End { in_order: true }) => Some(StreamEnd::Clean),
                        Ok(Came::End { in_order: false }) | Err(_) => Some(StreamEnd::Truncated),
                    };
                    match end {
                        Some(end) => {
                            if end != StreamEnd::Clean {
                                told.push(What::DataCutShort);
                            }
                            stream.finished(end, (*moved).into());
                            self.data.take().into_iter().for_each(|(wire, _)| wire.close());
                        }
                        None => {
                            stream.moved(*moved);
                            if wants_input {
                                self.listen(Duration::ZERO);
                            }
                        }
                    }
                }
                Action::Close(close) => {
                    self.listener = None;
                    let data = self.data.take();
                    close.closed(data.as_ref().map_or(0, |(_, moved)| *moved).into());
                    data.into_iter().for_each(|(wire, _)| wire.close());
                }
                Action::StartTls(start) => {
                    let patience = start.deadline().saturating_since(now).min(self.timeout);
                    let shaken = match &self.tls {
                        Some(tls) => self.control.shake(tls, patience),
                        None => Err((TlsError::Unavailable, "no TLS was set up".into())),
                    };
                    match shaken {
                        Ok(shaken) => {
                            told.push(What::Secured(shaken.version));
                            start.started();
                        }
                        Err((why, words)) => {
                            self.tls_trouble = Some(words);
                            start.failed(why);
                        }
                    }
                }
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Err(Trouble::Left),
            }
        }
    }

    /// Hands over what comes on the control connection in this time.
    fn listen(&mut self, patience: Duration) {
        let mut buffer = [0; 4096];
        match self.control.read(&mut buffer, patience) {
            Ok(Came::Bytes(count)) => {
                let room = FIRST.saturating_sub(self.first.len());
                self.first.extend_from_slice(&buffer[..count.min(room)]);
                self.client.received(&buffer[..count]);
            }
            Ok(Came::Nothing) => {}
            Ok(Came::End { .. }) => self.client.received(&[]),
            Err(_) => {
                self.note(What::Ended { reset: true });
                self.client.received(&[]);
            }
        }
    }
}
