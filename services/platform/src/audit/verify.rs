//! Goes through the chain from its start and compares it with the entries, with the seal of its ends and with the
//! checkpoints that were told. One fault hides no other: each link is checked against what the one before it says.

use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::chainer::{FLAW_MAC, FLAW_NONE};
use super::checkpoint::{Checkpoint, hex};
use super::encoding::Hash;
use super::seal::{Ends, link};
use super::store::{self, BATCH, ENTRY_COLUMNS, Entry};
use crate::db::Db;

/// Findings of one kind that are listed; as many are found as there are.
const LISTED: i64 = 1_000;

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The entry at this place is gone.
    Removed { sequence: i64, entry_id: Uuid },
    /// The places from the first to the last are gone.
    Gap { first: i64, last: i64 },
    /// The entry at this place is not as it was written, or it is not the one that belongs there.
    Altered { sequence: i64, entry_id: Uuid },
    /// An entry that no transaction of the service has written.
    Inserted { entry_id: Uuid },
    /// The entry stands at more than one place.
    Repeated { entry_id: Uuid },
    /// The entry at this place did not come from the service when it was taken in.
    Forged { sequence: i64, entry_id: Uuid },
    /// Before this place the chain did not end as it had been left.
    SealBroken { sequence: i64 },
    /// The chain ends otherwise than its seal says.
    EndUnsealed,
    /// The chain has no beginning and end at all.
    NoChain,
    /// The chain ends before the place that a checkpoint told of.
    Cut { sequence: i64, told: DateTime<Utc> },
    /// At this place a checkpoint told another digest: the chain up to there was written anew.
    Rewritten { sequence: i64, told: DateTime<Utc> },
    /// An entry was removed before it had a place; the entry at this place tells of it.
    RemovedBefore { sequence: i64, entry_id: Uuid },
    /// The values of the entry at this place were erased, and no later entry tells of it.
    Blanked { sequence: i64, entry_id: Uuid },
    /// An entry has been waiting for its place for more than a minute.
    Unchained { entry_id: Uuid, since: DateTime<Utc> },
}

impl Finding {
    /// The place it stands at, if it stands at one.
    pub fn sequence(&self) -> Option<i64> {
        match self {
            Self::Removed { sequence, .. }
            | Self::Altered { sequence, .. }
            | Self::Forged { sequence, .. }
            | Self::SealBroken { sequence }
            | Self::RemovedBefore { sequence, .. }
            | Self::Blanked { sequence, .. }
            | Self::Cut { sequence, .. }
            | Self::Rewritten { sequence, .. } => Some(*sequence),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { sequence, entry_id } => write!(out, "{sequence}: entry {entry_id} was removed"),
            Self::Gap { first, last } => write!(out, "{first}: the chain lacks the places {first} to {last}"),
            Self::Altered { sequence, entry_id } => {
                write!(out, "{sequence}: entry {entry_id} was altered, or moved to this place")
            }
            Self::Inserted { entry_id } => write!(out, "entry {entry_id} was put in from outside"),
            Self::Repeated { entry_id } => write!(out, "entry {entry_id} was put in a second time"),
            Self::Forged { sequence, entry_id } => {
                write!(out, "{sequence}: entry {entry_id} was not written by the service")
            }
            Self::SealBroken { sequence } => {
                write!(out, "{sequence}: before this place the chain was changed, or database.role_secret was")
            }
            Self::EndUnsealed => {
                write!(out, "the end of the chain was changed, or database.role_secret was since the last entry")
            }
            Self::NoChain => write!(out, "the chain's beginning and end were removed"),
            Self::Cut { sequence, told } => {
                write!(out, "{sequence}: the chain was cut off before this place, which it had reached at {told}")
            }
            Self::Rewritten { sequence, told } => {
                write!(out, "{sequence}: the chain up to this place is not what it was at {told}")
            }
            Self::RemovedBefore { sequence, entry_id } => {
                write!(out, "{sequence}: entry {entry_id} was removed before it was chained")
            }
            Self::Blanked { sequence, entry_id } => {
                write!(out, "{sequence}: the values of entry {entry_id} were taken out, and the trail does not say why")
            }
            Self::Unchained { entry_id, since } => write!(out, "entry {entry_id} has had no place since {since}"),
        }
    }
}

