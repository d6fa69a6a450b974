//! How far the login, the setup of a data connection and the security exchange have come.

/// How far the login has come (RFC 959 5.4 and figure "Login" of chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoginState {
    /// No user is named.
    Nobody,
    /// No user is named, and none needs to be, since the greeting was a 230. A 503 to USER then counts as a login.
    Welcome,
    /// USER was answered 331 or 336: PASS is next.
    Password,
    /// USER or PASS was answered 332: ACCT is next.
    Account,
    /// Logged in.
    Complete,
}

/// Which data connection is set up for the next transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setup {
    /// None: a transfer command is answered 425.
    None,
    /// The server listens (PASV, EPSV, LPSV).
    Passive,
    /// The client listens (PORT, EPRT, LPRT).
    Active,
}

/// How far the security exchange of RFC 2228 and RFC 4217 has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Security {
    None,
    /// AUTH was answered 334: ADAT is next.
    Exchanging,
    /// AUTH was answered 234, or ADAT 235.
    Established,
    /// PBSZ was accepted: PROT may come.
    Buffered,
}
