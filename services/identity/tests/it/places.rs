//! Where sign-ins come from: nobody locks the owner out from elsewhere, and a network that fails too often waits.

use contracts::identity as proto;

use crate::stage::{ADMIN, PASSWORD, Session, refused, stage, stage_with};

const HOME: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";

#[tokio::test]
async fn the_owner_gets_in_where_they_were_before_whatever_others_do() {
    let stage = stage_with(&[], &[("lilei", "", &[])], |config| config.lock_out_failures = 3).await;
    let first = stage.sign_in_from(HOME, "lilei", PASSWORD, "").await.unwrap();
    for _ in 0..5 {
        stage.sign_in_from(ELSEWHERE, "lilei", "wrong", "made-up").await.unwrap_err();
    }
    // Locked for whoever comes from a place that is not known, with the right password too.
    stage.sign_in_from(ELSEWHERE, "lilei", PASSWORD, "").await.unwrap_err();
    stage.sign_in_from("192.0.2.1", "lilei", PASSWORD, "").await.unwrap_err();
    stage.sign_in_from(HOME, "lilei", PASSWORD, "").await.unwrap();
    // On a journey the device is enough, and its token changes with every use.
    let away = stage.sign_in_from("192.0.2.1", "lilei", PASSWORD, &first.device_token).await.unwrap();
    assert_ne!(away.device_token, first.device_token);
    stage.sign_in_from("192.0.2.2", "lilei", PASSWORD, &first.device_token).await.unwrap_err();
    // A known place locks by itself, and a device that shares its network stays in.
    for _ in 0..3 {
        stage.sign_in_from(HOME, "lilei", "wrong", "").await.unwrap_err();
    }
    stage.sign_in_from(HOME, "lilei", PASSWORD, "").await.unwrap_err();
    stage.sign_in_from(HOME, "lilei", PASSWORD, &away.device_token).await.unwrap();
    let kept: String = sqlx::query_scalar("SELECT string_agg(p::text, '') FROM known_place p")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!(!kept.contains(&away.device_token) && !kept.contains(HOME));
}

#[tokio::test]
async fn a_network_that_fails_too_often_waits_and_others_do_not() {
    let people: [(&str, &str, &[&str]); 2] = [("lilei", "", &[]), ("hanmeimei", "", &[])];
    let stage = stage_with(&[], &people, |config| config.network_failures = 4).await;
    // What succeeds doesn't count.
    for _ in 0..6 {
        stage.sign_in_from(HOME, "lilei", PASSWORD, "").await.unwrap();
    }
    let guesses: Vec<String> = (0..4).map(|number| format!("user{number}")).collect();
    for name in &guesses {
        assert_eq!(refused(stage.sign_in_from(ELSEWHERE, name, PASSWORD, "").await), "SIGN_IN_FAILED");
    }
    assert_eq!(refused(stage.sign_in_from(ELSEWHERE, "hanmeimei", PASSWORD, "").await), "SIGN_IN_FAILURES");
    stage.sign_in_from(HOME, "hanmeimei", PASSWORD, "").await.unwrap();
    let past = "UPDATE sign_in_network SET period = period - 2";
    sqlx::query(past).execute(stage.db.pool()).await.unwrap();
    stage.sign_in_from(ELSEWHERE, "hanmeimei", PASSWORD, "").await.unwrap();
}

#[tokio::test]
async fn what_failed_is_in_the_audit_trail_and_names_nobody_who_is_not_there() {
    let people: [(&str, &str, &[&str]); 1] = [("lilei", "", &[])];
    let stage = stage_with(&[], &people, |config| config.lock_out_failures = 2).await;
    for password in ["wrong", PASSWORD, "wrong", "wrong", PASSWORD] {
        let _ = stage.sign_in_from(HOME, "lilei", password, "").await;
    }
    stage.sign_in_from(HOME, "my-secret-typed-here", "x", "").await.unwrap_err();
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT action, record_kind, coalesce(changes->0->>'after', ''), address FROM audit_entry
         WHERE action LIKE 'employee.sign%' ORDER BY id",
    )
    .fetch_all(stage.db.pool())
    .await
    .unwrap();
    let mut rows: Vec<(&str, &str, &str)> = rows
        .iter()
        .map(|(action, kind, why, address)| {
            assert_eq!(address, HOME);
            (action.as_str(), kind.as_str(), why.as_str())
        })
        .collect();
    // The same again within a minute is counted.
    let mut seen = std::collections::HashSet::new();
    rows.retain(|row| seen.insert(*row));
    let failed = |kind, why| ("employee.sign_in_failed", kind, why);
    let expected = [
        failed("employee", "WRONG_PASSWORD"),
        ("employee.signed_in", "employee", "PASSWORD"),
        failed("employee", "LOCKED"),
        failed("account", "UNKNOWN"),
    ];
    assert_eq!(rows, expected);
    let trail: String = sqlx::query_scalar("SELECT string_agg(a::text, '') FROM audit_entry a")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!(!trail.contains("my-secret"));
    let by: Vec<_> = stage.audit(&stage.id("lilei")).await;
    assert!(by.contains(&("employee.signed_in".into(), Some(stage.people.employees["lilei"]))));
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let stage = stage(&[], &[("lilei", "", &[]), ("hanmeimei", "", &[ADMIN])]).await;
    let mine: Session = stage.sign_in_from("10.1.2.3", "lilei", PASSWORD, "").await.unwrap().into();
    let others = [stage.sign_in("lilei").await, stage.sign_in("lilei").await];
    let bystander = stage.sign_in("hanmeimei").await;
    let end = || mine.call(proto::RevokeOtherSessionsRequest {});
    assert_eq!(stage.authentication().revoke_other_sessions(end()).await.unwrap().into_inner().revoked_count, 2);
    assert_eq!(stage.authentication().revoke_other_sessions(end()).await.unwrap().into_inner().revoked_count, 0);
    for session in &others {
        let profile = stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await;
        assert_eq!(refused(profile), "TOKEN_INVALID");
    }
    stage.profiles().get_profile(bystander.call(proto::GetProfileRequest {})).await.unwrap();
    let list = mine.call(proto::ListSessionsRequest::default());
    let listed = stage.authentication().list_sessions(list).await.unwrap().into_inner().sessions;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].address.as_str(), listed[0].place.as_str()), ("10.1.2.3", "internal network"));
}
