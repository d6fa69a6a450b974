//! The ways to a data connection: which is next, and which host to trust.
//!
//! In order of preference: EPSV, which names no host and so passes every NAT; PASV, dialling the control connection's peer and not the
//! private address that a server behind NAT announces (on IPv6 that also passes NAT64); and, only if the application lists them, EPRT
//! and PORT, which tell the server an address of the client.

mod attempt;
mod evidence;
mod software;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub use attempt::{Attempt, AttemptEnd, DataTls, Excerpt, TlsVersion};
pub use evidence::{
    Configuration, Container, ControlLoss, ControlState, Evidence, Helper, LossKind, Occasion, Side, Surroundings,
    TlsFacts,
};
pub use software::{Software, Speaks};

pub(crate) use software::contains;

/// The two ends of a control connection. IPv4-mapped addresses (`::ffff:a.b.c.d`), as IPv6 sockets show them, are turned into IPv4 ones.
///
/// ```
/// use ftp_proto::Endpoints;
/// let ends = Endpoints::new("[::ffff:192.0.2.1]:40000".parse()?, "192.0.2.2:21".parse()?);
/// assert_eq!(ends.local(), "192.0.2.1:40000".parse()?);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoints {
    local: SocketAddr,
    peer: SocketAddr,
}

impl Endpoints {
    /// The ends with this side's address and port, and the peer's.
    pub fn new(local: SocketAddr, peer: SocketAddr) -> Self {
        Self { local: plain(local), peer: plain(peer) }
    }

    /// This side's address and port.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The peer's address and port.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// A port of a host. For the peer's host it keeps the scope of its address, since no command and no reply names one.
    pub(crate) fn towards(&self, host: IpAddr, port: u16) -> SocketAddr {
        let mut address = self.peer;
        if host != address.ip() {
            return SocketAddr::new(host, port);
        }
        address.set_port(port);
        address
    }
}

/// A way to set up a data connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Route {
    /// The server listens; it names only a port (RFC 2428 3).
    Epsv,
    /// The server listens; it names an IPv4 address and a port (RFC 959 4.1.2).
    Pasv,
    /// The client listens; it names an address of any family (RFC 2428 2).
    Eprt,
    /// The client listens; it names an IPv4 address (RFC 959 4.1.2).
    Port,
}

impl Route {
    /// Whether the server listens.
    pub const fn is_passive(self) -> bool {
        matches!(self, Self::Epsv | Self::Pasv)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Epsv => 1,
            Self::Pasv => 2,
            Self::Eprt => 4,
            Self::Port => 8,
        }
    }

    /// The word of its command.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Epsv => "EPSV",
            Self::Pasv => "PASV",
            Self::Eprt => "EPRT",
            Self::Port => "PORT",
        }
    }
}

/// Which host a client dials after a 227. The advertised host is recorded in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PassiveHost {
    /// The control connection's peer. Safe: no server can make the client dial another host (CVE-2020-8284 and its siblings), and a NAT
    /// in front of the server does no harm.
    #[default]
    Peer,
    /// The advertised host, whatever it is, as for a cluster whose data connections are on other hosts. Unless the server is trusted,
    /// this allows request forgery: the server makes the client dial any host.
    Advertised,
    /// The advertised host if it [is plausible](is_plausible), and otherwise the peer.
    AdvertisedIfPlausible,
    /// The advertised host if it [is plausible](is_plausible), and then the peer if that host can't be reached; otherwise the peer.
    AdvertisedThenPeer,
    /// Always this host.
    Fixed(IpAddr),
}

impl PassiveHost {
    /// The hosts to dial, in order.
    pub(crate) fn candidates(self, advertised: Option<IpAddr>, peer: IpAddr) -> [Option<IpAddr>; 2] {
        let plausible = advertised.filter(|host| is_plausible(*host, peer));
        match self {
            Self::Peer => [Some(peer), None],
            Self::Advertised => [Some(advertised.unwrap_or(peer)), None],
            Self::AdvertisedIfPlausible => [Some(plausible.unwrap_or(peer)), None],
            Self::AdvertisedThenPeer => match plausible {
                Some(host) if host != peer => [Some(host), Some(peer)],
                _ => [Some(peer), None],
            },
            Self::Fixed(host) => [Some(host), None],
        }
    }
}

