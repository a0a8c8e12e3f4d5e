//! A batch in one transaction: customers with their search documents, unique values, events and audit entries, the rows
//! that were refused, and how far the run has come.

use chrono::{DateTime, Utc};
use contracts::customers::{Customer, CustomerState};
use platform::db::{AuditEntry, FieldChange, Tx, timestamp};
use platform::error::Error;
use platform::jobs::JobFailure;
use platform::update;
use serde_json::Value;
use uuid::Uuid;

use super::matching::{Change, Decision};
use super::source::Batch;
use super::{Failure, Work};
use crate::customer::number::numbers_take;
use crate::customer::{changes, event};
use crate::field::unique::{unique_values, unique_values_set};
use crate::import::bulk::{self, New};
use crate::import::row::Draft;
use crate::import::store::{self, Progress, Refused};
use crate::import::undo::store as effects;
use crate::search::document::customer_document;
use crate::search::store::{documents_defer, documents_save, documents_settle};

/// A batch whose effects are written but not committed.
pub(super) struct Staged {
    tx: Tx,
    /// Of this batch alone.
    done: Progress,
}

impl Work<'_> {
    /// A transaction for a batch. One that holds the turn keeps other imports out until it commits.
    pub(super) async fn begin(&self, turn: bool) -> Result<Tx, Failure> {
        let mut tx = self.job.db().begin().await?;
        tx.act_for(&self.plan.caller).await?;
        if turn && !self.dry {
            bulk::turn_take(tx.connection()).await?;
        }
        bulk::patience_set(tx.connection()).await?;
        Ok(tx)
    }

    pub(super) async fn stage(&self, mut tx: Tx, batch: &Batch) -> Result<Staged, Failure> {
        let now = bulk::time(tx.connection()).await?;
        let decisions = self.decide(tx.connection(), batch).await?;
        let mut done = Progress::default();
        let (mut new, mut changes, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (draft, decision) in batch.iter().zip(&decisions) {
            done.processed += 1;
            done.row = draft.row;
            match decision {
                Decision::Create(draft) => {
                    done.created += 1;
                    new.push(*draft);
                }
                Decision::Update(change) => {
                    done.updated += 1;
                    changes.push(change.as_ref());
                }
                Decision::Unchanged => done.unchanged += 1,
                Decision::Skipped(faults) => {
                    done.skipped += 1;
                    refused.push(Refused { row: draft.row, skipped: true, faults, cells: &draft.cells });
                }
                Decision::Failed(faults) => {
                    done.failed += 1;
                    refused.push(Refused { row: draft.row, skipped: false, faults, cells: &draft.cells });
                }
            }
        }
        if !self.dry {
            self.create(&mut tx, &new, now).await?;
            self.change(&mut tx, &changes, now).await?;
        }
        store::row_errors_insert(tx.connection(), self.import_id, &refused).await?;
        tx.write_out().await?;
        Ok(Staged { tx, done })
    }

    /// Whether the run is to be cancelled behind this batch.
    pub(super) async fn commit(&self, staged: Staged, progress: &mut Progress) -> Result<bool, Failure> {
        let Staged { mut tx, done } = staged;
        let after = progress.and(&done);
        let noted = store::progress_set(tx.connection(), self.import_id, self.job.id(), &after).await?;
        // No longer this job's run: nothing of the batch may stay.
        let cancelled = noted.ok_or(JobFailure::Cancelled)?;
        self.job.checkpoint(tx.connection(), &after).await?;
        tx.commit().await?;
        *progress = after;
        Ok(cancelled)
    }

    async fn create(&self, tx: &mut Tx, drafts: &[&Draft], now: DateTime<Utc>) -> Result<(), Failure> {
        if drafts.is_empty() {
            return Ok(());
        }
        let unnumbered = drafts.iter().filter(|draft| draft.customer.number.is_empty()).count();
        let mut numbers = numbers_take(self.job.db().pool(), unnumbered as i64).await?.into_iter();
        let customers: Vec<(Uuid, Customer)> =
            drafts.iter().map(|draft| new_customer(draft, &mut numbers, now)).collect();
        let empty = Value::Object(serde_json::Map::new());
        let custom = |draft: &'_ Draft| draft.new_custom_fields.as_ref().ok().cloned();
        let custom_fields: Vec<Value> =
            drafts.iter().map(|draft| custom(draft).unwrap_or_else(|| empty.clone())).collect();
        let new: Vec<New<'_>> = customers
            .iter()
            .zip(drafts)
            .zip(&custom_fields)
            .map(|(((id, customer), draft), custom_fields)| New {
                id: *id,
                customer,
                custom_fields,
                owner: draft.owner,
            })
            .collect();
        // Reading names aloud takes a processor for as long as the database is busy with the customers.
        let texts: Vec<_> = customers
            .iter()
            .map(|(id, customer)| (*id, customer.name.clone(), customer.number.clone(), customer.phone.clone()))
            .collect();
        let documents = tokio::task::spawn_blocking(move || {
            let documents: Vec<_> =
                texts.iter().map(|(id, name, number, phone)| customer_document(*id, name, number, phone)).collect();
            bulk::document_rows(&documents)
        });
        let rows = bulk::customer_rows(&new, self.employee_id, now);
        rows.send(tx.connection(), bulk::CUSTOMER_COPY).await?;
        documents_defer(tx.connection()).await?;
        documents.await.map_err(Error::internal)?.send(tx.connection(), bulk::DOCUMENT_COPY).await?;
        documents_settle(tx.connection()).await?;
        let unique: Vec<(Uuid, (String, String))> = new
            .iter()
            .flat_map(|new| {
                unique_values(&self.plan.fields, new.custom_fields).into_iter().map(|value| (new.id, value))
            })
            .collect();
        bulk::unique_value_rows(&unique).send(tx.connection(), bulk::UNIQUE_VALUE_COPY).await?;
        let made: Vec<Uuid> = customers.iter().map(|(id, _)| *id).collect();
        effects::made_note(tx.connection(), self.import_id, &made).await?;
        for (id, customer) in &customers {
            event::emit(tx, *id, customer);
            let origin =
                FieldChange { field: "import".into(), before: String::new(), after: self.file_name.to_owned() };
            self.audit(tx, "customer.imported", *id, vec![origin]);
        }
        Ok(())
    }

    async fn change(&self, tx: &mut Tx, changed: &[&Change], now: DateTime<Utc>) -> Result<(), Failure> {
        let records: Vec<(Uuid, &Customer, &Value)> =
            changed.iter().map(|change| (change.id, &change.after, &change.after_custom)).collect();
        let written = bulk::customers_update(tx.connection(), &records, self.employee_id).await?;
        if written != records.len() as u64 {
            // Somebody else has changed one since it was read.
            return Err(Error::stale_etag().into());
        }
        let before = changed.iter().map(|change| (change.id, &change.before, &change.before_custom));
        effects::changed_note(tx.connection(), self.import_id, before).await?;
        let documents: Vec<_> = changed
            .iter()
            .filter(|Change { before, after, .. }| {
                (&before.name, &before.number, &before.phone) != (&after.name, &after.number, &after.phone)
            })
            .map(|Change { id, after, .. }| customer_document(*id, &after.name, &after.number, &after.phone))
            .collect();
        documents_save(tx.connection(), &documents).await?;
        for change in changed {
            if change.after_custom != change.before_custom {
                let values = unique_values(&self.plan.fields, &change.after_custom);
                unique_values_set(tx.connection(), &self.plan.fields, change.id, &values).await?;
            }
            let revision = bulk::revision(&change.before) + 1;
            let after =
                Customer { etag: update::etag(revision), update_time: Some(timestamp(now)), ..change.after.clone() };
            event::emit(tx, change.id, &after);
            let differences =
                changes::between((&change.before, &change.before_custom), (&change.after, &change.after_custom));
            self.audit(tx, "customer.updated", change.id, differences);
        }
        Ok(())
    }

    fn audit(&self, tx: &mut Tx, action: &'static str, id: Uuid, changes: Vec<FieldChange>) {
        tx.audit(AuditEntry { action, record_kind: event::AGGREGATE, record_id: id, subject_id: id, changes });
    }
}

fn new_customer(draft: &Draft, numbers: &mut impl Iterator<Item = String>, now: DateTime<Utc>) -> (Uuid, Customer) {
    let id = Uuid::now_v7();
    let mut customer = draft.customer.clone();
    customer.id = id.to_string();
    if customer.number.is_empty() {
        customer.number = numbers.next().unwrap_or_default();
    }
    (customer.owner_id, customer.group_id) =
        (draft.owner.0.to_string(), draft.owner.1.map(|id| id.to_string()).unwrap_or_default());
    customer.state = CustomerState::Active.into();
    customer.etag = update::etag(1);
    customer.create_time = Some(timestamp(now));
    customer.update_time = customer.create_time;
    (id, customer)
}
