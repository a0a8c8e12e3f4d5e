//! Brings some customers to the rules within a transaction: grades first, which rules of tags may ask about, then tags, and
//! then the warnings that may ask about both.

use std::collections::HashSet;
use std::sync::Arc;

use contracts::customers::GradeCause;
use platform::access::Policy;
use platform::db::{AuditEntry, FieldChange, Tx};
use platform::error::Result;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::rule::Rules;
use super::store::{self, Tagged};
use crate::customer::event;
use crate::customer::row::{Reader, WIDTH};
use crate::field::Fields;
use crate::grade;
use crate::lifecycle::warn::warn;

/// Why grades move.
#[derive(Clone, Copy)]
pub enum Cause<'a> {
    Rules,
    /// What was set by hand ran out or was released, for a reason.
    HandEnded(&'a str),
}

/// What has changed.
#[derive(Default)]
pub struct Judged {
    pub customers: HashSet<Uuid>,
    /// Customer and scheme.
    pub moved: HashSet<(Uuid, String)>,
}

pub async fn judge(tx: &mut Tx, rules: &Rules, ids: &[Uuid], cause: Cause<'_>) -> Result<Judged> {
    let mut judged = Judged::default();
    store::quiet_set(tx.connection()).await?;
    for scheme in &rules.schemes {
        let (cause, version, reason) = match cause {
            Cause::Rules => (GradeCause::Rules, scheme.version, ""),
            Cause::HandEnded(reason) => (GradeCause::HandEnded, scheme.version, reason),
        };
        store::cause_set(tx.connection(), cause.into(), version, reason, None).await?;
        let rows = store::grades_apply(tx.connection(), scheme, &rules.context, ids).await?;
        follow(tx, rows.iter().map(store::row_id).collect::<sqlx::Result<_>>()?).await?;
        for row in rows {
            let id = store::row_id(&row)?;
            let (before, after) = (row.try_get(WIDTH)?, row.try_get(WIDTH + 1)?);
            emit(tx, &row)?;
            let changes = vec![
                FieldChange { field: grade::field(&scheme.code), before, after },
                FieldChange::set("version", scheme.version.to_string()),
            ];
            tx.audit(AuditEntry {
                action: "customer.graded",
                record_kind: event::AGGREGATE,
                record_id: id,
                subject_id: id,
                changes,
            });
            judged.customers.insert(id);
            judged.moved.insert((id, scheme.code.clone()));
        }
    }
    if !rules.tags.is_empty() {
        let tagged = store::tags_apply(tx.connection(), &rules.tags, &rules.context, ids).await?;
        let changed: Vec<Uuid> = tagged.iter().map(|one| one.customer_id).collect();
        judged.customers.extend(&changed);
        tell_tagged(tx, tagged).await?;
        follow(tx, changed).await?;
    }
    for warning in &rules.warnings {
        for (case_id, customer_id) in warn(tx.connection(), warning, &rules.context, ids, rules.today).await? {
            tx.audit(AuditEntry {
                action: "churn_case.opened",
                record_kind: "churn_case",
                record_id: case_id,
                subject_id: customer_id,
                changes: vec![FieldChange::set("cause", &warning.rule.label)],
            });
            judged.customers.insert(customer_id);
        }
    }
    Ok(judged)
}

async fn follow(tx: &mut Tx, changed: Vec<Uuid>) -> Result<()> {
    if !changed.is_empty() {
        store::imports_follow(tx.connection(), &changed).await?;
    }
    Ok(())
}

/// Notes and tells that tags have changed.
pub async fn tell_tagged(tx: &mut Tx, tagged: Vec<Tagged>) -> Result<()> {
    if tagged.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = tagged.iter().map(|one| one.customer_id).collect();
    for row in store::touch(tx.connection(), &ids).await? {
        emit(tx, &row)?;
    }
    for Tagged { customer_id, added, removed } in tagged {
        tx.audit(AuditEntry {
            action: "customer.tagged",
            record_kind: event::AGGREGATE,
            record_id: customer_id,
            subject_id: customer_id,
            changes: vec![FieldChange { field: "tags".into(), before: removed.join(", "), after: added.join(", ") }],
        });
    }
    Ok(())
}

/// Events hold neither names nor custom fields.
fn emit(tx: &mut Tx, row: &PgRow) -> Result<()> {
    let fields = Fields::default();
    let customer = Reader::clear(Arc::new(Policy::default()), &fields).customer(row)?;
    event::emit(tx, store::row_id(row)?, &customer);
    Ok(())
}
