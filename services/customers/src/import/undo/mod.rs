//! Taking an import back, as a durable job. A batch is one transaction that also notes how far it went; what is taken back
//! is no longer among the effects, so that a job that broke off goes on with the rest.

pub mod rules;
pub mod store;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::customers::{Customer, CustomerState, ImportKeptReason, ImportState, RecordKind};
use contracts::options::Permission;
use platform::access::{Access, Caller};
use platform::db::{AuditEntry, FieldChange, Tx, timestamp};
use platform::error::Result;
use platform::jobs::{JobContext, JobFailure, JobHandler, on_behalf};
use platform::update;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::run::Failure;
use super::{audit, bulk, store as imports};
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::{changes, event};
use crate::error::reason;
use crate::field::Fields;
use crate::field::unique::{unique_values, unique_values_set};
use crate::search::document::customer_document;
use crate::search::store::documents_save;
use rules::Verdict;
use store::{Effect, Undone};

const BATCH: i64 = 200;
/// Crashes that it outlives.
pub const ATTEMPTS: i32 = 20;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub import_id: Uuid,
}

/// Takes imports back.
pub struct UndoJob {
    shared: Arc<Shared>,
    access: Arc<Access>,
}

impl UndoJob {
    pub fn new(shared: Arc<Shared>, access: Arc<Access>) -> Self {
        Self { shared, access }
    }
}

#[async_trait]
impl JobHandler for UndoJob {
    const KIND: &'static str = "customers.import.undo";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let id = job.payload.import_id;
        let Some(stored) = imports::import_of_job(job.db().pool(), id, job.id(), ImportState::Undoing).await? else {
            // Ended in an earlier attempt that could not say so to the worker any more.
            return Ok(());
        };
        let outcome = self.work(&job, id, stored).await;
        let failure = match &outcome {
            Ok(()) => return Ok(()),
            Err(failure @ JobFailure::Fatal(_)) => failure.reason().unwrap_or(&reason::IMPORT_UNDO_BROKE_OFF),
            Err(JobFailure::Retry(_)) if !job.is_last_attempt() => return outcome,
            Err(JobFailure::Interrupted) => return outcome,
            Err(JobFailure::Retry(_) | JobFailure::Cancelled) => &reason::IMPORT_UNDO_BROKE_OFF,
        };
        let mut connection = job.db().pool().acquire().await?;
        store::undo_end(&mut connection, id, job.id(), ImportState::Failed, Some(failure)).await?;
        outcome
    }
}

