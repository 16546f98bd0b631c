//! `/flavors/{id}/os-extra_specs`: what drivers read of a flavor.

use super::find;
use crate::compute::{check, rules};
use crate::ctx::Ctx;
use crate::extract::{Json, Path};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post, put};
use actix_web::HttpResponse;
use schemas::compute::Text;
use schemas::compute::flavor::ExtraSpecsBody;
use schemas::{Error, Result};
use serde_json::json;
use std::collections::BTreeMap;
use store::compute::flavors::{self, Sight};
use store::compute::spec::WHOLE_MACHINE;
use store::{Store, Tx};

/// The routes of extra specs.
pub fn routes() -> Vec<Route> {
    vec![
        get("/flavors/{id}/os-extra_specs", index),
        post("/flavors/{id}/os-extra_specs", create),
        get("/flavors/{id}/os-extra_specs/{key}", show),
        put("/flavors/{id}/os-extra_specs/{key}", update),
        delete("/flavors/{id}/os-extra_specs/{key}", remove),
    ]
}

type Extra = BTreeMap<String, String>;

async fn index(ctx: Ctx<rules::ExtraSpecsIndex>, Path(id): Path<String>) -> Reply {
    let extra = find(&ctx, id).await?.extra().map_err(Error::internal)?;
    reply::ok(&json!({ "extra_specs": extra }))
}

async fn show(ctx: Ctx<rules::ExtraSpecsShow>, Path((id, key)): Path<(String, String)>) -> Reply {
    let extra = find(&ctx, id.clone()).await?.extra();
    let extra = extra.map_err(Error::internal)?;
    match extra.get(&key) {
        Some(value) => reply::ok(&json!({ key: value })),
        None => Err(no_key(&id, &key)),
    }
}

fn no_key(id: &str, key: &str) -> Error {
    Error::NotFound(format!("Flavor {id} has no extra specs with key {key}."))
}

async fn create(
    ctx: Ctx<rules::ExtraSpecsCreate>,
    Path(id): Path<String>,
    Json(body): Json<ExtraSpecsBody>,
) -> Reply {
    let given = body.extra_specs;
    let given: Extra = given.into_iter().map(|(key, text)| (key, text.0)).collect();
    given
        .iter()
        .try_for_each(|(key, value)| legal(key, value))?;
    let added = given.clone();
    change(ctx.store(), id, move |extra| {
        extra.extend(added.clone());
        Ok(())
    })
    .await?;
    reply::ok(&json!({ "extra_specs": given }))
}

async fn update(
    ctx: Ctx<rules::ExtraSpecsUpdate>,
    Path((id, key)): Path<(String, String)>,
    Json(body): Json<BTreeMap<String, Text>>,
) -> Reply {
    let value = match body.get(&key) {
        Some(value) if body.len() == 1 => value.0.clone(),
        _ => {
            return Err(Error::BadRequest(
                "Request body and URI mismatch: the body must hold the key of the path alone."
                    .into(),
            ));
        }
    };
    legal(&key, &value)?;
    let (name, text) = (key.clone(), value.clone());
    change(ctx.store(), id, move |extra| {
        extra.insert(name.clone(), text.clone());
        Ok(())
    })
    .await?;
    reply::ok(&json!({ key: value }))
}

async fn remove(
    ctx: Ctx<rules::ExtraSpecsDelete>,
    Path((id, key)): Path<(String, String)>,
) -> Reply {
    let flavor = id.clone();
    change(ctx.store(), id, move |extra| match extra.remove(&key) {
        Some(_) => Ok(()),
        None => Err(no_key(&flavor, &key)),
    })
    .await?;
    Ok(HttpResponse::Ok().finish())
}

fn legal(key: &str, value: &str) -> Result<()> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_:. $".contains(letter);
    if key.is_empty() || !key.chars().all(legal) {
        return Err(check::invalid(
            "extra_specs",
            &format!("'{key}' must be made of letters, digits, '-', '_', ':', '.' and ' '."),
        ));
    }
    if key == WHOLE_MACHINE && !["0", "1"].contains(&value) {
        return Err(check::invalid(
            key,
            &format!("'{value}' is neither 0 nor 1: a server has one machine for itself, or none."),
        ));
    }
    check::at_most("extra_specs", key, 255)?;
    check::at_most(key, value, 255)
}

async fn change(
    store: &Store,
    id: String,
    how: impl Fn(&mut Extra) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    store
        .write(move |tx: &mut Tx<'_>| {
            let found = flavors::get(tx, &Sight::All, &id)?;
            let mut flavor = found.ok_or_else(|| flavors::missing(&id))?;
            let mut extra = flavor.extra()?;
            how(&mut extra)?;
            flavor.extra_specs = serde_json::to_string(&extra)?;
            flavors::update(tx, &mut flavor)
        })
        .await
}
