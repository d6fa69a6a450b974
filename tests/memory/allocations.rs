//! Parsing allocates nothing, and an idle inbox keeps next to nothing.

use std::hint::black_box;

use ftp_proto::{Command, Inbox, Limits, Reply};
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
    assert_eq!(read(1), 4 + 8 + 4 + 4);
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
