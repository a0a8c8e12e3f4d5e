//! Writes the employees of a file: all of them in one transaction, or none.

use std::collections::HashSet;

use contracts::google::api::HttpBody;
use contracts::identity as proto;
use contracts::identity::employee_import_service_server::EmployeeImportService;
use contracts::identity::{Employee, EmployeeImportFormat, ImportEmployeesResponse, ImportedEmployee};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use platform::access::Call;
use platform::db::{AuditEntry, Once};
use platform::error::{Error, Result};
use platform::locale::{self, Locale};
use platform::sheet::write::{FileFormat, answer};
use sqlx::PgConnection;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::columns::{Columns, Field};
use super::rules::{self, Fault, Row, Surroundings};
use super::store::{self, Newcomer};
use super::upload::{Table, Upload};
use crate::employee::{emit_changed, rules::changes};
use crate::password::NO_PASSWORD;
use crate::password_link::Purpose;
use crate::role::store::roles_get;
use crate::{Identity, error, policy};

/// Errors that are answered.
const SHOWN: usize = 1_000;

/// Passwords hashed at the same time: the rest of the cores is for people who sign in.
const HASHING: usize = 2;

#[tonic::async_trait]
impl EmployeeImportService for Identity {
    async fn import_employees(
        &self,
        request: Request<Streaming<proto::ImportEmployeesRequest>>,
    ) -> Result<Response<ImportEmployeesResponse>, Status> {
        let mut call = Call::of(&request)?;
        let upload = Upload::take(request.into_inner()).await?;
        call.request_digest = upload.digest();
        if let Once::Done(reply) = self.db.begin_once::<ImportEmployeesResponse>(&call).await? {
            let reply = if upload.invite { reply } else { self.with_passwords(&call, &key_of(&call), reply).await? };
            return Ok(Response::new(reply));
        }
        let (dry_run, invite) = (upload.dry_run, upload.invite);
        if invite && !self.can_mail() {
            return Err(Error::failed_precondition(&error::MAIL_NOT_SET_UP).into());
        }
        if !dry_run {
            call.caller.require_recent_proof()?;
        }
        let table = upload.read().await?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let (_, faults) = looked_at(&mut connection, &call, &table.rows, invite).await?;
        drop(connection);
        if dry_run || !faults.is_empty() {
            return Ok(Response::new(report(&table, &faults)));
        }
        let key = key_of(&call);
        let imported = self.employees_import(&call, &key, &table, invite).await;
        let reply = self.repeated(&call, imported).await?;
        Ok(Response::new(if invite { reply } else { self.with_passwords(&call, &key, reply).await? }))
    }

    type DownloadEmployeeImportTemplateStream = BoxStream<'static, Result<HttpBody, Status>>;

    async fn download_employee_import_template(
        &self,
        request: Request<proto::DownloadEmployeeImportTemplateRequest>,
    ) -> Result<Response<Self::DownloadEmployeeImportTemplateStream>, Status> {
        let locale = locale::current();
        let format = match request.into_inner().format() {
            EmployeeImportFormat::Xlsx => FileFormat::Xlsx,
            _ => FileFormat::Csv,
        };
        let name = match locale {
            Locale::Zh => format!("员工导入模板.{}", format.extension()),
            Locale::En => format!("employee-import-template.{}", format.extension()),
        };
        let headers = Field::ALL.map(|field| field.header(locale).into()).to_vec();
        let (producer, answer) = answer(format, &name, headers);
        tokio::spawn(producer.end(Ok(())));
        Ok(answer)
    }
}

/// The employees of the rows, and all that is wrong with them, in the order of the rows.
async fn looked_at(
    connection: &mut PgConnection,
    call: &Call,
    rows: &[Row],
    invite: bool,
) -> Result<(Vec<Employee>, Vec<Fault>)> {
    let groups = store::groups(connection).await?;
    let role_ids = store::role_ids(connection).await?;
    let roles = roles_get(&mut *connection, &role_ids).await?;
    let surroundings = Surroundings::new(&call.caller, &groups, roles, invite);
    let login_keys: Vec<String> = rows.iter().map(Row::login_key).collect();
    let taken: HashSet<String> = store::taken(connection, &login_keys).await?.into_iter().collect();
    let mut employees = Vec::with_capacity(rows.len());
    let mut faults = rules::doubles(rows);
    for (row, key) in rows.iter().zip(&login_keys) {
        let (employee, found) = surroundings.read(row);
        employees.push(employee);
        faults.extend(found);
        if taken.contains(key) {
            let field = Some(Field::LoginName);
            faults.push(Fault { line: row.line, field, reason: &error::LOGIN_NAME_TAKEN, args: Vec::new() });
        }
    }
    faults.sort_by_key(|fault| fault.line);
    Ok((employees, faults))
}

/// What the passwords of a call follow from: its idempotency key, or, where it can't be repeated, chance.
fn key_of(call: &Call) -> String {
    call.idempotency_key.clone().unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()))
}

