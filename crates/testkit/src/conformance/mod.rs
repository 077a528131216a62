//! What every store must do, written once and run over each of them: in memory, SQLite, SQLCipher.
//!
//! A store takes part by implementing [`Kept`] in a test file and naming itself:
//!
//! ```
//! # use domain::bucket::BucketSet;
//! # use testkit::conformance::{Kept, Trouble};
//! # use testkit::memory::{MemoryStore, MemoryTx};
//! struct InMemory(MemoryStore);
//! impl Kept for InMemory {
//!     type Tx<'t> = MemoryTx;
//!     fn fresh(held: BucketSet) -> Result<Self, Trouble> {
//!         Ok(Self(MemoryStore::holding(held)))
//!     }
//!     fn write<T>(&self, work: impl FnOnce(&mut MemoryTx) -> Result<T, Trouble>) -> Result<T, Trouble> {
//!         self.0.transaction(work)
//!     }
//! }
//! testkit::conformance!(InMemory);
//! ```

pub mod authority;
pub mod replica;
pub mod rows;
pub mod sample;

use domain::bucket::BucketSet;
use domain::store_port::{AuthorityStore, ReplicaStore};

/// Any failure: of the store, or one that a behaviour makes on purpose.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// A store under examination.
pub trait Kept: Sized {
    /// One of its transactions.
    type Tx<'t>: ReplicaStore + AuthorityStore;

    /// An empty store that may hold `held`.
    ///
    /// # Errors
    /// When the store cannot be made.
    fn fresh(held: BucketSet) -> Result<Self, Trouble>;

    /// Runs `work` in a transaction and commits it, or rolls everything back when it fails.
    ///
    /// # Errors
    /// What `work` or the store failed with.
    fn write<T>(
        &self,
        work: impl for<'t> FnOnce(&mut Self::Tx<'t>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble>;

    /// Closes it and opens it again, where that means something.
    ///
    /// # Errors
    /// When it does not open any more.
    fn reopened(self) -> Result<Self, Trouble> {
        Ok(self)
    }
}

/// Makes one test of every behaviour for a store that is [`Kept`].
#[macro_export]
macro_rules! conformance {
    ($kept:ty) => {
        $crate::conformance!(@ $kept:
            rows every_table_round_trips,
            rows a_row_is_replaced_and_deleted,
            rows every_read_is_answered,
            rows rows_of_buckets_not_held_are_dropped_and_their_reads_say_so,
            rows a_failed_transaction_leaves_nothing,
            rows what_was_committed_is_there_after_reopening,
            replica outbox_entries_are_kept_in_order_in_every_state,
            replica images_tell_none_from_absent,
            replica named_values_are_kept,
            replica clearing_a_bucket_leaves_the_others,
            replica what_may_be_held_is_remembered,
            replica checksums_kept_up_to_date_equal_recomputed_ones,
            replica checksums_are_of_the_confirmed_rows,
            authority a_decision_is_found_again_and_recorded_once,
            authority places_count_up_without_gaps,
            authority sequences_are_counted_by_incarnation,
            authority changes_come_with_their_content_now,
            authority a_limit_never_splits_a_place,
            authority snapshot_pages_give_every_row_once,
            authority checksums_agree_with_those_of_a_replica,
        );
    };
    (@ $kept:ty: $($part:ident $behaviour:ident,)*) => {$(
        #[test]
        fn $behaviour() -> ::std::result::Result<(), $crate::conformance::Trouble> {
            $crate::conformance::$part::$behaviour::<$kept>()
        }
    )*};
}
