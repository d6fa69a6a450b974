//! The 27 kinds of evidence that the doctor's table names, each with its diagnosis.

use ftp_proto::diagnosis::Cause::{self, *};
use ftp_proto::{Attempt, AttemptEnd, ControlState, DataTls, Evidence, Route, Side, Speaks, TlsVersion};

use super::build::*;

fn rows() -> Vec<(&'static str, Evidence, Vec<Cause>)> {
    vec![
        ("D01", client().attempt(pasv_at("10.0.0.5", DROPPED)), vec![PrivateAddressAdvertised]),
        ("D01", client().attempt(pasv_at("100.64.0.5", DROPPED)), vec![PrivateAddressAdvertised]),
        ("D01", client().attempt(pasv_at("169.254.0.5", REFUSED)), vec![PrivateAddressAdvertised]),
        ("D01", client().attempt(pasv_at("127.0.0.1", REFUSED)), vec![UnusableAddressAdvertised]),
        (
            "D02",
            client().attempt(pasv_at("198.51.100.23", DROPPED)).attempt(pasv_here("198.51.100.23", WORKS)),
            vec![StaleAddressAdvertised, PasvMangled],
        ),
        (
            "D03",
            client().attempt(pasv_here("198.51.100.23", REFUSED)).attempt(pasv_at("198.51.100.23", WORKS)),
            vec![DataOnAnotherHost],
        ),
        (
            "D04",
            client().attempt(epsv(DROPPED)).attempt(pasv(DROPPED)),
            vec![PassiveRangeDropped, OutboundBlocked],
        ),
        (
            "D05",
            client().attempt(epsv(REFUSED)).attempt(pasv(REFUSED)),
            vec![PassiveRangeRefused, OutboundBlocked],
        ),
        (
            "D06",
            client()
                .attempt(epsv(WORKS))
                .attempt(epsv(WORKS))
                .attempt(epsv(DROPPED).advertised(addr("203.0.113.7:33333")).reached(addr("203.0.113.7:33333"))),
            vec![RangeExhausted, PassiveRangeDropped],
        ),
        (
            "D07",
            client().attempt(refused(Route::Epsv, "550 Permission denied.")).attempt(refused(Route::Pasv, "550 Permission denied.")),
            vec![PassiveDisabled],
        ),
        (
            "D08",
            client()
                .attempt(refused(Route::Epsv, "502 Command not implemented."))
                .attempt(refused(Route::Pasv, "502 Command not implemented.")),
            vec![PassiveUnknown, PassiveFiltered, PassiveDisabled],
        ),
        ("D09", client().attempt(epsv(DROPPED)).attempt(epsv(DROPPED)).attempt(pasv(WORKS)), vec![EpsvBlocked]),
        ("D10", client().attempt(epsv(WORKS)).attempt(Attempt::new(Route::Pasv, AttemptEnd::Unreadable)), vec![PasvMangled]),
        ("D10", client().attempt(epsv(WORKS)).attempt(Attempt::new(Route::Pasv, AttemptEnd::ControlLost)), vec![PasvMangled]),
        (
            "D11",
            client().attempt(refused(Route::Port, "500 Illegal PORT command.").advertised(addr("192.168.1.19:6001"))),
            vec![ActiveBehindNat],
        ),
        (
            "D12",
            open_client().attempt(port("198.51.100.9", AttemptEnd::ServerFailed(code(425))).took(seconds(60))),
            vec![ActiveInboundDropped, ServerOutboundBlocked],
        ),
        (
            "D13",
            open_client().attempt(port("198.51.100.9", AttemptEnd::ServerFailed(code(425))).took(milliseconds(2))),
            vec![ActiveInboundRejected, ServerOutboundBlocked],
        ),
        (
            "D14",
            client().attempt({
                let words = reply("425 Use PORT or PASV first.");
                Attempt::new(Route::Pasv, AttemptEnd::ServerFailed(words.code())).said(&words)
            }),
            vec![SetupMissing],
        ),
        ("D15", client().attempt(gave_up(pasv(WORKS), "425 Security: Bad IP connecting.")), vec![DataPeerDiffers]),
        (
            "D15",
            client().attempt(gave_up(epsv(WORKS), "425 Rejected data connection from foreign address 198.51.100.8.")),
            vec![DataPeerDiffers],
        ),
        (
            "D16",
            client()
                .attempt(gave_up(
                    epsv(WORKS).protected().opened().tls(DataTls::completed(Some(TlsVersion::V1_2), Some(false))),
                    "522 SSL connection failed; session reuse required: see require_ssl_reuse option in vsftpd.conf man page",
                )),
            vec![SessionNotResumed],
        ),
        ("D17", client().attempt(gave_up(epsv(WORKS).encrypted(), "521 PROT P required")), vec![ProtectionUnfit]),
        ("D17", client().attempt(refused(Route::Epsv, "530 Non-anonymous sessions must use encryption.")), vec![TlsRequired]),
        ("D18", ipv6_client().attempt(refused(Route::Pasv, "425 You cannot use PASV on IPv6 connections. Use EPSV instead.")), vec![PasvOnIpv6]),
        ("D18", ipv6_client().attempt(Attempt::new(Route::Pasv, AttemptEnd::Unreadable)), vec![PasvOnIpv6]),
        ("D18", ipv6_client().attempt(refused(Route::Pasv, "500 Illegal PASV command.")), vec![PasvOnIpv6]),
        ("D19", client().attempt(refused(Route::Eprt, "522 Network protocol not supported, use (1)")), vec![FamilyUnsupported]),
        ("D20", client().attempt(refused(Route::Pasv, "500 You need to use a client supporting PRET (PRE Transfer) to use PASV")), vec![PretNeeded]),
        (
            "D21",
            client().attempt(gave_up(epsv(WORKS).opened(), "426 Connection closed; transfer aborted.")),
            vec![PathBroken, DataPeerDiffers],
        ),
        (
            "D22",
            client()
                .attempt({
                    let words = reply("421 Passive data channel timed out.");
                    Attempt::new(Route::Epsv, AttemptEnd::ServerFailed(words.code())).said(&words)
                })
                .control(ControlState::Alive),
            vec![DataTimeout],
        ),
        ("D23", client().attempt(pasv_at("172.17.0.2", DROPPED)), vec![PrivateAddressAdvertised, ContainerAddressAdvertised]),
        (
            "D24",
            Evidence::seen_by(Side::Client)
                .client(addr("192.168.1.19:40000"))
                .server(addr("192.168.1.10:21"))
                .attempt(pasv_at(PUBLIC, DROPPED)),
            vec![NoHairpin, StaleAddressAdvertised],
        ),
        ("D25", client().attempt(epsv(WORKS)).attempt(epsv(DROPPED).protected()), vec![TlsBlindsHelper]),
        ("D26", { let mut evidence = client(); evidence.surplus = 1; evidence }, vec![OutOfStep]),
        ("D27", { let mut evidence = client(); evidence.speaks = Some(Speaks::of(b"SSH-2.0-OpenSSH_9.2\r\n")); evidence }, vec![SshAtPort]),
        ("D27", { let mut evidence = client(); evidence.speaks = Some(Speaks::of(b"HTTP/1.1 400 Bad Request\r\n")); evidence }, vec![HttpAtPort]),
    ]
}

#[test]
fn each_row_has_its_diagnosis() {
    for (row, evidence, causes) in rows() {
        assert_eq!(first(&evidence), causes, "{row}: {evidence:#?}");
    }
}

#[test]
fn no_row_is_left_out() {
    let told: std::collections::BTreeSet<_> = rows().into_iter().map(|(row, ..)| row).collect();
    let all: std::collections::BTreeSet<_> = (1..=27).map(|row| format!("D{row:02}")).collect();
    assert!(told.iter().map(|row| row.to_string()).eq(all));
}
