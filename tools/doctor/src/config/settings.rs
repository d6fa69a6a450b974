//! What a configuration says about data connections and TLS, for any server.

/// A value with the line that sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// The line that sets it.
    pub line: Place,
}

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The index of the file among those that were read; 0 is the one that includes the others.
    pub file: usize,
    /// The number of the line, from 1.
    pub line: usize,
}

/// The settings of a server or a virtual server. `None`: not set, so the server's default applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether passive mode is allowed.
    pub passive: Option<At<bool>>,
    /// Whether active mode is allowed.
    pub active: Option<At<bool>>,
    /// The first passive port as it is written; 0: any.
    pub first: Option<At<u32>>,
    /// The last passive port, as [`first`](Self::first).
    pub last: Option<At<u32>>,
    /// The address or name that a 227 announces.
    pub addresses: Vec<At<String>>,
    /// Whether a name there is looked up.
    pub resolve: Option<At<bool>>,
    /// Whether it is looked up again from time to time.
    pub refreshed: Option<At<bool>>,
    /// Whether passive connections are accepted from strangers.
    pub passive_strangers: Option<At<bool>>,
    /// Whether active connections are made to strangers.
    pub active_strangers: Option<At<bool>>,
    /// Whether TLS is offered.
    pub tls: Option<At<bool>>,
    /// Whether logins without TLS are refused.
    pub tls_for_logins: Option<At<bool>>,
    /// Whether data connections without TLS are refused.
    pub tls_for_data: Option<At<bool>>,
    /// Whether a data connection has to resume the control connection's TLS session.
    pub session_reuse: Option<At<bool>>,
    /// The outdated version of TLS that is allowed.
    pub outdated_tls: Vec<At<&'static str>>,
    /// How many sessions there may be at once; 0: any number.
    pub sessions: Option<At<u32>>,
    /// The address to listen on.
    pub listen: Option<At<String>>,
    /// Whether anonymous logins are allowed.
    pub anonymous: Option<At<bool>>,
    /// Whether anonymous users may write.
    pub anonymous_writes: Option<At<bool>>,
    /// How many seconds the server waits for a passive connection.
    pub accept_seconds: Option<At<u64>>,
}

impl<T: Copy> At<T> {
    pub(super) fn or(at: Option<Self>, default: T) -> T {
        at.map_or(default, |at| at.value)
    }
}
