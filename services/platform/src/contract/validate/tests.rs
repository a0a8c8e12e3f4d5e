use contracts::customers::*;
use contracts::identity::{Profile, UpdateProfileRequest};
use proptest::prelude::*;
use prost::{Message, Name};

use super::super::Contract;

const ID: &str = "0190c2a0-0000-7000-8000-000000000001";

/// `field: REASON` of every violation, sorted.
fn faults<M: Message + Name>(message: &M) -> Vec<String> {
    faults_on_wire::<M>(&message.encode_to_vec())
}

fn faults_on_wire<M: Name>(wire: &[u8]) -> Vec<String> {
    let contract = Contract::get();
    let id = contract.message_named(&M::full_name()).unwrap();
    let violations = contract.validate(id, wire).err().unwrap_or_default();
    let mut faults: Vec<String> =
        violations.into_iter().map(|violation| format!("{}: {}", violation.field, violation.reason.id)).collect();
    faults.sort();
    faults
}

fn a_customer() -> Customer {
    Customer { name: "张三".into(), ..Customer::default() }
}

fn created(customer: Customer) -> CreateCustomerRequest {
    CreateCustomerRequest { customer: Some(customer) }
}

#[test]
fn a_good_request_passes() {
    assert!(faults(&created(a_customer())).is_empty());
    assert!(faults(&GetCustomerRequest { id: ID.into() }).is_empty());
    assert!(faults(&ListCustomersRequest::default()).is_empty());
}

