//! The kinds of lines in a listing.

use super::entry::Entry;

/// A line of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Line<'a> {
    /// A file, a directory, or another thing.
    Entry(Entry<'a>),
    /// An empty line, or one of blanks alone.
    Blank,
    /// A line above or below the entries: `total 12`, names of columns, `Total of 11 files.`
    Notice(&'a [u8]),
    /// A message about an entry that couldn't be read: `ls: x: Permission denied`, `%RMS-E-PRV, …`
    Error(&'a [u8]),
    /// An entry that continues on the next line, as VMS writes long names. [`Listing::read`](super::Listing::read) joins the two; with
    /// [`Listing::line`](super::Listing::line), pass this line again, followed by an LF and the next line.
    Partial(&'a [u8]),
    /// A line that fits no dialect, or not the fixed one. It may be an entry.
    Other(&'a [u8]),
}

impl<'a> Line<'a> {
    /// The entry, if it is one.
    pub const fn entry(self) -> Option<Entry<'a>> {
        if let Self::Entry(entry) = self { Some(entry) } else { None }
    }
}
