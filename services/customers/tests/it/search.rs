use std::collections::{HashMap, HashSet};

use anyhow::Result;
use customers::search::document::{Document, contact_document, customer_document};
use customers::search::query::{Query, Tier};
use customers::search::store::{Hit, Reach, Sight, documents_save, hit_list};
use platform::access::RowPredicate;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::on_a_database;
use crate::story::{Story, a_contact, a_customer, id, list};

/// One of the records that the search is compared with.
struct Kept {
    document: Document,
    owner_id: Option<Uuid>,
    group_id: Option<Uuid>,
}

/// What a look at every document in memory finds: the best rank of each customer, best first, then newest.
fn found_in_memory(kept: &[Kept], lent: &HashSet<Uuid>, query: &Query, rows: &RowPredicate) -> Vec<(Tier, Uuid)> {
    let shares_count = matches!(rows, RowPredicate::Scoped { shares_count: true, .. });
    let visible = |kept: &Kept| {
        rows.covers(kept.owner_id, kept.group_id) || (shares_count && lent.contains(&kept.document.customer_id))
    };
    let mut best: HashMap<Uuid, Tier> = HashMap::new();
    for kept in kept.iter().filter(|kept| visible(kept)) {
        if let Some(tier) = query.tier(&kept.document) {
            let known = best.entry(kept.document.customer_id).or_insert(tier);
            *known = tier.min(*known);
        }
    }
    let mut found: Vec<(Tier, Uuid)> = best.into_iter().map(|(id, tier)| (tier, id)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    found
}

/// The same by pages.
async fn found_by_pages(
    connection: &mut PgConnection,
    query: &Query,
    rows: &RowPredicate,
    reach: Reach,
    size: usize,
) -> Vec<Hit> {
    let mut all: Vec<Hit> = Vec::new();
    loop {
        let after = all.last().map(|hit| (hit.tier, hit.customer_id));
        let page = hit_list(connection, query, Sight { customers: rows, contacts: rows }, reach, after, size as i64)
            .await
            .unwrap();
        assert!(page.len() <= size);
        let last = page.len() < size;
        all.extend(page);
        if last {
            return all;
        }
    }
}

/// Records over few characters, so that much is found and much is nearly found.
async fn fill(connection: &mut PgConnection, owners: &[Uuid], groups: &[Uuid]) -> (Vec<Kept>, HashSet<Uuid>) {
    let mut runner = TestRunner::deterministic();
    let mut typed = |pattern: &str| {
        let strategy = proptest::string::string_regex(pattern).unwrap();
        strategy.new_tree(&mut runner).unwrap().current()
    };
    let mut kept = Vec::new();
    let mut lent = HashSet::new();
    for index in 0..260 {
        let customer_id = Uuid::now_v7();
        let name = typed("[张張三单重庆曾ab%·]{1,5}|[张三曾ab]{1,5}|[ab]{4,5}( [ab]{4})?|[重庆曾]{2}(有限)?公司");
        let (number, phone) = (format!("C{index:05}"), typed("(\\+86 )?13[0-2]{3,9}|"));
        let (owner_id, group_id) = match index % 7 {
            0 => (None, (index % 2 == 0).then_some(groups[0])),
            other => (Some(owners[other % owners.len()]), Some(groups[other % groups.len()])),
        };
        sqlx::query("INSERT INTO customer (id, kind, number, name, owner_id, group_id) VALUES ($1, 1, $2, $3, $4, $5)")
            .bind(customer_id)
            .bind(&number)
            .bind(&name)
            .bind(owner_id)
            .bind(group_id)
            .execute(&mut *connection)
            .await
            .unwrap();
        if index % 11 == 0 {
            sqlx::query("INSERT INTO customer_share (id, record_id, employee_id) VALUES ($1, $2, $3)")
                .bind(Uuid::now_v7())
                .bind(customer_id)
                .bind(owners[0])
                .execute(&mut *connection)
                .await
                .unwrap();
            lent.insert(customer_id);
        }
        let mut documents = vec![customer_document(customer_id, &name, &number, &phone)];
        for _ in 0..index % 4 {
            let (name, phone) = (typed("[张三单重庆a ]{1,3}|[ab]{4,5}"), typed("13[0-2]{3,9}|"));
            documents.push(contact_document(Uuid::now_v7(), customer_id, &name, &phone));
        }
        documents_save(connection, &documents).await.unwrap();
        kept.extend(documents.into_iter().map(|document| Kept { document, owner_id, group_id }));
    }
    (kept, lent)
}

#[tokio::test]
async fn every_match_is_found_in_rank_order_and_nothing_else() {
    on_a_database(|db| async move {
        let mut connection = db.pool().acquire().await.unwrap();
        let owners: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let groups: Vec<Uuid> = (0..2).map(|_| Uuid::now_v7()).collect();
        let (kept, lent) = fill(&mut connection, &owners, &groups).await;
        let scoped = |group_ids: &[Uuid], shares_count| RowPredicate::Scoped {
            employee_id: owners[0],
            group_ids: group_ids.into(),
            shared_with_group: None,
            shares_count,
        };
        let callers = [
            RowPredicate::All,
            RowPredicate::Nothing,
            scoped(&[], true),
            scoped(&[], false),
            scoped(&groups[..1], true),
        ];
        // Every way that a search can take, whatever there is to be found.
        let reaches = [
            Reach::default(),
            Reach { newest: 7, newest_scoped: 7, few: 0 },
            Reach { newest: 1, newest_scoped: 40, few: 0 },
        ];
        let mut typed = TestRunner::deterministic();
        let queries = proptest::string::string_regex(
            "[张三单重庆曾zhangsdcqb%·]{1,3}|zhang|chongqing|z三|[0-2c]{1,4}|13[0-2]{1,5}|張三?|[ab]{4,5}( [ab]{4})?\
             |[重庆曾]{2}(有限公司|公司)",
        );
        let queries = queries.unwrap();
        let (mut most, mut tiers) = (0, HashSet::new());
        for round in 0..240 {
            let text = queries.new_tree(&mut typed).unwrap().current();
            let Some(query) = Query::new(&text, round % 3 > 0) else { continue };
            let (rows, reach) = (&callers[round % callers.len()], reaches[round % reaches.len()]);
            let hits = found_by_pages(&mut connection, &query, rows, reach, 1 + round % 9).await;
            let found: Vec<(Tier, Uuid)> = hits.iter().map(|hit| (hit.tier, hit.customer_id)).collect();
            assert_eq!(found, found_in_memory(&kept, &lent, &query, rows), "{text} with {rows:?} and {reach:?}");
            for hit in hits {
                let contact = kept.iter().find(|kept| Some(kept.document.id) == hit.contact_id);
                assert_eq!(contact.is_some(), hit.tier == Tier::Contact, "{text}");
                if let Some(contact) = contact {
                    assert_eq!(query.tier(&contact.document), Some(Tier::Contact), "{text}");
                    assert_eq!(contact.document.customer_id, hit.customer_id);
                }
            }
            most = most.max(found.len());
            tiers.extend(found.into_iter().map(|(tier, _)| tier as i16));
        }
        assert!(
            most > 100 && tiers.len() == Tier::OWN.len() + 1,
            "the queries found too little to say anything: {tiers:?}"
        );
    })
    .await;
}

/// Names found, in the order of the answer.
async fn names(reader: &changke::testkit::Session, query: &str) -> Result<Vec<String>> {
    let page = list(reader, "/v1/customers:search", &[("query", query)]).await?.ok()?;
    let matches = page["matches"].as_array().cloned().unwrap_or_default();
    Ok(matches.iter().map(|found| found["customer"]["name"].as_str().unwrap_or_default().to_owned()).collect())
}

#[tokio::test]
async fn a_customer_is_found_by_whatever_one_remembers() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    for name in [
        "张三",
        "张三丰",
        "小张三",
        "重庆长安汽车",
        "单雄信",
        "曾国藩",
        "Wellington Healthcare Ltd.",
        "臺灣精密儀器有限公司",
    ] {
        a_customer(li_lei, name).await?;
    }
    let huaxin = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "华信科技", "phone": "0571-8888 6666", "number": "HX-2026"});
    let huaxin = id(&li_lei.post("/v1/customers", huaxin).await?.ok()?)?;
    a_contact(li_lei, &huaxin, json!({"name": "吕布", "phone": "+86 138 0013 8000"})).await?;

    assert_eq!(names(li_lei, "张三").await?, ["张三", "张三丰", "小张三"]);
    for (query, name) in [
        ("长安", "重庆长安汽车"),
        ("安", "重庆长安汽车"),
        ("chongqing", "重庆长安汽车"),
        ("CQCA", "重庆长安汽车"),
        ("shanxx", ""),
        ("shan xiong xin", "单雄信"),
        ("sxx", "单雄信"),
        ("zengguofan", "曾国藩"),
        ("57188886666", "华信科技"),
        ("8888-66", "华信科技"),
        ("hx-2026", "华信科技"),
        ("lvbu", "华信科技"),
        ("吕", "华信科技"),
        ("1380013", "华信科技"),
        ("重慶長安", "重庆长安汽车"),
        ("Healthcare", "Wellington Healthcare Ltd."),
        ("Helthcare", "Wellington Healthcare Ltd."),
        ("Wellingtno healthcare limited", "Wellington Healthcare Ltd."),
        ("台灣精密儀器股份有限公司", "臺灣精密儀器有限公司"),
        ("taiwanjingmi", "臺灣精密儀器有限公司"),
    ] {
        let expected: Vec<&str> = if name.is_empty() { vec![] } else { vec![name] };
        assert_eq!(names(li_lei, query).await?, expected, "{query}");
    }
    let page = list(li_lei, "/v1/customers:search", &[("query", "吕布")]).await?.ok()?;
    assert_eq!(page["matches"][0]["contactName"], "吕布");
    list(li_lei, "/v1/customers:search", &[("query", " \u{3000}")]).await?.refused(400, "INVALID_REQUEST")?;
    story.end().await
}

