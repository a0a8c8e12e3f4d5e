//! `changke admin audit verify`: the chains of the services, held against what was told of them outside the database.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use platform::audit::{Checkpoints, Finding, verify};
use platform::db::Db;

use crate::{Config, SERVICES};

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Find any entry of the audit trail that was altered, removed, put in or moved. Ends with a status other than zero
    /// when there is one. Of entries that were removed within moments of being written it finds those that the process
    /// which wrote them lived to miss.
    Verify(Verify),
}

#[derive(Debug, Default, Args)]
pub struct Verify {
    /// Only this service; all when left out.
    #[arg(long = "service")]
    pub services: Vec<String>,
    /// A place that is known not to fit, such as one where `database.role_secret` was changed: `customers:1234`.
    #[arg(long)]
    pub known: Vec<String>,
    /// Don't compare with the checkpoints on the event stream. An end that was cut off may then go unnoticed.
    #[arg(long)]
    pub without_checkpoints: bool,
}

/// Prints what it finds; whether all is well.
pub async fn run(config: &Config, verify: &Verify) -> anyhow::Result<bool> {
    let mut sound = true;
    for service in selected(&verify.services)? {
        let findings = findings(config, service, verify.without_checkpoints).await.context(service)?;
        let known = |finding: &Finding| {
            finding.sequence().is_some_and(|sequence| verify.known.contains(&format!("{service}:{sequence}")))
        };
        let (known, new): (Vec<Finding>, Vec<Finding>) = findings.2.into_iter().partition(known);
        let verdict = if new.is_empty() { "sound" } else { "NOT SOUND" };
        println!("{service}: {verdict}; {} entries, the last at place {}", findings.0, findings.1);
        known.iter().for_each(|finding| println!("  {finding} (known)"));
        new.iter().for_each(|finding| println!("  {finding}"));
        sound &= new.is_empty();
    }
    Ok(sound)
}

fn selected(names: &[String]) -> anyhow::Result<Vec<&'static str>> {
    if names.is_empty() {
        return Ok(SERVICES.to_vec());
    }
    let known = |name: &String| SERVICES.into_iter().find(|service| service == name);
    let service = |name| known(name).with_context(|| format!("there is no service `{name}`"));
    names.iter().map(service).collect()
}

/// How many entries there are, the last place, and what does not fit.
pub async fn findings(
    config: &Config,
    service: &'static str,
    without_checkpoints: bool,
) -> anyhow::Result<(u64, i64, Vec<Finding>)> {
    let db = Db::new(&config.database, service)?;
    let checkpoints = match without_checkpoints {
        true => Vec::new(),
        false => match Checkpoints::new(&platform::events::connect(&config.nats).await?, service).all().await {
            Ok(checkpoints) => checkpoints,
            Err(error) => bail!("{error:#}; --without-checkpoints goes on without them"),
        },
    };
    let report = verify(&db, &checkpoints).await?;
    db.pool().close();
    Ok((report.entries, report.sequence, report.findings))
}
