use anyhow::Result;
use chrono::{Duration, SecondsFormat, Utc};
use contracts::customers::{InteractionChanged, InteractionState, InteractionType};
use prost::Message;
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, all_pages, an_interaction, each, id, list, violations};

fn hours_from_now(hours: i64) -> String {
    (Utc::now() + Duration::hours(hours)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn a_visit(subject: &str, state: &str, hours: i64) -> Value {
    json!({
        "type": "INTERACTION_TYPE_VISIT", "state": format!("INTERACTION_STATE_{state}"), "subject": subject,
        "occurTime": hours_from_now(hours),
    })
}

#[tokio::test]
async fn what_was_planned_is_done_or_called_off() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let before = li_lei.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    assert!(before.get("lastContactTime").is_none());

    let planned = an_interaction(li_lei, &customer, a_visit("初次拜访", "PLANNED", -1)).await?;
    assert_eq!((&planned["customerName"], &planned["employeeName"]), (&json!("杭州大华电子"), &json!("lilei")));
    let path = format!("/v1/interactions/{}", id(&planned)?);
    let done = json!({"state": "INTERACTION_STATE_DONE", "content": "谈得不错", "etag": planned["etag"]});
    let done = li_lei.patch(&path, done).await?.ok()?;
    let after = li_lei.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    assert_eq!(after["lastContactTime"], done["occurTime"]);
    assert_eq!((&after["etag"], &after["updateTime"]), (&before["etag"], &before["updateTime"]));
    // An older one that is entered late doesn't move it back.
    an_interaction(li_lei, &customer, a_visit("电话", "DONE", -48)).await?;
    let after = li_lei.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    assert_eq!(after["lastContactTime"], done["occurTime"]);

    let undone = json!({"state": "INTERACTION_STATE_PLANNED", "etag": done["etag"]});
    assert_eq!(violations(&li_lei.patch(&path, undone).await?)[0].1, "INTERACTION_STATE_REFUSED");
    let cancel = json!({"reason": "客户出差", "etag": done["etag"]});
    li_lei.post(&format!("{path}:cancel"), cancel).await?.refused(422, "INTERACTION_NOT_PLANNED")?;
    li_lei.patch(&path, json!({"content": "谈得很好", "etag": done["etag"]})).await?.ok()?;

    let other = an_interaction(li_lei, &customer, a_visit("回访", "PLANNED", 24)).await?;
    let path = format!("/v1/interactions/{}", id(&other)?);
    let cancel = json!({"reason": "客户出差", "etag": other["etag"]});
    let cancelled = li_lei.post(&format!("{path}:cancel"), cancel.clone()).await?.ok()?;
    assert_eq!(cancelled["state"], "INTERACTION_STATE_CANCELLED");
    assert_eq!(cancelled["cancelReason"], "客户出差");
    li_lei.post(&format!("{path}:cancel"), cancel).await?.refused(409, "STALE_ETAG")?;
    let revived = json!({"state": "INTERACTION_STATE_DONE", "etag": cancelled["etag"]});
    li_lei.patch(&path, revived).await?.refused(422, "INTERACTION_CANCELLED")?;
    story.end().await
}

#[tokio::test]
async fn others_hear_of_every_change() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let stream = platform::events::connect(&story.app.config.nats).await?.stream().await?;
    let subject = format!("{}.events.customers.interaction.InteractionChanged", story.app.config.nats.prefix);
    let heard = async |revision: i64| {
        let last = stream.get_last_raw_message_by_subject(&subject).await.ok()?;
        InteractionChanged::decode(last.payload).ok().filter(|event| event.revision == revision)
    };
    let planned = an_interaction(li_lei, &customer, a_visit("回访", "PLANNED", 24)).await?;
    story.app.until("the plan is heard of", async || heard(1).await.is_some()).await?;
    let cancel = json!({"reason": "客户出差", "etag": planned["etag"]});
    li_lei.post(&format!("/v1/interactions/{}:cancel", id(&planned)?), cancel).await?.ok()?;
    story.app.until("the cancellation is heard of", async || heard(2).await.is_some()).await?;
    let event = heard(2).await.unwrap();
    assert_eq!((event.id, event.customer_id), (id(&planned)?, customer));
    assert_eq!((event.r#type, event.state), (InteractionType::Visit as i32, InteractionState::Cancelled as i32));
    assert_eq!(event.employee_id, li_lei.employee_id);
    story.end().await
}

#[tokio::test]
async fn an_interaction_must_make_sense() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let other = a_customer(li_lei, "宁波贸易").await?;
    let wang = a_contact(li_lei, &customer, json!({"name": "王芳"})).await?;
    let stranger = a_contact(li_lei, &other, json!({"name": "陌生人"})).await?;
    let path = format!("/v1/customers/{customer}/interactions");
    let refused = async |change: Value| -> Result<String> {
        let mut visit = a_visit("拜访", "DONE", -1);
        visit.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = li_lei.post(&path, visit).await?;
        assert_eq!(answer.status, 400, "{}", answer.body);
        Ok(violations(&answer)[0].1.clone())
    };
    assert_eq!(refused(json!({"occurTime": hours_from_now(1)})).await?, "INTERACTION_IN_FUTURE");
    assert_eq!(refused(json!({"state": "INTERACTION_STATE_CANCELLED"})).await?, "INTERACTION_STATE_REFUSED");
    assert_eq!(refused(json!({"latitude": 30.2})).await?, "INTERACTION_PLACE_INCOMPLETE");
    assert_eq!(refused(json!({"subject": " "})).await?, "VALUE_REQUIRED");
    let contacts = json!({"contactIds": [wang["id"], stranger["id"]]});
    assert_eq!(refused(contacts).await?, "INTERACTION_CONTACT_UNKNOWN");
    assert_eq!(refused(json!({"employeeId": han_mei.employee_id})).await?, "EMPLOYEE_UNKNOWN");
    let none = li_lei.get(&path).await?.ok()?;
    assert_eq!(none["interactions"], json!([]));

    // A contact that went out of use later stays with what was, and can't be taken for anything new.
    let mut visit = a_visit("拜访", "DONE", -1);
    visit["contactIds"] = json!([wang["id"]]);
    let visit = an_interaction(li_lei, &customer, visit).await?;
    assert_eq!(visit["contactNames"], json!(["王芳"]));
    let etag = json!({"etag": wang["etag"]});
    li_lei.post(&format!("/v1/contacts/{}:invalidate", id(&wang)?), etag).await?.ok()?;
    let kept = json!({"contactIds": [wang["id"]], "nextStep": "报价", "etag": visit["etag"]});
    let kept = li_lei.patch(&format!("/v1/interactions/{}", id(&visit)?), kept).await?.ok()?;
    assert_eq!(kept["contactNames"], json!(["王芳"]));
    assert_eq!(refused(json!({"contactIds": [wang["id"]]})).await?, "INTERACTION_CONTACT_UNKNOWN");
    // A manager may enter what a salesperson of the group did.
    let mut entered = a_visit("代录", "DONE", -2);
    entered["employeeId"] = json!(li_lei.employee_id);
    let entered = an_interaction(&story.admin, &customer, entered).await?;
    assert_eq!(entered["employeeName"], "lilei");
    story.end().await
}

#[tokio::test]
async fn work_lists_run_over_the_customers_that_one_sees() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let mine = a_customer(li_lei, "杭州大华电子").await?;
    let hers = a_customer(han_mei, "宁波贸易").await?;
    for number in 0..5 {
        an_interaction(li_lei, &mine, a_visit(&format!("计划{number}"), "PLANNED", number)).await?;
    }
    an_interaction(li_lei, &mine, a_visit("完成", "DONE", -3)).await?;
    let foreign = an_interaction(han_mei, &hers, a_visit("别人的", "PLANNED", 1)).await?;

    let subjects = async |query: &[(&str, &str)]| -> Result<Vec<String>> {
        let page = list(li_lei, "/v1/interactions", query).await?.ok()?;
        Ok(each(&page, "interactions", "subject").into_iter().map(str::to_owned).collect())
    };
    assert_eq!(subjects(&[]).await?, ["计划4", "计划3", "计划2", "计划1", "计划0", "完成"]);
    assert_eq!(subjects(&[("filter", "state = DONE AND employee_id = me()")]).await?, ["完成"]);
    let soonest = [("filter", "subject : \"计划\""), ("orderBy", "occur_time"), ("pageSize", "2")];
    assert_eq!(subjects(&soonest).await?, ["计划0", "计划1"]);
    assert_eq!(subjects(&[("filter", "next_step_time:*")]).await?, Vec::<String>::new());
    for order in ["", "next_step_time%20desc", "create_time", "occur_time%20desc"] {
        let path = format!("/v1/interactions?orderBy={order}");
        let found = all_pages(li_lei, &path, "interactions", 2).await?;
        assert_eq!(found.len(), 6, "ordered by {order:?}");
        // Who sees everything is served another way, in the same order.
        let mut all = all_pages(&story.admin, &path, "interactions", 2).await?;
        all.retain(|interaction| interaction["customerId"] == mine);
        assert_eq!(all, found, "ordered by {order:?}");
    }
    let unknown = list(li_lei, "/v1/interactions", &[("filter", "stat = DONE")]).await?;
    assert_eq!(violations(&unknown), [("filter".to_owned(), "FILTER_INVALID".to_owned())]);
    let other_order = li_lei.get("/v1/interactions?pageSize=2").await?.ok()?;
    let token = other_order["nextPageToken"].as_str().unwrap();
    let crossed = li_lei.get(&format!("/v1/interactions?pageSize=2&orderBy=create_time&pageToken={token}")).await?;
    assert_eq!(violations(&crossed)[0].1, "PAGE_TOKEN_INVALID");

    let path = format!("/v1/interactions/{}", id(&foreign)?);
    li_lei.get(&path).await?.refused(404, "NOT_FOUND")?;
    li_lei.patch(&path, json!({"subject": "抢", "etag": foreign["etag"]})).await?.refused(404, "NOT_FOUND")?;
    let cancel = json!({"reason": "抢", "etag": foreign["etag"]});
    li_lei.post(&format!("{path}:cancel"), cancel).await?.refused(404, "NOT_FOUND")?;
    li_lei.get(&format!("/v1/customers/{hers}/interactions")).await?.refused(404, "NOT_FOUND")?;
    let intruding = a_visit("抢", "DONE", -1);
    li_lei.post(&format!("/v1/customers/{hers}/interactions"), intruding).await?.refused(404, "NOT_FOUND")?;
    story.end().await
}

