//! Every command, read and written; and the table against the measured one.

mod properties;
mod table;

use ftp_proto::{
    Algs, Allocation, Argument, ArgumentFault, Command, CommandError, CommandLine, EpsvArgument, Format, Mode,
    NetworkProtocol, NewFacts, NotOther, Opts, OtherCommand, OtherOption, Password, Path, Protection, Site, Structure,
    Text, TextError, Time, Type, Verb,
};

fn path(text: &str) -> Path<'_> {
    Path::new(text).unwrap()
}

fn argument(text: &str) -> Argument<'_> {
    Argument::new(text).unwrap()
}

fn secret(text: &str) -> Password<'_> {
    Password::new(text).unwrap()
}

fn encoded(command: &Command<'_>) -> String {
    let mut out = Vec::new();
    command.encode(&mut out);
    String::from_utf8(out).unwrap()
}

/// Lines as they are written, and their commands: each is read and written.
fn known_answers() -> Vec<(&'static str, Command<'static>)> {
    use Command::*;
    vec![
        ("USER anonymous", User(argument("anonymous"))),
        ("USER a b ", User(argument("a b "))),
        ("PASS  two blanks  ", Pass(secret(" two blanks  "))),
        ("PASS ", Pass(secret(""))),
        ("ACCT ", Acct(secret(""))),
        ("ACCT x", Acct(secret("x"))),
        ("CWD  /a b ", Cwd(path(" /a b "))),
        ("CDUP", Cdup),
        ("SMNT /mnt", Smnt(path("/mnt"))),
        ("REIN", Rein),
        ("QUIT", Quit),
        ("PORT 10,0,0,1,5,67", Port(ftp_proto::HostPort::parse(b"10,0,0,1,5,67").unwrap())),
        ("PASV", Pasv),
        ("TYPE A", Type(self::Type::Ascii(None))),
        ("TYPE A N", Type(self::Type::Ascii(Some(Format::NonPrint)))),
        ("TYPE E T", Type(self::Type::Ebcdic(Some(Format::Telnet)))),
        ("TYPE E C", Type(self::Type::Ebcdic(Some(Format::CarriageControl)))),
        ("TYPE I", Type(self::Type::Image)),
        ("TYPE L 8", Type(self::Type::LOCAL_8)),
        ("STRU F", Stru(Structure::File)),
        ("STRU R", Stru(Structure::Record)),
        ("STRU P", Stru(Structure::Page)),
        ("MODE S", Mode(self::Mode::Stream)),
        ("MODE B", Mode(self::Mode::Block)),
        ("MODE C", Mode(self::Mode::Compressed)),
        ("MODE Z", Mode(self::Mode::Deflate)),
        ("RETR file", Retr(path("file"))),
        ("STOR file", Stor(path("file"))),
        ("STOU", Stou(None)),
        ("STOU file", Stou(Some(path("file")))),
        ("APPE file", Appe(path("file"))),
        ("ALLO 100", Allo(Allocation { bytes: 100, record: None })),
        ("ALLO 100 R 20", Allo(Allocation { bytes: 100, record: Some(20) })),
        ("REST 0", Rest(0)),
        ("REST 18446744073709551615", Rest(u64::MAX)),
        ("RNFR a", Rnfr(path("a"))),
        ("RNTO b", Rnto(path("b"))),
        ("ABOR", Abor),
        ("DELE a", Dele(path("a"))),
        ("RMD a", Rmd(path("a"))),
        ("MKD a", Mkd(path("a"))),
        ("PWD", Pwd),
        ("LIST", List(None)),
        ("LIST -la", List(Some(path("-la")))),
        ("LIST  ", List(Some(path(" ")))),
        ("NLST", Nlst(None)),
        ("NLST a", Nlst(Some(path("a")))),
        ("SITE CHMOD 644 a b", Site(self::Site::new("CHMOD 644 a b").unwrap())),
        ("SYST", Syst),
        ("STAT", Stat(None)),
        ("STAT a", Stat(Some(path("a")))),
        ("HELP", Help(None)),
        ("HELP SITE", Help(Some(argument("SITE")))),
        ("NOOP", Noop),
        ("AUTH TLS-C", Auth(argument("TLS-C"))),
        ("ADAT YQ==", Adat(secret("YQ=="))),
        ("PBSZ 0", Pbsz(0)),
        ("PBSZ 4294967295", Pbsz(u32::MAX)),
        ("PROT C", Prot(Protection::Clear)),
        ("PROT S", Prot(Protection::Safe)),
        ("PROT E", Prot(Protection::Confidential)),
        ("PROT P", Prot(Protection::Private)),
        ("CCC", Ccc),
        ("MIC YQ==", Mic(secret("YQ=="))),
        ("CONF YQ==", Conf(secret("YQ=="))),
        ("ENC YQ==", Enc(secret("YQ=="))),
        ("FEAT", Feat),
        ("OPTS UTF8 ON", Opts(self::Opts::Utf8(Some(true)))),
        ("OPTS UTF8 OFF", Opts(self::Opts::Utf8(Some(false)))),
        ("OPTS UTF8", Opts(self::Opts::Utf8(None))),
        ("OPTS MLST", Opts(self::Opts::Mlst(None))),
        ("OPTS MLST type;size;", Opts(self::Opts::Mlst(Some(argument("type;size;"))))),
        ("OPTS HASH", Opts(self::Opts::Hash(None))),
        ("OPTS HASH SHA-256", Opts(self::Opts::Hash(Some(argument("SHA-256"))))),
        ("OPTS MODE Z", Opts(self::Opts::ModeZ(None))),
        ("OPTS MODE Z LEVEL 6", Opts(self::Opts::ModeZ(Some(argument("LEVEL 6"))))),
        ("OPTS MODE B", Opts(self::Opts::Other(OtherOption::new("MODE B").unwrap()))),
        ("OPTS UTF8 NLST", Opts(self::Opts::Other(OtherOption::new("UTF8 NLST").unwrap()))),
        ("OPTS UTF8 ON x", Opts(self::Opts::Other(OtherOption::new("UTF8 ON x").unwrap()))),
        ("OPTS X  y ", Opts(self::Opts::Other(OtherOption::new("X  y ").unwrap()))),
        ("LANG", Lang(None)),
        ("LANG en-GB", Lang(Some(argument("en-GB")))),
        ("HOST [::1]", Host(argument("[::1]"))),
        ("MDTM 20240101000000 a", Mdtm(path("20240101000000 a"))),
        ("SIZE a", Size(path("a"))),
        ("MLST", Mlst(None)),
        ("MLST a", Mlst(Some(path("a")))),
        ("MLSD", Mlsd(None)),
        ("MLSD a", Mlsd(Some(path("a")))),
        ("EPRT |2|::1|80|", Eprt(ftp_proto::ExtendedAddress::parse(b"|2|::1|80|").unwrap())),
        ("EPSV", Epsv(EpsvArgument::Any)),
        ("EPSV 1", Epsv(EpsvArgument::Protocol(NetworkProtocol::Ipv4))),
        ("EPSV 2", Epsv(EpsvArgument::Protocol(NetworkProtocol::Ipv6))),
        ("EPSV ALL", Epsv(EpsvArgument::All)),
        ("LPRT 4,4,10,0,0,1,2,5,67", Lprt(ftp_proto::LongAddress::parse(b"4,4,10,0,0,1,2,5,67").unwrap())),
        ("LPSV", Lpsv),
        ("ALGS STATUS64", Algs(self::Algs::Status64)),
        ("ALGS ENABLE64", Algs(self::Algs::Enable64)),
        ("ALGS DISABLE64", Algs(self::Algs::Disable64)),
        ("MFMT 20240229120000  a ", Mfmt(Time::new(2024, 2, 29, 12, 0, 0).unwrap(), path(" a "))),
        ("MFCT 20240229120000.5 a", Mfct(Time::parse(b"20240229120000.5").unwrap(), path("a"))),
        ("MFF modify=1;UNIX.mode=0644; a b", Mff(NewFacts::new("modify=1;UNIX.mode=0644").unwrap(), path("a b"))),
        ("HASH a", Hash(path("a"))),
        ("RANG 1 0", Rang { start: 1, end: 0 }),
        ("MD5 a", Md5(path("a"))),
        ("XCRC a", Xcrc(path("a"))),
        ("XMD5 a", Xmd5(path("a"))),
        ("XSHA a", Xsha(path("a"))),
        ("XSHA1 a", Xsha1(path("a"))),
        ("XSHA256 a", Xsha256(path("a"))),
        ("XSHA512 \"a\" 0 10", Xsha512(path("\"a\" 0 10"))),
        ("CLNT lftp/4.9", Clnt(argument("lftp/4.9"))),
        ("CSID Name=a;", Csid(argument("Name=a;"))),
        ("AVBL", Avbl(None)),
        ("AVBL a", Avbl(Some(path("a")))),
        ("DSIZ", Dsiz(None)),
        ("DSIZ a", Dsiz(Some(path("a")))),
        ("PRET RETR  a", Pret(argument("RETR  a"))),
        ("CPSV", Cpsv),
        ("SSCN", Sscn(None)),
        ("SSCN ON", Sscn(Some(true))),
        ("SSCN OFF", Sscn(Some(false))),
        ("FOO", Other(OtherCommand::new("FOO", None).unwrap())),
        ("foo ", Other(OtherCommand::new("foo", Some(Text::new("").unwrap())).unwrap())),
        ("GET / HTTP/1.1", Other(OtherCommand::new("GET", Some(Text::new("/ HTTP/1.1").unwrap())).unwrap())),
        ("XSHA2567  a", Other(OtherCommand::new("XSHA2567", Some(Text::new(" a").unwrap())).unwrap())),
    ]
}

