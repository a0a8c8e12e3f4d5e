//! What lists, exports, views and the pool may filter and sort customers by, and what of it a caller may use.

use chrono::{FixedOffset, Utc};
use contracts::options::{PersonalData, Visibility};
use platform::access::Caller;
use platform::error::Result;
use platform::filter::{Column, EvalContext, Field, FieldType, OrderBy, Predicate, Schema};

use crate::field::Masked;
use crate::field::filter::chosen;

pub const DEFAULT_ORDER: &str = "create_time desc";

/// The day in every year, as the index `customer_birthday` has it.
const MONTH_DAY: &str = "((extract(month FROM c.birthday) * 100 + extract(day FROM c.birthday))::int)";

/// Built-in fields that hold personal data.
const PERSONAL: [(&str, PersonalData); 4] = [
    ("phone", PersonalData::Phone),
    ("email", PersonalData::Email),
    ("id_number", PersonalData::IdNumber),
    ("bank_account", PersonalData::BankAccount),
];

/// The schema of the built-in fields; the table is `c` in every query.
pub fn built_in() -> Schema {
    let text = |schema: Schema, name: &str, column: &'static str| {
        schema.with(Field::new(name, FieldType::Text, Column::sql(column)).sortable().not_null())
    };
    let code = |schema: Schema, name: &str, column: &'static str| {
        schema.with(Field::new(name, FieldType::String, Column::sql(column)).sortable().not_null())
    };
    let texts = [
        ("number", "c.number"),
        ("name", "c.name"),
        ("phone", "c.phone"),
        ("email", "c.email"),
        ("website", "c.website"),
        ("id_number", "c.id_number"),
        ("legal_representative", "c.legal_representative"),
        ("bank_name", "c.bank_name"),
        ("bank_account", "c.bank_account"),
        ("remark", "c.remark"),
    ];
    let codes = [
        ("industry", "c.industry"),
        ("source", "c.source"),
        ("level", "c.level"),
        ("grade", "c.grade"),
        ("credit", "c.credit"),
        ("status", "c.status"),
    ];
    let schema = texts.into_iter().fold(Schema::new(), |schema, (name, column)| text(schema, name, column));
    let schema = codes.into_iter().fold(schema, |schema, (name, column)| code(schema, name, column));
    schema
        .with(Field::new("id", FieldType::Uuid, Column::sql("c.id")).sortable().not_null())
        .with(Field::new("region", FieldType::CodePrefix, Column::sql("c.region")).sortable().not_null())
        .with(Field::new("kind", kinds(), Column::sql("c.kind")).sortable().not_null())
        .with(Field::new("gender", genders(), Column::sql("c.gender")).sortable().not_null())
        .with(Field::new("state", states(), Column::sql("c.state")).sortable().not_null())
        .with(Field::new("stage", stages(), Column::sql("c.stage")).sortable().not_null())
        .with(Field::new("satisfaction", FieldType::Int, Column::sql("c.satisfaction")).sortable().not_null())
        .with(Field::new("birthday", FieldType::Date, Column::sql("c.birthday")).sortable())
        .with(Field::new("birthday_month_day", FieldType::Int, Column::sql(MONTH_DAY)).sortable())
        .with(Field::new("owner_id", FieldType::Uuid, Column::sql("c.owner_id")).sortable())
        .with(Field::new("group_id", FieldType::Uuid, Column::sql("c.group_id")).sortable())
        .with(Field::new("create_user_id", FieldType::Uuid, Column::sql("c.create_user_id")))
        .with(Field::new("update_user_id", FieldType::Uuid, Column::sql("c.update_user_id")))
        .with(Field::new("tags", FieldType::StringList, tags()))
        .with(Field::new("last_contact_time", FieldType::Timestamp, Column::sql("c.last_contact_time")).sortable())
        .with(Field::new("create_time", FieldType::Timestamp, Column::sql("c.create_time")).sortable().not_null())
        .with(Field::new("update_time", FieldType::Timestamp, Column::sql("c.update_time")).sortable().not_null())
}

/// One that has run out is as good as gone.
fn tags() -> Column {
    Column::rows(
        "customer_tag t WHERE t.customer_id = c.id AND (t.expire_time IS NULL OR t.expire_time > now())",
        "t.tag",
    )
}

