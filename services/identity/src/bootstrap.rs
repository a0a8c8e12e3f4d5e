//! The first administrator of an installation; there is no account that comes with the product, and no password either:
//! whoever runs it is shown a link to set one with.

use anyhow::{bail, ensure};
use chrono::Utc;
use platform::db::Db;
use uuid::Uuid;

use crate::authentication::store::credentials_by_login;
use crate::config::Config;
use crate::employee::store::{awaited, newcomer};
use crate::one_time_token::OneTimeToken;
use crate::password::hashing;
use crate::password_link::store::{link_keep, links_replace};
use crate::password_link::{Purpose, job, link};
use crate::role::presets::ADMINISTRATOR;
use crate::seed::{SeedEmployee, SeedPlan, seed};

/// Who is made where nobody says otherwise.
const FIRST: &str = "admin";

/// Creates an employee with the administrator role and answers a link to set the password with. For one who was made like
/// that and has never signed in, it answers a new link.
pub async fn create_administrator(db: &Db, config: &Config, login_name: &str) -> anyhow::Result<String> {
    let known = credentials_by_login(db.pool(), login_name).await?;
    let employee_id = match known {
        Some(known) if awaited(db.pool(), known.employee_id).await? => known.employee_id,
        Some(_) => bail!("the login name {login_name} is taken"),
        None => administrator(db, config, login_name, &hashing::random(), true).await?,
    };
    let token = OneTimeToken::random();
    let purpose = Purpose::FirstAdministrator;
    let mut tx = db.begin().await?;
    let expire_time = purpose.expire_time(config, Utc::now());
    link_keep(tx.connection(), employee_id, purpose, &token, expire_time).await?;
    links_replace(tx.connection(), employee_id, purpose, token.id).await?;
    tx.audit(job::audit(employee_id, purpose));
    tx.commit().await?;
    Ok(link(&config.public_url, &token))
}

/// What an installation that nobody can sign in to is entered by: the login name of its first administrator, who is made
/// now or has never been here, and a link to set the password with.
pub async fn first_run(db: &Db, config: &Config) -> anyhow::Result<Option<(String, String)>> {
    let Some(login_name) = newcomer(db.pool(), FIRST).await? else { return Ok(None) };
    let link = create_administrator(db, config, &login_name).await?;
    Ok(Some((login_name, link)))
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
