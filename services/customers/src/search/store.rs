//! Documents in and hits out. A page is filled rank by rank. For each rank a look at the newest documents decides: if they
//! fill the page, the text is common and the newest matches are the page; if not, it is rare enough for the gram index to
//! give all matches. Callers who see few customers are served from those.

use std::collections::HashMap;

use platform::access::RowPredicate;
use platform::error::Result;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::document::{Document, Part};
use super::query::{Query, Tier};
use crate::customer::store::CUSTOMER_ROWS;

/// How far a search looks before it takes another way. All ways find the same.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// How many of the newest documents are looked at before the index is asked.
    pub newest: i64,
    /// The same where only some of the matches may be seen.
    pub newest_scoped: i64,
    /// Who sees no more customers than this is served from them.
    pub few: usize,
}

impl Default for Reach {
    fn default() -> Self {
        Self { newest: 2_000, newest_scoped: 4_000, few: 3_000 }
    }
}

/// A customer that was found, and the contact through whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub tier: Tier,
    pub customer_id: Uuid,
    pub contact_id: Option<Uuid>,
}

/// Lets the documents of a batch wait for [`documents_settle`], so that the index takes each gram once.
pub async fn documents_defer(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SET LOCAL gin_pending_list_limit = '64MB'").execute(connection).await?;
    Ok(())
}

/// Brings what waits into the index.
pub async fn documents_settle(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT gin_clean_pending_list('search_document_grams')").execute(connection).await?;
    Ok(())
}

/// Writes documents, in place of earlier ones of the same records.
pub async fn documents_save(connection: &mut PgConnection, documents: &[Document]) -> sqlx::Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::default();
    for document in documents {
        columns.push(document);
    }
    sqlx::query(
        "INSERT INTO search_document (id, customer_id, of_contact, name, number, phone, reading, grams)
         SELECT id, customer_id, of_contact, name, number, phone, reading, grams::int[]
         FROM unnest($1::uuid[], $2::uuid[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
              AS d (id, customer_id, of_contact, name, number, phone, reading, grams)
         ON CONFLICT (id) DO UPDATE SET
             name = EXCLUDED.name, number = EXCLUDED.number, phone = EXCLUDED.phone, reading = EXCLUDED.reading,
             grams = EXCLUDED.grams",
    )
    .bind(&columns.ids)
    .bind(&columns.customer_ids)
    .bind(&columns.of_contact)
    .bind(&columns.names)
    .bind(&columns.numbers)
    .bind(&columns.phones)
    .bind(&columns.readings)
    .bind(&columns.grams)
    .execute(connection)
    .await?;
    Ok(())
}

/// What a document is made of.
#[derive(sqlx::FromRow)]
pub struct Named {
    /// The customer's, or a contact's.
    pub id: Uuid,
    pub customer_id: Uuid,
    pub name: String,
    pub number: String,
    pub phone: String,
}

/// Documents behind `after` that are not of the present form, and are nobody's at this moment, locked. Whoever changes a
/// record writes its document last, so that what is read here is no older than what is replaced.
pub async fn documents_of_old(connection: &mut PgConnection, after: Uuid, limit: i64) -> sqlx::Result<Vec<Named>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM search_document WHERE id > $1 AND right(reading, 1) <> chr(2)
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query_as(
        "SELECT id, id AS customer_id, name, number, phone FROM customer WHERE id = ANY($1)
         UNION ALL SELECT id, customer_id, name, '', phone FROM contact WHERE id = ANY($1)
         ORDER BY id",
    )
    .bind(ids)
    .fetch_all(connection)
    .await
}

pub async fn document_delete(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM search_document WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

#[derive(Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    customer_ids: Vec<Uuid>,
    of_contact: Vec<bool>,
    names: Vec<&'a str>,
    numbers: Vec<&'a str>,
    phones: Vec<&'a str>,
    readings: Vec<&'a str>,
    /// Arrays of different lengths don't fit into an array: as text.
    grams: Vec<String>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, document: &'a Document) {
        self.ids.push(document.id);
        self.customer_ids.push(document.customer_id);
        self.of_contact.push(document.of_contact);
        self.names.push(&document.name);
        self.numbers.push(&document.number);
        self.phones.push(&document.phone);
        self.readings.push(&document.reading);
        let grams: Vec<String> = document.grams.iter().map(i32::to_string).collect();
        self.grams.push(format!("{{{}}}", grams.join(",")));
    }
}

