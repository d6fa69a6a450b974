//! Both machines against each other.

use std::cell::Cell;

use ftp_proto::client::{self, Failure, Misuse, Request, Value};
use ftp_proto::telnet::{Escape, Escaping};
use ftp_proto::{Argument, Mode, Password, Path, Resume, Route, Type, server};

use super::client::ODD;
use crate::net::Log;
use crate::pair::{End, Ended, Faults, Manner, Pair};

/// No deadlock; a name of any bytes is the same at both ends, however 0xFF is written; sessions equal whenever nothing is
/// due; nothing written in plaintext and read under TLS, nor the other way round; every `Done` fits what the server said.
///
/// Three bytes choose the policies and the chunks; then three bytes a request: which, what goes wrong, and when.
pub fn pair(bytes: &[u8]) {
    let Some(([routes, various, chunk], requests)) = bytes.split_first_chunk() else { return };
    let mut pair = between(*routes, *various, *chunk);
    pair.chunk = 1 + usize::from(*chunk);
    // In some all is about a file with an odd name.
    let name = if chunk % 8 == 7 { ODD } else { b"file" };
    pair.files.insert(name.to_vec(), b"content of a file".to_vec());
    pair.greet();
    if various & 64 == 0 {
        if various >> 3 & 3 > 1 {
            pair.run(Request::secure()).expect("TLS");
        }
        let (user, password) = (Argument::new("anna").unwrap(), Password::new("secret").unwrap());
        pair.run(Request::login(user, password, None)).expect("a login");
    }
    for step in requests.chunks_exact(3).take(40) {
        let [which, fault, when] = step else { return };
        if !one(&mut pair, name, *which, *fault, *when) {
            return;
        }
    }
    quit(&mut pair);
}

fn between(routes: u8, various: u8, chunk: u8) -> Pair {
    let manner = match various >> 3 & 3 {
        0 | 1 => Manner::Plain,
        2 => Manner::Explicit,
        _ => Manner::Implicit,
    };
    let (mut config, mut policy) = manner.configs();
    if various & 32 != 0 {
        policy.security = policy.security.max(server::Security::Offered);
    }
    policy.clear_command_channel = various & 128 != 0;
    if routes & 32 != 0 {
        config.data_session = Resume::Required;
    }
    if routes & 64 != 0 {
        policy.data_session = Resume::Wanted;
    }
    config.urgent = routes & 128 != 0;
    let escape = if chunk & 8 == 0 { Escape::AsIs } else { Escape::Doubled };
    config.escaping = Escaping { commands: escape, replies: escape };
    policy.escaping = config.escaping;
    let all = [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port];
    config.routes =
        all.into_iter().enumerate().filter(|(bit, _)| routes >> bit & 1 == 1).map(|(_, route)| route).collect();
    if routes & 16 != 0 {
        config.routes.reverse();
    }
    // In some the data connection may stay.
    let stays = chunk & 16 != 0;
    if stays {
        policy.support = policy.support.clone().with_modes(&[Mode::Block]);
    }
    policy.passive.enabled = various & 1 == 0;
    policy.active.enabled = various & 2 == 0;
    let ends = if various & 4 == 0 {
        ["192.0.2.1:40000", "192.0.2.2:21"]
    } else {
        ["[2001:db8::1]:40000", "[2001:db8::2]:21"]
    };
    let [client, server] = ends.map(|end| end.parse().unwrap());
    let mut pair = Pair::between(config, policy, client, server);
    pair.log = Log::of_bytes();
    pair.converts = stays;
    pair
}

