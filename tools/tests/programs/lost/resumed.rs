//! Too few bytes, too many, and `--resume`.

use std::fs;

use super::{Here, OLD, lists_f};
use crate::processes::{CLIENTS, noise, one_line_of_failure};
use crate::scripted::{Scripted, Then};

/// Who knows how long the file is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Knows {
    Preliminary,
    Size,
    Mlsd,
}

#[test]
fn half_the_bytes_and_226_are_an_error_that_names_both_numbers_and_resume_goes_on() {
    for client in CLIENTS {
        for knows in [Knows::Preliminary, Knows::Size, Knows::Mlsd] {
            let here = Here::with_old();
            let content = noise(1000);
            let all = content.clone();
            let server = Scripted::new(move |peer, line| match line {
                "RETR f" | "RETR /f" => {
                    let preliminary = if knows == Knows::Preliminary { "150 f (1000 bytes)" } else { "150 f" };
                    match peer.offset.take() {
                        None => peer.send(preliminary, &all[..600]),
                        Some(offset) => peer.send(preliminary, &all[offset..]),
                    }
                    peer.say("226 all of it");
                    Then::Said
                }
                "SIZE f" | "SIZE /f" if knows == Knows::Size => {
                    peer.say("213 1000");
                    Then::Said
                }
                "FEAT" | "MLSD" => lists_f(peer, line),
                _ => Then::Usual,
            });
            let (action, path, file) = match knows {
                Knows::Mlsd => ("mirror", "/", here.scratch.path()),
                _ => ("get", "/f", here.file.as_path()),
            };
            let output = server.run(client, &[action], path, Some(file));
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{client} {knows:?}: {message}");
            assert!(message.contains("600 of 1000 bytes"), "{client} {knows:?}: {message}");
            assert!(message.contains("f.ftp-part") && message.contains("--resume"), "{client} {knows:?}: {message}");
            assert_eq!(fs::read(&here.file).unwrap(), OLD);
            assert_eq!(fs::read(&here.partial).unwrap(), content[..600]);

            let output = server.run(client, &["--resume", action], path, Some(file));
            assert!(output.status.success(), "{client} {knows:?}: {output:?}");
            assert!(server.heard().contains(&"REST 600".into()), "{:?}", server.heard());
            assert_eq!(fs::read(&here.file).unwrap(), content, "{client} {knows:?}");
            assert_eq!(here.names(), ["f"]);
        }
    }
}

/// A download is resumed where 400 bytes are here; the server has 1,000 by its SIZE, and sends these.
fn resumed(client: &str, sent: &'static [u8]) -> (Here, String) {
    let here = Here::new();
    fs::write(&here.file, [1; 400]).unwrap();
    let server = Scripted::new(move |peer, line| match line {
        "SIZE f" => {
            peer.say("213 1000");
            Then::Said
        }
        "RETR f" => {
            peer.send("150 here it comes", sent);
            peer.say("226 done");
            Then::Said
        }
        _ => Then::Usual,
    });
    let output = server.run(client, &["--resume", "get"], "/f", Some(&here.file));
    assert!(server.heard().contains(&"REST 400".into()), "{:?}", server.heard());
    (here, one_line_of_failure(&output))
}

#[test]
fn a_resumed_download_that_ends_early_is_an_error_and_what_was_here_stays() {
    for client in CLIENTS {
        let (here, message) = resumed(client, &[2; 100]);
        assert!(message.contains("100 of 600 bytes"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), [1; 400]);
        assert_eq!(fs::read(&here.partial).unwrap(), [&[1; 400][..], &[2; 100]].concat());
    }
}

#[test]
fn a_server_that_ignores_rest_makes_no_longer_file() {
    for client in CLIENTS {
        let (here, message) = resumed(client, &[2; 1000]);
        assert!(message.contains("1000 bytes, not 600"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), [1; 400]);
        assert!(!here.partial.exists());
    }
}

