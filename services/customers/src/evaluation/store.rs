//! All SQL of judging customers by rules. The table is `c` in every query.

use chrono::{DateTime, Utc};
use contracts::customers::GradeRules;
use platform::filter::{EvalContext, Predicate};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rule::SchemeRules;
use crate::customer::row::COLUMNS;
use crate::grade::{self, StoredRules};

pub async fn tag_rules(connection: &mut PgConnection) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as("SELECT tag, filter FROM tag_rule ORDER BY tag").fetch_all(connection).await
}

/// The rules in force: scheme, version and rules.
pub async fn grade_rules(connection: &mut PgConnection) -> sqlx::Result<Vec<(String, i32, GradeRules)>> {
    let rows: Vec<(String, i32, Json<StoredRules>)> = sqlx::query_as(
        "SELECT s.code, s.version, v.rules
         FROM grade_scheme AS s JOIN grade_version AS v ON v.scheme = s.code AND v.version = s.version
         ORDER BY s.code",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(code, version, Json(rules))| (code, version, rules.into())).collect())
}

/// Whether there is anything to do.
pub async fn waiting(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM evaluation_due)
             OR EXISTS (SELECT FROM grade_override WHERE expire_time <= now())
             OR EXISTS (SELECT FROM customer_tag WHERE expire_time <= now())",
    )
    .fetch_one(connection)
    .await
}

/// What the transaction writes from here on does not call for the rules again.
pub async fn quiet_set(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT set_config('changke.evaluating', 'on', true)").execute(connection).await?;
    Ok(())
}

