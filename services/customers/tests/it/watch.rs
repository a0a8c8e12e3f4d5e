//! Changes as they happen: each sees those that a list would show, and no more.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Lines, Session, TestApp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::story::{Story, a_customer, an_interaction, id, list, refusals, violations};

const WATCH: &str = "/v1/customers:watch";

/// A stream that has begun.
async fn watching(session: &Session, filter: &str) -> Result<Lines> {
    let mut lines = session.lines(WATCH, &[("filter", filter)]).await?;
    assert_eq!(lines.next().await?, Some(json!({"resync": true})), "the first message");
    Ok(lines)
}

/// Until nothing is under way any more that a stream could tell of.
async fn silence(app: &TestApp) -> Result<()> {
    app.until("all is told", async || {
        let Ok(mut database) = app.database().await else { return false };
        let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM customers.outbox").fetch_one(&mut database);
        left.await.is_ok_and(|left| left == 0)
    })
    .await
}

/// The next message, which is a customer.
async fn customer(lines: &mut Lines) -> Result<Value> {
    let change = lines.next().await?.context("the stream has ended")?;
    ensure!(change["customer"].is_object(), "no customer: {change}");
    Ok(change["customer"].clone())
}

async fn changed(writer: &Session, id: &str, mut change: Value) -> Result<Value> {
    let path = format!("/v1/customers/{id}");
    change["etag"] = writer.get(&path).await?.ok()?["etag"].clone();
    writer.patch(&path, change).await?.ok()
}

/// The problem that a stream ends with.
async fn problem(lines: &mut Lines) -> Result<Value> {
    loop {
        let change = lines.next().await?.context("the stream has ended without a word")?;
        if change["problem"].is_object() {
            assert_eq!(lines.next().await?, None, "it goes on behind the problem");
            return Ok(change["problem"].clone());
        }
    }
}

#[tokio::test]
async fn each_is_told_of_what_is_in_scope_and_when_it_no_longer_is() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let old = a_customer(li_lei, "从前的").await?;
    silence(&story.app).await?;
    let mut all = watching(admin, "").await?;
    let mut his = watching(li_lei, "").await?;
    let mut hers = watching(han_mei, "").await?;

    let customer_id = a_customer(li_lei, "华信").await?;
    let read = li_lei.get(&format!("/v1/customers/{customer_id}")).await?.ok()?;
    assert_eq!(customer(&mut his).await?, read, "as a get answers it");
    assert_eq!(customer(&mut all).await?["id"], customer_id.as_str());
    changed(li_lei, &customer_id, json!({"remark": "新"})).await?;
    assert_eq!(customer(&mut his).await?["remark"], "新");
    assert_eq!(customer(&mut all).await?["remark"], "新");

    // She has heard of nothing: the first that she is told of is what is lent to her.
    let shares = format!("/v1/customers/{customer_id}/shares");
    let soon = chrono::Utc::now() + chrono::TimeDelta::milliseconds(2_500);
    let soon = soon.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    li_lei.post(&shares, json!({"employeeId": han_mei.employee_id, "expireTime": soon})).await?.ok()?;
    assert_eq!(customer(&mut hers).await?["id"], customer_id.as_str());
    // Nobody does anything; the share runs out.
    assert_eq!(hers.next().await?, Some(json!({"removedId": customer_id})));
    for lines in [&mut his, &mut all] {
        // What was lent and came back is still theirs.
        assert_eq!(customer(lines).await?["id"], customer_id.as_str());
        assert_eq!(customer(lines).await?["id"], customer_id.as_str());
    }

    let done = json!({
        "type": "INTERACTION_TYPE_CALL", "subject": "电话", "state": "INTERACTION_STATE_DONE",
        "occurTime": "2026-01-01T00:00:00Z",
    });
    an_interaction(li_lei, &customer_id, done).await?;
    assert_eq!(customer(&mut his).await?["lastContactTime"], "2026-01-01T00:00:00Z");
    customer(&mut all).await?;

    let moved = json!({"ids": [customer_id, old], "ownerId": han_mei.employee_id});
    admin.post("/v1/customers:assign", moved).await?.ok()?;
    for lines in [&mut hers, &mut all] {
        let mut told = [customer(lines).await?, customer(lines).await?].map(|customer| customer["id"].clone());
        told.sort_by_key(ToString::to_string);
        let mut expected = [json!(customer_id), json!(old)];
        expected.sort_by_key(ToString::to_string);
        assert_eq!(told, expected);
    }
    // Also what was there before the stream began; and nothing of what became of them.
    let mut gone = vec![his.next().await?, his.next().await?];
    gone.sort_by_key(|change| change.as_ref().map(ToString::to_string));
    let mut expected = [&customer_id, &old].map(|id| Some(json!({"removedId": id})));
    expected.sort_by_key(|change| change.as_ref().map(ToString::to_string));
    assert_eq!(gone, expected);
    changed(han_mei, &old, json!({"remark": "她的"})).await?;
    assert_eq!(customer(&mut hers).await?["remark"], "她的");
    let own = a_customer(li_lei, "再来").await?;
    assert_eq!(customer(&mut his).await?["id"], own.as_str());

    // Out of use, a list shows it no more.
    admin.post(&format!("/v1/customers/{own}:invalidate"), json!({"reason": "x"})).await?.ok()?;
    assert_eq!(his.next().await?, Some(json!({"removedId": own})));
    story.end().await
}

