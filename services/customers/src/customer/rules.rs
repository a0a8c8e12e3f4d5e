//! What a customer may hold. Pure: brings the values to one form and finds all faults at once; `checksum` knows the
//! numbers of persons and organisations.

use chrono::NaiveDate;
use contracts::customers::{Customer, CustomerKind};
use contracts::options::{PersonalData, Visibility};
use platform::error::{Reason, Violation, reason};

use super::checksum;
use crate::dictionary::cache::Dictionaries;
use crate::error::reason as own;
use crate::search::text::phone_digits;

/// Fields that callers may change, besides custom fields.
pub const MUTABLE: [&str; 24] = [
    "kind",
    "number",
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
    "custom_fields",
    "custom_fields.*",
];

/// Fields that hold a code, and the dictionary it is in.
pub const CODED: [(&str, &str); 7] = [
    ("region", "region"),
    ("industry", "industry"),
    ("source", "source"),
    ("level", "level"),
    ("grade", "grade"),
    ("credit", "credit"),
    ("status", "customer_status"),
];

/// What the rules depend on.
pub struct Circumstances<'a, V: Fn(PersonalData) -> Visibility> {
    pub dictionaries: &'a Dictionaries,
    pub today: NaiveDate,
    /// How the caller sees personal data.
    pub visibility: V,
}

/// Trims, and brings what has one form to it.
pub fn normalize(customer: &mut Customer) {
    let Customer {
        number,
        name,
        region,
        industry,
        source,
        level,
        grade,
        credit,
        status,
        phone,
        email,
        website,
        addresses,
        id_number,
        legal_representative,
        bank_name,
        bank_account,
        birthday,
        remark,
        ..
    } = customer;
    for text in [
        number,
        name,
        region,
        industry,
        source,
        level,
        grade,
        credit,
        status,
        phone,
        email,
        website,
        legal_representative,
        bank_name,
        bank_account,
        birthday,
        remark,
    ] {
        trim(text);
    }
    for address in addresses {
        for text in [&mut address.label, &mut address.region, &mut address.street, &mut address.postal_code] {
            trim(text);
        }
    }
    *id_number = checksum::normalize(id_number);
}

fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() < text.len() {
        *text = trimmed.to_owned();
    }
}

/// Every fault of the touched fields. `before` is the customer as it is, when there is one.
pub fn check(
    customer: &Customer,
    before: Option<&Customer>,
    touched: impl Fn(&str) -> bool,
    circumstances: &Circumstances<'_, impl Fn(PersonalData) -> Visibility>,
) -> Vec<Violation> {
    let mut faults = Faults::default();
    if touched("kind") && customer.kind == 0 {
        faults.add("kind", &reason::VALUE_REQUIRED);
    }
    if touched("number") && before.is_some() && customer.number.is_empty() {
        faults.add("number", &reason::VALUE_REQUIRED);
    }
    if touched("name") && customer.name.is_empty() {
        faults.add("name", &own::NAME_BLANK);
    }
    if touched("phone")
        && !customer.phone.is_empty()
        && !customer.phone.contains('*')
        && phone_digits(&customer.phone).is_empty()
    {
        faults.add("phone", &own::PHONE_INVALID);
    }
    if touched("birthday") {
        check_birthday(&customer.birthday, circumstances.today, &mut faults);
    }
    if touched("id_number") || touched("kind") {
        check_id_number(customer, &mut faults);
    }
    check_codes(customer, before, &touched, circumstances.dictionaries, &mut faults);
    check_masked(customer, &touched, &circumstances.visibility, &mut faults);
    faults.list
}

#[derive(Default)]
struct Faults {
    list: Vec<Violation>,
}

impl Faults {
    fn add(&mut self, path: &str, reason: &'static Reason) {
        self.add_with(path, reason, Vec::new());
    }

    fn add_with(&mut self, path: &str, reason: &'static Reason, args: Vec<(&'static str, String)>) {
        self.list.push(Violation { field: format!("customer.{path}"), reason, args });
    }
}

fn check_birthday(birthday: &str, today: NaiveDate, faults: &mut Faults) {
    if birthday.is_empty() {
        return;
    }
    match parse_date(birthday) {
        None => faults.add("birthday", &own::DATE_INVALID),
        Some(day) if day > today => faults.add("birthday", &own::DATE_IN_FUTURE),
        Some(_) => {}
    }
}

/// RFC 3339 full-date of a year that has happened.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && !text.starts_with("0000")).then_some(date)
}

