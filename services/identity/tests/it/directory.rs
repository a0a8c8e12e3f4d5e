//! One's own profile, and finding colleagues.

use contracts::identity as proto;
use contracts::identity::{Profile, UpdateProfileRequest};
use tonic::Status;

use crate::second_factors::stale;
use crate::stage::{ADMIN, PASSWORD, SALES, Session, Stage, mask, refused, stage};

async fn profile(stage: &Stage, caller: &Session) -> Profile {
    stage.profiles().get_profile(caller.call(proto::GetProfileRequest {})).await.unwrap().into_inner()
}

async fn update(stage: &Stage, caller: &Session, profile: Profile, paths: &[&str]) -> Result<Profile, Status> {
    let request = UpdateProfileRequest { profile: Some(profile), update_mask: mask(paths) };
    Ok(stage.profiles().update_profile(caller.call(request)).await?.into_inner())
}

async fn find(stage: &Stage, caller: &Session, query: &str, ids: Vec<String>) -> Vec<String> {
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            proto::ListDirectoryEntriesRequest { page_size: 2, page_token, query: query.into(), ids: ids.clone() };
        let page = stage.profiles().list_directory_entries(caller.call(request)).await.unwrap().into_inner();
        names.extend(page.entries.into_iter().map(|entry| entry.display_name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

#[tokio::test]
async fn everybody_keeps_their_own_profile() {
    let stage = stage(&["east"], &[("lilei", "east", &[SALES]), ("admin", "", &[ADMIN])]).await;
    let lilei = stage.sign_in("lilei").await;
    let before = profile(&stage, &lilei).await;
    assert_eq!((before.group_name.as_str(), before.role_names.as_slice()), ("east", &["销售".to_owned()][..]));
    assert_eq!(before.locale, "zh-CN");
    let asked = Profile {
        display_name: " 李雷 ".into(),
        phone: "13800138000".into(),
        locale: "en".into(),
        role_names: vec!["管理员".into()],
        ..before.clone()
    };
    let after = update(&stage, &lilei, asked.clone(), &["display_name", "phone", "locale"]).await.unwrap();
    assert_eq!(
        (after.display_name.as_str(), after.phone.as_str(), after.locale.as_str()),
        ("李雷", "13800138000", "en")
    );
    assert_eq!(after, profile(&stage, &lilei).await);
    assert_eq!(refused(update(&stage, &lilei, before, &["phone"]).await), "STALE_ETAG");
    let elevated = update(&stage, &lilei, Profile { etag: after.etag.clone(), ..asked }, &["role_names"]).await;
    assert_eq!(refused(elevated), "update_mask: MASK_PATH_UNKNOWN");
    let blank = update(&stage, &lilei, Profile { display_name: "　".into(), ..after }, &["display_name"]).await;
    assert_eq!(refused(blank), "profile.display_name: VALUE_REQUIRED");
    assert_eq!(refused(stage.profiles().get_profile(proto::GetProfileRequest {}).await), "UNAUTHENTICATED");
}

#[tokio::test]
async fn one_may_choose_another_login_name_that_is_free_after_a_fresh_proof() {
    let stage = stage(&[], &[("lilei", "", &[SALES]), ("hanmei", "", &[])]).await;
    let lilei = stage.sign_in("lilei").await;
    let rename = async |session: &Session, login_name: &str| {
        let before = profile(&stage, session).await;
        update(&stage, session, Profile { login_name: login_name.into(), ..before }, &["login_name"]).await
    };
    assert_eq!(refused(rename(&lilei, "HanMei").await), "profile.login_name: LOGIN_NAME_TAKEN");
    for bad in ["", "x", "two words", "李雷", &"x".repeat(65)] {
        assert!(refused(rename(&lilei, bad).await).starts_with("profile.login_name: "), "{bad}");
    }
    assert_eq!(profile(&stage, &lilei).await.login_name, "lilei");
    assert_eq!(rename(&lilei, "li.lei").await.unwrap().login_name, "li.lei");
    assert_eq!(refused(stage.try_sign_in("lilei", PASSWORD).await), "SIGN_IN_FAILED");
    let again = stage.try_sign_in("LI.LEI", PASSWORD).await.unwrap();
    assert_eq!(find(&stage, &again, "li.l", vec![]).await, ["lilei"]);
    let trail: String = sqlx::query_scalar("SELECT changes::text FROM audit_entry WHERE action = $1")
        .bind("employee.profile_updated")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!(["login_name", "lilei", "li.lei"].iter().all(|part| trail.contains(part)), "{trail}");

    // A session left open is not enough, for the address neither.
    let stale = stale(&stage, "li.lei").await;
    assert_eq!(refused(rename(&stale, "thief").await), "STEP_UP_REQUIRED");
    let before = profile(&stage, &stale).await;
    let moved = Profile { email: "thief@example.com".into(), ..before.clone() };
    assert_eq!(refused(update(&stage, &stale, moved, &["email"]).await), "STEP_UP_REQUIRED");
    // What stays as it was asks for nothing.
    let named = Profile { display_name: "李雷".into(), ..before };
    update(&stage, &stale, named, &["login_name", "email", "display_name"]).await.unwrap();
}

#[tokio::test]
async fn colleagues_are_found_by_pinyin_in_the_order_of_their_names() {
    let people: [(&str, &str, &[&str]); 5] =
        [("admin", "", &[ADMIN]), ("a1", "east", &[]), ("a2", "east", &[]), ("a3", "", &[]), ("a4", "", &[])];
    let stage = stage(&["east"], &people).await;
    for (login, name) in [("a1", "张三"), ("a2", "曾国藩"), ("a3", "单雄信"), ("a4", "张飞")] {
        let session = stage.sign_in(login).await;
        let before = profile(&stage, &session).await;
        update(&stage, &session, Profile { display_name: name.into(), ..before }, &["display_name"]).await.unwrap();
    }
    let caller = stage.sign_in("a1").await;
    assert_eq!(find(&stage, &caller, "", vec![]).await, ["admin", "单雄信", "曾国藩", "张飞", "张三"]);
    assert_eq!(find(&stage, &caller, "zhang", vec![]).await, ["张飞", "张三"]);
    assert_eq!(find(&stage, &caller, "z", vec![]).await, ["曾国藩", "张飞", "张三"]);
    assert_eq!(find(&stage, &caller, "sxx", vec![]).await, ["单雄信"]);
    assert_eq!(find(&stage, &caller, "zs", vec![stage.id("a2"), stage.id("a1")]).await, ["张三"]);
    assert_eq!(find(&stage, &caller, "%", vec![]).await, [""; 0]);
}

#[tokio::test]
async fn a_page_token_continues_its_own_search_alone() {
    let stage = stage(&[], &[("admin", "", &[ADMIN]), ("a1", "", &[]), ("a2", "", &[])]).await;
    let caller = stage.sign_in("a1").await;
    let page = |query: &str, page_token: String| {
        caller.call(proto::ListDirectoryEntriesRequest {
            page_size: 1,
            page_token,
            query: query.into(),
            ..Default::default()
        })
    };
    let first = stage.profiles().list_directory_entries(page("a", String::new())).await.unwrap().into_inner();
    let token = first.next_page_token;
    let other = stage.profiles().list_directory_entries(page("a1", token.clone())).await;
    assert_eq!(refused(other), "page_token: PAGE_TOKEN_INVALID");
    stage.profiles().list_directory_entries(page("a", token)).await.unwrap();
}
