//! All SQL of field definitions.

use contracts::customers::{Field, FieldType};
use platform::db::Pool;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update::etag;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::value::from_json;
use crate::error::reason;

const COLUMNS: &str =
    "key, type, label_zh, label_en, required, is_unique, dictionary, default_value, position, retired,
    personal_data, create_time, update_time, revision, create_user_id, update_user_id";

fn field(row: &PgRow) -> sqlx::Result<Field> {
    let field_type = FieldType::try_from(row.try_get::<i32, _>(1)?).unwrap_or_default();
    Ok(Field {
        key: row.try_get(0)?,
        r#type: field_type as i32,
        label_zh: row.try_get(2)?,
        label_en: row.try_get(3)?,
        required: row.try_get(4)?,
        unique: row.try_get(5)?,
        dictionary: row.try_get::<Option<String>, _>(6)?.unwrap_or_default(),
        default_value: row.try_get::<Option<Value>, _>(7)?.and_then(|json| from_json(field_type, &json)),
        position: row.try_get(8)?,
        retired: row.try_get(9)?,
        personal_data: row.try_get(10)?,
        create_time: Some(timestamp(row.try_get(11)?)),
        update_time: Some(timestamp(row.try_get(12)?)),
        etag: etag(row.try_get(13)?),
        create_user_id: author(row, 14)?,
        update_user_id: author(row, 15)?,
    })
}

pub async fn revision(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT revision FROM schema_revision").fetch_one(connection).await
}

/// Every field in the order of forms, retired ones too.
pub async fn field_all(connection: &mut PgConnection) -> sqlx::Result<Vec<Field>> {
    let sql = format!("SELECT {COLUMNS} FROM field ORDER BY position, key");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(field).collect()
}

/// Those behind `after` (position and key) in the order of forms.
pub async fn field_list(
    pool: &Pool,
    include_retired: bool,
    after: Option<&(i32, String)>,
    limit: i64,
) -> Result<Vec<Field>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM field
         WHERE ($1 OR NOT retired) AND ($2::int IS NULL OR (position, key) > ($2, $3))
         ORDER BY position, key LIMIT $4"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(include_retired)
        .bind(after.map(|after| after.0))
        .bind(after.map(|after| after.1.as_str()))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(field).collect::<sqlx::Result<_>>()?)
}

pub async fn field_lock(connection: &mut PgConnection, key: &str) -> Result<Field> {
    let sql = format!("SELECT {COLUMNS} FROM field WHERE key = $1 FOR UPDATE");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key).fetch_optional(connection).await?;
    Ok(field(&row.ok_or_else(Error::not_found)?)?)
}

pub async fn field_count_active(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM field WHERE NOT retired").fetch_one(connection).await
}

pub async fn field_insert(connection: &mut PgConnection, new: &Field, default: Option<&Value>) -> Result<Field> {
    let sql = format!(
        "INSERT INTO field (key, type, label_zh, label_en, required, is_unique, dictionary, default_value, position,
                            personal_data)
         VALUES ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9, $10)
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&new.key)
        .bind(new.r#type)
        .bind(&new.label_zh)
        .bind(&new.label_en)
        .bind(new.required)
        .bind(new.unique)
        .bind(&new.dictionary)
        .bind(default)
        .bind(new.position)
        .bind(new.personal_data)
        .fetch_one(connection)
        .await
        .map_err(|error| {
            on_constraint(
                error,
                &[
                    ("field_key", || Error::already_exists("field.key", &reason::FIELD_KEY_TAKEN)),
                    ("field_dictionary_fkey", || Error::invalid("field.dictionary", &reason::DICTIONARY_UNKNOWN)),
                ],
            )
        })?;
    Ok(field(&row)?)
}

/// Writes what may change of a locked field.
pub async fn field_update(connection: &mut PgConnection, new: &Field, default: Option<&Value>) -> Result<Field> {
    let sql = format!(
        "UPDATE field
         SET label_zh = $2, label_en = $3, required = $4, default_value = $5, position = $6, retired = $7,
             personal_data = $8, update_time = now(), revision = revision + 1
         WHERE key = $1
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&new.key)
        .bind(&new.label_zh)
        .bind(&new.label_en)
        .bind(new.required)
        .bind(default)
        .bind(new.position)
        .bind(new.retired)
        .bind(new.personal_data)
        .fetch_one(connection)
        .await?;
    Ok(field(&row)?)
}
