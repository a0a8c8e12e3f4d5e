//! RFC 9457 problems: what every refused or failed call is answered with. The mapping from gRPC codes to HTTP stands
//! here, once.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use platform::contract::HttpRule;
use platform::error::{Reason, reason};
use platform::locale::Locale;
use serde::Serialize;
use tonic::{Code, Status};

use crate::fault::{
    self, ALREADY_EXISTS, DEADLINE_EXCEEDED, Fault, NOT_IMPLEMENTED, PRECONDITION_FAILED, QUOTA_EXCEEDED,
    REQUEST_CANCELLED,
};
use crate::{scim, status};

pub const MEDIA_TYPE: &str = "application/problem+json";
/// nginx's code for a caller who hung up; nobody is there to read it, but logs and metrics tell it from a failure.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What went wrong with a call, in the caller's language once it is rendered.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    text: Text,
    fields: Vec<FieldProblem>,
    /// Boxed, since nearly every function here returns a problem or something better.
    headers: Box<HeaderMap>,
}

#[derive(Debug)]
enum Text {
    Ours(&'static Reason, Vec<(&'static str, String)>),
    /// Of a service, which has put it in the caller's language.
    Theirs {
        reason: String,
        detail: String,
    },
}

#[derive(Debug)]
struct FieldProblem {
    field: String,
    text: Text,
}

/// What a problem says of the call that it answers.
pub struct Call<'a> {
    pub locale: Locale,
    pub request_id: &'a str,
    pub trace_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: &'a str,
    reason: &'a str,
    field_violations: Vec<Violation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Violation<'a> {
    field: &'a str,
    reason: &'a str,
    description: String,
}

impl Text {
    fn reason(&self) -> &str {
        match self {
            Text::Ours(reason, _) => reason.id,
            Text::Theirs { reason, .. } => reason,
        }
    }

    fn render(&self, locale: Locale) -> String {
        match self {
            Text::Ours(reason, args) => reason.text(locale, args),
            Text::Theirs { detail, .. } => detail.clone(),
        }
    }
}

impl Problem {
    pub fn new(status: StatusCode, reason: &'static Reason) -> Problem {
        Problem { status, text: Text::Ours(reason, Vec::new()), fields: Vec::new(), headers: Box::default() }
    }

    #[must_use]
    pub fn arg(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Problem {
        if let Text::Ours(_, args) = &mut self.text {
            args.push((name, value.to_string()));
        }
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.headers.insert(RETRY_AFTER, seconds.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: u64) -> Problem {
        self.headers.insert(name, value.into());
        self
    }

    pub fn method_not_allowed(mut methods: Vec<&'static str>) -> Problem {
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        let mut problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, &fault::METHOD_NOT_ALLOWED);
        if let Ok(value) = HeaderValue::try_from(methods.join(", ")) {
            problem.headers.insert(ALLOW, value);
        }
        problem
    }

    pub fn internal() -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &reason::INTERNAL)
    }

    pub fn reason(&self) -> &str {
        self.text.reason()
    }

    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// A failed gRPC call. Its fields are named as the route's body names them.
    pub fn from_status(status: &Status, rule: Option<&HttpRule>, body_field: Option<&str>) -> Problem {
        let code = status.code();
        let (http, fallback) = http_status(code);
        let details = status::read(status);
        // What a service didn't mean to say is not for the caller.
        let text = match details.reason {
            Some(reason) if code != Code::Internal && code != Code::Unknown => {
                Text::Theirs { reason, detail: details.message.unwrap_or_else(|| status.message().to_owned()) }
            }
            _ => Text::Ours(fallback, Vec::new()),
        };
        let fields = details.violations.into_iter().map(|violation| FieldProblem {
            field: rule.map_or(violation.field.clone(), |_| json_field(&violation.field, body_field)),
            text: Text::Theirs { reason: violation.reason, detail: violation.description },
        });
        let mut problem = Problem { status: http, text, fields: fields.collect(), headers: Box::default() };
        match code {
            Code::Unauthenticated => {
                problem.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::Unavailable => problem = problem.retry_after(details.retry_after.unwrap_or(1)),
            Code::ResourceExhausted => problem = problem.retry_after(details.retry_after.unwrap_or(60)),
            _ => {}
        }
        problem
    }

    pub fn into_response(self, call: &Call<'_>) -> Response {
        let fields = self.fields.iter().map(|violation| Violation {
            field: &violation.field,
            reason: violation.text.reason(),
            description: violation.text.render(call.locale),
        });
        let document = Document {
            r#type: format!("/docs/problems/{}", self.text.reason()),
            title: title(self.status, call.locale),
            status: self.status.as_u16(),
            detail: self.text.render(call.locale),
            instance: call.request_id,
            reason: self.text.reason(),
            field_violations: fields.collect(),
            trace_id: call.trace_id.as_deref(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let language = HeaderValue::from_static(call.locale.tag());
        response.headers_mut().insert(http::header::CONTENT_LANGUAGE, language);
        response
    }

    /// The same as SCIM has it (RFC 7644, 3.12).
    pub fn into_scim_response(self, call: &Call<'_>) -> Response {
        let first = self.fields.first();
        let reason = first.map_or(self.text.reason(), |violation| violation.text.reason());
        let detail = match first {
            Some(violation) => format!("{}: {}", violation.field, violation.text.render(call.locale)),
            None => self.text.render(call.locale),
        };
        let (status, body) = scim::error(self.status, reason, &detail);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = *self.headers;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(scim::MEDIA_TYPE));
        let language = HeaderValue::from_static(call.locale.tag());
        response.headers_mut().insert(http::header::CONTENT_LANGUAGE, language);
        response
    }

    /// The problem as a value, for streams that broke off after their head was sent.
    pub fn to_json(&self, call: &Call<'_>) -> serde_json::Value {
        serde_json::json!({
            "type": format!("/docs/problems/{}", self.text.reason()),
            "title": title(self.status, call.locale),
            "status": self.status.as_u16(),
            "detail": self.text.render(call.locale),
            "instance": call.request_id,
            "reason": self.text.reason(),
            "fieldViolations": [],
        })
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        let Fault { reason: why, field, args } = fault;
        if field.is_empty() {
            let mut problem = Problem::new(StatusCode::BAD_REQUEST, why);
            problem.text = Text::Ours(why, args);
            return problem;
        }
        let mut problem = Problem::new(StatusCode::BAD_REQUEST, &reason::INVALID_REQUEST);
        problem.fields.push(FieldProblem { field, text: Text::Ours(why, args) });
        problem
    }
}

/// FAILED_PRECONDITION is 422, neither AIP's 400, which here always means a request that no state would make right, nor
/// 409, which means that trying again with the current etag may succeed.
pub fn http_status(code: Code) -> (StatusCode, &'static Reason) {
    match code {
        Code::InvalidArgument | Code::OutOfRange => (StatusCode::BAD_REQUEST, &reason::INVALID_REQUEST),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, &reason::UNAUTHENTICATED),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, &reason::PERMISSION_DENIED),
        Code::NotFound => (StatusCode::NOT_FOUND, &reason::NOT_FOUND),
        Code::Aborted => (StatusCode::CONFLICT, &reason::STALE_ETAG),
        Code::AlreadyExists => (StatusCode::CONFLICT, &ALREADY_EXISTS),
        Code::FailedPrecondition => (StatusCode::UNPROCESSABLE_ENTITY, &PRECONDITION_FAILED),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, &QUOTA_EXCEEDED),
        Code::Cancelled => {
            (StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST), &REQUEST_CANCELLED)
        }
        Code::Unimplemented => (StatusCode::NOT_IMPLEMENTED, &NOT_IMPLEMENTED),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, &reason::UNAVAILABLE),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, &DEADLINE_EXCEEDED),
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => {
            (StatusCode::INTERNAL_SERVER_ERROR, &reason::INTERNAL)
        }
    }
}

