//! Stories of one host: a real agent between the in-process bus and a simulated engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]

#[path = "suite/calls.rs"]
mod calls;
#[path = "suite/crashes.rs"]
mod crashes;
#[path = "suite/docker.rs"]
mod docker;
#[path = "suite/http.rs"]
mod http;
#[path = "suite/http_server.rs"]
mod http_server;
#[path = "suite/images.rs"]
mod images;
#[path = "suite/nodes.rs"]
mod nodes;
#[path = "suite/orders.rs"]
mod orders;
#[path = "suite/outages.rs"]
mod outages;
#[path = "suite/pod_crashes.rs"]
mod pod_crashes;
#[path = "suite/pods.rs"]
mod pods;
#[path = "suite/probes.rs"]
mod probes;
#[path = "suite/service.rs"]
mod service;
#[path = "suite/snapshots.rs"]
mod snapshots;
#[path = "suite/world.rs"]
mod world;
