//! Which network a session runs over: what surrounds the client, what surrounds the server, and how both are configured. Data, from which
//! the world is built.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use ftp_proto::server::PublicAddress;
use ftp_proto::{Resume, Verb, client, server};
use ftp_proto_rigs::pair::End;

use crate::boxes::alg::Alg;
use crate::boxes::balancer::Balancer;
use crate::boxes::clat::Clat;
use crate::boxes::docker::Docker;
use crate::boxes::firewall::Firewall;
use crate::boxes::nat::{Kind, Nat};
use crate::boxes::nat64::{Nat64, embedded};
use crate::boxes::{Fate, Middlebox};
use crate::ends::Place;
use crate::software::{ForeignPort, OURS, Software};
use crate::world::{HostId, NetworkId, Socket, World};

/// The client's addresses: on the internet, or its gateway's there; a second one of a gateway with several; in its private network.
pub const CLIENT: &str = "198.51.100.9";
const CLIENT_SECOND: &str = "198.51.100.10";
const CLIENT_INSIDE: &str = "192.168.1.10";
/// The server's.
pub const SERVER: &str = "203.0.113.7";
const SERVER_INSIDE: &str = "10.0.0.5";
const CONTAINER: &str = "172.17.0.2";
/// An address that was the server's.
const STALE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 99);
/// Another host of the server's, which has the data connections, and one that has none.
const SLAVE: &str = "203.0.113.50";
const SECOND_POD: &str = "10.0.0.6";
const CLIENT_V6: &str = "2001:db8:1::10";
const SERVER_V6: &str = "2001:db8:2::7";
const PROXY: &str = "198.51.100.200";

/// The ports that the server listens at, and that are opened and forwarded where that is done.
pub const RANGE: RangeInclusive<u16> = 50_000..=50_099;
/// Where it goes when they are all taken, and doesn't say so.
const BEYOND_RANGE: u16 = 61_000;
/// The ports that the client listens at, where they are forwarded.
pub const ACTIVE_RANGE: RangeInclusive<u16> = 6000..=6009;

#[derive(Debug, Clone)]
pub struct Topology {
    pub client: ClientSite,
    pub server: ServerSite,
    pub software: &'static Software,
    pub tls: Option<Tls>,
}

/// TLS by AUTH, before the login.
#[derive(Debug, Clone, Copy)]
pub struct Tls {
    /// PROT P is said.
    pub protects: bool,
    /// The client's data connections resume its session.
    pub resumes: bool,
}

#[derive(Debug, Clone)]
pub struct ClientSite {
    pub attached: Attached,
    pub firewall: Option<Firewall>,
    pub alg: Option<Alg>,
    /// It is told its gateway's address, to announce it in active mode.
    pub knows_outside: bool,
    /// Who has the server's inner address in its own network.
    pub twin: Option<Twin>,
}

/// How the client reaches the internet.
#[derive(Debug, Clone)]
pub enum Attached {
    /// It has a public address.
    Public,
    PublicIpv6,
    Nat {
        kind: Kind,
        /// With two addresses, and each connection gets the next of them.
        two_addresses: bool,
        /// [`ACTIVE_RANGE`] is forwarded to it.
        forwards: bool,
        /// What becomes of connections from outside that nothing is known of.
        otherwise: Fate,
    },
    /// IPv6 alone, and a NAT64 for the rest.
    Nat64,
    /// The same with 464XLAT, so that programs see IPv4.
    Clat,
    /// By a SOCKS or CONNECT proxy.
    Proxy,
    /// In the network of the server.
    BesideServer,
}

/// A host in the client's network with the server's inner address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin {
    /// The network has the same addresses, and nobody has this one.
    Nobody,
    Refuses,
    Listens,
}

#[derive(Debug, Clone)]
pub struct ServerSite {
    pub attached: ServerAttached,
    pub firewall: Option<Firewall>,
    pub alg: Option<Alg>,
    pub announces: Announces,
    pub passive: bool,
    pub active: bool,
    pub ports: Ports,
    /// Transfers are refused without PROT P.
    pub demands_protection: bool,
    /// A data connection has to resume the control connection's TLS session.
    pub demands_resumption: bool,
}

/// How the server is reached.
#[derive(Debug, Clone)]
pub enum ServerAttached {
    Public,
    PublicIpv6,
    /// Port 21 is forwarded, and [`RANGE`] if it is said.
    Nat {
        forwards: bool,
        otherwise: Fate,
        hairpin: bool,
    },
    /// Port 21 is published, and [`RANGE`] if it is said.
    Docker {
        published: bool,
    },
    /// A balancer with the server and a host that knows nothing of its data connections; [`RANGE`] is spread over both if it is said.
    Balancer {
        spreads: bool,
    },
    /// The control connection is here, the data connections are another host's.
    Master,
}

