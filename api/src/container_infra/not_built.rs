//! Services of clusters, which are not built yet: every way to ask is known, checked for its caller, and
//! answered 501.

use super::rules;
use crate::ctx::Ctx;
use crate::policy::Rule;
use crate::reply::Reply;
use crate::route::{Route, delete, get, patch, post};
use schemas::Error;

/// The routes of what is not built.
pub fn routes() -> Vec<Route> {
    let known = &["bay_ident", "limit", "marker", "sort_key", "sort_dir"];
    let routes = services().into_iter();
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
