//! What a client chooses and the server keeps, and what it tells of itself.

use ftp_proto::server::{Config, Support};
use ftp_proto::{Mode, Structure, Verb};
use ftp_proto_rigs::server::Rig;

fn config(change: impl FnOnce(&mut Support)) -> Config {
    let mut config = Config::default();
    change(&mut config.support);
    config
}

#[test]
fn feat_names_what_is_supported_and_chosen() {
    let of_files = "211-Features:\n TVFS\n REST STREAM\n UTF8\n LANG EN*\n MDTM\n SIZE\n MLST type*;size*;modify*;\n EPRT\n EPSV\n CLNT\n211 End";
    assert_eq!(Rig::logged_in(Config::default()).says("FEAT"), of_files);
    assert_eq!(Rig::greeted(Config::default()).says("FEAT"), of_files, "RFC 2389 3: before the login too");
    let rich = config(|support| {
        *support = support.clone().with(&[Verb::Hash, Verb::Mfmt, Verb::Mff, Verb::Host, Verb::Rang]).unwrap();
        *support = support.clone().with_modes(&[Mode::Deflate]);
        *support = support.clone().with_hashes(["SHA-256", "SHA-1"]).unwrap();
        *support = support.clone().with_languages(["EN", "fr"]).unwrap();
        *support = support.clone().with_facts(["type", "size", "modify", "unix.mode"]).unwrap();
    });
    let mut rig = Rig::logged_in(rich);
    for line in ["OPTS MLST size;", "OPTS HASH sha-1", "LANG fr"] {
        assert!(rig.says(line).starts_with("200 "), "{line}");
    }
    let features = rig.says("FEAT");
    for feature in [
        "MODE Z",
        "LANG EN;fr*",
        "HASH SHA-256;SHA-1*",
        "MLST type;size*;modify;unix.mode;",
        "MFMT",
        "MFF modify;unix.mode;",
        "HOST",
        "RANG STREAM",
    ] {
        assert!(features.contains(&format!("\n {feature}")), "{feature}: {features}");
    }
    let none = config(|support| *support = support.clone().without(&[Verb::Lang]).unwrap());
    assert!(!Rig::logged_in(none.clone()).says("FEAT").contains("LANG"));
    assert_eq!(Rig::logged_in(none).says("LANG en"), "502 Command not implemented.");
}

#[test]
fn opts_mlst_chooses_facts_in_the_servers_order() {
    let mut rig = Rig::logged_in(Config::default());
    rig.answers(&[
        ("OPTS MLST size;type;", "200 MLST OPTS type;size;"),
        ("OPTS MLST SIZE;unknown;", "200 MLST OPTS size;"),
        ("MLST a", "250-Listing\n size=x; a\n250 End"),
        ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
    ]);
    rig.asked.clear();
    rig.says("MLSD");
    assert_eq!(rig.asked, ["MLSD 0 None size"]);
    // A typing error isn't taken for the wish to be told nothing.
    let unknown = "501 None of these facts is known, current selection not changed.";
    rig.answers(&[("EPSV", "229 Entering Extended Passive Mode (|||50000|)"), ("OPTS MLST nothing;", unknown)]);
    rig.answers(&[("OPTS MLST nothing;never", unknown)]);
    rig.asked.clear();
    rig.says("MLSD");
    assert_eq!(rig.asked, ["MLSD 0 None size"]);
    rig.answers(&[("OPTS MLST", "200 MLST OPTS"), ("OPTS MLST ;", "200 MLST OPTS")]);
    let without = config(|support| *support = support.clone().without(&[Verb::Mlst, Verb::Mlsd]).unwrap());
    Rig::logged_in(without).answers(&[("OPTS MLST size;", "501 Option not understood.")]);
}

