//! What runs in clusters (services, containers) and is not built yet:
//! every way to ask is known, checked for its caller, and answered 501.

use super::rules;
use crate::ctx::Ctx;
use crate::policy::Rule;
use crate::reply::Reply;
use crate::route::{Route, delete, get, patch, post, put};
use schemas::Error;

/// The routes of what is not built.
pub fn routes() -> Vec<Route> {
    let all = [services(), containers()];
    let known = &[
        "bay_ident",
        "limit",
        "marker",
        "sort_key",
        "sort_dir",
        "command",
    ];
    let routes = all.into_iter().flatten();
    routes.map(|route| route.takes(known)).collect()
}

async fn nothing<R: Rule>(_: Ctx<R>) -> Reply {
    let name = R::DEFAULT.name;
    Err(Error::NotImplemented(format!(
        "This cloud does not run what belongs to {} in clusters yet. Use the cluster's own \
         api_address.",
        name.split(':').next().unwrap_or(name)
    )))
}

/// The item's two addresses: alone (with the bay as a parameter), and with the bay behind it.
macro_rules! manifests {
    ($collection:literal: $all:ident $detail:ident $get:ident $create:ident $update:ident $delete:ident) => {
        vec![
            get(concat!("/", $collection), nothing::<rules::$all>),
            get(
                concat!("/", $collection, "/detail"),
                nothing::<rules::$detail>,
            ),
            post(concat!("/", $collection), nothing::<rules::$create>),
            get(
                concat!("/", $collection, "/{ident}"),
                nothing::<rules::$get>,
            ),
            patch(
                concat!("/", $collection, "/{ident}"),
                nothing::<rules::$update>,
            ),
            delete(
                concat!("/", $collection, "/{ident}"),
                nothing::<rules::$delete>,
            ),
            get(
                concat!("/", $collection, "/{ident}/{bay}"),
                nothing::<rules::$get>,
            ),
            patch(
                concat!("/", $collection, "/{ident}/{bay}"),
                nothing::<rules::$update>,
            ),
            delete(
                concat!("/", $collection, "/{ident}/{bay}"),
                nothing::<rules::$delete>,
            ),
        ]
    };
}

fn services() -> Vec<Route> {
    manifests!("services": ServiceGetAll ServiceDetail ServiceGet ServiceCreate ServiceUpdate ServiceDelete)
}

/// An action stands behind the container, or before it.
macro_rules! actions {
    ($($method:ident $action:literal $rule:ident)+) => {
        vec![$(
            $method(concat!("/containers/{ident}/", $action), nothing::<rules::$rule>),
            $method(concat!("/containers/", $action, "/{ident}"), nothing::<rules::$rule>),
        )+]
    };
}

fn containers() -> Vec<Route> {
    let mut routes = vec![
        get("/containers", nothing::<rules::ContainerGetAll>),
        get("/containers/detail", nothing::<rules::ContainerDetail>),
        post("/containers", nothing::<rules::ContainerCreate>),
        get("/containers/{ident}", nothing::<rules::ContainerGet>),
        patch("/containers/{ident}", nothing::<rules::ContainerUpdate>),
        delete("/containers/{ident}", nothing::<rules::ContainerDelete>),
    ];
    routes.extend(actions![
        put "start" ContainerStart
        put "stop" ContainerStop
        put "reboot" ContainerReboot
        put "pause" ContainerPause
        put "unpause" ContainerUnpause
        get "logs" ContainerLogs
        put "execute" ContainerExecute
    ]);
    routes
}
