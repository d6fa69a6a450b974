//! The data connections: exactly those that are expected, each from one end to the other.

use std::cell::Cell;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{io, iter};

use ftp_proto::DataError;
use ftp_proto::session::CommandId;
use ftp_proto::tracker::{Expectation, Peer, Withdrawal};
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener as AsyncListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::control::{in_order, reset};
use super::pump::{Broken, pump};
use crate::net::data::{listen_on_link, why};

/// As many data connections may a session have at once. One is usual; the next may be agreed on while one is in use.
const MOST: usize = 8;

/// And as many at all, with those that nobody needs any more and whose sockets are about to be closed.
const MOST_LEAVING: usize = 64;

/// The system picks the port.
pub const ANY: RangeInclusive<u16> = 0..=0;

/// RFC 6335 6: ports that belong to nobody. The system gives each of its own to one at a time, and to nobody for a minute after that; of a
/// port that is named, it only wants that no connection is there twice.
const DYNAMIC: RangeInclusive<u16> = 49152..=65535;

/// So many of them are tried.
const TRIES: usize = 16;

/// What the data connections of a session have in common.
#[derive(Debug, Clone)]
pub struct Settings {
    pub passive_ports: RangeInclusive<u16>,
    pub active_ports: RangeInclusive<u16>,
    /// What clients are told in place of our own address, and servers.
    pub passive_address: Option<IpAddr>,
    pub external_address: Option<IpAddr>,
    /// For a connection to be made.
    pub connect: Duration,
    /// For something to move.
    pub stall: Duration,
}

/// The data connections of a session.
pub struct Ways {
    /// Our own addresses on the control connections, each with its link.
    client_side: SocketAddr,
    server_side: SocketAddr,
    settings: Rc<Settings>,
    open: Vec<Way>,
    /// What was announced last, and what the other end was told in its place.
    replaced: VecDeque<(SocketAddr, SocketAddr)>,
    tasks: JoinSet<()>,
    tell: mpsc::UnboundedSender<(CommandId, News)>,
    told: mpsc::UnboundedReceiver<(CommandId, News)>,
}

/// One of them.
struct Way {
    id: CommandId,
    meter: Rc<Meter>,
    /// Says that it isn't expected any more, and whether who is at the door already may come in.
    withdraw: Option<oneshot::Sender<bool>>,
    /// Its transfer is over.
    served: bool,
    /// Says that it is to be closed in order, though one end hasn't.
    leave: Rc<Notify>,
}

/// What has gone over a data connection.
pub struct Meter {
    to_client: Cell<u64>,
    to_server: Cell<u64>,
    last: Cell<Instant>,
    /// It stands from one end to the other, or has stood.
    connected: Cell<bool>,
    /// This side has said all, and the other has been told so.
    client_ended: Cell<bool>,
    server_ended: Cell<bool>,
    /// The side that broke it, or else has said all first.
    broken_by: Cell<Option<Peer>>,
    first_ended: Cell<Option<Peer>>,
    /// Nothing more goes over it, or it never was.
    over: Cell<bool>,
}

/// What becomes of a data connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It stands from one end to the other.
    Connected,
    /// This host came instead of the one that is expected, and was sent away.
    Stranger(IpAddr),
    /// Who should listen doesn't.
    Failed(DataError),
    /// One side has said all, and the other has been told so.
    Passed,
    /// It broke, or nothing moved for too long.
    Broken,
    /// Nothing is left of it.
    Over,
}

/// What a data connection needs to be made.
struct Making {
    listener: TcpListener,
    /// Who dials us.
    from: IpAddr,
    by: Peer,
    /// Where we dial, and from which host.
    to: SocketAddr,
    source: SocketAddr,
    settings: Rc<Settings>,
    meter: Rc<Meter>,
    leave: Rc<Notify>,
}

