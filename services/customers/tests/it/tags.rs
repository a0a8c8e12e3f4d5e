//! Tags that people put on and that rules give.

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, each, list, refusals, violations};

pub async fn a_tag(admin: &Session, code: &str, parent: &str) -> Result<()> {
    let entry = json!({"code": code, "nameZh": code, "parentCode": parent, "color": "gold"});
    admin.post("/v1/dictionaries/tag/entries", entry).await?.ok()?;
    Ok(())
}

fn tags(customer: &Value) -> Vec<&str> {
    customer["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn tags_of(reader: &Session, customer: &str) -> Result<Vec<String>> {
    let customer = reader.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    Ok(tags(&customer).into_iter().map(str::to_owned).collect())
}

async fn found(reader: &Session, filter: &str) -> Result<Vec<String>> {
    let page = list(reader, "/v1/customers", &[("filter", filter), ("orderBy", "name")]).await?.ok()?;
    Ok(each(&page, "customers", "name").into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off_within_ones_scope() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    a_tag(admin, "hobby", "").await?;
    a_tag(admin, "golf", "hobby").await?;
    a_tag(admin, "fair_2026", "").await?;
    let (first, second) = (a_customer(li_lei, "甲").await?, a_customer(li_lei, "乙").await?);
    let hers = a_customer(han_mei, "丙").await?;

    let change = json!({"ids": [first, second], "addTags": ["golf", "fair_2026"], "reason": "展会上认识"});
    let answer = li_lei.post("/v1/customers:tag", change.clone()).await?.ok()?;
    assert_eq!(answer["customers"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["customers"][0]["addedTags"].as_array().map(Vec::len), Some(2));
    let again = li_lei.post("/v1/customers:tag", change).await?.ok()?;
    assert_eq!(again["customers"], json!([]), "nothing changes twice");
    assert_eq!(tags_of(li_lei, &first).await?, ["fair_2026", "golf"]);
    assert_eq!(found(li_lei, "tags : golf").await?, ["乙", "甲"]);
    assert_eq!(found(li_lei, "NOT tags : golf").await?, Vec::<String>::new());
    assert_eq!(found(admin, "NOT tags : *").await?, ["丙"]);

    let undo = json!({"ids": [second], "removeTags": ["golf"]});
    li_lei.post("/v1/customers:tag", undo).await?.ok()?;
    assert_eq!(found(li_lei, "tags : golf AND tags : fair_2026").await?, ["甲"]);
    let page = li_lei.get(&format!("/v1/customers/{first}/tags")).await?.ok()?;
    assert_eq!(each(&page, "tags", "tag"), ["fair_2026", "golf"]);
    assert_eq!((&page["tags"][0]["reason"], &page["tags"][0]["automatic"]), (&json!("展会上认识"), &json!(false)));
    assert_eq!(page["tags"][0]["createUserId"], json!(li_lei.employee_id));

    // All or none, and nobody learns of what is not theirs.
    let wide = json!({"ids": [first, hers], "addTags": ["golf"]});
    let refused = li_lei.post("/v1/customers:tag", wide).await?;
    assert_eq!(violations(&refused), refusals(&[("ids[1]", "NOT_FOUND")]));
    assert_eq!(refused.status.as_u16(), 404);
    li_lei.get(&format!("/v1/customers/{hers}/tags")).await?.refused(404, "NOT_FOUND")?;
    let wrong = json!({"ids": [first], "addTags": ["hobby", "none"], "expireTime": "2020-01-01T00:00:00Z"});
    let late = li_lei.post("/v1/customers:tag", wrong.clone()).await?;
    assert_eq!(violations(&late), refusals(&[("expireTime", "SHARE_EXPIRED")]));
    let mut wrong = wrong;
    wrong["expireTime"] = Value::Null;
    let groups = li_lei.post("/v1/customers:tag", wrong).await?;
    let expected = [("addTags[0]", "TAG_IS_GROUP"), ("addTags[1]", "TAG_UNKNOWN")];
    assert_eq!(violations(&groups), refusals(&expected));
    let empty = li_lei.post("/v1/customers:tag", json!({"ids": [first]})).await?;
    assert_eq!(violations(&empty), refusals(&[("addTags", "VALUE_REQUIRED")]));
    admin.delete("/v1/dictionaries/tag/entries/golf").await?.refused(422, "ENTRY_IN_USE")?;

    // What the customer is sent to be does not tag it.
    let sent = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "丁", "tags": ["golf"]});
    if let Ok(made) = li_lei.post("/v1/customers", sent).await?.ok() {
        assert_eq!(tags(&made), Vec::<&str>::new());
    }
    story.end().await
}

#[tokio::test]
async fn a_tag_that_has_run_out_is_gone_at_that_moment() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    a_tag(admin, "spring", "").await?;
    let customer = a_customer(li_lei, "甲").await?;
    let soon = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let change = json!({"ids": [customer], "addTags": ["spring"], "expireTime": soon});
    li_lei.post("/v1/customers:tag", change).await?.ok()?;
    assert_eq!(found(li_lei, "tags : spring").await?, ["甲"]);

    // Held by somebody, so that nothing takes the row away: it is the reading that leaves it out.
    let mut database = story.app.database().await?;
    sqlx::query("BEGIN").execute(&mut database).await?;
    let mut other = story.app.database().await?;
    let past = "UPDATE customers.customer_tag SET expire_time = now() - interval '1 second'";
    sqlx::query("LOCK TABLE customers.evaluation_due IN ACCESS EXCLUSIVE MODE").execute(&mut database).await?;
    sqlx::query(past).execute(&mut other).await?;
    assert_eq!(tags_of(li_lei, &customer).await?, Vec::<String>::new());
    assert_eq!(found(li_lei, "tags : spring").await?, Vec::<String>::new());
    assert_eq!(found(li_lei, "NOT tags : *").await?, ["甲"]);
    let page = li_lei.get(&format!("/v1/customers/{customer}/tags")).await?.ok()?;
    assert_eq!(page["tags"], json!([]));
    let count = "SELECT count(*) FROM customers.customer_tag";
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut other).await?, 1);
    sqlx::query("ROLLBACK").execute(&mut database).await?;

    story
        .app
        .until("the row is gone too", async || {
            let Ok(mut database) = story.app.database().await else { return false };
            sqlx::query_scalar::<_, i64>(count).fetch_one(&mut database).await.is_ok_and(|count| count == 0)
        })
        .await?;
    story.end().await
}

