//! A gateway between an IPv6 network and an IPv4 one (RFC 6384): a client on one side, a server on the other.

use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::tracker::{Event, Passed, Peer, Rewrite, Rules, Strangers, Tracker, Translation};

use crate::at;

struct Gateway {
    rewrite: Rewrite,
    /// Its own addresses: what the server is to dial, and the client.
    towards_server: SocketAddr,
    towards_client: SocketAddr,
    /// What the server reads, and the client.
    read: [String; 2],
}

impl Gateway {
    /// With an IPv6 client.
    fn of6() -> Self {
        let tracker = Tracker::new(Arc::new(Rules::default()), at("[2001:db8::1]:40000"), at("192.0.2.2:21"));
        let rewrite = Rewrite::translating(tracker, Translation::Client6);
        let (towards_server, towards_client) = (at("192.0.2.64:50001"), at("[64:ff9b::c000:202]:50002"));
        Self { rewrite, towards_server, towards_client, read: Default::default() }
    }

    /// With an IPv4 client.
    fn of4() -> Self {
        let tracker = Tracker::new(Arc::new(Rules::default()), at("192.0.2.1:40000"), at("[2001:db8::2]:21"));
        let rewrite = Rewrite::translating(tracker, Translation::Client4);
        let (towards_server, towards_client) = (at("[2001:db8::64]:50001"), at("192.0.2.64:50002"));
        Self { rewrite, towards_server, towards_client, read: Default::default() }
    }

    fn hear(&mut self, from: Peer, bytes: &[u8]) {
        self.rewrite.received(from, bytes).unwrap();
        while let Some(passed) = self.rewrite.poll() {
            match passed {
                Passed::Address(address) => match address.expectation().unwrap().dials {
                    Peer::Server => address.replace(self.towards_server),
                    Peer::Client => address.replace(self.towards_client),
                },
                Passed::Bytes { to, bytes, .. } => {
                    let text: String = bytes.iter().copied().map(char::from).collect();
                    self.read[usize::from(to == Peer::Client)].push_str(&text.replace("\r\n", "; "));
                }
                Passed::Event(Event::Lost(why)) => panic!("{why:?}"),
                Passed::Event(_) => {}
            }
        }
    }

    /// This side says this, in pieces of this size; what the server reads, and the client, with `; ` for line ends.
    fn say(&mut self, from: Peer, bytes: &[u8], size: usize) -> [String; 2] {
        self.read = Default::default();
        bytes.chunks(size).for_each(|piece| self.hear(from, piece));
        let escaped = |read: String| read.chars().map(|char| char as u8).collect::<Vec<_>>().escape_ascii().to_string();
        self.read.clone().map(|read| escaped(read).replace(r"\r\n", "; "))
    }

    /// The client says this, the server answers that; what each of them reads.
    fn exchange(&mut self, said: &str, answered: &str) -> [String; 2] {
        self.read = Default::default();
        if !said.is_empty() {
            self.hear(Peer::Client, format!("{said}\r\n").as_bytes());
        }
        if !answered.is_empty() {
            self.hear(Peer::Server, format!("{answered}\r\n").as_bytes());
        }
        self.read.clone().map(|read| read.trim_end_matches("; ").into())
    }

    fn log_in(&mut self) {
        assert_eq!(self.exchange("", "220 ready"), ["", "220 ready"]);
        assert_eq!(self.exchange("USER anna", "230 in"), ["USER anna", "230 in"]);
    }
}

#[track_caller]
fn code(reply: &str, code: &str) {
    assert!(reply.starts_with(code) && !reply.contains("; "), "{reply}");
}

/// RFC 6384 11. Before the login, too: that is when clients ask.
#[test]
fn algs() {
    let mut gateway = Gateway::of6();
    gateway.exchange("", "220 ready");
    assert_eq!(gateway.exchange("ALGS STATUS64", ""), ["", "216 EPSVEPRT"]);
    assert_eq!(gateway.exchange("algs disable64", ""), ["", "216 NONE"]);
    assert_eq!(gateway.exchange("ALGS STATUS64", ""), ["", "216 NONE"]);
    gateway.exchange("USER anna", "230 in");
    // It touches nothing now.
    assert_eq!(gateway.exchange("EPSV", "229 Extended (|||4711|)")[0], "EPSV");
    assert_eq!(gateway.exchange("EPSV ALL", "200 ok"), ["EPSV ALL", "200 ok"]);
    assert_eq!(gateway.exchange("ALGS ENABLE64", ""), ["", "216 EPSVEPRT"]);
    assert_eq!(
        gateway.exchange("EPSV", "227 Passive (192,0,2,2,18,103)"),
        ["PASV", "229 Entering Extended Passive Mode (|||50002|)"]
    );
    for odd in ["ALGS", "ALGS STATUS", "ALGS STATUS64 now"] {
        let [said, answered] = gateway.exchange(odd, "");
        assert_eq!(said, "", "{odd}");
        assert!(answered.starts_with("50"), "{odd}: {answered}");
    }
}

