//! `ParameterService`: convert, decide, set, tell every service.

use std::collections::HashMap;

use contracts::identity as proto;
use contracts::identity::parameter_service_server::ParameterService;
use platform::access::{Call, Policy};
use platform::db::{AuditEntry, FieldChange, Once, timestamp};
use platform::error::{Error, Result, reason};
use platform::parameters::{self as known, Parameter};
use platform::{page, update};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules;
use super::store::{self, Stored};
use crate::{Config, Identity, error, policy};

/// How a parameter looks now.
fn shown(parameter: &Parameter, stored: Option<&Stored>, config: &Config, names: &Policy) -> proto::Parameter {
    let default_value = rules::default_of(parameter, config);
    let set = stored.and_then(|stored| stored.value.clone());
    let user = stored.and_then(|stored| stored.update_user_id);
    proto::Parameter {
        set: set.is_some(),
        value: set.unwrap_or_else(|| default_value.clone()),
        default_value,
        update_user_name: user.map(|id| names.employee_name(id).to_owned()).unwrap_or_default(),
        update_time: stored.map(|stored| timestamp(stored.update_time)),
        etag: update::etag(stored.map_or(0, |stored| stored.revision)),
        ..rules::described(parameter)
    }
}

#[tonic::async_trait]
impl ParameterService for Identity {
    async fn list_parameters(
        &self,
        request: Request<proto::ListParametersRequest>,
    ) -> Result<Response<proto::ListParametersResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let after: Option<usize> = page::decode(&["parameters"], &request.page_token)?;
        let size = page::size(request.page_size, 100);
        let stored = store::parameters_all(self.db.pool()).await?;
        let names = call.caller.policy().cloned().unwrap_or_default();
        let first = after.map_or(0, |last| last.saturating_add(1));
        let taken = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
        let mut places: Vec<usize> = (first..known::ALL.len()).take(taken).collect();
        let next_page_token = page::cut(&mut places, size, &["parameters"], |place| *place)?;
        let parameters = places
            .into_iter()
            .map(|place| known::ALL[place])
            .map(|parameter| shown(parameter, stored.get(parameter.name), &self.config, &names))
            .collect();
        Ok(Response::new(proto::ListParametersResponse { parameters, next_page_token }))
    }

    async fn update_parameter(
        &self,
        request: Request<proto::UpdateParameterRequest>,
    ) -> Result<Response<proto::Parameter>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        update::paths(request.update_mask.as_ref(), &["value"])?;
        let asked = request.parameter.unwrap_or_default();
        let revision = update::revision("parameter.etag", &asked.etag)?;
        let parameter = known::named(&asked.name).ok_or_else(Error::not_found)?;
        if !parameter.admits(&asked.value) {
            return Err(Error::invalid("parameter.value", &reason::VALUE_INVALID).into());
        }
        let change = Change { parameter, value: Some(asked.value), etag: update::etag(revision) };
        Ok(Response::new(self.parameter_change(&call, change).await?))
    }

    async fn reset_parameter(
        &self,
        request: Request<proto::ResetParameterRequest>,
    ) -> Result<Response<proto::Parameter>, Status> {
        let call = Call::of(&request)?;
        let proto::ResetParameterRequest { name, etag } = request.into_inner();
        let parameter = known::named(&name).ok_or_else(Error::not_found)?;
        Ok(Response::new(self.parameter_change(&call, Change { parameter, value: None, etag }).await?))
    }

    async fn get_installation(
        &self,
        _: Request<proto::GetInstallationRequest>,
    ) -> Result<Response<proto::Installation>, Status> {
        let policy = self.access.policy().policy();
        let text = |parameter: &'static Parameter| parameter.text(&policy).to_owned();
        Ok(Response::new(proto::Installation {
            organization_name: text(&known::ORGANIZATION_NAME),
            default_locale: text(&known::DEFAULT_LOCALE),
            support_contact: text(&known::SUPPORT_CONTACT),
        }))
    }
}

struct Change {
    parameter: &'static Parameter,
    /// Nothing goes back to the default.
    value: Option<String>,
    /// Empty where the caller need not bring one.
    etag: String,
}

impl Identity {
    async fn parameter_change(&self, call: &Call, change: Change) -> Result<proto::Parameter> {
        let mut tx = match self.db.begin_once(call).await? {
            Once::Done(reply) => return Ok(reply),
            Once::New(tx) => tx,
        };
        let Change { parameter, value, etag } = change;
        // Changes of the policy come one after another, so values that must go together are looked at together.
        let revision = policy::store::advance(tx.connection()).await?;
        let mut stored: HashMap<String, Stored> = store::parameters_all(tx.connection()).await?;
        let names = call.caller.policy().cloned().unwrap_or_default();
        let before = shown(parameter, stored.get(parameter.name), &self.config, &names);
        crate::require_etag(&etag, &before.etag)?;
        if before.set == value.is_some() && value.as_ref().is_none_or(|value| *value == before.value) {
            return Ok(before);
        }
        let user = call.caller.employee_id();
        let row = store::parameter_set(tx.connection(), parameter.name, value.as_deref(), user, revision).await?;
        stored.insert(row.name.clone(), row);
        let value_of = |parameter: &Parameter| {
            let set = stored.get(parameter.name).and_then(|stored| stored.value.clone());
            set.unwrap_or_else(|| rules::default_of(parameter, &self.config))
        };
        if !rules::consistent(value_of, &self.config) {
            return Err(Error::invalid("parameter.value", &error::SESSION_SHORTER_THAN_IDLE));
        }
        let after = shown(parameter, stored.get(parameter.name), &self.config, &names);
        // Known by its name: the id is always the same for it.
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, parameter.name.as_bytes());
        tx.audit(AuditEntry {
            action: if after.set { "parameter.updated" } else { "parameter.reset" },
            record_kind: "parameter",
            record_id: id,
            subject_id: id,
            changes: vec![FieldChange {
                field: parameter.name.to_owned(),
                before: before.value,
                after: after.value.clone(),
            }],
        });
        let reply = tx.commit_call(call, after).await?;
        self.announce(revision).await;
        Ok(reply)
    }
}
