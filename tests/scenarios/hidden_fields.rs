//! A field that a role does not see is not there: not in answers, filters, orders, files, views, histories, streams and
//! refusals, and nobody writes it blindly. One that a role sees and may not set stays as it is.

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{holder, id, query, refusals, text};

const SECRET: &str = "机密-7391";

struct Scene {
    app: TestApp,
    admin: Session,
    /// Sees all records and all kinds of personal data, but not the field `salary`; sees `rank` and may not set it.
    clerk: Session,
    role: String,
    customer: Value,
    contact: Value,
}

async fn roles_of(admin: &Session) -> Result<Value> {
    Ok(admin.get(&format!("/v1/employees/{}", admin.employee_id)).await?.ok()?["roleIds"].clone())
}

async fn scene() -> Result<Scene> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let roles = roles_of(&admin).await?;
    for (key, kind) in [("salary", "CUSTOMER"), ("bonus", "CONTACT"), ("fee", "INTERACTION")] {
        let field = json!({
            "key": key, "type": "FIELD_TYPE_TEXT", "labelZh": key, "recordKind": format!("RECORD_KIND_{kind}"),
            "readRoleIds": roles, "required": true,
        });
        admin.post("/v1/fields", field).await?.ok()?;
    }
    let rank = json!({"key": "rank", "type": "FIELD_TYPE_TEXT", "labelZh": "职级", "writeRoleIds": roles});
    admin.post("/v1/fields", rank).await?.ok()?;
    let secret = json!({"stringValue": SECRET});
    let customer = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "张三", "number": "Z-1",
        "customFields": {"salary": secret, "rank": {"stringValue": "P7"}},
    });
    let customer = admin.post("/v1/customers", customer).await?.ok()?;
    let contact = json!({"name": "王芳", "customFields": {"bonus": secret}});
    let path = format!("/v1/customers/{}", id(&customer)?);
    let contact = admin.post(&format!("{path}/contacts"), contact).await?.ok()?;
    let interaction = json!({
        "type": "INTERACTION_TYPE_CALL", "subject": "回访", "occurTime": "2026-01-05T02:00:00Z",
        "customFields": {"fee": secret},
    });
    admin.post(&format!("{path}/interactions"), interaction).await?.ok()?;
    let permissions = [
        "CUSTOMERS_READ",
        "CUSTOMERS_CREATE",
        "CUSTOMERS_UPDATE",
        "CUSTOMERS_IMPORT",
        "CUSTOMERS_EXPORT",
        "CUSTOMERS_REVEAL",
        "CONTACTS_READ",
        "CONTACTS_WRITE",
        "INTERACTIONS_READ",
        "INTERACTIONS_WRITE",
        "AUDIT_READ",
        "AUDIT_EXPORT",
    ];
    let (clerk, role) = holder(&app, &admin, "clerk", &permissions).await?;
    Ok(Scene { app, admin, clerk, role, customer, contact })
}

/// Neither what the field holds nor that there is one.
fn tells(text: &str) -> bool {
    [SECRET, "7391", "salary", "bonus", "custom_fields.fee", "\"fee\""].into_iter().any(|word| text.contains(word))
}

#[tokio::test]
async fn no_answer_holds_it() -> Result<()> {
    let Scene { app, admin, clerk, customer, contact, .. } = scene().await?;
    let (customer_id, contact_id) = (id(&customer)?, id(&contact)?);
    let view = json!({
        "name": "共享", "filter": "level = \"vip\"", "columns": ["name", "custom_fields.salary"], "shared": true,
    });
    admin.post("/v1/views", view).await?.ok()?;
    let view = json!({"name": "机密", "filter": "custom.salary : \"7\"", "shared": true});
    admin.post("/v1/views", view).await?.ok()?;
    let filter = format!("custom.salary = \"{SECRET}\"");
    let parameters =
        [("format", "EXPORT_FORMAT_CSV"), ("filter", filter.as_str()), ("columns", "custom_fields.salary")];
    let exported = query(&admin, "/v1/customers:export", &parameters).await?.ok()?.to_string();
    assert!(exported.contains(SECRET), "who sees it exports it: {exported}");
    let trail = "/v1/operations/customers/auditEntries";
    app.until("the export is audited", async || {
        admin.get(trail).await.is_ok_and(|answer| answer.body.to_string().contains("customer.exported"))
    })
    .await?;
    for path in [
        "/v1/fields".to_owned(),
        "/v1/fields?includeRetired=true".to_owned(),
        "/v1/customers".to_owned(),
        "/v1/customers?orderBy=name".to_owned(),
        format!("/v1/customers/{customer_id}"),
        format!("/v1/customers/{customer_id}/contacts"),
        format!("/v1/contacts/{contact_id}"),
        format!("/v1/customers/{customer_id}/interactions"),
        "/v1/interactions".to_owned(),
        format!("/v1/customers/{customer_id}/timeline"),
        "/v1/customers:search?query=zs".to_owned(),
        "/v1/customers:export?format=EXPORT_FORMAT_CSV".to_owned(),
        "/v1/imports:downloadTemplate?format=IMPORT_FILE_FORMAT_CSV".to_owned(),
        "/v1/views".to_owned(),
        trail.to_owned(),
        format!("{trail}:export"),
    ] {
        let answer = clerk.get(&path).await?;
        let body = answer.body.to_string();
        assert!(answer.status.is_success(), "{path}: {body}");
        assert!(!tells(&body), "{path}: {body}");
        let seen = admin.get(&path).await?.body.to_string();
        let by_rows = !path.contains("search") && !path.contains("Template");
        assert!(!by_rows || tells(&seen), "{path} to who sees it: {seen}");
    }
    for path in [format!("/v1/customers/{customer_id}:reveal"), format!("/v1/contacts/{contact_id}:reveal")] {
        let shown = clerk.post(&path, json!({"reason": "回访"})).await?.ok()?.to_string();
        assert!(!tells(&shown), "{path}: {shown}");
    }
    app.stop().await
}

