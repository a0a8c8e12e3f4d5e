//! `PoolAdminService`: the pools as records, and what a rule would do before it is saved.

use std::collections::HashSet;
use std::sync::Arc;

use contracts::customers::pool_admin_service_server::PoolAdminService;
use contracts::customers::{
    CreatePoolRequest, DeletePoolRequest, DeletePoolResponse, GetPoolRequest, ListPoolsRequest, ListPoolsResponse,
    Pool, PreviewPoolRequest, PreviewPoolResponse, UpdatePoolRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::audit::personal::seen_filter;
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::recycling::Recycling;
use super::rules::{MUTABLE, Reach, apply, check_pool};
use super::sources::{Sources, clash, ids};
use super::{admin_store as store, expiring};
use crate::Shared;
use crate::audit::Changes;
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;
use crate::customer::{check_etag, id};
use crate::error::reason;
use crate::field::kind::RecordKind;

const MOST: usize = 200;

pub struct PoolAdminRpc {
    shared: Arc<Shared>,
}

impl PoolAdminRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The pools that a caller may know of.
    async fn visible(&self, call: &Call) -> Result<Vec<Pool>> {
        let mut connection = self.shared.db.pool().acquire().await?;
        let mut pools = store::pool_all(&mut connection).await?;
        if !call.caller.allows(Permission::PoolManage) {
            let policy = policy(call);
            let (reach, own) = (Reach::of(&call.caller), call.caller.employee_id().map(|id| id.to_string()));
            pools.retain(|pool| {
                reach.meets(pool, &policy) || own.as_ref().is_some_and(|own| pool.manager_ids.contains(own))
            });
            let fields = self.shared.fields.seen_by(&call.caller).await?;
            // A condition can quote what the caller sees masked, and name what the caller does not see.
            for rule in pools.iter_mut().flat_map(|pool| &mut pool.recycling_rules) {
                rule.filter = match fields.names_hidden(&rule.filter) {
                    true => "***".to_owned(),
                    false => seen_filter(&rule.filter, |kind| call.caller.visibility(kind)),
                };
            }
        }
        Ok(pools)
    }
}

