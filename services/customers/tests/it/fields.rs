use anyhow::Result;
use customers::field::FieldCache;
use futures::future::join_all;
use platform::db::Db;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, each, list, refusals, violations};

fn a_person(name: &str, custom_fields: Value) -> Value {
    json!({"kind": "CUSTOMER_KIND_PERSON", "name": name, "customFields": custom_fields})
}

#[tokio::test]
async fn a_field_made_now_counts_now() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let old = a_customer(li_lei, "老客户").await?;
    let budget = json!({"key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算", "position": 2});
    let budget = admin.post("/v1/fields", budget).await?.ok()?;
    let stage = json!({
        "key": "phase", "type": "FIELD_TYPE_TEXT", "labelZh": "阶段", "position": 1,
        "defaultValue": {"stringValue": "new"},
    });
    admin.post("/v1/fields", stage.clone()).await?.ok()?;
    admin.post("/v1/fields", stage).await?.refused(409, "FIELD_KEY_TAKEN")?;
    let rich = a_person("富有", json!({"budget": {"decimalValue": "250000.50"}}));
    let rich = li_lei.post("/v1/customers", rich).await?.ok()?;
    let expected = json!({"budget": {"decimalValue": "250000.5"}, "phase": {"stringValue": "new"}});
    assert_eq!(rich["customFields"], expected);
    let found = list(li_lei, "/v1/customers", &[("filter", "custom.budget >= 100000")]).await?.ok()?;
    assert_eq!(each(&found, "customers", "name"), ["富有"]);
    let wrong = a_person("错", json!({"budget": {"stringValue": "much"}, "colour": {"stringValue": "red"}}));
    let mut wrong = violations(&li_lei.post("/v1/customers", wrong).await?);
    wrong.sort_unstable();
    let expected = [("customFields.budget", "FIELD_TYPE_MISMATCH"), ("customFields.colour", "FIELD_UNKNOWN")];
    assert_eq!(wrong, refusals(&expected));
    assert_eq!(each(&li_lei.get("/v1/fields").await?.ok()?, "fields", "key"), ["phase", "budget"]);
    assert_eq!(all_pages(li_lei, "/v1/fields", "fields", 1).await?.len(), 2);

    // Required from now on: what is there already can still be changed.
    let required = json!({"required": true, "labelEn": "Budget", "etag": budget["etag"]});
    let required = admin.patch("/v1/fields/budget", required).await?.ok()?;
    let missing = violations(&li_lei.post("/v1/customers", a_person("缺", json!({}))).await?);
    assert_eq!(missing, refusals(&[("customFields.budget", "VALUE_REQUIRED")]));
    let one = format!("/v1/customers/{old}");
    let etag = &li_lei.get(&one).await?.ok()?["etag"];
    li_lei.patch(&one, json!({"remark": "多年", "etag": etag})).await?.ok()?;

    let retired = json!({"retired": true, "etag": required["etag"]});
    let retired = admin.patch("/v1/fields/budget", retired).await?.ok()?;
    let seen = li_lei.get(&format!("/v1/customers/{}", rich["id"].as_str().unwrap())).await?.ok()?;
    assert_eq!(seen["customFields"], json!({"phase": {"stringValue": "new"}}));
    let hidden = list(li_lei, "/v1/customers", &[("filter", "custom.budget >= 100000")]).await?;
    assert_eq!(violations(&hidden), refusals(&[("filter", "FILTER_INVALID")]));
    assert_eq!(each(&li_lei.get("/v1/fields").await?.ok()?, "fields", "key"), ["phase"]);
    let all = li_lei.get("/v1/fields?includeRetired=true").await?.ok()?;
    assert_eq!(each(&all, "fields", "key"), ["phase", "budget"]);
    admin.patch("/v1/fields/budget", json!({"retired": false, "etag": retired["etag"]})).await?.ok()?;
    let seen = li_lei.get(&format!("/v1/customers/{}", rich["id"].as_str().unwrap())).await?.ok()?;
    assert_eq!(seen["customFields"]["budget"], json!({"decimalValue": "250000.5"}));
    let typed = json!({"type": "FIELD_TYPE_TEXT", "etag": retired["etag"]});
    admin.patch("/v1/fields/budget", typed).await?.refused(400, "INVALID_REQUEST")?;
    story.end().await
}

/// Another replica has a cache of its own on the same database.
#[tokio::test]
async fn other_replicas_follow_by_themselves() -> Result<()> {
    let story = Story::begin().await?;
    let replica = FieldCache::new(Db::new(&story.app.config.database, "customers")?);
    assert!(replica.current().await?.by_key("budget").is_none());
    let budget = json!({"key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算"});
    story.admin.post("/v1/fields", budget).await?.ok()?;
    let follows = async || replica.current().await.is_ok_and(|fields| fields.by_key("budget").is_some());
    story.app.until("the field is known", follows).await?;
    let entry = json!({"code": "zz-gold", "nameZh": "黄金"});
    story.admin.post("/v1/dictionaries/level/entries", entry).await?.ok()?;
    let follows = async || {
        replica.current().await.is_ok_and(|fields| fields.dictionaries().contains("level", "zz-gold").is_some())
    };
    story.app.until("the code is known", follows).await?;
    story.end().await
}

