//! All SQL of API keys.

use chrono::{DateTime, Utc};
use contracts::identity::ApiKey;
use platform::db::{author, timestamp};
use platform::error::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

const SELECT: &str = "
SELECT k.id, k.name, k.employee_id, e.display_name, k.permissions, k.create_time, k.expire_time, k.last_use_time,
       k.last_use_address, k.revoke_time, k.create_user_id, CASE WHEN k.revoke_time IS NOT NULL THEN k.update_user_id END
FROM api_key k JOIN employee e ON e.id = k.employee_id WHERE ";

fn api_key(row: &PgRow) -> sqlx::Result<ApiKey> {
    let time = |index| row.try_get::<Option<DateTime<Utc>>, _>(index).map(|time| time.map(timestamp));
    Ok(ApiKey {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        name: row.try_get(1)?,
        holder_id: row.try_get::<Uuid, _>(2)?.to_string(),
        holder_name: row.try_get(3)?,
        permissions: row.try_get(4)?,
        create_time: time(5)?,
        expire_time: time(6)?,
        last_use_time: time(7)?,
        last_use_address: row.try_get(8)?,
        revoke_time: time(9)?,
        create_user_id: author(row, 10)?,
        revoke_user_id: author(row, 11)?,
    })
}

pub async fn api_key_get(executor: impl PgExecutor<'_>, holder: Option<Uuid>, id: Uuid) -> Result<ApiKey> {
    let query = format!("{SELECT} k.id = $1 AND ($2::uuid IS NULL OR k.employee_id = $2)");
    let row = sqlx::query(AssertSqlSafe(query)).bind(id).bind(holder).fetch_optional(executor).await?;
    Ok(api_key(&row.ok_or_else(Error::not_found)?)?)
}

/// Newest first, behind one of them; of one holder or of all.
pub async fn api_key_list(
    executor: impl PgExecutor<'_>,
    holder: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let query = format!(
        "{SELECT} ($1::uuid IS NULL OR k.employee_id = $1) AND ($2::uuid IS NULL OR k.id < $2)
         ORDER BY k.id DESC LIMIT $3"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).bind(holder).bind(after).bind(limit).fetch_all(executor).await?;
    Ok(rows.iter().map(api_key).collect::<sqlx::Result<_>>()?)
}

/// Keys of a holder that are neither revoked nor expired.
pub async fn api_key_count(connection: &mut PgConnection, holder: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM api_key
         WHERE employee_id = $1 AND revoke_time IS NULL AND (expire_time IS NULL OR expire_time > now())",
    )
    .bind(holder)
    .fetch_one(connection)
    .await?)
}

pub struct NewKey<'a> {
    pub id: Uuid,
    pub holder: Uuid,
    pub name: &'a str,
    pub secret_digest: &'a [u8],
    pub permissions: &'a [i32],
    pub expire_time: Option<DateTime<Utc>>,
}

pub async fn api_key_insert(connection: &mut PgConnection, key: &NewKey<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_key (id, employee_id, name, secret_digest, permissions, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(key.id)
    .bind(key.holder)
    .bind(key.name)
    .bind(key.secret_digest)
    .bind(key.permissions)
    .bind(key.expire_time)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a key. False when it has ended already.
pub async fn api_key_revoke(connection: &mut PgConnection, id: Uuid, policy_revision: i64) -> Result<bool> {
    let revoked = sqlx::query(
        "UPDATE api_key SET revoke_time = now(), policy_revision = $2 WHERE id = $1 AND revoke_time IS NULL",
    )
    .bind(id)
    .bind(policy_revision)
    .execute(connection)
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// What a key stands for.
pub struct Exchanged {
    pub holder: Uuid,
    pub permissions: Vec<i32>,
    /// Of the token that is made now.
    pub access_expire_time: DateTime<Utc>,
    /// Nobody has used the key since midnight (UTC).
    pub first_today: bool,
}

/// Notes the use of a live key of an active holder, and until when its token lives: whole seconds, and one at least. One statement: a key that is revoked
/// at the same time either gets no token or one that the revocation reaches.
pub async fn api_key_use(
    executor: impl PgExecutor<'_>,
    id: Uuid,
    secret_digest: &[u8],
    address: &str,
    access_expire_time: DateTime<Utc>,
) -> Result<Option<Exchanged>> {
    type Row = (Uuid, Vec<i32>, DateTime<Utc>, bool);
    let row: Option<Row> = sqlx::query_as(
        "WITH before AS (SELECT last_use_time FROM api_key WHERE id = $1 FOR UPDATE)
         UPDATE api_key k SET
             access_expire_time = greatest(k.access_expire_time, least($4, k.expire_time)),
             last_use_address = CASE WHEN k.last_use_time > now() - interval '1 minute'
                 THEN k.last_use_address ELSE $3 END,
             last_use_time = CASE WHEN k.last_use_time > now() - interval '1 minute' THEN k.last_use_time ELSE now() END
         FROM employee e, before
         WHERE k.id = $1 AND k.secret_digest = $2 AND k.revoke_time IS NULL
             AND (k.expire_time IS NULL OR k.expire_time > now() + interval '1 second') AND e.id = k.employee_id AND e.state = 1
         RETURNING k.employee_id, k.permissions, least($4, k.expire_time),
             before.last_use_time IS NULL OR before.last_use_time < date_trunc('day', now(), 'UTC')",
    )
    .bind(id)
    .bind(secret_digest)
    .bind(address)
    .bind(access_expire_time)
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|(holder, permissions, access_expire_time, first_today)| Exchanged {
        holder,
        permissions,
        access_expire_time,
        first_today,
    }))
}

/// Forgets keys that ended so long ago that nobody asks for them; the audit trail remembers.
pub async fn api_keys_prune(executor: impl PgExecutor<'_>) -> Result<u64> {
    let pruned = sqlx::query("DELETE FROM api_key WHERE least(revoke_time, expire_time) < now() - interval '90 days'")
        .execute(executor)
        .await?;
    Ok(pruned.rows_affected())
}

/// The digest of a key's secret, for an answer that is given again.
pub async fn api_key_digest(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar("SELECT secret_digest FROM api_key WHERE id = $1").bind(id).fetch_optional(executor).await?)
}
