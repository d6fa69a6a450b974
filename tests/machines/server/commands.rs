//! Every verb of the table, as it is answered: before the login, without an argument, with a bad and with a good one, and
//! where nobody supports it.

use ftp_proto::server::{Config, Support};
use ftp_proto::{Mode, Reply, Structure, Verb};
use ftp_proto_rigs::server::Rig;

/// The code of a final reply.
type Code = u16;

/// How a verb is answered. `good`: an argument with which it succeeds at once, and the code then; `bad`: one that isn't
/// its grammar (`None`: it takes whatever comes).
struct Row {
    verb: Verb,
    /// Before the login, with the good argument.
    before: Code,
    /// After it, without an argument.
    bare: Code,
    bad: Option<(&'static str, Code)>,
    good: (&'static str, Code),
    /// With the good argument, where the application supports nothing.
    unsupported: Code,
}

const fn row(
    verb: Verb,
    before: Code,
    bare: Code,
    bad: Option<(&'static str, Code)>,
    good: (&'static str, Code),
    unsupported: Code,
) -> Row {
    Row { verb, before, bare, bad, good, unsupported }
}

/// The transfers' good answer is 226, behind a 150; before PASV or PORT it is 425.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(Verb::User, 331, 501, None, ("anna", 331), 331),
    row(Verb::Pass, 503, 230, None, ("secret", 230), 230),
    row(Verb::Acct, 503, 501, None, ("x", 202), 502),
    row(Verb::Cwd, 530, 501, None, ("a", 250), 502),
    row(Verb::Cdup, 530, 250, None, ("", 250), 502),
    row(Verb::Smnt, 530, 501, None, ("a", 250), 502),
    row(Verb::Rein, 530, 220, None, ("", 220), 502),
    row(Verb::Quit, 221, 221, None, ("", 221), 221),
    row(Verb::Port, 530, 501, Some(("1,2,3", 501)), ("192,0,2,1,19,137", 200), 200),
    row(Verb::Pasv, 530, 227, None, ("", 227), 227),
    row(Verb::Type, 530, 501, Some(("A N N", 501)), ("L 8", 200), 200),
    row(Verb::Stru, 530, 501, Some(("FILE", 501)), ("R", 200), 504),
    row(Verb::Mode, 530, 501, Some(("SS", 501)), ("Z", 200), 504),
    row(Verb::Retr, 530, 501, None, ("a", 226), 502),
    row(Verb::Stor, 530, 501, None, ("a", 226), 502),
    row(Verb::Stou, 530, 226, None, ("", 226), 502),
    row(Verb::Appe, 530, 501, None, ("a", 226), 502),
    row(Verb::Allo, 530, 501, Some(("x", 501)), ("10 R 5", 200), 202),
    row(Verb::Rest, 530, 501, Some(("-1", 501)), ("0", 350), 350),
    row(Verb::Rnfr, 530, 501, None, ("a", 350), 502),
    row(Verb::Rnto, 530, 501, None, ("a", 503), 502),
    row(Verb::Abor, 530, 225, None, ("", 225), 225),
    row(Verb::Dele, 530, 501, None, ("a", 250), 502),
    row(Verb::Rmd, 530, 501, None, ("a", 250), 502),
    row(Verb::Mkd, 530, 501, None, ("a", 257), 502),
    row(Verb::Pwd, 530, 257, None, ("", 257), 502),
    row(Verb::List, 530, 226, None, ("-a", 226), 502),
    row(Verb::Nlst, 530, 226, None, ("", 226), 502),
    row(Verb::Site, 530, 501, Some(("FOO", 500)), ("CHMOD 644 a", 200), 502),
    row(Verb::Syst, 215, 215, None, ("", 215), 215),
    row(Verb::Stat, 530, 211, None, ("a", 213), 502),
    row(Verb::Help, 214, 214, Some(("FOO", 502)), ("USER", 214), 214),
    row(Verb::Noop, 200, 200, None, ("", 200), 200),
    row(Verb::Auth, 502, 502, None, ("TLS", 502), 502),
    row(Verb::Adat, 502, 502, None, ("x", 502), 502),
    row(Verb::Pbsz, 502, 502, Some(("x", 502)), ("0", 502), 502),
    row(Verb::Prot, 502, 502, Some(("x", 502)), ("P", 502), 502),
    row(Verb::Ccc, 530, 502, None, ("", 502), 502),
    row(Verb::Mic, 530, 502, None, ("x", 502), 502),
    row(Verb::Conf, 530, 502, None, ("x", 502), 502),
    row(Verb::Enc, 530, 502, None, ("x", 502), 502),
    row(Verb::Feat, 211, 211, None, ("", 211), 211),
    row(Verb::Opts, 200, 501, Some(("FOO", 501)), ("UTF8 ON", 200), 200),
    row(Verb::Lang, 200, 200, Some(("e_n", 501)), ("en", 200), 200),
    row(Verb::Host, 220, 501, None, ("a.example", 503), 502),
    row(Verb::Mdtm, 530, 501, None, ("a", 213), 502),
    row(Verb::Size, 530, 501, None, ("a", 550), 502),
    row(Verb::Mlst, 530, 250, None, ("a", 250), 502),
    row(Verb::Mlsd, 530, 226, None, ("", 226), 502),
    row(Verb::Eprt, 530, 501, Some(("|3|x|1|", 522)), ("|1|192.0.2.1|5001|", 200), 200),
    row(Verb::Epsv, 530, 229, Some(("x", 501)), ("1", 229), 229),
    row(Verb::Lprt, 530, 501, Some(("5,4,1,2,3,4,2,5,67", 521)), ("4,4,192,0,2,1,2,19,137", 200), 200),
    row(Verb::Lpsv, 530, 228, None, ("", 228), 228),
    row(Verb::Algs, 502, 502, None, ("STATUS64", 502), 502),
    row(Verb::Mfmt, 530, 501, Some(("x a", 501)), ("20240229235959 a", 213), 502),
    row(Verb::Mfct, 530, 501, Some(("x a", 501)), ("20240229235959 a", 213), 502),
    row(Verb::Mff, 530, 501, Some(("x a", 501)), ("modify=20240229235959; a", 213), 502),
    row(Verb::Hash, 530, 501, None, ("a", 213), 502),
    row(Verb::Rang, 530, 501, Some(("5 4", 501)), ("1 0", 350), 502),
    row(Verb::Md5, 530, 501, None, ("a", 251), 502),
    row(Verb::Xcrc, 530, 501, None, ("a", 250), 502),
    row(Verb::Xmd5, 530, 501, None, ("a", 250), 502),
    row(Verb::Xsha, 530, 501, None, ("a", 250), 502),
    row(Verb::Xsha1, 530, 501, None, ("a", 250), 502),
    row(Verb::Xsha256, 530, 501, None, ("a", 250), 502),
    row(Verb::Xsha512, 530, 501, None, ("a", 250), 502),
    row(Verb::Clnt, 200, 501, None, ("x", 200), 200),
    row(Verb::Csid, 200, 501, None, ("Name=x;", 200), 502),
    row(Verb::Avbl, 530, 213, None, ("a", 213), 502),
    row(Verb::Dsiz, 530, 213, None, ("a", 213), 502),
    row(Verb::Pret, 530, 501, None, ("RETR a", 200), 502),
    row(Verb::Cpsv, 530, 502, None, ("", 502), 502),
    row(Verb::Sscn, 530, 502, Some(("x", 502)), ("ON", 502), 502),
];

/// All that an application can support but TLS, which is a policy.
fn everything() -> Config {
    let mut config = Config::default();
    let support = Support::everything().with_modes(&[Mode::Block, Mode::Deflate]).with_structures(&[Structure::Record]);
    let support = support.with_languages(["EN", "fr-CA"]).unwrap().with_hashes(["SHA-256", "SHA-1"]).unwrap();
    let support = support.with_site(["CHMOD <SP> mode <SP> path"]).unwrap();
    config.support = support;
    config
}

fn nothing() -> Config {
    let mut config = Config::default();
    config.support = Support::nothing();
    config
}

/// What is said to one line: exactly one final reply, and its code.
fn code(rig: &mut Rig, line: &str) -> Code {
    let said = rig.says(line);
    let finals: Vec<Code> = finals(&said);
    assert_eq!(finals.len(), 1, "{line}: {said}");
    finals[0]
}

/// The codes of the final replies in what was said.
fn finals(said: &str) -> Vec<Code> {
    let said = format!("{said}\n");
    let mut finals = Vec::new();
    let mut rest = said.as_bytes();
    while let Some((reply, length)) = Reply::parse(rest).expect("replies") {
        finals.extend(Some(reply.code().value()).filter(|code| *code >= 200));
        rest = &rest[length..];
    }
    assert!(rest.is_empty(), "{said}");
    finals
}

fn line(verb: Verb, argument: &str) -> String {
    if argument.is_empty() { verb.word().into() } else { format!("{verb} {argument}") }
}

#[test]
fn every_verb_of_the_table_is_here_once_in_its_order() {
    let verbs: Vec<Verb> = TABLE.iter().map(|row| row.verb).collect();
    assert_eq!(verbs, Verb::ALL);
}

#[test]
fn every_verb_is_answered_by_its_state_and_argument() {
    for row in TABLE {
        let good = line(row.verb, row.good.0);
        assert_eq!(code(&mut Rig::greeted(everything()), &good), row.before, "before the login: {good}");
        let ready = || {
            let mut rig = Rig::logged_in(everything());
            if row.verb.opens_data() {
                assert_eq!(code(&mut Rig::logged_in(everything()), &good), 425, "{good}");
                assert_eq!(code(&mut rig, "EPSV"), 229);
            }
            rig
        };
        assert_eq!(code(&mut ready(), row.verb.word()), row.bare, "without an argument: {}", row.verb);
        if let Some((argument, expected)) = row.bad {
            let bad = line(row.verb, argument);
            assert_eq!(code(&mut ready(), &bad), expected, "a bad argument: {bad}");
        }
        assert_eq!(code(&mut ready(), &good), row.good.1, "{good}");
        assert_eq!(code(&mut Rig::logged_in(nothing()), &good), row.unsupported, "unsupported: {good}");
        for alias in row.verb.aliases() {
            let line = good.replacen(row.verb.word(), alias, 1);
            assert_eq!(code(&mut ready(), &line), row.good.1, "{line}");
        }
    }
}

#[test]
fn a_501_shows_the_usage_of_the_table() {
    for row in TABLE.iter().filter(|row| row.bare == 501) {
        let said = Rig::logged_in(everything()).says(row.verb.word());
        assert_eq!(said, format!("501 Missing argument. Syntax: {}", row.verb.syntax()));
    }
}

#[test]
fn help_of_each_verb_is_its_usage_where_it_is_supported() {
    for config in [everything(), nothing()] {
        for verb in Verb::ALL {
            let said = Rig::logged_in(config.clone()).says(&format!("HELP {verb}"));
            match (config.support.has(*verb), verb) {
                (true, Verb::Site) => assert!(said.contains("\n CHMOD <SP> mode <SP> path\n"), "{said}"),
                (true, _) => assert_eq!(said, format!("214 Syntax: {}", verb.syntax())),
                (false, _) => assert_eq!(said, "502 No help on that."),
            }
        }
    }
}

#[test]
fn a_word_of_nobody_is_500() {
    for mut rig in [Rig::greeted(everything()), Rig::logged_in(everything()), Rig::logged_in(nothing())] {
        assert_eq!(rig.says("XYZZY a"), "500 Unknown command.");
    }
}

#[test]
fn whatever_comes_pipelined_each_line_has_one_final_reply() {
    let lines: Vec<String> =
        TABLE.iter().filter(|row| !matches!(row.verb, Verb::Quit)).map(|row| line(row.verb, row.good.0)).collect();
    let mut rig = Rig::logged_in(everything());
    let said = rig.says(&lines.join("\r\n"));
    assert_eq!(finals(&said).len(), lines.len(), "{said}");
}