#[tokio::test]
async fn a_stream_holds_to_its_filter() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    for (filter, reason) in
        [("colour = red", "FILTER_INVALID"), ("level = ", "FILTER_INVALID"), ("id_number : \"1\"", "FIELD_MASKED")]
    {
        let refused = list(li_lei, WATCH, &[("filter", filter)]).await?;
        assert_eq!(violations(&refused), refusals(&[("filter", reason)]), "{filter}");
    }
    let mut near = watching(li_lei, "region : 33").await?;
    let far = a_customer(li_lei, "远方").await?;
    let customer_id = a_customer(li_lei, "华信").await?;
    changed(li_lei, &customer_id, json!({"region": "330106"})).await?;
    assert_eq!(customer(&mut near).await?["id"], customer_id.as_str());
    changed(li_lei, &customer_id, json!({"region": "310115"})).await?;
    assert_eq!(near.next().await?, Some(json!({"removedId": customer_id})));
    changed(li_lei, &far, json!({"region": "330106"})).await?;
    assert_eq!(customer(&mut near).await?["id"], far.as_str());
    story.end().await
}

#[tokio::test]
async fn masks_hold_in_the_stream_and_follow_the_role() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let field =
        json!({"key": "wechat", "type": "FIELD_TYPE_TEXT", "labelZh": "微信", "personalData": "PERSONAL_DATA_PHONE"});
    admin.post("/v1/fields", field).await?.ok()?;
    let look = |phone: &str, id_number: &str| {
        json!([
            {"personalData": "PERSONAL_DATA_PHONE", "visibility": format!("VISIBILITY_{phone}")},
            {"personalData": "PERSONAL_DATA_ID_NUMBER", "visibility": format!("VISIBILITY_{id_number}")},
        ])
    };
    let role = json!({
        "name": "看客户", "grants": [{"permission": "PERMISSION_CUSTOMERS_READ", "scope": "SCOPE_ALL"}],
        "fieldVisibilities": look("CLEAR", "MASKED"),
    });
    let role = admin.post("/v1/roles", role).await?.ok()?;
    let employee = format!("/v1/employees/{}", li_lei.employee_id);
    let etag = admin.get(&employee).await?.ok()?["etag"].clone();
    admin.patch(&employee, json!({"roleIds": [role["id"]], "etag": etag})).await?.ok()?;
    let new = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "张三", "phone": "13812345678", "idNumber": "11010519491231002X",
        "customFields": {"wechat": {"stringValue": "13777777777"}},
    });
    let customer_id = id(&admin.post("/v1/customers", new).await?.ok()?)?;
    let path = format!("/v1/customers/{customer_id}");
    let read = async || li_lei.get(&path).await.is_ok_and(|answer| answer.body["phone"] == "13812345678");
    story.app.until("the role counts", read).await?;
    silence(&story.app).await?;

    let mut lines = watching(li_lei, "").await?;
    changed(admin, &customer_id, json!({"remark": "一"})).await?;
    let told = customer(&mut lines).await?;
    assert_eq!(told, li_lei.get(&path).await?.ok()?);
    assert_eq!((told["phone"].as_str(), told["idNumber"].as_str()), (Some("13812345678"), Some("110***********002X")));
    assert_eq!(told["customFields"]["wechat"]["stringValue"], "13777777777");

    let role_path = format!("/v1/roles/{}?updateMask=fieldVisibilities", id(&role)?);
    admin
        .patch(&role_path, json!({"fieldVisibilities": look("MASKED", "HIDDEN"), "etag": role["etag"]}))
        .await?
        .ok()?;
    // What it has loaded is more than it may see now.
    assert_eq!(lines.next().await?, Some(json!({"resync": true})));
    changed(admin, &customer_id, json!({"remark": "二"})).await?;
    let told = customer(&mut lines).await?;
    assert_eq!(told, li_lei.get(&path).await?.ok()?);
    assert_eq!((told["phone"].as_str(), told["idNumber"].as_str().unwrap_or_default()), (Some("138****5678"), ""));
    assert_eq!(told["customFields"]["wechat"]["stringValue"], "137****7777");
    story.end().await
}

