//! What is given reaches from where the receiver stands: nobody gains more rows by giving it to somebody elsewhere.

use contracts::identity as proto;
use contracts::identity::api_key_service_client::ApiKeyServiceClient;
use contracts::identity::identity_provider_service_client::IdentityProviderServiceClient;
use contracts::identity::service_account_service_client::ServiceAccountServiceClient;
use contracts::identity::{Employee, Grant, IdentityProvider, Role, RoleMapping, ServiceAccount};
use contracts::options::{Permission, Scope};
use tonic::Status;

use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, mask, refused, stage};

const BEYOND: &str = "ROLE_EXCEEDS_OWN";

/// `boss` manages the east.
async fn company() -> Stage {
    let people: [(&str, &str, &[&str]); 5] = [
        ("admin", "", &[ADMIN]),
        ("boss", "east", &[MANAGER]),
        ("lilei", "shanghai", &[SALES]),
        ("limei", "west", &[SALES]),
        ("guest", "east", &[]),
    ];
    stage(&["east", "east/shanghai", "west"], &people).await
}

fn for_all(permission: Permission) -> Grant {
    Grant { permission: permission.into(), scope: Scope::All.into(), group_ids: Vec::new() }
}

fn for_one(permission: Permission, group: &str) -> Grant {
    Grant { permission: permission.into(), scope: Scope::ChosenGroups.into(), group_ids: vec![group.to_owned()] }
}

async fn a_role(stage: &Stage, caller: &Session, name: &str, grants: Vec<Grant>) -> Role {
    let role = Some(Role { name: name.into(), grants, ..Default::default() });
    stage.roles().create_role(caller.call(proto::CreateRoleRequest { role })).await.unwrap().into_inner()
}

/// Gives `boss` a further role, and answers a session of theirs.
async fn boss_with(stage: &Stage, grants: Vec<Grant>) -> Session {
    let admin = stage.sign_in("admin").await;
    let further = a_role(stage, &admin, "further", grants).await;
    let boss = stage.employee(&admin, "boss").await.unwrap();
    let role_ids = vec![stage.role_id(MANAGER).await, further.id];
    update(stage, &admin, Employee { role_ids, ..boss }, "role_ids").await.unwrap();
    stage.sign_in("boss").await
}

async fn update(stage: &Stage, caller: &Session, employee: Employee, path: &str) -> Result<Employee, Status> {
    let request = proto::UpdateEmployeeRequest { employee: Some(employee), update_mask: mask(&[path]) };
    Ok(stage.employees().update_employee(caller.call(request)).await?.into_inner())
}

async fn moved(stage: &Stage, caller: &Session, login_name: &str, group: &str) -> Result<Employee, Status> {
    let employee = stage.employee(caller, login_name).await?;
    update(stage, caller, Employee { group_id: stage.group(group), ..employee }, "group_id").await
}

async fn hired(stage: &Stage, caller: &Session, login_name: &str, group: &str, roles: &[&str]) -> Result<(), Status> {
    let mut role_ids = Vec::new();
    for preset in roles {
        role_ids.push(stage.role_id(preset).await);
    }
    let employee = Employee {
        login_name: login_name.into(),
        display_name: login_name.into(),
        group_id: stage.group(group),
        role_ids,
        ..Default::default()
    };
    let request = proto::CreateEmployeeRequest { employee: Some(employee), invite: false };
    stage.employees().create_employee(caller.call(request)).await.map(drop)
}

async fn an_account(
    stage: &Stage,
    caller: &Session,
    group_id: &str,
    role_ids: &[String],
) -> Result<ServiceAccount, Status> {
    let service_account = Some(ServiceAccount {
        display_name: "x".into(),
        group_id: group_id.into(),
        role_ids: role_ids.to_vec(),
        ..Default::default()
    });
    let request = caller.call(proto::CreateServiceAccountRequest { service_account });
    let mut accounts = ServiceAccountServiceClient::new(stage.identity.clone());
    Ok(accounts.create_service_account(request).await?.into_inner())
}

async fn account_update(
    stage: &Stage,
    caller: &Session,
    service_account: ServiceAccount,
    path: &str,
) -> Result<ServiceAccount, Status> {
    let request =
        proto::UpdateServiceAccountRequest { service_account: Some(service_account), update_mask: mask(&[path]) };
    let mut accounts = ServiceAccountServiceClient::new(stage.identity.clone());
    Ok(accounts.update_service_account(caller.call(request)).await?.into_inner())
}

