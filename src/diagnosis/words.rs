//! The names of servers' settings, and nowhere else. Each table is one thing to do, with the lines for each server.

use Given::{Address, First, Last, Nothing, Ports, Word};

use crate::route::Software;

/// Lines, each with the servers that they are for. Lines for no server are shell commands, whichever server it is.
pub(super) type Lines = &'static [(Whose, &'static [Line])];
pub(super) type Whose = &'static [Software];

/// A line of a configuration, with a place for a value from the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Line {
    pub(super) key: &'static str,
    pub(super) given: Given,
}

/// The value after the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Given {
    Nothing,
    Word(&'static str),
    Address,
    First,
    Last,
    Ports,
}

const fn line(key: &'static str, given: Given) -> Line {
    Line { key, given }
}

/// `VSFTPD: "key" = value, "key" = value;`: the lines for each software.
macro_rules! lines {
    ($($software:ident: $($key:literal = $given:expr),+;)+) => { &[$(($software, &[$(line($key, $given)),+])),+] };
}

/// vsftpd, and `ftp-server`, which uses the same keys.
const VSFTPD: Whose = &[Software::Vsftpd, Software::FtpServer];
/// For keys that `ftp-server` doesn't have.
pub(super) const VSFTPD_ALONE: Whose = &[Software::Vsftpd];
const PROFTPD: Whose = &[Software::ProFtpd];
const PURE_FTPD: Whose = &[Software::PureFtpd];
const FILEZILLA: Whose = &[Software::FileZillaServer];
const PYFTPDLIB: Whose = &[Software::Pyftpdlib];
const IIS: Whose = &[Software::Iis];
const LIBUNFTP: Whose = &[Software::Libunftp];
/// Any software.
pub(super) const ANY: Whose = &[];

/// No lines.
pub(super) const NONE: Lines = &[];

/// The address that a 227 announces.
pub(super) const ADDRESS: Lines = lines! {
    VSFTPD: "pasv_address" = Address;
    PROFTPD: "MasqueradeAddress" = Address;
    PURE_FTPD: "-P" = Address;
    FILEZILLA: "FTP and FTP over TLS > Passive mode > Use the following host" = Address;
    PYFTPDLIB: "handler.masquerade_address" = Address;
    IIS: "FTP Firewall Support > External IP Address of Firewall" = Address;
    LIBUNFTP: ".passive_host" = Address;
};

/// vsftpd 3.0.3, as measured, announces 0,0,0,0 on IPv6 sockets if `pasv_address` is set.
pub(super) const LISTEN_ON_IPV4: Lines = lines! { VSFTPD_ALONE: "listen" = Word("YES"), "listen_ipv6" = Word("NO"); };

/// The ports for passive mode.
pub(super) const RANGE: Lines = lines! {
    VSFTPD: "pasv_min_port" = First, "pasv_max_port" = Last;
    PROFTPD: "PassivePorts" = Ports;
    PURE_FTPD: "-p" = Ports;
    FILEZILLA: "FTP and FTP over TLS > Passive mode > Use custom port range" = Ports;
    PYFTPDLIB: "handler.passive_ports" = Ports;
    IIS: "FTP Firewall Support (server level, then restart ftpsvc) > Data Channel Port Range" = Ports;
    LIBUNFTP: ".passive_ports" = Ports;
};

/// Data connections of the server need not resume the control connection's TLS session.
pub(super) const NO_REUSE: Lines = lines! {
    VSFTPD: "require_ssl_reuse" = Word("NO");
    PROFTPD: "TLSOptions" = Word("NoSessionReuseRequired");
};

/// Data connections from other hosts are accepted.
pub(super) const STRANGERS: Lines = lines! {
    VSFTPD: "pasv_promiscuous" = Word("YES");
    PROFTPD: "AllowForeignAddress" = Word("<class of the proxy>");
    PYFTPDLIB: "handler.permit_foreign_addresses" = Word("True");
};

pub(super) const PASSIVE_ON: Lines = lines! { VSFTPD: "pasv_enable" = Word("YES"); };

/// Other settings that forbid passive mode.
pub(super) const PASSIVE_UNBOUND: Lines = lines! {
    PROFTPD: "# remove: <Limit PASV EPSV>" = Nothing;
    PURE_FTPD: "# start without -N" = Nothing;
    PYFTPDLIB: "# keep PASV and EPSV in handler.proto_cmds" = Nothing;
};

pub(super) const PASSIVE_COMMANDS: Lines = lines! {
    VSFTPD_ALONE: "cmds_denied" = Word("<without PASV and EPSV>");
    PROFTPD: "# look into: <Limit PASV EPSV>" = Nothing;
    PURE_FTPD: "# start without -b" = Nothing;
};

pub(super) const ACTIVE_ON: Lines = lines! {
    VSFTPD: "port_enable" = Word("YES");
    LIBUNFTP: ".active_passive_mode" = Word("ActivePassiveMode::ActiveAndPassive");
};

/// Clients get more time to make a data connection.
pub(super) const PATIENCE: Lines = lines! {
    VSFTPD: "accept_timeout" = Word("120");
    PROFTPD: "TimeoutNoTransfer" = Word("600");
    PURE_FTPD: "-I" = Word("30");
    PYFTPDLIB: "handler.passive_dtp.timeout" = Word("120");
};

/// Data connections that have stalled are closed.
pub(super) const STALLING: Lines = lines! {
    VSFTPD: "data_connection_timeout" = Word("120");
    PROFTPD: "TimeoutStalled" = Word("120");
};

/// Control connections may be idle for longer.
pub(super) const IDLENESS: Lines = lines! {
    VSFTPD: "idle_session_timeout" = Word("3600");
    PROFTPD: "TimeoutIdle" = Word("3600"), "SocketOptions keepalive" = Word("on");
    PURE_FTPD: "-I" = Word("60");
    PYFTPDLIB: "handler.timeout" = Word("3600");
};

/// Data connections may go without TLS.
pub(super) const PLAIN_DATA: Lines = lines! {
    VSFTPD: "force_local_data_ssl" = Word("NO");
    PROFTPD: "TLSRequired" = Word("ctrl");
    PURE_FTPD: "-Y" = Word("1");
    PYFTPDLIB: "handler.tls_data_required" = Word("False");
};

pub(super) const TLS12_ALONE: Lines = lines! { PROFTPD: "TLSProtocol" = Word("TLSv1.2"); };

pub(super) const LOCAL_ADDRESS: Lines =
    lines! { FILEZILLA: "FTP and FTP over TLS > Passive mode > Use the local IP for local connections" = Word("on"); };

/// Opens the range in a firewall. The rule is inserted in front, since the last rule of a chain often rejects the rest.
pub(super) const OPEN: Lines = lines! {
    ANY: "nft insert rule inet filter input tcp dport {} accept" = Ports, "firewall-cmd --permanent --add-port={}/tcp" = Ports,
        "firewall-cmd --reload" = Nothing;
};

pub(super) const PUBLISH: Lines = lines! { ANY: "docker run … -p {}:{}" = Ports; };

pub(super) const ONE_POD: Lines = lines! { ANY: "sessionAffinity: ClientIP" = Nothing; };

pub(super) const HELPER: Lines = lines! {
    ANY: "nft add ct helper inet filter ftp '{ type \"ftp\" protocol tcp; }'" = Nothing,
        "nft add rule inet filter prerouting tcp dport 21 ct helper set \"ftp\"" = Nothing;
};

pub(super) const CLAMP: Lines =
    lines! { ANY: "nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu" = Nothing; };
