//! `/v3/roles`: those of the cloud, and those of a domain.

use super::common::{extra, keep, links, merge, unchanged};
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::role::{Create, Role, Update};
use schemas::{Error, Result, ids};
use serde_json::json;
use store::identity::domains;
use store::identity::roles::{self, Role as Row};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/roles", list),
        post("/roles", create),
        get("/roles/{role_id}", show),
        patch("/roles/{role_id}", update),
        delete("/roles/{role_id}", remove),
    ]
}

pub(super) fn domain(row: &Row) -> Option<String> {
    Some(row.domain_id.clone()).filter(|id| !id.is_empty())
}

pub(super) fn view(caller: &Caller, row: Row) -> Result<Role> {
    Ok(Role {
        links: links(caller, &format!("/roles/{}", row.id)),
        domain_id: domain(&row),
        id: row.id,
        name: row.name,
        description: row.description,
        extra: extra(&row.extra)?,
    })
}

/// Roles of domains stand under rules of their own; the route's is that of the cloud's roles.
fn both(caller: &Caller, row: &Row, domain_rule: fn(&Caller, &Target<'_>) -> bool) -> Result<()> {
    let target = Target::new().with("target.role.domain_id", &row.domain_id);
    if row.domain_id.is_empty() || domain_rule(caller, &target) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Policy does not allow this with a role of a domain.".into(),
    ))
}

async fn list(pending: Pending<rules::ListRoles>, query: Query) -> Reply {
    let domain_id = query.get("domain_id").unwrap_or_default().to_owned();
    let target = Target::new().with("target.domain_id", &domain_id);
    if domain_id.is_empty() {
        let ctx = pending.authorize(&target)?;
        return listed(&ctx, &query, domain_id).await;
    }
    if !pending.check::<rules::ListDomainRoles>(&target) {
        return Err(Error::Forbidden(
            "Policy does not allow listing these roles.".into(),
        ));
    }
    listed(&pending, &query, domain_id.clone()).await
}

async fn listed(caller: &Caller, query: &Query, domain_id: String) -> Reply {
    let name = query.get("name").map(str::to_owned);
    let rows = caller
        .read(move |conn| roles::list(conn, &domain_id, name.as_deref()))
        .await?;
    let items = rows
        .into_iter()
        .map(|row| view(caller, row))
        .collect::<Result<Vec<_>>>()?;
    collection(caller, query, "roles", items)
}

async fn show(pending: Pending<rules::GetRole>, Path(id): Path<String>) -> Reply {
    let row = pending.find(move |conn| roles::get(conn, &id)).await?;
    if row.domain_id.is_empty() {
        let ctx = pending.authorize(&Target::new().with("target.role.name", &row.name))?;
        return reply::ok(&json!({ "role": view(&ctx, row)? }));
    }
    both(&pending, &row, |caller, target| {
        caller.check::<rules::GetDomainRole>(target)
    })?;
    reply::ok(&json!({ "role": view(&pending, row)? }))
}

async fn create(pending: Pending<rules::CreateRole>, Json(body): Json<Create>) -> Reply {
    let new = body.role;
    let row = Row {
        id: ids::identity_id(),
        domain_id: new.domain_id.unwrap_or_default(),
        name: new.name.into(),
        description: new.description.unwrap_or_default(),
        extra: keep(new.extra),
        created_at: pending.state().clock.now().0,
    };
    let ctx = pending.authorize(&Target::new())?;
    both(&ctx, &row, |caller, target| {
        caller.check::<rules::CreateDomainRole>(target)
    })?;
    let made = row.clone();
    ctx.store()
        .write(move |tx| {
            if !made.domain_id.is_empty() && domains::find(tx, &made.domain_id)?.is_none() {
                let error = format!("There is no domain {}.", made.domain_id);
                return Err(Error::BadRequest(error).into());
            }
            roles::create(tx, &made)
        })
        .await?;
    reply::created(&json!({ "role": view(&ctx, row)? }))
}

async fn update(
    pending: Pending<rules::UpdateRole>,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Reply {
    let wanted = id.clone();
    let row = pending.find(move |conn| roles::get(conn, &wanted)).await?;
    let ctx = pending.authorize(&Target::new())?;
    both(&ctx, &row, |caller, target| {
        caller.check::<rules::UpdateDomainRole>(target)
    })?;
    let change = body.role;
    unchanged("domain_id", change.domain_id.as_deref(), &row.domain_id)?;
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = roles::get(tx, &id)?;
            let change = change.clone();
            row.name = change.name.map_or(row.name, Into::into);
            row.description = change.description.unwrap_or(row.description);
            row.extra = merge(&row.extra, change.extra)?;
            roles::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "role": view(&ctx, row)? }))
}

async fn remove(pending: Pending<rules::DeleteRole>, Path(id): Path<String>) -> Reply {
    let wanted = id.clone();
    let row = pending.find(move |conn| roles::get(conn, &wanted)).await?;
    let ctx = pending.authorize(&Target::new())?;
    both(&ctx, &row, |caller, target| {
        caller.check::<rules::DeleteDomainRole>(target)
    })?;
    ctx.store().write(move |tx| roles::delete(tx, &id)).await?;
    reply::no_content()
}
