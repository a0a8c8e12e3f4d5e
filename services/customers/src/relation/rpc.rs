//! `RelationService`. Both ends' timelines tell of a relation.

use chrono::{FixedOffset, NaiveDate, Utc};
use contracts::customers::relation_service_server::RelationService;
use contracts::customers::{
    CreateRelationRequest, DeleteRelationRequest, DeleteRelationResponse, GetRelationGraphRequest,
    ListRelationsRequest, ListRelationsResponse, Relation, RelationGraph, UpdateRelationRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, Db, Once, Tx, timestamp};
use platform::error::{Error, Result, reason};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules::Stored;
use super::{graph, rules, store};
use crate::error::reason as own;
use crate::parent;
use crate::period::{Period, text};

pub struct RelationRpc {
    db: Db,
    zone: FixedOffset,
}

impl RelationRpc {
    pub fn new(db: Db, zone: FixedOffset) -> Self {
        Self { db, zone }
    }

    /// The day before which a relation must not have ended, unless ended ones are wanted too.
    fn today_unless(&self, include_ended: bool) -> Option<NaiveDate> {
        (!include_ended).then(|| Utc::now().with_timezone(&self.zone).date_naive())
    }
}

#[tonic::async_trait]
impl RelationService for RelationRpc {
    async fn list_relations(
        &self,
        request: Request<ListRelationsRequest>,
    ) -> Result<Response<ListRelationsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = id_of("customer_id", &request.customer_id)?;
        let size = page::size(request.page_size, 50);
        let today = self.today_unless(request.include_ended);
        let bound = ["relations", &request.customer_id, if request.include_ended { "all" } else { "" }];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        parent::require_visible(&mut connection, &rows, customer_id).await?;
        drop(connection);
        let mut relations = store::relation_list(self.db.pool(), &rows, (customer_id, today), after, size + 1).await?;
        let next_page_token = page::cut(&mut relations, size, &bound, |relation| relation.id.clone())?;
        Ok(Response::new(ListRelationsResponse { relations, next_page_token }))
    }

    async fn get_relation_graph(
        &self,
        request: Request<GetRelationGraphRequest>,
    ) -> Result<Response<RelationGraph>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = id_of("customer_id", &request.customer_id)?;
        let depth = if request.depth == 0 { 2 } else { request.depth };
        let rows = call.caller.rows(Permission::CustomersRead);
        let today = self.today_unless(request.include_ended);
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        parent::require_visible(&mut connection, &rows, customer_id).await?;
        Ok(Response::new(graph::graph(&mut connection, &rows, customer_id, depth, today).await?))
    }

    async fn create_relation(&self, request: Request<CreateRelationRequest>) -> Result<Response<Relation>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = id_of("customer_id", &request.customer_id)?;
        let related_id = id_of("related_customer_id", &request.related_customer_id)?;
        if customer_id == related_id {
            return Err(Error::invalid("related_customer_id", &own::RELATION_TO_ITSELF).into());
        }
        let period = Period::read("", &request.valid_from, &request.valid_until, &own::PERIOD_REVERSED)
            .map_err(Error::invalid_fields)?;
        let new = Stored {
            id: Uuid::now_v7(),
            relation_type: request.r#type(),
            customer_id,
            related_id,
            remark: request.remark.trim().to_owned(),
            period,
        };
        let mut tx = match self.db.begin_once::<Relation>(&call).await? {
            Once::Done(relation) => return Ok(Response::new(relation)),
            Once::New(tx) => tx,
        };
        let changeable = call.caller.rows(Permission::CustomersUpdate);
        parent::lock_active(tx.connection(), &changeable, customer_id).await?;
        let visible = call.caller.rows(Permission::CustomersRead);
        let related_customer_name = store::customer_name(tx.connection(), &visible, related_id)
            .await?
            .ok_or_else(|| Error::invalid("related_customer_id", &own::RELATED_CUSTOMER_UNKNOWN))?;
        let create_time = store::relation_insert(tx.connection(), &new).await?;
        audit(&mut tx, "relation.created", None, Some(&new));
        let relation = Relation {
            related_customer_name,
            create_time: Some(create_time),
            update_time: Some(create_time),
            etag: update::etag(1),
            create_user_id: author(call.caller.employee_id()),
            update_user_id: author(call.caller.employee_id()),
            ..of(&new)
        };
        Ok(Response::new(tx.commit_call(&call, relation).await?))
    }

    async fn update_relation(&self, request: Request<UpdateRelationRequest>) -> Result<Response<Relation>, Status> {
        let call = Call::of(&request)?;
        let UpdateRelationRequest { relation, update_mask } = request.into_inner();
        let wanted = relation.unwrap_or_default();
        let id = id_of("relation.id", &wanted.id)?;
        let paths = update::paths(update_mask.as_ref(), &rules::MUTABLE)?;
        let revision = update::revision("relation.etag", &wanted.etag)?;
        let mut tx = match self.db.begin_once::<Relation>(&call).await? {
            Once::Done(relation) => return Ok(Response::new(relation)),
            Once::New(tx) => tx,
        };
        let (before, known) = lock(&mut tx, &call, id).await?;
        if known != revision {
            return Err(Error::stale_etag().into());
        }
        let after = rules::apply(&before, &wanted, &paths)?;
        let kept = store::relation_update(tx.connection(), &after).await?;
        audit(&mut tx, "relation.updated", Some(&before), Some(&after));
        let visible = call.caller.rows(Permission::CustomersRead);
        let name = store::customer_name(tx.connection(), &visible, after.related_id).await?;
        let relation = Relation {
            related_customer_name: name.unwrap_or_default(),
            create_time: Some(timestamp(kept.create_time)),
            update_time: Some(timestamp(kept.update_time)),
            etag: update::etag(kept.revision),
            create_user_id: author(kept.create_user_id),
            update_user_id: author(kept.update_user_id),
            ..of(&after)
        };
        Ok(Response::new(tx.commit_call(&call, relation).await?))
    }

    async fn delete_relation(
        &self,
        request: Request<DeleteRelationRequest>,
    ) -> Result<Response<DeleteRelationResponse>, Status> {
        let call = Call::of(&request)?;
        let id = id_of("id", &request.into_inner().id)?;
        let mut tx = match self.db.begin_once::<DeleteRelationResponse>(&call).await? {
            Once::Done(deleted) => return Ok(Response::new(deleted)),
            Once::New(tx) => tx,
        };
        let (before, _) = lock(&mut tx, &call, id).await?;
        store::relation_delete(tx.connection(), id).await?;
        audit(&mut tx, "relation.deleted", Some(&before), None);
        Ok(Response::new(tx.commit_call(&call, DeleteRelationResponse {}).await?))
    }
}

fn id_of(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

async fn lock(tx: &mut Tx, call: &Call, id: Uuid) -> Result<(Stored, i64)> {
    let changeable = call.caller.rows(Permission::CustomersUpdate);
    let visible = call.caller.rows(Permission::CustomersRead);
    store::relation_lock(tx.connection(), &changeable, &visible, id).await
}

/// As it is seen from its first end.
fn of(stored: &Stored) -> Relation {
    Relation {
        id: stored.id.to_string(),
        r#type: stored.relation_type as i32,
        customer_id: stored.customer_id.to_string(),
        related_customer_id: stored.related_id.to_string(),
        remark: stored.remark.clone(),
        valid_from: text(stored.period.from),
        valid_until: text(stored.period.until),
        ..Relation::default()
    }
}

fn author(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// One entry for each end.
fn audit(tx: &mut Tx, action: &'static str, before: Option<&Stored>, after: Option<&Stored>) {
    let Some(record_id) = before.or(after).map(|relation| relation.id) else { return };
    for (subject_id, changes) in rules::changes(before, after) {
        tx.audit(AuditEntry { action, record_kind: "relation", record_id, subject_id, changes });
    }
}
