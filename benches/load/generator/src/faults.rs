//! One visit of a client: the whole dialogue, or one of the ways to break it off.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Result, ensure};
use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::control::{Control, Manner, vanish};
use crate::site::{Site, Tally};

/// How long a server may take to end a session whose client says no more.
const END: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Logs in, lists, fetches, quits.
    Whole,
    /// The same, a byte at a time.
    Bytewise,
    /// The same, until all of its connections are closed at a random moment.
    Closed,
    /// As before, with resets.
    Reset,
    /// The data connection alone is reset amid a file; the session goes on.
    DataReset,
    /// A data connection is asked for, and never made.
    NoData,
    /// The data connection is made and nothing read from it, for a while; then both end.
    Stalled,
    /// The client closes its half of the control connection, and waits for the server's end.
    HalfClosed,
    /// An upload is reset in its middle, with its session.
    UploadReset,
    /// The client is gone without a packet, idle or amid an upload: half-open connections stay behind.
    Vanished,
}

impl Visit {
    const ALL: [(Self, u32); 10] = [
        (Self::Whole, 40),
        (Self::Bytewise, 8),
        (Self::Closed, 10),
        (Self::Reset, 10),
        (Self::DataReset, 8),
        (Self::NoData, 6),
        (Self::Stalled, 4),
        (Self::HalfClosed, 6),
        (Self::UploadReset, 4),
        (Self::Vanished, 4),
    ];

    /// Any, each as often as its weight says.
    pub fn random(rng: &mut Rng, vanish: bool) -> Self {
        let total = Self::ALL.iter().map(|(_, weight)| weight).sum();
        let mut left = rng.u32(0..total);
        for (visit, weight) in Self::ALL {
            if left < weight && (visit != Self::Vanished || vanish) {
                return visit;
            }
            left = left.saturating_sub(weight);
        }
        Self::Whole
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Bytewise => "a byte at a time",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::DataReset => "data reset",
            Self::NoData => "no data connection",
            Self::Stalled => "stalled",
            Self::HalfClosed => "half-closed",
            Self::UploadReset => "upload reset",
            Self::Vanished => "half-open",
        }
    }

    pub fn manner(self, source: Ipv4Addr) -> Manner {
        let resets = matches!(self, Self::Reset | Self::DataReset | Self::UploadReset);
        Manner { source, resets, bytewise: self == Self::Bytewise }
    }
}

/// Does it. An error is what a server mustn't do; an end that the visit itself brought about is none.
pub async fn visit(site: &Site, visit: Visit, manner: Manner, rng: &mut Rng, tally: &mut Tally) -> Result<()> {
    match visit {
        Visit::Whole | Visit::Bytewise => whole(site, manner, rng, tally).await,
        Visit::Closed | Visit::Reset => {
            // From amid the login to amid the last file.
            let moment = Duration::from_micros(1 << rng.u32(6..20));
            timeout(moment, whole(site, manner, rng, tally)).await.unwrap_or(Ok(()))
        }
        Visit::DataReset => data_reset(site, manner, rng).await,
        Visit::NoData => no_data(site, manner, rng).await,
        Visit::Stalled => stalled(site, manner, rng).await,
        Visit::HalfClosed => half_closed(site, manner).await,
        Visit::UploadReset => upload_reset(site, manner, rng).await,
        Visit::Vanished => vanished(site, manner, rng).await,
    }
}

async fn whole(site: &Site, manner: Manner, rng: &mut Rng, tally: &mut Tally) -> Result<()> {
    let mut control = Control::login(&site.target, manner).await?;
    control.succeed("TYPE I", 200).await?;
    let command = if rng.bool() { "NLST soak" } else { "MLSD soak" };
    let listing = control.fetch(command).await?;
    let listing = String::from_utf8(listing)?;
    // NLST of a folder may name it before each file; MLSD has facts and a space there, and lists the folder itself, too.
    let names = listing.lines().map(|line| line.rsplit(['/', ' ']).next().unwrap_or(line));
    let names = names.filter(|name| !matches!(*name, "." | ".." | "soak")).collect();
    ensure!(site.names() == names, "{command} listed {names:?}");
    tally.listings += 1;
    for _ in 0..rng.u8(1..4) {
        let (name, content) = file(site, rng);
        let received = control.fetch(&format!("RETR soak/{name}")).await?;
        ensure!(received == *content, "{name}: {} bytes came, not the {} on the disk", received.len(), content.len());
        tally.files += 1;
        tally.bytes += received.len() as u64;
    }
    control.succeed("QUIT", 221).await?;
    Ok(())
}

