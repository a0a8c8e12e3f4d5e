//! The service's own schema: its pool, and transactions that carry events, audit and idempotency with the rows.
//! `migrate` prepares the schema; `pool` keeps the connections; `tx` writes; the relay (`events`) and the worker (`jobs`) are woken by commits.

mod migrate;
mod pool;
mod tx;

use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;

pub use migrate::{PLATFORM_MIGRATIONS, migrate};
pub use pool::{Connection, Pool, Transaction};
pub use tx::{AuditEntry, FieldChange, Once, Tx, author, timestamp};

use crate::audit::{Committed, Key};
use crate::config::DatabaseConfig;

/// The database of one service. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    service: &'static str,
    committed: Arc<Notify>,
    enqueued: Arc<Notify>,
    audited: Arc<Notify>,
    audit_key: Key,
    written: Arc<Committed>,
}

impl Db {
    /// A pool that signs in as the service's role; connects when first used.
    pub fn new(config: &DatabaseConfig, service: &'static str) -> anyhow::Result<Self> {
        let pool = Pool::new(role_options(config, service)?, config.max_connections as usize)?;
        Ok(Self {
            pool,
            service,
            committed: Arc::default(),
            enqueued: Arc::default(),
            audited: Arc::default(),
            audit_key: Key::of(config, service),
            written: Arc::default(),
        })
    }

    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    pub fn service(&self) -> &'static str {
        self.service
    }

    /// Told after every commit that left events in the outbox.
    pub fn committed(&self) -> &Arc<Notify> {
        &self.committed
    }

    /// Told after every commit that left jobs to do.
    pub fn enqueued(&self) -> &Arc<Notify> {
        &self.enqueued
    }

    /// Told after every commit that left audit entries to chain.
    pub fn audited(&self) -> &Arc<Notify> {
        &self.audited
    }

    /// Audit entries that this process has committed.
    pub(crate) fn written(&self) -> &Committed {
        &self.written
    }

    pub(crate) fn audit_key(&self) -> &Key {
        &self.audit_key
    }
}

/// Name of the role, which is the owner of the schema of the service's name.
fn role(service: &str) -> String {
    format!("changke_{service}")
}

fn role_password(config: &DatabaseConfig, service: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(config.role_secret.as_bytes())?;
    mac.update(service.as_bytes());
    Ok(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn role_options(config: &DatabaseConfig, service: &str) -> anyhow::Result<PgConnectOptions> {
    let options = match config.service_urls.get(service) {
        Some(url) => url.parse::<PgConnectOptions>()?,
        None => {
            config.url.parse::<PgConnectOptions>()?.username(&role(service)).password(&role_password(config, service)?)
        }
    };
    Ok(options.application_name(&format!("changke-{service}")).options([
        ("search_path", format!("{service},public")),
        ("timezone", "UTC".to_owned()),
        // In kB. A long list of pending entries makes every search by a GIN index slow; bulk writers lift it.
        ("gin_pending_list_limit", "256".to_owned()),
    ]))
}
