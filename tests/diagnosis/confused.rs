//! Causes that are easily confused, each pair told apart by what tells them apart; and where nothing does, both.

use ftp_proto::diagnosis::Cause::*;
use ftp_proto::diagnosis::{Experiment, diagnose};
use ftp_proto::{
    Attempt, AttemptEnd, ControlLoss, ControlState, DataError, DataTls, Evidence, LossKind, Occasion, Route, Side,
    Software, Speaks, TlsError, TlsVersion,
};

use super::build::*;

/// A log of ftp.exe doesn't tell the server's address.
#[test]
fn an_address_that_leads_nowhere_is_wrong_whoever_the_server_is() {
    for (named, cause) in [
        ("0.0.0.0:50000", UnusableAddressAdvertised),
        ("127.0.0.1:50000", UnusableAddressAdvertised),
        ("198.51.100.7:50000", PassiveRangeRefused),
    ] {
        let named = named.parse().unwrap();
        let refused =
            Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::Refused)).advertised(named).reached(named);
        let findings = diagnose(&Evidence::seen_by(Side::Client).attempt(refused));
        assert_eq!(findings.first().and_then(|finding| finding.causes().next()), Some(cause), "{named}");
        let works = Attempt::new(Route::Pasv, AttemptEnd::Connected).advertised(named).reached(named);
        assert!(diagnose(&Evidence::seen_by(Side::Client).attempt(works)).is_empty());
    }
}

#[test]
fn an_address_that_is_wrong_and_a_port_that_is_closed() {
    let wrong = client().attempt(pasv_at("10.0.0.5", DROPPED)).attempt(epsv(WORKS));
    assert_eq!(all(&wrong), [[PrivateAddressAdvertised]]);
    let closed = client().attempt(pasv(DROPPED)).attempt(epsv(DROPPED));
    assert_eq!(all(&closed), [[PassiveRangeDropped, OutboundBlocked]]);
    // Both at once are two findings, and the address comes first.
    let both = client().attempt(pasv_at("10.0.0.5", DROPPED)).attempt(epsv(DROPPED));
    let found = all(&both);
    assert_eq!(found[0], [PrivateAddressAdvertised]);
    assert!(found[1].contains(&PassiveRangeDropped), "{found:?}");
}

#[test]
fn a_stale_address_and_a_cluster() {
    let named = "198.51.100.23";
    let stale = client().attempt(pasv_at(named, DROPPED)).attempt(pasv_here(named, WORKS));
    assert_eq!(first(&stale), [StaleAddressAdvertised, PasvMangled]);
    // Nobody in between can have put it there.
    let encrypted = client().attempt(pasv_at(named, DROPPED).encrypted()).attempt(pasv_here(named, WORKS).encrypted());
    assert_eq!(first(&encrypted), [StaleAddressAdvertised]);
    let cluster = client().attempt(pasv_at(named, WORKS)).attempt(pasv_here(named, DROPPED));
    assert_eq!(all(&cluster), [[DataOnAnotherHost]]);
    // The control connection's host alone was dialled, as a safe client does.
    let finding = first_finding(&client().attempt(pasv_here(named, REFUSED)));
    assert!(finding.causes().eq([DataOnAnotherHost, StaleAddressAdvertised, PasvMangled]), "{finding}");
    assert_eq!(finding.tells_apart(), Some(Experiment::DialAdvertised));
    // The advertised host alone was, as a trusting one does.
    let finding = first_finding(&client().attempt(pasv_at(named, DROPPED)));
    assert!(finding.causes().next() == Some(StaleAddressAdvertised), "{finding}");
    assert_eq!(finding.tells_apart(), Some(Experiment::DialControlHost));
}

#[test]
fn an_address_that_was_not_dialled_is_not_what_failed() {
    let found = all(&client().attempt(pasv_here("10.0.0.5", DROPPED)).attempt(epsv(DROPPED)));
    assert_eq!(found, [vec![PassiveRangeDropped, OutboundBlocked], vec![PrivateAddressAdvertised]]);
}

