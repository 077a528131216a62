//! The store in memory has every behaviour of a store.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use domain::bucket::BucketSet;
use testkit::conformance::{Kept, Trouble};
use testkit::memory::{MemoryStore, MemoryTx};

struct InMemory(MemoryStore);

impl Kept for InMemory {
    type Tx<'t> = MemoryTx;

    fn fresh(held: BucketSet) -> Result<Self, Trouble> {
        Ok(Self(MemoryStore::holding(held)))
    }

    fn write<T>(
        &self,
        work: impl for<'t> FnOnce(&mut Self::Tx<'t>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.0.transaction(work)
    }
}

testkit::conformance!(InMemory);
