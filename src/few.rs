//! A queue of mostly one: that one needs no memory beside its owner's.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// How many behind the first keep their room once they are gone: a transfer, and what is said amid it.
const KEPT: usize = 2;
/// Room for as many is made at once where those don't suffice.
const MANY: usize = 16;

#[derive(Debug, Clone)]
pub(crate) struct Few<T> {
    first: Option<T>,
    /// Those behind it: none if there is no first.
    #[expect(clippy::box_collection, reason = "an idle session stays below 1 KiB")]
    rest: Option<Box<Vec<T>>>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: None, rest: None }
    }
}

/// Room doesn't count.
impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T> Few<T> {
    #[inline]
    fn rest(&self) -> &[T] {
        self.rest.as_deref().map_or(&[], Vec::as_slice)
    }

    #[inline]
    fn rest_mut(&mut self) -> &mut [T] {
        self.rest.as_deref_mut().map_or(&mut [], Vec::as_mut_slice)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()).saturating_add(self.rest().len())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The only one, if there are no more.
    #[inline]
    pub(crate) fn only(&self) -> Option<&T> {
        self.first.as_ref().filter(|_| self.rest().is_empty())
    }

    #[inline]
    pub(crate) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    #[inline]
    pub(crate) fn back(&self) -> Option<&T> {
        self.rest().last().or(self.first.as_ref())
    }

    #[inline]
    pub(crate) fn back_mut(&mut self) -> Option<&mut T> {
        let Self { first, rest } = self;
        rest.as_deref_mut().and_then(|rest| rest.last_mut()).or(first.as_mut())
    }

    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        match place.checked_sub(1) {
            None => self.first.as_ref(),
            Some(place) => self.rest().get(place),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        match place.checked_sub(1) {
            None => self.first.as_mut(),
            Some(place) => self.rest_mut().get_mut(place),
        }
    }

    #[inline]
    pub(crate) fn push_back(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.push_behind(item);
        }
    }

    #[inline(never)]
    fn push_behind(&mut self, item: T) {
        let rest = self.rest.get_or_insert_default();
        if rest.len() == rest.capacity() {
            let more = if rest.is_empty() { KEPT } else { MANY.max(rest.len()) };
            rest.reserve_exact(more);
        }
        rest.push(item);
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let first = self.first.take();
        if self.rest.is_some() {
            self.first = self.remove_behind(0);
        }
        first
    }

    pub(crate) fn remove(&mut self, place: usize) -> Option<T> {
        match place.checked_sub(1) {
            None => self.pop_front(),
            Some(place) => self.remove_behind(place),
        }
    }

    fn remove_behind(&mut self, place: usize) -> Option<T> {
        let rest = self.rest.as_deref_mut()?;
        let item = (place < rest.len()).then(|| rest.remove(place));
        give_back(rest);
        item
    }

    /// Drops those that don't stay, and all room if no more than one does.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&T) -> bool) {
        let first_stays = self.first.as_ref().is_some_and(&mut stays);
        if let Some(rest) = self.rest.as_deref_mut() {
            rest.retain(stays);
        }
        if !first_stays {
            self.pop_front();
        }
        if self.rest().is_empty() {
            self.rest = None;
        }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.first.iter().chain(self.rest())
    }

    #[inline]
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let Self { first, rest } = self;
        first.iter_mut().chain(rest.as_deref_mut().map_or(&mut [][..], Vec::as_mut_slice))
    }
}

/// Frees memory if nothing is in it.
fn give_back<T>(rest: &mut Vec<T>) {
    if rest.is_empty() && rest.capacity() > KEPT {
        rest.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;

    /// The same as a plain `VecDeque`, whatever is done to both.
    #[test]
    fn it_is_a_queue() {
        let (mut few, mut plain) = (Few::default(), VecDeque::new());
        let mut most = 0;
        for step in 0_u32..2000 {
            let what = step.wrapping_mul(2_654_435_761) >> 16;
            match what % 7 {
                0..=2 => {
                    few.push_back(step);
                    plain.push_back(step);
                }
                3 => assert_eq!(few.pop_front(), plain.pop_front()),
                4 => assert_eq!(few.remove(what as usize % 5), plain.remove(what as usize % 5)),
                5 => {
                    let stays = |item: &u32| !item.is_multiple_of(3);
                    few.retain(stays);
                    plain.retain(stays);
                }
                _ => {
                    let place = what as usize % 4;
                    assert_eq!(few.get(place), plain.get(place));
                    assert_eq!(few.get_mut(place), plain.get_mut(place));
                    few.iter_mut().chain(&mut plain).for_each(|item| *item ^= 1);
                }
            }
            most = most.max(few.len());
            assert!(few.iter().eq(&plain) && few.iter().rev().eq(plain.iter().rev()), "step {step}");
            assert_eq!((few.len(), few.is_empty()), (plain.len(), plain.is_empty()));
            assert_eq!((few.front(), few.back()), (plain.front(), plain.back()));
            assert_eq!(few.back_mut(), plain.back_mut());
            assert_eq!(few.only(), plain.front().filter(|_| plain.len() == 1));
        }
        assert!(most > KEPT, "{most}");
    }

    #[test]
    fn one_needs_no_room_and_many_leave_little() {
        let room = |few: &Few<u32>| few.rest.as_deref().map(Vec::capacity);
        let mut few = Few::default();
        few.push_back(0);
        assert_eq!(room(&few), None);
        few.push_back(1);
        assert_eq!(room(&few), Some(KEPT));
        (2..64).for_each(|item| few.push_back(item));
        assert!(room(&few).is_some_and(|room| (63..90).contains(&room)), "{:?}", room(&few));
        while few.pop_front().is_some() {}
        assert_eq!(room(&few), Some(KEPT));
        few.retain(|_| true);
        assert_eq!(room(&few), None);
    }
}
