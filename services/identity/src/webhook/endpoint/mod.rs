//! Endpoints: `rpc` answers, `rules` tells what may be written, `store` holds all SQL.

mod rpc;
pub mod rules;
pub mod store;

use contracts::identity::WebhookEndpointChanged;
use platform::db::Tx;
use uuid::Uuid;

use rules::DisableReason;

pub fn emit_changed(tx: &mut Tx, id: Uuid, revision: i64, enabled: bool, disable_reason: DisableReason) {
    let disable_reason = disable_reason.into();
    let event = WebhookEndpointChanged { id: id.to_string(), revision, enabled, disable_reason, deleted: false };
    tx.emit("webhook_endpoint", id, &event);
}

pub fn emit_deleted(tx: &mut Tx, id: Uuid, revision: i64) {
    let event = WebhookEndpointChanged { id: id.to_string(), revision, deleted: true, ..Default::default() };
    tx.emit("webhook_endpoint", id, &event);
}
