//! A command of the client's, as the upstream is asked for it.

use ftp_proto::client::{Client, Request};
use ftp_proto::{Code, Command, Reply, Type, Verb};

use super::side::Pipe;

/// A question that the upstream is asked, and what it has said.
pub struct Task {
    pub serial: u64,
    pub opening: Option<Reply<'static>>,
    pub last: Option<Reply<'static>>,
}

/// Nobody waits for the upstream's answer any more.
pub fn give_up(task: &mut Option<Task>, client: &mut Client) {
    if task.take().is_some() {
        client.abort();
    }
}

impl Task {
    /// The task of this question, which is begun if it hasn't been. `None`: the upstream is still at another.
    pub fn of<'t>(
        task: &'t mut Option<Self>,
        serial: u64,
        client: &mut Client,
        pipe: &mut Pipe,
        command: &Command<'static>,
        representation: Type,
        offset: u64,
    ) -> Option<&'t mut Self> {
        if task.as_ref().is_some_and(|task| task.serial != serial) {
            give_up(task, client);
        }
        if task.is_none() && client.is_busy() {
            return None;
        }
        Some(task.get_or_insert_with(|| {
            *pipe = Pipe::default();
            let request = match command.clone() {
                Command::Rein => Some(Request::reinitialise()),
                Command::Size(path) => Some(Request::size(path)),
                Command::Retr(path) => Some(Request::retrieve(path, offset).representation(representation)),
                Command::Stor(path) => Some(Request::store(path, offset).representation(representation)),
                command => match Request::transfer(command) {
                    Ok(transfer) => Some(transfer.representation(representation)),
                    Err(command) => Request::command(command).ok(),
                },
            };
            let rejected = request.and_then(|request| client.start(request).err());
            let unsaid = rejected.map(|_| Reply::from_static(Code::LOCAL_ERROR, "The upstream can't be asked."));
            if command.verb() == Verb::Quit {
                client.quit();
            }
            Self { serial, opening: None, last: unsaid }
        }))
    }
}
