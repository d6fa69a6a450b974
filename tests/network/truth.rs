//! The causes that a network has: what each part of it does to data connections, whether anybody comes to see it or not.

use ftp_proto::diagnosis::Cause::{self, *};

use crate::boxes::Fate;
use crate::boxes::alg::Harm;
use crate::boxes::firewall::Firewall;
use crate::software::Software;
use crate::topology::{Announces, Attached, ClientSite, Ports, RANGE, ServerAttached, ServerSite, Topology};

pub fn causes(topology: &Topology) -> Vec<Cause> {
    let mut causes = Vec::new();
    client(topology, &mut causes);
    server(topology, &mut causes);
    between(topology, &mut causes);
    causes
}

fn client(topology: &Topology, causes: &mut Vec<Cause>) {
    let ClientSite { attached, firewall, knows_outside, .. } = &topology.client;
    match *attached {
        Attached::Nat { two_addresses, forwards, otherwise, .. } => {
            if !(forwards && *knows_outside) || two_addresses {
                causes.push(ActiveBehindNat);
            }
            if !forwards {
                causes.push(inbound(otherwise));
            }
            if two_addresses {
                // What it announces is one of them, and it comes from the other.
                causes.extend([DataPeerDiffers, ActiveAddressRejected]);
            }
        }
        Attached::Nat64 => causes.extend([ActiveBehindNat, ActiveInboundDropped, FamilyUnsupported]),
        Attached::Clat => causes.extend([ActiveBehindNat, ActiveInboundDropped]),
        Attached::Proxy => causes.push(LocalFailure),
        Attached::Public | Attached::PublicIpv6 | Attached::BesideServer => {}
    }
    if let Some(firewall) = firewall {
        if !firewall.lets_in(40_000..=50_000) {
            causes.push(inbound(firewall.otherwise));
        }
        if !firewall.lets_out(RANGE) || !firewall.stateful {
            causes.push(OutboundBlocked);
        }
    }
}

fn inbound(otherwise: Fate) -> Cause {
    if otherwise == Fate::Drop { ActiveInboundDropped } else { ActiveInboundRejected }
}

fn server(topology: &Topology, causes: &mut Vec<Cause>) {
    let ServerSite { attached, firewall, announces, passive, active, ports, .. } = &topology.server;
    let from_inside = matches!(topology.client.attached, Attached::BesideServer);
    match announces {
        Announces::Stale => causes.push(StaleAddressAdvertised),
        Announces::Loopback | Announces::Unspecified => causes.push(UnusableAddressAdvertised),
        Announces::Own if !from_inside => match attached {
            ServerAttached::Docker { .. } => causes.extend([PrivateAddressAdvertised, ContainerAddressAdvertised]),
            ServerAttached::Nat { .. } | ServerAttached::Balancer { .. } => causes.push(PrivateAddressAdvertised),
            ServerAttached::Public | ServerAttached::PublicIpv6 | ServerAttached::Master => {}
        },
        // If it is turned back, then with the router's address as its source.
        Announces::Public if from_inside => match attached {
            ServerAttached::Nat { hairpin: true, .. } => causes.extend([NoHairpin, DataPeerDiffers]),
            _ => causes.push(NoHairpin),
        },
        Announces::Own | Announces::Public | Announces::Slave => {}
    }
    match *attached {
        ServerAttached::Nat { forwards: false, otherwise, .. } => causes.extend(closed(otherwise)),
        ServerAttached::Docker { published: false } => causes.extend([RangeNotPublished, PassiveRangeRefused]),
        ServerAttached::Balancer { .. } => causes.extend([AnotherPod, ServiceWithoutRange, PassiveRangeRefused]),
        ServerAttached::Master => causes.extend([DataOnAnotherHost, DataPeerDiffers]),
        _ => {}
    }
    if let Some(firewall) = firewall {
        if !firewall.lets_in(RANGE) {
            causes.extend(closed(firewall.otherwise));
        }
        if !firewall.lets_out(40_000..=50_000) {
            causes.push(ServerOutboundBlocked);
        }
    }
    if !passive {
        causes.push(PassiveDisabled);
    }
    if !active {
        causes.push(ActiveDisabled);
    }
    if *ports != Ports::Free {
        causes.push(RangeExhausted);
    }
    spoken(topology.software, causes);
    if matches!(attached, ServerAttached::PublicIpv6) {
        causes.push(PasvOnIpv6);
    }
}

/// What becomes of a passive connection.
fn closed(otherwise: Fate) -> Vec<Cause> {
    match otherwise {
        Fate::Pass => vec![],
        Fate::Drop => vec![PassiveRangeDropped],
        Fate::Reject | Fate::Unreachable => vec![PassiveRangeRefused],
        Fate::Feign => vec![PathBroken, PassiveRangeDropped],
    }
}

/// What the server doesn't know.
fn spoken(software: &Software, causes: &mut Vec<Cause>) {
    let lacks = |verb: &str| software.hears.iter().any(|(begin, instead)| *begin == verb && instead.starts_with('X'));
    if lacks("EPSV") || lacks("PASV") {
        causes.push(PassiveUnknown);
    }
    if lacks("EPRT") {
        causes.push(FamilyUnsupported);
    }
}

/// What is said, and who reads along.
fn between(topology: &Topology, causes: &mut Vec<Cause>) {
    let Topology { client, server, tls, .. } = topology;
    let client_closed = client.firewall.is_some() || matches!(client.attached, Attached::Nat { .. });
    let server_closed = server.firewall.is_some() || matches!(server.attached, ServerAttached::Nat { .. });
    for (alg, closed) in [(&client.alg, client_closed), (&server.alg, server_closed)] {
        let Some(alg) = alg else { continue };
        match alg.harm {
            Some(Harm::Garbles | Harm::Misleads | Harm::Resets | Harm::Extends) => causes.push(PasvMangled),
            Some(Harm::Renames | Harm::Refuses) => causes.push(PassiveFiltered),
            // It speaks in the server's place.
            Some(Harm::RefusesExtended) => causes.extend([PassiveFiltered, FamilyUnsupported]),
            None => {}
        }
        if alg.translates {
            causes.push(PassiveFiltered);
        }
        // Whatever else it does, it opens what it reads of.
        if tls.is_some() {
            causes.push(TlsBlindsHelper);
        }
        if closed && !alg.extended {
            causes.push(EpsvBlocked);
        }
    }
    if server.demands_protection && tls.is_none_or(|tls| !tls.protects) {
        causes.extend([ProtectionUnfit, TlsRequired]);
    }
    if server.demands_resumption && tls.is_some_and(|tls| tls.protects && !tls.resumes) {
        causes.push(SessionNotResumed);
    }
}

impl Firewall {
    fn lets_in(&self, ports: std::ops::RangeInclusive<u16>) -> bool {
        self.inbound.iter().any(|rule| rule.from.contains(&40_000) && rule.to.contains(ports.start()))
    }

    fn lets_out(&self, ports: std::ops::RangeInclusive<u16>) -> bool {
        self.outbound.iter().any(|rule| rule.to.contains(ports.start()))
    }
}
