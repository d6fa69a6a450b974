//! What is wrong with settings, whichever server has them.

use std::net::{IpAddr, Ipv4Addr};

use ftp_proto::{Software, is_plausible};

use super::fault::{Concern, Fault};
use super::settings::{At, Place, Settings};

/// What routers take for SIP.
const SIP: [u32; 2] = [5060, 5061];

/// So few ports are told of even where the number of clients isn't limited.
const FEW_PORTS: u32 = 10;

/// Less than this is too short for a client that is far away.
const SECONDS: u64 = 10;

pub(super) fn judge(settings: &Settings, server: Software, files: &[String], concerns: &mut Vec<Concern>) {
    let mut judge = Judge { settings, server, files, concerns };
    let modes = judge.modes();
    if modes {
        judge.range();
        judge.addresses();
    }
    judge.listening();
    judge.strangers();
    judge.tls();
    judge.anonymous();
}

struct Judge<'s> {
    settings: &'s Settings,
    server: Software,
    files: &'s [String],
    concerns: &'s mut Vec<Concern>,
}

impl Judge<'_> {
    fn tell(&mut self, place: Option<Place>, fault: Fault) {
        self.concerns.push(Concern::at(place, self.files, fault, self.server));
    }

    fn tell_if(&mut self, at: Option<At<bool>>, value: bool, fault: Fault) {
        if let Some(at) = at.filter(|at| at.value == value) {
            self.tell(Some(at.line), fault);
        }
    }

    /// Whether passive mode is allowed.
    fn modes(&mut self) -> bool {
        let Some(passive) = self.settings.passive.filter(|passive| !passive.value) else { return true };
        let active = At::or(self.settings.active, true);
        self.tell(Some(passive.line), if active { Fault::PassiveDisabled } else { Fault::NoMode });
        false
    }

    fn range(&mut self) {
        let Settings { first, last, .. } = *self.settings;
        for port in [first, last].into_iter().flatten().filter(|port| port.value > 65535) {
            self.tell(Some(port.line), Fault::NoPort(port.value));
        }
        let (from, to) = (At::or(first, 0), At::or(last, 0));
        let line = last.or(first).map(|at| at.line);
        match (from, to) {
            // One end alone leaves the other as it is by default: that is no range to open.
            (0, _) | (_, 0) => self.no_range(),
            _ if from > to => self.tell(line, Fault::RangeSwapped { first: from, last: to }),
            _ => self.fixed_range(from, to, line),
        }
    }

    fn no_range(&mut self) {
        let tls = self.settings.tls.filter(|tls| tls.value);
        let address = self.settings.addresses.first().map(|at| at.line);
        match (tls, address) {
            (Some(tls), _) => self.tell(Some(tls.line), Fault::RangeNotFixed { tls: true }),
            (None, Some(line)) => self.tell(Some(line), Fault::RangeNotFixed { tls: false }),
            (None, None) => self.tell(None, Fault::AnyPort),
        }
    }

    fn fixed_range(&mut self, from: u32, to: u32, line: Option<Place>) {
        let ports = to - from + 1;
        if let Some(port) = SIP.into_iter().find(|port| (from..=to).contains(port)) {
            self.tell(line, Fault::PortOfSip(port));
        }
        if from < 1024 {
            self.tell(self.settings.first.map(|at| at.line), Fault::PrivilegedPorts(from));
        }
        let sessions = self.settings.sessions.map(|at| at.value).filter(|sessions| *sessions > 0);
        if sessions.map_or(ports <= FEW_PORTS, |sessions| ports < sessions) {
            self.tell(line, Fault::RangeTooSmall { ports, sessions });
        }
        if let Some(seconds) = self.settings.accept_seconds.filter(|seconds| seconds.value < SECONDS) {
            self.tell(Some(seconds.line), Fault::ShortPatience(seconds.value));
        }
    }

    fn addresses(&mut self) {
        // Any host of the Internet, for which the announced one has to be plausible.
        let outside = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
        for at in self.settings.addresses.clone() {
            let fault = match at.value.parse::<IpAddr>() {
                Ok(IpAddr::V6(address)) => Fault::Ipv6Address(address.into()),
                Ok(address) if is_plausible(address, outside) => continue,
                // What is plausible to a neighbour is a private one.
                Ok(address) if is_plausible(address, Ipv4Addr::new(10, 0, 0, 1).into()) => {
                    Fault::PrivateAddress(address)
                }
                Ok(IpAddr::V4(address)) if address.is_link_local() => Fault::PrivateAddress(address.into()),
                Ok(address) => Fault::UnusableAddress(address),
                Err(_) if At::or(self.settings.refreshed, false) => continue,
                Err(_) if At::or(self.settings.resolve, false) => Fault::NameResolvedOnce(at.value),
                Err(_) => Fault::NameNotResolved(at.value),
            };
            self.tell(Some(at.line), fault);
        }
    }

    fn listening(&mut self) {
        if let Some(listen) = self.settings.listen.clone()
            && (listen.value == "localhost"
                || listen.value.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
        {
            self.tell(Some(listen.line), Fault::ListensInside(listen.value));
        }
    }

    fn strangers(&mut self) {
        self.tell_if(self.settings.passive_strangers, true, Fault::PassiveStrangers);
        self.tell_if(self.settings.active_strangers, true, Fault::ActiveStrangers);
    }

    fn tls(&mut self) {
        let Some(tls) = self.settings.tls.filter(|tls| tls.value) else {
            let line = self.settings.tls.map(|tls| tls.line);
            self.tell(line, Fault::NoTls);
            return;
        };
        match self.settings.session_reuse {
            Some(reuse) if !reuse.value => self.tell(Some(reuse.line), Fault::SessionReuseOff),
            reuse => self.tell(Some(reuse.map_or(tls.line, |reuse| reuse.line)), Fault::SessionReuseOn),
        }
        let logins = self.settings.tls_for_logins;
        self.tell_if(logins, false, Fault::PlainLogins);
        if At::or(logins, true) {
            self.tell_if(self.settings.tls_for_data, false, Fault::PlainData);
        }
        for at in self.settings.outdated_tls.clone() {
            self.tell(Some(at.line), Fault::OutdatedTls(at.value));
        }
    }

    fn anonymous(&mut self) {
        if At::or(self.settings.anonymous, false) {
            self.tell_if(self.settings.anonymous_writes, true, Fault::AnonymousWrites);
        }
    }
}
