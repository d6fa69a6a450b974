//! Where sessions come in: tokio's sockets, a thread a processor, any number of sessions on each.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ftp_proto::tracker::Rules;
use ftp_proto::{ControlState, Endpoints, Evidence, Side as View};
use socket2::SockRef;
use tokio::net::unix::pipe::Receiver as Alarm;
use tokio::net::{TcpListener as AsyncListener, TcpStream, lookup_host};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::control::Side;
use super::data::Settings;
use super::log::Log;
use super::policy::Policy;
use super::record::Record;
use super::session::{LINGER, SHUTTING_DOWN, Session};
use crate::net::data::why;
use crate::server::door::{self, House, Stop};
use crate::server::service::FAREWELL;

/// Whose sessions pass, and how.
pub struct Service {
    /// Where the proxy listens.
    pub own: SocketAddr,
    pub upstream: Upstream,
    pub rules: Arc<Rules>,
    pub policy: Policy,
    pub data: Settings,
    /// How long nothing may be said, and nothing move.
    pub idle: Duration,
    pub log: Arc<Log>,
    pub house: Arc<House>,
    pub stop: Stop,
}

/// The server behind the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// A host's name or address, with its link if it needs one, and a port.
    Named(String, u16),
    /// Where the client wanted to go before a firewall of this host redirected it.
    Redirected,
}

impl Service {
    /// Whether who connects to this address comes to the proxy itself: it would lead it to itself, and so on.
    pub fn is_own(&self, address: SocketAddr) -> bool {
        let (own, host) = (self.own.ip(), address.ip().to_canonical());
        let host = match host {
            IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            host => host,
        };
        // Only an address of this host can be bound to.
        let is_here = || UdpSocket::bind((host, 0)).is_ok();
        let listens_there = || match own {
            IpAddr::V4(own) if own.is_unspecified() => host.is_ipv4() && is_here(),
            IpAddr::V6(own) if own.is_unspecified() => is_here(),
            own => own.to_canonical() == host,
        };
        self.own.port() == address.port() && listens_there()
    }
}

/// Serves everybody who connects, until the end. Each thread accepts its own sessions and keeps them.
pub fn serve(listener: &TcpListener, service: &Arc<Service>) -> io::Result<()> {
    for listener in door::share(listener, thread::available_parallelism()?.get())? {
        let service = service.clone();
        // Here, before anybody comes: a thread that couldn't have it would leave its clients waiting for ever.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().spawn(move || work(&runtime, listener, &service))?;
    }
    service.stop.wait()?;
    service.house.wait_until_empty(FAREWELL);
    Ok(())
}

/// A thread of sessions.
fn work(runtime: &Runtime, listener: TcpListener, service: &Arc<Service>) -> io::Result<()> {
    LocalSet::new().block_on(runtime, async {
        let end = Rc::new(Notify::new());
        let alarm = Alarm::from_owned_fd(service.stop.alarm().try_clone_to_owned()?)?;
        tokio::select! {
            () = door::receive_async(AsyncListener::from_std(listener)?, |client, peer| {
                let (service, end) = (service.clone(), end.clone());
                spawn_local(async move { visit(client, peer, &service, &end).await });
            }) => {}
            stop = alarm.readable() => stop?,
        }
        end.notify_waiters();
        pending().await
    })
}

/// A session from its beginning to its end. One that breaks ends no other.
async fn visit(client: TcpStream, peer: SocketAddr, service: &Arc<Service>, end: &Notify) -> io::Result<()> {
    let guest = service.house.enter();
    let record = Record::new(service.log.clone(), Endpoints::new(client.local_addr()?, peer).peer());
    if !guest.is_welcome() {
        record.say("refused", "too many sessions");
        return turn_away(client, &record, "421 Too many sessions, try again later.\r\n").await;
    }
    let mut stop = pin!(end.notified());
    let dialled = tokio::select! {
        dialled = Box::pin(dial(&client, service)) => dialled,
        () = left(&client) => {
            record.say("close", "the client left before the server answered");
            return Ok(());
        }
        () = stop.as_mut() => {
            record.say("ended", SHUTTING_DOWN.trim_end());
            return turn_away(client, &record, SHUTTING_DOWN).await;
        }
    };
    match dialled {
        Ok(server) => Session::new(client, server, service.clone())?.run(stop).await,
        Err(error) => {
            record.say("trouble", &unreachable(&error));
            turn_away(client, &record, "421 The server can't be reached.\r\n").await?;
        }
    }
    Ok(())
}

/// What the log says of a server that can't be reached.
fn unreachable(error: &io::Error) -> String {
    let mut evidence = Evidence::seen_by(View::Client);
    evidence.control = ControlState::NotReached(why(error));
    let findings = ftp_proto::diagnosis::diagnose(&evidence);
    let finding = findings.first().map_or(String::new(), |finding| format!("; {}", finding.line()));
    format!("the server can't be reached: {error}{finding}")
}

/// Until a client has left.
async fn left(client: &TcpStream) {
    match client.peek(&mut [0; 1]).await {
        // Or it has nothing to say, and waits for the greeting.
        Ok(0) => sleep(LINGER).await,
        Ok(_) => pending().await,
        Err(_) => {}
    }
}

/// Connects to the server: to the first of its addresses that answers.
async fn dial(client: &TcpStream, service: &Service) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = match &service.upstream {
        Upstream::Named(host, port) => lookup_host((host.as_str(), *port)).await?.collect(),
        Upstream::Redirected => vec![original(client)?],
    };
    let mut failure = ErrorKind::NotFound.into();
    for address in addresses {
        if service.is_own(address) {
            failure = io::Error::new(ErrorKind::AddrNotAvailable, "it is the proxy itself");
            continue;
        }
        match timeout(service.data.connect, TcpStream::connect(address)).await {
            Ok(Ok(server)) => return Ok(server),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

/// Where a connection was to go before it was redirected.
#[cfg(target_os = "linux")]
fn original(client: &TcpStream) -> io::Result<SocketAddr> {
    let own = Endpoints::new(client.local_addr()?, client.peer_addr()?).local();
    let socket = SockRef::from(client);
    let original = if own.is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() }?;
    // Who has connected to the proxy itself would lead it to itself, and so on.
    original.as_socket().filter(|address| *address != own).ok_or_else(|| ErrorKind::AddrNotAvailable.into())
}

#[cfg(not(target_os = "linux"))]
fn original(_: &TcpStream) -> io::Result<SocketAddr> {
    Err(ErrorKind::Unsupported.into())
}

async fn turn_away(client: TcpStream, record: &Record, why: &str) -> io::Result<()> {
    let mut client = Side::new(client)?;
    client.push(why.as_bytes(), None);
    // What few need, nobody has room for.
    Box::pin(client.leave(LINGER)).await;
    record.say("close", "-");
    Ok(())
}
