//! A command that is read leniently can be told from one that isn't.

use ftp_proto::{ArgumentFault, Command, CommandError, CommandLine, Verb};

/// Lines that both readers accept and read alike.
const BY_THE_LETTER: &[&str] = &[
    "NOOP",
    "noop",
    "PASV",
    "XPWD",
    "ABOR",
    "FEAT",
    "USER anna",
    "USER anna b",
    "PASS ",
    "PASS a  b ",
    "ACCT  a ",
    "CWD  two blanks ",
    "RETR a ",
    "LIST",
    "LIST  -a",
    "LIST a ",
    "NLST",
    "STAT",
    "HELP",
    "HELP SITE",
    "TYPE A",
    "TYPE a n",
    "TYPE L 8",
    "TYPE I",
    "STRU F",
    "MODE S",
    "PORT 10,0,0,1,4,1",
    "EPRT |1|10.0.0.1|1025|",
    "EPRT !2!::1!1025!",
    "EPSV",
    "EPSV ALL",
    "EPSV 1",
    "LPRT 4,4,10,0,0,1,2,4,1",
    "REST 0",
    "REST 00100",
    "ALLO 5",
    "ALLO 5 R 3",
    "SITE CHMOD  644 a ",
    "OPTS UTF8 ON",
    "OPTS MLST type;size;",
    "OPTS MLST",
    "OPTS MODE Z LEVEL 6",
    "AUTH TLS",
    "PBSZ 0",
    "PROT P",
    "LANG",
    "MFMT 20240101000000 a  b",
    "MFF a=b; f",
    "RANG 0 10",
    "SSCN",
    "SSCN ON",
    "XYZZY  a ",
    "XYZZY ",
    "MDTM a ",
];

/// Lines that only the lenient reader accepts, with the place where they leave the grammar.
const LENIENTLY: &[(&str, usize)] = &[
    ("NOOP a", 5),
    ("NOOP ", 4),
    ("PASV x", 5),
    ("PWD  ", 3),
    ("USER  anna", 5),
    ("TYPE  I", 5),
    ("TYPE I ", 6),
    ("TYPE A  N", 7),
    ("TYPE L8", 6),
    ("TYPE A ", 6),
    ("STRU F  ", 6),
    ("PORT  10,0,0,1,4,1", 5),
    ("PORT 10,0,0,1,4,1 ", 17),
    ("EPSV ", 4),
    ("EPSV  1", 5),
    ("EPRT |1|10.0.0.1|1025| ", 22),
    ("REST  5", 5),
    ("ALLO 5  R 3", 7),
    ("ALLO 5 R  3", 9),
    ("ALLO 5 ", 6),
    ("SITE  CHMOD", 5),
    ("OPTS  UTF8 ON", 5),
    ("OPTS UTF8  ON", 10),
    ("OPTS UTF8 ON ", 12),
    ("OPTS MODE  Z", 10),
    ("HELP ", 4),
    ("LIST ", 4),
    ("MFMT  20240101000000 a", 5),
    ("MFF a=b f", 7),
    ("MFF  a=b; f", 4),
    ("RANG 0  10", 7),
    ("RANG 0 10 ", 9),
    ("AUTH  TLS", 5),
    ("SSCN ", 4),
];

#[test]
fn what_is_by_the_letter_is_read_alike_by_both() {
    for line in BY_THE_LETTER {
        let lenient = CommandLine::parse(line.as_bytes()).expect(line);
        assert_eq!(CommandLine::parse_strict(line.as_bytes()), Ok(lenient.clone()), "{line}");
        assert_eq!(Command::parse_strict(line.as_bytes()), Ok(lenient.command), "{line}");
    }
}

#[test]
fn what_is_read_leniently_says_where() {
    for (line, at) in LENIENTLY {
        let lenient = Command::parse(line.as_bytes()).expect(line);
        let strict = Command::parse_strict(line.as_bytes());
        let expected = CommandError::BadArgument { verb: lenient.verb(), at: *at, why: ArgumentFault::Excess };
        let missing = ["TYPE L8", "MFF a=b f"];
        match strict {
            Err(CommandError::BadArgument { verb, at: found, .. }) if missing.contains(line) => {
                assert_eq!((verb, found), (lenient.verb(), *at), "{line}");
            }
            _ => assert_eq!(strict, Err(expected), "{line}"),
        }
        assert_eq!(strict_code(line), Some(501), "{line}");
    }
    assert_eq!(Command::parse_strict(b"PASS"), Err(CommandError::MissingArgument(Verb::Pass)));
}

fn strict_code(line: &str) -> Option<u16> {
    Command::parse_strict(line.as_bytes()).err().map(|error| error.reply().code().value())
}

#[test]
fn whatever_is_wrong_is_wrong_for_both_alike() {
    for line in [
        "",
        " NOOP",
        "RETR",
        "RETR ",
        "TYPE X",
        "PORT 1,2,3",
        "REST x",
        "EPSV 3",
        "NOOP a\0",
        "EPRT |3|a|1|",
        "XY\0ZZY a",
    ] {
        let error = Command::parse(line.as_bytes()).expect_err(line);
        assert_eq!(Command::parse_strict(line.as_bytes()), Err(error), "{line}");
    }
}

#[test]
fn what_is_written_is_by_the_letter() {
    for line in BY_THE_LETTER.iter().copied().chain(LENIENTLY.iter().map(|(line, _)| *line)) {
        let command = Command::parse(line.as_bytes()).expect(line);
        let mut written = Vec::new();
        command.encode(&mut written);
        let written = written.strip_suffix(b"\r\n").expect("a line");
        assert_eq!(Command::parse_strict(written), Ok(command), "{line}");
    }
}
