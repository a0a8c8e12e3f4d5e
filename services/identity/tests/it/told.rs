//! What the trail is told of changes that follow from others, or that nobody is signed in for.

use contracts::identity as proto;
use contracts::identity::api_key_service_client::ApiKeyServiceClient;
use contracts::identity::service_account_service_client::ServiceAccountServiceClient;
use contracts::identity::{Grant, Role, ServiceAccount};
use contracts::options::{Permission, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{ADMIN, SALES, Session, Stage, instance, stage};

/// Action and changes of each entry of a record, oldest first.
async fn told(stage: &Stage, record_id: &str) -> Vec<(String, Value)> {
    sqlx::query_as("SELECT action, changes FROM audit_entry WHERE record_id = $1 ORDER BY id")
        .bind(record_id.parse::<Uuid>().unwrap())
        .fetch_all(stage.db.pool())
        .await
        .unwrap()
}

async fn last(stage: &Stage, record_id: &str) -> (String, Value) {
    told(stage, record_id).await.pop().unwrap()
}

fn entry(action: &str, changes: Value) -> (String, Value) {
    (action.to_owned(), changes)
}

async fn an_account(stage: &Stage, admin: &Session, group_id: String) -> String {
    let account = ServiceAccount { display_name: "同步".into(), group_id, ..Default::default() };
    let request = admin.call(proto::CreateServiceAccountRequest { service_account: Some(account) });
    let mut accounts = ServiceAccountServiceClient::new(stage.identity.clone());
    accounts.create_service_account(request).await.unwrap().into_inner().id
}

#[tokio::test]
async fn a_group_that_comes_or_goes_takes_nobody_along_in_silence() {
    let people: [(&str, &str, &[&str]); 3] =
        [("admin", "", &[ADMIN]), ("lilei", "shanghai", &[SALES]), ("free", "", &[])];
    let stage = stage(&["east", "west", "east/shanghai", "shanghai/pudong"], &people).await;
    let admin = stage.sign_in("admin").await;
    let request = proto::CreateGroupRequest {
        name: "south".into(),
        parent_id: stage.group("east"),
        employee_ids: vec![stage.id("free")],
    };
    let south = stage.groups().create_group(admin.call(request)).await.unwrap().into_inner();
    let created = json!([{"field": "name", "after": "south"}, {"field": "parent", "after": "east"}]);
    assert_eq!(told(&stage, &south.id).await, [entry("group.created", created)]);
    let joined = json!([{"field": "group", "after": "south"}]);
    assert_eq!(last(&stage, &stage.id("free")).await, entry("employee.updated", joined));

    let account = an_account(&stage, &admin, stage.group("shanghai")).await;
    let chosen = |permission: Permission, groups: &[&str]| Grant {
        permission: permission.into(),
        scope: Scope::ChosenGroups.into(),
        group_ids: groups.iter().map(|group| stage.group(group)).collect(),
    };
    let role = Role {
        name: "两地".into(),
        grants: vec![
            chosen(Permission::CustomersRead, &["shanghai", "west"]),
            chosen(Permission::ContactsRead, &["shanghai"]),
        ],
        ..Default::default()
    };
    let request = admin.call(proto::CreateRoleRequest { role: Some(role) });
    let role = stage.roles().create_role(request).await.unwrap().into_inner();

    let request = proto::DeleteGroupRequest { id: stage.group("shanghai"), etag: String::new() };
    stage.groups().delete_group(admin.call(request)).await.unwrap();
    let left = json!([{"field": "group", "before": "shanghai"}]);
    assert_eq!(last(&stage, &stage.id("lilei")).await, entry("employee.updated", left.clone()));
    assert_eq!(last(&stage, &account).await, entry("service_account.updated", left));
    let lifted = json!([{"field": "parent", "before": "shanghai", "after": "east"}]);
    assert_eq!(last(&stage, &stage.group("pudong")).await, entry("group.updated", lifted));
    let deleted = json!([{"field": "name", "before": "shanghai"}, {"field": "parent", "before": "east"}]);
    assert_eq!(last(&stage, &stage.group("shanghai")).await, entry("group.deleted", deleted));
    let (action, changes) = last(&stage, &role.id).await;
    let (before, after) = (changes[0]["before"].as_str().unwrap(), changes[0]["after"].as_str().unwrap());
    assert_eq!((action.as_str(), changes.as_array().unwrap().len()), ("role.updated", 1));
    assert!(before.contains("CONTACTS_READ") && before.contains(&stage.group("shanghai")), "{before}");
    assert_eq!(after, format!("PERMISSION_CUSTOMERS_READ SCOPE_CHOSEN_GROUPS {}", stage.group("west")));
}

#[tokio::test]
async fn an_installation_tells_who_it_begins_with_and_what_a_new_version_gives() {
    let stage = stage(&[], &[]).await;
    identity::bootstrap::create_administrator(&stage.db, &stage.config, "root").await.unwrap();
    let id: Uuid = sqlx::query_scalar("SELECT id FROM employee WHERE login_name = 'root'")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    let (action, changes) = told(&stage, &id.to_string()).await.remove(0);
    assert_eq!(action, "employee.created");
    assert!(changes.as_array().unwrap().contains(&json!({"field": "roles", "after": "管理员"})), "{changes}");
    assert_eq!(
        last(&stage, &stage.group("")).await,
        entry("group.created", json!([{"field": "name", "after": "全公司"}]))
    );
    let sales = last(&stage, &stage.role_id(SALES).await).await;
    assert_eq!((sales.0.as_str(), &sales.1[0]), ("role.created", &json!({"field": "name", "after": "销售"})));

    let administrator = stage.role_id(ADMIN).await;
    sqlx::query("DELETE FROM role_grant WHERE permission >= 300").execute(stage.db.pool()).await.unwrap();
    let _restarted = instance(&stage.db, &stage.config, Default::default()).await;
    let (action, changes) = last(&stage, &administrator).await;
    assert_eq!((action.as_str(), &changes[0]["field"]), ("role.updated", &json!("grants")));
    let given = |when: &str| changes[0][when].as_str().unwrap().contains("REPORTS_REBUILD");
    assert!(!given("before") && given("after"));
    let count = told(&stage, &administrator).await.len();
    let _again = instance(&stage.db, &stage.config, Default::default()).await;
    assert_eq!(told(&stage, &administrator).await.len(), count);
}

#[tokio::test]
async fn a_key_tells_when_it_ends_and_once_a_day_that_it_is_used() {
    let stage = stage(&["east"], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let account = an_account(&stage, &admin, stage.group("east")).await;
    let expire_time = Some(prost_types::Timestamp { seconds: 4_102_444_800, nanos: 0 });
    let request = proto::CreateApiKeyRequest {
        service_account_id: account.clone(),
        name: "nightly".into(),
        expire_time,
        ..Default::default()
    };
    let mut keys = ApiKeyServiceClient::new(stage.identity.clone());
    let made = keys.create_api_key(admin.call(request)).await.unwrap().into_inner();
    let id = made.api_key.unwrap().id;
    let (_, changes) = last(&stage, &id).await;
    let ends = json!({"field": "expire_time", "after": "2100-01-01T00:00:00Z"});
    assert!(changes.as_array().unwrap().contains(&ends), "{changes}");

    let exchange = async || {
        let request = proto::ExchangeApiKeyRequest { key: made.key.clone() };
        ApiKeyServiceClient::new(stage.identity.clone()).exchange_api_key(request).await.unwrap();
        stage.audit(&id).await.into_iter().filter(|(action, _)| action == "api_key.signed_in").collect::<Vec<_>>()
    };
    // At the same time, too.
    let (first, again) = tokio::join!(exchange(), exchange());
    assert!(first.len() <= 1 && again.len() <= 1);
    assert_eq!(exchange().await, [("api_key.signed_in".to_owned(), account.parse().ok())]);
    let yesterday = "UPDATE api_key SET last_use_time = date_trunc('day', now(), 'UTC') - interval '1 second'";
    sqlx::query(yesterday).execute(stage.db.pool()).await.unwrap();
    assert_eq!(exchange().await.len(), 2);
}

#[tokio::test]
async fn a_session_that_is_ended_is_named() {
    let stage = stage(&[], &[("lilei", "", &[])]).await;
    let [here, _there] = [stage.sign_in("lilei").await, stage.sign_in("lilei").await];
    let request = here.call(proto::ListSessionsRequest::default());
    let sessions = stage.authentication().list_sessions(request).await.unwrap().into_inner().sessions;
    let there = sessions.iter().find(|session| !session.current).unwrap().id.clone();
    let request = here.call(proto::RevokeSessionRequest { id: there.clone() });
    stage.authentication().revoke_session(request).await.unwrap();
    let named = json!([{"field": "session", "before": there}, {"field": "device", "before": "test"}]);
    assert_eq!(last(&stage, &stage.id("lilei")).await, entry("employee.session_revoked", named));
}
