//! All SQL of dictionaries and their entries.

use contracts::customers::{Dictionary, DictionaryEntry};
use platform::db::{Pool, author, timestamp};
use platform::error::{Error, Result, on_constraint};
use platform::update::etag;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::error::reason;

const ENTRY_COLUMNS: &str = "e.dictionary, e.code, e.name_zh, e.name_en, e.parent_code, e.position, e.retired, e.color,
    e.revision,
    EXISTS (SELECT FROM dictionary_entry AS k WHERE k.dictionary = e.dictionary AND k.parent_code = e.code),
    e.create_time, e.update_time, e.create_user_id, e.update_user_id";

/// Which entries a list asks for.
pub struct EntrySelection<'a> {
    pub dictionary: &'a str,
    /// Children of this code; of none when it is empty.
    pub parent_code: Option<&'a str>,
    /// These alone, unless there are none.
    pub codes: &'a [String],
}

/// An entry's place in the display order.
pub type EntryPlace = (String, i32, String);

fn entry(row: &PgRow) -> sqlx::Result<DictionaryEntry> {
    Ok(DictionaryEntry {
        dictionary: row.try_get(0)?,
        code: row.try_get(1)?,
        name_zh: row.try_get(2)?,
        name_en: row.try_get(3)?,
        parent_code: row.try_get(4)?,
        position: row.try_get(5)?,
        retired: row.try_get(6)?,
        color: row.try_get(7)?,
        etag: etag(row.try_get(8)?),
        has_children: row.try_get(9)?,
        create_time: row.try_get::<Option<_>, _>(10)?.map(timestamp),
        update_time: row.try_get::<Option<_>, _>(11)?.map(timestamp),
        create_user_id: author(row, 12)?,
        update_user_id: author(row, 13)?,
    })
}

pub async fn dictionary_list(pool: &Pool, after: Option<&str>, limit: i64) -> Result<Vec<Dictionary>> {
    let rows = sqlx::query(
        "SELECT d.code, d.name_zh, d.name_en, d.tree,
                (SELECT count(*) FROM dictionary_entry AS e WHERE e.dictionary = d.code)::int,
                d.create_time, d.create_user_id, d.graded
         FROM dictionary AS d
         WHERE $1::text IS NULL OR d.code COLLATE \"C\" > $1
         ORDER BY d.code COLLATE \"C\" LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let dictionary = |row: &PgRow| {
        Ok(Dictionary {
            code: row.try_get(0)?,
            name_zh: row.try_get(1)?,
            name_en: row.try_get(2)?,
            tree: row.try_get(3)?,
            entry_count: row.try_get(4)?,
            create_time: row.try_get::<Option<_>, _>(5)?.map(timestamp),
            create_user_id: author(row, 6)?,
            graded: row.try_get(7)?,
        })
    };
    Ok(rows.iter().map(dictionary).collect::<sqlx::Result<_>>()?)
}

pub async fn dictionary_insert(connection: &mut PgConnection, new: Dictionary) -> Result<Dictionary> {
    let row = sqlx::query(
        "INSERT INTO dictionary (code, name_zh, name_en, tree) VALUES ($1, $2, $3, $4)
         RETURNING create_time, create_user_id",
    )
    .bind(&new.code)
    .bind(&new.name_zh)
    .bind(&new.name_en)
    .bind(new.tree)
    .fetch_one(connection)
    .await
    .map_err(|error| {
        let taken = || Error::already_exists("dictionary.code", &reason::DICTIONARY_CODE_TAKEN);
        on_constraint(error, &[("dictionary_pkey", taken)])
    })?;
    Ok(Dictionary { create_time: Some(timestamp(row.try_get(0)?)), create_user_id: author(&row, 1)?, ..new })
}

/// Whether it is a tree; `None` when there is no such dictionary.
pub async fn dictionary_is_tree(connection: &mut PgConnection, code: &str) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar("SELECT tree FROM dictionary WHERE code = $1").bind(code).fetch_optional(connection).await
}

