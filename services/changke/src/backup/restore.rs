//! Takes a file in, into an empty installation. Each service is one transaction, which holds only if every table came in
//! as it was written; afterwards everything is read once more and compared.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use platform::audit::{Checkpoints, state};
use platform::db::{AuditEntry, Db, FieldChange, Transaction};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;
use zip::ZipArchive;

use super::{FORMAT, MANIFEST, Manifest, Service, Stream, Table, entry_name, hex, objects, progress, tables};
use crate::{Config, Selection, trail};

type Archive = ZipArchive<BufReader<File>>;

const PIECE: usize = 1 << 20;

/// `force` gives up what is there. Answers what the file said of itself.
pub async fn restore(config: &Config, file: &Path, force: bool) -> anyhow::Result<Manifest> {
    let input = File::open(file).with_context(|| file.display().to_string())?;
    let mut archive = ZipArchive::new(BufReader::new(input)).context("no backup of this product")?;
    let manifest: Manifest = serde_json::from_slice(&content(&mut archive, MANIFEST)?).context(MANIFEST)?;
    check(&mut archive, config, &manifest)?;
    for service in &manifest.services {
        clear(config, &service.name, force).await.with_context(|| service.name.clone())?;
    }
    let selection = Selection { gateway: false, ..Selection::all() };
    crate::migrate(config, &selection).await?;
    for service in &manifest.services {
        let db = Db::new(&config.database, name_of(&service.name)?)?;
        objects::load(&mut archive, config, service).await.with_context(|| service.name.clone())?;
        load(&mut archive, &db, service).await.with_context(|| service.name.clone())?;
        compare(&db, service).await.with_context(|| service.name.clone())?;
    }
    forget_later_events(config, &manifest).await?;
    account(config, &manifest).await?;
    Ok(manifest)
}

fn name_of(service: &str) -> anyhow::Result<&'static str> {
    let known = crate::SERVICES.into_iter().find(|known| *known == service);
    known.with_context(|| format!("this version has no service `{service}`"))
}

fn content(archive: &mut Archive, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    archive.by_name(name).with_context(|| format!("the file lacks {name}"))?.read_to_end(&mut content)?;
    Ok(content)
}

/// Everything that can be known to be wrong before anything is touched: the whole file is read.
fn check(archive: &mut Archive, config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    ensure!(manifest.format == FORMAT, "format {} is another than this version's", manifest.format);
    for service in &manifest.services {
        let expected = tables::built_in(&service.name)?;
        ensure!(
            service.migrations == expected,
            "{}: the backup was made by version {} with other migrations; restore with that one, then migrate",
            service.name,
            manifest.product_version
        );
        for table in &service.tables {
            let name = entry_name(&service.name, &table.name);
            let mut entry = archive.by_name(&name).with_context(|| format!("the file lacks {name}"))?;
            let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
            loop {
                let length = entry.read(&mut piece).with_context(|| format!("{name} is damaged"))?;
                if length == 0 {
                    break;
                }
                hash.update(&piece[..length]);
            }
            ensure!(hex(&hash.finalize()) == table.sha256, "{name} is damaged");
        }
        objects::check(archive, config, service)?;
    }
    Ok(())
}

/// Leaves the service's schema empty, or refuses.
async fn clear(config: &Config, service: &str, force: bool) -> anyhow::Result<()> {
    let db = Db::new(&config.database, name_of(service)?)?;
    let own_database = config.database.service_urls.contains_key(service);
    // A database that was never migrated doesn't know the role.
    let mut connection = match db.pool().acquire().await {
        Ok(connection) => connection,
        Err(_) if !own_database => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let held: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r')",
    )
    .bind(service)
    .fetch_one(&mut *connection)
    .await?;
    if !held {
        return Ok(());
    }
    ensure!(force, "the database is not empty; --force drops what is there");
    let others: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(&mut *connection)
    .await?;
    ensure!(others == 0, "the service is running: it has {others} connections; stop it first");
    let mut statements = format!("DROP SCHEMA {service} CASCADE;");
    if own_database {
        statements.push_str(&format!("CREATE SCHEMA {service};"));
    }
    connection.execute(AssertSqlSafe(statements)).await?;
    connection.release();
    db.pool().close();
    Ok(())
}