#[test]
fn passive_from_ipv6() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    let own = "229 Entering Extended Passive Mode (|||50002|)";
    let passive = "227 Entering Passive Mode (192,0,2,2,18,103).";
    for said in ["EPSV", "epsv", "EPSV 2"] {
        assert_eq!(gateway.exchange(said, passive), ["PASV", own], "{said}");
    }
    assert_eq!(gateway.exchange("EPSV", "227-Entering\r\n227 Passive Mode (192,0,2,2,18,103)"), ["PASV", own]);
    for (said, answer) in [("EPSV 1", "522"), ("EPSV 3", "522"), ("EPSV ALL", "504")] {
        let [read, answered] = gateway.exchange(said, "");
        assert_eq!(read, "", "{said}");
        code(&answered, answer);
    }
    // What the server says else goes on.
    assert_eq!(gateway.exchange("EPSV", "500 no PASV"), ["PASV", "500 no PASV"]);
    assert_eq!(gateway.exchange("EPSV", "425 no port"), ["PASV", "425 no port"]);
    // RFC 6384 6: an address that isn't the server's.
    for odd in ["227 Passive (203,0,113,9,18,103)", "227 Passive", "227 Passive (192,0,2,2,0,22)"] {
        code(&gateway.exchange("EPSV", odd)[1], "425");
    }
    assert_eq!(gateway.exchange("NOOP", "200 ok"), ["NOOP", "200 ok"]);
}

#[test]
fn active_from_ipv6() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    let own = "PORT 192,0,2,64,195,81";
    assert_eq!(gateway.exchange("EPRT |2|2001:db8::1|4711|", "200 PORT ok"), [own, "200 PORT ok"]);
    assert_eq!(gateway.exchange("EPRT |2|2001:DB8:0:0:0:0:0:1|4711|", "200 PORT ok"), [own, "200 PORT ok"]);
    // What isn't the client's own address isn't touched (7.1, 10).
    for other in ["EPRT |1|192.0.2.9|4711|", "EPRT |2|2001:db8::9|4711|", "EPRT |3|x|4711|", "PORT 192,0,2,9,18,103"] {
        assert_eq!(gateway.exchange(other, "522 no"), [other, "522 no"]);
    }
}

/// Its own words come in the order of what was said, and no reply of the server's is cut by one.
#[test]
fn in_order() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    let [said, answered] = gateway.exchange("NOOP\r\nALGS STATUS64\r\nEPSV ALL\r\nPWD\r\nEPSV 1", "");
    assert_eq!((&*said, &*answered), ("NOOP; PWD", ""));
    assert_eq!(gateway.exchange("", "200-o"), ["", "200-o"]);
    let [_, answered] = gateway.exchange("", "200 k");
    let replies: Vec<&str> = answered.split("; ").collect();
    assert_eq!(replies[..2], ["200 k", "216 EPSVEPRT"]);
    code(replies[2], "504");
    assert_eq!(replies.len(), 3);
    let [_, answered] = gateway.exchange("", "257 \"/\"");
    assert!(answered.starts_with("257 \"/\"; 522 "), "{answered}");
}

#[test]
fn behind_tls_nothing_is_touched() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    assert_eq!(gateway.exchange("AUTH TLS", "234 go on"), ["AUTH TLS", "234 go on"]);
    let mut record = b"\x17\x03\x03\x00\x06EPSV".to_vec();
    record.extend(b"\r\n");
    gateway.read = Default::default();
    gateway.hear(Peer::Client, &record);
    assert_eq!(gateway.read[0], "\x17\x03\x03\x00\x06EPSV; ");
}

