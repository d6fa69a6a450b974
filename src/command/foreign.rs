//! Lines of other protocols, of those who were led here: by a page that posts to an FTP server (ALPACA, NAT slipstreaming), for one.

/// How other protocols begin a line: HTTP (RFC 9110 9.3, RFC 5789, RFC 9113 3.4) and SMTP (RFC 5321 4.1.1, RFC 2033, RFC 3207,
/// RFC 3030, RFC 1985), but for the words that FTP has, too.
const FOREIGN: &[&[u8]] = &[
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"CONNECT",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"PRI",
    b"HELO",
    b"EHLO",
    b"LHLO",
    b"MAIL",
    b"RCPT",
    b"DATA",
    b"RSET",
    b"VRFY",
    b"EXPN",
    b"STARTTLS",
    b"BDAT",
    b"ETRN",
];

/// Whether a line that is no command is another protocol's: HTTP, SMTP, a header line, SSH, a TLS record.
pub(crate) fn is_foreign(line: &[u8]) -> bool {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let control = word.first().is_some_and(|byte| *byte < b' ' && !matches!(byte, 0 | b'\t' | b'\r'));
    control
        || word.ends_with(b":")
        || word.starts_with(b"SSH-")
        || FOREIGN.iter().any(|foreign| word.eq_ignore_ascii_case(foreign))
}
