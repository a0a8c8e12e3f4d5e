use anyhow::Result;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, each, id, violations};

fn relation(related: &str, kind: &str) -> Value {
    json!({"relatedCustomerId": related, "type": format!("RELATION_TYPE_{kind}")})
}

#[tokio::test]
async fn a_relation_is_seen_from_both_ends() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let (insurer, agent) = (a_customer(li_lei, "平安保险").await?, a_customer(li_lei, "陈代理").await?);
    let made = li_lei.post(&format!("/v1/customers/{insurer}/relations"), relation(&agent, "AGENT")).await?.ok()?;
    assert_eq!((&made["relatedCustomerName"], &made["inverse"]), (&json!("陈代理"), &json!(false)));
    let from = async |end: &str| li_lei.get(&format!("/v1/customers/{end}/relations")).await?.ok();
    assert_eq!(from(&insurer).await?["relations"], json!([made]));
    let other = &from(&agent).await?["relations"][0];
    assert_eq!((&other["relatedCustomerName"], &other["inverse"]), (&json!("平安保险"), &json!(true)));
    let again = li_lei.post(&format!("/v1/customers/{insurer}/relations"), relation(&agent, "AGENT")).await?;
    again.refused(409, "RELATION_EXISTS")?;
    // The other way round it says something else.
    li_lei.post(&format!("/v1/customers/{agent}/relations"), relation(&insurer, "AGENT")).await?.ok()?;
    assert_eq!(from(&agent).await?["relations"].as_array().unwrap().len(), 2);

    li_lei.delete(&format!("/v1/relations/{}", id(&made)?)).await?.ok()?;
    li_lei.delete(&format!("/v1/relations/{}", id(&made)?)).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(from(&insurer).await?["relations"].as_array().unwrap().len(), 1);
    story.end().await
}

#[tokio::test]
async fn a_household_has_no_direction() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let (husband, wife) = (a_customer(li_lei, "张三").await?, a_customer(li_lei, "李四").await?);
    // From the later id to the earlier one, so that the row is the other way round.
    li_lei.post(&format!("/v1/customers/{wife}/relations"), relation(&husband, "HOUSEHOLD")).await?.ok()?;
    for (end, other) in [(&husband, "李四"), (&wife, "张三")] {
        let page = li_lei.get(&format!("/v1/customers/{end}/relations")).await?.ok()?;
        assert_eq!(each(&page, "relations", "relatedCustomerName"), [other]);
        assert_eq!(page["relations"][0]["inverse"], false);
    }
    for (end, other) in [(&husband, &wife), (&wife, &husband)] {
        let again = li_lei.post(&format!("/v1/customers/{end}/relations"), relation(other, "HOUSEHOLD")).await?;
        again.refused(409, "RELATION_EXISTS")?;
    }
    let itself = li_lei.post(&format!("/v1/customers/{wife}/relations"), relation(&wife, "HOUSEHOLD")).await?;
    assert_eq!(itself.status, 400);
    assert_eq!(violations(&itself)[0].1, "RELATION_TO_ITSELF");
    story.end().await
}

#[tokio::test]
async fn a_customer_that_is_not_seen_can_not_be_told_from_none() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let mine = a_customer(li_lei, "杭州大华电子").await?;
    let hers = a_customer(han_mei, "宁波贸易").await?;
    let path = format!("/v1/customers/{mine}/relations");
    let unseen = li_lei.post(&path, relation(&hers, "GROUP_COMPANY")).await?;
    let nobody = relation("0190c2a0-0000-7000-8000-000000000001", "GROUP_COMPANY");
    let nobody = li_lei.post(&path, nobody).await?;
    assert_eq!((unseen.status.as_u16(), violations(&unseen)), (400, violations(&nobody)));
    assert_eq!(violations(&unseen)[0].1, "RELATED_CUSTOMER_UNKNOWN");

    // Made by somebody who sees both, it stays hidden from who sees one.
    let made = story.admin.post(&path, relation(&hers, "GROUP_COMPANY")).await?.ok()?;
    assert_eq!(li_lei.get(&path).await?.ok()?["relations"], json!([]));
    li_lei.delete(&format!("/v1/relations/{}", id(&made)?)).await?.refused(404, "NOT_FOUND")?;
    li_lei.get(&format!("/v1/customers/{hers}/relations")).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(story.admin.get(&path).await?.ok()?["relations"].as_array().unwrap().len(), 1);
    story.end().await
}
