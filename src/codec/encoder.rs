//! From a file's bytes to those of a data connection.

#[cfg(feature = "deflate")]
use super::deflate::Deflater;
use super::frame::{Block, ESCAPE, ESCAPED_FILE, ESCAPED_RECORD, descriptor};
use super::lines::{CRLF, Lines, Pass};
use super::room::{Room, Staged};
use super::{Content, End, LineEnd, MARKER_LIMIT, Progress, Stop, Unsupported};
use crate::command::{Form, Mode};
use core::fmt;
use memchr::memchr;

/// Turns a file's bytes into those of a data connection: see the [module](super), which has an example.
pub struct Encoder {
    form: Form,
    body: Body,
    #[cfg(feature = "deflate")]
    deflater: Option<Deflater>,
    /// How many more bytes of the data connection are to be left out.
    skip: u64,
}

impl Encoder {
    /// An encoder for one file, whose lines end with `line_end` (TYPE I ignores that). For MODE Z this allocates a window and tables,
    /// about 300 KiB; nothing else allocates.
    pub fn new(form: Form, line_end: LineEnd) -> Result<Self, Unsupported> {
        let content = Content::of(form)?;
        match form.mode {
            Mode::Stream | Mode::Block => {}
            #[cfg(feature = "deflate")]
            Mode::Deflate => {}
            _ => return Err(Unsupported(form)),
        }
        Ok(Self {
            form,
            body: Body::new(content, form.mode == Mode::Block, line_end),
            #[cfg(feature = "deflate")]
            deflater: (form.mode == Mode::Deflate).then(|| Deflater::new(Self::LEVEL)),
            skip: 0,
        })
    }

    /// The default level of compression of MODE Z.
    #[cfg(feature = "deflate")]
    pub const LEVEL: u8 = 6;

    /// Sets the level of compression of MODE Z, from 0 (none) to 10 (best). Other modes ignore it.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn level(mut self, level: u8) -> Self {
        if self.deflater.is_some() {
            self.deflater = Some(Deflater::new(level.min(10)));
        }
        self
    }

    /// Leaves out the first `offset` bytes of the data connection, as REST asks for in MODE S (RFC 3659 5.3). The file must still be read
    /// from its beginning, since in TYPE A the offset depends on every line end before it. In TYPE I, seek in the file instead. To begin
    /// later in a text file, use [`Position`](super::Position).
    #[must_use]
    pub fn skip(mut self, offset: u64) -> Self {
        self.skip = offset;
        self
    }

    /// Reads as much of `input` and writes as much to `output` as possible. `end_of_input` says that the file ends after `input`.
    ///
    /// Stops with [`Stop::NeedsInput`] (never if `end_of_input`), [`Stop::NeedsRoom`] (the output is full), or [`Stop::Ended`] with
    /// [`End::Closed`] or [`End::Marked`].
    pub fn encode(&mut self, input: &[u8], output: &mut [u8], end_of_input: bool) -> Progress {
        let mut read = 0usize;
        while self.skip > 0 {
            let mut scratch = [0; 1024];
            let most = usize::try_from(self.skip).map_or(scratch.len(), |skip| skip.min(scratch.len()));
            let dropped = scratch.get_mut(..most).unwrap_or_default();
            let progress = self.encode_all(input.get(read..).unwrap_or_default(), dropped, end_of_input);
            read = read.saturating_add(progress.read);
            self.skip = self.skip.saturating_sub(progress.written as u64);
            if progress.stop != Stop::NeedsRoom {
                return Progress { read, written: 0, stop: progress.stop };
            }
        }
        let progress = self.encode_all(input.get(read..).unwrap_or_default(), output, end_of_input);
        Progress { read: read.saturating_add(progress.read), ..progress }
    }

    fn encode_all(&mut self, input: &[u8], output: &mut [u8], end_of_input: bool) -> Progress {
        let mut room = Room::new(output);
        #[cfg(feature = "deflate")]
        let (read, stop) = match &mut self.deflater {
            Some(deflater) => deflater.encode(&mut self.body, input, &mut room, end_of_input),
            None => self.body.encode(input, &mut room, end_of_input),
        };
        #[cfg(not(feature = "deflate"))]
        let (read, stop) = self.body.encode(input, &mut room, end_of_input);
        Progress { read, written: room.written(), stop }
    }

    /// For STRU R with TYPE I: ends a record after the bytes that were read so far. The next call of [`encode`](Self::encode) writes the
    /// mark.
    pub fn end_record(&mut self) -> Result<(), Refused> {
        if !self.body.has_records || self.body.text.is_some() {
            return Err(Refused::Form);
        }
        self.body.ask(Ask::Record)
    }

    /// For MODE B: puts a restart marker after the bytes that were read so far (RFC 959 3.5). The next call of [`encode`](Self::encode)
    /// writes it. A marker has 1 to [`MARKER_LIMIT`] printable ASCII characters, and no blank.
    pub fn mark(&mut self, marker: &[u8]) -> Result<(), Refused> {
        if !matches!(self.body.frame, Frame::Block(_)) {
            return Err(Refused::Form);
        }
        if marker.is_empty() || !marker.iter().all(u8::is_ascii_graphic) {
            return Err(Refused::Marker);
        }
        let mut bytes = [0; MARKER_LIMIT];
        bytes.get_mut(..marker.len()).ok_or(Refused::Marker)?.copy_from_slice(marker);
        self.body.ask(Ask::Marker(bytes, marker.len()))
    }
}

