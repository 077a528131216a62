//! Figures: named numbers with their unit in the name, as a table and as one flat object.

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Named numbers.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Sets one number; the unit belongs to the name.
    pub fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// One number.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Takes the percentiles of samples in microseconds, and how many there were.
    pub fn micros(&mut self, name: &str, samples: &Samples) {
        for (label, percentile) in [("p50", 50.0), ("p99", 99.0)] {
            self.set(&format!("{name}.{label}_us"), samples.micros(percentile));
        }
        self.set(&format!("{name}.n"), samples.len() as f64);
    }

    /// As [`Figures::micros`], in milliseconds.
    pub fn millis(&mut self, name: &str, samples: &Samples) {
        for (label, percentile) in [("p50", 50.0), ("p99", 99.0)] {
            self.set(
                &format!("{name}.{label}_ms"),
                samples.micros(percentile) / 1000.0,
            );
        }
        self.set(&format!("{name}.n"), samples.len() as f64);
    }

    /// Prints the table.
    pub fn print(&self) {
        let widest = self.0.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in &self.0 {
            println!("{name:<widest$}  {value:>14.3}");
        }
    }

    /// Writes one flat object of name to number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.0)?;
        std::fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))
    }
}

/// Times of one thing.
#[derive(Debug)]
pub struct Samples(Histogram<u64>);

impl Default for Samples {
    fn default() -> Self {
        Self::new()
    }
}

impl Samples {
    /// None yet; nanoseconds up to two minutes with three digits.
    #[expect(
        clippy::expect_used,
        reason = "the bounds are constants that the library allows"
    )]
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, 120_000_000_000, 3).expect("constant bounds"))
    }

    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        self.0
            .saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Runs something, adds its time and gives its answer.
    pub fn time<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let answer = run();
        self.add(begun.elapsed());
        answer
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A percentile (0 to 100) in microseconds.
    pub fn micros(&self, percentile: f64) -> f64 {
        self.0.value_at_percentile(percentile) as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_counts_get_names_with_units() {
        let mut samples = Samples::new();
        for micros in 1..=100 {
            samples.add(Duration::from_micros(micros));
        }
        let mut figures = Figures::default();
        figures.micros("search", &samples);
        assert_eq!(figures.get("search.n"), Some(100.0));
        let p99 = figures.get("search.p99_us").unwrap();
        assert!((98.0..=100.5).contains(&p99), "{p99}");
    }
}
