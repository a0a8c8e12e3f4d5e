//! All SQL of pairs. A pair calls its customers `a` and `b`; whoever reaches it may update both.

use chrono::{DateTime, Utc};
use contracts::customers::{DuplicatePairState, DuplicateReason};
use platform::access::{RowColumns, RowPredicate};
use platform::error::{Error, Result};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rules::{LEAST, Reasons};

const ONE: RowColumns =
    RowColumns { owner: "a.owner_id", group: "a.group_id", shares: Some(("a.id", "customer_share")) };
const OTHER: RowColumns =
    RowColumns { owner: "b.owner_id", group: "b.group_id", shares: Some(("b.id", "customer_share")) };

pub fn push_both(sql: &mut QueryBuilder<Postgres>, rows: &RowPredicate) {
    rows.push_sql(sql, ONE);
    sql.push(" AND ");
    rows.push_sql(sql, OTHER);
}

pub struct Pair {
    pub id: Uuid,
    pub customer_ids: [Uuid; 2],
    pub reasons: Reasons,
    pub score: i16,
    pub state: DuplicatePairState,
    pub find_time: DateTime<Utc>,
    pub dismiss_user_id: Option<Uuid>,
    pub dismiss_time: Option<DateTime<Utc>>,
}

/// Whose pairs, and how they are seen.
pub struct Looker<'a> {
    pub rows: &'a RowPredicate,
    /// The reasons that count.
    pub seen: Reasons,
}

impl Looker<'_> {
    fn select(&self) -> QueryBuilder<Postgres> {
        let mut sql = QueryBuilder::new(
            "SELECT p.id, p.one_id, p.other_id, p.reasons, p.seen_score, p.state, p.find_time, p.dismiss_user_id,
                 p.dismiss_time
             FROM (SELECT *, ",
        );
        if self.seen == Reasons::ALL {
            sql.push("score");
        } else {
            sql.push("(").push_bind(Reasons::scores()).push("::smallint[])[(reasons & ");
            sql.push_bind(self.seen.0).push(") + 1]");
        }
        sql.push(" AS seen_score FROM duplicate_pair) AS p JOIN customer a ON a.id = p.one_id");
        sql.push(" JOIN customer b ON b.id = p.other_id WHERE p.seen_score >= ").push(LEAST).push(" AND ");
        push_both(&mut sql, self.rows);
        sql
    }

    fn pair(&self, row: &PgRow) -> sqlx::Result<Pair> {
        let reasons = Reasons(row.try_get(3)?);
        Ok(Pair {
            id: row.try_get(0)?,
            customer_ids: [row.try_get(1)?, row.try_get(2)?],
            reasons: reasons.among(self.seen),
            score: row.try_get(4)?,
            state: DuplicatePairState::try_from(i32::from(row.try_get::<i16, _>(5)?)).unwrap_or_default(),
            find_time: row.try_get(6)?,
            dismiss_user_id: row.try_get(7)?,
            dismiss_time: row.try_get(8)?,
        })
    }
}

pub struct Wanted {
    pub state: DuplicatePairState,
    pub reason: DuplicateReason,
    pub min_score: i32,
    pub customer_id: Option<Uuid>,
}

/// The likeliest first, behind a place. Served by `duplicate_pair_score`, for who sees everything.
pub async fn pair_list(
    connection: &mut PgConnection,
    looker: &Looker<'_>,
    wanted: &Wanted,
    after: Option<(i16, Uuid)>,
    limit: i64,
) -> Result<Vec<Pair>> {
    let mut sql = looker.select();
    sql.push(" AND p.state = ").push_bind(wanted.state as i16);
    // One of a merged pair is out of use; of others both are in use, or there is nothing to decide.
    if wanted.state != DuplicatePairState::Merged {
        sql.push(" AND a.state = 1 AND b.state = 1");
    }
    if wanted.reason != DuplicateReason::Unspecified {
        sql.push(" AND p.reasons & ").push_bind(Reasons::bit(wanted.reason)).push(" <> 0");
    }
    if wanted.min_score > 0 {
        sql.push(" AND p.seen_score >= ").push_bind(wanted.min_score);
    }
    if let Some(id) = wanted.customer_id {
        sql.push(" AND (p.one_id = ").push_bind(id).push(" OR p.other_id = ").push_bind(id).push(")");
    }
    if let Some((reached, id)) = after {
        sql.push(" AND (p.seen_score, p.id) < (").push_bind(reached).push(", ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY p.seen_score DESC, p.id DESC LIMIT ").push(limit);
    let found = sql.build().fetch_all(connection).await?;
    Ok(found.iter().map(|row| looker.pair(row)).collect::<sqlx::Result<_>>()?)
}

/// One pair, held until the transaction ends.
pub async fn pair_lock(connection: &mut PgConnection, looker: &Looker<'_>, id: Uuid) -> Result<Pair> {
    let mut sql = looker.select();
    sql.push(" AND p.id = ").push_bind(id).push(" FOR NO KEY UPDATE OF p");
    let row = sql.build().fetch_optional(connection).await?;
    Ok(looker.pair(&row.ok_or_else(Error::not_found)?)?)
}

/// Dismisses a pair, or opens it again when nobody is named; the time of it.
pub async fn dismissal_set(
    connection: &mut PgConnection,
    id: Uuid,
    user_id: Option<Uuid>,
) -> Result<Option<DateTime<Utc>>> {
    let set = sqlx::query_scalar(
        "UPDATE duplicate_pair SET
             state = CASE WHEN $2::uuid IS NULL THEN 1 ELSE 2 END, dismiss_user_id = $2,
             dismiss_time = CASE WHEN $2::uuid IS NOT NULL THEN now() END
         WHERE id = $1 RETURNING dismiss_time",
    );
    Ok(set.bind(id).bind(user_id).fetch_one(connection).await?)
}

/// What was found among customers that are one now.
pub async fn pairs_merged(connection: &mut PgConnection, ids: &[Uuid], merge_id: Uuid) -> Result<()> {
    let merged = sqlx::query(
        "UPDATE duplicate_pair SET state = 3, merge_id = $2 WHERE state = 1 AND one_id = ANY($1) AND other_id = ANY($1)",
    );
    merged.bind(ids).bind(merge_id).execute(connection).await?;
    Ok(())
}

/// The same, of customers that are one no more.
pub async fn pairs_parted(connection: &mut PgConnection, merge_id: Uuid) -> Result<()> {
    let parted = sqlx::query("UPDATE duplicate_pair SET state = 1, merge_id = NULL WHERE merge_id = $1 AND state = 3");
    parted.bind(merge_id).execute(connection).await?;
    Ok(())
}
