//! What either side says arrives at the other: all of it, in order, with its marks and its end.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::processes::{CLIENTS, SERVERS, Server};
use crate::scripted::{Scripted, Then};
use crate::{Proxy, named, pair, read, read_all};

#[test]
fn every_byte_arrives_in_order_whatever_the_cuts() {
    let (_proxy, mut client, mut server) = pair(&[]);
    server.write_all(b"220 ready\r\n").unwrap();
    assert_eq!(read(&client, 11), b"220 ready\r\n");
    let (mut said, mut answered) = (Vec::new(), Vec::new());
    for number in 0..2000 {
        said.extend(format!("XLINE {number} \u{e9}{}\r\n", "x".repeat(number % 97)).into_bytes());
        answered
            .extend(format!("2{:02}-first {number}\r\n some line\r\n2{0:02} last\r\n", number % 20 + 30).into_bytes());
    }
    let (sayer, answerer) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let send = |mut socket: TcpStream, bytes: Vec<u8>| {
        thread::spawn(move || {
            for (turn, piece) in bytes.chunks(1237).enumerate() {
                socket.write_all(piece).unwrap();
                if turn % 16 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        })
    };
    let threads = [send(sayer, said.clone()), send(answerer, answered.clone())];
    let reader = server.try_clone().unwrap();
    let (count, expected) = (said.len(), said);
    let heard = thread::spawn(move || read(&reader, count));
    assert!(read(&client, answered.len()) == answered);
    assert!(heard.join().unwrap() == expected);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    client.write_all(b"\xff\xfb\x01NOOP\n").unwrap();
    assert_eq!(read(&server, 8), b"\xff\xfb\x01NOOP\n");
}

/// A side that doesn't read stops the other, and nothing is lost.
#[test]
fn a_side_that_does_not_read_is_waited_for() {
    let (_proxy, client, mut server) = pair(&[]);
    let line = [&b"220-"[..], &vec![b'x'; 996], b"\r\n"].concat();
    let sender = thread::spawn(move || {
        for _ in 0..20_000 {
            server.write_all(&line).unwrap();
        }
        server
    });
    thread::sleep(Duration::from_millis(500));
    let mut total = 0;
    let mut reader = BufReader::new(&client);
    let mut heard = Vec::new();
    while total < 20_000 {
        heard.clear();
        reader.read_until(b'\n', &mut heard).unwrap();
        assert_eq!(heard.len(), 1002, "line {total}");
        total += 1;
    }
    drop(sender.join().unwrap());
}

#[test]
fn an_end_of_one_side_reaches_the_other_and_the_rest_still_comes() {
    let (proxy, mut client, mut server) = pair(&[]);
    server.write_all(b"220 ready\r\n").unwrap();
    client.write_all(b"NOOP\r\nHELP\r\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&server), b"NOOP\r\nHELP\r\n");
    thread::sleep(Duration::from_millis(100));
    server.write_all(b"200 ok\r\n214 no help\r\n221 bye").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&client), b"220 ready\r\n200 ok\r\n214 no help\r\n221 bye");
    proxy.log(&["HELP 214", "close"]);
}

