//! What becomes of passwords of the past.

use contracts::identity::ChangePasswordRequest;

use crate::stage::{PASSWORD, Session, refused, stage_with};

#[tokio::test]
async fn the_last_passwords_are_not_used_again() {
    let stage = stage_with(&[], &[("lilei", "", &[])], |config| config.password.remembered = 3).await;
    let mut session = stage.sign_in("lilei").await;
    let change = async |session: &Session, current: &str, new: &str| {
        let request = ChangePasswordRequest { current_password: current.into(), new_password: new.into() };
        let changed = stage.authentication().change_password(session.call(request)).await?.into_inner();
        Ok::<_, tonic::Status>(Session {
            access_token: changed.access_token,
            refresh_token: changed.refresh_token,
            password_change_required: false,
        })
    };
    let mut current = PASSWORD.to_owned();
    for number in 1..=3 {
        let new = format!("Quiet-River-{number}");
        session = change(&session, &current, &new).await.unwrap();
        for past in 1..number {
            let refusal = change(&session, &new, &format!("Quiet-River-{past}")).await;
            assert_eq!(refused(refusal), "new_password: PASSWORD_REUSED");
        }
        current = new;
    }
    // The fourth from the end is forgotten.
    change(&session, &current, PASSWORD).await.unwrap();
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM password_history").fetch_one(stage.db.pool()).await.unwrap();
    assert_eq!(kept, 3);
}
