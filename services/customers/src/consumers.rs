//! Events in: customers follow their owner to another group.

use contracts::identity::EmployeeChanged;
use platform::access::Policy;
use platform::db::{AuditEntry, Db, FieldChange, Tx};
use platform::error::Result;
use platform::events::{Consumer, Envelope, Events, Handler};
use sqlx::Row;
use uuid::Uuid;

use crate::customer::row::Reader;
use crate::customer::{event, store};
use crate::field::Fields;

const BATCH: i64 = 1_000;

pub fn consumers(db: &Db, events: &Events) -> Vec<Consumer> {
    vec![Consumer::new(db, events, "customers_employees", Employees).event::<EmployeeChanged>()]
}

struct Employees;

#[async_trait::async_trait]
impl Handler for Employees {
    async fn handle(&self, tx: &mut Tx, envelope: &Envelope) -> Result<()> {
        let employee: EmployeeChanged = envelope.decode()?;
        let Ok(id) = employee.id.parse::<Uuid>() else { return Ok(()) };
        if employee.deleted {
            return Ok(());
        }
        // Events hold no names and no custom fields.
        let fields = Fields::default();
        let reader = Reader::clear(std::sync::Arc::new(Policy::default()), &fields);
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
