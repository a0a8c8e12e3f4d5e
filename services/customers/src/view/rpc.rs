//! `ViewService`. A view is its author's to change, whatever else anybody may do.

use std::sync::Arc;

use contracts::customers::view_service_server::ViewService;
use contracts::customers::{
    CreateViewRequest, DeleteViewRequest, DeleteViewResponse, ListViewsRequest, ListViewsResponse, RecordKind,
    UpdateViewRequest, View, ViewLayout,
};
use platform::access::{Call, Caller};
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::filter::Schema;
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules::{self, MUTABLE};
use super::store;
use crate::Shared;
use crate::audit::Changes;
use crate::customer::list::DEFAULT_ORDER;
use crate::customer::{check_etag, id};
use crate::field::filter::{chosen, is_masked};
use crate::field::{Fields, Masked};
use crate::{contact, customer, interaction};

pub struct ViewRpc {
    shared: Arc<Shared>,
}

impl ViewRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn list_of(&self, call: &Call, kind: RecordKind) -> Result<List> {
        let fields = self.shared.fields.of(kind, &call.caller).await?;
        Ok(List { masked: Masked::of(&fields, &call.caller), fields, caller: call.caller.clone() })
    }

    async fn check(&self, call: &Call, view: &View) -> Result<()> {
        let list = self.list_of(call, view.record_kind()).await?;
        let faults = rules::check(view, &list.schema());
        if faults.is_empty() { list.check("view.", view) } else { Err(Error::invalid_fields(faults)) }
    }
}

/// The list of a kind of record as a caller knows it.
struct List {
    fields: Arc<Fields>,
    masked: Masked,
    caller: Caller,
}

impl List {
    fn schema(&self) -> Arc<Schema> {
        self.fields.schema(match self.fields.kind() {
            RecordKind::Contact => contact::filter::built_in,
            RecordKind::Interaction => interaction::filter::built_in,
            RecordKind::Customer | RecordKind::Unspecified => customer::list::built_in,
        })
    }

    /// Refused unless filter and order are within what the caller may filter and sort by.
    fn check(&self, prefix: &str, view: &View) -> Result<()> {
        let masked = |field: &str| match self.fields.kind() {
            RecordKind::Contact => contact::filter::is_masked(field, &self.caller, &self.masked),
            RecordKind::Interaction => is_masked(field, &self.masked),
            RecordKind::Customer | RecordKind::Unspecified => {
                customer::list::is_masked(field, &self.caller, &self.masked)
            }
        };
        // Every list knows this order.
        let order_by = if view.order_by.trim().is_empty() { DEFAULT_ORDER } else { &view.order_by };
        chosen(&self.schema(), prefix, (&view.filter, order_by), masked).map(|_| ())
    }

    /// Whether a view can be used; columns that are not there for the caller are left out of it.
    fn fits(&self, view: &mut View) -> bool {
        view.columns.retain(|column| !self.fields.names_hidden(column));
        view.own || !self.fields.names_hidden(&view.layout_field) && self.check("", view).is_ok()
    }
}

/// What a call that does not say otherwise is about.
fn kind_of(kind: RecordKind) -> RecordKind {
    if kind == RecordKind::Unspecified { RecordKind::Customer } else { kind }
}

#[tonic::async_trait]
impl ViewService for ViewRpc {
    async fn list_views(&self, request: Request<ListViewsRequest>) -> Result<Response<ListViewsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let reader_id = call.caller.require_employee()?;
        let size = page::size(request.page_size, 50);
        let kind = kind_of(request.record_kind());
        let bound = ["views", kind.as_str_name()];
        let after = page::decode::<(String, Uuid)>(&bound, &request.page_token)?;
        let mut views = store::view_list(self.shared.db.pool(), reader_id, kind, after.as_ref(), size + 1).await?;
        let next_page_token = page::cut(&mut views, size, &bound, |view| (view.name.clone(), view.id.clone()))?;
        // A filter by what the reader sees masked would quote it, and be refused.
        let list = self.list_of(&call, kind).await?;
        views.retain_mut(|view| list.fits(view));
        Ok(Response::new(ListViewsResponse { views, next_page_token }))
    }

    async fn create_view(&self, request: Request<CreateViewRequest>) -> Result<Response<View>, Status> {
        let call = Call::of(&request)?;
        let mut new = request.into_inner().view.unwrap_or_default();
        let author_id = call.caller.require_employee()?;
        new.name = new.name.trim().to_owned();
        new.record_kind = kind_of(new.record_kind()).into();
        if new.layout() == ViewLayout::Unspecified {
            new.layout = ViewLayout::Table.into();
        }
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
                "layout" => after.layout = new.layout,
                "layout_field" => after.layout_field.clone_from(&new.layout_field),
                _ => after.shared = new.shared,
            }
        }
        if after.layout() == ViewLayout::Unspecified {
            after.layout = ViewLayout::Table.into();
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
    if before.layout != after.layout {
        let name = |view: &View| if view.layout == 0 { "" } else { view.layout().as_str_name() }.to_owned();
        changes.add("layout", name(before), name(after));
    }
    changes.add("layout_field", &before.layout_field, &after.layout_field);
    tx.audit(AuditEntry { action, record_kind: "view", record_id: id, subject_id: id, changes: changes.into() });
}
