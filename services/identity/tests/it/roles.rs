//! Roles: those that come with the product, and those that people make.

use contracts::identity as proto;
use contracts::identity::{CreateRoleRequest, FieldVisibility, Grant, Role, UpdateRoleRequest};
use contracts::options::{Permission, PersonalData, Scope, Visibility};
use tonic::Status;

use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, instance, mask, refused, stage};

fn grant(permission: Permission, scope: Scope) -> Grant {
    Grant { permission: permission.into(), scope: scope.into(), group_ids: Vec::new() }
}

fn named(name: &str, grants: Vec<Grant>) -> Role {
    Role { name: name.into(), grants, ..Default::default() }
}

async fn create(stage: &Stage, caller: &Session, role: Role) -> Result<Role, Status> {
    Ok(stage.roles().create_role(caller.call(CreateRoleRequest { role: Some(role) })).await?.into_inner())
}

async fn update(stage: &Stage, caller: &Session, role: Role, paths: &[&str]) -> Result<Role, Status> {
    let request = UpdateRoleRequest { role: Some(role), update_mask: mask(paths) };
    Ok(stage.roles().update_role(caller.call(request)).await?.into_inner())
}

async fn delete(stage: &Stage, caller: &Session, id: &str) -> Result<(), Status> {
    let request = proto::DeleteRoleRequest { id: id.into(), etag: String::new() };
    stage.roles().delete_role(caller.call(request)).await.map(drop)
}

async fn by_preset(stage: &Stage, caller: &Session, preset: &str) -> Role {
    let id = stage.role_id(preset).await;
    stage.roles().get_role(caller.call(proto::GetRoleRequest { id })).await.unwrap().into_inner()
}

async fn presets(stage: &Stage, caller: &Session) -> Vec<String> {
    let mut presets = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = caller.call(proto::ListRolesRequest { page_size: 3, page_token });
        let page = stage.roles().list_roles(request).await.unwrap().into_inner();
        presets.extend(page.roles.into_iter().map(|role| role.preset));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return presets;
        }
    }
}

#[tokio::test]
async fn presets_come_once_and_the_administrator_role_stays_whole() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let all = [
        "administrator",
        "manager",
        "salesperson",
        "marketer",
        "service_agent",
        "service_supervisor",
        "analyst",
        "auditor",
    ];
    assert_eq!(presets(&stage, &admin).await, all);
    delete(&stage, &admin, &stage.role_id("marketer").await).await.unwrap();
    // An older version knew fewer permissions.
    sqlx::query("DELETE FROM role_grant WHERE permission >= 300").execute(stage.db.pool()).await.unwrap();
    let revision = async || -> i64 {
        sqlx::query_scalar("SELECT revision FROM policy_revision").fetch_one(stage.db.pool()).await.unwrap()
    };
    let _restarted = instance(&stage.db, &stage.config, Default::default()).await;
    assert!(!presets(&stage, &admin).await.contains(&"marketer".to_owned()));
    let grants = by_preset(&stage, &admin, ADMIN).await.grants;
    assert!(grants.contains(&grant(Permission::ReportsRebuild, Scope::All)));
    let settled = revision().await;
    let _again = instance(&stage.db, &stage.config, Default::default()).await;
    assert_eq!(revision().await, settled, "a start that changes nothing tells nobody");

    let administrator = by_preset(&stage, &admin, ADMIN).await;
    let fewer = Role { grants: administrator.grants[1..].to_vec(), ..administrator.clone() };
    assert_eq!(refused(update(&stage, &admin, fewer, &["grants"]).await), "ROLE_IS_ADMINISTRATOR");
    let masked = Role { field_visibilities: vec![], ..administrator.clone() };
    assert_eq!(refused(update(&stage, &admin, masked, &["field_visibilities"]).await), "ROLE_IS_ADMINISTRATOR");
    assert_eq!(refused(delete(&stage, &admin, &administrator.id).await), "ROLE_IS_ADMINISTRATOR");
    let renamed = Role { name: "超级管理员".into(), ..administrator };
    assert_eq!(update(&stage, &admin, renamed, &["name"]).await.unwrap().name, "超级管理员");
}

