//! The server with words of its own, and its log.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::peer::{self, Peer, connect, drain};
use crate::server::{House, ROOM, serve};

fn begin() -> (Peer, Arc<House>) {
    let (listener, address) = peer::listen();
    let house = Arc::new(House::default());
    house.files.lock().unwrap().insert(b"old".to_vec(), b"0123456789".to_vec());
    let served = house.clone();
    thread::spawn(move || serve(listener, &served).unwrap());
    let mut client = Peer::new(connect(address));
    assert_eq!(client.reply(), "220 The blue house.");
    (client, house)
}

fn logged(house: &House) -> Vec<String> {
    std::mem::take(&mut *house.log.lock().unwrap())
}

#[test]
fn the_log_has_each_command_once_and_no_secret() {
    let (mut client, house) = begin();
    client.ask("NOOP");
    client.ask("TYPE X");
    client.ask("PASS hunter2");
    client.ask("USER anna");
    client.ask("PASS secret");
    client.ask("TYPE I");
    client.ask("TYPE X");
    let data = client.data();
    assert!(client.ask("RETR old").starts_with("150 "));
    assert_eq!(drain(data), b"0123456789");
    assert!(client.reply().starts_with("226 "));
    client.ask("REST 7");
    let data = client.data();
    assert!(client.ask("RETR old").starts_with("150 "));
    assert_eq!(drain(data), b"789");
    assert!(client.reply().starts_with("226 "));
    client.ask("PASV");
    client.ask("RETR none");
    let mut data = client.data();
    assert!(client.ask("STOR new").starts_with("150 "));
    data.write_all(b"abc").unwrap();
    drop(data);
    assert!(client.reply().starts_with("226 "));
    assert_eq!(client.ask("XCOUNT hunter2"), "200-The files:\n new\n old\n200 2 in all");
    client.ask("FROB hunter2");
    client.ask("SITE QUOTA hunter2");
    client.ask("SITE FROB hunter2");
    client.ask("DELE old");
    client.ask("LIST");
    client.ask("DELE a\tb");
    assert_eq!(client.ask("QUIT"), "221 Mind the step.");
    assert!(client.is_at_end());
    assert_eq!(
        logged(&house),
        [
            "NOOP: 200",
            "TYPE X: 530",
            "PASS ****: 503",
            "USER anna: 331",
            "PASS ****: 230",
            "TYPE I: 200",
            "TYPE X: 504",
            "EPSV: 229",
            "RETR old: 226",
            "REST 7: 350",
            "EPSV: 229",
            "RETR old: 226",
            "PASV: 227",
            "RETR none: 550",
            "EPSV: 229",
            "STOR new: 226",
            "XCOUNT ****: 200",
            "FROB ****: 500",
            "SITE QUOTA ****: 200",
            "SITE FROB ****: 500",
            "DELE old: 250",
            "LIST: 502",
            "DELE a\\tb: 550",
            "QUIT: 221",
        ]
    );
}

#[test]
fn one_refused_login_too_many_is_logged_once_too() {
    let (mut client, house) = begin();
    for code in ["530", "530", "421"] {
        client.ask("USER anna");
        let reply = client.ask("PASS wrong");
        assert!(reply.starts_with(code), "{reply}");
    }
    assert!(client.is_at_end());
    let once = |code| ["USER anna: 331".to_owned(), format!("PASS ****: {code}")];
    assert_eq!(logged(&house), [once(530), once(530), once(421)].concat());
}

/// What the log tells of each command, and what is there, are the same.
#[test]
fn an_upload_is_there_whole_or_not_at_all() {
    for (how, said, stored) in [
        ("kept", &["226"][..], true),
        ("ABOR amid it", &["426", "226"], false),
        ("a broken connection", &["426"], false),
        ("no room", &["552"], false),
    ] {
        let (mut client, house) = begin();
        client.ask("USER anna");
        client.ask("PASS secret");
        let mut data = client.data();
        assert!(client.ask("STOR new").starts_with("150 "));
        data.write_all(b"abc").unwrap();
        match how {
            "ABOR amid it" => client.say("ABOR"),
            "a broken connection" => socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).unwrap(),
            "no room" => data.write_all(&vec![0; ROOM]).unwrap(),
            _ => {}
        }
        if how != "ABOR amid it" {
            drop(data);
        }
        let replies: Vec<_> = said.iter().map(|_| client.reply()[..3].to_owned()).collect();
        assert_eq!(
            (replies, house.files.lock().unwrap().contains_key(&b"new"[..])),
            (said.iter().map(|code| (*code).to_owned()).collect(), stored),
            "{how}"
        );
        client.ask("QUIT");
        let log = logged(&house);
        assert!(log.contains(&format!("STOR new: {}", said[0])), "{how}: {log:?}");
        assert_eq!(log.contains(&"ABOR: 226".to_owned()), how == "ABOR amid it", "{log:?}");
    }
}

#[test]
fn features_and_permissions_are_the_applications() {
    let (mut client, house) = begin();
    let features = client.ask("FEAT");
    assert!(features.ends_with("\n XCOUNT\n X-HOUSE blue;green\n211 End"), "{features}");
    assert_eq!(client.ask("USER robot"), "232 Your certificate says who you are.");
    assert!(client.ask("DELE old").starts_with("502 "));
    assert!(client.ask("XCOUNT").starts_with("200-"));
    let data = client.data();
    client.ask("RETR old");
    assert_eq!(drain(data), b"0123456789");
    client.reply();
    // The next user isn't bound by them.
    client.ask("USER anna");
    client.ask("PASS secret");
    assert!(client.ask("DELE old").starts_with("250 "));
    client.ask("QUIT");
    assert!(house.files.lock().unwrap().is_empty());
    let heard =
        "FEAT: 211|USER robot: 232|DELE old: 502|XCOUNT: 200|EPSV: 229|RETR old: 226|USER anna: 331|PASS ****: 230|";
    assert_eq!(logged(&house).join("|"), format!("{heard}DELE old: 250|QUIT: 221"));
}
