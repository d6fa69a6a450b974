//! The server's end, with the application behind it and the habits of the software that it plays.

use std::time::Duration;

use ftp_proto::server::{self, Server};
use ftp_proto::{DataError, Direction, Instant, StreamEnd, TlsError, Verdict};
use ftp_proto_rigs::application::agree;
use ftp_proto_rigs::pair::End;

use super::Step;
use crate::session::Session;
use crate::wire::{Came, Control};

impl Session {
    /// One look at the server.
    pub fn step_server(&mut self) -> Step {
        let now = self.now;
        let Self { server, world, sockets, control, at_server: place, .. } = self;
        let step = match server.poll(Instant::from_origin(now)) {
            server::Action::Write(write) => {
                let bytes = write.bytes().to_vec();
                write.wrote_all();
                self.say(End::Server, &bytes);
                Step::Did
            }
            server::Action::Read { deadline } => match Self::listen_to(server, control, now) {
                Step::Did => Step::Did,
                Step::Waits(at) => Step::until(deadline, at),
            },
            server::Action::Question(question) => {
                agree(question, &[]);
                Step::Did
            }
            server::Action::Transfer(transfer) => {
                match self.demands_protection.then(|| self.software.unprotected()) {
                    Some(words) => transfer.refuse(&words),
                    None => transfer.accept(),
                }
                Step::Did
            }
            server::Action::Connect(connect) => place.connect(world, sockets, connect, now),
            server::Action::Listen(listen) => place.listen(world, sockets, listen),
            server::Action::Accept(accept) => match place.accept(sockets, accept, now) {
                // Some wait on for the right one, some give up.
                (_, Some(Verdict::Refuse)) => {
                    self.stranger_came = true;
                    Step::Did
                }
                (step, _) => step,
            },
            server::Action::SecureData(secure) => place.secure(sockets, secure, now),
            server::Action::Stream(stream) => match stream.direction() {
                Direction::Send => {
                    let end = place.send(sockets, self.content.clone(), now);
                    let moved = if end == StreamEnd::Clean { self.content.len() as u64 } else { 0 };
                    stream.finished(end, moved.into());
                    Step::Did
                }
                Direction::Receive => match place.receive(sockets, now) {
                    Ok((end, bytes)) => {
                        stream.finished(end, (bytes.len() as u64).into());
                        Step::Did
                    }
                    Err(ready) => Step::Waits(ready),
                },
            },
            server::Action::Look(look) => {
                look.looked();
                Step::Did
            }
            server::Action::Commit(commit) => {
                commit.kept();
                Step::Did
            }
            server::Action::Close(close) => place.close(world, sockets, close, now),
            server::Action::StartTls(start) => {
                if let Some(stale) = control.receive_stale(End::Server) {
                    drop(start);
                    server.received(&stale);
                    Step::Did
                } else if control.turn(End::Server) {
                    start.started();
                    Step::Did
                } else {
                    Step::until(start.deadline(), None)
                }
            }
            server::Action::StopTls(stop) => {
                stop.failed(TlsError::Unavailable);
                Step::Did
            }
            server::Action::Answered(_) => Step::Did,
            server::Action::Leave => {
                control.close(End::Client, now);
                Step::Waits(None)
            }
        };
        if std::mem::take(&mut self.stranger_came) {
            self.give_up();
        }
        match step {
            Step::Waits(at) => match Self::listen_to(&mut self.server, &mut self.control, now) {
                Step::Did => Step::Did,
                Step::Waits(or) => Step::Waits([at, or].into_iter().flatten().min()),
            },
            Step::Did => Step::Did,
        }
    }

    /// A stranger has come: some servers say so at once, and end the transfer.
    fn give_up(&mut self) {
        let Some(words) = self.software.stranger else { return };
        if let server::Action::Accept(accept) = self.server.poll(Instant::from_origin(self.now)) {
            accept.failed(DataError::Refused);
            self.at_server.close_all(&mut self.world, &mut self.sockets, self.now);
            self.says_instead = Some(words);
        }
    }

    fn listen_to(server: &mut Server, control: &mut Control, now: Duration) -> Step {
        match control.receive(End::Server, now) {
            Came::Bytes(bytes) => server.received(&bytes),
            Came::End if !control.told(End::Server) => server.received(b""),
            Came::End => return Step::Waits(None),
            Came::Nothing(at) => return Step::Waits(at),
        }
        Step::Did
    }
}
