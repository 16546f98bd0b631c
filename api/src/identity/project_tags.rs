//! `/v3/projects/{id}/tags`.

use super::projects::{tags, target};
use super::rules;
use crate::ctx::{Ctx, Pending};
use crate::extract::{Json, Path};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, put};
use schemas::identity::project::{Tag, Tags};
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::identity::projects;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/projects/{project_id}/tags", list),
        put("/projects/{project_id}/tags", replace),
        delete("/projects/{project_id}/tags", clear),
        get("/projects/{project_id}/tags/{tag}", check),
        put("/projects/{project_id}/tags/{tag}", add),
        delete("/projects/{project_id}/tags/{tag}", remove),
    ]
}

async fn authorized<R: Rule>(pending: Pending<R>, id: &str) -> Result<(Ctx<R>, Vec<String>)> {
    let id = id.to_owned();
    let row = pending.find(move |conn| projects::get(conn, &id)).await?;
    let ctx = pending.authorize(&target(&row))?;
    Ok((
        ctx,
        serde_json::from_str(&row.tags).map_err(Error::internal)?,
    ))
}

/// Writes the tags that `change` makes of those that are there.
async fn change<R: Rule>(
    ctx: &Ctx<R>,
    id: String,
    change: impl Fn(Vec<String>) -> Result<Vec<String>> + Send + Sync + 'static,
) -> Result<Vec<String>> {
    ctx.store()
        .write(move |tx| {
            let mut row = projects::get(tx, &id)?;
            let tags = change(serde_json::from_str(&row.tags)?)?;
            row.tags = Value::from(tags.clone()).to_string();
            projects::update(tx, &row)?;
            Ok(tags)
        })
        .await
}

async fn list(pending: Pending<rules::ListProjectTags>, Path(id): Path<String>) -> Reply {
    let (ctx, tags) = authorized(pending, &id).await?;
    let own = ctx.url(&format!("/projects/{id}/tags"));
    reply::ok(&json!({
        "tags": tags,
        "links": { "self": own, "next": null, "previous": null },
    }))
}

async fn replace(
    pending: Pending<rules::UpdateProjectTags>,
    Path(id): Path<String>,
    Json(body): Json<Tags>,
) -> Reply {
    let (ctx, _) = authorized(pending, &id).await?;
    let own = ctx.url(&format!("/projects/{id}/tags"));
    let wanted: Vec<String> = serde_json::from_str(&tags(body.tags)).map_err(Error::internal)?;
    let tags = change(&ctx, id, move |_| Ok(wanted.clone())).await?;
    reply::ok(&json!({
        "tags": tags,
        "links": { "self": own, "next": null, "previous": null },
    }))
}

async fn clear(pending: Pending<rules::DeleteProjectTags>, Path(id): Path<String>) -> Reply {
    let (ctx, _) = authorized(pending, &id).await?;
    change(&ctx, id, |_| Ok(Vec::new())).await?;
    reply::no_content()
}

async fn check(
    pending: Pending<rules::ListProjectTags>,
    Path((id, tag)): Path<(String, String)>,
) -> Reply {
    let (_, tags) = authorized(pending, &id).await?;
    if !tags.contains(&tag) {
        return Err(Error::not_found("Project tag", tag));
    }
    reply::no_content()
}

async fn add(
    pending: Pending<rules::UpdateProjectTags>,
    Path((id, tag)): Path<(String, String)>,
) -> Reply {
    let (ctx, _) = authorized(pending, &id).await?;
    let tag = String::from(Tag::try_from(tag).map_err(Error::BadRequest)?);
    change(&ctx, id, move |mut tags| {
        if !tags.contains(&tag) {
            tags.push(tag.clone());
        }
        Ok(tags)
    })
    .await?;
    Ok(actix_web::HttpResponse::Created().finish())
}

async fn remove(
    pending: Pending<rules::DeleteProjectTags>,
    Path((id, tag)): Path<(String, String)>,
) -> Reply {
    let (ctx, _) = authorized(pending, &id).await?;
    change(&ctx, id, move |mut tags| {
        let before = tags.len();
        tags.retain(|own| *own != tag);
        if tags.len() == before {
            return Err(Error::not_found("Project tag", &tag));
        }
        Ok(tags)
    })
    .await?;
    reply::no_content()
}
