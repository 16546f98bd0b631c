//! REST figures, each at 1 and 32 connections, beside a static actix handler under the same load.

use crate::client::{Client, auth};
use crate::cloud::{Cloud, block_on};
use crate::limit::Static;
use crate::load::{self, Ending, Requests, same};
use crate::table::{Table, time};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn measure(table: &mut Table) {
    let Some(cloud) = Cloud::of("JEROBOAM_BENCH_SIM") else {
        return table.left_out("REST figures", "JEROBOAM_BENCH_SIM is not set");
    };
    let idle = cloud.memory_mib();
    table.row(
        "resident memory, idle",
        &format!("{idle:.0} MiB"),
        "",
        None,
        "< 100 MiB",
    );
    let figures = block_on(prepare(&cloud));
    let limit = Static::start();
    for connections in [1, 32] {
        let most = limit.load(connections);
        for (what, aim, requests) in &figures {
            let got = load::run(cloud.address, connections, requests, Ending::Kept);
            table.row(
                &format!("{what}, {connections} conn"),
                &format!(
                    "{:.0}/s p50 {} p99 {}",
                    got.per_second,
                    time(got.p50),
                    time(got.p99)
                ),
                &format!("static {:.0}/s p50 {}", most.per_second, time(most.p50)),
                Some(got.per_second / most.per_second),
                if connections == 32 { aim } else { "" },
            );
        }
    }
    let after = cloud.memory_mib();
    table.row(
        "resident memory, after the bench",
        &format!("{after:.0} MiB"),
        "",
        None,
        "< 100 MiB",
    );
}

type Figure = (&'static str, &'static str, Requests);

async fn prepare(cloud: &Cloud) -> Vec<Figure> {
    let admin = cloud.admin().await;
    let server = hundred_servers(&admin).await;
    let image = hundred_images(&admin).await;
    let token = admin.token.clone();
    let get = |path: String| {
        let headers = [
            ("X-Auth-Token", token.as_str()),
            ("OpenStack-API-Version", "compute 2.90"),
            ("X-Subject-Token", token.as_str()),
        ];
        same(load::request("GET", &path, &headers, ""))
    };
    let password = cloud.secret("admin");
    let issue = auth("admin", &password, "admin").to_string();
    let issue = load::request("POST", "/identity/v3/auth/tokens", &[], &issue);
    let (token, run) = (
        admin.token.clone(),
        uuid::Uuid::new_v4().simple().to_string(),
    );
    // Each run of the load begins its count anew; a name can be taken once.
    let made = AtomicU64::new(0);
    let flavor: Requests = Arc::new(move |_| {
        let n = made.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "flavor": {
            "name": format!("bench-{run}-{n}"), "vcpus": 1, "ram": 64, "disk": 1,
        }});
        let headers = [("X-Auth-Token", token.as_str())];
        load::request("POST", "/compute/v2.1/flavors", &headers, &body.to_string())
    });
    vec![
        (
            "GET /servers/detail of 100",
            "≥ 3 000/s",
            get("/compute/v2.1/servers/detail?limit=100".into()),
        ),
        (
            "GET /images of 100",
            "≥ 3 000/s",
            get("/image/v2/images?limit=100".into()),
        ),
        (
            "GET one server",
            "≥ 25 000/s",
            get(format!("/compute/v2.1/servers/{server}")),
        ),
        (
            "GET one image",
            "≥ 25 000/s",
            get(format!("/image/v2/images/{image}")),
        ),
        (
            "token validation",
            "≥ 30 000/s",
            get("/identity/v3/auth/tokens?nocatalog".into()),
        ),
        ("token issue (argon2id)", "", same(issue)),
        ("create flavor", "", flavor),
    ]
}

/// At least a hundred servers; one of them.
async fn hundred_servers(admin: &Client) -> String {
    let (image, flavor) = boot_parts(admin).await;
    let mut last = String::new();
    for n in 0..100 {
        last = admin
            .boot(&format!("bench-{n}"), &image, &flavor, "none")
            .await;
    }
    admin.until_active(&last).await;
    last
}

/// An image and the smallest flavor to boot with, and quota for as many servers as are wanted.
pub async fn boot_parts(admin: &Client) -> (String, String) {
    let project = admin.call("GET", "/identity/v3/auth/projects", None).await;
    let project = project["projects"].as_array().unwrap();
    let project = project.iter().find(|it| it["name"] == "admin").unwrap()["id"].clone();
    let limits = json!({ "quota_set": { "instances": -1, "cores": -1, "ram": -1 } });
    let path = format!("/compute/v2.1/os-quota-sets/{}", project.as_str().unwrap());
    admin.call("PUT", &path, Some(limits)).await;
    let images = admin
        .call("GET", "/image/v2/images?name=busybox", None)
        .await;
    let image = images["images"][0]["id"]
        .as_str()
        .expect("the seed's busybox")
        .to_owned();
    let flavors = admin
        .call("GET", "/compute/v2.1/flavors/detail", None)
        .await;
    let smallest = flavors["flavors"]
        .as_array()
        .unwrap()
        .iter()
        .min_by_key(|it| it["ram"].as_u64())
        .unwrap();
    (image, smallest["id"].as_str().unwrap().to_owned())
}

/// At least a hundred images; one of them.
async fn hundred_images(admin: &Client) -> String {
    let mut last = String::new();
    for n in 0..100 {
        let body = json!({
            "name": format!("bench-{n}"), "disk_format": "raw", "container_format": "bare",
        });
        let made = admin.call("POST", "/image/v2/images", Some(body)).await;
        last = made["id"].as_str().unwrap().to_owned();
    }
    last
}
