//! One trace over processes, queues and events, by W3C trace context.

use std::fmt::Write;

use http::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const HEADER: &str = "traceparent";

/// The current span as a W3C `traceparent`; nothing when the trace is not kept. Costs a look at a thread-local then.
pub fn current_traceparent() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_sampled().then(|| traceparent(span))
    })
}

/// Puts the current span into the headers of a call. A trace that is not kept goes along too, so that the other side
/// doesn't begin one of its own.
pub fn propagate(headers: &mut HeaderMap) {
    let value = Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| traceparent(span))
    });
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(HEADER, value);
    }
}

/// Makes a span, which must not have been entered yet, continue the trace of a `traceparent`. What is not one is ignored.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        // Fails only where nothing is traced at all.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

fn traceparent(span: &SpanContext) -> String {
    let mut text = String::with_capacity(55);
    // Writing to a string can't fail.
    let _ = write!(text, "00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8() & 1);
    text
}

fn parse(text: &str) -> Option<SpanContext> {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // Later versions may append parts; version 00 has none and ff is forbidden.
    let known = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    if !(known && hex(trace, 32) && hex(span, 16) && hex(flags, 2)) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_survives_the_round_trip() {
        let context = parse(SAMPLED).unwrap();
        assert!(context.is_sampled() && context.is_remote());
        assert_eq!(traceparent(&context), SAMPLED);
        assert!(!parse(&SAMPLED.replace("-01", "-00")).unwrap().is_sampled());
        assert!(parse(&SAMPLED.replace("00-4b", "01-4b")).is_some());
    }

    #[test]
    fn what_is_no_traceparent_is_ignored() {
        let faulty = [
            "".to_owned(),
            "00".to_owned(),
            SAMPLED.to_uppercase(),
            SAMPLED.replace("00-4b", "ff-4b"),
            format!("{SAMPLED}-more"),
            SAMPLED.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            SAMPLED.replace("00f067aa0ba902b7", &"0".repeat(16)),
            SAMPLED.replace("4bf9", "+bf9"),
            "客".repeat(20),
        ];
        for text in faulty {
            assert!(parse(&text).is_none(), "{text}");
        }
    }
}
