//! Giving roles: `/v3/{projects,domains}/{id}/{users,groups}/{id}/roles/{id}`, the same below
//! `/OS-INHERIT` for what is inherited downwards, and `/v3/system/{users,groups}/…`.

use super::listing::collection;
use super::{roles, rules};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Path, Query};
use crate::policy::{Rule, Target};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, head, put};
use schemas::{Error, Result};
use std::collections::HashSet;
use store::identity::assignments::{self, Assignment, SYSTEM};
use store::identity::roles::Role;
use store::identity::{application_credentials, domains, groups, projects, users};
use store::{Conn, Result as Read};

macro_rules! one {
    ($path:literal, $check:expr, $create:expr, $revoke:expr) => {
        [
            get($path, $check),
            head($path, $check),
            put($path, $create),
            delete($path, $revoke),
        ]
    };
}

pub(super) fn routes() -> Vec<Route> {
    use rules::{
        CheckSystemGrantForGroup as CheckGroup, CheckSystemGrantForUser as CheckUser,
        CreateSystemGrantForGroup as CreateGroup, CreateSystemGrantForUser as CreateUser,
        ListSystemGrantsForGroup as ListGroup, ListSystemGrantsForUser as ListUser,
        RevokeSystemGrantForGroup as RevokeGroup, RevokeSystemGrantForUser as RevokeUser,
    };
    let mut all = Vec::new();
    macro_rules! grants {
        ($($list:literal, $one:literal;)+) => {$(
            all.push(get($list, list));
            all.extend(one!($one, check, create, revoke));
        )+};
    }
    grants! {
        "/projects/{project_id}/users/{user_id}/roles",
        "/projects/{project_id}/users/{user_id}/roles/{role_id}";
        "/projects/{project_id}/groups/{group_id}/roles",
        "/projects/{project_id}/groups/{group_id}/roles/{role_id}";
        "/domains/{domain_id}/users/{user_id}/roles",
        "/domains/{domain_id}/users/{user_id}/roles/{role_id}";
        "/domains/{domain_id}/groups/{group_id}/roles",
        "/domains/{domain_id}/groups/{group_id}/roles/{role_id}";
        "/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/inherited_to_projects",
        "/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects";
        "/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/inherited_to_projects",
        "/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects";
        "/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/inherited_to_projects",
        "/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects";
        "/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/inherited_to_projects",
        "/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects";
    }
    all.push(get(
        "/system/users/{user_id}/roles",
        system_list::<ListUser>,
    ));
    all.push(get(
        "/system/groups/{group_id}/roles",
        system_list::<ListGroup>,
    ));
    all.extend(one!(
        "/system/users/{user_id}/roles/{role_id}",
        system_check::<CheckUser>,
        system_create::<CreateUser>,
        system_revoke::<RevokeUser>
    ));
    all.extend(one!(
        "/system/groups/{group_id}/roles/{role_id}",
        system_check::<CheckGroup>,
        system_create::<CreateGroup>,
        system_revoke::<RevokeGroup>
    ));
    all
}

/// What the route's path says about the grant, and the ids in it.
fn grant(caller: &Caller, target_id: &str, actor_id: &str, role_id: &str) -> Assignment {
    let path = caller.route().path;
    let pick =
        |hit: &str, yes: &str, no: &str| if path.contains(hit) { yes } else { no }.to_owned();
    let target = if path.starts_with("/system") {
        "system".to_owned()
    } else {
        pick("/domains/", "domain", "project")
    };
    Assignment {
        actor: pick("/groups/", "group", "user"),
        actor_id: actor_id.to_owned(),
        target,
        target_id: target_id.to_owned(),
        role_id: role_id.to_owned(),
        inherited: path.starts_with("/OS-INHERIT").into(),
    }
}

/// The domains of all that a grant names, as rules ask for them.
#[derive(Clone)]
struct Parties {
    actor_domain: String,
    target_domain: String,
    role: Option<Role>,
}

fn parties(conn: &mut Conn, grant: &Assignment) -> Read<Parties> {
    let actor_domain = if grant.actor == "user" {
        users::get(conn, &grant.actor_id)?.domain_id
    } else {
        groups::get(conn, &grant.actor_id)?.domain_id
    };
    let target_domain = match grant.target.as_str() {
        "project" => projects::get(conn, &grant.target_id)?.domain_id,
        "domain" => domains::get(conn, &grant.target_id)?.id,
        _ => String::new(),
    };
    let role = match grant.role_id.as_str() {
        "" => None,
        id => Some(store::identity::roles::get(conn, id)?),
    };
    Ok(Parties {
        actor_domain,
        target_domain,
        role,
    })
}

