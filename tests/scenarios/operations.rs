//! Running the product: its trail, its state, its parameters and its feedback box.

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use serde_json::{Value, json};

use crate::support::{a_customer, all_pages, id, query, refusals, sorted, text};

const TRAIL: &str = "/v1/operations/customers/auditEntries";

#[tokio::test]
async fn the_trail_is_searched_by_who_what_and_when() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let auditor = app.employee("shenji", &root, &["auditor"]).await?;
    let li_lei = app.employee("lilei", &root, &["salesperson"]).await?;
    let mine = a_customer(&li_lei, "杭州大华").await?;
    let name = json!({"name": "杭州大华电子", "etag": mine["etag"]});
    li_lei.patch(&format!("/v1/customers/{}", id(&mine)?), name).await?.ok()?;
    a_customer(&admin, "宁波贸易").await?;

    let actions = async |filter: String| -> Result<Vec<String>> {
        let found = all_pages(&auditor, TRAIL, &[("filter", &filter)], "entries", 1).await?;
        Ok(found.iter().map(|entry| text(&entry["action"])).collect())
    };
    let own = format!("actor_id = \"{}\"", li_lei.employee_id);
    assert_eq!(actions(own.clone()).await?, ["customer.updated", "customer.created"]);
    assert_eq!(actions(format!("record_id = \"{}\" AND action = \"customer.updated\"", id(&mine)?)).await?.len(), 1);
    assert_eq!(actions(format!("{own} AND time < 2020-01-01")).await?.len(), 0);
    assert_eq!(actions(format!("{own} AND time >= today() AND actor_kind = EMPLOYEE")).await?.len(), 2);
    assert_eq!(actions("record_kind = \"customer\" AND actor_name : \"ADM\"".into()).await?, ["customer.created"]);
    let entry = &query(&auditor, TRAIL, &[("filter", &own)]).await?.ok()?["entries"][0];
    assert_eq!((&entry["actorName"], &entry["actorKind"]), (&json!("lilei"), &json!("ACTOR_KIND_EMPLOYEE")));
    assert_eq!(entry["changes"], json!([{"field": "name", "before": "杭州大华", "after": "杭州大华电子"}]));
    assert!(!text(&entry["address"]).is_empty() && !text(&entry["requestId"]).is_empty(), "{entry}");
    let wrong = query(&auditor, TRAIL, &[("filter", "changes : \"1\"")]).await?;
    assert_eq!(refusals(&wrong), ["filter: FILTER_INVALID"], "{}", wrong.body);
    li_lei.get(TRAIL).await?.refused(403, "PERMISSION_DENIED")?;

    // Who signed in stands there as who did it.
    let signed_in = format!("action = \"employee.signed_in\" AND actor_id = \"{}\"", li_lei.employee_id);
    let path = "/v1/operations/identity/auditEntries";
    let found = query(&auditor, path, &[("filter", &signed_in)]).await?.ok()?;
    assert_eq!(found["entries"][0]["actorName"], "lilei", "{found}");
    app.stop().await
}

#[tokio::test]
async fn the_trail_as_a_file_runs_nothing_and_is_noted_itself() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    a_customer(&admin, "=HYPERLINK(1)").await?;
    a_customer(&admin, "杭州大华").await?;
    let filter = "action = \"customer.created\"";
    let file = query(&admin, &format!("{TRAIL}:export"), &[("filter", filter)]).await?;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let file = text(&file.body);
    assert_eq!(file.lines().filter(|line| line.contains("customer.created")).count(), 2, "{file}");
    assert!(!file.contains(",=") && file.contains("=HYPERLINK"), "{file}");
    let auditor = app.employee("shenji", &app.root_group().await?, &["auditor"]).await?;
    auditor.get(&format!("{TRAIL}:export")).await?.refused(403, "PERMISSION_DENIED")?;
    let noted = query(&admin, TRAIL, &[("filter", "action = \"audit.exported\"")]).await?.ok()?;
    assert_eq!(noted["entries"][0]["changes"][0], json!({"field": "count", "after": "2", "before": ""}), "{noted}");
    app.stop().await
}

