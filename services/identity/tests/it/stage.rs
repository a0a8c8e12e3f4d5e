//! An identity service on a database of its own, and the people who call it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::google::rpc;
use contracts::identity::authentication_service_client::AuthenticationServiceClient;
use contracts::identity::credential_service_client::CredentialServiceClient;
use contracts::identity::employee_service_client::EmployeeServiceClient;
use contracts::identity::group_service_client::GroupServiceClient;
use contracts::identity::password_link_service_client::PasswordLinkServiceClient;
use contracts::identity::policy_service_client::PolicyServiceClient;
use contracts::identity::profile_service_client::ProfileServiceClient;
use contracts::identity::role_service_client::RoleServiceClient;
use contracts::identity::webhook_delivery_service_client::WebhookDeliveryServiceClient;
use contracts::identity::webhook_service_client::WebhookServiceClient;
use contracts::identity::{self as proto, Employee, SignInRequest};
use identity::Config;
use identity::seed::{SeedEmployee, SeedGroup, SeedPlan, Seeded, seed};
use identity::webhook::Outside;
use platform::access::{Access, PolicyCache, watch_policy};
use platform::blob::{BlobConfig, Blobs};
use platform::config::{DatabaseConfig, NatsConfig};
use platform::db::Db;
use platform::events::Relay;
use platform::service::{Clients, Context, Upstream, in_process};
use prost::Message;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Status};
use uuid::Uuid;

pub const SECRET: &str = "a-secret-that-only-tests-may-share";
pub const PASSWORD: &str = "Correct-Horse-7";
const PATIENCE: Duration = Duration::from_secs(10);

/// Presets by a name that is short enough for a table of people.
pub const ADMIN: &str = "administrator";
pub const MANAGER: &str = "manager";
pub const SALES: &str = "salesperson";

pub struct Stage {
    pub db: Db,
    pub config: Config,
    pub people: Seeded,
    pub identity: Upstream,
    _running: DropGuard,
}

/// One instance of the service; several may share a database.
pub struct Instance {
    pub identity: Upstream,
    pub policy: Arc<PolicyCache>,
    pub running: DropGuard,
}

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub access_token: String,
    pub refresh_token: String,
    pub password_change_required: bool,
}

/// Groups `name` or `parent/name`; employees `login, group, roles`.
pub async fn stage(groups: &[&str], people: &[(&str, &str, &[&str])]) -> Stage {
    stage_with(groups, people, |_| {}).await
}

pub async fn stage_with(groups: &[&str], people: &[(&str, &str, &[&str])], adjust: impl FnOnce(&mut Config)) -> Stage {
    stage_within(groups, people, adjust, Surroundings::default()).await
}

/// What lies around an instance. With a stream of its own it sends its events and takes them in.
#[derive(Clone, Default)]
pub struct Surroundings {
    pub outside: Outside,
    pub stream: Option<String>,
}

pub async fn stage_within(
    groups: &[&str],
    people: &[(&str, &str, &[&str])],
    adjust: impl FnOnce(&mut Config),
    surroundings: Surroundings,
) -> Stage {
    let mut config = Config::default();
    config.hashing.memory_kib = 64;
    config.hashing.iterations = 1;
    adjust(&mut config);
    let database = database().await;
    let db = Db::new(&database, identity::NAME).unwrap();
    let people = seed(&db, &config, &plan(groups, people)).await.unwrap();
    let Instance { identity, running, .. } = instance_within(&db, &config, HashMap::new(), surroundings).await;
    Stage { db, config, people, identity, _running: running }
}

/// Starts an instance that follows its own policy; `upstreams` are the other services it can reach.
pub async fn instance(db: &Db, config: &Config, upstreams: HashMap<String, Upstream>) -> Instance {
    instance_within(db, config, upstreams, Surroundings::default()).await
}

