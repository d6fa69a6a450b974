//! Ctrl-C: the first asks for an end in order, the second ends the program at once.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use ftp_proto::client::Client;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use tokio::signal;

static CAME: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The exit status of an interrupted program, as shells have it.
pub const STATUS: u8 = 130;

/// Begins to watch for Ctrl-C.
pub fn watch() -> io::Result<()> {
    // In this order: the first one finds the flag not set yet.
    flag::register_conditional_shutdown(SIGINT, STATUS.into(), CAME.clone())?;
    flag::register(SIGINT, CAME.clone())?;
    Ok(())
}

/// Whether Ctrl-C came since [`watch`].
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

/// Passes Ctrl-C on to a machine, once for each request.
#[derive(Default)]
pub struct Interrupt {
    is_told: bool,
}

impl Interrupt {
    /// A signal ends a wait, so a loop that calls this each time tells the machine soon.
    pub fn tell(&mut self, client: &mut Client) {
        if came() && !self.is_told {
            self.is_told = true;
            client.abort();
        }
    }

    /// Waits until there is something to tell, with tokio.
    pub async fn comes(&self) {
        if self.is_told { pending().await } else { comes().await }
    }
}

async fn comes() {
    let waiting = async {
        if signal::ctrl_c().await.is_err() {
            pending().await
        }
    };
    let mut waiting = pin!(waiting);
    // It may have come before anybody waited.
    poll_fn(|context| if came() { Poll::Ready(()) } else { waiting.as_mut().poll(context) }).await;
}
