//! The benchmark. `cargo xtask bench` builds it, gives it a screen and a keyring, and runs it.

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use domain::role::Role;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use std::path::PathBuf;
use system_tests::bench::reference::Reference;
use system_tests::bench::{Figures, app, desk, photos, reads, sync};
use system_tests::{Clinic, Programs};

/// Measures the product and prints its figures.
#[derive(Parser)]
struct Arguments {
    /// Clients of the clinic; five times as many appointments.
    #[arg(long, default_value_t = 100_000)]
    clients: u32,
    /// Only these groups; may be repeated.
    #[arg(long, value_enum)]
    only: Vec<Group>,
    /// Write the figures as one flat object as well.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Search, profile, agenda, and the same from plain SQLite.
    Reads,
    /// Receipt and second console.
    Sync,
    /// The photo pipeline.
    Photos,
    /// Start and memory of the real app.
    App,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wants = |group| arguments.only.is_empty() || arguments.only.contains(&group);
    let mut figures = Figures::default();
    if wants(Group::Photos) {
        photos::measure(&mut figures)?;
    }
    if wants(Group::Reads) || wants(Group::Sync) || wants(Group::App) {
        clinic_groups(&arguments, &wants, &mut figures)?;
    }
    figures.print();
    if let Some(path) = &arguments.json {
        figures.write(path)?;
    }
    Ok(())
}

fn clinic_groups(
    arguments: &Arguments,
    wants: &dyn Fn(Group) -> bool,
    figures: &mut Figures,
) -> Result<()> {
    let programs = Programs::built()?;
    eprintln!("making a clinic of {} clients", arguments.clients);
    let clinic = Clinic::make(&programs, arguments.clients, 40)?;
    let reference = Reference::read(&clinic.server_folder())?;
    figures.set("clinic.clients.n", reference.clients() as f64);
    figures.set("clinic.appointments.n", reference.appointments() as f64);
    eprintln!("filling a console");
    let first = clinic.folder("console-1");
    let link = clinic.enrolment_link("Bench 1", "management")?;
    let (engine, filled) = desk::open(&first, Some(link), programs.console.clone())?;
    figures.set("fresh_console.filled_s", filled.as_secs_f64());
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    if wants(Group::Reads) {
        eprintln!("reads");
        desk::sign_in(&engine, Role::Practitioner)?;
        reads::engine(&engine, &reference, &mut dice, figures)?;
        reads::plain(&clinic.server_folder(), &reference, &mut dice, figures)?;
        engine.session_sign_out()?;
    }
    if wants(Group::Sync) {
        eprintln!("sync");
        let link = clinic.enrolment_link("Bench 2", "reception")?;
        let (other, _) = desk::open(
            &clinic.folder("console-2"),
            Some(link),
            programs.console.clone(),
        )?;
        desk::sign_in(&engine, Role::Reception)?;
        desk::sign_in(&other, Role::Reception)?;
        let today = engine.app_state()?.today;
        let day: domain::time::Day = today.parse().context("today")?;
        sync::measure(&engine, &other, &today, &day.plus(6).to_string(), figures)?;
        other.shut_down();
    }
    engine.shut_down();
    drop(engine);
    if wants(Group::App) {
        eprintln!("the app");
        app::measure(&programs, &first, figures)?;
    }
    Ok(())
}
