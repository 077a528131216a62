//! The printable report: one HTML file with its style and charts inside.

use crate::ReportError;
use crate::chart::{commands_chart, latency_chart, memory_chart};
use crate::data::{HealthLevel, PerformanceReport};
use crate::locale::Locale;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The whole report as a page for A4 paper, which a browser shows and prints without loading anything.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn performance_html(report: &PerformanceReport, locale: Locale) -> Result<String, ReportError> {
    let page = Page { report, locale };
    let words = locale.words();
    let interval = page.interval();
    let charts = [
        (
            words.latency,
            words.latency_unit.to_owned(),
            latency_chart(report, locale)?,
        ),
        (
            words.rate,
            format!("{} {interval}", words.rate_unit),
            commands_chart(report, locale)?,
        ),
        (
            words.memory,
            words.memory_unit.to_owned(),
            memory_chart(report, locale)?,
        ),
    ];
    let charts: String = charts
        .iter()
        .map(|(title, unit, svg)| {
            let unit = escaped(unit);
            format!("<figure><h2>{title} <span class=\"unit\">{unit}</span></h2>{svg}</figure>\n")
        })
        .collect();
    Ok(format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{css}</style>\n</head>\n<body>\n{header}{health}{charts}{series}{caches}{errors}{figures}\
         <footer>{footnote}</footer>\n</body>\n</html>\n",
        lang = locale.tag(),
        title = escaped(&report.title),
        css = include_str!("report.css"),
        header = page.header(),
        health = page.health(),
        series = page.series(),
        caches = page.caches(),
        errors = page.errors(),
        figures = page.figures(),
        footnote = words.footnote,
    ))
}

/// Text as it may stand in HTML, XML and their attributes. Control characters have no place in either.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let special = |sign: char| {
        matches!(sign, '&' | '<' | '>' | '"' | '\'') || (sign.is_control() && !sign.is_whitespace())
    };
    if !text.contains(special) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign if special(sign) => escaped.push('\u{fffd}'),
            sign => escaped.push(sign),
        }
    }
    Cow::Owned(escaped)
}

/// How a column or cell is set.
#[derive(Clone, Copy)]
enum Set {
    Text,
    Number,
    /// A number that deserves attention when it is not zero.
    Trouble,
}

struct Page<'a> {
    report: &'a PerformanceReport,
    locale: Locale,
}

