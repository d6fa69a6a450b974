//! An adapter that hands over whatever comes, wanted or not: what a machine keeps of it is bounded all the same.

use std::fmt::Debug;
use std::sync::Arc;

use ftp_proto::{Client, Endpoints, Instant, Server, client, server};

use super::script::Step;
use super::words::greeting;

/// More is tried only where the limit is so small that it is soon met.
const SOON: usize = 1000;

/// The limit may wait, and as much unwanted, and what was received at once: before the machine said no, and once behind that.
fn most(limit: usize, longest: usize) -> usize {
    2 * limit + 2 * longest + 8
}

pub fn of_server(config: &Arc<client::Config>, ends: Endpoints, steps: &[Step]) {
    let limit = config.limits.reply;
    let mut client = Client::new(Arc::clone(config), ends, Instant::default());
    flood(limit, steps, |chunk, longest, polls| {
        client.received(chunk);
        for _ in 0..polls {
            // What is asked stays without an answer.
            let _ = client.poll(Instant::default()).map(drop);
        }
        let kept = kept(&client, &["buffered: "]);
        assert!(kept <= most(limit, longest), "{kept} bytes are kept of a limit of {limit}");
    });
}

pub fn of_client(config: &Arc<server::Config>, ends: Endpoints, steps: &[Step]) {
    let limit = config.pipeline_bytes.max(config.limits.line);
    let mut server = Server::new(Arc::clone(config), ends, &greeting(), Instant::default());
    flood(limit, steps, |chunk, longest, polls| {
        server.received(chunk);
        for _ in 0..polls {
            drop(server.poll(Instant::default()));
        }
        let kept = kept(&server, &["Waiting(", "buffered: "]);
        assert!(kept <= most(limit, longest), "{kept} bytes are kept of a limit of {limit}");
    });
}

/// All that the peer says in a script, again and again, whole and in pieces.
fn flood(limit: usize, steps: &[Step], mut takes: impl FnMut(&[u8], usize, usize)) {
    let fed = |step: &Step| if let Step::Feed(bytes) = step { bytes.clone() } else { Vec::new() };
    let fed: Vec<u8> = steps.iter().flat_map(fed).collect();
    if fed.is_empty() || limit > SOON {
        return;
    }
    for (round, size) in (0..4 * limit / fed.len() + 3).zip([fed.len(), 50, 7].into_iter().cycle()) {
        for chunk in fed.chunks(size) {
            takes(chunk, fed.len(), round % 3);
        }
    }
}

/// How many bytes a machine says that it keeps, in the last number behind each of these words.
pub fn kept(machine: &impl Debug, words: &[&str]) -> usize {
    // What the peer says may look like it. It stands in quotes.
    let debug = format!("{machine:?}").replace(r"\\", "").replace("\\\"", "");
    let debug: String = debug.split('"').step_by(2).collect();
    let number = |before: &&str| {
        let (_, behind) = debug.rsplit_once(*before).expect("the Debug of the machine tells its buffers");
        behind.split(|digit: char| !digit.is_ascii_digit()).next().unwrap_or_default().parse::<usize>().unwrap()
    };
    words.iter().map(number).sum()
}
