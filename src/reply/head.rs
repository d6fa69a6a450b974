//! What a reply holds beside its text.

use core::num::NonZeroU64;

use super::Code;

/// The codes of the first and the last line, and two flags, in one word. A reply is moved by whole words, and reading a word that was
/// just written in parts takes a processor as long as the rest of parsing a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Head(NonZeroU64);

impl Head {
    #[inline]
    pub(crate) const fn new(first_code: Code, code: Code, many: bool, truncated: bool) -> Self {
        let codes = (first_code.value() as u64) | (code.value() as u64) << 16;
        match NonZeroU64::new(codes | (many as u64) << 32 | (truncated as u64) << 33) {
            Some(head) => Self(head),
            // A code is never 0.
            None => Self(NonZeroU64::MIN),
        }
    }

    pub(super) const fn first_code(self) -> Code {
        Code::of_value(self.0.get() as u16)
    }

    pub(super) const fn code(self) -> Code {
        Code::of_value((self.0.get() >> 16) as u16)
    }

    #[inline]
    pub(crate) const fn is_many(self) -> bool {
        self.0.get() >> 32 & 1 != 0
    }

    pub(super) const fn is_truncated(self) -> bool {
        self.0.get() >> 33 & 1 != 0
    }
}
