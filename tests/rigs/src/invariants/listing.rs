//! Listings: never a panic, nothing invented, and what is written is read back.

use ftp_proto::listing::{Dialect, Entry, Hint, Kind, Line, Listed, Listing, Permit, Precision, Word, Zone};
use ftp_proto::{Path, Time};

/// Never panics; an entry's name, and whatever else it has, is a slice of its line; a listing cut into lines by hand is the same; what
/// is printed of an entry is read back the same.
pub fn listing(bytes: &[u8]) {
    let Some(([choice, month, day], text)) = bytes.split_first_chunk() else { return };
    let now = Time::new(2024, month % 12 + 1, day % 28 + 1, 12, 0, 0).unwrap();
    let hint = hint(*choice);
    let mut whole = Listing::new(now, hint);
    let lines: Vec<Line<'_>> = whole.lines(text).collect();
    for line in &lines {
        within(line, text);
        if let Line::Entry(entry) = line {
            sensible(entry);
            printed(entry, now);
        }
    }
    assert_eq!(lines, one_by_one(text, Listing::new(now, hint)), "{}", text.escape_ascii());
    // A line that is an entry is the same one if its dialect is known beforehand, but for what other lines have told.
    for line in text.split(|byte| *byte == b'\n') {
        let mut alone = Listing::new(now, Hint::List);
        let found = alone.line(line);
        let (Line::Entry(_), Some(dialect)) = (found, alone.dialect()) else { continue };
        assert_eq!(Listing::new(now, Hint::Only(dialect)).line(line), found, "{}", line.escape_ascii());
        // And once more, since a listing remembers.
        assert_eq!(alone.line(line), found, "{}", line.escape_ascii());
    }
}

fn hint(choice: u8) -> Hint {
    match choice % 8 {
        0..=2 => Hint::List,
        3 => Hint::Status,
        4 => Hint::Names,
        5 => Hint::Mlsd,
        6 => Hint::Mlst,
        _ => Hint::Only(Dialect::Unix),
    }
}

/// As a program does that gets its text in pieces: whole lines by `read`, the rest by `line`.
fn one_by_one<'a>(text: &'a [u8], mut listing: Listing) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut rest = text;
    let mut end = 0;
    while end < rest.len() {
        end += 1;
        if let Some((line, length)) = listing.read(&rest[..end]) {
            assert!(length <= end);
            lines.push(line);
            (rest, end) = (&rest[length..], 0);
        }
    }
    lines.extend(listing.lines(rest));
    lines
}

fn within(line: &Line<'_>, text: &[u8]) {
    let is_slice = |part: &[u8]| {
        let (outer, inner) = (text.as_ptr_range(), part.as_ptr_range());
        part.is_empty() || outer.start <= inner.start && inner.end <= outer.end
    };
    match line {
        Line::Entry(entry) => {
            assert!(is_slice(entry.name) && is_slice(entry.facts), "{entry:?}");
            let parts = [entry.permissions, entry.owner, entry.group, entry.link_target];
            assert!(parts.into_iter().flatten().all(is_slice), "{entry:?}");
        }
        Line::Notice(line) | Line::Error(line) | Line::Partial(line) | Line::Other(line) => assert!(is_slice(line)),
        _ => {}
    }
}

fn sensible(entry: &Entry<'_>) {
    let name = entry.name;
    if !entry.leads_elsewhere() {
        assert!(Path::new(name).is_ok(), "{entry:?}");
        assert!(!matches!(name, b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | b'\\')));
    }
    assert!(entry.mode().is_none_or(|mode| mode <= 0o7777));
    assert!(entry.size.is_none_or(|size| size.unit() > 0 && (size.exact().is_none() || size.unit() == 1)));
    if let Some(modified) = entry.modified {
        let time = modified.time;
        assert!(modified.precision >= Precision::Minute || (time.hour(), time.minute()) == (0, 0));
        assert!(modified.precision >= Precision::Second || time.second() == 0 && time.nanosecond() == 0);
    }
    assert!(!format!("{entry:?}").is_empty());
}

