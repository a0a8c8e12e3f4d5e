//! Why somebody may see a customer, as an administrator is told.

use anyhow::{Context as _, Result};
use changke::testkit::TestApp;
use serde_json::{Value, json};

use crate::support::{a_role, change, id, query};

/// Kinds of the reasons for reading, and whether it is allowed.
fn reading(access: &Value) -> Result<(bool, Vec<&str>)> {
    let decisions = access["decisions"].as_array().context("decisions")?;
    let read = decisions.iter().find(|decision| decision["permission"] == "PERMISSION_CUSTOMERS_READ");
    let read = read.context("reading")?;
    let reasons = read["reasons"].as_array().context("reasons")?;
    let kinds = reasons.iter().filter_map(|reason| reason["kind"].as_str()?.strip_prefix("ACCESS_REASON_KIND_"));
    Ok((read["allowed"] == true, kinds.collect()))
}

#[tokio::test]
async fn an_administrator_is_told_why_somebody_sees_a_customer() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let [west, south] = [app.group("west", &root).await?, app.group("south", &root).await?];
    let owner = app.employee("owner", &south, &[]).await?;
    let other = app.employee("other", &west, &[]).await?;
    let other_path = format!("/v1/employees/{}", other.employee_id);
    let body = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "Kunlun", "ownerId": owner.employee_id});
    let customer = id(&admin.post("/v1/customers", body).await?.ok()?)?;
    let explained = async |who: &str| {
        query(&admin, &format!("/v1/customers/{customer}/access"), &[("employeeId", who)]).await?.ok()
    };

    // Each service hears of a change within moments.
    let told = async |allowed: bool, kinds: &[&str]| {
        app.until("the explanation is that of the rules", async || {
            let access = explained(&other.employee_id).await;
            access.is_ok_and(|access| reading(&access).is_ok_and(|found| found == (allowed, kinds.to_vec())))
        })
        .await
    };
    told(false, &["NO_GRANT"]).await?;
    let own = a_role(&admin, "own", &[("CUSTOMERS_READ", "OWN")]).await?;
    change(&admin, &other_path, json!({"roleIds": [own]})).await?;
    told(false, &["OUT_OF_SCOPE"]).await?;
    let share = json!({"employeeId": other.employee_id});
    admin.post(&format!("/v1/customers/{customer}/shares"), share).await?.ok()?;
    told(true, &["SHARED_WITH_PERSON"]).await?;

    // A second role adds to the first, and both grounds are named.
    let grant = json!({"permission": "PERMISSION_CUSTOMERS_READ", "scope": "SCOPE_CHOSEN_GROUPS", "groupIds": [south]});
    let chosen = id(&admin.post("/v1/roles", json!({"name": "south", "grants": [grant]})).await?.ok()?)?;
    change(&admin, &other_path, json!({"roleIds": [own, chosen]})).await?;
    told(true, &["CHOSEN_GROUP", "SHARED_WITH_PERSON"]).await?;
    let summary = admin.get(&format!("{other_path}/access")).await?.ok()?;
    let read = &summary["permissions"][0];
    assert_eq!(read["permission"], "PERMISSION_CUSTOMERS_READ");
    assert_eq!(read["scope"], "SCOPE_OWN");
    assert_eq!(read["groups"], json!([{"id": south, "name": "south"}]));
    assert_eq!(read["sources"].as_array().map(Vec::len), Some(2));
    assert_eq!(read["sources"][1]["groupNames"], json!(["south"]));

    // The group goes, and with it the grant that named no other.
    admin.delete(&format!("/v1/groups/{south}")).await?.ok()?;
    let role = admin.get(&format!("/v1/roles/{chosen}")).await?.ok()?;
    assert_eq!(role["grants"], json!([]));
    admin.post(&format!("{other_path}:disable"), json!({})).await?.ok()?;
    told(false, &["INACTIVE"]).await?;

    // Whoever may not ask learns nothing, not even that there is such a person or customer.
    assert_eq!(
        owner.get(&format!("/v1/customers/{customer}/access?employeeId={}", other.employee_id)).await?.status.as_u16(),
        403
    );
    let asks = a_role(&admin, "asks", &[("ACCESS_EXPLAIN", "GROUP"), ("CUSTOMERS_READ", "ALL")]).await?;
    change(&admin, &format!("/v1/employees/{}", owner.employee_id), json!({"roleIds": [asks]})).await?;
    app.until("the record is not there for who may ask of others", async || {
        let path = format!("/v1/customers/{customer}/access?employeeId={}", other.employee_id);
        owner.get(&path).await.is_ok_and(|refused| refused.status.as_u16() == 404)
    })
    .await?;
    app.stop().await
}