/// Shows the form, but no content.
impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("form", &self.form).field("skip", &self.skip).finish_non_exhaustive()
    }
}

/// Why [`Encoder::mark`] or [`Encoder::end_record`] can't put a mark here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// The form has no such mark.
    Form,
    /// The file has ended.
    Ended,
    /// The previous mark isn't written yet: call [`Encoder::encode`], which needs no input for that.
    Waiting,
    /// The bytes that were read so far end with a CR. The next byte decides whether it is half a line end.
    WithinLineEnd,
    /// The restart marker is invalid.
    Marker,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "the form has no such mark",
            Self::Ended => "the file has ended",
            Self::Waiting => "the previous mark isn't written yet",
            Self::WithinLineEnd => "the place may be within a line end",
            Self::Marker => "invalid restart marker",
        })
    }
}

impl core::error::Error for Refused {}

/// A mark to be written before more is read.
enum Ask {
    Record,
    Marker([u8; MARKER_LIMIT], usize),
}

/// How content and marks are combined in the data.
// A block's buffer is in here, so that nothing is allocated: a transfer has one encoder.
#[allow(clippy::large_enum_variant)]
enum Frame {
    Bare,
    Escaped(Staged),
    Block(Block),
}

/// Everything but compression.
pub(super) struct Body {
    /// `None` leaves bytes as they are.
    text: Option<Lines>,
    has_records: bool,
    frame: Frame,
    asked: Option<Ask>,
    /// Whether content came after the last end of a record.
    in_record: bool,
    /// Whether the end mark was made.
    ending: bool,
    ended: Option<End>,
}

impl Body {
    fn new(content: Content, in_blocks: bool, line_end: LineEnd) -> Self {
        let Content { is_text, has_records } = content;
        Self {
            text: match (is_text, has_records) {
                (true, true) => Some(Lines::new(line_end, None)),
                // Text with CR LF is the same in the file and on the wire.
                (true, false) if line_end != LineEnd::CrLf => Some(Lines::new(line_end, Some(CRLF))),
                _ => None,
            },
            has_records,
            frame: match (in_blocks, has_records) {
                (true, _) => Frame::Block(Block::new()),
                (false, true) => Frame::Escaped(Staged::default()),
                (false, false) => Frame::Bare,
            },
            asked: None,
            in_record: false,
            ending: false,
            ended: None,
        }
    }

    fn ask(&mut self, ask: Ask) -> Result<(), Refused> {
        if self.ending || self.ended.is_some() {
            return Err(Refused::Ended);
        }
        if self.asked.is_some() {
            return Err(Refused::Waiting);
        }
        if self.text.as_ref().is_some_and(Lines::is_within_line_end) {
            return Err(Refused::WithinLineEnd);
        }
        self.asked = Some(ask);
        Ok(())
    }

    /// Whether all bytes stay as they are.
    #[cfg(feature = "deflate")]
    pub(super) fn is_verbatim(&self) -> bool {
        self.text.is_none() && matches!(self.frame, Frame::Bare)
    }

    /// Returns how many bytes of the input were read, and why it stops.
    pub(super) fn encode(&mut self, input: &[u8], room: &mut Room<'_>, end_of_input: bool) -> (usize, Stop) {
        if let Some(end) = self.ended {
            return (0, Stop::Ended(end));
        }
        let (read, stop) = match self.frame {
            Frame::Bare => self.encode_bare(input, room, end_of_input),
            Frame::Escaped(_) => self.encode_escaped(input, room, end_of_input),
            Frame::Block(_) => self.encode_blocks(input, room, end_of_input),
        };
        if let Stop::Ended(end) = stop {
            self.ended = Some(end);
        }
        (read, stop)
    }

