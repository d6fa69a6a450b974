//! What the server has, and what was fetched of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Target;

/// What the server has, as read from its disk.
pub struct Site {
    pub target: Target,
    pub files: Vec<(String, Vec<u8>)>,
}

impl Site {
    pub fn names(&self) -> BTreeSet<&str> {
        self.files.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// What one visit, or all of them, brought.
#[derive(Default)]
pub struct Tally {
    pub listings: u64,
    pub files: u64,
    pub bytes: u64,
    pub visits: BTreeMap<&'static str, u64>,
    pub failed: u64,
    pub errors: BTreeSet<String>,
}
