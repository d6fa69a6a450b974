//! The tracker over recorded dialogues: whole; with any one line missing, told or not; with two or three; and joining at any line.
//!
//! Each answer that it gives is right, wrong or withheld. `testdata/tracker.tsv` holds the scores: `TRACKER_RECORD=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ftp_proto::session::CommandId;
use ftp_proto::tracker::{Event, Peer, Rules, Strangers, Tracker};

use crate::dialogue::{self, Dialogue, Line, Said, Who};

/// What isn't seen of a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unseen {
    Nothing,
    /// This line, and nobody says so.
    Line(usize),
    /// This line, and the tracker is told.
    Gap(usize),
    /// From this line to that one, and the tracker is told.
    Gaps(usize, usize),
    /// All lines before this one.
    Before(usize),
}

impl Unseen {
    fn is_seen(self, at: usize) -> bool {
        match self {
            Self::Nothing => true,
            Self::Line(line) | Self::Gap(line) => at != line,
            Self::Gaps(first, last) => at < first || at > last,
            Self::Before(line) => at >= line,
        }
    }

    /// The line at which step may be lost.
    fn place(self) -> usize {
        match self {
            Self::Nothing => usize::MAX,
            Self::Line(line) | Self::Gap(line) | Self::Gaps(_, line) | Self::Before(line) => line,
        }
    }
}

/// The truth about a dialogue.
struct Truth {
    /// Of each command, its line. The first is the connection.
    commands: Vec<usize>,
    /// Of each reply, by the line that it ends with: the line that it begins with, and the command that it answers.
    replies: BTreeMap<usize, Vec<(usize, Option<usize>)>>,
}

impl Truth {
    fn of(dialogue: &Dialogue) -> Self {
        let exchanges = dialogue.exchanges();
        let mut answered = BTreeMap::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            for answer in exchange.preliminary.iter().chain(&exchange.last) {
                answered.entry(answer.at).or_insert_with(Vec::new).push(index);
            }
        }
        let replied: Vec<usize> = dialogue
            .said()
            .iter()
            .filter_map(|said| if let Said::Reply { at, .. } = said { Some(*at) } else { None })
            .collect();
        let mut replies: BTreeMap<usize, Vec<(usize, Option<usize>)>> = BTreeMap::new();
        for (end, begin) in dialogue.replies() {
            if replied.contains(&begin) {
                let answers = answered.get_mut(&begin).filter(|all| !all.is_empty()).map(|all| all.remove(0));
                replies.entry(end).or_default().push((begin, answers));
            }
        }
        Self { commands: exchanges.iter().map(|exchange| exchange.at).collect(), replies }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Withheld,
}

/// The line that a reply ends with, the command that it answers, what the tracker says of that (nothing, if it tells no reply), and the code.
type Told = (usize, Option<usize>, Option<Option<usize>>, u16);

/// An answer: the line of the reply, the command that it answers, and what became of it.
#[derive(Debug, Clone, Copy)]
struct Answer {
    line: usize,
    command: Option<usize>,
    verdict: Verdict,
}

#[derive(Debug, Default, Clone, Copy)]
struct Score {
    runs: usize,
    wrong_runs: usize,
    answers: usize,
    wrong: usize,
    withheld: usize,
    /// Runs in which an answer to a command behind the third is wrong or withheld that isn't where all is seen.
    late: usize,
}

impl Score {
    fn add(&mut self, answers: &[Answer], late: bool) {
        let count = |verdict| answers.iter().filter(|answer| answer.verdict == verdict).count();
        self.runs += 1;
        self.answers += answers.len();
        self.wrong += count(Verdict::Wrong);
        self.withheld += count(Verdict::Withheld);
        self.wrong_runs += usize::from(count(Verdict::Wrong) > 0);
        self.late += usize::from(late);
    }
}

fn tracker(unseen: Unseen, rules: Rules) -> Tracker {
    let (client, server) = ("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:21".parse().unwrap());
    let rules = Arc::new(rules);
    match unseen {
        Unseen::Before(_) => Tracker::joined(rules, client, server),
        _ => Tracker::new(rules, client, server),
    }
}

