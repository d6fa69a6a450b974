//! The source or destination of a transfer's bytes.
//!
//! What an adapter calls, and when:
//!
//! 1. A client calls [`Content::finish`] with the end of the stream, and passes what it returns to `stream.finished(…)`. It keeps the content
//!    until `Done`: another route may follow, and only `Done` tells whether a file is complete.
//! 2. A server calls [`Content::keep`] at `Commit`, and nowhere else: an upload then appears under its name.
//! 3. In every other case (`Close`, a data connection that fails, the end of the session) drop the content. A dropped upload is gone.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use ftp_proto::{Code, Ending, Reply, StreamEnd, Text};

use super::data::local_end;

/// The source or destination of a transfer's bytes.
pub enum Content<'f> {
    Source(Box<dyn Source + 'f>),
    /// A destination, which is flushed at the end even if no byte was written.
    Sink(Box<dyn Sink + 'f>),
}

/// Bytes to send.
pub trait Source: Read {
    /// The file whose bytes these are, from its position to its end, if there is one: then `sendfile` can be used instead of `read`.
    fn file(&self) -> Option<&File> {
        None
    }

    /// Whether the end is marked in the bytes, so that the connection may stay for the next transfer.
    fn may_stay(&self) -> bool {
        false
    }

    /// The number of bytes that the other side was told; an earlier end is a failure on this side.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Whether any of the content was read, even if `read` hasn't returned it yet: then another attempt can't begin anew.
    fn has_begun(&self) -> bool {
        false
    }
}

/// Takes the bytes that come in. It is dropped if they end too early.
pub trait Sink: Write {
    /// The file that the bytes go to, at its position, if there is one: then `splice` can be used instead of `write`.
    fn file(&mut self) -> Option<&File> {
        None
    }

    /// How many bytes to pass in one call, since they may become many more.
    fn most_at_once(&self) -> usize {
        usize::MAX
    }

    /// Whether the mark of the end has come, so that the end of the connection needn't be awaited. `write` takes no bytes after it.
    fn is_complete(&self) -> bool {
        false
    }

    /// Whether the connection may stay for the next transfer after that.
    fn may_stay(&self) -> bool {
        false
    }

    /// The connection has ended in order. Returns whether that is the end of the bytes, too.
    fn close(&mut self) -> io::Result<StreamEnd> {
        Ok(StreamEnd::Clean)
    }

    /// What is wrong with the bytes themselves, for people, where they are why `write` or `close` has failed.
    fn fault(&self) -> Option<&str> {
        None
    }

    /// The stream has ended so, as the network has it.
    fn ended(&mut self, _: StreamEnd) {}

    /// Everything has come, and no byte may follow: keeps the content.
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

/// A sink that keeps its error.
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

/// Bytes without a file behind them.
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
