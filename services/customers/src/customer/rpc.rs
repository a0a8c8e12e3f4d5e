//! `CustomerService`. Permissions, validity of requests and masking are the guard's; rows are held here.

use std::sync::Arc;

use contracts::customers::customer_service_server::CustomerService;
use contracts::customers::{
    AssignCustomersRequest, AssignCustomersResponse, CreateCustomerRequest, Customer, CustomerState,
    ExportCustomersRequest, GetCustomerRequest, InvalidateCustomerRequest, ListCustomersRequest, ListCustomersResponse,
    RestoreCustomerRequest, RevealCustomerRequest, SearchCustomersRequest, SearchCustomersResponse,
    UpdateCustomerRequest, WatchCustomersRequest,
};
use contracts::google::api::HttpBody;
use contracts::options::Permission;
use futures::stream::BoxStream;
use platform::access::{Call, RowPredicate};
use platform::db::{AuditEntry, FieldChange, Once, timestamp};
use platform::error::{Error, Result};
use platform::filter::Value as Key;
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::keys::Listed;
use super::list::{Selection, built_in};
use super::row::Reader;
use super::{assign, event, reveal, store, write};
use crate::error::reason;
use crate::merge::went_into;
use crate::watch::{Updates, Watches};
use crate::{Shared, pool};

pub struct CustomerRpc {
    shared: Arc<Shared>,
    watches: Watches,
}

impl CustomerRpc {
    pub fn new(shared: Arc<Shared>, watches: Watches) -> Self {
        Self { shared, watches }
    }
}

pub(crate) fn id(text: &str) -> Result<Uuid> {
    // The contract lets ids alone through.
    text.parse().map_err(|_| Error::not_found())
}

/// The etag, where a call need not bring one, must fit when it does.
pub(crate) fn check_etag(given: &str, known: &str) -> Result<()> {
    if given.is_empty() || given == known { Ok(()) } else { Err(Error::stale_etag()) }
}

#[tonic::async_trait]
impl CustomerService for CustomerRpc {
    async fn list_customers(
        &self,
        request: Request<ListCustomersRequest>,
    ) -> Result<Response<ListCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.list(&call, request.get_ref()).await?))
    }

    async fn search_customers(
        &self,
        request: Request<SearchCustomersRequest>,
    ) -> Result<Response<SearchCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(crate::search::rpc::search(&self.shared, &call, request.get_ref()).await?))
    }

    async fn get_customer(&self, request: Request<GetCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let reader = Reader::of(&call.caller, &fields);
        let id = id(&request.get_ref().id)?;
        let mut customer = store::customer_get(self.shared.db.pool(), &reader, &rows, id).await?;
        if !customer.owner_id.is_empty() {
            customer.recycle_time = pool::recycle_time(&self.shared, &call, id).await?.map(timestamp);
        }
        if customer.state() == CustomerState::Invalid {
            let into = went_into(self.shared.db.pool(), &rows, id).await?;
            customer.merged_into_id = into.map(|id| id.to_string()).unwrap_or_default();
        }
        Ok(Response::new(customer))
    }

    async fn create_customer(&self, request: Request<CreateCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        let customer = request.into_inner().customer.unwrap_or_default();
        Ok(Response::new(write::create(&self.shared, &call, customer).await?))
    }

    async fn update_customer(&self, request: Request<UpdateCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(write::update(&self.shared, &call, request.into_inner()).await?))
    }

    async fn invalidate_customer(
        &self,
        request: Request<InvalidateCustomerRequest>,
    ) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        let InvalidateCustomerRequest { id, reason, etag } = request.into_inner();
        let change = StateChange { id: &id, etag: &etag, state: CustomerState::Invalid, reason: &reason };
        Ok(Response::new(self.set_state(&call, &change).await?))
    }

    async fn restore_customer(&self, request: Request<RestoreCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        let RestoreCustomerRequest { id, etag } = request.into_inner();
        let change = StateChange { id: &id, etag: &etag, state: CustomerState::Active, reason: "" };
        Ok(Response::new(self.set_state(&call, &change).await?))
    }

    async fn assign_customers(
        &self,
        request: Request<AssignCustomersRequest>,
    ) -> Result<Response<AssignCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(assign::assign(&self.shared, &call, request.get_ref()).await?))
    }

    async fn reveal_customer(&self, request: Request<RevealCustomerRequest>) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(reveal::reveal(&self.shared, &call, request.get_ref()).await?))
    }

    type ExportCustomersStream = BoxStream<'static, Result<HttpBody, Status>>;

    async fn export_customers(
        &self,
        request: Request<ExportCustomersRequest>,
    ) -> Result<Response<Self::ExportCustomersStream>, Status> {
        let call = Call::of(&request)?;
        Ok(crate::export::export(&self.shared, &call, request.into_inner()).await?)
    }

    type WatchCustomersStream = Updates;

    async fn watch_customers(
        &self,
        request: Request<WatchCustomersRequest>,
    ) -> Result<Response<Self::WatchCustomersStream>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.watches.watch(call, request.into_inner()).await?))
    }
}

