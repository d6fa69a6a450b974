//! The feature `serde`: what is written as JSON, and read back.

use std::fmt::Debug;

use ftp_proto::client::{self, Noise};
use ftp_proto::listing::{Hint, Line, Listing};
use ftp_proto::server::{self, Network, PublicAddress};
use ftp_proto::telnet::Escape;
use ftp_proto::{
    Algs, Code, EpsvArgument, ExtendedAddress, ExtendedPort, Form, HostPort, LongAddress, NetworkProtocol, PassiveHost,
    Protection, Route, Time, Type, Verb,
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
    // What is wrong says so, in the words of its own error.
    assert!(refused::<Route>("\"FTP\"").contains("EPSV, PASV, EPRT or PORT"));
    assert!(refused::<HostPort>("\"10,0,0,256,1,1\"").contains("no number from 0 to 255 at 7"));
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
    assert_eq!(serde_json::from_str::<ftp_proto::listing::Entry<'_>>(&json).unwrap(), entry);
    let Line::Entry(entry) = listing.line(b"-rw-r--r-- 1 u g 5 Mar  9 14:05 caf\xe9") else { panic!() };
    assert!(serde_json::to_string(&entry).unwrap().contains(r#""name":[99,97,102,233]"#));
}
