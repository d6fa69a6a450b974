//! Ports that routers take for another protocol's.

/// Ports above 1023 that application-level gateways of common routers watch (the default ports of Linux's conntrack helpers), and the
/// protocols to which registries assign them.
const OTHERS: &[(u16, &str)] = &[
    (1719, "H.323"),
    (1720, "H.323"),
    (1723, "PPTP"),
    (2000, "SCCP"),
    (5060, "SIP"),
    (5061, "SIP"),
    (6566, "SANE"),
    (6667, "IRC"),
    (10080, "Amanda"),
];

/// The other protocol to which the port belongs.
pub(super) fn owner(port: u16) -> Option<&'static str> {
    OTHERS.iter().find(|(of, _)| *of == port).map(|(_, owner)| *owner)
}
