//! The table of cures: cause × who can act × software → what to do, and the lines that do it.
//!
//! It is the one place that knows how servers name their settings. A cause may have several rows; each actor at least what he can do.

use super::cause::Cause;
use super::cure::Actor::{self, FirewallAdministrator as Firewall, ServerAdministrator as Server, User};
use crate::route::Software;

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remedy {
    pub(super) cause: Cause,
    pub(super) actor: Actor,
    /// A sentence.
    pub(super) advice: &'static str,
    /// The lines for each software; those of `None` are for any.
    pub(super) lines: Lines,
}

type Lines = &'static [(Option<Software>, &'static [Line])];

/// A line of a configuration, with a place for what the evidence tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: &'static str,
    pub(super) given: Given,
}

/// What stands behind the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    Nothing,
    Word(&'static str),
    Address,
    First,
    Last,
    Ports,
}

const fn line(key: &'static str, given: Given) -> Line {
    Line { key, given }
}

const VSFTPD: Option<Software> = Some(Software::Vsftpd);
const PROFTPD: Option<Software> = Some(Software::ProFtpd);
const PURE_FTPD: Option<Software> = Some(Software::PureFtpd);
const FILEZILLA: Option<Software> = Some(Software::FileZillaServer);
const PYFTPDLIB: Option<Software> = Some(Software::Pyftpdlib);
const IIS: Option<Software> = Some(Software::Iis);
const LIBUNFTP: Option<Software> = Some(Software::Libunftp);
const OURS: Option<Software> = Some(Software::FtpServer);

/// Nothing to write.
const NONE: Lines = &[];

/// The address that a 227 announces.
const ADDRESS: Lines = &[
    (VSFTPD, &[line("pasv_address", Given::Address)]),
    (OURS, &[line("pasv_address", Given::Address)]),
    (PROFTPD, &[line("MasqueradeAddress", Given::Address)]),
    (PURE_FTPD, &[line("-P", Given::Address)]),
    (FILEZILLA, &[line("FTP and FTP over TLS > Passive mode > Use the following host", Given::Address)]),
    (PYFTPDLIB, &[line("handler.masquerade_address", Given::Address)]),
    (IIS, &[line("FTP Firewall Support > External IP Address of Firewall", Given::Address)]),
    (LIBUNFTP, &[line(".passive_host", Given::Address)]),
];

/// The ports for passive mode.
const RANGE: Lines = &[
    (VSFTPD, &[line("pasv_min_port", Given::First), line("pasv_max_port", Given::Last)]),
    (OURS, &[line("pasv_min_port", Given::First), line("pasv_max_port", Given::Last)]),
    (PROFTPD, &[line("PassivePorts", Given::Ports)]),
    (PURE_FTPD, &[line("-p", Given::Ports)]),
    (FILEZILLA, &[line("FTP and FTP over TLS > Passive mode > Use custom port range", Given::Ports)]),
    (PYFTPDLIB, &[line("handler.passive_ports", Given::Ports)]),
    (IIS, &[line("FTP Firewall Support (server level, then restart ftpsvc) > Data Channel Port Range", Given::Ports)]),
    (LIBUNFTP, &[line(".passive_ports", Given::Ports)]),
];

/// Data connections of the server need not resume the control connection's TLS session.
const NO_REUSE: Lines = &[
    (VSFTPD, &[line("require_ssl_reuse", Given::Word("NO"))]),
    (OURS, &[line("require_ssl_reuse", Given::Word("NO"))]),
    (PROFTPD, &[line("TLSOptions", Given::Word("NoSessionReuseRequired"))]),
];

/// Data connections from other hosts are taken.
const STRANGERS: Lines = &[
    (VSFTPD, &[line("pasv_promiscuous", Given::Word("YES"))]),
    (OURS, &[line("pasv_promiscuous", Given::Word("YES"))]),
    (PROFTPD, &[line("AllowForeignAddress", Given::Word("<class of the proxy>"))]),
    (PYFTPDLIB, &[line("handler.permit_foreign_addresses", Given::Word("True"))]),
];

const PASSIVE_ON: Lines =
    &[(VSFTPD, &[line("pasv_enable", Given::Word("YES"))]), (OURS, &[line("pasv_enable", Given::Word("YES"))])];

