//! Desempenho: what this console measured of itself. Every figure comes from a measurement; where there is none, the view
//! says so instead of showing a zero.

use crate::cache::Scope;
use crate::caches::{Aggregate, AggregateName, Listed};
use crate::console::Console;
use crate::core::{Core, Engine};
use crate::error::AppError;
use crate::session::Session;
use crate::view::performance::{
    CacheView, ErrorCount, HealthLine, MemoryView, PerformanceView, PhotoPipelineView, PointView,
    ScreenTiming, SeriesView, SyncMetrics, TimeRange,
};
use domain::role::Permission;
use monitor::{Area, Interval, Resolution, Series, Times};
use std::path::Path;
use std::time::Duration;
use store::query::PhotoTotals;

/// A person does not notice a wait of so long; the health line counts the answers within it.
const UNNOTICED: Duration = Duration::from_millis(40);
/// Fewer answers than this say nothing about health.
const FEWEST_FOR_HEALTH: u64 = 20;
/// Points of a chart at most.
const MOST_POINTS: i64 = 150;

/// Commands that are slow on purpose (a password is made slow to guess), wait for the network or write a report: they would
/// drown what the health line is about.
const DELIBERATE: [&str; 9] = [
    "session_sign_in",
    "session_unlock",
    "session_set_pin",
    "console_enrol",
    "recovery_kit",
    "recovery_open",
    "passphrase_open",
    "performance_read",
    "performance_export",
];

impl TimeRange {
    /// Its length in milliseconds, and how finely it is measured.
    fn span(self) -> (i64, Resolution) {
        match self {
            Self::FiveMinutes => (5 * 60_000, Resolution::Second),
            Self::Hour => (3_600_000, Resolution::Second),
            Self::Day => (86_400_000, Resolution::Minute),
            Self::Week => (7 * 86_400_000, Resolution::Hour),
            Self::Month => (30 * 86_400_000, Resolution::Hour),
        }
    }

    /// Its length in milliseconds.
    pub(crate) fn length_millis(self) -> i64 {
        self.span().0
    }

    /// Length of one point of a chart in milliseconds: a whole number of measured intervals.
    pub(crate) fn point_millis(self) -> i64 {
        let (length, resolution) = self.span();
        let intervals = (length / resolution.millis()).max(1);
        (intervals + MOST_POINTS - 1) / MOST_POINTS * resolution.millis()
    }
}

/// The readings kept with every second.
pub(crate) fn gauges(core: &Core, console: Option<&Console>) -> Vec<(&'static str, f64)> {
    let usage = core.watch.look(core.files.root());
    let mut gauges = Vec::with_capacity(6);
    let mut put = |name, value: Option<f64>| gauges.extend(value.map(|value| (name, value)));
    put("memory_bytes", usage.own_bytes.map(|bytes| bytes as f64));
    put("web_bytes", usage.child_bytes.map(|bytes| bytes as f64));
    put("cpu", usage.cpu);
    put("disk_free_bytes", usage.disk_free.map(|bytes| bytes as f64));
    put(
        "photo_backlog",
        console.map(|console| console.imports.numbers().backlog as f64),
    );
    gauges
}

fn gauge(intervals: &[Interval], name: &str) -> Option<f64> {
    intervals.iter().rev().find_map(|interval| {
        interval
            .gauges
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    })
}

/// Everything over the range as one interval.
fn merged(intervals: &[Interval]) -> Interval {
    let mut all = Interval::default();
    for interval in intervals {
        all.merge(interval);
    }
    all
}

fn times_of<'a>(series: impl Iterator<Item = &'a Series>) -> (Times, u64) {
    series.fold((Times::default(), 0), |(mut times, errors), series| {
        times.merge(&series.times);
        (times, errors + series.errors)
    })
}

