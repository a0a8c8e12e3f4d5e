//! All SQL of consents and bans. What belongs to a contact is found only by who may read contacts.

use chrono::{DateTime, Utc};
use contracts::customers::{Consent, ConsentQuestion, ContactBan};
use platform::access::RowPredicate;
use platform::db::{author, timestamp};
use platform::error::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::{self, Known, Word};
use crate::parent::CUSTOMER_ROWS;

fn text(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn consent(row: &PgRow, now: DateTime<Utc>) -> sqlx::Result<Consent> {
    let expire_time: Option<DateTime<Utc>> = row.try_get(7)?;
    Ok(Consent {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        contact_id: text(row.try_get(2)?),
        channel: row.try_get::<i16, _>(3)?.into(),
        purpose: row.try_get(4)?,
        state: rules::state(row.try_get(5)?, expire_time, now).into(),
        occur_time: Some(timestamp(row.try_get(6)?)),
        expire_time: expire_time.map(timestamp),
        source: row.try_get(8)?,
        text_version: row.try_get(9)?,
        reference: row.try_get(10)?,
        attachment_id: text(row.try_get(11)?),
        create_time: Some(timestamp(row.try_get(12)?)),
        create_user_id: author(row, 13)?,
        latest: row.try_get(14)?,
        contact_name: row.try_get::<Option<String>, _>(15)?.unwrap_or_default(),
    })
}

/// Which of what is kept is asked for.
pub struct Asked {
    pub customer_id: Uuid,
    pub contacts: bool,
    /// The latest consents, the bans that hold.
    pub present_only: bool,
}

/// Latest first, behind `after`. Served by `consent_customer`; the latest word by `consent_latest`.
pub async fn consent_list(
    connection: &mut PgConnection,
    asked: &Asked,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Consent>> {
    let rows = sqlx::query(
        "SELECT * FROM (
             SELECT s.id, s.customer_id, s.contact_id, s.channel, s.purpose, s.state, s.occur_time, s.expire_time, s.source,
                 s.text_version, s.reference, s.attachment_id, s.create_time, s.create_user_id,
                 NOT EXISTS (SELECT FROM consent AS later
                             WHERE later.customer_id = s.customer_id
                               AND later.contact_id IS NOT DISTINCT FROM s.contact_id
                               AND later.channel = s.channel AND later.purpose = s.purpose
                               AND (later.occur_time, later.id) > (s.occur_time, s.id)) AS latest,
                 t.name
             FROM consent AS s LEFT JOIN contact AS t ON t.id = s.contact_id
             WHERE s.customer_id = $1 AND ($2 OR s.contact_id IS NULL) AND ($3::uuid IS NULL OR s.id < $3)
         ) AS s WHERE NOT $4 OR latest ORDER BY id DESC LIMIT $5",
    )
    .bind(asked.customer_id)
    .bind(asked.contacts)
    .bind(after)
    .bind(asked.present_only)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let now = Utc::now();
    Ok(rows.iter().map(|row| consent(row, now)).collect::<sqlx::Result<_>>()?)
}

pub struct NewConsent<'a> {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub contact_id: Option<Uuid>,
    pub attachment_id: Option<Uuid>,
    pub occur_time: DateTime<Utc>,
    pub expire_time: Option<DateTime<Utc>>,
    pub consent: &'a Consent,
}

