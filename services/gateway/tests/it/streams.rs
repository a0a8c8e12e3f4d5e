//! Streams of messages, as events and as lines.

use contracts::customers::Import;
use serde_json::{Value, json};
use tonic::Status;

use crate::support::World;

fn import(file_name: &str) -> Result<Import, Status> {
    Ok(Import { file_name: file_name.into(), ..Import::default() })
}

fn world(imports: Vec<Result<Import, Status>>) -> World {
    let world = World::new();
    *world.behind.imports.lock().unwrap() = imports;
    world
}

#[tokio::test]
async fn lines_are_what_comes_by_default() {
    let world = world(vec![import("a\nb"), import("c")]);
    let answer = world.get("/v1/imports/7:watch").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/x-ndjson"));
    let text = answer.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&Value> = lines.iter().map(|line| &line["fileName"]).collect();
    assert_eq!(names, [&json!("a\nb"), &json!("c")]);
    assert_eq!(world.header("grpc-timeout").as_deref(), Some("3600000m"));
}

#[tokio::test]
async fn events_are_for_those_who_ask() {
    let world = world(vec![import("a")]);
    let call = world.request("GET", "/v1/imports/7:watch").header("accept", "text/event-stream");
    let answer = call.header("accept-encoding", "gzip").send().await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("content-encoding"), "");
    let text = answer.text();
    let events: Vec<&str> = text.split_terminator("\n\n").collect();
    assert_eq!(events.len(), 2, "{text}");
    let data: Value = serde_json::from_str(events[0].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data["fileName"], "a");
    assert_eq!(events[1], "event: end\ndata: {}");
}

#[tokio::test]
async fn a_stream_that_fails_at_once_fails_properly() {
    let world = world(vec![Err(Status::not_found("no such import"))]);
    assert_eq!(world.get("/v1/imports/7:watch").await.problem(), "404 NOT_FOUND");
    world.fail_with(Status::permission_denied(""));
    assert_eq!(world.get("/v1/imports/7:watch").await.problem(), "403 PERMISSION_DENIED");
}

#[tokio::test]
async fn a_stream_without_an_end_ends_with_the_process() {
    let world = world(Vec::new());
    world.stop.cancel();
    let text = world.get("/v1/imports/7:watch").await.text();
    let last: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&last["problem"]["status"], &last["problem"]["reason"]), (&json!(503), &json!("UNAVAILABLE")));
}

#[tokio::test]
async fn a_stream_that_fails_later_ends_with_the_problem() {
    let failing = || world(vec![import("a"), Err(Status::unavailable("gone")), import("b")]);
    let world = failing();
    let call = world.request("GET", "/v1/imports/7:watch").header("accept", "text/event-stream");
    let text = call.send().await.text();
    let (_, last) = text.trim_end().rsplit_once("\n\n").unwrap();
    let problem: Value = serde_json::from_str(last.strip_prefix("event: problem\ndata: ").unwrap()).unwrap();
    assert_eq!((&problem["status"], &problem["reason"]), (&json!(503), &json!("UNAVAILABLE")));
    let text = failing().get("/v1/imports/7:watch").await.text();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["problem"]["status"], 503);
}
