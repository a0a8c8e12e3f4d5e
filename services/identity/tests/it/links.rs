//! Links to set a password with: who gets one, and that it is good for one use and a while.

use contracts::identity as proto;
use contracts::identity::Employee;
use tonic::Status;

use crate::mailbox::Mailbox;
use crate::stage::{ADMIN, MANAGER, PASSWORD, Session, Stage, from, mask, refused, stage, stage_with, until};

const NEW: &str = "Quiet-River-9";

async fn mailing(mailbox: &Mailbox) -> Stage {
    let people: [(&str, &str, &[&str]); 3] =
        [("admin", "", &[ADMIN]), ("boss", "east", &[MANAGER]), ("lilei", "east", &[])];
    let stage = stage_with(&["east"], &people, |config| {
        config.mail.smtp_url.clone_from(&mailbox.url);
        config.mail.from = "Changke <crm@example.com>".into();
    })
    .await;
    sqlx::query("UPDATE employee SET email = login_name || '@example.com'").execute(stage.db.pool()).await.unwrap();
    stage
}

async fn request(stage: &Stage, login_name: &str) -> Result<proto::RequestPasswordResetResponse, Status> {
    let request = proto::RequestPasswordResetRequest { login_name: login_name.into() };
    Ok(stage.links().request_password_reset(request).await?.into_inner())
}

async fn set(stage: &Stage, token: &str, new_password: &str) -> Result<proto::ResetPasswordResponse, Status> {
    let request = proto::ResetPasswordRequest { token: token.into(), new_password: new_password.into() };
    Ok(stage.links().reset_password(request).await?.into_inner())
}

async fn create(
    stage: &Stage,
    caller: &Session,
    login_name: &str,
    email: &str,
) -> Result<proto::CreateEmployeeResponse, Status> {
    let employee = Employee {
        login_name: login_name.into(),
        display_name: "韩梅梅".into(),
        email: email.into(),
        locale: "en".into(),
        ..Default::default()
    };
    let request = proto::CreateEmployeeRequest { employee: Some(employee), invite: true };
    Ok(stage.employees().create_employee(caller.call(request)).await?.into_inner())
}

