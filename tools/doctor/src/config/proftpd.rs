//! ProFTPD's file: directives and sections, and the files that it includes. What concerns neither data connections nor TLS is skipped.
//! Each virtual host is judged by itself, with what `<Global>` says.

use ftp_proto::Software;

use super::fault::{Concern, Fault};
use super::included::Included;
use super::rules;
use super::settings::{At, Place, Settings};

const SERVER: Software = Software::ProFtpd;

pub(super) fn read(text: &str, included: &mut Included, concerns: &mut Vec<Concern>) {
    let mut reader = Reader {
        main: Settings::default(),
        global: Settings::default(),
        hosts: Vec::new(),
        sections: Vec::new(),
        included,
        concerns,
    };
    reader.text(text, 0);
    let Reader { main, global, hosts, included, concerns, .. } = reader;
    let with_global = |host: Settings| merged(global.clone(), host);
    rules::judge(&with_global(main), SERVER, included.files(), concerns);
    for host in hosts {
        rules::judge(&with_global(host), SERVER, included.files(), concerns);
    }
}

/// A backslash at the end joins the next line; the number is the first one's.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let (text, more) = match line.trim_end().strip_suffix('\\') {
            Some(text) => (text, true),
            None => (line, false),
        };
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, last)) => last.push_str(text),
            None => lines.push((number, text.to_owned())),
        }
        goes_on = more;
    }
    lines
}

enum Section {
    Global,
    VirtualHost,
    /// `<Limit PASV EPSV>`: which commands.
    Limit(Vec<String>),
    /// `<Anonymous>`, `<Directory>`, `<IfModule>` and the like: what stands in there belongs to what is around it.
    Other,
    /// `<IfModule !mod_tls.c>`: what holds where something is missing that mostly isn't.
    Otherwise,
}

struct Reader<'c> {
    main: Settings,
    global: Settings,
    hosts: Vec<Settings>,
    sections: Vec<Section>,
    included: &'c mut Included,
    concerns: &'c mut Vec<Concern>,
}