/// The address with an IPv4-mapped host turned into an IPv4 one.
fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        // Keeps the scope, which says on which link a link-local address is.
        IpAddr::V6(_) => address,
        host => SocketAddr::new(host, address.port()),
    }
}

/// Whether a client that reaches a server at `peer` can be meant to dial `advertised`: a host that isn't unspecified, multicast,
/// reserved, loopback or link-local, nor private while the peer is public. The peer itself always is.
///
/// ```
/// let (inside, outside) = ("10.0.0.5".parse()?, "198.51.100.7".parse()?);
/// assert!(!ftp_proto::is_plausible(inside, outside), "a server behind NAT that advertises its inner address");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
pub fn is_plausible(advertised: IpAddr, peer: IpAddr) -> bool {
    if advertised == peer {
        return true;
    }
    match Reach::of(advertised) {
        Reach::Nowhere | Reach::Host | Reach::Link => false,
        Reach::Site => Reach::of(peer) == Reach::Site,
        Reach::World => true,
    }
}

/// Whether a peer has a public address: not this host, this link or a private network.
pub(crate) fn is_outside(peer: IpAddr) -> bool {
    Reach::of(peer) == Reach::World
}

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Unspecified, multicast, reserved.
    Nowhere,
    /// Loopback.
    Host,
    /// Link-local.
    Link,
    /// Private (RFC 1918, RFC 4193), shared (RFC 6598), or the IPv4 end of a translator (RFC 7335).
    Site,
    /// Everything else.
    World,
}

impl Reach {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0 | 224..=255, ..] => Self::Nowhere,
            [127, ..] => Self::Host,
            [169, 254, ..] => Self::Link,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Self::Site,
            // A host with 464XLAT gives itself such an address (RFC 7335).
            [192, 0, 0, 0..=7] => Self::Site,
            _ => Self::World,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] | [0xff00..=0xffff, ..] => Self::Nowhere,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Host,
            [0xfe80..=0xfebf, ..] => Self::Link,
            [0xfc00..=0xfdff, ..] => Self::Site,
            _ => Self::World,
        }
    }
}

