//! The words on the wire: commands, replies and addresses, and the bytes that are cut into them.

mod addresses;
mod commands;
mod exhaustive;
mod framing;
mod listings;
mod names;
mod others;
mod places;
mod replies;
#[cfg(feature = "serde")]
mod serialized;
mod servers;
#[cfg(feature = "std")]
mod std_types;
mod strict;
mod traits;
mod values;
