//! Each invariant, run over random bytes and over the stored files: the seeds of the fuzz
//! targets and what they found (`testdata/regressions/`).

use std::path::{Path, PathBuf};

use ftp_proto_rigs::invariants::{self, Invariant};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A piece of the input that is worth more than random bytes: from the dictionary of the fuzz targets.
fn words() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(root().join("fuzz/dictionary.txt")).unwrap();
    let words = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    let mut words: Vec<Vec<u8>> = words.map(unescape).collect();
    words.push(b"\r\n".to_vec());
    words
}

/// `\xNN`, `\\` and `\"`, as libFuzzer has it.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return bytes,
            [b'\\', b'x', high, low, behind @ ..] => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                behind
            }
            [b'\\', byte, behind @ ..] | [byte, behind @ ..] => {
                bytes.push(*byte);
                behind
            }
        };
    }
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(words());
    let control = (1u8..13, any::<u8>()).prop_map(|(step, choice)| vec![step, choice]);
    let byte = any::<u8>().prop_map(|byte| vec![byte]);
    let digits = any::<u16>().prop_map(|number| number.to_string().into_bytes());
    let pieces = prop_oneof![8 => word, 4 => control, 1 => byte, 1 => digits];
    let head = any::<[u8; 4]>();
    (head, any::<bool>(), prop::collection::vec(pieces, 0..40))
        .prop_map(|(head, with_head, pieces)| [if with_head { &head[..] } else { b"" }, &pieces.concat()].concat())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs an invariant over random input.
fn explore(name: &str, cases: u32) {
    let (_, invariant) = find(name);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let explored = TestRunner::new(config).run(&input(), |bytes| {
        invariant(&bytes);
        Ok(())
    });
    if let Err(error) = explored {
        panic!("{name}: {error}");
    }
}

fn find(name: &str) -> &'static Invariant {
    invariants::ALL.iter().find(|(found, _)| *found == name).expect("an invariant of this name")
}

/// Runs the invariants over the files of a directory with a directory for each; how many there were.
fn replay(directory: &Path) -> usize {
    let mut count = 0;
    for (name, invariant) in invariants::ALL {
        let Ok(files) = std::fs::read_dir(directory.join(name)) else { continue };
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            if std::panic::catch_unwind(|| invariant(&bytes)).is_err() {
                panic!("{name} fails with {}", file.display());
            }
            count += 1;
        }
    }
    count
}

#[test]
fn what_was_found_once_stays_mended() {
    assert!(replay(&root().join("testdata/regressions")) > 0);
}

#[test]
fn seeds_of_the_fuzz_targets() {
    assert!(replay(&root().join("fuzz/corpus")) > 50);
}

macro_rules! explore {
    ($($name:ident: $cases:expr;)*) => {$(
        #[test]
        fn $name() {
            explore(stringify!($name), $cases);
        }
    )*};
}

explore! {
    command: 4000;
    reply: 2000;
    address: 4000;
    inbox: 1000;
    telnet: 1000;
    listing: 4000;
    session: 1000;
    client: 500;
    server: 500;
    pair: 300;
    tracker: 1500;
    ascii: 500;
    block: 300;
}

#[cfg(feature = "deflate")]
explore! {
    deflate: 100;
}

/// What `arbitrary` makes of bytes is told by their number more than by what they are.
#[cfg(feature = "arbitrary")]
#[test]
fn diagnosis() {
    let (_, invariant) = find("diagnosis");
    let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
    let explored = TestRunner::new(config).run(&prop::collection::vec(any::<u8>(), 0..1500), |bytes| {
        invariant(&bytes);
        Ok(())
    });
    if let Err(error) = explored {
        panic!("diagnosis: {error}");
    }
}

#[cfg(feature = "arbitrary")]
explore! {
    command_value: 4000;
    reply_value: 2000;
}
