//! Sessions as an attacker meets them: forged tokens, stolen ones, guesses, and how fast a revocation reaches every service.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use changke::testkit::{Answer, Arrangement, Session, TestApp};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};

use crate::support::{a_customer, a_role, change, id, text};

/// Ed25519 keys made for these tests (PKCS #8).
const OUR_KEY: &str = "MC4CAQAwBQYDK2VwBCIEIM8tp+8tItBcma6mfr+o5/nK+Hg8JdQcjsDRIC3t695L";
const FOREIGN_KEY: &str = "MC4CAQAwBQYDK2VwBCIEIE9JeLIWyNVVBmLihp0hGdKYTrzRnArUzdKohVIPVaQ+";
/// One operation of each service, for anybody signed in or with the permission.
const EVERYWHERE: [&str; 3] = ["/v1/profile", "/v1/customers", "/v1/reports/feed"];

fn pem(key: &str) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n")
}

fn with_token(caller: &Session, token: String) -> Session {
    let mut caller = caller.clone();
    caller.access_token = token;
    caller
}

/// The parts of a token that say something.
fn parts(token: &str) -> Result<(Value, Value)> {
    let mut parts = token.split('.').map(|part| Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?));
    let mut next = || -> Result<Value> { parts.next().context("a part is missing")? };
    Ok((next()?, next()?))
}

fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn a_forged_token_opens_nothing_in_any_service() -> Result<()> {
    let app = TestApp::start_with(Arrangement::from_environment(), |config| config.identity.signing_key = pem(OUR_KEY))
        .await?;
    let admin = app.administrator().await?;
    let (head, claims) = parts(&admin.access_token)?;
    let kid = text(&head["kid"]);
    let key_set = admin.get("/v1/keySet").await?.ok()?;
    let public = text(&key_set["keys"][0]["x"]);
    assert_eq!(text(&key_set["keys"][0]["kid"]), kid);

    let sign = |key: &str, kid: &str, claims: &Value| -> Result<String> {
        let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        Ok(encode(&header, claims, &EncodingKey::from_ed_der(&STANDARD.decode(key)?))?)
    };
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let confused = |secret: &[u8]| -> Result<String> {
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
        Ok(encode(&header, &claims, &EncodingKey::from_secret(secret))?)
    };
    let signature = admin.access_token.rsplit('.').next().context("a signature")?.to_owned();
    let now = Utc::now().timestamp();
    let somebody = changed("sub", json!("01890a5d-ac96-774b-bcce-b302099a8057"));
    let forged = [
        ("another key under our id", sign(FOREIGN_KEY, &kid, &claims)?),
        ("another key under an id of its own", sign(FOREIGN_KEY, "another", &claims)?),
        ("our key, expired", sign(OUR_KEY, &kid, &changed("exp", json!(now - 1)))?),
        ("our key, never expiring", {
            let mut endless = claims.clone();
            endless.as_object_mut().context("claims")?.remove("exp");
            sign(OUR_KEY, &kid, &endless)?
        }),
        ("our key, of another issuer", sign(OUR_KEY, &kid, &changed("iss", json!("elsewhere")))?),
        ("our key, of nobody", sign(OUR_KEY, &kid, &somebody)?),
        ("no signature, algorithm none", unsigned(&json!({"alg": "none", "typ": "JWT", "kid": kid}), &claims, "")),
        (
            "no signature, algorithm None",
            unsigned(&json!({"alg": "None", "typ": "JWT", "kid": kid}), &claims, &signature),
        ),
        ("the signature left out", unsigned(&head, &claims, "")),
        ("other claims under the old signature", unsigned(&head, &changed("exp", json!(now + 86_400)), &signature)),
        ("the public key as a shared secret", confused(public.as_bytes())?),
        ("the public key's bytes as a shared secret", confused(&URL_SAFE_NO_PAD.decode(&public)?)?),
        ("an embedded key", {
            let header = json!({"alg": "EdDSA", "kid": kid, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": public}});
            unsigned(&header, &claims, &signature)
        }),
        ("no token at all", "x".to_owned()),
        ("a refresh token", admin.refresh_token.clone()),
    ];
    for path in EVERYWHERE {
        admin.get(path).await?.ok()?;
        for (what, token) in &forged {
            let answer = with_token(&admin, token.clone()).get(path).await?;
            answer.refused(401, "TOKEN_INVALID").with_context(|| format!("{path}: {what}"))?;
        }
        // The same claims, properly signed, do open: the forgeries above fail for what is forged in them.
        with_token(&admin, sign(OUR_KEY, &kid, &claims)?).get(path).await?.ok()?;
    }
    let basic = STANDARD.encode("admin:Correct-Horse-7");
    for scheme in [format!("Basic {basic}"), format!("Service {}", admin.access_token)] {
        let anonymous = app.anonymous();
        let answer = anonymous.call(Method::GET, "/v1/customers", None, &[("authorization", &scheme)]).await?;
        assert_eq!(answer.status.as_u16(), 401, "{scheme}: {}", answer.body);
    }
    app.stop().await
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() -> Result<()> {
    let app = TestApp::start_with(Arrangement::from_environment(), |config| config.identity.signing_key = pem(OUR_KEY))
        .await?;
    let admin = app.administrator().await?;
    let (head, mut claims) = parts(&admin.access_token)?;
    claims["exp"] = json!(Utc::now().timestamp() + 3);
    let header = Header { kid: Some(text(&head["kid"])), ..Header::new(Algorithm::EdDSA) };
    let token = encode(&header, &claims, &EncodingKey::from_ed_der(&STANDARD.decode(OUR_KEY)?))?;
    let mut stream = with_token(&admin, token).lines("/v1/customers:watch", &[]).await?;
    assert_eq!(stream.next().await?, Some(json!({"resync": true})));
    let last = stream.next().await?.context("the stream ends without a word")?;
    assert_eq!(last["problem"]["reason"], "TOKEN_INVALID", "{last}");
    let late = Utc::now().timestamp() - claims["exp"].as_i64().context("exp")?;
    assert!((0..=2).contains(&late), "{late} seconds after the token");
    assert_eq!(stream.next().await?, None);
    app.stop().await
}

#[tokio::test]
async fn a_session_that_ends_is_over_in_every_service_within_a_second() -> Result<()> {
    let app = TestApp::start().await?;
    let root = app.root_group().await?;
    let ways = ["sign-out", "revocation", "disabling", "deletion", "reuse of a refresh token", "password reset"];
    for (number, way) in ways.into_iter().enumerate() {
        let victim = app.employee(&format!("victim{number}"), &root, &["manager"]).await?;
        let other = app.sign_in(&victim.login_name, &victim.password).await?;
        for path in EVERYWHERE {
            victim.get(path).await?.ok()?;
        }
        end(&app, way, &victim, &other).await?;
        let ended = Instant::now();
        for path in EVERYWHERE {
            let mut answers = 0;
            while victim.get(path).await?.status.as_u16() != 401 {
                answers += 1;
                ensure!(ended.elapsed() < Duration::from_secs(1), "{path} answered {answers} times after {way}");
                tokio::task::yield_now().await;
            }
            victim.get(path).await?.refused(401, "TOKEN_INVALID").context(way)?;
        }
        let refresh = json!({"refreshToken": victim.refresh_token});
        let answer = app.anonymous().post("/v1/sessions:refresh", refresh).await?;
        assert_eq!(answer.status.as_u16(), 401, "{way}: the refresh token still works: {}", answer.body);
    }
    app.stop().await
}

async fn end(app: &TestApp, way: &str, victim: &Session, other: &Session) -> Result<()> {
    let admin = app.administrator().await?;
    let path = format!("/v1/employees/{}", victim.employee_id);
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    match way {
        "sign-out" => victim.post("/v1/sessions:signOut", json!({})).await?.ok()?,
        "revocation" => {
            let (_, claims) = parts(&victim.access_token)?;
            other.delete(&format!("/v1/sessions/{}", text(&claims["sid"]))).await?.ok()?
        }
        "disabling" => admin.post(&format!("{path}:disable"), json!({"etag": etag})).await?.ok()?,
        "deletion" => admin.delete(&format!("{path}?etag={}", text(&etag))).await?.ok()?,
        "reuse of a refresh token" => {
            let refresh = json!({"refreshToken": victim.refresh_token});
            let next = app.anonymous().post("/v1/sessions:refresh", refresh.clone()).await?.ok()?;
            // From here on the first token is no longer the one before the newest.
            let refresh_next = json!({"refreshToken": next["refreshToken"]});
            app.anonymous().post("/v1/sessions:refresh", refresh_next).await?.ok()?;
            app.anonymous().post("/v1/sessions:refresh", refresh).await?.refused(401, "REFRESH_TOKEN_REUSED")?
        }
        _ => admin.post(&format!("{path}:resetPassword"), json!({})).await?.ok()?,
    };
    Ok(())
}

#[tokio::test]
async fn a_changed_role_counts_in_every_service_within_a_second() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let role = a_role(&admin, "reader", &[("CUSTOMERS_READ", "OWN"), ("REPORTS_READ", "OWN")]).await?;
    let reader = app.employee("reader", &app.root_group().await?, &[]).await?;
    let path = format!("/v1/employees/{}", reader.employee_id);
    change(&admin, &path, json!({"roleIds": [role]})).await?;
    let customer = id(&a_customer(&admin, "秦岭矿业").await?)?;
    let customer_path = format!("/v1/customers/{customer}");
    app.until("the role counts", async || reader.get("/v1/customers").await.is_ok_and(|answer| answer.status == 200))
        .await?;
    app.until("the customer is counted", async || {
        let composition = admin.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        composition.is_ok_and(|answer| answer.body["totalCount"] == "1")
    })
    .await?;

    let composition = "/v1/reports/composition?dimension=DIMENSION_LEVEL";
    let grants = |scope: &str| {
        let grant = |permission: &str| json!({"permission": permission, "scope": scope});
        json!({"grants": [grant("PERMISSION_CUSTOMERS_READ"), grant("PERMISSION_REPORTS_READ")]})
    };
    let role_path = format!("/v1/roles/{role}");
    // Widened, narrowed, taken away, and given back.
    let widened = async || {
        reader.get(&customer_path).await.is_ok_and(|answer| answer.status == 200)
            && reader.get(composition).await.is_ok_and(|answer| answer.body["totalCount"] == "1")
    };
    let narrowed = async || {
        reader.get(&customer_path).await.is_ok_and(|answer| answer.status == 404)
            && reader.get(composition).await.is_ok_and(|answer| answer.body["totalCount"] == "0")
    };
    let taken_away = async || {
        let mut forbidden = true;
        for path in [&customer_path, composition] {
            forbidden &= reader.get(path).await.is_ok_and(|answer| answer.refused(403, "PERMISSION_DENIED").is_ok());
        }
        forbidden
    };
    assert!(narrowed().await, "own customers alone to begin with");
    change(&admin, &role_path, grants("SCOPE_ALL")).await?;
    within_a_second("a wider scope", widened).await?;
    change(&admin, &role_path, grants("SCOPE_GROUP")).await?;
    within_a_second("a narrower scope", narrowed).await?;
    change(&admin, &role_path, json!({"grants": []})).await?;
    within_a_second("a role without grants", taken_away).await?;
    change(&admin, &role_path, grants("SCOPE_ALL")).await?;
    within_a_second("grants given back", widened).await?;
    change(&admin, &path, json!({"roleIds": []})).await?;
    within_a_second("the role taken from the employee", taken_away).await?;
    app.stop().await
}

async fn within_a_second(what: &str, holds: impl AsyncFn() -> bool) -> Result<()> {
    let started = Instant::now();
    while !holds().await {
        ensure!(started.elapsed() < Duration::from_secs(1), "{what} took more than a second");
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn guesses_learn_nothing_and_lock_the_account() -> Result<()> {
    let app =
        TestApp::start_with(Arrangement::from_environment(), |config| config.identity.lock_out_failures = 3).await?;
    let root = app.root_group().await?;
    let guarded = app.employee("guarded", &root, &["salesperson"]).await?;
    let gone = app.employee("gone", &root, &["salesperson"]).await?;
    let admin = app.administrator().await?;
    let path = format!("/v1/employees/{}", gone.employee_id);
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.post(&format!("{path}:disable"), json!({"etag": etag})).await?.ok()?;

    let attempt = async |name: &str, password: &str| -> Result<Answer> {
        app.anonymous().post("/v1/sessions:signIn", json!({"loginName": name, "password": password})).await
    };
    let unknown = attempt("nobody", "Correct-Horse-7").await?.refused(401, "SIGN_IN_FAILED")?;
    let same = |body: &Value| {
        ["type", "title", "status", "detail", "reason", "fieldViolations"]
            .iter()
            .all(|name| body[*name] == unknown[*name])
    };
    assert!(same(&attempt("gone", &gone.password).await?.body), "a disabled account shows");
    for _ in 0..3 {
        assert!(same(&attempt("guarded", "Wrong-Horse-7").await?.body), "a wrong password shows");
    }
    // Locked now: even the right password, and with the same words.
    assert!(same(&attempt("guarded", &guarded.password).await?.body), "a locked account shows");
    assert!(same(&attempt("GUARDED", &guarded.password).await?.body), "the lock is one of spelling");
    // Who is signed in stays so.
    guarded.get("/v1/profile").await?.ok()?;
    let reset = admin.post(&format!("/v1/employees/{}:resetPassword", guarded.employee_id), json!({})).await?.ok()?;
    app.sign_in("guarded", &text(&reset["initialPassword"])).await?;
    app.stop().await
}

/// A browser's jar: what it was told to keep.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn keep(&mut self, answer: &Answer) -> Result<()> {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str()?.split_once('=').context("no cookie")?;
            let value = rest.split(';').next().unwrap_or_default().to_owned();
            self.0.retain(|(kept, _)| kept != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value));
            }
        }
        Ok(())
    }

    fn header(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn get(&self, name: &str) -> String {
        self.0.iter().find(|(kept, _)| kept.ends_with(name)).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_browser_lives_through_its_session_with_cookies_alone() -> Result<()> {
    let app = TestApp::start().await?;
    let browser = app.anonymous();
    let mut jar = Jar::default();
    let call = async |jar: &Jar, method: Method, path: &str, body: Option<Value>, csrf: &str| {
        let cookies = jar.header();
        let headers = [("cookie", cookies.as_str()), ("x-csrf-token", csrf), ("sec-fetch-site", "same-origin")];
        browser.call(method, path, body, &headers).await
    };
    let signed_in = browser
        .call(
            Method::POST,
            "/v1/sessions:signIn",
            Some(json!({"loginName": "admin", "password": "Correct-Horse-7"})),
            &[("x-session-mode", "cookie"), ("sec-fetch-site", "same-origin")],
        )
        .await?;
    assert_eq!((&signed_in.body["accessToken"], &signed_in.body["refreshToken"]), (&json!(""), &json!("")));
    for cookie in signed_in.headers.get_all(SET_COOKIE) {
        let cookie = cookie.to_str()?;
        assert!(cookie.contains("SameSite=Strict"), "{cookie}");
        assert_eq!(cookie.contains("HttpOnly"), !cookie.contains("csrf"), "{cookie}");
    }
    jar.keep(&signed_in)?;
    let csrf = jar.get("csrf");
    assert!(!csrf.is_empty());

    call(&jar, Method::GET, "/v1/profile", None, "").await?.ok()?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李雷"});
    for forged in ["", "x", &csrf[1..]] {
        let answer = call(&jar, Method::POST, "/v1/customers", Some(customer.clone()), forged).await?;
        answer.refused(403, "CSRF_FAILED").context(forged.to_owned())?;
    }
    call(&jar, Method::POST, "/v1/customers", Some(customer.clone()), &csrf).await?.ok()?;
    let from_elsewhere =
        [("cookie", jar.header()), ("x-csrf-token", csrf.clone()), ("sec-fetch-site", "cross-site".into())];
    let headers = from_elsewhere.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser.call(Method::POST, "/v1/customers", Some(customer.clone()), &headers).await?.refused(403, "CSRF_FAILED")?;

    // The refresh takes everything from cookies, and the old access token's proof is no good for the new one.
    let before = jar.get("csrf");
    let refreshed = call(&jar, Method::POST, "/v1/sessions:refresh", Some(json!({})), &before).await?;
    jar.keep(&refreshed)?;
    refreshed.ok()?;
    let stale = call(&jar, Method::POST, "/v1/customers", Some(customer.clone()), &before).await?;
    stale.refused(403, "CSRF_FAILED")?;
    let now = jar.get("csrf");
    call(&jar, Method::POST, "/v1/customers", Some(customer), &now).await?.ok()?;

    let out = call(&jar, Method::POST, "/v1/sessions:signOut", Some(json!({})), &now).await?;
    let stolen = Jar(jar.0.clone());
    jar.keep(&out)?;
    out.ok()?;
    assert!(jar.0.is_empty(), "kept after the end: {:?}", jar.0);
    // Whoever copied the cookies before has nothing of them.
    app.until("the copied cookies open nothing", async || {
        call(&stolen, Method::GET, "/v1/customers", None, "").await.is_ok_and(|answer| answer.status == 401)
    })
    .await?;
    app.stop().await
}
