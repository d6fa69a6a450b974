//! Ours beside libftp 0.1 and flep_protocol 0.2 on the same bytes: each reader takes all of a workload once. `cargo bench` times them,
//! and `./instructions` counts what they execute.

use std::hint::black_box;

use ftp_proto::{Command, Inbox, Limits, Reply};

/// What a socket hands out at most at once.
pub const READ: usize = 8192;

const FEATURES: &[u8] = b"211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n MLST type*;size*;modify*;\r\n MLSD\r\n211 End\r\n";

/// Commands that all three can read.
const COMMANDS: &[u8] = b"USER anonymous\r\nPASS ftp@example.org\r\nSYST\r\nPWD\r\nTYPE I\r\nCWD /pub\r\nPASV\r\nRETR hello.txt\r\nPORT 127,0,0,1,156,179\r\nSTOR a.bin\r\nNOOP\r\nQUIT\r\n";

/// 1,000 replies of one line.
pub fn lines() -> Vec<u8> {
    b"250 Requested file action okay, completed.\r\n".repeat(1000)
}

/// 100 replies to FEAT, of 12 lines each.
pub fn features() -> Vec<u8> {
    FEATURES.repeat(100)
}

/// 1,200 commands.
pub fn commands() -> Vec<u8> {
    COMMANDS.repeat(100)
}

/// What the servers of the recorded dialogues said.
pub fn recorded() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/transcripts");
    let folders = [folder.to_owned(), format!("{folder}/clients")].into_iter();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|name| name == "txt")).collect();
    files.sort();
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let said = text.lines().filter_map(|line| line.strip_prefix("S:").or(line.strip_prefix("S>")));
    said.flat_map(|line| [line.strip_prefix(' ').unwrap_or_default(), "\r\n"]).collect::<String>().into_bytes()
}

/// The floor: the bytes copied into a buffer as they come, and split into lines with memchr. Returns how many lines.
pub fn floor(buffer: &mut Vec<u8>, input: &[u8]) -> usize {
    let mut count = 0;
    let (mut start, mut scan) = (0, 0);
    for piece in black_box(input).chunks(READ) {
        if start > buffer.len() - start {
            buffer.drain(..start);
            (start, scan) = (0, scan - start);
        }
        buffer.extend_from_slice(piece);
        while let Some(at) = memchr::memchr(b'\n', &buffer[scan..]) {
            let line = &buffer[start..scan + at];
            black_box(line.strip_suffix(b"\r").unwrap_or(line));
            count += 1;
            (start, scan) = (scan + at + 1, scan + at + 1);
        }
        scan = buffer.len();
    }
    buffer.clear();
    count
}

/// libftp's replies.
pub fn libftp_replies(input: &[u8]) -> usize {
    let mut rest = black_box(input);
    let mut count = 0;
    while let Ok((behind, reply)) = libftp::parser::parse_reply(rest) {
        black_box(&reply);
        rest = behind;
        count += 1;
    }
    assert!(rest.is_empty());
    count
}

/// Ours out of one slice, as libftp has it.
pub fn slice_replies(input: &[u8]) -> usize {
    let mut rest = black_box(input);
    let mut count = 0;
    while let Some((reply, length)) = Reply::parse(rest).unwrap() {
        black_box(&reply);
        rest = &rest[length..];
        count += 1;
    }
    assert!(rest.is_empty());
    count
}

/// Ours as the bytes come, with Telnet undone and limits kept.
pub fn inbox_replies(inbox: &mut Inbox<ftp_proto::Replies>, input: &[u8]) -> usize {
    let mut count = 0;
    for piece in black_box(input).chunks(READ) {
        inbox.push(piece);
        loop {
            match inbox.next_reply() {
                Ok(Some(reply)) => {
                    black_box(&reply);
                    count += 1;
                }
                Ok(None) => break,
                // The recorded dialogues note what is no reply, too, such as the end of a connection.
                Err(_) => {}
            }
        }
    }
    count
}

/// libftp's commands.
pub fn libftp_commands(input: &[u8]) -> usize {
    let mut rest = black_box(input);
    let mut count = 0;
    while let Ok((behind, command)) = libftp::parser::parse_command(rest) {
        black_box(&command);
        rest = behind;
        count += 1;
    }
    assert!(rest.is_empty());
    count
}

/// flep_protocol's commands.
pub fn flep_commands(input: &[u8]) -> usize {
    let mut rest = black_box(input);
    let mut count = 0;
    while !rest.is_empty() {
        black_box(flep_protocol::CommandKind::read(&mut rest).unwrap());
        count += 1;
    }
    count
}

/// Ours out of one slice, as libftp has it: without a copy, and without Telnet or a limit.
pub fn slice_commands(input: &[u8]) -> usize {
    let mut rest = black_box(input);
    let mut count = 0;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = &rest[..end];
        let command = Command::parse(line.strip_suffix(b"\r").unwrap_or(line));
        count += usize::from(command.is_ok());
        black_box(&command);
        rest = &rest[end + 1..];
    }
    count
}

/// Ours as the bytes come.
pub fn inbox_commands(inbox: &mut Inbox<ftp_proto::Commands>, input: &[u8]) -> usize {
    let mut count = 0;
    for piece in black_box(input).chunks(READ) {
        inbox.push(piece);
        while let Some(line) = inbox.next_line().unwrap() {
            let command = Command::parse(line);
            count += usize::from(command.is_ok());
            black_box(&command);
        }
    }
    count
}

/// An inbox for replies, and one for commands.
pub fn inboxes() -> (Inbox<ftp_proto::Replies>, Inbox<ftp_proto::Commands>) {
    (Inbox::replies(Limits::REPLIES), Inbox::commands(Limits::COMMANDS))
}
