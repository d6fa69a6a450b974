//! The application behind our server: the same files, the same users and the same rights as the probed servers had.

use ftp_proto::server::{Answer, Config, Question, Refusal};
use ftp_proto::{Code, Command, Path, Reply, Text, Time, Verb};

/// Whose part is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    /// Who may log in.
    user: &'static [u8],
    /// Where the session begins; the directories above it can be entered.
    home: &'static str,
    /// What stands there besides `a.txt`, of six bytes.
    directories: &'static [&'static str],
    /// Whether directories can be made.
    makes: bool,
    /// Whether files can be renamed.
    renames: bool,
}

pub const PEERS: [Peer; 4] = [
    Peer {
        name: "vsftpd",
        user: b"anonymous",
        home: "/srv/ftp/home",
        directories: &["sub"],
        makes: false,
        renames: false,
    },
    Peer { name: "proftpd", user: b"u", home: "/srv/ftp/home", directories: &["sub"], makes: true, renames: true },
    // pyftpdlib's probe, which came first, had made sub/sub.
    Peer { name: "pure-ftpd", user: b"u", home: "/", directories: &["sub", "sub/sub"], makes: false, renames: true },
    Peer { name: "pyftpdlib", user: b"u", home: "/", directories: &["sub"], makes: true, renames: true },
];

pub struct Application {
    peer: Peer,
    directory: String,
    directories: Vec<String>,
    file: String,
}

/// What our example servers offer beyond the default.
pub fn config() -> Config {
    let mut config = Config::default();
    config.support = config.support.with(&[Verb::Site, Verb::Mfmt, Verb::Stat]).unwrap();
    config.support = config.support.clone().with_site(["CHMOD <SP> mode <SP> path"]).unwrap();
    config
}

impl Application {
    pub fn new(peer: Peer) -> Self {
        let mut directories: Vec<String> = peer
            .home
            .char_indices()
            .filter(|(_, character)| *character == '/')
            .map(|(at, _)| peer.home[..at.max(1)].into())
            .collect();
        directories.push(peer.home.into());
        directories.extend(peer.directories.iter().map(|name| join(peer.home, name)));
        Self { peer, directory: peer.home.into(), directories, file: join(peer.home, "a.txt") }
    }

    pub fn answer(&mut self, question: Question<'_>) {
        let command = question.command().clone();
        let named = command_path(&command).map(|path| join(&self.directory, path));
        let at = named.as_deref().unwrap_or(&self.directory).to_owned();
        let (is_file, is_directory) = (at == self.file, self.directories.contains(&at));
        match (question, &command) {
            (Question::Login(login), Command::User(_)) => login.need_password(),
            (Question::Login(login), _) if login.user() == self.peer.user => login.accept(),
            (Question::Login(login), _) => login.refuse(&Refusal::not_logged_in(text("Login incorrect."))),
            (Question::Perform(perform), Command::Cwd(_)) if is_directory => {
                self.directory = at;
                perform.done();
            }
            (Question::Perform(perform), Command::Cdup) => {
                let above = self.directory.rsplit_once('/').map_or("", |(above, _)| above);
                self.directory = if above.is_empty() { "/".into() } else { above.into() };
                perform.done();
            }
            (Question::Perform(perform), Command::Rmd(_)) if is_directory && self.peer.makes => {
                self.directories.retain(|directory| *directory != at);
                perform.done();
            }
            // REIN, where the application has a say: nothing is to be forgotten but the directory.
            (Question::Perform(perform), Command::Rein) => {
                self.directory = self.peer.home.into();
                perform.done();
            }
            (Question::Exists(exists), _) if (is_file || is_directory) && self.peer.renames => exists.exists(),
            (Question::Directory(directory), Command::Pwd) => directory.path(&Path::new(&self.directory).unwrap()),
            (Question::Directory(directory), Command::Mkd(_)) if self.peer.makes && !is_directory && !is_file => {
                directory.path(&Path::new(&at).unwrap());
                self.directories.push(at);
            }
            (Question::Size(size), _) if is_file => size.bytes(6),
            (Question::Modified(modified), _) if is_file => modified.at(Time::parse(b"20261121032533").unwrap()),
            (Question::Facts(facts), _) if is_file => {
                facts.are(&text("type=file;size=6;"), &Path::new(&at).unwrap());
            }
            (Question::Facts(facts), _) if is_directory => facts.are(&text("type=dir;"), &Path::new(&at).unwrap()),
            (Question::Status(status), _) if is_file => status.lines([text("-rw-r--r-- a.txt")]),
            (Question::Status(status), _) if is_directory || at.contains("-l") => {
                status.lines([text("-rw-r--r-- a.txt"), text("drwxr-xr-x sub")]);
            }
            (Question::Extension(extension), Command::Site(words)) if self.directory == self.peer.home => {
                let site = words.as_bytes().to_ascii_uppercase();
                if site.starts_with(b"CHMOD") && self.peer.renames {
                    extension
                        .answer(&Answer::new(Verb::Site, Reply::from_static(Code::COMMAND_OKAY, "Done.")).unwrap());
                } else {
                    extension.refuse(&Refusal::unavailable(text("Permission denied.")));
                }
            }
            (question, _) => question.refuse(&Refusal::unavailable(text("No such file or directory."))),
        }
    }
}

fn text(text: &'static str) -> Text<'static> {
    Text::new(text).unwrap()
}

fn command_path<'a>(command: &'a Command<'_>) -> Option<&'a [u8]> {
    match command {
        Command::Cwd(path)
        | Command::Mkd(path)
        | Command::Rmd(path)
        | Command::Dele(path)
        | Command::Rnfr(path)
        | Command::Size(path)
        | Command::Mdtm(path)
        | Command::Mlst(Some(path))
        | Command::Stat(Some(path)) => Some(path.as_bytes()),
        _ => None,
    }
}

/// The place of a name in a directory.
fn join(directory: &str, name: impl AsRef<[u8]>) -> String {
    let name = String::from_utf8_lossy(name.as_ref());
    if name.starts_with('/') {
        return name.into_owned();
    }
    format!("{}/{name}", directory.trim_end_matches('/'))
}
