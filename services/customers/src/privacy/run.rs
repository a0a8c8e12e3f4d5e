//! Requests under way, as durable jobs. An archive is made anew by each try. An erasure goes service by service, this one
//! last, since it knows what the person is called; each step is noted with its effect, so that a try goes on where the one
//! before broke off. A service that does not answer is waited for.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use contracts::customers::{PrivacyRequestKind, PrivacyRequestState};
use contracts::privacy::{EraseSubjectRequest, Subject};
use platform::blob::Blobs;
use platform::db::{AuditEntry, FieldChange, Tx};
use platform::error::Result;
use platform::jobs::{JobContext, JobFailure, JobHandler, NewJob};
use platform::service::Clients;
use platform::subject::{erased, holders};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::erasure::{self, Going};
use super::export::Told;
use super::store::{self, Stored};
use super::subject::{self, Records};
use super::{export, hold, imports, rules};
use crate::attachment::{Sweep, object_announce, object_hold};
use crate::error::reason;
use crate::{NAME, Shared};

/// How long an archive is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long one may take to come in.
const PATIENCE: TimeDelta = TimeDelta::days(1);
/// Tries in vain; the pauses grow to ten minutes, so this is a week.
const ATTEMPTS: i32 = 1_000;

#[derive(Serialize, Deserialize)]
pub struct Payload {
    pub request_id: Uuid,
}

pub struct PrivacyJob {
    shared: Arc<Shared>,
    clients: Clients,
    blobs: Blobs,
}

/// Leaves a request to the worker.
pub async fn start(tx: &mut Tx, request_id: Uuid) -> Result<()> {
    tx.enqueue(NewJob::new::<PrivacyJob>(&Payload { request_id })?.max_attempts(ATTEMPTS)).await?;
    Ok(())
}

impl PrivacyJob {
    pub fn new(shared: Arc<Shared>, clients: Clients, blobs: Blobs) -> Self {
        Self { shared, clients, blobs }
    }
}

#[async_trait]
impl JobHandler for PrivacyJob {
    const KIND: &'static str = "customers.privacy";
    type Payload = Payload;

    async fn run(&self, job: JobContext<Payload>) -> Result<(), JobFailure> {
        let outcome = self.work(&job).await;
        let failure = match &outcome {
            Err(failure @ JobFailure::Fatal(_)) => failure.reason().unwrap_or(&reason::PRIVACY_BROKE_OFF),
            Err(JobFailure::Retry(_)) if job.is_last_attempt() => &reason::PRIVACY_BROKE_OFF,
            _ => return outcome,
        };
        let mut connection = job.db().pool().acquire().await?;
        store::request_fail(&mut connection, job.payload.request_id, failure.id).await?;
        outcome
    }
}

impl PrivacyJob {
    async fn work(&self, job: &JobContext<Payload>) -> Result<(), JobFailure> {
        let request = {
            let mut connection = job.db().pool().acquire().await?;
            store::request_of_job(&mut connection, job.payload.request_id).await?
        };
        // Ended in an earlier try that could not say so to the worker any more.
        let Some(request) = request else { return Ok(()) };
        match request.request.kind() {
            PrivacyRequestKind::Export => self.export(job, &request).await,
            _ => self.erase(job, &request).await,
        }
    }

    async fn export(&self, job: &JobContext<Payload>, request: &Stored) -> Result<(), JobFailure> {
        let holders = holders(&self.clients);
        let db = job.db();
        let told = Told { db, request_id: request.id };
        let (file, size) = export::export(db, &self.blobs, request, &holders, &told).await?;
        job.proceed()?;
        let object_id = Uuid::now_v7();
        {
            let mut connection = db.pool().acquire().await?;
            object_announce(&mut connection, object_id, Utc::now() + PATIENCE).await?;
        }
        self.blobs.put(object_id, file).await?;
        let mut tx = db.begin().await?;
        let expire_time = Utc::now() + KEPT;
        if !store::export_end(tx.connection(), request.id, (object_id, size), expire_time).await? {
            // The person was erased meanwhile: what is loose goes.
            drop(tx);
            self.blobs.remove(object_id).await?;
            return Ok(());
        }
        object_hold(tx.connection(), object_id).await?;
        tx.enqueue(NewJob::new::<Expiry>(&())?.at(expire_time)).await?;
        audit(&mut tx, "privacy_request.archive_made", request, vec![FieldChange::set("size", size.to_string())]);
        tx.commit().await?;
        Ok(())
    }

