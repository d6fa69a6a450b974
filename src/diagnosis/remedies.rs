//! The table of cures: for each cause, actor and software the advice, and the settings that carry it out.
//!
//! `words.rs` has the names of the settings. A cause may have several rows.

use super::cause::Cause;
use super::cure::Actor::{self, FirewallAdministrator as Firewall, ServerAdministrator as Server, User};
use super::words::{
    ACTIVE_ON, ADDRESS, ANY, CLAMP, HELPER, IDLENESS, LISTEN_ON_IPV4, LOCAL_ADDRESS, Lines, NO_REUSE, NONE, ONE_POD,
    OPEN, PASSIVE_COMMANDS, PASSIVE_ON, PASSIVE_UNBOUND, PATIENCE, PLAIN_DATA, PUBLISH, RANGE, STALLING, STRANGERS,
    TLS12_ALONE, VSFTPD_ALONE, Whose,
};

/// One row.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Remedy {
    pub(super) cause: Cause,
    pub(super) actor: Actor,
    /// A sentence.
    pub(super) advice: &'static str,
    pub(super) lines: Lines,
    /// The software that the row is for; empty means any.
    pub(super) only: Whose,
}

const fn row(cause: Cause, actor: Actor, advice: &'static str, lines: Lines) -> Remedy {
    Remedy { cause, actor, advice, lines, only: ANY }
}

