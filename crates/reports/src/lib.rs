//! Reports: rows in; tables for spreadsheets, JSON for machines, charts and printable pages out.
//!
//! Not for: reading or measuring anything, or deciding what it means. Whoever has the rows hands them in as
//! [`PerformanceReport`] or [`Table`] and writes the bytes to a file.
//!
//! Invariants: what was not measured is an empty cell, `null` or a gap, never a number; text from the rows is text in every
//! output, never markup or a formula; a report is one file that loads nothing from anywhere.
//!
//! ```
//! use domain::time::ClinicZone;
//! use reports::{Cell, Locale, Table, csv};
//! let table = Table {
//!     title: "Tempos".into(),
//!     columns: vec!["Operação".into(), "p99 (ms)".into()],
//!     rows: vec![vec![Cell::from("agenda_range"), Cell::Number(1234.5, 1)]],
//! };
//! let bytes = csv(&[table], Locale::PtBr, &ClinicZone::sao_paulo())?;
//! assert_eq!(bytes, "\u{feff}Tempos\r\nOperação;p99 (ms)\r\nagenda_range;1234,5\r\n".as_bytes());
//! # Ok::<(), reports::ReportError>(())
//! ```

mod axis;
mod chart;
mod data;
mod html;
mod locale;
mod performance;
mod table;
mod words;

pub use chart::{commands_chart, latency_chart, memory_chart};
pub use data::{
    CacheRow, ErrorRow, Health, HealthLevel, MemoryFigures, PerformanceReport, Period,
    PhotoFigures, Point, SeriesRow, SyncFigures,
};
pub use html::performance_html;
pub use locale::Locale;
pub use performance::{performance_csv, performance_json};
pub use table::{Cell, Table, csv};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A row of a table could not be written.
    #[error("the table could not be written: {0}")]
    Csv(#[from] ::csv::Error),
    /// The JSON could not be written.
    #[error("the JSON could not be written: {0}")]
    Json(#[from] serde_json::Error),
    /// A chart could not be drawn.
    #[error("the chart could not be drawn: {0}")]
    Chart(String),
}

#[cfg(test)]
mod sample;
