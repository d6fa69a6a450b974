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

/// The README's loop is the example's.
#[test]
fn the_readme_shows_the_loop_as_it_is() {
    let cut = |text: &str, from: &str, to: &str| {
        let begin = text.find(from).unwrap();
        let end = begin + text[begin..].find(to).unwrap();
        text[begin..end].lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let example = cut(include_str!("../../examples/std_client.rs"), "        loop {", "\n        }\n");
    let shown = cut(include_str!("../../README.md"), "loop {", "\n}\n```");
    assert_eq!(shown, example);
    assert!((20..=30).contains(&(shown.len() + 1)), "{} lines", shown.len() + 1);
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
