//! What the server's machine says, word for word, and what it refuses.

use std::time::Duration;

use ftp_proto::client::{self, Failure, Request, Value};
use ftp_proto::server::{self, PublicAddress};
use ftp_proto::{Path, Route, Verb};
use ftp_proto_rigs::pair::{Faults, Pair};

fn quiet() -> Pair {
    let mut pair = Pair::new(client::Config::default(), server::Config::default());
    pair.greet();
    pair
}

fn logged_in() -> Pair {
    Pair::logged_in(client::Config::default(), server::Config::default())
}

fn with(change: impl FnOnce(&mut server::Config)) -> Pair {
    let mut config = server::Config::default();
    change(&mut config);
    Pair::logged_in(client::Config::default(), config)
}

/// Each line, said alone, is answered so.
fn answers(pair: &mut Pair, table: &[(&str, &str)]) {
    for (line, reply) in table {
        let said = pair.say(format!("{line}\r\n").as_bytes());
        assert_eq!(said.trim_end(), *reply, "{line:?}");
    }
}

#[test]
fn before_the_login_little_is_answered() {
    let login = "530 Please login with USER and PASS.";
    answers(
        &mut quiet(),
        &[
            ("PASV", login),
            ("LIST", login),
            ("RETR a", login),
            ("PORT 1,2", login),
            ("CWD /", login),
            ("REST x", login),
            ("PASS x", "503 Bad sequence of commands."),
            ("SYST", "215 UNIX Type: L8"),
            ("NOOP", "200 NOOP ok."),
            ("FOO", "500 Unknown command."),
            ("ABOR", login),
            ("QUIT", "221 Goodbye."),
        ],
    );
}

#[test]
fn the_words_that_people_and_firewalls_match() {
    answers(
        &mut logged_in(),
        &[
            ("RETR a", "425 Use PORT or PASV first."),
            ("PORT 192,0,2,1,19,137", "200 PORT command successful. Consider using PASV."),
            ("EPRT |1|192.0.2.1|5001|", "200 EPRT command successful. Consider using EPSV."),
            ("PASV", "227 Entering Passive Mode (192,0,2,2,195,80)."),
            ("EPSV", "229 Entering Extended Passive Mode (|||50001|)"),
            ("EPSV 1", "229 Entering Extended Passive Mode (|||50002|)"),
            ("EPSV 2", "522 Network protocol not supported, use (1)"),
            ("EPSV 3", "522 Network protocol not supported, use (1)"),
            ("P@SW", "227 Entering Passive Mode (192,0,2,2,195,83)."),
            ("TYPE A", "200 Switching to ASCII mode."),
            ("TYPE I", "200 Switching to Binary mode."),
            ("REST 5", "350 Restarting at 5."),
            ("ALLO 10", "202 ALLO command ignored."),
        ],
    );
}

#[test]
fn mistakes_are_told_apart() {
    let mut pair = logged_in();
    for (line, code) in [
        ("PORT 1,2,3", "501 "),
        ("PORT 300,0,0,1,1,1", "501 "),
        ("PORT 192.168.1.100,5,67", "501 "),
        ("PORT 192,0,2,1,0,0", "501 "),
        ("EPRT |3|x|25000|", "522 "),
        ("REST -1", "501 "),
        ("RETR", "501 "),
        ("RETR ", "501 "),
        ("CWD a\rb", "501 "),
        ("CWD a\0b", "501 "),
        ("TYPE X", "504 "),
        ("STRU R", "504 "),
        ("MODE B", "504 "),
        ("SMNT x", "502 "),
        ("RNTO x", "503 "),
        ("  NOOP", "500 "),
        ("", "500 "),
        ("XYZZY a", "500 "),
    ] {
        let said = pair.say(format!("{line}\r\n").as_bytes());
        assert!(said.starts_with(code) && said.lines().count() == 1, "{line:?}: {said:?}");
    }
    assert_eq!(pair.say(b"NOOP\r\n"), "200 NOOP ok.\n", "nothing was lost");
}

#[test]
fn port_names_no_stranger_and_no_service() {
    let illegal = "500 Illegal PORT command.";
    let mut pair = logged_in();
    answers(&mut pair, &[("PORT 203,0,113,9,19,137", illegal), ("PORT 192,0,2,1,0,80", illegal)]);
    answers(&mut pair, &[("EPRT |1|203.0.113.9|5001|", "500 Illegal EPRT command.")]);
    answers(&mut pair, &[("RETR a", "425 Use PORT or PASV first.")]);
    let done = "200 PORT command successful. Consider using PASV.";
    answers(&mut with(|config| config.active.strangers = true), &[("PORT 203,0,113,9,19,137", done)]);
    answers(&mut with(|config| config.active.privileged_ports = true), &[("PORT 192,0,2,1,0,80", done)]);
}

#[test]
fn what_is_switched_off_is_denied() {
    let denied = "550 Permission denied.";
    answers(&mut with(|config| config.passive.enabled = false), &[("PASV", denied), ("EPSV", denied)]);
    answers(
        &mut with(|config| config.active.enabled = false),
        &[("PORT 192,0,2,1,19,137", denied), ("EPRT |1|192.0.2.1|5001|", denied)],
    );
}

