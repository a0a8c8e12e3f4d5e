//! Feeds the star schema: customer events become rows of the slowly changing dimension, a batch at a time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::customers::{CustomerChanged, CustomerShareChanged};
use platform::access::Call;
use platform::db::{AuditEntry, Db, Tx};
use platform::error::{Error, Result};
use platform::events::{self, Envelope, Handler, Monitor};
use prost::Message;
use tracing::Instrument;
use uuid::Uuid;

use crate::composition::store;
use crate::error;

/// Name of the durable consumer; must never change.
pub const CONSUMER: &str = "star_schema";

/// Applies events. Each takes effect once: the inbox sees to that, and revisions guard the dimension besides.
pub struct StarSchema;

#[async_trait]
impl Handler for StarSchema {
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        self.handle_batch(tx, &[event]).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[&Envelope]) -> Result<()> {
        let mut changes = Vec::new();
        for event in events {
            if event.is::<CustomerChanged>() {
                changes.push(Change::read(&decode(event)?)?);
            } else if event.is::<CustomerShareChanged>() {
                share(tx, &decode(event)?).instrument(events::span(event)).await?;
            }
        }
        let span = events.first().map_or_else(tracing::Span::none, |event| events::span(event));
        async {
            for round in rounds(changes) {
                dimension_apply(tx, &round).await?;
            }
            let times = || events.iter().map(|event| event.time);
            store::feed_advance(tx.connection(), times().next(), times().max()).await
        }
        .instrument(span)
        .await
    }
}

fn decode<E: Message + prost::Name + Default>(event: &Envelope) -> Result<E> {
    event.decode::<E>().map_err(Error::internal)
}

#[derive(Debug, Clone, PartialEq)]
struct Change {
    customer_id: Uuid,
    revision: i64,
    kind: i16,
    texts: [String; 6],
    state: i16,
    owner_id: Option<Uuid>,
    group_id: Option<Uuid>,
    create_time: DateTime<Utc>,
    change_time: DateTime<Utc>,
}

impl Change {
    fn read(event: &CustomerChanged) -> Result<Self> {
        let time = |time: Option<prost_types::Timestamp>| {
            let time = time.and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos.unsigned_abs()));
            time.ok_or_else(|| Error::internal(anyhow::anyhow!("an event without its times")))
        };
        Ok(Self {
            customer_id: event.id.parse().map_err(Error::internal)?,
            revision: event.revision,
            kind: i16::try_from(event.kind).unwrap_or_default(),
            texts: [&event.region, &event.industry, &event.source, &event.level, &event.grade, &event.status]
                .map(Clone::clone),
            state: i16::try_from(event.state).unwrap_or_default(),
            owner_id: event.owner_id.parse().ok(),
            group_id: event.group_id.parse().ok(),
            create_time: time(event.create_time)?,
            change_time: time(event.change_time)?,
        })
    }
}

/// Splits changes so that no round holds two of one customer, in their order.
fn rounds(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let mut rounds: Vec<Vec<Change>> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for change in changes {
        let round = seen.entry(change.customer_id).or_insert(0_usize);
        if rounds.len() == *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(change);
        *round += 1;
    }
    rounds
}

/// Closes rows whose customer has changed in what is counted by, and opens the new ones. An older revision than the one
/// that is known changes nothing.
async fn dimension_apply(tx: &mut Tx, changes: &[Change]) -> Result<()> {
    let ids: Vec<Uuid> = changes.iter().map(|change| change.customer_id).collect();
    let revisions: Vec<i64> = changes.iter().map(|change| change.revision).collect();
    let kinds: Vec<i16> = changes.iter().map(|change| change.kind).collect();
    let texts: [Vec<&str>; 6] =
        std::array::from_fn(|index| changes.iter().map(|change| change.texts[index].as_str()).collect());
    let states: Vec<i16> = changes.iter().map(|change| change.state).collect();
    let owners: Vec<Option<Uuid>> = changes.iter().map(|change| change.owner_id).collect();
    let groups: Vec<Option<Uuid>> = changes.iter().map(|change| change.group_id).collect();
    let created: Vec<DateTime<Utc>> = changes.iter().map(|change| change.create_time).collect();
    let changed: Vec<DateTime<Utc>> = changes.iter().map(|change| change.change_time).collect();
    for statement in [CLOSE, OPEN] {
        let mut query = sqlx::query(statement).bind(&ids).bind(&revisions).bind(&kinds);
        for text in &texts {
            query = query.bind(text);
        }
        query.bind(&states).bind(&owners).bind(&groups).bind(&created).bind(&changed).execute(tx.connection()).await?;
    }
    Ok(())
}

