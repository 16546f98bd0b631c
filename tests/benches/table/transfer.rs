//! Upload and download of 100 MiB beside a copy of the same file on the same disk.

use crate::cloud::{Cloud, block_on};
use crate::stopwatch::Stopwatch;
use crate::table::{Table, time};
use rand::RngCore;
use serde_json::json;
use std::io::Write;

const MIB: usize = 100;

pub fn measure(table: &mut Table) {
    let Some(cloud) = Cloud::of("JEROBOAM_BENCH_SIM") else {
        return table.left_out("image transfer", "JEROBOAM_BENCH_SIM is not set");
    };
    let tar = root_filesystem();
    let copy = copy(&tar);
    block_on(async {
        let admin = cloud.admin().await;
        let body = json!({
            "name": "bench-transfer", "disk_format": "raw", "container_format": "bare",
        });
        let made = admin.call("POST", "/image/v2/images", Some(body)).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let length = tar.len() as u64;
        let watch = Stopwatch::start();
        admin.upload(&id, tar.into()).await;
        let up = watch.elapsed();
        let watch = Stopwatch::start();
        assert_eq!(admin.download(&id).await, length);
        let down = watch.elapsed();
        admin
            .call("DELETE", &format!("/image/v2/images/{id}"), None)
            .await;
        for (what, took) in [("upload of 100 MiB", up), ("download of 100 MiB", down)] {
            table.row(
                what,
                &format!(
                    "{} ({:.0} MiB/s)",
                    time(took),
                    MIB as f64 / took.as_secs_f64()
                ),
                &format!("file copy + fsync {}", time(copy)),
                Some(took.as_secs_f64() / copy.as_secs_f64()),
                "",
            );
        }
    });
}

/// A root filesystem with one large file of noise.
fn root_filesystem() -> Vec<u8> {
    let mut noise = vec![0u8; MIB << 20];
    rand::rng().fill_bytes(&mut noise);
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(noise.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "data", &noise[..]).unwrap();
    tar.into_inner().unwrap()
}

fn copy(bytes: &[u8]) -> std::time::Duration {
    let directory = tempfile::tempdir().unwrap();
    let from = directory.path().join("from");
    std::fs::write(&from, bytes).unwrap();
    let watch = Stopwatch::start();
    std::fs::copy(&from, directory.path().join("to")).unwrap();
    let mut to = std::fs::File::options()
        .append(true)
        .open(directory.path().join("to"))
        .unwrap();
    to.flush().unwrap();
    to.sync_all().unwrap();
    watch.elapsed()
}
