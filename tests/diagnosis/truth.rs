//! The situations of the truth table, as a client sees each way fail in them: the cause is among those of the first finding.

use ftp_proto::diagnosis::Cause::{self, *};
use ftp_proto::{Attempt, AttemptEnd, DataError, DataTls, Evidence, Route, TlsError, TlsVersion};

use super::build::*;

/// A client behind NAT64.
fn nat64() -> Evidence {
    Evidence::seen_by(ftp_proto::Side::Client)
        .client(addr("[2001:db8::9]:40000"))
        .server(addr("[64:ff9b::cb00:7107]:21"))
}

fn late_425() -> Attempt {
    port("192.168.1.19", AttemptEnd::ServerFailed(code(425))).took(seconds(60))
}

fn cases() -> Vec<(&'static str, Evidence, Cause)> {
    let named = |line: &str| refused(Route::Port, line).advertised(addr("192.168.1.19:6001"));
    let both = |line: &str| client().attempt(refused(Route::Epsv, line)).attempt(refused(Route::Pasv, line));
    vec![
        ("T01 vsftpd", client().attempt(named("500 Illegal PORT command.")), ActiveBehindNat),
        ("T01 pure-ftpd", client().attempt(named("500 I won't open a connection to 192.168.1.19 (only to 198.51.100.9)")), ActiveBehindNat),
        ("T01 pyftpdlib", client().attempt(named("501 Rejected data connection to foreign address 192.168.1.19:6001.")), ActiveBehindNat),
        ("T01 ProFTPD", client().attempt(late_425()), ActiveBehindNat),
        ("T01 FileZilla", client().attempt(port("192.168.1.19", AttemptEnd::ServerFailed(code(425)))), ActiveBehindNat),
        ("T01 EPRT", client().attempt(refused(Route::Eprt, "500 Illegal EPRT command.").advertised(addr("192.168.1.19:6001"))), ActiveBehindNat),
        ("T02 late", client().attempt(late_425().advertised(addr("198.51.100.9:6001"))), ActiveInboundDropped),
        ("T02 at once", client().attempt(port("198.51.100.9", AttemptEnd::ServerFailed(code(425)))), ActiveInboundRejected),
        ("T05", client().attempt(named("500 Illegal PORT command.").encrypted()), ActiveBehindNat),
        ("T06 server", open_client().attempt(late_425().advertised(addr("198.51.100.9:6001"))), ActiveInboundDropped),
        ("T06 client", open_client().attempt(port("198.51.100.9", DROPPED).took(seconds(30))), ActiveInboundDropped),
        ("T07 PASV", client().attempt(pasv(DROPPED)), OutboundBlocked),
        ("T07 EPSV", client().attempt(epsv(REFUSED)), OutboundBlocked),
        ("T09", client().attempt(pasv_at("10.0.0.5", DROPPED)), PrivateAddressAdvertised),
        ("T09 no route", client().attempt(pasv_at("10.0.0.5", AttemptEnd::Failed(DataError::Unreachable))), PrivateAddressAdvertised),
        ("T10", client().attempt(pasv_at("198.51.100.23", DROPPED)), StaleAddressAdvertised),
        ("T11 PASV", client().attempt(pasv(DROPPED)), PassiveRangeDropped),
        ("T11 EPSV", client().attempt(epsv(DROPPED)), PassiveRangeDropped),
        ("T12 PASV", client().attempt(pasv(REFUSED)), PassiveRangeRefused),
        ("T12 EPSV", client().attempt(epsv(REFUSED)), PassiveRangeRefused),
        ("T13 pure-ftpd", both("425 All reserved TCP ports are busy"), RangeExhausted),
        ("T13 vsftpd", both("500 OOPS: vsf_sysutil_bind, maximum number of attempts to find a listening port exceeded"), RangeExhausted),
        ("T13 ProFTPD", client().attempt(epsv(WORKS)).attempt(epsv(DROPPED)), RangeExhausted),
        ("T14 vsftpd", both("550 Permission denied."), PassiveDisabled),
        ("T14 ProFTPD", both("501 PASV: Operation not permitted"), PassiveDisabled),
        ("T14 one", client().attempt(refused(Route::Pasv, "550 Permission denied.")), PassiveDisabled),
        ("T15 vsftpd", client().attempt(named("550 Permission denied.")), ActiveDisabled),
        ("T15 libunftp", client().attempt(named("502 Command not implemented")), ActiveDisabled),
        ("T15 wordless", client().attempt(named("500 No.")), ActiveDisabled),
        (
            "T16",
            client().attempt(epsv(DROPPED)).attempt(pasv_at("10.0.0.5", DROPPED)).attempt(named("500 Illegal PORT command.")),
            PrivateAddressAdvertised,
        ),
        ("T17 vsftpd", ipv6_client().attempt(Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::Unreachable)).advertised(addr("0.0.0.0:5000")).reached(addr("0.0.0.0:5000"))), PasvOnIpv6),
        ("T17 FileZilla", ipv6_client().attempt(refused(Route::Pasv, "500 You are connected using IPv6. PASV is only for IPv4.")), PasvOnIpv6),
        ("T18 EPRT", nat64().attempt(refused(Route::Eprt, "522 Network protocol not supported, use (1)")), FamilyUnsupported),
        ("T18 PASV", nat64().attempt(pasv_at("203.0.113.7", AttemptEnd::Failed(DataError::Unreachable))), PasvOnIpv6),
        ("T19", nat64().attempt(refused(Route::Epsv, "502 Command not implemented.")), PassiveUnknown),
        ("T23 alone", client().attempt(epsv(DROPPED)), EpsvBlocked),
        ("T23", client().attempt(epsv(DROPPED)).attempt(epsv(DROPPED)).attempt(pasv(WORKS)), EpsvBlocked),
        ("T24 550", client().attempt(refused(Route::Pasv, "550 No.")), PasvMangled),
        ("T24 550, EPSV works", client().attempt(epsv(WORKS)).attempt(refused(Route::Pasv, "550 No.")), PasvMangled),
        ("T24 reset", client().attempt(Attempt::new(Route::Pasv, AttemptEnd::ControlLost)), PasvMangled),
        ("T24 time-out", client().attempt(pasv(DROPPED)), PasvMangled),
        ("T24 address", client().attempt(epsv(WORKS)).attempt(pasv_at("198.51.100.23", DROPPED)), PasvMangled),
        ("T24 damaged", client().attempt(Attempt::new(Route::Pasv, AttemptEnd::Unreadable)), PasvMangled),
        ("T25", client().attempt(epsv(DROPPED).protected()), TlsBlindsHelper),
        ("T26 host", client().attempt(pasv_here("198.51.100.23", REFUSED)), DataOnAnotherHost),
        ("T26 EPSV", client().attempt(epsv(DROPPED)), DataOnAnotherHost),
        ("T28 vsftpd", client().attempt(gave_up(epsv(WORKS), "425 Security: Bad IP connecting.")), DataPeerDiffers),
        ("T28 ProFTPD", client().attempt(gave_up(pasv(WORKS), "425 Unable to build data connection: Operation not permitted")), DataPeerDiffers),
        ("T28 pure-ftpd", client().attempt(gave_up(pasv(WORKS).opened(), "421 Timeout (15 minutes): closing control connection.")), DataPeerDiffers),
        ("T28 silent", client().attempt(pasv(AttemptEnd::Stalled).opened()), DataPeerDiffers),
        ("T29 vsftpd", client().attempt(gave_up(epsv(WORKS).protected().opened(), "522 SSL connection failed; session reuse required: see require_ssl_reuse option in vsftpd.conf man page")), SessionNotResumed),
        ("T29 FileZilla", client().attempt(gave_up(epsv(WORKS).protected().opened(), "425 Unable to build data connection: TLS session of data connection not resumed.")), SessionNotResumed),
        ("T29 at the client", client().attempt(epsv(AttemptEnd::Failed(DataError::Tls(TlsError::Handshake))).connected().protected().tls(DataTls::failed(Some(TlsVersion::V1_2), None))), SessionNotResumed),
        ("T30 521", client().attempt(gave_up(epsv(WORKS).encrypted(), "521 Data connection cannot be opened with this PROT setting.")), ProtectionUnfit),
        ("T30 522", client().attempt(refused(Route::Epsv, "522 Data connections must be encrypted.").encrypted()), ProtectionUnfit),
        ("T31", client().attempt(refused(Route::Pasv, "500 P@SW not understood")), PassiveFiltered),
        ("T31 wordless", client().attempt(epsv(WORKS)).attempt(refused(Route::Pasv, "500 Unknown command.")), PassiveFiltered),
    ]
}

#[test]
fn the_first_finding_names_what_is_the_case() {
    for (situation, evidence, cause) in cases() {
        let causes = first(&evidence);
        assert!(causes.contains(&cause), "{situation}: {causes:?} without {cause:?}");
    }
}

/// Where the evidence tells it from all others, it is alone.
#[test]
fn it_is_alone_where_it_can_be() {
    let alone = [
        "T01 vsftpd",
        "T01 pure-ftpd",
        "T01 pyftpdlib",
        "T05",
        "T09",
        "T13 pure-ftpd",
        "T13 vsftpd",
        "T14 vsftpd",
        "T14 ProFTPD",
    ];
    let alone = alone.iter().chain(&[
        "T15 vsftpd",
        "T15 libunftp",
        "T17 vsftpd",
        "T17 FileZilla",
        "T18 EPRT",
        "T18 PASV",
        "T23",
    ]);
    let alone: Vec<_> = alone.chain(&["T28 vsftpd", "T28 ProFTPD", "T30 521", "T30 522", "T31"]).collect();
    for (situation, evidence, cause) in cases() {
        if alone.contains(&&situation) {
            assert_eq!(first(&evidence), [cause], "{situation}");
        }
    }
}
