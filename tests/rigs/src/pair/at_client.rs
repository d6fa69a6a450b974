//! The client's adapter.

use std::net::SocketAddr;

use ftp_proto::client::{self, Violation};
use ftp_proto::{DataError, Direction, Instant, Moved, TlsError, Verdict};

use super::network::{End, Meeting, Pipe};
use super::{Ended, Pair};

impl Pair {
    /// One action of the client; whether something happened, and how the request ended.
    pub fn step_client(&mut self) -> Result<(bool, Option<Ended>), Violation> {
        self.inject();
        let now = Instant::from_origin(self.now);
        let Self { client, control, data, faults, injector, .. } = self;
        match client.poll(now)? {
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
                let count = write.bytes().len();
                write.wrote(count);
            }
            client::Action::Read { .. } => return Ok((self.deliver_to_client(), None)),
            client::Action::Reply(_) | client::Action::Unsolicited(_) => {}
            client::Action::Done(ended) => {
                let ended = match ended {
                    Ok(outcome) => Ok(outcome.into_owned()),
                    Err(failure) => Err(failure.into_owned()),
                };
                return Ok((true, Some(ended)));
            }
            client::Action::Connect(connect) => {
                if faults.client_dials_refused > 0 {
                    faults.client_dials_refused -= 1;
                    connect.failed(DataError::Refused);
                } else if data.server_listens == Some(connect.address()) {
                    data.arrived = Some(SocketAddr::new(self.client_addr.ip(), 41000));
                    connect.connected();
                } else {
                    connect.failed(DataError::Refused);
                }
            }
            client::Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), self.next_port);
                self.next_port += 1;
                self.streamed = [0, 0];
                self.data = Pipe::listened_by(End::Client, address);
                listen.listening(address);
            }
            client::Action::Accept(accept) => {
                if std::mem::take(&mut faults.stranger_connects_first) {
                    let verdict = accept.accepted("203.0.113.66:6666".parse().unwrap());
                    assert_eq!(verdict, Verdict::Refuse, "a stranger was taken");
                } else if let Some(peer) = data.arrived.take() {
                    assert_eq!(accept.accepted(peer), Verdict::Take);
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
                    data.bytes = self.upload[from..].to_vec();
                    let (end, total) = data.cut(*faults);
                    self.streams.push(data.sent(End::Client, end));
                    stream.finished(end, (total as u64).into());
                }
                Direction::Receive => match data.receive(End::Client) {
                    Some((end, bytes)) => {
                        self.download = bytes;
                        stream.finished(end, (self.download.len() as u64).into());
                    }
                    None => {
                        drop(stream);
                        return Ok((self.deliver_to_client(), None));
                    }
                },
            },
            client::Action::SecureData(secure) => match data.shake(End::Client) {
                Ok(Meeting::Done) if faults.data_session_is_new => secure.fresh(),
                Ok(Meeting::Done) => secure.resumed(),
                Ok(Meeting::Waits) => {
                    drop(secure);
                    return Ok((self.deliver_to_client(), None));
                }
                Err(why) => secure.failed(why),
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
                    start.failed(TlsError::TimedOut);
                } else if faults.handshake_fails == Some(End::Client) || self.server_closed || injector.client_deaf {
                    start.failed(TlsError::Handshake);
                } else if control.turn(End::Client) == Meeting::Done {
                    start.started();
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
                    stop.failed(TlsError::Handshake);
                } else if control.turn(End::Client) == Meeting::Done {
                    stop.stopped();
                } else {
                    drop(stop);
                    return Ok((false, None));
                }
            }
            client::Action::Close(close) => {
                (data.client_listens, data.broken) = (None, true);
                close.closed(Moved::Nothing);
            }
            client::Action::Leave => {
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
