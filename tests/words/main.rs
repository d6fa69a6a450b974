//! What goes over the wire: commands, replies, addresses, and bytes cut into lines.

mod addresses;
mod commands;
mod framing;
mod listings;
mod names;
mod places;
mod replies;
mod servers;
mod strict;
mod traits;
mod values;
