//! The columns of the table of commands, and the methods of [`Verb`] that read them.

use super::Verb;

/// What the table says about one command beside its grammar.
pub(super) struct Row {
    /// Where the command is defined, such as `RFC 959; RFC 1123`.
    pub(super) source: &'static str,
    /// Its line of FEAT (RFC 2389), without the values that a server adds.
    pub(super) feature: Option<&'static str>,
    /// Whether a server accepts it before the login.
    pub(super) login: LoginRule,
    /// What it does with a data connection.
    pub(super) data: DataUse,
    /// Which servers have it.
    pub(super) served: Served,
    /// What the server's application is asked. Rows that move data leave it out: they all ask for a transfer.
    pub(super) asks: Question,
    /// Whether a client sends it only as part of a request of its own, because the session, a running transfer or the security begins or
    /// ends with it. Rows with a data connection leave it out: it holds for all of them.
    pub(super) own_request: bool,
    /// Whether a client that requires TLS may send it before TLS: it carries no user, no secret and no file name.
    pub(super) before_tls: bool,
    /// Whether a server reads it while a transfer runs (RFC 959 4.1.3); all other commands wait.
    pub(super) amid_transfer: bool,
}

impl Row {
    /// The values of the columns that a row leaves out.
    pub(super) const USUAL: Self = Self {
        source: "",
        feature: None,
        login: LoginRule::Needed,
        data: DataUse::Untouched,
        served: Served::IfNamed,
        asks: Question::Nothing,
        own_request: false,
        before_tls: false,
        amid_transfer: false,
    };

    /// The row of every command that is not in the table.
    pub(super) const OTHER: Self =
        Self { login: LoginRule::ServerChoice, served: Served::IfNamed, asks: Question::Extension, ..Self::USUAL };
}

/// Whether a server accepts a command before the login.
///
/// ```
/// use ftp_proto::{LoginRule, Verb};
/// assert_eq!((Verb::Feat.login_rule(), Verb::Retr.login_rule()), (LoginRule::NotNeeded, LoginRule::Needed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoginRule {
    /// A server accepts it before the login.
    NotNeeded,
    /// A server refuses it before the login, with 530.
    Needed,
    /// A server may accept or refuse it before the login.
    ServerChoice,
}

/// What a command does with a data connection.
///
/// ```
/// use ftp_proto::{DataUse, Verb};
/// assert_eq!((Verb::Stor.data_use(), Verb::Pasv.data_use()), (DataUse::Upload, DataUse::SetsUpPassive));
/// assert!(Verb::Mlsd.opens_data() && !Verb::Mlst.opens_data());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataUse {
    /// It has nothing to do with one.
    Untouched,
    /// It names the address for the server to connect to.
    SetsUpActive,
    /// It asks for the address for the client to connect to.
    SetsUpPassive,
    /// The names or facts of files go to the client, between the 1yz and the final reply.
    Listing,
    /// A file goes to the client, between the 1yz and the final reply.
    Download,
    /// A file goes to the server, between the 1yz and the final reply.
    Upload,
}

/// Which servers support a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// Every server, since the machine answers it alone or no application can do without it. LANG also needs languages to choose from.
    Always,
    /// Every server that has TLS; the machine answers it alone.
    WithTls,
    /// Every file server: the application supports it unless it says otherwise.
    WithFiles,
    /// Only a server whose application names it.
    IfNamed,
    /// None: it needs a mechanism other than TLS (ADAT, MIC, CONF, ENC), a gateway (ALGS), or a server that is the TLS client on the
    /// data connection (CPSV, SSCN).
    Never,
}

