//! The whole product on a database of its own, for tests and benchmarks: real Postgres, real NATS, real HTTP.
//! `CHANGKE_TEST_ARRANGEMENT=tcp` runs every service as if it were a process of its own.

mod lines;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{App, Config, SERVICES, Selection};
pub use lines::Lines;

const ROLE_SECRET: &str = "test-role-secret-0001";
const ADMINISTRATOR: &str = "admin";
const PASSWORD: &str = "Correct-Horse-7";
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running product.
pub struct TestApp {
    pub base_url: String,
    pub config: Config,
    pub http: reqwest::Client,
    pub apps: Vec<App>,
    database: String,
}

/// How the parts of the product are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// One process, in-process gRPC.
    Together,
    /// A gateway and each service on its own, gRPC over TCP.
    Apart,
}

impl Arrangement {
    pub fn from_environment() -> Self {
        match std::env::var("CHANGKE_TEST_ARRANGEMENT").as_deref() {
            Ok("tcp") => Self::Apart,
            _ => Self::Together,
        }
    }
}

/// Somebody signed in, for making calls.
#[derive(Clone)]
pub struct Session {
    pub employee_id: String,
    pub login_name: String,
    pub password: String,
    pub access_token: String,
    pub refresh_token: String,
    base_url: String,
    http: reqwest::Client,
}

