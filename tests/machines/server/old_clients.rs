//! Clients that know little: the ftp.exe of Windows (PORT, NLST, XPWD, XMKD, `OPTS UTF8 ON`), and one of RFC 765's time that
//! waits for 150 before it connects.

use ftp_proto::Direction::{Receive, Send};
use ftp_proto::server::Config;
use ftp_proto_rigs::server::Rig;

const PORT: &str = "PORT 192,0,2,1,200,21";
const TAKEN: &str = "200 PORT command successful. Consider using PASV.";

#[test]
fn the_ftp_exe_of_windows_does_all_its_work() {
    let listing = "150 Here comes the directory listing.\n226 Transfer complete.";
    let stored = "150 Ok to send data.\n226 Transfer complete.";
    let mut rig = Rig::greeted(Config::default());
    for (line, said) in [
        ("OPTS UTF8 ON", "200 Always in UTF8 mode."),
        ("USER anna", "331 Please specify the password."),
        ("PASS secret", "230 Login successful."),
        ("XPWD", "257 \"/\" is the current directory"),
        (PORT, TAKEN),
        ("NLST", listing),
        (PORT, TAKEN),
        ("LIST", listing),
        ("XMKD new", "257 \"new\" created"),
        ("CWD new", "250 Directory successfully changed."),
        ("XCUP", "250 Directory successfully changed."),
        ("TYPE I", "200 Switching to Binary mode."),
        (PORT, TAKEN),
        ("STOR a file.txt", stored),
        (PORT, TAKEN),
        ("APPE a file.txt", stored),
        (PORT, TAKEN),
        (
            "RETR a file.txt",
            "150 Opening BINARY mode data connection for a file.txt (49 bytes).\n226 Transfer complete.",
        ),
        ("TYPE A", "200 Switching to ASCII mode."),
        (PORT, TAKEN),
        ("RETR b", "150 Opening ASCII mode data connection for b (49 bytes).\n226 Transfer complete."),
        (PORT, TAKEN),
        ("NLST *.txt", listing),
        ("RNFR a file.txt", "350 Ready for RNTO."),
        ("RNTO c", "250 Rename successful."),
        ("DELE c", "250 Delete operation successful."),
        ("XRMD new", "250 Remove directory operation successful."),
        ("QUIT", "221 Goodbye."),
    ] {
        assert_eq!(rig.says(line), said, "{line}");
    }
    assert!(rig.closed);
    let called = Some("192.0.2.1:51221".parse().unwrap());
    let expected = [Send, Send, Receive, Receive, Send, Send, Send];
    assert_eq!(rig.moved, expected.map(|direction| (direction, called)));
}

#[test]
fn who_waits_for_the_150_before_connecting_is_waited_for() {
    let mut rig = Rig::greeted(Config::default()).log_in();
    rig.deserted = true;
    assert_eq!(rig.says("PASV"), "227 Entering Passive Mode (192,0,2,2,195,80).");
    assert_eq!(rig.says("RETR a"), "150 Opening ASCII mode data connection for a (49 bytes).");
    rig.deserted = false;
    assert_eq!(rig.goes_on(), "226 Transfer complete.");
}
