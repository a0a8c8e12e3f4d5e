//! Employees, within the scope of whoever manages them.

use std::collections::{BTreeSet, HashMap};

use contracts::identity as proto;
use contracts::identity::{CreateEmployeeRequest, Employee, EmployeeChanged, EmployeeState, UpdateEmployeeRequest};
use platform::service::remote;
use tonic::Status;

use crate::stage::{ADMIN, MANAGER, PASSWORD, SALES, Session, Stage, mask, reason, refused, stage};

/// A company with two branches; `boss` manages the east.
async fn company() -> Stage {
    let groups = ["east", "east/shanghai", "east/hangzhou", "west"];
    let people: [(&str, &str, &[&str]); 8] = [
        ("admin", "", &[ADMIN]),
        ("boss", "east", &[MANAGER]),
        ("lilei", "shanghai", &[SALES]),
        ("hanmeimei", "hangzhou", &[SALES]),
        ("limei", "west", &[SALES]),
        ("westboss", "west", &[MANAGER]),
        ("guest", "east", &[]),
        ("auditor", "", &["auditor"]),
    ];
    stage(&groups, &people).await
}

async fn update(stage: &Stage, caller: &Session, employee: Employee, paths: &[&str]) -> Result<Employee, Status> {
    let request = UpdateEmployeeRequest { employee: Some(employee), update_mask: mask(paths) };
    Ok(stage.employees().update_employee(caller.call(request)).await?.into_inner())
}

async fn create(stage: &Stage, caller: &Session, employee: Employee) -> Result<proto::CreateEmployeeResponse, Status> {
    let request = CreateEmployeeRequest { employee: Some(employee), invite: false };
    Ok(stage.employees().create_employee(caller.call(request)).await?.into_inner())
}

async fn list(stage: &Stage, caller: &Session, request: proto::ListEmployeesRequest) -> Result<Vec<String>, Status> {
    let mut logins = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = proto::ListEmployeesRequest { page_token, ..request.clone() };
        let page = stage.employees().list_employees(caller.call(request)).await?.into_inner();
        logins.extend(page.employees.into_iter().map(|employee| employee.login_name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(logins);
        }
    }
}

fn newcomer(login_name: &str, group_id: String, role_ids: Vec<String>) -> Employee {
    Employee { login_name: login_name.into(), display_name: "新人".into(), group_id, role_ids, ..Default::default() }
}