struct StateChange<'a> {
    id: &'a str,
    etag: &'a str,
    state: CustomerState,
    reason: &'a str,
}

impl CustomerRpc {
    async fn list(&self, call: &Call, request: &ListCustomersRequest) -> Result<ListCustomersResponse> {
        let (shared, caller) = (&self.shared, &call.caller);
        let fields = shared.fields.seen_by(&call.caller).await?;
        let reader = Reader::of(caller, &fields);
        let schema = fields.schema(built_in);
        let selection =
            Selection::new(&schema, caller, reader.masked(), shared.zone, &request.filter, &request.order_by)?;
        let order = selection.order.to_string();
        let bound = ["customers", request.filter.as_str(), order.as_str()];
        let after = page::decode::<Vec<Key>>(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let rows = caller.rows(Permission::CustomersRead);
        let pool = shared.db.pool();
        let mut customers = store::customer_list(pool, &reader, &selection, &rows, after.as_deref(), size + 1).await?;
        let next_page_token =
            page::cut(&mut customers, size, &bound, |customer| selection.order.keys(&Listed(customer)))?;
        let (total_count, total_estimated) =
            if request.count { store::customer_count(pool, &selection, &rows).await? } else { (0, false) };
        Ok(ListCustomersResponse { customers, next_page_token, total_count, total_estimated })
    }

    async fn set_state(&self, call: &Call, change: &StateChange<'_>) -> Result<Customer> {
        let shared = &self.shared;
        let fields = shared.fields.seen_by(&call.caller).await?;
        let reader = Reader::of(&call.caller, &fields);
        let mut tx = match shared.db.begin_once::<Customer>(call).await? {
            Once::Done(customer) => return Ok(reader.again(customer)),
            Once::New(tx) => tx,
        };
        let id = id(change.id)?;
        let rows = call.caller.rows(Permission::CustomersInvalidate);
        let (before, _) = reader.stored(&store::customer_lock(tx.connection(), &rows, id).await?)?;
        check_etag(change.etag, &before.etag)?;
        if before.state() == change.state {
            return Err(Error::failed_precondition(match change.state {
                CustomerState::Invalid => &reason::CUSTOMER_INVALID,
                _ => &reason::CUSTOMER_NOT_INVALID,
            }));
        }
        if went_into(tx.connection(), &RowPredicate::All, id).await?.is_some() {
            return Err(Error::failed_precondition(&reason::CUSTOMER_MERGED));
        }
        let row = store::customer_state_set(tx.connection(), id, change.state, call.caller.employee_id()).await?;
        let customer = reader.customer(&row)?;
        let mut changes = vec![FieldChange {
            field: "state".into(),
            before: before.state().as_str_name().into(),
            after: customer.state().as_str_name().into(),
        }];
        if !change.reason.is_empty() {
            changes.push(FieldChange { field: "reason".into(), before: String::new(), after: change.reason.into() });
        }
        tx.audit(AuditEntry {
            action: if change.state == CustomerState::Invalid { "customer.invalidated" } else { "customer.restored" },
            record_kind: event::AGGREGATE,
            record_id: id,
            subject_id: id,
            changes,
        });
        event::emit(&mut tx, id, &customer);
        tx.commit_call(call, customer).await
    }
}

/// The revision that an update expects.
pub(super) fn expected_revision(customer: &Customer) -> Result<i64> {
    update::revision("customer.etag", &customer.etag)
}
