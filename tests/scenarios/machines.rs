//! Programs that call with API keys, and what a key must not lead to.

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{a_customer, a_role, id, refusals, text};

/// A program with a key, and the key's id.
struct Machine {
    caller: Session,
    key: Value,
}

fn with_key(app: &TestApp, key: &str) -> Session {
    let mut caller = app.anonymous();
    key.clone_into(&mut caller.access_token);
    caller
}

async fn an_account(admin: &Session, name: &str, role_ids: &[&str]) -> Result<Value> {
    admin.post("/v1/serviceAccounts", json!({"displayName": name, "roleIds": role_ids})).await?.ok()
}

async fn a_key(app: &TestApp, admin: &Session, account: &str, permissions: &[&str]) -> Result<Machine> {
    let body = json!({"name": "nightly", "permissions": permissions});
    let created = admin.post(&format!("/v1/serviceAccounts/{account}/apiKeys"), body).await?.ok()?;
    let caller = with_key(app, &text(&created["key"]));
    // Each service hears of a new account within moments.
    app.until("the account is known", async || {
        caller.get("/v1/customers").await.is_ok_and(|answer| answer.status.as_u16() != 401)
    })
    .await?;
    Ok(Machine { caller, key: created["apiKey"].clone() })
}

async fn a_reader(admin: &Session) -> Result<String> {
    a_role(admin, "reader", &[("CUSTOMERS_READ", "ALL"), ("CUSTOMERS_CREATE", "ALL"), ("CONTACTS_READ", "ALL")]).await
}

#[tokio::test]
async fn a_program_calls_with_a_key_until_it_is_revoked() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    a_customer(&admin, "泰山化工").await?;
    let account = an_account(&admin, "报表程序", &[&a_reader(&admin).await?]).await?;
    let account_id = id(&account)?;
    let machine = a_key(&app, &admin, &account_id, &[]).await?;
    assert!(machine.caller.access_token.starts_with("ck_"));
    assert_eq!(machine.caller.get("/v1/customers").await?.ok()?["customers"].as_array().map(Vec::len), Some(1));
    machine.caller.get("/v1/employees").await?.refused(403, "PERMISSION_DENIED")?;

    let keys = admin.get(&format!("/v1/apiKeys?holderId={account_id}")).await?.ok()?;
    let known = &keys["apiKeys"][0];
    assert_eq!((&known["id"], &known["holderName"]), (&machine.key["id"], &json!("报表程序")));
    assert!(known["lastUseTime"].is_string() && known["lastUseAddress"] == "127.0.0.1", "{known}");
    assert!(!keys.to_string().contains(&machine.caller.access_token));

    // The account is nobody among people.
    let people = admin.get("/v1/employees?pageSize=200").await?.ok()?;
    assert!(!people.to_string().contains(&account_id));
    assert!(!admin.get("/v1/directory?pageSize=200").await?.ok()?.to_string().contains(&account_id));
    for (method, path, body) in [
        (Method::GET, format!("/v1/employees/{account_id}"), None),
        (Method::POST, format!("/v1/employees/{account_id}:resetPassword"), Some(json!({}))),
        (Method::DELETE, format!("/v1/employees/{account_id}"), None),
    ] {
        admin.call(method, &path, body, &[]).await?.refused(404, "NOT_FOUND")?;
    }
    let login_name = format!("@{}", account_id.replace('-', ""));
    for password in ["!", "x"] {
        let body = json!({"loginName": login_name, "password": password});
        app.anonymous().post("/v1/sessions:signIn", body).await?.refused(401, "SIGN_IN_FAILED")?;
    }

    let disabled = admin.post(&format!("/v1/serviceAccounts/{account_id}:disable"), json!({})).await?.ok()?;
    assert_eq!(disabled["state"], "EMPLOYEE_STATE_DISABLED");
    gone(&app, &machine.caller).await?;
    admin.post(&format!("/v1/serviceAccounts/{account_id}:enable"), json!({})).await?.ok()?;
    let second = a_key(&app, &admin, &account_id, &[]).await?;
    second.caller.get("/v1/customers").await?.ok()?;
    let mut stream = second.caller.lines("/v1/customers:watch", &[]).await?;
    assert_eq!(stream.next().await?, Some(json!({"resync": true})));
    let revoked = admin.post(&format!("/v1/apiKeys/{}:revoke", id(&second.key)?), json!({})).await?.ok()?;
    assert!(revoked["revokeTime"].is_string());
    assert_eq!(stream.next().await?.context("the stream ends without a word")?["problem"]["status"], 401);
    gone(&app, &second.caller).await?;

    let third = a_key(&app, &admin, &account_id, &[]).await?;
    third.caller.get("/v1/customers").await?.ok()?;
    admin.delete(&format!("/v1/serviceAccounts/{account_id}")).await?.ok()?;
    gone(&app, &third.caller).await?;
    app.stop().await
}

