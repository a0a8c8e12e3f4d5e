//! Service accounts. Whoever gives one roles or keys can act through it, so neither goes beyond what the giver holds.

use contracts::identity as proto;
use contracts::identity::service_account_service_server::ServiceAccountService;
use contracts::identity::{Employee, EmployeeState, ServiceAccount};
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store;
use crate::employee::permit::{Post, Touch, grantable_roles, not_above};
use crate::employee::store::{employee_delete, roles_replace, state_set};
use crate::employee::{emit_changed, emit_deleted};
use crate::{Identity, policy};

const UPDATABLE: [&str; 3] = ["display_name", "group_id", "role_ids"];

fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "service_account", record_id: id, subject_id: id, changes }
}

/// Before and after of each field that differs, ids as names.
fn changes(before: &ServiceAccount, after: &ServiceAccount) -> Vec<FieldChange> {
    let fields = |account: &ServiceAccount| {
        let mut roles = account.role_names.clone();
        roles.sort_unstable();
        [
            ("display_name", account.display_name.clone()),
            ("group", account.group_name.clone()),
            ("roles", roles.join(", ")),
            ("state", account.state().as_str_name().to_owned()),
        ]
    };
    FieldChange::between(fields(before), fields(after))
}

/// Trims the name and spells ids one way.
fn clean(account: &mut ServiceAccount) -> Result<()> {
    account.display_name = account.display_name.trim().to_owned();
    for id in account.role_ids.iter_mut().chain([&mut account.group_id]) {
        if let Ok(parsed) = id.parse::<Uuid>() {
            *id = parsed.to_string();
        }
    }
    match account.display_name.is_empty() {
        true => Err(Error::invalid("service_account.display_name", &reason::VALUE_REQUIRED)),
        false => Ok(()),
    }
}

/// Refuses to touch an account that administers more than the caller.
async fn permit(tx: &mut Tx, call: &Call, account: &ServiceAccount) -> Result<()> {
    let employee =
        Employee { role_ids: account.role_ids.clone(), group_id: account.group_id.clone(), ..Default::default() };
    not_above(tx, call, &employee, Touch::Other).await
}

/// Speaks of the fields by their names in this request.
fn as_service_account(error: Error) -> Error {
    error.renamed("employee.", "service_account.")
}

#[tonic::async_trait]
impl ServiceAccountService for Identity {
    async fn list_service_accounts(
        &self,
        request: Request<proto::ListServiceAccountsRequest>,
    ) -> Result<Response<proto::ListServiceAccountsResponse>, Status> {
        let request = request.into_inner();
        let after: Option<Uuid> = page::decode(&["service_accounts"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let mut service_accounts = store::service_account_list(self.db.pool(), after, size + 1).await?;
        let next_page_token =
            page::cut(&mut service_accounts, size, &["service_accounts"], |account| account.id.clone())?;
        Ok(Response::new(proto::ListServiceAccountsResponse { service_accounts, next_page_token }))
    }

    async fn get_service_account(
        &self,
        request: Request<proto::GetServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(store::service_account_get(self.db.pool(), id).await?))
    }

    async fn create_service_account(
        &self,
        request: Request<proto::CreateServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        let call = Call::of(&request)?;
        let tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let mut asked = request.into_inner().service_account.unwrap_or_default();
        clean(&mut asked)?;
        Ok(Response::new(self.service_account_create(tx, &call, &asked).await?))
    }

    async fn update_service_account(
        &self,
        request: Request<proto::UpdateServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &UPDATABLE)?;
        let asked = request.service_account.unwrap_or_default();
        let id = crate::id("service_account.id", &asked.id)?;
        let etag = update::revision("service_account.etag", &asked.etag)?;

        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::service_account_get(tx.connection(), id).await?;
        if before.etag != update::etag(etag) {
            return Err(Error::stale_etag().into());
        }
        permit(&mut tx, &call, &before).await?;
        let mut after = before.clone();
        for path in paths {
            match path {
                "display_name" => after.display_name.clone_from(&asked.display_name),
                "group_id" => after.group_id.clone_from(&asked.group_id),
                _ => after.role_ids.clone_from(&asked.role_ids),
            }
        }
        clean(&mut after)?;
        let group_id = crate::optional_id("service_account.group_id", &after.group_id)?;
        let was = Post::new(&before.role_ids, crate::optional_id("group_id", &before.group_id)?);
        let role_ids = grantable_roles(&mut tx, &call, was, Post::new(&after.role_ids, group_id)).await;
        let role_ids = role_ids.map_err(as_service_account)?;
        let revision =
            store::service_account_update(tx.connection(), id, &after.display_name, group_id, policy_revision).await?;
        roles_replace(tx.connection(), id, &role_ids).await?;
        let after = store::service_account_get(tx.connection(), id).await?;
        let changes = changes(&before, &after);
        if changes.is_empty() {
            return Ok(Response::new(before));
        }
        emit_changed(&mut tx, id, revision, group_id, after.state() == EmployeeState::Active);
        tx.audit(audit("service_account.updated", id, changes));
        let reply = tx.commit_call(&call, after).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }

