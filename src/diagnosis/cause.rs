//! The causes of a missing or failed data connection, each with its identifier and its sentence.

use core::fmt;

/// One row for each cause: its documentation, variant, identifier and sentence.
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident $id:literal $sentence:literal;)*) => {
        /// Why there is no data connection, or why one doesn't move its data. `Display` shows one sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum Cause {
            $(
                $(#[$doc])*
                #[cfg_attr(feature = "serde", serde(rename = $id))]
                $name,
            )*
        }

        impl Cause {
            /// All causes, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its identifier for programs, such as `private-address-advertised`. It doesn't change between versions.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),* }
            }
        }
    };
}

causes! {
    /// The server is behind NAT and announces its inside address (RFC 1918, 6598, 4193, link-local).
    PrivateAddressAdvertised "private-address-advertised"
        "The server announces its address inside a private network, which can't be reached from here.";
    /// A 227 names 0.0.0.0, a loopback, multicast or reserved address.
    UnusableAddressAdvertised "unusable-address-advertised"
        "The server announces an address that names no host on the network (0.0.0.0, 127.0.0.1 or the like).";
    /// The announced address is that of a container's network.
    ContainerAddressAdvertised "container-address-advertised"
        "The server runs in a container and announces the container's own address.";
    /// The announced public address isn't the server's: not any more, or it never was.
    StaleAddressAdvertised "stale-address-advertised"
        "The server announces a public address that isn't its own: stale, mistyped, or resolved long ago.";
    /// Data connections go to another host than the control connection.
    DataOnAnotherHost "data-on-another-host"
        "The data connections go to another host than the control connection: a cluster, or a load balancer.";
    /// Packets to the passive ports are dropped before the server.
    PassiveRangeDropped "passive-range-dropped"
        "A firewall or NAT in front of the server drops connections to its passive ports.";
    /// Connections to the passive ports are refused: nothing is forwarded, or a firewall rejects them.
    PassiveRangeRefused "passive-range-refused"
        "Connections to the server's passive ports are refused: they aren't forwarded to it, or a firewall rejects them.";
    /// The container's passive ports aren't published.
    RangeNotPublished "range-not-published"
        "The container's passive ports aren't published.";
    /// The Kubernetes service has only the control port.
    ServiceWithoutRange "service-without-range"
        "The Kubernetes service passes only the control port, not the passive ports.";
    /// The service leads a data connection to another pod.
    AnotherPod "another-pod"
        "The data connection goes to another pod than the control connection.";
    /// The client's own firewall blocks outbound connections to high ports.
    OutboundBlocked "outbound-blocked"
        "A firewall at the client blocks outbound connections to the server's passive ports.";
    /// No port of the passive range is free.
    RangeExhausted "passive-range-exhausted"
        "The server has no free passive port: its range is too small for its clients.";
    /// The first passive port is above the last.
    RangeSwapped "range-swapped"
        "The first port of the server's passive range is above the last.";
    /// TLS is required, and there is no fixed range that a firewall could open.
    RangeNotFixed "range-not-fixed"
        "The server uses any port for passive mode, and under TLS no firewall can read which one.";
    /// A router treats one port of the range as that of another protocol.
    PortTakenByAlg "port-taken-by-alg"
        "A router takes this port for another protocol's (SIP or the like) and interferes.";
    /// A router rewrites ports in replies.
    PortRewritten "port-rewritten"
        "A router rewrites the port that the server names.";
    /// PASV and EPSV are forbidden by configuration.
    PassiveDisabled "passive-disabled"
        "The server's configuration forbids passive mode.";
    /// PORT and EPRT are forbidden by configuration.
    ActiveDisabled "active-disabled"
        "The server's configuration forbids active mode.";
    /// The server doesn't know the passive command.
    PassiveUnknown "passive-unknown"
        "The server doesn't know the passive command.";
    /// A gateway in front of the server refuses or rewrites the passive command.
    PassiveFiltered "passive-filtered"
        "A gateway in between filters or rewrites the passive command.";
    /// A firewall that reads PASV but not EPSV.
    EpsvBlocked "epsv-blocked"
        "A firewall in between knows PASV but not EPSV, and opens no port for it.";
    /// A middlebox damages or drops the 227.
    PasvMangled "pasv-mangled"
        "A router in between damages or rewrites the reply to PASV.";
    /// The client is behind NAT and has sent the server its inside address.
    ActiveBehindNat "active-behind-nat"
        "The client is behind NAT, and the server is told an address that it can't or won't connect to.";
    /// The server refuses, as a rule, to connect to that address.
    ActiveAddressRejected "active-address-rejected"
        "The server refuses to connect to any address but the one from which the client comes.";
    /// The server's connection to the client is dropped on its way.
    ActiveInboundDropped "active-inbound-dropped"
        "A firewall or NAT at the client drops the connection that the server makes in active mode.";
    /// The server's connection to the client is refused.
    ActiveInboundRejected "active-inbound-rejected"
        "A firewall or NAT at the client refuses the connection that the server makes in active mode.";
    /// The server can't connect out at all.
    ServerOutboundBlocked "server-outbound-blocked"
        "A firewall at the server blocks its outbound connections in active mode.";
    /// A transfer command came without the setup of a data connection.
    SetupMissing "setup-missing"
        "No data connection was set up for this transfer: PASV or PORT must come before each.";
    /// The data connection comes from another address than the control connection.
    DataPeerDiffers "data-peer-differs"
        "The data connection comes from another address than the control connection.";
    /// The server requires the TLS session of the control connection on the data connection.
    SessionNotResumed "tls-session-not-resumed"
        "The server requires that the data connection resumes the control connection's TLS session, and it didn't.";
    /// Like [`SessionNotResumed`](Self::SessionNotResumed), but only over TLS 1.3.
    SessionNotResumedTls13 "tls13-session-not-resumed"
        "Over TLS 1.3 the data connection doesn't resume the control connection's session, as the server requires.";
    /// PROT P is required and not in force, or the reverse.
    ProtectionUnfit "protection-unfit"
        "The server requires another protection of data connections than the one in force (PBSZ 0, PROT P).";
    /// The server allows no login or no transfer without TLS.
    TlsRequired "tls-required"
        "The server requires TLS on the control connection first.";
    /// TLS on the data connection fails for another reason.
    DataTlsFailed "data-tls-failed"
        "TLS on the data connection fails.";
    /// A helper or ALG can't read the addresses under TLS.
    TlsBlindsHelper "tls-blinds-helper"
        "A firewall or NAT opens data ports by reading the control connection, and TLS hides that.";
    /// A conntrack helper isn't attached to the control connection.
    HelperNotAttached "helper-not-attached"
        "The firewall's FTP helper isn't attached to the control connection.";
    /// PASV was used over IPv6.
    PasvOnIpv6 "pasv-on-ipv6"
        "PASV can't name an IPv6 address.";
    /// The server doesn't support this address family.
    FamilyUnsupported "family-unsupported"
        "The server doesn't support the address family that it was asked for.";
    /// The server requires PRET, as DrFTPD does.
    PretNeeded "pret-needed"
        "The server has to be told by PRET, before PASV, what a passive port is for.";
    /// The data connection is established, but no data comes through.
    PathBroken "path-broken"
        "The data connection is established, but its path is broken: large packets (MTU), a proxy, or TLS that waits for ever.";
    /// A 421 that means a timeout of the data connection.
    DataTimeout "data-timeout"
        "The server sent 421 for a data connection that didn't come, and the session goes on.";
    /// The client uses the server's public address from inside, and the router doesn't lead that back.
    NoHairpin "no-hairpin"
        "Client and server are in one network, and its router doesn't lead the public address back inside.";
    /// Replies are matched to the wrong commands.
    OutOfStep "out-of-step"
        "Replies and commands are out of step: a reply belongs to another command.";
    /// A middlebox dropped the control connection while a transfer ran.
    ControlDroppedIdle "control-dropped-while-idle"
        "The control connection was dropped while it was silent during a transfer; the data was whole.";
    /// The data connection was closed before all bytes had come.
    ClosedTooEarly "closed-too-early"
        "The data connection was closed before all bytes had come.";
    /// This side lacks a socket, a port or a permission.
    LocalFailure "local-failure"
        "This side has no socket, port or permission for the data connection.";
    /// The control connection was refused.
    ControlRefused "control-refused"
        "Nothing listens at the server's port, or a firewall rejects it.";
    /// The control connection got no answer.
    ControlUnreachable "control-unreachable"
        "The server can't be reached at all.";
    /// SSH answers.
    SshAtPort "ssh-at-port"
        "SSH answers at this port: SFTP is another protocol.";
    /// HTTP answers.
    HttpAtPort "http-at-port"
        "A web server answers at this port.";
    /// SMTP answers.
    SmtpAtPort "smtp-at-port"
        "A mail server answers at this port.";
    /// TLS from the first byte.
    TlsAtPort "tls-at-port"
        "TLS begins with the connection at this port: implicit FTP over TLS.";
    /// TLS doesn't begin on the control connection.
    ControlTlsFailed "control-tls-failed"
        "TLS doesn't begin on the control connection: it is plain FTP there, or versions or certificate don't fit.";
    /// Another protocol answers, or none.
    NotFtp "not-ftp"
        "There is no FTP server at this port.";
}