#[test]
fn an_address_that_was_not_dialled_by_choice() {
    let private = client().attempt(pasv_here("10.0.0.5", WORKS)).attempt(pasv_at("10.0.0.5", AttemptEnd::NotDialled));
    assert_eq!(all(&private), [[PrivateAddressAdvertised]]);
    let right = client().attempt(pasv(WORKS));
    assert!(all(&right).is_empty());
}

#[test]
fn dropped_and_refused() {
    assert_eq!(first(&client().attempt(epsv(DROPPED)).attempt(pasv(DROPPED)))[0], PassiveRangeDropped);
    assert_eq!(first(&client().attempt(epsv(REFUSED)).attempt(pasv(REFUSED)))[0], PassiveRangeRefused);
}

#[test]
fn epsv_alone_and_pasv_alone() {
    let blocked = client().attempt(epsv(DROPPED)).attempt(pasv(WORKS));
    assert_eq!(first(&blocked.clone().attempt(epsv(DROPPED))), [EpsvBlocked]);
    // Once may be a balancer's turn.
    assert_eq!(first(&blocked), [EpsvBlocked, AnotherPod]);
    let dropped = client().attempt(epsv(WORKS)).attempt(pasv(DROPPED));
    assert_eq!(first(&dropped.clone().attempt(pasv(DROPPED))), [PasvMangled]);
    // Once may be a balancer's turn.
    assert_eq!(first(&dropped), [PasvMangled, AnotherPod]);
    // With one of the two tried, it may be either the port or the command; what would tell is the other.
    let finding = first_finding(&client().attempt(epsv(DROPPED)));
    assert!(
        finding.causes().any(|cause| cause == EpsvBlocked)
            && finding.causes().any(|cause| cause == PassiveRangeDropped)
    );
    assert_eq!(finding.tells_apart(), Some(Experiment::TryRoute(Route::Pasv)));
    let finding = first_finding(&client().attempt(pasv(DROPPED)));
    assert_eq!(finding.tells_apart(), Some(Experiment::TryRoute(Route::Epsv)));
}

#[test]
fn three_ways_in_which_active_mode_fails_from_behind_nat() {
    let port = || port("192.168.1.19", DROPPED);
    let named = refused(Route::Port, "500 Illegal PORT command.").advertised(addr("192.168.1.19:6001"));
    assert_eq!(first(&client().attempt(named)), [ActiveBehindNat]);
    let mut at_once = port();
    at_once.end = AttemptEnd::ServerFailed(code(425));
    assert_eq!(
        first(&client().attempt(at_once.clone().took(milliseconds(2)))),
        [ActiveBehindNat, ActiveInboundRejected, ServerOutboundBlocked]
    );
    // A log that tells no times.
    assert_eq!(
        first(&client().attempt(at_once.clone())),
        [ActiveBehindNat, ActiveInboundRejected, ActiveInboundDropped, ServerOutboundBlocked]
    );
    assert_eq!(
        first(&client().attempt(at_once.took(seconds(60)))),
        [ActiveBehindNat, ActiveInboundDropped, ServerOutboundBlocked]
    );
    // Who names the outside address has thought of the NAT: the port isn't forwarded.
    let mut outside = port().advertised(addr("198.51.100.9:6001")).took(seconds(60));
    outside.end = AttemptEnd::ServerFailed(code(425));
    assert_eq!(first(&client().attempt(outside))[0], ActiveInboundDropped);
}

#[test]
fn the_words_of_a_server_count_more_than_the_time() {
    let late = gave_up(
        port("198.51.100.9", DROPPED).took(seconds(9)),
        "425 Unable to build data connection: Connection refused",
    );
    let mut late = late;
    late.connected = false;
    assert_eq!(first(&open_client().attempt(late))[0], ActiveInboundRejected);
    let mut early = gave_up(port("198.51.100.9", DROPPED), "425 Unable to build data connection: Connection timed out");
    early.connected = false;
    assert_eq!(first(&open_client().attempt(early))[0], ActiveInboundDropped);
}

