//! A batch of a bulk change: customers with their events and audit entries, what was before, and how far it has come.

use std::collections::HashMap;

use contracts::customers::{BulkChangeState, CustomerState};
use contracts::options::Permission;
use platform::access::Caller;
use platform::db::Tx;
use platform::error::reason as common;
use platform::jobs::{JobContext, JobFailure};
use sqlx::types::Json;
use uuid::Uuid;

use super::audit;
use super::items::{self, Held, Item, ItemState};
use super::run::{BulkChangeJob, Payload};
use super::store::{self, Stored};
use super::values::{self, Values};
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;
use crate::customer::write::{Wanted, Writer, Written};
use crate::error::reason;
use crate::field::Fields;

const BATCH: usize = 200;

impl BulkChangeJob {
    /// Whether it was the last batch; here and in `back`.
    pub(super) async fn there(
        &self,
        job: &JobContext<Payload>,
        mut tx: Tx,
        mut bulk: Stored,
        caller: &Caller,
    ) -> Result<bool, JobFailure> {
        let fields = self.shared.fields.seen_by(caller).await?;
        let reader = Reader::of(caller, &fields);
        let selection = self.selection(&bulk, caller, &fields, &reader)?;
        let readable = caller.rows(Permission::CustomersRead);
        let ids = match &selection {
            Some(selection) => {
                items::selected_ids(tx.connection(), selection, &readable, bulk.after_id, BATCH as i64).await?
            }
            None => bulk.customer_ids.iter().copied().filter(|id| *id > bulk.after_id).take(BATCH).collect(),
        };
        let Some(last) = ids.last() else {
            audit::completed(&mut tx, &bulk);
            return end(job, tx, &bulk, BulkChangeState::Completed).await;
        };
        bulk.after_id = *last;
        let rows = (&readable, &caller.rows(Permission::CustomersUpdate));
        let held = items::customers_lock(tx.connection(), rows, selection.as_ref(), &ids).await?;
        let mut noted = Vec::new();
        if selection.is_none() {
            let gone = ids.iter().filter(|id| held.iter().all(|held| held.id != **id));
            noted.extend(gone.map(|id| Item::told(*id, ItemState::Refused, common::NOT_FOUND.id)));
        }
        let writer = Writer { shared: &self.shared, caller, fields: &fields, reader: &reader };
        let paths = values::paths(&bulk.new_values);
        for held in &held {
            let (before, custom_fields) = reader.stored(&held.row)?;
            if let Some(reason) = refusal(held, before.state()) {
                noted.push(Item::told(held.id, ItemState::Refused, reason));
                continue;
            }
            let mut customer = values::customer_of(&bulk.new_values, &fields);
            let wanted = Wanted { customer: &mut customer, paths: &paths, restored: None };
            match writer.write(&mut tx, (held.id, &held.row), wanted).await? {
                Written::Same => bulk.unchanged_count += 1,
                Written::Refused(_) => {
                    noted.push(Item::told(held.id, ItemState::Refused, reason::BULK_VALUE_REFUSED.id));
                }
                Written::Changed(_) => noted.push(Item {
                    customer_id: held.id,
                    state: ItemState::Changed,
                    old_values: Some(values::values_of(&before, &custom_fields, &paths)),
                    reason: "",
                }),
            }
        }
        items::items_insert(tx.connection(), bulk.id, &noted).await?;
        bulk.changed_count += count(&noted, ItemState::Changed);
        bulk.refused_count += count(&noted, ItemState::Refused);
        advance(job, tx, &bulk).await
    }