#[test]
fn known_answers_both_ways() {
    let mut left: Vec<Verb> = Verb::ALL.to_vec();
    for (line, command) in known_answers() {
        assert_eq!(Command::parse(line.as_bytes()), Ok(command.clone()), "{line}");
        assert_eq!(encoded(&command), format!("{line}\r\n"));
        assert_eq!(command.clone().into_owned(), command);
        left.retain(|verb| *verb != command.verb());
    }
    assert_eq!(left, [], "verbs without a known answer");
}

/// Lines that are read but never written.
#[test]
fn reads_what_others_write() {
    for (line, normal) in [
        ("user   anonymous", "USER anonymous"),
        ("PASS", "PASS "),
        ("port   10,0,0,1,005,67  ", "PORT 10,0,0,1,5,67"),
        ("tYpE  a   n  ", "TYPE A N"),
        ("TYPE L8", "TYPE L 8"),
        ("TYPE l 36 ", "TYPE L 36"),
        ("allo 5   r  6 ", "ALLO 5 R 6"),
        ("REST   00512 ", "REST 512"),
        ("EPSV  all ", "EPSV ALL"),
        ("EPSV   ", "EPSV"),
        ("EPRT  !1!10.0.0.1!80! ", "EPRT |1|10.0.0.1|80|"),
        ("NOOP x", "NOOP"),
        ("QUIT ", "QUIT"),
        ("PASV 1,2,3", "PASV"),
        ("LIST ", "LIST"),
        ("MLSD ", "MLSD"),
        ("HELP   ", "HELP"),
        ("opts utf-8 on ", "OPTS UTF8 ON"),
        ("OPTS  mlst   ", "OPTS MLST"),
        ("OPTS mode  z", "OPTS MODE Z"),
        ("MFF a=b c", "MFF a=b; c"),
        ("MFMT  20240229120000.500 a", "MFMT 20240229120000.5 a"),
        ("algs status64 ", "ALGS STATUS64"),
        ("sscn on", "SSCN ON"),
        ("rang  1   2 ", "RANG 1 2"),
        ("xcwd  a", "CWD  a"),
    ] {
        assert_eq!(
            Command::parse(line.as_bytes()).map(|command| encoded(&command)),
            Ok(format!("{normal}\r\n")),
            "{line}"
        );
    }
}

