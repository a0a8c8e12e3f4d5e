//! One trace over processes, queues and events, by W3C trace context.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use http::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::DynFilterFn;
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::registry::LookupSpan;

const HEADER: &str = "traceparent";

/// Of a trace that nobody keeps; which one is of no interest.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("00-00000000000000000000000000000001-0000000000000001-00");

/// The current span as a W3C `traceparent`; nothing when the trace is not kept. Costs a look at a thread-local then.
pub fn current_traceparent() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_sampled().then(|| traceparent(span))
    })
}

/// Puts the current span into the headers of a call, in place of the caller's own. That a trace is not kept goes along too,
/// so that the other side doesn't begin one of its own.
pub fn propagate(headers: &mut HeaderMap) {
    if let Some(value) = current_traceparent().and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(HEADER, value);
    } else if ON.load(Ordering::Relaxed) && !headers.contains_key(HEADER) {
        headers.insert(HEADER, NOT_KEPT);
    }
}

/// Makes the first span of this process in a trace: one that continues a `traceparent`, or the beginning. Whether it is
/// kept is known before it is made, so that all the others cost next to nothing. Logs see every span.
pub fn enter(traceparent: Option<&str>, make: impl FnOnce() -> Span) -> Span {
    let parent = traceparent.and_then(parse);
    let kept = parent.as_ref().map_or_else(begins, SpanContext::is_sampled);
    KEPT.set(kept);
    let span = make();
    KEPT.set(false);
    if let (true, Some(parent)) = (kept, parent) {
        // Fails only where nothing is traced at all.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    span
}

/// Whether this process sends traces at all.
static ON: AtomicBool = AtomicBool::new(false);

/// The share of traces that begin here and are kept, in millionths.
static SHARE: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Whether the span that is being made begins something that is kept.
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn keep(share: f64) {
    ON.store(true, Ordering::Relaxed);
    SHARE.store((share * 1e6) as u32, Ordering::Relaxed);
}

fn begins() -> bool {
    let share = SHARE.load(Ordering::Relaxed);
    share > 0 && rand::random_range(0..1_000_000) < share
}

/// Lets spans of kept traces through: the first, and those within.
pub(super) fn kept<S>() -> DynFilterFn<S, impl Fn(&Metadata<'_>, &LayerContext<'_, S>) -> bool>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let kept = |metadata: &Metadata<'_>, context: &LayerContext<'_, S>| {
        metadata.is_span() && *metadata.level() <= Level::INFO && (KEPT.get() || context.lookup_current().is_some())
    };
    DynFilterFn::new(kept).with_max_level_hint(Level::INFO)
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
