//! Files in and out, which pass through as they are.

use bytes::Bytes;
use futures::{StreamExt, stream};
use gateway::Config;
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::json;
use tonic::Status;

use crate::support::World;

fn body_of(pieces: Vec<Bytes>) -> axum::body::Body {
    axum::body::Body::from_stream(stream::iter(pieces).map(Ok::<_, std::io::Error>))
}

#[tokio::test]
async fn an_upload_reaches_the_service_whole_and_in_pieces() {
    let world = World::new();
    let file: Vec<u8> = (0..3_000_000u32).map(|n| ((n * 7) >> 3) as u8).collect();
    let pieces = vec![Bytes::from(file[..10].to_vec()), Bytes::new(), Bytes::from(file[10..].to_vec())];
    let call = world
        .request("POST", "/v1/imports?fileName=%E5%AE%A2%E6%88%B7.csv")
        .header("content-type", "text/csv; charset=gbk")
        .body(body_of(pieces));
    let answer = call.send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let import = answer.json();
    assert_eq!(import["fileName"], "客户.csv");
    assert_eq!(import["format"], "text/csv; charset=gbk");
    assert_eq!(import["rowCount"], "3000000");
    assert!(*world.behind.upload.lock().unwrap() == file);
}

#[tokio::test]
async fn an_empty_upload_still_says_what_it_is() {
    let world = World::new();
    let answer = world.request("POST", "/v1/imports?fileName=a.csv").send().await;
    assert_eq!(answer.json()["fileName"], "a.csv");
    assert_eq!(answer.json()["format"], "application/octet-stream");
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_cut_off() {
    let world = World::with(&Config { upload_limit: 1000, ..Config::default() });
    let call = world.request("POST", "/v1/imports?fileName=a.csv").header("content-length", "1001");
    assert_eq!(call.body(vec![0; 1001]).send().await.problem(), "413 BODY_TOO_LARGE");
    assert!(world.behind.upload.lock().unwrap().is_empty(), "a declared length is believed");
    let undeclared = body_of(vec![Bytes::from(vec![0; 600]), Bytes::from(vec![0; 600])]);
    let answer = world.request("POST", "/v1/imports?fileName=a.csv").body(undeclared).send().await;
    assert_eq!(answer.problem(), "413 BODY_TOO_LARGE");
    let just = body_of(vec![Bytes::from(vec![0; 600]), Bytes::from(vec![0; 400])]);
    assert_eq!(world.request("POST", "/v1/imports?fileName=a.csv").body(just).send().await.json()["rowCount"], "1000");
}

#[tokio::test]
async fn a_service_may_refuse_before_it_has_read_the_file() {
    let world = World::new();
    world.fail_with(Status::permission_denied(""));
    // A body that never ends.
    let endless = stream::repeat(Bytes::from(vec![0; 64 * 1024])).map(Ok::<_, std::io::Error>);
    let call = world.request("POST", "/v1/imports?fileName=a.csv").body(axum::body::Body::from_stream(endless));
    assert_eq!(call.send().await.problem(), "403 PERMISSION_DENIED");
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_no_file() {
    let world = World::new();
    let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("hung up"))]);
    let call = world.request("POST", "/v1/imports?fileName=a.csv").body(axum::body::Body::from_stream(broken));
    assert_eq!(call.send().await.problem(), "400 BODY_BROKEN");
    assert!(world.behind.uploaded.lock().unwrap().is_none(), "the service took half a file for a whole one");
}

#[tokio::test]
async fn a_download_comes_with_its_type_and_name() {
    let world = World::new();
    let answer = world.get("/v1/imports:downloadTemplate?format=IMPORT_FILE_FORMAT_CSV").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"template.csv\"");
    assert_eq!(answer.text(), "姓名,电话\n");
    let call = world.request("GET", "/v1/imports:downloadTemplate?format=IMPORT_FILE_FORMAT_CSV");
    let packed = call.header("accept-encoding", "gzip").send().await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let numbered = world.get("/v1/imports:downloadTemplate?format=2").await;
    assert_eq!(numbered.problem(), "400 format: UNKNOWN_VALUE");
    let answer = world.get("/v1/imports:downloadTemplate?format=csv").await;
    assert_eq!(answer.problem(), "400 format: UNKNOWN_VALUE");
    assert_eq!(
        answer.json()["fieldViolations"],
        json!([{
            "field": "format", "reason": "UNKNOWN_VALUE", "description": "There is no such value.",
        }])
    );
}

#[tokio::test]
async fn a_download_that_fails_half_way_does_not_look_whole() {
    let world = World::new();
    let (parts, body) = world.request("GET", "/v1/imports/7:downloadErrors").head().await;
    assert_eq!(parts.status, 200);
    assert!(body.collect().await.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn any_way_of_cutting_a_file_up_gives_the_same_file(sizes in proptest::collection::vec(0usize..700_000, 0..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let pieces: Vec<Bytes> = sizes.iter().enumerate().map(|(n, size)| Bytes::from(vec![n as u8; *size])).collect();
            let whole: Vec<u8> = pieces.concat();
            let call = world.request("POST", "/v1/imports?fileName=a.csv").body(body_of(pieces));
            prop_assert_eq!(call.send().await.status.as_u16(), 200);
            prop_assert!(*world.behind.upload.lock().unwrap() == whole);
            Ok(())
        })?;
    }
}