/// Waits until a key is refused, which must not take long.
async fn gone(app: &TestApp, caller: &Session) -> Result<()> {
    let started = std::time::Instant::now();
    app.until("the key is refused", async || {
        caller.get("/v1/customers").await.is_ok_and(|answer| answer.status.as_u16() == 401)
    })
    .await?;
    assert!(started.elapsed().as_millis() < 2000, "{:?}", started.elapsed());
    // By the exchange, too, which says no more than of a key that never was.
    let body = json!({"key": caller.access_token});
    app.anonymous().post("/v1/apiKeys:exchange", body).await?.refused(401, "API_KEY_INVALID")?;
    Ok(())
}

#[tokio::test]
async fn a_key_reaches_no_further_than_it_was_meant_to() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let role = a_reader(&admin).await?;
    let account = id(&an_account(&admin, "同步", &[&role]).await?)?;
    let confined = a_key(&app, &admin, &account, &["PERMISSION_CUSTOMERS_READ"]).await?.caller;
    confined.get("/v1/customers").await?.ok()?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "x"});
    confined.post("/v1/customers", customer).await?.refused(403, "PERMISSION_DENIED")?;

    // Not to the holder's account, nor to another key.
    let etag = admin.get("/v1/profile").await?.ok()?["etag"].clone();
    let personal = admin.post("/v1/profile/apiKeys", json!({"name": "mine"})).await?.ok()?;
    let mine = with_key(&app, &text(&personal["key"]));
    assert_eq!(mine.get("/v1/profile").await?.ok()?["loginName"], "admin");
    for (method, path, body) in [
        (Method::PATCH, "/v1/profile", json!({"email": "thief@example.com", "etag": etag})),
        (Method::PATCH, "/v1/profile", json!({"loginName": "thief", "etag": etag})),
        (Method::POST, "/v1/profile/apiKeys", json!({"name": "more"})),
        (Method::POST, "/v1/sessions:signOut", json!({})),
        (Method::POST, "/v1/profile:changePassword", json!({"currentPassword": "a", "newPassword": "b"})),
    ] {
        mine.call(method, path, Some(body), &[]).await?.refused(403, "PERSON_REQUIRED")?;
    }
    for path in ["/v1/serviceAccounts".to_owned(), format!("/v1/serviceAccounts/{account}/apiKeys")] {
        let body = json!({"displayName": "x", "name": "x"});
        let body = if path.ends_with("Keys") { json!({"name": "x"}) } else { json!({"displayName": body["name"]}) };
        mine.post(&path, body).await?.refused(403, "STEP_UP_REQUIRED")?;
    }

    // What the account loses, its keys lose.
    let present = admin.get(&format!("/v1/serviceAccounts/{account}")).await?.ok()?;
    let path = format!("/v1/serviceAccounts/{account}?updateMask=roleIds");
    admin.patch(&path, json!({"roleIds": [], "etag": present["etag"]})).await?.ok()?;
    app.until("the role is gone", async || {
        confined.get("/v1/customers").await.is_ok_and(|answer| answer.status.as_u16() == 403)
    })
    .await?;
    app.stop().await
}