#[test]
fn opts_of_utf8_hash_and_mode_z() {
    let rich = config(|support| {
        *support = support.clone().with(&[Verb::Hash]).unwrap();
        *support = support.clone().with_hashes(["SHA-256", "MD5"]).unwrap();
        *support = support.clone().with_modes(&[Mode::Deflate]);
    });
    Rig::logged_in(rich).answers(&[
        ("OPTS UTF8 ON", "200 Always in UTF8 mode."),
        ("opts utf8 on", "200 Always in UTF8 mode."),
        ("OPTS UTF8", "200 Always in UTF8 mode."),
        ("OPTS UTF-8 ON", "200 Always in UTF8 mode."),
        ("OPTS UTF8 OFF", "504 Always in UTF8 mode."),
        ("OPTS HASH", "200 SHA-256"),
        ("OPTS HASH md5", "200 MD5"),
        ("OPTS HASH CRC9", "501 Unknown algorithm, current selection not changed."),
        ("OPTS HASH", "200 MD5"),
        ("HASH a", "213 MD5 0-49 abcd0123 a"),
        ("OPTS MODE Z LEVEL 7", "200 MODE Z LEVEL set to 7."),
        ("OPTS MODE Z LEVEL 10", "501 Option not understood."),
        ("OPTS MODE Z", "200 MODE Z options reset."),
        ("OPTS FOO", "501 Option not understood."),
    ]);
    let mut plain = Rig::greeted(Config::default());
    plain.answers(&[
        ("OPTS UTF8 ON", "200 Always in UTF8 mode."),
        ("OPTS HASH", "501 Option not understood."),
        ("OPTS MODE Z LEVEL 7", "501 Option not understood."),
    ]);
}

#[test]
fn lang_matches_the_primary_tag_and_rein_takes_it_back() {
    let mut rig = Rig::logged_in(config(|support| {
        *support = support.clone().with(&[Verb::Rein]).unwrap();
        *support = support.clone().with_languages(["EN", "fr-CA", "de"]).unwrap();
    }));
    rig.answers(&[
        ("LANG fr", "200 Language is fr-CA."),
        ("LANG FR-ca", "200 Language is fr-CA."),
        ("LANG de-AT", "200 Language is de."),
        ("LANG nl", "504 Language not supported."),
        ("LANG e_n", "501 Bad argument. Syntax: LANG [<SP> language]"),
        ("LANG", "200 Language is EN."),
        ("LANG de", "200 Language is de."),
        ("REIN", "220 Ready for a new user."),
        ("PWD", "530 Please login with USER and PASS."),
        ("PASS secret", "503 Bad sequence of commands."),
    ]);
    assert!(rig.says("FEAT").contains("\n LANG EN*;fr-CA;de\n"));
}

#[test]
fn host_comes_before_user_only() {
    let mut rig = Rig::greeted(config(|support| *support = support.clone().with(&[Verb::Host]).unwrap()));
    rig.answers(&[
        ("HOST a.example", "220 Host accepted."),
        ("HOST b.example", "220 Host accepted."),
        ("USER anna", "331 Please specify the password."),
        ("HOST a.example", "503 Bad sequence of commands."),
        ("PASS secret", "230 Login successful."),
        ("HOST a.example", "503 Bad sequence of commands."),
    ]);
    assert_eq!(rig.asked.len(), 4, "{:?}", rig.asked);
    Rig::greeted(Config::default()).answers(&[("HOST a.example", "502 Command not implemented.")]);
}

