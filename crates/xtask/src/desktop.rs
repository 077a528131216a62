//! A desktop session on a machine that has none: a screen in memory, a session bus and an unlocked keyring.

use crate::process::{self, Child};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a session process may take to be there, on a busy two-core machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A virtual screen.
#[derive(Debug)]
pub struct Screen {
    display: String,
    width: usize,
    height: usize,
    _server: Child,
}

impl Screen {
    /// Starts a screen of 1366x768, the size of many front-desk PCs. The X server picks a free number by itself, so two
    /// commands at once never meet.
    ///
    /// # Errors
    /// When Xvfb cannot be started or does not answer.
    pub fn start(logs: &Path, name: &str) -> Result<Self> {
        let (width, height) = (1366, 768);
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &format!("{width}x{height}x24"),
            "-nolisten",
            "tcp",
            // Otherwise the screen starts afresh whenever its last window closes.
            "-noreset",
        ]);
        let mut server = Child::start(name, &mut command, &logs.join(format!("{name}.log")), None)?;
        let number = server.wait_for(PATIENCE, |line| line.trim().parse::<u32>().ok())?;
        Ok(Self {
            display: format!(":{number}"),
            width,
            height,
            _server: server,
        })
    }

    /// What `DISPLAY` must be for a program to appear on it.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Waits until something more than a blank window is on the screen and has stopped changing, then saves it.
    ///
    /// # Errors
    /// When nothing is painted in time, or the picture cannot be written.
    pub fn photograph(&self, file: &Path, watch: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let started = Instant::now();
        let mut last = Vec::new();
        let mut first_painted: Option<Instant> = None;
        loop {
            watch()?;
            let pixels = process::output(self.import().args(["-depth", "8", "rgb:-"]))?;
            if pixels.len() != self.width * self.height * 3 {
                bail!(
                    "a screen of {}x{} gave {} bytes",
                    self.width,
                    self.height,
                    pixels.len()
                );
            }
            if is_painted(&pixels) {
                let since = first_painted.get_or_insert_with(Instant::now);
                // A live dashboard never stands still; five seconds of paint is painted enough.
                if pixels == last || since.elapsed() > Duration::from_secs(5) {
                    break;
                }
            } else if started.elapsed() > PATIENCE {
                bail!(
                    "no window was painted on {} within {} s",
                    self.display,
                    PATIENCE.as_secs()
                );
            }
            last = pixels;
            process::pause(Duration::from_millis(250))?;
        }
        process::output(self.import().arg(file)).map(drop)
    }

    fn import(&self) -> Command {
        let mut command = Command::new("import");
        command.args(["-display", &self.display, "-window", "root"]);
        command
    }
}

/// Whether 8-bit RGB pixels show more than flat areas: letters are smoothed, so text alone makes dozens of colours.
fn is_painted(pixels: &[u8]) -> bool {
    let mut colours = std::collections::HashSet::new();
    for pixel in pixels.as_chunks::<3>().0 {
        colours.insert(pixel);
        if colours.len() > 24 {
            return true;
        }
    }
    false
}

/// A session bus with an unlocked keyring on it, and the directories a session has.
#[derive(Debug)]
pub struct Session {
    // Dropped in this order: the keyring ends before the bus it is on, and the directory of both last.
    _keyring: Child,
    _bus: Child,
    runtime: tempfile::TempDir,
    variables: Vec<(String, OsString)>,
}

impl Session {
    /// Starts a session whose keyring is kept under `data`, so that a second session on the same `data` opens the same
    /// keyring.
    ///
    /// # Errors
    /// When the bus or the keyring cannot be started, or the keyring does not appear on the bus.
    pub fn start(data: &Path, logs: &Path) -> Result<Self> {
        // Socket paths are limited to about a hundred bytes, so the runtime directory is a short one of its own.
        let runtime = tempfile::Builder::new()
            .prefix("espelho-")
            .tempdir()
            .context("making a runtime directory")?;
        private_directory(data)?;
        let mut variables: Vec<(String, OsString)> = vec![
            ("XDG_RUNTIME_DIR".into(), runtime.path().into()),
            ("XDG_DATA_HOME".into(), data.into()),
            // No accessibility bus is there to be asked for.
            ("NO_AT_BRIDGE".into(), "1".into()),
        ];
        let mut command = Command::new("dbus-daemon");
        command
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .envs(variables.iter().cloned());
        let mut bus = Child::start("dbus", &mut command, &logs.join("dbus.log"), None)?;
        let address = bus.wait_for(PATIENCE, |line| {
            line.starts_with("unix:").then(|| line.to_owned())
        })?;
        variables.push(("DBUS_SESSION_BUS_ADDRESS".into(), address.into()));

        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--foreground", "--unlock", "--components=secrets"])
            .envs(variables.iter().cloned());
        // The password guards only synthetic data; without one the keyring would ask for it in a window.
        let mut keyring = Child::start(
            "keyring",
            &mut command,
            &logs.join("keyring.log"),
            Some(b"espelho"),
        )?;
        let session_variables = variables.clone();
        wait_for_keyring(&mut keyring, &session_variables)?;
        Ok(Self {
            _keyring: keyring,
            _bus: bus,
            runtime,
            variables,
        })
    }

    /// The variables that put a program into this session.
    pub fn variables(&self) -> &[(String, OsString)] {
        &self.variables
    }

    /// A private directory that ends with the session.
    pub fn runtime(&self) -> &Path {
        self.runtime.path()
    }
}

fn wait_for_keyring(keyring: &mut Child, variables: &[(String, OsString)]) -> Result<()> {
    let started = Instant::now();
    loop {
        let answer = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
            ])
            .args([
                "org.freedesktop.DBus.NameHasOwner",
                "string:org.freedesktop.secrets",
            ])
            .envs(variables.iter().cloned())
            .output()
            .context("asking the session bus for the keyring")?;
        if String::from_utf8_lossy(&answer.stdout).contains("boolean true") {
            return Ok(());
        }
        if keyring.ended().is_some() || started.elapsed() > PATIENCE {
            bail!(
                "the keyring did not appear on the session bus: {}",
                keyring.obituary()
            );
        }
        process::pause(Duration::from_millis(50))?;
    }
}

/// Makes a directory only its owner can enter, with its parents.
///
/// # Errors
/// When it cannot be made.
pub fn private_directory(path: &Path) -> Result<PathBuf> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("making {}", path.display()))?;
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_window_is_not_painted_and_text_is() {
        let mut pixels = vec![255_u8; 64 * 64 * 3];
        assert!(!is_painted(&pixels));
        for shade in 0..40 {
            pixels[shade * 3] = u8::try_from(shade).unwrap();
        }
        assert!(is_painted(&pixels));
    }
}
