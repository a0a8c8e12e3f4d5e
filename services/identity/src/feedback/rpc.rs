//! `FeedbackService`.

use std::sync::Arc;

use contracts::identity as proto;
use contracts::identity::feedback_service_server::FeedbackService;
use contracts::identity::{Feedback, FeedbackState};
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store;
use crate::{Identity, error};

/// What one employee can have open, so that nobody floods the box.
const MAX_OPEN: i64 = 100;

fn names(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

fn audit(action: &'static str, id: Uuid, before: FeedbackState, after: &Feedback) -> AuditEntry {
    let changes = vec![FieldChange {
        field: "state".into(),
        before: match before {
            FeedbackState::Unspecified => String::new(),
            state => state.as_str_name().into(),
        },
        after: after.state().as_str_name().into(),
    }];
    AuditEntry { action, record_kind: "feedback", record_id: id, subject_id: id, changes }
}

#[tonic::async_trait]
impl FeedbackService for Identity {
    async fn create_feedback(
        &self,
        request: Request<proto::CreateFeedbackRequest>,
    ) -> Result<Response<Feedback>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let new = request.into_inner().feedback.unwrap_or_default();
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        if store::feedback_open_count(tx.connection(), employee_id).await? >= MAX_OPEN {
            return Err(Error::failed_precondition(&error::FEEDBACK_TOO_MUCH).arg("count", MAX_OPEN).into());
        }
        let id = Uuid::now_v7();
        let feedback = store::feedback_insert(tx.connection(), &names(&call), (id, employee_id), &new).await?;
        tx.audit(audit("feedback.created", id, FeedbackState::Unspecified, &feedback));
        Ok(Response::new(tx.commit_call(&call, feedback).await?))
    }

    async fn list_own_feedback(
        &self,
        request: Request<proto::ListOwnFeedbackRequest>,
    ) -> Result<Response<proto::ListOwnFeedbackResponse>, Status> {
        let call = Call::of(&request)?;
        let employee_id = call.caller.require_employee()?;
        let request = request.into_inner();
        let after: Option<Uuid> = page::decode(&["own feedback"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let of = (Some(employee_id), FeedbackState::Unspecified);
        let mut feedback = store::feedback_list(self.db.pool(), &names(&call), of, after, size + 1).await?;
        let next_page_token = page::cut(&mut feedback, size, &["own feedback"], |last| last.id.clone())?;
        Ok(Response::new(proto::ListOwnFeedbackResponse { feedback, next_page_token }))
    }

    async fn list_feedback(
        &self,
        request: Request<proto::ListFeedbackRequest>,
    ) -> Result<Response<proto::ListFeedbackResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let bound = ["feedback", request.state().as_str_name()];
        let after: Option<Uuid> = page::decode(&bound, &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let of = (None, request.state());
        let mut feedback = store::feedback_list(self.db.pool(), &names(&call), of, after, size + 1).await?;
        let next_page_token = page::cut(&mut feedback, size, &bound, |last| last.id.clone())?;
        Ok(Response::new(proto::ListFeedbackResponse { feedback, next_page_token }))
    }

    async fn answer_feedback(
        &self,
        request: Request<proto::AnswerFeedbackRequest>,
    ) -> Result<Response<Feedback>, Status> {
        let call = Call::of(&request)?;
        let proto::AnswerFeedbackRequest { id, answer, etag } = request.into_inner();
        Ok(Response::new(self.feedback_settle(&call, &id, &etag, Some(&answer)).await?))
    }

    async fn close_feedback(
        &self,
        request: Request<proto::CloseFeedbackRequest>,
    ) -> Result<Response<Feedback>, Status> {
        let call = Call::of(&request)?;
        let proto::CloseFeedbackRequest { id, etag } = request.into_inner();
        Ok(Response::new(self.feedback_settle(&call, &id, &etag, None).await?))
    }
}

impl Identity {
    /// With an answer it is answered, without one it is closed.
    async fn feedback_settle(&self, call: &Call, id: &str, etag: &str, answer: Option<&str>) -> Result<Feedback> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let (id, names) = (crate::id("id", id)?, names(call));
        let before = store::feedback_lock(tx.connection(), &names, id).await?;
        crate::require_etag(etag, &before.etag)?;
        let (state, action) = match answer {
            Some(_) => (FeedbackState::Answered, "feedback.answered"),
            None => (FeedbackState::Closed, "feedback.closed"),
        };
        let answer = answer.map(|text| (text, call.caller.employee_id()));
        let after = store::feedback_settle(tx.connection(), &names, id, state, answer).await?;
        tx.audit(audit(action, id, before.state(), &after));
        tx.commit_call(call, after).await
    }
}
