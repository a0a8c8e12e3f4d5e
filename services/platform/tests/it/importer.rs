//! The job that the stories of jobs are about: an import that saves each row together with its progress, and comes to
//! grief in several ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use platform::db::Db;
use platform::jobs::{self, Enqueued, JobContext, JobFailure, JobHandler, JobStatus, NewJob, Worker};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::stage::{Running, Stage, in_time, until};

#[derive(Serialize, Deserialize)]
pub struct Import {
    pub rows: i64,
}

#[derive(Serialize, Deserialize, Default)]
pub struct Progress {
    pub rows: i64,
}

/// What an importer does at one row.
#[derive(Clone, Copy)]
pub enum Twist {
    /// Fails at it so many times.
    Fail(u32),
    Panic,
    GiveUp,
    /// Waits there until it is cancelled or stopped.
    WaitForSignal,
    /// Waits there and looks at nothing.
    Hang,
}

/// Writes a row and its progress in one transaction each.
#[derive(Clone)]
pub struct Importer {
    pub twist: Option<(i64, Twist)>,
    pub runs: Arc<AtomicU32>,
    /// At the row of the twist.
    pub reached: Arc<Notify>,
}

impl Importer {
    pub fn smooth() -> Self {
        Self { twist: None, runs: Arc::default(), reached: Arc::default() }
    }

    pub fn with(row: i64, twist: Twist) -> Self {
        Self { twist: Some((row, twist)), ..Self::smooth() }
    }

    /// Waits until it stands at the row of the twist.
    pub async fn reached(&self) {
        in_time("the importer's twist", self.reached.notified()).await;
    }
}

#[async_trait]
impl JobHandler for Importer {
    const KIND: &'static str = "test.import";
    type Payload = Import;

    async fn run(&self, job: JobContext<Import>) -> Result<(), JobFailure> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let from = job.progress::<Progress>().unwrap_or_default().rows;
        for row in from + 1..=job.payload.rows {
            if let Some((at, twist)) = self.twist
                && at == row
            {
                self.reached.notify_one();
                match twist {
                    Twist::Fail(times) if run <= times => return Err(JobFailure::Retry(anyhow!("row {row} failed"))),
                    Twist::Fail(_) => {}
                    Twist::Panic => panic!("row {row} is too much"),
                    Twist::GiveUp => return Err(JobFailure::Fatal(anyhow!("row {row} can't be"))),
                    Twist::WaitForSignal => tokio::select! {
                        () = job.cancelled() => {}
                        () = job.stopping() => {}
                    },
                    Twist::Hang => std::future::pending().await,
                }
            }
            job.proceed()?;
            let mut tx = job.db().begin().await?;
            sqlx::query("INSERT INTO effect (revision) VALUES ($1)").bind(row).execute(tx.connection()).await?;
            job.checkpoint(tx.connection(), &Progress { rows: row }).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

impl Stage {
    /// A worker in a process of its own.
    pub fn worker(&self, importer: &Importer) -> Running {
        let worker = Worker::new(&self.another(&self.reporting))
            .register(importer.clone())
            .pauses(Duration::from_millis(5), Duration::from_millis(20));
        Running::start(worker, Worker::run)
    }

    pub async fn import(&self, rows: i64) -> Uuid {
        enqueue(&self.reporting, NewJob::new::<Importer>(&Import { rows }).unwrap()).await.id()
    }

    pub async fn job(&self, id: Uuid) -> JobStatus {
        let mut connection = self.reporting.pool().acquire().await.unwrap();
        jobs::status(&mut connection, id).await.unwrap().unwrap()
    }

    pub async fn until_over(&self, id: Uuid) -> JobStatus {
        until("the job is over", async || self.job(id).await.state.is_over()).await;
        self.job(id).await
    }

    pub async fn rows(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT revision FROM effect ORDER BY place").fetch_all(self.reporting.pool()).await.unwrap()
    }

    /// As if the lease's time had passed.
    pub async fn let_lease_run_out(&self, id: Uuid) {
        // A statement that a killed worker had sent may still run, and take the lease once more.
        until("nothing of the dead is under way", async || {
            let active: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()",
            )
            .fetch_one(self.reporting.pool())
            .await
            .unwrap();
            active == 0
        })
        .await;
        let ran_out = sqlx::query("UPDATE job SET lease_until = now() - interval '1 second' WHERE id = $1");
        ran_out.bind(id).execute(self.reporting.pool()).await.unwrap();
    }
}

pub async fn enqueue(db: &Db, job: NewJob) -> Enqueued {
    let mut tx = db.begin().await.unwrap();
    let enqueued = tx.enqueue(job).await.unwrap();
    tx.commit().await.unwrap();
    enqueued
}

pub fn one_to(last: i64) -> Vec<i64> {
    (1..=last).collect()
}
