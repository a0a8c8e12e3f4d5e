//! What everybody signed in may see and do about themselves, and whom they can find.

use contracts::identity as proto;
use contracts::identity::profile_service_server::ProfileService;
use contracts::identity::{Employee, Grant, Profile};
use contracts::options::Visibility;
use platform::access::{Call, Caller};
use platform::db::{AuditEntry, Once};
use platform::error::{Error, Result, reason};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store;
use crate::employee::{self, rules};
use crate::password_link::store::links_void;
use crate::role::catalog;
use crate::{Identity, policy};

const UPDATABLE: [&str; 5] = ["login_name", "display_name", "email", "phone", "locale"];

fn profile(employee: Employee, caller: &Caller) -> Profile {
    let grant = |permission| Grant {
        permission: i32::from(permission),
        scope: caller.scope(permission).into(),
        group_ids: caller.chosen_groups(permission).iter().map(Uuid::to_string).collect(),
    };
    let (second_factor_set, second_factor_required) = caller.second_factor();
    Profile {
        second_factor_set,
        second_factor_required,
        id: employee.id,
        login_name: employee.login_name,
        display_name: employee.display_name,
        email: employee.email,
        phone: employee.phone,
        locale: employee.locale,
        group_id: employee.group_id,
        group_name: employee.group_name,
        role_names: employee.role_names,
        grants: catalog::permissions().filter(|permission| caller.allows(*permission)).map(grant).collect(),
        password_change_required: employee.password_change_required,
        etag: employee.etag,
    }
}

/// Speaks of the fields by their names in this request.
fn as_profile(error: Error) -> Error {
    error.renamed("employee.", "profile.")
}

#[tonic::async_trait]
impl ProfileService for Identity {
    async fn get_profile(&self, request: Request<proto::GetProfileRequest>) -> Result<Response<Profile>, Status> {
        let call = Call::of(&request)?;
        let id = call.caller.require_employee()?;
        let employee = employee::store::employee_read(self.db.pool(), id).await?;
        Ok(Response::new(profile(employee, &call.caller)))
    }

    async fn update_profile(&self, request: Request<proto::UpdateProfileRequest>) -> Result<Response<Profile>, Status> {
        let call = Call::of(&request)?;
        let id = call.caller.require_employee()?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &UPDATABLE)?;
        let asked = request.profile.unwrap_or_default();
        let etag = update::revision("profile.etag", &asked.etag)?;

        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = employee::store::employee_read(tx.connection(), id).await?;
        if before.etag != update::etag(etag) {
            return Err(Error::stale_etag().into());
        }
        let asked = Employee {
            login_name: asked.login_name,
            display_name: asked.display_name,
            email: asked.email,
            phone: asked.phone,
            locale: asked.locale,
            ..Default::default()
        };
        let mut after = rules::merged(&before, &asked, &paths);
        // Nobody is shown their own data masked.
        rules::clean(&mut after, |_| Visibility::Clear).map_err(as_profile)?;
        let changes = rules::changes(&before, &after);
        if changes.is_empty() {
            return Ok(Response::new(profile(before, &call.caller)));
        }
        let (renamed, moved) = (after.login_name != before.login_name, after.email != before.email);
        // Links to set a password with go to the address, and the owner signs in by the name: a session left open must not
        // be enough to redirect the ones or to lock out the other.
        if (renamed || moved) && !call.caller.recently_proven() {
            return Err(Error::permission_denied(&reason::STEP_UP_REQUIRED).into());
        }
        if moved {
            links_void(tx.connection(), id).await?;
        }
        let group_id = crate::optional_id("group_id", &after.group_id)?;
        let updated =
            employee::store::employee_update(tx.connection(), id, &after, group_id, policy_revision, true).await;
        let revision = updated.map_err(as_profile)?;
        employee::emit_changed(&mut tx, id, revision, group_id, true);
        tx.audit(AuditEntry {
            action: "employee.profile_updated",
            record_kind: "employee",
            record_id: id,
            subject_id: id,
            changes,
        });
        after.etag = update::etag(revision);
        let reply = tx.commit_call(&call, profile(after, &call.caller)).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }

    async fn list_directory_entries(
        &self,
        request: Request<proto::ListDirectoryEntriesRequest>,
    ) -> Result<Response<proto::ListDirectoryEntriesResponse>, Status> {
        let request = request.into_inner();
        let ids = request.ids.iter().enumerate().map(|(index, id)| crate::id(&format!("ids[{index}]"), id));
        let ids = ids.collect::<Result<Vec<Uuid>>>()?;
        let id_list = request.ids.join(",");
        let page_of = ["directory", &request.query, &id_list];
        let after: Option<(String, Uuid)> = page::decode(&page_of, &request.page_token)?;
        if after.as_ref().is_some_and(|(sort_name, _)| sort_name.contains('\0')) {
            return Err(Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID).into());
        }
        let size = page::size(request.page_size, 50);
        let mut rows = store::directory_list(self.db.pool(), &request.query, &ids, after, size + 1).await?;
        let next_page_token = page::cut(&mut rows, size, &page_of, |(_, sort_name, id)| (sort_name.clone(), *id))?;
        let entries = rows.into_iter().map(|(entry, ..)| entry).collect();
        Ok(Response::new(proto::ListDirectoryEntriesResponse { entries, next_page_token }))
    }
}
