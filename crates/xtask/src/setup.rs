//! Makes a fresh Debian or Ubuntu machine able to build, run and test.

use crate::process;
use crate::progress::Step;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// What the machine must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Build, and open a window on the screen that is there.
    Run,
    /// Build, and open a window on a machine without a screen.
    RunHeadless,
    /// Everything the tests need.
    Everything,
}

/// WebKitGTK is what the window is drawn with; nasm and cmake build the picture codecs; OpenSSL is inside SQLCipher.
const BUILD: [&str; 6] = [
    "libwebkit2gtk-4.1-dev",
    "libssl-dev",
    "pkg-config",
    "nasm",
    "cmake",
    "g++",
];
/// A virtual screen, a session bus with a keyring, and a camera for the screen.
const HEADLESS: [&str; 5] = [
    "xvfb",
    "xauth",
    "dbus-daemon",
    "gnome-keyring",
    "imagemagick",
];
/// Drives the real window in tests.
const DRIVE: [&str; 1] = ["webkit2gtk-driver"];

/// The oldest Node.js the interface's build tool runs on: major and minor version.
const NODE: (u32, u32) = (20, 19);

/// Installs what is missing. Takes a few milliseconds when nothing is.
///
/// # Errors
/// When something is missing and cannot be installed from here; the message is the command a person has to type.
pub fn prepare(workspace: &Workspace, purpose: Purpose) -> Result<()> {
    system_packages(purpose)?;
    node()?;
    if purpose == Purpose::Everything {
        crate::interface::install(workspace)?;
    }
    Ok(())
}

fn system_packages(purpose: Purpose) -> Result<()> {
    if !process::is_on_path("dpkg-query") {
        eprintln!(
            "note: not a Debian or Ubuntu system; it needs what these packages hold: {}",
            wanted(purpose).join(" ")
        );
        return Ok(());
    }
    let wanted = wanted(purpose);
    // dpkg-query ends with an error when it does not know one of the names, and still answers for the others.
    let answer = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(&wanted)
        .output()
        .context("asking dpkg-query what is installed")?;
    let missing = missing(&wanted, &String::from_utf8_lossy(&answer.stdout));
    if missing.is_empty() {
        return Ok(());
    }
    let prefix: &[&str] = if is_root()? { &[] } else { &["sudo"] };
    let install = install_command(prefix, &missing);
    if !prefix.is_empty() && !process::is_on_path("sudo") {
        bail!("system packages are missing. As root, run:\n    apt-get update && {install}");
    }
    let step = Step::start(format!("installing {}", missing.join(" ")));
    for line in [
        format!("{} apt-get update -q", prefix.join(" ")),
        install.clone(),
    ] {
        let mut words = line.split_whitespace();
        let program = words.next().context("an empty command")?;
        process::run(
            Command::new(program)
                .args(words)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
        .with_context(|| {
            format!("installing system packages; by hand it is:\n    apt-get update && {install}")
        })?;
    }
    step.done();
    Ok(())
}

fn wanted(purpose: Purpose) -> Vec<&'static str> {
    let mut packages = BUILD.to_vec();
    if purpose != Purpose::Run {
        packages.extend(HEADLESS);
    }
    if purpose == Purpose::Everything {
        packages.extend(DRIVE);
    }
    packages
}

fn missing(wanted: &[&'static str], answer: &str) -> Vec<&'static str> {
    let installed: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect();
    wanted
        .iter()
        .copied()
        .filter(|package| !installed.contains(package))
        .collect()
}

fn install_command(prefix: &[&str], packages: &[&str]) -> String {
    let mut words = prefix.to_vec();
    // A machine that has just started may still be updating itself: wait for its lock.
    words.extend([
        "apt-get",
        "install",
        "-q",
        "-y",
        "--no-install-recommends",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]);
    words.extend(packages);
    words.join(" ")
}

fn is_root() -> Result<bool> {
    Ok(rustix::process::geteuid().is_root())
}

fn node() -> Result<()> {
    let needed = format!(
        "Node.js {}.{} or newer, with npm, builds the interface",
        NODE.0, NODE.1
    );
    let version = process::output(Command::new("node").arg("--version"))
        .with_context(|| format!("{needed}: install it"))?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    if node_version(&version).is_none_or(|version| version < NODE) {
        bail!("{needed}; this is {version}");
    }
    if !process::is_on_path("npm") {
        bail!("{needed}; npm is missing");
    }
    Ok(())
}

fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_unknown_or_only_half_there_are_missing() {
        let answer = "nasm installed\ncmake config-files\ng++ not-installed\n";
        assert_eq!(
            missing(&["nasm", "cmake", "g++", "xvfb"], answer),
            ["cmake", "g++", "xvfb"]
        );
    }

    #[test]
    fn a_machine_with_a_screen_needs_no_virtual_one() {
        assert!(!wanted(Purpose::Run).contains(&"xvfb"));
        assert!(wanted(Purpose::RunHeadless).contains(&"xvfb"));
        assert!(!wanted(Purpose::RunHeadless).contains(&"webkit2gtk-driver"));
        assert!(wanted(Purpose::Everything).contains(&"webkit2gtk-driver"));
    }

    #[test]
    fn the_command_shown_can_be_typed() {
        assert_eq!(
            install_command(&["sudo"], &["nasm", "cmake"]),
            "sudo apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 nasm cmake"
        );
    }

    #[test]
    fn node_versions_are_read() {
        assert_eq!(node_version("v22.11.0"), Some((22, 11)));
        assert!(node_version("v20.18.1").unwrap() < NODE);
        assert_eq!(node_version("weird"), None);
    }
}