    fn encode_bare(&mut self, input: &[u8], room: &mut Room<'_>, end_of_input: bool) -> (usize, Stop) {
        let (read, pass) = pass(&mut self.text, input, room);
        if pass == Pass::NeedsRoom {
            return (read, Stop::NeedsRoom);
        }
        if !end_of_input {
            return (read, Stop::NeedsInput);
        }
        (read, if finish(&mut self.text, room) { Stop::Ended(End::Closed) } else { Stop::NeedsRoom })
    }

    /// Writes content with each escape byte doubled.
    fn encode_escaped(&mut self, input: &[u8], room: &mut Room<'_>, end_of_input: bool) -> (usize, Stop) {
        let Frame::Escaped(staged) = &mut self.frame else { return (0, Stop::NeedsRoom) };
        let mut rest = input;
        // How many bytes there are before the next escape byte.
        let mut clean = 0usize;
        let stop = loop {
            if !staged.drain(room) {
                break Stop::NeedsRoom;
            }
            if self.ending {
                break Stop::Ended(End::Marked);
            }
            if self.asked.take().is_some() {
                staged.write(&[ESCAPE, ESCAPED_RECORD], room);
                self.in_record = false;
                continue;
            }
            if clean == 0 {
                clean = memchr(ESCAPE, rest).unwrap_or(rest.len());
            }
            if clean > 0 {
                let (read, pass) = pass(&mut self.text, rest.get(..clean).unwrap_or_default(), room);
                rest = rest.get(read..).unwrap_or_default();
                clean = clean.saturating_sub(read);
                self.in_record |= read > 0;
                match pass {
                    Pass::NeedsInput => continue,
                    Pass::NeedsRoom => break Stop::NeedsRoom,
                    Pass::LineEnd => staged.write(&[ESCAPE, ESCAPED_RECORD], room),
                }
                continue;
            }
            if rest.is_empty() && !end_of_input {
                break Stop::NeedsInput;
            }
            if !finish(&mut self.text, room) {
                break Stop::NeedsRoom;
            }
            if let Some((_, behind)) = rest.split_first() {
                rest = behind;
                self.in_record = true;
                staged.write(&[ESCAPE, ESCAPE], room);
                continue;
            }
            let record = if self.text.is_none() && self.in_record { ESCAPED_RECORD } else { 0 };
            staged.write(&[ESCAPE, ESCAPED_FILE | record], room);
            self.ending = true;
        };
        (input.len().saturating_sub(rest.len()), stop)
    }

    fn encode_blocks(&mut self, input: &[u8], room: &mut Room<'_>, end_of_input: bool) -> (usize, Stop) {
        let Frame::Block(block) = &mut self.frame else { return (0, Stop::NeedsRoom) };
        let mut rest = input;
        let stop = loop {
            if !block.drain(room) {
                break Stop::NeedsRoom;
            }
            if self.ending {
                break Stop::Ended(End::Marked);
            }
            match self.asked.take() {
                None => {}
                Some(Ask::Record) => {
                    block.close(descriptor::RECORD, room);
                    self.in_record = false;
                    continue;
                }
                Some(marker) if !block.is_empty() => {
                    block.close(0, room);
                    self.asked = Some(marker);
                    continue;
                }
                Some(Ask::Marker(bytes, length)) => {
                    block.fill(|free| free.copy(bytes.get(..length).unwrap_or_default()));
                    block.close(descriptor::MARKER, room);
                    continue;
                }
            }
            let (read, pass) = block.fill(|free| pass(&mut self.text, rest, free));
            rest = rest.get(read..).unwrap_or_default();
            self.in_record |= read > 0;
            match pass {
                Pass::NeedsRoom => block.close(0, room),
                Pass::LineEnd => block.close(descriptor::RECORD, room),
                Pass::NeedsInput if !end_of_input => break Stop::NeedsInput,
                Pass::NeedsInput => {
                    if !block.fill(|free| finish(&mut self.text, free)) {
                        block.close(0, room);
                        continue;
                    }
                    let is_record = self.has_records && self.text.is_none() && self.in_record;
                    block.close(descriptor::FILE | if is_record { descriptor::RECORD } else { 0 }, room);
                    self.ending = true;
                }
            }
        };
        (input.len().saturating_sub(rest.len()), stop)
    }
}

/// Passes content on: text line by line, other bytes as they are.
fn pass(text: &mut Option<Lines>, input: &[u8], room: &mut Room<'_>) -> (usize, Pass) {
    if let Some(lines) = text {
        return lines.pass(input, room);
    }
    let read = room.copy(input);
    (read, if read < input.len() { Pass::NeedsRoom } else { Pass::NeedsInput })
}

fn finish(text: &mut Option<Lines>, room: &mut Room<'_>) -> bool {
    text.as_mut().is_none_or(|lines| lines.finish(room))
}
