//! What provisioning does not touch: how those sign in who hold more than it does.

use contracts::identity as proto;
use contracts::identity::scim_group_service_client::ScimGroupServiceClient;
use contracts::identity::scim_user_service_client::ScimUserServiceClient;
use contracts::options::{Permission, PersonalData, Scope, Visibility};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use serde_json::{Value, json};

use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, mask, reason, stage};

fn wire(value: &Value) -> Wire {
    let kind = match value {
        Value::Object(_) => Kind::StructValue(structure(value)),
        Value::Array(list) => Kind::ListValue(ListValue { values: list.iter().map(wire).collect() }),
        Value::String(text) => Kind::StringValue(text.clone()),
        other => Kind::BoolValue(other.as_bool().unwrap()),
    };
    Wire { kind: Some(kind) }
}

fn structure(value: &Value) -> Struct {
    Struct { fields: value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), wire(value))).collect() }
}

async fn replace(stage: &Stage, client: &Session, login_name: &str, path: &str, value: Value) -> Result<(), String> {
    let patch = json!({"Operations": [{"op": "replace", "path": path, "value": value}]});
    let request = proto::PatchScimUserRequest { id: stage.id(login_name), patch: Some(structure(&patch)) };
    let patched = ScimUserServiceClient::new(stage.identity.clone()).patch_scim_user(client.call(request)).await;
    patched.map(drop).map_err(|status| reason(&status))
}

async fn role(stage: &Stage, admin: &Session, permission: Permission) -> String {
    let clear = [PersonalData::Phone, PersonalData::Email]
        .map(|kind| proto::FieldVisibility { personal_data: kind.into(), visibility: Visibility::Clear.into() });
    let role = proto::Role {
        name: permission.as_str_name().into(),
        grants: vec![proto::Grant { permission: permission.into(), scope: Scope::All.into(), group_ids: Vec::new() }],
        field_visibilities: clear.to_vec(),
        ..Default::default()
    };
    let request = proto::CreateRoleRequest { role: Some(role) };
    stage.roles().create_role(admin.call(request)).await.unwrap().into_inner().id
}

async fn give(stage: &Stage, admin: &Session, login_name: &str, role_id: String) {
    let employee = stage.employee(admin, login_name).await.unwrap();
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids: vec![role_id], ..employee }),
        update_mask: mask(&["role_ids"]),
    };
    stage.employees().update_employee(admin.call(request)).await.unwrap();
}

#[tokio::test]
async fn provisioning_redirects_nobody_who_holds_more_and_voids_the_links_of_others() {
    let holders = [
        ("staff", Permission::EmployeesManage),
        ("data", Permission::CustomersExport),
        ("auditor", Permission::AuditExport),
    ];
    let people: [(&str, &str, &[&str]); 8] = [
        ("admin", "", &[ADMIN]),
        ("client", "", &[]),
        ("peer", "", &[]),
        ("plain", "", &[]),
        ("sales", "", &[SALES]),
        ("staff", "", &[]),
        ("data", "", &[]),
        ("auditor", "", &[]),
    ];
    let stage = stage(&[], &people).await;
    let admin = stage.sign_in("admin").await;
    let provisioning = role(&stage, &admin, Permission::Provisioning).await;
    for login_name in ["client", "peer"] {
        give(&stage, &admin, login_name, provisioning.clone()).await;
    }
    for (login_name, permission) in holders {
        let role = role(&stage, &admin, permission).await;
        give(&stage, &admin, login_name, role).await;
    }
    let client = stage.sign_in("client").await;
    sqlx::query(
        "INSERT INTO password_link (id, employee_id, purpose, token_digest, expire_time)
         SELECT gen_random_uuid(), id, 1, sha256('x'), now() + interval '1 hour' FROM employee",
    )
    .execute(stage.db.pool())
    .await
    .unwrap();
    let open_links = async || -> Vec<String> {
        let open = "SELECT e.login_name FROM password_link l JOIN employee e ON e.id = l.employee_id
                    WHERE l.use_time IS NULL ORDER BY e.login_name";
        sqlx::query_scalar(open).fetch_all(stage.db.pool()).await.unwrap()
    };

    let thief = || json!([{"value": "thief@example.com", "type": "work"}]);
    for login_name in ["staff", "data", "auditor", "sales"] {
        for (path, value) in [("emails", thief()), ("userName", json!("thief"))] {
            let refused = replace(&stage, &client, login_name, path, value).await;
            assert_eq!(refused, Err("EMPLOYEE_HOLDS_MORE".to_owned()), "{path} of {login_name}");
        }
        // What nobody signs in with is the client's to keep.
        replace(&stage, &client, login_name, "displayName", json!("新名")).await.unwrap();
    }
    assert_eq!(replace(&stage, &client, "admin", "emails", thief()).await, Err("SCIM_PROTECTED".to_owned()));
    assert_eq!(open_links().await.len(), people.len());
    for login_name in ["plain", "peer"] {
        replace(&stage, &client, login_name, "emails", thief()).await.unwrap();
        replace(&stage, &client, login_name, "userName", json!(format!("{login_name}2"))).await.unwrap();
    }
    assert_eq!(open_links().await, ["admin", "auditor", "client", "data", "sales", "staff"]);
}

