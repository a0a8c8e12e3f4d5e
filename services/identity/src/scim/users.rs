//! Users of SCIM, who are the employees. A client changes who they are and whether they may sign in, never what they may
//! do. Of those who can give roles themselves it changes nothing but that they go, and of those who hold more than it does
//! it leaves what they sign in with.

use std::collections::HashSet;

use contracts::identity::scim_user_service_server::ScimUserService;
use contracts::identity::{self as proto, EmployeeState};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use prost_types::Struct;
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::predicate::user_column;
use super::resource::{User, WantedUser, projected};
use super::sight::Sight;
use super::{Asked, json, patched, permit_version, store};
use crate::authentication::session_store::sessions_revoke;
use crate::employee::permit::{Touch, keep_an_administrator, not_above};
use crate::employee::rules::changes;
use crate::employee::store::{Password, employee_delete, employee_insert, employee_read, employee_update, state_set};
use crate::employee::{emit_changed, emit_deleted};
use crate::password::NO_PASSWORD;
use crate::password_link::store::links_void;
use crate::role::store::roles_get;
use crate::{Identity, error, policy};

/// Whoever holds one of these could give themselves any role.
const POWERS: [Permission; 4] = [
    Permission::RolesManage,
    Permission::SignOnManage,
    Permission::ServiceAccountsManage,
    Permission::ParametersManage,
];

fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "employee", record_id: id, subject_id: id, changes }
}

#[tonic::async_trait]
impl ScimUserService for Identity {
    async fn query_scim_users(
        &self,
        request: Request<proto::QueryScimUsersRequest>,
    ) -> Result<Response<Struct>, Status> {
        let sight = Sight::of(&Call::of(&request)?.caller);
        let request = request.into_inner();
        let asked = Asked {
            filter: &request.filter,
            start_index: request.start_index,
            count: request.count,
            sort_by: &request.sort_by,
            sort_order: &request.sort_order,
        };
        let filter = asked.filter()?;
        sight.permit(filter.as_ref(), asked.sort_by)?;
        let part = asked.part(filter.as_ref(), user_column)?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let (total, users) = store::user_list(&mut connection, &part).await?;
        let base = &self.config.public_url;
        let shown = |user: &User| projected(user.show(base, sight), &request.attributes, &request.excluded_attributes);
        let resources: Vec<Value> = users.iter().map(shown).collect();
        Ok(Response::new(asked.answer(total, &resources)))
    }

    async fn get_scim_user(&self, request: Request<proto::GetScimUserRequest>) -> Result<Response<Struct>, Status> {
        let sight = Sight::of(&Call::of(&request)?.caller);
        let request = request.into_inner();
        let user = store::user_get(self.db.pool(), store::id(&request.id)?).await?;
        let shown = user.show(&self.config.public_url, sight);
        Ok(Response::new(json::write(projected(shown, &request.attributes, &request.excluded_attributes))))
    }

    async fn create_scim_user(
        &self,
        request: Request<proto::CreateScimUserRequest>,
    ) -> Result<Response<Struct>, Status> {
        let call = Call::of(&request)?;
        if let Once::Done(reply) = self.db.begin_once::<Struct>(&call).await? {
            return Ok(Response::new(seen_again(&call, reply)));
        }
        let mut wanted = WantedUser::read(&json::read(request.into_inner().resource), None)?;
        Sight::of(&call.caller).keep(&mut wanted, None)?;
        let created = self.user_create(&call, &wanted).await.map_err(in_words_of_scim);
        Ok(Response::new(self.repeated(&call, created).await?))
    }

