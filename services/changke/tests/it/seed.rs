//! The demo company is the same wherever the same seed is sown, and sowing it again adds nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use changke::testkit::{Arrangement, TestApp};
use chrono::{Timelike, Utc};
use sqlx::PgConnection;

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

async fn sown(app: &TestApp, seed: &str) -> Result<BTreeMap<String, (i64, String)>> {
    let (well, said) = run(app, &["seed", "--customers", "300", "--seed", seed]).await?;
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
    // Days are part of the plan, so midnight must not come between.
    let left = 86_400 - u64::from(Utc::now().num_seconds_from_midnight());
    if left < 120 {
        tokio::time::sleep(Duration::from_secs(left)).await;
    }
    let first = sown(&apps[0], "7").await?;
    let count = |kind| first[kind].0;
    assert!(count("employees") >= 40 && count("customers") == 300, "{first:?}");
    assert!(count("contacts") > 600 && count("interactions") > 1_500, "{first:?}");
    assert_eq!(sown(&apps[1], "7").await?, first);
    assert_eq!(sown(&apps[0], "7").await?, first, "a second sowing added something");
    assert_ne!(sown(&apps[2], "8").await?["customers"], first["customers"], "the seed changes nothing");
    for app in apps {
        app.stop().await?;
    }
    Ok(())
}