#[test]
fn an_address_that_is_refused_and_a_mode_that_is_off() {
    let address = "198.51.100.9:6001";
    let at = |line| open_client().attempt(refused(Route::Port, line).advertised(addr(address)));
    assert_eq!(first(&at("500 Illegal PORT command.")), [ActiveAddressRejected]);
    assert_eq!(first(&at("550 Permission denied.")), [ActiveDisabled]);
    assert_eq!(first(&at("502 Command not implemented.")), [ActiveDisabled]);
    assert_eq!(first(&at("500 PORT not understood")), [ActiveDisabled]);
}

#[test]
fn passive_mode_that_is_off_and_a_command_that_is_unknown() {
    let both = |line| client().attempt(refused(Route::Epsv, line)).attempt(refused(Route::Pasv, line));
    assert_eq!(first(&both("550 Permission denied.")), [PassiveDisabled]);
    assert_eq!(first(&both("501 Command not allowed here.")), [PassiveDisabled]);
    assert_eq!(first(&both("502 Not implemented.")), [PassiveUnknown, PassiveFiltered, PassiveDisabled]);
    // Pure-FTPd, started with -N, doesn't know either any more, and lists PRET, which it doesn't need. Measured by tests/lab.
    let mut pure = both("500 Unknown command");
    pure.software = Software::PureFtpd;
    pure.wants_pret = true;
    assert_eq!(first(&pure), [PassiveDisabled, PassiveUnknown, PassiveFiltered]);
    // One of them alone isn't passive mode as such.
    let one = client().attempt(refused(Route::Epsv, "550 Permission denied.")).attempt(pasv(WORKS));
    assert!(!first(&one).contains(&PassiveDisabled));
    let unsure = first_finding(&client().attempt(refused(Route::Pasv, "550 Permission denied.")));
    assert_eq!(unsure.causes().next(), Some(PassiveDisabled));
    assert_eq!(unsure.tells_apart(), Some(Experiment::TryRoute(Route::Epsv)));
}

#[test]
fn two_meanings_of_522_and_521() {
    assert_eq!(
        first(&client().attempt(refused(Route::Epsv, "522 Network protocol not supported, use (1)"))),
        [FamilyUnsupported]
    );
    assert_eq!(
        first(&client().attempt(refused(Route::Epsv, "522 Data connections must be encrypted."))),
        [ProtectionUnfit]
    );
    assert_eq!(first(&client().attempt(refused(Route::Pasv, "521 No."))), [ProtectionUnfit]);
    let finding = first_finding(&client().attempt(refused(Route::Epsv, "522 No.")));
    assert!(finding.causes().eq([FamilyUnsupported, ProtectionUnfit]), "{finding}");
    assert_eq!(finding.tells_apart(), Some(Experiment::WithProtection));
}

#[test]
fn five_meanings_of_425() {
    let at = |line| client().attempt(gave_up(epsv(WORKS), line));
    assert_eq!(first(&at("425 Security: Bad IP connecting.")), [DataPeerDiffers]);
    assert_eq!(first(&at("425 Use PORT or PASV first.")), [SetupMissing]);
    assert_eq!(
        first(&client().attempt(refused(Route::Epsv, "425 Cannot prepare for data connection."))),
        [RangeExhausted]
    );
    let tls = gave_up(
        epsv(WORKS).protected(),
        "425 Unable to build data connection: TLS session of data connection not resumed.",
    );
    assert_eq!(first(&client().attempt(tls)), [SessionNotResumed, SessionNotResumedTls13]);
    // Said of a connection that was never made, a while after the client was told where to make it.
    let mut failed = gave_up(pasv(WORKS).took(seconds(60)), "425 Failed to establish connection.");
    failed.connected = false;
    failed.reached = None;
    assert_eq!(first(&client().attempt(failed))[0], PassiveRangeDropped);
}

