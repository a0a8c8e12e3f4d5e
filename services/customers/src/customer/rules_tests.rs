//! What customers may not hold.

use contracts::customers::{Address, Customer, CustomerKind};

use super::*;
use crate::dictionary::cache::Entry;

fn entry(code: &str, retired: bool) -> Entry {
    Entry { code: code.into(), name_zh: code.into(), name_en: String::new(), parent_code: String::new(), retired }
}

fn dictionaries() -> Dictionaries {
    Dictionaries::new([
        ("region".to_owned(), true, vec![entry("330106", false)]),
        ("level".to_owned(), false, vec![entry("A", false), entry("OLD", true)]),
    ])
}

fn person() -> Customer {
    Customer { kind: CustomerKind::Person as i32, name: "张三".into(), ..Default::default() }
}

fn faults(customer: &Customer, before: Option<&Customer>, visibility: Visibility) -> Vec<(String, &'static str)> {
    let circumstances = Circumstances {
        dictionaries: &dictionaries(),
        today: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
        visibility: |_| visibility,
    };
    let faults = check(customer, before, |_| true, &circumstances);
    faults.into_iter().map(|fault| (fault.field, fault.reason.id)).collect()
}

#[test]
fn a_good_customer_passes() {
    let customer = Customer {
        region: "330106".into(),
        level: "A".into(),
        phone: "+86 138 0013 8000".into(),
        birthday: "2026-03-01".into(),
        id_number: "11010519491231002X".into(),
        addresses: vec![Address { region: "330106".into(), street: "文三路 1 号".into(), ..Default::default() }],
        ..person()
    };
    assert_eq!(faults(&customer, None, Visibility::Clear), []);
}

#[test]
fn every_fault_is_found_with_its_path() {
    let mut customer = Customer {
        name: " \u{3000} ".into(),
        region: "999999".into(),
        level: "OLD".into(),
        phone: "无".into(),
        birthday: "2026-02-30".into(),
        id_number: " 110105 19491231 0021".into(),
        addresses: vec![Address::default(), Address { region: "1".into(), ..Default::default() }],
        ..person()
    };
    normalize(&mut customer);
    let found = faults(&customer, None, Visibility::Clear);
    for fault in [
        ("customer.name", "NAME_BLANK"),
        ("customer.region", "CODE_UNKNOWN"),
        ("customer.level", "CODE_RETIRED"),
        ("customer.phone", "PHONE_INVALID"),
        ("customer.birthday", "DATE_INVALID"),
        ("customer.id_number", "ID_NUMBER_INVALID"),
        ("customer.addresses[1].region", "CODE_UNKNOWN"),
    ] {
        assert!(found.contains(&(fault.0.to_owned(), fault.1)), "{fault:?} is missing in {found:?}");
    }
    assert_eq!(found.len(), 7);
    let tomorrow = Customer { birthday: "2026-03-02".into(), ..person() };
    assert_eq!(faults(&tomorrow, None, Visibility::Clear), [("customer.birthday".into(), "DATE_IN_FUTURE")]);
    let kindless = Customer { kind: 0, ..person() };
    assert_eq!(faults(&kindless, None, Visibility::Clear), [("customer.kind".into(), "VALUE_REQUIRED")]);
}

#[test]
fn a_code_that_was_retired_meanwhile_may_stay() {
    let before = Customer { level: "OLD".into(), number: "C1".into(), ..person() };
    assert_eq!(faults(&before.clone(), Some(&before), Visibility::Clear), []);
    let numberless = Customer { number: String::new(), ..before.clone() };
    assert_eq!(faults(&numberless, Some(&before), Visibility::Clear), [("customer.number".into(), "VALUE_REQUIRED")]);
}

#[test]
fn what_was_shown_masked_does_not_become_the_value() {
    let customer = Customer {
        phone: "138****8000".into(),
        id_number: "110***********002X".into(),
        addresses: vec![Address { street: "文三路****".into(), ..Default::default() }],
        ..person()
    };
    let found = faults(&customer, None, Visibility::Masked);
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["customer.phone", "customer.id_number", "customer.addresses[0].street"]);
    assert!(found.iter().all(|(_, reason)| *reason == "MASKED_VALUE"));
    assert_eq!(faults(&customer, None, Visibility::Clear), []);
}
