//! A transaction in which state, events, audit entries and the answer to a repeated call stand or fall together.

use chrono::{DateTime, Utc};
use prost::{Message, Name};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use super::{Connection, Db, Transaction};
use crate::access::{Call, Caller};
use crate::audit::{self, ActorKind, Fields, Said, Salt};
use crate::error::{Error, Result, reason};
use crate::jobs::{self, Enqueued, NewJob};

/// The setting that `note_author` of the schema reads.
const AUTHOR: &str = "changke.author";

/// What a call with an idempotency key finds.
#[expect(clippy::large_enum_variant, reason = "it is matched where it is made")]
pub enum Once<R> {
    /// The call was made before; this was the answer.
    Done(R),
    New(Tx),
}

/// Before and after of one field, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct FieldChange {
    pub field: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
}

impl FieldChange {
    /// Of a field that had no value before.
    pub fn set(field: &str, after: impl Into<String>) -> Self {
        Self { field: field.to_owned(), before: String::new(), after: after.into() }
    }

    /// Of each field that differs; both sides name the same ones in the same order.
    pub fn between<const N: usize>(before: [(&str, String); N], after: [(&str, String); N]) -> Vec<Self> {
        let pairs = before.into_iter().zip(after).filter(|((_, before), (_, after))| before != after);
        pairs.map(|((field, before), (_, after))| Self { field: field.to_owned(), before, after }).collect()
    }
}

/// What was done to a record.
#[derive(Debug)]
pub struct AuditEntry {
    /// Noun and participle, such as `customer.assigned`.
    pub action: &'static str,
    pub record_kind: &'static str,
    pub record_id: Uuid,
    /// The record whose timeline shows the entry.
    pub subject_id: Uuid,
    pub changes: Vec<FieldChange>,
}

#[derive(Default)]
struct Events {
    ids: Vec<Uuid>,
    aggregates: Vec<&'static str>,
    aggregate_ids: Vec<Uuid>,
    types: Vec<String>,
    payloads: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Audit {
    ids: Vec<Uuid>,
    actions: Vec<&'static str>,
    record_kinds: Vec<&'static str>,
    record_ids: Vec<Uuid>,
    subject_ids: Vec<Uuid>,
    changes: Vec<serde_json::Value>,
}

pub struct Tx {
    inner: Transaction,
    events: Events,
    audit: Audit,
    /// Events are in the outbox already.
    emitted: bool,
    /// Audit entries that are in the table already.
    audited: Vec<Uuid>,
    jobs: bool,
    actor: Option<Caller>,
    db: Db,
}

impl Db {
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_on(self.pool.acquire().await?, None).await
    }

    /// Begins the effect of a call that does not repeat itself.
    pub async fn begin_for(&self, caller: &Caller) -> Result<Tx> {
        self.begin_on(self.pool.acquire().await?, Some(caller)).await
    }

    async fn begin_on(&self, connection: Connection, caller: Option<&Caller>) -> Result<Tx> {
        let inner = match caller.and_then(Caller::employee_id) {
            Some(id) => connection.begin(AssertSqlSafe(format!("BEGIN; SET LOCAL {AUTHOR} = '{id}'"))).await?,
            None => connection.begin("BEGIN").await?,
        };
        Ok(Tx {
            inner,
            events: Events::default(),
            audit: Audit::default(),
            emitted: false,
            audited: Vec::new(),
            jobs: false,
            actor: None,
            db: self.clone(),
        })
    }

    /// Begins the effect of a call, or finds the answer that the same call got before.
    pub async fn begin_once<R: Message + Default>(&self, call: &Call) -> Result<Once<R>> {
        let mut connection = self.pool.acquire().await?;
        if call.idempotency_key.is_some()
            && let Some(response) = replay(&mut connection, call).await?
        {
            connection.release();
            return Ok(Once::Done(response));
        }
        Ok(Once::New(self.begin_on(connection, Some(&call.caller)).await?))
    }
}

async fn replay<R: Message + Default>(connection: &mut PgConnection, call: &Call) -> Result<Option<R>> {
    let saved: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT request_digest, response FROM idempotency WHERE caller_id = $1 AND method = $2 AND key = $3",
    )
    .bind(call.caller_id())
    .bind(call.method)
    .bind(call.idempotency_key.as_deref())
    .fetch_optional(connection)
    .await?;
    let Some((digest, response)) = saved else { return Ok(None) };
    if digest != call.request_digest {
        return Err(Error::failed_precondition(&reason::IDEMPOTENCY_KEY_REUSED));
    }
    Ok(Some(R::decode(response.as_slice()).map_err(Error::internal)?))
}

