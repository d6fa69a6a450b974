//! MODE Z: what MODE S would carry, as one zlib stream (draft-preston-ftpext-deflate; RFC 1950, RFC 1951).

use super::room::Room;
use super::{End, Fault, Stop, decoder, encoder};
use alloc::boxed::Box;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

/// How many bytes lie between a conversion and the compression.
const BETWEEN: usize = 4096;

/// Bytes between a conversion and the compression.
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

    /// Where new bytes go; nothing may be left of the old ones.
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
    /// All content is converted.
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

    /// How many bytes of the input were read, and why it stops.
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

/// How many bytes were read, and whether any were read or written.
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

/// zlib's own framing, and its window.
const WINDOW_BITS: i32 = 15;
const DEFAULT_STRATEGY: i32 = 0;

pub(super) struct Inflater {
    state: Box<InflateState>,
    between: Between,
    /// The stream has ended.
    ended: bool,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { state: InflateState::new_boxed(DataFormat::Zlib), between: Between::new(), ended: false }
    }

    /// Counts in `read` what was read, and says why it stops.
    pub(super) fn decode(
        &mut self,
        body: &mut decoder::Body,
        input: &[u8],
        read: &mut usize,
        room: &mut Room<'_>,
        end_of_input: bool,
    ) -> Result<Stop, Fault> {
        if body.is_verbatim() {
            return self.decode_verbatim(input, read, room, end_of_input);
        }
        loop {
            let mut starved = false;
            if self.between.is_empty() && !self.ended {
                let rest = input.get(*read..).unwrap_or_default();
                let (state, ended) = (&mut self.state, &mut self.ended);
                let step = self.between.fill(|free| expand(state, rest, free, ended))?;
                *read = read.saturating_add(step.read);
                starved = step.starved;
            }
            let mut taken = 0;
            let is_over = self.ended || (starved && end_of_input);
            let stop = body.decode(self.between.bytes(), &mut taken, room, is_over)?;
            self.between.skip(taken);
            match stop {
                Stop::NeedsInput if starved => return Ok(Stop::NeedsInput),
                Stop::NeedsInput => {}
                Stop::Ended(_) if !self.between.is_empty() => return Err(Fault::Deflate),
                // The content marks its end, and the end of the stream comes behind it.
                Stop::Ended(_) if !self.ended => {
                    if starved {
                        return Ok(if end_of_input { Stop::Ended(End::Truncated) } else { Stop::NeedsInput });
                    }
                }
                Stop::Ended(End::Closed) => return Ok(Stop::Ended(End::Marked)),
                stop => return Ok(stop),
            }
        }
    }

    fn decode_verbatim(
        &mut self,
        input: &[u8],
        read: &mut usize,
        room: &mut Room<'_>,
        end_of_input: bool,
    ) -> Result<Stop, Fault> {
        loop {
            if self.ended {
                return Ok(Stop::Ended(End::Marked));
            }
            let rest = input.get(*read..).unwrap_or_default();
            let written = room.written();
            let step = expand(&mut self.state, rest, room, &mut self.ended)?;
            *read = read.saturating_add(step.read);
            if step.starved {
                return Ok(if end_of_input { Stop::Ended(End::Truncated) } else { Stop::NeedsInput });
            }
            if step.read == 0 && written == room.written() && !self.ended {
                return Ok(Stop::NeedsRoom);
            }
        }
    }
}

struct Step {
    read: usize,
    /// Without more input nothing more can be written, whatever room there is.
    starved: bool,
}

fn expand(state: &mut InflateState, input: &[u8], room: &mut Room<'_>, ended: &mut bool) -> Result<Step, Fault> {
    let result = room.with(|output| {
        let result = inflate(state, input, output, MZFlush::None);
        (result.bytes_written, result)
    });
    let moved = result.bytes_consumed > 0 || result.bytes_written > 0;
    let starved = match result.status {
        Ok(status) => {
            *ended = status == MZStatus::StreamEnd;
            false
        }
        // Nothing could be read or written.
        Err(MZError::Buf) => !moved,
        Err(_) => return Err(Fault::Deflate),
    };
    Ok(Step { read: result.bytes_consumed, starved })
}