#[tokio::test]
async fn a_manager_sees_and_touches_own_groups_and_those_below_alone() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let boss = stage.sign_in("boss").await;
    let mine = ["boss", "guest", "hanmeimei", "lilei"];
    assert_eq!(list(&stage, &boss, Default::default()).await.unwrap(), mine);
    for login in ["admin", "boss", "lilei", "hanmeimei", "limei", "westboss", "guest", "auditor"] {
        let found = stage.employee(&boss, login).await;
        let seen = stage.employee(&admin, login).await.unwrap();
        let renamed =
            update(&stage, &boss, Employee { display_name: "改名".into(), ..seen.clone() }, &["display_name"]);
        if mine.contains(&login) {
            found.unwrap();
            assert_eq!(renamed.await.unwrap().display_name, "改名");
        } else {
            assert_eq!(refused(found), "NOT_FOUND", "{login}");
            assert_eq!(refused(renamed.await), "NOT_FOUND", "{login}");
            let id = stage.id(login);
            let disable = proto::DisableEmployeeRequest { id: id.clone(), etag: String::new() };
            assert_eq!(refused(stage.employees().disable_employee(boss.call(disable)).await), "NOT_FOUND");
            let reset = proto::ResetEmployeePasswordRequest { id: id.clone() };
            assert_eq!(refused(stage.employees().reset_employee_password(boss.call(reset)).await), "NOT_FOUND");
            let delete = proto::DeleteEmployeeRequest { id, etag: String::new() };
            assert_eq!(refused(stage.employees().delete_employee(boss.call(delete)).await), "NOT_FOUND");
        }
    }
    // Nor out of reach, nor into it.
    for group in [stage.group("west"), stage.group(""), String::new()] {
        let created = create(&stage, &boss, newcomer("x1", group.clone(), vec![])).await;
        assert_eq!(refused(created), "employee.group_id: OUTSIDE_SCOPE");
        let lilei = stage.employee(&boss, "lilei").await.unwrap();
        let moved = update(&stage, &boss, Employee { group_id: group, ..lilei }, &["group_id"]).await;
        assert_eq!(refused(moved), "employee.group_id: OUTSIDE_SCOPE");
    }
    let lilei = stage.employee(&boss, "lilei").await.unwrap();
    let moved = update(&stage, &boss, Employee { group_id: stage.group("hangzhou"), ..lilei }, &["group_id"]).await;
    assert_eq!(moved.unwrap().group_name, "hangzhou");
    let events: Vec<EmployeeChanged> = stage.events(&stage.id("lilei")).await;
    assert_eq!(events.last().unwrap().group_id, stage.group("hangzhou"));
    assert!(events.is_sorted_by_key(|event| event.revision));

    assert_eq!(refused(list(&stage, &stage.sign_in("lilei").await, Default::default()).await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn nobody_gives_a_role_that_holds_more_than_they_do() {
    let stage = company().await;
    let boss = stage.sign_in("boss").await;
    let [admin_role, sales_role] = [stage.role_id(ADMIN).await, stage.role_id(SALES).await];
    let east = stage.group("east");
    let created = create(&stage, &boss, newcomer("x1", east.clone(), vec![admin_role.clone()])).await;
    assert_eq!(refused(created), "ROLE_EXCEEDS_OWN");
    let unknown = create(&stage, &boss, newcomer("x1", east.clone(), vec![stage.id("boss")])).await;
    assert_eq!(refused(unknown), "employee.role_ids[0]: ROLE_UNKNOWN");
    let created = create(&stage, &boss, newcomer("x1", east, vec![sales_role.clone()])).await.unwrap();
    let created = created.employee.unwrap();
    assert_eq!(created.role_names, ["销售"]);
    let myself = stage.employee(&boss, "boss").await.unwrap();
    for employee in [created, myself] {
        let role_ids = vec![sales_role.clone(), admin_role.clone()];
        let raised = update(&stage, &boss, Employee { role_ids, ..employee }, &["role_ids"]).await;
        assert_eq!(refused(raised), "ROLE_EXCEEDS_OWN");
    }
}

#[tokio::test]
async fn nobody_takes_over_an_account_that_holds_more_than_they_do() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let guest = stage.employee(&admin, "guest").await.unwrap();
    let role_ids = vec![stage.role_id(ADMIN).await];
    update(&stage, &admin, Employee { role_ids, ..guest }, &["role_ids"]).await.unwrap();
    let boss = stage.sign_in("boss").await;
    let reset = |login: &str| boss.call(proto::ResetEmployeePasswordRequest { id: stage.id(login) });
    assert_eq!(refused(stage.employees().reset_employee_password(reset("guest")).await), "EMPLOYEE_HOLDS_MORE");
    stage.employees().reset_employee_password(reset("lilei")).await.unwrap();
}

#[tokio::test]
async fn the_last_administrator_stays_and_nobody_locks_themselves_out() {
    let people: [(&str, &str, &[&str]); 3] = [("one", "", &[ADMIN]), ("two", "", &[ADMIN]), ("lilei", "", &[])];
    let stage = stage(&[], &people).await;
    let [one, two] = [stage.sign_in("one").await, stage.sign_in("two").await];
    let disable = |login: &str| proto::DisableEmployeeRequest { id: stage.id(login), etag: String::new() };
    let delete = |login: &str| proto::DeleteEmployeeRequest { id: stage.id(login), etag: String::new() };
    assert_eq!(refused(stage.employees().disable_employee(one.call(disable("one"))).await), "EMPLOYEE_IS_SELF");
    assert_eq!(refused(stage.employees().delete_employee(one.call(delete("one"))).await), "EMPLOYEE_IS_SELF");

    // Each removes the other at the same moment: one of them comes too late.
    let (mut here, mut there) = (stage.employees(), stage.employees());
    let (first, second) =
        tokio::join!(here.disable_employee(one.call(disable("two"))), there.disable_employee(two.call(disable("one"))));
    let (winner, late) = if first.is_ok() { (one, second) } else { (two, first) };
    let late = reason(&late.unwrap_err());
    assert!(["LAST_ADMINISTRATOR", "TOKEN_INVALID"].contains(&late.as_str()), "{late}");
    let profile = stage.profiles().get_profile(winner.call(proto::GetProfileRequest {})).await.unwrap().into_inner();

    // Who is left can't step down either, until there is another.
    let login = profile.login_name.as_str();
    let before = stage.employee(&winner, login).await.unwrap();
    let step_down = || update(&stage, &winner, Employee { role_ids: vec![], ..before.clone() }, &["role_ids"]);
    assert_eq!(refused(step_down().await), "LAST_ADMINISTRATOR");
    let lilei = stage.employee(&winner, "lilei").await.unwrap();
    let role_ids = before.role_ids.clone();
    update(&stage, &winner, Employee { role_ids, ..lilei }, &["role_ids"]).await.unwrap();
    assert_eq!(step_down().await.unwrap().role_ids, [""; 0]);
}

#[tokio::test]
async fn a_repeated_call_creates_one_employee_and_keeps_no_password() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let request = || CreateEmployeeRequest { employee: Some(newcomer("x1", String::new(), vec![])), invite: false };
    let first = stage.employees().create_employee(admin.call_once("k1", request())).await.unwrap().into_inner();
    let again = stage.employees().create_employee(admin.call_once("k1", request())).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert!(!first.initial_password.is_empty());
    let twice = || CreateEmployeeRequest { employee: Some(newcomer("x2", String::new(), vec![])), invite: false };
    let (mut here, mut there) = (stage.employees(), stage.employees());
    let (one, same) = tokio::join!(
        here.create_employee(admin.call_once("k0", twice())),
        there.create_employee(admin.call_once("k0", twice()))
    );
    assert_eq!(one.unwrap().into_inner(), same.unwrap().into_inner(), "at the same time, too");
    let other = stage.employees().create_employee(admin.call_once("k2", request())).await;
    assert_eq!(refused(other), "employee.login_name: LOGIN_NAME_TAKEN");

    let id = first.employee.unwrap().id;
    let reset = || proto::ResetEmployeePasswordRequest { id: id.clone() };
    let one = stage.employees().reset_employee_password(admin.call_once("k3", reset())).await.unwrap().into_inner();
    let same = stage.employees().reset_employee_password(admin.call_once("k3", reset())).await.unwrap().into_inner();
    assert_eq!(one, same);
    assert_ne!(one.initial_password, first.initial_password);
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT response FROM idempotency").fetch_all(stage.db.pool()).await.unwrap();
    assert_eq!(kept.len(), 3);
    for password in [&first.initial_password, &one.initial_password] {
        assert!(!kept.iter().any(|response| String::from_utf8_lossy(response).contains(password)));
    }
    // The earlier one is not told again once it is no longer good.
    let late = stage.employees().create_employee(admin.call_once("k1", request())).await.unwrap().into_inner();
    assert_eq!(late.initial_password, "");
    stage.try_sign_in("x1", &one.initial_password).await.unwrap();
}

