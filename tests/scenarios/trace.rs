//! One trace from the REST call through gateway, service and SQL, over outbox and stream, into what reporting made of the
//! event, as a collector gets it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use changke::testkit::TestApp;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use platform::telemetry::{self, TelemetryConfig};
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn listen(&self) -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let service = TraceServiceServer::new(self.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(format!("http://{address}"))
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the span is of a statement with this text.
fn runs(span: &Span, part: &str) -> bool {
    let texts = span.attributes.iter().filter(|attribute| attribute.key == "db.query.text");
    texts.filter_map(|attribute| attribute.value.as_ref()?.value.as_ref()).any(|value| match value {
        Value::StringValue(text) => text.contains(part),
        _ => false,
    })
}

// Threads for the collector's side, as the exporter has one of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_call_to_the_report() -> Result<()> {
    let collector = Collector::default();
    let endpoint = collector.listen().await?;
    // Nothing is sampled but what a caller samples.
    let config = TelemetryConfig { otlp_endpoint: Some(endpoint), sample_ratio: 0.0, ..TelemetryConfig::default() };
    let guard = telemetry::init(&config)?;
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "追踪", "level": "vip"});
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [("traceparent", traceparent.as_str())];
    admin.call(Method::POST, "/v1/customers", Some(customer.clone()), &headers).await?.ok()?;
    admin.post("/v1/customers", customer).await?.ok()?;
    app.until("both are counted", async || {
        let composition = admin.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        composition.is_ok_and(|answer| answer.body["totalCount"] == "2")
    })
    .await?;
    let flushed = app.until("the collector has the consumer's work", async || {
        guard.flush().await.is_ok() && collector.spans().iter().any(|span| runs(span, "dim_customer"))
    });
    flushed
        .await
        .with_context(|| collector.spans().iter().map(|span| format!("{}\n", span.name)).collect::<String>())?;

    let spans = collector.spans();
    for span in &spans {
        assert_eq!(hex(&span.trace_id), TRACE, "{} is of another trace", span.name);
    }
    let by_id: HashMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let line = |last: &Span| {
        let mut names = vec![last.name.clone()];
        let mut here = last;
        while let Some(parent) = by_id.get(here.parent_span_id.as_slice()) {
            names.push(parent.name.clone());
            here = parent;
        }
        (names, hex(&here.parent_span_id))
    };
    let effect = spans.iter().find(|span| runs(span, "dim_customer")).context("the report's SQL")?;
    let (names, above) = line(effect);
    assert_eq!(above, "00f067aa0ba902b7", "the caller's span is not at the top of {names:?}");
    let stations = [
        "consume event",
        "publish event",
        "/changke.customers.v1.CustomerService/CreateCustomer",
        "POST /v1/customers",
    ];
    let mut rest = names.iter();
    for station in stations {
        assert!(rest.any(|name| name.contains(station)), "no {station} in {names:?}");
    }
    let insert = spans.iter().find(|span| runs(span, "INSERT INTO customer\n")).context("the service's SQL")?;
    assert!(line(insert).0.iter().any(|name| name.contains("CreateCustomer")), "{:?}", line(insert));
    app.stop().await?;
    guard.shutdown().await
}
