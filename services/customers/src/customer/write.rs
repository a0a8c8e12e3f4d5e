//! Creating and changing one customer: rules, then row, search document, unique values, event and audit in one transaction.

use std::borrow::Cow;

use contracts::customers::{Customer, CustomerStage, CustomerState, UpdateCustomerRequest};
use contracts::options::{Permission, PersonalData, Visibility};
use platform::access::{Call, Caller};
use platform::db::{AuditEntry, Once, Tx, timestamp};
use platform::error::{Error, Result, Violation};
use platform::update;
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::row::Reader;
use super::rpc::{expected_revision, id};
use super::rules::{self, Circumstances, MUTABLE};
use super::store::{self, Stored};
use super::{assign, changes, event};
use crate::Shared;
use crate::error::reason::{CUSTOMER_INVALID, NUMBER_TAKEN};
use crate::field::unique::{unique_values, unique_values_set};
use crate::field::{Checks, Fields, Mode, validate_custom};
use crate::search::document::customer_document;
use crate::search::store::documents_save;

/// How often a generated number may turn out to be taken by one that somebody typed.
const TRIES: usize = 8;

pub async fn create(shared: &Shared, call: &Call, mut customer: Customer) -> Result<Customer> {
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    rules::normalize(&mut customer);
    let mut faults = rules::check(&customer, None, |_| true, &circumstances(shared, &call.caller, &fields));
    let checks = Checks { fields: &fields, masked: reader.masked(), today: shared.today() };
    let custom_fields = validate_custom(checks, &mut customer.custom_fields, Mode::Create).unwrap_or_else(|more| {
        faults.extend(more);
        Value::Null
    });
    if !faults.is_empty() {
        return Err(Error::invalid_fields(faults));
    }
    let (owner_id, group_id) =
        assign::owner(call, Permission::CustomersCreate, "customer.owner_id", &customer.owner_id)?;
    reader.put_owner(&mut customer, Some(owner_id), group_id);
    customer.state = CustomerState::Active.into();
    customer.last_contact_time = None;
    customer.tags.clear();
    customer.grades.clear();
    customer.stage = CustomerStage::Acquire.into();
    customer.create_user_name = call.caller.display_name().to_owned();
    customer.update_user_name = customer.create_user_name.clone();

    let generated = customer.number.is_empty();
    for _ in 1..TRIES {
        match insert(shared, call, &fields, &mut customer, &custom_fields, (owner_id, group_id), generated).await {
            Err(error) if generated && *error.reason() == NUMBER_TAKEN => {}
            done => return done,
        }
    }
    insert(shared, call, &fields, &mut customer, &custom_fields, (owner_id, group_id), generated).await
}

async fn insert(
    shared: &Shared,
    call: &Call,
    fields: &Fields,
    customer: &mut Customer,
    custom_fields: &Value,
    (owner_id, group_id): (Uuid, Option<Uuid>),
    generated: bool,
) -> Result<Customer> {
    // Before the transaction: who holds one connection and waits for another can be one of so many that none is left.
    if generated {
        customer.number = shared.numbers.next(shared.db.pool()).await?;
    }
    let reader = Reader::of(&call.caller, fields);
    let mut tx = match shared.db.begin_once::<Customer>(call).await? {
        Once::Done(customer) => return Ok(reader.again(customer)),
        Once::New(tx) => tx,
    };
    let id = Uuid::now_v7();
    customer.id = id.to_string();
    customer.etag = update::etag(1);
    let document = customer_document(id, &customer.name, &customer.number, &customer.phone);
    let stored = Stored { customer, custom_fields };
    let user_id = call.caller.employee_id();
    let create_time =
        store::customer_insert(tx.connection(), &stored, (id, owner_id, group_id), &document, user_id).await?;
    let unique = unique_values(fields, custom_fields);
    if !unique.is_empty() {
        unique_values_set(tx.connection(), fields, id, &unique).await?;
    }
    customer.create_time = Some(timestamp(create_time));
    customer.update_time = customer.create_time;
    audit(&mut tx, "customer.created", id, (&Customer::default(), &Value::Null), (customer, custom_fields));
    event::emit(&mut tx, id, customer);
    let mut reply = customer.clone();
    reader.masked().apply(&mut reply.custom_fields);
    tx.commit_call(call, reply).await
}

pub async fn update(shared: &Shared, call: &Call, request: UpdateCustomerRequest) -> Result<Customer> {
    let mut change = request.customer.unwrap_or_default();
    let id = id(&change.id)?;
    let paths = update::paths(request.update_mask.as_ref(), &MUTABLE)?;
    let revision = expected_revision(&change)?;
    rules::normalize(&mut change);
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let mut tx = match shared.db.begin_once::<Customer>(call).await? {
        Once::Done(customer) => return Ok(reader.again(customer)),
        Once::New(tx) => tx,
    };
    let rows = call.caller.rows(Permission::CustomersUpdate);
    let row = store::customer_lock(tx.connection(), &rows, id).await?;
    let (before, _) = reader.stored(&row)?;
    if before.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    if before.state() == CustomerState::Invalid {
        return Err(Error::failed_precondition(&CUSTOMER_INVALID));
    }

    let writer = Writer { shared, caller: &call.caller, fields: &fields, reader: &reader };
    let wanted = Wanted { customer: &mut change, paths: &paths, restored: None };
    match writer.write(&mut tx, (id, &row), wanted).await? {
        Written::Refused(faults) => Err(Error::invalid_fields(faults)),
        Written::Same => Ok(reader.customer(&row)?),
        Written::Changed(customer) => tx.commit_call(call, *customer).await,
    }
}

