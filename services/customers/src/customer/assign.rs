//! Giving customers to another owner.

use std::collections::HashMap;

use contracts::customers::{AssignCustomersRequest, AssignCustomersResponse, OwnershipReason, PreviousOwner};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result, reason as common};
use uuid::Uuid;

use super::event;
use super::row::Reader;
use super::store::{self, To};
use crate::Shared;
use crate::error::reason;
use crate::ownership::Cause;
use crate::pool::pools_load;

/// The owner that a call names, the caller when it names none, with the owner's group; refused at `field` unless the
/// permission's scope covers the owner.
pub fn owner(call: &Call, permission: Permission, field: &str, named: &str) -> Result<(Uuid, Option<Uuid>)> {
    let caller_id = call.caller.require_employee()?;
    if named.is_empty() {
        return Ok((caller_id, call.caller.group_id()));
    }
    let refused = || Error::invalid(field, &reason::OWNER_INVALID);
    let id: Uuid = named.parse().map_err(|_| refused())?;
    let employee = call.caller.policy().and_then(|policy| policy.employee(id)).filter(|employee| employee.active);
    let employee = employee.ok_or_else(refused)?;
    if call.caller.covers(permission, Some(id), employee.group_id) {
        Ok((id, employee.group_id))
    } else {
        Err(refused())
    }
}

pub async fn assign(shared: &Shared, call: &Call, request: &AssignCustomersRequest) -> Result<AssignCustomersResponse> {
    let to = match request.owner_id.as_str() {
        "" => None,
        named => Some(owner(call, Permission::CustomersAssign, "owner_id", named)?),
    };
    let ids: Vec<Uuid> = request.ids.iter().filter_map(|id| id.parse().ok()).collect();
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut tx = match shared.db.begin_once::<AssignCustomersResponse>(call).await? {
        Once::Done(response) => return Ok(response),
        Once::New(tx) => tx,
    };
    let rows = call.caller.rows(Permission::CustomersAssign);
    let actor_id = call.caller.require_employee()?;
    let sources = pools_load(tx.connection(), &call.caller.policy().cloned().unwrap_or_default()).await?;
    let managed = sources.managed_by(actor_id);
    let owners: HashMap<Uuid, Option<Uuid>> =
        store::owners_lock(tx.connection(), &rows, (&sources, &managed), &ids).await?.into_iter().collect();
    // All or none, and the answer names the first that is none of the caller's.
    if let Some(index) = ids.iter().position(|id| !owners.contains_key(id)) {
        return Err(Error::not_found().field(format!("ids[{index}]"), &common::NOT_FOUND));
    }
    let owner_id = to.map(|(id, _)| id);
    let moving: Vec<Uuid> = ids.iter().copied().filter(|id| owners.get(id) != Some(&owner_id)).collect();
    let reader = Reader::of(&call.caller, &fields);
    let name = |id: Option<Uuid>| match (id, call.caller.policy()) {
        (Some(id), Some(policy)) => policy.employee_name(id).to_owned(),
        _ => String::new(),
    };
    let cause = Cause::by(OwnershipReason::Assigned, actor_id);
    let to = to.map_or(To::Pool(&sources), |(id, group_id)| To::Owner(id, group_id));
    for row in store::owner_set(tx.connection(), &moving, to, &cause).await? {
        let customer = reader.customer(&row)?;
        let id: Uuid = customer.id.parse().map_err(Error::internal)?;
        event::emit(&mut tx, id, &customer);
        tx.audit(AuditEntry {
            action: "customer.assigned",
            record_kind: event::AGGREGATE,
            record_id: id,
            subject_id: id,
            changes: vec![FieldChange {
                field: "owner_id".into(),
                before: name(owners.get(&id).copied().flatten()),
                after: name(owner_id),
            }],
        });
    }
    let previous_owners = ids.iter().map(|id| PreviousOwner {
        customer_id: id.to_string(),
        owner_id: owners.get(id).copied().flatten().map(|owner| owner.to_string()).unwrap_or_default(),
    });
    let response = AssignCustomersResponse { previous_owners: previous_owners.collect() };
    tx.commit_call(call, response).await
}
