//! Makes demonstration clinics.

use clap::{Parser, Subcommand};
use domain::port::Clock as _;
use domain::time::Timestamp;
use server::system::SystemClock;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use testkit::demo::{self, Order};

/// Makes demonstration clinics of people who do not exist.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a clinic in an empty folder, ready to be served. Progress goes to standard output, one JSON object a line.
    Make {
        /// Folder that the server will be started on.
        #[arg(long)]
        data: PathBuf,
        /// Number of clients; each comes about five times in three years.
        #[arg(long, default_value_t = 2000)]
        clients: u32,
        /// Number of photos, in pairs of before and after.
        #[arg(long, default_value_t = 40)]
        photos: u32,
        /// What everything is drawn from: the same seed at the same moment makes the same clinic.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Moment at which the clinic is to be seen, in milliseconds since 1970; the present one when left out.
        #[arg(long)]
        now: Option<i64>,
    },
}

fn main() -> ExitCode {
    let Command::Make {
        data,
        clients,
        photos,
        seed,
        now,
    } = Arguments::parse().command;
    let now = now.map_or_else(|| SystemClock.now(), Timestamp);
    let order = Order {
        data,
        clients,
        photos,
        seed,
        now,
    };
    let mut output = std::io::stdout().lock();
    let mut report = |step: &'static str, done: u64, of: u64| {
        let line = serde_json::json!({"step": step, "done": done, "of": of});
        // Whoever listened may be gone; the clinic is made all the same.
        let _ = writeln!(output, "{line}");
    };
    match demo::make(&order, &mut report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clinic-demo: {error}");
            ExitCode::FAILURE
        }
    }
}