#[test]
fn a_session_that_is_not_resumed_and_other_troubles_of_tls() {
    let no_reuse = "522 SSL connection failed: session reuse required";
    let at = |version, line: &str| {
        gave_up(epsv(WORKS).protected().opened().tls(DataTls::completed(Some(version), Some(false))), line)
    };
    let finding = first_finding(&client().attempt(at(TlsVersion::V1_3, no_reuse)));
    assert!(finding.causes().eq([SessionNotResumed, SessionNotResumedTls13]));
    assert_eq!(finding.tells_apart(), Some(Experiment::OverTls12));
    let both = client().attempt(at(TlsVersion::V1_3, no_reuse)).attempt(at(TlsVersion::V1_2, no_reuse));
    assert_eq!(first(&both), [SessionNotResumed]);
    let alone = client()
        .attempt(at(TlsVersion::V1_3, no_reuse))
        .attempt(epsv(WORKS).protected().tls(DataTls::completed(Some(TlsVersion::V1_2), Some(true))));
    assert_eq!(first(&alone), [SessionNotResumedTls13]);
    let wordless = first_finding(&client().attempt(at(TlsVersion::V1_2, "522 Failed.")));
    assert!(wordless.causes().eq([SessionNotResumed, DataTlsFailed]), "{wordless}");
    let late = epsv(AttemptEnd::Failed(DataError::Tls(TlsError::TimedOut))).connected().protected();
    assert_eq!(first(&client().attempt(late)), [PathBroken, DataTlsFailed]);
}

#[test]
fn a_421_that_ends_and_one_that_does_not() {
    let silent =
        |control| client().attempt(Attempt::new(Route::Epsv, AttemptEnd::ServerFailed(code(421)))).control(control);
    assert_eq!(first(&silent(ControlState::Alive)), [DataTimeout]);
    let over = ControlState::Lost(ControlLoss::new(LossKind::Closed, Occasion::AfterTransfer).idle(seconds(900)));
    assert_eq!(first(&silent(over)), [ControlDroppedIdle]);
    let whole =
        |during| client().control(ControlState::Lost(ControlLoss::new(LossKind::Silent, during).idle(seconds(900))));
    assert_eq!(first(&whole(Occasion::AfterTransfer)), [ControlDroppedIdle]);
    assert_eq!(first(&whole(Occasion::Transfer)), [ControlDroppedIdle, PathBroken]);
    assert!(first(&whole(Occasion::Idle)).is_empty());
}

#[test]
fn inside_and_outside_of_a_router() {
    let inside = || Evidence::seen_by(Side::Client).client(addr("192.168.1.19:40000")).server(addr("192.168.1.10:21"));
    assert_eq!(first(&inside().attempt(pasv_at(PUBLIC, DROPPED)))[0], NoHairpin);
    assert_eq!(first(&client().attempt(pasv_at("198.51.100.23", DROPPED)))[0], StaleAddressAdvertised);
    // Two private networks, and a server that names its address in the other.
    assert_eq!(first(&inside().attempt(pasv_at("10.0.0.5", DROPPED))), [PrivateAddressAdvertised]);
}

#[test]
fn tls_and_the_port() {
    let blind = client().attempt(epsv(WORKS)).attempt(epsv(DROPPED).encrypted());
    assert_eq!(first(&blind), [TlsBlindsHelper]);
    let closed = client().attempt(epsv(DROPPED)).attempt(pasv(DROPPED).encrypted());
    assert!(!first(&closed).contains(&TlsBlindsHelper));
    let unsure = first_finding(&client().attempt(epsv(DROPPED).encrypted()).attempt(pasv(DROPPED).encrypted()));
    assert!(
        unsure.causes().any(|cause| cause == TlsBlindsHelper)
            && unsure.causes().any(|cause| cause == PassiveRangeDropped)
    );
    assert_eq!(unsure.tells_apart(), Some(Experiment::WithoutTls));
}

