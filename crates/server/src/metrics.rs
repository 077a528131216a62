//! Figures of the running server in Prometheus' text form. Counts and sizes only; no label ever holds a name.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the receipt histogram's buckets, in seconds. Chosen around the goal of a receipt within 10 ms.
const BOUNDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.010, 0.020, 0.030, 0.050, 0.100, 0.250, 0.500, 1.0, 5.0,
];

/// How long something took, by bucket.
#[derive(Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    /// Adds one observation.
    pub fn record(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BOUNDS
            .iter()
            .position(|bound| seconds <= *bound)
            .and_then(|index| self.buckets.get(index))
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Observations so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn write(&self, out: &mut String, name: &str, help: &str) {
        head(out, name, help, "histogram");
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            line(out, format_args!("{name}_bucket{{le=\"{bound}\"}} {below}"));
        }
        let count = self.count();
        let sum = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        line(out, format_args!("{name}_bucket{{le=\"+Inf\"}} {count}"));
        line(out, format_args!("{name}_sum {sum}"));
        line(out, format_args!("{name}_count {count}"));
    }
}

/// A number that only grows, or a level that moves.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
    /// Takes away; for levels.
    pub fn sub(&self, by: u64) {
        self.0.fetch_sub(by, Ordering::Relaxed);
    }
    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything the server counts.
#[derive(Default)]
pub struct Metrics {
    /// WebSocket connections open now.
    pub connections: Count,
    /// Connections opened since the start.
    pub connections_opened: Count,
    /// Connections refused because there were too many.
    pub connections_refused: Count,
    /// Connections closed because the peer broke the protocol.
    pub protocol_errors: Count,
    /// Connections closed because the peer read too slowly.
    pub slow_readers: Count,
    /// Actions applied.
    pub actions_applied: Count,
    /// Actions refused by a rule.
    pub actions_rejected: Count,
    /// Actions that had been decided before.
    pub actions_repeated: Count,
    /// Transactions that executed actions.
    pub commits: Count,
    /// From an action's arrival to its committed decision.
    pub receipts: Histogram,
    /// Bytes sent over WebSockets.
    pub sent_bytes: Count,
    /// Bytes received over WebSockets.
    pub received_bytes: Count,
    /// Change batches read from the database.
    pub batches_read: Count,
    /// Change batches sent to consoles; divided by those read, how often one read served several.
    pub batches_sent: Count,
    /// Enrolments that succeeded.
    pub enrolments: Count,
    /// Enrolments and token requests refused.
    pub auth_refused: Count,
    /// Requests turned away by a rate limit.
    pub rate_limited: Count,
    /// Sealed files taken in whole.
    pub blobs_stored: Count,
    /// Sealed files refused because their content is not what their name says.
    pub blobs_refused: Count,
}

/// Sizes that are looked up when somebody asks.
#[derive(Clone, Copy, Default, Debug)]
pub struct Sizes {
    /// The last place taken in the clinic's order.
    pub head: u64,
    /// Bytes of the database file.
    pub database_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
}

impl Metrics {
    /// The text that Prometheus scrapes.
    pub fn render(&self, sizes: Sizes) -> String {
        let mut out = String::with_capacity(4096);
        let levels = [
            (
                "espelho_connections",
                "WebSocket connections open now",
                self.connections.get(),
            ),
            (
                "espelho_head_seq",
                "Last place taken in the clinic's order",
                sizes.head,
            ),
            (
                "espelho_database_bytes",
                "Size of the database file",
                sizes.database_bytes,
            ),
            (
                "espelho_wal_bytes",
                "Size of the write-ahead log",
                sizes.wal_bytes,
            ),
        ];
        for (name, help, value) in levels {
            head(&mut out, name, help, "gauge");
            line(&mut out, format_args!("{name} {value}"));
        }
        head(
            &mut out,
            "espelho_actions_total",
            "Actions decided",
            "counter",
        );
        for (decision, count) in [
            ("applied", &self.actions_applied),
            ("rejected", &self.actions_rejected),
            ("repeated", &self.actions_repeated),
        ] {
            let value = count.get();
            line(
                &mut out,
                format_args!("espelho_actions_total{{decision=\"{decision}\"}} {value}"),
            );
        }
        for (name, help, count) in self.counters() {
            head(&mut out, name, help, "counter");
            line(&mut out, format_args!("{name} {}", count.get()));
        }
        self.receipts.write(
            &mut out,
            "espelho_receipt_seconds",
            "From an action's arrival to its committed decision",
        );
        out
    }

    fn counters(&self) -> [(&'static str, &'static str, &Count); 14] {
        [
            (
                "espelho_connections_opened_total",
                "Connections opened",
                &self.connections_opened,
            ),
            (
                "espelho_connections_refused_total",
                "Connections refused: too many",
                &self.connections_refused,
            ),
            (
                "espelho_protocol_errors_total",
                "Connections closed: protocol",
                &self.protocol_errors,
            ),
            (
                "espelho_slow_readers_total",
                "Connections closed: reads too slowly",
                &self.slow_readers,
            ),
            (
                "espelho_commits_total",
                "Transactions that executed actions",
                &self.commits,
            ),
            (
                "espelho_sent_bytes_total",
                "Bytes sent over WebSockets",
                &self.sent_bytes,
            ),
            (
                "espelho_received_bytes_total",
                "Bytes received over WebSockets",
                &self.received_bytes,
            ),
            (
                "espelho_change_batches_read_total",
                "Change batches read from the database",
                &self.batches_read,
            ),
            (
                "espelho_change_batches_sent_total",
                "Change batches sent to consoles",
                &self.batches_sent,
            ),
            (
                "espelho_enrolments_total",
                "Consoles enrolled",
                &self.enrolments,
            ),
            (
                "espelho_auth_refused_total",
                "Enrolments and tokens refused",
                &self.auth_refused,
            ),
            (
                "espelho_rate_limited_total",
                "Requests turned away by a rate limit",
                &self.rate_limited,
            ),
            (
                "espelho_blobs_stored_total",
                "Sealed files taken in",
                &self.blobs_stored,
            ),
            (
                "espelho_blobs_refused_total",
                "Sealed files refused: wrong content",
                &self.blobs_refused,
            ),
        ]
    }
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_buckets_count_everything_below_their_bound() {
        let metrics = Metrics::default();
        for millis in [1, 4, 4, 700, 9_000] {
            metrics.receipts.record(Duration::from_millis(millis));
        }
        metrics.actions_applied.add(5);
        let text = metrics.render(Sizes {
            head: 5,
            ..Sizes::default()
        });
        for expected in [
            "espelho_receipt_seconds_bucket{le=\"0.001\"} 1\n",
            "espelho_receipt_seconds_bucket{le=\"0.005\"} 3\n",
            "espelho_receipt_seconds_bucket{le=\"1\"} 4\n",
            "espelho_receipt_seconds_bucket{le=\"+Inf\"} 5\n",
            "espelho_receipt_seconds_count 5\n",
            "espelho_actions_total{decision=\"applied\"} 5\n",
            "espelho_head_seq 5\n",
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
    }
}
