//! Who gets in, who doesn't, and that nobody learns why.

use contracts::identity as proto;
use prost_types::Timestamp;

use crate::stage::{ADMIN, PASSWORD, SALES, refused, stage, stage_with};

#[tokio::test]
async fn unknown_wrong_disabled_and_locked_can_not_be_told_apart() {
    let people: [(&str, &str, &[&str]); 4] =
        [("admin", "", &[ADMIN]), ("lilei", "", &[]), ("gone", "", &[]), ("locked", "", &[])];
    let stage = stage_with(&[], &people, |config| config.lock_out_failures = 2).await;
    let admin = stage.sign_in("admin").await;
    let request = proto::DisableEmployeeRequest { id: stage.id("gone"), etag: String::new() };
    stage.employees().disable_employee(admin.call(request)).await.unwrap();
    for _ in 0..2 {
        stage.try_sign_in("locked", "wrong").await.unwrap_err();
    }
    let mut answers = Vec::new();
    for (login_name, password) in
        [("nobody", PASSWORD), ("lilei", "wrong"), ("gone", PASSWORD), ("locked", PASSWORD), ("locked", "wrong")]
    {
        let status = stage.try_sign_in(login_name, password).await.unwrap_err();
        answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    assert_eq!(answers[0].0, tonic::Code::Unauthenticated);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(refused(stage.try_sign_in("nobody", PASSWORD).await), "SIGN_IN_FAILED");
    stage.try_sign_in("LiLei", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_time_do_not_outrun_the_lock() {
    let people: [(&str, &str, &[&str]); 2] = [("admin", "", &[ADMIN]), ("lilei", "", &[])];
    let stage = stage_with(&[], &people, |config| config.lock_out_failures = 5).await;
    // The right password comes along with the wrong ones, all at once, behind the five that are permitted.
    let guesses = futures::future::join_all((0..5).map(|_| stage.try_sign_in("lilei", "wrong"))).await;
    assert!(guesses.iter().all(Result::is_err));
    let late = futures::future::join_all((0..20).map(|_| stage.try_sign_in("lilei", PASSWORD))).await;
    assert!(late.iter().all(Result::is_err));

    let admin = stage.sign_in("admin").await;
    let employee = stage.employee(&admin, "lilei").await.unwrap();
    let now = chrono::Utc::now().timestamp();
    assert!(matches!(employee.locked_until, Some(Timestamp { seconds, .. }) if seconds > now && seconds <= now + 901));

    // When the time is up the lock is gone, and so is the count.
    sqlx::query("UPDATE sign_in_failure SET locked_until = now() - interval '1 second'")
        .execute(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(stage.employee(&admin, "lilei").await.unwrap().locked_until, None);
    for _ in 0..4 {
        stage.try_sign_in("lilei", "wrong").await.unwrap_err();
    }
    stage.try_sign_in("lilei", PASSWORD).await.unwrap();
    for _ in 0..4 {
        stage.try_sign_in("lilei", "wrong").await.unwrap_err();
    }
    stage.try_sign_in("lilei", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_administrator_lifts_a_lock_with_a_new_initial_password() {
    let people: [(&str, &str, &[&str]); 2] = [("admin", "", &[ADMIN]), ("lilei", "", &[SALES])];
    let stage = stage_with(&[], &people, |config| config.lock_out_failures = 1).await;
    let before = stage.sign_in("lilei").await;
    stage.try_sign_in("lilei", "wrong").await.unwrap_err();
    assert_eq!(refused(stage.try_sign_in("lilei", PASSWORD).await), "SIGN_IN_FAILED");

    let admin = stage.sign_in("admin").await;
    let request = proto::ResetEmployeePasswordRequest { id: stage.id("lilei") };
    let initial =
        stage.employees().reset_employee_password(admin.call(request)).await.unwrap().into_inner().initial_password;
    let session = stage.try_sign_in("lilei", &initial).await.unwrap();
    assert!(session.password_change_required);
    // What was signed in with the old password is over at once.
    let profile = stage.profiles().get_profile(before.call(proto::GetProfileRequest {})).await;
    assert_eq!(refused(profile), "TOKEN_INVALID");
    stage.try_sign_in("lilei", PASSWORD).await.unwrap_err();
}

#[tokio::test]
async fn a_stale_token_does_not_stand_in_the_way_of_signing_in() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    stage.authentication().sign_out(session.call(proto::SignOutRequest {})).await.unwrap();
    let request = proto::SignInRequest { login_name: "lilei".into(), password: PASSWORD.into(), ..Default::default() };
    assert!(!stage.authentication().sign_in(session.call(request)).await.unwrap().into_inner().access_token.is_empty());
}

#[tokio::test]
async fn a_hash_is_made_anew_when_the_parameters_change() {
    let mut stage = stage(&[], &[("lilei", "", &[])]).await;
    let hash = async |stage: &crate::stage::Stage| -> String {
        sqlx::query_scalar("SELECT password_hash FROM employee").fetch_one(stage.db.pool()).await.unwrap()
    };
    assert!(hash(&stage).await.contains("m=64,"));
    stage.config.hashing.memory_kib = 128;
    let stronger = crate::stage::instance(&stage.db, &stage.config, Default::default()).await;
    stage.identity = stronger.identity;
    stage.sign_in("lilei").await;
    assert!(hash(&stage).await.contains("m=128,"));
    stage.sign_in("lilei").await;
}

#[tokio::test]
async fn no_token_and_no_password_is_kept() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let mut request = tonic::Request::new(proto::SignInRequest {
        login_name: "lilei".into(),
        password: PASSWORD.into(),
        ..Default::default()
    });
    request.metadata_mut().insert("idempotency-key", "once".parse().unwrap());
    let reply = stage.authentication().sign_in(request).await.unwrap().into_inner();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM idempotency").fetch_one(stage.db.pool()).await.unwrap();
    assert_eq!(kept, 0);
    let sessions: String =
        sqlx::query_scalar("SELECT string_agg(s::text, '') FROM session s").fetch_one(stage.db.pool()).await.unwrap();
    assert!(!sessions.contains(&reply.refresh_token) && sessions.contains("\\x"));
}
