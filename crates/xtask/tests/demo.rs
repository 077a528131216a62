//! What `cargo xtask run` does with the programs it has built. The programs here keep only their contract with it:
//! arguments in, JSON lines out, a window painted on the display they are given.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xtask::build::Programs;
use xtask::run::{self, Options, Preset};

const DEMO: &str = r#"#!/bin/sh
echo "demo $*" >> "$(dirname "$0")/calls"
mkdir "$3"
echo '{"step":"clients","done":1,"of":1}'
"#;

const SERVER: &str = r#"#!/bin/sh
here="$(dirname "$0")"
echo "server $*" >> "$here/calls"
if [ "$1" = enrol ]; then echo '{"link":"espelho-enrol:abc"}'; exit; fi
echo '{"event":"ready","address":"127.0.0.1:45678","certificate_pin":"00"}'
echo $$ >> "$here/pids"
exec sleep 600
"#;

const CONSOLE: &str = r#"#!/bin/sh
here="$(dirname "$0")"
echo "console $* $GREETING" >> "$here/calls"
mkdir -p "$2"; : > "$2/replica.db"
echo $$ >> "$here/pids"
exec display logo:
"#;

struct Clinic {
    place: tempfile::TempDir,
    programs: Programs,
}

impl Clinic {
    fn new(server: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let program = |name: &str, script: &str| {
            let file = place.path().join(name);
            std::fs::write(&file, script).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            file
        };
        let programs = Programs {
            console: program("espelho", CONSOLE),
            server: program("clinic-server", server),
            demo: program("clinic-demo", DEMO),
        };
        Self { place, programs }
    }

    fn root(&self) -> PathBuf {
        self.place.path().join("demo")
    }

    fn run(&self, second: bool) -> anyhow::Result<()> {
        let options = Options {
            clients: None,
            photos: None,
            preset: Preset::Development,
            fresh: false,
            built: None,
            second,
            screenshot_and_exit: true,
        };
        run::open(&self.programs, self.root(), &options, true)
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.place.path().join(name)).unwrap_or_default();
        text.lines()
            .map(|line| {
                line.trim()
                    .replace(&self.root().display().to_string(), "DEMO")
            })
            .collect()
    }
}

fn is_running(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

#[test]
fn a_first_run_makes_serves_enrols_and_photographs_and_leaves_nothing_running() {
    let clinic = Clinic::new(SERVER);
    clinic.run(false).unwrap();
    assert_eq!(
        clinic.lines("calls"),
        [
            "demo make --data DEMO/server.unfinished --clients 2000 --photos 40 --seed 1",
            "server serve --data DEMO/server --listen 127.0.0.1:0 --preset development",
            "server enrol --data DEMO/server --profile management --name Console 1",
            "console --data DEMO/console-1 --demo --preset development --enrol espelho-enrol:abc",
        ]
    );
    let picture = std::fs::read(clinic.root().join("screenshot-console-1.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    let pids = clinic.lines("pids");
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| !is_running(pid)), "{pids:?}");
}

#[test]
fn a_second_run_keeps_the_clinic_the_port_and_the_enrolment() {
    let clinic = Clinic::new(SERVER);
    clinic.run(false).unwrap();
    let before = clinic.lines("calls").len();
    clinic.run(true).unwrap();
    // The first console is on its way while the second is enrolled: which of the two is noted first is left to chance.
    let mut calls = clinic.lines("calls").split_off(before);
    calls.sort();
    assert_eq!(
        calls,
        [
            "console --data DEMO/console-1 --demo --preset development",
            "console --data DEMO/console-2 --demo --preset development --enrol espelho-enrol:abc",
            "server enrol --data DEMO/server --profile reception --name Console 2",
            "server serve --data DEMO/server --listen 127.0.0.1:45678 --preset development",
        ]
    );
    assert!(clinic.root().join("screenshot-console-2.png").is_file());
}

#[test]
fn a_server_that_dies_is_named_with_its_last_words() {
    let clinic = Clinic::new("#!/bin/sh\necho 'the port is taken' >&2\nexit 4\n");
    let error = format!("{:#}", clinic.run(false).unwrap_err());
    assert!(
        error.contains("clinic-server") && error.contains("the port is taken"),
        "{error}"
    );
}

#[test]
fn ctrl_c_stops_everything_that_was_started() {
    let clinic = Clinic::new(SERVER);
    let data = clinic.place.path().join("data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(["run", "--second", "--built"])
        .arg(clinic.place.path())
        .env("XDG_DATA_HOME", &data)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut said = BufReader::new(running.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(said.any(|line| line.contains("Ctrl-C stops everything")));
    let pids = clinic.lines("pids");
    assert_eq!(pids.len(), 3);
    assert!(pids.iter().all(|pid| is_running(pid)), "{pids:?}");

    let interrupted = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    assert!(running.wait().unwrap().success());
    assert!(pids.iter().all(|pid| !is_running(pid)), "{pids:?}");
    let logs = data.join("espelho-demo/logs");
    assert!(logs.join("console-2.log").is_file());
}
