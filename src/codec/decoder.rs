//! From the bytes of a data connection to a file's.

#[cfg(feature = "deflate")]
use super::deflate::Inflater;
use super::frame::{ESCAPE, ESCAPED_FILE, ESCAPED_RECORD, Received, descriptor};
use super::lines::{Lines, Pass};
use super::room::{Room, Staged};
use super::{CodecError, Content, End, Fault, LineEnd, MARKER_LIMIT, Progress, Stop, Unsupported};
use crate::command::{Form, Mode};
use core::fmt;
use memchr::memchr;

/// Turns the bytes of a data connection into a file's: see the [module](super).
///
/// ```
/// use ftp_proto::codec::{Decoder, End, LineEnd, Stop};
/// use ftp_proto::{Form, Mode, Structure, Type};
///
/// let form = Form { representation: Type::Image, structure: Structure::File, mode: Mode::Block };
/// let mut decoder = Decoder::new(form, LineEnd::Lf)?;
/// let mut file = [0; 100];
/// // A block of two bytes; a restart marker; the last block, of one byte; and the first byte of the next file.
/// let wire = b"\x00\x00\x02ab\x10\x00\x01m\x40\x00\x01cN";
/// let progress = decoder.decode(wire, &mut file, false)?;
/// assert_eq!((progress.read, progress.written, progress.stop), (9, 2, Stop::Marker));
/// assert_eq!(decoder.marker(), b"m");                        // and the file has two bytes so far
/// let progress = decoder.decode(&wire[9..], &mut file[2..], false)?;
/// assert_eq!((progress.read, progress.written, progress.stop), (4, 1, Stop::Ended(End::Marked)));
/// assert_eq!(&file[..3], b"abc");                            // `N` wasn't read
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Decoder {
    form: Form,
    body: Body,
    #[cfg(feature = "deflate")]
    inflater: Option<Inflater>,
    read: u64,
    written: u64,
    limit: u64,
    ended: Option<Result<End, CodecError>>,
}

impl Decoder {
    /// A decoder for one file, which is written with `line_end` (TYPE I ignores that). For MODE Z this allocates a window and tables,
    /// about 50 KiB; nothing else allocates.
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
            inflater: (form.mode == Mode::Deflate).then(Inflater::new),
            read: 0,
            written: 0,
            limit: u64::MAX,
            ended: None,
        })
    }

    /// Limits the file to `bytes` bytes; more are the error [`Fault::OverLimit`]. By default there is no limit. MODE Z expands data up to
    /// 1,032 times, so that a peer that sends a megabyte could fill a gigabyte of storage: give a limit there. The decoder's own memory
    /// doesn't grow.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Reads as much of `input` and writes as much to `output` as possible. `end_of_input` says that the connection was closed after
    /// `input`.
    ///
    /// Stops with [`Stop::NeedsInput`] (never if `end_of_input`), [`Stop::NeedsRoom`] (the output is full), [`Stop::Marker`],
    /// [`Stop::Record`], or [`Stop::Ended`]. If the data marks its end, nothing after the mark is read.
    ///
    /// # Errors
    ///
    /// The data isn't in the form, or the file is over the limit. The bytes before the fault were written and are valid;
    /// [`CodecError::written`] counts them.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8], end_of_input: bool) -> Result<Progress, CodecError> {
        match self.ended {
            None => {}
            Some(Ok(end)) => return Ok(Progress { read: 0, written: 0, stop: Stop::Ended(end) }),
            Some(Err(error)) => return Err(CodecError { written: 0, ..error }),
        }
        let allowed = usize::try_from(self.limit.saturating_sub(self.written)).unwrap_or(usize::MAX);
        let is_limited = allowed < output.len();
        let mut room = Room::new(output.get_mut(..allowed.min(output.len())).unwrap_or_default());
        let mut read = 0;
        #[cfg(feature = "deflate")]
        let stop = match &mut self.inflater {
            Some(inflater) => inflater.decode(&mut self.body, input, &mut read, &mut room, end_of_input),
            None => self.body.decode(input, &mut read, &mut room, end_of_input),
        };
        #[cfg(not(feature = "deflate"))]
        let stop = self.body.decode(input, &mut read, &mut room, end_of_input);
        let written = room.written();
        self.read = self.read.saturating_add(read as u64);
        self.written = self.written.saturating_add(written as u64);
        let stop = match stop {
            Ok(Stop::NeedsRoom) if is_limited => Err(Fault::OverLimit(self.limit)),
            stop => stop,
        };
        match stop {
            Ok(stop) => {
                if let Stop::Ended(end) = stop {
                    self.ended = Some(Ok(end));
                }
                Ok(Progress { read, written, stop })
            }
            Err(fault) => {
                let error = CodecError { fault, at: self.read, written };
                self.ended = Some(Err(error));
                Err(error)
            }
        }
    }

    /// The restart marker of the last [`Stop::Marker`]; empty before the first one.
    pub fn marker(&self) -> &[u8] {
        self.body.marker.get(..self.body.marker_length).unwrap_or_default()
    }

    /// How many bytes the sender suspects of errors, according to the descriptors of the blocks of MODE B so far (RFC 959 3.4.2). The RFC
    /// doesn't say what to do about them.
    pub fn suspected(&self) -> u64 {
        self.body.suspected
    }
}