/// `customer.addresses[2].postal_code` → `addresses[2].postalCode` where the body is the customer. Keys of maps stay.
fn json_field(path: &str, body_field: Option<&str>) -> String {
    let path =
        body_field.and_then(|field| path.strip_prefix(field)).and_then(|rest| rest.strip_prefix('.')).unwrap_or(path);
    let mut field = String::with_capacity(path.len());
    for (position, part) in path.split('"').enumerate() {
        match position % 2 {
            // custom_fields["budget"] → customFields.budget, as a body path is written everywhere else.
            0 => field.push_str(&crate::json::output::camel(part.trim_start_matches(']').trim_end_matches('['))),
            _ => {
                field.push('.');
                field.push_str(part);
            }
        }
    }
    field
}

fn title(status: StatusCode, locale: Locale) -> &'static str {
    let (en, zh) = match status.as_u16() {
        400 => ("Invalid request", "请求无效"),
        401 => ("Not signed in", "未登录"),
        403 => ("Not permitted", "没有权限"),
        404 => ("Not found", "未找到"),
        405 => ("Method not allowed", "方法不支持"),
        409 => ("Conflict", "冲突"),
        413 => ("Too large", "内容过大"),
        415 => ("Unsupported media type", "不支持的类型"),
        422 => ("Not possible in this state", "当前状态不允许"),
        429 => ("Too many requests", "请求过多"),
        CLIENT_CLOSED_REQUEST => ("Called off", "已取消"),
        501 => ("Not available", "不可用"),
        503 => ("Service unavailable", "服务不可用"),
        504 => ("Timed out", "超时"),
        _ => ("Internal error", "内部错误"),
    };
    match locale {
        Locale::En => en,
        Locale::Zh => zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_the_body_names_them() {
        for (path, body, expected) in [
            ("customer.addresses[2].postal_code", Some("customer"), "addresses[2].postalCode"),
            (
                "customer.custom_fields[\"net_worth\"].decimal_value",
                Some("customer"),
                "customFields.net_worth.decimalValue",
            ),
            ("customer", Some("customer"), "customer"),
            ("page_size", None, "pageSize"),
            ("customer_id", Some("customer"), "customerId"),
        ] {
            assert_eq!(json_field(path, body), expected);
        }
    }

    #[test]
    fn what_a_service_did_not_mean_to_say_stays_inside() {
        let problem = Problem::from_status(&Status::internal("table customers.customer is on fire"), None, None);
        assert_eq!(problem.text.render(Locale::En), reason::INTERNAL.en);
        let problem = Problem::from_status(&Status::not_found("no row in customers.customer"), None, None);
        assert_eq!(problem.text.render(Locale::Zh), reason::NOT_FOUND.zh);
    }
}
