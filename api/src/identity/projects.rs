//! `/v3/projects`: a tree within a domain, with labels.

use super::common::{extra, keep, links, list_domain, merge, new_domain, unchanged};
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::project::{Create, Project, Tag, Update};
use schemas::{Error, Result, ids};
use serde_json::{Value, json};
use store::identity::projects::{self, Filter, Project as Row};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/projects", list),
        post("/projects", create),
        get("/projects/{project_id}", show),
        patch("/projects/{project_id}", update),
        delete("/projects/{project_id}", remove),
    ]
}

pub(super) fn view(caller: &Caller, row: Row) -> Result<Project> {
    Ok(Project {
        links: links(caller, &format!("/projects/{}", row.id)),
        id: row.id,
        name: row.name,
        domain_id: row.domain_id,
        parent_id: row.parent_id,
        description: row.description,
        enabled: row.enabled != 0,
        is_domain: false,
        tags: serde_json::from_str(&row.tags).map_err(Error::internal)?,
        extra: extra(&row.extra)?,
    })
}

pub(super) fn target(row: &Row) -> Target<'_> {
    Target::new()
        .with("target.project.id", &row.id)
        .with("target.project.domain_id", &row.domain_id)
        .with("project_id", &row.id)
}

pub(super) fn tags(tags: Vec<Tag>) -> String {
    let mut unique: Vec<String> = Vec::new();
    for tag in tags.into_iter().map(String::from) {
        if !unique.contains(&tag) {
            unique.push(tag);
        }
    }
    Value::from(unique).to_string()
}

async fn list(pending: Pending<rules::ListProjects>, query: Query) -> Reply {
    let domain_id = list_domain(&pending, &query);
    let ctx = pending.authorize(&Target::new().with("target.domain_id", domain_id.as_ref()))?;
    let filter = Filter {
        domain_id,
        parent_id: query.get("parent_id").map(str::to_owned),
        name: query.get("name").map(str::to_owned),
        enabled: query.boolean("enabled")?,
    };
    let rows = ctx.read(move |conn| projects::list(conn, &filter)).await?;
    let items = rows
        .into_iter()
        .map(|row| view(&ctx, row))
        .collect::<Result<Vec<_>>>()?;
    collection(&ctx, &query, "projects", items)
}

async fn show(pending: Pending<rules::GetProject>, Path(id): Path<String>, query: Query) -> Reply {
    let row = pending.find(move |conn| projects::get(conn, &id)).await?;
    let ctx = pending.authorize(&target(&row))?;
    let mut shown = serde_json::to_value(view(&ctx, row.clone())?).map_err(Error::internal)?;
    for (flag, up) in [
        ("parents_as_list", true),
        ("parents_as_ids", true),
        ("subtree_as_list", false),
        ("subtree_as_ids", false),
    ] {
        if !query.flag(flag) {
            continue;
        }
        let from = row.clone();
        let related = ctx
            .read(move |conn| {
                if up {
                    projects::parents(conn, &from)
                } else {
                    projects::subtree(conn, &from.id)
                }
            })
            .await?;
        let key = if up { "parents" } else { "subtree" };
        shown[key] = if flag.ends_with("as_ids") {
            nested_ids(&row, &related, up)
        } else {
            let views = related
                .into_iter()
                .map(|row| Ok(json!({ "project": view(&ctx, row)? })));
            Value::Array(views.collect::<Result<_>>()?)
        };
    }
    reply::ok(&json!({ "project": shown }))
}

/// `{id: {id: null}}`, inwards from the project.
fn nested_ids(row: &Row, related: &[Row], up: bool) -> Value {
    if up {
        let above = related.iter().map(|project| project.id.as_str());
        let above: Vec<&str> = above.chain([row.domain_id.as_str()]).collect();
        return above
            .iter()
            .rev()
            .fold(Value::Null, |inner, id| json!({ *id: inner }));
    }
    fn below(id: &str, related: &[Row]) -> Value {
        let children: serde_json::Map<String, Value> = related
            .iter()
            .filter(|project| project.parent_id == id)
            .map(|project| (project.id.clone(), below(&project.id, related)))
            .collect();
        if children.is_empty() {
            Value::Null
        } else {
            Value::Object(children)
        }
    }
    below(&row.id, related)
}

async fn create(pending: Pending<rules::CreateProject>, Json(body): Json<Create>) -> Reply {
    let new = body.project;
    if new.is_domain == Some(true) {
        return Err(Error::BadRequest(
            "A project that acts as a domain is made at /v3/domains.".into(),
        ));
    }
    let domain_id = match (&new.domain_id, &new.parent_id) {
        (None, Some(parent)) => {
            let parent = parent.clone();
            let found = pending
                .read(move |conn| projects::find(conn, &parent))
                .await?;
            found.map_or_else(|| new_domain(&pending, None), |parent| parent.domain_id)
        }
        (given, _) => new_domain(&pending, given.clone()),
    };
    let row = Row {
        id: ids::identity_id(),
        parent_id: new.parent_id.unwrap_or_else(|| domain_id.clone()),
        domain_id,
        name: new.name.into(),
        description: new.description.unwrap_or_default(),
        enabled: new.enabled.unwrap_or(true).into(),
        tags: tags(new.tags.unwrap_or_default()),
        extra: keep(new.extra),
        created_at: pending.state().clock.now().0,
    };
    let ctx = pending.authorize(&target(&row))?;
    let made = row.clone();
    ctx.store()
        .write(move |tx| projects::create(tx, &made))
        .await?;
    reply::created(&json!({ "project": view(&ctx, row)? }))
}

async fn update(
    pending: Pending<rules::UpdateProject>,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Reply {
    let wanted = id.clone();
    let row = pending
        .find(move |conn| projects::get(conn, &wanted))
        .await?;
    let ctx = pending.authorize(&target(&row))?;
    let change = body.project;
    unchanged("domain_id", change.domain_id.as_deref(), &row.domain_id)?;
    unchanged("parent_id", change.parent_id.as_deref(), &row.parent_id)?;
    if change.is_domain == Some(true) {
        return Err(Error::BadRequest(
            "A project cannot become a domain.".into(),
        ));
    }
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = projects::get(tx, &id)?;
            let change = change.clone();
            row.name = change.name.map_or(row.name, Into::into);
            row.description = change.description.unwrap_or(row.description);
            row.tags = change.tags.map_or(row.tags, tags);
            row.extra = merge(&row.extra, change.extra)?;
            match change.enabled {
                Some(true) if row.enabled == 0 => {
                    if projects::parents(tx, &row)?
                        .iter()
                        .any(|parent| parent.enabled == 0)
                    {
                        let error = "A project above this one is disabled.";
                        return Err(Error::Forbidden(error.into()).into());
                    }
                    row.enabled = 1;
                }
                Some(false) => {
                    if projects::subtree(tx, &id)?
                        .iter()
                        .any(|child| child.enabled != 0)
                    {
                        let error = "A project below this one is enabled; disable that first.";
                        return Err(Error::Forbidden(error.into()).into());
                    }
                    row.enabled = 0;
                }
                _ => {}
            }
            projects::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "project": view(&ctx, row)? }))
}

async fn remove(pending: Pending<rules::DeleteProject>, Path(id): Path<String>) -> Reply {
    let wanted = id.clone();
    let row = pending
        .find(move |conn| projects::get(conn, &wanted))
        .await?;
    let ctx = pending.authorize(&target(&row))?;
    ctx.store()
        .write(move |tx| projects::delete(tx, &id))
        .await?;
    reply::no_content()
}
