//! Fields of many customers changed at once, and given back.

use anyhow::Result;
use changke::testkit::Session;
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, each, id, refusals, violations};

async fn a_change(author: &Session, change: Value) -> Result<Value> {
    author.post("/v1/bulkChanges", change).await?.ok()
}

async fn until_ended(story: &Story, author: &Session, bulk: &Value) -> Result<Value> {
    let path = format!("/v1/bulkChanges/{}", id(bulk)?);
    let ended = async || {
        let now = author.get(&path).await.map(|answer| answer.body["state"].clone()).unwrap_or_default();
        ["COMPLETED", "UNDONE", "FAILED"].iter().any(|state| now == format!("BULK_CHANGE_STATE_{state}"))
    };
    story.app.until("the bulk change has ended", ended).await?;
    author.get(&path).await?.ok()
}

/// changed/unchanged/refused/restored/kept
fn counts(bulk: &Value) -> String {
    let count = |name: &str| bulk[format!("{name}Count")].as_str().unwrap_or("0").to_owned();
    ["changed", "unchanged", "refused", "restored", "kept"].map(count).join("/")
}

async fn level(reader: &Session, customer: &str) -> Result<String> {
    let customer = reader.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    Ok(customer["level"].as_str().unwrap_or_default().to_owned())
}

async fn a_field(admin: &Session, field: Value) -> Result<()> {
    admin.post("/v1/fields", field).await?.ok().map(|_| ())
}

#[tokio::test]
async fn what_a_filter_finds_is_changed_and_given_back_but_what_changed_since() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    a_field(admin, json!({"key": "phase", "type": "FIELD_TYPE_TEXT", "labelZh": "阶段"})).await?;
    let mut customers = Vec::new();
    // More than a batch.
    for number in 0..230 {
        customers.push(a_customer(li_lei, &format!("客户{number}")).await?);
    }
    let foreign = a_customer(han_mei, "韩梅梅的").await?;
    let path = format!("/v1/customers/{}", customers[0]);
    let etag = li_lei.get(&path).await?.ok()?["etag"].clone();
    let vip = json!({"level": "vip", "customFields": {"phase": {"stringValue": "签约"}}, "etag": etag});
    li_lei.patch(&path, vip).await?.ok()?;

    let wanted = json!({
        "customer": {"level": "vip", "customFields": {"phase": {"stringValue": " 签约 "}}},
        "updateMask": "level,customFields.phase", "filter": "name : \"客户\"",
    });
    let headers = [("idempotency-key", "bulk-1")];
    let begun = li_lei.call(Method::POST, "/v1/bulkChanges", Some(wanted.clone()), &headers).await?.ok()?;
    assert_eq!((&begun["state"], &begun["expectedCount"]), (&json!("BULK_CHANGE_STATE_RUNNING"), &json!("230")));
    let again = li_lei.call(Method::POST, "/v1/bulkChanges", Some(wanted), &headers).await?.ok()?;
    assert_eq!(again["id"], begun["id"]);
    let done = until_ended(&story, li_lei, &begun).await?;
    assert_eq!((counts(&done), &done["state"]), ("229/1/0/0/0".into(), &json!("BULK_CHANGE_STATE_COMPLETED")));
    assert_eq!((level(li_lei, &customers[229]).await?, level(han_mei, &foreign).await?), ("vip".into(), String::new()));
    let changed = li_lei.get(&format!("/v1/customers/{}", customers[7])).await?.ok()?;
    assert_eq!(
        (&changed["customFields"]["phase"]["stringValue"], &changed["updateUserName"]),
        (&json!("签约"), &json!("lilei"))
    );

    // One has changed since in what was set, another elsewhere.
    for (place, change) in [(1, json!({"level": "ordinary"})), (2, json!({"remark": "另有备注"}))] {
        let path = format!("/v1/customers/{}", customers[place]);
        let mut change = change;
        change["etag"] = li_lei.get(&path).await?.ok()?["etag"].clone();
        li_lei.patch(&path, change).await?.ok()?;
    }
    let undo = format!("/v1/bulkChanges/{}:undo", id(&done)?);
    han_mei.post(&undo, json!({})).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(li_lei.post(&undo, json!({})).await?.ok()?["state"], "BULK_CHANGE_STATE_UNDOING");
    let undone = until_ended(&story, li_lei, &begun).await?;
    assert_eq!((counts(&undone), &undone["state"]), ("229/1/0/228/1".into(), &json!("BULK_CHANGE_STATE_UNDONE")));
    for (place, expected) in [(0, "vip"), (1, "ordinary"), (2, ""), (229, "")] {
        assert_eq!(level(li_lei, &customers[place]).await?, expected, "{place}");
    }
    let restored = li_lei.get(&format!("/v1/customers/{}", customers[7])).await?.ok()?;
    assert_eq!(restored["customFields"], json!({}));
    let refused = li_lei.get(&format!("/v1/bulkChanges/{}/refusals", id(&done)?)).await?.ok()?;
    assert_eq!(each(&refused, "refusals", "customerId"), [customers[1].as_str()]);
    assert_eq!(refused["refusals"][0]["kept"], true);
    li_lei.post(&undo, json!({})).await?.refused(422, "BULK_UNDONE")?;
    let listed = all_pages(li_lei, "/v1/bulkChanges", "bulkChanges", 50).await?;
    assert_eq!(listed.len(), 1);
    assert_eq!(all_pages(han_mei, "/v1/bulkChanges", "bulkChanges", 50).await?.len(), 0);
    story.end().await
}

