//! Exports: what the performance screen shows, as a file. Files go into a folder of their own beside the data, named by what
//! they are and when; they hold measurements and nobody's data.

use crate::core::Engine;
use crate::error::AppError;
use crate::files::make_private;
use crate::view::performance::{ExportFormat, ExportView, PerformanceView, TimeRange};
use domain::role::Permission;
use domain::time::{ClinicZone, Timestamp};
use reports::{
    CacheRow, ErrorRow, Health, HealthLevel, Locale, MemoryFigures, PerformanceReport, Period,
    PhotoFigures, Point, SeriesRow, SyncFigures,
};
use std::fs;
use std::path::Path;

/// A count or size of a view, which travels as `f64` and is never negative or broken.
fn whole(number: f64) -> u64 {
    number as u64
}

fn whole_if(number: Option<f64>) -> Option<u64> {
    number.map(whole)
}

fn level(level: &str) -> HealthLevel {
    match level {
        "good" => HealthLevel::Good,
        "attention" => HealthLevel::Attention,
        "bad" => HealthLevel::Bad,
        _ => HealthLevel::NoData,
    }
}

fn series(view: &PerformanceView) -> Vec<SeriesRow> {
    let rows = view.series.iter().map(|series| SeriesRow {
        area: series.area.clone(),
        name: series.name.clone(),
        count: whole(series.count),
        errors: whole(series.errors),
        p50_us: Some(whole(series.p50_us)),
        p95_us: Some(whole(series.p95_us)),
        p99_us: Some(whole(series.p99_us)),
        max_us: Some(whole(series.max_us)),
    });
    rows.collect()
}

fn points(view: &PerformanceView) -> Vec<Point> {
    let points = view.points.iter().map(|point| Point {
        at: Timestamp(point.at as i64),
        commands: whole(point.commands),
        errors: whole(point.errors),
        command_p50_us: whole_if(point.command_p50_us),
        command_p99_us: whole_if(point.command_p99_us),
        query_p99_us: whole_if(point.query_p99_us),
        memory_bytes: whole_if(point.memory_bytes),
        cpu_cores: point.cpu,
    });
    points.collect()
}

fn caches(view: &PerformanceView) -> Vec<CacheRow> {
    let rows = view.caches.iter().map(|cache| CacheRow {
        name: cache.name.clone(),
        entries: whole(cache.entries),
        capacity: whole(cache.capacity),
        bytes: whole(cache.bytes),
        ttl_seconds: whole(cache.ttl_seconds),
        hits: whole(cache.hits),
        misses: whole(cache.misses),
        evictions: whole(cache.evictions),
        hit_ratio: cache.hit_ratio,
        load_mean_us: whole_if(cache.load_mean_us),
    });
    rows.collect()
}

/// Where and when a report is of.
struct Heading {
    clinic: String,
    device: String,
    zone: ClinicZone,
    locale: Locale,
}

fn report(view: &PerformanceView, heading: &Heading) -> PerformanceReport {
    let until = Timestamp(view.at as i64);
    PerformanceReport {
        title: match heading.locale {
            Locale::PtBr => "Desempenho",
            Locale::En => "Performance",
        }
        .to_owned(),
        clinic: heading.clinic.clone(),
        device: heading.device.clone(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        period: Period {
            from: Timestamp(until.0 - view.range.length_millis()),
            until,
            interval_ms: u64::try_from(view.range.point_millis()).unwrap_or(0),
        },
        generated_at: until,
        zone: heading.zone.clone(),
        health: Health {
            level: level(&view.health.level),
            samples: whole(view.health.samples),
            share_within: view.health.share,
            within_ms: view.health.within_ms,
            error_share: view.health.error_share,
        },
        series: series(view),
        points: points(view),
        caches: caches(view),
        errors: view
            .errors
            .iter()
            .map(|error| ErrorRow {
                code: error.code.clone(),
                count: whole(error.count),
            })
            .collect(),
        photos: Some(PhotoFigures {
            photos: whole(view.photos.photos),
            backlog: whole(view.photos.backlog),
            original_bytes: whole(view.photos.original_bytes),
            rendition_bytes: whole(view.photos.rendition_bytes),
            imported: whole(view.photos.imported),
            failed: whole(view.photos.failed),
        }),
        sync: Some(SyncFigures {
            online: view.sync.online,
            pending: whole(view.sync.pending),
            parked: whole(view.sync.parked),
            received_bytes: whole(view.sync.bytes_in),
            sent_bytes: whole(view.sync.bytes_out),
            receipt_p50_ms: view.sync.receipt_p50_ms,
            receipt_p99_ms: view.sync.receipt_p99_ms,
        }),
        memory: MemoryFigures {
            app_bytes: whole_if(view.memory.app_bytes),
            web_bytes: whole_if(view.memory.web_bytes),
            cache_bytes: Some(whole(view.memory.cache_bytes)),
            page_cache_budget_bytes: Some(whole(view.memory.page_cache_budget_bytes)),
            database_bytes: Some(whole(view.database_bytes)),
            disk_free_bytes: whole_if(view.disk_free_bytes),
        },
    }
}

fn failed(error: &dyn std::error::Error) -> AppError {
    AppError::retryable(
        "export",
        format!("the file could not be written: {error}; check the free space"),
    )
}

/// Writes whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

impl Engine {
    /// Writes what the performance screen shows into a file and says where it is.
    ///
    /// # Errors
    /// When this person may not export, or the file cannot be written.
    pub fn performance_export(
        &self,
        format: ExportFormat,
        range: TimeRange,
    ) -> Result<ExportView, AppError> {
        let seated = self.seated(Permission::Export)?;
        let console = &seated.console;
        let view = self.performance(console, range)?;
        let clinic = console.the_clinic()?;
        let heading = Heading {
            clinic: clinic.profile.name.clone(),
            device: console.record().name.clone(),
            zone: clinic.zone.clone(),
            locale: if self.core().preferences().locale == "en" {
                Locale::En
            } else {
                Locale::PtBr
            },
        };
        let report = report(&view, &heading);
        let (ending, bytes) = match format {
            ExportFormat::Csv => ("csv", reports::performance_csv(&report, heading.locale)),
            ExportFormat::Json => ("json", reports::performance_json(&report)),
            ExportFormat::Report => (
                "html",
                reports::performance_html(&report, heading.locale).map(String::into_bytes),
            ),
        };
        let bytes = bytes.map_err(|error| failed(&error))?;
        let folder = self.core().files.root().join("exports");
        make_private(&folder).map_err(|error| failed(&error))?;
        let path = folder.join(format!("{}.{ending}", name(&clinic.zone, view.at)));
        write(&path, &bytes).map_err(|error| failed(&error))?;
        console.audit(seated.session.staff().id, "performance_export", None)?;
        Ok(ExportView {
            path: path.display().to_string(),
            bytes: bytes.len() as f64,
        })
    }
}

/// `espelho-desempenho-2026-11-25-140500`.
fn name(zone: &ClinicZone, at: f64) -> String {
    let civil = zone.civil(Timestamp(at as i64));
    format!(
        "espelho-desempenho-{}-{:02}{:02}{:02}",
        civil.date(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}
