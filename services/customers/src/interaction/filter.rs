//! What lists of interactions may be filtered and sorted by.

use chrono::{DateTime, Utc};
use contracts::customers::{Interaction, InteractionState, InteractionType};
use platform::filter::{Column, Field, FieldType, Row, Schema, Value};

use crate::field::to_key;

pub const DEFAULT_ORDER: &str = "occur_time desc";

pub fn built_in() -> Schema {
    let types = (1..=7).filter_map(|number| InteractionType::try_from(number).ok());
    let types = types.map(|value| (short(value.as_str_name(), "INTERACTION_TYPE_"), value as i32));
    let states = (1..=3).filter_map(|number| InteractionState::try_from(number).ok());
    let states = states.map(|value| (short(value.as_str_name(), "INTERACTION_STATE_"), value as i32));
    Schema::new()
        .with(Field::new("id", FieldType::Uuid, Column::sql("i.id")).sortable().not_null())
        .field("customer_id", FieldType::Uuid, Column::sql("i.customer_id"))
        .field("type", FieldType::int_enum(types), Column::sql("i.type"))
        .field("state", FieldType::int_enum(states), Column::sql("i.state"))
        .field("subject", FieldType::Text, Column::sql("i.subject"))
        .field("employee_id", FieldType::Uuid, Column::sql("i.employee_id"))
        .with(Field::new("occur_time", FieldType::Timestamp, Column::sql("i.occur_time")).sortable().not_null())
        .with(Field::new("next_step_time", FieldType::Timestamp, Column::sql("i.next_step_time")).sortable())
        .with(Field::new("create_time", FieldType::Timestamp, Column::sql("i.create_time")).sortable().not_null())
}

/// Filters say `PLANNED`.
fn short(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// A row's place in the order of a list.
pub struct Place<'a>(pub &'a Interaction);

impl Row for Place<'_> {
    fn value(&self, field: &str) -> Value {
        let time = match field {
            "id" => return self.0.id.parse().map_or(Value::Null, Value::Uuid),
            "occur_time" => self.0.occur_time.as_ref(),
            "next_step_time" => self.0.next_step_time.as_ref(),
            "create_time" => self.0.create_time.as_ref(),
            custom => {
                let value = custom.strip_prefix("custom.").and_then(|key| self.0.custom_fields.get(key));
                return value.map_or(Value::Null, to_key);
            }
        };
        time.and_then(instant).map_or(Value::Null, Value::Timestamp)
    }
}

/// The moment that a timestamp of the contract stands for, to the microsecond as it is stored.
pub fn instant(time: &prost_types::Timestamp) -> Option<DateTime<Utc>> {
    let time = DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?)?;
    DateTime::from_timestamp_micros(time.timestamp_micros())
}
