//! `/v3/users`, and what belongs to one: projects, groups, password.

use super::common::{extra, keep, links, list_domain, merge, new_domain, unchanged};
use super::listing::collection;
use super::{groups, own, projects, rules};
use crate::ctx::{Caller, Open, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::user::{Create, Options, PasswordChange, Update, User};
use schemas::{Error, Result, Timestamp, ids};
use serde_json::json;
use store::identity::users::{self, Filter, User as Row};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/users", list),
        post("/users", create),
        get("/users/{user_id}", show),
        patch("/users/{user_id}", update),
        delete("/users/{user_id}", remove),
        post("/users/{user_id}/password", change_password),
        get("/users/{user_id}/projects", list_projects),
        get("/users/{user_id}/groups", list_groups),
    ]
}

pub(super) fn view(caller: &Caller, row: Row) -> Result<User> {
    Ok(User {
        links: links(caller, &format!("/users/{}", row.id)),
        id: row.id,
        name: row.name,
        domain_id: row.domain_id,
        enabled: row.enabled != 0,
        default_project_id: row.default_project_id,
        description: row.description,
        password_expires_at: row.password_expires_at.map(|at| Timestamp(at).micros()),
        options: serde_json::from_str(&row.options).map_err(Error::internal)?,
        extra: extra(&row.extra)?,
    })
}

pub(super) fn target(row: &Row) -> Target<'_> {
    Target::new()
        .with("target.user.id", &row.id)
        .with("target.user.domain_id", &row.domain_id)
        .with("user_id", &row.id)
}

/// The options after a change.
fn options(mut old: Options, new: Options) -> Result<String> {
    if new.multi_factor_auth_enabled == Some(true) {
        return Err(Error::NotImplemented(
            "Log-in with several methods at once (multi_factor_auth_enabled) is not built.".into(),
        ));
    }
    macro_rules! take {
        ($($name:ident)+) => {$( old.$name = new.$name.or(old.$name); )+};
    }
    take! {
        ignore_lockout_failure_attempts lock_password ignore_password_expiry
        ignore_change_password_upon_first_use ignore_user_inactivity multi_factor_auth_enabled
        multi_factor_auth_rules
    }
    serde_json::to_string(&old).map_err(Error::internal)
}

async fn list(pending: Pending<rules::ListUsers>, query: Query) -> Reply {
    let domain_id = list_domain(&pending, &query);
    let ctx = pending.authorize(&Target::new().with("target.domain_id", domain_id.as_ref()))?;
    let filter = Filter {
        domain_id,
        name: query.get("name").map(str::to_owned),
        enabled: query.boolean("enabled")?,
    };
    let rows = ctx.read(move |conn| users::list(conn, &filter)).await?;
    let items = rows
        .into_iter()
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "users", items)
}

async fn show(pending: Pending<rules::GetUser>, Path(id): Path<String>) -> Reply {
    let row = pending.find(move |conn| users::get(conn, &id)).await?;
    let ctx = pending.authorize(&target(&row))?;
    reply::ok(&json!({ "user": view(&ctx, row)? }))
}

async fn create(pending: Pending<rules::CreateUser>, Json(body): Json<Create>) -> Reply {
    let new = body.user;
    let now = pending.state().clock.now();
    let mut row = Row {
        id: ids::identity_id(),
        domain_id: new_domain(&pending, new.domain_id),
        name: new.name.into(),
        enabled: new.enabled.unwrap_or(true).into(),
        default_project_id: new.default_project_id,
        description: new.description.unwrap_or_default(),
        extra: keep(new.extra),
        options: options(Options::default(), new.options.unwrap_or_default())?,
        password_hash: None,
        password_expires_at: None,
        failures: 0,
        failed_at: 0,
        tokens_after: 0,
        created_at: now.0,
    };
    let ctx = pending.authorize(&target(&row))?;
    if let Some(password) = &new.password {
        row.password_hash = Some(ctx.state().passwords.hash(password).await?);
    }
    let made = row.clone();
    ctx.store()
        .write(move |tx| users::create(tx, &made))
        .await?;
    reply::created(&json!({ "user": view(&ctx, row)? }))
}

