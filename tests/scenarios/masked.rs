//! Nobody finds out what they see masked: not by filters, orders, searches, imports, files, errors or repeated calls. Who
//! may see it in clear is counted and named.

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{a_role, change, holder, id, query, refusals, text};

const PHONE: &str = "13812345678";
const ID_NUMBER: &str = "11010519491231002X";
const ACCOUNT: &str = "6222020200112233445";
const CONTACT_PHONE: &str = "13987654321";

struct Scene {
    app: TestApp,
    admin: Session,
    /// Sees every customer, everything personal masked, may change and import them.
    curious: Session,
    /// Theirs.
    role: String,
    customer: Value,
    contact: Value,
}

async fn scene() -> Result<Scene> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let field =
        json!({"key": "wechat", "type": "FIELD_TYPE_TEXT", "labelZh": "微信", "personalData": "PERSONAL_DATA_PHONE"});
    admin.post("/v1/fields", field).await?.ok()?;
    let customer = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "张三", "number": "Z-1", "phone": PHONE, "idNumber": ID_NUMBER,
        "bankAccount": ACCOUNT, "email": "zhangsan@example.com",
        "customFields": {"wechat": {"stringValue": "13777777777"}},
    });
    let customer = admin.post("/v1/customers", customer).await?.ok()?;
    let contact = json!({"name": "王芳", "phone": CONTACT_PHONE});
    let contact = admin.post(&format!("/v1/customers/{}/contacts", id(&customer)?), contact).await?.ok()?;
    let permissions = [
        "CUSTOMERS_READ",
        "CUSTOMERS_CREATE",
        "CUSTOMERS_UPDATE",
        "CUSTOMERS_IMPORT",
        "CUSTOMERS_EXPORT",
        "CUSTOMERS_REVEAL",
        "CONTACTS_READ",
        "INTERACTIONS_READ",
        "REPORTS_READ",
        "AUDIT_READ",
        "AUDIT_EXPORT",
    ];
    let (curious, role) = holder(&app, &admin, "curious", &permissions).await?;
    Ok(Scene { app, admin, curious, role, customer, contact })
}

fn holds_secret(text: &str) -> bool {
    [PHONE, ID_NUMBER, ACCOUNT, CONTACT_PHONE, "13777777777", "zhangsan@", "12345678", "87654321"]
        .into_iter()
        .any(|secret| text.contains(secret))
}

#[tokio::test]
async fn digits_are_found_by_no_filter_no_order_and_no_search() -> Result<()> {
    let Scene { app, admin, curious, .. } = scene().await?;
    let fields = ["phone", "email", "id_number", "bank_account", "custom.wechat"];
    for list in ["/v1/customers", "/v1/customers:export"] {
        let format: &[(&str, &str)] = if list.ends_with("export") { &[("format", "EXPORT_FORMAT_CSV")] } else { &[] };
        for field in fields {
            for filter in [
                format!("{field} = \"{PHONE}\""),
                format!("{field} : \"138\""),
                format!("NOT {field} : \"138\""),
                format!("{field} = \"138*\""),
                format!("{field} >= \"1\""),
                format!("level = \"vip\" OR {field}:*"),
            ] {
                let parameters = [format, &[("filter", filter.as_str())]].concat();
                let answer = query(&curious, list, &parameters).await?;
                assert_eq!(refusals(&answer), ["filter: FIELD_MASKED"], "{list} {filter}: {}", answer.body);
            }
            let parameters = [format, &[("orderBy", field)]].concat();
            let answer = query(&curious, list, &parameters).await?;
            assert_eq!(refusals(&answer), ["orderBy: FIELD_MASKED"], "{list} {field}: {}", answer.body);
        }
        // What is not a field of filters is none of masked ones either.
        for filter in ["addresses.street : \"文\"", "customFields.wechat = \"1\"", "phone_digits = \"1\""] {
            assert_eq!(query(&curious, list, &[format, &[("filter", filter)]].concat()).await?.status, 400, "{filter}");
        }
    }
    for words in [PHONE, "1381234", "5678", CONTACT_PHONE, "+86 138 1234 5678", "4321"] {
        let found = query(&curious, "/v1/customers:search", &[("query", words)]).await?.ok()?;
        assert_eq!(found["matches"].as_array().map_or(0, Vec::len), 0, "{words}: {found}");
        let found = query(&admin, "/v1/customers:search", &[("query", words)]).await?.ok()?;
        assert_eq!(found["matches"].as_array().map_or(0, Vec::len), 1, "{words} to who sees it: {found}");
    }
    // A view can't hold what the list refuses.
    let view = json!({"name": "猜", "filter": "phone : \"138\""});
    assert_eq!(curious.post("/v1/views", view).await?.status, 400);
    // And a shared one of who sees it in clear tells nothing.
    for (name, filter) in [("按电话", format!("phone = \"{PHONE}\"")), ("按级别", "level = \"vip\"".to_owned())] {
        admin.post("/v1/views", json!({"name": name, "filter": filter, "shared": true})).await?.ok()?;
    }
    let views = curious.get("/v1/views").await?.ok()?;
    let names: Vec<_> = views["views"].as_array().into_iter().flatten().map(|view| text(&view["name"])).collect();
    assert_eq!(names, ["按级别"], "{views}");
    assert_eq!(admin.get("/v1/views").await?.ok()?["views"].as_array().map(Vec::len), Some(2));
    let report = [("dimension", "DIMENSION_LEVEL"), ("filter", "phone : \"138\"")];
    assert_eq!(query(&curious, "/v1/reports/composition", &report).await?.status, 400);
    app.stop().await
}

