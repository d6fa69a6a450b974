//! The application of a session: it answers who may log in, and works on files.
//!
//! In TYPE A line ends are converted, unless the [site](Site::text) says otherwise: CR LF on the data connection, LF in a file. Most
//! clients send TYPE I before they transfer a file.

use std::io::{self, Cursor, ErrorKind};
use std::sync::Arc;

use ftp_proto::codec::{LineEnd, is_verbatim};
use ftp_proto::server::{Answer, Commit, CommitError, Hash, Question, Transfer};
use ftp_proto::{
    Code, Command, Direction, Ending, Form, Moved, Path, Reply, Site as SiteCommand, Stream, StreamEnd, Text, Type,
    Verb,
};

use super::denied::{Allowed, Denied, FAILED, READ_ONLY, UNEXPECTED};
use super::site::{Rights, Site};
use crate::net::content::{Content, Promised};
use crate::net::convert::Deflate;
use crate::net::data::local_end;
use crate::tree::glob::{Budget, Pattern};
use crate::tree::hash::Hashing;
use crate::tree::listing;
use crate::tree::{Begin, Entry, Kind, Upload, VirtualPath};

/// The client of a session.
pub struct Visitor {
    site: Arc<Site>,
    rights: Rights,
    directory: VirtualPath,
    /// The path of RNFR, for RNTO.
    renaming: Option<VirtualPath>,
    /// The hash that is being computed, and the serial of its question.
    hashing: Option<Box<(u64, Hashing)>>,
}