#[test]
fn one_port_of_many() {
    let at = |port: u16| {
        epsv(DROPPED).advertised(addr(&format!("203.0.113.7:{port}"))).reached(addr(&format!("203.0.113.7:{port}")))
    };
    assert_eq!(first(&client().attempt(epsv(WORKS)).attempt(at(5060))), [PortTakenByAlg]);
    assert_eq!(first(&client().attempt(epsv(WORKS)).attempt(at(50000))), [RangeExhausted, PassiveRangeDropped]);
    let finding = first_finding(&client().attempt(at(5060)));
    assert!(finding.causes().take(2).eq([PortTakenByAlg, PassiveRangeDropped]), "{finding}");
    assert_eq!(finding.tells_apart(), Some(Experiment::AnotherPort));
}

#[test]
fn what_answers_at_a_port() {
    for (bytes, speaks) in [
        (&b"220 (vsFTPd 3.0.3)\r\n"[..], Speaks::Ftp),
        (b"220-Welcome\r\n", Speaks::Ftp),
        (b"220 ProFTPD Server (ftp and smtp of example.com) [10.0.0.1]\r\n", Speaks::Ftp),
        (b"220 mx.example.com ESMTP Exim 4.96\r\n", Speaks::Smtp),
        (b"554 mx.example.com SMTP not welcome\r\n", Speaks::Smtp),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Speaks::Ssh),
        (b"HTTP/1.1 400 Bad Request\r\n", Speaks::Http),
        (b"<html><body>", Speaks::Http),
        (&[0x16, 3, 1, 2, 0], Speaks::Tls),
        (b"", Speaks::Nothing),
        (b"+OK POP3 ready\r\n", Speaks::Other),
        (b"* OK IMAP4rev1\r\n", Speaks::Other),
    ] {
        assert_eq!(Speaks::of(bytes), speaks, "{}", bytes.escape_ascii());
    }
    let mut silent = client();
    silent.speaks = Some(Speaks::Nothing);
    assert_eq!(first(&silent), [TlsAtPort, NotFtp]);
    silent.server = Some(addr("203.0.113.7:990"));
    assert_eq!(first(&silent), [TlsAtPort]);
}

#[test]
fn what_a_server_sees_of_a_client_that_does_not_come() {
    let inside = Evidence::seen_by(Side::Server).client(addr("198.51.100.9:40000")).server(addr("10.0.0.5:21"));
    assert_eq!(first(&inside.attempt(pasv_at("10.0.0.5", DROPPED))), [PrivateAddressAdvertised]);
    let closed = first(&server().attempt(epsv(DROPPED)));
    assert_eq!(closed, [PassiveRangeDropped, OutboundBlocked]);
    let named = |host: &str| {
        server().attempt(refused(Route::Port, "500 Illegal PORT command.").advertised(addr(&format!("{host}:6001"))))
    };
    assert_eq!(first(&named("192.168.1.19")), [ActiveBehindNat]);
    assert_eq!(first(&named("198.51.100.77")), [ActiveAddressRejected]);
    assert_eq!(first(&named("198.51.100.9")), [ActiveDisabled]);
}

#[test]
fn active_mode_that_only_tls_breaks_is_an_algs() {
    let named = |line| refused(Route::Port, line).advertised(addr("192.168.1.19:6001"));
    let works = port("192.168.1.19", WORKS);
    assert_eq!(
        first(&client().attempt(works.clone()).attempt(named("500 Illegal PORT command.").encrypted())),
        [TlsBlindsHelper]
    );
    let nobody = port("192.168.1.19", DROPPED).encrypted();
    assert_eq!(first(&client().attempt(works).attempt(nobody.clone())), [TlsBlindsHelper]);
    // Without the one in plaintext nobody knows of an ALG.
    assert_eq!(first(&client().attempt(named("500 Illegal PORT command.").encrypted())), [ActiveBehindNat]);
}

