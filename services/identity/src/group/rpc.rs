//! The tree of groups. Everybody signed in sees it; changes stay within the caller's own part of it.

use contracts::identity as proto;
use contracts::identity::GroupChanged;
use contracts::identity::group_service_server::GroupService;
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{rules, store};
use crate::employee::permit::permit_places;
use crate::identity_provider::store::default_group_forget;
use crate::role::store::roles_get;
use crate::{Identity, employee, error, identity_provider, policy, role};

fn emit_changed(tx: &mut Tx, id: Uuid, revision: i64, parent_id: Option<Uuid>, deleted: bool) {
    let parent_id = parent_id.map(|id| id.to_string()).unwrap_or_default();
    tx.emit("group", id, &GroupChanged { id: id.to_string(), revision, parent_id, deleted });
}

fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "group", record_id: id, subject_id: id, changes }
}

fn change(field: &str, before: &str, after: &str) -> Option<FieldChange> {
    let change = || FieldChange { field: field.to_owned(), before: before.to_owned(), after: after.to_owned() };
    (before != after).then(change)
}

fn fields(name: &str, parent: &str) -> [(&'static str, String); 2] {
    [("name", name.to_owned()), ("parent", parent.to_owned())]
}

/// What the trail is told of a new group; the root has no parent.
pub(crate) fn created(id: Uuid, name: &str, parent: &str) -> AuditEntry {
    audit("group.created", id, FieldChange::between(fields("", ""), fields(name, parent)))
}

fn cleaned(field: &str, name: &str) -> Result<String> {
    match name.trim() {
        "" => Err(Error::invalid(field, &reason::VALUE_REQUIRED)),
        name => Ok(name.to_owned()),
    }
}

#[tonic::async_trait]
impl GroupService for Identity {
    async fn list_groups(
        &self,
        request: Request<proto::ListGroupsRequest>,
    ) -> Result<Response<proto::ListGroupsResponse>, Status> {
        let request = request.into_inner();
        let after: Option<store::Path> = page::decode(&["groups"], &request.page_token)?;
        let size = page::size(request.page_size, 200);
        let mut rows = store::group_list(self.db.pool(), after, size + 1).await?;
        let next_page_token = page::cut(&mut rows, size, &["groups"], |(_, path)| path.clone())?;
        let groups = rows.into_iter().map(|(group, _)| group).collect();
        Ok(Response::new(proto::ListGroupsResponse { groups, next_page_token }))
    }

    async fn get_group(&self, request: Request<proto::GetGroupRequest>) -> Result<Response<proto::Group>, Status> {
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(store::group_get(self.db.pool(), id).await?))
    }

    async fn create_group(
        &self,
        request: Request<proto::CreateGroupRequest>,
    ) -> Result<Response<proto::Group>, Status> {
        let call = Call::of(&request)?;
        let tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let created = self.group_create(tx, &call, &request.into_inner()).await;
        Ok(Response::new(self.repeated(&call, created).await?))
    }

    async fn update_group(
        &self,
        request: Request<proto::UpdateGroupRequest>,
    ) -> Result<Response<proto::Group>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &["name", "parent_id"])?;
        let asked = request.group.unwrap_or_default();
        let id = crate::id("group.id", &asked.id)?;
        let etag = update::revision("group.etag", &asked.etag)?;

        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::group_get(tx.connection(), id).await?;
        rules::permit(&call.caller, "group.id", id)?;
        if before.etag != update::etag(etag) {
            return Err(Error::stale_etag().into());
        }
        let mut name = before.name.clone();
        let mut parent_id = crate::optional_id("group.parent_id", &before.parent_id)?;
        if paths.contains(&"name") {
            name = cleaned("group.name", &asked.name)?;
        }
        if paths.contains(&"parent_id") && asked.parent_id != before.parent_id {
            parent_id = crate::optional_id("group.parent_id", &asked.parent_id)?;
            let parents = store::parents(tx.connection()).await?;
            rules::check_move(&parents, id, parent_id)?;
            // Taken out of one part of the tree and put into another: both must be the caller's.
            for parent in [crate::optional_id("group.parent_id", &before.parent_id)?, parent_id].into_iter().flatten() {
                rules::permit(&call.caller, "group.parent_id", parent)?;
            }
            if let Some(parent_id) = parent_id {
                permit_reach(&mut tx, &call, rules::gained(&parents, id, parent_id)).await?;
            }
        }
        let parent_name = |id: Option<Uuid>| {
            id.zip(call.caller.policy()).map(|(id, policy)| policy.group_name(id).to_owned()).unwrap_or_default()
        };
        let parent_before = parent_name(before.parent_id.parse().ok());
        let changes: Vec<_> =
            [change("name", &before.name, &name), change("parent", &parent_before, &parent_name(parent_id))]
                .into_iter()
                .flatten()
                .collect();
        if name == before.name && before.parent_id == parent_id.map(|id| id.to_string()).unwrap_or_default() {
            return Ok(Response::new(before));
        }
        let revision = store::group_update(tx.connection(), id, parent_id, &name, policy_revision).await?;
        emit_changed(&mut tx, id, revision, parent_id, false);
        tx.audit(audit("group.updated", id, changes));
        let reply = store::group_get(tx.connection(), id).await?;
        let reply = tx.commit_call(&call, reply).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }

    async fn delete_group(
        &self,
        request: Request<proto::DeleteGroupRequest>,
    ) -> Result<Response<proto::DeleteGroupResponse>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let id = crate::id("id", &request.id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let group = store::group_get(tx.connection(), id).await?;
        rules::permit(&call.caller, "id", id)?;
        crate::require_etag(&request.etag, &group.etag)?;
        let Some(parent_id) = crate::optional_id("id", &group.parent_id)? else {
            return Err(Error::failed_precondition(&error::GROUP_IS_ROOT).into());
        };
        // The parent is given the children.
        rules::permit(&call.caller, "id", parent_id)?;
        remove(&mut tx, id, policy_revision).await?;
        let reply = tx.commit_call(&call, proto::DeleteGroupResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }
}

