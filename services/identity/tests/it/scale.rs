//! A company of 500 groups and 20,000 employees: what is listed and moved stays right, by indexes and in few rows.

use contracts::identity as proto;
use contracts::identity::{EmployeeChanged, Group, GroupChanged, ListEmployeesRequest, ListEmployeesResponse};
use uuid::Uuid;

use crate::stage::{ADMIN, MANAGER, Session, Stage, mask, stage, until};

/// Seven groups below each group, with some forty people in each.
async fn company() -> Stage {
    let stage = stage(&["east"], &[("admin", "", &[ADMIN]), ("boss", "east", &[MANAGER])]).await;
    let mut tx = stage.db.begin().await.unwrap();
    let revision: i64 = sqlx::query_scalar("UPDATE policy_revision SET revision = revision + 1 RETURNING revision")
        .fetch_one(tx.connection())
        .await
        .unwrap();
    // Group n stands below group n / 7, the first seven below the seeded one.
    for statement in [
        "INSERT INTO employee_group (id, name, parent_id, policy_revision)
         SELECT md5('group ' || n)::uuid, 'group ' || n,
                CASE WHEN n < 7 THEN (SELECT id FROM employee_group WHERE name = 'east') ELSE md5('group ' || n / 7)::uuid END,
                $1
         FROM generate_series(1, 498) n",
        "INSERT INTO employee (id, login_name, display_name, sort_name, search_text, group_id, password_hash,
                               password_change_required, policy_revision)
         SELECT md5('person ' || n)::uuid, 'p' || lpad(n::text, 5, '0'), '员工' || n, 'yuan gong ' || lpad(n::text, 5, '0'),
                '员工' || n || E'\\np' || lpad(n::text, 5, '0') || E'\\nyuangong' || n || E'\\nyg' || n,
                md5('group ' || 1 + n % 498)::uuid, '', true, $1
         FROM generate_series(1, 19998) n",
        "INSERT INTO employee_role (employee_id, role_id)
         SELECT e.id, r.id FROM employee e, role r
         WHERE r.preset = 'salesperson' AND e.policy_revision = $1",
    ] {
        sqlx::query(statement).bind(revision).execute(tx.connection()).await.unwrap();
    }
    tx.commit().await.unwrap();
    sqlx::raw_sql("ANALYZE").execute(stage.db.pool()).await.unwrap();
    stage
}

async fn list(stage: &Stage, caller: &Session, request: ListEmployeesRequest) -> ListEmployeesResponse {
    stage.employees().list_employees(caller.call(request)).await.unwrap().into_inner()
}

/// As the database makes ids of names.
async fn id_of(stage: &Stage, name: &str) -> String {
    let id: Uuid = sqlx::query_scalar("SELECT md5($1)::uuid").bind(name).fetch_one(stage.db.pool()).await.unwrap();
    id.to_string()
}