    pub(super) async fn back(
        &self,
        job: &JobContext<Payload>,
        mut tx: Tx,
        mut bulk: Stored,
        caller: &Caller,
    ) -> Result<bool, JobFailure> {
        let fields = self.shared.fields.seen_by(caller).await?;
        let reader = Reader::of(caller, &fields);
        let changed = items::changed_items(tx.connection(), bulk.id, BATCH as i64).await?;
        if changed.is_empty() {
            audit::undone(&mut tx, &bulk);
            return end(job, tx, &bulk, BulkChangeState::Undone).await;
        }
        let ids: Vec<Uuid> = changed.iter().map(|(id, _)| *id).collect();
        let rows = (&caller.rows(Permission::CustomersRead), &caller.rows(Permission::CustomersUpdate));
        let held = items::customers_lock(tx.connection(), rows, None, &ids).await?;
        let held: HashMap<Uuid, Held> = held.into_iter().map(|held| (held.id, held)).collect();
        let writer = Writer { shared: &self.shared, caller, fields: &fields, reader: &reader };
        let mut settled = Vec::new();
        for (id, Json(old_values)) in &changed {
            let kept = match held.get(id) {
                Some(held) => restore(&writer, &mut tx, held, (&bulk.new_values, old_values)).await?,
                None => Some(common::NOT_FOUND.id),
            };
            let state = if kept.is_some() { ItemState::Kept } else { ItemState::Restored };
            settled.push(Item::told(*id, state, kept.unwrap_or_default()));
        }
        items::items_settle(tx.connection(), bulk.id, &settled).await?;
        bulk.restored_count += count(&settled, ItemState::Restored);
        bulk.kept_count += count(&settled, ItemState::Kept);
        advance(job, tx, &bulk).await
    }

    /// What finds the customers, unless they are named.
    fn selection(
        &self,
        bulk: &Stored,
        caller: &Caller,
        fields: &Fields,
        reader: &Reader<'_>,
    ) -> Result<Option<Selection>, JobFailure> {
        if !bulk.customer_ids.is_empty() {
            return Ok(None);
        }
        let schema = fields.schema(built_in);
        // A filter that held good when it began does no longer, as when a field has gone.
        Selection::new(&schema, caller, reader.masked(), self.shared.zone, &bulk.filter, "")
            .map(Some)
            .map_err(|_| JobFailure::stop(&reason::BULK_BROKE_OFF))
    }
}

/// Why a customer is not changed at all.
fn refusal(held: &Held, state: CustomerState) -> Option<&'static str> {
    if !held.changeable {
        Some(reason::BULK_OUT_OF_SCOPE.id)
    } else if state == CustomerState::Invalid {
        Some(reason::CUSTOMER_INVALID.id)
    } else {
        None
    }
}

/// Gives a customer its values of before, unless somebody has changed them since; why it keeps what it has.
async fn restore(
    writer: &Writer<'_>,
    tx: &mut Tx,
    held: &Held,
    (new_values, old_values): (&Values, &Values),
) -> Result<Option<&'static str>, JobFailure> {
    let paths = values::paths(old_values);
    let (now, custom_fields) = writer.reader.stored(&held.row)?;
    if let Some(reason) = refusal(held, now.state()) {
        return Ok(Some(reason));
    }
    if !values::is_writable(old_values, writer.fields) {
        return Ok(Some(reason::BULK_VALUE_REFUSED.id));
    }
    if values::values_of(&now, &custom_fields, &paths) != *new_values {
        return Ok(Some(reason::BULK_CHANGED_SINCE.id));
    }
    let mut customer = values::customer_of(old_values, writer.fields);
    let wanted = Wanted { customer: &mut customer, paths: &paths, restored: Some(old_values) };
    Ok(match writer.write(tx, (held.id, &held.row), wanted).await? {
        Written::Refused(_) => Some(reason::BULK_VALUE_REFUSED.id),
        Written::Same | Written::Changed(_) => None,
    })
}

fn count(items: &[Item], state: ItemState) -> i64 {
    items.iter().filter(|item| item.state == state).count() as i64
}

async fn advance(job: &JobContext<Payload>, mut tx: Tx, bulk: &Stored) -> Result<bool, JobFailure> {
    store::bulk_change_advance(tx.connection(), bulk).await?;
    job.checkpoint(tx.connection(), &()).await?;
    tx.commit().await?;
    Ok(false)
}

async fn end(job: &JobContext<Payload>, mut tx: Tx, bulk: &Stored, state: BulkChangeState) -> Result<bool, JobFailure> {
    store::bulk_change_end(tx.connection(), bulk.id, job.id(), state, "").await?;
    job.checkpoint(tx.connection(), &()).await?;
    tx.commit().await?;
    Ok(true)
}
