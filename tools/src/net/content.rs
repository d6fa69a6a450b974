//! Where the bytes of a transfer come from and where they go to.
//!
//! What calls when, for who writes an adapter:
//!
//! 1. A client calls [`Content::finish`] with how the stream ended, before `stream.finished(…)`, which is told what `finish`
//!    returns. The content lives on: another route may follow, and whether a file takes its place is said by `Done` alone.
//! 2. A server calls [`Content::keep`] when it is asked for `Commit`, and nowhere else: there an upload appears under its
//!    name.
//! 3. Whatever else happens, `Close`, a data connection that fails (then `Read` or another `Transfer` comes) or the end of the
//!    session: drop the content. A dropped upload is gone. A client keeps it until `Done`, for another route may follow.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use ftp_proto::{Code, Ending, Reply, StreamEnd, Text};

use super::data::local_end;

/// Where the bytes of a transfer come from or go to.
pub enum Content<'f> {
    Source(Box<dyn Source + 'f>),
    /// It is flushed once all is written, even if that is nothing.
    Sink(Box<dyn Sink + 'f>),
}

/// Bytes to send.
pub trait Source: Read {
    /// The file whose bytes these are, from its position to its end, where there is one: `sendfile` may take them from there
    /// instead of `read`.
    fn file(&self) -> Option<&File> {
        None
    }

    /// The bytes themselves say where they end, and the connection may stay for the next transfer.
    fn may_stay(&self) -> bool {
        false
    }

    /// How many bytes there are to be, where the other side was told: an end before them is a failure on this side.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Something of the content was read, though `read` may have returned none of it yet: another attempt can't begin anew.
    fn has_begun(&self) -> bool {
        false
    }
}

/// Bytes that come in. It is dropped when they end too early.
pub trait Sink: Write {
    /// The file that they go to, at its position, where there is one: `splice` may put them there instead of `write`.
    fn file(&mut self) -> Option<&File> {
        None
    }

    /// How many bytes it takes in one turn: what they become may be many more.
    fn most_at_once(&self) -> usize {
        usize::MAX
    }

    /// The bytes themselves have said that they are all: the connection needn't be waited for. `write` takes none that follow.
    fn is_complete(&self) -> bool {
        false
    }

    /// The connection may stay for the next transfer once they are.
    fn may_stay(&self) -> bool {
        false
    }

    /// The connection has ended in order; whether that was the end of the bytes, too.
    fn close(&mut self) -> io::Result<StreamEnd> {
        Ok(StreamEnd::Clean)
    }

    /// What is wrong with the bytes themselves, for people, where they are why `write` or `close` has failed.
    fn fault(&self) -> Option<&str> {
        None
    }

    /// The stream has ended so, as the network has it.
    fn ended(&mut self, _: StreamEnd) {}

    /// All came. No byte may follow.
    fn commit(&mut self) -> io::Result<()> {
        self.flush()
    }
}

impl<'f> Content<'f> {
    pub fn source(source: impl Read + 'f) -> Self {
        Self::Source(Box::new(Plain(source)))
    }

    pub fn sink(sink: impl Write + 'f) -> Self {
        Self::Sink(Box::new(Plain(sink)))
    }

    /// The same; why a sink can't take what comes is kept there, for people.
    pub fn noting(self, why: &'f Cell<Option<String>>) -> Self {
        match self {
            Self::Sink(sink) => Self::Sink(Box::new(Noting { sink, why })),
            source => source,
        }
    }

    /// The file that the bytes come from or go to, where they are moved as they are.
    pub fn file(&mut self) -> Option<&File> {
        match self {
            Self::Source(source) => source.file(),
            Self::Sink(sink) => sink.file(),
        }
    }

    /// The stream has ended so; the end that is to be said: of what came in order, that something on this side prevents its
    /// being written.
    #[must_use]
    pub fn finish(&mut self, end: StreamEnd) -> StreamEnd {
        if let Self::Sink(sink) = self {
            sink.ended(end);
        }
        match self {
            Self::Sink(sink) if end.is_whole() => match sink.flush() {
                Ok(()) => end,
                // The data says where it ends, and that hasn't come.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => StreamEnd::Truncated,
                Err(error) => local_end(&error).unwrap_or(StreamEnd::LocalError),
            },
            _ => end,
        }
    }

    /// What a server says of an upload that has ended so, where its bytes are to blame, and no file of ours.
    pub fn complaint(&self, end: StreamEnd) -> Option<Ending<'static>> {
        let Self::Sink(sink) = self else { return None };
        let code = match end {
            StreamEnd::LocalError => Code::LOCAL_ERROR,
            StreamEnd::StorageFull => Code::EXCEEDED_ALLOCATION,
            StreamEnd::Truncated => Code::TRANSFER_ABORTED,
            StreamEnd::Clean | StreamEnd::Marked => return None,
        };
        Ending::new(end, Reply::new(code, Text::try_from(sink.fault()?.to_owned()).ok()?))
    }

    /// An upload that has come whole appears under its name, or something on this side prevents it, and it is gone.
    pub fn keep(self) -> io::Result<()> {
        if let Self::Sink(mut sink) = self { sink.commit() } else { Ok(()) }
    }
}

/// A sink whose errors are kept.
struct Noting<'f> {
    sink: Box<dyn Sink + 'f>,
    why: &'f Cell<Option<String>>,
}

impl Noting<'_> {
    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.why.set(local_end(error).map(|_| error.to_string())))
    }
}

impl Write for Noting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.sink.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.sink.flush();
        self.note(result)
    }
}

impl Sink for Noting<'_> {
    fn file(&mut self) -> Option<&File> {
        self.sink.file()
    }

    fn most_at_once(&self) -> usize {
        self.sink.most_at_once()
    }

    fn is_complete(&self) -> bool {
        self.sink.is_complete()
    }

    fn may_stay(&self) -> bool {
        self.sink.may_stay()
    }

    fn close(&mut self) -> io::Result<StreamEnd> {
        let result = self.sink.close();
        self.note(result)
    }

    fn fault(&self) -> Option<&str> {
        self.sink.fault()
    }

    fn ended(&mut self, end: StreamEnd) {
        match end {
            StreamEnd::Truncated => self.why.set(Some(end.to_string())),
            StreamEnd::Clean | StreamEnd::Marked => self.why.set(None),
            StreamEnd::LocalError | StreamEnd::StorageFull => {}
        }
        self.sink.ended(end);
    }

    fn commit(&mut self) -> io::Result<()> {
        let result = self.sink.commit();
        self.note(result)
    }
}

impl Source for File {
    fn file(&self) -> Option<&File> {
        Some(self)
    }
}

/// A file of which the other side was told how many bytes come from here on. Another program may shorten it meanwhile.
pub struct Promised {
    file: File,
    length: u64,
}

impl Promised {
    pub fn new(file: File, length: u64) -> Self {
        Self { file, length }
    }
}

impl Read for Promised {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Source for Promised {
    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }

    fn length(&self) -> Option<u64> {
        Some(self.length)
    }
}

/// Bytes of which nothing more is known.
struct Plain<T>(T);

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Source for Plain<R> {}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Sink for Plain<W> {}
