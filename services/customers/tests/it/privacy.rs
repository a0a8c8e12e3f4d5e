//! What people ask for: a copy of everything, and erasure of one contact. That nothing at all is found of a customer who was
//! erased, the binary's tests tell.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session};
use reqwest::Method;
use serde_json::{Value, json};

use crate::attachment_files::{attach, disk, files};
use crate::story::{Story, a_contact, a_customer, an_interaction, id};

async fn done(story: &Story, session: &Session, request: &Value) -> Result<Value> {
    let path = format!("/v1/privacyRequests/{}", id(request)?);
    story
        .app
        .until("the request is carried out", async || {
            let now = session.get(&path).await.and_then(Answer::ok);
            now.is_ok_and(|now| now["state"] != "PRIVACY_REQUEST_STATE_RUNNING")
        })
        .await?;
    session.get(&path).await?.ok()
}

/// The entries of a ZIP file by name.
fn unpacked(content: Vec<u8>) -> Result<std::collections::BTreeMap<String, Vec<u8>>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(content))?;
    let mut entries = std::collections::BTreeMap::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        entries.insert(entry.name()?.to_string(), content);
    }
    Ok(entries)
}

#[tokio::test]
async fn a_copy_holds_everything_and_is_kept_for_a_day() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, admin) = (&story.li_lei, &story.admin);
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let contact = id(&a_contact(li_lei, &customer, json!({"name": "王芳", "phone": "13912344321"})).await?)?;
    let call = json!({
        "type": "INTERACTION_TYPE_CALL", "state": "INTERACTION_STATE_DONE", "subject": "谈价格",
        "occurTime": "2026-01-01T00:00:00Z", "contactIds": [contact],
    });
    an_interaction(li_lei, &customer, call).await?;
    attach(li_lei, &format!("customers/{customer}"), &[("name", "合同.txt")], b"the whole contract").await?.ok()?;
    let path = format!("/v1/customers/{customer}/privacyRequests");
    let wanted = json!({"kind": "PRIVACY_REQUEST_KIND_EXPORT", "reason": "本人来函"});
    li_lei.post(&path, wanted.clone()).await?.refused(403, "PERMISSION_DENIED")?;
    let request = admin.post(&path, wanted).await?.ok()?;
    let request = done(&story, admin, &request).await?;
    assert_eq!(request["state"], "PRIVACY_REQUEST_STATE_DONE", "{request}");
    assert_eq!((&request["answeredCount"], &request["serviceCount"]), (&json!(3), &json!(3)));

    let download = format!("/v1/privacyRequests/{}:download", id(&request)?);
    let answer = admin.request(Method::GET, &download)?.send().await?.error_for_status()?;
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let entries = unpacked(answer.bytes().await?.to_vec())?;
    let text = |name: &str| -> Result<String> {
        Ok(String::from_utf8(entries.get(name).with_context(|| format!("{name} in {:?}", entries.keys()))?.clone())?)
    };
    let list = |name: &str| -> Result<Vec<Value>> { Ok(serde_json::from_str(&text(name)?)?) };
    assert_eq!(list("customers/customer.json")?[0]["name"], "杭州大华电子");
    assert_eq!(list("customers/contact.json")?[0]["phone"], "13912344321");
    assert_eq!(list("customers/interaction.json")?[0]["subject"], "谈价格");
    assert!(list("customers/audit_entry.json")?.iter().any(|entry| entry["action"] == "contact.created"));
    assert_eq!(list("reporting/dim_customer.json")?.len(), 1);
    let file = entries.iter().find(|(name, _)| name.ends_with("合同.txt")).context("the file")?;
    assert_eq!(file.1, b"the whole contract");
    let index = text("index.txt")?;
    assert!(index.contains("customers/contact.json") && index.contains("联系人 / contacts: 1"), "{index}");
    let trail = "SELECT count(*) FROM customers.audit_entry WHERE action = 'privacy_request.downloaded'";
    let mut database = story.app.database().await?;
    assert_eq!(sqlx::query_scalar::<_, i64>(trail).fetch_one(&mut database).await?, 1);

    // A day later it is gone, from the disk too.
    assert_eq!(files(&disk(&story)).len(), 2);
    sqlx::query("UPDATE customers.privacy_request SET expire_time = now() - interval '1 second'")
        .execute(&mut database)
        .await?;
    admin.get(&download).await?.refused(422, "ARCHIVE_NOT_READY")?;
    sqlx::query("UPDATE customers.job SET run_time = now() WHERE kind = 'customers.privacy.expiry'")
        .execute(&mut database)
        .await?;
    story.app.until("the archive is gone", async || files(&disk(&story)).len() == 1).await?;
    let request = admin.get(&format!("/v1/privacyRequests/{}", id(&request)?)).await?.ok()?;
    assert_eq!(request["state"], "PRIVACY_REQUEST_STATE_EXPIRED");
    story.end().await
}

#[tokio::test]
async fn one_contact_is_erased_and_the_others_stay() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, admin) = (&story.li_lei, &story.admin);
    let officer = story.somebody("officer", "administrator").await?;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let gone = id(&a_contact(li_lei, &customer, json!({"name": "王小芳", "phone": "13912344321"})).await?)?;
    a_contact(li_lei, &customer, json!({"name": "赵云", "phone": "13900001111"})).await?;
    let path = format!("/v1/customers/{customer}/privacyRequests");
    let wanted = json!({"kind": "PRIVACY_REQUEST_KIND_ERASURE", "reason": "本人来函", "contactId": gone});
    let request = admin.post(&path, wanted.clone()).await?.ok()?;
    admin.post(&path, wanted.clone()).await?.refused(422, "PRIVACY_REQUEST_OPEN")?;
    let decide = format!("/v1/privacyRequests/{}", id(&request)?);
    admin.post(&format!("{decide}:approve"), json!({})).await?.refused(422, "ERASURE_NEEDS_ANOTHER")?;
    let refused = officer.post(&format!("{decide}:refuse"), json!({"reason": "身份未核实"})).await?.ok()?;
    assert_eq!(refused["state"], "PRIVACY_REQUEST_STATE_REFUSED");
    officer.post(&format!("{decide}:approve"), json!({})).await?.refused(422, "PRIVACY_REQUEST_NOT_PENDING")?;
    let request = admin.post(&path, wanted.clone()).await?.ok()?;
    officer.post(&format!("/v1/privacyRequests/{}:approve", id(&request)?), json!({})).await?.ok()?;
    let request = done(&story, admin, &request).await?;
    assert_eq!(request["state"], "PRIVACY_REQUEST_STATE_DONE", "{request}");

    let mut database = story.app.database().await?;
    let said = "SELECT count(*) FROM customers.audit_entry WHERE changes::text LIKE '%王小芳%' OR changes::text LIKE '%13912344321%'";
    assert_eq!(sqlx::query_scalar::<_, i64>(said).fetch_one(&mut database).await?, 0);
    let contacts = li_lei.get(&format!("/v1/customers/{customer}/contacts?includeInvalid=true")).await?.ok()?;
    assert!(contacts.to_string().contains("赵云") && !contacts.to_string().contains("王小芳"), "{contacts}");
    let customer = li_lei.get(&format!("/v1/customers/{customer}")).await?.ok()?;
    assert_eq!(customer["name"], "杭州大华电子");
    assert_eq!(admin.post(&path, wanted).await?.status, 400, "there is nobody left to erase");
    story.end().await
}