fn health(all: &Interval) -> HealthLine {
    let counted = all
        .series
        .iter()
        .filter(|series| series.area == Area::Command && !DELIBERATE.contains(&&*series.name));
    let (times, errors) = times_of(counted);
    let within = u64::try_from(UNNOTICED.as_micros()).unwrap_or(u64::MAX);
    let samples = times.len();
    let share = |part: u64| {
        if samples == 0 {
            0.0
        } else {
            part as f64 / samples as f64
        }
    };
    let (quick, failed) = (share(times.within(within)), share(errors));
    let level = if samples < FEWEST_FOR_HEALTH {
        "no_data"
    } else if quick >= 0.99 && failed < 0.01 {
        "good"
    } else if quick >= 0.95 && failed < 0.05 {
        "attention"
    } else {
        "bad"
    };
    HealthLine {
        level: level.to_owned(),
        samples: samples as f64,
        share: quick,
        within_ms: UNNOTICED.as_millis() as f64,
        error_share: failed,
    }
}

fn micros(times: &Times, percentile: f64) -> Option<f64> {
    times.percentile(percentile).map(|micros| micros as f64)
}

fn series_views(all: &Interval) -> Vec<SeriesView> {
    let mut views: Vec<SeriesView> = all
        .series
        .iter()
        .filter(|series| !series.times.is_empty())
        .map(|series| SeriesView {
            area: series.area.name().to_owned(),
            name: series.name.to_string(),
            count: series.times.len() as f64,
            errors: series.errors as f64,
            p50_us: micros(&series.times, 50.0).unwrap_or_default(),
            p95_us: micros(&series.times, 95.0).unwrap_or_default(),
            p99_us: micros(&series.times, 99.0).unwrap_or_default(),
            max_us: series
                .times
                .max()
                .map(|micros| micros as f64)
                .unwrap_or_default(),
        })
        .collect();
    views.sort_by(|one, other| other.p99_us.total_cmp(&one.p99_us));
    views
}

/// Intervals as points of a chart, each merged from the measurements themselves.
fn points(intervals: &[Interval], millis: i64) -> Vec<PointView> {
    intervals
        .chunk_by(|one, other| one.at.div_euclid(millis) == other.at.div_euclid(millis))
        .map(|group| {
            let all = merged(group);
            let of = |area| times_of(all.series.iter().filter(move |series| series.area == area)).0;
            let (commands, queries) = (of(Area::Command), of(Area::Query));
            PointView {
                at: group.first().map_or(0, |first| first.at).div_euclid(millis) as f64
                    * millis as f64,
                commands: commands.len() as f64,
                command_p50_us: micros(&commands, 50.0),
                command_p99_us: micros(&commands, 99.0),
                query_p99_us: micros(&queries, 99.0),
                memory_bytes: gauge(group, "memory_bytes"),
                cpu: gauge(group, "cpu"),
                errors: all.failures.iter().map(|(_, count)| *count).sum::<u64>() as f64,
            }
        })
        .collect()
}

fn cache_view(listed: &Listed) -> CacheView {
    let counts = listed.counts;
    let accesses = counts.hits + counts.misses;
    CacheView {
        name: listed.name.to_owned(),
        entries: counts.entries as f64,
        capacity: listed.size.capacity as f64,
        bytes: counts.bytes as f64,
        ttl_seconds: listed.size.ttl_seconds as f64,
        hits: counts.hits as f64,
        misses: counts.misses as f64,
        evictions: counts.evictions as f64,
        hit_ratio: (accesses > 0).then(|| counts.hits as f64 / accesses as f64),
        load_mean_us: (counts.loads > 0)
            .then(|| counts.load_time.as_micros() as f64 / counts.loads as f64),
    }
}

fn bytes_of(path: &Path) -> f64 {
    ["", "-wal", "-shm"]
        .iter()
        .filter_map(|suffix| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            std::fs::metadata(name).ok()
        })
        .map(|file| file.len() as f64)
        .sum()
}

