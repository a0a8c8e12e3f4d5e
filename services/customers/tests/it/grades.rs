//! Grades by rule and by hand.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use changke::testkit::Session;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, each, list, refusals, violations};

/// Who holds which grade, customers in use alone.
type Held = BTreeMap<String, String>;

async fn held(reader: &Session, field: &str) -> Result<Held> {
    let page = list(reader, "/v1/customers", &[("pageSize", "200")]).await?.ok()?;
    let customers = page["customers"].as_array().context("no customers")?;
    let grade = |customer: &Value| match field.strip_prefix("grades.") {
        Some(scheme) => customer["grades"][scheme].as_str().unwrap_or_default().to_owned(),
        None => customer[field].as_str().unwrap_or_default().to_owned(),
    };
    Ok(customers.iter().map(|one| (one["name"].as_str().unwrap_or_default().to_owned(), grade(one))).collect())
}

async fn until_held(story: &Story, field: &str, expected: &[(&str, &str)]) -> Result<()> {
    let expected: Held = expected.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect();
    let settled = async || held(&story.admin, field).await.is_ok_and(|found| found == expected);
    let waited = story.app.until("the grades are settled", settled).await;
    assert_eq!(held(&story.admin, field).await?, expected);
    waited
}

fn rules(rules: &[(&str, &str)], default: &str) -> Value {
    let rules: Vec<Value> = rules.iter().map(|(code, filter)| json!({"code": code, "filter": filter})).collect();
    json!({"rules": rules, "defaultCode": default})
}

async fn draft(admin: &Session, scheme: &str, draft: Value) -> Result<Value> {
    let path = format!("/v1/gradeSchemes/{scheme}");
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.patch(&path, json!({"draft": draft, "etag": etag})).await?.ok()
}

async fn publish(story: &Story, scheme: &str, rules: Value) -> Result<Value> {
    let etag = draft(&story.admin, scheme, rules).await?["etag"].clone();
    let path = format!("/v1/gradeSchemes/{scheme}");
    let published = story.admin.post(&format!("{path}:publish"), json!({"etag": etag})).await?.ok()?;
    story
        .app
        .until("the run is done", async || {
            let scheme = async { story.admin.get(&path).await?.ok() };
            scheme.await.is_ok_and(|scheme| scheme["run"]["state"] == json!("RULE_RUN_STATE_DONE"))
        })
        .await?;
    Ok(published)
}

async fn moves(admin: &Session, scheme: &str) -> Result<BTreeMap<(String, String), String>> {
    let preview = admin.post(&format!("/v1/gradeSchemes/{scheme}:preview"), json!({})).await?.ok()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let moves = preview["moves"].as_array().context("no moves")?;
    Ok(moves.iter().map(|one| ((text(&one["before"]), text(&one["after"])), text(&one["customerCount"]))).collect())
}

async fn history(reader: &Session, customer: &str) -> Result<Vec<String>> {
    let page = reader.get(&format!("/v1/customers/{customer}/gradeChanges")).await?.ok()?;
    let changes = page["changes"].as_array().context("no changes")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().replace("GRADE_CAUSE_", "");
    Ok(changes
        .iter()
        .map(|one| {
            let [scheme, before, after, cause] = ["scheme", "before", "after", "cause"].map(|key| text(&one[key]));
            format!("{scheme} {before}>{after} {cause} {}", one["version"])
        })
        .collect())
}

async fn set(writer: &Session, customer: &str, scheme: &str, body: Value) -> Result<changke::testkit::Answer> {
    writer.post(&format!("/v1/customers/{customer}/grades/{scheme}:set"), body).await
}

