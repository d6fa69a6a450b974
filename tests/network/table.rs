//! The truth table: what is to be seen by each way in each situation.

use std::collections::BTreeSet;

use ftp_proto::client::{Config, Request};
use ftp_proto::diagnosis::Cause;
use ftp_proto_rigs::table;

use crate::boxes::{Edit, Speaker};
use crate::rows::{Case, cases};
use crate::session::Session;
use crate::symptom::{Way, try_way};
use crate::topology::Ports;

const TABLE: &str = include_str!("../../testdata/network/truth_table.tsv");

/// A line of the table.
pub struct Line {
    pub symptoms: [&'static str; 5],
    /// All that the network has; nothing is ill if there is none.
    pub causes: Vec<Cause>,
}

/// The cases, each with its line.
pub fn lines() -> Vec<(Case, Line)> {
    let rows = table::rows(TABLE, 10);
    let cases: Vec<_> = cases().collect();
    assert_eq!(rows.len(), cases.len(), "each case has its line");
    let line = |(case, row): (Case, Vec<&'static str>)| {
        let [name, of, _, symptoms @ .., causes, _] = &row[..] else { panic!("{row:?}") };
        assert_eq!((case.row, case.case), (*name, *of));
        let causes = causes.split(' ').filter(|id| *id != "-").map(|id| {
            let known = Cause::ALL.iter().find(|cause| cause.id() == id);
            *known.unwrap_or_else(|| panic!("no cause {id}"))
        });
        let line = Line { symptoms: symptoms.try_into().unwrap(), causes: causes.collect() };
        (case, line)
    };
    cases.into_iter().zip(rows).map(line).collect()
}

#[test]
fn all_32_rows_are_there() {
    let rows: BTreeSet<_> = cases().map(|case| case.row).filter(|row| row.starts_with('T')).collect();
    assert!(rows.into_iter().eq((0..32).map(|row| format!("T{row:02}"))));
}

#[test]
fn what_happens_is_what_the_table_says() {
    let mut differences = Vec::new();
    for (Case { row, case, topology }, line) in lines() {
        for (way, expected) in Way::ALL.into_iter().zip(line.symptoms) {
            let tried = try_way(&topology, way);
            if tried.symptom.to_string() != expected {
                differences.push(format!("{row} {case}, {way:?}: {}, not {expected}{}", tried.symptom, tried.dialogue));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A server whose range is exhausted for a while: the same works before.
#[test]
fn what_is_exhausted_has_worked_before() {
    for Case { mut topology, .. } in cases() {
        if topology.server.ports == Ports::Beyond {
            topology.server.ports = Ports::Free;
            assert_eq!(try_way(&topology, Way::Epsv).symptom.to_string(), "ok");
        }
    }
}

/// RFC 6384 6.1: 504 to EPSV ALL and 522 to EPSV 1, and the client goes on after the first.
#[test]
fn a_nat64s_alg_makes_no_promise_for_good() {
    let case = cases().find(|case| case.row == "T20").unwrap();
    let mut config = Config::default();
    config.epsv_all = true;
    let mut session = Session::new(&case.topology, config).unwrap();
    session.begin(&case.topology).unwrap();
    assert!(session.run(Request::list(None)).worked(), "{}", session.dialogue());
    assert!(session.dialogue().contains("504 "), "{}", session.dialogue());
    let answer = session.world.say(Speaker::Client, b"EPSV 1\r\n".to_vec(), &session.control.hops);
    assert!(matches!(answer, Edit::Answer(words) if words.starts_with("522 ")), "{answer:?}");
}
