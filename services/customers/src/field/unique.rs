//! Values of custom fields that no two records may share, kept in a table of their own where the database holds them
//! apart. Its column `customer_id` holds the record, of whichever kind.

use platform::error::Error;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::fields::Fields;
use super::kind::place;
use super::value::to_text;
use crate::error::reason;

/// The values of a record that must be unique, as (key, value).
pub fn unique_values(fields: &Fields, custom_fields: &Value) -> Vec<(String, String)> {
    let Some(values) = custom_fields.as_object().filter(|values| !values.is_empty()) else { return Vec::new() };
    let unique = fields.all().filter(|field| field.unique);
    unique.filter_map(|field| Some((field.key.clone(), to_text(values.get(&field.key)?)))).collect()
}

/// Makes these the unique values of a record, in the transaction that writes it. A value that another one holds is
/// ALREADY_EXISTS at its field.
pub async fn unique_values_set(
    connection: &mut PgConnection,
    fields: &Fields,
    record_id: Uuid,
    values: &[(String, String)],
) -> Result<(), Error> {
    let (keys, texts): (Vec<&str>, Vec<&str>) =
        values.iter().map(|(key, value)| (key.as_str(), value.as_str())).unzip();
    sqlx::query(
        "DELETE FROM customer_unique_value
         WHERE customer_id = $1
           AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS n (key, value)
                           WHERE n.key = field_key AND n.value = customer_unique_value.value)",
    )
    .bind(record_id)
    .bind(&keys)
    .bind(&texts)
    .execute(&mut *connection)
    .await?;
    if values.is_empty() {
        return Ok(());
    }
    // In one order for all, so that two writers of the same values wait for each other rather than deadlock.
    let held: Vec<(String, Uuid)> = sqlx::query_as(
        "INSERT INTO customer_unique_value AS u (field_key, value, customer_id)
         SELECT key, value, $1 FROM unnest($2::text[], $3::text[]) AS n (key, value) ORDER BY key, value
         ON CONFLICT ON CONSTRAINT customer_unique_value_key DO UPDATE SET customer_id = u.customer_id
         RETURNING field_key, customer_id",
    )
    .bind(record_id)
    .bind(&keys)
    .bind(&texts)
    .fetch_all(connection)
    .await?;
    match held.into_iter().find(|(_, holder)| *holder != record_id) {
        Some((key, _)) => {
            let path = format!("{}.custom_fields.{key}", place(fields.kind()).name);
            Err(Error::already_exists(path, &reason::CUSTOM_VALUE_TAKEN).arg("field", key))
        }
        None => Ok(()),
    }
}
