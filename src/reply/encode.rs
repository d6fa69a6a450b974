//! Replies as they go over the wire.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::lines::{Ends, is_continuation};
use super::{Class, Code, Reply};
use crate::text::Text;

impl Reply<'_> {
    /// A reply of two lines or more. Allocates.
    ///
    /// A middle line that begins with three digits gets a blank in front (RFC 959 4.2), so that no reader takes it for the last line.
    /// With the codes of RFC 2228 5 (6yz), every line begins with the code.
    ///
    /// ```
    /// use ftp_proto::{Code, Reply, Text};
    /// let middle = ["211 files", "none hidden"].map(Text::from_static);
    /// let reply = Reply::with_lines(Code::SYSTEM_STATUS, Text::from_static("Status:"), middle, Text::from_static("End"));
    /// let mut wire = Vec::new();
    /// reply.encode(&mut wire);
    /// assert_eq!(wire, b"211-Status:\r\n 211 files\r\nnone hidden\r\n211 End\r\n");
    /// ```
    pub fn with_lines<'t>(
        code: Code,
        first: Text<'_>,
        middle: impl IntoIterator<Item = Text<'t>>,
        last: Text<'_>,
    ) -> Reply<'static> {
        let mut raw = Vec::new();
        push_line(&mut raw, Some((code, b'-')), first.as_bytes());
        for line in middle {
            push_middle(&mut raw, code, line.as_bytes());
        }
        push_line(&mut raw, Some((code, b' ')), last.as_bytes());
        Self::of_owned_lines(code, raw)
    }

    /// Appends a reply of one line whose text is part of this crate, and holds no line end.
    #[inline]
    pub(crate) fn encode_line(code: Code, text: &'static str, out: &mut Vec<u8>) {
        push_line(out, Some((code, b' ')), text.as_bytes());
    }

    /// Appends the reply as it goes over the wire, each line with CRLF. [`Reply::parse`] reads an equal reply back, but for the blank
    /// in front of middle lines that begin with three digits. A reply whose first and last line have different codes is written with
    /// the code of the last line, its [`code`](Self::code).
    pub fn encode(&self, out: &mut Vec<u8>) {
        if !self.is_multiline() {
            return push_line(out, Some((self.code(), b' ')), &self.bytes);
        }
        let mut lines = Ends { rest: &self.bytes }.peekable();
        let mut first = true;
        while let Some(line) = lines.next() {
            if core::mem::take(&mut first) {
                push_line(out, Some((self.code(), b'-')), line.get(4..).unwrap_or_default());
            } else if lines.peek().is_none() {
                push_line(out, Some((self.code(), b' ')), line.get(4..).unwrap_or_default());
            } else if is_continuation(line, self.first_code().digits()) {
                push_line(out, Some((self.code(), b'-')), line.get(4..).unwrap_or_default());
            } else {
                if begins_with_digits(line) {
                    out.push(b' ');
                }
                push_line(out, None, line);
            }
        }
    }

    /// The same lines with another code. Allocates.
    pub(crate) fn with_code(&self, code: Code) -> Reply<'static> {
        if !self.is_multiline() {
            return Self::of_line(code, Cow::Owned(self.bytes.to_vec()));
        }
        let mut raw = Vec::with_capacity(self.bytes.len());
        let mut lines = self.lines().peekable();
        push_line(&mut raw, Some((code, b'-')), lines.next().unwrap_or_default());
        while let Some(line) = lines.next() {
            match lines.peek() {
                Some(_) => push_middle(&mut raw, code, line),
                None => push_line(&mut raw, Some((code, b' ')), line),
            }
        }
        Self::of_owned_lines(code, raw)
    }
}

fn begins_with_digits(line: &[u8]) -> bool {
    line.first_chunk::<3>().is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

fn push_middle(raw: &mut Vec<u8>, code: Code, text: &[u8]) {
    if code.class() == Class::Protected {
        return push_line(raw, Some((code, b'-')), text);
    }
    if begins_with_digits(text) {
        raw.push(b' ');
    }
    push_line(raw, None, text);
}

// Else a NOOP of the server takes 70 instructions more.
#[inline]
pub(super) fn push_line(out: &mut Vec<u8>, code: Option<(Code, u8)>, text: &[u8]) {
    // Once for the whole line, so that its parts don't have to.
    out.reserve(text.len().saturating_add(6));
    if let Some((code, separator)) = code {
        let [hundreds, tens, ones] = code.digits();
        out.extend_from_slice(&[hundreds, tens, ones, separator]);
    }
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}
