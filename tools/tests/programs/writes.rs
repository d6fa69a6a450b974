//! Both servers' adapters against a client that doesn't read what it is told.
#![cfg(unix)]

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ftp_proto::server::Config;
use ftp_proto_tools::server::service::Service;
use ftp_proto_tools::server::site::{Account, Site, TypeA};
use ftp_proto_tools::server::{std_adapter, tokio_adapter};
use ftp_proto_tools::tree::{Tree, Uploads};
use socket2::SockRef;

use crate::processes::Session;

/// More of what FEAT says than any system takes for somebody who doesn't read.
const QUESTIONS: usize = 80_000;

/// The system has taken all that it takes long before.
const LONG: Duration = Duration::from_secs(120);

type Serve = fn(&TcpListener, &Arc<Service>) -> std::io::Result<()>;

/// A server in this process, with little patience.
fn start(root: &std::path::Path, serve: Serve) -> (SocketAddr, Arc<Service>) {
    let mut config = Config::default();
    config.patience.write = Duration::from_millis(300);
    let accounts = vec![Account { name: "anna".into(), password: "secret".into() }];
    let site = Site {
        tree: Tree::open(root).unwrap(),
        accounts,
        anonymous: false,
        read_only: false,
        uploads: Uploads::Whole,
        text: TypeA::default(),
        max_expansion: None,
    };
    let service = Arc::new(Service::plain(config, site).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = service.clone();
    thread::spawn(move || serve(&listener, &served));
    (address, service)
}

#[test]
fn a_client_that_never_reads_is_given_up() {
    let root = tempfile::tempdir().unwrap();
    let visits = [std_adapter::serve as Serve, tokio_adapter::serve].map(|serve| {
        let (address, service) = start(root.path(), serve);
        thread::spawn(move || {
            let mut session = Session::dial(address);
            session.log_in("anna", "secret");
            // Else the system may take all of it.
            SockRef::from(session.control.get_ref()).set_recv_buffer_size(64 * 1024).unwrap();
            session.control.get_mut().write_all("FEAT\r\n".repeat(QUESTIONS).as_bytes()).unwrap();
            let begun = Instant::now();
            service.house.wait_until_empty(LONG);
            assert!(begun.elapsed() < LONG, "it is waited for");
            // Others are served all the same.
            Session::dial(address).log_in("anna", "secret");
        })
    });
    visits.into_iter().for_each(|visit| visit.join().unwrap());
}