/// Names with and without the prefix that protobuf wants.
fn kinds() -> FieldType {
    FieldType::int_enum([
        ("PERSON", 1),
        ("ORGANIZATION", 2),
        ("CUSTOMER_KIND_PERSON", 1),
        ("CUSTOMER_KIND_ORGANIZATION", 2),
    ])
}

fn genders() -> FieldType {
    FieldType::int_enum([
        ("MALE", 1),
        ("FEMALE", 2),
        ("GENDER_UNSPECIFIED", 0),
        ("GENDER_MALE", 1),
        ("GENDER_FEMALE", 2),
    ])
}

fn states() -> FieldType {
    FieldType::int_enum([("ACTIVE", 1), ("INVALID", 2), ("CUSTOMER_STATE_ACTIVE", 1), ("CUSTOMER_STATE_INVALID", 2)])
}

fn stages() -> FieldType {
    let names = [("ACQUIRE", 1), ("RETAIN", 2), ("ENDED", 3), ("WIN_BACK", 4)];
    let names = names.into_iter();
    FieldType::int_enum(
        names.flat_map(|(name, value)| [(name.to_owned(), value), (format!("CUSTOMER_STAGE_{name}"), value)]),
    )
}

/// A checked filter and order.
pub struct Selection {
    pub predicate: Predicate,
    pub order: OrderBy,
    pub context: EvalContext,
    /// The filter says nothing of `state`: customers out of use are left out.
    pub active_only: bool,
}

impl Selection {
    pub fn new(
        schema: &Schema,
        caller: &Caller,
        masked: &Masked,
        zone: FixedOffset,
        filter: &str,
        order_by: &str,
    ) -> Result<Self> {
        Self::in_request(schema, caller, masked, zone, "", filter, order_by)
    }

    /// The same where the request has filter and order within a message: `prefix` ends in a dot.
    pub fn in_request(
        schema: &Schema,
        caller: &Caller,
        masked: &Masked,
        zone: FixedOffset,
        prefix: &str,
        filter: &str,
        order_by: &str,
    ) -> Result<Self> {
        let order_by = if order_by.trim().is_empty() { DEFAULT_ORDER } else { order_by };
        let (predicate, order) = chosen(schema, prefix, (filter, order_by), |field| is_masked(field, caller, masked))?;
        let active_only = !predicate.fields().contains(&"state");
        let context = EvalContext::at(Utc::now().with_timezone(&zone), caller.employee_id());
        Ok(Self { predicate, order, context, active_only })
    }

    /// Nothing is asked but the newest that are in use.
    pub fn is_newest_first(&self) -> bool {
        self.active_only && self.predicate.fields().is_empty() && self.order.to_string() == "create_time desc,id desc"
    }
}

/// Filtering or sorting by a field tells its values, so who sees them masked may not.
pub fn is_masked(name: &str, caller: &Caller, masked: &Masked) -> bool {
    if let Some(key) = name.strip_prefix("custom.") {
        return masked.contains(key);
    }
    let kind = PERSONAL.iter().find(|(field, _)| *field == name);
    kind.is_some_and(|(_, kind)| caller.visibility(*kind) != Visibility::Clear)
}

#[cfg(test)]
mod tests {
    use platform::filter;

    use super::*;
    use crate::field::Fields;

    #[test]
    fn the_schema_follows_the_custom_fields() {
        let none = Fields::new(1, Vec::new(), Default::default()).schema(built_in);
        assert!(filter::compile("level = 'A' AND region : 33 AND kind = PERSON AND owner_id = me()", &none).is_ok());
        assert!(filter::compile("custom.budget > 1", &none).is_err());
        let budget = contracts::customers::Field {
            key: "budget".into(),
            r#type: contracts::customers::FieldType::Decimal as i32,
            ..Default::default()
        };
        let fields = Fields::new(2, vec![budget], Default::default());
        assert!(filter::compile("custom.budget > 1", &fields.schema(built_in)).is_ok());
    }

    #[test]
    fn the_default_order_is_the_one_of_the_index() {
        let schema = built_in();
        assert_eq!(
            OrderBy::parse(DEFAULT_ORDER, &schema).map(|order| order.to_string()),
            Ok("create_time desc,id desc".into())
        );
    }
}