#[tokio::test]
async fn a_stream_ends_with_what_let_it_in() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let again = story.app.sign_in(&li_lei.login_name, &li_lei.password).await?;
    let auditor = story.somebody("auditor", "auditor").await?;
    let (mut kept, mut ended) = (watching(&again, "").await?, watching(li_lei, "").await?);
    let (mut disabled, mut demoted) = (watching(han_mei, "").await?, watching(&auditor, "").await?);

    let started = std::time::Instant::now();
    li_lei.post("/v1/sessions:signOut", json!({})).await?.ok()?;
    assert_eq!(problem(&mut ended).await?["reason"], "TOKEN_INVALID");
    let path = format!("/v1/employees/{}:disable", han_mei.employee_id);
    admin.post(&path, json!({})).await?.ok()?;
    assert_eq!(problem(&mut disabled).await?["status"], 401);
    let path = format!("/v1/employees/{}", auditor.employee_id);
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.patch(&path, json!({"roleIds": [], "etag": etag})).await?.ok()?;
    assert_eq!(problem(&mut demoted).await?["reason"], "PERMISSION_DENIED");
    // Three times, each within a second but for the calls between.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    // The other session goes on, until the process stops, which waits for nobody.
    let customer_id = a_customer(&again, "华信").await?;
    assert_eq!(customer(&mut kept).await?["id"], customer_id.as_str());
    let stopping = std::time::Instant::now();
    let (_, told) = tokio::join!(
        async {
            for app in story.app.apps.iter().rev() {
                app.stop().await;
            }
        },
        problem(&mut kept)
    );
    assert_eq!(told?["status"], 503);
    assert!(stopping.elapsed() < Duration::from_secs(10), "{:?}", stopping.elapsed());
    story.end().await
}

#[tokio::test]
async fn a_caller_has_so_many_streams_and_no_more() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(watching(li_lei, "").await?);
    }
    list(li_lei, WATCH, &[]).await?.refused(429, "WATCHES_EXHAUSTED")?;
    watching(han_mei, "").await?;
    open.pop();
    // The server hears of a client that has gone when it next has something to say, or by the connection's end.
    story.app.until("a place is free", async || watching(li_lei, "").await.is_ok()).await?;
    story.end().await
}

#[tokio::test]
async fn a_burst_is_told_as_one() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let mut lines = watching(li_lei, "").await?;
    let rows = 6_000;
    let sheet: String = (0..rows).map(|row| format!("C-{row:06},客户{row}\n")).collect();
    let import = li_lei.upload("burst.csv", format!("编号,名称\n{sheet}").into_bytes()).await?.ok()?;
    let path = format!("/v1/imports/{}", id(&import)?);
    let run = json!({"key": "IMPORT_KEY_NUMBER", "duplicatePolicy": "DUPLICATE_POLICY_SKIP"});
    li_lei.post(&format!("{path}:run"), run).await?.ok()?;
    let over = async || li_lei.get(&path).await.is_ok_and(|answer| answer.body["state"] == "IMPORT_STATE_COMPLETED");
    story.app.until("the import is complete", over).await?;

    let (mut told, mut resyncs) = (0, 0);
    let last = a_customer(li_lei, "最后").await?;
    loop {
        let change = lines.next().await?.context("the stream has ended")?;
        resyncs += usize::from(change["resync"] == true);
        told += usize::from(change["customer"].is_object());
        // Told by itself, or to be loaded with the rest.
        let loaded = change["resync"] == true && {
            let page = list(li_lei, "/v1/customers", &[("pageSize", "1")]).await?.ok()?;
            page["customers"][0]["id"] == last.as_str()
        };
        if loaded || change["customer"]["id"] == last.as_str() {
            break;
        }
    }
    assert!(resyncs > 0 && told <= rows / 10, "{told} of {rows} one by one, {resyncs} times all");
    story.end().await
}

/// A client that asks and then does not read.
async fn silent(app: &TestApp, token: &str) -> Result<TcpStream> {
    let address = app.base_url.strip_prefix("http://").context("an address")?;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 * 1024)?;
    let mut connection = socket.connect(address.parse()?).await?;
    let head = format!("GET {WATCH} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    connection.write_all(head.as_bytes()).await?;
    Ok(connection)
}

#[tokio::test]
async fn who_does_not_read_is_told_to_load_anew() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let mut ids = Vec::new();
    for number in 0..100 {
        let customer = json!({
            "kind": "CUSTOMER_KIND_PERSON", "name": format!("客户{number}"), "remark": "长".repeat(4_000),
        });
        ids.push(id(&li_lei.post("/v1/customers", customer).await?.ok()?)?);
    }
    let connection = silent(&story.app, &admin.access_token).await?;
    let mut others = watching(admin, "").await?;
    let rounds = 30;
    for round in 0..rounds {
        let owner = if round % 2 == 0 { &story.han_mei } else { li_lei };
        admin.post("/v1/customers:assign", json!({"ids": ids, "ownerId": owner.employee_id})).await?.ok()?;
        // Each round is a batch of its own: who reads has read it.
        for _ in &ids {
            customer(&mut others).await?;
        }
    }
    let mut lines = BufReader::new(connection).lines();
    let (mut told, mut resyncs) = (0, 0);
    while resyncs < 2 {
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await??;
        let line = line.context("the stream has ended")?;
        told += usize::from(line.starts_with(r#"{"customer""#));
        resyncs += usize::from(line.starts_with(r#"{"resync""#));
    }
    assert!(told < rounds * ids.len() / 2, "{told} of {} messages were kept", rounds * ids.len());
    story.end().await
}
