//! Rules of custom fields, the time in which they are asked for, and fields of contacts and interactions.

use anyhow::Result;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, an_interaction, each, id, list, refusals, violations};

fn person(name: &str, custom_fields: Value) -> Value {
    json!({"kind": "CUSTOMER_KIND_PERSON", "name": name, "customFields": custom_fields})
}

#[tokio::test]
async fn rules_hold_for_what_is_set_from_now_on() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let budget = json!({"key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算"});
    let budget = admin.post("/v1/fields", budget).await?.ok()?;
    let plate = json!({
        "key": "plate", "type": "FIELD_TYPE_TEXT", "labelZh": "车牌",
        "rules": {"maxLength": 8, "pattern": "浙[A-Z][0-9]+", "patternHint": "浙 A 12345"},
    });
    admin.post("/v1/fields", plate).await?.ok()?;
    let rich = person("富有", json!({"budget": {"decimalValue": "5000.125"}}));
    let rich = li_lei.post("/v1/customers", rich).await?.ok()?;
    li_lei.post("/v1/customers", person("小康", json!({"budget": {"decimalValue": "10"}}))).await?.ok()?;
    let path = format!("/v1/customers/{}", id(&rich)?);

    let rules = json!({"min": {"decimalValue": "1"}, "max": {"decimalValue": "1000"}, "maxDecimals": 2});
    let mut draft = budget.clone();
    draft["rules"] = rules.clone();
    draft["required"] = json!(true);
    let preview = admin.post("/v1/fields:preview", json!({"field": draft})).await?.ok()?;
    assert_eq!(preview, json!({"holdingCount": "2", "breakingCount": "1", "missingCount": "0"}));
    a_customer(li_lei, "无预算").await?;
    let preview = admin.post("/v1/fields:preview", json!({"field": draft})).await?.ok()?;
    assert_eq!(preview["missingCount"], "1");
    li_lei.post("/v1/fields:preview", json!({"field": draft})).await?.refused(403, "PERMISSION_DENIED")?;
    let change = json!({"rules": rules, "etag": budget["etag"]});
    let budget = admin.patch("/v1/fields/budget", change).await?.ok()?;
    assert_eq!(budget["rules"]["max"], json!({"decimalValue": "1000"}));

    for (value, reason) in
        [("0.5", "TOO_SMALL"), ("1000.01", "TOO_LARGE"), ("1.234", "TOO_MANY_DECIMALS"), ("1000", ""), ("1.5", "")]
    {
        let answer = li_lei.post("/v1/customers", person("新", json!({"budget": {"decimalValue": value}}))).await?;
        let expected = if reason.is_empty() { vec![] } else { refusals(&[("customFields.budget", reason)]) };
        assert_eq!(violations(&answer), expected, "{value}: {}", answer.body);
    }
    // What is held stays, also when the form sends it back; another value is held to the rules.
    let kept = json!({"customFields": {"budget": {"decimalValue": "5000.125"}}, "remark": "旧", "etag": rich["etag"]});
    let kept = li_lei.patch(&path, kept).await?.ok()?;
    let other = json!({"customFields": {"budget": {"decimalValue": "5000"}}, "etag": kept["etag"]});
    assert_eq!(violations(&li_lei.patch(&path, other).await?), refusals(&[("customFields.budget", "TOO_LARGE")]));
    for (plate, reason) in [("浙A12345", ""), ("沪A12345", "FIELD_PATTERN_MISMATCH"), ("浙A1234567", "TOO_LONG")] {
        let answer = li_lei.post("/v1/customers", person("车", json!({"plate": {"stringValue": plate}}))).await?;
        let expected = if reason.is_empty() { vec![] } else { refusals(&[("customFields.plate", reason)]) };
        assert_eq!(violations(&answer), expected, "{plate}: {}", answer.body);
    }

    // A file is held to them as well.
    let sheet = "客户名称,预算,车牌\n甲,2000,\n乙,20,沪A1\n丙,20,浙A1\n";
    let import = li_lei.upload("rules.csv", sheet.as_bytes().to_vec()).await?.ok()?;
    let one = format!("/v1/imports/{}", id(&import)?);
    let run = json!({"key": "IMPORT_KEY_NAME", "duplicatePolicy": "DUPLICATE_POLICY_SKIP"});
    li_lei.post(&format!("{one}:run"), run).await?.ok()?;
    let ended = async || li_lei.get(&one).await.is_ok_and(|answer| answer.body["state"] != "IMPORT_STATE_RUNNING");
    story.app.until("the import has ended", ended).await?;
    let errors = li_lei.get(&format!("{one}/rowErrors")).await?.ok()?;
    let codes: Vec<&Value> =
        errors["rowErrors"].as_array().unwrap().iter().map(|row| &row["errors"][0]["code"]).collect();
    assert_eq!(codes, ["TOO_LARGE", "PATTERN_MISMATCH"]);
    assert!(errors.to_string().contains("1000"), "{errors}");

    // Definitions that make no sense.
    for (rules, field, reason) in [
        (json!({"min": {"decimalValue": "2"}, "max": {"decimalValue": "1"}}), "rules.max", "FIELD_RULES_CROSSED"),
        (json!({"min": {"integerValue": "2"}}), "rules.min", "FIELD_TYPE_MISMATCH"),
        (json!({"maxLength": 5}), "rules.max_length", "FIELD_RULE_REFUSED"),
    ] {
        let answer = admin.patch("/v1/fields/budget", json!({"rules": rules, "etag": budget["etag"]})).await?;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        let expected = answer.body["fieldViolations"][0]["reason"].as_str() == Some(reason);
        assert!(expected, "{field}: {}", answer.body);
    }
    let bad = json!({"key": "a", "type": "FIELD_TYPE_TEXT", "labelZh": "甲", "rules": {"pattern": "(a"}});
    let answer = admin.post("/v1/fields", bad).await?;
    assert_eq!(violations(&answer), refusals(&[("rules.pattern", "FIELD_PATTERN_INVALID")]));
    story.end().await
}

