//! A search as a durable job: all customers of the rows are read into what they are compared by, a batch at a time; then
//! each way of finding pairs is one statement over all of them. What was done is noted in the transaction that did it.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::customers::CustomerKind;
use contracts::options::Permission;
use platform::access::{Access, RowPredicate};
use platform::error::Reason;
use platform::jobs::{JobContext, JobFailure, JobHandler, on_behalf};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rules::{BLOCKS, Facts, Reasons, Subject};
use super::store::{self, Block, Known, Search};
use crate::error::reason;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub search_id: Uuid,
}

/// How far an earlier attempt has come.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// The last customer that was read.
    after: Uuid,
    all_read: bool,
    step: usize,
}

pub struct DuplicateJob {
    access: Arc<Access>,
}

impl DuplicateJob {
    pub fn new(access: Arc<Access>) -> Self {
        Self { access }
    }
}

/// Crashes in a row that a search outlives.
pub const ATTEMPTS: i32 = 10;
/// Why searches break off.
pub static FAILURES: [&Reason; 2] = [&reason::DUPLICATES_FORBIDDEN, &reason::DUPLICATE_SEARCH_BROKE_OFF];

const BATCH: i64 = 5_000;

#[async_trait]
impl JobHandler for DuplicateJob {
    const KIND: &'static str = "customers.duplicates";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let outcome = self.work(&job).await;
        let failure = match &outcome {
            Err(failure @ JobFailure::Fatal(_)) => failure.reason().unwrap_or(&reason::DUPLICATE_SEARCH_BROKE_OFF),
            Err(JobFailure::Retry(_)) if job.is_last_attempt() => &reason::DUPLICATE_SEARCH_BROKE_OFF,
            _ => return outcome,
        };
        let mut connection = job.db().pool().acquire().await?;
        store::search_fail(&mut connection, job.payload.search_id, job.id(), failure.id).await?;
        outcome
    }
}

impl DuplicateJob {
    async fn work(&self, job: &JobContext<Payload>) -> Result<(), JobFailure> {
        let mut progress: Progress = job.progress().unwrap_or_default();
        loop {
            job.proceed()?;
            let mut tx = job.db().begin().await?;
            let search = store::search_of_job(tx.connection(), job.payload.search_id, job.id()).await?;
            // Ended in an earlier attempt that could not say so to the worker any more.
            let Some(search) = search else { return Ok(()) };
            // Whoever asked for it, as far as they may by now.
            let permission = Permission::CustomersUpdate;
            let caller = on_behalf(&self.access, search.employee_id, permission, &reason::DUPLICATES_FORBIDDEN)?;
            let rows = caller.rows(permission);
            let connection = tx.connection();
            let done = match BLOCKS.get(progress.step) {
                _ if !progress.all_read => {
                    read(connection, &search, &rows, &mut progress).await?;
                    false
                }
                Some((reason, part)) => {
                    let large = store::compare(connection, search.id, *part).await?;
                    let block =
                        |(customer_count, customer_id)| Block { reason: *reason as i32, customer_count, customer_id };
                    let large: Vec<Block> = large.into_iter().map(block).collect();
                    progress.step += 1;
                    store::step_set(connection, search.id, progress.step, &large).await?;
                    false
                }
                None => {
                    store::search_complete(connection, (&rows, Reasons::seen(|kind| caller.visibility(kind))), &search)
                        .await?;
                    true
                }
            };
            job.checkpoint(tx.connection(), &progress).await?;
            tx.commit().await?;
            if done {
                return Ok(());
            }
        }
    }
}

/// The next customers.
async fn read(
    connection: &mut sqlx::PgConnection,
    search: &Search,
    rows: &RowPredicate,
    progress: &mut Progress,
) -> Result<(), JobFailure> {
    let known = store::known_list(connection, rows, progress.after, BATCH).await?;
    let Some(last) = known.last() else {
        progress.all_read = true;
        return Ok(());
    };
    progress.after = last.id;
    let subjects: Vec<(Uuid, i16, Subject)> = known.iter().map(|one| (one.id, one.kind, subject(one))).collect();
    store::subjects_write(connection, search.id, &subjects).await?;
    Ok(())
}

fn subject(known: &Known) -> Subject {
    Subject::of(&Facts {
        kind: CustomerKind::try_from(i32::from(known.kind)).unwrap_or_default(),
        name: &known.name,
        phone_digits: &known.phone_digits,
        id_number: &known.id_number,
        email: &known.email,
        birthday: known.birthday,
    })
}
