//! For who comes from another crate: its calls and ours, a page each. No items of its own.
//!
//! | from | page |
//! |---|---|
//! | `suppaftp`, a client | [`from_suppaftp`] |
//! | `libunftp`, a server | [`from_libunftp`] |

#[doc = include_str!("migration/suppaftp.md")]
pub mod from_suppaftp {}

#[doc = include_str!("migration/libunftp.md")]
pub mod from_libunftp {}
