//! MODE B (RFC 959 3.4.2).

use super::{TEXT, decoded, encoded, form};
use ftp_proto::codec::{Decoder, Encoder, End, Fault, LineEnd, MARKER_LIMIT, Refused, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

fn image() -> Form {
    form(Type::Image, Structure::File, Mode::Block)
}

fn records(representation: Type) -> Form {
    form(representation, Structure::Record, Mode::Block)
}

#[test]
fn files_become_blocks() {
    let lines = form(TEXT, Structure::File, Mode::Block);
    let cases: [(Form, &[u8], &[u8]); 8] = [
        (image(), b"abc", b"\x40\x00\x03abc"),
        (image(), b"", b"\x40\x00\x00"),
        (lines, b"a\nb", b"\x40\x00\x04a\r\nb"),
        (records(TEXT), b"one\ntwo\n", b"\x80\x00\x03one\x80\x00\x03two\x40\x00\x00"),
        (records(TEXT), b"one\n\ntwo", b"\x80\x00\x03one\x80\x00\x00\x40\x00\x03two"),
        (records(TEXT), b"", b"\x40\x00\x00"),
        (records(Type::Image), b"a\nb", b"\xc0\x00\x03a\nb"),
        (records(Type::Image), b"", b"\x40\x00\x00"),
    ];
    for (form, file, wire) in cases {
        assert_eq!(encoded(form, LineEnd::Lf, file), (wire.to_vec(), End::Marked), "{form:?}");
        assert_eq!(decoded(form, LineEnd::Lf, wire), (file.to_vec(), End::Marked), "{form:?}");
    }
}

#[test]
fn a_block_ends_where_it_is_full() {
    let file = vec![b'x'; 4096 + 1];
    let (wire, _) = encoded(image(), LineEnd::Lf, &file);
    assert_eq!(wire, [b"\x00\x10\x00", &file[1..], b"\x40\x00\x01x"].concat());
    let (wire, _) = encoded(image(), LineEnd::Lf, &file[1..]);
    assert_eq!(wire, [b"\x40\x10\x00", &file[1..]].concat());
}

#[test]
fn a_restart_marker_is_written_between_blocks() {
    let mut encoder = Encoder::new(image(), LineEnd::Lf).unwrap();
    let mut wire = [0; 100];
    let first = encoder.encode(b"abc", &mut wire, false);
    assert_eq!((first.written, first.stop), (0, Stop::NeedsInput));
    assert_eq!(encoder.mark(b"marker"), Ok(()));
    assert_eq!(encoder.mark(b"again"), Err(Refused::Waiting));
    // RFC 959's own example has a marker of six characters.
    let second = encoder.encode(b"", &mut wire, false);
    assert_eq!(&wire[..second.written], b"\x00\x00\x03abc\x10\x00\x06marker");
    assert_eq!(encoder.mark(b"at once"), Err(Refused::Marker));
    assert_eq!(encoder.mark(b""), Err(Refused::Marker));
    assert_eq!(encoder.mark(&[b'm'; MARKER_LIMIT + 1]), Err(Refused::Marker));
    assert_eq!(encoder.mark(&[b'm'; MARKER_LIMIT]), Ok(()));
    let last = encoder.encode(b"", &mut wire, true);
    assert_eq!(last.stop, Stop::Ended(End::Marked));
    assert_eq!(&wire[..last.written], [&b"\x10\x00\x40"[..], &[b'm'; 64], b"\x40\x00\x00"].concat());
    assert_eq!(encoder.mark(b"late"), Err(Refused::Ended));
}

#[test]
fn a_marker_does_not_divide_a_line_end() {
    let mut encoder = Encoder::new(form(TEXT, Structure::File, Mode::Block), LineEnd::Either).unwrap();
    let mut wire = [0; 100];
    let _ = encoder.encode(b"a\r", &mut wire, false);
    assert_eq!(encoder.mark(b"2"), Err(Refused::WithinLineEnd));
    let _ = encoder.encode(b"\n", &mut wire, false);
    assert_eq!(encoder.mark(b"3"), Ok(()));
    let last = encoder.encode(b"", &mut wire, true);
    assert_eq!(&wire[..last.written], b"\x00\x00\x03a\r\n\x10\x00\x013\x40\x00\x00");
}

#[test]
fn only_block_mode_has_markers() {
    let mut encoder = Encoder::new(form(Type::Image, Structure::File, Mode::Stream), LineEnd::Lf).unwrap();
    assert_eq!(encoder.mark(b"1"), Err(Refused::Form));
}

#[test]
fn a_record_of_an_image_ends_where_the_application_says() {
    let mut encoder = Encoder::new(records(Type::Image), LineEnd::Lf).unwrap();
    let mut wire = [0; 100];
    let _ = encoder.encode(b"ab", &mut wire, false);
    assert_eq!(encoder.end_record(), Ok(()));
    let progress = encoder.encode(b"c", &mut wire, true);
    assert_eq!(&wire[..progress.written], b"\x80\x00\x02ab\xc0\x00\x01c");

    let mut decoder = Decoder::new(records(Type::Image), LineEnd::Lf).unwrap();
    let mut file = [0; 9];
    let first = decoder.decode(&wire[..progress.written], &mut file, false).unwrap();
    assert_eq!((first.read, first.written, first.stop), (5, 2, Stop::Record));
    let second = decoder.decode(&wire[5..progress.written], &mut file, false).unwrap();
    assert_eq!((second.read, second.written, second.stop), (4, 1, Stop::Record));
    let third = decoder.decode(b"", &mut file, false).unwrap();
    assert_eq!((third.read, third.written, third.stop), (0, 0, Stop::Ended(End::Marked)));
    for (form, refused) in [(records(TEXT), Refused::Form), (image(), Refused::Form)] {
        assert_eq!(Encoder::new(form, LineEnd::Lf).unwrap().end_record(), Err(refused));
    }
}

#[test]
fn what_a_peer_may_send_is_understood() {
    let text = form(TEXT, Structure::File, Mode::Block);
    let cases: [(&str, Form, &[u8], &[u8]); 6] = [
        ("empty blocks", image(), b"\x00\x00\x00\x00\x00\x01a\x00\x00\x00\x40\x00\x00", b"a"),
        ("a line end over two blocks", text, b"\x00\x00\x02a\r\x40\x00\x01\n", b"a\n"),
        ("a record's end without STRU R", image(), b"\x80\x00\x01a\xc0\x00\x01b", b"ab"),
        ("a record over three blocks", records(TEXT), b"\x00\x00\x01a\x00\x00\x01b\x80\x00\x01c\x40\x00\x00", b"abc\n"),
        ("both ends at once", records(TEXT), b"\xc0\x00\x01a", b"a\n"),
        ("CR LF within a record", records(TEXT), b"\xc0\x00\x04a\r\nb", b"a\r\nb\n"),
    ];
    for (name, form, wire, file) in cases {
        assert_eq!(decoded(form, LineEnd::Lf, wire), (file.to_vec(), End::Marked), "{name}");
    }
}

#[test]
fn all_that_came_before_a_marker_is_written() {
    let mut decoder = Decoder::new(form(TEXT, Structure::File, Mode::Block), LineEnd::Lf).unwrap();
    let mut file = [0; 9];
    let progress = decoder.decode(b"\x00\x00\x02a\r\x10\x00\x012\x40\x00\x00", &mut file, false).unwrap();
    assert_eq!((progress.written, progress.stop), (2, Stop::Marker));
    assert_eq!((decoder.marker(), &file[..2]), (&b"2"[..], &b"a\r"[..]));
}

#[test]
fn suspected_bytes_are_counted() {
    let mut decoder = Decoder::new(image(), LineEnd::Lf).unwrap();
    let _ = decoder.decode(b"\x20\x00\x02ab\x00\x00\x01c\x60\x00\x01d", &mut [0; 9], false).unwrap();
    assert_eq!(decoder.suspected(), 3);
}

#[test]
fn what_cannot_be_a_block_is_a_fault() {
    let too_long = [b"\x10\x00\x41", &[b'm'; 65][..]].concat();
    for (wire, fault, at) in
        [(&b"\x00\x00\x01a\x01\x00\x00"[..], Fault::Descriptor(1), 4), (&too_long, Fault::MarkerTooLong, 2)]
    {
        let mut decoder = Decoder::new(image(), LineEnd::Lf).unwrap();
        let mut file = [0; 9];
        let error = decoder.decode(wire, &mut file, false).unwrap_err();
        assert_eq!((error.fault, error.at), (fault, at));
        assert_eq!(file[..error.written], b"a"[..error.written]);
        assert_eq!(decoder.decode(b"\x40\x00\x00", &mut file, true).unwrap_err().fault, fault);
    }
}
