//! What a checked filter says about a row, case by case. That SQL says the same is `agreement`'s business.

use std::collections::BTreeMap;

use super::samples::{context, now, owners, schema};
use crate::filter::{Column, EvalContext, FieldType, Predicate, Row, Schema, Value, compile};

struct Record(BTreeMap<&'static str, Value>);

impl Row for Record {
    fn value(&self, field: &str) -> Value {
        self.0.get(field).cloned().unwrap_or(Value::Null)
    }
}

fn with(field: &'static str, value: impl Into<Sample>) -> Record {
    Record(BTreeMap::from([(field, value.into().0)]))
}

struct Sample(Value);

impl From<&str> for Sample {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.into()))
    }
}

impl From<i64> for Sample {
    fn from(number: i64) -> Self {
        Self(Value::Int(number))
    }
}

impl From<Value> for Sample {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

fn is_met(filter: &str, record: &Record) -> bool {
    let predicate = compile(filter, &schema()).unwrap_or_else(|error| panic!("{filter}: {error}"));
    predicate.matches(record, &context(Some(owners()[0])))
}

/// The filters of the list that a record meets.
fn met<'a>(filters: &[&'a str], record: &Record) -> Vec<&'a str> {
    filters.iter().filter(|filter| is_met(filter, record)).copied().collect()
}

#[test]
fn a_missing_value_meets_nothing_but_not_equal() {
    let nothing = Record(BTreeMap::new());
    for (field, value) in [("number", "1"), ("string", "a*"), ("text", "a"), ("owner", "me()"), ("custom.amount", "5")]
    {
        assert!(!is_met(&format!("{field} = {value}"), &nothing));
        assert!(is_met(&format!("{field} != {value}"), &nothing));
        assert!(is_met(&format!("NOT {field} = {value}"), &nothing));
        assert!(!is_met(&format!("NOT {field} != {value}"), &nothing));
        assert!(!is_met(&format!("{field}:*"), &nothing));
    }
    assert_eq!(met(&["number < 1", "number >= 1", "NOT number < 1"], &nothing), ["NOT number < 1"]);
}

#[test]
fn an_empty_text_or_list_is_absent_but_can_be_compared() {
    assert_eq!(met(&["string:*", "NOT string:*", "string = ''"], &with("string", "")), ["NOT string:*", "string = ''"]);
    assert!(!is_met("tags:*", &with("tags", Value::List(Vec::new()))));
    assert!(is_met("tags:*", &with("tags", Value::List(vec![String::new()]))));
}

#[test]
fn text_is_exact_or_regardless_of_ascii_case() {
    let filters = ["string = Ab", "string = ab", "text = ab", "text = AB", "text != AB", "text > AA", "text < B"];
    assert_eq!(met(&filters, &with("string", "Ab")), ["string = Ab", "text != AB"]);
    assert_eq!(met(&filters, &with("text", "Ab")), ["text = ab", "text = AB", "text > AA", "text < B"]);
    assert!(!is_met("text = É", &with("text", "é")), "only A to Z are folded");
    assert!(!is_met("text : É", &with("text", "é")) && !is_met("text = *É", &with("text", "aé")));
    assert!(is_met("text : É", &with("text", "aÉ")) && is_met("text = A*É", &with("text", "aÉ")));
}

#[test]
fn has_finds_part_of_a_text_and_wildcards_fix_its_ends() {
    let filters = ["text:三", "text:*三", "text:三*", "text=张*丰", "text=张*张", "text=三", "text='张三\\*丰'"];
    assert_eq!(met(&filters, &with("text", "张三丰")), ["text:三", "text=张*丰"]);
    assert_eq!(met(&filters, &with("text", "张三*丰")), ["text:三", "text=张*丰", "text='张三\\*丰'"]);
    assert!(!is_met("string = a*a", &with("string", "a")), "both ends need their own letter");
    assert!(is_met("string = *%_*", &with("string", "100%_")) && !is_met("string : %", &with("string", "100")));
}

#[test]
fn a_code_has_everything_below_it() {
    let codes = ["33", "3301", "34", "3"];
    let below = |filter: &str| codes.iter().filter(|code| is_met(filter, &with("code", **code))).count();
    assert_eq!((below("code:33"), below("code=33"), below("code:3"), below("NOT code:33")), (2, 1, 4, 2));
}

#[test]
fn a_list_has_its_elements() {
    let tags = with("tags", Value::List(vec!["老客户".into(), "VIP".into()]));
    assert_eq!(
        met(&["tags:VIP", "tags:vip", "tags:(a OR 老客户)", "tags:VI"], &tags),
        ["tags:VIP", "tags:(a OR 老客户)"]
    );
}

#[test]
fn names_stand_for_stored_values() {
    assert_eq!(
        met(&["kind=COMPANY", "kind:COMPANY", "kind=PERSON"], &with("kind", 2)),
        ["kind=COMPANY", "kind:COMPANY"]
    );
    assert_eq!(met(&["stage=丢单", "stage!=won"], &with("stage", "91_lost")), ["stage=丢单", "stage!=won"]);
}