/// On whose behalf customers are changed.
pub struct Writer<'a> {
    pub shared: &'a Shared,
    pub caller: &'a Caller,
    /// As the caller sees them.
    pub fields: &'a Fields,
    pub reader: &'a Reader<'a>,
}

pub struct Wanted<'a> {
    pub customer: &'a mut Customer,
    /// The fields that it takes over.
    pub paths: &'a [&'a str],
    /// The same values as they were stored once, by path: what is given back may be what could not be set anew, such as a
    /// retired code.
    pub restored: Option<&'a Map<String, Value>>,
}

pub enum Written {
    Refused(Vec<Violation>),
    /// It was so already.
    Same,
    Changed(Box<Customer>),
}

impl Writer<'_> {
    /// Changes a customer whose row the transaction holds; the answer is as the caller sees it.
    pub async fn write(&self, tx: &mut Tx, (id, row): (Uuid, &PgRow), wanted: Wanted<'_>) -> Result<Written> {
        let (before, before_custom) = self.reader.stored(row)?;
        let Wanted { customer: change, paths, restored } = wanted;
        let mut after = before.clone();
        for path in paths {
            rules::take(&mut after, change, path);
        }
        let touched = |field: &str| paths.contains(&field);
        let known = if restored.is_some() { &after } else { &before };
        let circumstances = circumstances(self.shared, self.caller, self.fields);
        let mut faults = rules::check(&after, Some(known), touched, &circumstances);
        let keys: Vec<&str> = paths.iter().filter_map(|path| path.strip_prefix("custom_fields.")).collect();
        let held = with_restored(&before_custom, restored, &keys);
        let mode = match () {
            () if touched("custom_fields") => Some(Mode::Replace { before: &held }),
            () if !keys.is_empty() => Some(Mode::Patch { before: &held, keys: &keys }),
            () => None,
        };
        let mut after_custom = None;
        if let Some(mode) = mode {
            let checks = Checks { fields: self.fields, masked: self.reader.masked(), today: self.shared.today() };
            match validate_custom(checks, &mut change.custom_fields, mode) {
                Ok(custom_fields) => after_custom = Some(custom_fields),
                Err(more) => faults.extend(more),
            }
        }
        if !faults.is_empty() {
            return Ok(Written::Refused(faults));
        }

        let after_custom = after_custom.as_ref().unwrap_or(&before_custom);
        if changes::between((&before, &before_custom), (&after, after_custom)).is_empty() {
            return Ok(Written::Same);
        }
        let stored = Stored { customer: &after, custom_fields: after_custom };
        let row = store::customer_update(tx.connection(), id, &stored, self.caller.employee_id()).await?;
        if (&after.name, &after.number, &after.phone) != (&before.name, &before.number, &before.phone) {
            let document = customer_document(id, &after.name, &after.number, &after.phone);
            documents_save(tx.connection(), &[document]).await?;
        }
        if *after_custom != before_custom {
            unique_values_set(tx.connection(), self.fields, id, &unique_values(self.fields, after_custom)).await?;
        }
        audit(tx, "customer.updated", id, (&before, &before_custom), (&after, after_custom));
        let customer = self.reader.customer(&row)?;
        event::emit(tx, id, &customer);
        Ok(Written::Changed(Box::new(customer)))
    }
}

/// The custom fields with those that are given back: what a record holds is not checked as if it were new.
fn with_restored<'v>(before: &'v Value, restored: Option<&Map<String, Value>>, keys: &[&str]) -> Cow<'v, Value> {
    let Some(restored) = restored else { return Cow::Borrowed(before) };
    let mut object = before.as_object().cloned().unwrap_or_default();
    for key in keys {
        match restored.get(&format!("custom_fields.{key}")) {
            None | Some(Value::Null) => drop(object.shift_remove(*key)),
            Some(value) => drop(object.insert((*key).to_owned(), value.clone())),
        }
    }
    Cow::Owned(Value::Object(object))
}

/// What rules depend on.
pub fn circumstances<'a>(
    shared: &Shared,
    caller: &'a Caller,
    fields: &'a Fields,
) -> Circumstances<'a, impl Fn(PersonalData) -> Visibility + 'a> {
    let visibility = |kind| caller.visibility(kind);
    Circumstances { dictionaries: fields.dictionaries(), today: shared.today(), visibility }
}

fn audit(tx: &mut Tx, action: &'static str, id: Uuid, before: (&Customer, &Value), after: (&Customer, &Value)) {
    tx.audit(AuditEntry {
        action,
        record_kind: event::AGGREGATE,
        record_id: id,
        subject_id: id,
        changes: changes::between(before, after),
    });
}
