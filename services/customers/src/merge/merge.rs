//! Several customers become one, in one transaction.

use std::collections::HashMap;

use contracts::customers::{Customer, CustomerMerged, Merge, MergeCustomersRequest};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason as common};
use platform::update;
use serde_json::Value;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::moves::{self, Merging};
use super::rules::{self, Chooser, Party};
use super::store::{self, Fields};
use super::values::{put, values};
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::store::{Stored, customer_update};
use crate::customer::{changes, event, id};
use crate::duplicate::pairs;
use crate::error::reason;
use crate::field::kind::RecordKind;
use crate::field::unique::{unique_values, unique_values_set};
use crate::search::document::customer_document;
use crate::search::store::documents_save;

/// A customer as it is stored, with its custom fields.
pub type Whole = (Customer, Value);

/// In the order of `ids`; refused at `field` of the first that is not among the rows.
pub fn in_order(
    reader: &Reader<'_>,
    found: &HashMap<Uuid, PgRow>,
    ids: &[Uuid],
    field: impl Fn(usize) -> String,
) -> Result<Vec<Whole>> {
    let whole = ids.iter().enumerate().map(|(place, id)| match found.get(id) {
        Some(row) => Ok(reader.stored(row)?),
        None => Err(Error::not_found().field(field(place), &common::NOT_FOUND)),
    });
    whole.collect()
}

pub fn parties(ids: &[Uuid], customers: &[Whole]) -> Vec<Party> {
    let party = |(id, (customer, custom)): (&Uuid, &Whole)| Party {
        id: *id,
        values: values(customer, custom),
        update_time: customer.update_time.map(|time| (time.seconds, time.nanos)).unwrap_or_default(),
    };
    ids.iter().zip(customers).map(party).collect()
}

/// The id of the merge that was made, now or when the call was made before.
pub async fn merge(shared: &Shared, call: &Call, request: &MergeCustomersRequest) -> Result<Uuid> {
    let user_id = call.caller.require_employee()?;
    let survivor = request.survivor.clone().unwrap_or_default();
    let survivor_id = id(&survivor.id)?;
    let mut ids = vec![survivor_id];
    let mut etags = vec![update::etag(update::revision("survivor.etag", &survivor.etag)?)];
    for (index, merged) in request.merged.iter().enumerate() {
        let merged_id = id(&merged.id)?;
        if ids.contains(&merged_id) {
            return Err(Error::invalid(format!("merged[{index}].id"), &reason::MERGE_CUSTOMER_TWICE));
        }
        ids.push(merged_id);
        etags.push(update::etag(update::revision(&format!("merged[{index}].etag"), &merged.etag)?));
    }
    let fields = shared.fields.seen_by(&call.caller).await?;
    let all_fields = shared.fields.all_of(RecordKind::Customer).await?;
    let reader = Reader::of(&call.caller, &fields);
    let mut tx = match shared.db.begin_once::<Merge>(call).await? {
        Once::Done(merge) => return id(&merge.id),
        Once::New(tx) => tx,
    };
    let rows = (call.caller.rows(Permission::CustomersUpdate), call.caller.rows(Permission::CustomersInvalidate));
    let found = store::customers_lock(tx.connection(), (&rows.0, &rows.1), survivor_id, &ids).await?;
    let at = |place: usize| if place == 0 { "survivor.id".into() } else { format!("merged[{}].id", place - 1) };
    let customers = in_order(&reader, &found, &ids, at)?;
    if customers.iter().zip(&etags).any(|((customer, _), etag)| customer.etag != *etag) {
        return Err(Error::stale_etag());
    }
    rules::check(&customers.iter().map(|(customer, _)| customer.clone()).collect::<Vec<_>>())?;
    let parties = parties(&ids, &customers);
    let chooser = Chooser { caller: &call.caller, fields: &fields, masked: reader.masked() };
    let chosen = rules::choices(&request.choices, &parties, &chooser).map_err(Error::invalid_fields)?;
    let changed = rules::changed(&parties, request.survivorship(), &chosen, &chooser);

    let (before, before_custom) = &customers[0];
    let (mut after, mut after_custom) = (before.clone(), before_custom.clone());
    let mut kept = Fields::new();
    for (path, value) in changed {
        put(&mut after, &mut after_custom, path, value);
        kept.insert(path.to_owned(), (parties[0].values.get(path).cloned(), value.cloned()));
    }
    let merge_id = Uuid::now_v7();
    let merging = Merging { id: merge_id, survivor_id, merged_ids: &ids[1..] };
    let connection = tx.connection();
    store::merge_insert(connection, (merge_id, survivor_id, &ids[1..]), &kept, user_id).await?;
    let unique = unique_values(&all_fields, &after_custom);
    store::unique_values_free(connection, &ids[1..], &unique).await?;
    unique_values_set(connection, &all_fields, survivor_id, &unique).await?;
    let moved = moves::over(connection, &merging).await?;
    store::moved_set(connection, merge_id, &moved).await?;
    let gone = store::merged_into_set(connection, &ids[1..], Some(survivor_id), user_id).await?;
    pairs::pairs_merged(connection, &ids, merge_id).await?;
    write(&mut tx, survivor_id, before, (&after, &after_custom), user_id, &reader).await?;

    for row in gone {
        let (customer, _) = reader.stored(&row)?;
        told(&mut tx, "customer.merged_away", &customer, "CUSTOMER_STATE_ACTIVE")?;
    }
    let numbers: Vec<&str> = customers[1..].iter().map(|(customer, _)| customer.number.as_str()).collect();
    let mut changes = changes::between((before, before_custom), (&after, &after_custom));
    changes.push(FieldChange::set("merged_customers", numbers.join(", ")));
    audit(&mut tx, "customer.merged", survivor_id, changes);
    announce(&mut tx, &merging, false).await?;
    // Names are read when they are given.
    let answer = tx.commit_call(call, Merge { id: merge_id.to_string(), ..Merge::default() }).await?;
    id(&answer.id)
}

