//! What identity holds on a person who is a customer: the events about them that were told to endpoints outside, which hold
//! no personal data. They are given out, since the person may ask who was told, and go with their time.

use contracts::identity::identity_subject_service_server::IdentitySubjectService;
use contracts::privacy::SubjectRecord;
use platform::db::{Db, Tx};
use platform::error::Result;
use platform::subject::{SubjectData, Subjects};
use sqlx::PgConnection;
use uuid::Uuid;

platform::serve_subjects!(IdentitySubjectService);

pub fn rpc(db: &Db) -> SubjectRpc {
    SubjectRpc(Subjects::new(db, Told))
}

struct Told;

#[tonic::async_trait]
impl SubjectData for Told {
    async fn records(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<SubjectRecord>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT jsonb_build_object('type', e.type, 'time', e.time, 'record_id', e.record_id, 'endpoint', p.name,
                                       'state', d.state)::text
             FROM webhook_event AS e
             JOIN webhook_delivery AS d ON d.event_id = e.id
             JOIN webhook_endpoint AS p ON p.id = d.endpoint_id
             WHERE e.record_id = ANY($1) ORDER BY d.id LIMIT 5000",
        )
        .bind(ids)
        .fetch_all(connection)
        .await?;
        Ok(rows.into_iter().map(|json| SubjectRecord { section: "webhook_delivery".to_owned(), json }).collect())
    }

    async fn erase(&self, _: &mut Tx, _: &[Uuid]) -> Result<Vec<(&'static str, u64)>> {
        Ok(Vec::new())
    }
}
