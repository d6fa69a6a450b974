//! Which server it is, recognised by its replies.

use core::fmt;

use crate::command::Verb;
use crate::reply::{Code, Reply};

/// A server's software, as far as it can be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Software {
    /// Not recognised.
    #[default]
    Unknown,
    /// vsftpd.
    Vsftpd,
    /// ProFTPD.
    #[cfg_attr(feature = "serde", serde(rename = "proftpd"))]
    ProFtpd,
    /// Pure-FTPd.
    PureFtpd,
    /// FileZilla Server.
    #[cfg_attr(feature = "serde", serde(rename = "filezilla_server"))]
    FileZillaServer,
    /// pyftpdlib.
    Pyftpdlib,
    /// Internet Information Services.
    Iis,
    /// libunftp, and unFTP.
    Libunftp,
    /// This crate's own `ftp-server`.
    FtpServer,
    /// DrFTPD, whose data connections are on other hosts.
    #[cfg_attr(feature = "serde", serde(rename = "drftpd"))]
    DrFtpd,
}

/// How servers name themselves in the greeting, and in their replies to SYST and STAT. The first that fits counts.
const NAMES: &[(&[u8], Software)] = &[
    (b"vsftpd", Software::Vsftpd),
    (b"proftpd", Software::ProFtpd),
    (b"pure-ftpd", Software::PureFtpd),
    (b"filezilla server", Software::FileZillaServer),
    (b"pyftpdlib", Software::Pyftpdlib),
    (b"microsoft ftp service", Software::Iis),
    (b"windows_nt", Software::Iis),
    (b"libunftp", Software::Libunftp),
    (b"unftp", Software::Libunftp),
    (b"welcome to the firetrap", Software::Libunftp),
    (b"ftp-proto", Software::FtpServer),
    (b"drftpd", Software::DrFtpd),
];

/// Replies that only one server sends, for greetings that hide the name.
const HABITS: &[(u16, &[u8], Software)] = &[
    // Lines of FEAT that no other server has.
    (211, b" esta", Software::PureFtpd),
    (211, b" mff modify;unix.group", Software::ProFtpd),
    (211, b"end feat.", Software::Pyftpdlib),
    (211, b" site md5", Software::Libunftp),
    (500, b"oops:", Software::Vsftpd),
    // For a log that begins after the greeting.
    (331, b"please specify the password", Software::Vsftpd),
    (200, b"command successful. consider using ", Software::Vsftpd),
    (150, b"here comes the directory listing", Software::Vsftpd),
    (226, b"directory send ok", Software::Vsftpd),
    (425, b"failed to establish connection", Software::Vsftpd),
    (331, b"please, specify the password", Software::FileZillaServer),
    (331, b" ok. password required", Software::PureFtpd),
    (230, b"ok. current ", Software::PureFtpd),
    (331, b"username ok, send password", Software::Pyftpdlib),
    (125, b"data connection already open. transfer starting", Software::Pyftpdlib),
    (425, b"security: bad ip connecting", Software::Vsftpd),
    (425, b"use port or pasv first", Software::Vsftpd),
    (522, b"ssl connection failed", Software::Vsftpd),
    (530, b"please login with user and pass", Software::Vsftpd),
    (425, b"unable to build data connection: tls session of data connection", Software::FileZillaServer),
    (425, b"use port, pasv or epsv first", Software::FileZillaServer),
    (425, b"cannot prepare for data connection", Software::FileZillaServer),
    (425, b"unable to build data connection", Software::ProFtpd),
    (500, b"i won't open a connection to", Software::PureFtpd),
    (425, b"you cannot use pasv on ipv6", Software::PureFtpd),
    (425, b"all reserved tcp ports are busy", Software::PureFtpd),
    (501, b"rejected data connection to foreign address", Software::Pyftpdlib),
    (425, b"rejected data connection from foreign address", Software::Pyftpdlib),
    (421, b"passive data channel timed out", Software::Pyftpdlib),
];

impl Software {
    /// The name by which people know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "an unknown server",
            Self::Vsftpd => "vsftpd",
            Self::ProFtpd => "ProFTPD",
            Self::PureFtpd => "Pure-FTPd",
            Self::FileZillaServer => "FileZilla Server",
            Self::Pyftpdlib => "pyftpdlib",
            Self::Iis => "IIS",
            Self::Libunftp => "libunftp",
            Self::FtpServer => "ftp-server",
            Self::DrFtpd => "DrFTPD",
        }
    }

    /// The software that sends such a reply; `Unknown` if the reply doesn't tell. `to` is the command that the reply answers; `None` means
    /// that it is the greeting.
    ///
    /// ```
    /// use ftp_proto::{Reply, Software};
    /// let greeting: Reply = "220 (vsFTPd 3.0.3)\r\n".parse()?;
    /// assert_eq!(Software::of(None, &greeting), Software::Vsftpd);
    /// # Ok::<(), ftp_proto::ReplyError>(())
    /// ```
    pub fn of(to: Option<Verb>, reply: &Reply<'_>) -> Self {
        let names = match to {
            None | Some(Verb::Syst | Verb::Stat) => true,
            Some(_) => false,
        };
        let mut found = Self::Unknown;
        for line in reply.lines() {
            if found != Self::Unknown {
                break;
            }
            found = if names { named(line) } else { habit(reply.code(), line) };
        }
        found
    }
}

fn named(line: &[u8]) -> Software {
    NAMES.iter().find(|(name, _)| contains(line, name)).map_or(Software::Unknown, |(_, software)| *software)
}

fn habit(code: Code, line: &[u8]) -> Software {
    let fits = |(of, text, _): &&(u16, &[u8], Software)| *of == code.value() && contains(line, text);
    HABITS.iter().find(fits).map_or(Software::Unknown, |(.., software)| *software)
}

/// Whether the words are in the text, in any case; `words` are in lower case.
// Only failures and greetings are searched, so nothing faster than windows is needed.
pub(crate) fn contains(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len().max(1)).any(|window| window.eq_ignore_ascii_case(words))
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which protocol answers at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Speaks {
    /// FTP.
    Ftp,
    /// SSH, and so perhaps SFTP, which is not FTP over TLS.
    Ssh,
    /// HTTP.
    Http,
    /// SMTP.
    Smtp,
    /// TLS from the first byte: implicit FTP over TLS, or another protocol over TLS.
    Tls,
    /// Nothing comes: the server waits for the client's first bytes, as with implicit TLS, or doesn't work.
    Nothing,
    /// Another protocol.
    Other,
}

impl Speaks {
    /// Recognises a protocol by the text of a greeting that has a reply code, as SMTP has, too.
    pub(crate) fn of_greeting(text: &[u8]) -> Self {
        if contains(text, b"smtp") && !contains(text, b"ftp ") { Self::Smtp } else { Self::Ftp }
    }

    /// Recognises a protocol by the first bytes that came, before or after the client sent any.
    ///
    /// ```
    /// use ftp_proto::Speaks;
    /// assert_eq!(Speaks::of(b"SSH-2.0-OpenSSH_9.7\r\n"), Speaks::Ssh);
    /// ```
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Nothing,
            // An alert or a handshake (RFC 8446 5.1).
            [0x15 | 0x16, 0x03, ..] => Self::Tls,
            _ if bytes.starts_with(b"SSH-") => Self::Ssh,
            _ if bytes.starts_with(b"HTTP/") || contains(bytes.get(..64).unwrap_or(bytes), b"<html") => Self::Http,
            [b'1'..=b'6', b'0'..=b'9', b'0'..=b'9', text @ ..] => Self::of_greeting(text),
            _ => Self::Other,
        }
    }
}