/// Shows the form and the counts, but no content.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Decoder");
        shown.field("form", &self.form).field("read", &self.read).field("written", &self.written);
        shown.finish_non_exhaustive()
    }
}

/// What the end of a record turns into.
#[derive(Debug, Clone, Copy)]
enum Record {
    /// Nothing, since the structure has no records.
    Ignored,
    /// [`Stop::Record`].
    Told,
    /// This line end.
    Line(&'static [u8]),
}

/// How content and marks are combined in the data.
enum Frame {
    Bare,
    /// Holds whether the last byte was an escape byte.
    Escaped(bool),
    Block(Received),
}

/// Everything but compression.
pub(super) struct Body {
    /// `None` leaves bytes as they are.
    text: Option<Lines>,
    record: Record,
    staged: Staged,
    frame: Frame,
    /// Marks that were read and not reported yet, as bits of a descriptor.
    due: u8,
    marker: [u8; MARKER_LIMIT],
    marker_length: usize,
    suspected: u64,
    ended: Option<End>,
}

impl Body {
    fn new(content: Content, in_blocks: bool, line_end: LineEnd) -> Self {
        let Content { is_text, has_records } = content;
        Self {
            text: (is_text && !has_records && line_end != LineEnd::CrLf)
                .then(|| Lines::new(LineEnd::CrLf, Some(line_end.as_bytes()))),
            record: match (has_records, is_text) {
                (true, true) => Record::Line(line_end.as_bytes()),
                (true, false) => Record::Told,
                (false, _) => Record::Ignored,
            },
            staged: Staged::default(),
            frame: match (in_blocks, has_records) {
                (true, _) => Frame::Block(Received::BEGIN),
                (false, true) => Frame::Escaped(false),
                (false, false) => Frame::Bare,
            },
            due: 0,
            marker: [0; MARKER_LIMIT],
            marker_length: 0,
            suspected: 0,
            ended: None,
        }
    }

    /// Adds the number of bytes that were read to `read`, and returns why it stops.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        read: &mut usize,
        room: &mut Room<'_>,
        end_of_input: bool,
    ) -> Result<Stop, Fault> {
        loop {
            if let Some(end) = self.ended {
                return Ok(Stop::Ended(end));
            }
            if !self.staged.drain(room) {
                return Ok(Stop::NeedsRoom);
            }
            if self.due != 0 {
                if let Some(stop) = self.tell(room) {
                    return Ok(stop);
                }
                continue;
            }
            let rest = input.get(*read..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(self.starved(room, end_of_input));
            }
            let (count, pass) = match self.frame {
                Frame::Bare => self.pass(rest, room),
                Frame::Escaped(escaped) => self.unescape(escaped, rest, room)?,
                Frame::Block(received) => self.unblock(received, rest, room)?,
            };
            *read = read.saturating_add(count);
            if pass == Pass::NeedsRoom {
                return Ok(Stop::NeedsRoom);
            }
        }
    }

    /// Handles the first of the marks that are due, and returns it if it is to be reported.
    fn tell(&mut self, room: &mut Room<'_>) -> Option<Stop> {
        // An end of record that is ignored may be between a CR and its LF.
        if self.due == descriptor::RECORD && matches!(self.record, Record::Ignored) {
            self.due = 0;
            return None;
        }
        if !self.finish(room) {
            return Some(Stop::NeedsRoom);
        }
        if self.due & descriptor::MARKER != 0 {
            self.due &= !descriptor::MARKER;
            return Some(Stop::Marker);
        }
        if self.due & descriptor::RECORD != 0 {
            self.due &= !descriptor::RECORD;
            return match self.record {
                Record::Ignored => None,
                Record::Told => Some(Stop::Record),
                Record::Line(end) => {
                    self.staged.write(end, room);
                    None
                }
            };
        }
        self.due = 0;
        self.ended = Some(End::Marked);
        None
    }

