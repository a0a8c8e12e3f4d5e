//! A batch of a handover: customers with what is planned with them, events, audit entries, and how far it has come.

use std::collections::HashMap;

use contracts::customers::{HandoverState, InteractionChanged, InteractionState, OwnershipReason};
use contracts::options::Permission;
use platform::access::{Caller, Policy};
use platform::db::{AuditEntry, FieldChange, Tx, timestamp};
use platform::error::{Error, Result};
use platform::jobs::{JobContext, JobFailure};
use sqlx::Row;
use uuid::Uuid;

use super::audit;
use super::items::{self, CUSTOMER, Going, INTERACTION, Item, Moved};
use super::rules::{self, Spread};
use super::run::{HandoverJob, Payload};
use super::store::{self, Stored};
use crate::customer::event;
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;
use crate::customer::store::{To, owner_set};
use crate::error::reason;
use crate::field::{Fields, Masked};
use crate::ownership::Cause;

const BATCH: i64 = 200;

impl HandoverJob {
    /// Whether it was the last batch; here and in `back`.
    pub(super) async fn there(
        &self,
        job: &JobContext<Payload>,
        mut tx: Tx,
        handover: &Stored,
        caller: &Caller,
    ) -> Result<bool, JobFailure> {
        let groups = receivers(handover, caller).ok_or_else(|| JobFailure::stop(&reason::HANDOVER_RECEIVER_GONE))?;
        let fields = self.shared.fields.seen_by(caller).await?;
        let schema = fields.schema(built_in);
        let masked = Masked::of(&fields, caller);
        // A filter that held good when it began does no longer, as when a field has gone.
        let selection = Selection::new(&schema, caller, &masked, self.shared.zone, &handover.filter, "")
            .map_err(|_| JobFailure::stop(&reason::HANDOVER_BROKE_OFF))?;
        let everything = handover.filter.is_empty();
        let going = Going { from_employee_id: handover.from_employee_id, selection: &selection, everything };
        let rows = caller.rows(Permission::CustomersAssign);
        let (any, customers) = items::going_lock(tx.connection(), &going, &rows, BATCH).await?;
        let lines = store::line_list(tx.connection(), &[handover.id]).await?;
        if !any {
            let lines = lines.into_iter().map(|(_, line)| line).collect();
            audit::completed(&mut tx, handover, lines, false);
            return end(job, tx, handover, HandoverState::Completed).await;
        }
        let given = |id: Uuid| {
            let id = id.to_string();
            let line = lines.iter().find(|(_, line)| line.kind == CUSTOMER && line.employee_id == id);
            line.map_or(0, |(_, line)| line.moved_count)
        };
        let mut spread = Spread::new(&handover.receivers, given);
        let mut by_receiver: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for (id, region) in &customers {
            let receiver = spread.next(region).ok_or_else(|| JobFailure::stop(&reason::HANDOVER_RECEIVER_GONE))?;
            by_receiver.entry(receiver).or_default().push(*id);
        }
        let cause = Cause {
            note: handover.note.clone(),
            handover_id: Some(handover.id),
            ..Cause::by(OwnershipReason::HandedOver, handover.actor_id)
        };
        let policy = caller.policy().cloned().unwrap_or_default();
        let mut moved = Vec::new();
        for (receiver, ids) in &by_receiver {
            let to = To::Owner(*receiver, groups.get(receiver).copied().flatten());
            let names = (handover.from_employee_id, *receiver);
            give(&mut tx, ids, to, &cause, ("customer.handed_over", names), &policy).await?;
            let item = |id: &Uuid| Item { record_id: *id, customer_id: *id, kind: CUSTOMER, employee_id: *receiver };
            moved.extend(ids.iter().map(item));
        }
        let (ids, receivers): (Vec<Uuid>, Vec<Uuid>) =
            moved.iter().map(|item| (item.customer_id, item.employee_id)).unzip();
        let planned = items::planned_follow(tx.connection(), handover.from_employee_id, (&ids, &receivers)).await?;
        for interaction in &planned {
            tell(&mut tx, interaction, ("interaction.handed_over", handover.from_employee_id), &policy);
            let Moved { id, customer_id, employee_id, .. } = *interaction;
            moved.push(Item { record_id: id, customer_id, kind: INTERACTION, employee_id });
        }
        items::items_insert(tx.connection(), handover.id, &moved).await?;
        job.checkpoint(tx.connection(), &()).await?;
        tx.commit().await?;
        Ok(false)
    }

