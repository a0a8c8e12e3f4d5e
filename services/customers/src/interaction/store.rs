//! All SQL of interactions. Each query that starts from a caller joins the customer `c` and holds its row predicate.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::customers::{Interaction, InteractionState};
use platform::access::{Policy, RowPredicate};
use platform::db::{author, timestamp};
use platform::error::{Error, Result};
use platform::filter::{EvalContext, FilterError, OrderBy, Predicate, Value as Key};
use platform::update::etag;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::filter::instant;
use crate::field::Sight;
use crate::parent::CUSTOMER_ROWS;
use crate::search::store::few_visible;

/// Who sees no more customers than this has lists made from those customers.
const FEW: usize = 1_000;

const COLUMNS: &str = "i.id, i.customer_id, c.name, i.type, i.state, i.subject, i.content, i.occur_time,
    i.duration_minutes, i.contact_ids,
    ARRAY(SELECT k.name FROM unnest(i.contact_ids) WITH ORDINALITY AS u (id, place) JOIN contact AS k ON k.id = u.id
          ORDER BY u.place),
    i.employee_id, i.next_step, i.next_step_time, i.place, i.latitude, i.longitude, i.cancel_reason, i.create_time,
    i.update_time, i.revision, i.create_user_id, i.update_user_id, i.custom_fields";
const FROM: &str = " FROM interaction AS i JOIN customer AS c ON c.id = i.customer_id WHERE ";

/// What interactions are read by.
pub struct Reader {
    pub names: Arc<Policy>,
    pub sight: Sight,
}

/// An interaction as it is seen, and its custom fields as they are stored.
pub type Stored = (Interaction, Value);

fn interaction(row: &PgRow, reader: &Reader) -> sqlx::Result<Interaction> {
    Ok(stored(row, reader)?.0)
}

fn stored(row: &PgRow, reader: &Reader) -> sqlx::Result<Stored> {
    let employee_id: Uuid = row.try_get(11)?;
    let custom_fields: Value = row.try_get(23)?;
    let interaction = Interaction {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        customer_name: row.try_get(2)?,
        r#type: row.try_get::<i16, _>(3)?.into(),
        state: row.try_get::<i16, _>(4)?.into(),
        subject: row.try_get(5)?,
        content: row.try_get(6)?,
        occur_time: Some(timestamp(row.try_get(7)?)),
        duration_minutes: row.try_get(8)?,
        contact_ids: row.try_get::<Vec<Uuid>, _>(9)?.iter().map(Uuid::to_string).collect(),
        contact_names: row.try_get(10)?,
        employee_id: employee_id.to_string(),
        employee_name: reader.names.employee_name(employee_id).to_owned(),
        next_step: row.try_get(12)?,
        next_step_time: row.try_get::<Option<_>, _>(13)?.map(timestamp),
        place: row.try_get(14)?,
        latitude: row.try_get(15)?,
        longitude: row.try_get(16)?,
        cancel_reason: row.try_get(17)?,
        create_time: Some(timestamp(row.try_get(18)?)),
        update_time: Some(timestamp(row.try_get(19)?)),
        etag: etag(row.try_get(20)?),
        create_user_id: author(row, 21)?,
        update_user_id: author(row, 22)?,
        custom_fields: reader.sight.values(&custom_fields),
    };
    Ok((interaction, custom_fields))
}

/// Which interactions a list asks for, in what order and after which place.
pub struct Selection<'a> {
    pub customer_id: Option<Uuid>,
    pub filter: &'a Predicate,
    pub context: &'a EvalContext,
    pub order: &'a OrderBy,
    pub after: Option<&'a [Key]>,
    pub limit: i64,
}

