//! Configuration files, each fault with its line.

use ftp_proto::Software;
use ftp_proto_doctor::config::{Gravity, Reading};

/// What is told of a file: gravity, line and name, notes left out.
fn told(text: &str) -> Vec<String> {
    told_as(text, None)
}

fn told_as(text: &str, server: Option<Software>) -> Vec<String> {
    let reading = Reading::of(text, server);
    let concerns = reading.concerns().iter().filter(|concern| concern.gravity() != Gravity::Note);
    concerns
        .map(|concern| format!("{} {} {}", concern.gravity(), concern.line.unwrap_or(0), concern.fault.id()))
        .collect()
}

#[test]
fn vsftpd() {
    assert_eq!(told(""), [""; 0], "an empty file");
    let good = "listen=YES\nssl_enable=YES\npasv_min_port=50000\npasv_max_port=50099\nmax_clients=100\npasv_address=203.0.113.5\n";
    assert_eq!(told(good), [""; 0]);
    for (text, wanted) in [
        ("# a comment\n\npasv_min_port=50100\npasv_max_port=50000\n", &["fails 4 range-swapped"][..]),
        ("pasv_address=192.168.1.5\npasv_min_port=50000\npasv_max_port=50099\n", &["fails 1 private-address"]),
        ("pasv_address=0.0.0.0\npasv_min_port=50000\npasv_max_port=50099\n", &["fails 1 unusable-address"]),
        ("pasv_address=127.0.0.1\npasv_min_port=50000\npasv_max_port=50099\n", &["fails 1 unusable-address"]),
        ("pasv_address=169.254.3.4\npasv_min_port=50000\npasv_max_port=50099\n", &["fails 1 private-address"]),
        ("pasv_address=2001:db8::1\npasv_min_port=50000\npasv_max_port=50099\n", &["fails 1 ipv6-address"]),
        ("pasv_address=ftp.example.com\npasv_min_port=50000\npasv_max_port=50099\n", &["fails 1 name-not-resolved"]),
        (
            "pasv_addr_resolve=YES\npasv_address=ftp.example.com\npasv_min_port=50000\npasv_max_port=50099\n",
            &["fails 2 name-resolved-once"],
        ),
        ("pasv_address=203.0.113.5\n", &["fails 1 range-not-fixed"]),
        ("ssl_enable=YES\n", &["fails 1 range-not-fixed"]),
        ("pasv_min_port=50000\npasv_max_port=50009\nmax_clients=100\n", &["fails 2 range-too-small"]),
        ("pasv_min_port=5000\npasv_max_port=5100\n", &["fails 2 port-of-sip"]),
        ("pasv_min_port=50000\npasv_max_port=70000\n", &["fails 2 no-port"]),
        ("pasv_enable=NO\n", &["fails 1 passive-disabled"]),
        ("pasv_enable=NO\nport_enable=NO\n", &["fails 1 no-mode"]),
        ("pasv_promiscuous=YES\nport_promiscuous=YES\n", &["unsafe 1 passive-strangers", "unsafe 2 active-strangers"]),
        ("listen=YES\nlisten_ipv6=YES\n", &["fails 2 listens-twice"]),
        // Measured with 3.0.3.
        (
            "listen=NO\nlisten_ipv6=YES\npasv_address=203.0.113.5\npasv_min_port=50000\npasv_max_port=50099\n",
            &["fails 3 address-unheard"],
        ),
        ("listen_address=127.0.0.1\n", &["fails 1 listens-inside"]),
        ("pasv_enable = YES\n", &["fails 1 unreadable"]),
        ("pasv_enable=maybe\n", &["fails 1 unreadable"]),
        ("pasv_min_port=many\n", &["fails 1 unreadable"]),
        (
            "pasv_min_port=50000\npasv_max_port=50099\nssl_enable=YES\nrequire_ssl_reuse=NO\nforce_local_logins_ssl=NO\nssl_sslv3=YES\n",
            &["unsafe 4 session-reuse-off", "unsafe 5 plain-logins", "unsafe 6 outdated-tls"],
        ),
        (
            "pasv_min_port=50000\npasv_max_port=50099\nssl_enable=YES\nforce_local_data_ssl=NO\n",
            &["unsafe 4 plain-data"],
        ),
        ("anonymous_enable=YES\nwrite_enable=YES\nanon_upload_enable=YES\n", &["unsafe 3 anonymous-writes"]),
        ("anonymous_enable=NO\nwrite_enable=YES\nanon_upload_enable=YES\n", &[]),
        ("cmds_denied=SITE,PASV,EPSV\n", &["fails 1 passive-disabled"]),
        ("cmds_denied=EPSV\n", &[]),
        ("cmds_allowed=USER,PASS,LIST,RETR,PORT,QUIT\n", &["fails 1 passive-disabled"]),
        ("cmds_allowed=USER,PASS,PASV,LIST,RETR,QUIT\n", &[]),
    ] {
        assert_eq!(told(text), wanted, "{text}");
    }
}