/// What a reader sees: customers, and whose contacts of these.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    pub customers: &'a RowPredicate,
    pub contacts: &'a RowPredicate,
}

/// The next hits after a key, best rank first, then newest.
pub async fn hit_list(
    connection: &mut PgConnection,
    query: &Query,
    sight: Sight<'_>,
    reach: Reach,
    after: Option<(Tier, Uuid)>,
    limit: i64,
) -> Result<Vec<Hit>> {
    if let Some(visible) = few_visible(connection, sight.customers, reach.few).await? {
        return hits_among(connection, query, sight, &visible, after, limit).await;
    }
    let limit = usize::try_from(limit).unwrap_or(0);
    let mut hits: Vec<Hit> = Vec::with_capacity(limit);
    let mut newest: Option<Vec<Hit>> = None;
    for tier in Tier::OWN.into_iter().chain([Tier::Contact]) {
        let behind = match after {
            Some((reached, _)) if tier < reached => continue,
            Some((reached, id)) if tier == reached => Some(id),
            _ => None,
        };
        let unseen = tier == Tier::Contact && *sight.contacts == RowPredicate::Nothing;
        if unseen || query.grams(tier).is_empty() {
            continue;
        }
        // One look serves all ranks that begin with the newest customer.
        let mut looked = match (behind, newest.take()) {
            (None, Some(seen)) if tier != Tier::Contact => seen,
            _ => {
                let depth = if *sight.customers == RowPredicate::All { reach.newest } else { reach.newest_scoped };
                hits_newest(connection, query, sight, tier, behind, (depth, limit)).await?
            }
        };
        let here = looked.iter().filter(|hit| hit.tier == tier).count();
        if hits.len() + here >= limit {
            looked.retain(|hit| hit.tier == tier);
            looked.truncate(limit - hits.len());
            hits.append(&mut looked);
            return Ok(hits);
        }
        hits.extend(hits_indexed(connection, query, sight, tier, behind, limit - hits.len()).await?);
        if hits.len() >= limit {
            return Ok(hits);
        }
        if behind.is_none() {
            newest = Some(looked);
        }
    }
    Ok(hits)
}