pub async fn instance_within(
    db: &Db,
    config: &Config,
    mut upstreams: HashMap<String, Upstream>,
    surroundings: Surroundings,
) -> Instance {
    let nats = std::env::var("CHANGKE_TEST_NATS_URL").expect("CHANGKE_TEST_NATS_URL is not set");
    let shutdown = CancellationToken::new();
    let policy = Arc::new(PolicyCache::default());
    let access = Arc::new(Access::new(policy.clone(), SECRET.to_owned()));
    let clients = Clients::new(SECRET);
    let mut nats = NatsConfig { url: nats, ..Default::default() };
    if let Some(stream) = &surroundings.stream {
        nats.prefix.clone_from(stream);
    }
    let events = platform::events::connect(&nats).await.unwrap();
    let context = Context {
        db: db.clone(),
        events: events.clone(),
        clients: clients.clone(),
        access: access.clone(),
        blobs: Blobs::new(&BlobConfig::default(), identity::NAME).unwrap(),
        shutdown: shutdown.clone(),
    };
    let parts = identity::build_within(config.clone(), context, surroundings.outside).await.unwrap();
    if surroundings.stream.is_some() {
        tokio::spawn(Relay::new(db, &events).run(shutdown.clone()));
        parts.consumers.into_iter().for_each(|consumer| drop(tokio::spawn(consumer.run(shutdown.clone()))));
    }
    tokio::spawn(parts.worker.unwrap().run(shutdown.clone()));
    parts.tasks.into_iter().for_each(|task| drop(tokio::spawn(task)));
    let identity = in_process(parts.services, access);
    upstreams.insert("identity".to_owned(), identity.clone());
    clients.complete(upstreams);
    tokio::spawn(watch_policy(policy.clone(), identity.clone(), SECRET.to_owned(), "identity", shutdown.clone()));
    until("the policy is known", async || policy.is_fresh()).await;
    Instance { identity, policy, running: shutdown.drop_guard() }
}

/// A migrated database of its own on the server of the tests; it goes when the server does.
async fn database() -> DatabaseConfig {
    let server = std::env::var("CHANGKE_TEST_DATABASE_URL").expect("CHANGKE_TEST_DATABASE_URL is not set");
    let name = format!("identity_{}", Uuid::now_v7().simple());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    let (host, _) = server.rsplit_once('/').unwrap();
    let config = DatabaseConfig {
        url: format!("{host}/{name}"),
        role_secret: "test-role-secret-0001".into(),
        ..Default::default()
    };
    platform::db::migrate(&config, identity::NAME, &identity::MIGRATIONS).await.unwrap();
    config
}

pub fn plan(groups: &[&str], people: &[(&str, &str, &[&str])]) -> SeedPlan {
    let group = |path: &&str| match path.rsplit_once('/') {
        None => SeedGroup { key: (*path).into(), name: (*path).into(), ..Default::default() },
        Some((parent, name)) => {
            SeedGroup { key: name.into(), parent: Some(parent.into()), name: name.into(), ..Default::default() }
        }
    };
    let employee = |(login, group, roles): &(&str, &str, &[&str])| SeedEmployee {
        login_name: (*login).into(),
        display_name: (*login).into(),
        group: (!group.is_empty()).then(|| (*group).into()),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        password: PASSWORD.into(),
        ..Default::default()
    };
    SeedPlan { groups: groups.iter().map(group).collect(), employees: people.iter().map(employee).collect() }
}

