//! Telnet on the control connection (RFC 959 3.1, RFC 1123 4.1.2.12).
//!
//! The control connection follows Telnet's NVT, though few programs negotiate. Three things matter: a peer may negotiate in front of a
//! command or a reply, which must be read all the same; a client may send IP and Synch before ABOR; and RFC 854 doubles a 0xFF in a
//! name, which most programs don't do ([`Escaping`] lists those that do). [`Inbox`](crate::Inbox) undoes all three.

use alloc::vec::Vec;

/// Interpret as command: the byte that begins each Telnet command (RFC 854).
pub const IAC: u8 = 255;
/// Interrupt process (RFC 854).
pub const INTERRUPT_PROCESS: u8 = 244;
/// Data mark: the end of a Synch, sent as TCP urgent data (RFC 854).
pub const DATA_MARK: u8 = 242;

/// The bytes that RFC 959 4.1.3 wants before an ABOR, the last one as TCP urgent data. Send them only if you can send urgent
/// data: vsftpd answers them with 500 if they aren't urgent.
pub const INTERRUPT_AND_SYNCH: [u8; 4] = [IAC, INTERRUPT_PROCESS, IAC, DATA_MARK];

pub(crate) const SUBNEGOTIATION_END: u8 = 240;
const SUBNEGOTIATION: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;

/// How a 0xFF in a name or a text is written to the control connection, and how it is read.
///
/// In UTF-8 there is no 0xFF; in Latin-1 it is `ÿ`. RFC 854 wants it doubled, since it begins Telnet's commands, and
/// most programs neither double it nor undo that.
///
/// ```
/// use ftp_proto::{Inbox, Limits, telnet::Escape};
/// let mut inbox = Inbox::commands(Limits::COMMANDS).with_escape(Escape::Doubled);
/// inbox.push(b"DELE a\xff\xffb\r\n");
/// assert_eq!(inbox.next_line(), Ok(Some(&b"DELE a\xffb"[..])));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Escape {
    /// As it is: one byte is one byte, whatever is beside it. Telnet commands are recognised only where no name and no text can
    /// be: in front of a command's argument, and in front of a reply's text.
    #[default]
    AsIs,
    /// Doubled (RFC 854): two are read as one. Telnet commands are recognised everywhere; a single 0xFF before a byte that is
    /// not a Telnet command (0 to 239) is read as it is.
    Doubled,
}

/// How a 0xFF goes over the control connection in each direction. Both ends need the same setting; otherwise one name means two
/// different files:
///
/// | written | read | a name with a single 0xFF | a name with 0xFF before a byte from 0xF0 on |
/// |---|---|---|---|
/// | as it is | as it is | the same | the same |
/// | doubled | doubled | the same | the same |
/// | as it is | doubled | the same | another: two 0xFF arrive as one, and Telnet's commands vanish |
/// | doubled | as it is | another: each 0xFF arrives twice | another: each 0xFF arrives twice |
///
/// The default, [`Escape::AsIs`] in both directions, is right with pure-ftpd, curl, wget and Python's ftplib. vsftpd doubles a 0xFF
/// in replies but doesn't undo doubling in commands; ProFTPD undoes it in commands but doesn't double in replies. pyftpdlib reads a
/// 0xFF as it is, and can't write one. lftp doubles and undoes doubling, unless it is told `ftp:use-telnet-iac no`; tnftp and
/// inetutils-ftp write a 0xFF as it is, and drop it from what they read.
///
/// ```
/// use ftp_proto::{client::Config, telnet::Escape};
/// // For vsftpd, which doubles in replies alone.
/// let mut config = Config::default();
/// config.escaping.replies = Escape::Doubled;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Escaping {
    /// In the client's commands.
    pub commands: Escape,
    /// In the server's replies.
    pub replies: Escape,
}

/// Appends `bytes` to `out` with each 0xFF doubled, as [`Escape::Doubled`] is written.
///
/// ```
/// let mut out = Vec::new();
/// ftp_proto::telnet::escape(b"a\xffb", &mut out);
/// assert_eq!(out, b"a\xff\xffb");
/// ```
pub fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
}

/// Makes one 0xFF of each two.
pub(crate) fn unescape(bytes: &mut Vec<u8>) {
    let mut is_first = false;
    bytes.retain(|byte| {
        is_first = *byte == IAC && !is_first;
        *byte != IAC || is_first
    });
}

/// Doubles each 0xFF after the first `from` bytes.
pub(crate) fn escape_behind(out: &mut Vec<u8>, from: usize) {
    let count = |out: &[u8]| memchr::memchr_iter(IAC, out.get(from..).unwrap_or_default()).count();
    let (mut left, mut end) = (count(out), out.len());
    out.resize(end.saturating_add(left), IAC);
    // From the last one backwards, so that each byte is moved once.
    while let Some(at) = out.get(from..end).and_then(|unmoved| memchr::memrchr(IAC, unmoved)) {
        let at = from.saturating_add(at);
        let behind = at.saturating_add(1);
        let target = behind.saturating_add(left);
        if left == 0 || target.saturating_add(end.saturating_sub(behind)) > out.len() {
            return;
        }
        out.copy_within(behind..end, target);
        if let Some(pair) = out.get_mut(target.saturating_sub(2)..target) {
            pair.fill(IAC);
        }
        (left, end) = (left.saturating_sub(1), at);
    }
}

/// What an IAC begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// Undecided: more bytes are needed.
    Unended,
    /// IAC and a byte that is not a Telnet command: the 0xFF is data, as in a name from a client without Telnet.
    Data,
    /// IAC IAC: one 0xFF of data.
    Escaped,
    /// WILL, WONT, DO, DONT: three bytes. Holds the answer that refuses; WONT and DONT need none.
    Negotiation(Option<[u8; 3]>),
    /// IAC SB: two bytes, and then everything up to IAC SE.
    Subnegotiation,
    /// IP or DM: two bytes; the user asks for an interrupt.
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

/// The length of `IAC SB … IAC SE`, in bytes; all of them if it hasn't ended.
pub(crate) fn subnegotiation(bytes: &[u8]) -> usize {
    let end = bytes.windows(2).position(|pair| pair == [IAC, SUBNEGOTIATION_END]);
    end.map_or(bytes.len(), |end| end.saturating_add(2))
}

/// How many bytes of Telnet stand in front of anything else.
pub(crate) fn leading(bytes: &[u8]) -> usize {
    let mut at: usize = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match sequence(rest) {
            Sequence::Negotiation(_) => 3,
            Sequence::Interrupt | Sequence::Command => 2,
            Sequence::Subnegotiation => subnegotiation(rest),
            Sequence::Unended | Sequence::Escaped | Sequence::Data => return at,
        };
        at = at.saturating_add(length);
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

    #[test]
    fn what_is_appended_is_escaped_in_its_place() {
        for text in
            [&b""[..], b"a", b"\xff", b"a\xffb\xfe\xff", b"\xff\xff\xffabc", b"abc\xff\xff", b"a\xffbcdef\xffghi"]
        {
            for before in [&b""[..], b"\xff", b"x\xff\xfey"] {
                let mut expected = before.to_vec();
                escape(text, &mut expected);
                let mut out = [before, text].concat();
                escape_behind(&mut out, before.len());
                assert_eq!(out, expected, "{} behind {}", text.escape_ascii(), before.escape_ascii());
            }
        }
    }
}
