//! Which projects may use a flavor that is not public.

use crate::compute::{call, rules};
use crate::ctx::Ctx;
use crate::extract::{Json, Path};
use crate::reply::{self, Reply};
use crate::route::{Route, get, post};
use schemas::Error;
use schemas::compute::flavor::Access;
use serde_json::{Value, json};
use store::compute::flavors::{self, Sight};
use store::{Conn, Result};

/// The routes of flavor access.
pub fn routes() -> Vec<Route> {
    vec![
        get("/flavors/{id}/os-flavor-access", index),
        post("/flavors/{id}/action", action),
    ]
}

fn view(conn: &mut Conn, id: &str) -> Result<Value> {
    let projects = flavors::projects_of(conn, id)?;
    let list: Vec<Value> = projects
        .iter()
        .map(|project| json!({ "flavor_id": id, "tenant_id": project }))
        .collect();
    Ok(json!({ "flavor_access": list }))
}

async fn index(ctx: Ctx<rules::FlavorAccess>, Path(id): Path<String>) -> Reply {
    let view = ctx
        .read(move |conn| {
            let found = flavors::get(conn, &Sight::All, &id)?;
            let flavor = found.ok_or_else(|| flavors::missing(&id))?;
            if flavor.is_public != 0 {
                let text = "Access list not available for public flavors.";
                return Err(Error::NotFound(text.into()).into());
            }
            view(conn, &id)
        })
        .await?;
    reply::ok(&view)
}

async fn action(
    ctx: Ctx<rules::FlavorAccess>,
    Path(id): Path<String>,
    Json(body): Json<Access>,
) -> Reply {
    match body {
        Access::Add(_) => call::must::<rules::FlavorAddAccess>(&ctx)?,
        Access::Remove(_) => call::must::<rules::FlavorRemoveAccess>(&ctx)?,
    }
    let view = ctx
        .store()
        .write(move |tx| {
            let found = flavors::get(tx, &Sight::All, &id)?;
            let flavor = found.ok_or_else(|| flavors::missing(&id))?;
            match &body {
                Access::Add(_) if flavor.is_public != 0 => {
                    let text = "Can not add access to a public flavor.";
                    return Err(Error::Conflict(text.into()).into());
                }
                Access::Add(project) => flavors::give_access(tx, &id, &project.tenant)?,
                Access::Remove(project) => flavors::take_access(tx, &id, &project.tenant)?,
            }
            view(tx, &id)
        })
        .await?;
    reply::ok(&view)
}
