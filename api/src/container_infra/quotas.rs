//! `/quotas`: how many clusters a project may have.

use super::call::settings;
use super::page::Page;
use super::view::{since, when};
use super::{Object, rules};
use crate::ctx::{Ctx, Pending};
use crate::extract::{Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::quota::Wish;
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::container_infra::quotas::{self, Quota, RESOURCE};
use store::identity::projects;

/// The routes of quotas.
pub fn routes() -> Vec<Route> {
    let all = &["limit", "marker", "sort_key", "sort_dir", "all_tenants"];
    vec![
        get("/quotas", index).takes(all),
        post("/quotas", create),
        get("/quotas/{project}/{resource}", show),
        patch("/quotas/{project}/{resource}", update),
        delete("/quotas/{project}/{resource}", remove),
    ]
}

fn view(quota: &Quota) -> Value {
    json!({
        "id": quota.number,
        "project_id": quota.project_id,
        "resource": quota.resource,
        "hard_limit": quota.hard_limit,
        "created_at": when(quota.created_at),
        "updated_at": since(quota.updated_at),
    })
}

const KEYS: &[&str] = &[
    "project_id",
    "resource",
    "hard_limit",
    "created_at",
    "updated_at",
];

async fn index(ctx: Ctx<rules::QuotaGetAll>, query: Query) -> Reply {
    let page = Page::marked(&ctx, &query, KEYS)?;
    if let Some(marker) = page.marker.as_ref().filter(|it| it.parse::<i64>().is_err()) {
        return Err(Error::BadRequest(format!(
            "marker={marker} is no id of a quota: a whole number."
        )));
    }
    let all = query.boolean("all_tenants")? == Some(true) && ctx.is_admin();
    let own = ctx.auth().project().map(|project| project.id.clone());
    let whose = own.unwrap_or_default();
    let rows = ctx
        .read(move |conn| quotas::list(conn, Some(&*whose).filter(|_| !all)))
        .await?;
    let mark = |quota: &Quota| quota.number.to_string();
    let rows = page.arrange(rows, mark, |quota, key| view(quota)[key].take())?;
    let last = rows.last().map(mark);
    let items = rows.iter().map(view).collect();
    page.listed(&ctx, "quotas", "/quotas", items, last)
}

/// There is one resource.
fn known(resource: &str) -> Result<()> {
    match resource == RESOURCE {
        true => Ok(()),
        false => Err(Error::NotFound(format!(
            "There is no quota of {resource}; {RESOURCE} is the only resource that has one."
        ))),
    }
}

async fn show(
    pending: Pending<rules::QuotaGet>,
    Path((project, resource)): Path<(String, String)>,
) -> Reply {
    let ctx = pending.authorize(&Target::project(&project))?;
    known(&resource)?;
    let default = settings(&ctx).clusters;
    let (whose, what) = (project.clone(), resource.clone());
    let found = ctx
        .read(move |conn| quotas::find(conn, &whose, &what))
        .await?;
    match found {
        Some(quota) => reply::ok(&view(&quota)),
        None => reply::ok(&json!({
            "project_id": project,
            "resource": resource,
            "hard_limit": default,
        })),
    }
}

async fn create(ctx: Ctx<rules::QuotaCreate>, Object(map): Object) -> Reply {
    let wish: Wish = body::create(map, &["id", "created_at", "updated_at"])?;
    let project = mandatory("project_id", wish.project_id.as_deref())?;
    let resource = wish.resource.as_deref().unwrap_or(RESOURCE).to_owned();
    if resource != RESOURCE {
        return Err(invalid(
            "resource",
            &format!("{RESOURCE} is the only one that has a quota."),
        ));
    }
    let limit = wish.hard_limit.map_or(1, |limit| limit.get());
    let quota = ctx
        .store()
        .write(move |tx| {
            projects::get(tx, &project)?;
            quotas::insert(tx, &project, &resource, limit)
        })
        .await?;
    reply::created(&view(&quota))
}

fn mandatory(field: &str, value: Option<&str>) -> Result<String> {
    let value = value.map(str::to_owned);
    value.ok_or_else(|| invalid(field, "It is mandatory."))
}

/// No list of changes, as everywhere else, but an object like that of a new quota.
async fn update(
    ctx: Ctx<rules::QuotaUpdate>,
    Path((project, resource)): Path<(String, String)>,
    Object(map): Object,
) -> Reply {
    let wish: Wish = body::create(map, &["id", "created_at", "updated_at"])?;
    for (field, sent, path) in [
        ("project_id", &wish.project_id, &project),
        ("resource", &wish.resource, &resource),
    ] {
        if sent.as_deref().is_some_and(|sent| sent != path) {
            return Err(invalid(field, "It is not the one in the path."));
        }
    }
    let limit = wish.hard_limit;
    let limit = limit.ok_or_else(|| invalid("hard_limit", "It is mandatory."))?;
    let quota = ctx
        .store()
        .write(move |tx| quotas::update(tx, &project, &resource, limit.get()))
        .await?;
    reply::accepted(&view(&quota))
}

async fn remove(
    ctx: Ctx<rules::QuotaDelete>,
    Path((project, resource)): Path<(String, String)>,
) -> Reply {
    ctx.store()
        .write(move |tx| quotas::delete(tx, &project, &resource))
        .await?;
    reply::no_content()
}
