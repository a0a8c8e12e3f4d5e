//! The first administrator of an installation; there is no account that comes with the product.

use anyhow::ensure;
use platform::db::Db;
use uuid::Uuid;

use crate::authentication::passwords;
use crate::authentication::store::credentials_by_login;
use crate::config::Config;
use crate::role::presets::ADMINISTRATOR;
use crate::seed::{SeedEmployee, SeedPlan, seed};

/// Creates an employee with the administrator role and answers the initial password, which must be changed at the first
/// sign-in.
pub async fn create_administrator(db: &Db, config: &Config, login_name: &str) -> anyhow::Result<String> {
    let password = passwords::random();
    administrator(db, config, login_name, &password, true).await?;
    Ok(password)
}

/// Creates an administrator with a password that stays, as tests and demo data need one.
pub async fn create_administrator_with(
    db: &Db,
    config: &Config,
    login_name: &str,
    password: &str,
) -> anyhow::Result<Uuid> {
    administrator(db, config, login_name, password, false).await
}

async fn administrator(
    db: &Db,
    config: &Config,
    login_name: &str,
    password: &str,
    password_change_required: bool,
) -> anyhow::Result<Uuid> {
    let fits = login_name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && login_name.chars().all(|c| c.is_ascii_alphanumeric() || "._@-".contains(c))
        && (2..=64).contains(&login_name.len());
    ensure!(fits, "a login name has 2 to 64 letters, digits and `._@-`, and begins with a letter or digit");
    ensure!(credentials_by_login(db.pool(), login_name).await?.is_none(), "the login name {login_name} is taken");
    let plan = SeedPlan {
        employees: vec![SeedEmployee {
            login_name: login_name.to_owned(),
            display_name: login_name.to_owned(),
            roles: vec![ADMINISTRATOR.to_owned()],
            password: password.to_owned(),
            password_change_required,
            ..Default::default()
        }],
        ..Default::default()
    };
    let seeded = seed(db, config, &plan).await?;
    Ok(seeded.employees[login_name])
}
