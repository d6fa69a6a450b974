//! The server's adapter, and the application behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ftp_proto::server::{self, Answer, Question, Refusal};
use ftp_proto::{Code, Command, DataError, Direction, Instant, Moved, Path, Reply, Text, Time, TlsError, Verdict};

use super::network::{End, Meeting, Pipe};
use super::{Pair, UploadAt};
use crate::net::{Shared, Side};

impl Pair {
    /// One action of the server, with the application's answers.
    pub fn step_server(&mut self) -> bool {
        self.inject();
        let moved = self.act_for_server();
        self.injector.step += usize::from(moved);
        moved
    }

    fn act_for_server(&mut self) -> bool {
        let now = Instant::from_origin(self.now);
        let Self { server, control, data, faults, injector, log, watched, apart, converts, says, closed, .. } = self;
        let mut log = log.at(Side::Server, self.now);
        match server.poll(now) {
            server::Action::Write(_)
            | server::Action::Question(_)
            | server::Action::Transfer(_)
            | server::Action::Connect(_)
            | server::Action::Listen(_)
            | server::Action::Accept(_)
            | server::Action::Stream(_)
            | server::Action::SecureData(_)
            | server::Action::StartTls(_)
            | server::Action::StopTls(_)
            | server::Action::Look(_)
            | server::Action::Commit(_)
            | server::Action::Close(_)
                if std::mem::take(&mut injector.server_drops) => {}
            server::Action::Write(write) => {
                let text = String::from_utf8_lossy(write.bytes());
                self.wire.extend(text.lines().map(|line| format!("S: {line}")));
                control.send(End::Server, write.bytes());
                watched.writes(End::Server, write.bytes());
                let count = write.bytes().len();
                log.write(write, count);
            }
            server::Action::Read { .. } => return self.deliver_to_server(),
            server::Action::Question(question) => {
                answer(log.asked(question), &mut self.files, &mut self.renaming);
            }
            server::Action::Transfer(transfer) => {
                let transfer = log.asked_to_transfer(transfer);
                let command = transfer.command().clone();
                match &command {
                    Command::Retr(path) => match self.files.get(path.as_bytes()) {
                        Some(bytes) => transfer.accept_sized(bytes.len() as u64),
                        None => transfer.refuse(&no_such_file()),
                    },
                    Command::Stou(_) => transfer.accept_as(&Path::new("unique").unwrap()),
                    _ => transfer.accept(),
                }
                (self.serving, self.upload_at) = (Some(command), UploadAt::Stream);
            }
            server::Action::Listen(listen) if faults.no_port => log.listen(listen, Err(DataError::NoPort)),
            server::Action::Listen(listen) => {
                let address = SocketAddr::new(self.server_addr.ip(), self.next_port);
                self.next_port += 1;
                self.streamed = [0, 0];
                self.data = Pipe::listened_by(End::Server, address);
                log.listen(listen, Ok(address));
            }
            server::Action::Connect(connect) => {
                if !faults.server_dials_refused && data.client_listens == Some(connect.address()) {
                    assert!(*apart || watched.expects(connect.address()), "{}: {:#?}", connect.address(), self.wire);
                    data.arrived = Some(SocketAddr::new(self.server_addr.ip(), 20));
                    log.connect(connect, Ok(()));
                } else {
                    log.connect(connect, Err(DataError::Refused));
                }
            }
            server::Action::Accept(accept) => {
                if std::mem::take(&mut faults.stranger_connects_first) {
                    let verdict = log.accept(accept, "203.0.113.66:6666".parse().unwrap());
                    assert_eq!(verdict, Verdict::Refuse, "a stranger was taken");
                } else if let Some(peer) = data.arrived.take() {
                    assert_eq!(log.accept(accept, peer), Verdict::Take);
                } else {
                    drop(accept);
                    return self.deliver_to_server();
                }
            }
            server::Action::Stream(stream) if self.streamed[1] < self.slow => {
                self.streamed[1] += 1;
                stream.moved(0);
                self.deliver_to_server();
            }
            server::Action::Stream(stream) => {
                let offset = usize::try_from(stream.offset()).unwrap();
                match stream.direction() {
                    Direction::Send => {
                        let content = match &self.serving {
                            Some(Command::Retr(path)) => self.files.get(path.as_bytes()).cloned().unwrap_or_default(),
                            _ => self.files.keys().flat_map(|name| [name.as_slice(), b"\r\n"].concat()).collect(),
                        };
                        let form = converts.then(|| stream.form());
                        let (end, total) = data.load(&content[offset.min(content.len())..], form, *faults);
                        self.streams.push(data.sent(End::Server, end));
                        log.stream(stream, data.told(says[1], end), total as u64);
                    }
                    Direction::Receive => match data.unload(End::Server, converts.then(|| stream.form())) {
                        Some((end, bytes)) => {
                            self.unkept = end.is_whole().then_some((offset, bytes.clone()));
                            log.stream(stream, data.told(says[1], end), bytes.len() as u64);
                        }
                        None => {
                            drop(stream);
                            return self.deliver_to_server();
                        }
                    },
                }
            }
            server::Action::SecureData(secure) => match data.shake(End::Server) {
                Ok(Meeting::Done) if faults.data_session_is_new => log.secure(secure, Ok(Shared::No)),
                Ok(Meeting::Done) => log.secure(secure, Ok(Shared::Yes)),
                Ok(Meeting::Waits) => {
                    drop(secure);
                    return self.deliver_to_server();
                }
                Err(why) => log.secure(secure, Err(why)),
            },
            server::Action::StartTls(start) => {
                // What lies before the handshake was written in plaintext, and is read as that.
                let stale = control.take_stale(End::Server);
                if !stale.is_empty() {
                    drop(start);
                    self.server.received(&stale);
                    return true;
                }
                if now >= start.deadline() {
                    log.start_tls(start, Err(TlsError::TimedOut));
                } else if faults.handshake_fails == Some(End::Server) || self.client_closed || injector.server_deaf {
                    log.start_tls(start, Err(TlsError::Handshake));
                } else if control.turn(End::Server) == Meeting::Done {
                    log.start_tls(start, Ok(()));
                } else {
                    drop(start);
                    return false;
                }
            }
            server::Action::StopTls(stop) => {
                let stale = control.take_stale(End::Server);
                if !stale.is_empty() {
                    drop(stop);
                    self.server.received(&stale);
                    return true;
                }
                if self.client_closed || injector.server_deaf {
                    log.stop_tls(stop, Err(TlsError::Handshake));
                } else if control.turn(End::Server) == Meeting::Done {
                    log.stop_tls(stop, Ok(()));
                } else {
                    drop(stop);
                    return false;
                }
            }
            server::Action::Look(look) if self.asked_to_look < self.slow_look => {
                self.asked_to_look += 1;
                self.upload_at = UploadAt::Look;
                drop(look);
                return self.deliver_to_server();
            }
            server::Action::Look(mut look) => {
                (self.asked_to_look, self.upload_at) = (0, UploadAt::Look);
                if !injector.server_deaf {
                    let bytes = control.receive(End::Server, self.chunk);
                    if !bytes.is_empty() {
                        look.received(&bytes);
                    }
                }
                look.looked();
            }
            server::Action::Commit(commit) if self.asked_to_commit < self.slow_commit => {
                self.asked_to_commit += 1;
                self.upload_at = UploadAt::Commit;
                drop(commit);
                return self.deliver_to_server();
            }
            server::Action::Commit(commit) => {
                (self.asked_to_commit, self.upload_at) = (0, UploadAt::Commit);
                let (offset, bytes) = self.unkept.take().expect("what came whole is there until it is kept");
                assert_eq!(commit.moved(), bytes.len() as u64);
                if let Some(why) = faults.commit {
                    log.commit(commit, Err(why));
                    return true;
                }
                let (name, append) = match commit.command() {
                    Command::Stor(path) => (path.as_bytes().to_vec(), false),
                    Command::Appe(path) => (path.as_bytes().to_vec(), true),
                    _ => (b"unique".to_vec(), false),
                };
                log.commit(commit, Ok(()));
                let file = self.files.entry(name).or_default();
                if !append {
                    file.truncate(offset);
                }
                file.extend(bytes);
            }
            server::Action::Close(close) => {
                (data.server_listens, data.broken) = (None, true);
                closed[End::Server as usize] += 1;
                self.unkept = None;
                log.close(close, Moved::Nothing);
            }
            server::Action::Answered(_) => {}
            server::Action::Leave => {
                log.leaves();
                let news = !self.server_closed;
                self.server_closed = true;
                if news && control.is_empty(End::Client) {
                    self.client.received(b"");
                } else if news {
                    self.server_closed = false;
                    return false;
                }
                return news;
            }
        }
        true
    }

