//! Keystone's unified limits are not built: each service keeps quotas of its own.

use super::rules;
use crate::ctx::Ctx;
use crate::reply::Reply;
use crate::route::{Route, get, post};
use schemas::Error;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/limits", limits),
        post("/limits", limits),
        get("/limits/model", limits),
        get("/registered_limits", registered),
        post("/registered_limits", registered),
    ]
}

fn not_built() -> Error {
    Error::NotImplemented(
        "Unified limits are not built; ask each service for its quotas instead.".into(),
    )
}

async fn limits(_: Ctx<rules::GetLimits>) -> Reply {
    Err(not_built())
}

async fn registered(_: Ctx<rules::GetRegisteredLimits>) -> Reply {
    Err(not_built())
}