impl Console {
    /// What all photos come to, from the analytics cache.
    pub(crate) fn photo_totals(&self) -> Result<PhotoTotals, AppError> {
        let scope = Scope::Generation(self.store.generation());
        let held = self
            .caches
            .analytics
            .get_or_load(AggregateName::Photos, scope, || {
                self.read("photo_totals", |tx| tx.photo_totals())
                    .map(Aggregate::Photos)
            })?;
        let Aggregate::Photos(totals) = *held;
        Ok(totals)
    }

    fn photo_pipeline(&self) -> Result<PhotoPipelineView, AppError> {
        let (totals, numbers) = (self.photo_totals()?, self.imports.numbers());
        Ok(PhotoPipelineView {
            photos: totals.photos as f64,
            backlog: numbers.backlog as f64,
            original_bytes: totals.original_bytes as f64,
            rendition_bytes: totals.widest_bytes as f64,
            imported: numbers.imported as f64,
            failed: numbers.failed as f64,
        })
    }

    fn sync_metrics(&self, all: &Interval) -> Result<SyncMetrics, AppError> {
        let view = self.sync_view()?;
        let counts = self
            .link()
            .map(crate::net::Link::counts)
            .unwrap_or_default();
        let (receipts, _) = times_of(
            all.series
                .iter()
                .filter(|series| series.area == Area::Sync && series.name == "receipt"),
        );
        let receipt = |percentile| micros(&receipts, percentile).map(|micros| micros / 1000.0);
        Ok(SyncMetrics {
            online: view.connection == crate::view::sync::Connection::Online,
            pending: view.waiting_total,
            parked: view.parked_total,
            bytes_in: counts.bytes_in as f64,
            bytes_out: counts.bytes_out as f64,
            receipt_p50_ms: receipt(50.0),
            receipt_p99_ms: receipt(99.0),
        })
    }
}

impl Engine {
    /// Everything the performance screen shows.
    ///
    /// # Errors
    /// When this person may not see it, or the measurements cannot be read.
    pub fn performance_read(&self, range: TimeRange) -> Result<PerformanceView, AppError> {
        self.answer(Permission::ViewPerformance, |console, _| {
            self.performance(console, range)
        })
    }

    pub(crate) fn performance(
        &self,
        console: &Console,
        range: TimeRange,
    ) -> Result<PerformanceView, AppError> {
        let core = self.core();
        let now = console.now().0;
        let (length, resolution) = range.span();
        let intervals = core
            .monitor()
            .intervals(now - length, resolution)
            .map_err(|error| AppError::retryable("measurements", error.to_string()))?;
        let all = merged(&intervals);
        let caches: Vec<Listed> = console.caches.list();
        let memory = MemoryView {
            app_bytes: gauge(&intervals, "memory_bytes"),
            web_bytes: gauge(&intervals, "web_bytes"),
            cache_bytes: caches.iter().map(|cache| cache.counts.bytes as f64).sum(),
            page_cache_budget_bytes: f64::from(core.config.preset.page_cache_mebibytes)
                * 1024.0
                * 1024.0,
        };
        Ok(PerformanceView {
            at: now as f64,
            range,
            health: health(&all),
            series: series_views(&all),
            points: points(&intervals, range.point_millis()),
            caches: caches.iter().map(cache_view).collect(),
            photos: console.photo_pipeline()?,
            sync: console.sync_metrics(&all)?,
            memory,
            errors: all
                .failures
                .iter()
                .map(|(code, count)| ErrorCount {
                    code: code.clone(),
                    count: *count as f64,
                })
                .collect(),
            database_bytes: bytes_of(&core.files.replica()),
            disk_free_bytes: gauge(&intervals, "disk_free_bytes"),
        })
    }

    /// Empties one cache.
    ///
    /// # Errors
    /// When this person may not, or there is no such cache.
    pub fn cache_clear(&self, name: String) -> Result<(), AppError> {
        let seated = self.seated(Permission::TunePerformance)?;
        if seated.console.caches.clear(&name) {
            Ok(())
        } else {
            Err(AppError::not_found("cache"))
        }
    }

