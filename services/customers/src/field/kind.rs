//! What custom fields are of, and where each kind of record keeps their values.

pub use contracts::customers::RecordKind;
use contracts::customers::{Contact, Customer, Interaction};
use platform::contract::Contract;
use prost::Name;

pub struct Place {
    /// In paths of violations, and in the audit trail.
    pub name: &'static str,
    pub table: &'static str,
    /// The column of the values in every query on the records.
    pub object: &'static str,
    /// Records in use, where the table has no other name.
    pub in_use: &'static str,
    message: fn() -> String,
}

static CUSTOMER: Place = Place {
    name: "customer",
    table: "customer",
    object: "c.custom_fields",
    in_use: "state = 1",
    message: Customer::full_name,
};
static CONTACT: Place = Place {
    name: "contact",
    table: "contact",
    object: "t.custom_fields",
    in_use: "NOT invalid",
    message: Contact::full_name,
};
static INTERACTION: Place = Place {
    name: "interaction",
    table: "interaction",
    object: "i.custom_fields",
    in_use: "TRUE",
    message: Interaction::full_name,
};

pub fn place(kind: RecordKind) -> &'static Place {
    match kind {
        RecordKind::Customer | RecordKind::Unspecified => &CUSTOMER,
        RecordKind::Contact => &CONTACT,
        RecordKind::Interaction => &INTERACTION,
    }
}

/// The kind that the audit trail calls so.
pub fn kind_named(name: &str) -> Option<RecordKind> {
    [RecordKind::Customer, RecordKind::Contact, RecordKind::Interaction]
        .into_iter()
        .find(|kind| place(*kind).name == name)
}

impl Place {
    /// The names that filters, imports and exports know the records' own fields by.
    pub fn is_built_in(&self, key: &str) -> bool {
        let contract = Contract::get();
        contract
            .message_named(&(self.message)())
            .is_some_and(|id| contract.message(id).fields.iter().any(|field| field.name == key))
    }
}