/// A row for the administrators of one software.
const fn row_of(only: Whose, cause: Cause, advice: &'static str, lines: Lines) -> Remedy {
    Remedy { cause, actor: Server, advice, lines, only }
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
    row_of(
        VSFTPD_ALONE,
        Cause::UnusableAddressAdvertised,
        "Let vsftpd listen on IPv4: with listen_ipv6 it announces 0.0.0.0, whatever pasv_address says.",
        LISTEN_ON_IPV4,
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
        "Correct the announced address, and restart: a name may have been resolved only at the start.",
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
        LOCAL_ADDRESS,
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
        "Open exactly that range in the server's own firewall and the provider's (security group), and forward it if there is NAT.",
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
        ONE_POD,
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
    row(Cause::PortTakenByAlg, Server, "Use a range that leaves this port out.", RANGE),
    row(Cause::PortTakenByAlg, Firewall, "Switch the router's gateway for that protocol off.", NONE),
    row(Cause::PortRewritten, User, "Use TLS, so that no router can read and rewrite the reply; or EPSV.", NONE),
    row(Cause::PortRewritten, Firewall, "Switch the router's FTP gateway (ALG) off.", NONE),
    // What the server can't or won't do.
    row(Cause::PassiveDisabled, User, "Use active mode, if the server can reach you.", NONE),
    row(Cause::PassiveDisabled, Server, "Allow passive mode.", PASSIVE_ON),
    row(Cause::PassiveDisabled, Server, "Remove the setting that forbids it.", PASSIVE_UNBOUND),
    row(Cause::ActiveDisabled, User, USE_PASSIVE, NONE),
    row(Cause::ActiveDisabled, Server, "Allow active mode.", ACTIVE_ON),
    row(
        Cause::PassiveUnknown,
        User,
        "Use the other passive command; then active mode, if the server can reach you.",
        NONE,
    ),
    row(Cause::PassiveUnknown, Server, "Allow both passive commands.", PASSIVE_COMMANDS),
    row(
        Cause::PassiveFiltered,
        User,
        "Use the other passive command, or TLS, so that nothing in between can read it.",
        NONE,
    ),
    row(Cause::PassiveFiltered, Firewall, "Switch the gateway's filter for FTP off.", NONE),
    row(Cause::SetupMissing, User, "Send PASV, EPSV, PORT or EPRT before each transfer.", NONE),
    row(Cause::PasvOnIpv6, User, "Use EPSV, or connect over IPv4.", NONE),
    row(Cause::FamilyUnsupported, User, "Use the address family that the server names, or connect over it.", NONE),
    row(Cause::PretNeeded, User, "Send PRET with the transfer's command before PASV.", NONE),
    row(Cause::DataTimeout, User, "Go on: a 421 ends the session only if the server then closes the connection.", NONE),
    row(Cause::DataTimeout, Server, "Give data connections more time.", PATIENCE),
    // Routers that read along.
    row(Cause::EpsvBlocked, User, "Use PASV with this server, and don't ask for EPSV.", NONE),
    row(Cause::EpsvBlocked, Server, "Give the server a fixed range of passive ports.", RANGE),
    row(
        Cause::EpsvBlocked,
        Firewall,
        "Open exactly that range, so that no firewall has to read the control connection.",
        OPEN,
    ),
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
        "Accept other addresses only if data connections have to resume the TLS session, or only for that proxy.",
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
        "Weaker: don't require it; then other hosts can take over data connections.",
        NO_REUSE,
    ),
    row(Cause::SessionNotResumedTls13, User, "Use a fresh ticket for each data connection, or TLS 1.2.", NONE),
    row(Cause::SessionNotResumedTls13, Server, "Weaker: don't require resumption.", NO_REUSE),
    row(Cause::SessionNotResumedTls13, Server, "Or offer only TLS 1.2.", TLS12_ALONE),
    row(
        Cause::ProtectionUnfit,
        User,
        "Send PBSZ 0 and PROT P before the transfer (or PROT C if the server has no protection).",
        NONE,
    ),
    row(
        Cause::ProtectionUnfit,
        Server,
        "Require no more protection of data connections than clients support.",
        PLAIN_DATA,
    ),
    row(Cause::TlsRequired, User, "Use FTP over TLS (AUTH TLS) before the login.", NONE),
    row(
        Cause::DataTlsFailed,
        User,
        "Check that the client trusts the certificate on data connections, too, and ends their TLS in order (close_notify).",
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
        Server,
        "Give a data connection over which nothing moves less time, so that the session goes on.",
        STALLING,
    ),
    row(Cause::PathBroken, Firewall, "Let ICMP `fragmentation needed` pass, or clamp the MSS.", CLAMP),
    row(
        Cause::ControlDroppedIdle,
        User,
        "Keep the control connection alive (NOOP at an interval, or STAT if NOOP doesn't help); the file is whole.",
        NONE,
    ),
    row(
        Cause::ControlDroppedIdle,
        Server,
        "Give idle control connections more time, and let TCP keep them alive.",
        IDLENESS,
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
        "Check in the server's log whether the server or the network cut the connection.",
        NONE,
    ),
    row(Cause::OutOfStep, User, "Connect again; match each reply to the command that it answers.", NONE),
    row(
        Cause::LocalFailure,
        User,
        "Check for free ports and permissions on this side, and check its configured ports.",
        NONE,
    ),
    // No FTP, or no connection at all.
    row(Cause::ControlRefused, User, "Check host and port.", NONE),
    row(Cause::ControlRefused, Server, "Start the server, and let it listen on the outside address.", NONE),
    row(Cause::ControlUnreachable, User, "Check host, port and network.", NONE),
    row(Cause::ControlUnreachable, Firewall, "Open the control port towards the server.", NONE),
    row(Cause::SshAtPort, User, "Use SFTP (sftp://) for this port.", NONE),
    row(Cause::HttpAtPort, User, "Use the FTP server's port, mostly 21.", NONE),
    row(Cause::SmtpAtPort, User, "Use the FTP server's port, mostly 21.", NONE),
    row(
        Cause::ControlTlsFailed,
        User,
        "Use AUTH TLS at the port for plain FTP, implicit TLS (ftps://) at 990; check that TLS versions and certificate fit.",
        NONE,
    ),
    row(Cause::ControlTlsFailed, Server, "Look into the server's log for the handshake's error.", NONE),
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
