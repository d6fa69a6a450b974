//! MODE Z: the data of MODE S as one zlib stream (draft-preston-ftpext-deflate; RFC 1950, RFC 1951).

use super::room::Room;
use super::{End, Fault, Stop, decoder, encoder};
use alloc::boxed::Box;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, TINFL_LZ_DICT_SIZE, decompress, inflate_flags};
use miniz_oxide::{MZFlush, MZStatus};

/// The size in bytes of the buffer between a conversion and the compression.
const BETWEEN: usize = 4096;

/// The buffer between a conversion and the compression.
struct Between {
    bytes: Box<[u8; BETWEEN]>,
    start: usize,
    end: usize,
}

impl Between {
    fn new() -> Self {
        Self { bytes: Box::new([0; BETWEEN]), start: 0, end: 0 }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    fn skip(&mut self, count: usize) {
        self.start = self.start.saturating_add(count);
    }

    /// Fills the buffer anew. None of the old bytes may be left.
    fn fill<T>(&mut self, fill: impl FnOnce(&mut Room<'_>) -> T) -> T {
        let mut room = Room::new(self.bytes.as_mut_slice());
        let result = fill(&mut room);
        (self.start, self.end) = (0, room.written());
        result
    }
}

pub(super) struct Deflater {
    compressor: Box<CompressorOxide>,
    between: Between,
    /// Whether all content is converted.
    is_last: bool,
    ended: bool,
}

impl Deflater {
    pub(super) fn new(level: u8) -> Self {
        let flags = create_comp_flags_from_zip_params(level.into(), WINDOW_BITS, DEFAULT_STRATEGY);
        Self {
            compressor: Box::new(CompressorOxide::new(flags)),
            between: Between::new(),
            is_last: false,
            ended: false,
        }
    }

    /// Returns how many bytes of the input were read, and why it stops.
    pub(super) fn encode(
        &mut self,
        body: &mut encoder::Body,
        input: &[u8],
        room: &mut Room<'_>,
        end_of_input: bool,
    ) -> (usize, Stop) {
        let mut rest = input;
        let stop = loop {
            if self.ended {
                break Stop::Ended(End::Marked);
            }
            if room.left() == 0 {
                break Stop::NeedsRoom;
            }
            if body.is_verbatim() {
                let (read, moved) = compress(&mut self.compressor, rest, room, end_of_input, &mut self.ended);
                rest = rest.get(read..).unwrap_or_default();
                if !moved && !self.ended {
                    break Stop::NeedsInput;
                }
                continue;
            }
            let mut starved = false;
            if self.between.is_empty() && !self.is_last {
                let (read, stop) = self.between.fill(|free| body.encode(rest, free, end_of_input));
                rest = rest.get(read..).unwrap_or_default();
                self.is_last = matches!(stop, Stop::Ended(_));
                starved = stop == Stop::NeedsInput;
            }
            let bytes = self.between.bytes();
            let (read, moved) = compress(&mut self.compressor, bytes, room, self.is_last, &mut self.ended);
            self.between.skip(read);
            if starved && !moved && self.between.is_empty() {
                break Stop::NeedsInput;
            }
        };
        (input.len().saturating_sub(rest.len()), stop)
    }
}

/// Returns how many bytes were read, and whether any were read or written.
fn compress(
    compressor: &mut CompressorOxide,
    bytes: &[u8],
    room: &mut Room<'_>,
    is_last: bool,
    ended: &mut bool,
) -> (usize, bool) {
    let flush = if is_last { MZFlush::Finish } else { MZFlush::None };
    let result = room.with(|output| {
        let result = deflate(compressor, bytes, output, flush);
        (result.bytes_written, result)
    });
    *ended = matches!(result.status, Ok(MZStatus::StreamEnd));
    (result.bytes_consumed, result.bytes_consumed > 0 || result.bytes_written > 0)
}

/// The framing of zlib, with its largest window.
const WINDOW_BITS: i32 = 15;
const DEFAULT_STRATEGY: i32 = 0;

/// The decompressor writes into the window, and content is decoded from there. A distance that points before the beginning of the stream,
/// which zlib refuses, finds zeros there.
pub(super) struct Inflater {
    decompressor: Box<DecompressorOxide>,
    window: Box<[u8]>,
    start: usize,
    end: usize,
    state: State,
}

/// How the last step of the decompressor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The window is full, or nothing was read yet.
    Ready,
    Starved,
    Ended,
    Broken,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            decompressor: Box::default(),
            window: alloc::vec![0; TINFL_LZ_DICT_SIZE].into_boxed_slice(),
            start: 0,
            end: 0,
            state: State::Ready,
        }
    }

    /// Adds the number of bytes that were read to `read`, and returns why it stops.
    pub(super) fn decode(
        &mut self,
        body: &mut decoder::Body,
        input: &[u8],
        read: &mut usize,
        room: &mut Room<'_>,
        end_of_input: bool,
    ) -> Result<Stop, Fault> {
        loop {
            let rest = input.get(*read..).unwrap_or_default();
            let is_empty = self.start >= self.end;
            if is_empty && (self.state == State::Ready || self.state == State::Starved && !rest.is_empty()) {
                *read = read.saturating_add(self.expand(rest));
                continue;
            }
            let is_over = match self.state {
                State::Ended => true,
                State::Starved => end_of_input && rest.is_empty(),
                State::Ready | State::Broken => false,
            };
            let content = self.window.get(self.start..self.end).unwrap_or_default();
            let mut taken = 0;
            let stop = body.decode(content, &mut taken, room, is_over)?;
            self.start = self.start.saturating_add(taken);
            let is_empty = self.start >= self.end;
            match (stop, self.state) {
                // Content after its own end mark is an error.
                (Stop::Ended(_), _) if !is_empty => return Err(Fault::Deflate),
                (Stop::Ended(End::Truncated), State::Ended) => return Ok(stop),
                (Stop::Ended(_), State::Ended) => return Ok(Stop::Ended(End::Marked)),
                (Stop::NeedsInput | Stop::Ended(_), State::Broken) => return Err(Fault::Deflate),
                (Stop::Ended(_), State::Starved) if is_over => return Ok(Stop::Ended(End::Truncated)),
                (Stop::NeedsInput | Stop::Ended(_), State::Starved) if rest.is_empty() => return Ok(Stop::NeedsInput),
                (Stop::NeedsInput | Stop::Ended(_), _) => {}
                (Stop::NeedsRoom | Stop::Record | Stop::Marker, _) => return Ok(stop),
            }
        }
    }

    /// Decompresses into the window, all of which has been decoded, and returns how many bytes were read.
    fn expand(&mut self, input: &[u8]) -> usize {
        const FLAGS: u32 = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
            | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
            | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let start = if self.end < self.window.len() { self.end } else { 0 };
        let (status, read, written) = decompress(&mut self.decompressor, input, &mut self.window, start, FLAGS);
        (self.start, self.end) = (start, start.saturating_add(written));
        self.state = match status {
            TINFLStatus::Done => State::Ended,
            TINFLStatus::HasMoreOutput => State::Ready,
            TINFLStatus::NeedsMoreInput => State::Starved,
            _ => State::Broken,
        };
        read
    }
}