#[tokio::test]
async fn an_account_in_another_group_reaches_no_further_than_whoever_made_it() {
    let stage = company().await;
    let boss = boss_with(&stage, vec![for_all(Permission::ServiceAccountsManage)]).await;
    let manager = [stage.role_id(MANAGER).await];
    let [root, east, west] = ["", "east", "west"].map(|group| stage.group(group));
    for group in [&root, &west] {
        assert_eq!(refused(an_account(&stage, &boss, group, &manager).await), BEYOND);
        // Nor with the roles first and the group later, or the other way round.
        for begun in [String::new(), east.clone(), stage.group("shanghai")] {
            let account = an_account(&stage, &boss, &begun, &manager).await.unwrap();
            let elsewhere = ServiceAccount { group_id: group.clone(), ..account };
            assert_eq!(refused(account_update(&stage, &boss, elsewhere, "group_id").await), BEYOND);
        }
        let account = an_account(&stage, &boss, group, &[]).await.unwrap();
        let stronger = ServiceAccount { role_ids: manager.to_vec(), ..account };
        assert_eq!(refused(account_update(&stage, &boss, stronger, "role_ids").await), BEYOND);
    }
    // Within what is theirs they do as they like.
    let account = an_account(&stage, &boss, &east, &manager).await.unwrap();
    let below = ServiceAccount { group_id: stage.group("shanghai"), ..account };
    account_update(&stage, &boss, below, "group_id").await.unwrap();

    // A key of an account that an administrator put there is out of reach as well.
    let admin = stage.sign_in("admin").await;
    let key_of = |account: ServiceAccount| proto::CreateApiKeyRequest {
        service_account_id: account.id,
        name: "x".into(),
        ..Default::default()
    };
    let mut keys = ApiKeyServiceClient::new(stage.identity.clone());
    let there = an_account(&stage, &admin, &root, &manager).await.unwrap();
    assert_eq!(refused(keys.create_api_key(boss.call(key_of(there))).await), BEYOND);
    let here = an_account(&stage, &admin, &east, &manager).await.unwrap();
    keys.create_api_key(boss.call(key_of(here))).await.unwrap();
}

#[tokio::test]
async fn nobody_is_moved_to_where_their_roles_reach_beyond_the_mover() {
    let stage = company().await;
    let west = stage.group("west");
    let people = [Permission::EmployeesRead, Permission::EmployeesManage].map(|permission| for_one(permission, &west));
    let boss = boss_with(&stage, people.to_vec()).await;
    // Least of all oneself.
    for login_name in ["boss", "lilei"] {
        assert_eq!(refused(moved(&stage, &boss, login_name, "west").await), BEYOND, "{login_name}");
    }
    assert_eq!(refused(hired(&stage, &boss, "x1", "west", &[SALES]).await), BEYOND);
    let reset = proto::ResetEmployeePasswordRequest { id: stage.id("limei") };
    assert_eq!(refused(stage.employees().reset_employee_password(boss.call(reset)).await), "EMPLOYEE_HOLDS_MORE");
    let limei = stage.employee(&boss, "limei").await.unwrap();
    update(&stage, &boss, Employee { display_name: "李梅".into(), ..limei }, "display_name").await.unwrap();
    // Whoever holds nothing takes nothing along, and what is the mover's own stays so.
    moved(&stage, &boss, "guest", "west").await.unwrap();
    moved(&stage, &boss, "lilei", "east").await.unwrap();
    hired(&stage, &boss, "x2", "shanghai", &[SALES, MANAGER]).await.unwrap();
}

#[tokio::test]
async fn whoever_holds_a_role_for_a_chosen_group_gives_it_there() {
    let stage = company().await;
    let west = stage.group("west");
    let held = [Permission::EmployeesRead, Permission::EmployeesManage, Permission::CustomersClaim];
    let boss = boss_with(&stage, held.map(|permission| for_one(permission, &west)).to_vec()).await;
    hired(&stage, &boss, "x1", "west", &[SALES]).await.unwrap();
    moved(&stage, &boss, "lilei", "west").await.unwrap();
    assert_eq!(refused(hired(&stage, &boss, "x2", "west", &[MANAGER]).await), BEYOND);
}

#[tokio::test]
async fn a_role_does_not_grow_in_the_hands_of_somebody_elsewhere() {
    let stage = company().await;
    let further = [Permission::ServiceAccountsManage, Permission::RolesManage].map(for_all).to_vec();
    let boss = boss_with(&stage, further).await;
    let read = |scope: Scope| {
        vec![Grant { permission: Permission::CustomersRead.into(), scope: scope.into(), group_ids: Vec::new() }]
    };
    let own = a_role(&stage, &boss, "own", read(Scope::Own)).await;
    an_account(&stage, &boss, &stage.group(""), std::slice::from_ref(&own.id)).await.unwrap();
    let wider = async |role: Role| {
        let request = proto::UpdateRoleRequest {
            role: Some(Role { grants: read(Scope::GroupAndBelow), ..role }),
            update_mask: mask(&["grants"]),
        };
        stage.roles().update_role(boss.call(request)).await.map(drop)
    };
    assert_eq!(refused(wider(own).await), BEYOND);
    let near = a_role(&stage, &boss, "near", read(Scope::Own)).await;
    an_account(&stage, &boss, &stage.group("east"), std::slice::from_ref(&near.id)).await.unwrap();
    wider(near).await.unwrap();
}

