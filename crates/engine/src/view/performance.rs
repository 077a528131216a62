//! Desempenho: measurements of this console, all of them read from the running engine.

use serde::{Deserialize, Serialize};
use specta::Type;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TimeRange {
    /// The last five minutes, second by second.
    FiveMinutes,
    /// The last hour.
    Hour,
    /// The last day.
    Day,
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
}

/// Everything the screen shows.
#[derive(Clone, Debug, Serialize, Type)]
pub struct PerformanceView {
    /// When it was read (ms).
    pub at: f64,
    /// Over which range.
    pub range: TimeRange,
    /// Health in one line.
    pub health: HealthLine,
    /// Latencies by series, slowest p99 first.
    pub series: Vec<SeriesView>,
    /// Points for the latency, rate and memory charts.
    pub points: Vec<PointView>,
    /// Caches.
    pub caches: Vec<CacheView>,
    /// Photo pipeline.
    pub photos: PhotoPipelineView,
    /// Sync.
    pub sync: SyncMetrics,
    /// Memory now.
    pub memory: MemoryView,
    /// Errors by code over the range.
    pub errors: Vec<ErrorCount>,
    /// Database size on disk in bytes.
    pub database_bytes: f64,
    /// Free space where the data are, in bytes; `None` where the system does not tell.
    pub disk_free_bytes: Option<f64>,
}

/// Health in one line.
#[derive(Clone, Debug, Serialize, Type)]
pub struct HealthLine {
    /// `good`, `attention`, `bad` or `no_data`.
    pub level: String,
    /// Commands measured over the range.
    pub samples: f64,
    /// Share of commands answered within `within_ms`, 0 to 1.
    pub share: f64,
    /// The bound.
    pub within_ms: f64,
    /// Share of commands that ended in an error, 0 to 1.
    pub error_share: f64,
}

/// One measured series.
#[derive(Clone, Debug, Serialize, Type)]
pub struct SeriesView {
    /// `command`, `query`, `cache`, `photo`, `sync` or `screen`.
    pub area: String,
    /// Name.
    pub name: String,
    /// Samples.
    pub count: f64,
    /// Errors among them.
    pub errors: f64,
    /// Median in microseconds.
    pub p50_us: f64,
    /// 95th percentile in microseconds.
    pub p95_us: f64,
    /// 99th percentile in microseconds.
    pub p99_us: f64,
    /// Largest in microseconds.
    pub max_us: f64,
}

/// One point in time.
#[derive(Clone, Debug, Serialize, Type)]
pub struct PointView {
    /// Begin of the interval (ms).
    pub at: f64,
    /// Commands answered.
    pub commands: f64,
    /// Median of the commands in microseconds; `None` without commands.
    pub command_p50_us: Option<f64>,
    /// 99th percentile of the commands in microseconds.
    pub command_p99_us: Option<f64>,
    /// 99th percentile of the queries in microseconds.
    pub query_p99_us: Option<f64>,
    /// Memory of the app's process in bytes.
    pub memory_bytes: Option<f64>,
    /// Processor share of the app's process, 0 to 1 per core.
    pub cpu: Option<f64>,
    /// Errors.
    pub errors: f64,
}

/// One cache.
#[derive(Clone, Debug, Serialize, Type)]
pub struct CacheView {
    /// `client_profiles`, `catalogue`, `photos` or `analytics`.
    pub name: String,
    /// Entries now.
    pub entries: f64,
    /// Entries at most.
    pub capacity: f64,
    /// Bytes now.
    pub bytes: f64,
    /// Time to live in seconds.
    pub ttl_seconds: f64,
    /// Answered from the cache since the start.
    pub hits: f64,
    /// Not found.
    pub misses: f64,
    /// Thrown out.
    pub evictions: f64,
    /// Hits / (hits + misses); `None` before the first access.
    pub hit_ratio: Option<f64>,
    /// Mean load time in microseconds; `None` before the first load.
    pub load_mean_us: Option<f64>,
}

/// The photo pipeline.
#[derive(Clone, Debug, Serialize, Type)]
pub struct PhotoPipelineView {
    /// Photos held.
    pub photos: f64,
    /// Waiting for renditions.
    pub backlog: f64,
    /// Bytes of the originals.
    pub original_bytes: f64,
    /// Bytes of the widest rendition of each.
    pub rendition_bytes: f64,
    /// Files imported since the start.
    pub imported: f64,
    /// Files that failed since the start.
    pub failed: f64,
}

/// Sync in numbers.
#[derive(Clone, Debug, Serialize, Type)]
pub struct SyncMetrics {
    /// Whether the connection stands.
    pub online: bool,
    /// Actions waiting for a receipt.
    pub pending: f64,
    /// Actions that wait for a person.
    pub parked: f64,
    /// Bytes received since the start.
    pub bytes_in: f64,
    /// Bytes sent since the start.
    pub bytes_out: f64,
    /// Median from commit to receipt in milliseconds; `None` without receipts.
    pub receipt_p50_ms: Option<f64>,
    /// 99th percentile from commit to receipt in milliseconds.
    pub receipt_p99_ms: Option<f64>,
}

/// Memory now.
#[derive(Clone, Debug, Serialize, Type)]
pub struct MemoryView {
    /// The app's own process, proportional set size, in bytes; `None` before the first reading.
    pub app_bytes: Option<f64>,
    /// The web processes, in bytes.
    pub web_bytes: Option<f64>,
    /// Of the app's: what the caches hold.
    pub cache_bytes: f64,
    /// Of the app's: the budget of the database's page cache.
    pub page_cache_budget_bytes: f64,
}

/// An error's count.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ErrorCount {
    /// Stable code.
    pub code: String,
    /// How often.
    pub count: f64,
}

/// What to write to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Table for a spreadsheet.
    Csv,
    /// Everything, machine-readable.
    Json,
    /// Printable report with charts.
    Report,
}

/// Where an export went.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ExportView {
    /// Full path.
    pub path: String,
    /// Its length in bytes.
    pub bytes: f64,
}

/// A time the window measured itself.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct ScreenTiming {
    /// Which screen or step.
    pub name: String,
    /// From key press or click to painted, in milliseconds.
    pub millis: f64,
}