/// In display order: by parent, position and code. Served by `dictionary_entry_order`.
pub async fn entry_list(
    pool: &Pool,
    selection: &EntrySelection<'_>,
    after: Option<&EntryPlace>,
    limit: i64,
) -> Result<Vec<DictionaryEntry>> {
    let sql = format!(
        "SELECT {ENTRY_COLUMNS} FROM dictionary_entry AS e
         WHERE e.dictionary = $1
           AND ($2::text IS NULL OR e.parent_code = $2)
           AND (cardinality($3::text[]) = 0 OR e.code = ANY($3))
           AND ($4::text IS NULL OR (e.parent_code, e.position, e.code) > ($4, $5, $6))
         ORDER BY e.parent_code, e.position, e.code LIMIT $7"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(selection.dictionary)
        .bind(selection.parent_code)
        .bind(selection.codes)
        .bind(after.map(|after| after.0.as_str()))
        .bind(after.map(|after| after.1))
        .bind(after.map(|after| after.2.as_str()))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(entry).collect::<sqlx::Result<_>>()?)
}

pub async fn entry_exists(connection: &mut PgConnection, dictionary: &str, code: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM dictionary_entry WHERE dictionary = $1 AND code = $2)")
        .bind(dictionary)
        .bind(code)
        .fetch_one(connection)
        .await
}

