//! How a period of ownership began, as it stands with the customer.

use contracts::customers::OwnershipReason;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// Sets it apart from the one before, by which the trigger sees that it was given.
    pub id: Uuid,
    pub reason: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<Uuid>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handover_id: Option<Uuid>,
}

impl Cause {
    pub fn new(reason: OwnershipReason) -> Self {
        Self { id: Uuid::now_v7(), reason: reason.into(), ..Self::default() }
    }

    pub fn by(reason: OwnershipReason, actor_id: Uuid) -> Self {
        Self { actor_id: Some(actor_id), ..Self::new(reason) }
    }
}
