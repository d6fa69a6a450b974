//! The server's machine against a scripted client.

mod abort;
mod choices;
mod choices_kept;
mod commands;
mod deadlines;
mod floods;
mod handles;
mod old_clients;
mod pipelined;
mod policy;
mod security;
mod states;
mod strangers;
mod tls;
mod unaided;