const ACTIVE_ON: Lines = &[
    (VSFTPD, &[line("port_enable", Given::Word("YES"))]),
    (OURS, &[line("port_enable", Given::Word("YES"))]),
    (LIBUNFTP, &[line(".active_passive_mode", Given::Word("ActivePassiveMode::ActiveAndPassive"))]),
];

/// A firewall lets the range in. In front of the other rules: the last of a chain often turns the rest away.
const OPEN: Lines = &[(
    None,
    &[
        line("nft insert rule inet filter input tcp dport {} accept", Given::Ports),
        line("firewall-cmd --permanent --add-port={}/tcp", Given::Ports),
    ],
)];

const PUBLISH: Lines = &[(None, &[line("docker run … -p {}:{}", Given::Ports)])];

const HELPER: Lines = &[(
    None,
    &[
        line("nft add ct helper inet filter ftp '{ type \"ftp\" protocol tcp; }'", Given::Nothing),
        line("nft add rule inet filter prerouting tcp dport 21 ct helper set \"ftp\"", Given::Nothing),
    ],
)];

const fn row(cause: Cause, actor: Actor, advice: &'static str, lines: Lines) -> Remedy {
    Remedy { cause, actor, advice, lines }
}

const OTHER_HOST: &str =
    "Let the client connect to the host of the control connection, or use EPSV, which names no host.";
const USE_PASSIVE: &str = "Use passive mode.";

