//! Cures: who can act, and with which lines.

use ftp_proto::diagnosis::{Actor, Cause, Setting, Value, diagnose};
use ftp_proto::{Configuration, Evidence, Software, Verb};

use super::build::*;

fn lines(evidence: &Evidence) -> Vec<String> {
    let finding = first_finding(evidence);
    finding.cures().flat_map(|cure| cure.settings()).map(|line| line.to_string()).collect()
}

#[test]
fn the_address_in_the_words_of_each_server() {
    for (software, line) in [
        (Software::Vsftpd, "pasv_address=203.0.113.7"),
        (Software::FtpServer, "pasv_address=203.0.113.7"),
        (Software::ProFtpd, "MasqueradeAddress 203.0.113.7"),
        (Software::PureFtpd, "-P 203.0.113.7"),
        (Software::Pyftpdlib, "handler.masquerade_address = \"203.0.113.7\""),
        (Software::Libunftp, ".passive_host(\"203.0.113.7\")"),
        (Software::FileZillaServer, "FTP and FTP over TLS > Passive mode > Use the following host: 203.0.113.7"),
        (Software::Iis, "FTP Firewall Support > External IP Address of Firewall: 203.0.113.7"),
    ] {
        assert_eq!(lines(&of(software).attempt(pasv_at("10.0.0.5", DROPPED))), [line], "{software}");
    }
    assert!(lines(&of(Software::Unknown).attempt(pasv_at("10.0.0.5", DROPPED))).is_empty());
}

#[test]
fn the_range_in_the_words_of_each_server() {
    for (software, expected) in [
        (Software::Vsftpd, &["pasv_min_port=30000", "pasv_max_port=30099"][..]),
        (Software::FtpServer, &["pasv_min_port=30000", "pasv_max_port=30099"]),
        (Software::ProFtpd, &["PassivePorts 30000 30099"]),
        (Software::PureFtpd, &["-p 30000:30099"]),
        (Software::Pyftpdlib, &["handler.passive_ports = range(30000, 30100)"]),
        (Software::Libunftp, &[".passive_ports(30000..=30099)"]),
    ] {
        let lines = lines(&of(software).attempt(epsv(DROPPED)).attempt(pasv(DROPPED)));
        assert_eq!(lines[..expected.len()], *expected, "{software}");
        assert!(
            lines.iter().any(|line| line == "nft insert rule inet filter input tcp dport 30000-30099 accept"),
            "{lines:?}"
        );
    }
}

#[test]
fn a_range_that_is_configured_is_kept_and_a_swapped_one_is_turned() {
    let configured = |first, last| {
        let mut configuration = Configuration::default();
        configuration.ports = Some((first, last));
        of(Software::Vsftpd).configuration(configuration).attempt(epsv(DROPPED)).attempt(pasv(DROPPED))
    };
    assert!(lines(&configured(41000, 41009)).contains(&"pasv_min_port=41000".to_owned()));
    let swapped = lines(&configured(41009, 41000));
    assert_eq!(swapped, ["pasv_min_port=41000", "pasv_max_port=41009"]);
}

#[test]
fn a_range_that_is_too_small_is_widened() {
    let evidence = |ports, sessions| {
        let mut configuration = Configuration::default();
        configuration.ports = Some(ports);
        configuration.sessions = sessions;
        of(Software::Vsftpd).configuration(configuration).attempt(refused(ftp_proto::Route::Epsv, "425 No port."))
    };
    assert_eq!(lines(&evidence((41000, 41009), None))[..2], ["pasv_min_port=41000", "pasv_max_port=41039"]);
    assert_eq!(lines(&evidence((41000, 41009), Some(100)))[..2], ["pasv_min_port=41000", "pasv_max_port=41399"]);
    assert_eq!(lines(&evidence((65000, 65535), None))[..2], ["pasv_min_port=65000", "pasv_max_port=65535"]);
}

