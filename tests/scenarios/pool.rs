//! The public pool: of many who claim at once one wins, and quotas hold under the same pressure.

use anyhow::Result;
use changke::testkit::{Session, TestApp};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{a_customer, change, id, sorted, text};

/// A customer in the pool of the group that this person stands in.
async fn pooled(admin: &Session, last_owner: &Session, name: &str) -> Result<String> {
    let id = id(&a_customer(last_owner, name).await?)?;
    admin.post("/v1/customers:assign", json!({"ids": [id], "ownerId": ""})).await?.ok()?;
    Ok(id)
}

#[tokio::test]
async fn of_twenty_claims_at_once_one_wins() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let group = app.group("华北销售", &app.root_group().await?).await?;
    let mut sellers = Vec::new();
    for number in 0..5 {
        sellers.push(app.employee(&format!("claimant{number}"), &group, &["salesperson"]).await?);
    }
    let customer = pooled(&admin, &sellers[0], "燕山钢铁").await?;
    let path = format!("/v1/customers/{customer}:claim");
    let claims = (0..20).map(|number| sellers[number % 5].post(&path, json!({})));
    let answers: Vec<_> = join_all(claims).await.into_iter().collect::<Result<_>>()?;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!(won.len(), 1, "{won:?}");
    for answer in lost {
        answer.refused(422, "ALREADY_CLAIMED")?;
    }
    let owner = &admin.get(&format!("/v1/customers/{customer}")).await?.ok()?["ownerId"];
    assert_eq!(owner, &won[0].body["ownerId"]);
    let mut database = app.database().await?;
    let claims: i64 =
        sqlx::query_scalar("SELECT count(*) FROM customers.audit_entry WHERE action = 'customer.claimed'")
            .fetch_one(&mut database)
            .await?;
    assert_eq!(claims, 1);
    app.stop().await
}

#[tokio::test]
async fn a_quota_holds_however_the_claims_come() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let group = app.group("华南销售", &app.root_group().await?).await?;
    let seller = app.employee("seller", &group, &["salesperson"]).await?;
    let other = app.employee("other", &group, &["salesperson"]).await?;
    let mut customers = Vec::new();
    for number in 0..8 {
        customers.push(pooled(&admin, &other, &format!("南岭 {number}")).await?);
    }
    change(&admin, "/v1/pool/rule", json!({"maxClaimsPerDay": 3})).await?;
    let claims = async |caller: &Session, customers: &[String]| -> Result<(usize, Vec<Value>)> {
        let claim = async |id: &String| caller.post(&format!("/v1/customers/{id}:claim"), json!({})).await;
        let answers = join_all(customers.iter().map(claim)).await.into_iter().collect::<Result<Vec<_>>>()?;
        let won = answers.iter().filter(|answer| answer.status.is_success()).count();
        Ok((won, answers.into_iter().filter(|answer| !answer.status.is_success()).map(|answer| answer.body).collect()))
    };
    let (won, refused) = claims(&seller, &customers).await?;
    assert_eq!(won, 3, "{refused:?}");
    assert!(refused.iter().all(|problem| problem["reason"] == "CLAIM_QUOTA_EXCEEDED"), "{refused:?}");
    // Giving one back doesn't give the day's claim back.
    let owned = seller.get("/v1/customers").await?.ok()?;
    let first = &owned["customers"][0];
    let back = json!({"reason": "no answer", "etag": first["etag"]});
    seller.post(&format!("/v1/customers/{}:return", id(first)?), back).await?.ok()?;
    assert_eq!(claims(&seller, &[id(first)?]).await?.0, 0);

    change(&admin, "/v1/pool/rule", json!({"maxClaimsPerDay": 0, "maxOwned": 4})).await?;
    let free: Vec<String> =
        sorted(admin.get("/v1/pool/customers").await?.ok()?["customers"].as_array().unwrap_or(&vec![]), "id");
    assert_eq!(free.len(), 6);
    let (won, refused) = claims(&seller, &free).await?;
    assert_eq!(won, 2, "two owned already: {refused:?}");
    assert!(refused.iter().all(|problem| problem["reason"] == "OWNED_QUOTA_EXCEEDED"), "{refused:?}");
    assert_eq!(seller.get("/v1/customers?count=true").await?.ok()?["totalCount"], "4");
    app.stop().await
}

