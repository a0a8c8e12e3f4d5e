//! The fields of a customer by their paths, as a merge compares, takes over and gives back each by itself.

use std::collections::BTreeMap;

use contracts::customers::Customer;
use serde_json::{Value, json};

use crate::customer::row::{addresses_json, addresses_of};

/// What a customer holds, without blanks.
pub type Values = BTreeMap<String, Value>;

pub const CUSTOM: &str = "custom_fields.";

/// Built-in fields that a merge decides on; kind and number stay the survivor's.
pub const PATHS: [&str; 20] = [
    "name",
    "region",
    "industry",
    "source",
    "level",
    "grade",
    "credit",
    "satisfaction",
    "status",
    "phone",
    "email",
    "website",
    "addresses",
    "id_number",
    "legal_representative",
    "bank_name",
    "bank_account",
    "gender",
    "birthday",
    "remark",
];

/// The text fields by their paths.
fn text<'c>(customer: &'c mut Customer, path: &str) -> Option<&'c mut String> {
    Some(match path {
        "name" => &mut customer.name,
        "region" => &mut customer.region,
        "industry" => &mut customer.industry,
        "source" => &mut customer.source,
        "level" => &mut customer.level,
        "grade" => &mut customer.grade,
        "credit" => &mut customer.credit,
        "status" => &mut customer.status,
        "phone" => &mut customer.phone,
        "email" => &mut customer.email,
        "website" => &mut customer.website,
        "id_number" => &mut customer.id_number,
        "legal_representative" => &mut customer.legal_representative,
        "bank_name" => &mut customer.bank_name,
        "bank_account" => &mut customer.bank_account,
        "birthday" => &mut customer.birthday,
        "remark" => &mut customer.remark,
        _ => return None,
    })
}

/// Of a customer and its custom fields as they are stored.
pub fn values(customer: &Customer, custom: &Value) -> Values {
    let mut customer = customer.clone();
    let of = |path: &'static str| {
        let value = match path {
            "satisfaction" => json!(customer.satisfaction),
            "gender" => json!(customer.gender),
            "addresses" => addresses_json(&customer.addresses),
            path => text(&mut customer, path).map_or(Value::Null, |text| json!(text)),
        };
        (path.to_owned(), value)
    };
    let mut values: Values = PATHS.into_iter().map(of).collect();
    values
        .extend(custom.as_object().into_iter().flatten().map(|(key, value)| (format!("{CUSTOM}{key}"), value.clone())));
    values.retain(|_, value| !is_blank(value));
    values
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        // Unknown, of what is counted from one.
        Value::Number(number) => number.as_i64() == Some(0),
        _ => false,
    }
}

/// Gives one field a value, or none.
pub fn put(customer: &mut Customer, custom: &mut Value, path: &str, value: Option<&Value>) {
    if let Some(key) = path.strip_prefix(CUSTOM) {
        let Some(fields) = custom.as_object_mut() else { return };
        match value {
            Some(value) => drop(fields.insert(key.to_owned(), value.clone())),
            None => drop(fields.remove(key)),
        }
        return;
    }
    let number = || value.and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok()).unwrap_or_default();
    match path {
        "satisfaction" => customer.satisfaction = number(),
        "gender" => customer.gender = number(),
        "addresses" => customer.addresses = value.map(addresses_of).unwrap_or_default(),
        path => {
            if let Some(text) = text(customer, path) {
                *text = value.and_then(Value::as_str).unwrap_or_default().to_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::customers::Address;

    use super::*;
    use crate::customer::rules::MUTABLE;

    #[test]
    fn every_field_goes_out_and_comes_in_by_itself() {
        let whole = Customer {
            name: "张三".into(),
            phone: "138".into(),
            satisfaction: 4,
            gender: 1,
            birthday: "1990-01-01".into(),
            addresses: vec![Address { street: "文三路 1 号".into(), ..Address::default() }],
            ..Customer::default()
        };
        let custom = json!({"motto": "诚信", "tags": ["a"], "none": null});
        let taken = values(&whole, &custom);
        let names: Vec<&str> = taken.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "addresses",
                "birthday",
                "custom_fields.motto",
                "custom_fields.tags",
                "gender",
                "name",
                "phone",
                "satisfaction"
            ]
        );
        let (mut copy, mut copied) = (Customer::default(), json!({}));
        for (path, value) in &taken {
            put(&mut copy, &mut copied, path, Some(value));
        }
        assert_eq!((&copy, values(&copy, &copied)), (&whole, taken.clone()));
        for path in taken.keys() {
            put(&mut copy, &mut copied, path, None);
        }
        assert_eq!((copy, copied), (Customer::default(), json!({})));
    }

    #[test]
    fn what_a_caller_may_change_is_merged() {
        for path in MUTABLE {
            let fixed = ["kind", "number", "custom_fields", "custom_fields.*"].contains(&path);
            assert_eq!(PATHS.contains(&path), !fixed, "{path}");
        }
        for path in PATHS {
            let known = text(&mut Customer::default(), path).is_some();
            assert_eq!(known, !["satisfaction", "gender", "addresses"].contains(&path), "{path}");
        }
    }
}
