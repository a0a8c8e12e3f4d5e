//! What is there of a company: which of its numbers are taken, and on which day it stands.

use std::collections::HashMap;

use anyhow::bail;
use chrono::Duration;
use sqlx::PgConnection;
use uuid::Uuid;

use super::BATCH;

/// Customers by the serial that their number shows.
pub type Customers = HashMap<u64, Uuid>;

pub fn number(serial: u64) -> String {
    format!("C{serial:08}")
}

/// Those that bear a number of the batch. Until the transaction ends no other sowing takes one.
pub async fn load(connection: &mut PgConnection, batch: u64, size: u64) -> anyhow::Result<Customers> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('changke seed'))").execute(&mut *connection).await?;
    let serials: Vec<u64> = (1..=size).map(|index| batch * BATCH + index).collect();
    let numbers: Vec<String> = serials.iter().copied().map(number).collect();
    let found: Vec<(i64, Uuid)> = sqlx::query_as(
        "SELECT wanted.index, customer.id FROM unnest($1::text[]) WITH ORDINALITY AS wanted (number, index)
         JOIN customer USING (number)",
    )
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(|(index, id)| (batch * BATCH + index.unsigned_abs(), id)).collect())
}

/// How much later than planned the company's day is. An id holds the time at which its customer was created, which is so
/// long before that day as the seed says, and random bits, which are the seed's alone.
pub fn lateness(planned: &Customers, known: &Customers) -> anyhow::Result<Duration> {
    for (serial, id) in known {
        let Some(plan) = planned.get(serial) else { continue };
        if id.as_bytes()[6..] == plan.as_bytes()[6..] {
            return Ok(Duration::milliseconds(milliseconds(*id) - milliseconds(*plan)));
        }
    }
    let first = known.keys().min().copied().map(number).unwrap_or_default();
    bail!(
        "{} numbers are taken by customers that this seed did not make, from {first} on: sow into an empty installation, \
         or with the --seed that made them",
        known.len()
    )
}

fn milliseconds(id: Uuid) -> i64 {
    id.as_bytes()[..6].iter().fold(0, |number, byte| (number << 8) | i64::from(*byte))
}