/// What the tracker makes of the lines that are seen.
fn run(dialogue: &Dialogue, truth_of: &Truth, unseen: Unseen) -> Vec<Answer> {
    let mut tracker = tracker(unseen, Rules::default());
    let mut known: BTreeMap<CommandId, usize> = BTreeMap::from([(CommandId::GREETING, 0)]);
    // Each reply, and what the tracker says that it answers.
    let mut told: Vec<Told> = Vec::new();
    let pieces = dialogue.lines.iter().map(|Line { at, who, wire }| {
        (*at, if *who == Who::Client { Peer::Client } else { Peer::Server }, wire.as_slice())
    });
    let ends = [Peer::Client, Peer::Server].map(|side| (usize::MAX, side, &[][..]));
    for (at, side, wire) in pieces.chain(ends) {
        if at != usize::MAX && !unseen.is_seen(at) {
            if matches!(unseen, Unseen::Gap(_) | Unseen::Gaps(..)) {
                tracker.gap(side, wire.len() as u64);
            }
            continue;
        }
        tracker.received(side, wire);
        let mut commands =
            truth_of.commands.iter().enumerate().filter(|(_, line)| **line == at).map(|(index, _)| index);
        let mut replies = truth_of.replies.get(&at).into_iter().flatten();
        while let Some(event) = tracker.poll() {
            match event {
                Event::Command { id, .. } => {
                    if let Some(index) = commands.next() {
                        known.insert(id, index);
                    }
                }
                Event::Reply { answers, reply, .. } => {
                    let answers = answers.map(|id| known.get(&id).copied().unwrap_or(usize::MAX));
                    let (_, truth) = replies.next().copied().unwrap_or((0, None));
                    told.push((at, truth, Some(answers), reply.code().value()));
                }
                Event::Answered { id, code } => {
                    let answers = known.get(&id).copied();
                    let withheld =
                        told.iter_mut().rev().find(|(_, _, told, c)| *told == Some(None) && *c == code.value());
                    if let Some((_, _, told, _)) = withheld {
                        *told = Some(answers);
                    }
                }
                _ => {}
            }
        }
        // Replies that ended here, and the tracker says nothing of.
        told.extend(replies.map(|(_, truth)| (at, *truth, None, 0)));
    }
    let begins: BTreeMap<usize, usize> =
        truth_of.replies.iter().flat_map(|(end, all)| all.iter().map(|(begin, _)| (*end, *begin))).collect();
    let verdict = |(line, truth, told, _): Told| {
        let truth = truth.filter(|command| {
            unseen.is_seen(truth_of.commands.get(*command).copied().unwrap_or(0)) || *command == 0 && starts(unseen)
        });
        let told = told.flatten();
        // A reply of which a line is missing can't be counted on.
        let damaged = begins.get(&line).is_some_and(|begin| (*begin..line).any(|at| !unseen.is_seen(at)));
        let verdict = match (truth, told) {
            (None, None) => return None,
            (truth, Some(_)) if truth == told => Verdict::Right,
            (_, Some(_)) => Verdict::Wrong,
            (Some(_), None) if damaged => return None,
            (Some(_), None) => Verdict::Withheld,
        };
        Some(Answer { line, command: truth, verdict })
    };
    return told.into_iter().filter_map(verdict).collect();

    fn starts(unseen: Unseen) -> bool {
        !matches!(unseen, Unseen::Before(_))
    }
}

fn server(dialogue: &Dialogue) -> &str {
    ["libunftp", "proftpd", "pure-ftpd", "pyftpdlib", "vsftpd"]
        .into_iter()
        .find(|server| dialogue.file.contains(server))
        .expect("a server")
}

/// Whether an answer is wrong or withheld to a command behind the third that came since the place, because something is unseen: what is withheld
/// of the whole dialogue, such as the answer to a line of which nobody knows whether it is a command, isn't that line's fault.
fn is_late(truth: &Truth, unseen: Unseen, answers: &[Answer], whole: &[Answer]) -> bool {
    let before = truth.commands.iter().filter(|line| **line <= unseen.place()).count();
    let is_right = |answer: &&Answer| answer.verdict == Verdict::Right;
    let right_at_best = |answer: &&Answer| {
        whole.iter().filter(is_right).any(|best| (best.line, best.command) == (answer.line, answer.command))
    };
    let wrong = answers.iter().filter(|answer| !is_right(answer)).filter(right_at_best);
    wrong.filter_map(|answer| answer.command).any(|command| command >= before + 3)
}

