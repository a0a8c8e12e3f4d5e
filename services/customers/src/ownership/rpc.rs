//! `OwnershipService`.

use std::sync::Arc;

use contracts::customers::ownership_service_server::OwnershipService;
use contracts::customers::{GetOwnershipRequest, Ownership};
use tonic::{Request, Response, Status};

use super::store;
use crate::Shared;

pub struct OwnershipRpc {
    shared: Arc<Shared>,
}

impl OwnershipRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl OwnershipService for OwnershipRpc {
    async fn get_ownership(&self, request: Request<GetOwnershipRequest>) -> Result<Response<Ownership>, Status> {
        let employee_id = request.into_inner().employee_id;
        let id = crate::customer::id(&employee_id)?;
        let customer_count = store::owned_count(self.shared.db.pool(), id).await?;
        Ok(Response::new(Ownership { employee_id, customer_count }))
    }
}
