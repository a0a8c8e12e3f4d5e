//! Failed proofs in the audit trail: each kind is found there, and a flood of them fills nothing.

use contracts::identity as proto;
use contracts::identity::api_key_service_client::ApiKeyServiceClient;

use crate::second_factors::{app, begin, complete};
use crate::stage::{PASSWORD, Stage, from, refused, stage, stage_with, until};

const HOME: &str = "203.0.113.7";

/// Failures as the trail tells them, oldest first: action, kind of record, and the fields of the entry.
pub async fn trail(stage: &Stage) -> Vec<(String, String, String)> {
    sqlx::query_as(
        "SELECT action, record_kind, (
             SELECT string_agg((c.change->>'field') || '=' || (c.change->>'after'), ' ' ORDER BY c.place)
             FROM jsonb_array_elements(changes) WITH ORDINALITY AS c (change, place))
         FROM audit_entry WHERE action LIKE '%failed' OR action LIKE '%not_confirmed' OR action = 'api_key.refused'
         ORDER BY id",
    )
    .fetch_all(stage.db.pool())
    .await
    .unwrap()
}

/// As if the present minute were over.
async fn minutes_pass(stage: &Stage) {
    sqlx::query("UPDATE proof_failure SET minute = minute - 2").execute(stage.db.pool()).await.unwrap();
    until("what was counted is written", async || {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM proof_failure").fetch_one(stage.db.pool()).await.unwrap();
        left == 0
    })
    .await;
}

/// How many failures entries of this kind stand for.
fn told(trail: &[(String, String, String)], kind: &str, why: &str) -> (usize, usize) {
    let of_kind: Vec<&str> = trail
        .iter()
        .filter(|(_, found, fields)| found == kind && fields.contains(why))
        .map(|entry| &*entry.2)
        .collect();
    let further = |fields: &str| {
        let count = fields.split_once("further_failures=")?.1.split(' ').next()?;
        count.parse::<usize>().ok()
    };
    (of_kind.len(), of_kind.iter().map(|fields| further(fields).unwrap_or(1)).sum())
}

#[tokio::test]
async fn a_flood_is_a_few_lines_that_say_how_many() {
    let stage = stage_with(&[], &[("lilei", "", &[])], |config| {
        config.lock_out_failures = 5;
        config.network_failures = 0;
    })
    .await;
    for _ in 0..5 {
        stage.sign_in_from(HOME, "lilei", "my-other-password", "").await.unwrap_err();
    }
    // Locked: a thousand networks make no more of it than one.
    for network in 0..20 {
        stage.sign_in_from(&format!("198.51.100.{network}"), "lilei", PASSWORD, "").await.unwrap_err();
    }
    for _ in 0..10 {
        stage.sign_in_from(HOME, "somebody-typed-a-secret", "x", "").await.unwrap_err();
    }
    minutes_pass(&stage).await;
    let trail = trail(&stage).await;
    for (kind, why, failures) in [("employee", "WRONG_PASSWORD", 5), ("employee", "LOCKED", 20), ("account", "", 10)] {
        let (entries, counted) = told(&trail, kind, why);
        assert_eq!(counted, failures, "{kind} {why} in {trail:?}");
        assert!((2..=4).contains(&entries), "{entries} entries of {kind} {why}");
    }
    let all = format!("{trail:?}");
    assert!(all.contains(&format!("network={HOME}")), "{all}");
    assert!(!all.contains("secret") && !all.contains("my-other"), "{all}");
    // The chain is whole, and the first of the next minute is written at once again.
    stage.sign_in_from(HOME, "nobody", "x", "").await.unwrap_err();
    assert_eq!(self::trail(&stage).await.len(), trail.len() + 1);
}

