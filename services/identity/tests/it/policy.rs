//! What other services hear of the policy, and how soon.

use std::collections::HashSet;

use contracts::identity as proto;
use contracts::identity::PolicyUpdate;
use platform::service::{Clients, Upstream};
use tonic::Streaming;
use uuid::Uuid;

use crate::stage::{ADMIN, MANAGER, PASSWORD, SALES, SECRET, Stage, instance, refused, stage, until};

async fn watch(identity: Upstream) -> Streaming<PolicyUpdate> {
    let clients = Clients::new(SECRET).calling_as("customers");
    // Without the time limit that calls between services have.
    let own = clients.own_request(proto::WatchPolicyRequest {}).unwrap();
    let mut request = tonic::Request::new(proto::WatchPolicyRequest {});
    let token = own.metadata().get("authorization").unwrap().clone();
    request.metadata_mut().insert("authorization", token);
    let mut client = proto::policy_service_client::PolicyServiceClient::new(identity);
    client.watch_policy(request).await.unwrap().into_inner()
}

/// The next update that says something.
async fn next(stream: &mut Streaming<PolicyUpdate>) -> PolicyUpdate {
    loop {
        let update = stream.message().await.unwrap().expect("the stream goes on");
        let heartbeat = PolicyUpdate { revision: update.revision, ..Default::default() };
        if update != heartbeat {
            return update;
        }
    }
}

async fn disable(stage: &Stage, login_name: &str) {
    let admin = stage.sign_in("admin").await;
    let request = proto::DisableEmployeeRequest { id: stage.id(login_name), etag: String::new() };
    stage.employees().disable_employee(admin.call(request)).await.unwrap();
}

#[tokio::test]
async fn a_watcher_gets_the_whole_then_every_change() {
    let stage = stage(&["east", "east/shanghai"], &[("admin", "", &[ADMIN]), ("lilei", "shanghai", &[SALES])]).await;
    let session = stage.sign_in("lilei").await;
    let mut stream = watch(stage.identity.clone()).await;
    let whole = next(&mut stream).await;
    assert!(whole.snapshot && !whole.partial);
    assert_eq!((whole.employees.len(), whole.groups.len(), whole.roles.len()), (2, 3, 8));
    assert_eq!(whole.key_set.unwrap().keys.len(), 1);
    assert_eq!(whole.revoked_sessions, []);

    let admin = stage.sign_in("admin").await;
    disable(&stage, "lilei").await;
    let change = next(&mut stream).await;
    assert!(!change.snapshot && change.revision > whole.revision);
    assert_eq!((change.groups.len(), change.roles.len(), change.key_set), (0, 0, None));
    assert_eq!(change.employees[0].id, stage.id("lilei"));
    assert!(!change.employees[0].active);
    let claims = session.access_token.split('.').nth(1).unwrap();
    assert_eq!(change.revoked_sessions.len(), 1, "{claims}");
    assert!(change.revoked_sessions[0].expire_time.unwrap().seconds > chrono::Utc::now().timestamp());

    let delete = proto::DeleteGroupRequest { id: stage.group("east"), etag: String::new() };
    stage.groups().delete_group(admin.call(delete)).await.unwrap();
    let change = next(&mut stream).await;
    let gone = change.groups.iter().find(|group| group.id == stage.group("east")).unwrap();
    let moved = change.groups.iter().find(|group| group.id == stage.group("shanghai")).unwrap();
    assert!(gone.deleted && !moved.deleted);
    assert_eq!(moved.parent_id, stage.group(""));

    let delete = proto::DeleteEmployeeRequest { id: stage.id("lilei"), etag: String::new() };
    stage.employees().delete_employee(admin.call(delete)).await.unwrap();
    let change = next(&mut stream).await;
    assert!(change.employees[0].deleted && change.employees[0].id == stage.id("lilei"));

    let delete = proto::DeleteRoleRequest { id: stage.role_id(MANAGER).await, etag: String::new() };
    stage.roles().delete_role(admin.call(delete)).await.unwrap();
    let change = next(&mut stream).await;
    assert!(change.roles[0].deleted);

    // When nothing happens, a word that nothing has.
    let quiet = tokio::time::timeout(std::time::Duration::from_secs(8), stream.message()).await.unwrap().unwrap();
    assert_eq!(quiet, Some(PolicyUpdate { revision: change.revision, ..Default::default() }));
}

#[tokio::test]
async fn a_change_by_one_replica_reaches_the_watchers_of_another() {
    let stage = stage(&[], &[("admin", "", &[ADMIN]), ("lilei", "", &[SALES])]).await;
    let other = instance(&stage.db, &stage.config, Default::default()).await;
    let session = stage.sign_in("lilei").await;
    let profile = || session.call(proto::GetProfileRequest {});
    let mut profiles = proto::profile_service_client::ProfileServiceClient::new(other.identity.clone());
    profiles.get_profile(profile()).await.unwrap();

    let changed = std::time::Instant::now();
    disable(&stage, "lilei").await;
    let revision: i64 =
        sqlx::query_scalar("SELECT revision FROM policy_revision").fetch_one(stage.db.pool()).await.unwrap();
    other.policy.reached(revision).await;
    assert!(changed.elapsed() < std::time::Duration::from_secs(1), "{:?}", changed.elapsed());
    assert_eq!(refused(profiles.get_profile(profile()).await), "TOKEN_INVALID");
}

