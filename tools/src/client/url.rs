//! `ftp://user:password@host:port/path`, as RFC 1738 3.2 has it: the path is bytes, and begins at the login directory.
//! `ftps://` stands for TLS from the first byte on.
//!
//! `?` and `#` mean nothing here, `..` is the server's business, and what isn't escaped stands for itself.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, bail};
use ftp_proto::{Argument, Password, Path};
use percent_encoding::percent_decode;

/// Where a file is, and who asks for it.
pub struct Url {
    pub user: Argument<'static>,
    pub password: Password<'static>,
    /// Still to be looked up. An IPv6 address has no brackets.
    pub host: String,
    port: Option<u16>,
    /// `ftps://`.
    pub is_secure: bool,
    /// `None`: the login directory.
    pub path: Option<Path<'static>>,
}

impl Url {
    pub fn parse(url: &[u8]) -> Result<Self> {
        let (is_secure, rest) = match (without_scheme(url, b"ftp://"), without_scheme(url, b"ftps://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => bail!("the URL must begin with ftp:// or ftps://"),
        };
        let (authority, path) = split(rest, rest.iter().position(|byte| *byte == b'/'));
        let (login, host) = match authority.iter().rposition(|byte| *byte == b'@') {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        let (user, password) = match login {
            Some(login) => split(login, login.iter().position(|byte| *byte == b':')),
            None => (&b"anonymous"[..], &b"anonymous@"[..]),
        };
        let path = decode(path);
        let (host, port) = host_and_port(std::str::from_utf8(host).context("the URL's host")?)?;
        Ok(Self {
            user: Argument::try_from(decode(user)).context("the URL's user")?,
            password: Password::try_from(decode(password)).context("the URL's password")?,
            host: host.into(),
            port,
            is_secure,
            path: if path.is_empty() { None } else { Some(Path::try_from(path).context("the URL's path")?) },
        })
    }

    /// Where the host can be reached, at a port of the URL's own or this.
    pub fn addresses(&self, port: u16) -> Result<Vec<SocketAddr>> {
        let host = (self.host.as_str(), self.port.unwrap_or(port));
        let addresses: Vec<SocketAddr> = host.to_socket_addrs().with_context(|| self.host.clone())?.collect();
        if addresses.is_empty() {
            bail!("{}: no address", self.host);
        }
        Ok(addresses)
    }

    /// A path as it stands in a URL, behind the host or alone.
    pub fn path(text: &[u8]) -> Result<Path<'static>> {
        Ok(Path::try_from(decode(text.strip_prefix(b"/").unwrap_or(text)))?)
    }

    /// The path, where one is needed.
    pub fn file(&self) -> Result<Path<'static>> {
        self.path.clone().context("the URL names no file")
    }

    /// The path, with `name` behind it where it names but a directory.
    pub fn file_or(&self, name: &[u8]) -> Result<Path<'static>> {
        match self.path.as_ref().map_or(&b""[..], |path| path.as_bytes()) {
            directory @ (b"" | [.., b'/']) => Ok(Path::try_from([directory, name].concat())?),
            _ => self.file(),
        }
    }

    /// The path's last component.
    pub fn file_name(&self) -> Option<&[u8]> {
        let name = self.path.as_ref()?.as_bytes().rsplit(|byte| *byte == b'/').next()?;
        (!matches!(name, b"" | b"." | b"..")).then_some(name)
    }
}

/// What stands before and behind a place, without what stands there.
fn split(bytes: &[u8], place: Option<usize>) -> (&[u8], &[u8]) {
    match place {
        Some(place) => (&bytes[..place], &bytes[place + 1..]),
        None => (bytes, b""),
    }
}

fn decode(bytes: &[u8]) -> Vec<u8> {
    percent_decode(bytes).collect()
}

fn without_scheme<'u>(url: &'u [u8], scheme: &[u8]) -> Option<&'u [u8]> {
    let (begin, rest) = url.split_at_checked(scheme.len())?;
    begin.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// An IPv6 address stands in brackets, and has colons of its own.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port {
        _ if host.is_empty() => bail!("the URL names no host"),
        "" | ":" => None,
        port => Some(
            port.strip_prefix(':')
                .and_then(|port| port.parse().ok())
                .context("what stands behind the URL's host is no port")?,
        ),
    };
    Ok((host, port))
}
