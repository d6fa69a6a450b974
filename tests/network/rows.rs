//! The rows of the truth table as networks.

use crate::boxes::Fate::{Drop, Feign, Reject, Unreachable};
use crate::boxes::alg::{Alg, Harm};
use crate::boxes::firewall::Firewall;
use crate::boxes::nat::Kind;
use crate::software::*;
use crate::topology::{Announces, Attached, Ports, ServerAttached, Tls, Topology, Twin};

/// One case of a row: by software, or by how it is brought about.
pub struct Case {
    pub row: &'static str,
    pub case: &'static str,
    pub topology: Topology,
}

type Change = fn(&mut Topology);

const TLS: Option<Tls> = Some(Tls { protects: true, resumes: true });

fn nat(otherwise: crate::boxes::Fate) -> Attached {
    Attached::Nat { kind: Kind::PortRestricted, two_addresses: false, forwards: false, otherwise }
}

fn server_nat(forwards: bool, otherwise: crate::boxes::Fate) -> ServerAttached {
    ServerAttached::Nat { forwards, otherwise, hairpin: false }
}

fn pool() -> Attached {
    Attached::Nat { kind: Kind::Symmetric, two_addresses: true, forwards: false, otherwise: Drop }
}

/// Each case: row, name, and what it changes about a network without anything in between.
#[rustfmt::skip]
const CASES: &[(&str, &str, Change)] = &[
    ("T00", "direct", |_| {}),
    ("T01", "vsftpd", |t| { t.client.attached = nat(Drop); t.software = &VSFTPD; }),
    ("T01", "pure-ftpd", |t| { t.client.attached = nat(Drop); t.software = &PURE_FTPD; }),
    ("T01", "pyftpdlib", |t| { t.client.attached = nat(Drop); t.software = &PYFTPDLIB; }),
    ("T01", "DrFTPD", |t| { t.client.attached = nat(Drop); t.software = &DRFTPD; }),
    ("T01", "ProFTPD, dropped", |t| { t.client.attached = nat(Drop); t.software = &PROFTPD; }),
    ("T01", "ProFTPD, rejected", |t| { t.client.attached = nat(Reject); t.software = &PROFTPD; }),
    ("T01", "FileZilla Server", |t| { t.client.attached = nat(Drop); t.software = &FILEZILLA; }),
    ("T02", "dropped", |t| { t.client.attached = nat(Drop); t.client.knows_outside = true; }),
    ("T02", "rejected", |t| { t.client.attached = nat(Reject); t.client.knows_outside = true; }),
    ("T03", "full cone", |t| { t.client.attached = forwarding(Kind::FullCone); t.client.knows_outside = true; }),
    ("T03", "symmetric", |t| { t.client.attached = forwarding(Kind::Symmetric); t.client.knows_outside = true; }),
    ("T03", "a server without EPRT", |t| {
        t.client.attached = forwarding(Kind::FullCone);
        t.client.knows_outside = true;
        t.software = &OLD;
    }),
    ("T04", "knows PORT", |t| { t.client.attached = nat(Drop); t.client.alg = Some(Alg::known(false)); }),
    ("T04", "knows EPRT too", |t| { t.client.attached = nat(Drop); t.client.alg = Some(Alg::known(true)); }),
    ("T05", "vsftpd", |t| { t.client.attached = nat(Drop); t.client.alg = Some(Alg::known(true)); t.tls = TLS; t.software = &VSFTPD; }),
    ("T06", "dropped", |t| t.client.firewall = Some(Firewall::nothing_in(Drop))),
    ("T06", "rejected", |t| t.client.firewall = Some(Firewall::nothing_in(Reject))),
    ("T07", "dropped", |t| t.client.firewall = Some(Firewall::out_to_low_ports(Drop))),
    ("T07", "rejected", |t| t.client.firewall = Some(Firewall::out_to_low_ports(Reject))),
    ("T07", "unreachable", |t| t.client.firewall = Some(Firewall::out_to_low_ports(Unreachable))),
    ("T07", "stateless", |t| t.client.firewall = Some(Firewall::stateless(Drop))),
    ("T08", "from outside", |t| { t.server.attached = server_nat(true, Drop); t.server.announces = Announces::Public; }),
    ("T08", "from inside, no hairpin", |t| {
        t.server.attached = server_nat(true, Drop);
        t.server.announces = Announces::Public;
        t.client.attached = Attached::BesideServer;
    }),
    ("T08", "from inside, hairpin", |t| {
        t.server.attached = ServerAttached::Nat { forwards: true, otherwise: Drop, hairpin: true };
        t.server.announces = Announces::Public;
        t.client.attached = Attached::BesideServer;
    }),
    ("T09", "lost on the way", |t| t.server.attached = server_nat(true, Drop)),
    ("T09", "same network, nobody", |t| {
        t.server.attached = server_nat(true, Drop);
        t.client.attached = nat(Drop);
        t.client.twin = Some(Twin::Nobody);
    }),
    ("T09", "same network, refused", |t| {
        t.server.attached = server_nat(true, Drop);
        t.client.attached = nat(Drop);
        t.client.twin = Some(Twin::Refuses);
    }),
    ("T09", "same network, a wrong host", |t| {
        t.server.attached = server_nat(true, Drop);
        t.client.attached = nat(Drop);
        t.client.twin = Some(Twin::Listens);
    }),
    ("T09", "Docker", |t| t.server.attached = ServerAttached::Docker { published: true }),
    ("T10", "stale", |t| { t.server.attached = server_nat(true, Drop); t.server.announces = Announces::Stale; }),
    ("T11", "not forwarded", |t| { t.server.attached = server_nat(false, Drop); t.server.announces = Announces::Public; }),
    ("T11", "firewall", |t| t.server.firewall = Some(Firewall::in_to(&[21..=21], Drop))),
    ("T12", "not forwarded", |t| { t.server.attached = server_nat(false, Reject); t.server.announces = Announces::Public; }),
    ("T12", "firewall", |t| t.server.firewall = Some(Firewall::in_to(&[21..=21], Reject))),
    ("T12", "unreachable", |t| t.server.firewall = Some(Firewall::in_to(&[21..=21], Unreachable))),
    ("T12", "Docker, not published", |t| {
        t.server.attached = ServerAttached::Docker { published: false };
        t.server.announces = Announces::Public;
    }),
    ("T13", "pure-ftpd", |t| { t.server.ports = Ports::Exhausted; t.software = &PURE_FTPD; }),
    ("T13", "FileZilla Server", |t| { t.server.ports = Ports::Exhausted; t.software = &FILEZILLA; }),
    ("T13", "libunftp", |t| { t.server.ports = Ports::Exhausted; t.software = &LIBUNFTP; }),
    ("T13", "vsftpd", |t| { t.server.ports = Ports::Exhausted; t.software = &VSFTPD; }),
    ("T13", "ProFTPD", |t| { t.server.ports = Ports::Beyond; t.software = &PROFTPD; beyond(t); }),
    ("T13", "pyftpdlib", |t| { t.server.ports = Ports::Beyond; t.software = &PYFTPDLIB; beyond(t); }),
    ("T14", "vsftpd", |t| { t.server.passive = false; t.software = &VSFTPD; }),
    ("T14", "ProFTPD", |t| { t.server.passive = false; t.software = &PROFTPD; }),
    ("T14", "others", |t| { t.server.passive = false; t.software = &LIBUNFTP; }),
    ("T15", "vsftpd", |t| { t.server.active = false; t.software = &VSFTPD; }),
    ("T15", "libunftp", |t| { t.server.active = false; t.software = &LIBUNFTP; }),
    ("T16", "vsftpd", |t| { t.client.attached = nat(Drop); t.server.attached = server_nat(false, Drop); t.software = &VSFTPD; }),
    ("T17", "vsftpd", |t| ipv6(t, &VSFTPD_OVER_IPV6)),
    ("T17", "ProFTPD", |t| ipv6(t, &PROFTPD_OVER_IPV6)),
    ("T17", "pure-ftpd", |t| ipv6(t, &PURE_FTPD)),
    ("T17", "FileZilla Server", |t| ipv6(t, &FILEZILLA)),
    ("T18", "vsftpd", |t| { t.client.attached = Attached::Nat64; t.software = &VSFTPD; }),
    ("T19", "a server without EPSV", |t| { t.client.attached = Attached::Nat64; t.software = &OLD; }),
    ("T20", "vsftpd", |t| { t.client.attached = Attached::Nat64; t.client.alg = Some(Alg::of_nat64()); t.software = &VSFTPD; }),
    ("T20", "a server without EPSV", |t| { t.client.attached = Attached::Nat64; t.client.alg = Some(Alg::of_nat64()); t.software = &OLD; }),
    ("T21", "vsftpd", |t| {
        t.client.attached = Attached::Nat64;
        t.client.alg = Some(Alg::of_nat64());
        t.tls = TLS;
        t.software = &VSFTPD;
    }),
    ("T21", "a server without EPSV", |t| {
        t.client.attached = Attached::Nat64;
        t.client.alg = Some(Alg::of_nat64());
        t.tls = TLS;
        t.software = &OLD;
    }),
    ("T22", "vsftpd", |t| { t.client.attached = Attached::Clat; t.software = &VSFTPD; }),
    ("T22", "229 to PASV", |t| {
        t.client.attached = Attached::Clat;
        t.client.alg = Some(Alg::harmful(Harm::Extends));
        t.software = &VSFTPD;
    }),
    ("T23", "at the server", |t| { t.server.firewall = Some(Firewall::in_to(&[21..=21], Drop)); t.server.alg = Some(Alg::known(false)); }),
    ("T23", "at the client", |t| { t.client.firewall = Some(Firewall::out_to_low_ports(Drop)); t.client.alg = Some(Alg::known(false)); }),
    ("T24", "garbled", |t| t.client.alg = Some(Alg::harmful(Harm::Garbles))),
    ("T24", "misled", |t| t.client.alg = Some(Alg::harmful(Harm::Misleads))),
    ("T24", "reset", |t| t.client.alg = Some(Alg::harmful(Harm::Resets))),
    ("T25", "at the server", |t| {
        t.server.firewall = Some(Firewall::control_alone(Drop));
        t.server.alg = Some(Alg::known(true));
        t.tls = TLS;
    }),
    ("T25", "at the client", |t| { t.client.firewall = Some(Firewall::strict(Drop)); t.client.alg = Some(Alg::known(true)); t.tls = TLS; }),
    ("T26", "cluster", |t| { t.server.attached = ServerAttached::Master; t.server.announces = Announces::Slave; t.software = &DRFTPD; }),
    ("T27", "proxy", |t| t.client.attached = Attached::Proxy),
    ("T28", "vsftpd", |t| { t.client.attached = pool(); t.software = &VSFTPD; }),
    ("T28", "pyftpdlib", |t| { t.client.attached = pool(); t.software = &PYFTPDLIB; }),
    ("T28", "ProFTPD", |t| { t.client.attached = pool(); t.software = &PROFTPD; }),
    ("T28", "pure-ftpd", |t| { t.client.attached = pool(); t.software = &PURE_FTPD; }),
    ("T29", "vsftpd", |t| not_resumed(t, &VSFTPD)),
    ("T29", "FileZilla Server", |t| not_resumed(t, &FILEZILLA)),
    ("T30", "vsftpd", |t| unprotected(t, &VSFTPD)),
    ("T30", "ProFTPD", |t| unprotected(t, &PROFTPD)),
    ("T31", "vsftpd", |t| { t.client.alg = Some(Alg::harmful(Harm::Renames)); t.software = &VSFTPD; }),
    ("T31", "ProFTPD", |t| { t.client.alg = Some(Alg::harmful(Harm::Renames)); t.software = &PROFTPD; }),
    ("X01", "dropped", |t| t.server.firewall = Some(Firewall::nothing_out(Drop))),
    ("X01", "rejected", |t| t.server.firewall = Some(Firewall::nothing_out(Reject))),
    ("X01", "dropped, to an ALG", |t| {
        t.server.firewall = Some(Firewall::nothing_out(Drop));
        t.client.attached = nat(Drop);
        t.client.alg = Some(Alg::known(true));
    }),
    ("X01", "rejected, to an ALG", |t| {
        t.server.firewall = Some(Firewall::nothing_out(Reject));
        t.client.attached = nat(Drop);
        t.client.alg = Some(Alg::known(true));
    }),
    ("X01", "dropped, to a forwarded port", |t| {
        t.server.firewall = Some(Firewall::nothing_out(Drop));
        t.client.attached = forwarding(Kind::FullCone);
        t.client.knows_outside = true;
    }),
    ("X01", "rejected, to a forwarded port", |t| {
        t.server.firewall = Some(Firewall::nothing_out(Reject));
        t.client.attached = forwarding(Kind::FullCone);
        t.client.knows_outside = true;
    }),
    ("X02", "second port", |t| { t.server.ports = Ports::Beyond; beyond(t); }),
    ("X03", "from inside", |t| {
        t.server.attached = server_nat(true, Drop);
        t.server.announces = Announces::Stale;
        t.client.attached = Attached::BesideServer;
    }),
    ("X04", "vsftpd", |t| not_resumed(t, &VSFTPD)),
    ("X04", "FileZilla Server", |t| not_resumed(t, &FILEZILLA)),
    ("X05", "both", |t| t.software = &WITHOUT_PASSIVE),
    ("X06", "both", |t| t.client.alg = Some(Alg::harmful(Harm::Refuses))),
    ("X07", "two hosts", |t| { t.server.attached = ServerAttached::Balancer { spreads: true }; t.server.announces = Announces::Public; }),
    ("X08", "127.0.0.1", |t| { t.server.attached = server_nat(true, Drop); t.server.announces = Announces::Loopback; }),
    ("X08", "0.0.0.0", |t| { t.server.attached = server_nat(true, Drop); t.server.announces = Announces::Unspecified; }),
    ("X09", "ours", |t| { t.server.firewall = Some(Firewall::in_to(&[21..=21], Feign)); t.client.attached = nat(Drop); }),
    ("X09", "pure-ftpd", |t| {
        t.server.firewall = Some(Firewall::in_to(&[21..=21], Feign));
        t.client.attached = nat(Drop);
        t.software = &PURE_FTPD;
    }),
    ("X10", "gateway", |t| {
        t.client.attached = forwarding(Kind::FullCone);
        t.client.knows_outside = true;
        t.client.alg = Some(Alg::harmful(Harm::RefusesExtended));
    }),
    ("X12", "router answers", |t| {
        t.server.attached = ServerAttached::Nat { forwards: false, otherwise: Feign, hairpin: true };
        t.server.announces = Announces::Public;
        t.client.attached = Attached::BesideServer;
    }),
    ("X11", "waits", |t| t.client.attached = pool()),
];

fn forwarding(kind: Kind) -> Attached {
    Attached::Nat { kind, two_addresses: false, forwards: true, otherwise: Drop }
}

/// The range is open, and the port lies beyond it.
fn beyond(topology: &mut Topology) {
    topology.server.firewall = Some(Firewall::in_to(&[21..=21, crate::topology::RANGE], Drop));
}

fn ipv6(topology: &mut Topology, software: &'static Software) {
    topology.client.attached = Attached::PublicIpv6;
    topology.server.attached = ServerAttached::PublicIpv6;
    topology.software = software;
}

fn not_resumed(topology: &mut Topology, software: &'static Software) {
    topology.server.demands_resumption = true;
    topology.tls = Some(Tls { protects: true, resumes: false });
    topology.software = software;
}

fn unprotected(topology: &mut Topology, software: &'static Software) {
    topology.server.demands_protection = true;
    topology.tls = Some(Tls { protects: false, resumes: true });
    topology.software = software;
}

pub fn cases() -> impl Iterator<Item = Case> {
    CASES.iter().map(|(row, case, change)| {
        let mut topology = Topology::direct();
        change(&mut topology);
        Case { row, case, topology }
    })
}
