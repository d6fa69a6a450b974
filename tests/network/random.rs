//! Any network: the client dials nobody but the server, ends in time, and the first finding holds a cause that the network has.

use std::time::Duration;

use ftp_proto::client::Config;
use ftp_proto::diagnosis::{Cause, diagnose};
use ftp_proto::{Evidence, PassiveHost, Route};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;

use crate::boxes::Fate;
use crate::boxes::alg::{Alg, Harm};
use crate::boxes::firewall::Firewall;
use crate::boxes::nat::Kind;
use crate::doctor::{examine, rounds};
use crate::software::*;
use crate::symptom::try_with;
use crate::topology::*;
use crate::truth;

/// How many networks are tried: fewer by default, `NETWORKS` of them in CI. They are the same at every run; another `SEED` has others.
fn networks() -> ProptestConfig {
    let number = |name, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    ProptestConfig {
        cases: number("NETWORKS", 1000).try_into().unwrap(),
        rng_seed: RngSeed::Fixed(number("SEED", 959)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Of each candidate: a stream stalls for 120 s at most, and the answers to ABOR take 20 s.
const LONGEST: Duration = Duration::from_secs(145);

fn fate() -> impl Strategy<Value = Fate> {
    select(&[Fate::Drop, Fate::Reject, Fate::Unreachable][..])
}

fn nat() -> impl Strategy<Value = Attached> {
    (select(&Kind::ALL[..]), any::<bool>(), any::<bool>(), select(&[Fate::Drop, Fate::Reject][..])).prop_map(
        |(kind, two_addresses, forwards, otherwise)| Attached::Nat { kind, two_addresses, forwards, otherwise },
    )
}

fn client_firewall() -> impl Strategy<Value = Firewall> {
    let kinds: &[fn(Fate) -> Firewall] =
        &[Firewall::nothing_in, Firewall::out_to_low_ports, Firewall::strict, Firewall::stateless];
    (select(kinds), fate()).prop_map(|(kind, otherwise)| kind(otherwise))
}

fn server_firewall() -> impl Strategy<Value = Firewall> {
    let kinds: &[fn(Fate) -> Firewall] = &[
        |otherwise| Firewall::in_to(&[21..=21], otherwise),
        |otherwise| Firewall::in_to(&[21..=21, RANGE], otherwise),
        Firewall::control_alone,
        Firewall::nothing_out,
    ];
    prop_oneof![
        4 => (select(kinds), fate()).prop_map(|(kind, otherwise)| kind(otherwise)),
        1 => Just(Firewall::in_to(&[21..=21], Fate::Feign)),
    ]
}

fn alg() -> impl Strategy<Value = Alg> {
    prop_oneof![3 => any::<bool>().prop_map(Alg::known), 1 => select(&Harm::ALL[..]).prop_map(Alg::harmful)]
}

/// Something that most networks haven't.
fn seldom<T: std::fmt::Debug + Clone + 'static>(
    part: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![3 => Just(None), 1 => part.prop_map(Some)]
}

fn client() -> impl Strategy<Value = ClientSite> {
    let attached = prop_oneof![
        3 => Just(Attached::Public),
        4 => nat(),
        1 => Just(Attached::Nat64),
        1 => Just(Attached::Clat),
        1 => Just(Attached::Proxy),
        1 => Just(Attached::BesideServer),
        1 => Just(Attached::PublicIpv6),
    ];
    let twin = select(&[Twin::Nobody, Twin::Refuses, Twin::Listens][..]);
    (attached, seldom(client_firewall()), seldom(alg()), any::<bool>(), seldom(twin)).prop_map(
        |(attached, firewall, mut alg, knows_outside, twin)| {
            if let (Attached::Nat64, Some(alg)) = (&attached, &mut alg)
                && alg.harm.is_none()
            {
                *alg = Alg::of_nat64();
            }
            let knows_outside = knows_outside && matches!(attached, Attached::Nat { .. });
            ClientSite { attached, firewall, alg, knows_outside, twin }
        },
    )
}

fn server() -> impl Strategy<Value = ServerSite> {
    let attached = prop_oneof![
        4 => Just(ServerAttached::Public),
        4 => (any::<bool>(), fate(), any::<bool>())
            .prop_map(|(forwards, otherwise, hairpin)| ServerAttached::Nat { forwards, otherwise, hairpin }),
        2 => any::<bool>().prop_map(|published| ServerAttached::Docker { published }),
        1 => any::<bool>().prop_map(|spreads| ServerAttached::Balancer { spreads }),
        1 => Just(ServerAttached::Master),
    ];
    let announces = prop_oneof![
        3 => Just(Announces::Own),
        3 => Just(Announces::Public),
        1 => select(&[Announces::Stale, Announces::Loopback, Announces::Unspecified][..]),
    ];
    let ports = prop_oneof![8 => Just(Ports::Free), 1 => Just(Ports::Exhausted)];
    let mostly = || prop::bool::weighted(0.9);
    let seldom_so = || prop::bool::weighted(0.1);
    (attached, seldom(server_firewall()), seldom(alg()), announces, ports, mostly(), mostly(), seldom_so(), seldom_so())
        .prop_map(|(attached, firewall, alg, announces, ports, passive, active, protection, resumption)| ServerSite {
            announces: if matches!(attached, ServerAttached::Master) { Announces::Slave } else { announces },
            attached,
            firewall,
            alg,
            passive,
            active,
            ports,
            demands_protection: protection,
            demands_resumption: resumption,
        })
}

const ALL: &[&Software] =
    &[&OURS, &VSFTPD, &PROFTPD, &PURE_FTPD, &PYFTPDLIB, &FILEZILLA, &LIBUNFTP, &DRFTPD, &OLD, &WITHOUT_PASSIVE];
const OVER_IPV6: &[&Software] = &[&OURS, &VSFTPD_OVER_IPV6, &PROFTPD_OVER_IPV6, &PURE_FTPD, &FILEZILLA];

fn topology() -> impl Strategy<Value = Topology> {
    let tls = (any::<bool>(), any::<bool>()).prop_map(|(protects, resumes)| Tls { protects, resumes });
    (client(), server(), select(ALL), select(OVER_IPV6), seldom(tls)).prop_map(
        |(mut client, mut server, software, over_ipv6, tls)| {
            // Where a 227 is written anew as a 229, nothing tells that it named another host.
            if matches!(server.attached, ServerAttached::Master) {
                for alg in [&mut client.alg, &mut server.alg].into_iter().flatten() {
                    alg.harm = alg.harm.filter(|harm| *harm != Harm::Extends);
                }
            }
            // There is no network beside it.
            if matches!(server.attached, ServerAttached::Public | ServerAttached::Master)
                && matches!(client.attached, Attached::BesideServer)
            {
                client.attached = Attached::Public;
            }
            let ipv6 = matches!(client.attached, Attached::PublicIpv6);
            if ipv6 {
                server.attached = ServerAttached::PublicIpv6;
                server.announces = Announces::Own;
            }
            Topology { client, server, software: if ipv6 { over_ipv6 } else { software }, tls }
        },
    )
}

/// Some policy of a client, most of them safe.
fn policy() -> impl Strategy<Value = Config> {
    let all = vec![Route::Epsv, Route::Pasv, Route::Eprt, Route::Port];
    let hosts = [PassiveHost::Peer, PassiveHost::AdvertisedIfPlausible, PassiveHost::AdvertisedThenPeer];
    (subsequence(all, 1..=4).prop_shuffle(), select(hosts.to_vec())).prop_map(|(routes, host)| {
        let mut config = Config::default();
        config.routes = routes;
        config.passive_host = host;
        config
    })
}

/// What is found first is what is so.
fn holds(evidence: &Evidence, causes: &[Cause], told: &str) -> Result<(), TestCaseError> {
    let findings = diagnose(evidence);
    let Some(first) = findings.first() else { return Ok(()) };
    let found: Vec<_> = first.causes().collect();
    prop_assert!(found.iter().any(|cause| causes.contains(cause)), "{found:?}, not {causes:?}\n{findings}\n{told}");
    Ok(())
}

proptest! {
    #![proptest_config(networks())]

    #[test]
    fn a_client_alone_ends_in_time_dials_no_stranger_and_finds_a_cause(topology in topology(), config in policy()) {
        let candidates = config.routes.len() * if config.passive_host == PassiveHost::AdvertisedThenPeer { 2 } else { 1 };
        let safe = config.passive_host == PassiveHost::Peer;
        let tried = try_with(&topology, config);
        let told = format!("{}{}\n{:#?}", tried.symptom, tried.dialogue, tried.evidence.attempts);
        prop_assert!(tried.took <= LONGEST * u32::try_from(candidates).unwrap(), "{:?}: {told}", tried.took);
        // By policy also whom a 227 has named.
        let named = |host| tried.evidence.attempts.iter().any(|attempt| attempt.advertised.is_some_and(|at| at.ip() == host));
        for stranger in &tried.strangers {
            prop_assert!(!safe && named(stranger.ip()), "{stranger}: {told}");
        }
        holds(&tried.evidence, &truth::causes(&topology), &told)?;
    }

    #[test]
    fn a_doctor_finds_a_cause(topology in topology()) {
        let examined = examine(&topology);
        let causes: Vec<_> = rounds(&topology).iter().flat_map(truth::causes).collect();
        holds(&examined.evidence, &causes, &format!("{:#?}", examined.evidence.attempts))?;
    }
}