impl Tx {
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Puts an event into the outbox. Events of one aggregate reach consumers in the order of commits, provided that the
    /// transaction holds the aggregate's row.
    pub fn emit<E: Message + Name>(&mut self, aggregate: &'static str, aggregate_id: Uuid, event: &E) {
        self.events.ids.push(Uuid::now_v7());
        self.events.aggregates.push(aggregate);
        self.events.aggregate_ids.push(aggregate_id);
        self.events.types.push(E::full_name());
        self.events.payloads.push(event.encode_to_vec());
    }

    /// Leaves a job to the worker, which is woken by the commit.
    pub async fn enqueue(&mut self, job: NewJob) -> Result<Enqueued> {
        self.jobs = true;
        jobs::enqueue(&mut self.inner, job).await
    }

    /// Lets a dead job run again; answers its kind.
    pub(crate) async fn revive(&mut self, job: Uuid) -> Result<String> {
        self.jobs = true;
        jobs::revive(&mut self.inner, job).await
    }

    pub fn audit(&mut self, entry: AuditEntry) {
        self.audit.ids.push(Uuid::now_v7());
        self.audit.actions.push(entry.action);
        self.audit.record_kinds.push(entry.record_kind);
        self.audit.record_ids.push(entry.record_id);
        self.audit.subject_ids.push(entry.subject_id);
        // Strings and lists of strings always become JSON.
        self.audit.changes.push(serde_json::to_value(entry.changes).unwrap_or_default());
    }

    /// Names who stands behind the work of a background task, or behind a call that nobody is signed in for yet, for the
    /// audit trail and as the author of records.
    pub async fn act_for(&mut self, caller: &Caller) -> Result<()> {
        self.actor = Some(caller.clone());
        let id = caller.employee_id().map(|id| id.to_string()).unwrap_or_default();
        let set = sqlx::query("SELECT set_config($1, $2, true)").bind(AUTHOR).bind(id);
        set.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Writes the events and audit entries of a background task so far, for one that has to wait before it commits.
    pub async fn write_out(&mut self) -> Result<()> {
        self.flush(None, None).await?;
        Ok(())
    }

    /// Commits the work of a background task.
    pub async fn commit(mut self) -> Result<()> {
        self.flush(None, None).await?;
        self.finish().await
    }

    /// Commits the effect of a call and keeps its answer under the call's idempotency key.
    pub async fn commit_call<R: Message + Default>(mut self, call: &Call, response: R) -> Result<R> {
        let kept = call.idempotency_key.as_deref().map(|key| Kept { key, answer: response.encode_to_vec() });
        if self.flush(Some(call), kept).await? == Turn::Lost {
            // The same call ran at the same time and won: undo ours and give its answer.
            self.inner.rollback().await?;
            let mut connection = self.db.pool.acquire().await?;
            return replay(&mut connection, call).await?.ok_or_else(Error::stale_etag);
        }
        self.finish().await?;
        Ok(response)
    }

    async fn finish(self) -> Result<()> {
        let Self { inner, emitted, audited, jobs, db, .. } = self;
        inner.commit().await?;
        if emitted {
            db.committed.notify_one();
        }
        if !audited.is_empty() {
            db.written.add(audited);
            db.audited.notify_one();
        }
        if jobs {
            db.enqueued.notify_one();
        }
        Ok(())
    }

    /// One round trip for events, audit entries and the answer to keep.
    async fn flush(&mut self, call: Option<&Call>, kept: Option<Kept<'_>>) -> Result<Turn> {
        let (events, audit) = (std::mem::take(&mut self.events), std::mem::take(&mut self.audit));
        self.emitted |= !events.ids.is_empty();
        self.audited.extend(&audit.ids);
        let actor = self.actor.as_ref().or(call.map(|call| &call.caller));
        if events.ids.is_empty() && audit.ids.is_empty() && kept.is_none() {
            return Ok(Turn::Won);
        }
        let (key, answer) = kept.map_or((None, None), |kept| (Some(kept.key), Some(kept.answer)));
        let trace = Trace::of(actor, call);
        let sealed = self.seals(&audit, &trace);
        let written = sqlx::query(
            "WITH events AS (
                 INSERT INTO outbox (id, aggregate, aggregate_id, type, payload, traceparent)
                 SELECT e.*, $6 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bytea[]) AS e
             ), audit AS (
                 INSERT INTO audit_entry
                     (id, action, record_kind, record_id, subject_id, changes,
                      salt, commitment, actor_id, actor_name, session_id, address, request_id, actor_kind, time)
                 SELECT a.*, $13, $14, $15, $16, $17, $23, $24
                 FROM unnest($7::uuid[], $8::text[], $9::text[], $10::uuid[], $11::uuid[], $12::jsonb[], $27::bytea[],
                             $28::bytea[]) AS a
             ), chained AS (
                 INSERT INTO audit_pending (entry_id, leaf, mac)
                 SELECT * FROM unnest($7::uuid[], $25::bytea[], $26::bytea[])
             )
             INSERT INTO idempotency (caller_id, method, key, request_digest, response)
             SELECT $18, $19, $20, $21, $22 WHERE $20::text IS NOT NULL
             ON CONFLICT DO NOTHING",
        )
        .bind(&events.ids)
        .bind(&events.aggregates)
        .bind(&events.aggregate_ids)
        .bind(&events.types)
        .bind(&events.payloads)
        .bind(crate::telemetry::current_traceparent())
        .bind(&audit.ids)
        .bind(&audit.actions)
        .bind(&audit.record_kinds)
        .bind(&audit.record_ids)
        .bind(&audit.subject_ids)
        .bind(&audit.changes)
        .bind(trace.actor_id)
        .bind(trace.actor_name)
        .bind(trace.session_id)
        .bind(trace.address)
        .bind(trace.request_id)
        .bind(call.map(Call::caller_id))
        .bind(call.map(|call| call.method))
        .bind(key)
        .bind(call.map(|call| &call.request_digest))
        .bind(answer)
        .bind(trace.actor_kind as i16)
        .bind(trace.time)
        .bind(&sealed.leaves)
        .bind(&sealed.macs)
        .bind(&sealed.salts)
        .bind(&sealed.commitments)
        .execute(&mut *self.inner)
        .await?;
        Ok(if key.is_some() && written.rows_affected() == 0 { Turn::Lost } else { Turn::Won })
    }

    /// The service whose database it is in.
    pub(crate) fn service(&self) -> &'static str {
        self.db.service
    }

    /// What the chain needs of each entry: what stands for its values, its digest, and the proof that it comes from here.
    fn seals(&self, audit: &Audit, trace: &Trace<'_>) -> Seals {
        let salts: Vec<Salt> = audit.ids.iter().map(|_| rand::random()).collect();
        let said = salts.iter().zip(&audit.changes);
        let commitments: Vec<[u8; 32]> = said.map(|(salt, changes)| audit::commitment(salt, changes)).collect();
        let leaf = |index: usize| {
            audit::leaf(&Fields {
                service: self.db.service,
                id: audit.ids[index],
                time: trace.time,
                actor_kind: trace.actor_kind as i16,
                actor_id: trace.actor_id,
                actor_name: trace.actor_name,
                session_id: trace.session_id,
                address: trace.address,
                request_id: trace.request_id,
                action: audit.actions[index],
                record_kind: audit.record_kinds[index],
                record_id: audit.record_ids[index],
                subject_id: audit.subject_ids[index],
                said: Said::Committed(&commitments[index]),
            })
        };
        let leaves: Vec<[u8; 32]> = (0..audit.ids.len()).map(leaf).collect();
        let macs = audit.ids.iter().zip(&leaves).map(|(id, leaf)| self.db.audit_key.entry(*id, leaf)).collect();
        Seals { salts, leaves, macs, commitments }
    }
}

