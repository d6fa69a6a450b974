//! Listings of each dialect (`testdata/listings/`), with the expected reading of every line.
//!
//! `! HINT NOW` begins a listing and `> ` a line of it, with `\xNN` for bytes that aren't ASCII. Below each line is its reading, and at
//! the end of a listing its dialect. `LISTINGS_RECORD=1` writes the present readings; check each difference before you keep it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ftp_proto::Time;
use ftp_proto::listing::{Dialect, Entry, Hint, Kind, Line, Listed, Listing, Permit, Word, Zone};
use ftp_proto_rigs::invariants::written_is_read;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/listings");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).collect();
    files.sort();
    files
}

/// `\xNN` is one byte.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

fn hint(word: &str) -> Hint {
    match word {
        "List" => Hint::List,
        "Status" => Hint::Status,
        "Names" => Hint::Names,
        "Mlsd" => Hint::Mlsd,
        "Mlst" => Hint::Mlst,
        "Dos" => Hint::Only(Dialect::Dos),
        "Unix" => Hint::Only(Dialect::Unix),
        "MvsMember" => Hint::Only(Dialect::MvsMember),
        other => panic!("no hint {other}"),
    }
}

fn shown(line: &Line<'_>) -> String {
    match line {
        Line::Entry(entry) => shown_entry(entry),
        Line::Blank => "blank".into(),
        Line::Notice(_) => "notice".into(),
        Line::Error(_) => "error".into(),
        Line::Partial(_) => "partial".into(),
        Line::Other(_) => "other".into(),
        other => format!("{other:?}"),
    }
}

fn shown_entry(entry: &Entry<'_>) -> String {
    let mut text = format!("{:?} \"{}\"", entry.kind, entry.name.escape_ascii()).to_string();
    if let Some(size) = entry.size {
        let _ = write!(text, " {}", size.bytes());
        if size.exact().is_none() {
            let _ = write!(text, "±{}", size.unit());
        }
    }
    if let Some(modified) = entry.modified {
        let zone = if modified.zone == Zone::Utc { " UTC" } else { "" };
        let year = if modified.year_inferred { " year?" } else { "" };
        let _ = write!(text, " {} {:?}{zone}{year}", modified.time, modified.precision);
    }
    let slices = [
        ("permissions", entry.permissions),
        ("owner", entry.owner),
        ("group", entry.group),
        ("target", entry.link_target),
    ];
    for (name, value) in slices {
        if let Some(value) = value {
            let _ = write!(text, " {name}={}", value.escape_ascii());
        }
    }
    if let Some(mode) = entry.mode() {
        let _ = write!(text, " mode={mode:o}");
    }
    if let Some(links) = entry.links {
        let _ = write!(text, " links={links}");
    }
    if let Some(device) = entry.device {
        let _ = write!(text, " device={device:?}");
    }
    if entry.leads_elsewhere() {
        text.push_str(" PATH");
    }
    text
}