/// The ids of the customers that the rows can cover, when they are few. Found by their indexes, so that it is quick; the
/// row predicate itself still decides.
pub async fn few_visible(connection: &mut PgConnection, rows: &RowPredicate, few: usize) -> Result<Option<Vec<Uuid>>> {
    let (employee_id, group_ids, shared_with_group) = match rows {
        RowPredicate::Nothing => return Ok(Some(Vec::new())),
        RowPredicate::All => return Ok(None),
        RowPredicate::Scoped { employee_id, group_ids, shared_with_group, .. } => {
            (employee_id, group_ids, shared_with_group)
        }
    };
    let mut ids: Vec<Uuid> = sqlx::query_scalar(
        "(SELECT id FROM customer WHERE owner_id = $1)
         UNION ALL (SELECT record_id FROM customer_share WHERE employee_id = $1 OR group_id = $3)
         UNION ALL (SELECT id FROM customer WHERE group_id = ANY($2) AND owner_id IS DISTINCT FROM $1)
         LIMIT $4",
    )
    .bind(employee_id)
    .bind(&group_ids[..])
    .bind(shared_with_group)
    .bind(few as i64 + 1)
    .fetch_all(connection)
    .await?;
    if ids.len() > few {
        return Ok(None);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

async fn hits_among(
    connection: &mut PgConnection,
    query: &Query,
    sight: Sight<'_>,
    visible: &[Uuid],
    after: Option<(Tier, Uuid)>,
    limit: i64,
) -> Result<Vec<Hit>> {
    if visible.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::new("WITH m AS MATERIALIZED (SELECT d.customer_id, d.id, CASE WHEN d.of_contact THEN ");
    push_contact_tier(&mut sql, query);
    sql.push(" ELSE ");
    push_own_tier(&mut sql, query);
    sql.push(" END AS tier FROM search_document d WHERE d.customer_id = ANY(").push_bind(visible).push("))");
    sql.push(
        " SELECT min(m.tier), m.customer_id, (array_agg(m.id ORDER BY m.tier, m.id))[1]
          FROM m JOIN customer c ON c.id = m.customer_id
          WHERE m.tier IS NOT NULL AND ",
    );
    sight.customers.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(" AND (m.tier <> ").push_bind(Tier::Contact as i32).push(" OR ");
    sight.contacts.push_sql(&mut sql, CUSTOMER_ROWS);
    sql.push(") GROUP BY m.customer_id");
    if let Some((tier, id)) = after {
        sql.push(" HAVING min(m.tier) > ").push_bind(tier as i32);
        sql.push(" OR (min(m.tier) = ").push_bind(tier as i32).push(" AND m.customer_id < ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY 1, m.customer_id DESC LIMIT ").push_bind(limit);
    hits(sql, connection).await
}

/// The best hits among the newest documents: for ranks of customers those of all ranks from this one on.
async fn hits_newest(
    connection: &mut PgConnection,
    query: &Query,
    sight: Sight<'_>,
    tier: Tier,
    behind: Option<Uuid>,
    (depth, limit): (i64, usize),
) -> Result<Vec<Hit>> {
    let mut sql = QueryBuilder::new("WITH m AS (SELECT d.customer_id, d.id, ");
    match tier {
        Tier::Contact => push_contact_tier(&mut sql, query),
        _ => push_own_tier(&mut sql, query),
    }
    sql.push(" AS tier FROM (SELECT * FROM search_document WHERE ");
    sql.push(if tier == Tier::Contact { "of_contact" } else { "NOT of_contact" });
    if let Some(id) = behind {
        sql.push(" AND customer_id < ").push_bind(id);
    }
    sql.push(" ORDER BY customer_id DESC, id LIMIT ").push_bind(depth).push(") d)");
    push_best(&mut sql, query, sight, tier, limit);
    hits(sql, connection).await
}

/// All hits of a rank by the gram index.
async fn hits_indexed(
    connection: &mut PgConnection,
    query: &Query,
    sight: Sight<'_>,
    tier: Tier,
    behind: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Hit>> {
    let sets = query.grams(tier);
    let indexed = sets.iter().all(|grams| !grams.is_empty());
    // Materialised, or the order of the page would tempt the planner to walk all documents from the newest. That is the way
    // only where there is no gram to go by.
    let mut sql = QueryBuilder::new(if indexed { "WITH m AS MATERIALIZED (" } else { "WITH m AS (" });
    sql.push("SELECT d.customer_id, d.id, ").push_bind(tier as i32).push(" AS tier FROM search_document d WHERE ");
    if indexed {
        for (index, grams) in sets.into_iter().enumerate() {
            sql.push(if index > 0 { " OR " } else { "(" }).push("d.grams @> ").push_bind(grams);
        }
        sql.push(") AND ");
    }
    sql.push(if tier == Tier::Contact { "d.of_contact" } else { "NOT d.of_contact" }).push(" AND (");
    match tier {
        Tier::Contact => push_contact_tier(&mut sql, query),
        _ => push_own_tier(&mut sql, query),
    }
    sql.push(") = ").push_bind(tier as i32);
    if let Some(id) = behind {
        sql.push(" AND d.customer_id < ").push_bind(id);
    }
    sql.push(")");
    push_best(&mut sql, query, sight, tier, limit);
    hits(sql, connection).await
}

/// What may be seen of `m`, in rank order; of contacts the first of each customer that is not found by itself. The rows are
/// looked at one by one in that order, for no more than it takes to fill the page.
fn push_best(sql: &mut QueryBuilder<Postgres>, query: &Query, sight: Sight<'_>, tier: Tier, limit: usize) {
    if tier == Tier::Contact {
        sql.push(
            " SELECT b.tier, b.customer_id, b.id
              FROM (SELECT DISTINCT ON (m.customer_id) m.tier, m.customer_id, m.id
                    FROM m WHERE m.tier IS NOT NULL ORDER BY m.customer_id DESC, m.id OFFSET 0) b
              WHERE (SELECT ",
        );
        push_own_tier(sql, query);
        sql.push(" IS NULL FROM search_document d WHERE d.id = b.customer_id)");
    } else {
        sql.push(" SELECT b.tier, b.customer_id, b.id FROM (SELECT * FROM m WHERE m.tier >= ").push_bind(tier as i32);
        sql.push(" ORDER BY m.tier, m.customer_id DESC OFFSET 0) b WHERE TRUE");
    }
    for (rows, counts) in [(sight.customers, true), (sight.contacts, tier == Tier::Contact)] {
        if counts && *rows != RowPredicate::All {
            sql.push(" AND (SELECT ");
            rows.push_sql(sql, CUSTOMER_ROWS);
            sql.push(" FROM customer c WHERE c.id = b.customer_id)");
        }
    }
    sql.push(" LIMIT ").push_bind(limit as i64);
}

/// The rank of a customer's own document `d`, or NULL.
fn push_own_tier(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    let text = query.text.as_str();
    sql.push("CASE WHEN d.name = ").push_bind(text.to_owned());
    sql.push(" THEN 0 WHEN starts_with(d.name, ").push_bind(text.to_owned());
    sql.push(") THEN 1 WHEN strpos(d.name, ").push_bind(text.to_owned());
    sql.push(") > 0 THEN 2 WHEN starts_with(d.number, ").push_bind(text.to_owned());
    sql.push(") THEN 3 WHEN strpos(d.number, ").push_bind(text.to_owned()).push(") > 0");
    push_phones(sql, query);
    sql.push(" THEN 4");
    if !query.readings.is_empty() {
        sql.push(" WHEN ");
        push_reading(sql, query);
        // U+001F divides the readings, U+0002 ends them.
        sql.push(" THEN CASE WHEN string_to_array(rtrim(d.reading, chr(2)), chr(31)) && ");
        sql.push_bind(query.readings.clone()).push(" THEN 5 ELSE 6 END");
    }
    if let Some(company) = &query.company {
        sql.push(" WHEN strpos(d.name, ").push_bind(company.clone()).push(") > 0 THEN 7");
    }
    push_spelling(sql, " WHEN ", query.spellings(Part::Word), " THEN 8");
    sql.push(" END");
}

fn push_spelling(sql: &mut QueryBuilder<Postgres>, before: &str, words: Vec<Vec<i32>>, behind: &str) {
    let some = !words.is_empty();
    for (index, grams) in words.into_iter().enumerate() {
        sql.push(if index == 0 { before } else { " AND " }).push("d.grams && ").push_bind(grams);
    }
    if some {
        sql.push(behind);
    }
}

/// 9 where a contact's document `d` meets the query, or NULL.
fn push_contact_tier(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    sql.push("CASE WHEN strpos(d.name, ").push_bind(query.text.clone()).push(") > 0");
    push_phones(sql, query);
    if !query.readings.is_empty() {
        sql.push(" OR (");
        push_reading(sql, query);
        sql.push(")");
    }
    push_spelling(sql, " OR (", query.spellings(Part::ContactWord), ")");
    sql.push(" THEN 9 END");
}

fn push_phones(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    for phone in &query.phones {
        sql.push(" OR strpos(d.phone, ").push_bind(phone.clone()).push(") > 0");
    }
}

fn push_reading(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    // Letters and digits alone: nothing that LIKE would take for a pattern.
    let patterns: Vec<String> = query.readings.iter().map(|reading| format!("%{reading}%")).collect();
    sql.push("d.reading LIKE ANY(").push_bind(patterns).push(")");
    for run in &query.han {
        sql.push(" AND strpos(d.name, ").push_bind(run.clone()).push(") > 0");
    }
}

async fn hits(mut sql: QueryBuilder<Postgres>, connection: &mut PgConnection) -> Result<Vec<Hit>> {
    // Planned anew each time: the best plan depends on how common the grams are.
    let rows = sql.build().persistent(false).fetch_all(connection).await?;
    let hits = rows.iter().map(|row| {
        let tier: i32 = row.try_get(0)?;
        let customer_id = row.try_get(1)?;
        let tier = Tier::of(tier as i16).ok_or(sqlx::Error::RowNotFound)?;
        let contact_id = if tier == Tier::Contact { Some(row.try_get(2)?) } else { None };
        Ok(Hit { tier, customer_id, contact_id })
    });
    Ok(hits.collect::<sqlx::Result<_>>()?)
}

pub async fn contact_names(connection: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let names = sqlx::query_as("SELECT id, name FROM contact WHERE id = ANY($1)").bind(ids);
    Ok(names.fetch_all(connection).await?.into_iter().collect())
}
