//! Making, ending and exchanging keys.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use contracts::identity as proto;
use contracts::identity::ApiKey;
use contracts::identity::api_key_service_server::ApiKeyService;
use contracts::options::Permission;
use platform::access::{AccessClaims, Call, Caller};
use platform::db::{AuditEntry, FieldChange, Once};
use platform::error::{Error, Result, reason};
use platform::page;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::key::Key;
use super::store::{self, NewKey};
use crate::attempt::failure::Failure;
use crate::employee::permit::{Post, grantable_roles};
use crate::service_account::store::service_account_get;
use crate::{Identity, error, policy};

/// How long the access token of a key lives.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Live keys of one holder.
const MOST_KEYS: i64 = 100;

struct Wish {
    name: String,
    expire_time: Option<prost_types::Timestamp>,
    permissions: Vec<i32>,
}

fn audit(action: &'static str, key: &ApiKey) -> Result<AuditEntry> {
    let permissions = key.permissions().map(|permission| permission.as_str_name()).collect::<Vec<_>>().join(", ");
    let expire_time = key.expire_time.as_ref().and_then(|time| DateTime::from_timestamp(time.seconds, 0));
    let expire_time = expire_time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
    let fields = [
        ("name", key.name.clone()),
        ("holder", key.holder_name.clone()),
        ("permissions", permissions),
        ("expire_time", expire_time),
    ];
    let changes =
        fields.into_iter().filter(|(_, after)| !after.is_empty()).map(|(field, after)| FieldChange::set(field, after));
    let subject_id = crate::id("holder_id", &key.holder_id)?;
    let record_id = crate::id("id", &key.id)?;
    Ok(AuditEntry { action, record_kind: "api_key", record_id, subject_id, changes: changes.collect() })
}

#[tonic::async_trait]
impl ApiKeyService for Identity {
    async fn list_api_keys(
        &self,
        request: Request<proto::ListApiKeysRequest>,
    ) -> Result<Response<proto::ListApiKeysResponse>, Status> {
        let request = request.into_inner();
        let holder = crate::optional_id("holder_id", &request.holder_id)?;
        let (api_keys, next_page_token) = self.api_keys(holder, request.page_size, &request.page_token).await?;
        Ok(Response::new(proto::ListApiKeysResponse { api_keys, next_page_token }))
    }

    async fn create_api_key(
        &self,
        request: Request<proto::CreateApiKeyRequest>,
    ) -> Result<Response<proto::CreateApiKeyResponse>, Status> {
        let call = Call::of(&request)?;
        let proto::CreateApiKeyRequest { service_account_id, name, expire_time, permissions } = request.into_inner();
        let holder = crate::id("service_account_id", &service_account_id)?;
        let wish = Wish { name, expire_time, permissions };
        Ok(Response::new(self.api_key_create(&call, holder, wish).await?))
    }

