//! The rows of `testdata/security.tsv` that concern those in between. Each test bears its row's number.

use ftp_proto::tracker::Peer;

use crate::*;

fn nothing_is_expected(lines: &[&str]) -> Vec<String> {
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, lines);
    assert!(!told.iter().any(|told| told.starts_with("expect")), "{lines:?}: {told:?}");
    assert_eq!(tracker.expectations().count(), 0);
    told
}

#[test]
fn s01_a_port_towards_a_third_host_or_a_low_port() {
    for (line, refused) in [
        ("C: PORT 198,51,100,7,18,103", "198.51.100.7:4711 Stranger"),
        ("C: EPRT |1|198.51.100.7|4711|", "198.51.100.7:4711 Stranger"),
        ("C: EPRT |2|2001:db8::7|4711|", "[2001:db8::7]:4711 Stranger"),
        ("C: LPRT 4,4,198,51,100,7,2,18,103", "198.51.100.7:4711 Stranger"),
        ("C: PORT 192,0,2,1,0,25", "192.0.2.1:25 LowPort"),
        ("C: PORT 192,0,2,1,3,255", "192.0.2.1:1023 LowPort"),
        ("C: EPRT |1|192.0.2.1|80|", "192.0.2.1:80 LowPort"),
        // The server is an end, but it doesn't dial itself.
        ("C: PORT 192,0,2,2,18,103", "192.0.2.2:4711 Stranger"),
        ("C: PORT 127,0,0,1,18,103", "127.0.0.1:4711 Stranger"),
    ] {
        assert_eq!(nothing_is_expected(&[line]), [format!("refused {refused}")], "{line}");
    }
}

#[test]
fn s02_a_227_that_names_another_host() {
    for (reply, refused) in [
        ("S: 227 Entering Passive Mode (10,0,0,5,18,103).", "10.0.0.5:4711 Stranger"),
        ("S: 227 Entering Passive Mode (192,0,2,1,18,103).", "192.0.2.1:4711 Stranger"),
        ("S: 227 Entering Passive Mode (192,0,2,2,0,22).", "192.0.2.2:22 LowPort"),
    ] {
        assert_eq!(nothing_is_expected(&["C: PASV", reply]), [format!("refused {refused}")], "{reply}");
    }
    assert_eq!(nothing_is_expected(&["C: EPSV", "S: 229 (|||22|)"]), ["refused 192.0.2.2:22 LowPort"]);
    // The host of a 229's full form is never one to dial.
    let told = say_data(&mut logged_in(), &["C: EPSV", "S: 229 (|1|10.0.0.5|4711|)"]);
    assert_eq!(told, ["expect Client 192.0.2.1 to 192.0.2.2:4711"]);
}