#[tokio::test]
async fn customers_that_can_not_be_changed_are_left_and_told_of() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let own = a_customer(li_lei, "自己的").await?;
    let invalid = a_customer(li_lei, "作废的").await?;
    admin.post(&format!("/v1/customers/{invalid}:invalidate"), json!({})).await?.ok()?;
    let lent = a_customer(han_mei, "借阅的").await?;
    let share = json!({"employeeId": li_lei.employee_id});
    han_mei.post(&format!("/v1/customers/{lent}/shares"), share).await?.ok()?;
    let foreign = a_customer(han_mei, "看不到的").await?;

    let ids = [&own, &invalid, &lent, &foreign];
    let begun = a_change(li_lei, json!({"customer": {"level": "vip"}, "updateMask": "level", "ids": ids})).await?;
    let done = until_ended(&story, li_lei, &begun).await?;
    assert_eq!(counts(&done), "1/0/3/0/0");
    let refused = all_pages(li_lei, &format!("/v1/bulkChanges/{}/refusals", id(&done)?), "refusals", 2).await?;
    let mut told: Vec<_> = refused
        .iter()
        .map(|one| (one["customerName"].as_str().unwrap_or_default(), one["reason"].as_str().unwrap_or_default()))
        .collect();
    told.sort_unstable();
    assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["", "作废的", "借阅的"]);
    assert!(told.iter().all(|(_, reason)| !reason.is_empty()), "{told:?}");
    assert_eq!(level(han_mei, &lent).await?, "");
    assert_eq!(level(han_mei, &foreign).await?, "");
    story.end().await
}

#[tokio::test]
async fn a_bulk_change_that_no_customer_could_take_is_refused_at_once() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    a_customer(li_lei, "甲").await?;
    a_field(admin, json!({"key": "contract", "type": "FIELD_TYPE_TEXT", "labelZh": "合同号", "unique": true})).await?;
    let phone =
        json!({"key": "hotline", "type": "FIELD_TYPE_PHONE", "labelZh": "热线", "personalData": "PERSONAL_DATA_PHONE"});
    a_field(admin, phone).await?;
    let all = |customer: Value, mask: &str| json!({"customer": customer, "updateMask": mask, "everything": true});
    for (change, field, reason) in [
        (all(json!({"level": "无此级别"}), "level"), "customer.level", "CODE_UNKNOWN"),
        (all(json!({"name": "同名"}), "name"), "updateMask", "MASK_PATH_UNKNOWN"),
        (all(json!({"phone": "1"}), "phone"), "updateMask", "MASK_PATH_UNKNOWN"),
        (all(json!({"level": "vip"}), ""), "updateMask", "MASK_EMPTY"),
        (all(json!({"satisfaction": 6}), "satisfaction"), "customer.satisfaction", "TOO_LARGE"),
        (
            all(json!({"customFields": {"contract": {"stringValue": "1"}}}), "customFields.contract"),
            "updateMask",
            "BULK_FIELD_OWN",
        ),
        (
            all(json!({"customFields": {"hotline": {"stringValue": "1"}}}), "customFields.hotline"),
            "updateMask",
            "BULK_FIELD_OWN",
        ),
        (
            all(json!({"customFields": {"nothing": {"stringValue": "1"}}}), "customFields.nothing"),
            "customer.customFields.nothing",
            "FIELD_UNKNOWN",
        ),
        (json!({"customer": {"level": "vip"}, "updateMask": "level"}), "ids", "BULK_NOBODY"),
        (
            json!({"customer": {"level": "vip"}, "updateMask": "level", "filter": "colour = 1"}),
            "filter",
            "FILTER_INVALID",
        ),
        (
            json!({"customer": {"level": "vip"}, "updateMask": "level", "filter": "id_number:*"}),
            "filter",
            "FIELD_MASKED",
        ),
        (
            json!({"customer": {"level": "vip"}, "updateMask": "level", "everything": true, "ids": [uuid::Uuid::now_v7()]}),
            "ids",
            "BULK_TWO_WAYS",
        ),
    ] {
        let answer = li_lei.post("/v1/bulkChanges", change.clone()).await?;
        assert_eq!(violations(&answer), refusals(&[(field, reason)]), "{change}: {}", answer.body);
    }
    assert_eq!(all_pages(li_lei, "/v1/bulkChanges", "bulkChanges", 50).await?.len(), 0);
    let auditor = story.somebody("auditor", "auditor").await?;
    auditor.post("/v1/bulkChanges", all(json!({"level": "vip"}), "level")).await?.refused(403, "PERMISSION_DENIED")?;
    story.end().await
}
