//! The file-system module: no path leads out of its directory, and an upload is there whole or not at all.

mod escape;
mod listing;
mod session;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use ftp_proto::StreamEnd::{Clean, Truncated};
use ftp_proto_tools::tree::Uploads;
use session::{Session, site};

use crate::processes::names;

fn hidden(directory: &Path) -> Vec<String> {
    names(directory).into_iter().filter(|name| name.starts_with(".ftp-upload.")).collect()
}

/// Each command that takes a path, and whether it moves data.
const WITH_PATH: [(&str, bool); 24] = [
    ("CWD ", false),
    ("RETR ", true),
    ("STOR ", true),
    ("APPE ", true),
    ("LIST ", true),
    ("NLST ", true),
    ("MLSD ", true),
    ("MLST ", false),
    ("STAT ", false),
    ("SIZE ", false),
    ("MDTM ", false),
    ("MFMT 20200101000000 ", false),
    ("RNFR ", false),
    ("DELE ", false),
    ("RMD ", false),
    ("MKD ", false),
    ("SITE CHMOD 777 ", false),
    ("HASH ", false),
    ("MD5 ", false),
    ("XCRC ", false),
    ("XMD5 ", false),
    ("XSHA1 ", false),
    ("XSHA256 ", false),
    ("XSHA512 ", false),
];

/// A directory to serve, with what lies beside it.
struct Place {
    scratch: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join("root/sub")).unwrap();
        fs::create_dir(scratch.path().join("outside")).unwrap();
        fs::write(scratch.path().join("outside/secret"), "secret").unwrap();
        fs::set_permissions(scratch.path().join("outside/secret"), fs::Permissions::from_mode(0o600)).unwrap();
        Self { scratch }
    }

    fn root(&self) -> std::path::PathBuf {
        self.scratch.path().join("root")
    }

    fn outside(&self) -> std::path::PathBuf {
        self.scratch.path().join("outside")
    }

    fn session(&self) -> Session {
        Session::new(&Arc::new(site(&self.root())))
    }

    /// What is beside the root is as it was.
    fn is_untouched(&self) {
        assert_eq!(names(self.scratch.path()), ["outside", "root"]);
        assert_eq!(names(&self.outside()), ["secret"]);
        assert_eq!(fs::read(self.outside().join("secret")).unwrap(), b"secret");
        let metadata = fs::metadata(self.outside().join("secret")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert!(metadata.modified().unwrap().elapsed().unwrap().as_secs() < 3600);
    }
}

fn say(session: &mut Session, command: &str, moves: bool, path: &str) -> String {
    let line = format!("{command}{path}");
    if moves { session.store(line, b"evil", Clean) } else { session.say(line) }
}

#[test]
fn an_upload_is_seen_when_it_is_complete_and_not_before() {
    let place = Place::new();
    let root = place.root();
    fs::write(root.join("file"), "the old contents").unwrap();
    fs::set_permissions(root.join("file"), fs::Permissions::from_mode(0o640)).unwrap();
    for path in ["file", "new"] {
        let mut session = place.session();
        session.holds = true;
        assert!(session.store(format!("STOR {path}"), b"new", Clean).ends_with("Ok to send data.\r\n"));
        assert_eq!(hidden(&root).len(), 1);
        let mut other = place.session();
        assert!(other.transfer("RETR new").starts_with("550"));
        assert!(other.transfer("RETR file").contains("226"));
        assert_eq!(other.download, b"the old contents");
        assert!(other.transfer("NLST").contains("226"));
        assert_eq!(other.download, b"file\r\nsub\r\n");
        assert!(session.go_on().starts_with("226 "));
        assert_eq!(fs::read(root.join(path)).unwrap(), b"new");
        assert_eq!(hidden(&root), [""; 0]);
        fs::remove_file(root.join("new")).unwrap_or_default();
        if path == "file" {
            assert_eq!(fs::metadata(root.join("file")).unwrap().permissions().mode() & 0o7777, 0o640);
            fs::write(root.join("file"), "the old contents").unwrap();
        }
    }
}

