//! Tokio's sockets: listening, connecting, and what is under way on them beside the loop.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ftp_proto::{ChannelId, DataError, Listen, Moved, StreamEnd};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::channel::Shaken;
use super::data::{self, Content};
use super::flow;
use super::tokio_flow::{Flow, Progress, transfer};
use super::tokio_wire::{Side, Wire, secure_data};
use crate::interrupt;

/// The sockets of a session's data connections, and what is under way on them.
///
/// Each method can be dropped while it waits, as `select!` does: what it has begun stays here, and the next call goes on
/// with it. [`close`](Self::close) ends it.
#[derive(Default)]
pub struct Outside<'w> {
    listeners: BTreeMap<ChannelId, Rc<TcpListener>>,
    flows: BTreeMap<ChannelId, Flow>,
    connecting: Option<Running<'w, io::Result<TcpStream>>>,
    accepting: Option<Running<'w, io::Result<(TcpStream, SocketAddr)>>>,
    securing: Option<Running<'w, (Wire, Shaken)>>,
    moving: Option<Moving<'w>>,
}

type Running<'w, T> = Pin<Box<dyn Future<Output = T> + 'w>>;

/// A transfer under way.
pub struct Moving<'w> {
    /// `None` once it has ended.
    running: Option<Running<'w, StreamEnd>>,
    receives: bool,
    progress: Rc<Progress<'w>>,
}

impl<'w> Outside<'w> {
    /// With the connections that stand since the transfer before.
    pub fn with(standing: BTreeMap<ChannelId, Flow>) -> Self {
        Self { flows: standing, ..Self::default() }
    }

    /// The connections that stand.
    pub fn into_standing(self) -> BTreeMap<ChannelId, Flow> {
        self.flows
    }

    /// Listens, or says why not.
    pub fn listen(&mut self, question: Listen<'_>) {
        let listening = data::listen(question.host(), question.ports()).and_then(|listener| {
            let listener = TcpListener::from_std(listener).map_err(|_| DataError::Local)?;
            Ok((listener.local_addr().map_err(|_| DataError::Local)?, listener))
        });
        match listening {
            Ok((address, listener)) => {
                self.listeners.insert(question.channel(), Rc::new(listener));
                question.listening(address);
            }
            Err(why) => question.failed(why),
        }
    }

    /// Connects from that host and, if it may be had, that port.
    pub async fn connect(
        &mut self,
        channel: ChannelId,
        address: SocketAddr,
        (host, port): (IpAddr, Option<u16>),
    ) -> Result<(), DataError> {
        let running = self.connecting.get_or_insert_with(|| Box::pin(connect(address, host, port)));
        let result = running.await;
        self.connecting = None;
        self.flows.insert(channel, Wire::Plain(result.map_err(|error| data::why(&error))?).into());
        Ok(())
    }

    /// Who has connected; [`take`](Self::take) makes it the data connection.
    pub async fn accept(&mut self, channel: ChannelId) -> Result<(TcpStream, SocketAddr), DataError> {
        let listener = self.listeners.get(&channel).cloned().ok_or(DataError::Local)?;
        let running = self.accepting.get_or_insert_with(|| Box::pin(async move { listener.accept().await }));
        let result = running.await;
        self.accepting = None;
        result.map_err(|error| data::why(&error))
    }

    /// The connection takes its listening socket's place.
    pub fn take(&mut self, channel: ChannelId, flow: TcpStream) {
        self.listeners.remove(&channel);
        self.flows.insert(channel, Wire::Plain(flow).into());
    }

    /// TLS on the data connection; a failure closes it.
    pub async fn secure(&mut self, channel: ChannelId, side: impl FnOnce() -> Option<Side>) -> Shaken {
        let Self { flows, securing, .. } = self;
        let running = securing.get_or_insert_with(|| {
            let (flow, side) = (flows.remove(&channel).map_or(Wire::Cut, |flow| flow.wire), side());
            Box::pin(async move { secure_data(flow, side).await })
        });
        let (flow, shaken) = running.await;
        self.securing = None;
        self.flows.insert(channel, flow.into());
        shaken
    }