    fn deliver_to_server(&mut self) -> bool {
        if self.injector.server_deaf {
            self.control.clear(End::Server);
        }
        let bytes = self.control.receive(End::Server, self.chunk);
        if !bytes.is_empty() {
            self.server.received(&bytes);
        }
        !bytes.is_empty()
    }
}

fn no_such_file() -> Refusal<'static> {
    Refusal::unavailable(Text::new("No such file.").unwrap())
}

/// The application behind the server: names are keys, directories are everywhere.
fn answer(question: Question<'_>, files: &mut BTreeMap<Vec<u8>, Vec<u8>>, renaming: &mut Vec<u8>) {
    let command = question.command().clone();
    let known = |path: &Path<'_>| files.contains_key(path.as_bytes());
    match (question, &command) {
        (Question::Login(login), Command::User(_)) => login.need_password(),
        (Question::Login(login), Command::Pass(password)) if password.as_bytes() == b"secret" => login.accept(),
        (Question::Login(login), _) => login.refuse(&Refusal::not_logged_in(Text::new("Login incorrect.").unwrap())),
        (Question::Exists(exists), Command::Rnfr(path)) if known(path) => {
            *renaming = path.as_bytes().to_vec();
            exists.exists();
        }
        (Question::Perform(perform), Command::Rnto(path)) => {
            let file = files.remove(renaming).unwrap_or_default();
            files.insert(path.as_bytes().to_vec(), file);
            perform.done();
        }
        (Question::Perform(perform), Command::Dele(path)) if known(path) => {
            files.remove(path.as_bytes());
            perform.done();
        }
        (Question::Perform(perform), Command::Cwd(_) | Command::Cdup | Command::Rmd(_)) => perform.done(),
        (Question::Perform(perform), Command::Mfmt(_, path)) if known(path) => perform.done(),
        (Question::Perform(perform), Command::Rein | Command::Host(_) | Command::Smnt(_)) => perform.done(),
        (Question::Hash(hash), Command::Hash(path)) if known(path) => {
            hash.is(&[10; 32], files[path.as_bytes()].len() as u64)
        }
        (Question::Status(status), Command::Stat(Some(path))) if known(path) => status.lines([path.borrowed().into()]),
        (Question::Size(size), Command::Avbl(_)) => size.bytes(1 << 40),
        (Question::Extension(extension), _) => {
            extension.answer(&Answer::new(command.verb(), Reply::from_static(Code::COMMAND_OKAY, "Done.")).unwrap());
        }
        (Question::Directory(directory), Command::Mkd(path)) => directory.path(path),
        (Question::Directory(directory), _) => directory.path(&Path::new("/a \"quoted\" place").unwrap()),
        (Question::Size(size), Command::Size(path)) if known(path) => size.bytes(files[path.as_bytes()].len() as u64),
        (Question::Modified(modified), Command::Mdtm(path)) if known(path) => {
            modified.at(Time::parse(b"20261121024915").unwrap());
        }
        (question, _) => question.refuse(&no_such_file()),
    }
}