#[test]
fn modes_structures_and_types_as_they_are_supported() {
    let rich = config(|support| {
        *support = support.clone().with_modes(&[Mode::Stream, Mode::Block, Mode::Deflate]);
        *support = support.clone().with_structures(&[Structure::File, Structure::Record]);
    });
    let mut rig = Rig::logged_in(rich);
    rig.answers(&[
        ("MODE B", "200 Mode set to B."),
        ("MODE Z", "200 Mode set to Z."),
        ("MODE C", "504 Bad MODE command."),
        ("STRU R", "200 Structure set to R."),
        ("STRU P", "504 Bad STRU command."),
        ("TYPE A", "200 Switching to ASCII mode."),
        ("TYPE A N", "200 Switching to ASCII mode."),
        ("TYPE A T", "504 Type not implemented."),
        ("TYPE E", "504 Type not implemented."),
        ("TYPE L 7", "504 Type not implemented."),
        ("TYPE L 8", "200 Switching to Binary mode."),
        ("TYPE I", "200 Switching to Binary mode."),
    ]);
    assert!(rig.says("STAT").contains("\n TYPE: Image, STRUcture: Record, MODE: Deflate\n"));
    Rig::logged_in(Config::default()).answers(&[
        ("MODE S", "200 Mode set to S."),
        ("MODE B", "504 Bad MODE command."),
        ("MODE Z", "504 Bad MODE command."),
        ("STRU F", "200 Structure set to F."),
        ("STRU R", "504 Bad STRU command."),
    ]);
}

#[test]
fn rest_is_for_the_next_transfer_and_for_bytes() {
    let mut rig = Rig::logged_in(Config::default());
    let text = "501 Resuming transfers not allowed in ASCII mode.";
    rig.answers(&[
        ("REST 5", text),
        ("REST 0", "350 Restarting at 0."),
        ("TYPE I", "200 Switching to Binary mode."),
        ("REST 9223372036854775807", "350 Restarting at 9223372036854775807."),
        ("REST 9223372036854775808", "501 Bad argument: no file is so long."),
        ("REST 18446744073709551616", "501 Bad argument. Syntax: REST <SP> offset"),
        ("REST 5", "350 Restarting at 5."),
        ("NOOP", "200 NOOP ok."),
        ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
    ]);
    rig.asked.clear();
    rig.says("RETR a");
    rig.says("EPSV");
    rig.says("RETR a");
    rig.says("EPSV");
    rig.says("REST 7");
    rig.says("STOU");
    rig.says("EPSV");
    rig.says("STOR a");
    let shown = rig.asked.iter().map(|asked| asked.split(" None").next().unwrap()).collect::<Vec<_>>();
    assert_eq!(shown, ["RETR a 5", "RETR a 0", "STOU 0", "STOR a 0"]);
    rig.answers(&[
        ("REST 5", "350 Restarting at 5."),
        ("TYPE A", "200 Switching to ASCII mode."),
        ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
        ("RETR a", text),
    ]);
    assert_eq!(rig.asked.len(), 4, "not asked for");
}

#[test]
fn rang_restricts_the_next_transfer_or_hash() {
    let mut rig = Rig::logged_in(config(|support| *support = support.clone().with(&[Verb::Rang, Verb::Hash]).unwrap()));
    rig.answers(&[
        ("TYPE I", "200 Switching to Binary mode."),
        ("RANG 10 19", "350 Restarting at 10. Ending at 19."),
        ("HASH a", "213 SHA-256 10-19 abcd0123 a"),
        ("HASH a", "213 SHA-256 0-49 abcd0123 a"),
        ("RANG 10 19", "350 Restarting at 10. Ending at 19."),
        ("RANG 1 0", "350 Range reset."),
        ("HASH a", "213 SHA-256 0-49 abcd0123 a"),
        ("RANG 10 19", "350 Restarting at 10. Ending at 19."),
        ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
        ("APPE a", "550 A range is for RETR and STOR."),
        ("RANG 10 19", "350 Restarting at 10. Ending at 19."),
    ]);
    rig.asked.clear();
    rig.says("RETR a");
    rig.says("EPSV");
    rig.says("RETR a");
    let facts = "type,size,modify";
    assert_eq!(rig.asked, [format!("RETR a 10 Some(19) {facts}"), format!("RETR a 0 None {facts}")]);
}

