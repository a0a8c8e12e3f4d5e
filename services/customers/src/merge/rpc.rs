//! `MergeService`.

use std::sync::Arc;

use contracts::customers::merge_service_server::MergeService;
use contracts::customers::{
    GetMergeRequest, ListMergesRequest, ListMergesResponse, Merge, MergeCustomersRequest, MergedCustomer,
    PreviewMergeRequest, PreviewMergeResponse, UndoMergeRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::timestamp;
use platform::error::{Error, Result};
use platform::page;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules::{self, Chooser};
use super::store::{self, Stored};
use super::{apply, preview, undo};
use crate::Shared;
use crate::customer::id;
use crate::customer::row::Reader;

pub struct MergeRpc {
    shared: Arc<Shared>,
}

impl MergeRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl MergeService for MergeRpc {
    async fn preview_merge(
        &self,
        request: Request<PreviewMergeRequest>,
    ) -> Result<Response<PreviewMergeResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(preview::preview(&self.shared, &call, request.get_ref()).await?))
    }

    async fn merge_customers(&self, request: Request<MergeCustomersRequest>) -> Result<Response<Merge>, Status> {
        let call = Call::of(&request)?;
        let id = apply::merge(&self.shared, &call, request.get_ref()).await?;
        Ok(Response::new(self.get(&call, id).await?))
    }

    async fn get_merge(&self, request: Request<GetMergeRequest>) -> Result<Response<Merge>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.get(&call, id(&request.get_ref().id)?).await?))
    }

    async fn list_merges(&self, request: Request<ListMergesRequest>) -> Result<Response<ListMergesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.get_ref();
        let size = page::size(request.page_size, 20);
        let bound = ["merges", request.customer_id.as_str()];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let survivor_id = request.customer_id.parse().ok();
        let mut found = store::merge_list(&mut connection, &rows, survivor_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &bound, |merge| merge.id)?;
        let merges = self.shown(&mut connection, &call, found).await?;
        Ok(Response::new(ListMergesResponse { merges, next_page_token }))
    }

    async fn undo_merge(&self, request: Request<UndoMergeRequest>) -> Result<Response<Merge>, Status> {
        let call = Call::of(&request)?;
        let id = undo::undo(&self.shared, &call, id(&request.get_ref().id)?).await?;
        Ok(Response::new(self.get(&call, id).await?))
    }
}

impl MergeRpc {
    async fn get(&self, call: &Call, id: Uuid) -> Result<Merge> {
        let mut connection = self.shared.db.pool().acquire().await?;
        let stored = store::merge_get(&mut connection, &call.caller.rows(Permission::CustomersUpdate), id).await?;
        let mut shown = self.shown(&mut connection, call, vec![stored]).await?;
        Ok(shown.pop().unwrap_or_default())
    }

    /// With the names of the customers that the caller sees, and the fields that the caller knows.
    async fn shown(&self, connection: &mut PgConnection, call: &Call, merges: Vec<Stored>) -> Result<Vec<Merge>> {
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let reader = Reader::of(&call.caller, &fields);
        let chooser = Chooser { caller: &call.caller, fields: &fields, masked: reader.masked() };
        let ids: Vec<Uuid> = merges.iter().flat_map(Stored::customer_ids).collect();
        let names = store::names(connection, &call.caller.rows(Permission::CustomersRead), &ids).await?;
        let policy = call.caller.policy().cloned().unwrap_or_default();
        let name = |id: Option<Uuid>| id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default();
        let customer = |id: &Uuid| {
            let (number, name) = names.get(id).cloned().unwrap_or_default();
            MergedCustomer { id: id.to_string(), number, name }
        };
        let known =
            |paths: Vec<String>| -> Vec<String> { paths.into_iter().filter(|path| chooser.knows(path)).collect() };
        let shown = merges.into_iter().map(|stored| Merge {
            id: stored.id.to_string(),
            survivor: Some(customer(&stored.survivor_id)),
            merged: stored.merged_ids.iter().map(customer).collect(),
            changed_fields: known(stored.changed_fields),
            moved: stored.moved,
            create_user_name: name(Some(stored.create_user_id)),
            create_time: Some(timestamp(stored.create_time)),
            undo_expire_time: rules::undo_expire_time(stored.create_time, stored.undo_time).map(timestamp),
            undo_time: stored.undo_time.map(timestamp),
            undo_user_name: name(stored.undo_user_id),
            returned: stored.returned,
            kept_fields: known(stored.kept_fields),
        });
        Ok(shown.collect())
    }
}
