//! Conversions: the same bytes however input and output are cut, equal to a naive version that sees all at once, and back to
//! what they were.

mod cut;
mod naive;

use cut::{Cut, decode, decode_within, encode};
use ftp_proto::codec::{Encoder, End, Fault, LineEnd, Position};
use ftp_proto::{Form, Mode, Structure, Type};

const LINE_ENDS: [LineEnd; 3] = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Either];

fn form(representation: Type, structure: Structure, mode: Mode) -> Form {
    Form { representation, structure, mode }
}

/// The line end and the cuts, and the content.
fn head(bytes: &[u8]) -> Option<(LineEnd, Cut, &[u8])> {
    let ([choice, cut], data) = bytes.split_first_chunk()?;
    Some((LINE_ENDS[usize::from(choice % 3)], Cut::new(u16::from_le_bytes([*choice, *cut])), data))
}

/// What comes back of a file: itself, but for line ends of which there are two kinds.
fn returned(data: &[u8], representation: Type, line_end: LineEnd) -> Vec<u8> {
    if representation == Type::Image || line_end != LineEnd::Either { data.to_vec() } else { naive::without_cr(data) }
}

/// TYPE A in MODE S, and the marks of STRU R; SIZE and REST.
///
/// Two bytes choose the line end and the cuts; the rest is a file, and then what is received.
pub fn ascii(bytes: &[u8]) {
    let Some((line_end, cut, data)) = head(bytes) else { return };
    let text = form(Type::Ascii(None), Structure::File, Mode::Stream);
    let wire = encode(text, line_end, data, cut);
    assert_eq!(wire.bytes, naive::to_wire(data, line_end));
    assert_eq!(wire.end, End::Closed);
    assert_eq!(
        decode(text, line_end, &wire.bytes, cut).file(End::Closed),
        returned(data, text.representation, line_end)
    );
    assert_eq!(decode(text, line_end, data, cut).file(End::Closed), naive::from_wire(data, line_end));
    positions(line_end, cut, data, &wire.bytes);
    for representation in [Type::Ascii(None), Type::Image] {
        let records = form(representation, Structure::Record, Mode::Stream);
        let wire = encode(records, line_end, data, cut);
        assert_eq!(wire.bytes, naive::escaped(data, representation, line_end));
        round_trip(records, line_end, cut, data, &wire.bytes);
        assert_eq!(decode(records, line_end, data, cut), naive::unescape(data, representation, line_end));
    }
}

/// A file comes back from what was written, a part of it from a part, and what is behind isn't read.
fn round_trip(form: Form, line_end: LineEnd, cut: Cut, data: &[u8], wire: &[u8]) {
    let expected = returned(data, form.representation, line_end);
    let whole = decode(form, line_end, &[wire, b"next"].concat(), cut);
    assert_eq!(whole.read, wire.len());
    assert_eq!(whole.file(End::Marked), expected);
    let part = decode(form, line_end, &wire[..wire.len() / 2], cut);
    assert_eq!(part.end, Ok(End::Truncated));
    assert!(expected.starts_with(part.bytes.strip_suffix(b"\r").unwrap_or(&part.bytes)));
    if let Some(limit) = expected.len().checked_sub(1) {
        let over = decode_within(form, line_end, wire, cut, limit as u64);
        assert_eq!(over.end, Err(Fault::OverLimit(limit as u64)));
        assert_eq!(over.bytes, expected[..limit]);
    }
    assert_eq!(decode_within(form, line_end, wire, cut, expected.len() as u64).end, Ok(End::Marked));
}

/// SIZE is what is sent; every offset of REST leads to the rest of it.
fn positions(line_end: LineEnd, cut: Cut, data: &[u8], wire: &[u8]) {
    let mut whole = Position::new(line_end);
    cut.pieces(data).for_each(|piece| whole.advance(piece));
    assert_eq!((whole.local(), whole.wire()), (data.len() as u64, wire.len() as u64));
    let text = form(Type::Ascii(None), Structure::File, Mode::Stream);
    for offset in cut.places(wire.len()) {
        let skipped = cut::encode_with(Encoder::new(text, line_end).unwrap().skip(offset as u64), data, cut);
        assert_eq!(skipped.bytes, wire[offset..]);
        let mut at = Position::new(line_end);
        for piece in cut.pieces(data) {
            if at.advance_to(offset as u64, piece) < piece.len() {
                break;
            }
        }
        let local = usize::try_from(at.local()).unwrap();
        let left = offset as u64 - at.wire();
        assert!(left <= 1);
        // Behind a CR that is left behind, `Either` can't know it.
        if !(line_end == LineEnd::Either && data[..local].ends_with(b"\r")) {
            let rest = cut::encode_with(Encoder::new(text, line_end).unwrap().skip(left), &data[local..], cut);
            assert_eq!(rest.bytes, wire[offset..], "from {local}");
        }
        // What is received from there on completes what was kept of the file.
        let broken = decode(text, line_end, &wire[..offset], cut).bytes;
        let mut kept = Position::new(line_end);
        kept.advance(&broken);
        let (local, from) = kept.resume();
        let rest = decode(text, line_end, &wire[usize::try_from(from).unwrap()..], cut).bytes;
        let completed = [&broken[..usize::try_from(local).unwrap()], &rest].concat();
        if line_end != LineEnd::Either {
            assert_eq!(completed, data, "resumed at {from}");
        }
    }
}

