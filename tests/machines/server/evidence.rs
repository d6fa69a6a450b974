//! What a server tells of data connections that failed.

use std::time::Duration;

use ftp_proto::diagnosis::{Cause, diagnose};
use ftp_proto::server::{Action, Config, PublicAddress};
use ftp_proto::{AttemptEnd, DataError, Evidence, Route, Side, Software, Verdict};
use ftp_proto_rigs::addr;
use ftp_proto_rigs::server::{Did, Rig, World, codes, with};

/// A server inside, a client outside.
fn inside(config: Config) -> Rig {
    Rig::between(config, "10.0.0.5:21", "198.51.100.9:40000").greet().log_in()
}

fn trouble(rig: &mut Rig) -> Evidence {
    let evidence = rig.server.take_trouble().expect("trouble");
    assert_eq!(evidence.side, Side::Server);
    assert!(rig.server.take_trouble().is_none(), "told once");
    assert!(rig.server.evidence().attempts.is_empty());
    evidence
}

fn causes(evidence: &Evidence) -> Vec<Cause> {
    diagnose(evidence).first().map(|finding| finding.causes().collect()).unwrap_or_default()
}

/// Nobody comes to the port.
fn waits_in_vain(rig: &mut Rig, setup: &str) {
    rig.deserted = true;
    rig.hears(setup);
    rig.hears("LIST");
    rig.now += Duration::from_secs(61);
    assert!(codes(&rig.all(World::Works)).contains(&425));
}

#[test]
fn nobody_came_to_a_private_address() {
    let mut rig = inside(Config::default());
    waits_in_vain(&mut rig, "PASV");
    let evidence = trouble(&mut rig);
    let attempt = &evidence.attempts[0];
    assert_eq!((attempt.route, attempt.end), (Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)));
    assert_eq!(attempt.advertised, Some(addr("10.0.0.5:50000")));
    assert_eq!(causes(&evidence), [Cause::PrivateAddressAdvertised]);
    let findings = diagnose(&evidence.software(Software::FtpServer));
    let line = findings.first().unwrap().line().to_string();
    assert!(line.starts_with("private-address-advertised: ") && !line.contains('\n'), "{line}");
    assert!(line.contains("10.0.0.5") && line.contains("pasv_address=<public address>"), "{line}");
}

#[test]
fn nobody_came_to_the_right_address() {
    let mut rig = inside(with(|config| config.passive.address = PublicAddress::One("203.0.113.7".parse().unwrap())));
    waits_in_vain(&mut rig, "PASV");
    let evidence = trouble(&mut rig);
    assert_eq!(evidence.attempts[0].advertised, Some(addr("203.0.113.7:50000")));
    assert!(causes(&evidence).contains(&Cause::PassiveRangeDropped));
    let mut rig = inside(Config::default());
    waits_in_vain(&mut rig, "EPSV");
    assert_eq!(causes(&trouble(&mut rig)), [Cause::PassiveRangeDropped, Cause::OutboundBlocked]);
}

/// Most clients dial the passive port first: what they can't reach they never ask for.
#[test]
fn a_client_that_cannot_reach_the_port_agrees_on_another_way() {
    for next in ["PASV", "EPSV", "PORT 198,51,100,9,19,137"] {
        let mut rig = inside(Config::default());
        rig.hears("EPSV");
        assert!(rig.server.take_trouble().is_none());
        rig.now += Duration::from_millis(20);
        rig.hears(next);
        let evidence = trouble(&mut rig);
        assert_eq!(
            (evidence.attempts[0].route, evidence.attempts[0].end),
            (Route::Epsv, AttemptEnd::Failed(DataError::TimedOut)),
            "{next}"
        );
    }
}

#[test]
fn a_client_that_cannot_reach_the_port_leaves() {
    for (seconds, tells) in [(0, false), (30, true)] {
        for says_quit in [true, false] {
            let mut rig = inside(Config::default());
            rig.hears("PASV");
            rig.now += Duration::from_secs(seconds);
            if says_quit {
                rig.hears("QUIT");
            } else {
                rig.server.received(&[]);
                rig.all(World::Works);
            }
            let evidence = rig.server.take_trouble();
            assert_eq!(evidence.is_some(), tells, "{seconds} s, QUIT: {says_quit}");
            if let Some(evidence) = evidence {
                assert_eq!(causes(&evidence), [Cause::PrivateAddressAdvertised]);
                assert_eq!(evidence.attempts[0].took, Duration::from_secs(seconds));
            }
        }
    }
}

