//! Logs of eight clients and two servers, recorded in real networks by `tests/lab/run --record testdata/logs`: `causes.tsv` beside them
//! says what the network had. Each is recognised, and its first finding has that cause; what worked is no finding.

use std::fs;
use std::path::{Path, PathBuf};

use ftp_proto::diagnosis::diagnose;
use ftp_proto_doctor::read::Log;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/logs")
}

struct Recorded {
    file: String,
    program: String,
    /// Empty: all was well.
    cause: String,
}

fn recorded() -> Vec<Recorded> {
    let text = fs::read_to_string(folder().join("causes.tsv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let [file, program, .., cause] = fields[..] else { panic!("{line}") };
        Recorded { file: file.into(), program: program.into(), cause: cause.into() }
    });
    rows.collect()
}

#[test]
fn each_log_has_its_row_and_eight_clients_have_some() {
    let rows = recorded();
    let mut named: Vec<_> = rows.iter().map(|row| row.file.clone()).collect();
    let mut there: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.retain(|name| name.ends_with(".log"));
    named.sort();
    there.sort();
    assert_eq!(named, there);
    for program in
        ["curl", "lftp", "tnftp", "inetutils-ftp", "ncftp", "wget", "ftplib", "ftp-client", "vsftpd", "proftpd"]
    {
        assert!(rows.iter().any(|row| row.program == program && !row.cause.is_empty()), "{program}");
    }
}

#[test]
fn each_programs_log_is_recognised() {
    for row in recorded() {
        let log = Log::read(&fs::read(folder().join(&row.file)).unwrap());
        // Both of BSD's line say the same.
        let expected = match row.program.as_str() {
            "tnftp" | "inetutils-ftp" => "ftp",
            "proftpd" => "ProFTPD",
            other => other,
        };
        assert_eq!(log.program().to_string(), expected, "{}", row.file);
        assert!(!log.dialogues().is_empty(), "{}: no dialogue", row.file);
    }
}

#[test]
fn the_first_finding_has_the_cause_that_the_network_had() {
    let mut wrong = Vec::new();
    for row in recorded() {
        let log = Log::read(&fs::read(folder().join(&row.file)).unwrap());
        let found: Vec<_> = log.dialogues().iter().map(|dialogue| diagnose(&dialogue.evidence())).collect();
        let first = found.iter().find_map(|findings| findings.first());
        let causes: Vec<_> =
            first.map(|finding| finding.causes().map(|cause| cause.id()).collect()).unwrap_or_default();
        let is_right = if row.cause.is_empty() { causes.is_empty() } else { causes.contains(&row.cause.as_str()) };
        if !is_right {
            wrong.push(format!("{}: {causes:?}, not {:?}", row.file, row.cause));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