#[test]
fn s04_s05_the_host_that_dials_is_told_so_that_no_other_is_let_through() {
    let told = say_data(&mut logged_in(), &["C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(told, ["expect Client 192.0.2.1 to 192.0.2.2:4711"]);
    let told = say_data(&mut logged_in(), &["C: PORT 192,0,2,1,18,103"]);
    assert_eq!(told, ["expect Server 192.0.2.2 to 192.0.2.1:4711"]);
}

#[test]
fn s06_a_line_that_only_looks_like_a_port() {
    for line in [
        "C: RETR PORT 192,0,2,1,18,103",
        "C: SITE PORT 192,0,2,1,18,103",
        "C:  PORT 192,0,2,1,18,103",
        "C: PORTX 192,0,2,1,18,103",
        "C: PORT\t192,0,2,1,18,103",
        "C: PORT 192,0,2,1,18,103,5",
        "C: PORT 192,0,2,1,18,103 x",
        "C: PORT 192,0,2,1,18",
        "C: PORT 192,0,2,1,18,256",
        "C: PORT 192,0,2,1,18,0103",
        "C: RETR a\rPORT 192,0,2,1,18,103",
        "C: PORT 192,0,2,1,18,103\rx",
    ] {
        nothing_is_expected(&[line]);
    }
}

#[test]
fn s07_a_227_in_a_files_name_or_an_echoed_argument() {
    let announced = "227 Entering Passive Mode (192,0,2,2,18,103).";
    nothing_is_expected(&[&format!("C: STAT {announced}"), &format!("S: 213-{announced}"), "S: 213 End"]);
    nothing_is_expected(&["C: STAT .", "S: 213-list", &format!("S: {announced}"), "S: 213 End"]);
    nothing_is_expected(&[&format!("C: RETR {announced}"), &format!("S: 550 {announced}")]);
    nothing_is_expected(&["C: NOOP", &format!("S: {announced}")]);
    nothing_is_expected(&[&format!("S: {announced}")]);
    // PASV is said amid a reply of many lines, in which such a name stands: no line of it is the answer.
    nothing_is_expected(&["C: STAT .", "S: 213-list", "C: PASV", &format!("S: {announced}")]);
    // A refusal that names an address is a refusal.
    nothing_is_expected(&["C: PASV", "S: 500 not (192,0,2,2,18,103)"]);
}

#[test]
fn s08_what_is_said_behind_an_auth_in_plaintext() {
    let mut tracker = logged_in();
    let told = bytes(&mut tracker, Peer::Client, b"AUTH TLS\r\nPORT 192,0,2,1,18,103\r\n");
    assert_eq!(told, ["> AUTH", "> PORT", "refused 192.0.2.1:4711 AmidAuth"]);
    assert_eq!(say(&mut tracker, &["S: 234 go"]), ["< AUTH 234", "blind"]);
}

#[test]
fn s09_what_the_server_says_behind_its_234_in_plaintext() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: AUTH TLS"]);
    let told = bytes(&mut tracker, Peer::Server, b"234 go\r\n227 Entering Passive Mode (192,0,2,2,18,103).\r\n");
    assert_eq!(told, ["< AUTH 234", "blind"]);
    assert_eq!(say(&mut tracker, &["S: 227 Entering Passive Mode (192,0,2,2,18,103)."]), [""; 0]);
    assert!(tracker.is_blind());
}

#[test]
fn s12_s13_lines_and_replies_without_an_end() {
    let mut tracker = logged_in();
    let told = bytes(&mut tracker, Peer::Client, &[&b"X".repeat(5000)[..], b"\r\nNOOP\r\n"].concat());
    assert_eq!(told, ["> ?", "> NOOP"]);
    say(&mut tracker, &["S: 500 no", "S: 200 NOOP ok", "C: STAT"]);
    let mut told = bytes(&mut tracker, Peer::Server, b"211-begin\r\n");
    for _ in 0..300 {
        told.extend(bytes(&mut tracker, Peer::Server, &b" line\r\n".repeat(1000)));
    }
    assert_eq!(told[0], "lost ReplyTooLong");
    // A PORT in a line that is too long, and a 227 in a reply of which something was dropped.
    let long = format!("C: PORT {}192,0,2,1,18,103", " ".repeat(4096));
    assert_eq!(say_data(&mut logged_in(), &[&long]), [""; 0]);
    let mut lines = vec!["C: PASV", "S: 227-begin"];
    lines.extend(vec!["S: line"; 100]);
    lines.push("S: 227 (192,0,2,2,18,103)");
    assert_eq!(nothing_is_expected(&lines), ["refused 192.0.2.2:4711 NotWhole"]);
}

#[test]
fn s22_a_spare_reply_shifts_nothing() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: NOOP", "S: 200 ok", "S: 200 ok", "C: PASV", "S: 227 (192,0,2,2,18,103)"]);
    assert_eq!(told[told.len() - 3..], ["< PASV 227", "expect Client 192.0.2.1 to 192.0.2.2:4711", "found"]);
}

#[test]
fn s23_a_line_of_another_code_ends_no_reply() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: STAT .", "S: 213-list", "S: 226 a file", "S: 550 another", "S: 213 End"]);
    assert_eq!(told, ["> STAT", "< STAT 213"]);
}

