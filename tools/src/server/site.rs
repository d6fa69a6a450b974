//! The directory that is served, and its users.

use ftp_proto::server::{Support, SupportError};
use ftp_proto::{Mode, Verb};

use crate::tree::{Tree, Uploads};
use crate::tree::{hash, listing};

/// A directory and its users.
pub struct Site {
    pub tree: Tree,
    pub accounts: Vec<Account>,
    /// Whether `anonymous` and `ftp` may read, with any password.
    pub anonymous: bool,
    /// Whether no user may change anything.
    pub read_only: bool,
    pub uploads: Uploads,
    pub text: TypeA,
    /// How many times as large as what comes an upload in MODE Z may become, beyond 64 MiB; `None`: as the disk allows.
    pub max_expansion: Option<u32>,
}

/// Whether TYPE A converts line ends (RFC 959 3.1.1.1): CR LF on the data connection, LF in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeA {
    /// Of what is sent.
    pub downloads: bool,
    /// Of what comes.
    pub uploads: bool,
}

impl Default for TypeA {
    fn default() -> Self {
        Self { downloads: true, uploads: true }
    }
}

/// A user who may read and write.
#[derive(Clone)]
pub struct Account {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
}

/// What a user who has logged in may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rights {
    Read,
    ReadAndWrite,
}

impl Site {
    /// What the application can do, for the machine.
    pub fn support() -> Result<Support, SupportError> {
        Support::default()
            .with_modes(&[Mode::Block, Mode::Deflate])
            .with(&[Verb::Stat, Verb::Mfmt, Verb::Md5, Verb::Xcrc, Verb::Xmd5])?
            .with(&[Verb::Xsha, Verb::Xsha1, Verb::Xsha256, Verb::Xsha512])?
            .with_facts(listing::FACTS)?
            .with_hashes(hash::ALGORITHMS)?
            .with_site(["CHMOD <SP> mode <SP> path"])
    }

    /// `None`: there is no such user, or the password is wrong.
    pub fn log_in(&self, user: &[u8], password: &[u8]) -> Option<Rights> {
        let has_account = self.accounts.iter().any(|account| account.name == user && account.password == password);
        let is_anonymous = [&b"anonymous"[..], b"ftp"].iter().any(|name| user.eq_ignore_ascii_case(name));
        match () {
            () if has_account && !self.read_only => Some(Rights::ReadAndWrite),
            () if has_account || (is_anonymous && self.anonymous) => Some(Rights::Read),
            () => None,
        }
    }
}