/// `Err` when the keys of the page don't belong to the order.
pub async fn interaction_list(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    reader: &Reader,
    selection: &Selection<'_>,
) -> Result<Result<Vec<Interaction>, FilterError>> {
    let few = match selection.customer_id {
        Some(_) => None,
        None => few_visible(connection, rows, FEW).await?,
    };
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS);
    let pushed = match few {
        // From the customers to their interactions: by time, one would go through everybody else's to find a few.
        Some(customer_ids) => {
            query.push(
                " FROM customer AS c CROSS JOIN LATERAL (SELECT i.* FROM interaction AS i WHERE i.customer_id = c.id",
            );
            let pushed = push_page(&mut query, selection);
            query.push(") AS i WHERE c.id = ANY(").push_bind(customer_ids).push(") AND ");
            rows.push_sql(&mut query, CUSTOMER_ROWS);
            query.push(" ORDER BY ");
            selection.order.push_order_sql(&mut query);
            query.push(" LIMIT ").push_bind(selection.limit);
            pushed
        }
        None => {
            query.push(FROM);
            rows.push_sql(&mut query, CUSTOMER_ROWS);
            push_page(&mut query, selection)
        }
    };
    if let Err(error) = pushed {
        return Ok(Err(error));
    }
    let found = query.build().fetch_all(connection).await?;
    Ok(Ok(found.iter().map(|row| interaction(row, reader)).collect::<sqlx::Result<_>>()?))
}

fn push_page(query: &mut QueryBuilder<Postgres>, selection: &Selection<'_>) -> Result<(), FilterError> {
    if let Some(customer_id) = selection.customer_id {
        query.push(" AND i.customer_id = ").push_bind(customer_id);
    }
    if !selection.filter.is_everything() {
        query.push(" AND ");
        selection.filter.push_sql(query, selection.context);
    }
    if let Some(after) = selection.after {
        query.push(" AND ");
        selection.order.push_keyset_sql(query, after)?;
    }
    query.push(" ORDER BY ");
    selection.order.push_order_sql(query);
    query.push(" LIMIT ").push_bind(selection.limit);
    Ok(())
}

/// Those of one customer before a place in time, latest first, for its timeline. Served by `interaction_customer`.
pub async fn interaction_list_before(
    connection: &mut PgConnection,
    reader: &Reader,
    customer_id: Uuid,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Interaction>> {
    let sql = format!(
        "SELECT {COLUMNS}{FROM} i.customer_id = $1 AND ($2::timestamptz IS NULL OR (i.occur_time, i.id) < ($2, $3))
         ORDER BY i.occur_time DESC, i.id DESC LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(customer_id)
        .bind(before.map(|before| before.0))
        .bind(before.map(|before| before.1))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(rows.iter().map(|row| interaction(row, reader)).collect::<sqlx::Result<_>>()?)
}

pub async fn interaction_get(
    connection: &mut PgConnection,
    rows: &RowPredicate,
    reader: &Reader,
    id: Uuid,
) -> Result<Interaction> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(FROM).push("i.id = ").push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    let row = query.build().fetch_optional(connection).await?;
    Ok(interaction(&row.ok_or_else(Error::not_found)?, reader)?)
}

/// An interaction whose customer is locked.
pub async fn interaction_lock(connection: &mut PgConnection, reader: &Reader, id: Uuid) -> Result<Stored> {
    let sql = format!("SELECT {COLUMNS}{FROM} i.id = $1 FOR UPDATE OF i");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?, reader)?)
}

/// The places in `ids` of those that aren't contacts in use of the customer.
pub async fn contacts_unknown(connection: &mut PgConnection, customer_id: Uuid, ids: &[Uuid]) -> Result<Vec<i64>> {
    let unknown = sqlx::query_scalar(
        "SELECT u.place - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS u (id, place)
         WHERE NOT EXISTS (SELECT FROM contact AS k WHERE k.id = u.id AND k.customer_id = $1 AND NOT k.invalid)
         ORDER BY u.place",
    );
    Ok(unknown.bind(customer_id).bind(ids).fetch_all(connection).await?)
}

/// What the columns hold of an interaction that was checked.
struct Columns {
    occur_time: DateTime<Utc>,
    next_step_time: Option<DateTime<Utc>>,
    contact_ids: Vec<Uuid>,
    employee_id: Uuid,
}

