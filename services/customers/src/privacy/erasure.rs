//! Takes out what this service holds on a person, in one transaction. What figures count stays: kind, region down to the
//! city, codes of dictionaries, times, owners; every text, number and file that tells who it is goes. Texts of others that
//! name the person (filters, answers kept for repeated calls) are found by the person's own.

use std::sync::Arc;

use platform::access::Policy;
use platform::audit::erase::{Erasure, erase as trail_erase};
use platform::db::{AuditEntry, Tx};
use platform::error::Result;
use platform::subject::AUDIT_SECTION;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::imports;
use super::rules::{ANONYMOUS, Texts};
use super::subject::Records;
use crate::attachment;
use crate::customer::event;
use crate::customer::row::{COLUMNS, Reader};
use crate::field::Fields;

/// What is to go.
pub struct Going<'a> {
    pub request_id: Uuid,
    pub records: &'a Records,
    pub texts: &'a Texts,
    pub imports: &'a [Uuid],
    /// What stays of the customer's region.
    pub region: &'a str,
}

/// What went.
#[derive(Default)]
pub struct Gone {
    pub sections: Vec<(&'static str, u64)>,
    /// Objects that must go from the store of files too.
    pub object_ids: Vec<Uuid>,
}

/// Values of custom fields that say nothing of who it is: choices of a list, yes and no.
const KEPT_FIELDS: &str =
    "coalesce((SELECT jsonb_object_agg(value.key, value.value) FROM jsonb_each(custom_fields) AS value
    JOIN field AS f ON f.key = value.key AND f.type IN (4, 7, 8) AND f.personal_data = 0), '{}')";

/// The customer is locked.
pub async fn erase(tx: &mut Tx, going: &Going<'_>) -> Result<Gone> {
    let records = going.records;
    let mut gone = Gone::default();
    let mut count = |section, number| gone.sections.push((section, number));
    let mut merged = Vec::new();
    if records.person.contact_id.is_none() {
        count("customer", customer(tx, records.person.customer_id, going.region).await?);
        // Whom the customer has taken over is the same person under other words.
        merged = merged_into(tx.connection(), records.person.customer_id).await?;
        for id in &merged {
            count("merged_customer", customer(tx, *id, going.region).await?);
        }
        let ids: Vec<Uuid> = merged.iter().copied().chain([records.person.customer_id]).collect();
        count("note", notes(tx.connection(), &ids).await?);
        count("relation", delete(tx.connection(), "relation", &records.relations).await?);
        count("import_effect", imports::effects_erase(tx.connection(), records.person.customer_id).await?);
        count("erasure_hold", holds(tx.connection(), records.person.customer_id).await?);
    }
    count("contact", contacts(tx.connection(), &records.contacts).await?);
    count("interaction", interactions(tx.connection(), &records.interactions).await?);
    count("consent", consents(tx.connection(), records).await?);
    count("search_document", documents(tx.connection(), records).await?);
    count("import_file", imports::erase(tx.connection(), going.imports, going.texts).await?);
    let object_ids = attachment::erase(tx, &records.attachments).await?;
    count("attachment", object_ids.len() as u64);
    let archives = requests(tx.connection(), &records.requests, going.request_id).await?;
    count("archive", archives.len() as u64);
    let views = words_of_others(tx, going.texts).await?;
    count("view", views.len() as u64);
    let all: Vec<Uuid> = records.all().into_iter().chain(merged).collect();
    count("kept_answer", answers(tx.connection(), &all, going.texts).await?);
    let erasure = Erasure {
        record_ids: &all.iter().chain(going.imports).chain(&views).copied().collect::<Vec<_>>(),
        texts: &going.texts.quoted(),
        request_id: going.request_id,
        subject_id: records.person.customer_id,
    };
    count(AUDIT_SECTION, trail_erase(tx, &erasure).await?);
    gone.object_ids = object_ids.into_iter().chain(archives).collect();
    Ok(gone)
}

