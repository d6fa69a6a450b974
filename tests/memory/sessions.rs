//! What a machine costs: nothing per reply once it has room, and next to nothing while it is idle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{self, Action, Client, Request};
use ftp_proto::server::{self, Greeting, Question, Server};
use ftp_proto::{Argument, Command, Endpoints, Instant, Moved, Password, Path, StreamEnd, Text, Time};
use ftp_proto_rigs::counting::cost;

const NOW: Instant = Instant::from_origin(Duration::ZERO);

fn ends() -> (SocketAddr, SocketAddr) {
    ("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap())
}

/// Polls until the client waits, with a server that says `replies`, one to each command.
fn converse(client: &mut Client, replies: &[&[u8]]) {
    let mut replies = replies.iter();
    for _ in 0..1000 {
        match client.poll(NOW).unwrap() {
            Action::Write(write) => {
                let count = write.bytes().len();
                write.wrote(count);
                client.received(replies.next().expect("a reply"));
            }
            Action::Connect(connect) => connect.connected(),
            Action::Stream(stream) => {
                stream.finished(StreamEnd::Clean, Moved::Bytes(10));
                client.received(replies.next().expect("a reply"));
            }
            Action::Read { .. } => {
                assert!(replies.next().is_none(), "a reply is left");
                return;
            }
            Action::Done(ended) => assert!(ended.is_ok(), "{ended:?}"),
            Action::Reply(_) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("no rest");
}

fn log_in(client: &mut Client) {
    client.received(b"220 This is a server of the usual kind, ready and willing.\r\n");
    converse(client, &[]);
    let login =
        Request::login(Argument::new("anonymous").unwrap(), Password::new("someone@example.com").unwrap(), None);
    client.start(login).unwrap();
    converse(client, &[b"331 Please specify the password.\r\n", b"230 Login successful.\r\n"]);
}

fn retrieve(client: &mut Client) {
    client.start(Request::retrieve(Path::new("f").unwrap(), 0)).unwrap();
    if client.session().representation() == ftp_proto::Type::Image {
        converse(client, &[b"229 ok (|||5|)\r\n", b"150 here it comes\r\n", b"226 done\r\n"]);
    } else {
        let replies: [&[u8]; 4] = [b"200 ok\r\n", b"229 ok (|||5|)\r\n", b"150 here it comes\r\n", b"226 done\r\n"];
        converse(client, &replies);
    }
}

#[test]
fn a_client_allocates_nothing_per_reply_in_the_steady_state() {
    let (local, peer) = ends();
    let mut client = Client::new(Arc::new(client::Config::default()), Endpoints::new(local, peer), NOW);
    log_in(&mut client);
    let noop = |client: &mut Client| {
        let (request, ..) = cost(|| {
            let request = Request::noop();
            client.start(request).unwrap();
        });
        let (machine, ..) = cost(|| converse(client, &[b"200 NOOP ok.\r\n"]));
        (request, machine)
    };
    noop(&mut client);
    let all: Vec<_> = (0..100).map(|_| noop(&mut client)).collect();
    // The plan of a request is a list of its own; what follows from it asks for nothing.
    assert!(all.iter().all(|counts| *counts == (1, 0)), "(to start, to run): {:?}", all[0]);
}

#[test]
fn replies_nobody_asked_for_allocate_nothing() {
    let (local, peer) = ends();
    let mut client = Client::new(Arc::new(client::Config::default()), Endpoints::new(local, peer), NOW);
    log_in(&mut client);
    let hear = |client: &mut Client| {
        client.received(b"200 surprise\r\n");
        assert!(matches!(client.poll(NOW), Ok(Action::Unsolicited(_))));
        assert!(matches!(client.poll(NOW), Ok(Action::Read { .. })));
    };
    hear(&mut client);
    assert_eq!(cost(|| (0..100).for_each(|_| hear(&mut client))).0, 0);
}

#[test]
fn of_the_replies_that_may_be_an_answer_one_is_kept() {
    let (local, peer) = ends();
    let mut client = Client::new(Arc::new(client::Config::default()), Endpoints::new(local, peer), NOW);
    log_in(&mut client);
    client.start(Request::noop()).unwrap();
    let Ok(Action::Write(write)) = client.poll(NOW) else { panic!() };
    write.wrote_all();
    let hear = |client: &mut Client| {
        client.received(b"226 surprise\r\n");
        assert!(matches!(client.poll(NOW), Ok(Action::Unsolicited(_))));
        assert!(matches!(client.poll(NOW), Ok(Action::Read { .. })));
    };
    let (asked, held, ()) = cost(|| hear(&mut client));
    println!("the first one that may be an answer: {asked} allocations, {held} bytes");
    assert!(held < 256, "{held}");
    assert_eq!(cost(|| (0..10_000).for_each(|_| hear(&mut client))).0, 0);
}

#[test]
fn an_idle_client_is_below_a_kibibyte() {
    let config = Arc::new(client::Config::default());
    let (local, peer) = ends();
    let (_, held, mut client) = cost(|| {
        let mut client = Client::new(config.clone(), Endpoints::new(local, peer), NOW);
        log_in(&mut client);
        client
    });
    let fixed = size_of::<Client>();
    println!("client, logged in and idle: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "logged in: {fixed} + {held} bytes");
    let (_, more, ()) = cost(|| retrieve(&mut client));
    let held = held + more;
    println!("after a transfer, with its attempt: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "after a transfer: {fixed} + {held} bytes");
    let (_, more, ()) = cost(|| {
        client.start(Request::features()).unwrap();
        let features = [&b"211-Features:\r\n"[..], &b" SOMETHING\r\n".repeat(2000), b"211 End\r\n"].concat();
        converse(&mut client, &[&features]);
    });
    let held = held + more;
    println!("after a long reply: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "after a long reply: {fixed} + {held} bytes");
}

/// Runs a server until it waits, with an application that grants everything.
fn serve(server: &mut Server, input: &[u8]) {
    if !input.is_empty() {
        server.received(input);
    }
    for _ in 0..1000 {
        match server.poll(NOW) {
            server::Action::Write(write) => {
                let count = write.bytes().len();
                write.wrote(count);
            }
            server::Action::Question(Question::Login(login)) if matches!(login.command(), Command::User(_)) => {
                login.need_password();
            }
            server::Action::Question(Question::Login(login)) => login.accept(),
            server::Action::Question(Question::Directory(directory)) => {
                directory.path(&Path::new("/home/anna").unwrap())
            }
            server::Action::Question(Question::Size(size)) => size.bytes(1 << 40),
            server::Action::Question(Question::Modified(modified)) => {
                modified.at(Time::new(2026, 2, 28, 23, 59, 59).unwrap())
            }
            server::Action::Question(Question::Facts(facts)) => {
                facts.are(&Text::new("type=file;size=12;").unwrap(), &Path::new("/f").unwrap());
            }
            server::Action::Listen(listen) => listen.listening(SocketAddr::new(ends().1.ip(), 40115)),
            server::Action::Close(close) => close.closed(Moved::Nothing),
            server::Action::Transfer(transfer) => transfer.accept_sized(1 << 40),
            server::Action::Accept(accept) => {
                let _ = accept.accepted(SocketAddr::new(ends().0.ip(), 41000));
            }
            server::Action::Stream(stream) => stream.finished(StreamEnd::Clean, Moved::Bytes(10)),
            server::Action::Read { .. } => return,
            other => panic!("{other:?}"),
        }
    }
    panic!("no rest");
}

#[test]
fn an_idle_server_is_below_a_kibibyte_and_a_command_allocates_nothing() {
    let config = Arc::new(server::Config::default());
    let (peer, local) = ends();
    let greeting = Greeting::ready(Text::from_static("ready"));
    let (_, held, mut server) = cost(|| {
        let mut server = Server::new(config.clone(), Endpoints::new(local, peer), &greeting, NOW);
        serve(&mut server, b"");
        serve(&mut server, b"USER anonymous\r\n");
        serve(&mut server, b"PASS someone@example.com\r\n");
        server
    });
    let fixed = size_of::<Server>();
    println!("server, logged in and idle: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "{fixed} + {held} bytes");
    serve(&mut server, b"NOOP\r\n");
    assert_eq!(cost(|| (0..100).for_each(|_| serve(&mut server, b"NOOP\r\n"))).0, 0);
}

/// A server whose client has logged in.
fn served(config: &Arc<server::Config>) -> Server {
    let (peer, local) = ends();
    let greeting = Greeting::ready(Text::from_static("ready"));
    let mut server = Server::new(config.clone(), Endpoints::new(local, peer), &greeting, NOW);
    serve(&mut server, b"");
    serve(&mut server, b"USER anonymous\r\n");
    serve(&mut server, b"PASS someone@example.com\r\n");
    server
}

#[test]
fn pipelined_commands_allocate_nothing() {
    let config = Arc::new(server::Config::default());
    let lines = [
        "NOOP\r\n",
        "TYPE I\r\nMODE S\r\nSTRU F\r\n",
        "NOOP\r\nTYPE A\r\n",
        // Their replies have a text that isn't in the program: a path, a number, a time, facts.
        "REST 7\r\n",
        "PWD\r\n",
        "NOOP\r\nPWD\r\n",
        "SIZE f\r\n",
        "MDTM f\r\n",
        "MLST f\r\n",
        "EPSV\r\nPASV\r\nLPSV\r\n",
    ];
    for line in lines {
        for count in [1, 8, 64] {
            let batch = line.repeat(count);
            let mut server = served(&config);
            serve(&mut server, b"TYPE I\r\n");
            (0..2).for_each(|_| serve(&mut server, batch.as_bytes()));
            let asked = cost(|| (0..50).for_each(|_| serve(&mut server, batch.as_bytes()))).0;
            assert_eq!(asked, 0, "{count} times {line:?}");
        }
    }
}

#[test]
fn a_dialogue_with_a_transfer_allocates_nothing() {
    let config = Arc::new(server::Config::default());
    let mut server = served(&config);
    let retrieve = |server: &mut Server| {
        for line in ["TYPE I\r\n", "SIZE f\r\n", "EPSV\r\n", "RETR f\r\n"] {
            serve(server, line.as_bytes());
        }
    };
    retrieve(&mut server);
    assert_eq!(cost(|| (0..50).for_each(|_| retrieve(&mut server))).0, 0);
}

#[test]
fn command_lines_that_wait_for_a_transfer_take_no_more_than_the_pipeline_may() {
    let config = Arc::new(server::Config::default());
    for line in ["\n", "a\n", "SYST\r\n", &format!("CWD {}\r\n", "d".repeat(1000)), &format!("{}\n", "x".repeat(5000))]
    {
        let chunk = line.repeat(1024_usize.div_ceil(line.len()));
        let mut server = served(&config);
        serve(&mut server, b"EPSV\r\n");
        server.received(b"RETR f\r\n");
        let (_, held, ()) = cost(|| {
            for _ in 0..100_000 {
                match server.poll(NOW) {
                    server::Action::Write(write) => write.wrote_all(),
                    server::Action::Transfer(transfer) => transfer.accept(),
                    server::Action::Accept(accept) => {
                        let _ = accept.accepted(SocketAddr::new(ends().0.ip(), 41000));
                    }
                    server::Action::Stream(stream) if !stream.wants_input() => return,
                    server::Action::Stream(stream) => {
                        drop(stream);
                        server.received(chunk.as_bytes());
                    }
                    other => panic!("{other:?}"),
                }
            }
            panic!("{line:?} never filled it");
        });
        println!("{:?}: {held} bytes", &line[..line.len().min(9)]);
        // Room is asked for in advance, twice as much at most.
        let most = 2 * (config.pipeline_bytes + chunk.len() + config.limits.line);
        assert!(held < most as isize, "{:?}: {held} bytes", &line[..line.len().min(9)]);
    }
}

#[test]
fn a_server_whose_client_stops_pipelining_gives_the_room_back() {
    let config = Arc::new(server::Config::default());
    let (_, held, mut server) = cost(|| served(&config));
    let (_, more, ()) = cost(|| {
        serve(&mut server, &b"NOOP\r\n".repeat(64));
        serve(&mut server, &b"TYPE I\r\nPWD\r\n".repeat(100));
    });
    println!("pipelining: {:+} bytes", more);
    assert!(more < 2 * 4096 + 256, "{more} bytes");
    let (_, less, ()) = cost(|| serve(&mut server, b"NOOP\r\n"));
    let held = held + more + less;
    assert!(size_of::<Server>() + held.unsigned_abs() < 1024, "{} + {held} bytes", size_of::<Server>());
}

#[test]
fn a_long_reply_leaves_nothing_behind() {
    let config = Arc::new(server::Config::default());
    let (_, held, mut server) = cost(|| served(&config));
    let (_, more, ()) = cost(|| serve(&mut server, b"HELP\r\n"));
    let held = held + more;
    assert!(size_of::<Server>() + held.unsigned_abs() < 1024, "{} + {held} bytes", size_of::<Server>());
}
