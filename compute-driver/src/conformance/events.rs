//! Happenings, and what the engine says about itself.

use super::{Behaviour, Bench, must};
use crate::facts::Happening;
use futures::StreamExt;
use std::time::Duration;

/// Every change of state, in order, for this host only.
pub async fn what_happens_is_told(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    let elsewhere = bench.another_host();
    must(
        elsewhere.ensure_image(&workload.image, &bench.image).await,
        "image elsewhere",
    );
    let mut events = must(bench.driver.events().await, "events");
    must(
        elsewhere.ensure_created(&workload).await,
        "somebody else's container",
    );
    must(elsewhere.ensure_absent(workload.id).await, "is gone again");
    must(elsewhere.remove_unused_images(&[]).await, "image elsewhere");

    bench.start(&workload).await;
    must(bench.driver.ensure_paused(workload.id).await, "pause");
    must(bench.driver.ensure_running(workload.id).await, "resume");
    must(
        bench
            .driver
            .ensure_stopped(workload.id, Duration::from_secs(10))
            .await,
        "stop",
    );
    must(bench.driver.ensure_absent(workload.id).await, "remove");
    let wanted = [
        Happening::Created,
        Happening::Started,
        Happening::Paused,
        Happening::Unpaused,
        Happening::Died,
        Happening::Removed,
    ];
    for what in wanted {
        let next = tokio::time::timeout(super::PATIENCE, events.next()).await;
        let event = must(next, "a happening").unwrap_or_else(|| panic!("the stream ended"));
        assert_eq!((event.id, event.what), (workload.id, what));
    }
}

/// Whoever was away cannot tell whether a program was done or the engine had ended it.
pub async fn an_end_that_nobody_watched_has_no_status(bench: &Bench) {
    let workload = bench.started(Behaviour::Exits(0)).await;
    assert_eq!(bench.ended(workload.id).await.exit_code, Some(0));
    let back = bench.reconnected();
    let seen = async || must(back.inspect(workload.id).await, "inspect").map(|it| it.exit_code);
    assert_eq!(seen().await, Some(None), "it does not watch");
    let watched = must(back.events().await, "events");
    assert_eq!(seen().await, Some(None), "it came later");
    must(back.ensure_running(workload.id).await, "start");
    let next = bench.ended(workload.id).await;
    assert_eq!(seen().await, Some(Some(0)), "{next:?}");
    drop(watched);
    assert_eq!(seen().await, Some(None), "it watches no more");
}

/// Name, version, and the architecture in the words that images use.
pub async fn an_engine_says_what_it_is(bench: &Bench) {
    let facts = must(bench.driver.host().await, "host");
    let (name, version) = facts.engine.split_once(' ').unwrap_or_default();
    assert!(!name.is_empty(), "{facts:?}");
    assert!(
        version.starts_with(|first: char| first.is_ascii_digit()),
        "{facts:?}"
    );
    let known = [
        "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64",
    ];
    assert!(known.contains(&facts.architecture.as_str()), "{facts:?}");
}
