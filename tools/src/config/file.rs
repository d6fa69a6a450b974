//! A configuration file in vsftpd's syntax: `key=value`, no blanks around `=`, `#` before a comment.
//!
//! Keys that vsftpd has, too, mean the same. Most have the same default; [`KEYS`] tells the others, and so does the README. Two keys are this
//! program's own: `user=NAME:PASSWORD`, which may be repeated, and `in_place=YES`, which writes uploads under their names at once. An unknown
//! key is an error, so that no setting is silently ignored.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::options::{Choices, account, passive_address};

/// A key of the file.
pub struct Key {
    pub name: &'static str,
    /// vsftpd's default; empty: nothing. `None`: vsftpd doesn't have the key.
    pub vsftpd: Option<&'static str>,
    /// This program's default.
    pub ours: &'static str,
    set: fn(&mut Choices, &str) -> Result<()>,
}

/// All keys. vsftpd's defaults are those of vsftpd.conf(5) in Debian's version 3.0.3.
pub const KEYS: &[Key] = &[
    shared("listen", "NO", "YES", |choices, value| yes_or_no(value, &mut choices.listen)),
    same("listen_ipv6", "NO", |choices, value| yes_or_no(value, &mut choices.listen_ipv6)),
    same("listen_address", "", |choices, value| put(&mut choices.listen_address, value.parse().context("no address"))),
    shared("listen_port", "21", "", |choices, value| put(&mut choices.listen_port, number(value))),
    same("local_root", "", |choices, value| path(value, &mut choices.root)),
    same("anon_root", "", |choices, value| path(value, &mut choices.anonymous_root)),
    shared("chroot_local_user", "NO", "YES", |_, value| {
        let mut chroot = None;
        yes_or_no(value, &mut chroot)?;
        if chroot == Some(false) { bail!("no path leads out of the root") } else { Ok(()) }
    }),
    shared("local_enable", "NO", "YES", |choices, value| yes_or_no(value, &mut choices.local)),
    same("anonymous_enable", "NO", |choices, value| yes_or_no(value, &mut choices.anonymous)),
    shared("write_enable", "NO", "YES", |choices, value| no_or_yes(value, &mut choices.read_only)),
    own("user", "", |choices, value| {
        choices.admit(account(value).map_err(anyhow::Error::msg)?);
        Ok(())
    }),
    own("in_place", "NO", |choices, value| yes_or_no(value, &mut choices.in_place)),
    shared("delete_failed_uploads", "NO", "YES", |choices, value| no_or_yes(value, &mut choices.keep_incomplete)),
    shared("ascii_download_enable", "NO", "YES", |choices, value| yes_or_no(value, &mut choices.ascii_downloads)),
    shared("ascii_upload_enable", "NO", "YES", |choices, value| yes_or_no(value, &mut choices.ascii_uploads)),
    own("max_expansion", "100", |choices, value| put(&mut choices.max_expansion, number(value))),
    shared("ftpd_banner", "(vsFTPd 3.0.3)", "Welcome to ftp-proto.", |choices, value| {
        put(&mut choices.banner, Ok(value.to_owned()))
    }),
    same("pasv_enable", "YES", |choices, value| yes_or_no(value, &mut choices.passive)),
    same("pasv_min_port", "0", |choices, value| put(&mut choices.first_passive_port, number(value))),
    same("pasv_max_port", "0", |choices, value| put(&mut choices.last_passive_port, number(value))),
    same("pasv_address", "", |choices, value| {
        let told = passive_address(value).map_err(anyhow::Error::msg)?;
        // As with every key, the last one counts; a network of its own is another key.
        choices.passive_addresses.retain(|(network, _)| *network != told.0);
        choices.passive_addresses.push(told);
        Ok(())
    }),
    same("pasv_promiscuous", "NO", |choices, value| yes_or_no(value, &mut choices.passive_strangers)),
    same("port_enable", "YES", |choices, value| yes_or_no(value, &mut choices.active)),
    same("port_promiscuous", "NO", |choices, value| yes_or_no(value, &mut choices.active_strangers)),
    same("connect_from_port_20", "NO", |choices, value| yes_or_no(value, &mut choices.from_port_20)),
    shared("ssl_enable", "NO", "offered where rsa_cert_file is", |choices, value| {
        yes_or_no(value, &mut choices.ssl_enable)
    }),
    same("implicit_ssl", "NO", |choices, value| yes_or_no(value, &mut choices.implicit)),
    same("force_local_logins_ssl", "YES", |choices, value| yes_or_no(value, &mut choices.force_logins)),
    same("force_local_data_ssl", "YES", |choices, value| yes_or_no(value, &mut choices.force_data)),
    same("require_ssl_reuse", "YES", |choices, value| yes_or_no(value, &mut choices.resumption)),
    shared("rsa_cert_file", "/usr/share/ssl/certs/vsftpd.pem", "", |choices, value| {
        path(value, &mut choices.certificate)
    }),
    same("rsa_private_key_file", "", |choices, value| path(value, &mut choices.key)),
    same("max_clients", "0", |choices, value| put(&mut choices.max_sessions, number(value))),
    same("max_login_fails", "3", |choices, value| put(&mut choices.login_failures, number(value))),
    same("delay_failed_login", "1", |choices, value| put(&mut choices.login_failure_delay, number(value))),
    same("idle_session_timeout", "300", |choices, value| put(&mut choices.idle_timeout, seconds(value))),
    same("data_connection_timeout", "300", |choices, value| put(&mut choices.data_timeout, seconds(value))),
    same("accept_timeout", "60", |choices, value| put(&mut choices.accept_timeout, seconds(value))),
    shared("connect_timeout", "60", "30", |choices, value| put(&mut choices.connect_timeout, seconds(value))),
];