#[test]
fn an_upload_that_breaks_off_changes_nothing() {
    let place = Place::new();
    let root = place.root();
    fs::write(root.join("file"), "the old contents").unwrap();
    for command in ["STOR file", "APPE file", "STOR new", "APPE new", "STOU", "STOU file"] {
        for rest in [None, Some(3)] {
            let is_stor = command.starts_with("STOR file");
            let before = |session: &mut Session| {
                if let Some(offset) = rest.filter(|_| is_stor) {
                    assert!(session.say(format!("REST {offset}")).starts_with("350"));
                }
            };
            // The connection breaks.
            let mut session = place.session();
            assert!(session.say("PASV").starts_with("227"));
            before(&mut session);
            session.upload = (b"half".to_vec(), Truncated);
            assert!(session.say(command).contains("\r\n426 "), "{command}");
            // ABOR.
            let mut session = place.session();
            session.holds = true;
            assert!(session.say("PASV").starts_with("227"));
            before(&mut session);
            session.upload = (b"half".to_vec(), Clean);
            session.say(command);
            assert_eq!(hidden(&root).len(), 1, "{command}");
            assert!(session.say("ABOR").starts_with("426 "));
            // The control connection ends.
            let mut session = place.session();
            session.holds = true;
            session.store(command, b"half", Clean);
            assert_eq!(hidden(&root).len(), 1, "{command}");
            session.leave();
            // The server's side of the session is gone.
            let mut session = place.session();
            session.holds = true;
            session.store(command, b"half", Clean);
            drop(session);
            assert_eq!(names(&root), ["file", "sub"], "{command}");
            assert_eq!(fs::read(root.join("file")).unwrap(), b"the old contents", "{command}");
        }
    }
}

#[test]
fn an_upload_goes_on_from_where_it_is_told() {
    for uploads in [Uploads::Whole, Uploads::KeptIncomplete, Uploads::InPlace] {
        let place = Place::new();
        let (file, mut site) = (place.root().join("file"), site(&place.root()));
        site.uploads = uploads;
        let site = Arc::new(site);
        fs::write(&file, "0123456789").unwrap();
        let mut session = Session::new(&site);
        let mut stor = |rest: u64, bytes: &[u8]| {
            assert!(session.say("PASV").starts_with("227"));
            assert!(session.say(format!("REST {rest}")).starts_with("350"));
            session.upload = (bytes.to_vec(), Clean);
            session.say("STOR file")
        };
        assert!(stor(11, b"x").starts_with("554"));
        assert!(stor(u64::MAX >> 1, b"x").starts_with("554"));
        assert_eq!(fs::read(&file).unwrap(), b"0123456789");
        assert!(stor(10, b"ab").contains("226"));
        assert_eq!(fs::read(&file).unwrap(), b"0123456789ab");
        assert!(stor(4, b"x").contains("226"));
        assert_eq!(fs::read(&file).unwrap(), b"0123x");
        assert!(stor(2, b"").contains("226"));
        assert_eq!(fs::read(&file).unwrap(), b"01");
        assert!(session.store("APPE file", b"23", Clean).contains("226"));
        assert_eq!(fs::read(&file).unwrap(), b"0123");
        assert!(session.store("APPE other", b"45", Clean).contains("226"));
        assert_eq!(fs::read(place.root().join("other")).unwrap(), b"45");
        assert!(session.store("STOR file", b"", Clean).contains("226"));
        assert_eq!(fs::read(&file).unwrap(), b"");
        assert!(session.say("PASV").starts_with("227"));
        assert!(session.say("REST 5").starts_with("350"));
        assert!(session.say("STOR missing").starts_with("554"));
        assert_eq!(names(&place.root()), ["file", "other", "sub"]);
    }
}

#[test]
fn in_place_an_upload_is_seen_at_once() {
    let place = Place::new();
    let mut site = site(&place.root());
    site.uploads = Uploads::InPlace;
    let site = Arc::new(site);
    for command in ["STOR file", "STOU unique", "APPE more"] {
        let mut session = Session::new(&site);
        session.holds = true;
        session.store(command, b"half", Clean);
        assert_eq!(fs::read(place.root().join(&command[5..])).unwrap(), b"half");
        session.say("ABOR");
        assert_eq!(fs::read(place.root().join(&command[5..])).unwrap(), b"half");
    }
    assert_eq!(names(&place.root()), ["file", "more", "sub", "unique"]);
}

#[test]
fn who_can_not_take_its_name_is_told_so_before_the_226() {
    let place = Place::new();
    let root = place.root();
    let mut session = place.session();
    session.holds = true;
    session.store("STOR name", b"bytes", Clean);
    fs::create_dir(root.join("name")).unwrap();
    let said = session.go_on();
    assert!(said.starts_with("451 "), "{said}");
    assert_eq!(names(&root), ["name", "sub"]);
    // What was continued has been changed by somebody else, who was told that it is stored.
    fs::write(root.join("log"), "one\n").unwrap();
    session.holds = true;
    session.store("APPE log", b"two\n", Clean);
    let mut other = place.session();
    assert!(other.store("APPE log", b"three\n", Clean).contains("226"));
    let said = session.go_on();
    assert!(said.starts_with("451 "), "{said}");
    assert_eq!(fs::read(root.join("log")).unwrap(), b"one\nthree\n");
    assert_eq!(names(&root), ["log", "name", "sub"]);
}