/// One request; `false`: the session has ended.
fn one(pair: &mut Pair, name: &[u8], which: u8, fault: u8, when: u8) -> bool {
    pair.faults = Faults {
        client_dials_refused: u32::from(fault & 3),
        server_dials_refused: fault & 4 != 0,
        stranger_connects_first: fault & 8 != 0,
        data_breaks_after: (fault & 16 != 0).then_some(usize::from(fault >> 5)),
        no_port: fault & 32 != 0,
        data_session_is_new: when & 128 != 0,
        ..Faults::default()
    };
    let faults = pair.faults;
    pair.upload = b"what is sent".to_vec();
    pair.download.clear();
    let before = pair.wire.len();
    let aborts = which & 128 != 0;
    let which = which & 127;
    match pair.client.start(request(which, name)).map_err(|rejected| rejected.why) {
        Ok(()) => {}
        // Where TLS is required little is said without it: after REIN, or CCC.
        Err(Misuse::NotSecure) => return true,
        Err(misuse) => panic!("{misuse}: {:#?}", pair.wire),
    }
    let ended = if aborts { aborted(pair, when & 127) } else { pair.until_done() };
    let ended = match ended {
        Ok(ended) => ended,
        Err(violation) => panic!("{violation}: {:#?}", pair.wire),
    };
    if pair.wire.len() == before && which % 32 == 23 && !pair.is_secure(End::Client) {
        // CCC has nothing to end, and nothing was said.
        return true;
    }
    fits(&pair.wire[before..], &ended, faults, aborts);
    if let (Ok(outcome), 5) = (&ended, which % 32) {
        assert_eq!(outcome.reply.directory().as_deref(), Ok(name), "the directory that was made: {:#?}", pair.wire);
    }
    if let (Ok(outcome), false, 17 | 18) = (&ended, aborts, which % 32) {
        let offset = if which % 32 == 18 { 7 } else { 0 };
        let file = pair.files.get(name).cloned().unwrap_or_default();
        let expected = &file[offset.min(file.len())..];
        if pair.faults.data_breaks_after.is_none() {
            assert_eq!(
                (pair.download.as_slice(), &outcome.value),
                (expected, &Value::Transferred(expected.len() as u64))
            );
        }
    }
    equal(pair);
    !pair.client.session().is_ending()
}

/// Aborts after so many steps.
fn aborted(pair: &mut Pair, when: u8) -> Result<Ended, client::Violation> {
    let left = Cell::new(when);
    let stop = |_: &Pair| {
        let now = left.get();
        left.set(now.saturating_sub(1));
        now == 0
    };
    match pair.until(stop)? {
        Some(ended) => Ok(ended),
        None => {
            pair.client.abort();
            pair.until_done()
        }
    }
}

/// Whether the end of a request fits what the server has said since its start.
fn fits(wire: &[String], ended: &Ended, faults: Faults, aborts: bool) {
    let said: Vec<&str> = wire.iter().filter_map(|line| line.strip_prefix("S: ")).collect();
    let finals = |class: &str| said.iter().any(|line| line.starts_with(|digit| class.contains(digit)));
    match ended {
        Ok(outcome) => {
            let code = outcome.reply.code();
            assert!(code.is_completion() || code.is_intermediate(), "{outcome:?}");
            let code = code.to_string();
            assert!(said.iter().any(|line| line.starts_with(&code)), "{outcome:?}: {:#?}", wire);
        }
        Err(Failure::Refused(reply)) => {
            let code = reply.code().to_string();
            assert!(said.iter().any(|line| line.starts_with(&code)), "{reply:?}: {:#?}", wire);
        }
        Err(Failure::Aborted) => assert!(aborts),
        Err(Failure::NoRoute(attempts)) => {
            let refused = finals("45") || faults.client_dials_refused > 0;
            assert!(attempts.is_empty() || refused || faults != Faults::default(), "{:#?}", wire);
        }
        Err(Failure::Incomplete { .. }) => {
            assert!(faults.data_breaks_after.is_some() || faults.data_session_is_new || aborts, "{:#?}", wire)
        }
        Err(failure) => panic!("{failure}: {:#?}", wire),
    }
}

fn equal(pair: &mut Pair) {
    pair.settle();
    // `Pair` compares the sessions whenever a request has ended.
    let due = (pair.client.session().replies_due(), pair.server.session().replies_due());
    assert_eq!(due, (0, 0), "the request has ended, and a reply is due: {:#?}", pair.wire);
}

fn quit(pair: &mut Pair) {
    pair.client.quit();
    for _ in 0..10_000 {
        let moved = pair.step_server();
        let moved = pair.step_client().expect("no violation").0 || moved;
        if pair.client_closed() {
            assert!(pair.client.session().is_ending(), "{:#?}", pair.wire);
            return;
        }
        assert!(moved, "QUIT hangs: {:#?}", pair.wire);
    }
    panic!("QUIT has no end: {:#?}", pair.wire);
}

fn request(which: u8, name: &[u8]) -> Request {
    let path = Path::new(name).unwrap();
    let odd = if name == ODD { 128 } else { 0 };
    match which % 32 {
        26 => Request::command(ftp_proto::Command::Type(Type::Image)).expect("it opens nothing"),
        31 => Request::retrieve(Path::new("missing").unwrap(), 3),
        0 => Request::login(Argument::new("anna").unwrap(), Password::new("secret").unwrap(), None),
        8 => Request::rename(path.borrowed(), Path::new("other").unwrap()),
        which => super::client::request(which | odd),
    }
}
