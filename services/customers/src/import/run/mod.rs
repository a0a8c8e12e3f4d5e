//! A run of an import as a durable job: `source` reads the file in a thread of its own, `matching` decides what each row
//! means for the customers that exist, `writing` does it. A batch is one transaction that also notes how far it went, so a
//! run that broke off goes on behind the last batch and takes no row twice.

mod matching;
mod seen;
mod source;
mod writing;

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::FixedOffset;
use contracts::customers::{ImportKey, ImportState};
use contracts::options::Permission;
use platform::access::{Access, Caller};
use platform::error::{Error, Result};
use platform::jobs::{JobContext, JobFailure, JobHandler, on_behalf};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::row::Plan;
use super::store::{self, Progress, Stored};
use crate::Shared;
use crate::error::reason;
use source::Batch;
pub use source::fetch;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub import_id: Uuid,
}

/// Runs imports.
pub struct ImportJob {
    shared: Arc<Shared>,
    access: Arc<Access>,
}

impl ImportJob {
    pub fn new(shared: Arc<Shared>, access: Arc<Access>) -> Self {
        Self { shared, access }
    }
}

/// Crashes that a run outlives.
pub const ATTEMPTS: i32 = 20;

#[async_trait]
impl JobHandler for ImportJob {
    const KIND: &'static str = "customers.import";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let id = job.payload.import_id;
        let Some(stored) = store::import_of_job(job.db().pool(), id, job.id(), ImportState::Running).await? else {
            // Ended in an earlier attempt that could not say so to the worker any more.
            return Ok(());
        };
        let outcome = self.work(&job, id, stored).await;
        let (state, failure) = match &outcome {
            Ok(()) => return Ok(()),
            Err(JobFailure::Cancelled) => (ImportState::Cancelled, None),
            Err(failure @ JobFailure::Fatal(_)) => {
                (ImportState::Failed, Some(failure.reason().unwrap_or(&reason::IMPORT_BROKE_OFF)))
            }
            Err(JobFailure::Retry(_)) if job.is_last_attempt() => {
                (ImportState::Failed, Some(&reason::IMPORT_BROKE_OFF))
            }
            Err(JobFailure::Retry(_) | JobFailure::Interrupted) => return outcome,
        };
        let mut connection = job.db().pool().acquire().await?;
        store::run_end(&mut connection, id, job.id(), state, failure).await?;
        outcome
    }
}

/// A run under way.
struct Work<'a> {
    job: &'a JobContext<Payload>,
    import_id: Uuid,
    employee_id: Uuid,
    file_name: &'a str,
    plan: Arc<Plan>,
    update: bool,
    dry: bool,
}

impl ImportJob {
    async fn work(&self, job: &JobContext<Payload>, id: Uuid, stored: Stored) -> Result<(), JobFailure> {
        let caller = self.caller(stored.employee_id)?;
        let owner = owner(&caller, stored.owner_id).ok_or_else(|| JobFailure::stop(&reason::IMPORT_FORBIDDEN))?;
        let fields = self.shared.fields.seen_by(&caller).await?;
        for path in &stored.fields {
            let Some(key) = path.strip_prefix("custom_fields.") else { continue };
            if fields.by_key(key).is_some_and(|_| fields.is_writable(key)) {
                continue;
            }
            // A field that was made a moment ago elsewhere: its column must not be left out for that.
            if fields.all().all(|field| field.key != key) {
                return Err(JobFailure::Retry(anyhow::anyhow!("{path} is not known here yet")));
            }
            return Err(JobFailure::stop(&reason::IMPORT_FORBIDDEN));
        }
        let key = ImportKey::try_from(stored.import.key).unwrap_or_default();
        let zone: FixedOffset = self.shared.zone;
        let plan = Arc::new(Plan::new(&stored.fields, fields, key, owner, zone, caller));
        let file = fetch(job.db().pool(), id).await?.ok_or_else(|| JobFailure::stop(&reason::IMPORT_FILE_GONE))?;
        let mut source = source::Source::start(file, &stored, plan.clone());
        let work = Work {
            job,
            import_id: id,
            employee_id: stored.employee_id,
            file_name: &stored.import.file_name,
            update: stored.import.duplicate_policy == 2,
            dry: stored.import.dry_run,
            plan,
        };
        let mut progress = stored.progress;
        while let Some(first) = source.next().await {
            let batches: VecDeque<Batch> = [Some(first), source.next().await].into_iter().flatten().collect();
            job.proceed()?;
            self.still_allowed(stored.employee_id)?;
            if work.take(batches, &mut progress).await? {
                return Err(JobFailure::Cancelled);
            }
        }
        source.end().await.map_err(|fault| JobFailure::stop(fault.reason()))?;
        work.complete(progress).await
    }

