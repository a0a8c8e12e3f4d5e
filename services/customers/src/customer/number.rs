//! Numbers for customers that are created without one. Taken from the sequence in small blocks ahead of use, so that the
//! search document, which holds the number, is written together with the customer.

use platform::db::Pool;
use platform::error::Result;
use tokio::sync::Mutex;

const BLOCK: i64 = 32;

#[derive(Default)]
pub struct Numbers {
    ahead: Mutex<Vec<i64>>,
}

impl Numbers {
    pub async fn next(&self, pool: &Pool) -> Result<String> {
        let mut ahead = self.ahead.lock().await;
        if ahead.is_empty() {
            *ahead = take(pool, BLOCK).await?;
            ahead.reverse();
        }
        // A block is never empty.
        Ok(format_number(ahead.pop().unwrap_or_default()))
    }
}

/// So many numbers at once, for imports.
pub async fn numbers_take(pool: &Pool, count: i64) -> Result<Vec<String>> {
    Ok(take(pool, count).await?.into_iter().map(format_number).collect())
}

async fn take(pool: &Pool, count: i64) -> Result<Vec<i64>> {
    let numbers = sqlx::query_scalar("SELECT nextval('customer_number') FROM generate_series(1, $1)");
    Ok(numbers.bind(count).fetch_all(pool).await?)
}

fn format_number(number: i64) -> String {
    format!("C{number:08}")
}
