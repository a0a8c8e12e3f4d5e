//! Setting up providers. Whoever maps a group to a role gives that role to people in any group of ours, and so does
//! whoever changes who the people are: nobody maps to more than they hold everywhere.

use contracts::identity as proto;
use contracts::identity::identity_provider_service_server::IdentityProviderService;
use contracts::identity::{IdentityProvider, RoleMapping};
use platform::access::Call;
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::Stored;
use super::{rules, store};
use crate::employee::permit::{Post, grantable_roles};
use crate::role::rules::Place;
use crate::{Identity, policy};

pub(crate) fn audit(action: &'static str, id: Uuid, changes: Vec<FieldChange>) -> AuditEntry {
    AuditEntry { action, record_kind: "identity_provider", record_id: id, subject_id: id, changes }
}

#[tonic::async_trait]
impl IdentityProviderService for Identity {
    async fn list_identity_providers(
        &self,
        request: Request<proto::ListIdentityProvidersRequest>,
    ) -> Result<Response<proto::ListIdentityProvidersResponse>, Status> {
        let request = request.into_inner();
        let after: Option<Uuid> = page::decode(&["identity_providers"], &request.page_token)?;
        let size = page::size(request.page_size, 50);
        let mut rows = store::provider_list(self.db.pool(), after, size + 1).await?;
        let next_page_token = page::cut(&mut rows, size, &["identity_providers"], |row| row.id)?;
        let identity_providers = rows.into_iter().map(|row| self.shown(row)).collect();
        Ok(Response::new(proto::ListIdentityProvidersResponse { identity_providers, next_page_token }))
    }

    async fn get_identity_provider(
        &self,
        request: Request<proto::GetIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(self.shown(store::provider_get(self.db.pool(), id).await?)))
    }

    async fn create_identity_provider(
        &self,
        request: Request<proto::CreateIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        let call = Call::of(&request)?;
        let tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let mut asked = request.into_inner().identity_provider.unwrap_or_default();
        rules::clean(&mut asked, self.config.allow_insecure_providers)?;
        let created = self.provider_create(tx, &call, &asked).await;
        Ok(Response::new(self.repeated(&call, created).await?))
    }

    async fn update_identity_provider(
        &self,
        request: Request<proto::UpdateIdentityProviderRequest>,
    ) -> Result<Response<IdentityProvider>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let paths = update::paths(request.update_mask.as_ref(), &rules::PATHS)?;
        let asked = request.identity_provider.unwrap_or_default();
        let id = crate::id("identity_provider.id", &asked.id)?;
        let etag = update::revision("identity_provider.etag", &asked.etag)?;

        // Roles must not change between the look at them and the commit.
        policy::store::advance(tx.connection()).await?;
        let before = store::provider_lock(tx.connection(), id).await?;
        if before.revision != etag {
            return Err(Error::stale_etag().into());
        }
        let mut after = rules::merged(&before.provider, &asked, &paths);
        rules::clean(&mut after, self.config.allow_insecure_providers)?;
        permit_roles(&mut tx, &call, &before.provider, &after).await?;
        let secret_replaced = paths.contains(&"client_secret");
        let moved = after.issuer != before.provider.issuer;
        let client_secret = match (secret_replaced, moved) {
            (true, _) => self.seal.close_text(id.as_bytes(), &after.client_secret)?,
            (false, true) => Vec::new(),
            (false, false) => before.client_secret.clone(),
        };
        let changes = rules::changes(&before.provider, &after, secret_replaced);
        if changes.is_empty() {
            return Ok(Response::new(self.shown(before)));
        }
        super::trust::permit(&mut tx, &call, &before.provider, &after).await?;
        if moved {
            store::links_delete(tx.connection(), id).await?;
        }
        let group_id = crate::optional_id("identity_provider.default_group_id", &after.default_group_id)?;
        store::provider_update(tx.connection(), id, &after, &client_secret, group_id).await?;
        tx.audit(audit("identity_provider.updated", id, changes));
        let reply = self.shown(store::provider_get(tx.connection(), id).await?);
        Ok(Response::new(tx.commit_call(&call, reply).await?))
    }

    async fn delete_identity_provider(
        &self,
        request: Request<proto::DeleteIdentityProviderRequest>,
    ) -> Result<Response<proto::DeleteIdentityProviderResponse>, Status> {
        let call = Call::of(&request)?;
        let mut tx = match self.db.begin_once(&call).await? {
            Once::Done(reply) => return Ok(Response::new(reply)),
            Once::New(tx) => tx,
        };
        let request = request.into_inner();
        let id = crate::id("id", &request.id)?;
        let before = store::provider_lock(tx.connection(), id).await?;
        crate::require_etag(&request.etag, &before.provider.etag)?;
        store::provider_delete(tx.connection(), id).await?;
        let changes = rules::changes(&before.provider, &IdentityProvider::default(), false);
        tx.audit(audit("identity_provider.deleted", id, changes));
        Ok(Response::new(tx.commit_call(&call, proto::DeleteIdentityProviderResponse {}).await?))
    }
}

impl Identity {
    fn shown(&self, row: Stored) -> IdentityProvider {
        IdentityProvider { redirect_uri: self.config.redirect_uri(), ..row.provider }
    }

    async fn provider_create(&self, mut tx: Tx, call: &Call, asked: &IdentityProvider) -> Result<IdentityProvider> {
        policy::store::advance(tx.connection()).await?;
        permit_roles(&mut tx, call, &IdentityProvider::default(), asked).await?;
        let id = Uuid::now_v7();
        let group_id = crate::optional_id("identity_provider.default_group_id", &asked.default_group_id)?;
        let client_secret = self.seal.close_text(id.as_bytes(), &asked.client_secret)?;
        super::trust::permit(&mut tx, call, &IdentityProvider::default(), asked).await?;
        store::provider_insert(tx.connection(), id, asked, &client_secret, group_id).await?;
        let row = store::provider_get(tx.connection(), id).await?;
        let changes = rules::changes(&IdentityProvider::default(), &row.provider, row.provider.client_secret_set);
        tx.audit(audit("identity_provider.created", id, changes));
        tx.commit_call(call, self.shown(row)).await
    }
}

/// Holds the roles that a change gives against what the caller holds.
async fn permit_roles(tx: &mut Tx, call: &Call, before: &IdentityProvider, after: &IdentityProvider) -> Result<()> {
    let roles = |mappings: &[RoleMapping]| mappings.iter().map(|mapping| mapping.role_id.clone()).collect::<Vec<_>>();
    let (all, given) = (roles(&after.role_mappings), roles(&rules::given(before, after)));
    let anywhere = |role_ids| Post { role_ids, place: Place::Anywhere };
    // What no mapping can name is told by its place among all of them.
    for (before, after) in [(anywhere(&all), anywhere(&all)), (Post::none(), anywhere(&given))] {
        let granted = grantable_roles(tx, call, before, after).await;
        granted.map_err(|error| error.renamed("employee.role_ids", "identity_provider.role_mappings"))?;
    }
    Ok(())
}
