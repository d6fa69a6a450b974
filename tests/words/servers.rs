//! Real servers' listings of one tree with odd names (`testdata/listings/servers/`, recorded by `tests/interop/listings.py`): every entry
//! is as in the tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ftp_proto::Time;
use ftp_proto::listing::{Entry, Hint, Kind, Line, Listing, Precision};

use super::listings::unescape;

/// A file's status, from `lstat`.
struct Told {
    kind: Kind,
    size: u64,
    modified: Time,
    mode: u16,
    target: Vec<u8>,
}

type Tree = BTreeMap<Vec<u8>, Told>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/listings/servers")
}

fn time(text: &str) -> Time {
    Time::parse(text.as_bytes()).unwrap()
}

fn tree() -> Tree {
    let text = std::fs::read_to_string(folder().join("tree.tsv")).unwrap();
    let lines = text.lines().skip(1).map(|line| {
        let [name, kind, size, modified, mode, target] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let kind = match kind {
            "File" => Kind::File,
            "Directory" => Kind::Directory,
            "Link" => Kind::Link,
            "Fifo" => Kind::Fifo,
            other => panic!("{other}"),
        };
        let mode = u16::from_str_radix(mode, 8).unwrap();
        let told = Told { kind, size: size.parse().unwrap(), modified: time(modified), mode, target: unescape(target) };
        (unescape(name), told)
    });
    lines.collect()
}

/// The text as it was received, with CRLF, and its time.
fn listing(name: &str) -> (Vec<u8>, Time) {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let (head, lines) = text.split_once('\n').unwrap();
    let bytes = lines.lines().flat_map(|line| [unescape(line), b"\r\n".to_vec()].concat()).collect();
    (bytes, time(head.strip_prefix("# ").unwrap()))
}

/// The fields of an entry that differ from the tree.
fn check(entry: &Entry<'_>, told: &Told) -> Result<(), &'static str> {
    let expect = |holds: bool, what| if holds { Ok(()) } else { Err(what) };
    expect(entry.kind == told.kind, "kind")?;
    expect(told.kind != Kind::File || entry.size.and_then(|size| size.exact()) == Some(told.size), "size")?;
    expect(entry.mode().is_none_or(|mode| mode == told.mode), "mode")?;
    expect(entry.link_target.is_none_or(|target| target == told.target), "target")?;
    let Some(modified) = entry.modified else { return Ok(()) };
    let time = told.modified;
    let expected = match modified.precision {
        Precision::Day => Time::new(time.year(), time.month(), time.day(), 0, 0, 0),
        Precision::Minute => Time::new(time.year(), time.month(), time.day(), time.hour(), time.minute(), 0),
        _ => Ok(time),
    };
    expect(Ok(modified.time) == expected, "time")
}

/// Why a server leaves this name out.
fn is_left_out(server: &str, command: &str, name: &[u8], told: &Told) -> bool {
    let has_control = name.iter().any(u8::is_ascii_control);
    let is_printable = name.is_ascii() && !has_control;
    match server {
        // Hidden by the dot in front.
        "vsftpd" | "proftpd" | "pure-ftpd" if name.starts_with(b".") => true,
        // Links that lead out of the tree or nowhere, and in LIST one that leads up.
        "proftpd" => told.kind == Kind::Link && (name == b"up" || matches!(command, "MLSD" | "NLST")),
        "pure-ftpd" => has_control || told.kind == Kind::Fifo,
        // It writes `?` for bytes that aren't UTF-8, and follows links for facts.
        "pyftpdlib" => std::str::from_utf8(name).is_err() || command == "MLSD" && told.kind == Kind::Link,
        // Its lines end with LF alone, so a CR in front of it belongs to the line end.
        "inetutils-ftpd" => name.ends_with(b"\r"),
        // It writes `?` for characters that it takes for unprintable: without its UNICODE_SUPPORT, all above ASCII.
        "busybox-ftpd" => !is_printable,
        _ => false,
    }
}

/// Whether a server gives a wrong value.
fn is_untrue(server: &str, command: &str, what: &str, told: &Told) -> bool {
    match (server, command, what) {
        // For a link they give the status of its target.
        ("pyftpdlib", "MLSD", "kind") => matches!(told.kind, Kind::Link | Kind::Fifo),
        ("pyftpdlib", _, "target") => std::str::from_utf8(&told.target).is_err(),
        ("busybox-ftpd", _, "target") => !told.target.is_ascii(),
        ("proftpd" | "pure-ftpd", "MLSD", "kind") => told.kind == Kind::Fifo,
        _ => false,
    }
}

#[test]
fn every_entry_is_as_the_tree_has_it() {
    let tree = tree();
    assert!(tree.len() > 200);
    let mut listings = 0;
    for server in ["vsftpd", "proftpd", "pure-ftpd", "pyftpdlib", "inetutils-ftpd", "busybox-ftpd"] {
        for (command, hint) in
            [("LIST", Hint::List), ("MLSD", Hint::Mlsd), ("NLST", Hint::Names), ("STAT", Hint::Status)]
        {
            let file = format!("{server}.{command}");
            if !folder().join(&file).exists() {
                continue;
            }
            listings += 1;
            let (text, now) = listing(&file);
            let mut reader = Listing::new(now, hint);
            let mut missing: Vec<&Vec<u8>> = tree.keys().collect();
            for line in reader.lines(&text) {
                let entry = match line {
                    Line::Entry(entry) => entry,
                    Line::Notice(line) => {
                        assert!(line.starts_with(b"total "), "{file}: {}", line.escape_ascii());
                        continue;
                    }
                    Line::Blank if command == "NLST" => continue,
                    other => panic!("{file}: {other:?}"),
                };
                if matches!(entry.name, b"." | b"..") {
                    assert!(entry.leads_elsewhere());
                    continue;
                }
                let Some(told) = tree.get(entry.name) else {
                    let is_changed = matches!(server, "pyftpdlib" | "busybox-ftpd") && entry.name.contains(&b'?')
                        || server == "inetutils-ftpd" && tree.contains_key(&[entry.name, b"\r"].concat());
                    assert!(is_changed, "{file}: {entry:?}");
                    continue;
                };
                missing.retain(|name| *name != entry.name);
                let checked = if hint == Hint::Names { Ok(()) } else { check(&entry, told) };
                if let Err(what) = checked {
                    assert!(is_untrue(server, command, what, told), "{file}: {what} of {entry:?}");
                }
            }
            for name in missing {
                assert!(is_left_out(server, command, name, &tree[name]), "{file}: {}", name.escape_ascii());
            }
        }
    }
    assert_eq!(listings, 21);
}
