//! For users of other crates: their calls and ours, a page each. This module has no items.
//!
//! | from | page |
//! |---|---|
//! | `suppaftp`, a client | [`from_suppaftp`] |
//! | `libunftp`, a server | [`from_libunftp`] |

#[doc = include_str!("migration/suppaftp.md")]
pub mod from_suppaftp {}

#[doc = include_str!("migration/libunftp.md")]
pub mod from_libunftp {}
