//! What a definition would mean for the records that there are, before it is saved.

use contracts::customers::{Field, PreviewFieldResponse};
use futures::TryStreamExt;
use platform::error::Result;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

use super::fields::record_kind;
use super::kind::place;
use super::limits::Limits;

/// Reads every value of the field: nobody changes rules often, and the rules are those that writes are held to.
pub async fn preview(connection: &mut PgConnection, field: &Field, limits: &Limits) -> Result<PreviewFieldResponse> {
    let place = place(record_kind(field));
    let mut preview = PreviewFieldResponse::default();
    let sql = format!("SELECT custom_fields -> $1 FROM {} WHERE custom_fields ? $1 AND {}", place.table, place.in_use);
    let mut values = sqlx::query_scalar::<_, Value>(AssertSqlSafe(sql)).bind(&field.key).fetch(&mut *connection);
    while let Some(value) = values.try_next().await? {
        preview.holding_count += 1;
        preview.breaking_count += i64::from(limits.check(&value).is_err());
    }
    drop(values);
    if field.required {
        let sql = format!("SELECT count(*) FROM {} WHERE NOT custom_fields ? $1 AND {}", place.table, place.in_use);
        preview.missing_count = sqlx::query_scalar(AssertSqlSafe(sql)).bind(&field.key).fetch_one(connection).await?;
    }
    Ok(preview)
}
