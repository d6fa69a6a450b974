//! Parsing allocates nothing, and an idle inbox keeps next to nothing.

use std::hint::black_box;

use ftp_proto::listing::{Hint, Line, Listing};
use ftp_proto::{Command, Commands, Inbox, Limits, Replies, Reply, ReplyError, Time};
use ftp_proto_rigs::counting::{cost, held};

fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let (asked, _, result) = cost(work);
    (asked, result)
}

const REPLIES: &[u8] = b"220 ready\r\n211-Features:\r\n MDTM\r\n REST STREAM\r\n211 End\r\n257 \"/a b\" is here\r\n213 51\r\n\r\n150 a (12 bytes)\r\n";

#[test]
fn the_count_counts() {
    assert_eq!(allocations(|| black_box(Vec::<u8>::with_capacity(10))).0, 1);
}

#[test]
fn to_parse_a_reply_allocates_nothing() {
    let (count, read) = allocations(|| {
        let mut rest = REPLIES;
        let mut read = 0;
        while let Some((reply, length)) = Reply::parse(rest).unwrap() {
            read += reply.lines().count() + reply.features().count() + reply.text().len();
            read += usize::from(reply.directory().is_ok()) + usize::from(reply.size().is_ok());
            rest = &rest[length..];
        }
        read
    });
    assert_eq!((count, read > 0), (0, true));
}

#[test]
fn to_parse_a_command_allocates_nothing() {
    let lines: [&[u8]; 10] = [
        b"USER anonymous",
        b"PASS secret",
        b"PORT 10,0,0,1,4,5",
        b"EPRT |2|::1|5282|",
        b"RETR a b",
        b"TYPE A N",
        b"rest 12",
        b"OPTS UTF8 ON",
        b"FOO bar",
        b"LIST -a",
    ];
    let (count, read) = allocations(|| lines.iter().filter(|line| Command::parse(line).is_ok()).count());
    assert_eq!((count, read), (0, lines.len()));
}

#[test]
fn to_read_a_listing_allocates_nothing() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/listings");
    let texts = [folder.join("servers"), folder]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
        .filter(|path| path.is_file());
    let texts: Vec<String> = texts.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let (count, read) = allocations(|| {
        let mut read = 0;
        for hint in [Hint::List, Hint::Status, Hint::Names, Hint::Mlsd, Hint::Mlst] {
            for text in &texts {
                let mut listing = Listing::new(now, hint);
                for line in text.lines().map(|line| line.strip_prefix("> ").unwrap_or(line)) {
                    let Line::Entry(entry) = listing.line(line.as_bytes()) else { continue };
                    read +=
                        entry.name.len() + usize::from(entry.mode().is_some()) + usize::from(entry.leads_elsewhere());
                    read += entry.facts().count() + usize::from(entry.fact("unique").is_some());
                }
                read += listing.lines(text.as_bytes()).count();
            }
        }
        read
    });
    assert_eq!((count, read > 1000), (0, true));
}

#[test]
fn an_inbox_allocates_nothing_once_it_has_room() {
    let mut inbox = Inbox::replies(Limits::REPLIES);
    let mut read = |times: usize| {
        let mut read = 0;
        for _ in 0..times {
            for chunk in REPLIES.chunks(50) {
                inbox.push(chunk);
                while let Some(reply) = inbox.next_reply().unwrap() {
                    read += reply.text().len();
                }
            }
        }
        read
    };
    let once = read(1);
    assert_eq!(allocations(|| read(100)), (0, once * 100));

    let mut inbox = Inbox::commands(Limits::COMMANDS);
    let mut read = |times: usize| {
        let mut read = 0;
        for _ in 0..times {
            inbox.push(b"NOOP\r\nRETR a\xff\xffb\r\nQU");
            inbox.push(b"IT\r\n\xff\xf4\xff\xf2ABOR\r\n");
            while let Some(line) = inbox.next_line().unwrap() {
                read += line.len();
            }
        }
        read
    };
    assert_eq!(read(1), 4 + 9 + 4 + 4);
    assert_eq!(allocations(|| read(100)).0, 0);
}

#[test]
fn an_idle_inbox_has_given_its_memory_back() {
    let before = held();
    let mut inbox = Inbox::replies(Limits::REPLIES);
    inbox.push(&[b"230-hello\r\n".repeat(10_000), b"230 end\r\n".to_vec()].concat());
    assert!(inbox.advance().unwrap());
    assert!(held() - before > 100_000);
    assert!(!inbox.advance().unwrap());
    assert!(held() - before <= 128, "{} bytes", held() - before);
}