const MISSING: [&str; 2] = ["a line of the client's", "a line of the server's"];
const TOLD: [&str; 2] = ["a line of the client's, told", "a line of the server's, told"];
const MORE: [&str; 2] = ["two lines, told", "three lines, told"];

#[test]
fn step_is_lost_seldom_and_found_soon() {
    let mut scores: BTreeMap<(&str, &str), Score> = BTreeMap::new();
    let show = std::env::var("TRACKER_SHOW").ok();
    let dialogues = dialogue::all();
    for dialogue in &dialogues {
        let truth = Truth::of(dialogue);
        let whole = run(dialogue, &truth, Unseen::Nothing);
        let of = |line: &Line| [Unseen::Line(line.at), Unseen::Gap(line.at), Unseen::Before(line.at)];
        let places = dialogue.lines.iter().flat_map(|line| of(line).map(|unseen| (line.who, unseen)));
        let more = [2, 3].into_iter().flat_map(|count| {
            dialogue
                .lines
                .windows(count)
                .map(move |lines| (lines[0].who, Unseen::Gaps(lines[0].at, lines[count - 1].at)))
        });
        for (who, unseen) in places.chain(more).chain([(Who::Client, Unseen::Nothing)]) {
            let answers = run(dialogue, &truth, unseen);
            let kind = match (unseen, who) {
                (Unseen::Nothing, _) => "nothing",
                (Unseen::Line(_), Who::Client) => MISSING[0],
                (Unseen::Line(_), Who::Server) => MISSING[1],
                (Unseen::Gap(_), Who::Client) => TOLD[0],
                (Unseen::Gap(_), Who::Server) => TOLD[1],
                (Unseen::Gaps(first, last), _) => {
                    MORE[dialogue.lines.iter().filter(|line| (first..=last).contains(&line.at)).count() - 2]
                }
                (Unseen::Before(_), _) => "all before a line",
            };
            let late = is_late(&truth, unseen, &answers, &whole);
            scores.entry((kind, server(dialogue))).or_default().add(&answers, late);
            scores.entry((kind, "all")).or_default().add(&answers, late);
            if let Some(show) = &show {
                let odd = answers.iter().filter(|answer| match show.as_str() {
                    "wrong" => answer.verdict == Verdict::Wrong,
                    "late" => late && answer.verdict != Verdict::Right,
                    _ => answer.verdict != Verdict::Right,
                });
                for answer in odd.filter(|_| show != "nothing" || unseen == Unseen::Nothing) {
                    let Answer { line, command, verdict } = answer;
                    let of = command.and_then(|command| truth.commands.get(command));
                    println!("{}:{line} {unseen:?}: {verdict:?}, it answers {of:?}", dialogue.file);
                }
            }
        }
    }
    let mut table = String::from(
        "unseen\tserver\truns\truns with a wrong answer\tanswers\twrong\twithheld\truns not in step behind the third command\n",
    );
    for ((kind, server), score) in &scores {
        let Score { runs, wrong_runs, answers, wrong, withheld, late } = score;
        writeln!(table, "{kind}\t{server}\t{runs}\t{wrong_runs}\t{answers}\t{wrong}\t{withheld}\t{late}").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tracker.tsv");
    if std::env::var_os("TRACKER_RECORD").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    for ((kind, server), score) in &scores {
        println!("{kind:28} {server:10} {score:?}");
    }
    let total = |kinds: &[&str]| {
        let all = scores.iter().filter(|((kind, server), _)| *server == "all" && kinds.contains(kind));
        all.fold(Score::default(), |sum, (_, score)| Score {
            runs: sum.runs + score.runs,
            wrong_runs: sum.wrong_runs + score.wrong_runs,
            answers: sum.answers + score.answers,
            wrong: sum.wrong + score.wrong,
            withheld: sum.withheld + score.withheld,
            late: sum.late + score.late,
        })
    };
    for kinds in [&MISSING[..], &TOLD, &MORE, &["all before a line"], &["nothing"]] {
        let Score { runs, wrong_runs, answers, withheld, late, .. } = total(kinds);
        assert!(wrong_runs * 100 <= runs, "{kinds:?}: wrong in {wrong_runs} of {runs} runs");
        assert!(withheld * 10 <= answers, "{kinds:?}: withheld {withheld} of {answers}");
        let most = if kinds == MORE { runs / 1000 } else { 0 };
        assert!(late <= most, "{kinds:?}: step isn't found behind the third command in {late} of {runs} runs");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), table, "TRACKER_RECORD=1 writes it anew");
}