#[tokio::test]
async fn a_changed_role_takes_effect_with_the_next_call() {
    let stage = stage(&["east"], &[("admin", "", &[ADMIN]), ("lilei", "east", &[SALES])]).await;
    let admin = stage.sign_in("admin").await;
    let lilei = stage.sign_in("lilei").await;
    assert_eq!(refused(stage.employee(&lilei, "lilei").await), "PERMISSION_DENIED");
    let mut sales = by_preset(&stage, &admin, SALES).await;
    sales.grants.push(grant(Permission::EmployeesRead, Scope::Own));
    let sales = update(&stage, &admin, sales, &["grants"]).await.unwrap();
    stage.employee(&lilei, "lilei").await.unwrap();
    assert_eq!(refused(stage.employee(&lilei, "admin").await), "NOT_FOUND");
    let profile = stage.profiles().get_profile(lilei.call(proto::GetProfileRequest {})).await.unwrap().into_inner();
    assert!(profile.grants.contains(&grant(Permission::EmployeesRead, Scope::Own)));
    assert!(!profile.grants.iter().any(|grant| grant.permission() == Permission::RolesManage));

    let stale = Role { etag: "1".into(), ..sales.clone() };
    assert_eq!(refused(update(&stage, &admin, stale, &["grants"]).await), "STALE_ETAG");
    update(&stage, &admin, Role { grants: vec![], ..sales }, &["grants"]).await.unwrap();
    assert_eq!(refused(stage.employee(&lilei, "lilei").await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn nobody_puts_more_into_a_role_than_they_hold() {
    let stage = stage(&[], &[("admin", "", &[ADMIN]), ("lilei", "", &[])]).await;
    let admin = stage.sign_in("admin").await;
    let keeper = vec![
        grant(Permission::RolesRead, Scope::All),
        grant(Permission::RolesManage, Scope::All),
        grant(Permission::EmployeesRead, Scope::Group),
    ];
    let keeper = create(&stage, &admin, named("角色管理", keeper)).await.unwrap();
    let employee = stage.employee(&admin, "lilei").await.unwrap();
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids: vec![keeper.id.clone()], ..employee }),
        update_mask: mask(&["role_ids"]),
    };
    stage.employees().update_employee(admin.call(request)).await.unwrap();
    let lilei = stage.sign_in("lilei").await;

    let within = named("甲", vec![grant(Permission::EmployeesRead, Scope::Own)]);
    let made = create(&stage, &lilei, within).await.unwrap();
    let clear =
        vec![FieldVisibility { personal_data: PersonalData::Phone.into(), visibility: Visibility::Clear.into() }];
    for role in [
        named("乙", vec![grant(Permission::EmployeesRead, Scope::All)]),
        named("乙", vec![grant(Permission::CustomersExport, Scope::Own)]),
        Role { field_visibilities: clear, ..named("乙", vec![]) },
    ] {
        assert_eq!(refused(create(&stage, &lilei, role.clone()).await), "ROLE_EXCEEDS_OWN");
        let raised = Role { id: made.id.clone(), etag: made.etag.clone(), ..role };
        let raised = update(&stage, &lilei, raised, &["grants", "field_visibilities"]).await;
        assert_eq!(refused(raised), "ROLE_EXCEEDS_OWN");
    }
    // Not even into the role by which they hold what they hold.
    let mut own = keeper.clone();
    own.grants[0].scope = Scope::All.into();
    own.grants.push(grant(Permission::CustomersRead, Scope::Own));
    assert_eq!(refused(update(&stage, &lilei, own, &["grants"]).await), "ROLE_EXCEEDS_OWN");
    // A name may change, whatever the role holds.
    let manager = by_preset(&stage, &lilei, MANAGER).await;
    update(&stage, &lilei, Role { name: "主管".into(), ..manager }, &["name"]).await.unwrap();
}

#[tokio::test]
async fn a_role_in_use_stays() {
    let stage = stage(&[], &[("admin", "", &[ADMIN]), ("one", "", &[SALES]), ("two", "", &[SALES])]).await;
    let admin = stage.sign_in("admin").await;
    let sales = by_preset(&stage, &admin, SALES).await;
    assert_eq!(sales.holder_count, 2);
    assert_eq!(refused(delete(&stage, &admin, &sales.id).await), "ROLE_IN_USE");
    let free = create(&stage, &admin, named("甲", vec![])).await.unwrap();
    assert_eq!(refused(create(&stage, &admin, named(" 甲 ", vec![])).await), "role.name: ROLE_NAME_TAKEN");
    delete(&stage, &admin, &free.id).await.unwrap();
    assert_eq!(refused(delete(&stage, &admin, &free.id).await), "NOT_FOUND");
    let audit: Vec<String> = stage.audit(&free.id).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(audit, ["role.created", "role.deleted"]);
}

#[tokio::test]
async fn the_catalog_names_operations_by_their_rest_paths() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let request = admin.call(proto::GetPermissionCatalogRequest {});
    let catalog = stage.roles().get_permission_catalog(request).await.unwrap().into_inner().permissions;
    let entry = |permission| catalog.iter().find(|entry| entry.permission() == permission);
    let manage = entry(Permission::RolesManage).unwrap();
    assert_eq!((manage.service.as_str(), manage.scopes.as_slice()), ("identity", &[i32::from(Scope::All)][..]));
    assert!(manage.operations.contains(&"PATCH /v1/roles/{role.id}".to_owned()));
    assert_eq!(entry(Permission::CustomersRead).unwrap().scopes.len(), 5);
    assert!(entry(Permission::PolicyWatch).is_none() && entry(Permission::OwnershipRead).is_none());
    assert!(entry(Permission::PrivacyServe).is_none() && entry(Permission::CustomersPrivacy).is_some());
    let watch = named("甲", vec![grant(Permission::PolicyWatch, Scope::All)]);
    let refusal = "role.grants[0].permission: PERMISSION_NOT_GRANTABLE";
    assert_eq!(refused(create(&stage, &admin, watch).await), refusal);
}
