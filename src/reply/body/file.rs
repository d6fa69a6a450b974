//! 213, 250, 150, 125 and 350: what replies say about files.

use alloc::vec::Vec;

use nom::Parser;
use nom::bytes::complete::{tag_no_case, take_till, take_while};
use nom::character::complete::char;
use nom::combinator::{map, opt, rest, verify};
use nom::sequence::{delimited, preceded, separated_pair};

use super::{BodyError, Read, is_of_word, number, words};
use crate::address::write;
use crate::grammar;
use crate::reply::{Code, Draft, Reply, push_line};
use crate::text::{Path, Text};
use crate::time::Time;

/// The line of a reply to MLST that holds facts and a path (RFC 3659 7.2).
///
/// ```
/// let reply: ftp_proto::Reply = "250-Listing\r\n type=file;size=6; notes.txt\r\n250 End\r\n".parse()?;
/// let line = reply.facts_line()?;
/// assert_eq!((line.facts, line.path), (&b"type=file;size=6;"[..], &b"notes.txt"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FactsLine<'a> {
    /// The facts as they were sent, such as `type=file;size=6;`. May be empty.
    pub facts: &'a [u8],
    /// The path as it was sent: it may hold any byte, and blanks belong to it.
    pub path: &'a [u8],
}

impl Reply<'_> {
    /// The size in bytes in a 213 to SIZE. Allocates nothing.
    ///
    /// ```text
    /// size-response = "213" SP 1*DIGIT EOL      ; RFC 3659 4.1
    /// ```
    /// Some servers put text before the number, as in `213 file: a, Size =51`. Then the digits at the end of the line count, if a
    /// blank, `=` or `:` is before them. In a reply of many lines the first line of nothing but digits counts.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "213 1048576\r\n".parse()?;
    /// assert_eq!(reply.size()?, 1 << 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn size(&self) -> Result<u64, BodyError> {
        if self.is_multiline() {
            let mut lines = self.lines().map(<[u8]>::trim_ascii);
            return lines.find_map(|line| number(line).ok()).ok_or(BodyError::NoNumber);
        }
        // The number is at the end and nom reads from the beginning, so this searches backwards for the byte in front of it.
        let text = self.text().trim_ascii();
        number(memchr::memrchr3(b' ', b'=', b':', text).and_then(|at| text.get(at.saturating_add(1)..)).unwrap_or(text))
    }

    /// `213 bytes`. Allocates.
    pub fn file_size(bytes: u64) -> Reply<'static> {
        Self::of_size(bytes).reply()
    }

    pub(crate) fn of_size(bytes: u64) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::FILE_STATUS, move |text| write(text, &bytes))
    }

    /// The time, in UTC, in a 213 to MDTM, with or without a fraction of a second. Allocates nothing.
    ///
    /// ```text
    /// mdtm-response = "213" SP time-val EOL      ; RFC 3659 3.1
    /// ```
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "213 20240309140500\r\n".parse()?;
    /// assert_eq!(reply.modified()?, ftp_proto::Time::new(2024, 3, 9, 14, 5, 0)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn modified(&self) -> Result<Time, BodyError> {
        Time::parse(self.text().trim_ascii()).map_err(BodyError::Time)
    }

    /// `213 time`. Allocates.
    pub fn modification_time(time: Time) -> Reply<'static> {
        Self::of_time(time).reply()
    }

    pub(crate) fn of_time(time: Time) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::FILE_STATUS, move |text| time.encode(text))
    }

    /// How many bytes the server will send, according to a 150 or 125: `(1024 bytes)`, anywhere in any line. No RFC defines this; use it
    /// for no more than a progress bar. Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "150 Opening BINARY mode data connection for a.bin (1024 bytes).\r\n".parse()?;
    /// assert_eq!(reply.transfer_size(), Some(1024));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer_size(&self) -> Option<u64> {
        self.lines().find_map(|line| {
            memchr::memrchr_iter(b'(', line).find_map(|at| {
                let (_, size) = size_in_parentheses(line.get(at..)?).ok()?;
                Some(size)
            })
        })
    }

    /// `150 text (1024 bytes).`, or `150 text` if the size isn't known. Allocates.
    pub fn opening_data(text: &Text<'_>, size: Option<u64>) -> Reply<'static> {
        Self::of_opening(&[text.as_bytes()], size).reply()
    }

    /// [`opening_data`](Self::opening_data), with the text in parts.
    pub(crate) fn of_opening(parts: &[&[u8]], size: Option<u64>) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::OPENING_DATA_CONNECTION, move |text| {
            parts.iter().for_each(|part| text.extend_from_slice(part));
            if let Some(size) = size {
                write(text, &format_args!(" ({size} bytes)."));
            }
        })
    }

    /// The name that the server chose for STOU: `FILE: name` (RFC 1123 4.1.2.9), in the 125 or 150, or in the 226 or 250. Words in
    /// front are skipped. Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "150 FILE: upload.7\r\n".parse()?;
    /// assert_eq!(reply.unique_name(), Some(&b"upload.7"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unique_name(&self) -> Option<&[u8]> {
        self.lines().find_map(|line| {
            memchr::memchr_iter(b':', line).find_map(|colon| {
                let (before, text) = line.split_at_checked(colon.checked_sub(4)?)?;
                let begins_word = before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric());
                if begins_word { file_name(text).ok().map(|(_, name)| name) } else { None }
            })
        })
    }

    /// `FILE: name` with this code, which should be 125, 150, 226 or 250. Allocates.
    pub fn unique_file(code: Code, name: &Path<'_>) -> Reply<'static> {
        Self::of_unique_file(code, name).reply()
    }

    pub(crate) fn of_unique_file(code: Code, name: &Path<'_>) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(code, |text| {
            text.extend_from_slice(b"FILE: ");
            text.extend_from_slice(name.as_bytes());
        })
    }

    /// The facts and the path in a 250 to MLST. Allocates nothing.
    ///
    /// ```text
    /// mlst-response = "250-" [text] EOL [SP] [facts] SP pathname EOL "250" [SP text] EOL      ; RFC 3659 7.2
    /// ```
    /// RFC 3659 demands the blank in front; some servers leave it out.
    pub fn facts_line(&self) -> Result<FactsLine<'_>, BodyError> {
        let line = self.middle_lines().find(|line| !line.is_empty()).ok_or(BodyError::NoFacts)?;
        facts_and_path(line).map(|(_, line)| line).map_err(|_| BodyError::NoFacts)
    }

    /// 250 with the facts and the path on a line of their own, as the answer to MLST (RFC 3659 7.2). Allocates.
    pub fn file_facts(facts: &Text<'_>, path: &Path<'_>) -> Reply<'static> {
        Self::of_facts(facts, path).reply()
    }

    pub(crate) fn of_facts(facts: &Text<'_>, path: &Path<'_>) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::lines(Code::FILE_ACTION_COMPLETED, |out| {
            push_line(out, Some((Code::FILE_ACTION_COMPLETED, b'-')), b"Listing");
            out.push(b' ');
            out.extend_from_slice(facts.as_bytes());
            out.push(b' ');
            push_line(out, None, path.as_bytes());
            push_line(out, Some((Code::FILE_ACTION_COMPLETED, b' ')), b"End");
        })
    }

    /// The offset in bytes that a 350 to REST repeats: the first number that isn't part of a word, in any line. No RFC defines this.
    /// Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "350 Restarting at 512. Send STORE or RETRIEVE.\r\n".parse()?;
    /// assert_eq!(reply.restart_offset(), Some(512));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restart_offset(&self) -> Option<u64> {
        self.lines().find_map(|line| {
            // A dot at the end of a word is a full stop: `at 7.`
            words(line, is_of_word).find_map(|word| number(word.strip_suffix(b".").unwrap_or(word)).ok())
        })
    }

    /// `350 Restarting at offset.` Allocates.
    pub fn restarting_at(offset: u64) -> Reply<'static> {
        Self::of_offset(offset).reply()
    }

    pub(crate) fn of_offset(offset: u64) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::PENDING_FURTHER_INFORMATION, move |text| {
            write(text, &format_args!("Restarting at {offset}."));
        })
    }

    /// The name of the system in a 215, such as `UNIX`: the first word (RFC 959 4.1.3; RFC 943 lists the names).
    /// Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "215 UNIX Type: L8\r\n".parse()?;
    /// assert_eq!(reply.system(), Some(&b"UNIX"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn system(&self) -> Option<&[u8]> {
        words(self.text(), |byte| byte != b' ').next()
    }

    /// `215 text`. The text should begin with a name that RFC 943 lists, such as `UNIX Type: L8`. Allocates nothing.
    pub fn system_type<'t>(text: Text<'t>) -> Reply<'t> {
        Reply::new(Code::SYSTEM_TYPE, text)
    }
}