#[test]
fn a_date_against_an_instant_is_the_whole_day_of_the_caller() {
    let instant = |text: &str| with("moment", Value::Timestamp(text.parse().unwrap()));
    let filters = [
        "moment < 2026-03-01",
        "moment <= 2026-03-01",
        "moment = today()",
        "moment > days_ago(0)",
        "moment >= 2026-03-01",
    ];
    assert_eq!(met(&filters, &instant("2026-02-28T15:59:59.999999Z")), filters[..2]);
    assert_eq!(met(&filters, &instant("2026-02-28T16:00:00Z")), [filters[1], filters[2], filters[4]]);
    assert_eq!(met(&filters, &instant("2026-03-01T15:59:59.999999Z")), [filters[1], filters[2], filters[4]]);
    assert_eq!(met(&filters, &instant("2026-03-01T16:00:00Z")), filters[3..]);
    assert!(is_met("moment = now()", &with("moment", Value::Timestamp(now().into()))));
}

#[test]
fn days_are_counted_from_today() {
    let day = |text: &str| with("day", Value::Date(text.parse().unwrap()));
    let filters = ["day = today()", "day >= days_ago(1)", "day = days_ago(-1)"];
    assert_eq!(met(&filters, &day("2026-03-01")), filters[..2]);
    assert_eq!(met(&filters, &day("2026-02-28")), [filters[1]]);
    assert_eq!(met(&filters, &day("2026-03-02")), filters[1..]);
}

#[test]
fn durations_have_units() {
    let filters = ["took = 90s", "took < 2m", "took >= 1h", "took > 1d"];
    assert_eq!(met(&filters, &with("took", 90)), filters[..2]);
    assert_eq!(met(&filters, &with("took", 86_400)), [filters[2]]);
}

#[test]
fn without_a_caller_nothing_is_mine() {
    let predicate = compile("owner = me()", &schema()).unwrap();
    let mine = with("owner", Value::Uuid(owners()[0]));
    assert!(predicate.matches(&mine, &context(Some(owners()[0]))));
    assert!(!predicate.matches(&mine, &context(None)));
    assert!(predicate.negated().matches(&mine, &context(None)));
}

#[test]
fn bare_words_are_looked_for_in_the_search_field() {
    let schema = Schema::new().field("name", FieldType::Text, Column::sql("name")).search_field("name");
    let predicate = compile("张 -\"bad debt\"", &schema).unwrap();
    let context = EvalContext::at(now(), None);
    assert!(predicate.matches(&with("name", "老张"), &context));
    assert!(!predicate.matches(&with("name", "老张 BAD DEBT"), &context));
    assert!(!predicate.matches(&with("name", "老李"), &context));
}

#[test]
fn predicates_compose() {
    let context = context(None);
    let row = with("number", 1);
    let one = || compile("number = 1", &schema()).unwrap();
    let verdicts = [
        Predicate::everything(),
        Predicate::nothing(),
        Predicate::all([one(), Predicate::nothing()]),
        Predicate::any([one(), Predicate::nothing()]),
        one().negated(),
        one().negated().negated(),
    ];
    let verdicts = verdicts.map(|predicate| predicate.matches(&row, &context));
    assert_eq!(verdicts, [true, false, false, true, false, true]);
    assert!(compile(" ", &schema()).unwrap().is_everything() && !one().is_everything());
}

#[test]
fn a_predicate_names_the_fields_it_looks_at() {
    let predicate = compile("NOT (text:a OR number=1) custom.amount > 5 number < (7) text:*", &schema()).unwrap();
    assert_eq!(predicate.fields(), ["custom.amount", "number", "text"]);
}

#[test]
fn a_custom_field_of_another_type_counts_as_missing() {
    let read = |field_type: FieldType, json: serde_json::Value| Value::from_json(&field_type, &json);
    for json in
        [serde_json::json!(1.5), "1".into(), serde_json::json!([1]), serde_json::json!({}), serde_json::Value::Null]
    {
        assert_eq!(read(FieldType::Int, json.clone()), Value::Null);
        assert_eq!(read(FieldType::Bool, json.clone()), Value::Null);
        assert_eq!(read(FieldType::Date, json.clone()), Value::Null);
        assert_eq!(read(FieldType::StringList, json), Value::Null);
    }
    assert_eq!(read(FieldType::Decimal, "12.50".into()), Value::Decimal("12.50".parse().unwrap()));
    assert_eq!(read(FieldType::Timestamp, "2026-01-31T08:30:00+08:00".into()), Value::Null);
}

#[test]
fn values_survive_a_page_token() {
    let values = vec![
        Value::Null,
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Decimal("-0.10".parse().unwrap()),
        Value::Text("张\"三".into()),
        Value::Date("2026-01-31".parse().unwrap()),
        Value::Timestamp("2026-01-31T08:30:00.123456Z".parse().unwrap()),
        Value::Uuid(owners()[2]),
        Value::List(vec!["a".into()]),
    ];
    let token = serde_json::to_string(&values).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Value>>(&token).unwrap(), values);
}

#[test]
fn a_code_stands_for_all_below_it_and_an_official_one_for_its_division() {
    let counties = with("code", "330106");
    let filters = ["code : 33", "code : 330000", "code : 330100", "code : 330106", "code = 330106"];
    assert_eq!(met(&filters, &counties), filters);
    let others = ["code : 340000", "code : 330200", "code : 330107", "code = 330000", "code : 3300", "code : 33010600"];
    assert_eq!(met(&others, &counties), [""; 0]);
}
