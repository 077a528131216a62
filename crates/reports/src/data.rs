//! What a performance report is made of. The names and units of the JSON export are those of these fields.

use domain::time::{ClinicZone, Timestamp};
use serde::Serialize;

/// Measurements of one console over a period.
///
/// What was not measured is `None` or absent: nothing here is filled in.
#[derive(Clone, Debug, Serialize)]
pub struct PerformanceReport {
    /// What stands at the top.
    pub title: String,
    /// The clinic's name.
    pub clinic: String,
    /// The console's name.
    pub device: String,
    /// The app's version.
    pub app_version: String,
    /// Over which time.
    pub period: Period,
    /// When the report was made.
    #[serde(rename = "generated_at_unix_ms")]
    pub generated_at: Timestamp,
    /// In whose time zone times are written.
    #[serde(skip)]
    pub zone: ClinicZone,
    /// Health in one line.
    pub health: Health,
    /// Times by operation, in the order in which they are to be shown.
    pub series: Vec<SeriesRow>,
    /// Points of the charts, oldest first. An interval without a point was not measured.
    pub points: Vec<Point>,
    /// Caches.
    pub caches: Vec<CacheRow>,
    /// Errors by code over the period.
    pub errors: Vec<ErrorRow>,
    /// Photo pipeline; `None` where this console has none.
    pub photos: Option<PhotoFigures>,
    /// Sync; `None` where this console does not sync.
    pub sync: Option<SyncFigures>,
    /// Memory and disk at `generated_at`.
    pub memory: MemoryFigures,
}

/// A stretch of time and how finely it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Begin.
    #[serde(rename = "from_unix_ms")]
    pub from: Timestamp,
    /// End, exclusive.
    #[serde(rename = "until_unix_ms")]
    pub until: Timestamp,
    /// Length of one point's interval in milliseconds.
    pub interval_ms: u64,
}

/// How well the console does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthLevel {
    /// As fast as it should be.
    Good,
    /// Slower than it should be.
    Attention,
    /// So slow that it hinders work.
    Bad,
    /// Nothing was measured.
    NoData,
}

/// Health in one line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Health {
    /// How well.
    pub level: HealthLevel,
    /// Commands measured.
    pub samples: u64,
    /// Share of commands answered within `within_ms`, 0 to 1.
    pub share_within: f64,
    /// The bound in milliseconds.
    pub within_ms: f64,
    /// Share of commands that ended in an error, 0 to 1.
    pub error_share: f64,
}

/// Times of one operation over the period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeriesRow {
    /// `command`, `query`, `cache`, `photo`, `sync` or `screen`.
    pub area: String,
    /// Name within the area.
    pub name: String,
    /// How often it was measured.
    pub count: u64,
    /// How many of them ended in an error.
    pub errors: u64,
    /// Median in microseconds.
    pub p50_us: Option<u64>,
    /// 95th percentile in microseconds.
    pub p95_us: Option<u64>,
    /// 99th percentile in microseconds.
    pub p99_us: Option<u64>,
    /// Largest in microseconds.
    pub max_us: Option<u64>,
}

/// One interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its begin.
    #[serde(rename = "at_unix_ms")]
    pub at: Timestamp,
    /// Commands answered.
    pub commands: u64,
    /// How many commands ended in an error.
    pub errors: u64,
    /// Median of the commands in microseconds; `None` without commands.
    pub command_p50_us: Option<u64>,
    /// 99th percentile of the commands in microseconds.
    pub command_p99_us: Option<u64>,
    /// 99th percentile of the queries in microseconds.
    pub query_p99_us: Option<u64>,
    /// Memory of the app's process in bytes.
    pub memory_bytes: Option<u64>,
    /// Processor use of the app's process in cores: 1 is one core.
    pub cpu_cores: Option<f64>,
}

/// One cache.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CacheRow {
    /// `client_profiles`, `catalogue`, `photos` or `analytics`.
    pub name: String,
    /// Entries now.
    pub entries: u64,
    /// Entries at most.
    pub capacity: u64,
    /// Bytes now.
    pub bytes: u64,
    /// Time to live in seconds.
    pub ttl_seconds: u64,
    /// Answered from the cache since the start.
    pub hits: u64,
    /// Not found since the start.
    pub misses: u64,
    /// Thrown out since the start.
    pub evictions: u64,
    /// Hits / (hits + misses), 0 to 1; `None` before the first access.
    pub hit_ratio: Option<f64>,
    /// Mean time of a load in microseconds; `None` before the first.
    pub load_mean_us: Option<u64>,
}

/// How often an error came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorRow {
    /// Stable code.
    pub code: String,
    /// How often.
    pub count: u64,
}

/// The photo pipeline at the time of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoFigures {
    /// Photos held.
    pub photos: u64,
    /// Waiting for renditions.
    pub backlog: u64,
    /// Bytes of the originals.
    pub original_bytes: u64,
    /// Bytes of the widest rendition of each.
    pub rendition_bytes: u64,
    /// Files imported since the start.
    pub imported: u64,
    /// Files that failed since the start.
    pub failed: u64,
}

/// Sync at the time of the report.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SyncFigures {
    /// Whether the connection stood.
    pub online: bool,
    /// Actions waiting for a receipt.
    pub pending: u64,
    /// Actions that wait for a person.
    pub parked: u64,
    /// Bytes received since the start.
    pub received_bytes: u64,
    /// Bytes sent since the start.
    pub sent_bytes: u64,
    /// Median from commit to receipt in milliseconds; `None` without receipts.
    pub receipt_p50_ms: Option<f64>,
    /// 99th percentile from commit to receipt in milliseconds.
    pub receipt_p99_ms: Option<f64>,
}

/// Memory and disk at the time of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemoryFigures {
    /// The app's own process, in bytes.
    pub app_bytes: Option<u64>,
    /// The web processes, in bytes.
    pub web_bytes: Option<u64>,
    /// Of the app's: what the caches hold, in bytes.
    pub cache_bytes: Option<u64>,
    /// Of the app's: the budget of the database's page cache, in bytes.
    pub page_cache_budget_bytes: Option<u64>,
    /// The database on disk, in bytes.
    pub database_bytes: Option<u64>,
    /// Free space where the data are, in bytes.
    pub disk_free_bytes: Option<u64>,
}
