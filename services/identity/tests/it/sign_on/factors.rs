//! Second factors at a sign-on: no provider slips past one, unless it is trusted and says that it has asked for one.

use contracts::identity::SecondFactor;

use super::*;
use crate::authenticator::code;
use crate::second_factors::{app, forget_steps};

const PEOPLE: [(&str, &str, &[&str]); 2] = [("admin", "", &[ADMIN]), ("lilei", "", &[MANAGER])];

/// A stage whose managers need a second factor, and a provider that knows lilei.
async fn company(provider: &Provider, trusted: bool) -> (Stage, Session, IdentityProvider) {
    let stage = the_stage(&PEOPLE).await;
    let admin = stage.sign_in("admin").await;
    sqlx::query("UPDATE employee SET email = login_name || '@example.com'").execute(stage.db.pool()).await.unwrap();
    let made = create(&stage, &admin, provider, |asked| {
        asked.trust_email = true;
        asked.trust_second_factor = trusted;
    })
    .await
    .unwrap();
    assert_eq!(made.trust_second_factor, trusted);
    let id = stage.role_id(MANAGER).await;
    let role = stage.roles().get_role(admin.call(proto::GetRoleRequest { id })).await.unwrap().into_inner();
    let request = proto::UpdateRoleRequest {
        role: Some(proto::Role { second_factor_required: true, ..role }),
        update_mask: mask(&["second_factor_required"]),
    };
    stage.roles().update_role(admin.call(request)).await.unwrap();
    (stage, admin, made)
}

fn proven_by(methods: &[&str]) -> Value {
    let mut person = lilei(&[]);
    person["amr"] = json!(methods);
    person
}

async fn arrive(stage: &Stage, provider: &Provider, id: &str) -> proto::CompleteSignOnResponse {
    let started = start(stage, id, "/customers").await.unwrap();
    complete(stage, &provider.authorize(&started).await).await.unwrap()
}

fn session(reply: &proto::CompleteSignOnResponse) -> Session {
    assert!(reply.challenge.is_empty());
    Session {
        access_token: reply.access_token.clone(),
        refresh_token: reply.refresh_token.clone(),
        password_change_required: false,
    }
}

/// What the session may do beyond the set-up of a factor.
async fn at_work(stage: &Stage, session: &Session) -> Result<(), String> {
    let list = stage.employees().list_employees(session.call(proto::ListEmployeesRequest::default())).await;
    list.map(drop).map_err(|status| crate::stage::reason(&status))
}

#[tokio::test]
async fn a_factor_of_ours_is_asked_for_after_the_providers_word() {
    let provider = Provider::start().await;
    let (stage, _, made) = company(&provider, false).await;
    // Not trusted with that, whatever it says: all there is to do is to set a factor up.
    provider.present(proven_by(&["pwd", "mfa"])).await;
    let bare = session(&arrive(&stage, &provider, &made.id).await);
    assert_eq!(at_work(&stage, &bare).await.unwrap_err(), "SECOND_FACTOR_REQUIRED");
    assert!(me(&stage, &bare).await.second_factor_required);
    let (secret, codes) = app(&stage, &bare).await;
    at_work(&stage, &bare).await.unwrap();

    let waiting = arrive(&stage, &provider, &made.id).await;
    assert_eq!((waiting.access_token.as_str(), waiting.refresh_token.as_str()), ("", ""));
    assert_eq!(waiting.return_to, "/customers");
    assert_eq!(waiting.second_factors, [SecondFactor::Totp, SecondFactor::RecoveryCode].map(i32::from));
    let offer = |totp_code: &str, recovery_code: &str| proto::CompleteSignInRequest {
        challenge: waiting.challenge.clone(),
        totp_code: totp_code.into(),
        recovery_code: recovery_code.into(),
        ..Default::default()
    };
    assert_eq!(refused(stage.authentication().complete_sign_in(offer("000000", "")).await), "SECOND_FACTOR_WRONG");
    forget_steps(&stage).await;
    let proven = stage.authentication().complete_sign_in(offer(&code(&secret), "")).await.unwrap().into_inner();
    let again = stage.authentication().complete_sign_in(offer("", &codes[0])).await;
    assert_eq!(refused(again), "CHALLENGE_INVALID");
    let proven: Session = proven.into();
    at_work(&stage, &proven).await.unwrap();
    let trail: String = sqlx::query_scalar("SELECT string_agg(changes::text, ' ') FROM audit_entry")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!(trail.contains("SIGN_ON_AND_TOTP"), "{trail}");
    // The session that waited ends at the provider like any other.
    let reply = stage.authentication().sign_out(proven.call(proto::SignOutRequest {})).await.unwrap().into_inner();
    assert!(reply.provider_sign_out_url.contains("/session/end?"), "{}", reply.provider_sign_out_url);
}

#[tokio::test]
async fn a_provider_that_is_trusted_stands_for_the_factor_that_it_names() {
    let provider = Provider::start().await;
    let (stage, admin, made) = company(&provider, true).await;
    // A password is none, and neither is silence.
    for methods in [&["pwd"][..], &[]] {
        provider.present(proven_by(methods)).await;
        let bare = session(&arrive(&stage, &provider, &made.id).await);
        assert_eq!(at_work(&stage, &bare).await.unwrap_err(), "SECOND_FACTOR_REQUIRED", "{methods:?}");
    }
    provider.present(proven_by(&["pwd", "otp"])).await;
    let vouched = session(&arrive(&stage, &provider, &made.id).await);
    at_work(&stage, &vouched).await.unwrap();
    assert!(!me(&stage, &vouched).await.second_factor_required);
    // The word holds as long as the session does.
    let request = proto::RefreshSessionRequest { refresh_token: vouched.refresh_token.clone() };
    let next = stage.authentication().refresh_session(request).await.unwrap().into_inner();
    let next = Session { access_token: next.access_token, ..vouched };
    at_work(&stage, &next).await.unwrap();
    // It says nothing of sessions that begin with a password.
    let by_password = stage.sign_in("lilei").await;
    assert_eq!(at_work(&stage, &by_password).await.unwrap_err(), "SECOND_FACTOR_REQUIRED");

    // Whoever has a factor here is not asked twice, and is asked where the provider has not.
    app(&stage, &by_password).await;
    at_work(&stage, &session(&arrive(&stage, &provider, &made.id).await)).await.unwrap();
    provider.present(proven_by(&["pwd"])).await;
    let waiting = arrive(&stage, &provider, &made.id).await;
    assert!(waiting.access_token.is_empty() && !waiting.challenge.is_empty());
    // Who is disabled meanwhile does not get in by it, nor does anybody once the provider is gone.
    let gone = proto::DeleteIdentityProviderRequest { id: made.id.clone(), etag: String::new() };
    providers(&stage).delete_identity_provider(admin.call(gone)).await.unwrap();
    let request =
        proto::CompleteSignInRequest { challenge: waiting.challenge, totp_code: "000000".into(), ..Default::default() };
    assert_eq!(refused(stage.authentication().complete_sign_in(request).await), "CHALLENGE_INVALID");
}