async fn authorized<R: Rule>(pending: Pending<R>, grant: &Assignment) -> Result<(Ctx<R>, Parties)> {
    let asked = grant.clone();
    let parties = pending.find(move |conn| parties(conn, &asked)).await?;
    let target = Target::new()
        .with(format!("target.{}.id", grant.actor), &grant.actor_id)
        .with(
            format!("target.{}.domain_id", grant.actor),
            &parties.actor_domain,
        )
        .with(format!("target.{}.id", grant.target), &grant.target_id)
        .with(
            format!("target.{}.domain_id", grant.target),
            &parties.target_domain,
        );
    let target = match &parties.role {
        None => target,
        Some(role) => target.with("target.role.name", &role.name).with(
            "target.role.domain_id",
            Some(&role.domain_id).filter(|id| !id.is_empty()),
        ),
    };
    Ok((pending.authorize(&target)?, parties))
}

async fn list(
    pending: Pending<rules::ListGrants>,
    Path((target, actor)): Path<(String, String)>,
    query: Query,
) -> Reply {
    let grant = grant(&pending, &target, &actor, "");
    let (ctx, _) = authorized(pending, &grant).await?;
    given(&ctx, &query, grant).await
}

/// The roles an actor has directly on a target.
async fn given(caller: &Caller, query: &Query, grant: Assignment) -> Reply {
    let rows = caller
        .read(move |conn| {
            let ids: HashSet<String> = assignments::of_actor(conn, &grant.actor, &grant.actor_id)?
                .into_iter()
                .filter(|a| a.target == grant.target && a.target_id == grant.target_id)
                .filter(|a| a.inherited == grant.inherited)
                .map(|a| a.role_id)
                .collect();
            let mut roles: Vec<Role> = store::identity::roles::all(conn)?
                .into_values()
                .filter(|role| ids.contains(&role.id))
                .collect();
            roles.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            Ok(roles)
        })
        .await?;
    let items = rows
        .into_iter()
        .map(|row| roles::view(caller, row))
        .collect::<Result<Vec<_>>>()?;
    collection(caller, query, "roles", items)
}

async fn check(
    pending: Pending<rules::CheckGrant>,
    Path((target, actor, role)): Path<(String, String, String)>,
) -> Reply {
    let grant = grant(&pending, &target, &actor, &role);
    let (ctx, _) = authorized(pending, &grant).await?;
    ctx.read(move |conn| assignments::check(conn, &grant))
        .await?;
    reply::no_content()
}

async fn create(
    pending: Pending<rules::CreateGrant>,
    Path((target, actor, role)): Path<(String, String, String)>,
) -> Reply {
    let grant = grant(&pending, &target, &actor, &role);
    let (ctx, parties) = authorized(pending, &grant).await?;
    if let Some(role) = parties.role
        && !role.domain_id.is_empty()
        && role.domain_id != parties.target_domain
    {
        return Err(Error::Forbidden(
            "A role of a domain can be given only on that domain and its projects.".into(),
        ));
    }
    ctx.store().write(move |tx| give(tx, &grant)).await?;
    reply::no_content()
}

/// The parties are looked at again: one may have gone since.
fn give(tx: &mut store::Tx<'_>, grant: &Assignment) -> Read<()> {
    parties(tx, grant)?;
    assignments::grant(tx, grant)
}

async fn revoke(
    pending: Pending<rules::RevokeGrant>,
    Path((target, actor, role)): Path<(String, String, String)>,
) -> Reply {
    let grant = grant(&pending, &target, &actor, &role);
    let (ctx, _) = authorized(pending, &grant).await?;
    ctx.store()
        .write(move |tx| {
            assignments::revoke(tx, &grant)?;
            if grant.actor == "user" && grant.target == "project" {
                application_credentials::forget(tx, &grant.actor_id, &grant.target_id)?;
            }
            Ok(())
        })
        .await?;
    reply::no_content()
}

async fn system_list<R: Rule>(ctx: Ctx<R>, Path(actor): Path<String>, query: Query) -> Reply {
    let grant = grant(&ctx, SYSTEM, &actor, "");
    let asked = grant.clone();
    ctx.read(move |conn| parties(conn, &asked)).await?;
    given(&ctx, &query, grant).await
}

async fn system_check<R: Rule>(ctx: Ctx<R>, Path((actor, role)): Path<(String, String)>) -> Reply {
    let grant = grant(&ctx, SYSTEM, &actor, &role);
    ctx.read(move |conn| assignments::check(conn, &grant))
        .await?;
    reply::no_content()
}

async fn system_create<R: Rule>(ctx: Ctx<R>, Path((actor, role)): Path<(String, String)>) -> Reply {
    let grant = grant(&ctx, SYSTEM, &actor, &role);
    ctx.store()
        .write(move |tx| {
            if parties(tx, &grant)?
                .role
                .is_some_and(|role| !role.domain_id.is_empty())
            {
                let error = "A role of a domain cannot be given on the system.";
                return Err(Error::Forbidden(error.into()).into());
            }
            assignments::grant(tx, &grant)
        })
        .await?;
    reply::no_content()
}

async fn system_revoke<R: Rule>(ctx: Ctx<R>, Path((actor, role)): Path<(String, String)>) -> Reply {
    let grant = grant(&ctx, SYSTEM, &actor, &role);
    ctx.store()
        .write(move |tx| assignments::revoke(tx, &grant))
        .await?;
    reply::no_content()
}
