//! What every world begins with, made once per process through the API and then copied: people with
//! tokens, flavors, an image, and a tenant without quotas.

use super::door::{self, Door};
use super::place;
use crate::api::answer::{Answer, Ask};
use crate::api::database::copy_files;
use crate::api::persona::Persona;
use crate::api::seed::{rows, sign};
use crate::api::sow::rootfs;
use crate::api::things::Things;
use actix_web::http::Method;
use process::{Clock, Faults};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use store::{Options, Store};
use tempfile::TempDir;
use tokio::task::LocalSet;

/// Flavors: name, VCPUs, MiB, GiB. `huge` is more than any host has, `whole` all that one has.
const FLAVORS: [(&str, u32, u64, u64); 4] = [
    ("small", 1, 128, 1),
    ("large", 2, 512, 2),
    ("huge", 4, 64 << 10, 4),
    ("whole", 8, 8 << 10, 20),
];

/// The seed.
pub(super) struct Seed {
    pub things: Things,
    pub tokens: BTreeMap<Persona, String>,
    directory: TempDir,
}

impl Seed {
    /// The process's one.
    pub fn get() -> &'static Seed {
        static SEED: OnceLock<Seed> = OnceLock::new();
        // On a thread of its own: worlds are made inside runtimes.
        SEED.get_or_init(|| std::thread::spawn(make).join().unwrap())
    }

    /// Puts a copy of its files there.
    pub fn copy_to(&self, directory: &Path) {
        copy_files(self.directory.path(), directory);
    }
}

/// The database in a world's directory, on that world's clock.
pub(super) async fn open(directory: &Path) -> Store {
    let url = format!("sqlite://{}/jeroboam.db", directory.display());
    let options = Options {
        durable: false,
        ..Options::default()
    };
    Store::open(&url, options, Clock::virtual_now())
        .await
        .unwrap()
}

fn make() -> Seed {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let seed = LocalSet::new().block_on(&runtime, async {
        let directory = place::directory();
        let store = open(directory.path()).await;
        store.migrate().await.unwrap();
        let things = store.write(rows).await.unwrap();
        let bus = bus::Bus::memory(&bus::MemoryBroker::new(), Faults::none());
        let state = door::state(directory.path(), store, bus);
        let tokens = Persona::ALL
            .into_iter()
            .filter(|who| *who != Persona::Nobody);
        let tokens = tokens.map(|who| (who, sign(&state, &things, who)));
        let mut seed = Seed {
            tokens: tokens.collect(),
            things,
            directory,
        };
        let (door, inbox) = Door::new();
        let serving = door::serve(state, inbox);
        tokio::select! {
            () = sow(&mut seed, &door) => {}
            () = serving => {}
        }
        seed
    });
    // What the API left to blocking threads ends before the files are copied.
    drop(runtime);
    seed
}

async fn sow(seed: &mut Seed, door: &Door) {
    for (name, vcpus, ram, disk) in FLAVORS {
        let flavor = json!({ "flavor": {
            "name": name, "vcpus": vcpus, "ram": ram, "disk": disk,
        }});
        let ask = Ask::new(Method::POST, "/compute/v2.1/flavors").json(&flavor);
        let made = must(seed, door, Persona::Admin, ask).await.json();
        let id = made["flavor"]["id"].as_str().unwrap();
        seed.things.put(format!("flavor/{name}"), id);
    }
    let whole = seed.things.get("flavor/whole");
    let path = format!("/compute/v2.1/flavors/{whole}/os-extra_specs");
    let alone = json!({ "extra_specs": { "resources:CUSTOM_BAREMETAL": "1" } });
    let ask = Ask::new(Method::POST, path).json(&alone);
    must(seed, door, Persona::Admin, ask).await;
    let project = seed.things.get("project/home").to_owned();
    let path = format!("/compute/v2.1/os-quota-sets/{project}");
    let none = json!({ "quota_set": { "instances": -1, "cores": -1, "ram": -1 } });
    must(
        seed,
        door,
        Persona::Admin,
        Ask::new(Method::PUT, path).json(&none),
    )
    .await;
    let image = json!({ "name": "base", "container_format": "bare", "disk_format": "raw" });
    let ask = Ask::new(Method::POST, "/image/v2/images").json(&image);
    let made = must(seed, door, Persona::Member, ask).await.json();
    let id = made["id"].as_str().unwrap();
    let data = Ask::new(Method::PUT, format!("/image/v2/images/{id}/file"))
        .bytes("application/octet-stream", rootfs());
    must(seed, door, Persona::Member, data).await;
    seed.things.put("image/base", id);
    let image = json!({
        "name": "node", "container_format": "bare", "disk_format": "raw",
        "visibility": "public", "os_distro": "jeroboam-node",
    });
    let ask = Ask::new(Method::POST, "/image/v2/images").json(&image);
    let made = must(seed, door, Persona::Admin, ask).await.json();
    let id = made["id"].as_str().unwrap();
    let data = Ask::new(Method::PUT, format!("/image/v2/images/{id}/file"))
        .bytes("application/octet-stream", rootfs());
    must(seed, door, Persona::Admin, data).await;
    seed.things.put("image/node", id);
}

async fn must(seed: &Seed, door: &Door, who: Persona, ask: Ask) -> Answer {
    let answer = door.ask(ask.set("x-auth-token", &*seed.tokens[&who])).await;
    let answer = answer.unwrap();
    assert!(answer.status.is_success(), "{}", answer.text());
    answer
}
