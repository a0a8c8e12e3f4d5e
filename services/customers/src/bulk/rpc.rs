//! `BulkChangeService`.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::customers::bulk_change_service_server::BulkChangeService;
use contracts::customers::{
    BulkChange, BulkChangeRefusal, BulkChangeState, CreateBulkChangeRequest, GetBulkChangeRequest,
    ListBulkChangeRefusalsRequest, ListBulkChangeRefusalsResponse, ListBulkChangesRequest, ListBulkChangesResponse,
    UndoBulkChangeRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{Once, timestamp};
use platform::error::{Error, Result, Violation};
use platform::jobs::NewJob;
use platform::{locale, page, update};
use prost_types::FieldMask;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::audit;
use super::items::{self, ItemState};
use super::run::{ATTEMPTS, BulkChangeJob, FAILURES, Payload, REFUSALS};
use super::store::{self, Stored};
use super::values::{self, MUTABLE, Values};
use crate::Shared;
use crate::customer::id;
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;
use crate::customer::{rules, write};
use crate::error::reason;
use crate::field::{Checks, Fields, Mode, validate_custom};

const UNDO_HOURS: i64 = 24;

pub struct BulkChangeRpc {
    shared: Arc<Shared>,
}

impl BulkChangeRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl BulkChangeService for BulkChangeRpc {
    async fn create_bulk_change(
        &self,
        request: Request<CreateBulkChangeRequest>,
    ) -> Result<Response<BulkChange>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.create(&call, request.into_inner()).await?))
    }

    async fn get_bulk_change(&self, request: Request<GetBulkChangeRequest>) -> Result<Response<BulkChange>, Status> {
        let call = Call::of(&request)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let author_id = call.caller.require_employee()?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let stored = store::bulk_change_get(&mut connection, author_id, id(&request.get_ref().id)?).await?;
        Ok(Response::new(message(stored, &call, &fields)))
    }

    async fn list_bulk_changes(
        &self,
        request: Request<ListBulkChangesRequest>,
    ) -> Result<Response<ListBulkChangesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let author_id = call.caller.require_employee()?;
        let size = page::size(request.page_size, 50);
        let after = page::decode::<Uuid>(&["bulk_changes"], &request.page_token)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let mut found = store::bulk_change_list(&mut connection, author_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &["bulk_changes"], |bulk| bulk.id)?;
        let bulk_changes = found.into_iter().map(|stored| message(stored, &call, &fields)).collect();
        Ok(Response::new(ListBulkChangesResponse { bulk_changes, next_page_token }))
    }

    async fn list_bulk_change_refusals(
        &self,
        request: Request<ListBulkChangeRefusalsRequest>,
    ) -> Result<Response<ListBulkChangeRefusalsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let (author_id, bulk_id) = (call.caller.require_employee()?, id(&request.bulk_change_id)?);
        let size = page::size(request.page_size, 50);
        let bound = ["refusals", &request.bulk_change_id];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let readable = call.caller.rows(Permission::CustomersRead);
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        store::bulk_change_get(&mut connection, author_id, bulk_id).await?;
        let mut found = items::refusal_list(&mut connection, bulk_id, &readable, after, size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &bound, |refusal| refusal.customer_id)?;
        let told = |refusal: items::Refusal| {
            let reason = REFUSALS.iter().find(|reason| reason.id == refusal.reason);
            BulkChangeRefusal {
                customer_id: refusal.customer_id.to_string(),
                customer_number: refusal.number.unwrap_or_default(),
                customer_name: refusal.name.unwrap_or_default(),
                reason: reason.map(|reason| reason.text(locale::current(), &[])).unwrap_or_default(),
                kept: refusal.state == ItemState::Kept as i16,
            }
        };
        let refusals = found.into_iter().map(told).collect();
        Ok(Response::new(ListBulkChangeRefusalsResponse { refusals, next_page_token }))
    }

    async fn undo_bulk_change(&self, request: Request<UndoBulkChangeRequest>) -> Result<Response<BulkChange>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.undo(&call, id(&request.get_ref().id)?).await?))
    }
}

impl BulkChangeRpc {
    async fn create(&self, call: &Call, request: CreateBulkChangeRequest) -> Result<BulkChange> {
        let shared = &self.shared;
        let author_id = call.caller.require_employee()?;
        let fields = shared.fields.seen_by(&call.caller).await?;
        let new_values = self.new_values(call, &fields, &request)?;
        let selection = self.selection(call, &fields, &request)?;
        let mut tx = match shared.db.begin_once::<BulkChange>(call).await? {
            Once::Done(mut known) => {
                known.customer = known.customer.map(|customer| Reader::of(&call.caller, &fields).again(customer));
                return Ok(known);
            }
            Once::New(tx) => tx,
        };
        let mut customer_ids: Vec<Uuid> = request.ids.iter().filter_map(|id| id.parse().ok()).collect();
        customer_ids.sort_unstable();
        let expected_count = match &selection {
            Some(selection) => {
                let readable = call.caller.rows(Permission::CustomersRead);
                items::selected_count(tx.connection(), selection, &readable).await?
            }
            None => i64::try_from(customer_ids.len()).unwrap_or_default(),
        };
        let id = Uuid::now_v7();
        let job = NewJob::new::<BulkChangeJob>(&Payload { bulk_change_id: id })?.max_attempts(ATTEMPTS);
        let new = Stored {
            id,
            create_user_id: author_id,
            new_values,
            customer_ids,
            filter: request.filter,
            state: BulkChangeState::Running,
            failure: String::new(),
            expected_count,
            after_id: Uuid::nil(),
            changed_count: 0,
            unchanged_count: 0,
            refused_count: 0,
            restored_count: 0,
            kept_count: 0,
            job_id: tx.enqueue(job).await?.id(),
            create_time: Utc::now(),
            end_time: None,
        };
        let stored = store::bulk_change_insert(tx.connection(), &new).await?;
        audit::started(&mut tx, &stored);
        let answer = message(stored, call, &fields);
        tx.commit_call(call, answer).await
    }

