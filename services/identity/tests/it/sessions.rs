//! What becomes of a session.

use contracts::identity as proto;
use contracts::identity::parameter_service_client::ParameterServiceClient;
use contracts::identity::{ChangePasswordRequest, RefreshSessionRequest, RefreshSessionResponse};
use tonic::Status;

use crate::stage::{ADMIN, PASSWORD, Session, Stage, mask, refused, stage, until};

async fn refresh(stage: &Stage, refresh_token: &str) -> Result<RefreshSessionResponse, Status> {
    let request = RefreshSessionRequest { refresh_token: refresh_token.into() };
    Ok(stage.authentication().refresh_session(request).await?.into_inner())
}

async fn works(stage: &Stage, access_token: &str) -> bool {
    let session =
        Session { access_token: access_token.into(), refresh_token: String::new(), password_change_required: false };
    stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await.is_ok()
}

async fn sessions(stage: &Stage, caller: &Session) -> Vec<proto::Session> {
    let request = caller.call(proto::ListSessionsRequest::default());
    stage.authentication().list_sessions(request).await.unwrap().into_inner().sessions
}

#[tokio::test]
async fn a_used_token_ends_the_session_for_thief_and_owner() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let first = stage.sign_in("lilei").await;
    let elsewhere = stage.sign_in("lilei").await;
    let second = refresh(&stage, &first.refresh_token).await.unwrap();
    let third = refresh(&stage, &second.refresh_token).await.unwrap();
    assert!(works(&stage, &third.access_token).await);

    assert_eq!(refused(refresh(&stage, &first.refresh_token).await), "REFRESH_TOKEN_REUSED");
    assert_eq!(refused(refresh(&stage, &third.refresh_token).await), "REFRESH_TOKEN_INVALID");
    for access_token in [&first.access_token, &second.access_token, &third.access_token] {
        assert!(!works(&stage, access_token).await);
    }
    assert!(works(&stage, &elsewhere.access_token).await, "the other session is not concerned");
    let audit = stage.audit(&stage.id("lilei")).await;
    assert!(audit.iter().any(|(action, _)| action == "employee.refresh_token_reused"));
}

#[tokio::test]
async fn a_made_up_token_ends_nothing() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    let other = stage.sign_in("lilei").await;
    // The session's id is no secret: the caller sees it. The rest comes from another session.
    let made_up = format!("{}{}", &session.refresh_token[..20], &other.refresh_token[20..]);
    for token in ["", "x", "AAAA", &made_up] {
        assert_eq!(refused(refresh(&stage, token).await), "REFRESH_TOKEN_INVALID");
    }
    assert!(works(&stage, &session.access_token).await);
    refresh(&stage, &session.refresh_token).await.unwrap();
}

#[tokio::test]
async fn two_exchanges_at_the_same_time_get_the_same_token() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    // Both have seen the token to be the newest when they wait for the row.
    let mut held = stage.db.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM session FOR UPDATE").execute(&mut *held).await.unwrap();
    let exchanges =
        async { tokio::join!(refresh(&stage, &session.refresh_token), refresh(&stage, &session.refresh_token)) };
    let release = async {
        until("both wait", async || {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE session%'",
            )
            .fetch_one(stage.db.pool())
            .await
            .unwrap();
            waiting == 2
        })
        .await;
        held.commit().await.unwrap();
    };
    let ((one, other), ()) = tokio::join!(exchanges, release);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.refresh_token, other.refresh_token);
    assert!(works(&stage, &one.access_token).await && works(&stage, &other.access_token).await);
    refresh(&stage, &one.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_exchange_whose_answer_got_lost_can_be_repeated_for_a_while() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    let lost = refresh(&stage, &session.refresh_token).await.unwrap();
    let again = refresh(&stage, &session.refresh_token).await.unwrap();
    assert_eq!(again.refresh_token, lost.refresh_token);
    assert!(works(&stage, &again.access_token).await);
    let later = "UPDATE session SET rotate_time = now() - interval '11 seconds'";
    sqlx::query(later).execute(stage.db.pool()).await.unwrap();
    assert_eq!(refused(refresh(&stage, &session.refresh_token).await), "REFRESH_TOKEN_REUSED");
    assert!(!works(&stage, &again.access_token).await);
}

