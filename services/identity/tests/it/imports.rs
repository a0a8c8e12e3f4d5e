//! Many employees from a spreadsheet.

use contracts::google::api::HttpBody;
use contracts::identity as proto;
use contracts::identity::employee_import_service_client::EmployeeImportServiceClient;
use contracts::identity::{EmployeeChanged, ImportEmployeesRequest, ImportEmployeesResponse};
use futures::stream;
use tonic::{Request, Status};

use crate::mailbox::Mailbox;
use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, refused, stage, stage_with, until};

async fn company() -> Stage {
    let people: [(&str, &str, &[&str]); 3] =
        [("admin", "", &[ADMIN]), ("boss", "east", &[MANAGER]), ("lilei", "east", &[SALES])];
    stage(&["east", "west", "east/sales", "west/sales"], &people).await
}

fn pieces(name: &str, content: &[u8], dry_run: bool) -> Vec<ImportEmployeesRequest> {
    pieces_of(ImportEmployeesRequest { file_name: name.into(), dry_run, ..Default::default() }, content)
}

fn pieces_of(head: ImportEmployeesRequest, content: &[u8]) -> Vec<ImportEmployeesRequest> {
    let piece = |data: &[u8]| ImportEmployeesRequest {
        file: Some(HttpBody { data: data.to_vec().into(), ..Default::default() }),
        ..Default::default()
    };
    std::iter::once(head).chain(content.chunks(4096).map(piece)).collect()
}

async fn send(
    stage: &Stage,
    caller: &Session,
    content: &str,
    dry_run: bool,
    key: Option<&str>,
) -> Result<ImportEmployeesResponse, Status> {
    let stream = stream::iter(pieces("people.csv", content.as_bytes(), dry_run));
    let request: Request<_> = match key {
        Some(key) => caller.call_once(key, stream),
        None => caller.call(stream),
    };
    Ok(EmployeeImportServiceClient::new(stage.identity.clone()).import_employees(request).await?.into_inner())
}

async fn employees(stage: &Stage) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM employee").fetch_one(stage.db.pool()).await.unwrap()
}

fn errors(reply: &ImportEmployeesResponse) -> Vec<String> {
    reply.errors.iter().map(|error| format!("{} {} {}", error.row, error.field, error.code)).collect()
}

#[tokio::test]
async fn a_file_of_people_becomes_employees_who_can_sign_in() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let file = "登录名,姓名,邮箱,手机,部门,角色,工号\n\
                wang,王五,wang@changke.example,13800000000,east/sales,销售,7\n\
                zhao,赵六,,,West > Sales,\"salesperson，经理\",8\n\
                free,自由,,,,,9\n";
    let tried = send(&stage, &admin, file, true, None).await.unwrap();
    assert_eq!(
        (tried.row_count, tried.created_count, tried.unknown_headers.as_slice()),
        (3, 0, &["工号".to_owned()][..])
    );
    assert_eq!((errors(&tried), employees(&stage).await), (vec![], 3));

    let made = send(&stage, &admin, file, false, Some("k")).await.unwrap();
    assert_eq!((made.created_count, made.employees.len(), employees(&stage).await), (3, 3, 6));
    let again = send(&stage, &admin, file, false, Some("k")).await.unwrap();
    assert_eq!(made, again, "a repeated call is answered alike");
    let other = send(&stage, &admin, &file.replace("wang", "wong"), false, Some("k")).await;
    assert_eq!(refused(other), "IDEMPOTENCY_KEY_REUSED");

    let wang = &made.employees[0];
    assert_eq!((wang.row, wang.login_name.as_str()), (2, "wang"));
    let session = stage.try_sign_in("wang", &wang.initial_password).await.unwrap();
    assert!(session.password_change_required);
    let request = admin.call(proto::GetEmployeeRequest { id: made.employees[1].id.clone() });
    let zhao = stage.employees().get_employee(request).await.unwrap().into_inner();
    assert_eq!((zhao.group_name.as_str(), zhao.role_names.len()), ("sales", 2));
    assert_eq!(zhao.group_id, stage.group("sales"), "the one below west, which was seeded last");
    let told: Vec<EmployeeChanged> = stage.events(&wang.id).await;
    assert!(told.len() == 1 && told[0].active);
    assert_eq!(stage.audit(&wang.id).await[0].0, "employee.created");
    let kept: String = sqlx::query_scalar("SELECT string_agg(encode(response, 'escape'), ' ') FROM idempotency")
        .fetch_one(stage.db.pool())
        .await
        .unwrap();
    assert!(!kept.contains(&wang.initial_password));
}

