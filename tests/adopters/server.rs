//! A server with words of its own, and this is how it is done: verbs and lines of FEAT that no RFC knows, a user who needs no
//! password because TLS has proved who he is (232), users who may do different things, and an audit log in which each command
//! stands once, with the code that answered it, and no secret ([`Action::Answered`]). Copy it and change it.
//!
//! The sockets are the simplest that do: a thread a session, and each action is done at once. A server that hears ABOR amid a
//! transfer waits for two sockets, as `examples/std_server.rs` does.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant as Clock};

use ftp_proto::server::{Action, Answer, Config, Greeting, Permissions, Question, Refusal, Server, Support, Transfer};
use ftp_proto::{
    Code, Command, ControlError, DataError, Direction, Endpoints, Instant, Moved, Reply, StreamEnd, Text, TlsError,
    Verb, Verdict,
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// What all sessions share.
#[derive(Default)]
pub struct House {
    pub files: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// `COMMAND: code`, in the order of the answers.
    pub log: Mutex<Vec<String>>,
}

pub fn serve(listener: &TcpListener, house: &Arc<House>) -> Result<()> {
    let mut config = Config::default();
    config.answered = true;
    // QUIT is the machine's, unless the application wants it for its own last words.
    config.support = Support::nothing()
        .with(&[Verb::Pwd, Verb::Dele, Verb::Retr, Verb::Stor, Verb::Quit])?
        .with_unknown_verbs()
        .with_site(["QUOTA [<SP> user]"])?
        .with_features([Text::from_static("XCOUNT"), Text::from_static("X-HOUSE blue;green")])?;
    // Who comes by certificate may read alone.
    let mut reader = Permissions::from(&config);
    reader.support = reader.support.without(&[Verb::Dele, Verb::Stor])?;
    let (config, reader) = (Arc::new(config), Arc::new(reader));
    for control in listener.incoming() {
        let (control, config, reader, house) = (control?, config.clone(), reader.clone(), house.clone());
        thread::spawn(move || run(control, config, &reader, &house));
    }
    Ok(())
}

/// One session.
fn run(mut control: TcpStream, config: Arc<Config>, reader: &Arc<Permissions>, house: &House) -> Result<()> {
    let (origin, ends) = (Clock::now(), Endpoints::new(control.local_addr()?, control.peer_addr()?));
    let greeting = Greeting::ready(Text::from_static("The blue house."));
    let mut server = Server::new(config, ends, &greeting, Instant::from_origin(Duration::ZERO));
    let (mut listener, mut data, mut content) = (None::<TcpListener>, None::<TcpStream>, Vec::new());
    loop {
        let now = Instant::from_origin(origin.elapsed());
        match server.poll(now) {
            Action::Write(write) => match control.write(write.bytes()) {
                Ok(count) => write.wrote(count),
                Err(_) => write.failed(ControlError::Closed),
            },
            Action::Read { deadline } => {
                control.set_read_timeout(Some(deadline.saturating_since(now).max(Duration::from_millis(1))))?;
                let mut buffer = [0; 4096];
                if let Ok(count) = control.read(&mut buffer) {
                    server.received(&buffer[..count]);
                }
            }
            Action::Answered(exchange) => {
                let (shown, code) = (exchange.line().escape_ascii().to_string(), exchange.reply().code());
                house.log.lock().unwrap().push(format!("{shown}: {code}"));
            }
            Action::Question(question) => answer(question, reader, house)?,
            Action::Transfer(transfer) => content = open(transfer, house),
            Action::Listen(listen) => match TcpListener::bind((listen.host(), 0)) {
                Ok(bound) => {
                    listen.listening(bound.local_addr()?);
                    listener = Some(bound);
                }
                Err(_) => listen.failed(DataError::NoPort),
            },
            Action::Accept(accept) => {
                let (socket, peer) = listener.as_ref().ok_or("nothing listens")?.accept()?;
                if accept.accepted(peer) == Verdict::Take {
                    (listener, data) = (None, Some(socket));
                }
            }
            Action::Connect(connect) => {
                data = TcpStream::connect_timeout(&connect.address(), connect.deadline().saturating_since(now)).ok();
                if data.is_some() { connect.connected() } else { connect.failed(DataError::Refused) }
            }
            Action::Stream(stream) => {
                let mut socket = data.take().ok_or("no data connection")?;
                let moved = match stream.direction() {
                    Direction::Receive => socket.read_to_end(&mut content).map(|count| count as u64),
                    Direction::Send => {
                        let sent = socket.write_all(&content).and_then(|()| socket.shutdown(Shutdown::Write));
                        // A close over bytes that weren't read is a reset.
                        sent.and_then(|()| socket.read_to_end(&mut Vec::new())).map(|_| content.len() as u64)
                    }
                };
                match moved {
                    Ok(moved) => stream.finished(StreamEnd::Clean, moved.into()),
                    Err(_) => stream.finished(StreamEnd::Truncated, Moved::Bytes(0)),
                }
            }
            // Nothing is read while bytes move here, so nobody can have said ABOR.
            Action::Look(look) => look.looked(),
            Action::Commit(commit) => {
                if let Command::Stor(path) = commit.command() {
                    house.files.lock().unwrap().insert(path.as_bytes().to_vec(), std::mem::take(&mut content));
                }
                commit.kept();
            }
            Action::Close(close) => {
                (listener, data) = (None, None);
                close.closed(Moved::Nothing);
            }
            Action::StartTls(start) => start.failed(TlsError::Unavailable),
            Action::SecureData(secure) => secure.failed(TlsError::Unavailable),
            Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
            Action::Leave => return Ok(control.shutdown(Shutdown::Write)?),
        }
    }
}

/// What the application says to a command: a reply with a code, or a refusal, in words of its own.
fn answer(question: Question<'_>, reader: &Arc<Permissions>, house: &House) -> Result<()> {
    let (mut files, no) = (house.files.lock().unwrap(), |text| Reply::from_static(Code::FILE_UNAVAILABLE, text));
    let reply = match question.command() {
        // His certificate was looked at in the TLS handshake; here his name stands for it.
        Command::User(name) if name.as_bytes() == b"robot" => {
            Reply::from_static(Code::LOGGED_IN_BY_SECURITY_EXCHANGE, "Your certificate says who you are.")
        }
        Command::User(_) => Reply::from_static(Code::NEED_PASSWORD, "And the word?"),
        Command::Pass(word) if word.as_bytes() == b"secret" => Reply::from_static(Code::LOGGED_IN, "Come in."),
        Command::Pass(_) => Reply::from_static(Code::NOT_LOGGED_IN, "That isn't it."),
        Command::Pwd => Reply::new(Code::PATH_NAME, Text::from_static("\"/\" is all there is")),
        Command::Dele(path) if files.remove(path.as_bytes()).is_some() => {
            Reply::from_static(Code::FILE_ACTION_COMPLETED, "Gone.")
        }
        Command::Other(other) if other.word().eq_ignore_ascii_case(b"XCOUNT") => {
            let lines = files.keys().map(|name| Text::try_from([b" ", &name[..]].concat()).unwrap_or_default());
            let (first, last) = (Text::from_static("The files:"), Text::try_from(format!("{} in all", files.len()))?);
            Reply::with_lines(Code::COMMAND_OKAY, first, lines, last)
        }
        Command::Other(_) => Reply::from_static(Code::SYNTAX_ERROR, "Nobody here knows that."),
        Command::Site(_) => Reply::from_static(Code::COMMAND_OKAY, "Take what you like."),
        Command::Quit => Reply::from_static(Code::CLOSING_CONTROL_CONNECTION, "Mind the step."),
        _ => no("There is no such thing."),
    };
    let verb = question.command().verb();
    match (question, Refusal::new(reply.borrowed()), Answer::new(verb, reply.borrowed())) {
        (question, Some(refusal), _) => question.refuse(&refusal),
        (Question::Login(login), _, Some(answer)) if login.user() == b"robot" => {
            login.answer_with(&answer, reader.clone());
        }
        (question, _, Some(answer)) => question.answer(&answer),
        (question, None, None) => drop(question), // the machine says 451 in the end
    }
    Ok(())
}

/// The bytes that a download sends, or those before what an upload brings.
fn open(transfer: Transfer<'_>, house: &House) -> Vec<u8> {
    let files = house.files.lock().unwrap();
    let (Command::Retr(path) | Command::Stor(path)) = transfer.command() else {
        transfer.refuse(&Refusal::unavailable(Text::from_static("No listings.")));
        return Vec::new();
    };
    let old = files.get(path.as_bytes());
    let parts = usize::try_from(transfer.offset()).ok().and_then(|offset| old?.split_at_checked(offset));
    let content = match (transfer.direction(), parts) {
        (Direction::Send, Some((_, rest))) => rest.to_vec(),
        (Direction::Receive, Some((begin, _))) => begin.to_vec(),
        (Direction::Receive, None) if transfer.offset() == 0 => Vec::new(),
        _ => {
            transfer.refuse(&Refusal::unavailable(Text::from_static("There is no such thing.")));
            return Vec::new();
        }
    };
    transfer.accept();
    content
}
