//! Second factors: set up by their owner, asked for at sign-in, good once.

use contracts::identity as proto;
use contracts::identity::{CompleteSignInRequest, FinishCredentialResponse, SecondFactor, SignInResponse};
use tonic::Status;

use crate::authenticator::{Device, code};
use crate::stage::{ADMIN, MANAGER, PASSWORD, Session, Stage, mask, refused, stage, until};

async fn company() -> Stage {
    let people: [(&str, &str, &[&str]); 4] =
        [("admin", "", &[ADMIN]), ("boss", "east", &[MANAGER]), ("lilei", "east", &[]), ("hanmeimei", "east", &[])];
    stage(&["east"], &people).await
}

/// Sets an app up; answers its key, and the recovery codes that came with it.
pub async fn app(stage: &Stage, session: &Session) -> (String, Vec<String>) {
    let begun = stage.credentials().start_totp(session.call(proto::StartTotpRequest {})).await.unwrap().into_inner();
    assert!(begun.uri.contains(&begun.secret));
    let finished = finish_totp(stage, session, &begun.challenge, &code(&begun.secret)).await.unwrap();
    forget_steps(stage).await;
    (begun.secret, finished.recovery_codes)
}

async fn finish_totp(
    stage: &Stage,
    session: &Session,
    challenge: &str,
    code: &str,
) -> Result<FinishCredentialResponse, Status> {
    let request =
        proto::FinishTotpRequest { challenge: challenge.into(), totp_code: code.into(), name: "手机".into() };
    Ok(stage.credentials().finish_totp(session.call(request)).await?.into_inner())
}

/// As if the last code had been used long ago: a test doesn't wait half a minute for the next.
pub async fn forget_steps(stage: &Stage) {
    sqlx::query("UPDATE credential SET totp_step = 0").execute(stage.db.pool()).await.unwrap();
}

async fn passkey(stage: &Stage, session: &Session) -> Device {
    let begun =
        stage.credentials().start_passkey(session.call(proto::StartPasskeyRequest {})).await.unwrap().into_inner();
    let (device, credential_json) = Device::register(&begun.options_json);
    let request = proto::FinishPasskeyRequest { challenge: begun.challenge, credential_json, name: "笔记本".into() };
    stage.credentials().finish_passkey(session.call(request)).await.unwrap();
    device
}

pub async fn begin(stage: &Stage, login_name: &str) -> SignInResponse {
    let begun = stage.sign_in_from("", login_name, PASSWORD, "").await.unwrap();
    assert!(begun.access_token.is_empty() && begun.refresh_token.is_empty() && begun.device_token.is_empty());
    begun
}

pub async fn complete(stage: &Stage, request: CompleteSignInRequest) -> Result<Session, Status> {
    Ok(stage.authentication().complete_sign_in(request).await?.into_inner().into())
}

fn by_code(begun: &SignInResponse, totp_code: &str) -> CompleteSignInRequest {
    CompleteSignInRequest { challenge: begun.challenge.clone(), totp_code: totp_code.into(), ..Default::default() }
}

fn by_recovery(begun: &SignInResponse, recovery_code: &str) -> CompleteSignInRequest {
    CompleteSignInRequest {
        challenge: begun.challenge.clone(),
        recovery_code: recovery_code.into(),
        ..Default::default()
    }
}

fn by_passkey(challenge: &str, passkey_json: String) -> CompleteSignInRequest {
    CompleteSignInRequest { challenge: challenge.into(), passkey_json, ..Default::default() }
}

