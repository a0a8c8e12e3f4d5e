//! Who works here and what they may do: sign-in and sessions, second factors, links by e-mail, employees, groups, roles,
//! and the policy that every other service watches. One `Identity` answers all its contracts; each aggregate has a folder.

mod api_key;
mod attempt;
mod authentication;
mod avatar;
pub mod bootstrap;
mod challenge;
mod config;
mod credential;
mod employee;
mod employee_access;
mod employee_import;
mod error;
mod feedback;
mod group;
mod housekeeping;
mod identity_provider;
mod mail;
mod one_time_token;
mod parameter;
mod password;
mod password_link;
mod place;
mod policy;
mod profile;
pub mod recovery;
mod role;
mod scim;
mod seal;
pub mod seed;
mod service_account;
mod sign_on;
pub mod signing;
mod subject;
pub mod webhook;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use contracts::identity::api_key_service_server::ApiKeyServiceServer;
use contracts::identity::authentication_service_server::AuthenticationServiceServer;
use contracts::identity::avatar_service_server::AvatarServiceServer;
use contracts::identity::credential_service_server::CredentialServiceServer;
use contracts::identity::employee_access_service_server::EmployeeAccessServiceServer;
use contracts::identity::employee_import_service_server::EmployeeImportServiceServer;
use contracts::identity::employee_service_server::EmployeeServiceServer;
use contracts::identity::feedback_service_server::FeedbackServiceServer;
use contracts::identity::group_service_server::GroupServiceServer;
use contracts::identity::identity_operations_service_server::{
    IdentityOperationsService, IdentityOperationsServiceServer,
};
use contracts::identity::identity_provider_service_server::IdentityProviderServiceServer;
use contracts::identity::identity_subject_service_server::IdentitySubjectServiceServer;
use contracts::identity::parameter_service_server::ParameterServiceServer;
use contracts::identity::password_link_service_server::PasswordLinkServiceServer;
use contracts::identity::policy_service_server::PolicyServiceServer;
use contracts::identity::profile_service_server::ProfileServiceServer;
use contracts::identity::role_service_server::RoleServiceServer;
use contracts::identity::scim_group_service_server::ScimGroupServiceServer;
use contracts::identity::scim_service_server::ScimServiceServer;
use contracts::identity::scim_user_service_server::ScimUserServiceServer;
use contracts::identity::service_account_service_server::ServiceAccountServiceServer;
use contracts::identity::single_sign_on_service_server::SingleSignOnServiceServer;
use contracts::identity::webhook_delivery_service_server::WebhookDeliveryServiceServer;
use contracts::identity::webhook_service_server::WebhookServiceServer;
use contracts::unary::{
    ApiKeyServiceUnary, AuthenticationServiceUnary, AvatarServiceUnary, CredentialServiceUnary,
    EmployeeAccessServiceUnary, EmployeeImportServiceUnary, EmployeeServiceUnary, FeedbackServiceUnary,
    GroupServiceUnary, IdentityOperationsServiceUnary, IdentityProviderServiceUnary, IdentitySubjectServiceUnary,
    ParameterServiceUnary, PasswordLinkServiceUnary, PolicyServiceUnary, ProfileServiceUnary, RoleServiceUnary,
    ScimGroupServiceUnary, ScimServiceUnary, ScimUserServiceUnary, ServiceAccountServiceUnary,
    SingleSignOnServiceUnary, WebhookDeliveryServiceUnary, WebhookServiceUnary,
};
use futures::FutureExt;
use platform::access::{Access, Call};
use platform::db::{Db, Once};
use platform::error::{Error, Result, reason};
use platform::events::Consumer;
use platform::operations::{ByContract, Operations};
use platform::service::{Clients, Context, Parts, Services};
use prost::Message;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

pub use config::{Config, HashingConfig, MailConfig, PasswordConfig, WebhookConfig};

