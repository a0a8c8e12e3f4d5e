//! Who may touch whom: nobody gives what they don't hold, takes over an account that holds more, moves people beyond their
//! own groups, or takes the last administrator away.

use contracts::customers::GetOwnershipRequest;
use contracts::customers::ownership_service_client::OwnershipServiceClient;
use contracts::identity::{Employee, RoleAudience};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::Tx;
use platform::error::{Error, Result};
use uuid::Uuid;

use super::{membership, rules, store};
use crate::role::presets::ADMINISTRATOR;
use crate::role::rules::{Holdings, Place};
use crate::role::store::roles_get;
use crate::{Identity, error};

impl Identity {
    /// Asks the customers service whether anything is left to be handed over. Where it is not installed nothing is; where
    /// it does not answer the employee stays.
    pub(crate) async fn owns_nothing(&self, id: Uuid) -> Result<()> {
        let Some(customers) = self.clients.get("customers") else { return Ok(()) };
        let request = self.clients.own_request(GetOwnershipRequest { employee_id: id.to_string() })?;
        let ownership = OwnershipServiceClient::new(customers).get_ownership(request).await;
        match ownership.map_err(Error::unavailable)?.into_inner().customer_count {
            0 => Ok(()),
            count => Err(Error::failed_precondition(&error::EMPLOYEE_OWNS_CUSTOMERS).arg("count", count)),
        }
    }
}

/// Whether the caller may put an employee into a group, or outside of all.
pub(super) fn permit_group(call: &Call, group_id: Option<Uuid>) -> Result<()> {
    if call.caller.rows(Permission::EmployeesManage).covers(None, group_id) {
        return Ok(());
    }
    Err(Error::permission_denied(&error::OUTSIDE_SCOPE).field("employee.group_id", &error::OUTSIDE_SCOPE))
}

/// Roles, and where whoever holds them stands.
#[derive(Clone, Copy)]
pub(crate) struct Post<'a> {
    pub role_ids: &'a [String],
    pub place: Place,
}

impl<'a> Post<'a> {
    pub fn new(role_ids: &'a [String], group_id: Option<Uuid>) -> Self {
        Self { role_ids, place: Place::In(group_id) }
    }

    /// Of somebody who holds nothing yet.
    pub fn none() -> Self {
        Self::new(&[], None)
    }
}

/// The roles as ids, when those that are new, and those that reach other groups from a new place, give nothing that
/// the caller doesn't hold.
pub(crate) async fn grantable_roles(
    tx: &mut Tx,
    call: &Call,
    Post { role_ids: before, place: from }: Post<'_>,
    Post { role_ids: after, place }: Post<'_>,
) -> Result<Vec<Uuid>> {
    let id = |(index, id): (usize, &String)| crate::id(&format!("employee.role_ids[{index}]"), id);
    let role_ids = after.iter().enumerate().map(id).collect::<Result<Vec<Uuid>>>()?;
    let roles = roles_get(tx.connection(), &role_ids).await?;
    let own = Holdings::of_caller(&call.caller);
    for (index, id) in after.iter().enumerate() {
        let Some(role) = roles.iter().find(|role| role.id == *id) else {
            return Err(Error::invalid(format!("employee.role_ids[{index}]"), &error::ROLE_UNKNOWN));
        };
        if role.audience() == RoleAudience::Customers {
            return Err(Error::invalid(format!("employee.role_ids[{index}]"), &error::ROLE_FOR_CUSTOMERS));
        }
        let given = Holdings::received(role, place, &call.caller);
        let refused = match before.contains(id) {
            true => place != from && given.widens_beyond(&Holdings::received(role, from, &call.caller), &own),
            false => given.exceeds(&own),
        };
        if refused {
            return Err(Error::permission_denied(&error::ROLE_EXCEEDS_OWN));
        }
    }
    Ok(role_ids)
}

/// Refuses to put people where their roles would give them what the caller doesn't hold.
pub(crate) async fn permit_places(tx: &mut Tx, call: &Call, employee_ids: &[Uuid], to: Option<Uuid>) -> Result<()> {
    let held = membership::roles_and_groups(tx.connection(), employee_ids).await?;
    let role_ids: Vec<Uuid> = held.iter().map(|(role, _)| *role).collect();
    let roles = roles_get(tx.connection(), &role_ids).await?;
    let own = Holdings::of_caller(&call.caller);
    let widened = |(role_id, from): &(Uuid, Option<Uuid>)| {
        let (role_id, from) = (role_id.to_string(), *from);
        let at = |role, group| Holdings::received(role, Place::In(group), &call.caller);
        let held = roles.iter().filter(|role| role.id == role_id);
        from != to && held.into_iter().any(|role| at(role, to).widens_beyond(&at(role, from), &own))
    };
    match held.iter().any(widened) {
        true => Err(Error::permission_denied(&error::ROLE_EXCEEDS_OWN)),
        false => Ok(()),
    }
}

/// How an employee's account is touched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Whoever does this can come in as the employee, which is as good as being given the roles.
    Entry,
    Other,
}

/// Refuses to touch an employee who administers more than the caller; and what opens the account, of one who holds
/// anything more.
pub(crate) async fn not_above(tx: &mut Tx, call: &Call, employee: &Employee, touch: Touch) -> Result<()> {
    let ids = employee.role_ids.iter().map(|id| crate::id("role_ids", id)).collect::<Result<Vec<Uuid>>>()?;
    let own = Holdings::of_caller(&call.caller);
    let above = |holdings: Holdings| holdings.outranks(&own) || (touch == Touch::Entry && holdings.exceeds(&own));
    let roles = roles_get(tx.connection(), &ids).await?;
    let place = Place::In(crate::optional_id("group_id", &employee.group_id)?);
    match roles.iter().any(|role| above(Holdings::received(role, place, &call.caller))) {
        true => Err(Error::permission_denied(&error::EMPLOYEE_HOLDS_MORE)),
        false => Ok(()),
    }
}

/// Refuses to take the administrator role from the last active employee who holds it.
pub(crate) async fn keep_an_administrator(tx: &mut Tx, id: Uuid, before: &[String], after: &[String]) -> Result<()> {
    let lost =
        rules::added(after, before).into_iter().map(|id| crate::id("role_ids", id)).collect::<Result<Vec<_>>>()?;
    let roles = roles_get(tx.connection(), &lost).await?;
    let loses = roles.iter().any(|role| role.preset == ADMINISTRATOR);
    if loses && !store::another_administrator(tx.connection(), id).await? {
        return Err(Error::failed_precondition(&error::LAST_ADMINISTRATOR));
    }
    Ok(())
}
