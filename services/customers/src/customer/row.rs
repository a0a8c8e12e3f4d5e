//! Row → message, on the hot path of every answer: columns by their place, nothing copied twice.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::{Address, Customer, CustomerOutcome};
use platform::access::{Caller, Policy};
use platform::db::timestamp;
use platform::update;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::types::Json;
use sqlx::{Row, ValueRef};
use uuid::Uuid;

use crate::field::{Fields, Masked, to_messages};

pub const COLUMNS: &str = "c.id, c.kind, c.number, c.name, c.region, c.industry, c.source, c.level, c.grade, c.credit,
    c.satisfaction, c.status, c.phone, c.email, c.website, c.addresses, c.id_number, c.legal_representative,
    c.bank_name, c.bank_account, c.gender, c.birthday, c.remark, c.custom_fields, c.owner_id, c.group_id, c.state,
    c.last_contact_time, c.create_time, c.update_time, c.create_user_id, c.update_user_id, c.grades,
    ARRAY(SELECT t.tag FROM customer_tag t
          WHERE t.customer_id = c.id AND (t.expire_time IS NULL OR t.expire_time > now()) ORDER BY t.tag),
    c.stage, c.revision";

/// How many columns there are; more can follow.
pub const WIDTH: usize = 36;

/// What it takes to read a row for somebody.
pub struct Reader<'a> {
    fields: &'a Fields,
    masked: Masked,
    policy: Cow<'a, std::sync::Arc<Policy>>,
}

impl<'a> Reader<'a> {
    /// For a caller, whose view the fields are, and who may see some of them masked; the guard masks the others.
    pub fn of(caller: &'a Caller, fields: &'a Fields) -> Self {
        let policy = caller.policy().map_or_else(Cow::default, Cow::Borrowed);
        Self { fields, masked: Masked::of(fields, caller), policy }
    }

    /// For a caller to whom masked fields are revealed; hidden ones stay hidden.
    pub fn revealing(caller: &'a Caller, fields: &'a Fields) -> Self {
        Self { masked: Masked::revealed(fields, |kind| caller.visibility(kind)), ..Self::of(caller, fields) }
    }

    /// Everything in clear.
    pub fn clear(policy: std::sync::Arc<Policy>, fields: &'a Fields) -> Self {
        Self { fields, masked: Masked::nothing(), policy: Cow::Owned(policy) }
    }

    pub fn masked(&self) -> &Masked {
        &self.masked
    }

    /// As the caller sees it.
    pub fn customer(&self, row: &PgRow) -> sqlx::Result<Customer> {
        let mut customer = self.stored(row)?.0;
        self.masked.apply(&mut customer.custom_fields);
        Ok(customer)
    }

    /// An answer that was given before, as the caller may see it now.
    pub fn again(&self, mut customer: Customer) -> Customer {
        customer.custom_fields.retain(|key, _| self.fields.by_key(key).is_some());
        self.masked.apply(&mut customer.custom_fields);
        customer
    }

    /// The same of several.
    pub fn outcomes_again(&self, outcomes: Vec<CustomerOutcome>) -> Vec<CustomerOutcome> {
        let again = |outcome: CustomerOutcome| CustomerOutcome {
            customer: outcome.customer.map(|customer| self.again(customer)),
            ..outcome
        };
        outcomes.into_iter().map(again).collect()
    }

