//! Ours beside libftp 0.1 on the same replies: what it can read of the workloads of `benches/parse.rs`, whole.
//! flep_protocol 0.2 writes replies, and reads commands only. On listings, beside suppaftp 12 and ftp-cmd-list-parse 0.3.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::Time;
use ftp_proto::listing::{Hint, Line, Listing};
use ftp_proto_peers::*;

fn bench_replies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replies");
    for (name, input, count) in [("one line", lines(), 1000), ("FEAT of 12 lines", features(), 100)] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("libftp", name), |bencher| {
            bencher.iter(|| assert_eq!(libftp_replies(&input), count));
        });
        group.bench_function(BenchmarkId::new("Reply::parse", name), |bencher| {
            bencher.iter(|| assert_eq!(slice_replies(&input), count));
        });
        group.bench_function(BenchmarkId::new("Inbox", name), |bencher| {
            let (mut inbox, _) = inboxes();
            bencher.iter(|| assert_eq!(inbox_replies(&mut inbox, &input), count));
        });
    }
    group.finish();
}

fn bench_commands(criterion: &mut Criterion) {
    let input = commands();
    let count = 1200;
    let mut group = criterion.benchmark_group("commands");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("libftp", |bencher| bencher.iter(|| assert_eq!(libftp_commands(&input), count)));
    group.bench_function("flep_protocol", |bencher| bencher.iter(|| assert_eq!(flep_commands(&input), count)));
    group.bench_function("memchr and Command::parse", |bencher| {
        bencher.iter(|| assert_eq!(slice_commands(&input), count));
    });
    group.bench_function("Inbox and Command::parse", |bencher| {
        let (_, mut inbox) = inboxes();
        bencher.iter(|| assert_eq!(inbox_commands(&mut inbox, &input), count));
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
