//! A person asks to be forgotten, and nothing of them is found any more: not in a table of any service, the stream of
//! events, the files, or the log. What is counted stays.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use changke::testkit::{Answer, Arrangement, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::process::Process;

/// Nothing else is called so.
const NAME: &str = "xqneedlez";
const PHONE: &str = "13977778888";
const ID_NUMBER: &str = "11010519491231002X";
const NEEDLES: [&str; 3] = [NAME, PHONE, ID_NUMBER];

fn id(record: &Value) -> Result<String> {
    Ok(record["id"].as_str().context("no id")?.to_owned())
}

/// A file on the record.
async fn attach(session: &Session, record: &str, name: &str, content: String) -> Result<Value> {
    let request = session.request(Method::POST, &format!("/v1/{record}/attachments"))?;
    let answer = request.query(&[("name", name), ("description", NAME)]).body(content).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

/// Says the needles everywhere where something can be said; answers the customer and a contact.
async fn say_everything(app: &TestApp, admin: &Session) -> Result<(String, String)> {
    let field = |key: &str, kind: &str, of: &str| json!({"key": key, "type": kind, "labelZh": key, "recordKind": of, "labelEn": key});
    for (key, kind, of) in [
        ("words", "FIELD_TYPE_TEXT", "RECORD_KIND_CUSTOMER"),
        ("yes", "FIELD_TYPE_BOOLEAN", "RECORD_KIND_CUSTOMER"),
        ("contact_words", "FIELD_TYPE_LONG_TEXT", "RECORD_KIND_CONTACT"),
        ("talk_words", "FIELD_TYPE_TEXT", "RECORD_KIND_INTERACTION"),
    ] {
        admin.post("/v1/fields", field(key, kind, of)).await?.ok()?;
    }
    let words = |key: &str| json!({key: {"stringValue": NAME}});
    let customer = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": NAME, "phone": PHONE, "email": format!("{NAME}@example.com"),
        "number": format!("N-{NAME}"), "website": format!("https://{NAME}.example.com"), "idNumber": ID_NUMBER,
        "legalRepresentative": NAME, "bankName": NAME, "bankAccount": "6222020000000000", "remark": NAME,
        "region": "330106", "level": "vip", "birthday": "1980-02-03",
        "addresses": [{"label": "home", "region": "330106", "street": NAME, "postalCode": "310000"}],
        "customFields": {"words": {"stringValue": NAME}, "yes": {"booleanValue": true}},
    });
    let kept = [("idempotency-key", "create-the-needle")];
    let customer = admin.call(Method::POST, "/v1/customers", Some(customer), &kept).await?.ok()?;
    let path = format!("/v1/customers/{}", id(&customer)?);
    let change = json!({"remark": format!("{NAME} again"), "etag": customer["etag"]});
    let keyed = [("idempotency-key", "change-the-needle")];
    admin.call(Method::PATCH, &path, Some(change), &keyed).await?.ok()?;
    admin.post(&format!("{path}:reveal"), json!({"reason": NAME})).await?.ok()?;

    let contact = json!({
        "name": NAME, "post": NAME, "phone": PHONE, "email": format!("{NAME}@example.com"), "wechat": NAME,
        "hobby": NAME, "remark": NAME, "customFields": words("contact_words"),
    });
    let keyed = [("idempotency-key", "contact-the-needle")];
    let contact = admin.call(Method::POST, &format!("{path}/contacts"), Some(contact), &keyed).await?.ok()?;
    let interaction = json!({
        "type": "INTERACTION_TYPE_VISIT", "state": "INTERACTION_STATE_DONE", "subject": NAME, "content": NAME,
        "occurTime": "2026-01-01T00:00:00Z", "nextStep": NAME, "nextStepTime": "2027-01-01T00:00:00Z", "place": NAME,
        "latitude": 30.1, "longitude": 120.1, "contactIds": [contact["id"]], "customFields": words("talk_words"),
    });
    let interaction = admin.post(&format!("{path}/interactions"), interaction).await?.ok()?;
    let planned = json!({
        "type": "INTERACTION_TYPE_CALL", "state": "INTERACTION_STATE_PLANNED", "subject": NAME,
        "occurTime": "2027-01-01T00:00:00Z",
    });
    let planned = admin.post(&format!("{path}/interactions"), planned).await?.ok()?;
    let cancel = json!({"reason": NAME, "etag": planned["etag"]});
    admin.post(&format!("/v1/interactions/{}:cancel", id(&planned)?), cancel).await?.ok()?;
    let other = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "大华电子"});
    let other = admin.post("/v1/customers", other).await?.ok()?;
    let relation = json!({"relatedCustomerId": other["id"], "type": "RELATION_TYPE_AGENT", "remark": NAME});
    admin.post(&format!("{path}/relations"), relation).await?.ok()?;
    for record in [
        format!("customers/{}", id(&customer)?),
        format!("contacts/{}", id(&contact)?),
        format!("interactions/{}", id(&interaction)?),
    ] {
        attach(admin, &record, &format!("{NAME}.txt"), format!("about {NAME} {PHONE}")).await?;
    }
    let consent = json!({
        "channel": "CONTACT_CHANNEL_SMS", "purpose": "marketing", "state": "CONSENT_STATE_GIVEN", "source": "paper",
        "textVersion": NAME, "reference": NAME, "contactId": contact["id"],
    });
    admin.post(&format!("{path}/consents"), consent).await?.ok()?;
    let ban = json!({"channel": "CONTACT_CHANNEL_CALL", "reason": NAME});
    admin.post(&format!("{path}/contactBans"), ban).await?.ok()?;
    let share = json!({"employeeId": admin.employee_id});
    admin.post(&format!("{path}/shares"), share).await?.ok()?;
    admin.post(&format!("{path}:return"), json!({"reason": NAME, "reasonCode": "other"})).await?.ok()?;
    let assign = json!({"ids": [customer["id"]], "ownerId": admin.employee_id});
    admin.post("/v1/customers:assign", assign).await?.ok()?;

    // Where others named the person.
    let filter = format!("name = \"{NAME}\"");
    admin.post("/v1/views", json!({"name": "one", "filter": filter})).await?.ok()?;
    let export = admin.request(Method::GET, "/v1/customers:export")?;
    let export = export.query(&[("filter", filter.as_str()), ("format", "EXPORT_FORMAT_CSV")]).send().await?;
    ensure!(export.error_for_status()?.text().await?.contains(NAME));
    let sheet = format!("名称,电话,级别\n{NAME},{PHONE},vip\n{NAME},{PHONE},no-such-level\n别人,13900001111,vip\n");
    let import = admin.upload(&format!("{NAME}.csv"), sheet.into_bytes()).await?.ok()?;
    let run = json!({"key": "IMPORT_KEY_PHONE", "duplicatePolicy": "DUPLICATE_POLICY_SKIP"});
    let import = format!("/v1/imports/{}", id(&import)?);
    admin.post(&format!("{import}:run"), run).await?.ok()?;
    app.until("the import is over", async || {
        let import = admin.get(&import).await.and_then(Answer::ok);
        import.is_ok_and(|import| import["state"] == "IMPORT_STATE_COMPLETED")
    })
    .await?;
    Ok((path, id(&contact)?))
}

