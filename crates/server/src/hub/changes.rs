//! Changes on their way out: read once and encoded once for everybody who stands at the same place.
//!
//! After a commit every live console asks for the changes after the same cursor. The first one reads them; the others
//! wait for that read and share its bytes. Consoles that fell behind read for themselves.

use domain::bucket::BucketSet;
use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Batches remembered. Profiles times the few cursors that live consoles stand at.
const REMEMBERED: usize = 32;

/// What a batch answers: changes after `cursor` of `buckets`, asked when the head was known to be at least `head`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// Changes after this place.
    pub cursor: u64,
    /// Of these buckets.
    pub buckets: BucketSet,
    /// The head that woke the asker. A batch that was read for an older head may lack what it is woken for.
    pub head: u64,
}

/// A batch that is being read or has been.
type Cell<B> = Arc<OnceCell<Arc<B>>>;

/// Batches by question, newest last.
pub struct Shared<B> {
    batches: Mutex<VecDeque<(Question, Cell<B>)>>,
}

impl<B> Default for Shared<B> {
    fn default() -> Self {
        Self {
            batches: Mutex::new(VecDeque::new()),
        }
    }
}

impl<B> Shared<B> {
    /// The batch, read by the first who asks. A failed read is not remembered: the next asker tries again.
    pub async fn get<E, F>(&self, question: Question, read: F) -> Result<Arc<B>, E>
    where
        F: Future<Output = Result<B, E>>,
    {
        let cell = self.cell(question);
        cell.get_or_try_init(|| async { read.await.map(Arc::new) })
            .await
            .cloned()
    }

    fn cell(&self, question: Question) -> Cell<B> {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = batches.iter().find(|(known, _)| *known == question) {
            return Arc::clone(cell);
        }
        if batches.len() >= REMEMBERED {
            batches.pop_front();
        }
        let cell = Arc::new(OnceCell::new());
        batches.push_back((question, Arc::clone(&cell)));
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn question(cursor: u64) -> Question {
        Question {
            cursor,
            buckets: BucketSet::all(),
            head: cursor + 1,
        }
    }

    #[tokio::test]
    async fn one_read_serves_everybody_at_the_same_place() {
        let shared = Shared::<u64>::default();
        let reads = AtomicUsize::new(0);
        let ask = || {
            shared.get(question(5), async {
                reads.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, ()>(7)
            })
        };
        let (first, second) = tokio::join!(ask(), ask());
        assert_eq!((*first.unwrap(), *second.unwrap()), (7, 7));
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_failed_read_is_tried_again() {
        let shared = Shared::<u64>::default();
        assert!(
            shared
                .get(question(1), async { Err("disk") })
                .await
                .is_err()
        );
        assert_eq!(
            *shared
                .get(question(1), async { Ok::<_, ()>(3) })
                .await
                .unwrap(),
            3
        );
    }

    #[tokio::test]
    async fn old_batches_are_forgotten() {
        let shared = Shared::<u64>::default();
        for cursor in 0..200 {
            let batch = shared
                .get(question(cursor), async { Ok::<_, ()>(cursor) })
                .await;
            assert_eq!(*batch.unwrap(), cursor);
        }
        assert_eq!(shared.batches.lock().unwrap().len(), REMEMBERED);
    }
}
