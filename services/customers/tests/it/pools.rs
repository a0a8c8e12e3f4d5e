//! Pools by group and region, their rules, and the history of who owned a customer when.

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, each, id, list, refusals, violations};

async fn pool_of(admin: &Session, pool: Value) -> Result<Value> {
    admin.post("/v1/pools", pool).await?.ok()
}

async fn put_into_pool(admin: &Session, ids: &[&String]) -> Result<()> {
    admin.post("/v1/customers:assign", json!({"ids": ids, "ownerId": ""})).await?.ok()?;
    Ok(())
}

async fn in_pool(reader: &Session, pool: &Value) -> Result<Vec<String>> {
    let query = [("poolId", pool["id"].as_str().context("no id")?)];
    let page = list(reader, "/v1/pool/customers", &query).await?.ok()?;
    let mut names: Vec<String> = each(&page, "customers", "name").into_iter().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// Runs the daily round now.
async fn recycle(story: &Story) -> Result<()> {
    let mut database = story.app.database().await?;
    let runs = "SELECT count(*) FROM customers.job WHERE kind = 'customers.recycle' AND state = 'done'";
    let before: i64 = sqlx::query_scalar(runs).fetch_one(&mut database).await?;
    let due = "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.recycle' AND state = 'pending'";
    let done = async || {
        let Ok(mut database) = story.app.database().await else { return false };
        let made_due = sqlx::query(due).execute(&mut database).await.is_ok();
        let count = sqlx::query_scalar(runs).fetch_one(&mut database).await;
        made_due && count.is_ok_and(|count: i64| count > before)
    };
    story.app.until("the round is done", done).await
}

async fn aged(story: &Story, id: &str, days: i32) -> Result<()> {
    sqlx::query("UPDATE customers.customer SET owner_time = now() - make_interval(days => $2) WHERE id = $1::uuid")
        .bind(id)
        .bind(days)
        .execute(&mut story.app.database().await?)
        .await?;
    Ok(())
}

/// Reasons and owners of the periods, the present one first.
async fn history(reader: &Session, customer: &str) -> Result<Vec<(String, String)>> {
    let page = reader.get(&format!("/v1/customers/{customer}/ownershipPeriods")).await?.ok()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let periods = page["periods"].as_array().context("no periods")?;
    let reason = |period: &Value| text(&period["reason"]).replace("OWNERSHIP_REASON_", "");
    Ok(periods.iter().map(|period| (reason(period), text(&period["ownerName"]))).collect())
}

fn periods(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(reason, owner)| ((*reason).to_owned(), (*owner).to_owned())).collect()
}

