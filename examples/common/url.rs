//! `ftp://user:password@host:port/path`, as RFC 1738 3.2 has it: the path is bytes, and begins at the login directory.
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
    /// Host and port, still to be looked up.
    host: String,
    /// `None`: the login directory.
    pub path: Option<Path<'static>>,
}

impl Url {
    pub fn parse(url: &[u8]) -> Result<Self> {
        let Some((scheme, rest)) = url.split_at_checked(6) else { bail!("the URL must begin with ftp://") };
        if !scheme.eq_ignore_ascii_case(b"ftp://") {
            bail!("the URL must begin with ftp://");
        }
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
        Ok(Self {
            user: Argument::try_from(decode(user)).context("the URL's user")?,
            password: Password::try_from(decode(password)).context("the URL's password")?,
            host: with_port(std::str::from_utf8(host).context("the URL's host")?)?,
            path: if path.is_empty() { None } else { Some(Path::try_from(path).context("the URL's path")?) },
        })
    }

    /// Where the host can be reached.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let addresses: Vec<SocketAddr> = self.host.to_socket_addrs().with_context(|| self.host.clone())?.collect();
        if addresses.is_empty() {
            bail!("{}: no address", self.host);
        }
        Ok(addresses)
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

/// An IPv6 address stands in brackets, and has colons of its own.
fn with_port(host: &str) -> Result<String> {
    let name_ends = host.rfind(']').map_or(0, |bracket| bracket + 1);
    match host.get(name_ends..).and_then(|rest| rest.rsplit_once(':')) {
        _ if host.is_empty() || host.starts_with(':') => bail!("the URL names no host"),
        Some((_, "")) => Ok(format!("{host}21")),
        Some((_, port)) if port.parse::<u16>().is_ok() => Ok(host.into()),
        Some(_) => bail!("what stands behind the URL's host is no port"),
        None => Ok(format!("{host}:21")),
    }
}
