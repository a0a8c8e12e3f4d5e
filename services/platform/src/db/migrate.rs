//! Creates the service's role and schema and brings them up to date. Run by `changke migrate` before a new version
//! serves; safe to run again and from several places at once.

use std::borrow::Cow;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::{role, role_options, role_password};
use crate::config::DatabaseConfig;

/// Migrations of what every schema holds.
pub static PLATFORM_MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Key of the advisory lock that keeps two migrations of one database apart.
const LOCK: i64 = 0x6368_616e_676b_6500;

pub async fn migrate(config: &DatabaseConfig, service: &str, migrations: &Migrator) -> anyhow::Result<()> {
    if !config.service_urls.contains_key(service) {
        prepare(config, service).await?;
    }
    let mut connection = role_options(config, service)?.connect().await?;
    let mut platform = Migrator { migrations: PLATFORM_MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
    platform.table_name = Cow::Borrowed("platform_migration");
    platform.run(&mut connection).await?;
    crate::audit::adopt(&mut connection, service, &crate::audit::Key::of(config, service)).await?;
    let mut own = Migrator { migrations: migrations.migrations.clone(), ..Migrator::DEFAULT };
    own.table_name = Cow::Borrowed("service_migration");
    own.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// What needs an administrator: the role and the schema.
async fn prepare(config: &DatabaseConfig, service: &str) -> anyhow::Result<()> {
    let options: PgConnectOptions = config.url.parse()?;
    let mut admin = options.connect().await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut admin).await?;
    let (role, password) = (role(service), role_password(config, service)?);
    // Names come from the list of services in the code and the password is hexadecimal: nothing to escape.
    let statements = format!(
        "DO $$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
         END $$;
         GRANT {role} TO CURRENT_USER;
         CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role};
         REVOKE ALL ON SCHEMA {service} FROM PUBLIC;"
    );
    admin.execute(AssertSqlSafe(statements)).await?;
    // Roles belong to the whole server, so installations beside this one may be setting the same password right now.
    for attempt in 0.. {
        match admin.execute(AssertSqlSafe(format!("ALTER ROLE {role} LOGIN PASSWORD '{password}'"))).await {
            Ok(_) => break,
            Err(error) if attempt < 20 && error.to_string().contains("concurrently") => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
    admin.close().await?;
    Ok(())
}
