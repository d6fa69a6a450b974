//! What the server says of files: listings, patterns, hashes, times and permission bits.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ftp_proto::StreamEnd::Clean;
use proptest::prelude::*;

use super::session::{Session, site};
use ftp_proto_tools::tree::glob::{Budget, Exhausted, Pattern};
use ftp_proto_tools::tree::hash::{ALGORITHMS, Hashing};
use ftp_proto_tools::tree::listing::{FACTS, facts};
use ftp_proto_tools::tree::{Tree, VirtualPath};

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    Pattern::new(pattern).unwrap().matches(name, &mut Budget::new(10_000)).unwrap()
}

#[test]
fn patterns_are_a_shell_s() {
    for (pattern, fitting, others) in [
        ("*", &["", "a", "a.b", ".a", "日本"][..], &[][..]),
        ("*.txt", &["a.txt", ".txt", "a.txt.txt"], &["a.txt2", "txt", "a.TXT"]),
        ("a*b*c", &["abc", "axbxc", "abcbc", "abbc"], &["ab", "abcd", "xabc"]),
        ("?", &["a", "é", "日"], &["", "ab", "日本"]),
        ("?本*", &["日本", "a本b"], &["本"]),
        ("a?c", &["abc", "aéc"], &["ac", "abbc"]),
        ("[a-c]x", &["ax", "bx", "cx"], &["dx", "x", "aax"]),
        ("[!a-c]x", &["dx", "-x", "éx"], &["ax", "cx", "x"]),
        ("[^a]", &["b"], &["a"]),
        ("[]a]", &["]", "a"], &["b", "]a]"]),
        ("[!]a]", &["b"], &["]", "a"]),
        ("[a-]", &["a", "-"], &["b"]),
        ("[-a]", &["a", "-"], &["b"]),
        ("[c-a]", &[], &["a", "b", "c"]),
        ("[a", &["[a"], &["a"]),
        ("[]", &["[]"], &["["]),
        ("[*]", &["*"], &["a", "[*]"]),
        ("**a**", &["a", "bab"], &["b"]),
    ] {
        for name in fitting {
            assert!(fits(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
        for name in others {
            assert!(!fits(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
    }
    assert!(Pattern::new(b"plain.name").is_none());
}

/// The definition, which costs what it likes.
fn naive(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, _) => name.is_empty(),
        (Some((b'*', behind)), rest) => naive(behind, name) || rest.is_some_and(|(_, rest)| naive(pattern, rest)),
        (Some((b'?', behind)), Some((_, rest))) => naive(behind, rest),
        (Some((one, behind)), Some((other, rest))) => one == other && naive(behind, rest),
        (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn patterns_are_what_their_definition_says(pattern in "[ab*?]{1,8}", name in "[ab]{0,10}") {
        if let Some(compiled) = Pattern::new(pattern.as_bytes()) {
            let mut budget = Budget::new(10_000);
            let result = compiled.matches(name.as_bytes(), &mut budget).unwrap();
            prop_assert_eq!(result, naive(pattern.as_bytes(), name.as_bytes()));
            prop_assert!(10_000 - budget.left() <= ((pattern.len() + 2) * (name.len() + 2)) as u64);
        }
    }

    #[test]
    fn no_pattern_panics(pattern in any::<Vec<u8>>(), name in any::<Vec<u8>>()) {
        if let Some(pattern) = Pattern::new(&pattern) {
            let _ = pattern.matches(&name, &mut Budget::new(1_000));
        }
    }
}

#[test]
fn s16_no_pattern_costs_more_than_its_budget() {
    let name = "a".repeat(255);
    for pattern in ["a*a*a*a*b".into(), "a*".repeat(120) + "b", "*?".repeat(120) + "b", "[!b]*".repeat(60) + "b"] {
        let mut budget = Budget::new(1_000_000);
        let pattern_bytes: &[u8] = pattern.as_bytes();
        assert_eq!(Pattern::new(pattern_bytes).unwrap().matches(name.as_bytes(), &mut budget), Ok(false));
        let steps = 1_000_000 - budget.left();
        assert!(steps <= (pattern.len() * name.len() * 2) as u64, "{pattern}: {steps}");
    }
    let mut budget = Budget::new(100);
    assert_eq!(Pattern::new(b"a*a*a*a*b").unwrap().matches(name.as_bytes(), &mut budget), Err(Exhausted));
    assert_eq!(budget.left(), 0);
    // All names of a directory share it.
    let root = tempfile::tempdir().unwrap();
    for number in 0..500 {
        fs::write(root.path().join(format!("{}{number:03}", "a".repeat(250))), "").unwrap();
    }
    let mut session = Session::new(&Arc::new(site(root.path())));
    assert!(session.transfer("NLST a*a*a*a*b").contains("226"));
    assert_eq!(session.download, b"");
    let begun = std::time::Instant::now();
    assert!(session.transfer(format!("NLST {}b", "a*".repeat(200))).starts_with("550 "));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn names_are_listed_by_pattern() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("sub/deep")).unwrap();
    for name in ["a.txt", "b.txt", "c.dat", "sub/d.txt", "sub/deep/e.txt", "x*y", "xzy", "-la"] {
        fs::write(root.path().join(name), "x").unwrap();
    }
    let mut session = Session::new(&Arc::new(site(root.path())));
    for (argument, expected) in [
        ("", &["-la", "a.txt", "b.txt", "c.dat", "sub", "x*y", "xzy"][..]),
        (" -a", &["-la", "a.txt", "b.txt", "c.dat", "sub", "x*y", "xzy"]),
        (" -l -R -aF sub", &["sub/d.txt", "sub/deep"]),
        (" *.txt", &["a.txt", "b.txt"]),
        (" -la *.txt", &["a.txt", "b.txt"]),
        (" ./*.txt", &["./a.txt", "./b.txt"]),
        (" [!a]*.???", &["b.txt", "c.dat"]),
        (" sub/*", &["sub/d.txt", "sub/deep"]),
        (" /sub/d*", &["/sub/d.txt", "/sub/deep"]),
        (" sub/../*.dat", &["sub/../c.dat"]),
        (" *.none", &[]),
        // What is called so comes first.
        (" x*y", &["x*y"]),
        (" x?y", &["x*y", "xzy"]),
        (" -- -la", &["-la"]),
        (" sub/", &["sub/d.txt", "sub/deep"]),
        (" a.txt", &["a.txt"]),
        // Only the last name is a pattern.
        (" */d.txt", &["550"]),
        (" none", &["550"]),
        (" none/*", &["550"]),
    ] {
        let said = session.transfer(format!("NLST{argument}"));
        if expected == ["550"] {
            assert!(said.starts_with("550 "), "{argument}: {said}");
            continue;
        }
        assert!(said.contains("226 "), "{argument}: {said}");
        let listing = String::from_utf8(session.download.clone()).unwrap();
        assert_eq!(listing.split_terminator("\r\n").collect::<Vec<_>>(), expected, "{argument}");
    }
    // What a pattern lists is not opened: mget asks for names.
    session.transfer("LIST s*");
    assert!(session.download.starts_with(b"drwx") && session.download.ends_with(b" sub\r\n"));
}

#[test]
fn list_is_as_ls_writes_it() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    fs::write(&path, "twelve bytes").unwrap();
    fs::hard_link(&path, root.path().join("other")).unwrap();
    symlink("file", root.path().join("link")).unwrap();
    let mut session = Session::new(&Arc::new(site(root.path())));
    let metadata = fs::metadata(&path).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    const DAY: u64 = 86_400;
    for (modified, mode, mode_text) in [
        (1_582_977_600, 0o4751, "-rwsr-x--x"),
        (now - 100 * DAY, 0o644, "-rw-r--r--"),
        (now - 182 * DAY, 0o1600, "-rw------T"),
        (now - 183 * DAY, 0o2000, "------S---"),
        (now + DAY, 0o777, "-rwxrwxrwx"),
    ] {
        let moment = UNIX_EPOCH + Duration::from_secs(modified);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(moment).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        // `ls` itself says what it would write.
        let ls = std::process::Command::new("ls")
            .args(["-ln", "--time-style=locale"])
            .arg(&path)
            .envs([("TZ", "UTC"), ("LC_ALL", "C")])
            .output()
            .unwrap();
        let ls = String::from_utf8(ls.stdout).unwrap();
        let words: Vec<&str> = ls.split_whitespace().take(8).collect();
        assert!(session.transfer("LIST").contains("226"));
        let listing = String::from_utf8(session.download.clone()).unwrap();
        for (line, name) in listing.lines().zip(["file", "link", "other"]) {
            let (uid, gid) = (metadata.uid(), metadata.gid());
            assert!(line.starts_with(&format!("{mode_text}    2 {uid:<8} {gid:<8}        12 ")), "{line}");
            assert_eq!(line.split_whitespace().take(8).collect::<Vec<_>>(), words, "{line}");
            assert!(line.ends_with(&format!(" {name}")), "{line}");
        }
        assert_eq!(listing.lines().count(), 3);
    }
    fs::remove_file(&path).unwrap();
    session.transfer("LIST");
    assert!(session.download.ends_with(b" other\r\n") && !session.download.windows(4).any(|four| four == b"link"));
}

#[test]
fn facts_are_those_that_are_wanted() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "123").unwrap();
    fs::set_permissions(root.path().join("file"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::hard_link(root.path().join("file"), root.path().join("same")).unwrap();
    let modified = UNIX_EPOCH + Duration::from_secs(1_582_977_601);
    File::options().append(true).open(root.path().join("file")).unwrap().set_modified(modified).unwrap();
    fs::create_dir(root.path().join("sub")).unwrap();
    let tree = Tree::open(root.path()).unwrap();
    let at = |name: &str| tree.entry(&VirtualPath::default().join(name.as_bytes())).unwrap();
    let all = facts(&at("file"), true, &FACTS);
    let unique = all.strip_prefix("type=file;size=3;modify=20200229120001;perm=adfrw;unix.mode=0640;unique=").unwrap();
    assert!(unique.len() > 3 && unique.ends_with(';'), "{all}");
    assert_eq!(facts(&at("same"), true, &["unique"]), format!("unique={unique}"));
    assert_ne!(facts(&at("sub"), true, &["unique"]), format!("unique={unique}"));
    assert_eq!(facts(&at("file"), false, &["perm", "type"]), "perm=r;type=file;");
    assert_eq!(facts(&at("sub"), true, &["type", "size", "perm"]), "type=dir;perm=cdeflmp;");
    assert_eq!(facts(&at("sub"), false, &["perm"]), "perm=el;");
    assert_eq!(facts(&at("file"), true, &["Size", "unknown"]), "Size=3;");
    assert_eq!(facts(&at("file"), true, &[]), "");
    let mut session = Session::new(&Arc::new(site(root.path())));
    assert!(session.transfer("MLSD").contains("226"));
    let listing = String::from_utf8(session.download.clone()).unwrap();
    assert_eq!(listing.lines().next().unwrap(), format!("{all} file"));
    assert_eq!(listing.lines().count(), 3);
    let said = session.say("MLST file");
    assert!(said.starts_with("250-") && said.contains(&format!("\r\n {all} /file\r\n250 ")), "{said}");
}

#[test]
fn hashes_are_known_answers() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "123456789").unwrap();
    for (algorithm, expected) in ALGORITHMS.iter().zip([
        "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
        "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
        "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
        "25f9e794323b453885f5181f1b624d0b",
        "cbf43926",
    ]) {
        let mut hashing = Hashing::new(File::open(root.path().join("file")).unwrap(), 0, algorithm).unwrap();
        let digest = hashing.step().unwrap().unwrap();
        assert_eq!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected, "{algorithm}");
    }
    assert!(Hashing::new(File::open(root.path().join("file")).unwrap(), 0, "SHA-0").is_none());
    let mut session = Session::new(&Arc::new(site(root.path())));
    for (command, digits) in
        [("XCRC", "cbf43926"), ("XSHA1", "f7c3bc1d80"), ("MD5", "25f9e79432"), ("HASH", "15e2b0d3c3")]
    {
        let said = session.say(format!("{command} file"));
        assert!(said.starts_with('2') && said.to_lowercase().contains(digits), "{command}: {said}");
        assert!(session.say(format!("{command} .")).starts_with("550 "), "{command}");
    }
}

#[test]
fn a_long_hash_leaves_its_question_open() {
    let root = tempfile::tempdir().unwrap();
    let content = vec![7; 9 * 1024 * 1024];
    fs::write(root.path().join("long"), &content).unwrap();
    fs::write(root.path().join("short"), "").unwrap();
    let mut session = Session::new(&Arc::new(site(root.path())));
    let before = session.asked;
    let said = session.say("XSHA256 long");
    assert!(session.asked - before >= 3, "{}", session.asked - before);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&content);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(said.to_lowercase().contains(&digits), "{said}");
    assert!(session.say("XSHA256 short").to_lowercase().contains("e3b0c44298fc1c149afbf4c8996fb924"));
}

