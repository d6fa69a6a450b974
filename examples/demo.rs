//! Both machines move real files: a server on a directory of its own, a client that talks to it over loopback by
//! every route, and every byte compared. The dialogue is drawn as a ladder.
//!
//! ```text
//! cargo run --example demo
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::fs;
use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path as LocalPath;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use ftp_proto::client::{Config, Request, Value};
use ftp_proto::{Argument, Password, Path, Route, server};

use common::client_adapter::{Connection, Event};
use common::data::Content;
use common::ladder::{Ladder, thousands};
use common::server_adapter;
use common::service::Service;
use common::site::{Account, Site};
use common::tree::Tree;

const POEM: &str = "poem.txt";
const PHOTO: &str = "my cat";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every byte was the same.
fn run() -> Result<bool> {
    let root = tempfile::tempdir()?;
    let photo = noise(1_500_000);
    fs::write(root.path().join(POEM), "The quick brown fox\njumps over the lazy dog.\n")?;
    fs::write(root.path().join(PHOTO), &photo)?;

    let ladder = Ladder::new();
    let mut tour = Tour { ladder: &ladder, root: root.path(), photo, compared: 0, different: 0 };
    let v4 = start(root.path(), Ipv4Addr::LOCALHOST.into())?;
    tour.everything("EPSV, IPv4", v4)?;
    for route in [Route::Pasv, Route::Eprt, Route::Port] {
        tour.there_and_back(&format!("{}, IPv4", route.word()), v4, route)?;
    }
    match start(root.path(), Ipv6Addr::LOCALHOST.into()) {
        Ok(v6) => {
            for route in [Route::Epsv, Route::Eprt] {
                tour.there_and_back(&format!("{}, IPv6", route.word()), v6, route)?;
            }
        }
        Err(_) => ladder.title("This host has no IPv6."),
    }
    let Tour { compared, different, .. } = tour;
    match different {
        0 => ladder.summary(true, &format!("all {compared} transfers match, byte for byte")),
        _ => ladder.summary(
            false,
            &format!("{different} of the {compared} transfers and what was done beside them went wrong"),
        ),
    }
    Ok(different == 0)
}

/// A server of its own for each address family, on whatever port is free.
fn start(root: &LocalPath, host: IpAddr) -> Result<SocketAddr> {
    let accounts = vec![Account { name: "anna".into(), password: "secret".into() }];
    let site = Site { tree: Tree::open(root)?, accounts, anonymous: false, read_only: false, in_place: false };
    let service = Arc::new(Service::plain(server::Config::default(), site)?);
    let listener = TcpListener::bind((host, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || server_adapter::serve(&listener, &service));
    Ok(address)
}

/// What the client does, and how often it came out right.
struct Tour<'l> {
    ladder: &'l Ladder,
    root: &'l LocalPath,
    photo: Vec<u8>,
    compared: u32,
    different: u32,
}

impl<'l> Tour<'l> {
    /// Everything that people do with files.
    fn everything(&mut self, title: &str, server: SocketAddr) -> Result<()> {
        let mut session = self.log_in(title, server, Route::Epsv)?;
        session.request(Request::features(), None)?;
        let outcome = session.request(Request::make_directory(Path::new("inbox")?), None)?;
        self.remark(outcome.reply.code().is_completion() && self.root.join("inbox").is_dir(), "made");

        let mut names = Vec::new();
        session.request(Request::names(None), Some(Content::sink(&mut names)))?;
        self.compare("names", &names, format!("inbox\r\n{PHOTO}\r\n{POEM}\r\n").as_bytes());
        let mut listing = Vec::new();
        session.request(Request::list(None), Some(Content::sink(&mut listing)))?;
        let lines = listing.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\r\n")).count();
        self.remark(lines == 3, "a listing of 3 lines");

        self.download(&mut session, POEM, 0)?;
        self.download(&mut session, PHOTO, 0)?;
        let half = self.photo.len() / 2;
        self.download(&mut session, PHOTO, half)?;
        self.upload(&mut session, "inbox/copy.raw", 0)?;
        // An upload that broke off halfway: the rest is sent, from where the server says that it has got to.
        fs::write(self.root.join("inbox/copy.raw"), &self.photo[..half])?;
        let outcome = session.request(Request::size(Path::new("inbox/copy.raw")?), None)?;
        self.remark(outcome.value == Value::Size(half as u64), "half of it is there");
        self.upload(&mut session, "inbox/copy.raw", half)?;

        session.request(Request::rename(Path::new("inbox/copy.raw")?, Path::new("copy.raw")?), None)?;
        session.request(Request::remove_directory(Path::new("inbox")?), None)?;
        session.request(Request::remove(Path::new("copy.raw")?), None)?;
        self.remark(!self.root.join("copy.raw").exists() && !self.root.join("inbox").exists(), "tidied up");
        session.quit()
    }

    /// A download and an upload by one route.
    fn there_and_back(&mut self, title: &str, server: SocketAddr, route: Route) -> Result<()> {
        let mut session = self.log_in(title, server, route)?;
        self.download(&mut session, PHOTO, 0)?;
        self.upload(&mut session, "copy.raw", 0)?;
        session.quit()?;
        Ok(fs::remove_file(self.root.join("copy.raw"))?)
    }

    fn log_in(&self, title: &str, server: SocketAddr, route: Route) -> Result<Connection<'l>> {
        let ladder = self.ladder;
        ladder.title(title);
        let mut config = Config::default();
        config.routes = vec![route];
        let observer = move |event: Event<'_>| ladder.draw(&event);
        let mut session = Connection::open(server, Arc::new(config), None, observer)?;
        session.request(Request::login(Argument::new("anna")?, Password::new("secret")?, None), None)?;
        Ok(session)
    }

    fn download(&mut self, session: &mut Connection<'_>, name: &str, offset: usize) -> Result<()> {
        let mut rest = Vec::new();
        let request = Request::retrieve(Path::new(name)?, offset as u64);
        session.request(request, Some(Content::sink(&mut rest)))?;
        let expected = fs::read(self.root.join(name))?;
        self.compare("downloaded", &rest, expected.get(offset..).unwrap_or_default());
        Ok(())
    }

    fn upload(&mut self, session: &mut Connection<'_>, name: &str, offset: usize) -> Result<()> {
        let mut rest = Cursor::new(&self.photo);
        rest.set_position(offset as u64);
        session.request(Request::store(Path::new(name)?, offset as u64), Some(Content::source(rest)))?;
        let stored = fs::read(self.root.join(name))?;
        let expected = std::mem::take(&mut self.photo);
        self.compare("stored", &stored, &expected);
        self.photo = expected;
        Ok(())
    }

    fn compare(&mut self, what: &str, found: &[u8], expected: &[u8]) {
        self.compared += 1;
        match found.iter().zip(expected).position(|(one, other)| one != other) {
            None if found.len() == expected.len() => {
                self.ladder.remark(true, &format!("{what}: {} bytes, the same", thousands(found.len() as u64)));
            }
            at => {
                self.different += 1;
                let at = at.unwrap_or(found.len().min(expected.len()));
                self.ladder.remark(false, &format!("{what}: they differ from byte {} on", thousands(at as u64)));
            }
        }
    }

    /// Something else than a transfer has come out as it should, or not.
    fn remark(&mut self, good: bool, remark: &str) {
        self.different += u32::from(!good);
        self.ladder.remark(good, remark);
    }
}

/// Bytes without a pattern that would hide a mistake, the same at every run (xorshift).
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    next.take(count).collect()
}
