//! All SQL of schemes, and of grades as people set and read them.

use chrono::{DateTime, Utc};
use contracts::customers::{CustomerGrade, GradeChange, GradeMove, GradePair, GradeRules, GradeScheme, GradeVersion};
use platform::access::{Policy, RowPredicate};
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::filter::EvalContext;
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::{StoredRules, column};
use crate::customer::row::COLUMNS;
use crate::error::reason;
use crate::evaluation::{SchemeRules, push_current};
use crate::parent::CUSTOMER_ROWS;

const SELECT: &str = "SELECT s.code, d.name_zh, d.name_en, s.draft, v.rules, s.version, s.create_time, s.update_time,
        s.revision, s.create_user_id, s.update_user_id, s.job_id
    FROM grade_scheme AS s JOIN dictionary AS d ON d.code = s.code
    LEFT JOIN grade_version AS v ON v.scheme = s.code AND v.version = s.version";

/// A scheme without how far its rules have come, and the job that tells.
fn scheme(row: &PgRow) -> sqlx::Result<(GradeScheme, Option<Uuid>)> {
    let Json(draft) = row.try_get::<Json<StoredRules>, _>(3)?;
    let published = row.try_get::<Option<Json<StoredRules>>, _>(4)?;
    let scheme = GradeScheme {
        code: row.try_get(0)?,
        name_zh: row.try_get(1)?,
        name_en: row.try_get(2)?,
        draft: Some(draft.into()),
        published: published.map(|Json(rules)| rules.into()),
        version: row.try_get(5)?,
        run: None,
        create_time: Some(timestamp(row.try_get(6)?)),
        update_time: Some(timestamp(row.try_get(7)?)),
        etag: etag(row.try_get(8)?),
        create_user_id: author(row, 9)?,
        update_user_id: author(row, 10)?,
    };
    Ok((scheme, row.try_get(11)?))
}

