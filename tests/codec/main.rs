//! What TYPE, STRU and MODE make of bytes: known answers, by the RFCs and by what real programs do.

mod ascii;
mod blocks;
#[cfg(feature = "deflate")]
mod deflate;
mod records;

use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop, Unsupported, is_verbatim};
use ftp_proto::{Form, Format, Mode, Structure, Type};

const TEXT: Type = Type::Ascii(None);

fn form(representation: Type, structure: Structure, mode: Mode) -> Form {
    Form { representation, structure, mode }
}

/// A whole file, and how it ended.
fn encoded(form: Form, line_end: LineEnd, file: &[u8]) -> (Vec<u8>, End) {
    let mut wire = vec![0; 2 * file.len() + 100];
    let progress = Encoder::new(form, line_end).unwrap().encode(file, &mut wire, true);
    wire.truncate(progress.written);
    match progress.stop {
        Stop::Ended(end) if progress.read == file.len() => (wire, end),
        _ => panic!("{progress:?}"),
    }
}

/// All that a connection carries, and how it ended; stops on the way are passed over.
fn decoded(form: Form, line_end: LineEnd, wire: &[u8]) -> (Vec<u8>, End) {
    let mut decoder = Decoder::new(form, line_end).unwrap();
    let mut file = Vec::new();
    let mut read = 0;
    loop {
        let mut output = [0; 1000];
        let progress = decoder.decode(&wire[read..], &mut output, true).unwrap();
        read += progress.read;
        file.extend(&output[..progress.written]);
        if let Stop::Ended(end) = progress.stop {
            return (file, end);
        }
    }
}

#[test]
fn forms_without_a_conversion_are_refused() {
    let local = |bits: u8| Type::Local(bits.try_into().unwrap());
    let mut refused = vec![
        form(Type::Ebcdic(None), Structure::File, Mode::Stream),
        form(local(36), Structure::File, Mode::Stream),
        form(Type::Image, Structure::Page, Mode::Stream),
        form(Type::Image, Structure::File, Mode::Compressed),
    ];
    if cfg!(not(feature = "deflate")) {
        refused.push(form(Type::Image, Structure::File, Mode::Deflate));
    }
    for form in refused {
        assert_eq!(Encoder::new(form, LineEnd::Lf).err(), Some(Unsupported(form)));
        assert_eq!(Decoder::new(form, LineEnd::Lf).err(), Some(Unsupported(form)));
        assert!(!is_verbatim(form, LineEnd::Lf));
    }
}

#[test]
fn bytes_that_are_moved_as_they_are_can_be_told() {
    for (representation, line_end, verbatim) in [
        (Type::Image, LineEnd::Lf, true),
        (Type::LOCAL_8, LineEnd::Lf, true),
        (TEXT, LineEnd::Lf, false),
        (TEXT, LineEnd::Either, false),
        (TEXT, LineEnd::CrLf, true),
        (Type::Ascii(Some(Format::Telnet)), LineEnd::CrLf, true),
    ] {
        let file = b"a\nb\r\nc\r\xff";
        let stream = form(representation, Structure::File, Mode::Stream);
        assert_eq!(is_verbatim(stream, line_end), verbatim);
        assert_eq!(encoded(stream, line_end, file).0 == file && decoded(stream, line_end, file).0 == file, verbatim);
        assert!(!is_verbatim(form(representation, Structure::Record, Mode::Stream), line_end));
        assert!(!is_verbatim(form(representation, Structure::File, Mode::Block), line_end));
    }
}

#[test]
fn an_end_and_a_truncation_are_told_apart() {
    let file = b"one\ntwo";
    let mut forms = vec![
        (form(TEXT, Structure::File, Mode::Stream), End::Closed),
        (form(TEXT, Structure::Record, Mode::Stream), End::Marked),
        (form(TEXT, Structure::File, Mode::Block), End::Marked),
        (form(Type::Image, Structure::Record, Mode::Block), End::Marked),
    ];
    if cfg!(feature = "deflate") {
        forms.push((form(TEXT, Structure::File, Mode::Deflate), End::Marked));
    }
    for (form, end) in forms {
        let (wire, ended) = encoded(form, LineEnd::Lf, file);
        assert_eq!(ended, end);
        assert_eq!(decoded(form, LineEnd::Lf, &wire), (file.to_vec(), end), "{form:?}");
        let part = decoded(form, LineEnd::Lf, &wire[..wire.len() - 1]).1;
        assert_eq!(part, if end == End::Closed { End::Closed } else { End::Truncated }, "{form:?}");
        assert_eq!(decoded(form, LineEnd::Lf, b"").1, part, "{form:?}");
    }
}

#[test]
fn no_content_shows_in_debug() {
    for mode in [Mode::Stream, Mode::Block] {
        let form = form(TEXT, Structure::Record, mode);
        let mut encoder = Encoder::new(form, LineEnd::Lf).unwrap();
        let _ = encoder.encode(b"hunter2", &mut [], false);
        let mut decoder = Decoder::new(form, LineEnd::Lf).unwrap();
        let _ = decoder.decode(b"\x10\x00\x09hunter2", &mut [], false);
        let shown = format!("{encoder:?} {decoder:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
    }
}