#[tokio::test]
async fn a_rule_gives_a_tag_and_takes_it_off() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    a_tag(admin, "reached", "").await?;
    let (known, unknown) = (a_customer(li_lei, "有联系人").await?, a_customer(li_lei, "无").await?);
    a_contact(li_lei, &known, json!({"name": "王五"})).await?;
    li_lei.post("/v1/customers:tag", json!({"ids": [unknown], "addTags": ["reached"]})).await?.ok()?;

    let rule = json!({"tag": "reached", "filter": "metrics.contact_count > 0"});
    li_lei.post("/v1/tagRules", rule.clone()).await?.refused(403, "PERMISSION_DENIED")?;
    for (filter, reason) in [
        ("tags : reached", "RULE_FIELD_REFUSED"),
        ("update_time > 2026-01-01", "RULE_FIELD_REFUSED"),
        ("nonsense = 1", "FILTER_INVALID"),
    ] {
        let answer = admin.post("/v1/tagRules", json!({"tag": "reached", "filter": filter})).await?;
        assert_eq!(answer.status.as_u16(), 400, "{filter}");
        let found = violations(&answer);
        assert_eq!(found[0].0, "filter", "{found:?}");
        assert!(reason == "FILTER_INVALID" || found[0].1 == reason, "{found:?}");
    }
    let unknown_tag = admin.post("/v1/tagRules", json!({"tag": "none", "filter": "name : a"})).await?;
    assert_eq!(violations(&unknown_tag), refusals(&[("tag", "TAG_UNKNOWN")]));

    let preview = admin.post("/v1/tagRules:preview", json!({"tagRule": rule})).await?.ok()?;
    let counts = ["presentCount", "matchingCount", "gainedCount", "lostCount"].map(|key| preview[key].to_string());
    assert_eq!(counts, ["\"1\"", "\"1\"", "\"1\"", "\"1\""]);
    let made = admin.post("/v1/tagRules", rule.clone()).await?.ok()?;
    admin.post("/v1/tagRules", rule).await?.refused(409, "TAG_RULE_TAKEN")?;
    let settled = async |expected: &[&str]| {
        story
            .app
            .until("the rule is followed", async || {
                found(li_lei, "tags : reached").await.is_ok_and(|found| found == expected)
            })
            .await
    };
    settled(&["有联系人"]).await?;
    let page = li_lei.get(&format!("/v1/customers/{known}/tags")).await?.ok()?;
    assert_eq!(page["tags"][0]["automatic"], json!(true));
    assert_eq!(page["tags"][0]["createUserId"], json!(""), "a rule is nobody");
    let by_hand = json!({"ids": [unknown], "addTags": ["reached"]});
    let refused = li_lei.post("/v1/customers:tag", by_hand).await?;
    assert_eq!(violations(&refused), refusals(&[("addTags[0]", "TAG_BY_RULE")]));

    // What belongs to the customer counts as much as its own fields.
    let contact = a_contact(li_lei, &unknown, json!({"name": "赵六"})).await?;
    settled(&["无", "有联系人"]).await?;
    let path = format!("/v1/contacts/{}:invalidate", contact["id"].as_str().context("no id")?);
    li_lei.post(&path, json!({"etag": contact["etag"]})).await?.ok()?;
    settled(&["有联系人"]).await?;

    let rules = admin.get("/v1/tagRules").await?.ok()?;
    assert_eq!(rules["tagRules"][0]["run"]["state"], json!("RULE_RUN_STATE_DONE"));
    let change = json!({"filter": "name : 无", "etag": made["etag"]});
    let changed = admin.patch("/v1/tagRules/reached", change.clone()).await?.ok()?;
    admin.patch("/v1/tagRules/reached", change).await?.refused(409, "STALE_ETAG")?;
    settled(&["无"]).await?;
    let etag = changed["etag"].as_str().context("no etag")?;
    admin.delete(&format!("/v1/tagRules/reached?etag={etag}")).await?.ok()?;
    assert_eq!(found(li_lei, "tags : reached").await?, ["无"]);
    li_lei.post("/v1/customers:tag", json!({"ids": [unknown], "removeTags": ["reached"]})).await?.ok()?;
    assert_eq!(tags_of(li_lei, &unknown).await?, Vec::<String>::new());
    story.end().await
}