#[tokio::test]
async fn a_field_is_asked_for_in_its_time_alone() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let past = json!({
        "key": "campaign", "type": "FIELD_TYPE_TEXT", "labelZh": "活动", "required": true,
        "defaultValue": {"stringValue": "双十一"}, "validFrom": "2020-01-01", "validUntil": "2020-12-31",
    });
    let past = admin.post("/v1/fields", past).await?.ok()?;
    let made = li_lei.post("/v1/customers", person("张三", json!({}))).await?.ok()?;
    assert_eq!(made["customFields"], json!({}));
    let open = json!({"validUntil": "", "etag": past["etag"]});
    let open = admin.patch("/v1/fields/campaign", open).await?.ok()?;
    let made = li_lei.post("/v1/customers", person("李四", json!({}))).await?.ok()?;
    assert_eq!(made["customFields"]["campaign"]["stringValue"], "双十一");
    let crossed = json!({"validUntil": "2019-01-01", "etag": open["etag"]});
    let crossed = admin.patch("/v1/fields/campaign", crossed).await?;
    assert_eq!(violations(&crossed), refusals(&[("validUntil", "FIELD_RULES_CROSSED")]));
    story.end().await
}

#[tokio::test]
async fn addresses_and_phones_are_told_from_other_texts() -> Result<()> {
    let story = Story::begin().await?;
    for (key, kind) in [("mail", "EMAIL"), ("mobile", "PHONE"), ("page", "URL"), ("story", "LONG_TEXT")] {
        let field = json!({"key": key, "type": format!("FIELD_TYPE_{kind}"), "labelZh": key});
        story.admin.post("/v1/fields", field).await?.ok()?;
    }
    let long = "长".repeat(10_000);
    for (key, value, reason) in [
        ("mail", "zhang@example.com", ""),
        ("mail", "zhang@", "NOT_AN_EMAIL"),
        ("mobile", "0571-8888 6666", ""),
        ("mobile", "none", "PHONE_INVALID"),
        ("page", "https://example.com/?q=1", ""),
        ("page", "javascript:alert(1)", "URL_INVALID"),
        ("page", "https://", "URL_INVALID"),
        ("story", long.as_str(), ""),
    ] {
        let answer = story.li_lei.post("/v1/customers", person("甲", json!({key: {"stringValue": value}}))).await?;
        let expected = if reason.is_empty() { vec![] } else { refusals(&[(&format!("customFields.{key}"), reason)]) };
        assert_eq!(violations(&answer), expected, "{key} {value}: {}", answer.status);
    }
    let found = list(&story.li_lei, "/v1/customers", &[("filter", "custom.mail : \"ZHANG\"")]).await?.ok()?;
    assert_eq!(each(&found, "customers", "name"), ["甲"]);
    story.end().await
}

