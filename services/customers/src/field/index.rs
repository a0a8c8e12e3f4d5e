//! Indexes of fields, made and dropped by a durable job while everybody goes on reading and writing: `CREATE INDEX
//! CONCURRENTLY` locks nobody out. What is wanted stands in the definition, so a job that broke off begins anew.

use std::sync::Arc;

use contracts::customers::{Field, FieldType};
use platform::filter::json_index_expression;
use platform::jobs::{JobContext, JobFailure, JobHandler};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection};

use super::FieldCache;
use super::cache::schema_changed;
use super::fields::record_kind;
use super::filter::filter_type;
use super::kind::place;
use super::store;

/// Attempts that an index outlives, as when the database is restarted meanwhile.
pub const ATTEMPTS: i32 = 20;

/// Characters of values that fit into a page of the index, whatever they are.
const LENGTH: i32 = 500;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub key: String,
}

/// Whether values of the field are short enough to be indexed, and one at a time.
pub fn is_indexable(field: &Field) -> bool {
    match field.r#type() {
        FieldType::Text => field.rules.as_ref().is_some_and(|rules| (1..=LENGTH).contains(&rules.max_length)),
        FieldType::Unspecified | FieldType::LongText | FieldType::Boolean | FieldType::Options => false,
        _ => true,
    }
}

/// Makes the index of a field as its definition wants it.
pub struct FieldIndex {
    cache: Arc<FieldCache>,
}

impl FieldIndex {
    pub fn new(cache: Arc<FieldCache>) -> Self {
        Self { cache }
    }
}

#[async_trait::async_trait]
impl JobHandler for FieldIndex {
    const KIND: &'static str = "customers.field_index";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let key = &job.payload.key;
        let mut connection = job.db().pool().acquire().await.map_err(platform::error::Error::from)?;
        // One at a time: a second one that waited within the database would be waited for by the first.
        let alone: bool =
            sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('customers.field_index'), hashtext($1))")
                .bind(key)
                .fetch_one(&mut *connection)
                .await?;
        if !alone {
            return Err(JobFailure::Retry(anyhow::anyhow!("the index of {key} is being made elsewhere")));
        }
        // Large tables take their time, and who writes meanwhile is waited for.
        sqlx::raw_sql("SET statement_timeout = 0; SET lock_timeout = 0").execute(&mut *connection).await?;
        let made = make(&mut connection, key).await;
        sqlx::raw_sql("RESET statement_timeout; RESET lock_timeout").execute(&mut *connection).await?;
        sqlx::query("SELECT pg_advisory_unlock(hashtext('customers.field_index'), hashtext($1))")
            .bind(key)
            .execute(&mut *connection)
            .await?;
        drop(connection);
        let is_too_large =
            matches!(&made, Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("54000"));
        if made.is_err() && (is_too_large || job.is_last_attempt()) {
            let mut tx = job.db().begin().await?;
            schema_changed(tx.connection()).await?;
            store::index_failed(tx.connection(), key).await?;
            tx.commit().await?;
        }
        self.cache.changed().await;
        match made {
            Err(error) if is_too_large => Err(JobFailure::Fatal(error.into())),
            made => Ok(made?),
        }
    }
}

async fn make(connection: &mut PgConnection, key: &str) -> sqlx::Result<()> {
    let Some(field) = store::field_of(connection, key).await? else { return Ok(()) };
    let name = store::index_name(key);
    let is_valid: Option<bool> =
        sqlx::query_scalar("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)")
            .bind(&name)
            .fetch_optional(&mut *connection)
            .await?;
    let wanted = filter_type(field.r#type()).filter(|_| field.indexed && !field.retired);
    let create = wanted.map(|filter_type| {
        let expression = json_index_expression(&filter_type, "custom_fields", key);
        let table = place(record_kind(&field)).table;
        format!("CREATE INDEX CONCURRENTLY {name} ON {table} (({expression}), id)")
    });
    // One that broke off is there and of no use.
    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
    let statements: Vec<String> = match (create, is_valid) {
        (Some(_), Some(true)) | (None, None) => Vec::new(),
        (None, Some(_)) => vec![drop],
        (Some(create), None) => vec![create],
        (Some(create), Some(false)) => vec![drop, create],
    };
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}
