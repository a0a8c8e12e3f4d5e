use std::collections::HashMap;

use contracts::customers::*;
use platform::contract::{Contract, Message};
use proptest::prelude::*;
use prost::{Message as _, Name};
use serde_json::{Value, json};

use super::{read, write};

fn table<M: Name>() -> &'static Message {
    let contract = Contract::get();
    contract.message(contract.message_named(&M::full_name()).unwrap())
}

fn decode<M: Name + Default>(body: &str) -> Result<M, String> {
    let mut wire = Vec::new();
    read(Contract::get(), table::<M>(), body.as_bytes(), &mut wire, &[], 0, None)
        .map_err(|fault| format!("{}: {}", fault.field, fault.reason.id))?;
    Ok(M::decode(wire.as_slice()).unwrap())
}

fn encode<M: Name>(message: &M) -> Value {
    let mut text = Vec::new();
    write(Contract::get(), table::<M>(), &message.encode_to_vec(), &mut text).unwrap();
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text)))
}

fn refusal<M: Name + Default + std::fmt::Debug>(body: &str) -> String {
    decode::<M>(body).expect_err(body)
}

fn time(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

fn value(value: field_value::Value) -> FieldValue {
    FieldValue { value: Some(value) }
}

#[test]
fn a_whole_customer_goes_in() {
    let customer: Customer = decode(
        r#"{
            "name": "张\u4e09 \"三\"", "kind": "CUSTOMER_KIND_PERSON", "gender": 2, "satisfaction": 4.0,
            "addresses": [{"label": "home", "postalCode": "310000"}, {}],
            "custom_fields": {
                "budget": {"decimalValue": "12.50"}, "count": {"integerValue": "9007199254740993"},
                "small": {"integerValue": -7}, "since": {"timestampValue": "2026-05-01T08:00:00.5+08:00"},
                "tags": {"optionsValue": {"codes": ["a", "b"]}}, "yes": {"booleanValue": false}
            },
            "remark": null, "lastContactTime": "1970-01-01T00:00:00Z"
        }"#,
    )
    .unwrap();
    let fields = HashMap::from([
        ("budget".to_owned(), value(field_value::Value::DecimalValue("12.50".into()))),
        ("count".to_owned(), value(field_value::Value::IntegerValue(9_007_199_254_740_993))),
        ("small".to_owned(), value(field_value::Value::IntegerValue(-7))),
        (
            "since".to_owned(),
            value(field_value::Value::TimestampValue(prost_types::Timestamp {
                seconds: 1_777_593_600,
                nanos: 500_000_000,
            })),
        ),
        (
            "tags".to_owned(),
            value(field_value::Value::OptionsValue(OptionCodes { codes: vec!["a".into(), "b".into()] })),
        ),
        ("yes".to_owned(), value(field_value::Value::BooleanValue(false))),
    ]);
    let expected = Customer {
        name: "张三 \"三\"".into(),
        kind: CustomerKind::Person as i32,
        gender: Gender::Female as i32,
        satisfaction: 4,
        addresses: vec![
            Address { label: "home".into(), postal_code: "310000".into(), ..Default::default() },
            Address::default(),
        ],
        custom_fields: fields,
        last_contact_time: time(0),
        ..Default::default()
    };
    assert_eq!(customer, expected);
}

