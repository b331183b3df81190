//! Passwords are hashed at most so many at a time: each takes 19 MiB and a core. Whoever finds the queue full is told so
//! at once, because a queue that grows ends in a process without memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use baton_auth::password::{self, Profile};
use baton_core::Code;
use tokio::sync::Semaphore;

use crate::problem::Fail;

/// Who waits for each slot at most.
const QUEUE_PER_SLOT: usize = 16;

#[derive(Clone, Debug)]
pub(crate) struct Hashing {
    slots: Arc<Semaphore>,
    queued: Arc<AtomicUsize>,
    queue_max: usize,
}

/// One place in the queue.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hashing {
    /// 0 slots: one for each core.
    pub(crate) fn new(slots: usize) -> Hashing {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let slots = if slots == 0 { cores() } else { slots };
        let queue_max = slots * (1 + QUEUE_PER_SLOT);
        Hashing { slots: Arc::new(Semaphore::new(slots)), queued: Arc::default(), queue_max }
    }

    /// Whether this is the password; without one to compare with it takes as long, and it is not.
    pub(crate) async fn is(&self, password: String, known: Option<String>) -> Result<bool, Fail> {
        let compare = move || match &known {
            Some(known) => password::verify(&password, known),
            None => {
                password::verify(&password, password::dummy(Profile::Standard));
                false
            }
        };
        self.run(compare).await
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, Fail> {
        let mut salt = [0; 16];
        super::chance(&mut salt)?;
        let hashed = self.run(move || password::hash(&password, salt, Profile::Standard)).await?;
        hashed.map_err(|error| {
            tracing::error!(%error, "failed to hash a password");
            Fail::new(Code::Internal)
        })
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fail> {
        let place = Place(Arc::clone(&self.queued));
        if self.queued.fetch_add(1, Ordering::Relaxed) >= self.queue_max {
            return Err(Fail::new(Code::Overloaded));
        }
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| Fail::new(Code::Draining))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // A caller who left keeps his place until the work is over: it cannot be broken off.
            drop((slot, place));
            done
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "hashing a password panicked");
            Fail::new(Code::Internal)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_queue_says_so_and_empties_again() {
        let hashing = Hashing::new(1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let blocked = tokio::spawn({
            let hashing = hashing.clone();
            async move { hashing.run(move || held.lock().map(|held| held.recv()).is_ok()).await }
        });
        while hashing.slots.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting: Vec<_> = (0..QUEUE_PER_SLOT)
            .map(|_| {
                let hashing = hashing.clone();
                tokio::spawn(async move { hashing.run(|| ()).await })
            })
            .collect();
        while hashing.queued.load(Ordering::Relaxed) < hashing.queue_max {
            tokio::task::yield_now().await;
        }
        assert_eq!(hashing.run(|| ()).await.unwrap_err().code, Code::Overloaded);
        release.send(()).unwrap();
        assert!(blocked.await.unwrap().unwrap());
        for waited in waiting {
            waited.await.unwrap().unwrap();
        }
        assert!(hashing.run(|| ()).await.is_ok());
    }
}