async fn jobs_left(stage: &Stage) -> i64 {
    let count = "SELECT count(*) FROM job WHERE kind = 'identity.send_link' AND state IN ('pending', 'leased')";
    sqlx::query_scalar(count).fetch_one(stage.db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once_and_ends_all_sessions() {
    let mut mailbox = Mailbox::open().await;
    let stage = mailing(&mailbox).await;
    let before = stage.sign_in("lilei").await;
    request(&stage, "LiLei").await.unwrap();
    let token = mailbox.token("lilei@example.com").await;
    // The link survives a password that is refused.
    assert_eq!(refused(set(&stage, &token, "short").await), "new_password: PASSWORD_TOO_SHORT");
    assert_eq!(refused(set(&stage, &token, PASSWORD).await), "new_password: PASSWORD_REUSED");
    assert_eq!(set(&stage, &token, NEW).await.unwrap().login_name, "lilei");
    let profile = stage.profiles().get_profile(before.call(proto::GetProfileRequest {})).await;
    assert_eq!(refused(profile), "TOKEN_INVALID");
    stage.try_sign_in("lilei", PASSWORD).await.unwrap_err();
    stage.try_sign_in("lilei", NEW).await.unwrap();
    assert_eq!(refused(set(&stage, &token, "Another-River-9").await), "LINK_INVALID");

    // Only a digest was kept, and nothing of it in the trail.
    let kept: String = sqlx::query_scalar(
        "SELECT (SELECT string_agg(l::text, '') FROM password_link l) || (SELECT string_agg(a::text, '') FROM audit_entry a)
                || (SELECT string_agg(j::text, '') FROM job j)",
    )
    .fetch_one(stage.db.pool())
    .await
    .unwrap();
    assert!(!kept.contains(&token[22..]) && kept.contains("employee.password_set_by_link"));
}

#[tokio::test]
async fn two_uses_at_once_set_one_password() {
    let mut mailbox = Mailbox::open().await;
    let stage = mailing(&mailbox).await;
    request(&stage, "lilei").await.unwrap();
    let token = mailbox.token("lilei@example.com").await;
    let passwords = ["Quiet-River-1", "Quiet-River-2", "Quiet-River-3"];
    let uses = futures::future::join_all(passwords.map(|password| set(&stage, &token, password))).await;
    assert_eq!(uses.iter().filter(|used| used.is_ok()).count(), 1);
    for (password, used) in passwords.iter().zip(uses) {
        assert_eq!(stage.try_sign_in("lilei", password).await.is_ok(), used.is_ok());
    }
}

#[tokio::test]
async fn late_void_and_made_up_links_are_alike() {
    let mut mailbox = Mailbox::open().await;
    let stage = mailing(&mailbox).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        request(&stage, "lilei").await.unwrap();
        tokens.push(mailbox.token("lilei@example.com").await);
    }
    let [late, void, good] = &tokens[..] else { unreachable!() };
    let made_up = format!("{}{}", &good[..22], &late[22..]);
    for token in ["x", "AAAA", &made_up] {
        assert_eq!(refused(set(&stage, token, NEW).await), "LINK_INVALID");
    }
    let expire =
        "UPDATE password_link SET expire_time = now() WHERE create_time = (SELECT min(create_time) FROM password_link)";
    sqlx::query(expire).execute(stage.db.pool()).await.unwrap();
    assert_eq!(refused(set(&stage, late, NEW).await), "LINK_INVALID");
    // More than three an hour are not sent.
    request(&stage, "lilei").await.unwrap();
    until("the fourth is let go", async || jobs_left(&stage).await == 0).await;
    assert!(mailbox.is_empty());
    // Whoever is disabled sets nothing, and one use takes the other links out of force.
    let admin = stage.sign_in("admin").await;
    let id = stage.id("lilei");
    stage
        .employees()
        .disable_employee(admin.call(proto::DisableEmployeeRequest { id: id.clone(), etag: String::new() }))
        .await
        .unwrap();
    assert_eq!(refused(set(&stage, good, NEW).await), "LINK_INVALID");
    stage
        .employees()
        .enable_employee(admin.call(proto::EnableEmployeeRequest { id, etag: String::new() }))
        .await
        .unwrap();
    set(&stage, good, NEW).await.unwrap();
    assert_eq!(refused(set(&stage, void, "Another-River-9").await), "LINK_INVALID");
}

#[tokio::test]
async fn an_unknown_name_takes_the_same_steps_and_gets_no_mail() {
    let mut mailbox = Mailbox::open().await;
    let stage = mailing(&mailbox).await;
    assert_eq!(request(&stage, "nobody").await.unwrap(), request(&stage, "lilei").await.unwrap());
    mailbox.token("lilei@example.com").await;
    until("both jobs are done", async || jobs_left(&stage).await == 0).await;
    assert!(mailbox.is_empty());
    let jobs: i64 = sqlx::query_scalar("SELECT count(*) FROM job WHERE kind = 'identity.send_link' AND state = 'done'")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(jobs, 2);
}

#[tokio::test]
async fn a_newcomer_is_invited_by_a_server_that_refuses_at_first() {
    let mut mailbox = Mailbox::refusing(2).await;
    let stage = mailing(&mailbox).await;
    let admin = stage.sign_in("admin").await;
    let created = create(&stage, &admin, "hanmeimei", "mei@example.com").await.unwrap();
    assert_eq!(created.initial_password, "");
    for _ in 0..2 {
        assert_eq!(mailbox.next().await["refused"][0], "mei@example.com");
    }
    let first = mailbox.token("mei@example.com").await;
    let id = created.employee.unwrap().id;
    // Sent again, the earlier link is void.
    let invite = || admin.call(proto::InviteEmployeeRequest { id: id.clone() });
    stage.employees().invite_employee(invite()).await.unwrap();
    let second = mailbox.token("mei@example.com").await;
    assert_eq!(refused(set(&stage, &first, NEW).await), "LINK_INVALID");
    set(&stage, &second, NEW).await.unwrap();
    assert!(!stage.try_sign_in("hanmeimei", NEW).await.unwrap().password_change_required);
    assert_eq!(refused(stage.employees().invite_employee(invite()).await), "EMPLOYEE_HAS_PASSWORD");
    let actions: Vec<String> = stage.audit(&id).await.into_iter().map(|(action, _)| action).collect();
    for action in
        ["employee.created", "employee.invited", "employee.password_link_made", "employee.password_set_by_link"]
    {
        assert!(actions.iter().any(|found| found == action), "{actions:?}");
    }
}

#[tokio::test]
async fn without_mail_nobody_is_invited_and_a_request_answers_alike() {
    let stage = stage(&[], &[("admin", "", &[ADMIN]), ("lilei", "", &[])]).await;
    let admin = stage.sign_in("admin").await;
    assert_eq!(refused(create(&stage, &admin, "hanmeimei", "mei@example.com").await), "MAIL_NOT_SET_UP");
    assert_eq!(request(&stage, "lilei").await.unwrap(), request(&stage, "nobody").await.unwrap());
    until("the jobs are done", async || jobs_left(&stage).await == 0).await;
    let links: i64 = sqlx::query_scalar("SELECT count(*) FROM password_link").fetch_one(stage.db.pool()).await.unwrap();
    assert_eq!(links, 0);
}

#[tokio::test]
async fn an_address_to_invite_is_needed_and_nobody_redirects_the_mail_of_the_mighty() {
    let mailbox = Mailbox::open().await;
    let stage = mailing(&mailbox).await;
    let admin = stage.sign_in("admin").await;
    assert_eq!(refused(create(&stage, &admin, "hanmeimei", "").await), "EMAIL_MISSING");
    // The manager may manage the administrator of the own group, but not become one.
    let move_in = "UPDATE employee SET group_id = (SELECT group_id FROM employee WHERE login_name = 'boss') WHERE login_name = 'admin'";
    sqlx::query(move_in).execute(stage.db.pool()).await.unwrap();
    let boss = stage.sign_in("boss").await;
    let found = stage.employee(&boss, "admin").await.unwrap();
    let employee = Employee { email: "boss@example.com".into(), ..found };
    let update = proto::UpdateEmployeeRequest { employee: Some(employee), update_mask: mask(&["email"]) };
    assert_eq!(refused(stage.employees().update_employee(boss.call(update)).await), "EMPLOYEE_HOLDS_MORE");
}

#[tokio::test]
async fn an_installation_is_entered_by_a_link() {
    let stage = stage(&[], &[]).await;
    let run = async || identity::bootstrap::first_run(&stage.db, &stage.config).await.unwrap();
    let token = |link: &str| link.split_once("/set-password#").unwrap().1.to_owned();
    let (login_name, lost) = run().await.unwrap();
    assert_eq!(login_name, "admin");
    // Started again before anybody used the link, it shows another one.
    let (_, link) = run().await.unwrap();
    assert_eq!(set(&stage, &token(&link), NEW).await.unwrap().login_name, "admin");
    assert_eq!(refused(set(&stage, &token(&lost), "Another-River-9").await), "LINK_INVALID");
    let admin = stage.try_sign_in("admin", NEW).await.unwrap();
    assert!(!admin.password_change_required);
    stage.employees().list_employees(admin.call(Default::default())).await.unwrap();
    assert_eq!(run().await, None);

    let second = identity::bootstrap::create_administrator(&stage.db, &stage.config, "second").await.unwrap();
    let again = identity::bootstrap::create_administrator(&stage.db, &stage.config, "second").await.unwrap();
    assert_eq!(refused(set(&stage, &token(&second), NEW).await), "LINK_INVALID");
    set(&stage, &token(&again), NEW).await.unwrap();
    stage.try_sign_in("second", NEW).await.unwrap();
    assert!(identity::bootstrap::create_administrator(&stage.db, &stage.config, "second").await.is_err());
}

#[tokio::test]
async fn a_network_that_asks_for_too_many_links_is_told_to_wait() {
    let stage = stage_with(&[], &[("lilei", "", &[])], |config| config.network_failures = 3).await;
    let ask = async |address| {
        let request = proto::RequestPasswordResetRequest { login_name: "nobody".into() };
        stage.links().request_password_reset(from(address, request)).await
    };
    for _ in 0..3 {
        ask("203.0.113.7").await.unwrap();
    }
    assert_eq!(refused(ask("203.0.113.7").await), "SIGN_IN_FAILURES");
    ask("203.0.113.8").await.unwrap();
}