#[tokio::test]
async fn an_update_wants_the_present_etag_and_a_free_login_name() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let lilei = stage.employee(&admin, "lilei").await.unwrap();
    let phone = |phone: &str| Employee { phone: phone.into(), ..lilei.clone() };
    let updated = update(&stage, &admin, phone(" 13800138000 "), &["phone"]).await.unwrap();
    assert_eq!((updated.phone.as_str(), updated.login_name.as_str()), ("13800138000", "lilei"));
    assert_ne!(updated.etag, lilei.etag);
    assert_eq!(refused(update(&stage, &admin, phone("1"), &["phone"]).await), "STALE_ETAG");
    let without = Employee { etag: String::new(), ..updated.clone() };
    assert_eq!(refused(update(&stage, &admin, without, &["phone"]).await), "employee.etag: ETAG_REQUIRED");
    assert_eq!(refused(update(&stage, &admin, updated.clone(), &["state"]).await), "update_mask: MASK_PATH_UNKNOWN");
    let taken = Employee { login_name: "HanMeiMei".into(), ..updated.clone() };
    assert_eq!(refused(update(&stage, &admin, taken, &["login_name"]).await), "employee.login_name: LOGIN_NAME_TAKEN");
    let renamed = Employee { login_name: "li.lei".into(), display_name: "李雷".into(), ..updated };
    update(&stage, &admin, renamed, &["login_name", "display_name"]).await.unwrap();
    stage.try_sign_in("LI.LEI", PASSWORD).await.unwrap();

    let changes: Vec<serde_json::Value> = sqlx::query_scalar(
        "SELECT changes FROM audit_entry WHERE action = 'employee.updated' AND actor_id = $1 ORDER BY id",
    )
    .bind(stage.people.employees["admin"])
    .fetch_all(stage.db.pool())
    .await
    .unwrap();
    assert_eq!(changes[0], serde_json::json!([{"field": "phone", "after": "13800138000"}]));
    assert_eq!(changes[1][0], serde_json::json!({"field": "login_name", "before": "lilei", "after": "li.lei"}));
}

