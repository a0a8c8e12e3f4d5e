//! Roles of users of the portal: made and kept like others, but nobody among the employees holds one, and none holds more
//! than what is one's own.

use contracts::identity as proto;
use contracts::identity::identity_provider_service_client::IdentityProviderServiceClient;
use contracts::identity::service_account_service_client::ServiceAccountServiceClient;
use contracts::identity::{Grant, IdentityProvider, Role, RoleAudience, RoleMapping, ServiceAccount};
use contracts::options::{Permission, Scope};
use tonic::Status;

use crate::stage::{ADMIN, Session, Stage, mask, refused, stage};

fn grant(permission: Permission, scope: Scope) -> Grant {
    let group_ids = if scope == Scope::ChosenGroups { vec![uuid::Uuid::now_v7().to_string()] } else { Vec::new() };
    Grant { permission: permission.into(), scope: scope.into(), group_ids }
}

fn for_customers(name: &str, grants: Vec<Grant>) -> Role {
    Role { name: name.into(), grants, audience: RoleAudience::Customers.into(), ..Default::default() }
}

async fn create(stage: &Stage, caller: &Session, role: Role) -> Result<Role, Status> {
    Ok(stage.roles().create_role(caller.call(proto::CreateRoleRequest { role: Some(role) })).await?.into_inner())
}

async fn update(stage: &Stage, caller: &Session, role: Role, path: &str) -> Result<Role, Status> {
    let request = proto::UpdateRoleRequest { role: Some(role), update_mask: mask(&[path]) };
    Ok(stage.roles().update_role(caller.call(request)).await?.into_inner())
}

#[tokio::test]
async fn it_holds_what_is_ones_own_and_nothing_else() {
    let stage = stage(&[], &[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let open = [
        Permission::CustomersRead,
        Permission::CustomersUpdate,
        Permission::ContactsRead,
        Permission::ContactsWrite,
        Permission::InteractionsRead,
    ];
    let all = (1..1000).filter_map(|number| Permission::try_from(number).ok());
    let mut role = create(&stage, &admin, for_customers("portal", Vec::new())).await.unwrap();
    for permission in all {
        for scope in [Scope::Own, Scope::Group, Scope::GroupAndBelow, Scope::ChosenGroups, Scope::All] {
            let wanted = vec![grant(permission, scope)];
            let refusal = match (open.contains(&permission), scope) {
                (true, Scope::Own) => None,
                (true, _) => Some("role.grants[0].scope: SCOPE_NOT_APPLICABLE"),
                (false, _) => Some("role.grants[0].permission: PERMISSION_NOT_GRANTABLE"),
            };
            let name = format!("{permission:?} {scope:?}");
            let made = create(&stage, &admin, for_customers(&name, wanted.clone())).await;
            let changed = update(&stage, &admin, Role { grants: wanted, ..role.clone() }, "grants").await;
            match refusal {
                Some(reason) => assert_eq!((refused(made), refused(changed)), (reason.into(), reason.into()), "{name}"),
                None => {
                    made.unwrap();
                    role = update(&stage, &admin, Role { grants: Vec::new(), ..changed.unwrap() }, "grants")
                        .await
                        .unwrap();
                }
            }
        }
    }
}

#[tokio::test]
async fn no_employee_and_no_program_holds_one() {
    let stage = stage(&[], &[("admin", "", &[ADMIN]), ("lilei", "", &[])]).await;
    let admin = stage.sign_in("admin").await;
    let own = vec![grant(Permission::CustomersRead, Scope::Own)];
    let role = create(&stage, &admin, for_customers("portal", own)).await.unwrap();
    let role_ids = vec![role.id.clone()];

    let lilei = stage.employee(&admin, "lilei").await.unwrap();
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids: role_ids.clone(), ..lilei }),
        update_mask: mask(&["role_ids"]),
    };
    let given = stage.employees().update_employee(admin.call(request)).await;
    assert_eq!(refused(given), "employee.role_ids[0]: ROLE_FOR_CUSTOMERS");
    let employee = proto::Employee {
        login_name: "newcomer".into(),
        display_name: "newcomer".into(),
        role_ids: role_ids.clone(),
        ..Default::default()
    };
    let request = proto::CreateEmployeeRequest { employee: Some(employee), invite: false };
    let hired = stage.employees().create_employee(admin.call(request)).await;
    assert_eq!(refused(hired), "employee.role_ids[0]: ROLE_FOR_CUSTOMERS");

    let service_account = Some(ServiceAccount { display_name: "program".into(), role_ids, ..Default::default() });
    let request = admin.call(proto::CreateServiceAccountRequest { service_account });
    let made = ServiceAccountServiceClient::new(stage.identity.clone()).create_service_account(request).await;
    assert!(refused(made).ends_with("role_ids[0]: ROLE_FOR_CUSTOMERS"));

    let identity_provider = Some(IdentityProvider {
        name: "theirs".into(),
        issuer: "https://login.example.com".into(),
        client_id: "changke".into(),
        role_mappings: vec![RoleMapping { provider_group: "everybody".into(), role_id: role.id.clone() }],
        ..Default::default()
    });
    let request = admin.call(proto::CreateIdentityProviderRequest { identity_provider });
    let mapped = IdentityProviderServiceClient::new(stage.identity.clone()).create_identity_provider(request).await;
    assert!(refused(mapped).ends_with("role_mappings[0]: ROLE_FOR_CUSTOMERS"));

    // Nor does it become one of employees, or one of employees become one of customers.
    let employees = Role { audience: RoleAudience::Employees.into(), ..role.clone() };
    assert_eq!(refused(update(&stage, &admin, employees, "audience").await), "update_mask: MASK_PATH_UNKNOWN");
    let kept = stage.roles().get_role(admin.call(proto::GetRoleRequest { id: role.id })).await.unwrap().into_inner();
    assert_eq!((kept.audience(), kept.holder_count), (RoleAudience::Customers, 0));
}
