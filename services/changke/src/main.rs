//! The one binary: serves, migrates, seeds and administers.

use std::path::PathBuf;
use std::process::ExitCode;

use changke::{App, Config, Selection};
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "changke", version, about = "Changke, a customer relationship platform")]
struct Arguments {
    /// TOML file with settings; `CHANGKE_SECTION__KEY` variables override it.
    #[arg(long, env = "CHANGKE_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the named services, or all of them and the gateway in one process.
    Serve {
        /// `gateway`, `identity`, `customers`, `reporting`.
        services: Vec<String>,
    },
    /// Create roles and schemas and bring them up to date.
    Migrate {
        /// All when left out.
        services: Vec<String>,
    },
    /// Fill an empty installation with a believable company.
    Seed(changke::seed::Plan),
    /// Administer the installation.
    #[command(subcommand)]
    Admin(Admin),
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Subcommand)]
enum Admin {
    /// Create an administrator, and print a link to set the password with, good for one use.
    Create { login_name: String },
    /// Put a new key in the place of those that sign access tokens. The old ones count until what they signed has expired.
    RotateKeys,
    /// Check the audit trail.
    #[command(subcommand)]
    Audit(changke::trail::Audit),
    /// Write the whole installation into a file, as it is at one moment. It may be running. Attached files that lie in
    /// `blob.directory` go along; those in a bucket stay there, to be kept by its own versions or copies.
    Backup { file: PathBuf },
    /// Take a backup into an empty installation, which must not be running. Attached files of the backup go where `blob`
    /// says; none is removed there.
    Restore {
        file: PathBuf,
        /// Drop what is there first.
        #[arg(long)]
        force: bool,
    },
}

impl Command {
    /// The parts of the product that the command runs or works on.
    fn parts(&self) -> anyhow::Result<Selection> {
        match self {
            Self::Serve { services } => Selection::named(services),
            Self::Migrate { services } => Ok(Selection { gateway: false, ..Selection::named(services)? }),
            Self::Seed(_) => Ok(Selection { gateway: false, ..Selection::all() }),
            Self::Admin(Admin::Audit(_) | Admin::Backup { .. } | Admin::Restore { .. }) => {
                Ok(Selection { gateway: false, ..Selection::all() })
            }
            Self::Admin(Admin::Create { .. } | Admin::RotateKeys) => {
                Ok(Selection { gateway: false, services: vec![identity::NAME] })
            }
            Self::Openapi => Ok(Selection { gateway: false, services: Vec::new() }),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Openapi) {
        println!("{:#}", gateway::openapi(platform::contract::Contract::get()));
        return ExitCode::SUCCESS;
    }
    let parts = match arguments.command.parts() {
        Ok(parts) => parts,
        Err(error) => {
            eprintln!("changke: {error:#}");
            return ExitCode::from(2);
        }
    };
    let config = match Config::load(arguments.config.as_deref(), &parts) {
        Ok(config) => config,
        Err(faults) => {
            for fault in faults {
                eprintln!("configuration: {fault}");
            }
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments.command, config, parts)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            eprintln!("changke: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, config: Config, parts: Selection) -> anyhow::Result<()> {
    let _telemetry = platform::telemetry::init(&config.telemetry)?;
    match command {
        Command::Serve { .. } => serve(config, parts).await,
        Command::Migrate { .. } => changke::migrate(&config, &parts).await,
        Command::Seed(plan) => changke::seed::run(&config, &plan).await,
        Command::Admin(Admin::Create { login_name }) => {
            let link = changke::create_administrator(&config, &login_name).await?;
            println!("{login_name} {link}");
            Ok(())
        }
        Command::Admin(Admin::RotateKeys) => {
            println!("{}", changke::rotate_keys(&config).await?);
            Ok(())
        }
        Command::Admin(Admin::Audit(changke::trail::Audit::Verify(verify))) => {
            anyhow::ensure!(changke::trail::run(&config, &verify).await?, "the audit trail is not sound");
            Ok(())
        }
        Command::Admin(Admin::Backup { file }) => {
            let manifest = changke::backup::backup(&config, &file).await?;
            println!("{}: {} rows as of {}", file.display(), manifest.row_count(), manifest.time);
            let (held, left_out) = manifest.files();
            println!("{held} attached files are in it");
            if left_out > 0 {
                println!(
                    "{left_out} attached files are NOT in it: they lie in a bucket, or were not found in blob.directory"
                );
            }
            Ok(())
        }
        Command::Admin(Admin::Restore { file, force }) => {
            let manifest = changke::backup::restore(&config, &file, force).await?;
            println!("{}: {} rows as of {} are back and verified", file.display(), manifest.row_count(), manifest.time);
            Ok(())
        }
        Command::Openapi => Ok(()),
    }
}

/// The life of the process: serve until told to stop, drain under a deadline, leave at once when told twice.
async fn serve(config: Config, selection: Selection) -> anyhow::Result<()> {
    let identity = config.identity.clone();
    let app = App::start(config, selection).await?;
    if let Some(db) = app.database(identity::NAME)
        && let Some((login_name, link)) = identity::bootstrap::first_run(db, &identity).await?
    {
        println!(
            "Nobody has signed in yet. Set the password of {login_name} with this link, good for one use:\n{link}"
        );
    }
    tokio::select! {
        () = signalled() => tracing::info!("draining"),
        result = app.failed() => return result,
    }
    tokio::select! {
        () = app.stop() => tracing::info!("stopped"),
        () = signalled() => tracing::warn!("stopped before the drain was complete"),
    }
    Ok(())
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::error!("no signals: {error}");
            std::future::pending::<()>().await;
        }
    }
}
