//! The policies of the server's machine, three bytes each.

use ftp_proto::server::{Config, Security, Support};
use ftp_proto::telnet::Escape;
use ftp_proto::{Endpoints, Mode, Resume, Structure, Verb};

#[derive(Debug, Clone, Copy)]
pub struct Policy {
    pub various: u8,
    pub pipeline: u8,
    pub tls: u8,
}

impl Policy {
    pub fn is_narrow(self) -> bool {
        self.pipeline & 1 != 0
    }

    pub fn config(self) -> Config {
        let mut config = Config::default();
        config.limits.line = if self.various & 1 == 0 { 4096 } else { 40 };
        config.passive.enabled = self.various & 2 == 0;
        config.active.enabled = self.various & 4 == 0;
        config.security =
            [Security::Off, Security::Offered, Security::Login, Security::Data][usize::from(self.various >> 5 & 3)];
        config.implicit_tls = self.various & 128 != 0;
        config.clear_command_channel = self.tls & 128 != 0;
        config.data_session = if self.tls & 64 == 0 { Resume::Required } else { Resume::Wanted };
        if self.tls & 32 != 0 {
            config.passive.ports = 50000..=50100;
        }
        if self.tls & 16 != 0 {
            config.support = everything();
        }
        config.escaping.commands = if self.pipeline & 2 == 0 { Escape::AsIs } else { Escape::Doubled };
        config.escaping.replies = if self.pipeline & 4 == 0 { Escape::AsIs } else { Escape::Doubled };
        if self.is_narrow() {
            config.pipeline_bytes = usize::from(self.pipeline);
            return config;
        }
        config.report_answered = self.pipeline & 2 != 0;
        config.support = match self.pipeline >> 3 & 3 {
            0 => config.support,
            1 => config.support.with_unknown_verbs(),
            2 => config.support.with_unknown_verbs().with_any_site(),
            _ => config.support.with_unknown_verbs_before_login(),
        };
        if self.pipeline & 32 != 0 {
            config.support = config.support.with(&[Verb::Noop, Verb::Quit, Verb::Feat, Verb::Stat]).unwrap();
        }
        config
    }

    /// The application answers in words of its own.
    pub fn has_own_words(self) -> bool {
        !self.is_narrow() && self.pipeline & 4 != 0
    }

    pub fn ends(self) -> Endpoints {
        let (local, peer) = match self.various >> 3 & 3 {
            0 | 1 => ("192.0.2.2:21", "192.0.2.1:40000"),
            2 => ("[2001:db8::2]:21", "[2001:db8::1]:40000"),
            _ => ("[::ffff:192.0.2.2]:21", "[::ffff:192.0.2.1]:40000"),
        };
        Endpoints::new(local.parse().unwrap(), peer.parse().unwrap())
    }
}

/// Whatever an application can support.
fn everything() -> Support {
    let support = Support::everything().with_modes(&[Mode::Block, Mode::Deflate]).with_structures(&[Structure::Record]);
    let support = support.with_languages(["EN", "fr-CA"]).unwrap().with_hashes(["SHA-256", "MD5"]).unwrap();
    support.with_site(["CHMOD <SP> mode <SP> path"]).unwrap()
}
