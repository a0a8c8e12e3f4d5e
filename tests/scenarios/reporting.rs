//! Customer composition: it counts what a plain count of the list gives, follows every change, remembers how things stood,
//! and comes out the same when it is built anew.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use changke::testkit::{Session, TestApp};
use serde_json::{Value, json};

use crate::support::{all_pages, change, id, query, text};

const DIMENSIONS: [&str; 8] = ["REGION", "INDUSTRY", "LEVEL", "SOURCE", "MONTH", "GRADE", "KIND", "OWNER"];

/// Twenty-four customers, no two dimensions cutting them alike.
async fn twenty_four(admin: &Session, owners: &[&Session]) -> Result<Vec<Value>> {
    let regions = ["330106", "330102", "310101", "500103", ""];
    let levels = ["vip", "ordinary", "potential", ""];
    let kinds = ["CUSTOMER_KIND_PERSON", "CUSTOMER_KIND_ORGANIZATION", "CUSTOMER_KIND_ORGANIZATION"];
    let mut customers = Vec::new();
    for number in 0..24 {
        let body = json!({
            "kind": kinds[number % kinds.len()],
            "name": format!("客户 {number}"),
            "region": regions[number % regions.len()],
            "level": levels[number % levels.len()],
            "source": if number % 7 == 0 { code(admin, "source").await? } else { String::new() },
            "industry": if number % 2 == 0 { code(admin, "industry").await? } else { String::new() },
            "ownerId": owners[number % owners.len()].employee_id,
        });
        customers.push(admin.post("/v1/customers", body).await?.ok()?);
    }
    Ok(customers)
}

async fn code(admin: &Session, dictionary: &str) -> Result<String> {
    let entries = admin.get(&format!("/v1/dictionaries/{dictionary}/entries")).await?.ok()?;
    Ok(text(&entries["entries"][0]["code"]))
}

async fn composition(reader: &Session, parameters: &[(&str, &str)]) -> Result<Value> {
    query(reader, "/v1/reports/composition", parameters).await?.ok()
}

fn counts(composition: &Value) -> BTreeMap<(String, String), u64> {
    let slices = composition["slices"].as_array().into_iter().flatten();
    slices
        .map(|slice| {
            ((text(&slice["key"]), text(&slice["seriesKey"])), text(&slice["count"]).parse().unwrap_or_default())
        })
        .collect()
}

/// Every dimension's figures, as they stand.
async fn everything(reader: &Session) -> Result<Vec<BTreeMap<(String, String), u64>>> {
    let mut all = Vec::new();
    for dimension in DIMENSIONS {
        let name = format!("DIMENSION_{dimension}");
        let series = if dimension == "LEVEL" { "DIMENSION_KIND" } else { "DIMENSION_LEVEL" };
        all.push(counts(&composition(reader, &[("dimension", &name), ("series", series)]).await?));
    }
    Ok(all)
}

async fn caught_up(app: &TestApp, reader: &Session, total: usize) -> Result<()> {
    let total = total.to_string();
    app.until("the reports have caught up", async || {
        let found = composition(reader, &[("dimension", "DIMENSION_LEVEL")]).await;
        found.is_ok_and(|found| {
            found["totalCount"] == total.as_str()
                && found["feed"]["pendingEventCount"] == "0"
                && found["feed"]["rebuilding"] == false
        })
    })
    .await
}

