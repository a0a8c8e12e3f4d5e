//! Sessions of browsers: tokens in cookies, and nothing that another site could make a browser do.

use gateway::Config;

use crate::support::{Answer, Call, World};

const CREDENTIALS: &str = r#"{"loginName": "li.lei", "password": "secret"}"#;

struct Browser {
    access: String,
    refresh: String,
    csrf: String,
}

impl Browser {
    fn new(answer: &Answer) -> Browser {
        let cookie = |name| answer.cookie(name).unwrap_or_default().0;
        Browser { access: cookie("changke_access"), refresh: cookie("changke_refresh"), csrf: cookie("changke_csrf") }
    }

    fn cookies(&self, call: Call) -> Call {
        call.header("cookie", &format!("theme=dark; changke_access={}; changke_csrf={}", self.access, self.csrf))
    }
}

async fn signed_in(world: &World) -> (Answer, Browser) {
    let call = world.request("POST", "/v1/sessions:signIn").header("x-session-mode", "cookie").json(CREDENTIALS);
    let answer = call.send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let browser = Browser::new(&answer);
    (answer, browser)
}

#[tokio::test]
async fn an_answer_without_tokens_leaves_the_cookies_alone() {
    let world = World::new();
    let call = world.request("POST", "/v1/sessions:completeSignIn").header("x-session-mode", "cookie");
    let answer = call.json(r#"{"challenge": "x"}"#).send().await;
    assert_eq!(answer.json()["challenge"], "one-more");
    assert!(answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn without_being_asked_tokens_stay_in_the_answer() {
    let world = World::new();
    let answer = world.send("POST", "/v1/sessions:signIn", CREDENTIALS).await;
    assert_eq!(answer.json()["accessToken"], "access-1");
    assert!(answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn a_browser_gets_its_tokens_as_cookies_that_no_script_reads() {
    let world = World::new();
    let (answer, browser) = signed_in(&world).await;
    let body = answer.json();
    assert_eq!((&body["accessToken"], &body["refreshToken"]), (&"".into(), &"".into()));
    assert_eq!(body["passwordChangeRequired"], true);
    assert!(body["accessTokenExpireTime"].is_string());
    assert_eq!((browser.access.as_str(), browser.refresh.as_str()), ("access-1", "refresh-1"));
    let attributes = |name| answer.cookie(name).unwrap().1;
    assert!(attributes("changke_access").starts_with("Path=/; Max-Age="));
    assert!(attributes("changke_access").ends_with("; SameSite=Strict; HttpOnly"));
    assert!(attributes("changke_refresh").starts_with("Path=/v1/sessions:refresh; Max-Age=86"));
    assert!(attributes("changke_csrf").ends_with("; SameSite=Strict"));
}

#[tokio::test]
async fn secure_cookies_can_come_from_this_host_alone() {
    let world = World::with(&Config::default());
    let (answer, _) = signed_in(&world).await;
    assert!(answer.cookie("__Host-changke_access").unwrap().1.ends_with("; HttpOnly; Secure"));
    assert!(answer.cookie("__Secure-changke_refresh").unwrap().1.ends_with("; HttpOnly; Secure"));
    assert!(answer.cookie("__Host-changke_csrf").unwrap().1.ends_with("; SameSite=Strict; Secure"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn the_cookie_stands_for_the_token() {
    let world = World::new();
    let (_, browser) = signed_in(&world).await;
    let answer = browser.cookies(world.request("GET", "/v1/sessions")).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(world.header("authorization").as_deref(), Some("Bearer access-1"));
    let call = browser.cookies(world.request("GET", "/v1/sessions")).header("authorization", "Bearer mine");
    assert_eq!(call.send().await.status, 200);
    assert_eq!(world.header("authorization").as_deref(), Some("Bearer mine"));
}

#[tokio::test]
async fn an_unsafe_call_by_cookie_must_come_from_the_console() {
    let world = World::new();
    let (_, browser) = signed_in(&world).await;
    let (_, other) = signed_in(&world).await;
    let call = || browser.cookies(world.request("DELETE", "/v1/sessions/7"));
    assert_eq!(call().send().await.problem(), "403 CSRF_FAILED");
    assert_eq!(call().header("x-csrf-token", "x").send().await.problem(), "403 CSRF_FAILED");
    assert_eq!(call().header("x-csrf-token", &other.csrf).send().await.problem(), "403 CSRF_FAILED");
    let foreign = call().header("x-csrf-token", &browser.csrf).header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().await.problem(), "403 CSRF_FAILED");
    let foreign = call().header("x-csrf-token", &browser.csrf).header("host", "crm").header("origin", "https://evil");
    assert_eq!(foreign.send().await.problem(), "403 CSRF_FAILED");
    let planted = Browser { access: "access-9".into(), refresh: String::new(), csrf: browser.csrf.clone() };
    let call_of_planted = planted.cookies(world.request("DELETE", "/v1/sessions/7"));
    assert_eq!(call_of_planted.header("x-csrf-token", &browser.csrf).send().await.problem(), "403 CSRF_FAILED");
    let good = call().header("x-csrf-token", &browser.csrf).header("sec-fetch-site", "same-origin");
    assert_eq!(good.send().await.status, 200);
    // A bearer token is not sent by a browser on its own.
    let call = world.request("DELETE", "/v1/sessions/7").header("authorization", "Bearer mine");
    assert_eq!(call.send().await.status, 200);
}

#[tokio::test]
async fn no_other_site_can_sign_a_browser_in() {
    let world = World::new();
    let call = world.request("POST", "/v1/sessions:signIn").header("x-session-mode", "cookie");
    let call = call.header("sec-fetch-site", "cross-site").json(CREDENTIALS);
    assert_eq!(call.send().await.problem(), "403 CSRF_FAILED");
}

#[tokio::test]
async fn a_refresh_takes_its_token_from_the_cookie() {
    let world = World::new();
    let (_, browser) = signed_in(&world).await;
    let call = || {
        let call = world.request("POST", "/v1/sessions:refresh").json("{}");
        call.header("cookie", &format!("changke_refresh={}", browser.refresh))
    };
    assert_eq!(call().send().await.problem(), "403 CSRF_FAILED");
    let answer = call().header("x-csrf-token", &browser.csrf).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(world.seen().contains("refresh-1"), "{}", world.seen());
    assert_eq!(answer.json()["refreshToken"], "");
    let renewed = Browser::new(&answer);
    assert_eq!((renewed.access.as_str(), renewed.refresh.as_str()), ("access-2", "refresh-2"));
    let call = renewed.cookies(world.request("DELETE", "/v1/sessions/7")).header("x-csrf-token", &renewed.csrf);
    assert_eq!(call.send().await.status, 200);
    let answer = world.send("POST", "/v1/sessions:refresh", r#"{"refreshToken": "own"}"#).await;
    assert_eq!(answer.json()["refreshToken"], "refresh-2");
    assert!(world.seen().contains("own"));
}

#[tokio::test]
async fn a_session_that_is_over_leaves_no_cookie_behind() {
    let world = World::new();
    let (_, browser) = signed_in(&world).await;
    let call = browser.cookies(world.request("POST", "/v1/sessions:signOut")).header("x-csrf-token", &browser.csrf);
    let answer = call.send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for name in ["changke_access", "changke_refresh", "changke_csrf"] {
        let (value, attributes) = answer.cookie(name).unwrap();
        assert!(value.is_empty() && attributes.contains("Max-Age=0"), "{name}: {attributes}");
    }
    world.fail_with(tonic::Status::unauthenticated("reused"));
    let call = world.request("POST", "/v1/sessions:refresh").header("cookie", "changke_refresh=refresh-1");
    let answer = call.header("x-csrf-token", &browser.csrf).send().await;
    assert_eq!(answer.problem(), "401 UNAUTHENTICATED");
    assert!(answer.cookie("changke_access").is_some_and(|(value, _)| value.is_empty()));
}

#[tokio::test]
async fn nobody_outside_can_speak_as_a_service() {
    let world = World::new();
    for authorization in ["Service abc", "Basic YTpi", "abc", "Bearer"] {
        let answer = world.request("GET", "/v1/sessions").header("authorization", authorization).send().await;
        assert_eq!(answer.problem(), "401 AUTHORIZATION_INVALID", "{authorization}");
    }
    assert_eq!(world.seen(), "");
}
