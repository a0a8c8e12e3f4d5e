//! All SQL of contacts. Each query that starts from a caller joins the customer `c` and holds its row predicate.

use chrono::NaiveDate;
use contracts::customers::Contact;
use platform::access::RowPredicate;
use platform::db::{author, timestamp};
use platform::error::{Error, Result};
use platform::filter::{EvalContext, OrderBy, Predicate, Value as Key};
use platform::update::etag;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::field::Sight;
use crate::parent::CUSTOMER_ROWS;
use crate::search::store::few_visible;

/// Who sees no more customers than this has lists made from those customers.
const FEW: usize = 1_000;

const COLUMNS: &str = "t.id, t.customer_id, t.name, t.post, t.decision_role, t.phone, t.email, t.wechat, t.hobby,
    t.birthday, t.relationship_strength, t.is_primary, t.remark, t.invalid, t.create_time, t.update_time, t.revision,
    t.create_user_id, t.update_user_id, t.custom_fields, (SELECT n.name FROM customer n WHERE n.id = t.customer_id)";

/// A contact as it is seen, and its custom fields as they are stored.
pub type Stored = (Contact, Value);

fn contact(row: &PgRow, sight: &Sight) -> sqlx::Result<Contact> {
    Ok(stored(row, sight)?.0)
}

fn stored(row: &PgRow, sight: &Sight) -> sqlx::Result<Stored> {
    let custom_fields: Value = row.try_get(19)?;
    let contact = Contact {
        id: row.try_get::<Uuid, _>(0)?.to_string(),
        customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
        name: row.try_get(2)?,
        post: row.try_get(3)?,
        decision_role: row.try_get::<i16, _>(4)?.into(),
        phone: row.try_get(5)?,
        email: row.try_get(6)?,
        wechat: row.try_get(7)?,
        hobby: row.try_get(8)?,
        birthday: row.try_get::<Option<NaiveDate>, _>(9)?.map(|date| date.to_string()).unwrap_or_default(),
        relationship_strength: row.try_get::<i16, _>(10)?.into(),
        primary: row.try_get(11)?,
        remark: row.try_get(12)?,
        invalid: row.try_get(13)?,
        create_time: Some(timestamp(row.try_get(14)?)),
        update_time: Some(timestamp(row.try_get(15)?)),
        etag: etag(row.try_get(16)?),
        create_user_id: author(row, 17)?,
        update_user_id: author(row, 18)?,
        custom_fields: sight.values(&custom_fields),
        customer_name: row.try_get(20)?,
    };
    Ok((contact, custom_fields))
}

/// Which contacts a list asks for, in what order and behind which place.
pub struct Selection<'a> {
    /// Left out: of all customers in use.
    pub customer_id: Option<Uuid>,
    pub include_invalid: bool,
    pub filter: &'a Predicate,
    pub context: &'a EvalContext,
    pub order: &'a OrderBy,
    pub after: Option<&'a [Key]>,
    pub limit: i64,
}

/// Served by `contact_customer`, and by `contact_create_time` over all customers.
pub async fn contact_list(
    connection: &mut PgConnection,
    sight: &Sight,
    rows: &RowPredicate,
    selection: &Selection<'_>,
) -> Result<Vec<Contact>> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(" FROM contact AS t JOIN customer AS c ON c.id = t.customer_id WHERE ");
    match selection.customer_id {
        Some(customer_id) => query.push("t.customer_id = ").push_bind(customer_id),
        None => query.push("c.state = 1"),
    };
    if selection.customer_id.is_none() {
        // By time, one would go through everybody else's to find the few of who sees few customers.
        if let Some(customer_ids) = few_visible(connection, rows, FEW).await? {
            query.push(" AND t.customer_id = ANY(").push_bind(customer_ids).push(")");
        }
    }
    query.push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    if !selection.include_invalid {
        query.push(" AND NOT t.invalid");
    }
    if !selection.filter.is_everything() {
        query.push(" AND ");
        selection.filter.push_sql(&mut query, selection.context);
    }
    if let Some(after) = selection.after {
        query.push(" AND ");
        let refused = |_| Error::invalid("page_token", &platform::error::reason::PAGE_TOKEN_INVALID);
        selection.order.push_keyset_sql(&mut query, after).map_err(refused)?;
    }
    query.push(" ORDER BY ");
    selection.order.push_order_sql(&mut query);
    // As a number: of a parameter the planner would think that it takes a tenth of all rows.
    query.push(" LIMIT ").push(selection.limit);
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows.iter().map(|row| contact(row, sight)).collect::<sqlx::Result<_>>()?)
}

