//! STRU R in MODE S (RFC 959 3.4.1).

use super::{TEXT, decoded, encoded, form};
use ftp_proto::codec::{Decoder, Encoder, End, Fault, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

fn records(representation: Type) -> Form {
    form(representation, Structure::Record, Mode::Stream)
}

#[test]
fn lines_become_records() {
    let cases: [(LineEnd, &[u8], &[u8]); 6] = [
        (LineEnd::Lf, b"one\ntwo\n", b"one\xff\x01two\xff\x01\xff\x02"),
        (LineEnd::Lf, b"one\n\ntwo", b"one\xff\x01\xff\x01two\xff\x02"),
        (LineEnd::Lf, b"", b"\xff\x02"),
        (LineEnd::Lf, b"\xff\r\n\xff\xff", b"\xff\xff\r\xff\x01\xff\xff\xff\xff\xff\x02"),
        (LineEnd::CrLf, b"a\r\nb\nc\r\xff\r\n", b"a\xff\x01b\nc\r\xff\xff\xff\x01\xff\x02"),
        (LineEnd::Either, b"a\nb\n", b"a\xff\x01b\xff\x01\xff\x02"),
    ];
    for (line_end, file, wire) in cases {
        assert_eq!(encoded(records(TEXT), line_end, file), (wire.to_vec(), End::Marked), "{line_end:?}");
        assert_eq!(decoded(records(TEXT), line_end, wire), (file.to_vec(), End::Marked), "{line_end:?}");
    }
}

#[test]
fn a_record_and_the_file_may_end_at_once() {
    assert_eq!(decoded(records(TEXT), LineEnd::Lf, b"one\xff\x03next"), (b"one\n".to_vec(), End::Marked));
    assert_eq!(encoded(records(Type::Image), LineEnd::Lf, b"a\n\xff"), (b"a\n\xff\xff\xff\x03".to_vec(), End::Marked));
}

#[test]
fn a_record_of_an_image_is_told() {
    let mut encoder = Encoder::new(records(Type::Image), LineEnd::Lf).unwrap();
    let mut wire = [0; 20];
    let first = encoder.encode(b"ab", &mut wire, false).written;
    assert_eq!(encoder.end_record(), Ok(()));
    let all = first + encoder.encode(b"", &mut wire[first..], true).written;
    assert_eq!(&wire[..all], b"ab\xff\x01\xff\x02");
    let mut decoder = Decoder::new(records(Type::Image), LineEnd::Lf).unwrap();
    let progress = decoder.decode(&wire[..all], &mut [0; 9], false).unwrap();
    assert_eq!((progress.read, progress.written, progress.stop), (4, 2, Stop::Record));
    let progress = decoder.decode(&wire[4..all], &mut [0; 9], false).unwrap();
    assert_eq!((progress.read, progress.written, progress.stop), (2, 0, Stop::Ended(End::Marked)));
}

#[test]
fn an_escape_without_meaning_is_a_fault() {
    for byte in [0, 4, b'a', 0xfe] {
        let mut decoder = Decoder::new(records(TEXT), LineEnd::Lf).unwrap();
        let error = decoder.decode(&[b'a', 0xff, byte], &mut [0; 9], false).unwrap_err();
        assert_eq!((error.fault, error.at, error.written), (Fault::Escape(byte), 2, 1));
    }
}

#[test]
fn a_limit_is_for_content() {
    for (limit, end) in [(3, Err(Fault::OverLimit(3))), (4, Ok(Stop::Ended(End::Marked)))] {
        let mut decoder = Decoder::new(records(TEXT), LineEnd::Lf).unwrap().limit(limit);
        let result = decoder.decode(b"one\xff\x03", &mut [0; 9], false);
        assert_eq!(result.map(|progress| progress.stop).map_err(|error| error.fault), end);
    }
}
