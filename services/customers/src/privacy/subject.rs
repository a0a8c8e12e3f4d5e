//! The records that stand for a person: a customer with all that belongs to it, or one contact with what hangs on it.

use platform::error::{Error, Result};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::rules::Texts;

#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub customer_id: Uuid,
    /// Nothing: the customer with all contacts.
    pub contact_id: Option<Uuid>,
}

/// The ids of everything.
#[derive(Debug, Clone)]
pub struct Records {
    pub person: Person,
    pub contacts: Vec<Uuid>,
    pub interactions: Vec<Uuid>,
    pub attachments: Vec<Uuid>,
    pub relations: Vec<Uuid>,
    pub consents: Vec<Uuid>,
    pub bans: Vec<Uuid>,
    pub requests: Vec<Uuid>,
    /// Shares, holds and periods of ownership, of customers alone.
    pub others: Vec<Uuid>,
}

impl Records {
    pub async fn of(connection: &mut PgConnection, person: Person) -> Result<Self> {
        // A contact stands for itself; `$2` is NULL for the whole customer.
        let row = sqlx::query(
            "SELECT
                 ARRAY(SELECT id FROM contact WHERE customer_id = $1 AND ($2::uuid IS NULL OR id = $2)),
                 ARRAY(SELECT id FROM interaction WHERE customer_id = $1 AND ($2 IS NULL OR $2 = ANY(contact_ids))),
                 ARRAY(SELECT id FROM attachment AS a WHERE customer_id = $1 AND ($2 IS NULL OR contact_id = $2
                     OR EXISTS (SELECT FROM interaction AS i WHERE i.id = a.interaction_id AND $2 = ANY(i.contact_ids)))),
                 ARRAY(SELECT id FROM relation WHERE $2 IS NULL AND (customer_id = $1 OR related_id = $1)),
                 ARRAY(SELECT id FROM consent WHERE customer_id = $1 AND ($2 IS NULL OR contact_id = $2)),
                 ARRAY(SELECT id FROM contact_ban WHERE customer_id = $1 AND ($2 IS NULL OR contact_id = $2)),
                 ARRAY(SELECT id FROM privacy_request WHERE customer_id = $1 AND ($2 IS NULL OR contact_id = $2)),
                 ARRAY(SELECT id FROM customer_share WHERE $2 IS NULL AND record_id = $1
                       UNION ALL SELECT id FROM erasure_hold WHERE $2 IS NULL AND customer_id = $1
                       UNION ALL SELECT id FROM ownership WHERE $2 IS NULL AND customer_id = $1)",
        )
        .bind(person.customer_id)
        .bind(person.contact_id)
        .fetch_one(connection)
        .await?;
        Ok(Self {
            person,
            contacts: row.try_get(0)?,
            interactions: row.try_get(1)?,
            attachments: row.try_get(2)?,
            relations: row.try_get(3)?,
            consents: row.try_get(4)?,
            bans: row.try_get(5)?,
            requests: row.try_get(6)?,
            others: row.try_get(7)?,
        })
    }

    /// The records that stand for the person in other services, the person first.
    pub fn heads(&self) -> Vec<Uuid> {
        let customer = self.person.contact_id.is_none().then_some(self.person.customer_id);
        customer.into_iter().chain(self.contacts.iter().copied()).collect()
    }

    pub fn all(&self) -> Vec<Uuid> {
        let parts = [
            &self.interactions,
            &self.attachments,
            &self.relations,
            &self.consents,
            &self.bans,
            &self.requests,
            &self.others,
        ];
        self.heads().into_iter().chain(parts.into_iter().flatten().copied()).collect()
    }
}

/// What the person is known by. Empty once it is erased.
pub async fn texts(connection: &mut PgConnection, records: &Records) -> Result<Texts> {
    let rows = sqlx::query(
        "SELECT name, ARRAY[phone, phone_digits, email, id_number, bank_account, website, number]
         FROM customer WHERE id = $1 AND $2::uuid IS NULL
         UNION ALL
         SELECT legal_representative, '{}' FROM customer WHERE id = $1 AND $2 IS NULL
         UNION ALL
         SELECT name, ARRAY[phone, regexp_replace(phone, '\\D', '', 'g'), email, wechat] FROM contact WHERE id = ANY($3)",
    )
    .bind(records.person.customer_id)
    .bind(records.person.contact_id)
    .bind(&records.contacts)
    .fetch_all(connection)
    .await?;
    let (mut names, mut marks) = (Vec::new(), Vec::new());
    for row in rows {
        names.push(row.try_get::<String, _>(0)?);
        marks.extend(row.try_get::<Vec<String>, _>(1)?);
    }
    Ok(Texts::new(names, marks))
}

/// Whether there is such a customer, or contact of it, that is not erased yet.
pub async fn exists(connection: &mut PgConnection, person: Person) -> Result<bool> {
    let exists = match person.contact_id {
        None => sqlx::query_scalar("SELECT EXISTS (SELECT FROM customer WHERE id = $1 AND erase_time IS NULL)")
            .bind(person.customer_id),
        Some(contact_id) => sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM contact WHERE customer_id = $1 AND id = $2 AND erase_time IS NULL)",
        )
        .bind(person.customer_id)
        .bind(contact_id),
    };
    exists.fetch_one(connection).await.map_err(Error::from)
}
