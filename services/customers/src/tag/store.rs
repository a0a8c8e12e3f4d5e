//! All SQL of tags as people put them on, and of their rules.

use chrono::{DateTime, Utc};
use contracts::customers::{CustomerTag, PreviewTagRuleResponse, TagRule, TaggedCustomer};
use platform::access::{Policy, RowPredicate};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::filter::{EvalContext, Predicate};
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::reason;
use crate::parent::CUSTOMER_ROWS;

const COLUMNS: &str = "tag, filter, create_time, update_time, revision, create_user_id, update_user_id, job_id";

/// A rule without how far it has come, and the job that tells.
fn rule(row: &PgRow) -> sqlx::Result<(TagRule, Option<Uuid>)> {
    let rule = TagRule {
        tag: row.try_get(0)?,
        filter: row.try_get(1)?,
        run: None,
        create_time: Some(timestamp(row.try_get(2)?)),
        update_time: Some(timestamp(row.try_get(3)?)),
        etag: etag(row.try_get(4)?),
        create_user_id: author(row, 5)?,
        update_user_id: author(row, 6)?,
    };
    Ok((rule, row.try_get(7)?))
}

pub async fn rule_list(
    connection: &mut PgConnection,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<(TagRule, Option<Uuid>)>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tag_rule WHERE $1::text IS NULL OR tag COLLATE \"C\" > $1
         ORDER BY tag COLLATE \"C\" LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(connection).await?;
    Ok(rows.iter().map(rule).collect::<sqlx::Result<_>>()?)
}

/// Held until the transaction ends.
pub async fn rule_lock(connection: &mut PgConnection, tag: &str) -> Result<TagRule> {
    let sql = format!("SELECT {COLUMNS} FROM tag_rule WHERE tag = $1 FOR UPDATE");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(tag).fetch_optional(connection).await?;
    Ok(rule(&row.ok_or_else(Error::not_found)?)?.0)
}

pub async fn rule_insert(connection: &mut PgConnection, new: &TagRule, job_id: Uuid) -> Result<TagRule> {
    let sql = format!("INSERT INTO tag_rule (tag, filter, job_id) VALUES ($1, $2, $3) RETURNING {COLUMNS}");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(&new.tag).bind(&new.filter).bind(job_id).fetch_one(connection).await;
    let taken = || Error::already_exists("tag_rule.tag", &reason::TAG_RULE_TAKEN);
    let row = row.map_err(|error| on_constraint(error, &[("tag_rule_key", taken)]))?;
    Ok(rule(&row)?.0)
}

pub async fn rule_update(connection: &mut PgConnection, new: &TagRule, job_id: Uuid) -> Result<TagRule> {
    let sql = format!(
        "UPDATE tag_rule SET filter = $2, job_id = $3, update_time = now(), revision = revision + 1
         WHERE tag = $1 RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(&new.tag).bind(&new.filter).bind(job_id);
    Ok(rule(&row.fetch_one(connection).await?)?.0)
}

pub async fn rule_delete(connection: &mut PgConnection, tag: &str) -> Result<()> {
    sqlx::query("DELETE FROM tag_rule WHERE tag = $1").bind(tag).execute(connection).await?;
    Ok(())
}

/// The tags that rules give.
pub async fn ruled(connection: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar("SELECT tag FROM tag_rule").fetch_all(connection).await?)
}

/// How many customers in use have the tag, and would have it.
pub async fn preview(
    connection: &mut PgConnection,
    tag: &str,
    predicate: &Predicate,
    context: &EvalContext,
) -> Result<PreviewTagRuleResponse> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT count(*) FILTER (WHERE has), count(*) FILTER (WHERE holds),
                count(*) FILTER (WHERE holds AND NOT has), count(*) FILTER (WHERE has AND NOT holds)
         FROM (SELECT k.tag IS NOT NULL AS has, ",
    );
    predicate.push_sql(&mut sql, context);
    sql.push(
        " IS TRUE AS holds FROM customer c LEFT JOIN customer_tag k
             ON k.customer_id = c.id AND (k.expire_time IS NULL OR k.expire_time > now()) AND k.tag = ",
    );
    sql.push_bind(tag.to_owned()).push(" WHERE c.state = 1) AS judged");
    let counts: (i64, i64, i64, i64) = sql.build_query_as().fetch_one(connection).await?;
    let (present_count, matching_count, gained_count, lost_count) = counts;
    Ok(PreviewTagRuleResponse { present_count, matching_count, gained_count, lost_count })
}

