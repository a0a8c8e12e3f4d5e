//! `CustomerAccessService`.

use chrono::Utc;
use contracts::customers::customer_access_service_server::CustomerAccessService;
use contracts::customers::{CustomerAccess, ExplainCustomerAccessRequest};
use contracts::options::Permission;
use platform::access::{Call, RecordFacts, decision, explain, explain_claim};
use platform::db::Db;
use platform::error::{Error, reason};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store;

/// What one can do with a customer, in the order of numbers.
const PERMISSIONS: [Permission; 13] = [
    Permission::CustomersRead,
    Permission::CustomersUpdate,
    Permission::CustomersAssign,
    Permission::CustomersInvalidate,
    Permission::CustomersClaim,
    Permission::CustomersExport,
    Permission::CustomersShare,
    Permission::CustomersReveal,
    Permission::ContactsRead,
    Permission::ContactsWrite,
    Permission::InteractionsRead,
    Permission::InteractionsWrite,
    Permission::ReportsRead,
];

pub struct AccessRpc {
    db: Db,
}

impl AccessRpc {
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

#[tonic::async_trait]
impl CustomerAccessService for AccessRpc {
    async fn explain_customer_access(
        &self,
        request: Request<ExplainCustomerAccessRequest>,
    ) -> Result<Response<CustomerAccess>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let customer_id = crate::customer::id(&request.customer_id)?;
        let employee_id: Uuid =
            request.employee_id.parse().map_err(|_| Error::invalid("employee_id", &reason::VALUE_INVALID))?;
        let policy = call.caller.policy().ok_or_else(Error::not_found)?;
        let within = |group| call.caller.covers(Permission::AccessExplain, Some(employee_id), group);
        let employee =
            policy.employee(employee_id).filter(|employee| within(employee.group_id)).ok_or_else(Error::not_found)?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let (record, pooled) = store::facts(self.db.pool(), &rows, customer_id).await?;
        let now = Utc::now();
        let decided = |permission: Permission| {
            let grounds = match permission {
                Permission::CustomersClaim => explain_claim(policy, employee, permission, pooled.then_some(&record)),
                _ => explain(policy, employee, permission, &record, now),
            };
            decision(policy, permission, &grounds)
        };
        let decisions = PERMISSIONS.into_iter().map(decided).collect();
        let RecordFacts { owner_id, group_id, .. } = &record;
        Ok(Response::new(CustomerAccess {
            customer_id: request.customer_id,
            owner_id: text(*owner_id),
            owner_name: owner_id.map(|id| policy.employee_name(id).to_owned()).unwrap_or_default(),
            group_id: text(*group_id),
            group_name: group_id.map(|id| policy.group_name(id).to_owned()).unwrap_or_default(),
            employee_id: request.employee_id,
            employee_name: employee.display_name.clone(),
            decisions,
        }))
    }
}

fn text(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