/// Entries that were read of an index.
async fn reads(stage: &Stage, index: &str) -> i64 {
    sqlx::query_scalar("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = $1")
        .bind(index)
        .fetch_one(stage.db.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_large_company_is_listed_searched_and_moved() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;

    // All groups with their counts on one page.
    let request = proto::ListGroupsRequest { page_size: 1000, page_token: String::new() };
    let groups = stage.groups().list_groups(admin.call(request)).await.unwrap().into_inner();
    assert_eq!((groups.groups.len(), groups.next_page_token.as_str()), (500, ""));
    assert_eq!(groups.groups.iter().map(|group| group.member_count).sum::<i32>(), 19_999);
    assert!(groups.groups.iter().all(|group| group.member_names.len() <= 5));

    // The first page comes out of the order's index, which is read as far as the page reaches.
    for (order_by, index) in [
        ("", "employee_login_name"),
        ("display_name", "employee_sort_name"),
        ("display_name desc", "employee_sort_name"),
    ] {
        let before = reads(&stage, index).await;
        let request = ListEmployeesRequest { page_size: 50, order_by: order_by.into(), ..Default::default() };
        assert_eq!(list(&stage, &admin, request).await.employees.len(), 50);
        until("the reading is counted", async || {
            // Written down by the session that has read.
            sqlx::query("SELECT pg_stat_force_next_flush()").execute(stage.db.pool()).await.unwrap();
            reads(&stage, index).await > before
        })
        .await;
        let read = reads(&stage, index).await - before;
        assert!(read < 2_000, "{order_by}: {read} entries");
    }

    // The tree was written past the service, which hears of it within moments; the seeded group had one member.
    until("the tree is known", async || {
        let within = ListEmployeesRequest { within_group_id: stage.group("east"), page_size: 2, ..Default::default() };
        list(&stage, &admin, within).await.employees.len() == 2
    })
    .await;
    // Everybody of a group and below, in the order of names, page after page.
    let division = id_of(&stage, "group 3").await;
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let within = ListEmployeesRequest {
            page_size: 200,
            within_group_id: division.clone(),
            order_by: "display_name".into(),
            page_token,
            ..Default::default()
        };
        let page = list(&stage, &admin, within).await;
        found.extend(page.employees);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let expected: i64 = sqlx::query_scalar(
        "WITH RECURSIVE below AS (
             SELECT $1::uuid AS id
             UNION ALL SELECT g.id FROM employee_group g JOIN below ON g.parent_id = below.id)
         SELECT count(*) FROM employee WHERE group_id IN (SELECT id FROM below)",
    )
    .bind(division.parse::<Uuid>().unwrap())
    .fetch_one(stage.db.pool())
    .await
    .unwrap();
    assert!(expected > 1_000 && found.len() == usize::try_from(expected).unwrap());
    assert!(found.is_sorted_by(|one, other| one.login_name < other.login_name), "names are numbered like logins");

    for (query, count) in [("yg19998", 1), ("员工777", 11), ("YuanGong 1234", 11), ("nobody", 0)] {
        let request = ListEmployeesRequest { page_size: 200, query: query.into(), ..Default::default() };
        assert_eq!(list(&stage, &admin, request).await.employees.len(), count, "{query}");
    }

    // Moving a group with all its people changes one row and tells of one.
    let id = division.clone();
    let before =
        stage.groups().get_group(admin.call(proto::GetGroupRequest { id: id.clone() })).await.unwrap().into_inner();
    let moved = Group { parent_id: id_of(&stage, "group 1").await, ..before };
    let request = proto::UpdateGroupRequest { group: Some(moved), update_mask: mask(&["parent_id"]) };
    stage.groups().update_group(admin.call(request)).await.unwrap();
    let told: Vec<GroupChanged> = stage.events(&id).await;
    assert_eq!(told.len(), 1);
    let changed: i64 = sqlx::query_scalar("SELECT count(*) FROM employee WHERE revision > 1")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(changed, 0);
    // Decisions follow at once: the manager of the whole part still covers those who moved within it.
    let boss = stage.sign_in("boss").await;
    let request = ListEmployeesRequest { page_size: 1, within_group_id: id, ..Default::default() };
    assert_eq!(list(&stage, &boss, request).await.employees.len(), 1);
}

#[tokio::test]
async fn a_person_among_thousands_is_changed_and_disabled() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let id = id_of(&stage, "person 4711").await;
    let get = proto::GetEmployeeRequest { id: id.clone() };
    let before = stage.employees().get_employee(admin.call(get)).await.unwrap().into_inner();
    let mut roles = before.role_ids.clone();
    roles.push(stage.role_id(MANAGER).await);
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids: roles, ..before }),
        update_mask: mask(&["role_ids"]),
    };
    let after = stage.employees().update_employee(admin.call(request)).await.unwrap().into_inner();
    assert_eq!(after.role_names.len(), 2);
    let disable = proto::DisableEmployeeRequest { id: id.clone(), etag: String::new() };
    let disabled = stage.employees().disable_employee(admin.call(disable)).await.unwrap().into_inner();
    assert_eq!(disabled.state(), proto::EmployeeState::Disabled);
    let told: Vec<EmployeeChanged> = stage.events(&id).await;
    assert_eq!((told.len(), told[1].active), (2, false));
}