/// What is read of a line that was written of this entry is what was written.
fn printed(entry: &Entry<'_>, now: Time) {
    let Ok(name) = Path::new(entry.name) else { return };
    let mut file = Listed::new(name, entry.kind);
    file.size = entry.size.map(|size| size.bytes());
    file.modified = entry.modified.map(|modified| modified.time);
    file.mode = entry.mode();
    file.links = entry.links.unwrap_or(1);
    file.owner = entry.owner.and_then(|owner| Word::new(owner).ok());
    file.group = entry.group.and_then(|group| Word::new(group).ok());
    file.device = entry.device;
    file.link_target = entry.link_target.and_then(|target| Path::new(target).ok());
    file.permit = entry.permissions.and_then(Permit::parse);
    file.unique = entry.fact("unique").and_then(|unique| Word::new(unique).ok());
    written_is_read(&file, now);
}

/// Whatever a server says of a file is read back the same.
pub fn written_is_read(file: &Listed<'_>, now: Time) {
    let context = format!("{file:?}");
    let mut out = b"before".to_vec();
    file.encode_unix(now, &mut out);
    let line = out.strip_prefix(b"before").and_then(|line| line.strip_suffix(b"\r\n")).expect("a line");
    let Line::Entry(read) = Listing::new(now, Hint::List).line(line) else { panic!("{context}") };
    assert_eq!(Listing::new(now, Hint::Only(Dialect::Unix)).line(line), Line::Entry(read));
    assert_eq!(read.name, file.name.as_bytes(), "{context}");
    let kind = match file.kind {
        Kind::Unknown => Kind::File,
        Kind::Current | Kind::Parent => Kind::Directory,
        kind => kind,
    };
    assert_eq!((read.kind, read.links), (kind, Some(file.links)), "{context}");
    assert_eq!(read.owner, Some(file.owner.map_or(&b"ftp"[..], Word::as_bytes)), "{context}");
    assert_eq!(read.group, Some(file.group.map_or(&b"ftp"[..], Word::as_bytes)), "{context}");
    assert!(file.mode.is_none_or(|mode| read.mode() == Some(mode & 0o7777)), "{context}");
    if matches!(kind, Kind::BlockDevice | Kind::CharacterDevice) && file.device.is_some() {
        assert_eq!(read.device, file.device, "{context}");
    } else if kind == Kind::Link {
        assert_eq!(read.link_target, file.link_target.as_ref().map(Path::as_bytes), "{context}");
    } else {
        assert_eq!(read.size.and_then(|size| size.exact()), Some(file.size.unwrap_or(0)), "{context}");
    }
    let modified = read.modified.expect("always a time");
    if let Some(time) = file.modified {
        let told = match modified.precision {
            Precision::Day => Time::new(time.year(), time.month(), time.day(), 0, 0, 0),
            _ => Time::new(time.year(), time.month(), time.day(), time.hour(), time.minute(), 0),
        };
        assert_eq!((Ok(modified.time), modified.zone), (told, Zone::Server), "{context}");
    }

    out.clear();
    let wanted = ["type", "size", "modify", "perm", "UNIX.mode", "unix.owner", "UNIX.group", "unique", "what"];
    file.encode_mlsx(wanted, &mut out);
    let line = out.strip_suffix(b"\r\n").expect("a line");
    let Line::Entry(read) = Listing::new(now, Hint::Mlsd).line(line) else { panic!("{context}") };
    assert_eq!((read.name, read.kind), (file.name.as_bytes(), file.kind), "{context}");
    assert_eq!(read.size.and_then(|size| size.exact()), file.size, "{context}");
    assert_eq!(
        read.modified.map(|modified| (modified.time, modified.zone)),
        file.modified.map(|time| (time, Zone::Utc))
    );
    assert_eq!(read.mode(), file.mode.map(|mode| mode & 0o7777), "{context}");
    assert_eq!(read.permissions.and_then(Permit::parse), file.permit, "{context}");
    assert_eq!(read.owner, file.owner.map(Word::as_bytes), "{context}");
    assert_eq!(read.group, file.group.map(Word::as_bytes), "{context}");
    assert_eq!(read.fact("unique"), file.unique.map(Word::as_bytes), "{context}");
    if let Some(target) = read.link_target {
        assert_eq!(Some(target), file.link_target.as_ref().map(Path::as_bytes), "{context}");
    }
    // MLST's reply has the same facts behind a blank.
    let behind_blank = [b" ", line].concat();
    assert_eq!(Listing::new(now, Hint::Mlst).line(&behind_blank), Line::Entry(read));
}
