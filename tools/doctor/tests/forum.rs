//! Logs as people paste them: quoted, cut, indented, with somebody else's words around them, of programs that write as others do.
//! `forum/causes.tsv` says what each tells, and where it doesn't tell, that.

use std::fs;
use std::path::{Path, PathBuf};

use ftp_proto::diagnosis::diagnose;
use ftp_proto_doctor::read::{self, Log};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forum")
}

/// File, program and causes.
fn rows() -> Vec<[String; 3]> {
    let text = fs::read_to_string(folder().join("causes.tsv")).unwrap();
    let row = |line: &str| {
        let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        fields.try_into().unwrap_or_else(|_| panic!("{line}"))
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn each_log_has_its_program_and_its_first_finding() {
    let mut wrong = Vec::new();
    for [file, program, causes] in rows() {
        let bytes = fs::read(folder().join(&file)).unwrap();
        read::check(&bytes);
        let log = Log::read(&bytes);
        let cases = log.cases();
        let first = cases.iter().find_map(|case| {
            let findings = diagnose(&case.evidence);
            let first = findings.first()?;
            Some(first.causes().map(|cause| cause.id()).collect::<Vec<_>>().join(","))
        });
        let is_cut = cases.iter().any(|case| case.is_cut);
        let found = first.unwrap_or_else(|| if is_cut { "?" } else { "-" }.into());
        if (log.program().to_string(), &found) != (program.clone(), &causes) || cases.is_empty() {
            wrong.push(format!("{file}: {}: {found}, not {program}: {causes}", log.program()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_log_is_in_the_table() {
    let mut named: Vec<_> = rows().into_iter().map(|[file, ..]| file).collect();
    let mut there: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.retain(|name| name != "causes.tsv");
    named.sort();
    there.sort();
    assert_eq!(named, there);
}

/// A quotation, a carriage return and an indentation change nothing of what a log says.
#[test]
fn what_stands_around_a_log_changes_nothing() {
    for [file, ..] in rows() {
        let text = String::from_utf8(fs::read(folder().join(&file)).unwrap()).unwrap();
        let causes = |text: &str| {
            let log = Log::read(text.as_bytes());
            let cases = log.cases();
            let causes = |case: &read::Case| diagnose(&case.evidence).first().map(|finding| finding.cause_set());
            (log.program(), cases.iter().map(causes).collect::<Vec<_>>())
        };
        let plain = causes(&text);
        let each =
            |before: &str, end: &str| text.lines().map(|line| format!("{before}{line}{end}")).collect::<String>();
        assert_eq!(causes(&each("", "\r\n")), plain, "{file}, CRLF");
        assert_eq!(causes(&each("    ", "\n")), plain, "{file}, indented");
        if file != "forum-backtick.log" && file != "fz-quoted.log" {
            assert_eq!(causes(&each("> ", "\n")), plain, "{file}, quoted");
        }
    }
}