/// Writes the survivor, with its search document, and tells of it.
pub async fn write(
    tx: &mut Tx,
    survivor_id: Uuid,
    before: &Customer,
    (after, after_custom): (&Customer, &Value),
    user_id: Uuid,
    reader: &Reader<'_>,
) -> Result<()> {
    let stored = Stored { customer: after, custom_fields: after_custom };
    let row = customer_update(tx.connection(), survivor_id, &stored, Some(user_id)).await?;
    if (&after.name, &after.phone) != (&before.name, &before.phone) {
        let document = customer_document(survivor_id, &after.name, &after.number, &after.phone);
        documents_save(tx.connection(), &[document]).await?;
    }
    event::emit(tx, survivor_id, &reader.stored(&row)?.0);
    Ok(())
}

/// Tells of one that went or came back. Where it went is for who sees the survivor, which a reader of this entry need not.
pub fn told(tx: &mut Tx, action: &'static str, customer: &Customer, before: &str) -> Result<()> {
    let customer_id = id(&customer.id)?;
    event::emit(tx, customer_id, customer);
    let state = FieldChange {
        field: "state".into(),
        before: before.to_owned(),
        after: customer.state().as_str_name().to_owned(),
    };
    audit(tx, action, customer_id, vec![state]);
    Ok(())
}

pub fn audit(tx: &mut Tx, action: &'static str, customer_id: Uuid, changes: Vec<FieldChange>) {
    tx.audit(AuditEntry {
        action,
        record_kind: event::AGGREGATE,
        record_id: customer_id,
        subject_id: customer_id,
        changes,
    });
}

/// Other services' references follow.
pub async fn announce(tx: &mut Tx, merging: &Merging<'_>, undo: bool) -> Result<()> {
    moves::tell(tx, merging.id).await?;
    let event = CustomerMerged {
        id: merging.id.to_string(),
        survivor_id: merging.survivor_id.to_string(),
        merged_ids: merging.merged_ids.iter().map(Uuid::to_string).collect(),
        undo,
    };
    tx.emit(event::AGGREGATE, merging.survivor_id, &event);
    Ok(())
}
