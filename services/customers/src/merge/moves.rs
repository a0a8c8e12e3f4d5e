//! All SQL of what belongs to merged customers: over to the survivor, each row noted with whom it came from, and back. Who
//! writes what belongs to a customer holds the customer, as a merge does, so nothing comes in between.

use chrono::{DateTime, Utc};
use contracts::customers::{AttachmentChanged, CustomerShareChanged, InteractionChanged, MovedCount, RelationType};
use platform::db::{Tx, timestamp};
use platform::error::Result;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

pub const CONTACT: &str = "contact";
pub const RELATION: &str = "relation";
pub const SHARE: &str = "share";

/// Tables whose rows go over as they are by their column `customer_id`, by the kind's name; and whether they count their
/// changes. Contacts, relations, shares, tags and churn cases take more. Of consents the latest word holds, whoever gave
/// it; bans and holds bind the survivor.
pub const PLAIN: [(&str, bool); 7] = [
    ("interaction", true),
    ("attachment", true),
    ("ownership", false),
    ("pool_claim", false),
    ("consent", false),
    ("contact_ban", false),
    ("erasure_hold", false),
];

/// Of which merge, whose survivor and what was merged.
pub struct Merging<'a> {
    pub id: Uuid,
    pub survivor_id: Uuid,
    pub merged_ids: &'a [Uuid],
}