    async fn replace_scim_user(
        &self,
        request: Request<proto::ReplaceScimUserRequest>,
    ) -> Result<Response<Struct>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let resource = json::read(request.resource);
        let replaced = self.user_change(&call, &request.id, |_| Ok(resource)).await;
        Ok(Response::new(replaced.map_err(in_words_of_scim)?))
    }

    async fn patch_scim_user(&self, request: Request<proto::PatchScimUserRequest>) -> Result<Response<Struct>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let operations = json::read(request.patch);
        let changed = self.user_change(&call, &request.id, |present| patched(&present, &operations)).await;
        Ok(Response::new(changed.map_err(in_words_of_scim)?))
    }

    async fn delete_scim_user(
        &self,
        request: Request<proto::DeleteScimUserRequest>,
    ) -> Result<Response<proto::DeleteScimUserResponse>, Status> {
        let call = Call::of(&request)?;
        if let Once::Done(reply) = self.db.begin_once(&call).await? {
            return Ok(Response::new(reply));
        }
        let id = store::id(&request.into_inner().id)?;
        store::user_get(self.db.pool(), id).await?;
        let owns = match self.owns_nothing(id).await {
            Ok(()) => false,
            Err(refused) if refused.reason() == &error::EMPLOYEE_OWNS_CUSTOMERS => true,
            Err(error) => return Err(error.into()),
        };
        Ok(Response::new(self.user_delete(&call, id, owns).await?))
    }
}

/// An answer that was given before, perhaps when the caller saw more.
fn seen_again(call: &Call, reply: Struct) -> Struct {
    json::write(Sight::of(&call.caller).seen(Value::Object(json::read(Some(reply)))))
}

/// Speaks of the fields as the client does.
fn in_words_of_scim(error: Error) -> Error {
    match error.violations().first() {
        Some(violation) if violation.field == "employee.login_name" => {
            Error::already_exists("userName", &error::LOGIN_NAME_TAKEN)
        }
        _ => error,
    }
}

impl Identity {
    async fn user_create(&self, call: &Call, wanted: &WantedUser) -> Result<Struct> {
        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        // Whom the client had deleted and who stayed for the customers' sake comes back.
        if let Some(id) = store::user_deleted(tx.connection(), &wanted.login_name).await? {
            store::user_note(tx.connection(), id, &wanted.external_id, false).await?;
            let before = store::user_get(tx.connection(), id).await?;
            return self.user_write(tx, call, before, wanted, policy_revision).await;
        }
        let id = Uuid::now_v7();
        let password = Password { hash: NO_PASSWORD, change_required: false };
        employee_insert(tx.connection(), id, &wanted.employee(), None, password, policy_revision).await?;
        if !wanted.active {
            state_set(tx.connection(), id, EmployeeState::Disabled, policy_revision).await?;
        }
        store::user_note(tx.connection(), id, &wanted.external_id, false).await?;
        let employee = employee_read(tx.connection(), id).await?;
        emit_changed(&mut tx, id, platform::update::revision("etag", &employee.etag)?, None, wanted.active);
        tx.audit(audit("employee.created", id, changes(&proto::Employee::default(), &employee)));
        let shown = store::user_get(tx.connection(), id).await?.show(&self.config.public_url, Sight::of(&call.caller));
        let reply = tx.commit_call(call, json::write(shown)).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// Reads a user, lets the caller say what it is to be, and writes that.
    async fn user_change(
        &self,
        call: &Call,
        id: &str,
        wanted: impl FnOnce(Value) -> Result<serde_json::Map<String, Value>> + Send,
    ) -> Result<Struct> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(seen_again(call, reply)),
            Once::New(tx) => tx,
        };
        let id = store::id(id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::user_get(tx.connection(), id).await?;
        // As the client sees it: what its paths and filters find tells nothing that is masked.
        let sight = Sight::of(&call.caller);
        let shown = before.show(&self.config.public_url, sight);
        permit_version(call, &shown)?;
        let mut wanted = WantedUser::read(&wanted(shown)?, Some(&before))?;
        sight.keep(&mut wanted, Some(&before))?;
        self.user_write(tx, call, before, &wanted, policy_revision).await
    }

