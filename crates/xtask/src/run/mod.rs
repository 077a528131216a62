//! `cargo xtask run`: a real clinic on this machine, from nothing to an open window.

pub mod clinic;
pub mod home;

use crate::build::{self, Programs, Scope};
use crate::desktop::{Screen, Session};
use crate::process::{self, Child};
use crate::progress::Step;
use crate::workspace::Workspace;
use crate::{interface, setup};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use home::Home;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// What a person may choose about the demo.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Clients of the demo clinic, when it is made [default: 2000].
    #[arg(long)]
    pub clients: Option<u32>,
    /// Photos of the demo clinic, when it is made [default: 40].
    #[arg(long)]
    pub photos: Option<u32>,
    /// Sizes and lifetimes of caches, and what is logged.
    #[arg(long, value_enum, default_value = "production")]
    pub preset: Preset,
    /// Throw the demo clinic and its consoles away first.
    #[arg(long)]
    pub fresh: bool,
    /// Open a second console, with the reception's profile.
    #[arg(long)]
    pub second: bool,
    /// Run the programs in this directory (a release build, another clone's) instead of building.
    #[arg(long, value_name = "DIRECTORY")]
    pub built: Option<PathBuf>,
    /// Work on a virtual screen, save a picture of it and stop.
    #[arg(long)]
    pub screenshot_and_exit: bool,
}

/// A named set of cache sizes, lifetimes and log levels of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// What a clinic runs.
    Production,
    /// As production, with more in the log.
    Staging,
    /// Small caches and short lifetimes, so that their edges are met while developing.
    Development,
}

impl Preset {
    /// The name the programs know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }
}

/// A console's place and role in the demo.
struct Seat {
    /// The name of its directory and its log.
    directory: &'static str,
    /// The name the clinic knows it by.
    name: &'static str,
    /// Which records its disk may hold.
    profile: &'static str,
}

const SEATS: [Seat; 2] = [
    Seat {
        directory: "console-1",
        name: "Console 1",
        profile: "management",
    },
    Seat {
        directory: "console-2",
        name: "Console 2",
        profile: "reception",
    },
];

/// A running console and the virtual screen it is on, if it has one.
struct Console {
    // The console ends before the screen it is on.
    child: Child,
    screen: Option<Screen>,
    picture: PathBuf,
}

/// Builds, starts and watches until the windows are closed or the person presses Ctrl-C.
///
/// # Errors
/// When a step fails or a program dies; the message names it and holds its last lines.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let headless = options.screenshot_and_exit || !has_screen();
    setup::prepare(
        workspace,
        if headless {
            setup::Purpose::RunHeadless
        } else {
            setup::Purpose::Run
        },
    )?;
    let programs = match &options.built {
        Some(directory) => Programs::in_directory(directory)?,
        None => {
            interface::build(workspace)?;
            build::build(workspace, Scope::Programs)?
        }
    };
    open(&programs, home::place()?, options, headless)
}

/// Starts what is built, on the demo in `root`, and watches it.
///
/// # Errors
/// As [`run`].
pub fn open(programs: &Programs, root: PathBuf, options: &Options, headless: bool) -> Result<()> {
    let mut home = Home::open(root, options.fresh)?;
    clinic::make(&programs.demo, &mut home, options)?;
    let session = session(&home, headless)?;
    let mut server = clinic::serve(&programs.server, &mut home, options.preset)?;
    let mut consoles = Vec::new();
    for seat in &SEATS[..if options.second { 2 } else { 1 }] {
        consoles.push(open_console(
            programs,
            &home,
            seat,
            options.preset,
            session.as_ref(),
            headless,
        )?);
    }
    if headless {
        photograph(&mut server, &mut consoles)?;
    }
    if options.screenshot_and_exit {
        return Ok(());
    }
    println!(
        "Espelho is running. Its data is in {}. Ctrl-C stops everything.",
        home.root().display()
    );
    watch(&mut server, &mut consoles)
}

fn has_screen() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A session of our own where there is none, and wherever the demo's keys are already in a keyring of our own: a
/// console must find on the next run the key it stored on this one.
fn session(home: &Home, headless: bool) -> Result<Option<Session>> {
    let keyring = home.root().join("keyring");
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some();
    if !keyring.exists() && (bus || !headless) {
        return Ok(None);
    }
    let step = Step::start("starting a session with a keyring");
    let session = Session::start(&keyring, &home.logs())?;
    step.done();
    Ok(Some(session))
}

fn open_console(
    programs: &Programs,
    home: &Home,
    seat: &Seat,
    preset: Preset,
    session: Option<&Session>,
    headless: bool,
) -> Result<Console> {
    let data = home.root().join(seat.directory);
    let mut command = Command::new(&programs.console);
    command
        .arg("--data")
        .arg(&data)
        .args(["--demo", "--preset", preset.name()]);
    if !clinic::is_enrolled(&data) {
        command.arg("--enrol").arg(clinic::enrolment_link(
            &programs.server,
            home,
            seat.name,
            seat.profile,
        )?);
    }
    if let Some(session) = session {
        command.envs(session.variables().iter().cloned());
    }
    // Each console has a screen of its own: without a window manager, two windows on one would cover each other.
    let screen = if headless {
        Some(Screen::start(
            &home.logs(),
            &format!("screen-{}", seat.directory),
        )?)
    } else {
        None
    };
    if let Some(screen) = &screen {
        command
            .env("DISPLAY", screen.display())
            .env_remove("WAYLAND_DISPLAY");
    }
    let log = home.logs().join(format!("{}.log", seat.directory));
    let child = Child::start(seat.directory, &mut command, &log, None)?;
    Ok(Console {
        child,
        screen,
        picture: home
            .root()
            .join(format!("screenshot-{}.png", seat.directory)),
    })
}

fn photograph(server: &mut Child, consoles: &mut [Console]) -> Result<()> {
    for console in consoles {
        let Some(screen) = &console.screen else {
            continue;
        };
        let step = Step::start(format!(
            "waiting for {} to be painted",
            console.child.name()
        ));
        screen.photograph(&console.picture, &mut || {
            for child in [&mut *server, &mut console.child] {
                if child.ended().is_some() {
                    bail!("{}", child.obituary());
                }
            }
            Ok(())
        })?;
        step.done();
        println!(
            "There is no screen here; what {} shows is in {}",
            console.child.name(),
            console.picture.display()
        );
    }
    Ok(())
}

fn watch(server: &mut Child, consoles: &mut Vec<Console>) -> Result<()> {
    while !process::interrupted() {
        if server.ended().is_some() {
            bail!("{}", server.obituary());
        }
        for console in consoles.iter_mut() {
            if console
                .child
                .ended()
                .is_some_and(|status| !status.success())
            {
                bail!("{}", console.child.obituary());
            }
        }
        consoles.retain_mut(|console| console.child.ended().is_none());
        if consoles.is_empty() {
            println!("The last window was closed.");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(150));
    }
    eprintln!("\nstopping the consoles and the server");
    Ok(())
}
