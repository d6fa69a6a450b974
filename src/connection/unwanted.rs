//! Bytes that are handed over although the machine wants no input.

/// Counts the bytes that were received while no input was wanted. The first call isn't counted: its bytes may have been read before the
/// machine said no.
#[derive(Debug, Default)]
pub(crate) struct Unwanted(u32);

impl Unwanted {
    /// An action is handed out. One that wants input resets the count.
    #[inline]
    pub(crate) fn asked(&mut self, wants_input: bool) {
        if wants_input {
            self.0 = 0;
        }
    }

    /// Takes `count` bytes. `false`: more than the limit were received unwanted.
    pub(crate) fn takes(&mut self, count: usize, wanted: bool, limit: usize) -> bool {
        if wanted {
            return true;
        }
        // One more than the number of bytes that count: 0 means that there was no call yet.
        self.0 = match self.0 {
            0 => 1,
            counted => counted.saturating_add(u32::try_from(count).unwrap_or(u32::MAX)),
        };
        usize::try_from(self.0).is_ok_and(|counted| counted <= limit.saturating_add(1))
    }
}