/// All is said at once, and the client's side is closed: what it asked for still comes, the data, too.
#[test]
fn who_has_said_all_is_served_on() {
    let (proxy, mut client, server) = pair(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (&server).write_all(b"220 ready\r\n").unwrap();
    let said = format!("USER anna\r\nPORT 127,0,0,1,{},{}\r\nRETR file\r\nQUIT\r\n", port >> 8, port & 255);
    let mut heard = BufReader::new(server.try_clone().unwrap());
    let mut line = |word: &str| {
        let mut line = String::new();
        heard.read_line(&mut line).unwrap();
        assert!(line.starts_with(word), "{line}");
        line
    };
    let (login, rest) = said.split_at(11);
    client.write_all(login.as_bytes()).unwrap();
    line("USER");
    (&server).write_all(b"230 in\r\n").unwrap();
    thread::sleep(Duration::from_millis(100));
    client.write_all(rest.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let told = line("PORT").replacen("PORT", "227", 1);
    line("RETR");
    line("QUIT");
    thread::sleep(Duration::from_millis(100));
    (&server).write_all(b"200 ok\r\n150 here\r\n").unwrap();
    let mut data = TcpStream::connect(crate::named(&told, "")).unwrap();
    data.write_all(b"it came").unwrap();
    drop(data);
    assert_eq!(read_all(listener.accept().unwrap().0), b"it came");
    (&server).write_all(b"226 done\r\n221 bye\r\n").unwrap();
    drop((heard, server));
    assert_eq!(read_all(client), b"220 ready\r\n230 in\r\n200 ok\r\n150 here\r\n226 done\r\n221 bye\r\n");
    proxy.log(&["RETR 226 7 ", "close"]);
}

/// As BSD's ftp, Python and Perl do: Telnet's IP and Synch, or the last byte, as urgent data.
#[test]
fn urgent_data_arrives_as_urgent_data() {
    let (_proxy, client, server) = pair(&[]);
    let mut reader = server.try_clone().unwrap();
    (&server).write_all(b"220 ready\r\n").unwrap();
    read(&client, 11);
    let own = SockRef::from(&client);
    for inline in [true, false] {
        SockRef::from(&server).set_out_of_band_inline(inline).unwrap();
        (&client).write_all(b"NOOP\r\n").unwrap();
        assert_eq!(read(&server, 6), b"NOOP\r\n");
        own.send_out_of_band(b"\xff\xf4\xff").unwrap();
        thread::sleep(Duration::from_millis(50));
        (&client).write_all(b"\xf2ABOR\r\n").unwrap();
        let mut all = Vec::new();
        // It is beside the stream, and there as soon as it has come.
        let urgent = (!inline).then(|| {
            let mut byte = [std::mem::MaybeUninit::uninit()];
            let begun = Instant::now();
            loop {
                match SockRef::from(&server).recv_out_of_band(&mut byte) {
                    Ok(count) => break count,
                    Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        while !all.ends_with(b"ABOR\r\n") {
            let mut piece = [0; 64];
            let count = reader.read(&mut piece).unwrap();
            all.extend_from_slice(&piece[..count]);
        }
        let expected: &[u8] = if inline { b"\xff\xf4\xff\xf2ABOR\r\n" } else { b"\xff\xf4\xf2ABOR\r\n" };
        assert_eq!(all, expected, "inline: {inline}");
        assert_eq!(urgent, (!inline).then_some(1), "inline: {inline}");
    }
    // The line's own last byte.
    SockRef::from(&server).set_out_of_band_inline(true).unwrap();
    own.send_out_of_band(b"ABOR\r\n").unwrap();
    assert_eq!(read(&server, 6), b"ABOR\r\n");
}

#[test]
fn an_abort_is_heard_amid_a_transfer() {
    for server in SERVERS {
        let server = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &[]);
        let file = fs::File::create(server.root().join("large")).unwrap();
        file.set_len(1 << 30).unwrap();
        let proxy = Proxy::before(&server.address, &[]);
        let mut session = proxy.log_in();
        for urgent in [true, false] {
            let mut data = session.passive();
            assert!(session.say("RETR large").starts_with("150"));
            data.read_exact(&mut [0; 100_000]).unwrap();
            let control = session.control.get_mut();
            if urgent {
                SockRef::from(&*control).send_out_of_band(b"\xff\xf4\xff").unwrap();
                control.write_all(b"\xf2ABOR\r\n").unwrap();
            } else {
                control.write_all(b"ABOR\r\n").unwrap();
            }
            let mut rest = Vec::new();
            let _ = data.read_to_end(&mut rest);
            assert!(rest.len() < 1 << 29, "{} bytes came all the same", rest.len());
            drop(data);
            assert!(session.reply().starts_with("426"));
            assert!(session.reply().starts_with("226"));
            session.send("STOR small", "small");
            assert_eq!(session.fetch("RETR small"), "small");
        }
        proxy.log(&["RETR 426", "ABOR 226"]);
    }
}

/// However many commands a client says at once: the tracker keeps count of some of them, and it is never lost for their number.
#[test]
fn who_says_hundreds_of_commands_at_once() {
    let server = Scripted::new(|_, _| Then::Usual);
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    session.control.get_mut().write_all(&[&b"NOOP\r\n".repeat(500)[..], b"PASV\r\n"].concat()).unwrap();
    for turn in 0..500 {
        assert!(session.reply().starts_with("200"), "{turn}");
    }
    let _data = TcpStream::connect(named(&session.reply(), "")).unwrap();
    let log = proxy.log(&[" PASV 227 "]);
    assert_eq!(log.matches(" NOOP 200 ").count(), 500, "{log}");
    assert!(!log.contains(" lost "), "{log}");
    // And they go on where the server answers none.
    let (_proxy, client, server) = pair(&[]);
    (&client).write_all(&b"NOOP\r\n".repeat(500)).unwrap();
    assert_eq!(read(&server, 3000), b"NOOP\r\n".repeat(500));
}
