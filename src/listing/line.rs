//! What a line of a listing is.

use super::entry::Entry;

/// A line of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Line<'a> {
    /// A file, a directory, or another thing.
    Entry(Entry<'a>),
    /// Nothing, or blanks alone.
    Blank,
    /// What a server writes above or below the entries: `total 12`, names of columns, `Total of 11 files.`
    Notice(&'a [u8]),
    /// What went wrong with one entry: `ls: x: Permission denied`, `%RMS-E-PRV, …`
    Error(&'a [u8]),
    /// An entry whose rest is on the next line, as VMS writes long names. [`Listing::read`](super::Listing::read) joins them; who
    /// calls [`Listing::line`](super::Listing::line) hands over this line again, with an LF and the next line behind it.
    Partial(&'a [u8]),
    /// Whatever fits no dialect, or not the one that the application has fixed. It may be an entry.
    Other(&'a [u8]),
}

impl<'a> Line<'a> {
    /// The entry, if it is one.
    pub const fn entry(self) -> Option<Entry<'a>> {
        if let Self::Entry(entry) = self { Some(entry) } else { None }
    }
}
