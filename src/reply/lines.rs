//! The lines of a reply.

use super::Reply;
use super::grammar::line;

/// Iterator over the texts of a reply's lines, first to last; made by [`Reply::lines`].
///
/// ```
/// use ftp_proto::Reply;
/// let reply: Reply = "250-Two files\r\n250-removed\r\n250 today.\r\n".parse()?;
/// let text = reply.lines().collect::<Vec<_>>().join(&b' ');
/// assert_eq!(text, b"Two files removed today.");
/// # Ok::<(), ftp_proto::ReplyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    code: [u8; 3],
    first: bool,
    single: bool,
    ended: bool,
}

impl Reply<'_> {
    /// The text of each line without its line end, first to last. The first line, the last line, and each line between that begins with
    /// the code and a `-` come without the code and the byte after it.
    pub fn lines(&self) -> Lines<'_> {
        Lines {
            rest: &self.bytes,
            code: self.first_code().digits(),
            first: true,
            single: !self.is_multiline(),
            ended: false,
        }
    }

    /// The texts of the lines between the first and the last; none if the reply has one line.
    ///
    /// ```
    /// use ftp_proto::Reply;
    /// let reply: Reply = "213-Status of pub:\r\n a.txt\r\n b.txt\r\n213 End\r\n".parse()?;
    /// assert!(reply.middle_lines().eq([b" a.txt", b" b.txt"]));
    /// # Ok::<(), ftp_proto::ReplyError>(())
    /// ```
    pub fn middle_lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut lines = self.lines().skip(1);
        let mut held = lines.next();
        core::iter::from_fn(move || {
            let line = held?;
            held = Some(lines.next()?);
            Some(line)
        })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.single {
            return (!core::mem::replace(&mut self.ended, true)).then_some(self.rest);
        }
        let (rest, line) = line(self.rest).ok()?;
        self.rest = rest;
        let first = core::mem::replace(&mut self.first, false);
        if first || rest.is_empty() || is_continuation(line, self.code) {
            return Some(line.get(4..).unwrap_or_default());
        }
        Some(line)
    }
}

impl core::iter::FusedIterator for Lines<'_> {}

/// The lines of `rest`, without their ends.
pub(super) struct Ends<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for Ends<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (rest, line) = line(self.rest).ok()?;
        self.rest = rest;
        Some(line)
    }
}

/// Whether the line begins with the code and a `-`.
pub(super) fn is_continuation(line: &[u8], code: [u8; 3]) -> bool {
    line.strip_prefix(&code).is_some_and(|rest| rest.first() == Some(&b'-'))
}