#[tokio::test]
async fn each_slice_counts_the_customers_that_its_filter_lists() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let seller = app.employee("seller", &root, &["salesperson"]).await?;
    let customers = twenty_four(&admin, &[&admin, &seller, &seller]).await?;
    // Or one that is not counted yet would make up for one that is not taken out.
    caught_up(&app, &admin, 24).await?;
    let gone = &customers[5];
    let path = format!("/v1/customers/{}", id(gone)?);
    admin.post(&format!("{path}:invalidate"), json!({"reason": "double", "etag": gone["etag"]})).await?.ok()?;
    caught_up(&app, &admin, 23).await?;

    for (reader, total) in [(&admin, 23), (&seller, 15)] {
        for dimension in DIMENSIONS {
            for (level, filter) in [("0", ""), ("2", r#"kind = ORGANIZATION OR level = "vip""#), ("3", "")] {
                let name = format!("DIMENSION_{dimension}");
                let parameters = [
                    ("dimension", name.as_str()),
                    ("regionLevel", level),
                    ("filter", filter),
                    ("series", "DIMENSION_UNSPECIFIED"),
                ];
                let found = composition(reader, &parameters).await?;
                let slices = found["slices"].as_array().context("slices")?;
                let mut sum = 0;
                for slice in slices {
                    let listed =
                        all_pages(reader, "/v1/customers", &[("filter", &text(&slice["filter"]))], "customers", 50)
                            .await?;
                    assert_eq!(text(&slice["count"]), listed.len().to_string(), "{dimension} {level} {slice}");
                    sum += listed.len();
                }
                assert_eq!(text(&found["totalCount"]), sum.to_string(), "{dimension}");
                assert!(!filter.is_empty() || sum == total, "{dimension}: {sum} of {total}");
            }
        }
    }
    // Cut twice, the slices still add up, and each leads to its customers.
    let parameters = [("dimension", "DIMENSION_REGION"), ("series", "DIMENSION_LEVEL"), ("regionLevel", "2")];
    let crossed = composition(&admin, &parameters).await?;
    assert!(crossed["slices"].as_array().is_some_and(|slices| slices.len() > 8), "{crossed}");
    for slice in crossed["slices"].as_array().into_iter().flatten() {
        let listed =
            query(&admin, "/v1/customers", &[("filter", &text(&slice["filter"])), ("count", "true")]).await?.ok()?;
        assert_eq!(slice["count"], listed["totalCount"], "{slice}");
    }
    assert_eq!(counts(&crossed).values().sum::<u64>(), 23);
    app.stop().await
}

#[tokio::test]
async fn the_figures_follow_changes_and_remember_how_things_stood() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "曾小贤", "level": "ordinary"});
    let path = format!("/v1/customers/{}", id(&admin.post("/v1/customers", customer).await?.ok()?)?);
    let by_level = async |as_of: &str| -> Result<Vec<String>> {
        let mut parameters = vec![("dimension", "DIMENSION_LEVEL")];
        if !as_of.is_empty() {
            parameters.push(("asOf", as_of));
        }
        Ok(counts(&composition(&admin, &parameters).await?).into_keys().map(|(level, _)| level).collect())
    };
    let stands = async |level: &str| {
        app.until("the figures follow", async || by_level("").await.is_ok_and(|levels| levels == [level])).await
    };
    stands("ordinary").await?;
    let mut moments = Vec::new();
    for level in ["potential", "vip"] {
        // As-of figures are to the second: the change comes in a later one.
        let moment = chrono::Utc::now();
        app.until("a second has passed", async || chrono::Utc::now().timestamp() > moment.timestamp() + 1).await?;
        moments.push((moment.timestamp() + 1, level));
        change(&admin, &path, json!({"level": level})).await?;
        stands(level).await?;
    }
    let before =
        |second: i64| chrono::DateTime::from_timestamp(second, 0).map(|time| time.to_rfc3339()).context("time");
    assert_eq!(by_level(&before(moments[0].0)?).await?, ["ordinary"]);
    assert_eq!(by_level(&before(moments[1].0)?).await?, ["potential"]);
    assert_eq!(by_level("2020-01-01T00:00:00Z").await?, Vec::<String>::new());
    assert_eq!(by_level("2999-01-01T00:00:00Z").await?, ["vip"]);
    app.stop().await
}

