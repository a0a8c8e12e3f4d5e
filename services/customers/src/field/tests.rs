use std::collections::HashMap;

use contracts::customers::field_value::Value as Kind;
use contracts::customers::{Field, FieldType, FieldValue, OptionCodes};
use contracts::options::{PersonalData, Visibility};
use platform::error::Violation;
use platform::filter::{self, compile};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fields::Fields;
use super::filter::filter_schema;
use super::masked::Masked;
use super::rules;
use super::unique::unique_values;
use super::validate::{Checks, Mode, validate_custom};
use super::value::{from_json, to_json, to_messages};
use crate::dictionary::cache::{Dictionaries, Entry};

fn dictionaries() -> Dictionaries {
    let entry = |code: &str, retired| Entry {
        code: code.into(),
        name_zh: code.into(),
        name_en: String::new(),
        parent_code: String::new(),
        retired,
    };
    let hobbies = vec![entry("golf", false), entry("tea", false), entry("opera", false), entry("stamps", true)];
    Dictionaries::new([("hobby".into(), false, hobbies), ("region".into(), true, vec![entry("33", false)])])
}

fn a_field(key: &str, field_type: FieldType) -> Field {
    let has_options = matches!(field_type, FieldType::Option | FieldType::Options);
    Field {
        key: key.into(),
        r#type: field_type as i32,
        label_zh: key.into(),
        dictionary: if has_options { "hobby".into() } else { String::new() },
        ..Field::default()
    }
}

fn value(kind: Kind) -> FieldValue {
    FieldValue { value: Some(kind) }
}

fn text(text: &str) -> FieldValue {
    value(Kind::StringValue(text.into()))
}

fn codes(codes: &[&str]) -> FieldValue {
    value(Kind::OptionsValue(OptionCodes { codes: codes.iter().map(|code| (*code).into()).collect() }))
}

/// A text with a default, a required decimal, several hobbies, a secret licence, and a motto that was retired.
fn fields() -> Fields {
    let list = vec![
        Field { default_value: Some(text("new")), ..a_field("stage", FieldType::Text) },
        Field { required: true, ..a_field("budget", FieldType::Decimal) },
        a_field("hobbies", FieldType::Options),
        Field { personal_data: PersonalData::IdNumber as i32, unique: true, ..a_field("licence", FieldType::Text) },
        Field { retired: true, ..a_field("motto", FieldType::Text) },
    ];
    Fields::new(1, list, dictionaries())
}

fn check(values: &[(&str, FieldValue)], mode: Mode<'_>, seen: Visibility) -> Result<Value, Vec<Violation>> {
    let fields = fields();
    let mut values = values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let masked = Masked::by(&fields, |_| seen);
    let object = validate_custom(Checks { fields: &fields, masked: &masked, today: today() }, &mut values, mode)?;
    assert_eq!(values, to_messages(&fields, &object), "the values are what will be read back");
    Ok(object)
}

fn faults(result: Result<Value, Vec<Violation>>) -> Vec<(String, &'static str)> {
    let violations = result.expect_err("refused");
    violations.into_iter().map(|violation| (violation.field, violation.reason.id)).collect()
}

fn today() -> chrono::NaiveDate {
    "2026-03-01".parse().unwrap()
}

fn budget(decimal: &str) -> (&'static str, FieldValue) {
    ("budget", value(Kind::DecimalValue(decimal.into())))
}

#[test]
fn a_new_customer_takes_defaults_and_must_have_what_is_required() {
    let clear = Visibility::Clear;
    let object = check(&[budget("100.50"), ("hobbies", codes(&["tea", "golf"]))], Mode::Create, clear);
    assert_eq!(object.unwrap(), json!({"stage": "new", "budget": "100.5", "hobbies": ["tea", "golf"]}));
    let object = check(&[budget("-0.00"), ("stage", text(" 谈判 "))], Mode::Create, clear);
    assert_eq!(object.unwrap(), json!({"stage": "谈判", "budget": "0"}));
    let missing = faults(check(&[("stage", text("new"))], Mode::Create, clear));
    assert_eq!(missing, [("customer.custom_fields.budget".into(), "VALUE_REQUIRED")]);
}