impl Reply<'_> {
    /// The hexadecimal digits of a hash, in the server's case: the first word of such digits that is as long as a CRC-32 or a hash of
    /// 128, 160, 224, 256, 384 or 512 bits. `213 SHA-256 0-12 9f86… name` answers HASH (draft-bryan-ftpext-hash 3.2), `250 9F86…` the
    /// commands in X, `251 name 9f86…` MD5. Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "250 XCRC 4F3A9C01\r\n".parse()?;
    /// assert_eq!(reply.hash_digits()?, b"4F3A9C01");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hash_digits(&self) -> Result<&[u8], BodyError> {
        let is_hash = |word: &&[u8]| {
            matches!(word.len(), 8 | 32 | 40 | 56 | 64 | 96 | 128) && word.iter().all(u8::is_ascii_hexdigit)
        };
        words(self.text(), |byte| !byte.is_ascii_whitespace()).find(is_hash).ok_or(BodyError::NoHash)
    }
}

/// RFC 1123 4.1.2.9: `"FILE:" SP pppp`
fn file_name(text: &[u8]) -> Read<'_, &[u8]> {
    let name = verify(map(rest, <[u8]>::trim_ascii), |name: &[u8]| !name.is_empty());
    preceded(tag_no_case(&b"FILE:"[..]), name).parse_complete(text)
}

