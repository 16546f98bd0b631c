//! Bounds of a container in the engine's terms, and back.

use bollard::models::{ContainerUpdateBody, HostConfig};
use schemas::workload::Limits;

/// Length of the period that a processor quota counts in, in µs: the kernel's default.
const PERIOD: i64 = 100_000;
/// The least quota that the kernel takes, in µs.
const LEAST_QUOTA: i64 = 1_000;

/// Zero means unbounded, except for processor shares, where the engine's default stands in.
/// Quota and period are used instead of `NanoCpus` because an update can take only them back.
pub(super) fn apply(limits: &Limits, config: &mut HostConfig) {
    let update = update(limits);
    config.cpu_shares = update.cpu_shares;
    config.cpu_period = update.cpu_period;
    config.cpu_quota = update.cpu_quota;
    config.memory = update.memory;
    config.memory_swap = update.memory_swap;
    config.pids_limit = update.pids_limit;
}

/// The same for a container that is there.
pub(super) fn update(limits: &Limits) -> ContainerUpdateBody {
    let memory = i64::try_from(limits.memory_bytes).unwrap_or(i64::MAX);
    let quota = |millis| (i64::from(millis) * PERIOD / 1000).max(LEAST_QUOTA);
    ContainerUpdateBody {
        cpu_shares: Some(i64::from(if limits.cpu_shares == 0 {
            1024
        } else {
            limits.cpu_shares
        })),
        cpu_period: Some(PERIOD),
        cpu_quota: Some(limits.cpu_millis.map_or(-1, quota)),
        memory: Some(memory),
        // Memory and swap together: equal to memory, so no swap at all.
        memory_swap: Some(if memory == 0 { -1 } else { memory }),
        pids_limit: Some(if limits.pids == 0 {
            -1
        } else {
            i64::from(limits.pids)
        }),
        ..Default::default()
    }
}

/// The bounds that are read back once these are applied: defaults filled in, minima kept.
pub(super) fn kept(limits: &Limits) -> Limits {
    let mut config = HostConfig::default();
    apply(limits, &mut config);
    read(&config)
}

/// Bounds as they are.
pub(super) fn read(config: &HostConfig) -> Limits {
    let positive = |value: Option<i64>| value.filter(|value| *value > 0).unwrap_or(0);
    let period = config
        .cpu_period
        .filter(|period| *period > 0)
        .unwrap_or(PERIOD);
    let quota = config.cpu_quota.filter(|quota| *quota > 0);
    let nano = config.nano_cpus.filter(|nano| *nano > 0);
    let millis = quota
        .map(|quota| quota * 1000 / period)
        .or(nano.map(|nano| nano / 1_000_000));
    Limits {
        cpu_shares: u32::try_from(positive(config.cpu_shares)).unwrap_or(u32::MAX),
        cpu_millis: millis.and_then(|millis| u32::try_from(millis).ok()),
        memory_bytes: positive(config.memory).unsigned_abs(),
        pids: u32::try_from(positive(config.pids_limit)).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_applied_is_read_back() {
        for cpu_millis in [None, Some(10), Some(250), Some(1500)] {
            let limits = Limits {
                cpu_shares: 512,
                cpu_millis,
                memory_bytes: 64 << 20,
                pids: 99,
            };
            assert_eq!(kept(&limits), limits);
        }
        assert_eq!(kept(&Limits::default()).cpu_shares, 1024);
    }
}
