//! What `make bench` measures with: a floor written by hand, a driver that loads either, and a collector for traces.

mod access;
mod collector;
mod drive;
mod floor;
mod requests;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the same SQL as the product from handlers written by hand: no contract, no token, no access layer.
    Floor {
        #[arg(long)]
        listen: SocketAddr,
        /// URL of the customers' role.
        #[arg(long, env = "LOAD_DATABASE_URL", hide_env_values = true)]
        database_url: String,
        /// The employee whose rows are read, as the row predicate has it.
        #[arg(long)]
        employee: uuid::Uuid,
        /// The groups whose records the employee sees.
        #[arg(long, value_delimiter = ',')]
        groups: Vec<uuid::Uuid>,
        #[arg(long, default_value_t = 8)]
        connections: u32,
    },
    /// Load an address with requests one after the other on each connection, and print what came of it as JSON.
    Drive(drive::Plan),
    /// Print the floor's statements as a script of pgbench.
    Script {
        #[arg(long)]
        scenario: requests::Scenario,
        /// Ids to read, one a line.
        #[arg(long)]
        words: PathBuf,
    },
    /// Take traces in by OTLP over gRPC, and forget them.
    Collect {
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Measure token checks and decisions on one core.
    Access,
    /// Hash passwords, and print how many a second.
    Hash {
        #[arg(long)]
        threads: usize,
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
    },
    /// Write a spreadsheet of customers that are in no database yet.
    Sheet {
        #[arg(long)]
        rows: usize,
        /// The number of the first; others have others.
        #[arg(long, default_value_t = 0)]
        first: usize,
        #[arg(long)]
        to: PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Floor { listen, database_url, employee, groups, connections } => {
            floor::serve(listen, &database_url, connections, floor::Sight { employee, groups }).await
        }
        Command::Drive(plan) => {
            println!("{}", serde_json::to_string(&drive::run(plan).await?)?);
            Ok(())
        }
        Command::Script { scenario, words } => {
            let ids: Vec<String> = std::fs::read_to_string(words)?.lines().take(500).map(str::to_owned).collect();
            print!("{}", floor::script(scenario, &ids)?);
            Ok(())
        }
        Command::Collect { listen } => collector::serve(listen).await,
        Command::Access => {
            println!("{}", serde_json::to_string(&access::measure()?)?);
            Ok(())
        }
        Command::Hash { threads, seconds } => {
            println!("{}", access::hashes(threads, seconds)?);
            Ok(())
        }
        Command::Sheet { rows, first, to } => Ok(std::fs::write(to, requests::sheet(first..first + rows))?),
    }
}
