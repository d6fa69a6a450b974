//! Both machines move real files over loopback: the client of `examples/std_client.rs` and the server of `std_server.rs` use every route, and
//! every byte is compared. The dialogue is drawn with an arrow for each line.
//!
//! ```text
//! cargo run --example demo
//! ```

mod ladder;
#[path = "../std_client.rs"]
#[allow(dead_code, reason = "its command line isn't used here")]
pub mod std_client;
#[path = "../std_server.rs"]
#[allow(dead_code, reason = "its command line isn't used here")]
pub mod std_server;

use std::error::Error;
use std::io::{self, Cursor, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use ftp_proto::client::{Config, Request, Value};
use ftp_proto::{Argument, Password, Path, Route};

use ladder::{Ladder, thousands};
use std_client::{Content, Session};
use std_server::Files;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const POEM: &str = "poem.txt";
const PHOTO: &str = "my cat";

fn main() -> ExitCode {
    match run(io::stdout(), io::stdout().is_terminal()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every byte was the same.
pub fn run(out: impl Write, colour: bool) -> Result<bool> {
    let photo = noise(1_500_000);
    let files = Arc::new(Files::default());
    let poem = b"The quick brown fox\njumps over the lazy dog.\n".to_vec();
    files.lock().unwrap().extend([(POEM.into(), poem), (PHOTO.into(), photo.clone())]);

    let ladder = Ladder::new(out, colour);
    let mut tour = Tour { ladder: &ladder, files: files.clone(), photo, compared: 0, different: 0 };
    let v4 = start(&files, Ipv4Addr::LOCALHOST.into())?;
    tour.everything("EPSV, IPv4", v4)?;
    for route in [Route::Pasv, Route::Eprt, Route::Port] {
        tour.there_and_back(&format!("{}, IPv4", route.word()), v4, route)?;
    }
    match start(&files, Ipv6Addr::LOCALHOST.into()) {
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

/// A server for each address family, on any free port.
fn start(files: &Arc<Files>, host: IpAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((host, 0))?;
    let (address, files) = (listener.local_addr()?, files.clone());
    thread::spawn(move || std_server::serve(&listener, &files));
    Ok(address)
}

/// What the client does, and how often the result was right.
struct Tour<'l, W> {
    ladder: &'l Ladder<W>,
    files: Arc<Files>,
    photo: Vec<u8>,
    compared: u32,
    different: u32,
}

impl<'l, W: Write> Tour<'l, W> {
    /// Login, listing, download, upload, resume.
    fn everything(&mut self, title: &str, server: SocketAddr) -> Result<()> {
        let mut session = self.log_in(title, server, Route::Epsv)?;
        session.request(Request::features(), Content::None)?;
        let mut listing = Vec::new();
        session.request(Request::list(None), Content::Sink(&mut listing))?;
        let lines = listing.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\r\n")).count();
        self.remark(lines == 2, "a listing of 2 lines");

        self.download(&mut session, POEM, 0)?;
        self.download(&mut session, PHOTO, 0)?;
        let half = self.photo.len() / 2;
        self.download(&mut session, PHOTO, half)?;
        self.upload(&mut session, "copy.raw", 0)?;
        // An upload that broke off halfway: the rest is sent, from the size that the server tells.
        self.files.lock().unwrap().insert("copy.raw".into(), self.photo[..half].to_vec());
        let outcome = session.request(Request::size(Path::new("copy.raw")?), Content::None)?;
        self.remark(outcome.value == Value::Size(half as u64), "half of it is there");
        self.upload(&mut session, "copy.raw", half)?;

        session.request(Request::remove(Path::new("copy.raw")?), Content::None)?;
        let is_gone = !self.files.lock().unwrap().contains_key(&b"copy.raw"[..]);
        self.remark(is_gone, "tidied up");
        session.quit()
    }

    /// A download and an upload by one route.
    fn there_and_back(&mut self, title: &str, server: SocketAddr, route: Route) -> Result<()> {
        let mut session = self.log_in(title, server, route)?;
        self.download(&mut session, PHOTO, 0)?;
        self.upload(&mut session, "copy.raw", 0)?;
        self.files.lock().unwrap().remove(&b"copy.raw"[..]);
        session.quit()
    }

    fn log_in(&self, title: &str, server: SocketAddr, route: Route) -> Result<Session<'l>> {
        let ladder = self.ladder;
        ladder.title(title);
        let mut config = Config::default();
        config.routes = vec![route];
        let mut session = Session::open(server, config, |entry| ladder.draw(entry))?;
        let login = Request::login(Argument::new("anna")?, Password::new("secret")?, None);
        session.request(login, Content::None)?;
        Ok(session)
    }

    fn download(&mut self, session: &mut Session<'_>, name: &str, offset: usize) -> Result<()> {
        let mut rest = Vec::new();
        session.request(Request::retrieve(Path::new(name)?, offset as u64), Content::Sink(&mut rest))?;
        let expected = self.file(name);
        self.compare("downloaded", &rest, expected.get(offset..).unwrap_or_default());
        Ok(())
    }

    fn upload(&mut self, session: &mut Session<'_>, name: &str, offset: usize) -> Result<()> {
        let mut rest = Cursor::new(&self.photo);
        rest.set_position(offset as u64);
        session.request(Request::store(Path::new(name)?, offset as u64), Content::Source(&mut rest))?;
        let (stored, expected) = (self.file(name), std::mem::take(&mut self.photo));
        self.compare("stored", &stored, &expected);
        self.photo = expected;
        Ok(())
    }

    fn file(&self, name: &str) -> Vec<u8> {
        self.files.lock().unwrap().get(name.as_bytes()).cloned().unwrap_or_default()
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

    /// Notes whether something other than a transfer was as it should be.
    fn remark(&mut self, good: bool, remark: &str) {
        self.different += u32::from(!good);
        self.ladder.remark(good, remark);
    }
}

/// Bytes without a pattern, which could hide a mistake; the same in every run (xorshift).
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
