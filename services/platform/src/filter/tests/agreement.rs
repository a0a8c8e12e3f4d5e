//! The promise of the module: SQL and memory give the same answer for every filter and every row.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use sqlx::{QueryBuilder, Row as _};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::samples::{
    any_day, any_decimal, any_moment, any_number, any_rows, any_text, columns, connect, context, owners, schema, store,
};
use crate::filter::{EvalContext, FieldType, OrderBy, Predicate, compile};

const BATCHES: u32 = 300;
const FILTERS: usize = 40;
const ROWS: usize = 40;

#[test]
fn sql_and_memory_agree_on_every_filter_and_row() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connection = Mutex::new(runtime.block_on(connect()));
    let schema = schema();
    let (hits, misses) = (Cell::new(0_usize), Cell::new(0_usize));

    let config = Config { cases: BATCHES, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let batch = (any_rows(ROWS), proptest::collection::vec(any_filter(), 1..FILTERS), any_caller());
    let outcome = TestRunner::new(config).run(&batch, |(rows, filters, caller)| {
        let context = context(caller);
        let compiled =
            filters.iter().map(|filter| compile(filter, &schema).map_err(|error| format!("{filter}: {error}")));
        let predicates: Vec<Predicate> = compiled.collect::<Result<_, _>>().map_err(TestCaseError::fail)?;
        let selected = runtime.block_on(async {
            let connection = &mut *connection.lock().await;
            store(connection, &rows).await;
            select(connection, &predicates, &context).await
        });
        let selected = selected.map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (index, (filter, predicate)) in filters.iter().zip(&predicates).enumerate() {
            for row in &rows {
                let in_memory = predicate.matches(row, &context);
                let in_sql = selected.contains(&(index as i32, row.id));
                prop_assert_eq!(in_memory, in_sql, "memory and SQL differ on {} for {:?}", filter, row);
                let count = if in_memory { &hits } else { &misses };
                count.set(count.get() + 1);
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Filters that never hit, or always do, would agree about nothing.
    let (hits, misses) = (hits.get(), misses.get());
    assert!(hits * 10 > misses && misses * 10 > hits, "{hits} hits, {misses} misses");
}

/// Runs every predicate in a WHERE of its own, all in one statement.
async fn select(
    connection: &mut sqlx::PgConnection,
    predicates: &[Predicate],
    context: &EvalContext,
) -> Result<BTreeSet<(i32, Uuid)>, sqlx::Error> {
    let mut query = QueryBuilder::new("");
    for (index, predicate) in predicates.iter().enumerate() {
        query.push(if index > 0 { " UNION ALL " } else { "" });
        query.push("SELECT ").push(index).push("::integer, id FROM sample WHERE ");
        predicate.push_sql(&mut query, context);
    }
    let rows = query.build().persistent(false).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn any_caller() -> impl Strategy<Value = Option<Uuid>> {
    proptest::option::of(proptest::sample::select(owners().to_vec()))
}

/// Conditions under a few levels of AND, OR and NOT.
fn any_filter() -> impl Strategy<Value = String> {
    any_condition().prop_recursive(4, 16, 4, |inner| {
        let parts = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            parts().prop_map(|parts| format!("({})", parts.join(" AND "))),
            parts().prop_map(|parts| format!("({})", parts.join(" OR "))),
            parts().prop_map(|parts| format!("({})", parts.join(" "))),
            inner.clone().prop_map(|part| format!("(NOT ({part}))")),
            inner.clone().prop_map(|part| format!("(-({part}))")),
        ]
    })
}

fn any_condition() -> impl Strategy<Value = String> {
    let mut fields: Vec<(String, FieldType)> = vec![("custom.odd".into(), FieldType::Text)];
    for (name, field_type, _) in columns() {
        fields.push((name.into(), field_type.clone()));
        fields.push((format!("custom.{name}"), field_type));
    }
    proptest::sample::select(fields).prop_flat_map(|(name, field_type)| {
        let presence = Just(format!("{name}:*"));
        prop_oneof![1 => presence, 9 => comparison(name.clone(), &field_type)]
    })
}

fn comparison(name: String, field_type: &FieldType) -> BoxedStrategy<String> {
    let value = any_literal(field_type);
    let comparators = field_type.comparators_text().split(' ').collect::<Vec<_>>();
    let has_equality = comparators.contains(&"=");
    let single_name = name.clone();
    let single = (proptest::sample::select(comparators), value.clone())
        .prop_map(move |(comparator, value)| format!("{single_name} {comparator} {value}"));
    if !has_equality {
        return single.boxed();
    }
    let list =
        proptest::collection::vec(value, 1..4).prop_map(move |values| format!("{name} = ({})", values.join(" OR ")));
    prop_oneof![5 => single, 1 => list].boxed()
}

fn any_literal(field_type: &FieldType) -> BoxedStrategy<String> {
    match field_type {
        FieldType::String | FieldType::Text | FieldType::CodePrefix => {
            let pieces = proptest::collection::vec(prop_oneof![any_text(), "3|33|3301"], 1..4);
            pieces.prop_map(|pieces| quoted(&pieces)).boxed()
        }
        FieldType::StringList => any_text().prop_map(|text| quoted(&[text])).boxed(),
        FieldType::Enum(values) => {
            let names: Vec<String> = values.names().map(String::from).collect();
            proptest::sample::select(names).boxed()
        }
        FieldType::Int => any_number().prop_map(|number| number.to_string()).boxed(),
        FieldType::Decimal => any_decimal().prop_map(|number| number.to_string()).boxed(),
        FieldType::Bool => any::<bool>().prop_map(|flag| flag.to_string()).boxed(),
        FieldType::Date => prop_oneof![any_day().prop_map(|day| day.to_string()), any_day_function()].boxed(),
        FieldType::Timestamp => prop_oneof![
            any_moment().prop_map(|moment| format!("{moment:?}")),
            any_moment().prop_map(|moment| format!(
                "\"{}\"",
                moment.with_timezone(super::samples::now().offset()).to_rfc3339()
            )),
            any_day().prop_map(|day| day.to_string()),
            any_day_function(),
            Just("now()".to_owned()),
        ]
        .boxed(),
        FieldType::Duration => prop_oneof![(0..5).prop_map(|n| format!("{}s", n * 30)), Just("1m".to_owned())].boxed(),
        FieldType::Uuid => prop_oneof![
            proptest::sample::select(owners().to_vec()).prop_map(|owner| owner.to_string()),
            Just("me()".to_owned())
        ]
        .boxed(),
    }
}

fn any_day_function() -> impl Strategy<Value = String> {
    prop_oneof![Just("today()".to_owned()), (-3..4).prop_map(|days| format!("days_ago({days})"))]
}

/// The pieces in quotes, with wildcards between them and everything else taken literally.
fn quoted(pieces: &[String]) -> String {
    let escape =
        |piece: &String| piece.replace('\\', "\\\\").replace('"', "\\\"").replace('*', "\\*").replace('\n', "\\n");
    format!("\"{}\"", pieces.iter().map(escape).collect::<Vec<_>>().join("*"))
}

#[test]
fn a_custom_field_of_a_former_type_fails_no_query() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let left_over = [
        "1.5",
        "1e300",
        "true",
        "null",
        "[]",
        "[1, null]",
        "{}",
        "\"\"",
        "\"x\"",
        "\"2026-02-30\"",
        "\"2026-02-30T99:00:00Z\"",
    ];
    let schema = schema();
    runtime.block_on(async {
        let mut connection = connect().await;
        for json in left_over {
            let fields = columns().into_iter().map(|(name, _, _)| format!("\"{name}\": {json}"));
            let object = format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
            let insert = sqlx::query(
                "INSERT INTO sample (id, rank, label, custom) VALUES (gen_random_uuid(), 1, '', $1::jsonb)",
            )
            .bind(object);
            insert.execute(&mut connection).await.unwrap();
        }
        for (name, field_type, _) in columns() {
            let literal = any_literal(&field_type).new_tree(&mut TestRunner::deterministic()).unwrap().current();
            for comparator in field_type.comparators_text().split(' ') {
                let predicate = compile(&format!("custom.{name} {comparator} {literal}"), &schema).unwrap();
                let presence = compile(&format!("custom.{name}:*"), &schema).unwrap();
                let is_list = field_type == FieldType::StringList;
                let sorted = if is_list { String::new() } else { format!("custom.{name}") };
                let order = OrderBy::parse(&sorted, &schema).unwrap();
                let mut query = QueryBuilder::new("SELECT id FROM sample WHERE ");
                Predicate::any([predicate, presence]).push_sql(&mut query, &context(None));
                query.push(" ORDER BY ");
                order.push_order_sql(&mut query);
                let outcome = query.build().persistent(false).fetch_all(&mut connection).await;
                assert!(outcome.is_ok(), "custom.{name} {comparator} {literal}: {outcome:?}");
            }
        }
    });
}
