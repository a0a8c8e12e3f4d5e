//! Customers through the API: calls made twice, pages under change, numbers, masks, dictionaries and fields in use.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session, TestApp};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{a_customer, all_pages, change, id, query, refusals, sorted, text};

async fn keyed(caller: &Session, path: &str, key: &str, body: &Value) -> Result<Answer> {
    caller.call(Method::POST, path, Some(body.clone()), &[("idempotency-key", key)]).await
}

async fn total(reader: &Session) -> Result<Value> {
    Ok(reader.get("/v1/customers?count=true").await?.ok()?["totalCount"].clone())
}

#[tokio::test]
async fn a_call_that_is_repeated_takes_effect_once() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let body = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "黄山旅游"});
    let first = keyed(&admin, "/v1/customers", "call-1", &body).await?.ok()?;
    let path = format!("/v1/customers/{}", id(&first)?);
    change(&admin, &path, json!({"name": "黄山文旅"})).await?;
    // The same answer, not the record as it is by now.
    assert_eq!(keyed(&admin, "/v1/customers", "call-1", &body).await?.ok()?, first);
    let other = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "庐山旅游"});
    keyed(&admin, "/v1/customers", "call-1", &other).await?.refused(422, "IDEMPOTENCY_KEY_REUSED")?;
    assert_eq!(keyed(&admin, "/v1/customers", "a key\twith blanks", &body).await?.status.as_u16(), 400);
    // Keys are each caller's own.
    let seller = app.employee("seller", &app.root_group().await?, &["salesperson"]).await?;
    let theirs = keyed(&seller, "/v1/customers", "call-1", &body).await?.ok()?;
    assert_ne!(theirs["id"], first["id"]);

    let at_once = join_all((0..12).map(|_| keyed(&admin, "/v1/customers", "call-2", &other))).await;
    let mut ids = BTreeSet::new();
    for answer in at_once {
        let answer = answer?;
        match answer.status.as_u16() {
            200 => drop(ids.insert(id(&answer.body)?)),
            // Told to come back while the first is under way.
            409 | 503 => {}
            _ => anyhow::bail!("{} {}", answer.status, answer.body),
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(total(&admin).await?, "3");
    // A refused call leaves its key free.
    let bad = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "x", "level": "platinum"});
    assert_eq!(keyed(&admin, "/v1/customers", "call-3", &bad).await?.status.as_u16(), 400);
    keyed(&admin, "/v1/customers", "call-3", &body).await?.ok()?;
    app.stop().await
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_while_the_list_grows() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    for number in 0..20 {
        // Names and levels alike, so that order rests on what breaks the ties.
        let body = json!({"kind": "CUSTOMER_KIND_PERSON", "name": format!("同名 {}", number % 3), "level": "vip"});
        admin.post("/v1/customers", body).await?.ok()?;
    }
    for order in ["", "name", "name desc, level", "create_time", "last_contact_time desc, name"] {
        let before = sorted(&all_pages(&admin, "/v1/customers", &[("orderBy", order)], "customers", 200).await?, "id");
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let parameters = [("orderBy", order), ("pageSize", "3"), ("pageToken", token.as_str())];
            let page = query(&admin, "/v1/customers", &parameters).await?.ok()?;
            seen.extend(page["customers"].as_array().into_iter().flatten().map(|customer| text(&customer["id"])));
            token = text(&page["nextPageToken"]);
            if token.is_empty() {
                break;
            }
            // Before, amid and behind where the reader stands.
            for name in ["一", "同名 1", "龙"] {
                if seen.len() < 12 {
                    a_customer(&admin, name).await?;
                }
            }
        }
        let unique: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "`{order}` repeats a row");
        assert!(before.iter().all(|id| unique.contains(id)), "`{order}` loses a row");
    }
    // A token is of its own question.
    let first = query(&admin, "/v1/customers", &[("orderBy", "name"), ("pageSize", "3")]).await?.ok()?;
    let token = text(&first["nextPageToken"]);
    for (order, filter) in [("name desc", ""), ("", ""), ("name", "level = \"vip\"")] {
        let parameters = [("orderBy", order), ("filter", filter), ("pageToken", token.as_str())];
        let answer = query(&admin, "/v1/customers", &parameters).await?;
        assert_eq!(refusals(&answer), ["pageToken: PAGE_TOKEN_INVALID"], "{order} {filter}: {}", answer.body);
    }
    app.stop().await
}

