//! `/federations`: which clusters a project counts together. As upstream, which never built what
//! should happen then, the record is all there is, and `status_reason` says so.

mod change;

use super::call::{own, settings};
use super::ident::one;
use super::page::{self, Page};
use super::view::{accepted, links, since, when};
use super::{Changes, Ident, Object, clusters, names, rules};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::federation::{Create, RULES, ZONE};
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::container_infra::federations::{self, Federation};
use uuid::Uuid;

/// The routes of federations.
pub fn routes() -> Vec<Route> {
    vec![
        get("/federations", index).takes(page::PARAMETERS),
        get("/federations/detail", detail).takes(page::PARAMETERS),
        get("/federations/{ident}", show),
        post("/federations", create),
        patch("/federations/{ident}", update).takes(&["rollback"]),
        delete("/federations/{ident}", remove),
    ]
}

const KEYS: &[&str] = &[
    "uuid",
    "name",
    "hostcluster_id",
    "member_ids",
    "status",
    "status_reason",
    "properties",
    "created_at",
    "updated_at",
];

/// What the status means here.
const RECORD: &str = "The members are kept as a record; no orchestrator joins them.";

fn brief(call: &Call, federation: &Federation) -> Result<Value> {
    let members = federation.members()?;
    let properties = federation.properties()?;
    Ok(json!({
        "uuid": federation.id,
        "name": federation.name,
        "hostcluster_id": federation.host_cluster_id,
        "member_ids": members,
        "status": federation.status,
        "properties": properties,
        "links": links(call, "federations", &federation.id),
    }))
}

fn whole(call: &Call, federation: &Federation) -> Result<Value> {
    let mut view = brief(call, federation)?;
    view["status_reason"] = json!(federation.status_reason);
    view["created_at"] = when(federation.created_at);
    view["updated_at"] = since(federation.updated_at);
    Ok(view)
}

type View = fn(&Call, &Federation) -> Result<Value>;

async fn index(ctx: Ctx<rules::FederationGetAll>, query: Query) -> Reply {
    list(&ctx, &query, "/federations", brief).await
}

async fn detail(ctx: Ctx<rules::FederationDetail>, query: Query) -> Reply {
    list(&ctx, &query, "/federations/detail", whole).await
}

async fn list(ctx: &Caller, query: &Query, path: &str, view: View) -> Reply {
    let page = Page::read(ctx, query, KEYS)?;
    let scope = own(ctx)?;
    let rows = ctx
        .read(move |conn| federations::list(conn, &scope))
        .await?;
    let mark = |federation: &Federation| federation.id.clone();
    let value = |federation: &Federation, key: &str| match key {
        "created_at" => federation.created_at.into(),
        "updated_at" => federation.updated_at.into(),
        key => whole(ctx, federation).map_or(Value::Null, |mut view| view[key].take()),
    };
    let rows = page.arrange(rows, mark, value)?;
    let items = rows.iter().map(|federation| view(ctx, federation));
    let items = items.collect::<Result<_>>()?;
    page.listed(ctx, "federations", path, items, rows.last().map(mark))
}

async fn find(ctx: &Caller, ident: Ident) -> Result<Federation> {
    let scope = own(ctx)?;
    let name = ident.clone();
    let found = ctx
        .read(move |conn| {
            Ok(match &name {
                Ident::Id(id) => federations::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => federations::named(conn, &scope, name)?,
            })
        })
        .await?;
    one("Federation", &ident, found)
}

async fn show(ctx: Ctx<rules::FederationGet>, Path(ident): Path<Ident>) -> Reply {
    let federation = find(&ctx, ident).await?;
    reply::ok(&whole(&ctx, &federation)?)
}

async fn create(ctx: Ctx<rules::FederationCreate>, Object(map): Object) -> Reply {
    let server = [
        "uuid",
        "links",
        "status",
        "status_reason",
        "created_at",
        "updated_at",
    ];
    let wish: Create = body::create(map, &server)?;
    if !wish.properties.0.contains_key(ZONE) {
        return Err(invalid("properties", &format!("They must hold {ZONE}.")));
    }
    let host = clusters::find(&ctx, Ident::of(&wish.hostcluster_id)).await?;
    let most = settings(&ctx).federation_members;
    let mut members: Vec<String> = Vec::new();
    for member in &wish.member_ids {
        let cluster = clusters::find(&ctx, Ident::of(member)).await?;
        change::join(&mut members, cluster.id, most)?;
    }
    let name = wish.name.map(String::from);
    let mut federation = Federation {
        id: Uuid::now_v7().to_string(),
        project_id: ctx.project_id()?.to_owned(),
        name: name.unwrap_or_else(|| names::generate("federation")),
        host_cluster_id: host.id,
        members: String::new(),
        properties: String::new(),
        status: "CREATE_COMPLETE".into(),
        status_reason: Some(RECORD.into()),
        revision: 1,
        created_at: ctx.state().clock.now().0,
        updated_at: None,
    };
    federation.set_members(&members)?;
    federation.set_properties(&wish.properties)?;
    let (new, most) = (federation.clone(), settings(&ctx).federations);
    ctx.store()
        .write(move |tx| federations::insert(tx, &new, most))
        .await?;
    accepted(&federation.id)
}

async fn update(
    ctx: Ctx<rules::FederationUpdate>,
    Path(ident): Path<Ident>,
    query: Query,
    body: Changes,
) -> Reply {
    // There is nothing that could fail half-way, so there is nothing to roll back.
    query.boolean("rollback")?;
    let changes = body.read(&RULES)?;
    let federation = find(&ctx, ident).await?;
    let changes = change::resolved(&ctx, changes).await?;
    let (scope, id) = (own(&ctx)?, federation.id.clone());
    let most = settings(&ctx).federation_members;
    ctx.store()
        .write(move |tx| {
            let found = federations::get(tx, &scope, &id)?;
            let missing = || Error::not_found("Federation", &id);
            let mut federation = found.ok_or_else(missing)?;
            change::apply(&mut federation, &changes, most)?;
            federation.status = "UPDATE_COMPLETE".into();
            federations::update(tx, &mut federation)
        })
        .await?;
    accepted(&federation.id)
}

async fn remove(ctx: Ctx<rules::FederationDelete>, Path(ident): Path<Ident>) -> Reply {
    let federation = find(&ctx, ident).await?;
    ctx.store()
        .write(move |tx| federations::delete(tx, &federation.id))
        .await?;
    reply::no_content()
}