/// MODE B.
///
/// Two bytes choose the line end and the cuts; the rest is a file, and then what is received.
pub fn block(bytes: &[u8]) {
    let Some((line_end, cut, data)) = head(bytes) else { return };
    for representation in [Type::Ascii(None), Type::Image] {
        for structure in [Structure::File, Structure::Record] {
            let blocks = form(representation, structure, Mode::Block);
            let wire = encode(blocks, line_end, data, cut);
            assert_eq!(wire.end, End::Marked);
            assert_eq!(decode(blocks, line_end, &wire.bytes, cut), naive::unblock(&wire.bytes, blocks, line_end));
            round_trip(blocks, line_end, cut, data, &wire.bytes);
            // As it comes, and with a header before it, so that there are blocks more often.
            assert_eq!(decode(blocks, line_end, data, cut), naive::unblock(data, blocks, line_end));
            let block = [&[data.len() as u8 & 0xf0, 0, data.len() as u8 / 2], data].concat();
            assert_eq!(decode(blocks, line_end, &block, cut), naive::unblock(&block, blocks, line_end));
            marks(blocks, line_end, cut, data);
        }
    }
}

/// Markers come out where they went in, and change nothing else.
fn marks(form: Form, line_end: LineEnd, cut: Cut, data: &[u8]) {
    let mut encoder = Encoder::new(form, line_end).unwrap();
    let mut wire = Vec::new();
    let mut markers = Vec::new();
    for (number, piece) in cut.pieces(data).enumerate() {
        cut::feed(&mut encoder, piece, false, cut, &mut wire);
        let marker = number.to_string().into_bytes();
        if encoder.mark(&marker).is_ok() {
            markers.push(marker);
        }
    }
    cut::feed(&mut encoder, b"", true, cut, &mut wire);
    let decoded = decode(form, line_end, &wire, cut);
    assert_eq!(decoded.file(End::Marked), returned(data, form.representation, line_end));
    let told: Vec<Vec<u8>> = decoded.marks.into_iter().filter_map(|(_, mark)| mark.marker()).collect();
    assert_eq!(told, markers);
}

/// MODE Z.
///
/// Two bytes choose the line end and the cuts; the rest is a file, and then what is received.
#[cfg(feature = "deflate")]
pub fn deflate(bytes: &[u8]) {
    let Some((line_end, cut, data)) = head(bytes) else { return };
    for (representation, structure) in [
        (Type::Image, Structure::File),
        (Type::Ascii(None), Structure::File),
        (Type::Ascii(None), Structure::Record),
        (Type::Image, Structure::Record),
    ] {
        let deflated = form(representation, structure, Mode::Deflate);
        let wire = encode(deflated, line_end, data, cut);
        assert_eq!(wire.end, End::Marked);
        // What it holds is what MODE S carries.
        let plain = encode(form(representation, structure, Mode::Stream), line_end, data, cut);
        assert_eq!(miniz_oxide::inflate::decompress_to_vec_zlib(&wire.bytes).unwrap(), plain.bytes);
        round_trip(deflated, line_end, cut, data, &wire.bytes);
        // Damage, and anything: the same whatever the cuts, which `decode` looks at.
        let mut damaged = wire.bytes;
        let place = cut.places(damaged.len()).last().unwrap_or(0);
        if let Some(byte) = damaged.get_mut(place) {
            *byte ^= 1 << (place % 8);
        }
        let decoded = decode(deflated, line_end, &damaged, cut);
        // Built for a fuzzer, miniz_oxide takes any checksum.
        if decoded.end == Ok(End::Marked) && !cfg!(fuzzing) {
            assert_eq!(
                decoded.bytes,
                returned(data, representation, line_end),
                "damage at {place} passes the checksum"
            );
        }
        received(deflated, line_end, cut, data);
        received(deflated, line_end, cut, &[b"\x78\x9c", data].concat());
    }
}

/// Anything as a zlib stream.
#[cfg(feature = "deflate")]
fn received(form: Form, line_end: LineEnd, cut: Cut, data: &[u8]) {
    let decoded = decode(form, line_end, data, cut);
    if form.representation == Type::Image && form.structure == Structure::File {
        match (miniz_oxide::inflate::decompress_to_vec_zlib(data), &decoded.end) {
            (Ok(naively), Ok(End::Marked)) => assert_eq!(decoded.bytes, naively),
            // A distance to before the beginning is a fault only where the output is all in one piece.
            (Err(_), _) => {}
            (naively, ours) => panic!("{naively:?}, and {ours:?}"),
        }
    }
}