#[test]
fn size_in_ascii_is_asked_for_only_by_policy() {
    let mut safe = Rig::logged_in(Config::default());
    safe.answers(&[
        ("SIZE a", "550 SIZE not allowed in ASCII mode."),
        ("MDTM a", "213 20261121024915"),
        ("TYPE I", "200 Switching to Binary mode."),
        ("SIZE a", "213 49"),
    ]);
    let mut counting = Config::default();
    counting.size_in_ascii = true;
    Rig::logged_in(counting).answers(&[("SIZE a", "213 49")]);
}

#[test]
fn an_old_form_of_mdtm_is_a_path_and_mfmt_sets_times() {
    let verbs = [Verb::Mfmt, Verb::Mfct, Verb::Mff];
    let mut rig = Rig::logged_in(config(|support| *support = support.clone().with(&verbs).unwrap()));
    rig.answers(&[
        ("MDTM 20240229235959 a b", "213 20261121024915"),
        ("MFMT 20240229235959 a b", "213 Modify=20240229235959; a b"),
        ("MFCT 20240229235959 a b", "213 Create=20240229235959; a b"),
        ("MFF modify=20240229235959;unix.mode=0644; a b", "213 modify=20240229235959;unix.mode=0644; a b"),
    ]);
    assert_eq!(rig.asked[0], "MDTM 20240229235959 a b");
}

#[test]
fn allo_and_acct_are_asked_of_who_wants_it() {
    let mut asked =
        Rig::logged_in(config(|support| *support = support.clone().with(&[Verb::Allo, Verb::Acct]).unwrap()));
    asked.answers(&[("ALLO 10", "200 Done."), ("ACCT x", "202 No account is needed.")]);
    assert_eq!(asked.asked.len(), 1);
    let early = config(|support| *support = support.clone().with(&[Verb::Acct]).unwrap());
    Rig::greeted(early).answers(&[
        ("ACCT x", "503 Bad sequence of commands."),
        ("USER anna", "331 Please specify the password."),
        ("ACCT x", "503 Bad sequence of commands."),
    ]);
}

#[test]
fn site_help_and_help_site_are_the_machines() {
    let with_site =
        config(|support| *support = support.clone().with_site(["CHMOD <SP> mode <SP> path", "UMASK"]).unwrap());
    let mut rig = Rig::logged_in(with_site);
    let list = "214-The following SITE commands are recognized.\n CHMOD <SP> mode <SP> path\n UMASK\n HELP [<SP> command]\n214 Help OK.";
    rig.answers(&[
        ("SITE HELP", list),
        ("HELP SITE", list),
        ("SITE HELP chmod", "214 Syntax: SITE CHMOD <SP> mode <SP> path"),
        ("HELP SITE chmod", "214 Syntax: SITE CHMOD <SP> mode <SP> path"),
        ("SITE HELP HELP", "214 Syntax: SITE HELP [<SP> command]"),
        ("HELP SITE help", "214 Syntax: SITE HELP [<SP> command]"),
        ("SITE HELP EXEC", "500 Unknown SITE command."),
        ("SITE EXEC /bin/sh", "500 Unknown SITE command."),
        ("SITE chmod 600 a", "200 Done."),
        ("HELP xpwd", "214 Syntax: PWD"),
    ]);
    assert_eq!(rig.asked.len(), 1, "{:?}", rig.asked);
}

#[test]
fn stat_tells_the_session_anywhere_and_of_paths_by_the_application() {
    let mut early = Rig::greeted(Config::default());
    let said = early.says("STAT");
    assert_eq!(
        said,
        "211-FTP server status:\n Connected to 192.0.2.1\n Not logged in\n TYPE: ASCII, STRUcture: File, MODE: Stream\n No data connection\n211 End of status"
    );
    let mut rig = Rig::logged_in(config(|support| *support = support.clone().with(&[Verb::Stat]).unwrap()));
    rig.answers(&[("STAT a", "213-Status follows:\n-rw-r--r-- 1 0 0 49 Nov 21 03:25 a\n213 End of status")]);
    rig.held = Some(12345);
    rig.says("EPSV");
    rig.says("RETR a");
    assert!(rig.says("STAT").contains("\n A transfer is under way: 12345 bytes so far\n"));
    rig.held = None;
    assert_eq!(rig.goes_on(), "226 Transfer complete.");
}