/// Every table of every service that says a needle, as text or in bytes.
async fn tables(database: &mut PgConnection) -> Result<Vec<String>> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_schema, table_name FROM information_schema.tables
         WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut *database)
    .await?;
    ensure!(tables.len() > 50, "too few tables: {tables:?}");
    let mut found = Vec::new();
    for (schema, table) in tables {
        for needle in NEEDLES {
            let bytes: String = needle.bytes().map(|byte| format!("{byte:02x}")).collect();
            let sql = format!(
                "SELECT count(*) FROM {schema}.\"{table}\" AS r
                 WHERE position(lower($1) IN lower(r::text)) > 0 OR position($2 IN r::text) > 0"
            );
            let count: i64 =
                sqlx::query_scalar(AssertSqlSafe(sql)).bind(needle).bind(bytes).fetch_one(&mut *database).await?;
            if count > 0 {
                found.push(format!("{schema}.{table}: {count} {needle}"));
            }
        }
    }
    Ok(found)
}

fn says(bytes: &[u8]) -> bool {
    NEEDLES.iter().any(|needle| bytes.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle.as_bytes())))
}

fn files(directory: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Every message that ever went out.
async fn stream(app: &TestApp) -> Result<(u64, Vec<u64>)> {
    let mut stream = platform::events::connect(&app.config.nats).await?.stream().await?;
    let last = stream.info().await?.state.last_sequence;
    let mut said = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await?;
        if says(&message.payload) || says(format!("{:?}", message.headers).as_bytes()) {
            said.push(sequence);
        }
    }
    Ok((last, said))
}

async fn done(app: &TestApp, session: &Session, request: &Value) -> Result<Value> {
    let path = format!("/v1/privacyRequests/{}", id(request)?);
    app.until("the request is carried out", async || {
        let now = session.get(&path).await.and_then(Answer::ok);
        now.is_ok_and(|now| now["state"] != "PRIVACY_REQUEST_STATE_RUNNING")
    })
    .await?;
    session.get(&path).await?.ok()
}

