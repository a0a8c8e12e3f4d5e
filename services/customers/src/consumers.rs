//! Events in: customers follow their owner to another group, and go to a pool when the owner is removed.

use std::sync::Arc;

use contracts::customers::OwnershipReason;
use contracts::identity::EmployeeChanged;
use platform::access::{Policy, PolicyCache};
use platform::db::{AuditEntry, Db, FieldChange, Tx};
use platform::error::{Error, Result};
use platform::events::{Consumer, Envelope, Events, Handler};
use sqlx::Row;
use uuid::Uuid;

use crate::customer::row::Reader;
use crate::customer::store::To;
use crate::customer::{event, store};
use crate::field::Fields;
use crate::ownership::Cause;
use crate::pool::pools_load;

const BATCH: i64 = 1_000;

pub fn consumers(db: &Db, events: &Events, policy: Arc<PolicyCache>) -> Vec<Consumer> {
    vec![Consumer::new(db, events, "customers_employees", Employees { policy }).event::<EmployeeChanged>()]
}

struct Employees {
    policy: Arc<PolicyCache>,
}

#[async_trait::async_trait]
impl Handler for Employees {
    async fn handle(&self, tx: &mut Tx, envelope: &Envelope) -> Result<()> {
        let employee: EmployeeChanged = envelope.decode()?;
        let Ok(id) = employee.id.parse::<Uuid>() else { return Ok(()) };
        if employee.deleted {
            return self.release(tx, id).await;
        }
        // Events hold no names and no custom fields.
        let fields = Fields::default();
        let reader = Reader::clear(Arc::new(Policy::default()), &fields);
        let mut moved = 0;
        loop {
            let rows = store::group_follow(tx.connection(), id, employee.group_id.parse().ok(), BATCH).await?;
            for row in &rows {
                event::emit(tx, row.try_get(0)?, &reader.customer(row)?);
            }
            moved += rows.len();
            if rows.len() < BATCH as usize {
                break;
            }
        }
        // One entry for all of them, which whoever wonders where a customer went finds at its owner.
        if moved > 0 {
            tx.audit(AuditEntry {
                action: "customer.followed_owner",
                record_kind: "employee",
                record_id: id,
                subject_id: id,
                changes: vec![
                    FieldChange::set("customers", moved.to_string()),
                    FieldChange::set("group_id", employee.group_id),
                ],
            });
        }
        Ok(())
    }
}

impl Employees {
    /// Nobody is removed who owns customers, but one can be given to them while they go.
    async fn release(&self, tx: &mut Tx, owner_id: Uuid) -> Result<()> {
        if !self.policy.is_fresh() {
            // Pools are of groups.
            return Err(Error::unavailable(anyhow::anyhow!("the policy is not known yet")));
        }
        let policy = self.policy.policy();
        let sources = pools_load(tx.connection(), &policy).await?;
        let fields = Fields::default();
        let reader = Reader::clear(policy.clone(), &fields);
        loop {
            let ids = store::owned_lock(tx.connection(), owner_id, BATCH).await?;
            if ids.is_empty() {
                return Ok(());
            }
            let cause = Cause::new(OwnershipReason::Recycled);
            for row in store::owner_set(tx.connection(), &ids, To::Pool(&sources), &cause).await? {
                let id: Uuid = row.try_get(0)?;
                event::emit(tx, id, &reader.customer(&row)?);
                tx.audit(AuditEntry {
                    action: "customer.recycled",
                    record_kind: event::AGGREGATE,
                    record_id: id,
                    subject_id: id,
                    changes: vec![FieldChange {
                        field: "owner_id".into(),
                        before: owner_id.to_string(),
                        after: String::new(),
                    }],
                });
            }
        }
    }
}
