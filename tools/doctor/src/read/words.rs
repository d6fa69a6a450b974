//! What programs' own words say: addresses, and why something failed.

use std::net::{IpAddr, SocketAddr};

use ftp_proto::{DataError, TlsError, TlsVersion};

/// A line of a reply: three digits, and then a blank, a hyphen or nothing.
pub(super) fn is_reply(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'6', b'0'..=b'9', b'0'..=b'9', rest @ ..] if matches!(rest, [] | [b' ' | b'-', ..]))
}

/// The first words of another protocol's server.
pub(super) fn is_foreign(text: &str) -> bool {
    text.starts_with("SSH-") || text.starts_with("HTTP/")
}

/// Whether it begins with a word that FTP knows, in capitals.
pub(super) fn is_command(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default();
    (3..=8).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && ftp_proto::Verb::parse(word.as_bytes()) != ftp_proto::Verb::Other
}

/// Whether the words are in the text, in capitals or not. `words` are in lower case.
pub(super) fn has(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|window| window.eq_ignore_ascii_case(words.as_bytes()))
}

/// The words behind these, which are matched as they stand.
pub(super) fn behind<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.find(words).map(|at| &text[at + words.len()..])
}

/// The first address with a port: `192.0.2.1:21`, `[2001:db8::1]:21`, `192.0.2.1 port 21`, `(192.0.2.1) port 21`, `|192.0.2.1|:21`,
/// `2001:db8::1:21` where the last part is the port.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    let mut words = text.split_ascii_whitespace().take(32).peekable();
    while let Some(word) = words.next() {
        let word = word.trim_end_matches(['.', ',', ';', ':']);
        if let Some(address) = one_word(word) {
            return Some(address);
        }
        let host: Option<IpAddr> = word.trim_matches(['(', ')', '[', ']', '|', ',', '"', '\'']).parse().ok();
        if let Some(host) = host
            && words.next_if_eq(&"port").is_some()
        {
            let port = words.peek().and_then(|port| leading_number(port));
            return port.map(|port| SocketAddr::new(host, port));
        }
    }
    None
}

/// An address in a word, be there something around it.
fn one_word(word: &str) -> Option<SocketAddr> {
    let word = word.trim_matches(['(', ')', '"', '\'', '<', '>']);
    let word = word.trim_end_matches('.');
    if let Ok(address) = word.parse() {
        return Some(address);
    }
    let (host, port) = word.rsplit_once(':')?;
    let port = leading_number(port)?;
    let host = host.rsplit(['|', '(']).find(|part| !part.is_empty())?.trim_matches(['|', '(', ')', '[', ']']);
    Some(SocketAddr::new(host.parse().ok()?, port))
}

fn leading_number(text: &str) -> Option<u16> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// The first word that is an address without a port.
pub(super) fn host(text: &str) -> Option<IpAddr> {
    let words = text.split(|character: char| {
        character.is_ascii_whitespace() || matches!(character, '(' | ')' | '[' | ']' | '|' | ',')
    });
    words.take(64).find_map(|word| word.trim_end_matches('.').parse().ok())
}

/// Why a connection couldn't be made, in the words of a system or a program.
pub(super) fn why(text: &str) -> Option<DataError> {
    const WORDS: &[(&str, DataError)] = &[
        ("refused", DataError::Refused),
        ("econnrefused", DataError::Refused),
        ("10061", DataError::Refused),
        ("timed out", DataError::TimedOut),
        ("timedout", DataError::TimedOut),
        ("timeout", DataError::TimedOut),
        ("time-out", DataError::TimedOut),
        ("time out", DataError::TimedOut),
        ("no answer in time", DataError::TimedOut),
        ("10060", DataError::TimedOut),
        ("no route to host", DataError::Unreachable),
        ("unreachable", DataError::Unreachable),
        ("hostunreach", DataError::Unreachable),
        ("netunreach", DataError::Unreachable),
        ("10065", DataError::Unreachable),
        ("10051", DataError::Unreachable),
        ("no free port", DataError::NoPort),
        ("address already in use", DataError::NoPort),
        ("handshake", DataError::Tls(TlsError::Handshake)),
        ("gnutls error", DataError::Tls(TlsError::Handshake)),
        ("ssl connect error", DataError::Tls(TlsError::Handshake)),
    ];
    WORDS.iter().find(|(words, _)| has(text, words)).map(|(_, why)| *why)
}

/// The version of TLS that a line names.
pub(super) fn tls_version(text: &str) -> Option<TlsVersion> {
    if has(text, "tlsv1.3") || has(text, "tls1.3") || has(text, "tls 1.3") {
        return Some(TlsVersion::V1_3);
    }
    if has(text, "tlsv1.2") || has(text, "tls1.2") || has(text, "tls 1.2") {
        return Some(TlsVersion::V1_2);
    }
    let older = ["tlsv1", "tls1.0", "tls1.1", "tls 1.0", "tls 1.1", "sslv3", "ssl 3"];
    older.iter().any(|words| has(text, words)).then_some(TlsVersion::Older)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_as_programs_write_them() {
        for (text, wanted) in [
            ("*   Trying 127.0.0.1:2122...", "127.0.0.1:2122"),
            ("*   Trying [2001:db8::1]:21...", "[2001:db8::1]:21"),
            ("* Connected to example (192.0.2.1) port 21 (#0)", "192.0.2.1:21"),
            ("* Connecting to 127.0.0.9 (127.0.0.9) port 40004", "127.0.0.9:40004"),
            ("* connect to 127.0.0.9 port 40004 failed: Connection refused", "127.0.0.9:40004"),
            ("---- Connecting data socket to (127.0.0.1) port 40000", "127.0.0.1:40000"),
            ("connect to 127.0.0.9:40006 failed: Connection refused.", "127.0.0.9:40006"),
            ("Connecting to qwe.hr|199.199.68.130|:21... connected.", "199.199.68.130:21"),
            ("Connecting to 192.0.2.1:21...", "192.0.2.1:21"),
            ("Connecting to 192.0.2.1:21.", "192.0.2.1:21"),
        ] {
            assert_eq!(address(text), Some(wanted.parse().unwrap()), "{text}");
        }
        for text in ["Connecting to host ...", "12:30", "port 21", "", "é:21", "192.0.2.1 port", "192.0.2.1:99999"] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn commands_and_replies_are_told_from_other_lines() {
        assert!(
            is_reply("220 x")
                && is_reply("220-x")
                && is_reply("220")
                && !is_reply("2200")
                && !is_reply("720 x")
                && !is_reply("22")
        );
        assert!(
            is_command("PASV") && is_command("PORT 1,2,3,4,5,6") && !is_command("Pasv") && !is_command("WARNING x")
        );
    }
}