#[tokio::test]
async fn nobody_filters_sorts_exports_imports_or_writes_it() -> Result<()> {
    let Scene { app, admin, clerk, customer, contact, .. } = scene().await?;
    let path = format!("/v1/customers/{}", id(&customer)?);
    // As if it were not there at all.
    let unknown = |text: &str| text.replace("salary", "nosuch").replace("fee", "nosuch");
    for (list, key) in [("/v1/customers", "salary"), ("/v1/customers:export", "salary"), ("/v1/interactions", "fee")] {
        let format: &[(&str, &str)] = if list.ends_with("export") { &[("format", "EXPORT_FORMAT_CSV")] } else { &[] };
        for (name, value) in [
            ("filter", format!("custom.{key} = \"{SECRET}\"")),
            ("filter", format!("NOT custom.{key}:*")),
            ("orderBy", format!("custom.{key} desc")),
        ] {
            let other = unknown(&value);
            let refused = query(&clerk, list, &[format, &[(name, value.as_str())]].concat()).await?;
            let strange = query(&clerk, list, &[format, &[(name, other.as_str())]].concat()).await?;
            assert_eq!(refused.status, 400, "{list} {value}: {}", refused.body);
            let told = unknown(&refused.body["fieldViolations"].to_string());
            assert_eq!(told, strange.body["fieldViolations"].to_string(), "{list} {value}");
        }
    }
    let columns = [("format", "EXPORT_FORMAT_CSV"), ("columns", "custom_fields.salary")];
    let answer = query(&clerk, "/v1/customers:export", &columns).await?;
    assert_eq!(refusals(&answer), ["columns[0]: EXPORT_COLUMN_UNKNOWN"]);
    let view = json!({"name": "猜", "filter": "custom.salary:*"});
    assert_eq!(clerk.post("/v1/views", view).await?.status, 400);
    let view = json!({"name": "猜", "columns": ["custom_fields.salary"]});
    assert_eq!(refusals(&clerk.post("/v1/views", view).await?), ["columns[0]: FIELD_UNKNOWN"]);

    // Writing: refused as unknown; what the clerk saves otherwise leaves it and what is read-only alone.
    let secret = json!({"stringValue": "猜"});
    let made = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李四", "customFields": {"salary": secret}});
    assert_eq!(refusals(&clerk.post("/v1/customers", made).await?), ["customFields.salary: FIELD_UNKNOWN"]);
    let made = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李四", "customFields": {"rank": secret}});
    assert_eq!(refusals(&clerk.post("/v1/customers", made).await?), ["customFields.rank: FIELD_READ_ONLY"]);
    // It is required of those who see it.
    let made = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李四"});
    clerk.post("/v1/customers", made.clone()).await?.ok()?;
    assert_eq!(refusals(&admin.post("/v1/customers", made).await?), ["customFields.salary: VALUE_REQUIRED"]);
    let seen = clerk.get(&path).await?.ok()?;
    for (mask, custom, expected) in [
        ("customFields.salary", json!({"salary": secret}), "customFields.salary: FIELD_UNKNOWN"),
        ("customFields", json!({"salary": secret}), "customFields.salary: FIELD_UNKNOWN"),
        ("customFields.rank", json!({"rank": secret}), "customFields.rank: FIELD_READ_ONLY"),
        ("customFields.rank", json!({}), "customFields.rank: FIELD_READ_ONLY"),
        ("customFields", json!({"rank": secret}), "customFields.rank: FIELD_READ_ONLY"),
    ] {
        let patch = json!({"customFields": custom, "etag": seen["etag"]});
        let answer = clerk.patch(&format!("{path}?updateMask={mask}"), patch).await?;
        assert_eq!(refusals(&answer), [expected], "{mask}: {}", answer.body);
    }
    let whole = json!({"customFields": seen["customFields"], "remark": "改", "etag": seen["etag"]});
    let whole = clerk.patch(&path, whole).await?.ok()?;
    let emptied = json!({"customFields": {}, "etag": whole["etag"]});
    clerk.patch(&format!("{path}?updateMask=customFields"), emptied).await?.ok()?;
    let kept = admin.get(&path).await?.ok()?;
    assert_eq!(kept["customFields"], customer["customFields"]);
    let one = format!("/v1/contacts/{}", id(&contact)?);
    let seen = clerk.get(&one).await?.ok()?;
    let patch = json!({"customFields": {"bonus": secret}, "etag": seen["etag"]});
    assert_eq!(refusals(&clerk.patch(&one, patch).await?), ["customFields.bonus: FIELD_UNKNOWN"]);
    let patch = json!({"customFields": {}, "post": "经理", "etag": seen["etag"]});
    clerk.patch(&format!("{one}?updateMask=customFields,post"), patch).await?.ok()?;
    assert_eq!(admin.get(&one).await?.ok()?["customFields"], contact["customFields"]);

    // A file: no header means it, and naming it is refused.
    let sheet = "编号,名称,salary,职级\nZ-1,张三,1,P1\n";
    let import = clerk.upload("guess.csv", sheet.as_bytes().to_vec()).await?.ok()?;
    assert!(!import.to_string().contains("custom_fields"), "{import}");
    for (field, place) in [("custom_fields.salary", 2), ("custom_fields.rank", 3)] {
        let mut columns = vec![json!({"field": "number"}), json!({"field": "name"}), json!({}), json!({})];
        columns[place] = json!({"field": field});
        let run = json!({"key": "IMPORT_KEY_NUMBER", "duplicatePolicy": "DUPLICATE_POLICY_UPDATE", "columns": columns});
        let answer = clerk.post(&format!("/v1/imports/{}:run", id(&import)?), run).await?;
        assert_eq!(refusals(&answer), [format!("columns[{place}].field: IMPORT_FIELD_UNKNOWN")], "{}", answer.body);
    }
    app.stop().await
}