    /// What is to be set, as it is stored; refused where no customer could hold it.
    fn new_values(&self, call: &Call, fields: &Fields, request: &CreateBulkChangeRequest) -> Result<Values> {
        let paths = update::paths(request.update_mask.as_ref(), &MUTABLE)?;
        values::check(&paths, fields)?;
        let mut customer = request.customer.clone().unwrap_or_default();
        rules::normalize(&mut customer);
        let circumstances = write::circumstances(&self.shared, &call.caller, fields);
        let mut faults = rules::check(&customer, None, |field| paths.contains(&field), &circumstances);
        let keys: Vec<&str> = paths.iter().filter_map(|path| path.strip_prefix("custom_fields.")).collect();
        faults.extend(keys.iter().filter(|key| fields.by_key(key).is_some() && !fields.is_writable(key)).map(|key| {
            let field = format!("customer.custom_fields.{key}");
            Violation { field, reason: &reason::FIELD_READ_ONLY, args: Vec::new() }
        }));
        let reader = Reader::of(&call.caller, fields);
        let checks = Checks { fields, masked: reader.masked(), today: self.shared.today() };
        let nothing = serde_json::Value::Object(Values::new());
        let mode = Mode::Patch { before: &nothing, keys: &keys };
        match validate_custom(checks, &mut customer.custom_fields, mode) {
            Ok(custom_fields) if faults.is_empty() => Ok(values::values_of(&customer, &custom_fields, &paths)),
            Ok(_) => Err(Error::invalid_fields(faults)),
            Err(more) => Err(Error::invalid_fields(faults.into_iter().chain(more).collect())),
        }
    }

    /// What finds the customers, unless they are named.
    fn selection(&self, call: &Call, fields: &Fields, request: &CreateBulkChangeRequest) -> Result<Option<Selection>> {
        let finds = !request.filter.trim().is_empty() || request.everything;
        match (request.ids.is_empty(), finds) {
            (true, false) => Err(Error::invalid("ids", &reason::BULK_NOBODY)),
            (false, true) => Err(Error::invalid("ids", &reason::BULK_TWO_WAYS)),
            (false, false) => Ok(None),
            (true, true) => {
                let reader = Reader::of(&call.caller, fields);
                let schema = fields.schema(built_in);
                let zone = self.shared.zone;
                Selection::new(&schema, &call.caller, reader.masked(), zone, &request.filter, "").map(Some)
            }
        }
    }

    async fn undo(&self, call: &Call, id: Uuid) -> Result<BulkChange> {
        let author_id = call.caller.require_employee()?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut tx = match self.shared.db.begin_once::<BulkChange>(call).await? {
            Once::Done(mut known) => {
                known.customer = known.customer.map(|customer| Reader::of(&call.caller, &fields).again(customer));
                return Ok(known);
            }
            Once::New(tx) => tx,
        };
        let stored = store::bulk_change_lock(tx.connection(), author_id, id).await?;
        match undo_expire_time(&stored) {
            None => return Err(Error::failed_precondition(&reason::BULK_UNDONE)),
            Some(time) if time < Utc::now() => return Err(Error::failed_precondition(&reason::BULK_TOO_OLD)),
            Some(_) => {}
        }
        let job = NewJob::new::<BulkChangeJob>(&Payload { bulk_change_id: id })?.max_attempts(ATTEMPTS);
        let job_id = tx.enqueue(job).await?.id();
        store::undo_begin(tx.connection(), &stored, job_id).await?;
        audit::undo_started(&mut tx, &stored);
        let stored = store::bulk_change_get(tx.connection(), author_id, id).await?;
        let answer = message(stored, call, &fields);
        tx.commit_call(call, answer).await
    }
}

/// Nothing when it is undone, or being undone.
fn undo_expire_time(bulk: &Stored) -> Option<DateTime<Utc>> {
    let undone = matches!(bulk.state, BulkChangeState::Undoing | BulkChangeState::Undone);
    (!undone).then(|| bulk.create_time + TimeDelta::hours(UNDO_HOURS))
}

fn message(bulk: Stored, call: &Call, fields: &Fields) -> BulkChange {
    let reader = Reader::of(&call.caller, fields);
    let paths = values::paths(&bulk.new_values).into_iter().filter(|path| !fields.names_hidden(path));
    let failure = FAILURES.iter().find(|reason| reason.id == bulk.failure);
    BulkChange {
        id: bulk.id.to_string(),
        customer: Some(reader.again(values::customer_of(&bulk.new_values, fields))),
        update_mask: Some(FieldMask { paths: paths.map(str::to_owned).collect() }),
        undo_expire_time: undo_expire_time(&bulk).filter(|time| *time > Utc::now()).map(timestamp),
        filter: if fields.names_hidden(&bulk.filter) { "***".to_owned() } else { bulk.filter },
        state: bulk.state.into(),
        failure: failure.map(|reason| reason.text(locale::current(), &[])).unwrap_or_default(),
        expected_count: bulk.expected_count,
        changed_count: bulk.changed_count,
        unchanged_count: bulk.unchanged_count,
        refused_count: bulk.refused_count,
        restored_count: bulk.restored_count,
        kept_count: bulk.kept_count,
        create_time: Some(timestamp(bulk.create_time)),
        end_time: bulk.end_time.map(timestamp),
    }
}
