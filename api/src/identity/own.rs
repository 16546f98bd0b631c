//! What a user can get tokens for: `/v3/auth/{projects,domains,system}`.

use super::listing::collection;
use super::{catalog, projects as project_views, rules};
use crate::ctx::Ctx;
use crate::extract::Query;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::Error;
use serde_json::json;
use std::collections::HashSet;
use store::identity::projects::{self as project_rows, Filter, Project};
use store::identity::{assignments, domains};
use store::{Conn, Result};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/auth/projects", list_projects),
        get("/auth/domains", list_domains),
        get("/auth/system", system),
        get("/auth/catalog", show_catalog),
    ]
}

/// The enabled projects a user has any role on, directly, through groups or inherited.
pub(super) fn projects(conn: &mut Conn, user_id: &str) -> Result<Vec<Project>> {
    let mut ids = HashSet::new();
    for assignment in assignments::of_user(conn, user_id)? {
        match (assignment.target.as_str(), assignment.inherited) {
            ("project", 0) => {
                ids.insert(assignment.target_id);
            }
            ("project", _) => {
                let below = project_rows::subtree(conn, &assignment.target_id)?;
                ids.extend(below.into_iter().map(|project| project.id));
            }
            ("domain", 1) => {
                let filter = Filter {
                    domain_id: Some(assignment.target_id),
                    ..Filter::default()
                };
                let within = project_rows::list(conn, &filter)?;
                ids.extend(within.into_iter().map(|project| project.id));
            }
            _ => {}
        }
    }
    let enabled: HashSet<String> = domains::list(conn)?
        .into_iter()
        .filter(|domain| domain.enabled != 0)
        .map(|domain| domain.id)
        .collect();
    let mut found = project_rows::with_ids(conn, &ids)?;
    found.retain(|project| project.enabled != 0 && enabled.contains(&project.domain_id));
    Ok(found)
}

async fn list_projects(ctx: Ctx<rules::GetAuthProjects>, query: Query) -> Reply {
    let user = ctx.user_id().to_owned();
    let rows = ctx.read(move |conn| projects(conn, &user)).await?;
    let items = rows.into_iter().map(|row| project_views::view(&ctx, row));
    collection(
        &ctx,
        &query,
        "projects",
        items.collect::<schemas::Result<Vec<_>>>()?,
    )
}

async fn list_domains(ctx: Ctx<rules::GetAuthDomains>, query: Query) -> Reply {
    let user = ctx.user_id().to_owned();
    let rows = ctx
        .read(move |conn| {
            let ids: HashSet<String> = assignments::of_user(conn, &user)?
                .into_iter()
                .filter(|a| a.target == "domain" && a.inherited == 0)
                .map(|a| a.target_id)
                .collect();
            let mut rows = domains::list(conn)?;
            rows.retain(|domain| domain.enabled != 0 && ids.contains(&domain.id));
            Ok(rows)
        })
        .await?;
    let items = rows.into_iter().map(|row| super::domains::view(&ctx, row));
    collection(
        &ctx,
        &query,
        "domains",
        items.collect::<schemas::Result<Vec<_>>>()?,
    )
}

async fn system(ctx: Ctx<rules::GetAuthSystem>) -> Reply {
    let user = ctx.user_id().to_owned();
    let roles = ctx
        .read(move |conn| assignments::roles_on_system(conn, &user))
        .await?;
    let system = if roles.is_empty() {
        json!([])
    } else {
        json!([{ "all": true }])
    };
    reply::ok(&json!({ "system": system, "links": { "self": ctx.url("/auth/system") } }))
}

async fn show_catalog(ctx: Ctx<rules::GetAuthCatalog>) -> Reply {
    if ctx.auth().scope == crate::auth::TokenScope::Unscoped {
        return Err(Error::Forbidden(
            "There is no catalog for an unscoped token; log in with a project.".into(),
        ));
    }
    let services = catalog::of(&ctx, ctx.auth()).await?;
    let own = ctx.url("/auth/catalog");
    reply::ok(&json!({ "catalog": services, "links": { "self": own } }))
}
