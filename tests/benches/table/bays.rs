//! Bays on Docker: how long nodes take, one and many, beside as many booted by hand from the same
//! image on the same engine; what an empty node keeps of memory; pods beside the calls to the node's
//! engine that make the same containers; services beside their pods.

mod bay;
mod by_hand;
mod pod;
mod service;

use crate::api::boot_parts;
use crate::cloud::{Cloud, block_on};
use crate::engine;
use crate::stopwatch::{Stopwatch, percentile};
use crate::table::{Table, time};
use bay::Bays;
use bollard::Docker;
use bollard::query_parameters::StatsOptionsBuilder;
use by_hand::ByHand;
use futures::StreamExt;
use std::time::Duration;

/// How often what takes few seconds is measured.
const ROUNDS: usize = 5;

pub fn measure(table: &mut Table) {
    let (Some(cloud), Ok(url)) = (
        Cloud::of("JEROBOAM_BENCH_DOCKER"),
        std::env::var("JEROBOAM_TEST_DOCKER"),
    ) else {
        let why = "JEROBOAM_BENCH_DOCKER or JEROBOAM_TEST_DOCKER is not set";
        return table.left_out("bays", why);
    };
    block_on(async {
        let admin = cloud.admin().await;
        let (image, _) = boot_parts(&admin).await;
        let engine = engine::connect(&url).await;
        let bays = Bays::of(&admin, &engine).await;
        // Afterwards the image is on the engine, and the project's network is there.
        let (_, first) = bays.make("first", 1).await;
        let node = bays.nodes(&first).await.remove(0);
        let by_hand = ByHand::like(&engine, &node.container).await;
        single(table, &bays, &by_hand).await;
        for count in [3, 10] {
            many(table, &engine, &bays, &by_hand, count).await;
        }
        by_hand.close().await;
        let inner = engine::connect(&cloud.inner_engine(&node.server)).await;
        pod::measure(table, &admin, &first, &image, &inner).await;
        service::measure(table, &admin, &bays, &first, &image, &inner).await;
        bays.remove(&first).await;
        bays.close().await;
    });
}

/// Nodes one by one, in turns, so that both meet the same engine.
async fn single(table: &mut Table, bays: &Bays<'_>, by_hand: &ByHand) {
    let (mut started, mut booted, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let node = by_hand.prepare(1).remove(0);
        let (start, ready) = by_hand.boot(&node).await;
        started.push(start);
        booted.push(ready);
        by_hand.remove(&[node]).await;
        let (took, bay) = bays.make(&format!("single-{round}"), 1).await;
        made.push(took);
        bays.remove(&bay).await;
    }
    let [started, booted, made] = [started, booted, made].map(|mut times| {
        times.sort();
        percentile(&times, 0.5)
    });
    table.row(
        "node by hand: create → its engine answers, p50",
        &time(booted),
        &format!("its create+start {}", time(started)),
        Some(ratio(booted, started)),
        "",
    );
    table.row(
        "bay of 1 node: POST → CREATE_COMPLETE, p50",
        &time(made),
        &format!("by hand {}", time(booted)),
        Some(ratio(made, booted)),
        "",
    );
}

/// Nodes at once; of the most, their memory.
async fn many(table: &mut Table, engine: &Docker, bays: &Bays<'_>, by_hand: &ByHand, count: usize) {
    let nodes = by_hand.prepare(count);
    let watch = Stopwatch::start();
    futures::future::join_all(nodes.iter().map(|node| by_hand.boot(node))).await;
    let raw = watch.elapsed();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let least = memory(engine, &names).await;
    by_hand.remove(&nodes).await;
    let (took, bay) = bays.make(&format!("of-{count}"), count).await;
    table.row(
        &format!("bay of {count} nodes: POST → CREATE_COMPLETE"),
        &time(took),
        &format!("{count} by hand at once {}", time(raw)),
        Some(ratio(took, raw)),
        "≤ 3 × by hand",
    );
    if count == 10 {
        let nodes = bays.nodes(&bay).await;
        let names: Vec<&str> = nodes.iter().map(|node| node.container.as_str()).collect();
        let kept = memory(engine, &names).await;
        table.row(
            "memory of an empty node, p50 of 10",
            &format!("{:.1} MiB", mib(kept)),
            &format!("by hand {:.1} MiB", mib(least)),
            Some(kept as f64 / least as f64),
            "",
        );
    }
    bays.remove(&bay).await;
}

fn ratio(ours: Duration, limit: Duration) -> f64 {
    ours.as_secs_f64() / limit.as_secs_f64()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// What these containers are charged for, bytes, in the middle; what the kernel would give back at once
/// (files in its cache that are on disk) is not counted.
async fn memory(engine: &Docker, containers: &[&str]) -> u64 {
    let mut all = Vec::new();
    for name in containers {
        let options = StatsOptionsBuilder::new()
            .stream(false)
            .one_shot(true)
            .build();
        let stats = engine.stats(name, Some(options)).next().await;
        let memory = stats.unwrap().unwrap().memory_stats.unwrap();
        let parts = memory.stats.unwrap();
        // The former of cgroup v1, with those of groups below; the latter of v2.
        let part = |names: [&str; 2]| names.iter().find_map(|name| parts.get(*name)).copied();
        let files = part(["total_cache", "file"]).unwrap();
        let in_memory = part(["total_shmem", "shmem"]).unwrap_or(0);
        all.push(memory.usage.unwrap() - files.saturating_sub(in_memory));
    }
    all.sort_unstable();
    all[all.len() / 2]
}
