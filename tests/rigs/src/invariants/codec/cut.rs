//! Input and output in pieces, and what must hold of each call.

use ftp_proto::Form;
use ftp_proto::codec::{Decoder, Encoder, End, Fault, LineEnd, Stop};

/// How input and output are cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    seed: u64,
    most: usize,
}

impl Cut {
    pub fn new(seed: u16) -> Self {
        // Pieces of a byte, of few, and of more than there is.
        Self { seed: seed.into(), most: [1, 2, 3, 7, 40, 300, 6000, 20_000][usize::from(seed >> 8) % 8] }
    }

    /// All at once.
    pub const WHOLE: Self = Self { seed: 0, most: usize::MAX };

    /// Sizes of pieces, now and then 0.
    fn sizes(self) -> impl FnMut() -> usize {
        let mut state = self.seed;
        move || {
            if self.most == usize::MAX {
                return 1 << 13;
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % (self.most + 1)
        }
    }

    pub fn pieces(self, data: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut sizes = self.sizes();
        let mut rest = data;
        std::iter::from_fn(move || {
            let (piece, behind) = rest.split_at(sizes().max(1).min(rest.len()));
            rest = behind;
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// A few places up to this one.
    pub fn places(self, end: usize) -> impl Iterator<Item = usize> {
        let step = 1 + end / 5;
        (0..end + 1).step_by(step).map(move |place| (place + usize::try_from(self.seed).unwrap() % step).min(end))
    }
}

#[derive(Debug, PartialEq)]
pub struct Encoded {
    pub bytes: Vec<u8>,
    pub end: End,
}

/// The same at once and cut.
pub fn encode(form: Form, line_end: LineEnd, data: &[u8], cut: Cut) -> Encoded {
    let encoder = || Encoder::new(form, line_end).unwrap();
    let whole = encode_with(encoder(), data, Cut::WHOLE);
    assert!(whole == encode_with(encoder(), data, cut), "{form:?} {line_end:?} {cut:?}");
    whole
}

pub fn encode_with(mut encoder: Encoder, data: &[u8], cut: Cut) -> Encoded {
    let mut bytes = Vec::new();
    let mut rest = data;
    let mut sizes = cut.sizes();
    for _ in 0..calls(data) {
        let (piece, behind) = rest.split_at(sizes().min(rest.len()));
        let is_last = behind.is_empty();
        let mut output = vec![0; sizes()];
        let progress = encoder.encode(piece, &mut output, is_last);
        rest = &rest[progress.read..];
        bytes.extend_from_slice(&output[..progress.written]);
        match progress.stop {
            Stop::NeedsInput => assert!(!is_last && progress.read == piece.len()),
            Stop::NeedsRoom => assert_eq!(progress.written, output.len()),
            Stop::Ended(end) => {
                assert!(is_last && progress.read == piece.len());
                let again = encoder.encode(b"more", &mut [0; 9], true);
                assert_eq!((again.read, again.written, again.stop), (0, 0, progress.stop));
                return Encoded { bytes, end };
            }
            Stop::Marker | Stop::Record => panic!("only a decoder tells them"),
        }
    }
    panic!("{encoder:?} doesn't come to an end");
}

/// Encodes this piece of a file.
pub fn feed(encoder: &mut Encoder, mut piece: &[u8], is_last: bool, cut: Cut, wire: &mut Vec<u8>) {
    let mut sizes = cut.sizes();
    for _ in 0..calls(piece) {
        let mut output = vec![0; sizes()];
        let progress = encoder.encode(piece, &mut output, is_last);
        piece = &piece[progress.read..];
        wire.extend_from_slice(&output[..progress.written]);
        if progress.stop != Stop::NeedsRoom {
            assert!(piece.is_empty());
            return;
        }
    }
    panic!("{encoder:?} doesn't come to an end");
}

/// So many calls at most: pieces of half a byte at least, for what may be twice as much and a few marks.
fn calls(data: &[u8]) -> usize {
    1000 + 40 * data.len()
}

#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    Record,
    Marker(Vec<u8>),
}

impl Mark {
    pub fn marker(self) -> Option<Vec<u8>> {
        if let Self::Marker(marker) = self { Some(marker) } else { None }
    }
}

/// What came out of a decoder.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    pub bytes: Vec<u8>,
    /// With the place in the file.
    pub marks: Vec<(usize, Mark)>,
    pub end: Result<End, Fault>,
    pub read: usize,
    pub suspected: u64,
}

impl Decoded {
    /// The file, if this was its end.
    #[track_caller]
    pub fn file(&self, end: End) -> &[u8] {
        assert_eq!(self.end, Ok(end));
        &self.bytes
    }
}

pub fn decode(form: Form, line_end: LineEnd, wire: &[u8], cut: Cut) -> Decoded {
    // Deflate expands 1,032 times.
    decode_within(form, line_end, wire, cut, 1 << 20)
}

/// The same at once and cut.
pub fn decode_within(form: Form, line_end: LineEnd, wire: &[u8], cut: Cut, limit: u64) -> Decoded {
    let decoder = || Decoder::new(form, line_end).unwrap().limit(limit);
    let whole = decode_with(decoder(), wire, Cut::WHOLE);
    let pieces = decode_with(decoder(), wire, cut);
    assert!(whole == pieces, "{form:?} {line_end:?} {cut:?} {whole:?} {pieces:?}");
    whole
}

fn decode_with(mut decoder: Decoder, wire: &[u8], cut: Cut) -> Decoded {
    let mut decoded = Decoded { bytes: Vec::new(), marks: Vec::new(), end: Ok(End::Closed), read: 0, suspected: 0 };
    let mut rest = wire;
    let mut sizes = cut.sizes();
    let is_expanding = format!("{decoder:?}").contains("Deflate");
    let most = calls(wire) + if is_expanding { 4 << 20 } else { 0 };
    for _ in 0..most {
        let (piece, behind) = rest.split_at(sizes().min(rest.len()));
        let is_last = behind.is_empty();
        let size = if is_expanding && wire.len() < 1000 { sizes().max(sizes()) * 20 } else { sizes() };
        let mut output = vec![0; size];
        let progress = match decoder.decode(piece, &mut output, is_last) {
            Ok(progress) => progress,
            Err(error) => {
                decoded.bytes.extend_from_slice(&output[..error.written]);
                assert!(error.at <= wire.len() as u64);
                let again = decoder.decode(piece, &mut output, is_last).unwrap_err();
                assert_eq!((again.fault, again.at, again.written), (error.fault, error.at, 0));
                decoded.end = Err(error.fault);
                // Then how much was read depends on how much was at hand.
                decoded.read = if is_expanding || matches!(error.fault, Fault::OverLimit(_)) {
                    0
                } else {
                    usize::try_from(error.at).unwrap()
                };
                decoded.suspected = decoder.suspected();
                return decoded;
            }
        };
        rest = &rest[progress.read..];
        decoded.bytes.extend_from_slice(&output[..progress.written]);
        match progress.stop {
            Stop::NeedsInput => assert!(!is_last && progress.read == piece.len()),
            Stop::NeedsRoom => assert_eq!(progress.written, output.len()),
            Stop::Record => decoded.marks.push((decoded.bytes.len(), Mark::Record)),
            Stop::Marker => decoded.marks.push((decoded.bytes.len(), Mark::Marker(decoder.marker().to_vec()))),
            Stop::Ended(end) => {
                // A zlib stream may end before the records in it do.
                let is_early = end == End::Marked || end == End::Truncated && is_expanding;
                assert!(is_early || is_last && progress.read == piece.len());
                let again = decoder.decode(b"more", &mut [0; 9], false).unwrap();
                assert_eq!((again.read, again.written, again.stop), (0, 0, progress.stop));
                decoded.end = Ok(end);
                decoded.read = wire.len() - rest.len();
                decoded.suspected = decoder.suspected();
                return decoded;
            }
        }
    }
    panic!("{decoder:?} doesn't come to an end");
}
