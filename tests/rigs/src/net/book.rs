//! The digests of `testdata/net/`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fmt, fs};

use super::Key;

/// What a book says of a dialogue: how many events, and FNV-1a of their text, in 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    events: usize,
    hash: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self { events: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Digest {
    pub fn add(&mut self, events: usize, text: &str) {
        self.events += events;
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The digests of a book by name.
type Digests = BTreeMap<Name, Digest>;

/// A dialogue's name: what it belongs to, and its number there. So they are sorted as they came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name(String, Option<u64>);

/// The books that were read.
static READ: Mutex<BTreeMap<&'static str, Option<Digests>>> = Mutex::new(BTreeMap::new());

thread_local! {
    static RECORDED: RefCell<Recorded> = const { RefCell::new(Recorded(BTreeMap::new())) };
}

/// What this thread has recorded. It is written when the thread ends, and with it the test.
struct Recorded(BTreeMap<&'static str, Digests>);

/// Where the logs are wanted, if they are.
fn logs() -> Option<PathBuf> {
    env::var_os("NET_LOGS").map(PathBuf::from)
}

/// Writes a log if it is wanted.
pub fn keep((book, name): &Key, text: impl FnOnce() -> String) {
    if let Some(logs) = logs() {
        let directory = logs.join(book);
        fs::create_dir_all(&directory).expect("NET_LOGS is a directory");
        fs::write(directory.join(format!("{name}.log")), text()).expect("NET_LOGS can be written");
    }
}

/// Compares a dialogue with what its book says, or records it. Panics if it is another.
pub fn compare((book, name): Key, digest: Digest) {
    let key = Name::of(&name);
    if env::var_os("NET_RECORD").is_some() {
        RECORDED.with_borrow_mut(|recorded| recorded.0.entry(book).or_default().insert(key, digest));
        return;
    }
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(digests) = read.entry(book).or_insert_with(|| self::read(book)) else { return };
    let expected = digests.get(&key).copied();
    drop(read);
    let difference = match expected {
        Some(expected) if expected == digest => return,
        Some(expected) => format!("{book}/{name} has changed: {digest}, not {expected}"),
        None => format!("{book}/{name} was never recorded"),
    };
    // Who wants all logs wants them of the dialogues behind this one, too.
    match logs() {
        Some(logs) => {
            let all = fs::OpenOptions::new().create(true).append(true).open(logs.join("differences.txt"));
            writeln!(all.expect("NET_LOGS can be written"), "{difference}").expect("NET_LOGS can be written");
        }
        None => panic!("{difference} (tests/rigs/src/net.rs says what to do)"),
    }
}

/// `None`: there are no books, as in a package.
fn read(book: &str) -> Option<Digests> {
    let directory = directory()?;
    let text = fs::read_to_string(directory.join(format!("{book}.txt"))).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Some(lines.map(|line| self::line(line).unwrap_or_else(|| panic!("{book}: no digest: {line}"))).collect())
}

/// `name events digest`
fn line(line: &str) -> Option<(Name, Digest)> {
    let mut words = line.split(' ');
    let name = Name::of(words.next()?);
    let events = words.next()?.parse().ok()?;
    let hash = u64::from_str_radix(words.next()?, 16).ok()?;
    Some((name, Digest { events, hash }))
}

/// Beside the sources of the tests, whichever package they are in.
fn directory() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|above| above.join("testdata/net")).find(|directory| directory.is_dir())
}

impl Name {
    fn of(name: &str) -> Self {
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        let numbered = name.rsplit_once('-').and_then(|(name, text)| Some((name, number(text)?)));
        match numbered {
            Some((name, number)) => Self(name.to_owned(), Some(number)),
            None => Self(name.to_owned(), None),
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)?;
        self.1.map_or(Ok(()), |number| write!(f, "-{number}"))
    }
}

impl Display for Digest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:016x}", self.events, self.hash)
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        // One test at a time: others read the file and write it, too.
        let _alone = READ.lock().unwrap_or_else(PoisonError::into_inner);
        for (book, recorded) in &self.0 {
            let mut digests = read(book).expect("testdata/net is there");
            // What this test played once and plays no more goes.
            let tests: BTreeSet<&str> = recorded.keys().map(|name| name.0.as_str()).collect();
            digests.retain(|known, _| !tests.contains(known.0.as_str()));
            digests.extend(recorded.iter().map(|(name, digest)| (name.clone(), *digest)));
            let lines: String = digests.iter().map(|(name, digest)| format!("{name} {digest}\n")).collect();
            let path = directory().expect("testdata/net is there").join(format!("{book}.txt"));
            fs::write(path, format!("{HEADER}{lines}")).expect("testdata/net can be written");
        }
    }
}

const HEADER: &str = "\
# What both machines did in each dialogue of the tests: its name, how many events, and their digest.
# NET_RECORD=1 cargo test --all-features writes it anew (tests/rigs/src/net.rs); what no test plays any more is deleted by hand.
";
