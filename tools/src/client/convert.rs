//! Bytes of a file as TYPE and MODE want them on the data connection, and back: [`ftp_proto::codec`] between a content and what
//! it is for.

use std::io::{self, ErrorKind, Read, Write};

use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop};
use ftp_proto::{Form, Mode};

use crate::net::content::{Sink, Source};

/// How much is converted at once.
const PIECE: usize = 64 * 1024;

/// The bytes of a file on their way out.
pub struct Encoded<R> {
    from: R,
    encoder: Encoder,
    buffer: Vec<u8>,
    /// What of the buffer isn't encoded yet.
    rest: std::ops::Range<usize>,
    is_drained: bool,
}

/// The bytes of a file on their way in.
pub struct Decoded<W> {
    to: W,
    form: Form,
    decoder: Decoder,
    buffer: Vec<u8>,
    came: u64,
    has_ended: bool,
}

impl<R: Read> Encoded<R> {
    /// What `from` has, in that form.
    pub fn new(from: R, form: Form, line_end: LineEnd) -> io::Result<Self> {
        let encoder = Encoder::new(form, line_end).map_err(unsupported)?;
        Ok(Self { from, encoder, buffer: vec![0; PIECE], rest: 0..0, is_drained: false })
    }
}

impl<R: Read> Read for Encoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.rest.is_empty() && !self.is_drained {
                let count = self.from.read(&mut self.buffer)?;
                (self.rest, self.is_drained) = (0..count, count == 0);
            }
            let progress = self.encoder.encode(&self.buffer[self.rest.clone()], buffer, self.is_drained);
            self.rest.start += progress.read;
            if progress.written > 0 || buffer.is_empty() || matches!(progress.stop, Stop::Ended(_)) {
                return Ok(progress.written);
            }
        }
    }
}

impl<R: Read> Source for Encoded<R> {}

impl<W: Write> Decoded<W> {
    /// What comes in that form goes to `to`, as it was.
    pub fn new(to: W, form: Form, line_end: LineEnd) -> io::Result<Self> {
        let decoder = Decoder::new(form, line_end).map_err(unsupported)?;
        Ok(Self { to, form, decoder, buffer: vec![0; PIECE], came: 0, has_ended: false })
    }

    /// How many bytes of the data connection are read.
    fn decode(&mut self, bytes: &[u8], is_end: bool) -> io::Result<usize> {
        let mut read = 0;
        loop {
            let progress = match self.decoder.decode(&bytes[read..], &mut self.buffer, is_end) {
                Ok(progress) => progress,
                Err(error) => {
                    self.to.write_all(&self.buffer[..error.written])?;
                    return Err(io::Error::new(ErrorKind::InvalidData, error));
                }
            };
            self.to.write_all(&self.buffer[..progress.written])?;
            read += progress.read;
            match progress.stop {
                Stop::NeedsInput => return Ok(read),
                Stop::Ended(End::Truncated) => return Err(ErrorKind::UnexpectedEof.into()),
                Stop::Ended(_) => {
                    self.has_ended = true;
                    return Ok(read);
                }
                Stop::NeedsRoom | Stop::Marker | Stop::Record => {}
            }
        }
    }
}

impl<W: Write> Write for Decoded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_ended {
            return Err(io::Error::new(ErrorKind::InvalidData, "something follows the end of the data"));
        }
        let count = self.decode(bytes, false)?;
        self.came += count as u64;
        Ok(count)
    }

    /// The data connection has ended. Where nothing came, another may still bring it.
    fn flush(&mut self) -> io::Result<()> {
        if self.came > 0 && !self.has_ended {
            self.decode(&[], true)?;
        } else if self.came == 0 && self.form.mode != Mode::Stream {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.to.flush()
    }
}

impl<W: Write> Sink for Decoded<W> {}

fn unsupported(error: ftp_proto::codec::Unsupported) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, error.to_string())
}
