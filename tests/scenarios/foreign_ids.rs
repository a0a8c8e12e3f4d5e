//! Somebody who holds every permission, but on their own records only, tries the ids of somebody else's records on every
//! operation that takes one, with the right etags: nothing is answered and nothing changes.

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use contracts::options::{Permission, Scope};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::contract::{Access, Contract, HttpRule, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access_matrix::request::{Target, names_a_record, names_others, send_about};
use crate::support::{a_role, change, id, text};

/// Stands in every text of the victim's records.
const MARK: &str = "kunlun-7315";

/// A record of the victim's: where it is read, and what it is.
struct Record {
    path: String,
    body: Value,
}

impl Record {
    async fn read(reader: &Session, path: String) -> Result<Self> {
        let body = reader.get(&path).await?.ok()?;
        Ok(Self { path, body })
    }
}

/// One record of each kind that belongs to a person.
async fn belongings(app: &TestApp, victim: &Session, group: &str) -> Result<Vec<Record>> {
    let admin = app.administrator().await?;
    let customer = json!({
        "kind": "CUSTOMER_KIND_ORGANIZATION", "name": MARK, "remark": MARK, "ownerId": victim.employee_id,
    });
    let customer = id(&admin.post("/v1/customers", customer).await?.ok()?)?;
    let at = |part: &str| format!("/v1/customers/{customer}/{part}");
    let contact = id(&victim.post(&at("contacts"), json!({"name": MARK})).await?.ok()?)?;
    let interaction = json!({
        "type": "INTERACTION_TYPE_CALL", "state": "INTERACTION_STATE_DONE", "subject": MARK, "content": MARK,
        "occurTime": "2026-01-01T00:00:00Z",
    });
    let interaction = id(&victim.post(&at("interactions"), interaction).await?.ok()?)?;
    let share = id(&victim.post(&at("shares"), json!({"groupId": group})).await?.ok()?)?;
    let view = json!({"name": MARK, "filter": "", "columns": []});
    let view = id(&victim.post("/v1/views", view).await?.ok()?)?;
    let sheet = victim.request(reqwest::Method::POST, "/v1/imports?fileName=a.csv")?;
    let sheet = sheet.header("content-type", "text/csv").body(format!("name\n{MARK}\n"));
    let import = id(&crate::support::answer(sheet).await?.ok()?)?;
    let other = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": MARK, "ownerId": victim.employee_id});
    let other = id(&admin.post("/v1/customers", other).await?.ok()?)?;
    let relation = json!({"relatedCustomerId": other, "type": "RELATION_TYPE_AGENT", "remark": MARK});
    let relation = id(&victim.post(&at("relations"), relation).await?.ok()?)?;
    let feedback = json!({"kind": "FEEDBACK_KIND_WISH", "text": MARK});
    let feedback = id(&victim.post("/v1/feedback", feedback).await?.ok()?)?;
    let key = victim.post("/v1/profile/apiKeys", json!({"name": MARK})).await?.ok()?;
    let pool = json!({"nameZh": MARK, "groupIds": [group]});
    let pool = id(&admin.post("/v1/pools", pool).await?.ok()?)?;
    let handover = handover(app, victim, group).await?;
    let credential = credential(app, victim).await?;
    let session = victim.get("/v1/sessions").await?.ok()?["sessions"][0].clone();

    let mut records = Vec::new();
    for path in [
        format!("/v1/customers/{customer}"),
        format!("/v1/contacts/{contact}"),
        format!("/v1/interactions/{interaction}"),
        format!("/v1/imports/{import}"),
    ] {
        records.push(Record::read(victim, path).await?);
    }
    for path in [
        format!("/v1/employees/{}", victim.employee_id),
        format!("/v1/pools/{pool}"),
        format!("/v1/handovers/{handover}"),
    ] {
        records.push(Record::read(&admin, path).await?);
    }
    // Those that are read in lists alone.
    for (path, id) in [
        (at("shares"), share),
        (at("relations"), relation),
        ("/v1/views".to_owned(), view),
        ("/v1/sessions".to_owned(), text(&session["id"])),
        ("/v1/credentials".to_owned(), credential),
        ("/v1/profile/apiKeys".to_owned(), text(&key["apiKey"]["id"])),
        ("/v1/profile/feedback".to_owned(), feedback),
    ] {
        records.push(Record { path, body: json!({"id": id, "etag": "1"}) });
    }
    Ok(records)
}

/// One that is over, from somebody else of the victim's group to the victim.
async fn handover(app: &TestApp, victim: &Session, group: &str) -> Result<String> {
    let admin = app.administrator().await?;
    let leaver = app.employee("leaver", group, &["salesperson"]).await?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": MARK, "ownerId": leaver.employee_id});
    admin.post("/v1/customers", customer).await?.ok()?;
    let handover = json!({
        "fromEmployeeId": leaver.employee_id, "receivers": [{"employeeId": victim.employee_id}], "note": MARK,
    });
    let id = id(&admin.post("/v1/handovers", handover).await?.ok()?)?;
    app.until("the handover is over", async || {
        let state = admin.get(&format!("/v1/handovers/{id}")).await;
        state.is_ok_and(|answer| answer.body["state"] == "HANDOVER_STATE_COMPLETED")
    })
    .await?;
    Ok(id)
}

/// A second factor, as it stands in the table: to set one up takes a device.
async fn credential(app: &TestApp, holder: &Session) -> Result<String> {
    let (id, holder): (Uuid, Uuid) = (Uuid::now_v7(), holder.employee_id.parse()?);
    sqlx::query("INSERT INTO identity.credential (id, employee_id, kind, name) VALUES ($1, $2, 1, $3)")
        .bind(id)
        .bind(holder)
        .bind(MARK)
        .execute(&mut app.database().await?)
        .await?;
    Ok(id.to_string())
}

const LISTS: [&str; 7] = ["sessions", "views", "shares", "relations", "credentials", "apiKeys", "feedback"];

/// Reads what a record is now, as its owner does.
async fn present(reader: &Session, record: &Record) -> Result<Value> {
    let body = reader.get(&record.path).await?.ok()?;
    // When it was last used is not what it is.
    let list = LISTS.iter().find_map(|name| body.get(name));
    Ok(match list {
        Some(list) => {
            list.as_array().context("a list")?.iter().map(|entry| json!([entry["id"], entry["name"]])).collect()
        }
        None => body,
    })
}

/// Each record as whoever may reads it.
async fn all_present(records: &[Record], victim: &Session, admin: &Session) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for record in records {
        let administered = ["/v1/employees", "/v1/pools", "/v1/handovers"];
        let reader = if administered.iter().any(|path| record.path.starts_with(path)) { admin } else { victim };
        all.push(present(reader, record).await?);
    }
    Ok(all)
}

