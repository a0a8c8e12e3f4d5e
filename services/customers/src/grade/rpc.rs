//! `GradeService`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::customers::grade_service_server::GradeService;
use contracts::customers::{
    CreateGradeSchemeRequest, CustomerGrade, CustomerState, GetGradeMatrixRequest, GetGradeSchemeRequest, GradeCause,
    GradeMatrix, GradeScheme, ListCustomerGradesRequest, ListCustomerGradesResponse, ListGradeChangesRequest,
    ListGradeChangesResponse, ListGradeSchemesRequest, ListGradeSchemesResponse, ListGradeVersionsRequest,
    ListGradeVersionsResponse, PreviewGradeSchemeRequest, PreviewGradeSchemeResponse, PublishGradeSchemeRequest,
    ReleaseCustomerGradeRequest, SetCustomerGradeRequest, UpdateGradeSchemeRequest,
};
use contracts::options::Permission;
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, FieldChange, Once, Tx};
use platform::error::{Error, Result};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules::field;
use super::{admin, store};
use crate::customer::row::Reader;
use crate::customer::{event, id, store as customers};
use crate::error::reason;
use crate::evaluation::{self, Cause, Rules, judge};
use crate::interaction::filter::instant;
use crate::{Shared, parent};

pub struct GradeRpc {
    shared: Arc<Shared>,
}

impl GradeRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl GradeService for GradeRpc {
    async fn list_grade_schemes(
        &self,
        request: Request<ListGradeSchemesRequest>,
    ) -> Result<Response<ListGradeSchemesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.schemes(&call, request.get_ref()).await?))
    }

    async fn get_grade_scheme(&self, request: Request<GetGradeSchemeRequest>) -> Result<Response<GradeScheme>, Status> {
        let call = Call::of(&request)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let scheme = admin::get(&mut connection, &request.get_ref().code).await?;
        Ok(Response::new(admin::seen(&call, &fields, scheme)))
    }

    async fn create_grade_scheme(
        &self,
        request: Request<CreateGradeSchemeRequest>,
    ) -> Result<Response<GradeScheme>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::create(&self.shared, &call, request.into_inner()).await?))
    }

    async fn update_grade_scheme(
        &self,
        request: Request<UpdateGradeSchemeRequest>,
    ) -> Result<Response<GradeScheme>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::update(&self.shared, &call, request.into_inner()).await?))
    }

    async fn preview_grade_scheme(
        &self,
        request: Request<PreviewGradeSchemeRequest>,
    ) -> Result<Response<PreviewGradeSchemeResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::preview(&self.shared, &call, request.into_inner()).await?))
    }

    async fn publish_grade_scheme(
        &self,
        request: Request<PublishGradeSchemeRequest>,
    ) -> Result<Response<GradeScheme>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::publish(&self.shared, &call, request.into_inner()).await?))
    }

    async fn list_grade_versions(
        &self,
        request: Request<ListGradeVersionsRequest>,
    ) -> Result<Response<ListGradeVersionsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.versions(&call, request.get_ref()).await?))
    }

    async fn get_grade_matrix(&self, request: Request<GetGradeMatrixRequest>) -> Result<Response<GradeMatrix>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.matrix(&call, request.into_inner()).await?))
    }

    async fn list_customer_grades(
        &self,
        request: Request<ListCustomerGradesRequest>,
    ) -> Result<Response<ListCustomerGradesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.grades(&call, request.get_ref()).await?))
    }

    async fn set_customer_grade(
        &self,
        request: Request<SetCustomerGradeRequest>,
    ) -> Result<Response<CustomerGrade>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.set(&call, request.get_ref()).await?))
    }

    async fn release_customer_grade(
        &self,
        request: Request<ReleaseCustomerGradeRequest>,
    ) -> Result<Response<CustomerGrade>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.release(&call, request.get_ref()).await?))
    }

    async fn list_grade_changes(
        &self,
        request: Request<ListGradeChangesRequest>,
    ) -> Result<Response<ListGradeChangesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.changes(&call, request.get_ref()).await?))
    }
}

impl GradeRpc {
    async fn schemes(&self, call: &Call, request: &ListGradeSchemesRequest) -> Result<ListGradeSchemesResponse> {
        let size = page::size(request.page_size, 50);
        let bound = ["grade_schemes"];
        let after = page::decode::<String>(&bound, &request.page_token)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut connection = self.shared.db.pool().acquire().await?;
        let mut found = store::scheme_list(&mut connection, after.as_deref(), size + 1).await?;
        let next_page_token = page::cut(&mut found, size, &bound, |(scheme, _)| scheme.code.clone())?;
        let mut grade_schemes = Vec::with_capacity(found.len());
        for (mut scheme, job_id) in found {
            scheme.run = evaluation::run(&mut connection, job_id).await?;
            grade_schemes.push(admin::seen(call, &fields, scheme));
        }
        Ok(ListGradeSchemesResponse { grade_schemes, next_page_token })
    }