#[test]
fn every_word_of_the_table_in_any_case() {
    for verb in Verb::ALL {
        for word in core::iter::once(&verb.word()).chain(verb.aliases()) {
            for word in [word.to_string(), word.to_lowercase()] {
                assert_eq!(Verb::parse(word.as_bytes()), *verb);
                assert_eq!(Verb::parse(format!("{word}X").as_bytes()), Verb::Other);
                assert_eq!(Verb::parse(format!("{word} ").as_bytes()), Verb::Other);
                assert_eq!(OtherCommand::new(&word, None), Err(NotOther::Known));
            }
        }
        assert_eq!(verb.to_string(), verb.word());
        assert!(verb.syntax().starts_with(verb.word()));
    }
}

#[test]
fn an_alias_means_its_command_and_stays_known() {
    for (line, alias, command) in [
        ("xcwd a", "XCWD", Command::Cwd(path("a"))),
        ("XCUP", "XCUP", Command::Cdup),
        ("XMKD a", "XMKD", Command::Mkd(path("a"))),
        ("XRMD a", "XRMD", Command::Rmd(path("a"))),
        ("XPWD", "XPWD", Command::Pwd),
        ("p@sw", "P@SW", Command::Pasv),
        ("NOP", "NOP", Command::Noop),
    ] {
        let read = CommandLine::parse(line.as_bytes()).unwrap();
        assert_eq!(read, CommandLine { command: command.clone(), alias: Some(alias) });
        let mut out = Vec::new();
        read.encode(&mut out);
        assert_eq!(CommandLine::parse(out.strip_suffix(b"\r\n").unwrap()), Ok(read.clone()));
        assert!(out.starts_with(alias.as_bytes()));
        assert_eq!(read.clone().into_owned(), read);
    }
    assert_eq!(CommandLine::parse(b"PWD"), Ok(CommandLine::from(Command::Pwd)));
}