pub async fn scheme_list(
    connection: &mut PgConnection,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<(GradeScheme, Option<Uuid>)>> {
    let sql = format!("{SELECT} WHERE $1::text IS NULL OR s.code > $1 ORDER BY s.code LIMIT $2");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(connection).await?;
    Ok(rows.iter().map(scheme).collect::<sqlx::Result<_>>()?)
}

pub async fn scheme_get(connection: &mut PgConnection, code: &str) -> Result<(GradeScheme, Option<Uuid>)> {
    let sql = format!("{SELECT} WHERE s.code = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(code).fetch_optional(connection).await?;
    Ok(scheme(&row.ok_or_else(Error::not_found)?)?)
}

/// Held until the transaction ends, and with it all others: whether rules may ask about a grade depends on which have rules.
pub async fn scheme_lock(connection: &mut PgConnection, code: &str) -> Result<GradeScheme> {
    sqlx::query("SELECT FROM grade_scheme ORDER BY code FOR UPDATE").execute(&mut *connection).await?;
    Ok(scheme_get(connection, code).await?.0)
}

/// The schemes that have rules in force, with them.
pub async fn published(connection: &mut PgConnection) -> Result<Vec<(String, GradeRules)>> {
    let rows: Vec<(String, Json<StoredRules>)> = sqlx::query_as(
        "SELECT s.code, v.rules FROM grade_scheme AS s
         JOIN grade_version AS v ON v.scheme = s.code AND v.version = s.version",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(code, Json(rules))| (code, rules.into())).collect())
}

pub async fn scheme_insert(connection: &mut PgConnection, new: &GradeScheme, draft: &GradeRules) -> Result<()> {
    sqlx::query(
        "WITH named AS (
             INSERT INTO dictionary (code, name_zh, name_en, built_in, graded) VALUES ($1, $2, $3, true, true)
             RETURNING code
         )
         INSERT INTO grade_scheme (code, draft) SELECT code, $4 FROM named",
    )
    .bind(&new.code)
    .bind(&new.name_zh)
    .bind(&new.name_en)
    .bind(Json(StoredRules::from(draft)))
    .execute(connection)
    .await
    .map_err(|error| {
        let taken = || Error::already_exists("grade_scheme.code", &reason::DICTIONARY_CODE_TAKEN);
        on_constraint(error, &[("dictionary_pkey", taken)])
    })?;
    Ok(())
}

pub async fn draft_set(connection: &mut PgConnection, code: &str, draft: &GradeRules) -> Result<()> {
    sqlx::query("UPDATE grade_scheme SET draft = $2, update_time = now(), revision = revision + 1 WHERE code = $1")
        .bind(code)
        .bind(Json(StoredRules::from(draft)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts rules in force as the next version.
pub async fn version_insert(connection: &mut PgConnection, code: &str, rules: &GradeRules, job_id: Uuid) -> Result<()> {
    sqlx::query(
        "WITH next AS (
             UPDATE grade_scheme SET version = version + 1, job_id = $3, update_time = now(), revision = revision + 1
             WHERE code = $1 RETURNING version
         )
         INSERT INTO grade_version (scheme, version, rules) SELECT $1, version, $2 FROM next",
    )
    .bind(code)
    .bind(Json(StoredRules::from(rules)))
    .bind(job_id)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn version_list(
    connection: &mut PgConnection,
    code: &str,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<GradeVersion>> {
    let rows = sqlx::query(
        "SELECT version, rules, create_time, create_user_id FROM grade_version
         WHERE scheme = $1 AND ($2::int IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
    )
    .bind(code)
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let version = |row: &PgRow| {
        let Json(rules) = row.try_get::<Json<StoredRules>, _>(1)?;
        Ok(GradeVersion {
            version: row.try_get(0)?,
            rules: Some(rules.into()),
            create_time: Some(timestamp(row.try_get(2)?)),
            create_user_id: author(row, 3)?,
        })
    };
    Ok(rows.iter().map(version).collect::<sqlx::Result<_>>()?)
}

/// From where to where the rules would move the customers in use, by the very expression that moves them.
pub async fn moves(
    connection: &mut PgConnection,
    scheme: &SchemeRules,
    context: &EvalContext,
) -> Result<Vec<GradeMove>> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT before, after, count(*) FROM (SELECT ");
    push_current(&mut sql, &scheme.code);
    sql.push(" AS before, coalesce(o.code, ");
    scheme.push_target(&mut sql, context);
    sql.push(
        ") AS after FROM customer c LEFT JOIN grade_override o
             ON o.customer_id = c.id AND (o.expire_time IS NULL OR o.expire_time > now()) AND o.scheme = ",
    );
    sql.push_bind(scheme.code.clone());
    sql.push(" WHERE c.state = 1) AS moved GROUP BY before, after ORDER BY before, after");
    let rows: Vec<(String, String, i64)> = sql.build_query_as().fetch_all(connection).await?;
    let moved = |(before, after, customer_count)| GradeMove { before, after, customer_count };
    Ok(rows.into_iter().map(moved).collect())
}

/// How many customers in use that somebody sees hold which pair.
pub async fn pairs(
    connection: &mut PgConnection,
    (row_scheme, column_scheme): (&str, &str),
    rows: &RowPredicate,
) -> Result<Vec<GradePair>> {
    let mut sql = QueryBuilder::<Postgres>::new("SELECT one, other, count(*) FROM (SELECT ");
    push_current(&mut sql, row_scheme);
    sql.push(" AS one, ");
    push_current(&mut sql, column_scheme);
    sql.push(" AS other FROM customer c WHERE c.state = 1 AND ");
    rows.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(") AS held GROUP BY one, other ORDER BY one, other");
    let rows: Vec<(String, String, i64)> = sql.build_query_as().fetch_all(connection).await?;
    let pair = |(row, column, customer_count)| GradePair { row, column, customer_count };
    Ok(rows.into_iter().map(pair).collect())
}

fn grade(row: &PgRow, policy: &Policy) -> sqlx::Result<CustomerGrade> {
    let by_hand = row.try_get::<Option<DateTime<Utc>>, _>(5)?;
    let set_user_id: Option<Uuid> = row.try_get(6)?;
    Ok(CustomerGrade {
        scheme: row.try_get(0)?,
        code: row.try_get(1)?,
        ruled: row.try_get(2)?,
        by_hand: by_hand.is_some(),
        reason: row.try_get::<Option<_>, _>(3)?.unwrap_or_default(),
        expire_time: row.try_get::<Option<_>, _>(4)?.map(timestamp),
        set_time: by_hand.map(timestamp),
        set_user_id: set_user_id.map(|id| id.to_string()).unwrap_or_default(),
        set_user_name: set_user_id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default(),
    })
}

/// A customer's grades by scheme, all or one.
pub async fn grade_list(
    connection: &mut PgConnection,
    policy: &Policy,
    customer_id: Uuid,
    only: Option<&str>,
) -> Result<Vec<CustomerGrade>> {
    let rows = sqlx::query(
        "SELECT s.code,
                CASE s.code WHEN 'level' THEN c.level WHEN 'grade' THEN c.grade WHEN 'credit' THEN c.credit
                            ELSE coalesce(c.grades ->> s.code, '') END,
                s.version > 0, o.reason, o.expire_time, o.create_time, o.create_user_id
         FROM customer AS c CROSS JOIN grade_scheme AS s
         LEFT JOIN grade_override AS o ON o.customer_id = c.id AND o.scheme = s.code
             AND (o.expire_time IS NULL OR o.expire_time > now())
         WHERE c.id = $1 AND ($2::text IS NULL OR s.code = $2) ORDER BY s.code",
    )
    .bind(customer_id)
    .bind(only)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(|row| grade(row, policy)).collect::<sqlx::Result<_>>()?)
}

/// Gives a locked customer a grade; the row as it is then.
pub async fn grade_set(connection: &mut PgConnection, id: Uuid, scheme: &str, code: &str) -> Result<PgRow> {
    let mut sql = QueryBuilder::<Postgres>::new("UPDATE customer c SET ");
    match column(scheme) {
        Some(column) => {
            sql.push(column).push(" = ").push_bind(code.to_owned());
        }
        None => {
            sql.push("grades = c.grades || jsonb_build_object(").push_bind(scheme.to_owned()).push("::text, ");
            sql.push_bind(code.to_owned()).push("::text)");
        }
    }
    sql.push(", update_time = now(), revision = c.revision + 1 WHERE c.id = ").push_bind(id);
    sql.push(" RETURNING ").push(COLUMNS);
    Ok(sql.build().fetch_one(connection).await?)
}

pub async fn override_set(
    connection: &mut PgConnection,
    (customer_id, scheme, code): (Uuid, &str, &str),
    reason: &str,
    expire_time: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO grade_override (customer_id, scheme, code, reason, expire_time) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (customer_id, scheme) DO UPDATE SET
             code = excluded.code, reason = excluded.reason, expire_time = excluded.expire_time, create_time = now(),
             create_user_id = excluded.create_user_id",
    )
    .bind(customer_id)
    .bind(scheme)
    .bind(code)
    .bind(reason)
    .bind(expire_time)
    .execute(connection)
    .await?;
    Ok(())
}

/// The grade that was set by hand, if one was.
pub async fn override_delete(connection: &mut PgConnection, customer_id: Uuid, scheme: &str) -> Result<Option<String>> {
    let code = sqlx::query_scalar("DELETE FROM grade_override WHERE customer_id = $1 AND scheme = $2 RETURNING code");
    Ok(code.bind(customer_id).bind(scheme).fetch_optional(connection).await?)
}

/// The last first, behind a place. Served by `grade_change_customer`.
pub async fn change_list(
    connection: &mut PgConnection,
    policy: &Policy,
    customer_id: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<(GradeChange, DateTime<Utc>)>> {
    let rows = sqlx::query(
        "SELECT id, scheme, before, after, cause, version, reason, expire_time, change_time, author_id
         FROM grade_change
         WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (change_time, id) < ($2, $3))
         ORDER BY change_time DESC, id DESC LIMIT $4",
    )
    .bind(customer_id)
    .bind(after.map(|(time, _)| time))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let change = |row: &PgRow| {
        let time = row.try_get(8)?;
        let user_id: Option<Uuid> = row.try_get(9)?;
        let change = GradeChange {
            id: row.try_get::<Uuid, _>(0)?.to_string(),
            scheme: row.try_get(1)?,
            before: row.try_get(2)?,
            after: row.try_get(3)?,
            cause: row.try_get::<i16, _>(4)?.into(),
            version: row.try_get(5)?,
            reason: row.try_get(6)?,
            expire_time: row.try_get::<Option<_>, _>(7)?.map(timestamp),
            change_time: Some(timestamp(time)),
            user_id: user_id.map(|id| id.to_string()).unwrap_or_default(),
            user_name: user_id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default(),
        };
        Ok((change, time))
    };
    Ok(rows.iter().map(change).collect::<sqlx::Result<_>>()?)
}
