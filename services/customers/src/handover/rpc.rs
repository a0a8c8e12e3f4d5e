//! `HandoverService`.

use std::sync::Arc;

use contracts::customers::handover_service_server::HandoverService;
use contracts::customers::{
    CreateHandoverRequest, DownloadHandoverReportRequest, GetHandoverRequest, Handover, HandoverLine, HandoverReceiver,
    HandoverState, ListHandoversRequest, ListHandoversResponse, PreviewHandoverRequest, PreviewHandoverResponse,
    UndoHandoverRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::audit::personal::seen_filter;
use platform::db::{Once, timestamp};
use platform::error::{Error, Result};
use platform::jobs::NewJob;
use platform::sheet::write::Answer;
use platform::{locale, page};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::items::{self, CUSTOMER, Going, INTERACTION};
use super::rules::{self, Receiver};
use super::run::{ATTEMPTS, FAILURES, HandoverJob, Payload};
use super::store::{self, Stored};
use super::{audit, report};
use crate::Shared;
use crate::customer::id;
use crate::customer::list::{Selection, built_in};
use crate::error::reason;
use crate::field::{Fields, Masked};

pub struct HandoverRpc {
    shared: Arc<Shared>,
}

impl HandoverRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl HandoverService for HandoverRpc {
    async fn create_handover(&self, request: Request<CreateHandoverRequest>) -> Result<Response<Handover>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.create(&call, request.into_inner().handover.unwrap_or_default()).await?))
    }

    async fn preview_handover(
        &self,
        request: Request<PreviewHandoverRequest>,
    ) -> Result<Response<PreviewHandoverResponse>, Status> {
        let call = Call::of(&request)?;
        let PreviewHandoverRequest { from_employee_id, filter } = request.into_inner();
        let (from, _) = giver(&call, "from_employee_id", &from_employee_id)?;
        let selection = self.selection(&call, "", &filter).await?;
        let going = Going { from_employee_id: from, selection: &selection, everything: filter.is_empty() };
        let rows = call.caller.rows(Permission::CustomersAssign);
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let (customers, planned, uncovered_count) = items::going_count(&mut connection, &going, &rows).await?;
        let line = |kind: &str, moved_count| HandoverLine { kind: kind.to_owned(), moved_count, ..Default::default() };
        let lines = vec![line(CUSTOMER, customers), line(INTERACTION, planned)];
        Ok(Response::new(PreviewHandoverResponse { lines, uncovered_count }))
    }

    async fn get_handover(&self, request: Request<GetHandoverRequest>) -> Result<Response<Handover>, Status> {
        let call = Call::of(&request)?;
        let rows = call.caller.rows(Permission::CustomersAssign);
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let stored = store::handover_get(&mut connection, &rows, id(&request.get_ref().id)?).await?;
        let mut shown = shown(&mut connection, &call, &fields, vec![stored]).await?;
        Ok(Response::new(shown.pop().unwrap_or_default()))
    }

    async fn list_handovers(
        &self,
        request: Request<ListHandoversRequest>,
    ) -> Result<Response<ListHandoversResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let after = page::decode::<Uuid>(&["handovers"], &request.page_token)?;
        let rows = call.caller.rows(Permission::CustomersAssign);
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let mut found = store::handover_list(&mut connection, &rows, after, size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &["handovers"], |handover| handover.id)?;
        let handovers = shown(&mut connection, &call, &fields, found).await?;
        Ok(Response::new(ListHandoversResponse { handovers, next_page_token }))
    }

    async fn undo_handover(&self, request: Request<UndoHandoverRequest>) -> Result<Response<Handover>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.undo(&call, id(&request.get_ref().id)?).await?))
    }

    type DownloadHandoverReportStream = Answer;

    async fn download_handover_report(
        &self,
        request: Request<DownloadHandoverReportRequest>,
    ) -> Result<Response<Answer>, Status> {
        let call = Call::of(&request)?;
        let rows = call.caller.rows(Permission::CustomersAssign);
        let request = request.into_inner();
        let stored = {
            let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
            store::handover_get(&mut connection, &rows, id(&request.id)?).await?
        };
        Ok(report::report(&self.shared, &call, &stored, request.format()).await?)
    }
}

impl HandoverRpc {
    async fn create(&self, call: &Call, wanted: Handover) -> Result<Handover> {
        let shared = &self.shared;
        let actor_id = call.caller.require_employee()?;
        let (from_employee_id, group_id) = giver(call, "handover.from_employee_id", &wanted.from_employee_id)?;
        let fields = shared.fields.seen_by(&call.caller).await?;
        let policy = policy(call);
        let known = |id: Uuid| {
            let employee = policy.employee(id).filter(|employee| employee.active);
            employee.is_some_and(|one| call.caller.covers(Permission::CustomersAssign, Some(id), one.group_id))
        };
        let faults = rules::check(&wanted, known, fields.dictionaries());
        if !faults.is_empty() {
            return Err(Error::invalid_fields(faults));
        }
        let selection = self.selection(call, "handover.", &wanted.filter).await?;
        let everything = wanted.filter.is_empty();
        let going = Going { from_employee_id, selection: &selection, everything };
        let rows = call.caller.rows(Permission::CustomersAssign);
        let mut tx = match shared.db.begin_once::<Handover>(call).await? {
            Once::Done(handover) => return Ok(handover),
            Once::New(tx) => tx,
        };
        let (expected_count, _, _) = items::going_count(tx.connection(), &going, &rows).await?;
        let id = Uuid::now_v7();
        let job = NewJob::new::<HandoverJob>(&Payload { handover_id: id })?.max_attempts(ATTEMPTS);
        let job_id = tx.enqueue(job).await?.id();
        let stored = Stored {
            id,
            from_employee_id,
            group_id,
            actor_id,
            create_user_id: actor_id,
            receivers: wanted.receivers.iter().map(Receiver::of).collect(),
            filter: wanted.filter,
            note: wanted.note.trim().to_owned(),
            state: HandoverState::Running,
            failure: String::new(),
            expected_count,
            create_time: chrono::Utc::now(),
            end_time: None,
            job_id,
        };
        let create_time = store::handover_insert(tx.connection(), &stored).await?;
        let stored = Stored { create_time, ..stored };
        audit::requested(&mut tx, &stored, false, &policy);
        let handover = message(stored, Vec::new(), &policy);
        tx.commit_call(call, handover).await
    }

