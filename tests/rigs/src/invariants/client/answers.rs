//! What the network answers to the open question.

use std::net::SocketAddr;

use ftp_proto::client::Action;
use ftp_proto::{DataError, StreamEnd, TlsError, Verdict};

use super::policy::stranger;
use super::{Open, Run};
use crate::net::{Shared, Side};

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Well,
    Badly,
    Strangely,
}

impl Run {
    /// Answers the open question.
    pub(super) fn answer(&mut self, choice: u8, kind: Kind) {
        let peer = SocketAddr::new(self.ends.peer().ip(), 20);
        let mut net = self.net.at(Side::Client, self.now.since_origin());
        let Ok(action) = self.client.poll(self.now) else { return };
        match (action, kind) {
            (Action::Connect(connect), Kind::Well) => {
                self.sockets.insert(connect.channel());
                net.connect(connect, Ok(()));
            }
            (Action::Connect(connect), Kind::Badly) => net.connect(connect, Err(error(choice))),
            (Action::Listen(listen), Kind::Well) => {
                self.sockets.insert(listen.channel());
                let host = if choice & 1 == 0 { listen.host() } else { stranger() };
                net.listen(listen, Ok(SocketAddr::new(host, 50000 + u16::from(choice))));
            }
            (Action::Listen(listen), Kind::Badly) => net.listen(listen, Err(error(choice))),
            (Action::Accept(accept), Kind::Well) => assert_eq!(net.accept(accept, peer), Verdict::Take),
            (Action::Accept(accept), Kind::Badly) => {
                self.sockets.remove(&accept.channel());
                net.not_accept(accept, error(choice));
            }
            (Action::Accept(accept), Kind::Strangely) => {
                let verdict = net.accept(accept, SocketAddr::new(stranger(), 20));
                assert_eq!(verdict, Verdict::Refuse, "a stranger is accepted");
            }
            (Action::SecureData(secure), Kind::Well) => net.secure(secure, Ok(Shared::Yes)),
            (Action::SecureData(secure), Kind::Strangely) => net.secure(secure, Ok(Shared::No)),
            (Action::SecureData(secure), Kind::Badly) => {
                self.sockets.remove(&secure.channel());
                net.secure(secure, Err(TlsError::Handshake));
            }
            (Action::StartTls(start), Kind::Well) => {
                net.start_tls(start, Ok(()));
                self.tls = true;
                self.open = Open::Read(None);
            }
            (Action::StartTls(start), Kind::Badly) => {
                net.start_tls(start, Err(TlsError::Certificate));
                self.open = Open::Read(None);
            }
            (Action::StopTls(stop), Kind::Well) => {
                net.stop_tls(stop, Ok(()));
                self.tls = false;
            }
            (Action::StopTls(stop), Kind::Badly) => net.stop_tls(stop, Err(TlsError::Handshake)),
            (Action::Stream(stream), Kind::Well) => {
                let stays = choice & 1 == 1 && stream.form().marks_end();
                if !stays {
                    self.sockets.remove(&stream.channel());
                }
                let end = if stays { StreamEnd::Marked } else { StreamEnd::Clean };
                self.content.moved((u64::from(choice) * 1000).into());
                net.stream(stream, end, u64::from(choice) * 1000);
            }
            (Action::Stream(stream), Kind::Badly) => {
                self.sockets.remove(&stream.channel());
                let ends = [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull];
                self.content.moved(u64::from(choice / 3).into());
                net.stream(stream, ends[usize::from(choice % 3)], u64::from(choice / 3));
            }
            (Action::Stream(stream), Kind::Strangely) => {
                self.content.moved(u64::from(choice).into());
                stream.moved(u64::from(choice));
            }
            _ => {}
        }
    }
}

fn error(choice: u8) -> DataError {
    let errors = [DataError::Refused, DataError::TimedOut, DataError::Unreachable, DataError::NoPort, DataError::Local];
    errors[usize::from(choice % 5)]
}
