//! What a service's schema holds, as the database says.

use anyhow::{Context as _, bail};
use futures::StreamExt;
use platform::db::PLATFORM_MIGRATIONS;
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgConnection};

use super::{Sequence, Table, hex};

/// Kept by the migrations themselves.
const OWN: [&str; 2] = ["platform_migration", "service_migration"];

pub fn migrations_of(service: &str) -> anyhow::Result<&'static Migrator> {
    Ok(match service {
        identity::NAME => &identity::MIGRATIONS,
        customers::NAME => &customers::MIGRATIONS,
        reporting::NAME => &reporting::MIGRATIONS,
        other => bail!("this version has no service `{other}`"),
    })
}

/// Those of this build.
pub fn built_in(service: &str) -> anyhow::Result<Vec<(String, i64, String)>> {
    let of = |whose: &str, migrator: &Migrator| {
        let entries = migrator.iter().map(|one| (whose.to_owned(), one.version, hex(&one.checksum)));
        entries.collect::<Vec<_>>()
    };
    Ok([of("platform", &PLATFORM_MIGRATIONS), of(service, migrations_of(service)?)].concat())
}

/// Those of the database.
pub async fn applied(connection: &mut PgConnection, service: &str) -> anyhow::Result<Vec<(String, i64, String)>> {
    let mut found = Vec::new();
    for (whose, table) in [("platform", OWN[0]), (service, OWN[1])] {
        let sql = format!("SELECT version, checksum FROM {table} WHERE success ORDER BY version");
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
        found.extend(rows.into_iter().map(|(version, checksum)| (whose.to_owned(), version, hex(&checksum))));
    }
    Ok(found)
}

/// All tables with the columns that hold something of their own, without counts.
pub async fn tables(connection: &mut PgConnection) -> anyhow::Result<Vec<Table>> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "SELECT c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
         FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relname <> ALL($1)
         GROUP BY c.relname ORDER BY c.relname",
    )
    .bind(OWN)
    .fetch_all(connection)
    .await?;
    let table = |(name, columns)| Table { name, columns, rows: 0, bytes: 0, sha256: String::new() };
    Ok(rows.into_iter().map(table).collect())
}

pub async fn sequences(connection: &mut PgConnection) -> anyhow::Result<Vec<Sequence>> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' ORDER BY relname",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut sequences = Vec::with_capacity(names.len());
    for name in names {
        let sql = format!("SELECT $1 AS name, last_value, is_called FROM {}", quoted(&name));
        sequences.push(sqlx::query_as(AssertSqlSafe(sql)).bind(&name).fetch_one(&mut *connection).await?);
    }
    Ok(sequences)
}

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"table" ("a", "b")`
pub fn with_columns(table: &Table) -> String {
    let columns: Vec<String> = table.columns.iter().map(|column| quoted(column)).collect();
    format!("{} ({})", quoted(&table.name), columns.join(", "))
}

pub async fn count(connection: &mut PgConnection, table: &Table) -> anyhow::Result<i64> {
    let sql = format!("SELECT count(*) FROM {}", quoted(&table.name));
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?)
}

/// Reads a table to its end, piece by piece; notes its size and its digest.
pub async fn read(
    connection: &mut PgConnection,
    table: &mut Table,
    mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    table.rows = count(connection, table).await?;
    let statement = format!("COPY {} TO STDOUT (FORMAT binary)", with_columns(table));
    let mut pieces = connection.copy_out_raw(&statement).await?;
    let mut hash = Sha256::new();
    table.bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.with_context(|| table.name.clone())?;
        hash.update(&piece);
        table.bytes += piece.len() as u64;
        take(&piece)?;
    }
    table.sha256 = hex(&hash.finalize());
    Ok(())
}
