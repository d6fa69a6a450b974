//! The client's end.

use std::time::Duration;

use ftp_proto::client::{self, Client, Violation};
use ftp_proto::{Direction, Instant, StreamEnd, TlsError};
use ftp_proto_rigs::pair::End;

use super::Step;
use crate::session::{Ended, Session};
use crate::wire::{Came, Control};

/// What the client's application has seen.
#[derive(Debug)]
pub enum Seen {
    Done(Ended),
    Broken(Violation),
    Left,
}

impl Session {
    /// One look at the client.
    pub fn step_client(&mut self) -> (Step, Option<Seen>) {
        let now = self.now;
        let Self { client, world, sockets, control, at_client: place, .. } = self;
        let action = match client.poll(Instant::from_origin(now)) {
            Ok(action) => action,
            Err(violation) => return (Step::Did, Some(Seen::Broken(violation))),
        };
        let step = match action {
            client::Action::Write(write) => {
                let bytes = write.bytes().to_vec();
                write.wrote_all();
                self.say(End::Client, &bytes);
                Step::Did
            }
            client::Action::Read { deadline } => return (self.client_reads(deadline), None),
            client::Action::Reply(_) | client::Action::Unsolicited(_) | client::Action::Noise(_) => Step::Did,
            client::Action::Done(ended) => {
                let ended = match ended {
                    Ok(outcome) => Ok(outcome.into_owned()),
                    Err(failure) => Err(failure.into_owned()),
                };
                return (Step::Did, Some(Seen::Done(ended)));
            }
            client::Action::Connect(connect) => place.connect(world, sockets, connect, now),
            client::Action::Listen(listen) => place.listen(world, sockets, listen),
            client::Action::Accept(accept) => place.accept(sockets, accept, now).0,
            client::Action::SecureData(secure) => place.secure(sockets, secure, now),
            client::Action::Stream(stream) => match stream.direction() {
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
                    Err(ready) => {
                        let deadline = stream.deadline().map(Instant::since_origin);
                        // Its time begins with the first word.
                        if deadline.is_none() {
                            stream.moved(0);
                            Step::Did
                        } else {
                            drop(stream);
                            Step::Waits([deadline, ready].into_iter().flatten().min())
                        }
                    }
                },
            },
            client::Action::Close(close) => place.close(world, sockets, close, now),
            client::Action::StartTls(start) => {
                if let Some(stale) = control.receive_stale(End::Client) {
                    drop(start);
                    client.received(&stale);
                    Step::Did
                } else if control.turn(End::Client) {
                    start.started();
                    Step::Did
                } else {
                    Step::until(start.deadline(), None)
                }
            }
            client::Action::StopTls(stop) => {
                stop.failed(TlsError::Unavailable);
                Step::Did
            }
            client::Action::Leave => return (Step::Did, Some(Seen::Left)),
        };
        // Whoever waits for something else hears what comes over the control connection.
        match step {
            Step::Waits(at) => match Self::hear(&mut self.client, &mut self.control, now) {
                Step::Did => (Step::Did, None),
                Step::Waits(or) => (Step::Waits([at, or].into_iter().flatten().min()), None),
            },
            Step::Did => (Step::Did, None),
        }
    }

    fn client_reads(&mut self, deadline: Option<Instant>) -> Step {
        match Self::hear(&mut self.client, &mut self.control, self.now) {
            Step::Did => Step::Did,
            Step::Waits(at) => Step::Waits([deadline.map(Instant::since_origin), at].into_iter().flatten().min()),
        }
    }

    fn hear(client: &mut Client, control: &mut Control, now: Duration) -> Step {
        match control.receive(End::Client, now) {
            Came::Bytes(bytes) => client.received(&bytes),
            Came::End if !control.told(End::Client) => client.received(b""),
            Came::End => return Step::Waits(None),
            Came::Nothing(at) => return Step::Waits(at),
        }
        Step::Did
    }
}