#[tonic::async_trait]
impl PoolAdminService for PoolAdminRpc {
    async fn list_pools(&self, request: Request<ListPoolsRequest>) -> Result<Response<ListPoolsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let after = page::decode::<(String, String)>(&["pools"], &request.page_token)?;
        // There are few: what decides which ones the caller may see is in memory.
        let mut pools = self.visible(&call).await?;
        if let Some((name, id)) = after {
            pools.retain(|pool| (&pool.name_zh, &pool.id) > (&name, &id));
        }
        let next_page_token = page::cut(&mut pools, size, &["pools"], |pool| (pool.name_zh.clone(), pool.id.clone()))?;
        Ok(Response::new(ListPoolsResponse { pools, next_page_token }))
    }

    async fn get_pool(&self, request: Request<GetPoolRequest>) -> Result<Response<Pool>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?.to_string();
        let found = self.visible(&call).await?.into_iter().find(|pool| pool.id == id);
        Ok(Response::new(found.ok_or_else(Error::not_found)?))
    }

    async fn create_pool(&self, request: Request<CreatePoolRequest>) -> Result<Response<Pool>, Status> {
        let call = Call::of(&request)?;
        let wanted = request.into_inner().pool.unwrap_or_default();
        let id = Uuid::now_v7();
        let mut new = Pool { id: id.to_string(), ..Pool::default() };
        apply(&mut new, &wanted, &MUTABLE);
        self.check(&call, &new, None).await?;
        let mut tx = match self.shared.db.begin_once::<Pool>(&call).await? {
            Once::Done(pool) => return Ok(Response::new(pool)),
            Once::New(tx) => tx,
        };
        store::pools_lock(tx.connection()).await?;
        let all = store::pool_all(tx.connection()).await?;
        if all.len() >= MOST {
            return Err(Error::failed_precondition(&reason::POOLS_TOO_MANY).arg("max", MOST).into());
        }
        check_sources(&new, &all)?;
        let pool = store::pool_insert(tx.connection(), id, &new).await?;
        audit(&mut tx, "pool.created", id, (&Pool::default(), &pool), &policy(&call));
        Ok(Response::new(tx.commit_call(&call, pool).await?))
    }

    async fn update_pool(&self, request: Request<UpdatePoolRequest>) -> Result<Response<Pool>, Status> {
        let call = Call::of(&request)?;
        let UpdatePoolRequest { pool, update_mask } = request.into_inner();
        let wanted = pool.unwrap_or_default();
        let id = id(&wanted.id)?;
        let paths = update::paths(update_mask.as_ref(), &MUTABLE)?;
        let revision = update::revision("pool.etag", &wanted.etag)?;
        let mut tx = match self.shared.db.begin_once::<Pool>(&call).await? {
            Once::Done(pool) => return Ok(Response::new(pool)),
            Once::New(tx) => tx,
        };
        store::pools_lock(tx.connection()).await?;
        let all = store::pool_all(tx.connection()).await?;
        let before = find(&all, id)?;
        if before.etag != update::etag(revision) {
            return Err(Error::stale_etag().into());
        }
        let mut after = before.clone();
        apply(&mut after, &wanted, &paths);
        self.check(&call, &after, Some(before)).await?;
        check_sources(&after, &all)?;
        let pool = store::pool_update(tx.connection(), id, &after).await?;
        audit(&mut tx, "pool.updated", id, (before, &pool), &policy(&call));
        Ok(Response::new(tx.commit_call(&call, pool).await?))
    }

    async fn delete_pool(&self, request: Request<DeletePoolRequest>) -> Result<Response<DeletePoolResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = id(&request.id)?;
        let mut tx = match self.shared.db.begin_once::<DeletePoolResponse>(&call).await? {
            Once::Done(response) => return Ok(Response::new(response)),
            Once::New(tx) => tx,
        };
        store::pools_lock(tx.connection()).await?;
        let all = store::pool_all(tx.connection()).await?;
        let before = find(&all, id)?;
        check_etag(&request.etag, &before.etag)?;
        if before.takes_rest {
            return Err(Error::failed_precondition(&reason::POOL_TAKES_REST).into());
        }
        store::pool_delete(tx.connection(), id).await?;
        audit(&mut tx, "pool.deleted", id, (before, &Pool::default()), &policy(&call));
        Ok(Response::new(tx.commit_call(&call, DeletePoolResponse {}).await?))
    }

    async fn preview_pool(
        &self,
        request: Request<PreviewPoolRequest>,
    ) -> Result<Response<PreviewPoolResponse>, Status> {
        let call = Call::of(&request)?;
        let PreviewPoolRequest { pool, pool_id } = request.into_inner();
        Ok(Response::new(self.preview(&call, &pool.unwrap_or_default(), &pool_id).await?))
    }
}

impl PoolAdminRpc {
    async fn preview(&self, call: &Call, wanted: &Pool, saved: &str) -> Result<PreviewPoolResponse> {
        let shared = &self.shared;
        let mut connection = shared.db.pool().acquire().await?;
        let mut all = store::pool_all(&mut connection).await?;
        let pool_id = if saved.is_empty() { Uuid::now_v7() } else { id(saved)? };
        let before = if saved.is_empty() { None } else { Some(find(&all, pool_id)?.clone()) };
        let mut draft = before.clone().unwrap_or_default();
        apply(&mut draft, wanted, &MUTABLE);
        draft.id = pool_id.to_string();
        self.check(call, &draft, before.as_ref()).await?;
        check_sources(&draft, &all)?;
        all.retain(|pool| pool.id != draft.id);
        all.push(draft);

        // Rules hold whoever looks at what they would do.
        let schema = shared.fields.all_of(RecordKind::Customer).await?.schema(built_in);
        let fields = shared.fields.seen_by(&call.caller).await?;
        let sources = Sources::new(all, &policy(call));
        let recycling = Recycling::new(&sources, &schema, shared.zone);
        let reader = Reader::of(&call.caller, &fields);
        let rows = call.caller.rows(Permission::CustomersRead);
        let overdue = expiring::Overdue { sources: &sources, recycling: &recycling, rows: &rows, pool_id };
        let customer_count = expiring::overdue_count(&mut connection, &overdue).await?;
        let customers = expiring::overdue_list(&mut connection, &overdue, &reader).await?;
        Ok(PreviewPoolResponse { customer_count, customers })
    }