/// The most that an inbox holds while `chunk` is pushed fifty times and everything is read.
fn most_held<Role>(mut inbox: Inbox<Role>, chunk: &[u8], read: impl Fn(&mut Inbox<Role>)) -> usize {
    let before = held();
    let most = (0..50).map(|_| {
        inbox.push(chunk);
        read(&mut inbox);
        held() - before
    });
    usize::try_from(most.max().unwrap()).unwrap()
}

fn read_commands(inbox: &mut Inbox<Commands>) {
    while !matches!(inbox.advance(), Ok(false)) {}
    inbox.take_answers();
}

fn read_replies(inbox: &mut Inbox<Replies>) {
    while matches!(inbox.advance(), Ok(true) | Err(ReplyError::NotAReply { .. })) {}
}

/// Chunks that never end, of which no more may be kept than a line and what isn't looked at yet.
fn endless() -> [(&'static str, Vec<u8>); 11] {
    [
        ("a line without an end", b"x".repeat(4096)),
        ("a line of CRs", b"\r".repeat(4096)),
        ("a line of NULs behind CRs", b"\r\0".repeat(2048)),
        ("lines, and each chunk ends within one", [&b"220 a\r\n".repeat(500)[..], b"220 b"].concat()),
        ("empty lines", b"\r\n".repeat(2048)),
        ("a line of doubled 0xff", b"\xff\xff".repeat(2048)),
        ("Telnet commands", b"\xff\xf1".repeat(2048)),
        ("Telnet commands, and each chunk ends within one", [&b"\xff\xf1".repeat(2048)[..], b"\xff"].concat()),
        ("Telnet interrupts", b"\xff\xf4\xff\xf2".repeat(1024)),
        ("Telnet options", b"\xff\xfb\x01".repeat(1365)),
        ("a Telnet subnegotiation without an end", [&b"\xff\xfa"[..], &b"x".repeat(4000)].concat()),
    ]
}

#[test]
fn whatever_never_ends_is_never_kept() {
    for (what, chunk) in endless() {
        let held = most_held(Inbox::commands(Limits::COMMANDS), &chunk, read_commands);
        // A buffer that grows takes twice what it needs.
        assert!(held <= 2 * (Limits::COMMANDS.line + 2 * chunk.len()), "{what}, as commands: {held} bytes");
        let held = most_held(Inbox::replies(Limits::REPLIES), &chunk, read_replies);
        assert!(held <= 2 * (Limits::REPLIES.line + 2 * chunk.len()), "{what}, as replies: {held} bytes");
    }
}

#[test]
fn a_reply_that_never_ends_is_kept_up_to_its_limit() {
    let opened = |limits| {
        let mut inbox = Inbox::replies(limits);
        inbox.push(b"220-begins\r\n");
        inbox
    };
    let chunk = b"and goes on\r\n".repeat(300);
    let mut short = Limits::REPLIES;
    short.reply = 1 << 16;
    let held = most_held(opened(short), &chunk, read_replies);
    assert!((short.reply / 2..=2 * (short.reply + chunk.len())).contains(&held), "{held} bytes");
    // Lines over their limit are dropped, and count for the length of the reply alone.
    let mut few = Limits::REPLIES;
    (few.lines, few.reply) = (10, usize::MAX);
    let held = most_held(opened(few), &chunk, read_replies);
    assert!(held <= 4 * chunk.len(), "{held} bytes");
}

#[test]
fn behind_a_reply_that_is_too_long_nothing_is_kept() {
    let before = held();
    let mut limits = Limits::REPLIES;
    limits.reply = 100;
    let mut inbox = Inbox::replies(limits);
    inbox.push(&[&b"220-begins\r\n"[..], &b"and goes on\r\n".repeat(100)].concat());
    for _ in 0..3 {
        assert_eq!(inbox.advance(), Err(ReplyError::TooLong { limit: 100 }));
        inbox.push(b"220 a\r\n");
        assert_eq!((held() - before, inbox.buffered()), (0, 0));
    }
}

#[test]
fn what_was_read_is_given_back_though_more_always_follows() {
    let chunk = [&b"220-a\r\n220 b\r\n".repeat(300)[..], b"220 c"].concat();
    let held = most_held(Inbox::replies(Limits::REPLIES), &chunk, read_replies);
    assert!(held <= 4 * chunk.len(), "{held} bytes");
}
