//! What the server's machine leaves to the application: who may log in, and what is done with files.
//!
//! Files go as they are in either TYPE, as vsftpd has it: nobody stores ASCII lines any more, and every client
//! asks for TYPE I before it moves a file that matters.

use std::io::{self, Cursor, ErrorKind};
use std::sync::Arc;

use ftp_proto::server::{Pending, Refusal, Transfer};
use ftp_proto::{Code, Command, Path, Text};

use super::data::Content;
use super::listing;
use super::tree::{Entry, Tree, VirtualPath};

/// What is served, and to whom.
pub struct Site {
    pub tree: Tree,
    pub accounts: Vec<Account>,
    /// `anonymous` and `ftp` may read, with any password.
    pub anonymous: bool,
    /// Nobody may change anything.
    pub read_only: bool,
    /// Uploads are written under their names from the start, not only seen once they are complete.
    pub in_place: bool,
}

/// Somebody who may read and write.
#[derive(Clone)]
pub struct Account {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
}

/// Somebody who has connected.
pub struct Visitor {
    site: Arc<Site>,
    may_write: bool,
    directory: VirtualPath,
    /// RNFR's, for RNTO.
    renaming: Option<VirtualPath>,
}

/// Why something isn't done.
struct Denied(Code, &'static str);

type Allowed<T> = Result<T, Denied>;

/// How a transfer begins.
enum Opening {
    Plain(Content<'static>),
    /// The client is told how many bytes come.
    Sized(Content<'static>, u64),
    /// The client is told under which name its file is stored.
    Named(Content<'static>, Vec<u8>),
}

const READ_ONLY: Denied = Denied(Code::FILE_UNAVAILABLE, "Permission denied.");

impl Visitor {
    pub fn new(site: Arc<Site>) -> Self {
        Self { site, may_write: false, directory: VirtualPath::default(), renaming: None }
    }

    /// Does what a command asks for, and answers it.
    pub fn answer(&mut self, pending: Pending<'_>) {
        match pending {
            Pending::Login(login) => {
                let user = login.user().to_vec();
                match login.command() {
                    // Known or not, every name is asked for a password (RFC 2577 5).
                    Command::User(_) => login.need_password(),
                    Command::Pass(password) if self.log_in(&user, password.as_bytes()) => login.accept(),
                    _ => login.refuse(&Denied(Code::NOT_LOGGED_IN, "Login incorrect.").refusal()),
                }
            }
            Pending::Perform(perform) => match self.perform(&perform.command()) {
                Ok(()) => perform.done(),
                Err(denied) => perform.refuse(&denied.refusal()),
            },
            Pending::Exists(exists) => match self.begin_renaming(&exists.command()) {
                Ok(()) => exists.exists(),
                Err(denied) => exists.refuse(&denied.refusal()),
            },
            Pending::Directory(directory) => match self.directory(&directory.command()).and_then(path) {
                Ok(path) => directory.path(&path),
                Err(denied) => directory.refuse(&denied.refusal()),
            },
            Pending::Size(size) => match self.file(&size.command()) {
                Ok(entry) => size.bytes(entry.size),
                Err(denied) => size.refuse(&denied.refusal()),
            },
            Pending::Modified(modified) => match self.file(&modified.command()) {
                Ok(entry) => match listing::time(entry.modified) {
                    Some(time) => modified.at(time),
                    None => modified.refuse(&Denied(Code::FILE_UNAVAILABLE, "No such time.").refusal()),
                },
                Err(denied) => modified.refuse(&denied.refusal()),
            },
            Pending::Hash(_) | Pending::Status(_) | Pending::Extension(_) => {
                pending.refuse(&Denied(Code::NOT_IMPLEMENTED, "Command not implemented.").refusal());
            }
            Pending::Facts(facts) => match self.facts(&facts.command()) {
                Ok((text, path)) => facts.are(&text, &path),
                Err(denied) => facts.refuse(&denied.refusal()),
            },
        }
    }

    /// Opens what a transfer is about, and answers it.
    pub fn open(&mut self, transfer: Transfer<'_>) -> Option<Content<'static>> {
        let opening = self.opening(&transfer.command(), transfer.offset());
        match opening {
            Ok(Opening::Plain(content)) => {
                transfer.accept();
                Some(content)
            }
            Ok(Opening::Sized(content, size)) => {
                transfer.accept_sized(size);
                Some(content)
            }
            Ok(Opening::Named(content, name)) => match path(name) {
                Ok(name) => {
                    transfer.accept_as(&name);
                    Some(content)
                }
                Err(denied) => {
                    transfer.refuse(&denied.refusal());
                    None
                }
            },
            Err(denied) => {
                transfer.refuse(&denied.refusal());
                None
            }
        }
    }

    fn log_in(&mut self, user: &[u8], password: &[u8]) -> bool {
        let has_account = self.site.accounts.iter().any(|account| account.name == user && account.password == password);
        let is_anonymous = [&b"anonymous"[..], b"ftp"].iter().any(|name| user.eq_ignore_ascii_case(name));
        self.may_write = has_account && !self.site.read_only;
        self.directory = VirtualPath::default();
        has_account || (is_anonymous && self.site.anonymous)
    }

    fn perform(&mut self, command: &Command<'_>) -> Allowed<()> {
        let tree = &self.site.tree;
        match command {
            Command::Cwd(path) => self.change_directory(self.at(path)),
            Command::Cdup => self.change_directory(self.directory.parent()),
            Command::Dele(path) => Ok(tree.remove(&self.writable(path)?)?),
            Command::Rmd(path) => Ok(tree.remove_directory(&self.writable(path)?)?),
            Command::Rnto(path) => {
                let to = self.writable(path)?;
                let from = self.renaming.take().ok_or(Denied(Code::BAD_SEQUENCE, "RNFR required first."))?;
                Ok(self.site.tree.rename(&from, &to).map_err(Denied::name)?)
            }
            _ => Err(Denied(Code::NOT_IMPLEMENTED, "Command not implemented.")),
        }
    }

    fn change_directory(&mut self, path: VirtualPath) -> Allowed<()> {
        if !self.site.tree.is_directory(&path)? {
            return Err(Denied(Code::FILE_UNAVAILABLE, "Not a directory."));
        }
        self.directory = path;
        Ok(())
    }

    fn begin_renaming(&mut self, command: &Command<'_>) -> Allowed<()> {
        let Command::Rnfr(path) = command else { return Err(unexpected()) };
        let path = self.writable(path)?;
        self.site.tree.entry(&path)?;
        self.renaming = Some(path);
        Ok(())
    }

    fn directory(&mut self, command: &Command<'_>) -> Allowed<Vec<u8>> {
        let Command::Mkd(path) = command else { return Ok(self.directory.absolute()) };
        let path = self.writable(path)?;
        self.site.tree.make_directory(&path).map_err(Denied::name)?;
        Ok(path.absolute())
    }

    fn file(&self, command: &Command<'_>) -> Allowed<Entry> {
        let (Command::Size(path) | Command::Mdtm(path)) = command else { return Err(unexpected()) };
        match self.site.tree.entry(&self.at(path))? {
            Entry { is_directory: true, .. } => Err(Denied(Code::FILE_UNAVAILABLE, "Not a plain file.")),
            entry => Ok(entry),
        }
    }

    fn facts(&self, command: &Command<'_>) -> Allowed<(Text<'static>, Path<'static>)> {
        let at = match command {
            Command::Mlst(Some(path)) => self.at(path),
            _ => self.directory.clone(),
        };
        let facts = Text::try_from(listing::facts(&self.site.tree.entry(&at)?)).map_err(|_| unexpected())?;
        Ok((facts, path(at.absolute())?))
    }

    fn opening(&mut self, command: &Command<'_>, offset: u64) -> Allowed<Opening> {
        let tree = &self.site.tree;
        Ok(match command {
            Command::Retr(path) => {
                let (file, rest) = tree.read(&self.at(path), offset)?;
                Opening::Sized(Content::source(file), rest)
            }
            Command::Stor(path) => Opening::Plain(sink(tree.write(&self.writable(path)?, offset))?),
            Command::Appe(path) => Opening::Plain(sink(tree.append(&self.writable(path)?))?),
            Command::Stou(wish) => {
                let wish = wish.as_ref().map_or(&b"file"[..], |path| path.as_bytes());
                if !self.may_write {
                    return Err(READ_ONLY);
                }
                let (upload, path) = tree.write_unique(&self.directory.join(wish)).map_err(Denied::name)?;
                Opening::Named(Content::sink(upload), path.absolute())
            }
            Command::List(argument) => {
                let (entries, _) = self.entries(argument.as_ref())?;
                listing(listing::for_people(&entries))
            }
            Command::Nlst(argument) => {
                let (entries, prefix) = self.entries(argument.as_ref())?;
                listing(listing::names(&entries, &prefix))
            }
            Command::Mlsd(argument) => {
                let at = argument.as_ref().map_or_else(|| self.directory.clone(), |path| self.at(path));
                if !tree.is_directory(&at)? {
                    return Err(Denied(Code::ARGUMENT_SYNTAX_ERROR, "Not a directory."));
                }
                listing(listing::for_programs(&tree.entries(&at)?))
            }
            _ => return Err(unexpected()),
        })
    }

    /// What LIST and NLST show, and what NLST puts before each name. Many clients say `-a` or `-la` as if to `ls`:
    /// nothing is hidden here, so that changes nothing.
    fn entries(&self, argument: Option<&Path<'_>>) -> Allowed<(Vec<Entry>, Vec<u8>)> {
        let mut path = argument.map_or(&b""[..], |path| path.as_bytes());
        while path.starts_with(b"-") {
            let end = path.iter().position(|byte| *byte == b' ').map_or(path.len(), |blank| blank + 1);
            path = &path[end..];
        }
        let at = self.directory.join(path);
        if self.site.tree.is_directory(&at)? {
            let separator: &[u8] = if path.is_empty() || path.ends_with(b"/") { b"" } else { b"/" };
            return Ok((self.site.tree.entries(&at)?, [path, separator].concat()));
        }
        let directory = path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |slash| &path[..=slash]);
        Ok((vec![self.site.tree.entry(&at)?], directory.to_vec()))
    }

    fn at(&self, path: &Path<'_>) -> VirtualPath {
        self.directory.join(path.as_bytes())
    }

    fn writable(&self, path: &Path<'_>) -> Allowed<VirtualPath> {
        if self.may_write { Ok(self.at(path)) } else { Err(READ_ONLY) }
    }
}

impl Denied {
    fn refusal(&self) -> Refusal<'static> {
        let text = Text::new(self.1).unwrap_or_default();
        Refusal::new(self.0, text.clone()).unwrap_or_else(|| Refusal::unavailable(text))
    }

    /// Something can't be made under that name: 553.
    fn name(error: io::Error) -> Self {
        match Self::from(error) {
            Self(Code::FILE_UNAVAILABLE, text) => Self(Code::FILE_NAME_NOT_ALLOWED, text),
            denied => denied,
        }
    }
}

impl From<io::Error> for Denied {
    fn from(error: io::Error) -> Self {
        let text = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                return Self(Code::INSUFFICIENT_STORAGE, "Insufficient storage space.");
            }
            ErrorKind::UnexpectedEof => return Self(Code::INVALID_RESTART, "No such place in the file."),
            ErrorKind::InvalidFilename => return Self(Code::FILE_NAME_NOT_ALLOWED, "No such name is possible."),
            ErrorKind::NotFound => "No such file or directory.",
            ErrorKind::AlreadyExists => "It exists already.",
            ErrorKind::DirectoryNotEmpty => "The directory isn't empty.",
            ErrorKind::NotADirectory => "Not a directory.",
            ErrorKind::IsADirectory => "Not a plain file.",
            // A path out of the tree is among these.
            ErrorKind::PermissionDenied => "Permission denied.",
            _ => "Failed.",
        };
        Self(Code::FILE_UNAVAILABLE, text)
    }
}

/// The machine never asks that: each question comes with its own commands.
fn unexpected() -> Denied {
    Denied(Code::LOCAL_ERROR, "Local error in processing.")
}

fn sink(upload: io::Result<super::tree::Upload>) -> Allowed<Content<'static>> {
    Ok(Content::sink(upload.map_err(Denied::name)?))
}

fn listing(lines: Vec<u8>) -> Opening {
    Opening::Plain(Content::source(Cursor::new(lines)))
}

fn path(bytes: Vec<u8>) -> Allowed<Path<'static>> {
    Path::try_from(bytes).map_err(|_| unexpected())
}
