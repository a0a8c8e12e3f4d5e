//! The life cycle of customers, and cases of those who may leave.

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use chrono::{FixedOffset, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, each, list, refusals, violations};

/// Where the service's days begin.
fn in_days(days: i64) -> String {
    let zone = FixedOffset::east_opt(8 * 3600).unwrap();
    (Utc::now().with_timezone(&zone) + TimeDelta::days(days)).date_naive().to_string()
}

async fn act(writer: &Session, case: &Value, verb: &str, mut body: Value) -> Result<changke::testkit::Answer> {
    body["etag"] = case["etag"].clone();
    writer.post(&format!("/v1/churnCases/{}:{verb}", case["id"].as_str().context("no id")?), body).await
}

#[tokio::test]
async fn a_case_goes_from_the_warning_to_its_end_and_no_further() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "甲").await?;
    let path = format!("/v1/customers/{customer}/churnCases");
    let past = li_lei.post(&path, json!({"cause": "三个月没有下单", "dueDate": "2020-01-01"})).await?;
    assert_eq!(violations(&past), refusals(&[("dueDate", "DATE_IN_PAST")]));
    let never = li_lei.post(&path, json!({"cause": "三个月没有下单", "dueDate": "2026-02-30"})).await?;
    assert_eq!(violations(&never), refusals(&[("dueDate", "DATE_INVALID")]));
    let open = json!({"cause": "三个月没有下单", "dueDate": in_days(3)});
    han_mei.post(&path, open.clone()).await?.refused(404, "NOT_FOUND")?;
    let case = li_lei.post(&path, open.clone()).await?.ok()?;
    assert_eq!((&case["state"], &case["ownerId"]), (&json!("CHURN_STATE_WARNED"), &json!(li_lei.employee_id)));
    li_lei.post(&path, open).await?.refused(422, "CHURN_CASE_OPEN")?;

    let mine = "state = (WARNED OR REPRIEVED) AND owner_id = me()";
    let listed = list(li_lei, "/v1/churnCases", &[("filter", mine)]).await?.ok()?;
    assert_eq!(each(&listed, "cases", "customerName"), ["甲"]);
    let hers = list(han_mei, "/v1/churnCases", &[]).await?.ok()?;
    assert_eq!(hers["cases"], json!([]));
    let overdue = list(li_lei, "/v1/churnCases", &[("filter", "due_date < today()")]).await?.ok()?;
    assert_eq!(overdue["cases"], json!([]));
    let wrong = list(li_lei, "/v1/churnCases", &[("filter", "name = a")]).await?;
    assert_eq!(wrong.status.as_u16(), 400);
    let id = case["id"].as_str().context("no id")?.to_owned();
    han_mei.get(&format!("/v1/churnCases/{id}")).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("/v1/churnCases/{id}/steps")).await?.refused(404, "NOT_FOUND")?;
    act(han_mei, &case, "save", json!({})).await?.refused(404, "NOT_FOUND")?;

    let measures = json!({"measures": "上门拜访，给予折扣", "dueDate": in_days(14)});
    let reprieved = act(li_lei, &case, "reprieve", measures.clone()).await?.ok()?;
    assert_eq!((&reprieved["state"], &reprieved["dueDate"]), (&json!("CHURN_STATE_REPRIEVED"), &json!(in_days(14))));
    act(li_lei, &case, "reprieve", measures.clone()).await?.refused(409, "STALE_ETAG")?;
    let again = act(li_lei, &reprieved, "reprieve", measures).await?.ok()?;
    let unknown = act(li_lei, &again, "confirm", json!({"lossCode": "none"})).await?;
    assert_eq!(violations(&unknown), refusals(&[("lossCode", "CODE_UNKNOWN")]));
    let lost = act(li_lei, &again, "confirm", json!({"lossCode": "price", "note": "对手便宜"})).await?.ok()?;
    assert_eq!((&lost["state"], &lost["lossCode"]), (&json!("CHURN_STATE_LOST"), &json!("price")));
    for (verb, body) in [
        ("save", json!({})),
        ("confirm", json!({"lossCode": "price"})),
        ("reprieve", json!({"measures": "再试", "dueDate": in_days(1)})),
    ] {
        act(li_lei, &lost, verb, body).await?.refused(422, "CHURN_CASE_ENDED")?;
    }
    let steps = li_lei.get(&format!("/v1/churnCases/{id}/steps")).await?.ok()?;
    let states: Vec<String> =
        each(&steps, "steps", "state").into_iter().map(|state| state.replace("CHURN_STATE_", "")).collect();
    assert_eq!(states, ["WARNED", "REPRIEVED", "REPRIEVED", "LOST"]);
    story.admin.delete("/v1/dictionaries/loss_reason/entries/price").await?.refused(422, "ENTRY_IN_USE")?;

    // Who has left can be won back, and then kept.
    let record = li_lei.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    assert_eq!(record["stage"], json!("CUSTOMER_STAGE_ENDED"));
    let moved = format!("/v1/customers/{customer}:moveStage");
    let to = |stage: &str| json!({"stage": format!("CUSTOMER_STAGE_{stage}"), "reason": "重新合作"});
    li_lei.post(&moved, to("RETAIN")).await?.refused(422, "STAGE_REFUSED")?;
    han_mei.post(&moved, to("WIN_BACK")).await?.refused(404, "NOT_FOUND")?;
    li_lei.post(&moved, to("WIN_BACK")).await?.ok()?;
    let second = li_lei.post(&path, json!({"cause": "又不回复", "dueDate": in_days(0)})).await?.ok()?;
    act(li_lei, &second, "save", json!({"note": "签约"})).await?.ok()?;
    let page = list(li_lei, "/v1/customers", &[("filter", "stage = RETAIN")]).await?.ok()?;
    assert_eq!(each(&page, "customers", "name"), ["甲"]);
    let changes = li_lei.get(&format!("/v1/customers/{customer}/stageChanges")).await?.ok()?;
    let stages: Vec<String> =
        each(&changes, "changes", "after").into_iter().map(|stage| stage.replace("CUSTOMER_STAGE_", "")).collect();
    assert_eq!(stages, ["RETAIN", "WIN_BACK", "ENDED"]);
    story.end().await
}

