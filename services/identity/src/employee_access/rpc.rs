//! `EmployeeAccessService`.

use contracts::identity::employee_access_service_server::EmployeeAccessService;
use contracts::identity::{EmployeeAccess, GetEmployeeAccessRequest};
use contracts::options::Permission;
use platform::access::Call;
use platform::error::Error;
use tonic::{Request, Response, Status};

use super::rules;
use crate::Identity;

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
}