fn check_id_number(customer: &Customer, faults: &mut Faults) {
    let number = customer.id_number.as_str();
    if number.chars().count() != 18 || number.contains('*') {
        return;
    }
    let fits = match customer.kind() {
        CustomerKind::Person => checksum::resident_identity(number),
        CustomerKind::Organization => checksum::unified_social_credit(number),
        CustomerKind::Unspecified => true,
    };
    if !fits {
        faults.add("id_number", &own::ID_NUMBER_INVALID);
    }
}

fn check_codes(
    customer: &Customer,
    before: Option<&Customer>,
    touched: &impl Fn(&str) -> bool,
    dictionaries: &Dictionaries,
    faults: &mut Faults,
) {
    for (field, dictionary) in CODED.into_iter().filter(|(field, _)| touched(field)) {
        let held = before.is_some_and(|before| coded(before, field) == coded(customer, field));
        check_code(dictionaries, dictionary, coded(customer, field), held, field, faults);
    }
    if touched("addresses") {
        for (index, address) in customer.addresses.iter().enumerate() {
            let held = before.is_some_and(|before| before.addresses.iter().any(|known| known.region == address.region));
            check_code(dictionaries, "region", &address.region, held, &format!("addresses[{index}].region"), faults);
        }
    }
}

/// The code in a field of [`CODED`].
pub fn coded<'c>(customer: &'c Customer, field: &str) -> &'c str {
    match field {
        "region" => &customer.region,
        "industry" => &customer.industry,
        "source" => &customer.source,
        "level" => &customer.level,
        "grade" => &customer.grade,
        "credit" => &customer.credit,
        _ => &customer.status,
    }
}

/// A code that the customer holds already may be retired.
fn check_code(dictionaries: &Dictionaries, dictionary: &str, code: &str, held: bool, path: &str, faults: &mut Faults) {
    if code.is_empty() || held {
        return;
    }
    let args = || vec![("dictionary", dictionary.to_owned()), ("code", code.to_owned())];
    match dictionaries.contains(dictionary, code) {
        None => faults.add_with(path, &own::CODE_UNKNOWN, args()),
        Some(entry) if entry.retired => faults.add_with(path, &own::CODE_RETIRED, args()),
        Some(_) => {}
    }
}

/// What a caller was shown in place of a value must not become the value.
fn check_masked(
    customer: &Customer,
    touched: &impl Fn(&str) -> bool,
    visibility: &impl Fn(PersonalData) -> Visibility,
    faults: &mut Faults,
) {
    let masked = |kind, value: &str| value.contains('*') && visibility(kind) != Visibility::Clear;
    for (field, kind, value) in [
        ("phone", PersonalData::Phone, &customer.phone),
        ("email", PersonalData::Email, &customer.email),
        ("id_number", PersonalData::IdNumber, &customer.id_number),
        ("bank_account", PersonalData::BankAccount, &customer.bank_account),
    ] {
        if touched(field) && masked(kind, value) {
            faults.add(field, &own::MASKED_VALUE);
        }
    }
    if touched("addresses") {
        for (index, address) in customer.addresses.iter().enumerate() {
            if masked(PersonalData::Address, &address.street) {
                faults.add(&format!("addresses[{index}].street"), &own::MASKED_VALUE);
            }
        }
    }
}

/// Takes over one field of a change.
pub fn take(customer: &mut Customer, change: &mut Customer, path: &str) {
    use std::mem::take;
    match path {
        "kind" => customer.kind = change.kind,
        "number" => customer.number = take(&mut change.number),
        "name" => customer.name = take(&mut change.name),
        "region" => customer.region = take(&mut change.region),
        "industry" => customer.industry = take(&mut change.industry),
        "source" => customer.source = take(&mut change.source),
        "level" => customer.level = take(&mut change.level),
        "grade" => customer.grade = take(&mut change.grade),
        "credit" => customer.credit = take(&mut change.credit),
        "satisfaction" => customer.satisfaction = change.satisfaction,
        "status" => customer.status = take(&mut change.status),
        "phone" => customer.phone = take(&mut change.phone),
        "email" => customer.email = take(&mut change.email),
        "website" => customer.website = take(&mut change.website),
        "addresses" => customer.addresses = take(&mut change.addresses),
        "id_number" => customer.id_number = take(&mut change.id_number),
        "legal_representative" => customer.legal_representative = take(&mut change.legal_representative),
        "bank_name" => customer.bank_name = take(&mut change.bank_name),
        "bank_account" => customer.bank_account = take(&mut change.bank_account),
        "gender" => customer.gender = change.gender,
        "birthday" => customer.birthday = take(&mut change.birthday),
        "remark" => customer.remark = take(&mut change.remark),
        // Custom fields are taken over as JSON.
        _ => {}
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