    async fn revoke_api_key(&self, request: Request<proto::RevokeApiKeyRequest>) -> Result<Response<ApiKey>, Status> {
        let call = Call::of(&request)?;
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(self.api_key_end(&call, None, id).await?))
    }

    async fn list_personal_api_keys(
        &self,
        request: Request<proto::ListPersonalApiKeysRequest>,
    ) -> Result<Response<proto::ListPersonalApiKeysResponse>, Status> {
        let holder = Call::of(&request)?.caller.require_employee()?;
        let request = request.into_inner();
        let (api_keys, next_page_token) = self.api_keys(Some(holder), request.page_size, &request.page_token).await?;
        Ok(Response::new(proto::ListPersonalApiKeysResponse { api_keys, next_page_token }))
    }

    async fn create_personal_api_key(
        &self,
        request: Request<proto::CreatePersonalApiKeyRequest>,
    ) -> Result<Response<proto::CreateApiKeyResponse>, Status> {
        let call = Call::of(&request)?;
        let holder = call.caller.require_employee()?;
        let proto::CreatePersonalApiKeyRequest { name, expire_time, permissions } = request.into_inner();
        let wish = Wish { name, expire_time, permissions };
        Ok(Response::new(self.api_key_create(&call, holder, wish).await?))
    }

    async fn revoke_personal_api_key(
        &self,
        request: Request<proto::RevokePersonalApiKeyRequest>,
    ) -> Result<Response<ApiKey>, Status> {
        let call = Call::of(&request)?;
        let holder = call.caller.require_employee()?;
        let id = crate::id("id", &request.into_inner().id)?;
        Ok(Response::new(self.api_key_end(&call, Some(holder), id).await?))
    }

    async fn exchange_api_key(
        &self,
        request: Request<proto::ExchangeApiKeyRequest>,
    ) -> Result<Response<proto::ExchangeApiKeyResponse>, Status> {
        let call = Call::of(&request)?;
        let invalid = || Error::new(Code::Unauthenticated, &error::API_KEY_INVALID);
        let key = Key::parse(&request.into_inner().key).ok_or_else(invalid)?;
        let now = Utc::now();
        let mut tx = self.db.begin().await?;
        let expires = now + TOKEN_LIFE;
        let used = store::api_key_use(tx.connection(), key.id, &key.digest(), &call.address, expires).await?;
        let Some(used) = used else {
            drop(tx);
            self.api_key_refuse(&call, &key).await?;
            return Err(invalid().into());
        };
        // A program exchanges its key every few minutes, which would bury what people do: the trail is told of the first
        // time in a day, and the key itself tells when and where it was used last.
        if used.first_today {
            let known = store::api_key_get(tx.connection(), None, key.id).await?;
            tx.audit(audit("api_key.signed_in", &known)?);
        }
        let call = self.call_of(Call { idempotency_key: None, ..call }, used.holder);
        tx.commit_call(&call, ()).await?;
        let expires = used.access_expire_time.timestamp();
        let mut claims = AccessClaims::new(used.holder, key.id, now.timestamp(), expires, None);
        claims.permissions = (!used.permissions.is_empty()).then_some(used.permissions);
        let access_token = self.keys.current(now).await?.sign(&claims)?;
        let expire_time = prost_types::Timestamp { seconds: expires, nanos: 0 };
        Ok(Response::new(proto::ExchangeApiKeyResponse { access_token, access_token_expire_time: Some(expire_time) }))
    }
}

impl Identity {
    /// Writes down that a key which was made here is refused. Keys that nobody made are but counted.
    async fn api_key_refuse(&self, call: &Call, key: &Key) -> Result<()> {
        metrics::counter!("changke_api_keys_refused_total").increment(1);
        let Some(digest) = store::api_key_digest(self.db.pool(), key.id).await? else { return Ok(()) };
        let why = if digest == key.digest() { "OVER" } else { "WRONG_SECRET" };
        self.failure_note(call, Failure::of_api_key(key.id, why)).await
    }

    async fn api_keys(&self, holder: Option<Uuid>, size: i32, token: &str) -> Result<(Vec<ApiKey>, String)> {
        let of = holder.map(|id| id.to_string()).unwrap_or_default();
        let after: Option<Uuid> = page::decode(&["api_keys", &of], token)?;
        let size = page::size(size, 50);
        let mut keys = store::api_key_list(self.db.pool(), holder, after, size + 1).await?;
        let next_page_token = page::cut(&mut keys, size, &["api_keys", &of], |key| key.id.clone())?;
        Ok((keys, next_page_token))
    }