impl Page<'_> {
    fn header(&self) -> String {
        let (report, words) = (self.report, self.locale.words());
        let period = &report.period;
        let facts = [
            (words.clinic, report.clinic.clone()),
            (words.device, report.device.clone()),
            (words.version, report.app_version.clone()),
            (
                words.period,
                self.locale.period(&report.zone, period.from, period.until),
            ),
            (
                words.generated,
                self.locale.date_time(&report.zone, report.generated_at),
            ),
        ];
        let facts: String = facts
            .iter()
            .map(|(name, value)| fact(name, value))
            .collect();
        format!(
            "<header><h1>{}</h1><dl>{facts}</dl></header>\n",
            escaped(&report.title)
        )
    }

    fn health(&self) -> String {
        let (health, words) = (&self.report.health, self.locale.words());
        let (level, line) = match health.level {
            HealthLevel::Good => ("good", words.health_good),
            HealthLevel::Attention => ("attention", words.health_attention),
            HealthLevel::Bad => ("bad", words.health_bad),
            HealthLevel::NoData => ("no_data", words.health_no_data),
        };
        let within = format!("{}\u{a0}ms", self.locale.number(health.within_ms, 0));
        let line = line
            .replace("{share}", &self.locale.share(health.share_within))
            .replace("{within}", &within);
        let detail = match health.level {
            HealthLevel::NoData => String::new(),
            _ => format!(
                "<small>{} {}, {} {}</small>",
                self.locale.count(health.samples),
                words.measured,
                self.locale.share(health.error_share),
                words.with_error
            ),
        };
        format!("<p class=\"health\" data-level=\"{level}\">{line}{detail}</p>\n")
    }

    /// The length of an interval in words.
    fn interval(&self) -> String {
        let seconds = self.report.period.interval_ms as f64 / 1000.0;
        let (value, unit) = match seconds {
            _ if seconds < 60.0 => (seconds, "s"),
            _ if seconds < 3600.0 => (seconds / 60.0, "min"),
            _ => (seconds / 3600.0, "h"),
        };
        let decimals = usize::from(value.fract() != 0.0);
        format!("{}\u{a0}{unit}", self.locale.number(value, decimals))
    }

    fn millis(&self, micros: Option<u64>) -> String {
        micros.map_or_else(unknown, |micros| self.locale.millis(micros as f64))
    }

    fn bytes(&self, bytes: Option<u64>) -> String {
        bytes.map_or_else(unknown, |bytes| self.locale.bytes(bytes))
    }

    fn series(&self) -> String {
        let words = self.locale.words();
        let columns = [
            (words.name, Set::Text),
            (words.area, Set::Text),
            (words.count, Set::Number),
            (words.errors, Set::Trouble),
            ("p50", Set::Number),
            ("p95", Set::Number),
            ("p99", Set::Number),
            (words.max, Set::Number),
        ];
        let rows = self.report.series.iter().map(|row| {
            [
                row.name.clone(),
                self.locale.area(&row.area).to_owned(),
                self.locale.count(row.count),
                self.locale.count(row.errors),
                self.millis(row.p50_us),
                self.millis(row.p95_us),
                self.millis(row.p99_us),
                self.millis(row.max_us),
            ]
        });
        section(
            words.series,
            words.in_ms,
            &table(columns, rows, words.no_data),
        )
    }

    fn caches(&self) -> String {
        let words = self.locale.words();
        let load = format!("{} (ms)", words.load);
        let columns = [
            (words.cache, Set::Text),
            (words.entries, Set::Number),
            (words.size, Set::Number),
            (words.ratio, Set::Number),
            (words.hits, Set::Number),
            (words.misses, Set::Number),
            (words.evictions, Set::Number),
            (load.as_str(), Set::Number),
        ];
        let rows = self.report.caches.iter().map(|cache| {
            let (entries, capacity) = (
                self.locale.count(cache.entries),
                self.locale.count(cache.capacity),
            );
            [
                self.locale.cache(&cache.name).to_owned(),
                format!("{entries} / {capacity}"),
                self.locale.bytes(cache.bytes),
                cache
                    .hit_ratio
                    .map_or_else(unknown, |ratio| self.locale.share(ratio)),
                self.locale.count(cache.hits),
                self.locale.count(cache.misses),
                self.locale.count(cache.evictions),
                self.millis(cache.load_mean_us),
            ]
        });
        section(words.caches, "", &table(columns, rows, words.no_data))
    }

    fn errors(&self) -> String {
        let words = self.locale.words();
        // No errors is good news only where something was measured.
        let none = match self.report.health.level {
            HealthLevel::NoData => words.no_data,
            _ => words.no_errors,
        };
        let columns = [(words.code, Set::Text), (words.count, Set::Trouble)];
        let rows = self
            .report
            .errors
            .iter()
            .map(|error| [error.code.clone(), self.locale.count(error.count)]);
        section(words.errors_by_code, "", &table(columns, rows, none))
    }

    fn figures(&self) -> String {
        let (words, memory) = (self.locale.words(), &self.report.memory);
        let memory = figures(
            words.memory_now,
            &[
                (words.memory_app, self.bytes(memory.app_bytes)),
                (words.memory_web, self.bytes(memory.web_bytes)),
                (words.memory_caches, self.bytes(memory.cache_bytes)),
                (
                    words.memory_pages,
                    self.bytes(memory.page_cache_budget_bytes),
                ),
                (words.database, self.bytes(memory.database_bytes)),
                (words.disk_free, self.bytes(memory.disk_free_bytes)),
            ],
        );
        format!(
            "<div class=\"figures\">{memory}{}{}</div>\n",
            self.sync(),
            self.photos()
        )
    }

    fn sync(&self) -> String {
        let words = self.locale.words();
        let Some(sync) = &self.report.sync else {
            return String::new();
        };
        let state = if sync.online {
            words.online
        } else {
            words.offline
        };
        let millis = |millis: Option<f64>| {
            millis.map_or_else(unknown, |millis| {
                format!("{}\u{a0}ms", self.locale.millis(millis * 1000.0))
            })
        };
        figures(
            words.sync,
            &[
                (words.connection, state.to_owned()),
                (words.pending, self.locale.count(sync.pending)),
                (words.parked, self.locale.count(sync.parked)),
                (words.receipt_p50, millis(sync.receipt_p50_ms)),
                (words.receipt_p99, millis(sync.receipt_p99_ms)),
                (words.received, self.locale.bytes(sync.received_bytes)),
                (words.sent, self.locale.bytes(sync.sent_bytes)),
            ],
        )
    }

    fn photos(&self) -> String {
        let words = self.locale.words();
        let Some(photos) = &self.report.photos else {
            return String::new();
        };
        figures(
            words.photos,
            &[
                (words.photos_held, self.locale.count(photos.photos)),
                (words.photos_backlog, self.locale.count(photos.backlog)),
                (
                    words.photos_original,
                    self.locale.bytes(photos.original_bytes),
                ),
                (
                    words.photos_rendition,
                    self.locale.bytes(photos.rendition_bytes),
                ),
                (words.photos_imported, self.locale.count(photos.imported)),
                (words.photos_failed, self.locale.count(photos.failed)),
            ],
        )
    }
}

/// What was not measured.
fn unknown() -> String {
    "–".to_owned()
}

fn fact(name: &str, value: &str) -> String {
    format!(
        "<div><dt>{}</dt><dd>{}</dd></div>",
        escaped(name),
        escaped(value)
    )
}

fn figures(title: &str, facts: &[(&str, String)]) -> String {
    let facts: String = facts
        .iter()
        .map(|(name, value)| fact(name, value))
        .collect();
    format!("<section><h2>{title}</h2><dl>{facts}</dl></section>")
}

fn section(title: &str, unit: &str, body: &str) -> String {
    let unit = match unit {
        "" => String::new(),
        unit => format!(" <span class=\"unit\">{unit}</span>"),
    };
    format!("<section class=\"long\"><h2>{title}{unit}</h2>{body}</section>\n")
}

fn table<const N: usize>(
    columns: [(&str, Set); N],
    rows: impl Iterator<Item = [String; N]>,
    none: &str,
) -> String {
    let mut body = String::new();
    for row in rows {
        body.push_str("<tr>");
        for (cell, (_, set)) in row.iter().zip(&columns) {
            let class = match set {
                Set::Text => "text",
                Set::Trouble if cell != "0" => "number some",
                Set::Number | Set::Trouble => "number",
            };
            // Writing to a string cannot fail.
            let _ = write!(body, "<td class=\"{class}\">{}</td>", escaped(cell));
        }
        body.push_str("</tr>\n");
    }
    if body.is_empty() {
        return format!("<p class=\"muted\">{none}</p>");
    }
    let head: String = columns
        .iter()
        .map(|(name, set)| match set {
            Set::Text => format!("<th>{}</th>", escaped(name)),
            Set::Number | Set::Trouble => format!("<th class=\"number\">{}</th>", escaped(name)),
        })
        .collect();
    format!(
        "<table data-columns=\"{N}\"><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"
    )
}

#[cfg(test)]
mod tests;