pub async fn entry_insert(connection: &mut PgConnection, new: &DictionaryEntry) -> Result<DictionaryEntry> {
    let sql = format!(
        "INSERT INTO dictionary_entry AS e
             (dictionary, code, name_zh, name_en, parent_code, position, retired, color)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         RETURNING {ENTRY_COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&new.dictionary)
        .bind(&new.code)
        .bind(&new.name_zh)
        .bind(&new.name_en)
        .bind(&new.parent_code)
        .bind(new.position)
        .bind(new.retired)
        .bind(&new.color)
        .fetch_one(connection)
        .await
        .map_err(|error| {
            let taken = || Error::already_exists("entry.code", &reason::ENTRY_CODE_TAKEN);
            on_constraint(error, &[("dictionary_entry_key", taken)])
        })?;
    Ok(entry(&row)?)
}

pub async fn entry_lock(connection: &mut PgConnection, dictionary: &str, code: &str) -> Result<DictionaryEntry> {
    let sql = format!(
        "SELECT {ENTRY_COLUMNS} FROM dictionary_entry AS e WHERE e.dictionary = $1 AND e.code = $2 FOR UPDATE OF e"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(dictionary).bind(code).fetch_optional(connection).await?;
    Ok(entry(&row.ok_or_else(Error::not_found)?)?)
}

/// Writes what may change of a locked entry.
pub async fn entry_update(connection: &mut PgConnection, new: &DictionaryEntry) -> Result<DictionaryEntry> {
    let sql = format!(
        "UPDATE dictionary_entry AS e
         SET name_zh = $3, name_en = $4, position = $5, retired = $6, color = $7, update_time = now(),
             revision = e.revision + 1
         WHERE e.dictionary = $1 AND e.code = $2
         RETURNING {ENTRY_COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&new.dictionary)
        .bind(&new.code)
        .bind(&new.name_zh)
        .bind(&new.name_en)
        .bind(new.position)
        .bind(new.retired)
        .bind(&new.color)
        .fetch_one(connection)
        .await?;
    Ok(entry(&row)?)
}

pub async fn entry_delete(connection: &mut PgConnection, dictionary: &str, code: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM dictionary_entry WHERE dictionary = $1 AND code = $2")
        .bind(dictionary)
        .bind(code)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a customer holds the code in a column, an address or a custom field, or a custom field has it as its
/// default. Reads all customers when none does; nobody deletes entries often.
pub async fn entry_in_use(connection: &mut PgConnection, dictionary: &str, code: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM customer
             WHERE CASE $1
                 WHEN 'region' THEN region = $2 OR addresses @> jsonb_build_array(jsonb_build_object('region', $2))
                 WHEN 'industry' THEN industry = $2
                 WHEN 'source' THEN source = $2
                 WHEN 'level' THEN level = $2
                 WHEN 'grade' THEN grade = $2
                 WHEN 'credit' THEN credit = $2
                 WHEN 'customer_status' THEN status = $2
                 WHEN 'return_reason' THEN owner_cause ->> 'code' = $2
                 ELSE grades @> jsonb_build_object($1, $2)
             END
         ) OR EXISTS (
             SELECT FROM ownership WHERE $1 = 'return_reason' AND cause ->> 'code' = $2
         ) OR EXISTS (
             SELECT FROM churn_case WHERE $1 = 'loss_reason' AND loss_code = $2
         ) OR $1 = 'tag' AND (EXISTS (SELECT FROM customer_tag WHERE tag = $2) OR EXISTS (SELECT FROM tag_rule WHERE tag = $2)
         ) OR EXISTS (
             SELECT FROM grade_scheme AS s LEFT JOIN grade_version AS v ON v.scheme = s.code AND v.version = s.version
             CROSS JOIN LATERAL (VALUES (s.draft), (v.rules)) AS r (rules)
             WHERE s.code = $1
               AND (r.rules ->> 'default_code' = $2
                    OR r.rules -> 'rules' @> jsonb_build_array(jsonb_build_object('code', $2)))
         ) OR EXISTS (
             SELECT FROM consent WHERE $1 = 'contact_purpose' AND purpose = $2 OR $1 = 'consent_source' AND source = $2
         ) OR EXISTS (
             SELECT FROM field
             WHERE dictionary = $1
               AND (default_value @> to_jsonb($2)
                    OR record_kind = 1 AND EXISTS (SELECT FROM customer
                               WHERE custom_fields @> jsonb_build_object(key, $2)
                                  OR custom_fields @> jsonb_build_object(key, jsonb_build_array($2)))
                    OR record_kind = 2 AND EXISTS (SELECT FROM contact
                               WHERE custom_fields @> jsonb_build_object(key, $2)
                                  OR custom_fields @> jsonb_build_object(key, jsonb_build_array($2)))
                    OR record_kind = 3 AND EXISTS (SELECT FROM interaction
                               WHERE custom_fields @> jsonb_build_object(key, $2)
                                  OR custom_fields @> jsonb_build_object(key, jsonb_build_array($2))))
         )",
    )
    .bind(dictionary)
    .bind(code)
    .fetch_one(connection)
    .await
}

/// All entries of a dictionary, without knowing whether there are any below them.
pub async fn entry_all(connection: &mut PgConnection, dictionary: &str) -> Result<Vec<DictionaryEntry>> {
    let rows = sqlx::query(
        "SELECT e.dictionary, e.code, e.name_zh, e.name_en, e.parent_code, e.position, e.retired, e.color, e.revision,
                false, e.create_time, e.update_time, e.create_user_id, e.update_user_id
         FROM dictionary_entry AS e WHERE e.dictionary = $1",
    )
    .bind(dictionary)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(entry).collect::<sqlx::Result<_>>()?)
}

/// Creates entries and changes those that are there.
pub async fn entries_upsert(connection: &mut PgConnection, entries: &[&DictionaryEntry]) -> Result<()> {
    let texts = |of: fn(&DictionaryEntry) -> &str| entries.iter().map(|entry| of(entry)).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO dictionary_entry AS e (dictionary, code, name_zh, name_en, parent_code, position, retired, color)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bool[], $8::text[])
         ON CONFLICT (dictionary, code) DO UPDATE SET
             name_zh = excluded.name_zh, name_en = excluded.name_en, parent_code = excluded.parent_code,
             position = excluded.position, retired = excluded.retired, update_time = now(),
             revision = e.revision + 1",
    )
    .bind(texts(|entry| &entry.dictionary))
    .bind(texts(|entry| &entry.code))
    .bind(texts(|entry| &entry.name_zh))
    .bind(texts(|entry| &entry.name_en))
    .bind(texts(|entry| &entry.parent_code))
    .bind(entries.iter().map(|entry| entry.position).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.retired).collect::<Vec<_>>())
    .bind(texts(|entry| &entry.color))
    .execute(connection)
    .await?;
    Ok(())
}
