//! What lists of contacts may be filtered and sorted by.

use chrono::NaiveDate;
use contracts::customers::{Contact, DecisionRole};
use contracts::options::{PersonalData, Visibility};
use platform::access::Caller;
use platform::filter::{Column, Field, FieldType, Row, Schema, Value};

use crate::field::{Masked, to_key};
use crate::interaction::instant;

/// Over all customers.
pub const LATEST: &str = "create_time desc";
/// Of one customer, as they were made.
pub const PRIMARY_FIRST: &str = "primary desc, id";

/// Built-in fields that hold personal data.
const PERSONAL: [(&str, PersonalData); 3] =
    [("phone", PersonalData::Phone), ("email", PersonalData::Email), ("wechat", PersonalData::Phone)];

/// The schema of the built-in fields; the tables are `t` and, of the customers, `c`.
pub fn built_in() -> Schema {
    let texts = [
        ("name", "t.name"),
        ("post", "t.post"),
        ("phone", "t.phone"),
        ("email", "t.email"),
        ("wechat", "t.wechat"),
        ("hobby", "t.hobby"),
        ("remark", "t.remark"),
        ("customer_name", "c.name"),
    ];
    let text = |schema: Schema, (name, column): (&str, &'static str)| {
        schema.with(Field::new(name, FieldType::Text, Column::sql(column)).sortable().not_null())
    };
    texts
        .into_iter()
        .fold(Schema::new(), text)
        .with(Field::new("id", FieldType::Uuid, Column::sql("t.id")).sortable().not_null())
        .field("customer_id", FieldType::Uuid, Column::sql("t.customer_id"))
        .field("decision_role", roles(), Column::sql("t.decision_role"))
        .with(Field::new("birthday", FieldType::Date, Column::sql("t.birthday")).sortable())
        .with(
            Field::new("relationship_strength", FieldType::Int, Column::sql("t.relationship_strength"))
                .sortable()
                .not_null(),
        )
        .with(Field::new("primary", FieldType::Bool, Column::sql("t.is_primary")).sortable().not_null())
        .with(Field::new("create_time", FieldType::Timestamp, Column::sql("t.create_time")).sortable().not_null())
        .with(Field::new("update_time", FieldType::Timestamp, Column::sql("t.update_time")).sortable().not_null())
}

/// Filters say `BUYER`.
fn roles() -> FieldType {
    let roles = (1..=5).filter_map(|number| DecisionRole::try_from(number).ok());
    let short = |role: DecisionRole| role.as_str_name().trim_start_matches("DECISION_ROLE_");
    FieldType::int_enum(roles.map(|role| (short(role), role as i32)))
}

/// Filtering or sorting by a field tells its values, so who sees them masked may not.
pub fn is_masked(name: &str, caller: &Caller, masked: &Masked) -> bool {
    if let Some(key) = name.strip_prefix("custom.") {
        return masked.contains(key);
    }
    let kind = PERSONAL.iter().find(|(field, _)| *field == name);
    kind.is_some_and(|(_, kind)| caller.visibility(*kind) != Visibility::Clear)
}

/// A contact's place in an order, for page tokens.
pub struct Place<'a>(pub &'a Contact);

impl Row for Place<'_> {
    fn value(&self, field: &str) -> Value {
        let contact = self.0;
        let text = |text: &str| Value::Text(text.to_owned());
        let time = |time: Option<&_>| time.and_then(instant).map_or(Value::Null, Value::Timestamp);
        match field {
            "id" => contact.id.parse().map_or(Value::Null, Value::Uuid),
            "name" => text(&contact.name),
            "post" => text(&contact.post),
            "phone" => text(&contact.phone),
            "email" => text(&contact.email),
            "wechat" => text(&contact.wechat),
            "hobby" => text(&contact.hobby),
            "remark" => text(&contact.remark),
            "customer_name" => text(&contact.customer_name),
            "birthday" => contact.birthday.parse::<NaiveDate>().map_or(Value::Null, Value::Date),
            "relationship_strength" => Value::Int(contact.relationship_strength.into()),
            "primary" => Value::Bool(contact.primary),
            "create_time" => time(contact.create_time.as_ref()),
            "update_time" => time(contact.update_time.as_ref()),
            custom => {
                let value = custom.strip_prefix("custom.").and_then(|key| contact.custom_fields.get(key));
                value.map_or(Value::Null, to_key)
            }
        }
    }
}