#[tokio::test]
async fn of_claims_of_many_at_once_each_customer_goes_to_one() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let group = app.group("华中销售", &app.root_group().await?).await?;
    let mut sellers = Vec::new();
    for number in 0..3 {
        sellers.push(app.employee(&format!("gatherer{number}"), &group, &["salesperson"]).await?);
    }
    let mut customers = Vec::new();
    for number in 0..30 {
        customers.push(pooled(&admin, &sellers[0], &format!("洞庭 {number}")).await?);
    }
    let rest = &admin.get("/v1/pools").await?.ok()?["pools"][0];
    change(&admin, &format!("/v1/pools/{}", id(rest)?), json!({"maxClaimsPerDay": 7})).await?;
    // Everybody asks for all, twice, in an order of their own.
    let claims = (0..6).map(|number| {
        let mut ids = customers.clone();
        ids.rotate_left(number * 5);
        if number % 2 == 1 {
            ids.reverse();
        }
        let seller = &sellers[number % 3];
        async move { seller.post("/v1/customers:claim", json!({"ids": ids})).await?.ok() }
    });
    let answers: Vec<Value> = join_all(claims).await.into_iter().collect::<Result<_>>()?;
    let outcomes = answers.iter().flat_map(|answer| answer["outcomes"].as_array().into_iter().flatten());
    let mut won: Vec<String> = outcomes
        .filter(|outcome| outcome["customer"].is_object())
        .map(|outcome| text(&outcome["customerId"]))
        .collect();
    assert_eq!(won.len(), 21, "three times the quota");
    won.sort();
    won.dedup();
    assert_eq!(won.len(), 21, "nobody's is somebody else's too");
    for seller in &sellers {
        assert_eq!(seller.get("/v1/customers?count=true").await?.ok()?["totalCount"], "7");
    }
    app.stop().await
}

#[tokio::test]
async fn the_pool_hides_contact_data_and_stays_within_its_groups() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let (north, south) = (app.group("北方", &root).await?, app.group("南方", &root).await?);
    let northerner = app.employee("north", &north, &["salesperson"]).await?;
    let southerner = app.employee("south", &south, &["salesperson"]).await?;
    let body = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "解晓东", "phone": "13912345678", "email": "xie@example.com",
        "idNumber": "110101199003077715", "remark": "", "ownerId": northerner.employee_id,
    });
    let customer = id(&admin.post("/v1/customers", body).await?.ok()?)?;
    admin.post("/v1/customers:assign", json!({"ids": [customer], "ownerId": ""})).await?.ok()?;

    let seen = northerner.get("/v1/pool/customers").await?.ok()?;
    assert_eq!(sorted(seen["customers"].as_array().unwrap_or(&vec![]), "id"), std::slice::from_ref(&customer));
    let shown = seen.to_string();
    for secret in ["13912345678", "5678", "xie@", "110101"] {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
    assert_eq!(southerner.get("/v1/pool/customers").await?.ok()?["customers"], json!([]));
    southerner.post(&format!("/v1/customers/{customer}:claim"), json!({})).await?.refused(404, "NOT_FOUND")?;
    // A pool that can't be read can't be asked either.
    for filter in [r#"phone : "139""#, r#"email : "xie""#] {
        let answer = crate::support::query(&northerner, "/v1/pool/customers", &[("filter", filter)]).await?;
        assert_eq!(answer.status.as_u16(), 400, "{filter}: {}", answer.body);
    }
    let claimed = northerner.post(&format!("/v1/customers/{customer}:claim"), json!({})).await?.ok()?;
    assert_eq!(
        (text(&claimed["phone"]), text(&claimed["ownerId"])),
        ("13912345678".into(), northerner.employee_id.clone())
    );
    app.stop().await
}