#[test]
fn every_fault_is_told_with_its_path() {
    let values = [
        budget("1.5.2"),
        ("hobbies", codes(&["tea", "chess"])),
        ("stage", value(Kind::BooleanValue(true))),
        ("motto", text("诚信")),
        ("colour", text("red")),
    ];
    let mut found = faults(check(&values, Mode::Create, Visibility::Clear));
    found.sort_unstable();
    let expected = [
        ("budget", "VALUE_INVALID"),
        ("colour", "FIELD_UNKNOWN"),
        ("hobbies", "CODE_UNKNOWN"),
        ("motto", "FIELD_UNKNOWN"),
        ("stage", "FIELD_TYPE_MISMATCH"),
    ];
    assert_eq!(found, expected.map(|(key, reason)| (format!("customer.custom_fields.{key}"), reason)));
}

#[test]
fn retired_codes_stay_with_who_holds_them() {
    let retired = [budget("1"), ("hobbies", codes(&["stamps"]))];
    let refused = faults(check(&retired, Mode::Create, Visibility::Clear));
    assert_eq!(refused, [("customer.custom_fields.hobbies".into(), "CODE_RETIRED")]);
    let before = json!({"budget": "1", "hobbies": ["stamps"]});
    let kept = [budget("1"), ("hobbies", codes(&["stamps", "tea"]))];
    let object = check(&kept, Mode::Replace { before: &before }, Visibility::Clear);
    assert_eq!(object.unwrap()["hobbies"], json!(["stamps", "tea"]));
}

#[test]
fn a_field_made_required_later_does_not_stand_in_the_way_of_old_customers() {
    let before = json!({"stage": "new"});
    let replace = Mode::Replace { before: &before };
    assert_eq!(check(&[("stage", text("old"))], replace, Visibility::Clear).unwrap(), json!({"stage": "old"}));
    let patch = Mode::Patch { before: &before, keys: &["stage"] };
    assert_eq!(check(&[], patch, Visibility::Clear).unwrap(), json!({}));
    let before = json!({"budget": "1"});
    let required = [("customer.custom_fields.budget".to_owned(), "VALUE_REQUIRED")];
    assert_eq!(faults(check(&[], Mode::Replace { before: &before }, Visibility::Clear)), required);
    let patch = Mode::Patch { before: &before, keys: &["budget"] };
    assert_eq!(faults(check(&[], patch, Visibility::Clear)), required);
}

#[test]
fn a_patch_leaves_other_values_and_a_replacement_leaves_retired_ones() {
    let before = json!({"budget": "1", "stage": "new", "motto": "诚信"});
    let patch = Mode::Patch { before: &before, keys: &["budget"] };
    let object = check(&[budget("2"), ("stage", text("ignored"))], patch, Visibility::Clear);
    assert_eq!(object.unwrap(), json!({"budget": "2", "stage": "new", "motto": "诚信"}));
    let object = check(&[budget("2")], Mode::Replace { before: &before }, Visibility::Clear);
    assert_eq!(object.unwrap(), json!({"budget": "2", "motto": "诚信"}));
    let patch = Mode::Patch { before: &before, keys: &["motto"] };
    assert_eq!(
        faults(check(&[], patch, Visibility::Clear)),
        [("customer.custom_fields.motto".into(), "FIELD_UNKNOWN")]
    );
}

#[test]
fn what_a_caller_does_not_see_is_neither_overwritten_nor_lost() {
    let before = json!({"budget": "1", "licence": "330106199001011234"});
    let replace = Mode::Replace { before: &before };
    let masked = [budget("2"), ("licence", text("330***********1234"))];
    let refused = [("customer.custom_fields.licence".to_owned(), "MASKED_VALUE")];
    assert_eq!(faults(check(&masked, replace, Visibility::Masked)), refused);
    assert!(check(&masked, replace, Visibility::Clear).is_ok(), "to who sees it, it is a text like any other");
    let object = check(&[budget("2")], replace, Visibility::Hidden).unwrap();
    assert_eq!(object, json!({"budget": "2", "licence": "330106199001011234"}));
    assert_eq!(check(&[budget("2")], replace, Visibility::Masked).unwrap(), json!({"budget": "2"}));
}

