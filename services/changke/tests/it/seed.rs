//! The demo company is the same wherever the same seed is sown, and sowing it again adds nothing.

use std::collections::BTreeMap;

use anyhow::Result;
use changke::testkit::{Arrangement, TestApp};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::backup::run;

/// What people see of the company: of employees, customers, contacts and interactions each how many there are and a digest
/// of every row. Ids of employees and groups are each installation's own; names stand for them.
async fn company(database: &mut PgConnection) -> Result<BTreeMap<String, (i64, String)>> {
    let found: Vec<(String, i64, String)> = sqlx::query_as(
        "WITH person AS (
             SELECT e.id, e.login_name, e.display_name, e.phone, g.name AS group_name
             FROM identity.employee AS e LEFT JOIN identity.employee_group AS g ON g.id = e.group_id
         ), everything AS (
             SELECT 'employees' AS kind, to_jsonb(p) - 'id' AS row FROM person AS p
             UNION ALL
             SELECT 'customers', to_jsonb(c) - '{owner_id,group_id,create_user_id,update_user_id}'::text[]
                 || jsonb_build_object('owner', o.login_name, 'group', g.name)
             FROM customers.customer AS c
             LEFT JOIN person AS o ON o.id = c.owner_id
             LEFT JOIN identity.employee_group AS g ON g.id = c.group_id
             UNION ALL
             SELECT 'contacts', to_jsonb(c) FROM customers.contact AS c
             UNION ALL
             SELECT 'interactions', to_jsonb(i) - 'employee_id' || jsonb_build_object('employee', e.login_name)
             FROM customers.interaction AS i LEFT JOIN person AS e ON e.id = i.employee_id
         )
         SELECT kind, count(*), md5(string_agg(md5(row::text), '' ORDER BY md5(row::text))) FROM everything GROUP BY kind",
    )
    .fetch_all(database)
    .await?;
    Ok(found.into_iter().map(|(kind, count, digest)| (kind, (count, digest))).collect())
}

async fn sown(app: &TestApp, plan: &str) -> Result<BTreeMap<String, (i64, String)>> {
    let arguments: Vec<&str> = ["seed", "--customers"].into_iter().chain(plan.split(' ')).collect();
    let (well, said) = run(app, &arguments).await?;
    assert!(well, "{said}");
    company(&mut app.database().await?).await
}

#[tokio::test]
async fn the_same_seed_makes_the_same_company_on_the_same_day() -> Result<()> {
    let apps = [
        TestApp::start_with(Arrangement::Together, |_| {}).await?,
        TestApp::start_with(Arrangement::Together, |_| {}).await?,
        TestApp::start_with(Arrangement::Together, |_| {}).await?,
    ];
    let first = sown(&apps[0], "300 --seed 7 --day 2026-01-05").await?;
    let count = |kind| first[kind].0;
    assert!(count("employees") >= 40 && count("customers") == 300, "{first:?}");
    assert!(count("contacts") > 600 && count("interactions") > 1_500, "{first:?}");
    assert_eq!(sown(&apps[1], "300 --seed 7 --day 2026-01-05").await?, first);
    assert_eq!(sown(&apps[0], "300 --seed 7").await?, first, "a second sowing, today, added something");
    let other = sown(&apps[2], "300 --seed 8 --day 2026-01-05").await?;
    assert_ne!(other["customers"], first["customers"], "the seed changes nothing");
    for app in apps {
        app.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_company_grows_on_a_later_day_as_if_it_had_been_as_large_at_once() -> Result<()> {
    let at_once = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    let grown = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    let whole = sown(&at_once, "1500 --day 2026-01-05").await?;
    assert_eq!(whole["customers"].0, 1_500);
    // A part of the first batch, the rest of it with a part of the second, then what somebody has taken out by force.
    sown(&grown, "300 --day 2026-01-05").await?;
    assert_eq!(sown(&grown, "1200").await?["customers"].0, 1_200);
    let mut database = grown.database().await?;
    sqlx::query("DELETE FROM customers.customer WHERE number IN ('C00000001', 'C00001100')")
        .execute(&mut database)
        .await?;
    assert_eq!(sown(&grown, "1500").await?, whole);
    let documents: (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT id) FROM customers.search_document WHERE NOT of_contact")
            .fetch_one(&mut database)
            .await?;
    assert_eq!(documents, (1_500, 1_500));
    database.close().await?;
    at_once.stop().await?;
    grown.stop().await
}

#[tokio::test]
async fn customers_of_other_people_keep_their_numbers() -> Result<()> {
    let app = TestApp::start_with(Arrangement::Together, |_| {}).await?;
    let admin = app.administrator().await?;
    let person = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李雷"});
    sown(&app, "5").await?;
    let own = admin.post("/v1/customers", person).await?.ok()?;
    assert_eq!(own["number"], "C00000006");
    let (well, said) = run(&app, &["seed", "--customers", "10"]).await?;
    assert!(well && said.contains("1 numbers are other customers', who stay as they are: C00000006"), "{said}");
    assert_eq!(admin.get("/v1/customers?count=true").await?.ok()?["totalCount"], "10");

    let (well, said) = run(&app, &["seed", "--customers", "10", "--seed", "2"]).await?;
    assert!(!well && said.contains("10 numbers are taken") && said.contains("C00000001"), "{said}");
    assert_eq!(admin.get("/v1/customers?count=true").await?.ok()?["totalCount"], "10");
    app.stop().await
}