    async fn erase(&self, job: &JobContext<Payload>, request: &Stored) -> Result<(), JobFailure> {
        let mut request_now = None;
        let answered = |service: &str| request.request.erased.iter().any(|line| line.service == service);
        if !answered(NAME) {
            let heads = {
                let mut connection = job.db().pool().acquire().await?;
                Records::of(&mut connection, request.person).await?.heads()
            };
            let record_ids: Vec<String> = heads.iter().map(Uuid::to_string).collect();
            for holder in holders(&self.clients).into_iter().filter(|holder| !answered(&holder.service)) {
                job.proceed()?;
                self.wait_for(job, request, &holder.service).await?;
                let subject = Some(Subject { record_ids: record_ids.clone() });
                let asked = EraseSubjectRequest { subject, request_id: request.id.to_string() };
                let answer = holder.erase(asked).await?;
                let mut connection = job.db().pool().acquire().await?;
                store::erased_add(&mut connection, request.id, &answer.erased).await?;
            }
            self.wait_for(job, request, NAME).await?;
            request_now = Some(self.erase_here(job, request).await?);
        }
        let object_ids = request_now.unwrap_or_else(|| request.object_ids.clone());
        for object_id in &object_ids {
            job.proceed()?;
            self.blobs.remove(*object_id).await?;
        }
        let mut tx = job.db().begin().await?;
        store::erasure_end(tx.connection(), request.id, &object_ids).await?;
        audit(&mut tx, "privacy_request.erased", request, Vec::new());
        tx.commit().await?;
        Ok(())
    }

    /// Shown as the one that is waited for, until it has answered.
    async fn wait_for(&self, job: &JobContext<Payload>, request: &Stored, service: &str) -> Result<(), JobFailure> {
        let mut connection = job.db().pool().acquire().await?;
        let now = store::request_of_job(&mut connection, request.id).await?;
        let answered = now.map_or(0, |now| now.request.answered_count);
        Ok(store::progress_set(&mut connection, request.id, answered, service).await?)
    }

    /// All that this service holds, in one transaction; the objects that must go from the store of files.
    async fn erase_here(&self, job: &JobContext<Payload>, request: &Stored) -> Result<Vec<Uuid>, JobFailure> {
        let person = request.person;
        let found = {
            let mut connection = job.db().pool().acquire().await?;
            let records = Records::of(&mut connection, person).await?;
            let texts = subject::texts(&mut connection, &records).await?;
            drop(connection);
            imports::find(job.db().pool(), &texts).await?
        };
        if found.running {
            return Err(JobFailure::Retry(anyhow::anyhow!("an import that names the person is under way")));
        }
        let fields = self.shared.fields.current().await?;
        let mut tx = job.db().begin().await?;
        let region = store::region_lock(tx.connection(), person.customer_id).await?;
        if let Err(held) = hold::require_none(tx.connection(), person.customer_id).await {
            return Err(if held.reason().id == reason::ERASURE_HELD.id {
                JobFailure::stop(&reason::ERASURE_HELD)
            } else {
                held.into()
            });
        }
        // Nobody adds anything from here on.
        let records = Records::of(tx.connection(), person).await?;
        let texts = subject::texts(tx.connection(), &records).await?;
        let going = Going {
            request_id: request.id,
            records: &records,
            texts: &texts,
            imports: &found.imports,
            region: &rules::city(fields.dictionaries(), &region),
        };
        let gone = erasure::erase(&mut tx, &going).await?;
        for object_id in &gone.object_ids {
            object_announce(tx.connection(), *object_id, Utc::now()).await?;
        }
        store::objects_set(tx.connection(), request.id, &gone.object_ids).await?;
        store::erased_add(tx.connection(), request.id, &erased(NAME, gone.sections)).await?;
        tx.commit().await?;
        Ok(gone.object_ids)
    }
}

fn audit(tx: &mut Tx, action: &'static str, request: &Stored, changes: Vec<FieldChange>) {
    tx.audit(AuditEntry {
        action,
        record_kind: "privacy_request",
        record_id: request.id,
        subject_id: request.person.customer_id,
        changes,
    });
}

/// Removes archives whose time is over.
pub struct Expiry;

#[async_trait]
impl JobHandler for Expiry {
    const KIND: &'static str = "customers.privacy.expiry";
    type Payload = ();

    async fn run(&self, job: JobContext<()>) -> Result<(), JobFailure> {
        let mut tx = job.db().begin().await?;
        if store::archives_expire(tx.connection()).await? > 0 {
            tx.enqueue(NewJob::new::<Sweep>(&())?).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Whether it waits for somebody to decide.
pub fn is_pending(request: &Stored) -> bool {
    request.request.state() == PrivacyRequestState::Pending
}
