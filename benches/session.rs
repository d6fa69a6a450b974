//! What a whole dialogue costs: greeting, login, EPSV, RETR, 226, QUIT through a client's machine and through a server's,
//! in memory. Beside the time: how often it asks for memory, and what a machine holds while it is idle.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::client::{Action, Client, Config, Request};
use ftp_proto::server::{self, Greeting, Question, Server};
use ftp_proto::{Argument, Command, Endpoints, Instant, Moved, Password, Path, StreamEnd, Text};
use ftp_proto_rigs::counting::{Counting, cost};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: Instant = Instant::from_origin(Duration::ZERO);

const CLIENT: &str = "192.0.2.1:40000";
const SERVER: &str = "192.0.2.2:21";

fn client(config: &Arc<Config>) -> Client {
    Client::new(config.clone(), Endpoints::new(CLIENT.parse().unwrap(), SERVER.parse().unwrap()), NOW)
}

/// What the server says to each line; as vsftpd does.
fn answer(line: &[u8]) -> &'static [u8] {
    match line.get(..4) {
        Some(b"USER") => b"331 Please specify the password.\r\n",
        Some(b"PASS") => b"230 Login successful.\r\n",
        Some(b"TYPE") => b"200 Switching to Binary mode.\r\n",
        Some(b"EPSV") => b"229 Entering Extended Passive Mode (|||40115|)\r\n",
        Some(b"RETR") => b"150 Opening BINARY mode data connection for file (1234 bytes).\r\n",
        Some(b"NOOP") => b"200 NOOP ok.\r\n",
        Some(b"QUIT") => b"221 Goodbye.\r\n",
        _ => panic!("{}", String::from_utf8_lossy(line)),
    }
}

/// Runs until the client waits for its application or closes; how many actions that took.
fn run(client: &mut Client) -> usize {
    let mut actions = 0;
    loop {
        actions += 1;
        match client.poll(NOW).unwrap() {
            Action::Write(write) => {
                let reply = answer(write.bytes());
                let count = write.bytes().len();
                write.wrote(count);
                client.received(reply);
            }
            Action::Connect(connect) => connect.connected(),
            Action::Stream(stream) => {
                stream.finished(StreamEnd::Clean, Moved::Bytes(1234));
                client.received(b"226 Transfer complete.\r\n");
            }
            Action::Reply(reply) => {
                black_box(reply.code());
            }
            Action::Done(ended) => assert!(black_box(ended).is_ok()),
            Action::Read { .. } | Action::Leave => return actions,
            other => panic!("{other:?}"),
        }
    }
}

fn log_in(client: &mut Client) -> usize {
    client.received(b"220 (vsFTPd 3.0.3)\r\n");
    let greeted = run(client);
    let login = Request::login(Argument::new("anonymous").unwrap(), Password::new("a@example.com").unwrap(), None);
    client.start(login).unwrap();
    greeted + run(client)
}

fn retrieve(client: &mut Client) -> usize {
    client.start(Request::retrieve(Path::new("file").unwrap(), 0)).unwrap();
    run(client)
}

fn dialogue(config: &Arc<Config>) -> usize {
    let mut client = client(config);
    let actions = log_in(&mut client) + retrieve(&mut client);
    client.quit();
    actions + run(&mut client)
}

/// A server that has greeted its client.
fn server(config: &Arc<server::Config>) -> Server {
    let ends = Endpoints::new(SERVER.parse().unwrap(), CLIENT.parse().unwrap());
    let greeting = Greeting::ready(Text::from_static("(vsFTPd 3.0.3)"));
    let mut server = Server::new(config.clone(), ends, &greeting, NOW);
    serve(&mut server, b"");
    server
}

/// Hears `lines` and runs until it waits for its client or closes, with an application that grants everything; how many
/// actions that took.
fn serve(server: &mut Server, lines: &[u8]) -> usize {
    if !lines.is_empty() {
        server.received(lines);
    }
    let mut actions = 0;
    loop {
        actions += 1;
        match server.poll(NOW) {
            server::Action::Write(write) => {
                black_box(write.bytes());
                write.wrote_all();
            }
            server::Action::Question(Question::Login(login)) => match login.command() {
                Command::User(_) => login.need_password(),
                _ => login.accept(),
            },
            server::Action::Listen(listen) => listen.listening(SocketAddr::new([192, 0, 2, 2].into(), 40115)),
            server::Action::Transfer(transfer) => transfer.accept_sized(1234),
            server::Action::Accept(accept) => {
                let _ = black_box(accept.accepted(SocketAddr::new([192, 0, 2, 1].into(), 41000)));
            }
            server::Action::Stream(stream) => stream.finished(StreamEnd::Clean, Moved::Bytes(1234)),
            server::Action::Read { .. } | server::Action::Leave => return actions,
            other => panic!("{other:?}"),
        }
    }
}