/// Refuses to hang groups below others where somebody would reach what lies in them further than the caller does.
async fn permit_reach(tx: &mut Tx, call: &Call, (above, moved): (Vec<Uuid>, Vec<Uuid>)) -> Result<()> {
    let gained = store::permissions_reaching(tx.connection(), &above).await?;
    let covered = |permission| {
        let rows = call.caller.rows(permission);
        moved.iter().all(|group| rows.covers(None, Some(*group)))
    };
    match gained.into_iter().all(covered) {
        true => Ok(()),
        false => Err(Error::permission_denied(&error::MOVE_WIDENS).field("group.parent_id", &error::MOVE_WIDENS)),
    }
}

/// Takes a group away: its members are left without one, its children move up.
pub(crate) async fn remove(tx: &mut Tx, id: Uuid, policy_revision: i64) -> Result<()> {
    let group = store::group_get(tx.connection(), id).await?;
    let Some(parent_id) = crate::optional_id("id", &group.parent_id)? else {
        return Err(Error::failed_precondition(&error::GROUP_IS_ROOT));
    };
    if let Some(name) = store::name_conflict(tx.connection(), id, parent_id).await? {
        return Err(Error::failed_precondition(&error::GROUP_NAME_TAKEN).arg("name", name));
    }
    let parent = store::group_get(tx.connection(), parent_id).await?;
    for (employee_id, revision, active, service_account) in
        employee::membership::group_leave(tx.connection(), id, policy_revision).await?
    {
        employee::emit_changed(tx, employee_id, revision, None, active);
        tx.audit(employee::moved(employee_id, service_account, &group.name, ""));
    }
    let naming = store::roles_naming(tx.connection(), id).await?;
    let held = roles_get(tx.connection(), &naming).await?;
    store::grants_forget(tx.connection(), id, policy_revision).await?;
    // Both are in the order of their ids.
    for (before, after) in held.iter().zip(roles_get(tx.connection(), &naming).await?) {
        tx.audit(role::audit("role.updated", crate::id("id", &before.id)?, role::rules::changes(before, &after)));
    }
    for provider in default_group_forget(tx.connection(), id).await? {
        let change = FieldChange { field: "default_group_id".into(), before: id.to_string(), after: String::new() };
        tx.audit(identity_provider::audit("identity_provider.updated", provider, vec![change]));
    }
    store::group_delete(tx.connection(), id).await?;
    for (child, revision) in store::children_move(tx.connection(), id, parent_id, policy_revision).await? {
        emit_changed(tx, child, revision, Some(parent_id), false);
        let lifted = change("parent", &group.name, &parent.name);
        tx.audit(audit("group.updated", child, lifted.into_iter().collect()));
    }
    policy::store::tombstone(tx.connection(), "group", id, policy_revision).await?;
    let revision = update::revision("etag", &group.etag)? + 1;
    emit_changed(tx, id, revision, None, true);
    tx.audit(audit("group.deleted", id, FieldChange::between(fields(&group.name, &parent.name), fields("", ""))));
    Ok(())
}

