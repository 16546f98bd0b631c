//! A pod's story, told again with the agent killed before and after each of its effects.

use crate::pods::*;
use crate::world::World;
use compute_driver::Driver;
use process::Faults;
use process::faults::Side;
use schemas::host::{Desired, Seen};
use schemas::workload::pod::Restart;
use schemas::workload::{Pod, PodSeen};
use std::collections::BTreeMap;
use std::time::Duration;

/// Lives a pod through everything, with the agent killed at one effect.
async fn story(faults: Faults) {
    let mut world = World::without_agent().await;
    world.start(faults);
    let image = world.image("hi");
    let init = vec![member(&image, "first", &["true"])];
    let mut web = member(&image, "web", &IDLE);
    web.env = BTreeMap::from([
        ("sim.exit_after".into(), "5s".into()),
        ("sim.exit_code".into(), "1,-".into()),
    ]);
    let mut want = pod(
        Restart::Always,
        init,
        vec![web, member(&image, "log", &IDLE)],
    );
    world.settle(want.id, desired(&want)).await;
    until_there(&mut world, &want, |it| {
        it.ready && it.containers[0].restarts == 1
    })
    .await;
    world.engine.kill(world.host, want.id, 137).unwrap();
    until_there(&mut world, &want, |it| {
        it.ready && it.containers[1].restarts == 1
    })
    .await;
    want.incarnation = 2;
    world.settle(want.id, desired(&want)).await;
    until_there(&mut world, &want, |it| it.ready && it.incarnation == 2).await;
    let gone = world.settle(want.id, Desired::Absent).await;
    assert_eq!((gone.state, gone.problem), (Seen::Absent, None));
    world.assert_empty().await;
    assert_eq!(world.driver().inspect_pod(want.id).await.unwrap(), None);
}

/// As conductors do: tells again what is wanted, until it is so.
async fn until_there(world: &mut World, pod: &Pod, wanted: impl Fn(&PodSeen) -> bool) {
    let asking = async {
        loop {
            let seen = world.settle(pod.id, desired(pod)).await;
            if shown(&seen).is_some_and(&wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(900), asking).await;
    asked.expect("it becomes so");
}

fn run(faults: Faults) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(story(faults));
}

#[test]
fn a_crash_before_or_after_any_effect_on_a_pod_changes_nothing_in_the_end() {
    let counting = Faults::counting();
    run(counting.clone());
    let effects = counting.passed();
    assert!(effects > 20, "{:?}", counting.seen());
    for n in 0..effects {
        for side in [Side::Before, Side::After] {
            // Shown when it fails.
            println!("crash at {n}, {side:?}");
            run(Faults::crash_at(n, side));
        }
    }
}
