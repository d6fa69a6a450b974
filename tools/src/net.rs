//! Sockets, and the bytes of a file over them.
//!
//! [`channel`] is a connection with or without TLS, for both runtimes. [`data`] and [`flow`] have the data connections of
//! std's adapters, [`tokio_data`], [`tokio_flow`] and [`tokio_wire`] those of tokio's. [`content`] is where a transfer's bytes
//! come from or go to, [`convert`] makes of them what TYPE and MODE want, and [`swift`] has the kernel move them where it can.

pub mod channel;
pub mod content;
pub mod convert;
pub mod data;
pub mod flow;
pub mod swift;
pub mod tokio_data;
pub mod tokio_flow;
pub mod tokio_wire;