/// A current row stays, with the newer revision, where nothing that is counted by has changed.
const CLOSE: &str = "
    WITH change AS (
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::text[], $10::smallint[], $11::uuid[], $12::uuid[], $13::timestamptz[], $14::timestamptz[])
            AS c (customer_id, revision, kind, region, industry, source, level, grade, status, state, owner_id, group_id,
                  create_time, change_time)
    )
    UPDATE dim_customer d SET
        revision = c.revision,
        valid_to = CASE
            WHEN (d.kind, d.region, d.industry, d.source, d.level, d.grade, d.status, d.state, d.owner_id, d.group_id)
                IS DISTINCT FROM
                (c.kind, c.region, c.industry, c.source, c.level, c.grade, c.status, c.state, c.owner_id, c.group_id)
            THEN greatest(c.change_time, d.valid_from)
        END
    FROM change c
    WHERE d.customer_id = c.customer_id AND d.valid_to IS NULL AND d.revision < c.revision";

const OPEN: &str = "
    WITH change AS (
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::text[], $10::smallint[], $11::uuid[], $12::uuid[], $13::timestamptz[], $14::timestamptz[])
            AS c (customer_id, revision, kind, region, industry, source, level, grade, status, state, owner_id, group_id,
                  create_time, change_time)
    )
    INSERT INTO dim_customer
        (customer_id, revision, kind, region, industry, source, level, grade, status, state, owner_id, group_id,
         create_time, valid_from)
    SELECT customer_id, revision, kind, region, industry, source, level, grade, status, state, owner_id, group_id,
        create_time, change_time
    FROM change c
    WHERE NOT EXISTS (SELECT FROM dim_customer d WHERE d.customer_id = c.customer_id AND d.revision > c.revision)
    ON CONFLICT (customer_id) WHERE valid_to IS NULL DO NOTHING";

async fn share(tx: &mut Tx, event: &CustomerShareChanged) -> Result<()> {
    let id: Uuid = event.id.parse().map_err(Error::internal)?;
    if event.deleted {
        sqlx::query("DELETE FROM customer_share WHERE id = $1").bind(id).execute(tx.connection()).await?;
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO customer_share (id, record_id, employee_id, group_id, expire_time) VALUES ($1, $2, $3, $4, $5)
         -- A share goes over to another customer when the two are merged.
         ON CONFLICT (id) DO UPDATE SET record_id = excluded.record_id, expire_time = excluded.expire_time",
    )
    .bind(id)
    .bind(event.customer_id.parse::<Uuid>().map_err(Error::internal)?)
    .bind(event.employee_id.parse::<Uuid>().ok())
    .bind(event.group_id.parse::<Uuid>().ok())
    .bind(event.expire_time.and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos.unsigned_abs())))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// How far the feed has come, and the way to start it over.
pub struct Feeding {
    pub db: Db,
    pub monitor: Monitor,
}

impl Feeding {
    /// Events that are on the stream and not yet counted in; -1 while the stream can't be asked.
    pub async fn pending(&self) -> i64 {
        match self.monitor.pending().await {
            Ok(pending) => i64::try_from(pending).unwrap_or(i64::MAX),
            Err(error) => {
                tracing::warn!("pending events: {error:#}");
                -1
            }
        }
    }

    /// Empties the star schema and feeds it from the first event again: all or nothing, and only while the stream still has
    /// that event.
    pub async fn rebuild(&self, call: &Call) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let feed = store::feed_lock(tx.connection()).await?;
        if feed.rebuilding && self.pending().await != 0 {
            return Err(Error::failed_precondition(&error::REBUILD_UNDER_WAY));
        }
        let first = self.monitor.first_event_time().await.map_err(Error::unavailable)?;
        if feed.first_event_time.is_some_and(|known| first.is_none_or(|first| first > known)) {
            return Err(Error::failed_precondition(&error::EVENTS_LOST));
        }
        store::star_schema_clear(tx.connection()).await?;
        self.monitor.reset(&mut tx).await?;
        tx.audit(AuditEntry {
            action: "star_schema.rebuilt",
            record_kind: "star_schema",
            record_id: Uuid::nil(),
            subject_id: Uuid::nil(),
            changes: Vec::new(),
        });
        tx.commit_call(call, ()).await
    }

    /// Where the feed stands; a rebuild is over once nothing is pending.
    pub async fn state(&self) -> Result<(store::FeedRow, i64)> {
        let pending = self.pending().await;
        let mut connection = self.db.pool().acquire().await?;
        let mut feed = store::feed_get(&mut connection).await?;
        if feed.rebuilding && pending == 0 {
            store::rebuild_finish(&mut connection).await?;
            feed.rebuilding = false;
        }
        Ok((feed, pending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(customer: u128, revision: i64) -> Change {
        Change {
            customer_id: Uuid::from_u128(customer),
            revision,
            kind: 1,
            texts: Default::default(),
            state: 1,
            owner_id: None,
            group_id: None,
            create_time: DateTime::UNIX_EPOCH,
            change_time: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_round_holds_a_customer_once_and_order_is_kept() {
        let rounds = rounds(vec![change(1, 1), change(2, 1), change(1, 2), change(1, 3), change(2, 2)]);
        let seen: Vec<Vec<(u128, i64)>> = rounds
            .iter()
            .map(|round| round.iter().map(|change| (change.customer_id.as_u128(), change.revision)).collect())
            .collect();
        assert_eq!(seen, [vec![(1, 1), (2, 1)], vec![(1, 2), (2, 2)], vec![(1, 3)]]);
    }
}