#[tokio::test]
async fn a_search_tells_nothing_that_the_caller_may_not_see() -> Result<()> {
    let story = Story::begin().await?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三", "phone": "13800138000"});
    let customer = id(&story.li_lei.post("/v1/customers", customer).await?.ok()?)?;
    a_contact(&story.li_lei, &customer, json!({"name": "李四", "phone": "13900139000"})).await?;
    let auditor = story.somebody("auditor", "auditor").await?;

    // Another salesperson sees neither the customer nor its contact.
    for query in ["张三", "zs", "李四", "138"] {
        assert_eq!(names(&story.han_mei, query).await?, Vec::<String>::new(), "{query}");
    }
    // An auditor sees the customer, and no phones: digits find none.
    assert_eq!(names(&auditor, "张三").await?, ["张三"]);
    assert_eq!(names(&auditor, "李四").await?, ["张三"]);
    for query in ["13800138000", "138", "0013", "13900139000"] {
        assert_eq!(names(&auditor, query).await?, Vec::<String>::new(), "{query}");
        assert_eq!(names(&story.li_lei, query).await?, ["张三"], "{query}");
    }
    story.end().await
}

#[tokio::test]
async fn what_is_found_follows_what_is_changed() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "老名字").await?;
    let path = format!("/v1/customers/{customer}");
    let before = li_lei.get(&path).await?.ok()?;
    li_lei.patch(&path, json!({"name": "新称呼", "phone": "13800138000", "etag": before["etag"]})).await?.ok()?;
    assert_eq!(names(li_lei, "老名字").await?, Vec::<String>::new());
    for query in ["新称呼", "xch", "138001380"] {
        assert_eq!(names(li_lei, query).await?, ["新称呼"], "{query}");
    }
    story.end().await
}