#[tokio::test]
async fn a_rule_warns_once_and_names_its_reason() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let (silent, known) = (a_customer(li_lei, "无联系人").await?, a_customer(li_lei, "有").await?);
    a_contact(li_lei, &known, json!({"name": "王五"})).await?;
    let rule = json!({"label": "没有联系人", "filter": "metrics.contact_count = 0", "dueDays": 5, "quietDays": 30});
    li_lei.post("/v1/churnRules", rule.clone()).await?.refused(403, "PERMISSION_DENIED")?;
    let barred = admin.post("/v1/churnRules", json!({"label": "a", "filter": "update_time < 2026-01-01"})).await?;
    assert_eq!(violations(&barred), refusals(&[("filter", "RULE_FIELD_REFUSED")]));
    let preview = admin.post("/v1/churnRules:preview", json!({"churnRule": rule})).await?.ok()?;
    assert_eq!(preview["customerCount"], json!("1"));
    let made = admin.post("/v1/churnRules", rule.clone()).await?.ok()?;
    admin.post("/v1/churnRules", rule).await?.refused(409, "CHURN_RULE_LABEL_TAKEN")?;

    let open = [("filter", "state = WARNED")];
    let warned = async |expected: &[&str]| {
        story
            .app
            .until("the warning is there", async || {
                let page = async { list(li_lei, "/v1/churnCases", &open).await?.ok() };
                page.await.is_ok_and(|page| each(&page, "cases", "customerName") == expected)
            })
            .await
    };
    warned(&["无联系人"]).await?;
    let page = list(li_lei, "/v1/churnCases", &open).await?.ok()?;
    let case = page["cases"][0].clone();
    assert_eq!((&case["ruleLabel"], &case["cause"]), (&json!("没有联系人"), &json!("没有联系人")));
    assert_eq!((&case["ownerId"], &case["dueDate"]), (&json!(li_lei.employee_id), &json!(in_days(5))));

    // Saved, it is left in peace although the rule still holds; a new customer is warned of at once.
    act(li_lei, &case, "save", json!({"note": "已沟通"})).await?.ok()?;
    let path = format!("/v1/customers/{silent}");
    let etag = li_lei.get(&path).await?.ok()?["etag"].clone();
    li_lei.patch(&path, json!({"remark": "稳定", "etag": etag})).await?.ok()?;
    a_customer(li_lei, "新客户").await?;
    warned(&["新客户"]).await?;

    let etag = made["etag"].as_str().context("no etag")?;
    let id = made["id"].as_str().context("no id")?;
    let changed = admin.patch(&format!("/v1/churnRules/{id}"), json!({"dueDays": 9, "etag": etag})).await?.ok()?;
    assert_eq!((&changed["dueDays"], &changed["label"]), (&json!(9), &json!("没有联系人")));
    admin.delete(&format!("/v1/churnRules/{id}?etag={etag}")).await?.refused(409, "STALE_ETAG")?;
    admin.delete(&format!("/v1/churnRules/{id}")).await?.ok()?;
    assert_eq!(admin.get("/v1/churnRules").await?.ok()?["churnRules"], json!([]));
    story.end().await
}