/// Of a locked customer.
pub async fn consent_insert(connection: &mut PgConnection, new: &NewConsent<'_>) -> Result<Consent> {
    sqlx::query(
        "INSERT INTO consent (id, customer_id, contact_id, channel, purpose, state, occur_time, expire_time, source,
                              text_version, reference, attachment_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(new.id)
    .bind(new.customer_id)
    .bind(new.contact_id)
    .bind(new.consent.channel as i16)
    .bind(&new.consent.purpose)
    .bind(new.consent.state as i16)
    .bind(new.occur_time)
    .bind(new.expire_time)
    .bind(&new.consent.source)
    .bind(new.consent.text_version.trim())
    .bind(new.consent.reference.trim())
    .bind(new.attachment_id)
    .execute(&mut *connection)
    .await?;
    // The next below the one behind it: itself.
    let asked = Asked { customer_id: new.customer_id, contacts: true, present_only: false };
    let after = Uuid::from_u128(new.id.as_u128() + 1);
    consent_list(connection, &asked, Some(after), 1).await?.pop().ok_or_else(Error::not_found)
}

const BAN: &str = "SELECT b.id, b.customer_id, b.contact_id, b.channel, b.reason, b.expire_time, b.lift_time, b.create_time,
         b.create_user_id, b.lift_time IS NULL AND (b.expire_time IS NULL OR b.expire_time > now()) AS active, t.name
     FROM contact_ban AS b JOIN customer AS c ON c.id = b.customer_id LEFT JOIN contact AS t ON t.id = b.contact_id WHERE ";

fn ban(row: &PgRow) -> sqlx::Result<ContactBan> {
    Ok(ContactBan {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        contact_id: text(row.try_get(2)?),
        channel: row.try_get::<i16, _>(3)?.into(),
        reason: row.try_get(4)?,
        expire_time: row.try_get::<Option<DateTime<Utc>>, _>(5)?.map(timestamp),
        lift_time: row.try_get::<Option<DateTime<Utc>>, _>(6)?.map(timestamp),
        create_time: Some(timestamp(row.try_get(7)?)),
        create_user_id: author(row, 8)?,
        active: row.try_get(9)?,
        contact_name: row.try_get::<Option<String>, _>(10)?.unwrap_or_default(),
    })
}

/// Latest first, behind `after`. Served by `contact_ban_customer`.
pub async fn ban_list(
    connection: &mut PgConnection,
    asked: &Asked,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ContactBan>> {
    let mut query = QueryBuilder::<Postgres>::new(BAN);
    query.push("b.customer_id = ").push_bind(asked.customer_id);
    if !asked.contacts {
        query.push(" AND b.contact_id IS NULL");
    }
    if asked.present_only {
        query.push(" AND b.lift_time IS NULL AND (b.expire_time IS NULL OR b.expire_time > now())");
    }
    if let Some(after) = after {
        query.push(" AND b.id < ").push_bind(after);
    }
    query.push(" ORDER BY b.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(ban).collect::<sqlx::Result<_>>()?)
}

/// Of a locked customer.
pub async fn ban_insert(
    connection: &mut PgConnection,
    (id, customer_id, contact_id): (Uuid, Uuid, Option<Uuid>),
    new: &ContactBan,
    expire_time: Option<DateTime<Utc>>,
) -> Result<ContactBan> {
    sqlx::query(
        "INSERT INTO contact_ban (id, customer_id, contact_id, channel, reason, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(customer_id)
    .bind(contact_id)
    .bind(new.channel as i16)
    .bind(new.reason.trim())
    .bind(expire_time)
    .execute(&mut *connection)
    .await?;
    ban_get(connection, None, id).await
}

/// One whose customer the rows cover, held until the transaction ends.
pub async fn ban_lock(connection: &mut PgConnection, rows: &RowPredicate, id: Uuid) -> Result<ContactBan> {
    ban_get(connection, Some(rows), id).await
}

async fn ban_get(connection: &mut PgConnection, rows: Option<&RowPredicate>, id: Uuid) -> Result<ContactBan> {
    let mut query = QueryBuilder::<Postgres>::new(BAN);
    query.push("b.id = ").push_bind(id);
    if let Some(rows) = rows {
        query.push(" AND ");
        rows.push_sql(&mut query, CUSTOMER_ROWS);
        query.push(" FOR UPDATE OF b");
    }
    let row = query.build().fetch_optional(connection).await?.ok_or_else(Error::not_found)?;
    Ok(ban(&row)?)
}

pub async fn ban_lift(connection: &mut PgConnection, id: Uuid) -> Result<ContactBan> {
    sqlx::query("UPDATE contact_ban SET lift_time = now() WHERE id = $1").bind(id).execute(&mut *connection).await?;
    ban_get(connection, None, id).await
}

/// Whether the customer has such a contact in use.
pub async fn contact_exists(connection: &mut PgConnection, customer_id: Uuid, contact_id: Uuid) -> Result<bool> {
    let exists = "SELECT EXISTS (SELECT FROM contact WHERE id = $1 AND customer_id = $2 AND NOT invalid)";
    Ok(sqlx::query_scalar(exists).bind(contact_id).bind(customer_id).fetch_one(connection).await?)
}

/// Whether the customer itself has such a file.
pub async fn attachment_exists(connection: &mut PgConnection, customer_id: Uuid, id: Uuid) -> Result<bool> {
    let exists = "SELECT EXISTS (SELECT FROM attachment WHERE id = $1 AND customer_id = $2)";
    Ok(sqlx::query_scalar(exists).bind(id).bind(customer_id).fetch_one(connection).await?)
}

/// What is known for each question, in their order. Served by `consent_latest` and `contact_ban_customer`.
pub async fn known(connection: &mut PgConnection, questions: &[ConsentQuestion]) -> Result<Vec<Known>> {
    let ids = |id: fn(&ConsentQuestion) -> &str| -> Vec<Option<Uuid>> {
        questions.iter().map(|question| id(question).parse().ok()).collect()
    };
    let rows = sqlx::query(
        "SELECT c.state = 1 AND c.erase_time IS NULL AND (q.contact_id IS NULL OR NOT t.invalid), b.id, s.id, s.state = 1,
             s.expire_time
         FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[]) WITH ORDINALITY
                  AS q (customer_id, contact_id, channel, purpose, position)
         LEFT JOIN customer AS c ON c.id = q.customer_id
         LEFT JOIN contact AS t ON t.id = q.contact_id AND t.customer_id = q.customer_id
         LEFT JOIN LATERAL (
             SELECT id FROM contact_ban AS b
             WHERE b.customer_id = q.customer_id AND (b.contact_id IS NULL OR b.contact_id = q.contact_id)
               AND b.channel IN (0, q.channel) AND b.lift_time IS NULL
               AND (b.expire_time IS NULL OR b.expire_time > now())
             ORDER BY id DESC LIMIT 1) AS b ON true
         LEFT JOIN LATERAL (
             SELECT id, state, expire_time FROM consent AS s
             WHERE s.customer_id = q.customer_id AND s.contact_id IS NOT DISTINCT FROM q.contact_id
               AND s.channel = q.channel AND s.purpose = q.purpose
             ORDER BY occur_time DESC, id DESC LIMIT 1) AS s ON true
         ORDER BY q.position",
    )
    .bind(ids(|question| &question.customer_id))
    .bind(ids(|question| &question.contact_id))
    .bind(questions.iter().map(|question| question.channel as i16).collect::<Vec<_>>())
    .bind(questions.iter().map(|question| question.purpose.as_str()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let known = |row: &PgRow| {
        let word = match row.try_get::<Option<Uuid>, _>(2)? {
            Some(id) => Some(Word { id, given: row.try_get(3)?, expire_time: row.try_get(4)? }),
            None => None,
        };
        Ok(Known { in_use: row.try_get::<Option<bool>, _>(0)?.unwrap_or_default(), ban: row.try_get(1)?, word })
    };
    Ok(rows.iter().map(known).collect::<sqlx::Result<_>>()?)
}
