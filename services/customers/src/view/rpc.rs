//! `ViewService`. A view is its author's to change, whatever else anybody may do.

use std::sync::Arc;

use contracts::customers::view_service_server::ViewService;
use contracts::customers::{
    CreateViewRequest, DeleteViewRequest, DeleteViewResponse, ListViewsRequest, ListViewsResponse, UpdateViewRequest,
    View,
};
use platform::access::Call;
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules::{self, MUTABLE};
use super::store;
use crate::Shared;
use crate::audit::Changes;
use crate::customer::list::{Selection, built_in};
use crate::customer::{check_etag, id};
use crate::field::Masked;

pub struct ViewRpc {
    shared: Arc<Shared>,
}

impl ViewRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Whether a view's filter and order are within what the caller may filter and sort by; columns that are not there for
    /// the caller are left out.
    async fn usable(&self, call: &Call) -> Result<impl Fn(&mut View) -> bool> {
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let schema = fields.schema(built_in);
        let masked = Masked::of(&fields, &call.caller);
        let (caller, zone) = (call.caller.clone(), self.shared.zone);
        Ok(move |view: &mut View| {
            view.columns.retain(|column| !fields.names_hidden(column));
            view.own || Selection::new(&schema, &caller, &masked, zone, &view.filter, &view.order_by).is_ok()
        })
    }

    async fn check(&self, call: &Call, view: &View) -> Result<()> {
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let schema = fields.schema(built_in);
        let faults = rules::check(view, &schema);
        if !faults.is_empty() {
            return Err(Error::invalid_fields(faults));
        }
        let masked = Masked::of(&fields, &call.caller);
        Selection::in_request(&schema, &call.caller, &masked, self.shared.zone, "view.", &view.filter, &view.order_by)?;
        Ok(())
    }
}

#[tonic::async_trait]
impl ViewService for ViewRpc {
    async fn list_views(&self, request: Request<ListViewsRequest>) -> Result<Response<ListViewsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let reader_id = call.caller.require_employee()?;
        let size = page::size(request.page_size, 50);
        let after = page::decode::<(String, Uuid)>(&["views"], &request.page_token)?;
        let mut views = store::view_list(self.shared.db.pool(), reader_id, after.as_ref(), size + 1).await?;
        let next_page_token = page::cut(&mut views, size, &["views"], |view| (view.name.clone(), view.id.clone()))?;
        // A filter by what the reader sees masked would quote it, and be refused.
        let usable = self.usable(&call).await?;
        views.retain_mut(|view| usable(view));
        Ok(Response::new(ListViewsResponse { views, next_page_token }))
    }

    async fn create_view(&self, request: Request<CreateViewRequest>) -> Result<Response<View>, Status> {
        let call = Call::of(&request)?;
        let mut new = request.into_inner().view.unwrap_or_default();
        let author_id = call.caller.require_employee()?;
        new.name = new.name.trim().to_owned();
        self.check(&call, &new).await?;
        let mut tx = match self.shared.db.begin_once::<View>(&call).await? {
            Once::Done(view) => return Ok(Response::new(view)),
            Once::New(tx) => tx,
        };
        let id = Uuid::now_v7();
        let view = store::view_insert(tx.connection(), id, author_id, &new).await?;
        audit(&mut tx, "view.created", id, &View::default(), &view);
        Ok(Response::new(tx.commit_call(&call, view).await?))
    }

    async fn update_view(&self, request: Request<UpdateViewRequest>) -> Result<Response<View>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let new = request.view.unwrap_or_default();
        let author_id = call.caller.require_employee()?;
        let paths = update::paths(request.update_mask.as_ref(), &MUTABLE)?;
        let revision = update::revision("view.etag", &new.etag)?;
        let id = id(&new.id)?;
        let mut tx = match self.shared.db.begin_once::<View>(&call).await? {
            Once::Done(view) => return Ok(Response::new(view)),
            Once::New(tx) => tx,
        };
        let before = store::view_lock(tx.connection(), author_id, id).await?;
        if before.etag != update::etag(revision) {
            return Err(Error::stale_etag().into());
        }
        let mut after = before.clone();
        for path in paths {
            match path {
                "name" => after.name = new.name.trim().to_owned(),
                "filter" => after.filter.clone_from(&new.filter),
                "order_by" => after.order_by.clone_from(&new.order_by),
                "columns" => after.columns.clone_from(&new.columns),
                _ => after.shared = new.shared,
            }
        }
        self.check(&call, &after).await?;
        let view = store::view_update(tx.connection(), id, author_id, &after).await?;
        audit(&mut tx, "view.updated", id, &before, &view);
        Ok(Response::new(tx.commit_call(&call, view).await?))
    }

    async fn delete_view(&self, request: Request<DeleteViewRequest>) -> Result<Response<DeleteViewResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let author_id = call.caller.require_employee()?;
        let id = id(&request.id)?;
        let mut tx = match self.shared.db.begin_once::<DeleteViewResponse>(&call).await? {
            Once::Done(response) => return Ok(Response::new(response)),
            Once::New(tx) => tx,
        };
        let before = store::view_lock(tx.connection(), author_id, id).await?;
        check_etag(&request.etag, &before.etag)?;
        store::view_delete(tx.connection(), id).await?;
        audit(&mut tx, "view.deleted", id, &before, &View::default());
        Ok(Response::new(tx.commit_call(&call, DeleteViewResponse {}).await?))
    }
}

fn audit(tx: &mut Tx, action: &'static str, id: Uuid, before: &View, after: &View) {
    let mut changes = Changes::default();
    changes.add("name", &before.name, &after.name);
    changes.add("filter", &before.filter, &after.filter);
    changes.add("order_by", &before.order_by, &after.order_by);
    changes.add("columns", before.columns.join(", "), after.columns.join(", "));
    changes.add("shared", before.shared, after.shared);
    tx.audit(AuditEntry { action, record_kind: "view", record_id: id, subject_id: id, changes: changes.into() });
}
