//! A database and a stream of its own for each story, and the things that stories are told with.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contracts::customers::CustomerChanged;
use platform::config::{DatabaseConfig, NatsConfig};
use platform::db::{self, Db, Tx};
use platform::error::{Error, Result};
use platform::events::{self, Consumer, Envelope, Events, Handler, Monitor, Relay, Retries};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// After so long a condition is taken as never met.
const PATIENCE: Duration = Duration::from_secs(20);

/// Services that the stories play with: one that emits and one that takes in.
const SERVICES: [&str; 2] = ["customers", "reporting"];

#[derive(Clone)]
pub struct Stage {
    pub database: DatabaseConfig,
    pub nats: NatsConfig,
    pub customers: Db,
    pub reporting: Db,
}

/// Runs a story and clears up behind it, however it ends.
pub async fn story<F: Future<Output = ()> + Send + 'static>(tell: impl FnOnce(Stage) -> F) {
    let stage = Stage::build().await;
    let told = tokio::spawn(tell(stage.clone())).await;
    stage.clear().await;
    if let Err(error) = told {
        std::panic::resume_unwind(error.into_panic());
    }
}

impl Stage {
    async fn build() -> Self {
        let admin = setting("CHANGKE_TEST_DATABASE_URL").parse::<PgConnectOptions>().unwrap();
        let name = format!("it_{}", Uuid::now_v7().simple());
        let mut connection = admin.connect().await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        connection.close().await.unwrap();

        let database = DatabaseConfig {
            url: admin.database(&name).to_url_lossy().to_string(),
            role_secret: "test-role-secret-0001".into(),
            ..DatabaseConfig::default()
        };
        for service in SERVICES {
            db::migrate(&database, service, &Migrator::DEFAULT).await.unwrap();
        }
        let nats = NatsConfig { url: setting("CHANGKE_TEST_NATS_URL"), prefix: name, ..NatsConfig::default() };
        let [customers, reporting] = SERVICES.map(|service| Db::new(&database, service).unwrap());
        sqlx::query("CREATE TABLE effect (place bigint GENERATED ALWAYS AS IDENTITY, customer uuid, revision bigint)")
            .execute(reporting.pool())
            .await
            .unwrap();
        Self { database, nats, customers, reporting }
    }

    async fn clear(&self) {
        self.customers.pool().close();
        self.reporting.pool().close();
        let options = self.database.url.parse::<PgConnectOptions>().unwrap();
        let name = options.get_database().unwrap().to_owned();
        let mut connection = options.database("postgres").connect().await.unwrap();
        connection.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
        // Many stories have no stream.
        let events = self.events().await;
        let _ = events.jetstream().delete_stream(self.stream_name()).await;
        let _ = events.jetstream().delete_stream(format!("{}_audit", self.nats.prefix)).await;
    }

    pub fn stream_name(&self) -> String {
        format!("{}_events", self.nats.prefix)
    }

    pub async fn events(&self) -> Events {
        events::connect(&self.nats).await.unwrap()
    }

    /// The same service in another process.
    pub fn another(&self, db: &Db) -> Db {
        Db::new(&self.database, db.service()).unwrap()
    }

    pub async fn stream(&self) -> async_nats::jetstream::stream::Stream {
        self.events().await.stream().await.unwrap()
    }

    /// How many events the stream holds.
    pub async fn published(&self) -> u64 {
        self.stream().await.cached_info().state.messages
    }

    /// How many events wait in the outbox.
    pub async fn waiting(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(self.customers.pool()).await.unwrap()
    }

    /// The revisions that took effect for each customer, in the order in which they did.
    pub async fn effects(&self) -> HashMap<Uuid, Vec<i64>> {
        let rows: Vec<(Uuid, i64)> = sqlx::query_as("SELECT customer, revision FROM effect ORDER BY place")
            .fetch_all(self.reporting.pool())
            .await
            .unwrap();
        let mut effects: HashMap<Uuid, Vec<i64>> = HashMap::new();
        for (customer, revision) in rows {
            effects.entry(customer).or_default().push(revision);
        }
        effects
    }

    pub async fn relay(&self) -> Running {
        Running::start(Relay::new(&self.another(&self.customers), &self.events().await), Relay::run)
    }

    /// A consumer that notes every change of a customer, in a process of its own.
    pub async fn projection(&self, handler: impl Handler) -> (Running, Monitor) {
        let db = self.another(&self.reporting);
        let consumer = Consumer::new(&db, &self.events().await, "projection", handler)
            .event::<CustomerChanged>()
            .retries(Retries { attempts: 3, first_pause: Duration::from_millis(5), ..Retries::default() });
        let monitor = consumer.monitor();
        (Running::start(consumer, Consumer::run), monitor)
    }
}

pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; `make stack` prints it"))
}

/// Something that runs until it is stopped or killed.
pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn start<T, F>(what: T, run: impl FnOnce(T, CancellationToken) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(run(what, stop.clone())), stop }
    }

    /// Lets it end in its own way.
    pub async fn stop(self) {
        self.stop.cancel();
        in_time("the end after a stop", self.task).await.unwrap();
    }

    /// Ends it wherever it is, as a crash would.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Waits for a condition.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for what is bound to happen.
pub async fn in_time<T>(what: &str, happens: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, happens).await {
        Ok(happened) => happened,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Changes a customer: one transaction a revision, as a service would.
pub async fn change(db: &Db, customer: Uuid, revisions: impl IntoIterator<Item = i64>) {
    for revision in revisions {
        let mut tx = db.begin().await.unwrap();
        emit(&mut tx, customer, revision);
        tx.commit().await.unwrap();
    }
}

pub fn emit(tx: &mut Tx, customer: Uuid, revision: i64) {
    tx.emit("customer", customer, &CustomerChanged { id: customer.to_string(), revision, ..Default::default() });
}

pub async fn note(tx: &mut Tx, event: &Envelope) -> Result<i64> {
    let revision = event.decode::<CustomerChanged>()?.revision;
    sqlx::query("INSERT INTO effect (customer, revision) VALUES ($1, $2)")
        .bind(event.aggregate_id)
        .bind(revision)
        .execute(tx.connection())
        .await?;
    Ok(revision)
}

/// Notes what it is given.
pub struct Noting;

#[async_trait]
impl Handler for Noting {
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        note(tx, event).await.map(drop)
    }
}

/// Notes what it is given, but fails at chosen revisions for a number of times.
#[derive(Clone, Default)]
pub struct Stumbling {
    pub stumbles: Arc<Mutex<HashMap<i64, u32>>>,
    /// Every revision it was given, again and again.
    pub tries: Arc<Mutex<Vec<i64>>>,
}

impl Stumbling {
    pub fn at(revision: i64, times: u32) -> Self {
        Self { stumbles: Arc::new(Mutex::new([(revision, times)].into())), ..Self::default() }
    }
}

#[async_trait]
impl Handler for Stumbling {
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        let revision = note(tx, event).await?;
        self.tries.lock().unwrap().push(revision);
        let mut stumbles = self.stumbles.lock().unwrap();
        match stumbles.get_mut(&revision) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Err(Error::internal(anyhow::anyhow!("revision {revision} is too much")))
            }
            _ => Ok(()),
        }
    }
}