use credential::passkeys::Passkeys;
use mail::Mailer;
use password::hashing::Passwords;
use place::Places;
use policy::feed::Feed;
use seal::Seal;
use sign_on::provider::Providers;
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
    passkeys: Passkeys,
    places: Places,
    /// Nothing where the installation sends no mail.
    mailer: Option<Mailer>,
    keys: SigningKeys,
    feed: Feed,
    providers: Providers,
    seal: Seal,
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

    /// The configuration with the parameters in force.
    fn settings(&self) -> Config {
        parameter::settings(&self.config, &self.access.policy().policy())
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

platform::serve_operations!(IdentityOperationsService);

pub async fn build(config: Config, context: Context) -> anyhow::Result<Parts> {
    build_within(config, context, Outside::default()).await
}

/// The same with a time and names of hosts that the caller decides on.
pub async fn build_within(config: Config, context: Context, outside: Outside) -> anyhow::Result<Parts> {
    role::presets::install(&context.db).await?;
    let seal = Seal::of(&context.clients);
    let webhooks = Arc::new(Webhooks {
        clock: outside.clock,
        seal: seal.clone(),
        transport: Transport::new(&config.webhooks, outside.names)?,
    });
    let passwords = Passwords::new(&config.hashing)?;
    passwords.note_makes(&password::store::hashes_by_make(context.db.pool()).await?);
    let identity = Identity(Arc::new(State {
        keys: SigningKeys::open(&context.db, &config.signing_key, seal.clone()).await?,
        passwords,
        passkeys: Passkeys::new(&config.public_url)?,
        places: Places::open(&config.place_database)?,
        mailer: Mailer::new(&config.mail)?,
        feed: Feed::default(),
        providers: Providers::new(&config),
        seal,
        webhooks: webhooks.clone(),
        db: context.db.clone(),
        clients: context.clients.calling_as(NAME),
        access: context.access,
        shutdown: context.shutdown,
        config,
    }));
    let feed_of_events = webhook::Feed { clock: webhooks.clock.clone() };
    let consumers = vec![Consumer::new(&context.db, &context.events, webhook::CONSUMER, feed_of_events)];
    let operations = Operations::new(&context.db, &context.events, &consumers, ByContract);
    let services = Services::default()
        .add(identity.clone(), ApiKeyServiceServer::from_arc, ApiKeyServiceUnary)
        .add(identity.clone(), AuthenticationServiceServer::from_arc, AuthenticationServiceUnary)
        .add(identity.clone(), CredentialServiceServer::from_arc, CredentialServiceUnary)
        .add(identity.clone(), EmployeeServiceServer::from_arc, EmployeeServiceUnary)
        .add(identity.clone(), EmployeeAccessServiceServer::from_arc, EmployeeAccessServiceUnary)
        .add(identity.clone(), GroupServiceServer::from_arc, GroupServiceUnary)
        .add(identity.clone(), IdentityProviderServiceServer::from_arc, IdentityProviderServiceUnary)
        .add(identity.clone(), PasswordLinkServiceServer::from_arc, PasswordLinkServiceUnary)
        .add(identity.clone(), PolicyServiceServer::from_arc, PolicyServiceUnary)
        .add(identity.clone(), ProfileServiceServer::from_arc, ProfileServiceUnary)
        .add(identity.clone(), RoleServiceServer::from_arc, RoleServiceUnary)
        .add(identity.clone(), ScimGroupServiceServer::from_arc, ScimGroupServiceUnary)
        .add(identity.clone(), ScimServiceServer::from_arc, ScimServiceUnary)
        .add(identity.clone(), ScimUserServiceServer::from_arc, ScimUserServiceUnary)
        .add(identity.clone(), ServiceAccountServiceServer::from_arc, ServiceAccountServiceUnary)
        .add(identity.clone(), SingleSignOnServiceServer::from_arc, SingleSignOnServiceUnary)
        .add(identity.clone(), AvatarServiceServer::from_arc, AvatarServiceUnary)
        .add(identity.clone(), EmployeeImportServiceServer::from_arc, EmployeeImportServiceUnary)
        .add(identity.clone(), WebhookServiceServer::from_arc, WebhookServiceUnary)
        .add(identity.clone(), WebhookDeliveryServiceServer::from_arc, WebhookDeliveryServiceUnary)
        .add(identity.clone(), FeedbackServiceServer::from_arc, FeedbackServiceUnary)
        .add(identity.clone(), ParameterServiceServer::from_arc, ParameterServiceUnary)
        .add(OperationsRpc(operations), IdentityOperationsServiceServer::from_arc, IdentityOperationsServiceUnary)
        .add(subject::rpc(&context.db), IdentitySubjectServiceServer::from_arc, IdentitySubjectServiceUnary);
    let feed = {
        let identity = identity.clone();
        async move { identity.feed.run(identity.db.clone(), identity.shutdown.clone()).await }
    };
    let deliverer = Deliverer::new(&context.db, webhooks.clone()).run(identity.shutdown.clone());
    let worker = housekeeping::worker(&context.db, identity.clone())
        .register(webhook::Replay { webhooks })
        .register(webhook::SendNotice(identity.clone()));
    let failures = attempt::failure::write_counts(context.db, identity.shutdown.clone());
    let keys = async move {
        let mut revisions = identity.feed.subscribe();
        while let Some(Ok(())) = identity.shutdown.run_until_cancelled(revisions.changed()).await {
            if let Err(error) = identity.keys.reload(&identity.db).await {
                tracing::warn!("signing keys: {error:#}");
            }
        }
    };
    let tasks = vec![feed.boxed(), keys.boxed(), deliverer.boxed(), failures.boxed()];
    Ok(Parts { services, consumers, worker: Some(worker), tasks })
}
