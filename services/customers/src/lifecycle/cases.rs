//! Steps in cases and moves between stages: `rules` decides, then row, step, stage, event and audit in one transaction.

use std::sync::Arc;

use chrono::NaiveDate;
use contracts::customers::{
    ChurnCase, ChurnState, ConfirmChurnCaseRequest, Customer, CustomerStage, CustomerState, MoveCustomerStageRequest,
    OpenChurnCaseRequest, ReprieveChurnCaseRequest, SaveChurnCaseRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use uuid::Uuid;

use super::rules::{self, Step};
use super::store::{self, Changed, NewCase};
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::{assign, event, id, store as customers};
use crate::error::reason;

pub fn policy(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

pub async fn move_stage(shared: &Shared, call: &Call, request: &MoveCustomerStageRequest) -> Result<Customer> {
    let customer_id = id(&request.id)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let mut tx = match shared.db.begin_once::<Customer>(call).await? {
        Once::Done(customer) => return Ok(reader.again(customer)),
        Once::New(tx) => tx,
    };
    let before = locked(&mut tx, call, &reader, customer_id).await?;
    if !rules::may_move(before.stage(), request.stage()) {
        return Err(Error::failed_precondition(&reason::STAGE_REFUSED));
    }
    let customer =
        set_stage(&mut tx, call, &reader, customer_id, (before.stage(), request.stage()), &request.reason).await?;
    tx.commit_call(call, customer).await
}

pub async fn open(shared: &Shared, call: &Call, request: &OpenChurnCaseRequest) -> Result<ChurnCase> {
    let customer_id = id(&request.customer_id)?;
    let due_date = rules::due_date(&request.due_date, shared.today())?;
    let (owner_id, _) = assign::owner(call, Permission::CustomersUpdate, "owner_id", &request.owner_id)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let mut tx = match shared.db.begin_once::<ChurnCase>(call).await? {
        Once::Done(case) => return Ok(case),
        Once::New(tx) => tx,
    };
    locked(&mut tx, call, &reader, customer_id).await?;
    let case_id = Uuid::now_v7();
    let new = NewCase { id: case_id, customer_id, cause: request.cause.trim(), owner_id, due_date };
    store::case_insert(tx.connection(), &new).await?;
    store::step_insert(tx.connection(), case_id, new.cause, call.caller.employee_id()).await?;
    let case = one(&mut tx, call, case_id).await?;
    audit(&mut tx, "churn_case.opened", customer_id, &ChurnCase::default(), &case);
    tx.commit_call(call, case).await
}

pub async fn reprieve(shared: &Shared, call: &Call, request: &ReprieveChurnCaseRequest) -> Result<ChurnCase> {
    let due_date = rules::due_date(&request.due_date, shared.today())?;
    let owner_id = match request.owner_id.as_str() {
        "" => None,
        named => Some(assign::owner(call, Permission::CustomersUpdate, "owner_id", named)?.0),
    };
    let taken = Taken {
        step: Step::Reprieve,
        etag: &request.etag,
        measures: Some(request.measures.trim()),
        loss_code: "",
        note: request.measures.trim(),
        owner_id,
        due_date: Some(due_date),
    };
    take(shared, call, &request.id, &taken).await
}

pub async fn confirm(shared: &Shared, call: &Call, request: &ConfirmChurnCaseRequest) -> Result<ChurnCase> {
    let fields = shared.fields.seen_by(&call.caller).await?;
    if fields.dictionaries().contains("loss_reason", &request.loss_code).is_none_or(|entry| entry.retired) {
        let unknown = Error::invalid("loss_code", &reason::CODE_UNKNOWN);
        return Err(unknown.arg("dictionary", "loss_reason").arg("code", &request.loss_code));
    }
    let taken = Taken::ending(Step::Confirm, &request.etag, &request.loss_code, request.note.trim());
    take(shared, call, &request.id, &taken).await
}

pub async fn save(shared: &Shared, call: &Call, request: &SaveChurnCaseRequest) -> Result<ChurnCase> {
    take(shared, call, &request.id, &Taken::ending(Step::Save, &request.etag, "", request.note.trim())).await
}

/// A step as somebody takes it.
struct Taken<'a> {
    step: Step,
    etag: &'a str,
    measures: Option<&'a str>,
    loss_code: &'a str,
    note: &'a str,
    owner_id: Option<Uuid>,
    due_date: Option<NaiveDate>,
}

impl<'a> Taken<'a> {
    fn ending(step: Step, etag: &'a str, loss_code: &'a str, note: &'a str) -> Self {
        Self { step, etag, measures: None, loss_code, note, owner_id: None, due_date: None }
    }
}

async fn take(shared: &Shared, call: &Call, case_id: &str, taken: &Taken<'_>) -> Result<ChurnCase> {
    let case_id = id(case_id)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let mut tx = match shared.db.begin_once::<ChurnCase>(call).await? {
        Once::Done(case) => return Ok(case),
        Once::New(tx) => tx,
    };
    // The customer is held first, as by everybody who writes; then the case is as it stays.
    let customer_id = id(&one(&mut tx, call, case_id).await?.customer_id)?;
    let customer = locked(&mut tx, call, &reader, customer_id).await?;
    let before = one(&mut tx, call, case_id).await?;
    let state = rules::next(before.state(), taken.step)?;
    if before.etag != taken.etag {
        return Err(Error::stale_etag());
    }
    let known_date: NaiveDate = before.due_date.parse().map_err(Error::internal)?;
    let changed = Changed {
        state,
        owner_id: taken.owner_id.unwrap_or(id(&before.owner_id)?),
        due_date: taken.due_date.unwrap_or(known_date),
        measures: taken.measures.unwrap_or(&before.measures),
        loss_code: taken.loss_code,
        note: taken.note,
    };
    store::case_update(tx.connection(), case_id, &changed).await?;
    store::step_insert(tx.connection(), case_id, taken.note, call.caller.employee_id()).await?;
    if let Some(stage) = rules::stage_after(state, customer.stage()) {
        set_stage(&mut tx, call, &reader, customer_id, (customer.stage(), stage), taken.note).await?;
    }
    let case = one(&mut tx, call, case_id).await?;
    let action = match state {
        ChurnState::Lost => "churn_case.confirmed",
        ChurnState::Saved => "churn_case.saved",
        _ => "churn_case.reprieved",
    };
    audit(&mut tx, action, customer_id, &before, &case);
    tx.commit_call(call, case).await
}

async fn one(tx: &mut Tx, call: &Call, case_id: Uuid) -> Result<ChurnCase> {
    let rows = call.caller.rows(Permission::CustomersUpdate);
    store::case_get(tx.connection(), &policy(call), &rows, case_id).await
}

/// A customer whom the caller may change, held until the transaction ends.
async fn locked(tx: &mut Tx, call: &Call, reader: &Reader<'_>, customer_id: Uuid) -> Result<Customer> {
    let rows = call.caller.rows(Permission::CustomersUpdate);
    let customer = reader.customer(&customers::customer_lock(tx.connection(), &rows, customer_id).await?)?;
    if customer.state() == CustomerState::Invalid {
        return Err(Error::failed_precondition(&reason::CUSTOMER_INVALID));
    }
    Ok(customer)
}

async fn set_stage(
    tx: &mut Tx,
    call: &Call,
    reader: &Reader<'_>,
    customer_id: Uuid,
    (before, after): (CustomerStage, CustomerStage),
    why: &str,
) -> Result<Customer> {
    let author_id = call.caller.employee_id();
    let row = store::stage_set(tx.connection(), customer_id, (before, after), why, author_id).await?;
    let customer = reader.customer(&row)?;
    event::emit(tx, customer_id, &customer);
    let text = |stage: CustomerStage| stage.as_str_name().to_owned();
    let mut changes = vec![FieldChange { field: "stage".into(), before: text(before), after: text(after) }];
    if !why.is_empty() {
        changes.push(FieldChange::set("reason", why));
    }
    tx.audit(AuditEntry {
        action: "customer.stage_moved",
        record_kind: event::AGGREGATE,
        record_id: customer_id,
        subject_id: customer_id,
        changes,
    });
    Ok(customer)
}

fn audit(tx: &mut Tx, action: &'static str, customer_id: Uuid, before: &ChurnCase, after: &ChurnCase) {
    let state = |case: &ChurnCase| {
        if case.id.is_empty() { String::new() } else { case.state().as_str_name().to_owned() }
    };
    let changes = FieldChange::between(
        [
            ("churn_state", state(before)),
            ("cause", before.cause.clone()),
            ("owner_id", before.owner_name.clone()),
            ("due_date", before.due_date.clone()),
            ("measures", before.measures.clone()),
            ("loss_code", before.loss_code.clone()),
            ("note", before.note.clone()),
        ],
        [
            ("churn_state", state(after)),
            ("cause", after.cause.clone()),
            ("owner_id", after.owner_name.clone()),
            ("due_date", after.due_date.clone()),
            ("measures", after.measures.clone()),
            ("loss_code", after.loss_code.clone()),
            ("note", after.note.clone()),
        ],
    );
    let record_id = after.id.parse().unwrap_or_default();
    tx.audit(AuditEntry { action, record_kind: "churn_case", record_id, subject_id: customer_id, changes });
}