/// The text of a file, with the present reading below each line.
fn answered(text: &str) -> String {
    let mut out = String::new();
    let mut listing = None;
    let end = |listing: &mut Option<Listing>, out: &mut String| {
        if let Some(listing) = listing.take() {
            let _ = writeln!(out, "= {:?}", listing.dialect());
        }
    };
    for line in text.lines() {
        if !line.starts_with('>') && !line.starts_with("    ") {
            end(&mut listing, &mut out);
        }
        if let Some(head) = line.strip_prefix("! ") {
            let (word, now) = head.split_once(' ').unwrap();
            listing = Some(Listing::new(Time::parse(now.as_bytes()).unwrap(), hint(word)));
        }
        match line.strip_prefix('>') {
            Some(line) => {
                let bytes = unescape(line.strip_prefix(' ').unwrap_or(line));
                let read = listing.as_mut().expect("a listing").line(&bytes);
                let _ = writeln!(out, ">{line}\n    {}", shown(&read));
            }
            None if line.starts_with("    ") || line.starts_with("= ") => {}
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    end(&mut listing, &mut out);
    out
}

#[test]
fn each_line_is_what_it_is() {
    let mut lines = 0;
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let answered = answered(&text);
        lines += text.lines().filter(|line| line.starts_with('>')).count();
        if std::env::var_os("LISTINGS_RECORD").is_some() {
            std::fs::write(&file, &answered).unwrap();
            continue;
        }
        for (number, (expected, got)) in text.lines().zip(answered.lines()).enumerate() {
            assert_eq!(got, expected, "{}:{}", file.display(), number + 1);
        }
        assert_eq!(text.lines().count(), answered.lines().count());
    }
    assert!(lines > 180, "{lines}");
}

/// Every line alone, in a listing of its own, is in the dialect of its file, unless only its neighbours tell its dialect.
#[test]
fn no_line_is_taken_for_another_dialects() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut section: Vec<Vec<u8>> = Vec::new();
        for line in text.lines() {
            if line.starts_with("! ") {
                section.clear();
            }
            if let Some(line) = line.strip_prefix('>') {
                section.push(unescape(line.strip_prefix(' ').unwrap_or(line)));
            }
            let Some(dialect) = line.strip_prefix("= Some(").and_then(|rest| rest.strip_suffix(')')) else { continue };
            if matches!(dialect, "Names") || text.contains("mixed") {
                continue;
            }
            for line in &section {
                let mut alone = Listing::new(Time::new(2024, 3, 10, 12, 0, 0).unwrap(), Hint::List);
                let read = alone.line(line);
                if let (Line::Entry(_), Some(found)) = (read, alone.dialect())
                    && found != Dialect::Names
                {
                    let found = format!("{found:?}");
                    assert_eq!(found, dialect, "{}: {}", file.display(), line.escape_ascii());
                }
            }
        }
    }
}

#[test]
fn a_name_that_a_mirror_would_take_for_a_path_is_told() {
    let mut listing = Listing::new(Time::new(2024, 1, 1, 0, 0, 0).unwrap(), Hint::Names);
    for name in ["..", ".", "../x", "/etc/passwd", "a/b", "a\\b", "\\", "..\\x", "C:", "c:x", "a\0b", "a\rb", "sub/"] {
        let Line::Entry(entry) = listing.line(name.as_bytes()) else { panic!("{name}") };
        assert!(entry.leads_elsewhere(), "{name:?}");
    }
    for name in ["...", "..x", ".x", " ", " ..", "a:b:c", "ab:c", "~", "-", "caf\u{e9}", "con"] {
        let Line::Entry(entry) = listing.line(name.as_bytes()) else { panic!("{name}") };
        let has_drive = name == "a:b:c";
        assert_eq!(entry.leads_elsewhere(), has_drive, "{name:?}");
    }
    let mut listing = Listing::new(Time::new(2024, 1, 1, 0, 0, 0).unwrap(), Hint::Mlsd);
    for line in ["type=cdir; here", "type=pdir; above", "type=file; ", " "] {
        let Line::Entry(entry) = listing.line(line.as_bytes()) else { panic!("{line}") };
        assert!(entry.leads_elsewhere(), "{line:?}");
    }
}

