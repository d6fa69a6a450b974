//! The address that a 227 announces: behind NAT another one than the server's own.

use alloc::vec::Vec;
use core::fmt;
use core::net::{AddrParseError, IpAddr, Ipv4Addr};
use core::str::FromStr;

/// Which address a 227 announces. A 229 announces none, and needs no such choice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PublicAddress {
    /// The one that the client has reached.
    #[default]
    Own,
    /// This one, to everybody: for a server behind NAT that only clients from outside use.
    One(Ipv4Addr),
    /// By the client's network, the first that it belongs to; `None`, and clients of none of them: the one that it has
    /// reached.
    ByNetwork(Vec<(Network, Option<Ipv4Addr>)>),
}

/// The addresses that have their first `bits` bits in common with `address`: `192.168.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network: `10.0.0.0/8`, `2001:db8::/32`, or an address alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NetworkError;

impl PublicAddress {
    /// This address to clients from outside; clients of private networks, of this link and of this host (RFC 1918,
    /// RFC 6598, 169.254.0.0/16, 127.0.0.0/8) see the address that they have reached. For a server behind NAT that clients on both sides use.
    pub fn outside(address: Ipv4Addr) -> Self {
        let inside = |network: [u8; 4], bits| (Network { address: IpAddr::V4(network.into()), bits }, None);
        Self::ByNetwork(alloc::vec![
            inside([10, 0, 0, 0], 8),
            inside([172, 16, 0, 0], 12),
            inside([192, 168, 0, 0], 16),
            inside([100, 64, 0, 0], 10),
            inside([169, 254, 0, 0], 16),
            inside([127, 0, 0, 0], 8),
            (Network { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), bits: 0 }, Some(address)),
        ])
    }

    /// What this client is told; `None`: the address that it has reached.
    pub fn towards(&self, client: IpAddr) -> Option<Ipv4Addr> {
        match self {
            Self::Own => None,
            Self::One(address) => Some(*address),
            Self::ByNetwork(networks) => networks.iter().find(|(network, _)| network.contains(client))?.1,
        }
    }
}

impl Network {
    /// The network of these first bits; `None` if the address has fewer bits than that.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        (u32::from(bits) <= width(address)).then_some(Self { address, bits })
    }

    /// Whether the address belongs to it. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let strange = width(self.address).saturating_sub(u32::from(self.bits));
        let (network, address) = match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (u128::from(u32::from(network)), u128::from(u32::from(address)))
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => (u128::from(network), u128::from(address)),
            _ => return false,
        };
        network.checked_shr(strange).unwrap_or(0) == address.checked_shr(strange).unwrap_or(0)
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| NetworkError)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_: AddrParseError| NetworkError)?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        Self::new(address, bits.unwrap_or(all)).ok_or(NetworkError)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a network, such as 10.0.0.0/8")
    }
}

impl core::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_clients_see_the_inside_address() {
        let public = PublicAddress::outside(Ipv4Addr::new(203, 0, 113, 5));
        for (client, told) in [
            ("192.168.7.7", None),
            ("10.255.0.1", None),
            ("172.31.255.255", None),
            ("::ffff:127.0.0.1", None),
            ("172.32.0.1", Some(Ipv4Addr::new(203, 0, 113, 5))),
            ("198.51.100.1", Some(Ipv4Addr::new(203, 0, 113, 5))),
            ("2001:db8::1", None),
        ] {
            assert_eq!(public.towards(client.parse().unwrap()), told, "{client}");
        }
    }

    #[test]
    fn networks_are_read_and_compared_by_their_bits() {
        let network: Network = "2001:db8::/33".parse().unwrap();
        assert!(network.contains("2001:db8:7fff::1".parse().unwrap()));
        assert!(!network.contains("2001:db8:8000::1".parse().unwrap()));
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
        assert!("::/0".parse::<Network>().unwrap().contains("::1".parse().unwrap()));
        assert!("10.0.0.1".parse::<Network>().unwrap().contains("10.0.0.1".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", ""] {
            assert_eq!(wrong.parse::<Network>(), Err(NetworkError), "{wrong}");
        }
    }
}
