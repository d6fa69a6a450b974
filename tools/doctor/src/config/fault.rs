//! What can be wrong with a configuration: every fault with its sentence and its cure.

use std::fmt;
use std::net::IpAddr;

use ftp_proto::Software;

use super::settings::Place;

/// The passive range that is proposed, as the findings of `ftp_proto::diagnosis` propose it: below the ports that systems give out by
/// themselves.
const PROPOSED: (u32, u32) = (30000, 30099);

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// The file, where it is one that the file includes.
    pub file: Option<String>,
    /// The line, from 1; `None`: it is what the file doesn't say.
    pub line: Option<usize>,
    /// What.
    pub fault: Fault,
    /// Whose file it is.
    pub server: Software,
}

/// How grave a fault is; the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// The server doesn't start, or clients from outside get no data connection.
    Fails,
    /// Somebody can harm the server, its users or others.
    Unsafe,
    /// Good to know; it may be meant so.
    Note,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The line can't be read by the server, which doesn't start then; why.
    Unreadable(&'static str),
    /// The first passive port is above the last.
    RangeSwapped {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
    /// A port that is none.
    NoPort(u32),
    /// TLS, or a public address, and no fixed range: no firewall can be opened for it, nor read along.
    RangeNotFixed {
        /// TLS is in force; else it is the public address that tells of a NAT.
        tls: bool,
    },
    /// No fixed range.
    AnyPort,
    /// Fewer passive ports than sessions.
    RangeTooSmall {
        /// How many ports.
        ports: u32,
        /// How many sessions; `None`: any number.
        sessions: Option<u32>,
    },
    /// The range has a port that routers take for another protocol's.
    PortOfSip(u32),
    /// The range reaches below 1024.
    PrivilegedPorts(u32),
    /// The announced address is of a private network.
    PrivateAddress(IpAddr),
    /// The announced address is no host's: 0.0.0.0, loopback, multicast.
    UnusableAddress(IpAddr),
    /// The announced address is IPv6, for which a 227 has no words.
    Ipv6Address(IpAddr),
    /// A name where an address is needed.
    NameNotResolved(String),
    /// A name that is looked up once, as the server starts.
    NameResolvedOnce(String),
    /// Passive mode is forbidden.
    PassiveDisabled,
    /// Both modes are.
    NoMode,
    /// It listens on loopback alone.
    ListensInside(String),
    /// vsftpd with `listen_ipv6` and `pasv_address`: it announces 0.0.0.0.
    AddressUnheard,
    /// vsftpd with `listen` and `listen_ipv6`.
    ListensTwice,
    /// The server gives clients so few seconds to connect.
    ShortPatience(u64),
    /// Passive connections of strangers are taken.
    PassiveStrangers,
    /// Active connections are made to strangers.
    ActiveStrangers,
    /// Data connections needn't resume the TLS session.
    SessionReuseOff,
    /// They have to, and some clients can't.
    SessionReuseOn,
    /// TLS is there, and passwords go without it if the client likes.
    PlainLogins,
    /// Logins have TLS, and data needn't.
    PlainData,
    /// There is no TLS.
    NoTls,
    /// An outdated version of TLS.
    OutdatedTls(&'static str),
    /// Anybody can write.
    AnonymousWrites,
    /// What this file says isn't known: it is included, and wasn't read.
    NotRead(String),
}

impl Concern {
    /// At this place of one of the files.
    pub(super) fn at(place: Option<Place>, files: &[String], fault: Fault, server: Software) -> Self {
        let file = place.filter(|place| place.file > 0).and_then(|place| files.get(place.file - 1)).cloned();
        Self { file, line: place.map(|place| place.line), fault, server }
    }

    /// How grave it is.
    pub fn gravity(&self) -> Gravity {
        self.fault.gravity()
    }

    /// The lines to write instead; none where there is nothing to write.
    pub fn cure(&self) -> Vec<String> {
        self.fault.cure(self.server)
    }
}

impl Fault {
    /// How grave it is.
    pub fn gravity(&self) -> Gravity {
        match self {
            Self::Unreadable(_)
            | Self::RangeSwapped { .. }
            | Self::NoPort(_)
            | Self::RangeNotFixed { .. }
            | Self::RangeTooSmall { sessions: Some(_), .. }
            | Self::PortOfSip(_)
            | Self::PrivateAddress(_)
            | Self::UnusableAddress(_)
            | Self::Ipv6Address(_)
            | Self::NameNotResolved(_)
            | Self::NameResolvedOnce(_)
            | Self::PassiveDisabled
            | Self::NoMode
            | Self::ListensInside(_)
            | Self::AddressUnheard
            | Self::ListensTwice => Gravity::Fails,
            Self::PassiveStrangers
            | Self::ActiveStrangers
            | Self::SessionReuseOff
            | Self::PlainLogins
            | Self::PlainData
            | Self::OutdatedTls(_)
            | Self::AnonymousWrites => Gravity::Unsafe,
            Self::AnyPort
            | Self::RangeTooSmall { sessions: None, .. }
            | Self::PrivilegedPorts(_)
            | Self::ShortPatience(_)
            | Self::SessionReuseOn
            | Self::NoTls
            | Self::NotRead(_) => Gravity::Note,
        }
    }

    /// Its name for machines, which stays.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::RangeSwapped { .. } => "range-swapped",
            Self::NoPort(_) => "no-port",
            Self::RangeNotFixed { .. } => "range-not-fixed",
            Self::AnyPort => "any-port",
            Self::RangeTooSmall { .. } => "range-too-small",
            Self::PortOfSip(_) => "port-of-sip",
            Self::PrivilegedPorts(_) => "privileged-ports",
            Self::PrivateAddress(_) => "private-address",
            Self::UnusableAddress(_) => "unusable-address",
            Self::Ipv6Address(_) => "ipv6-address",
            Self::NameNotResolved(_) => "name-not-resolved",
            Self::NameResolvedOnce(_) => "name-resolved-once",
            Self::PassiveDisabled => "passive-disabled",
            Self::NoMode => "no-mode",
            Self::ListensInside(_) => "listens-inside",
            Self::AddressUnheard => "address-unheard",
            Self::ListensTwice => "listens-twice",
            Self::ShortPatience(_) => "short-patience",
            Self::PassiveStrangers => "passive-strangers",
            Self::ActiveStrangers => "active-strangers",
            Self::SessionReuseOff => "session-reuse-off",
            Self::SessionReuseOn => "session-reuse-on",
            Self::PlainLogins => "plain-logins",
            Self::PlainData => "plain-data",
            Self::NoTls => "no-tls",
            Self::OutdatedTls(_) => "outdated-tls",
            Self::AnonymousWrites => "anonymous-writes",
            Self::NotRead(_) => "not-read",
        }
    }

    fn cure(&self, server: Software) -> Vec<String> {
        let pro = server == Software::ProFtpd;
        let lines: &[&str] = match self {
            Self::RangeSwapped { first, last } => return range(pro, *last, *first),
            Self::NoPort(_)
            | Self::RangeNotFixed { .. }
            | Self::AnyPort
            | Self::PortOfSip(_)
            | Self::PrivilegedPorts(_) => {
                return range(pro, PROPOSED.0, PROPOSED.1);
            }
            Self::RangeTooSmall { sessions, .. } => {
                let ports = sessions.unwrap_or(100).clamp(1, 10_000);
                return range(pro, PROPOSED.0, PROPOSED.0 + ports - 1);
            }
            Self::PrivateAddress(_) | Self::UnusableAddress(_) | Self::Ipv6Address(_) | Self::NameResolvedOnce(_)
                if pro =>
            {
                &["MasqueradeAddress <public address>"]
            }
            Self::PrivateAddress(_) | Self::UnusableAddress(_) | Self::Ipv6Address(_) | Self::NameResolvedOnce(_) => {
                &["pasv_address=<public address>"]
            }
            Self::NameNotResolved(_) if server == Software::Vsftpd => &["pasv_addr_resolve=YES"],
            Self::NameNotResolved(_) => &["pasv_address=<public address>"],
            Self::PassiveDisabled | Self::NoMode if pro => &["remove the <Limit> that denies PASV and EPSV"],
            Self::PassiveDisabled | Self::NoMode => &["pasv_enable=YES"],
            Self::ListensInside(_) if pro => &["DefaultAddress <address of this host>"],
            Self::ListensInside(_) => &["listen_address=<address of this host>"],
            Self::AddressUnheard => &["listen=YES", "listen_ipv6=NO"],
            Self::ListensTwice => &["listen=NO"],
            Self::ShortPatience(_) if pro => &[],
            Self::ShortPatience(_) => &["accept_timeout=60"],
            Self::PassiveStrangers | Self::ActiveStrangers if pro => &["AllowForeignAddress off"],
            Self::PassiveStrangers => &["pasv_promiscuous=NO"],
            Self::ActiveStrangers => &["port_promiscuous=NO"],
            Self::SessionReuseOff if pro => &["remove NoSessionReuseRequired from TLSOptions"],
            Self::SessionReuseOff => &["require_ssl_reuse=YES"],
            Self::PlainLogins if pro => &["TLSRequired on"],
            Self::PlainLogins => &["force_local_logins_ssl=YES"],
            Self::PlainData if pro => &["TLSRequired on"],
            Self::PlainData => &["force_local_data_ssl=YES"],
            Self::NoTls if pro => &["TLSEngine on", "TLSRequired on"],
            Self::NoTls => &["ssl_enable=YES", "rsa_cert_file=<certificate and key>"],
            Self::OutdatedTls(_) if pro => &["TLSProtocol TLSv1.2 TLSv1.3"],
            Self::OutdatedTls(key) => return vec![format!("{key}=NO")],
            Self::AnonymousWrites if server == Software::FtpServer => &["write_enable=NO"],
            Self::AnonymousWrites => &["anon_upload_enable=NO", "anon_other_write_enable=NO"],
            Self::Unreadable(_) | Self::SessionReuseOn | Self::NotRead(_) => &[],
        };
        lines.iter().map(|line| (*line).to_owned()).collect()
    }
}

