//! Dialogues that are made of bytes, held against what the machines did in them once (`tests/rigs/src/net.rs`): both machines
//! against each other, and each against a script.

use std::panic::catch_unwind;
use std::path::Path;

use ftp_proto_rigs::{invariants, net};

/// Where a dialogue differs, so do others perhaps: a few of them say more than one.
fn compare(book: &'static str, dialogues: impl Iterator<Item = (String, Vec<u8>)>, play: fn(&[u8])) {
    let differs = |(name, bytes): (String, Vec<u8>)| {
        catch_unwind(|| net::named(book, name.clone(), || play(&bytes))).is_err().then_some(name)
    };
    let different: Vec<String> = dialogues.filter_map(differs).take(20).collect();
    assert!(different.is_empty(), "{book}: {}", different.join(", "));
}

/// The stored files for a fuzz target, by their names.
fn corpus(target: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    // A packaged crate has no fuzz targets.
    let files = std::fs::read_dir(directory).into_iter().flatten().map(|file| file.unwrap().path());
    files.map(|file| (format!("corpus-{}", file.file_stem().unwrap().display()), std::fs::read(&file).unwrap()))
}

/// splitmix64: the same numbers for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn one<'a>(&mut self, words: &[&'a [u8]]) -> &'a [u8] {
        words[usize::from(self.byte()) % words.len()]
    }
}

fn seeds(count: u64, script: fn(u64, Random) -> Vec<u8>) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..count).map(move |seed| (format!("seed-{seed}"), script(seed, Random(seed))))
}

#[test]
fn both_machines() {
    let bytes = |seed, mut random: Random| (0..3 + 3 * (seed % 24)).map(|_| random.byte()).collect();
    compare("both", seeds(10_000, bytes), invariants::pair);
}

#[test]
fn the_client_alone() {
    compare("client", corpus("client").chain(seeds(2000, client)), invariants::client);
}

#[test]
fn the_server_alone() {
    compare("server", corpus("server").chain(seeds(2000, server)), invariants::server);
}

// The steps of `tests/rigs/src/invariants/script.rs`, each with a byte that chooses.
const CLOCK: u8 = 1;
const FAIL: u8 = 3;
const DISTURB: u8 = 4;
const MUTE: u8 = 14;
/// The open question is answered well.
const YES: &[u8] = b"\x02\x00";
const FAILS: &[u8] = b"\x03\x00";

/// What can happen at any time: the time passes, questions are answered so or so, somebody goes.
fn anything(random: &mut Random) -> [u8; 2] {
    let steps = [CLOCK, CLOCK, YES[0], YES[0], FAIL, FAIL, DISTURB, DISTURB, 5, 5, 6, 6, 7, 8, 11, MUTE];
    [steps[usize::from(random.byte()) % steps.len()], random.byte()]
}

/// Talks that would go well, if now and then something weren't left out, said otherwise or put in between.
fn script(seed: u64, random: &mut Random, talks: &[&[&[u8]]], words: &[&[u8]]) -> Vec<u8> {
    let mut script = Vec::new();
    for _ in 0..1 + seed % 12 {
        for step in talks[usize::from(random.byte()) % talks.len()] {
            match random.byte() % 32 {
                0 => {}
                1 => script.extend(random.one(words)),
                2 => script.extend([step, random.one(words)].concat()),
                3 => script.extend([&anything(random)[..], step].concat()),
                _ => script.extend(*step),
            }
        }
    }
    script
}

