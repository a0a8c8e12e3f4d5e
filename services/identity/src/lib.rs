//! Who works here and what they may do: sign-in and sessions, employees, groups, roles, and the policy that every other
//! service watches. One `Identity` answers all its contracts; each aggregate has a folder.

mod authentication;
mod avatar;
pub mod bootstrap;
mod config;
mod employee;
mod employee_access;
mod employee_import;
mod error;
mod group;
mod housekeeping;
mod policy;
mod profile;
mod role;
mod seal;
pub mod seed;
pub mod signing;
pub mod webhook;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use contracts::identity::authentication_service_server::AuthenticationServiceServer;
use contracts::identity::avatar_service_server::AvatarServiceServer;
use contracts::identity::employee_access_service_server::EmployeeAccessServiceServer;
use contracts::identity::employee_import_service_server::EmployeeImportServiceServer;
use contracts::identity::employee_service_server::EmployeeServiceServer;
use contracts::identity::group_service_server::GroupServiceServer;
use contracts::identity::policy_service_server::PolicyServiceServer;
use contracts::identity::profile_service_server::ProfileServiceServer;
use contracts::identity::role_service_server::RoleServiceServer;
use contracts::identity::webhook_delivery_service_server::WebhookDeliveryServiceServer;
use contracts::identity::webhook_service_server::WebhookServiceServer;
use contracts::unary::{
    AuthenticationServiceUnary, AvatarServiceUnary, EmployeeAccessServiceUnary, EmployeeImportServiceUnary,
    EmployeeServiceUnary, GroupServiceUnary, PolicyServiceUnary, ProfileServiceUnary, RoleServiceUnary,
    WebhookDeliveryServiceUnary, WebhookServiceUnary,
};
use futures::FutureExt;
use platform::access::{Access, Call};
use platform::db::{Db, Once};
use platform::error::{Error, Result, reason};
use platform::events::Consumer;
use platform::service::{Clients, Context, Parts, Services};
use prost::Message;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

pub use config::{Config, HashingConfig, PasswordConfig, WebhookConfig};

use authentication::passwords::Passwords;
use policy::feed::Feed;
use seal::Seal;
use signing::SigningKeys;
use webhook::{Deliverer, Outside, Transport, Webhooks};

pub const NAME: &str = "identity";

pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a call that changed the policy waits for this process to have heard of it.
const HEARD: Duration = Duration::from_secs(1);

/// What all handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Identity(Arc<State>);

pub(crate) struct State {
    db: Db,
    clients: Clients,
    access: Arc<Access>,
    shutdown: CancellationToken,
    config: Config,
    passwords: Passwords,
    keys: SigningKeys,
    feed: Feed,
    webhooks: Arc<Webhooks>,
}

impl Deref for Identity {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Identity {
    /// Of two equal calls at the same time, the later one finds in its way what the first has made: it is given the
    /// answer of the first.
    async fn repeated<R: Message + Default>(&self, call: &Call, result: Result<R>) -> Result<R> {
        match result {
            Err(error) if error.code() == Code::AlreadyExists && call.idempotency_key.is_some() => {
                match self.db.begin_once(call).await? {
                    Once::Done(reply) => Ok(reply),
                    Once::New(_) => Err(error),
                }
            }
            result => result,
        }
    }

    /// Tells the watchers of a committed revision, and lets the caller go on once this process decides by it.
    async fn announce(&self, revision: i64) {
        self.feed.reached(revision);
        let policy = self.access.policy();
        if policy.is_fresh() && tokio::time::timeout(HEARD, policy.reached(revision)).await.is_err() {
            tracing::warn!(revision, "the policy watch of this process lags behind");
        }
    }
}

/// An id that a request names.
pub(crate) fn id(field: &str, text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))
}

/// An id that a request may leave empty.
pub(crate) fn optional_id(field: &str, text: &str) -> Result<Option<Uuid>> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}

/// Holds an etag against the present one where the caller gave any; updates by mask always must.
pub(crate) fn require_etag(given: &str, present: &str) -> Result<()> {
    if given.is_empty() || given == present { Ok(()) } else { Err(Error::stale_etag()) }
}

pub async fn build(config: Config, context: Context) -> anyhow::Result<Parts> {
    build_within(config, context, Outside::default()).await
}

/// The same with a time and names of hosts that the caller decides on.
pub async fn build_within(config: Config, context: Context, outside: Outside) -> anyhow::Result<Parts> {
    role::presets::install(&context.db).await?;
    let webhooks = Arc::new(Webhooks {
        clock: outside.clock,
        seal: Seal::new(context.clients.derive("identity secrets")),
        transport: Transport::new(&config.webhooks, outside.names)?,
    });
    let identity = Identity(Arc::new(State {
        keys: SigningKeys::open(&context.db, &config.signing_key).await?,
        passwords: Passwords::new(&config.hashing)?,
        feed: Feed::default(),
        webhooks: webhooks.clone(),
        db: context.db.clone(),
        clients: context.clients.calling_as(NAME),
        access: context.access,
        shutdown: context.shutdown,
        config,
    }));
    let services = Services::default()
        .add(identity.clone(), AuthenticationServiceServer::from_arc, AuthenticationServiceUnary)
        .add(identity.clone(), EmployeeServiceServer::from_arc, EmployeeServiceUnary)
        .add(identity.clone(), EmployeeAccessServiceServer::from_arc, EmployeeAccessServiceUnary)
        .add(identity.clone(), GroupServiceServer::from_arc, GroupServiceUnary)
        .add(identity.clone(), PolicyServiceServer::from_arc, PolicyServiceUnary)
        .add(identity.clone(), ProfileServiceServer::from_arc, ProfileServiceUnary)
        .add(identity.clone(), RoleServiceServer::from_arc, RoleServiceUnary)
        .add(identity.clone(), AvatarServiceServer::from_arc, AvatarServiceUnary)
        .add(identity.clone(), EmployeeImportServiceServer::from_arc, EmployeeImportServiceUnary)
        .add(identity.clone(), WebhookServiceServer::from_arc, WebhookServiceUnary)
        .add(identity.clone(), WebhookDeliveryServiceServer::from_arc, WebhookDeliveryServiceUnary);
    let feed = {
        let identity = identity.clone();
        async move { identity.feed.run(identity.db.clone(), identity.shutdown.clone()).await }
    };
    let deliverer = Deliverer::new(&context.db, webhooks.clone()).run(identity.shutdown.clone());
    let consumer =
        Consumer::new(&context.db, &context.events, webhook::CONSUMER, webhook::Feed { clock: webhooks.clock.clone() });
    let worker = housekeeping::worker(&context.db).register(webhook::Replay { webhooks });
    let keys = async move {
        let mut revisions = identity.feed.subscribe();
        while let Some(Ok(())) = identity.shutdown.run_until_cancelled(revisions.changed()).await {
            if let Err(error) = identity.keys.reload(&identity.db).await {
                tracing::warn!("signing keys: {error:#}");
            }
        }
    };
    Ok(Parts {
        services,
        consumers: vec![consumer],
        worker: Some(worker),
        tasks: vec![feed.boxed(), keys.boxed(), deliverer.boxed()],
    })
}
