//! The measured table of 0xFF in names: which way of writing and reading it is right with which servers and clients.

use ftp_proto::telnet::{self, Escape};
use ftp_proto::{Inbox, Limits};
use ftp_proto_rigs::table::{bytes, rows};
use std::collections::BTreeMap;

/// For each peer, whether all its rows hold.
fn right(holds: impl Fn(&[&str]) -> Option<bool>) -> Vec<&'static str> {
    let mut peers: BTreeMap<&str, bool> = BTreeMap::new();
    for row in rows(include_str!("../../testdata/telnet_names.tsv"), 5) {
        if let Some(holds) = holds(&row) {
            *peers.entry(row[0]).or_insert(true) &= holds;
        }
    }
    peers.into_iter().filter(|(_, holds)| *holds).map(|(peer, _)| peer).collect()
}

fn written(name: &[u8], escape: Escape) -> Vec<u8> {
    let mut out = Vec::new();
    match escape {
        Escape::AsIs => out.extend(name),
        Escape::Doubled => telnet::escape(name, &mut out),
    }
    out
}

#[test]
fn the_default_is_right_with_most_of_those_that_were_measured() {
    let verbs = ["MKD", "STOR", "DELE", "SIZE"];
    // A row in which the name was written in another way says nothing about this way.
    let names: Vec<Vec<u8>> =
        [&b"a\xffb"[..], b"a\xff\xffb", b"a\xff\xf1b", b"a\xff\xf4b", b"a\xff\xfbb"].map(<[u8]>::to_vec).into();
    let commands = |escape| {
        right(|row| {
            let name = names.iter().find(|name| written(name, escape) == bytes(row[2]))?;
            verbs.contains(&row[1]).then(|| bytes(row[3]) == *name)
        })
    };
    assert_eq!(commands(Escape::AsIs), ["pure-ftpd", "pyftpdlib", "vsftpd"]);
    assert_eq!(commands(Escape::Doubled), ["proftpd"]);
    // The name in a 257 is the name that was written.
    let replies = |escape| {
        right(|row| {
            let about = bytes(row[3]);
            let mut inbox = Inbox::replies(Limits::REPLIES).with_escape(escape);
            inbox.push(&[&bytes(row[4])[..], b"\r\n"].concat());
            let reply = inbox.next_reply().ok()??;
            let path = (row[1] == "PWD").then(|| reply.directory().expect("a 257 with a path"))?;
            Some(path.strip_prefix(b"/work/") == Some(&about[..]))
        })
    };
    assert_eq!(replies(Escape::AsIs), ["proftpd", "pure-ftpd"]);
    assert_eq!(replies(Escape::Doubled), ["vsftpd"]);
    // The clients.
    let sends = |escape| right(|row| (row[1] == "sends").then(|| written(&bytes(row[2]), escape) == bytes(row[3])));
    assert_eq!(sends(Escape::AsIs), ["curl", "ftplib", "inetutils-ftp", "tnftp", "wget"]);
    assert_eq!(sends(Escape::Doubled), ["lftp"]);
    let reads = |row: &[&str]| (row[1] == "reads").then(|| (bytes(row[2]), bytes(row[3])));
    let as_it_is = right(|row| reads(row).map(|(said, read)| said == read));
    assert_eq!(as_it_is, ["curl", "ftplib"]);
}
