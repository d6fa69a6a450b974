//! What the application and the network answer the server's machine.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ftp_proto::server::{Action, Answer, CommitError, Permissions, Question, Refusal};
use ftp_proto::{
    Code, Command, DataError, Direction, Path, Relayed, Reply, Resume, StreamEnd, Text, Time, TlsError, Verdict,
};

use super::{Open, Run, Upload};
use crate::net::{Shared, Side};

impl Run<'_> {
    /// Answers the open question.
    pub(super) fn answer(&mut self, choice: u8, kind: Kind) {
        let peer = SocketAddr::new(self.ends.peer().ip(), 40001);
        let path = Path::new(if choice & 1 == 0 { &b"/some \"where\""[..] } else { b" \xff\xff\xf4" }).unwrap();
        let wanted = self.config.data_session == Resume::Wanted;
        if let Some(Open::StartTls | Open::StopTls) = self.open {
            self.open = None;
        }
        let mut net = self.net.at(Side::Server, self.now.since_origin());
        let action = match (self.server.poll(self.now), kind) {
            // Only a login is answered strangely.
            (Action::Question(question), Kind::Well | Kind::Badly)
            | (Action::Question(question @ Question::Login(_)), Kind::Strangely) => {
                Action::Question(net.asked(question))
            }
            (Action::Transfer(transfer), Kind::Well | Kind::Badly) => Action::Transfer(net.asked_to_transfer(transfer)),
            (action, _) => action,
        };
        match (action, kind) {
            (Action::StartTls(start), Kind::Well) => {
                (self.tls, self.turning) = (true, false);
                net.start_tls(start, Ok(()));
            }
            (Action::StartTls(start), Kind::Badly) => net.start_tls(start, Err(TlsError::Handshake)),
            (Action::StartTls(_), Kind::Strangely) => self.open = Some(Open::StartTls),
            (Action::StopTls(stop), Kind::Well) => {
                self.tls = false;
                net.stop_tls(stop, Ok(()));
            }
            (Action::StopTls(stop), Kind::Badly) => net.stop_tls(stop, Err(TlsError::Handshake)),
            (Action::StopTls(_), Kind::Strangely) => self.open = Some(Open::StopTls),
            (Action::SecureData(secure), Kind::Well) => {
                self.secured.insert(secure.channel());
                net.secure(secure, Ok(Shared::Yes));
            }
            (Action::SecureData(secure), Kind::Strangely) => {
                if wanted {
                    self.secured.insert(secure.channel());
                }
                net.secure(secure, Ok(Shared::No));
            }
            (Action::SecureData(secure), Kind::Badly) => {
                self.sockets.remove(&secure.channel());
                net.secure(secure, Err(TlsError::Handshake));
            }
            (Action::Question(Question::Login(login)), Kind::Well) => {
                self.let_in = true;
                match (self.own_words, choice % 3) {
                    (false, _) => login.accept(),
                    (true, 0) => login.accept_with(Arc::new(Permissions::from(&*self.config))),
                    (true, _) => {
                        let verb = login.command().verb();
                        login.answer(&Answer::new(verb, own(232)).unwrap());
                    }
                }
            }
            (Action::Question(question), Kind::Well) if self.own_words => {
                // A 1yz leaves it open.
                let codes = [200, 250, 257, 213, 350, 120, 227, 226, 631, 550];
                question.relay(&own(codes[usize::from(choice) % codes.len()]));
            }
            (Action::Transfer(transfer), Kind::Well) if self.own_words => {
                let relayed = transfer.relay(&own([150, 125, 110, 331][usize::from(choice % 4)]));
                assert_ne!(relayed, Relayed::Pending, "a 1yz begins a transfer");
            }
            (Action::Stream(stream), Kind::Well | Kind::Badly) if self.own_words => {
                let codes = [226, 250, 426, 451, 552, 227, 150];
                let (channel, code) = (stream.channel(), codes[usize::from(choice % 7)]);
                let is_kept = stream.direction() == Direction::Receive && [226, 250].contains(&code);
                if stream.relay(&own(code), u64::from(choice).into()) != Relayed::Pending {
                    self.sockets.remove(&channel);
                    self.unkept = is_kept.then_some(channel);
                }
            }
            (Action::Commit(commit), Kind::Well) if self.own_words => {
                let codes = [226, 250, 451, 552, 227, 150];
                let code = codes[usize::from(choice) % codes.len()];
                if commit.relay(&own(code)) != Relayed::Pending {
                    let upload = if [226, 250].contains(&code) { Upload::Kept } else { Upload::Under };
                    (self.unkept, self.upload) = (None, upload);
                }
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
                net.listen(listen, Ok(address));
            }
            (Action::Listen(listen), Kind::Badly) => net.listen(listen, Err(error(choice))),
            (Action::Connect(connect), Kind::Well) => {
                self.sockets.insert(connect.channel());
                net.connect(connect, Ok(()));
            }
            (Action::Connect(connect), Kind::Badly) => net.connect(connect, Err(error(choice))),
            (Action::Accept(accept), Kind::Well) => assert_eq!(net.accept(accept, peer), Verdict::Take),
            (Action::Accept(accept), Kind::Badly) => {
                self.sockets.remove(&accept.channel());
                net.not_accept(accept, error(choice));
            }
            (Action::Accept(accept), Kind::Strangely) => {
                let verdict = net.accept(accept, SocketAddr::new(stranger(), 40001));
                assert_eq!(verdict, Verdict::Refuse, "a stranger gets the data");
            }
            (Action::Stream(stream), Kind::Well) => {
                let stays = choice & 1 == 1 && stream.form().marks_end();
                if !stays {
                    self.sockets.remove(&stream.channel());
                }
                if stream.direction() == Direction::Receive {
                    self.unkept = Some(stream.channel());
                }
                let end = if stays { StreamEnd::Marked } else { StreamEnd::Clean };
                net.stream(stream, end, u64::from(choice));
            }
            (Action::Stream(stream), Kind::Badly) => {
                self.sockets.remove(&stream.channel());
                let ends = [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull];
                net.stream(stream, ends[usize::from(choice % 3)], u64::from(choice));
            }
            (Action::Look(look), Kind::Well | Kind::Badly) => look.looked(),
            (Action::Commit(commit), Kind::Well) => {
                (self.unkept, self.upload) = (None, Upload::Kept);
                net.commit(commit, Ok(()));
            }
            (Action::Commit(commit), Kind::Badly) => {
                self.unkept = None;
                let why = if choice & 1 == 0 { CommitError::Local } else { CommitError::StorageFull };
                net.commit(commit, Err(why));
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

/// Two lines.
fn own(code: u16) -> Reply<'static> {
    let [first, last] = ["226 words", "of its own"].map(Text::from_static);
    Reply::with_lines(Code::new(code).unwrap(), first, [], last)
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