/// Without SIZE nothing tells how much is missing, and a 150 may tell the rest or the whole.
#[test]
fn a_server_that_ignores_rest_and_knows_no_size_makes_no_longer_file_either() {
    for client in CLIENTS {
        for (name, ignores) in [("f", true), ("f", false), ("f.ftp-part", true), ("f.ftp-part", false)] {
            for length in
                ["", " (1000 bytes)", " (600 bytes)"].into_iter().filter(|it| !ignores || *it != " (600 bytes)")
            {
                let here = Here::new();
                let content = noise(1000);
                let old = here.scratch.path().join(name);
                fs::write(&old, &content[..400]).unwrap();
                let all = content.clone();
                let server = Scripted::new(move |peer, line| {
                    if line != "RETR f" {
                        return Then::Usual;
                    }
                    let offset = peer.offset.take().unwrap();
                    peer.send(&format!("150 here it comes{length}"), if ignores { &all } else { &all[offset..] });
                    peer.say("226 done");
                    Then::Said
                });
                let output = server.run(client, &["--resume", "get"], "/f", Some(&here.file));
                if ignores {
                    let message = one_line_of_failure(&output);
                    assert!(message.contains("ignore REST"), "{client} {name}{length}: {message}");
                    assert_eq!(fs::read(&old).unwrap(), content[..400], "{client} {name}{length}");
                    assert_eq!(here.names(), [name]);
                } else {
                    assert!(output.status.success(), "{client} {name}{length}: {output:?}");
                    assert_eq!(fs::read(&here.file).unwrap(), content);
                    assert_eq!(here.names(), ["f"]);
                }
            }
        }
    }
}

/// By SIZE or MLSD; REST isn't said, since many servers refuse a place at the end.
#[test]
fn what_is_here_whole_is_not_asked_for_again() {
    for client in CLIENTS {
        for (action, name) in [("get", "f"), ("get", "f.ftp-part"), ("mirror", "f.ftp-part")] {
            let here = Here::new();
            let content = noise(1000);
            fs::write(here.scratch.path().join(name), &content).unwrap();
            let server = Scripted::new(|peer, line| match line {
                "SIZE f" => {
                    peer.say("213 1000");
                    Then::Said
                }
                _ => lists_f(peer, line),
            });
            let (path, file) = if action == "get" { ("/f", here.file.as_path()) } else { ("/", here.scratch.path()) };
            let output = server.run(client, &["--resume", action], path, Some(file));
            assert!(output.status.success(), "{client} {action} {name}: {output:?}");
            assert_eq!(server.count("REST") + server.count("RETR"), 0, "{:?}", server.heard());
            assert_eq!(fs::read(&here.file).unwrap(), content);
            assert_eq!(here.names(), ["f"]);
        }
    }
}

/// What it sends is the file's beginning, and behind what is here somebody else's bytes.
#[test]
fn a_server_that_ignores_rest_and_breaks_off_leaves_no_wrong_part() {
    for client in CLIENTS {
        for (name, came, end, size) in [
            ("f", 300, "426 broken", true),
            ("f", 300, "226 done", true),
            ("f", 900, "451 broken", false),
            ("f.ftp-part", 300, "leave", false),
            ("f.ftp-part", 500, "226 done", true),
        ] {
            let here = Here::new();
            let content = noise(1000);
            fs::write(here.scratch.path().join(name), &content[..400]).unwrap();
            let all = content.clone();
            let server = Scripted::new(move |peer, line| match line {
                "SIZE f" if size => {
                    peer.say("213 1000");
                    Then::Said
                }
                "RETR f" => {
                    peer.send("150 here it comes", &all[..came]);
                    if end == "leave" {
                        return Then::Leave;
                    }
                    peer.say(end);
                    Then::Said
                }
                _ => Then::Usual,
            });
            let output = server.run(client, &["--resume", "get"], "/f", Some(&here.file));
            let message = one_line_of_failure(&output);
            assert!(message.contains("ignores REST"), "{client} {name} {came} {end}: {message}");
            assert_eq!(fs::read(here.scratch.path().join(name)).unwrap(), content[..400], "{client} {name} {end}");
            assert_eq!(here.names(), [name], "{client} {name} {end}");
        }
    }
}

