//! Points: a ledger that always sums up.

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session};
use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, each, refusals, violations};

async fn points(writer: &Session, customer: &str, verb: &str, body: Value) -> Result<Answer> {
    writer.post(&format!("/v1/customers/{customer}/points:{verb}"), body).await
}

async fn balance(reader: &Session, customer: &str) -> Result<i64> {
    let account = reader.get(&format!("/v1/customers/{customer}/points")).await?.ok()?;
    Ok(account["balance"].as_str().context("no balance")?.parse()?)
}

/// The ledger against what is kept beside it.
async fn sums_up(story: &Story) -> Result<()> {
    let wrong = "SELECT count(*) FROM customers.point_account AS a
        WHERE a.balance <> (SELECT sum(amount) FROM customers.point_entry AS e WHERE e.customer_id = a.customer_id)
           OR GREATEST(a.balance, 0) <>
              (SELECT coalesce(sum(remaining), 0) FROM customers.point_lot AS l WHERE l.customer_id = a.customer_id)";
    assert_eq!(sqlx::query_scalar::<_, i64>(wrong).fetch_one(&mut story.app.database().await?).await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_ledger_adds_up_and_never_falls_below_zero_unasked() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "甲").await?;
    assert_eq!(balance(li_lei, &customer).await?, 0);
    let order = json!({"amount": "100", "source": "order/1", "reason": "下单"});
    let earned = points(li_lei, &customer, "earn", order.clone()).await?.ok()?;
    assert_eq!((&earned["balance"], &earned["kind"]), (&json!("100"), &json!("POINT_ENTRY_KIND_EARNED")));
    let again = points(li_lei, &customer, "earn", order).await?.ok()?;
    assert_eq!(again["id"], earned["id"], "a source earns once");
    let other = json!({"amount": "200", "source": "order/1"});
    points(li_lei, &customer, "earn", other).await?.refused(409, "POINT_SOURCE_USED")?;
    points(li_lei, &customer, "spend", json!({"amount": "101", "source": "gift/1"}))
        .await?
        .refused(422, "POINTS_SHORT")?;
    let spent = points(li_lei, &customer, "spend", json!({"amount": "60", "source": "gift/1"})).await?.ok()?;
    assert_eq!((&spent["balance"], &spent["amount"]), (&json!("40"), &json!("-60")));

    // What was spent can't be taken back by reversing what earned it.
    let reverse = async |id: &Value| {
        let path = format!("/v1/customers/{customer}/pointEntries/{}:reverse", id.as_str().unwrap_or_default());
        li_lei.post(&path, json!({"reason": "录错"})).await
    };
    reverse(&earned["id"]).await?.refused(422, "POINTS_SHORT")?;
    let back = reverse(&spent["id"]).await?.ok()?;
    assert_eq!((&back["balance"], &back["reversesId"]), (&json!("100"), &spent["id"]));
    reverse(&spent["id"]).await?.refused(422, "POINT_ENTRY_REVERSED")?;
    reverse(&back["id"]).await?.refused(422, "POINT_ENTRY_IRREVERSIBLE")?;

    let take = |amount: &str, below_zero: bool| json!({"amount": amount, "reason": "更正", "belowZero": below_zero});
    points(li_lei, &customer, "adjust", take("-130", false)).await?.refused(422, "POINTS_SHORT")?;
    points(li_lei, &customer, "adjust", take("-130", true)).await?.ok()?;
    assert_eq!(balance(li_lei, &customer).await?, -30);
    points(li_lei, &customer, "earn", json!({"amount": "50", "source": "order/2"})).await?.ok()?;
    assert_eq!(balance(li_lei, &customer).await?, 20);
    sums_up(&story).await?;
    let none = points(li_lei, &customer, "adjust", take("0", false)).await?;
    assert_eq!(violations(&none), refusals(&[("amount", "VALUE_INVALID")]));

    let entries = all_pages(li_lei, &format!("/v1/customers/{customer}/pointEntries"), "entries", 2).await?;
    let amounts: Vec<&str> = entries.iter().map(|entry| entry["amount"].as_str().unwrap_or_default()).collect();
    assert_eq!(amounts, ["50", "-130", "60", "-60", "100"]);
    points(han_mei, &customer, "earn", json!({"amount": "1", "source": "x"})).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("/v1/customers/{customer}/points")).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("/v1/customers/{customer}/pointEntries")).await?.refused(404, "NOT_FOUND")?;
    for statement in ["UPDATE customers.point_entry SET amount = 1", "DELETE FROM customers.point_entry"] {
        assert!(sqlx::query(statement).execute(&mut story.app.database().await?).await.is_err(), "{statement}");
    }
    story.end().await
}

