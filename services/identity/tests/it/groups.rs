//! The tree of groups and who may reshape which part of it.

use contracts::identity as proto;
use contracts::identity::{CreateGroupRequest, EmployeeChanged, Group, GroupChanged, UpdateGroupRequest};
use tonic::Status;

use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, mask, refused, stage};

async fn tree(stage: &Stage, caller: &Session, page_size: i32) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = proto::ListGroupsRequest { page_size, page_token };
        let page = stage.groups().list_groups(caller.call(request)).await.unwrap().into_inner();
        groups.extend(page.groups);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return groups;
        }
    }
}

fn drawn(groups: &[Group]) -> Vec<String> {
    groups.iter().map(|group| format!("{}{}", "  ".repeat(group.depth as usize), group.name)).collect()
}

async fn create(stage: &Stage, caller: &Session, name: &str, parent: &str, people: &[&str]) -> Result<Group, Status> {
    let request = CreateGroupRequest {
        name: name.into(),
        parent_id: parent.into(),
        employee_ids: people.iter().map(|login| stage.id(login)).collect(),
    };
    Ok(stage.groups().create_group(caller.call(request)).await?.into_inner())
}

async fn get(stage: &Stage, caller: &Session, id: String) -> Result<Group, Status> {
    Ok(stage.groups().get_group(caller.call(proto::GetGroupRequest { id })).await?.into_inner())
}

async fn relocate(stage: &Stage, caller: &Session, name: &str, parent_id: String) -> Result<Group, Status> {
    let group = get(stage, caller, stage.group(name)).await?;
    let request = UpdateGroupRequest { group: Some(Group { parent_id, ..group }), update_mask: mask(&["parent_id"]) };
    Ok(stage.groups().update_group(caller.call(request)).await?.into_inner())
}

async fn rename(stage: &Stage, caller: &Session, group: &str, name: &str) -> Result<Group, Status> {
    let group = get(stage, caller, stage.group(group)).await?;
    let request =
        UpdateGroupRequest { group: Some(Group { name: name.into(), ..group }), update_mask: mask(&["name"]) };
    Ok(stage.groups().update_group(caller.call(request)).await?.into_inner())
}

async fn delete(stage: &Stage, caller: &Session, name: &str) -> Result<(), Status> {
    let request = proto::DeleteGroupRequest { id: stage.group(name), etag: String::new() };
    stage.groups().delete_group(caller.call(request)).await.map(drop)
}

async fn company() -> Stage {
    let groups = ["east", "west", "east/shanghai", "east/hangzhou", "shanghai/pudong"];
    let people: [(&str, &str, &[&str]); 6] = [
        ("admin", "", &[ADMIN]),
        ("boss", "east", &[MANAGER]),
        ("lilei", "shanghai", &[SALES]),
        ("hanmeimei", "shanghai", &[SALES]),
        ("free1", "", &[]),
        ("free2", "", &[]),
    ];
    stage(&groups, &people).await
}

#[tokio::test]
async fn the_tree_is_told_parents_first_in_pages_of_any_size() {
    let stage = company().await;
    let lilei = stage.sign_in("lilei").await;
    let whole = tree(&stage, &lilei, 0).await;
    assert_eq!(drawn(&whole), ["全公司", "  east", "    shanghai", "      pudong", "    hangzhou", "  west"]);
    assert_eq!(
        (whole[2].member_count, whole[2].member_names.as_slice()),
        (2, &["hanmeimei".into(), "lilei".into()][..])
    );
    for page_size in [1, 2, 5] {
        assert_eq!(tree(&stage, &lilei, page_size).await, whole);
    }
}

#[tokio::test]
async fn deleting_a_group_lifts_its_children_and_frees_its_members() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    delete(&stage, &admin, "shanghai").await.unwrap();
    let whole = tree(&stage, &admin, 0).await;
    assert_eq!(drawn(&whole), ["全公司", "  east", "    hangzhou", "    pudong", "  west"]);
    for login in ["lilei", "hanmeimei"] {
        assert_eq!(stage.employee(&admin, login).await.unwrap().group_id, "");
        let events: Vec<EmployeeChanged> = stage.events(&stage.id(login)).await;
        assert_eq!(events.last().unwrap().group_id, "");
    }
    let moved: Vec<GroupChanged> = stage.events(&stage.group("pudong")).await;
    assert_eq!(moved.last().unwrap().parent_id, stage.group("east"));
    let gone: Vec<GroupChanged> = stage.events(&stage.group("shanghai")).await;
    assert!(gone.last().unwrap().deleted);
    assert_eq!(refused(get(&stage, &admin, stage.group("shanghai")).await), "NOT_FOUND");

    let root = proto::DeleteGroupRequest { id: stage.group(""), etag: String::new() };
    assert_eq!(refused(stage.groups().delete_group(admin.call(root)).await), "GROUP_IS_ROOT");
    assert_eq!(refused(relocate(&stage, &admin, "", stage.group("east")).await), "GROUP_IS_ROOT");
    assert_eq!(rename(&stage, &admin, "", "长城集团").await.unwrap().name, "长城集团");
}

