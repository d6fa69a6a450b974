//! How fast lines of listings become entries, and beside it the floor: the same bytes, split into lines with memchr.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::Time;
use ftp_proto::listing::{Hint, Line, Listing};

/// A thousand lines each, of names of a usual length.
fn workloads() -> [(&'static str, Hint, Vec<u8>); 3] {
    let lines = |line: &dyn Fn(usize) -> String| (0..1000).map(line).collect::<String>().into_bytes();
    let day = |number: usize| number % 28 + 1;
    let unix = |number| {
        let (size, day) = (number * 7919, day(number));
        format!("-rw-r--r--    1 1000     1000     {size:>8} Mar {day:>2} 14:05 document-{number:04}.txt\r\n")
    };
    let dos = |number| {
        let (size, day) = (number * 7919, day(number));
        format!("03-{day:02}-24  02:05PM {size:>20} document-{number:04}.txt\r\n")
    };
    let mlsd = |number| {
        let (size, day) = (number * 7919, day(number));
        format!("type=file;size={size};modify=202403{day:02}140500; document-{number:04}.txt\r\n")
    };
    [("Unix", Hint::List, lines(&unix)), ("DOS", Hint::List, lines(&dos)), ("MLSD", Hint::Mlsd, lines(&mlsd))]
}

fn bench_listings(criterion: &mut Criterion) {
    let now = Time::new(2024, 3, 10, 12, 0, 0).unwrap();
    let mut group = criterion.benchmark_group("listing");
    group.throughput(Throughput::Elements(1000));
    for (name, hint, text) in workloads() {
        group.bench_function(BenchmarkId::new("floor", name), |bencher| {
            bencher.iter(|| {
                let mut rest = black_box(&text[..]);
                let mut count = 0;
                while let Some(end) = memchr::memchr(b'\n', rest) {
                    let line = &rest[..end];
                    black_box(line.strip_suffix(b"\r").unwrap_or(line));
                    rest = &rest[end + 1..];
                    count += 1;
                }
                assert_eq!(count, 1000);
            });
        });
        group.bench_function(BenchmarkId::new("Listing", name), |bencher| {
            bencher.iter(|| {
                let mut listing = Listing::new(now, hint);
                let mut rest = black_box(&text[..]);
                let mut count = 0;
                while let Some((line, length)) = listing.read(rest) {
                    count += usize::from(matches!(black_box(&line), Line::Entry(entry) if entry.size.is_some()));
                    rest = &rest[length..];
                }
                assert_eq!(count, 1000);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench_listings);
criterion_main!(benches);