#[tokio::test]
async fn whoever_sees_a_phone_masked_does_not_write_asterisks_over_it() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let supervisor = proto::Role {
        name: "人事".into(),
        grants: [100, 101].map(|permission| proto::Grant { permission, scope: 4, ..Default::default() }).to_vec(),
        ..Default::default()
    };
    let request = proto::CreateRoleRequest { role: Some(supervisor) };
    let role = stage.roles().create_role(admin.call(request)).await.unwrap().into_inner();
    let [lilei, guest] =
        [stage.employee(&admin, "lilei").await.unwrap(), stage.employee(&admin, "guest").await.unwrap()];
    update(&stage, &admin, Employee { phone: "13800138000".into(), ..lilei }, &["phone"]).await.unwrap();
    update(&stage, &admin, Employee { role_ids: vec![role.id], ..guest }, &["role_ids"]).await.unwrap();

    let guest = stage.sign_in("guest").await;
    let seen = stage.employee(&guest, "lilei").await.unwrap();
    assert_eq!(seen.phone, "138****8000");
    let written = update(&stage, &guest, seen.clone(), &["phone", "display_name"]).await;
    assert_eq!(refused(written), "employee.phone: MASKED_VALUE");
    update(&stage, &guest, Employee { display_name: "小李".into(), ..seen.clone() }, &["display_name"]).await.unwrap();
    let phone = stage.employee(&admin, "lilei").await.unwrap().phone;
    assert_eq!(phone, "13800138000");
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged_without_loss() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    for (login, name) in [("lilei", "李雷"), ("hanmeimei", "韩梅梅"), ("limei", "李梅"), ("boss", "单雄信")] {
        let employee = stage.employee(&admin, login).await.unwrap();
        let named = Employee { display_name: name.into(), ..employee };
        update(&stage, &admin, named, &["display_name"]).await.unwrap();
    }
    let everybody: BTreeSet<String> = stage.people.employees.keys().cloned().collect();
    for order_by in
        ["", "login_name desc", "display_name", "create_time desc", "last_sign_in_time", "last_sign_in_time desc"]
    {
        let request =
            |page_size| proto::ListEmployeesRequest { order_by: order_by.into(), page_size, ..Default::default() };
        let whole = list(&stage, &admin, request(200)).await.unwrap();
        assert_eq!(whole, list(&stage, &admin, request(3)).await.unwrap(), "{order_by}");
        assert_eq!(whole.into_iter().collect::<BTreeSet<_>>(), everybody, "{order_by}");
    }
    let by_name =
        proto::ListEmployeesRequest { order_by: "display_name".into(), query: "l".into(), ..Default::default() };
    assert_eq!(list(&stage, &admin, by_name).await.unwrap(), ["lilei", "limei"]);

    let sales = stage.role_id(SALES).await;
    for (filter, found) in [
        ("login_name = LILEI", vec!["lilei"]),
        ("display_name : 李", vec!["lilei", "limei"]),
        ("state = DISABLED", vec![]),
        ("state = EMPLOYEE_STATE_ACTIVE AND login_name : boss", vec!["boss", "westboss"]),
        (&format!("role_id : \"{sales}\" AND group_id = \"{}\"", stage.group("west")), vec!["limei"]),
        ("NOT group_id:*", vec!["admin", "auditor"]),
        ("create_time > days_ago(-1)", vec![]),
    ] {
        let request = proto::ListEmployeesRequest { filter: filter.into(), ..Default::default() };
        assert_eq!(list(&stage, &admin, request).await.unwrap(), found, "{filter}");
    }
    for (query, found) in [("shanxiong", vec!["boss"]), ("hmm", vec!["hanmeimei"]), ("李", vec!["lilei", "limei"])] {
        let request = proto::ListEmployeesRequest { query: query.into(), ..Default::default() };
        assert_eq!(list(&stage, &admin, request).await.unwrap(), found, "{query}");
    }
    for filter in ["phone = 1", "password_hash : x", "role_id = 1"] {
        let request = proto::ListEmployeesRequest { filter: filter.into(), ..Default::default() };
        assert_eq!(refused(list(&stage, &admin, request).await), "filter: FILTER_INVALID", "{filter}");
    }
}