    async fn versions(&self, call: &Call, request: &ListGradeVersionsRequest) -> Result<ListGradeVersionsResponse> {
        let size = page::size(request.page_size, 50);
        let bound = ["grade_versions", request.code.as_str()];
        let before = page::decode::<i32>(&bound, &request.page_token)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut connection = self.shared.db.pool().acquire().await?;
        store::scheme_get(&mut connection, &request.code).await?;
        let mut versions = store::version_list(&mut connection, &request.code, before, size + 1).await?;
        let next_page_token = page::cut(&mut versions, size, &bound, |version| version.version)?;
        for rules in versions.iter_mut().filter_map(|version| version.rules.as_mut()) {
            admin::seen_rules(call, &fields, rules);
        }
        Ok(ListGradeVersionsResponse { versions, next_page_token })
    }

    async fn matrix(&self, call: &Call, request: GetGradeMatrixRequest) -> Result<GradeMatrix> {
        let GetGradeMatrixRequest { row_scheme, column_scheme } = request;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        for (place, scheme) in [("row_scheme", &row_scheme), ("column_scheme", &column_scheme)] {
            if !fields.dictionaries().is_graded(scheme) {
                return Err(Error::invalid(place, &reason::GRADE_SCHEME_UNKNOWN));
            }
        }
        let rows = call.caller.rows(Permission::CustomersRead);
        let mut connection = self.shared.db.pool().acquire().await?;
        let pairs = store::pairs(&mut connection, (&row_scheme, &column_scheme), &rows).await?;
        Ok(GradeMatrix { row_scheme, pairs })
    }

    async fn grades(&self, call: &Call, request: &ListCustomerGradesRequest) -> Result<ListCustomerGradesResponse> {
        let customer_id = id(&request.customer_id)?;
        let size = page::size(request.page_size, 100);
        let bound = ["customer_grades", request.customer_id.as_str()];
        let after = page::decode::<String>(&bound, &request.page_token)?;
        let mut connection = self.shared.db.pool().acquire().await?;
        let rows = call.caller.rows(Permission::CustomersRead);
        parent::require_visible(&mut connection, &rows, customer_id).await?;
        // There are few.
        let mut grades = store::grade_list(&mut connection, &policy(call), customer_id, None).await?;
        grades.retain(|grade| after.as_ref().is_none_or(|after| grade.scheme > *after));
        grades.truncate(size as usize + 1);
        let next_page_token = page::cut(&mut grades, size, &bound, |grade| grade.scheme.clone())?;
        Ok(ListCustomerGradesResponse { grades, next_page_token })
    }

    async fn changes(&self, call: &Call, request: &ListGradeChangesRequest) -> Result<ListGradeChangesResponse> {
        let customer_id = id(&request.customer_id)?;
        let size = page::size(request.page_size, 50);
        let bound = ["grade_changes", request.customer_id.as_str()];
        let after = page::decode::<(DateTime<Utc>, Uuid)>(&bound, &request.page_token)?;
        if let Some((time, _)) = after {
            page::known_time(time)?;
        }
        let mut connection = self.shared.db.pool().acquire().await?;
        let rows = call.caller.rows(Permission::CustomersRead);
        parent::require_visible(&mut connection, &rows, customer_id).await?;
        let mut found = store::change_list(&mut connection, &policy(call), customer_id, after, size + 1).await?;
        let place = |(change, time): &(_, DateTime<Utc>)| {
            let change: &contracts::customers::GradeChange = change;
            (*time, change.id.parse::<Uuid>().unwrap_or_default())
        };
        let next_page_token = page::cut(&mut found, size, &bound, place)?;
        Ok(ListGradeChangesResponse { changes: found.into_iter().map(|(change, _)| change).collect(), next_page_token })
    }

