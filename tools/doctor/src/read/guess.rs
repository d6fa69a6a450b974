//! Which command a reply most likely answers, for logs that don't show commands.

use ftp_proto::{Code, Reply, Verb};

use super::words::has;

/// By code and words. `is_set_up`: a data connection was agreed on; `None`: no command is needed for it, or nobody can tell.
pub(super) fn verb(reply: &Reply<'_>, is_set_up: bool) -> Option<Verb> {
    let text = String::from_utf8_lossy(reply.text());
    let code = reply.code();
    let verb = match code.value() {
        200 if has(&text, "eprt") => Verb::Eprt,
        200 if has(&text, "port") => Verb::Port,
        200 if has(&text, "pbsz") => Verb::Pbsz,
        200 if has(&text, "prot") || has(&text, "protection") => Verb::Prot,
        200 if has(&text, "type") || has(&text, "mode") || has(&text, "ascii") || has(&text, "binary") => Verb::Type,
        200 => Verb::Noop,
        211 => Verb::Feat,
        213 => Verb::Size,
        214 => Verb::Help,
        215 => Verb::Syst,
        220 => return None,
        221 => Verb::Quit,
        227 => Verb::Pasv,
        229 => Verb::Epsv,
        230 => Verb::Pass,
        234 => Verb::Auth,
        250 => Verb::Cwd,
        257 => Verb::Pwd,
        331 | 332 => Verb::User,
        350 => Verb::Rest,
        500..=502 | 504 if has(&text, "eprt") => Verb::Eprt,
        500..=504 if has(&text, "port") && !has(&text, "support") => Verb::Port,
        500..=504 if has(&text, "epsv") => Verb::Epsv,
        500..=504 if has(&text, "pasv") || has(&text, "passive") => Verb::Pasv,
        530 => Verb::Pass,
        522 if has(&text, "protocol") => Verb::Epsv,
        125 | 150 | 226 | 425 | 426 | 450 | 451 | 521 | 522 | 550 | 552 | 553 => Verb::List,
        _ => return None,
    };
    let is_transfer = verb == Verb::List && code != Code::CANNOT_OPEN_DATA_CONNECTION;
    (!is_transfer || is_set_up || code.is_preliminary()).then_some(verb)
}
