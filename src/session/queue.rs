//! What is due, in the order in which it was said. Most of the time that is one thing, which needs no memory beside the session's.

use alloc::vec::Vec;

use super::due::Due;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Queue {
    first: Option<Due>,
    /// Those behind it, at most 63 and seldom more than one: none if there is no first.
    rest: Vec<Due>,
}

impl Queue {
    #[inline]
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()).saturating_add(self.rest.len())
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The only one, if there are no more.
    #[inline]
    pub(super) fn only(&self) -> Option<&Due> {
        self.first.as_ref().filter(|_| self.rest.is_empty())
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&Due> {
        self.first.as_ref()
    }

    #[inline]
    pub(super) fn back(&self) -> Option<&Due> {
        self.rest.last().or(self.first.as_ref())
    }

    #[inline]
    pub(super) fn back_mut(&mut self) -> Option<&mut Due> {
        self.rest.last_mut().or(self.first.as_mut())
    }

    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<&Due> {
        match place.checked_sub(1) {
            None => self.first.as_ref(),
            Some(place) => self.rest.get(place),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Due> {
        match place.checked_sub(1) {
            None => self.first.as_mut(),
            Some(place) => self.rest.get_mut(place),
        }
    }

    #[inline]
    pub(super) fn push_back(&mut self, due: Due) {
        if self.first.is_none() {
            self.first = Some(due);
        } else {
            self.push_behind(due);
        }
    }

    #[inline(never)]
    fn push_behind(&mut self, due: Due) {
        if self.rest.capacity() == 0 {
            // Seldom more at once: a transfer and what is said amid it.
            self.rest.reserve_exact(1);
        }
        self.rest.push(due);
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Due> {
        let first = self.first.take();
        if !self.rest.is_empty() {
            self.first = Some(self.rest.remove(0));
        }
        first
    }

    pub(super) fn remove(&mut self, place: usize) -> Option<Due> {
        match place.checked_sub(1) {
            None => self.pop_front(),
            Some(place) => (place < self.rest.len()).then(|| self.rest.remove(place)),
        }
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&Due) -> bool) {
        self.rest.retain(&stays);
        if !self.first.as_ref().is_some_and(&stays) {
            self.pop_front();
        }
    }

    #[inline]
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Due> {
        self.first.iter().chain(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Verb;
    use crate::session::due::Value;
    use crate::session::{Awaited, CommandId};
    use alloc::collections::VecDeque;

    /// The same as a plain `VecDeque`, whatever is done to both.
    #[test]
    fn it_is_a_queue() {
        let (mut queue, mut plain) = (Queue::default(), VecDeque::new());
        let mut id = CommandId::GREETING;
        for step in 0_u32..2000 {
            let what = step.wrapping_mul(2_654_435_761) >> 16;
            match what % 7 {
                0..=2 => {
                    id = id.next();
                    let due = Due { id, awaited: Awaited::Command(Verb::Noop), begun: false, value: Value::None };
                    queue.push_back(due);
                    plain.push_back(due);
                }
                3 => assert_eq!(queue.pop_front(), plain.pop_front()),
                4 => assert_eq!(queue.remove(what as usize % 5), plain.remove(what as usize % 5)),
                5 => {
                    let stays = |due: &Due| due.id != id && due.id != CommandId::GREETING.next();
                    queue.retain(stays);
                    plain.retain(stays);
                }
                _ => {
                    let place = what as usize % 4;
                    assert_eq!(queue.get(place).map(|due| due.id), plain.get(place).map(|due| due.id));
                    assert_eq!(queue.get_mut(place).map(|due| due.id), plain.get(place).map(|due| due.id));
                }
            }
            let ids = |due: &Due| due.id;
            assert!(queue.iter().map(ids).eq(plain.iter().map(ids)), "step {step}");
            assert_eq!((queue.len(), queue.is_empty()), (plain.len(), plain.is_empty()));
            assert_eq!(
                (queue.front().map(ids), queue.back().map(ids)),
                (plain.front().map(ids), plain.back().map(ids))
            );
            assert_eq!(queue.back_mut().map(|due| due.id), plain.back().map(ids));
            assert_eq!(queue.only().map(ids), plain.front().map(ids).filter(|_| plain.len() == 1));
        }
        assert!(id > CommandId::GREETING.next(), "{id:?}");
    }
}
