//! Shows what a long step is doing: a moving line on a terminal, plain lines in a log.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// One step that takes a while. It ends with [`Step::done`]; a step that is dropped earlier leaves no trace.
#[derive(Debug)]
pub struct Step {
    bar: Option<ProgressBar>,
    label: String,
    started: Instant,
    announced_tenth: u64,
}

impl Step {
    /// Starts a step and says so.
    pub fn start(label: impl Into<String>) -> Self {
        let label = label.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_message(label.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            eprintln!("… {label}");
        }
        Self {
            bar,
            label,
            started: Instant::now(),
            announced_tenth: 0,
        }
    }

    /// Says how far the step is. In a log, one line per tenth.
    pub fn at(&mut self, detail: &str, done: u64, of: u64) {
        match &self.bar {
            Some(bar) => {
                if bar.length() != Some(of) {
                    bar.set_length(of);
                    bar.set_style(bar_style());
                }
                bar.set_position(done);
                bar.set_message(format!("{}: {detail}", self.label));
            }
            None => {
                let tenth = (done * 10).checked_div(of).unwrap_or(0);
                if tenth != self.announced_tenth {
                    self.announced_tenth = tenth;
                    eprintln!("… {}: {detail} {done} of {of}", self.label);
                }
            }
        }
    }

    /// Ends the step and says how long it took.
    pub fn done(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("✓ {} ({})", self.label, seconds(self.started.elapsed()));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A duration as a person reads it: `0.4 s`, `12 s`, `3 min 20 s`.
pub fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    match whole {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..120 => format!("{whole} s"),
        _ => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_naturally() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(75)), "75 s");
        assert_eq!(seconds(Duration::from_secs(200)), "3 min 20 s");
    }
}
