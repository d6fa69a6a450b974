//! Each client with each server, by every route.

use std::io::{self, BufReader, Cursor, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ftp_proto::client::{Config, Failure, Request, Value};
use ftp_proto::{Path, Route};

use super::programs::{Alarm, BOTH, Content, Session, Sockets, noise, serve};

fn path(name: &str) -> Path<'_> {
    Path::new(name).unwrap()
}

fn by(route: Route) -> Config {
    let mut config = Config::default();
    config.routes = vec![route];
    config
}

/// Each client and each server, by one passive and one active route.
fn pairs() -> impl Iterator<Item = (Sockets, Sockets, Route)> {
    let pairs = BOTH.into_iter().flat_map(|client| BOTH.map(|server| (client, server)));
    pairs.flat_map(|(client, server)| [Route::Epsv, Route::Port].map(|route| (client, server, route)))
}

#[test]
fn every_route_moves_every_byte_both_ways() {
    let content = noise(1_000_003);
    for (client, server) in BOTH.into_iter().flat_map(|client| BOTH.map(|server| (client, server))) {
        for (host, routes) in [
            (IpAddr::from(Ipv4Addr::LOCALHOST), &[Route::Epsv, Route::Pasv, Route::Eprt, Route::Port][..]),
            (IpAddr::from(Ipv6Addr::LOCALHOST), &[Route::Epsv, Route::Eprt]),
        ] {
            let Some((address, files)) = serve(server, host) else {
                eprintln!("{host} can't be had here: skipped");
                continue;
            };
            for route in routes {
                let case = format!("{client:?}, {server:?}, {route:?}, {host}");
                let mut session = Session::log_in(client, address, by(*route)).unwrap();
                let mut source = Cursor::new(&content);
                session.request(Request::store(path("up"), 0), Content::Source(&mut source)).unwrap();
                assert!(files.lock().unwrap()[&b"up"[..]] == content, "{case}");
                let mut back = Vec::new();
                session.request(Request::retrieve(path("/up"), 0), Content::Sink(&mut back)).unwrap();
                assert!(back == content, "{case}");
                session.quit().unwrap();
            }
        }
    }
}

#[test]
fn files_are_listed_resumed_and_removed() {
    let content = noise(200_000);
    for (client, server, route) in pairs() {
        let case = format!("{client:?}, {server:?}, {route:?}");
        let (address, files) = serve(server, Ipv4Addr::LOCALHOST.into()).unwrap();
        files.lock().unwrap().insert(b"file".to_vec(), content[..70_000].to_vec());
        files.lock().unwrap().insert(b"none".to_vec(), Vec::new());
        let mut session = Session::log_in(client, address, by(route)).unwrap();
        let mut listing = Vec::new();
        session.request(Request::plain_list(None), Content::Sink(&mut listing)).unwrap();
        let listing = String::from_utf8(listing).unwrap();
        let lines: Vec<&str> = listing.split_terminator("\r\n").collect();
        assert!(lines.len() == 2 && lines[0].ends_with(" file") && lines[1].ends_with(" none"), "{case}: {listing}");
        assert!(lines[0].contains(" 70000 "), "{case}: {listing}");

        assert_eq!(session.request(Request::size(path("file")), Content::None).unwrap().value, Value::Size(70_000));
        session.request(Request::store(path("file"), 70_000), Content::Source(&mut &content[70_000..])).unwrap();
        assert!(files.lock().unwrap()[&b"file"[..]] == content, "{case}");
        let mut rest = Vec::new();
        session.request(Request::retrieve(path("file"), 123_456), Content::Sink(&mut rest)).unwrap();
        assert!(rest == content[123_456..], "{case}");
        let mut nothing = Vec::new();
        session.request(Request::retrieve(path("none"), 0), Content::Sink(&mut nothing)).unwrap();
        assert!(nothing.is_empty(), "{case}");
        session.request(Request::store(path("file"), 0), Content::Source(&mut io::empty())).unwrap();
        assert!(files.lock().unwrap()[&b"file"[..]].is_empty(), "{case}");

        session.request(Request::remove(path("file")), Content::None).unwrap();
        for request in [Request::retrieve(path("file"), 0), Request::retrieve(path("none"), 1)] {
            let refused = session.request(request, Content::Sink(&mut Vec::new())).unwrap_err();
            assert!(matches!(refused.downcast_ref(), Some(Failure::Refused(_))), "{case}: {refused}");
        }
        session.quit().unwrap();
    }
}

/// Rings once so much has passed.
struct Tripwire<T> {
    inner: T,
    left: usize,
    alarm: Alarm,
}

impl<T> Tripwire<T> {
    fn pass(&mut self, count: usize) {
        if self.left > 0 {
            self.left = self.left.saturating_sub(count);
            if self.left == 0 {
                self.alarm.ring();
            }
        }
    }
}

impl<T: Read> Read for Tripwire<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.pass(count);
        Ok(count)
    }
}

impl<T: Write> Write for Tripwire<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.pass(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[test]
fn a_transfer_is_aborted_and_the_session_goes_on() {
    let content = noise(1 << 20).repeat(32);
    for (client, server, route) in pairs() {
        let case = format!("{client:?}, {server:?}, {route:?}");
        let (address, files) = serve(server, Ipv4Addr::LOCALHOST.into()).unwrap();
        files.lock().unwrap().insert(b"file".to_vec(), content.clone());
        files.lock().unwrap().insert(b"old".to_vec(), b"as it was".to_vec());
        let mut session = Session::log_in(client, address, by(route)).unwrap();
        let alarm = session.alarm();
        let mut came = Tripwire { inner: Vec::new(), left: 100_000, alarm: alarm.clone() };
        let ended = session.request_until(&alarm, Request::retrieve(path("file"), 0), Content::Sink(&mut came));
        assert!(matches!(ended, Failure::Aborted), "{case}: {ended}");
        assert!(came.inner.len() < content.len() && content.starts_with(&came.inner), "{case}");

        let source = Tripwire { inner: &content[..], left: 100_000, alarm: alarm.clone() };
        let mut source = BufReader::new(source);
        let ended = session.request_until(&alarm, Request::store(path("old"), 0), Content::Source(&mut source));
        assert!(matches!(ended, Failure::Aborted), "{case}: {ended}");
        assert_eq!(files.lock().unwrap()[&b"old"[..]], b"as it was", "{case}");

        let mut old = Vec::new();
        session.request(Request::retrieve(path("old"), 0), Content::Sink(&mut old)).unwrap();
        assert_eq!(old, b"as it was", "{case}");
        session.quit().unwrap();
    }
}

#[test]
fn what_breaks_here_is_told_and_the_session_goes_on() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let content = noise(1 << 20).repeat(8);
    for (client, server, route) in pairs() {
        let (address, files) = serve(server, Ipv4Addr::LOCALHOST.into()).unwrap();
        files.lock().unwrap().insert(b"file".to_vec(), content.clone());
        let mut session = Session::log_in(client, address, by(route)).unwrap();
        let failure = session.request(Request::retrieve(path("file"), 0), Content::Sink(&mut Full)).unwrap_err();
        let failure: Failure<'_> = *failure.downcast().unwrap();
        assert!(
            matches!(failure, Failure::Incomplete { .. } | Failure::Refused(_)),
            "{client:?}, {server:?}, {route:?}: {failure}"
        );
        session.request(Request::size(path("file")), Content::None).unwrap();
        session.quit().unwrap();
    }
}
