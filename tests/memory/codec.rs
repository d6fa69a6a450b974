//! Conversions allocate nothing, but for MODE Z's window once.

use std::hint::black_box;

use ftp_proto::codec::{Decoder, Encoder, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};
use ftp_proto_rigs::counting::cost;

/// A file there and back in pieces; how often that asks for memory, beside making encoder and decoder.
fn allocations(form: Form) -> (usize, usize) {
    let file = b"a line of text\nand a longer one \xff\r\n".repeat(1000);
    let mut wire = vec![0; 3 * file.len()];
    let mut back = vec![0; 2 * file.len()];
    let (made, _, (mut encoder, mut decoder)) =
        cost(|| (Encoder::new(form, LineEnd::Lf).unwrap(), Decoder::new(form, LineEnd::Lf).unwrap()));
    let (asked, _, length) = cost(|| {
        let (mut rest, mut length) = (&file[..], 0);
        loop {
            let piece = &rest[..rest.len().min(999)];
            let room = (wire.len() - length).min(777);
            let progress = encoder.encode(piece, &mut wire[length..][..room], piece.len() == rest.len());
            rest = &rest[progress.read..];
            length += progress.written;
            if let Stop::Ended(_) = progress.stop {
                break;
            }
        }
        let (mut rest, mut written) = (&wire[..length], 0);
        loop {
            let piece = &rest[..rest.len().min(888)];
            let progress = decoder.decode(piece, &mut back[written..], piece.len() == rest.len()).unwrap();
            rest = &rest[progress.read..];
            written += progress.written;
            if let Stop::Ended(_) = progress.stop {
                break written;
            }
        }
    });
    assert!(black_box(&back[..length]) == file);
    (made, asked)
}

#[test]
fn a_conversion_allocates_nothing() {
    for representation in [Type::Ascii(None), Type::Image] {
        for structure in [Structure::File, Structure::Record] {
            for mode in [Mode::Stream, Mode::Block] {
                assert_eq!(allocations(Form { representation, structure, mode }), (0, 0));
            }
        }
    }
}

#[cfg(feature = "deflate")]
#[test]
fn mode_z_allocates_where_it_is_made() {
    for representation in [Type::Ascii(None), Type::Image] {
        let form = Form { representation, structure: Structure::File, mode: Mode::Deflate };
        let (made, asked) = allocations(form);
        assert_eq!(asked, 0);
        assert!(made > 0);
        let (_, encoder, _kept) = cost(|| Encoder::new(form, LineEnd::Lf).unwrap());
        let (_, decoder, _kept) = cost(|| Decoder::new(form, LineEnd::Lf).unwrap());
        assert!(encoder < 400 << 10 && decoder < 60 << 10, "{encoder} and {decoder} bytes");
    }
}