#[tokio::test]
async fn a_number_is_taken_once_however_many_ask_for_it() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let body = |number: &str| json!({"kind": "CUSTOMER_KIND_PERSON", "name": "编号", "number": number});
    let at_once = join_all((0..8).map(|_| admin.post("/v1/customers", body("K-1")))).await;
    let statuses: Vec<u16> = at_once.into_iter().map(|answer| Ok(answer?.status.as_u16())).collect::<Result<_>>()?;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    let taken = admin.post("/v1/customers", body("K-1")).await?;
    assert_eq!(refusals(&taken), ["number: NUMBER_TAKEN"]);
    // Numbers that are made never meet one that was given.
    let made = join_all((0..8).map(|_| a_customer(&admin, "自动编号"))).await;
    let numbers: BTreeSet<String> = made.into_iter().map(|made| Ok(text(&made?["number"]))).collect::<Result<_>>()?;
    assert_eq!(numbers.len(), 8);
    let last = numbers.last().context("numbers")?;
    let digits: u64 = last.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse()?;
    let prefix = last.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let width = last.len() - prefix.len();
    let next = format!("{prefix}{:0width$}", digits + 1);
    admin.post("/v1/customers", body(&next)).await?.ok()?;
    assert_ne!(a_customer(&admin, "再自动编号").await?["number"], next.as_str());
    app.stop().await
}

