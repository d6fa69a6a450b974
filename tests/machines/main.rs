//! Both machines, each alone against a script and both against each other: no socket, no clock.

mod client;
mod pair;
mod server;