/// The cause in one sentence.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

/// A set of causes.
///
/// ```
/// use ftp_proto::diagnosis::{Cause, Causes};
/// let tls = Causes::of(&[Cause::TlsRequired, Cause::ProtectionUnfit]);
/// assert!(tls.contains(Cause::TlsRequired) && !tls.contains(Cause::NotFtp));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Causes(u64);

impl Causes {
    /// No causes.
    pub const NONE: Self = Self(0);

    /// The set of these causes.
    pub const fn of(causes: &[Cause]) -> Self {
        let mut set = 0;
        let mut rest = causes;
        while let [cause, behind @ ..] = rest {
            set |= bit(*cause);
            rest = behind;
        }
        Self(set)
    }

    pub(super) const fn insert(&mut self, cause: Cause) {
        self.0 |= bit(cause);
    }

    /// Whether the set contains this cause.
    pub const fn contains(self, cause: Cause) -> bool {
        self.0 & bit(cause) != 0
    }

    /// How many causes the set contains.
    pub const fn len(self) -> usize {
        // There are at most 64 causes.
        self.0.count_ones() as usize
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The causes, in the order of [`Cause::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::ALL.iter().copied().filter(move |cause| self.contains(*cause))
    }
}

const fn bit(cause: Cause) -> u64 {
    1_u64.wrapping_shl(cause as u32)
}

/// Serializes as the list of the causes' identifiers.
#[cfg(feature = "serde")]
impl serde::Serialize for Causes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Some formats need the length, which `collect_seq` doesn't give.
        alloc::vec::Vec::from_iter(self.iter()).serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Causes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        alloc::vec::Vec::deserialize(deserializer).map(|causes| Self::of(&causes))
    }
}

impl fmt::Debug for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn all_fit_into_a_set_and_have_names_of_their_own() {
        assert!(Cause::ALL.len() <= 64);
        let ids: HashSet<_> = Cause::ALL.iter().map(|cause| cause.id()).collect();
        assert_eq!(ids.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert!(Causes::of(&[*cause]).iter().eq([*cause]), "{cause:?}");
        }
    }
}