/// Every permission that knows the scope, in this scope.
async fn with_every_permission(app: &TestApp, group: &str, scope: Scope) -> Result<Session> {
    let admin = app.administrator().await?;
    let catalog = admin.get("/v1/permissionCatalog").await?.ok()?;
    let own: Vec<String> = catalog["permissions"]
        .as_array()
        .context("permissions")?
        .iter()
        .filter(|entry| entry["scopes"].as_array().is_some_and(|scopes| scopes.contains(&json!(scope.as_str_name()))))
        .map(|entry| text(&entry["permission"]).trim_start_matches("PERMISSION_").to_owned())
        .collect();
    let scope = scope.as_str_name().trim_start_matches("SCOPE_");
    let grants: Vec<(&str, &str)> = own.iter().map(|permission| (permission.as_str(), scope)).collect();
    let role = a_role(&admin, &format!("everything in the scope {scope}"), &grants).await?;
    let session = app.employee("intruder", group, &[]).await?;
    change(&admin, &format!("/v1/employees/{}", session.employee_id), json!({"roleIds": [role]})).await?;
    Ok(session)
}

/// An operation on records by id whose rows a scope decides; what opens all rows to its holder, or nothing of anybody's,
/// is not asked.
fn is_open_to_scopes(method: &Method) -> bool {
    match method.access {
        Access::Permission(permission) => permission != Permission::PolicyWatch,
        Access::SignedIn => method.service_name != "GroupService",
        Access::Public => false,
    }
}

/// A victim with records of every kind, and an intruder in another group.
struct Scene {
    app: TestApp,
    victim: Session,
    admin: Session,
    intruder: Session,
    records: Vec<Record>,
    before: Vec<Value>,
}