/// It ignores REST, and ends where the length fits.
#[test]
fn half_of_a_file_twice_is_not_the_file() {
    for client in CLIENTS {
        for (content, is_good) in [(noise(400), false), (vec![0; 400], true)] {
            let here = Here::new();
            fs::write(&here.file, &content).unwrap();
            let again = content.clone();
            let server = Scripted::new(move |peer, line| match line {
                "SIZE f" => {
                    peer.say("213 800");
                    Then::Said
                }
                "RETR f" => {
                    peer.send("150 here it comes", &again);
                    peer.say("226 done");
                    Then::Said
                }
                _ => Then::Usual,
            });
            let output = server.run(client, &["--resume", "get"], "/f", Some(&here.file));
            assert_eq!(output.status.success(), is_good, "{client}: {output:?}");
            let expected = if is_good { content.repeat(2) } else { content };
            assert_eq!(fs::read(&here.file).unwrap(), expected, "{client}");
            assert_eq!(here.names(), ["f"]);
        }
    }
}

/// Of zeros nobody can tell where they belong, and it doesn't matter.
#[test]
fn a_part_of_zeros_grows() {
    for client in CLIENTS {
        let here = Here::new();
        fs::write(&here.partial, [0; 400]).unwrap();
        let output = here.get(client, &["--resume"], |peer| {
            peer.send("150 here it comes", &[0; 300]);
            peer.say("426 broken");
            Then::Said
        });
        assert!(one_line_of_failure(&output).contains("700 bytes are kept"), "{client}: {output:?}");
        assert_eq!(fs::read(&here.partial).unwrap(), [0; 700]);
    }
}

#[test]
fn what_is_longer_here_is_named() {
    for client in CLIENTS {
        for name in ["f", "f.ftp-part"] {
            let here = Here::new();
            let place = here.scratch.path().join(name);
            fs::write(&place, [1; 400]).unwrap();
            let server = Scripted::new(|peer, line| match line {
                "SIZE f" => {
                    peer.say("213 300");
                    Then::Said
                }
                _ => Then::Usual,
            });
            let message = one_line_of_failure(&server.run(client, &["--resume", "get"], "/f", Some(&here.file)));
            assert!(message.contains(&format!("{}: 400 bytes here", place.display())), "{client}: {message}");
            assert_eq!(here.names(), [name]);
        }
    }
}

#[test]
fn a_server_without_rest_is_told_as_that() {
    for client in CLIENTS {
        let here = Here::new();
        fs::write(&here.file, [1; 400]).unwrap();
        let server = Scripted::new(|peer, line| match line {
            "REST 400" => {
                peer.say("502 no REST");
                Then::Said
            }
            _ => Then::Usual,
        });
        let message = one_line_of_failure(&server.run(client, &["--resume", "get"], "/f", Some(&here.file)));
        assert!(message.contains("502 no REST; without --resume"), "{client}: {message}");
        assert_eq!(here.names(), ["f"]);
    }
}

#[test]
fn what_can_not_be_resumed_says_how_it_goes_all_the_same() {
    for client in CLIENTS {
        let here = Here::new();
        fs::write(&here.partial, [1; 400]).unwrap();
        let output = here.get(client, &["--resume"], |peer| {
            peer.say("554 no such place");
            Then::Said
        });
        let message = one_line_of_failure(&output);
        assert!(message.contains("554 no such place; without --resume all of it comes"), "{client}: {message}");
        assert_eq!(fs::read(&here.partial).unwrap(), [1; 400], "{client}");
        // The server tells no size.
        let here = Here::with_old();
        let server = Scripted::new(|_, _| Then::Usual);
        let message = one_line_of_failure(&server.run(client, &["put", "--resume"], "/f", Some(&here.file)));
        assert!(
            message.contains("502 no") && message.contains("without --resume all of it goes"),
            "{client}: {message}"
        );
        assert_eq!((server.count("STOR"), server.count("APPE")), (0, 0), "{client}");
    }
}
