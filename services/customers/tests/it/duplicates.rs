//! Customers that may be one and the same, at entry and over the whole base.

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, each, id, list, refusals, violations};

pub async fn a_person(owner: &Session, name: &str, more: Value) -> Result<Value> {
    let mut person = json!({"kind": "CUSTOMER_KIND_PERSON", "name": name});
    for (field, value) in more.as_object().into_iter().flatten() {
        person[field] = value.clone();
    }
    owner.post("/v1/customers", person).await?.ok()
}

/// `name score REASON+REASON` of each candidate.
async fn candidates(asker: &Session, asked: Value) -> Result<Vec<String>> {
    let found = asker.post("/v1/customers:checkDuplicates", asked).await?.ok()?;
    let text = |candidate: &Value| {
        let name = candidate["customer"]["name"].as_str().unwrap_or_default();
        format!("{name} {} {}", candidate["score"], reasons(candidate))
    };
    Ok(found["candidates"].as_array().into_iter().flatten().map(text).collect())
}

fn reasons(record: &Value) -> String {
    let names = record["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| name.trim_start_matches("DUPLICATE_REASON_")).collect::<Vec<_>>().join("+")
}

#[tokio::test]
async fn whoever_is_there_already_is_shown_at_entry() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let zhang = a_person(li_lei, "张三", json!({"phone": "+86 138-0013-8000", "birthday": "1990-01-01"})).await?;
    a_customer(li_lei, "杭州华星股份有限公司").await?;
    let person = |more: Value| {
        let mut asked = json!({"kind": "CUSTOMER_KIND_PERSON"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    for (asked, expected) in [
        (person(json!({"phone": "13800138000"})), vec!["张三 60 SAME_PHONE"]),
        (person(json!({"name": "張三", "phone": "13800138000"})), vec!["张三 100 SAME_PHONE+SAME_NAME"]),
        (person(json!({"name": "章三", "phone": "13911118000"})), vec!["张三 50 NAME_SOUNDS_ALIKE+SAME_PHONE_END"]),
        (person(json!({"name": "张三", "birthday": "1990-01-01"})), vec!["张三 70 SAME_NAME+SAME_BIRTHDAY"]),
        (json!({"name": "杭州华星有限公司"}), vec!["杭州华星股份有限公司 70 SAME_COMPANY_NAME"]),
        (json!({"name": "杭州华星"}), vec!["杭州华星股份有限公司 70 SAME_COMPANY_NAME"]),
        (person(json!({"name": "杭州华星"})), vec![]),
        (person(json!({"name": "张三", "customerId": zhang["id"]})), vec![]),
        (person(json!({"phone": "138****8000"})), vec![]),
        (json!({}), vec![]),
    ] {
        assert_eq!(candidates(li_lei, asked.clone()).await?, expected, "{asked}");
    }

    // Of whom one doesn't see nothing is said, but what creation says as well.
    let asked = json!({"name": "张三", "phone": "13800138000", "number": zhang["number"]});
    let found = han_mei.post("/v1/customers:checkDuplicates", asked.clone()).await?.ok()?;
    assert_eq!(found, json!({"candidates": [], "numberTaken": true}));
    let own = json!({"name": "张三", "number": zhang["number"], "customerId": zhang["id"]});
    han_mei.post("/v1/customers:checkDuplicates", own).await?.refused(404, "NOT_FOUND")?;
    // Nor of what one sees masked.
    let auditor = story.somebody("auditor", "auditor").await?;
    assert!(candidates(&auditor, json!({"phone": "13800138000"})).await?.is_empty());
    let seen = auditor.post("/v1/customers:checkDuplicates", asked).await?.ok()?;
    assert_eq!((&seen["candidates"][0]["score"], reasons(&seen["candidates"][0])), (&json!(40), "SAME_NAME".into()));
    assert!(!seen.to_string().contains("0013"), "{seen}");

    // Whoever is out of use was there too.
    admin.post(&format!("/v1/customers/{}:invalidate", id(&zhang)?), json!({})).await?.ok()?;
    let found = li_lei.post("/v1/customers:checkDuplicates", json!({"phone": "13800138000"})).await?.ok()?;
    assert_eq!(found["candidates"][0]["customer"]["state"], "CUSTOMER_STATE_INVALID");
    for (asked, field) in [
        (json!({"birthday": "1990"}), "birthday"),
        (json!({"customerId": "x"}), "customerId"),
        (json!({"name": "张".repeat(129)}), "name"),
    ] {
        let answer = li_lei.post("/v1/customers:checkDuplicates", asked).await?;
        assert_eq!(violations(&answer)[0].0, field, "{}", answer.body);
    }
    story.end().await
}

/// Looks for duplicates and waits for the end.
pub async fn search(story: &Story, seeker: &Session) -> Result<Value> {
    let begun = seeker.post("/v1/duplicateSearches", json!({})).await?.ok()?;
    let path = format!("/v1/duplicateSearches/{}", id(&begun)?);
    let ended = async || {
        let state = seeker.get(&path).await.map(|answer| answer.body["state"].clone()).unwrap_or_default();
        state != "DUPLICATE_SEARCH_STATE_RUNNING"
    };
    story.app.until("the search has ended", ended).await?;
    let search = seeker.get(&path).await?.ok()?;
    anyhow::ensure!(search["state"] == "DUPLICATE_SEARCH_STATE_COMPLETED", "{search}");
    Ok(search)
}

/// `name-name score REASON+REASON` of each pair.
async fn pairs(reader: &Session, query: &str) -> Result<Vec<String>> {
    let pairs = all_pages(reader, &format!("/v1/duplicatePairs{query}"), "pairs", 2).await?;
    let text = |pair: &Value| {
        let names = each(pair, "customers", "name").join("-");
        format!("{names} {} {}", pair["score"], reasons(pair))
    };
    Ok(pairs.iter().map(text).collect())
}

#[tokio::test]
async fn a_search_finds_pairs_that_somebody_decides_on() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let zhang = a_person(li_lei, "张三", json!({"phone": "13800138000", "idNumber": "11010519491231002X"})).await?;
    a_person(li_lei, "张三", json!({"phone": "13800138000"})).await?;
    a_person(li_lei, "章三", json!({"phone": "13911118000"})).await?;
    a_person(han_mei, "张三", json!({"idNumber": "11010519491231002X"})).await?;
    a_person(li_lei, "李四", json!({"phone": "13700000001", "birthday": "1990-02-03"})).await?;
    a_person(li_lei, "李四", json!({"phone": "13600000002", "birthday": "1990-02-03"})).await?;
    for name in ["杭州华星有限公司", "杭州華星股份有限公司", "杭州华兴有限公司"] {
        a_customer(li_lei, name).await?;
    }
    assert!(pairs(admin, "").await?.is_empty());
    let found = search(&story, admin).await?;
    assert_eq!(
        (&found["customerCount"], &found["readCount"], &found["pairCount"]),
        (&json!("9"), &json!("9"), &json!("6"))
    );
    assert_eq!((&found["step"], &found["largeBlocks"]), (&found["stepCount"], &json!([])));
    let everything = pairs(admin, "").await?;
    let mut sorted = everything.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "张三-张三 100 SAME_ID_NUMBER+SAME_NAME",
            "张三-张三 100 SAME_PHONE+SAME_NAME",
            "张三-章三 50 NAME_SOUNDS_ALIKE+SAME_PHONE_END",
            "张三-章三 50 NAME_SOUNDS_ALIKE+SAME_PHONE_END",
            "李四-李四 70 SAME_NAME+SAME_BIRTHDAY",
            "杭州华星有限公司-杭州華星股份有限公司 70 SAME_COMPANY_NAME",
        ]
    );
    let scores: Vec<&str> = everything.iter().filter_map(|pair| pair.split(' ').nth(1)).collect();
    assert_eq!(scores, ["100", "100", "70", "70", "50", "50"]);
    assert_eq!(pairs(admin, "?minScore=80").await?.len(), 2);
    assert_eq!(pairs(admin, "?reason=DUPLICATE_REASON_SAME_PHONE").await?.len(), 1);
    assert_eq!(pairs(admin, &format!("?customerId={}", id(&zhang)?)).await?.len(), 3);

    // Only pairs of which one may update both, and only by what one sees.
    assert_eq!(pairs(li_lei, "").await?.len(), 5);
    assert!(pairs(han_mei, "").await?.is_empty());
    let supervisor = story.somebody("supervisor", "service_supervisor").await?;
    // Who sees no id numbers does not hear that two are the same.
    assert_eq!(pairs(&supervisor, "").await?.len(), 5);
    assert_eq!(pairs(&supervisor, "?minScore=80").await?, ["张三-张三 100 SAME_PHONE+SAME_NAME"]);
    let masked = supervisor.get("/v1/duplicatePairs?reason=DUPLICATE_REASON_SAME_ID_NUMBER").await?;
    assert_eq!(violations(&masked), refusals(&[("reason", "FIELD_MASKED")]));
    assert_eq!(search(&story, &supervisor).await?["pairCount"], "5");
    let auditor = story.somebody("auditor", "auditor").await?;
    auditor.get("/v1/duplicatePairs").await?.refused(403, "PERMISSION_DENIED")?;
    let foreign = format!("/v1/duplicateSearches/{}", id(&found)?);
    li_lei.get(&foreign).await?.refused(404, "NOT_FOUND")?;

    // What was dismissed stays so, what was found no more goes, what somebody else sees alone stays.
    let company = all_pages(admin, "/v1/duplicatePairs?reason=DUPLICATE_REASON_SAME_COMPANY_NAME", "pairs", 50).await?;
    let company = format!("/v1/duplicatePairs/{}", id(&company[0])?);
    han_mei.post(&format!("{company}:dismiss"), json!({})).await?.refused(404, "NOT_FOUND")?;
    let dismissed = li_lei.post(&format!("{company}:dismiss"), json!({})).await?.ok()?;
    assert_eq!(
        (&dismissed["state"], &dismissed["dismissUserName"]),
        (&json!("DUPLICATE_PAIR_STATE_DISMISSED"), &json!("lilei"))
    );
    admin.post(&format!("{company}:dismiss"), json!({})).await?.refused(422, "DUPLICATE_PAIR_NOT_OPEN")?;
    let wrong =
        list(li_lei, "/v1/customers", &[("filter", "phone = \"13600000002\"")]).await?.ok()?["customers"][0].clone();
    let change = json!({"birthday": "1991-02-03", "etag": wrong["etag"]});
    li_lei.patch(&format!("/v1/customers/{}", id(&wrong)?), change).await?.ok()?;
    search(&story, li_lei).await?;
    assert_eq!(pairs(li_lei, "?minScore=60").await?, ["张三-张三 100 SAME_PHONE+SAME_NAME"]);
    assert_eq!(pairs(li_lei, "?state=DUPLICATE_PAIR_STATE_DISMISSED").await?.len(), 1);
    assert_eq!(pairs(admin, "").await?.len(), 4);
    let opened = li_lei.post(&format!("{company}:reopen"), json!({})).await?.ok()?;
    assert_eq!(opened["state"], "DUPLICATE_PAIR_STATE_OPEN");
    li_lei.post(&format!("{company}:reopen"), json!({})).await?.refused(422, "DUPLICATE_PAIR_NOT_DISMISSED")?;
    assert_eq!(each(&li_lei.get("/v1/duplicateSearches").await?.ok()?, "searches", "state").len(), 1);
    story.end().await
}

