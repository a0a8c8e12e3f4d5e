//! A believable company, the same for the same seed and day: employees in a tree, customers, contacts, interactions over
//! three years. What is there stays, and what is missing is added as of the same day: a seed that was broken off goes on
//! where it stopped, and a company can grow.

mod company;
mod copy;
mod names;
mod present;
mod records;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use platform::db::Db;
use rand::SeedableRng;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::Config;
use present::Customers;
use records::Setting;

/// Customers written in one transaction.
const BATCH: u64 = 1_000;

#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// How many customers; three contacts and ten interactions come with each on average.
    #[arg(long, default_value_t = 20_000)]
    pub customers: u64,
    /// Leave interactions out.
    #[arg(long)]
    pub no_interactions: bool,
    /// The same number makes the same company on the same day.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The day on which it stands; today when left out. A company that is there already keeps its day.
    #[arg(long)]
    pub day: Option<NaiveDate>,
    /// Where the sign-ins of the company's people are written, readable by the owner alone.
    #[arg(long)]
    pub sign_ins: Option<PathBuf>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { customers: 20_000, no_interactions: false, seed: 1, day: None, sign_ins: None }
    }
}

pub async fn run(config: &Config, plan: &Plan) -> anyhow::Result<()> {
    let identity = Db::new(&config.database, identity::NAME)?;
    let customers = Db::new(&config.database, customers::NAME)?;
    let company = company::found(&identity, &config.identity, plan).await.context("employees")?;
    let day = plan.day.unwrap_or_else(|| Utc::now().date_naive()).and_time(NaiveTime::MIN).and_utc();
    let mut setting = Setting::load(&customers, company, day).await?;
    records::custom_fields(&customers).await?;

    let batches = plan.customers.div_ceil(BATCH);
    let started = Instant::now();
    let mut foreign = Vec::new();
    for batch in 0..batches {
        let size = BATCH.min(plan.customers - batch * BATCH);
        let make = |setting: &Setting, known: &Customers| {
            let mut random = StdRng::seed_from_u64(plan.seed.wrapping_mul(1_000_003).wrapping_add(batch));
            setting.batch(&mut random, batch, size, !plan.no_interactions, known)
        };
        let mut tx = customers.begin().await?;
        let known = present::load(tx.connection(), batch, size).await?;
        if batch == 0 && !known.is_empty() {
            setting.now += present::lateness(&make(&setting, &known).customers, &known)?;
        }
        if (known.len() as u64) < size {
            let made = make(&setting, &known);
            made.write(tx.connection()).await.with_context(|| format!("batch {batch}"))?;
            tx.commit().await?;
            foreign.extend(known.into_iter().filter(|(serial, id)| made.customers[serial] != *id));
        }
        progress(batch + 1, batches, started);
    }
    if let Some((first, _)) = foreign.iter().min() {
        eprintln!(
            "  {} numbers are other customers', who stay as they are: {}{}",
            foreign.len(),
            present::number(*first),
            if foreign.len() > 1 { ", …" } else { "" }
        );
    }
    setting.finish(&customers).await?;
    Ok(())
}

/// A UUIDv7 of a time, with random bits of our own so that the same seed gives the same ids.
fn id_at(time: DateTime<Utc>, random: &mut StdRng) -> Uuid {
    use rand::RngCore;
    let mut bytes = [0; 10];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_unix_timestamp_millis(time.timestamp_millis().unsigned_abs(), &bytes).into_uuid()
}

fn progress(done: u64, all: u64, started: Instant) {
    let mut out = std::io::stderr();
    if out.is_terminal() || done == all || done.is_multiple_of(20) {
        let end = if out.is_terminal() && done < all { '\r' } else { '\n' };
        let percent = done * 100 / all.max(1);
        let _ = write!(out, "  customers: {percent:3} %  {:.0} s{end}", started.elapsed().as_secs_f32());
    }
}
