//! [`OwnedEntry`], which outlives its line.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::entry::Entry;

/// An [`Entry`] with its own copy of the parts of its line, to be kept.
///
/// With the feature `serde` it deserializes from everything that either type serializes to. An [`Entry`] can't be deserialized from text
/// with escapes, since it only borrows.
///
/// ```
/// use ftp_proto::{Time, listing::{Hint, Line, Listing, OwnedEntry}};
/// let mut listing = Listing::new(Time::parse(b"20240310120000").unwrap(), Hint::List);
/// let mut kept: Vec<OwnedEntry> = Vec::new();
/// for line in ["total 8", "-rw-r--r-- 1 u g 5 Mar  9 14:05 a", "-rw-r--r-- 1 u g 7 Mar  9 14:06 b"] {
///     if let Line::Entry(entry) = listing.line(line.as_bytes()) {
///         kept.push(entry.into_owned());
///     }
/// }
/// assert_eq!(kept[1].entry().name, b"b");
/// ```
#[derive(Clone)]
pub struct OwnedEntry {
    /// The parts, joined.
    text: Box<[u8]>,
    /// The length of each part, in the order of [`parts`].
    lengths: [Option<usize>; 6],
    /// The fields that aren't text; its texts are empty.
    others: Entry<'static>,
}

/// The fields of an entry that are text.
fn parts<'a>(entry: &Entry<'a>) -> [Option<&'a [u8]>; 6] {
    let Entry { name, permissions, owner, group, link_target, facts, .. } = *entry;
    [Some(name), permissions, owner, group, link_target, Some(facts)]
}

impl Entry<'_> {
    /// The same entry with a copy of what it borrows. Allocates once.
    pub fn into_owned(self) -> OwnedEntry {
        let parts = parts(&self);
        let mut text = Vec::with_capacity(parts.iter().flatten().map(|part| part.len()).sum());
        parts.iter().flatten().for_each(|part| text.extend_from_slice(part));
        let Self { kind, size, modified, links, device, .. } = self;
        OwnedEntry {
            text: text.into_boxed_slice(),
            lengths: parts.map(|part| part.map(<[u8]>::len)),
            others: Entry { size, modified, links, device, ..Entry::new(&[], kind) },
        }
    }
}

impl OwnedEntry {
    /// The entry, borrowed from this value. Allocates nothing.
    pub fn entry(&self) -> Entry<'_> {
        let mut rest = &*self.text;
        let [name, permissions, owner, group, link_target, facts] = self.lengths.map(|length| {
            let (part, behind) = rest.split_at_checked(length?)?;
            rest = behind;
            Some(part)
        });
        let (name, facts) = (name.unwrap_or_default(), facts.unwrap_or_default());
        Entry { name, permissions, owner, group, link_target, facts, ..self.others }
    }
}

impl From<Entry<'_>> for OwnedEntry {
    fn from(entry: Entry<'_>) -> Self {
        entry.into_owned()
    }
}

impl PartialEq for OwnedEntry {
    fn eq(&self, other: &Self) -> bool {
        self.entry() == other.entry()
    }
}

impl Eq for OwnedEntry {}

impl Hash for OwnedEntry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entry().hash(state);
    }
}

impl fmt::Debug for OwnedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entry().fmt(f)
    }
}

/// Serializes like the [`Entry`].
#[cfg(feature = "serde")]
impl serde::Serialize for OwnedEntry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entry().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for OwnedEntry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use super::entry::{Kind, Modified, Size};
        use crate::serde_types::owned_bytes::Owned;

        /// The fields of [`Entry`], in its order.
        #[derive(serde::Deserialize)]
        #[serde(rename = "Entry")]
        struct Parts {
            name: Owned,
            kind: Kind,
            size: Option<Size>,
            modified: Option<Modified>,
            permissions: Option<Owned>,
            owner: Option<Owned>,
            group: Option<Owned>,
            links: Option<u64>,
            device: Option<(u32, u32)>,
            link_target: Option<Owned>,
            facts: Owned,
        }

        fn text(part: &Option<Owned>) -> Option<&[u8]> {
            part.as_ref().map(|Owned(bytes)| bytes.as_slice())
        }

        let parts = Parts::deserialize(deserializer)?;
        let Parts { name: Owned(name), kind, size, modified, links, device, facts: Owned(facts), .. } = &parts;
        let entry = Entry {
            name,
            kind: *kind,
            size: *size,
            modified: *modified,
            permissions: text(&parts.permissions),
            owner: text(&parts.owner),
            group: text(&parts.group),
            links: *links,
            device: *device,
            link_target: text(&parts.link_target),
            facts,
        };
        Ok(entry.into_owned())
    }
}
