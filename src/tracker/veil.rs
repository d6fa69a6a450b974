//! What can be seen of TLS from outside: where its records end (RFC 8446 5.1), and so where plaintext begins again.

/// ```text
/// record = type version length fragment      ; 1, 2 and 2 bytes, and as many as the length says
/// ```
const HEADER: u8 = 5;
/// RFC 8446 5.2 and RFC 5246 6.2.3: 2^14 bytes and what encryption adds.
const LONGEST: u16 = (1 << 14) + 2048;

/// One direction of a control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Nothing was received yet: TLS may be there from the start.
    Unopened,
    /// Plaintext, and the next byte begins a line: nothing of the last one is kept.
    AtLine,
    /// Plaintext.
    Clear,
    /// Plaintext, and the server has accepted an AUTH that wasn't seen: TLS may begin with the next byte.
    Promised,
    /// TLS.
    Records(Records),
    /// TLS of which a part is missing, so that nobody can tell where its records end.
    Gapped(Text),
    /// Bytes that nobody can tell anything about, though they should be TLS.
    Lost,
}

/// Looks for a line of plaintext amid TLS.
///
/// ```text
/// line = 12*(VCHAR / SP) CRLF                ; by chance, at one of 10^10 places of what is encrypted
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Text {
    /// Bytes in a row that can be printed; [`Self::BEHIND_CR`] behind their CR.
    run: u8,
}

/// Records, followed from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Records {
    /// Bytes of the header that have come.
    header: u8,
    /// Bytes of the fragment that haven't, once the header has.
    left: u16,
    /// A whole record has come: who has never spoken TLS can't end it.
    any: bool,
}

/// What the bytes were that were followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// All of them belong to TLS.
    Records,
    /// TLS ended behind the first so many.
    Ended(usize),
    /// They are neither records nor the end of TLS.
    Neither,
}

/// Whether a byte can begin a record, and so no line of FTP: a control character.
pub(super) const fn begins_record(byte: u8) -> bool {
    matches!(byte, 20..=23)
}

/// Whether a line of the server's is the beginning of a record: one that speaks FTP says nothing of the kind.
pub(super) fn is_record(line: &[u8]) -> bool {
    matches!(line, [kind, 3, 0..=4, ..] if begins_record(*kind))
}

impl View {
    /// Whether TLS was seen there, and nothing of it is missing.
    pub(super) fn has_been_followed(self) -> bool {
        match self {
            Self::Records(records) => records.any,
            Self::AtLine | Self::Clear => true,
            Self::Unopened | Self::Promised | Self::Gapped(_) | Self::Lost => false,
        }
    }

    /// Whether TLS begins with this byte, of which side it is and what the other side's view is.
    pub(super) fn opens(self, other: Self, first: u8) -> bool {
        match self {
            Self::Unopened => other == Self::Unopened && begins_record(first),
            Self::Promised => begins_record(first),
            Self::AtLine | Self::Clear | Self::Records(_) | Self::Gapped(_) | Self::Lost => false,
        }
    }
}

impl Text {
    const LEAST: u8 = 12;
    const BEHIND_CR: u8 = u8::MAX;

    /// Goes over `bytes` to the end of the first line that is long enough. That line itself isn't read.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Followed {
        for (at, byte) in bytes.iter().enumerate() {
            self.run = match byte {
                b'\n' if self.run == Self::BEHIND_CR => return Followed::Ended(at.saturating_add(1)),
                b'\r' if (Self::LEAST..Self::BEHIND_CR).contains(&self.run) => Self::BEHIND_CR,
                b' '..=b'~' if self.run == Self::BEHIND_CR => 1,
                b' '..=b'~' => self.run.saturating_add(1).min(Self::LEAST),
                _ => 0,
            };
        }
        Followed::Records
    }
}

impl Records {
    /// So many bytes are missing; whether it is known all the same where records end, since all of them belong to one fragment.
    pub(super) fn skip(&mut self, bytes: u64) -> bool {
        let Some(left) = u16::try_from(bytes).ok().and_then(|bytes| self.left.checked_sub(bytes)) else { return false };
        if self.header != HEADER {
            return false;
        }
        self.left = left;
        if left == 0 {
            (self.header, self.any) = (0, true);
        }
        true
    }

    /// Goes over `bytes`. None of them is kept.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Followed {
        let mut at: usize = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.header == HEADER {
                let taken = rest.len().min(usize::from(self.left));
                at = at.saturating_add(taken);
                self.left = self.left.saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX));
                if self.left == 0 {
                    (self.header, self.any) = (0, true);
                }
                continue;
            }
            let byte = rest.first().copied().unwrap_or_default();
            let fits = match self.header {
                0 if !begins_record(byte) && self.any => return Followed::Ended(at),
                0 => begins_record(byte),
                1 => byte == 3,
                2 => byte <= 4,
                3 => {
                    self.left = u16::from(byte).wrapping_shl(8);
                    self.left <= LONGEST
                }
                _ => {
                    self.left |= u16::from(byte);
                    self.left <= LONGEST
                }
            };
            if !fits {
                return Followed::Neither;
            }
            self.header = self.header.saturating_add(1);
            at = at.saturating_add(1);
            if self.header == HEADER && self.left == 0 {
                (self.header, self.any) = (0, true);
            }
        }
        Followed::Records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn record(kind: u8, length: u16) -> Vec<u8> {
        let mut record = Vec::from([kind, 3, 3]);
        record.extend(length.to_be_bytes());
        record.extend((0..length).map(|_| b'2'));
        record
    }

    #[test]
    fn records_are_followed_whatever_the_cuts_and_end_where_text_begins() {
        let tls = [record(22, 300), record(20, 1), record(23, 0), record(23, 700), record(21, 2)].concat();
        let bytes = [&tls[..], b"PORT 1,2,3,4,5,6\r\n"].concat();
        for size in [1, 2, 5, 7, 300, bytes.len()] {
            let mut records = Records::default();
            let mut at = 0;
            let ended = bytes.chunks(size).find_map(|chunk| match records.follow(chunk) {
                Followed::Records => {
                    at += chunk.len();
                    None
                }
                Followed::Ended(end) => Some(at + end),
                Followed::Neither => panic!("pieces of {size}"),
            });
            assert_eq!(ended, Some(tls.len()), "pieces of {size}");
        }
    }

    #[test]
    fn what_never_was_tls_doesnt_end_it() {
        for bytes in
            [&b"227 Entering Passive Mode (1,2,3,4,5,6)\r\n"[..], b"\x16\x03\x09", b"\x16\x04", b"\x16\x03\x01\xff"]
        {
            assert_eq!(Records::default().follow(bytes), Followed::Neither, "{}", bytes.escape_ascii());
        }
    }
}
