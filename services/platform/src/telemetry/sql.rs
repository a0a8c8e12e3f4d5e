//! A span for each statement of a trace that is kept. sqlx reports a statement after it ran; the span is laid backwards
//! from there, so that no query needs a word about tracing, and traces that are not kept cost nothing.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Span, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::DynFilterFn;
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::registry::LookupSpan;

const TARGET: &str = "sqlx::query";

pub(super) fn layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let sampled = |metadata: &Metadata<'_>, _: &LayerContext<'_, S>| {
        metadata.target() == TARGET && Context::map_current(|context| context.span().span_context().is_sampled())
    };
    let filter = DynFilterFn::new(sampled).with_max_level_hint(Level::DEBUG).with_callsite_filter(|metadata| {
        use tracing::subscriber::Interest;
        if metadata.target() == TARGET { Interest::sometimes() } else { Interest::never() }
    });
    SqlSpans { tracer }.with_filter(filter)
}

struct SqlSpans {
    tracer: SdkTracer,
}

impl<S: Subscriber> Layer<S> for SqlSpans {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let end = SystemTime::now();
        let mut statement = Statement::default();
        event.record(&mut statement);
        // sqlx leaves the text out when the summary is all of it.
        let text = if statement.text.is_empty() { statement.summary.clone() } else { statement.text };
        self.tracer
            .span_builder(statement.summary)
            .with_kind(SpanKind::Client)
            .with_start_time(end.checked_sub(statement.elapsed).unwrap_or(end))
            .with_attributes([
                KeyValue::new("db.system.name", "postgresql"),
                KeyValue::new("db.query.text", text),
                KeyValue::new("db.response.returned_rows", statement.rows),
            ])
            .start_with_context(&self.tracer, &Context::current())
            .end_with_timestamp(end);
    }
}

#[derive(Default)]
struct Statement {
    summary: String,
    text: String,
    rows: i64,
    elapsed: Duration,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.text = value.trim().to_owned(),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows = value.try_into().unwrap_or(i64::MAX);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
