//! What replies say, against the measured tables and the transcripts.

use ftp_proto::{BodyError, Reply};

fn why(error: BodyError) -> String {
    match error {
        BodyError::Address(error) => error.why.to_string(),
        error => error.to_string(),
    }
}

/// Both readings of each reply in the table.
fn check(table: &str) {
    let mut wrong = String::new();
    for row in ftp_proto_rigs::table::rows(table, 5) {
        let [name, reply, passive, extended, _] = row[..] else { unreachable!() };
        let reply = ftp_proto_rigs::table::bytes(reply);
        let (reply, _) = Reply::parse(&reply).unwrap().unwrap();
        let found = match reply.passive_address() {
            Ok(address) => address.to_string(),
            Err(error) => why(error),
        };
        if passive != "-" && found != passive || passive == "-" && reply.passive_address().is_ok() {
            wrong += &format!("{name}, as 227: {found}\n");
        }
        let found = match reply.extended_passive() {
            Ok(found) => match found.advertised {
                None => found.port.to_string(),
                Some(host) => format!("{} of {host}", found.port),
            },
            Err(error) => why(error),
        };
        if extended != "-" && found != extended || extended == "-" && reply.extended_passive().is_ok() {
            wrong += &format!("{name}, as 229: {found}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn measured_answers_to_pasv() {
    check(include_str!("../../testdata/pasv.tsv"));
}

#[test]
fn measured_answers_to_epsv() {
    check(include_str!("../../testdata/epsv.tsv"));
}
