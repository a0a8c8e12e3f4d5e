//! What many stories do.

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Answer, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

/// A GET with query parameters, escaped as they must be.
pub async fn query(reader: &Session, path: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
    answer(reader.request(Method::GET, path)?.query(parameters)).await
}

/// Sends a request that was put together by hand.
pub async fn answer(request: reqwest::RequestBuilder) -> Result<Answer> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, headers, body })
}

/// All records of a list, page by page; no page may be longer than asked for, none but the last shorter.
pub async fn all_pages(
    reader: &Session,
    path: &str,
    parameters: &[(&str, &str)],
    list: &str,
    page_size: usize,
) -> Result<Vec<Value>> {
    let size = page_size.to_string();
    let mut records = Vec::new();
    let mut token = String::new();
    loop {
        let mut parameters = parameters.to_vec();
        parameters.extend([("pageSize", size.as_str()), ("pageToken", token.as_str())]);
        let page = query(reader, path, &parameters).await?.ok()?;
        let found = page[list].as_array().context("no list")?;
        ensure!(found.len() <= page_size, "{} on a page of {page_size}", found.len());
        records.extend(found.iter().cloned());
        token = text(&page["nextPageToken"]);
        if token.is_empty() {
            return Ok(records);
        }
        ensure!(found.len() == page_size, "a short page that is not the last");
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn id(record: &Value) -> Result<String> {
    Ok(record["id"].as_str().context("no id")?.to_owned())
}

/// One field of each record, sorted.
pub fn sorted(records: &[Value], field: &str) -> Vec<String> {
    let mut values: Vec<String> = records.iter().map(|record| text(&record[field])).collect();
    values.sort();
    values
}

/// `field: REASON` for each place that an answer refuses.
pub fn refusals(answer: &Answer) -> Vec<String> {
    let violations = answer.body["fieldViolations"].as_array().into_iter().flatten();
    violations.map(|violation| format!("{}: {}", text(&violation["field"]), text(&violation["reason"]))).collect()
}

pub async fn a_customer(owner: &Session, name: &str) -> Result<Value> {
    owner.post("/v1/customers", json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": name})).await?.ok()
}

/// A role of one's own making; gives its id.
pub async fn a_role(admin: &Session, name: &str, grants: &[(&str, &str)]) -> Result<String> {
    let grants: Vec<Value> = grants
        .iter()
        .map(|(permission, scope)| {
            json!({"permission": format!("PERMISSION_{permission}"), "scope": format!("SCOPE_{scope}")})
        })
        .collect();
    id(&admin.post("/v1/roles", json!({"name": name, "grants": grants})).await?.ok()?)
}

/// Changes a record under its present etag.
pub async fn change(writer: &Session, path: &str, mut body: Value) -> Result<Value> {
    body["etag"] = writer.get(path).await?.ok()?["etag"].clone();
    writer.patch(path, body).await?.ok()
}

/// Somebody new who holds these permissions over all records and nothing else, and the id of that role. CUSTOMERS_IMPORT
/// among them tells when the role counts.
pub async fn holder(
    app: &TestApp,
    admin: &Session,
    login_name: &str,
    permissions: &[&str],
) -> Result<(Session, String)> {
    let grants: Vec<(&str, &str)> = permissions.iter().map(|permission| (*permission, "ALL")).collect();
    let role = a_role(admin, login_name, &grants).await?;
    let holder = app.employee(login_name, &app.root_group().await?, &["marketer"]).await?;
    change(admin, &format!("/v1/employees/{}", holder.employee_id), json!({"roleIds": [role]})).await?;
    app.until("the role counts", async || {
        holder.get("/v1/imports").await.is_ok_and(|answer| answer.status.is_success())
    })
    .await?;
    Ok((holder, role))
}
