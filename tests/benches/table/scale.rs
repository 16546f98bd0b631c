//! A thousand hosts and a hundred thousand servers: placements per second of one conductor. The
//! limit is the rate at which the same database takes the same writes with no decision in them.

use crate::rows::{small, unlimited};
use crate::stopwatch::{Stopwatch, percentile};
use crate::table::{Table, time};
use bus::{Bus, MemoryBroker};
use conductor::{Conductor, Settings};
use process::{Clock, Faults};
use schemas::host::Inventory;
use schemas::ids::{EpochId, HostId, ImageId};
use std::time::Duration;
use store::compute::launch::launch;
use store::compute::listing::{self, Filter, Page};
use store::compute::spec::BootImage;
use store::compute::{hosts, servers};
use store::{Options, Scope, Store};
use tokio_util::sync::CancellationToken;

const HOSTS: usize = 1000;
const SERVERS: u32 = 100_000;
const BATCH: u32 = 500;

pub fn measure(table: &mut Table) {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(run(table));
}

async fn run(table: &mut Table) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/scale.db", directory.path().display());
    let store = Store::open(&url, Options::default(), Clock::System)
        .await
        .unwrap();
    store.migrate().await.unwrap();
    store.write(unlimited).await.unwrap();
    register(&store).await;

    let watch = Stopwatch::start();
    for batch in 0..SERVERS / BATCH {
        let wanted = small(&format!("s{batch}"), image(), &[], BATCH);
        store.write(move |tx| launch(tx, &wanted)).await.unwrap();
    }
    let inserts = f64::from(SERVERS) / watch.elapsed().as_secs_f64();

    let settings = Settings {
        silence_s: 36_000,
        concurrency: 256,
        key_dir: directory.path().join("keys"),
        ..Settings::default()
    };
    let bus = Bus::memory(&MemoryBroker::new(), Faults::none());
    let conductor = Conductor::new(store.clone(), bus, settings).unwrap();
    let end = CancellationToken::new();
    let watch = Stopwatch::start();
    let work = tokio::spawn({
        let end = end.clone();
        async move { conductor.run(end).await }
    });
    tokio::time::sleep(Duration::from_secs(10)).await;
    let placed = SERVERS - store.read(servers::count_unplaced).await.unwrap() as u32;
    let placements = f64::from(placed) / watch.elapsed().as_secs_f64();
    end.cancel();
    let _ = work.await;
    table.row(
        "placements/s, 1 000 hosts, 100 000 servers waiting",
        &format!("{placements:.0}/s"),
        &format!("bare row inserts {inserts:.0}/s"),
        Some(placements / inserts),
        "≥ 5 000/s",
    );
    deep_lists(table, &store).await;
}

/// Pages of 1 000 rows through the whole table, by marker.
async fn deep_lists(table: &mut Table, store: &Store) {
    let (mut times, mut marker) = (Vec::new(), None);
    loop {
        let wanted = Page {
            scope: Scope::All,
            filter: Filter::default(),
            sort: Vec::new(),
            marker: marker.take(),
            limit: 1000,
        };
        let one = Stopwatch::start();
        let rows = store
            .read(move |conn| listing::page(conn, &wanted, None))
            .await
            .unwrap();
        times.push(one.elapsed());
        match rows.last() {
            Some(last) => marker = Some(last.id.clone()),
            None => break,
        }
    }
    let first = times[0];
    times.sort();
    let p99 = percentile(&times, 0.99);
    table.row(
        "page of 1 000 servers at any depth of 100 000, p99",
        &time(p99),
        &format!("first page {}", time(first)),
        Some(p99.as_secs_f64() / first.as_secs_f64()),
        "≤ 50 ms",
    );
}

fn image() -> BootImage {
    BootImage {
        id: ImageId::new(),
        manifest: format!("sha256:{}", "0".repeat(64)),
    }
}

async fn register(store: &Store) {
    for batch in 0..HOSTS / 100 {
        store
            .write(move |tx| {
                for n in 0..100 {
                    let inventory = Inventory {
                        hostname: format!("host-{batch}-{n}"),
                        zone: "nova".into(),
                        driver: "sim".into(),
                        cpus: 64,
                        memory_bytes: 512 << 30,
                        disk_bytes: 10 << 40,
                        ..Inventory::default()
                    };
                    hosts::report(tx, HostId::new(), EpochId::new(), &inventory)?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}
