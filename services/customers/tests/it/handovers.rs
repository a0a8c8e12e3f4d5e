//! Handing an employee's customers over to others, and getting them back.

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, an_interaction, each, id, refusals, violations};

async fn a_plan(writer: &Session, customer: &str, subject: &str) -> Result<String> {
    let occur_time = (Utc::now() + TimeDelta::days(3)).to_rfc3339();
    let plan = json!({
        "type": "INTERACTION_TYPE_VISIT", "state": "INTERACTION_STATE_PLANNED", "subject": subject,
        "occurTime": occur_time,
    });
    id(&an_interaction(writer, customer, plan).await?)
}

async fn until_ended(story: &Story, reader: &Session, handover: &Value) -> Result<Value> {
    let path = format!("/v1/handovers/{}", id(handover)?);
    let ended = async || {
        let now = reader.get(&path).await.map(|answer| answer.body["state"].clone()).unwrap_or_default();
        ["COMPLETED", "UNDONE", "FAILED"].iter().any(|state| now == format!("HANDOVER_STATE_{state}"))
    };
    story.app.until("the handover has ended", ended).await?;
    reader.get(&path).await?.ok()
}

/// `kind receiver moved/returned/kept`, sorted.
fn lines(handover: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |line: &Value| {
        let [moved, returned, kept] = ["movedCount", "returnedCount", "keptCount"].map(|name| text(&line[name]));
        format!("{} {} {moved}/{returned}/{kept}", text(&line["kind"]), text(&line["employeeName"]))
    };
    let mut lines: Vec<String> = handover["lines"].as_array().into_iter().flatten().map(line).collect();
    lines.sort();
    lines
}

async fn owned(reader: &Session) -> Result<usize> {
    Ok(all_pages(reader, "/v1/customers?filter=owner_id%20%3D%20me()", "customers", 50).await?.len())
}

#[tokio::test]
async fn customers_go_with_what_is_planned_and_come_back_unless_they_went_on() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let team = li_lei.get("/v1/profile").await?.ok()?["groupId"].as_str().context("no group")?.to_owned();
    let lin_tao = story.app.employee("lintao", &team, &["salesperson"]).await?;
    let mut customers = Vec::new();
    for number in 0..6 {
        customers.push(a_customer(li_lei, &format!("客户{number}")).await?);
    }
    admin.post(&format!("/v1/customers/{}:invalidate", customers[5]), json!({"reason": "重复"})).await?.ok()?;
    let plan = a_plan(li_lei, &customers[0], "签约").await?;
    let kept_plan = a_plan(li_lei, &customers[1], "回访").await?;
    let foreign = a_customer(han_mei, "韩梅梅的").await?;

    let preview = json!({"fromEmployeeId": li_lei.employee_id});
    let preview = admin.post("/v1/handovers:preview", preview).await?.ok()?;
    assert_eq!(each(&preview, "lines", "movedCount"), ["6", "2"]);
    assert_eq!(preview["uncoveredCount"], "0");

    let wanted = json!({
        "fromEmployeeId": li_lei.employee_id, "note": "离职",
        "receivers": [{"employeeId": han_mei.employee_id}, {"employeeId": lin_tao.employee_id, "share": 2}],
    });
    let headers = [("idempotency-key", "handover-1")];
    let begun = admin.call(Method::POST, "/v1/handovers", Some(wanted.clone()), &headers).await?.ok()?;
    assert_eq!((&begun["state"], &begun["expectedCount"]), (&json!("HANDOVER_STATE_RUNNING"), &json!("6")));
    let again = admin.call(Method::POST, "/v1/handovers", Some(wanted.clone()), &headers).await?.ok()?;
    assert_eq!(again["id"], begun["id"]);
    let done = until_ended(&story, admin, &begun).await?;
    assert_eq!(done["state"], "HANDOVER_STATE_COMPLETED");
    assert_eq!(lines(&done)[..2], ["customer hanmei 2/0/0", "customer lintao 4/0/0"]);
    assert_eq!(owned(li_lei).await?, 0);
    let plans = all_pages(admin, "/v1/interactions", "interactions", 50).await?;
    for interaction in &plans {
        let customer =
            admin.get(&format!("/v1/customers/{}", interaction["customerId"].as_str().unwrap_or_default())).await?;
        assert_eq!(interaction["employeeId"], customer.ok()?["ownerId"], "the plan goes with its customer");
    }
    let periods = admin.get(&format!("/v1/customers/{}/ownershipPeriods", customers[0])).await?.ok()?;
    let period = &periods["periods"][0];
    assert_eq!((&period["reason"], &period["note"]), (&json!("OWNERSHIP_REASON_HANDED_OVER"), &json!("离职")));
    assert_eq!(period["handoverId"], done["id"]);

    // One has gone on since; a plan of another is done.
    let went_on = &customers[4];
    let admin_id = admin.employee_id.clone();
    let owner = admin.get(&format!("/v1/customers/{went_on}")).await?.ok()?["ownerId"].clone();
    admin.post("/v1/customers:assign", json!({"ids": [went_on], "ownerId": admin_id})).await?.ok()?;
    admin.post("/v1/customers:assign", json!({"ids": [went_on], "ownerId": owner})).await?.ok()?;
    let path = format!("/v1/interactions/{kept_plan}");
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.post(&format!("{path}:cancel"), json!({"reason": "取消", "etag": etag})).await?.ok()?;

    let undo = format!("/v1/handovers/{}:undo", id(&done)?);
    let undoing = admin.post(&undo, json!({})).await?.ok()?;
    assert_eq!(undoing["state"], "HANDOVER_STATE_UNDOING");
    let undone = until_ended(&story, admin, &begun).await?;
    assert_eq!(undone["state"], "HANDOVER_STATE_UNDONE");
    let sum = |kind: &str, field: &str| -> i64 {
        let lines = undone["lines"].as_array().into_iter().flatten().filter(|line| line["kind"] == kind);
        lines.filter_map(|line| line[field].as_str()?.parse::<i64>().ok()).sum()
    };
    assert_eq!((sum("customer", "returnedCount"), sum("customer", "keptCount")), (5, 1));
    assert_eq!((sum("interaction", "returnedCount"), sum("interaction", "keptCount")), (1, 1));
    assert_eq!(owned(li_lei).await?, 4, "the one out of use is his too");
    assert_eq!(admin.get(&format!("/v1/interactions/{plan}")).await?.ok()?["employeeId"], li_lei.employee_id.as_str());
    assert_eq!(owned(han_mei).await? + owned(&lin_tao).await?, 2, "{foreign} and {went_on}");
    admin.post(&undo, json!({})).await?.refused(422, "HANDOVER_NOT_DONE")?;

    let report = admin
        .request(
            Method::GET,
            &format!("/v1/handovers/{}:downloadReport?format=HANDOVER_REPORT_FORMAT_CSV", id(&done)?),
        )?
        .header("accept-language", "zh-CN")
        .send()
        .await?;
    let report = report.text().await?;
    assert_eq!(report.lines().count(), 9, "{report}");
    assert_eq!(report.matches("未能退回").count(), 2, "{report}");
    assert!(report.contains("客户0") && report.contains("签约"), "{report}");
    story.end().await
}

