//! A table with one column and one custom field of every type, its schema, and random rows for it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use sqlx::query_builder::Separated;
use sqlx::{Connection, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::filter::{Column, EvalContext, Field, FieldType, Row, Schema, Value};

/// A key that would break out of a statement, were it not bound.
pub const ODD_KEY: &str = "it's \"odd\" --";

pub struct Sample {
    pub id: Uuid,
    values: BTreeMap<String, Value>,
}

impl Row for Sample {
    fn value(&self, field: &str) -> Value {
        if field == "id" {
            return Value::Uuid(self.id);
        }
        self.values.get(field).cloned().unwrap_or(Value::Null)
    }
}

fn kinds() -> FieldType {
    FieldType::int_enum([("PERSON", 1), ("COMPANY", 2), ("AGENCY", 3)])
}

fn stages() -> FieldType {
    FieldType::text_enum([("new", "10_new"), ("won", "90_won"), ("丢单", "91_lost")])
}

/// Name, type and Postgres type of the columns.
pub fn columns() -> Vec<(&'static str, FieldType, &'static str)> {
    vec![
        ("string", FieldType::String, "text"),
        ("text", FieldType::Text, "text"),
        ("code", FieldType::CodePrefix, "text"),
        ("kind", kinds(), "smallint"),
        ("stage", stages(), "text"),
        ("number", FieldType::Int, "integer"),
        ("amount", FieldType::Decimal, "numeric"),
        ("flag", FieldType::Bool, "boolean"),
        ("day", FieldType::Date, "date"),
        ("moment", FieldType::Timestamp, "timestamptz"),
        ("took", FieldType::Duration, "bigint"),
        ("owner", FieldType::Uuid, "uuid"),
        ("tags", FieldType::StringList, "text[]"),
        ("rank", FieldType::Int, "bigint NOT NULL"),
        ("label", FieldType::Text, "text NOT NULL"),
    ]
}

fn is_required(sql_type: &str) -> bool {
    sql_type.ends_with("NOT NULL")
}

/// The columns' fields, the same types again as custom fields, and one that filters may not see.
pub fn schema() -> Schema {
    let id = Field::new("id", FieldType::Uuid, Column::sql("sample.id"));
    let mut schema = Schema::new()
        .with(id.sortable().not_null())
        .with(Field::new("secret", FieldType::String, Column::sql("sample.secret")).not_filterable())
        .with(Field::new("custom.odd", FieldType::Text, Column::json("sample.custom", ODD_KEY)).sortable());
    for (name, field_type, sql_type) in columns() {
        let key = Column::json("sample.custom", name);
        let field = Field::new(name, field_type.clone(), Column::sql(name)).sortable();
        schema = schema
            .with(if is_required(sql_type) { field.not_null() } else { field })
            .with(Field::new(format!("custom.{name}"), field_type, key).sortable());
    }
    schema
}

/// 8:30 in the morning at +08:00, when it's still yesterday in UTC for half an hour of the tests' instants.
pub fn now() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-03-01T08:30:00+08:00").unwrap()
}

pub fn owners() -> [Uuid; 3] {
    [1_u128, 2, 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff].map(Uuid::from_u128)
}

pub fn context(me: Option<Uuid>) -> EvalContext {
    EvalContext::at(now(), me)
}

/// Texts from a small stock, so that filters hit; the stock holds what LIKE, SQL, JSON and case folding trip over.
pub fn any_text() -> impl Strategy<Value = String> {
    const FREQUENT: [&str; 7] = ["a", "A", "b", "%", "_", "\\", "张"];
    const RARE: [&str; 23] = [
        "B",
        "z",
        "é",
        "É",
        "ß",
        "İ",
        "ı",
        "ſ",
        "\u{212a}",
        "Ａ",
        "ａ",
        "三",
        "*",
        "'",
        "\"",
        "$1",
        "?",
        " ",
        "\n",
        "{",
        "\u{ff}",
        "\u{10ffff}",
        "🦀",
    ];
    let piece = prop_oneof![3 => proptest::sample::select(&FREQUENT[..]), 1 => proptest::sample::select(&RARE[..])];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn any_code() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["3", "33", "3301", "330106", "34", "3%", ""]).prop_map(String::from)
}

pub fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![-3_i64..4, Just(i64::from(i32::MAX)), Just(i64::from(i32::MIN))]
}

pub fn any_decimal() -> impl Strategy<Value = Decimal> {
    (-3_i64..4, 0_u32..3, 0_u32..3).prop_map(|(digits, scale, zeros)| {
        // The same number with more or fewer zeros at its end.
        Decimal::new(digits * 10_i64.pow(zeros), scale + zeros)
    })
}

pub fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..7).prop_map(|days| now().date_naive() - Days::new(3) + Days::new(days))
}

/// Instants on and beside the caller's midnights, to the microsecond.
pub fn any_moment() -> impl Strategy<Value = DateTime<Utc>> {
    let beside = prop_oneof![-1_i64..2, Just(500_000), Just(3_600_000_000), Just(30_600_000_000)];
    (any_day(), beside).prop_map(|(day, micros)| {
        let midnight = day.and_hms_opt(0, 0, 0).unwrap().and_local_timezone(*now().offset()).unwrap();
        midnight.with_timezone(&Utc) + TimeDelta::microseconds(micros)
    })
}

