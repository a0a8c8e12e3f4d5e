//! The state of a service, as one of its processes sees it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use contracts::operations::{
    AuditChainStatus, ConsumerStatus, DatabaseStatus, GetServiceStatusRequest, JobStatus, Migration, QueueStatus,
    ServiceStatus,
};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::Operations;
use crate::audit;
use crate::db::timestamp;
use crate::error::{Error, Result};

/// A stream that takes longer to answer is said to be silent.
const PATIENCE: Duration = Duration::from_secs(2);

impl Operations {
    pub async fn get_service_status(
        &self,
        _: Request<GetServiceStatusRequest>,
    ) -> Result<Response<ServiceStatus>, Status> {
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let mut status = ServiceStatus {
            service: self.db.service().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            start_time: Some(timestamp(self.start_time)),
            database: Some(database(&mut connection).await?),
            outbox: Some(outbox(&mut connection).await?),
            event_stream_connected: self.events.is_connected(),
            consumers: Vec::new(),
            jobs: Some(jobs(&mut connection).await?),
            audit_chain: chain(&mut connection).await?,
        };
        for monitor in &self.monitors {
            let letters: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox_dead_letter WHERE consumer = $1")
                .bind(monitor.name())
                .fetch_one(&mut *connection)
                .await
                .map_err(Error::from)?;
            let entry =
                ConsumerStatus { name: monitor.name().to_owned(), pending_count: -1, dead_letter_count: letters };
            status.consumers.push(entry);
        }
        connection.release();
        let pending = self.monitors.iter().map(|monitor| tokio::time::timeout(PATIENCE, monitor.pending()));
        for (entry, pending) in status.consumers.iter_mut().zip(futures::future::join_all(pending).await) {
            if let Ok(Ok(pending)) = pending {
                entry.pending_count = i64::try_from(pending).unwrap_or(i64::MAX);
            }
        }
        Ok(Response::new(status))
    }
}

async fn database(connection: &mut PgConnection) -> Result<DatabaseStatus> {
    let asked = Instant::now();
    let version: String =
        sqlx::query_scalar("SELECT current_setting('server_version')").fetch_one(&mut *connection).await?;
    let latency = asked.elapsed();
    let (database_bytes, service_bytes, connections, max_connections): (i64, i64, i32, i32) = sqlx::query_as(
        "SELECT pg_database_size(current_database()),
                (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c
                 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'),
                (SELECT count(*)::int FROM pg_stat_activity
                 WHERE usename = current_user AND datname = current_database()),
                current_setting('max_connections')::int",
    )
    .fetch_one(&mut *connection)
    .await?;
    let migrations: Vec<(i64, String, DateTime<Utc>)> = sqlx::query_as(
        "SELECT version, description, installed_on FROM service_migration WHERE success ORDER BY version",
    )
    .fetch_all(connection)
    .await?;
    let migration = |(version, description, installed)| Migration {
        version,
        description,
        install_time: Some(timestamp(installed)),
    };
    Ok(DatabaseStatus {
        version,
        database_bytes,
        service_bytes,
        connections,
        max_connections,
        latency_micros: i64::try_from(latency.as_micros()).unwrap_or(i64::MAX),
        migrations: migrations.into_iter().map(migration).collect(),
    })
}

async fn outbox(connection: &mut PgConnection) -> Result<QueueStatus> {
    let (pending_count, since): (i64, Option<DateTime<Utc>>) =
        sqlx::query_as("SELECT count(*), min(create_time) FROM outbox").fetch_one(connection).await?;
    Ok(QueueStatus { pending_count, pending_since: since.map(timestamp) })
}

async fn jobs(connection: &mut PgConnection) -> Result<JobStatus> {
    let (pending_count, running_count, dead_count) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'leased'),
                count(*) FILTER (WHERE state = 'dead')
         FROM job",
    )
    .fetch_one(connection)
    .await?;
    Ok(JobStatus { pending_count, running_count, dead_count })
}

async fn chain(connection: &mut PgConnection) -> Result<Option<AuditChainStatus>> {
    let state = audit::state(connection).await?;
    Ok(state.map(|state| AuditChainStatus {
        sequence: state.sequence,
        start_sequence: state.start_sequence,
        digest: state.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        unchained: Some(QueueStatus {
            pending_count: state.pending,
            pending_since: state.pending_since.map(timestamp),
        }),
        flawed_count: state.flawed,
        update_time: Some(timestamp(state.update_time)),
    }))
}