async fn dry_run(scene: &Scene, sheet: &str, run: Value) -> Result<Value> {
    let import = scene.curious.upload("guess.csv", sheet.as_bytes().to_vec()).await?.ok()?;
    let path = format!("/v1/imports/{}", id(&import)?);
    let mut run = run;
    run["dryRun"] = json!(true);
    scene.curious.post(&format!("{path}:run"), run).await?.ok()?;
    scene
        .app
        .until("the dry run has ended", async || {
            scene.curious.get(&path).await.is_ok_and(|answer| answer.body["state"] != "IMPORT_STATE_RUNNING")
        })
        .await?;
    let mut import = scene.curious.get(&path).await?.ok()?;
    let errors = scene.curious.get(&format!("{path}/rowErrors?pageSize=50")).await?.ok()?;
    // What differs between any two imports.
    for field in ["id", "etag", "createTime", "updateTime", "startTime", "endTime", "fileName"] {
        import[field].take();
    }
    let codes: Vec<_> = errors["rowErrors"].as_array().into_iter().flatten().map(|row| row["errors"].clone()).collect();
    Ok(json!({"progress": import["progress"], "codes": codes}))
}

#[tokio::test]
async fn a_dry_run_answers_a_right_guess_and_a_wrong_one_alike() -> Result<()> {
    let scene = scene().await?;
    for (key, header) in [("IMPORT_KEY_PHONE", "电话"), ("IMPORT_KEY_ID_NUMBER", "证件号码")] {
        let sheet = format!("名称,{header}\n李四,{PHONE}\n");
        let import = scene.curious.upload("key.csv", sheet.into_bytes()).await?.ok()?;
        let run = json!({"key": key, "duplicatePolicy": "DUPLICATE_POLICY_SKIP", "dryRun": true});
        let answer = scene.curious.post(&format!("/v1/imports/{}:run", id(&import)?), run).await?;
        assert_eq!(refusals(&answer), ["key: FIELD_MASKED"], "{}", answer.body);
    }
    let by_number = json!({"key": "IMPORT_KEY_NUMBER", "duplicatePolicy": "DUPLICATE_POLICY_UPDATE"});
    let by_all = json!({"key": "IMPORT_KEY_NUMBER", "duplicatePolicy": "DUPLICATE_POLICY_SKIP"});
    for (column, right, wrong) in [
        ("电话", PHONE, "13812345679"),
        ("邮箱", "zhangsan@example.com", "zhangsam@example.com"),
        ("微信", "13777777777", "1"),
    ] {
        let sheet = |value: &str| format!("编号,名称,{column}\nZ-1,张三,{value}\n");
        let [right, wrong] = [
            dry_run(&scene, &sheet(right), by_number.clone()).await?,
            dry_run(&scene, &sheet(wrong), by_number.clone()).await?,
        ];
        assert_eq!(right, wrong, "{column}");
    }
    let sheet = |phone: &str| format!("编号,名称,电话\n,张三,{phone}\n");
    let [right, wrong] =
        [dry_run(&scene, &sheet(PHONE), by_all.clone()).await?, dry_run(&scene, &sheet("13812345679"), by_all).await?];
    assert_eq!(right, wrong);
    scene.app.stop().await
}