#[tokio::test]
async fn an_app_is_asked_for_once_it_has_shown_a_code() {
    let stage = company().await;
    let session = stage.sign_in("lilei").await;
    let begun = stage.credentials().start_totp(session.call(proto::StartTotpRequest {})).await.unwrap().into_inner();
    // Begun is not done.
    assert!(!stage.sign_in("lilei").await.access_token.is_empty());
    assert_eq!(refused(finish_totp(&stage, &session, &begun.challenge, "12345").await), "totp_code: TOTP_CODE_WRONG");
    let finished = finish_totp(&stage, &session, &begun.challenge, &code(&begun.secret)).await.unwrap();
    assert_eq!(finished.recovery_codes.len(), 10);
    assert_eq!(finished.credential.unwrap().kind(), SecondFactor::Totp);
    let again = finish_totp(&stage, &session, &begun.challenge, &code(&begun.secret)).await;
    assert_eq!(refused(again), "CHALLENGE_INVALID");

    let begun_in = begin(&stage, "lilei").await;
    assert_eq!(begun_in.second_factors, [SecondFactor::Totp, SecondFactor::RecoveryCode].map(i32::from));
    // The code that proved the app was its first use.
    assert_eq!(refused(complete(&stage, by_code(&begun_in, &code(&begun.secret))).await), "SECOND_FACTOR_WRONG");
    forget_steps(&stage).await;
    let signed_in = complete(&stage, by_code(&begun_in, &code(&begun.secret))).await.unwrap();
    stage.profiles().get_profile(signed_in.call(proto::GetProfileRequest {})).await.unwrap();
    // Neither the code nor the challenge is good again.
    let next = begin(&stage, "lilei").await;
    assert_eq!(refused(complete(&stage, by_code(&next, &code(&begun.secret))).await), "SECOND_FACTOR_WRONG");
    forget_steps(&stage).await;
    assert_eq!(refused(complete(&stage, by_code(&begun_in, &code(&begun.secret))).await), "CHALLENGE_INVALID");
    assert!(!stage.sign_in("hanmeimei").await.access_token.is_empty(), "others are not concerned");

    let trail: String = sqlx::query_scalar("SELECT string_agg(a::text, '') FROM audit_entry a")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    for said in ["employee.credential_added", "PASSWORD_AND_TOTP", "WRONG_SECOND_FACTOR"] {
        assert!(trail.contains(said), "{said}");
    }
    assert!(!trail.contains(&begun.secret));
}