async fn update(
    pending: Pending<rules::UpdateUser>,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Reply {
    let wanted = id.clone();
    let row = pending.find(move |conn| users::get(conn, &wanted)).await?;
    let ctx = pending.authorize(&target(&row))?;
    let change = body.user;
    unchanged("domain_id", change.domain_id.as_deref(), &row.domain_id)?;
    let hash = match &change.password {
        None => None,
        Some(None) => Some(None),
        Some(Some(password)) => Some(Some(ctx.state().passwords.hash(password).await?)),
    };
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = users::get(tx, &id)?;
            let change = change.clone();
            let disabled = change.enabled == Some(false) && row.enabled != 0;
            if disabled || hash.is_some() {
                row.tokens_after = tx.now().0;
            }
            row.name = change.name.map_or(row.name, Into::into);
            row.description = change.description.unwrap_or(row.description);
            row.enabled = change.enabled.map_or(row.enabled, i32::from);
            if let Some(project) = change.default_project_id {
                row.default_project_id = project;
            }
            if let Some(changed) = change.options {
                row.options = options(serde_json::from_str(&row.options)?, changed)?;
            }
            if let Some(hash) = &hash {
                row.password_hash.clone_from(hash);
                row.failures = 0;
            }
            row.extra = merge(&row.extra, change.extra)?;
            users::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "user": view(&ctx, row)? }))
}

async fn remove(pending: Pending<rules::DeleteUser>, Path(id): Path<String>) -> Reply {
    let wanted = id.clone();
    let row = pending.find(move |conn| users::get(conn, &wanted)).await?;
    let ctx = pending.authorize(&target(&row))?;
    ctx.store().write(move |tx| users::delete(tx, &id)).await?;
    reply::no_content()
}

/// The old password is what proves the caller: no token is needed, as upstream.
async fn change_password(
    open: Open,
    Path(id): Path<String>,
    Json(body): Json<PasswordChange>,
) -> Reply {
    let state = open.state();
    let user = super::auth::by_password(state, Some(id), None, None, &body.user.original_password);
    let user = user.await?;
    let set: Options = serde_json::from_str(&user.options).map_err(Error::internal)?;
    if set.lock_password == Some(true) {
        return Err(Error::BadRequest(
            "The password of this user is locked.".into(),
        ));
    }
    if body.user.original_password == body.user.password {
        return Err(Error::BadRequest("The new password is the old one.".into()));
    }
    let hash = state.passwords.hash(&body.user.password).await?;
    open.store()
        .write(move |tx| {
            let mut row = users::get(tx, &user.id)?;
            row.password_hash = Some(hash.clone());
            row.tokens_after = tx.now().0;
            users::update(tx, &row)
        })
        .await?;
    reply::no_content()
}

async fn list_projects(
    pending: Pending<rules::ListUserProjects>,
    Path(id): Path<String>,
    query: Query,
) -> Reply {
    let wanted = id.clone();
    let row = pending.find(move |conn| users::get(conn, &wanted)).await?;
    let ctx = pending.authorize(&target(&row))?;
    let rows = ctx.read(move |conn| own::projects(conn, &id)).await?;
    let items = rows
        .into_iter()
        .map(|row| projects::view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "projects", items)
}

async fn list_groups(
    pending: Pending<rules::ListGroupsForUser>,
    Path(id): Path<String>,
    query: Query,
) -> Reply {
    let wanted = id.clone();
    let row = pending.find(move |conn| users::get(conn, &wanted)).await?;
    let ctx = pending.authorize(&target(&row))?;
    let rows = ctx
        .read(move |conn| store::identity::groups::of_user(conn, &id))
        .await?;
    let items = rows
        .into_iter()
        .map(|row| groups::view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "groups", items)
}
