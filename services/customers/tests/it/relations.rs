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

#[tokio::test]
async fn a_relation_holds_for_a_time() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let (insurer, agent) = (a_customer(li_lei, "平安保险").await?, a_customer(li_lei, "陈代理").await?);
    let path = format!("/v1/customers/{insurer}/relations");
    let wrong = json!({"relatedCustomerId": agent, "type": "RELATION_TYPE_AGENT", "validFrom": "2024-02-30"});
    assert_eq!(violations(&li_lei.post(&path, wrong).await?), [("validFrom".into(), "DATE_INVALID".into())]);
    let ended = json!({
        "relatedCustomerId": agent, "type": "RELATION_TYPE_AGENT", "validFrom": "2020-01-01", "validUntil": "2021-12-31",
    });
    let ended = li_lei.post(&path, ended).await?.ok()?;
    // The same two once more: the first time is over.
    let made = li_lei.post(&path, relation(&agent, "AGENT")).await?.ok()?;
    li_lei.post(&path, relation(&agent, "AGENT")).await?.refused(409, "RELATION_EXISTS")?;
    let ids = async |path: &str| -> Result<Vec<String>> {
        let page = li_lei.get(path).await?.ok()?;
        Ok(each(&page, "relations", "id").into_iter().map(str::to_owned).collect())
    };
    assert_eq!(ids(&path).await?, [id(&made)?]);
    assert_eq!(ids(&format!("{path}?includeEnded=true")).await?, [id(&ended)?, id(&made)?]);

    let change = async |relation: &Value, mask: &str, mut change: Value| {
        change["etag"] = relation["etag"].clone();
        li_lei.patch(&format!("/v1/relations/{}?updateMask={mask}", relation["id"].as_str().unwrap()), change).await
    };
    let twice = change(&ended, "validUntil", json!({"validUntil": ""})).await?;
    assert_eq!(violations(&twice), [("validUntil".into(), "RELATION_EXISTS".into())]);
    let reversed = change(&ended, "validUntil", json!({"validUntil": "2019-12-31"})).await?;
    assert_eq!(violations(&reversed), [("validUntil".into(), "PERIOD_REVERSED".into())]);
    assert_eq!(change(&ended, "type", json!({"type": "RELATION_TYPE_BROKER"})).await?.status, 400);
    let changed =
        change(&made, "remark,validUntil", json!({"remark": "总代", "validUntil": "2021-06-30"})).await?.ok()?;
    assert_eq!((&changed["remark"], &changed["validUntil"]), (&json!("总代"), &json!("2021-06-30")));
    change(&made, "remark", json!({"remark": ""})).await?.refused(409, "STALE_ETAG")?;
    assert_eq!(ids(&path).await?, Vec::<String>::new());
    let from = |page: Value| page["relations"][1].clone();
    let listed = from(li_lei.get(&format!("{path}?includeEnded=true")).await?.ok()?);
    assert_eq!(listed, changed);

    // Both ends tell of it, and whom it is with.
    for (end, other) in [(&insurer, "陈代理"), (&agent, "平安保险")] {
        let page = li_lei.get(&format!("/v1/customers/{end}/timeline")).await?.ok()?;
        let told = page["entries"].as_array().unwrap().iter().map(|entry| &entry["change"]);
        let told = told.clone().find(|change| change["action"] == "relation.updated").unwrap();
        let fields: Vec<&str> = each(told, "fields", "field");
        assert_eq!(fields, ["related_customer", "valid_until", "remark"]);
        assert_eq!((&told["fields"][0]["before"], &told["fields"][0]["after"]), (&json!(other), &json!(other)));
    }
    story
        .han_mei
        .patch(&format!("/v1/relations/{}?updateMask=remark", id(&made)?), json!({"etag": changed["etag"]}))
        .await?
        .refused(404, "NOT_FOUND")?;
    story.end().await
}

#[tokio::test]
async fn a_graph_goes_on_from_what_the_caller_sees_alone() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei, admin) = (&story.li_lei, &story.han_mei, &story.admin);
    let mut mine = Vec::new();
    for name in ["集团", "子公司甲", "子公司乙", "孙公司", "曾孙公司"] {
        mine.push(a_customer(li_lei, name).await?);
    }
    let hers = a_customer(han_mei, "别人的子公司").await?;
    let behind = a_customer(li_lei, "其后的公司").await?;
    let link = async |from: &str, to: &str| {
        admin.post(&format!("/v1/customers/{from}/relations"), relation(to, "GROUP_COMPANY")).await?.ok()
    };
    for (from, to) in [(0, 1), (0, 2), (1, 2), (1, 3), (3, 4)] {
        link(&mine[from], &mine[to]).await?;
    }
    link(&mine[0], &hers).await?;
    link(&hers, &behind).await?;
    let graph = async |reader: &changke::testkit::Session, of: &str, query: &str| -> Result<(Vec<String>, usize)> {
        let graph = reader.get(&format!("/v1/customers/{of}/relationGraph{query}")).await?.ok()?;
        assert_eq!(graph["truncated"], false);
        let customers = graph["customers"].as_array().unwrap();
        let told = customers.iter().map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["distance"]));
        Ok((told.collect(), graph["relations"].as_array().unwrap().len()))
    };
    let (told, relations) = graph(li_lei, &mine[0], "").await?;
    assert_eq!((told.join(", "), relations), ("集团 0, 子公司甲 1, 子公司乙 1, 孙公司 2".into(), 4));
    // Those at the edge are related among themselves.
    let (told, relations) = graph(li_lei, &mine[0], "?depth=1").await?;
    assert_eq!((told.len(), relations), (3, 3));
    let (told, relations) = graph(li_lei, &mine[4], "?depth=4").await?;
    assert_eq!((told.len(), relations), (5, 5));
    let (told, relations) = graph(admin, &mine[0], "?depth=3").await?;
    assert_eq!((told.len(), relations), (7, 7));
    assert_eq!(graph(li_lei, &behind, "?depth=4").await?, (vec!["其后的公司 0".into()], 0));
    li_lei.get(&format!("/v1/customers/{hers}/relationGraph")).await?.refused(404, "NOT_FOUND")?;
    let deep = li_lei.get(&format!("/v1/customers/{}/relationGraph?depth=5", mine[0])).await?;
    assert_eq!(deep.status, 400);
    story.end().await
}