#[tokio::test]
async fn a_session_ends_in_time_however_often_it_is_refreshed() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    let near_end = "UPDATE session SET end_time = now() + interval '1 minute'";
    sqlx::query(near_end).execute(stage.db.pool()).await.unwrap();
    let next = refresh(&stage, &session.refresh_token).await.unwrap();
    let limit = chrono::Utc::now().timestamp() + 60;
    assert!(next.access_token_expire_time.unwrap().seconds <= limit);
    assert!(next.refresh_token_expire_time.unwrap().seconds <= limit);
    let over = "UPDATE session SET expire_time = now() - interval '1 second'";
    sqlx::query(over).execute(stage.db.pool()).await.unwrap();
    assert_eq!(refused(refresh(&stage, &next.refresh_token).await), "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn a_session_is_idle_no_longer_than_the_parameter_says_after_a_proof_either() {
    const IDLE: i64 = 3600;
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let mut parameters = ParameterServiceClient::new(stage.identity.clone());
    let list = parameters.list_parameters(admin.call(proto::ListParametersRequest::default())).await.unwrap();
    let idle = list.into_inner().parameters.into_iter().find(|found| found.name == "session.idle_seconds").unwrap();
    let request = proto::UpdateParameterRequest {
        parameter: Some(proto::Parameter { value: IDLE.to_string(), ..idle }),
        update_mask: mask(&["value"]),
    };
    parameters.update_parameter(admin.call(request)).await.unwrap();
    let request = proto::ConfirmIdentityRequest { password: PASSWORD.into(), ..Default::default() };
    let proven = stage.authentication().confirm_identity(admin.call(request)).await.unwrap().into_inner();
    let life = proven.refresh_token_expire_time.unwrap().seconds - chrono::Utc::now().timestamp();
    assert!((IDLE - 60..=IDLE).contains(&life), "{life}");
    let kept: i64 = sqlx::query_scalar("SELECT extract(epoch FROM expire_time - now())::bigint FROM session")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!((IDLE - 60..=IDLE).contains(&kept), "{kept}");
}

#[tokio::test]
async fn what_is_over_is_removed() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let live = stage.sign_in("lilei").await;
    for _ in 0..2 {
        stage.sign_in("lilei").await;
    }
    stage.try_sign_in("nobody", "x").await.unwrap_err();
    for statement in [
        "UPDATE session SET expire_time = now() - interval '1 second'
         WHERE id = (SELECT id FROM session ORDER BY create_time DESC LIMIT 1)",
        "UPDATE session SET revoke_time = now(), access_expire_time = now() - interval '2 hours'
         WHERE id = (SELECT id FROM session WHERE expire_time > now() ORDER BY create_time DESC LIMIT 1)",
        "UPDATE sign_in_failure SET last_time = now() - interval '2 days'",
        "INSERT INTO policy_tombstone VALUES ('role', gen_random_uuid(), 1, now() - interval '2 days')",
    ] {
        sqlx::query(statement).execute(stage.db.pool()).await.unwrap();
    }
    let _restarted = crate::stage::instance(&stage.db, &stage.config, Default::default()).await;
    let due = "UPDATE job SET run_time = now() WHERE kind = 'identity.housekeeping' AND state = 'pending'";
    sqlx::query(due).execute(stage.db.pool()).await.unwrap();
    until("only the live session is left", async || {
        let left: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM sign_in_failure)
                    + (SELECT count(*) FROM policy_tombstone)",
        )
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
        left == 1
    })
    .await;
    assert!(works(&stage, &live.access_token).await);
}