#[test]
fn personal_data_in_answers_follow_the_role() {
    let fields = fields();
    let object = json!({"budget": "1", "licence": "330106199001011234", "motto": "诚信"});
    let seen = |visibility| {
        let mut values = to_messages(&fields, &object);
        Masked::by(&fields, |_| visibility).apply(&mut values);
        values.remove("licence")
    };
    assert_eq!(seen(Visibility::Clear), Some(text("330106199001011234")));
    assert_eq!(seen(Visibility::Masked), Some(text("330***********1234")));
    assert_eq!(seen(Visibility::Hidden), None);
    assert!(!to_messages(&fields, &object).contains_key("motto"), "retired fields are hidden");
}

#[test]
fn unique_values_are_compared_in_one_spelling() {
    let list = vec![Field { unique: true, ..a_field("account", FieldType::Decimal) }];
    let fields = Fields::new(1, list, dictionaries());
    let stored = |decimal: &str| {
        let mut values = HashMap::from([("account".to_owned(), value(Kind::DecimalValue(decimal.into())))]);
        let object = validate_custom(
            Checks { fields: &fields, masked: &Masked::nothing(), today: today() },
            &mut values,
            Mode::Create,
        )
        .unwrap();
        unique_values(&fields, &object)
    };
    assert_eq!(stored("12.50"), stored("12.5"));
    assert_ne!(stored("12.5"), stored("12.05"));
}

#[test]
fn filters_know_the_fields_in_use_by_their_types() {
    let schema = filter_schema(&fields(), filter::Schema::new());
    for good in ["custom.budget >= 100000", "custom.hobbies : \"tea\"", "custom.stage = \"new\"", "custom.licence:*"] {
        assert!(compile(good, &schema).is_ok(), "{good}");
    }
    for bad in ["custom.budget = \"much\"", "custom.motto = \"诚信\"", "custom.hobbies < \"tea\"", "budget > 1"] {
        assert!(compile(bad, &schema).is_err(), "{bad}");
    }
}

#[test]
fn a_definition_must_make_sense() {
    let found = |field: Field| match rules::check(&field, &dictionaries()) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.into_iter().map(|v| (v.field, v.reason.id)).collect(),
    };
    let one = |path: &str, reason: &'static str| vec![(format!("field.{path}"), reason)];
    assert_eq!(found(a_field("budget", FieldType::Decimal)), Vec::new());
    assert_eq!(found(a_field("birthday", FieldType::Date)), one("key", "FIELD_KEY_RESERVED"));
    assert_eq!(found(a_field("a", FieldType::Unspecified)), one("type", "VALUE_REQUIRED"));
    let nowhere = Field { dictionary: "nowhere".into(), ..a_field("a", FieldType::Option) };
    assert_eq!(found(nowhere), one("dictionary", "DICTIONARY_UNKNOWN"));
    let without = Field { dictionary: String::new(), ..a_field("a", FieldType::Options) };
    assert_eq!(found(without), one("dictionary", "VALUE_REQUIRED"));
    let unwanted = Field { dictionary: "hobby".into(), ..a_field("a", FieldType::Text) };
    assert_eq!(found(unwanted), one("dictionary", "DICTIONARY_NOT_WANTED"));
    let unique = Field { unique: true, ..a_field("a", FieldType::Boolean) };
    assert_eq!(found(unique), one("unique", "FIELD_UNIQUE_REFUSED"));
    let secret = Field { personal_data: PersonalData::Phone as i32, ..a_field("a", FieldType::Integer) };
    assert_eq!(found(secret), one("personal_data", "FIELD_PERSONAL_DATA_REFUSED"));
    let told = Field { personal_data: PersonalData::IdNumber as i32, unique: true, ..a_field("a", FieldType::Text) };
    assert_eq!(found(told), one("personal_data", "FIELD_PERSONAL_UNIQUE"));
    let default = Field { default_value: Some(text("3")), ..a_field("a", FieldType::Integer) };
    assert_eq!(found(default), one("default_value", "FIELD_TYPE_MISMATCH"));
    let default = Field { default_value: Some(text("x")), unique: true, ..a_field("a", FieldType::Text) };
    assert_eq!(found(default), one("default_value", "FIELD_DEFAULT_REFUSED"));
}