/// An anonymous row, of which others hear as of any change.
async fn customer(tx: &mut Tx, id: Uuid, region: &str) -> Result<u64> {
    let sql = format!(
        "UPDATE customer AS c SET
             number = 'E-' || c.id, name = $2, region = $3, phone = '', phone_digits = '', email = '', website = '',
             addresses = '[]', id_number = '', legal_representative = '', bank_name = '', bank_account = '', gender = 0,
             birthday = NULL, remark = '', custom_fields = {KEPT_FIELDS}, owner_cause = owner_cause - 'note',
             erase_time = now(), update_time = now(), update_user_id = NULL, revision = c.revision + 1
         WHERE c.id = $1 RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(ANONYMOUS).bind(region).fetch_one(tx.connection()).await?;
    sqlx::query("DELETE FROM customer_unique_value WHERE customer_id = $1").bind(id).execute(tx.connection()).await?;
    sqlx::query("UPDATE ownership SET cause = cause - 'note' WHERE customer_id = $1")
        .bind(id)
        .execute(tx.connection())
        .await?;
    // Events hold no names and no custom fields.
    let fields = Fields::default();
    let reader = Reader::clear(Arc::new(Policy::default()), &fields);
    event::emit(tx, id, &reader.customer(&row)?);
    Ok(1)
}

/// All that a customer has taken over, and that those had before.
async fn merged_into(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>> {
    let merged = sqlx::query_scalar(
        "WITH RECURSIVE merged AS (
             SELECT id FROM customer WHERE merged_into_id = $1
             UNION SELECT c.id FROM customer c JOIN merged m ON c.merged_into_id = m.id
         ) SELECT id FROM merged ORDER BY id",
    );
    Ok(merged.bind(id).fetch_all(connection).await?)
}

/// Reasons and notes on tags, grades, points and the life cycle, values of before, and what customers were compared by.
async fn notes(connection: &mut PgConnection, customer_ids: &[Uuid]) -> Result<u64> {
    let mut count = 0;
    for statement in [
        "UPDATE customer_tag SET reason = '' WHERE customer_id = ANY($1) AND reason <> ''",
        "UPDATE grade_override SET reason = '' WHERE customer_id = ANY($1) AND reason <> ''",
        "UPDATE grade_change SET reason = '' WHERE customer_id = ANY($1) AND reason <> ''",
        "UPDATE stage_change SET reason = '' WHERE customer_id = ANY($1) AND reason <> ''",
        "UPDATE point_entry SET reason = '' WHERE customer_id = ANY($1) AND reason <> ''",
        "UPDATE churn_step SET note = '' WHERE note <> ''
             AND case_id IN (SELECT id FROM churn_case WHERE customer_id = ANY($1))",
        "UPDATE churn_case SET cause = '', measures = '', note = '' WHERE customer_id = ANY($1)",
        "DELETE FROM bulk_change_item WHERE customer_id = ANY($1)",
        "DELETE FROM customer_merge WHERE survivor_id = ANY($1)",
        "DELETE FROM duplicate_subject WHERE customer_id = ANY($1)",
        "DELETE FROM duplicate_pair WHERE one_id = ANY($1) OR other_id = ANY($1)",
        "DELETE FROM search_document WHERE customer_id = ANY($1) AND NOT of_contact",
    ] {
        count += sqlx::query(statement).bind(customer_ids).execute(&mut *connection).await?.rows_affected();
    }
    Ok(count)
}

async fn contacts(connection: &mut PgConnection, ids: &[Uuid]) -> Result<u64> {
    let sql = format!(
        "UPDATE contact SET
             name = $2, post = '', phone = '', email = '', wechat = '', hobby = '', birthday = NULL, remark = '',
             is_primary = false, invalid = true, custom_fields = {KEPT_FIELDS}, erase_time = now(), update_time = now(),
             revision = revision + 1
         WHERE id = ANY($1)"
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(ids).bind(ANONYMOUS).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM customer_unique_value WHERE customer_id = ANY($1)").bind(ids).execute(connection).await?;
    Ok(done.rows_affected())
}

/// That they took place stays, by kind, time and employee.
async fn interactions(connection: &mut PgConnection, ids: &[Uuid]) -> Result<u64> {
    let sql = format!(
        "UPDATE interaction SET
             subject = $2, content = '', next_step = '', place = '', latitude = NULL, longitude = NULL,
             accuracy_meters = NULL, cancel_reason = '', custom_fields = {KEPT_FIELDS}, update_time = now(),
             revision = revision + 1
         WHERE id = ANY($1)"
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(ids).bind(ANONYMOUS).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM customer_unique_value WHERE customer_id = ANY($1)").bind(ids).execute(connection).await?;
    Ok(done.rows_affected())
}

/// That it was given or withdrawn stays, without what names the person.
async fn consents(connection: &mut PgConnection, records: &Records) -> Result<u64> {
    let consents = sqlx::query("UPDATE consent SET text_version = '', reference = '' WHERE id = ANY($1)")
        .bind(&records.consents)
        .execute(&mut *connection)
        .await?;
    let bans = sqlx::query("UPDATE contact_ban SET reason = '' WHERE id = ANY($1)")
        .bind(&records.bans)
        .execute(connection)
        .await?;
    Ok(consents.rows_affected() + bans.rows_affected())
}

async fn holds(connection: &mut PgConnection, customer_id: Uuid) -> Result<u64> {
    let holds = sqlx::query("UPDATE erasure_hold SET reason = '' WHERE customer_id = $1").bind(customer_id);
    Ok(holds.execute(connection).await?.rows_affected())
}

async fn documents(connection: &mut PgConnection, records: &Records) -> Result<u64> {
    delete(connection, "search_document", &records.heads()).await
}

async fn delete(connection: &mut PgConnection, table: &'static str, ids: &[Uuid]) -> Result<u64> {
    let sql = format!("DELETE FROM {table} WHERE id = ANY($1)");
    Ok(sqlx::query(AssertSqlSafe(sql)).bind(ids).execute(connection).await?.rows_affected())
}

/// What was said of why, and archives; one that is being made is given up.
async fn requests(connection: &mut PgConnection, ids: &[Uuid], but: Uuid) -> Result<Vec<Uuid>> {
    let archives = sqlx::query_scalar(
        "WITH archive AS (SELECT id, object_id FROM privacy_request WHERE id = ANY($1) FOR UPDATE)
         UPDATE privacy_request AS r SET
             reason = '', decide_reason = '', object_id = NULL,
             state = CASE WHEN r.kind = 1 AND r.state IN (3, 4) THEN 5 ELSE r.state END,
             end_time = coalesce(r.end_time, CASE WHEN r.id <> $2 AND r.state = 3 THEN now() END)
         FROM archive WHERE r.id = archive.id
         RETURNING archive.object_id",
    );
    let archives: Vec<Option<Uuid>> = archives.bind(ids).bind(but).fetch_all(connection).await?;
    Ok(archives.into_iter().flatten().collect())
}

/// Filters that somebody kept, and notes; the views that went.
async fn words_of_others(tx: &mut Tx, texts: &Texts) -> Result<Vec<Uuid>> {
    let quoted = texts.quoted();
    let views: Vec<Uuid> = sqlx::query_scalar(
        "DELETE FROM view AS v WHERE EXISTS (
             SELECT FROM unnest($1::text[]) AS text WHERE position(text IN v.filter) > 0)
         RETURNING id",
    )
    .bind(&quoted)
    .fetch_all(tx.connection())
    .await?;
    for id in &views {
        tx.audit(AuditEntry {
            action: "view.deleted",
            record_kind: "view",
            record_id: *id,
            subject_id: *id,
            changes: Vec::new(),
        });
    }
    sqlx::query(
        "UPDATE handover AS h SET filter = '', note = '' WHERE state NOT IN (1, 3) AND EXISTS (
             SELECT FROM unnest($1::text[]) AS text WHERE position(text IN h.filter || h.note) > 0)",
    )
    .bind(&quoted)
    .execute(tx.connection())
    .await?;
    sqlx::query(
        "UPDATE bulk_change AS b SET filter = '' WHERE state NOT IN (1, 3) AND EXISTS (
             SELECT FROM unnest($1::text[]) AS text WHERE position(text IN b.filter) > 0)",
    )
    .bind(&quoted)
    .execute(tx.connection())
    .await?;
    Ok(views)
}

/// Answers that are kept for repeated calls, by the ids and texts that they hold.
async fn answers(connection: &mut PgConnection, ids: &[Uuid], texts: &Texts) -> Result<u64> {
    let needles: Vec<String> = ids.iter().map(Uuid::to_string).chain(texts.all()).collect();
    let answers = sqlx::query(
        "DELETE FROM idempotency AS kept WHERE EXISTS (
             SELECT FROM unnest($1::text[]) AS needle
             WHERE position(convert_to(needle, 'UTF8') IN kept.response) > 0)",
    );
    Ok(answers.bind(needles).execute(connection).await?.rows_affected())
}