/// Requests with the replies and the answers that they need; `\x05` starts one.
const REQUESTS: &[&[&[u8]]] = &[
    &[b"\x05\x00", b"331 password\r\n", b"230 in\r\n"],
    &[b"\x05\x01", b"331 password\r\n", b"332 account\r\n", b"230 in\r\n"],
    &[b"\x05\x04", b"257 \"/a\" is it\r\n"],
    &[b"\x05\x08", b"350 go on\r\n", b"250 done\r\n"],
    &[b"\x05\x09", b"200 ok\r\n", b"213 12\r\n"],
    &[b"\x05\x0b", b"211-Features:\r\n MLST type*;\r\n HASH SHA-1*;\r\n211 End\r\n"],
    &[b"\x05\x0b", b"211-Features:\r\n PRET\r\n211 End\r\n"],
    &[b"\x05\x0d", b"200 ok\r\n"],
    &[b"\x05\x0e", PASSIVE, YES, b"150 here it comes\r\n", YES, b"226 done\r\n"],
    &[b"\x05\x11", b"200 ok\r\n", PASSIVE, YES, b"150 here it comes\r\n", YES, b"226 done\r\n"],
    &[b"\x05\x11", PASSIVE, b"\x03\x00", PASV, YES, b"150 here it comes\r\n226 done\r\n", YES],
    &[b"\x05\x12", PASSIVE, YES, b"350 go on\r\n", b"150 here it comes\r\n", YES, b"226 done\r\n"],
    &[b"\x05\x13", PASSIVE, YES, b"150 go on\r\n", b"\x04\x09", b"226 done\r\n", YES],
    &[b"\x05\x1f", b"500 what?\r\n", PASV, YES, b"150 FILE: a\r\n", YES, b"226 done\r\n"],
    &[b"\x05\x0f", YES, b"200 ok\r\n", b"150 here it comes\r\n", YES, YES, b"226 done\r\n"],
    &[b"\x05\x11", YES, b"200 ok\r\n", YES, b"150 here it comes\r\n", YES, b"226 done\r\n"],
    &[b"\x05\x11", PASSIVE, YES, b"150 here it comes\r\n", b"\x06\x00", b"426 no\r\n226 ok\r\n", b"200 ok\r\n"],
    &[b"\x05\x11", PASSIVE, YES, b"150 here it comes\r\n", YES, b"\x06\x00", b"226 done\r\n", b"200 ok\r\n"],
    &[
        b"\x05\x11",
        PASSIVE,
        YES,
        YES,
        b"150 here it comes\r\n",
        b"\x01\x04",
        b"\x04\x01",
        b"\x01\x07",
        YES,
        b"226 done\r\n",
    ],
    &[b"\x05\x16", b"234 go on\r\n", YES, b"200 ok\r\n", b"200 ok\r\n"],
    &[b"\x05\x11", PASSIVE, YES, b"150 here it comes\r\n", YES, YES, b"226 done\r\n"],
    &[b"\x05\x17", b"200 ok\r\n", YES],
    &[b"\x05\x18", b"220 ready\r\n", YES],
    &[b"\x05\x1d", b"213 SHA-1 0-12 0123 file\r\n"],
];
const PASSIVE: &[u8] = b"229 Entering Extended Passive Mode (|||50000|)\r\n";
const PASV: &[u8] = b"227 Entering Passive Mode (192,0,2,2,195,80)\r\n";

const REPLIES: &[&[u8]] = &[
    b"120 wait\r\n",
    b"150 here it comes\r\n",
    b"200 ok\r\n",
    b"226 done\r\n",
    b"229 passive\r\n",
    b"331 password\r\n",
    b"332 account\r\n",
    b"350 go on\r\n",
    b"421 too late\r\n",
    b"425 no connection\r\n",
    b"426 broken\r\n",
    b"450 not now\r\n",
    b"500 what?\r\n",
    b"530 who?\r\n",
    b"550 no\r\n",
    b"631 secret\r\n",
    b"no reply\r\n",
];

fn client(seed: u64, mut random: Random) -> Vec<u8> {
    let mut policy = [random.byte(), random.byte(), random.byte(), random.byte()];
    if !seed.is_multiple_of(4) {
        // Passive or active mode, without TLS from the start.
        policy[0] = [3, 3, 12, 7, 64 + 3, 128 + 3, 32 + 1, 16 + 3][usize::from(policy[0] % 8)];
        policy[2] &= 0b1100_1111;
    }
    [&policy[..], YES, b"220 ready\r\n", &script(seed, &mut random, REQUESTS, REPLIES)].concat()
}

