//! The kinds of jobs that a worker knows, with their handlers' types erased.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use serde_json::Value;

use super::context::{JobContext, Signals};
use super::store::Leased;
use super::{JobFailure, JobHandler};
use crate::db::Db;

#[async_trait]
pub(super) trait Runner: Send + Sync {
    async fn run(&self, db: Db, job: &Leased, signals: Signals) -> Result<(), JobFailure>;
}

struct Typed<H>(H);

#[async_trait]
impl<H: JobHandler> Runner for Typed<H> {
    async fn run(&self, db: Db, job: &Leased, signals: Signals) -> Result<(), JobFailure> {
        let payload = serde_json::from_value(job.payload.clone()).context("payload").map_err(JobFailure::Fatal)?;
        self.0.run(JobContext::new(payload, db, job, signals)).await
    }
}

/// A job that comes back.
#[derive(Debug, Clone)]
pub(super) struct Recurring {
    pub(super) kind: &'static str,
    pub(super) payload: Value,
    pub(super) every: Duration,
}

#[derive(Default)]
pub(super) struct Registry {
    pub(super) runners: HashMap<&'static str, Arc<dyn Runner>>,
    /// By unique key.
    pub(super) recurring: HashMap<String, Recurring>,
}

impl Registry {
    pub(super) fn register<H: JobHandler>(&mut self, handler: H) {
        self.runners.insert(H::KIND, Arc::new(Typed(handler)));
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.runners.keys().copied().collect()
    }
}
