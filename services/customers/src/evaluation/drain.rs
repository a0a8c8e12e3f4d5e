//! Judges customers again of whom something has changed, and ends what has run out. What waits are rows, written with the
//! change itself, so nothing is lost with a process; several may drain at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use contracts::customers::GradeCause;
use platform::backoff;
use platform::error::Result;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::judge::{Cause, judge, tell_tagged};
use super::rule::Rules;
use super::store::{self, Tagged};
use crate::Shared;

const LOOK: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MOST_PAUSE: Duration = Duration::from_secs(30);
const BATCH: i64 = 500;

pub struct Drain {
    shared: Arc<Shared>,
}

impl Drain {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Works until told to stop; failures are waited out.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(true) => continue,
                Ok(false) => {
                    failures = 0;
                    LOOK
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(failures, "customers could not be judged: {error}");
                    backoff::pause(failures, FIRST_PAUSE, MOST_PAUSE)
                }
            };
            let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    /// One batch in one transaction; whether there was anything.
    async fn turn(&self) -> Result<bool> {
        let mut connection = self.shared.db.pool().acquire().await?;
        if !store::waiting(&mut connection).await? {
            return Ok(false);
        }
        drop(connection);
        let mut tx = self.shared.db.begin().await?;
        store::quiet_set(tx.connection()).await?;
        let expired = tags_by_customer(store::tags_end(tx.connection(), BATCH).await?);
        let ended = store::overrides_end(tx.connection(), BATCH).await?;
        let mut due = store::due_take(tx.connection(), BATCH).await?;
        let nothing = expired.is_empty() && ended.is_empty() && due.is_empty();
        // A rule can have given what ran out.
        due.extend(expired.iter().map(|one| one.customer_id));
        tell_tagged(&mut tx, expired).await?;
        let rules = Rules::load(&self.shared, tx.connection()).await?;
        if !ended.is_empty() {
            let ids: Vec<Uuid> = ended.iter().map(|(id, _, _)| *id).collect();
            let judged = judge(&mut tx, &rules, &ids, Cause::HandEnded("")).await?;
            for (id, scheme, code) in ended {
                if !judged.moved.contains(&(id, scheme.clone())) {
                    let cause = (GradeCause::HandEnded.into(), "");
                    store::change_note(tx.connection(), (id, &scheme, &code), cause, None, None).await?;
                }
            }
        }
        if !due.is_empty() && !rules.is_empty() {
            judge(&mut tx, &rules, &due, Cause::Rules).await?;
        }
        tx.commit().await?;
        Ok(!nothing)
    }
}

fn tags_by_customer(expired: Vec<(Uuid, String)>) -> Vec<Tagged> {
    let mut by_customer: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (customer_id, tag) in expired {
        by_customer.entry(customer_id).or_default().push(tag);
    }
    let tagged = |(customer_id, removed)| Tagged { customer_id, added: Vec::new(), removed };
    by_customer.into_iter().map(tagged).collect()
}