/// An answer with its JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A client as tests need it. HTTP is built without a choice of cryptography, which whoever opens TLS makes.
pub fn http_client() -> reqwest::ClientBuilder {
    // Made before, by another test of this process: just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

impl TestApp {
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(Arrangement::from_environment(), |_| {}).await
    }

    /// Starts on a fresh copy of the template database, with settings changed by `adjust`.
    pub async fn start_with(arrangement: Arrangement, adjust: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let server = std::env::var("CHANGKE_TEST_DATABASE_URL")
            .context("CHANGKE_TEST_DATABASE_URL is not set; run the tests by `make test` or below `stack.py run`")?;
        let database = format!("changke_test_{}", Uuid::now_v7().simple());
        let template = template(&server).await?;
        let mut admin = PgConnection::connect(&server).await?;
        create_from_template(&mut admin, &database, &template).await?;
        admin.close().await?;
        let mut config = test_config(&server, &database)?;
        adjust(&mut config);
        Self::start_on(arrangement, config, database).await
    }

    async fn start_on(arrangement: Arrangement, config: Config, database: String) -> anyhow::Result<Self> {
        let mut apps = Vec::new();
        match arrangement {
            Arrangement::Together => apps.push(App::start(config.clone(), Selection::all()).await?),
            Arrangement::Apart => {
                let mut addresses = HashMap::new();
                for service in SERVICES {
                    addresses.insert(service, free_address(&addresses)?);
                }
                for name in SERVICES.into_iter().chain(["gateway"]) {
                    let mut config = config.clone();
                    for (service, address) in &addresses {
                        config.cluster.upstreams.insert((*service).to_owned(), format!("http://{address}"));
                    }
                    config.cluster.listen = addresses.get(name).copied();
                    apps.push(App::start(config, Selection::named(&[name.to_owned()])?).await?);
                }
            }
        }
        let address = apps.iter().find_map(|app| app.gateway_address).context("no gateway")?;
        let http = http_client().timeout(Duration::from_secs(60)).build()?;
        let app = Self { base_url: format!("http://{address}"), config, http, apps, database };
        app.until("every service has its policy", async || app.has_policy().await).await?;
        Ok(app)
    }

    async fn has_policy(&self) -> bool {
        for app in &self.apps {
            if !app.is_ready().await {
                return false;
            }
        }
        true
    }

    /// Waits until a condition holds.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) -> anyhow::Result<()> {
        let started = std::time::Instant::now();
        while !condition().await {
            ensure!(started.elapsed() < PATIENCE, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The administrator that every template database has.
    pub async fn administrator(&self) -> anyhow::Result<Session> {
        self.sign_in(ADMINISTRATOR, PASSWORD).await
    }

    pub async fn sign_in(&self, login_name: &str, password: &str) -> anyhow::Result<Session> {
        let answer = self
            .http
            .post(format!("{}/v1/sessions:signIn", self.base_url))
            .json(&json!({"loginName": login_name, "password": password}))
            .send()
            .await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status == StatusCode::OK, "sign-in of {login_name}: {status} {body}");
        let mut session = self.session(login_name, password, &body);
        if !body["passwordChangeRequired"].as_bool().unwrap_or_default() {
            session.employee_id = session.get("/v1/profile").await?.ok()?["id"].as_str().unwrap_or_default().to_owned();
        }
        Ok(session)
    }

    fn session(&self, login_name: &str, password: &str, tokens: &Value) -> Session {
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        Session {
            employee_id: String::new(),
            login_name: login_name.to_owned(),
            password: password.to_owned(),
            access_token: text("accessToken"),
            refresh_token: text("refreshToken"),
            base_url: self.base_url.clone(),
            http: self.http.clone(),
        }
    }

    /// A caller without a token.
    pub fn anonymous(&self) -> Session {
        self.session("", "", &Value::Null)
    }

    /// Creates an employee with the preset roles and signs in with a password of their own.
    pub async fn employee(&self, login_name: &str, group_id: &str, presets: &[&str]) -> anyhow::Result<Session> {
        let admin = self.administrator().await?;
        let roles = admin.get("/v1/roles?pageSize=200").await?.ok()?;
        let role_ids: Vec<&Value> = roles["roles"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|role| presets.contains(&role["preset"].as_str().unwrap_or_default()))
            .map(|role| &role["id"])
            .collect();
        ensure!(role_ids.len() == presets.len(), "not all of {presets:?} are preset roles");
        let employee = json!({
            "loginName": login_name, "displayName": login_name, "groupId": group_id, "roleIds": role_ids,
        });
        let created = admin.post("/v1/employees", employee).await?.ok()?;
        let initial = created["initialPassword"].as_str().context("no initial password")?;
        let newcomer = self.sign_in(login_name, initial).await?;
        let tokens = newcomer
            .post("/v1/profile:changePassword", json!({"currentPassword": initial, "newPassword": PASSWORD}))
            .await?
            .ok()?;
        let session = self.session(login_name, PASSWORD, &tokens);
        // The change of the password reaches every service within moments.
        self.until("the new password counts everywhere", async || {
            let mut well = true;
            for path in ["/v1/profile", "/v1/dictionaries"] {
                well &= session.get(path).await.is_ok_and(|answer| answer.status == StatusCode::OK);
            }
            well
        })
        .await?;
        let id = session.get("/v1/profile").await?.ok()?["id"].as_str().unwrap_or_default().to_owned();
        Ok(Session { employee_id: id, ..session })
    }

    /// The group at the top of the tree.
    pub async fn root_group(&self) -> anyhow::Result<String> {
        let groups = self.administrator().await?.get("/v1/groups").await?.ok()?;
        Ok(groups["groups"][0]["id"].as_str().context("no root group")?.to_owned())
    }

    /// A group below another.
    pub async fn group(&self, name: &str, parent_id: &str) -> anyhow::Result<String> {
        let admin = self.administrator().await?;
        let group = admin.post("/v1/groups", json!({"name": name, "parentId": parent_id})).await?.ok()?;
        Ok(group["id"].as_str().context("no id")?.to_owned())
    }

    /// A connection to the database as administrator, for looking behind the API.
    pub async fn database(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.config.database.url).await?)
    }

    /// Stops everything and removes the database.
    pub async fn stop(self) -> anyhow::Result<()> {
        for app in &self.apps {
            app.stop().await;
        }
        let server = std::env::var("CHANGKE_TEST_DATABASE_URL")?;
        let mut admin = PgConnection::connect(&server).await?;
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database);
        sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await?;
        admin.close().await?;
        // Nothing is there where a test kept its files elsewhere.
        let _ = std::fs::remove_dir_all(blob_directory(&self.database));
        Ok(())
    }
}

impl Session {
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::DELETE, path, None, &[]).await
    }

    /// Any call, with headers of one's own.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut request = self.request(method, path)?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await?;
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        };
        Ok(Answer { status, headers, body })
    }

    /// A request of this session that is not sent yet.
    pub fn request(&self, method: Method, path: &str) -> anyhow::Result<reqwest::RequestBuilder> {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        if !self.access_token.is_empty() {
            request = request.header(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", self.access_token))?);
        }
        Ok(request)
    }

    /// Uploads a file and answers the import.
    pub async fn upload(&self, file_name: &str, content: Vec<u8>) -> anyhow::Result<Answer> {
        let kind = if file_name.ends_with(".xlsx") {
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        } else {
            "text/csv"
        };
        let answer = self
            .request(Method::POST, "/v1/imports")?
            .query(&[("fileName", file_name)])
            .header("content-type", kind)
            .body(content)
            .send()
            .await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Answer { status, headers, body: answer.json().await? })
    }
}

