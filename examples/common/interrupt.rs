//! Ctrl-C: the first asks for an end in order, the second ends the program at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

static CAME: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The exit status of who was interrupted, as shells have it.
pub const STATUS: u8 = 130;

/// Begins to look out for it.
pub fn watch() -> io::Result<()> {
    // In this order: the first one finds the flag not set yet.
    flag::register_conditional_shutdown(SIGINT, STATUS.into(), CAME.clone())?;
    flag::register(SIGINT, CAME.clone())?;
    Ok(())
}

/// Whether it came, since [`watch`].
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}
