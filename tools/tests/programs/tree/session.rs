//! A session of the server's machine with the file-system module, without sockets: what the adapters do,
//! and their data connections as bytes in memory.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Config, Greeting, Server};
use ftp_proto::{Endpoints, Instant, Moved, StreamEnd, Text, Verdict};

use ftp_proto_tools::net::content::Content;
use ftp_proto_tools::server::site::{Account, Site, TypeA};
use ftp_proto_tools::server::visitor::{self, Visitor};
use ftp_proto_tools::tree::{Tree, Uploads};

pub struct Session {
    server: Server,
    visitor: Visitor,
    content: Option<Content<'static>>,
    /// What the client sends as its next upload, and how that ends.
    pub upload: (Vec<u8>, StreamEnd),
    /// What the last download brought.
    pub download: Vec<u8>,
    /// A transfer stays under way once its bytes have moved, until the next `say`.
    pub holds: bool,
    /// How often the machine asked for a command's answer.
    pub asked: usize,
    now: Duration,
}

pub fn site(root: &Path) -> Site {
    let accounts = vec![Account { name: "anna".into(), password: "secret".into() }];
    Site {
        tree: Tree::open(root).unwrap(),
        accounts,
        anonymous: true,
        read_only: false,
        uploads: Uploads::Whole,
        text: TypeA::default(),
        max_expansion: None,
    }
}

impl Session {
    /// Of somebody who may write, if the site lets anybody.
    pub fn new(site: &Arc<Site>) -> Self {
        Self::of(site, "anna")
    }

    pub fn of(site: &Arc<Site>, user: &str) -> Self {
        let client: SocketAddr = "192.0.2.1:40000".parse().unwrap();
        let mut config = Config::default();
        config.support = Site::support().unwrap();
        let ends = Endpoints::new("192.0.2.2:21".parse().unwrap(), client);
        let greeting = Greeting::ready(Text::from_static("ready"));
        let mut this = Self {
            server: Server::new(Arc::new(config), ends, &greeting, Instant::default()),
            visitor: Visitor::new(site.clone()),
            content: None,
            upload: (Vec::new(), StreamEnd::Clean),
            download: Vec::new(),
            holds: false,
            asked: 0,
            now: Duration::ZERO,
        };
        assert!(this.say(format!("USER {user}")).contains("331 "));
        assert!(this.say("PASS secret").starts_with("230 "));
        assert!(this.say("TYPE I").starts_with("200 "));
        this
    }

    /// One command line, and all that is answered to it; bytes that aren't UTF-8 as U+FFFD.
    pub fn say(&mut self, line: impl AsRef<[u8]>) -> String {
        self.server.received(&[line.as_ref(), b"\r\n"].concat());
        self.run()
    }

    /// The same for a transfer, with its data connection.
    pub fn transfer(&mut self, line: impl AsRef<[u8]>) -> String {
        assert!(self.say("PASV").starts_with("227 "));
        self.download.clear();
        self.say(line)
    }

    pub fn store(&mut self, line: impl AsRef<[u8]>, bytes: &[u8], end: StreamEnd) -> String {
        self.upload = (bytes.to_vec(), end);
        self.transfer(line)
    }

    /// The control connection is closed by the client.
    pub fn leave(&mut self) -> String {
        self.server.received(&[]);
        self.run()
    }

    /// The held transfer goes on, and ends.
    pub fn go_on(&mut self) -> String {
        self.holds = false;
        self.run()
    }

    fn run(&mut self) -> String {
        let mut said = Vec::new();
        loop {
            self.now += Duration::from_millis(1);
            match self.server.poll(Instant::from_origin(self.now)) {
                Action::Write(write) => {
                    let count = write.bytes().len();
                    said.extend_from_slice(write.bytes());
                    write.wrote(count);
                }
                Action::Read { .. } | Action::Leave => break,
                Action::Question(question) => {
                    self.asked += 1;
                    self.visitor.answer(question);
                }
                Action::Transfer(transfer) => self.content = self.visitor.open(transfer),
                Action::Listen(listen) => listen.listening("192.0.2.2:50000".parse().unwrap()),
                Action::Accept(accept) => {
                    assert_eq!(accept.accepted("192.0.2.1:40001".parse().unwrap()), Verdict::Take);
                }
                Action::Stream(stream) => {
                    let mut end = StreamEnd::Clean;
                    match self.content.as_mut().unwrap() {
                        Content::Source(source) => drop(source.read_to_end(&mut self.download).unwrap()),
                        Content::Sink(sink) => {
                            sink.write_all(&std::mem::take(&mut self.upload.0)).unwrap();
                            end = self.upload.1;
                        }
                    }
                    if self.holds {
                        break;
                    }
                    self.content.take_if(|_| end != StreamEnd::Clean);
                    stream.finished(end, Moved::Bytes(0));
                }
                Action::Look(look) => look.looked(),
                Action::Commit(commit) => visitor::keep(commit, self.content.take()),
                Action::Close(close) => {
                    self.content = None;
                    close.closed(Moved::Bytes(0));
                }
                other => panic!("{other:?}"),
            }
        }
        String::from_utf8_lossy(&said).into_owned()
    }
}
