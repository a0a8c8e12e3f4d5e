use anyhow::Result;
use changke::testkit::Session;
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, all_pages, each, id, refusals, violations};

async fn names(reader: &Session, customer: &str) -> Result<Vec<String>> {
    let page = reader.get(&format!("/v1/customers/{customer}/contacts")).await?.ok()?;
    Ok(each(&page, "contacts", "name").into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn the_primary_contact_comes_first_and_is_the_only_one() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let wang = a_contact(li_lei, &customer, json!({"name": " 王芳 ", "primary": true})).await?;
    assert_eq!((wang["name"].as_str(), wang["primary"].as_bool()), (Some("王芳"), Some(true)));
    let zhao = a_contact(li_lei, &customer, json!({"name": "赵云"})).await?;
    a_contact(li_lei, &customer, json!({"name": "钱进"})).await?;
    assert_eq!(names(li_lei, &customer).await?, ["王芳", "赵云", "钱进"]);

    let path = format!("/v1/contacts/{}", id(&zhao)?);
    let zhao = li_lei.patch(&path, json!({"primary": true, "etag": zhao["etag"]})).await?.ok()?;
    assert_eq!(zhao["primary"], true);
    assert_eq!(names(li_lei, &customer).await?, ["赵云", "王芳", "钱进"]);
    let path = format!("/v1/contacts/{}", id(&wang)?);
    let stale = li_lei.patch(&path, json!({"hobby": "茶", "etag": wang["etag"]})).await?;
    stale.refused(409, "STALE_ETAG")?;

    let pages = all_pages(li_lei, &format!("/v1/customers/{customer}/contacts"), "contacts", 1).await?;
    let found: Vec<&str> = pages.iter().filter_map(|contact| contact["name"].as_str()).collect();
    assert_eq!(found, ["赵云", "王芳", "钱进"]);
    story.end().await
}

#[tokio::test]
async fn of_those_made_primary_at_once_one_is() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let create = async |name: String| a_contact(li_lei, &customer, json!({"name": name, "primary": true})).await;
    futures::future::try_join_all((0..8).map(|number| create(format!("联系人{number}")))).await?;
    let page = li_lei.get(&format!("/v1/customers/{customer}/contacts")).await?.ok()?;
    let primary: Vec<bool> =
        page["contacts"].as_array().unwrap().iter().map(|contact| contact["primary"] == true).collect();
    assert_eq!(primary, [true, false, false, false, false, false, false, false]);
    story.end().await
}

#[tokio::test]
async fn a_contact_is_reached_through_its_customer_alone() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let contact =
        json!({"name": "王芳", "phone": "13812345678", "email": "wangfang@example.com", "wechat": "wang_fang_1990"});
    let contact = a_contact(li_lei, &customer, contact).await?;
    let (list, one) = (format!("/v1/customers/{customer}/contacts"), format!("/v1/contacts/{}", id(&contact)?));
    let etag = &contact["etag"];
    han_mei.get(&list).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&one).await?.refused(404, "NOT_FOUND")?;
    han_mei.post(&list, json!({"name": "赵云"})).await?.refused(404, "NOT_FOUND")?;
    han_mei.patch(&one, json!({"name": "赵云", "etag": etag})).await?.refused(404, "NOT_FOUND")?;
    han_mei.post(&format!("{one}:invalidate"), json!({"etag": etag})).await?.refused(404, "NOT_FOUND")?;
    let nobody = "/v1/customers/0190c2a0-0000-7000-8000-000000000001/contacts";
    li_lei.get(nobody).await?.refused(404, "NOT_FOUND")?;

    let auditor = story.somebody("shenji", "auditor").await?;
    let seen = auditor.get(&one).await?.ok()?;
    assert_eq!(seen["phone"], "138****5678");
    assert_eq!(seen["email"], "w***@example.com");
    assert_eq!(seen["wechat"], "wan*******1990");
    auditor.patch(&one, json!({"name": "赵云", "etag": etag})).await?.refused(403, "PERMISSION_DENIED")?;
    assert_eq!(li_lei.get(&one).await?.ok()?, contact);
    story.end().await
}

#[tokio::test]
async fn a_contact_out_of_use_is_kept_but_not_found() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let contact = a_contact(li_lei, &customer, json!({"name": "欧阳锋", "primary": true})).await?;
    let found = async || li_lei.get("/v1/customers:search?query=oyf").await?.ok();
    assert_eq!(each(&found().await?, "matches", "contactName"), ["欧阳锋"]);

    let one = format!("/v1/contacts/{}", id(&contact)?);
    let renamed = li_lei.patch(&one, json!({"name": "欧阳克", "etag": contact["etag"]})).await?.ok()?;
    assert_eq!(each(&found().await?, "matches", "contactName"), Vec::<&str>::new());
    li_lei.post(&format!("{one}:invalidate"), json!({})).await?.refused(400, "INVALID_REQUEST")?;
    let invalid = li_lei.post(&format!("{one}:invalidate"), json!({"etag": renamed["etag"]})).await?.ok()?;
    assert_eq!((&invalid["invalid"], &invalid["primary"]), (&Value::Bool(true), &Value::Bool(false)));
    let found = li_lei.get("/v1/customers:search?query=欧阳克").await?.ok()?;
    assert_eq!(found["matches"], json!([]));

    assert!(names(li_lei, &customer).await?.is_empty());
    let all = li_lei.get(&format!("/v1/customers/{customer}/contacts?includeInvalid=true")).await?.ok()?;
    assert_eq!(each(&all, "contacts", "name"), ["欧阳克"]);
    let late = li_lei.patch(&one, json!({"hobby": "蛇", "etag": invalid["etag"]})).await?;
    late.refused(422, "CONTACT_INVALID")?;
    a_contact(li_lei, &customer, json!({"name": "洪七", "primary": true})).await?;
    story.end().await
}

#[tokio::test]
async fn bad_contacts_change_nothing_and_repeated_calls_create_one() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let list = format!("/v1/customers/{customer}/contacts");
    let bad = json!({"name": "\u{3000}", "phone": "none", "birthday": "2025-02-29"});
    let answer = li_lei.post(&list, bad).await?;
    assert_eq!(answer.status, 400);
    let expected = [("name", "VALUE_REQUIRED"), ("phone", "PHONE_INVALID"), ("birthday", "DATE_INVALID")];
    assert_eq!(violations(&answer), refusals(&expected));
    assert!(names(li_lei, &customer).await?.is_empty());

    let once = async || {
        let headers = [("idempotency-key", "one-contact")];
        li_lei.call(Method::POST, &list, Some(json!({"name": "王芳"})), &headers).await?.ok()
    };
    assert_eq!(once().await?, once().await?);
    assert_eq!(names(li_lei, &customer).await?, ["王芳"]);

    let etag = li_lei.get(&format!("/v1/customers/{customer}")).await?.ok()?["etag"].clone();
    let gone = story.admin.post(&format!("/v1/customers/{customer}:invalidate"), json!({"etag": etag})).await?;
    gone.ok()?;
    li_lei.post(&list, json!({"name": "赵云"})).await?.refused(422, "CUSTOMER_INVALID")?;
    story.end().await
}
