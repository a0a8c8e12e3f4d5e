//! Unary calls: what a request becomes, and what an answer or a failure becomes.

use platform::error::{Error, Reason, reason};
use platform::locale::{Locale, scope};
use serde_json::json;
use tonic::{Code, Status};

use crate::support::World;

const ID: &str = "0190c2a0-0000-7000-8000-000000000001";

#[tokio::test]
async fn query_parameters_become_fields() {
    let world = World::new();
    let answer = world.get("/v1/views?pageSize=2&page_token=a%20b%2B%E5%BC%A0").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let page = answer.json();
    assert_eq!(page["nextPageToken"], "a b+张");
    assert_eq!(page["views"][1]["name"], "view 1");
    assert_eq!(page["views"][1]["columns"], json!([]));
    assert_eq!(page["views"][1]["shared"], false);
}

#[tokio::test]
async fn a_faulty_query_names_the_parameter() {
    let world = World::new();
    for (query, expected) in [
        ("pagesize=2", "400 pagesize: UNKNOWN_PARAMETER"),
        ("pageSize=2&page_size=2", "400 page_size: DUPLICATE_PARAMETER"),
        ("pageSize=two", "400 pageSize: WRONG_TYPE"),
        ("pageSize=", "400 pageSize: WRONG_TYPE"),
        ("pageSize=2.0", "400 pageSize: WRONG_TYPE"),
        ("pageSize=99999999999", "400 pageSize: NUMBER_OUT_OF_RANGE"),
        ("pageSize.x=1", "400 pageSize.x: UNKNOWN_PARAMETER"),
    ] {
        assert_eq!(world.get(&format!("/v1/views?{query}")).await.problem(), expected, "{query}");
    }
    let many = "a=1&".repeat(2000);
    assert_eq!(world.get(&format!("/v1/views?{many}")).await.problem(), "400 a: UNKNOWN_PARAMETER");
    assert_eq!(world.seen(), "", "nothing of it reached the service");
}

