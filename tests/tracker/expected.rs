//! Which data connections are expected, and until when.

use ftp_proto::tracker::{Peer, Rules, Strangers};

use crate::*;

#[test]
fn every_way_to_a_data_connection_is_known() {
    let all = [
        (&["C: PASV", "S: 227 Entering Passive Mode (192,0,2,2,18,103)."][..], "Client 192.0.2.1 to 192.0.2.2:4711"),
        (&["C: EPSV", "S: 229 Entering Extended Passive Mode (|||4711|)"], "Client 192.0.2.1 to 192.0.2.2:4711"),
        (&["C: EPSV 1", "S: 229 (!!!4711!)"], "Client 192.0.2.1 to 192.0.2.2:4711"),
        (&["C: LPSV", "S: 228 Long (4,4,192,0,2,2,2,18,103)"], "Client 192.0.2.1 to 192.0.2.2:4711"),
        // A server that takes one for the other.
        (&["C: EPSV", "S: 227 (192,0,2,2,18,103)"], "Client 192.0.2.1 to 192.0.2.2:4711"),
        (&["C: P@SW", "S: 229 (|||4711|)"], "Client 192.0.2.1 to 192.0.2.2:4711"),
        (&["C: PORT 192,0,2,1,18,103"], "Server 192.0.2.2 to 192.0.2.1:4711"),
        (&["C: port  192,0,2,1,18,103"], "Server 192.0.2.2 to 192.0.2.1:4711"),
        (&["C: EPRT |1|192.0.2.1|4711|"], "Server 192.0.2.2 to 192.0.2.1:4711"),
        (&["C: LPRT 4,4,192,0,2,1,2,18,103"], "Server 192.0.2.2 to 192.0.2.1:4711"),
    ];
    for (lines, expected) in all {
        let told = say_data(&mut logged_in(), lines);
        assert_eq!(told, [format!("expect {expected}")], "{lines:?}");
    }
}

/// A firewall opens before the bytes go on, so the event comes with them and not behind them.
#[test]
fn nothing_is_expected_before_the_line_is_whole_and_all_is_when_it_is() {
    let mut tracker = logged_in();
    assert_eq!(bytes(&mut tracker, Peer::Client, b"PORT 192,0,2,1,18,10"), [""; 0]);
    assert_eq!(bytes(&mut tracker, Peer::Client, b"3\r"), [""; 0]);
    let told = bytes(&mut tracker, Peer::Client, b"\n");
    assert_eq!(told, ["> PORT", "expect Server 192.0.2.2 to 192.0.2.1:4711"]);
}

#[test]
fn a_refusal_and_a_successor_withdraw() {
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,18,103", "S: 500 Illegal PORT command."]);
    assert_eq!(told[1], "withdrawn 192.0.2.1:4711 Refused");
    let told = say_data(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: EPSV", "S: 229 (|||4712|)"]);
    assert_eq!(
        told,
        [
            "expect Client 192.0.2.1 to 192.0.2.2:4711",
            "withdrawn 192.0.2.2:4711 Replaced",
            "expect Client 192.0.2.1 to 192.0.2.2:4712"
        ]
    );
}

#[test]
fn a_transfer_that_is_refused_before_it_begins_leaves_the_data_connection() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    let told = say_data(&mut tracker, &["C: RETR a", "S: 550 no", "C: RETR b", "S: 150 ok", "S: 426 cut"]);
    assert_eq!(
        told,
        [
            "assigned 192.0.2.2:4711 to RETR a by Server",
            "ended RETR a by Server 550",
            "assigned 192.0.2.2:4711 to RETR b by Server",
            "begun RETR b by Server",
            "ended RETR b by Server 426",
            "withdrawn 192.0.2.2:4711 Over",
        ]
    );
}

#[test]
fn the_next_one_may_be_set_up_while_one_is_in_use() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 ok"]);
    let told = say_data(&mut tracker, &["C: EPSV", "S: 226 done", "S: 229 (|||4712|)"]);
    assert_eq!(
        told,
        ["ended RETR a by Server 226", "withdrawn 192.0.2.2:4711 Over", "expect Client 192.0.2.1 to 192.0.2.2:4712"]
    );
}

/// RFC 959 3.3: in MODE B the end of a file is in the data, and a 250 leaves the connection for the next transfer.
#[test]
fn a_data_connection_that_stays_is_for_the_next_transfer() {
    let mut tracker = logged_in();
    let told = say_data(
        &mut tracker,
        &["C: MODE B", "S: 200 ok", "C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 ok", "S: 250 ok"],
    );
    assert_eq!(told.last().unwrap(), "ended RETR a by Server 250", "{told:?}");
    assert_eq!(tracker.expectations().count(), 1);
    let told = say_data(&mut tracker, &["C: RETR b", "S: 125 ok", "S: 226 done"]);
    assert_eq!(
        told,
        [
            "assigned 192.0.2.2:4711 to RETR b by Server",
            "begun RETR b by Server",
            "ended RETR b by Server 226",
            "withdrawn 192.0.2.2:4711 Over"
        ]
    );
    // In MODE S it doesn't stay, whatever the code.
    let told = say_data(&mut logged_in(), &["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 ok", "S: 250 ok"]);
    assert_eq!(told.last().unwrap(), "withdrawn 192.0.2.2:4711 Over");
}