/// Whether a permission is allowed, and by which kinds of reasons.
fn decided(access: &Value, permission: &str) -> Result<(bool, Vec<String>)> {
    let decisions = access["decisions"].as_array().context("decisions")?;
    let decision = decisions.iter().find(|decision| decision["permission"] == format!("PERMISSION_{permission}"));
    let decision = decision.with_context(|| format!("no decision on {permission}"))?;
    let reasons = decision["reasons"].as_array().context("reasons")?;
    let kinds = reasons.iter().filter_map(|reason| reason["kind"].as_str()?.strip_prefix("ACCESS_REASON_KIND_"));
    Ok((decision["allowed"] == true, kinds.map(str::to_owned).collect()))
}

#[tokio::test]
async fn an_administrator_is_told_why_somebody_may_claim_a_customer() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let [west, south] = [app.group("west", &root).await?, app.group("south", &root).await?];
    let owner = app.employee("owner", &south, &["salesperson"]).await?;
    let claimer = app.employee("claimer", &west, &[]).await?;
    let body = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": "Kunlun", "ownerId": owner.employee_id});
    let customer = id(&admin.post("/v1/customers", body).await?.ok()?)?;
    let told = async |allowed: bool, kinds: &[&str]| {
        app.until("the explanation is that of the rules", async || {
            let path = format!("/v1/customers/{customer}/access");
            let access = query(&admin, &path, &[("employeeId", &claimer.employee_id)]).await;
            let access =
                access.and_then(changke::testkit::Answer::ok).and_then(|access| decided(&access, "CUSTOMERS_CLAIM"));
            access.is_ok_and(|found| found == (allowed, kinds.iter().map(ToString::to_string).collect()))
        })
        .await
    };
    // And so it is.
    let claims = async |status: u16| {
        let answer = claimer.post(&format!("/v1/customers/{customer}:claim"), json!({})).await?;
        anyhow::ensure!(answer.status.as_u16() == status, "{} {}", answer.status, answer.body);
        anyhow::Ok(())
    };
    told(false, &["NO_GRANT"]).await?;
    let grant = async |name: &str, grant: Value| {
        let role = id(&admin.post("/v1/roles", json!({"name": name, "grants": [grant]})).await?.ok()?)?;
        change(&admin, &format!("/v1/employees/{}", claimer.employee_id), json!({"roleIds": [role]})).await
    };
    let permission = "PERMISSION_CUSTOMERS_CLAIM";
    grant("own", json!({"permission": permission, "scope": "SCOPE_OWN"})).await?;
    told(false, &["NOT_IN_POOL"]).await?;
    claims(404).await?;
    owner.post(&format!("/v1/customers/{customer}:return"), json!({"reason": "no_need"})).await?.ok()?;
    told(false, &["OUT_OF_SCOPE"]).await?;
    claims(404).await?;
    grant("chosen", json!({"permission": permission, "scope": "SCOPE_CHOSEN_GROUPS", "groupIds": [south]})).await?;
    told(true, &["CHOSEN_GROUP"]).await?;
    claims(200).await?;
    told(false, &["NOT_IN_POOL"]).await?;
    app.stop().await
}

#[tokio::test]
async fn an_administrator_is_told_why_somebody_sees_an_employee() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let [west, south] = [app.group("west", &root).await?, app.group("south", &root).await?];
    let seen = app.employee("seen", &south, &[]).await?;
    let looker = app.employee("looker", &west, &[]).await?;
    let path = format!("/v1/employees/{}/access:explain", seen.employee_id);
    let told = async |of: &str, permission: &str, allowed: bool, kinds: &[&str]| {
        app.until("the explanation is that of the rules", async || {
            let access = query(&admin, &path, &[("employeeId", of)]).await.and_then(changke::testkit::Answer::ok);
            let access = access.and_then(|access| decided(&access, permission));
            access.is_ok_and(|found| found == (allowed, kinds.iter().map(ToString::to_string).collect()))
        })
        .await
    };
    told(&looker.employee_id, "EMPLOYEES_READ", false, &["NO_GRANT"]).await?;
    let role = a_role(&admin, "people", &[("EMPLOYEES_READ", "GROUP_AND_BELOW"), ("EMPLOYEES_MANAGE", "OWN")]).await?;
    for person in [&looker, &seen] {
        change(&admin, &format!("/v1/employees/{}", person.employee_id), json!({"roleIds": [role]})).await?;
    }
    told(&looker.employee_id, "EMPLOYEES_READ", false, &["OUT_OF_SCOPE"]).await?;
    // Everybody owns their own record.
    told(&seen.employee_id, "EMPLOYEES_MANAGE", true, &["OWNER"]).await?;
    change(&admin, &format!("/v1/employees/{}", looker.employee_id), json!({"groupId": root})).await?;
    told(&looker.employee_id, "EMPLOYEES_READ", true, &["GROUP"]).await?;
    let answer = looker.get(&format!("/v1/employees/{}", seen.employee_id)).await?;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    // Whoever may not ask is told nothing.
    let refused = query(&looker, &path, &[("employeeId", &seen.employee_id)]).await?;
    assert_eq!(refused.status.as_u16(), 403, "{}", refused.body);
    app.stop().await
}