type Set = fn(&mut Choices, &str) -> Result<()>;

/// A key that vsftpd has, with another default.
const fn shared(name: &'static str, vsftpd: &'static str, ours: &'static str, set: Set) -> Key {
    Key { name, vsftpd: Some(vsftpd), ours, set }
}

/// A key that vsftpd has, with the same default.
const fn same(name: &'static str, default: &'static str, set: Set) -> Key {
    shared(name, default, default, set)
}

/// A key that vsftpd doesn't have.
const fn own(name: &'static str, ours: &'static str, set: Set) -> Key {
    Key { name, vsftpd: None, ours, set }
}

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

fn set(choices: &mut Choices, name: &str, value: &str) -> Result<()> {
    if name.ends_with(char::is_whitespace) || value.starts_with(char::is_whitespace) {
        bail!("no blanks may be around the =");
    }
    let key = KEYS.iter().find(|key| key.name == name).context("no such key")?;
    (key.set)(choices, value.trim_end())
}

fn put<T>(choice: &mut Option<T>, value: Result<T>) -> Result<()> {
    *choice = Some(value?);
    Ok(())
}

fn yes_or_no(value: &str, choice: &mut Option<bool>) -> Result<()> {
    *choice = Some(match value.to_ascii_uppercase().as_str() {
        "YES" | "TRUE" | "1" => true,
        "NO" | "FALSE" | "0" => false,
        _ => bail!("it must be YES or NO"),
    });
    Ok(())
}

/// The choice is the opposite of the key.
fn no_or_yes(value: &str, choice: &mut Option<bool>) -> Result<()> {
    yes_or_no(value, choice)?;
    *choice = choice.map(|chosen| !chosen);
    Ok(())
}

fn number<N: std::str::FromStr>(value: &str) -> Result<N> {
    value.parse().ok().with_context(|| format!("{value:?} is no number that fits"))
}

/// A time-out; 0 seconds is an error, since clients could do nothing.
fn seconds(value: &str) -> Result<u64> {
    match number(value)? {
        0 => bail!("it must be at least 1 second"),
        seconds => Ok(seconds),
    }
}

fn path(value: &str, choice: &mut Option<PathBuf>) -> Result<()> {
    if value.is_empty() {
        bail!("it must be a path");
    }
    *choice = Some(value.into());
    Ok(())
}