/// The addresses that are expected, or announced in vain, and the transfers that end with a reply.
#[derive(Default)]
struct DataTold {
    expected: Vec<SocketAddr>,
    refused: Vec<SocketAddr>,
    ended: Vec<String>,
}

fn data_told(dialogue: &Dialogue, unseen: Unseen) -> DataTold {
    let mut rules = Rules::default();
    // The servers were in a network of their own.
    rules.strangers = Strangers::Expected;
    let (mut tracker, mut told) = (tracker(unseen, rules), DataTold::default());
    for Line { at, who, wire } in &dialogue.lines {
        let side = if *who == Who::Client { Peer::Client } else { Peer::Server };
        match unseen {
            _ if unseen.is_seen(*at) => tracker.received(side, wire),
            Unseen::Gap(_) | Unseen::Gaps(..) => tracker.gap(side, wire.len() as u64),
            _ => continue,
        }
        while let Some(event) = tracker.poll() {
            match event {
                Event::Expect(expectation) => told.expected.push(expectation.to),
                Event::Refused { to, .. } => told.refused.push(to),
                Event::Ended(purpose, Some(code)) => {
                    let name = purpose.verb.map_or("?".into(), |verb| format!("{:?}", (verb, purpose.path)));
                    told.ended.push(format!("{name} {code}"));
                }
                _ => {}
            }
        }
    }
    told
}

/// How many of these aren't among those.
fn others<T: PartialEq + Clone>(these: &[T], those: &[T]) -> usize {
    let mut left = those.to_vec();
    let is_other =
        |this: &&T| left.iter().position(|that| that == *this).map(|place| left.swap_remove(place)).is_none();
    these.iter().filter(is_other).count()
}

/// How many of these ends of transfers weren't. Without its command, one has nothing but its code: it has to be that of another.
fn wrong_ends(told: &[String], whole: &[String]) -> usize {
    let mut left = whole.to_vec();
    let (unnamed, named): (Vec<_>, Vec<_>) = told.iter().partition(|end| end.starts_with("? "));
    let is_wrong = |end: &&&String| {
        let is_it = |other: &String| other == **end || end.strip_prefix('?').is_some_and(|code| other.ends_with(code));
        left.iter().position(is_it).map(|place| left.swap_remove(place)).is_none()
    };
    named.iter().chain(&unnamed).filter(is_wrong).count()
}

/// Who misses a line, or comes late, opens nothing that nobody announced, misses little, and hardly ever logs a transfer's end as another's.
#[test]
fn what_is_missing_invents_no_data_connection() {
    let (mut expected, mut missed, mut ended, mut wrong) = (0, 0, 0, 0);
    for dialogue in &dialogue::all() {
        let whole = data_told(dialogue, Unseen::Nothing);
        let announced = [&whole.expected[..], &whole.refused].concat();
        for line in &dialogue.lines {
            for unseen in [Unseen::Line(line.at), Unseen::Gap(line.at)] {
                let told = data_told(dialogue, unseen);
                assert_eq!(others(&told.expected, &announced), 0, "{} {unseen:?}", dialogue.file);
                (expected, missed) =
                    (expected + whole.expected.len(), missed + others(&whole.expected, &told.expected));
                (ended, wrong) = (ended + told.ended.len(), wrong + wrong_ends(&told.ended, &whole.ended));
            }
            let told = data_told(dialogue, Unseen::Before(line.at));
            assert_eq!(others(&told.expected, &announced), 0, "{} before {}", dialogue.file, line.at);
            (ended, wrong) = (ended + told.ended.len(), wrong + wrong_ends(&told.ended, &whole.ended));
        }
    }
    println!("missed {missed} of {expected} data connections; {wrong} of {ended} ends of transfers are wrong");
    assert!(missed * 33 <= expected && wrong * 1000 <= ended);
}
