//! What a gRPC status carries besides its code: `google.rpc.Status` with error details.

use contracts::google::rpc;
use prost::{Message, Name};
use tonic::Status;

#[derive(Default)]
pub struct Details {
    pub reason: Option<String>,
    /// In the caller's language.
    pub message: Option<String>,
    pub violations: Vec<Violation>,
    /// In whole seconds.
    pub retry_after: Option<u64>,
}

pub struct Violation {
    /// In the contract's names.
    pub field: String,
    pub reason: String,
    pub description: String,
}

/// Details that can't be read are as good as none.
pub fn read(status: &Status) -> Details {
    let mut details = Details::default();
    let Ok(status) = rpc::Status::decode(status.details()) else { return details };
    for any in &status.details {
        if let Some(info) = unpack::<rpc::ErrorInfo>(any) {
            details.reason = Some(info.reason);
        } else if let Some(message) = unpack::<rpc::LocalizedMessage>(any) {
            details.message = Some(message.message);
        } else if let Some(retry) = unpack::<rpc::RetryInfo>(any) {
            let delay = retry.retry_delay.unwrap_or_default();
            details.retry_after = u64::try_from(delay.seconds).ok().map(|seconds| seconds.max(1));
        } else if let Some(request) = unpack::<rpc::BadRequest>(any) {
            details.violations.extend(request.field_violations.into_iter().map(|violation| Violation {
                field: violation.field,
                reason: violation.reason,
                description: violation.localized_message.map_or(violation.description, |localized| localized.message),
            }));
        }
    }
    details
}

fn unpack<M: Message + Name + Default>(any: &prost_types::Any) -> Option<M> {
    let name = any.type_url.rsplit('/').next()?;
    (name == M::full_name()).then(|| M::decode(any.value.as_slice()).ok()).flatten()
}