impl Answer {
    /// The body of a good answer; what it was otherwise.
    pub fn ok(self) -> anyhow::Result<Value> {
        ensure!(self.status.is_success(), "{} {}", self.status, self.body);
        Ok(self.body)
    }

    /// The body of an answer with this status and reason.
    pub fn refused(self, status: u16, reason: &str) -> anyhow::Result<Value> {
        ensure!(self.status.as_u16() == status, "expected {status}, got {} {}", self.status, self.body);
        ensure!(self.body["reason"] == reason, "expected {reason}, got {}", self.body);
        Ok(self.body)
    }
}

/// Settings for a database on the test server; cheap password hashing, ports chosen by the system.
fn test_config(server: &str, database: &str) -> anyhow::Result<Config> {
    let mut config = Config::default();
    config.database.url = with_database(server, database)?;
    config.database.role_secret = ROLE_SECRET.to_owned();
    config.nats.url = std::env::var("CHANGKE_TEST_NATS_URL").context("CHANGKE_TEST_NATS_URL is not set")?;
    config.nats.prefix = database.to_owned();
    config.cluster.secret = "a-secret-that-only-tests-may-share".to_owned();
    config.cluster.linger_seconds = 0;
    config.blob.directory = Some(blob_directory(database));
    config.gateway.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.gateway.secure_cookies = false;
    config.gateway.rate_limit.per_second = 0;
    config.gateway.rate_limit.sign_ins_per_minute = 0;
    config.identity.network_failures = 0;
    config.identity.hashing.memory_kib = 64;
    config.identity.hashing.iterations = 1;
    Ok(config)
}

/// Where the files of a test's installation are.
fn blob_directory(database: &str) -> std::path::PathBuf {
    std::env::temp_dir().join("changke-test-files").join(database)
}

fn with_database(server: &str, database: &str) -> anyhow::Result<String> {
    let (base, _) = server.rsplit_once('/').context("CHANGKE_TEST_DATABASE_URL has no database")?;
    Ok(format!("{base}/{database}"))
}

/// An address that nobody listens on, below the ports that the system gives to connections: one of those could be taken
/// between now and its use. None of those that are taken already.
fn free_address(taken: &HashMap<&str, SocketAddr>) -> anyhow::Result<SocketAddr> {
    use rand::Rng;
    let mut random = rand::rng();
    for _ in 0..100 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, random.random_range(10_000..32_000)));
        if !taken.values().any(|other| *other == address) && std::net::TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    anyhow::bail!("no free port")
}

/// The database that tests copy: migrated, with one administrator. Made once per server and version of the migrations.
async fn template(server: &str) -> anyhow::Result<String> {
    let name = format!("changke_template_{:016x}", migrations_digest());
    let mut admin = PgConnection::connect(server).await?;
    // Held until the connection closes: of all tests that come at once, one makes the template.
    sqlx::query("SELECT pg_advisory_lock(hashtext($1))").bind(&name).execute(&mut admin).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await?;
    if !exists {
        sqlx::query(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).execute(&mut admin).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
        let config = test_config(server, &name)?;
        crate::migrate(&config, &Selection::all()).await?;
        let db = platform::db::Db::new(&config.database, identity::NAME)?;
        identity::bootstrap::create_administrator_with(&db, &config.identity, ADMINISTRATOR, PASSWORD).await?;
        db.pool().close();
        sqlx::query(AssertSqlSafe(format!("ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false")))
            .execute(&mut admin)
            .await?;
    }
    admin.close().await?;
    Ok(name)
}

async fn create_from_template(admin: &mut PgConnection, database: &str, template: &str) -> anyhow::Result<()> {
    // Copying needs the template to itself for a moment.
    sqlx::query("SELECT pg_advisory_lock(hashtext($1))").bind(template).execute(&mut *admin).await?;
    let statement = format!("CREATE DATABASE {database} TEMPLATE {template} STRATEGY FILE_COPY");
    sqlx::query(AssertSqlSafe(statement)).execute(&mut *admin).await?;
    sqlx::query("SELECT pg_advisory_unlock(hashtext($1))").bind(template).execute(admin).await?;
    Ok(())
}

/// Changes with every migration.
fn migrations_digest() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for migrator in
        [&platform::db::PLATFORM_MIGRATIONS, &identity::MIGRATIONS, &customers::MIGRATIONS, &reporting::MIGRATIONS]
    {
        for migration in migrator.iter() {
            migration.checksum.hash(&mut hasher);
        }
    }
    hasher.finish()
}
