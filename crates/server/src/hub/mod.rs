//! The live connections: who is here, waking them, ending them.

pub mod changes;
mod connection;
mod jobs;
mod wire;

pub use connection::serve;
pub use jobs::Jobs;

use domain::id::DeviceId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use sync::message::RefusalCause;
use tokio::sync::{Notify, watch};

/// What a connection listens to besides its socket.
struct Line {
    device: Option<DeviceId>,
    end: watch::Sender<Option<RefusalCause>>,
}

/// Every connection of this server.
pub struct Hub {
    most: u64,
    next: AtomicU64,
    lines: Mutex<HashMap<u64, Line>>,
    heads: watch::Sender<u64>,
    emptied: Notify,
}

impl Hub {
    /// A hub for at most so many connections, with the clinic at `head`.
    pub fn new(most: u64, head: u64) -> Self {
        Self {
            most,
            next: AtomicU64::new(1),
            lines: Mutex::new(HashMap::new()),
            heads: watch::channel(head).0,
            emptied: Notify::new(),
        }
    }

    /// Wakes everybody who waits for changes.
    pub fn announce(&self, head: u64) {
        self.heads.send_if_modified(|known| {
            let grew = head > *known;
            *known = head.max(*known);
            grew
        });
    }

    /// The last place announced.
    pub fn head(&self) -> u64 {
        *self.heads.borrow()
    }

    /// Takes a new connection in; `None` when there are as many as there may be.
    pub fn enter(self: &Arc<Self>) -> Option<Seat> {
        let mut lines = self.lines();
        if lines.len() as u64 >= self.most {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (end, ended) = watch::channel(None);
        lines.insert(number, Line { device: None, end });
        Some(Seat {
            hub: Arc::clone(self),
            number,
            ended,
            heads: self.heads.subscribe(),
        })
    }

    /// Ends every connection of a device.
    pub fn end_device(&self, device: DeviceId, cause: RefusalCause) {
        self.end_where(cause, |_, line| line.device == Some(device));
    }

    /// Ends every connection.
    pub fn end_all(&self, cause: RefusalCause) {
        self.end_where(cause, |_, _| true);
    }

    fn end_where(&self, cause: RefusalCause, which: impl Fn(u64, &Line) -> bool) {
        for (number, line) in self.lines().iter() {
            if which(*number, line) {
                line.end.send_replace(Some(cause));
            }
        }
    }

    /// Devices that are connected now.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.lines()
            .values()
            .filter_map(|line| line.device)
            .collect()
    }

    /// Connections now.
    pub fn count(&self) -> usize {
        self.lines().len()
    }

    /// Waits until the last connection is gone.
    pub async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.count() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<u64, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the hub, given back when dropped.
pub struct Seat {
    hub: Arc<Hub>,
    number: u64,
    ended: watch::Receiver<Option<RefusalCause>>,
    heads: watch::Receiver<u64>,
}

impl Seat {
    /// Says which device sits here. An older connection of the same device ends: it is the same console after its network
    /// came back, and the old socket is only not yet known to be dead.
    fn name(&self, device: DeviceId) {
        let mut lines = self.hub.lines();
        for (number, line) in lines.iter() {
            if *number != self.number && line.device == Some(device) {
                line.end.send_replace(Some(RefusalCause::Replaced));
            }
        }
        if let Some(line) = lines.get_mut(&self.number) {
            line.device = Some(device);
        }
    }

    /// The number that names the connection in logs.
    fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut lines = self.hub.lines();
        lines.remove(&self.number);
        if lines.is_empty() {
            self.hub.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn one_connection_too_many_is_not_taken_in() {
        let hub = Arc::new(Hub::new(2, 0));
        let first = hub.enter().unwrap();
        let _second = hub.enter().unwrap();
        assert!(hub.enter().is_none());
        drop(first);
        assert!(hub.enter().is_some());
    }

    #[tokio::test]
    async fn a_newer_connection_of_a_device_ends_the_older_one() {
        let hub = Arc::new(Hub::new(9, 0));
        let device = DeviceId(Uuid::from_u128(1));
        let (old, new) = (hub.enter().unwrap(), hub.enter().unwrap());
        old.name(device);
        new.name(device);
        assert_eq!(*old.ended.borrow(), Some(RefusalCause::Replaced));
        assert_eq!(*new.ended.borrow(), None);
        hub.end_device(device, RefusalCause::DeviceRevoked);
        assert_eq!(*new.ended.borrow(), Some(RefusalCause::DeviceRevoked));
    }

    #[tokio::test]
    async fn the_head_never_goes_back() {
        let hub = Arc::new(Hub::new(1, 5));
        let mut seat = hub.enter().unwrap();
        hub.announce(7);
        hub.announce(6);
        assert!(seat.heads.has_changed().unwrap());
        assert_eq!(*seat.heads.borrow_and_update(), 7);
        drop(seat);
        hub.empty().await;
    }
}
