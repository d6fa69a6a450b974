//! Threads for sessions. A thread that has ended its session waits a while for the next one, since a new thread costs more than a login.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread waits for a session. After that a session needs a new thread, but until then no stack takes memory.
const PATIENCE: Duration = Duration::from_secs(1);

type Session = Box<dyn FnOnce() + Send>;

/// As many threads as sessions, and some that wait.
#[derive(Default)]
pub struct Threads {
    queue: Mutex<Queue>,
    came: Condvar,
}

#[derive(Default)]
struct Queue {
    sessions: VecDeque<Session>,
    /// The number of threads that wait. There are never more sessions in the queue than that.
    waiting: usize,
}

impl Threads {
    /// Runs a session on a thread that waits, or on a new one.
    ///
    /// # Errors
    ///
    /// No thread could be started; the session is dropped.
    pub fn run(self: &Arc<Self>, session: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.waiting > queue.sessions.len() {
            queue.sessions.push_back(Box::new(session));
            self.came.notify_one();
            return Ok(());
        }
        drop(queue);
        let threads = self.clone();
        thread::Builder::new().spawn(move || {
            session();
            while let Some(next) = threads.next() {
                next();
            }
        })?;
        Ok(())
    }

    /// The next session; `None` if none has come for a while.
    fn next(&self) -> Option<Session> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting += 1;
        let waited = self.came.wait_timeout_while(queue, PATIENCE, |queue| queue.sessions.is_empty());
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.waiting -= 1;
        queue.sessions.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread::ThreadId;

    use super::*;

    fn id_of(threads: &Arc<Threads>) -> ThreadId {
        let (sender, receiver) = mpsc::channel();
        threads.run(move || sender.send(thread::current().id()).unwrap()).unwrap();
        receiver.recv().unwrap()
    }

    fn until_somebody_waits(threads: &Threads) {
        while threads.queue.lock().unwrap().waiting == 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn a_thread_that_waits_takes_the_next_session() {
        let threads = Arc::new(Threads::default());
        let first = id_of(&threads);
        until_somebody_waits(&threads);
        assert_eq!(id_of(&threads), first);
    }

    #[test]
    fn sessions_never_wait_for_each_other() {
        let threads = Arc::new(Threads::default());
        id_of(&threads);
        until_somebody_waits(&threads);
        let (sender, receiver) = mpsc::sync_channel::<()>(0);
        let receiver = Arc::new(Mutex::new(receiver));
        // Each holds its thread; one of them is the thread that waited.
        let held: Vec<_> = (0..8)
            .map(|_| {
                let (up, is_up) = mpsc::channel();
                let receiver = receiver.clone();
                threads
                    .run(move || {
                        up.send(thread::current().id()).unwrap();
                        let _ = receiver.lock().unwrap().recv();
                    })
                    .unwrap();
                is_up.recv().unwrap()
            })
            .collect();
        assert!(held.iter().enumerate().all(|(at, id)| !held[..at].contains(id)));
        drop(sender);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let threads = Arc::new(Threads::default());
        id_of(&threads);
        until_somebody_waits(&threads);
        // The thread holds the other one.
        while Arc::strong_count(&threads) > 1 {
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(threads.queue.lock().unwrap().waiting, 0);
    }
}
