//! The client's adapter.

use std::net::SocketAddr;

use ftp_proto::client::{self, Violation};
use ftp_proto::{DataError, Direction, Instant, Moved, TlsError, Verdict};

use super::network::{End, Meeting, Pipe};
use super::{Ended, Pair};
use crate::net::{Shared, Side};

impl Pair {
    /// One action of the client; whether something happened, and how the request ended.
    pub fn step_client(&mut self) -> Result<(bool, Option<Ended>), Violation> {
        self.inject();
        let stepped = self.act_for_client();
        self.injector.step += usize::from(matches!(stepped, Ok((true, _))));
        stepped
    }

    fn act_for_client(&mut self) -> Result<(bool, Option<Ended>), Violation> {
        let now = Instant::from_origin(self.now);
        let Self { client, control, data, faults, injector, log, watched, apart, converts, says, closed, .. } = self;
        let mut log = log.at(Side::Client, self.now);
        match client.poll(now).inspect_err(|violation| log.violated(violation))? {
            client::Action::Write(_)
            | client::Action::Connect(_)
            | client::Action::Listen(_)
            | client::Action::Accept(_)
            | client::Action::Stream(_)
            | client::Action::SecureData(_)
            | client::Action::StartTls(_)
            | client::Action::StopTls(_)
            | client::Action::Close(_)
                if std::mem::take(&mut injector.client_drops) => {}
            client::Action::Write(write) => {
                let text = String::from_utf8_lossy(write.bytes());
                self.wire.extend(text.lines().map(|line| format!("C: {line}")));
                control.send(End::Client, write.bytes());
                watched.writes(End::Client, write.bytes());
                let count = write.bytes().len();
                log.write(write, count);
            }
            client::Action::Read { .. } => return Ok((self.deliver_to_client(), None)),
            client::Action::Reply(reply) => log.hears(&reply),
            client::Action::Unsolicited(reply) => log.hears_unasked(&reply),
            client::Action::Noise(line) => log.hears_noise(line),
            client::Action::Done(ended) => {
                let ended = match ended {
                    Ok(outcome) => Ok(outcome.into_owned()),
                    Err(failure) => Err(failure.into_owned()),
                };
                log.done(&ended, client.attempts());
                return Ok((true, Some(ended)));
            }
            client::Action::Connect(connect) => {
                if faults.client_dials_refused > 0 {
                    faults.client_dials_refused -= 1;
                    log.connect(connect, Err(DataError::Refused));
                } else if data.server_listens == Some(connect.address()) {
                    assert!(*apart || watched.expects(connect.address()), "{}: {:#?}", connect.address(), self.wire);
                    data.arrived = Some(SocketAddr::new(self.client_addr.ip(), 41000));
                    log.connect(connect, Ok(()));
                } else {
                    log.connect(connect, Err(DataError::Refused));
                }
            }
            client::Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), self.next_port);
                self.next_port += 1;
                self.streamed = [0, 0];
                self.data = Pipe::listened_by(End::Client, address);
                log.listen(listen, Ok(address));
            }
            client::Action::Accept(accept) => {
                if std::mem::take(&mut faults.stranger_connects_first) {
                    let verdict = log.accept(accept, "203.0.113.66:6666".parse().unwrap());
                    assert_eq!(verdict, Verdict::Refuse, "a stranger was taken");
                } else if let Some(peer) = data.arrived.take() {
                    assert_eq!(log.accept(accept, peer), Verdict::Take);
                } else {
                    drop(accept);
                    return Ok((self.deliver_to_client(), None));
                }
            }
            client::Action::Stream(stream) if self.streamed[0] < self.slow => {
                self.streamed[0] += 1;
                stream.moved(0);
                self.deliver_to_client();
            }
            client::Action::Stream(stream) => match stream.direction() {
                Direction::Send => {
                    let from = usize::try_from(stream.offset()).unwrap().min(self.upload.len());
                    let form = converts.then(|| stream.form());
                    let (end, total) = data.load(&self.upload[from..], form, *faults);
                    self.streams.push(data.sent(End::Client, end));
                    log.stream(stream, data.told(says[0], end), total as u64);
                }
                Direction::Receive => match data.unload(End::Client, converts.then(|| stream.form())) {
                    Some((end, bytes)) => {
                        self.download = bytes;
                        log.stream(stream, data.told(says[0], end), self.download.len() as u64);
                    }
                    None => {
                        drop(stream);
                        return Ok((self.deliver_to_client(), None));
                    }
                },
            },
            client::Action::SecureData(secure) => match data.shake(End::Client) {
                Ok(Meeting::Done) if faults.data_session_is_new => log.secure(secure, Ok(Shared::No)),
                Ok(Meeting::Done) => log.secure(secure, Ok(Shared::Yes)),
                Ok(Meeting::Waits) => {
                    drop(secure);
                    return Ok((self.deliver_to_client(), None));
                }
                Err(why) => log.secure(secure, Err(why)),
            },
            client::Action::StartTls(start) => {
                // What lies before the handshake was written in plaintext, and is read as that.
                let stale = control.take_stale(End::Client);
                if !stale.is_empty() {
                    drop(start);
                    self.client.received(&stale);
                    return Ok((true, None));
                }
                if now >= start.deadline() {
                    log.start_tls(start, Err(TlsError::TimedOut));
                } else if faults.handshake_fails == Some(End::Client) || self.server_closed || injector.client_deaf {
                    log.start_tls(start, Err(TlsError::Handshake));
                } else if control.turn(End::Client) == Meeting::Done {
                    log.start_tls(start, Ok(()));
                } else {
                    drop(start);
                    return Ok((false, None));
                }
            }
            client::Action::StopTls(stop) => {
                let stale = control.take_stale(End::Client);
                if !stale.is_empty() {
                    drop(stop);
                    self.client.received(&stale);
                    return Ok((true, None));
                }
                if self.server_closed || injector.client_deaf {
                    log.stop_tls(stop, Err(TlsError::Handshake));
                } else if control.turn(End::Client) == Meeting::Done {
                    log.stop_tls(stop, Ok(()));
                } else {
                    drop(stop);
                    return Ok((false, None));
                }
            }
            client::Action::Close(close) => {
                (data.client_listens, data.broken) = (None, true);
                closed[End::Client as usize] += 1;
                log.close(close, Moved::Nothing);
            }
            client::Action::Leave => {
                log.leaves();
                let news = !self.client_closed;
                self.client_closed = true;
                if news {
                    self.server.received(b"");
                }
                return Ok((news, None));
            }
        }
        Ok((true, None))
    }

    fn deliver_to_client(&mut self) -> bool {
        if self.injector.client_deaf {
            self.control.clear(End::Client);
        }
        if self.now < self.injector.late_until {
            return false;
        }
        let bytes = self.control.receive(End::Client, self.chunk);
        if !bytes.is_empty() {
            self.client.received(&bytes);
        }
        !bytes.is_empty()
    }
}
