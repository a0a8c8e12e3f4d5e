//! `TagService`.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Utc;
use contracts::customers::tag_service_server::TagService;
use contracts::customers::{
    CreateTagRuleRequest, DeleteTagRuleRequest, DeleteTagRuleResponse, ListCustomerTagsRequest,
    ListCustomerTagsResponse, ListTagRulesRequest, ListTagRulesResponse, PreviewTagRuleRequest, PreviewTagRuleResponse,
    TagCustomersRequest, TagCustomersResponse, TagRule, UpdateTagRuleRequest,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::Once;
use platform::error::{Error, Result, reason as common};
use platform::page;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::store::{self, Change};
use super::{admin, rules};
use crate::customer::id;
use crate::error::reason;
use crate::evaluation::{Tagged, tell_tagged};
use crate::interaction::filter::instant;
use crate::{Shared, parent};

pub struct TagRpc {
    shared: Arc<Shared>,
}

impl TagRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl TagService for TagRpc {
    async fn list_tag_rules(
        &self,
        request: Request<ListTagRulesRequest>,
    ) -> Result<Response<ListTagRulesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::list(&self.shared, &call, request.get_ref()).await?))
    }

    async fn create_tag_rule(&self, request: Request<CreateTagRuleRequest>) -> Result<Response<TagRule>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::create(&self.shared, &call, request.into_inner()).await?))
    }

    async fn update_tag_rule(&self, request: Request<UpdateTagRuleRequest>) -> Result<Response<TagRule>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::update(&self.shared, &call, request.into_inner()).await?))
    }

    async fn delete_tag_rule(
        &self,
        request: Request<DeleteTagRuleRequest>,
    ) -> Result<Response<DeleteTagRuleResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::delete(&self.shared, &call, request.get_ref()).await?))
    }

    async fn preview_tag_rule(
        &self,
        request: Request<PreviewTagRuleRequest>,
    ) -> Result<Response<PreviewTagRuleResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(admin::preview(&self.shared, &call, request.into_inner()).await?))
    }

    async fn list_customer_tags(
        &self,
        request: Request<ListCustomerTagsRequest>,
    ) -> Result<Response<ListCustomerTagsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.list(&call, request.get_ref()).await?))
    }

    async fn tag_customers(
        &self,
        request: Request<TagCustomersRequest>,
    ) -> Result<Response<TagCustomersResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.tag(&call, request.get_ref()).await?))
    }
}

impl TagRpc {
    async fn list(&self, call: &Call, request: &ListCustomerTagsRequest) -> Result<ListCustomerTagsResponse> {
        let customer_id = id(&request.customer_id)?;
        let size = page::size(request.page_size, 100);
        let bound = ["customer_tags", request.customer_id.as_str()];
        let after = page::decode::<String>(&bound, &request.page_token)?;
        let mut connection = self.shared.db.pool().acquire().await?;
        let rows = call.caller.rows(Permission::CustomersRead);
        parent::require_visible(&mut connection, &rows, customer_id).await?;
        let policy = call.caller.policy().cloned().unwrap_or_default();
        let mut tags = store::tag_list(&mut connection, &policy, customer_id, after.as_deref(), size + 1).await?;
        let next_page_token = page::cut(&mut tags, size, &bound, |tag| tag.tag.clone())?;
        Ok(ListCustomerTagsResponse { tags, next_page_token })
    }

    async fn tag(&self, call: &Call, request: &TagCustomersRequest) -> Result<TagCustomersResponse> {
        if request.add_tags.is_empty() && request.remove_tags.is_empty() {
            return Err(Error::invalid("add_tags", &common::VALUE_REQUIRED));
        }
        let expire_time = request.expire_time.as_ref().and_then(instant);
        if expire_time.is_some_and(|time| time <= Utc::now()) {
            return Err(Error::invalid("expire_time", &reason::SHARE_EXPIRED));
        }
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let ids: Vec<Uuid> = request.ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut tx = match self.shared.db.begin_once::<TagCustomersResponse>(call).await? {
            Once::Done(response) => return Ok(response),
            Once::New(tx) => tx,
        };
        let ruled = store::ruled(tx.connection()).await?;
        let faults = rules::check(fields.dictionaries(), &request.add_tags, &request.remove_tags, &ruled);
        if !faults.is_empty() {
            return Err(Error::invalid_fields(faults));
        }
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let found: HashMap<Uuid, bool> =
            store::customers_lock(tx.connection(), &rows, &ids).await?.into_iter().collect();
        // All or none, and the answer names the first that can't be.
        for (index, id) in ids.iter().enumerate() {
            match found.get(id) {
                Some(true) => {}
                Some(false) => {
                    let error = Error::failed_precondition(&reason::CUSTOMER_INVALID);
                    return Err(error.field(format!("ids[{index}]"), &reason::CUSTOMER_INVALID));
                }
                None => return Err(Error::not_found().field(format!("ids[{index}]"), &common::NOT_FOUND)),
            }
        }
        let change =
            Change { add: &request.add_tags, remove: &request.remove_tags, reason: request.reason.trim(), expire_time };
        let changed = store::tags_change(tx.connection(), &ids, &change).await?;
        let tagged = changed.iter().map(|(id, tagged)| Tagged {
            customer_id: *id,
            added: tagged.added_tags.clone(),
            removed: tagged.removed_tags.clone(),
        });
        tell_tagged(&mut tx, tagged.collect()).await?;
        let response = TagCustomersResponse { customers: changed.into_iter().map(|(_, tagged)| tagged).collect() };
        tx.commit_call(call, response).await
    }
}