#[test]
fn epsv_all_refuses_every_other_way() {
    let only = "503 EPSV ALL is in effect.";
    let mut rig = Rig::logged_in(Config::default());
    rig.answers(&[
        ("EPSV ALL", "200 EPSV ALL ok."),
        ("PASV", only),
        ("PORT 192,0,2,1,19,137", only),
        ("EPRT |1|192.0.2.1|5001|", only),
        ("LPRT 4,4,192,0,2,1,2,19,137", only),
        ("LPSV", only),
        ("CPSV", "502 Command not implemented."),
        ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
    ]);
}

#[test]
fn other_protocols_are_told_the_one_that_works() {
    let six = "522 Network protocol not supported, use (2)";
    let four = "522 Network protocol not supported, use (1)";
    let mut over_six = Rig::between(Config::default(), "[2001:db8::2]:21", "[2001:db8::1]:40000").greet().log_in();
    over_six.answers(&[
        ("EPSV 1", six),
        ("EPSV 3", six),
        ("EPRT |1|192.0.2.1|5001|", six),
        ("EPRT |3|x|5001|", six),
        ("EPRT |2|2001:db8::1|5001|", "200 EPRT command successful. Consider using EPSV."),
        ("EPRT |2|2001:db8::9|5001|", "500 Illegal EPRT command."),
        ("LPRT 4,4,192,0,2,1,2,19,137", "521 Supported address families are (6)"),
        ("LPSV", "228 Entering Long Passive Mode (6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,2,2,195,80)"),
        ("PASV", "425 PASV has no word for IPv6. Use EPSV."),
    ]);
    let mut over_four =
        Rig::between(Config::default(), "[::ffff:192.0.2.2]:21", "[::ffff:192.0.2.1]:40000").greet().log_in();
    over_four.answers(&[
        ("EPSV 2", four),
        ("EPRT |2|2001:db8::1|5001|", four),
        ("LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,2,2,195,80", "521 Supported address families are (4)"),
        ("LPRT 5,4,1,2,3,4,2,5,67", "521 Supported address families are (4)"),
        ("LPRT 4,4,192,0,2,9,2,19,137", "500 Illegal LPRT command."),
        ("LPRT 4,4,192,0,2,1,2,0,80", "500 Illegal LPRT command."),
        ("LPRT 4,4,192,0,2,1,2,19,137", "200 LPRT command successful. Consider using EPSV."),
        ("LPSV", "228 Entering Long Passive Mode (4,4,192,0,2,2,2,195,80)"),
    ]);
    let mut open = Config::default();
    open.active.strangers = true;
    Rig::logged_in(open).answers(&[
        ("EPRT |3|x|5001|", "522 Network protocol not supported, use (1,2)"),
        ("EPRT |2|2001:db8::1|5001|", "200 EPRT command successful. Consider using EPSV."),
        ("EPSV 3", four),
    ]);
}

#[test]
fn the_words_that_people_match() {
    let mut rig = Rig::between(Config::default(), "127.0.0.1:21", "127.0.0.1:40000").greet().log_in();
    rig.answers(&[
        ("RETR a", "425 Use PORT or PASV first."),
        ("PORT 127,0,0,1,200,1", "200 PORT command successful. Consider using PASV."),
        ("PASV", "227 Entering Passive Mode (127,0,0,1,195,80)."),
        ("EPSV", "229 Entering Extended Passive Mode (|||50000|)"),
        ("TYPE I", "200 Switching to Binary mode."),
        ("RETR a b", "150 Opening BINARY mode data connection for a b (49 bytes).\n226 Transfer complete."),
    ]);
}
