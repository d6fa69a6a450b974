//! One file after another, as fast as a client can that does nothing with it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sys::sendfile::sendfile64;
use nix::sys::socket::{MsgFlags, recv};

use crate::{PATIENCE, Target, processor_time, say};

/// How much one call moves at most.
const PIECE: usize = 4 * 1024 * 1024;

struct Session {
    control: BufReader<TcpStream>,
    server: SocketAddrV4,
    copies: bool,
}

pub fn run(target: &Target, copies: bool) -> Result<()> {
    let control = connect(target.server)?;
    control.set_nodelay(true)?;
    let mut session = Session { control: BufReader::new(control), server: target.server, copies };
    session.expect(220)?;
    session.command(&format!("USER {}", target.user), 331)?;
    session.command(&format!("PASS {}", target.password), 230)?;
    session.command("TYPE I", 200)?;
    say("{}")?;
    for line in io::stdin().lines() {
        let line = line?;
        let (begun, used) = (Instant::now(), processor_time()?);
        let bytes = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["get", path, bytes] => session.get(path, bytes.parse()?)?,
            ["put", path, file] => session.put(path, file)?,
            _ => bail!("not known: {line}"),
        };
        let (seconds, cpu) = (begun.elapsed().as_secs_f64(), processor_time()? - used);
        say(&format!(r#"{{"bytes":{bytes},"seconds":{seconds},"cpu":{cpu}}}"#))?;
    }
    session.command("QUIT", 221)?;
    Ok(())
}

/// A connection on which no wait is endless.
fn connect(server: SocketAddrV4) -> Result<TcpStream> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

impl Session {
    fn get(&mut self, path: &str, due: u64) -> Result<u64> {
        let data = self.begin(&format!("RETR {path}"))?;
        // What is truncated isn't copied: it ends in the kernel.
        let flags = if self.copies { MsgFlags::empty() } else { MsgFlags::MSG_TRUNC };
        let mut buffer = vec![0; PIECE];
        let mut bytes = 0;
        loop {
            match recv(data.as_raw_fd(), &mut buffer, flags) {
                Ok(0) => break,
                Ok(count) => bytes += count as u64,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        drop(data);
        self.expect(226)?;
        ensure!(bytes == due, "{path}: {bytes} bytes of {due}");
        Ok(bytes)
    }

    fn put(&mut self, path: &str, file: &str) -> Result<u64> {
        let file = File::open(file).with_context(|| file.to_string())?;
        let mut data = self.begin(&format!("STOR {path}"))?;
        let mut bytes = 0;
        loop {
            match sendfile64(&data, &file, None, PIECE) {
                Ok(0) => break,
                Ok(count) => bytes += count as u64,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        data.flush()?;
        data.shutdown(Shutdown::Write)?;
        drop(data);
        self.expect(226)?;
        Ok(bytes)
    }

    fn begin(&mut self, line: &str) -> Result<TcpStream> {
        let reply = self.command("EPSV", 229)?;
        let port = reply.rsplit('|').nth(1).and_then(|port| port.parse().ok());
        let data = connect(SocketAddrV4::new(*self.server.ip(), port.context(reply)?))?;
        self.send(line)?;
        let reply = self.reply()?;
        ensure!(reply.starts_with("150") || reply.starts_with("125"), "after {line}: {reply}");
        Ok(data)
    }

    fn send(&mut self, line: &str) -> Result<()> {
        Ok(self.control.get_mut().write_all(format!("{line}\r\n").as_bytes())?)
    }

    fn command(&mut self, line: &str, code: u16) -> Result<String> {
        self.send(line)?;
        self.expect(code).with_context(|| format!("after {line}"))
    }

    fn expect(&mut self, code: u16) -> Result<String> {
        let reply = self.reply()?;
        ensure!(reply.starts_with(&code.to_string()), "{code} was due, not {reply}");
        Ok(reply)
    }

    /// The last line of a reply, which begins with its code and a space.
    fn reply(&mut self) -> Result<String> {
        loop {
            let mut line = String::new();
            if self.control.read_line(&mut line)? == 0 {
                return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
            }
            if line.as_bytes().get(3) == Some(&b' ') && line.as_bytes()[..3].iter().all(u8::is_ascii_digit) {
                return Ok(line.trim_end().to_string());
            }
        }
    }
}
