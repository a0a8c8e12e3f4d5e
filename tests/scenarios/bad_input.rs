//! Input that nobody sends by accident: it is refused with a problem that names the place, and changes nothing.

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Arrangement, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{a_customer, answer, change, id, query, refusals, text};

async fn raw(caller: &Session, method: Method, path: &str, body: impl Into<Vec<u8>>) -> Result<Answer> {
    let request = caller.request(method, path)?.header("content-type", "application/json").body(body.into());
    answer(request).await
}

/// How many customers there are, which bad input must leave alone.
async fn total(admin: &Session) -> Result<Value> {
    Ok(admin.get("/v1/customers?count=true&pageSize=1").await?.ok()?["totalCount"].clone())
}

#[tokio::test]
async fn a_bad_customer_is_refused_by_place_and_leaves_no_trace() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let before = total(&admin).await?;
    let good = r#""kind": "CUSTOMER_KIND_PERSON", "name": "韩梅梅""#;
    let long = |length: usize| "长".repeat(length);
    let cases: Vec<(String, &str)> = vec![
        (format!(r#"{{{good}, "colour": "red"}}"#), "colour: UNKNOWN_FIELD"),
        (
            format!(r#"{{{good}, "addresses": [{{"street": "中山路", "stret": "x"}}]}}"#),
            "addresses[0].stret: UNKNOWN_FIELD",
        ),
        (format!(r#"{{{good}, "name": "李雷"}}"#), "name: DUPLICATE_FIELD"),
        (format!(r#"{{{good}, "phone": 13800138000}}"#), "phone: WRONG_TYPE"),
        (format!(r#"{{{good}, "satisfaction": "5"}}"#), "satisfaction: WRONG_TYPE"),
        (format!(r#"{{{good}, "satisfaction": 1e99}}"#), "satisfaction: WRONG_TYPE"),
        (format!(r#"{{{good}, "satisfaction": 4294967296}}"#), "satisfaction: NUMBER_OUT_OF_RANGE"),
        (format!(r#"{{{good}, "addresses": {{}}}}"#), "addresses: WRONG_TYPE"),
        (format!(r#"{{{good}, "gender": "GENDER_BOTH"}}"#), "gender: UNKNOWN_VALUE"),
        (format!(r#"{{{good}, "phone": "138\u0000"}}"#), "phone: NULL_CHARACTER"),
        (format!(r#"{{{good}, "remark": "{}"}}"#, long(4001)), "remark: TOO_LONG"),
        (format!(r#"{{{good}, "email": "nobody"}}"#), "email: NOT_AN_EMAIL"),
        (format!(r#"{{{good}, "ownerId": "me"}}"#), "ownerId: NOT_A_UUID"),
        (format!(r#"{{{good}, "birthday": "2023-02-29"}}"#), "birthday: DATE_INVALID"),
        (format!(r#"{{{good}, "level": "platinum"}}"#), "level: CODE_UNKNOWN"),
        (
            format!(r#"{{{good}, "customFields": {{"nothing": {{"stringValue": "x"}}}}}}"#),
            "customFields.nothing: FIELD_UNKNOWN",
        ),
        (r#"{"kind": "CUSTOMER_KIND_PERSON"}"#.into(), "name: VALUE_REQUIRED"),
    ];
    for (body, expected) in &cases {
        let answer = raw(&admin, Method::POST, "/v1/customers", body.as_str()).await?;
        assert_eq!(answer.status.as_u16(), 400, "{body}: {}", answer.body);
        let place = expected.split(':').next().unwrap_or_default();
        let found = refusals(&answer);
        assert!(
            found.iter().any(|found| found == expected),
            "{expected}: {found:?} for {}…",
            body.chars().take(90).collect::<String>()
        );
        assert!(found.iter().all(|found| found.starts_with(place)), "{found:?} names more than {place}");
    }
    // All faults of a request at once, not one a time.
    let several = json!({"kind": 99, "name": "", "email": "x", "satisfaction": 9});
    let answer = admin.post("/v1/customers", several).await?;
    let mut places: Vec<String> =
        refusals(&answer).iter().map(|found| found.split(':').next().unwrap_or_default().to_owned()).collect();
    places.sort();
    assert_eq!(places, ["email", "kind", "name", "satisfaction"]);
    assert_eq!(total(&admin).await?, before);
    app.stop().await
}

#[tokio::test]
async fn what_is_no_proper_json_is_refused_whole() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let deep = format!(r#"{{"name": {}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let nested = format!(r#"{{"customFields": {}"x"{}}}"#, r#"{"a":"#.repeat(200), "}".repeat(200));
    let cases: [(Vec<u8>, u16); 12] = [
        (b"".into(), 400),
        (b"{".into(), 400),
        (b"[]".into(), 400),
        (b"null".into(), 400),
        (b"\"name\"".into(), 400),
        (b"{\"name\": \"\xff\xfe\"}".into(), 400),
        (b"\xef\xbb\xbf{\"name\": \"x\"}{".into(), 400),
        (b"{\"name\": \"x\"} {\"name\": \"y\"}".into(), 400),
        (b"{\"name\": \"\\ud800\"}".into(), 400),
        (deep.into(), 400),
        (nested.into(), 400),
        (format!(r#"{{"remark": "{}"}}"#, "x".repeat(8 << 20)).into(), 413),
    ];
    for (body, status) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let answer = raw(&admin, Method::POST, "/v1/customers", body).await?;
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{shown}");
        assert!(
            !text(&answer.body["reason"]).is_empty() && !text(&answer.body["detail"]).is_empty(),
            "{}",
            answer.body
        );
    }
    assert_eq!(total(&admin).await?, "0");
    app.stop().await
}

#[tokio::test]
async fn a_bad_query_is_refused_by_parameter() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    for (path, expected) in [
        ("/v1/customers?pagesize=1", "pagesize: UNKNOWN_PARAMETER"),
        ("/v1/customers?pageSize=1&page_size=2", "page_size: DUPLICATE_PARAMETER"),
        ("/v1/customers?pageSize=many", "pageSize: WRONG_TYPE"),
        ("/v1/customers?count=perhaps", "count: WRONG_TYPE"),
        ("/v1/customers?filter=%00", "filter: NULL_CHARACTER"),
        ("/v1/customers?pageToken=abc", "pageToken: PAGE_TOKEN_INVALID"),
        ("/v1/customers/abc", "id: NOT_A_UUID"),
        ("/v1/reports/composition?dimension=DIMENSION_COLOUR", "dimension: UNKNOWN_VALUE"),
    ] {
        let answer = admin.get(path).await?;
        assert_eq!(
            (answer.status.as_u16(), refusals(&answer)),
            (400, vec![expected.to_owned()]),
            "{path}: {}",
            answer.body
        );
    }
    for path in ["/v1/nothing", "/v1/customers/a/b/c/d", "/v2/customers", "/v1//customers"] {
        assert_eq!(admin.get(path).await?.status.as_u16(), 404, "{path}");
    }
    let answer = admin.delete("/v1/customers").await?;
    assert_eq!((answer.status.as_u16(), answer.headers["allow"].to_str()?), (405, "GET, POST, HEAD"));
    app.stop().await
}

#[tokio::test]
async fn a_filter_that_is_wrong_says_where() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    a_customer(&admin, "泰山化工").await?;
    for (filter, position) in [
        (r#"colour = "red""#, "1"),
        (r#"level = "vip" AND colour = "red""#, "19"),
        (r#"satisfaction = "high""#, "16"),
        (r#"create_time > "yesterday""#, "15"),
        (r#"level = "vip" AND"#, "18"),
        (r#"level = "vip"#, "13"),
        (r#"(level = "vip""#, "15"),
        (r#"level ="#, "8"),
    ] {
        for path in ["/v1/customers", "/v1/customers:export"] {
            let format = ("format", "EXPORT_FORMAT_CSV");
            let parameters =
                if path.ends_with("export") { vec![("filter", filter), format] } else { vec![("filter", filter)] };
            let answer = query(&admin, path, &parameters).await?;
            assert_eq!(answer.status.as_u16(), 400, "{path} {filter}: {}", answer.body);
            let violation = &answer.body["fieldViolations"][0];
            assert_eq!(
                (&violation["field"], &violation["reason"]),
                (&json!("filter"), &json!("FILTER_INVALID")),
                "{filter}"
            );
            let description = text(&violation["description"]);
            assert!(description.contains(&format!("character {position})")), "{filter} at {position}: {description}");
        }
    }
    // Whatever stands between quotes is a value, never SQL.
    for hostile in ["' OR 1=1 --", "\\\"; DROP TABLE customer; --", "%", "_", "\u{202e}", "🐉"] {
        let filter = format!("name = \"{hostile}\"");
        let found = query(&admin, "/v1/customers", &[("filter", &filter)]).await?.ok()?;
        assert_eq!(found["customers"], json!([]), "{hostile}");
    }
    let nested = format!("{}level = \"vip\"{}", "(".repeat(1500), ")".repeat(1500));
    assert_eq!(query(&admin, "/v1/customers", &[("filter", &nested)]).await?.status.as_u16(), 400);
    assert_eq!(total(&admin).await?, "1");
    app.stop().await
}

#[tokio::test]
async fn a_problem_speaks_the_callers_language_and_can_be_found_again() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let mut details = Vec::new();
    for (language, expected) in
        [("zh-CN", "zh-CN"), ("en", "en"), ("de, en;q=0.5", "en"), ("zh-TW, zh;q=0.9", "zh-CN"), ("fr", "en")]
    {
        let headers = [("accept-language", language), ("x-request-id", "story-0001")];
        let path = format!("/v1/customers/{}", Uuid::now_v7());
        let answer = admin.call(Method::GET, &path, None, &headers).await?;
        let body = answer.body.clone();
        assert_eq!(answer.headers["content-language"], expected, "{language}");
        assert_eq!(answer.headers["x-request-id"], "story-0001");
        assert_eq!(
            (&body["status"], &body["reason"], &body["instance"]),
            (&json!(404), &json!("NOT_FOUND"), &json!("story-0001"))
        );
        let page = app.anonymous().get(&text(&body["type"])).await?;
        assert_eq!(page.status.as_u16(), 200, "{} leads nowhere", body["type"]);
        details.push(text(&body["detail"]));
    }
    assert_eq!((&details[0], &details[1]), (&details[3], &details[4]));
    assert_ne!(details[0], details[1]);
    assert_eq!(details[1], details[2]);
    // A request id that could forge a log line is replaced.
    let answer = admin.call(Method::GET, "/v1/customers/x", None, &[("x-request-id", "a b\tc")]).await?;
    assert!(text(&answer.body["instance"]).parse::<Uuid>().is_ok(), "{}", answer.body);
    app.stop().await
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let customer = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "单雄信", "level": "vip", "remark": "老客户", "phone": "13800138000",
        "addresses": [{"label": "home", "street": "中山路 1 号"}],
    });
    let created = admin.post("/v1/customers", customer).await?.ok()?;
    let path = format!("/v1/customers/{}", id(&created)?);

    let named = change(&admin, &path, json!({"remark": "", "level": "ordinary"})).await?;
    assert_eq!((&named["remark"], &named["level"]), (&json!(""), &json!("ordinary")));
    for field in ["name", "phone", "addresses", "kind", "number", "ownerId", "createTime"] {
        assert_eq!(named[field], created[field], "{field} changed too");
    }
    let masked = admin
        .patch(&format!("{path}?updateMask=name"), json!({"name": "单二", "level": "vip", "etag": named["etag"]}))
        .await?
        .ok()?;
    assert_eq!((&masked["name"], &masked["level"]), (&json!("单二"), &json!("ordinary")));
    let etag = masked["etag"].clone();
    for (query, body, expected) in [
        ("?updateMask=colour", json!({"etag": etag}), "updateMask: MASK_PATH_UNKNOWN"),
        ("?updateMask=id", json!({"etag": etag}), "updateMask: MASK_PATH_UNKNOWN"),
        ("", json!({"etag": etag}), "updateMask: MASK_EMPTY"),
        ("", json!({"name": "x"}), "etag: ETAG_REQUIRED"),
    ] {
        let answer = admin.patch(&format!("{path}{query}"), body).await?;
        assert_eq!(
            (answer.status.as_u16(), refusals(&answer)),
            (400, vec![expected.to_owned()]),
            "{query}: {}",
            answer.body
        );
    }
    admin.patch(&path, json!({"name": "y", "etag": created["etag"]})).await?.refused(409, "STALE_ETAG")?;
    assert_eq!(admin.get(&path).await?.ok()?, masked);
    app.stop().await
}

#[tokio::test]
async fn who_calls_too_often_is_held_back_alone() -> Result<()> {
    let app = TestApp::start_with(Arrangement::from_environment(), |config| {
        config.gateway.rate_limit.per_second = 1;
        config.gateway.rate_limit.burst = 80;
    })
    .await?;
    let (eager, calm) =
        (app.administrator().await?, app.employee("calm", &app.root_group().await?, &["salesperson"]).await?);
    let mut held_back = None;
    for _ in 0..160 {
        let answer = eager.get("/v1/profile").await?;
        if answer.status.as_u16() == 429 {
            held_back = Some(answer);
            break;
        }
    }
    let answer = held_back.context("never held back")?;
    let seconds: u32 = answer.headers["retry-after"].to_str()?.parse()?;
    assert!((1..=60).contains(&seconds), "{seconds}");
    answer.refused(429, "RATE_LIMITED")?;
    calm.get("/v1/profile").await?.ok()?;
    app.stop().await
}
