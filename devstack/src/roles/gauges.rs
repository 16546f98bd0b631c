//! Numbers that say whether the plane keeps up: how much work waits, since when, and what went over
//! the bus. In Prometheus' default registry, which `/metrics` shows.

use bus::Bus;
use prometheus::{IntGauge, IntGaugeVec, Opts, register};
use schemas::{Error, Kind, Result};
use std::sync::OnceLock;
use std::time::Duration;
use store::{Store, work};

const PERIOD: Duration = Duration::from_secs(10);

struct Gauges {
    entries: IntGaugeVec,
    oldest: IntGaugeVec,
    messages: IntGaugeVec,
    connections: IntGauge,
}

impl Gauges {
    fn new() -> prometheus::Result<Gauges> {
        let vec = |name: &str, help: &str, label: &str| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), &[label])?;
            register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let connections =
            IntGauge::new("bus_connections", "Connections to the broker made so far.")?;
        register(Box::new(connections.clone()))?;
        Ok(Gauges {
            entries: vec("work_entries", "Entries in the work table.", "kind")?,
            oldest: vec(
                "work_oldest_seconds",
                "Age of the oldest entry in the work table.",
                "kind",
            )?,
            messages: vec(
                "bus_messages",
                "Messages since the role began, by what became of them.",
                "outcome",
            )?,
            connections,
        })
    }
}

/// Keeps the numbers up to date. Does not end by itself.
pub async fn keep(store: &Store, bus: &Bus) -> Result<()> {
    static GAUGES: OnceLock<Gauges> = OnceLock::new();
    let gauges = match GAUGES.get() {
        Some(gauges) => gauges,
        None => {
            let made = Gauges::new().map_err(Error::internal)?;
            GAUGES.get_or_init(|| made)
        }
    };
    let mut every = tokio::time::interval(PERIOD);
    loop {
        every.tick().await;
        let counts = bus.counts();
        for (outcome, number) in [
            ("published", counts.published),
            ("failed", counts.failed),
            ("received", counts.received),
            ("malformed", counts.malformed),
        ] {
            gauges
                .messages
                .with_label_values(&[outcome])
                .set(number as i64);
        }
        gauges.connections.set(*bus.connections().borrow() as i64);
        let Ok(depth) = store.read(work::depth).await else {
            continue;
        };
        let now = store.clock().now();
        for kind in Kind::ALL {
            let found = depth.iter().find(|(name, ..)| name == kind.as_str());
            let (entries, since) =
                found.map_or((0, None), |(_, entries, since)| (*entries, *since));
            let age = since.map_or(0, |since| now.since(schemas::Timestamp(since)).as_secs());
            gauges
                .entries
                .with_label_values(&[kind.as_str()])
                .set(entries);
            gauges
                .oldest
                .with_label_values(&[kind.as_str()])
                .set(age as i64);
        }
    }
}