#[test]
fn the_cure_is_written_as_the_server_wants_it() {
    let cures = |text: &str| Reading::of(text, None).concerns()[0].cure();
    assert_eq!(cures("pasv_min_port=50100\npasv_max_port=50000\n"), ["pasv_min_port=50000", "pasv_max_port=50100"]);
    assert_eq!(cures("PassivePorts 50100 50000\n"), ["PassivePorts 50000 50100"]);
    assert_eq!(cures("MasqueradeAddress 10.0.0.1\nPassivePorts 50000 50099\n"), ["MasqueradeAddress <public address>"]);
}

#[test]
fn proftpd() {
    let good = "ServerName \"x\"\nServerType standalone\nPassivePorts 50000 50099\nMaxInstances 30\n<Limit SITE_CHMOD>\n  DenyAll\n</Limit>\n";
    assert_eq!(told(good), [""; 0]);
    assert_eq!(Reading::of(good, None).server(), Software::ProFtpd);
    for (text, wanted) in [
        ("PassivePorts 50100 50000\n", &["fails 1 range-swapped"][..]),
        ("PassivePorts 50000\n", &["fails 1 unreadable"]),
        ("PassivePorts 50000 50099\nMasqueradeAddress 192.168.1.5\n", &["fails 2 private-address"]),
        ("PassivePorts 50000 50099\nMasqueradeAddress ftp.example.com\n", &["fails 2 name-resolved-once"]),
        ("PassivePorts 50000 50099\nMasqueradeAddress if_name:eth0\n", &[]),
        // mod_dynmasq looks it up anew.
        ("PassivePorts 50000 50099\nMasqueradeAddress ftp.example.com\nDynMasqRefresh 28800\n", &[]),
        ("MasqueradeAddress 203.0.113.5\n", &["fails 1 range-not-fixed"]),
        ("<IfModule mod_tls.c>\n  TLSEngine on\n  TLSRequired on\n</IfModule>\n", &["fails 2 range-not-fixed"]),
        ("PassivePorts 50000 50009\nMaxClients 100 \"Too many\"\n", &["fails 1 range-too-small"]),
        (
            "PassivePorts 50000 50099\nAllowForeignAddress on\n",
            &["unsafe 2 passive-strangers", "unsafe 2 active-strangers"],
        ),
        ("PassivePorts 50000 50099\nAllowForeignAddress myclass\n", &[]),
        ("<Limit PASV EPSV>\n  DenyAll\n</Limit>\n", &["fails 2 passive-disabled"]),
        ("<Limit PASV EPSV>\n  Order allow,deny\n  Deny from all\n</Limit>\n", &["fails 3 passive-disabled"]),
        ("PassivePorts \"50100\" \"50000\"\n", &["fails 1 range-swapped"]),
        ("PassivePorts 50000 50099\nMasqueradeAddress \"192.168.1.5\"\n", &["fails 2 private-address"]),
        ("<IfModule !mod_tls.c>\n  PassivePorts 50100 50000\n</IfModule>\n", &[]),
        (
            "<IfModule mod_tls.c>\n  <IfDefine X>\n    PassivePorts 50100 50000\n  </IfDefine>\n</IfModule>\n",
            &["fails 3 range-swapped"],
        ),
        ("ServerName \"PassivePorts 2 1\"\nPassivePorts 50000 50099\n", &[]),
        (
            "PassivePorts 50000 50099\nTLSEngine on\nTLSRequired ctrl\nTLSOptions NoCertRequest NoSessionReuseRequired\nTLSProtocol SSLv3 TLSv1.2\n",
            &["unsafe 3 plain-data", "unsafe 4 session-reuse-off", "unsafe 5 outdated-tls"],
        ),
        (
            "PassivePorts 50000 50099\n<VirtualHost 203.0.113.9>\n  PassivePorts 50000 50099\n  MasqueradeAddress 10.0.0.1\n</VirtualHost>\n",
            &["fails 4 private-address"],
        ),
        ("<Global>\n  PassivePorts 50000 \\\n 50099\n</Global>\nMasqueradeAddress 203.0.113.5\n", &[]),
    ] {
        assert_eq!(told(text), wanted, "{text}");
    }
}

