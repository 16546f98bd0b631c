//! The REST services, their policy and the catalog: one listener, a prefix per service.
//!
//! ```text
//! request → dispatch → Table (path, method, microversion) → guard (token, rule) → handler → reply
//!              └── request id, envelope of errors, microversion headers, log line, metrics ──┘
//! ```
//!
//! # How to add a resource
//!
//! 1. Bodies in `schemas/src/<service>/<resource>.rs`, rows and queries in
//!    `schemas/store/src/<service>/<resource>.rs`.
//! 2. Rules in `api/src/<service>/rules.rs` with [`rules!`]: a type per rule, with upstream's name
//!    and default check. Add the module's `ALL` to [`policy::defaults`] (once per service).
//! 3. Handlers in `api/src/<service>/<resource>.rs`: async functions whose first argument is the
//!    guard. It authenticates, checks the rule and is the way to the store:
//!
//!    ```ignore
//!    pub fn routes() -> Vec<Route> {
//!        vec![
//!            get("/servers/{id}", show),
//!            post("/servers", create).body_limit(1 << 20),
//!            get("/servers/{id}/topology", topology).since(2, 78),
//!        ]
//!    }
//!
//!    async fn show(ctx: Ctx<rules::Show>, Path(id): Path<ServerId>) -> Reply {
//!        let scope = ctx.scope();
//!        let server = ctx.read(move |conn| servers::get(conn, &scope, id)).await?;
//!        reply::ok(&json!({ "server": view(&ctx, &server) }))
//!    }
//!    ```
//!
//!    - [`Ctx<R>`](ctx::Ctx) checks the rule about the caller's own project before the handler runs.
//!      Queries take `ctx.scope()`, so what belongs to others is a 404.
//!    - [`Pending<R>`](ctx::Pending) is for rules about the row: read it, then
//!      `let ctx = pending.authorize(&Target::project(&row.project_id))?`.
//!    - [`Open`](ctx::Open) is for the few calls without a token.
//!    - Further arguments: [`Path`](extract::Path), [`Query`](extract::Query),
//!      [`Json`](extract::Json), [`Body`](extract::Body) (streams).
//!    - Lists: [`Listing::read`](extract::Listing::read) and `listing.next(..)`.
//!    - Errors are [`schemas::Error`]; code, envelope and log are made in [`error`].
//! 4. Put the resource's `routes()` into its service's group, the service's into [`routes`].
//!
//! Paths are below the service's version (`/compute/v2.1`); trailing slashes make no difference;
//! `HEAD` works where `GET` does.

pub mod auth;
pub mod call;
pub mod compute;
pub mod container_infra;
pub mod ctx;
mod dispatch;
pub mod error;
pub mod extract;
mod fetch;
pub mod identity;
pub mod image;
pub mod links;
pub mod metrics;
pub mod microversion;
pub mod platform;
pub mod policy;
pub mod reply;
pub mod request_id;
pub mod route;
mod server;
pub mod service;
pub mod settings;
pub mod state;
mod versions;

pub use server::{app, serve};
pub use settings::Settings;
pub use state::{AppState, State};

use route::{Route, group};
use service::Service;

/// Every route of every service: what is served, and what tests enumerate.
pub fn routes() -> Vec<Route> {
    [
        group(Service::Platform, platform::routes()),
        versions::routes(),
        group(Service::Identity, identity::routes()),
        group(Service::Compute, compute::routes()),
        group(Service::Image, image::routes()),
        group(Service::ContainerInfra, container_infra::routes()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
