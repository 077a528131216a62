//! The encrypted SQLite database that consoles and the embedded server share.
//!
//! Not for: deciding what an action does (`domain`), rebasing (`replica`), or who may read what (`engine`, `server`).
//!
//! Invariants:
//! - every change of a row goes through one writer, which derives search entries, rollups and bucket checksums from the
//!   old row and the new one;
//! - one connection writes, a few read; a commit is on disk (`synchronous=FULL`) before [`Store::write`] returns, and
//!   listeners are called after it, never inside the transaction;
//! - a file that does not open is left untouched: a wrong key looks just like damage;
//! - contents of erased rows are overwritten (`secure_delete`), and [`Store::checkpoint`] empties the log.
//!
//! Measured on two cores with 100,000 clients and 500,000 appointments: see the benchmark command of the project.
//!
//! ```
//! use domain::bucket::BucketSet;
//! use store::{Key, Options, Store};
//! # let folder = tempfile::tempdir().unwrap();
//! let options = Options { page_cache_mib: 8, readers: 1, held: BucketSet::all() };
//! let store = Store::open(&folder.path().join("clinic.db"), &Key::Plain, &options).unwrap();
//! let found = store.read(|tx| tx.search_clients("maria", 10)).unwrap();
//! assert!(found.is_empty());
//! ```

pub mod audit;
pub mod blob_state;
mod blobs;
mod column;
pub mod device;
mod error;
mod fold;
mod migrate;
pub mod query;
pub mod search;
mod store;
mod table;
mod tx;
mod writer;

pub use blobs::Blobs;
pub use error::StoreError;
pub use fold::fold;
pub use migrate::SCHEMA;
pub use store::{Key, Store};
pub use tx::Tx;

use domain::bucket::BucketSet;

/// Name of the state that says which buckets are held.
const HELD: &str = "held";
/// Name of the state that says the last place taken in the total order.
const HEAD: &str = "head";

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Page cache of all connections together, in MiB.
    pub page_cache_mib: u32,
    /// Reader connections.
    pub readers: u32,
    /// What the store may hold, until the server says otherwise.
    pub held: BucketSet,
}