#[tokio::test]
async fn every_service_tells_its_state() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    a_customer(&admin, "杭州大华").await?;
    for service in ["identity", "customers", "reporting"] {
        let path = format!("/v1/operations/{service}/status");
        app.until("all has arrived", async || {
            let status = admin.get(&path).await.map(|answer| answer.body).unwrap_or_default();
            let consumers = status["consumers"].as_array().cloned().unwrap_or_default();
            status["outbox"]["pendingCount"] == "0"
                && status["auditChain"]["unchained"]["pendingCount"] == "0"
                && consumers.iter().all(|consumer| consumer["pendingCount"] == "0")
        })
        .await?;
        let status = admin.get(&path).await?.ok()?;
        assert_eq!(status["service"], service);
        assert_eq!(status["eventStreamConnected"], true);
        assert_eq!(status["auditChain"]["flawedCount"], "0", "{status}");
        for number in ["databaseBytes", "serviceBytes"] {
            assert!(text(&status["database"][number]).parse::<i64>()? > 0, "{status}");
        }
        assert!(!status["database"]["migrations"].as_array().context("migrations")?.is_empty());
        assert_eq!(admin.get(&format!("/v1/operations/{service}/deadJobs")).await?.ok()?["jobs"], json!([]));
        assert_eq!(admin.get(&format!("/v1/operations/{service}/deadLetters")).await?.ok()?["letters"], json!([]));
    }
    app.stop().await
}

#[tokio::test]
async fn dead_work_is_shown_and_tried_again() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let customer = a_customer(&admin, "杭州大华").await?;
    let mut database = app.database().await?;
    // A job that nobody knows any more, and an event that could not be read.
    sqlx::query(
        "INSERT INTO customers.job (id, kind, payload, state, failure, attempts, end_time)
         VALUES (gen_random_uuid(), 'import.prune', 'null', 'dead', 'no disk', 5, now())",
    )
    .execute(&mut database)
    .await?;
    for (event, payload) in
        [("00000000-0000-7000-8000-000000000001", ""), ("00000000-0000-7000-8000-000000000002", "ff")]
    {
        sqlx::query(
            "INSERT INTO reporting.inbox_dead_letter (event_id, consumer, type, payload, failure, aggregate, aggregate_id)
             VALUES ($1::uuid, 'star_schema', 'changke.customers.v1.CustomerShareChanged', decode($2, 'hex'), 'no disk',
                     'customer', $3::uuid)",
        )
        .bind(event)
        .bind(payload)
        .bind(id(&customer)?)
        .execute(&mut database)
        .await?;
    }
    let jobs = admin.get("/v1/operations/customers/deadJobs").await?.ok()?;
    assert_eq!(jobs["jobs"][0]["failure"], "no disk", "{jobs}");
    let retry = format!("/v1/operations/customers/deadJobs/{}:retry", text(&jobs["jobs"][0]["id"]));
    admin.post(&retry, json!({})).await?.ok()?;
    app.until("it has been done", async || {
        let status = admin.get("/v1/operations/customers/status").await.map(|answer| answer.body).unwrap_or_default();
        status["jobs"]["deadCount"] == "0" && status["jobs"]["runningCount"] == "0"
    })
    .await?;
    admin.post(&retry, json!({})).await?.refused(404, "NOT_FOUND")?;

    let letters = "/v1/operations/reporting/deadLetters";
    assert_eq!(
        sorted(all_pages(&admin, letters, &[], "letters", 1).await?.as_slice(), "failure"),
        ["no disk", "no disk"]
    );
    let path = format!("{letters}/star_schema/00000000-0000-7000-8000-000000000002:retry");
    admin.post(&path, json!({})).await?.refused(422, "DEAD_LETTER_FAILED")?;
    app.until("the new failure stands there", async || {
        let letters = admin.get(letters).await.map(|answer| answer.body).unwrap_or_default();
        letters["letters"].as_array().is_some_and(|letters| letters.iter().any(|letter| letter["failure"] != "no disk"))
    })
    .await?;
    admin.post(&path.replace("star_schema", "nobody"), json!({})).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(all_pages(&admin, letters, &[], "letters", 10).await?.len(), 2);
    app.stop().await
}

async fn parameter(admin: &Session, name: &str) -> Result<Value> {
    let all = admin.get("/v1/parameters").await?.ok()?;
    let found = all["parameters"].as_array().into_iter().flatten().find(|parameter| parameter["name"] == name);
    found.cloned().context("no such parameter")
}

async fn set(admin: &Session, name: &str, value: &str) -> Result<Value> {
    let etag = parameter(admin, name).await?["etag"].clone();
    let path = format!("/v1/parameters/{name}?updateMask=value");
    admin.patch(&path, json!({"value": value, "etag": etag})).await?.ok()
}

