//! The requests of each scenario.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// One customer by a random id of `--words`.
    Read,
    /// Fifty customers of one level and province.
    List,
    Create,
    /// The first fifty customers, newest first.
    Page,
    /// Sign in as `NAME PASSWORD`, a line of `--words`.
    SignIn,
    /// A search for a random line of `--words`.
    Search,
}

/// Makes the requests of a scenario.
pub struct Requests {
    scenario: Scenario,
    words: Vec<String>,
}

/// Method, path and body.
pub type Parts = (&'static str, String, Option<String>);

impl Requests {
    pub fn new(scenario: Scenario, words: Option<&Path>) -> anyhow::Result<Self> {
        let words: Vec<String> = match words {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| path.display().to_string())?
                .lines()
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        };
        if words.is_empty() && matches!(scenario, Scenario::Read | Scenario::Search | Scenario::SignIn) {
            bail!("the scenario needs --words");
        }
        Ok(Self { scenario, words })
    }

    pub fn next(&self, random: &mut StdRng) -> Parts {
        let word = || self.words.choose(&mut rand::rng()).map_or("", String::as_str);
        match self.scenario {
            Scenario::Read => ("GET", format!("/v1/customers/{}", word()), None),
            Scenario::List => {
                let province = ["33", "32", "31", "44"].choose(random).copied().unwrap_or("33");
                let filter = format!("level%20%3D%20%22vip%22%20AND%20region%20%3A%20%22{province}%22");
                ("GET", format!("/v1/customers?pageSize=50&filter={filter}"), None)
            }
            Scenario::Create => {
                let body = json!({
                    "kind": "CUSTOMER_KIND_ORGANIZATION",
                    "name": format!("杭州{:06}贸易有限公司", random.random_range(0..1_000_000)),
                    "region": "330106",
                    "industry": "wholesale_retail",
                    "source": "website",
                    "level": "ordinary",
                    "phone": format!("138{:08}", random.random_range(0..100_000_000)),
                });
                ("POST", "/v1/customers".to_owned(), Some(body.to_string()))
            }
            Scenario::Page => ("GET", "/v1/customers?pageSize=50".to_owned(), None),
            Scenario::SignIn => {
                let (name, password) = word().split_once(' ').unwrap_or_default();
                let body = json!({"loginName": name, "password": password});
                ("POST", "/v1/sessions:signIn".to_owned(), Some(body.to_string()))
            }
            Scenario::Search => ("GET", format!("/v1/customers:search?pageSize=20&query={}", escaped(word())), None),
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Customers as people keep them in spreadsheets, every phone another one.
pub fn sheet(rows: std::ops::Range<usize>) -> String {
    let mut sheet = String::from("客户名称,类型,手机,地区,行业,来源,级别,地址,备注\n");
    for row in rows {
        sheet.push_str(&format!(
            "苏州第{row}精密机械有限公司,企业,199{row:08},320506,制造业,展会,普通,苏州市吴中区工业园{row}号,\n"
        ));
    }
    sheet
}
