//! The proxy between a client and an upstream whose every word is scripted: what either says arrives at the other as it is.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ftp_proto::client::{Config, Request};
use ftp_proto::{Argument, Password, Path, Route};

use crate::peer::{self, Peer, connect, drain};
use crate::std_client::{self, Content};
use crate::{proxy, std_server};

const GREETING: &str = "220-Привет!\n   200 years of files,\n 220-and no end\n220 Ready (since MMXX).";

/// How long the upstream may think about an upload.
const COMMIT: Duration = Duration::from_millis(600);

/// What the upstream was told, but for EPSV, and the files that it has.
#[derive(Default)]
struct Upstream {
    heard: Mutex<Vec<String>>,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// How many bytes of the endless file it could send.
    sent: Mutex<u64>,
}

impl Upstream {
    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// One session. The sockets are blocking, and what moves bytes has a thread of its own.
    fn serve(&self, control: TcpStream) {
        let mut control = Peer::new(control);
        let mut listener: Option<TcpListener> = None;
        let mut offset = 0;
        control.say(&GREETING.replace('\n', "\r\n"));
        loop {
            let line = control.line();
            let (verb, name) = line.split_once(' ').unwrap_or((&line, ""));
            if verb != "EPSV" && !line.is_empty() {
                self.heard.lock().unwrap().push(line.clone());
            }
            let mut accept = |control: &mut Peer, opening: &str| {
                control.say(opening);
                listener.take().unwrap().accept().unwrap().0
            };
            let words = match verb {
                "" => return,
                "EPSV" => {
                    let (bound, address) = peer::listen();
                    listener = Some(bound);
                    &format!("229 Here (|||{}|)", address.port())
                }
                "USER" if name == "ghost" => "230 Come in, without a word.",
                "USER" => "331 And the word?",
                "PASS" => "230-Come in.\r\n\r\n230 Mind the step.",
                "TYPE" => "200 As you like it.",
                "REST" => {
                    offset = name.parse().unwrap();
                    "350 From there."
                }
                "RETR" if name == "endless" => {
                    let data = accept(&mut control, "150 Never ends.");
                    let copy = data.try_clone().unwrap();
                    let sent = thread::scope(|scope| {
                        let sending = scope.spawn(move || {
                            let mut sent = 0;
                            while let Ok(count) = (&copy).write(&[7; 64 * 1024]) {
                                sent += count as u64;
                            }
                            sent
                        });
                        let abor = control.line();
                        self.heard.lock().unwrap().push(abor);
                        let _ = data.shutdown(Shutdown::Both);
                        sending.join().unwrap()
                    });
                    *self.sent.lock().unwrap() = sent;
                    drop(data);
                    control.say("426 Cut off.");
                    "226 Quiet again."
                }
                "RETR" => match self.files.lock().unwrap().get(name) {
                    Some(file) => {
                        let mut data = accept(&mut control, "150 It comes, all of it.");
                        data.write_all(&file[std::mem::take(&mut offset)..]).unwrap();
                        drop(data);
                        "250-It went,\r\n 226 as it were,\r\n250 whole."
                    }
                    None => "550-No such thing:\r\n550 look elsewhere.",
                },
                "LIST" => {
                    let mut data = accept(&mut control, "125 The list.");
                    data.write_all(b"one\r\ntwo\nthree\r\r\n").unwrap();
                    drop(data);
                    "226 Listed."
                }
                "STOR" if name == "full" => {
                    let mut data = accept(&mut control, "150 Try.");
                    let _ = data.read(&mut [0; 1024]);
                    drop(data);
                    "552 No room left."
                }
                "STOR" => {
                    let bytes = drain(accept(&mut control, "150 Let it come."));
                    if name == "slow" {
                        thread::sleep(Duration::from_secs(1));
                    }
                    if name == "552 at the end" || name == "451 at the end" {
                        &format!("{}-Not kept:\r\n{} so it is.", &name[..3], &name[..3])
                    } else if control.has_more() {
                        self.heard.lock().unwrap().push(control.line());
                        control.say("426 Dropped.");
                        "226 As if it had never been."
                    } else {
                        // The 226 has to wait for this.
                        thread::sleep(Duration::from_millis(300));
                        self.files.lock().unwrap().insert(name.into(), bytes);
                        "226 Kept, twice."
                    }
                }
                "BYE" => {
                    control.say("421-Off to bed,\r\n421 good night.");
                    return;
                }
                "SITE" => "200-Site\r\n says\r\n200 yes.",
                "NOOP" => "200 Awake.",
                "XYZZY" => "299 Nothing happens.",
                "PWD" => "257 \"/a \"\"b\"\"\" is where you stand",
                "CWD" => "431 Not today.",
                "NLST" => "227 That isn't an answer.",
                "QUIT" => {
                    control.say("221 Farewell.");
                    return;
                }
                _ => "500 What?",
            };
            control.say(words);
        }
    }
}

