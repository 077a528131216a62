//! The demo clinic: made once, served on every run.

use super::home::Home;
use super::{Options, Preset};
use crate::process::{self, Child};
use crate::progress::Step;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const CLIENTS: u32 = 2000;
const PHOTOS: u32 = 40;

/// A step of the making, as `clinic-demo` tells it.
#[derive(Deserialize)]
struct Making {
    step: String,
    done: u64,
    of: u64,
}

/// That the server listens, as `clinic-server` tells it.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Ready {
    event: String,
    address: std::net::SocketAddr,
}

/// Makes the clinic, unless there is one.
///
/// # Errors
/// When the maker fails, or the clinic that is there is not of the size asked for.
pub fn make(maker: &Path, home: &mut Home, options: &Options) -> Result<()> {
    if home.server().exists() {
        return same_size(home, options);
    }
    let (clients, photos) = (
        options.clients.unwrap_or(CLIENTS),
        options.photos.unwrap_or(PHOTOS),
    );
    // Made beside its place and moved there when whole: a cut making is never taken for a clinic.
    let unfinished = home.root().join("server.unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)
            .with_context(|| format!("deleting {}", unfinished.display()))?;
    }
    let mut step = Step::start(format!(
        "making a clinic of {clients} clients and {photos} photos"
    ));
    let mut command = Command::new(maker);
    command.args(["make", "--data"]).arg(&unfinished);
    command.args([
        "--clients",
        &clients.to_string(),
        "--photos",
        &photos.to_string(),
        "--seed",
        "1",
    ]);
    let mut child = Child::start(
        "clinic-demo",
        &mut command,
        &home.logs().join("clinic-demo.log"),
        None,
    )?;
    let status = loop {
        while let Some(line) = child.next_line() {
            if let Ok(making) = serde_json::from_str::<Making>(&line) {
                step.at(&making.step, making.done, making.of);
            }
        }
        if let Some(status) = child.ended() {
            break status;
        }
        process::pause(Duration::from_millis(40))?;
    };
    if !status.success() {
        bail!("{}", child.obituary());
    }
    std::fs::rename(&unfinished, home.server())
        .context("moving the finished clinic to its place")?;
    home.note(|notes| (notes.clients, notes.photos, notes.port) = (clients, photos, None))?;
    step.done();
    Ok(())
}

fn same_size(home: &Home, options: &Options) -> Result<()> {
    let asked = [
        ("clients", options.clients, home.notes().clients),
        ("photos", options.photos, home.notes().photos),
    ];
    for (what, asked, made) in asked {
        if let Some(asked) = asked.filter(|asked| *asked != made) {
            bail!(
                "the demo clinic has {made} {what}, not {asked}: --fresh makes a new one (what was done in it is lost)"
            );
        }
    }
    Ok(())
}

/// Starts the server on the port it had before, so that enrolled consoles find it.
///
/// # Errors
/// When it does not come up; the message holds its last lines.
pub fn serve(server: &Path, home: &mut Home, preset: Preset) -> Result<Child> {
    let step = Step::start("starting the clinic's server");
    let mut command = Command::new(server);
    command.args(["serve", "--data"]).arg(home.server());
    command.args([
        "--listen",
        &format!("127.0.0.1:{}", home.notes().port.unwrap_or(0)),
        "--preset",
        preset.name(),
    ]);
    let mut child = Child::start(
        "clinic-server",
        &mut command,
        &home.logs().join("clinic-server.log"),
        None,
    )?;
    let ready = child
        .wait_for(Duration::from_secs(120), ready)
        .with_context(|| match home.notes().port {
            Some(port) => {
                format!("the server did not start on port {port}, where the consoles expect it")
            }
            None => "the server did not start".to_owned(),
        })?;
    home.note(|notes| notes.port = Some(ready.address.port()))?;
    step.done();
    Ok(child)
}

fn ready(line: &str) -> Option<Ready> {
    serde_json::from_str::<Ready>(line)
        .ok()
        .filter(|ready| ready.event == "ready")
}

/// Whether a console's directory already holds a replica: a database that is not just its measurements, which a console
/// keeps before it belongs to any clinic.
pub fn is_enrolled(data: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(data) else {
        return false;
    };
    entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .any(|name| name.ends_with(".db") && name != "metrics.db")
}

/// A one-time link with which a new console joins the clinic.
///
/// # Errors
/// When the server gives none.
pub fn enrolment_link(server: &Path, home: &Home, name: &str, profile: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Answer {
        link: String,
    }
    let mut command = Command::new(server);
    command.args(["enrol", "--data"]).arg(home.server()).args([
        "--profile",
        profile,
        "--name",
        name,
    ]);
    let output = process::output(&mut command)?;
    String::from_utf8_lossy(&output)
        .lines()
        .find_map(|line| serde_json::from_str::<Answer>(line).ok())
        .map(|answer| answer.link)
        .with_context(|| format!("`{}` printed no link", process::shown(&command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_is_found_among_log_lines() {
        assert_eq!(ready("listening soon"), None);
        assert_eq!(
            ready(r#"{"event":"migrated","address":"127.0.0.1:1"}"#),
            None
        );
        let line = r#"{"event":"ready","address":"127.0.0.1:41234","certificate_pin":"ab"}"#;
        assert_eq!(ready(line).unwrap().address.port(), 41234);
    }

    #[test]
    fn a_console_is_enrolled_once_it_holds_a_replica() {
        let data = tempfile::tempdir().unwrap();
        assert!(!is_enrolled(&data.path().join("absent")));
        assert!(!is_enrolled(data.path()));
        std::fs::write(data.path().join("metrics.db"), "").unwrap();
        assert!(!is_enrolled(data.path()));
        std::fs::write(data.path().join("replica.db"), "").unwrap();
        assert!(is_enrolled(data.path()));
    }
}
