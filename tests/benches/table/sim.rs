//! A hundred boots at once on the simulated engine: what the plane itself costs. The limit is the
//! rate of the same requests' bare reads, one `GET` for each boot.

use crate::api::boot_parts;
use crate::cloud::{Cloud, block_on};
use crate::stopwatch::Stopwatch;
use crate::table::{Table, time};
use futures::future::join_all;

const BOOTS: usize = 100;

pub fn measure(table: &mut Table) {
    let Some(cloud) = Cloud::of("JEROBOAM_BENCH_SIM") else {
        return table.left_out("boots on sim", "JEROBOAM_BENCH_SIM is not set");
    };
    block_on(async {
        let admin = cloud.admin().await;
        let (image, flavor) = boot_parts(&admin).await;
        let watch = Stopwatch::start();
        join_all((0..BOOTS).map(|_| admin.call("GET", "/compute/v2.1/flavors", None))).await;
        let reads = watch.elapsed();
        let watch = Stopwatch::start();
        let boots = (0..BOOTS).map(|n| {
            let (admin, image, flavor) = (admin.clone(), image.clone(), flavor.clone());
            async move {
                let id = admin
                    .boot(&format!("at-once-{n}"), &image, &flavor, "none")
                    .await;
                admin.until_active(&id).await;
                id
            }
        });
        let ids = join_all(boots).await;
        let took = watch.elapsed();
        table.row(
            "100 boots at once on sim, all ACTIVE",
            &time(took),
            &format!("100 bare GETs {}", time(reads)),
            Some(took.as_secs_f64() / reads.as_secs_f64()),
            "≤ 1 s",
        );
        for id in ids {
            admin
                .call("DELETE", &format!("/compute/v2.1/servers/{id}"), None)
                .await;
        }
    });
}