    async fn set(&self, call: &Call, request: &SetCustomerGradeRequest) -> Result<CustomerGrade> {
        let SetCustomerGradeRequest { customer_id, scheme, code, reason: why, expire_time } = request;
        let customer_id = id(customer_id)?;
        let expire_time = expire_time.as_ref().and_then(instant);
        if expire_time.is_some_and(|time| time <= Utc::now()) {
            return Err(Error::invalid("expire_time", &reason::SHARE_EXPIRED));
        }
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let dictionaries = fields.dictionaries();
        if !dictionaries.is_graded(scheme) {
            return Err(Error::not_found());
        }
        match dictionaries.contains(scheme, code) {
            None => {
                return Err(Error::invalid("code", &reason::CODE_UNKNOWN).arg("dictionary", scheme).arg("code", code));
            }
            Some(entry) if entry.retired => {
                return Err(Error::invalid("code", &reason::CODE_RETIRED).arg("dictionary", scheme).arg("code", code));
            }
            Some(_) => {}
        }
        let mut tx = match self.shared.db.begin_once::<CustomerGrade>(call).await? {
            Once::Done(grade) => return Ok(grade),
            Once::New(tx) => tx,
        };
        let before = self.locked(call, &mut tx, customer_id, scheme).await?;
        if expire_time.is_some() && !before.ruled {
            return Err(Error::invalid("expire_time", &reason::GRADE_RULES_MISSING));
        }
        let cause = GradeCause::ByHand.into();
        evaluation::cause_set(tx.connection(), cause, 0, why, expire_time).await?;
        if before.ruled {
            store::override_set(tx.connection(), (customer_id, scheme, code), why, expire_time).await?;
        }
        let row = store::grade_set(tx.connection(), customer_id, scheme, code).await?;
        if before.code == *code {
            let place = (customer_id, scheme.as_str(), code.as_str());
            let author_id = call.caller.employee_id();
            evaluation::change_note(tx.connection(), place, (cause, why), expire_time, author_id).await?;
        }
        let customer = Reader::of(&call.caller, &fields).customer(&row)?;
        event::emit(&mut tx, customer_id, &customer);
        audit(&mut tx, customer_id, scheme, &before.code, code, why);
        let grade = one(&mut tx, call, customer_id, scheme).await?;
        tx.commit_call(call, grade).await
    }

    async fn release(&self, call: &Call, request: &ReleaseCustomerGradeRequest) -> Result<CustomerGrade> {
        let ReleaseCustomerGradeRequest { customer_id, scheme, reason: why } = request;
        let customer_id = id(customer_id)?;
        let mut tx = match self.shared.db.begin_once::<CustomerGrade>(call).await? {
            Once::Done(grade) => return Ok(grade),
            Once::New(tx) => tx,
        };
        let before = self.locked(call, &mut tx, customer_id, scheme).await?;
        let Some(code) = store::override_delete(tx.connection(), customer_id, scheme).await? else {
            return Err(Error::failed_precondition(&reason::GRADE_NOT_SET));
        };
        let rules = Rules::load(&self.shared, tx.connection()).await?;
        let judged = judge(&mut tx, &rules, &[customer_id], Cause::HandEnded(why)).await?;
        if !judged.moved.contains(&(customer_id, scheme.clone())) {
            let cause = (GradeCause::HandEnded.into(), why.as_str());
            let author_id = call.caller.employee_id();
            evaluation::change_note(tx.connection(), (customer_id, scheme, &code), cause, None, author_id).await?;
        }
        let grade = one(&mut tx, call, customer_id, scheme).await?;
        audit(&mut tx, customer_id, scheme, &before.code, &grade.code, why);
        tx.commit_call(call, grade).await
    }

    /// The grade of a customer whom the caller may change, who is held until the transaction ends.
    async fn locked(&self, call: &Call, tx: &mut Tx, customer_id: Uuid, scheme: &str) -> Result<CustomerGrade> {
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let row = customers::customer_lock(tx.connection(), &rows, customer_id).await?;
        if Reader::of(&call.caller, &fields).customer(&row)?.state() == CustomerState::Invalid {
            return Err(Error::failed_precondition(&reason::CUSTOMER_INVALID));
        }
        one(tx, call, customer_id, scheme).await
    }
}

async fn one(tx: &mut Tx, call: &Call, customer_id: Uuid, scheme: &str) -> Result<CustomerGrade> {
    let found = store::grade_list(tx.connection(), &policy(call), customer_id, Some(scheme)).await?;
    found.into_iter().next().ok_or_else(Error::not_found)
}

fn policy(call: &Call) -> Arc<Policy> {
    call.caller.policy().cloned().unwrap_or_default()
}

fn audit(tx: &mut Tx, customer_id: Uuid, scheme: &str, before: &str, after: &str, why: &str) {
    let mut changes = vec![FieldChange { field: field(scheme), before: before.into(), after: after.into() }];
    if !why.is_empty() {
        changes.push(FieldChange::set("reason", why));
    }
    tx.audit(AuditEntry {
        action: "customer.grade_set",
        record_kind: event::AGGREGATE,
        record_id: customer_id,
        subject_id: customer_id,
        changes,
    });
}
