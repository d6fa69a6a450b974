//! The word of a command, packed into a number so that finding it in the table needs no search.

/// The longest word that is packed; the byte above holds the length.
const LONGEST: usize = 7;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

/// What lifts `a` and all above it, or all above `z`, over 0x7f.
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

/// The key of the word in front of `line`, in upper case, and the word's length; `None` if it is longer than any
/// word of the table. All eight bytes at once.
#[inline]
pub(super) fn read(line: &[u8]) -> Option<(u64, usize)> {
    let bytes = line.first_chunk().map_or_else(|| short(line), |bytes| u64::from_le_bytes(*bytes));
    // The lowest set bit marks the first blank: a byte that the subtraction borrows from 0.
    let differs = bytes ^ ONES.wrapping_mul(b' ' as u64);
    let blanks = differs.wrapping_sub(ONES) & !differs & HIGHS;
    if blanks == 0 {
        return None;
    }
    let bits = blanks.trailing_zeros() & !7;
    let word = bytes & !u64::MAX.wrapping_shl(bits);
    let length = bits >> 3;
    Some((upper(word) | u64::from(length) << 56, usize::try_from(length).unwrap_or(LONGEST)))
}

/// Up to seven bytes, and blanks behind. Two loads that may overlap are faster than a copy.
#[inline]
fn short(line: &[u8]) -> u64 {
    let bits = u32::try_from(line.len()).unwrap_or(0).wrapping_mul(8);
    let bytes = match (line.first_chunk(), line.last_chunk(), line) {
        (Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)).wrapping_shl(bits.wrapping_sub(32))
        }
        (_, _, [a, b, c]) => u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 0]),
        (_, _, [a, b]) => u64::from_le_bytes([*a, *b, 0, 0, 0, 0, 0, 0]),
        (_, _, [a]) => u64::from(*a),
        _ => 0,
    };
    bytes | ONES.wrapping_mul(b' ' as u64).wrapping_shl(bits)
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
    fn a_nul_or_a_backquote_is_part_of_the_word() {
        assert_ne!(read(b"PWD\0").map(|(key, _)| key), Some(of("PWD")));
        assert_ne!(read(b"P`SW").map(|(key, _)| key), Some(of("P@SW")));
    }

    #[test]
    fn a_line_that_ends_is_as_one_that_goes_on_behind_a_blank() {
        for length in 0..8 {
            let word = b"QABCDEFG".get(..length).unwrap();
            let longer: Vec<u8> = word.iter().chain(b" and more").copied().collect();
            assert_eq!(read(word), read(&longer));
            assert_eq!(read(word).map(|(_, length)| length), Some(length));
        }
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