#[tokio::test]
async fn one_row_with_an_error_keeps_all_out() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let file = "Login name,Name,E-mail,Group,Roles\n\
                good,Good,,east,销售\n\
                ,No Login,,,\n\
                bad name,Bad,,,\n\
                LILEI,Taken,,,\n\
                good,Twice,,,\n\
                mail,Mail,not-an-address,,\n\
                lost,Lost,,north,\n\
                two,Two,,sales,\n\
                role,Role,,,nobody\n\
                blank,,,,\n";
    for dry_run in [true, false] {
        let reply = send(&stage, &admin, file, dry_run, None).await.unwrap();
        assert_eq!(
            errors(&reply),
            [
                "3 login_name VALUE_REQUIRED",
                "4 login_name PATTERN_MISMATCH",
                "5 login_name LOGIN_NAME_TAKEN",
                "6 login_name LOGIN_NAME_TWICE",
                "7 email NOT_AN_EMAIL",
                "8 group GROUP_UNKNOWN",
                "9 group GROUP_AMBIGUOUS",
                "10 roles ROLE_NAME_UNKNOWN",
                "11 display_name VALUE_REQUIRED",
            ]
        );
        assert_eq!((reply.created_count, reply.employees.len(), employees(&stage).await), (0, 0, 3));
        assert_eq!(reply.errors[4].header, "E-mail");
        assert!(reply.errors.iter().all(|error| !error.message.is_empty()));
    }
}

#[tokio::test]
async fn a_manager_invites_into_own_groups_and_gives_no_more_than_they_hold() {
    let stage = company().await;
    let boss = stage.sign_in("boss").await;
    let file = "login name,name,group,roles\n\
                a1,A,east/sales,销售\n\
                a2,A,west,销售\n\
                a3,A,,销售\n\
                a4,A,east,管理员\n";
    let reply = send(&stage, &boss, file, false, None).await.unwrap();
    assert_eq!(errors(&reply), ["3 group OUTSIDE_SCOPE", "4 group OUTSIDE_SCOPE", "5 roles ROLE_EXCEEDS_OWN"]);
    assert_eq!(employees(&stage).await, 3);
    let reply = send(&stage, &boss, "login name,name,group\na1,A,east\n", false, None).await.unwrap();
    assert_eq!(reply.created_count, 1);
    let lilei = stage.sign_in("lilei").await;
    assert_eq!(refused(send(&stage, &lilei, "login name,name\na9,A\n", true, None).await), "PERMISSION_DENIED");
}