/// A proxy before such an upstream.
fn begin_proxy() -> (SocketAddr, Arc<Upstream>) {
    let upstream = Arc::new(Upstream::default());
    let (listener, behind) = peer::listen();
    let served = upstream.clone();
    thread::spawn(move || {
        for control in listener.incoming() {
            let served = served.clone();
            thread::spawn(move || served.serve(control.unwrap()));
        }
    });
    let (listener, address) = peer::listen();
    let mut configs = proxy::configs().unwrap();
    configs.0.patience.commit = COMMIT;
    thread::spawn(move || proxy::serve(listener, behind, configs).unwrap());
    (address, upstream)
}

/// A client's connection to it.
fn begin() -> (Peer, Arc<Upstream>) {
    let (address, upstream) = begin_proxy();
    (Peer::new(connect(address)), upstream)
}

/// The same, logged in.
fn begin_logged_in() -> (Peer, Arc<Upstream>) {
    let (mut client, upstream) = begin();
    client.reply();
    client.ask("USER anna");
    client.ask("PASS secret");
    upstream.heard();
    (client, upstream)
}

fn large() -> Vec<u8> {
    (0..3_000_000_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn words_arrive_as_they_are() {
    let (mut client, upstream) = begin();
    assert_eq!(client.reply(), GREETING);
    assert_eq!(client.ask("USER anna"), "331 And the word?");
    assert_eq!(client.ask("PASS secret"), "230-Come in.\n\n230 Mind the step.");
    assert_eq!(client.ask("SITE FOO  bar"), "200-Site\n says\n200 yes.");
    assert_eq!(client.ask("XYZZY  plugh "), "299 Nothing happens.");
    assert_eq!(client.ask("PWD"), "257 \"/a \"\"b\"\"\" is where you stand");
    assert_eq!(client.ask("CWD x"), "431 Not today.");
    assert_eq!(client.ask("SYST"), "500 What?");
    assert_eq!(client.ask("QUIT"), "221 Farewell.");
    assert!(client.is_at_end());
    let heard = ["USER anna", "PASS secret", "SITE FOO  bar", "XYZZY  plugh ", "PWD", "CWD x", "SYST", "QUIT"];
    assert_eq!(upstream.heard(), heard);
}

#[test]
fn a_login_without_a_password_is_one() {
    let (mut client, _) = begin();
    client.reply();
    assert_eq!(client.ask("USER ghost"), "230 Come in, without a word.");
    assert_eq!(client.ask("PWD"), "257 \"/a \"\"b\"\"\" is where you stand");
}

#[test]
fn a_listing_comes_in_the_type_that_the_client_chose_byte_for_byte() {
    let (mut client, upstream) = begin_logged_in();
    for (representation, said) in
        [("TYPE A", &["LIST -a"][..]), ("TYPE I", &["TYPE I", "LIST -a"]), ("TYPE A", &["TYPE A", "LIST -a"])]
    {
        assert!(client.ask(representation).starts_with("200 "));
        let data = client.data();
        assert_eq!(client.ask("LIST -a"), "125 The list.");
        assert_eq!(drain(data), b"one\r\ntwo\nthree\r\r\n");
        assert_eq!(client.reply(), "226 Listed.");
        // A session begins with TYPE A.
        assert_eq!(upstream.heard(), said);
    }
}

#[test]
fn a_download_comes_whole_and_from_its_offset() {
    let (mut client, upstream) = begin_logged_in();
    let file = large();
    upstream.files.lock().unwrap().insert("file".into(), file.clone());
    client.ask("TYPE I");
    for offset in [0, 1, 2_999_999, 3_000_000] {
        if offset > 0 {
            assert!(client.ask(&format!("REST {offset}")).starts_with("350 "));
        }
        let data = client.data();
        assert_eq!(client.ask("RETR file"), "150 It comes, all of it.");
        assert!(drain(data) == file[offset..], "from {offset} on");
        assert_eq!(client.reply(), "250-It went,\n 226 as it were,\n250 whole.");
    }
    let heard =
        ["TYPE I", "RETR file", "REST 1", "RETR file", "REST 2999999", "RETR file", "REST 3000000", "RETR file"];
    assert_eq!(upstream.heard(), heard);
}

#[test]
fn a_refused_download_is_refused_in_the_same_words() {
    let (mut client, _) = begin_logged_in();
    let _data = client.data();
    assert_eq!(client.ask("RETR none"), "550-No such thing:\n550 look elsewhere.");
    assert_eq!(client.ask("NLST"), "451 That isn't an answer.", "no client could take a 227 for it");
    assert_eq!(client.ask("XYZZY"), "299 Nothing happens.");
}

#[test]
fn an_upload_is_answered_once_the_upstream_has_it() {
    let (mut client, upstream) = begin_logged_in();
    let file = large();
    client.ask("TYPE I");
    for name in ["file", "other"] {
        let mut data = client.data();
        assert_eq!(client.ask(&format!("STOR {name}")), "150 Let it come.");
        data.write_all(&file).unwrap();
        drop(data);
        assert_eq!(client.reply(), "226 Kept, twice.");
        assert!(upstream.files.lock().unwrap().get(name) == Some(&file), "before the 226");
    }
}

/// An upload that has come whole, while the upstream hasn't said yet that it is kept; and what became of it.
#[test]
fn whatever_comes_around_the_commit_is_said_as_it_is() {
    for (how, name, said, stored) in [
        ("nothing", "file", &["226"][..], true),
        ("ABOR", "file", &["226", "225"], true),
        ("the end of the control connection", "file", &["226"], true),
        ("a failure", "451 at the end", &["451"], false),
        ("no room", "552 at the end", &["552"], false),
        ("the deadline", "slow", &["451"], false),
    ] {
        let (mut client, upstream) = begin_logged_in();
        let mut data = client.data();
        assert_eq!(client.ask(&format!("STOR {name}")), "150 Let it come.");
        data.write_all(b"some").unwrap();
        drop(data);
        // The upstream takes 300 ms, and hears of the end at once.
        thread::sleep(Duration::from_millis(100));
        match how {
            "ABOR" => client.say("ABOR"),
            "the end of the control connection" => client.end(),
            _ => {}
        }
        for code in said {
            let reply = client.reply();
            assert!(reply.starts_with(code), "{how}: {reply}");
        }
        if how == "the end of the control connection" {
            assert!(client.is_at_end());
            thread::sleep(Duration::from_millis(500));
        } else {
            assert_eq!(client.ask("XYZZY"), "299 Nothing happens.", "{how}");
        }
        assert_eq!(upstream.files.lock().unwrap().contains_key(name), stored, "{how}");
    }
}

#[test]
fn an_upload_that_the_upstream_refuses_amid_it_ends_in_its_words() {
    let (mut client, _) = begin_logged_in();
    let mut data = client.data();
    assert_eq!(client.ask("STOR full"), "150 Try.");
    while data.write_all(&[1; 64 * 1024]).is_ok() {}
    assert_eq!(client.reply(), "552 No room left.");
    assert_eq!(client.ask("XYZZY"), "299 Nothing happens.");
}

#[test]
fn an_abort_amid_a_download_leaves_both_sessions_alive() {
    let (mut client, upstream) = begin_logged_in();
    client.ask("TYPE I");
    let mut data = client.data();
    assert_eq!(client.ask("RETR endless"), "150 Never ends.");
    data.read_exact(&mut [0; 1000]).unwrap();
    // Nobody reads on: the upstream is stopped by what the sockets hold, and by the pipe.
    thread::sleep(Duration::from_millis(300));
    client.say("ABOR");
    assert!(client.reply().starts_with("426 "));
    assert!(client.reply().starts_with("226 "));
    drop(data);
    assert_eq!(client.ask("XYZZY"), "299 Nothing happens.");
    // By the NOOP the client's machine knows that nothing more answers the ABOR.
    assert_eq!(upstream.heard(), ["TYPE I", "RETR endless", "ABOR", "NOOP", "XYZZY"]);
    let data = client.data();
    assert_eq!(client.ask("LIST"), "125 The list.");
    assert_eq!(drain(data), b"one\r\ntwo\nthree\r\r\n");
    assert_eq!(client.reply(), "226 Listed.");
    let sent = *upstream.sent.lock().unwrap();
    assert!(sent < 40_000_000, "{sent} bytes: more than sockets hold went into memory");
}

#[test]
fn an_abort_amid_an_upload_leaves_nothing_upstream() {
    let (mut client, upstream) = begin_logged_in();
    let mut data = client.data();
    assert_eq!(client.ask("STOR file"), "150 Let it come.");
    data.write_all(&[1; 100_000]).unwrap();
    client.say("ABOR");
    assert!(client.reply().starts_with("426 "));
    assert!(client.reply().starts_with("226 "));
    assert_eq!(client.ask("XYZZY"), "299 Nothing happens.");
    assert_eq!(upstream.heard(), ["STOR file", "ABOR", "NOOP", "XYZZY"]);
    assert!(upstream.files.lock().unwrap().is_empty());
}

/// One thread has them all.
#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let (address, _) = begin_proxy();
    let begin = || {
        let mut client = Peer::new(connect(address));
        client.reply();
        client.ask("USER ghost");
        client
    };
    let mut lazy = begin();
    let _data = lazy.data();
    lazy.ask("RETR endless");
    let mut other = begin();
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(other.ask("XYZZY"), "299 Nothing happens.");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn an_upstream_that_is_not_there_is_told() {
    let (closed, behind) = peer::listen();
    drop(closed);
    let (listener, address) = peer::listen();
    thread::spawn(move || proxy::serve(listener, behind, proxy::configs().unwrap()).unwrap());
    let mut client = Peer::new(connect(address));
    assert_eq!(client.reply(), "421 The upstream has gone.");
    assert!(client.is_at_end());
}

#[test]
fn commands_that_come_at_once_are_answered_in_order() {
    let (mut client, upstream) = begin_logged_in();
    client.say("XYZZY\r\nNOOP\r\nPWD\r\nTYPE I\r\nSITE a\r\nCWD x");
    let codes: Vec<_> = (0..6).map(|_| client.reply()[..3].to_owned()).collect();
    assert_eq!(codes, ["299", "200", "257", "200", "200", "431"]);
    assert_eq!(upstream.heard(), ["XYZZY", "PWD", "SITE a", "CWD x"]);
}

#[test]
fn an_upstream_that_leaves_says_so_in_its_words() {
    let (mut client, _) = begin_logged_in();
    assert_eq!(client.ask("BYE"), "421-Off to bed,\n421 good night.");
    assert!(client.is_at_end());
}

/// Where nothing is scripted: our client before it, our server behind it, passive and active.
#[test]
fn machines_on_both_sides_see_no_proxy() {
    let files = Arc::new(std_server::Files::default());
    let (listener, behind) = peer::listen();
    let served = files.clone();
    thread::spawn(move || std_server::serve(&listener, &served));
    let (listener, address) = peer::listen();
    thread::spawn(move || proxy::serve(listener, behind, proxy::configs().unwrap()).unwrap());
    let file = large();
    for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
        let mut config = Config::default();
        config.routes = vec![route];
        let mut session = std_client::Session::open(address, config, |_| {}).unwrap();
        let login = Request::login(Argument::new("anna").unwrap(), Password::new("secret").unwrap(), None);
        session.request(login, Content::None).unwrap();
        let path = || Path::new("file").unwrap();
        session.request(Request::store(path(), 0), Content::Source(&mut &file[..])).unwrap();
        assert!(files.lock().unwrap().get(&b"file"[..]) == Some(&file), "{route:?}: before its `Done`");
        for offset in [0, 2_000_000] {
            let mut back = Vec::new();
            session.request(Request::retrieve(path(), offset).sized(), Content::Sink(&mut back)).unwrap();
            assert!(back == file[usize::try_from(offset).unwrap()..], "{route:?} from {offset} on");
        }
        let mut listing = Vec::new();
        session.request(Request::plain_list(None), Content::Sink(&mut listing)).unwrap();
        assert!(listing.ends_with(b" file\r\n"));
        let none = session.request(Request::retrieve(Path::new("none").unwrap(), 0), Content::Sink(&mut Vec::new()));
        assert!(none.unwrap_err().to_string().ends_with("550 No such file."));
        session.request(Request::remove(path()), Content::None).unwrap();
        session.quit().unwrap();
    }
}
