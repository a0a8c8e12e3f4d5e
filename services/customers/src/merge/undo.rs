//! A merge is taken back, in one transaction. What has happened since is respected: fields of the survivor that have changed
//! stay, rows that have come to it stay, rows that have gone elsewhere stay there.

use contracts::customers::Merge;
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{FieldChange, Once};
use platform::error::{Error, Result};
use tonic::Code;
use uuid::Uuid;

use super::merge::{announce, audit, told, write};
use super::moves::{self, Merging};
use super::values::{put, values};
use super::{rules, store};
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::{changes, id};
use crate::duplicate::pairs;
use crate::error::reason;
use crate::field::kind::RecordKind;
use crate::field::unique::{unique_values, unique_values_set};

pub async fn undo(shared: &Shared, call: &Call, merge_id: Uuid) -> Result<Uuid> {
    let user_id = call.caller.require_employee()?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let all_fields = shared.fields.all_of(RecordKind::Customer).await?;
    let reader = Reader::of(&call.caller, &fields);
    let mut tx = match shared.db.begin_once::<Merge>(call).await? {
        Once::Done(merge) => return id(&merge.id),
        Once::New(tx) => tx,
    };
    let rows = (call.caller.rows(Permission::CustomersUpdate), call.caller.rows(Permission::CustomersInvalidate));
    let ids = store::merge_get(tx.connection(), &rows.0, merge_id).await?.customer_ids();
    let survivor_id = ids[0];
    let mut found = store::customers_lock(tx.connection(), (&rows.0, &rows.1), survivor_id, &ids).await?;
    // Read again: of two who undo it one has waited.
    let stored = store::merge_get(tx.connection(), &rows.0, merge_id).await?;
    rules::check_undo(stored.create_time, stored.undo_time)?;
    let gone = || Error::failed_precondition(&reason::MERGE_CUSTOMER_GONE);
    let merged_into = store::merged_into(tx.connection(), &ids).await?;
    if merged_into.contains_key(&survivor_id) {
        return Err(Error::failed_precondition(&reason::MERGE_SURVIVOR_MERGED));
    }
    if ids[1..].iter().any(|id| merged_into.get(id) != Some(&survivor_id) || !found.contains_key(id)) {
        return Err(gone());
    }
    let row = found.remove(&survivor_id).ok_or_else(Error::not_found)?;
    let (before, before_custom) = reader.stored(&row)?;

    let (mut after, mut after_custom) = (before.clone(), before_custom.clone());
    let now = values(&before, &before_custom);
    let mut kept = Vec::new();
    for (path, (was, became)) in &stored.fields {
        if now.get(path) == became.as_ref() {
            put(&mut after, &mut after_custom, path, was.as_ref());
        } else if now.get(path) != was.as_ref() {
            kept.push(path.clone());
        }
    }
    let merging = Merging { id: merge_id, survivor_id, merged_ids: &ids[1..] };
    let returned = moves::back(tx.connection(), &merging).await?;
    let restored = store::merged_into_set(tx.connection(), &ids[1..], None, user_id).await?;
    write(&mut tx, survivor_id, &before, (&after, &after_custom), user_id, &reader).await?;
    let mut held = vec![(survivor_id, after_custom.clone())];
    for row in restored {
        let (customer, custom) = reader.stored(&row)?;
        held.push((id(&customer.id)?, custom));
        told(&mut tx, "customer.parted", &customer, "CUSTOMER_STATE_INVALID")?;
    }
    // The survivor gives its values up before the others take them.
    for (id, custom) in &held {
        let unique = unique_values(&all_fields, custom);
        unique_values_set(tx.connection(), &all_fields, *id, &unique).await.map_err(taken)?;
    }
    pairs::pairs_parted(tx.connection(), merge_id).await?;
    announce(&mut tx, &merging, true).await?;
    store::undone_set(tx.connection(), merge_id, user_id, &returned, &kept).await?;
    let mut changes = changes::between((&before, &before_custom), (&after, &after_custom));
    let names = store::names(tx.connection(), &rows.0, &ids[1..]).await?;
    let numbers: Vec<&str> =
        ids[1..].iter().filter_map(|id| names.get(id)).map(|(number, _)| number.as_str()).collect();
    changes.push(FieldChange { field: "merged_customers".into(), before: numbers.join(", "), after: String::new() });
    audit(&mut tx, "customer.merge_undone", survivor_id, changes);
    let answer = tx.commit_call(call, Merge { id: merge_id.to_string(), ..Merge::default() }).await?;
    id(&answer.id)
}

/// A unique value that somebody else was given since.
fn taken(error: Error) -> Error {
    if error.code() == Code::AlreadyExists { Error::failed_precondition(&reason::MERGE_VALUE_TAKEN) } else { error }
}