    /// Whoever the run is for, if they still may.
    fn caller(&self, employee_id: Uuid) -> Result<Caller, JobFailure> {
        on_behalf(&self.access, employee_id, Permission::CustomersImport, &reason::IMPORT_FORBIDDEN)
    }

    /// A right that is withdrawn ends the run; a policy that is not heard of for a while does not.
    fn still_allowed(&self, employee_id: Uuid) -> Result<(), JobFailure> {
        if self.access.policy().is_fresh() { self.caller(employee_id).map(|_| ()) } else { Ok(()) }
    }
}

/// The owner of new customers with the owner's group, within the importer's scope.
pub fn owner(caller: &Caller, owner_id: Option<Uuid>) -> Option<(Uuid, Option<Uuid>)> {
    let Some(id) = owner_id else { return Some((caller.employee_id()?, caller.group_id())) };
    let employee = caller.policy()?.employee(id).filter(|employee| employee.active)?;
    caller.covers(Permission::CustomersImport, Some(id), employee.group_id).then_some((id, employee.group_id))
}

/// SQLSTATE of a lock that was waited for too long.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// How often a batch is tried when others take its values meanwhile.
const TRIES: usize = 5;

impl Work<'_> {
    /// Takes the batches; whether the run is to be cancelled.
    async fn take(&self, mut batches: VecDeque<Batch>, progress: &mut Progress) -> Result<bool, JobFailure> {
        for attempt in 1.. {
            match self.try_take(&mut batches, progress, attempt == 1).await {
                Ok(cancelled) => return Ok(cancelled),
                Err(Failure::Database(error)) if attempt < TRIES && error.is_conflict() => {
                    tracing::debug!(attempt, "batch again: {error}");
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(false)
    }

    /// Removes each batch that was committed. Two at a time keep two processors of the database busy; since no two rows of
    /// a file are the same customer, neither needs the other's effects. The first commits first, so that progress has no
    /// gaps; the second holds the turn, since it commits last.
    async fn try_take(
        &self,
        batches: &mut VecDeque<Batch>,
        progress: &mut Progress,
        together: bool,
    ) -> Result<bool, Failure> {
        while let Some(first) = batches.front() {
            let staged = match batches.get(1).filter(|_| together) {
                Some(second) => {
                    let behind = self.begin(true).await?;
                    let ahead = self.begin(false).await?;
                    let (ahead, behind) = tokio::join!(self.stage(ahead, first), self.stage(behind, second));
                    vec![ahead?, behind?]
                }
                None => vec![self.stage(self.begin(true).await?, first).await?],
            };
            for staged in staged {
                let cancelled = self.commit(staged, progress).await?;
                batches.pop_front();
                if cancelled {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn complete(&self, progress: Progress) -> Result<(), JobFailure> {
        let mut tx = self.job.db().begin().await?;
        tx.act_for(&self.plan.caller).await?;
        let state = if self.dry { ImportState::Ready } else { ImportState::Completed };
        self.job.checkpoint(tx.connection(), &progress).await?;
        if store::run_end(tx.connection(), self.import_id, self.job.id(), state, None).await? && !self.dry {
            tx.audit(super::audit::ended("import.completed", self.import_id, &progress));
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Why a batch of work on customers did not go through.
pub enum Failure {
    Database(Error),
    Job(JobFailure),
}

impl From<Failure> for JobFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) => error.into(),
            Failure::Job(failure) => failure,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let conflict = error
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation() || error.code().as_deref() == Some(LOCK_NOT_AVAILABLE));
        Self::Database(if conflict { Error::stale_etag() } else { error.into() })
    }
}

impl From<JobFailure> for Failure {
    fn from(failure: JobFailure) -> Self {
        Self::Job(failure)
    }
}
