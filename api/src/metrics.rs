//! Counts and latencies per route, for Prometheus.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};
use schemas::{Error, Result};
use std::time::Duration;

/// The API's own metrics; `/metrics` shows them with those of the process.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
}

impl Metrics {
    /// A fresh set.
    pub fn new() -> Result<Metrics> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("api_requests_total", "Requests answered."),
            &["service", "method", "route", "code"],
        )
        .map_err(Error::internal)?;
        let latency = HistogramVec::new(
            HistogramOpts::new("api_request_seconds", "Time from request to answer.").buckets(
                vec![
                    0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
                ],
            ),
            &["service", "method", "route"],
        )
        .map_err(Error::internal)?;
        registry
            .register(Box::new(requests.clone()))
            .map_err(Error::internal)?;
        registry
            .register(Box::new(latency.clone()))
            .map_err(Error::internal)?;
        Ok(Metrics {
            registry,
            requests,
            latency,
        })
    }

    pub(crate) fn count(
        &self,
        service: &str,
        method: &str,
        route: &str,
        code: &str,
        took: Duration,
    ) {
        self.requests
            .with_label_values(&[service, method, route, code])
            .inc();
        self.latency
            .with_label_values(&[service, method, route])
            .observe(took.as_secs_f64());
    }

    /// Everything in Prometheus' text form.
    pub fn text(&self) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        let encoder = TextEncoder::new();
        encoder
            .encode(&self.registry.gather(), &mut text)
            .map_err(Error::internal)?;
        encoder
            .encode(&prometheus::gather(), &mut text)
            .map_err(Error::internal)?;
        Ok(text)
    }
}