/// A greeting of 230: nobody has to log in.
#[test]
fn where_no_login_is_needed_none_is_waited_for() {
    let told = say_data(&mut tracker(), &["S: 230 welcome", "C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(told, ["expect Client 192.0.2.1 to 192.0.2.2:4711"]);
}

#[test]
fn never_more_than_eight_are_expected_and_each_is_withdrawn_once() {
    let mut tracker = logged_in();
    let (mut expected, mut withdrawn) = (0, 0);
    let count = |told: Vec<String>, word: &str| told.iter().filter(|told| told.starts_with(word)).count();
    for port in 0..40 {
        let told = say(&mut tracker, &[&format!("C: PORT 192,0,2,1,20,{port}")]);
        expected += count(told.clone(), "expect");
        withdrawn += count(told, "withdrawn");
        assert!(tracker.expectations().count() <= 8);
    }
    withdrawn += count(bytes(&mut tracker, Peer::Client, b""), "withdrawn");
    assert_eq!((expected, withdrawn), (40, 40));
}

#[test]
fn protection_is_told_where_it_was_seen() {
    let mut rules = Rules::default();
    rules.decrypted = true;
    let mut tracker = with(rules);
    let login = ["S: 220 ready", "C: AUTH TLS", "S: 234 go", "C: USER a", "S: 230 in"];
    assert!(!say(&mut tracker, &login).contains(&"blind".into()));
    let told = say_data(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(told, ["expect Client 192.0.2.1 to 192.0.2.2:4711"]);
    let told =
        say_data(&mut tracker, &["C: PBSZ 0", "S: 200 ok", "C: PROT P", "S: 200 ok", "C: EPSV", "S: 229 (|||4712|)"]);
    assert_eq!(told[1], "expect Client 192.0.2.1 to 192.0.2.2:4712 protected");
}

#[test]
fn strangers_are_expected_where_the_rules_say_so() {
    let announced = ["C: PASV", "S: 227 Entering Passive Mode (10,0,0,1,18,103)."];
    let rules = |strangers| {
        let mut rules = Rules::default();
        rules.strangers = strangers;
        rules
    };
    let told = |rules| say_data(&mut logged_in_with(rules), &announced);
    assert_eq!(told(rules(Strangers::Refused)), ["refused 10.0.0.1:4711 Stranger"]);
    assert_eq!(told(rules(Strangers::Replaced)), ["expect Client 192.0.2.1 to 192.0.2.2:4711"]);
    assert_eq!(told(rules(Strangers::Expected)), ["expect Client 192.0.2.1 to 10.0.0.1:4711"]);
    let mut trusting = Rules::default();
    trusting.trusted = [std::net::IpAddr::from([10, 0, 0, 1])].into();
    assert_eq!(told(trusting), ["expect Client 192.0.2.1 to 10.0.0.1:4711"]);
    // Nobody but the client itself knows where it would listen instead.
    let told = say_data(&mut logged_in_with(rules(Strangers::Replaced)), &["C: PORT 10,0,0,1,18,103"]);
    assert_eq!(told, ["refused 10.0.0.1:4711 Stranger"]);
}

#[test]
fn ipv6_and_mapped_addresses() {
    let mut tracker =
        ftp_proto::tracker::Tracker::new(std::sync::Arc::default(), at("[fe80::1%3]:40000"), at("[fe80::2%3]:21"));
    say(&mut tracker, &["S: 220 ready", "C: USER a", "S: 230 in"]);
    let told = say_data(&mut tracker, &["C: EPRT |2|fe80::1|4711|", "S: 200 ok", "C: EPSV", "S: 229 (|||4712|)"]);
    assert_eq!(told[0], "expect Server fe80::2 to [fe80::1%3]:4711");
    assert_eq!(told[2], "expect Client fe80::1 to [fe80::2%3]:4712");
    let mut tracker = ftp_proto::tracker::Tracker::new(
        std::sync::Arc::default(),
        at("[::ffff:192.0.2.1]:40000"),
        at("[::ffff:192.0.2.2]:21"),
    );
    say(&mut tracker, &["S: 220 ready", "C: USER a", "S: 230 in"]);
    let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,18,103"]);
    assert_eq!(told, ["expect Server 192.0.2.2 to 192.0.2.1:4711"]);
}
