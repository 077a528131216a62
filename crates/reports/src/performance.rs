//! The tables of a performance report, and its exports as data.

use crate::ReportError;
use crate::data::PerformanceReport;
use crate::locale::Locale;
use crate::table::{Cell, Table, csv};
use serde::Serialize;

/// The name and version of the JSON export; the version rises when a field changes its meaning or goes away.
const FORMAT: &str = "espelho.performance";
const VERSION: u32 = 1;

/// Everything in the report as JSON, for machines: every name carries its unit.
///
/// # Errors
/// When a value cannot be written.
pub fn performance_json(report: &PerformanceReport) -> Result<Vec<u8>, ReportError> {
    #[derive(Serialize)]
    struct Export<'a> {
        format: &'static str,
        version: u32,
        #[serde(flatten)]
        report: &'a PerformanceReport,
    }
    Ok(serde_json::to_vec_pretty(&Export {
        format: FORMAT,
        version: VERSION,
        report,
    })?)
}

/// Everything in the report as tables for a spreadsheet.
///
/// # Errors
/// When a row cannot be written.
pub fn performance_csv(report: &PerformanceReport, locale: Locale) -> Result<Vec<u8>, ReportError> {
    let tables = [
        about(report, locale),
        series(report, locale),
        points(report, locale),
        caches(report, locale),
        errors(report, locale),
    ];
    csv(&tables, locale, &report.zone)
}

fn millis(micros: Option<u64>) -> Cell {
    Cell::number(micros.map(|micros| micros as f64 / 1000.0), 3)
}

fn megabytes(bytes: Option<u64>) -> Cell {
    Cell::number(bytes.map(|bytes| bytes as f64 / 1e6), 1)
}

fn table(title: &str, columns: Vec<String>, rows: Vec<Vec<Cell>>) -> Table {
    Table {
        title: title.to_owned(),
        columns,
        rows,
    }
}

/// What was measured where and when, and every single figure with its unit.
fn about(report: &PerformanceReport, locale: Locale) -> Table {
    let words = locale.words();
    let text = |name: &str, value: &str| vec![Cell::from(name), Cell::from(value), Cell::Empty];
    let time = |name: &str, at| vec![Cell::from(name), Cell::Time(at), Cell::Empty];
    let one = |group: &str, name: &str, value: Cell, unit: &str| {
        vec![
            Cell::Text(format!("{group}: {name}")),
            value,
            Cell::from(unit),
        ]
    };
    let mut rows = vec![
        text(words.clinic, &report.clinic),
        text(words.device, &report.device),
        text(words.version, &report.app_version),
        time(words.period_begin, report.period.from),
        time(words.period_end, report.period.until),
        time(words.generated, report.generated_at),
        vec![
            Cell::from(words.rate),
            Cell::Count(report.health.samples),
            Cell::Empty,
        ],
    ];
    if let Some(photos) = &report.photos {
        let group = words.photos;
        rows.extend([
            one(group, words.photos_held, photos.photos.into(), ""),
            one(group, words.photos_backlog, photos.backlog.into(), ""),
            one(
                group,
                words.photos_original,
                megabytes(Some(photos.original_bytes)),
                "MB",
            ),
            one(
                group,
                words.photos_rendition,
                megabytes(Some(photos.rendition_bytes)),
                "MB",
            ),
            one(group, words.photos_imported, photos.imported.into(), ""),
            one(group, words.photos_failed, photos.failed.into(), ""),
        ]);
    }
    if let Some(sync) = &report.sync {
        let group = words.sync;
        let state = if sync.online {
            words.online
        } else {
            words.offline
        };
        rows.extend([
            one(group, words.connection, Cell::from(state), ""),
            one(group, words.pending, sync.pending.into(), ""),
            one(group, words.parked, sync.parked.into(), ""),
            one(
                group,
                words.received,
                megabytes(Some(sync.received_bytes)),
                "MB",
            ),
            one(group, words.sent, megabytes(Some(sync.sent_bytes)), "MB"),
            one(
                group,
                words.receipt_p50,
                Cell::number(sync.receipt_p50_ms, 1),
                "ms",
            ),
            one(
                group,
                words.receipt_p99,
                Cell::number(sync.receipt_p99_ms, 1),
                "ms",
            ),
        ]);
    }
    let (group, memory) = (words.memory_now, &report.memory);
    for (name, bytes) in [
        (words.memory_app, memory.app_bytes),
        (words.memory_web, memory.web_bytes),
        (words.memory_caches, memory.cache_bytes),
        (words.memory_pages, memory.page_cache_budget_bytes),
        (words.database, memory.database_bytes),
        (words.disk_free, memory.disk_free_bytes),
    ] {
        rows.push(one(group, name, megabytes(bytes), "MB"));
    }
    let columns = [words.figure, words.value, words.unit];
    table(&report.title, columns.map(str::to_owned).into(), rows)
}

