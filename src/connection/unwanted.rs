//! What is handed over although the machine doesn't want it.

/// How many bytes were received unwanted since input was wanted last. The first time costs nothing: that may have been read
/// before the machine said no.
#[derive(Debug, Default)]
pub(crate) struct Unwanted(u32);

impl Unwanted {
    /// An action was handed out; from one that wants input on nothing counts.
    #[inline]
    pub(crate) fn asked(&mut self, wants_input: bool) {
        if wants_input {
            self.0 = 0;
        }
    }

    /// So many bytes have come; `false`: more than the limit are here unwanted.
    pub(crate) fn takes(&mut self, count: usize, wanted: bool, limit: usize) -> bool {
        if wanted {
            return true;
        }
        // One more than the bytes that count, so that the first time is told from none.
        self.0 = match self.0 {
            0 => 1,
            counted => counted.saturating_add(u32::try_from(count).unwrap_or(u32::MAX)),
        };
        usize::try_from(self.0).is_ok_and(|counted| counted <= limit.saturating_add(1))
    }
}
