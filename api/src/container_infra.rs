//! Container infrastructure: Magnum's API of 2015 and of today over the same rows (contract
//! `magnum-v1.md`). A baymodel is a cluster template, a bay is a cluster.
//!
//! ```text
//! write: rule → body (parsed, checked) → look-up → one transaction → 201, 202 or 204
//! read:  rule → rows of the caller's scope → view of the path's era
//! ```
//!
//! Promises: what belongs to others is a 404; a bad body is told before anything is looked up; what
//! this cloud does not do yet is 501.
//!
//! # How to add a resource
//!
//! 1. The document in `schemas/src/container_infra/<resource>.rs`: fields of the types in
//!    [`schemas::container_infra::field`] (numbers as texts, truths as words, labels of any kind),
//!    `#[serde(deny_unknown_fields)]`, `#[serde(default)]` on what is optional. A create body is read
//!    by [`schemas::container_infra::body::create`], which takes `null` for absent and refuses what
//!    is read-only; a changed document by `body::read`.
//! 2. Rules with upstream's names: [`rules`] (or a list of your own, added to
//!    `policy::defaults`).
//! 3. Routes and handlers here:
//!
//!    ```ignore
//!    pub fn routes() -> Vec<Route> {
//!        vec![
//!            get("/clusters", index).takes(page::PARAMETERS),
//!            get("/clusters/{ident}", show),
//!            post("/clusters", create),
//!            patch("/clusters/{ident}", update).takes(&["rollback"]),
//!            get("/clusters/{ident}/nodegroups", groups).since(1, 9),   // 406 before
//!        ]
//!    }
//!
//!    async fn create(ctx: Ctx<rules::ClusterCreate>, Object(map): Object) -> Reply { … }
//!    async fn update(pending: Pending<rules::…>, Path(ident): Path<Ident>, body: Changes) -> Reply {
//!        let changes = body.read(&PATCH)?;                     // before the look-up
//!        …patch::apply(&mut document, &changes)?;
//!    }
//!    ```
//!
//!    - `/v1` in the path, a slash at its end, the version headers of both generations, both error
//!      envelopes and 405 with `Allow` need nothing. A query parameter that a route does not
//!      [take](crate::route::Route::takes) is 400.
//!    - [`Object`] is a body that must be an object, [`Changes`] one in the PATCH dialect; an empty
//!      body is 400, one of another type 415. A route that takes no body names neither: whatever
//!      content type comes then is accepted.
//!    - [`Ident`]: a UUID (32 digits suffice) or a name. [`one`](ident::one) says 404 for none and
//!      409 for several.
//!    - Lists: [`Page::read`](page::Page::read), `page.arrange(rows, …)`, `page.listed(…)`.
//!    - Views: [`view::links`], [`view::when`], [`view::since`] (`null` until the first change);
//!      answers: [`reply::ok`](crate::reply::ok), [`view::created`] (201 with `Location`),
//!      [`view::accepted`] (202 with `uuid` alone).
//!    - Who asks how: [`call::minor`], [`call::of_2015`], [`call::own`].
//!    - Names that the server makes: [`names::generate`].
//!    - The limit of clusters: `store::container_infra::quotas::limit(conn, project, default)` with
//!      the default of [`Settings`]; templates: `store::container_infra::templates`.
//! 4. Its `routes()` into the list below; a sample for each route in
//!    `tests/src/api/sample/container_infra.rs`, a thing in `tests/src/api/sow/container_infra.rs`.

pub(crate) mod address;
mod bay;
mod body;
pub mod boot_image;
pub mod call;
mod certificates;
pub mod cluster_rules;
pub mod clusters;
mod containers;
mod credentials;
mod documents;
mod federations;
pub mod ident;
mod kubernetes;
mod manifests;
mod mservices;
pub mod names;
mod nodegroups;
mod nodes;
pub mod page;
mod pods;
mod quotas;
mod rcs;
pub mod rules;
mod services;
mod settings;
mod stats;
mod templates;
pub mod view;
mod workloads;
mod x509keypairs;

pub use body::{Changes, Object};
pub use ident::Ident;
pub use services::NodePorts;
pub use settings::Settings;

use crate::route::Route;

/// The routes of container infrastructure. Parameters that a route does not name are refused.
pub fn routes() -> Vec<Route> {
    let mut routes: Vec<Route> = [
        documents::routes(),
        templates::routes(),
        clusters::routes(),
        nodegroups::routes(),
        certificates::routes(),
        credentials::routes(),
        quotas::routes(),
        stats::routes(),
        mservices::routes(),
        nodes::routes(),
        x509keypairs::routes(),
        federations::routes(),
        pods::routes(),
        rcs::routes(),
        services::routes(),
        containers::routes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    for route in &mut routes {
        route.parameters.get_or_insert(&[]);
    }
    routes
}