#[tokio::test]
async fn publishing_does_what_the_preview_said() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    for (name, industry, level) in
        [("甲", "finance", ""), ("乙", "finance", "ordinary"), ("丙", "it", "vip"), ("丁", "", "")]
    {
        let customer =
            json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": name, "industry": industry, "level": level});
        li_lei.post("/v1/customers", customer).await?.ok()?;
    }
    let wanted = rules(&[("vip", "industry = finance AND name != 乙"), ("potential", "industry : *")], "ordinary");
    for wanted in [
        rules(&[], "vip"),
        rules(
            &[("vip", "name = (甲 OR 丁)"), ("vip", "metrics.contact_count > 0"), ("ordinary", "NOT industry : *")],
            "",
        ),
        rules(&[("potential", "metrics.age_days = 0 AND industry = it"), ("vip", "create_time < now()")], "ordinary"),
        wanted.clone(),
    ] {
        draft(admin, "level", wanted.clone()).await?;
        let before = held(admin, "level").await?;
        let said = moves(admin, "level").await?;
        assert_eq!(held(admin, "level").await?, before, "a preview moves nobody");
        publish(&story, "level", wanted).await?;
        let after = held(admin, "level").await?;
        let mut done: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (name, code) in &before {
            *done.entry((code.clone(), after[name].clone())).or_default() += 1;
        }
        let done: BTreeMap<_, _> = done.into_iter().map(|(pair, count)| (pair, count.to_string())).collect();
        assert_eq!(said, done);
    }
    let expected = [("甲", "vip"), ("乙", "potential"), ("丙", "potential"), ("丁", "ordinary")];
    until_held(&story, "level", &expected).await?;

    // A change of the customer counts at once, a new one too, and a second preview moves nobody.
    let customer = a_customer(li_lei, "戊").await?;
    a_contact(li_lei, &customer, json!({"name": "王五"})).await?;
    let all = [("甲", "vip"), ("乙", "potential"), ("丙", "potential"), ("丁", "ordinary"), ("戊", "ordinary")];
    until_held(&story, "level", &all).await?;
    assert!(moves(admin, "level").await?.keys().all(|(from, to)| from == to));
    let path = format!("/v1/customers/{customer}");
    let etag = li_lei.get(&path).await?.ok()?["etag"].clone();
    li_lei.patch(&path, json!({"industry": "finance", "etag": etag})).await?.ok()?;
    let all = [("甲", "vip"), ("乙", "potential"), ("丙", "potential"), ("丁", "ordinary"), ("戊", "vip")];
    until_held(&story, "level", &all).await?;
    assert_eq!(history(li_lei, &customer).await?, ["level ordinary>vip RULES 4", "level >ordinary RULES 4"]);

    let versions = admin.get("/v1/gradeSchemes/level/versions").await?.ok()?;
    assert_eq!(versions["versions"][0]["version"], json!(4));
    let refused = li_lei.get("/v1/gradeSchemes").await?;
    refused.refused(403, "PERMISSION_DENIED")?;
    story.end().await
}

#[tokio::test]
async fn what_is_set_by_hand_holds_until_it_runs_out() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "甲").await?;
    let soon = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let body = |code: &str, expire: Option<&str>| json!({"code": code, "reason": "领导要求", "expireTime": expire});
    let early = set(li_lei, &customer, "grade", body("A", Some(&soon))).await?;
    assert_eq!(violations(&early), refusals(&[("expireTime", "GRADE_RULES_MISSING")]));
    set(li_lei, &customer, "grade", body("B", None)).await?.ok()?;
    publish(&story, "grade", rules(&[("C", "name : 甲")], "D")).await?;
    until_held(&story, "grade", &[("甲", "C")]).await?;

    set(han_mei, &customer, "grade", body("A", None)).await?.refused(404, "NOT_FOUND")?;
    set(li_lei, &customer, "nothing", body("A", None)).await?.refused(404, "NOT_FOUND")?;
    let wrong = set(li_lei, &customer, "grade", body("Z", None)).await?;
    assert_eq!(violations(&wrong), refusals(&[("code", "CODE_UNKNOWN")]));
    let grade = set(li_lei, &customer, "grade", body("A", Some(&soon))).await?.ok()?;
    assert_eq!((&grade["code"], &grade["byHand"], &grade["ruled"]), (&json!("A"), &json!(true), &json!(true)));
    // The rules leave it alone, whatever changes.
    a_contact(li_lei, &customer, json!({"name": "王五"})).await?;
    assert!(moves(admin, "grade").await?.contains_key(&("A".to_owned(), "A".to_owned())));

    let past = "UPDATE customers.grade_override SET expire_time = now() - interval '1 second'";
    sqlx::query(past).execute(&mut story.app.database().await?).await?;
    until_held(&story, "grade", &[("甲", "C")]).await?;
    let expected = ["grade A>C HAND_ENDED 1", "grade C>A BY_HAND 0", "grade B>C RULES 1", "grade >B BY_HAND 0"];
    assert_eq!(history(li_lei, &customer).await?, expected);

    // A form that writes the field does the same as setting it here, and releasing brings the rules back.
    let path = format!("/v1/customers/{customer}");
    let etag = li_lei.get(&path).await?.ok()?["etag"].clone();
    li_lei.patch(&path, json!({"grade": "D", "etag": etag})).await?.ok()?;
    let grades = li_lei.get(&format!("{path}/grades")).await?.ok()?;
    let grades = grades["grades"].as_array().context("no grades")?;
    let one = grades.iter().find(|one| one["scheme"] == json!("grade")).context("no grade")?;
    assert_eq!(
        (&one["code"], &one["byHand"], &one["setUserId"]),
        (&json!("D"), &json!(true), &json!(li_lei.employee_id))
    );
    let released = li_lei.post(&format!("{path}/grades/grade:release"), json!({"reason": "恢复"})).await?.ok()?;
    assert_eq!((&released["code"], &released["byHand"]), (&json!("C"), &json!(false)));
    li_lei.post(&format!("{path}/grades/grade:release"), json!({})).await?.refused(422, "GRADE_NOT_SET")?;
    assert_eq!(history(li_lei, &customer).await?[0], "grade D>C HAND_ENDED 1");
    // Who comes with a grade has it by hand too.
    let second = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "乙", "grade": "B"});
    li_lei.post("/v1/customers", second).await?.ok()?;
    assert!(moves(admin, "grade").await?.contains_key(&("B".to_owned(), "B".to_owned())));
    han_mei.get(&format!("{path}/gradeChanges")).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("{path}/grades")).await?.refused(404, "NOT_FOUND")?;
    story.end().await
}

