//! Engines that stand for consoles: enrolled at a real server, filled, with somebody signed in.

use anyhow::{Context, Result, bail};
use domain::role::Role;
use engine::view::app::Phase;
use engine::{Config, Engine};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A first filling of a hundred thousand clients takes minutes in a debug build.
const FILLS_WITHIN: Duration = Duration::from_secs(1800);

/// Starts a console's engine on a folder, enrolling it by the link when it has no clinic yet, and waits until it is filled.
///
/// # Errors
/// When it does not come so far.
pub fn open(folder: &Path, link: Option<String>, decoder: PathBuf) -> Result<(Engine, Duration)> {
    let config = Config::new(
        Some(folder.to_owned()),
        Some("production"),
        true,
        link,
        decoder,
    )?;
    let begun = Instant::now();
    let engine = Engine::start(config)?;
    loop {
        match engine.app_state()?.phase {
            Phase::SignedOut => return Ok((engine, begun.elapsed())),
            Phase::Filling { .. } if begun.elapsed() < FILLS_WITHIN => {
                std::thread::sleep(Duration::from_millis(20))
            }
            phase => bail!("the console stands at {phase:?}"),
        }
    }
}

/// Signs in the first person of a role with the demonstration's password.
///
/// # Errors
/// When nobody has the role, or the password is not taken.
pub fn sign_in(engine: &Engine, role: Role) -> Result<String> {
    let person = engine
        .staff_tiles()?
        .into_iter()
        .find(|tile| tile.roles.contains(&role))
        .with_context(|| format!("nobody is {role:?}"))?;
    let password = person.demo_password.context("this is no demonstration")?;
    engine.session_sign_in(person.id.clone(), password)?;
    Ok(person.id)
}
