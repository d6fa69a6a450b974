//! What tracking costs, beside the parts that it is made of: `Inbox`, `Command::parse` and `Session` over the same bytes. Then many sessions
//! in one process, interleaved line by line, beside as many `Inbox` and `Session` pairs: what a cold memory costs is in both.
//!
//! `tracker MANNER COUNT` runs all recorded dialogues so often, for `benches/instructions --tracker`: `tracked` or `parts`.
//! `tracker at-once MANNER SESSIONS` runs so many sessions interleaved, once, for valgrind's cachegrind.
//! `tracker capture FILE` reads a capture of `benches/tracker_peers`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use ftp_proto::tracker::{Event, Peer, Rules, Tracker};
use ftp_proto::{Command, Inbox, Limits, Session};

static ASKED: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicIsize = AtomicIsize::new(0);

struct Counting;

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Relaxed);
        HELD.fetch_add(layout.size() as isize, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One line, and who said it.
type Said = (Peer, Vec<u8>);

fn tracker(rules: &Arc<Rules>) -> Tracker {
    let end = |port| SocketAddr::from(([127, 0, 0, 1], port));
    Tracker::new(Arc::clone(rules), end(40000), end(21))
}

fn track(tracker: &mut Tracker, from: Peer, bytes: &[u8]) {
    tracker.received(from, bytes);
    // Where it is: a copy would be the bench's own.
    while black_box(&tracker.poll()).is_some() {}
}

/// The parts, as whoever has no tracker puts them together.
struct Parts {
    said: Inbox<ftp_proto::Commands>,
    heard: Inbox<ftp_proto::Replies>,
    session: Session,
}

impl Parts {
    fn new() -> Self {
        Self {
            said: Inbox::commands(Limits::COMMANDS),
            heard: Inbox::replies(Limits::REPLIES),
            session: Session::new(),
        }
    }

    fn received(&mut self, from: Peer, bytes: &[u8]) {
        match from {
            Peer::Client => {
                self.said.push(bytes);
                while let Ok(Some(line)) = self.said.next_line() {
                    match Command::parse(line) {
                        Ok(command) => {
                            let _ = black_box(self.session.command(&command));
                            black_box(&command);
                        }
                        Err(_) => {
                            let _ = black_box(self.session.unreadable(ftp_proto::Verb::of_line(line)));
                        }
                    }
                }
            }
            Peer::Server => {
                self.heard.push(bytes);
                while let Ok(Some(reply)) = self.heard.next_reply() {
                    black_box(self.session.reply(reply.code()));
                    black_box(&reply);
                }
            }
        }
    }
}

/// The whole sessions of real programs in `testdata/transcripts/clients`.
fn dialogues() -> Vec<Vec<Said>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/transcripts/clients");
    let mut files: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let said = |line: &str| {
        let (who, text) = line.split_at_checked(3)?;
        let from = if who == "C: " { Peer::Client } else { Peer::Server };
        // Escapes and what the recorder noted are of no matter here.
        (!text.starts_with('<')).then(|| (from, [text.as_bytes(), b"\r\n"].concat()))
    };
    files.iter().map(|file| std::fs::read_to_string(file).unwrap().lines().filter_map(said).collect()).collect()
}

/// Every dialogue, so often.
fn run(manner: &str, dialogues: &[Vec<Said>], count: usize) {
    let rules = Arc::default();
    for _ in 0..count {
        for lines in dialogues {
            if manner == "parts" {
                let mut parts = Parts::new();
                lines.iter().for_each(|(from, line)| parts.received(*from, line));
            } else {
                let mut tracker = tracker(&rules);
                lines.iter().for_each(|(from, line)| track(&mut tracker, *from, line));
            }
        }
    }
}

/// Seconds that this thread has had a processor, where the system says so (Linux): others that run at the same time are not in it.
fn spent() -> f64 {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let begin = BEGIN.get_or_init(Instant::now);
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|field| field.parse::<u64>().ok());
    nanoseconds.map_or_else(|| begin.elapsed().as_secs_f64(), |count| count as f64 / 1e9)
}

/// So many sessions at once, line by line in turn: seconds, bytes that a session holds at most, and lines.
fn interleaved<T>(
    dialogues: &[Vec<Said>],
    sessions: usize,
    new: impl Fn() -> T,
    received: impl Fn(&mut T, Peer, &[u8]),
) -> (f64, isize, usize) {
    let before = HELD.load(Relaxed);
    let mut all: Vec<(T, &[Said])> =
        (0..sessions).map(|index| (new(), &dialogues[index % dialogues.len()][..])).collect();
    let begin = spent();
    let (mut most, mut lines) = (0, 0);
    loop {
        let mut any = false;
        for (session, rest) in &mut all {
            let Some(((from, line), behind)) = rest.split_first() else { continue };
            received(session, *from, line);
            *rest = behind;
            any = true;
            lines += 1;
        }
        most = most.max(HELD.load(Relaxed) - before);
        if !any {
            return (spent() - begin, most / sessions as isize, lines);
        }
    }
}