    /// Makes a key of the caller's own, or of a service account that holds no more than the caller.
    async fn api_key_create(&self, call: &Call, holder: Uuid, wish: Wish) -> Result<proto::CreateApiKeyResponse> {
        if let Once::Done(reply) = self.db.begin_once::<proto::CreateApiKeyResponse>(call).await? {
            let id = crate::id("id", reply.api_key.as_ref().map(|key| key.id.as_str()).unwrap_or_default())?;
            let key = Key::new(id, self.api_key_secret(call).await?);
            let known = store::api_key_digest(self.db.pool(), id).await?;
            let key = known.filter(|digest| *digest == key.digest()).map(|_| key.encode()).unwrap_or_default();
            return Ok(proto::CreateApiKeyResponse { key, ..reply });
        }
        let name = wish.name.trim();
        if name.is_empty() {
            return Err(Error::invalid("name", &reason::VALUE_REQUIRED));
        }
        let expire_time = wish.expire_time.as_ref().map(expiry).transpose()?;
        let secret = self.api_key_secret(call).await?;
        let key = Key::new(Uuid::now_v7(), secret);

        let mut tx = self.db.begin_for(&call.caller).await?;
        // Roles must not change between the look at them and the commit.
        policy::store::advance(tx.connection()).await?;
        if call.caller.employee_id() != Some(holder) {
            let account = service_account_get(tx.connection(), holder).await?;
            let group_id = crate::optional_id("group_id", &account.group_id)?;
            grantable_roles(&mut tx, call, Post::none(), Post::new(&account.role_ids, group_id)).await?;
        }
        self.permit_confinement(call, holder, &wish.permissions)?;
        if store::api_key_count(tx.connection(), holder).await? >= MOST_KEYS {
            return Err(Error::failed_precondition(&error::API_KEY_LIMIT).arg("limit", MOST_KEYS));
        }
        let new = NewKey {
            id: key.id,
            holder,
            name,
            secret_digest: &key.digest(),
            permissions: &wish.permissions,
            expire_time,
        };
        store::api_key_insert(tx.connection(), &new).await?;
        let api_key = store::api_key_get(tx.connection(), None, key.id).await?;
        tx.audit(audit("api_key.created", &api_key)?);
        let kept = proto::CreateApiKeyResponse { api_key: Some(api_key), key: String::new() };
        let reply = tx.commit_call(call, kept).await?;
        // Of two equal calls at the same time, both get the key of the one that won.
        let id = crate::id("id", reply.api_key.as_ref().map(|key| key.id.as_str()).unwrap_or_default())?;
        Ok(proto::CreateApiKeyResponse { key: Key::new(id, secret).encode(), ..reply })
    }

    /// The secret of a new key; the same for the same call with the same idempotency key, so that a repeated call can be
    /// answered alike although nothing but a digest is kept.
    async fn api_key_secret(&self, call: &Call) -> Result<[u8; 32]> {
        let Some(key) = &call.idempotency_key else { return Ok(rand::random()) };
        let caller = call.caller.require_employee()?;
        let signing = self.keys.current(Utc::now()).await?;
        let parts: [&[u8]; 5] =
            [b"api key", caller.as_bytes(), call.method.as_bytes(), key.as_bytes(), &call.request_digest];
        Ok(signing.derive(&parts))
    }

    /// Refuses what the holder may not do. What they lose later, the key loses with them.
    fn permit_confinement(&self, call: &Call, holder: Uuid, permissions: &[i32]) -> Result<()> {
        let policy = call.caller.policy().cloned();
        let holder = policy.and_then(|policy| Caller::of_employee(policy, holder));
        for (index, number) in permissions.iter().enumerate() {
            let permission = Permission::try_from(*number).unwrap_or_default();
            if !holder.as_ref().is_some_and(|holder| holder.allows(permission)) {
                return Err(Error::invalid(format!("permissions[{index}]"), &error::PERMISSION_NOT_HELD));
            }
        }
        Ok(())
    }

    /// Ends a key, of one holder or of anybody.
    async fn api_key_end(&self, call: &Call, holder: Option<Uuid>, id: Uuid) -> Result<ApiKey> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let policy_revision = policy::store::advance(tx.connection()).await?;
        let before = store::api_key_get(tx.connection(), holder, id).await?;
        if !store::api_key_revoke(tx.connection(), id, policy_revision).await? {
            return Ok(before);
        }
        let after = store::api_key_get(tx.connection(), holder, id).await?;
        tx.audit(audit("api_key.revoked", &after)?);
        let reply = tx.commit_call(call, after).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }
}

fn expiry(time: &prost_types::Timestamp) -> Result<DateTime<Utc>> {
    let invalid = |reason| Error::invalid("expire_time", reason);
    let time = DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or_default())
        .ok_or_else(|| invalid(&reason::VALUE_INVALID))?;
    if time > Utc::now() { Ok(time) } else { Err(invalid(&error::TIME_IN_THE_PAST)) }
}
