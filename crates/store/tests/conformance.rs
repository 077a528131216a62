//! The real store has every behaviour of a store, encrypted and not.

use domain::bucket::BucketSet;
use std::marker::PhantomData;
use store::{Key, Options, Store, Tx};
use tempfile::TempDir;
use testkit::conformance::{Kept, Trouble};
use vault::key::DatabaseKey;

/// How the file is kept.
trait Mode {
    fn key() -> Option<DatabaseKey>;
}

struct Plain;
impl Mode for Plain {
    fn key() -> Option<DatabaseKey> {
        None
    }
}

struct Cipher;
impl Mode for Cipher {
    fn key() -> Option<DatabaseKey> {
        DatabaseKey::from_bytes(&[7; 32]).ok()
    }
}

struct OnDisk<M> {
    store: Store,
    folder: TempDir,
    mode: PhantomData<M>,
}

impl<M: Mode> OnDisk<M> {
    fn open(folder: TempDir, held: BucketSet) -> Result<Self, Trouble> {
        let options = Options {
            page_cache_mib: 8,
            readers: 1,
            held,
        };
        let key = M::key();
        let key = key.as_ref().map_or(Key::Plain, Key::Cipher);
        Ok(Self {
            store: Store::open(&folder.path().join("clinic.db"), &key, &options)?,
            folder,
            mode: PhantomData,
        })
    }
}

/// A store failure on its way through [`Store::write`].
struct Failed(Trouble);

impl From<store::StoreError> for Failed {
    fn from(error: store::StoreError) -> Self {
        Self(error.into())
    }
}

impl<M: Mode> Kept for OnDisk<M> {
    type Tx<'t> = Tx<'t>;

    fn fresh(held: BucketSet) -> Result<Self, Trouble> {
        Self::open(tempfile::tempdir()?, held)
    }

    fn write<T>(
        &self,
        work: impl for<'t> FnOnce(&mut Tx<'t>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.store
            .write(|tx| work(tx).map_err(Failed))
            .map_err(|failed| failed.0)
    }

    fn reopened(self) -> Result<Self, Trouble> {
        let Self { store, folder, .. } = self;
        drop(store);
        // What was first given is overridden by what the database itself remembers.
        Self::open(folder, BucketSet::all())
    }
}

mod plain {
    testkit::conformance!(super::OnDisk<super::Plain>);
}

mod cipher {
    testkit::conformance!(super::OnDisk<super::Cipher>);
}
