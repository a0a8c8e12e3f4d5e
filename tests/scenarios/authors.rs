//! Who created a record and who changed it last, on every kind of record that people make.

use anyhow::{Context as _, Result};
use changke::testkit::TestApp;
use serde_json::{Value, json};

use crate::support::{change, id, text};

fn authors(record: &Value) -> (String, String) {
    (text(&record["createUserId"]), text(&record["updateUserId"]))
}

#[tokio::test]
async fn every_record_tells_who_created_it_and_who_changed_it_last() -> Result<()> {
    let app = TestApp::start().await?;
    let root = app.root_group().await?;
    let first = app.administrator().await?;
    let second = app.employee("second", &root, &["administrator"]).await?;
    let customer = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "Kunlun"});
    let customer = id(&first.post("/v1/customers", customer).await?.ok()?)?;
    let at = |part: &str| format!("/v1/customers/{customer}/{part}");
    let interaction = json!({
        "type": "INTERACTION_TYPE_CALL", "state": "INTERACTION_STATE_DONE", "subject": "first",
        "occurTime": "2026-01-01T00:00:00Z",
    });
    let field = json!({"key": "first", "type": "FIELD_TYPE_TEXT", "labelZh": "first"});
    let provider = json!({"name": "first", "issuer": "https://id.example.com", "clientId": "changke"});
    let endpoint = json!({"name": "first", "url": "https://hook.example.com/a", "eventTypes": ["*"], "enabled": false});
    let employee = json!({"loginName": "somebody", "displayName": "first"});
    // Where it is made, what it is, where it is changed and how; a record that is read in a list alone is told by
    // what the change answers.
    for (made_at, body, changed_at, changed) in [
        (at("contacts"), json!({"name": "first"}), "/v1/contacts/", json!({"name": "second"})),
        (at("interactions"), interaction, "/v1/interactions/", json!({"subject": "second"})),
        ("/v1/fields".into(), field, "/v1/fields/", json!({"labelZh": "second"})),
        ("/v1/pools".into(), json!({"nameZh": "first", "groupIds": [root]}), "/v1/pools/", json!({"nameEn": "second"})),
        ("/v1/employees".into(), employee, "/v1/employees/", json!({"displayName": "second"})),
        ("/v1/groups".into(), json!({"name": "first", "parentId": root}), "/v1/groups/", json!({"name": "second"})),
        ("/v1/roles".into(), json!({"name": "first"}), "/v1/roles/", json!({"name": "second"})),
        ("/v1/identityProviders".into(), provider, "/v1/identityProviders/", json!({"name": "second"})),
        ("/v1/webhookEndpoints".into(), endpoint, "/v1/webhookEndpoints/", json!({"name": "second"})),
        (
            "/v1/serviceAccounts".into(),
            json!({"displayName": "first", "groupId": root}),
            "/v1/serviceAccounts/",
            json!({"displayName": "second"}),
        ),
    ] {
        let made = first.post(&made_at, body).await?.ok()?;
        // Beside a secret that is told once.
        let made = ["employee", "endpoint"].iter().find_map(|name| made.get(name)).unwrap_or(&made);
        assert_eq!(authors(made), (first.employee_id.clone(), first.employee_id.clone()), "{made_at}");
        let key = made.get("id").or_else(|| made.get("key")).and_then(Value::as_str).context("no id")?;
        let mut changed = changed;
        changed["etag"] = made["etag"].clone();
        let after = second.patch(&format!("{changed_at}{key}"), changed).await?.ok()?;
        assert_eq!(authors(&after), (first.employee_id.clone(), second.employee_id.clone()), "{changed_at}");
    }

    let view = first.post("/v1/views", json!({"name": "first", "columns": []})).await?.ok()?;
    assert_eq!(authors(&view).0, first.employee_id);
    let dictionary = first.post("/v1/dictionaries", json!({"code": "first", "nameZh": "first"})).await?.ok()?;
    assert_eq!(text(&dictionary["createUserId"]), first.employee_id);
    let entry = first.post("/v1/dictionaries/first/entries", json!({"code": "a", "nameZh": "first"})).await?.ok()?;
    let renamed = json!({"nameZh": "second", "etag": entry["etag"]});
    let entry = second.patch("/v1/dictionaries/first/entries/a", renamed).await?.ok()?;
    assert_eq!(authors(&entry), (first.employee_id.clone(), second.employee_id.clone()));
    assert!(entry["createTime"].is_string() && entry["updateTime"].is_string());
    // What comes with the product is nobody's.
    let regions = first.get("/v1/dictionaries/region/entries?pageSize=1").await?.ok()?;
    assert_eq!(authors(&regions["entries"][0]), (String::new(), String::new()));

    let other = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "Other"});
    let other = id(&first.post("/v1/customers", other).await?.ok()?)?;
    let relation = json!({"relatedCustomerId": other, "type": "RELATION_TYPE_AGENT"});
    let shared = json!({"employeeId": second.employee_id});
    for (path, body, list) in [(at("relations"), relation, "relations"), (at("shares"), shared, "shares")] {
        let made = second.post(&path, body).await?.ok()?;
        assert_eq!(text(&made["createUserId"]), second.employee_id, "{path}");
        assert_eq!(text(&first.get(&path).await?.ok()?[list][0]["createUserId"]), second.employee_id, "{path}");
    }
    let key = first.post("/v1/profile/apiKeys", json!({"name": "first"})).await?.ok()?["apiKey"].clone();
    assert_eq!(text(&key["createUserId"]), first.employee_id);
    assert_eq!(text(&key["revokeUserId"]), "");
    let revoked = second.post(&format!("/v1/apiKeys/{}:revoke", text(&key["id"])), json!({})).await?.ok()?;
    assert_eq!(text(&revoked["revokeUserId"]), second.employee_id);

    // Signing in changes nothing of a person's record.
    let path = format!("/v1/employees/{}", second.employee_id);
    let before = authors(&first.get(&path).await?.ok()?);
    app.sign_in("second", &second.password).await?;
    assert_eq!(authors(&first.get(&path).await?.ok()?), before);
    // By a caller's own word nobody becomes an author.
    let path = format!("/v1/employees/{}", first.employee_id);
    let changed = change(&second, &path, json!({"displayName": "Li", "createUserId": second.employee_id})).await?;
    assert_ne!(authors(&changed).0, second.employee_id);
    app.stop().await
}
