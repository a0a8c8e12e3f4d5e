//! Who of several replicas works: the one whose database session holds an advisory lock. It ends with the session, so a
//! replica that dies is followed by another without any clock. (A pooler between must keep sessions whole.)

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};

use crate::db::Db;

/// How long a statement of the lease's session may take before the session counts as lost.
const TIMEOUT: Duration = Duration::from_secs(15);

pub(super) struct Lease {
    connection: PgConnection,
    name: String,
}

impl Lease {
    /// A session that can take the lease of this name.
    pub(super) async fn connect(db: &Db, name: &str) -> anyhow::Result<Self> {
        // The server must notice within seconds that the other machine is gone, or the lock would outlive it for hours.
        let options = db.pool().connect_options().clone().options([
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "2"),
        ]);
        let connection = in_time(options.connect()).await?;
        Ok(Self { connection, name: format!("changke/{}/{name}", db.service()) })
    }

    pub(super) async fn try_take(&mut self) -> anyhow::Result<bool> {
        let taken = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))").bind(&self.name);
        in_time(taken.fetch_one(&mut self.connection)).await
    }

    /// The session: what goes through it can only succeed while the lease is held.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Lets another replica take over at once.
    pub(super) async fn release(self) {
        // A session that can't be closed is gone anyway.
        let _ = in_time(self.connection.close()).await;
    }
}

/// A statement that must not hang when the other side has silently gone.
pub(super) async fn in_time<T>(statement: impl Future<Output = sqlx::Result<T>>) -> anyhow::Result<T> {
    Ok(tokio::time::timeout(TIMEOUT, statement).await.context("the database does not answer")??)
}