#[tokio::test]
async fn a_customer_lies_in_the_pool_that_names_it_most_closely() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let team = li_lei.get("/v1/profile").await?.ok()?["groupId"].clone();
    let rest = admin.get("/v1/pools").await?.ok()?["pools"][0].clone();
    assert_eq!((&rest["takesRest"], &rest["nameZh"]), (&json!(true), &json!("公海")));

    let zhejiang = pool_of(admin, json!({"nameZh": "浙江", "regions": ["330000"]})).await?;
    let ours = pool_of(admin, json!({"nameZh": "华东", "groupIds": [team]})).await?;
    let hangzhou = pool_of(admin, json!({"nameZh": "杭州", "groupIds": [team], "regions": ["330100"]})).await?;
    let mut ids = Vec::new();
    for (name, region) in [("西湖", "330106"), ("宁波", "330203"), ("浦东", "310115"), ("无", "")] {
        let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": name, "region": region});
        ids.push(id(&li_lei.post("/v1/customers", customer).await?.ok()?)?);
    }
    put_into_pool(admin, &ids.iter().collect::<Vec<_>>()).await?;
    for (pool, names) in
        [(&hangzhou, vec!["西湖"]), (&ours, vec!["宁波", "无", "浦东"]), (&zhejiang, vec![]), (&rest, vec![])]
    {
        assert_eq!(in_pool(li_lei, pool).await?, names, "{}", pool["nameZh"]);
    }
    let path = |pool: &Value| format!("/v1/pools/{}", pool["id"].as_str().unwrap_or_default());
    admin.delete(&path(&ours)).await?.ok()?;
    assert_eq!(in_pool(li_lei, &zhejiang).await?, ["宁波"]);
    assert_eq!(in_pool(li_lei, &rest).await?, ["无", "浦东"]);

    for (pool, field, reason) in [
        (json!({"nameZh": "空"}), "groupIds", "POOL_SOURCES_MISSING"),
        (json!({"nameZh": "火星", "regions": ["990000"]}), "regions[0]", "CODE_UNKNOWN"),
        (json!({"nameZh": "谁", "groupIds": [uuid::Uuid::now_v7().to_string()]}), "groupIds[0]", "GROUP_UNKNOWN"),
        (
            json!({"nameZh": "无规则", "regions": ["310000"], "recyclingRules": [{}]}),
            "recyclingRules[0].afterDays",
            "RECYCLING_RULE_EMPTY",
        ),
        (
            json!({"nameZh": "坏", "regions": ["310000"], "recyclingRules": [{"filter": "colour = red"}]}),
            "recyclingRules[0].filter",
            "FILTER_INVALID",
        ),
    ] {
        let refused = admin.post("/v1/pools", pool).await?;
        assert_eq!((refused.status.as_u16(), violations(&refused)), (400, refusals(&[(field, reason)])));
    }
    admin
        .post("/v1/pools", json!({"nameZh": "又一个", "regions": ["310000", "330000"]}))
        .await?
        .refused(409, "POOL_SOURCES_TAKEN")?;
    admin.post("/v1/pools", json!({"nameZh": "浙江", "regions": ["320000"]})).await?.refused(409, "POOL_NAME_TAKEN")?;
    admin.delete(&path(&rest)).await?.refused(422, "POOL_TAKES_REST")?;
    let named = json!({"regions": ["320000"], "etag": rest["etag"]});
    assert_eq!(violations(&admin.patch(&path(&rest), named).await?), refusals(&[("groupIds", "POOL_TAKES_REST")]));
    let renamed = admin.patch(&path(&rest), json!({"nameEn": "Everybody's", "etag": rest["etag"]})).await?.ok()?;
    admin.patch(&path(&rest), json!({"nameEn": "x", "etag": rest["etag"]})).await?.refused(409, "STALE_ETAG")?;
    assert_eq!(renamed["nameEn"], "Everybody's");
    li_lei
        .post("/v1/pools", json!({"nameZh": "我的", "regions": ["310000"]}))
        .await?
        .refused(403, "PERMISSION_DENIED")?;

    // Pools of other groups are nothing to a salesperson.
    let north = story.app.group("华北销售", &story.app.root_group().await?).await?;
    let theirs = json!({"nameZh": "华北", "groupIds": [north]});
    story
        .app
        .until("the group is known", async || {
            let seen = admin.post("/v1/pools:preview", json!({"pool": theirs})).await;
            seen.is_ok_and(|answer| answer.status.is_success())
        })
        .await?;
    let theirs = pool_of(admin, theirs).await?;
    assert_eq!(each(&li_lei.get("/v1/pools").await?.ok()?, "pools", "nameZh"), ["公海", "杭州", "浙江"]);
    li_lei.get(&path(&theirs)).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(all_pages(admin, "/v1/pools", "pools", 2).await?.len(), 4);
    story.end().await
}

