//! The server's machine against a scripted client.

mod abort;
mod alone;
mod choices;
mod commands;
mod old_clients;
mod pipelined;
mod policy;
mod security;
mod states;
mod tls;