impl Identity {
    async fn group_create(&self, mut tx: Tx, call: &Call, request: &proto::CreateGroupRequest) -> Result<proto::Group> {
        let name = cleaned("name", &request.name)?;
        let parent_id = crate::id("parent_id", &request.parent_id)?;
        let employee_ids = request.employee_ids.iter().enumerate();
        let employee_ids = employee_ids
            .map(|(index, id)| crate::id(&format!("employee_ids[{index}]"), id))
            .collect::<Result<Vec<Uuid>>>()?;

        let revision = policy::store::advance(tx.connection()).await?;
        rules::check_new(&store::parents(tx.connection()).await?, parent_id)?;
        rules::permit(&call.caller, "parent_id", parent_id)?;
        let id = Uuid::now_v7();
        store::group_insert(tx.connection(), id, Some(parent_id), &name, revision).await?;
        emit_changed(&mut tx, id, 1, Some(parent_id), false);
        if !employee_ids.is_empty() {
            join(&mut tx, call, &employee_ids, (id, &name), revision).await?;
        }
        let reply = store::group_get(tx.connection(), id).await?;
        let parent = store::group_get(tx.connection(), parent_id).await?;
        tx.audit(created(id, &name, &parent.name));
        let reply = tx.commit_call(call, reply).await?;
        self.announce(revision).await;
        Ok(reply)
    }
}

/// Puts employees who are in no group into a new one. They bring what they own into the scope of the group's managers,
/// so only a caller whose scope covers everybody may.
async fn join(
    tx: &mut Tx,
    call: &Call,
    employee_ids: &[Uuid],
    (group_id, group_name): (Uuid, &str),
    policy_revision: i64,
) -> Result<()> {
    if !call.caller.rows(Permission::GroupsManage).covers(None, None) {
        return Err(Error::permission_denied(&error::OUTSIDE_SCOPE).field("employee_ids", &error::OUTSIDE_SCOPE));
    }
    let known = employee::membership::names_and_groups(tx.connection(), employee_ids).await?;
    for (index, id) in employee_ids.iter().enumerate() {
        match known.iter().find(|(known, ..)| known == id) {
            None => return Err(Error::invalid(format!("employee_ids[{index}]"), &error::EMPLOYEE_UNKNOWN)),
            Some((_, name, Some(_))) => {
                return Err(Error::failed_precondition(&error::EMPLOYEE_ALREADY_GROUPED).arg("name", name));
            }
            Some((.., None)) => {}
        }
    }
    permit_places(tx, call, employee_ids, Some(group_id)).await?;
    let joined = employee::membership::group_join(tx.connection(), employee_ids, group_id, policy_revision).await?;
    for (employee_id, revision, active) in joined {
        employee::emit_changed(tx, employee_id, revision, Some(group_id), active);
        // Programs don't join.
        tx.audit(employee::moved(employee_id, false, "", group_name));
    }
    Ok(())
}
