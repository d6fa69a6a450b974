//! What the examples share: an adapter for each machine, the sockets below them, the files behind the server.

pub mod channel;
pub mod cli;
pub mod client_adapter;
pub mod content;
pub mod data;
pub mod denied;
pub mod door;
pub mod flow;
pub mod glob;
pub mod hash;
pub mod interrupt;
pub mod ladder;
pub mod listing;
pub mod mirror;
pub mod server_adapter;
pub mod server_config_file;
pub mod server_options;
pub mod server_tls;
pub mod service;
pub mod site;
pub mod swift;
pub mod tls;
pub mod tokio_client_adapter;
pub mod tokio_data;
pub mod tokio_flow;
pub mod tokio_server_adapter;
pub mod tokio_wire;
pub mod tree;
pub mod url;
pub mod visitor;

/// Bytes of the other side, fit for a terminal: what isn't UTF-8 shows as U+FFFD, and a control character, which
/// could move the cursor or worse, as its escape.
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(bytes).chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
