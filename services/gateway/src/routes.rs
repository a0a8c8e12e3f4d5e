//! The routes of all contracts, found by path and method. Built once from the contract's HTTP rules; nothing here knows a
//! domain.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use http::Uri;
use metrics::{Counter, Histogram};
use platform::contract::{Body, Contract, Field, HttpRule, Label, Message, Method, Segment, WellKnown};
use platform::service::Upstream;

/// A REST route and the method that it leads to.
pub struct Route {
    pub method: &'static Method,
    pub rule: &'static HttpRule,
    pub input: &'static Message,
    pub output: &'static Message,
    pub kind: Kind,
    /// The gRPC path.
    pub uri: Uri,
    /// Nothing when the service is not part of the installation.
    pub upstream: Option<Upstream>,
    pub meters: Arc<Meters>,
}

/// What is counted at every call of a route, found once.
#[derive(Default)]
pub struct Meters {
    pub seconds: OnceLock<Histogram>,
    /// Of calls that went well.
    pub well: OnceLock<Counter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Unary,
    /// The answer is a file, in one message or in many.
    Download,
    /// The answer is a stream of messages.
    Stream,
    /// The body is a file, sent on in pieces.
    Upload,
}

impl Route {
    /// The field of an upload that takes the file.
    pub fn file_field(&self) -> Option<&'static Field> {
        match (self.kind, self.rule.body) {
            (Kind::Upload, Body::Field(index)) => Some(&self.input.fields[index]),
            _ => None,
        }
    }
}

/// What a path and a method lead to.
pub enum Found<'r, 'p> {
    Route(&'r Route, Captures<'p>),
    /// The path is known, the method isn't; these are.
    OtherMethods(Vec<&'static str>),
    Nothing,
}

/// The captured segments as they stand in the path, percent-encoded.
pub type Captures<'p> = Vec<&'p str>;

/// The routes below one shape of path, told apart by custom verb and method.
#[derive(Default)]
struct Node {
    variables: usize,
    ends_with_variable: bool,
    /// Where there are none, a colon is part of the last segment's value.
    has_verbs: bool,
    routes: Vec<usize>,
}

pub struct Routes {
    routes: Vec<Route>,
    paths: matchit::Router<Node>,
}

impl Routes {
    pub fn new(contract: &'static Contract, upstreams: &HashMap<String, Upstream>) -> anyhow::Result<Routes> {
        let mut routes = Vec::new();
        let mut nodes: HashMap<String, Node> = HashMap::new();
        for method in contract.methods() {
            for rule in &method.http {
                let (input, output) = (contract.message(method.input), contract.message(method.output));
                let node = nodes.entry(pattern(rule)).or_default();
                node.variables = rule.variables().count();
                node.ends_with_variable = matches!(rule.segments.last(), Some(Segment::Variable(_)));
                node.has_verbs |= rule.custom_verb.is_some();
                node.routes.push(routes.len());
                routes.push(Route {
                    method,
                    rule,
                    input,
                    output,
                    kind: kind(contract, method, rule).with_context(|| method.path.clone())?,
                    uri: method.path.parse()?,
                    upstream: upstreams.get(&method.service).cloned(),
                    meters: Arc::default(),
                });
            }
        }
        let mut paths = matchit::Router::new();
        for (pattern, node) in nodes {
            paths.insert(pattern, node)?;
        }
        Ok(Routes { routes, paths })
    }

    pub fn find<'p>(&self, path: &'p str, method: &http::Method) -> Found<'_, 'p> {
        let Ok(matched) = self.paths.at(path) else { return Found::Nothing };
        let node = matched.value;
        let mut captures: Captures<'p> = Vec::with_capacity(node.variables);
        captures.extend(matched.params.iter().map(|(_, value)| value));
        let verb = match captures.last_mut() {
            Some(last) if node.ends_with_variable && node.has_verbs => match last.rsplit_once(':') {
                Some((value, verb)) => {
                    *last = value;
                    Some(verb)
                }
                None => None,
            },
            _ => None,
        };
        if captures.iter().any(|value| value.is_empty()) {
            return Found::Nothing;
        }
        let method = if *method == http::Method::HEAD { "GET" } else { method.as_str() };
        let mut others = Vec::new();
        for &index in &node.routes {
            let route = &self.routes[index];
            if route.rule.custom_verb.as_deref() != verb {
                continue;
            }
            if route.rule.verb.as_str() == method {
                return Found::Route(route, captures);
            }
            others.push(route.rule.verb.as_str());
        }
        if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
    }
}

