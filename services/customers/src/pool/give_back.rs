//! Giving customers back to the pool, with the reason.

use std::sync::Arc;

use contracts::customers::{
    Customer, OwnershipReason, ReturnCustomerRequest, ReturnCustomersRequest, ReturnCustomersResponse,
};
use platform::access::{Call, RowPredicate};
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result, reason as common};
use tonic::Code;
use uuid::Uuid;

use super::outcome::{Refusal, outcome};
use super::rules::{hide, personal_keys};
use super::sources::Sources;
use crate::Shared;
use crate::customer::row::Reader;
use crate::customer::store::{To, customer_lock, owner_set};
use crate::customer::{check_etag, event, id};
use crate::error::reason;
use crate::field::Fields;
use crate::ownership::Cause;

pub async fn give_back(shared: &Shared, call: &Call, request: &ReturnCustomerRequest) -> Result<Customer> {
    let giver = Giver::of(shared, call, &request.reason_code, &request.reason).await?;
    let id = id(&request.id)?;
    let mut tx = match shared.db.begin_once::<Customer>(call).await? {
        Once::Done(customer) => return Ok(Reader::of(&call.caller, &giver.fields).again(customer)),
        Once::New(tx) => tx,
    };
    let sources = giver.sources(&mut tx).await?;
    let customer = giver.put(&mut tx, &sources, id, &request.etag).await?;
    tx.commit_call(call, customer).await
}

pub async fn give_back_many(
    shared: &Shared,
    call: &Call,
    request: &ReturnCustomersRequest,
) -> Result<ReturnCustomersResponse> {
    let giver = Giver::of(shared, call, &request.reason_code, &request.reason).await?;
    let ids = request.ids.iter().map(|text| id(text)).collect::<Result<Vec<_>>>()?;
    let mut tx = match shared.db.begin_once::<ReturnCustomersResponse>(call).await? {
        Once::Done(response) => {
            let reader = Reader::of(&call.caller, &giver.fields);
            return Ok(ReturnCustomersResponse { outcomes: reader.outcomes_again(response.outcomes) });
        }
        Once::New(tx) => tx,
    };
    let sources = giver.sources(&mut tx).await?;
    let personal = personal_keys(&giver.fields);
    // Held in the order of ids, answered in the order of the request.
    let mut places: Vec<usize> = (0..ids.len()).collect();
    places.sort_by_key(|place| ids[*place]);
    let mut outcomes = Vec::with_capacity(ids.len());
    for place in places {
        let moved = match giver.put(&mut tx, &sources, ids[place], "").await {
            Ok(mut customer) => {
                hide(&mut customer, &personal);
                Ok(customer)
            }
            Err(error) if error.code() == Code::NotFound => Err(Refusal::NotFound),
            Err(error) => return Err(error),
        };
        outcomes.push((place, outcome(ids[place], moved)));
    }
    outcomes.sort_by_key(|(place, _)| *place);
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    tx.commit_call(call, ReturnCustomersResponse { outcomes }).await
}

/// Who gives back, and why.
struct Giver<'a> {
    call: &'a Call,
    fields: Arc<Fields>,
    employee_id: Uuid,
    code: &'a str,
    note: &'a str,
}

impl<'a> Giver<'a> {
    async fn of(shared: &Shared, call: &'a Call, code: &'a str, note: &'a str) -> Result<Self> {
        let (code, note) = (code.trim(), note.trim());
        let fields = shared.fields.seen_by(&call.caller).await?;
        if code.is_empty() && note.is_empty() {
            return Err(Error::invalid("reason", &common::VALUE_REQUIRED));
        }
        if !code.is_empty() {
            let refused = |reason| {
                let error = Error::invalid("reason_code", reason);
                Err(error.arg("dictionary", "return_reason").arg("code", code))
            };
            match fields.dictionaries().contains("return_reason", code) {
                None => return refused(&reason::CODE_UNKNOWN),
                Some(entry) if entry.retired => return refused(&reason::CODE_RETIRED),
                Some(_) => {}
            }
        }
        Ok(Self { call, fields, employee_id: call.caller.require_employee()?, code, note })
    }

    async fn sources(&self, tx: &mut Tx) -> Result<Sources> {
        let policy = self.call.caller.policy().cloned().unwrap_or_default();
        super::pools_load(tx.connection(), &policy).await
    }

    async fn put(&self, tx: &mut Tx, sources: &Sources, id: Uuid, etag: &str) -> Result<Customer> {
        // What others have is not theirs to give back, whatever they may see of it.
        let own = RowPredicate::Scoped {
            employee_id: self.employee_id,
            group_ids: Arc::from([]),
            shared_with_group: None,
            shares_count: false,
        };
        let reader = Reader::of(&self.call.caller, &self.fields);
        let before = reader.customer(&customer_lock(tx.connection(), &own, id).await?)?;
        check_etag(etag, &before.etag)?;
        let cause = Cause {
            code: self.code.to_owned(),
            note: self.note.to_owned(),
            ..Cause::by(OwnershipReason::Returned, self.employee_id)
        };
        let rows = owner_set(tx.connection(), &[id], To::Pool(sources), &cause).await?;
        let customer = reader.customer(rows.first().ok_or_else(Error::not_found)?)?;
        event::emit(tx, id, &customer);
        let field = |field: &str, before: String, after: &str| FieldChange {
            field: field.into(),
            before,
            after: after.to_owned(),
        };
        let mut changes = vec![field("owner_id", before.owner_name, "")];
        for (name, value) in [("reason_code", self.code), ("reason", self.note)] {
            if !value.is_empty() {
                changes.push(field(name, String::new(), value));
            }
        }
        tx.audit(AuditEntry {
            action: "customer.returned",
            record_kind: event::AGGREGATE,
            record_id: id,
            subject_id: id,
            changes,
        });
        Ok(customer)
    }
}
