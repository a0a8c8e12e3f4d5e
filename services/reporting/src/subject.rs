//! What the star schema holds on a person: the customer as it was counted, by codes and ids alone, which is no personal data.
//! It is given out, and stays when the person is erased, so that figures stay what they were.

use async_trait::async_trait;
use contracts::privacy::SubjectRecord;
use contracts::reporting::reporting_subject_service_server::ReportingSubjectService;
use platform::db::{Db, Tx};
use platform::error::Result;
use platform::subject::{SubjectData, Subjects};
use sqlx::PgConnection;
use uuid::Uuid;

platform::serve_subjects!(ReportingSubjectService);

pub fn rpc(db: &Db) -> SubjectRpc {
    SubjectRpc(Subjects::new(db, Counted))
}

struct Counted;

#[async_trait]
impl SubjectData for Counted {
    /// Served by `dim_customer_history`.
    async fn records(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<SubjectRecord>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT to_jsonb(d)::text FROM dim_customer AS d WHERE customer_id = ANY($1) ORDER BY customer_id, valid_from",
        )
        .bind(ids)
        .fetch_all(connection)
        .await?;
        Ok(rows.into_iter().map(|json| SubjectRecord { section: "dim_customer".to_owned(), json }).collect())
    }

    async fn erase(&self, _: &mut Tx, _: &[Uuid]) -> Result<Vec<(&'static str, u64)>> {
        Ok(Vec::new())
    }
}
