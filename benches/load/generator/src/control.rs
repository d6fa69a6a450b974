//! A control connection, and data connections beside it.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::libc::linger;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::Target;

/// How a client behaves on its connections.
#[derive(Clone, Copy)]
pub struct Manner {
    /// The address it comes from.
    pub source: Ipv4Addr,
    /// Its connections end with a reset, whatever happens.
    pub resets: bool,
    /// It writes and reads a byte at a time.
    pub bytewise: bool,
}

/// A control connection.
pub struct Control {
    pub stream: TcpStream,
    server: SocketAddrV4,
    manner: Manner,
    inbox: Vec<u8>,
}

/// A whole reply: its code, and its last line.
pub struct Reply {
    pub code: u16,
    pub line: String,
}

impl Control {
    /// Connects, and takes the greeting.
    async fn connect(server: SocketAddrV4, manner: Manner) -> Result<Self> {
        let stream = connect(server, manner).await.context("control connection")?;
        let mut control = Self { stream, server, manner, inbox: Vec::new() };
        control.expect(220).await.context("greeting")?;
        Ok(control)
    }

    /// Connects and logs in.
    pub async fn login(target: &Target, manner: Manner) -> Result<Self> {
        let mut control = Self::connect(target.server, manner).await?;
        // Some servers let anonymous in without asking.
        if control.command(&format!("USER {}", target.user)).await?.code == 331 {
            control.send(&format!("PASS {}", target.password)).await?;
            control.expect(230).await.context("PASS")?;
        }
        Ok(control)
    }

    /// Sends a line.
    pub async fn send(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\r\n");
        if self.manner.bytewise {
            for byte in line.as_bytes() {
                self.stream.write_all(&[*byte]).await?;
                sleep(Duration::from_millis(1)).await;
            }
        } else {
            self.stream.write_all(line.as_bytes()).await?;
        }
        Ok(())
    }

    /// A whole reply. No server tested here sends a line that looks like the end of a reply within one.
    pub async fn reply(&mut self) -> Result<Reply> {
        let mut opening: Option<u16> = None;
        loop {
            let line = self.line().await?;
            let code = line.get(..3).and_then(|digits| digits.parse().ok());
            let separator = line.as_bytes().get(3);
            match (opening, code) {
                (None, Some(code)) if separator == Some(&b'-') => opening = Some(code),
                (None, Some(code)) => return Ok(Reply { code, line }),
                (None, None) => bail!("not a reply: {line}"),
                (Some(first), Some(code)) if code == first && separator == Some(&b' ') => {
                    return Ok(Reply { code, line });
                }
                (Some(_), _) => {}
            }
        }
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.inbox.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_string());
            }
            ensure!(self.stream.read_buf(&mut self.inbox).await? > 0, "the server closed the control connection");
        }
    }

    pub async fn expect(&mut self, code: u16) -> Result<Reply> {
        let reply = self.reply().await?;
        ensure!(reply.code == code, "{code} was due, not {}", reply.line);
        Ok(reply)
    }

    /// Sends a command; returns the reply to it.
    pub async fn command(&mut self, line: &str) -> Result<Reply> {
        self.send(line).await?;
        self.reply().await.with_context(|| format!("after {line}"))
    }

    pub async fn succeed(&mut self, line: &str, code: u16) -> Result<Reply> {
        self.send(line).await?;
        self.expect(code).await.with_context(|| format!("after {line}"))
    }

    /// Where the server listens for a data connection.
    pub async fn passive(&mut self) -> Result<SocketAddrV4> {
        let reply = self.succeed("EPSV", 229).await?;
        let port = reply.line.rsplit('|').nth(1).and_then(|port| port.parse().ok());
        Ok(SocketAddrV4::new(*self.server.ip(), port.with_context(|| reply.line.clone())?))
    }

    /// Begins a transfer over a passive data connection.
    pub async fn begin(&mut self, line: &str) -> Result<TcpStream> {
        let address = self.passive().await?;
        let data = connect(address, self.manner).await.context("data connection")?;
        let reply = self.command(line).await?;
        ensure!(matches!(reply.code, 125 | 150), "after {line}: {}", reply.line);
        Ok(data)
    }

    /// What the server sends for a command, to its end and the reply after it.
    pub async fn fetch(&mut self, line: &str) -> Result<Vec<u8>> {
        let mut data = self.begin(line).await?;
        let mut content = Vec::new();
        if self.manner.bytewise {
            // A little of it; a megabyte a byte at a time would only load this machine.
            let mut byte = [0];
            while content.len() < 2048 && data.read(&mut byte).await? == 1 {
                content.push(byte[0]);
            }
        }
        data.read_to_end(&mut content).await?;
        // The server may wait for our end of the connection before it says that all went well; a reset would be a failure.
        setsockopt(&data, sockopt::Linger, &linger { l_onoff: 0, l_linger: 0 })?;
        drop(data);
        self.expect(226).await.with_context(|| format!("after the data of {line}"))?;
        Ok(content)
    }
}

/// A connection that comes from this client's address.
async fn connect(server: SocketAddrV4, manner: Manner) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddrV4::new(manner.source, 0).into())?;
    let stream = socket.connect(server.into()).await?;
    stream.set_nodelay(true)?;
    if manner.resets {
        setsockopt(&stream, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?;
    }
    Ok(stream)
}

/// Ends a connection on this side without a packet to the other.
pub fn vanish(stream: TcpStream) -> Result<()> {
    setsockopt(&stream, sockopt::TcpRepair, &1)?;
    drop(stream);
    Ok(())
}
