//! What servers say and do where they differ from ours, as the measured transcripts and their sources have it. The machine is ours in any
//! case; its words are replaced on their way out.

use ftp_proto::server::Refusal;
use ftp_proto::{Code, Reply};

/// One server's habits.
#[derive(Debug, Clone, Copy)]
pub struct Software {
    pub greeting: &'static str,
    /// A line of ours that begins so, and what it says instead; `%` in it is what followed, `PORT` the port of a 229.
    pub says: &'static [(&'static str, &'static str)],
    /// A command that begins so, and what is heard instead.
    pub hears: &'static [(&'static str, &'static str)],
    /// What it answers then, instead of a line that begins so.
    pub says_otherwise: &'static [(&'static str, &'static str)],
    /// What it makes of a PORT that names another host than the one that asks.
    pub foreign_port: ForeignPort,
    /// Another host has come to a passive port: what is said at once. `None`: it waits on for the right one.
    pub stranger: Option<&'static str>,
    /// What it says of a passive port to which nobody has come, if not the same as of a client that it can't reach.
    pub nobody_came: Option<&'static str>,
    /// How long it waits for a passive connection, in seconds.
    pub accept: u64,
    /// What it says of a transfer without PROT P, if that is required.
    pub unprotected: (u16, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignPort {
    /// It is refused.
    Refused,
    /// The host that asks is put in its place.
    Replaced,
    /// It is dialled.
    Dialled,
}

const FAILED: &str = "425 Failed to establish connection.";
const BUSY: &str = "425 Cannot open a passive connection.";
const PORT: &str = "500 Illegal PORT command.";
const EPRT: &str = "500 Illegal EPRT command.";
const NO_REUSE: &str = "522 SSL connection failed: session reuse required.";
const ON_IPV6: &str = "425 PASV has no word for IPv6.";
const DENIED: &str = "550 Permission denied.";

/// Our own.
pub const OURS: Software = Software {
    greeting: "ready",
    says: &[],
    hears: &[],
    says_otherwise: &[],
    foreign_port: ForeignPort::Refused,
    stranger: None,
    nobody_came: None,
    accept: 60,
    unprotected: (522, "Data connections must be encrypted."),
};

pub const VSFTPD: Software = Software {
    greeting: "(vsFTPd 3.0.3)",
    says: &[
        (BUSY, "500 OOPS: vsf_sysutil_bind"),
        (
            NO_REUSE,
            "522 SSL connection failed; session reuse required: see require_ssl_reuse option in vsftpd.conf man page",
        ),
    ],
    stranger: Some("425 Security: Bad IP connecting."),
    ..OURS
};

/// PASV over IPv6 is answered with `0,0,0,0` and the right port.
pub const VSFTPD_OVER_IPV6: Software = Software {
    hears: &[("PASV", "EPSV")],
    says_otherwise: &[("229 ", "227 Entering Passive Mode (0,0,0,0,PORT).")],
    ..VSFTPD
};

pub const PROFTPD: Software = Software {
    greeting: "ProFTPD Server (Debian) [::ffff:203.0.113.7]",
    says: &[(FAILED, "425 Unable to build data connection: %"), (DENIED, "501 Operation not permitted")],
    // It knows nothing of that name.
    hears: &[("P@SW", "P@SX")],
    says_otherwise: &[("500 ", "500 P@SW not understood")],
    foreign_port: ForeignPort::Replaced,
    unprotected: (521, "SSL/TLS required on the data channel"),
    stranger: Some("425 Unable to build data connection: Operation not permitted"),
    ..OURS
};

/// PASV over IPv6 is answered with what no client can read.
pub const PROFTPD_OVER_IPV6: Software = Software {
    hears: &[("PASV", "EPSV")],
    says_otherwise: &[("229 ", "227 Entering Passive Mode (2001:db8:2::7,PORT).")],
    ..PROFTPD
};

pub const PURE_FTPD: Software = Software {
    greeting: "---------- Welcome to Pure-FTPd [privsep] [TLS] ----------",
    says: &[
        (BUSY, "425 All reserved TCP ports are busy"),
        (PORT, "500 I won't open a connection to 192.168.1.10 (only to 198.51.100.9)"),
        (EPRT, "500 I won't open a connection to 192.168.1.10 (only to 198.51.100.9)"),
        (ON_IPV6, "425 You cannot use PASV on IPv6 connections. Use EPSV instead."),
        (FAILED, "425 Could not open data connection: %"),
    ],
    nobody_came: Some("421 Timeout - try typing a little faster next time"),
    // As long as it lets a session idle.
    accept: 900,
    ..OURS
};

pub const PYFTPDLIB: Software = Software {
    greeting: "pyftpdlib 2.2.0 ready.",
    says: &[
        (PORT, "501 Rejected data connection to foreign address 192.168.1.10:45000."),
        (EPRT, "501 Rejected data connection to foreign address 192.168.1.10:45000."),
        (FAILED, "425 Can't connect to specified address."),
    ],
    stranger: Some("425 Rejected data connection from foreign address 198.51.100.10:40002."),
    ..OURS
};

pub const FILEZILLA: Software = Software {
    greeting: "FileZilla Server 1.8.0",
    says: &[
        (BUSY, "425 Cannot prepare for data connection."),
        (FAILED, "425 Unable to build data connection: %."),
        (NO_REUSE, "425 Unable to build data connection: TLS session of data connection not resumed."),
        (ON_IPV6, "500 Syntax error, command unrecognized."),
    ],
    foreign_port: ForeignPort::Dialled,
    ..OURS
};

pub const LIBUNFTP: Software = Software {
    greeting: "Welcome to the firetrap FTP server",
    says: &[(BUSY, "425 No port available for passive mode"), (DENIED, "502 Command not implemented")],
    ..OURS
};

pub const DRFTPD: Software = Software {
    greeting: "DrFTPD+ 2.0 ready.",
    says: &[
        (PORT, "501 PORT to 192.168.1.10 refused: you are behind a NAT, use passive mode"),
        (EPRT, "501 EPRT to 192.168.1.10 refused: you are behind a NAT, use passive mode"),
    ],
    ..OURS
};

/// From before RFC 2428.
pub const OLD: Software =
    Software { greeting: "FTP server (Version 6.00) ready.", hears: &[("EPSV", "XEPS"), ("EPRT", "XEPR")], ..OURS };

/// Knows active mode alone.
pub const WITHOUT_PASSIVE: Software = Software {
    greeting: "FTP server (Version 4.1) ready.",
    hears: &[("EPSV", "XEPS"), ("PASV", "XPAS")],
    says_otherwise: &[("500 ", "502 Command not implemented.")],
    ..OURS
};

impl Software {
    /// The refusal of a transfer without PROT P.
    pub fn unprotected(&self) -> Refusal<'static> {
        let (code, text) = self.unprotected;
        Refusal::new(Reply::from_static(Code::new(code).unwrap(), text)).unwrap()
    }

    /// A reply's line in its words. `because`: what the system says of a client that it couldn't reach. `otherwise`: it answers another
    /// command than the client's.
    pub fn words(&self, line: &str, because: Option<&str>, otherwise: bool) -> String {
        if let (true, None, Some(words)) = (line.starts_with(FAILED), because, self.nobody_came) {
            return words.to_owned();
        }
        let because = because.unwrap_or("Connection timed out");
        let answers = if otherwise { self.says_otherwise } else { &[] };
        let mut table = answers.iter().chain(self.says);
        let Some((_, instead)) = table.find(|(begin, _)| line.starts_with(begin)) else {
            return line.to_owned();
        };
        instead.replace('%', because).replace("PORT", &port_as_two(line))
    }

    /// A command's line as it hears it.
    pub fn heard(&self, line: &str) -> String {
        match self.hears.iter().find(|(begin, _)| line.starts_with(begin)) {
            Some((begin, instead)) => format!("{instead}{}", &line[begin.len()..]),
            None => line.to_owned(),
        }
    }
}

/// The port of a 229, as a 227 writes it.
fn port_as_two(line: &str) -> String {
    let digits: String = line.split('|').nth(3).unwrap_or_default().to_owned();
    let port: u16 = digits.parse().unwrap_or(0);
    format!("{},{}", port / 256, port % 256)
}