    /// Everything but what depends on the other pools.
    async fn check(&self, call: &Call, pool: &Pool, before: Option<&Pool>) -> Result<()> {
        let shared = &self.shared;
        let fields = shared.fields.seen_by(&call.caller).await?;
        let faults = check_pool(pool, before, &policy(call), fields.dictionaries());
        if !faults.is_empty() {
            return Err(Error::invalid_fields(faults));
        }
        let schema = fields.schema(built_in);
        let reader = Reader::of(&call.caller, &fields);
        let known: HashSet<&str> =
            before.iter().flat_map(|pool| &pool.recycling_rules).map(|rule| rule.filter.as_str()).collect();
        for (index, rule) in pool.recycling_rules.iter().enumerate() {
            // A filter that was saved by somebody who sees more is left alone.
            if !known.contains(rule.filter.as_str()) {
                let prefix = format!("pool.recycling_rules[{index}].");
                let masked = reader.masked();
                Selection::in_request(&schema, &call.caller, masked, shared.zone, &prefix, &rule.filter, "")?;
            }
        }
        Ok(())
    }
}

fn policy(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

fn find(pools: &[Pool], id: Uuid) -> Result<&Pool> {
    let id = id.to_string();
    pools.iter().find(|pool| pool.id == id).ok_or_else(Error::not_found)
}

/// Of two pools that a customer fits, one must be closer.
fn check_sources(pool: &Pool, all: &[Pool]) -> Result<()> {
    match all.iter().find(|other| other.id != pool.id && clash(pool, other)) {
        Some(other) if other.takes_rest => Err(Error::invalid("pool.group_ids", &reason::POOL_SOURCES_MISSING)),
        Some(other) => Err(Error::new(Code::AlreadyExists, &reason::POOL_SOURCES_TAKEN)
            .field("pool.group_ids", &reason::POOL_SOURCES_TAKEN)
            .arg("pool", &other.name_zh)),
        None => Ok(()),
    }
}

fn audit(tx: &mut Tx, action: &'static str, id: Uuid, (before, after): (&Pool, &Pool), policy: &Policy) {
    let groups = |pool: &Pool| names(ids(&pool.group_ids).iter().map(|id| policy.group_name(*id)));
    let managers = |pool: &Pool| names(ids(&pool.manager_ids).iter().map(|id| policy.employee_name(*id)));
    let rules = |pool: &Pool| {
        let rules = pool.recycling_rules.iter().map(|rule| format!("{} {} d", rule.label, rule.after_days));
        rules.collect::<Vec<_>>().join("; ")
    };
    let filters = |pool: &Pool| {
        let filters = pool.recycling_rules.iter().map(|rule| rule.filter.as_str()).filter(|filter| !filter.is_empty());
        filters.collect::<Vec<_>>().join("; ")
    };
    let mut changes = Changes::default();
    changes.add("name_zh", &before.name_zh, &after.name_zh);
    changes.add("name_en", &before.name_en, &after.name_en);
    changes.add("group_ids", groups(before), groups(after));
    changes.add("regions", before.regions.join(", "), after.regions.join(", "));
    changes.add("manager_ids", managers(before), managers(after));
    changes.add("max_owned", before.max_owned, after.max_owned);
    changes.add("max_claims_per_day", before.max_claims_per_day, after.max_claims_per_day);
    changes.add("protection_days", before.protection_days, after.protection_days);
    changes.add("cool_down_days", before.cool_down_days, after.cool_down_days);
    changes.add("recycling_rules", rules(before), rules(after));
    // The trail knows it by this name, and leaves out what the reader must not see.
    changes.add("filter", filters(before), filters(after));
    tx.audit(AuditEntry { action, record_kind: "pool", record_id: id, subject_id: id, changes: changes.into() });
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