/// Captures are named by their position, since two rules may call the same segment differently.
fn pattern(rule: &HttpRule) -> String {
    let mut pattern = String::new();
    let mut variables = 0;
    for segment in &rule.segments {
        pattern.push('/');
        match segment {
            Segment::Literal(text) => pattern.push_str(text),
            Segment::Variable(_) => {
                pattern.push_str(&format!("{{p{variables}}}"));
                variables += 1;
            }
        }
    }
    pattern
}

fn kind(contract: &Contract, method: &Method, rule: &HttpRule) -> anyhow::Result<Kind> {
    let is_file = |message: &Message| message.well_known == WellKnown::HttpBody;
    let input = contract.message(method.input);
    let sends_file = match rule.body {
        Body::Field(index) => {
            let field = &input.fields[index];
            field.label == Label::Single && field.message().is_some_and(|id| is_file(contract.message(id)))
        }
        _ => false,
    };
    let returns_file = is_file(contract.message(method.output));
    match (method.client_streaming, method.server_streaming, sends_file, returns_file) {
        (true, false, true, false) => Ok(Kind::Upload),
        (false, _, false, true) => Ok(Kind::Download),
        (false, true, false, false) => Ok(Kind::Stream),
        (false, false, false, false) => Ok(Kind::Unary),
        _ => anyhow::bail!("this kind of stream has no form in REST"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        Routes::new(Contract::get(), &HashMap::new()).unwrap()
    }

    fn found(method: &str, path: &str) -> String {
        match routes().find(path, &method.parse().unwrap()) {
            Found::Route(route, captures) => format!("{} {}", route.method.name, captures.join(" ")).trim().to_owned(),
            Found::OtherMethods(methods) => format!("not {method} but {}", methods.join(" ")),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn paths_and_verbs_lead_to_their_methods() {
        for (method, path, expected) in [
            ("GET", "/v1/customers", "ListCustomers"),
            ("POST", "/v1/customers", "CreateCustomer"),
            ("GET", "/v1/customers:search", "SearchCustomers"),
            ("POST", "/v1/customers:assign", "AssignCustomers"),
            ("GET", "/v1/customers:watch", "WatchCustomers"),
            ("GET", "/v1/customers/7", "GetCustomer 7"),
            ("HEAD", "/v1/customers/7", "GetCustomer 7"),
            ("PATCH", "/v1/customers/7", "UpdateCustomer 7"),
            ("POST", "/v1/customers/7:invalidate", "InvalidateCustomer 7"),
            ("POST", "/v1/customers/7:claim", "ClaimCustomer 7"),
            ("GET", "/v1/customers/7/interactions", "ListInteractions 7"),
            ("GET", "/v1/interactions", "ListInteractions"),
            ("PATCH", "/v1/dictionaries/industry/entries/a.b", "UpdateDictionaryEntry industry a.b"),
            ("GET", "/v1/imports/7:watch", "WatchImport 7"),
            ("POST", "/v1/profile:changePassword", "ChangePassword"),
            ("GET", "/scim/v2/Schemas/urn:a:2.0:User", "GetSchema urn:a:2.0:User"),
        ] {
            assert_eq!(found(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_apart_from_what_is_there_otherwise() {
        assert_eq!(found("PUT", "/v1/customers/7"), "not PUT but GET PATCH");
        assert_eq!(found("GET", "/v1/customers/7:claim"), "not GET but POST");
        for path in [
            "/v1/nothing",
            "/v1/customers/",
            "/v1/customers/7/",
            "/v1/customers/7:nothing",
            "/v1/customers/:claim",
            "/v2/customers",
        ] {
            assert_eq!(found("GET", path), "nothing", "{path}");
        }
    }
}