async fn load(archive: &mut Archive, db: &Db, service: &Service) -> anyhow::Result<()> {
    let mut tx = db.pool().begin().await?;
    let present = tables::tables(&mut tx).await?;
    let shape =
        |tables: &[Table]| tables.iter().map(|table| (table.name.clone(), table.columns.clone())).collect::<Vec<_>>();
    ensure!(shape(&present) == shape(&service.tables), "the tables are not those of the backup");
    let keys = foreign_keys(&mut tx).await?;
    for key in &keys {
        let statement = format!("ALTER TABLE {} DROP CONSTRAINT {}", key.0, tables::quoted(&key.1));
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    let names: Vec<String> = service.tables.iter().map(|table| tables::quoted(&table.name)).collect();
    // The trail refuses to be emptied: what is thrown away here is what the migrations have put in.
    for name in &names {
        tx.execute(AssertSqlSafe(format!("ALTER TABLE {name} DISABLE TRIGGER USER"))).await?;
    }
    tx.execute(AssertSqlSafe(format!("TRUNCATE {}", names.join(", ")))).await?;
    for (index, table) in service.tables.iter().enumerate() {
        copy(archive, &mut tx, &service.name, table).await.with_context(|| table.name.clone())?;
        let place = (index + 1, service.tables.len());
        progress(&format!("{}.{}", service.name, table.name), place, table.rows, table.bytes);
    }
    for name in &names {
        tx.execute(AssertSqlSafe(format!("ALTER TABLE {name} ENABLE TRIGGER USER"))).await?;
    }
    for (table, name, definition) in &keys {
        let statement = format!("ALTER TABLE {table} ADD CONSTRAINT {} {definition}", tables::quoted(name));
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    for sequence in &service.sequences {
        sqlx::query("SELECT setval(quote_ident($1)::regclass, $2, $3)")
            .bind(&sequence.name)
            .bind(sequence.last_value)
            .bind(sequence.is_called)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    db.pool().acquire().await?.execute("ANALYZE").await?;
    Ok(())
}

/// Tables that refer to each other can't come in one after the other: their keys are taken off and put on again.
async fn foreign_keys(tx: &mut Transaction) -> anyhow::Result<Vec<(String, String, String)>> {
    Ok(sqlx::query_as(
        "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2",
    )
    .fetch_all(&mut **tx)
    .await?)
}

async fn copy(archive: &mut Archive, tx: &mut Transaction, service: &str, table: &Table) -> anyhow::Result<()> {
    let mut entry = archive.by_name(&entry_name(service, &table.name))?;
    let statement = format!("COPY {} FROM STDIN (FORMAT binary)", tables::with_columns(table));
    let mut copy = tx.copy_in_raw(&statement).await?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = entry.read(&mut piece)?;
        if length == 0 {
            break;
        }
        copy.send(&piece[..length]).await?;
    }
    let rows = copy.finish().await?;
    ensure!(i64::try_from(rows)? == table.rows, "{rows} rows came in, {} were written", table.rows);
    Ok(())
}

/// What is there now, read once more.
async fn compare(db: &Db, service: &Service) -> anyhow::Result<()> {
    let mut connection = db.pool().acquire().await?;
    for mut table in tables::tables(&mut connection).await? {
        tables::read(&mut connection, &mut table, |_| Ok(())).await?;
        ensure!(service.tables.contains(&table), "{} differs from what was written", table.name);
    }
    connection.release();
    Ok(())
}

/// What the stream holds of the time behind the backup speaks of what is no longer so.
async fn forget_later_events(config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    let Some(Stream { create_time, last_sequence }) = manifest.stream else {
        tracing::warn!("the backup does not know the event stream; if it is not empty, remove it");
        return Ok(());
    };
    let stream = platform::events::connect(&config.nats).await?.stream().await?;
    let info = stream.get_info().await?;
    if info.created != create_time {
        return Ok(());
    }
    for sequence in last_sequence + 1..=info.state.last_sequence {
        // Some may have been removed before.
        let _ = stream.delete_message(sequence).await;
    }
    Ok(())
}

/// Says in the trail and outside of it that the installation was restored, checks the chains, and ends what was open at the
/// time of the backup.
async fn account(config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    let events = platform::events::connect(&config.nats).await?;
    for service in &manifest.services {
        let name = name_of(&service.name)?;
        let db = Db::new(&config.database, name)?;
        let mut connection = db.pool().acquire().await?;
        let state = state(&mut connection).await?.context("no audit chain")?;
        connection.release();
        Checkpoints::new(&events, name).tell_restored(state.sequence, &state.digest).await?;
        let (_, _, found) = trail::findings(config, name, false).await?;
        for finding in &found {
            eprintln!("  {name}: {finding}");
        }
        if !found.is_empty() {
            bail!("{name}: everything is restored as it was backed up, but its audit trail is not sound");
        }
    }
    let db = Db::new(&config.database, identity::NAME)?;
    let mut tx = db.begin().await?;
    let ended = identity::recovery::entries_close(&mut tx).await?;
    let id = Uuid::now_v7();
    let field = |field: &str, after: String| FieldChange { field: field.to_owned(), before: String::new(), after };
    tx.audit(AuditEntry {
        action: "installation.restored",
        record_kind: "installation",
        record_id: id,
        subject_id: id,
        changes: vec![
            field("backup_time", manifest.time.to_rfc3339()),
            field("rows", manifest.row_count().to_string()),
            field("sessions_ended", ended.to_string()),
        ],
    });
    tx.commit().await?;
    Ok(())
}