#[test]
fn an_ipv4_client() {
    let mut gateway = Gateway::of4();
    gateway.log_in();
    assert_eq!(
        gateway.exchange("PASV", "229 Entering Extended Passive Mode (|||4711|)"),
        ["EPSV", "227 Entering Passive Mode (192,0,2,64,195,82)."]
    );
    assert_eq!(gateway.exchange("PASV", "500 no EPSV"), ["EPSV", "500 no EPSV"]);
    assert_eq!(
        gateway.exchange("EPSV", "229 Entering Extended Passive Mode (|||4711|)"),
        ["EPSV", "229 Entering Extended Passive Mode (|||50002|)"]
    );
    let own = "EPRT |2|2001:db8::64|50001|";
    assert_eq!(gateway.exchange("PORT 192,0,2,1,18,103", "200 ok"), [own, "200 ok"]);
    assert_eq!(gateway.exchange("EPRT |1|192.0.2.1|4711|", "200 ok"), [own, "200 ok"]);
    assert_eq!(gateway.exchange("PORT 192,0,2,9,18,103", "500 no"), ["PORT 192,0,2,9,18,103", "500 no"]);
}

/// What goes through sees all that is said: the order alone tells what each reply answers, and none is in doubt.
#[test]
fn clients_that_do_not_wait() {
    let replies = "227 Passive (192,0,2,2,18,103)\r\n227 Passive (192,0,2,2,18,104)";
    let own = "229 Entering Extended Passive Mode (|||50002|)";
    let mut gateway = Gateway::of6();
    gateway.log_in();
    assert_eq!(gateway.exchange("EPSV\r\nEPSV", replies), ["PASV; PASV".into(), format!("{own}; {own}")]);
    // The second is answered with its own, though 227 is the usual answer to PASV.
    let [said, read] = gateway.exchange("EPSV\r\nEPRT |2|2001:db8::1|4711|\r\nEPSV", "500 no\r\n200 ok\r\n500 no");
    assert_eq!((&*said, &*read), ("PASV; PORT 192,0,2,64,195,81; PASV", "500 no; 200 ok; 500 no"));
    assert_eq!(gateway.exchange("SITE x\r\nTYPE I\r\nEPSV", "200 ok\r\n200 ok")[1], "200 ok; 200 ok");
    assert_eq!(gateway.exchange("", "227 Passive (192,0,2,2,18,103)")[1], own);
    let [_, read] = gateway.exchange("FOO\r\nEPSV", "500 what\r\n227 Passive (192,0,2,2,18,103)");
    assert_eq!(read, format!("500 what; {own}"));
    // A line of a reply is none of its own, even if the client goes on amid it.
    gateway.exchange("STAT", "211-first\r\n211-second");
    assert_eq!(gateway.exchange("EPSV", "227 Passive (192,0,2,2,18,103)")[1], "227 Passive (192,0,2,2,18,103)");
    assert_eq!(gateway.exchange("", "211 end\r\n227 Passive (192,0,2,2,18,103)")[1], format!("211 end; {own}"));
    // Also once step was lost for a while: to an answer that is none, and a gap.
    gateway.rewrite.received(Peer::Server, b"200 unasked\r\n").unwrap();
    while gateway.rewrite.poll().is_some() {}
    assert!(!gateway.rewrite.tracker().is_in_step());
    gateway.exchange("NOOP", "200 ok");
    assert_eq!(gateway.exchange("EPSV\r\nEPSV", replies), ["PASV; PASV".into(), format!("{own}; {own}")]);
    // A window of two, for long.
    gateway.exchange("NOOP", "");
    for _ in 0..20 {
        assert_eq!(gateway.exchange("NOOP", "200 ok")[1], "200 ok");
    }
}

/// RFC 6384 5: nothing is translated behind an AUTH, unless the server refuses it.
#[test]
fn amid_auth() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    let said = "AUTH TLS\r\nEPSV\r\nEPSV ALL\r\nEPSV 1\r\nALGS STATUS64\r\nEPRT |3|x|4711|";
    let [read, answered] = gateway.exchange(said, "");
    assert_eq!((read.replace("; ", "\r\n"), &*answered), (said.into(), ""));
    let refusals = "502 no\r\n500 no\r\n500 no\r\n500 no\r\n500 no\r\n500 no";
    gateway.exchange("", refusals);
    assert_eq!(gateway.exchange("EPSV", "500 no")[0], "PASV");
    // What was translated before the AUTH is answered in the client's words all the same.
    let [read, answered] = gateway.exchange("EPSV\r\nAUTH TLS", "227 Passive (192,0,2,2,18,103)\r\n502 no");
    assert_eq!(read, "PASV; AUTH TLS");
    assert_eq!(answered, "229 Entering Extended Passive Mode (|||50002|); 502 no");
    // Accepted in part: the client authenticates itself next.
    assert_eq!(gateway.exchange("AUTH GSSAPI", "334 go on"), ["AUTH GSSAPI", "334 go on"]);
    assert_eq!(gateway.exchange("EPSV", "503 ADAT first"), ["EPSV", "503 ADAT first"]);
}