/// A customer's tags behind one.
pub async fn tag_list(
    connection: &mut PgConnection,
    policy: &Policy,
    customer_id: Uuid,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<CustomerTag>> {
    let rows = sqlx::query(
        "SELECT k.tag, EXISTS (SELECT FROM tag_rule AS r WHERE r.tag = k.tag), k.expire_time, k.reason, k.create_time,
                k.create_user_id
         FROM customer_tag AS k
         WHERE k.customer_id = $1 AND (k.expire_time IS NULL OR k.expire_time > now())
           AND ($2::text IS NULL OR k.tag COLLATE \"C\" > $2)
         ORDER BY k.tag COLLATE \"C\" LIMIT $3",
    )
    .bind(customer_id)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let tag = |row: &PgRow| {
        let user_id: Option<Uuid> = row.try_get(5)?;
        Ok(CustomerTag {
            tag: row.try_get(0)?,
            automatic: row.try_get(1)?,
            expire_time: row.try_get::<Option<_>, _>(2)?.map(timestamp),
            reason: row.try_get(3)?,
            create_time: Some(timestamp(row.try_get(4)?)),
            create_user_id: user_id.map(|id| id.to_string()).unwrap_or_default(),
            create_user_name: user_id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default(),
        })
    };
    Ok(rows.iter().map(tag).collect::<sqlx::Result<_>>()?)
}

/// Those of the customers that the rows cover, held in the order of ids, and whether they are in use.
pub async fn customers_lock(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, bool)>> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT c.id, c.state = 1 FROM customer c WHERE c.id = ANY(");
    sql.push_bind(ids.to_vec()).push(") AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" ORDER BY c.id FOR NO KEY UPDATE OF c");
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

/// What is to become of tags.
pub struct Change<'a> {
    pub add: &'a [String],
    pub remove: &'a [String],
    pub reason: &'a str,
    pub expire_time: Option<DateTime<Utc>>,
}

/// Changes the tags of locked customers; those of which something has changed, and what.
pub async fn tags_change(
    connection: &mut PgConnection,
    ids: &[Uuid],
    change: &Change<'_>,
) -> Result<Vec<(Uuid, TaggedCustomer)>> {
    let rows = sqlx::query(
        "WITH held AS MATERIALIZED (
             SELECT customer_id, tag, expire_time IS NULL OR expire_time > now() AS lasts FROM customer_tag
             WHERE customer_id = ANY($1) AND tag = ANY($2 || $3)
         ), gone AS (
             DELETE FROM customer_tag WHERE customer_id = ANY($1) AND tag = ANY($3) RETURNING customer_id, tag
         ), come AS (
             INSERT INTO customer_tag AS k (customer_id, tag, reason, expire_time)
             SELECT c.id, t.tag, $4, $5 FROM unnest($1) AS c (id) CROSS JOIN unnest($2) AS t (tag)
             ON CONFLICT (customer_id, tag) DO UPDATE SET
                 reason = excluded.reason, expire_time = excluded.expire_time, create_time = now(),
                 create_user_id = excluded.create_user_id
                 WHERE (k.reason, k.expire_time) IS DISTINCT FROM (excluded.reason, excluded.expire_time)
             RETURNING customer_id, tag
         )
         SELECT a.customer_id, array_remove(array_agg(a.added), NULL), array_remove(array_agg(a.removed), NULL)
         FROM (SELECT e.customer_id, CASE WHEN h.lasts THEN NULL ELSE e.tag END AS added, NULL::text AS removed
               FROM come AS e LEFT JOIN held AS h USING (customer_id, tag)
               UNION ALL
               SELECT g.customer_id, NULL, g.tag FROM gone AS g JOIN held AS h USING (customer_id, tag) WHERE h.lasts) AS a
         GROUP BY a.customer_id",
    )
    .bind(ids)
    .bind(change.add)
    .bind(change.remove)
    .bind(change.reason)
    .bind(change.expire_time)
    .fetch_all(connection)
    .await?;
    let changed = |row: &PgRow| {
        let id: Uuid = row.try_get(0)?;
        let tagged =
            TaggedCustomer { customer_id: id.to_string(), added_tags: row.try_get(1)?, removed_tags: row.try_get(2)? };
        Ok((id, tagged))
    };
    Ok(rows.iter().map(changed).collect::<sqlx::Result<_>>()?)
}
