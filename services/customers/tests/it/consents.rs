//! What people agree to, who must not be contacted, and who learns of it.

use anyhow::Result;
use contracts::customers::consent_service_client::ConsentServiceClient;
use contracts::customers::{CheckConsentRequest, ConsentGround, ConsentQuestion, ContactChannel};
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, all_pages, each, id, refusals, violations};

fn given(channel: &str, purpose: &str) -> Value {
    json!({"channel": channel, "purpose": purpose, "state": "CONSENT_STATE_GIVEN", "source": "paper"})
}

/// What a sender is told, as another service asks.
async fn asked(story: &Story, customer: &str, contact: &str, purpose: &str) -> Result<(bool, ConsentGround)> {
    let app = story.app.apps.iter().find(|app| app.clients.get("customers").is_some()).unwrap();
    let clients = app.clients.calling_as("identity");
    let question = ConsentQuestion {
        customer_id: customer.to_owned(),
        contact_id: contact.to_owned(),
        channel: ContactChannel::Sms.into(),
        purpose: purpose.to_owned(),
    };
    let request = clients.own_request(CheckConsentRequest { questions: vec![question] })?;
    let upstream = clients.get("customers").unwrap();
    let answer = ConsentServiceClient::new(upstream).check_consent(request).await?.into_inner().answers.remove(0);
    Ok((answer.allowed, answer.ground()))
}

#[tokio::test]
async fn what_was_said_last_holds_and_all_of_it_stays() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let path = format!("/v1/customers/{customer}/consents");
    assert_eq!(asked(&story, &customer, "", "marketing").await?, (false, ConsentGround::NothingSaid));
    assert_eq!(asked(&story, &customer, "", "service").await?, (true, ConsentGround::Contract));

    let first = json!({
        "channel": "CONTACT_CHANNEL_SMS", "purpose": "marketing", "state": "CONSENT_STATE_GIVEN", "source": "web_form",
        "textVersion": "2026-01", "reference": "表 17", "occurTime": "2026-01-01T08:00:00Z",
    });
    let first = li_lei.post(&path, first).await?.ok()?;
    assert_eq!((&first["latest"], &first["state"]), (&json!(true), &json!("CONSENT_STATE_GIVEN")));
    assert_eq!(first["createUserId"], li_lei.employee_id);
    assert_eq!(asked(&story, &customer, "", "marketing").await?, (true, ConsentGround::Given));
    // Said before, recorded later: it does not hold.
    let earlier = json!({
        "channel": "CONTACT_CHANNEL_SMS", "purpose": "marketing", "state": "CONSENT_STATE_WITHDRAWN", "source": "phone",
        "occurTime": "2025-01-01T08:00:00Z",
    });
    assert_eq!(li_lei.post(&path, earlier).await?.ok()?["latest"], false);
    assert_eq!(asked(&story, &customer, "", "marketing").await?, (true, ConsentGround::Given));
    let withdrawn = json!({
        "channel": "CONTACT_CHANNEL_SMS", "purpose": "marketing", "state": "CONSENT_STATE_WITHDRAWN", "source": "wechat",
    });
    li_lei.post(&path, withdrawn).await?.ok()?;
    assert_eq!(asked(&story, &customer, "", "marketing").await?, (false, ConsentGround::Withdrawn));
    assert_eq!(all_pages(li_lei, &path, "consents", 2).await?.len(), 3);
    let latest = all_pages(li_lei, &format!("{path}?latestOnly=true"), "consents", 50).await?;
    assert_eq!((latest.len(), &latest[0]["source"]), (1, &json!("wechat")));

    // What runs out does so by itself.
    li_lei.post(&path, given("CONTACT_CHANNEL_SMS", "research")).await?.ok()?;
    sqlx::query("UPDATE customers.consent SET expire_time = now() WHERE purpose = 'research'")
        .execute(&mut story.app.database().await?)
        .await?;
    assert_eq!(asked(&story, &customer, "", "research").await?, (false, ConsentGround::Expired));

    let ban = json!({"reason": "投诉频繁来电"});
    let ban = li_lei.post(&format!("/v1/customers/{customer}/contactBans"), ban).await?.ok()?;
    assert_eq!(asked(&story, &customer, "", "service").await?, (false, ConsentGround::Banned));
    assert_eq!(asked(&story, &customer, "", "legal").await?, (true, ConsentGround::Legal));
    let lift = format!("/v1/contactBans/{}:lift", id(&ban)?);
    story.han_mei.post(&lift, json!({})).await?.refused(404, "NOT_FOUND")?;
    li_lei.post(&lift, json!({})).await?.ok()?;
    li_lei.post(&lift, json!({})).await?.refused(422, "CONTACT_BAN_OVER")?;
    assert_eq!(asked(&story, &customer, "", "service").await?, (true, ConsentGround::Contract));

    let timeline = format!("/v1/customers/{customer}/timeline?kinds=TIMELINE_KIND_CONSENT");
    let told = all_pages(li_lei, &timeline, "entries", 50).await?;
    let told: Vec<&str> = told.iter().filter_map(|entry| entry["change"]["action"].as_str()).collect();
    let expected = ["contact_ban.lifted", "contact_ban.created", "consent.given", "consent.withdrawn"];
    assert_eq!(told[..4], expected);
    story.end().await
}