impl Ways {
    /// `client_side`, `server_side`: our own addresses on the control connections.
    pub fn new(client_side: SocketAddr, server_side: SocketAddr, settings: Rc<Settings>) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            client_side,
            server_side,
            settings,
            open: Vec::new(),
            replaced: VecDeque::new(),
            tasks: JoinSet::new(),
            tell,
            told,
        }
    }

    /// Listens for the one who dials; what it is to be told.
    pub fn open(&mut self, expected: &Expectation<'_>) -> Result<SocketAddr, DataError> {
        while self.tasks.try_join_next().is_some() {}
        if self.open.iter().filter(|way| way.is_needed()).count() >= MOST {
            // A client that keeps its end of what it has read to the end shall not run out of them.
            self.open.iter().filter(|way| way.is_served()).for_each(|way| way.leave.notify_one());
            if self.open.iter().filter(|way| way.is_needed() && !way.is_served()).count() >= MOST {
                return Err(DataError::NoPort);
            }
        }
        if self.tasks.len() >= MOST_LEAVING {
            return Err(DataError::NoPort);
        }
        let settings = &self.settings;
        let (own, source, ports, outside) = match expected.dials {
            Peer::Client => (self.client_side, self.server_side, &settings.passive_ports, settings.passive_address),
            Peer::Server => (self.server_side, self.client_side, &settings.active_ports, settings.external_address),
        };
        let listener = listen(own, ports)?;
        let port = listener.local_addr().map_err(|_| DataError::Local)?.port();
        // One is all that comes. Who is of the other family is told our own: an address of ours outside says nothing about it.
        let outside = outside.filter(|outside| outside.is_ipv4() == own.is_ipv4());
        let told = SocketAddr::new(outside.unwrap_or(own.ip()), port);
        let (meter, leave) = (Rc::new(Meter::new()), Rc::new(Notify::new()));
        let making = Making {
            listener,
            from: expected.from,
            by: expected.dials,
            to: expected.to,
            source,
            settings: settings.clone(),
            meter: meter.clone(),
            leave: leave.clone(),
        };
        let (withdraw, withdrawn) = oneshot::channel();
        let (id, tell) = (expected.id, self.tell.clone());
        self.tasks.spawn_local(async move {
            // Where nobody listens any more, the session is gone.
            let say = |news| tell.send((id, news)).unwrap_or_default();
            if let Err(news) = making.carry(withdrawn, say).await {
                say(news);
            }
            say(News::Over);
        });
        self.open.push(Way { id, meter, withdraw: Some(withdraw), served: false, leave });
        self.replaced.truncate(MOST);
        self.replaced.push_front((expected.to, told));
        Ok(told)
    }

    /// It isn't expected any more. One that stands goes on; and where its transfer is over, so does one whose first end has connected
    /// already: what it has sent may be all there is.
    pub fn withdraw(&mut self, id: CommandId, why: Withdrawal) {
        let Some(way) = self.open.iter_mut().find(|way| way.id == id) else { return };
        way.served = why == Withdrawal::Over;
        if let Some(withdraw) = way.withdraw.take() {
            // It may have ended by itself.
            let _ = withdraw.send(way.served);
        }
    }

    /// What was told to the end that dials in place of an address that was announced lately.
    pub fn told(&self, announced: SocketAddr) -> Option<SocketAddr> {
        self.replaced.iter().find(|(from, _)| *from == announced).map(|(_, told)| *told)
    }

    /// What has gone over it; `None` for an identity: over the one that was opened last.
    pub fn meter(&self, id: Option<CommandId>) -> Option<&Rc<Meter>> {
        let way = match id {
            Some(id) => self.open.iter().find(|way| way.id == id),
            None => self.open.last(),
        };
        way.map(|way| &way.meter)
    }

    /// What becomes of one; pending while there is none. Nothing is lost if it is dropped.
    pub async fn news(&mut self) -> (CommandId, News) {
        match self.told.recv().await {
            Some(news) => news,
            // We have a sender ourselves.
            None => std::future::pending().await,
        }
    }

    /// Nothing is left of this one.
    pub fn forget(&mut self, id: CommandId) {
        self.open.retain(|way| way.id != id);
    }

    /// Breaks all of them.
    pub async fn break_off(&mut self) {
        self.tasks.shutdown().await;
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// When something has moved over any of them.
    pub fn last(&self) -> Option<Instant> {
        self.open.iter().map(|way| way.meter.last.get()).max()
    }
}