#[test]
fn what_is_required_must_be_there() {
    assert_eq!(faults(&CreateCustomerRequest::default()), ["customer: VALUE_REQUIRED"]);
    assert_eq!(faults(&created(Customer::default())), ["customer.name: VALUE_REQUIRED"]);
    assert_eq!(faults(&GetCustomerRequest::default()), ["id: NOT_A_UUID"]);
    assert_eq!(faults(&AssignCustomersRequest::default()), ["ids: TOO_FEW"]);
    assert_eq!(faults(&ExportCustomersRequest::default()), ["format: VALUE_REQUIRED"]);
    let interaction = Interaction { subject: "x".into(), r#type: 2, ..Interaction::default() };
    let request = CreateInteractionRequest { interaction: Some(interaction) };
    assert_eq!(faults(&request), ["interaction.occur_time: VALUE_REQUIRED"]);
}

#[test]
fn lengths_are_counted_in_characters() {
    let named = |name: String| faults(&created(Customer { name, ..Customer::default() }));
    assert!(named("单".repeat(128)).is_empty());
    assert_eq!(named("单".repeat(129)), ["customer.name: TOO_LONG"]);
    // A field without a limit of its own has the general one.
    let owner_name = "x".repeat(1001);
    assert_eq!(faults(&created(Customer { owner_name, ..a_customer() })), ["customer.owner_name: TOO_LONG"]);
}

#[test]
fn formats_are_held_and_an_ignored_empty_value_passes() {
    let email = |email: &str| faults(&created(Customer { email: email.into(), ..a_customer() }));
    assert!(email("").is_empty());
    assert!(email("zhang.san@example.com").is_empty());
    assert_eq!(email("zhang san@example.com"), ["customer.email: NOT_AN_EMAIL"]);
    let owner = |owner_id: &str| faults(&created(Customer { owner_id: owner_id.into(), ..a_customer() }));
    assert!(owner("").is_empty());
    assert!(owner(ID).is_empty());
    assert_eq!(owner("0190c2a0000070008000000000000001"), ["customer.owner_id: NOT_A_UUID"]);
    let birthday = |birthday: &str| faults(&created(Customer { birthday: birthday.into(), ..a_customer() }));
    assert!(birthday("1990-05-01").is_empty());
    assert_eq!(birthday("1990/05/01"), ["customer.birthday: PATTERN_MISMATCH"]);
    assert_eq!(birthday("1990-05-01\n"), ["customer.birthday: PATTERN_MISMATCH"]);
}

#[test]
fn numbers_and_enums_stay_in_their_bounds() {
    let page = |page_size| faults(&ListCustomersRequest { page_size, ..Default::default() });
    assert!(page(200).is_empty());
    assert_eq!(page(201), ["page_size: TOO_LARGE"]);
    assert_eq!(page(-1), ["page_size: TOO_SMALL"]);
    assert_eq!(faults(&created(Customer { kind: 99, ..a_customer() })), ["customer.kind: UNKNOWN_VALUE"]);
    let place = |latitude| {
        let occur_time = Some(prost_types::Timestamp::default());
        let interaction =
            Interaction { subject: "x".into(), r#type: 2, occur_time, latitude: Some(latitude), ..Default::default() };
        faults(&CreateInteractionRequest { interaction: Some(interaction) })
    };
    assert!(place(-90.0).is_empty());
    assert_eq!(place(90.5), ["interaction.latitude: TOO_LARGE"]);
    assert_eq!(place(f64::NAN), ["interaction.latitude: NOT_FINITE"]);
    assert_eq!(place(f64::NEG_INFINITY), ["interaction.latitude: NOT_FINITE"]);
}

#[test]
fn lists_and_maps_name_the_entry_that_is_wrong() {
    let assign = |ids: &[&str]| {
        faults(&AssignCustomersRequest { ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Default::default() })
    };
    assert!(assign(&[ID]).is_empty());
    assert_eq!(assign(&[ID, "x"]), ["ids[1]: NOT_A_UUID"]);
    assert_eq!(assign(&[ID, ID]), ["ids: NOT_UNIQUE"]);
    assert_eq!(assign(&vec![ID; 501]), ["ids: NOT_UNIQUE", "ids: TOO_MANY"]);

    let mut customer = a_customer();
    customer.addresses = vec![Address::default(), Address { street: "x".repeat(201), ..Default::default() }];
    let value = field_value::Value::DecimalValue("1,5".into());
    customer.custom_fields.insert("budget".into(), FieldValue { value: Some(value) });
    customer.custom_fields.insert("k".repeat(65), FieldValue::default());
    assert_eq!(
        faults(&created(customer)),
        [
            "customer.addresses[1].street: TOO_LONG".to_owned(),
            "customer.custom_fields[\"budget\"].decimal_value: PATTERN_MISMATCH".to_owned(),
            format!("customer.custom_fields[\"{}\"]: TOO_LONG", "k".repeat(65)),
        ]
    );
}

#[test]
fn null_characters_and_broken_utf8_are_refused_everywhere() {
    assert_eq!(faults(&created(Customer { name: "a\0".into(), ..a_customer() })), ["customer.name: NULL_CHARACTER"]);
    let mut customer = a_customer();
    customer.custom_fields.insert("a\0".into(), FieldValue::default());
    assert_eq!(faults(&created(customer)), ["customer.custom_fields[\"a\\0\"]: NULL_CHARACTER"]);
    assert_eq!(faults_on_wire::<SearchCustomersRequest>(&[10, 2, 0xc3, 0x28]), ["query: NOT_UTF8"]);
}

#[test]
fn times_stay_within_four_digit_years() {
    let at = |seconds, nanos| {
        let share = Share { expire_time: Some(prost_types::Timestamp { seconds, nanos }), ..Share::default() };
        faults(&CreateShareRequest { share: Some(share) })
    };
    assert!(at(0, 999_999_999).is_empty());
    assert!(at(253_402_300_799, 0).is_empty());
    for (seconds, nanos) in [(253_402_300_800, 0), (-62_135_596_801, 0), (i64::MAX, 0), (0, -1), (0, 1_000_000_000)] {
        assert_eq!(at(seconds, nanos), ["share.expire_time: TIME_OUT_OF_RANGE"]);
    }
}

fn updated(customer: Customer, paths: &[&str]) -> Vec<String> {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let update_mask = (!paths.is_empty()).then_some(prost_types::FieldMask { paths });
    faults(&UpdateCustomerRequest { customer: Some(customer), update_mask })
}

#[test]
fn of_an_update_only_the_masked_fields_are_held_to_their_rules() {
    let customer = Customer { phone: "1".repeat(33), ..Customer::default() };
    assert!(updated(customer.clone(), &["remark"]).is_empty());
    assert_eq!(updated(customer.clone(), &["phone"]), ["customer.phone: TOO_LONG"]);
    assert_eq!(updated(customer.clone(), &["name"]), ["customer.name: VALUE_REQUIRED"]);
    assert_eq!(updated(customer.clone(), &["*"]), ["customer.name: VALUE_REQUIRED", "customer.phone: TOO_LONG"]);
    // Without a mask, what is there counts.
    assert_eq!(updated(customer, &[]), ["customer.phone: TOO_LONG"]);
    assert!(updated(Customer::default(), &[]).is_empty());
    // The etag always counts, and so does what could break a database.
    let customer = Customer { etag: "e".repeat(65), remark: "\0".into(), ..Customer::default() };
    assert_eq!(updated(customer, &["level"]), ["customer.etag: TOO_LONG", "customer.remark: NULL_CHARACTER"]);
}

#[test]
fn mask_paths_must_name_fields() {
    assert!(updated(a_customer(), &["custom_fields.budget", "addresses", "name"]).is_empty());
    for path in ["nme", "customFields", "addresses.street", "custom_fields.", "name.x", "", "customer.name"] {
        assert_eq!(updated(a_customer(), &[path]), ["update_mask: MASK_PATH_UNKNOWN"], "{path}");
    }
    let profile = UpdateProfileRequest { profile: Some(Profile::default()), update_mask: None };
    assert!(faults(&profile).is_empty());
    assert_eq!(faults(&UpdateProfileRequest::default()), ["profile: VALUE_REQUIRED"]);
}

#[test]
fn an_explicit_empty_value_counts_as_sent() {
    // customer { name: "" } with the empty name written out, as the gateway does it for `{"name": ""}`.
    assert_eq!(faults_on_wire::<UpdateCustomerRequest>(&[10, 2, 34, 0]), ["customer.name: VALUE_REQUIRED"]);
    assert!(faults_on_wire::<UpdateCustomerRequest>(&[10, 0]).is_empty());
}

#[test]
fn every_violation_has_a_text_without_gaps() {
    let mut customer = Customer { name: "x".repeat(129), email: "x".into(), kind: 9, satisfaction: 6, ..a_customer() };
    customer.addresses = vec![Address::default(); 11];
    let contract = Contract::get();
    let id = contract.message_named(&CreateCustomerRequest::full_name()).unwrap();
    let violations = contract.validate(id, &created(customer).encode_to_vec()).unwrap_err();
    assert_eq!(violations.len(), 5);
    for violation in violations {
        for locale in [crate::locale::Locale::En, crate::locale::Locale::Zh] {
            let text = violation.reason.text(locale, &violation.args);
            assert!(!text.contains(['{', '}']), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        let contract = Contract::get();
        for method in contract.methods() {
            let _ = contract.validate(method.input, &noise);
        }
    }

    #[test]
    fn a_name_passes_exactly_when_its_length_is_in_bounds(name in "[a-z张三\u{1F600}]{0,140}") {
        let good = (1..=128).contains(&name.chars().count());
        prop_assert_eq!(faults(&created(Customer { name, ..Customer::default() })).is_empty(), good);
    }
}