fn serve_all(server: &mut Server, lines: &[&[u8]]) -> usize {
    lines.iter().map(|line| serve(server, line)).sum()
}

const LOGIN: [&[u8]; 2] = [b"USER anonymous\r\n", b"PASS a@example.com\r\n"];
const FILE: [&[u8]; 2] = [b"EPSV\r\n", b"RETR file\r\n"];

fn served_dialogue(config: &Arc<server::Config>) -> usize {
    let mut server = server(config);
    serve_all(&mut server, &LOGIN)
        + serve_all(&mut server, &[b"TYPE I\r\n"])
        + serve_all(&mut server, &FILE)
        + serve_all(&mut server, &[b"QUIT\r\n"])
}

fn clients(criterion: &mut Criterion) {
    let config = Arc::new(Config::default());
    let (asked, _, actions) = cost(|| dialogue(&config));
    println!("a whole dialogue: {actions} actions, {asked} allocations");
    let (asked, held, mut idle) = cost(|| {
        let mut client = client(&config);
        log_in(&mut client);
        client
    });
    println!("a client, logged in and idle: {} + {held} bytes, after {asked} allocations", size_of::<Client>());
    retrieve(&mut idle);
    let (asked, held, _) = cost(|| retrieve(&mut idle));
    println!("one more file: {asked} allocations, {held:+} bytes");
    let noop = |client: &mut Client| {
        client.start(Request::noop()).unwrap();
        run(client)
    };
    println!("one more NOOP: {} allocations", cost(|| noop(&mut idle)).0);

    let mut group = criterion.benchmark_group("session");
    group.bench_function("a whole dialogue", |bencher| bencher.iter(|| dialogue(&config)));
    group.throughput(Throughput::Elements(1));
    group.bench_function("NOOP", |bencher| bencher.iter(|| noop(&mut idle)));
    group.bench_function("a file", |bencher| bencher.iter(|| retrieve(&mut idle)));
    group.finish();
}

fn servers(criterion: &mut Criterion) {
    let config = Arc::new(server::Config::default());
    let (asked, _, actions) = cost(|| served_dialogue(&config));
    println!("a whole dialogue on the server's side: {actions} actions, {asked} allocations");
    let (asked, held, mut idle) = cost(|| {
        let mut server = server(&config);
        serve_all(&mut server, &LOGIN);
        server
    });
    println!(
        "a server, its client logged in and idle: {} + {held} bytes, after {asked} allocations",
        size_of::<Server>()
    );
    serve_all(&mut idle, &FILE);
    let (asked, held, _) = cost(|| serve_all(&mut idle, &FILE));
    println!("one more file: {asked} allocations, {held:+} bytes");
    println!("one more NOOP: {} allocations", cost(|| serve(&mut idle, b"NOOP\r\n")).0);
    let pipelined = b"NOOP\r\n".repeat(64);
    serve(&mut idle, &pipelined);
    println!("64 NOOPs more at once: {} allocations", cost(|| serve(&mut idle, &pipelined)).0);

    let mut group = criterion.benchmark_group("server");
    group.bench_function("a whole dialogue", |bencher| bencher.iter(|| served_dialogue(&config)));
    group.throughput(Throughput::Elements(1));
    group.bench_function("NOOP", |bencher| bencher.iter(|| serve(&mut idle, b"NOOP\r\n")));
    group.bench_function("a file", |bencher| bencher.iter(|| serve_all(&mut idle, &FILE)));
    group.throughput(Throughput::Elements(64));
    group.bench_function("64 NOOPs at once", |bencher| bencher.iter(|| serve(&mut idle, &pipelined)));
    group.finish();
}

criterion_group!(benches, clients, servers);
criterion_main!(benches);
