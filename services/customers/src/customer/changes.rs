//! What a write changed of a customer, as text for the audit trail.

use contracts::customers::{Address, Customer};
use platform::db::FieldChange;
use serde_json::Value;

use crate::audit::Changes;
use crate::field::sight::add_changes;

/// The fields in which two states differ; `before` is an empty customer for a new one.
pub fn between(before: (&Customer, &Value), after: (&Customer, &Value)) -> Vec<FieldChange> {
    let ((old, old_custom), (new, new_custom)) = (before, after);
    let mut changes = Changes::default();
    if old.kind != new.kind {
        let name = |customer: &Customer| if customer.kind == 0 { "" } else { customer.kind().as_str_name() }.to_owned();
        changes.add("kind", name(old), name(new));
    }
    for (field, old, new) in [
        ("number", &old.number, &new.number),
        ("name", &old.name, &new.name),
        ("region", &old.region, &new.region),
        ("industry", &old.industry, &new.industry),
        ("source", &old.source, &new.source),
        ("level", &old.level, &new.level),
        ("grade", &old.grade, &new.grade),
        ("credit", &old.credit, &new.credit),
        ("status", &old.status, &new.status),
        ("phone", &old.phone, &new.phone),
        ("email", &old.email, &new.email),
        ("website", &old.website, &new.website),
        ("id_number", &old.id_number, &new.id_number),
        ("legal_representative", &old.legal_representative, &new.legal_representative),
        ("bank_name", &old.bank_name, &new.bank_name),
        ("bank_account", &old.bank_account, &new.bank_account),
        ("birthday", &old.birthday, &new.birthday),
        ("remark", &old.remark, &new.remark),
        ("owner_id", &old.owner_name, &new.owner_name),
    ] {
        if old != new {
            changes.add(field, old, new);
        }
    }
    if old.satisfaction != new.satisfaction {
        let number = |number: i32| if number == 0 { String::new() } else { number.to_string() };
        changes.add("satisfaction", number(old.satisfaction), number(new.satisfaction));
    }
    if old.gender != new.gender {
        let name =
            |customer: &Customer| if customer.gender == 0 { "" } else { customer.gender().as_str_name() }.to_owned();
        changes.add("gender", name(old), name(new));
    }
    if old.addresses != new.addresses {
        changes.add("addresses", addresses_text(&old.addresses), addresses_text(&new.addresses));
    }
    add_changes(&mut changes, old_custom, new_custom);
    changes.into()
}

fn addresses_text(addresses: &[Address]) -> String {
    let lines = addresses.iter().map(|address| {
        let parts = [&address.label, &address.region, &address.street, &address.postal_code];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("; ")
}