impl Way {
    /// It stands, or may come to stand.
    fn is_needed(&self) -> bool {
        self.withdraw.is_some() || self.meter.connected.get()
    }

    /// Its transfer is over, and who has sent has said all; the other end only has to close it.
    fn is_served(&self) -> bool {
        self.served && (self.meter.client_ended.get() || self.meter.server_ended.get())
    }
}

impl Meter {
    fn new() -> Self {
        Self {
            to_client: Cell::default(),
            to_server: Cell::default(),
            last: Cell::new(Instant::now()),
            connected: Cell::default(),
            client_ended: Cell::default(),
            server_ended: Cell::default(),
            broken_by: Cell::default(),
            first_ended: Cell::default(),
            over: Cell::default(),
        }
    }

    /// How many bytes have gone on that this side has sent.
    pub fn sent_by(&self, sender: Peer) -> u64 {
        match sender {
            Peer::Client => self.to_server.get(),
            Peer::Server => self.to_client.get(),
        }
    }

    /// Whether nothing more comes.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Whether nothing more comes from this side.
    pub fn has_ended(&self, sender: Peer) -> bool {
        self.over.get() || self.end_of(sender).get()
    }

    /// Whether nothing more comes from one side at least.
    pub fn has_an_end(&self) -> bool {
        [Peer::Client, Peer::Server].into_iter().any(|side| self.has_ended(side))
    }

    /// It stands from one end to the other, or has stood.
    pub fn was_connected(&self) -> bool {
        self.connected.get()
    }

    /// Whether the client has left it before all came that this side sends.
    pub fn was_left_by_client(&self, sender: Peer) -> bool {
        match self.broken_by.get() {
            Some(side) => side == Peer::Client,
            // Who sends has to end it, in order.
            None => sender == Peer::Server && self.first_ended.get() == Some(Peer::Client),
        }
    }

    fn end(&self, sender: Peer) {
        self.end_of(sender).set(true);
        self.first_ended.set(self.first_ended.get().or(Some(sender)));
    }

    fn end_of(&self, sender: Peer) -> &Cell<bool> {
        match sender {
            Peer::Client => &self.client_ended,
            Peer::Server => &self.server_ended,
        }
    }

    fn count(&self, to: Peer, count: usize) {
        let total = match to {
            Peer::Client => &self.to_client,
            Peer::Server => &self.to_server,
        };
        total.set(total.get() + count as u64);
        self.last.set(Instant::now());
    }
}

impl Making {
    /// From the listener to the end of the connection.
    async fn carry(self, withdrawn: oneshot::Receiver<bool>, tell: impl Fn(News)) -> Result<(), News> {
        let Self { listener, from, by, to, source, settings, meter, leave } = self;
        let Some(near) = arrival(listener, from, withdrawn, &tell).await? else {
            meter.over.set(true);
            return Ok(());
        };
        // Whatever ends it but an end in order: nobody shall take what has come for all.
        reset(&near);
        let far = match timeout(settings.connect, dial(to, source)).await.unwrap_or_else(|_| Err(timed_out())) {
            Ok(far) => far,
            Err(error) => {
                meter.over.set(true);
                return Err(News::Failed(why(&error)));
            }
        };
        reset(&far);
        tell(News::Connected);
        meter.connected.set(true);
        meter.last.set(Instant::now());
        let (client, server) = if by == Peer::Client { (&near, &far) } else { (&far, &near) };
        let go = async |sender: Peer, from, to| {
            let passed = || {
                meter.end(sender);
                tell(News::Passed);
            };
            pump(from, to, |count| meter.count(sender.other(), count), passed).await.map_err(|which| {
                meter.broken_by.set(Some(if which == Broken::From { sender } else { sender.other() }));
                News::Broken
            })
        };
        let moving = async { tokio::try_join!(go(Peer::Client, client, server), go(Peer::Server, server, client)) };
        let result = tokio::select! {
            result = moving => result.map(drop),
            () = stalled(&meter, settings.stall) => Err(News::Broken),
            () = leave.notified() => Ok(()),
        };
        meter.over.set(true);
        result?;
        [&near, &far].into_iter().for_each(in_order);
        Ok(())
    }
}

