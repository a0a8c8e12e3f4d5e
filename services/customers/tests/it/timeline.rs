use anyhow::Result;
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, all_pages, an_interaction, id};

/// What each entry tells of: the action of a change, the subject of an interaction.
fn told(entries: &[Value]) -> Vec<&str> {
    let entries = entries.iter();
    entries
        .map(|entry| entry["interaction"]["subject"].as_str().or(entry["change"]["action"].as_str()).unwrap_or("?"))
        .collect()
}

fn change<'e>(entries: &'e [Value], action: &str, field: &str) -> Option<(&'e str, &'e str)> {
    let entry = entries.iter().find(|entry| entry["change"]["action"] == action)?;
    let change = entry["change"]["fields"].as_array()?.iter().find(|change| change["field"] == field)?;
    Some((change["before"].as_str()?, change["after"].as_str()?))
}

#[tokio::test]
async fn everything_that_happened_stands_in_one_order() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let one = format!("/v1/customers/{customer}");
    let etag = &li_lei.get(&one).await?.ok()?["etag"];
    li_lei.patch(&one, json!({"name": "杭州大华", "phone": "13812345678", "etag": etag})).await?.ok()?;
    a_contact(li_lei, &customer, json!({"name": "王芳", "phone": "13987654321"})).await?;
    let visit = json!({"type": "INTERACTION_TYPE_CALL", "subject": "很久以前", "occurTime": "2024-03-01T08:00:00Z"});
    let visit = an_interaction(li_lei, &customer, visit).await?;
    // A change of an interaction is no second entry.
    let changed = json!({"content": "通话十分钟", "etag": visit["etag"]});
    li_lei.patch(&format!("/v1/interactions/{}", id(&visit)?), changed).await?.ok()?;
    let plan = json!({
        "type": "INTERACTION_TYPE_VISIT", "state": "INTERACTION_STATE_PLANNED", "subject": "将来",
        "occurTime": "2099-01-01T08:00:00Z",
    });
    an_interaction(li_lei, &customer, plan).await?;

    let path = format!("/v1/customers/{customer}/timeline");
    let entries = all_pages(li_lei, &path, "entries", 50).await?;
    let expected = ["将来", "contact.created", "customer.updated", "customer.created", "很久以前"];
    assert_eq!(told(&entries), expected);
    assert!(entries.iter().all(|entry| entry["actorName"] == "lilei"));
    assert_eq!(change(&entries, "customer.updated", "name"), Some(("杭州大华电子", "杭州大华")));
    assert_eq!(change(&entries, "contact.created", "phone"), Some(("", "13987654321")));
    for page_size in [1, 2] {
        assert_eq!(all_pages(li_lei, &path, "entries", page_size).await?, entries);
    }
    story.han_mei.get(&path).await?.refused(404, "NOT_FOUND")?;
    story.end().await
}

#[tokio::test]
async fn each_sees_what_the_role_lets() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "杭州大华电子").await?;
    let one = format!("/v1/customers/{customer}");
    let etag = &li_lei.get(&one).await?.ok()?["etag"];
    li_lei.patch(&one, json!({"phone": "13812345678", "etag": etag})).await?.ok()?;
    a_contact(li_lei, &customer, json!({"name": "王芳", "phone": "13987654321"})).await?;
    let visit = json!({"type": "INTERACTION_TYPE_CALL", "subject": "电话", "occurTime": "2024-03-01T08:00:00Z"});
    an_interaction(li_lei, &customer, visit).await?;
    let path = format!("{one}/timeline");

    let auditor = story.somebody("shenji", "auditor").await?;
    let entries = all_pages(&auditor, &path, "entries", 50).await?;
    assert_eq!(told(&entries), ["contact.created", "customer.updated", "customer.created", "电话"]);
    assert_eq!(change(&entries, "customer.updated", "phone"), Some(("", "138****5678")));
    assert_eq!(change(&entries, "contact.created", "phone"), Some(("", "139****4321")));

    // An analyst reads neither contacts nor interactions.
    let analyst = story.somebody("fenxi", "analyst").await?;
    let entries = all_pages(&analyst, &path, "entries", 50).await?;
    assert_eq!(told(&entries), ["customer.updated", "customer.created"]);
    analyst.get(&format!("{one}/contacts")).await?.refused(403, "PERMISSION_DENIED")?;
    story.end().await
}

#[tokio::test]
async fn a_relation_is_told_at_both_ends_and_names_nobody_unseen() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let mine = a_customer(li_lei, "杭州大华电子").await?;
    let hers = a_customer(han_mei, "宁波贸易").await?;
    let relation = json!({"relatedCustomerId": hers, "type": "RELATION_TYPE_GROUP_COMPANY"});
    story.admin.post(&format!("/v1/customers/{mine}/relations"), relation).await?.ok()?;
    let path = format!("/v1/customers/{mine}/timeline");
    let seen_by_admin = all_pages(&story.admin, &path, "entries", 50).await?;
    assert_eq!(change(&seen_by_admin, "relation.created", "related_customer"), Some(("", "宁波贸易")));
    let seen = all_pages(li_lei, &path, "entries", 50).await?;
    assert_eq!(told(&seen), ["relation.created", "customer.created"]);
    assert_eq!(change(&seen, "relation.created", "related_customer"), None);
    let text = serde_json::to_string(&seen)?;
    assert!(!text.contains("宁波") && !text.contains(&hers), "{text}");
    let at_the_other_end = all_pages(han_mei, &format!("/v1/customers/{hers}/timeline"), "entries", 50).await?;
    assert_eq!(told(&at_the_other_end), ["relation.created", "customer.created"]);
    story.end().await
}
