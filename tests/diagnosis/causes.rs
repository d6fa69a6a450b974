//! One evidence for each cause: the first finding names it.

use ftp_proto::diagnosis::Cause::{self, *};
use ftp_proto::{
    Attempt, AttemptEnd, Configuration, Container, ControlLoss, ControlState, DataError, DataTls, Evidence, Helper,
    LossKind, Occasion, Route, Side, Speaks, Surroundings, TlsError, TlsVersion, Verb,
};

use super::build::*;

/// The cause, what is known, and all causes of the first finding.
fn cases() -> Vec<(Cause, Evidence, Vec<Cause>)> {
    let one = |cause, evidence| (cause, evidence, vec![cause]);
    let with = |change: fn(&mut Evidence)| {
        let mut evidence = client();
        change(&mut evidence);
        evidence
    };
    let configured = |change: fn(&mut Configuration)| {
        with(|_| {}).configuration({
            let mut configuration = Configuration::default();
            change(&mut configuration);
            configuration
        })
    };
    let among = |change: fn(&mut Surroundings)| {
        with(|_| {}).surroundings({
            let mut surroundings = Surroundings::default();
            change(&mut surroundings);
            surroundings
        })
    };
    let lost = |during, idle| {
        client().control(ControlState::Lost(ControlLoss::new(LossKind::Closed, during).idle(seconds(idle))))
    };
    let tls = |version| DataTls::completed(Some(version), Some(false));
    let no_reuse = "425 Unable to build data connection: TLS session of data connection not resumed.";
    vec![
        one(PrivateAddressAdvertised, client().attempt(pasv_at("192.168.0.10", DROPPED))),
        one(UnusableAddressAdvertised, client().attempt(pasv_at("0.0.0.0", REFUSED))),
        one(
            ContainerAddressAdvertised,
            among(|known| known.container = Some(Container::Docker)).attempt(pasv_at("172.17.0.2", DROPPED)),
        ),
        one(
            StaleAddressAdvertised,
            client()
                .attempt(pasv_at("198.51.100.23", REFUSED).encrypted())
                .attempt(pasv_here("198.51.100.23", WORKS).encrypted()),
        ),
        one(DataOnAnotherHost, client().attempt(epsv(REFUSED)).attempt(pasv_at("198.51.100.23", WORKS))),
        (
            PassiveRangeDropped,
            client().attempt(epsv(DROPPED)).attempt(pasv(DROPPED)),
            vec![PassiveRangeDropped, OutboundBlocked],
        ),
        (
            PassiveRangeRefused,
            client().attempt(epsv(REFUSED)).attempt(pasv(REFUSED)),
            vec![PassiveRangeRefused, OutboundBlocked],
        ),
        one(
            RangeNotPublished,
            among(|known| {
                known.container = Some(Container::Docker);
                known.published = Some(vec![(21, 21)]);
            })
            .attempt(epsv(REFUSED)),
        ),
        one(
            ServiceWithoutRange,
            among(|known| {
                known.container = Some(Container::Kubernetes);
                known.published = Some(vec![(21, 21)]);
            })
            .attempt(epsv(DROPPED)),
        ),
        one(
            AnotherPod,
            among(|known| {
                known.container = Some(Container::Kubernetes);
                known.published = Some(vec![(21, 21), (50000, 50009)]);
            })
            .attempt(epsv(REFUSED)),
        ),
        (
            OutboundBlocked,
            client().attempt(epsv(AttemptEnd::Failed(DataError::Unreachable))).attempt(pasv(REFUSED)),
            vec![PassiveRangeRefused, OutboundBlocked],
        ),
        one(RangeExhausted, client().attempt(refused(Route::Epsv, "425 All reserved TCP ports are busy"))),
        one(
            RangeSwapped,
            configured(|known| known.ports = Some((50099, 50000))).attempt(refused(Route::Pasv, "550 No.")),
        ),
        one(RangeNotFixed, configured(|known| known.tls_required = Some(true))),
        one(
            PortTakenByAlg,
            client()
                .attempt(epsv(WORKS))
                .attempt(epsv(DROPPED).advertised(addr("203.0.113.7:5060")).reached(addr("203.0.113.7:5060"))),
        ),
        one(PortRewritten, among(|known| known.listened = Some(50059)).attempt(pasv(REFUSED))),
        one(
            PassiveDisabled,
            client().attempt(refused(Route::Epsv, "550 No.")).attempt(refused(Route::Pasv, "550 No.")),
        ),
        (
            ActiveDisabled,
            client().attempt(refused(Route::Port, "550 Permission denied.").advertised(addr("192.168.1.19:6001"))),
            vec![ActiveDisabled],
        ),
        (
            PassiveUnknown,
            client()
                .attempt(refused(Route::Epsv, "500 Unknown command."))
                .attempt(refused(Route::Pasv, "500 Unknown command.")),
            vec![PassiveUnknown, PassiveFiltered, PassiveDisabled],
        ),
        one(PassiveFiltered, client().attempt(epsv(WORKS)).attempt(refused(Route::Pasv, "500 P@SW not understood"))),
        one(EpsvBlocked, client().attempt(epsv(DROPPED)).attempt(epsv(DROPPED)).attempt(pasv(WORKS))),
        one(PasvMangled, client().attempt(pasv(DROPPED)).attempt(epsv(WORKS)).attempt(pasv(DROPPED))),
        one(
            ActiveBehindNat,
            client().attempt(
                refused(Route::Port, "500 I won't open a connection to 192.168.1.19 (only to 198.51.100.9)")
                    .advertised(addr("192.168.1.19:6001")),
            ),
        ),
        one(
            ActiveAddressRejected,
            open_client()
                .attempt(refused(Route::Port, "500 Illegal PORT command.").advertised(addr("198.51.100.10:6001"))),
        ),
        (
            ActiveInboundDropped,
            open_client().attempt(port("198.51.100.9", DROPPED).took(seconds(60))),
            vec![ActiveInboundDropped, ServerOutboundBlocked],
        ),
        (
            ActiveInboundRejected,
            open_client().attempt(port("198.51.100.9", AttemptEnd::ServerFailed(code(425))).took(milliseconds(2))),
            vec![ActiveInboundRejected, ServerOutboundBlocked],
        ),
        (
            ServerOutboundBlocked,
            server().attempt(port("198.51.100.9", DROPPED).took(seconds(30))),
            vec![ActiveInboundDropped, ServerOutboundBlocked],
        ),
        one(
            SetupMissing,
            client().attempt(gave_up(Attempt::new(Route::Epsv, DROPPED), "425 Use PORT, PASV or EPSV first.")),
        ),
        one(DataPeerDiffers, server().attempt(epsv(AttemptEnd::Stranger(ip("198.51.100.10"))))),
        one(
            SessionNotResumed,
            client().attempt(gave_up(epsv(WORKS).protected().opened().tls(tls(TlsVersion::V1_2)), no_reuse)),
        ),
        one(
            SessionNotResumedTls13,
            client()
                .attempt(gave_up(epsv(WORKS).protected().opened().tls(tls(TlsVersion::V1_3)), no_reuse))
                .attempt(epsv(WORKS).protected().opened().tls(DataTls::completed(Some(TlsVersion::V1_2), Some(true)))),
        ),
        one(
            ProtectionUnfit,
            client().attempt(refused(Route::Epsv, "521 Data connection cannot be opened with this PROT setting.")),
        ),
        one(TlsRequired, client().attempt(refused(Route::Epsv, "534 Policy requires SSL."))),
        one(
            DataTlsFailed,
            client().attempt(epsv(AttemptEnd::Failed(DataError::Tls(TlsError::Certificate))).connected().protected()),
        ),
        one(TlsBlindsHelper, among(|known| known.helper = Some(Helper::Attached)).attempt(epsv(DROPPED).encrypted())),
        one(HelperNotAttached, among(|known| known.helper = Some(Helper::Detached)).attempt(epsv(DROPPED))),
        one(PasvOnIpv6, ipv6_client().attempt(pasv_at("203.0.113.7", AttemptEnd::Failed(DataError::Unreachable)))),
        one(FamilyUnsupported, client().attempt(refused(Route::Epsv, "522 Network protocol not supported, use (1)"))),
        one(PretNeeded, with(|known| known.wants_pret = true).attempt(refused(Route::Pasv, "500 Not now."))),
        (PathBroken, client().attempt(epsv(AttemptEnd::Stalled).opened()), vec![PathBroken, DataPeerDiffers]),
        one(
            DataTimeout,
            client().attempt(Attempt::new(Route::Epsv, AttemptEnd::ServerFailed(code(421)))).attempt(epsv(WORKS)),
        ),
        one(
            NoHairpin,
            Evidence::seen_by(Side::Server)
                .client(addr("192.168.1.19:40000"))
                .server(addr("192.168.1.10:21"))
                .attempt(pasv_at(PUBLIC, DROPPED)),
        ),
        one(OutOfStep, with(|known| known.surplus = 2).attempt(pasv(AttemptEnd::Unexpected(code(200))))),
        one(ControlDroppedIdle, lost(Occasion::AfterTransfer, 900)),
        (ClosedTooEarly, client().attempt(epsv(AttemptEnd::CutShort).opened()), vec![ClosedTooEarly, PathBroken]),
        one(LocalFailure, client().attempt(Attempt::new(Route::Port, AttemptEnd::Failed(DataError::NoPort)))),
        one(ControlRefused, client().control(ControlState::NotReached(DataError::Refused))),
        one(ControlUnreachable, client().control(ControlState::NotReached(DataError::TimedOut))),
        one(SshAtPort, with(|known| known.speaks = Some(Speaks::of(b"SSH-2.0-x")))),
        one(HttpAtPort, with(|known| known.speaks = Some(Speaks::of(b"HTTP/1.0 400 Bad Request")))),
        one(SmtpAtPort, with(|known| known.speaks = Some(Speaks::of(b"220 mail.example ESMTP Postfix\r\n")))),
        one(TlsAtPort, with(|known| known.speaks = Some(Speaks::of(&[0x15, 3, 3, 0, 2, 2, 80])))),
        one(ControlTlsFailed, client().control(ControlState::NotReached(DataError::Tls(TlsError::Handshake)))),
        one(NotFtp, with(|known| known.speaks = Some(Speaks::of(b"hello")))),
    ]
}

#[test]
fn each_cause_is_found_first() {
    for (cause, evidence, causes) in cases() {
        assert_eq!(first(&evidence), causes, "{cause:?}: {evidence:#?}");
        assert!(causes.contains(&cause), "{cause:?}");
    }
}

#[test]
fn no_cause_is_left_out() {
    let told: std::collections::BTreeSet<_> = cases().into_iter().map(|(cause, ..)| cause).collect();
    assert!(told.into_iter().eq(Cause::ALL.iter().copied()));
}

#[test]
fn a_connection_that_broke_over_a_command_tells_of_who_reads_along() {
    let lost = |verb| client().control(ControlState::Lost(ControlLoss::new(LossKind::Reset, Occasion::Command(verb))));
    assert_eq!(first(&lost(Verb::Pasv)), [PasvMangled]);
    assert_eq!(first(&lost(Verb::Epsv)), [EpsvBlocked, PassiveFiltered]);
    assert!(first(&lost(Verb::Pwd)).is_empty());
}
