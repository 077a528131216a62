//! The real app: from its start to the painted sign-in, and what it and its web processes hold in memory.

use super::{Figures, Samples};
use crate::Programs;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use xtask::process::Child;

const STARTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);
/// A console settles after its start: caches are warm, pictures fetched.
const SETTLES: Duration = Duration::from_secs(8);

/// Starts the app on a filled console's folder, several times.
///
/// # Errors
/// When it does not paint its sign-in.
pub fn measure(programs: &Programs, folder: &Path, figures: &mut Figures) -> Result<()> {
    let mut starts = Samples::new();
    let mut last = None;
    for _ in 0..STARTS {
        // The console before must be gone: a folder is held by one at a time.
        drop(last.take());
        let (app, time) = start(programs, folder)?;
        starts.add(time);
        last = Some(app);
    }
    figures.set("startup.sign_in_ms", starts.micros(50.0) / 1000.0);
    figures.set("startup.n", starts.len() as f64);
    std::thread::sleep(SETTLES);
    let app = last.context("the app runs")?;
    let processes = family(app.id());
    let own = pss_kib(app.id()).context("the app's memory cannot be read")?;
    let total: u64 = processes.iter().filter_map(|pid| pss_kib(*pid)).sum();
    figures.set("app.process_pss_mb", own as f64 / 1024.0);
    figures.set("app.total_pss_mb", total as f64 / 1024.0);
    Ok(())
}

/// Starts the app and waits until the window has reported its first screen, which the app's log tells.
fn start(programs: &Programs, folder: &Path) -> Result<(Child, Duration)> {
    let log = folder.join("logs/espelho.log");
    let before = std::fs::metadata(&log).map_or(0, |file| file.len());
    let mut command = Command::new(&programs.console);
    command
        .args(["--demo", "--preset", "production", "--data"])
        .arg(folder);
    let begun = Instant::now();
    let mut app = Child::start("espelho", &mut command, &folder.join("app.log"), None)?;
    while begun.elapsed() < PATIENCE {
        if painted(&log, before) {
            return Ok((app, begun.elapsed()));
        }
        if app.ended().is_some() {
            bail!("{}", app.obituary());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    bail!(
        "the sign-in was not painted within {} s",
        PATIENCE.as_secs()
    )
}

fn painted(log: &Path, from: u64) -> bool {
    let Ok(text) = std::fs::read(log) else {
        return false;
    };
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let fresh = text.get(from..).unwrap_or(&text);
    String::from_utf8_lossy(fresh).lines().any(|line| {
        serde_json::from_str::<Value>(line).is_ok_and(|line| {
            line["fields"]["message"] == "painted" && line["fields"]["screen"] == "sign_in"
        })
    })
}

/// A process and everything it started.
fn family(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(pid) = found.get(at).copied() {
        at += 1;
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
            continue;
        };
        for task in tasks.flatten() {
            let children =
                std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
    }
    found
}

/// Proportional set size of a process in KiB, where the system tells.
fn pss_kib(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