fn series(report: &PerformanceReport, locale: Locale) -> Table {
    let words = locale.words();
    let columns = vec![
        words.area.to_owned(),
        words.name.to_owned(),
        words.count.to_owned(),
        words.errors.to_owned(),
        "p50 (ms)".to_owned(),
        "p95 (ms)".to_owned(),
        "p99 (ms)".to_owned(),
        format!("{} (ms)", words.max),
    ];
    let rows = report.series.iter().map(|row| {
        vec![
            Cell::from(locale.area(&row.area)),
            Cell::from(row.name.as_str()),
            row.count.into(),
            row.errors.into(),
            millis(row.p50_us),
            millis(row.p95_us),
            millis(row.p99_us),
            millis(row.max_us),
        ]
    });
    table(words.series, columns, rows.collect())
}

fn points(report: &PerformanceReport, locale: Locale) -> Table {
    let words = locale.words();
    let columns = vec![
        words.at.to_owned(),
        words.rate.to_owned(),
        words.errors.to_owned(),
        "p50 (ms)".to_owned(),
        "p99 (ms)".to_owned(),
        format!("{} (ms)", words.queries_p99),
        format!("{} (MB)", words.memory),
        format!("{} ({})", words.cpu, words.cores),
    ];
    let rows = report.points.iter().map(|point| {
        vec![
            Cell::Time(point.at),
            point.commands.into(),
            point.errors.into(),
            millis(point.command_p50_us),
            millis(point.command_p99_us),
            millis(point.query_p99_us),
            megabytes(point.memory_bytes),
            Cell::number(point.cpu_cores, 3),
        ]
    });
    table(words.points, columns, rows.collect())
}

fn caches(report: &PerformanceReport, locale: Locale) -> Table {
    let words = locale.words();
    let columns = vec![
        words.cache.to_owned(),
        words.entries.to_owned(),
        words.capacity.to_owned(),
        format!("{} (MB)", words.size),
        format!("{} (s)", words.ttl),
        words.hits.to_owned(),
        words.misses.to_owned(),
        words.evictions.to_owned(),
        format!("{} (%)", words.ratio),
        format!("{} (ms)", words.load),
    ];
    let rows = report.caches.iter().map(|cache| {
        vec![
            Cell::from(locale.cache(&cache.name)),
            cache.entries.into(),
            cache.capacity.into(),
            megabytes(Some(cache.bytes)),
            cache.ttl_seconds.into(),
            cache.hits.into(),
            cache.misses.into(),
            cache.evictions.into(),
            Cell::number(cache.hit_ratio.map(|ratio| ratio * 100.0), 1),
            millis(cache.load_mean_us),
        ]
    });
    table(words.caches, columns, rows.collect())
}

fn errors(report: &PerformanceReport, locale: Locale) -> Table {
    let words = locale.words();
    let columns = vec![words.code.to_owned(), words.count.to_owned()];
    let rows = report
        .errors
        .iter()
        .map(|error| vec![Cell::from(error.code.as_str()), error.count.into()]);
    table(words.errors_by_code, columns, rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap();
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let records = reader.records().map(Result::unwrap);
        records
            .map(|record| record.iter().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn a_spreadsheet_reads_back_what_was_measured() {
        let report = sample::hour();
        let rows = read(&performance_csv(&report, Locale::PtBr).unwrap());
        let begin = rows
            .iter()
            .position(|row| row[0] == "Tempos por operação")
            .unwrap();
        for (row, series) in rows[begin + 2..].iter().zip(&report.series) {
            let millis: f64 = row[6].replace(',', ".").parse().unwrap();
            assert_eq!(
                (&row[1], &row[2]),
                (&series.name, &series.count.to_string())
            );
            assert_eq!(Some((millis * 1000.0).round() as u64), series.p99_us);
        }
        let begin = rows
            .iter()
            .position(|row| row[0] == "Medidas por intervalo")
            .unwrap();
        let points = &rows[begin + 2..begin + 2 + report.points.len()];
        assert_eq!(points[0][0], "25/11/2026 14:05:00");
        let idle = report
            .points
            .iter()
            .position(|point| point.commands == 0)
            .unwrap();
        assert_eq!(
            (points[idle][1].as_str(), points[idle][3].as_str()),
            ("0", "")
        );
        assert_eq!(rows[begin + 2 + report.points.len()], [""]);
    }

    #[test]
    fn the_spreadsheet_has_its_tables_one_below_the_other() {
        let mut report = sample::hour();
        report.device = "=HYPERLINK(\"x\";\"y\")".into();
        report.points.truncate(2);
        report.series.truncate(2);
        let text = String::from_utf8(performance_csv(&report, Locale::PtBr).unwrap()).unwrap();
        assert!(text.starts_with('\u{feff}'));
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        insta::assert_snapshot!("spreadsheet", text);
    }

    #[test]
    fn names_in_the_json_are_stable_and_carry_their_units() {
        let mut report = sample::hour();
        report.points.truncate(1);
        report.series.truncate(1);
        report.caches.truncate(1);
        let text = String::from_utf8(performance_json(&report).unwrap()).unwrap();
        insta::assert_snapshot!("json", text);
    }
}