#[tokio::test]
async fn it_comes_and_goes_with_the_role_at_once() -> Result<()> {
    let Scene { app, admin, clerk, role, customer, .. } = scene().await?;
    let path = format!("/v1/customers/{}", id(&customer)?);
    let field = admin.get("/v1/fields").await?.ok()?;
    let field = field["fields"].as_array().into_iter().flatten().find(|field| field["key"] == "salary");
    let field = field.context("the field")?;
    assert_eq!((&field["readable"], &field["writable"]), (&json!(true), &json!(true)));
    let seen = clerk.get("/v1/fields").await?.ok()?;
    assert_eq!(seen["fields"].as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!((&seen["fields"][0]["readable"], &seen["fields"][0]["writable"]), (&json!(true), &json!(false)));
    assert_eq!(seen["fields"][0]["writeRoleIds"], json!([]), "who may set it is none of the clerk's business");

    let mut updates = clerk.lines("/v1/customers:watch", &[]).await?;
    let both: Vec<Value> =
        roles_of(&admin).await?.as_array().into_iter().flatten().cloned().chain([json!(role)]).collect();
    let widened = json!({"readRoleIds": both, "etag": field["etag"]});
    let widened = admin.patch("/v1/fields/salary?updateMask=readRoleIds", widened).await?.ok()?;
    app.until("the clerk sees it", async || {
        clerk.get(&path).await.is_ok_and(|answer| answer.body.to_string().contains(SECRET))
    })
    .await?;
    // Somebody repeats with fewer rights what was answered with more.
    let key = [("idempotency-key", "again")];
    let name = json!({"name": "张三丰", "etag": customer["etag"]});
    let first = clerk.call(Method::PATCH, &path, Some(name.clone()), &key).await?.ok()?;
    assert!(first.to_string().contains(SECRET), "{first}");
    let narrowed = json!({"readRoleIds": roles_of(&admin).await?, "etag": widened["etag"]});
    admin.patch("/v1/fields/salary?updateMask=readRoleIds", narrowed).await?.ok()?;
    app.until("the clerk sees it no more", async || {
        clerk.get(&path).await.is_ok_and(|answer| !answer.body.to_string().contains(SECRET))
    })
    .await?;
    let again = clerk.call(Method::PATCH, &path, Some(name), &key).await?.ok()?;
    assert!(!tells(&again.to_string()), "{again}");
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.patch(&path, json!({"remark": "流", "etag": etag})).await?.ok()?;
    let last = loop {
        let update = updates.next().await?.context("the stream goes on")?;
        if update["customer"]["remark"] == "流" {
            break update;
        }
    };
    assert!(!tells(&last.to_string()), "{last}");

    // A role that nobody knows is no role.
    let listed = admin.get("/v1/fields").await?.ok()?;
    let field = listed["fields"].as_array().into_iter().flatten().find(|field| field["key"] == "salary");
    let etag = &field.context("the field")?["etag"];
    let unknown = json!({"readRoleIds": ["01980000-0000-7000-8000-00000000dead"], "etag": etag});
    let answer = admin.patch("/v1/fields/salary?updateMask=readRoleIds", unknown).await?;
    assert_eq!(refusals(&answer), ["readRoleIds[0]: ROLE_UNKNOWN"], "{}", answer.body);
    assert_eq!(text(&seen["fields"][0]["key"]), "rank");
    app.stop().await
}