    /// Nothing masked, and the custom fields as they are stored.
    pub fn stored(&self, row: &PgRow) -> sqlx::Result<(Customer, Value)> {
        let custom_fields = custom_fields(row, 23)?;
        let mut customer = Customer {
            id: text(row.try_get(0)?),
            kind: row.try_get::<i16, _>(1)?.into(),
            number: row.try_get(2)?,
            name: row.try_get(3)?,
            region: row.try_get(4)?,
            industry: row.try_get(5)?,
            source: row.try_get(6)?,
            level: row.try_get(7)?,
            grade: row.try_get(8)?,
            credit: row.try_get(9)?,
            satisfaction: row.try_get::<i16, _>(10)?.into(),
            status: row.try_get(11)?,
            phone: row.try_get(12)?,
            email: row.try_get(13)?,
            website: row.try_get(14)?,
            addresses: addresses(row, 15)?,
            id_number: row.try_get(16)?,
            legal_representative: row.try_get(17)?,
            bank_name: row.try_get(18)?,
            bank_account: row.try_get(19)?,
            gender: row.try_get::<i16, _>(20)?.into(),
            birthday: row.try_get::<Option<NaiveDate>, _>(21)?.map(|day| day.to_string()).unwrap_or_default(),
            remark: row.try_get(22)?,
            custom_fields: to_messages(self.fields, &custom_fields),
            state: row.try_get::<i16, _>(26)?.into(),
            last_contact_time: row.try_get::<Option<DateTime<Utc>>, _>(27)?.map(timestamp),
            create_time: Some(timestamp(row.try_get(28)?)),
            update_time: Some(timestamp(row.try_get(29)?)),
            etag: update::etag(row.try_get(35)?),
            grades: grades(row, 32)?,
            tags: row.try_get(33)?,
            stage: row.try_get::<i16, _>(34)?.into(),
            ..Customer::default()
        };
        self.put_owner(&mut customer, row.try_get(24)?, row.try_get(25)?);
        if let Some(id) = row.try_get::<Option<Uuid>, _>(30)? {
            customer.create_user_name = self.policy.employee_name(id).to_owned();
        }
        if let Some(id) = row.try_get::<Option<Uuid>, _>(31)? {
            customer.update_user_name = self.policy.employee_name(id).to_owned();
        }
        Ok((customer, custom_fields))
    }

    /// Owner and group with their names.
    pub fn put_owner(&self, customer: &mut Customer, owner_id: Option<Uuid>, group_id: Option<Uuid>) {
        customer.owner_id = owner_id.map(text).unwrap_or_default();
        customer.owner_name = owner_id.map(|id| self.policy.employee_name(id).to_owned()).unwrap_or_default();
        customer.group_id = group_id.map(text).unwrap_or_default();
        customer.group_name = group_id.map(|id| self.policy.group_name(id).to_owned()).unwrap_or_default();
    }
}

fn text(id: Uuid) -> String {
    let mut buffer = Uuid::encode_buffer();
    id.hyphenated().encode_lower(&mut buffer).to_owned()
}

/// `jsonb` comes as a version byte and the text.
fn is_empty(value: &PgValueRef<'_>) -> bool {
    value.is_null() || matches!(value.as_bytes(), Ok(b"\x01[]" | b"\x01{}"))
}

fn grades(row: &PgRow, index: usize) -> sqlx::Result<HashMap<String, String>> {
    if is_empty(&row.try_get_raw(index)?) {
        return Ok(HashMap::new());
    }
    row.try_get::<Json<_>, _>(index).map(|Json(grades)| grades)
}

fn custom_fields(row: &PgRow, index: usize) -> sqlx::Result<Value> {
    if is_empty(&row.try_get_raw(index)?) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    row.try_get(index)
}

/// An address as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredAddress<'a> {
    label: Cow<'a, str>,
    region: Cow<'a, str>,
    street: Cow<'a, str>,
    postal_code: Cow<'a, str>,
}

impl StoredAddress<'_> {
    fn address(self) -> Address {
        Address {
            label: self.label.into_owned(),
            region: self.region.into_owned(),
            street: self.street.into_owned(),
            postal_code: self.postal_code.into_owned(),
        }
    }
}

fn addresses(row: &PgRow, index: usize) -> sqlx::Result<Vec<Address>> {
    if is_empty(&row.try_get_raw(index)?) {
        return Ok(Vec::new());
    }
    let Json(stored) = row.try_get::<Json<Vec<StoredAddress<'static>>>, _>(index)?;
    Ok(stored.into_iter().map(StoredAddress::address).collect())
}

/// Addresses from what [`addresses_json`] made of them.
pub fn addresses_of(stored: &Value) -> Vec<Address> {
    let stored = Vec::<StoredAddress<'_>>::deserialize(stored).unwrap_or_default();
    stored.into_iter().map(StoredAddress::address).collect()
}

/// Addresses as they are stored.
pub fn addresses_json(addresses: &[Address]) -> Value {
    let stored = addresses.iter().map(|address| {
        serde_json::json!({
            "label": address.label,
            "region": address.region,
            "street": address.street,
            "postal_code": address.postal_code,
        })
    });
    stored.collect()
}
