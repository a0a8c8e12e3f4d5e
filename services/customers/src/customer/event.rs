//! What other services hear of a customer.

use contracts::customers::{Customer, CustomerChanged};
use platform::db::Tx;
use uuid::Uuid;

pub const AGGREGATE: &str = "customer";

/// The state after a change. The revision is the etag's.
pub fn changed(customer: &Customer) -> CustomerChanged {
    CustomerChanged {
        id: customer.id.clone(),
        revision: i64::from_str_radix(&customer.etag, 16).unwrap_or_default(),
        change_time: customer.update_time,
        create_time: customer.create_time,
        kind: customer.kind,
        region: customer.region.clone(),
        industry: customer.industry.clone(),
        source: customer.source.clone(),
        level: customer.level.clone(),
        grade: customer.grade.clone(),
        status: customer.status.clone(),
        state: customer.state,
        owner_id: customer.owner_id.clone(),
        group_id: customer.group_id.clone(),
    }
}

pub fn emit(tx: &mut Tx, id: Uuid, customer: &Customer) {
    tx.emit(AGGREGATE, id, &changed(customer));
}
