//! A configuration file in vsftpd's syntax: `key=value`, no blanks around `=`, `#` before a comment.
//!
//! The keys that it shares with vsftpd mean what they mean there; what isn't said stays as this program has it without a
//! file, but where `ssl_enable=YES` demands TLS of everybody, as there. Keys of its own: `user=NAME:PASSWORD` (any number
//! of times) and `in_place=YES`, uploads are written under their names at once. A key that nobody knows is an error, so that
//! no wish is taken for granted that isn't fulfilled.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::options::{Choices, account, passive_address};

/// Reads a file.
pub fn read(file: &Path) -> Result<Choices> {
    let text = fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let mut choices = Choices::default();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.trim_start();
        let at = || format!("{}, line {number}", file.display());
        let Some((key, value)) = line.split_once('=') else { bail!("{}: it must be key=value", at()) };
        set(&mut choices, key, value).with_context(|| format!("{}: {key}", at()))?;
    }
    Ok(choices)
}

fn set(choices: &mut Choices, key: &str, value: &str) -> Result<()> {
    if key.ends_with(char::is_whitespace) || value.starts_with(char::is_whitespace) {
        bail!("no blanks may be around the =");
    }
    let value = value.trim_end();
    match key {
        "listen" => choices.listen = Some(yes_or_no(value)?),
        "listen_ipv6" => choices.listen_ipv6 = Some(yes_or_no(value)?),
        "listen_address" => choices.listen_address = Some(value.parse().context("no address")?),
        "listen_port" => choices.listen_port = Some(number(value)?),
        "local_root" => choices.root = Some(path(value)?.into()),
        "anon_root" => choices.anonymous_root = Some(path(value)?.into()),
        "chroot_local_user" if !yes_or_no(value)? => bail!("no path leads out of the root"),
        "chroot_local_user" => {}
        "local_enable" => choices.local = Some(yes_or_no(value)?),
        "anonymous_enable" => choices.anonymous = Some(yes_or_no(value)?),
        "write_enable" => choices.read_only = Some(!yes_or_no(value)?),
        "user" => choices.users.push(account(value).map_err(anyhow::Error::msg)?),
        "in_place" => choices.in_place = Some(yes_or_no(value)?),
        "ftpd_banner" => choices.banner = Some(value.to_owned()),
        "pasv_enable" => choices.passive = Some(yes_or_no(value)?),
        "pasv_min_port" => choices.first_passive_port = Some(number(value)?),
        "pasv_max_port" => choices.last_passive_port = Some(number(value)?),
        "pasv_address" => {
            let told = passive_address(value).map_err(anyhow::Error::msg)?;
            // As with every key, the last one counts; a network of its own is another key.
            choices.passive_addresses.retain(|(network, _)| *network != told.0);
            choices.passive_addresses.push(told);
        }
        "pasv_promiscuous" => choices.passive_strangers = Some(yes_or_no(value)?),
        "port_enable" => choices.active = Some(yes_or_no(value)?),
        "port_promiscuous" => choices.active_strangers = Some(yes_or_no(value)?),
        "connect_from_port_20" => choices.from_port_20 = Some(yes_or_no(value)?),
        "ssl_enable" => choices.ssl_enable = Some(yes_or_no(value)?),
        "implicit_ssl" => choices.implicit = Some(yes_or_no(value)?),
        "force_local_logins_ssl" => choices.force_logins = Some(yes_or_no(value)?),
        "force_local_data_ssl" => choices.force_data = Some(yes_or_no(value)?),
        "require_ssl_reuse" => choices.resumption = Some(yes_or_no(value)?),
        "rsa_cert_file" => choices.certificate = Some(path(value)?.into()),
        "rsa_private_key_file" => choices.key = Some(path(value)?.into()),
        "max_clients" => choices.max_sessions = Some(number(value)?),
        "max_login_fails" => choices.login_failures = Some(number(value)?),
        "delay_failed_login" => choices.login_failure_delay = Some(number(value)?),
        "idle_session_timeout" => choices.idle_timeout = Some(seconds(value)?),
        "data_connection_timeout" => choices.data_timeout = Some(seconds(value)?),
        "accept_timeout" => choices.accept_timeout = Some(seconds(value)?),
        "connect_timeout" => choices.connect_timeout = Some(seconds(value)?),
        _ => bail!("no such key"),
    }
    Ok(())
}

fn yes_or_no(value: &str) -> Result<bool> {
    match value.to_ascii_uppercase().as_str() {
        "YES" | "TRUE" | "1" => Ok(true),
        "NO" | "FALSE" | "0" => Ok(false),
        _ => bail!("it must be YES or NO"),
    }
}

fn number<N: std::str::FromStr>(value: &str) -> Result<N> {
    value.parse().ok().with_context(|| format!("{value:?} is no number that fits"))
}

/// A time-out; none of 0 seconds would let anybody do anything.
fn seconds(value: &str) -> Result<u64> {
    match number(value)? {
        0 => bail!("it must be at least 1 second"),
        seconds => Ok(seconds),
    }
}

fn path(value: &str) -> Result<&str> {
    if value.is_empty() {
        bail!("it must be a path");
    }
    Ok(value)
}