/// Why grades change from here on, for their history.
pub async fn cause_set(
    connection: &mut PgConnection,
    cause: i32,
    version: i32,
    reason: &str,
    expire_time: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    let cause = json!({"cause": cause, "version": version, "reason": reason, "expire_time": expire_time});
    sqlx::query("SELECT set_config('changke.grade_cause', $1, true)")
        .bind(cause.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes some customers that wait, each once.
pub async fn due_take(connection: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "WITH taken AS (
             DELETE FROM evaluation_due
             WHERE id IN (SELECT id FROM evaluation_due ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
             RETURNING customer_id
         )
         SELECT DISTINCT customer_id FROM taken",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Takes away what was set by hand and has run out: customer, scheme and grade.
pub async fn overrides_end(connection: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<(Uuid, String, String)>> {
    sqlx::query_as(
        "DELETE FROM grade_override
         WHERE (customer_id, scheme) IN (
             SELECT customer_id, scheme FROM grade_override WHERE expire_time <= now()
             ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED
         )
         RETURNING customer_id, scheme, code",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Takes away tags that have run out.
pub async fn tags_end(connection: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<(Uuid, String)>> {
    sqlx::query_as(
        "DELETE FROM customer_tag
         WHERE (customer_id, tag) IN (
             SELECT customer_id, tag FROM customer_tag WHERE expire_time <= now()
             ORDER BY expire_time LIMIT $1 FOR UPDATE SKIP LOCKED
         )
         RETURNING customer_id, tag",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// The next customers behind an id.
pub async fn next_ids(connection: &mut PgConnection, after: Uuid, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    let sql = "SELECT id FROM customer WHERE id > $1 ORDER BY id LIMIT $2";
    sqlx::query_scalar(sql).bind(after).bind(limit).fetch_all(connection).await
}

pub async fn customer_total(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM customer").fetch_one(connection).await
}

/// The grade that the customer `c` holds.
pub fn push_current(sql: &mut QueryBuilder<Postgres>, scheme: &str) {
    match grade::column(scheme) {
        Some(column) => sql.push("c.").push(column),
        None => sql.push("coalesce(c.grades ->> ").push_bind(scheme.to_owned()).push(", '')"),
    };
}

/// Moves those of the customers in use whose grade is not what was set by hand, or else what the rules give. Rows are
/// [`COLUMNS`] and then the grade before and after.
pub async fn grades_apply(
    connection: &mut PgConnection,
    scheme: &SchemeRules,
    context: &EvalContext,
    ids: &[Uuid],
) -> sqlx::Result<Vec<PgRow>> {
    let mut sql = QueryBuilder::new("WITH target AS MATERIALIZED (SELECT c.id, ");
    push_current(&mut sql, &scheme.code);
    sql.push(" AS before, coalesce(o.code, ");
    scheme.push_target(&mut sql, context);
    sql.push(
        ") AS after FROM customer c LEFT JOIN grade_override o
             ON o.customer_id = c.id AND (o.expire_time IS NULL OR o.expire_time > now()) AND o.scheme = ",
    );
    sql.push_bind(scheme.code.clone()).push(" WHERE c.state = 1 AND c.id = ANY(").push_bind(ids.to_vec());
    // Held in the order in which others hold several, so that nobody waits in a circle.
    sql.push(
        ")), held AS MATERIALIZED (
             SELECT c.id, t.before, t.after FROM customer c JOIN target t ON t.id = c.id
             WHERE t.before <> t.after ORDER BY c.id FOR NO KEY UPDATE OF c
         ) UPDATE customer c SET ",
    );
    match grade::column(&scheme.code) {
        Some(column) => {
            sql.push(column).push(" = h.after");
        }
        None => {
            sql.push("grades = CASE WHEN h.after = '' THEN c.grades - ").push_bind(scheme.code.clone());
            sql.push(" ELSE c.grades || jsonb_build_object(").push_bind(scheme.code.clone());
            sql.push("::text, h.after) END");
        }
    }
    sql.push(", update_time = now(), revision = c.revision + 1 FROM held h WHERE c.id = h.id RETURNING ").push(COLUMNS);
    sql.push(", h.before, h.after");
    sql.build().fetch_all(connection).await
}

/// What became of a customer's tags.
#[derive(sqlx::FromRow)]
pub struct Tagged {
    pub customer_id: Uuid,
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

/// Puts the tags on those of the customers in use for which their rules hold, and takes them off the others.
pub async fn tags_apply(
    connection: &mut PgConnection,
    tags: &[(String, Predicate)],
    context: &EvalContext,
    ids: &[Uuid],
) -> sqlx::Result<Vec<Tagged>> {
    let names: Vec<String> = tags.iter().map(|(tag, _)| tag.clone()).collect();
    let mut sql = QueryBuilder::new(
        "WITH judged AS MATERIALIZED (SELECT c.id, r.tag, r.holds IS TRUE AS holds
         FROM customer c CROSS JOIN LATERAL (VALUES ",
    );
    for (index, (tag, predicate)) in tags.iter().enumerate() {
        sql.push(if index > 0 { ", (" } else { "(" }).push_bind(tag.clone()).push("::text, ");
        predicate.push_sql(&mut sql, context);
        sql.push(")");
    }
    sql.push(") AS r (tag, holds) WHERE c.state = 1 AND c.id = ANY(").push_bind(ids.to_vec());
    sql.push(
        ")), gone AS (
             DELETE FROM customer_tag AS k USING judged AS j
             WHERE k.customer_id = j.id AND k.tag = j.tag AND NOT j.holds AND k.customer_id = ANY(",
    );
    sql.push_bind(ids.to_vec()).push(") AND k.tag = ANY(").push_bind(names);
    sql.push(
        ") RETURNING k.customer_id, k.tag
         ), come AS (
             INSERT INTO customer_tag (customer_id, tag) SELECT id, tag FROM judged WHERE holds
             ON CONFLICT DO NOTHING RETURNING customer_id, tag
         )
         SELECT a.customer_id, array_remove(array_agg(a.added), NULL) AS added,
                array_remove(array_agg(a.removed), NULL) AS removed
         FROM (SELECT customer_id, tag AS added, NULL::text AS removed FROM come
               UNION ALL SELECT customer_id, NULL, tag FROM gone) AS a
         GROUP BY a.customer_id",
    );
    sql.build_query_as().fetch_all(connection).await
}

/// Customers whose tags have changed are other ones than before.
pub async fn touch(connection: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<PgRow>> {
    let sql = format!(
        "WITH held AS MATERIALIZED (SELECT id FROM customer WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
         UPDATE customer c SET update_time = now(), revision = c.revision + 1 FROM held h WHERE c.id = h.id
         RETURNING {COLUMNS}"
    );
    sqlx::query(AssertSqlSafe(sql)).bind(ids).fetch_all(connection).await
}

/// What rules do to a customer is nobody's change: an import that left the customer as it was before can still be taken back.
pub async fn imports_follow(connection: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE import_effect AS e SET revision = e.revision + 1
         FROM import AS i CROSS JOIN customer AS c
         WHERE c.id = ANY($1) AND e.import_id = i.id AND e.customer_id = c.id AND e.revision = c.revision - 1",
    )
    .bind(ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// A line in the history of a grade that stays the same, such as when what was set by hand has ended.
pub async fn change_note(
    connection: &mut PgConnection,
    (customer_id, scheme, code): (Uuid, &str, &str),
    (cause, reason): (i32, &str),
    expire_time: Option<DateTime<Utc>>,
    author_id: Option<Uuid>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO grade_change (id, customer_id, scheme, before, after, cause, reason, expire_time, author_id)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)",
    )
    .bind(Uuid::now_v7())
    .bind(customer_id)
    .bind(scheme)
    .bind(code)
    .bind(cause as i16)
    .bind(reason)
    .bind(expire_time)
    .bind(author_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// The id of a row of [`COLUMNS`].
pub fn row_id(row: &PgRow) -> sqlx::Result<Uuid> {
    row.try_get(0)
}
