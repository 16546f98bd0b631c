//! Boot, from `POST /servers` to ACTIVE on Docker over RabbitMQ, beside raw create + start of the
//! same image on the same engine: one after the other, and twenty in parallel.

use crate::api::boot_parts;
use crate::client::Client;
use crate::cloud::{Cloud, block_on};
use crate::engine::Engine;
use crate::stopwatch::{Stopwatch, percentile};
use crate::table::{Table, time};
use futures::future::join_all;
use std::time::Duration;

const SERIAL: usize = 20;
const PARALLEL: usize = 20;

pub fn measure(table: &mut Table) {
    let (Some(cloud), Ok(url)) = (
        Cloud::of("JEROBOAM_BENCH_DOCKER"),
        std::env::var("JEROBOAM_TEST_DOCKER"),
    ) else {
        let why = "JEROBOAM_BENCH_DOCKER or JEROBOAM_TEST_DOCKER is not set";
        return table.left_out("boot on Docker", why);
    };
    block_on(async {
        let admin = cloud.admin().await;
        let parts = boot_parts(&admin).await;
        let first = one(&admin, "first", &parts).await.1;
        let engine = Engine::of(&url, &first).await;
        remove(&admin, &[first]).await;

        let (mut raw, mut ours) = (Vec::new(), Vec::new());
        // In turns, so that both meet the same engine.
        for n in 0..SERIAL {
            let (took, id) = engine.boot().await;
            engine.remove(&[id]).await;
            raw.push(took);
            let (took, id) = one(&admin, &format!("serial-{n}"), &parts).await;
            ours.push(took);
            remove(&admin, &[id]).await;
        }
        raw.sort();
        ours.sort();
        let (raw, ours) = (percentile(&raw, 0.5), percentile(&ours, 0.5));
        table.row(
            "boot POST → ACTIVE on Docker, serial p50",
            &format!(
                "{} (overhead {})",
                time(ours),
                time(ours.saturating_sub(raw))
            ),
            &format!("raw create+start {}", time(raw)),
            Some(ours.as_secs_f64() / raw.as_secs_f64()),
            "overhead ≤ 20 ms",
        );

        let watch = Stopwatch::start();
        let made = join_all((0..PARALLEL).map(|_| engine.boot())).await;
        let raw = watch.elapsed();
        engine
            .remove(&made.into_iter().map(|(_, id)| id).collect::<Vec<_>>())
            .await;
        let watch = Stopwatch::start();
        let names: Vec<String> = (0..PARALLEL).map(|n| format!("parallel-{n}")).collect();
        let asked = names.iter().map(|name| {
            let (image, flavor) = &parts;
            admin.boot(name, image, flavor, "none")
        });
        let ids = join_all(asked).await;
        all_active(&admin, &ids).await;
        let ours = watch.elapsed();
        remove(&admin, &ids).await;
        table.row(
            "20 boots in parallel on Docker",
            &format!(
                "{} ({:.1}/s)",
                time(ours),
                PARALLEL as f64 / ours.as_secs_f64()
            ),
            &format!("raw create+start {}", time(raw)),
            Some(raw.as_secs_f64() / ours.as_secs_f64()),
            "≥ 0.9 of raw",
        );
    });
}

async fn one(admin: &Client, name: &str, parts: &(String, String)) -> (Duration, String) {
    let watch = Stopwatch::start();
    let id = admin.boot(name, &parts.0, &parts.1, "none").await;
    admin.until_active(&id).await;
    (watch.elapsed(), id)
}

/// Polls one list for all of them: twenty who each poll as fast as the serial figure needs would take
/// from the engine what is to be measured.
async fn all_active(admin: &Client, ids: &[String]) {
    loop {
        let shown = admin
            .call("GET", "/compute/v2.1/servers/detail", None)
            .await;
        let shown = shown["servers"].as_array().unwrap();
        let ours = shown
            .iter()
            .filter(|one| ids.iter().any(|id| one["id"] == id.as_str()));
        let mut active = 0;
        for one in ours {
            assert_ne!(one["status"], "ERROR", "{one}");
            active += usize::from(one["status"] == "ACTIVE");
        }
        if active == ids.len() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn remove(admin: &Client, ids: &[String]) {
    for id in ids {
        admin
            .call("DELETE", &format!("/compute/v2.1/servers/{id}"), None)
            .await;
    }
    loop {
        let left = admin.call("GET", "/compute/v2.1/servers", None).await;
        let left = left["servers"].as_array().unwrap();
        if !left
            .iter()
            .any(|one| ids.iter().any(|id| one["id"] == id.as_str()))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