#[tokio::test]
async fn contacts_and_interactions_have_fields_of_their_own() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let field = |key: &str, kind: &str, record: &str, more: Value| {
        let mut field = json!({
            "key": key, "type": format!("FIELD_TYPE_{kind}"), "labelZh": key,
            "recordKind": format!("RECORD_KIND_{record}"),
        });
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        field
    };
    admin.post("/v1/fields", field("badge", "INTEGER", "CONTACT", json!({"unique": true}))).await?.ok()?;
    admin.post("/v1/fields", field("title", "TEXT", "CONTACT", json!({"required": true}))).await?.ok()?;
    admin
        .post("/v1/fields", field("cost", "DECIMAL", "INTERACTION", json!({"rules": {"max": {"decimalValue": "500"}}})))
        .await?
        .ok()?;
    let reserved = admin.post("/v1/fields", field("hobby", "TEXT", "CONTACT", json!({}))).await?;
    assert_eq!(violations(&reserved), refusals(&[("key", "FIELD_KEY_RESERVED")]));
    admin.post("/v1/fields", field("badge", "TEXT", "CUSTOMER", json!({}))).await?.refused(409, "FIELD_KEY_TAKEN")?;
    let listed = li_lei.get("/v1/fields?recordKind=RECORD_KIND_CONTACT").await?.ok()?;
    assert_eq!(each(&listed, "fields", "key"), ["badge", "title"]);

    let customer = a_customer(li_lei, "大华").await?;
    // Nothing of one kind is known to another.
    let strange = li_lei.post("/v1/customers", person("错", json!({"title": {"stringValue": "x"}}))).await?;
    assert_eq!(violations(&strange), refusals(&[("customFields.title", "FIELD_UNKNOWN")]));
    let contacts = format!("/v1/customers/{customer}/contacts");
    let missing =
        li_lei.post(&contacts, json!({"name": "王芳", "customFields": {"cost": {"decimalValue": "1"}}})).await?;
    let mut missing = violations(&missing);
    missing.sort_unstable();
    assert_eq!(missing, refusals(&[("customFields.cost", "FIELD_UNKNOWN"), ("customFields.title", "VALUE_REQUIRED")]));
    let custom = json!({"badge": {"integerValue": "7"}, "title": {"stringValue": " 总监 "}});
    let wang = a_contact(li_lei, &customer, json!({"name": "王芳", "customFields": custom})).await?;
    assert_eq!(wang["customFields"]["title"]["stringValue"], "总监");
    let second = li_lei.post(&contacts, json!({"name": "李明", "customFields": custom})).await?;
    assert_eq!(violations(&second), refusals(&[("customFields.badge", "CUSTOM_VALUE_TAKEN")]));
    let one = format!("/v1/contacts/{}", id(&wang)?);
    let change = json!({"customFields": {"title": {"stringValue": "经理"}}, "etag": wang["etag"]});
    let changed = li_lei.patch(&format!("{one}?updateMask=customFields.title"), change).await?.ok()?;
    assert_eq!(changed["customFields"], json!({"badge": {"integerValue": "7"}, "title": {"stringValue": "经理"}}));
    assert_eq!(li_lei.get(&one).await?.ok()?["customFields"], changed["customFields"]);
    let emptied = json!({"etag": changed["etag"]});
    let emptied = li_lei.patch(&format!("{one}?updateMask=customFields.title"), emptied).await?;
    assert_eq!(violations(&emptied), refusals(&[("customFields.title", "VALUE_REQUIRED")]));

    let visit = |cost: &str| {
        json!({
            "type": "INTERACTION_TYPE_VISIT", "subject": format!("拜访 {cost}"), "occurTime": "2026-01-05T02:00:00Z",
            "customFields": {"cost": {"decimalValue": cost}},
        })
    };
    let interactions = format!("/v1/customers/{customer}/interactions");
    let dear = li_lei.post(&interactions, visit("501")).await?;
    assert_eq!(violations(&dear), refusals(&[("customFields.cost", "TOO_LARGE")]));
    for cost in ["20", "300", "45.5"] {
        an_interaction(li_lei, &customer, visit(cost)).await?;
    }
    let found = list(li_lei, "/v1/interactions", &[("filter", "custom.cost > 40"), ("orderBy", "custom.cost desc")]);
    let found = found.await?.ok()?;
    assert_eq!(each(&found, "interactions", "subject"), ["拜访 300", "拜访 45.5"]);
    let mut token = String::new();
    let mut pages = Vec::new();
    loop {
        let query = [("orderBy", "custom.cost"), ("pageSize", "1"), ("pageToken", token.as_str())];
        let page = list(li_lei, "/v1/interactions", &query).await?.ok()?;
        pages.extend(each(&page, "interactions", "subject").into_iter().map(str::to_owned));
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, ["拜访 20", "拜访 45.5", "拜访 300"]);
    let timeline = li_lei.get(&format!("/v1/customers/{customer}/timeline")).await?.ok()?.to_string();
    assert!(timeline.contains("\"decimalValue\":\"300\"") && timeline.contains("custom_fields.title"), "{timeline}");
    let trail = admin.get("/v1/operations/customers/auditEntries").await?.ok()?.to_string();
    assert!(trail.contains("custom_fields.cost") && trail.contains("custom_fields.badge"), "{trail}");
    story.end().await
}

