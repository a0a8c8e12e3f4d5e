//! Jobs and events that were given up after all tries: shown, and tried again.

use chrono::{DateTime, Utc};
use contracts::operations::{
    DeadJob, DeadLetter, ListDeadJobsRequest, ListDeadJobsResponse, ListDeadLettersRequest, ListDeadLettersResponse,
    RetryDeadJobRequest, RetryDeadJobResponse, RetryDeadLetterRequest, RetryDeadLetterResponse,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Operations;
use crate::access::Call;
use crate::db::{AuditEntry, FieldChange, Once, timestamp};
use crate::error::{Error, Result, reason};
use crate::events::Retrier;
use crate::page;

fn audit(action: &'static str, record_kind: &'static str, id: Uuid, fields: &[(&str, &str)]) -> AuditEntry {
    let change = |(field, after): &(&str, &str)| FieldChange {
        field: (*field).to_owned(),
        before: String::new(),
        after: (*after).to_owned(),
    };
    AuditEntry { action, record_kind, record_id: id, subject_id: id, changes: fields.iter().map(change).collect() }
}

fn id(text: &str) -> Result<Uuid> {
    // The contract lets ids alone through.
    text.parse().map_err(|_| Error::not_found())
}

impl Operations {
    pub async fn list_dead_jobs(
        &self,
        request: Request<ListDeadJobsRequest>,
    ) -> Result<Response<ListDeadJobsResponse>, Status> {
        let request = request.into_inner();
        let after: Option<Uuid> = page::decode(&["dead jobs"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        type Row = (Uuid, String, i32, String, DateTime<Utc>, Option<DateTime<Utc>>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, kind, attempts, failure, create_time, end_time FROM job
             WHERE state = 'dead' AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
        )
        .bind(after)
        .bind(size + 1)
        .fetch_all(self.db.pool())
        .await
        .map_err(Error::from)?;
        let job = |(id, kind, attempts, failure, created, ended): Row| DeadJob {
            id: id.to_string(),
            kind,
            attempts,
            failure,
            create_time: Some(timestamp(created)),
            end_time: ended.map(timestamp),
        };
        let mut jobs: Vec<DeadJob> = rows.into_iter().map(job).collect();
        let next_page_token = page::cut(&mut jobs, size, &["dead jobs"], |job| job.id.clone())?;
        Ok(Response::new(ListDeadJobsResponse { jobs, next_page_token }))
    }

    pub async fn retry_dead_job(
        &self,
        request: Request<RetryDeadJobRequest>,
    ) -> Result<Response<RetryDeadJobResponse>, Status> {
        let call = Call::of(&request)?;
        let id = id(&request.get_ref().id)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let kind = tx.revive(id).await?;
        tx.audit(audit("job.retried", "job", id, &[("kind", &kind)]));
        Ok(Response::new(tx.commit_call(&call, RetryDeadJobResponse {}).await?))
    }

    pub async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let request = request.into_inner();
        let after: Option<(DateTime<Utc>, Uuid, String)> = page::decode(&["dead letters"], &request.page_token)?;
        if let Some((time, _, consumer)) = &after {
            page::known_time(*time)?;
            if consumer.contains('\0') {
                return Err(Error::invalid("page_token", &reason::PAGE_TOKEN_INVALID).into());
            }
        }
        let size = page::size(request.page_size, 50);
        type Row = (Uuid, String, String, String, DateTime<Utc>);
        let mut rows: Vec<Row> = sqlx::query_as(
            "SELECT event_id, consumer, type, failure, create_time FROM inbox_dead_letter
             WHERE $1::timestamptz IS NULL OR (create_time, event_id, consumer) < ($1, $2, $3)
             ORDER BY create_time DESC, event_id DESC, consumer DESC LIMIT $4",
        )
        .bind(after.as_ref().map(|after| after.0))
        .bind(after.as_ref().map(|after| after.1))
        .bind(after.as_ref().map(|after| &after.2))
        .bind(size + 1)
        .fetch_all(self.db.pool())
        .await
        .map_err(Error::from)?;
        let next_page_token =
            page::cut(&mut rows, size, &["dead letters"], |(id, consumer, .., time)| (*time, *id, consumer.clone()))?;
        let letter = |(id, consumer, r#type, failure, created): Row| DeadLetter {
            event_id: id.to_string(),
            consumer,
            r#type,
            failure,
            create_time: Some(timestamp(created)),
        };
        let letters = rows.into_iter().map(letter).collect();
        Ok(Response::new(ListDeadLettersResponse { letters, next_page_token }))
    }

    pub async fn retry_dead_letter(
        &self,
        request: Request<RetryDeadLetterRequest>,
    ) -> Result<Response<RetryDeadLetterResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let id = id(&request.event_id)?;
        let retrier: &Retrier =
            self.retriers.iter().find(|retrier| retrier.name() == request.consumer).ok_or_else(Error::not_found)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        retrier.retry(&mut tx, id).await?;
        tx.audit(audit("event.retried", "event", id, &[("consumer", &request.consumer)]));
        Ok(Response::new(tx.commit_call(&call, RetryDeadLetterResponse {}).await?))
    }
}
