//! `/servers/{id}/metadata`: the user's own words about a server.

use super::list::one;
use crate::compute::call::asked;
use crate::compute::{check, rules};
use crate::ctx::Ctx;
use crate::extract::{Json, Path};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post, put};
use schemas::compute::server::{MetaBody, MetadataBody};
use schemas::{Error, Result};
use serde_json::json;
use std::collections::BTreeMap;
use store::compute::action::Action;
use store::compute::change::{self, Then};
use store::compute::quotas;

/// The routes of metadata.
pub fn routes() -> Vec<Route> {
    vec![
        get("/servers/{id}/metadata", index),
        post("/servers/{id}/metadata", add),
        put("/servers/{id}/metadata", replace),
        get("/servers/{id}/metadata/{key}", show),
        put("/servers/{id}/metadata/{key}", set),
        delete("/servers/{id}/metadata/{key}", remove),
    ]
}

type Metadata = BTreeMap<String, String>;

async fn index(ctx: Ctx<rules::MetadataIndex>, Path(id): Path<String>) -> Reply {
    let server = one(&ctx, id).await?;
    let spec = server.spec().map_err(Error::internal)?;
    reply::ok(&json!({ "metadata": spec.metadata }))
}

async fn show(ctx: Ctx<rules::MetadataShow>, Path((id, key)): Path<(String, String)>) -> Reply {
    let server = one(&ctx, id).await?;
    let spec = server.spec().map_err(Error::internal)?;
    match spec.metadata.get(&key) {
        Some(value) => reply::ok(&json!({ "meta": { key: value } })),
        None => Err(no_item()),
    }
}

fn no_item() -> Error {
    Error::NotFound("Metadata item was not found".into())
}

async fn add(
    ctx: Ctx<rules::MetadataCreate>,
    Path(id): Path<String>,
    Json(body): Json<MetadataBody>,
) -> Reply {
    let metadata = change(&ctx, id, move |metadata| {
        metadata.extend(body.metadata.clone());
        Ok(())
    })
    .await?;
    reply::ok(&json!({ "metadata": metadata }))
}

async fn replace(
    ctx: Ctx<rules::MetadataUpdateAll>,
    Path(id): Path<String>,
    Json(body): Json<MetadataBody>,
) -> Reply {
    let metadata = change(&ctx, id, move |metadata| {
        metadata.clone_from(&body.metadata);
        Ok(())
    })
    .await?;
    reply::ok(&json!({ "metadata": metadata }))
}

async fn set(
    ctx: Ctx<rules::MetadataUpdate>,
    Path((id, key)): Path<(String, String)>,
    Json(body): Json<MetaBody>,
) -> Reply {
    let value = match body.meta.get(&key) {
        Some(value) if body.meta.len() == 1 => value.clone(),
        _ => {
            return Err(Error::BadRequest(
                "Request body and URI mismatch: meta must hold the key of the path alone.".into(),
            ));
        }
    };
    let (name, text) = (key.clone(), value.clone());
    change(&ctx, id, move |metadata| {
        metadata.insert(name.clone(), text.clone());
        Ok(())
    })
    .await?;
    reply::ok(&json!({ "meta": { key: value } }))
}

async fn remove(ctx: Ctx<rules::MetadataDelete>, Path((id, key)): Path<(String, String)>) -> Reply {
    change(&ctx, id, move |metadata| match metadata.remove(&key) {
        Some(_) => Ok(()),
        None => Err(no_item()),
    })
    .await?;
    reply::no_content()
}

async fn change<R: Rule>(
    ctx: &Ctx<R>,
    id: String,
    how: impl Fn(&mut Metadata) -> Result<()> + Send + Sync + 'static,
) -> Result<Metadata> {
    let asked = asked(ctx);
    ctx.store()
        .write(move |tx| {
            let mut held = Metadata::new();
            change::server(tx, &asked, &id, Action::Metadata, |tx, at| {
                how(&mut at.spec.metadata)?;
                let limit = quotas::limit(tx, &at.server.project_id, "metadata_items")?;
                check::metadata(&at.spec.metadata, limit)?;
                held.clone_from(&at.spec.metadata);
                Ok(Then::Kept)
            })?;
            Ok(held)
        })
        .await
}