#[derive(Debug, Default)]
pub struct Report {
    /// Entries that were looked at.
    pub entries: u64,
    /// The last place.
    pub sequence: i64,
    pub findings: Vec<Finding>,
}

/// Checks the whole chain, in one snapshot; `checkpoints` oldest first.
pub async fn verify(db: &Db, checkpoints: &[Checkpoint]) -> anyhow::Result<Report> {
    let mut tx = db.pool().begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let Some((ends, seal)) = store::ends_get(&mut tx).await? else {
        return Ok(Report { findings: vec![Finding::NoChain], ..Report::default() });
    };
    let told = in_force(checkpoints);
    let mut walk = Walk::new(db.service(), &ends, &told);
    walk.links(&mut tx).await?;
    walk.erased();
    let mut findings = std::mem::take(&mut walk.findings);
    let last = (walk.sequence, walk.digest);
    if walk.sequence < ends.end.0 {
        findings.push(Finding::Gap { first: walk.sequence + 1, last: ends.end.0 });
    }
    if db.audit_key().ends(&ends)[..] != seal[..] || (walk.sequence == ends.end.0 && last != ends.end) {
        findings.push(Finding::EndUnsealed);
    }
    findings.extend(
        told.iter()
            .filter(|checkpoint| checkpoint.sequence > walk.sequence.max(ends.start.0))
            .map(|checkpoint| Finding::Cut { sequence: checkpoint.sequence, told: checkpoint.time })
            .next_back(),
    );
    strays(&mut tx, &mut findings).await?;
    tx.rollback().await?;
    Ok(Report { entries: walk.entries, sequence: walk.sequence, findings })
}

/// Without those that a restore has put out of force.
fn in_force(checkpoints: &[Checkpoint]) -> Vec<&Checkpoint> {
    let mut told: Vec<&Checkpoint> = Vec::new();
    for checkpoint in checkpoints {
        if checkpoint.restored {
            told.retain(|earlier| earlier.sequence <= checkpoint.sequence);
        }
        told.push(checkpoint);
    }
    told.sort_by_key(|checkpoint| checkpoint.sequence);
    told
}

struct Walk<'a> {
    service: &'static str,
    told: &'a [&'a Checkpoint],
    sequence: i64,
    digest: Hash,
    entries: u64,
    findings: Vec<Finding>,
    /// Entries whose values are gone, with their places, and those of which the trail tells it.
    blank: Vec<(i64, Uuid)>,
    told_erased: HashSet<Uuid>,
}