    /// Moves a file, which is taken when it begins, and closes the connection, unless the end is in the data. The file comes back to be finished.
    pub async fn transfer(&mut self, channel: ChannelId, content: &mut Option<Content<'w>>) -> (StreamEnd, Moved) {
        let moving = self.begin(channel, content);
        let end = match &mut moving.running {
            Some(running) => running.await,
            None => StreamEnd::LocalError,
        };
        if let Some(flow) = self.moving.as_ref().and_then(|moving| moving.progress.take_standing()) {
            self.flows.insert(channel, flow);
        }
        (end, flow::moved(end, self.stop(content)))
    }

    /// Begins to move a file, if that isn't under way: [`transfer`](Self::transfer) goes on with it.
    pub fn begin(&mut self, channel: ChannelId, content: &mut Option<Content<'w>>) -> &mut Moving<'w> {
        let Self { flows, moving, .. } = self;
        moving.get_or_insert_with(|| {
            let progress = Rc::<Progress<'w>>::default();
            let receives = matches!(content, Some(Content::Sink(_)));
            let running: Running<'w, _> = match (flows.remove(&channel), content.take()) {
                (Some(flow), Some(content)) => Box::pin(transfer(flow, content, progress.clone())),
                _ => Box::pin(ready(StreamEnd::LocalError)),
            };
            Moving { running: Some(running), receives, progress }
        })
    }

    /// How many bytes of the transfer under way were moved.
    pub fn moved(&self) -> u64 {
        self.moving.as_ref().map_or(0, |moving| moving.progress.moved())
    }

    /// Takes what has come and wasn't read yet, if it is this content's: because bytes were moving to it, or `is_open`. Until
    /// the end, or nothing comes for so long, and a hundred times as long at most. There is one data connection at a time, and
    /// it is to be [closed](Self::close) then.
    pub async fn salvage(&mut self, content: &mut Option<Content<'w>>, silence: Duration, is_open: bool) {
        if let Some(channel) = self.flows.keys().next().copied()
            && matches!(content, Some(Content::Sink(_)))
            && is_open
        {
            self.begin(channel, content);
        }
        let Some(moving) = self.moving.as_mut().filter(|moving| moving.receives) else { return };
        let begun = Instant::now();
        while let Some(running) = &mut moving.running
            && begun.elapsed() <= silence * 100
            && !interrupt::came()
        {
            let before = moving.progress.moved();
            match timeout(silence, running).await {
                Ok(_) => moving.running = None,
                Err(_) if moving.progress.moved() == before => return,
                Err(_) => {}
            }
        }
    }

    /// Ends what is under way, and closes what this data connection had; what was moved over it. There is one at a time. A
    /// file that was being moved comes back.
    pub fn close(&mut self, channel: ChannelId, content: &mut Option<Content<'w>>) -> Moved {
        (self.connecting, self.accepting, self.securing) = (None, None, None);
        self.listeners.remove(&channel);
        self.flows.remove(&channel);
        self.stop(content).into()
    }

    /// Nothing moves any more, and the file comes back; how many bytes were taken from it or given to it.
    fn stop(&mut self, content: &mut Option<Content<'w>>) -> u64 {
        let Some(Moving { running, progress, .. }) = self.moving.take() else { return 0 };
        drop(running);
        *content = progress.take_content();
        progress.taken()
    }
}

async fn connect(address: SocketAddr, host: IpAddr, port: Option<u16>) -> io::Result<TcpStream> {
    let socket = TcpStream::from_std(data::dial(address, Some((host, port)))?)?;
    socket.writable().await?;
    match socket.take_error()? {
        Some(error) => Err(error),
        None => Ok(socket),
    }
}
