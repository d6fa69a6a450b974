//! The faults of configurations, each with its sentence and its cure.

use std::fmt;
use std::net::IpAddr;

use ftp_proto::Software;

use super::settings::Place;

/// The passive range that is proposed, the same as in `ftp_proto::diagnosis`: below the ports that systems give out by themselves.
const PROPOSED: (u32, u32) = (30000, 30099);

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// The included file that has it; `None`: the file itself.
    pub file: Option<String>,
    /// The line, from 1; `None`: a setting is missing.
    pub line: Option<usize>,
    /// The fault.
    pub fault: Fault,
    /// The server that the file is for.
    pub server: Software,
}

/// How grave a fault is; the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// The server doesn't start, or clients from outside get no data connection.
    Fails,
    /// An attacker can harm the server, its users or others.
    Unsafe,
    /// Worth knowing; it may be intended.
    Note,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The server can't read the line, and doesn't start; why.
    Unreadable(&'static str),
    /// The first passive port is above the last.
    RangeSwapped {
        /// The first port.
        first: u32,
        /// The last port.
        last: u32,
    },
    /// A port that isn't a number from 0 to 65535.
    NoPort(u32),
    /// TLS or a public address without a fixed range: no firewall can be opened for it, and none can read the dialogue.
    RangeNotFixed {
        /// Whether the reason is TLS; if not, it is the public address, which means a NAT.
        tls: bool,
    },
    /// There is no fixed range.
    AnyPort,
    /// There are fewer passive ports than sessions.
    RangeTooSmall {
        /// The number of ports.
        ports: u32,
        /// The limit of sessions; `None`: there is none.
        sessions: Option<u32>,
    },
    /// The range contains a port that routers take for another protocol's.
    PortOfSip(u32),
    /// The range reaches below 1024.
    PrivilegedPorts(u32),
    /// The announced address is in a private network.
    PrivateAddress(IpAddr),
    /// The announced address can't be a host's: 0.0.0.0, loopback, multicast.
    UnusableAddress(IpAddr),
    /// The announced address is IPv6, which a 227 can't express.
    Ipv6Address(IpAddr),
    /// A name where an address is needed.
    NameNotResolved(String),
    /// A name that is looked up only once, as the server starts.
    NameResolvedOnce(String),
    /// Passive mode is forbidden.
    PassiveDisabled,
    /// Both modes are forbidden.
    NoMode,
    /// The server listens only on loopback.
    ListensInside(String),
    /// vsftpd with `listen_ipv6` and `pasv_address`: it announces 0.0.0.0.
    AddressUnheard,
    /// vsftpd with `listen` and `listen_ipv6`.
    ListensTwice,
    /// The server gives clients too few seconds to connect.
    ShortPatience(u64),
    /// Passive connections from strangers are accepted.
    PassiveStrangers,
    /// Active connections are made to strangers.
    ActiveStrangers,
    /// Data connections needn't resume the TLS session.
    SessionReuseOff,
    /// Data connections have to resume the TLS session, which some clients can't.
    SessionReuseOn,
    /// TLS is offered, but a client may send its password without it.
    PlainLogins,
    /// Logins require TLS, but data connections don't.
    PlainData,
    /// There is no TLS.
    NoTls,
    /// An outdated version of TLS is allowed.
    OutdatedTls(&'static str),
    /// Anonymous users can write.
    AnonymousWrites,
    /// An included file wasn't read, so its settings are unknown.
    NotRead(String),
}

impl Concern {
    /// The fault at this line of one of the files.
    pub(super) fn at(place: Option<Place>, files: &[String], fault: Fault, server: Software) -> Self {
        let file = place.filter(|place| place.file > 0).and_then(|place| files.get(place.file - 1)).cloned();
        Self { file, line: place.map(|place| place.line), fault, server }
    }

    /// How grave it is.
    pub fn gravity(&self) -> Gravity {
        self.fault.gravity()
    }

    /// The lines to write instead; empty if there are none.
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

    /// Its name in JSON, which never changes.
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

/// The fault in a sentence or two.
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