#[test]
fn what_is_written_is_read() {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let kinds = [
        Kind::Unknown,
        Kind::File,
        Kind::Directory,
        Kind::Current,
        Kind::Parent,
        Kind::Link,
        Kind::CharacterDevice,
        Kind::BlockDevice,
        Kind::Fifo,
        Kind::Socket,
        Kind::Other,
    ];
    let names = [
        "a",
        " a",
        "a ",
        "  ",
        "a -> b",
        " -> ",
        "Mar  9 14:05 x",
        "caf\u{e9}",
        "total 12",
        "a;b=c; d",
        "..",
        "2020",
        "\t",
    ];
    let times = [
        "20240310115959",
        "20240310120000",
        "20240310120001",
        "20240229000000",
        "20230909000000.5",
        "19700101000000",
        "00000101000000",
        "99991231235960",
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        for (place, name) in names.into_iter().enumerate() {
            let mut file = Listed::new(ftp_proto::Path::new(name).unwrap(), kind);
            written_is_read(&file, now);
            file.size = Some([0, 1, u64::MAX][place % 3]);
            file.mode = Some([0, 0o644, 0o7777, 0o4000, 0o1000, 0o2111][place % 6]);
            file.links = [1, 99_999, u64::MAX][number % 3];
            file.owner = Some(Word::new(["root", "1000", "Mar", "a-name-of-many-letters"][place % 4]).unwrap());
            file.group = Some(Word::new(["9", "staff", "14:05"][number % 3]).unwrap());
            file.device = Some((8, 1)).filter(|_| place % 2 == 0);
            file.link_target = Some(ftp_proto::Path::new(["b", "b -> c", " b ", "../x;y"][place % 4]).unwrap());
            file.permit = Some(Permit::RETRIEVE | Permit::DELETE);
            file.unique = Some(Word::new("801g1f").unwrap());
            for time in times {
                file.modified = Some(Time::parse(time.as_bytes()).unwrap());
                written_is_read(&file, now);
            }
        }
    }
    for illegal in ["", " ", "a b", "a;b", "a\r\nb", "\u{7f}"] {
        assert!(Word::new(illegal).is_err(), "{illegal:?}");
    }
    let all = Permit::parse(b"acdeflmprw").unwrap();
    assert_eq!((all.to_string().as_str(), all.allows(Permit::STORE | Permit::LIST)), ("acdeflmprw", true));
    assert_eq!(Permit::parse(b"RWx"), Some(Permit::RETRIEVE | Permit::STORE));
    assert_eq!(Permit::parse(b"r w"), None);
}

#[test]
fn lines_arrive_whole_or_not_yet() {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let text = b"total 8\r\n-rw-r--r-- 1 u g 5 Mar  9 14:05 a\r\r\n\r\n-rw-r--r-- 1 u g 5 Mar  9 14:05 b\nx y";
    let mut listing = Listing::new(now, Hint::List);
    let lines: Vec<_> = listing.lines(text).map(|line| shown(&line)).collect();
    assert!(lines[0] == "notice" && lines[2] == "blank" && lines[4] == "other", "{lines:#?}");
    assert!(lines[1].starts_with("File \"a\\r\"") && lines[3].starts_with("File \"b\""), "{lines:#?}");
    assert_eq!(lines.len(), 5);
    for end in 0..9 {
        assert_eq!(Listing::new(now, Hint::List).read(&text[..end]), (end == 9).then_some((Line::Blank, 0)));
    }
    assert_eq!(Listing::new(now, Hint::List).read(text), Some((Line::Notice(b"total 8"), 9)));
}

#[test]
fn a_long_name_of_vms_has_its_entry_on_the_next_line() {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let text = b"Directory USER:[A]\r\n\r\nLONG_NAME.TXT;1\r\n      2/8   7-JAN-2024 10:30:13  [GRP,OWN] (RWED,RWED,RE,)\r\nB.TXT;2\r\n\r\nC.TXT;3\r\n  %RMS-E-PRV, insufficient privilege\r\nD.TXT;4";
    let mut listing = Listing::new(now, Hint::List);
    let lines: Vec<_> = listing.lines(text).map(|line| shown(&line)).collect();
    let entry =
        "File \"LONG_NAME.TXT;1\" 1024±512 20240107103013 Second permissions=(RWED,RWED,RE,) owner=OWN group=GRP";
    assert_eq!(lines, ["notice", "blank", entry, "partial", "blank", "error", "partial"]);
    // The first line waits for the second one.
    let begin = text.windows(4).position(|bytes| bytes == b"LONG").unwrap();
    let both = begin + text[begin..].windows(2).position(|bytes| bytes == b"B.").unwrap();
    for end in begin..both {
        assert_eq!(Listing::new(now, Hint::List).read(&text[begin..end]), None);
    }
    let (line, length) = Listing::new(now, Hint::List).read(&text[begin..both]).unwrap();
    assert_eq!((shown(&line), length), (entry.to_string(), both - begin));
    assert_eq!(line.entry().unwrap().kind, Kind::File);
}
