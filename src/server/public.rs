//! The address that a 227 announces. Behind NAT it is another one than the server's own.

use alloc::vec::Vec;
use core::fmt;
use core::net::{AddrParseError, IpAddr, Ipv4Addr};
use core::str::FromStr;

/// Which address a 227 announces. A 229 announces none, so it needs no such choice.
///
/// ```
/// use ftp_proto::server::PublicAddress;
/// let address = PublicAddress::outside([203, 0, 113, 5].into());
/// assert_eq!(address.towards("198.51.100.1".parse()?), Some([203, 0, 113, 5].into()));
/// assert_eq!(address.towards("192.168.1.7".parse()?), None, "an inside client is told the address that it has reached");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PublicAddress {
    /// The address that the client has reached.
    #[default]
    Own,
    /// This address, to all clients: for a server behind NAT that is used only from outside.
    One(Ipv4Addr),
    /// The address beside the first of these networks that the client belongs to. `None` means the address that the client has reached, and
    /// so does a client in none of the networks.
    ByNetwork(Vec<(Network, Option<Ipv4Addr>)>),
}

/// A network: the addresses that have their first bits in common, such as `192.168.0.0/16`.
///
/// ```
/// use ftp_proto::server::Network;
/// let network: Network = "192.168.0.0/16".parse()?;
/// assert!(network.contains("192.168.1.7".parse().unwrap()));
/// # Ok::<(), ftp_proto::server::NetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text isn't a network: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NetworkError;

impl PublicAddress {
    /// Announces this address to clients from outside, and to clients in private networks, on this link or on this host (RFC 1918, RFC 6598,
    /// 169.254.0.0/16, 127.0.0.0/8) the address that they have reached. For a server behind NAT that is used from both sides.
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

    /// The address that this client is told; `None`: the one that it has reached.
    pub fn towards(&self, client: IpAddr) -> Option<Ipv4Addr> {
        match self {
            Self::Own => None,
            Self::One(address) => Some(*address),
            Self::ByNetwork(networks) => networks.iter().find(|(network, _)| network.contains(client))?.1,
        }
    }
}

impl Network {
    /// The network of the addresses that have their first `bits` bits in common with this one. `None` if the address has fewer bits.
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        (u32::from(bits) <= width(address)).then_some(Self { address, bits })
    }

    /// Whether an address belongs to the network. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) counts as IPv4.
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