#[test]
fn stou_promises_a_name_once() {
    let place = Place::new();
    let root = place.root();
    fs::write(root.join("file"), "old").unwrap();
    let mut sessions: Vec<_> = (0..4).map(|_| place.session()).collect();
    // One site for all of them, as a server has it.
    let site = Arc::new(site(&root));
    for session in &mut sessions {
        *session = Session::new(&site);
        session.holds = true;
    }
    let said: Vec<_> = sessions
        .iter_mut()
        .zip(1..)
        .map(|(session, number): (_, u8)| session.store("STOU file", &[number], Clean))
        .collect();
    for (said, number) in said.iter().zip(2..) {
        assert!(said.contains(&format!("150 FILE: /file.{number}\r\n")), "{said}");
    }
    let mut writer = Session::new(&site);
    assert!(writer.store("STOR file.3", b"mine", Clean).starts_with("553 "));
    drop(sessions.remove(1));
    for session in &mut sessions {
        assert!(session.go_on().starts_with("226 "));
    }
    assert_eq!(names(&root), ["file", "file.2", "file.4", "file.5", "sub"]);
    assert_eq!(fs::read(root.join("file.4")).unwrap(), [3]);
    assert_eq!(fs::read(root.join("file")).unwrap(), b"old");
    assert!(writer.store("STOU file", b"again", Clean).contains("FILE: /file.3\r\n"));
}

