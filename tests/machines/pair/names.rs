//! Names of any bytes, 0xFF among them, from one machine to the other: they are the same at both ends, or they are refused.

use ftp_proto::client::{self, Action, Client, Request};
use ftp_proto::server::{self, Greeting, Server, Support};
use ftp_proto::telnet::{Escape, Escaping};
use ftp_proto::{Code, Command, Endpoints, Instant, Path, Reply, Text, Verb};
use ftp_proto_rigs::client::{Did, Rig as ClientRig};
use ftp_proto_rigs::{World, server::Rig as ServerRig};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;

/// Bytes in which those that Telnet knows are frequent.
fn any_byte() -> impl Strategy<Value = u8> {
    let byte = prop_oneof![3 => Just(0xff), 2 => 0xf0..=0xffu8, 2 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b' ')];
    byte.prop_filter("a line end", |byte| !matches!(byte, b'\r' | b'\n' | 0))
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    vec(any_byte(), 1..12)
}

fn text() -> impl Strategy<Value = Text<'static>> {
    vec(any_byte(), 0..12).prop_map(|bytes| Text::try_from(bytes).unwrap())
}

/// The commands with a path, and what it is there.
fn commands(path: &Path<'_>) -> Vec<Command<'static>> {
    let said = |words: &str| {
        let line = [words.as_bytes(), b" ", path.as_bytes()].concat();
        Command::parse(&line).expect("a command with a path").into_owned()
    };
    let mut all: Vec<_> = ["SITE CHMOD 600", "MFMT 20261121024915", "USER x"].map(said).into();
    let verbs = Verb::ALL.iter().filter_map(|verb| {
        let line = [verb.word().as_bytes(), b" ", path.as_bytes()].concat();
        let command = Command::parse(&line).ok()?.into_owned();
        format!("{command:?}").contains("Path(").then_some(command)
    });
    all.extend(verbs);
    all
}

/// What the client writes for a command, whichever way it has.
fn written(config: client::Config, command: &Command<'_>) -> Vec<u8> {
    let mut rig = ClientRig::logged_in(config);
    let transfer = match command.clone().into_owned() {
        Command::Retr(path) => Request::retrieve(path, 0),
        Command::Stor(path) => Request::store(path, 0),
        Command::Appe(path) => Request::append(path),
        Command::Stou(path) => Request::store_unique(path),
        Command::List(path) => Request::plain_list(path),
        Command::Nlst(path) => Request::names(path),
        Command::Mlsd(path) => Request::machine_list(path),
        command => {
            let Ok(request) = Request::command(command) else { return Vec::new() };
            rig.client.start(request).unwrap();
            return rig.writes();
        }
    };
    rig.client.start(transfer).unwrap();
    for _ in 0..20 {
        let Did::Said(line) = rig.poll(World::Works).unwrap() else { continue };
        if line.starts_with(command.verb().word()) {
            return line.chars().map(|byte| byte as u8).chain(*b"\r\n").collect();
        }
        rig.client.received(if line == "EPSV" { b"229 (|||5|)\r\n" } else { b"200 ok\r\n" });
    }
    panic!("{command:?} isn't said");
}

/// The first commands that the server's application is asked about, as they would be said.
fn asked(config: server::Config, wire: &[u8]) -> Vec<String> {
    let mut rig = ServerRig::logged_in(config);
    rig.hears("TYPE I");
    rig.hears("EPSV");
    rig.hears("RNFR x");
    rig.receives(wire);
    rig.asked
}

fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Both ends with the same.
fn configs(escape: Escape) -> (client::Config, server::Config) {
    let (mut client, mut server) = (client::Config::default(), server::Config::default());
    client.escaping = Escaping { commands: escape, replies: escape };
    server.escaping = client.escaping;
    server.support = Support::everything().with_site(["CHMOD <SP> mode <SP> path"]).unwrap();
    (client, server)
}

/// The reply that is the server's greeting, as its client reads it, in pieces of so many bytes.
fn greeted(reply: &Reply<'_>, escape: Escape, size: usize) -> Reply<'static> {
    let (client, server) = configs(escape);
    let ends = Endpoints::new("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap());
    let now = Instant::default();
    let mut client = Client::new(Arc::new(client), ends, now);
    let greeting = Greeting::new(reply.borrowed()).unwrap();
    let mut server = Server::new(Arc::new(server), ends, &greeting, now);
    let server::Action::Write(write) = server.poll(now) else { panic!("no greeting") };
    let wire = write.bytes().to_vec();
    for piece in wire.chunks(size) {
        client.received(piece);
        if let Action::Reply(reply) = client.poll(now).unwrap() {
            return reply.into_owned();
        }
    }
    panic!("no reply: {}", wire.escape_ascii())
}

#[test]
fn dele_of_a_doubled_0xff_removes_no_other_file() {
    let path = Path::new(b"a\xff\xffb").unwrap();
    let wire = written(client::Config::default(), &Command::Dele(path));
    assert_eq!(wire, b"DELE a\xff\xffb\r\n");
    assert_eq!(asked(server::Config::default(), &wire)[1..], ["DELE a\u{ff}\u{ff}b"]);
}

/// The table of `Escaping`.
#[test]
fn who_writes_and_reads_otherwise_names_what_the_table_says() {
    let names: [&[u8]; 4] = [b"a\xffb", b"a\xff\xffb", b"a\xff\xf1b", b"a\xff"];
    let table = [
        (Escape::AsIs, Escape::AsIs, names),
        (Escape::Doubled, Escape::Doubled, names),
        (Escape::AsIs, Escape::Doubled, [b"a\xffb", b"a\xffb", b"ab", b"a\xff"]),
        (Escape::Doubled, Escape::AsIs, [b"a\xff\xffb", b"a\xff\xff\xff\xffb", b"a\xff\xff\xf1b", b"a\xff\xff"]),
    ];
    for (writes, reads, found) in table {
        for (name, found) in names.into_iter().zip(found) {
            let path = Path::new(name).unwrap();
            let wire = written(configs(writes).0, &Command::Dele(path));
            let expected = format!("DELE {}", characters(found));
            assert_eq!(
                asked(configs(reads).1, &wire)[1..],
                [expected],
                "{writes:?}, {reads:?}: {}",
                name.escape_ascii()
            );
        }
    }
}

#[test]
fn every_command_with_a_path_is_among_those_that_are_tried() {
    let commands = commands(&Path::new("a").unwrap());
    let verbs: Vec<Verb> = commands.iter().map(Command::verb).collect();
    for verb in [Verb::Dele, Verb::Retr, Verb::Stor, Verb::Mlsd, Verb::Rnto, Verb::Xcrc, Verb::Site] {
        assert!(verbs.contains(&verb), "{verb}");
    }
    let said = |command: &&Command<'_>| !written(client::Config::default(), command).is_empty();
    assert_eq!(commands.iter().filter(said).count(), 31);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_path_of_any_bytes_reaches_the_servers_application_in_every_command(name in name(), doubled in any::<bool>()) {
        let (client, server) = configs(if doubled { Escape::Doubled } else { Escape::AsIs });
        let path = Path::new(&name).unwrap();
        for command in commands(&path) {
            let wire = written(client.clone(), &command);
            if wire.is_empty() {
                // Nothing that an application says.
                continue;
            }
            let mut line = Vec::new();
            command.encode(&mut line);
            let asked = asked(server.clone(), &wire);
            let line = characters(line.strip_suffix(b"\r\n").unwrap());
            prop_assert!(asked.iter().any(|asked| asked.starts_with(&line)), "{line:?}: {asked:?}");
        }
    }

    #[test]
    fn a_257_and_a_250_of_any_path_reach_the_client(name in name(), doubled in any::<bool>()) {
        let (client, server) = configs(if doubled { Escape::Doubled } else { Escape::AsIs });
        let path = Path::new(&name).unwrap();
        let printable = !name.iter().any(u8::is_ascii_control);
        for command in [Command::Mkd(path.borrowed()), Command::Mlst(Some(path.borrowed()))] {
            let mut at_server = ServerRig::logged_in(server.clone());
            at_server.receives(&written(client.clone(), &command));
            let mut at_client = ClientRig::logged_in(client.clone());
            at_client.client.start(Request::command(command.clone()).unwrap()).unwrap();
            at_client.writes();
            at_client.client.received(&at_server.wire);
            let Ok(Action::Reply(reply)) = at_client.client.poll(at_client.now()) else { panic!("no reply") };
            match command {
                Command::Mkd(_) if printable => prop_assert_eq!(&*reply.directory().unwrap(), &name[..]),
                Command::Mkd(_) => prop_assert!(reply.directory().is_err()),
                _ => prop_assert_eq!(reply.facts_line().unwrap().path, &name[..]),
            }
        }
    }

    #[test]
    fn a_reply_of_any_text_reaches_the_client(
        first in text(), middle in vec(text(), 0..4), last in text(), doubled in any::<bool>(), size in 1..40usize
    ) {
        let escape = if doubled { Escape::Doubled } else { Escape::AsIs };
        let one = Reply::new(Code::SERVICE_READY, first.borrowed());
        prop_assert_eq!(&greeted(&one, escape, size), &one);
        let many = Reply::with_lines(Code::SERVICE_READY, first, middle, last);
        prop_assert_eq!(&greeted(&many, escape, size), &many);
    }
}
