//! Groups of SCIM, which are the groups of employees: new ones stand below the root, and a person is in one at a time, so
//! that joining a second moves them. The tree and the roles are none of a client's business.

use contracts::identity as proto;
use contracts::identity::GroupChanged;
use contracts::identity::scim_group_service_server::ScimGroupService;
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use prost_types::Struct;
use serde_json::Value;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::predicate::group_column;
use super::resource::{Group, WantedGroup, projected};
use super::{Asked, json, patched, permit_version, store};
use crate::employee::permit::permit_places;
use crate::{Identity, employee, error, group, policy};

fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "group", record_id: id, subject_id: id, changes }
}

fn change(field: &str, before: &str, after: &str) -> Option<FieldChange> {
    let change = || FieldChange { field: field.to_owned(), before: before.to_owned(), after: after.to_owned() };
    (before != after).then(change)
}

fn emit(tx: &mut Tx, id: Uuid, revision: i64, parent_id: Option<Uuid>, deleted: bool) {
    let parent_id = parent_id.map(|id| id.to_string()).unwrap_or_default();
    tx.emit("group", id, &GroupChanged { id: id.to_string(), revision, parent_id, deleted });
}

#[tonic::async_trait]
impl ScimGroupService for Identity {
    async fn query_scim_groups(
        &self,
        request: Request<proto::QueryScimGroupsRequest>,
    ) -> Result<Response<Struct>, Status> {
        let request = request.into_inner();
        let asked = Asked {
            filter: &request.filter,
            start_index: request.start_index,
            count: request.count,
            sort_by: &request.sort_by,
            sort_order: &request.sort_order,
        };
        let filter = asked.filter()?;
        let part = asked.part(filter.as_ref(), group_column)?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let (total, groups) = store::group_list(&mut connection, &part).await?;
        let base = &self.config.public_url;
        let shown = |group: &Group| projected(group.show(base), &request.attributes, &request.excluded_attributes);
        let resources: Vec<Value> = groups.iter().map(shown).collect();
        Ok(Response::new(asked.answer(total, &resources)))
    }

    async fn get_scim_group(&self, request: Request<proto::GetScimGroupRequest>) -> Result<Response<Struct>, Status> {
        let request = request.into_inner();
        let group = store::group_get(self.db.pool(), store::id(&request.id)?).await?;
        let shown = projected(group.show(&self.config.public_url), &request.attributes, &request.excluded_attributes);
        Ok(Response::new(json::write(shown)))
    }

    async fn create_scim_group(
        &self,
        request: Request<proto::CreateScimGroupRequest>,
    ) -> Result<Response<Struct>, Status> {
        let call = Call::of(&request)?;
        let tx = match self.db.begin_once::<Struct>(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let wanted = WantedGroup::read(&json::read(request.into_inner().resource))?;
        let created = self.scim_group_create(tx, &call, &wanted).await.map_err(in_words_of_scim);
        Ok(Response::new(self.repeated(&call, created).await?))
    }

    async fn replace_scim_group(
        &self,
        request: Request<proto::ReplaceScimGroupRequest>,
    ) -> Result<Response<Struct>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let resource = json::read(request.resource);
        let replaced = self.scim_group_change(&call, &request.id, |_| Ok(resource)).await;
        Ok(Response::new(replaced.map_err(in_words_of_scim)?))
    }

    async fn patch_scim_group(
        &self,
        request: Request<proto::PatchScimGroupRequest>,
    ) -> Result<Response<Struct>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let operations = json::read(request.patch);
        let changed = self.scim_group_change(&call, &request.id, |present| patched(&present, &operations)).await;
        Ok(Response::new(changed.map_err(in_words_of_scim)?))
    }

    async fn delete_scim_group(
        &self,
        request: Request<proto::DeleteScimGroupRequest>,
    ) -> Result<Response<proto::DeleteScimGroupResponse>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let id = store::id(&request.into_inner().id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let present = store::group_get(tx.connection(), id).await?;
        permit_version(&call, &present.show(&self.config.public_url))?;
        group::remove(&mut tx, id, policy_revision).await?;
        let reply = tx.commit_call(&call, proto::DeleteScimGroupResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }
}

