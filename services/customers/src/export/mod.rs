//! Customers as files.

use contracts::customers::ExportCustomersRequest;
use contracts::google::api::HttpBody;
use futures::stream::BoxStream;
use platform::access::Call;
use platform::error::Result;
use tonic::Status;

use crate::Shared;

pub async fn export(
    _shared: &Shared,
    _call: &Call,
    _request: ExportCustomersRequest,
) -> Result<BoxStream<'static, Result<HttpBody, Status>>> {
    Err(platform::error::Error::new(tonic::Code::Unimplemented, &platform::error::reason::UNAVAILABLE))
}
