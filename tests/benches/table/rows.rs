//! What the bench asks for, through the functions of the store that the API calls.

use std::time::Duration;
use store::Tx;
use store::compute::launch::Launch;
use store::compute::spec::{BootImage, Flavor};
use store::compute::usages;

/// The tenant; its quotas are unlimited.
const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// How long a build may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Small servers from this image.
pub fn small(name: &str, image: BootImage, labels: &[(&str, &str)], count: u32) -> Launch {
    let flavor = Flavor {
        id: "1".into(),
        name: "small".into(),
        vcpus: 1,
        ram_mb: 128,
        disk_gb: 1,
        ..Flavor::default()
    };
    let label = |(key, value): &(&str, &str)| (key.to_string(), value.to_string());
    Launch {
        metadata: labels.iter().map(label).collect(),
        min_count: count,
        max_count: count,
        patience: PATIENCE,
        ..Launch::plain([PROJECT, "u", "req-story"], name.into(), image, flavor)
    }
}

/// Lifts the tenant's quotas.
pub fn unlimited(tx: &mut Tx<'_>) -> store::Result<()> {
    ["instances", "cores", "ram"]
        .into_iter()
        .try_for_each(|resource| usages::set_limit(tx, PROJECT, resource, -1))
}