#[tokio::test]
async fn a_visit_is_checked_in_by_the_clock_of_the_service() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let planned = an_interaction(li_lei, &customer, a_visit("拜访", "PLANNED", 1)).await?;
    assert!(planned.get("checkInTime").is_none());
    let path = format!("/v1/interactions/{}", id(&planned)?);
    for (change, field) in [
        (json!({"latitude": 90.1, "longitude": 0}), "latitude"),
        (json!({"latitude": 0, "longitude": -180.1}), "longitude"),
        (json!({"latitude": 0, "longitude": 0, "accuracyMeters": -1}), "accuracyMeters"),
        (json!({"latitude": 30.2}), "longitude"),
    ] {
        let mut change = change;
        change["etag"] = planned["etag"].clone();
        assert_eq!(violations(&li_lei.patch(&path, change).await?)[0].0, field);
    }
    let here = json!({
        "latitude": 30.27415, "longitude": 120.15515, "accuracyMeters": 12, "place": "门店",
        "checkInTime": "2020-01-01T00:00:00Z", "etag": planned["etag"],
    });
    let arrived = li_lei.patch(&path, here).await?.ok()?;
    let time: chrono::DateTime<Utc> = arrived["checkInTime"].as_str().unwrap().parse()?;
    assert!((Utc::now() - time).num_seconds() < 60, "{time}");
    assert_eq!((&arrived["state"], &arrived["accuracyMeters"]), (&json!("INTERACTION_STATE_PLANNED"), &json!(12.0)));

    // What else is written leaves the time; another position has its own.
    let done = json!({"state": "INTERACTION_STATE_DONE", "occurTime": hours_from_now(0), "etag": arrived["etag"]});
    let done = li_lei.patch(&path, done).await?.ok()?;
    assert_eq!(done["checkInTime"], arrived["checkInTime"]);
    let moved = json!({"latitude": 30.3, "longitude": 120.2, "accuracyMeters": 5, "etag": done["etag"]});
    let moved = li_lei.patch(&path, moved).await?.ok()?;
    assert_ne!(moved["checkInTime"], arrived["checkInTime"]);
    let body = json!({"etag": moved["etag"]});
    let gone = li_lei.patch(&format!("{path}?updateMask=latitude,longitude"), body).await?.ok()?;
    for field in ["latitude", "longitude", "accuracyMeters", "checkInTime"] {
        assert!(gone.get(field).is_none(), "{field}: {gone}");
    }
    story.end().await
}