impl Scene {
    async fn set(scope: Scope) -> Result<Self> {
        let app = TestApp::start().await?;
        let root = app.root_group().await?;
        let [home, elsewhere] = [app.group("home", &root).await?, app.group("elsewhere", &root).await?];
        let victim = app.employee("victim", &home, &["manager"]).await?;
        let admin = app.administrator().await?;
        let records = belongings(&app, &victim, &home).await?;
        let intruder = with_every_permission(&app, &elsewhere, scope).await?;
        app.until("the intruder's role counts", async || {
            intruder.get("/v1/customers").await.is_ok_and(|answer| answer.status.as_u16() == 200)
        })
        .await?;
        let before = all_present(&records, &victim, &admin).await?;
        Ok(Self { app, victim, admin, intruder, records, before })
    }

    /// What the intruder got out of the calls; nothing of it may have changed anything.
    async fn end(self, operations: usize, count: usize, told: &[String]) -> Result<()> {
        println!("{count} cases: {operations} operations, {} records", self.records.len());
        assert!(told.is_empty(), "{} of {count}:\n{}", told.len(), told.join("\n"));
        assert_eq!(all_present(&self.records, &self.victim, &self.admin).await?, self.before);
        self.app.stop().await
    }
}

fn routes(asked: impl Fn(&Method, &HttpRule) -> bool) -> Vec<(&'static Method, &'static HttpRule)> {
    let all = Contract::get().methods().iter().flat_map(|method| method.http.iter().map(move |rule| (method, rule)));
    all.filter(|(method, rule)| is_open_to_scopes(method) && asked(method, rule)).collect()
}

#[tokio::test]
async fn nobody_reaches_a_record_by_knowing_its_id() -> Result<()> {
    let scene = Scene::set(Scope::Own).await?;
    let routes = routes(|_, rule| names_a_record(rule));
    let tries =
        scene.records.iter().flat_map(|record| routes.iter().map(move |(method, rule)| (record, *method, *rule)));
    let outcomes: Vec<(bool, Option<String>)> = stream::iter(tries)
        .map(async |(record, method, rule)| {
            let (id, etag) = (text(&record.body["id"]), text(&record.body["etag"]));
            let target = Target { id: &id, etag: &etag, named: None };
            let answer = send_about(&scene.intruder, method, rule, Some(target)).await?;
            let body = answer.body.to_string();
            let reached = answer.status.is_success() || answer.status.is_server_error() || body.contains(MARK);
            let told = reached.then(|| {
                format!("{} {} of {}: {} {body}", rule.verb.as_str(), rule.template, record.path, answer.status)
            });
            anyhow::Ok((matches!(answer.status.as_u16(), 403 | 404), told))
        })
        .buffer_unordered(4)
        .try_collect()
        .await?;
    let count = outcomes.len();
    let refused = outcomes.iter().filter(|(refused, _)| *refused).count();
    let reached: Vec<String> = outcomes.into_iter().filter_map(|(_, told)| told).collect();
    assert!(refused * 10 > count * 8, "only {refused} of {count} came as far as the record");
    assert!(routes.len() > 30, "only {} operations take an id", routes.len());
    scene.end(routes.len(), count, &reached).await
}

#[tokio::test]
async fn nobody_reaches_a_record_by_naming_it_in_a_call_about_an_own_one() -> Result<()> {
    // All permissions that know the scope of a group, in a group of their own.
    let scene = Scene::set(Scope::Group).await?;
    let routes = routes(names_others);
    let mut told = Vec::new();
    for record in &scene.records {
        for (method, rule) in &routes {
            let own = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "own"});
            let own = scene.intruder.post("/v1/customers", own).await?.ok()?;
            let (id, etag, named) = (text(&own["id"]), text(&own["etag"]), text(&record.body["id"]));
            let target = Target { id: &id, etag: &etag, named: Some(&named) };
            let answer = send_about(&scene.intruder, method, rule, Some(target)).await?;
            let body = answer.body.to_string();
            if answer.status.is_server_error() || body.contains(MARK) {
                let call = format!("{} {}", rule.verb.as_str(), rule.template);
                told.push(format!("{call} naming {}: {} {body}", record.path, answer.status));
            }
        }
    }
    assert!(routes.len() > 20, "only {} operations take ids besides", routes.len());
    let count = scene.records.len() * routes.len();
    scene.end(routes.len(), count, &told).await
}