#[tokio::test]
async fn many_who_spend_at_once_spend_no_more_than_there_is() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "甲").await?;
    for order in 0..5 {
        let earn = json!({"amount": "10", "source": format!("order/{order}")});
        points(li_lei, &customer, "earn", earn).await?.ok()?;
    }
    let spend = (0..12).map(|gift| {
        points(li_lei, &customer, "spend", json!({"amount": "7", "source": format!("gift/{}", gift % 10)}))
    });
    let answers = join_all(spend).await.into_iter().collect::<Result<Vec<_>>>()?;
    let spent: std::collections::BTreeSet<String> = answers
        .iter()
        .filter(|answer| answer.status.is_success())
        .map(|answer| answer.body["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(spent.len(), 7, "49 of 50 are spent, each source once");
    assert!(answers.iter().all(|answer| answer.status.is_success() || answer.body["reason"] == json!("POINTS_SHORT")));
    assert_eq!(balance(li_lei, &customer).await?, 1);
    sums_up(&story).await?;
    story.end().await
}

#[tokio::test]
async fn what_runs_out_first_is_spent_first_and_is_gone_when_it_has() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let customer = a_customer(li_lei, "甲").await?;
    let in_days = |days: i64| (Utc::now() + TimeDelta::days(days)).to_rfc3339();
    for (source, days) in [("late", 20), ("soon", 10)] {
        let earn = json!({"amount": "100", "source": source, "expireTime": in_days(days)});
        points(li_lei, &customer, "earn", earn).await?.ok()?;
    }
    points(li_lei, &customer, "earn", json!({"amount": "100", "source": "never"})).await?.ok()?;
    points(li_lei, &customer, "spend", json!({"amount": "130", "source": "gift"})).await?.ok()?;
    let account = li_lei.get(&format!("/v1/customers/{customer}/points")).await?.ok()?;
    assert_eq!((&account["balance"], &account["nextExpireAmount"]), (&json!("170"), &json!("70")));

    let past = "UPDATE customers.point_lot SET expire_time = now() - interval '1 second' WHERE remaining = 70";
    sqlx::query(past).execute(&mut story.app.database().await?).await?;
    assert_eq!(balance(li_lei, &customer).await?, 100, "it is gone before it is written off");
    points(li_lei, &customer, "spend", json!({"amount": "101", "source": "more"}))
        .await?
        .refused(422, "POINTS_SHORT")?;
    let due = "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.points_expiry' AND state = 'pending'";
    let page = format!("/v1/customers/{customer}/pointEntries");
    story
        .app
        .until("it is written off", async || {
            let Ok(mut database) = story.app.database().await else { return false };
            let made_due = sqlx::query(due).execute(&mut database).await.is_ok();
            let entries = async { li_lei.get(&page).await?.ok() };
            made_due
                && entries.await.is_ok_and(|entries| each(&entries, "entries", "kind")[0] == "POINT_ENTRY_KIND_EXPIRED")
        })
        .await?;
    assert_eq!(balance(li_lei, &customer).await?, 100);
    sums_up(&story).await?;
    story.end().await
}

#[tokio::test]
async fn points_move_a_customer_to_another_level() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let customer = a_customer(li_lei, "甲").await?;
    let path = "/v1/gradeSchemes/level";
    let etag = admin.get(path).await?.ok()?["etag"].clone();
    let rules = json!({"rules": [{"code": "vip", "filter": "metrics.points >= 1000"}], "defaultCode": "ordinary"});
    let etag = admin.patch(path, json!({"draft": rules, "etag": etag})).await?.ok()?["etag"].clone();
    admin.post(&format!("{path}:publish"), json!({"etag": etag})).await?.ok()?;
    for (amount, level) in [("999", "ordinary"), ("1", "vip")] {
        points(li_lei, &customer, "earn", json!({"amount": amount, "source": format!("order/{amount}")}))
            .await?
            .ok()?;
        story
            .app
            .until("the level follows", async || {
                let found = async { li_lei.get(&format!("/v1/customers/{customer}")).await?.ok() };
                found.await.is_ok_and(|found| found["level"] == json!(level))
            })
            .await?;
    }
    story.end().await
}
