//! The whole installation in one file, and back. The file is a ZIP archive: the rows of each table as Postgres copies them
//! in binary, and, last, a manifest with versions, counts and SHA-256 of each. `tables` asks the database, `write` makes
//! the file, `restore` takes it in.
//!
//! All services of one database are read in one snapshot. A service with a database of its own has a snapshot of its own,
//! taken at the same moment; what lies between is on the event stream.

mod restore;
mod tables;
mod write;

use std::io::{IsTerminal, Write};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use restore::restore;
pub use write::backup;

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    product_version: String,
    pub time: DateTime<Utc>,
    services: Vec<Service>,
    /// Where the event stream ended just before; nothing when it did not answer.
    stream: Option<Stream>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    /// Version and checksum, the platform's and the service's own.
    migrations: Vec<(String, i64, String)>,
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    columns: Vec<String>,
    rows: i64,
    bytes: u64,
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
struct Sequence {
    name: String,
    last_value: i64,
    is_called: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    create_time: DateTime<Utc>,
    last_sequence: u64,
}

impl Manifest {
    pub fn row_count(&self) -> i64 {
        self.services.iter().flat_map(|service| &service.tables).map(|table| table.rows).sum()
    }
}

fn entry_name(service: &str, table: &str) -> String {
    format!("{service}/{table}.copy")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn progress(what: &str, place: (usize, usize), rows: i64, bytes: u64) {
    let mut out = std::io::stderr();
    let (number, all) = place;
    if out.is_terminal() || rows > 0 || number == all {
        let (percent, megabytes) = (number * 100 / all, bytes as f64 / 1_000_000.0);
        let _ = writeln!(out, "  {percent:>3} % {number:>3}/{all:<3} {what}: {rows} rows, {megabytes:.1} MB");
    }
}