#[test]
fn epsv_all_is_enforced() {
    let only = "503 EPSV ALL is in effect.";
    answers(
        &mut logged_in(),
        &[
            ("EPSV ALL", "200 EPSV ALL ok."),
            ("PASV", only),
            ("PORT 192,0,2,1,19,137", only),
            ("EPRT |1|192.0.2.1|5001|", only),
            ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
        ],
    );
}

#[test]
fn a_public_address_is_announced_instead_of_the_own_one() {
    let mut pair = with(|config| config.passive.address = PublicAddress::One("198.51.100.9".parse().unwrap()));
    answers(&mut pair, &[("PASV", "227 Entering Passive Mode (198,51,100,9,195,80).")]);
}

#[test]
fn on_ipv6_pasv_advises_epsv() {
    let (client, server) = ("[2001:db8::1]:40000".parse().unwrap(), "[2001:db8::2]:21".parse().unwrap());
    let mut pair = Pair::between(client::Config::default(), server::Config::default(), client, server);
    pair.login();
    let said = pair.say(b"PASV\r\n");
    assert!(said.starts_with("425 ") && said.contains("EPSV"), "{said}");
    answers(&mut pair, &[("EPSV 1", "522 Network protocol not supported, use (2)")]);
}

#[test]
fn pipelined_commands_are_answered_in_order_once_each() {
    let mut pair = logged_in();
    let said = pair.say(b"NOOP\r\nSYST\r\nPWD\r\nSIZE none\r\nNOOP\nFOO\r\n");
    let codes: Vec<&str> = said.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["200", "215", "257", "550", "200", "500"]);
}

#[test]
fn three_failed_logins_end_the_session() {
    let mut pair = quiet();
    for expected in ["530", "530", "421"] {
        assert!(pair.say(b"USER anna\r\n").starts_with("331"));
        assert_eq!(pair.say(b"PASS wrong\r\n"), "", "it has to wait");
        pair.wait(Duration::from_secs(1));
        assert!(pair.say(b"").starts_with(expected));
    }
    assert_eq!(pair.say(b"NOOP\r\n"), "", "nothing is said after the last word");
    assert!(pair.server_closed());
}

#[test]
fn feat_and_help_follow_the_support() {
    let mut pair = with(|config| config.support = config.support.clone().without(&[Verb::Mlsd, Verb::Mlst]).unwrap());
    let features = pair.run(Request::features()).unwrap().reply;
    assert!(features.has_feature("SIZE") && !features.has_feature("MLST"));
    answers(&mut pair, &[("MLST a", "502 Command not implemented.")]);
    let features = logged_in().run(Request::features()).unwrap().reply;
    assert_eq!(features.feature("MLST"), Some(b"type*;size*;modify*;".as_slice()));
    let help = logged_in().say(b"HELP\r\n");
    assert!(
        help.contains(" RETR")
            && !help.contains("SMNT")
            && help.lines().last().is_some_and(|line| line.starts_with("214 "))
    );
}

#[test]
fn abor_amid_a_transfer_stops_it() {
    let mut pair = logged_in();
    pair.say(b"EPSV\r\n");
    // The client doesn't connect, so the server has said 150 and waits.
    assert!(pair.say(b"RETR none\r\n").starts_with("550"));
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.say(b"EPSV\r\n");
    assert!(pair.say(b"RETR f\r\n").starts_with("150"));
    assert_eq!(pair.say(b"NOOP\r\n"), "200 NOOP ok.\n");
    assert_eq!(pair.say(b"PWD\r\n"), "", "waits for the end of the transfer");
    let said = pair.say(b"\xff\xf4\xff\xf2ABOR\r\n");
    let codes: Vec<&str> = said.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["426", "257", "225"], "at once, and each answer in its turn");
    let mut pair = logged_in();
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.say(b"EPSV\r\n");
    pair.say(b"RETR f\r\n");
    let said = pair.say(b"\xff\xf4\xff\xf2ABOR\r\nNOOP\r\n");
    assert_eq!(said, "426 Transfer aborted.\n226 Abort successful.\n200 NOOP ok.\n");
}

#[test]
fn quit_during_a_transfer_ends_after_it() {
    let mut pair = logged_in();
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.client.start(Request::retrieve(Path::new("f").unwrap(), 0)).unwrap();
    pair.until(|pair| pair.words().last() == Some(&"150")).unwrap();
    pair.client.quit();
    let ended = pair.until_done().unwrap();
    assert_eq!(ended.unwrap().value, Value::Transferred(1));
    pair.until(|pair| pair.client_closed()).unwrap();
    assert_eq!(pair.words()[pair.words().len() - 3..], ["226", "QUIT", "221"]);
}

#[test]
fn a_stranger_on_a_data_port_is_refused_and_the_port_goes_on_listening() {
    for route in [Route::Epsv, Route::Port] {
        let mut config = client::Config::default();
        config.routes = vec![route];
        let mut pair = Pair::logged_in(config, server::Config::default());
        pair.files.insert(b"f".to_vec(), b"x".to_vec());
        pair.faults = Faults { stranger_connects_first: true, ..Faults::default() };
        pair.run(Request::retrieve(Path::new("f").unwrap(), 0)).unwrap();
        assert_eq!(pair.download, b"x", "{route:?}");
    }
}

