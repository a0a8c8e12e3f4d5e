//! Who asks for a link and who uses one. Nothing here is kept under an idempotency key: a link is good for one use.

use contracts::identity as proto;
use contracts::identity::password_link_service_server::PasswordLinkService;
use platform::access::Call;
use platform::db::AuditEntry;
use platform::error::{Error, Result};
use tonic::{Request, Response, Status};

use super::{Purpose, store};
use crate::authentication::session_store::sessions_revoke;
use crate::authentication::store::{credentials, credentials_by_login, password_replace};
use crate::challenge::store::challenges_void;
use crate::one_time_token::OneTimeToken;
use crate::{Identity, attempt, employee, error, policy};

#[tonic::async_trait]
impl PasswordLinkService for Identity {
    async fn request_password_reset(
        &self,
        request: Request<proto::RequestPasswordResetRequest>,
    ) -> Result<Response<proto::RequestPasswordResetResponse>, Status> {
        let call = Call::of(&request)?;
        self.attempt_from_network(&call).await?;
        // Whatever there is to find out, the worker finds out: here all names take the same steps.
        let known = credentials_by_login(self.db.pool(), &request.into_inner().login_name).await?;
        let mut tx = self.db.begin().await?;
        self.link_send(&mut tx, known.map(|known| known.employee_id), Purpose::Reset).await?;
        Ok(Response::new(tx.commit_call(&call, proto::RequestPasswordResetResponse {}).await?))
    }

    async fn reset_password(
        &self,
        request: Request<proto::ResetPasswordRequest>,
    ) -> Result<Response<proto::ResetPasswordResponse>, Status> {
        let call = Call::of(&request)?;
        self.attempt_from_network(&call).await?;
        let proto::ResetPasswordRequest { token, new_password } = request.into_inner();
        let invalid = || Error::failed_precondition(&error::LINK_INVALID);
        let token = OneTimeToken::parse(&token).ok_or_else(invalid)?;
        let employee_id = store::link_find(self.db.pool(), &token).await?.ok_or_else(invalid)?;
        let credentials = credentials(self.db.pool(), employee_id).await?.filter(|found| found.active);
        let credentials = credentials.ok_or_else(invalid)?;
        self.password_permit("new_password", &credentials, None, &new_password).await?;

        let hash = self.passwords.hash(new_password).await?;
        let call = self.call_of(call, employee_id);
        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let purpose = store::link_use(tx.connection(), &token).await?.ok_or_else(invalid)?;
        // That of the first administrator is printed.
        if purpose != Purpose::FirstAdministrator as i16 {
            employee::store::email_prove(tx.connection(), employee_id).await?;
        }
        self.password_remember(tx.connection(), employee_id).await?;
        let replaced = password_replace(tx.connection(), &credentials, &hash, policy_revision).await?;
        let (revision, group_id) = replaced.ok_or_else(invalid)?;
        store::links_void(tx.connection(), employee_id).await?;
        challenges_void(tx.connection(), employee_id).await?;
        sessions_revoke(tx.connection(), employee_id, policy_revision).await?;
        attempt::forgive(tx.connection(), &credentials.login_name).await?;
        employee::emit_changed(&mut tx, employee_id, revision, group_id, true);
        tx.audit(AuditEntry {
            action: "employee.password_set_by_link",
            record_kind: "employee",
            record_id: employee_id,
            subject_id: employee_id,
            changes: Vec::new(),
        });
        let reply = proto::ResetPasswordResponse { login_name: credentials.login_name };
        let reply = tx.commit_call(&call, reply).await?;
        self.announce(policy_revision).await;
        Ok(Response::new(reply))
    }
}
