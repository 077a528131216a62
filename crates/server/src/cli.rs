//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use domain::bucket::DeviceProfile;
use domain::id::DeviceId;
use server::admin;
use server::clinic::NewClinic;
use server::data::DataDir;
use server::settings::{Preset, Settings};
use server::system::SystemClock;
use server::{Config, Server};
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;
use vault::mask::MaskingWriter;

/// Any error, as it is shown to the person at the keyboard.
type Shown = Box<dyn std::error::Error>;

/// The clinic server of Espelho.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a clinic in an empty folder, with the first manager's login.
    Init {
        /// Folder that will hold everything the server keeps.
        #[arg(long)]
        data: PathBuf,
        /// The clinic's name as printed on documents.
        #[arg(long)]
        clinic_name: String,
        /// The first manager's name.
        #[arg(long)]
        manager_name: String,
        /// IANA time zone of the clinic.
        #[arg(long, default_value = "America/Sao_Paulo")]
        zone: String,
    },
    /// Serve the clinic until SIGINT or SIGTERM.
    Serve {
        /// The clinic's folder.
        #[arg(long)]
        data: PathBuf,
        /// Address and port to listen on; port 0 takes a free one.
        #[arg(long, default_value = "0.0.0.0:7443")]
        listen: SocketAddr,
        /// Set of values to run with: production, staging or development.
        #[arg(long, default_value = "production")]
        preset: Preset,
    },
    /// Make a one-time code with which one console may enrol.
    Enrol {
        /// The clinic's folder.
        #[arg(long)]
        data: PathBuf,
        /// Where the console stands, which decides what its disk may hold.
        #[arg(long)]
        profile: Profile,
        /// What to call the console, for example "Recepção 1".
        #[arg(long)]
        name: String,
    },
    /// List the enrolled consoles.
    Devices {
        /// The clinic's folder.
        #[arg(long)]
        data: PathBuf,
    },
    /// Refuse a console from now on.
    Revoke {
        /// The clinic's folder.
        #[arg(long)]
        data: PathBuf,
        /// Its id, as `devices` lists it.
        #[arg(long)]
        device: DeviceId,
    },
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Profile {
    Reception,
    TreatmentRoom,
    Management,
}

impl From<Profile> for DeviceProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Reception => Self::Reception,
            Profile::TreatmentRoom => Self::TreatmentRoom,
            Profile::Management => Self::Management,
        }
    }
}

/// Does what the command line asks.
pub fn run() -> Result<(), Shown> {
    let arguments = Arguments::parse();
    log_to_stderr();
    match arguments.command {
        Command::Init {
            data,
            clinic_name,
            manager_name,
            zone,
        } => init(&DataDir::at(data), clinic_name, manager_name, zone),
        Command::Serve {
            data,
            listen,
            preset,
        } => serve(DataDir::at(data), listen, preset),
        Command::Enrol {
            data,
            profile,
            name,
        } => {
            let data = DataDir::at(data);
            let settings = settings(&data, Preset::Production)?;
            let made =
                admin::make_enrolment(&data, profile.into(), &name, &settings, &SystemClock)?;
            println!("{}", serde_json::to_string(&made)?);
            Ok(())
        }
        Command::Devices { data } => {
            for device in admin::devices(&DataDir::at(data))? {
                println!("{}", serde_json::to_string(&device)?);
            }
            Ok(())
        }
        Command::Revoke { data, device } => {
            admin::revoke(&DataDir::at(data), device)?;
            println!("{}", serde_json::json!({"revoked": device}));
            Ok(())
        }
    }
}

fn init(data: &DataDir, name: String, manager_name: String, zone: String) -> Result<(), Shown> {
    let made = admin::init(
        data,
        NewClinic {
            name,
            zone,
            ..NewClinic::default()
        },
        &manager_name,
    )?;
    // The only time this password exists in readable form; it goes to the person who asked and nowhere else.
    println!("{}", serde_json::to_string(&made)?);
    Ok(())
}

fn settings(data: &DataDir, preset: Preset) -> Result<Settings, Shown> {
    let file = data.settings()?;
    Ok(Settings::layered(
        preset,
        file.as_deref(),
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )?)
}

fn serve(data: DataDir, listen: SocketAddr, preset: Preset) -> Result<(), Shown> {
    data.check()?;
    let settings = settings(&data, preset)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let signals = Signals::listen()?;
        let running = Server::start(Config::new(data, listen, settings)).await?;
        let ready = serde_json::json!({
            "event": "ready",
            "address": running.address.to_string(),
            "certificate_pin": running.certificate_pin,
        });
        println!("{ready}");
        signals.wait().await;
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    })
}

/// What asks the process to end. Listened to from before the server starts, so that no moment is left in which a signal
/// ends it without order.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn wait(mut self) {
        self.0.recv().await;
    }
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("ESPELHO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber can only exist if this runs twice, and then the first one stays.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(|| MaskingWriter(std::io::stderr()))
        .try_init();
}
