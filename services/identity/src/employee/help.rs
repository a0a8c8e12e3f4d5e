//! What is done for somebody who has yet to get in, or can't any more: invitations, initial passwords, lost factors.

use chrono::Utc;
use contracts::identity as proto;
use contracts::identity::EmployeeState;
use contracts::options::Permission;
use platform::access::Call;
use platform::db::Once;
use platform::error::{Error, Result};
use uuid::Uuid;

use super::permit::{Touch, not_above};
use super::rpc::audit;
use super::{emit_changed, store};
use crate::authentication::session_store::sessions_revoke;
use crate::authentication::store::credentials;
use crate::challenge::store::challenges_void;
use crate::credential::store::{factors_delete, second_factor_note};
use crate::password_link::Purpose;
use crate::password_link::store::links_void;
use crate::{Identity, attempt, error, policy};

impl Identity {
    pub(super) async fn employee_invite(&self, call: &Call, id: &str) -> Result<proto::InviteEmployeeResponse> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", id)?;
        let rows = call.caller.rows(Permission::EmployeesManage);
        let employee = store::employee_get(tx.connection(), &rows, id).await?;
        if employee.state() != EmployeeState::Active {
            return Err(Error::failed_precondition(&error::EMPLOYEE_DISABLED));
        }
        if !employee.password_change_required {
            return Err(Error::failed_precondition(&error::EMPLOYEE_HAS_PASSWORD));
        }
        self.permit_invitation(&employee.email)?;
        self.link_send(&mut tx, Some(id), Purpose::Invitation).await?;
        tx.audit(audit("employee.invited", id, Vec::new()));
        tx.commit_call(call, proto::InviteEmployeeResponse {}).await
    }

    pub(super) async fn employee_password_reset(
        &self,
        call: &Call,
        id: &str,
    ) -> Result<proto::ResetEmployeePasswordResponse> {
        let id = crate::id("id", id)?;
        if let Once::Done(_) = self.db.begin_once::<proto::ResetEmployeePasswordResponse>(call).await? {
            let initial_password = self.repeated_password(call, id).await?;
            return Ok(proto::ResetEmployeePasswordResponse { initial_password });
        }
        let rows = call.caller.rows(Permission::EmployeesManage);
        store::employee_get(self.db.pool(), &rows, id).await?;
        let initial_password = self.initial_password(call).await?;
        let hash = self.passwords.hash(initial_password.clone()).await?;

        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let employee = store::employee_get(tx.connection(), &rows, id).await?;
        // Whoever sets a password can use it, which is as good as being given the roles.
        not_above(&mut tx, call, &employee, Touch::Entry).await?;
        self.password_remember(tx.connection(), id).await?;
        let revision = store::password_reset(tx.connection(), id, &hash, policy_revision).await?;
        links_void(tx.connection(), id).await?;
        challenges_void(tx.connection(), id).await?;
        sessions_revoke(tx.connection(), id, policy_revision).await?;
        attempt::forgive(tx.connection(), &employee.login_name).await?;
        let group_id = crate::optional_id("group_id", &employee.group_id)?;
        emit_changed(&mut tx, id, revision, group_id, employee.state() == EmployeeState::Active);
        tx.audit(audit("employee.password_reset", id, Vec::new()));
        tx.commit_call(call, proto::ResetEmployeePasswordResponse::default()).await?;
        self.announce(policy_revision).await;
        Ok(proto::ResetEmployeePasswordResponse { initial_password })
    }

    pub(super) async fn employee_factors_reset(
        &self,
        call: &Call,
        id: &str,
    ) -> Result<proto::ResetSecondFactorsResponse> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let id = crate::id("id", id)?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let rows = call.caller.rows(Permission::EmployeesManage);
        let employee = store::employee_get(tx.connection(), &rows, id).await?;
        // Together with the password it opens the account.
        not_above(&mut tx, call, &employee, Touch::Entry).await?;
        factors_delete(tx.connection(), id).await?;
        second_factor_note(tx.connection(), id, policy_revision).await?;
        challenges_void(tx.connection(), id).await?;
        sessions_revoke(tx.connection(), id, policy_revision).await?;
        tx.audit(audit("employee.second_factors_reset", id, Vec::new()));
        let reply = tx.commit_call(call, proto::ResetSecondFactorsResponse {}).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// An initial password; the same for the same call with the same idempotency key, so that a repeated call can be
    /// answered alike although nothing but a hash is kept.
    pub(super) async fn initial_password(&self, call: &Call) -> Result<String> {
        let Some(key) = &call.idempotency_key else { return Ok(crate::password::hashing::random()) };
        let caller = call.caller.require_employee()?;
        let signing = self.keys.current(Utc::now()).await?;
        let seed = signing.derive(&[
            b"initial password",
            caller.as_bytes(),
            call.method.as_bytes(),
            key.as_bytes(),
            &call.request_digest,
        ]);
        Ok(crate::password::hashing::from_seed(seed))
    }

    /// The initial password that a call made before was answered with; nothing when it is no longer in force.
    pub(super) async fn repeated_password(&self, call: &Call, id: Uuid) -> Result<String> {
        let password = self.initial_password(call).await?;
        let Some(known) = credentials(self.db.pool(), id).await? else { return Ok(String::new()) };
        let in_force =
            known.password_change_required && self.passwords.matches(password.clone(), known.password_hash).await?;
        Ok(if in_force { password } else { String::new() })
    }
}