fn range(pro: bool, first: u32, last: u32) -> Vec<String> {
    if pro {
        vec![format!("PassivePorts {first} {last}")]
    } else {
        vec![format!("pasv_min_port={first}"), format!("pasv_max_port={last}")]
    }
}

/// A sentence or two.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "The server doesn't take this line: {why}."),
            Self::RangeSwapped { first, last } => {
                write!(f, "The first passive port, {first}, is above the last, {last}: no passive connection can be made.")
            }
            Self::NoPort(port) => write!(f, "{port} is no port: the highest is 65535."),
            Self::RangeNotFixed { tls: true } => f.write_str(
                "Passive mode takes any port, and under TLS no firewall can read which: each has to be open, or fails. \
                 Fix a range and open it.",
            ),
            Self::RangeNotFixed { tls: false } => f.write_str(
                "Passive mode takes any port, and the announced address tells of a NAT, which can't forward them all. \
                 Fix a range and forward it.",
            ),
            Self::AnyPort => f.write_str("Passive mode takes any port. A firewall or NAT in front needs a fixed range."),
            Self::RangeTooSmall { ports, sessions: Some(sessions) } => write!(
                f,
                "{ports} passive ports for up to {sessions} clients: each transfer needs one of its own, and who gets \
                 none fails."
            ),
            Self::RangeTooSmall { ports, sessions: None } => {
                write!(f, "{ports} passive ports for any number of clients: each transfer needs one of its own.")
            }
            Self::PortOfSip(port) => {
                write!(f, "The passive range has port {port}, which routers take for SIP and interfere with.")
            }
            Self::PrivilegedPorts(port) => {
                write!(f, "The passive range begins at {port}: ports below 1024 are other services'.")
            }
            Self::PrivateAddress(address) => {
                write!(f, "{address} is announced to clients, and is of a private network: nobody outside reaches it.")
            }
            Self::UnusableAddress(address) => {
                write!(f, "{address} is announced to clients, and is no host's address on a network.")
            }
            Self::Ipv6Address(address) => write!(f, "{address} can't be announced: a reply to PASV has room for IPv4."),
            Self::NameNotResolved(name) => write!(f, "`{name}` is a name, and names aren't looked up here."),
            Self::NameResolvedOnce(name) => write!(
                f,
                "`{name}` is looked up once, as the server starts: when its address changes, clients are sent to the \
                 old one until a restart."
            ),
            Self::PassiveDisabled => {
                f.write_str("Passive mode is forbidden: clients behind NAT, nearly all, get no data connection.")
            }
            Self::NoMode => f.write_str("Both passive and active mode are forbidden: nobody gets a data connection."),
            Self::ListensInside(address) => write!(f, "It listens on {address} alone, which only this host reaches."),
            Self::AddressUnheard => f.write_str(
                "With listen_ipv6 vsftpd announces 0.0.0.0, whatever pasv_address says. Listen on IPv4, or let clients use EPSV.",
            ),
            Self::ListensTwice => {
                f.write_str("listen and listen_ipv6 exclude each other: vsftpd doesn't start. listen_ipv6 takes IPv4, too.")
            }
            Self::ShortPatience(seconds) => {
                write!(f, "Clients have {seconds} s to make a passive connection: slow ones are too late.")
            }
            Self::PassiveStrangers => f.write_str(
                "Passive connections are taken from any host: whoever is faster than the client gets its files, or \
                 gives it others (port stealing).",
            ),
            Self::ActiveStrangers => f.write_str(
                "The server connects to any host that a client names: it can be used to attack others and to scan \
                 networks from inside (FTP bounce).",
            ),
            Self::SessionReuseOff => f.write_str(
                "Data connections needn't resume the control connection's TLS session: another client can take one over.",
            ),
            Self::SessionReuseOn => f.write_str(
                "Data connections have to resume the TLS session: clients that can't hear 522. That is safe; turn it \
                 off only for clients that can't be mended.",
            ),
            Self::PlainLogins => f.write_str("Passwords may be sent without TLS."),
            Self::PlainData => f.write_str("Files may be sent without TLS."),
            Self::NoTls => f.write_str("There is no TLS: passwords and files can be read on their way."),
            Self::OutdatedTls(version) => write!(f, "`{version}` allows a version of TLS that is broken."),
            Self::AnonymousWrites => f.write_str("Anybody can write without a password."),
            Self::NotRead(path) => write!(f, "{path} wasn't read: what it says isn't judged here."),
        }
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fails => "fails",
            Self::Unsafe => "unsafe",
            Self::Note => "note",
        })
    }
}