/// RFC 6384 10: the client's own PASV, and its reply, which names an address of the server's network.
#[test]
fn an_ipv6_clients_own_pasv() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    let passive = "227 Entering Passive Mode (192,0,2,2,18,103).";
    assert_eq!(gateway.exchange("PASV", passive), ["PASV", passive]);
    // 9: also behind an EPRT.
    gateway.exchange("EPRT |2|2001:db8::1|4711|", "200 ok");
    assert_eq!(gateway.exchange("PASV", passive), ["PASV", passive]);
    assert_eq!(gateway.exchange("EPRT |2|2001:db8::1|4711|", "200 ok")[0], "PORT 192,0,2,64,195,81");
    // An IPv4 address can be chosen.
    gateway.towards_client = at("203.0.113.9:4711");
    assert_eq!(gateway.exchange("PASV", passive)[1], "227 Entering Passive Mode (203,0,113,9,18,103).");
}

/// RFC 6384 11: ALGS is a command like others, and what it changes begins behind it.
#[test]
fn algs_amid_others() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    let [said, read] = gateway.exchange("EPSV\r\nALGS DISABLE64\r\nEPSV", "227 Passive (192,0,2,2,18,103)\r\n500 no");
    assert_eq!(said, "PASV; EPSV");
    assert_eq!(read, "229 Entering Extended Passive Mode (|||50002|); 216 NONE; 500 no");
    // An EPRT isn't translated, either.
    let eprt = "EPRT |2|2001:db8::1|4711|";
    assert_eq!(gateway.exchange(eprt, "522 no"), [eprt, "522 no"]);
    let [said, read] =
        gateway.exchange("EPSV\r\nALGS ENABLE64\r\nEPSV", "229 (|||4711|)\r\n227 Passive (192,0,2,2,18,103)");
    assert_eq!(said, "EPSV; PASV");
    assert_eq!(read, "229 (|||50002|); 216 EPSVEPRT; 229 Entering Extended Passive Mode (|||50002|)");
    assert_eq!(gateway.exchange(eprt, "200 ok")[0], "PORT 192,0,2,64,195,81");
    // Each reply says what holds behind its command, whatever was said before it went.
    gateway.exchange("NOOP\r\nALGS STATUS64\r\nALGS DISABLE64\r\nALGS STATUS64\r\nALGS ENABLE64", "");
    let all = "200 ok; 216 EPSVEPRT; 216 NONE; 216 NONE; 216 EPSVEPRT";
    assert_eq!(gateway.exchange("", "200 ok"), ["", all]);
}

/// RFC 6384 4 and 11: a gateway may do without EPRT, and its status says so.
#[test]
fn without_eprt() {
    let mut gateway = Gateway::of6();
    gateway.rewrite = gateway.rewrite.without_eprt();
    gateway.log_in();
    assert_eq!(gateway.exchange("ALGS STATUS64", ""), ["", "216 EPSV"]);
    let eprt = "EPRT |2|2001:db8::1|4711|";
    assert_eq!(gateway.exchange(eprt, "522 no"), [eprt, "522 no"]);
    let own = "229 Entering Extended Passive Mode (|||50002|)";
    assert_eq!(gateway.exchange("EPSV", "227 Passive (192,0,2,2,18,103)"), ["PASV", own]);
    assert_eq!(gateway.exchange("ALGS DISABLE64", ""), ["", "216 NONE"]);
    assert_eq!(gateway.exchange(eprt, "522 no"), [eprt, "522 no"]);
    assert_eq!(gateway.exchange("ALGS ENABLE64", ""), ["", "216 EPSV"]);
    assert_eq!(gateway.exchange(eprt, "522 no"), [eprt, "522 no"]);
    // An IPv4 client's PORT has nothing to do with it.
    let mut gateway = Gateway::of4();
    gateway.rewrite = gateway.rewrite.without_eprt();
    gateway.log_in();
    assert_eq!(gateway.exchange("PORT 192,0,2,1,18,103", "200 ok")[0], "EPRT |2|2001:db8::64|50001|");
}

