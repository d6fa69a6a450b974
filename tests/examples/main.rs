//! The examples for reading: each against the other three, and against odd peers whose every word is scripted; and the demo.

// Their command lines aren't used here.
#![allow(dead_code)]

#[path = "../../examples/demo/main.rs"]
mod demo;
#[path = "../../examples/tokio_client.rs"]
mod tokio_client;
#[path = "../../examples/tokio_server.rs"]
mod tokio_server;

mod odd_clients;
mod odd_servers;
mod pairs;
mod programs;

use demo::{std_client, std_server};

#[test]
fn the_demo_compares_every_byte() {
    let mut ladder = Vec::new();
    let is_good = demo::run(&mut ladder, false).unwrap();
    let ladder = String::from_utf8(ladder).unwrap();
    assert!(is_good, "{ladder}");
    assert!(ladder.lines().last().unwrap().ends_with("transfers match, byte for byte"), "{ladder}");
    assert!(!ladder.contains('\x1b'), "colour only on a terminal");
    assert!(!ladder.contains("secret"));
}

#[test]
fn each_is_short_enough_to_be_read() {
    for source in [
        include_str!("../../examples/std_client.rs"),
        include_str!("../../examples/std_server.rs"),
        include_str!("../../examples/tokio_client.rs"),
        include_str!("../../examples/tokio_server.rs"),
    ] {
        assert!(source.lines().count() < 300, "{}", source.lines().next().unwrap());
        for word in ["os::unix", "os::fd", "cfg(", "rustix", "libc"] {
            assert!(!source.contains(word), "{word}: not on every platform");
        }
    }
}
