//! Logs and configuration files.

use std::fs;
use std::path::Path;

use crate::run::{doctor, doctor_with};

fn log(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("doctor/tests/logs").join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_log_is_read_from_a_file_or_standard_input() {
    let file = log("curl-advertised.log");
    let run = doctor(&["read", &file]);
    assert_eq!(run.status, 1, "{}", run.err);
    for words in ["A log of curl: 1 session", "announces an address that names no host", "pasv_address="] {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    let same = doctor_with(&["read", "-"], &fs::read_to_string(&file).unwrap());
    assert_eq!((same.status, same.out), (1, run.out));
}

#[test]
fn the_findings_of_a_log_as_json() {
    let run = doctor(&["read", "--json", &log("filezilla-resume.log")]);
    let json = run.json();
    assert_eq!((run.status, json["program"].as_str()), (1, Some("FileZilla")));
    assert_eq!(run.causes()[0][0], "tls-session-not-resumed");
    let session = &json["sessions"][0];
    assert_eq!(session["lines"], serde_json::json!([1, 19]));
    assert_eq!(session["attempts"][0]["code"], 425);
    assert_eq!(session["server"]["software"], "FileZilla Server");
}

#[test]
fn what_a_log_does_not_tell_can_be_said() {
    let pasted = "Command: PASV\nResponse: 227 Entering Passive Mode (192,168,133,7,136,218).\nCommand: LIST\n\
                  Error: The data connection could not be established: ETIMEDOUT - Connection attempt timed out\n";
    let run = doctor_with(&["read", "-"], pasted);
    assert!(run.status == 1 && run.out.contains("with --server IP more can be said"), "{}", run.out);
    let run = doctor_with(&["read", "--server", "203.0.113.7", "--json", "-"], pasted);
    assert_eq!(run.causes()[0][0], "private-address-advertised", "{}", run.out);
}

fn forum() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("doctor/tests/forum");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "log")).collect()
}

/// Whatever it is about, it fits 80 columns, and no line is said twice of one finding.
#[test]
fn what_is_said_of_a_log_fits_80_columns_and_is_said_once() {
    for file in forum() {
        let run = doctor(&["read", file.to_str().unwrap()]);
        assert!(run.status <= 2, "{}: {}", file.display(), run.err);
        for line in run.out.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", file.display());
        }
        for finding in run.out.split("\n\n") {
            let lines: Vec<_> = finding.lines().filter(|line| line.starts_with("   ")).collect();
            let distinct: std::collections::BTreeSet<_> = lines.iter().filter(|line| line.trim().len() > 20).collect();
            let long = lines.iter().filter(|line| line.trim().len() > 20).count();
            assert_eq!(distinct.len(), long, "{}: {finding}", file.display());
        }
    }
}

#[test]
fn a_server_that_is_not_recognised_has_a_cure_in_the_words_of_seven() {
    let pasted = "Status: Connecting to 203.0.113.7:21...\nResponse: 220 Hello\nCommand: PASV\n\
                  Response: 227 Entering Passive Mode (10,0,0,9,200,1)\nCommand: LIST\nError: Connection timed out\n";
    let run = doctor_with(&["read", "-"], pasted);
    for line in [
        "vsftpd: pasv_address=203.0.113.7",
        "ProFTPD: MasqueradeAddress 203.0.113.7",
        "Pure-FTPd: -P 203.0.113.7",
        "FileZilla Server: ",
        "pyftpdlib: handler.masquerade_address = \"203.0.113.7\"",
        "IIS: ",
        "libunftp: .passive_host(\"203.0.113.7\")",
    ] {
        assert!(run.out.contains(line), "{line}: {}", run.out);
    }
    let json = doctor_with(&["read", "--json", "-"], pasted).json();
    let cures = json["findings"][0]["cures"].as_array().unwrap();
    assert!(cures.iter().any(|cure| cure["settings_by_server"]["vsftpd"][0] == "pasv_address=203.0.113.7"), "{json}");
    // Of one that is, its own words alone are said.
    let run = doctor_with(&["read", "-"], &pasted.replace("220 Hello", "220 (vsFTPd 3.0.5)"));
    assert!(run.out.contains("\n       pasv_address=203.0.113.7\n") && !run.out.contains("ProFTPD"), "{}", run.out);
}

