//! What a client comes to know as it works, and what is found in it.

use std::time::Duration;

use ftp_proto::client::{Action, Config};
use ftp_proto::diagnosis::{Cause, diagnose};
use ftp_proto::{
    AttemptEnd, ControlState, DataError, Evidence, LossKind, Occasion, PassiveHost, Protection, Resume, Route, Side,
    Software, Speaks, Verb, Verdict,
};
use ftp_proto_rigs::addr;
use ftp_proto_rigs::client::{Did, Rig, World, by};

fn causes(rig: &Rig) -> Vec<Cause> {
    let findings = diagnose(&rig.client.evidence());
    findings.first().map(|finding| finding.causes().collect()).unwrap_or_default()
}

/// A client behind NAT.
fn inside(config: Config) -> Rig {
    Rig::between(config, "192.168.1.19:40000", "198.51.100.7:21").greet().log_in()
}

fn said(evidence: &Evidence) -> Vec<Option<String>> {
    evidence.attempts.iter().map(|attempt| attempt.said.as_ref().map(|said| said.to_string())).collect()
}

#[test]
fn a_session_in_which_nothing_fails_knows_whom_it_talks_to_and_finds_nothing() {
    let mut rig = Rig::new(Config::default());
    rig.hears("220 (vsFTPd 3.0.3)");
    let mut rig = rig.log_in();
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 ok (|||5000|)"), ("RETR f", "150 ok")]);
    rig.hears("226 done");
    let evidence = rig.client.evidence();
    assert_eq!(evidence.side, Side::Client);
    assert_eq!((evidence.client, evidence.server), (Some(addr("192.0.2.1:40000")), Some(addr("198.51.100.7:21"))));
    assert_eq!((evidence.software, evidence.speaks), (Software::Vsftpd, Some(Speaks::Ftp)));
    assert_eq!((evidence.logged_in, evidence.tls.on), (Some(true), Some(false)));
    assert_eq!(evidence.control, ControlState::Alive);
    let attempt = &evidence.attempts[0];
    assert!(
        attempt.is_success() && attempt.connected && attempt.opened && !attempt.protected && attempt.said.is_none()
    );
    assert_eq!(
        (attempt.advertised, attempt.reached),
        (Some(addr("198.51.100.7:5000")), Some(addr("198.51.100.7:5000")))
    );
    assert!(diagnose(&evidence).is_empty());
}

#[test]
fn a_session_under_tls_says_so_of_each_attempt() {
    let mut rig = Rig::secured(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 ok (|||5000|)"), ("RETR f", "150 ok")]);
    rig.hears("226 done");
    let evidence = rig.client.evidence();
    assert_eq!((evidence.tls.on, evidence.tls.protection), (Some(true), Some(Protection::Private)));
    let attempt = &evidence.attempts[0];
    assert!(attempt.encrypted && attempt.protected);
    assert_eq!(attempt.tls.map(|tls| (tls.completed, tls.resumed)), Some((true, Some(true))));
}

#[test]
fn a_server_that_hides_is_known_by_its_habits() {
    let mut rig = Rig::logged_in(by(&[Route::Port]));
    assert_eq!(rig.client.evidence().software, Software::Unknown);
    rig.retrieve();
    rig.converse(&[
        ("TYPE I", "200 ok"),
        ("PORT 192,0,2,1,19,137", "500 I won't open a connection to 192.0.2.1 (only to 192.0.2.9)"),
    ]);
    assert_eq!(rig.client.evidence().software, Software::PureFtpd);
}

#[test]
fn ports_that_are_closed() {
    for (why, cause) in
        [(DataError::TimedOut, Cause::PassiveRangeDropped), (DataError::Refused, Cause::PassiveRangeRefused)]
    {
        let mut rig = inside(Config::default());
        rig.world = World::Busy;
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 ok (|||50000|)")]);
        for reply in ["227 ok (198,51,100,7,195,81)", ""] {
            let Action::Connect(connect) = rig.client.poll(rig.now()).unwrap() else { panic!() };
            connect.failed(why);
            rig.all(World::Busy);
            if !reply.is_empty() {
                rig.hears(reply);
            }
        }
        assert_eq!(causes(&rig), [cause, Cause::OutboundBlocked]);
        let evidence = rig.client.evidence();
        let reached: Vec<_> = evidence.attempts.iter().map(|attempt| attempt.reached).collect();
        assert_eq!(reached, [Some(addr("198.51.100.7:50000")), Some(addr("198.51.100.7:50001"))]);
    }
}

#[test]
fn a_private_address_that_was_trusted() {
    let mut config = by(&[Route::Pasv]);
    config.passive_host = PassiveHost::Advertised;
    let mut rig = inside(config);
    rig.world = World::Refuses;
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("PASV", "227 ok (10,0,0,5,19,136)")]);
    assert_eq!(causes(&rig), [Cause::PrivateAddressAdvertised]);
}