#[test]
fn ftp_server() {
    let text = "user=anna:secret\npasv_address=10.0.0.0/8=own\npasv_address=192.168.1.5\npasv_min_port=50000\npasv_max_port=50099\n";
    assert_eq!(Reading::of(text, None).server(), Software::FtpServer);
    assert_eq!(told(text), ["fails 3 private-address"], "what clients inside are told may be inside");
    assert_eq!(
        told_as("pasv_address=ftp.example.com\npasv_addr_resolve=NO\npasv_min_port=1\n", Some(Software::FtpServer))
            .len(),
        2
    );
}

/// `ftp-server` offers TLS where it has a certificate.
#[test]
fn a_certificate_is_tls_to_ftp_server() {
    let names = |text: &str| {
        let reading = Reading::of(text, Some(Software::FtpServer));
        reading.concerns().iter().map(|concern| concern.fault.id()).collect::<Vec<_>>()
    };
    assert!(!names("rsa_cert_file=/etc/ftp.pem\n").contains(&"no-tls"));
    assert!(names("rsa_cert_file=/etc/ftp.pem\nssl_enable=NO\n").contains(&"no-tls"));
    assert!(names("ssl_enable=NO\nrsa_cert_file=/etc/ftp.pem\n").contains(&"no-tls"));
}

/// "A range of ten ports for a hundred clients", and for any number of them.
#[test]
fn ten_ports_are_few() {
    let named =
        |text: &str| Reading::of(text, None).concerns().iter().any(|concern| concern.fault.id() == "range-too-small");
    assert!(named("pasv_min_port=50000\npasv_max_port=50009\n"));
    assert!(named("pasv_min_port=50000\npasv_max_port=50009\nmax_clients=100\n"));
    assert!(!named("pasv_min_port=50000\npasv_max_port=50010\n"));
}

#[test]
fn what_a_file_includes_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("conf.d")).unwrap();
    std::fs::write(at("tls.conf"), "# TLS\n<IfModule mod_tls.c>\nTLSEngine on\nTLSRequired off\n</IfModule>\n")
        .unwrap();
    std::fs::write(at("conf.d/10-nat.conf"), "MasqueradeAddress 10.0.0.1\nInclude tls.conf\n").unwrap();
    std::fs::write(at("conf.d/20-again.conf"), format!("Include {}\n", at("tls.conf").display())).unwrap();
    std::fs::write(at("conf.d/ignored"), "PassivePorts 2 1\n").unwrap();
    let main = "Include conf.d/*.conf\nInclude nowhere.conf\nPassivePorts 50000 50099\n";
    std::fs::write(at("proftpd.conf"), main).unwrap();
    let reading = Reading::of_file(&at("proftpd.conf"), Some(Software::ProFtpd)).unwrap();
    let told: Vec<_> = reading
        .concerns()
        .iter()
        .map(|concern| {
            let file = concern.file.as_deref().map_or("", |file| file.rsplit('/').next().unwrap());
            format!("{file}:{} {}", concern.line.unwrap_or(0), concern.fault.id())
        })
        .collect();
    assert_eq!(
        told,
        ["10-nat.conf:1 private-address", "tls.conf:4 plain-logins", ":2 not-read", "tls.conf:3 session-reuse-on"]
    );
    assert_eq!(reading.included().len(), 3);
    // From a pipe nothing else is read.
    let piped = Reading::of(main, Some(Software::ProFtpd));
    assert_eq!(piped.concerns().iter().filter(|concern| concern.fault.id() == "not-read").count(), 2);
}

#[test]
fn notes_are_no_faults() {
    let reading = Reading::of("local_enable=YES\n", None);
    let notes: Vec<_> = reading.concerns().iter().map(|concern| concern.fault.id()).collect();
    assert_eq!(notes, ["any-port", "no-tls"]);
}
