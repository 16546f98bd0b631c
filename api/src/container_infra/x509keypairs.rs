//! `/x509keypairs`: certificates and keys that a project keeps for a cluster. Private keys lie sealed
//! in the database, as `/v3/credentials` do.

use super::call::{own, settings};
use super::ident::one;
use super::page::{self, Page};
use super::view::{created, links, since, when};
use super::{Ident, Object, clusters, rules};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post};
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::keypair::{Create, Pem};
use schemas::{Result, Secret};
use serde_json::{Value, json};
use store::container_infra::x509keypairs::{self, KeyPair};
use uuid::Uuid;

/// The routes of key pairs.
pub fn routes() -> Vec<Route> {
    vec![
        get("/x509keypairs", index).takes(page::PARAMETERS),
        get("/x509keypairs/detail", detail).takes(page::PARAMETERS),
        get("/x509keypairs/{ident}", show),
        post("/x509keypairs", create),
        delete("/x509keypairs/{ident}", remove),
    ]
}

const KEYS: &[&str] = &["uuid", "name", "bay_uuid", "created_at", "updated_at"];

fn brief(call: &Call, pair: &KeyPair) -> Value {
    json!({
        "uuid": pair.id,
        "name": pair.name,
        "bay_uuid": pair.cluster_id,
        "links": links(call, "x509keypairs", &pair.id),
    })
}

fn whole(call: &Call, pair: &KeyPair) -> Result<Value> {
    let unseal = |sealed: &String| call.state().seals.unseal(&pair.id, sealed);
    let mut view = brief(call, pair);
    view["ca_cert"] = json!(pair.ca_cert);
    view["certificate"] = json!(pair.certificate);
    view["private_key"] = json!(pair.sealed_key.as_ref().map(unseal).transpose()?);
    view["created_at"] = when(pair.created_at);
    view["updated_at"] = since(pair.updated_at);
    Ok(view)
}

async fn index(ctx: Ctx<rules::KeyPairGetAll>, query: Query) -> Reply {
    let view = |pair: &KeyPair| Ok(brief(&ctx, pair));
    list(&ctx, &query, "/x509keypairs", view).await
}

async fn detail(ctx: Ctx<rules::KeyPairDetail>, query: Query) -> Reply {
    let view = |pair: &KeyPair| whole(&ctx, pair);
    list(&ctx, &query, "/x509keypairs/detail", view).await
}

async fn list(
    ctx: &Caller,
    query: &Query,
    path: &str,
    view: impl Fn(&KeyPair) -> Result<Value>,
) -> Reply {
    let page = Page::read(ctx, query, KEYS)?;
    let scope = own(ctx)?;
    let rows = ctx
        .read(move |conn| x509keypairs::list(conn, &scope))
        .await?;
    let mark = |pair: &KeyPair| pair.id.clone();
    let value = |pair: &KeyPair, key: &str| match key {
        "created_at" => pair.created_at.into(),
        "updated_at" => pair.updated_at.into(),
        key => brief(ctx, pair)[key].take(),
    };
    let rows = page.arrange(rows, mark, value)?;
    let items = rows.iter().map(view).collect::<Result<_>>()?;
    page.listed(ctx, "x509keypairs", path, items, rows.last().map(mark))
}

async fn find(ctx: &Caller, ident: Ident) -> Result<KeyPair> {
    let scope = own(ctx)?;
    let name = ident.clone();
    let found = ctx
        .read(move |conn| {
            Ok(match &name {
                Ident::Id(id) => x509keypairs::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => x509keypairs::named(conn, &scope, name)?,
            })
        })
        .await?;
    one("X509KeyPair", &ident, found)
}

async fn show(ctx: Ctx<rules::KeyPairGet>, Path(ident): Path<Ident>) -> Reply {
    let pair = find(&ctx, ident).await?;
    reply::ok(&whole(&ctx, &pair)?)
}

async fn create(ctx: Ctx<rules::KeyPairCreate>, Object(mut map): Object) -> Reply {
    let id = body::take_uuid(&mut map)?.unwrap_or_else(Uuid::now_v7);
    let id = id.to_string();
    let wish: Create = body::create(map, &["links", "created_at", "updated_at"])?;
    let sealed_key = match &wish.private_key {
        None => None,
        Some(key) => Some(ctx.state().seals.seal(&id, bounded(key)?)?),
    };
    let bay = Ident::of(&wish.bay_uuid);
    let pair = KeyPair {
        id,
        project_id: ctx.project_id()?.to_owned(),
        user_id: ctx.user_id().to_owned(),
        name: wish.name.map(Into::into),
        cluster_id: clusters::named(&ctx, bay).await?.id,
        ca_cert: wish.ca_cert.map(Into::into),
        certificate: wish.certificate.map(Into::into),
        sealed_key,
        created_at: ctx.state().clock.now().0,
        updated_at: None,
    };
    let (new, most) = (pair.clone(), settings(&ctx).x509keypairs);
    ctx.store()
        .write(move |tx| x509keypairs::insert(tx, &new, most))
        .await?;
    created(&ctx, "x509keypairs", &pair.id, &whole(&ctx, &pair)?)
}

/// As long as the other PEM texts.
fn bounded(key: &Secret) -> Result<&str> {
    match Pem::new(key.reveal()) {
        Some(_) => Ok(key.reveal()),
        None => Err(invalid("private_key", "It has 1 to 65536 characters.")),
    }
}

async fn remove(ctx: Ctx<rules::KeyPairDelete>, Path(ident): Path<Ident>) -> Reply {
    let pair = find(&ctx, ident).await?;
    ctx.store()
        .write(move |tx| x509keypairs::delete(tx, &pair.id))
        .await?;
    reply::no_content()
}