#[tokio::test]
async fn a_body_becomes_its_field() {
    let world = World::new();
    let answer = world.send("POST", "/v1/views", r#"{"name": "重点客户", "columns": ["name", "level"]}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["name"], "重点客户");
    assert!(world.seen().contains(r#"columns: ["name", "level"]"#), "{}", world.seen());
}

#[tokio::test]
async fn a_faulty_body_is_refused_before_the_service_sees_it() {
    let world = World::new();
    let post = |body: &str| world.request("POST", "/v1/views").json(body);
    assert_eq!(post(r#"{"nmae": "x"}"#).send().await.problem(), "400 nmae: UNKNOWN_FIELD");
    assert_eq!(post(r#"{"name": "x", "columns": [1]}"#).send().await.problem(), "400 columns[0]: WRONG_TYPE");
    assert_eq!(post("{").send().await.problem(), "400 JSON_INVALID");
    assert_eq!(post("").send().await.problem(), "400 JSON_INVALID");
    assert_eq!(post("[]").send().await.problem(), "400 WRONG_TYPE");
    let call = world.request("POST", "/v1/views").body("{}");
    assert_eq!(call.send().await.problem(), "415 MEDIA_TYPE_UNSUPPORTED");
    for wrong in ["text/plain", "application/json; charset=gbk", "application/jsonx"] {
        let call = world.request("POST", "/v1/views").header("content-type", wrong).body("{}");
        assert_eq!(call.send().await.problem(), "415 MEDIA_TYPE_UNSUPPORTED", "{wrong}");
    }
    let call = world.request("POST", "/v1/views").header("content-type", "Application/JSON;charset=UTF-8").body("{}");
    assert_eq!(call.send().await.status, 200);
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(1024 * 1024));
    assert_eq!(post(&large).send().await.problem(), "413 BODY_TOO_LARGE");
    let call = world.request("GET", "/v1/views").json("{}");
    assert_eq!(call.send().await.problem(), "400 BODY_NOT_EXPECTED");
}

#[tokio::test]
async fn the_path_binds_what_the_body_may_repeat_and_not_contradict() {
    let world = World::new();
    let path = format!("/v1/views/{ID}");
    let patch = async |body: &str| world.send("PATCH", &path, body).await;
    let view = patch(r#"{"name": "x"}"#).await.json();
    assert_eq!((&view["id"], &view["columns"]), (&json!(ID), &json!(["name"])));
    assert_eq!(patch(&format!(r#"{{"id": "{ID}", "shared": true}}"#)).await.json()["columns"], json!(["shared"]));
    assert_eq!(patch(r#"{"id": "other"}"#).await.problem(), "400 id: PATH_CONFLICT");
    assert_eq!(patch(r#"{"id": ""}"#).await.problem(), "400 id: PATH_CONFLICT");
    let escaped = world.send("PATCH", "/v1/views/a%2Fb%3Ac", "{}").await;
    assert_eq!(escaped.json()["id"], "a/b:c");
    let broken = world.send("PATCH", "/v1/views/%ff", "{}").await;
    assert_eq!(broken.problem(), "400 view.id: PATH_INVALID");
    let run =
        world.send("POST", &format!("/v1/imports/{ID}:run"), r#"{"dryRun": true, "key": "IMPORT_KEY_PHONE"}"#).await;
    assert_eq!(run.json()["id"], ID);
    assert_eq!(world.send("POST", "/v1/imports/1:run", r#"{"id": "2"}"#).await.problem(), "400 id: PATH_CONFLICT");
    assert_eq!(
        world.send("POST", "/v1/imports/1:run?dryRun=true", "{}").await.problem(),
        "400 dryRun: UNKNOWN_PARAMETER"
    );
}

#[tokio::test]
async fn an_update_changes_what_its_mask_or_else_its_body_names() {
    let world = World::new();
    let patch =
        async |query: &str, body: &str| world.send("PATCH", &format!("/v1/views/{ID}{query}"), body).await.json();
    let body = r#"{"name": "x", "orderBy": null, "etag": "7", "own": true, "createTime": "2026-01-01T00:00:00Z"}"#;
    let view = patch("", body).await;
    assert_eq!((&view["columns"], &view["etag"]), (&json!(["name", "order_by"]), &json!("7")));
    let view = patch("?updateMask=orderBy,name", body).await;
    assert_eq!(view["columns"], json!(["order_by", "name"]));
    assert_eq!(patch("?update_mask=order_by", "{}").await["columns"], json!(["order_by"]));
    assert_eq!(patch("", "{}").await["columns"], json!([]));
}

#[tokio::test]
async fn what_a_caller_says_beside_the_request_goes_along() {
    let world = World::new();
    let call = world
        .request("DELETE", &format!("/v1/views/{ID}?etag=7"))
        .header("authorization", "Bearer abc")
        .header("idempotency-key", "key-1")
        .header("accept-language", "zh-CN")
        .header("x-request-id", "request-0001")
        .header("user-agent", "test/1")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .header("prefer", "respond-async, wait=7")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-secret", "not for services");
    let answer = call.send().await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({})));
    assert_eq!(answer.header("x-request-id"), "request-0001");
    for (name, expected) in [
        ("authorization", "Bearer abc"),
        ("idempotency-key", "key-1"),
        ("accept-language", "zh-CN"),
        ("x-request-id", "request-0001"),
        ("user-agent", "test/1"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("grpc-timeout", "7000m"),
        ("x-forwarded-for", "192.0.2.7"),
    ] {
        assert_eq!(world.header(name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(world.header("x-secret"), None);
    assert!(world.seen().contains(r#"etag: "7""#), "{}", world.seen());
}

#[tokio::test]
async fn a_refusal_of_a_service_becomes_a_problem_in_the_callers_language() {
    static TAKEN: Reason =
        Reason { id: "NAME_TAKEN", en: "The name {name} is taken.", zh: "名称 {name} 已被使用。" };
    let world = World::new();
    let error = async || Status::from(Error::already_exists("view.order_by", &TAKEN).arg("name", "x"));
    world.fail_with(scope(Locale::Zh, error()).await);
    let answer = world.request("POST", "/v1/views").header("accept-language", "zh").json("{}").send().await;
    assert_eq!(answer.problem(), "409 orderBy: NAME_TAKEN");
    let problem = answer.json();
    assert_eq!(problem["reason"], "NAME_TAKEN");
    assert_eq!(problem["detail"], "名称 x 已被使用。");
    assert_eq!(problem["title"], "冲突");
    assert_eq!(problem["type"], "/docs/problems/NAME_TAKEN");
    assert_eq!(problem["fieldViolations"][0]["description"], "名称 x 已被使用。");
    assert_eq!(answer.header("content-language"), "zh-CN");
}

#[tokio::test]
async fn every_code_has_its_status() {
    let world = World::new();
    for (code, expected) in [
        (Code::InvalidArgument, "400 INVALID_REQUEST"),
        (Code::OutOfRange, "400 INVALID_REQUEST"),
        (Code::Unauthenticated, "401 UNAUTHENTICATED"),
        (Code::PermissionDenied, "403 PERMISSION_DENIED"),
        (Code::NotFound, "404 NOT_FOUND"),
        (Code::Aborted, "409 STALE_ETAG"),
        (Code::AlreadyExists, "409 ALREADY_EXISTS"),
        (Code::FailedPrecondition, "422 PRECONDITION_FAILED"),
        (Code::ResourceExhausted, "429 QUOTA_EXCEEDED"),
        (Code::Cancelled, "499 REQUEST_CANCELLED"),
        (Code::Unimplemented, "501 NOT_IMPLEMENTED"),
        (Code::Unavailable, "503 UNAVAILABLE"),
        (Code::DeadlineExceeded, "504 DEADLINE_EXCEEDED"),
        (Code::Internal, "500 INTERNAL"),
        (Code::Unknown, "500 INTERNAL"),
        (Code::DataLoss, "500 INTERNAL"),
    ] {
        world.fail_with(Status::new(code, "pg_catalog says no"));
        let answer = world.get("/v1/views").await;
        assert_eq!(answer.problem(), expected);
        assert!(!answer.text().contains("pg_catalog"), "{}", answer.text());
        match code {
            Code::Unauthenticated => assert_eq!(answer.header("www-authenticate"), "Bearer"),
            Code::ResourceExhausted | Code::Unavailable => assert!(!answer.header("retry-after").is_empty()),
            _ => {}
        }
    }
    world.fail_with(Status::from(Error::internal(std::io::Error::other("password of the database"))));
    let answer = world.get("/v1/views").await;
    assert_eq!(answer.json()["detail"], reason::INTERNAL.en);
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends() {
    let world = World::new();
    let call = world.request("POST", "/v1/views").header("prefer", "wait=1").json(r#"{"name": "never"}"#);
    assert_eq!(call.send().await.problem(), "504 DEADLINE_EXCEEDED");
    assert_eq!(world.header("grpc-timeout").as_deref(), Some("1000m"));
}

#[tokio::test]
async fn a_panic_behind_the_gateway_is_an_internal_error() {
    let world = World::new();
    let answer = world.send("POST", "/v1/views", r#"{"name": "panic"}"#).await;
    assert_eq!(answer.problem(), "500 INTERNAL");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::new();
    assert_eq!(world.get("/v1/nothing").await.problem(), "404 ROUTE_NOT_FOUND");
    let answer = world.send("PUT", "/v1/views", "{}").await;
    assert_eq!(answer.problem(), "405 METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), "GET, POST, HEAD");
    assert_eq!(
        world.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await.problem(),
        "501 SERVICE_NOT_DEPLOYED"
    );
    assert_eq!(world.send("DELETE", "/v1/deployment", "").await.problem(), "405 METHOD_NOT_ALLOWED");
}
