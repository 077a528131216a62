//! What the domain asks of the world: the time and randomness. Fakes exist only here and at the network-fault port.

use crate::time::Timestamp;

/// Tells the time. The only place in the product that may read the operating system's clock is an implementation of
/// this trait.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch, UTC. May jump in either direction: nothing is ordered by it.
    fn now(&self) -> Timestamp;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);

    /// A fixed number of random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N]
    where
        Self: Sized,
    {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

impl<E: Entropy + ?Sized> Entropy for std::sync::Arc<E> {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}