/// What a server's application is asked when a command comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Nothing: the machine answers alone, or refuses.
    Nothing,
    /// To accept or refuse a user, a password or an account.
    Login,
    /// To carry out the command.
    Perform,
    /// Whether a file exists.
    Exists,
    /// Which directory is the current or the new one.
    Directory,
    /// The size of a file.
    Size,
    /// The time of a file's last change.
    Modified,
    /// The facts about a file.
    Facts,
    /// A file's hash by this algorithm.
    Hash(HashAlgorithm),
    /// The status of a path.
    Status,
    /// To answer the command in whatever way the application likes.
    Extension,
    /// To move a file or a listing over the data connection.
    Transfer,
}

/// Which hash a command asks for, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HashAlgorithm {
    Crc32,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    /// The one that OPTS HASH chose; without OPTS HASH the server's first (draft-bryan-ftpext-hash-02 3).
    Chosen,
}

impl Verb {
    /// Whether a server accepts it before the login.
    pub const fn login_rule(self) -> LoginRule {
        self.row().login
    }

    /// Whether every server refuses it before the login: [`LoginRule::Needed`].
    pub const fn needs_login(self) -> bool {
        matches!(self.login_rule(), LoginRule::Needed)
    }

    /// What it does with the data connection.
    pub const fn data_use(self) -> DataUse {
        self.row().data
    }

    /// Whether data moves over a data connection between its preliminary and its final reply.
    pub const fn opens_data(self) -> bool {
        matches!(self.data_use(), DataUse::Listing | DataUse::Download | DataUse::Upload)
    }

    /// Whether it sends data to the server.
    pub const fn is_upload(self) -> bool {
        matches!(self.data_use(), DataUse::Upload)
    }

    /// Whether it sets up the next data connection, as PORT, PASV and their like do.
    pub const fn sets_up_data(self) -> bool {
        matches!(self.data_use(), DataUse::SetsUpActive | DataUse::SetsUpPassive)
    }

    /// The documents that define it, such as `RFC 959; RFC 1123`. If there are none, the servers that have it, or `de facto`. Empty for
    /// [`Verb::Other`].
    pub const fn rfc(self) -> &'static str {
        self.row().source
    }

    /// The line with which FEAT announces it (RFC 2389), without the values that a server adds; `None` if FEAT doesn't name it.
    pub const fn feature(self) -> Option<&'static str> {
        self.row().feature
    }
}

/// Columns that only the machines read.
impl Verb {
    /// Which servers support it.
    pub(crate) const fn served(self) -> Served {
        self.row().served
    }

    /// What the server's application is asked when it comes.
    pub(crate) const fn question(self) -> Question {
        if self.opens_data() { Question::Transfer } else { self.row().asks }
    }

    /// Whether it says who the user is. A server that requires TLS refuses such a command before TLS.
    pub(crate) const fn names_user(self) -> bool {
        matches!(self.question(), Question::Login)
    }

    /// The hash that it asks for.
    pub(crate) const fn hash_algorithm(self) -> Option<HashAlgorithm> {
        match self.question() {
            Question::Hash(algorithm) => Some(algorithm),
            _ => None,
        }
    }

    /// Whether a client sends it only as part of a request of its own: it prepares or opens a data connection, ends the session or a
    /// transfer, or changes the security.
    pub(crate) const fn needs_own_request(self) -> bool {
        self.row().own_request || self.opens_data() || self.sets_up_data()
    }

    /// Whether a server reads it while a transfer runs.
    pub(crate) const fn is_heard_amid_transfer(self) -> bool {
        self.row().amid_transfer
    }

    /// Whether a client that requires TLS may send it before TLS: it carries no user, no secret and no file name.
    pub(crate) const fn may_precede_tls(self) -> bool {
        self.row().before_tls
    }
}

impl HashAlgorithm {
    /// Its name in HASH and in FEAT (draft-bryan-ftpext-hash-02 3); `None` for [`HashAlgorithm::Chosen`].
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Crc32 => Some("CRC32"),
            Self::Md5 => Some("MD5"),
            Self::Sha1 => Some("SHA-1"),
            Self::Sha256 => Some("SHA-256"),
            Self::Sha512 => Some("SHA-512"),
            Self::Chosen => None,
        }
    }
}

