//! Programs that others would write, each said to be how it is done, and held to it over sockets of this host.

// What was recorded, read without the crate.
#[allow(dead_code)]
#[path = "../replay/dialogue.rs"]
mod dialogue;
#[allow(dead_code)]
#[path = "../replay/oddities.rs"]
mod oddities;

// Peers of the proxy's that have machines of their own.
#[allow(dead_code)]
#[path = "../../examples/std_client.rs"]
mod std_client;
#[allow(dead_code)]
#[path = "../../examples/std_server.rs"]
mod std_server;

mod observed;
mod observer;
mod peer;
mod proxied;
mod proxy;
mod served;
mod server;
mod side;

#[test]
fn each_is_short_enough_to_be_read() {
    for (source, lines) in [
        (include_str!("proxy.rs"), 250),
        (include_str!("side.rs"), 350),
        (include_str!("server.rs"), 250),
        (include_str!("observer.rs"), 250),
    ] {
        let title = source.lines().next().unwrap();
        assert!(source.lines().count() < lines, "{title}");
        assert!(title.starts_with("//! "), "{title}");
    }
}
