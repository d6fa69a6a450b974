//! Ours beside libftp 0.1 on the same replies: what it can read of the workloads of `benches/parse.rs`, whole.
//! flep_protocol 0.2 writes replies, and reads commands only.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::{Inbox, Limits, Reply};

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

criterion_group!(benches, bench_replies);
criterion_main!(benches);
