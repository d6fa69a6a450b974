//! 257: a path in quotes (RFC 959 appendix II).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take};
use nom::character::complete::char;
use nom::combinator::{recognize, rest, success, verify};
use nom::multi::fold_many0;
use nom::sequence::terminated;

use super::{BodyError, Read};
use crate::reply::{Code, Draft, Reply};
use crate::text::{Path, Text};

impl Reply<'_> {
    /// The path in a 257: the current directory, or the one that was created. Allocates only if the path holds doubled quotes.
    ///
    /// ```text
    /// 257 = [text] <"> path with each quote doubled <"> [SP comment]      ; RFC 959 appendix II
    /// ```
    /// Some servers don't double quotes: if the closing quote is missing, or neither a blank nor the end follows it, the path goes up to
    /// the last quote that is followed by one of these, and quotes in it stay as they are. Some servers write no quotes: then a text
    /// that begins like an absolute path (`/`, `\`, `C:`) is the path as a whole. Text in front of the quote is skipped. Control
    /// characters are an error (CVE-2017-1000254 and its siblings).
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "257 \"/a \"\"b\"\"\" is the current directory\r\n".parse()?;
    /// assert_eq!(reply.directory()?, &b"/a \"b\""[..]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn directory(&self) -> Result<Cow<'_, [u8]>, BodyError> {
        let line = self.lines().find(|line| line.contains(&b'"')).unwrap_or(self.text());
        let path = match memchr::memchr(b'"', line) {
            Some(at) => quoted(line.get(at.saturating_add(1)..).unwrap_or_default(), at)?,
            None => Cow::Borrowed(plain(line)?),
        };
        if path.is_empty() {
            return Err(BodyError::NoPath);
        }
        match path.iter().enumerate().find(|(_, byte)| byte.is_ascii_control()) {
            Some((at, &byte)) => Err(BodyError::ControlCharacter { byte, at }),
            None => Ok(path),
        }
    }

    /// `257 "path" comment`, with each quote of the path doubled. Allocates.
    pub fn path_name(path: &Path<'_>, comment: &Text<'_>) -> Reply<'static> {
        Self::of_path(path, comment).reply()
    }

    pub(crate) fn of_path(path: &Path<'_>, comment: &Text<'_>) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::PATH_NAME, |text| {
            text.push(b'"');
            for part in path.as_bytes().split_inclusive(|byte| *byte == b'"') {
                text.extend_from_slice(part);
                if part.ends_with(b"\"") {
                    text.push(b'"');
                }
            }
            text.push(b'"');
            if !comment.as_bytes().is_empty() {
                text.push(b' ');
                text.extend_from_slice(comment.as_bytes());
            }
        })
    }
}

/// The path in `text`, which begins after the opening quote; that quote is `at` bytes from the line's beginning.
fn quoted(text: &[u8], at: usize) -> Result<Cow<'_, [u8]>, BodyError> {
    if let Ok((_, path)) = doubled(text) {
        let has_quotes = memchr::memchr(b'"', path).is_some();
        return Ok(if has_quotes { Cow::Owned(undouble(path)) } else { Cow::Borrowed(path) });
    }
    let end = memchr::memrchr_iter(b'"', text).find(|&end| closes(text, end));
    end.and_then(|end| text.get(..end)).map(Cow::Borrowed).ok_or(BodyError::UnterminatedQuote { at })
}

/// `*( <any byte but a quote> / <"> <"> ) <">`, followed by what [`closes`] a path.
fn doubled(text: &[u8]) -> Read<'_, &[u8]> {
    let part = alt((is_not(&b"\""[..]), tag(&b"\"\""[..])));
    let (rest, path) = recognize(fold_many0(part, || (), |(), _| ())).parse_complete(text)?;
    verify(terminated(success(path), char('"')), |path: &[u8]| closes(text, path.len())).parse_complete(rest)
}

/// Whether a blank, the end of the line, or a full stop, comma or semicolon and one of these follows the quote.
fn closes(text: &[u8], quote: usize) -> bool {
    matches!(
        text.get(quote.saturating_add(1)..),
        None | Some([] | [b' ' | b'\t', ..] | [b'.' | b',' | b';'] | [b'.' | b',' | b';', b' ', ..])
    )
}