impl<'a> Walk<'a> {
    fn new(service: &'static str, ends: &Ends, told: &'a [&'a Checkpoint]) -> Self {
        let (sequence, digest) = ends.start;
        // Told of what has been pruned since.
        let told = &told[told.partition_point(|checkpoint| checkpoint.sequence < sequence)..];
        let mut walk = Self {
            service,
            told,
            sequence,
            digest,
            entries: 0,
            findings: Vec::new(),
            blank: Vec::new(),
            told_erased: HashSet::new(),
        };
        walk.compare();
        walk
    }

    async fn links(&mut self, connection: &mut PgConnection) -> anyhow::Result<()> {
        let query = format!(
            "SELECT l.sequence, l.entry_id, l.digest, l.flaw, {ENTRY_COLUMNS}
             FROM audit_link AS l LEFT JOIN audit_entry AS e ON e.id = l.entry_id
             WHERE l.sequence > $1 ORDER BY l.sequence LIMIT $2"
        );
        let mut after = i64::MIN;
        loop {
            let rows =
                sqlx::query(AssertSqlSafe(query.as_str())).bind(after).bind(BATCH).fetch_all(&mut *connection).await?;
            for row in &rows {
                after = row.try_get(0)?;
                let digest = store::hash(row.try_get(2)?);
                self.link(after, row.try_get(1)?, digest, row.try_get(3)?, Entry::read(row, 4)?);
            }
            if rows.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    fn link(&mut self, sequence: i64, entry_id: Uuid, digest: Hash, flaw: i16, entry: Option<Entry>) {
        // What stands before the start was pruned, so it was put in.
        if sequence <= self.sequence {
            self.findings.push(Finding::Repeated { entry_id });
            return;
        }
        let follows = sequence == self.sequence + 1;
        if !follows {
            self.findings.push(Finding::Gap { first: self.sequence + 1, last: sequence - 1 });
        }
        match entry {
            None => self.findings.push(Finding::Removed { sequence, entry_id }),
            Some(entry) => {
                self.entries += 1;
                if let Some(removed) = entry.tells_of_removed() {
                    self.findings.push(Finding::RemovedBefore { sequence, entry_id: removed });
                }
                self.told_erased.extend(entry.tells_of_erased());
                if entry.is_erased() {
                    self.blank.push((sequence, entry_id));
                }
                let expected = link(&self.digest, sequence, entry_id, &entry.leaf(self.service), flaw);
                // Behind a gap there is nothing to compare with.
                if !entry.says_what_it_said() || (follows && expected != digest) {
                    self.findings.push(Finding::Altered { sequence, entry_id });
                }
            }
        }
        match flaw {
            FLAW_NONE => {}
            FLAW_MAC => self.findings.push(Finding::Forged { sequence, entry_id }),
            _ => self.findings.push(Finding::SealBroken { sequence }),
        }
        (self.sequence, self.digest) = (sequence, digest);
        self.compare();
    }

    /// What tells of an erasure stands behind what was erased, so pruning takes neither off without the other.
    fn erased(&mut self) {
        let told = &self.told_erased;
        let untold = self.blank.iter().filter(|(_, entry_id)| !told.contains(entry_id));
        self.findings
            .extend(untold.map(|(sequence, entry_id)| Finding::Blanked { sequence: *sequence, entry_id: *entry_id }));
    }

    /// With what was told of this place.
    fn compare(&mut self) {
        while let Some((checkpoint, rest)) = self.told.split_first().filter(|(next, _)| next.sequence <= self.sequence)
        {
            self.told = rest;
            if checkpoint.sequence == self.sequence && checkpoint.digest != hex(&self.digest) {
                self.findings.push(Finding::Rewritten { sequence: self.sequence, told: checkpoint.time });
            }
        }
    }
}

/// Entries and places that have no part in the chain.
async fn strays(connection: &mut PgConnection, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    let inserted: Vec<Uuid> = sqlx::query_scalar(
        "SELECT e.id FROM audit_entry AS e
         WHERE NOT EXISTS (SELECT FROM audit_link AS l WHERE l.entry_id = e.id)
           AND NOT EXISTS (SELECT FROM audit_pending AS p WHERE p.entry_id = e.id)
         ORDER BY e.id LIMIT $1",
    )
    .bind(LISTED)
    .fetch_all(&mut *connection)
    .await?;
    findings.extend(inserted.into_iter().map(|entry_id| Finding::Inserted { entry_id }));
    let repeated: Vec<Uuid> = sqlx::query_scalar(
        "SELECT entry_id FROM audit_link GROUP BY entry_id HAVING count(*) > 1 ORDER BY entry_id LIMIT $1",
    )
    .bind(LISTED)
    .fetch_all(&mut *connection)
    .await?;
    findings.extend(repeated.into_iter().map(|entry_id| Finding::Repeated { entry_id }));
    let waiting: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
        "SELECT entry_id, create_time FROM audit_pending
         WHERE create_time < now() - interval '1 minute' ORDER BY create_time LIMIT $1",
    )
    .bind(LISTED)
    .fetch_all(connection)
    .await?;
    findings.extend(waiting.into_iter().map(|(entry_id, since)| Finding::Unchained { entry_id, since }));
    Ok(())
}