#[tokio::test]
async fn rules_put_back_what_their_preview_promised() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let [idle, vip, guarded] =
        [a_customer(li_lei, "久未联系").await?, a_customer(li_lei, "重点").await?, a_customer(li_lei, "新到手").await?];
    for (customer, days) in [(&idle, 40), (&vip, 40), (&guarded, 20)] {
        aged(&story, customer, days).await?;
    }
    let vip_path = format!("/v1/customers/{vip}");
    let etag = li_lei.get(&vip_path).await?.ok()?["etag"].clone();
    li_lei.patch(&vip_path, json!({"level": "vip", "etag": etag})).await?.ok()?;

    let rest = admin.get("/v1/pools").await?.ok()?["pools"][0].clone();
    let draft = json!({
        "nameZh": "公海", "protectionDays": 25,
        "recyclingRules": [
            {"label": "普通客户十天", "afterDays": 10, "filter": "level != \"vip\""},
            {"label": "重点客户九十天", "afterDays": 90, "filter": ""},
        ],
    });
    let preview = admin.post("/v1/pools:preview", json!({"pool": draft, "poolId": rest["id"]})).await?.ok()?;
    assert_eq!((&preview["customerCount"], each(&preview, "customers", "name")), (&json!("1"), vec!["久未联系"]));
    assert_eq!(li_lei.get(&vip_path).await?.ok()?["recycleTime"], Value::Null, "nothing is saved yet");
    let mut saved = draft.clone();
    saved["etag"] = rest["etag"].clone();
    admin.patch(&format!("/v1/pools/{}", id(&rest)?), saved).await?.ok()?;

    let soon = list(li_lei, "/v1/pool/expiring", &[("withinDays", "10")]).await?.ok()?;
    assert_eq!(each(&soon, "customers", "name"), ["久未联系", "新到手"]);
    assert_eq!(all_pages(li_lei, "/v1/pool/expiring?withinDays=60", "customers", 1).await?.len(), 3);
    assert_eq!(list(admin, "/v1/pool/expiring", &[]).await?.ok()?["customers"], json!([]), "of one's own");
    let expiring = soon["customers"][1]["recycleTime"].clone();
    story
        .app
        .until("the pools are looked at again", async || {
            let customer = li_lei.get(&format!("/v1/customers/{guarded}")).await;
            customer.is_ok_and(|customer| customer.body["recycleTime"] == expiring)
        })
        .await?;

    recycle(&story).await?;
    assert_eq!(history(admin, &idle).await?, periods(&[("RECYCLED", ""), ("UNSPECIFIED", "lilei")]));
    let period = admin.get(&format!("/v1/customers/{idle}/ownershipPeriods")).await?.ok()?["periods"][0].clone();
    assert_eq!((&period["note"], &period["poolNameZh"]), (&json!("普通客户十天"), &json!("公海")));
    for kept in [&vip, &guarded] {
        li_lei.get(&format!("/v1/customers/{kept}")).await?.ok()?;
    }
    story.end().await
}

#[tokio::test]
async fn who_had_a_customer_waits_and_the_history_tells_of_everybody() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let rest = admin.get("/v1/pools").await?.ok()?["pools"][0].clone();
    admin.patch(&format!("/v1/pools/{}", id(&rest)?), json!({"coolDownDays": 3, "etag": rest["etag"]})).await?.ok()?;
    let customer = a_customer(li_lei, "华信").await?;
    let path = format!("/v1/customers/{customer}");
    for (body, field, reason) in [
        (json!({}), "reason", "VALUE_REQUIRED"),
        (json!({"reason": "  "}), "reason", "VALUE_REQUIRED"),
        (json!({"reasonCode": "nothing"}), "reasonCode", "CODE_UNKNOWN"),
    ] {
        assert_eq!(violations(&li_lei.post(&format!("{path}:return"), body).await?), refusals(&[(field, reason)]));
    }
    li_lei.post(&format!("{path}:return"), json!({"reasonCode": "no_need", "reason": "已有供应商"})).await?.ok()?;
    li_lei.post(&format!("{path}:claim"), json!({})).await?.refused(422, "CLAIM_TOO_SOON")?;
    han_mei.post(&format!("{path}:claim"), json!({})).await?.ok()?;
    admin.post("/v1/customers:assign", json!({"ids": [customer], "ownerId": li_lei.employee_id})).await?.ok()?;
    assert_eq!(
        history(li_lei, &customer).await?,
        periods(&[("ASSIGNED", "lilei"), ("CLAIMED", "hanmei"), ("RETURNED", ""), ("CREATED", "lilei")])
    );
    let pages = all_pages(li_lei, &format!("{path}/ownershipPeriods"), "periods", 1).await?;
    assert_eq!(pages.len(), 4);
    assert_eq!(pages[0]["endTime"], Value::Null);
    assert_eq!((&pages[0]["actorName"], &pages[2]["actorName"]), (&json!("admin"), &json!("lilei")));
    assert_eq!((&pages[2]["reasonCode"], &pages[2]["note"]), (&json!("no_need"), &json!("已有供应商")));
    for pair in pages.windows(2) {
        assert_eq!(pair[0]["startTime"], pair[1]["endTime"], "no gaps");
    }
    han_mei.get(&format!("{path}/ownershipPeriods")).await?.refused(404, "NOT_FOUND")?;
    admin.delete("/v1/dictionaries/return_reason/entries/no_need").await?.refused(422, "ENTRY_IN_USE")?;

    // What the version before does, which serves beside this one for a while.
    let mut database = story.app.database().await?;
    sqlx::query(
        "UPDATE customers.customer SET owner_id = NULL, owner_time = now(), revision = revision + 1 WHERE id = $1::uuid",
    )
    .bind(&customer)
    .execute(&mut database)
    .await?;
    assert_eq!(history(admin, &customer).await?[..2], periods(&[("UNSPECIFIED", ""), ("ASSIGNED", "lilei")]));
    let rule = "UPDATE customers.pool_rule SET max_owned = 9, max_claims_per_day = 8, recycle_after_days = 7,
                    revision = revision + 1
                RETURNING max_owned, max_claims_per_day, recycle_after_days, revision";
    let (owned, claims, days, _): (i32, i32, i32, i64) = sqlx::query_as(rule).fetch_one(&mut database).await?;
    assert_eq!((owned, claims, days), (9, 8, 7));
    let rest = admin.get("/v1/pools").await?.ok()?["pools"][0].clone();
    assert_eq!((&rest["maxOwned"], &rest["coolDownDays"]), (&json!(9), &json!(3)));
    assert_eq!(rest["recyclingRules"][0]["afterDays"], 7);
    story.end().await
}