    async fn undo(&self, call: &Call, id: Uuid) -> Result<Handover> {
        let actor_id = call.caller.require_employee()?;
        let rows = call.caller.rows(Permission::CustomersAssign);
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut tx = match self.shared.db.begin_once::<Handover>(call).await? {
            Once::Done(handover) => return Ok(handover),
            Once::New(tx) => tx,
        };
        let stored = store::handover_lock(tx.connection(), &rows, id).await?;
        let policy = policy(call);
        let giver = rules::giver(stored.from_employee_id, &call.caller, &policy);
        rules::check_undo(stored.state, stored.create_time, giver.is_some())?;
        let job = NewJob::new::<HandoverJob>(&Payload { handover_id: id })?.max_attempts(ATTEMPTS);
        let job_id = tx.enqueue(job).await?.id();
        store::undo_begin(tx.connection(), id, actor_id, job_id).await?;
        let stored = store::handover_get(tx.connection(), &rows, id).await?;
        audit::requested(&mut tx, &stored, true, &policy);
        let mut shown = shown(tx.connection(), call, &fields, vec![stored]).await?;
        tx.commit_call(call, shown.pop().unwrap_or_default()).await
    }

    async fn selection(&self, call: &Call, prefix: &str, filter: &str) -> Result<Selection> {
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let schema = fields.schema(built_in);
        let masked = Masked::of(&fields, &call.caller);
        Selection::in_request(&schema, &call.caller, &masked, self.shared.zone, prefix, filter, "")
    }
}

fn policy(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

/// Whose customers go, active or not, within the caller's scope.
fn giver(call: &Call, field: &str, text: &str) -> Result<(Uuid, Option<Uuid>)> {
    let refused = || Error::invalid(field, &reason::HANDOVER_GIVER_UNKNOWN);
    let id: Uuid = text.parse().map_err(|_| refused())?;
    let policy = policy(call);
    let employee = policy.employee(id).ok_or_else(refused)?;
    let covered = call.caller.covers(Permission::CustomersAssign, Some(id), employee.group_id);
    if covered { Ok((id, employee.group_id)) } else { Err(refused()) }
}

/// With their lines and names.
async fn shown(
    connection: &mut PgConnection,
    call: &Call,
    fields: &Fields,
    handovers: Vec<Stored>,
) -> Result<Vec<Handover>> {
    let ids: Vec<Uuid> = handovers.iter().map(|handover| handover.id).collect();
    let mut lines = store::line_list(connection, &ids).await?;
    let policy = policy(call);
    let shown = handovers.into_iter().map(|mut handover| {
        let own = lines.extract_if(.., |(id, _)| *id == handover.id).map(|(_, line)| line).collect();
        // A condition can quote what the caller sees masked, and name what the caller does not see.
        handover.filter = match fields.names_hidden(&handover.filter) {
            true => "***".to_owned(),
            false => seen_filter(&handover.filter, |kind| call.caller.visibility(kind)),
        };
        message(handover, own, &policy)
    });
    Ok(shown.collect())
}

fn message(stored: Stored, mut lines: Vec<HandoverLine>, policy: &Policy) -> Handover {
    let name = |id: Uuid| policy.employee_name(id).to_owned();
    for line in &mut lines {
        line.employee_name = line.employee_id.parse().map(name).unwrap_or_default();
    }
    let receivers = stored.receivers.into_iter().map(|receiver| HandoverReceiver {
        employee_id: receiver.employee_id.to_string(),
        employee_name: name(receiver.employee_id),
        share: receiver.share,
        regions: receiver.regions,
    });
    let failure = FAILURES.iter().find(|reason| reason.id == stored.failure);
    Handover {
        id: stored.id.to_string(),
        from_employee_id: stored.from_employee_id.to_string(),
        from_employee_name: name(stored.from_employee_id),
        receivers: receivers.collect(),
        filter: stored.filter,
        note: stored.note,
        state: stored.state.into(),
        failure: failure.map(|reason| reason.text(locale::current(), &[])).unwrap_or_default(),
        expected_count: stored.expected_count,
        lines,
        create_user_name: name(stored.create_user_id),
        create_time: Some(timestamp(stored.create_time)),
        end_time: stored.end_time.map(timestamp),
        undo_expire_time: rules::undo_expire_time(stored.state, stored.create_time).map(timestamp),
    }
}
