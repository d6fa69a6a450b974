//! The feature `serde`: values are written as JSON and read back.

use std::fmt::Debug;
use std::time::Duration;

use ftp_proto::client::{self, Noise};
use ftp_proto::diagnosis::{Cause, Causes, Experiment, Findings, diagnose};
use ftp_proto::listing::{Entry, Hint, Line, Listing, OwnedEntry};
use ftp_proto::server::{self, Network, PublicAddress};
use ftp_proto::telnet::Escape;
use ftp_proto::tracker::{Rules, Strangers};
use ftp_proto::{
    Algs, Attempt, AttemptEnd, Code, Command, CommandLine, ControlLoss, ControlState, DataError, DataTls, EpsvArgument,
    Evidence, Excerpt, ExtendedAddress, ExtendedPort, Form, HostPort, LongAddress, LossKind, NetworkProtocol, Occasion,
    OtherCommand, PassiveHost, Password, Protection, Reply, Route, Side, Site, Software, Time, TlsError, TlsVersion,
    Type, Verb,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn both_ways<T: Serialize + DeserializeOwned + Debug + PartialEq>(value: T, json: &str) {
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
}

fn refused<T: DeserializeOwned + Debug>(json: &str) -> String {
    serde_json::from_str::<T>(json).expect_err(json).to_string()
}

#[test]
fn words_are_text_and_codes_are_numbers() {
    both_ways(Route::Epsv, "\"EPSV\"");
    both_ways(Code::LOGGED_IN, "230");
    both_ways(Verb::Retr, "\"RETR\"");
    both_ways(Verb::Other, "\"\"");
    both_ways("20240229235960.25".parse::<Time>().unwrap(), "\"20240229235960.25\"");
    both_ways("10,0,0,1,192,100".parse::<HostPort>().unwrap(), "\"10,0,0,1,192,100\"");
    both_ways("|2|::1|5282|".parse::<ExtendedAddress>().unwrap(), "\"|2|::1|5282|\"");
    both_ways("|||6446|".parse::<ExtendedPort>().unwrap(), "\"|||6446|\"");
    both_ways("4,4,10,0,0,1,2,5,67".parse::<LongAddress>().unwrap(), "\"4,4,10,0,0,1,2,5,67\"");
    both_ways(NetworkProtocol::Ipv6, "\"2\"");
    both_ways((Protection::Private, Algs::Status64, EpsvArgument::All), "[\"P\",\"STATUS64\",\"ALL\"]");
    let form = Form { representation: Type::LOCAL_8, ..Form::default() };
    both_ways(form, r#"{"representation":"L 8","structure":"F","mode":"S"}"#);
    // A wrong text gives the message of the type's own error.
    assert!(refused::<Route>("\"FTP\"").contains("EPSV, PASV, EPRT or PORT"));
    assert!(refused::<HostPort>("\"10,0,0,256,1,1\"").contains("expected a number from 0 to 255 at byte 7"));
    assert!(refused::<Code>("700").contains("100 to 699"));
    refused::<Time>("\"2024\"");
    refused::<Verb>("\"XYZZY\"");
    refused::<Type>("5");
}

#[test]
fn a_policy_is_written_whole_and_read_from_parts() {
    let config = client::Config::default();
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<client::Config>(&json).unwrap(), config);
    let read: client::Config = serde_json::from_str(
        r#"{"routes": ["EPSV", "PASV", "EPRT"], "passive_host": "advertised_if_plausible", "security": "required",
            "noise": "never", "escaping": {"replies": "doubled"}, "patience": {"reply": {"secs": 5, "nanos": 0}}}"#,
    )
    .unwrap();
    let mut expected = client::Config::default();
    expected.routes = vec![Route::Epsv, Route::Pasv, Route::Eprt];
    expected.passive_host = PassiveHost::AdvertisedIfPlausible;
    expected.security = client::Security::Required;
    expected.noise = Noise::Never;
    expected.escaping.replies = Escape::Doubled;
    expected.patience.reply = std::time::Duration::from_secs(5);
    assert_eq!(read, expected);
    assert!(refused::<client::Config>(r#"{"rotues": []}"#).contains("rotues"), "a typing error is one");

    let mut config = server::Config::default();
    config.security = server::Security::Login;
    config.passive.ports = 50_000..=50_100;
    config.passive.address = PublicAddress::outside([192, 0, 2, 1].into());
    let json = serde_json::to_string(&config).unwrap();
    assert!(json.contains(r#""security":"login""#) && json.contains("\"10.0.0.0/8\""), "{json}");
    assert_eq!(serde_json::from_str::<server::Config>(&json).unwrap(), config);
    both_ways("10.0.0.0/8".parse::<Network>().unwrap(), "\"10.0.0.0/8\"");
}

#[test]
fn an_entry_of_a_listing_is_written_and_read() {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let mut listing = Listing::new(now, Hint::List);
    let Line::Entry(entry) = listing.line(b"-rw-r--r-- 1 u g 5 Mar  9 14:05 notes.txt") else { panic!() };
    let json = serde_json::to_string(&entry).unwrap();
    assert!(json.starts_with(r#"{"name":"notes.txt","kind":"file","size":{"bytes":5,"unit":1},"#), "{json}");
    assert!(json.contains(r#""owner":"u""#) && json.contains(r#""link_target":null"#), "{json}");
    assert_eq!(serde_json::from_str::<Entry<'_>>(&json).unwrap(), entry);
    let Line::Entry(entry) = listing.line(b"-rw-r--r-- 1 u g 5 Mar  9 14:05 caf\xe9") else { panic!() };
    assert!(serde_json::to_string(&entry).unwrap().contains(r#""name":[99,97,102,233]"#));
}

#[test]
fn an_entry_of_any_name_is_read_into_memory_of_its_own() {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    for line in [
        &b"-rw-r--r-- 1 u g 5 Mar  9 14:05 notes.txt"[..],
        b"-rw-r--r-- 1 u g 5 Mar  9 14:05 a \"b\" \\ \x1b",
        b"lrwxrwxrwx 1 u g 5 Mar  9 2021 caf\xe9 -> \xff\xfe",
        b"crw-rw---- 1 root tty 4, 64 Mar  9 14:05 tty",
        b"type=file;size=7;modify=20240309140500; x",
        b"03-09-24  02:05PM       <DIR>          d",
    ] {
        let mut listing = Listing::new(now, Hint::List);
        let Line::Entry(entry) = listing.line(line) else { panic!("{}", line.escape_ascii()) };
        let owned = entry.into_owned();
        assert_eq!((owned.entry(), OwnedEntry::from(entry)), (entry, owned.clone()));
        let json = serde_json::to_string(&owned).unwrap();
        assert_eq!(json, serde_json::to_string(&entry).unwrap());
        assert_eq!(serde_json::from_str::<OwnedEntry>(&json).unwrap(), owned, "{json}");
        let binary = postcard::to_allocvec(&owned).unwrap();
        assert_eq!(postcard::from_bytes::<OwnedEntry>(&binary).unwrap(), owned);
        assert_eq!(postcard::from_bytes::<Entry<'_>>(&binary).unwrap(), entry);
    }
    refused::<OwnedEntry>(r#"{"name":"a"}"#);
    refused::<OwnedEntry>(r#"{"name":[256],"kind":"file","facts":""}"#);
}

/// As JSON and as postcard, which has neither names nor missing fields.
fn there_and_back<T: Serialize + DeserializeOwned + Debug + PartialEq>(value: &T) -> String {
    let binary = postcard::to_allocvec(value).unwrap();
    assert_eq!(&postcard::from_bytes::<T>(&binary).unwrap(), value);
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    json
}

#[test]
fn evidence_is_written_whole_and_read_from_parts() {
    let said = Reply::parse(b"425 Security: Bad IP connecting \"caf\xe9\".\r\n").unwrap().unwrap().0;
    let ends = [
        AttemptEnd::Connected,
        AttemptEnd::Refused(Code::NOT_IMPLEMENTED),
        AttemptEnd::Unexpected(Code::COMMAND_OKAY),
        AttemptEnd::Unreadable,
        AttemptEnd::Failed(DataError::Tls(TlsError::NotResumed)),
        AttemptEnd::ServerFailed(Code::CANNOT_OPEN_DATA_CONNECTION),
        AttemptEnd::Stranger([192, 0, 2, 1].into()),
        AttemptEnd::Stalled,
        AttemptEnd::CutShort,
        AttemptEnd::NotDialled,
        AttemptEnd::ControlLost,
    ];
    let mut evidence = Evidence::seen_by(Side::Observer)
        .client("192.0.2.1:40000".parse().unwrap())
        .server("[2001:db8::1]:21".parse().unwrap())
        .software(Software::FileZillaServer)
        .control(ControlState::Lost(
            ControlLoss::new(LossKind::Silent, Occasion::Command(Verb::Retr)).idle(Duration::from_millis(1500)),
        ));
    for end in ends {
        let tls = DataTls::completed(Some(TlsVersion::V1_3), Some(false));
        let attempt = Attempt::new(Route::Pasv, end).advertised("10.0.0.5:50000".parse().unwrap()).protected();
        evidence =
            evidence.attempt(attempt.tls(tls).network(NetworkProtocol::Ipv6).took(Duration::from_secs(3)).said(&said));
    }
    evidence.surroundings.published = Some(vec![(21, 21), (50_000, 50_100)]);
    evidence.configuration.ports = Some((50_000, 50_100));
    let json = there_and_back(&evidence);
    for part in
        [r#""side":"observer""#, r#""software":"filezilla_server""#, r#""version":"1.3""#, r#"{"command":"RETR"}"#]
    {
        assert!(json.contains(part), "{part} in {json}");
    }

    let read: Evidence = serde_json::from_str(
        r#"{"side": "client", "server": "203.0.113.7:21", "software": "vsftpd", "attempts": [
            {"route": "PASV", "end": {"failed": "timed_out"}, "advertised": "192.168.1.10:50000",
             "reached": "192.168.1.10:50000",
             "said": {"code": 425, "text": "a \"quoted\" word"}}]}"#,
    )
    .unwrap();
    assert_eq!((read.side, read.software, read.speaks), (Side::Client, Software::Vsftpd, None));
    let attempt = &read.attempts[0];
    assert_eq!((attempt.end, attempt.connected), (AttemptEnd::Failed(DataError::TimedOut), false));
    assert_eq!(attempt.said.as_ref().unwrap().text(), b"a \"quoted\" word");
    assert!(diagnose(&read).first().unwrap().causes().any(|cause| cause == Cause::PrivateAddressAdvertised));
    assert_eq!(serde_json::from_str::<Evidence>("{}").unwrap(), Evidence::default());
    assert!(refused::<Attempt>(r#"{"route": "PASV"}"#).contains("end"));
    // No more of a server's reply is kept than a client keeps.
    let long = format!(r#"{{"code": 425, "text": "{}"}}"#, "x".repeat(5000));
    assert_eq!(serde_json::from_str::<Excerpt>(&long).unwrap().text().len(), Excerpt::LONGEST);
}

#[test]
fn findings_are_written_and_read() {
    let inside = "192.168.1.10:50000".parse().unwrap();
    let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)).advertised(inside).reached(inside);
    let evidence = Evidence::seen_by(Side::Client).server("203.0.113.7:21".parse().unwrap()).software(Software::Vsftpd);
    let findings = diagnose(&evidence.attempt(attempt));
    assert!(!findings.is_empty());
    let json = there_and_back(&findings);
    assert!(json.starts_with(r#"[{"causes":["private-address-advertised""#), "{json}");
    let read: Findings = serde_json::from_str(&json).unwrap();
    assert_eq!(read.to_string(), findings.to_string(), "the cures, too");
    let cures: Vec<_> = findings.first().unwrap().cures().collect();
    let json = serde_json::to_string(&cures).unwrap();
    assert!(
        json.contains(r#""actor":"server_administrator""#) && json.contains("\"pasv_address=203.0.113.7\""),
        "{json}"
    );
    for cause in Cause::ALL {
        both_ways(*cause, &format!("\"{}\"", cause.id()));
        assert_eq!(there_and_back(&Causes::of(&[*cause])), format!("[\"{}\"]", cause.id()));
    }
    both_ways(Experiment::TryRoute(Route::Epsv), r#"{"try_route":"EPSV"}"#);
    refused::<Cause>("\"weather\"");
}

/// Generated evidence and its findings.
#[cfg(feature = "arbitrary")]
#[test]
fn any_evidence_and_what_is_found_in_it_is_written_and_read() {
    use arbitrary::{Arbitrary as _, Unstructured};
    let mut seed = 1_u64;
    for _ in 0..300 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        })
        .take(600)
        .collect();
        let evidence = Evidence::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
        // Not as postcard, and compared as text: in formats that aren't human-readable serde drops an IPv6 address's scope, and
        // text can't hold its flow label.
        let json = serde_json::to_string(&evidence).unwrap();
        let read: Evidence = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{read:?}"), format!("{evidence:?}"));
        let findings = diagnose(&evidence);
        let json = serde_json::to_string(&findings).unwrap();
        let read: Findings = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{read:?}"), format!("{findings:?}"));
    }
}

#[test]
fn rules_of_a_tracker_are_a_policy() {
    let mut rules = Rules::new();
    rules.trusted = vec![[192, 0, 2, 9].into()].into();
    there_and_back(&rules);
    let read: Rules = serde_json::from_str(r#"{"strangers": "replaced"}"#).unwrap();
    assert_eq!((read.strangers, read.trusted.len()), (Strangers::Replaced, 0));
    refused::<Rules>(r#"{"stranger": "replaced"}"#);
}

/// Whether a type has serde's traits: an inherent constant hides a trait's if its bounds hold.
macro_rules! has_serde {
    ($kind:ty) => {{
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        trait Without {
            const WRITTEN: bool = false;
            const READ: bool = false;
        }
        impl<T> Without for Probe<T> {}
        #[allow(dead_code)]
        impl<T: Serialize> Probe<T> {
            const WRITTEN: bool = true;
        }
        #[allow(dead_code)]
        impl<T: DeserializeOwned> Probe<T> {
            const READ: bool = true;
        }
        (Probe::<$kind>::WRITTEN, Probe::<$kind>::READ)
    }};
}

#[test]
fn what_can_hold_a_secret_is_neither_written_nor_read() {
    assert_eq!(has_serde!(Route), (true, true));
    assert_eq!(has_serde!(Password<'static>), (false, false));
    assert_eq!(has_serde!(Command<'static>), (false, false));
    assert_eq!(has_serde!(CommandLine<'static>), (false, false));
    assert_eq!(has_serde!(OtherCommand<'static>), (false, false));
    assert_eq!(has_serde!(Site<'static>), (false, false));
    assert_eq!(has_serde!(client::Request), (false, false));
    assert_eq!(has_serde!(client::Rejected), (false, false));
}