/// The first word of a line of HELP. Runs while compiling, where no combinator can.
pub(super) const fn word_of(syntax: &'static str) -> &'static str {
    let mut length: usize = 0;
    let mut rest = syntax.as_bytes();
    while let [byte, behind @ ..] = rest {
        if *byte == b' ' {
            break;
        }
        length = length.saturating_add(1);
        rest = behind;
    }
    match syntax.split_at_checked(length) {
        Some((word, _)) => word,
        None => syntax,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::text::Path;
    use alloc::vec::Vec;

    /// The words of the verbs for which `holds` is true, in the order of the table.
    fn words(holds: impl Fn(Verb) -> bool) -> Vec<&'static str> {
        Verb::ALL.iter().filter(|verb| holds(**verb)).map(|verb| verb.word()).collect()
    }

    /// RFC 959 4.1.2 and 4.1.3, RFC 3659 7, RFC 2428, RFC 1639.
    #[test]
    fn what_each_does_with_a_data_connection() {
        let with = |data| words(|verb| verb.data_use() == data);
        assert_eq!(with(DataUse::SetsUpActive), ["PORT", "EPRT", "LPRT"]);
        assert_eq!(with(DataUse::SetsUpPassive), ["PASV", "EPSV", "LPSV", "CPSV"]);
        assert_eq!(with(DataUse::Listing), ["LIST", "NLST", "MLSD"]);
        assert_eq!(with(DataUse::Download), ["RETR"]);
        assert_eq!(with(DataUse::Upload), ["STOR", "STOU", "APPE"]);
        assert_eq!(words(Verb::opens_data), ["RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD"]);
        assert_eq!(words(Verb::is_upload), with(DataUse::Upload));
        assert_eq!(words(Verb::sets_up_data), ["PORT", "PASV", "EPRT", "EPSV", "LPRT", "LPSV", "CPSV"]);
    }

    #[test]
    fn which_servers_have_each() {
        let with = |served| words(|verb| verb.served() == served);
        let always = "USER PASS QUIT PORT PASV TYPE STRU MODE ALLO REST ABOR SYST STAT HELP NOOP FEAT OPTS LANG EPRT EPSV \
            LPRT LPSV CLNT";
        let with_files = "CWD CDUP REIN RETR STOR STOU APPE RNFR RNTO DELE RMD MKD PWD LIST NLST MDTM SIZE MLST MLSD";
        assert_eq!(with(Served::Always), always.split(' ').collect::<Vec<_>>());
        assert_eq!(with(Served::WithFiles), with_files.split(' ').collect::<Vec<_>>());
        assert_eq!(with(Served::WithTls), ["AUTH", "PBSZ", "PROT", "CCC"]);
        assert_eq!(with(Served::Never), ["ADAT", "MIC", "CONF", "ENC", "ALGS", "CPSV", "SSCN"]);
        // RFC 1123 4.1.2.13: the commands that every server must have, except ACCT, which a server without accounts doesn't need.
        let minimum = "USER PASS CWD CDUP QUIT PORT TYPE STRU MODE RETR STOR APPE RNFR RNTO ABOR DELE RMD MKD PWD LIST NLST \
            SYST STAT HELP NOOP";
        for word in minimum.split(' ') {
            assert!(matches!(Verb::parse(word.as_bytes()).served(), Served::Always | Served::WithFiles), "{word}");
        }
        assert_eq!((Verb::Other.served(), Verb::Other.question()), (Served::IfNamed, Question::Extension));
    }

    #[test]
    fn what_the_application_is_asked() {
        let with = |question| words(|verb| verb.question() == question);
        for (question, verbs) in [
            (Question::Login, "USER PASS ACCT"),
            (Question::Perform, "CWD CDUP SMNT REIN QUIT ALLO RNTO DELE RMD NOOP HOST MFMT MFCT MFF CLNT"),
            (Question::Exists, "RNFR"),
            (Question::Directory, "MKD PWD"),
            (Question::Size, "SIZE AVBL DSIZ"),
            (Question::Modified, "MDTM"),
            (Question::Facts, "MLST"),
            (Question::Hash(HashAlgorithm::Chosen), "HASH"),
            (Question::Hash(HashAlgorithm::Crc32), "XCRC"),
            (Question::Hash(HashAlgorithm::Md5), "MD5 XMD5"),
            (Question::Hash(HashAlgorithm::Sha1), "XSHA XSHA1"),
            (Question::Hash(HashAlgorithm::Sha256), "XSHA256"),
            (Question::Hash(HashAlgorithm::Sha512), "XSHA512"),
            (Question::Status, "STAT"),
            (Question::Extension, "SITE SYST HELP FEAT CSID"),
            (Question::Transfer, "RETR STOR STOU APPE LIST NLST MLSD"),
        ] {
            assert_eq!(with(question), verbs.split(' ').collect::<Vec<_>>(), "{question:?}");
        }
        for verb in Verb::ALL {
            match verb.served() {
                Served::WithFiles => assert_ne!(verb.question(), Question::Nothing, "{verb}"),
                Served::WithTls | Served::Never => assert_eq!(verb.question(), Question::Nothing, "{verb}"),
                Served::Always | Served::IfNamed => {}
            }
        }
        assert_eq!(words(Verb::names_user), ["USER", "PASS", "ACCT"]);
    }

    #[test]
    fn what_a_client_says_in_a_request_of_its_own_and_what_before_tls() {
        let own = |verb: Verb| verb.needs_own_request() && verb.data_use() == DataUse::Untouched;
        assert_eq!(words(own), ["REIN", "QUIT", "ABOR", "AUTH", "ADAT", "CCC", "MIC", "CONF", "ENC"]);
        assert!(Verb::ALL.iter().all(|verb| verb.needs_own_request() || verb.data_use() == DataUse::Untouched));
        assert_eq!(words(Verb::is_heard_amid_transfer), ["QUIT", "ABOR", "STAT", "NOOP"]);
        let before_tls = "REIN SYST HELP NOOP AUTH PBSZ PROT FEAT OPTS LANG HOST CLNT";
        assert_eq!(words(Verb::may_precede_tls), before_tls.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn hashes_are_told_by_name_and_the_best_is_the_greatest() {
        use HashAlgorithm::{Chosen, Crc32, Md5, Sha1, Sha256, Sha512};
        let by_strength = [Crc32, Md5, Sha1, Sha256, Sha512, Chosen];
        assert!(by_strength.is_sorted_by(|less, more| less < more));
        let names = [Some("CRC32"), Some("MD5"), Some("SHA-1"), Some("SHA-256"), Some("SHA-512"), None];
        assert_eq!(by_strength.map(HashAlgorithm::name), names);
        let hashes = "HASH MD5 XCRC XMD5 XSHA XSHA1 XSHA256 XSHA512";
        assert_eq!(words(|verb| verb.hash_algorithm().is_some()), hashes.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn a_path_makes_the_commands_that_take_one_alone() {
        let path = Path::new(" a").unwrap();
        assert_eq!(Command::of_path(Verb::Xsha1, path.clone()), Some(Command::Xsha1(path.clone())));
        assert_eq!(Command::of_path(Verb::List, path.clone()), Some(Command::List(Some(path.clone()))));
        for verb in Verb::ALL {
            let made = Command::of_path(*verb, path.clone());
            assert!(made.is_none_or(|command| command.verb() == *verb), "{verb}");
        }
        for verb in [Verb::Other, Verb::Pwd, Verb::User, Verb::Mfmt, Verb::Rang, Verb::Help, Verb::Epsv] {
            assert_eq!(Command::of_path(verb, path.clone()), None, "{verb}");
        }
    }
}
