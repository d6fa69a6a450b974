//! How the outside answers a machine.

/// How the outside answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Everything works.
    Works,
    /// Nothing does: nobody listens, no handshake succeeds.
    Refuses,
    /// Questions stay open.
    Busy,
}
