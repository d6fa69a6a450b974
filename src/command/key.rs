//! A command's word, packed into a number, so that the table finds it without a search.

use crate::swar::{self, HIGHS, ONES};

/// The longest word that fits, in bytes; the byte above the word holds the length.
const LONGEST: usize = 7;

/// Added to a byte below 0x80, sets its highest bit from `a` on, and from above `z` on.
const TO_A: u64 = 0x80 - b'a' as u64;
const TO_ABOVE_Z: u64 = 0x7f - b'z' as u64;

/// The key of a word of the table: at most seven bytes, in upper case.
pub(super) const fn of(word: &str) -> u64 {
    let mut bytes = word.as_bytes();
    assert!(bytes.len() <= LONGEST, "a word of the table is longer than a key");
    let mut key = 0;
    while let Some((byte, rest)) = bytes.split_last() {
        assert!(!byte.is_ascii_lowercase(), "a word of the table is in lower case");
        key = key << 8 | *byte as u64;
        bytes = rest;
    }
    key | (word.len() as u64) << 56
}

/// The key of the word at the beginning of `line`, in upper case, and the word's length; `None` if it is longer than any word of the
/// table.
// With `take_till(|byte| byte == b' ')` reading a command takes 376 instructions, on average over twelve usual ones; with eight bytes
// at once it takes 312.
#[inline]
pub(super) fn read(line: &[u8]) -> Option<(u64, usize)> {
    let bytes = swar::load(line);
    let blanks = swar::blanks(bytes);
    if blanks == 0 {
        return None;
    }
    let bits = blanks.trailing_zeros() & !7;
    let word = bytes & !u64::MAX.wrapping_shl(bits);
    let length = bits >> 3;
    Some((upper(word) | u64::from(length) << 56, usize::try_from(length).unwrap_or(LONGEST)))
}

/// A hash table from keys to values, with 2⁸ places and open addressing, filled while compiling. Mostly the first place is the right
/// one.
pub(super) struct Places<V> {
    places: [(u64, V); 1 << 8],
}

/// Found by trial: with it, all words of the table but one hash to a place of their own.
const SPREAD: u64 = 0xd1e3_79d6_b3a7_c55f;

impl<V: Copy> Places<V> {
    /// A table of `rows`; keys without a row have the value `none`.
    #[expect(clippy::indexing_slicing, reason = "runs while compiling, where a place that isn't there is an error")]
    pub(super) const fn new(mut rows: &[(u64, V)], none: V) -> Self {
        assert!(rows.len() < 1 << 7, "more than half full: a search would be long, or never end");
        let mut places = [(0, none); 1 << 8];
        while let [row, behind @ ..] = rows {
            let mut place = place(row.0);
            while places[place as usize].0 != 0 {
                place = place.wrapping_add(1);
            }
            places[place as usize] = *row;
            rows = behind;
        }
        Self { places }
    }

    /// The value of `key`.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
    pub(super) const fn find(&self, key: u64) -> V {
        let mut place = place(key);
        loop {
            let (other, value) = self.places[place as usize];
            // A key holds the length of its word, so 0 means a free place.
            if other == key || other == 0 {
                return value;
            }
            place = place.wrapping_add(1);
        }
    }
}

/// Where the search for `key` begins.
#[inline]
const fn place(key: u64) -> u8 {
    (key.wrapping_mul(SPREAD) >> 56) as u8
}

/// The word with its ASCII letters in upper case.
const fn upper(word: u64) -> u64 {
    let low = word & !HIGHS;
    let from_a = low.wrapping_add(ONES.wrapping_mul(TO_A));
    let above_z = low.wrapping_add(ONES.wrapping_mul(TO_ABOVE_Z));
    let letters = (from_a ^ above_z) & !word & HIGHS;
    word ^ letters >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn upper_agrees_with_the_library_for_every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = [b'q'; 8];
                bytes[place] = byte;
                assert_eq!(upper(u64::from_le_bytes(bytes)).to_le_bytes(), bytes.map(|byte| byte.to_ascii_uppercase()));
            }
        }
    }

    #[test]
    fn reads_up_to_the_first_blank() {
        for (line, word) in
            [("LIST", "LIST"), ("list -a", "LIST"), ("xsha256 a", "XSHA256"), ("P@sW", "P@SW"), ("", "")]
        {
            assert_eq!(read(line.as_bytes()), Some((of(word), word.len())), "{line}");
        }
        assert_eq!(read(b"XSHA2567"), None);
        assert_eq!(read(b"XSHA25678 a"), None);
    }

    #[test]
    fn finds_what_shares_a_place_with_others_and_nothing_else() {
        let last = (1u64..).filter(|key| place(*key) == u8::MAX);
        let keys: Vec<u64> = last.take(4).collect();
        let rows = [(keys[0], 1), (keys[1], 2), (keys[2], 3)];
        let places = Places::new(&rows, 0);
        assert!(rows.iter().all(|(key, value)| places.find(*key) == *value));
        assert_eq!((places.find(keys[3]), places.find(0)), (0, 0));
    }

    #[test]
    fn a_nul_or_a_backquote_is_part_of_the_word() {
        assert_ne!(read(b"PWD\0").map(|(key, _)| key), Some(of("PWD")));
        assert_ne!(read(b"P`SW").map(|(key, _)| key), Some(of("P@SW")));
    }

    #[test]
    fn every_first_blank_is_found_behind_any_byte() {
        for byte in (0..=u8::MAX).filter(|byte| *byte != b' ') {
            for length in 0..8usize {
                let line: Vec<u8> = core::iter::repeat_n(byte, length).chain(*b" !! !!!! ").collect();
                assert_eq!(read(&line).map(|(_, length)| length), Some(length), "{byte}");
            }
        }
    }
}