#[tokio::test]
async fn nobody_gains_by_a_key_what_they_do_not_hold() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    a_role(&admin, "machinist", &[("SERVICE_ACCOUNTS_MANAGE", "ALL"), ("CUSTOMERS_READ", "OWN")]).await?;
    let roles = admin.get("/v1/roles?pageSize=200").await?.ok()?;
    let role = |name: &str| {
        let found = roles["roles"].as_array().into_iter().flatten().find(|role| role["name"] == name);
        found.map(|role| text(&role["id"])).context("no role")
    };
    let machinist = app.employee("machinist", &root, &["salesperson"]).await?;
    let person = admin.get(&format!("/v1/employees/{}", machinist.employee_id)).await?.ok()?;
    let path = format!("/v1/employees/{}?updateMask=roleIds", machinist.employee_id);
    admin.patch(&path, json!({"roleIds": [role("machinist")?], "etag": person["etag"]})).await?.ok()?;
    app.until("the new role counts", async || {
        machinist.get("/v1/serviceAccounts").await.is_ok_and(|answer| answer.status.is_success())
    })
    .await?;

    let body = json!({"displayName": "x", "roleIds": [role("管理员")?]});
    machinist.post("/v1/serviceAccounts", body).await?.refused(403, "ROLE_EXCEEDS_OWN")?;
    let own = id(&an_account(&machinist, "own", &[]).await?)?;
    let present = machinist.get(&format!("/v1/serviceAccounts/{own}")).await?.ok()?;
    let widened = json!({"roleIds": [role("管理员")?], "etag": present["etag"]});
    machinist
        .patch(&format!("/v1/serviceAccounts/{own}?updateMask=roleIds"), widened)
        .await?
        .refused(403, "ROLE_EXCEEDS_OWN")?;
    // An account that others gave more is out of reach as well.
    let strong = id(&an_account(&admin, "strong", &[&role("管理员")?]).await?)?;
    let path = format!("/v1/serviceAccounts/{strong}/apiKeys");
    machinist.post(&path, json!({"name": "x"})).await?.refused(403, "ROLE_EXCEEDS_OWN")?;
    // Neither does a person serve for an account, nor a mask for what it does not name.
    let path = format!("/v1/serviceAccounts/{}/apiKeys", admin.employee_id);
    machinist.post(&path, json!({"name": "x"})).await?.refused(404, "NOT_FOUND")?;
    for mask in ["state", "keyCount", "id", "kind"] {
        let answer = machinist
            .patch(&format!("/v1/serviceAccounts/{own}?updateMask={mask}"), json!({"etag": present["etag"]}))
            .await?;
        assert_eq!(refusals(&answer), ["updateMask: MASK_PATH_UNKNOWN"], "{mask}");
    }
    let answer = machinist
        .post("/v1/profile/apiKeys", json!({"name": "x", "permissions": ["PERMISSION_EMPLOYEES_MANAGE"]}))
        .await?;
    assert_eq!(refusals(&answer), ["permissions[0]: PERMISSION_NOT_HELD"]);
    let answer =
        machinist.post("/v1/profile/apiKeys", json!({"name": "x", "expireTime": "2020-01-01T00:00:00Z"})).await?;
    assert_eq!(refusals(&answer), ["expireTime: TIME_IN_THE_PAST"]);

    // Others' personal keys are not there.
    let hers = admin.post("/v1/profile/apiKeys", json!({"name": "hers"})).await?.ok()?;
    let path = format!("/v1/profile/apiKeys/{}:revoke", id(&hers["apiKey"])?);
    machinist.post(&path, json!({})).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(machinist.get("/v1/profile/apiKeys").await?.ok()?["apiKeys"], json!([]));
    with_key(&app, &text(&hers["key"])).get("/v1/profile").await?.ok()?;
    app.stop().await
}

#[tokio::test]
async fn a_key_that_is_none_looks_like_one_that_has_ended() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let soon = chrono::Utc::now() + chrono::TimeDelta::milliseconds(3500);
    let body = json!({"name": "short", "expireTime": soon.to_rfc3339()});
    let created: Answer =
        admin.call(Method::POST, "/v1/profile/apiKeys", Some(body.clone()), &[("idempotency-key", "k1")]).await?;
    let created = created.ok()?;
    let again =
        admin.call(Method::POST, "/v1/profile/apiKeys", Some(body), &[("idempotency-key", "k1")]).await?.ok()?;
    assert_eq!(again, created, "the same call is answered alike");
    let short = with_key(&app, &text(&created["key"]));
    short.get("/v1/profile").await?.ok()?;
    let mut kept = app.database().await?;
    let stored: String = sqlx::query_scalar(
        "SELECT string_agg(i::text, '') || (SELECT string_agg(k::text, '') FROM identity.api_key k) FROM identity.idempotency i",
    )
    .fetch_one(&mut kept)
    .await?;
    let secret = text(&created["key"]).chars().skip(36).collect::<String>();
    assert!(!stored.contains(&secret));
    app.until("the key has expired", async || {
        short.get("/v1/profile").await.is_ok_and(|answer| answer.status.as_u16() == 401)
    })
    .await?;
    let unknown = format!("ck_{}_{}", Uuid::now_v7().simple(), &secret);
    let other_secret = format!("{}{}", &text(&created["key"])[..36], "A".repeat(43));
    for key in [&short.access_token, &unknown, &other_secret, "ck_", "ck_x_y"] {
        with_key(&app, key).get("/v1/profile").await?.refused(401, "API_KEY_INVALID")?;
        let body = json!({"key": key});
        app.anonymous().post("/v1/apiKeys:exchange", body).await?.refused(401, "API_KEY_INVALID")?;
    }
    // A bad key does not stand in the way of what is open to all.
    with_key(&app, "ck_x_y").get("/v1/passwordPolicy").await?.ok()?;
    app.stop().await
}