/// Command lines with the answers that they need; `\x04` and `\x03` are other answers than yes, and `\x01` lets the time pass.
const COMMANDS: &[&[&[u8]]] = &[
    &[b"USER anna\r\n", b"\x04\x01", b"PASS secret\r\n", YES],
    &[b"USER anna\r\n", b"\x04\x01", b"PASS wrong\r\n", b"\x03\x00", b"\x01\x00"],
    &[b"USER anna\r\n", b"\x04\x03", b"ACCT secret\r\n", YES],
    &[b"AUTH TLS\r\n", YES, b"USER anna\r\n", YES, b"PBSZ 0\r\n", b"PROT P\r\n"],
    &[b"TYPE I\r\n", b"EPSV\r\n", YES, b"RETR file\r\n", YES, YES, YES],
    &[b"TYPE I\r\n", b"PASV\r\n", YES, b"REST 7\r\n", b"STOR file\r\n", YES, YES, YES, YES, YES],
    &[b"EPSV\r\n", YES, b"LIST\r\n", YES, YES, b"\x04\x01", b"NOOP\r\n", YES],
    &[b"EPSV\r\n", YES, b"STOU\r\n", b"\x02\x02", YES, YES, YES, YES],
    &[b"EPSV\r\n", YES, b"STOR file\r\n", YES, YES, YES, b"ABOR\r\n"],
    &[b"EPSV\r\n", YES, b"STOR file\r\n", YES, YES, YES, YES, b"ABOR\r\n", YES],
    &[b"EPSV\r\n", YES, b"APPE file\r\n", YES, YES, YES, YES, FAILS],
    &[b"EPSV\r\n", YES, b"STOR file\r\n", YES, YES, YES, YES, b"\x01\x0b"],
    &[b"EPSV\r\n", YES, b"RETR file\r\n", YES, YES, b"ABOR\r\n"],
    &[b"EPSV\r\n", YES, b"RETR file\r\n", YES, YES, b"PWD\r\nABOR\r\n", YES],
    &[b"EPSV\r\n", YES, b"RETR file\r\n", YES, YES, YES, YES],
    &[b"EPSV\r\n", YES, b"RETR file\r\n", YES, YES, b"\x04\x01", b"\x01\x0b", b"\x01\x0b"],
    &[b"PORT 192,0,2,1,195,80\r\n", b"RETR file\r\n", YES, YES, YES],
    &[b"EPRT |1|192.0.2.1|50000|\r\n", b"APPE file\r\n", YES, YES, b"STAT\r\n", YES, YES, YES],
    &[b"PORT 192,0,2,1,195,80\r\n", b"NLST\r\n", YES, b"\x03\x00"],
    &[b"TYPE I\r\n", b"RANG 1 9\r\n", b"EPSV\r\n", YES, b"RETR file\r\n", YES, YES, YES],
    &[b"RNFR file\r\n", YES, b"RNTO other\r\n", YES],
    &[b"CWD there\r\n", YES, b"PWD\r\n", YES],
    &[b"SIZE file\r\n", YES, b"MDTM file\r\n", YES, b"MLST file\r\n", YES],
    &[b"HASH file\r\n", YES, b"STAT file\r\n", YES, b"SITE CHMOD 600 file\r\n", YES],
    &[b"FEAT\r\nSYST\r\nHELP\r\nOPTS MLST size;\r\nSTAT\r\n"],
    &[b"EPSV ALL\r\n", b"PASV\r\n", b"EPSV\r\n", YES],
    &[b"CCC\r\n", YES, b"NOOP\r\n"],
    &[b"REIN\r\n", YES, YES, b"USER anna\r\n", YES],
];

const WORDS: &[&[u8]] = &[
    b"ABOR\r\n",
    b"NOOP\r\n",
    b"STAT\r\n",
    b"QUIT\r\n",
    b"RETR\r\n",
    b"WHAT is this\r\n",
    b"EPSV\r\n",
    b"PASV\r\n",
    b"LPSV\r\n",
    b"LIST\r\n",
    b"REST 3\r\n",
    b"PORT 1,2,3,4,5,6\r\n",
    b"PROT C\r\n",
    b"USER other\r\n",
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"a line without its end",
];

fn server(seed: u64, mut random: Random) -> Vec<u8> {
    let mut policy = [random.byte(), random.byte(), random.byte()];
    // Without TLS, with TLS behind AUTH, or whatever there is, half of it with TLS from the start.
    policy[0] &= [255, 0b0110_0001, 0b0001_1001, 0b0001_1000][usize::from(seed.to_le_bytes()[0] % 4)];
    let login: &[u8] = if !seed.is_multiple_of(8) { b"USER anna\r\n\x02\x00" } else { b"" };
    [&policy[..], YES, login, &script(seed, &mut random, COMMANDS, WORDS)].concat()
}
