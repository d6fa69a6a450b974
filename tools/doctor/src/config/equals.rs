//! `key=value`: vsftpd's file, and `ftp-server`'s, which has vsftpd's keys and some of its own.

use ftp_proto::Software;

use super::fault::{Concern, Fault};
use super::rules;
use super::settings::{At, Place, Settings};

pub(super) fn read(text: &str, server: Software, concerns: &mut Vec<Concern>) {
    let mut reader = Reader { server, settings: Settings::default(), write: None, both: [None, None] };
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let line = Place { file: 0, line };
        if let Err(why) = reader.line(text, line) {
            concerns.push(Concern::at(Some(line), &[], Fault::Unreadable(why), server));
        }
    }
    if let [Some(one), Some(other)] = reader.both {
        concerns.push(Concern::at(Some(one.max(other)), &[], Fault::ListensTwice, server));
    }
    if let ([None, Some(_)], Some(address), Software::Vsftpd) = (reader.both, reader.settings.addresses.first(), server)
    {
        concerns.push(Concern::at(Some(address.line), &[], Fault::AddressUnheard, server));
    }
    let settings = reader.finish();
    rules::judge(&settings, server, &[], concerns);
}

struct Reader {
    server: Software,
    settings: Settings,
    /// `write_enable`, without which nobody writes.
    write: Option<bool>,
    /// vsftpd's `listen` and `listen_ipv6`, where they are YES.
    both: [Option<Place>; 2],
}

impl Reader {
    fn line(&mut self, text: &str, line: Place) -> Result<(), &'static str> {
        let (key, value) = text.trim_start().split_once('=').ok_or("it must be key=value")?;
        if key.ends_with(char::is_whitespace) || value.starts_with(char::is_whitespace) {
            return Err("no blanks may be around the =");
        }
        let value = value.trim_end();
        let set = &mut self.settings;
        let flag = || yes_or_no(value).map(|value| Some(At { value, line }));
        let number = || value.parse().map(|value| Some(At { value, line })).map_err(|_| "it must be a number");
        match key {
            "pasv_enable" => set.passive = flag()?,
            "port_enable" => set.active = flag()?,
            "pasv_min_port" => set.first = number()?,
            "pasv_max_port" => set.last = number()?,
            "pasv_address" => self.address(value, line),
            "pasv_addr_resolve" => set.resolve = flag()?,
            "pasv_promiscuous" => set.passive_strangers = flag()?,
            "port_promiscuous" => set.active_strangers = flag()?,
            "ssl_enable" => set.tls = flag()?,
            // `ftp-server` offers TLS where it has a certificate.
            "rsa_cert_file" if self.server == Software::FtpServer => {
                set.tls.get_or_insert(At { value: true, line });
            }
            "cmds_denied" if denies(value, true) => set.passive = Some(At { value: false, line }),
            "cmds_allowed" if !denies(value, false) => set.passive = Some(At { value: false, line }),
            "force_local_logins_ssl" => set.tls_for_logins = flag()?,
            "force_local_data_ssl" => set.tls_for_data = flag()?,
            "require_ssl_reuse" => set.session_reuse = flag()?,
            "ssl_sslv2" if yes_or_no(value)? => set.outdated_tls.push(At { value: "ssl_sslv2", line }),
            "ssl_sslv3" if yes_or_no(value)? => set.outdated_tls.push(At { value: "ssl_sslv3", line }),
            // Until 3.0.3 this is every version of TLS; later ones have keys of their own.
            "max_clients" => set.sessions = number()?,
            "listen_address" | "listen_address6" => set.listen = Some(At { value: value.to_owned(), line }),
            "listen" => self.both[0] = yes_or_no(value)?.then_some(line),
            "listen_ipv6" => self.both[1] = yes_or_no(value)?.then_some(line),
            "anonymous_enable" => set.anonymous = flag()?,
            "write_enable" => self.write = Some(yes_or_no(value)?),
            "anon_upload_enable" | "anon_other_write_enable" if self.server == Software::Vsftpd => {
                set.anonymous_writes = set.anonymous_writes.filter(|at| at.value).or(flag()?);
            }
            "accept_timeout" => {
                set.accept_seconds =
                    value.parse().map(|value| Some(At { value, line })).map_err(|_| "it must be a number")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// `ftp-server` may have one for each network, and `own` for the address that was reached.
    fn address(&mut self, value: &str, line: Place) {
        let (network, address) = match value.split_once('=') {
            Some((network, address)) if self.server == Software::FtpServer => (Some(network), address),
            _ => (None, value),
        };
        // What is told to clients inside may be an inside address.
        if network.is_none() {
            self.settings.addresses.clear();
            self.settings.addresses.push(At { value: address.to_owned(), line });
        }
    }

    fn finish(mut self) -> Settings {
        if self.server == Software::Vsftpd && self.write != Some(true) {
            self.settings.anonymous_writes = None;
        }
        // vsftpd lets anonymous users in unless it is told not to.
        if self.server == Software::Vsftpd && self.settings.anonymous.is_none() {
            self.settings.anonymous = self.settings.anonymous_writes;
        }
        self.settings
    }
}

/// Whether passive mode's commands are among them: all, or any.
fn denies(commands: &str, all: bool) -> bool {
    let has = |wanted: &str| commands.split(',').any(|command| command.trim().eq_ignore_ascii_case(wanted));
    if all { has("PASV") && has("EPSV") } else { has("PASV") || has("EPSV") }
}

fn yes_or_no(value: &str) -> Result<bool, &'static str> {
    match value.to_ascii_uppercase().as_str() {
        "YES" | "TRUE" | "1" => Ok(true),
        "NO" | "FALSE" | "0" => Ok(false),
        _ => Err("it must be YES or NO"),
    }
}
