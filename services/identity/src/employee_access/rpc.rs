//! `EmployeeAccessService`.

use chrono::Utc;
use contracts::identity::employee_access_service_server::EmployeeAccessService;
use contracts::identity::{
    EmployeeAccess, EmployeeRecordAccess, ExplainEmployeeAccessRequest, GetEmployeeAccessRequest,
};
use contracts::options::Permission;
use platform::access::{Call, RecordFacts, decision, explain};
use platform::error::Error;
use tonic::{Request, Response, Status};

use super::rules;
use crate::Identity;
use crate::employee::store::employee_get;

/// What one can do with an employee, in the order of numbers.
const PERMISSIONS: [Permission; 4] =
    [Permission::EmployeesRead, Permission::EmployeesManage, Permission::AccessExplain, Permission::EmployeesReveal];

#[tonic::async_trait]
impl EmployeeAccessService for Identity {
    async fn get_employee_access(
        &self,
        request: Request<GetEmployeeAccessRequest>,
    ) -> Result<Response<EmployeeAccess>, Status> {
        let call = Call::of(&request)?;
        let id = crate::id("employee_id", &request.into_inner().employee_id)?;
        let policy = call.caller.policy().ok_or_else(Error::not_found)?;
        let within = |group| call.caller.covers(Permission::AccessExplain, Some(id), group);
        let employee = policy.employee(id).filter(|employee| within(employee.group_id)).ok_or_else(Error::not_found)?;
        Ok(Response::new(rules::access(policy, employee)))
    }

    async fn explain_employee_access(
        &self,
        request: Request<ExplainEmployeeAccessRequest>,
    ) -> Result<Response<EmployeeRecordAccess>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let record_id = crate::id("record_id", &request.record_id)?;
        let employee_id = crate::id("employee_id", &request.employee_id)?;
        let policy = call.caller.policy().ok_or_else(Error::not_found)?;
        let within = |group| call.caller.covers(Permission::AccessExplain, Some(employee_id), group);
        let employee =
            policy.employee(employee_id).filter(|employee| within(employee.group_id)).ok_or_else(Error::not_found)?;
        let rows = call.caller.rows(Permission::EmployeesRead);
        let record = employee_get(self.db.pool(), &rows, record_id).await?;
        let group_id = crate::optional_id("group_id", &record.group_id)?;
        // An employee is their own owner.
        let facts = RecordFacts { owner_id: Some(record_id), group_id, shares: Vec::new() };
        let now = Utc::now();
        let decided = |permission| decision(policy, permission, &explain(policy, employee, permission, &facts, now));
        Ok(Response::new(EmployeeRecordAccess {
            record_id: record.id,
            record_name: record.display_name,
            group_id: record.group_id,
            group_name: record.group_name,
            employee_id: request.employee_id,
            employee_name: employee.display_name.clone(),
            decisions: PERMISSIONS.into_iter().map(decided).collect(),
        }))
    }
}