#[test]
fn a_client_port_that_refuses_gets_425_and_no_150() {
    let mut config = client::Config::default();
    config.routes = vec![Route::Port];
    let mut pair = Pair::logged_in(config, server::Config::default());
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.faults = Faults { server_dials_refused: true, ..Faults::default() };
    let ended = pair.run(Request::retrieve(Path::new("f").unwrap(), 0));
    assert!(matches!(ended, Err(Failure::NoRoute(_))), "{ended:?}");
    assert_eq!(pair.wire.last().unwrap(), "S: 425 Failed to establish connection.");
}

#[test]
fn a_transfer_is_never_accepted_on_a_data_connection_that_is_gone() {
    let mut pair = logged_in();
    pair.say(b"PASV\r\n");
    pair.faults.no_port = true;
    assert_eq!(pair.say(b"PASV\r\n"), "425 Cannot open a passive connection.\n");
    assert_eq!(pair.say(b"LIST\r\n"), "425 Use PORT or PASV first.\n");
}

#[test]
fn s11_the_words_of_other_protocols_end_the_session() {
    for line in [
        "GET / HTTP/1.1",
        "post /x HTTP/1.0",
        "EHLO example.org",
        "MAIL FROM:<a@b>",
        "CONNECT a:25 HTTP/1.1",
        "RSET",
        "VRFY root",
        "EXPN staff",
        "STARTTLS",
        "BDAT 7 LAST",
        "ETRN example.org",
    ] {
        let mut pair = quiet();
        let said = pair.say(format!("{line}\r\nHost: x\r\n\r\nUSER anna\r\n").as_bytes());
        assert!(said.starts_with("500 ") && said.lines().count() == 1, "{line}: {said:?}");
        assert_eq!(pair.say(b"NOOP\r\n"), "");
        assert!(pair.server_closed(), "{line}");
    }
}

#[test]
fn print_formats_are_no_parameter_of_ours() {
    let mut pair = logged_in();
    for (line, code) in
        [("TYPE A N", "200"), ("TYPE A T", "504"), ("TYPE A C", "504"), ("TYPE L 8", "200"), ("TYPE E", "504")]
    {
        assert_eq!(&pair.say(format!("{line}\r\n").as_bytes())[..3], code, "{line}");
    }
}

#[test]
fn silence_ends_the_session_but_a_long_transfer_is_no_silence() {
    let mut pair = logged_in();
    pair.wait(Duration::from_secs(299));
    assert_eq!(pair.say(b"NOOP\r\n"), "200 NOOP ok.\n");
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.say(b"EPSV\r\n");
    assert!(pair.say(b"RETR f\r\n").starts_with("150"));
    pair.wait(Duration::from_secs(1000));
    assert_eq!(pair.say(b""), "425 Failed to establish connection.\n", "nobody came");
    pair.wait(Duration::from_secs(299));
    assert_eq!(pair.say(b"NOOP\r\n"), "200 NOOP ok.\n");
    pair.wait(Duration::from_secs(300));
    assert_eq!(pair.say(b""), "421 Timeout.\n");
    let mut pair = quiet();
    pair.wait(Duration::from_secs(119));
    assert_eq!(pair.say(b"NOOP\r\n"), "200 NOOP ok.\n");
    pair.wait(Duration::from_secs(1));
    assert_eq!(pair.say(b""), "421 Timeout.\n", "NOOPs are no login");
}

#[test]
fn telnet_options_are_declined() {
    let mut pair = logged_in();
    let mut bytes = b"\xff\xfb\x01\xff\xfd\x03NOOP\r\n".to_vec();
    let wrote = pair.write_of(&bytes);
    assert_eq!(wrote, b"\xff\xfe\x01\xff\xfc\x03200 NOOP ok.\r\n");
    bytes = b"\xff\xfc\x01\xff\xfe\x03NOOP\r\n".to_vec();
    assert_eq!(pair.write_of(&bytes), b"200 NOOP ok.\r\n", "WONT and DONT are not answered");
}

#[test]
fn an_over_long_line_amid_a_transfer_is_refused_as_that_in_its_turn() {
    let mut pair = logged_in();
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.say(b"EPSV\r\n");
    assert!(pair.say(b"RETR f\r\n").starts_with("150"));
    let line = [&[b'A'; 20_000][..], b"\r\nABOR\r\n"].concat();
    assert_eq!(pair.say(&line), "426 Transfer aborted.\n500 Line too long.\n225 No transfer to ABOR.\n");
}

#[test]
fn an_over_long_line_is_refused_and_the_next_one_is_read() {
    let mut pair = logged_in();
    let mut line = vec![b'A'; 20_000];
    line.extend_from_slice(b"\r\nNOOP\r\n");
    let said = pair.say(&line);
    assert!(said.starts_with("500 ") && said.ends_with("200 NOOP ok.\n"), "{said}");
}
