//! `LifecycleService`.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::customers::lifecycle_service_server::LifecycleService;
use contracts::customers::{
    ChurnCase, ChurnRule, ChurnStep, ConfirmChurnCaseRequest, CreateChurnRuleRequest, Customer, DeleteChurnRuleRequest,
    DeleteChurnRuleResponse, GetChurnCaseRequest, ListChurnCasesRequest, ListChurnCasesResponse, ListChurnRulesRequest,
    ListChurnRulesResponse, ListChurnStepsRequest, ListChurnStepsResponse, ListStageChangesRequest,
    ListStageChangesResponse, MoveCustomerStageRequest, OpenChurnCaseRequest, PreviewChurnRuleRequest,
    PreviewChurnRuleResponse, ReprieveChurnCaseRequest, SaveChurnCaseRequest, StageChange, UpdateChurnRuleRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::error::{Error, Result};
use platform::filter::{self, EvalContext};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::cases::policy;
use super::{admin, cases, rules, store};
use crate::customer::id;
use crate::{Shared, parent};

pub struct LifecycleRpc {
    shared: Arc<Shared>,
}

impl LifecycleRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl LifecycleService for LifecycleRpc {
    async fn move_customer_stage(
        &self,
        request: Request<MoveCustomerStageRequest>,
    ) -> Result<Response<Customer>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(cases::move_stage(&self.shared, &call, request.get_ref()).await?))
    }

    async fn list_stage_changes(
        &self,
        request: Request<ListStageChangesRequest>,
    ) -> Result<Response<ListStageChangesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.stages(&call, request.get_ref()).await?))
    }

    async fn list_churn_cases(
        &self,
        request: Request<ListChurnCasesRequest>,
    ) -> Result<Response<ListChurnCasesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.cases(&call, request.get_ref()).await?))
    }

    async fn get_churn_case(&self, request: Request<GetChurnCaseRequest>) -> Result<Response<ChurnCase>, Status> {
        let call = Call::of(&request)?;
        let case_id = id(&request.get_ref().id)?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(store::case_get(&mut connection, &policy(&call), &rows, case_id).await?))
    }

    async fn list_churn_steps(
        &self,
        request: Request<ListChurnStepsRequest>,
    ) -> Result<Response<ListChurnStepsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.steps(&call, request.get_ref()).await?))
    }

    async fn open_churn_case(&self, request: Request<OpenChurnCaseRequest>) -> Result<Response<ChurnCase>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(cases::open(&self.shared, &call, request.get_ref()).await?))
    }

    async fn reprieve_churn_case(
        &self,
        request: Request<ReprieveChurnCaseRequest>,
    ) -> Result<Response<ChurnCase>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(cases::reprieve(&self.shared, &call, request.get_ref()).await?))
    }

    async fn confirm_churn_case(
        &self,
        request: Request<ConfirmChurnCaseRequest>,
    ) -> Result<Response<ChurnCase>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(cases::confirm(&self.shared, &call, request.get_ref()).await?))
    }

    async fn save_churn_case(&self, request: Request<SaveChurnCaseRequest>) -> Result<Response<ChurnCase>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(cases::save(&self.shared, &call, request.get_ref()).await?))
    }

    async fn list_churn_rules(
        &self,
        request: Request<ListChurnRulesRequest>,
    ) -> Result<Response<ListChurnRulesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::list(&self.shared, &call, request.get_ref()).await?))
    }

    async fn create_churn_rule(&self, request: Request<CreateChurnRuleRequest>) -> Result<Response<ChurnRule>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::create(&self.shared, &call, request.into_inner()).await?))
    }

    async fn update_churn_rule(&self, request: Request<UpdateChurnRuleRequest>) -> Result<Response<ChurnRule>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::update(&self.shared, &call, request.into_inner()).await?))
    }

    async fn delete_churn_rule(
        &self,
        request: Request<DeleteChurnRuleRequest>,
    ) -> Result<Response<DeleteChurnRuleResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::delete(&self.shared, &call, request.get_ref()).await?))
    }

    async fn preview_churn_rule(
        &self,
        request: Request<PreviewChurnRuleRequest>,
    ) -> Result<Response<PreviewChurnRuleResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::preview(&self.shared, &call, request.into_inner()).await?))
    }
}

impl LifecycleRpc {
    async fn stages(&self, call: &Call, request: &ListStageChangesRequest) -> Result<ListStageChangesResponse> {
        let customer_id = id(&request.customer_id)?;
        let size = page::size(request.page_size, 50);
        let bound = ["stage_changes", request.customer_id.as_str()];
        let after = page::decode::<(DateTime<Utc>, Uuid)>(&bound, &request.page_token)?;
        if let Some((time, _)) = after {
            page::known_time(time)?;
        }
        let mut connection = self.shared.db.pool().acquire().await?;
        parent::require_visible(&mut connection, &call.caller.rows(Permission::CustomersRead), customer_id).await?;
        let mut found = store::stage_list(&mut connection, &policy(call), customer_id, after, size + 1).await?;
        let place =
            |(change, time): &(StageChange, DateTime<Utc>)| (*time, change.id.parse::<Uuid>().unwrap_or_default());
        let next_page_token = page::cut(&mut found, size, &bound, place)?;
        Ok(ListStageChangesResponse { changes: found.into_iter().map(|(change, _)| change).collect(), next_page_token })
    }

    async fn cases(&self, call: &Call, request: &ListChurnCasesRequest) -> Result<ListChurnCasesResponse> {
        let predicate =
            filter::compile(&request.filter, &rules::case_schema()).map_err(|error| Error::filter("filter", &error))?;
        let context = EvalContext::at(Utc::now().with_timezone(&self.shared.zone), call.caller.employee_id());
        let size = page::size(request.page_size, 50);
        let bound = ["churn_cases", request.filter.as_str()];
        let after = page::decode::<(NaiveDate, Uuid)>(&bound, &request.page_token)?;
        let rows = call.caller.rows(Permission::CustomersRead);
        let mut connection = self.shared.db.pool().acquire().await?;
        let asked = (&predicate, &context);
        let mut cases = store::case_list(&mut connection, &policy(call), &rows, asked, after, size + 1).await?;
        let place = |case: &ChurnCase| {
            let date: NaiveDate = case.due_date.parse().unwrap_or_default();
            (date, case.id.parse::<Uuid>().unwrap_or_default())
        };
        let next_page_token = page::cut(&mut cases, size, &bound, place)?;
        Ok(ListChurnCasesResponse { cases, next_page_token })
    }

    async fn steps(&self, call: &Call, request: &ListChurnStepsRequest) -> Result<ListChurnStepsResponse> {
        let case_id = id(&request.case_id)?;
        let size = page::size(request.page_size, 100);
        let bound = ["churn_steps", request.case_id.as_str()];
        let after = page::decode::<(DateTime<Utc>, Uuid)>(&bound, &request.page_token)?;
        if let Some((time, _)) = after {
            page::known_time(time)?;
        }
        let mut connection = self.shared.db.pool().acquire().await?;
        let rows = call.caller.rows(Permission::CustomersRead);
        store::case_get(&mut connection, &policy(call), &rows, case_id).await?;
        let mut found = store::step_list(&mut connection, &policy(call), case_id, after, size + 1).await?;
        let place = |(step, time): &(ChurnStep, DateTime<Utc>)| (*time, step.id.parse::<Uuid>().unwrap_or_default());
        let next_page_token = page::cut(&mut found, size, &bound, place)?;
        Ok(ListChurnStepsResponse { steps: found.into_iter().map(|(step, _)| step).collect(), next_page_token })
    }
}