#[test]
fn an_alias_of_another_command_is_not_written() {
    for alias in ["XCWD", "PWD\r\nDELE a", ""] {
        let mut out = Vec::new();
        CommandLine { command: Command::Pwd, alias: Some(alias) }.encode(&mut out);
        assert_eq!(out, b"PWD\r\n");
    }
}

#[test]
fn a_path_keeps_every_legal_byte() {
    for byte in (0..=u8::MAX).filter(|byte| !b"\r\n\0".contains(byte)) {
        let name = [byte, b'a', byte];
        let command = Command::Retr(Path::new(&name).unwrap());
        let line = [b"RETR ", &name[..]].concat();
        assert_eq!(Command::parse(&line), Ok(command));
    }
}

#[test]
fn an_illegal_byte_is_found_everywhere() {
    for (line, _) in known_answers() {
        for byte in *b"\r\n\0" {
            for at in 0..=line.len() {
                let mut bytes = line.as_bytes().to_vec();
                bytes.insert(at, byte);
                assert_eq!(Command::parse(&bytes), Err(CommandError::IllegalByte { byte, at }), "{line}");
            }
        }
    }
}

#[test]
fn an_argument_that_is_missing() {
    // By its `syntax` the command needs no argument: there is none, or it is in brackets.
    let takes_none = |verb: &Verb| {
        let usage = &verb.syntax()[verb.word().len()..];
        usage.is_empty() || usage.starts_with(" [") || *verb == Verb::Pass
    };
    for verb in Verb::ALL {
        let read = Command::parse(verb.word().as_bytes());
        if takes_none(verb) {
            assert_eq!(read.map(|command| command.verb()), Ok(*verb));
        } else {
            assert_eq!(read, Err(CommandError::MissingArgument(*verb)));
        }
    }
    for line in
        ["USER ", "USER  ", "CWD ", "MFMT 20240101000000", "MFMT 20240101000000 ", "RANG 1", "ALLO 1 R", "TYPE L"]
    {
        assert!(matches!(Command::parse(line.as_bytes()), Err(CommandError::MissingArgument(_))), "{line}");
    }
}

