//! Clients in numbers, for `benches/load/run`. What they measure and see is one line of JSON on standard output.
//!
//! Their side of FTP is written out here on purpose: a judge of the servers shares no code with one of them.

mod clients;
mod control;
mod faults;
mod idle;
mod logins;
mod rate;
mod site;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use nix::sys::resource::{UsageWho, getrusage};

/// Clients in numbers.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    server: Target,
    #[command(subcommand)]
    mode: Mode,
}

/// No login, no wait within a transfer and no visit lasts so long, unless the server hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Whom to load, and how to log in there.
#[derive(Args, Clone)]
pub struct Target {
    #[arg(long, value_name = "ADDR")]
    pub server: SocketAddrV4,
    #[arg(long)]
    pub user: String,
    #[arg(long)]
    pub password: String,
}

#[derive(Subcommand)]
enum Mode {
    /// Holds sessions: `to N` on standard input logs in until there are N, `check` asks each whether it lives; EOF ends all.
    Idle,
    /// Logs in and out in a loop.
    Logins {
        /// How many at once.
        #[arg(long, default_value_t = 8)]
        clients: u16,
        #[arg(long)]
        seconds: f64,
    },
    /// One session, which moves files: `get PATH BYTES` and `put PATH FILE` on standard input.
    Rate {
        /// Copies what is downloaded out of the kernel, as a real client does; otherwise it is dropped there.
        #[arg(long)]
        copy: bool,
    },
    /// Logs in, lists and fetches in a loop, with faults.
    Clients {
        #[arg(long)]
        clients: u16,
        #[arg(long)]
        seconds: f64,
        /// The folder, as this machine sees it, that the server shows as `/soak`: what is fetched is compared with it.
        #[arg(long, value_name = "DIR")]
        files: PathBuf,
        /// Some clients vanish without a word to the server, which only a timeout there can end.
        #[arg(long)]
        vanish: bool,
        /// The same number brings the same choices, not the same order.
        #[arg(long, default_value_t = 959)]
        seed: u64,
    },
}

fn main() -> Result<()> {
    let Arguments { server, mode } = Arguments::parse();
    // One thread: what it leaves of the machine is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match mode {
        Mode::Idle => runtime.block_on(idle::run(&server)),
        Mode::Logins { clients, seconds } => {
            runtime.block_on(logins::run(&server, clients, Duration::try_from_secs_f64(seconds)?))
        }
        Mode::Rate { copy } => rate::run(&server, copy),
        Mode::Clients { clients, seconds, files, vanish, seed } => {
            let plan = clients::Plan { clients, time: Duration::try_from_secs_f64(seconds)?, vanish, seed };
            runtime.block_on(clients::run(&server, &files, &plan))
        }
    }
}

/// A line for who started this.
fn say(line: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()?;
    Ok(())
}

/// The processor time of this process so far, in seconds.
fn processor_time() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// The address that the client of this number comes from at its turn of that number. One address would run out of
/// ports: a port stays taken for a minute after its connection.
fn source(client: u16, turn: u64) -> Ipv4Addr {
    let [high, low] = client.to_be_bytes();
    Ipv4Addr::new(127, high + 1, low, (turn % 250) as u8 + 1)
}