/// Waits for the one who is expected. `None`: it isn't any more. An error: nobody can come.
async fn arrival(
    listener: TcpListener,
    from: IpAddr,
    mut withdrawn: oneshot::Receiver<bool>,
    tell: &impl Fn(News),
) -> Result<Option<TcpStream>, News> {
    let local = |_: io::Error| News::Failed(DataError::Local);
    let welcome = |stream: TcpStream, host: SocketAddr| {
        if host.ip().to_canonical() == from {
            return Some(stream);
        }
        reset(&stream);
        tell(News::Stranger(host.ip().to_canonical()));
        None
    };
    let listener = AsyncListener::from_std(listener).map_err(local)?;
    let may_still = loop {
        tokio::select! {
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, host)) => {
                    if let Some(stream) = welcome(stream, host) {
                        return Ok(Some(stream));
                    }
                }
                // It is gone again, or there are too many sockets: then some of them have to end first.
                Err(_) => sleep(crate::server::door::PAUSE).await,
            },
            // Where nobody can say so any more, the session is gone.
            withdrawn = &mut withdrawn => break withdrawn.unwrap_or(false),
        }
    };
    if may_still {
        // Who has connected just before was accepted by the system, and perhaps not yet told by it.
        let listener = listener.into_std().map_err(local)?;
        while let Ok((stream, host)) = listener.accept() {
            stream.set_nonblocking(true).map_err(local)?;
            if let Some(stream) = welcome(TcpStream::from_std(stream).map_err(local)?, host) {
                return Ok(Some(stream));
            }
        }
    }
    Ok(None)
}

/// Listens at a port of the range; of none, where the system picks one.
fn listen(own: SocketAddr, ports: &RangeInclusive<u16>) -> Result<TcpListener, DataError> {
    match listen_on_link(own, ports.clone()) {
        Err(DataError::NoPort) if *ports == ANY => listen_on_link(own, DYNAMIC),
        result => result,
    }
}

/// Connects from the host that the other end knows.
async fn dial(to: SocketAddr, mut source: SocketAddr) -> io::Result<TcpStream> {
    // The system picks any port whose connection would be another one than those it remembers.
    if would_dial_from(to).is_ok_and(|host| host == source.ip()) {
        match TcpStream::connect(to).await {
            // None but those that were bound.
            Err(error) if is_taken(&error) => {}
            result => return result,
        }
    }
    // Who is bound before gets a port for itself; while there is none, a number that is named can be shared.
    let mut ports = iter::once(0).chain(iter::repeat_with(any_dynamic).take(TRIES));
    loop {
        let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        let port = ports.next();
        source.set_port(port.unwrap_or_default());
        let connected = match socket.bind(source) {
            Ok(()) => socket.connect(to).await,
            Err(error) => Err(error),
        };
        match connected {
            Err(error) if is_taken(&error) && port.is_some() => {}
            result => return result,
        }
    }
}

/// Any of the dynamic ports.
fn any_dynamic() -> u16 {
    let count = u64::from(DYNAMIC.end() - DYNAMIC.start()) + 1;
    DYNAMIC.start() + (RandomState::new().build_hasher().finish() % count) as u16
}

/// The host from which the system would dial. Nothing is sent.
fn would_dial_from(to: SocketAddr) -> io::Result<IpAddr> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, None)?;
    socket.connect(&to.into())?;
    socket.local_addr()?.as_socket().map(|own| own.ip()).ok_or_else(|| io::ErrorKind::Unsupported.into())
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable)
}

/// Until nothing has moved for so long.
async fn stalled(meter: &Meter, patience: Duration) {
    while let Some(rest) = patience.checked_sub(meter.last.get().elapsed()) {
        sleep(rest.saturating_add(Duration::from_millis(1))).await;
    }
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