#[tokio::test]
async fn no_answer_file_trail_or_error_holds_what_is_masked() -> Result<()> {
    let Scene { app, admin, curious, customer, contact, .. } = scene().await?;
    let (customer_id, contact_id) = (id(&customer)?, id(&contact)?);
    let phone = json!({"phone": "13812345670", "etag": customer["etag"]});
    admin.patch(&format!("/v1/customers/{customer_id}"), phone).await?.ok()?;
    query(
        &admin,
        "/v1/customers:export",
        &[("format", "EXPORT_FORMAT_CSV"), ("filter", &format!("phone = \"{PHONE}\""))],
    )
    .await?
    .ok()?;
    app.until("the report knows the customer", async || {
        let report = curious.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        report.is_ok_and(|answer| answer.body["totalCount"] == "1")
    })
    .await?;
    let operations = ["identity", "customers", "reporting"];
    let paths = [
        "/v1/customers".to_owned(),
        format!("/v1/customers/{customer_id}"),
        format!("/v1/customers/{customer_id}/contacts"),
        format!("/v1/customers/{customer_id}/timeline"),
        format!("/v1/contacts/{contact_id}"),
        "/v1/customers:search?query=zs".to_owned(),
        "/v1/customers:export?format=EXPORT_FORMAT_CSV&columns=name&columns=phone&columns=custom_fields.wechat"
            .to_owned(),
        "/v1/reports/composition?dimension=DIMENSION_LEVEL".to_owned(),
    ];
    let trails = operations
        .into_iter()
        .flat_map(|service| ["", ":export"].map(|verb| format!("/v1/operations/{service}/auditEntries{verb}")));
    for path in paths.into_iter().chain(trails) {
        let answer = curious.get(&path).await?;
        let body = answer.body.to_string();
        assert!(answer.status.is_success(), "{path}: {body}");
        assert!(!holds_secret(&body), "{path}: {body}");
    }
    let trail = admin.get("/v1/operations/customers/auditEntries").await?.ok()?.to_string();
    assert!(trail.contains(PHONE), "who sees phones sees them in the trail: {trail}");

    // What one was shown masked is no value, and the refusal repeats nothing.
    let seen = curious.get(&format!("/v1/customers/{customer_id}")).await?.ok()?;
    let masked = json!({"phone": seen["phone"], "etag": seen["etag"]});
    let answer = curious.patch(&format!("/v1/customers/{customer_id}"), masked).await?;
    assert_eq!(answer.status, 400);
    assert!(!holds_secret(&answer.body.to_string()), "{}", answer.body);

    // A call that was made with more rights and is repeated with fewer.
    let name = json!({"name": "李四", "etag": seen["etag"]});
    let key = [("idempotency-key", "again")];
    let path = format!("/v1/customers/{customer_id}");
    let first = curious.call(Method::PATCH, &path, Some(name.clone()), &key).await?.ok()?;
    let again = curious.call(Method::PATCH, &path, Some(name), &key).await?.ok()?;
    assert_eq!(first, again);
    assert!(!holds_secret(&again.to_string()), "{again}");
    app.stop().await
}