/// The address in a 227.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announces {
    Own,
    Public,
    Stale,
    Loopback,
    Unspecified,
    Slave,
}

/// What the server finds when it wants a passive port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    Free,
    /// None of the range is free, and it says so.
    Exhausted,
    /// None is free, and it takes another.
    Beyond,
}

/// The world, and what stands in it.
pub struct Built {
    pub world: World,
    pub client: HostId,
    pub server: HostId,
    pub at_client: Place,
    pub at_server: Place,
    /// What the client dials.
    pub dials: IpAddr,
    pub server_config: server::Config,
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn boxed(each: impl Middlebox + 'static) -> Option<Box<dyn Middlebox>> {
    Some(Box::new(each))
}

impl Topology {
    /// Client and server on the internet, with nothing in between.
    pub fn direct() -> Self {
        Self {
            client: ClientSite {
                attached: Attached::Public,
                firewall: None,
                alg: None,
                knows_outside: false,
                twin: None,
            },
            server: ServerSite {
                attached: ServerAttached::Public,
                firewall: None,
                alg: None,
                announces: Announces::Own,
                passive: true,
                active: true,
                ports: Ports::Free,
                demands_protection: false,
                demands_resumption: false,
            },
            software: &OURS,
            tls: None,
        }
    }

    pub fn build(&self) -> Built {
        let mut world = World::new();
        let server_network = self.server_network(&mut world);
        let server = world.host(server_network, &[self.server_address()]);
        let client = self.client_host(&mut world, server_network);
        let mut at_client = Place::new(End::Client, client);
        let mut at_server = Place::new(End::Server, server);
        match self.server.attached {
            ServerAttached::Master => {
                let slave = world.host(World::INTERNET, &[ip(SLAVE)]);
                (at_server.dials_from, at_server.listens_at) = (slave, Some(slave));
            }
            ServerAttached::Balancer { .. } => {
                world.host(server_network, &[ip(SECOND_POD)]);
            }
            _ => {}
        }
        if let Attached::Proxy = self.client.attached {
            let proxy = world.host(World::INTERNET, &[ip(PROXY)]);
            (at_client.dials_from, at_client.listens_at) = (proxy, None);
        }
        at_client.resumes = self.tls.is_none_or(|tls| tls.resumes);
        at_server.resumes = at_client.resumes;
        at_server.no_port = self.server.ports == Ports::Exhausted;
        if self.server.ports == Ports::Beyond {
            at_server.any_port = BEYOND_RANGE;
        }
        Built { world, client, server, at_client, at_server, dials: self.dials(), server_config: self.server_config() }
    }

    fn server_address(&self) -> IpAddr {
        ip(match self.server.attached {
            ServerAttached::Public | ServerAttached::Master => SERVER,
            ServerAttached::PublicIpv6 => SERVER_V6,
            ServerAttached::Nat { .. } | ServerAttached::Balancer { .. } => SERVER_INSIDE,
            ServerAttached::Docker { .. } => CONTAINER,
        })
    }

    /// What the client is told to dial.
    fn dials(&self) -> IpAddr {
        match (&self.client.attached, &self.server.attached) {
            (Attached::BesideServer, _) => self.server_address(),
            (_, ServerAttached::PublicIpv6) => ip(SERVER_V6),
            (Attached::Nat64, _) => embedded(v4(SERVER)).into(),
            _ => ip(SERVER),
        }
    }

    fn server_network(&self, world: &mut World) -> NetworkId {
        let ServerSite { attached, firewall, alg, .. } = &self.server;
        let inside = ip(SERVER_INSIDE);
        let (prefix, translator) = match *attached {
            ServerAttached::Public | ServerAttached::Master => ("203.0.113.7/32", None),
            ServerAttached::PublicIpv6 => ("2001:db8:2::/48", None),
            ServerAttached::Nat { forwards, otherwise, hairpin } => {
                let nat = Nat::new(Kind::PortRestricted, [ip(SERVER)]).otherwise(otherwise).hairpin(hairpin);
                let nat = nat.forwarding(21..=21, inside);
                ("10.0.0.0/24", boxed(if forwards { nat.forwarding(RANGE, inside) } else { nat }))
            }
            ServerAttached::Docker { published } => {
                let ports = if published { vec![21..=21, RANGE] } else { vec![21..=21] };
                ("172.17.0.0/16", boxed(Docker { host: ip(SERVER), container: ip(CONTAINER), published: ports }))
            }
            ServerAttached::Balancer { spreads } => {
                let ports = if spreads { RANGE } else { 21..=21 };
                ("10.0.0.0/24", boxed(Balancer::new(ip(SERVER), vec![inside, ip(SECOND_POD)], ports)))
            }
        };
        let firewall = firewall.clone().and_then(boxed);
        let alg = alg.clone().and_then(boxed);
        let boxes = [alg, firewall, translator].into_iter().flatten().collect();
        world.network(World::INTERNET, &[prefix], boxes)
    }