#[tokio::test]
async fn what_too_many_share_makes_no_pairs() -> Result<()> {
    let story = Story::begin().await?;
    let mut database = story.app.database().await?;
    sqlx::query(
        "INSERT INTO customers.customer (id, kind, number, name, phone, phone_digits)
         SELECT gen_random_uuid(), 2, 'B-' || n, '企业' || n, '0571-88886666', '057188886666'
         FROM generate_series(1, 60) AS n",
    )
    .execute(&mut database)
    .await?;
    let found = search(&story, &story.admin).await?;
    let block = &found["largeBlocks"][0];
    assert_eq!((&block["reason"], &block["customerCount"]), (&json!("DUPLICATE_REASON_SAME_PHONE"), &json!("60")));
    assert!(block["customerName"].as_str().context("no name")?.starts_with("企业"));
    assert_eq!(found["pairCount"], "0");
    // One at a time: the first has not begun, as long as its job waits.
    sqlx::query("UPDATE customers.duplicate_search SET state = 1, end_time = NULL").execute(&mut database).await?;
    sqlx::query(
        "UPDATE customers.job SET state = 'pending', run_time = now() + interval '1 day', end_time = NULL
                 WHERE kind = 'customers.duplicates'",
    )
    .execute(&mut database)
    .await?;
    story.admin.post("/v1/duplicateSearches", json!({})).await?.refused(422, "DUPLICATE_SEARCH_RUNNING")?;
    let left = "SELECT count(*) FROM customers.duplicate_subject";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(&mut database).await?, 0);
    story.end().await
}
