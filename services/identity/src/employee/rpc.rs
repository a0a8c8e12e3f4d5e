//! Employees, within the groups that the caller's scope covers.

use chrono::Utc;
use contracts::identity as proto;
use contracts::identity::employee_service_server::EmployeeService;
use contracts::identity::{Employee, EmployeeState};
use contracts::options::Permission;
use platform::access::Call;
use platform::audit::Revealed;
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result};
use platform::filter::{self, EvalContext, OrderBy, Value};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::permit::{Post, Touch, grantable_roles, keep_an_administrator, not_above, permit_group};
use super::query::{FILTER, ORDER, ZONE};
use super::store::{self, Password, Selection};
use super::{emit_changed, emit_deleted, rules};
use crate::authentication::session_store::sessions_revoke;
use crate::password::NO_PASSWORD;
use crate::password_link::Purpose;
use crate::password_link::store::links_void;
use crate::{Identity, policy};

const UPDATABLE: [&str; 7] = ["login_name", "display_name", "email", "phone", "group_id", "role_ids", "locale"];

pub(super) fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "employee", record_id: id, subject_id: id, changes }
}

#[tonic::async_trait]
impl EmployeeService for Identity {
    async fn list_employees(
        &self,
        request: Request<proto::ListEmployeesRequest>,
    ) -> Result<Response<proto::ListEmployeesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let predicate = filter::compile(&request.filter, &FILTER).map_err(|fault| Error::filter("filter", &fault))?;
        let order_by = if request.order_by.trim().is_empty() { "login_name" } else { &request.order_by };
        let order = OrderBy::parse(order_by, &ORDER).map_err(|fault| Error::filter("order_by", &fault))?;
        let order_text = order.to_string();
        let page_of = ["employees", &request.filter, &order_text, &request.query, &request.within_group_id];
        let after: Option<Vec<Value>> = page::decode(&page_of, &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let now = Utc::now().with_timezone(&ZONE);
        let below = |group: Uuid| call.caller.policy().map(|policy| policy.group_and_below(group).to_vec());
        let within = crate::optional_id("within_group_id", &request.within_group_id)?;
        let selection = Selection {
            rows: call.caller.rows(Permission::EmployeesRead),
            predicate: &predicate,
            context: &EvalContext::at(now, call.caller.employee_id()),
            part: &request.query,
            groups: within.map(|group| below(group).unwrap_or_default()),
            order: &order,
            after,
            limit: size + 1,
        };
        let mut rows = store::employee_list(self.db.pool(), selection).await?;
        let next_page_token = page::cut(&mut rows, size, &page_of, |row| order.keys(row))?;
        let employees = rows.into_iter().map(|row| row.employee).collect();
        Ok(Response::new(proto::ListEmployeesResponse { employees, next_page_token }))
    }

    async fn get_employee(&self, request: Request<proto::GetEmployeeRequest>) -> Result<Response<Employee>, Status> {
        let call = Call::of(&request)?;
        let id = crate::id("id", &request.into_inner().id)?;
        let rows = call.caller.rows(Permission::EmployeesRead);
        Ok(Response::new(store::employee_get(self.db.pool(), &rows, id).await?))
    }

