//! Traces by OTLP, metrics for Prometheus, logs with trace ids. `trace` carries a trace over processes and events, `sql`
//! adds what the database did, `log` writes the lines.

mod log;
mod sql;
mod trace;

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::Deserialize;
use tokio::task::AbortHandle;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

pub use trace::{current_traceparent, enter, propagate};

use crate::config::Validate;

/// How often histograms are emptied into their buckets when nobody asks for the metrics.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bounds of all durations, in seconds.
const DURATION_BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Where traces go by OTLP over gRPC, such as `http://collector:4317`; no traces without it.
    pub otlp_endpoint: Option<String>,
    /// Share of traces that are kept, from 0 to 1, decided where a trace begins.
    pub sample_ratio: f64,
    pub log_format: LogFormat,
    /// Directives of tracing-subscriber's `EnvFilter`, such as `info,platform=debug`.
    pub log_filter: String,
    /// Name of this process in traces.
    pub service_name: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sample_ratio: 0.01,
            log_format: LogFormat::Json,
            log_filter: "info".into(),
            service_name: "changke".into(),
        }
    }
}

impl Validate for TelemetryConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(endpoint) = &self.otlp_endpoint
            && endpoint.parse::<http::Uri>().ok().and_then(|uri| uri.authority().cloned()).is_none()
        {
            faults.push(format!("telemetry.otlp_endpoint: `{endpoint}` is no URL"));
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            faults.push("telemetry.sample_ratio: 0 to 1".into());
        }
        if let Err(error) = EnvFilter::try_new(&self.log_filter) {
            faults.push(format!("telemetry.log_filter: {error}"));
        }
        faults
    }
}

/// Keeps telemetry going; `shutdown` sends what is still held back.
pub struct Guard {
    traces: Option<SdkTracerProvider>,
    upkeep: AbortHandle,
}

impl Guard {
    /// Sends the spans that wait for their batch.
    pub async fn flush(&self) -> anyhow::Result<()> {
        let Some(traces) = self.traces.clone() else { return Ok(()) };
        Ok(tokio::task::spawn_blocking(move || traces.force_flush()).await??)
    }

    /// Sends what is still held back and stops.
    pub async fn shutdown(mut self) -> anyhow::Result<()> {
        let Some(traces) = self.traces.take() else { return Ok(()) };
        Ok(tokio::task::spawn_blocking(move || traces.shutdown()).await??)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.upkeep.abort();
    }
}

/// Starts logs, traces and metrics of this process. Needs a tokio runtime; fails when called twice.
pub fn init(config: &TelemetryConfig) -> anyhow::Result<Guard> {
    let filter = EnvFilter::try_new(&config.log_filter).context("telemetry.log_filter")?;
    let log = match config.log_format {
        LogFormat::Json => log::json_layer(std::io::stderr).with_filter(filter).boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter).boxed(),
    };
    let traces = config.otlp_endpoint.as_deref().map(|endpoint| trace_provider(config, endpoint)).transpose()?;
    let spans = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("changke"))
            .with_location(false)
            .with_threads(false)
            .with_filter(trace::kept())
            .and_then(sql::layer(traces.tracer("sqlx")))
    });
    // Not `try_init`: that would send records of the `log` crate through the same filters once more.
    tracing::subscriber::set_global_default(Registry::default().with(spans).with(log))?;

    let metrics = metrics_handle();
    let upkeep = tokio::spawn(async move {
        let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            interval.tick().await;
            metrics.run_upkeep();
        }
    });
    Ok(Guard { traces, upkeep: upkeep.abort_handle() })
}

fn trace_provider(config: &TelemetryConfig, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    trace::keep(config.sample_ratio);
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        // What comes here was chosen before; see `trace::enter`.
        .with_sampler(Sampler::AlwaysOn)
        .with_resource(Resource::builder().with_service_name(config.service_name.clone()).build())
        .build())
}

/// What `/metrics` answers from. The first call makes this process record metrics.
pub fn metrics_handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets(&DURATION_BUCKETS).unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("metrics go to another recorder");
            }
            handle
        })
        .clone()
}