    async fn user_write(
        &self,
        mut tx: Tx,
        call: &Call,
        before: User,
        wanted: &WantedUser,
        policy_revision: i64,
    ) -> Result<Struct> {
        let id = store::id(&before.employee.id)?;
        let was = employee_read(tx.connection(), id).await?;
        let asked = wanted.employee();
        let renamed = (&was.login_name, &was.display_name, &was.email, &was.phone, &was.locale)
            != (&asked.login_name, &asked.display_name, &asked.email, &asked.phone, &asked.locale);
        let (was_active, is_active) = (before.active(), wanted.active);
        if (renamed || (is_active && !was_active)) && self.is_powerful(&mut tx, &was.role_ids).await? {
            return Err(Error::permission_denied(&error::SCIM_PROTECTED));
        }
        let group_id = crate::optional_id("group_id", &was.group_id)?;
        let moved = asked.email != was.email;
        if moved || !asked.login_name.eq_ignore_ascii_case(&was.login_name) {
            // Whoever reads the mail can set the password.
            not_above(&mut tx, call, &was, Touch::Entry).await?;
        }
        if moved {
            links_void(tx.connection(), id).await?;
        }
        if renamed {
            employee_update(tx.connection(), id, &asked, group_id, policy_revision, false).await?;
        }
        if was_active && !is_active {
            keep_an_administrator(&mut tx, id, &was.role_ids, &[]).await?;
            state_set(tx.connection(), id, EmployeeState::Disabled, policy_revision).await?;
            sessions_revoke(tx.connection(), id, policy_revision).await?;
        } else if is_active && !was_active {
            state_set(tx.connection(), id, EmployeeState::Active, policy_revision).await?;
        }
        if wanted.external_id != before.external_id {
            store::user_note(tx.connection(), id, &wanted.external_id, false).await?;
        }
        let is = employee_read(tx.connection(), id).await?;
        let changes = changes(&was, &is);
        if !changes.is_empty() {
            emit_changed(&mut tx, id, platform::update::revision("etag", &is.etag)?, group_id, is_active);
            let action = match (was_active, is_active) {
                (true, false) => "employee.disabled",
                (false, true) => "employee.enabled",
                _ => "employee.updated",
            };
            tx.audit(audit(action, id, changes));
        }
        let shown = store::user_get(tx.connection(), id).await?.show(&self.config.public_url, Sight::of(&call.caller));
        let reply = tx.commit_call(call, json::write(shown)).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// Removes an employee, or disables one who owns something and is gone for the client all the same.
    async fn user_delete(&self, call: &Call, id: Uuid, owns: bool) -> Result<proto::DeleteScimUserResponse> {
        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let user = store::user_get(tx.connection(), id).await?;
        permit_version(call, &user.show(&self.config.public_url, Sight::of(&call.caller)))?;
        let was = employee_read(tx.connection(), id).await?;
        if user.active() {
            keep_an_administrator(&mut tx, id, &was.role_ids, &[]).await?;
        }
        if owns {
            let revision = state_set(tx.connection(), id, EmployeeState::Disabled, policy_revision).await?;
            sessions_revoke(tx.connection(), id, policy_revision).await?;
            store::user_note(tx.connection(), id, &user.external_id, true).await?;
            let is = employee_read(tx.connection(), id).await?;
            emit_changed(&mut tx, id, revision, crate::optional_id("group_id", &is.group_id)?, false);
            tx.audit(audit("employee.deprovisioned", id, changes(&was, &is)));
        } else {
            employee_delete(tx.connection(), id).await?;
            policy::store::tombstone(tx.connection(), "employee", id, policy_revision).await?;
            emit_deleted(&mut tx, id, platform::update::revision("etag", &was.etag)? + 1);
            tx.audit(audit("employee.deleted", id, changes(&was, &proto::Employee::default())));
        }
        let reply = tx.commit_call(call, proto::DeleteScimUserResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// Whether roles hold what would let their holder give roles.
    async fn is_powerful(&self, tx: &mut Tx, role_ids: &[String]) -> Result<bool> {
        let ids = role_ids.iter().map(|id| crate::id("role_id", id)).collect::<Result<Vec<Uuid>>>()?;
        let roles = roles_get(tx.connection(), &ids).await?;
        let held: HashSet<Permission> =
            roles.iter().flat_map(|role| role.grants.iter().map(proto::Grant::permission)).collect();
        Ok(POWERS.iter().any(|power| held.contains(power)))
    }
}
