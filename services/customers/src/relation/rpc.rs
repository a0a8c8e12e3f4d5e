//! `RelationService`. Both ends' timelines tell of a relation.

use contracts::customers::relation_service_server::RelationService;
use contracts::customers::{
    CreateRelationRequest, DeleteRelationRequest, DeleteRelationResponse, ListRelationsRequest, ListRelationsResponse,
    Relation, RelationType,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, Db, Once, Tx};
use platform::error::{Error, Result, reason};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store;
use crate::audit::Changes;
use crate::error::reason as own;
use crate::parent;

pub struct RelationRpc {
    db: Db,
}

impl RelationRpc {
    pub fn new(db: Db) -> Self {
        Self { db }
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
        let bound = ["relations", &request.customer_id];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        parent::require_visible(&mut connection, &rows, customer_id).await?;
        drop(connection);
        let mut relations = store::relation_list(self.db.pool(), &rows, customer_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut relations, size, &bound, |relation| relation.id.clone())?;
        Ok(Response::new(ListRelationsResponse { relations, next_page_token }))
    }

    async fn create_relation(&self, request: Request<CreateRelationRequest>) -> Result<Response<Relation>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = id_of("customer_id", &request.customer_id)?;
        let related_id = id_of("related_customer_id", &request.related_customer_id)?;
        if customer_id == related_id {
            return Err(Error::invalid("related_customer_id", &own::RELATION_TO_ITSELF).into());
        }
        let relation_type = request.r#type();
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
        let id = Uuid::now_v7();
        let remark = request.remark.trim();
        let create_time =
            store::relation_insert(tx.connection(), id, relation_type, (customer_id, related_id), remark).await?;
        audit(&mut tx, "relation.created", id, relation_type, (customer_id, related_id), remark);
        let relation = Relation {
            id: id.to_string(),
            r#type: relation_type as i32,
            customer_id: customer_id.to_string(),
            related_customer_id: related_id.to_string(),
            related_customer_name,
            inverse: false,
            remark: remark.to_owned(),
            create_time: Some(create_time),
            create_user_id: call.caller.employee_id().map(|id| id.to_string()).unwrap_or_default(),
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
        let changeable = call.caller.rows(Permission::CustomersUpdate);
        let visible = call.caller.rows(Permission::CustomersRead);
        let ends = store::relation_delete(tx.connection(), &changeable, &visible, id).await?;
        let pair = (ends.customer_id, ends.related_id);
        audit(&mut tx, "relation.deleted", id, ends.relation_type, pair, &ends.remark);
        Ok(Response::new(tx.commit_call(&call, DeleteRelationResponse {}).await?))
    }
}

fn id_of(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

/// One entry for each end. `related_customer_id` is the other end from where the entry stands.
fn audit(
    tx: &mut Tx,
    action: &'static str,
    id: Uuid,
    relation_type: RelationType,
    (customer_id, related_id): (Uuid, Uuid),
    remark: &str,
) {
    let deleted = action == "relation.deleted";
    for (subject_id, other_id) in [(customer_id, related_id), (related_id, customer_id)] {
        let mut changes = Changes::default();
        let inverse = relation_type != RelationType::Household && subject_id == related_id;
        let values = [
            ("type", relation_type.as_str_name().to_owned()),
            ("related_customer_id", other_id.to_string()),
            ("inverse", if inverse { "true".to_owned() } else { String::new() }),
            ("remark", remark.to_owned()),
        ];
        for (field, value) in values {
            let (before, after) = if deleted { (value, String::new()) } else { (String::new(), value) };
            changes.add(field, before, after);
        }
        tx.audit(AuditEntry { action, record_kind: "relation", record_id: id, subject_id, changes: changes.into() });
    }
}