fn file<'s>(site: &'s Site, rng: &mut Rng) -> &'s (String, Vec<u8>) {
    &site.files[rng.usize(..site.files.len())]
}

fn largest(site: &Site) -> Option<&(String, Vec<u8>)> {
    site.files.iter().max_by_key(|(_, content)| content.len())
}

async fn data_reset(site: &Site, manner: Manner, rng: &mut Rng) -> Result<()> {
    let Some((name, content)) = largest(site) else { return Ok(()) };
    let mut control = Control::login(&site.target, manner).await?;
    control.succeed("TYPE I", 200).await?;
    let mut data = control.begin(&format!("RETR soak/{name}")).await?;
    let mut part = vec![0; rng.usize(1..content.len())];
    data.read_exact(&mut part).await?;
    ensure!(part == content[..part.len()], "{name} differs in its first {} bytes", part.len());
    drop(data);
    let reply = control.reply().await?;
    // All of it may have been on its way.
    ensure!(matches!(reply.code, 226 | 426 | 451), "after a data connection's reset: {}", reply.line);
    control.succeed("NOOP", 200).await?;
    control.succeed("QUIT", 221).await?;
    Ok(())
}

async fn no_data(site: &Site, manner: Manner, rng: &mut Rng) -> Result<()> {
    let (name, _) = file(site, rng);
    let mut control = Control::login(&site.target, manner).await?;
    control.passive().await?;
    if rng.bool() {
        control.send(&format!("RETR soak/{name}")).await?;
        sleep(Duration::from_millis(rng.u64(..50))).await;
    }
    Ok(())
}

async fn stalled(site: &Site, manner: Manner, rng: &mut Rng) -> Result<()> {
    let Some((name, _)) = largest(site) else { return Ok(()) };
    let mut control = Control::login(&site.target, manner).await?;
    let _data = control.begin(&format!("RETR soak/{name}")).await?;
    sleep(Duration::from_millis(rng.u64(100..1000))).await;
    Ok(())
}

async fn half_closed(site: &Site, manner: Manner) -> Result<()> {
    let mut control = Control::login(&site.target, manner).await?;
    control.stream.shutdown().await?;
    // It may say goodbye; then it has to close, too.
    let mut rest = Vec::new();
    timeout(END, control.stream.read_to_end(&mut rest)).await??;
    Ok(())
}

async fn upload_reset(site: &Site, manner: Manner, rng: &mut Rng) -> Result<()> {
    let mut control = Control::login(&site.target, manner).await?;
    let mut data = control.begin(&format!("STOR uploads/cut-{}.bin", manner.source)).await?;
    data.write_all(&vec![b'x'; rng.usize(1..300_000)]).await?;
    // The control connection first: what of the data is still under way mustn't look like its orderly end.
    drop(control);
    drop(data);
    Ok(())
}

async fn vanished(site: &Site, manner: Manner, rng: &mut Rng) -> Result<()> {
    let mut control = Control::login(&site.target, manner).await?;
    let mut data = None;
    match rng.u8(..3) {
        0 => {}
        1 => {
            control.passive().await?;
        }
        _ => {
            // An upload: a server that sends would notice the reset that its data meets.
            let mut upload = control.begin(&format!("STOR uploads/gone-{}.bin", manner.source)).await?;
            upload.write_all(&vec![b'x'; rng.usize(1..300_000)]).await?;
            data = Some(upload);
        }
    }
    // What isn't acknowledged yet would be sent again, and meet a reset, too.
    sleep(Duration::from_millis(300)).await;
    for stream in data.into_iter().chain([control.stream]) {
        vanish(stream)?;
    }
    Ok(())
}