#[tokio::test]
async fn a_reveal_shows_one_record_and_says_so() -> Result<()> {
    let Scene { app, admin, curious, customer, contact, .. } = scene().await?;
    let (customer_id, contact_id) = (id(&customer)?, id(&contact)?);
    let path = format!("/v1/customers/{customer_id}:reveal");
    let key = [("idempotency-key", "reveal")];
    let reason = json!({"reason": "回访"});
    for _ in 0..2 {
        let shown = curious.call(Method::POST, &path, Some(reason.clone()), &key).await?.ok()?;
        assert_eq!((&shown["phone"], &shown["idNumber"]), (&json!(PHONE), &json!(ID_NUMBER)));
        assert_eq!(shown["customFields"]["wechat"]["stringValue"], "13777777777");
    }
    let shown = curious.post(&format!("/v1/contacts/{contact_id}:reveal"), json!({})).await?.ok()?;
    assert_eq!(shown["phone"], CONTACT_PHONE);
    // Only for that moment.
    let seen = curious.get(&format!("/v1/customers/{customer_id}")).await?.ok()?;
    assert_eq!(seen["phone"], "138****5678");

    let filter = "action = \"customer.revealed\" OR action = \"contact.revealed\"";
    let entries = query(&admin, "/v1/operations/customers/auditEntries", &[("filter", filter)]).await?.ok()?;
    let entries = entries["entries"].as_array().context("entries")?.clone();
    assert_eq!(entries.len(), 3, "each answer has an entry, repeated ones too");
    assert!(entries.iter().all(|entry| entry["actorId"] == curious.employee_id.as_str()), "{entries:?}");
    assert!(!holds_secret(&json!(entries).to_string()), "{entries:?}");
    let first = json!(entries[2]["changes"]).to_string();
    for word in ["PERSONAL_DATA_PHONE", "PERSONAL_DATA_ID_NUMBER", "PERSONAL_DATA_BANK_ACCOUNT", "回访"] {
        assert!(first.contains(word), "{first}");
    }

    // Neither those who lack the permission nor those who don't see the record.
    let salesperson = app.employee("lilei", &app.root_group().await?, &["salesperson"]).await?;
    salesperson.post(&path, json!({})).await?.refused(403, "PERMISSION_DENIED")?;
    let role = a_role(&admin, "只看自己", &[("CUSTOMERS_READ", "OWN"), ("CUSTOMERS_REVEAL", "ALL")]).await?;
    change(&admin, &format!("/v1/employees/{}", salesperson.employee_id), json!({"roleIds": [role]})).await?;
    app.until("the role counts", async || {
        salesperson.post(&path, json!({})).await.is_ok_and(|answer| answer.status == 404)
    })
    .await?;

    // So many an hour and no more, however they come at once.
    let limit = admin.get("/v1/parameters").await?.ok()?;
    let limits = limit["parameters"].as_array().context("parameters")?;
    let limit = limits.iter().find(|entry| entry["name"] == "privacy.reveals_per_hour").context("limit")?;
    let five = json!({"value": "5", "etag": limit["etag"]});
    admin.patch("/v1/parameters/privacy.reveals_per_hour?updateMask=value", five).await?.ok()?;
    app.until("the limit holds", async || {
        let all = futures::future::join_all((0..6).map(|_| curious.post(&path, json!({})))).await;
        all.into_iter().any(|answer| answer.is_ok_and(|answer| answer.status == 429))
    })
    .await?;
    curious.post(&path, json!({})).await?.refused(429, "REVEALS_EXHAUSTED")?;
    app.stop().await
}

#[tokio::test]
async fn hidden_stays_hidden_when_masked_is_revealed() -> Result<()> {
    let Scene { app, admin, curious, role, customer, .. } = scene().await?;
    let hidden = json!({
        "fieldVisibilities": [{"personalData": "PERSONAL_DATA_PHONE", "visibility": "VISIBILITY_HIDDEN"}],
    });
    change(&admin, &format!("/v1/roles/{role}"), hidden).await?;
    let path = format!("/v1/customers/{}", id(&customer)?);
    app.until("phones are hidden", async || {
        curious.get(&path).await.is_ok_and(|answer| answer.status == 200 && text(&answer.body["phone"]).is_empty())
    })
    .await?;
    let shown = curious.post(&format!("{path}:reveal"), json!({})).await?.ok()?;
    assert_eq!((text(&shown["phone"]), text(&shown["idNumber"])), (String::new(), ID_NUMBER.to_owned()));
    assert_eq!(shown["customFields"]["wechat"], Value::Null);
    app.stop().await
}

