//! The people of the stories and what they do most.

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Arrangement, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

/// Two salespeople of one team who see their own customers, and an auditor who sees all, masked, and changes nothing.
pub struct Story {
    pub app: TestApp,
    pub admin: Session,
    pub li_lei: Session,
    pub han_mei: Session,
}

impl Story {
    pub async fn begin() -> Result<Self> {
        Self::begin_with(|_| {}).await
    }

    /// With settings of its own.
    pub async fn begin_with(adjust: impl FnOnce(&mut changke::Config)) -> Result<Self> {
        let app = TestApp::start_with(Arrangement::from_environment(), adjust).await?;
        let admin = app.administrator().await?;
        let team = app.group("华东销售", &app.root_group().await?).await?;
        let li_lei = app.employee("lilei", &team, &["salesperson"]).await?;
        let han_mei = app.employee("hanmei", &team, &["salesperson"]).await?;
        Ok(Self { app, admin, li_lei, han_mei })
    }

    /// Somebody with a preset role at the top of the tree.
    pub async fn somebody(&self, login_name: &str, preset: &str) -> Result<Session> {
        self.app.employee(login_name, &self.app.root_group().await?, &[preset]).await
    }

    pub async fn end(self) -> Result<()> {
        self.app.stop().await
    }
}

/// Creates a customer and gives its id.
pub async fn a_customer(owner: &Session, name: &str) -> Result<String> {
    let customer = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": name});
    id(&owner.post("/v1/customers", customer).await?.ok()?)
}

pub async fn a_contact(writer: &Session, customer: &str, contact: Value) -> Result<Value> {
    writer.post(&format!("/v1/customers/{customer}/contacts"), contact).await?.ok()
}

pub async fn an_interaction(writer: &Session, customer: &str, interaction: Value) -> Result<Value> {
    writer.post(&format!("/v1/customers/{customer}/interactions"), interaction).await?.ok()
}

pub fn id(record: &Value) -> Result<String> {
    Ok(record["id"].as_str().context("no id")?.to_owned())
}

/// One field of each record of a list.
pub fn each<'v>(page: &'v Value, list: &str, field: &str) -> Vec<&'v str> {
    page[list].as_array().into_iter().flatten().map(|record| record[field].as_str().unwrap_or_default()).collect()
}

/// All records of a list, page by page.
pub async fn all_pages(reader: &Session, path: &str, list: &str, page_size: usize) -> Result<Vec<Value>> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let mut records = Vec::new();
    let mut token = String::new();
    loop {
        let page = reader.get(&format!("{path}{joint}pageSize={page_size}&pageToken={token}")).await?.ok()?;
        let found = page[list].as_array().context("no list")?;
        anyhow::ensure!(found.len() <= page_size, "{} on a page of {page_size}", found.len());
        records.extend(found.iter().cloned());
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return Ok(records);
        }
        anyhow::ensure!(found.len() == page_size, "a short page that is not the last");
    }
}

/// A list with query parameters.
pub async fn list(reader: &Session, path: &str, query: &[(&str, &str)]) -> Result<Answer> {
    let answer = reader.request(Method::GET, path)?.query(query).send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.json().await? })
}

/// The fields that an answer refuses, with the reasons.
pub fn violations(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let violations = answer.body["fieldViolations"].as_array().into_iter().flatten();
    violations.map(|violation| (text(&violation["field"]), text(&violation["reason"]))).collect()
}

/// For comparing with what [`violations`] gives.
pub fn refusals(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
}