#[tokio::test]
async fn a_provider_gives_nobody_more_than_whoever_sets_it_up_holds_everywhere() {
    let stage = company().await;
    let boss = boss_with(&stage, vec![for_all(Permission::SignOnManage)]).await;
    let admin = stage.sign_in("admin").await;
    let manager = RoleMapping { provider_group: "bosses".into(), role_id: stage.role_id(MANAGER).await };
    let create = async |caller: &Session, name: &str, role_mappings: Vec<RoleMapping>| {
        let identity_provider = Some(IdentityProvider {
            name: name.into(),
            issuer: "https://login.example.com".into(),
            client_id: "changke".into(),
            default_group_id: stage.group("east"),
            role_mappings,
            ..Default::default()
        });
        let request = caller.call(proto::CreateIdentityProviderRequest { identity_provider });
        let mut providers = IdentityProviderServiceClient::new(stage.identity.clone());
        providers.create_identity_provider(request).await.map(tonic::Response::into_inner)
    };
    let change = async |provider: &IdentityProvider, path: &str| {
        let request = boss.call(proto::UpdateIdentityProviderRequest {
            identity_provider: Some(provider.clone()),
            update_mask: mask(&[path]),
        });
        let mut providers = IdentityProviderServiceClient::new(stage.identity.clone());
        providers.update_identity_provider(request).await.map(tonic::Response::into_inner)
    };
    assert_eq!(refused(create(&boss, "mine", vec![manager.clone()]).await), BEYOND);
    create(&boss, "mine", Vec::new()).await.unwrap();

    // What an administrator has mapped goes to nobody else.
    let made = create(&admin, "theirs", vec![manager.clone()]).await.unwrap();
    let everybody = RoleMapping { provider_group: "everybody".into(), ..manager.clone() };
    for (path, asked) in [
        ("issuer", IdentityProvider { issuer: "https://evil.example.com".into(), ..made.clone() }),
        ("group_claim", IdentityProvider { group_claim: "mine".into(), ..made.clone() }),
        ("default_group_id", IdentityProvider { default_group_id: stage.group(""), ..made.clone() }),
        ("trust_email", IdentityProvider { trust_email: true, ..made.clone() }),
        ("role_mappings", IdentityProvider { role_mappings: vec![manager.clone(), everybody], ..made.clone() }),
    ] {
        assert_eq!(refused(change(&asked, path).await), BEYOND, "{path}");
    }
    let renamed = change(&IdentityProvider { name: "renamed".into(), ..made }, "name").await.unwrap();
    change(&IdentityProvider { role_mappings: Vec::new(), ..renamed }, "role_mappings").await.unwrap();
}

#[tokio::test]
async fn whoever_holds_more_is_neither_touched_nor_made_easier_to_break_into() {
    let stage = company().await;
    let boss =
        boss_with(&stage, [Permission::ServiceAccountsManage, Permission::RolesManage].map(for_all).to_vec()).await;
    let admin = stage.sign_in("admin").await;
    let account = an_account(&stage, &admin, "", &[stage.role_id(ADMIN).await]).await.unwrap();
    let renamed = ServiceAccount { display_name: "mine".into(), ..account.clone() };
    assert_eq!(refused(account_update(&stage, &boss, renamed, "display_name").await), "EMPLOYEE_HOLDS_MORE");
    let mut accounts = ServiceAccountServiceClient::new(stage.identity.clone());
    let (id, etag) = (account.id.clone(), account.etag.clone());
    let disable = proto::DisableServiceAccountRequest { id: id.clone(), etag: etag.clone() };
    assert_eq!(refused(accounts.disable_service_account(boss.call(disable)).await), "EMPLOYEE_HOLDS_MORE");
    let delete = proto::DeleteServiceAccountRequest { id, etag };
    assert_eq!(refused(accounts.delete_service_account(boss.call(delete)).await), "EMPLOYEE_HOLDS_MORE");

    let administrator = stage.role_id(ADMIN).await;
    let set = async |caller: &Session, required: bool| {
        let get = proto::GetRoleRequest { id: administrator.clone() };
        let role = stage.roles().get_role(boss.call(get)).await.unwrap().into_inner();
        let role = Some(Role { second_factor_required: required, ..role });
        let update_mask = mask(&["second_factor_required"]);
        stage.roles().update_role(caller.call(proto::UpdateRoleRequest { role, update_mask })).await
    };
    // To ask for more does no harm.
    set(&boss, true).await.unwrap();
    assert_eq!(refused(set(&boss, false).await), BEYOND);
}
