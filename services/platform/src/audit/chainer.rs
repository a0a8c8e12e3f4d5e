//! Gives entries their places, in batches, woken by commits. Every replica runs one; the row of the chain's ends lets one
//! of them work at a time, so none waits and none need be elected.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::encoding::Hash;
use super::seal::link;
use super::store::{self, BATCH, Link};
use super::witness::Witness;
use super::{Checkpoints, prune};
use crate::access::PolicyCache;
use crate::backoff;
use crate::db::Db;
use crate::events::{Activity, Events};
use crate::parameters;

/// Commits are gathered for so long: a transaction of the chain costs as much as one of a caller.
const GATHER: Duration = Duration::from_millis(200);
/// How often the queue is looked into when nobody told of a commit: those of other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MOST_PAUSE: Duration = Duration::from_secs(10);

/// What was wrong when an entry was taken in.
pub(super) const FLAW_NONE: i16 = 0;
pub(super) const FLAW_MAC: i16 = 1;
pub(super) const FLAW_SEAL: i16 = 2;

pub struct Chainer {
    db: Db,
    checkpoints: Checkpoints,
    policy: std::sync::Arc<PolicyCache>,
    checkpoint_interval: Duration,
    activity: watch::Sender<Activity>,
    /// Where this process has seen the chain end. A chain that ends before it was cut.
    seen: Option<(i64, Hash)>,
    witness: Witness,
}

impl Chainer {
    pub fn new(db: &Db, events: &Events, policy: std::sync::Arc<PolicyCache>) -> Self {
        Self {
            db: db.clone(),
            checkpoints: Checkpoints::new(events, db.service()),
            policy,
            checkpoint_interval: Duration::from_secs(60),
            activity: watch::Sender::new(Activity::Active),
            seen: None,
            witness: Witness::new(db),
        }
    }

    /// How long an entry may be on its way before it is looked for.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.witness.patience = patience;
        self
    }

    #[must_use]
    pub fn checkpoint_interval(self, checkpoint_interval: Duration) -> Self {
        Self { checkpoint_interval, ..self }
    }

    pub fn activity(&self) -> watch::Receiver<Activity> {
        self.activity.subscribe()
    }

    /// Works until told to stop; failures are waited out.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failures = 0;
        let (mut told, mut next_checkpoint) = (None, Instant::now() + self.checkpoint_interval);
        let mut next_prune = Instant::now();
        loop {
            let worked = self.turn(&mut told, &mut next_checkpoint, &mut next_prune).await;
            if stop.is_cancelled() {
                return;
            }
            match worked {
                Ok(full) => {
                    failures = 0;
                    self.activity.send_replace(Activity::Active);
                    if full {
                        continue;
                    }
                    let committed = self.db.audited().notified();
                    let woken = tokio::time::timeout(POLL_INTERVAL, committed);
                    if stop.run_until_cancelled(woken).await.is_some_and(|woken| woken.is_ok()) {
                        let _ = stop.run_until_cancelled(tokio::time::sleep(GATHER)).await;
                    }
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(service = self.db.service(), failures, "the audit trail is not chained: {error:#}");
                    self.activity.send_replace(Activity::Failing(format!("{error:#}")));
                    let pause = backoff::pause(failures, FIRST_PAUSE, MOST_PAUSE);
                    let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                }
            }
        }
    }

    async fn turn(
        &mut self,
        told: &mut Option<i64>,
        next_checkpoint: &mut Instant,
        next_prune: &mut Instant,
    ) -> anyhow::Result<bool> {
        self.witness.gather(&self.db);
        let full = self.chain().await?;
        self.witness.look(&self.db).await?;
        let now = Instant::now();
        if now >= *next_checkpoint {
            *next_checkpoint = now + self.checkpoint_interval;
            self.tell(told).await?;
        }
        // Until the policy is known, what it says of retention isn't.
        if now >= *next_prune && self.policy.is_fresh() {
            *next_prune = now + PRUNE_INTERVAL;
            let days = parameters::AUDIT_RETENTION_DAYS.integer(&self.policy.policy());
            if days > 0 {
                // One that was set before there was a least.
                prune(&self.db, days.max(parameters::LEAST_AUDIT_DAYS)).await?;
            }
        }
        Ok(full)
    }

    /// One batch; whether there may be more.
    async fn chain(&mut self) -> anyhow::Result<bool> {
        // Asked first, so that an idle service writes nothing.
        let waiting: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM audit_pending)").fetch_one(self.db.pool()).await?;
        if !waiting {
            return Ok(false);
        }
        let mut tx = self.db.pool().begin().await?;
        let Some((mut ends, seal)) = store::ends_try_lock(&mut tx).await? else {
            let there = store::ends_get(&mut tx).await?.is_some();
            tx.rollback().await?;
            anyhow::ensure!(there, "the chain has no beginning; `changke migrate` makes one");
            return Ok(false);
        };
        let key = self.db.audit_key();
        let cut = self.seen.is_some_and(|(sequence, digest)| {
            ends.end.0 < sequence || (ends.end.0 == sequence && ends.end.1 != digest)
        });
        // Kept in the next link for good: that it was so must not be lost by going on.
        let mut broken = cut || key.ends(&ends)[..] != seal[..];
        if broken {
            tracing::error!(
                service = self.db.service(),
                sequence = ends.end.0,
                "the end of the audit chain is not as it was left; run `changke admin audit verify`"
            );
        }
        let pending = store::pending_take(&mut tx).await?;
        let mut links = Vec::with_capacity(pending.len());
        for entry in &pending {
            let leaf = store::hash(&entry.leaf);
            let sound = key.entry(entry.entry_id, &leaf)[..] == entry.mac[..];
            if !sound {
                tracing::error!(service = self.db.service(), entry = %entry.entry_id, "an audit entry is not of ours");
            }
            let flaw = match (std::mem::take(&mut broken), sound) {
                (true, _) => FLAW_SEAL,
                (false, false) => FLAW_MAC,
                (false, true) => FLAW_NONE,
            };
            let sequence = ends.end.0 + 1;
            let digest = link(&ends.end.1, sequence, entry.entry_id, &leaf, flaw);
            ends.end = (sequence, digest);
            links.push(Link { sequence, entry_id: entry.entry_id, digest, flaw });
        }
        if links.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        store::links_insert(&mut tx, &links).await?;
        store::ends_set(&mut tx, &ends, key).await?;
        tx.commit().await?;
        self.seen = Some(ends.end);
        self.witness.chained(&pending);
        Ok(pending.len() == BATCH as usize)
    }

    /// A checkpoint, where the chain has grown since the last one.
    async fn tell(&self, told: &mut Option<i64>) -> anyhow::Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        let ends = store::ends_get(&mut connection).await?;
        connection.release();
        let Some((ends, _)) = ends else { return Ok(()) };
        if ends.end.0 == 0 || *told == Some(ends.end.0) {
            return Ok(());
        }
        self.checkpoints.tell(ends.end.0, &ends.end.1).await.context("checkpoint")?;
        *told = Some(ends.end.0);
        Ok(())
    }
}