    async fn reveal_employee(
        &self,
        request: Request<proto::RevealEmployeeRequest>,
    ) -> Result<Response<Employee>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = crate::id("id", &request.id)?;
        let mut tx = self.db.begin().await?;
        // Nobody is shown more of a record that they don't see at all.
        store::employee_get(tx.connection(), &call.caller.rows(Permission::EmployeesRead), id).await?;
        let rows = call.caller.rows(Permission::EmployeesReveal);
        let message = store::employee_get(tx.connection(), &rows, id).await?;
        let revealed = Revealed {
            action: "employee.revealed",
            record_kind: "employee",
            record_id: id,
            subject_id: id,
            reason: &request.reason,
            message,
            further_kinds: Vec::new(),
        };
        Ok(Response::new(revealed.give(tx, &call).await?))
    }

    async fn create_employee(
        &self,
        request: Request<proto::CreateEmployeeRequest>,
    ) -> Result<Response<proto::CreateEmployeeResponse>, Status> {
        let call = Call::of(&request)?;
        if let Once::Done(reply) = self.db.begin_once::<proto::CreateEmployeeResponse>(&call).await? {
            if request.get_ref().invite {
                return Ok(Response::new(reply));
            }
            let id = reply.employee.as_ref().map(|employee| employee.id.as_str()).unwrap_or_default();
            let initial_password = self.repeated_password(&call, crate::id("id", id)?).await?;
            return Ok(Response::new(proto::CreateEmployeeResponse { initial_password, ..reply }));
        }
        let proto::CreateEmployeeRequest { employee, invite } = request.into_inner();
        let mut asked = employee.unwrap_or_default();
        rules::clean(&mut asked, |kind| call.caller.visibility(kind))?;
        let group_id = crate::optional_id("employee.group_id", &asked.group_id)?;
        permit_group(&call, group_id)?;
        if invite {
            self.permit_invitation(&asked.email)?;
        }
        if !asked.role_ids.is_empty() {
            call.caller.require_recent_proof()?;
        }
        // Hashed before the transaction: it takes long, and transactions of the policy wait for each other.
        let (initial_password, hash) = match invite {
            true => (String::new(), NO_PASSWORD.to_owned()),
            false => {
                let initial_password = self.initial_password(&call).await?;
                (initial_password.clone(), self.passwords.hash(initial_password).await?)
            }
        };
        let created = self.employee_create(&call, &asked, group_id, &hash, invite).await;
        let reply = self.repeated(&call, created).await?;
        Ok(Response::new(proto::CreateEmployeeResponse { initial_password, ..reply }))
    }

    async fn update_employee(
        &self,
        request: Request<proto::UpdateEmployeeRequest>,
    ) -> Result<Response<Employee>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &UPDATABLE)?;
        let asked = request.employee.unwrap_or_default();
        let id = crate::id("employee.id", &asked.id)?;
        let etag = update::revision("employee.etag", &asked.etag)?;

        let policy_revision = policy::store::advance(tx.connection()).await?;
        let rows = call.caller.rows(Permission::EmployeesManage);
        let before = store::employee_get(tx.connection(), &rows, id).await?;
        not_above(&mut tx, &call, &before, Touch::Other).await?;
        if before.etag != update::etag(etag) {
            return Err(Error::stale_etag().into());
        }
        let mut after = rules::merged(&before, &asked, &paths);
        rules::clean(&mut after, |kind| call.caller.visibility(kind))?;
        let group_id = crate::optional_id("employee.group_id", &after.group_id)?;
        if after.group_id != before.group_id {
            permit_group(&call, group_id)?;
        }
        let was = Post::new(&before.role_ids, crate::optional_id("group_id", &before.group_id)?);
        let role_ids = grantable_roles(&mut tx, &call, was, Post::new(&after.role_ids, group_id)).await?;
        if rules::needs_proof(&before, &after) {
            call.caller.require_recent_proof()?;
        }
        if after.email != before.email {
            // Whoever reads the mail can set the password.
            not_above(&mut tx, &call, &before, Touch::Entry).await?;
            links_void(tx.connection(), id).await?;
        }
        let by_self = call.caller.employee_id() == Some(id);
        store::employee_update(tx.connection(), id, &after, group_id, policy_revision, by_self).await?;
        store::roles_replace(tx.connection(), id, &role_ids).await?;
        if before.state() == EmployeeState::Active && !rules::added(&after.role_ids, &before.role_ids).is_empty() {
            keep_an_administrator(&mut tx, id, &before.role_ids, &after.role_ids).await?;
        }
        let after = store::employee_read(tx.connection(), id).await?;
        let changes = rules::changes(&before, &after);
        if changes.is_empty() {
            return Ok(Response::new(before));
        }
        let revision = update::revision("etag", &after.etag)?;
        emit_changed(&mut tx, id, revision, group_id, after.state() == EmployeeState::Active);
        tx.audit(audit("employee.updated", id, changes));
        let reply = tx.commit_call(&call, after).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }

    async fn disable_employee(
        &self,
        request: Request<proto::DisableEmployeeRequest>,
    ) -> Result<Response<Employee>, Status> {
        let call = Call::of(&request)?;
        let proto::DisableEmployeeRequest { id, etag } = request.into_inner();
        Ok(Response::new(self.state_set(&call, &id, &etag, EmployeeState::Disabled).await?))
    }

    async fn enable_employee(
        &self,
        request: Request<proto::EnableEmployeeRequest>,
    ) -> Result<Response<Employee>, Status> {
        let call = Call::of(&request)?;
        let proto::EnableEmployeeRequest { id, etag } = request.into_inner();
        Ok(Response::new(self.state_set(&call, &id, &etag, EmployeeState::Active).await?))
    }

    async fn invite_employee(
        &self,
        request: Request<proto::InviteEmployeeRequest>,
    ) -> Result<Response<proto::InviteEmployeeResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.employee_invite(&call, &request.into_inner().id).await?))
    }

    async fn reset_employee_password(
        &self,
        request: Request<proto::ResetEmployeePasswordRequest>,
    ) -> Result<Response<proto::ResetEmployeePasswordResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.employee_password_reset(&call, &request.into_inner().id).await?))
    }

    async fn reset_second_factors(
        &self,
        request: Request<proto::ResetSecondFactorsRequest>,
    ) -> Result<Response<proto::ResetSecondFactorsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.employee_factors_reset(&call, &request.into_inner().id).await?))
    }

    async fn delete_employee(
        &self,
        request: Request<proto::DeleteEmployeeRequest>,
    ) -> Result<Response<proto::DeleteEmployeeResponse>, Status> {
        let call = Call::of(&request)?;
        let once = self.db.begin_once::<proto::DeleteEmployeeResponse>(&call).await?;
        if let Once::Done(reply) = once {
            return Ok(Response::new(reply));
        }
        let proto::DeleteEmployeeRequest { id, etag } = request.into_inner();
        let id = crate::id("id", &id)?;
        let rows = call.caller.rows(Permission::EmployeesManage);
        store::employee_get(self.db.pool(), &rows, id).await?;
        rules::not_self(call.caller.employee_id(), id)?;
        self.owns_nothing(id).await?;

        let mut tx = self.db.begin().await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let employee = store::employee_get(tx.connection(), &rows, id).await?;
        not_above(&mut tx, &call, &employee, Touch::Other).await?;
        crate::require_etag(&etag, &employee.etag)?;
        if employee.state() == EmployeeState::Active {
            keep_an_administrator(&mut tx, id, &employee.role_ids, &[]).await?;
        }
        store::employee_delete(tx.connection(), id).await?;
        policy::store::tombstone(tx.connection(), "employee", id, policy_revision).await?;
        emit_deleted(&mut tx, id, update::revision("etag", &employee.etag)? + 1);
        tx.audit(audit("employee.deleted", id, rules::changes(&employee, &Employee::default())));
        let reply = tx.commit_call(&call, proto::DeleteEmployeeResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }
}

