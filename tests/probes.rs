//! What was asked of four real servers (`testdata/transcripts/probe_*.txt`), asked of ours, with the same files behind it.
//!
//! `testdata/probes.tsv` has a row for each answer of ours that isn't theirs, and why it is better.

#[path = "probes/application.rs"]
mod application;
#[allow(dead_code, reason = "the transcripts' tests use the rest")]
#[path = "transcripts/dialogue.rs"]
mod dialogue;
#[path = "common/net.rs"]
mod net;
#[allow(dead_code, reason = "the transcripts' tests use the rest")]
#[path = "transcripts/oddities.rs"]
mod oddities;
#[path = "probes/replay.rs"]
mod replay;
#[allow(dead_code, reason = "other tables need the rest")]
#[path = "common/table.rs"]
mod table;

use std::collections::{BTreeMap, BTreeSet};

use application::PEERS;
use replay::Compared;

const TABLE: &str = include_str!("../testdata/probes.tsv");

/// Every probe with the server that it was sent to.
fn compared() -> Vec<(&'static str, Compared)> {
    let mut all = Vec::new();
    for dialogue in dialogue::all() {
        let Some(name) = dialogue.file.strip_prefix("probe_").and_then(|name| name.strip_suffix(".txt")) else {
            continue;
        };
        let peer = PEERS.into_iter().find(|peer| peer.name == name).expect("one of the four");
        all.extend(replay::compare(peer, &dialogue).into_iter().map(|compared| (peer.name, compared)));
    }
    all
}

#[test]
fn every_answer_that_is_not_theirs_has_its_reason() {
    let mut rows: BTreeMap<[String; 4], bool> = BTreeMap::new();
    for row in table::rows(TABLE, 5) {
        let [probe, servers, theirs, ours, _] = row[..] else { unreachable!() };
        for server in servers.split(", ") {
            assert!(PEERS.iter().any(|peer| peer.name == server), "{server}: {probe}");
            assert!(
                rows.insert([server, probe, theirs, ours].map(str::to_owned), false).is_none(),
                "{probe} of {server}: a second row"
            );
        }
    }
    let mut missing: BTreeMap<(String, String, String), Vec<&str>> = BTreeMap::new();
    let (mut count, mut agreed) = (0, 0);
    for (server, Compared { probe, theirs, ours, .. }) in compared() {
        count += 1;
        if theirs == ours {
            agreed += 1;
            continue;
        }
        match rows.get_mut(&[server, &probe, &theirs, &ours].map(str::to_owned)) {
            Some(used) => *used = true,
            None => missing.entry((probe, theirs, ours)).or_default().push(server),
        }
    }
    let missing: Vec<String> = missing
        .into_iter()
        .map(|((probe, theirs, ours), servers)| format!("{probe}\t{}\t{theirs}\t{ours}\t", servers.join(", ")))
        .collect();
    let stale: Vec<_> = rows.iter().filter(|(_, used)| !**used).map(|(row, _)| row).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "{} differences without a row:\n{}\n{} rows without a difference: {stale:#?}",
        missing.len(),
        missing.join("\n"),
        stale.len()
    );
    assert!(count > 690, "only {count} probes");
    assert!(agreed > count / 2, "only {agreed} of {count} answers are theirs");
}

/// A reason names who says so: an RFC, a row of security.tsv, or programs that need it.
#[test]
fn every_reason_has_its_source() {
    let attacks: BTreeSet<&str> =
        table::rows(include_str!("../testdata/security.tsv"), 7).into_iter().map(|row| row[0]).collect();
    let programs = ["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib", "curl", "lftp", "ncftp", "basic-ftp", "ftp.exe"];
    for row in table::rows(TABLE, 5) {
        let (servers, why) = (row[1], row[4]);
        let words = || why.split([' ', ',', ';', ':', '(', ')', '.']);
        let of_a_law = why.split("RFC ").skip(1).any(|behind| behind.starts_with(|digit: char| digit.is_ascii_digit()));
        let of_an_attack = words().any(|word| attacks.contains(word));
        // That another server does the same is a reason, too, if it isn't the one that differs.
        let of_a_program =
            words().any(|word| programs.contains(&word) && !servers.split(", ").any(|server| server == word));
        assert!(of_a_law || of_an_attack || of_a_program, "{}: {why:?}", row[0]);
        assert!(why.split(' ').count() >= 5, "{}: {why:?} is no sentence", row[0]);
    }
}

/// Scripts and firewalls match these words of the most used server; digits may differ.
#[test]
fn what_people_know_is_said_word_for_word() {
    let known = [
        ("data PASV", "227 Entering Passive Mode (#,#,#,#,#,#)."),
        ("data EPSV", "229 Entering Extended Passive Mode (|||#|)"),
        ("data EPSV 1", "229 Entering Extended Passive Mode (|||#|)"),
        ("data PORT 127,0,0,1,100,1", "200 PORT command successful. Consider using PASV."),
        ("data EPRT |1|127.0.0.1|25000|", "200 EPRT command successful. Consider using EPSV."),
        ("data PORT 10,0,0,1,100,1", "500 Illegal PORT command."),
        ("data EPRT |1|10.0.0.1|25000|", "500 Illegal EPRT command."),
        ("nodata LIST", "425 Use PORT or PASV first."),
        ("nodata RETR a.txt", "425 Use PORT or PASV first."),
        ("portrefused LIST", "425 Failed to establish connection."),
        ("misc TYPE I", "200 Switching to Binary mode."),
        ("misc TYPE A", "200 Switching to ASCII mode."),
        ("wire QUIT", "221 Goodbye."),
    ];
    let all = compared();
    for (probe, words) in known {
        let find = |(server, compared): &&(&str, Compared)| *server == "vsftpd" && compared.probe == probe;
        let (_, compared) = all.iter().find(find).unwrap_or_else(|| panic!("no probe {probe}"));
        for said in &compared.words {
            let (code, text) = said.split_at(3);
            let mut masked = String::new();
            for character in text.chars() {
                match character {
                    '0'..='9' if masked.ends_with('#') => {}
                    '0'..='9' => masked.push('#'),
                    other => masked.push(other),
                }
            }
            assert_eq!(format!("{code}{masked}"), words, "{probe}");
        }
    }
}
