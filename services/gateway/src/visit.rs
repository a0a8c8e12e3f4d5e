//! Who asks, in which language, under which id: what the gateway knows of a request before it looks at what it is for.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::header::{ACCEPT_LANGUAGE, HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use platform::locale::Locale;
use uuid::Uuid;

use crate::problem;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub struct Visit {
    pub request_id: HeaderValue,
    pub locale: Locale,
    pub address: Option<IpAddr>,
}

impl Visit {
    pub fn new<B>(request: &Request<B>, trusted_hops: usize) -> Visit {
        let headers = request.headers();
        let locale = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Visit {
            request_id: request_id(headers),
            locale: locale.map(Locale::negotiate).unwrap_or_default(),
            address: address(request, trusted_hops),
        }
    }

    pub fn call(&self) -> problem::Call<'_> {
        problem::Call {
            locale: self.locale,
            request_id: self.request_id.to_str().unwrap_or_default(),
            trace_id: trace_id(),
        }
    }
}

/// The caller's own id when it is harmless in logs and headers.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (8..=128).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    headers.get(REQUEST_ID).filter(harmless).cloned().unwrap_or_else(|| {
        let mut buffer = Uuid::encode_buffer();
        let id: &str = Uuid::now_v7().as_hyphenated().encode_lower(&mut buffer);
        HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("unknown"))
    })
}

/// Every trusted proxy appends the address that it saw, so the caller's stands that many places from the end. What stands
/// before was written by the caller and proves nothing.
fn address<B>(request: &Request<B>, trusted_hops: usize) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if trusted_hops == 0 {
        return peer;
    }
    let mut seen: Vec<&str> = Vec::new();
    for value in request.headers().get_all("x-forwarded-for") {
        seen.extend(value.to_str().unwrap_or_default().split(',').map(str::trim));
    }
    let claimed = seen.len().checked_sub(trusted_hops).and_then(|index| seen[index].parse().ok());
    claimed.or(peer)
}

fn trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| span.trace_id().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::new(());
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 9], 4711))));
        request
    }

    #[test]
    fn only_trusted_proxies_say_where_a_request_comes_from() {
        let request = request(&[("x-forwarded-for", "6.6.6.6, 7.7.7.7"), ("x-forwarded-for", "10.0.0.1")]);
        let from = |hops| address(&request, hops).unwrap().to_string();
        assert_eq!(from(0), "10.0.0.9");
        assert_eq!(from(1), "10.0.0.1");
        assert_eq!(from(2), "7.7.7.7");
        assert_eq!(from(4), "10.0.0.9");
    }

    #[test]
    fn a_harmful_request_id_is_replaced() {
        let id =
            |value: &str| request_id(request(&[(REQUEST_ID.as_str(), value)]).headers()).to_str().unwrap().to_owned();
        assert_eq!(id("0190c2a0-0000-7000-8000-000000000001"), "0190c2a0-0000-7000-8000-000000000001");
        for harmful in ["", "short", "with space in it", "quoted\"quoted", &"x".repeat(129)] {
            let id = id(harmful);
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 7, "{harmful}");
        }
    }
}
