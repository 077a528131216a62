//! Group commit: one thread decides about everybody's actions, as many in one transaction as are waiting.
//!
//! A durable commit costs one sync to disk, several milliseconds; an action costs a few hundred microseconds. So whatever
//! arrived while the last commit was under way shares the next one. Receipts are answered after the commit, never before.
//!
//! A failure of the storage rolls the whole transaction back. Then each envelope is tried in a transaction of its own, so
//! that one that the database itself refuses cannot hold up the others: it is recorded as refused.

use super::{Outcome, Pusher, execute, refuse};
use crate::hub::Hub;
use crate::metrics::Metrics;
use domain::id::DeviceId;
use domain::port::Clock;
use domain::rejection::Rejection;
use domain::store_port::Decision;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};

/// Pushes that may wait for the writer before their connections wait with them.
const WAITING: usize = 1_024;

/// One push of one connection.
struct Push {
    device: DeviceId,
    envelopes: Vec<Vec<u8>>,
    reply: oneshot::Sender<Option<Vec<Outcome>>>,
}

enum Order {
    Decide(Push),
    Stop,
}

/// What the writer thread works with.
pub struct Bench {
    /// The clinic's database.
    pub store: Store,
    /// Whom to wake after a commit.
    pub hub: Arc<Hub>,
    /// What to count in.
    pub metrics: Arc<Metrics>,
    /// The server's time, recorded with each action.
    pub clock: Arc<dyn Clock>,
    /// Most envelopes in one transaction.
    pub most: usize,
}

/// Hands actions to the writer thread.
pub struct Writer {
    orders: mpsc::Sender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(bench: Bench) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || bench.work(inbox))?;
        Ok(Self {
            orders,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Decides about envelopes in order; the outcomes are committed. `None` when the storage failed, and then nothing that
    /// is not committed was decided.
    pub async fn execute(&self, device: DeviceId, envelopes: Vec<Vec<u8>>) -> Option<Vec<Outcome>> {
        let (reply, answer) = oneshot::channel();
        let push = Push {
            device,
            envelopes,
            reply,
        };
        self.orders.send(Order::Decide(push)).await.ok()?;
        answer.await.ok().flatten()
    }

    /// Finishes what waits and ends the thread. Blocks.
    pub fn stop(&self) {
        // When the thread is gone already there is nothing to tell it.
        let _ = self.orders.blocking_send(Order::Stop);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread had panicked");
        }
    }
}

impl Drop for Writer {
    /// The thread ends with its channel. It is waited for, because it may hold the last handle of the database, and
    /// closing an encrypted file must not run on while the process ends.
    fn drop(&mut self) {
        self.orders = mpsc::channel(1).0;
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread had panicked");
        }
    }
}

impl Bench {
    fn work(self, mut inbox: mpsc::Receiver<Order>) {
        while let Some(Order::Decide(first)) = inbox.blocking_recv() {
            let mut count = first.envelopes.len();
            let mut pushes = vec![first];
            let mut stopping = false;
            while count < self.most {
                match inbox.try_recv() {
                    Ok(Order::Decide(push)) => {
                        count += push.envelopes.len();
                        pushes.push(push);
                    }
                    Ok(Order::Stop) => {
                        stopping = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.decide(pushes);
            if stopping {
                break;
            }
        }
    }

    /// Decides about everything in one transaction, or one by one where that fails.
    fn decide(&self, pushes: Vec<Push>) {
        let together = self.store.write(|tx| {
            let mut all = Vec::with_capacity(pushes.len());
            for push in &pushes {
                let mut outcomes = Vec::with_capacity(push.envelopes.len());
                for envelope in &push.envelopes {
                    outcomes.push(execute(tx, envelope, self.pusher(push), &verify)?);
                }
                all.push(outcomes);
            }
            Ok::<_, StoreError>(all)
        });
        match together {
            Ok(all) => {
                self.metrics.commits.add(1);
                let mut head = 0;
                for (push, outcomes) in pushes.into_iter().zip(all) {
                    head = head.max(self.count(&outcomes));
                    // A connection that is gone asks again when it comes back.
                    let _ = push.reply.send(Some(outcomes));
                }
                self.hub.announce(head);
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed; trying its actions one by one");
                for push in pushes {
                    let outcomes = self.decide_singly(&push);
                    let _ = push.reply.send(outcomes);
                }
            }
        }
    }

    /// One transaction per envelope. Stops at the first that the storage cannot take for reasons of its own.
    fn decide_singly(&self, push: &Push) -> Option<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(push.envelopes.len());
        for envelope in &push.envelopes {
            let pusher = self.pusher(push);
            let alone = self
                .store
                .write(|tx| execute(tx, envelope, pusher, &verify))
                .or_else(|error| self.refuse_unstorable(envelope, pusher, error));
            match alone {
                Ok(outcome) => {
                    self.metrics.commits.add(1);
                    let head = self.count(std::slice::from_ref(&outcome));
                    outcomes.push(outcome);
                    self.hub.announce(head);
                }
                Err(error) => {
                    tracing::error!(%error, "an action could not be decided");
                    return None;
                }
            }
        }
        Some(outcomes)
    }

    /// An action whose rows the database refuses would be pushed for ever: it gets a refusal instead.
    fn refuse_unstorable(
        &self,
        envelope: &[u8],
        pusher: Pusher,
        error: StoreError,
    ) -> Result<Outcome, StoreError> {
        if !error.is_constraint() {
            return Err(error);
        }
        tracing::error!(%error, "the database refuses an action's rows");
        self.store
            .write(|tx| refuse(tx, envelope, pusher, Rejection::invalid("row")))
    }

    fn pusher(&self, push: &Push) -> Pusher {
        Pusher {
            device: push.device,
            now: self.clock.now(),
        }
    }

    /// Counts outcomes; the highest place among those decided now.
    fn count(&self, outcomes: &[Outcome]) -> u64 {
        let mut head = 0;
        for outcome in outcomes {
            match outcome {
                Outcome::Decided {
                    decision: Decision::Applied { seq },
                    fresh: true,
                    ..
                } => {
                    self.metrics.actions_applied.add(1);
                    head = head.max(*seq);
                }
                Outcome::Decided { fresh: true, .. } => self.metrics.actions_rejected.add(1),
                Outcome::Decided { fresh: false, .. } => self.metrics.actions_repeated.add(1),
                Outcome::Gap { .. } | Outcome::Forked { .. } | Outcome::Malformed => {}
            }
        }
        head
    }
}

/// An actor's signature, by their own key.
fn verify(public: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    vault::signature::verify(public, vault::signature::Purpose::Action, bytes, signature)
}