    fn client_host(&self, world: &mut World, server_network: NetworkId) -> HostId {
        let ClientSite { attached, firewall, alg, twin, .. } = &self.client;
        let inside = ip(CLIENT_INSIDE);
        let (prefix, address, translator) = match *attached {
            Attached::BesideServer => {
                let address = if self.server_address() == ip(CONTAINER) { "172.17.0.9" } else { "10.0.0.9" };
                return world.host(server_network, &[ip(address)]);
            }
            Attached::Public => ("198.51.100.9/32", ip(CLIENT), None),
            Attached::PublicIpv6 => ("2001:db8:1::/64", ip(CLIENT_V6), None),
            Attached::Nat { kind, two_addresses, forwards, otherwise } => {
                let mut nat = Nat::new(kind, [ip(CLIENT)]).otherwise(otherwise);
                if two_addresses {
                    nat = Nat::new(kind, [ip(CLIENT), ip(CLIENT_SECOND)]).otherwise(otherwise).arbitrary();
                }
                ("192.168.1.0/24", inside, boxed(if forwards { nat.forwarding(ACTIVE_RANGE, inside) } else { nat }))
            }
            Attached::Nat64 => ("2001:db8:1::/64", ip(CLIENT_V6), boxed(Nat64::new(v4(CLIENT)))),
            Attached::Clat => {
                let carrier = world.network(World::INTERNET, &["2001:db8:1::/64"], {
                    let alg = alg.clone().and_then(boxed);
                    [alg, boxed(Nat64::new(v4(CLIENT)))].into_iter().flatten().collect()
                });
                let clat = Clat { outside: CLIENT_V6.parse().unwrap(), inside: ip("192.0.0.4") };
                let network = world.network(carrier, &["192.0.0.0/29"], vec![Box::new(clat)]);
                return world.host(network, &[ip("192.0.0.4")]);
            }
            Attached::Proxy => ("192.168.1.0/24", inside, None),
        };
        let firewall = firewall.clone().and_then(boxed);
        let alg = alg.clone().and_then(boxed);
        let boxes = [alg, firewall, translator].into_iter().flatten().collect();
        let prefixes: &[&str] = if twin.is_some() { &[prefix, "10.0.0.0/24"] } else { &[prefix] };
        let network = world.network(World::INTERNET, prefixes, boxes);
        match twin {
            Some(Twin::Refuses) => {
                world.host(network, &[ip(SERVER_INSIDE)]);
            }
            Some(Twin::Listens) => {
                let twin = world.host(network, &[ip(SERVER_INSIDE)]);
                RANGE.for_each(|port| world.listen(twin, port, Socket::Other));
            }
            Some(Twin::Nobody) | None => {}
        }
        world.host(network, &[address])
    }

    fn server_config(&self) -> server::Config {
        let ServerSite { announces, passive, active, ports, demands_resumption, .. } = self.server;
        let mut config = server::Config::default();
        config.passive.enabled = passive;
        config.active.enabled = active;
        config.active.strangers = self.software.foreign_port == ForeignPort::Dialled;
        config.active.source_port = Some(20);
        config.passive.ports = if ports == Ports::Beyond { 0..=0 } else { RANGE };
        config.passive.address = match announces {
            Announces::Own => PublicAddress::Own,
            Announces::Public => PublicAddress::One(v4(SERVER)),
            Announces::Stale => PublicAddress::One(STALE),
            Announces::Loopback => PublicAddress::One(Ipv4Addr::LOCALHOST),
            Announces::Unspecified => PublicAddress::One(Ipv4Addr::UNSPECIFIED),
            Announces::Slave => PublicAddress::One(v4(SLAVE)),
        };
        config.data_session = if demands_resumption { Resume::Required } else { Resume::Wanted };
        config.patience.accept = Duration::from_secs(self.software.accept);
        if self.tls.is_some() {
            config.security = server::Security::Offered;
        }
        config.support = config.support.without(&[Verb::Lprt, Verb::Lpsv]).unwrap();
        config
    }

    /// What the client's user has told it of its own network.
    pub fn advise(&self, config: &mut client::Config) {
        if self.client.knows_outside {
            config.public_address = Some(ip(CLIENT));
        }
        if let Attached::Nat { forwards: true, .. } = self.client.attached {
            config.active_ports = ACTIVE_RANGE;
        }
    }
}