pub fn any_value(field_type: &FieldType) -> BoxedStrategy<Value> {
    match field_type {
        FieldType::String | FieldType::Text => any_text().prop_map(Value::Text).boxed(),
        FieldType::CodePrefix => any_code().prop_map(Value::Text).boxed(),
        FieldType::Enum(_) if *field_type == kinds() => (1_i64..5).prop_map(Value::Int).boxed(),
        FieldType::Enum(_) => proptest::sample::select(vec!["10_new", "90_won", "91_lost", "x"])
            .prop_map(|v| Value::Text(v.into()))
            .boxed(),
        FieldType::Int => any_number().prop_map(Value::Int).boxed(),
        FieldType::Decimal => any_decimal().prop_map(Value::Decimal).boxed(),
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Date => any_day().prop_map(Value::Date).boxed(),
        FieldType::Timestamp => any_moment().prop_map(Value::Timestamp).boxed(),
        FieldType::Duration => (0_i64..5).prop_map(|n| Value::Int(n * 30)).boxed(),
        FieldType::Uuid => proptest::sample::select(owners().to_vec()).prop_map(Value::Uuid).boxed(),
        FieldType::StringList => proptest::collection::vec(any_text(), 0..3).prop_map(Value::List).boxed(),
    }
}

/// A row in which about every third value is missing.
fn any_row() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let fields = columns().into_iter().flat_map(|(name, field_type, sql_type)| {
        [(name.to_owned(), field_type.clone(), is_required(sql_type)), (format!("custom.{name}"), field_type, false)]
    });
    let odd = [("custom.odd".to_owned(), FieldType::Text, false)];
    let values = fields.chain(odd).map(|(name, field_type, required)| {
        let present = any_value(&field_type);
        let value = if required { present } else { prop_oneof![1 => Just(Value::Null), 2 => present].boxed() };
        value.prop_map(move |value| (name.clone(), value))
    });
    values.collect::<Vec<_>>().prop_map(|values| values.into_iter().collect())
}

pub fn any_rows(count: usize) -> impl Strategy<Value = Vec<Sample>> {
    proptest::collection::vec(any_row(), 1..count).prop_map(|rows| {
        let ids = (1_u128..).map(|n| Uuid::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)));
        ids.zip(rows).map(|(id, values)| Sample { id, values }).collect()
    })
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_map().entries(self.values.iter().filter(|(_, value)| **value != Value::Null)).finish()
    }
}

/// A connection to the test server with an empty temporary table `sample`.
pub async fn connect() -> PgConnection {
    let url = std::env::var("CHANGKE_TEST_DATABASE_URL")
        .expect("CHANGKE_TEST_DATABASE_URL names the Postgres to test against; `make test` brings one and sets it");
    let mut connection = PgConnection::connect(&url).await.expect("the test database answers");
    let collation = foreign_collation(&mut connection).await;
    let column = |(name, field_type, sql_type): (&str, FieldType, &str)| match field_type {
        FieldType::String | FieldType::Text => format!("{name} {sql_type} COLLATE {collation}"),
        _ => format!("{name} {sql_type}"),
    };
    let columns: Vec<String> = columns().into_iter().map(column).collect();
    let table = format!("CREATE TEMP TABLE sample (id uuid PRIMARY KEY, {}, custom jsonb)", columns.join(", "));
    sqlx::raw_sql(sqlx::AssertSqlSafe(table)).execute(&mut connection).await.unwrap();
    connection
}

/// The collation of this server that is the furthest from bytes: the answers mustn't depend on it.
async fn foreign_collation(connection: &mut PgConnection) -> &'static str {
    for collation in ["\"und-x-icu\"", "\"en_US.utf8\"", "\"pg_unicode_fast\""] {
        let trial = sqlx::AssertSqlSafe(format!("SELECT 'a' < 'B' COLLATE {collation}"));
        if sqlx::raw_sql(trial).execute(&mut *connection).await.is_ok() {
            return collation;
        }
    }
    "\"C\""
}

/// Replaces what's in the table.
pub async fn store(connection: &mut PgConnection, rows: &[Sample]) {
    sqlx::query("DELETE FROM sample").execute(&mut *connection).await.unwrap();
    let mut insert = QueryBuilder::new("INSERT INTO sample ");
    insert.push_values(rows, |mut values, row| {
        values.push_bind(row.id);
        for (name, _, _) in columns() {
            push_column(&mut values, row.value(name));
        }
        values.push_bind(custom_object(row));
    });
    insert.build().persistent(false).execute(&mut *connection).await.unwrap();
}

fn push_column(values: &mut Separated<'_, Postgres, &'static str>, value: Value) {
    match value {
        Value::Null => values.push("NULL"),
        Value::Bool(value) => values.push_bind(value),
        Value::Int(value) => values.push_bind(value),
        Value::Decimal(value) => values.push_bind(value),
        Value::Text(value) => values.push_bind(value),
        Value::Date(value) => values.push_bind(value),
        Value::Timestamp(value) => values.push_bind(value),
        Value::Uuid(value) => values.push_bind(value),
        Value::List(value) => values.push_bind(value),
    };
}

/// A time with all its digits, another spelling of the same value.
fn spelt_out(value: &Value) -> serde_json::Value {
    match value {
        Value::Timestamp(time) => time.to_rfc3339_opts(SecondsFormat::Micros, true).into(),
        other => other.to_json(),
    }
}

/// The custom fields as the API would write them. A missing one is left out or null, by the whim of the row; an
/// object without any is left out as a whole.
fn custom_object(row: &Sample) -> Option<serde_json::Value> {
    let whim = row.id.as_u128().is_multiple_of(2);
    let mut object = serde_json::Map::new();
    for (name, _, _) in columns() {
        let value = row.value(&format!("custom.{name}"));
        if value != Value::Null || whim {
            object.insert(name.into(), if whim { spelt_out(&value) } else { value.to_json() });
        }
    }
    if let value @ Value::Text(_) = row.value("custom.odd") {
        object.insert(ODD_KEY.into(), value.to_json());
    }
    (!object.is_empty()).then_some(serde_json::Value::Object(object))
}
