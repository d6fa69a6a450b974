//! The configuration file and the command line of the server.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::processes::{CLIENTS, SERVERS, Server, one_line_of_failure, server_program};

/// What a server says that gets this file.
fn complaint(server: &str, file: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ftpd.conf");
    fs::write(&path, file).unwrap();
    let output = server_program(server).args(["--listen", "127.0.0.1:0", "--config"]).arg(path).output().unwrap();
    one_line_of_failure(&output)
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line() {
    for server in SERVERS {
        for (file, expected) in [
            ("# hello\n\nanonymous_enabled=YES\n", "ftpd.conf, line 3: anonymous_enabled: no such key"),
            ("anonymous_enable=YES\nanonymous_enable\n", "ftpd.conf, line 2: it must be key=value"),
            ("anonymous_enable=MAYBE\n", "ftpd.conf, line 1: anonymous_enable: it must be YES or NO"),
            ("anonymous_enable = YES\n", "ftpd.conf, line 1: anonymous_enable : no blanks may be around the ="),
            ("pasv_min_port=70000\n", "ftpd.conf, line 1: pasv_min_port: \"70000\" is no number that fits"),
            ("pasv_address=here\n", "ftpd.conf, line 1: pasv_address: it must be an IPv4 address"),
            ("idle_session_timeout=0\n", "ftpd.conf, line 1: idle_session_timeout: it must be at least 1 second"),
            ("user=secret\n", "ftpd.conf, line 1: user: it must be NAME:PASSWORD"),
            ("anonymous_enable=YES\nlocal_root=/\npasv_min_port=3\npasv_max_port=2\n", "pasv_min_port is above"),
            ("anonymous_enable=YES\nlocal_root=/\nssl_enable=YES\n", "TLS needs a certificate"),
            ("anonymous_enable=YES\nlocal_root=/\nssl_enable=YES\nrsa_cert_file=/none\n", "/none"),
            ("  # hello\n", "ftpd.conf, line 1: it must be key=value"),
            ("listen=NO\n\nuser_list=x\n", "ftpd.conf, line 3: user_list: no such key"),
            ("chroot_local_user=NO\n", "ftpd.conf, line 1: chroot_local_user: no path leads out of the root"),
            ("local_root=/\nuser=anna:secret\nlocal_enable=NO\n", "nobody could log in"),
            ("anonymous_enable=YES\nlocal_root=/\nrsa_private_key_file=/none\n", "the key needs its certificate"),
            ("anonymous_enable=YES\n", "nothing to serve"),
            ("anonymous_enable=YES\nuser=anna:secret\nanon_root=/\n", "nothing to serve"),
            ("anonymous_enable=YES\nlocal_root=/\nanon_root=/tmp\n", "only one directory can be served"),
        ] {
            let message = complaint(server, file);
            assert!(message.starts_with("ftp-server: ") && message.contains(expected), "{file:?}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
        let output = server_program(server).args(["--config", "/no/such/file"]).output().unwrap();
        assert!(one_line_of_failure(&output).contains("/no/such/file"));
    }
}

#[test]
fn a_file_in_vsftpds_words_is_obeyed() {
    for server in SERVERS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ftpd.conf");
        let file = "# as vsftpd has it\nwrite_enable=NO\npasv_min_port=40170\npasv_max_port=40189\npasv_address=192.0.2.9\n\
                    port_enable=NO\nftpd_banner=Hello there.\nmax_clients=1\nuser=bert:other\nmax_login_fails=1\n\
                    delay_failed_login=0\nssl_enable=NO\n";
        fs::write(&path, file).unwrap();
        let running = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &["--config", path.to_str().unwrap()]);
        let mut session = running.dial();
        let second = std::net::TcpStream::connect(&running.address).unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut &second, &mut said).unwrap();
        assert!(said.starts_with("421 "), "{server}: {said}");
        session.log_in("bert", "other");
        assert!(session.say("MKD new").starts_with("550"), "{server}");
        assert_eq!(session.say("PORT 127,0,0,1,200,1"), "550 Permission denied.\r\n", "{server}");
        let reply = session.say("PASV");
        let numbers: Vec<u16> =
            reply.split(['(', ')']).nth(1).unwrap().split(',').map(|n| n.parse().unwrap()).collect();
        assert_eq!(numbers[..4], [192, 0, 2, 9], "{server}");
        assert!((40170..=40189).contains(&(numbers[4] * 256 + numbers[5])), "{server}: {reply}");
    }
}

