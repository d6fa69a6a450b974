//! What the application and the network answer the server's machine.

use std::net::{IpAddr, SocketAddr};

use ftp_proto::server::{Action, Answer, Question, Refusal};
use ftp_proto::{Code, Command, DataError, Path, Reply, Resume, StreamEnd, Text, Time, TlsError, Verdict};

use super::{Open, Run};

impl Run<'_> {
    /// Answers the open question.
    pub(super) fn answer(&mut self, choice: u8, kind: Kind) {
        let peer = SocketAddr::new(self.ends.peer().ip(), 40001);
        let path = Path::new(if choice & 1 == 0 { &b"/some \"where\""[..] } else { b" \xff" }).unwrap();
        let wanted = self.config.data_session == Resume::Wanted;
        if let Some(Open::StartTls | Open::StopTls) = self.open {
            self.open = None;
        }
        match (self.server.poll(self.now), kind) {
            (Action::StartTls(start), Kind::Well) => {
                (self.tls, self.turning) = (true, false);
                start.started();
            }
            (Action::StartTls(start), Kind::Badly) => start.failed(TlsError::Handshake),
            (Action::StartTls(_), Kind::Strangely) => self.open = Some(Open::StartTls),
            (Action::StopTls(stop), Kind::Well) => {
                self.tls = false;
                stop.stopped();
            }
            (Action::StopTls(stop), Kind::Badly) => stop.failed(TlsError::Handshake),
            (Action::StopTls(_), Kind::Strangely) => self.open = Some(Open::StopTls),
            (Action::SecureData(secure), Kind::Well) => {
                self.secured.insert(secure.channel());
                secure.resumed();
            }
            (Action::SecureData(secure), Kind::Strangely) => {
                if wanted {
                    self.secured.insert(secure.channel());
                }
                secure.fresh();
            }
            (Action::SecureData(secure), Kind::Badly) => {
                self.sockets.remove(&secure.channel());
                secure.failed(TlsError::Handshake);
            }
            (Action::Question(Question::Login(login)), Kind::Well) => {
                self.let_in = true;
                login.accept();
            }
            (Action::Question(Question::Login(login)), Kind::Strangely) => {
                self.refused = !matches!(login.command(), Command::User(_)) || choice & 1 == 0;
                match choice % 4 {
                    0 | 2 => login.refuse(&refusal(choice)),
                    1 => login.need_password(),
                    _ => {
                        self.refused = matches!(login.command(), Command::Acct(_));
                        login.need_account();
                    }
                }
            }
            (Action::Question(Question::Login(login)), Kind::Badly) => {
                self.refused = true;
                login.refuse(&refusal(choice));
            }
            (Action::Question(question), Kind::Well) => match question {
                Question::Perform(perform) => perform.done(),
                Question::Exists(exists) => exists.exists(),
                Question::Directory(directory) => directory.path(&path),
                Question::Size(size) => size.bytes(u64::from(choice)),
                Question::Modified(modified) => modified.at(Time::parse(b"20240229235960.5").unwrap()),
                Question::Facts(facts) => facts.are(&Text::new("type=file;").unwrap(), &path),
                Question::Hash(hash) => hash.is(&[choice; 32], 49),
                Question::Status(status) => status.lines([Text::new("123 text").unwrap()]),
                Question::Extension(extension) => {
                    let verb = extension.command().verb();
                    extension.answer(&Answer::new(verb, Reply::from_static(Code::COMMAND_OKAY, "Done.")).unwrap());
                }
                Question::Login(_) => unreachable!("it is above"),
            },
            (Action::Question(question), Kind::Badly) => question.refuse(&refusal(choice)),
            (Action::Transfer(transfer), Kind::Well) => match choice % 3 {
                0 => transfer.accept(),
                1 => transfer.accept_sized(u64::from(choice)),
                _ => transfer.accept_as(&path),
            },
            (Action::Transfer(transfer), Kind::Badly) => transfer.refuse(&refusal(choice)),
            (Action::Listen(listen), Kind::Well) => {
                self.sockets.insert(listen.channel());
                let address = SocketAddr::new(listen.host(), 50000 + u16::from(choice));
                listen.listening(address);
            }
            (Action::Listen(listen), Kind::Badly) => listen.failed(error(choice)),
            (Action::Connect(connect), Kind::Well) => {
                self.sockets.insert(connect.channel());
                connect.connected();
            }
            (Action::Connect(connect), Kind::Badly) => connect.failed(error(choice)),
            (Action::Accept(accept), Kind::Well) => assert_eq!(accept.accepted(peer), Verdict::Take),
            (Action::Accept(accept), Kind::Badly) => {
                self.sockets.remove(&accept.channel());
                accept.failed(error(choice));
            }
            (Action::Accept(accept), Kind::Strangely) => {
                let verdict = accept.accepted(SocketAddr::new(stranger(), 40001));
                assert_eq!(verdict, Verdict::Refuse, "a stranger gets the data");
            }
            (Action::Stream(stream), Kind::Well) => {
                self.sockets.remove(&stream.channel());
                stream.finished(StreamEnd::Clean, u64::from(choice).into());
            }
            (Action::Stream(stream), Kind::Badly) => {
                self.sockets.remove(&stream.channel());
                let ends = [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull];
                stream.finished(ends[usize::from(choice % 3)], u64::from(choice).into());
            }
            (Action::Stream(stream), Kind::Strangely) => stream.moved(u64::from(choice)),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Well,
    Badly,
    Strangely,
}

fn stranger() -> IpAddr {
    "203.0.113.66".parse().unwrap()
}

fn error(choice: u8) -> DataError {
    let errors = [DataError::Refused, DataError::TimedOut, DataError::Unreachable, DataError::NoPort, DataError::Local];
    errors[usize::from(choice % 5)]
}

fn refusal(choice: u8) -> Refusal<'static> {
    let codes = [550, 553, 450, 451, 530, 502, 421];
    let code = Code::new(codes[usize::from(choice % 7)]).unwrap();
    Refusal::new(Reply::from_static(code, "No.")).unwrap()
}
