//! All SQL of ownership.

use platform::db::Pool;
use platform::error::Result;
use uuid::Uuid;

/// Customers out of use count too: they can be restored, and must not be without an owner then.
pub async fn owned_count(pool: &Pool, employee_id: Uuid) -> Result<i64> {
    let count = sqlx::query_scalar("SELECT count(*) FROM customer WHERE owner_id = $1");
    Ok(count.bind(employee_id).fetch_one(pool).await?)
}
