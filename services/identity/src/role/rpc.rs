//! Roles and the catalog of what they can hold.

use contracts::identity as proto;
use contracts::identity::role_service_server::RoleService;
use platform::access::Call;
use platform::contract::Contract;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::presets::ADMINISTRATOR;
use super::rules::{self, Holdings, Place};
use super::{catalog, store};
use crate::{Identity, error, group, policy};

pub(crate) fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "role", record_id: id, subject_id: id, changes }
}

#[tonic::async_trait]
impl RoleService for Identity {
    async fn list_roles(
        &self,
        request: Request<proto::ListRolesRequest>,
    ) -> Result<Response<proto::ListRolesResponse>, Status> {
        let request = request.into_inner();
        let after: Option<Uuid> = page::decode(&["roles"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let mut roles = store::role_list(self.db.pool(), after, size + 1).await?;
        let next_page_token = page::cut(&mut roles, size, &["roles"], |role| role.id.clone())?;
        Ok(Response::new(proto::ListRolesResponse { roles, next_page_token }))
    }

    async fn get_role(&self, request: Request<proto::GetRoleRequest>) -> Result<Response<proto::Role>, Status> {
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(store::role_get(self.db.pool(), id).await?))
    }

    async fn create_role(&self, request: Request<proto::CreateRoleRequest>) -> Result<Response<proto::Role>, Status> {
        let call = Call::of(&request)?;
        let tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let mut role = request.into_inner().role.unwrap_or_default();
        role.preset.clear();
        rules::clean(&mut role)?;
        let nobody_yet = Holdings::received(&role, Place::In(None), &call.caller);
        if nobody_yet.exceeds(&Holdings::of_caller(&call.caller)) {
            return Err(Error::permission_denied(&error::ROLE_EXCEEDS_OWN).into());
        }
        let created = self.role_create(tx, &call, &role).await;
        Ok(Response::new(self.repeated(&call, created).await?))
    }

    async fn update_role(&self, request: Request<proto::UpdateRoleRequest>) -> Result<Response<proto::Role>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &rules::PATHS)?;
        let asked = request.role.unwrap_or_default();
        let id = crate::id("role.id", &asked.id)?;
        let etag = update::revision("role.etag", &asked.etag)?;
        let revision = policy::store::advance(tx.connection()).await?;
        let before = store::role_get(tx.connection(), id).await?;
        if before.etag != update::etag(etag) {
            return Err(Error::stale_etag().into());
        }
        let mut after = rules::merged(&before, &asked, &paths);
        rules::clean(&mut after)?;
        let held = Holdings::of(&before.grants, &before.field_visibilities);
        let wanted = Holdings::of(&after.grants, &after.field_visibilities);
        if before.preset == ADMINISTRATOR && wanted != held {
            return Err(Error::failed_precondition(&error::ROLE_IS_ADMINISTRATOR).into());
        }
        // Whoever holds the role is given what is new in it, wherever they stand.
        let own = Holdings::of_caller(&call.caller);
        let at = |role, place| Holdings::received(role, place, &call.caller);
        let places = if wanted == held { Vec::new() } else { store::holder_places(tx.connection(), id).await? };
        if places.iter().any(|place| at(&after, *place).widens_beyond(&at(&before, *place), &own)) {
            return Err(Error::permission_denied(&error::ROLE_EXCEEDS_OWN).into());
        }
        // Who holds more than the caller is not made easier to break into by the caller.
        if before.second_factor_required && !after.second_factor_required && held.exceeds(&own) {
            return Err(Error::permission_denied(&error::ROLE_EXCEEDS_OWN).into());
        }
        let changes = rules::changes(&before, &after);
        if changes.is_empty() {
            return Ok(Response::new(before));
        }
        check_groups(&mut tx, &after).await?;
        store::role_update(tx.connection(), id, &after, revision).await?;
        tx.audit(audit("role.updated", id, changes));
        let reply = store::role_get(tx.connection(), id).await?;
        let reply = tx.commit_call(&call, reply).await?;
        self.announce(revision).await;
        Ok(Response::new(reply))
    }

    async fn delete_role(
        &self,
        request: Request<proto::DeleteRoleRequest>,
    ) -> Result<Response<proto::DeleteRoleResponse>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let id = crate::id("id", &request.id)?;
        let revision = policy::store::advance(tx.connection()).await?;
        let role = store::role_get(tx.connection(), id).await?;
        crate::require_etag(&request.etag, &role.etag)?;
        if role.preset == ADMINISTRATOR {
            return Err(Error::failed_precondition(&error::ROLE_IS_ADMINISTRATOR).into());
        }
        if role.holder_count > 0 {
            return Err(Error::failed_precondition(&error::ROLE_IN_USE).arg("count", role.holder_count).into());
        }
        store::role_delete(tx.connection(), id).await?;
        policy::store::tombstone(tx.connection(), "role", id, revision).await?;
        tx.audit(audit("role.deleted", id, rules::changes(&role, &proto::Role::default())));
        let reply = tx.commit_call(&call, proto::DeleteRoleResponse {}).await?;
        self.announce(revision).await;
        Ok(Response::new(reply))
    }

    async fn get_permission_catalog(
        &self,
        _: Request<proto::GetPermissionCatalogRequest>,
    ) -> Result<Response<proto::PermissionCatalog>, Status> {
        Ok(Response::new(proto::PermissionCatalog { permissions: catalog::entries(Contract::get()) }))
    }
}

/// Chosen groups must be there.
async fn check_groups(tx: &mut Tx, role: &proto::Role) -> Result<()> {
    for (index, grant) in role.grants.iter().enumerate() {
        for group in &grant.group_ids {
            let field = format!("role.grants[{index}].group_ids");
            if !group::store::exists(tx.connection(), crate::id(&field, group)?).await? {
                return Err(Error::invalid(&field, &error::GROUP_UNKNOWN));
            }
        }
    }
    Ok(())
}

impl Identity {
    async fn role_create(&self, mut tx: Tx, call: &Call, role: &proto::Role) -> Result<proto::Role> {
        let revision = policy::store::advance(tx.connection()).await?;
        check_groups(&mut tx, role).await?;
        let id = Uuid::now_v7();
        store::role_insert(tx.connection(), id, role, revision).await?;
        tx.audit(audit("role.created", id, rules::changes(&proto::Role::default(), role)));
        let reply = store::role_get(tx.connection(), id).await?;
        let reply = tx.commit_call(call, reply).await?;
        self.announce(revision).await;
        Ok(reply)
    }
}
