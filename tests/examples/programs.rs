//! Both clients under one interface, and both servers.

use std::io::{BufRead, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use ftp_proto::client::{Config, Failure, Outcome, Request};
use ftp_proto::{Argument, Password};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::{std_client, std_server, tokio_client, tokio_server};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sockets {
    Std,
    Tokio,
}

pub const BOTH: [Sockets; 2] = [Sockets::Std, Sockets::Tokio];

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A server on a thread, until the tests end; its files are those of `std_server`.
pub fn serve(sockets: Sockets, host: IpAddr) -> Option<(SocketAddr, Arc<std_server::Files>)> {
    let listener = TcpListener::bind((host, 0)).ok()?;
    let address = listener.local_addr().unwrap();
    let files = Arc::new(std_server::Files::default());
    let served = files.clone();
    thread::spawn(move || match sockets {
        Sockets::Std => drop(std_server::serve(&listener, &served)),
        Sockets::Tokio => runtime().block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            drop(tokio_server::serve(&listener, &served).await);
        }),
    });
    Some((address, files))
}

pub enum Session {
    Std(std_client::Session<'static>),
    Tokio(Runtime, tokio_client::Session<'static>),
}

pub enum Content<'c> {
    None,
    Source(&'c mut dyn BufRead),
    Sink(&'c mut dyn Write),
}

/// Aborts the request that runs.
#[derive(Clone, Default)]
pub struct Alarm {
    std: Option<(Arc<std::sync::atomic::AtomicBool>, Arc<polling::Poller>)>,
    tokio: Arc<Notify>,
}

impl Alarm {
    pub fn ring(&self) {
        if let Some((aborts, poller)) = &self.std {
            aborts.store(true, Ordering::Relaxed);
            poller.notify().unwrap();
        }
        self.tokio.notify_one();
    }
}

impl Session {
    pub fn open(sockets: Sockets, address: SocketAddr, config: Config) -> Result<Self> {
        Ok(match sockets {
            Sockets::Std => Self::Std(std_client::Session::open(address, config, |_| {})?),
            Sockets::Tokio => {
                let runtime = runtime();
                let session = runtime.block_on(tokio_client::Session::open(address, config, |_| {}))?;
                Self::Tokio(runtime, session)
            }
        })
    }

    /// Of anna, who has logged in.
    pub fn log_in(sockets: Sockets, address: SocketAddr, config: Config) -> Result<Self> {
        let mut session = Self::open(sockets, address, config)?;
        let login = Request::login(Argument::new("anna")?, Password::new("secret")?, None);
        session.request(login, Content::None)?;
        Ok(session)
    }

    pub fn request(&mut self, request: Request, content: Content<'_>) -> Result<Outcome<'static>> {
        match self {
            Self::Std(session) => session.request(
                request,
                match content {
                    Content::None => std_client::Content::None,
                    Content::Source(source) => std_client::Content::Source(source),
                    Content::Sink(sink) => std_client::Content::Sink(sink),
                },
            ),
            Self::Tokio(runtime, session) => runtime.block_on(session.request(request, for_tokio(content))),
        }
    }

    pub fn alarm(&self) -> Alarm {
        match self {
            Self::Std(session) => {
                Alarm { std: Some((session.aborts.clone(), session.poller.clone())), ..Alarm::default() }
            }
            Self::Tokio(..) => Alarm::default(),
        }
    }

    /// A request that is aborted when the alarm rings: how it ended.
    pub fn request_until(&mut self, alarm: &Alarm, request: Request, content: Content<'_>) -> Failure<'static> {
        let ended = match self {
            Self::Std(_) => self.request(request, content).map(drop),
            Self::Tokio(runtime, session) => runtime.block_on(async {
                tokio::select! {
                    outcome = session.request(request, for_tokio(content)) => return outcome.map(drop),
                    () = alarm.tokio.notified() => {}
                }
                session.abort().await
            }),
        };
        *ended.unwrap_err().downcast().unwrap()
    }

    pub fn quit(self) -> Result<()> {
        match self {
            Self::Std(session) => session.quit(),
            Self::Tokio(runtime, session) => runtime.block_on(session.quit()),
        }
    }
}

fn for_tokio(content: Content<'_>) -> tokio_client::Content<'_> {
    match content {
        Content::None => tokio_client::Content::None,
        Content::Source(source) => tokio_client::Content::Source(source),
        Content::Sink(sink) => tokio_client::Content::Sink(sink),
    }
}

/// Bytes without a pattern that would hide a mistake.
pub fn noise(count: usize) -> Vec<u8> {
    (0..count as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}
