//! Failed proofs on their way into the audit trail. The first is written at once; those that follow it within the minute,
//! at the same account, for the same reason and from the same network, are counted and written as one when the minute is
//! over. A flood of guesses fills neither the trail nor the disk, and a guess at a name that nobody has costs the same.

use std::time::Duration;

use chrono::Utc;
use platform::access::Call;
use platform::db::{AuditEntry, Db, FieldChange};
use platform::error::Result;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{rules, store};
use crate::Identity;

pub const SIGN_IN: &str = "employee.sign_in_failed";
pub const SIGN_ON: &str = "employee.sign_on_failed";
pub const CONFIRMATION: &str = "employee.identity_not_confirmed";
pub const API_KEY: &str = "api_key.refused";

const ACTIONS: [&str; 4] = [SIGN_IN, SIGN_ON, CONFIRMATION, API_KEY];

const EMPLOYEE: &str = "employee";
/// A login name that nobody has.
const ACCOUNT: &str = "account";
const PROVIDER: &str = "identity_provider";
const KEY: &str = "api_key";

const RECORD_KINDS: [&str; 4] = [EMPLOYEE, ACCOUNT, PROVIDER, KEY];

/// How often minutes that are over are looked for.
const LOOK: Duration = Duration::from_secs(5);

/// A proof that failed, and at what.
pub struct Failure {
    pub(super) action: &'static str,
    pub(super) record_kind: &'static str,
    pub(super) record_id: Uuid,
    pub(super) changes: Vec<FieldChange>,
    everywhere: bool,
}

impl Failure {
    fn new(action: &'static str, record_kind: &'static str, record_id: Uuid, changes: Vec<FieldChange>) -> Self {
        Self { action, record_kind, record_id, changes, everywhere: false }
    }

    pub fn of_employee(action: &'static str, employee_id: Uuid, field: &str, what: &str) -> Self {
        Self::new(action, EMPLOYEE, employee_id, vec![FieldChange::set(field, what)])
    }

    /// A sign-in as nobody; the id tells attempts at the same name to belong together.
    pub fn of_account(account_id: Uuid, why: &str) -> Self {
        Self::new(SIGN_IN, ACCOUNT, account_id, vec![FieldChange::set("reason", why)])
    }

    /// A sign-on by way of a provider; of none where nobody can tell which it was.
    pub fn of_sign_on(provider: Option<(Uuid, &str)>, subject: &str, why: &str) -> Self {
        let (id, name) = provider.unwrap_or_default();
        let named = [("provider", name), ("subject", subject)].into_iter().filter(|(_, text)| !text.is_empty());
        let changes = [FieldChange::set("reason", why)]
            .into_iter()
            .chain(named.map(|(field, text)| FieldChange::set(field, text)));
        Self::new(SIGN_ON, PROVIDER, id, changes.collect())
    }

    pub fn of_api_key(id: Uuid, why: &str) -> Self {
        Self::new(API_KEY, KEY, id, vec![FieldChange::set("reason", why)])
    }

    /// Counted as one from wherever it comes: a thousand networks may be at work at an account that is locked.
    #[must_use]
    pub fn everywhere_if(self, everywhere: bool) -> Self {
        Self { everywhere, ..self }
    }

    fn entry(self) -> AuditEntry {
        let Self { action, record_kind, record_id, changes, .. } = self;
        AuditEntry { action, record_kind, record_id, subject_id: record_id, changes }
    }
}

fn minute() -> i64 {
    Utc::now().timestamp().div_euclid(60)
}

impl Identity {
    /// Writes a failure down, or counts it.
    pub async fn failure_note(&self, call: &Call, failure: Failure) -> Result<()> {
        let network = if failure.everywhere { None } else { rules::network(&call.address) };
        let mut tx = self.db.begin().await?;
        let first = store::failure_count(tx.connection(), minute(), &network.unwrap_or_default(), &failure).await?;
        if first {
            tx.audit(failure.entry());
        }
        tx.commit_call(call, ()).await
    }
}

/// Writes down what was counted in minutes that are over, until told to stop.
pub async fn write_counts(db: Db, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        if let Err(error) = write_out(&db, minute()).await {
            tracing::warn!("counts of failures: {error:#}");
        }
    }
}

async fn write_out(db: &Db, before: i64) -> Result<()> {
    let mut tx = db.begin().await?;
    for counted in store::failures_take(tx.connection(), before).await? {
        let known = |all: &[&'static str], text: &str| all.iter().find(|known| **known == text).copied();
        let action = known(&ACTIONS, &counted.action);
        let (Some(action), Some(record_kind)) = (action, known(&RECORD_KINDS, &counted.record_kind)) else { continue };
        let mut failure = Failure::new(action, record_kind, counted.record_id, counted.changes);
        failure.changes.push(FieldChange::set("further_failures", counted.further.to_string()));
        if !counted.network.is_empty() {
            failure.changes.push(FieldChange::set("network", counted.network));
        }
        tx.audit(failure.entry());
    }
    tx.commit().await
}
