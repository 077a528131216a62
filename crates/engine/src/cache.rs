//! Caches of assembled views: by bytes and entries, with an age limit, single-flight loads, and a stamp that keeps a load
//! begun before a commit from being served after it.
//!
//! Every entry is stamped with the store's generation as it was *before* its load began. A commit bumps the generation
//! before the writer returns; an entry with an older stamp is a miss. So no read after a commit returns the older value,
//! and nothing needs to be invalidated by hand. Entries of one role are keyed apart from another's by the key itself.

use crate::preset::CacheSize;
use moka::ops::compute::Op;
use moka::sync::Cache as Moka;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What an entry costs.
pub trait Weigh {
    /// Bytes it holds, roughly; never less than its buffers.
    fn weigh(&self) -> u64;
}

/// Which writes make an entry stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Any commit of the store.
    Generation(u64),
    /// None: what the entry holds never changes under its key.
    Immutable,
}

struct Stamped<V> {
    scope: Scope,
    value: Arc<V>,
}

impl<V> Clone for Stamped<V> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope,
            value: Arc::clone(&self.value),
        }
    }
}

/// Counts since the start or the last clearing of the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CacheCounts {
    /// Entries now.
    pub entries: u64,
    /// Bytes now.
    pub bytes: u64,
    /// Answered from the cache.
    pub hits: u64,
    /// Loaded.
    pub misses: u64,
    /// Thrown out for space or age.
    pub evictions: u64,
    /// Loads that ended well.
    pub loads: u64,
    /// Time spent in them.
    pub load_time: Duration,
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    loads: AtomicU64,
    load_nanos: AtomicU64,
}

/// One cache.
pub struct Cache<K, V> {
    name: &'static str,
    size: CacheSize,
    entries: Moka<K, Stamped<V>>,
    counters: Arc<Counters>,
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Weigh + Send + Sync + 'static,
{
    /// An empty cache.
    pub fn new(name: &'static str, size: CacheSize) -> Self {
        let counters = Arc::new(Counters::default());
        let evicted = Arc::clone(&counters);
        // moka bounds one measure. Bytes are the bound that protects the machine; an entry weighs at least its share of
        // the capacity, so the number of entries is bounded by the same measure.
        let least = (size.bytes() / size.capacity.max(1)).max(1);
        let entries = Moka::builder()
            .name(name)
            .max_capacity(size.bytes())
            .weigher(move |_, entry: &Stamped<V>| {
                u32::try_from(entry.value.weigh().saturating_add(OVERHEAD).max(least))
                    .unwrap_or(u32::MAX)
            })
            .time_to_live(size.ttl())
            .eviction_listener(move |_, _, cause| {
                if cause.was_evicted() {
                    evicted.evictions.fetch_add(1, Relaxed);
                }
            })
            .build();
        Self {
            name,
            size,
            entries,
            counters,
        }
    }

    /// The cache's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its limits.
    pub fn size(&self) -> CacheSize {
        self.size
    }

    /// The value under `key`, loaded when it is absent, too old or stale. Concurrent callers of one key wait for one load.
    pub fn get_or_load<E>(
        &self,
        key: K,
        scope: Scope,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if let Some(entry) = self.entries.get(&key)
            && entry.scope == scope
        {
            self.counters.hits.fetch_add(1, Relaxed);
            return Ok(entry.value);
        }
        self.counters.misses.fetch_add(1, Relaxed);
        let mut answer = None;
        self.entries.entry(key).and_compute_with(|held| {
            // Another caller may have loaded it while this one waited for its turn.
            if let Some(entry) = held.map(moka::Entry::into_value)
                && entry.scope == scope
            {
                answer = Some(Ok(entry.value));
                return Op::Nop;
            }
            match self.timed(load) {
                Ok(value) => {
                    let value = Arc::new(value);
                    answer = Some(Ok(Arc::clone(&value)));
                    Op::Put(Stamped { scope, value })
                }
                Err(error) => {
                    answer = Some(Err(error));
                    Op::Nop
                }
            }
        });
        #[expect(
            clippy::expect_used,
            reason = "the cache runs the closure exactly once"
        )]
        answer.expect("the closure has run")
    }

    fn timed<T, E>(&self, load: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let begun = Instant::now();
        let loaded = load()?;
        self.counters.loads.fetch_add(1, Relaxed);
        self.counters.load_nanos.fetch_add(
            u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX),
            Relaxed,
        );
        Ok(loaded)
    }

    /// Drops every entry.
    pub fn clear(&self) {
        self.entries.invalidate_all();
        self.entries.run_pending_tasks();
    }

    /// Drops one entry.
    pub fn remove(&self, key: &K) {
        self.entries.invalidate(key);
    }

    /// The counts.
    pub fn counts(&self) -> CacheCounts {
        self.entries.run_pending_tasks();
        let counter = |value: &AtomicU64| value.load(Relaxed);
        CacheCounts {
            entries: self.entries.entry_count(),
            bytes: self
                .entries
                .iter()
                .map(|(_, entry)| entry.value.weigh().saturating_add(OVERHEAD))
                .sum(),
            hits: counter(&self.counters.hits),
            misses: counter(&self.counters.misses),
            evictions: counter(&self.counters.evictions),
            loads: counter(&self.counters.loads),
            load_time: Duration::from_nanos(counter(&self.counters.load_nanos)),
        }
    }
}

