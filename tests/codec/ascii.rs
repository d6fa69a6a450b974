//! TYPE A (RFC 959 3.1.1.1), and what SIZE and REST count in it (RFC 3659 4, 5).

use super::{TEXT, decoded, encoded, form};
use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Position, Stop};
use ftp_proto::{Form, Mode, Structure};
use ftp_proto_rigs::table::{bytes, rows};

fn text() -> Form {
    form(TEXT, Structure::File, Mode::Stream)
}

#[test]
fn line_ends_become_what_the_table_says() {
    for row in rows(include_str!("../../testdata/ascii.tsv"), 7) {
        let [name, direction, sent, lf, either, crlf, _] = row[..] else { panic!("{row:?}") };
        let pieces: Vec<Vec<u8>> = sent.split('|').map(bytes).collect();
        for (line_end, expected) in [(LineEnd::Lf, lf), (LineEnd::Either, either), (LineEnd::CrLf, crlf)] {
            let whole = pieces.concat();
            let got = if direction == "to wire" {
                encoded(text(), line_end, &whole)
            } else {
                assert_eq!(decode_pieces(line_end, &pieces), bytes(expected), "{name}, {line_end:?}, in pieces");
                decoded(text(), line_end, &whole)
            };
            assert_eq!(got, (bytes(expected), End::Closed), "{name}, {direction}, {line_end:?}");
        }
    }
}

fn decode_pieces(line_end: LineEnd, pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut decoder = Decoder::new(text(), line_end).unwrap();
    let mut file = Vec::new();
    for piece in pieces {
        let mut output = [0; 100];
        let progress = decoder.decode(piece, &mut output, false).unwrap();
        assert_eq!((progress.read, progress.stop), (piece.len(), Stop::NeedsInput));
        file.extend(&output[..progress.written]);
    }
    let mut output = [0; 100];
    let progress = decoder.decode(b"", &mut output, true).unwrap();
    file.extend(&output[..progress.written]);
    file
}

#[test]
fn a_line_end_without_room_for_both_its_bytes_waits_for_more() {
    let mut encoder = Encoder::new(text(), LineEnd::Lf).unwrap();
    let mut output = [0; 2];
    let progress = encoder.encode(b"a\n", &mut output, true);
    assert_eq!((progress.read, progress.written, progress.stop), (2, 2, Stop::NeedsRoom));
    assert_eq!(&output, b"a\r");
    let progress = encoder.encode(b"", &mut output, true);
    assert_eq!((progress.read, progress.written, progress.stop), (0, 1, Stop::Ended(End::Closed)));
    assert_eq!(output[0], b'\n');
}

#[test]
fn size_is_what_is_sent() {
    // RFC 3659 4.4: 112 lines in 1,830 bytes.
    let file = [b"x".repeat(1830 - 112), b"\n".repeat(112)].concat();
    let mut position = Position::new(LineEnd::Lf);
    position.advance(&file);
    assert_eq!((position.local(), position.wire()), (1830, 1942));
    assert_eq!(encoded(text(), LineEnd::Lf, &file).0.len(), 1942);
}

#[test]
fn a_size_counts_a_line_end_that_is_cut() {
    for (line_end, wire) in [(LineEnd::Lf, 5), (LineEnd::Either, 4), (LineEnd::CrLf, 4)] {
        let mut position = Position::new(line_end);
        position.advance(b"a\r");
        position.advance(b"");
        position.advance(b"\nb");
        assert_eq!((position.local(), position.wire()), (4, wire), "{line_end:?}");
    }
}

#[test]
fn rest_leaves_out_what_was_sent() {
    let wire = encoded(text(), LineEnd::Lf, b"ab\ncd\n").0;
    for offset in 0..=wire.len() {
        let mut encoder = Encoder::new(text(), LineEnd::Lf).unwrap().skip(offset as u64);
        let mut output = [0; 20];
        let progress = encoder.encode(b"ab\ncd\n", &mut output, true);
        assert_eq!((progress.read, progress.stop), (6, Stop::Ended(End::Closed)));
        assert_eq!(output[..progress.written], wire[offset..]);
    }
    let mut beyond = Encoder::new(text(), LineEnd::Lf).unwrap().skip(9);
    let progress = beyond.encode(b"ab\ncd\n", &mut [0; 20], true);
    assert_eq!((progress.written, progress.stop), (0, Stop::Ended(End::Closed)));
}

#[test]
fn an_offset_finds_its_place_in_the_file() {
    // On the wire `ab\r\ncd\r\n`: 3 is between CR and LF.
    for (offset, local, wire) in
        [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 2, 2), (4, 3, 4), (6, 5, 6), (8, 6, 8), (99, 6, 8)]
    {
        let mut position = Position::new(LineEnd::Lf);
        let read = position.advance_to(offset, b"ab\ncd\n");
        assert_eq!((read as u64, position.local(), position.wire()), (local, local, wire), "{offset}");
    }
}

#[test]
fn a_download_goes_on_before_a_cr_that_may_have_been_half_a_line_end() {
    for (file, resume) in [(&b"ab\r"[..], (2, 2)), (b"ab\n", (3, 4)), (b"", (0, 0)), (b"a\nb", (3, 4))] {
        let mut position = Position::new(LineEnd::Lf);
        position.advance(file);
        assert_eq!(position.resume(), resume);
    }
}