#[test]
fn times_and_modes_are_set() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a file"), "x").unwrap();
    let mut session = Session::new(&Arc::new(site(root.path())));
    for time in ["20200229120001", "19700101000000", "20371231235959", "19690720201700"] {
        assert!(session.say(format!("MFMT {time} a file")).starts_with('2'), "{time}");
        assert_eq!(session.say("MDTM a file"), format!("213 {time}\r\n"));
    }
    assert!(session.say("MFMT 20200230000000 a file").starts_with("501 "));
    assert!(session.say("MFMT 20200229000000 none").starts_with("550 "));
    let mode = || fs::metadata(root.path().join("a file")).unwrap().permissions().mode() & 0o7777;
    assert_eq!(session.say("SITE CHMOD 640 a file"), "200 SITE CHMOD command ok.\r\n");
    assert_eq!(mode(), 0o640);
    assert!(session.say("site chmod 0600 a file").starts_with("200 "));
    assert_eq!(mode(), 0o600);
    for wrong in ["CHMOD", "CHMOD 644", "CHMOD 4755 a file", "CHMOD 888 a file", "CHMOD  a file", "CHMOD +x a file"] {
        assert!(session.say(format!("SITE {wrong}")).starts_with("501 "), "{wrong}");
    }
    assert!(session.say("SITE CHMOD 644 none").starts_with("550 "));
    assert_eq!(mode(), 0o600);
}

#[test]
fn five_thousand_files_are_listed_and_deleted() {
    let root = tempfile::tempdir().unwrap();
    let mut session = Session::new(&Arc::new(site(root.path())));
    for number in 0..5000 {
        assert!(session.store(format!("STOR file {number:04}"), b"x", Clean).contains("226"));
    }
    for command in ["LIST", "NLST", "MLSD", "NLST *", "NLST file ????"] {
        assert!(session.transfer(command).contains("226"), "{command}");
        let listing = String::from_utf8(session.download.clone()).unwrap();
        let ends = (0..5000).map(|number| format!("file {number:04}"));
        assert!(listing.split_terminator("\r\n").zip(ends).all(|(line, end)| line.ends_with(&end)), "{command}");
        assert_eq!(listing.matches("\r\n").count(), 5000, "{command}");
    }
    for number in 0..5000 {
        assert!(session.say(format!("DELE file {number:04}")).starts_with("250"));
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}
