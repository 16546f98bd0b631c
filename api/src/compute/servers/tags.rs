//! `/servers/{id}/tags` (2.26).

use super::list::one;
use super::wish;
use crate::compute::call::asked;
use crate::compute::{check, rules};
use crate::ctx::Ctx;
use crate::extract::{Json, Path};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, put};
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemas::compute::server::TagsBody;
use schemas::{Error, Result};
use serde_json::json;
use std::collections::BTreeSet;
use store::compute::action::Action;
use store::compute::change::{self, Then};

/// The routes of tags.
pub fn routes() -> Vec<Route> {
    vec![
        get("/servers/{id}/tags", index).since(2, 26),
        put("/servers/{id}/tags", replace).since(2, 26),
        delete("/servers/{id}/tags", clear).since(2, 26),
        get("/servers/{id}/tags/{tag}", show).since(2, 26),
        put("/servers/{id}/tags/{tag}", add).since(2, 26),
        delete("/servers/{id}/tags/{tag}", remove).since(2, 26),
    ]
}

/// What is written as `%xx` in an address: a tag may hold line breaks, which no header may.
const RESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

type Tags = BTreeSet<String>;

async fn tags_of<R: Rule>(ctx: &Ctx<R>, id: String) -> Result<Tags> {
    let server = one(ctx, id).await?;
    Ok(server.spec().map_err(Error::internal)?.tags)
}

async fn index(ctx: Ctx<rules::TagsIndex>, Path(id): Path<String>) -> Reply {
    reply::ok(&json!({ "tags": tags_of(&ctx, id).await? }))
}

async fn show(ctx: Ctx<rules::TagsShow>, Path((id, tag)): Path<(String, String)>) -> Reply {
    match tags_of(&ctx, id.clone()).await?.contains(&tag) {
        true => reply::no_content(),
        false => Err(no_tag(&id, &tag)),
    }
}

fn no_tag(id: &str, tag: &str) -> Error {
    Error::NotFound(format!("Server {id} has no tag '{tag}'"))
}

async fn replace(
    ctx: Ctx<rules::TagsUpdateAll>,
    Path(id): Path<String>,
    Json(body): Json<TagsBody>,
) -> Reply {
    let wanted = wish::tags(body.tags)?;
    let new = wanted.clone();
    change(&ctx, id, move |tags| {
        tags.clone_from(&new);
        Ok(())
    })
    .await?;
    reply::ok(&json!({ "tags": wanted }))
}

async fn clear(ctx: Ctx<rules::TagsDeleteAll>, Path(id): Path<String>) -> Reply {
    change(&ctx, id, |tags| {
        tags.clear();
        Ok(())
    })
    .await?;
    reply::no_content()
}

async fn add(ctx: Ctx<rules::TagsUpdate>, Path((id, tag)): Path<(String, String)>) -> Reply {
    wish::one_tag(&tag)?;
    let (target, new) = (id.clone(), tag.clone());
    let before = change(&ctx, target, move |tags| {
        tags.insert(new.clone());
        match tags.len() {
            ..=50 => Ok(()),
            _ => Err(check::invalid("tags", "At most 50 are possible.")),
        }
    })
    .await?;
    if before.contains(&tag) {
        return reply::no_content();
    }
    let tag = utf8_percent_encode(&tag, &RESERVED);
    let href = ctx.url(&format!("/servers/{id}/tags/{tag}"));
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, href))
        .finish())
}

async fn remove(ctx: Ctx<rules::TagsDelete>, Path((id, tag)): Path<(String, String)>) -> Reply {
    let target = id.clone();
    change(&ctx, target, move |tags| match tags.remove(&tag) {
        true => Ok(()),
        false => Err(no_tag(&id, &tag)),
    })
    .await?;
    reply::no_content()
}

/// The tags as they were before.
async fn change<R: Rule>(
    ctx: &Ctx<R>,
    id: String,
    how: impl Fn(&mut Tags) -> Result<()> + Send + Sync + 'static,
) -> Result<Tags> {
    let asked = asked(ctx);
    ctx.store()
        .write(move |tx| {
            let mut before = Tags::new();
            change::server(tx, &asked, &id, Action::Tags, |_, at| {
                before.clone_from(&at.spec.tags);
                how(&mut at.spec.tags)?;
                Ok(Then::Kept)
            })?;
            Ok(before)
        })
        .await
}
