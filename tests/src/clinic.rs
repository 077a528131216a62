//! A synthetic clinic with its server, in a folder that goes when the value is dropped.

use crate::Programs;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use xtask::process::Child;

/// How long a program may take to come up on a busy two-core machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A clinic on this machine.
pub struct Clinic {
    programs: Programs,
    folder: tempfile::TempDir,
    port: u16,
    server: Option<Child>,
}

impl Clinic {
    /// Makes a clinic and serves it.
    ///
    /// # Errors
    /// When a program fails; the message holds its last lines.
    pub fn make(programs: &Programs, clients: u32, photos: u32) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("espelho-clinic-")
            .tempdir()?;
        // What the programs write beside their data is then in this folder too, where tests look for it.
        let temporary = folder.path().join("temporary");
        std::fs::create_dir(&temporary)?;
        let made = Command::new(&programs.demo)
            .env("TMPDIR", &temporary)
            .args(["make", "--seed", "1", "--data"])
            .arg(folder.path().join("server"))
            .args([
                "--clients",
                &clients.to_string(),
                "--photos",
                &photos.to_string(),
            ])
            .output()
            .context("starting the maker of clinics")?;
        if !made.status.success() {
            bail!(
                "the clinic was not made: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        let mut clinic = Self {
            programs: programs.clone(),
            folder,
            port: 0,
            server: None,
        };
        clinic.start_server()?;
        Ok(clinic)
    }

    /// A folder of this clinic's, for example a console's data.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the server.
    pub fn server_folder(&self) -> PathBuf {
        self.folder("server")
    }

    /// The whole place.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the server on the port it had before.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_server(&mut self) -> Result<()> {
        #[derive(Deserialize)]
        struct Ready {
            event: String,
            address: std::net::SocketAddr,
        }
        let mut command = Command::new(&self.programs.server);
        command.env("TMPDIR", self.folder("temporary"));
        command.args(["serve", "--data"]).arg(self.server_folder());
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        let mut server = Child::start(
            "clinic-server",
            &mut command,
            &self.folder("clinic-server.log"),
            None,
        )?;
        let ready = server.wait_for(PATIENCE, |line| {
            serde_json::from_str::<Ready>(line)
                .ok()
                .filter(|ready| ready.event == "ready")
        })?;
        self.port = ready.address.port();
        self.server = Some(server);
        Ok(())
    }

    /// Ends the server, as a power cut would be noticed by the consoles: the connection is gone.
    pub fn stop_server(&mut self) {
        self.server = None;
    }

    /// Ends the server at once, as a power cut at its place would: it is told nothing.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_server(&mut self) -> Result<()> {
        let server = self.server.take().context("the server does not run")?;
        crate::programs::kill(server.id())
    }

    /// A one-time link with which a console joins. The profile is `reception`, `treatment_room` or `management`.
    ///
    /// # Errors
    /// When the server gives none.
    pub fn enrolment_link(&self, name: &str, profile: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            link: String,
        }
        let output = Command::new(&self.programs.server)
            .args(["enrol", "--data"])
            .arg(self.server_folder())
            .args(["--profile", profile, "--name", name])
            .output()
            .context("asking for an enrolment link")?;
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .find_map(|line| serde_json::from_str::<Answer>(line).ok())
            .map(|answer| answer.link)
            .with_context(|| {
                format!(
                    "no enrolment link: {}",
                    String::from_utf8_lossy(&output.stderr)
                )
            })
    }
}