#[tokio::test]
async fn a_large_company_comes_in_parts() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    sqlx::query(
        "INSERT INTO employee (id, login_name, display_name, sort_name, search_text, password_hash,
                               password_change_required, policy_revision)
         SELECT gen_random_uuid(), 'e' || n, 'e', 'e', 'e', '', false, 1 FROM generate_series(1, 4500) n",
    )
    .execute(stage.db.pool())
    .await
    .unwrap();
    let mut stream = watch(stage.identity.clone()).await;
    let mut parts = Vec::new();
    loop {
        parts.push(next(&mut stream).await);
        if !parts.last().unwrap().partial {
            break;
        }
    }
    assert_eq!(parts.iter().map(|part| part.employees.len()).collect::<Vec<_>>(), [2000, 2000, 501]);
    assert_eq!(parts.iter().map(|part| part.snapshot).collect::<Vec<_>>(), [true, false, false]);
    let ids: HashSet<Uuid> =
        parts.iter().flat_map(|part| &part.employees).map(|employee| employee.id.parse().unwrap()).collect();
    assert_eq!(ids.len(), 4501);
}

#[tokio::test]
async fn the_policy_is_for_services_alone_and_the_keys_are_for_all() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let watched = stage.policies().watch_policy(admin.call(proto::WatchPolicyRequest {})).await;
    assert_eq!(refused(watched.map(drop)), "PERMISSION_DENIED");
    let keys = stage.policies().get_key_set(proto::GetKeySetRequest {}).await.unwrap().into_inner().keys;
    assert_eq!((keys[0].kty.as_str(), keys[0].crv.as_str(), keys[0].alg.as_str()), ("OKP", "Ed25519", "EdDSA"));
}

#[tokio::test]
async fn keys_are_rotated_without_a_broken_session() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let before = stage.sign_in("lilei").await;
    let mut stream = watch(stage.identity.clone()).await;
    let old = next(&mut stream).await.key_set.unwrap().keys.remove(0).kid;
    let new = identity::signing::rotate(&stage.db, SECRET, stage.config.access_token_life()).await.unwrap();
    let published = next(&mut stream).await.key_set.unwrap();
    let kids: HashSet<&str> = published.keys.iter().map(|key| key.kid.as_str()).collect();
    assert_eq!(kids, HashSet::from([old.as_str(), new.as_str()]));

    // The time has come when the new key signs; tokens of the old one are good until they expire.
    sqlx::query("UPDATE signing_key SET sign_time = now() WHERE kid = $1")
        .bind(&new)
        .execute(stage.db.pool())
        .await
        .unwrap();
    let later = instance(&stage.db, &stage.config, Default::default()).await;
    let request = proto::SignInRequest { login_name: "lilei".into(), password: PASSWORD.into(), ..Default::default() };
    let mut authentication =
        proto::authentication_service_client::AuthenticationServiceClient::new(later.identity.clone());
    let token = authentication.sign_in(request).await.unwrap().into_inner().access_token;
    let header = token.split('.').next().unwrap();
    use base64::Engine;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    assert!(String::from_utf8(header).unwrap().contains(&new));
    for access_token in [&before.access_token, &token] {
        let session = crate::stage::Session { access_token: access_token.clone(), ..before.clone() };
        stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await.unwrap();
    }
}

#[tokio::test]
async fn keys_lie_sealed_and_those_that_lay_open_are_sealed_at_the_next_start() {
    use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let stored = async || -> Vec<u8> {
        sqlx::query_scalar("SELECT private_key FROM signing_key").fetch_one(stage.db.pool()).await.unwrap()
    };
    let opens = |key: &[u8]| ed25519_dalek::SigningKey::from_pkcs8_der(key).is_ok();
    assert!(!opens(&stored().await));
    let open = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).to_pkcs8_der().unwrap();
    sqlx::query("UPDATE signing_key SET private_key = $1")
        .bind(open.as_bytes())
        .execute(stage.db.pool())
        .await
        .unwrap();
    instance(&stage.db, &stage.config, Default::default()).await;
    let sealed = stored().await;
    assert!(!opens(&sealed) && sealed.len() > open.as_bytes().len());
    // Under another secret it is none: a new one takes its place.
    sqlx::query("UPDATE signing_key SET private_key = set_byte(private_key, 20, 255 - get_byte(private_key, 20))")
        .execute(stage.db.pool())
        .await
        .unwrap();
    instance(&stage.db, &stage.config, Default::default()).await;
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM signing_key").fetch_one(stage.db.pool()).await.unwrap();
    assert_eq!(keys, 2);
    until("the other instance signs with it", async || stage.try_sign_in("lilei", PASSWORD).await.is_ok()).await;
}
