//! A group that is hung elsewhere takes what lies in it along: nobody lets others reach it who don't reach it themselves.

use contracts::identity as proto;
use contracts::identity::identity_provider_service_client::IdentityProviderServiceClient;
use contracts::identity::{Group, IdentityProvider};
use contracts::options::{Permission, Scope};
use tonic::Status;

use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, mask, refused, stage};

async fn hung(stage: &Stage, caller: &Session, group: &str, parent: &str) -> Result<Group, Status> {
    let id = stage.group(group);
    let group = stage.groups().get_group(caller.call(proto::GetGroupRequest { id })).await?.into_inner();
    let group = Group { parent_id: stage.group(parent), ..group };
    let request = proto::UpdateGroupRequest { group: Some(group), update_mask: mask(&["parent_id"]) };
    Ok(stage.groups().update_group(caller.call(request)).await?.into_inner())
}

/// `clerk` manages all groups, and nothing besides.
async fn company() -> Stage {
    let people: [(&str, &str, &[&str]); 4] =
        [("admin", "", &[ADMIN]), ("clerk", "", &[]), ("boss", "east", &[MANAGER]), ("lilei", "west", &[SALES])];
    let stage = stage(&["east", "west", "west/lhasa", "empty"], &people).await;
    let admin = stage.sign_in("admin").await;
    let grants = [Permission::GroupsManage].map(|permission| proto::Grant {
        permission: permission.into(),
        scope: Scope::All.into(),
        group_ids: Vec::new(),
    });
    let role = Some(proto::Role { name: "clerk".into(), grants: grants.to_vec(), ..Default::default() });
    let role = stage.roles().create_role(admin.call(proto::CreateRoleRequest { role })).await.unwrap().into_inner();
    let clerk = stage.employee(&admin, "clerk").await.unwrap();
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids: vec![role.id], ..clerk }),
        update_mask: mask(&["role_ids"]),
    };
    stage.employees().update_employee(admin.call(request)).await.unwrap();
    stage
}

#[tokio::test]
async fn whoever_manages_all_groups_widens_nobodys_reach() {
    let stage = company().await;
    let clerk = stage.sign_in("clerk").await;
    for group in ["west", "lhasa", "empty"] {
        assert_eq!(refused(hung(&stage, &clerk, group, "east").await), "group.parent_id: MOVE_WIDENS", "{group}");
    }
    // Where nobody stands who reaches what lies below, nobody gains.
    hung(&stage, &clerk, "empty", "west").await.unwrap();
    hung(&stage, &clerk, "lhasa", "empty").await.unwrap();
    // Who is above already gains nothing.
    hung(&stage, &clerk, "lhasa", "").await.unwrap();
    // Whoever reaches all of it may.
    let admin = stage.sign_in("admin").await;
    hung(&stage, &admin, "west", "east").await.unwrap();
}

#[tokio::test]
async fn a_grant_for_a_chosen_group_counts_with_what_is_hung_below() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let grants = vec![proto::Grant {
        permission: Permission::CustomersExport.into(),
        scope: Scope::ChosenGroups.into(),
        group_ids: vec![stage.group("empty")],
    }];
    let role = Some(proto::Role { name: "exporter".into(), grants, ..Default::default() });
    let role = stage.roles().create_role(admin.call(proto::CreateRoleRequest { role })).await.unwrap().into_inner();
    let clerk = stage.sign_in("clerk").await;
    // Nobody holds it.
    hung(&stage, &clerk, "lhasa", "empty").await.unwrap();
    hung(&stage, &clerk, "lhasa", "west").await.unwrap();
    let lilei = stage.employee(&admin, "lilei").await.unwrap();
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids: vec![role.id], ..lilei }),
        update_mask: mask(&["role_ids"]),
    };
    stage.employees().update_employee(admin.call(request)).await.unwrap();
    assert_eq!(refused(hung(&stage, &clerk, "lhasa", "empty").await), "group.parent_id: MOVE_WIDENS");
}

#[tokio::test]
async fn a_provider_whose_group_goes_is_told_of_in_the_trail() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let identity_provider = Some(IdentityProvider {
        name: "west".into(),
        issuer: "https://login.example.com".into(),
        client_id: "changke".into(),
        default_group_id: stage.group("west"),
        ..Default::default()
    });
    let mut providers = IdentityProviderServiceClient::new(stage.identity.clone());
    let request = admin.call(proto::CreateIdentityProviderRequest { identity_provider });
    let made = providers.create_identity_provider(request).await.unwrap().into_inner();
    let request = proto::DeleteGroupRequest { id: stage.group("west"), etag: String::new() };
    stage.groups().delete_group(admin.call(request)).await.unwrap();
    let request = admin.call(proto::GetIdentityProviderRequest { id: made.id.clone() });
    let left = providers.get_identity_provider(request).await.unwrap().into_inner();
    assert_eq!(left.default_group_id, "");
    assert_ne!(left.etag, made.etag);
    let actions: Vec<String> = stage.audit(&made.id).await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["identity_provider.created", "identity_provider.updated"]);
}
