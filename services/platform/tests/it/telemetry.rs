//! One trace from the call over SQL, outbox and stream into the consumer's SQL, as a collector gets it.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use platform::telemetry::{self, TelemetryConfig};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tracing::Instrument;
use uuid::Uuid;

use crate::stage::{Noting, change, story, until};

/// A collector that keeps what it gets.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let spans = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.0.lock().unwrap().extend(spans.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Its address.
    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(self.clone());
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }

    /// The span of this name below another, or anywhere.
    fn span(&self, name: &str, parent: Option<&Span>) -> Option<Span> {
        self.spans().into_iter().find(|span| {
            span.name.starts_with(name) && parent.is_none_or(|parent| span.parent_span_id == parent.span_id)
        })
    }
}

// Threads of their own for the collector's side, as the exporter has one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_runs_from_the_call_into_the_consumer() {
    let collector = Collector::default();
    let config =
        TelemetryConfig { otlp_endpoint: Some(collector.listen().await), sample_ratio: 0.0, ..Default::default() };
    // Nothing is sampled but what comes from a caller who samples.
    let guard = telemetry::init(&config).unwrap();
    let heard = collector.clone();
    story(async |stage| {
        let relay = stage.relay().await;
        let (consumer, _) = stage.projection(Noting).await;

        let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let call = telemetry::enter(Some(caller), || tracing::info_span!("CreateCustomer", otel.kind = "server"));
        let (traced, untraced) = (Uuid::now_v7(), Uuid::now_v7());
        change(&stage.customers, traced, [1]).instrument(call).await;
        let call = tracing::info_span!("CreateCustomer", otel.kind = "server");
        change(&stage.customers, untraced, [1]).instrument(call).await;

        until("both are taken in", async || stage.effects().await.len() == 2).await;
        relay.stop().await;
        consumer.stop().await;
    })
    .await;
    guard.flush().await.unwrap();

    let call = heard.span("CreateCustomer", None).expect("the call");
    assert_eq!(call.parent_span_id, hex("00f067aa0ba902b7"));
    let outbox = heard.span("WITH events AS (", Some(&call)).expect("its SQL");
    assert!(outbox.end_time_unix_nano > outbox.start_time_unix_nano);
    let publish = heard.span("publish event", Some(&call)).expect("the relay");
    let consume = heard.span("consume event", Some(&publish)).expect("the consumer");
    heard.span("INSERT INTO effect", Some(&consume)).expect("the consumer's SQL");
    for span in heard.spans() {
        assert_eq!(span.trace_id, hex("4bf92f3577b34da6a3ce929d0e0e4736"), "{} is of another trace", span.name);
    }
    guard.shutdown().await.unwrap();
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn metrics_are_rendered_for_prometheus_however_often_they_are_asked_for() {
    let first = telemetry::metrics_handle();
    metrics::counter!("changke_stories_total", "teller" => "one").increment(2);
    metrics::histogram!("changke_story_seconds").record(0.003);
    let text = telemetry::metrics_handle().render();
    assert_eq!(first.render(), text);
    assert!(text.contains("changke_stories_total{teller=\"one\"} 2"), "{text}");
    assert!(text.contains("changke_story_seconds_bucket{le=\"0.005\"} 1"), "{text}");
}