/// A capture of `benches/tracker_peers`: each packet's session is found, and its payload handed on.
fn capture(file: &str) {
    let bytes = std::fs::read(file).expect("a capture");
    let rules = Arc::default();
    let mut trackers: HashMap<(SocketAddr, SocketAddr), Tracker> = HashMap::new();
    let mut rest = bytes.get(24..).expect("the header of a capture");
    let (mut packets, mut expected) = (0, 0);
    while let Some((header, behind)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        let (packet, behind) = behind.split_at(length);
        rest = behind;
        packets += 1;
        // Ethernet, IPv4 without options, TCP without options: 14, 20 and 20 bytes.
        let Some((headers, payload)) = packet.split_first_chunk::<54>() else { continue };
        let end = |host: usize, port: usize| {
            let octets: [u8; 4] = headers[host..host + 4].try_into().unwrap();
            SocketAddr::from((octets, u16::from_be_bytes([headers[port], headers[port + 1]])))
        };
        let (source, target) = (end(26, 34), end(30, 36));
        let (from, ends) =
            if target.port() == 21 { (Peer::Client, (source, target)) } else { (Peer::Server, (target, source)) };
        let flags = headers[47];
        let tracker = match trackers.entry(ends) {
            Entry::Occupied(entry) => entry.into_mut(),
            // A connection that begins with its SYN.
            Entry::Vacant(entry) if flags & 2 != 0 => entry.insert(Tracker::new(Arc::clone(&rules), ends.0, ends.1)),
            Entry::Vacant(_) => continue,
        };
        if payload.is_empty() && flags & 1 == 0 {
            continue;
        }
        tracker.received(from, payload);
        while let Some(event) = tracker.poll() {
            expected += usize::from(matches!(black_box(&event), Event::Expect(_)));
        }
        if flags & 1 != 0 && from == Peer::Server {
            trackers.remove(&ends);
        }
    }
    println!("{packets} packets, {expected} data connections");
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match &words[..] {
        [manner, file] if manner == "capture" => return capture(file),
        [how, manner, count] if how == "at-once" => {
            let (dialogues, count, rules) = (dialogues(), count.parse().expect("how many"), Arc::default());
            let (_, bytes, lines) = match manner == "parts" {
                true => interleaved(&dialogues, count, Parts::new, Parts::received),
                false => interleaved(&dialogues, count, || tracker(&rules), track),
            };
            return println!("{lines} lines, {bytes} bytes a session");
        }
        [manner, count] => return run(manner, &dialogues(), count.parse().expect("how often")),
        _ => {}
    }
    let dialogues = dialogues();
    let lines: usize = dialogues.iter().map(Vec::len).sum();
    for manner in ["parts", "tracked"] {
        let (asked, begin) = (ASKED.load(Relaxed), spent());
        run(manner, &dialogues, 100);
        let asked = (ASKED.load(Relaxed) - asked) as f64 / 100.0;
        println!(
            "{} dialogues of {lines} lines, {manner}: {:.0} ns and {:.2} allocations a line",
            dialogues.len(),
            (spent() - begin) * 1e9 / (100 * lines) as f64,
            asked / lines as f64
        );
    }
    let rules = Arc::default();
    for sessions in [1000, 10_000, 100_000] {
        // In turn, so that whatever else the machine does is the same for both, and as many sessions in all.
        let (mut floor, mut ours) = ((0.0, 0, 0), (0.0, 0, 0));
        let add = |sum: &mut (f64, isize, usize), one: (f64, isize, usize)| {
            *sum = (sum.0 + one.0, sum.1.max(one.1), sum.2 + one.2);
        };
        for _ in 0..200_000 / sessions {
            add(&mut floor, interleaved(&dialogues, sessions, Parts::new, Parts::received));
            add(&mut ours, interleaved(&dialogues, sessions, || tracker(&rules), track));
        }
        for (manner, (seconds, bytes, lines)) in [("parts", floor), ("tracked", ours)] {
            println!(
                "{sessions} sessions at once, {manner}: {:.0} ns a line, {:.1} µs and at most {bytes} bytes a session",
                seconds * 1e9 / lines as f64,
                seconds * 1e6 / 200_000.0
            );
        }
        println!("{sessions} sessions at once: {:.2} times the parts", ours.0 / floor.0);
    }
}