pub async fn contact_get(
    connection: &mut PgConnection,
    sight: &Sight,
    rows: &RowPredicate,
    id: Uuid,
) -> Result<Contact> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(" FROM contact AS t JOIN customer AS c ON c.id = t.customer_id WHERE t.id = ");
    query.push_bind(id).push(" AND ");
    rows.push_sql(&mut query, CUSTOMER_ROWS);
    let row = query.build().fetch_optional(connection).await?;
    Ok(contact(&row.ok_or_else(Error::not_found)?, sight)?)
}

/// A contact whose customer is locked.
pub async fn contact_lock(connection: &mut PgConnection, sight: &Sight, id: Uuid) -> Result<Stored> {
    let sql = format!("SELECT {COLUMNS} FROM contact AS t WHERE t.id = $1 FOR UPDATE");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(stored(&row.ok_or_else(Error::not_found)?, sight)?)
}

/// Before this one becomes primary. Who was it until now?
pub async fn contact_primary_unset(connection: &mut PgConnection, customer_id: Uuid) -> Result<Option<Uuid>> {
    let id = sqlx::query_scalar(
        "UPDATE contact SET is_primary = false, update_time = now(), revision = revision + 1
         WHERE customer_id = $1 AND is_primary AND NOT invalid
         RETURNING id",
    );
    Ok(id.bind(customer_id).fetch_optional(connection).await?)
}

pub async fn contact_insert(
    connection: &mut PgConnection,
    sight: &Sight,
    (id, customer_id): (Uuid, Uuid),
    (new, custom_fields): (&Contact, &Value),
    birthday: Option<NaiveDate>,
) -> Result<Contact> {
    let sql = format!(
        "INSERT INTO contact AS t
             (id, customer_id, name, post, decision_role, phone, email, wechat, hobby, birthday, relationship_strength,
              is_primary, remark, custom_fields)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(customer_id)
        .bind(&new.name)
        .bind(&new.post)
        .bind(new.decision_role)
        .bind(&new.phone)
        .bind(&new.email)
        .bind(&new.wechat)
        .bind(&new.hobby)
        .bind(birthday)
        .bind(new.relationship_strength)
        .bind(new.primary)
        .bind(&new.remark)
        .bind(custom_fields)
        .fetch_one(connection)
        .await?;
    Ok(contact(&row, sight)?)
}

/// Writes a locked contact.
pub async fn contact_update(
    connection: &mut PgConnection,
    sight: &Sight,
    id: Uuid,
    (new, custom_fields): (&Contact, &Value),
    birthday: Option<NaiveDate>,
) -> Result<Contact> {
    let sql = format!(
        "UPDATE contact AS t
         SET name = $2, post = $3, decision_role = $4, phone = $5, email = $6, wechat = $7, hobby = $8, birthday = $9,
             relationship_strength = $10, is_primary = $11, remark = $12, invalid = $13, custom_fields = $14,
             update_time = now(), revision = t.revision + 1
         WHERE t.id = $1
         RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(&new.name)
        .bind(&new.post)
        .bind(new.decision_role)
        .bind(&new.phone)
        .bind(&new.email)
        .bind(&new.wechat)
        .bind(&new.hobby)
        .bind(birthday)
        .bind(new.relationship_strength)
        .bind(new.primary)
        .bind(&new.remark)
        .bind(new.invalid)
        .bind(custom_fields)
        .fetch_one(connection)
        .await?;
    Ok(contact(&row, sight)?)
}
