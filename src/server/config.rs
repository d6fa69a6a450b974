//! What the application decides once, for all its sessions.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::command::{Verb, VerbSet};
use crate::inbox::Limits;
use crate::text::Text;

/// The policy of a server; shared by its sessions through an `Arc`. The defaults are safe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long a command line may be.
    pub limits: Limits,
    /// How many bytes of command lines may wait for their turn; over it the control connection isn't read.
    pub pipeline: usize,
    /// PASV and EPSV.
    pub passive: Passive,
    /// PORT and EPRT.
    pub active: Active,
    /// How long to wait.
    pub patience: Patience,
    /// After so many failed logins the session ends with 421: 3.
    pub login_failures: u32,
    /// What the application can do.
    pub support: Support,
}

/// Data connections that the client makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passive {
    /// Whether they are allowed; else `550 Permission denied.`
    pub enabled: bool,
    /// The ports to listen on; `0..=0`, the default: whichever the system gives. A firewall has to let them in.
    pub ports: RangeInclusive<u16>,
    /// The address that a 227 announces instead of the control connection's own: for a server behind NAT.
    pub address: Option<Ipv4Addr>,
    /// Whether another host than the control connection's peer may connect (no: port stealing, CVE-1999-0351).
    pub strangers: bool,
}

/// Data connections that the server makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Active {
    /// Whether they are allowed; else `550 Permission denied.`
    pub enabled: bool,
    /// Whether PORT and EPRT may name another host than the control connection's peer (no: the FTP bounce attack,
    /// CVE-1999-0017, RFC 2577 3).
    pub strangers: bool,
    /// Whether they may name a port below 1024 (no: RFC 2577 3).
    pub privileged_ports: bool,
}

/// How long the server waits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// From the greeting to the login, whatever is said meanwhile, and again for who was logged in and names another user
    /// or says REIN: 120 s.
    pub login: Duration,
    /// For the next command, from the last word that was said: 300 s.
    pub idle: Duration,
    /// For the client to connect to a passive port: 60 s.
    pub accept: Duration,
    /// For the client's port to answer: 30 s.
    pub connect: Duration,
}

/// What the application can do: what isn't here is answered 502, and FEAT and HELP follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Support {
    verbs: VerbSet,
    /// The text of SYST's 215: `UNIX Type: L8`.
    pub system: Cow<'static, str>,
    /// The facts of MLST and MLSD, as FEAT names them: `type*;size*;modify*;`.
    pub facts: Cow<'static, str>,
}

impl Support {
    /// What the machine itself answers; nothing that needs the application.
    pub fn nothing() -> Self {
        Self { verbs: VerbSet::default(), system: "UNIX Type: L8".into(), facts: "type*;size*;modify*;".into() }
    }

    /// With these verbs too.
    #[must_use]
    pub fn with(mut self, verbs: &[Verb]) -> Self {
        verbs.iter().for_each(|verb| self.verbs.insert(*verb));
        self
    }

    /// Without these verbs.
    #[must_use]
    pub fn without(mut self, verbs: &[Verb]) -> Self {
        verbs.iter().for_each(|verb| self.verbs.remove(*verb));
        self
    }

    /// Whether a verb is supported, by the machine or the application.
    pub fn has(&self, verb: Verb) -> bool {
        MACHINE.contains(&verb) || self.verbs.contains(verb)
    }

    /// Every verb that is supported, in the order of the table.
    pub fn verbs(&self) -> impl Iterator<Item = Verb> + '_ {
        Verb::ALL.iter().copied().filter(|verb| self.has(*verb))
    }
}

/// What the machine answers alone.
const MACHINE: &[Verb] = &[
    Verb::User,
    Verb::Pass,
    Verb::Quit,
    Verb::Port,
    Verb::Pasv,
    Verb::Eprt,
    Verb::Epsv,
    Verb::Type,
    Verb::Stru,
    Verb::Mode,
    Verb::Rest,
    Verb::Abor,
    Verb::Syst,
    Verb::Stat,
    Verb::Help,
    Verb::Noop,
    Verb::Feat,
    Verb::Opts,
    Verb::Allo,
    Verb::Clnt,
];

/// What a server of files does: a directory tree to read and write.
const FILES: &[Verb] = &[
    Verb::Cwd,
    Verb::Cdup,
    Verb::Pwd,
    Verb::List,
    Verb::Nlst,
    Verb::Mlst,
    Verb::Mlsd,
    Verb::Retr,
    Verb::Stor,
    Verb::Appe,
    Verb::Stou,
    Verb::Rnfr,
    Verb::Rnto,
    Verb::Dele,
    Verb::Rmd,
    Verb::Mkd,
    Verb::Size,
    Verb::Mdtm,
];

impl Default for Support {
    /// A server of files.
    fn default() -> Self {
        Self::nothing().with(FILES)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::COMMANDS,
            pipeline: 16 * 1024,
            passive: Passive { enabled: true, ports: 0..=0, address: None, strangers: false },
            active: Active { enabled: true, strangers: false, privileged_ports: false },
            patience: Patience::default(),
            login_failures: 3,
            support: Support::default(),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(120),
            idle: Duration::from_secs(300),
            accept: Duration::from_secs(60),
            connect: Duration::from_secs(30),
        }
    }
}

impl Support {
    /// The lines of FEAT (RFC 2389 3.2), without the space in front.
    pub(crate) fn features(&self) -> Vec<Text<'_>> {
        let mut features: Vec<Text<'_>> = Vec::new();
        for verb in self.verbs() {
            let feature = match verb {
                // RFC 3659 7.8: one line for MLST and MLSD, with the facts.
                Verb::Mlst | Verb::Mlsd => Text::try_from(alloc::format!("MLST {}", self.facts)).ok(),
                // Paths are UTF-8 here, and have `/` between their names (RFC 2640 3.2, RFC 3659 6).
                Verb::Opts => Text::new("UTF8").ok(),
                Verb::Cwd => Text::new("TVFS").ok(),
                // Only stream mode, whatever the table's word for compression is.
                Verb::Mode => None,
                verb => verb.feature().and_then(|feature| Text::new(feature).ok()),
            };
            features.extend(feature.filter(|feature| !features.contains(feature)));
        }
        features
    }
}
