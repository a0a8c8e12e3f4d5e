//! Plain conditions stay plain enough for an index: the planner, kept from scanning, finds an index condition.

use sqlx::{PgConnection, QueryBuilder};
use uuid::Uuid;

use super::samples::{connect, context, owners, schema};
use crate::filter::{Column, Field, FieldType, OrderBy, Schema, Value, compile};

async fn indexed() -> PgConnection {
    let mut connection = connect().await;
    let statements = "CREATE INDEX ON sample (string); CREATE INDEX ON sample (code text_pattern_ops);
        CREATE INDEX ON sample (lower(text COLLATE \"C\")); CREATE INDEX ON sample (number);
        CREATE INDEX ON sample (moment); CREATE INDEX ON sample (owner); CREATE INDEX ON sample USING gin (tags);
        CREATE INDEX ON sample USING gin (custom jsonb_path_ops); SET enable_seqscan = off; SET enable_sort = off;
        SET plan_cache_mode = force_custom_plan;";
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection
}

async fn plan(connection: &mut PgConnection, mut query: QueryBuilder<sqlx::Postgres>) -> String {
    let lines: Vec<String> = query.build_query_scalar().persistent(false).fetch_all(connection).await.unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn a_condition_is_served_by_the_index_of_its_column() {
    let mut connection = indexed().await;
    let served = [
        "string = a",
        "number = 5",
        "number > 5 number <= 9",
        "owner = me()",
        "moment = today()",
        "text = Abc",
        "text = abc*",
        "code : 33",
        "tags : VIP",
        "custom.stage = won",
        "custom.number = 5",
        "custom.tags : VIP",
        "NOT number != 5",
        "number = (1 OR 2 OR 3)",
    ];
    for filter in served {
        let mut query = QueryBuilder::new("EXPLAIN (COSTS OFF) SELECT id FROM sample WHERE ");
        compile(filter, &schema()).unwrap().push_sql(&mut query, &context(Some(owners()[0])));
        let plan = plan(&mut connection, query).await;
        assert!(plan.contains("Index Cond"), "{filter}\n{plan}");
    }
}

#[tokio::test]
async fn a_page_of_columns_without_nulls_is_one_range_of_an_index() {
    let mut connection = connect().await;
    let statements = "ALTER TABLE sample ALTER moment SET NOT NULL, ALTER string SET NOT NULL;
        CREATE INDEX ON sample (moment, id); CREATE INDEX ON sample (string COLLATE \"C\", id);
        SET enable_seqscan = off; SET enable_bitmapscan = off";
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    let schema = Schema::new()
        .with(Field::new("id", FieldType::Uuid, Column::sql("id")).sortable().not_null())
        .with(Field::new("moment", FieldType::Timestamp, Column::sql("moment")).sortable().not_null())
        .with(Field::new("string", FieldType::String, Column::sql("string")).sortable().not_null());
    let moment = Value::Timestamp("2026-01-31T08:30:00Z".parse().unwrap());
    for (order, key) in [("moment desc", &moment), ("moment", &moment), ("string desc", &Value::Text("张".into()))] {
        let order = OrderBy::parse(order, &schema).unwrap();
        let mut query = QueryBuilder::new("EXPLAIN (COSTS OFF) SELECT id FROM sample WHERE ");
        order.push_keyset_sql(&mut query, &[key.clone(), Value::Uuid(Uuid::nil())]).unwrap();
        query.push(" ORDER BY ");
        order.push_order_sql(&mut query);
        query.push(" LIMIT 50");
        let plan = plan(&mut connection, query).await;
        assert!(plan.contains("Index Cond: (ROW") && !plan.contains("Sort"), "{order}\n{plan}");
    }
}

#[test]
fn values_are_bound_and_never_written_into_the_statement() {
    let filter = "string = 'evil\\'; DROP' OR text : evil OR custom.odd = evil OR tags : evil OR custom.amount > 666";
    let mut query = QueryBuilder::new("");
    compile(filter, &schema()).unwrap().push_sql(&mut query, &context(None));
    let sql = query.sql();
    let sql = sql.as_str();
    assert!(!sql.contains("evil") && !sql.contains("odd") && !sql.contains("666"), "{sql}");
}
