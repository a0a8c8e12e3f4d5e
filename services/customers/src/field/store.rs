//! All SQL of field definitions.

use chrono::NaiveDate;
use contracts::customers::{Field, FieldIndexState, FieldType};
use platform::db::Pool;
use platform::db::{author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update::etag;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::fields::{ids, record_kind};
use super::limits::{rules_json, rules_message};
use super::value::from_json;
use crate::error::reason;
use crate::period::text;

const COLUMNS: &str =
    "key, type, label_zh, label_en, required, is_unique, dictionary, default_value, position, retired,
    personal_data, create_time, update_time, revision, record_kind, read_role_ids, write_role_ids, rules, valid_from,
    valid_until, indexed, index_failed,
    coalesce((SELECT x.indisvalid FROM pg_index AS x WHERE x.indexrelid = to_regclass('custom_field_' || field.key)), false),
    create_user_id, update_user_id";

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
        record_kind: row.try_get::<i16, _>(14)?.into(),
        read_role_ids: texts(&row.try_get::<Vec<_>, _>(15)?),
        write_role_ids: texts(&row.try_get::<Vec<_>, _>(16)?),
        rules: rules_message(field_type, &row.try_get::<Value, _>(17)?),
        valid_from: text(row.try_get(18)?),
        valid_until: text(row.try_get(19)?),
        indexed: row.try_get(20)?,
        index_state: index_state(row.try_get(20)?, row.try_get(21)?, row.try_get(22)?) as i32,
        // Who asks decides.
        readable: false,
        writable: false,
        create_user_id: author(row, 23)?,
        update_user_id: author(row, 24)?,
    })
}

fn index_state(indexed: bool, failed: bool, ready: bool) -> FieldIndexState {
    match (indexed, failed, ready) {
        (false, ..) => FieldIndexState::Unspecified,
        (_, _, true) => FieldIndexState::Ready,
        (_, true, _) => FieldIndexState::Failed,
        _ => FieldIndexState::Building,
    }
}

/// The index of a field. Keys have no more than letters, digits and underscores.
pub fn index_name(key: &str) -> String {
    format!("custom_field_{key}")
}

pub async fn index_failed(connection: &mut PgConnection, key: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE field SET index_failed = true WHERE key = $1").bind(key).execute(connection).await.map(|_| ())
}

pub async fn index_count(connection: &mut PgConnection, field: &Field) -> sqlx::Result<i64> {
    let sql = "SELECT count(*) FROM field WHERE NOT retired AND indexed AND record_kind = $1";
    sqlx::query_scalar(sql).bind(record_kind(field) as i16).fetch_one(connection).await
}

fn texts(ids: &[Uuid]) -> Vec<String> {
    ids.iter().map(Uuid::to_string).collect()
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

/// Which fields a list asks for.
pub struct Selection<'a> {
    pub include_retired: bool,
    /// 0 for all.
    pub record_kind: i32,
    /// Roles of which one must see the field; nothing for who manages fields.
    pub role_ids: Option<&'a [Uuid]>,
}

/// Those behind `after` (position and key) in the order of forms.
pub async fn field_list(
    pool: &Pool,
    selection: &Selection<'_>,
    after: Option<&(i32, String)>,
    limit: i64,
) -> Result<Vec<Field>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM field
         WHERE ($1 OR NOT retired) AND ($2::int IS NULL OR (position, key) > ($2, $3))
           AND ($5 = 0 OR record_kind = $5) AND ($6::uuid[] IS NULL OR read_role_ids = '{{}}' OR read_role_ids && $6)
         ORDER BY position, key LIMIT $4"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(selection.include_retired)
        .bind(after.map(|after| after.0))
        .bind(after.map(|after| after.1.as_str()))
        .bind(limit)
        .bind(selection.record_kind)
        .bind(selection.role_ids)
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(field).collect::<sqlx::Result<_>>()?)
}

pub async fn field_of(connection: &mut PgConnection, key: &str) -> sqlx::Result<Option<Field>> {
    let sql = format!("SELECT {COLUMNS} FROM field WHERE key = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key).fetch_optional(connection).await?;
    row.as_ref().map(field).transpose()
}

pub async fn field_lock(connection: &mut PgConnection, key: &str) -> Result<Field> {
    let sql = format!("SELECT {COLUMNS} FROM field WHERE key = $1 FOR UPDATE");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key).fetch_optional(connection).await?;
    Ok(field(&row.ok_or_else(Error::not_found)?)?)
}

pub async fn field_count_active(connection: &mut PgConnection, field: &Field) -> sqlx::Result<i64> {
    let sql = "SELECT count(*) FROM field WHERE NOT retired AND record_kind = $1";
    sqlx::query_scalar(sql).bind(record_kind(field) as i16).fetch_one(connection).await
}

pub async fn field_insert(connection: &mut PgConnection, new: &Field, default: Option<&Value>) -> Result<Field> {
    let sql = format!(
        "INSERT INTO field (key, type, label_zh, label_en, required, is_unique, dictionary, default_value, position,
                            personal_data, record_kind, read_role_ids, write_role_ids, rules, valid_from, valid_until,
                            indexed)
         VALUES ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
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
        .bind(record_kind(new) as i16)
        .bind(ids(&new.read_role_ids))
        .bind(ids(&new.write_role_ids))
        .bind(rules_json(new))
        .bind(new.valid_from.parse::<NaiveDate>().ok())
        .bind(new.valid_until.parse::<NaiveDate>().ok())
        .bind(new.indexed)
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
             personal_data = $8, read_role_ids = $9, write_role_ids = $10, rules = $11, valid_from = $12,
             valid_until = $13, indexed = $14, index_failed = index_failed AND indexed = $14, update_time = now(), revision = revision + 1
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
        .bind(ids(&new.read_role_ids))
        .bind(ids(&new.write_role_ids))
        .bind(rules_json(new))
        .bind(new.valid_from.parse::<NaiveDate>().ok())
        .bind(new.valid_until.parse::<NaiveDate>().ok())
        .bind(new.indexed)
        .fetch_one(connection)
        .await?;
    Ok(field(&row)?)
}
