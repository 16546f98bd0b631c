//! `/stats`: how many clusters and nodes there are.

use super::call::must;
use super::rules;
use crate::ctx::Pending;
use crate::extract::Query;
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::{Error, Result};
use serde_json::json;
use store::Scope;
use store::container_infra::{clusters, nodegroups};

/// The route of stats.
pub fn routes() -> Vec<Route> {
    vec![get("/stats", show).takes(&["project_id", "type"])]
}

/// Whose: of the project named, or the caller's own; all, for an administrator who names none.
fn subject(pending: &Pending<rules::StatsGetAll>, query: &Query) -> Result<Scope> {
    let named = query.get("project_id").filter(|id| !id.is_empty());
    match named {
        Some(id) => Ok(Scope::Project(id.to_owned())),
        None if pending.is_admin() => Ok(Scope::All),
        None => Ok(Scope::Project(pending.project_id()?.to_owned())),
    }
}

async fn show(pending: Pending<rules::StatsGetAll>, query: Query) -> Reply {
    let scope = subject(&pending, &query)?;
    match &scope {
        Scope::Project(id) => must::<rules::StatsGetAll>(&pending, &Target::project(id))?,
        Scope::All => must::<rules::StatsGetAll>(&pending, &pending.own())?,
    }
    if let Some(kind) = query.get("type").filter(|kind| *kind != "cluster") {
        return Err(Error::BadRequest(format!(
            "Invalid type: {kind}; only cluster is counted."
        )));
    }
    let counts = pending
        .read(move |conn| {
            let project = match &scope {
                Scope::All => None,
                Scope::Project(id) => Some(id.as_str()),
            };
            let nodes = nodegroups::count_nodes(conn, project)?;
            Ok((clusters::count(conn, &scope)?, nodes))
        })
        .await?;
    reply::ok(&json!({ "clusters": counts.0, "nodes": counts.1 }))
}