#[test]
fn what_is_wrong_and_where() {
    use ArgumentFault::*;
    let bad = |verb, at, why| CommandError::BadArgument { verb, at, why };
    for (line, error) in [
        ("", CommandError::Empty),
        (" NOOP", CommandError::LeadingBlank),
        (" ", CommandError::LeadingBlank),
        ("REST -1", bad(Verb::Rest, 5, Number)),
        ("REST x", bad(Verb::Rest, 5, Number)),
        ("REST 5x", bad(Verb::Rest, 6, Excess)),
        ("REST 5 6", bad(Verb::Rest, 7, Excess)),
        ("REST  18446744073709551616", bad(Verb::Rest, 6, NumberTooLarge)),
        ("REST 99999999999999999999", bad(Verb::Rest, 5, NumberTooLarge)),
        ("REST 184467440737095516160", bad(Verb::Rest, 5, NumberTooLarge)),
        ("PBSZ 4294967296", bad(Verb::Pbsz, 5, NumberTooLarge)),
        ("ALLO x", bad(Verb::Allo, 5, Number)),
        ("ALLO 5 X 6", bad(Verb::Allo, 7, Excess)),
        ("TYPE X", CommandError::UnsupportedParameter { verb: Verb::Type, at: 5 }),
        ("TYPE A X", CommandError::UnsupportedParameter { verb: Verb::Type, at: 7 }),
        ("TYPE ASCII", bad(Verb::Type, 5, Word)),
        ("TYPE I N", bad(Verb::Type, 7, Excess)),
        ("TYPE L 0", bad(Verb::Type, 7, Number)),
        ("TYPE L 256", bad(Verb::Type, 7, NumberTooLarge)),
        ("TYPE Lx", bad(Verb::Type, 5, Word)),
        ("TYPE L x", bad(Verb::Type, 7, Number)),
        ("STRU X", CommandError::UnsupportedParameter { verb: Verb::Stru, at: 5 }),
        ("MODE  x", CommandError::UnsupportedParameter { verb: Verb::Mode, at: 6 }),
        ("PROT X", CommandError::UnsupportedParameter { verb: Verb::Prot, at: 5 }),
        ("ALGS X", CommandError::UnsupportedParameter { verb: Verb::Algs, at: 5 }),
        ("SSCN x", bad(Verb::Sscn, 5, Word)),
        ("EPSV 3", CommandError::UnsupportedProtocol { verb: Verb::Epsv, at: 5 }),
        ("EPSV x", bad(Verb::Epsv, 5, Address(ftp_proto::AddressFault::Protocol))),
        ("EPSV 1 2", bad(Verb::Epsv, 7, Excess)),
        ("EPRT |3|10.0.0.1|80|", CommandError::UnsupportedProtocol { verb: Verb::Eprt, at: 6 }),
        ("LPRT 5,4,10,0,0,1,2,5,67", CommandError::UnsupportedProtocol { verb: Verb::Lprt, at: 5 }),
        ("PORT 192.168.1.100,5,67", bad(Verb::Port, 8, Address(ftp_proto::AddressFault::Octet))),
        ("PORT  10,0,0,1,0,0", bad(Verb::Port, 15, Address(ftp_proto::AddressFault::PortZero))),
        ("PORT 10, 0,0,1,5,67", bad(Verb::Port, 8, Address(ftp_proto::AddressFault::Octet))),
        ("MFMT 20240230000000 a", bad(Verb::Mfmt, 5, Time)),
        ("MFF a a", bad(Verb::Mff, 4, Facts)),
        ("MFF =b; a", bad(Verb::Mff, 4, Facts)),
        ("MFF a=b;; a", bad(Verb::Mff, 4, Facts)),
        ("RANG 1 x", bad(Verb::Rang, 7, Number)),
        ("RANG 1 2 3", bad(Verb::Rang, 9, Excess)),
    ] {
        assert_eq!(Command::parse(line.as_bytes()), Err(error), "{line}");
        assert!(error.at().is_none_or(|at| at <= line.len()));
    }
}

#[test]
fn other_takes_only_what_is_other() {
    assert_eq!(OtherCommand::new("", None), Err(NotOther::Text(TextError::Empty)));
    assert_eq!(OtherCommand::new("A B", None), Err(NotOther::Blank { at: 1 }));
    assert_eq!(OtherCommand::new("A\r", None), Err(NotOther::Text(TextError::Illegal { byte: b'\r', at: 1 })));
    assert_eq!(OtherOption::new("utf-8 on"), Err(NotOther::Known));
    assert_eq!(OtherOption::new("mode z x"), Err(NotOther::Known));
    assert_eq!(OtherOption::new(" x"), Err(NotOther::Text(TextError::LeadingBlank)));
}

#[test]
fn no_secret_in_any_debug() {
    for line in [
        "PASS hunter2",
        "ACCT hunter2",
        "ADAT hunter2",
        "MIC hunter2",
        "CONF hunter2",
        "ENC hunter2",
        "SITE PSWD hunter2 hunter2",
        "site gpass hunter2",
        "PSAS hunter2",
        "PASSWORD hunter2",
    ] {
        let read = CommandLine::parse(line.as_bytes()).unwrap();
        assert!(!format!("{read:?} {read:#?}").contains("hunter2"), "{read:?}");
    }
    for line in ["PASS hunter2\0", " hunter2", "REST hunter2", "\0hunter2"] {
        let error = Command::parse(line.as_bytes()).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_command_stays_small() {
    assert!(size_of::<Command<'_>>() <= 64, "{}", size_of::<Command<'_>>());
}