#[tokio::test]
async fn what_a_contact_said_is_told_to_who_reads_contacts() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let contact = id(&a_contact(li_lei, &customer, json!({"name": "王芳"})).await?)?;
    let path = format!("/v1/customers/{customer}");
    let mut consent = given("CONTACT_CHANNEL_SMS", "marketing");
    consent["contactId"] = json!(contact);
    let consent = li_lei.post(&format!("{path}/consents"), consent).await?.ok()?;
    assert_eq!(consent["contactName"], "王芳");
    assert_eq!(asked(&story, &customer, &contact, "marketing").await?, (true, ConsentGround::Given));
    assert_eq!(asked(&story, &customer, "", "marketing").await?, (false, ConsentGround::NothingSaid));
    let ban = json!({"contactId": contact, "channel": "CONTACT_CHANNEL_SMS", "reason": "退订"});
    li_lei.post(&format!("{path}/contactBans"), ban).await?.ok()?;
    assert_eq!(asked(&story, &customer, &contact, "marketing").await?, (false, ConsentGround::Banned));
    assert_eq!(asked(&story, &customer, "", "service").await?, (true, ConsentGround::Contract));
    // An analyst sees customers and no contacts.
    let analyst = story.somebody("fenxi", "analyst").await?;
    for list in ["consents", "contactBans"] {
        let seen = analyst.get(&format!("{path}/{list}")).await?.ok()?;
        assert_eq!(each(&seen, list, "id"), Vec::<&str>::new());
        story.han_mei.get(&format!("{path}/{list}")).await?.refused(404, "NOT_FOUND")?;
    }
    let told = analyst.get(&format!("{path}/timeline")).await?.ok()?;
    assert!(!told.to_string().contains("退订") && !told.to_string().contains("consent."), "{told}");
    story.end().await
}

#[tokio::test]
async fn what_cannot_have_been_said_is_refused() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let other = a_customer(li_lei, "宁波贸易").await?;
    let foreign = id(&a_contact(li_lei, &other, json!({"name": "王芳"})).await?)?;
    let path = format!("/v1/customers/{customer}");
    for (field, value, refused, reason) in [
        ("purpose", json!("nonsense"), "consent.purpose", "CODE_UNKNOWN"),
        ("source", json!("nonsense"), "consent.source", "CODE_UNKNOWN"),
        ("occurTime", json!("2999-01-01T00:00:00Z"), "consent.occurTime", "CONSENT_IN_FUTURE"),
        ("expireTime", json!("2020-01-01T00:00:00Z"), "consent.expireTime", "CONSENT_EXPIRED"),
        ("contactId", json!(foreign), "consent.contactId", "CONSENT_CONTACT_UNKNOWN"),
        ("attachmentId", json!(foreign), "consent.attachmentId", "CONSENT_ATTACHMENT_UNKNOWN"),
    ] {
        let mut consent = given("CONTACT_CHANNEL_SMS", "marketing");
        consent[field] = value;
        let answer = li_lei.post(&format!("{path}/consents"), consent).await?;
        assert_eq!(answer.status, 400, "{field}");
        let found: Vec<_> = violations(&answer);
        let short = refused.trim_start_matches("consent.");
        assert!(found == refusals(&[(refused, reason)]) || found == refusals(&[(short, reason)]), "{found:?}");
    }
    let state = json!({"channel": "CONTACT_CHANNEL_SMS", "purpose": "marketing", "state": "CONSENT_STATE_EXPIRED", "source": "paper"});
    assert_eq!(li_lei.post(&format!("{path}/consents"), state).await?.status, 400);
    assert_eq!(li_lei.post(&format!("{path}/contactBans"), json!({"reason": "  "})).await?.status, 400);
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM customers.consent")
        .fetch_one(&mut story.app.database().await?)
        .await?;
    assert_eq!(count, 0);
    // Nobody asks whom to contact but services.
    let question =
        json!({"questions": [{"customerId": customer, "channel": "CONTACT_CHANNEL_SMS", "purpose": "service"}]});
    story.admin.post("/v1/consents:check", question).await?.refused(403, "PERMISSION_DENIED")?;
    story.end().await
}
