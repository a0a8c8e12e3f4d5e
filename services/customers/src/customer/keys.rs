//! A customer's place in an order, for page tokens.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use contracts::customers::Customer;
use platform::filter::{Row, Value};
use prost_types::Timestamp;

use crate::field::to_key;

/// A customer by the names of the list's schema.
pub struct Listed<'a>(pub &'a Customer);

impl Row for Listed<'_> {
    fn value(&self, field: &str) -> Value {
        let customer = self.0;
        let text = |text: &str| Value::Text(text.to_owned());
        match field {
            "id" => uuid(&customer.id),
            "kind" => Value::Int(customer.kind.into()),
            "number" => text(&customer.number),
            "name" => text(&customer.name),
            "region" => text(&customer.region),
            "industry" => text(&customer.industry),
            "source" => text(&customer.source),
            "level" => text(&customer.level),
            "grade" => text(&customer.grade),
            "credit" => text(&customer.credit),
            "satisfaction" => Value::Int(customer.satisfaction.into()),
            "status" => text(&customer.status),
            "phone" => text(&customer.phone),
            "email" => text(&customer.email),
            "website" => text(&customer.website),
            "id_number" => text(&customer.id_number),
            "legal_representative" => text(&customer.legal_representative),
            "bank_name" => text(&customer.bank_name),
            "bank_account" => text(&customer.bank_account),
            "gender" => Value::Int(customer.gender.into()),
            "birthday" => date(&customer.birthday),
            "birthday_month_day" => match date(&customer.birthday) {
                Value::Date(day) => Value::Int(i64::from(day.month() * 100 + day.day())),
                _ => Value::Null,
            },
            "remark" => text(&customer.remark),
            "owner_id" => uuid(&customer.owner_id),
            "group_id" => uuid(&customer.group_id),
            "stage" => Value::Int(customer.stage.into()),
            "state" => Value::Int(customer.state.into()),
            "last_contact_time" => time(customer.last_contact_time.as_ref()),
            "create_time" => time(customer.create_time.as_ref()),
            "update_time" => time(customer.update_time.as_ref()),
            graded if graded.starts_with("grades.") => match customer.grades.get(&graded["grades.".len()..]) {
                Some(code) => text(code),
                None => Value::Null,
            },
            custom => match custom.strip_prefix("custom.").and_then(|key| customer.custom_fields.get(key)) {
                Some(value) => to_key(value),
                None => Value::Null,
            },
        }
    }
}

fn uuid(text: &str) -> Value {
    text.parse().map_or(Value::Null, Value::Uuid)
}

fn date(text: &str) -> Value {
    text.parse::<NaiveDate>().map_or(Value::Null, Value::Date)
}

fn time(time: Option<&Timestamp>) -> Value {
    let time = time.and_then(|time| DateTime::<Utc>::from_timestamp(time.seconds, time.nanos.cast_unsigned()));
    time.map_or(Value::Null, Value::Timestamp)
}