#[tokio::test]
async fn a_recovery_code_opens_once_even_at_the_same_time() {
    let stage = company().await;
    let (_, codes) = app(&stage, &stage.sign_in("lilei").await).await;
    let [one, other] = [begin(&stage, "lilei").await, begin(&stage, "lilei").await];
    let both = tokio::join!(
        complete(&stage, by_recovery(&one, &codes[0])),
        complete(&stage, by_recovery(&other, &codes[0].to_uppercase().replace('-', "")))
    );
    assert_eq!(u8::from(both.0.is_ok()) + u8::from(both.1.is_ok()), 1);
    let next = begin(&stage, "lilei").await;
    assert_eq!(refused(complete(&stage, by_recovery(&next, &codes[0])).await), "SECOND_FACTOR_WRONG");
    let session = complete(&stage, by_recovery(&next, &codes[1])).await.unwrap();
    let listed = stage.credentials().list_credentials(session.call(Default::default())).await.unwrap().into_inner();
    assert_eq!(listed.recovery_codes_left, 8);
    // New ones take the place of all before.
    let fresh = stage.credentials().create_recovery_codes(session.call(proto::CreateRecoveryCodesRequest {})).await;
    let fresh = fresh.unwrap().into_inner().recovery_codes;
    let begun = begin(&stage, "lilei").await;
    assert_eq!(refused(complete(&stage, by_recovery(&begun, &codes[2])).await), "SECOND_FACTOR_WRONG");
    complete(&stage, by_recovery(&begun, &fresh[2])).await.unwrap();
    let kept: String = sqlx::query_scalar("SELECT string_agg(r::text, '') FROM recovery_code r")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!(!kept.contains(&fresh[0]));
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_and_a_sign_in_of_its_own() {
    let stage = company().await;
    let mut device = passkey(&stage, &stage.sign_in("lilei").await).await;
    let begun = begin(&stage, "lilei").await;
    assert_eq!(begun.second_factors().next(), Some(SecondFactor::Passkey));
    let answer = device.assert(&begun.passkey_options_json);
    complete(&stage, by_passkey(&begun.challenge, answer.clone())).await.unwrap();
    // What was answered once answers nothing else.
    let next = begin(&stage, "lilei").await;
    assert_eq!(refused(complete(&stage, by_passkey(&next.challenge, answer)).await), "SECOND_FACTOR_WRONG");

    let start = async || {
        stage.authentication().start_passkey_sign_in(proto::StartPasskeySignInRequest {}).await.unwrap().into_inner()
    };
    let begun = start().await;
    let answer = device.assert(&begun.options_json);
    let session = complete(&stage, by_passkey(&begun.challenge, answer.clone())).await.unwrap();
    let profile = stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await.unwrap().into_inner();
    assert_eq!((profile.login_name.as_str(), profile.second_factor_set), ("lilei", true));
    assert_eq!(refused(complete(&stage, by_passkey(&begun.challenge, answer)).await), "CHALLENGE_INVALID");
    // A site that looks like ours gets an answer that is no good here.
    device.origin = "http://localhost.example.com";
    let begun = start().await;
    let answer = device.assert(&begun.options_json);
    assert_eq!(refused(complete(&stage, by_passkey(&begun.challenge, answer)).await), "SECOND_FACTOR_WRONG");
    for junk in ["{}", "x", "[]"] {
        assert_eq!(refused(complete(&stage, by_passkey(&begun.challenge, junk.into())).await), "SECOND_FACTOR_WRONG");
    }
}

#[tokio::test]
async fn a_passkey_opens_nobody_elses_account() {
    let stage = company().await;
    let mut device = passkey(&stage, &stage.sign_in("lilei").await).await;
    let (secret, _) = app(&stage, &stage.sign_in("hanmeimei").await).await;
    passkey(&stage, &complete(&stage, by_code(&begin(&stage, "hanmeimei").await, &code(&secret))).await.unwrap()).await;
    let begun = begin(&stage, "hanmeimei").await;
    let answer = device.assert(&begun.passkey_options_json);
    assert_eq!(refused(complete(&stage, by_passkey(&begun.challenge, answer)).await), "SECOND_FACTOR_WRONG");
    // Nor does the challenge of one account take the code of another.
    let mine = begin(&stage, "lilei").await;
    forget_steps(&stage).await;
    assert_eq!(refused(complete(&stage, by_code(&mine, &code(&secret))).await), "SECOND_FACTOR_WRONG");
}

#[tokio::test]
async fn a_challenge_is_short_lived_and_takes_few_tries() {
    let stage = company().await;
    let (secret, _) = app(&stage, &stage.sign_in("lilei").await).await;
    let begun = begin(&stage, "lilei").await;
    for _ in 0..5 {
        assert_eq!(refused(complete(&stage, by_code(&begun, "000000")).await), "SECOND_FACTOR_WRONG");
    }
    assert_eq!(refused(complete(&stage, by_code(&begun, &code(&secret))).await), "CHALLENGE_INVALID");
    let begun = begin(&stage, "lilei").await;
    sqlx::query("UPDATE challenge SET expire_time = now()").execute(stage.db.pool()).await.unwrap();
    assert_eq!(refused(complete(&stage, by_code(&begun, &code(&secret))).await), "CHALLENGE_INVALID");
    let both = CompleteSignInRequest { recovery_code: "x".into(), ..by_code(&begin(&stage, "lilei").await, "1") };
    assert_eq!(refused(complete(&stage, both).await), "totp_code: ONE_PROOF");
    // A new password takes back what was begun with the old one.
    let begun = begin(&stage, "lilei").await;
    let admin = stage.sign_in("admin").await;
    let reset = proto::ResetEmployeePasswordRequest { id: stage.id("lilei") };
    stage.employees().reset_employee_password(admin.call(reset)).await.unwrap();
    assert_eq!(refused(complete(&stage, by_code(&begun, &code(&secret))).await), "CHALLENGE_INVALID");
}

#[tokio::test]
async fn guesses_at_codes_lock_however_often_the_password_is_right() {
    let stage = crate::stage::stage_with(&[], &[("lilei", "", &[])], |config| config.lock_out_failures = 7).await;
    let (secret, _) = app(&stage, &stage.sign_in("lilei").await).await;
    for _ in 0..2 {
        let begun = begin(&stage, "lilei").await;
        for _ in 0..4 {
            complete(&stage, by_code(&begun, "000000")).await.unwrap_err();
        }
    }
    let begun = begin(&stage, "lilei").await;
    assert_eq!(refused(complete(&stage, by_code(&begun, &code(&secret))).await), "SECOND_FACTOR_WRONG");
    let past = "UPDATE sign_in_failure SET locked_until = now() - interval '1 second'";
    sqlx::query(past).execute(stage.db.pool()).await.unwrap();
    complete(&stage, by_code(&begun, &code(&secret))).await.unwrap();
}

#[tokio::test]
async fn a_role_that_asks_for_a_second_factor_opens_nothing_before_there_is_one() {
    let stage = company().await;
    let session = stage.sign_in("admin").await;
    let list = || session.call(proto::ListEmployeesRequest::default());
    stage.employees().list_employees(list()).await.unwrap();
    for statement in [
        "UPDATE policy_revision SET revision = revision + 1",
        "UPDATE role SET second_factor_required = true, policy_revision = (SELECT revision FROM policy_revision)
         WHERE preset = 'administrator'",
    ] {
        sqlx::query(statement).execute(stage.db.pool()).await.unwrap();
    }
    until("the role asks", async || stage.employees().list_employees(list()).await.is_err()).await;
    assert_eq!(refused(stage.employees().list_employees(list()).await), "SECOND_FACTOR_REQUIRED");
    let profile = stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await.unwrap().into_inner();
    assert!(profile.second_factor_required && !profile.second_factor_set);
    app(&stage, &session).await;
    stage.employees().list_employees(list()).await.unwrap();

    // Once there is one, there always is.
    let credentials = || session.call(proto::ListCredentialsRequest::default());
    let only = stage.credentials().list_credentials(credentials()).await.unwrap().into_inner();
    let delete = || session.call(proto::DeleteCredentialRequest { id: only.credentials[0].id.clone() });
    assert_eq!(refused(stage.credentials().delete_credential(delete()).await), "SECOND_FACTOR_LAST");
    let after = stage.credentials().list_credentials(credentials()).await.unwrap().into_inner();
    assert_eq!((after.credentials.len(), after.recovery_codes_left), (1, only.recovery_codes_left));
    app(&stage, &session).await;
    stage.credentials().delete_credential(delete()).await.unwrap();
}

#[tokio::test]
async fn factors_are_named_renamed_and_removed_by_their_owner_alone() {
    let stage = company().await;
    let mine = stage.sign_in("lilei").await;
    app(&stage, &mine).await;
    let listed = |session: &Session| {
        let call = session.call(proto::ListCredentialsRequest::default());
        let mut credentials = stage.credentials();
        async move { credentials.list_credentials(call).await.unwrap().into_inner() }
    };
    let credential = listed(&mine).await.credentials.remove(0);
    let other = stage.sign_in("hanmeimei").await;
    assert!(listed(&other).await.credentials.is_empty());
    let rename = |session: &Session, name: &str| {
        let credential = proto::Credential { name: name.into(), ..credential.clone() };
        session.call(proto::UpdateCredentialRequest { credential: Some(credential), update_mask: mask(&["name"]) })
    };
    let delete = |session: &Session| session.call(proto::DeleteCredentialRequest { id: credential.id.clone() });
    assert_eq!(refused(stage.credentials().update_credential(rename(&other, "x")).await), "NOT_FOUND");
    assert_eq!(refused(stage.credentials().delete_credential(delete(&other)).await), "NOT_FOUND");
    assert_eq!(
        refused(stage.credentials().update_credential(rename(&mine, " ")).await),
        "credential.name: VALUE_REQUIRED"
    );
    let renamed = stage.credentials().update_credential(rename(&mine, "旧手机")).await.unwrap().into_inner();
    assert_eq!(renamed.name, "旧手机");
    assert_eq!(refused(stage.credentials().update_credential(rename(&mine, "x")).await), "STALE_ETAG");
    stage.credentials().delete_credential(delete(&mine)).await.unwrap();
    assert_eq!(listed(&mine).await, proto::ListCredentialsResponse::default());
    assert!(!stage.sign_in("lilei").await.access_token.is_empty());
    let codes = stage.credentials().create_recovery_codes(mine.call(proto::CreateRecoveryCodesRequest {})).await;
    assert_eq!(refused(codes), "SECOND_FACTOR_MISSING");
}

#[tokio::test]
async fn who_lost_everything_is_helped_by_whoever_may_and_by_nobody_else() {
    let stage = company().await;
    let before = stage.sign_in("lilei").await;
    app(&stage, &before).await;
    app(&stage, &stage.sign_in("admin").await).await;
    let boss = stage.sign_in("boss").await;
    let reset = |login: &str| boss.call(proto::ResetSecondFactorsRequest { id: stage.id(login) });
    assert_eq!(refused(stage.employees().reset_second_factors(reset("admin")).await), "NOT_FOUND");
    let move_in = "UPDATE employee SET group_id = (SELECT group_id FROM employee WHERE login_name = 'boss') WHERE login_name = 'admin'";
    sqlx::query(move_in).execute(stage.db.pool()).await.unwrap();
    assert_eq!(refused(stage.employees().reset_second_factors(reset("admin")).await), "EMPLOYEE_HOLDS_MORE");
    stage.employees().reset_second_factors(reset("lilei")).await.unwrap();
    let profile = stage.profiles().get_profile(before.call(proto::GetProfileRequest {})).await;
    assert_eq!(refused(profile), "TOKEN_INVALID");
    assert!(!stage.sign_in("lilei").await.access_token.is_empty());
    let audit = stage.audit(&stage.id("lilei")).await;
    assert!(audit.contains(&("employee.second_factors_reset".into(), Some(stage.people.employees["boss"]))));
}

/// A session whose holder proved long ago who they are.
pub async fn stale(stage: &Stage, login_name: &str) -> Session {
    let session = stage.sign_in(login_name).await;
    sqlx::query("UPDATE session SET auth_time = now() - interval '1 hour'").execute(stage.db.pool()).await.unwrap();
    let request = proto::RefreshSessionRequest { refresh_token: session.refresh_token };
    let next = stage.authentication().refresh_session(request).await.unwrap().into_inner();
    Session { access_token: next.access_token, refresh_token: next.refresh_token, password_change_required: false }
}

pub async fn confirm(
    stage: &Stage,
    session: &Session,
    request: proto::ConfirmIdentityRequest,
) -> Result<Session, Status> {
    let reply = stage.authentication().confirm_identity(session.call(request)).await?.into_inner();
    Ok(Session {
        access_token: reply.access_token,
        refresh_token: reply.refresh_token,
        password_change_required: false,
    })
}

#[tokio::test]
async fn dangerous_acts_ask_for_a_fresh_proof() {
    let stage = company().await;
    let admin = stale(&stage, "admin").await;
    let reset = |session: &Session| session.call(proto::ResetEmployeePasswordRequest { id: stage.id("lilei") });
    assert_eq!(refused(stage.employees().reset_employee_password(reset(&admin)).await), "STEP_UP_REQUIRED");
    let by_password =
        |password: &str| proto::ConfirmIdentityRequest { password: password.into(), ..Default::default() };
    assert_eq!(refused(confirm(&stage, &admin, by_password("wrong")).await), "password: PROOF_WRONG");
    assert_eq!(refused(confirm(&stage, &admin, by_password("")).await), "password: ONE_PROOF");
    let proven = confirm(&stage, &admin, by_password(PASSWORD)).await.unwrap();
    stage.employees().reset_employee_password(reset(&proven)).await.unwrap();
    // It is the same session; its refresh token of before is void, and the proof outlives a refresh.
    let refresh = async |token: &str| {
        let request = proto::RefreshSessionRequest { refresh_token: token.into() };
        stage.authentication().refresh_session(request).await
    };
    assert_eq!(refused(refresh(&admin.refresh_token).await), "REFRESH_TOKEN_INVALID");
    let next = refresh(&proven.refresh_token).await.unwrap().into_inner();
    let next =
        Session { access_token: next.access_token, refresh_token: next.refresh_token, password_change_required: false };
    stage.employees().reset_employee_password(reset(&next)).await.unwrap();
    let sessions: i64 = sqlx::query_scalar("SELECT count(*) FROM session WHERE employee_id = $1")
        .bind(stage.people.employees["admin"])
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn an_app_and_a_passkey_prove_it_too_and_wrong_tries_count() {
    let stage = crate::stage::stage_with(&[], &[("lilei", "", &[])], |config| config.lock_out_failures = 3).await;
    let first = stage.sign_in("lilei").await;
    let (secret, _) = app(&stage, &first).await;
    let mut device = passkey(&stage, &first).await;
    let by_code = |totp_code: String| proto::ConfirmIdentityRequest { totp_code, ..Default::default() };
    let session = confirm(&stage, &first, by_code(code(&secret))).await.unwrap();
    assert_eq!(refused(confirm(&stage, &session, by_code(code(&secret))).await), "totp_code: PROOF_WRONG");
    let start = async |session: &Session| {
        let call = session.call(proto::StartPasskeyConfirmationRequest {});
        stage.authentication().start_passkey_confirmation(call).await.unwrap().into_inner()
    };
    let begun = start(&session).await;
    let request = proto::ConfirmIdentityRequest {
        passkey_json: device.assert(&begun.options_json),
        challenge: begun.challenge,
        ..Default::default()
    };
    let session = confirm(&stage, &session, request.clone()).await.unwrap();
    assert_eq!(refused(confirm(&stage, &session, request).await), "CHALLENGE_INVALID");
    for _ in 0..3 {
        confirm(&stage, &session, by_code("000000".into())).await.unwrap_err();
    }
    let by_password = proto::ConfirmIdentityRequest { password: PASSWORD.into(), ..Default::default() };
    assert_eq!(refused(confirm(&stage, &session, by_password).await), "password: PROOF_WRONG");
    // The session alone is locked, not its owner's sign-in.
    begin(&stage, "lilei").await;
}
