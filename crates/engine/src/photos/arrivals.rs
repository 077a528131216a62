//! Waiting for sealed files that the link fetches.

use domain::blob::BlobId;
use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Files the server did not have that are remembered at once; more than that and the oldest answers are asked again.
const MOST_MISSING: usize = 4096;
/// How often a wait looks whether it is still of use.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What the link said of files that were wanted.
#[derive(Default)]
pub(super) struct Arrivals {
    missing: Mutex<HashSet<BlobId>>,
    news: Condvar,
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waited {
    /// The file is here.
    Here,
    /// The server does not have it.
    Missing,
    /// It did not come in time, or the wait was of no use any more.
    InVain,
}

impl Arrivals {
    fn missing(&self) -> MutexGuard<'_, HashSet<BlobId>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A wanted file is here.
    pub(super) fn came(&self, blob: BlobId) {
        self.missing().remove(&blob);
        self.news.notify_all();
    }

    /// The server does not have a wanted file.
    pub(super) fn cannot_come(&self, blob: BlobId) {
        let mut missing = self.missing();
        if missing.len() >= MOST_MISSING {
            missing.clear();
        }
        missing.insert(blob);
        drop(missing);
        self.news.notify_all();
    }

    /// What the server said before is forgotten: the file is asked for anew.
    pub(super) fn ask_again(&self, blob: BlobId) {
        self.missing().remove(&blob);
    }

    /// Ends every wait early that is of no use any more.
    pub(super) fn look(&self) {
        self.news.notify_all();
    }

    /// Waits until `is_here`, the server's word that it has no such file, or `longest`. `useful` is asked now and then.
    pub(super) fn wait(
        &self,
        blob: BlobId,
        longest: Duration,
        is_here: impl Fn() -> bool,
        useful: impl Fn() -> bool,
    ) -> Waited {
        let until = Instant::now() + longest;
        let mut missing = self.missing();
        loop {
            if is_here() {
                return Waited::Here;
            }
            if missing.contains(&blob) {
                return Waited::Missing;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !useful() {
                return Waited::InVain;
            }
            missing = self
                .news
                .wait_timeout(missing, left.min(LOOK_EVERY))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_wait_ends_with_the_file_or_with_the_servers_word() {
        let arrivals = Arc::new(Arrivals::default());
        let here = Arc::new(AtomicBool::new(false));
        let blob = BlobId([1; 32]);
        let waiting = {
            let (arrivals, here) = (Arc::clone(&arrivals), Arc::clone(&here));
            std::thread::spawn(move || arrivals.wait(blob, LONG, || here.load(SeqCst), || true))
        };
        here.store(true, SeqCst);
        arrivals.came(blob);
        assert_eq!(waiting.join().unwrap(), Waited::Here);
        arrivals.cannot_come(blob);
        assert_eq!(
            arrivals.wait(blob, LONG, || false, || true),
            Waited::Missing
        );
        arrivals.ask_again(blob);
        assert_eq!(
            arrivals.wait(blob, Duration::ZERO, || false, || true),
            Waited::InVain
        );
        assert_eq!(
            arrivals.wait(blob, LONG, || false, || false),
            Waited::InVain
        );
    }
}