#[test]
fn advice_is_given_once() {
    let finding =
        first_finding(&of(Software::Vsftpd).attempt(epsv(DROPPED).encrypted()).attempt(pasv(DROPPED).encrypted()));
    let advice: Vec<_> = finding.advice().map(|cure| (cure.actor(), cure.to_string())).collect();
    let distinct: std::collections::BTreeSet<_> = advice.iter().collect();
    assert_eq!(distinct.len(), advice.len());
    assert!(finding.cures().count() > advice.len());
}

/// Neither the same lines twice nor "Use passive mode." beside "Use passive mode; or …".
#[test]
fn advice_that_another_holds_is_left_out() {
    let lines_of = |evidence: &Evidence| {
        let finding = first_finding(evidence);
        let lines: Vec<_> = finding.advice().flat_map(|cure| cure.settings()).map(|line| line.to_string()).collect();
        (lines, finding.advice().map(|cure| cure.to_string()).collect::<Vec<_>>())
    };
    let blind = of(Software::Vsftpd).attempt(epsv(DROPPED).encrypted()).attempt(pasv(DROPPED).encrypted());
    let contained = of(Software::Vsftpd).attempt(pasv_at("172.17.0.2", DROPPED));
    for evidence in [blind, contained] {
        let (lines, _) = lines_of(&evidence);
        let distinct: std::collections::BTreeSet<_> = lines.iter().collect();
        assert_eq!(distinct.len(), lines.len(), "{lines:#?}");
    }
    let failed = ftp_proto::AttemptEnd::ServerFailed(code(425));
    let (_, texts) = lines_of(&open_client().attempt(port("198.51.100.9", failed).took(seconds(60))));
    assert_eq!(texts.iter().filter(|text| text.starts_with("Use passive mode")).count(), 1, "{texts:#?}");
}

#[test]
fn a_fact_is_told_once() {
    let finding =
        first_finding(&client().attempt(pasv_here("10.0.0.5", REFUSED)).attempt(pasv_here("10.0.0.5", REFUSED)));
    let facts: Vec<_> = finding.supports().map(ToString::to_string).collect();
    let distinct: std::collections::BTreeSet<_> = facts.iter().collect();
    assert_eq!(distinct.len(), facts.len(), "{facts:#?}");
}

#[test]
fn a_cure_in_the_words_of_a_server_that_was_not_recognised() {
    let finding = first_finding(&of(Software::Unknown).attempt(pasv_at("10.0.0.5", DROPPED)));
    for (software, line) in [(Software::Vsftpd, "pasv_address=203.0.113.7"), (Software::PureFtpd, "-P 203.0.113.7")] {
        let lines: Vec<_> = finding.cures().flat_map(|cure| cure.settings_of(software)).collect();
        assert_eq!(lines.iter().map(ToString::to_string).collect::<Vec<_>>(), [line]);
        assert!(lines.iter().all(|line| !line.is_command()));
    }
}

#[test]
fn each_who_can_act_is_told_what() {
    let finding = first_finding(&of(Software::Vsftpd).attempt(epsv(DROPPED)).attempt(pasv(DROPPED)));
    let actors: Vec<_> = finding.cures().map(|cure| cure.actor()).collect();
    assert!(actors.is_sorted());
    for actor in [Actor::User, Actor::ServerAdministrator, Actor::FirewallAdministrator] {
        assert!(actors.contains(&actor), "{actor}");
    }
    assert!(finding.cures().all(|cure| finding.causes().any(|cause| cause == cure.cause())));
}

#[test]
fn a_setting_is_a_key_and_a_value() {
    let finding = first_finding(&of(Software::Vsftpd).attempt(pasv_at("10.0.0.5", DROPPED)));
    let setting: Setting = finding.cures().flat_map(|cure| cure.settings()).next().unwrap();
    assert_eq!((setting.key(), setting.value()), ("pasv_address", Value::PublicAddress(Some(ip(PUBLIC)))));
}

