//! The table of verbs against the measured one (`testdata/commands.tsv`).

use std::collections::BTreeMap;

use ftp_proto::{DataUse, LoginRule, Verb};

/// Rows that have no verb of their own: parts of other commands, aliases, and commands that are read as `Other`.
const UNTYPED: [&str; 13] =
    ["TVFS", "APSV", "MMD5", "RMDA", "THMB", "COMB", "CEPR", "XDUPE", "IDNT", "ESTA", "ESTP", "SPSV", "XCMD-GET"];

#[test]
fn the_table_agrees_with_the_facts() {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in include_str!("../../../testdata/commands.tsv").lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        rows.insert(cells[0], cells);
    }
    for verb in Verb::ALL {
        let row = rows.remove(verb.word()).unwrap_or_else(|| panic!("{verb} has no row"));
        check_row(*verb, &row);
        for alias in verb.aliases() {
            let row = rows.remove(alias).unwrap_or_else(|| panic!("{alias} has no row"));
            assert!(has_data_use(*verb, row[8]), "{alias}");
            // FileZilla Server requires a login before its NOP; by the row of NOOP itself servers differ.
            assert!(*alias == "NOP" || login(row[7]) == verb.login_rule(), "{alias}");
        }
    }
    rows.retain(|word, _| !word.starts_with("SITE ") && !word.starts_with("OPTS ") && *word != "EPSV ALL");
    assert_eq!(rows.into_keys().collect::<Vec<_>>(), sorted(UNTYPED));
    for word in UNTYPED {
        assert_eq!(Verb::parse(word.as_bytes()), Verb::Other);
    }
}

fn check_row(verb: Verb, row: &[&str]) {
    for source in row[1].split(';') {
        let named = match source.parse::<u16>() {
            Ok(number) => format!("RFC {number}"),
            Err(_) => source.to_string(),
        }
        .to_lowercase();
        // The rows of AVBL and DSIZ shorten the name of their draft, and glFTPd has two spellings.
        assert!(verb.rfc().to_lowercase().split("; ").any(|rfc| rfc.starts_with(&named)), "{verb}: {source}");
    }
    assert_eq!(verb.login_rule(), login(row[7]), "{verb}");
    assert_eq!(verb.needs_login(), row[7] == "N", "{verb}");
    assert!(has_data_use(verb, row[8]), "{verb}");
    assert_eq!(verb.opens_data(), row[8] == "Y", "{verb}");
    assert_eq!(verb.sets_up_data(), row[8].starts_with("setup"), "{verb}");
    match verb.feature() {
        Some(feature) => assert!(row[10].starts_with(feature), "{verb}: {feature}"),
        None => assert!(row[10] == "-" || row[10].starts_with('('), "{verb}: {}", row[10]),
    }
    assert_eq!(verb.syntax() == verb.word(), row[4] == "-", "{verb}");
    assert_eq!(verb.syntax()[verb.word().len()..].starts_with(" [<SP>"), row[4].starts_with('['), "{verb}");
}

fn login(cell: &str) -> LoginRule {
    match cell {
        "Y" => LoginRule::NotNeeded,
        "N" => LoginRule::Needed,
        "S" => LoginRule::ServerChoice,
        _ => panic!("{cell}"),
    }
}

fn has_data_use(verb: Verb, cell: &str) -> bool {
    match cell {
        "N" => verb.data_use() == DataUse::Untouched,
        "Y" => verb.opens_data(),
        "setup-active" => verb.data_use() == DataUse::SetsUpActive,
        "setup-passive" => verb.data_use() == DataUse::SetsUpPassive,
        _ => panic!("{cell}"),
    }
}

fn sorted<const N: usize>(mut words: [&'static str; N]) -> Vec<&'static str> {
    words.sort_unstable();
    words.to_vec()
}
