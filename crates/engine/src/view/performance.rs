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
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
    pub samples: f64,
    /// Share of commands answered within `within_ms`, 0 to 1.
    #[specta(type = specta_typescript::Number)]
    pub share: f64,
    /// The bound.
    #[specta(type = specta_typescript::Number)]
    pub within_ms: f64,
    /// Share of commands that ended in an error, 0 to 1.
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
    pub count: f64,
    /// Errors among them.
    #[specta(type = specta_typescript::Number)]
    pub errors: f64,
    /// Median in microseconds.
    #[specta(type = specta_typescript::Number)]
    pub p50_us: f64,
    /// 95th percentile in microseconds.
    #[specta(type = specta_typescript::Number)]
    pub p95_us: f64,
    /// 99th percentile in microseconds.
    #[specta(type = specta_typescript::Number)]
    pub p99_us: f64,
    /// Largest in microseconds.
    #[specta(type = specta_typescript::Number)]
    pub max_us: f64,
}

/// One point in time.
#[derive(Clone, Debug, Serialize, Type)]
pub struct PointView {
    /// Begin of the interval (ms).
    #[specta(type = specta_typescript::Number)]
    pub at: f64,
    /// Commands answered.
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
    pub errors: f64,
}

/// One cache.
#[derive(Clone, Debug, Serialize, Type)]
pub struct CacheView {
    /// `client_profiles`, `catalogue`, `photos` or `analytics`.
    pub name: String,
    /// Entries now.
    #[specta(type = specta_typescript::Number)]
    pub entries: f64,
    /// Entries at most.
    #[specta(type = specta_typescript::Number)]
    pub capacity: f64,
    /// Bytes now.
    #[specta(type = specta_typescript::Number)]
    pub bytes: f64,
    /// Time to live in seconds.
    #[specta(type = specta_typescript::Number)]
    pub ttl_seconds: f64,
    /// Answered from the cache since the start.
    #[specta(type = specta_typescript::Number)]
    pub hits: f64,
    /// Not found.
    #[specta(type = specta_typescript::Number)]
    pub misses: f64,
    /// Thrown out.
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
    pub photos: f64,
    /// Waiting for renditions.
    #[specta(type = specta_typescript::Number)]
    pub backlog: f64,
    /// Bytes of the originals.
    #[specta(type = specta_typescript::Number)]
    pub original_bytes: f64,
    /// Bytes of the widest rendition of each.
    #[specta(type = specta_typescript::Number)]
    pub rendition_bytes: f64,
    /// Files imported since the start.
    #[specta(type = specta_typescript::Number)]
    pub imported: f64,
    /// Files that failed since the start.
    #[specta(type = specta_typescript::Number)]
    pub failed: f64,
}

/// Sync in numbers.
#[derive(Clone, Debug, Serialize, Type)]
pub struct SyncMetrics {
    /// Whether the connection stands.
    pub online: bool,
    /// Actions waiting for a receipt.
    #[specta(type = specta_typescript::Number)]
    pub pending: f64,
    /// Actions that wait for a person.
    #[specta(type = specta_typescript::Number)]
    pub parked: f64,
    /// Bytes received since the start.
    #[specta(type = specta_typescript::Number)]
    pub bytes_in: f64,
    /// Bytes sent since the start.
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
    pub cache_bytes: f64,
    /// Of the app's: the budget of the database's page cache.
    #[specta(type = specta_typescript::Number)]
    pub page_cache_budget_bytes: f64,
}

/// An error's count.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ErrorCount {
    /// Stable code.
    pub code: String,
    /// How often.
    #[specta(type = specta_typescript::Number)]
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
    #[specta(type = specta_typescript::Number)]
    pub bytes: f64,
}

/// A time the window measured itself.
#[derive(Clone, Debug, Deserialize, Type)]
pub struct ScreenTiming {
    /// Which screen or step.
    pub name: String,
    /// From key press or click to painted, in milliseconds.
    #[specta(type = specta_typescript::Number)]
    pub millis: f64,
}