/// What a session has learned about its routes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Routes {
    /// One bit for each route, since a list would make an idle session larger.
    given_up: u8,
    /// The route that has moved a file; it is tried first from then on.
    proven: Option<Route>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self { given_up: 0, proven: None }
    }

    /// Records that this route isn't to be tried again in this session.
    pub(crate) fn give_up(&mut self, route: Route) {
        self.given_up |= route.bit();
    }

    /// Records that this route has moved a file.
    pub(crate) fn prove(&mut self, route: Route) {
        self.proven = Some(route);
    }

    /// The first route from place `tried` on that can work from here, with its place. The order is the application's, with the proven
    /// route in front.
    pub(crate) fn next(&self, order: &[Route], tried: usize, local: IpAddr) -> Option<(usize, Route)> {
        let proven = self.proven.filter(|proven| order.contains(proven));
        let others = order.iter().copied().filter(|route| Some(*route) != proven);
        proven.into_iter().chain(others).enumerate().skip(tried).find(|(_, route)| {
            // PORT can't name an IPv6 address; PASV on IPv6 may still give a port (NAT64).
            let unspeakable = *route == Route::Port && local.is_ipv6();
            !unspeakable && self.given_up & route.bit() == 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_advertised_host_is_dialled_only_by_policy() {
        let (peer, stranger) = (ip("198.51.100.7"), ip("203.0.113.9"));
        assert_eq!(PassiveHost::Peer.candidates(Some(stranger), peer), [Some(peer), None]);
        assert_eq!(PassiveHost::Advertised.candidates(Some(stranger), peer), [Some(stranger), None]);
        assert_eq!(PassiveHost::AdvertisedThenPeer.candidates(Some(stranger), peer), [Some(stranger), Some(peer)]);
        assert_eq!(PassiveHost::Fixed(stranger).candidates(None, peer), [Some(stranger), None]);
    }

    #[test]
    fn what_cannot_be_meant_for_us_is_not_plausible() {
        let public = ip("198.51.100.7");
        for host in [
            "10.1.2.3",
            "192.168.0.1",
            "172.31.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.1.1.1",
        ] {
            assert!(!is_plausible(ip(host), public), "{host}");
        }
        assert!(is_plausible(ip("203.0.113.9"), public));
        assert!(is_plausible(ip("192.168.0.1"), ip("10.0.0.1")), "private hosts of one site");
        assert!(is_plausible(ip("127.0.0.1"), ip("127.0.0.1")), "the peer itself");
        assert!(!is_plausible(ip("::ffff:10.0.0.1"), public));
    }

    #[test]
    fn an_ipv6_host_is_plausible_within_its_scope() {
        let (public, site, link) = (ip("2001:db8::1"), ip("fd00::1"), ip("fe80::1"));
        for nowhere in ["::", "ff00::", "ff02::1", "ffff::1", "::1", "fe80::", "fe80::2", "febf:ffff::1"] {
            for peer in [public, site, link, ip("ff02::2")] {
                assert!(!is_plausible(ip(nowhere), peer), "{nowhere} from {peer}");
            }
        }
        for private in ["fc00::", "fc00::2", "fd12::2", "fdff:ffff::1"] {
            assert!(is_plausible(ip(private), site), "{private}");
            assert!(!is_plausible(ip(private), public) && !is_plausible(ip(private), link), "{private}");
            assert!(!is_outside(ip(private)), "{private}");
        }
        // The addresses next to each range. ::2 was an IPv4-compatible address, and 2001:db8::2 counts as public.
        for world in ["2001:db8::2", "::2", "1::", "fbff::1", "fe00::1", "fe7f:ffff::1", "fec0::1", "feff::1"] {
            for peer in [public, site, link] {
                assert!(is_plausible(ip(world), peer), "{world} from {peer}");
            }
            assert!(is_outside(ip(world)), "{world}");
        }
        for own in ["::1", "fe80::1", "fd00::1"] {
            assert!(is_plausible(ip(own), ip(own)), "the peer itself");
            assert!(!is_outside(ip(own)), "{own}");
        }
    }

    #[test]
    fn an_ipv4_host_is_plausible_within_its_scope() {
        let (public, site) = (ip("198.51.100.7"), ip("10.0.0.1"));
        for private in [
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.0",
            "100.64.0.0",
            "100.127.0.1",
            "192.0.0.0",
            "192.0.0.7",
        ] {
            assert!(is_plausible(ip(private), site) && !is_plausible(ip(private), public), "{private}");
        }
        let beside = "191.255.255.255 192.0.0.8 192.0.1.1 1.0.0.1 9.0.0.1 11.0.0.1 126.0.0.1 128.0.0.1 169.253.0.1 169.255.0.1 172.15.0.1 172.32.0.1 \
            192.167.0.1 192.169.0.1 100.63.0.1 100.128.0.1 223.255.255.255";
        for world in beside.split_whitespace() {
            assert!(
                is_plausible(ip(world), public) && is_plausible(ip(world), site) && is_outside(ip(world)),
                "{world}"
            );
        }
        for nowhere in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "169.254.0.1", "224.0.0.1", "255.255.255.255"]
        {
            assert!(!is_plausible(ip(nowhere), public) && !is_plausible(ip(nowhere), site), "{nowhere}");
        }
    }

    #[test]
    fn a_route_that_was_given_up_is_not_asked_again() {
        let mut routes = Routes::new();
        let order = [Route::Epsv, Route::Pasv, Route::Port];
        assert_eq!(routes.next(&order, 0, ip("10.0.0.1")), Some((0, Route::Epsv)));
        routes.give_up(Route::Epsv);
        assert_eq!(routes.next(&order, 0, ip("10.0.0.1")), Some((1, Route::Pasv)));
        assert_eq!(routes.next(&order, 2, ip("::1")), None, "PORT has no word for IPv6");
    }
}