#[test]
fn a_server_without_eprt_and_active_mode_that_is_off() {
    let old = |route| refused(route, "500 Unknown command.");
    let evidence = client().attempt(old(Route::Epsv)).attempt(pasv(WORKS)).attempt(old(Route::Eprt));
    assert_eq!(first(&evidence), [FamilyUnsupported]);
    assert_eq!(first(&client().attempt(epsv(WORKS)).attempt(old(Route::Eprt))), [ActiveDisabled]);
    assert!(diagnose(&open_client().attempt(port("198.51.100.9", WORKS)).attempt(old(Route::Eprt))).is_empty());
}

#[test]
fn passive_mode_comes_before_active_mode_which_few_need() {
    let named = refused(Route::Port, "500 Illegal PORT command.").advertised(addr("192.168.1.19:6001"));
    assert_eq!(
        first(&client().attempt(named.clone()).attempt(pasv_at("10.0.0.5", DROPPED))),
        [PrivateAddressAdvertised]
    );
    assert_eq!(
        first(&client().attempt(named).attempt(gave_up(epsv(WORKS), "425 Security: Bad IP connecting."))),
        [DataPeerDiffers]
    );
}

#[test]
fn a_wrong_host_that_answers_and_a_server_that_takes_us_for_another() {
    let late = |attempt| gave_up(attempt, "425 Failed to establish connection.").took(seconds(60));
    let at = late(pasv_at("10.0.0.5", WORKS));
    assert_eq!(first(&client().attempt(at.clone())), [PrivateAddressAdvertised]);
    assert_eq!(first(&client().attempt(epsv(WORKS)).attempt(at)), [PrivateAddressAdvertised]);
    assert_eq!(first(&client().attempt(late(epsv(WORKS)))), [DataPeerDiffers, PathBroken]);
}

#[test]
fn a_server_that_waits_for_another_and_never_says_so() {
    let silent = ControlState::Lost(ControlLoss::new(LossKind::Silent, Occasion::Transfer).idle(seconds(70)));
    let mut attempt = epsv(AttemptEnd::ControlLost);
    attempt.connected = true;
    assert_eq!(first(&client().attempt(attempt).control(silent)), [DataPeerDiffers, PathBroken]);
}

/// RFC 7335: what a program behind 464XLAT takes for its own address.
#[test]
fn a_client_behind_464xlat_is_behind_nat() {
    let mut evidence = client();
    evidence.client = Some(addr("192.0.0.4:40000"));
    let named = refused(Route::Port, "500 Illegal PORT command.").advertised(addr("192.0.0.4:6001"));
    assert_eq!(first(&evidence.attempt(named)), [ActiveBehindNat]);
}

/// Conntrack's helper and its like open no port of a host that isn't the server.
#[test]
fn a_wrong_host_in_a_227_may_keep_a_helper_from_opening_the_port() {
    for (named, cause) in [("127.0.0.1", UnusableAddressAdvertised), ("198.51.100.23", StaleAddressAdvertised)] {
        let causes = first(&client().attempt(pasv_here(named, DROPPED)).attempt(epsv(WORKS)));
        assert!(causes.contains(&cause), "{named}: {causes:?}");
    }
}

