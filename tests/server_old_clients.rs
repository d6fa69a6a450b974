//! Clients that know little: the ftp.exe of Windows (PORT, NLST, XPWD, XMKD, `OPTS UTF8 ON`), and one of RFC 765's time that
//! waits for 150 before it connects.

mod common;

use common::dialogue::quiet;
use ftp_proto::server::Config;

const PORT: &str = "PORT 192,0,2,1,200,21";
const TAKEN: &str = "200 PORT command successful. Consider using PASV.\n";

#[test]
fn the_ftp_exe_of_windows_does_all_its_work() {
    let listing = "150 Here comes the directory listing.\n226 Transfer complete.\n";
    let stored = "150 Ok to send data.\n226 Transfer complete.\n";
    let mut dialogue = quiet(Config::default());
    for (line, said) in [
        ("OPTS UTF8 ON", "200 Always in UTF8 mode.\n"),
        ("USER anna", "331 Please specify the password.\n"),
        ("PASS secret", "230 Login successful.\n"),
        ("XPWD", "257 \"/\" is the current directory\n"),
        (PORT, TAKEN),
        ("NLST", listing),
        (PORT, TAKEN),
        ("LIST", listing),
        ("XMKD new", "257 \"/\" created\n"),
        ("CWD new", "250 Directory successfully changed.\n"),
        ("XCUP", "250 Directory successfully changed.\n"),
        ("TYPE I", "200 Switching to Binary mode.\n"),
        (PORT, TAKEN),
        ("STOR a file.txt", stored),
        (PORT, TAKEN),
        ("APPE a file.txt", stored),
        (PORT, TAKEN),
        (
            "RETR a file.txt",
            "150 Opening BINARY mode data connection for a file.txt (49 bytes).\n226 Transfer complete.\n",
        ),
        ("TYPE A", "200 Switching to ASCII mode.\n"),
        (PORT, TAKEN),
        ("RETR b", "150 Opening ASCII mode data connection for b (49 bytes).\n226 Transfer complete.\n"),
        (PORT, TAKEN),
        ("NLST *.txt", listing),
        ("RNFR a file.txt", "350 Ready for RNTO.\n"),
        ("RNTO c", "250 Rename successful.\n"),
        ("DELE c", "250 Delete operation successful.\n"),
        ("XRMD new", "250 Remove directory operation successful.\n"),
        ("QUIT", "221 Goodbye.\n"),
    ] {
        assert_eq!(dialogue.say(line), said, "{line}");
    }
    assert!(dialogue.closed);
    let moved: Vec<&str> = dialogue.moved.iter().map(String::as_str).collect();
    let active = "to 192.0.2.1:51221";
    let expected = ["Send", "Send", "Receive", "Receive", "Send", "Send", "Send"];
    assert_eq!(moved, expected.map(|direction| format!("{direction} {active}")));
}

#[test]
fn who_waits_for_the_150_before_connecting_is_waited_for() {
    let mut dialogue = quiet(Config::default()).log_in();
    dialogue.deserted = true;
    assert_eq!(dialogue.say("PASV"), "227 Entering Passive Mode (192,0,2,2,173,104).\n");
    assert_eq!(dialogue.say("RETR a"), "150 Opening ASCII mode data connection for a (49 bytes).\n");
    dialogue.deserted = false;
    assert_eq!(dialogue.run(), "226 Transfer complete.\n");
}