#[tokio::test]
async fn regions_and_filters_decide_and_scopes_hold() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    for (name, region, level) in
        [("西湖", "330106", "vip"), ("宁波", "330203", "vip"), ("浦东", "310115", "vip"), ("小", "", "")]
    {
        let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": name, "region": region, "level": level});
        li_lei.post("/v1/customers", customer).await?.ok()?;
    }
    let stranger = uuid::Uuid::now_v7().to_string();
    let (from, to) = (&li_lei.employee_id, &han_mei.employee_id);
    for (handover, field, reason) in [
        (
            json!({"fromEmployeeId": stranger, "receivers": [{"employeeId": to}]}),
            "fromEmployeeId",
            "HANDOVER_GIVER_UNKNOWN",
        ),
        (
            json!({"fromEmployeeId": from, "receivers": [{"employeeId": from}]}),
            "receivers[0].employeeId",
            "HANDOVER_TO_ITSELF",
        ),
        (
            json!({"fromEmployeeId": from, "receivers": [{"employeeId": stranger}]}),
            "receivers[0].employeeId",
            "OWNER_INVALID",
        ),
        (
            json!({"fromEmployeeId": from, "receivers": [{"employeeId": to, "regions": ["330000"]}]}),
            "receivers",
            "HANDOVER_REST_LEFT",
        ),
        (
            json!({"fromEmployeeId": from, "receivers": [{"employeeId": to}], "filter": "colour = red"}),
            "filter",
            "FILTER_INVALID",
        ),
    ] {
        assert_eq!(violations(&admin.post("/v1/handovers", handover).await?), refusals(&[(field, reason)]));
    }
    let receivers = json!([{"employeeId": admin.employee_id}, {"employeeId": to, "regions": ["330000"]}]);
    let handover = json!({"fromEmployeeId": from, "receivers": receivers, "filter": "level = \"vip\""});
    // Who may not give customers away may not hand them over; who may, within their scope.
    li_lei.post("/v1/handovers", handover.clone()).await?.refused(403, "PERMISSION_DENIED")?;
    let north = story.app.group("华北销售", &story.app.root_group().await?).await?;
    let elsewhere = story.app.employee("wangjingli", &north, &["manager"]).await?;
    let refused = elsewhere.post("/v1/handovers", handover.clone()).await?;
    assert_eq!(violations(&refused), refusals(&[("fromEmployeeId", "HANDOVER_GIVER_UNKNOWN")]));

    let begun = admin.post("/v1/handovers", handover).await?.ok()?;
    let done = until_ended(&story, admin, &begun).await?;
    assert_eq!(lines(&done), ["customer admin 1/0/0", "customer hanmei 2/0/0"]);
    assert_eq!(owned(li_lei).await?, 1);
    elsewhere.get(&format!("/v1/handovers/{}", id(&done)?)).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(elsewhere.get("/v1/handovers").await?.ok()?["handovers"], json!([]));
    let team = li_lei.get("/v1/profile").await?.ok()?["groupId"].as_str().context("no group")?.to_owned();
    let manager = story.app.employee("zhangjingli", &team, &["manager"]).await?;
    assert_eq!(each(&manager.get("/v1/handovers").await?.ok()?, "handovers", "fromEmployeeName"), ["lilei"]);

    // Too late, and to nobody.
    let mut database = story.app.database().await?;
    sqlx::query("UPDATE customers.handover SET create_time = now() - interval '31 days'")
        .execute(&mut database)
        .await?;
    let undo = format!("/v1/handovers/{}:undo", id(&done)?);
    admin.post(&undo, json!({})).await?.refused(422, "HANDOVER_TOO_OLD")?;
    story.end().await
}