/// The first line may be the rest of one: `STOR EPSV`, or a name that looks like ALGS.
#[test]
fn the_first_line_of_a_session_under_way_is_not_touched() {
    for first in ["EPSV", "EPSV ALL", "ALGS DISABLE64", "EPRT |3|x|4711|", "EPRT |2|2001:db8::1|4711|"] {
        let mut gateway = Gateway::of6();
        let tracker = Tracker::joined(Arc::new(Rules::default()), at("[2001:db8::1]:40000"), at("192.0.2.2:21"));
        gateway.rewrite = Rewrite::translating(tracker, Translation::Client6);
        let said = [first, "\r\n"].concat();
        gateway.rewrite.received(Peer::Client, said.as_bytes()).unwrap();
        while let Some(passed) = gateway.rewrite.poll() {
            if let Passed::Bytes { to, bytes, .. } = passed {
                gateway.read[usize::from(to == Peer::Client)].push_str(std::str::from_utf8(bytes).unwrap());
            }
        }
        assert_eq!(gateway.read, [said, String::new()]);
        gateway.exchange("", "250 ok");
        assert_eq!(gateway.exchange("EPSV", "")[0], "PASV", "behind {first}");
    }
}

/// RFC 6384 6: most clients ignore the host of a 227, and a gateway should, since servers behind NATs name private ones.
#[test]
fn the_host_of_a_227_is_ignored_by_choice() {
    let mut rules = Rules::default();
    rules.strangers = Strangers::Replaced;
    let mut gateway = Gateway::of6();
    let tracker = Tracker::new(Arc::new(rules), at("[2001:db8::1]:40000"), at("192.0.2.2:21"));
    gateway.rewrite = Rewrite::translating(tracker, Translation::Client6);
    gateway.log_in();
    let own = "229 Entering Extended Passive Mode (|||50002|)";
    assert_eq!(gateway.exchange("EPSV", "227 Passive (10,0,0,2,18,103)"), ["PASV", own]);
    let expected: Vec<SocketAddr> = gateway.rewrite.tracker().expectations().map(|expected| expected.to).collect();
    assert_eq!(expected, [at("192.0.2.2:4711")]);
}

/// RFC 6384 5, RFC 1123 4.1.2.12: what either side negotiates is refused, and the other never reads it.
#[test]
fn telnet_options_are_refused() {
    for size in [1, 2, 3, 5, 100] {
        let mut gateway = Gateway::of6();
        gateway.log_in();
        // Also in front of lines that are translated, or that don't go on, and amid a word.
        for (said, server, client) in [
            (&b"\xff\xfd\x06NOOP\r\n"[..], "NOOP; ", r"\xff\xfc\x06"),
            (b"\xff\xfb\x18EPSV\r\n", "PASV; ", r"\xff\xfe\x18"),
            (b"EPS\xff\xfd\nV\r\n", "PASV; ", r"\xff\xfc\n"),
            (b"\xff\xfa\x18\x00xt\n\xff\xf0\xff\xfe\x01NOOP\r\n", "NOOP; ", ""),
        ] {
            let refused = gateway.say(Peer::Client, said, size);
            assert_eq!(refused, [server, client], "in pieces of {size}");
            gateway.exchange("", "500 no");
        }
        assert_eq!(gateway.say(Peer::Client, b"\xff\xfd\x06EPSV ALL\r\n", size)[0], "");
        for (said, server, client) in [
            (&b"\xff\xfb\x01200 ok\r\n"[..], r"\xff\xfe\x01", "200 ok; "),
            (
                b"22\xff\xfd\x037 (192,0,2,2,18,103)\r\n",
                r"\xff\xfc\x03",
                "229 Entering Extended Passive Mode (|||50002|); ",
            ),
        ] {
            gateway.exchange("EPSV", "");
            assert_eq!(gateway.say(Peer::Server, said, size), [server, client], "in pieces of {size}");
        }
        // What isn't negotiation goes on, and so does what may be a name or a text.
        for other in [
            &b"\xff\xf4\xff\xf2ABOR\r\n"[..],
            b"\xff\xf4\xffABOR\r\n",
            b"\xff\xf1NOOP\r\n",
            b"DELE \xff\xfd\x06\r\n",
            b"\xff\xff\xfe\xff\r\n",
        ] {
            let same = other.escape_ascii().to_string().replace(r"\r\n", "; ");
            assert_eq!(gateway.say(Peer::Client, other, size), [same, String::new()], "in pieces of {size}");
            gateway.exchange("", "500 no");
        }
        gateway.exchange("STAT", "");
        let reply = b"211-\xff\xfd\x06\r\n\xff\xfd\x06\r\n211 \xff\xfd\x06\r\n";
        let same = reply.escape_ascii().to_string().replace(r"\r\n", "; ");
        assert_eq!(gateway.say(Peer::Server, reply, size), [String::new(), same], "in pieces of {size}");
    }
}

