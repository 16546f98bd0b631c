//! What can be imported how, and where images are kept.

use super::rules;
use crate::ctx::Ctx;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use serde_json::json;

pub(super) fn routes() -> Vec<Route> {
    vec![get("/info/import", import), get("/info/stores", stores)]
}

async fn import(ctx: Ctx<rules::Discover>) -> Reply {
    let methods: Vec<&str> = super::import::methods(ctx.state()).split(',').collect();
    reply::ok(&json!({ "import-methods": {
        "description": "Import methods available.",
        "type": "array",
        "value": methods,
    }}))
}

async fn stores(_: Ctx<rules::Discover>) -> Reply {
    reply::ok(&json!({ "stores": [{
        "id": "default",
        "description": "Content-addressed blobs; layers are kept once.",
        "default": "true",
    }]}))
}
