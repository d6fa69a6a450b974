//! One reader over one workload, so many times: for callgrind (`./instructions`).

use ftp_proto_peers::*;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, reader, rounds] = &arguments[..] else { panic!("WORKLOAD READER ROUNDS") };
    let input = match workload.as_str() {
        "lines" => lines(),
        "features" => features(),
        "commands" => commands(),
        "recorded" => recorded(),
        other => panic!("{other} is no workload"),
    };
    let of_commands = workload == "commands";
    let (mut replies, mut requests) = inboxes();
    let mut buffer = Vec::new();
    let mut read = || match reader.as_str() {
        "floor" => floor(&mut buffer, &input),
        "libftp" if of_commands => libftp_commands(&input),
        "libftp" => libftp_replies(&input),
        "flep" => flep_commands(&input),
        "slice" if of_commands => slice_commands(&input),
        "slice" => slice_replies(&input),
        "inbox" if of_commands => inbox_commands(&mut requests, &input),
        "inbox" => inbox_replies(&mut replies, &input),
        other => panic!("{other} is no reader"),
    };
    let rounds: usize = rounds.parse().expect("how many rounds");
    assert!((0..rounds).map(|_| read()).sum::<usize>() > 0);
}