#[tokio::test]
async fn no_two_customers_hold_the_same_unique_value() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let member = json!({"key": "member", "type": "FIELD_TYPE_INTEGER", "labelZh": "会员号", "unique": true});
    story.admin.post("/v1/fields", member).await?.ok()?;
    let member = |number: i64| json!({"member": {"integerValue": number.to_string()}});
    let create = async |number: i64| li_lei.post("/v1/customers", a_person("张三", member(number))).await;
    let answers = join_all((0..6).map(|_| create(7))).await;
    let statuses: Vec<StatusCode> = answers.into_iter().map(|answer| answer.unwrap().status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 5, "{statuses:?}");

    let other = create(8).await?.ok()?;
    let one = format!("/v1/customers/{}", other["id"].as_str().unwrap());
    let taken = li_lei.patch(&one, json!({"customFields": member(7), "etag": other["etag"]})).await?;
    assert_eq!(violations(&taken), refusals(&[("customFields.member", "CUSTOM_VALUE_TAKEN")]));
    // Its own value is no obstacle, and one that was given up is free.
    let moved = json!({"customFields": member(9), "etag": other["etag"]});
    let moved = li_lei.patch(&one, moved).await?.ok()?;
    li_lei.patch(&one, json!({"customFields": member(9), "remark": "同", "etag": moved["etag"]})).await?.ok()?;
    create(8).await?.ok()?;
    story.end().await
}

#[tokio::test]
async fn personal_data_in_custom_fields_follow_the_role() -> Result<()> {
    let story = Story::begin().await?;
    let licence = json!({
        "key": "licence", "type": "FIELD_TYPE_TEXT", "labelZh": "驾驶证号", "personalData": "PERSONAL_DATA_ID_NUMBER",
    });
    story.admin.post("/v1/fields", licence).await?.ok()?;
    let person = a_person("张三", json!({"licence": {"stringValue": "330106199001011234"}}));
    let person = story.admin.post("/v1/customers", person).await?.ok()?;
    assert_eq!(person["customFields"]["licence"]["stringValue"], "330106199001011234");
    let auditor = story.somebody("shenji", "auditor").await?;
    let path = format!("/v1/customers/{}", person["id"].as_str().unwrap());
    assert_eq!(auditor.get(&path).await?.ok()?["customFields"]["licence"]["stringValue"], "330***********1234");
    let page = auditor.get("/v1/customers").await?.ok()?;
    assert_eq!(page["customers"][0]["customFields"]["licence"]["stringValue"], "330***********1234");
    for query in [("filter", "custom.licence : \"1990\""), ("orderBy", "custom.licence")] {
        let refused = list(&auditor, "/v1/customers", &[query]).await?;
        assert_eq!(violations(&refused), refusals(&[(query.0, "FIELD_MASKED")]));
    }
    story.end().await
}

#[tokio::test]
async fn only_those_who_may_make_fields() -> Result<()> {
    let story = Story::begin().await?;
    let field = |key: &str, kind: &str| json!({"key": key, "type": format!("FIELD_TYPE_{kind}"), "labelZh": "字段"});
    story.li_lei.post("/v1/fields", field("a", "TEXT")).await?.refused(403, "PERMISSION_DENIED")?;
    let reserved = story.admin.post("/v1/fields", field("birthday", "DATE")).await?;
    assert_eq!(violations(&reserved), refusals(&[("key", "FIELD_KEY_RESERVED")]));
    let nowhere = story.admin.post("/v1/fields", field("a", "OPTION")).await?;
    assert_eq!(violations(&nowhere), refusals(&[("dictionary", "VALUE_REQUIRED")]));
    assert_eq!(story.admin.get("/v1/fields").await?.ok()?["fields"], json!([]));
    story.end().await
}

#[tokio::test]
async fn forms_stay_of_a_bearable_length() -> Result<()> {
    let story = Story::begin().await?;
    let mut database = story.app.database().await?;
    sqlx::query(
        "INSERT INTO customers.field (key, type, label_zh)
         SELECT 'f' || n, 1, 'f' || n FROM generate_series(1, 200) AS n",
    )
    .execute(&mut database)
    .await?;
    let field = json!({"key": "one_more", "type": "FIELD_TYPE_TEXT", "labelZh": "又一个"});
    story.admin.post("/v1/fields", field.clone()).await?.refused(422, "FIELDS_TOO_MANY")?;
    let page = list(&story.admin, "/v1/fields", &[("pageSize", "1")]).await?.ok()?;
    let first = &page["fields"][0];
    let path = format!("/v1/fields/{}", first["key"].as_str().unwrap());
    let retired = story.admin.patch(&path, json!({"retired": true, "etag": first["etag"]})).await?.ok()?;
    story.admin.post("/v1/fields", field).await?.ok()?;
    let again = json!({"retired": false, "etag": retired["etag"]});
    story.admin.patch(&path, again).await?.refused(422, "FIELDS_TOO_MANY")?;
    story.end().await
}
