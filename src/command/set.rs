//! A set of verbs.

use super::Verb;

/// A set of verbs, one bit each.
// Aligned to 8 bytes, like the rest of a session: with 16, the padding would cost an idle session more than the set itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(Rust, packed(8))]
pub(crate) struct VerbSet(u128);

// The table has fewer verbs than the set has bits.
const _: () = assert!(Verb::ALL.len() < 128);

impl VerbSet {
    pub(crate) fn contains(self, verb: Verb) -> bool {
        // A shift of 128 bits takes twice as long, and this runs for every command.
        let (place, set) = (verb as u32, self.0);
        let word = if place < u64::BITS { set as u64 } else { (set >> u64::BITS) as u64 };
        word.wrapping_shr(place) & 1 != 0
    }

    pub(crate) fn insert(&mut self, verb: Verb) {
        self.0 |= Self::bit(verb);
    }

    pub(crate) fn remove(&mut self, verb: Verb) {
        self.0 &= !Self::bit(verb);
    }

    fn bit(verb: Verb) -> u128 {
        1_u128.checked_shl(verb as u32).unwrap_or(0)
    }
}

impl<'a> FromIterator<&'a Verb> for VerbSet {
    fn from_iter<I: IntoIterator<Item = &'a Verb>>(verbs: I) -> Self {
        let mut set = Self::default();
        verbs.into_iter().for_each(|verb| set.insert(*verb));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_not_taken_out() {
        let others = [Verb::Other];
        for verb in Verb::ALL.iter().chain(&others) {
            let mut set = VerbSet::from_iter(&[*verb, *verb]);
            assert!(Verb::ALL.iter().chain(&others).all(|other| set.contains(*other) == (other == verb)), "{verb}");
            for _ in 0..2 {
                set.remove(*verb);
                assert_eq!(set, VerbSet::default());
            }
        }
    }
}
