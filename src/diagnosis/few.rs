//! A short list that doesn't allocate.

use core::fmt;

/// At most `N` items; further ones are dropped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Few<T, const N: usize>([Option<T>; N]);

impl<T, const N: usize> Few<T, N> {
    pub(super) const fn new() -> Self {
        Self([const { None }; N])
    }

    pub(super) fn push(&mut self, item: T) {
        if let Some(room) = self.0.iter_mut().find(|room| room.is_none()) {
            *room = Some(item);
        }
    }

    /// Like [`push`](Self::push), unless an equal item is in the list.
    pub(super) fn push_once(&mut self, item: T)
    where
        T: PartialEq,
    {
        if self.iter().all(|known| *known != item) {
            self.push(item);
        }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = T> {
        self.0.into_iter().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    /// Sorts by a key, the smallest first; items with equal keys keep their order.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        // Insertion sort: there are few items, and the standard library's stable sort allocates.
        for end in 1..N {
            for at in (1..=end).rev() {
                let Some([one, other]) = self.0.get_mut(at.saturating_sub(1)..=at) else { break };
                let (Some(before), Some(after)) = (one.as_ref(), other.as_ref()) else { break };
                if key(before) <= key(after) {
                    break;
                }
                core::mem::swap(one, other);
            }
        }
    }
}

impl<T, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize, const N: usize> serde::Serialize for Few<T, N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Some formats need the length, which `collect_seq` doesn't give.
        alloc::vec::Vec::from_iter(self.iter()).serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de>, const N: usize> serde::Deserialize<'de> for Few<T, N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut few = Self::new();
        alloc::vec::Vec::deserialize(deserializer)?.into_iter().for_each(|item| few.push(item));
        Ok(few)
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for Few<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