#[test]
fn s24_a_nul_makes_no_command() {
    for line in
        [&b"PORT\x00 192,0,2,1,18,103\r\n"[..], b"PORT 192,0,2,1,18,103\x00\r\n", b"PORT 192,0,2\x00,1,18,103\r\n"]
    {
        let told = bytes(&mut logged_in(), Peer::Client, line);
        assert!(told.len() == 1 && told[0].starts_with("> "), "{told:?}");
    }
}

#[test]
fn s25_telnet_before_a_command_hides_it_from_nobody() {
    let told = bytes(&mut logged_in(), Peer::Client, b"PO\xff\xf1RT 192,0,2,1,18,103\r\n");
    assert_eq!(told, ["> PORT", "expect Server 192.0.2.2 to 192.0.2.1:4711"]);
    // In an argument it is no Telnet, and no digit either.
    let told = bytes(&mut logged_in(), Peer::Client, b"PORT 192,0,2,1,\xff\xf118,103\r\n");
    assert_eq!(told, ["> PORT?"]);
}

#[test]
fn s26_epsv_all_leaves_only_epsv() {
    let all = ["C: EPSV ALL", "S: 200 ok"];
    for (line, refused) in [("C: PORT 192,0,2,1,18,103", true), ("C: EPRT |1|192.0.2.1|4711|", true)] {
        let told = nothing_is_expected(&[all[0], all[1], line]);
        assert_eq!(told == ["refused 192.0.2.1:4711 EpsvAll"], refused, "{told:?}");
    }
    let told = nothing_is_expected(&[all[0], all[1], "C: PASV", "S: 227 (192,0,2,2,18,103)"]);
    assert_eq!(told, ["refused 192.0.2.2:4711 EpsvAll"]);
    let told = say_data(&mut logged_in(), &[all[0], all[1], "C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(told, ["expect Client 192.0.2.1 to 192.0.2.2:4711"]);
}

/// A browser that is made to send lines of FTP (NAT slipstreaming): nobody has logged in.
#[test]
fn s27_a_port_in_another_protocol() {
    let mut tracker = tracker();
    let told = say_data(&mut tracker, &["C: POST / HTTP/1.1", "C: Host: a", "C: ", "C: PORT 192,0,2,1,18,103"]);
    assert_eq!(told, ["refused 192.0.2.1:4711 NotLoggedIn"]);
    let mut tracker = crate::tracker();
    let told = say_data(&mut tracker, &["S: 220 ready", "C: PORT 192,0,2,1,18,103", "S: 530 no"]);
    assert_eq!(told, ["refused 192.0.2.1:4711 NotLoggedIn"]);
}

#[test]
fn s28_what_is_expected_is_bounded() {
    let mut tracker = logged_in();
    for port in 0..200 {
        say(&mut tracker, &["C: EPSV", &format!("S: 229 (|||{}|)", 5000 + port)]);
        assert_eq!(tracker.expectations().count(), 1);
    }
}

/// The rows that concern those in between: what opens a way for data, or puts who looks on out of step.
const ROWS: [&str; 17] = [
    "S01", "S02", "S04", "S05", "S06", "S07", "S08", "S09", "S12", "S13", "S22", "S23", "S24", "S25", "S26", "S27",
    "S28",
];

#[test]
fn each_row_that_concerns_those_in_between_is_a_test_with_its_number() {
    let rows = ftp_proto_rigs::table::rows(include_str!("../../testdata/security.tsv"), 7);
    for id in ROWS {
        assert!(rows.iter().any(|row| row[0] == id), "{id} is no row");
        let number = id.to_lowercase();
        let is_test =
            |line: &str| line.strip_prefix("fn ").is_some_and(|name| name.split('_').any(|part| part == number));
        assert!(include_str!("security.rs").lines().any(is_test), "{id} has no test");
    }
}
