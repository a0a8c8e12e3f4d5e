//! Makes the file. It bears its name only once it is complete.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context as _;
use chrono::Utc;
use platform::db::{Db, Transaction};
use sqlx::AssertSqlSafe;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{FORMAT, MANIFEST, Manifest, Service, Stream, entry_name, objects, progress, tables};
use crate::{Config, SERVICES};

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub async fn backup(config: &Config, file: &Path) -> anyhow::Result<Manifest> {
    anyhow::ensure!(!file.exists(), "{} is there already", file.display());
    // Before the snapshots: whatever the stream holds up to here had been committed by then.
    let stream = match stream_end(config).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::warn!("the event stream does not answer, its end is not noted: {error:#}");
            None
        }
    };
    let mut snapshots = snapshots(config).await?;
    let partial = file.with_extension("partial");
    let out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let out = out.with_context(|| partial.display().to_string())?;
    let mut archive = ZipWriter::new(BufWriter::with_capacity(1 << 20, out));
    let mut services = Vec::with_capacity(SERVICES.len());
    for (name, snapshot) in &mut snapshots {
        services.push(service(&mut archive, config, name, snapshot).await.with_context(|| (*name).to_owned())?);
    }
    let manifest = Manifest {
        format: FORMAT,
        product_version: env!("CARGO_PKG_VERSION").to_owned(),
        time: Utc::now(),
        services,
        stream,
    };
    archive.start_file(MANIFEST, options())?;
    archive.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
    let out = archive.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    out.sync_all()?;
    std::fs::rename(&partial, file).with_context(|| file.display().to_string())?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(manifest)
}

fn options() -> SimpleFileOptions {
    // A table may be larger than 4 GiB.
    SimpleFileOptions::default().compression_level(Some(3)).large_file(true).unix_permissions(0o600)
}

async fn stream_end(config: &Config) -> anyhow::Result<Stream> {
    let events = platform::events::connect(&config.nats).await?;
    let stream = tokio::time::timeout(std::time::Duration::from_secs(5), events.stream()).await??;
    let info = stream.get_info().await?;
    Ok(Stream { create_time: info.created, last_sequence: info.state.last_sequence })
}

/// A transaction for each service; those of the common database see the same moment.
async fn snapshots(config: &Config) -> anyhow::Result<Vec<(&'static str, Transaction)>> {
    let mut shared: Option<String> = None;
    let mut snapshots = Vec::with_capacity(SERVICES.len());
    for service in SERVICES {
        let db = Db::new(&config.database, service)?;
        let mut snapshot = db.pool().begin_with(SNAPSHOT).await.with_context(|| service.to_owned())?;
        if !config.database.service_urls.contains_key(service) {
            match &shared {
                Some(id) => {
                    let statement = AssertSqlSafe(format!("SET TRANSACTION SNAPSHOT '{id}'"));
                    sqlx::query(statement).execute(&mut *snapshot).await?;
                }
                None => {
                    shared = Some(sqlx::query_scalar("SELECT pg_export_snapshot()").fetch_one(&mut *snapshot).await?);
                }
            }
        }
        snapshots.push((service, snapshot));
    }
    Ok(snapshots)
}

async fn service(
    archive: &mut ZipWriter<BufWriter<File>>,
    config: &Config,
    name: &str,
    snapshot: &mut Transaction,
) -> anyhow::Result<Service> {
    let migrations = tables::applied(snapshot, name).await?;
    let mut tables = tables::tables(snapshot).await?;
    let all = tables.len();
    for (index, table) in tables.iter_mut().enumerate() {
        archive.start_file(entry_name(name, &table.name), options())?;
        tables::read(snapshot, table, |piece| Ok(archive.write_all(piece)?)).await?;
        progress(&format!("{name}.{}", table.name), (index + 1, all), table.rows, table.bytes);
    }
    // Behind the tables: a sequence does not wait for the snapshot, and must not be behind its rows.
    let sequences = tables::sequences(snapshot).await?;
    let (objects, objects_left_out) = objects::write(archive, config, name, snapshot).await?;
    Ok(Service { name: name.to_owned(), migrations, tables, sequences, objects, objects_left_out })
}