/// Waits until a condition holds.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Stage {
    pub fn authentication(&self) -> AuthenticationServiceClient<Upstream> {
        AuthenticationServiceClient::new(self.identity.clone())
    }

    pub fn credentials(&self) -> CredentialServiceClient<Upstream> {
        CredentialServiceClient::new(self.identity.clone())
    }

    pub fn employees(&self) -> EmployeeServiceClient<Upstream> {
        EmployeeServiceClient::new(self.identity.clone())
    }

    pub fn groups(&self) -> GroupServiceClient<Upstream> {
        GroupServiceClient::new(self.identity.clone())
    }

    pub fn roles(&self) -> RoleServiceClient<Upstream> {
        RoleServiceClient::new(self.identity.clone())
    }

    pub fn profiles(&self) -> ProfileServiceClient<Upstream> {
        ProfileServiceClient::new(self.identity.clone())
    }

    pub fn links(&self) -> PasswordLinkServiceClient<Upstream> {
        PasswordLinkServiceClient::new(self.identity.clone())
    }

    pub fn webhooks(&self) -> WebhookServiceClient<Upstream> {
        WebhookServiceClient::new(self.identity.clone())
    }

    pub fn deliveries(&self) -> WebhookDeliveryServiceClient<Upstream> {
        WebhookDeliveryServiceClient::new(self.identity.clone())
    }

    pub fn policies(&self) -> PolicyServiceClient<Upstream> {
        PolicyServiceClient::new(self.identity.clone())
    }

    /// Id of an employee of the plan.
    pub fn id(&self, login_name: &str) -> String {
        self.people.employees[login_name].to_string()
    }

    /// Id of a group of the plan; the root by the empty name.
    pub fn group(&self, name: &str) -> String {
        self.people.groups[name].to_string()
    }

    pub async fn try_sign_in(&self, login_name: &str, password: &str) -> Result<Session, Status> {
        Ok(self.sign_in_from("", login_name, password, "").await?.into())
    }

    /// A sign-in from a network address, on a device that was given a token.
    pub async fn sign_in_from(
        &self,
        address: &str,
        login_name: &str,
        password: &str,
        device_token: &str,
    ) -> Result<proto::SignInResponse, Status> {
        let request = SignInRequest {
            login_name: login_name.into(),
            password: password.into(),
            device: "test".into(),
            device_token: device_token.into(),
        };
        Ok(self.authentication().sign_in(from(address, request)).await?.into_inner())
    }

    pub async fn sign_in(&self, login_name: &str) -> Session {
        self.try_sign_in(login_name, PASSWORD).await.unwrap()
    }

    pub async fn employee(&self, caller: &Session, login_name: &str) -> Result<Employee, Status> {
        let id = self.id(login_name);
        Ok(self.employees().get_employee(caller.call(proto::GetEmployeeRequest { id })).await?.into_inner())
    }

    pub async fn role_id(&self, preset: &str) -> String {
        let id: Uuid = sqlx::query_scalar("SELECT id FROM role WHERE preset = $1")
            .bind(preset)
            .fetch_one(self.db.pool())
            .await
            .unwrap();
        id.to_string()
    }

    /// Actions of the audit trail for a record, oldest first, with who did it.
    pub async fn audit(&self, record_id: &str) -> Vec<(String, Option<Uuid>)> {
        sqlx::query_as("SELECT action, actor_id FROM audit_entry WHERE record_id = $1 ORDER BY id")
            .bind(record_id.parse::<Uuid>().unwrap())
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }

    /// Events of a type that wait in the outbox, for an aggregate, oldest first.
    pub async fn events<E: Message + Default + prost::Name>(&self, aggregate_id: &str) -> Vec<E> {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM outbox WHERE type = $1 AND aggregate_id = $2 ORDER BY sequence")
                .bind(E::full_name())
                .bind(aggregate_id.parse::<Uuid>().unwrap())
                .fetch_all(self.db.pool())
                .await
                .unwrap();
        payloads.iter().map(|payload| E::decode(payload.as_slice()).unwrap()).collect()
    }
}

/// A request from a network address; from nowhere for an empty one.
pub fn from<T>(address: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !address.is_empty() {
        request.metadata_mut().insert("x-forwarded-for", address.parse().unwrap());
    }
    request
}

impl From<proto::SignInResponse> for Session {
    fn from(reply: proto::SignInResponse) -> Self {
        Self {
            access_token: reply.access_token,
            refresh_token: reply.refresh_token,
            password_change_required: reply.password_change_required,
        }
    }
}

impl Session {
    /// A request of this session.
    pub fn call<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.access_token).parse().unwrap());
        request
    }

    /// A request with an idempotency key.
    pub fn call_once<T>(&self, key: &str, message: T) -> Request<T> {
        let mut request = self.call(message);
        request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        request
    }
}

/// The reason of a refusal; that of its first violation where the request is to blame.
pub fn reason(status: &Status) -> String {
    let details = rpc::Status::decode(status.details()).unwrap().details;
    let of = |name: &str| details.iter().find(|any| any.type_url.ends_with(name)).map(|any| any.value.as_slice());
    if let Some(request) = of("google.rpc.BadRequest") {
        let violation = rpc::BadRequest::decode(request).unwrap().field_violations.remove(0);
        return format!("{}: {}", violation.field, violation.reason);
    }
    rpc::ErrorInfo::decode(of("google.rpc.ErrorInfo").unwrap()).unwrap().reason
}

/// The reason why a call was refused.
pub fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    reason(&result.expect_err("the call should have been refused"))
}

pub fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}