/// `"(" 1*DIGIT *SP "byte"`
fn size_in_parentheses(input: &[u8]) -> Read<'_, u64> {
    let word = (take_while(|byte: u8| byte.is_ascii_whitespace()), tag_no_case(&b"byte"[..]));
    delimited(char('('), grammar::number(BodyError::NumberTooLarge), word).parse_complete(input)
}

/// `[SP] [facts] SP pathname`
fn facts_and_path(line: &[u8]) -> Read<'_, FactsLine<'_>> {
    let facts = verify(take_till(|byte| byte == b' '), |facts: &[u8]| facts.is_empty() || facts.contains(&b'='));
    let path = verify(rest, |path: &[u8]| !path.is_empty());
    map(preceded(opt(char(' ')), separated_pair(facts, char(' '), path)), |(facts, path)| FactsLine { facts, path })
        .parse_complete(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn reply(wire: &str) -> Reply<'_> {
        Reply::parse(wire.as_bytes()).unwrap().unwrap().0
    }

    fn wire(reply: &Reply<'_>) -> String {
        let mut wire = Vec::new();
        reply.encode(&mut wire);
        String::from_utf8(wire).unwrap()
    }

    #[test]
    fn sizes_both_ways() {
        for (size, line) in [(0, "213 0\r\n"), (1048576, "213 1048576\r\n"), (u64::MAX, "213 18446744073709551615\r\n")]
        {
            assert_eq!(wire(&Reply::file_size(size)), line);
            assert_eq!(reply(line).size(), Ok(size));
        }
    }

    #[test]
    fn sizes_as_servers_write_them() {
        let cases = [
            ("213  12 \r\n", Ok(12)),
            ("213 0012\r\n", Ok(12)),
            ("213 file: a, Size =51\r\n", Ok(51)),
            ("213 file: 213, Size =51\r\n", Ok(51)),
            ("213-File status\r\n 12\r\n213 End\r\n", Ok(12)),
            ("213-\r\n213 End of status\r\n", Err(BodyError::NoNumber)),
            ("213 End of status\r\n", Err(BodyError::NoNumber)),
            ("213\r\n", Err(BodyError::NoNumber)),
            ("213 -12\r\n", Err(BodyError::NoNumber)),
            ("213 a12\r\n", Err(BodyError::NoNumber)),
            ("213 12 bytes\r\n", Err(BodyError::NoNumber)),
            ("213 18446744073709551616\r\n", Err(BodyError::NumberTooLarge)),
            ("213 20261121024915.123\r\n", Err(BodyError::NoNumber)),
        ];
        for (line, size) in cases {
            assert_eq!(reply(line).size(), size, "{line:?}");
        }
    }

    #[test]
    fn times_both_ways() {
        let time = Time::new(2026, 11, 21, 2, 49, 15).unwrap();
        let fraction = time.with_nanosecond(123_000_000).unwrap();
        for (time, line) in [(time, "213 20261121024915\r\n"), (fraction, "213 20261121024915.123\r\n")] {
            assert_eq!(wire(&Reply::modification_time(time)), line);
            assert_eq!(reply(line).modified(), Ok(time));
        }
        for line in ["213 12\r\n", "213\r\n", "213 20261321024915\r\n", "213 End of status\r\n"] {
            assert!(matches!(reply(line).modified(), Err(BodyError::Time(_))), "{line:?}");
        }
    }

    #[test]
    fn transfer_sizes_both_ways() {
        let cases = [
            ("Opening data connection for a", Some(12), "150 Opening data connection for a (12 bytes).\r\n"),
            ("Opening", None, "150 Opening\r\n"),
            ("a(1).txt (5 bytes) b", Some(6), "150 a(1).txt (5 bytes) b (6 bytes).\r\n"),
        ];
        for (text, size, line) in cases {
            assert_eq!(wire(&Reply::opening_data(&Text::new(text).unwrap(), size)), line);
            assert_eq!(reply(line).transfer_size(), size, "{line:?}");
        }
        let read = [
            ("125 Data connection open (1 byte)\r\n", Some(1)),
            ("150-Accepted\r\n150 a (12 bytes)\r\n", Some(12)),
            ("150 a (12 kbytes)\r\n", None),
            ("150 a (bytes)\r\n", None),
            ("150 a (18446744073709551616 bytes)\r\n", None),
            ("150 a (12\r\n", None),
        ];
        for (line, size) in read {
            assert_eq!(reply(line).transfer_size(), size, "{line:?}");
        }
    }

    #[test]
    fn unique_names_both_ways() {
        for (code, name, line) in [(150, "STOU.2", "150 FILE: STOU.2\r\n"), (250, "a b", "250 FILE: a b\r\n")] {
            let said = Reply::unique_file(Code::new(code).unwrap(), &Path::new(name).unwrap());
            assert_eq!(wire(&said), line);
            assert_eq!(reply(line).unique_name(), Some(name.as_bytes()));
        }
        assert_eq!(reply("226 Transfer complete (unique file:x\r\n").unique_name(), Some(&b"x"[..]));
        assert_eq!(reply("150 FILE: \r\n").unique_name(), None);
        assert_eq!(reply("150 Your profile: x\r\n").unique_name(), None, "part of a word");
        assert_eq!(reply("150 Your profile: x, FILE: b\r\n").unique_name(), Some(&b"b"[..]));
        assert_eq!(reply("150 Here it comes\r\n").unique_name(), None);
    }

    #[test]
    fn facts_both_ways() {
        let cases = [
            ("type=file;size=6;", "a.txt", "250-Listing\r\n type=file;size=6; a.txt\r\n250 End\r\n"),
            ("", " a  b ", "250-Listing\r\n   a  b \r\n250 End\r\n"),
        ];
        for (facts, path, lines) in cases {
            assert_eq!(wire(&Reply::file_facts(&Text::new(facts).unwrap(), &Path::new(path).unwrap())), lines);
            let read = FactsLine { facts: facts.as_bytes(), path: path.as_bytes() };
            assert_eq!(reply(lines).facts_line(), Ok(read), "{lines:?}");
        }
        let read = [
            ("250-Begin\r\ntype=cdir; .\r\n250 End.\r\n", Ok(("type=cdir;", "."))),
            ("250-Begin\r\n250-type=cdir; .\r\n250 End.\r\n", Ok(("type=cdir;", "."))),
            ("250-Begin\r\n no facts\r\n250 End.\r\n", Err(BodyError::NoFacts)),
            ("250-Begin\r\n type=cdir;\r\n250 End.\r\n", Err(BodyError::NoFacts)),
            ("250-Begin\r\n250 End.\r\n", Err(BodyError::NoFacts)),
            ("250 Okay\r\n", Err(BodyError::NoFacts)),
        ];
        for (lines, expected) in read {
            let expected = expected.map(|(facts, path)| FactsLine { facts: facts.as_bytes(), path: path.as_bytes() });
            assert_eq!(reply(lines).facts_line(), expected, "{lines:?}");
        }
    }

    #[test]
    fn restart_offsets_both_ways() {
        for (offset, line) in
            [(6, "350 Restarting at 6.\r\n"), (u64::MAX, "350 Restarting at 18446744073709551615.\r\n")]
        {
            assert_eq!(wire(&Reply::restarting_at(offset)), line);
            assert_eq!(reply(line).restart_offset(), Some(offset));
        }
        let read = [
            ("350 Restart position accepted (12).\r\n", Some(12)),
            ("350 Restarting at 12. Now send STORE or RETRIEVE.\r\n", Some(12)),
            ("350 RFC2389 restart at 7\r\n", Some(7)),
            ("350 Ready for RNTO.\r\n", None),
            ("350-Restarting\r\n350 at 7\r\n", Some(7)),
            ("350 Server v1.2: restarting at 7.\r\n", Some(7)),
            ("350 File 3.txt exists.\r\n", None),
            ("350 offset=7;\r\n", Some(7)),
        ];
        for (line, offset) in read {
            assert_eq!(reply(line).restart_offset(), offset, "{line:?}");
        }
    }

    #[test]
    fn systems_both_ways() {
        let said = Reply::system_type(Text::new("UNIX Type: L8").unwrap());
        assert_eq!(wire(&said), "215 UNIX Type: L8\r\n");
        assert_eq!(reply("215 UNIX Type: L8\r\n").system(), Some(&b"UNIX"[..]));
        assert_eq!(reply("215\r\n").system(), None);
    }
}
