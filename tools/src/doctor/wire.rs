//! A blocking connection with or without TLS, in which every wait has a time-out.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ftp_proto::{DataError, TlsError, TlsVersion};
use rustls::{ClientConnection, HandshakeKind, Stream};
use socket2::{Domain, Socket, Type};

use crate::net::channel::tls_version;
use crate::tls::client::Tls;

/// The shortest time-out that a socket accepts.
const LEAST: Duration = Duration::from_millis(1);

/// A connection.
pub struct Wire {
    socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

/// The result of a handshake.
pub struct Shaken {
    pub version: Option<TlsVersion>,
    pub resumed: bool,
}

/// The result of a read.
pub enum Came {
    Bytes(usize),
    /// The end of the connection; under TLS, in order or not.
    End {
        in_order: bool,
    },
    /// Nothing in that time.
    Nothing,
}

impl Wire {
    /// Connects, from this host if one is given: a data connection has to come from the control connection's host.
    pub fn connect(address: SocketAddr, from: Option<IpAddr>, patience: Duration) -> Result<Self, DataError> {
        let connect = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            if let Some(from) = from.filter(|from| from.is_ipv4() == address.is_ipv4()) {
                socket.bind(&SocketAddr::new(from, 0).into())?;
            }
            socket.connect_timeout(&address.into(), patience.max(LEAST))?;
            Ok(socket.into())
        };
        connect().map(Self::new).map_err(|error: io::Error| why(&error))
    }

    pub fn new(socket: TcpStream) -> Self {
        // A command is short and waits for its answer.
        let _ = socket.set_nodelay(true);
        let _ = socket.set_nonblocking(false);
        Self { socket, tls: None }
    }

    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Begins TLS within this time.
    pub fn shake(&mut self, tls: &Tls, patience: Duration) -> Result<Shaken, (TlsError, String)> {
        let deadline = Instant::now() + patience;
        let failed = |error: rustls::Error| {
            let why = match &error {
                rustls::Error::InvalidCertificate(_) => TlsError::Certificate,
                _ => TlsError::Handshake,
            };
            (why, error.to_string())
        };
        let mut connection = ClientConnection::new(tls.config(), tls.name()).map_err(failed)?;
        while connection.is_handshaking() {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Err((TlsError::TimedOut, "no handshake in time".into()));
            }
            self.within(rest);
            match connection.complete_io(&mut self.socket) {
                Err(error) if is_nothing(&error) => {}
                Err(error) => {
                    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned();
                    return Err(tls.map_or((TlsError::Handshake, error.to_string()), failed));
                }
                Ok(_) => {}
            }
        }
        let version = connection.protocol_version().map(tls_version);
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        self.tls = Some(Box::new(connection));
        Ok(Shaken { version, resumed })
    }

    /// Reads what comes within this time.
    pub fn read(&mut self, buffer: &mut [u8], patience: Duration) -> io::Result<Came> {
        self.within(patience);
        let result = match &mut self.tls {
            Some(tls) => Stream::new(&mut **tls, &mut self.socket).read(buffer),
            None => self.socket.read(buffer),
        };
        match result {
            Ok(0) => Ok(Came::End { in_order: true }),
            Ok(count) => Ok(Came::Bytes(count)),
            Err(error) if is_nothing(&error) => Ok(Came::Nothing),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Came::End { in_order: false }),
            Err(error) => Err(error),
        }
    }

    /// Writes all of it.
    pub fn write(&mut self, bytes: &[u8], patience: Duration) -> io::Result<()> {
        self.within(patience);
        match &mut self.tls {
            Some(tls) => {
                let mut stream = Stream::new(&mut **tls, &mut self.socket);
                stream.write_all(bytes)?;
                stream.flush()
            }
            None => self.socket.write_all(bytes),
        }
    }

    /// Ends TLS in order, if it is on; dropping this closes the connection.
    pub fn close(mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.socket.set_write_timeout(Some(Duration::from_secs(1)));
            let _ = tls.write_tls(&mut self.socket);
        }
    }

    fn within(&self, patience: Duration) {
        let _ = self.socket.set_read_timeout(Some(patience.max(LEAST)));
        let _ = self.socket.set_write_timeout(Some(patience.max(LEAST)));
    }
}

/// Why a connection couldn't be made.
pub fn why(error: &io::Error) -> DataError {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => DataError::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => DataError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => DataError::Unreachable,
        _ => DataError::Local,
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