impl Reader<'_> {
    /// A file, which may stand within a section of another.
    fn text(&mut self, text: &str, file: usize) {
        for (line, text) in logical_lines(text) {
            self.line(&text, Place { file, line });
        }
    }

    fn line(&mut self, text: &str, line: Place) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return;
        }
        if let Some(section) = text.strip_prefix("</") {
            let _ = section;
            self.sections.pop();
            return;
        }
        if let Some(section) = text.strip_prefix('<') {
            self.begin(section.trim_end_matches('>'));
            return;
        }
        if self.sections.iter().any(|section| matches!(section, Section::Otherwise)) {
            return;
        }
        let words = words(text);
        let Some((directive, values)) = words.split_first() else { return };
        self.directive(&directive.to_ascii_lowercase(), values, line);
    }

    fn begin(&mut self, section: &str) {
        let mut words = section.split_ascii_whitespace();
        let section = match words.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "global" => Section::Global,
            "virtualhost" => {
                self.hosts.push(Settings::default());
                Section::VirtualHost
            }
            "limit" => Section::Limit(words.map(str::to_ascii_uppercase).collect()),
            "ifmodule" | "ifdefine" if words.next().is_some_and(|name| name.starts_with('!')) => Section::Otherwise,
            _ => Section::Other,
        };
        // A file that never ends its sections is none of ProFTPD's.
        if self.sections.len() < 64 {
            self.sections.push(section);
        }
    }

    /// What the directive belongs to.
    fn settings(&mut self) -> &mut Settings {
        for section in self.sections.iter().rev() {
            match section {
                Section::Global => return &mut self.global,
                Section::VirtualHost => break,
                Section::Limit(_) | Section::Other | Section::Otherwise => {}
            }
        }
        let in_host = self.sections.iter().any(|section| matches!(section, Section::VirtualHost));
        match self.hosts.last_mut() {
            Some(host) if in_host => host,
            _ => &mut self.main,
        }
    }

    fn tell(&mut self, line: Place, fault: Fault) {
        self.concerns.push(Concern::at(Some(line), self.included.files(), fault, SERVER));
    }

    fn directive(&mut self, directive: &str, values: &[&str], line: Place) {
        let first = values.first().copied().unwrap_or_default();
        let flag = on_or_off(first).map(|value| At { value, line });
        match directive {
            "passiveports" => match [values.first(), values.get(1)].map(|port| port.and_then(|port| port.parse().ok()))
            {
                [Some(from), Some(to)] => {
                    let settings = self.settings();
                    settings.first = Some(At { value: from, line });
                    settings.last = Some(At { value: to, line });
                }
                _ => self.tell(line, Fault::Unreadable("PassivePorts needs two numbers")),
            },
            "masqueradeaddress" | "tlsmasqueradeaddress" => {
                let settings = self.settings();
                if directive == "masqueradeaddress" {
                    settings.addresses.clear();
                }
                // A name is looked up, as the server starts; `if_name:eth0` is an interface's address.
                settings.resolve = Some(At { value: true, line });
                if !first.contains(':') || first.parse::<std::net::IpAddr>().is_ok() {
                    settings.addresses.push(At { value: first.to_owned(), line });
                }
            }
            "dynmasqrefresh" => self.settings().refreshed = Some(At { value: true, line }),
            "allowforeignaddress" => {
                // A class may be named, whose members alone are let in.
                let settings = self.settings();
                settings.passive_strangers = flag;
                settings.active_strangers = flag;
            }
            "maxinstances" | "maxclients" => {
                if let Ok(value) = first.parse() {
                    let settings = self.settings();
                    let fewer = settings.sessions.is_none_or(|sessions: At<u32>| value < sessions.value);
                    if fewer {
                        settings.sessions = Some(At { value, line });
                    }
                }
            }
            "tlsengine" => self.settings().tls = flag,
            "tlsrequired" => self.required(&first.to_ascii_lowercase(), line),
            "tlsoptions" if values.iter().any(|option| option.eq_ignore_ascii_case("NoSessionReuseRequired")) => {
                self.settings().session_reuse = Some(At { value: false, line });
            }
            "tlsprotocol" => {
                for version in ["SSLv3", "TLSv1", "TLSv1.1"] {
                    if values.iter().any(|value| value.eq_ignore_ascii_case(version)) {
                        self.settings().outdated_tls.push(At { value: version, line });
                    }
                }
            }
            "defaultaddress" => self.settings().listen = Some(At { value: first.to_owned(), line }),
            "denyall" => self.denied(line),
            "deny" if values.iter().any(|whom| whom.eq_ignore_ascii_case("all")) => self.denied(line),
            "include" => match self.included.read(first) {
                Some(texts) => texts.iter().for_each(|(file, text)| self.text(text, *file)),
                None => self.tell(line, Fault::NotRead(first.to_owned())),
            },
            _ => {}
        }
    }

    /// `on`, `off`, `ctrl`, `data`, `auth`, `auth+data`, and with `!` the part that may do without.
    fn required(&mut self, what: &str, line: Place) {
        let at = |value| Some(At { value, line });
        let (logins, data) = match what {
            "on" | "auth+data" | "ctrl+data" => (true, true),
            "ctrl" | "auth" | "auth+!data" | "ctrl+!data" => (true, false),
            "data" => (false, true),
            "off" | "!data" => (false, false),
            _ => return,
        };
        let settings = self.settings();
        settings.tls_for_logins = at(logins);
        settings.tls_for_data = at(data);
    }

    /// `DenyAll` in `<Limit PASV EPSV>`: what is forbidden to everybody.
    fn denied(&mut self, line: Place) {
        let Some(Section::Limit(commands)) = self.sections.last() else { return };
        let names = |name: &str| commands.iter().any(|command| command == name);
        let (passive, active) = (names("PASV") && names("EPSV"), names("PORT") && names("EPRT"));
        let off = Some(At { value: false, line });
        let settings = self.settings();
        if passive {
            settings.passive = off;
        }
        if active {
            settings.active = off;
        }
    }
}

/// Words, parted by blanks; one in quotation marks may have some in it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
        };
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

/// What a host says comes before what is said for all.
fn merged(global: Settings, host: Settings) -> Settings {
    Settings {
        passive: host.passive.or(global.passive),
        active: host.active.or(global.active),
        first: host.first.or(global.first),
        last: host.last.or(global.last),
        addresses: if host.addresses.is_empty() { global.addresses } else { host.addresses },
        resolve: host.resolve.or(global.resolve),
        refreshed: host.refreshed.or(global.refreshed),
        passive_strangers: host.passive_strangers.or(global.passive_strangers),
        active_strangers: host.active_strangers.or(global.active_strangers),
        tls: host.tls.or(global.tls),
        tls_for_logins: host.tls_for_logins.or(global.tls_for_logins),
        tls_for_data: host.tls_for_data.or(global.tls_for_data),
        session_reuse: host.session_reuse.or(global.session_reuse),
        outdated_tls: if host.outdated_tls.is_empty() { global.outdated_tls } else { host.outdated_tls },
        sessions: host.sessions.or(global.sessions),
        listen: host.listen.or(global.listen),
        anonymous: host.anonymous.or(global.anonymous),
        anonymous_writes: host.anonymous_writes.or(global.anonymous_writes),
        accept_seconds: host.accept_seconds.or(global.accept_seconds),
    }
}

fn on_or_off(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" | "1" => Some(true),
        "off" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
