//! The product as a library: what the binary and the tests start.

mod app;
pub mod backup;
mod config;
mod health;
pub mod seed;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod trail;

pub use app::{App, Selection};
pub use config::Config;
use platform::db::Db;

/// All services but the gateway, in the order in which they start.
pub const SERVICES: [&str; 3] = [identity::NAME, customers::NAME, reporting::NAME];

/// Creates roles and schemas of the selected services and brings them up to date.
pub async fn migrate(config: &Config, selection: &Selection) -> anyhow::Result<()> {
    for service in &selection.services {
        let migrations = match *service {
            identity::NAME => &identity::MIGRATIONS,
            customers::NAME => &customers::MIGRATIONS,
            _ => &reporting::MIGRATIONS,
        };
        tracing::info!(service, "migrating");
        platform::db::migrate(&config.database, service, migrations).await?;
    }
    Ok(())
}

/// Creates an administrator and answers a link to set the password with.
pub async fn create_administrator(config: &Config, login_name: &str) -> anyhow::Result<String> {
    let db = Db::new(&config.database, identity::NAME)?;
    identity::bootstrap::create_administrator(&db, &config.identity, login_name).await
}

/// The id of the new key.
pub async fn rotate_keys(config: &Config) -> anyhow::Result<String> {
    anyhow::ensure!(
        config.identity.signing_key.is_empty(),
        "the key is that of identity.signing_key: replace it there"
    );
    let db = Db::new(&config.database, identity::NAME)?;
    identity::signing::rotate(&db, &config.cluster.secret, config.identity.access_token_life()).await
}