    /// Why it stops once the whole input is read.
    fn starved(&mut self, room: &mut Room<'_>, end_of_input: bool) -> Stop {
        if !end_of_input {
            return match &self.text {
                Some(lines) if lines.is_waiting() => Stop::NeedsRoom,
                _ => Stop::NeedsInput,
            };
        }
        if !self.finish(room) {
            return Stop::NeedsRoom;
        }
        let end = if matches!(self.frame, Frame::Bare) { End::Closed } else { End::Truncated };
        self.ended = Some(end);
        Stop::Ended(end)
    }

    fn finish(&mut self, room: &mut Room<'_>) -> bool {
        self.text.as_mut().is_none_or(|lines| lines.finish(room))
    }

    /// Passes content on: text line by line, other bytes as they are.
    fn pass(&mut self, content: &[u8], room: &mut Room<'_>) -> (usize, Pass) {
        if let Some(lines) = &mut self.text {
            return lines.pass(content, room);
        }
        let read = room.copy(content);
        (read, if read < content.len() { Pass::NeedsRoom } else { Pass::NeedsInput })
    }

    fn unescape(&mut self, escaped: bool, rest: &[u8], room: &mut Room<'_>) -> Result<(usize, Pass), Fault> {
        let Some(first) = rest.first() else { return Ok((0, Pass::NeedsInput)) };
        match (escaped, *first) {
            (false, ESCAPE) => self.frame = Frame::Escaped(true),
            (false, _) => {
                let content = memchr(ESCAPE, rest).and_then(|at| rest.get(..at)).unwrap_or(rest);
                return Ok(self.pass(content, room));
            }
            (true, ESCAPE) => {
                let (read, pass) = self.pass(&[ESCAPE], room);
                if read > 0 {
                    self.frame = Frame::Escaped(false);
                }
                return Ok((read, pass));
            }
            (true, code @ 1..=3) => {
                self.frame = Frame::Escaped(false);
                let record = if code & ESCAPED_RECORD != 0 { descriptor::RECORD } else { 0 };
                let file = if code & ESCAPED_FILE != 0 { descriptor::FILE } else { 0 };
                self.due = record | file;
            }
            (true, byte) => return Err(Fault::Escape(byte)),
        }
        Ok((1, Pass::NeedsInput))
    }

    fn unblock(&mut self, received: Received, rest: &[u8], room: &mut Room<'_>) -> Result<(usize, Pass), Fault> {
        let (code, left) = match received {
            Received::Header { bytes: [code, high], count: 2 } => {
                let Some(low) = rest.first() else { return Ok((0, Pass::NeedsInput)) };
                let length = u16::from_be_bytes([high, *low]);
                self.begin_block(code, length)?;
                return Ok((1, Pass::NeedsInput));
            }
            Received::Header { mut bytes, count } => {
                let Some(byte) = rest.first() else { return Ok((0, Pass::NeedsInput)) };
                if count == 0 && byte & !descriptor::ALL != 0 {
                    return Err(Fault::Descriptor(*byte));
                }
                if let Some(to) = bytes.get_mut(count) {
                    *to = *byte;
                }
                self.frame = Frame::Block(Received::Header { bytes, count: count.saturating_add(1) });
                return Ok((1, Pass::NeedsInput));
            }
            Received::Data { code, left } => (code, left),
        };
        let data = rest.get(..usize::from(left)).unwrap_or(rest);
        let (read, pass) = if code & descriptor::MARKER != 0 {
            let free = self.marker.get_mut(self.marker_length..).unwrap_or_default();
            let read = Room::new(free).copy(data);
            self.marker_length = self.marker_length.saturating_add(read);
            (read, Pass::NeedsInput)
        } else {
            self.pass(data, room)
        };
        let left = left.saturating_sub(u16::try_from(read).unwrap_or(left));
        self.frame = Frame::Block(Received::Data { code, left });
        if left == 0 {
            self.end_block(code);
        }
        Ok((read, pass))
    }

    fn begin_block(&mut self, code: u8, length: u16) -> Result<(), Fault> {
        if code & descriptor::MARKER != 0 {
            if usize::from(length) > MARKER_LIMIT {
                return Err(Fault::MarkerTooLong);
            }
            self.marker_length = 0;
        } else if code & descriptor::SUSPECT != 0 {
            self.suspected = self.suspected.saturating_add(length.into());
        }
        self.frame = Frame::Block(Received::Data { code, left: length });
        if length == 0 {
            self.end_block(code);
        }
        Ok(())
    }

    fn end_block(&mut self, code: u8) {
        self.frame = Frame::Block(Received::BEGIN);
        self.due = code & (descriptor::MARKER | descriptor::RECORD | descriptor::FILE);
    }
}
