//! Searches eight bytes at once. Most words and arguments of FTP are so short that a vector search takes longer to start than to
//! run.

pub(crate) const ONES: u64 = u64::from_le_bytes([1; 8]);
pub(crate) const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
const BLANKS: u64 = ONES.wrapping_mul(b' ' as u64);

/// The first eight of `bytes`, little-endian, filled up with blanks.
#[inline]
pub(crate) fn load(bytes: &[u8]) -> u64 {
    if let Some(eight) = bytes.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    let word = match (bytes, bytes.first_chunk(), bytes.last_chunk()) {
        // Four to seven bytes: two halves. The second is shifted down by the bits that it shares with the first.
        (_, Some(first), Some(last)) => {
            let overlap = bits(8usize.wrapping_sub(bytes.len()));
            u64::from(u32::from_le_bytes(*first)) | (u64::from(u32::from_le_bytes(*last)) << 32).wrapping_shr(overlap)
        }
        ([a, b, c], ..) => u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 0]),
        ([a, b], ..) => u64::from_le_bytes([*a, *b, 0, 0, 0, 0, 0, 0]),
        ([a], ..) => u64::from(*a),
        _ => 0,
    };
    word | BLANKS.wrapping_shl(bits(bytes.len()))
}

/// Sets the highest bit of each byte that is a blank. Only the lowest mark is certain: a borrow may set more above it.
#[inline]
pub(crate) const fn blanks(word: u64) -> u64 {
    let differs = word ^ BLANKS;
    differs.wrapping_sub(ONES) & !differs & HIGHS
}

/// Whether any byte is below 16. CR, LF and NUL are; hardly any other byte of a text is.
#[inline]
pub(crate) const fn has_control(word: u64) -> bool {
    word.wrapping_sub(ONES.wrapping_mul(16)) & !word & HIGHS != 0
}

/// Whether all bytes are from 16 to 127: neither CR, LF, NUL nor 0xFF is among them.
#[inline]
pub(crate) const fn is_plain(word: u64) -> bool {
    (word.wrapping_sub(ONES.wrapping_mul(16)) | word) & HIGHS == 0
}

/// `bytes` in bits, for at most eight bytes.
#[inline]
const fn bits(bytes: usize) -> u32 {
    (bytes as u32).wrapping_mul(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_what_is_neither_a_control_nor_beyond_ascii() {
        for place in 0..8 {
            for byte in 0..=255 {
                for rest in [b'a', 16, 127] {
                    let mut bytes = [rest; 8];
                    bytes[place] = byte;
                    assert_eq!(is_plain(u64::from_le_bytes(bytes)), (16..128).contains(&byte), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn loads_any_length_and_fills_with_blanks() {
        let bytes: [u8; 10] = core::array::from_fn(|at| 0xf0 | at as u8);
        for length in 0..=bytes.len() {
            let mut expected = [b' '; 8];
            let kept = length.min(8);
            expected[..kept].copy_from_slice(&bytes[..kept]);
            assert_eq!(load(&bytes[..length]).to_le_bytes(), expected, "{length}");
        }
    }

    #[test]
    fn a_byte_below_16_is_found_in_any_place_beside_any_other() {
        for (byte, beside) in (0..=u8::MAX).flat_map(|byte| [b' ', 16, 0x7f, 0x80, 0xff].map(|beside| (byte, beside))) {
            for place in 0..8 {
                let mut bytes = [beside; 8];
                bytes[place] = byte;
                assert_eq!(has_control(u64::from_le_bytes(bytes)), byte < 16, "{byte} at {place} amid {beside}");
            }
        }
    }
}
