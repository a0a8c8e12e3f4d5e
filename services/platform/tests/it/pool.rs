//! Connections go back sound, whatever happened to whoever had them.

use std::time::Duration;

use platform::config::DatabaseConfig;
use platform::db::Db;
use sqlx::{Connection, PgConnection};

use crate::stage::{Stage, story, until};

/// A database of which there is one connection at a time.
fn narrow(stage: &Stage) -> Db {
    let config = DatabaseConfig { max_connections: 1, ..stage.database.clone() };
    Db::new(&config, "reporting").unwrap()
}

async fn backend(db: &Db) -> sqlx::Result<i32> {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(db.pool()).await
}

async fn effects(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM effect").fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_undone_and_its_connection_goes_on() {
    story(async |stage| {
        let db = narrow(&stage);
        let first = backend(&db).await.unwrap();
        let mut transaction = db.pool().begin().await.unwrap();
        sqlx::query("INSERT INTO effect (revision) VALUES (1)").execute(&mut *transaction).await.unwrap();
        drop(transaction);
        assert_eq!(effects(&db).await, 0);
        let mut transaction = db.pool().begin().await.unwrap();
        sqlx::query("INSERT INTO effect (revision) VALUES (2)").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(effects(&db).await, 1);
        let transaction = db.pool().begin_with("BEGIN READ ONLY").await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(backend(&db).await.unwrap(), first);
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_is_broken_off_spoils_nothing_for_the_next() {
    story(async |stage| {
        let db = narrow(&stage);
        for _ in 0..20 {
            let slow = sqlx::query_scalar::<_, i32>("SELECT 7 FROM pg_sleep(0.05)").fetch_one(db.pool());
            assert!(tokio::time::timeout(Duration::from_millis(5), slow).await.is_err());
            let mut transaction = db.pool().begin().await.unwrap();
            let slow = sqlx::query("SELECT pg_sleep(0.05)").execute(&mut *transaction);
            assert!(tokio::time::timeout(Duration::from_millis(5), slow).await.is_err());
            drop(transaction);
            let answer: i32 = sqlx::query_scalar("SELECT 8").fetch_one(db.pool()).await.unwrap();
            assert_eq!(answer, 8);
        }
        // An error in the middle of a transaction, too.
        let mut transaction = db.pool().begin().await.unwrap();
        sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await.unwrap_err();
        drop(transaction);
        assert_eq!(effects(&db).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_cut_is_replaced() {
    story(async |stage| {
        let db = narrow(&stage);
        let first = backend(&db).await.unwrap();
        let mut other = PgConnection::connect(&stage.database.url).await.unwrap();
        sqlx::query("SELECT pg_terminate_backend($1)").bind(first).execute(&mut other).await.unwrap();
        // Whoever has it next finds out; those behind get a new one.
        until("there is another", async || backend(&db).await.is_ok_and(|now| now != first)).await;
    })
    .await;
}
