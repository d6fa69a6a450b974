//! Evidence by hand.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ftp_proto::diagnosis::{Cause, Finding, diagnose};
use ftp_proto::{Attempt, AttemptEnd, Code, DataError, Evidence, Reply, Route, Side, Software};

/// The server as it is reached from outside.
pub const PUBLIC: &str = "203.0.113.7";

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn code(value: u16) -> Code {
    Code::new(value).unwrap()
}

pub fn reply(line: &str) -> Reply<'static> {
    let bytes = format!("{line}\r\n");
    let (reply, length) = Reply::parse(bytes.as_bytes()).unwrap().expect("a whole reply");
    assert_eq!(length, bytes.len());
    reply.into_owned()
}

/// What a client behind NAT knows of a public server.
pub fn client() -> Evidence {
    Evidence::seen_by(Side::Client).client(addr("192.168.1.19:40000")).server(addr("203.0.113.7:21"))
}

/// What a client with an address of its own in the world knows of a public server.
pub fn open_client() -> Evidence {
    Evidence::seen_by(Side::Client).client(addr("198.51.100.9:40000")).server(addr("203.0.113.7:21"))
}

pub fn ipv6_client() -> Evidence {
    Evidence::seen_by(Side::Client).client(addr("[2001:db8::9]:40000")).server(addr("[2001:db8::7]:21"))
}

/// What a public server knows of a client in the world.
pub fn server() -> Evidence {
    Evidence::seen_by(Side::Server).client(addr("198.51.100.9:40000")).server(addr("203.0.113.7:21"))
}

pub fn of(software: Software) -> Evidence {
    client().software(software)
}

/// EPSV, dialled at the control connection's host.
pub fn epsv(end: AttemptEnd) -> Attempt {
    let attempt = Attempt::new(Route::Epsv, end);
    match end {
        AttemptEnd::Refused(_) | AttemptEnd::Unreadable | AttemptEnd::Unexpected(_) => attempt,
        _ => attempt.advertised(addr("203.0.113.7:50001")).reached(addr("203.0.113.7:50001")),
    }
}

/// PASV that names the control connection's host.
pub fn pasv(end: AttemptEnd) -> Attempt {
    let attempt = Attempt::new(Route::Pasv, end);
    match end {
        AttemptEnd::Refused(_) | AttemptEnd::Unreadable | AttemptEnd::Unexpected(_) => attempt,
        _ => attempt.advertised(addr("203.0.113.7:50002")).reached(addr("203.0.113.7:50002")),
    }
}

/// PASV that names this host, dialled there.
pub fn pasv_at(host: &str, end: AttemptEnd) -> Attempt {
    let address = SocketAddr::new(ip(host), 50002);
    Attempt::new(Route::Pasv, end).advertised(address).reached(address)
}

/// PASV that names this host, dialled at the control connection's.
pub fn pasv_here(named: &str, end: AttemptEnd) -> Attempt {
    Attempt::new(Route::Pasv, end).advertised(SocketAddr::new(ip(named), 50002)).reached(addr("203.0.113.7:50002"))
}

/// PORT that names this host.
pub fn port(host: &str, end: AttemptEnd) -> Attempt {
    Attempt::new(Route::Port, end).advertised(SocketAddr::new(ip(host), 6001))
}

pub fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub const WORKS: AttemptEnd = AttemptEnd::Connected;
pub const DROPPED: AttemptEnd = AttemptEnd::Failed(DataError::TimedOut);
pub const REFUSED: AttemptEnd = AttemptEnd::Failed(DataError::Refused);

pub fn said_no(line: &str) -> (AttemptEnd, Reply<'static>) {
    let reply = reply(line);
    (AttemptEnd::Refused(reply.code()), reply)
}

/// The route's command was refused with these words.
pub fn refused(route: Route, line: &str) -> Attempt {
    let (end, reply) = said_no(line);
    Attempt::new(route, end).said(&reply)
}

/// The connection stood, and the server gave up with these words.
pub fn gave_up(attempt: Attempt, line: &str) -> Attempt {
    let reply = reply(line);
    let mut attempt = attempt.connected().said(&reply);
    attempt.end = AttemptEnd::ServerFailed(reply.code());
    attempt
}

/// The first finding's causes, in order.
pub fn first(evidence: &Evidence) -> Vec<Cause> {
    diagnose(evidence).first().map(|finding| finding.causes().collect()).unwrap_or_default()
}

/// All findings' causes.
pub fn all(evidence: &Evidence) -> Vec<Vec<Cause>> {
    diagnose(evidence).iter().map(|finding| finding.causes().collect()).collect()
}

pub fn first_finding(evidence: &Evidence) -> Finding {
    diagnose(evidence).first().expect("a finding").clone()
}
