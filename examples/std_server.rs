//! An FTP server of a directory, with the sockets and threads of the standard library.
//!
//! The loop over the machine is `common/server_adapter.rs`; who may do what with which file is `common/visitor.rs`.
//!
//! ```text
//! cargo run --example std_server -- --listen 127.0.0.1:2121 --root . --user anna:secret
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use ftp_proto::server::{Config, PublicAddress};

use common::server_adapter::serve;
use common::site::{Account, Site};
use common::tree::Tree;

/// An FTP server of a directory.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; with port 0 the system picks one.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The directory to serve; no path leads out of it.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Somebody who may read and write; as often as wanted.
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = account)]
    users: Vec<Account>,
    /// Lets `anonymous` and `ftp` read, with any password.
    #[arg(long)]
    anonymous: bool,
    /// The ports for passive data connections; by default the system picks them.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    passive_ports: Option<RangeInclusive<u16>>,
    /// The address that PASV tells, for a server behind NAT; by default the one that the client has reached.
    #[arg(long, value_name = "IP")]
    passive_address: Option<Ipv4Addr>,
    /// Nobody may change anything.
    #[arg(long)]
    read_only: bool,
    /// Uploads are written under their names at once; by default they appear there when they are complete.
    #[arg(long)]
    in_place: bool,
}

fn main() -> std::process::ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("std_server: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let Arguments { listen, root, users, anonymous, passive_ports, passive_address, read_only, in_place } = arguments;
    ensure!(anonymous || !users.is_empty(), "nobody could log in: give --user NAME:PASSWORD or --anonymous");
    let tree = Tree::open(&root).with_context(|| format!("{}", root.display()))?;
    let site = Arc::new(Site { tree, accounts: users, anonymous, read_only, in_place });
    let mut config = Config::default();
    config.support = Site::support();
    config.passive.ports = passive_ports.unwrap_or(config.passive.ports);
    config.passive.address = passive_address.map_or(PublicAddress::Own, PublicAddress::One);
    let listener = TcpListener::bind(listen).with_context(|| format!("{listen}"))?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    serve(&listener, &Arc::new(config), &site);
    Ok(())
}

fn account(text: &str) -> Result<Account, String> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() => Ok(Account { name: name.into(), password: password.into() }),
        _ => Err("it must be NAME:PASSWORD".into()),
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range
        .filter(|range| !range.is_empty() && *range.start() > 0)
        .ok_or_else(|| "it must be A-B, such as 50000-50099".into())
}
