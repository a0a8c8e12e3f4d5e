//! The jobs under way in this process: takes them on, keeps their leases alive, and passes on when to stop.

use std::collections::HashMap;
use std::future;
use std::sync::Arc;

use anyhow::anyhow;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use super::JobFailure;
use super::context::Signals;
use super::desk::Desk;
use super::store::{self, End, Held, LEASE, Leased};
use super::worker::Worker;
use crate::error;

/// A run that is over, whatever way.
pub(super) type Ended = Result<(Id, ()), JoinError>;

pub(super) struct Crew {
    desk: Arc<Desk>,
    concurrency: usize,
    runs: JoinSet<()>,
    members: HashMap<Id, Member>,
}

struct Member {
    job: Arc<Leased>,
    signals: Signals,
    handle: AbortHandle,
    /// Until then nobody else can have the job.
    safe_until: Instant,
}

impl Crew {
    pub(super) fn new(worker: Worker) -> Self {
        let concurrency = worker.concurrency;
        Self { desk: Arc::new(Desk::new(worker)), concurrency, runs: JoinSet::new(), members: HashMap::new() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.runs.is_empty()
    }

    pub(super) async fn schedule_recurring(&self) -> error::Result<()> {
        self.desk.schedule_recurring().await
    }

    /// Fills free places with jobs that are due.
    pub(super) async fn take_on(&mut self) -> error::Result<()> {
        let free = self.concurrency.saturating_sub(self.runs.len());
        if free == 0 {
            return Ok(());
        }
        let safe_until = Instant::now() + LEASE;
        for job in self.desk.lease(free).await? {
            let (job, signals) = (Arc::new(job), Signals::default());
            let span = tracing::info_span!("job", service = self.desk.db().service(), kind = job.kind, job = %job.id);
            let run = Arc::clone(&self.desk).run(Arc::clone(&job), signals.clone()).instrument(span);
            let handle = self.runs.spawn(run);
            self.members.insert(handle.id(), Member { job, signals, handle, safe_until });
        }
        Ok(())
    }

    /// Waits for a run to end; forever when there is none.
    pub(super) async fn next_end(&mut self) -> Ended {
        match self.runs.join_next_with_id().await {
            Some(ended) => ended,
            None => future::pending().await,
        }
    }

    pub(super) async fn dismiss(&mut self, ended: Ended) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        let Some(member) = self.members.remove(&id) else { return };
        if let Err(error) = ended {
            let failure = JobFailure::Retry(anyhow!("the handler panicked: {error}"));
            self.desk.finish(&member.job, &self.desk.end(&member.job, failure)).await;
        }
    }

    /// Looks whether leases still stand and jobs are to be cancelled; a heartbeat makes the leases last as well.
    pub(super) async fn look_after(&mut self, heartbeat: bool) -> error::Result<()> {
        if self.members.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let held: Vec<Held> = self.members.values().map(|member| member.job.held()).collect();
        let standing = self.standing(&held, heartbeat).await;
        for member in self.members.values_mut() {
            match &standing {
                Ok(standing) => match standing.get(&member.job.lease_owner) {
                    Some(cancel_requested) => {
                        if heartbeat {
                            member.safe_until = now + LEASE;
                        }
                        if *cancel_requested {
                            member.signals.cancel.cancel();
                        }
                    }
                    None => member.signals.stop.cancel(),
                },
                Err(_) if member.safe_until <= now => member.signals.stop.cancel(),
                Err(_) => {}
            }
        }
        standing.map(|_| ())
    }

    async fn standing(&self, held: &[Held], heartbeat: bool) -> error::Result<HashMap<Uuid, bool>> {
        let mut connection = self.desk.db().pool().acquire().await?;
        let standing = if heartbeat {
            store::extend(&mut connection, held).await?
        } else {
            store::look_after(&mut connection, held).await?
        };
        Ok(standing.into_iter().collect())
    }

    /// The process is about to end.
    pub(super) fn tell_to_stop(&self) {
        for member in self.members.values() {
            member.signals.stop.cancel();
        }
    }

    /// Breaks off what is still running, so that another worker can go on with it at once.
    pub(super) async fn hand_over(&mut self) {
        for member in self.members.values() {
            member.handle.abort();
        }
        while self.runs.join_next().await.is_some() {}
        for (_, member) in self.members.drain() {
            tracing::warn!(kind = member.job.kind, job = %member.job.id, "handed over at shutdown");
            self.desk.finish(&member.job, &End::Released).await;
        }
    }
}