#[test]
fn the_tuple_of_a_227_over_ipv6_is_kept() {
    let mut rig = Rig::between(by(&[Route::Pasv]), "[2001:db8::1]:40000", "[64:ff9b::c000:202]:21").greet().log_in();
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("PASV", "227 ok (192,0,2,2,19,136)")]);
    let attempt = &rig.client.evidence().attempts[0];
    assert_eq!(
        (attempt.advertised, attempt.reached),
        (Some(addr("192.0.2.2:5000")), Some(addr("[64:ff9b::c000:202]:5000")))
    );
}

#[test]
fn words_of_refusals_are_kept_and_bounded() {
    let mut rig = inside(by(&[Route::Epsv, Route::Pasv, Route::Port]));
    rig.retrieve();
    let long = format!("500-{}\r\n500 end", "x".repeat(5000));
    rig.converse(&[
        ("TYPE I", "200 ok"),
        ("EPSV", "550 Permission denied."),
        ("PASV", &long),
        ("PORT 192,168,1,19,19,137", "500 Illegal PORT command."),
    ]);
    let evidence = rig.client.evidence();
    let words = said(&evidence);
    assert_eq!(words[0].as_deref(), Some("550 Permission denied."));
    assert!(words[1].as_ref().is_some_and(|words| words.len() <= 210));
    assert_eq!(words[2].as_deref(), Some("500 Illegal PORT command."));
    assert!(diagnose(&evidence).iter().any(|finding| finding.causes().eq([Cause::ActiveBehindNat])));
}

#[test]
fn three_ends_of_active_mode_from_behind_nat() {
    let asked = |reply: &str| {
        let mut rig = inside(by(&[Route::Port]));
        rig.world = World::Busy;
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), ("PORT 192,168,1,19,19,137", reply)]);
        rig
    };
    assert_eq!(causes(&asked("500 Illegal PORT command.")), [Cause::ActiveBehindNat]);
    let mut rig = asked("200 PORT command successful. Consider using PASV.");
    rig.hears("425 Failed to establish connection.");
    assert_eq!(causes(&rig)[..2], [Cause::ActiveBehindNat, Cause::ActiveInboundRejected]);
    let mut rig = asked("200 PORT command successful. Consider using PASV.");
    rig.now += Duration::from_secs(20);
    rig.hears("425 Failed to establish connection.");
    assert_eq!(causes(&rig)[..2], [Cause::ActiveBehindNat, Cause::ActiveInboundDropped]);
    assert_eq!(rig.client.evidence().attempts[0].took, Duration::from_secs(20));
}

#[test]
fn a_stranger_that_was_sent_away() {
    for ended in ["425 no", ""] {
        let mut rig = Rig::logged_in(by(&[Route::Port]));
        rig.world = World::Busy;
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), ("PORT 192,0,2,1,19,137", "200 ok")]);
        let Action::Accept(accept) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        assert_eq!(accept.accepted(addr("203.0.113.9:20")), Verdict::Refuse);
        if ended.is_empty() {
            rig.now += Duration::from_secs(600);
            rig.all(World::Busy);
        } else {
            rig.hears(ended);
        }
        let ends: Vec<_> = rig.client.attempts().iter().map(|attempt| attempt.end).collect();
        assert_eq!(ends, [AttemptEnd::Stranger("203.0.113.9".parse().unwrap())], "{ended:?}");
        assert_eq!(causes(&rig), [Cause::DataPeerDiffers]);
    }
}