/// How a transfer is accepted.
enum Opening {
    Plain(Content<'static>),
    /// With the number of bytes, which the client is told.
    Sized(Content<'static>, u64),
    /// With the name of the stored file, which the client is told.
    Named(Content<'static>, Vec<u8>),
}

/// How much matching the patterns of one listing may cost: some milliseconds.
const PATTERN_STEPS: u64 = 5_000_000;

/// The line ends of files: LF. Lines that end with CR LF are sent unchanged, as vsftpd and ProFTPD do.
const FILES: LineEnd = LineEnd::Either;

const NOT_IMPLEMENTED: Denied = Denied(Code::NOT_IMPLEMENTED, "Command not implemented.");

impl Visitor {
    pub fn new(site: Arc<Site>) -> Self {
        Self { site, rights: Rights::Read, directory: VirtualPath::default(), renaming: None, hashing: None }
    }

    /// Carries out a command and answers it. If that takes long, it does only a part and leaves the question open, which comes again: meanwhile
    /// other sessions run.
    pub fn answer(&mut self, question: Question<'_>) {
        let serial = question.serial();
        self.hashing.take_if(|hashing| hashing.0 != serial);
        match question {
            Question::Login(login) => {
                let user = login.user().to_vec();
                match login.command() {
                    // Known or not, every name is asked for a password (RFC 2577 5).
                    Command::User(_) => login.need_password(),
                    Command::Pass(password) if self.log_in(&user, password.as_bytes()) => login.accept(),
                    _ => login.refuse(&Denied(Code::NOT_LOGGED_IN, "Login incorrect.").refusal()),
                }
            }
            Question::Perform(perform) => match self.perform(perform.command()) {
                Ok(()) => perform.done(),
                Err(denied) => perform.refuse(&denied.refusal()),
            },
            Question::Exists(exists) => match self.begin_renaming(exists.command()) {
                Ok(()) => exists.exists(),
                Err(denied) => exists.refuse(&denied.refusal()),
            },
            Question::Directory(directory) => match self.directory(directory.command()).and_then(path) {
                Ok(path) => directory.path(&path),
                Err(denied) => directory.refuse(&denied.refusal()),
            },
            Question::Size(size) => match self.file(size.command()) {
                Ok(entry) => size.bytes(entry.size),
                Err(denied) => size.refuse(&denied.refusal()),
            },
            Question::Modified(modified) => match self.file(modified.command()) {
                Ok(entry) => match listing::time(entry.modified) {
                    Some(time) => modified.at(time),
                    None => modified.refuse(&Denied(Code::FILE_UNAVAILABLE, "No such time.").refusal()),
                },
                Err(denied) => modified.refuse(&denied.refusal()),
            },
            Question::Facts(facts) => match self.facts(facts.command(), &facts.wanted().collect::<Vec<_>>()) {
                Ok((text, path)) => facts.are(&text, &path),
                Err(denied) => facts.refuse(&denied.refusal()),
            },
            Question::Hash(hash) => match self.hash(&hash, serial) {
                Ok(Some((digest, size))) => hash.is(&digest, size),
                Ok(None) => drop(hash),
                Err(denied) => hash.refuse(&denied.refusal()),
            },
            Question::Status(status) => match self.status(status.command()) {
                Ok(entries) => status.lines(listing::for_status(&entries)),
                Err(denied) => status.refuse(&denied.refusal()),
            },
            Question::Extension(extension) => match self.extension(extension.command()) {
                Ok(answer) => extension.answer(&answer),
                Err(denied) => extension.refuse(&denied.refusal()),
            },
        }
    }

    /// Whether a question was left open, since its answer takes long.
    pub fn is_busy(&self) -> bool {
        self.hashing.is_some()
    }

    /// Opens the file or listing of a transfer, and accepts or refuses it.
    pub fn open(&mut self, transfer: Transfer<'_>) -> Option<Content<'static>> {
        match self.opening(&transfer) {
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
        let rights = self.site.log_in(user, password);
        self.rights = rights.unwrap_or(Rights::Read);
        self.directory = VirtualPath::default();
        self.renaming = None;
        rights.is_some()
    }

    fn may_write(&self) -> bool {
        self.rights == Rights::ReadAndWrite
    }

    fn perform(&mut self, command: &Command<'_>) -> Allowed<()> {
        let tree = &self.site.tree;
        match command {
            // Nobody has logged in.
            Command::Rein => {
                *self = Self::new(self.site.clone());
                Ok(())
            }
            Command::Cwd(path) => self.change_directory(self.at(path)),
            Command::Cdup => self.change_directory(self.directory.parent()),
            Command::Dele(path) => Ok(tree.remove(&self.writable(path)?)?),
            Command::Rmd(path) => Ok(tree.remove_directory(&self.writable(path)?)?),
            Command::Rnto(path) => {
                let to = self.writable(path)?;
                let from = self.renaming.take().ok_or(Denied(Code::BAD_SEQUENCE, "RNFR required first."))?;
                Ok(self.site.tree.rename(&from, &to).map_err(Denied::name)?)
            }
            Command::Mfmt(time, path) => {
                let modified = listing::moment(*time).ok_or(Denied(Code::FILE_UNAVAILABLE, "No such time."))?;
                Ok(tree.set_modified(&self.writable(path)?, modified)?)
            }
            _ => Err(NOT_IMPLEMENTED),
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
        let Command::Rnfr(path) = command else { return Err(UNEXPECTED) };
        let path = self.writable(path)?;
        self.site.tree.entry(&path)?;
        self.renaming = Some(path);
        Ok(())
    }

    fn directory(&mut self, command: &Command<'_>) -> Allowed<Vec<u8>> {
        let Command::Mkd(path) = command else { return Ok(self.directory.absolute()) };
        let path = self.writable(path)?;
        self.site.tree.make_directory(&path)?;
        Ok(path.absolute())
    }

    fn file(&self, command: &Command<'_>) -> Allowed<Entry> {
        let (Command::Size(path) | Command::Mdtm(path)) = command else { return Err(UNEXPECTED) };
        match self.site.tree.entry(&self.at(path))? {
            entry @ Entry { kind: Kind::File, .. } => Ok(entry),
            _ => Err(Denied(Code::FILE_UNAVAILABLE, "Not a plain file.")),
        }
    }

    fn facts(&self, command: &Command<'_>, wanted: &[&str]) -> Allowed<(Text<'static>, Path<'static>)> {
        let at = match command {
            Command::Mlst(Some(path)) => self.at(path),
            _ => self.directory.clone(),
        };
        let facts = listing::facts(&self.site.tree.entry(&at)?, self.may_write(), wanted);
        Ok((Text::try_from(facts).map_err(|_| UNEXPECTED)?, path(at.absolute())?))
    }

    /// The hash of the file and its size; `None` until they are computed.
    fn hash(&mut self, hash: &Hash<'_>, serial: u64) -> Allowed<Option<(Box<[u8]>, u64)>> {
        let mut begun = match self.hashing.take() {
            Some(begun) => begun,
            None => {
                let (file, size) = match hash.command() {
                    Command::Hash(path)
                    | Command::Md5(path)
                    | Command::Xcrc(path)
                    | Command::Xmd5(path)
                    | Command::Xsha(path)
                    | Command::Xsha1(path)
                    | Command::Xsha256(path)
                    | Command::Xsha512(path) => self.site.tree.read(&self.at(path), 0)?,
                    _ => return Err(UNEXPECTED),
                };
                Box::new((serial, Hashing::new(file, size, hash.algorithm()).ok_or(UNEXPECTED)?))
            }
        };
        let (_, hashing) = &mut *begun;
        let (digest, size) = (hashing.step()?, hashing.size);
        let Some(digest) = digest else {
            self.hashing = Some(begun);
            return Ok(None);
        };
        Ok(Some((digest, size)))
    }

    fn status(&self, command: &Command<'_>) -> Allowed<Vec<Entry>> {
        let Command::Stat(argument) = command else { return Err(UNEXPECTED) };
        Ok(self.entries(argument.as_ref())?.0)
    }

    fn extension(&self, command: &Command<'_>) -> Allowed<Answer<'static>> {
        match command {
            Command::Site(site) if site.word().eq_ignore_ascii_case(b"CHMOD") => self.change_mode(site),
            _ => Err(NOT_IMPLEMENTED),
        }
    }

    /// `SITE CHMOD 644 path`: sets the permission bits, and no other mode bits.
    fn change_mode(&self, site: &SiteCommand<'_>) -> Allowed<Answer<'static>> {
        const SYNTAX: Denied = Denied(Code::ARGUMENT_SYNTAX_ERROR, "SITE CHMOD needs 2 arguments: mode path.");
        let arguments = site.arguments().ok_or(SYNTAX)?;
        let blank = arguments.iter().position(|byte| *byte == b' ').ok_or(SYNTAX)?;
        let (mode, path) = (arguments[..blank].to_vec(), Path::new(&arguments[blank + 1..]).map_err(|_| SYNTAX)?);
        let mode = String::from_utf8(mode).ok().and_then(|mode| u32::from_str_radix(&mode, 8).ok());
        let mode = mode.filter(|mode| *mode <= 0o777).ok_or(SYNTAX)?;
        self.site.tree.set_mode(&self.writable(&path)?, mode)?;
        Answer::new(Verb::Site, Reply::from_static(Code::COMMAND_OKAY, "SITE CHMOD command ok.")).ok_or(UNEXPECTED)
    }

    fn opening(&self, transfer: &Transfer<'_>) -> Allowed<Opening> {
        let (tree, uploads, offset) = (&self.site.tree, self.site.uploads, transfer.offset());
        Ok(match transfer.command() {
            Command::Retr(path) => {
                let (file, rest) = tree.read(&self.at(path), offset)?;
                let file = Content::Source(Box::new(Promised::new(file, rest)));
                match self.converted(file, transfer)? {
                    (content, true) => Opening::Sized(content, rest),
                    (content, false) => Opening::Plain(content),
                }
            }
            Command::Stor(path) => {
                self.upload(tree.write(&self.writable(path)?, Begin::At(offset), uploads), transfer)?
            }
            Command::Appe(path) => self.upload(tree.write(&self.writable(path)?, Begin::End, uploads), transfer)?,
            Command::Stou(wish) => {
                let wish = wish.as_ref().map_or(&b"file"[..], |path| path.as_bytes());
                if !self.may_write() {
                    return Err(READ_ONLY);
                }
                let (upload, path) = tree.write_unique(&self.directory.join(wish), uploads).map_err(Denied::name)?;
                let (content, _) = self.converted(Content::Sink(Box::new(upload)), transfer)?;
                Opening::Named(content, path.absolute())
            }
            Command::List(argument) => {
                let (entries, _) = self.entries(argument.as_ref())?;
                listing(listing::for_people(&entries), transfer)?
            }
            Command::Nlst(argument) => {
                let (entries, prefix) = self.entries(argument.as_ref())?;
                listing(listing::names(&entries, &prefix), transfer)?
            }
            Command::Mlsd(argument) => {
                let at = argument.as_ref().map_or_else(|| self.directory.clone(), |path| self.at(path));
                if !tree.is_directory(&at)? {
                    return Err(Denied(Code::ARGUMENT_SYNTAX_ERROR, "Not a directory."));
                }
                let wanted = transfer.facts().collect::<Vec<_>>();
                listing(listing::for_programs(&tree.entries(&at)?, self.may_write(), &wanted), transfer)?
            }
            _ => return Err(UNEXPECTED),
        })
    }

    fn upload(&self, upload: io::Result<Upload>, transfer: &Transfer<'_>) -> Allowed<Opening> {
        let upload = Content::Sink(Box::new(upload.map_err(Denied::name)?));
        Ok(Opening::Plain(self.converted(upload, transfer)?.0))
    }

    /// A file in the TYPE and MODE in force, and whether its bytes are sent unchanged.
    fn converted(&self, file: Content<'static>, transfer: &Transfer<'_>) -> Allowed<(Content<'static>, bool)> {
        let mut form = transfer.form();
        let converts = match transfer.direction() {
            Direction::Send => self.site.text.downloads,
            Direction::Receive => self.site.text.uploads,
        };
        if !converts {
            form.representation = Type::Image;
        }
        let deflate = Deflate { expansion: self.site.max_expansion, ..level(transfer) };
        Ok((converted(file, (form, FILES), deflate)?, is_verbatim(form, FILES)))
    }

    /// The entries that LIST, NLST and STAT show, and what NLST puts before each name. The last name may be a pattern, unless a file has that
    /// name.
    fn entries(&self, argument: Option<&Path<'_>>) -> Allowed<(Vec<Entry>, Vec<u8>)> {
        let path = without_options(argument.map_or(&[], |path| path.as_bytes()));
        let (at, tree) = (self.directory.join(path), &self.site.tree);
        let (directory, name) = path.split_at(path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1));
        let entry = match (tree.entry(&at), Pattern::new(name)) {
            (Err(error), Some(pattern)) if error.kind() == ErrorKind::NotFound => {
                let entries = tree.matching(&at.parent(), pattern, &mut Budget::new(PATTERN_STEPS))?;
                return Ok((entries, directory.to_vec()));
            }
            (entry, _) => entry?,
        };
        if entry.is_directory() {
            let separator: &[u8] = if path.is_empty() || path.ends_with(b"/") { b"" } else { b"/" };
            return Ok((tree.entries(&at)?, [path, separator].concat()));
        }
        Ok((vec![entry], directory.to_vec()))
    }

    fn at(&self, path: &Path<'_>) -> VirtualPath {
        self.directory.join(path.as_bytes())
    }

    fn writable(&self, path: &Path<'_>) -> Allowed<VirtualPath> {
        if self.may_write() { Ok(self.at(path)) } else { Err(READ_ONLY) }
    }
}

/// A transfer's stream has ended so. What is to be kept waits for `Commit`; where the bytes themselves are wrong, the client is told
/// how.
pub fn end(stream: Stream<'_>, content: &mut Option<Content<'static>>, end: StreamEnd, moved: Moved) {
    let complaint = content.as_ref().and_then(|content| content.complaint(end));
    content.take_if(|_| !end.is_whole());
    match complaint {
        Some(ending) => stream.finished_with(&ending, moved),
        None => stream.finished(end, moved),
    }
}

/// An upload has come whole, and is to be kept: it appears under its name, or the client is told why not.
pub fn keep(commit: Commit<'_>, content: Option<Content<'static>>) {
    let Some(content) = content else { return commit.failed(CommitError::Local) };
    let Err(error) = content.keep() else { return commit.kept() };
    if local_end(&error) == Some(StreamEnd::StorageFull) {
        return commit.failed(CommitError::StorageFull);
    }
    let Denied(_, text) = Denied::from(error);
    match Ending::new(StreamEnd::LocalError, Reply::from_static(Code::LOCAL_ERROR, text)) {
        Some(ending) if text != FAILED => commit.end_with(&ending),
        _ => commit.failed(CommitError::Local),
    }
}

/// Skips options such as `-a` or `-la`, which many clients send as if to `ls`. They change nothing, since nothing is hidden here, and nothing
/// recurses. Anything else is a name, even with a dash in front; after `--` anything is.
fn without_options(mut argument: &[u8]) -> &[u8] {
    while let Some(rest) = argument.strip_prefix(b"-") {
        let (word, behind) = rest.split_at(rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len()));
        if word != b"-" && (word.is_empty() || !word.iter().all(u8::is_ascii_alphanumeric)) {
            break;
        }
        argument = behind.strip_prefix(b" ").unwrap_or(behind);
        if word == b"-" {
            break;
        }
    }
    argument
}

/// A listing, whose lines end with CR LF in any TYPE.
fn listing(lines: Vec<u8>, transfer: &Transfer<'_>) -> Allowed<Opening> {
    let lines = Content::source(Cursor::new(lines));
    Ok(Opening::Plain(converted(lines, (transfer.form(), LineEnd::CrLf), level(transfer))?))
}

fn converted(
    content: Content<'static>,
    (form, line_end): (Form, LineEnd),
    deflate: Deflate,
) -> Allowed<Content<'static>> {
    content
        .converted(form, line_end, deflate)
        .map_err(|_| Denied(Code::PARAMETER_NOT_IMPLEMENTED, "Not in this TYPE, STRU and MODE."))
}

fn level(transfer: &Transfer<'_>) -> Deflate {
    Deflate { level: transfer.deflate_level(), expansion: None }
}

fn path(bytes: Vec<u8>) -> Allowed<Path<'static>> {
    Path::try_from(bytes).map_err(|_| UNEXPECTED)
}
