//! `/v3/groups` and who is in them.

use super::common::{extra, keep, links, list_domain, merge, new_domain, unchanged};
use super::listing::collection;
use super::{rules, users};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::{Rule, Target};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post, put};
use schemas::identity::group::{Create, Group, Update};
use schemas::{Error, Result, ids};
use serde_json::json;
use store::identity::groups::{self, Group as Row};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/groups", list),
        post("/groups", create),
        get("/groups/{group_id}", show),
        patch("/groups/{group_id}", update),
        delete("/groups/{group_id}", remove),
        get("/groups/{group_id}/users", members),
        get("/groups/{group_id}/users/{user_id}", check),
        put("/groups/{group_id}/users/{user_id}", add),
        delete("/groups/{group_id}/users/{user_id}", take_out),
    ]
}

pub(super) fn view(caller: &Caller, row: Row) -> Result<Group> {
    Ok(Group {
        links: links(caller, &format!("/groups/{}", row.id)),
        id: row.id,
        name: row.name,
        domain_id: row.domain_id,
        description: row.description,
        extra: extra(&row.extra)?,
    })
}

fn target(row: &Row) -> Target<'_> {
    Target::new()
        .with("target.group.id", &row.id)
        .with("target.group.domain_id", &row.domain_id)
}

async fn authorized<R: Rule>(pending: Pending<R>, id: &str) -> Result<(Ctx<R>, Row)> {
    let id = id.to_owned();
    let row = pending.find(move |conn| groups::get(conn, &id)).await?;
    Ok((pending.authorize(&target(&row))?, row))
}

async fn list(pending: Pending<rules::ListGroups>, query: Query) -> Reply {
    let domain = list_domain(&pending, &query);
    let ctx = pending.authorize(&Target::new().with("target.domain_id", domain.as_ref()))?;
    let name = query.get("name").map(str::to_owned);
    let rows = ctx
        .read(move |conn| groups::list(conn, domain.as_deref(), name.as_deref()))
        .await?;
    let items = rows
        .into_iter()
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "groups", items)
}

async fn show(pending: Pending<rules::GetGroup>, Path(id): Path<String>) -> Reply {
    let (ctx, row) = authorized(pending, &id).await?;
    reply::ok(&json!({ "group": view(&ctx, row)? }))
}

async fn create(pending: Pending<rules::CreateGroup>, Json(body): Json<Create>) -> Reply {
    let new = body.group;
    let row = Row {
        id: ids::identity_id(),
        domain_id: new_domain(&pending, new.domain_id),
        name: new.name.into(),
        description: new.description.unwrap_or_default(),
        extra: keep(new.extra),
        created_at: pending.state().clock.now().0,
    };
    let ctx = pending.authorize(&target(&row))?;
    let made = row.clone();
    ctx.store()
        .write(move |tx| groups::create(tx, &made))
        .await?;
    reply::created(&json!({ "group": view(&ctx, row)? }))
}

async fn update(
    pending: Pending<rules::UpdateGroup>,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Reply {
    let (ctx, row) = authorized(pending, &id).await?;
    let change = body.group;
    unchanged("domain_id", change.domain_id.as_deref(), &row.domain_id)?;
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = groups::get(tx, &id)?;
            let change = change.clone();
            row.name = change.name.map_or(row.name, Into::into);
            row.description = change.description.unwrap_or(row.description);
            row.extra = merge(&row.extra, change.extra)?;
            groups::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "group": view(&ctx, row)? }))
}

async fn remove(pending: Pending<rules::DeleteGroup>, Path(id): Path<String>) -> Reply {
    let (ctx, _) = authorized(pending, &id).await?;
    ctx.store().write(move |tx| groups::delete(tx, &id)).await?;
    reply::no_content()
}

async fn members(
    pending: Pending<rules::ListUsersInGroup>,
    Path(id): Path<String>,
    query: Query,
) -> Reply {
    let (ctx, _) = authorized(pending, &id).await?;
    let rows = ctx.read(move |conn| groups::members(conn, &id)).await?;
    let items = rows
        .into_iter()
        .map(|row| users::view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "users", items)
}

/// The rule is about both: whose user, and into whose group.
async fn both<R: Rule>(pending: Pending<R>, group: &str, user: &str) -> Result<Ctx<R>> {
    let (group, user) = (group.to_owned(), user.to_owned());
    let (group, user) = pending
        .find(move |conn| {
            Ok((
                groups::get(conn, &group)?,
                store::identity::users::get(conn, &user)?,
            ))
        })
        .await?;
    let target = target(&group)
        .with("target.user.id", &user.id)
        .with("target.user.domain_id", &user.domain_id);
    pending.authorize(&target)
}

async fn check(
    pending: Pending<rules::CheckUserInGroup>,
    Path((group, user)): Path<(String, String)>,
) -> Reply {
    let ctx = both(pending, &group, &user).await?;
    let missing = Error::not_found("Group member", &user);
    if ctx
        .read(move |conn| groups::is_member(conn, &group, &user))
        .await?
    {
        reply::no_content()
    } else {
        Err(missing)
    }
}

async fn add(
    pending: Pending<rules::AddUserToGroup>,
    Path((group, user)): Path<(String, String)>,
) -> Reply {
    let ctx = both(pending, &group, &user).await?;
    ctx.store()
        .write(move |tx| groups::add(tx, &group, &user))
        .await?;
    reply::no_content()
}

async fn take_out(
    pending: Pending<rules::RemoveUserFromGroup>,
    Path((group, user)): Path<(String, String)>,
) -> Reply {
    let ctx = both(pending, &group, &user).await?;
    ctx.store()
        .write(move |tx| groups::take_out(tx, &group, &user))
        .await?;
    reply::no_content()
}
