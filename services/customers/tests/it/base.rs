//! A database with the service's schema alone, for what is asked of the store directly.

use std::future::Future;

use platform::config::DatabaseConfig;
use platform::db::{self, Db};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use uuid::Uuid;

/// Gives a test a database and takes it away again, however the test ends.
pub async fn on_a_database<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Db) -> F) {
    let server = std::env::var("CHANGKE_TEST_DATABASE_URL").expect("CHANGKE_TEST_DATABASE_URL names a test server");
    let server: PgConnectOptions = server.parse().unwrap();
    let name = format!("customers_it_{}", Uuid::now_v7().simple());
    server.connect().await.unwrap().execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let config = DatabaseConfig {
        url: server.clone().database(&name).to_url_lossy().to_string(),
        role_secret: "test-role-secret-0001".into(),
        ..DatabaseConfig::default()
    };
    db::migrate(&config, customers::NAME, &customers::MIGRATIONS).await.unwrap();
    let db = Db::new(&config, customers::NAME).unwrap();
    let ended = tokio::spawn(test(db)).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    server.connect().await.unwrap().execute(drop).await.unwrap();
    if let Err(error) = ended {
        std::panic::resume_unwind(error.into_panic());
    }
}
