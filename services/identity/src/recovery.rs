//! What becomes of the ways in when an installation is restored.

use platform::db::Tx;
use platform::error::Result;

use crate::policy;

/// Ends all sessions, links and sign-ins on their way; how many sessions. What was open at the time of the backup may have
/// been ended since, and nothing that is left could tell.
pub async fn entries_close(tx: &mut Tx) -> Result<u64> {
    let policy_revision = policy::store::advance(tx.connection()).await?;
    let ended = sqlx::query("UPDATE session SET revoke_time = now(), policy_revision = $1 WHERE revoke_time IS NULL")
        .bind(policy_revision)
        .execute(tx.connection())
        .await?;
    for statement in [
        "UPDATE password_link SET use_time = now() WHERE use_time IS NULL",
        "DELETE FROM challenge",
        "DELETE FROM sign_on_flow",
    ] {
        sqlx::query(statement).execute(tx.connection()).await?;
    }
    Ok(ended.rows_affected())
}