    pub(super) async fn back(
        &self,
        job: &JobContext<Payload>,
        mut tx: Tx,
        handover: &Stored,
        caller: &Caller,
    ) -> Result<bool, JobFailure> {
        let policy = caller.policy().cloned().unwrap_or_default();
        let giver = rules::giver(handover.from_employee_id, caller, &policy);
        let giver = giver.ok_or_else(|| JobFailure::stop(&reason::HANDOVER_GIVER_GONE))?;
        let rows = caller.rows(Permission::CustomersAssign);
        let (ids, found) = items::returning_lock(tx.connection(), handover.id, &rows, BATCH).await?;
        if ids.is_empty() {
            let lines = store::line_list(tx.connection(), &[handover.id]).await?;
            let lines = lines.into_iter().map(|(_, line)| line).collect();
            audit::completed(&mut tx, handover, lines, true);
            return end(job, tx, handover, HandoverState::Undone).await;
        }
        let mut returned: Vec<Uuid> = found.iter().filter(|(_, can)| *can).map(|(id, _)| *id).collect();
        let cause =
            Cause { handover_id: Some(handover.id), ..Cause::by(OwnershipReason::HandedBack, handover.actor_id) };
        let to = To::Owner(giver.id, giver.group_id);
        give(&mut tx, &returned, to, &cause, ("customer.handed_back", (Uuid::nil(), giver.id)), &policy).await?;
        let planned = items::planned_return(tx.connection(), handover.id, giver.id, &returned).await?;
        for moved in &planned {
            tell(&mut tx, moved, ("interaction.handed_back", Uuid::nil()), &policy);
            returned.push(moved.id);
        }
        items::items_settle(tx.connection(), handover.id, &ids, &returned).await?;
        job.checkpoint(tx.connection(), &()).await?;
        tx.commit().await?;
        Ok(false)
    }
}

async fn end(
    job: &JobContext<Payload>,
    mut tx: Tx,
    handover: &Stored,
    state: HandoverState,
) -> Result<bool, JobFailure> {
    store::handover_end(tx.connection(), handover.id, job.id(), state, "").await?;
    job.checkpoint(tx.connection(), &()).await?;
    tx.commit().await?;
    Ok(true)
}

/// The receivers with their groups, if all of them are still within the caller's scope.
fn receivers(handover: &Stored, caller: &Caller) -> Option<HashMap<Uuid, Option<Uuid>>> {
    let policy = caller.policy()?;
    let receivers = handover.receivers.iter().map(|receiver| {
        let employee = policy.employee(receiver.employee_id).filter(|employee| employee.active)?;
        let covered = caller.covers(Permission::CustomersAssign, Some(employee.id), employee.group_id);
        covered.then_some((employee.id, employee.group_id))
    });
    receivers.collect()
}

/// Moves held customers and tells of each; `from` is nil where the owner before differs.
async fn give(
    tx: &mut Tx,
    ids: &[Uuid],
    to: To<'_>,
    cause: &Cause,
    (action, (from, receiver)): (&'static str, (Uuid, Uuid)),
    policy: &Policy,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    // Events hold no names and no custom fields.
    let fields = Fields::default();
    let reader = Reader::clear(std::sync::Arc::new(Policy::default()), &fields);
    for row in owner_set(tx.connection(), ids, to, cause).await? {
        let id: Uuid = row.try_get(0).map_err(Error::from)?;
        event::emit(tx, id, &reader.customer(&row)?);
        let change = owner_change("owner_id", policy.employee_name(from), policy.employee_name(receiver));
        tx.audit(AuditEntry {
            action,
            record_kind: event::AGGREGATE,
            record_id: id,
            subject_id: id,
            changes: vec![change],
        });
    }
    Ok(())
}

fn owner_change(field: &str, before: &str, after: &str) -> FieldChange {
    FieldChange { field: field.into(), before: before.into(), after: after.into() }
}

fn tell(tx: &mut Tx, moved: &Moved, (action, from): (&'static str, Uuid), policy: &Policy) {
    let event = InteractionChanged {
        id: moved.id.to_string(),
        revision: moved.revision,
        customer_id: moved.customer_id.to_string(),
        r#type: moved.r#type.into(),
        state: InteractionState::Planned.into(),
        occur_time: Some(timestamp(moved.occur_time)),
        employee_id: moved.employee_id.to_string(),
    };
    tx.emit("interaction", moved.id, &event);
    let change = owner_change("employee_id", policy.employee_name(from), policy.employee_name(moved.employee_id));
    tx.audit(AuditEntry {
        action,
        record_kind: "interaction",
        record_id: moved.id,
        subject_id: moved.customer_id,
        changes: vec![change],
    });
}
