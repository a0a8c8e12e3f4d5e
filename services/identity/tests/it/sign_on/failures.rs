//! Sign-ons that come to nothing, in the audit trail: at which provider and why, which the caller doesn't learn.

use super::*;
use crate::failures::trail;

#[tokio::test]
async fn the_trail_tells_which_provider_and_why() {
    let provider = Provider::start().await;
    let stage = the_stage(&[("admin", "", &[ADMIN]), ("lilei", "", &[])]).await;
    let admin = stage.sign_in("admin").await;
    let made = create(&stage, &admin, &provider, |_| ()).await.unwrap();
    provider.present(lilei(&[])).await;
    let begin = async || start(&stage, &made.id, "").await.unwrap();

    let callback = provider.authorize(&begin().await).await;
    let code = callback.code.clone();
    let made_up = Callback { state: "made-up-state".into(), code: code.clone(), browser_secret: "x".into() };
    assert_eq!(refused(complete(&stage, &made_up).await), "SIGN_ON_FAILED");
    let stolen = Callback { browser_secret: "another".into(), ..callback };
    assert_eq!(refused(complete(&stage, &stolen).await), "SIGN_ON_FAILED");
    for parameter in ["nonce=", "code_challenge="] {
        let started = begin().await;
        let (before, rest) = started.authorization_url.split_once(parameter).unwrap();
        let other = if rest.starts_with('A') { "B" } else { "A" };
        let url = format!("{before}{parameter}{other}{}", &rest[1..]);
        let callback = provider.authorize_at(&url, &started.browser_secret).await;
        assert_eq!(refused(complete(&stage, &callback).await), "SIGN_ON_FAILED");
    }
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_UNKNOWN");
    provider.control("rotate", json!({})).await;
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_FAILED");
    let callback = provider.authorize(&begin().await).await;
    let update = async |provider: IdentityProvider, path: &str| {
        let request =
            proto::UpdateIdentityProviderRequest { identity_provider: Some(provider), update_mask: mask(&[path]) };
        providers(&stage).update_identity_provider(admin.call(request)).await.unwrap().into_inner()
    };
    let disabled = update(IdentityProvider { enabled: false, ..made.clone() }, "enabled").await;
    assert_eq!(refused(complete(&stage, &callback).await), "SIGN_ON_FAILED");
    let enabled = update(IdentityProvider { enabled: true, ..disabled }, "enabled").await;
    update(IdentityProvider { trust_email: true, ..enabled }, "trust_email").await;
    sqlx::query("UPDATE employee SET email = 'lilei@example.com', state = 2 WHERE login_name = 'lilei'")
        .execute(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_FAILED");

    let trail = trail(&stage).await;
    let of = |why: &str| format!("reason={why} provider=公司账号");
    let expected = [
        "reason=STATE".to_owned(),
        "reason=BROWSER".to_owned(),
        of("NONCE"),
        of("CODE"),
        format!("{} subject=p-1", of("UNKNOWN")),
        of("SIGNATURE"),
        of("PROVIDER_DISABLED"),
        format!("{} subject=p-1", of("EMPLOYEE_DISABLED")),
    ];
    let found: Vec<&str> = trail.iter().map(|(_, _, fields)| fields.as_str()).collect();
    assert_eq!(found, expected);
    assert!(trail.iter().all(|(action, kind, _)| action == "employee.sign_on_failed" && kind == "identity_provider"));
    let all = format!("{trail:?}");
    assert!(!all.contains(&code) && !all.contains("made-up-state") && !all.contains("another"), "{all}");
}

#[tokio::test]
async fn guesses_at_the_end_of_a_sign_on_are_limited_like_others() {
    let stage = stage_with(&[], &[("lilei", "", &[])], |config| config.network_failures = 3).await;
    let guess = async || {
        let request = proto::CompleteSignOnRequest {
            state: "guess".into(),
            code: "x".into(),
            browser_secret: "x".into(),
            ..Default::default()
        };
        refused(sign_on(&stage).complete_sign_on(crate::stage::from("203.0.113.7", request)).await)
    };
    for _ in 0..3 {
        assert_eq!(guess().await, "SIGN_ON_FAILED");
    }
    assert_eq!(guess().await, "SIGN_IN_FAILURES");
}