/// moka's own cost of an entry in bytes, as measured: about 310.
const OVERHEAD: u64 = 310;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;
    use std::thread;

    struct Number(u64);
    impl Weigh for Number {
        fn weigh(&self) -> u64 {
            8
        }
    }

    fn cache(capacity: u64) -> Cache<u32, Number> {
        Cache::new(
            "test",
            CacheSize {
                ttl_seconds: 60,
                capacity,
                mebibytes: 1,
            },
        )
    }

    fn load(value: u64) -> impl FnOnce() -> Result<Number, ()> {
        move || Ok(Number(value))
    }

    #[test]
    fn a_commit_makes_older_entries_stale() {
        let cache = cache(10);
        assert_eq!(
            cache
                .get_or_load(1, Scope::Generation(1), load(10))
                .unwrap()
                .0,
            10
        );
        assert_eq!(
            cache
                .get_or_load(1, Scope::Generation(1), load(11))
                .unwrap()
                .0,
            10
        );
        assert_eq!(
            cache
                .get_or_load(1, Scope::Generation(2), load(12))
                .unwrap()
                .0,
            12
        );
        let counts = cache.counts();
        assert_eq!((counts.hits, counts.misses, counts.loads), (1, 2, 2));
    }

    #[test]
    fn a_failed_load_leaves_nothing_behind() {
        let cache = cache(10);
        assert!(
            cache
                .get_or_load(1, Scope::Immutable, || Err::<Number, _>("no"))
                .is_err()
        );
        assert_eq!(
            cache.get_or_load(1, Scope::Immutable, load(5)).unwrap().0,
            5
        );
    }

    #[test]
    fn concurrent_callers_share_one_load() {
        let cache = Arc::new(cache(10));
        let loads = Arc::new(AtomicU32::new(0));
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let (cache, loads) = (Arc::clone(&cache), Arc::clone(&loads));
                thread::spawn(move || {
                    cache.get_or_load(1, Scope::Immutable, || {
                        loads.fetch_add(1, Relaxed);
                        thread::sleep(Duration::from_millis(20));
                        Ok::<_, ()>(Number(3))
                    })
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.join().unwrap().unwrap().0, 3);
        }
        assert_eq!(loads.load(Relaxed), 1);
    }

    #[test]
    fn entries_stay_within_the_capacity() {
        let cache = cache(10);
        for key in 0..100 {
            cache.get_or_load(key, Scope::Immutable, load(1)).unwrap();
        }
        let counts = cache.counts();
        assert!(counts.entries <= 10, "{counts:?}");
        assert!(counts.evictions >= 90, "{counts:?}");
    }
}