#[tokio::test]
async fn an_index_is_made_beside_the_work_and_dropped_again() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let long = json!({"key": "motto", "type": "FIELD_TYPE_TEXT", "labelZh": "格言", "indexed": true});
    assert_eq!(violations(&admin.post("/v1/fields", long).await?), refusals(&[("indexed", "FIELD_INDEX_REFUSED")]));
    let types =
        [("price", "DECIMAL"), ("born", "DATE"), ("seen", "TIMESTAMP"), ("pieces", "INTEGER"), ("mail", "EMAIL")];
    for (key, kind) in types {
        let field = json!({"key": key, "type": format!("FIELD_TYPE_{kind}"), "labelZh": key, "indexed": true});
        admin.post("/v1/fields", field).await?.ok()?;
    }
    for price in ["10", "200", "3000"] {
        li_lei.post("/v1/customers", person(price, json!({"price": {"decimalValue": price}}))).await?.ok()?;
    }
    let states = async || -> Result<Vec<Value>> {
        let listed = admin.get("/v1/fields").await?.ok()?;
        Ok(listed["fields"].as_array().into_iter().flatten().map(|field| field["indexState"].clone()).collect())
    };
    let ready =
        async || states().await.is_ok_and(|states| states.iter().all(|state| state == "FIELD_INDEX_STATE_READY"));
    story.app.until("the indexes are made", ready).await?;
    let mut database = story.app.database().await?;
    sqlx::query("SET enable_seqscan = off").execute(&mut database).await?;
    // The filter's own expression, as `platform::filter` writes it.
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT FROM customers.customer c
         WHERE CASE WHEN (c.custom_fields ->> 'price') ~ '^-?[0-9]+([.][0-9]+)?$'
                    THEN (c.custom_fields ->> 'price')::numeric END > 100",
    )
    .fetch_all(&mut database)
    .await?;
    assert!(plan.iter().any(|line| line.contains("custom_field_price")), "{plan:?}");
    let found = list(li_lei, "/v1/customers", &[("filter", "custom.price > 100"), ("orderBy", "custom.price")]);
    assert_eq!(each(&found.await?.ok()?, "customers", "name"), ["200", "3000"]);

    let listed = admin.get("/v1/fields").await?.ok()?;
    for field in listed["fields"].as_array().unwrap() {
        let path = format!("/v1/fields/{}", field["key"].as_str().unwrap());
        // Taken out of use, a field has no index either; it comes back with it.
        let change = if field["key"] == "born" { json!({"retired": true}) } else { json!({"indexed": false}) };
        let mut change = change;
        change["etag"] = field["etag"].clone();
        admin.patch(&path, change).await?.ok()?;
    }
    let left = "SELECT count(*) FROM pg_class WHERE relname LIKE 'custom\\_field\\_%'";
    let gone = async || {
        let Ok(mut database) = story.app.database().await else { return false };
        sqlx::query_scalar::<_, i64>(left).fetch_one(&mut database).await.is_ok_and(|left| left == 0)
    };
    story.app.until("the indexes are dropped", gone).await?;
    story.end().await
}