#[test]
fn servers_are_recognised_by_what_they_say() {
    for (to, line, software) in [
        (None, "220 (vsFTPd 3.0.3)", Software::Vsftpd),
        (None, "220 ProFTPD Server (ProFTPD) [10.1.2.4]", Software::ProFtpd),
        (
            None,
            "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n220 You will be disconnected after 15 minutes of inactivity.",
            Software::PureFtpd,
        ),
        (
            None,
            "220-FileZilla Server 1.8.2\r\n220 Please visit https://filezilla-project.org/",
            Software::FileZillaServer,
        ),
        (None, "220 pyftpdlib 2.2.0 ready.", Software::Pyftpdlib),
        (None, "220 Microsoft FTP Service", Software::Iis),
        (None, "220 libunftp test server", Software::Libunftp),
        (None, "220 Welcome to ftp-proto.", Software::FtpServer),
        (Some(Verb::Syst), "215 Windows_NT", Software::Iis),
        (Some(Verb::Feat), "211-Extensions supported:\r\n ESTA\r\n211 End.", Software::PureFtpd),
        (Some(Verb::Feat), "211-Features:\r\n MFF modify;UNIX.group;UNIX.mode;\r\n211 End", Software::ProFtpd),
        (Some(Verb::Feat), "211-Features supported:\r\n EPRT\r\n211 End FEAT.", Software::Pyftpdlib),
        (Some(Verb::Port), "500 I won't open a connection to 10.0.0.1 (only to 127.0.0.1)", Software::PureFtpd),
        (Some(Verb::Port), "501 Rejected data connection to foreign address 8.8.8.8:25601.", Software::Pyftpdlib),
        (Some(Verb::Retr), "425 Security: Bad IP connecting.", Software::Vsftpd),
        // Habits, as recorded dialogues have them.
        (Some(Verb::User), "331 Please specify the password.", Software::Vsftpd),
        (Some(Verb::Port), "200 PORT command successful. Consider using PASV.", Software::Vsftpd),
        (Some(Verb::Eprt), "200 EPRT command successful. Consider using EPSV.", Software::Vsftpd),
        (Some(Verb::List), "425 Failed to establish connection.", Software::Vsftpd),
        (Some(Verb::User), "331 Please, specify the password.", Software::FileZillaServer),
        (Some(Verb::User), "331 User u OK. Password required", Software::PureFtpd),
        (Some(Verb::User), "331 Username ok, send password.", Software::Pyftpdlib),
        (Some(Verb::List), "125 Data connection already open. Transfer starting.", Software::Pyftpdlib),
        // RFC 959's own words, which many servers have.
        (Some(Verb::List), "125 Data connection already open; transfer starting.", Software::Unknown),
        (Some(Verb::User), "331 Password required for u", Software::Unknown),
        (None, "220 Hello.", Software::Unknown),
        // What only looks like a name.
        (Some(Verb::Pwd), "257 \"/vsftpd\" is the current directory", Software::Unknown),
        (Some(Verb::Retr), "550 proftpd.conf: no such file", Software::Unknown),
    ] {
        assert_eq!(Evidence::default().heard(to, &reply(line)).software, software, "{line}");
    }
}

#[test]
fn each_cause_has_a_cure_whatever_the_server() {
    for cause in Cause::ALL {
        assert!(!cause.id().is_empty() && cause.to_string().ends_with('.'), "{cause:?}");
    }
    let findings = diagnose(&of(Software::Unknown).attempt(epsv(DROPPED)).attempt(pasv_at("10.0.0.5", DROPPED)));
    for finding in findings.iter() {
        assert!(finding.causes().all(|cause| finding.cures().any(|cure| cure.cause() == cause)), "{finding}");
    }
}

#[test]
fn no_server_steers_a_terminal() {
    let finding = first_finding(&client().attempt(refused(ftp_proto::Route::Pasv, "550 \u{1b}[2J\u{7}no")));
    assert!(finding.to_string().chars().all(|char| char == '\n' || !char.is_control()));
}
