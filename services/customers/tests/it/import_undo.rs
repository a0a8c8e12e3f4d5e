//! Imports taken back: what they made goes, what they changed is as before, what somebody touched since stays.

use anyhow::Result;
use changke::testkit::{Session, TestApp};
use serde_json::{Value, json};
use sqlx::Executor as _;

use crate::imports::{KEYS, SKIP, UPDATE, counts, customers, get, run, start, uploaded};
use crate::story::{Story, a_contact, a_customer, all_pages, id};

async fn undone(app: &TestApp, session: &Session, import: &Value) -> Result<Value> {
    session.post(&format!("/v1/imports/{}:undo", id(import)?), json!({})).await?.ok()?;
    over(app, session, import).await
}

async fn over(app: &TestApp, session: &Session, import: &Value) -> Result<Value> {
    app.until("it is taken back", async || {
        get(session, import).await.is_ok_and(|import| import["state"] != "IMPORT_STATE_UNDOING")
    })
    .await?;
    get(session, import).await
}

/// total, removed, restored, kept
fn undo_counts(import: &Value) -> [i64; 4] {
    ["total", "removed", "restored", "kept"]
        .map(|name| import["undo"][name].as_str().and_then(|count| count.parse().ok()).unwrap_or(0))
}

async fn kept(session: &Session, import: &Value) -> Result<Vec<(String, String)>> {
    let kept = all_pages(session, &format!("/v1/imports/{}/kept", id(import)?), "kept", 2).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut kept: Vec<_> = kept.iter().map(|one| (text(&one["customerName"]), text(&one["reason"]))).collect();
    kept.sort();
    Ok(kept)
}

/// What a customer says of itself.
fn content(customer: &Value) -> Value {
    let mut content = customer.clone();
    for changing in ["etag", "updateTime", "updateUserId", "updateUserName"] {
        content.as_object_mut().unwrap().remove(changing);
    }
    content
}

#[tokio::test]
async fn what_an_import_did_is_taken_back_and_can_be_done_anew() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei, han_mei) = (&story.app, &story.li_lei, &story.han_mei);
    let field = json!({"key": "code", "labelZh": "编码", "type": "FIELD_TYPE_TEXT", "unique": true});
    story.admin.post("/v1/fields", field).await?.ok()?;
    let before = "编号,名称,电话,级别,编码\nA-1,张三,13800000001,普通,X1\n";
    let first = uploaded(li_lei, "a.csv", before).await?;
    run(app, li_lei, &first, KEYS[0], UPDATE, false).await?;
    let zhang = customers(li_lei).await?["张三"].clone();

    let text = "编号,名称,电话,级别,编码\nA-1,张三丰,13900000001,VIP,X2\nA-2,李四,13800000002,,X3\n,王五,,,\n";
    let import = uploaded(li_lei, "b.csv", text).await?;
    let path = format!("/v1/imports/{}:undo", id(&import)?);
    li_lei.post(&path, json!({})).await?.refused(422, "IMPORT_NOTHING_TO_UNDO")?;
    run(app, li_lei, &import, KEYS[0], UPDATE, true).await?;
    li_lei.post(&path, json!({})).await?.refused(422, "IMPORT_NOTHING_TO_UNDO")?;
    assert_eq!(counts(&run(app, li_lei, &import, KEYS[0], UPDATE, false).await?), [2, 1, 0, 0, 0]);
    han_mei.post(&path, json!({})).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("/v1/imports/{}/kept", id(&import)?)).await?.refused(404, "NOT_FOUND")?;

    let back = undone(app, li_lei, &import).await?;
    assert_eq!((&back["state"], undo_counts(&back)), (&json!("IMPORT_STATE_UNDONE"), [3, 2, 1, 0]));
    let found = customers(li_lei).await?;
    assert_eq!(found.keys().collect::<Vec<_>>(), ["张三"]);
    assert_eq!(content(&found["张三"]), content(&zhang));
    for (query, hits) in [("张三丰", 0), ("13900000001", 0), ("13800000001", 1), ("李四", 0)] {
        let answer = li_lei.get(&format!("/v1/customers:search?query={query}")).await?.ok()?;
        assert_eq!(answer["matches"].as_array().map_or(0, Vec::len), hits, "{query} {answer}");
    }
    let timeline = li_lei.get(&format!("/v1/customers/{}/timeline", id(&zhang)?)).await?.ok()?;
    assert_eq!(timeline.to_string().matches("customer.updated").count(), 2, "{timeline}");
    li_lei.post(&path, json!({})).await?.refused(422, "IMPORT_UNDONE")?;
    start(li_lei, &import, KEYS[0], UPDATE, false).await?.refused(422, "IMPORT_UNDONE")?;

    // Numbers and unique values are free again, and the columns mean what they meant.
    let again = uploaded(li_lei, "b.csv", text).await?;
    assert_eq!(counts(&run(app, li_lei, &again, KEYS[0], UPDATE, false).await?), [2, 1, 0, 0, 0]);
    story.end().await
}

