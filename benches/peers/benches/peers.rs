//! Ours beside libftp 0.1 on the same replies: what it can read of the workloads of `benches/parse.rs`, whole.
//! flep_protocol 0.2 writes replies, and reads commands only. On listings, beside suppaftp 12 and ftp-cmd-list-parse 0.3.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::listing::{Hint, Line, Listing};
use ftp_proto::{Command, Inbox, Limits, Reply, Time};

/// What a socket hands out at most at once.
const READ: usize = 8192;

const FEATURES: &[u8] = b"211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n MLST type*;size*;modify*;\r\n MLSD\r\n211 End\r\n";

fn bench_replies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replies");
    let line = b"250 Requested file action okay, completed.\r\n".repeat(1000);
    for (name, input, count) in [("one line", line, 1000), ("FEAT of 12 lines", FEATURES.repeat(100), 100)] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("libftp", name), |bencher| {
            bencher.iter(|| {
                let mut rest = black_box(&input[..]);
                while let Ok((behind, reply)) = libftp::parser::parse_reply(rest) {
                    black_box(&reply);
                    rest = behind;
                }
                assert!(rest.is_empty());
            });
        });
        group.bench_function(BenchmarkId::new("Reply::parse", name), |bencher| {
            bencher.iter(|| {
                let mut rest = black_box(&input[..]);
                while let Some((reply, length)) = Reply::parse(rest).unwrap() {
                    black_box(&reply);
                    rest = &rest[length..];
                }
                assert!(rest.is_empty());
            });
        });
        group.bench_function(BenchmarkId::new("Inbox", name), |bencher| {
            let mut inbox = Inbox::replies(Limits::REPLIES);
            bencher.iter(|| {
                for chunk in black_box(&input).chunks(READ) {
                    inbox.push(chunk);
                    while let Some(reply) = inbox.next_reply().unwrap() {
                        black_box(&reply);
                    }
                }
                assert_eq!(inbox.buffered(), 0);
            });
        });
    }
    group.finish();
}

/// Commands that all three can read.
const COMMANDS: &[u8] = b"USER anonymous\r\nPASS ftp@example.org\r\nSYST\r\nPWD\r\nTYPE I\r\nCWD /pub\r\nPASV\r\nRETR hello.txt\r\nPORT 127,0,0,1,156,179\r\nSTOR a.bin\r\nNOOP\r\nQUIT\r\n";

fn bench_commands(criterion: &mut Criterion) {
    let input = COMMANDS.repeat(100);
    let lines = 1200;
    let mut group = criterion.benchmark_group("commands");
    group.throughput(Throughput::Elements(lines));
    group.bench_function("libftp", |bencher| {
        bencher.iter(|| {
            let mut rest = black_box(&input[..]);
            while let Ok((behind, command)) = libftp::parser::parse_command(rest) {
                black_box(&command);
                rest = behind;
            }
            assert!(rest.is_empty());
        });
    });
    group.bench_function("flep_protocol", |bencher| {
        bencher.iter(|| {
            let mut rest = black_box(&input[..]);
            let mut count = 0;
            while !rest.is_empty() {
                black_box(flep_protocol::CommandKind::read(&mut rest).unwrap());
                count += 1;
            }
            assert_eq!(count, lines);
        });
    });
    // As libftp has it: out of one slice, without a copy, and without Telnet or a limit.
    group.bench_function("memchr and Command::parse", |bencher| {
        bencher.iter(|| {
            let mut rest = black_box(&input[..]);
            let mut count = 0;
            while let Some(end) = memchr::memchr(b'\n', rest) {
                let line = &rest[..end];
                let command = Command::parse(line.strip_suffix(b"\r").unwrap_or(line));
                count += u64::from(command.is_ok());
                black_box(&command);
                rest = &rest[end + 1..];
            }
            assert_eq!(count, lines);
        });
    });
    group.bench_function("Inbox and Command::parse", |bencher| {
        let mut inbox = Inbox::commands(Limits::COMMANDS);
        bencher.iter(|| {
            let mut count = 0;
            for chunk in black_box(&input).chunks(READ) {
                inbox.push(chunk);
                while let Some(line) = inbox.next_line().unwrap() {
                    let command = Command::parse(line);
                    count += u64::from(command.is_ok());
                    black_box(&command);
                }
            }
            assert_eq!(count, lines);
        });
    });
    group.finish();
}

/// A thousand lines each, as in `benches/listing.rs`, and suppaftp's reader of each; ftp-cmd-list-parse reads no facts.
type Suppaftp = fn(&str) -> Result<suppaftp::list::File, suppaftp::list::ParseError>;

fn listings() -> [(&'static str, Hint, Suppaftp, String); 3] {
    let lines = |line: &dyn Fn(usize, usize, usize) -> String| {
        (0..1000).map(|number| line(number, number * 7919, number % 28 + 1)).collect::<String>()
    };
    let unix = lines(&|number, size, day| {
        format!("-rw-r--r--    1 1000     1000     {size:>8} Mar {day:>2} 14:05 document-{number:04}.txt\r\n")
    });
    let dos = lines(&|number, size, day| format!("03-{day:02}-24  02:05PM {size:>20} document-{number:04}.txt\r\n"));
    let mlsd = lines(&|number, size, day| {
        format!("type=file;size={size};modify=202403{day:02}140500; document-{number:04}.txt\r\n")
    });
    [
        ("Unix", Hint::List, suppaftp::list::ListParser::parse_posix, unix),
        ("DOS", Hint::List, suppaftp::list::ListParser::parse_dos, dos),
        ("MLSD", Hint::Mlsd, suppaftp::list::ListParser::parse_mlsd, mlsd),
    ]
}

fn bench_listings(criterion: &mut Criterion) {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let mut group = criterion.benchmark_group("listing");
    group.throughput(Throughput::Elements(1000));
    for (name, hint, suppaftp, text) in listings() {
        group.bench_function(BenchmarkId::new("Listing", name), |bencher| {
            bencher.iter(|| {
                let mut listing = Listing::new(now, hint);
                let mut rest = black_box(text.as_bytes());
                let mut count = 0;
                while let Some((line, length)) = listing.read(rest) {
                    count += usize::from(matches!(black_box(&line), Line::Entry(entry) if entry.size.is_some()));
                    rest = &rest[length..];
                }
                assert_eq!(count, 1000);
            });
        });
        group.bench_function(BenchmarkId::new("suppaftp", name), |bencher| {
            bencher.iter(|| {
                let read = black_box(&text).lines().filter(|line| black_box(suppaftp(line)).is_ok());
                assert_eq!(read.count(), 1000);
            });
        });
        if name != "MLSD" {
            group.bench_function(BenchmarkId::new("ftp-cmd-list-parse", name), |bencher| {
                bencher.iter(|| {
                    let lines = black_box(&text).lines();
                    let read = lines.filter(|line| black_box(ftp_cmd_list_parse::FtpEntry::new(line)).is_some());
                    assert_eq!(read.count(), 1000);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench_replies, bench_commands, bench_listings);
criterion_main!(benches);