#[tokio::test]
async fn provisioning_tells_no_more_than_its_role_may_see() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let clear = ["PHONE", "EMAIL"]
        .map(|kind| json!({"personalData": format!("PERSONAL_DATA_{kind}"), "visibility": "VISIBILITY_CLEAR"}));
    let role = json!({
        "name": "开户", "grants": [{"permission": "PERMISSION_PROVISIONING", "scope": "SCOPE_ALL"}],
        "fieldVisibilities": clear,
    });
    let role = admin.post("/v1/roles", role).await?.ok()?;
    let client = app.employee("client", &app.root_group().await?, &[]).await?;
    change(&admin, &format!("/v1/employees/{}", client.employee_id), json!({"roleIds": [id(&role)?]})).await?;
    app.until("the role counts", async || client.get("/scim/v2/Users").await.is_ok_and(|answer| answer.status == 200))
        .await?;
    let (name, key) = ("zhangsan", [("idempotency-key", "zhangsan")]);
    let user = json!({
        "userName": name, "emails": [{"value": "zhangsan@example.com", "type": "work"}],
        "phoneNumbers": [{"value": PHONE, "type": "work"}],
    });
    let made = client.call(Method::POST, "/scim/v2/Users", Some(user.clone()), &key).await?.ok()?;
    assert_eq!(made["phoneNumbers"][0]["value"], PHONE);
    let path = format!("/scim/v2/Users/{}", id(&made)?);

    // What the role says nothing of, it masks.
    let nothing = json!({"fieldVisibilities": [], "etag": role["etag"]});
    admin.patch(&format!("/v1/roles/{}?updateMask=fieldVisibilities", id(&role)?), nothing).await?.ok()?;
    app.until("phones are masked", async || {
        client.get(&path).await.is_ok_and(|answer| answer.body["phoneNumbers"][0]["value"] == "138****5678")
    })
    .await?;
    let again = client.call(Method::POST, "/scim/v2/Users", Some(user), &key).await?.ok()?;
    assert_eq!(again["id"], made["id"]);
    let renamed = json!({"Operations": [{"op": "replace", "path": "displayName", "value": "张三"}]});
    let patched = client.patch(&path, renamed).await?.ok()?;
    // A client that reads, changes and writes whole resources gives back what it was shown.
    let mut whole = client.get(&path).await?.ok()?;
    whole["displayName"] = json!("张三丰");
    let replaced = client.call(Method::PUT, &path, Some(whole), &[]).await?.ok()?;
    let found = query(&client, "/scim/v2/Users", &[("filter", "userName eq \"zhangsan\"")]).await?.ok()?;
    for shown in [again, patched, replaced, found] {
        assert!(!holds_secret(&shown.to_string()), "{shown}");
    }
    let kept = admin.get(&format!("/v1/employees/{}", id(&made)?)).await?.ok()?;
    assert_eq!((&kept["displayName"], &kept["phone"]), (&json!("张三丰"), &json!(PHONE)));
    assert_eq!(kept["email"], "zhangsan@example.com");
    let asterisks =
        json!({"Operations": [{"op": "replace", "path": "phoneNumbers", "value": [{"value": "139****0"}]}]});
    assert_eq!(client.patch(&path, asterisks).await?.status, 400);

    for parameters in [
        [("filter", "phoneNumbers.value sw \"138\"")],
        [("filter", "not (emails[value co \"zhang\"])")],
        [("sortBy", "phoneNumbers.value")],
        [("sortBy", "emails")],
    ] {
        let answer = query(&client, "/scim/v2/Users", &parameters).await?;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["scimType"]),
            (400, &json!("invalidFilter")),
            "{parameters:?}"
        );
    }
    // Nor does the path of a change find by it.
    let guess = |digits: &str| {
        let path = format!("phoneNumbers[value sw \"{digits}\"].type");
        json!({"Operations": [{"op": "replace", "path": path, "value": "work"}]})
    };
    let guessed = client.patch(&path, guess("1381234")).await?;
    assert_eq!(guessed.body["scimType"], "noTarget", "{}", guessed.body);
    app.stop().await
}

#[tokio::test]
async fn contacts_lead_only_those_to_a_customer_who_may_see_contacts() -> Result<()> {
    let Scene { app, admin, curious, .. } = scene().await?;
    let (without, _) = holder(&app, &admin, "without", &["CUSTOMERS_READ", "CUSTOMERS_IMPORT"]).await?;
    for (reader, text, hits) in [(&curious, "王芳", 1), (&without, "王芳", 0), (&without, "张三", 1)] {
        let found = query(reader, "/v1/customers:search", &[("query", text)]).await?.ok()?;
        assert_eq!(found["matches"].as_array().map_or(0, Vec::len), hits, "{text} {found}");
    }
    app.stop().await
}

#[tokio::test]
async fn what_a_handover_was_chosen_by_is_seen_as_the_customers_are() -> Result<()> {
    let Scene { app, admin, .. } = scene().await?;
    let (assigner, _) = holder(&app, &admin, "assigner", &["CUSTOMERS_ASSIGN", "CUSTOMERS_IMPORT"]).await?;
    let filter = format!("phone = \"{PHONE}\"");
    let handover = json!({
        "fromEmployeeId": admin.employee_id, "receivers": [{"employeeId": assigner.employee_id}], "filter": filter,
    });
    let begun = admin.post("/v1/handovers", handover).await?.ok()?;
    let path = format!("/v1/handovers/{}", id(&begun)?);
    app.until("the handover is over", async || {
        admin.get(&path).await.is_ok_and(|answer| answer.body["state"] != "HANDOVER_STATE_RUNNING")
    })
    .await?;
    assert_eq!(admin.get(&path).await?.ok()?["filter"], filter.as_str());
    for path in [path.as_str(), "/v1/handovers"] {
        let seen = assigner.get(path).await?.ok()?;
        assert!(!holds_secret(&seen.to_string()) && seen.to_string().contains("phone"), "{seen}");
    }
    app.stop().await
}
