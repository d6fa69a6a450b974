//! How fast text is converted, beside a copy of the same bytes and beside a loop over single bytes; and MODE B and STRU R.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

/// A file, and the pieces in which it is read and written.
const FILE: usize = 4 << 20;
const PIECE: usize = 64 << 10;

/// Lines of 60 bytes with their ends, and data in which there is none.
fn files() -> [(&'static str, Vec<u8>); 2] {
    let line = b"drwxr-xr-x    2 1000     1000         4096 Nov 21 03:25 abc\n";
    assert_eq!(line.len(), 60);
    let data = b"no line end in all of this data, which is as long as a line.";
    [("lines", line.repeat(FILE / 60)), ("no line end", data.repeat(FILE / 60))]
}

fn form(structure: Structure, mode: Mode) -> Form {
    Form { representation: Type::Ascii(None), structure, mode }
}

/// Gives the file to `convert` in pieces, until it has ended.
fn run(
    file: &[u8],
    output: &mut [u8],
    mut convert: impl FnMut(&[u8], &mut [u8], bool) -> (usize, usize, Stop),
) -> usize {
    let mut total = 0;
    let mut rest = file;
    loop {
        let piece = &rest[..rest.len().min(PIECE)];
        let (read, written, stop) = convert(piece, output, piece.len() == rest.len());
        black_box(&output[..written]);
        total += written;
        rest = &rest[read..];
        if let Stop::Ended(_) = stop {
            return total;
        }
    }
}

fn encode(mut encoder: Encoder, file: &[u8], output: &mut [u8]) -> usize {
    run(file, output, |input, output, is_last| {
        let progress = encoder.encode(input, output, is_last);
        (progress.read, progress.written, progress.stop)
    })
}

fn decode(mut decoder: Decoder, wire: &[u8], output: &mut [u8]) -> usize {
    run(wire, output, |input, output, is_last| {
        let progress = decoder.decode(input, output, is_last).unwrap();
        (progress.read, progress.written, progress.stop)
    })
}

/// The floor.
fn copy(input: &[u8], output: &mut [u8], is_last: bool) -> (usize, usize, Stop) {
    let count = input.len().min(output.len());
    output[..count].copy_from_slice(&input[..count]);
    let over = is_last && count == input.len();
    (count, count, if over { Stop::Ended(End::Closed) } else { Stop::NeedsInput })
}

/// What is commonly written, of which the CR of the last piece isn't even kept.
fn encode_bytes(input: &[u8], output: &mut [u8], is_last: bool) -> (usize, usize, Stop) {
    let (mut read, mut written) = (0, 0);
    while read < input.len() && written + 1 < output.len() {
        if input[read] == b'\n' {
            output[written] = b'\r';
            written += 1;
        }
        output[written] = input[read];
        read += 1;
        written += 1;
    }
    let over = is_last && read == input.len();
    (read, written, if over { Stop::Ended(End::Closed) } else { Stop::NeedsRoom })
}

fn decode_bytes(input: &[u8], output: &mut [u8], is_last: bool) -> (usize, usize, Stop) {
    let (mut read, mut written) = (0, 0);
    while read < input.len() && written < output.len() {
        if !(input[read] == b'\r' && input.get(read + 1) == Some(&b'\n')) {
            output[written] = input[read];
            written += 1;
        }
        read += 1;
    }
    let over = is_last && read == input.len();
    (read, written, if over { Stop::Ended(End::Closed) } else { Stop::NeedsRoom })
}

fn bench(criterion: &mut Criterion) {
    let text = form(Structure::File, Mode::Stream);
    for (name, file) in files() {
        let mut output = vec![0; PIECE];
        let mut wire = vec![0; 2 * FILE];
        let length = Encoder::new(text, LineEnd::Lf).unwrap().encode(&file, &mut wire, true).written;
        wire.truncate(length);

        let mut group = criterion.benchmark_group("ascii, file to wire");
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(BenchmarkId::new("copy", name), |bencher| bencher.iter(|| run(&file, &mut output, copy)));
        group.bench_function(BenchmarkId::new("Encoder", name), |bencher| {
            bencher.iter(|| encode(Encoder::new(text, LineEnd::Lf).unwrap(), &file, &mut output));
        });
        group.bench_function(BenchmarkId::new("byte by byte", name), |bencher| {
            bencher.iter(|| run(&file, &mut output, encode_bytes));
        });
        group.finish();

        let mut group = criterion.benchmark_group("ascii, wire to file");
        group.throughput(Throughput::Bytes(wire.len() as u64));
        group.bench_function(BenchmarkId::new("copy", name), |bencher| bencher.iter(|| run(&wire, &mut output, copy)));
        group.bench_function(BenchmarkId::new("Decoder", name), |bencher| {
            bencher.iter(|| decode(Decoder::new(text, LineEnd::Lf).unwrap(), &wire, &mut output));
        });
        group.bench_function(BenchmarkId::new("byte by byte", name), |bencher| {
            bencher.iter(|| run(&wire, &mut output, decode_bytes));
        });
        group.finish();
    }
    bench_marks(criterion);
}

fn bench_marks(criterion: &mut Criterion) {
    let [(_, file), _] = files();
    let mut output = vec![0; PIECE];
    for (name, form) in
        [("MODE B", form(Structure::File, Mode::Block)), ("STRU R", form(Structure::Record, Mode::Stream))]
    {
        let mut wire = vec![0; 2 * FILE];
        let length = Encoder::new(form, LineEnd::Lf).unwrap().encode(&file, &mut wire, true).written;
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function("Encoder/lines", |bencher| {
            bencher.iter(|| encode(Encoder::new(form, LineEnd::Lf).unwrap(), &file, &mut output));
        });
        group.bench_function("Decoder/lines", |bencher| {
            bencher.iter(|| decode(Decoder::new(form, LineEnd::Lf).unwrap(), &wire[..length], &mut output));
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