#[test]
fn a_file_is_read_as_vsftpd_reads_it() {
    for server in SERVERS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ftpd.conf");
        // Blanks before a key, lines that end in CRLF, and what is said last of a key.
        let file = "listen=NO\r\nlisten_ipv6=yes\r\nlocal_enable=YES\r\nchroot_local_user=YES\r\nwrite_enable=NO\r\n \t\r\n\
                    \tport_enable=no\r\npasv_address=192.0.2.1\r\npasv_address=192.0.2.9\r\nwrite_enable=true";
        fs::write(&path, file).unwrap();
        let running = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &["--config", path.to_str().unwrap()]);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        assert!(session.say("MKD new").starts_with("257"), "{server}");
        assert_eq!(session.say("PORT 127,0,0,1,200,1"), "550 Permission denied.\r\n", "{server}");
        assert!(session.say("PASV").contains("(192,0,2,9,"), "{server}");
    }
}

#[test]
fn the_file_alone_says_where_to_listen() {
    for server in SERVERS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ftpd.conf");
        fs::write(&path, "listen=NO\nlisten_port=0\nanonymous_enable=YES\nlocal_root=/\n").unwrap();
        let output = server_program(server).arg("--config").arg(path).output().unwrap();
        assert!(one_line_of_failure(&output).contains("nobody could come: listen=NO"), "{server}");
        for (file, expected) in [
            ("listen=YES\nlisten_port=0\n", "listening on 0.0.0.0:"),
            ("listen_ipv6=YES\nlisten=NO\nlisten_port=0\n", "listening on [::]:"),
            ("listen_port=0\nlisten_address=127.0.0.1\n", "listening on 127.0.0.1:"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("ftpd.conf");
            fs::write(&path, format!("{file}anonymous_enable=YES\nlocal_root={}\n", directory.path().display()))
                .unwrap();
            let mut process = server_program(server).arg("--config").arg(path).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
            process.kill().unwrap();
            process.wait().unwrap();
            assert!(line.starts_with(expected), "{server}: {line}");
        }
    }
}

#[test]
fn the_command_line_comes_before_the_file() {
    for server in SERVERS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ftpd.conf");
        let file = "local_root=/no/such/directory\nuser=anna:wrong\nlisten_address=192.0.2.1\nlisten_port=1\nmax_login_fails=1\n\
                    pasv_min_port=40170\npasv_max_port=40189\nwrite_enable=YES\n";
        fs::write(&path, file).unwrap();
        let options = ["--config", path.to_str().unwrap(), "--passive-ports", "40190-40199", "--read-only"];
        let running = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &options);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        assert!(session.say("MKD new").starts_with("550"), "{server}");
        let reply = session.say("EPSV");
        let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
        assert!((40190..=40199).contains(&port), "{server}: {reply}");
        let mut session = running.dial();
        assert!(session.say("USER anna").starts_with("331"));
        assert!(session.say("PASS wrong").starts_with("421"), "{server}: the first failure is the last");
    }
}

#[test]
fn of_two_passwords_for_one_name_the_last_one_counts() {
    for server in SERVERS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ftpd.conf");
        fs::write(&path, "user=bert:old\nuser=bert:new\n").unwrap();
        let options = ["--config", path.to_str().unwrap(), "--user", "carl:old", "--user", "carl:new"];
        let running = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &options);
        for name in ["bert", "carl"] {
            let mut session = running.dial();
            session.say(&format!("USER {name}"));
            assert!(session.say("PASS old").starts_with("530"), "{server}, {name}");
            session.log_in(name, "new");
        }
    }
}

#[test]
fn each_program_says_its_version() {
    let programs = [
        ("ftp-client", env!("CARGO_BIN_EXE_ftp-client")),
        ("ftp-server", env!("CARGO_BIN_EXE_ftp-server")),
        ("ftp-doctor", env!("CARGO_BIN_EXE_ftp-doctor")),
        ("ftp-proxy", env!("CARGO_BIN_EXE_ftp-proxy")),
    ];
    for (name, program) in programs {
        let output = Command::new(program).arg("--version").output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim_end(), format!("{name} {}", env!("CARGO_PKG_VERSION")));
    }
}
