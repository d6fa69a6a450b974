//! The session's table against the table of commands: every reply that RFCs and servers give is understood.

use ftp_proto::session::{Session, Step};
use ftp_proto::{Code, Command, Verb};

/// A command of each verb that takes an argument that this test can make up.
fn example(word: &str, arguments: &str) -> Option<String> {
    let argument = match word {
        "PORT" => "192,0,2,1,19,137",
        "EPRT" => "|1|192.0.2.1|5001|",
        "LPRT" => "4,4,192,0,2,1,2,19,137",
        "TYPE" => "I",
        "STRU" => "F",
        "MODE" => "S",
        "PROT" => "P",
        "PBSZ" | "REST" | "ALLO" => "0",
        "RANG" => "1 2",
        "ALGS" => "STATUS64",
        "MFMT" | "MFCT" => "20261121024915 a",
        "MFF" => "modify=20261121024915; a",
        "OPTS" => "UTF8 ON",
        _ if arguments.starts_with("SP") => "a",
        _ => "",
    };
    (!word.contains(' ')).then(|| format!("{word} {argument}").trim_end().to_string())
}

fn codes(cell: &str) -> Vec<Code> {
    cell.split([';', ',']).filter_map(|code| Code::new(code.parse().ok()?)).collect()
}

/// A session in which `line` is due, logged in and with a data connection.
fn due(line: &str) -> Session {
    let mut session = Session::new();
    for (command, code) in [("", 220), ("USER a", 230), ("PASV", 227)] {
        if !command.is_empty() {
            let _ = session.command(&Command::parse(command.as_bytes()).unwrap());
        }
        assert!(session.reply(Code::new(code).unwrap()).id().is_some());
    }
    let _ = session.command(&Command::parse(line.as_bytes()).unwrap());
    session
}

#[test]
fn every_reply_of_the_table_answers_its_command() {
    let table = include_str!("../../testdata/commands.tsv");
    let mut checked = 0;
    for row in table.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let &[word, _, _, _, arguments, first, after, ..] = cells.as_slice() else { panic!("{row}") };
        let Some(line) = example(word, arguments) else { continue };
        if Verb::parse(word.as_bytes()) == Verb::Other {
            continue;
        }
        for code in codes(first) {
            let mut session = due(&line);
            let answer = session.reply(code);
            assert!(answer.id().is_some(), "{line}: {code} is not understood");
            let ended = session.replies_due() == 0;
            assert_eq!(ended, answer.step() != Some(Step::Wait), "{line}: {code}");
            // A code that stands in both cells may come after a 1yz, and so may those of the other.
            if answer.step() == Some(Step::Wait) {
                for code in codes(&after.replace("(110)*", "110")) {
                    let mut session = session.clone();
                    assert!(session.reply(code).id().is_some(), "{line}: {code} after a 1yz is not understood");
                }
            }
            checked += 1;
        }
    }
    assert!(checked > 500, "{checked}");
}