/// One of each for every entry.
struct Seals {
    salts: Vec<Salt>,
    commitments: Vec<[u8; 32]>,
    leaves: Vec<[u8; 32]>,
    macs: Vec<[u8; 32]>,
}

/// Who acts, from where and when.
struct Trace<'a> {
    time: DateTime<Utc>,
    actor_kind: ActorKind,
    actor_id: Option<Uuid>,
    actor_name: &'a str,
    session_id: Option<Uuid>,
    address: &'a str,
    request_id: &'a str,
}

impl<'a> Trace<'a> {
    fn of(actor: Option<&'a Caller>, call: Option<&'a Call>) -> Self {
        let now = Utc::now();
        Self {
            // As the table keeps it: the digest is of what can be read again.
            time: DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now),
            actor_kind: actor.map_or(ActorKind::System, Caller::actor_kind),
            actor_id: actor.and_then(Caller::employee_id),
            actor_name: actor.map(Caller::display_name).unwrap_or_default(),
            session_id: actor.and_then(Caller::session_id),
            address: call.map(|call| call.address.as_str()).unwrap_or_default(),
            request_id: call.map(|call| call.request_id.as_str()).unwrap_or_default(),
        }
    }
}

/// The answer to a call, to be kept under its idempotency key.
struct Kept<'a> {
    key: &'a str,
    answer: Vec<u8>,
}

/// Whether this was the first of equal calls.
#[derive(PartialEq, Eq)]
enum Turn {
    Won,
    Lost,
}

/// An author's id as it stands in contracts; empty for the system itself.
pub fn author(row: &PgRow, index: usize) -> sqlx::Result<String> {
    Ok(row.try_get::<Option<Uuid>, _>(index)?.map(|id| id.to_string()).unwrap_or_default())
}

/// The time as it stands in contracts.
pub fn timestamp(time: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.timestamp(), nanos: time.timestamp_subsec_nanos() as i32 }
}