fn report(table: &Table, faults: &[Fault]) -> ImportEmployeesResponse {
    ImportEmployeesResponse {
        row_count: i32::try_from(table.rows.len()).unwrap_or(i32::MAX),
        errors: faults.iter().take(SHOWN).map(|fault| shown(fault, &table.columns)).collect(),
        unknown_headers: table.columns.unknown.clone(),
        ..Default::default()
    }
}

fn shown(fault: &Fault, columns: &Columns) -> proto::EmployeeImportError {
    proto::EmployeeImportError {
        row: fault.line,
        header: fault.field.map(|field| columns.header(field).to_owned()).unwrap_or_default(),
        field: fault.field.map(Field::name).unwrap_or_default().to_owned(),
        code: fault.reason.id.to_owned(),
        message: fault.reason.text(locale::current(), &fault.args),
    }
}

impl Identity {
    /// The answer, which is kept, doesn't hold the passwords.
    async fn employees_import(
        &self,
        call: &Call,
        key: &str,
        table: &Table,
        invite: bool,
    ) -> Result<ImportEmployeesResponse> {
        // Hashed before the transaction: it takes long, and transactions of the policy wait for each other.
        let hashes: Vec<String> = match invite {
            true => vec![NO_PASSWORD.to_owned(); table.rows.len()],
            false => {
                stream::iter(0..table.rows.len())
                    .map(|place| async move { self.passwords.hash(self.password_of(call, key, place).await?).await })
                    .buffered(HASHING)
                    .try_collect()
                    .await?
            }
        };
        let mut tx = self.db.begin_for(&call.caller).await?;
        let policy_revision = policy::store::advance(tx.connection()).await?;
        // What was looked at before may have changed meanwhile; now nothing does.
        let (employees, faults) = looked_at(tx.connection(), call, &table.rows, invite).await?;
        if !faults.is_empty() {
            return Ok(report(table, &faults));
        }
        let newcomer = |(employee, password_hash): (Employee, String)| Newcomer {
            id: Uuid::now_v7(),
            group_id: employee.group_id.parse().ok(),
            role_ids: employee.role_ids.iter().filter_map(|role| role.parse().ok()).collect(),
            employee,
            password_hash,
        };
        let newcomers: Vec<Newcomer> = employees.into_iter().zip(hashes).map(newcomer).collect();
        store::employees_insert(tx.connection(), &newcomers, policy_revision).await?;
        let mut reply = report(table, &[]);
        for (row, newcomer) in table.rows.iter().zip(newcomers) {
            let Newcomer { id, employee, group_id, .. } = newcomer;
            emit_changed(&mut tx, id, 1, group_id, true);
            let before = Employee::default();
            // What every employee begins with.
            let after = Employee { state: proto::EmployeeState::Active.into(), ..employee };
            tx.audit(AuditEntry {
                action: "employee.created",
                record_kind: "employee",
                record_id: id,
                subject_id: id,
                changes: changes(&before, &after),
            });
            if invite {
                self.link_send(&mut tx, Some(id), Purpose::Invitation).await?;
                tx.audit(AuditEntry {
                    action: "employee.invited",
                    record_kind: "employee",
                    record_id: id,
                    subject_id: id,
                    changes: Vec::new(),
                });
            }
            reply.employees.push(ImportedEmployee {
                row: row.line,
                id: id.to_string(),
                login_name: after.login_name,
                display_name: after.display_name,
                initial_password: String::new(),
            });
        }
        reply.created_count = reply.row_count;
        let reply = tx.commit_call(call, reply).await?;
        self.announce(policy_revision).await;
        Ok(reply)
    }

    /// The initial password of a row; the same for the same key, so that a repeated call is answered alike although
    /// nothing but hashes is kept.
    async fn password_of(&self, call: &Call, key: &str, place: usize) -> Result<String> {
        let caller = call.caller.require_employee()?;
        let signing = self.keys.current(chrono::Utc::now()).await?;
        let seed = signing.derive(&[
            b"initial password of an import",
            caller.as_bytes(),
            key.as_bytes(),
            &call.request_digest,
            &(place as u64).to_le_bytes(),
        ]);
        Ok(crate::password::hashing::from_seed(seed))
    }

    /// Adds the passwords that are still in force.
    async fn with_passwords(
        &self,
        call: &Call,
        key: &str,
        mut reply: ImportEmployeesResponse,
    ) -> Result<ImportEmployeesResponse> {
        let ids: Vec<Uuid> = reply.employees.iter().filter_map(|employee| employee.id.parse().ok()).collect();
        let mut connection = self.db.pool().acquire().await?;
        let unchanged: HashSet<String> =
            store::unchanged(&mut connection, &ids).await?.iter().map(Uuid::to_string).collect();
        drop(connection);
        for (place, employee) in reply.employees.iter_mut().enumerate() {
            if unchanged.contains(&employee.id) {
                employee.initial_password = self.password_of(call, key, place).await?;
            }
        }
        Ok(reply)
    }
}
