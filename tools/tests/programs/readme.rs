//! What the README says, tried: its certificate, and its table of keys.

use std::fs;
use std::path::Path;
use std::process::Command;

use ftp_proto_tools::config::file::{self, KEYS};
use ftp_proto_tools::server::service::Service;

use crate::processes::{CLIENTS, SERVERS, Server, client_program};

const README: &str = include_str!("../../README.md");

/// The commands of the README's shell blocks, each on one line.
fn commands() -> Vec<String> {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn command(beginning: &str) -> String {
    commands()
        .into_iter()
        .find(|line| line.starts_with(beginning))
        .unwrap_or_else(|| panic!("no {beginning} in the README"))
}

#[test]
fn our_own_client_takes_the_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let made = Command::new("sh").args(["-c", &command("openssl req")]).current_dir(directory.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let file = |name| directory.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    for server in SERVERS {
        let options = ["--certificate", &certificate, "--key", &key, "--tls", "data"];
        let running = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &options);
        fs::write(running.root().join("notes.txt"), "hello").unwrap();
        let port = running.address.rsplit(':').next().unwrap();
        // As it is there, but for the port.
        let line = command("ftp-client --tls explicit").replace(":2121", &format!(":{port}"));
        let arguments = line.split_whitespace().skip(1);
        for client in CLIENTS {
            let output = client_program(client).args(arguments.clone()).current_dir(directory.path()).output().unwrap();
            assert!(output.status.success(), "{client}: {output:?}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("notes.txt"), "{client}: {output:?}");
            // By its address, too; and it stands for nobody else.
            let url = format!("ftp://anna:secret@127.0.0.1:{port}/notes.txt");
            let get = ["--tls", "explicit", "--ca", &certificate, "get", &url, "-"];
            let output = client_program(client).args(get).output().unwrap();
            assert_eq!(output.stdout, b"hello", "{client}: {output:?}");
        }
    }
}

/// The cells of a table's row, without what marks code.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().replace('`', "")).collect())
}

#[test]
fn the_readme_s_table_of_keys_is_the_program_s() {
    let section = README.split("### What a file leaves out").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let rows: Vec<_> = section.lines().filter_map(cells).skip(2).collect();
    let or_none = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
    let expected: Vec<_> = KEYS
        .iter()
        .map(|key| {
            let theirs = key.vsftpd.map_or("no such key".to_owned(), or_none);
            let ours = if key.vsftpd == Some(key.ours) { "the same".to_owned() } else { or_none(key.ours) };
            vec![key.name.to_owned(), theirs, ours]
        })
        .collect();
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row[..3], expected[..]);
    }
    assert_eq!(rows.len(), expected.len());
    // And each key stands beside its option, or alone, in the table of options.
    let options = README.split("| option | key | |").nth(1).unwrap().split("\n\n").next().unwrap();
    for key in
        KEYS.iter().filter(|key| !["listen", "listen_ipv6", "chroot_local_user", "local_enable"].contains(&key.name))
    {
        assert!(options.contains(&format!("`{}", key.name)), "{}", key.name);
    }
}

/// What a service does, as far as a file can say it.
fn behaviour(service: &Service) -> String {
    let (config, site) = (&service.config, &service.site);
    let users: Vec<_> = site.accounts.iter().map(|account| String::from_utf8_lossy(&account.name)).collect();
    format!(
        "{config:?} {users:?} {} {} {:?} {:?} {:?} {:?}",
        site.anonymous, site.read_only, site.uploads, site.text, service.banner, service.house
    )
}

fn service(directory: &Path, lines: &str) -> String {
    let path = directory.join("ftpd.conf");
    let file = format!("listen_port=2121\nlocal_root={}\nuser=anna:secret\n{lines}", directory.display());
    fs::write(&path, file).unwrap();
    let (address, service) = file::read(&path).unwrap().service().unwrap_or_else(|error| panic!("{lines}: {error:#}"));
    format!("{address} {}", behaviour(&service))
}

#[test]
fn what_a_file_leaves_out_is_as_the_table_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let usual = service(directory.path(), "");
    let mut differ = 0;
    for key in KEYS.iter().filter(|key| !key.ours.is_empty() && key.name != "ssl_enable") {
        assert_eq!(service(directory.path(), &format!("{}={}\n", key.name, key.ours)), usual, "{}", key.name);
        // Where the table says that vsftpd has it otherwise, it is.
        let other = key.vsftpd.filter(|theirs| {
            *theirs != key.ours && !["listen", "chroot_local_user", "local_enable"].contains(&key.name)
        });
        if let Some(theirs) = other {
            assert_ne!(service(directory.path(), &format!("{}={theirs}\n", key.name)), usual, "{}", key.name);
            differ += 1;
        }
    }
    assert!(differ >= 5, "{differ}");
}
