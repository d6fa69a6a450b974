//! The policies of the client's machine, three bytes each.

use std::net::IpAddr;
use std::time::Duration;

use ftp_proto::client::{Config, Noise, Security};
use ftp_proto::telnet::Escape;
use ftp_proto::{Endpoints, PassiveHost, ReplyEnd, Resume, Route, is_plausible};

#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub routes: u8,
    pub host: u8,
    pub various: u8,
}

impl Policy {
    pub fn config(self) -> Config {
        let mut config = Config::default();
        let all = [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port];
        config.routes = all
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| self.routes >> bit & 1 == 1)
            .map(|(_, route)| route)
            .collect();
        if self.routes & 16 != 0 {
            config.routes.reverse();
        }
        config.passive_host = match self.host % 6 {
            0 | 1 => PassiveHost::Peer,
            2 => PassiveHost::Advertised,
            3 => PassiveHost::AdvertisedIfPlausible,
            4 => PassiveHost::AdvertisedThenPeer,
            _ => PassiveHost::Fixed(stranger()),
        };
        config.escaping.commands = if self.host & 64 == 0 { Escape::AsIs } else { Escape::Doubled };
        config.escaping.replies = if self.host & 128 == 0 { Escape::AsIs } else { Escape::Doubled };
        if self.host & 32 != 0 {
            config.limits.reply_end = ReplyEnd::AnyCode;
        }
        config.noise = match self.host / 6 % 4 {
            0 | 1 => Noise::BeforeGreeting,
            2 => Noise::Never,
            _ => Noise::Always,
        };
        if self.various & 1 != 0 {
            (config.limits.line, config.limits.lines, config.limits.reply) = (40, 4, 160);
        }
        if self.various & 2 != 0 {
            config.public_address = Some(stranger());
        }
        config.security = match self.various >> 4 & 3 {
            0 | 1 => Security::Optional,
            2 => Security::Required,
            _ => Security::Implicit,
        };
        if self.various & 64 != 0 {
            config.data_session = Resume::Required;
        }
        if self.various & 128 != 0 {
            config.patience.request = Some(Duration::from_secs(100));
        }
        config.epsv_all = self.routes & 32 != 0;
        config.keep_alive = (self.routes & 64 != 0).then_some(Duration::from_secs(20));
        config.urgent = self.routes & 128 != 0;
        config
    }

    pub fn ends(self) -> Endpoints {
        let (local, peer) = match self.various >> 2 & 3 {
            0 | 1 => ("192.0.2.1:40000", "192.0.2.2:21"),
            2 => ("[2001:db8::1]:40000", "[2001:db8::2]:21"),
            _ => ("[::ffff:10.0.0.1]:40000", "[::ffff:10.0.0.2]:21"),
        };
        Endpoints::new(local.parse().unwrap(), peer.parse().unwrap())
    }
}

/// Whether this host may be dialled.
pub fn allows(passive_host: PassiveHost, host: IpAddr, peer: IpAddr) -> bool {
    match passive_host {
        PassiveHost::Peer => host == peer,
        PassiveHost::Advertised => true,
        PassiveHost::AdvertisedIfPlausible | PassiveHost::AdvertisedThenPeer => is_plausible(host, peer),
        PassiveHost::Fixed(fixed) => host == fixed,
    }
}

pub fn stranger() -> IpAddr {
    "203.0.113.66".parse().unwrap()
}
