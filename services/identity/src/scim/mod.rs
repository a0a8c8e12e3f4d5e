//! Provisioning by SCIM 2.0 (RFC 7643, RFC 7644): `users` and `groups` answer, `resource` is what they look like, `sight`
//! what a client sees of it, `filter` and `patch` are the two languages of the standard, `predicate` and `store` hold the
//! SQL. The gateway speaks the dialect on the wire.

mod filter;
mod groups;
mod json;
mod patch;
mod predicate;
mod resource;
mod schemas;
mod sight;
mod store;
mod users;

use platform::access::Call;
use platform::error::{Error, Result, reason};
use prost_types::Struct;
use serde_json::{Map, Value, json};
use tonic::Code;

use crate::error;
use filter::Filter;
use predicate::Columns;
use store::Part;

/// Resources of one answer, unless the client asks for fewer.
const MOST: i32 = 200;
const USUAL: i32 = 100;

/// What a client asks of a list.
struct Asked<'a> {
    filter: &'a str,
    start_index: i32,
    count: Option<i32>,
    sort_by: &'a str,
    sort_order: &'a str,
}

impl Asked<'_> {
    fn filter(&self) -> Result<Option<Filter>> {
        if self.filter.trim().is_empty() {
            return Ok(None);
        }
        let refused =
            |fault: filter::Fault| Error::invalid("filter", &error::SCIM_FILTER_FAULTY).arg("position", fault.0);
        filter::parse(self.filter).map(Some).map_err(refused)
    }

    fn part<'f>(&self, filter: Option<&'f Filter>, columns: Columns) -> Result<Part<'f>> {
        let descending = match self.sort_order.to_ascii_lowercase().as_str() {
            "" | "ascending" => false,
            "descending" => true,
            _ => return Err(Error::invalid("sort_order", &reason::VALUE_INVALID)),
        };
        Ok(Part {
            filter,
            order: predicate::order(self.sort_by, columns)?,
            descending,
            offset: i64::from(self.start_index.max(1)) - 1,
            limit: i64::from(self.count.unwrap_or(USUAL).clamp(0, MOST)),
        })
    }

    fn answer(&self, total: i64, resources: &[Value]) -> Struct {
        json::write(json!({
            "schemas": [resource::LIST],
            "totalResults": total,
            "startIndex": self.start_index.max(1),
            "itemsPerPage": resources.len(),
            "Resources": resources,
        }))
    }
}

/// Refuses a change of a resource that is another by now than the one that the client has seen (RFC 9110, 13.1.1).
fn permit_version(call: &Call, present: &Value) -> Result<()> {
    let Some(wanted) = &call.if_match else { return Ok(()) };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let present = present["meta"]["version"].as_str().map(opaque).unwrap_or_default();
    if wanted.split(',').map(opaque).any(|tag| tag == "*" || tag == present) {
        return Ok(());
    }
    Err(Error::new(Code::Aborted, &error::SCIM_VERSION_STALE))
}

/// What the operations of a client make of a resource.
fn patched(present: &Value, operations: &Map<String, Value>) -> Result<Map<String, Value>> {
    let patched = patch::apply(present, operations).map_err(|fault| patch_refused(&fault))?;
    Ok(patched.as_object().cloned().unwrap_or_default())
}

fn patch_refused(fault: &patch::Fault) -> Error {
    Error::invalid(
        "Operations",
        match fault {
            patch::Fault::Syntax => &error::SCIM_PATCH_FAULTY,
            patch::Fault::Path => &error::SCIM_PATH_INVALID,
            patch::Fault::NoTarget => &error::SCIM_NO_TARGET,
        },
    )
}
