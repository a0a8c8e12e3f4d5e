//! A pool of connections. What came to its end goes back as it is; a connection that was dropped in the middle of something
//! is asked first whether it is still sound. Pools that always ask spend as much on that as on a small query.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Manager, Metrics, Object, PoolError, RecycleError, RecycleResult};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sqlx::postgres::{PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{
    ConnectOptions, Connection as _, Describe, Either, Execute, Executor, PgConnection, Postgres, SqlSafeStr, SqlStr,
    raw_sql,
};

/// How long a caller waits for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// Who has been idle for longer may have been cut off, and is asked.
const IDLE: Duration = Duration::from_secs(30);
/// Then a new one, so that the memory of long sessions comes back and a moved server is found.
const LIFE: Duration = Duration::from_secs(30 * 60);
const PAUSE: Duration = Duration::from_millis(50);
/// SQLSTATE of a server that starts or stops.
const CANNOT_CONNECT_NOW: &str = "57P03";

struct Factory(PgConnectOptions);

impl Manager for Factory {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<PgConnection> {
        loop {
            match self.0.connect().await {
                // The pool ends the wait.
                Err(error) if is_starting(&error) => tokio::time::sleep(PAUSE).await,
                done => return done,
            }
        }
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > LIFE {
            return Err(RecycleError::message("it has lived long enough"));
        }
        if metrics.last_used() > IDLE {
            let asked = tokio::time::timeout(WAIT, connection.ping()).await;
            asked.map_err(|_| RecycleError::message("it does not answer"))??;
        }
        Ok(())
    }
}

fn is_starting(error: &sqlx::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    match error {
        sqlx::Error::Io(error) => matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset),
        sqlx::Error::Database(error) => error.code().as_deref() == Some(CANNOT_CONNECT_NOW),
        _ => false,
    }
}

/// Runs single statements by itself, like any executor of sqlx; the rows of one are all there before the first is given.
/// Cheap to clone.
#[derive(Clone)]
pub struct Pool(managed::Pool<Factory>);

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.status().fmt(formatter)
    }
}

impl Pool {
    /// Connects when first used.
    pub fn new(options: PgConnectOptions, max_connections: usize) -> anyhow::Result<Self> {
        let pool = managed::Pool::builder(Factory(options))
            .max_size(max_connections)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self(pool))
    }

    pub async fn acquire(&self) -> sqlx::Result<Connection> {
        let object = self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(_) => sqlx::Error::PoolTimedOut,
            PoolError::Closed => sqlx::Error::PoolClosed,
            other => sqlx::Error::Configuration(other.to_string().into()),
        })?;
        Ok(Connection { object: Some(object), state: State::InUse })
    }

    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        self.acquire().await?.begin("BEGIN").await
    }

    /// A transaction that begins with a statement of one's own.
    pub async fn begin_with(&self, statement: &'static str) -> sqlx::Result<Transaction> {
        self.acquire().await?.begin(statement).await
    }

    pub fn connect_options(&self) -> &PgConnectOptions {
        &self.0.manager().0
    }

    /// Refuses whoever comes, and closes each connection once it is free.
    pub fn close(&self) {
        self.0.close();
    }
}

#[derive(PartialEq, Eq)]
enum State {
    InUse,
    InTransaction,
    Sound,
}

/// A connection in use.
pub struct Connection {
    object: Option<Object<Factory>>,
    state: State,
}

impl Connection {
    /// Gives it back after everything on it came to a good end.
    pub fn release(mut self) {
        self.state = State::Sound;
    }

    pub(super) async fn begin(mut self, statement: impl SqlSafeStr) -> sqlx::Result<Transaction> {
        // Before the statement is sent: a call that is broken off leaves no transaction behind.
        self.state = State::InTransaction;
        raw_sql(statement).execute(&mut *self).await?;
        Ok(Transaction(self))
    }
}

impl Deref for Connection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.object.as_deref().expect("it is there until it is dropped")
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.object.as_deref_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else { return };
        if self.state == State::Sound {
            return;
        }
        let in_transaction = self.state == State::InTransaction;
        // Without a runtime everything ends anyway.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return drop(Object::take(object)) };
        runtime.spawn(async move {
            let asked = async {
                match in_transaction {
                    true => raw_sql("ROLLBACK").execute(&mut *object).await.map(|_| ()),
                    false => object.ping().await,
                }
            };
            if !matches!(tokio::time::timeout(WAIT, asked).await, Ok(Ok(()))) {
                drop(Object::take(object));
            }
        });
    }
}

/// Undone unless it is committed.
pub struct Transaction(Connection);

impl Transaction {
    pub async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    pub async fn rollback(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        raw_sql(statement).execute(&mut *self).await?;
        self.0.release();
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        let all = async move {
            let mut connection = pool.acquire().await?;
            let all: Vec<_> = (&mut *connection).fetch_many(query).try_collect().await?;
            connection.release();
            Ok::<_, sqlx::Error>(stream::iter(all.into_iter().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut connection = pool.acquire().await?;
            let row = (&mut *connection).fetch_optional(query).await?;
            connection.release();
            Ok(row)
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.describe(sql).await })
    }
}