#[tokio::test]
async fn schemes_of_ones_own_and_the_value_matrix() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let made = admin.post("/v1/gradeSchemes", json!({"code": "service", "nameZh": "服务等级"})).await?.ok()?;
    assert_eq!(made["version"], json!(0));
    admin
        .post("/v1/gradeSchemes", json!({"code": "level", "nameZh": "又一个"}))
        .await?
        .refused(409, "DICTIONARY_CODE_TAKEN")?;
    for code in ["gold", "silver"] {
        let entry = json!({"code": code, "nameZh": code, "color": "gold"});
        admin.post("/v1/dictionaries/service/entries", entry).await?.ok()?;
    }
    let (one, other) = (a_customer(li_lei, "甲").await?, a_customer(li_lei, "乙").await?);
    publish(&story, "service", rules(&[("gold", "name = 甲")], "silver")).await?;
    until_held(&story, "grades.service", &[("甲", "gold"), ("乙", "silver")]).await?;
    let page = list(li_lei, "/v1/customers", &[("filter", "grades.service = gold")]).await?.ok()?;
    assert_eq!(each(&page, "customers", "name"), ["甲"]);
    let page = list(li_lei, "/v1/customers", &[("orderBy", "grades.service desc"), ("pageSize", "1")]).await?.ok()?;
    assert_eq!(each(&page, "customers", "name"), ["乙"]);
    let token = page["nextPageToken"].as_str().context("no token")?.to_owned();
    let query = [("orderBy", "grades.service desc"), ("pageSize", "1"), ("pageToken", token.as_str())];
    let page = list(li_lei, "/v1/customers", &query).await?.ok()?;
    assert_eq!(each(&page, "customers", "name"), ["甲"]);
    admin.delete("/v1/dictionaries/service/entries/gold").await?.refused(422, "ENTRY_IN_USE")?;

    let value = |code: &str| json!({"code": code, "reason": "评估"});
    set(li_lei, &one, "current_value", value("high")).await?.ok()?;
    set(li_lei, &one, "potential_value", value("low")).await?.ok()?;
    set(li_lei, &other, "potential_value", value("low")).await?.ok()?;
    let path = "/v1/gradeMatrix?rowScheme=current_value&columnScheme=potential_value";
    let matrix = li_lei.get(path).await?.ok()?;
    let pair = |row: &str, column: &str| json!({"row": row, "column": column, "customerCount": "1"});
    assert_eq!(matrix["pairs"], json!([pair("", "low"), pair("high", "low")]));
    assert_eq!(story.han_mei.get(path).await?.ok()?["pairs"], json!([]), "nobody counts what they don't see");
    let unknown = li_lei.get("/v1/gradeMatrix?rowScheme=industry&columnScheme=level").await?;
    assert_eq!(violations(&unknown), refusals(&[("rowScheme", "GRADE_SCHEME_UNKNOWN")]));
    story.end().await
}

