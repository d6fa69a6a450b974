//! What a configuration says about data connections and TLS, whichever server's it is.

/// A value with the line that sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<T> {
    /// What is set.
    pub value: T,
    /// Where.
    pub line: Place,
}

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which of the files that were read; the first one, which includes the others, is 0.
    pub file: usize,
    /// Its number; the first line is 1.
    pub line: usize,
}

/// What one server, or one of its virtual ones, is told. `None`: nothing, so it is as that server has it by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Passive mode is allowed.
    pub passive: Option<At<bool>>,
    /// Active mode is allowed.
    pub active: Option<At<bool>>,
    /// The first and the last passive port as they are written; 0: any.
    pub first: Option<At<u32>>,
    /// See [`first`](Self::first).
    pub last: Option<At<u32>>,
    /// What a 227 is to announce: an address or a name.
    pub addresses: Vec<At<String>>,
    /// A name there is looked up.
    pub resolve: Option<At<bool>>,
    /// It is looked up anew from time to time.
    pub refreshed: Option<At<bool>>,
    /// Passive connections are taken from strangers.
    pub passive_strangers: Option<At<bool>>,
    /// Active connections are made to strangers.
    pub active_strangers: Option<At<bool>>,
    /// TLS is offered.
    pub tls: Option<At<bool>>,
    /// Logins without TLS are refused.
    pub tls_for_logins: Option<At<bool>>,
    /// Data connections without TLS are refused.
    pub tls_for_data: Option<At<bool>>,
    /// The TLS session of a data connection has to be the control connection's.
    pub session_reuse: Option<At<bool>>,
    /// An outdated version of TLS is allowed: which.
    pub outdated_tls: Vec<At<&'static str>>,
    /// How many sessions there may be at once; 0: any number.
    pub sessions: Option<At<u32>>,
    /// The address to listen on.
    pub listen: Option<At<String>>,
    /// Anonymous logins are allowed.
    pub anonymous: Option<At<bool>>,
    /// They may write.
    pub anonymous_writes: Option<At<bool>>,
    /// Seconds for which a server waits for a passive connection.
    pub accept_seconds: Option<At<u64>>,
}

impl<T: Copy> At<T> {
    pub(super) fn or(at: Option<Self>, default: T) -> T {
        at.map_or(default, |at| at.value)
    }
}