#[tokio::test]
async fn a_page_token_of_ones_own_making_is_refused() {
    use base64::Engine;
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let session = stage.sign_in("lilei").await;
    stage.sign_in("lilei").await;
    let page = |page_token: String| session.call(proto::ListSessionsRequest { page_size: 1, page_token });
    let first = stage.authentication().list_sessions(page(String::new())).await.unwrap().into_inner();
    let encoding = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = encoding.decode(&first.next_page_token).unwrap();
    bytes.truncate(6);
    bytes.extend(br#"["-100000-01-01T00:00:00Z","018f0000-0000-7000-8000-000000000000"]"#);
    let answer = stage.authentication().list_sessions(page(encoding.encode(bytes))).await;
    assert_eq!(refused(answer), "page_token: PAGE_TOKEN_INVALID");
    let second = stage.authentication().list_sessions(page(first.next_page_token)).await.unwrap().into_inner();
    assert_eq!((second.sessions.len(), second.next_page_token.as_str()), (1, ""));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let stage = stage(&[], &[("lilei", "", &[]), ("hanmeimei", "", &[ADMIN])]).await;
    let [desk, phone] = [stage.sign_in("lilei").await, stage.sign_in("lilei").await];
    let listed = sessions(&stage, &phone).await;
    assert_eq!(listed.iter().map(|session| session.current).collect::<Vec<_>>(), [true, false]);
    assert_eq!(listed[0].device, "test");

    let other = listed[1].id.clone();
    let revoke = |caller: &Session| caller.call(proto::RevokeSessionRequest { id: other.clone() });
    let administrator = stage.sign_in("hanmeimei").await;
    assert_eq!(refused(stage.authentication().revoke_session(revoke(&administrator)).await), "NOT_FOUND");
    stage.authentication().revoke_session(revoke(&phone)).await.unwrap();
    assert_eq!(refused(stage.authentication().revoke_session(revoke(&phone)).await), "NOT_FOUND");
    assert!(!works(&stage, &desk.access_token).await && works(&stage, &phone.access_token).await);
    assert_eq!(sessions(&stage, &phone).await.len(), 1);

    stage.authentication().sign_out(phone.call(proto::SignOutRequest {})).await.unwrap();
    assert!(!works(&stage, &phone.access_token).await);
    assert_eq!(refused(refresh(&stage, &phone.refresh_token).await), "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn an_initial_password_opens_nothing_but_its_own_change() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let employee = proto::Employee {
        login_name: "lilei".into(),
        display_name: "李雷".into(),
        role_ids: vec![stage.role_id(ADMIN).await],
        ..Default::default()
    };
    let request = proto::CreateEmployeeRequest { employee: Some(employee), invite: false };
    let created = stage.employees().create_employee(admin.call(request)).await.unwrap().into_inner();
    let initial = created.initial_password;
    let newcomer = stage.try_sign_in("lilei", &initial).await.unwrap();
    assert!(newcomer.password_change_required);
    assert!(works(&stage, &newcomer.access_token).await, "the profile is open");
    let list = stage.authentication().list_sessions(newcomer.call(proto::ListSessionsRequest::default())).await;
    assert_eq!(refused(list), "PASSWORD_CHANGE_REQUIRED");
    let list = stage.employees().list_employees(newcomer.call(proto::ListEmployeesRequest::default())).await;
    assert_eq!(refused(list), "PASSWORD_CHANGE_REQUIRED");

    let change = |current: &str, new: &str| {
        newcomer.call(ChangePasswordRequest { current_password: current.into(), new_password: new.into() })
    };
    for (current, new, answer) in [
        ("wrong", PASSWORD, "current_password: CURRENT_PASSWORD_WRONG"),
        (&initial, "short", "new_password: PASSWORD_TOO_SHORT"),
        (&initial, "Password123!", "new_password: PASSWORD_COMMON"),
        (&initial, &initial, "new_password: PASSWORD_UNCHANGED"),
    ] {
        assert_eq!(refused(stage.authentication().change_password(change(current, new)).await), answer);
    }
    let changed = stage.authentication().change_password(change(&initial, PASSWORD)).await.unwrap().into_inner();
    let session = Session {
        access_token: changed.access_token,
        refresh_token: changed.refresh_token,
        password_change_required: false,
    };
    // The new session works at once, the old one no more.
    assert_eq!(sessions(&stage, &session).await.len(), 1);
    assert!(!works(&stage, &newcomer.access_token).await);
    assert_eq!(refused(stage.try_sign_in("lilei", &initial).await), "SIGN_IN_FAILED");
    assert!(!stage.sign_in("lilei").await.password_change_required);
}

#[tokio::test]
async fn a_stolen_session_is_no_way_to_guess_the_password() {
    let stage = crate::stage::stage_with(&[], &[("lilei", "", &[])], |config| config.lock_out_failures = 2).await;
    let session = stage.sign_in("lilei").await;
    let change = |current: &str| {
        let new_password = "Another-Horse-8".to_owned();
        session.call(ChangePasswordRequest { current_password: current.into(), new_password })
    };
    for _ in 0..2 {
        stage.authentication().change_password(change("wrong")).await.unwrap_err();
    }
    let late = stage.authentication().change_password(change(PASSWORD)).await;
    assert_eq!(refused(late), "current_password: CURRENT_PASSWORD_WRONG");
    // Nor one to lock the owner out.
    stage.try_sign_in("lilei", PASSWORD).await.unwrap();
}
