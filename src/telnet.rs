//! The Telnet in the control connection (RFC 959 3.1, RFC 1123 4.1.2.12).
//!
//! FTP speaks through Telnet's NVT, though hardly anybody negotiates. What matters: a peer may send
//! commands amid the text and must not disturb it, a client may put IP and Synch before ABOR, and a
//! doubled 0xFF in a name is one 0xFF. [`Inbox`](crate::Inbox) undoes all that.

use alloc::vec::Vec;

/// Interpret as command: what follows is Telnet (RFC 854).
pub const IAC: u8 = 255;
/// Interrupt process (RFC 854).
pub const INTERRUPT_PROCESS: u8 = 244;
/// Data mark, the end of a Synch; sent as TCP urgent data (RFC 854).
pub const DATA_MARK: u8 = 242;

/// What RFC 959 4.1.3 puts before an ABOR, the last byte as TCP urgent data. Only an adapter that can
/// send urgent data should: vsftpd answers these bytes with 500 when they are not urgent.
pub const INTERRUPT_AND_SYNCH: [u8; 4] = [IAC, INTERRUPT_PROCESS, IAC, DATA_MARK];

pub(crate) const SUBNEGOTIATION_END: u8 = 240;
const SUBNEGOTIATION: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;

/// Appends `bytes` with each 0xFF doubled. Not what most clients and servers do: a peer that knows no
/// Telnet would read two.
pub fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
}

/// What an IAC begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// More bytes are needed to say.
    Unended,
    /// IAC and a byte that is no Telnet command: no sequence at all, and the 0xFF is data. Clients that
    /// know no Telnet send names so.
    Data,
    /// IAC IAC: one 0xFF of data.
    Escaped,
    /// WILL, WONT, DO, DONT: three bytes, and what refuses it, unless that would be silence.
    Negotiation(Option<[u8; 3]>),
    /// IAC SB: two bytes, and then all up to IAC SE.
    Subnegotiation,
    /// IP or DM: two bytes; the user wants to interrupt.
    Interrupt,
    /// Any other command: two bytes.
    Command,
}

/// ```text
/// IAC IAC | IAC (WILL | WONT | DO | DONT) option | IAC SB … IAC SE | IAC command      ; RFC 854
/// ```
pub(crate) fn sequence(bytes: &[u8]) -> Sequence {
    match *bytes {
        [IAC] | [IAC, WILL..=DONT] => Sequence::Unended,
        [IAC, IAC, ..] => Sequence::Escaped,
        [IAC, WILL, option, ..] => Sequence::Negotiation(Some([IAC, DONT, option])),
        [IAC, DO, option, ..] => Sequence::Negotiation(Some([IAC, WONT, option])),
        [IAC, WONT | DONT, ..] => Sequence::Negotiation(None),
        [IAC, SUBNEGOTIATION, ..] => Sequence::Subnegotiation,
        [IAC, INTERRUPT_PROCESS | DATA_MARK, ..] => Sequence::Interrupt,
        [IAC, SUBNEGOTIATION_END..=u8::MAX, ..] => Sequence::Command,
        _ => Sequence::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_an_iac_begins() {
        let cases: [(&[u8], Sequence); 15] = [
            (b"\xff", Sequence::Unended),
            (b"\xff\xfb", Sequence::Unended),
            (b"\xff\xfe", Sequence::Unended),
            (b"\xff\xff", Sequence::Escaped),
            (b"\xff\xffa", Sequence::Escaped),
            (b"\xff\xfb\x01", Sequence::Negotiation(Some([255, 254, 1]))),
            (b"\xff\xfd\xff", Sequence::Negotiation(Some([255, 252, 255]))),
            (b"\xff\xfc\x01", Sequence::Negotiation(None)),
            (b"\xff\xfe\x01", Sequence::Negotiation(None)),
            (b"\xff\xfa", Sequence::Subnegotiation),
            (b"\xff\xf4\xff\xf2ABOR", Sequence::Interrupt),
            (b"\xff\xf2", Sequence::Interrupt),
            (b"\xff\xf0", Sequence::Command),
            (b"\xff\xf1", Sequence::Command),
            (b"\xff\xefx", Sequence::Data),
        ];
        for (bytes, expected) in cases {
            assert_eq!(sequence(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn escape_doubles_only_0xff() {
        let mut out = Vec::new();
        escape(b"a\xffb\xfe\xff", &mut out);
        assert_eq!(out, b"a\xff\xffb\xfe\xff\xff");
    }
}
