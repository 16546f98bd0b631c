//! One long story, told again with the agent killed before and after each of its effects.

use crate::snapshots::snapshot;
use crate::world::*;
use bus::{Fate, MemoryBroker};
use compute_driver::{Driver, ExecOrder};
use process::Faults;
use process::faults::Side;
use schemas::host::{Desired, Seen};
use schemas::workload::{Power, Reboot, RunState};
use std::time::Duration;

/// Lives a container through everything, and checks each stage.
async fn story(broker: MemoryBroker, faults: Faults) {
    let mut world = World::on(broker).await;
    world.start(faults);
    let mut want = workload(&world.image("old"));
    want.networks = vec![attach(&network("front")), attach(&network("back"))];
    let first = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(
        (first.state, first.interfaces.len()),
        (RunState::Running, 2)
    );

    want.limits.pids = 7;
    want.power = Power::Paused;
    let paused = reached(world.settle(want.id, container(&want)).await);
    assert_eq!((paused.state, paused.limits.pids), (RunState::Paused, 7));
    assert_eq!(paused.boot, first.boot, "nothing restarts it");

    want.power = Power::Running;
    want.reboot = Some(Reboot {
        boot: first.boot.clone(),
        hard: true,
    });
    let second = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(second.state, RunState::Running);
    assert_ne!(second.boot, first.boot);
    let order = world.order(want.id, container(&want)).await;
    assert_eq!(
        reached(world.settled(&order).await).boot,
        second.boot,
        "rebooted once"
    );

    let (id, order) = snapshot(&want);
    let end = world.settle(id, Desired::Snapshot(order.clone())).await;
    assert!(matches!(end.state, Seen::Snapshot { .. }), "{end:?}");

    want.image = world.image("new");
    want.incarnation = 2;
    want.reboot = None;
    let rebuilt = reached(world.settle(want.id, container(&want)).await);
    assert_eq!((rebuilt.state, rebuilt.incarnation), (RunState::Running, 2));
    let said = world
        .driver()
        .exec(want.id, ExecOrder::new(["cat", "/etc/motd"]))
        .await;
    assert_eq!(said.unwrap().text, "new");

    want.power = Power::Stopped;
    let stopped = reached(world.settle(want.id, container(&want)).await);
    assert_eq!(stopped.state, RunState::Exited);

    let gone = world.settle(want.id, Desired::Absent).await;
    assert_eq!((gone.state, gone.problem), (Seen::Absent, None));
    world.assert_empty().await;
    assert!(
        world.driver().ensure_snapshot(&order).await.is_err(),
        "the engine keeps a snapshot"
    );
}

fn run(broker: impl FnOnce() -> MemoryBroker, faults: Faults) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { story(broker(), faults).await });
}

fn crash_everywhere(side: Side) {
    let counting = Faults::counting();
    run(MemoryBroker::new, counting.clone());
    let effects = counting.passed();
    assert!(effects > 20, "{:?}", counting.seen());
    for n in 0..effects {
        // Shown when it fails.
        println!("crash at {n}, {side:?}");
        run(MemoryBroker::new, Faults::crash_at(n, side));
    }
}

#[test]
fn a_crash_before_any_effect_changes_nothing_in_the_end() {
    crash_everywhere(Side::Before);
}

#[test]
fn a_crash_after_any_effect_changes_nothing_in_the_end() {
    crash_everywhere(Side::After);
}

#[test]
fn messages_that_are_lost_doubled_or_late_change_nothing_in_the_end() {
    let late = Fate::Delay(Duration::from_secs(7));
    for seed in 1..=8u64 {
        for fate in [Fate::Drop, Fate::Twice, late] {
            println!("{fate:?}, seed {seed}");
            // Without a period, or the story could be lost in step with the heartbeats.
            let chosen = move |n: u64| {
                (n + 1).wrapping_mul(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 40 & 3 == 0
            };
            let chaos = move |n: u64, _: &bus::Route| if chosen(n) { fate } else { Fate::Deliver };
            run(|| MemoryBroker::with_chaos(Box::new(chaos)), Faults::none());
        }
    }
}