/// A log that doesn't tell where the server is: the address may be out of reach, or its port closed.
#[test]
fn a_private_address_of_a_server_that_nobody_knows() {
    let unknown = || Evidence::seen_by(Side::Client);
    let finding = first_finding(&unknown().attempt(pasv_at("192.168.0.10", DROPPED)));
    assert!(finding.causes().eq([PrivateAddressAdvertised, PassiveRangeDropped, OutboundBlocked]), "{finding}");
    assert_eq!(finding.tells_apart(), Some(Experiment::DialControlHost));
    let contained = first(&unknown().attempt(pasv_at("172.17.0.2", REFUSED)));
    assert_eq!(contained, [PrivateAddressAdvertised, ContainerAddressAdvertised, PassiveRangeRefused, OutboundBlocked]);
    // The server's own word for it.
    let mut late = gave_up(pasv_at("192.168.0.10", DROPPED), "425 Can't open data connection.");
    (late.connected, late.reached) = (false, None);
    assert_eq!(first(&unknown().attempt(late))[0], PrivateAddressAdvertised);
    // Whoever is in a private network too may reach it there.
    let near = unknown().client(addr("192.168.0.99:40000")).attempt(pasv_at("192.168.0.10", REFUSED));
    assert_eq!(first(&near), [PassiveRangeRefused, PrivateAddressAdvertised, OutboundBlocked]);
    assert!(diagnose(&unknown().attempt(pasv_at("192.168.0.10", WORKS))).is_empty());
    // EPSV names no host: it is the port's matter.
    let mut epsv = Attempt::new(Route::Epsv, DROPPED);
    epsv.advertised = Some(addr("192.168.0.10:50000"));
    assert_eq!(first(&unknown().attempt(epsv))[0], PassiveRangeDropped);
}

#[test]
fn active_mode_in_a_log_that_tells_no_ends() {
    let unknown = || Evidence::seen_by(Side::Client);
    let late = |end: AttemptEnd| Attempt::new(Route::Port, end);
    let failed = AttemptEnd::ServerFailed(code(425));
    let inside = late(failed).advertised(addr("192.168.1.34:55640"));
    assert_eq!(first(&unknown().attempt(inside))[0], ActiveBehindNat);
    // These would have refused a foreign address; others may have taken it.
    assert!(!first(&unknown().software(Software::Vsftpd).attempt(late(failed))).contains(&ActiveBehindNat));
    assert!(first(&unknown().attempt(late(failed))).contains(&ActiveBehindNat));
    let illegal = |host: &str| {
        let attempt = refused(Route::Port, "500 Illegal PORT command.").advertised(addr(&format!("{host}:6001")));
        first(&unknown().attempt(attempt))
    };
    assert_eq!(illegal("192.168.1.12"), [ActiveBehindNat, ActiveAddressRejected]);
    assert_eq!(illegal("198.51.100.9"), [ActiveAddressRejected, ActiveBehindNat]);
}

/// ProFTPD says the same of a connection whose TLS doesn't resume the session and of one from elsewhere.
#[test]
fn two_meanings_of_operation_not_permitted() {
    let at = |attempt: Attempt| gave_up(attempt, "425 Unable to build data connection: Operation not permitted");
    let evidence = |attempt| of(Software::ProFtpd).attempt(attempt);
    assert_eq!(first(&evidence(at(epsv(WORKS)))), [DataPeerDiffers]);
    let finding = first_finding(&evidence(at(epsv(WORKS).protected())));
    assert!(finding.causes().eq([SessionNotResumed, SessionNotResumedTls13, DataPeerDiffers]), "{finding}");
    assert_eq!(finding.tells_apart(), Some(Experiment::Resume));
    let resumed = epsv(WORKS).protected().tls(DataTls::completed(Some(TlsVersion::V1_2), Some(true)));
    assert_eq!(first(&evidence(at(resumed))), [DataTlsFailed, DataPeerDiffers]);
    // A connection that it makes itself is the system's matter.
    let active = gave_up(port("198.51.100.9", WORKS), "425 Unable to build data connection: Operation not permitted");
    assert!(!first(&open_client().attempt(active)).contains(&SessionNotResumed));
}

#[test]
fn tls_that_was_not_ended_in_order() {
    let late = gave_up(epsv(WORKS).protected().opened(), "426 Unable to close data connection gracefully.");
    assert_eq!(first(&client().attempt(late)), [DataTlsFailed]);
}