/// A refusal comes between two lines, and a side that never ends to negotiate gets no more of them.
#[test]
fn telnet_refusals_keep_to_lines() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    gateway.exchange("STAT\r\nNOOP", "211-first");
    assert_eq!(gateway.say(Peer::Client, b"\xff\xfd\x06", 3), ["", ""]);
    assert_eq!(gateway.say(Peer::Server, b"211 last\r\n2", 100), ["", r"211 last; \xff\xfc\x062"]);
    gateway.exchange("", "00 ok");
    let many = b"\xff\xfb\x01".repeat(1000);
    assert_eq!(gateway.say(Peer::Server, &many, 100)[0], r"\xff\xfe\x01".repeat(32));
    assert_eq!(gateway.exchange("NOOP", "200 ok"), ["NOOP", "200 ok"]);
}

/// Behind an AUTH nothing is touched, and no refusal comes amid TLS.
#[test]
fn telnet_behind_auth() {
    let mut gateway = Gateway::of6();
    gateway.log_in();
    gateway.exchange("AUTH TLS", "");
    let dialogue: [(Peer, &[u8]); 5] = [
        (Peer::Server, b"\xff\xfd\x06234 go on\r\n"),
        (Peer::Client, b"\x16\x03\x01\x00\x07\xff\xfd\x06\xff"),
        (Peer::Server, b"\x16\x03\x03\x00\x07\xff\xfb\x06\xff"),
        (Peer::Client, b"\xff\xfd\x06"),
        (Peer::Server, b"\xff\xfd\x06"),
    ];
    for (from, said) in dialogue {
        let same = said.escape_ascii().to_string().replace(r"\r\n", "; ");
        let [server, client] = gateway.say(from, said, 100);
        assert_eq!([server, client], if from == Peer::Client { [same, "".into()] } else { ["".into(), same] });
    }
    // If it is refused, options are again.
    let mut gateway = Gateway::of6();
    gateway.log_in();
    gateway.exchange("AUTH TLS", "502 no");
    assert_eq!(gateway.say(Peer::Client, b"\xff\xfd\x06NOOP\r\n", 100), ["NOOP; ", r"\xff\xfc\x06"]);
}

/// The sums of what came and of what goes on tell how the sequence numbers differ, also with Telnet in between.
#[test]
fn telnet_is_counted() {
    let said =
        b"\xff\xfd\x06NOOP\r\nEP\xff\xfb\x18SV\r\n\xff\xfd\x01\xff\xf4\xff\xf2ABOR\r\nEPSV ALL\r\n\xff\xfd\x06ALGS\r\n";
    for size in [1, 2, 3, 7, 100] {
        let mut gateway = Gateway::of6();
        gateway.log_in();
        let (mut all, mut read) = (0, 0);
        for piece in said.chunks(size) {
            gateway.rewrite.received(Peer::Client, piece).unwrap();
            while let Some(passed) = gateway.rewrite.poll() {
                if let Passed::Bytes { to: Peer::Server, bytes, came } = passed {
                    all += came;
                    read += bytes.len();
                }
            }
        }
        // Also where nothing comes behind it.
        gateway.rewrite.received(Peer::Client, b"\xff\xfd\x01\xff").unwrap();
        while let Some(passed) = gateway.rewrite.poll() {
            if let Passed::Bytes { to: Peer::Server, came, .. } = passed {
                all += came;
            }
        }
        assert_eq!(
            (all, read),
            (said.len() + 4, b"NOOP\r\nPASV\r\n\xff\xf4\xff\xf2ABOR\r\n".len()),
            "in pieces of {size}"
        );
    }
}