/// How much the survivor would take over.
pub async fn count(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<Vec<MovedCount>> {
    let plain = PLAIN
        .iter()
        .map(|(table, _)| format!("SELECT '{table}' AS kind, count(*) AS n FROM {table} WHERE customer_id = ANY($1)"));
    let others = [
        "SELECT 'contact', count(*) FROM contact WHERE customer_id = ANY($1)".to_owned(),
        "SELECT 'tag', count(DISTINCT tag) FROM customer_tag t WHERE customer_id = ANY($1)
           AND NOT EXISTS (SELECT FROM customer_tag k WHERE k.customer_id = $2 AND k.tag = t.tag)"
            .to_owned(),
        "SELECT 'churn_case', count(*) FROM churn_case WHERE customer_id = ANY($1)".to_owned(),
        "SELECT 'share', count(*) FROM customer_share WHERE record_id = ANY($1)".to_owned(),
        "SELECT 'relation', count(*) FROM relation
         WHERE (customer_id = ANY($1) OR related_id = ANY($1))
           AND NOT (customer_id = ANY($1 || $2::uuid) AND related_id = ANY($1 || $2::uuid))"
            .to_owned(),
    ];
    let all: Vec<String> = plain.chain(others).collect();
    let sql = format!("SELECT * FROM ({}) AS m WHERE n > 0 ORDER BY 1", all.join(" UNION ALL "));
    let counts = sqlx::query_as::<_, (String, i64)>(AssertSqlSafe(sql)).bind(merging.merged_ids);
    let counts = counts.bind(merging.survivor_id).fetch_all(connection).await?;
    Ok(counts.into_iter().map(|(kind, count)| MovedCount { kind, count }).collect())
}

pub async fn over(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<Vec<MovedCount>> {
    contacts_over(connection, merging).await?;
    relations_over(connection, merging).await?;
    shares_over(connection, merging).await?;
    tags_over(connection, merging).await?;
    churn_cases_over(connection, merging).await?;
    for (table, counts) in PLAIN {
        let revision = if counts { ", revision = t.revision + 1, update_time = now()" } else { "" };
        let sql = format!(
            "WITH moving AS (SELECT id, customer_id FROM {table} WHERE customer_id = ANY($3)),
             moved AS (UPDATE {table} t SET customer_id = $2{revision} FROM moving m WHERE t.id = m.id)
             INSERT INTO customer_merge_item (merge_id, kind, record_id, customer_id)
             SELECT $1, '{table}', id, customer_id FROM moving"
        );
        execute(connection, sql, merging).await?;
    }
    let last_contact =
        "WITH held AS (SELECT max(last_contact_time) AS time FROM customer WHERE id = ANY($3 || $2::uuid))
         UPDATE customer SET last_contact_time = held.time FROM held WHERE id = $2 AND $1::uuid IS NOT NULL";
    execute(connection, last_contact.to_owned(), merging).await?;
    let counts = sqlx::query_as::<_, (String, i64)>(
        "SELECT kind, count(*) FROM customer_merge_item WHERE merge_id = $1 GROUP BY kind ORDER BY kind",
    );
    let counts = counts.bind(merging.id).fetch_all(connection).await?;
    Ok(counts.into_iter().map(|(kind, count)| MovedCount { kind, count }).collect())
}

async fn execute(connection: &mut PgConnection, sql: String, merging: &Merging<'_>) -> Result<u64> {
    let query = sqlx::query(AssertSqlSafe(sql)).bind(merging.id).bind(merging.survivor_id).bind(merging.merged_ids);
    Ok(query.execute(connection).await?.rows_affected())
}

/// Of several primary contacts the survivor's stays one, or else the first that comes.
async fn contacts_over(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<()> {
    let sql = "WITH moving AS (
             SELECT id, customer_id, is_primary,
                    is_primary AND NOT invalid AND NOT EXISTS (
                        SELECT FROM contact k WHERE k.customer_id = $2 AND k.is_primary AND NOT k.invalid
                    ) AND row_number() OVER (PARTITION BY is_primary AND NOT invalid ORDER BY customer_id, id) = 1
                    AS stays_primary
             FROM contact WHERE customer_id = ANY($3)
         ), moved AS (
             UPDATE contact t SET customer_id = $2, is_primary = m.stays_primary, revision = t.revision + 1,
                 update_time = now()
             FROM moving m WHERE t.id = m.id
         ), found AS (
             UPDATE search_document d SET customer_id = $2 FROM moving m WHERE d.id = m.id
         )
         INSERT INTO customer_merge_item (merge_id, kind, record_id, customer_id, before)
         SELECT $1, 'contact', id, customer_id, jsonb_build_object('is_primary', is_primary) FROM moving";
    execute(connection, sql.to_owned(), merging).await?;
    Ok(())
}

/// A relation among those that become one stays where it is, as does one that the survivor has already: nobody sees the
/// relations of customers that were taken over.
async fn relations_over(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<()> {
    // A household's row starts from the lesser id.
    let household = RelationType::Household as i32;
    let sql = format!(
        "WITH ends AS (
             SELECT id, type, valid_until, customer_id, related_id,
                    CASE WHEN customer_id = ANY($3) THEN $2 ELSE customer_id END AS one,
                    CASE WHEN related_id = ANY($3) THEN $2 ELSE related_id END AS other
             FROM relation WHERE customer_id = ANY($3) OR related_id = ANY($3)
         ), turned AS (
             SELECT id, type, valid_until, customer_id, related_id,
                    CASE WHEN type = {household} THEN least(one, other) ELSE one END AS one,
                    CASE WHEN type = {household} THEN greatest(one, other) ELSE other END AS other
             FROM ends WHERE one <> other
         ), moving AS (
             SELECT DISTINCT ON (one, other, type, CASE WHEN valid_until IS NOT NULL THEN id END) *
             FROM turned n
             WHERE n.valid_until IS NOT NULL OR NOT EXISTS (
                 SELECT FROM relation k
                 WHERE k.customer_id = n.one AND k.related_id = n.other AND k.type = n.type AND k.valid_until IS NULL
             )
             ORDER BY one, other, type, CASE WHEN valid_until IS NOT NULL THEN id END, id
         ), moved AS (
             UPDATE relation t SET customer_id = m.one, related_id = m.other, revision = t.revision + 1,
                 update_time = now()
             FROM moving m WHERE t.id = m.id
         )
         INSERT INTO customer_merge_item (merge_id, kind, record_id, customer_id, before)
         SELECT $1, 'relation', id, CASE WHEN customer_id = ANY($3) THEN customer_id ELSE related_id END,
                jsonb_build_object('customer_id', customer_id, 'related_id', related_id)
         FROM moving"
    );
    execute(connection, sql, merging).await?;
    Ok(())
}

/// A share with somebody who has one of the survivor already stays where it is.
async fn shares_over(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<()> {
    let sql = "WITH moving AS (
             SELECT DISTINCT ON (employee_id, group_id) id, record_id FROM customer_share n
             WHERE record_id = ANY($3) AND NOT EXISTS (
                 SELECT FROM customer_share k
                 WHERE k.record_id = $2 AND (k.employee_id, k.group_id) IS NOT DISTINCT FROM (n.employee_id, n.group_id)
             )
             -- The one that lasts longest.
             ORDER BY employee_id, group_id, expire_time DESC NULLS FIRST, id
         ), moved AS (UPDATE customer_share t SET record_id = $2 FROM moving m WHERE t.id = m.id)
         INSERT INTO customer_merge_item (merge_id, kind, record_id, customer_id)
         SELECT $1, 'share', id, record_id FROM moving";
    execute(connection, sql.to_owned(), merging).await?;
    Ok(())
}

/// A tag that the survivor bears already stays where it is.
async fn tags_over(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<()> {
    // Tags have no ids of their own: of each the customer and its name make one.
    let sql = "WITH moving AS (
             SELECT DISTINCT ON (tag) tag, customer_id FROM customer_tag n
             WHERE customer_id = ANY($3)
               AND NOT EXISTS (SELECT FROM customer_tag k WHERE k.customer_id = $2 AND k.tag = n.tag)
             ORDER BY tag, expire_time DESC NULLS FIRST, customer_id
         ), moved AS (
             UPDATE customer_tag t SET customer_id = $2 FROM moving m
             WHERE t.customer_id = m.customer_id AND t.tag = m.tag
         )
         INSERT INTO customer_merge_item (merge_id, kind, record_id, customer_id, before)
         SELECT $1, 'tag', md5(customer_id::text || tag)::uuid, customer_id, jsonb_build_object('tag', tag) FROM moving";
    execute(connection, sql.to_owned(), merging).await?;
    Ok(())
}

/// A customer has one open case at most: the survivor's, or else the one that is due first.
async fn churn_cases_over(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<()> {
    let sql = "WITH moving AS (
             SELECT DISTINCT ON (CASE WHEN end_time IS NOT NULL THEN id END) id, customer_id FROM churn_case n
             WHERE customer_id = ANY($3) AND (end_time IS NOT NULL OR NOT EXISTS (
                 SELECT FROM churn_case k WHERE k.customer_id = $2 AND k.end_time IS NULL
             ))
             ORDER BY CASE WHEN end_time IS NOT NULL THEN id END, due_date, id
         ), moved AS (
             UPDATE churn_case t SET customer_id = $2, revision = t.revision + 1, update_time = now()
             FROM moving m WHERE t.id = m.id
         )
         INSERT INTO customer_merge_item (merge_id, kind, record_id, customer_id)
         SELECT $1, 'churn_case', id, customer_id FROM moving";
    execute(connection, sql.to_owned(), merging).await?;
    Ok(())
}

/// Whatever is still the survivor's goes back to whom it came from.
pub async fn back(connection: &mut PgConnection, merging: &Merging<'_>) -> Result<Vec<MovedCount>> {
    let mut counts = Vec::new();
    for (table, revised) in PLAIN {
        let revision = if revised { ", revision = t.revision + 1, update_time = now()" } else { "" };
        counts.push((table, format!(
            "UPDATE {table} t SET customer_id = i.customer_id{revision} FROM customer_merge_item i
             WHERE i.merge_id = $1 AND i.kind = '{table}' AND t.id = i.record_id AND t.customer_id = $2 AND i.customer_id = ANY($3)"
        )));
    }
    counts.push((CONTACT, "WITH found AS (
             UPDATE search_document d SET customer_id = i.customer_id FROM customer_merge_item i
             WHERE i.merge_id = $1 AND i.kind = 'contact' AND d.id = i.record_id AND d.customer_id = $2
         )
         UPDATE contact t SET customer_id = i.customer_id, is_primary = (i.before ->> 'is_primary')::bool,
             revision = t.revision + 1, update_time = now()
         FROM customer_merge_item i
         WHERE i.merge_id = $1 AND i.kind = 'contact' AND t.id = i.record_id AND t.customer_id = $2 AND i.customer_id = ANY($3)"
        .to_owned()));
    counts.push((RELATION, "UPDATE relation t SET customer_id = (i.before ->> 'customer_id')::uuid,
             related_id = (i.before ->> 'related_id')::uuid, revision = t.revision + 1, update_time = now()
         FROM customer_merge_item i
         WHERE i.merge_id = $1 AND i.kind = 'relation' AND t.id = i.record_id AND i.customer_id = ANY($3)
           AND (t.customer_id = $2 OR t.related_id = $2)
           AND NOT EXISTS (
               SELECT FROM relation k
               WHERE k.customer_id = (i.before ->> 'customer_id')::uuid AND k.related_id = (i.before ->> 'related_id')::uuid
                 AND k.type = t.type AND k.valid_until IS NULL AND t.valid_until IS NULL
           )"
        .to_owned()));
    counts.push((SHARE, "UPDATE customer_share t SET record_id = i.customer_id FROM customer_merge_item i
         WHERE i.merge_id = $1 AND i.kind = 'share' AND t.id = i.record_id AND t.record_id = $2 AND i.customer_id = ANY($3)
           AND NOT EXISTS (
               SELECT FROM customer_share k
               WHERE k.record_id = i.customer_id AND (k.employee_id, k.group_id) IS NOT DISTINCT FROM (t.employee_id, t.group_id)
           )"
        .to_owned()));
    counts.push((
        "tag",
        "UPDATE customer_tag t SET customer_id = i.customer_id FROM customer_merge_item i
         WHERE i.merge_id = $1 AND i.kind = 'tag' AND t.tag = i.before ->> 'tag' AND t.customer_id = $2
           AND i.customer_id = ANY($3)
           AND NOT EXISTS (SELECT FROM customer_tag k WHERE k.customer_id = i.customer_id AND k.tag = t.tag)"
            .to_owned(),
    ));
    counts.push((
        "churn_case",
        "UPDATE churn_case t SET customer_id = i.customer_id, revision = t.revision + 1, update_time = now()
         FROM customer_merge_item i
         WHERE i.merge_id = $1 AND i.kind = 'churn_case' AND t.id = i.record_id AND t.customer_id = $2
           AND i.customer_id = ANY($3)
           AND (t.end_time IS NOT NULL OR NOT EXISTS (
               SELECT FROM churn_case k WHERE k.customer_id = i.customer_id AND k.end_time IS NULL
           ))"
        .to_owned(),
    ));
    let mut returned = Vec::new();
    for (kind, sql) in counts {
        let count = execute(connection, sql, merging).await? as i64;
        if count > 0 {
            returned.push(MovedCount { kind: kind.to_owned(), count });
        }
    }
    sqlx::query(
        "UPDATE customer SET last_contact_time =
             (SELECT max(occur_time) FROM interaction WHERE customer_id = $1 AND state = 2)
         WHERE id = $1",
    )
    .bind(merging.survivor_id)
    .execute(connection)
    .await?;
    returned.sort_by(|a, b| a.kind.cmp(&b.kind));
    Ok(returned)
}

/// Tells other services of what has moved, as it is now.
pub async fn tell(tx: &mut Tx, id: Uuid) -> Result<()> {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let of = |table: &str, columns: &str, kind: &str| {
        let sql = format!(
            "SELECT {columns} FROM customer_merge_item i JOIN {table} t ON t.id = i.record_id
             WHERE i.merge_id = $1 AND i.kind = '{kind}'"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(id)
    };
    let columns = "t.id, t.revision, t.customer_id, t.type, t.state, t.occur_time, t.employee_id";
    for row in of("interaction", columns, "interaction").fetch_all(tx.connection()).await? {
        let id: Uuid = row.try_get(0)?;
        let event = InteractionChanged {
            id: id.to_string(),
            revision: row.try_get(1)?,
            customer_id: row.try_get::<Uuid, _>(2)?.to_string(),
            r#type: row.try_get::<i16, _>(3)?.into(),
            state: row.try_get::<i16, _>(4)?.into(),
            occur_time: Some(timestamp(row.try_get(5)?)),
            employee_id: row.try_get::<Uuid, _>(6)?.to_string(),
        };
        tx.emit("interaction", id, &event);
    }
    let columns =
        "t.id, t.revision, t.customer_id, t.contact_id, t.interaction_id, t.kind, t.state, t.content_type, t.size";
    for row in of("attachment", columns, "attachment").fetch_all(tx.connection()).await? {
        let id: Uuid = row.try_get(0)?;
        let event = AttachmentChanged {
            id: id.to_string(),
            revision: row.try_get(1)?,
            customer_id: row.try_get::<Uuid, _>(2)?.to_string(),
            contact_id: text(row.try_get(3)?),
            interaction_id: text(row.try_get(4)?),
            kind: row.try_get::<i16, _>(5)?.into(),
            state: row.try_get::<i16, _>(6)?.into(),
            content_type: row.try_get(7)?,
            size: row.try_get(8)?,
            deleted: false,
        };
        tx.emit("attachment", id, &event);
    }
    let columns = "t.id, t.record_id, t.employee_id, t.group_id, t.expire_time";
    for row in of("customer_share", columns, SHARE).fetch_all(tx.connection()).await? {
        let id: Uuid = row.try_get(0)?;
        let event = CustomerShareChanged {
            id: id.to_string(),
            customer_id: row.try_get::<Uuid, _>(1)?.to_string(),
            employee_id: text(row.try_get(2)?),
            group_id: text(row.try_get(3)?),
            expire_time: row.try_get::<Option<DateTime<Utc>>, _>(4)?.map(timestamp),
            deleted: false,
        };
        tx.emit("customer_share", id, &event);
    }
    Ok(())
}