#[tokio::test]
async fn provisioning_moves_nobody_to_where_their_roles_reach_beyond_it() {
    let people: [(&str, &str, &[&str]); 4] =
        [("admin", "", &[ADMIN]), ("client", "", &[]), ("boss", "east", &[MANAGER]), ("plain", "east", &[])];
    let stage = stage(&["east", "west"], &people).await;
    let admin = stage.sign_in("admin").await;
    let provisioning = role(&stage, &admin, Permission::Provisioning).await;
    give(&stage, &admin, "client", provisioning).await;
    let client = stage.sign_in("client").await;
    let joins = async |client: &Session, login_name: &str, group: &str| {
        let members = json!([{"value": stage.id(login_name)}]);
        let patch = json!({"Operations": [{"op": "add", "path": "members", "value": members}]});
        let request = proto::PatchScimGroupRequest { id: stage.group(group), patch: Some(structure(&patch)) };
        let patched = ScimGroupServiceClient::new(stage.identity.clone()).patch_scim_group(client.call(request)).await;
        patched.map(drop).map_err(|status| reason(&status))
    };
    assert_eq!(joins(&client, "boss", "west").await, Err("ROLE_EXCEEDS_OWN".to_owned()));
    joins(&client, "plain", "west").await.unwrap();
    // Out of all groups nobody reaches further.
    let patch =
        json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{}\"]", stage.id("boss"))}]});
    let request = proto::PatchScimGroupRequest { id: stage.group("east"), patch: Some(structure(&patch)) };
    ScimGroupServiceClient::new(stage.identity.clone()).patch_scim_group(client.call(request)).await.unwrap();
    assert_eq!(joins(&client, "boss", "west").await, Err("ROLE_EXCEEDS_OWN".to_owned()));
    joins(&admin, "boss", "west").await.unwrap();
}

#[tokio::test]
async fn whoever_is_provisioned_has_no_password_that_anybody_could_know() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let user = structure(&json!({"userName": "hanmei", "displayName": "韩梅", "active": true}));
    let request = proto::CreateScimUserRequest { resource: Some(user) };
    ScimUserServiceClient::new(stage.identity.clone()).create_scim_user(admin.call(request)).await.unwrap();
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM employee WHERE login_name = 'hanmei'")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(hash, "!");
    for password in ["!", "", "x"] {
        let refused = stage.try_sign_in("hanmei", password).await.unwrap_err();
        assert!(reason(&refused).ends_with("SIGN_IN_FAILED") || password.is_empty(), "{refused:?}");
    }
}