#[tokio::test]
async fn what_was_touched_since_is_kept() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let old = "编号,名称,电话\nA-1,一号,13800000001\nA-2,二号,13800000002\n";
    let first = uploaded(li_lei, "a.csv", old).await?;
    run(app, li_lei, &first, KEYS[0], UPDATE, false).await?;
    let text =
        "编号,名称,电话\nB-1,一号,13800000001\nB-2,二号,13800000002\nC-1,三号,\nC-2,四号,\nC-3,五号,\nC-4,六号,\n";
    let import = uploaded(li_lei, "b.csv", text).await?;
    assert_eq!(counts(&run(app, li_lei, &import, KEYS[1], UPDATE, false).await?), [4, 2, 0, 0, 0]);
    let found = customers(li_lei).await?;
    // Somebody else takes the number that the first one had; the second and the third are changed; the fourth gets a contact,
    // the fifth goes to somebody else.
    let number = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "另一个", "number": "A-1"});
    story.admin.post("/v1/customers", number).await?.ok()?;
    for name in ["二号", "三号"] {
        let path = format!("/v1/customers/{}?updateMask=remark", id(&found[name])?);
        li_lei.patch(&path, json!({"remark": "改过", "etag": found[name]["etag"]})).await?.ok()?;
    }
    a_contact(li_lei, &id(&found["四号"])?, json!({"name": "联系人"})).await?;
    let assign = json!({"ids": [id(&found["五号"])?], "ownerId": story.han_mei.employee_id});
    story.admin.post("/v1/customers:assign", assign).await?.ok()?;

    let back = undone(app, li_lei, &import).await?;
    assert_eq!((&back["state"], undo_counts(&back)), (&json!("IMPORT_STATE_UNDONE"), [6, 1, 0, 5]));
    let reason = |name: &str, reason: &str| (name.to_owned(), format!("IMPORT_KEPT_REASON_{reason}"));
    let mut expected = [
        // Whose name the caller no longer sees.
        reason("", "OUT_OF_SCOPE"),
        reason("一号", "VALUE_TAKEN"),
        reason("三号", "CHANGED"),
        reason("二号", "CHANGED"),
        reason("四号", "HAS_RECORDS"),
    ];
    expected.sort();
    assert_eq!(kept(li_lei, &import).await?, expected);
    let now = customers(li_lei).await?;
    assert_eq!((now.len(), &now["一号"]["number"]), (4, &json!("B-1")));
    assert_eq!((&now["二号"]["number"], &now["二号"]["remark"]), (&json!("B-2"), &json!("改过")));
    story.end().await
}

#[tokio::test]
async fn taking_back_outlives_the_process() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    a_customer(li_lei, "旧客户").await?;
    let lines: String = (0..500).map(|row| format!("C-{row},客户{row}\n")).collect();
    let import = uploaded(li_lei, "many.csv", format!("编号,名称\n{lines}")).await?;
    run(app, li_lei, &import, KEYS[0], SKIP, false).await?;
    let mut holding = app.database().await?;
    holding.execute("BEGIN; LOCK TABLE customers.customer IN SHARE MODE").await?;
    li_lei.post(&format!("/v1/imports/{}:undo", id(&import)?), json!({})).await?.ok()?;
    let looking = tokio::sync::Mutex::new(app.database().await?);
    for batch in 0..2 {
        app.until("a batch waits", async || {
            let mut looking = looking.lock().await;
            looking.execute(DUE).await.unwrap();
            let waits = "SELECT count(*) = 1 FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'DELETE FROM customer %'";
            sqlx::query_scalar(waits).fetch_one(&mut *looking).await.unwrap()
        })
        .await?;
        if batch == 0 {
            // As a dead process leaves it.
            for sql in [
                "UPDATE customers.job SET lease_until = now() WHERE kind = 'customers.import.undo' AND state = 'leased'",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND usename = 'changke_customers'",
            ] {
                looking.lock().await.execute(sql).await?;
            }
        }
    }
    holding.execute("COMMIT").await?;
    let back = over(app, li_lei, &import).await?;
    assert_eq!((&back["state"], undo_counts(&back)), (&json!("IMPORT_STATE_UNDONE"), [500, 500, 0, 0]));
    let (left, told): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM customers.customer),
                (SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.import_undone')",
    )
    .fetch_one(&mut app.database().await?)
    .await?;
    assert_eq!((left, told), (1, 500));
    story.end().await
}

/// As if the pause before the next try were over.
const DUE: &str =
    "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.import.undo' AND state = 'pending'";

#[tokio::test]
async fn what_rules_do_meanwhile_does_not_stand_in_the_way() -> Result<()> {
    let story = Story::begin().await?;
    let (app, admin, li_lei) = (&story.app, &story.admin, &story.li_lei);
    let path = "/v1/gradeSchemes/level";
    let etag = admin.get(path).await?.ok()?["etag"].clone();
    let rules = json!({"rules": [{"code": "vip", "filter": "name = 张三"}], "defaultCode": "ordinary"});
    let etag = admin.patch(path, json!({"draft": rules, "etag": etag})).await?.ok()?["etag"].clone();
    admin.post(&format!("{path}:publish"), json!({"etag": etag})).await?.ok()?;
    let import = uploaded(li_lei, "a.csv", "编号,名称\nA-1,张三\nA-2,李四\n").await?;
    run(app, li_lei, &import, KEYS[0], SKIP, false).await?;
    app.until("the levels are given", async || {
        let found = customers(li_lei).await;
        found.is_ok_and(|found| found["张三"]["level"] == json!("vip") && found["李四"]["level"] == json!("ordinary"))
    })
    .await?;
    let back = undone(app, li_lei, &import).await?;
    assert_eq!(undo_counts(&back), [2, 2, 0, 0]);
    assert!(customers(li_lei).await?.is_empty());
    story.end().await
}