impl Identity {
    /// Writes a new employee; the answer, which is kept, doesn't hold the password.
    async fn employee_create(
        &self,
        call: &Call,
        asked: &Employee,
        group_id: Option<Uuid>,
        hash: &str,
        invite: bool,
    ) -> Result<proto::CreateEmployeeResponse> {
        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let role_ids = grantable_roles(&mut tx, call, Post::none(), Post::new(&asked.role_ids, group_id)).await?;
        let id = Uuid::now_v7();
        let password = Password { hash, change_required: true };
        store::employee_insert(tx.connection(), id, asked, group_id, password, policy_revision).await?;
        store::roles_replace(tx.connection(), id, &role_ids).await?;
        let employee = store::employee_read(tx.connection(), id).await?;
        emit_changed(&mut tx, id, 1, group_id, true);
        tx.audit(audit("employee.created", id, rules::changes(&Employee::default(), &employee)));
        if invite {
            self.link_send(&mut tx, Some(id), Purpose::Invitation).await?;
            tx.audit(audit("employee.invited", id, Vec::new()));
        }
        let reply = proto::CreateEmployeeResponse { employee: Some(employee), initial_password: String::new() };
        let reply = tx.commit_call(call, reply).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    async fn state_set(&self, call: &Call, id: &str, etag: &str, state: EmployeeState) -> Result<Employee> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let rows = call.caller.rows(Permission::EmployeesManage);
        let before = store::employee_get(tx.connection(), &rows, id).await?;
        not_above(&mut tx, call, &before, Touch::Other).await?;
        crate::require_etag(etag, &before.etag)?;
        if state == EmployeeState::Disabled {
            rules::not_self(call.caller.employee_id(), id)?;
            keep_an_administrator(&mut tx, id, &before.role_ids, &[]).await?;
        }
        if before.state() == state {
            return Ok(before);
        }
        let revision = store::state_set(tx.connection(), id, state, policy_revision).await?;
        let action = match state {
            EmployeeState::Disabled => {
                sessions_revoke(tx.connection(), id, policy_revision).await?;
                "employee.disabled"
            }
            _ => "employee.enabled",
        };
        let after = store::employee_read(tx.connection(), id).await?;
        let group_id = crate::optional_id("group_id", &after.group_id)?;
        emit_changed(&mut tx, id, revision, group_id, state == EmployeeState::Active);
        tx.audit(audit(action, id, rules::changes(&before, &after)));
        let reply = tx.commit_call(call, after).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }
}