#[tokio::test]
async fn what_is_built_anew_is_what_was_there() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let analyst = app.employee("analyst", &root, &["analyst"]).await?;
    let seller = app.employee("seller", &root, &["salesperson"]).await?;
    let customers = twenty_four(&admin, &[&admin, &seller]).await?;
    for customer in customers.iter().take(6) {
        let path = format!("/v1/customers/{}", id(customer)?);
        change(&admin, &path, json!({"level": "vip"})).await?;
        change(&admin, &path, json!({"industry": ""})).await?;
    }
    // One lent to the seller, one lent and taken back: shares are rebuilt too.
    for (number, keep) in [(0, true), (2, false)] {
        let shares = format!("/v1/customers/{}/shares", id(&customers[number])?);
        let share = admin.post(&shares, json!({"employeeId": seller.employee_id})).await?.ok()?;
        if !keep {
            admin.delete(&format!("/v1/shares/{}", id(&share)?)).await?.ok()?;
        }
    }
    caught_up(&app, &admin, 24).await?;
    app.until("the share counts", async || {
        let found = composition(&seller, &[("dimension", "DIMENSION_LEVEL")]).await;
        found.is_ok_and(|found| found["totalCount"] == "13")
    })
    .await?;
    let (all, own) = (everything(&admin).await?, everything(&seller).await?);
    assert!(all.iter().all(|figures| figures.values().sum::<u64>() == 24), "{all:?}");

    analyst.post("/v1/reports:rebuild", json!({})).await?.refused(403, "PERMISSION_DENIED")?;
    for _ in 0..2 {
        admin.post("/v1/reports:rebuild", json!({})).await?.ok()?;
        // Changes go on meanwhile.
        change(&admin, &format!("/v1/customers/{}", id(&customers[20])?), json!({"remark": "rebuilt"})).await?;
        caught_up(&app, &admin, 24).await?;
        assert_eq!(everything(&admin).await?, all);
        assert_eq!(everything(&seller).await?, own);
        assert_eq!(everything(&analyst).await?, all);
    }
    let mut database = app.database().await?;
    let current: i64 = sqlx::query_scalar("SELECT count(*) FROM reporting.dim_customer WHERE valid_to IS NULL")
        .fetch_one(&mut database)
        .await?;
    assert_eq!(current, 24, "one current version a customer");
    app.stop().await
}

#[tokio::test]
async fn figures_outlive_the_events_that_they_come_from() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let customers = twenty_four(&admin, &[&admin]).await?;
    caught_up(&app, &admin, 24).await?;
    let all = everything(&admin).await?;
    platform::events::connect(&app.config.nats).await?.stream().await?.purge().await?;
    admin.post("/v1/reports:rebuild", json!({})).await?.refused(422, "EVENTS_LOST")?;
    // Later events don't make up for those that are gone.
    change(&admin, &format!("/v1/customers/{}", id(&customers[3])?), json!({"remark": "later"})).await?;
    caught_up(&app, &admin, 24).await?;
    admin.post("/v1/reports:rebuild", json!({})).await?.refused(422, "EVENTS_LOST")?;
    assert_eq!(everything(&admin).await?, all);
    app.stop().await
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    for parameters in [
        &[("dimension", "DIMENSION_UNSPECIFIED")][..],
        &[("dimension", "DIMENSION_LEVEL"), ("series", "DIMENSION_LEVEL")],
        &[("dimension", "DIMENSION_LEVEL"), ("filter", "name = \"x\"")],
        &[("dimension", "DIMENSION_LEVEL"), ("filter", "phone : \"138\"")],
        &[("dimension", "DIMENSION_MONTH"), ("timeZone", "Asia/Atlantis")],
        &[("dimension", "DIMENSION_REGION"), ("regionLevel", "4")],
        &[("dimension", "DIMENSION_LEVEL"), ("asOf", "yesterday")],
    ] {
        let answer = query(&admin, "/v1/reports/composition", parameters).await?;
        assert_eq!(answer.status.as_u16(), 400, "{parameters:?}: {}", answer.body);
        let fields = answer.body["fieldViolations"].as_array().context("violations")?;
        assert_eq!(text(&fields[0]["field"]), parameters[parameters.len() - 1].0, "{}", answer.body);
    }
    app.stop().await
}