#[test]
fn a_refusal_names_its_place() {
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for (body, expected) in [
        (r#"{"nme": "x"}"#, "nme: UNKNOWN_FIELD"),
        (r#"{"addresses": [{}, {"street": 7}]}"#, "addresses[1].street: WRONG_TYPE"),
        (r#"{"addresses": [{}, {"stret": "x"}]}"#, "addresses[1].stret: UNKNOWN_FIELD"),
        (r#"{"addresses": [null]}"#, "addresses[0]: WRONG_TYPE"),
        (r#"{"addresses": {}}"#, "addresses: WRONG_TYPE"),
        (r#"{"name": "a", "name": "b"}"#, "name: DUPLICATE_FIELD"),
        (r#"{"postal_code": "a"}"#, "postal_code: UNKNOWN_FIELD"),
        (r#"{"ownerId": "a", "owner_id": "b"}"#, "ownerId: DUPLICATE_FIELD"),
        (r#"{"customFields": {"a": {}, "a": {}}}"#, "customFields.a: DUPLICATE_FIELD"),
        (
            r#"{"customFields": {"a": {"stringValue": "x", "integerValue": 1}}}"#,
            "customFields.a.integerValue: ONEOF_CONFLICT",
        ),
        (r#"{"customFields": {"a": {"integerValue": 1.5}}}"#, "customFields.a.integerValue: WRONG_TYPE"),
        (
            r#"{"customFields": {"a": {"integerValue": "9223372036854775808"}}}"#,
            "customFields.a.integerValue: NUMBER_OUT_OF_RANGE",
        ),
        (r#"{"customFields": {"a": {"integerValue": 1e17}}}"#, "customFields.a.integerValue: WRONG_TYPE"),
        (r#"{"satisfaction": 2147483648}"#, "satisfaction: NUMBER_OUT_OF_RANGE"),
        (r#"{"satisfaction": "4"}"#, "satisfaction: WRONG_TYPE"),
        (r#"{"satisfaction": true}"#, "satisfaction: WRONG_TYPE"),
        (r#"{"kind": "PERSON"}"#, "kind: UNKNOWN_VALUE"),
        (r#"{"lastContactTime": "yesterday"}"#, "lastContactTime: TIME_INVALID"),
        (r#"{"lastContactTime": {"seconds": 1}}"#, "lastContactTime: WRONG_TYPE"),
        (&deep, "name: WRONG_TYPE"),
        ("[]", ": WRONG_TYPE"),
        ("null", ": WRONG_TYPE"),
        ("", ": JSON_INVALID"),
        ("{", ": JSON_INVALID"),
        (r#"{"name": "a"} {}"#, ": JSON_INVALID"),
        (r#"{"name": "a",}"#, ": JSON_INVALID"),
        (r#"{"name": "\ud800"}"#, ": JSON_INVALID"),
        (r#"{"name": 'a'}"#, ": JSON_INVALID"),
        (r#"{"satisfaction": NaN}"#, ": JSON_INVALID"),
    ] {
        assert_eq!(refusal::<Customer>(body), expected, "{}", &body[..body.len().min(80)]);
    }
    let mut wire = Vec::new();
    let fault =
        read(Contract::get(), table::<Customer>(), b"{\"name\": \"\xc3\x28\"}", &mut wire, &[], 0, None).unwrap_err();
    assert_eq!(fault.reason.id, "JSON_INVALID");
    assert_eq!(refusal::<Interaction>(r#"{"latitude": "1.5"}"#), "latitude: WRONG_TYPE");
    assert_eq!(refusal::<Interaction>(r#"{"latitude": 1e999}"#), ": JSON_INVALID");
    assert_eq!(decode::<Interaction>(r#"{"latitude": 0}"#).unwrap().latitude, Some(0.0));
}

#[test]
fn an_answer_shows_every_plain_field() {
    let page = ListCustomersResponse { total_count: 1 << 53, ..Default::default() };
    assert_eq!(
        encode(&page),
        json!({"customers": [], "nextPageToken": "", "totalCount": "9007199254740992", "totalEstimated": false})
    );
    let interaction =
        encode(&Interaction { latitude: Some(-0.5), occur_time: time(1), r#type: 2, ..Default::default() });
    assert_eq!(interaction["latitude"], json!(-0.5));
    assert_eq!(interaction["occurTime"], "1970-01-01T00:00:01Z");
    assert_eq!(interaction["type"], "INTERACTION_TYPE_CALL");
    assert_eq!(interaction["state"], "INTERACTION_STATE_UNSPECIFIED");
    assert_eq!(interaction["durationMinutes"], 0);
    for unset in ["longitude", "nextStepTime", "createTime"] {
        assert_eq!(interaction.get(unset), None);
    }
    let entry = TimelineEntry {
        entry: Some(timeline_entry::Entry::Change(CustomerChange { action: "a".into(), fields: vec![] })),
        ..Default::default()
    };
    assert_eq!(encode(&entry), json!({"id": "", "actorName": "", "change": {"action": "a", "fields": []}}));
}

#[test]
fn an_answer_in_another_order_reads_the_same() {
    let mut wire = Customer { remark: "later".into(), ..Default::default() }.encode_to_vec();
    wire.extend(Customer { id: "1".into(), remark: "last".into(), ..Default::default() }.encode_to_vec());
    wire.extend(Customer { addresses: vec![Address::default()], ..Default::default() }.encode_to_vec());
    let mut text = Vec::new();
    write(Contract::get(), table::<Customer>(), &wire, &mut text).unwrap();
    let customer: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&customer["id"], &customer["remark"]), (&json!("1"), &json!("last")));
    assert_eq!(customer["addresses"].as_array().unwrap().len(), 1);
}

#[test]
fn a_value_that_json_cannot_hold_is_an_error() {
    let wire = Interaction { latitude: Some(f64::NAN), ..Default::default() }.encode_to_vec();
    assert!(write(Contract::get(), table::<Interaction>(), &wire, &mut Vec::new()).is_err());
}

#[test]
fn the_mask_names_what_the_body_holds() {
    let mask = |body: &str| {
        let mut mask = Vec::new();
        let outcome =
            read(Contract::get(), table::<Field>(), body.as_bytes(), &mut Vec::new(), &[], 0, Some(&mut mask));
        outcome.unwrap();
        mask
    };
    assert_eq!(
        mask(r#"{"labelZh": "x", "default_value": {"stringValue": "a"}, "retired": false, "personalData": null}"#),
        ["label_zh", "default_value", "retired", "personal_data"]
    );
    let mut mask = Vec::new();
    let body = br#"{"customFields": {"b": {"stringValue": "x"}, "a": null}, "addresses": [{"label": "x"}], "createTime": null}"#;
    let mut wire = Vec::new();
    read(Contract::get(), table::<Customer>(), body, &mut wire, &[], 0, Some(&mut mask)).unwrap();
    assert_eq!(mask, ["custom_fields.b", "custom_fields.a", "addresses", "create_time"]);
    assert_eq!(Customer::decode(wire.as_slice()).unwrap().custom_fields.len(), 1);
}

fn a_value() -> impl Strategy<Value = FieldValue> {
    let value = prop_oneof![
        ".{0,20}".prop_map(field_value::Value::StringValue),
        any::<i64>().prop_map(field_value::Value::IntegerValue),
        any::<bool>().prop_map(field_value::Value::BooleanValue),
        (-62_135_596_800i64..253_402_300_799, 0i32..1_000_000_000).prop_map(|(seconds, nanos)| {
            field_value::Value::TimestampValue(prost_types::Timestamp { seconds, nanos })
        }),
        proptest::collection::vec(".{0,5}", 0..4)
            .prop_map(|codes| field_value::Value::OptionsValue(OptionCodes { codes })),
    ];
    proptest::option::of(value).prop_map(|value| FieldValue { value })
}

prop_compose! {
    fn a_customer()(
        name in ".{0,300}", phone in "\\PC{0,20}", kind in 0i32..3, satisfaction in any::<i32>(),
        streets in proptest::collection::vec("[ -~张\u{0}-\u{1f}]{0,200}", 0..4),
        custom_fields in proptest::collection::hash_map(".{1,8}", a_value(), 0..5),
        seconds in proptest::option::of(-62_135_596_800i64..253_402_300_799),
    ) -> Customer {
        Customer {
            name, phone, kind, satisfaction, custom_fields,
            addresses: streets.into_iter().map(|street| Address { street, ..Default::default() }).collect(),
            create_time: seconds.and_then(time),
            ..Default::default()
        }
    }
}

proptest! {
    #[test]
    fn what_went_out_comes_back(customers in proptest::collection::vec(a_customer(), 0..3)) {
        let page = ListCustomersResponse { customers, total_count: 7, ..Default::default() };
        let text = encode(&page).to_string();
        prop_assert_eq!(decode::<ListCustomersResponse>(&text).unwrap(), page);
    }

    #[test]
    fn doubles_come_back_to_the_bit(latitude in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
        let interaction = Interaction { latitude: Some(latitude), ..Default::default() };
        prop_assert_eq!(decode::<Interaction>(&encode(&interaction).to_string()).unwrap(), interaction);
    }

    #[test]
    fn noise_is_refused_and_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let contract = Contract::get();
        for method in contract.methods() {
            let (input, output) = (contract.message(method.input), contract.message(method.output));
            let _ = read(contract, input, &noise, &mut Vec::new(), &[], 0, None);
            let _ = write(contract, output, &noise, &mut Vec::new());
        }
    }

    #[test]
    fn any_json_is_taken_or_refused_without_a_panic(body in "[{}\\[\\]:,\"a-z0-9nultruefalse .eE+-]{0,60}") {
        let _ = decode::<Customer>(&body);
        let _ = decode::<RunImportRequest>(&format!("{{\"columns\":{body}}}"));
    }
}