#[tokio::test]
async fn nothing_is_found_of_a_person_who_was_erased() -> Result<()> {
    let mut app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    for running in app.apps.drain(..) {
        running.stop().await;
    }
    let logs = tempfile::tempdir()?;
    let log = logs.path().join("log");
    let process = Process::serve_logged(&app.config, &log).await?;
    app.base_url.clone_from(&process.base_url);
    let admin = app.administrator().await?;
    let officer = app.employee("officer", &app.root_group().await?, &["administrator"]).await?;
    let (path, contact) = say_everything(&app, &admin).await?;
    let mut database = app.database().await?;
    let counted = "SELECT kind, level, status, source, owner_id IS NULL, count(*) FROM reporting.dim_customer
                   WHERE valid_to IS NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5";
    type Counts = Vec<(i16, String, String, String, bool, i64)>;
    app.until("reporting has counted", async || {
        let count: Result<i64, _> =
            sqlx::query_scalar("SELECT count(*) FROM reporting.dim_customer WHERE valid_to IS NULL")
                .fetch_one(&mut app.database().await.unwrap())
                .await;
        count.is_ok_and(|count| count == 3)
    })
    .await?;
    let before: Counts = sqlx::query_as(counted).fetch_all(&mut database).await?;

    let export = json!({"kind": "PRIVACY_REQUEST_KIND_EXPORT", "reason": NAME});
    let export = admin.post(&format!("{path}/privacyRequests"), export).await?.ok()?;
    let export = done(&app, &admin, &export).await?;
    assert_eq!(export["state"], "PRIVACY_REQUEST_STATE_DONE", "{export}");
    let said = tables(&mut database).await?;
    for table in [
        "customer",
        "contact",
        "interaction",
        "attachment",
        "consent",
        "contact_ban",
        "audit_entry",
        "import_piece",
        "import_row_error",
        "idempotency",
        "view",
        "search_document",
        "privacy_request",
        "ownership",
    ] {
        assert!(said.iter().any(|found| found.starts_with(&format!("customers.{table}:"))), "{table}: {said:?}");
    }
    let blobs = app.config.blob.directory.clone().context("no directory")?;
    assert_eq!(files(&blobs)?.len(), 4);

    let hold = admin.post(&format!("{path}/erasureHolds"), json!({"reason": NAME})).await?.ok()?;
    let wanted = json!({"kind": "PRIVACY_REQUEST_KIND_ERASURE", "reason": NAME});
    let requests = format!("{path}/privacyRequests");
    admin.post(&requests, wanted.clone()).await?.refused(422, "ERASURE_HELD")?;
    admin.post(&format!("/v1/erasureHolds/{}:release", id(&hold)?), json!({})).await?.ok()?;
    let request = admin.post(&requests, wanted.clone()).await?.ok()?;
    assert_eq!(request["state"], "PRIVACY_REQUEST_STATE_PENDING");
    let decide = format!("/v1/privacyRequests/{}", id(&request)?);
    admin.post(&format!("{decide}:approve"), json!({})).await?.refused(422, "ERASURE_NEEDS_ANOTHER")?;
    officer.post(&format!("{decide}:approve"), json!({"reason": NAME})).await?.ok()?;
    let request = done(&app, &officer, &request).await?;
    assert_eq!(request["state"], "PRIVACY_REQUEST_STATE_DONE", "{request}");

    assert_eq!(tables(&mut database).await?, Vec::<String>::new());
    app.until("files are gone", async || files(&blobs).is_ok_and(|files| files.is_empty())).await?;
    let (messages, said) = stream(&app).await?;
    assert!(messages > 10 && said.is_empty(), "{messages} messages, {said:?}");

    // The certificate tells what went, and the trail that it did.
    let went = |service: &str, section: &str| {
        let lines = request["erased"].as_array().into_iter().flatten();
        let mut found = lines.filter(|line| line["service"] == service && line["section"] == section);
        found.next().and_then(|line| line["count"].as_str()?.parse::<i64>().ok())
    };
    assert_eq!((went("customers", "attachment"), went("customers", "contact")), (Some(3), Some(1)), "{request}");
    assert!(went("customers", "audit_entry") > Some(10) && went("identity", "audit_entry").is_some(), "{request}");
    assert!(went("reporting", "audit_entry").is_some(), "{request}");

    // An anonymous row stays and can't be filled again.
    let row = admin.get(&path).await?.ok()?;
    assert_eq!(
        (&row["name"], &row["region"], &row["level"]),
        (&json!("***"), &json!("330100"), &json!("vip")),
        "{row}"
    );
    assert_eq!(row["customFields"], json!({"yes": {"booleanValue": true}}));
    let change = json!({"remark": "b", "etag": row["etag"]});
    admin.patch(&path, change).await?.refused(422, "CUSTOMER_ERASED")?;
    admin.post(&format!("{path}/contacts"), json!({"name": "b"})).await?.refused(422, "CUSTOMER_ERASED")?;
    admin.post(&requests, wanted).await?.refused(422, "CUSTOMER_ERASED")?;
    admin.get(&format!("/v1/contacts/{contact}")).await?.ok()?;
    let found = admin.request(Method::GET, "/v1/customers:search")?.query(&[("query", NAME)]).send().await?;
    assert!(!says(&found.bytes().await?));
    let after: Counts = sqlx::query_as(counted).fetch_all(&mut database).await?;
    assert_eq!(before, after);

    // The log was written at the finest; and the chain of the trail holds.
    assert!(process.terminate().await?.success());
    assert!(std::fs::metadata(&log)?.len() > 0 && !says(&std::fs::read(&log)?), "the log names the person");
    let settings = crate::process::settings(&app.config, "127.0.0.1:0");
    let verified = crate::process::changke(&["admin", "audit", "verify"], &settings).output().await?;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    app.stop().await
}
