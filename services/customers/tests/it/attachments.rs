//! Files on customers, contacts and interactions: on a disk and in a bucket alike.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use changke::testkit::Session;
use reqwest::Method;
use serde_json::json;

use crate::attachment_files::{Bucket, a_picture, a_recording, attach, count, disk, download, files, sent};
use crate::story::{Story, a_contact, a_customer, all_pages, an_interaction, each, id, violations};

#[tokio::test]
async fn a_file_on_a_disk_comes_back_as_it_went_in() -> Result<()> {
    let story = Story::begin().await?;
    let directory = disk(&story);
    from_the_first_to_the_last(story, async || Ok(files(&directory).len())).await
}

#[tokio::test]
async fn a_file_in_a_bucket_comes_back_as_it_went_in() -> Result<()> {
    let bucket = Bucket::start().await?;
    let s3 = bucket.config.clone();
    let story = Story::begin_with(|config| config.blob = platform::blob::BlobConfig { directory: None, s3: Some(s3) });
    from_the_first_to_the_last(story.await?, async || Ok(bucket.objects().await?.len())).await
}

/// `kept` counts the objects.
async fn from_the_first_to_the_last(story: Story, kept: impl AsyncFn() -> Result<usize>) -> Result<()> {
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let record = format!("customers/{customer}");
    let picture = a_picture(3_000_000);
    let query = [("name", r"C:\照片\门店.png"), ("description", " 门头 ")];
    let attached = attach(li_lei, &record, &query, &picture).await?.ok()?;
    let expected = json!({
        "customerId": customer, "name": "门店.png", "description": "门头", "contentType": "image/png",
        "size": "3000000", "kind": "ATTACHMENT_KIND_FILE", "state": "ATTACHMENT_STATE_CLEAN",
        "employeeName": "lilei", "employeeId": li_lei.employee_id,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&attached[field], value, "{field}");
    }
    assert_eq!(kept().await?, 1);
    assert_eq!(count(&story, "loose_object").await?, 0);

    let (headers, content) = download(li_lei, &attached).await?;
    assert!(content == picture, "{} bytes of {}", content.len(), picture.len());
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"__.png\"; filename*=UTF-8''%E9%97%A8%E5%BA%97%2Epng"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    assert_eq!(header("cache-control"), "no-store");

    let path = format!("/v1/attachments/{}", id(&attached)?);
    let change = json!({"name": "大门.html", "description": "", "etag": attached["etag"]});
    let changed = li_lei.patch(&path, change.clone()).await?.ok()?;
    assert_eq!((&changed["name"], &changed["description"]), (&json!("大门.html.png"), &json!("")));
    li_lei.patch(&path, change).await?.refused(409, "STALE_ETAG")?;
    let slashes = json!({"name": "a\u{202E}b", "etag": changed["etag"]});
    assert_eq!(violations(&li_lei.patch(&path, slashes).await?)[0].0, "name");

    let others: Vec<String> = (0..4).map(|number| format!("{number}.txt")).collect();
    for name in &others {
        attach(li_lei, &record, &[("name", name)], name.as_bytes()).await?.ok()?;
    }
    let found = all_pages(li_lei, &format!("/v1/{record}/attachments"), "attachments", 2).await?;
    let names: Vec<&str> = found.iter().map(|attachment| attachment["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["3.txt", "2.txt", "1.txt", "0.txt", "大门.html.png"]);

    li_lei.delete(&path).await?.ok()?;
    li_lei.get(&path).await?.refused(404, "NOT_FOUND")?;
    li_lei.get(&format!("{path}:download")).await?.refused(404, "NOT_FOUND")?;
    story.app.until("the object is gone as well", async || kept().await.is_ok_and(|count| count == 4)).await?;

    let timeline = li_lei.get(&format!("/v1/customers/{customer}/timeline?pageSize=200")).await?.ok()?;
    let told: Vec<&str> = timeline["entries"]
        .as_array()
        .context("entries")?
        .iter()
        .filter_map(|entry| entry["change"]["action"].as_str())
        .filter(|action| action.starts_with("attachment."))
        .collect();
    assert_eq!(told[..2], ["attachment.removed", "attachment.added"]);
    assert!(!told.contains(&"attachment.downloaded"));
    let trail = sqlx::query_scalar::<_, i64>(
        "SELECT count(*) FROM customers.audit_entry WHERE action = 'attachment.downloaded' AND subject_id = $1",
    );
    let downloads = trail.bind(customer.parse::<uuid::Uuid>()?).fetch_one(&mut story.app.database().await?).await?;
    assert_eq!(downloads, 1, "one that was given out, and none that was refused");
    story.end().await
}

#[tokio::test]
async fn what_a_file_is_shows_in_its_content() -> Result<()> {
    let story = Story::begin_with(|config| config.customers.attachments.max_size = 100_000).await?;
    let li_lei = &story.li_lei;
    let record = format!("customers/{}", a_customer(li_lei, "杭州大华电子").await?);
    let refused = async |name: &str, content: &[u8]| -> Result<(String, String)> {
        let answer = attach(li_lei, &record, &[("name", name)], content).await?;
        ensure!(answer.status == 400, "{name}: {} {}", answer.status, answer.body);
        Ok(violations(&answer)[0].clone())
    };
    let archive = |parts: &[(&str, &str)]| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in parts {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    let macros =
        archive(&[("[Content_Types].xml", "<a/>"), ("word/document.xml", "<a/>"), ("word/vbaProject.bin", "x")]);
    let type_refused = ("file".to_owned(), "ATTACHMENT_TYPE_REFUSED".to_owned());
    for (name, content) in [
        ("a.png", &b"<!DOCTYPE html><script>alert(1)</script>"[..]),
        ("a.png", b"\n\t <svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.txt", b"\xEF\xBB\xBF<html>"),
        ("a.txt", b"<?xml version='1.0'?><x/>"),
        ("a.pdf", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"),
        ("a.pdf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        ("a.txt", b"bytes\0that are no text"),
        ("a.zip", &archive(&[("a.txt", "a")])),
        ("a.docx", &macros),
    ] {
        assert_eq!(refused(name, content).await?, type_refused, "{name} {content:?}");
    }
    assert_eq!(refused("a.txt", b"").await?.1, "ATTACHMENT_EMPTY");
    assert_eq!(refused("a.png", &a_picture(100_001)).await?.1, "ATTACHMENT_TOO_LARGE");
    assert_eq!(refused("a.png", &a_picture(3_000_000)).await?.1, "ATTACHMENT_TOO_LARGE");
    assert_eq!(refused("a\0.txt", b"a").await?.0, "name");
    assert_eq!(refused("..", b"a").await?, ("name".into(), "ATTACHMENT_NAME_REQUIRED".into()));
    assert_eq!(refused("", b"a").await?, ("name".into(), "ATTACHMENT_NAME_REQUIRED".into()));
    assert_eq!(refused(&"x".repeat(10_000), b"a").await?.0, "name");
    assert_eq!(refused(&"长".repeat(300), b"a").await?, ("name".into(), "ATTACHMENT_NAME_TOO_LONG".into()));
    assert_eq!(count(&story, "attachment").await?, 0);
    assert_eq!(files(&disk(&story)).len(), 0);

    let word = archive(&[("[Content_Types].xml", "<a/>"), ("word/document.xml", "<a/>")]);
    for (given, content, name, content_type) in [
        ("../../etc/passwd", &b"root:x:0:0"[..], "passwd.txt", "text/plain"),
        ("客户.csv", "姓名,电话\r\n张三,1".as_bytes(), "客户.csv", "text/plain"),
        ("gbk.txt", &encoding_rs::GBK.encode("中文").0, "gbk.txt", "text/plain"),
        ("合同", &word, "合同.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.exe", b"%PDF-1.7\n", "a.exe.pdf", "application/pdf"),
        ("call.wav", &a_recording(), "call.wav", "audio/wav"),
        ("just.png", &a_picture(100_000), "just.png", "image/png"),
    ] {
        let attached = attach(li_lei, &record, &[("name", given)], content).await?.ok()?;
        assert_eq!((attached["name"].as_str(), attached["contentType"].as_str()), (Some(name), Some(content_type)));
    }
    let list = li_lei.get(&format!("/v1/{record}/attachments")).await?.ok()?;
    assert_eq!(list["limits"]["maxSize"], "100000");
    let endings = list["limits"]["endings"].as_array().context("endings")?;
    assert!(endings.contains(&json!("docx")) && !endings.contains(&json!("zip")), "{endings:?}");
    story.end().await
}

#[tokio::test]
async fn the_gateway_refuses_what_is_too_large_for_any_service() -> Result<()> {
    let story = Story::begin_with(|config| config.gateway.upload_limit = 50_000).await?;
    let record = format!("customers/{}", a_customer(&story.li_lei, "杭州大华电子").await?);
    let declared = attach(&story.li_lei, &record, &[("name", "a.png")], &a_picture(50_001)).await?;
    declared.refused(413, "BODY_TOO_LARGE")?;
    let pieces = a_picture(60_000).chunks(10_000).map(<[u8]>::to_vec).map(Ok::<_, std::io::Error>).collect::<Vec<_>>();
    let request = story.li_lei.request(Method::POST, &format!("/v1/{record}/attachments?name=a.png"))?;
    let streamed = request.body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
    sent(streamed).await?.refused(413, "BODY_TOO_LARGE")?;
    assert_eq!((count(&story, "attachment").await?, count(&story, "loose_object").await?), (0, 0));
    story.end().await
}

#[tokio::test]
async fn who_reaches_the_record_reaches_its_files() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let contact = id(&a_contact(li_lei, &customer, json!({"name": "王芳"})).await?)?;
    let call = json!({
        "type": "INTERACTION_TYPE_CALL", "state": "INTERACTION_STATE_DONE", "subject": "电话",
        "occurTime": "2026-01-01T00:00:00Z",
    });
    let interaction = id(&an_interaction(li_lei, &customer, call).await?)?;
    let records =
        [format!("customers/{customer}"), format!("contacts/{contact}"), format!("interactions/{interaction}")];
    let mut attached = Vec::new();
    for record in &records {
        attached.push(attach(li_lei, record, &[("name", record)], b"text").await?.ok()?);
    }
    let shown = async |reader: &Session, path: &str| -> Result<Vec<String>> {
        let page = reader.get(&format!("/v1/{path}")).await?.ok()?;
        Ok(each(&page, "attachments", "id").into_iter().map(str::to_owned).collect())
    };
    let ids: Vec<String> = attached.iter().map(id).collect::<Result<_>>()?;
    for (record, expected) in records.iter().zip(&ids) {
        assert_eq!(shown(li_lei, &format!("{record}/attachments")).await?, [expected.as_str()]);
    }
    let everything = format!("customers/{customer}/attachments?includeBelow=true");
    let newest_first: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(shown(li_lei, &everything).await?, newest_first);

    // Somebody of the same team sees nothing, and learns nothing.
    for (record, attachment) in records.iter().zip(&attached) {
        let path = format!("/v1/attachments/{}", id(attachment)?);
        han_mei.get(&format!("/v1/{record}/attachments")).await?.refused(404, "NOT_FOUND")?;
        han_mei.get(&path).await?.refused(404, "NOT_FOUND")?;
        han_mei.get(&format!("{path}:download")).await?.refused(404, "NOT_FOUND")?;
        let change = json!({"name": "b", "etag": attachment["etag"]});
        han_mei.patch(&path, change).await?.refused(404, "NOT_FOUND")?;
        han_mei.delete(&path).await?.refused(404, "NOT_FOUND")?;
        attach(han_mei, record, &[("name", "a.txt")], b"text").await?.refused(404, "NOT_FOUND")?;
    }
    // To see a record is not to change it.
    let marketer = story.somebody("marketer", "marketer").await?;
    assert_eq!(shown(&marketer, &everything).await?, newest_first);
    assert_eq!(download(&marketer, &attached[0]).await?.1, b"text");
    attach(&marketer, &records[0], &[("name", "a.txt")], b"text").await?.refused(404, "NOT_FOUND")?;
    marketer.delete(&format!("/v1/attachments/{}", ids[0])).await?.refused(404, "NOT_FOUND")?;
    // Who may write down interactions attaches to these, and not to the customer.
    let agent = story.somebody("agent", "service_agent").await?;
    attach(&agent, &records[2], &[("name", "b.txt")], b"text").await?.ok()?;
    attach(&agent, &records[1], &[("name", "b.txt")], b"text").await?.ok()?;
    attach(&agent, &records[0], &[("name", "b.txt")], b"text").await?.refused(404, "NOT_FOUND")?;
    // Who sees customers alone sees their files alone.
    let analyst = story.somebody("analyst", "analyst").await?;
    assert_eq!(shown(&analyst, &everything).await?, [ids[0].as_str()]);
    analyst.get(&format!("/v1/attachments/{}", ids[2])).await?.refused(404, "NOT_FOUND")?;
    analyst.get(&format!("/v1/{}/attachments", records[1])).await?.refused(404, "NOT_FOUND")?;
    // A share lets one read.
    let share = json!({"employeeId": han_mei.employee_id});
    li_lei.post(&format!("/v1/customers/{customer}/shares"), share).await?.ok()?;
    assert_eq!(download(han_mei, &attached[2]).await?.1, b"text");
    han_mei.delete(&format!("/v1/attachments/{}", ids[2])).await?.refused(404, "NOT_FOUND")?;

    let both = format!("{}/attachments?contactId={contact}", records[0]);
    let refused = li_lei.get(&format!("/v1/{both}")).await?;
    assert_eq!(violations(&refused)[0].1, "ATTACHMENT_ONE_RECORD");
    story.end().await
}

#[tokio::test]
async fn a_recording_is_sound_on_an_interaction() -> Result<()> {
    let story = Story::begin_with(|config| config.customers.attachments.max_count = 2).await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let call = json!({
        "type": "INTERACTION_TYPE_CALL", "state": "INTERACTION_STATE_DONE", "subject": "电话",
        "occurTime": "2026-01-01T00:00:00Z",
    });
    let interaction = format!("interactions/{}", id(&an_interaction(li_lei, &customer, call).await?)?);
    let query = [("name", "call.wav"), ("kind", "ATTACHMENT_KIND_RECORDING"), ("durationSeconds", "1")];
    let misplaced = attach(li_lei, &format!("customers/{customer}"), &query, &a_recording()).await?;
    assert_eq!(violations(&misplaced)[0].1, "RECORDING_WITHOUT_INTERACTION");
    let silent = attach(li_lei, &interaction, &query, &a_picture(1_000)).await?;
    assert_eq!(violations(&silent)[0].1, "RECORDING_WITHOUT_SOUND");
    let recording = attach(li_lei, &interaction, &query, &a_recording()).await?.ok()?;
    assert_eq!((&recording["kind"], &recording["durationSeconds"]), (&json!("ATTACHMENT_KIND_RECORDING"), &json!(1)));
    assert_eq!(download(li_lei, &recording).await?.1, a_recording());

    // The same call twice is one; another one under its key is refused.
    let keyed = async |content: &[u8]| {
        let request = li_lei.request(Method::POST, &format!("/v1/{interaction}/attachments?name=a.txt"))?;
        sent(request.header("idempotency-key", "once").body(content.to_vec())).await
    };
    let first = keyed(b"text").await?.ok()?;
    assert_eq!(keyed(b"text").await?.ok()?, first);
    assert_eq!(keyed(b"other").await?.body["reason"], "IDEMPOTENCY_KEY_REUSED");
    attach(li_lei, &interaction, &[("name", "a.txt")], b"text").await?.refused(422, "ATTACHMENTS_TOO_MANY")?;
    assert_eq!(count(&story, "attachment").await?, 2);
    story.end().await
}

#[tokio::test]
async fn what_breaks_off_leaves_nothing_for_long() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let record = format!("customers/{}", a_customer(li_lei, "杭州大华电子").await?);
    // A sender that goes away in the middle.
    let pieces = [Ok(a_picture(100_000)), Err(std::io::Error::other("gone"))];
    let request = li_lei.request(Method::POST, &format!("/v1/{record}/attachments?name=a.png"))?;
    let broken = request.body(reqwest::Body::wrap_stream(futures::stream::iter(pieces))).send().await;
    assert!(broken.is_err());
    assert_eq!((count(&story, "attachment").await?, count(&story, "loose_object").await?), (0, 0));
    assert_eq!(files(&disk(&story)).len(), 0);

    // What a process leaves that ends between the object and its row, a day ago and just now.
    let mut database = story.app.database().await?;
    let mut leave = async |age: &str| -> Result<PathBuf> {
        let object = uuid::Uuid::now_v7().to_string();
        let folder = disk(&story).join("customers").join(&object[object.len() - 2..]);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(&object), "left behind")?;
        sqlx::query("INSERT INTO customers.loose_object VALUES ($1::uuid, now() + interval '1 day' - $2::interval)")
            .bind(&object)
            .bind(age)
            .execute(&mut database)
            .await?;
        Ok(folder.join(object))
    };
    let (old, new) = (leave("25 hours").await?, leave("1 hour").await?);
    let attached = attach(li_lei, &record, &[("name", "a.txt")], b"text").await?.ok()?;
    let kept = attach(li_lei, &record, &[("name", "b.txt")], b"text").await?.ok()?;
    li_lei.delete(&format!("/v1/attachments/{}", id(&attached)?)).await?.ok()?;
    story.app.until("what is old is gone", async || !old.exists() && files(&disk(&story)).len() == 2).await?;
    assert!(new.exists(), "it may still be on its way");
    assert_eq!(download(li_lei, &kept).await?.1, b"text");

    // An object that was lost is no file: an error, and no entry.
    let lost = files(&disk(&story)).into_iter().find(|file| *file != new).context("the kept one")?;
    std::fs::remove_file(lost)?;
    li_lei.get(&format!("/v1/attachments/{}:download", id(&kept)?)).await?.refused(503, "UNAVAILABLE")?;
    story.end().await
}

#[tokio::test]
async fn without_a_place_for_files_there_are_none() -> Result<()> {
    let story = Story::begin_with(|config| config.blob = platform::blob::BlobConfig::default()).await?;
    let record = format!("customers/{}", a_customer(&story.li_lei, "杭州大华电子").await?);
    let answer = attach(&story.li_lei, &record, &[("name", "a.txt")], b"text").await?;
    answer.refused(422, "NO_PLACE_FOR_FILES")?;
    let list = story.li_lei.get(&format!("/v1/{record}/attachments")).await?.ok()?;
    assert_eq!(list["limits"]["closed"], true);
    story.end().await
}