/// Makes one quote of each two. In `path` every quote is one of two.
fn undouble(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((part, behind)) = memchr::memchr(b'"', rest).and_then(|at| rest.split_at_checked(at.checked_add(1)?))
    {
        out.extend_from_slice(part);
        rest = behind.strip_prefix(b"\"").unwrap_or(behind);
    }
    out.extend_from_slice(rest);
    out
}

/// ```text
/// plain = ("/" / "\" / ALPHA ":") *OCTET
/// ```
fn plain(text: &[u8]) -> Result<&[u8], BodyError> {
    let drive = (verify(take(1usize), |drive: &[u8]| drive.iter().all(u8::is_ascii_alphabetic)), tag(&b":"[..]));
    let begin = alt((tag(&b"/"[..]), tag(&b"\\"[..]), recognize(drive)));
    let path: Read<'_, _> = recognize((begin, rest)).parse_complete(text.trim_ascii());
    path.map(|(_, path)| path).map_err(|_| BodyError::NoPath)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(text: &str) -> Result<Vec<u8>, BodyError> {
        let line = alloc::format!("257 {text}\r\n");
        let (reply, _) = Reply::parse(line.as_bytes()).unwrap().unwrap();
        reply.directory().map(Cow::into_owned)
    }

    #[test]
    fn what_we_write_reads_back() {
        let cases = [
            ("/", "", r#""/""#),
            ("/", "is the current directory.", r#""/" is the current directory."#),
            ("/upload/q\"d", "created", r#""/upload/q""d" created"#),
            ("\"", "", r#""""""#),
            ("\"a\"", "", r#""""a""""#),
            ("a \" b", "is here", r#""a "" b" is here"#),
            (" ", "\"quoted\" comment", r#"" " "quoted" comment"#),
            ("a\"\"", "", r#""a""""""#),
        ];
        for (path, comment, text) in cases {
            let reply = Reply::path_name(&Path::new(path).unwrap(), &Text::new(comment).unwrap());
            assert_eq!((reply.code().value(), reply.text()), (257, text.as_bytes()));
            assert_eq!(directory(text), Ok(path.into()), "{text}");
        }
    }

    #[test]
    fn reads_what_servers_write() {
        let cases = [
            ("\"/a\"b\" is cwd", "/a\"b"),
            ("\"/a\"b\"", "/a\"b"),
            ("\"/a\"\" is cwd", "/a\""),
            ("\"/a b\" is your current location", "/a b"),
            ("/upload/sdir", "/upload/sdir"),
            ("/upload/s dir ", "/upload/s dir"),
            ("C:\\ftp", "C:\\ftp"),
            ("rubbish all over \"/path\"", "/path"),
            ("\"/a\".", "/a"),
            ("\"/a\", created", "/a"),
            ("\"/a\",", "/a"),
            ("\"/a\";", "/a"),
            ("\"/a\"; b", "/a"),
            ("\"/a\". b", "/a"),
            ("\"/a\"\tb", "/a"),
            ("\"/a\".b\" c", "/a\".b"),
            ("\\a", "\\a"),
            ("z:a", "z:a"),
            ("\"relative\" created", "relative"),
            ("\"/a\" is \"here\"", "/a"),
            ("\"/caf\u{e9}\"", "/caf\u{e9}"),
        ];
        for (text, path) in cases {
            assert_eq!(directory(text), Ok(path.into()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_path() {
        let cases = [
            ("\"Only one", BodyError::UnterminatedQuote { at: 0 }),
            ("see \"", BodyError::UnterminatedQuote { at: 4 }),
            ("\"a\"b", BodyError::UnterminatedQuote { at: 0 }),
            ("\"\" is nothing", BodyError::NoPath),
            ("MKD command successful.", BodyError::NoPath),
            ("1:a", BodyError::NoPath),
            ("", BodyError::NoPath),
            ("\"/a\x1b[2J\"", BodyError::ControlCharacter { byte: 0x1b, at: 2 }),
            ("\"/a\rb\"", BodyError::ControlCharacter { byte: b'\r', at: 2 }),
            ("\"/a\0\"", BodyError::ControlCharacter { byte: 0, at: 2 }),
            ("/a\x7f", BodyError::ControlCharacter { byte: 0x7f, at: 2 }),
        ];
        for (text, error) in cases {
            assert_eq!(directory(text), Err(error), "{text:?}");
        }
    }
}