#[tokio::test]
async fn who_sees_a_phone_masked_can_not_find_it_out() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let body = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "柯震东", "phone": "13712345678", "email": "ke@example.com",
        "idNumber": "110101199003077715", "bankAccount": "6222020200112233445",
        "addresses": [{"label": "home", "street": "长安街 9 号"}],
    });
    let customer = id(&admin.post("/v1/customers", body).await?.ok()?)?;
    let marketer = app.employee("marketer", &app.root_group().await?, &["marketer"]).await?;
    let path = format!("/v1/customers/{customer}");
    let secrets = ["13712345678", "12345678", "ke@example.com", "199003077715", "6222020200112233445", "长安街 9 号"];
    for path in [path.as_str(), "/v1/customers", "/v1/customers:search?query=ke"] {
        let shown = marketer.get(path).await?.ok()?.to_string();
        assert!(shown.contains("柯震东"), "{shown}");
        for secret in secrets {
            assert!(!shown.contains(secret), "{path} shows {secret}: {shown}");
        }
    }
    assert_eq!(marketer.get(&path).await?.ok()?["phone"], "137****5678");
    for probe in ["13712345678", "1371234", "12345678", "ke@example.com"] {
        let found = query(&marketer, "/v1/customers:search", &[("query", probe)]).await?.ok()?;
        assert_eq!(found["matches"], json!([]), "{probe}");
        let unmasked = query(&admin, "/v1/customers:search", &[("query", probe)]).await?.ok()?;
        assert!(
            unmasked["matches"].as_array().is_some_and(|found| !found.is_empty()) || probe.contains('@'),
            "{probe}"
        );
    }
    for (name, value) in [
        ("filter", r#"phone = "13712345678""#),
        ("filter", r#"name : "柯" AND NOT phone : "138""#),
        ("filter", r#"email : "ke""#),
        ("filter", r#"id_number : "110101""#),
        ("filter", r#"bank_account : "6222""#),
        ("orderBy", "phone"),
        ("orderBy", "name, email desc"),
    ] {
        admin_can(&admin, name, value).await?;
        let answer = query(&marketer, "/v1/customers", &[(name, value)]).await?;
        let refused = refusals(&answer);
        assert_eq!((answer.status.as_u16(), refused.len()), (400, 1), "{value}: {}", answer.body);
        assert!(refused[0].ends_with("FIELD_MASKED") || refused[0].ends_with("FILTER_INVALID"), "{value}: {refused:?}");
    }
    app.stop().await
}

/// Whoever sees everything may ask by it, or the field can't be asked by at all: then there is nothing to find out.
async fn admin_can(admin: &Session, name: &str, value: &str) -> Result<()> {
    let answer = query(admin, "/v1/customers", &[(name, value)]).await?;
    assert!(answer.status.is_success() || refusals(&answer)[0].ends_with("INVALID"), "{value}: {}", answer.body);
    Ok(())
}

#[tokio::test]
async fn nobody_gives_away_more_than_they_reach() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let (east, west) = (app.group("东区", &root).await?, app.group("西区", &root).await?);
    let manager = app.employee("east-manager", &east, &["manager"]).await?;
    let seller = app.employee("east-seller", &east, &["salesperson"]).await?;
    let stranger = app.employee("west-seller", &west, &["salesperson"]).await?;
    let (ours, theirs) = (id(&a_customer(&seller, "东海渔业").await?)?, id(&a_customer(&stranger, "西山煤业").await?)?);
    // All or none: one that isn't reached keeps all where they are.
    let both = json!({"ids": [ours, theirs], "ownerId": manager.employee_id});
    manager.post("/v1/customers:assign", both).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(admin.get(&format!("/v1/customers/{ours}")).await?.ok()?["ownerId"], seller.employee_id.as_str());
    let away = json!({"ids": [ours], "ownerId": stranger.employee_id});
    assert_eq!(manager.post("/v1/customers:assign", away).await?.status.as_u16(), 400, "out of the manager's scope");
    seller
        .post("/v1/customers:assign", json!({"ids": [ours], "ownerId": ""}))
        .await?
        .refused(403, "PERMISSION_DENIED")?;

    // A share lets its receiver read, not change, and not share on.
    let share = json!({"employeeId": stranger.employee_id});
    seller.post(&format!("/v1/customers/{ours}/shares"), share).await?.ok()?;
    let path = format!("/v1/customers/{ours}");
    let lent = stranger.get(&path).await?.ok()?;
    stranger.patch(&path, json!({"name": "x", "etag": lent["etag"]})).await?.refused(404, "NOT_FOUND")?;
    stranger
        .post(&format!("{path}/shares"), json!({"employeeId": manager.employee_id}))
        .await?
        .refused(404, "NOT_FOUND")?;
    stranger
        .post(
            &format!("{path}/interactions"),
            json!({
                "type": "INTERACTION_TYPE_CALL", "subject": "x", "occurTime": "2026-01-01T00:00:00Z",
            }),
        )
        .await?
        .refused(404, "NOT_FOUND")?;
    // Creating for an owner out of reach is refused too.
    let planted = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "x", "ownerId": stranger.employee_id});
    assert_eq!(refusals(&seller.post("/v1/customers", planted).await?), ["ownerId: OWNER_INVALID"]);
    app.stop().await
}

#[tokio::test]
async fn a_field_and_a_code_live_from_creation_to_retirement() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let field = json!({
        "key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算", "labelEn": "Budget", "position": 1,
    });
    let field = admin.post("/v1/fields", field).await?.ok()?;
    let body = |amount: &str| {
        json!({
            "kind": "CUSTOMER_KIND_PERSON", "name": format!("预算 {amount}"),
            "customFields": {"budget": {"decimalValue": amount}},
        })
    };
    for amount in ["9.50", "100", "1000000000.01"] {
        admin.post("/v1/customers", body(amount)).await?.ok()?;
    }
    // As a number, not as a text: 9.50 is less than 100.
    let rich = [("filter", "custom.budget >= 100"), ("orderBy", "custom.budget desc")];
    let found = query(&admin, "/v1/customers", &rich).await?.ok()?;
    let names: Vec<String> =
        found["customers"].as_array().into_iter().flatten().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["预算 1000000000.01", "预算 100"]);
    let wrong = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "x", "customFields": {"budget": {"integerValue": "1"}}});
    assert_eq!(refusals(&admin.post("/v1/customers", wrong).await?), ["customFields.budget: FIELD_TYPE_MISMATCH"]);
    admin.patch("/v1/fields/budget", json!({"retired": true, "etag": field["etag"]})).await?.ok()?;
    let shown = admin.get("/v1/customers").await?.ok()?;
    assert!(!shown.to_string().contains("budget"), "{shown}");
    assert_eq!(query(&admin, "/v1/customers", &rich).await?.status.as_u16(), 400);
    assert_eq!(admin.post("/v1/customers", body("1")).await?.status.as_u16(), 400);

    let entries = "/v1/dictionaries/level/entries";
    let gold = admin.post(entries, json!({"code": "gold", "nameZh": "金牌", "position": 90})).await?.ok()?;
    let member = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "金牌会员", "level": "gold"});
    admin.post("/v1/customers", member.clone()).await?.ok()?;
    admin.delete(&format!("{entries}/gold")).await?.refused(422, "ENTRY_IN_USE")?;
    admin.patch(&format!("{entries}/gold"), json!({"retired": true, "etag": gold["etag"]})).await?.ok()?;
    assert_eq!(refusals(&admin.post("/v1/customers", member).await?), ["level: CODE_RETIRED"]);
    let kept = query(&admin, "/v1/customers", &[("filter", r#"level = "gold""#)]).await?.ok()?;
    let kept = &kept["customers"][0];
    assert_eq!(kept["name"], "金牌会员");
    // Who holds the code keeps it through other changes.
    let path = format!("/v1/customers/{}", id(kept)?);
    assert_eq!(change(&admin, &path, json!({"remark": "老会员"})).await?["level"], "gold");
    app.stop().await
}
