//! How fast bytes become replies and commands, and beside it the floor: the same bytes, copied into a buffer the
//! same way, and split into lines with memchr.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::{Command, ExtendedAddress, ExtendedPort, HostPort, Inbox, Limits, Reply};

/// What a socket hands out at most at once.
const READ: usize = 8192;

/// `S:` and `S>`, or `C:` and `C>` lines of the transcripts, as they went over the wire.
fn transcripts(side: char) -> Vec<u8> {
    let mut files: Vec<_> = ["testdata/transcripts", "testdata/transcripts/clients"]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut bytes = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for line in text.lines() {
            let mut characters = line.chars();
            if characters.next() == Some(side) && matches!(characters.next(), Some(':' | '>')) {
                bytes.extend_from_slice(characters.as_str().strip_prefix(' ').unwrap_or_default().as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
        }
    }
    bytes
}

/// The workloads, and the pieces in which they arrive.
fn replies() -> Vec<(&'static str, Vec<u8>, usize)> {
    let line = b"250 Requested file action okay, completed.\r\n".repeat(1000);
    let features = b"211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n MLST type*;size*;modify*;\r\n MLSD\r\n211 End\r\n";
    let many = [
        &b"213-Status follows:\r\n"[..],
        &b"-rw-r--r--    1 1000     1000         1234 Nov 21 03:25 a.txt\r\n".repeat(998),
        b"213 End of status\r\n",
    ]
    .concat();
    let mix = transcripts('S');
    vec![
        ("one line", line.clone(), READ),
        ("one line, 7 bytes at once", line, 7),
        ("FEAT of 12 lines", features.repeat(100), READ),
        ("1000 lines", many, READ),
        ("transcripts", mix.clone(), READ),
        ("transcripts, 7 bytes at once", mix, 7),
    ]
}

/// The floor: a buffer, a copy, and memchr.
fn split_lines(buffer: &mut Vec<u8>, input: &[u8], piece: usize) -> usize {
    let mut lines = 0;
    let (mut start, mut scan) = (0, 0);
    for chunk in input.chunks(piece) {
        if start > buffer.len() - start {
            buffer.drain(..start);
            (start, scan) = (0, scan - start);
        }
        buffer.extend_from_slice(chunk);
        while let Some(at) = memchr::memchr(b'\n', &buffer[scan..]) {
            let end = scan + at;
            let line = &buffer[start..end];
            black_box(line.strip_suffix(b"\r").unwrap_or(line));
            lines += 1;
            (start, scan) = (end + 1, end + 1);
        }
        scan = buffer.len();
    }
    buffer.clear();
    lines
}

fn read_replies(inbox: &mut Inbox<ftp_proto::Replies>, input: &[u8], piece: usize) -> usize {
    let mut count = 0;
    for chunk in input.chunks(piece) {
        inbox.push(chunk);
        loop {
            match inbox.advance() {
                Ok(true) => {}
                Ok(false) => break,
                // The probes note what is no reply too, such as the end of a connection.
                Err(_) => continue,
            }
            if let Some(reply) = inbox.reply() {
                black_box((reply.code(), reply.text()));
                count += 1;
            }
        }
    }
    count
}

fn bench_replies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replies");
    for (name, input, piece) in replies() {
        let mut buffer = Vec::new();
        let lines = split_lines(&mut buffer, &input, piece);
        group.throughput(Throughput::Elements(lines as u64));
        group.bench_function(BenchmarkId::new("floor", name), |bencher| {
            bencher.iter(|| split_lines(&mut buffer, black_box(&input), piece));
        });
        group.bench_function(BenchmarkId::new("inbox", name), |bencher| {
            let mut inbox = Inbox::replies(Limits::REPLIES);
            bencher.iter(|| read_replies(&mut inbox, black_box(&input), piece));
        });
        if piece == READ && name != "transcripts" {
            group.bench_function(BenchmarkId::new("Reply::parse", name), |bencher| {
                bencher.iter(|| {
                    let mut rest = black_box(&input[..]);
                    while let Some((reply, length)) = Reply::parse(rest).unwrap() {
                        black_box((reply.code(), reply.text()));
                        rest = &rest[length..];
                    }
                });
            });
        }
    }
    group.finish();
}

fn bench_commands(criterion: &mut Criterion) {
    let input = transcripts('C');
    let mut buffer = Vec::new();
    let lines = split_lines(&mut buffer, &input, READ);
    let mut group = criterion.benchmark_group("commands");
    group.throughput(Throughput::Elements(lines as u64));
    group.bench_function("floor/transcripts", |bencher| {
        bencher.iter(|| split_lines(&mut buffer, black_box(&input), READ));
    });
    group.bench_function("inbox and Command::parse/transcripts", |bencher| {
        let mut inbox = Inbox::commands(Limits::COMMANDS);
        bencher.iter(|| {
            for chunk in black_box(&input).chunks(READ) {
                inbox.push(chunk);
                while let Some(line) = inbox.next_line().unwrap() {
                    let _ = black_box(Command::parse(line));
                }
            }
        });
    });
    group.finish();
}

fn bench_addresses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("addresses");
    let passive = black_box(&b"Entering Passive Mode (192,168,1,100,192,100)."[..]);
    group.bench_function("HostPort::find", |bencher| bencher.iter(|| HostPort::find(black_box(passive))));
    let port = black_box(&b"192,168,1,100,192,100"[..]);
    group.bench_function("HostPort::parse", |bencher| bencher.iter(|| HostPort::parse(black_box(port))));
    let extended = black_box(&b"Entering Extended Passive Mode (|||49252|)"[..]);
    group.bench_function("ExtendedPort::find", |bencher| bencher.iter(|| ExtendedPort::find(black_box(extended))));
    let eprt = black_box(&b"|2|2001:db8::1|49252|"[..]);
    group.bench_function("ExtendedAddress::parse", |bencher| bencher.iter(|| ExtendedAddress::parse(black_box(eprt))));
    group.finish();
}

criterion_group! {
    name = benches;
    // Two dozen benches within two minutes.
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = bench_replies, bench_commands, bench_addresses
}
criterion_main!(benches);