#[tokio::test]
async fn several_are_claimed_and_given_back_each_by_itself() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let [a, b, taken] =
        [a_customer(han_mei, "甲").await?, a_customer(han_mei, "乙").await?, a_customer(han_mei, "丙").await?];
    put_into_pool(admin, &[&a, &b, &taken]).await?;
    han_mei.post(&format!("/v1/customers/{taken}:claim"), json!({})).await?.ok()?;
    let nobody = uuid::Uuid::now_v7().to_string();
    let outcomes = |answer: &Value| -> Vec<String> {
        let outcomes = answer["outcomes"].as_array().into_iter().flatten();
        let text = |outcome: &Value| match outcome["customer"]["name"].as_str() {
            Some(name) => name.to_owned(),
            None => outcome["reason"].as_str().unwrap_or_default().to_owned(),
        };
        outcomes.map(text).collect()
    };
    let claim = json!({"ids": [taken, b, nobody, a]});
    let headers = [("idempotency-key", "claim-1")];
    let first = li_lei.call(Method::POST, "/v1/customers:claim", Some(claim.clone()), &headers).await?.ok()?;
    assert_eq!(outcomes(&first), ["ALREADY_CLAIMED", "乙", "NOT_FOUND", "甲"]);
    let again = li_lei.call(Method::POST, "/v1/customers:claim", Some(claim), &headers).await?.ok()?;
    assert_eq!(again, first);
    let back = li_lei.post("/v1/customers:return", json!({"ids": [a, taken], "reasonCode": "other"})).await?.ok()?;
    assert_eq!(outcomes(&back), ["甲", "NOT_FOUND"]);
    assert_eq!(each(&li_lei.get("/v1/customers").await?.ok()?, "customers", "name"), ["乙"]);
    let many: Vec<String> = (0..101).map(|_| uuid::Uuid::now_v7().to_string()).collect();
    li_lei.post("/v1/customers:claim", json!({"ids": many})).await?.refused(400, "INVALID_REQUEST")?;
    story.end().await
}

#[tokio::test]
async fn the_manager_of_a_pool_assigns_from_it() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let north = story.app.group("华北销售", &story.app.root_group().await?).await?;
    let manager = story.app.employee("wangjingli", &north, &["manager"]).await?;
    let seller = story.app.employee("beifang", &north, &["salesperson"]).await?;
    let team = li_lei.get("/v1/profile").await?.ok()?["groupId"].clone();
    let pool = pool_of(admin, json!({"nameZh": "华东", "groupIds": [team]})).await?;
    let customer = a_customer(li_lei, "华信").await?;
    put_into_pool(admin, &[&customer]).await?;
    let assign = json!({"ids": [customer], "ownerId": seller.employee_id});
    manager.post("/v1/customers:assign", assign.clone()).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(in_pool(&manager, &pool).await?, Vec::<String>::new());
    let path = format!("/v1/pools/{}", id(&pool)?);
    let change = json!({"managerIds": [manager.employee_id], "etag": pool["etag"]});
    admin.patch(&path, change).await?.ok()?;
    assert_eq!(in_pool(&manager, &pool).await?, ["华信"]);
    manager.post("/v1/customers:assign", assign.clone()).await?.ok()?;
    assert_eq!(seller.get(&format!("/v1/customers/{customer}")).await?.ok()?["ownerName"], "beifang");
    story.end().await
}