#[tokio::test]
async fn rules_that_would_never_settle_are_refused() -> Result<()> {
    let story = Story::begin().await?;
    let admin = &story.admin;
    let etag = admin.get("/v1/gradeSchemes/level").await?.ok()?["etag"].clone();
    for (filter, reason) in [
        ("level = vip", "RULE_FIELD_REFUSED"),
        ("tags : x", "RULE_FIELD_REFUSED"),
        ("update_time > 2026-01-01", "RULE_FIELD_REFUSED"),
    ] {
        let change = json!({"draft": rules(&[("vip", filter)], ""), "etag": etag});
        let answer = admin.patch("/v1/gradeSchemes/level", change).await?;
        assert_eq!(violations(&answer), refusals(&[("draft.rules[0].filter", reason)]), "{filter}");
    }
    let change = json!({"draft": rules(&[("nobody", "name : a")], "none"), "etag": etag});
    let answer = admin.patch("/v1/gradeSchemes/level", change).await?;
    let places = [("draft.rules[0].code", "CODE_UNKNOWN"), ("draft.defaultCode", "CODE_UNKNOWN")];
    assert_eq!(violations(&answer), refusals(&places));
    admin.post("/v1/gradeSchemes/level:publish", json!({"etag": etag})).await?.refused(422, "GRADE_RULES_EMPTY")?;

    // Two that ask about each other: the second finds the first in force.
    let level = draft(admin, "level", rules(&[("vip", "grade = A")], "ordinary")).await?;
    let grade = draft(admin, "grade", rules(&[("A", "level = vip")], "D")).await?;
    admin.post("/v1/gradeSchemes/level:publish", json!({"etag": level["etag"]})).await?.ok()?;
    let crossed = admin.post("/v1/gradeSchemes/grade:publish", json!({"etag": grade["etag"]})).await?;
    crossed.refused(422, "GRADE_RULES_CROSSED")?;
    let stale = admin.post("/v1/gradeSchemes/level:publish", json!({"etag": "1"})).await?;
    stale.refused(409, "STALE_ETAG")?;
    story.end().await
}

#[tokio::test]
async fn a_run_that_breaks_off_goes_on_and_moves_nobody_twice() -> Result<()> {
    const COUNT: i64 = 5_000;
    let story = Story::begin().await?;
    let mut database = story.app.database().await?;
    sqlx::query("SET search_path = customers").execute(&mut database).await?;
    let many = "INSERT INTO customer (id, kind, number, name)
                SELECT gen_random_uuid(), 2, 'n' || n, 'many ' || n FROM generate_series(1, $1) AS n";
    sqlx::query(many).bind(COUNT).execute(&mut database).await?;

    // Somebody holds one of the last customers, so that the run stands in its third batch.
    let mut holder = story.app.database().await?;
    sqlx::query("BEGIN").execute(&mut holder).await?;
    sqlx::query(
        "SELECT FROM customers.customer WHERE id = (SELECT max(id::text)::uuid FROM customers.customer) FOR UPDATE",
    )
    .execute(&mut holder)
    .await?;
    let etag = draft(&story.admin, "level", rules(&[("vip", "name : 7")], "ordinary")).await?["etag"].clone();
    story.admin.post("/v1/gradeSchemes/level:publish", json!({"etag": etag})).await?.ok()?;
    let seen = "SELECT coalesce(max((progress ->> 'seen')::bigint), 0) FROM customers.job
                WHERE kind = 'customers.evaluate' AND payload ->> 'scheme' = 'level'";
    story
        .app
        .until("two batches are done", async || {
            let Ok(mut database) = story.app.database().await else { return false };
            sqlx::query_scalar::<_, i64>(seen).fetch_one(&mut database).await.is_ok_and(|seen| seen == 4_000)
        })
        .await?;
    // As when the process is killed: the lease is somebody else's.
    let lost = "UPDATE customers.job SET lease_owner = gen_random_uuid(), lease_until = now() - interval '1 second'
                WHERE kind = 'customers.evaluate' AND state = 'leased'";
    sqlx::query(lost).execute(&mut database).await?;
    sqlx::query("ROLLBACK").execute(&mut holder).await?;
    let count = "SELECT count(*) FROM customers.customer WHERE level <> ''";
    story
        .app
        .until("all are moved", async || {
            let Ok(mut database) = story.app.database().await else { return false };
            sqlx::query_scalar::<_, i64>(count).fetch_one(&mut database).await.is_ok_and(|count| count == COUNT)
        })
        .await?;
    let twice = "SELECT count(*) FROM (SELECT FROM grade_change GROUP BY customer_id HAVING count(*) > 1) AS many";
    assert_eq!(sqlx::query_scalar::<_, i64>(twice).fetch_one(&mut database).await?, 0);
    story.end().await
}
