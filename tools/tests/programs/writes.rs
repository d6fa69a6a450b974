//! Both servers' adapters against a client that doesn't read what it is told.
#![cfg(unix)]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ftp_proto::Verb;
use ftp_proto::server::Config;
use ftp_proto_tools::server::service::Service;
use ftp_proto_tools::server::site::{Account, Site};
use ftp_proto_tools::server::{std_adapter, tokio_adapter};
use ftp_proto_tools::tree::Tree;

use crate::processes::Session;

/// How long a client may take nothing.
const PATIENCE: Duration = Duration::from_millis(300);

const LISTINGS: usize = 1000;

/// A server in this process, with a directory whose listing is long.
fn start(root: &std::path::Path, serve: fn(&TcpListener, &Arc<Service>) -> std::io::Result<()>) -> SocketAddr {
    let mut config = Config::default();
    config.patience.write = PATIENCE;
    config.support = config.support.with(&[Verb::Stat]).unwrap();
    let accounts = vec![Account { name: "anna".into(), password: "secret".into() }];
    let site = Site { tree: Tree::open(root).unwrap(), accounts, anonymous: false, read_only: false, in_place: false };
    let service = Arc::new(Service::plain(config, site).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(&listener, &service));
    address
}

#[test]
fn a_client_that_never_reads_is_given_up() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..500 {
        fs::write(root.path().join(format!("{number:0>100}")), "").unwrap();
    }
    let visits = [std_adapter::serve, tokio_adapter::serve].map(|serve| {
        let address = start(root.path(), serve);
        thread::spawn(move || visit(address))
    });
    visits.into_iter().for_each(|visit| visit.join().unwrap());
}

fn visit(address: SocketAddr) {
    let mut session = Session::dial(address);
    session.log_in("anna", "secret");
    let control = session.control.get_mut();
    control.write_all("STAT .\r\n".repeat(LISTINGS).as_bytes()).unwrap();
    // First the system takes some of it. One listing has some 80 KiB, and so at most six times the patience.
    thread::sleep(Duration::from_secs(2) + PATIENCE * 7);
    let mut said = Vec::new();
    match session.control.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    let listings = said.windows(5).filter(|line| line == b"\n213 ").count();
    assert!(listings > 0 && listings < LISTINGS, "{listings} of {LISTINGS}: it was waited for");
    // Others are served all the same.
    Session::dial(address).log_in("anna", "secret");
}