/// Speaks of the fields as the client does.
fn in_words_of_scim(error: Error) -> Error {
    match error.violations().first() {
        Some(violation) if violation.field == "name" || violation.field == "group.name" => {
            let reason = violation.reason;
            Error::already_exists("displayName", reason)
        }
        _ => error,
    }
}

impl Identity {
    async fn scim_group_create(&self, mut tx: Tx, call: &Call, wanted: &WantedGroup) -> Result<Struct> {
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let root = group::store::root(tx.connection()).await?.ok_or_else(Error::not_found)?;
        let id = Uuid::now_v7();
        group::store::group_insert(tx.connection(), id, Some(root), &wanted.name, policy_revision).await?;
        store::group_note(tx.connection(), id, &wanted.external_id).await?;
        emit(&mut tx, id, 1, Some(root), false);
        let parent = group::store::group_get(tx.connection(), root).await?;
        tx.audit(group::created(id, &wanted.name, &parent.name));
        self.members_set(&mut tx, call, id, (&[], &wanted.members), policy_revision).await?;
        self.scim_group_reply(tx, call, id, policy_revision).await
    }

    async fn scim_group_change(
        &self,
        call: &Call,
        id: &str,
        wanted: impl FnOnce(Value) -> Result<serde_json::Map<String, Value>> + Send,
    ) -> Result<Struct> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let id = store::id(id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::group_get(tx.connection(), id).await?;
        let shown = before.show(&self.config.public_url);
        permit_version(call, &shown)?;
        let wanted = WantedGroup::read(&wanted(shown)?)?;
        if wanted.name != before.name {
            let parents = group::store::parents(tx.connection()).await?;
            let parent_id = parents.get(&id).copied().flatten();
            let revision =
                group::store::group_update(tx.connection(), id, parent_id, &wanted.name, policy_revision).await?;
            emit(&mut tx, id, revision, parent_id, false);
            let changes = change("name", &before.name, &wanted.name);
            tx.audit(audit("group.updated", id, changes.into_iter().collect()));
        }
        if wanted.external_id != before.external_id {
            store::group_note(tx.connection(), id, &wanted.external_id).await?;
        }
        let present: Vec<&str> = before.members.iter().map(|member| member.id.as_str()).collect();
        self.members_set(&mut tx, call, id, (&present, &wanted.members), policy_revision).await?;
        self.scim_group_reply(tx, call, id, policy_revision).await
    }

    async fn scim_group_reply(&self, mut tx: Tx, call: &Call, id: Uuid, policy_revision: i64) -> Result<Struct> {
        let shown = store::group_get(tx.connection(), id).await?.show(&self.config.public_url);
        let reply = tx.commit_call(call, json::write(shown)).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// Moves people in and out until the group has the members that are wanted.
    async fn members_set(
        &self,
        tx: &mut Tx,
        call: &Call,
        id: Uuid,
        (present, wanted): (&[&str], &[String]),
        policy_revision: i64,
    ) -> Result<()> {
        let unknown = || Error::invalid("members", &error::EMPLOYEE_UNKNOWN);
        let ids = wanted.iter().map(|member| member.parse().map_err(|_| unknown())).collect::<Result<Vec<Uuid>>>()?;
        if store::people(tx.connection(), &ids).await?.len() != ids.len() {
            return Err(unknown());
        }
        let name = store::group_get(tx.connection(), id).await?.name;
        let leaving: Vec<Uuid> =
            present.iter().filter_map(|id| id.parse().ok()).filter(|id| !ids.contains(id)).collect();
        for (people, to) in [(leaving, None), (ids, Some(id))] {
            permit_places(tx, call, &people, to).await?;
            let from = employee::membership::group_names(tx.connection(), &people).await?;
            let moved = store::members_move(tx.connection(), &people, to, policy_revision).await?;
            for (employee_id, revision, active) in moved {
                employee::emit_changed(tx, employee_id, revision, to, active);
                let from = from.get(&employee_id).map_or("", String::as_str);
                tx.audit(employee::moved(employee_id, false, from, if to.is_some() { &name } else { "" }));
            }
        }
        Ok(())
    }
}
