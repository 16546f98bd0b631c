//! The trouble that the simulated engine can be told to make.

use compute_driver::conformance::{Behaviour, Bench, Connect, must};
use compute_driver::{Driver, DriverError, FaultyDriver, SimEngine, SimTimings};
use futures::StreamExt;
use process::Faults;
use schemas::ids::HostId;
use schemas::workload::{RunState, Workload};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

async fn on_sim(case: impl AsyncFnOnce(&SimEngine, &Bench)) {
    let engine = SimEngine::new(SimTimings::default());
    let machine = engine.clone();
    let connect: Connect = Arc::new(move |host| Arc::new(machine.connect(host)));
    Bench::run(connect, Default::default(), async |bench: &Bench| {
        case(&engine, bench).await
    })
    .await;
}

async fn told(bench: &Bench, label: &str, value: &str) -> Workload {
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.labels.insert(label.into(), value.into());
    workload
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_on_the_engine_and_not_in_the_driver() {
    on_sim(async |_, bench| {
        let workload = told(bench, "sim.fail", "create:2,start:1").await;
        for _ in 0..2 {
            let result = bench.reconnected().ensure_created(&workload).await;
            assert!(
                matches!(result, Err(DriverError::Engine { .. })),
                "{result:?}"
            );
        }
        must(
            bench.reconnected().ensure_created(&workload).await,
            "the third create",
        );
        assert!(bench.driver.ensure_running(workload.id).await.is_err());
        must(
            bench.reconnected().ensure_running(workload.id).await,
            "the second start",
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_hangs_ends_by_its_deadline() {
    on_sim(async |_, bench| {
        let workload = told(bench, "sim.hang", "start").await;
        must(bench.driver.ensure_created(&workload).await, "create");
        let result = bench.driver.ensure_running(workload.id).await;
        assert!(
            matches!(result, Err(DriverError::Timeout { op: "start", .. })),
            "{result:?}"
        );
        assert_eq!(bench.seen(workload.id).await.state, RunState::Created);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn delays_and_lives_pass_on_the_virtual_clock() {
    on_sim(async |_, bench| {
        let mut workload = told(bench, "sim.start_delay", "5s").await;
        workload.labels.insert("sim.exit_after".into(), "2m".into());
        must(bench.driver.ensure_created(&workload).await, "create");
        let before = Instant::now();
        must(bench.driver.ensure_running(workload.id).await, "start");
        assert!(before.elapsed() >= Duration::from_secs(5));
        tokio::time::sleep(Duration::from_secs(119)).await;
        assert_eq!(bench.seen(workload.id).await.state, RunState::Running);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(bench.seen(workload.id).await.state, RunState::Exited);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_down_tells_nothing_and_loses_nothing() {
    on_sim(async |engine, bench| {
        let workload = bench.started(Behaviour::Idle).await;
        let mut events = must(bench.driver.events().await, "events");
        engine.set_down(true);
        assert!(events.next().await.is_none(), "the stream ends");
        let result = bench.driver.list().await;
        assert!(
            matches!(result, Err(DriverError::EngineDown { .. })),
            "{result:?}"
        );
        engine.set_down(false);
        assert_eq!(bench.seen(workload.id).await.state, RunState::Running);

        engine.set_hanging(true);
        let result = bench.driver.list().await;
        assert!(
            matches!(result, Err(DriverError::Timeout { .. })),
            "{result:?}"
        );
        engine.set_hanging(false);

        engine.power_cycle();
        let seen = bench.seen(workload.id).await;
        assert_eq!((seen.state, seen.exit_code), (RunState::Exited, None));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cut_off_after_its_effect_has_had_it() {
    on_sim(async |_, bench| {
        let workload = bench.workload(Behaviour::Idle).await;
        let made = || async { must(bench.driver.inspect(workload.id).await, "inspect").is_some() };
        let mut call = Box::pin(bench.driver.ensure_created(&workload));
        while !made().await {
            assert!(
                futures::poll!(&mut call).is_pending(),
                "made only when all is over"
            );
        }
        drop(call);
        must(bench.driver.ensure_created(&workload).await, "create again");
        assert_eq!(must(bench.driver.list().await, "list").len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_calls_with_an_effect_are_crash_points() {
    on_sim(async |_, bench| {
        let faults = Faults::counting();
        let driver = FaultyDriver::new(bench.driver.clone(), faults.clone());
        let workload = bench.workload(Behaviour::Idle).await;
        must(driver.ensure_created(&workload).await, "create");
        must(driver.ensure_running(workload.id).await, "start");
        must(driver.list().await, "list");
        must(driver.ensure_absent(workload.id).await, "remove");
        let names = [
            "driver.ensure_created",
            "driver.ensure_running",
            "driver.ensure_absent",
        ];
        assert_eq!(faults.seen(), names);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_hosts_fit_into_one_process() {
    let hosts: Vec<_> = (0..1000)
        .map(|_| SimEngine::new(SimTimings::default()).connect(HostId::new()))
        .collect();
    on_sim(async |_, bench| {
        let wanted = bench.workload(Behaviour::Idle).await;
        let run = hosts.iter().map(|driver| async {
            for _ in 0..10 {
                let workload = Workload {
                    id: Default::default(),
                    ..wanted.clone()
                };
                must(
                    driver.ensure_image(&workload.image, &bench.image).await,
                    "image",
                );
                must(driver.ensure_created(&workload).await, "create");
                must(driver.ensure_running(workload.id).await, "start");
            }
            must(driver.list().await, "list").len()
        });
        let running: usize = futures::future::join_all(run).await.into_iter().sum();
        assert_eq!(running, 10_000);
    })
    .await;
}
