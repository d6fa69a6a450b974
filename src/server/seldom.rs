//! State that few sessions have, behind one pointer, so that the others stay small.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::context::Range;
use super::permissions::Permissions;
use crate::route::Attempt;

#[derive(Default)]
pub(super) struct Seldom(Option<Box<Has>>);

#[derive(Default)]
struct Has {
    /// The user's permissions, if they differ from those of all users.
    granted: Option<Arc<Permissions>>,
    /// The range for the next transfer or hash (RANG).
    range: Option<Range>,
    /// The data connection that failed last, until the application has taken it.
    trouble: Option<Box<Attempt>>,
}

impl Seldom {
    #[inline]
    pub(super) fn granted(&self) -> Option<&Permissions> {
        self.0.as_deref()?.granted.as_deref()
    }

    pub(super) fn set_granted(&mut self, granted: Option<Arc<Permissions>>) {
        self.0.get_or_insert_default().granted = granted;
        self.give_back();
    }

    #[inline]
    pub(super) fn range(&self) -> Option<&Range> {
        self.0.as_deref()?.range.as_ref()
    }

    pub(super) fn set_range(&mut self, range: Range) {
        self.0.get_or_insert_default().range = Some(range);
    }

    pub(super) fn forget_range(&mut self) {
        if let Some(has) = &mut self.0 {
            has.range = None;
            self.give_back();
        }
    }

    #[inline]
    pub(super) fn trouble(&self) -> Option<&Attempt> {
        self.0.as_deref()?.trouble.as_deref()
    }

    pub(super) fn set_trouble(&mut self, trouble: Attempt) {
        self.0.get_or_insert_default().trouble = Some(Box::new(trouble));
    }

    pub(super) fn forget_trouble(&mut self) {
        if let Some(has) = &mut self.0 {
            has.trouble = None;
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        self.0.take_if(|has| has.granted.is_none() && has.range.is_none() && has.trouble.is_none());
    }
}