#[test]
fn a_client_stops_a_transfer_for_which_it_cannot_connect() {
    let mut rig = inside(Config::default());
    rig.hears("EPSV");
    rig.deserted = true;
    rig.hears("LIST");
    rig.now += Duration::from_secs(10);
    rig.hears("ABOR");
    assert_eq!(trouble(&mut rig).attempts[0].end, AttemptEnd::Failed(DataError::TimedOut));
}

#[test]
fn who_agrees_on_two_ways_at_once_has_dialled_neither() {
    let mut rig = inside(Config::default());
    rig.hears("EPSV\r\nPASV");
    assert!(rig.server.take_trouble().is_none());
}

/// It came as far as to ask for a file, which isn't there, and agrees anew for the next one.
#[test]
fn a_port_for_which_a_transfer_was_refused_is_no_trouble() {
    let mut rig = inside(Config::default());
    rig.hears("EPSV");
    rig.world = World::Refuses;
    rig.hears("RETR f");
    rig.world = World::Works;
    rig.now += Duration::from_millis(20);
    rig.hears("EPSV");
    assert!(rig.server.take_trouble().is_none());
}

#[test]
fn only_a_stranger_came() {
    let mut rig = inside(Config::default());
    rig.hears("EPSV");
    rig.callers.push(addr("198.51.100.77:40001"));
    rig.deserted = true;
    assert!(rig.hears("LIST").contains(&Did::Accepts(Some(Verdict::Refuse))));
    rig.now += Duration::from_secs(61);
    assert!(codes(&rig.all(World::Busy)).contains(&425));
    let evidence = trouble(&mut rig);
    assert_eq!(evidence.attempts[0].end, AttemptEnd::Stranger("198.51.100.77".parse().unwrap()));
    assert_eq!(causes(&evidence), [Cause::DataPeerDiffers]);
}

#[test]
fn port_named_another_address() {
    let mut rig = inside(Config::default());
    rig.hears("PORT 192,168,1,19,19,137");
    let evidence = trouble(&mut rig);
    assert_eq!(evidence.attempts[0].advertised, Some(addr("192.168.1.19:5001")));
    assert_eq!(causes(&evidence), [Cause::ActiveBehindNat]);
    rig.hears("EPRT |1|203.0.113.9|5001|");
    assert_eq!(causes(&trouble(&mut rig)), [Cause::ActiveAddressRejected]);
}

#[test]
fn nobody_answers_where_port_leads() {
    let mut rig = inside(Config::default());
    rig.hears("PORT 198,51,100,9,19,137");
    rig.deserted = true;
    rig.hears("LIST");
    let Action::Connect(connect) = rig.server.poll(rig.now()) else { panic!() };
    connect.failed(DataError::Refused);
    assert!(codes(&rig.all(World::Works)).contains(&425));
    let evidence = trouble(&mut rig);
    assert_eq!(evidence.attempts[0].advertised, Some(addr("198.51.100.9:5001")));
    assert_eq!(causes(&evidence), [Cause::ActiveInboundRejected, Cause::ServerOutboundBlocked]);
}

#[test]
fn no_port_is_free() {
    let mut rig = inside(Config::default());
    rig.server.received(b"EPSV\r\n");
    while let Action::Write(write) = rig.server.poll(rig.now()) {
        write.wrote_all();
    }
    let Action::Listen(listen) = rig.server.poll(rig.now()) else { panic!() };
    listen.failed(DataError::NoPort);
    rig.all(World::Works);
    assert_eq!(causes(&trouble(&mut rig)), [Cause::RangeExhausted]);
}

#[test]
fn a_session_that_is_not_resumed() {
    let mut rig = Rig::secured(ftp_proto_rigs::server::tls(ftp_proto::server::Security::Offered));
    rig.fresh = true;
    rig.hears("EPSV");
    rig.hears("LIST");
    let evidence = trouble(&mut rig);
    assert!(evidence.attempts[0].protected);
    assert!(causes(&evidence).contains(&Cause::SessionNotResumed));
}

#[test]
fn what_works_is_no_trouble() {
    let mut rig = inside(Config::default());
    for setup in ["PASV", "EPSV", "PORT 198,51,100,9,19,137"] {
        rig.hears(setup);
        rig.hears("LIST");
        assert!(rig.server.take_trouble().is_none(), "{setup}");
    }
    assert!(diagnose(&rig.server.evidence()).is_empty());
}
