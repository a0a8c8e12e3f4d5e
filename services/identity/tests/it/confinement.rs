//! What a manager of a part of the tree tries beyond it: people, groups and roles of others, and those above.

use contracts::identity as proto;
use contracts::identity::Employee;
use tonic::Status;

use crate::stage::{ADMIN, MANAGER, PASSWORD, SALES, Session, Stage, mask, refused, stage};

/// An administrator sits in the manager's own part.
async fn company() -> Stage {
    let people: [(&str, &str, &[&str]); 7] = [
        ("admin", "", &[ADMIN]),
        ("chief", "shanghai", &[ADMIN]),
        ("boss", "east", &[MANAGER]),
        ("peer", "shanghai", &[MANAGER]),
        ("lilei", "shanghai", &[SALES]),
        ("outsider", "west", &[SALES]),
        ("free", "", &[]),
    ];
    stage(&["east", "west", "east/shanghai"], &people).await
}

async fn update(stage: &Stage, caller: &Session, employee: Employee, path: &str) -> Result<Employee, Status> {
    let request = proto::UpdateEmployeeRequest { employee: Some(employee), update_mask: mask(&[path]) };
    Ok(stage.employees().update_employee(caller.call(request)).await?.into_inner())
}

#[tokio::test]
async fn an_administrator_in_the_subtree_is_not_taken_over() {
    let stage = company().await;
    let (boss, admin) = (stage.sign_in("boss").await, stage.sign_in("admin").await);
    let chief = stage.employee(&admin, "chief").await.unwrap();
    let (id, mut employees) = (chief.id.clone(), stage.employees());
    let refusal = "EMPLOYEE_HOLDS_MORE";

    let reset = proto::ResetEmployeePasswordRequest { id: id.clone() };
    assert_eq!(refused(employees.reset_employee_password(boss.call(reset)).await), refusal);
    let disable = proto::DisableEmployeeRequest { id: id.clone(), etag: String::new() };
    assert_eq!(refused(employees.disable_employee(boss.call(disable)).await), refusal);
    let delete = proto::DeleteEmployeeRequest { id: id.clone(), etag: String::new() };
    assert_eq!(refused(employees.delete_employee(boss.call(delete)).await), refusal);
    for (path, changed) in [
        ("email", Employee { email: "boss@evil.example".into(), ..chief.clone() }),
        ("login_name", Employee { login_name: "chief2".into(), ..chief.clone() }),
        ("phone", Employee { phone: "13800000000".into(), ..chief.clone() }),
        ("display_name", Employee { display_name: "x".into(), ..chief.clone() }),
        ("role_ids", Employee { role_ids: Vec::new(), ..chief.clone() }),
        ("group_id", Employee { group_id: stage.group("east"), ..chief.clone() }),
    ] {
        assert_eq!(refused(update(&stage, &boss, changed, path).await), refusal, "{path}");
    }
    // Nor is one who has been disabled let in again.
    let disable = proto::DisableEmployeeRequest { id: id.clone(), etag: String::new() };
    employees.disable_employee(admin.call(disable)).await.unwrap();
    let enable = || proto::EnableEmployeeRequest { id: id.clone(), etag: String::new() };
    assert_eq!(refused(employees.enable_employee(boss.call(enable())).await), refusal);
    employees.enable_employee(admin.call(enable())).await.unwrap();
    stage.try_sign_in("chief", PASSWORD).await.unwrap();

    // Those who hold no more than the manager are the manager's to look after.
    let peer = stage.employee(&boss, "peer").await.unwrap();
    update(&stage, &boss, Employee { email: "peer@changke.example".into(), ..peer }, "email").await.unwrap();
    let reset = proto::ResetEmployeePasswordRequest { id: stage.id("lilei") };
    employees.reset_employee_password(boss.call(reset)).await.unwrap();
}

#[tokio::test]
async fn nobody_is_drawn_in_pushed_out_or_raised() {
    let stage = company().await;
    let boss = stage.sign_in("boss").await;
    let admin = stage.sign_in("admin").await;
    let administrator = stage.role_id(ADMIN).await;
    for login in ["outsider", "free"] {
        let foreign = stage.employee(&admin, login).await.unwrap();
        assert_eq!(refused(stage.employee(&boss, login).await), "NOT_FOUND");
        let drawn = Employee { group_id: stage.group("east"), ..foreign };
        assert_eq!(refused(update(&stage, &boss, drawn, "group_id").await), "NOT_FOUND", "{login}");
        let reset = proto::ResetEmployeePasswordRequest { id: stage.id(login) };
        assert_eq!(refused(stage.employees().reset_employee_password(boss.call(reset)).await), "NOT_FOUND");
    }
    let lilei = stage.employee(&boss, "lilei").await.unwrap();
    for (group, answer) in [
        (stage.group("west"), "employee.group_id: OUTSIDE_SCOPE"),
        (stage.group(""), "employee.group_id: OUTSIDE_SCOPE"),
        (String::new(), "employee.group_id: OUTSIDE_SCOPE"),
    ] {
        let pushed = Employee { group_id: group.clone(), ..lilei.clone() };
        assert_eq!(refused(update(&stage, &boss, pushed, "group_id").await), answer);
        let made =
            Employee { login_name: "spy".into(), display_name: "spy".into(), group_id: group, ..Default::default() };
        let request = proto::CreateEmployeeRequest { employee: Some(made), invite: false };
        assert_eq!(refused(stage.employees().create_employee(boss.call(request)).await), answer);
    }
    for login in ["lilei", "boss"] {
        let before = stage.employee(&boss, login).await.unwrap();
        let mut raised = before.clone();
        raised.role_ids.push(administrator.clone());
        assert_eq!(refused(update(&stage, &boss, raised, "role_ids").await), "ROLE_EXCEEDS_OWN", "{login}");
        assert_eq!(stage.employee(&admin, login).await.unwrap().role_ids, before.role_ids);
    }
}
