//! What a session that was left open is not enough for.

use contracts::google::api::HttpBody;
use contracts::identity as proto;
use contracts::identity::api_key_service_client::ApiKeyServiceClient;
use contracts::identity::employee_import_service_client::EmployeeImportServiceClient;
use contracts::identity::identity_operations_service_client::IdentityOperationsServiceClient;
use contracts::identity::service_account_service_client::ServiceAccountServiceClient;
use contracts::identity::{Employee, ImportEmployeesRequest, ServiceAccount};
use contracts::operations::ExportAuditEntriesRequest;
use futures::stream;
use tonic::Status;

use crate::second_factors::{confirm, stale};
use crate::stage::{ADMIN, MANAGER, PASSWORD, SALES, Session, Stage, mask, refused, stage};

const ASKED: &str = "STEP_UP_REQUIRED";

async fn update(stage: &Stage, caller: &Session, employee: Employee, path: &str) -> Result<Employee, Status> {
    let request = proto::UpdateEmployeeRequest { employee: Some(employee), update_mask: mask(&[path]) };
    Ok(stage.employees().update_employee(caller.call(request)).await?.into_inner())
}

async fn hire(stage: &Stage, caller: &Session, login_name: &str, role_ids: Vec<String>) -> Result<(), Status> {
    let employee =
        Employee { login_name: login_name.into(), display_name: "新人".into(), role_ids, ..Default::default() };
    let request = proto::CreateEmployeeRequest { employee: Some(employee), invite: false };
    stage.employees().create_employee(caller.call(request)).await.map(drop)
}

async fn import(stage: &Stage, caller: &Session, login_name: &str, dry_run: bool) -> Result<(), Status> {
    let data = format!("登录名,姓名,角色\n{login_name},王五,管理员\n").into_bytes();
    let file = Some(HttpBody { data: data.into(), ..Default::default() });
    let head = ImportEmployeesRequest { file_name: "x.csv".into(), dry_run, file, ..Default::default() };
    let mut imports = EmployeeImportServiceClient::new(stage.identity.clone());
    let reply = imports.import_employees(caller.call(stream::iter([head]))).await?.into_inner();
    assert!(reply.errors.is_empty(), "{:?}", reply.errors);
    Ok(())
}

async fn export(stage: &Stage, caller: &Session) -> Result<(), Status> {
    let mut operations = IdentityOperationsServiceClient::new(stage.identity.clone());
    let mut rows =
        operations.export_audit_entries(caller.call(ExportAuditEntriesRequest::default())).await?.into_inner();
    while rows.message().await?.is_some() {}
    Ok(())
}

/// What gives or takes roles, opens an account, or takes the trail away.
async fn attempts(stage: &Stage, caller: &Session, reader: &Session, login_name: &str) -> Vec<Result<(), Status>> {
    let administrator = stage.role_id(ADMIN).await;
    let mut outcomes = Vec::new();
    for (path, change) in [
        ("role_ids", Employee { role_ids: vec![administrator.clone()], ..Default::default() }),
        ("role_ids", Employee::default()),
        ("email", Employee { email: format!("{login_name}@evil.example"), ..Default::default() }),
        ("login_name", Employee { login_name: format!("{login_name}.other"), ..Default::default() }),
    ] {
        let before = stage.employee(reader, "lilei").await.unwrap();
        let asked = Employee { id: before.id, etag: before.etag, ..change };
        outcomes.push(update(stage, caller, asked, path).await.map(drop));
    }
    outcomes.push(hire(stage, caller, login_name, vec![administrator]).await);
    outcomes.push(import(stage, caller, &format!("{login_name}2"), false).await);
    outcomes.push(export(stage, caller).await);
    outcomes
}

#[tokio::test]
async fn roles_and_ways_into_an_account_ask_for_a_fresh_proof() {
    let stage = stage(&["east"], &[("admin", "", &[ADMIN]), ("lilei", "east", &[SALES, MANAGER])]).await;
    let admin = stale(&stage, "admin").await;
    let before = stage.employee(&admin, "lilei").await.unwrap();
    for outcome in attempts(&stage, &admin, &admin, "wang").await {
        assert_eq!(refused(outcome), ASKED);
    }
    assert_eq!(stage.employee(&admin, "lilei").await.unwrap(), before);
    // What opens nothing asks nothing.
    import(&stage, &admin, "wang", true).await.unwrap();
    hire(&stage, &admin, "zhao", Vec::new()).await.unwrap();
    let same = Employee { role_ids: before.role_ids.iter().rev().cloned().collect(), ..before };
    update(&stage, &admin, Employee { display_name: "李雷".into(), ..same.clone() }, "display_name").await.unwrap();
    let etag = stage.employee(&admin, "lilei").await.unwrap().etag;
    update(&stage, &admin, Employee { etag, ..same }, "role_ids").await.unwrap();

    let by_password = proto::ConfirmIdentityRequest { password: PASSWORD.into(), ..Default::default() };
    let proven = confirm(&stage, &admin, by_password).await.unwrap();
    for outcome in attempts(&stage, &proven, &proven, "wang").await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn a_program_has_no_proof_to_give_and_goes_on_as_before() {
    let stage = stage(&["east"], &[("admin", "", &[ADMIN]), ("lilei", "east", &[SALES])]).await;
    let admin = stage.sign_in("admin").await;
    let account =
        ServiceAccount { display_name: "HR".into(), role_ids: vec![stage.role_id(ADMIN).await], ..Default::default() };
    let request = admin.call(proto::CreateServiceAccountRequest { service_account: Some(account) });
    let mut accounts = ServiceAccountServiceClient::new(stage.identity.clone());
    let account = accounts.create_service_account(request).await.unwrap().into_inner();
    let request =
        proto::CreateApiKeyRequest { service_account_id: account.id, name: "nightly".into(), ..Default::default() };
    let mut keys = ApiKeyServiceClient::new(stage.identity.clone());
    let key = keys.create_api_key(admin.call(request)).await.unwrap().into_inner().key;
    let token = keys.exchange_api_key(proto::ExchangeApiKeyRequest { key }).await.unwrap().into_inner().access_token;
    let machine = Session { access_token: token, refresh_token: String::new(), password_change_required: false };
    for outcome in attempts(&stage, &machine, &admin, "wang").await {
        outcome.unwrap();
    }
}