#[tokio::test]
async fn a_child_that_would_meet_its_namesake_keeps_the_group_in_place() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    // Bears the name of the group that goes: no conflict.
    rename(&stage, &admin, "hangzhou", "east").await.unwrap();
    delete(&stage, &admin, "east").await.unwrap();
    assert_eq!(drawn(&tree(&stage, &admin, 0).await), ["全公司", "  west", "  shanghai", "    pudong", "  east"]);
    rename(&stage, &admin, "pudong", "west").await.unwrap();
    assert_eq!(refused(delete(&stage, &admin, "shanghai").await), "GROUP_NAME_TAKEN");
    assert_eq!(refused(create(&stage, &admin, " west ", &stage.group(""), &[]).await), "name: GROUP_NAME_TAKEN");
    assert_eq!(refused(create(&stage, &admin, "　", &stage.group(""), &[]).await), "name: VALUE_REQUIRED");
}

#[tokio::test]
async fn a_group_moves_anywhere_but_below_itself() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    for below in ["east", "shanghai", "pudong"] {
        assert_eq!(refused(relocate(&stage, &admin, "east", stage.group(below)).await), "GROUP_CYCLE");
    }
    relocate(&stage, &admin, "shanghai", stage.group("west")).await.unwrap();
    assert_eq!(
        drawn(&tree(&stage, &admin, 0).await),
        ["全公司", "  east", "    hangzhou", "  west", "    shanghai", "      pudong"]
    );
    // Two moves that are right by themselves and would make a ring together, at the same time.
    let (one, other) = tokio::join!(
        relocate(&stage, &admin, "east", stage.group("west")),
        relocate(&stage, &admin, "west", stage.group("east"))
    );
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(refused(if one.is_ok() { other } else { one }), "GROUP_CYCLE");
    assert_eq!(tree(&stage, &admin, 0).await.len(), 6);
}

#[tokio::test]
async fn ungrouped_employees_join_a_new_group_in_one_go() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let mixed = create(&stage, &admin, "north", &stage.group(""), &["free1", "lilei"]).await;
    assert_eq!(refused(mixed), "EMPLOYEE_ALREADY_GROUPED");
    assert_eq!(tree(&stage, &admin, 0).await.len(), 6, "nothing of it was done");
    let north = create(&stage, &admin, "north", &stage.group(""), &["free1", "free2"]).await.unwrap();
    assert_eq!((north.member_count, north.depth), (2, 1));
    assert_eq!(stage.employee(&admin, "free1").await.unwrap().group_id, north.id);
}

#[tokio::test]
async fn a_group_manager_reshapes_own_part_of_the_tree_alone() {
    let stage = company().await;
    let boss = stage.sign_in("boss").await;
    let made = create(&stage, &boss, "suzhou", &stage.group("east"), &[]).await.unwrap();
    create(&stage, &boss, "kunshan", &made.id, &[]).await.unwrap();
    relocate(&stage, &boss, "pudong", stage.group("hangzhou")).await.unwrap();
    rename(&stage, &boss, "east", "华东").await.unwrap();
    delete(&stage, &boss, "hangzhou").await.unwrap();

    let outside = "OUTSIDE_SCOPE";
    let root = stage.group("");
    for (result, answer) in [
        (create(&stage, &boss, "x", &root, &[]).await.map(drop), format!("parent_id: {outside}")),
        (create(&stage, &boss, "x", &stage.group("west"), &[]).await.map(drop), format!("parent_id: {outside}")),
        (rename(&stage, &boss, "west", "x").await.map(drop), format!("group.id: {outside}")),
        (delete(&stage, &boss, "west").await, format!("id: {outside}")),
        // Its children would hang on a group of others.
        (delete(&stage, &boss, "east").await, format!("id: {outside}")),
        (relocate(&stage, &boss, "shanghai", root.clone()).await.map(drop), format!("group.parent_id: {outside}")),
        (relocate(&stage, &boss, "west", stage.group("east")).await.map(drop), format!("group.id: {outside}")),
        (relocate(&stage, &boss, "east", stage.group("west")).await.map(drop), format!("group.parent_id: {outside}")),
        // They would bring what they own into the manager's view.
        (
            create(&stage, &boss, "x", &stage.group("east"), &["free1"]).await.map(drop),
            format!("employee_ids: {outside}"),
        ),
    ] {
        assert_eq!(refused(result), answer);
    }
    let lilei = stage.sign_in("lilei").await;
    assert_eq!(refused(rename(&stage, &lilei, "shanghai", "x").await), "PERMISSION_DENIED");
}
