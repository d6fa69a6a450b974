//! Ctrl-C: the first asks for an end in order, the second ends the program at once.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use signal_hook::consts::SIGINT;
use signal_hook::flag;
use tokio::signal;

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

/// Waits for it, with tokio.
pub async fn comes() {
    let waiting = async {
        if signal::ctrl_c().await.is_err() {
            pending().await
        }
    };
    let mut waiting = pin!(waiting);
    // It may have come before anybody waited.
    poll_fn(|context| if came() { Poll::Ready(()) } else { waiting.as_mut().poll(context) }).await;
}