#[tokio::test]
async fn failures_of_every_kind_are_told() {
    let stage = stage(&[], &[("lilei", "", &[]), ("hanmeimei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    let (_, codes) = app(&stage, &session).await;
    let begun = begin(&stage, "lilei").await;
    for _ in 0..2 {
        let request = proto::CompleteSignInRequest {
            challenge: begun.challenge.clone(),
            totp_code: "000000".into(),
            ..Default::default()
        };
        assert_eq!(refused(complete(&stage, request).await), "SECOND_FACTOR_WRONG");
    }
    let wrong = proto::ConfirmIdentityRequest { password: "wrong".into(), ..Default::default() };
    assert_eq!(refused(stage.authentication().confirm_identity(session.call(wrong)).await), "password: PROOF_WRONG");
    let change =
        proto::ChangePasswordRequest { current_password: "wrong".into(), new_password: "Quiet-river-7".into() };
    let change = stage.authentication().change_password(session.call(change)).await;
    assert_eq!(refused(change), "current_password: CURRENT_PASSWORD_WRONG");
    let start = stage.authentication().start_passkey_sign_in(proto::StartPasskeySignInRequest {}).await;
    let request = proto::CompleteSignInRequest {
        challenge: start.unwrap().into_inner().challenge,
        passkey_json: "{}".into(),
        ..Default::default()
    };
    let request = stage.authentication().complete_sign_in(from(HOME, request)).await;
    assert_eq!(refused(request), "SECOND_FACTOR_WRONG");

    let trail = trail(&stage).await;
    let failed = |action: &str, kind: &str, fields: &str| {
        let found = trail.iter().any(|entry| (&*entry.0, &*entry.1, &*entry.2) == (action, kind, fields));
        assert!(found, "{action} {kind} {fields} in {trail:?}");
    };
    failed("employee.sign_in_failed", "employee", "reason=WRONG_SECOND_FACTOR");
    failed("employee.identity_not_confirmed", "employee", "proof=password");
    failed("employee.identity_not_confirmed", "employee", "proof=current_password");
    failed("employee.sign_in_failed", "account", "reason=UNKNOWN_PASSKEY");
    let all = format!("{trail:?}");
    assert!(!all.contains("000000") && codes.iter().all(|code| !all.contains(code.as_str())));
}

#[tokio::test]
async fn a_key_that_is_over_is_told_of_and_one_that_nobody_made_is_not() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    let keys = || ApiKeyServiceClient::new(stage.identity.clone());
    let request = proto::CreatePersonalApiKeyRequest { name: "script".into(), ..Default::default() };
    let made = keys().create_personal_api_key(session.call(request)).await.unwrap().into_inner();
    let exchange = async |key: &str| {
        let request = proto::ExchangeApiKeyRequest { key: key.into() };
        keys().exchange_api_key(from(HOME, request)).await.map(|_| ())
    };
    exchange(&made.key).await.unwrap();
    let api_key = made.api_key.unwrap();
    let request = proto::CreatePersonalApiKeyRequest { name: "other".into(), ..Default::default() };
    let other = keys().create_personal_api_key(session.call(request)).await.unwrap().into_inner();
    let erase = proto::RevokePersonalApiKeyRequest { id: other.api_key.unwrap().id };
    keys().revoke_personal_api_key(session.call(erase)).await.unwrap();
    sqlx::query("DELETE FROM api_key WHERE revoke_time IS NOT NULL").execute(stage.db.pool()).await.unwrap();
    keys().revoke_personal_api_key(session.call(proto::RevokePersonalApiKeyRequest { id: api_key.id })).await.unwrap();
    for key in [&made.key, &made.key, &other.key] {
        assert_eq!(refused(exchange(key).await), "API_KEY_INVALID");
    }
    minutes_pass(&stage).await;
    let trail = trail(&stage).await;
    let (entries, counted) = told(&trail, "api_key", "reason=OVER");
    assert_eq!((counted, trail.len()), (2, entries), "{trail:?}");
    assert!(!format!("{trail:?}").contains(&made.key));
}
