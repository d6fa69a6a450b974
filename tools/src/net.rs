//! Sockets, and the bytes of a file over them.
//!
//! [`channel`] is a connection with or without TLS, for both runtimes. The data connections of std's adapters are in [`data`] and [`flow`],
//! those of tokio's in [`tokio_data`], [`tokio_flow`] and [`tokio_wire`]. [`content`] is the source or destination of a transfer's bytes,
//! [`convert`] converts them by TYPE and MODE, and [`swift`] lets the kernel move them where it can.

pub mod channel;
pub mod content;
pub mod convert;
pub mod data;
pub mod flow;
pub mod swift;
pub mod tokio_data;
pub mod tokio_flow;
pub mod tokio_wire;