impl UndoJob {
    async fn work(&self, job: &JobContext<Payload>, id: Uuid, stored: imports::Stored) -> Result<(), JobFailure> {
        let mut undone = stored.undone;
        loop {
            job.proceed()?;
            let caller =
                on_behalf(&self.access, stored.employee_id, Permission::CustomersImport, &reason::IMPORT_FORBIDDEN)?;
            let fields = self.shared.fields.all_of(RecordKind::Customer).await?;
            let mut connection = job.db().pool().acquire().await?;
            let effects = store::effect_list(&mut connection, id, BATCH).await?;
            connection.release();
            if effects.is_empty() {
                return self.complete(job, id, &caller, &undone).await;
            }
            let batch = Batch { job, import_id: id, file_name: &stored.import.file_name, caller, fields };
            match batch.take_back(&effects, &mut undone, None).await {
                Ok(()) => {}
                Err(Failure::Database(error)) if error.is_conflict() => {
                    // Somebody holds a value of before: it shows whose, one at a time.
                    for effect in effects.chunks(1) {
                        match batch.take_back(effect, &mut undone, None).await {
                            Err(Failure::Database(error)) if error.is_conflict() => {
                                let taken = Some(ImportKeptReason::ValueTaken);
                                batch.take_back(effect, &mut undone, taken).await?;
                            }
                            other => other?,
                        }
                    }
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    async fn complete(
        &self,
        job: &JobContext<Payload>,
        id: Uuid,
        caller: &Caller,
        undone: &Undone,
    ) -> Result<(), JobFailure> {
        let mut tx = job.db().begin().await?;
        tx.act_for(caller).await?;
        if store::undo_end(tx.connection(), id, job.id(), ImportState::Undone, None).await? {
            let counts = [("removed", undone.removed), ("restored", undone.restored), ("kept", undone.kept)];
            tx.audit(audit::entry("import.undone", id, &counts.map(|(field, count)| (field, count.to_string()))));
        }
        tx.commit().await?;
        Ok(())
    }
}

/// What it takes to take back a few effects.
struct Batch<'a> {
    job: &'a JobContext<Payload>,
    import_id: Uuid,
    file_name: &'a str,
    caller: Caller,
    fields: Arc<Fields>,
}

/// A customer before it is put back, and how it is then.
struct Restored<'a> {
    id: Uuid,
    now: (Customer, Value),
    before: &'a (Customer, Value),
}

impl Batch<'_> {
    /// All of them or none. With a reason they are kept as they are.
    async fn take_back(
        &self,
        effects: &[Effect],
        undone: &mut Undone,
        reason: Option<ImportKeptReason>,
    ) -> Result<(), Failure> {
        let mut tx = self.job.db().begin().await?;
        tx.act_for(&self.caller).await?;
        bulk::patience_set(tx.connection()).await?;
        let time = bulk::time(tx.connection()).await?;
        let ids: Vec<Uuid> = effects.iter().map(|effect| effect.customer_id).collect();
        let rows = self.caller.rows(Permission::CustomersUpdate);
        let now = store::customers_lock(tx.connection(), &ids, &rows).await?;
        let reader = Reader::clear(self.caller.policy().cloned().unwrap_or_default(), &self.fields);
        let (mut removed, mut restored, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for effect in effects {
            let id = effect.customer_id;
            let found = now.get(&id);
            let verdict = match reason {
                Some(reason) => Verdict::Keep(reason),
                None => rules::verdict(effect.before.is_none(), effect.revision, found.map(|(now, _)| *now)),
            };
            match (verdict, found, &effect.before) {
                (Verdict::Keep(reason), ..) => kept.push((id, reason)),
                (Verdict::Restore, Some((_, row)), Some(before)) => {
                    restored.push(Restored { id, now: reader.stored(row)?, before });
                }
                (_, Some((_, row)), _) => removed.push((id, reader.stored(row)?.0)),
                (_, None, _) => kept.push((id, ImportKeptReason::Changed)),
            }
        }
        self.remove(&mut tx, &removed, time).await?;
        self.restore(&mut tx, &restored, time).await?;
        let settled: Vec<Uuid> =
            removed.iter().map(|(id, _)| *id).chain(restored.iter().map(|restored| restored.id)).collect();
        store::effects_settle(tx.connection(), self.import_id, &settled, &kept).await?;
        let after = Undone {
            removed: undone.removed + removed.len() as i64,
            restored: undone.restored + restored.len() as i64,
            kept: undone.kept + kept.len() as i64,
            total: undone.total,
        };
        // No longer this job's: nothing of the batch may stay.
        store::undone_set(tx.connection(), self.import_id, self.job.id(), &after)
            .await?
            .ok_or(JobFailure::Cancelled)?;
        self.job.checkpoint(tx.connection(), &after).await?;
        tx.commit().await?;
        *undone = after;
        Ok(())
    }

    /// As if they had never been, but for the trail and for those who heard of them.
    async fn remove(&self, tx: &mut Tx, removed: &[(Uuid, Customer)], time: DateTime<Utc>) -> Result<(), Failure> {
        let ids: Vec<Uuid> = removed.iter().map(|(id, _)| *id).collect();
        store::customers_remove(tx.connection(), &ids).await?;
        for (id, customer) in removed {
            let gone = Customer {
                state: CustomerState::Invalid.into(),
                etag: update::etag(bulk::revision(customer) + 1),
                update_time: Some(timestamp(time)),
                ..customer.clone()
            };
            event::emit(tx, *id, &gone);
            let origin =
                FieldChange { field: "import".into(), before: self.file_name.to_owned(), after: String::new() };
            audit_customer(tx, "customer.import_undone", *id, vec![origin]);
        }
        Ok(())
    }

    async fn restore(&self, tx: &mut Tx, restored: &[Restored<'_>], time: DateTime<Utc>) -> Result<(), Failure> {
        let back: Vec<(Uuid, Customer, &Value)> = restored
            .iter()
            .map(|Restored { id, now, before }| {
                (*id, Customer { etag: now.0.etag.clone(), ..before.0.clone() }, &before.1)
            })
            .collect();
        let records: Vec<(Uuid, &Customer, &Value)> =
            back.iter().map(|(id, customer, custom_fields)| (*id, customer, *custom_fields)).collect();
        let user_id = self.caller.require_employee()?;
        bulk::customers_update(tx.connection(), &records, user_id).await?;
        let documents: Vec<_> = back
            .iter()
            .map(|(id, customer, _)| customer_document(*id, &customer.name, &customer.number, &customer.phone))
            .collect();
        documents_save(tx.connection(), &documents).await?;
        for (Restored { id, now, before }, (_, customer, _)) in restored.iter().zip(&back) {
            if now.1 != before.1 {
                unique_values_set(tx.connection(), &self.fields, *id, &unique_values(&self.fields, &before.1)).await?;
            }
            let differences = changes::between((&now.0, &now.1), (customer, &before.1));
            let told = Customer {
                etag: update::etag(bulk::revision(&now.0) + 1),
                update_time: Some(timestamp(time)),
                // These an import leaves alone.
                owner_id: now.0.owner_id.clone(),
                group_id: now.0.group_id.clone(),
                ..customer.clone()
            };
            event::emit(tx, *id, &told);
            audit_customer(tx, "customer.updated", *id, differences);
        }
        Ok(())
    }
}

fn audit_customer(tx: &mut Tx, action: &'static str, id: Uuid, changes: Vec<FieldChange>) {
    tx.audit(AuditEntry { action, record_kind: event::AGGREGATE, record_id: id, subject_id: id, changes });
}
