//! Bounds.

use super::{Behaviour, Bench, must};
use schemas::workload::{Limits, RunState};

/// On what was made and on what runs, without another life.
pub async fn bounds_are_changed_in_place_and_read_back(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    must(bench.driver.ensure_created(&workload).await, "create");
    assert_eq!(
        bench.seen(workload.id).await.limits,
        workload.limits,
        "as made"
    );
    let more = Limits {
        cpu_shares: 2048,
        cpu_millis: Some(1500),
        memory_bytes: 64 << 20,
        pids: 128,
    };
    must(
        bench.driver.ensure_limits(workload.id, &more).await,
        "raise what was made",
    );
    assert_eq!(bench.seen(workload.id).await.limits, more);
    must(bench.driver.ensure_running(workload.id).await, "start");
    let before = bench.seen(workload.id).await;
    must(
        bench
            .driver
            .ensure_limits(workload.id, &workload.limits)
            .await,
        "lower what runs",
    );
    must(
        bench
            .driver
            .ensure_limits(workload.id, &workload.limits)
            .await,
        "again",
    );
    let after = bench.seen(workload.id).await;
    assert_eq!(after.limits, workload.limits);
    assert_eq!((after.state, after.boot), (RunState::Running, before.boot));
}

/// `None` takes a processor bound away.
pub async fn a_bound_is_lifted(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let free = Limits {
        cpu_millis: None,
        ..workload.limits.clone()
    };
    must(bench.driver.ensure_limits(workload.id, &free).await, "lift");
    assert_eq!(bench.seen(workload.id).await.limits, free);
}