#[test]
fn words_about_tls_on_the_data_connection() {
    let mut config = by(&[Route::Epsv]);
    config.data_session = Resume::Wanted;
    let mut rig = Rig::secured(config);
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    let Action::SecureData(secure) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    secure.fresh();
    rig.world = World::Busy;
    rig.all(World::Busy);
    rig.hears(
        "522 SSL connection failed; session reuse required: see require_ssl_reuse option in vsftpd.conf man page",
    );
    assert_eq!(causes(&rig), [Cause::SessionNotResumed, Cause::SessionNotResumedTls13]);
    let evidence = rig.client.evidence();
    assert_eq!(evidence.software, Software::Vsftpd);
    assert_eq!(evidence.attempts[0].tls.map(|tls| tls.resumed), Some(Some(false)));
}

#[test]
fn a_transfer_that_failed_for_its_file_is_no_trouble_of_its_connection() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5000|)"), ("RETR f", "550 No such file.")]);
    assert_eq!(causes(&rig), []);
    assert!(rig.client.attempts()[0].is_success());
}

#[test]
fn a_control_connection_that_was_lost_behind_a_whole_file() {
    let mut rig = Rig::streaming(Config::default());
    rig.all(World::Works);
    rig.now += Duration::from_secs(900);
    while rig.client.poll(rig.now()).is_ok() {}
    assert_eq!(causes(&rig), [Cause::ControlDroppedIdle]);
    let ControlState::Lost(loss) = rig.client.evidence().control else { panic!() };
    assert_eq!((loss.how, loss.during, loss.idle.as_secs()), (LossKind::Silent, Occasion::AfterTransfer, 900));
    // It stays as it was, however often it is polled.
    rig.now += Duration::from_secs(900);
    assert!(rig.client.poll(rig.now()).is_err());
    let ControlState::Lost(again) = rig.client.evidence().control else { panic!() };
    assert_eq!(again, loss);
}

#[test]
fn a_control_connection_that_was_lost_over_pasv() {
    let mut rig = Rig::logged_in(by(&[Route::Pasv]));
    rig.retrieve();
    assert!(rig.converse(&[("TYPE I", "200 ok")]).contains(&Did::Said("PASV".into())));
    rig.client.received(b"");
    assert!(rig.client.poll(rig.now()).is_err());
    let ControlState::Lost(loss) = rig.client.evidence().control else { panic!() };
    assert_eq!((loss.how, loss.during), (LossKind::Closed, Occasion::Command(Verb::Pasv)));
    assert_eq!(causes(&rig), [Cause::PasvMangled, Cause::PathBroken]);
}

#[test]
fn what_answers_instead_of_an_ftp_server() {
    for (bytes, cause) in [
        (&b"SSH-2.0-OpenSSH_9.2p1\r\n"[..], Cause::SshAtPort),
        (b"HTTP/1.1 400 Bad Request\r\n", Cause::HttpAtPort),
        (b"220 mx.example ESMTP Postfix\r\n", Cause::SmtpAtPort),
        (b"* OK IMAP4rev1 ready\r\n", Cause::NotFtp),
    ] {
        let mut rig = Rig::new(Config::default());
        rig.client.received(bytes);
        for _ in 0..3 {
            let _ = rig.client.poll(rig.now());
            rig.now += Duration::from_secs(600);
        }
        assert_eq!(causes(&rig), [cause], "{}", bytes.escape_ascii());
    }
    let mut rig = Rig::new(Config::default());
    rig.now += Duration::from_secs(600);
    assert!(rig.client.poll(rig.now()).is_err());
    assert_eq!(causes(&rig), [Cause::TlsAtPort, Cause::NotFtp]);
}
