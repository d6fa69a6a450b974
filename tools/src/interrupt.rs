//! Ctrl-C: the first asks for an end in order, the second ends the program at once.

use std::future::{Future, pending, poll_fn};
use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use ftp_proto::Verb;
use ftp_proto::client::Client;
use signal_hook::consts::SIGINT;
use signal_hook::{flag, low_level};
use tokio::signal;

static CAME: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// It can be read once the signal has come, and nobody does: so it wakes up everybody who waits for it.
static ALARM: OnceLock<PipeReader> = OnceLock::new();

/// The exit status of an interrupted program, as shells have it.
pub const STATUS: u8 = 130;

/// How long what has no end in order is waited for: a greeting, a reply, TLS.
const PATIENCE: Duration = Duration::from_secs(1);

/// Begins to watch for Ctrl-C.
pub fn watch() -> io::Result<()> {
    // In this order: the first one finds the flag not set yet.
    flag::register_conditional_shutdown(SIGINT, STATUS.into(), CAME.clone())?;
    flag::register(SIGINT, CAME.clone())?;
    let (alarm, bell) = io::pipe()?;
    low_level::pipe::register(SIGINT, bell)?;
    // A second call finds the first one's.
    let _ = ALARM.set(alarm);
    Ok(())
}

/// Whether Ctrl-C came since [`watch`].
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

/// What becomes readable when it comes.
pub fn alarm() -> Option<BorrowedFd<'static>> {
    ALARM.get().map(AsFd::as_fd)
}

/// Passes Ctrl-C on to a machine, once for each request.
#[derive(Default)]
pub struct Interrupt {
    told: Option<Instant>,
    /// ABOR was said: how long that takes, the machine knows.
    is_aborting: bool,
}

impl Interrupt {
    /// A signal ends a wait, so a loop that calls this each time tells the machine soon. `true`: the machine has had its time, and
    /// waits for something that can't be aborted.
    pub fn tell(&mut self, client: &mut Client) -> bool {
        if came() && self.told.is_none() {
            self.told = Some(Instant::now());
            client.abort();
        }
        self.is_aborting |= client.session().replies_due_to(Verb::Abor) > 0;
        self.rest() == Some(Duration::ZERO)
    }

    /// How much of its time is left; `None`: there is no such limit.
    fn rest(&self) -> Option<Duration> {
        let told = self.told.filter(|_| !self.is_aborting)?;
        Some(PATIENCE.saturating_sub(told.elapsed()))
    }

    /// So long, or no longer than that.
    pub fn limit(&self, patience: Option<Duration>) -> Option<Duration> {
        [self.rest(), patience].into_iter().flatten().min()
    }

    /// What becomes readable when there is something to tell.
    pub fn alarm(&self) -> Option<BorrowedFd<'static>> {
        if self.told.is_some() { None } else { alarm() }
    }

    /// Waits until there is something to tell, with tokio.
    pub async fn comes(&self) {
        if self.told.is_some() { pending().await } else { comes().await }
    }
}

/// Waits until it comes, with tokio.
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
