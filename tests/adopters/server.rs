//! A server with words of its own, and this is how it is done: verbs and lines of FEAT that no RFC knows, a user who needs no
//! password because TLS has proved who he is (232), users who may do different things, and an audit log in which each command
//! stands once, with the code that answered it, and no secret ([`Action::Answered`]). Copy it and change it.
//!
//! One thread serves all, an ABOR is heard amid a transfer, and what an upload has brought appears once it is kept. The sockets are
//! the adapter's, `side.rs`.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use ftp_proto::server::{
    Action, Answer, CommitError, Config, Greeting, Permissions, Question, Refusal, Server, Support, Transfer,
};
use ftp_proto::{Code, Command, Direction, Instant, Reply, Text, Verb};
use socket2::Socket;

use crate::side::{self, Pipe, Result, Side, Wait};

/// How many bytes the files may have in all.
pub const ROOM: usize = 1_000_000;

/// What all sessions share.
#[derive(Default)]
pub struct House {
    pub files: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// `COMMAND: code`, in the order of the replies.
    pub log: Mutex<Vec<String>>,
}

/// Serves everybody who connects.
pub fn serve(listener: TcpListener, house: &Arc<House>) -> Result<()> {
    let mut config = Config::default();
    config.report_answered = true;
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
    side::serve(listener, |control, now| Session::new(control, &config, &reader, house, now))
}

struct Session {
    server: Server,
    side: Side,
    reader: Arc<Permissions>,
    house: Arc<House>,
    /// What a download has still to send, or a piece that an upload has brought.
    pipe: Pipe,
    /// All that an upload has brought.
    brought: Vec<u8>,
}

impl Session {
    fn new(
        control: Socket,
        config: &Arc<Config>,
        reader: &Arc<Permissions>,
        house: &Arc<House>,
        now: Instant,
    ) -> Result<Self> {
        let side = Side::new(control)?;
        let greeting = Greeting::ready(Text::from_static("The blue house."));
        let server = Server::new(config.clone(), side.ends(None)?, &greeting, now);
        let (pipe, brought) = (Pipe::default(), Vec::new());
        Ok(Self { server, side, reader: reader.clone(), house: house.clone(), pipe, brought })
    }
}

impl side::Session for Session {
    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.side].into_iter()
    }

    fn advance(&mut self, now: Instant) -> Result<()> {
        // So often, before the others have their turn.
        for _ in 0..64 {
            let heard = self.side.hear(|bytes| self.server.received(bytes));
            if let (false, Some(wait)) = (heard, self.act(now)?) {
                self.side.wait = wait;
                return Ok(());
            }
        }
        self.side.wait = Wait::till(now);
        Ok(())
    }
}

impl Session {
    /// Does the one next thing that the machine asks for. `None`: there may be another; else it has to wait.
    fn act(&mut self, now: Instant) -> Result<Option<Wait>> {
        let Self { server, side, reader, house, pipe, brought } = self;
        match server.poll(now) {
            Action::Write(write) => return Ok(side.write(write)),
            Action::Read { deadline } => return Ok(side.waits(true, deadline)),
            Action::Answered(exchange) => {
                let (shown, code) = (exchange.line().escape_ascii().to_string(), exchange.reply().code());
                house.log.lock().unwrap().push(format!("{shown}: {code}"));
            }
            Action::Question(question) => answer(question, reader, house)?,
            Action::Transfer(transfer) => (*pipe, *brought) = open(transfer, house),
            Action::Stream(stream) => {
                let flow = side.flow(stream.direction(), pipe, now);
                if stream.direction() == Direction::Receive {
                    brought.append(&mut pipe.bytes);
                }
                return Ok(side.follow(flow, stream));
            }
            Action::Look(look) => side.look(look),
            Action::Commit(commit) => {
                let mut files = house.files.lock().unwrap();
                let used = files.values().map(Vec::len).sum::<usize>();
                match commit.command() {
                    Command::Stor(_) if used + brought.len() > ROOM => commit.failed(CommitError::StorageFull),
                    Command::Stor(path) => {
                        files.insert(path.as_bytes().to_vec(), std::mem::take(brought));
                        commit.kept();
                    }
                    _ => commit.failed(CommitError::Local),
                }
            }
            Action::Close(close) => {
                brought.clear();
                return Ok(side.close(close));
            }
            Action::Listen(listen) => return Ok(side.listen(listen)),
            Action::Accept(accept) => return Ok(side.accept(accept)),
            Action::Connect(connect) => return Ok(side.connect(connect)),
            Action::StartTls(_) | Action::SecureData(_) | Action::StopTls(_) => return Err("no TLS is offered".into()),
            Action::Leave => return Ok(Some(side.leave(now).ok_or("the session is over")?)),
        }
        Ok(None)
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

/// The bytes that a download sends, and those before what an upload brings.
fn open(transfer: Transfer<'_>, house: &House) -> (Pipe, Vec<u8>) {
    let files = house.files.lock().unwrap();
    let (Command::Retr(path) | Command::Stor(path)) = transfer.command() else {
        transfer.refuse(&Refusal::unavailable(Text::from_static("No listings.")));
        return Default::default();
    };
    let old = files.get(path.as_bytes());
    let parts = usize::try_from(transfer.offset()).ok().and_then(|offset| old?.split_at_checked(offset));
    let content = match (transfer.direction(), parts) {
        (Direction::Send, Some((_, rest))) => (Pipe { bytes: rest.to_vec(), ended: true }, Vec::new()),
        (Direction::Receive, Some((begin, _))) => (Pipe::default(), begin.to_vec()),
        (Direction::Receive, None) if transfer.offset() == 0 => Default::default(),
        _ => {
            transfer.refuse(&Refusal::unavailable(Text::from_static("There is no such thing.")));
            return Default::default();
        }
    };
    transfer.accept();
    content
}