pub(super) const REMEDIES: &[Remedy] = &[
    // What a 227 announces.
    row(Cause::PrivateAddressAdvertised, User, OTHER_HOST, NONE),
    row(
        Cause::PrivateAddressAdvertised,
        Server,
        "Let the server announce the address at which clients reach it.",
        ADDRESS,
    ),
    row(Cause::UnusableAddressAdvertised, User, OTHER_HOST, NONE),
    row(
        Cause::UnusableAddressAdvertised,
        Server,
        "Let the server announce the address at which clients reach it.",
        ADDRESS,
    ),
    row(Cause::ContainerAddressAdvertised, User, OTHER_HOST, NONE),
    row(
        Cause::ContainerAddressAdvertised,
        Server,
        "Let the server announce the address of the container's host.",
        ADDRESS,
    ),
    row(Cause::ContainerAddressAdvertised, Server, "Give it a fixed passive range, and publish the same ports.", RANGE),
    row(Cause::ContainerAddressAdvertised, Firewall, "Publish the passive range under the same numbers.", PUBLISH),
    row(Cause::StaleAddressAdvertised, User, OTHER_HOST, NONE),
    row(
        Cause::StaleAddressAdvertised,
        Server,
        "Correct the announced address, and restart: a name may have been resolved at the start alone.",
        ADDRESS,
    ),
    row(
        Cause::DataOnAnotherHost,
        User,
        "Allow the advertised address for this server, and prefer PASV, since EPSV can't name another host.",
        NONE,
    ),
    row(Cause::DataOnAnotherHost, Firewall, "Let the balancer keep one client's connections on one server.", NONE),
    row(
        Cause::NoHairpin,
        User,
        "Let the client connect to the host of the control connection, or reach the server at its inside address.",
        NONE,
    ),
    row(
        Cause::NoHairpin,
        Server,
        "Announce the inside address to clients from inside, by a second instance or a rule.",
        &[(
            FILEZILLA,
            &[line("FTP and FTP over TLS > Passive mode > Use the local IP for local connections", Given::Word("on"))],
        )],
    ),
    row(
        Cause::NoHairpin,
        Firewall,
        "Let the router lead its public address back inside (hairpin NAT, NAT loopback).",
        NONE,
    ),
    // The passive ports.
    row(
        Cause::PassiveRangeDropped,
        User,
        "Ask the server's administrator to open the passive ports; try active mode if the server can reach you.",
        NONE,
    ),
    row(Cause::PassiveRangeDropped, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(
        Cause::PassiveRangeDropped,
        Firewall,
        "Open exactly that range towards the server, and forward it if there is NAT.",
        OPEN,
    ),
    row(
        Cause::PassiveRangeRefused,
        User,
        "Ask the server's administrator to forward the passive ports; try active mode if the server can reach you.",
        NONE,
    ),
    row(Cause::PassiveRangeRefused, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(Cause::PassiveRangeRefused, Firewall, "Forward exactly that range to the server, port by port.", OPEN),
    row(Cause::RangeNotPublished, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(Cause::RangeNotPublished, Firewall, "Publish the range under the same numbers.", PUBLISH),
    row(Cause::ServiceWithoutRange, Server, "Give the server a small fixed range of passive ports.", RANGE),
    row(
        Cause::ServiceWithoutRange,
        Firewall,
        "Name each port of the range in the service, outside and inside with the same number.",
        NONE,
    ),
    row(
        Cause::AnotherPod,
        Firewall,
        "Let the service keep a client on one pod (sessionAffinity), or run one pod.",
        &[(None, &[line("sessionAffinity: ClientIP", Given::Nothing)])],
    ),
    row(
        Cause::OutboundBlocked,
        User,
        "Ask for outbound connections to the server's passive ports, or use a server on one port (SFTP).",
        NONE,
    ),
    row(
        Cause::OutboundBlocked,
        Firewall,
        "At the client's site, let connections out to the server's passive ports.",
        NONE,
    ),
    row(Cause::RangeExhausted, User, "Wait a minute, and use fewer connections at once.", NONE),
    row(
        Cause::RangeExhausted,
        Server,
        "Widen the passive range: several ports for each session that there may be.",
        RANGE,
    ),
    row(Cause::RangeExhausted, Firewall, "Open the wider range.", OPEN),
    row(Cause::RangeSwapped, Server, "Write the lower port first.", RANGE),
    row(Cause::RangeNotFixed, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(Cause::RangeNotFixed, Firewall, "Open exactly that range.", OPEN),
    row(Cause::PortTakenByAlg, User, "Try again: the next port may be another.", NONE),
    row(Cause::PortTakenByAlg, Server, "Take a range that leaves this port out.", RANGE),
    row(Cause::PortTakenByAlg, Firewall, "Switch the router's gateway for that protocol off.", NONE),
    row(Cause::PortRewritten, User, "Use TLS, so that no router can read and rewrite the reply; or EPSV.", NONE),
    row(Cause::PortRewritten, Firewall, "Switch the router's FTP gateway (ALG) off.", NONE),
    // What the server can't or won't do.
    row(Cause::PassiveDisabled, User, "Use active mode, if the server can reach you.", NONE),
    row(Cause::PassiveDisabled, Server, "Allow passive mode.", PASSIVE_ON),
    row(
        Cause::PassiveDisabled,
        Server,
        "Take out what forbids it.",
        &[
            (PROFTPD, &[line("# remove: <Limit PASV EPSV>", Given::Nothing)]),
            (PURE_FTPD, &[line("# start without -N", Given::Nothing)]),
            (PYFTPDLIB, &[line("# keep PASV and EPSV in handler.proto_cmds", Given::Nothing)]),
        ],
    ),
    row(Cause::ActiveDisabled, User, USE_PASSIVE, NONE),
    row(Cause::ActiveDisabled, Server, "Allow active mode.", ACTIVE_ON),
    row(
        Cause::PassiveUnknown,
        User,
        "Use the other passive command; then active mode, if the server can reach you.",
        NONE,
    ),
    row(
        Cause::PassiveUnknown,
        Server,
        "Allow both passive commands.",
        &[
            (VSFTPD, &[line("cmds_denied", Given::Word("<without PASV and EPSV>"))]),
            (PROFTPD, &[line("# look into: <Limit PASV EPSV>", Given::Nothing)]),
            (PURE_FTPD, &[line("# start without -b", Given::Nothing)]),
        ],
    ),
    row(
        Cause::PassiveFiltered,
        User,
        "Use the other passive command, or TLS, so that nothing in between can read it.",
        NONE,
    ),
    row(Cause::PassiveFiltered, Firewall, "Switch the gateway's filter for FTP off.", NONE),
    row(Cause::SetupMissing, User, "Say PASV, EPSV, PORT or EPRT before each transfer.", NONE),
    row(Cause::PasvOnIpv6, User, "Use EPSV, or connect over IPv4.", NONE),
    row(Cause::FamilyUnsupported, User, "Use the address family that the server names, or connect over it.", NONE),
    row(Cause::PretNeeded, User, "Say PRET with the transfer's command before PASV.", NONE),
    row(Cause::DataTimeout, User, "Go on: a 421 is the end only where the connection is closed behind it.", NONE),
    row(
        Cause::DataTimeout,
        Server,
        "Give data connections more time.",
        &[
            (VSFTPD, &[line("accept_timeout", Given::Word("120"))]),
            (OURS, &[line("accept_timeout", Given::Word("120"))]),
            (PROFTPD, &[line("TimeoutNoTransfer", Given::Word("600"))]),
            (PURE_FTPD, &[line("-I", Given::Word("30"))]),
            (PYFTPDLIB, &[line("handler.passive_dtp.timeout", Given::Word("120"))]),
        ],
    ),
    // Routers that read along.
    row(Cause::EpsvBlocked, User, "Use PASV with this server, and don't ask for EPSV.", NONE),
    row(Cause::EpsvBlocked, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(Cause::EpsvBlocked, Firewall, "Open exactly that range, so that nothing has to read the dialogue.", OPEN),
    row(Cause::PasvMangled, User, "Use EPSV, or TLS, so that nothing in between can read the reply.", NONE),
    row(Cause::PasvMangled, Firewall, "Switch the router's FTP gateway (ALG) off.", NONE),
    row(Cause::TlsBlindsHelper, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(Cause::TlsBlindsHelper, Server, "Behind NAT, let it announce the address at which clients reach it.", ADDRESS),
    row(
        Cause::TlsBlindsHelper,
        Firewall,
        "Open exactly that range: under TLS no helper can read which port is meant.",
        OPEN,
    ),
    row(Cause::HelperNotAttached, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(
        Cause::HelperNotAttached,
        Firewall,
        "Open exactly that range, or attach the helper to the control port (no longer automatic since Linux 4.7).",
        HELPER,
    ),
    // Active mode.
    row(
        Cause::ActiveBehindNat,
        User,
        "Use passive mode; or tell the client its outside address, and forward a range of ports to it.",
        NONE,
    ),
    row(
        Cause::ActiveBehindNat,
        Server,
        "Don't allow other addresses to mend this: that opens the server to the bounce attack.",
        NONE,
    ),
    row(Cause::ActiveAddressRejected, User, "Use passive mode; or name the address that the server sees.", NONE),
    row(
        Cause::ActiveInboundDropped,
        User,
        "Use passive mode; or open and forward a range of ports to the client.",
        NONE,
    ),
    row(
        Cause::ActiveInboundDropped,
        Firewall,
        "At the client's site, open and forward the client's range of active ports.",
        NONE,
    ),
    row(
        Cause::ActiveInboundRejected,
        User,
        "Use passive mode; or open and forward a range of ports to the client.",
        NONE,
    ),
    row(
        Cause::ActiveInboundRejected,
        Firewall,
        "At the client's site, open and forward the client's range of active ports.",
        NONE,
    ),
    row(Cause::ServerOutboundBlocked, User, USE_PASSIVE, NONE),
    row(
        Cause::ServerOutboundBlocked,
        Firewall,
        "At the server's site, let the server's data connections out, from port 20 if it uses that.",
        NONE,
    ),
    row(
        Cause::DataPeerDiffers,
        User,
        "Let both connections leave by one address: bind the data socket to the control connection's, pin the route or the proxy's exit.",
        NONE,
    ),
    row(
        Cause::DataPeerDiffers,
        Server,
        "Only where data connections have to resume the TLS session, or for that proxy alone, take other addresses.",
        STRANGERS,
    ),
    row(
        Cause::DataPeerDiffers,
        Firewall,
        "Let all connections of one client to one server leave by one address.",
        NONE,
    ),
    // TLS.
    row(
        Cause::SessionNotResumed,
        User,
        "Use a client that resumes the control connection's session on each data connection.",
        NONE,
    ),
    row(
        Cause::SessionNotResumed,
        Server,
        "Weaker: don't require it; then strangers can take data connections over.",
        NO_REUSE,
    ),
    row(Cause::SessionNotResumedTls13, User, "Use a fresh ticket for each data connection, or TLS 1.2.", NONE),
    row(Cause::SessionNotResumedTls13, Server, "Weaker: don't require resumption.", NO_REUSE),
    row(
        Cause::SessionNotResumedTls13,
        Server,
        "Or offer TLS 1.2 alone.",
        &[(PROFTPD, &[line("TLSProtocol", Given::Word("TLSv1.2"))])],
    ),
    row(
        Cause::ProtectionUnfit,
        User,
        "Say PBSZ 0 and PROT P before the transfer (or PROT C where the server has no protection).",
        NONE,
    ),
    row(
        Cause::ProtectionUnfit,
        Server,
        "Require as much of data connections as clients can do.",
        &[
            (VSFTPD, &[line("force_local_data_ssl", Given::Word("NO"))]),
            (OURS, &[line("force_local_data_ssl", Given::Word("NO"))]),
            (PROFTPD, &[line("TLSRequired", Given::Word("ctrl"))]),
            (PURE_FTPD, &[line("-Y", Given::Word("1"))]),
            (PYFTPDLIB, &[line("handler.tls_data_required", Given::Word("False"))]),
        ],
    ),
    row(Cause::TlsRequired, User, "Use FTP over TLS (AUTH TLS) before the login.", NONE),
    row(
        Cause::DataTlsFailed,
        User,
        "Look whether the client trusts the certificate on data connections as it does on the control connection.",
        NONE,
    ),
    row(Cause::DataTlsFailed, Server, "Look into the server's log for the handshake's error.", NONE),
    row(
        Cause::TlsAtPort,
        User,
        "Use implicit TLS (ftps://) for this port, or the port for plain FTP and AUTH TLS.",
        NONE,
    ),
    // What breaks later.
    row(Cause::PathBroken, User, "Try a smaller MTU, and the same without TLS.", NONE),
    row(
        Cause::PathBroken,
        Firewall,
        "Let ICMP `fragmentation needed` pass, or clamp the MSS.",
        &[(
            None,
            &[line("nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu", Given::Nothing)],
        )],
    ),
    row(
        Cause::ControlDroppedIdle,
        User,
        "Keep the control connection alive (NOOP at an interval); the file is whole.",
        NONE,
    ),
    row(
        Cause::ControlDroppedIdle,
        Server,
        "Give idle control connections more time, and let TCP keep them alive.",
        &[
            (VSFTPD, &[line("idle_session_timeout", Given::Word("3600"))]),
            (OURS, &[line("idle_session_timeout", Given::Word("3600"))]),
            (PROFTPD, &[line("TimeoutIdle", Given::Word("3600")), line("SocketOptions keepalive", Given::Word("on"))]),
            (PURE_FTPD, &[line("-I", Given::Word("60"))]),
            (PYFTPDLIB, &[line("handler.timeout", Given::Word("3600"))]),
        ],
    ),
    row(
        Cause::ControlDroppedIdle,
        Firewall,
        "Let idle connections of port 21 live longer than the longest transfer.",
        NONE,
    ),
    row(
        Cause::ClosedTooEarly,
        User,
        "Wait for the data connection's end, and don't close it by a timer; compare the size.",
        NONE,
    ),
    row(
        Cause::ClosedTooEarly,
        Server,
        "Look into the server's log whether it or the network has cut the connection.",
        NONE,
    ),
    row(Cause::OutOfStep, User, "Connect anew; give each reply to the command that it answers.", NONE),
    row(
        Cause::LocalFailure,
        User,
        "Look for free ports and permissions on this side, and at its configured ports.",
        NONE,
    ),
    // No FTP, or no connection at all.
    row(Cause::ControlRefused, User, "Check host and port.", NONE),
    row(Cause::ControlRefused, Server, "Start the server, and let it listen at the outside address.", NONE),
    row(Cause::ControlUnreachable, User, "Check host, port and network.", NONE),
    row(Cause::ControlUnreachable, Firewall, "Open the control port towards the server.", NONE),
    row(Cause::SshAtPort, User, "Use SFTP (sftp://) for this port.", NONE),
    row(Cause::HttpAtPort, User, "Use the FTP server's port, mostly 21.", NONE),
    row(Cause::SmtpAtPort, User, "Use the FTP server's port, mostly 21.", NONE),
    row(Cause::NotFtp, User, "Check host and port.", NONE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_cure() {
        for cause in Cause::ALL {
            assert!(REMEDIES.iter().any(|remedy| remedy.cause == *cause), "{cause:?}");
        }
    }
}