impl Columns {
    fn of(interaction: &Interaction) -> Result<Self> {
        let occur_time = interaction.occur_time.as_ref().and_then(instant);
        Ok(Self {
            occur_time: occur_time.ok_or_else(|| Error::internal(anyhow::anyhow!("unchecked time")))?,
            next_step_time: interaction.next_step_time.as_ref().and_then(instant),
            contact_ids: uuids(&interaction.contact_ids)?,
            employee_id: interaction.employee_id.parse().map_err(Error::internal)?,
        })
    }
}

pub fn uuids(texts: &[String]) -> Result<Vec<Uuid>> {
    texts.iter().map(|text| text.parse().map_err(Error::internal)).collect()
}

pub async fn interaction_insert(
    connection: &mut PgConnection,
    reader: &Reader,
    (id, customer_id): (Uuid, Uuid),
    (new, custom_fields): (&Interaction, &Value),
) -> Result<Interaction> {
    let columns = Columns::of(new)?;
    let sql = format!(
        "WITH i AS (
             INSERT INTO interaction
                 (id, customer_id, type, state, subject, content, occur_time, duration_minutes, contact_ids,
                  employee_id, next_step, next_step_time, place, latitude, longitude, custom_fields)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             RETURNING *
         )
         SELECT {COLUMNS} FROM i JOIN customer AS c ON c.id = i.customer_id"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(customer_id)
        .bind(new.r#type)
        .bind(new.state)
        .bind(&new.subject)
        .bind(&new.content)
        .bind(columns.occur_time)
        .bind(new.duration_minutes)
        .bind(&columns.contact_ids)
        .bind(columns.employee_id)
        .bind(&new.next_step)
        .bind(columns.next_step_time)
        .bind(&new.place)
        .bind(new.latitude)
        .bind(new.longitude)
        .bind(custom_fields)
        .fetch_one(connection)
        .await?;
    Ok(interaction(&row, reader)?)
}

/// Writes a locked interaction.
pub async fn interaction_update(
    connection: &mut PgConnection,
    reader: &Reader,
    id: Uuid,
    (new, custom_fields): (&Interaction, &Value),
) -> Result<Interaction> {
    let columns = Columns::of(new)?;
    let sql = format!(
        "WITH i AS (
             UPDATE interaction AS o
             SET type = $2, state = $3, subject = $4, content = $5, occur_time = $6, duration_minutes = $7,
                 contact_ids = $8, employee_id = $9, next_step = $10, next_step_time = $11, place = $12, latitude = $13,
                 longitude = $14, cancel_reason = $15, custom_fields = $16,
                 update_time = now(), revision = o.revision + 1
             WHERE o.id = $1
             RETURNING *
         )
         SELECT {COLUMNS} FROM i JOIN customer AS c ON c.id = i.customer_id"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(new.r#type)
        .bind(new.state)
        .bind(&new.subject)
        .bind(&new.content)
        .bind(columns.occur_time)
        .bind(new.duration_minutes)
        .bind(&columns.contact_ids)
        .bind(columns.employee_id)
        .bind(&new.next_step)
        .bind(columns.next_step_time)
        .bind(&new.place)
        .bind(new.latitude)
        .bind(new.longitude)
        .bind(&new.cancel_reason)
        .bind(custom_fields)
        .fetch_one(connection)
        .await?;
    Ok(interaction(&row, reader)?)
}

/// Moves the customer's last contact forward to an interaction that was done. That is no change of the customer itself:
/// its revision stays, so nobody's etag goes stale by a phone call.
pub async fn last_contact_move(connection: &mut PgConnection, customer_id: Uuid, done: &Interaction) -> Result<()> {
    if done.state() != InteractionState::Done {
        return Ok(());
    }
    sqlx::query(
        "UPDATE customer SET last_contact_time = $2
         WHERE id = $1 AND (last_contact_time IS NULL OR last_contact_time < $2)",
    )
    .bind(customer_id)
    .bind(done.occur_time.as_ref().and_then(instant))
    .execute(connection)
    .await?;
    Ok(())
}