    /// Fills one cache with what today needs and this person may see.
    ///
    /// # Errors
    /// When this person may not, there is no such cache, or the rows cannot be read.
    pub fn cache_warm(&self, name: String) -> Result<(), AppError> {
        let seated = self.seated(Permission::TunePerformance)?;
        let session: &Session = &seated.session;
        seated.console.warm_cache(&name, session)
    }

    /// Takes down a time the window measured. Names come from a fixed list of the interface; others are counted together,
    /// so that nothing a page says can fill the memory.
    ///
    /// # Errors
    /// When the time is not one.
    pub fn screen_painted(&self, timing: ScreenTiming) -> Result<(), AppError> {
        if !(0.0..=600_000.0).contains(&timing.millis) {
            return Err(AppError::invalid("millis"));
        }
        let name = SCREENS
            .iter()
            .find(|known| **known == timing.name)
            .copied()
            .unwrap_or("other");
        tracing::info!(screen = name, millis = timing.millis, "painted");
        self.core().recorder().record(
            Area::Screen,
            name,
            Duration::from_secs_f64(timing.millis / 1000.0),
            true,
        );
        Ok(())
    }
}

/// What the window measures.
const SCREENS: [&str; 14] = [
    "sign_in",
    "signed_in",
    "unlock",
    "today",
    "agenda",
    "clients",
    "client",
    "photos",
    "compare",
    "catalogue",
    "performance",
    "sync",
    "settings",
    "search",
];

#[cfg(test)]
mod tests {
    use super::*;
    use monitor::Recorder;

    fn interval(at: i64, micros: &[u64], errors: usize) -> Interval {
        let recorder = Recorder::new();
        for (number, time) in micros.iter().enumerate() {
            recorder.record(
                Area::Command,
                "agenda_range",
                Duration::from_micros(*time),
                number >= errors,
            );
        }
        let taken = recorder.take();
        Interval {
            at,
            series: taken.series,
            failures: taken.failures,
            gauges: Vec::new(),
        }
    }

    #[test]
    fn health_speaks_only_when_there_is_enough_to_tell() {
        assert_eq!(health(&interval(0, &[100; 5], 0)).level, "no_data");
        assert_eq!(health(&interval(0, &[100; 100], 0)).level, "good");
        let mut slow = vec![100; 97];
        slow.extend([90_000; 3]);
        assert_eq!(health(&interval(0, &slow, 0)).level, "attention");
        assert_eq!(health(&interval(0, &[100; 100], 20)).level, "bad");
    }

    #[test]
    fn points_merge_measurements_and_leave_gaps() {
        let seconds = [
            interval(0, &[100, 200], 0),
            interval(1_000, &[300], 0),
            interval(10_000, &[900], 0),
        ];
        let points = points(&seconds, 5_000);
        assert_eq!(
            points.len(),
            2,
            "nothing is drawn where nothing was measured"
        );
        assert_eq!((points[0].at, points[0].commands), (0.0, 3.0));
        assert_eq!(points[1].at, 10_000.0);
        // Times are kept within one per cent.
        let near = |measured: Option<f64>, wanted: f64| {
            measured.is_some_and(|measured| (measured - wanted).abs() <= wanted / 100.0)
        };
        assert!(near(points[0].command_p50_us, 200.0), "{points:?}");
        assert!(near(points[1].command_p99_us, 900.0), "{points:?}");
        assert_eq!(points[1].query_p99_us, None);
    }

    #[test]
    fn every_range_has_a_bounded_number_of_points() {
        for range in [
            TimeRange::FiveMinutes,
            TimeRange::Hour,
            TimeRange::Day,
            TimeRange::Week,
            TimeRange::Month,
        ] {
            let (length, resolution) = range.span();
            assert!(length / range.point_millis() <= MOST_POINTS, "{range:?}");
            assert_eq!(range.point_millis() % resolution.millis(), 0, "{range:?}");
        }
    }
}
