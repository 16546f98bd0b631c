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
