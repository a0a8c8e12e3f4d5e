//! The values that bulk changes set and give back, by path, as JSON. Pure.

use contracts::customers::Customer;
use platform::error::{Error, Result};
use serde_json::{Map, Value};

use crate::customer::rules::coded;
use crate::error::reason;
use crate::field::{Fields, to_messages};

pub type Values = Map<String, Value>;

/// Fields whose value many customers share. What is each one's own, as a name, a phone or what is unique, is not among them.
pub const MUTABLE: [&str; 9] =
    ["region", "industry", "source", "level", "grade", "credit", "satisfaction", "status", "custom_fields.*"];

const CUSTOM: &str = "custom_fields.";

/// Refused at the mask where a custom field is each customer's own.
pub fn check(paths: &[&str], fields: &Fields) -> Result<()> {
    let own = paths.iter().find(|path| {
        let field = path.strip_prefix(CUSTOM).and_then(|key| fields.by_key(key));
        field.is_some_and(|field| field.unique || field.personal_data != 0)
    });
    match own {
        Some(path) => Err(Error::invalid("update_mask", &reason::BULK_FIELD_OWN).arg("field", path)),
        None => Ok(()),
    }
}

/// The values of a customer at these paths.
pub fn values_of(customer: &Customer, custom_fields: &Value, paths: &[&str]) -> Values {
    let value = |path: &str| match path.strip_prefix(CUSTOM) {
        Some(key) => custom_fields.get(key).cloned().unwrap_or_default(),
        None if path == "satisfaction" => customer.satisfaction.into(),
        None => coded(customer, path).into(),
    };
    paths.iter().map(|path| ((*path).to_owned(), value(path))).collect()
}

/// A customer that holds these values and nothing else.
pub fn customer_of(values: &Values, fields: &Fields) -> Customer {
    let mut customer = Customer::default();
    for (path, value) in values {
        let text = || value.as_str().unwrap_or_default().to_owned();
        match path.as_str() {
            "region" => customer.region = text(),
            "industry" => customer.industry = text(),
            "source" => customer.source = text(),
            "level" => customer.level = text(),
            "grade" => customer.grade = text(),
            "credit" => customer.credit = text(),
            "status" => customer.status = text(),
            "satisfaction" => {
                customer.satisfaction = value.as_i64().and_then(|number| number.try_into().ok()).unwrap_or_default();
            }
            _ => {}
        }
    }
    let custom = values.iter().filter_map(|(path, value)| Some((path.strip_prefix(CUSTOM)?.to_owned(), value.clone())));
    customer.custom_fields = to_messages(fields, &Value::Object(custom.collect()));
    customer
}

/// The paths of values.
pub fn paths(values: &Values) -> Vec<&str> {
    values.keys().map(String::as_str).collect()
}

/// Whether somebody may set all of them.
pub fn is_writable(values: &Values, fields: &Fields) -> bool {
    values.keys().filter_map(|path| path.strip_prefix(CUSTOM)).all(|key| fields.is_writable(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::rules::CODED;

    #[test]
    fn values_go_into_a_customer_and_come_out_again() {
        let before = Customer { level: "vip".into(), satisfaction: 4, region: "330100".into(), ..Customer::default() };
        let paths = ["level", "region", "satisfaction", "status"];
        let values = values_of(&before, &Value::Null, &paths);
        assert_eq!(
            serde_json::json!(values),
            serde_json::json!({"level": "vip", "region": "330100", "satisfaction": 4, "status": ""})
        );
        let after = customer_of(&values, &Fields::default());
        assert_eq!(values_of(&after, &Value::Null, &paths), values);
    }

    #[test]
    fn every_code_can_be_changed_so() {
        for (field, _) in CODED {
            assert!(MUTABLE.contains(&field), "{field}");
            let values: Values = [(field.to_owned(), Value::from("x"))].into_iter().collect();
            assert_eq!(coded(&customer_of(&values, &Fields::default()), field), "x");
        }
    }
}
