//! What a client can find out about this side: what is supported, which resources there are and what they hold.

use contracts::identity as proto;
use contracts::identity::scim_service_server::ScimService;
use platform::error::{Error, Result};
use prost_types::Struct;
use serde_json::{Value, json};
use tonic::{Request, Response, Status};

use super::resource::{GROUP, LIST, USER};
use crate::Identity;

fn list(resources: &[Value]) -> Value {
    json!({
        "schemas": [LIST], "totalResults": resources.len(), "startIndex": 1, "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn attribute(name: &str, kind: &str, mutability: &str) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": false, "required": name == "userName" || name == "displayName",
        "caseExact": false, "mutability": mutability, "returned": "default",
        "uniqueness": if name == "userName" { "server" } else { "none" },
    })
}

fn complex(name: &str, many: bool, mutability: &str, parts: &[Value]) -> Value {
    json!({
        "name": name, "type": "complex", "multiValued": many, "required": false, "mutability": mutability,
        "returned": "default", "subAttributes": parts,
    })
}

fn schemas() -> [Value; 2] {
    let text = |name| attribute(name, "string", "readWrite");
    let shown = |name| attribute(name, "string", "readOnly");
    let valued = [text("value"), text("type"), attribute("primary", "boolean", "readWrite")];
    let user = [
        text("userName"),
        text("displayName"),
        complex("name", false, "readWrite", &[text("formatted"), text("givenName"), text("familyName")]),
        attribute("active", "boolean", "readWrite"),
        text("preferredLanguage"),
        complex("emails", true, "readWrite", &valued),
        complex("phoneNumbers", true, "readWrite", &valued),
        complex("groups", true, "readOnly", &[shown("value"), shown("display")]),
    ];
    let group = [text("displayName"), complex("members", true, "readWrite", &[text("value"), shown("display")])];
    let schema = |id: &str, name: &str, attributes: &[Value]| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": id, "name": name,
            "attributes": attributes, "meta": {"resourceType": "Schema", "location": format!("/scim/v2/Schemas/{id}")},
        })
    };
    [schema(USER, "User", &user), schema(GROUP, "Group", &group)]
}

fn resource_types() -> [Value; 2] {
    let kind = |name: &str, endpoint: &str, schema: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": name, "name": name,
            "endpoint": endpoint, "schema": schema,
            "meta": {"resourceType": "ResourceType", "location": format!("/scim/v2/ResourceTypes/{name}")},
        })
    };
    [kind("User", "/Users", USER), kind("Group", "/Groups", GROUP)]
}

fn config() -> Value {
    let supported = |supported: bool| json!({"supported": supported});
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": supported(true),
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": super::MOST},
        "changePassword": supported(false),
        "sort": supported(true),
        "etag": supported(true),
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "API key", "primary": true,
            "description": "An API key of a service account, as a bearer token",
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/scim/v2/ServiceProviderConfig"},
    })
}

/// The one of this id, whatever its case.
fn named(resources: &[Value], id: &str) -> Result<Struct> {
    let found = resources.iter().find(|resource| resource["id"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(id)));
    found.cloned().map(super::json::write).ok_or_else(Error::not_found)
}

#[tonic::async_trait]
impl ScimService for Identity {
    async fn get_service_provider_config(
        &self,
        _: Request<proto::GetServiceProviderConfigRequest>,
    ) -> Result<Response<Struct>, Status> {
        Ok(Response::new(super::json::write(config())))
    }

    async fn get_resource_types(&self, _: Request<proto::GetResourceTypesRequest>) -> Result<Response<Struct>, Status> {
        Ok(Response::new(super::json::write(list(&resource_types()))))
    }

    async fn get_resource_type(
        &self,
        request: Request<proto::GetResourceTypeRequest>,
    ) -> Result<Response<Struct>, Status> {
        Ok(Response::new(named(&resource_types(), &request.into_inner().id)?))
    }

    async fn get_schemas(&self, _: Request<proto::GetSchemasRequest>) -> Result<Response<Struct>, Status> {
        Ok(Response::new(super::json::write(list(&schemas()))))
    }

    async fn get_schema(&self, request: Request<proto::GetSchemaRequest>) -> Result<Response<Struct>, Status> {
        Ok(Response::new(named(&schemas(), &request.into_inner().id)?))
    }
}