#[tokio::test]
async fn an_export_names_tags() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    a_tag(admin, "golf", "").await?;
    let customer = a_customer(li_lei, "甲").await?;
    li_lei.post("/v1/customers:tag", json!({"ids": [customer], "addTags": ["golf"]})).await?.ok()?;
    let query = [("format", "EXPORT_FORMAT_CSV"), ("filter", "tags : golf")];
    let columns = ["name", "tags", "grades.current_value"].map(|column| ("columns", column));
    let request = admin.request(Method::GET, "/v1/customers:export")?.header("accept-language", "zh-CN");
    let answer = request.query(&query).query(&columns).send().await?;
    let text = answer.error_for_status()?.text().await?;
    assert!(text.contains("甲,golf"), "{text}");
    assert!(text.lines().next().is_some_and(|line| line.contains("标签") && line.contains("当前价值")), "{text}");
    story.end().await
}

#[tokio::test]
async fn a_rule_tells_nothing_that_its_reader_must_not_see() -> Result<()> {
    let story = Story::begin().await?;
    let admin = &story.admin;
    a_tag(admin, "known", "").await?;
    let role = json!({
        "name": "标签管理员",
        "grants": [{"permission": "PERMISSION_FIELDS_MANAGE", "scope": "SCOPE_ALL"}],
        "fieldVisibilities": [{"personalData": "PERSONAL_DATA_PHONE", "visibility": "VISIBILITY_MASKED"}],
    });
    let role = admin.post("/v1/roles", role).await?.ok()?["id"].clone();
    let keeper = story.app.employee("keeper", &story.app.root_group().await?, &[]).await?;
    let path = format!("/v1/employees/{}", keeper.employee_id);
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.patch(&path, json!({"roleIds": [role], "etag": etag})).await?.ok()?;
    let phone = json!({"tag": "known", "filter": "phone = \"13812345678\""});
    story
        .app
        .until("the role counts", async || {
            let answer = keeper.post("/v1/tagRules:preview", json!({"tagRule": phone})).await;
            answer.is_ok_and(|answer| answer.status.as_u16() == 400)
        })
        .await?;
    for (path, body) in [
        ("/v1/tagRules:preview", json!({"tagRule": phone})),
        ("/v1/tagRules", phone.clone()),
        ("/v1/churnRules:preview", json!({"churnRule": {"label": "a", "filter": "phone : 138"}})),
        ("/v1/gradeSchemes/level:preview", json!({"draft": {"rules": [{"code": "vip", "filter": "phone : 138"}]}})),
    ] {
        let refused = keeper.post(path, body).await?;
        assert_eq!(violations(&refused)[0].1, "FIELD_MASKED", "{path} {}", refused.body);
    }
    admin.post("/v1/tagRules", phone).await?.ok()?;
    let seen = keeper.get("/v1/tagRules").await?.ok()?;
    assert!(!seen.to_string().contains("13812345678"), "{seen}");
    assert!(admin.get("/v1/tagRules").await?.ok()?.to_string().contains("13812345678"));
    story.end().await
}
