//! What a file's bytes are on the data connection, at once: an adapter's conversions in memory.

use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop};
use ftp_proto::{Form, StreamEnd};

/// The bytes of the data connection.
pub fn encoded(form: Form, mut file: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(form, LineEnd::Lf).expect("a form that both ends know");
    let (mut wire, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        let progress = encoder.encode(file, &mut buffer, true);
        file = &file[progress.read..];
        wire.extend_from_slice(&buffer[..progress.written]);
        if let Stop::Ended(_) = progress.stop {
            return wire;
        }
    }
}

/// The file, and how it has ended.
pub fn decoded(form: Form, mut wire: &[u8]) -> (StreamEnd, Vec<u8>) {
    let mut decoder = Decoder::new(form, LineEnd::Lf).expect("a form that both ends know");
    let (mut file, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        let Ok(progress) = decoder.decode(wire, &mut buffer, true) else { return (StreamEnd::Truncated, file) };
        wire = &wire[progress.read..];
        file.extend_from_slice(&buffer[..progress.written]);
        if let Stop::Ended(end) = progress.stop {
            let end = match end {
                End::Closed => StreamEnd::Clean,
                End::Marked => StreamEnd::Marked,
                End::Truncated => StreamEnd::Truncated,
            };
            return (end, file);
        }
    }
}