#[test]
fn days_and_times_that_do_not_exist_are_refused() {
    let date = a_field("day", FieldType::Date);
    for day in ["2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1"] {
        assert!(to_json(&date, &value(Kind::DateValue(day.into())), &dictionaries(), None).is_err(), "{day}");
    }
    let time = a_field("time", FieldType::Timestamp);
    let never = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
    assert!(to_json(&time, &value(Kind::TimestampValue(never)), &dictionaries(), None).is_err());
}

/// A value of each type as a caller may send it, with the field that takes it.
fn any_value() -> impl Strategy<Value = (Field, FieldValue)> {
    let of = |field_type, kinds: BoxedStrategy<Kind>| {
        kinds.prop_map(move |kind| (a_field("f", field_type), value(kind))).boxed()
    };
    let years = -62_135_596_800..=253_402_300_799_i64;
    let options = proptest::sample::subsequence(vec!["golf", "tea", "opera"], 0..=3);
    prop_oneof![
        of(FieldType::Text, "\\PC{0,40}".prop_map(Kind::StringValue).boxed()),
        of(FieldType::Integer, any::<i64>().prop_map(Kind::IntegerValue).boxed()),
        of(FieldType::Decimal, "-?[0-9]{1,20}(\\.[0-9]{1,8})?".prop_map(Kind::DecimalValue).boxed()),
        of(FieldType::Boolean, any::<bool>().prop_map(Kind::BooleanValue).boxed()),
        of(
            FieldType::Date,
            (1..=9999, 1..=12, 1..=28).prop_map(|(y, m, d)| Kind::DateValue(format!("{y:04}-{m:02}-{d:02}"))).boxed()
        ),
        of(
            FieldType::Timestamp,
            (years, 0..1_000_000_000)
                .prop_map(|(seconds, nanos)| Kind::TimestampValue(prost_types::Timestamp { seconds, nanos }))
                .boxed()
        ),
        of(
            FieldType::Option,
            proptest::sample::select(vec!["golf", "tea"]).prop_map(|c| Kind::StringValue(c.into())).boxed()
        ),
        of(
            FieldType::Options,
            options
                .prop_map(|codes| Kind::OptionsValue(OptionCodes {
                    codes: codes.iter().map(|c| (*c).into()).collect()
                }))
                .boxed()
        ),
    ]
}

proptest! {
    #[test]
    fn a_value_comes_back_as_it_was_stored((field, sent) in any_value()) {
        let dictionaries = dictionaries();
        let stored = to_json(&field, &sent, &dictionaries, None);
        let stored = stored.map_err(|fault| TestCaseError::fail(format!("{fault:?}")))?;
        let Some(stored) = stored else { return Ok(()) };
        let read = from_json(field.r#type(), &stored).expect("of its type");
        let again = to_json(&field, &read, &dictionaries, None).expect("good").expect("not empty");
        prop_assert_eq!(&again, &stored, "one spelling");
        // What stands in the way of equality is only what is taken off: blanks, zeros at the end, nanoseconds.
        match (sent.value.expect("sent"), read.value.expect("read")) {
            (Kind::StringValue(sent), Kind::StringValue(read)) => prop_assert_eq!(sent.trim(), read),
            (Kind::DecimalValue(sent), Kind::DecimalValue(read)) => {
                let number = |text: &str| text.trim_matches('-').parse::<f64>().expect("number");
                prop_assert!((number(&sent) - number(&read)).abs() <= number(&sent) * 1e-15);
                prop_assert!(!read.contains('.') || !read.ends_with('0'));
            }
            (Kind::TimestampValue(sent), Kind::TimestampValue(read)) => {
                prop_assert_eq!((sent.seconds, sent.nanos / 1000 * 1000), (read.seconds, read.nanos));
            }
            (sent, read) => prop_assert_eq!(sent, read),
        }
    }

    #[test]
    fn filters_read_what_is_stored((field, sent) in any_value()) {
        let Ok(Some(stored)) = to_json(&field, &sent, &dictionaries(), None) else { return Ok(()) };
        let schema = filter_schema(&Fields::new(1, vec![field], dictionaries()), filter::Schema::new());
        let known = schema.fields().next().expect("the field");
        let read = filter::Value::from_json(known.field_type(), &stored);
        prop_assert_ne!(&read, &filter::Value::Null);
        prop_assert_eq!(read.to_json(), stored);
    }
}