#[tokio::test]
async fn each_new_person_is_invited_by_one_letter() {
    let mut mailbox = Mailbox::open().await;
    let stage = stage_with(&["east"], &[("admin", "", &[ADMIN])], |config| {
        config.mail.smtp_url.clone_from(&mailbox.url);
        config.mail.from = "Changke <crm@example.com>".into();
    })
    .await;
    let admin = stage.sign_in("admin").await;
    let invite = async |content: &str, dry_run: bool| {
        let file_name = "people.csv".to_owned();
        let head = ImportEmployeesRequest { file_name, dry_run, invite: true, ..Default::default() };
        let request = admin.call_once("once", stream::iter(pieces_of(head, content.as_bytes())));
        let mut imports = EmployeeImportServiceClient::new(stage.identity.clone());
        imports.import_employees(request).await.map(tonic::Response::into_inner)
    };
    let letters = async || {
        until("the letters are out", async || {
            let sql = "SELECT count(*) FROM job WHERE kind = 'identity.send_link' AND state IN ('pending', 'leased')";
            sqlx::query_scalar::<_, i64>(sql).fetch_one(stage.db.pool()).await.unwrap() == 0
        })
        .await;
        let sql = "SELECT count(*) FROM job WHERE kind = 'identity.send_link'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(stage.db.pool()).await.unwrap()
    };
    // Nobody is written to whom there is no way to write to, nor on trial, nor when another row is wrong.
    let reply = invite("login name,name,email\nwang,Wang,wang@example.com\nzhao,Zhao,\n", false).await.unwrap();
    assert_eq!(errors(&reply), ["3 email EMAIL_MISSING"]);
    let file = "login name,name,email,group\n\
                wang,王五,wang@example.com,east\n\
                zhao,Zhao,zhao@example.com,\n";
    assert_eq!(errors(&invite(file, true).await.unwrap()), [""; 0]);
    assert_eq!((letters().await, employees(&stage).await), (0, 1));

    let made = invite(file, false).await.unwrap();
    assert_eq!(made.created_count, 2);
    assert!(made.employees.iter().all(|employee| employee.initial_password.is_empty()));
    assert_eq!(invite(file, false).await.unwrap(), made, "a repeated call is answered alike");
    assert_eq!(letters().await, 2);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let message = mailbox.next().await;
        let to = message["to"][0].as_str().unwrap().to_owned();
        let text = message["parts"]["text/plain"].as_str().unwrap();
        let (_, token) = text.split_once("/set-password#").unwrap();
        tokens.push((to, token.split_whitespace().next().unwrap().to_owned()));
    }
    assert!(mailbox.is_empty());
    tokens.sort();
    assert_eq!(tokens.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["wang@example.com", "zhao@example.com"]);
    let request = proto::ResetPasswordRequest { token: tokens[0].1.clone(), new_password: "Quiet-River-9".into() };
    assert_eq!(stage.links().reset_password(request).await.unwrap().into_inner().login_name, "wang");
    stage.try_sign_in("wang", "Quiet-River-9").await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_none_is_named() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    for (content, answer) in [
        ("", "file: FILE_EMPTY"),
        ("姓名,邮箱\n王五,\n", "file: FILE_HEADER_MISSING"),
        ("login name,email\nx,\n", "file: FILE_HEADER_MISSING"),
        ("login name,name\n", "file: FILE_NO_ROWS"),
        ("%PDF-1.7", "file: FILE_TYPE_REFUSED"),
    ] {
        assert_eq!(refused(send(&stage, &admin, content, false, None).await), answer, "{content}");
    }
    let many: String = (0..5001).map(|number| format!("u{number:05},N\n")).collect();
    let many = format!("login name,name\n{many}");
    assert_eq!(refused(send(&stage, &admin, &many, true, None).await), "file: FILE_TOO_MANY_ROWS");
}

#[tokio::test]
async fn thousands_come_at_once() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    let rows: String = (0..5000).map(|number| format!("u{number:05},员工{number},east,销售\n")).collect();
    let reply = send(&stage, &admin, &format!("登录名,姓名,员工组,角色\n{rows}"), false, None).await.unwrap();
    assert_eq!((reply.created_count, errors(&reply), employees(&stage).await), (5000, vec![], 5003));
    let last = &reply.employees[4999];
    assert_eq!((last.row, last.login_name.as_str()), (5001, "u04999"));
    stage.try_sign_in("u04999", &last.initial_password).await.unwrap();
}

#[tokio::test]
async fn the_template_is_one_that_comes_back() {
    let stage = company().await;
    let admin = stage.sign_in("admin").await;
    for format in [proto::EmployeeImportFormat::Csv, proto::EmployeeImportFormat::Xlsx] {
        let request = admin.call(proto::DownloadEmployeeImportTemplateRequest { format: format.into() });
        let mut imports = EmployeeImportServiceClient::new(stage.identity.clone());
        let mut answer = imports.download_employee_import_template(request).await.unwrap().into_inner();
        let mut content = Vec::new();
        while let Some(piece) = answer.message().await.unwrap() {
            content.extend_from_slice(&piece.data);
        }
        let name = if format == proto::EmployeeImportFormat::Csv { "t.csv" } else { "t.xlsx" };
        let request = admin.call(stream::iter(pieces(name, &content, true)));
        assert_eq!(refused(imports.import_employees(request).await), "file: FILE_NO_ROWS");
    }
}
