//! Who may trust a provider with addresses.

use contracts::identity::IdentityProvider;
use platform::access::Call;
use platform::db::Tx;
use platform::error::{Error, Result};

use crate::error;
use crate::role::presets::ADMINISTRATOR;
use crate::role::rules::Holdings;
use crate::role::store::role_by_preset;

/// Refuses to let a provider say whose an address is to callers who hold less than administrators do: it could be one of
/// their own, and say that they are an administrator.
pub async fn permit(tx: &mut Tx, call: &Call, before: &IdentityProvider, after: &IdentityProvider) -> Result<()> {
    let same = before.trust_email && before.issuer == after.issuer && before.client_id == after.client_id;
    if !after.trust_email || same {
        return Ok(());
    }
    let own = Holdings::of_caller(&call.caller);
    match role_by_preset(tx.connection(), ADMINISTRATOR).await? {
        Some(role) if !Holdings::of(&role.grants, &role.field_visibilities).exceeds(&own) => Ok(()),
        _ => Err(Error::permission_denied(&error::TRUST_TAKES_ADMINISTRATOR)),
    }
}
