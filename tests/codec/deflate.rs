//! MODE Z (draft-preston-ftpext-deflate).

use super::{TEXT, decoded, encoded, form};
use ftp_proto::codec::{Decoder, Encoder, End, Fault, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

/// `one\r\ntwo\r\n` as zlib 1.2 has it.
const LINES: &[u8] = b"\x78\x9c\xcb\xcf\x4b\xe5\xe5\x2a\x29\xcf\xe7\xe5\x02\x00\x11\x8e\x02\xcb";

fn deflated(representation: Type) -> Form {
    form(representation, Structure::File, Mode::Deflate)
}

#[test]
fn a_zlib_stream_is_what_stream_mode_would_carry() {
    assert_eq!(decoded(deflated(Type::Image), LineEnd::Lf, LINES), (b"one\r\ntwo\r\n".to_vec(), End::Marked));
    assert_eq!(decoded(deflated(TEXT), LineEnd::Lf, LINES), (b"one\ntwo\n".to_vec(), End::Marked));
}

#[test]
fn what_follows_the_stream_is_not_read() {
    let mut decoder = Decoder::new(deflated(Type::Image), LineEnd::Lf).unwrap();
    let progress = decoder.decode(&[LINES, b"next"].concat(), &mut [0; 99], false).unwrap();
    assert_eq!((progress.read, progress.stop), (LINES.len(), Stop::Ended(End::Marked)));
}

#[test]
fn a_broken_stream_and_a_wrong_checksum_are_faults() {
    for place in [0, 1, 4, LINES.len() - 1] {
        let mut wire = LINES.to_vec();
        wire[place] ^= 0x55;
        let mut decoder = Decoder::new(deflated(Type::Image), LineEnd::Lf).unwrap();
        let error = decoder.decode(&wire, &mut [0; 1000], true).unwrap_err();
        assert_eq!(error.fault, Fault::Deflate, "{place}");
    }
}

#[test]
fn every_level_comes_back() {
    let file: Vec<u8> = (0..50_000u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
    for level in 0..=11 {
        let mut wire = vec![0; 60_000];
        let encoder = Encoder::new(deflated(Type::Image), LineEnd::Lf).unwrap();
        let progress = encoder.level(level).encode(&file, &mut wire, true);
        assert_eq!(progress.stop, Stop::Ended(End::Marked));
        assert!(decoded(deflated(Type::Image), LineEnd::Lf, &wire[..progress.written]) == (file.clone(), End::Marked));
    }
}

#[test]
fn a_bomb_ends_at_its_limit() {
    let (wire, _) = encoded(deflated(Type::Image), LineEnd::Lf, &vec![0; 10 << 20]);
    assert!(wire.len() < 20_000, "{}", wire.len());
    let mut decoder = Decoder::new(deflated(Type::Image), LineEnd::Lf).unwrap().limit(1 << 20);
    let mut rest = &wire[..];
    let mut written = 0;
    let mut output = vec![0; 10_000];
    let error = loop {
        match decoder.decode(rest, &mut output, true) {
            Ok(progress) => {
                rest = &rest[progress.read..];
                written += progress.written;
                assert_eq!(progress.stop, Stop::NeedsRoom);
            }
            Err(error) => break error,
        }
    };
    assert_eq!((error.fault, written + error.written), (Fault::OverLimit(1 << 20), 1 << 20));
}

#[test]
fn the_end_of_records_is_the_end_of_the_stream() {
    let records = form(TEXT, Structure::Record, Mode::Deflate);
    let (wire, end) = encoded(records, LineEnd::Lf, b"one\ntwo");
    assert_eq!(end, End::Marked);
    assert_eq!(decoded(deflated(Type::Image), LineEnd::Lf, &wire).0, b"one\xff\x01two\xff\x02");
    assert_eq!(decoded(records, LineEnd::Lf, &wire), (b"one\ntwo".to_vec(), End::Marked));
    for (content, end) in [(&b"one"[..], Ok(Stop::Ended(End::Truncated))), (b"one\xff\x02more", Err(Fault::Deflate))] {
        let wire = encoded(deflated(Type::Image), LineEnd::Lf, content).0;
        let mut decoder = Decoder::new(records, LineEnd::Lf).unwrap();
        let result = decoder.decode(&wire, &mut [0; 99], true);
        assert_eq!(result.map(|progress| progress.stop).map_err(|error| error.fault), end);
    }
}
