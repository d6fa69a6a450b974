//! What tracking costs, beside the parts that it is made of: `Inbox`, `Command::parse` and `Session` over the same bytes. Then many sessions
//! in one process, interleaved line by line.
//!
//! `tracker MANNER COUNT` runs all recorded dialogues so often, for `benches/instructions --tracker`: `tracked` or `parts`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use ftp_proto::tracker::{Peer, Rules, Tracker};
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
    Tracker::new(rules.clone(), "127.0.0.1:40000".parse().unwrap(), "127.0.0.1:21".parse().unwrap())
}

fn track(tracker: &mut Tracker, from: Peer, bytes: &[u8]) {
    tracker.received(from, bytes);
    while let Some(event) = tracker.poll() {
        black_box(&event);
    }
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

/// So many sessions at once, line by line in turn: seconds, and bytes that a session holds at most.
fn interleaved(dialogues: &[Vec<Said>], sessions: usize) -> (f64, isize, usize) {
    let rules = Arc::default();
    let before = HELD.load(Relaxed);
    let mut trackers: Vec<(Tracker, &[Said])> =
        (0..sessions).map(|index| (tracker(&rules), &dialogues[index % dialogues.len()][..])).collect();
    let begin = Instant::now();
    let (mut most, mut lines) = (0, 0);
    loop {
        let mut any = false;
        for (tracker, rest) in &mut trackers {
            let Some(((from, line), behind)) = rest.split_first() else { continue };
            track(tracker, *from, line);
            *rest = behind;
            any = true;
            lines += 1;
        }
        most = most.max(HELD.load(Relaxed) - before);
        if !any {
            return (begin.elapsed().as_secs_f64(), most / sessions as isize, lines);
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let dialogues = dialogues();
    if let [manner, count] = &words[..] {
        return run(manner, &dialogues, count.parse().expect("how often"));
    }
    let lines: usize = dialogues.iter().map(Vec::len).sum();
    for manner in ["parts", "tracked"] {
        let (asked, begin) = (ASKED.load(Relaxed), Instant::now());
        run(manner, &dialogues, 100);
        let asked = (ASKED.load(Relaxed) - asked) as f64 / 100.0;
        println!(
            "{} dialogues of {lines} lines, {manner}: {:.0} ns and {:.2} allocations a line",
            dialogues.len(),
            begin.elapsed().as_secs_f64() * 1e9 / (100 * lines) as f64,
            asked / lines as f64
        );
    }
    for sessions in [1000, 10_000, 100_000] {
        let (seconds, bytes, lines) = interleaved(&dialogues, sessions);
        println!(
            "{sessions} sessions at once: {:.1} s, {:.0} ns a line, {:.1} µs and at most {bytes} bytes a session",
            seconds,
            seconds * 1e9 / lines as f64,
            seconds * 1e6 / sessions as f64
        );
    }
}
