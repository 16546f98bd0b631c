//! Ending one life and beginning the next, once for each order.

use super::{Behaviour, Bench, must};
use schemas::workload::{Reboot, RunState};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(10);

/// The order names the life that has to end, so its repetition does nothing.
pub async fn a_container_is_rebooted_once_however_often_it_is_ordered(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let first = bench.seen(workload.id).await;
    let order = Reboot {
        boot: first.boot.clone(),
        hard: false,
    };
    must(
        bench
            .driver
            .ensure_rebooted(workload.id, &order, GRACE)
            .await,
        "reboot",
    );
    let second = bench.seen(workload.id).await;
    assert_eq!(second.state, RunState::Running);
    assert_ne!(second.boot, first.boot);
    must(
        bench
            .driver
            .ensure_rebooted(workload.id, &order, GRACE)
            .await,
        "the same order again",
    );
    assert_eq!(bench.seen(workload.id).await, second);
    must(bench.driver.ensure_paused(workload.id).await, "pause");
    let order = Reboot {
        boot: second.boot.clone(),
        hard: false,
    };
    must(
        bench
            .driver
            .ensure_rebooted(workload.id, &order, GRACE)
            .await,
        "reboot what is paused",
    );
    let third = bench.seen(workload.id).await;
    assert_eq!(third.state, RunState::Running);
    assert_ne!(third.boot, second.boot);
}

/// A crash between stop and start: the life is over, the next has not begun.
pub async fn a_reboot_that_was_cut_off_is_finished(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let first = bench.seen(workload.id).await;
    must(
        bench.driver.ensure_stopped(workload.id, GRACE).await,
        "stop",
    );
    let order = Reboot {
        boot: first.boot.clone(),
        hard: false,
    };
    must(
        bench
            .driver
            .ensure_rebooted(workload.id, &order, GRACE)
            .await,
        "reboot",
    );
    let second = bench.seen(workload.id).await;
    assert_eq!(second.state, RunState::Running);
    assert_ne!(second.boot, first.boot);
}

/// A container that ignores requests is rebooted all the same.
pub async fn a_hard_reboot_does_not_ask(bench: &Bench) {
    let workload = bench.started(Behaviour::IgnoresTerm).await;
    let first = bench.seen(workload.id).await;
    let order = Reboot {
        boot: first.boot.clone(),
        hard: true,
    };
    // More grace than patience: asking first would fail the case.
    let grace = super::PATIENCE * 2;
    let rebooted = bench.driver.ensure_rebooted(workload.id, &order, grace);
    let rebooted = tokio::time::timeout(super::PATIENCE, rebooted).await;
    must(must(rebooted, "in time"), "reboot");
    let second = bench.seen(workload.id).await;
    assert_eq!(second.state, RunState::Running);
    assert_ne!(second.boot, first.boot);
}