    async fn disable_service_account(
        &self,
        request: Request<proto::DisableServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        let call = Call::of(&request)?;
        let proto::DisableServiceAccountRequest { id, etag } = request.into_inner();
        Ok(Response::new(self.service_account_state_set(&call, &id, &etag, EmployeeState::Disabled).await?))
    }

    async fn enable_service_account(
        &self,
        request: Request<proto::EnableServiceAccountRequest>,
    ) -> Result<Response<ServiceAccount>, Status> {
        let call = Call::of(&request)?;
        let proto::EnableServiceAccountRequest { id, etag } = request.into_inner();
        Ok(Response::new(self.service_account_state_set(&call, &id, &etag, EmployeeState::Active).await?))
    }

    async fn delete_service_account(
        &self,
        request: Request<proto::DeleteServiceAccountRequest>,
    ) -> Result<Response<proto::DeleteServiceAccountResponse>, Status> {
        let call = Call::of(&request)?;
        if let Once::Done(reply) = self.db.begin_once::<proto::DeleteServiceAccountResponse>(&call).await? {
            return Ok(Response::new(reply));
        }
        let proto::DeleteServiceAccountRequest { id, etag } = request.into_inner();
        let id = crate::id("id", &id)?;
        store::service_account_get(self.db.pool(), id).await?;
        self.owns_nothing(id).await?;

        let mut tx = self.db.begin().await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let account = store::service_account_get(tx.connection(), id).await?;
        permit(&mut tx, &call, &account).await?;
        crate::require_etag(&etag, &account.etag)?;
        employee_delete(tx.connection(), id).await?;
        policy::store::tombstone(tx.connection(), "employee", id, policy_revision).await?;
        emit_deleted(&mut tx, id, update::revision("etag", &account.etag)? + 1);
        tx.audit(audit("service_account.deleted", id, changes(&account, &ServiceAccount::default())));
        let reply = tx.commit_call(&call, proto::DeleteServiceAccountResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }
}

impl Identity {
    async fn service_account_create(&self, mut tx: Tx, call: &Call, asked: &ServiceAccount) -> Result<ServiceAccount> {
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let group_id = crate::optional_id("service_account.group_id", &asked.group_id)?;
        let role_ids = grantable_roles(&mut tx, call, Post::none(), Post::new(&asked.role_ids, group_id)).await;
        let role_ids = role_ids.map_err(as_service_account)?;
        let id = Uuid::now_v7();
        store::service_account_insert(tx.connection(), id, &asked.display_name, group_id, policy_revision).await?;
        roles_replace(tx.connection(), id, &role_ids).await?;
        let account = store::service_account_get(tx.connection(), id).await?;
        emit_changed(&mut tx, id, 1, group_id, true);
        tx.audit(audit("service_account.created", id, changes(&ServiceAccount::default(), &account)));
        let reply = tx.commit_call(call, account).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    async fn service_account_state_set(
        &self,
        call: &Call,
        id: &str,
        etag: &str,
        state: EmployeeState,
    ) -> Result<ServiceAccount> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::service_account_get(tx.connection(), id).await?;
        permit(&mut tx, call, &before).await?;
        crate::require_etag(etag, &before.etag)?;
        if before.state() == state {
            return Ok(before);
        }
        let revision = state_set(tx.connection(), id, state, policy_revision).await?;
        let action = match state {
            EmployeeState::Disabled => "service_account.disabled",
            _ => "service_account.enabled",
        };
        let after = store::service_account_get(tx.connection(), id).await?;
        let group_id = crate::optional_id("group_id", &after.group_id)?;
        emit_changed(&mut tx, id, revision, group_id, state == EmployeeState::Active);
        tx.audit(audit(action, id, changes(&before, &after)));
        let reply = tx.commit_call(call, after).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }
}
