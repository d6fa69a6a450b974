//! The server's machine against a scripted client.

mod abort;
mod answered;
mod choices;
mod choices_kept;
mod commands;
mod commit;
mod deadlines;
mod evidence;
mod floods;
mod handles;
mod old_clients;
mod permissions;
mod pipelined;
mod policy;
mod security;
mod states;
mod strangers;
mod support;
mod tls;
mod unaided;
mod words;
mod writes;