#[tokio::test]
async fn documents_of_an_earlier_form_are_made_anew() -> Result<()> {
    let story = Story::begin().await?;
    let customer = a_customer(&story.li_lei, "張三貿易").await?;
    a_contact(&story.li_lei, &customer, json!({"name": "李雙", "phone": "13900139000"})).await?;
    a_customer(&story.li_lei, "王五").await?;
    let mut database = story.app.database().await?;
    let form = "SELECT id, name, reading, grams FROM customers.search_document ORDER BY id";
    let written: Vec<(Uuid, String, String, Vec<i32>)> = sqlx::query_as(form).fetch_all(&mut database).await?;
    // As another version writes it: of its own form, and for a record that this one had written before.
    sqlx::query(
        "UPDATE customers.search_document SET name = 'x', reading = rtrim(reading, chr(2)), grams = '{1}'
         WHERE customer_id = $1",
    )
    .bind(customer.parse::<Uuid>()?)
    .execute(&mut database)
    .await?;
    assert_eq!(names(&story.li_lei, "张三").await?, Vec::<String>::new());
    story
        .app
        .until("the documents are renewed", async || {
            let due =
                "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.search.renew' AND state = 'pending'";
            let Ok(mut database) = story.app.database().await else { return false };
            let due = sqlx::query(due).execute(&mut database).await;
            due.is_ok() && names(&story.li_lei, "李双").await.is_ok_and(|found| found == ["張三貿易"])
        })
        .await?;
    assert_eq!(names(&story.li_lei, "张三").await?, ["張三貿易"]);
    let renewed: Vec<(Uuid, String, String, Vec<i32>)> = sqlx::query_as(form).fetch_all(&mut database).await?;
    assert_eq!(renewed, written);
    story.end().await
}
