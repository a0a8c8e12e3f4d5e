//! The rows after a row, by SQL's keyset condition, against an order written down in Rust.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sqlx::{PgConnection, QueryBuilder, Row as _};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::samples::{Sample, any_rows, columns, connect, schema, store};
use crate::filter::{FieldType, OrderBy, Row, Value};

#[test]
fn every_row_is_followed_by_exactly_those_after_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connection = Mutex::new(runtime.block_on(connect()));
    let config = Config { cases: 300, failure_persistence: None, max_shrink_iters: 1_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(any_rows(20), any_order()), |(rows, text)| {
        let order = OrderBy::parse(&text, &schema()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut sorted: Vec<&Sample> = rows.iter().collect();
        sorted.sort_by(|a, b| oracle(&text, a, b));
        let sorted: Vec<Uuid> = sorted.iter().map(|row| row.id).collect();
        let (in_order, after) = runtime.block_on(async {
            let connection = &mut *connection.lock().await;
            store(connection, &rows).await;
            (select_in_order(connection, &order).await, select_after_each(connection, &order, &rows).await)
        });
        prop_assert_eq!(&in_order, &sorted, "ORDER BY {}", &order);
        for row in &rows {
            let place = sorted.iter().position(|id| *id == row.id).unwrap();
            let after = after.get(&row.id).cloned().unwrap_or_default();
            prop_assert_eq!(&after, &sorted[place + 1..], "after {:?} by {}", row, &order);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

async fn select_in_order(connection: &mut PgConnection, order: &OrderBy) -> Vec<Uuid> {
    let mut query = QueryBuilder::new("SELECT id FROM sample ORDER BY ");
    order.push_order_sql(&mut query);
    query.build_query_scalar().persistent(false).fetch_all(connection).await.unwrap()
}

async fn select_after_each(
    connection: &mut PgConnection,
    order: &OrderBy,
    rows: &[Sample],
) -> BTreeMap<Uuid, Vec<Uuid>> {
    let mut query = QueryBuilder::new("");
    for (index, row) in rows.iter().enumerate() {
        query.push(if index > 0 { " UNION ALL " } else { "" });
        query.push("(SELECT ").push_bind(row.id).push(" AS before, id FROM sample WHERE ");
        order.push_keyset_sql(&mut query, &order.keys(row)).unwrap();
        query.push(" ORDER BY ");
        order.push_order_sql(&mut query);
        query.push(")");
    }
    let mut after: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for row in query.build().persistent(false).fetch_all(connection).await.unwrap() {
        after.entry(row.get(0)).or_default().push(row.get(1));
    }
    after
}

fn sortable_fields() -> BTreeMap<String, FieldType> {
    let both = columns().into_iter().flat_map(|(name, field_type, _)| {
        [(name.to_owned(), field_type.clone()), (format!("custom.{name}"), field_type)]
    });
    both.filter(|(_, field_type)| *field_type != FieldType::StringList)
        .chain([("id".into(), FieldType::Uuid)])
        .collect()
}

fn any_order() -> impl Strategy<Value = String> {
    let fields: Vec<String> = sortable_fields().into_keys().collect();
    let directions = proptest::collection::vec(proptest::sample::select(vec!["", " asc", " desc"]), 5);
    (proptest::sample::subsequence(fields, 0..4).prop_shuffle(), directions).prop_map(|(fields, directions)| {
        let terms = fields.iter().zip(directions).map(|(field, direction)| format!("{field}{direction}"));
        terms.collect::<Vec<_>>().join(", ")
    })
}

/// Term by term, missing values last, then by id in the direction of the last term.
fn oracle(order: &str, a: &Sample, b: &Sample) -> Ordering {
    let types = sortable_fields();
    let mut last_descends = false;
    for term in order.split(", ").filter(|term| !term.is_empty()) {
        let (field, direction) = term.split_once(' ').unwrap_or((term, ""));
        last_descends = direction == "desc";
        let key = |row: &Sample| match (row.value(field), &types[field]) {
            (Value::Text(text), FieldType::Text) => Value::Text(text.to_ascii_lowercase()),
            (value, _) => value,
        };
        let ordering = match (key(a), key(b)) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (a, b) => directed(natural(&a, &b), last_descends),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    directed(a.id.cmp(&b.id), last_descends)
}

fn directed(ordering: Ordering, descending: bool) -> Ordering {
    if descending { ordering.reverse() } else { ordering }
}

fn natural(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.as_bytes().cmp(b.as_bytes()),
        other => panic!("a column of two types: {other:?}"),
    }
}

#[test]
fn an_order_is_total_and_has_one_spelling() {
    let canonical = |text: &str| OrderBy::parse(text, &schema()).unwrap().to_string();
    assert_eq!(canonical(""), "id");
    assert_eq!(canonical(" number  desc ,string asc"), "number desc,string,id");
    assert_eq!(canonical("string, number desc"), "string,number desc,id desc");
    assert_eq!(canonical("number desc, id, string"), "number desc,id");
    assert_eq!(OrderBy::parse("number", &schema()).unwrap().fields(), ["number", "id"]);
}

#[test]
fn keys_of_another_order_are_refused() {
    let order = OrderBy::parse("number", &schema()).unwrap();
    let id = || Value::Uuid(Uuid::nil());
    let refused = [
        vec![],
        vec![id()],
        vec![Value::Text("1".into()), id()],
        vec![Value::Int(1), Value::Null],
        vec![Value::Int(1), id(), id()],
    ];
    let mut query = QueryBuilder::new("");
    for keys in refused {
        let error = order.push_keyset_sql(&mut query, &keys).unwrap_err();
        assert_eq!((error.position, error.reason()), (0, "FILTER_KEYS_MISMATCH"), "{keys:?}");
    }
    assert_eq!(query.sql().as_str(), "", "a refused key leaves the statement as it was");
    let unstorable = OrderBy::parse("string", &schema()).unwrap();
    assert!(unstorable.push_keyset_sql(&mut query, &[Value::Text("\0".into()), id()]).is_err());
    assert!(order.push_keyset_sql(&mut query, &[Value::Null, id()]).is_ok());
}