#[tokio::test]
async fn a_parameter_takes_effect_at_once_and_goes_back() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    assert_eq!(all_pages(&admin, "/v1/parameters", &[], "parameters", 5).await?.len(), 12);
    let before = parameter(&admin, "password.min_length").await?;
    assert_eq!((&before["value"], &before["set"], &before["min"]), (&json!("8"), &json!(false), &json!("6")));
    let after = set(&admin, "password.min_length", "12").await?;
    assert_eq!(
        (&after["value"], &after["defaultValue"], &after["updateUserName"]),
        (&json!("12"), &json!("8"), &json!("admin"))
    );
    assert_eq!(app.anonymous().get("/v1/passwordPolicy").await?.ok()?["minLength"], 12);
    set(&admin, "organization.name", "杭州常客").await?;
    assert_eq!(app.anonymous().get("/v1/installation").await?.ok()?["organizationName"], "杭州常客");

    // A stale etag, values out of bounds, values that don't go together, names that are none: nothing changes.
    let path = "/v1/parameters/password.min_length?updateMask=value";
    admin.patch(path, json!({"value": "13", "etag": before["etag"]})).await?.refused(409, "STALE_ETAG")?;
    for value in ["5", "25", "x", "", "012"] {
        let answer = admin.patch(path, json!({"value": value, "etag": after["etag"]})).await?;
        assert_eq!(refusals(&answer), ["value: VALUE_INVALID"], "{value}");
    }
    let etag = parameter(&admin, "session.max_seconds").await?["etag"].clone();
    let answer = admin
        .patch("/v1/parameters/session.max_seconds?updateMask=value", json!({"value": "3600", "etag": etag}))
        .await?;
    assert_eq!(refusals(&answer), ["value: SESSION_SHORTER_THAN_IDLE"], "{}", answer.body);
    let nothing = admin.patch("/v1/parameters/no.such?updateMask=value", json!({"value": "1", "etag": "0"})).await?;
    assert_eq!(nothing.status, 404);
    assert_eq!(parameter(&admin, "password.min_length").await?["value"], "12");

    let reset = admin.post("/v1/parameters/password.min_length:reset", json!({})).await?.ok()?;
    assert_eq!((&reset["value"], &reset["set"]), (&json!("8"), &json!(false)));
    assert_eq!(app.anonymous().get("/v1/passwordPolicy").await?.ok()?["minLength"], 8);
    let path = "/v1/operations/identity/auditEntries";
    let entries = query(&admin, path, &[("filter", "record_kind = \"parameter\"")]).await?.ok()?;
    let actions: Vec<_> =
        entries["entries"].as_array().into_iter().flatten().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["parameter.reset", "parameter.updated", "parameter.updated"]);
    let manager = app.employee("manager", &app.root_group().await?, &["manager"]).await?;
    manager.get("/v1/parameters").await?.refused(403, "PERMISSION_DENIED")?;
    app.stop().await
}

#[tokio::test]
async fn feedback_is_answered_and_seen_by_who_wrote_it() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let li_lei = app.employee("lilei", &root, &["salesperson"]).await?;
    let han_mei = app.employee("hanmei", &root, &["salesperson"]).await?;
    let wish = json!({"kind": "FEEDBACK_KIND_WISH", "text": "希望可以批量打标签", "page": "/customers"});
    let wish = li_lei.post("/v1/feedback", wish).await?.ok()?;
    assert_eq!((&wish["state"], &wish["employeeName"]), (&json!("FEEDBACK_STATE_OPEN"), &json!("lilei")));
    han_mei.post("/v1/feedback", json!({"kind": "FEEDBACK_KIND_PRAISE", "text": "很好用"})).await?.ok()?;
    assert_eq!(li_lei.post("/v1/feedback", json!({"kind": "FEEDBACK_KIND_WISH", "text": ""})).await?.status, 400);
    li_lei.get("/v1/feedback").await?.refused(403, "PERMISSION_DENIED")?;
    assert_eq!(all_pages(&admin, "/v1/feedback", &[], "feedback", 1).await?.len(), 2);

    let path = format!("/v1/feedback/{}", id(&wish)?);
    li_lei.post(&format!("{path}:answer"), json!({"answer": "好"})).await?.refused(403, "PERMISSION_DENIED")?;
    let answer = json!({"answer": "下个版本提供", "etag": wish["etag"]});
    admin.post(&format!("{path}:answer"), answer.clone()).await?.ok()?;
    admin.post(&format!("{path}:answer"), answer).await?.refused(409, "STALE_ETAG")?;
    let own = li_lei.get("/v1/profile/feedback").await?.ok()?;
    let own = own["feedback"].as_array().context("feedback")?;
    assert_eq!(own.len(), 1);
    assert_eq!((&own[0]["answer"], &own[0]["answerUserName"]), (&json!("下个版本提供"), &json!("admin")));
    let closed = admin.post(&format!("{path}:close"), json!({})).await?.ok()?;
    assert_eq!((&closed["state"], &closed["answer"]), (&json!("FEEDBACK_STATE_CLOSED"), &json!("下个版本提供")));
    let open = admin.get("/v1/feedback?state=FEEDBACK_STATE_OPEN").await?.ok()?;
    assert_eq!(sorted(open["feedback"].as_array().context("feedback")?, "employeeName"), ["hanmei"]);
    app.stop().await
}