#[test]
fn half_a_log_that_does_not_show_the_beginning_says_so() {
    let pasted = "Command:\tLIST\nResponse:\t425 Can't open data connection.\n";
    let run = doctor_with(&["read", "-"], pasted);
    assert!(run.status == 1 && run.out.contains("doesn't show how it was asked for"), "{}", run.out);
    assert!(!run.out.contains("Nothing in it is wrong"), "{}", run.out);
    assert_eq!(doctor_with(&["read", "--json", "-"], pasted).json()["sessions"][0]["cut"], true);
}

#[test]
fn a_log_in_which_all_went_well_is_well() {
    for name in ["curl-works.log", "lftp-works.log", "tnftp-works.log", "ftplib-works.log"] {
        let run = doctor(&["read", &log(name)]);
        assert_eq!(run.status, 0, "{name}: {}", run.out);
    }
}

#[test]
fn a_servers_log_tells_each_kind_of_trouble_once() {
    let run = doctor(&["read", &log("vsftpd.log")]);
    assert_eq!(run.status, 1);
    assert!(run.out.contains("A log of vsftpd: 16 sessions"), "{}", run.out);
    assert!(run.out.contains("more of the kind"), "{}", run.out);
    assert_eq!(run.out.matches("1. ").count(), 1, "{}", run.out);
}

#[test]
fn a_log_without_a_control_connection() {
    let log = "*   Trying 192.0.2.1:21...\n* connect to 192.0.2.1 port 21 failed: Connection refused\n\
               * Failed to connect to ftp.example.com port 21: Connection refused\ncurl: (7) Failed to connect to ftp.example.com\n";
    let run = doctor_with(&["read", "--json", "-"], log);
    assert_eq!((run.status, run.causes()), (2, vec![vec!["control-refused".to_owned()]]), "{}", run.out);
}

#[test]
fn a_configuration_file_is_judged_by_line() {
    let scratch = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = scratch.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let bad = write("vsftpd.conf", "listen=YES\npasv_min_port=50100\npasv_max_port=50000\npasv_promiscuous=YES\n");
    let run = doctor(&["config", &bad]);
    assert_eq!(run.status, 1, "{}", run.err);
    let joined = run.out.replace("\n  ", " ");
    assert!(joined.contains(":3: fails: The first passive port, 50100, is above the last"), "{}", run.out);
    assert!(joined.contains(":4: unsafe:"), "{}", run.out);
    assert!(run.out.contains("\n    pasv_promiscuous=NO\n"), "{}", run.out);
    let json = doctor(&["config", "--json", &bad]).json();
    assert_eq!(json["server"], "vsftpd");
    assert_eq!((&json["findings"][0]["line"], &json["findings"][0]["fault"]), (&3.into(), &"range-swapped".into()));

    let good = "pasv_min_port=50000\npasv_max_port=50099\npasv_address=203.0.113.5\nssl_enable=YES\n";
    assert_eq!(doctor_with(&["config", "-"], good).status, 0);
    let pro = write("proftpd.conf", "ServerName x\nPassivePorts 50000 50009\nMaxClients 100\nAllowForeignAddress on\n");
    let run = doctor(&["config", &pro]);
    assert_eq!(run.status, 1);
    assert!(run.out.starts_with("A configuration file of ProFTPD."), "{}", run.out);
    // Our own server is asked, too.
    let ours = write("ftp-server.conf", "user=anna:secret\nno_such_key=1\npasv_min_port=50000\npasv_max_port=50099\n");
    let run = doctor(&["config", &ours]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(run.out.contains("no_such_key") && !run.out.contains("secret"), "{}", run.out);
}

#[test]
fn what_cannot_be_done_is_one_line() {
    for arguments in [&["read", "/nonexistent"][..], &["config", "/nonexistent"], &["http://x"], &[], &["--no-such"]] {
        let run = doctor(arguments);
        assert_eq!((run.status, run.err.matches('\n').count(), &*run.out), (3, 1, ""), "{arguments:?}: {}", run.err);
    }
    let run = doctor_with(&["read", "-"], "nothing of the kind\n");
    assert!(run.status == 3 && run.err.contains("no FTP dialogue"), "{}", run.err);
    assert!(doctor(&["--help"]).out.contains("Exit status"));
}
