//! Ports that routers take for another protocol's.

/// Ports above 1023 that the application-level gateways of common routers listen to (the Linux conntrack helpers' default ports, and
/// what registries assign them to), and whose they are.
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

/// Whose port it is.
pub(super) fn owner(port: u16) -> Option<&'static str> {
    OTHERS.iter().find(|(of, _)| *of == port).map(|(_, owner)| *owner)
}