#[tokio::test]
async fn an_employee_is_not_deleted_while_nobody_can_tell_what_they_own() {
    let mut stage = company().await;
    let admin = stage.sign_in("admin").await;
    let delete = || proto::DeleteEmployeeRequest { id: stage.id("lilei"), etag: String::new() };
    let unreachable = HashMap::from([("customers".to_owned(), remote("http://127.0.0.1:1").unwrap())]);
    let cut_off = crate::stage::instance(&stage.db, &stage.config, unreachable).await;
    let mut employees = proto::employee_service_client::EmployeeServiceClient::new(cut_off.identity.clone());
    assert_eq!(refused(employees.delete_employee(admin.call(delete())).await), "UNAVAILABLE");
    stage.employee(&admin, "lilei").await.unwrap();

    // Without a customers service nobody owns anything.
    stage.sign_in("lilei").await;
    stage.employees().delete_employee(admin.call(delete())).await.unwrap();
    assert_eq!(refused(stage.employee(&admin, "lilei").await), "NOT_FOUND");
    assert_eq!(refused(stage.try_sign_in("lilei", PASSWORD).await), "SIGN_IN_FAILED");
    let events: Vec<EmployeeChanged> = stage.events(&stage.id("lilei")).await;
    assert!(events.last().unwrap().deleted && events.is_sorted_by_key(|event| event.revision));
    let audit = stage.audit(&stage.id("lilei")).await;
    assert_eq!(audit.last().unwrap(), &("employee.deleted".to_owned(), Some(stage.people.employees["admin"])));
    stage.identity = cut_off.identity;
}

#[tokio::test]
async fn a_disabled_employee_is_out_at_once_and_back_when_enabled() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let session = stage.sign_in("lilei").await;
    let stale = proto::DisableEmployeeRequest { id: stage.id("lilei"), etag: "ff".into() };
    assert_eq!(refused(stage.employees().disable_employee(admin.call(stale)).await), "STALE_ETAG");
    let disable = || proto::DisableEmployeeRequest { id: stage.id("lilei"), etag: String::new() };
    let disabled = stage.employees().disable_employee(admin.call(disable())).await.unwrap().into_inner();
    assert_eq!(disabled.state(), EmployeeState::Disabled);
    let profile = stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await;
    assert_eq!(refused(profile), "TOKEN_INVALID");
    let again = stage.employees().disable_employee(admin.call(disable())).await.unwrap().into_inner();
    assert_eq!(again, disabled);

    let enable = proto::EnableEmployeeRequest { id: stage.id("lilei"), etag: disabled.etag };
    stage.employees().enable_employee(admin.call(enable)).await.unwrap();
    stage.sign_in("lilei").await;
    let profile = stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await;
    assert_eq!(refused(profile), "TOKEN_INVALID", "the old session does not come back");
}