#[test]
fn of_uploads_to_one_name_the_last_is_there_whole() {
    let place = Place::new();
    let root = place.root();
    let site = Arc::new(site(&root));
    let content = |number: u8| vec![number; 300_000];
    let threads: Vec<_> = (1..=8)
        .map(|number| {
            let site = site.clone();
            std::thread::spawn(move || {
                let mut session = Session::new(&site);
                for _ in 0..20 {
                    assert!(session.store("STOR file", &content(number), Clean).contains("226"));
                    session.transfer("RETR file");
                    let first = session.download[0];
                    assert!(session.download == content(first));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut sessions: Vec<_> = (1..=3).map(|_| Session::new(&site)).collect();
    for (session, number) in sessions.iter_mut().zip(1..) {
        session.holds = true;
        session.store("STOR file", &content(number), Clean);
    }
    for number in [2, 0, 1] {
        assert!(sessions[number].go_on().contains("226"));
        assert!(fs::read(root.join("file")).unwrap() == content(number as u8 + 1));
    }
    assert_eq!(names(&root), ["file", "sub"]);
}

#[test]
fn names_of_uploads_under_way_are_nobody_s() {
    let place = Place::new();
    let root = place.root();
    // What a killed server has left.
    fs::write(root.join(".ftp-upload.0123456789abcdef"), "left").unwrap();
    fs::create_dir(root.join(".ftp-upload.directory")).unwrap();
    fs::write(root.join("mine"), "mine").unwrap();
    let mut session = place.session();
    for path in [
        ".ftp-upload.0123456789abcdef",
        ".FTP-Upload.0123456789ABCDEF",
        "/sub/../.ftp-upload.directory/x",
        ".ftp-upload.new",
    ] {
        for (command, moves) in WITH_PATH {
            let said = say(&mut session, command, moves, path);
            assert!(said.starts_with('5') && !said.starts_with("500"), "{command}{path}: {said}");
            assert!(session.download.is_empty());
        }
        assert!(session.store(format!("STOU {path}"), b"evil", Clean).starts_with("553"));
        assert!(session.say("RNFR mine").starts_with("350"));
        assert!(session.say(format!("RNTO {path}")).starts_with("553"));
    }
    for command in ["LIST", "NLST", "MLSD", "NLST *", "NLST .ftp*", "LIST .*"] {
        assert!(session.transfer(command).contains("226"), "{command}");
        assert!(!String::from_utf8_lossy(&session.download).contains("upload"), "{command}");
    }
    assert_eq!(fs::read(root.join(".ftp-upload.0123456789abcdef")).unwrap(), b"left");
    assert_eq!(names(&root), [".ftp-upload.0123456789abcdef", ".ftp-upload.directory", "mine", "sub"]);
}

#[test]
fn an_upload_to_a_link_replaces_what_it_leads_to() {
    let place = Place::new();
    let root = place.root();
    fs::write(root.join("sub/target"), "old").unwrap();
    symlink("sub/target", root.join("link")).unwrap();
    symlink("../sub/target", root.join("sub/again")).unwrap();
    let mut session = place.session();
    for path in ["link", "sub/again"] {
        assert!(session.store(format!("STOR {path}"), path.as_bytes(), Clean).contains("226"), "{path}");
        assert_eq!(fs::read(root.join("sub/target")).unwrap(), path.as_bytes());
        assert!(fs::symlink_metadata(root.join(path)).unwrap().is_symlink());
    }
}

#[test]
fn a_link_is_listed_wherever_in_the_tree_it_leads() {
    let place = Place::new();
    fs::create_dir(place.root().join("sub/deep")).unwrap();
    fs::write(place.root().join("file"), "inside").unwrap();
    symlink("../file", place.root().join("sub/up")).unwrap();
    symlink("../sub/deep", place.root().join("sub/around")).unwrap();
    symlink("../../outside/secret", place.root().join("sub/out")).unwrap();
    symlink("sub", place.root().join("link")).unwrap();
    let mut session = place.session();
    for directory in ["sub", "link"] {
        assert!(session.transfer(format!("RETR {directory}/up")).contains("226"));
        assert_eq!(session.download, b"inside");
        assert!(session.transfer(format!("NLST {directory}")).contains("226"));
        let listing = String::from_utf8(session.download.clone()).unwrap();
        assert_eq!(listing, format!("{directory}/around\r\n{directory}/deep\r\n{directory}/up\r\n"));
        assert!(session.transfer(format!("MLSD {directory}")).contains("226"));
        let listing = String::from_utf8(session.download.clone()).unwrap();
        assert!(listing.contains("type=file;size=6;") && listing.contains("; up\r\n"), "{listing}");
    }
    place.is_untouched();
}

#[test]
fn what_is_no_file_is_not_opened() {
    let place = Place::new();
    assert!(std::process::Command::new("mkfifo").arg(place.root().join("pipe")).status().unwrap().success());
    let mut session = place.session();
    for (command, moves) in WITH_PATH {
        if ["RETR ", "STOR ", "APPE ", "SIZE ", "MDTM ", "HASH ", "MFMT 20200101000000 ", "CWD "].contains(&command) {
            let said = say(&mut session, command, moves, "pipe");
            assert!(said.starts_with("55"), "{command}: {said}");
        }
    }
    session.transfer("LIST");
    assert!(session.download.starts_with(b"prw"), "{:?}", String::from_utf8_lossy(&session.download));
}

#[test]
fn a_site_to_read_is_never_changed() {
    let place = Place::new();
    fs::write(place.root().join("file"), "old").unwrap();
    let before = fs::metadata(place.root().join("file")).unwrap();
    let mut read_only = site(&place.root());
    read_only.read_only = true;
    let sites = [(Arc::new(read_only), "anna"), (Arc::new(site(&place.root())), "anonymous")];
    for (site, user) in sites {
        let mut session = Session::of(&site, user);
        for command in ["STOR file", "APPE file", "STOU", "STOR new"] {
            assert!(session.store(command, b"new", Clean).starts_with("550 Permission denied."), "{command}");
        }
        for command in
            ["DELE file", "RMD sub", "MKD new", "RNFR file", "MFMT 20200101000000 file", "SITE CHMOD 777 file"]
        {
            assert!(session.say(command).starts_with("550 Permission denied."), "{command}");
        }
        assert!(session.transfer("RETR file").contains("226"));
        assert_eq!(session.download, b"old");
        assert!(session.say("MLST file").contains("perm=r;"));
    }
    let after = fs::metadata(place.root().join("file")).unwrap();
    assert_eq!((before.mtime(), before.mode(), before.ino()), (after.mtime(), after.mode(), after.ino()));
    assert_eq!(names(&place.root()), ["file", "sub"]);
}

#[test]
fn odd_names_go_both_ways() {
    let place = Place::new();
    let mut session = place.session();
    let odd: [&[u8]; 12] = [
        b" two  words ",
        b"say \"hello\"",
        b"-la",
        b"--help",
        b"-rf.txt",
        b"a*b?[c]",
        b"caf\xe9",
        "日本".as_bytes(),
        b"a;b=c",
        b"~",
        b"%41",
        b"x\\y",
    ];
    for name in odd {
        let line = |command: &str| [command.as_bytes(), b" ", name].concat();
        assert!(session.store(line("STOR"), name, Clean).contains("226"), "{name:?}");
        let path = place.root().join(std::ffi::OsStr::from_bytes(name));
        assert_eq!(fs::read(&path).unwrap(), name, "{name:?}");
        assert!(session.transfer(line("RETR")).contains("226"));
        assert_eq!(session.download, name);
        session.transfer("NLST");
        assert!(session.download.split(|byte| *byte == b'\n').any(|line| line == [name, b"\r"].concat()), "{name:?}");
        // As to `ls`, what looks like options is none with a path before it.
        session.transfer([b"NLST ./", name].concat());
        assert_eq!(session.download, [b"./", name, b"\r\n"].concat());
        assert!(session.say(line("DELE")).starts_with("250"));
    }
    assert_eq!(names(&place.root()), ["sub"]);
}
